package pg_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/fault"
	"customerhub/internal/pg"
	"customerhub/internal/pgtest"
)

// files are three small migrations. The second ends in a comment and without a semicolon, as a file may.
func files() fstest.MapFS {
	m := fstest.MapFS{}
	for name, sql := range map[string]string{
		"000001_one.up.sql":     "CREATE TABLE one (id int);\nGRANT SELECT ON one TO hub_app;\n",
		"000001_one.down.sql":   "DROP TABLE one;",
		"000002_two.up.sql":     "CREATE TABLE two (id int);\nINSERT INTO two VALUES (1) -- the last word",
		"000002_two.down.sql":   "DROP TABLE two",
		"000010_three.up.sql":   "CREATE TABLE three (id int);",
		"000010_three.down.sql": "DROP TABLE three;",
	} {
		m[name] = &fstest.MapFile{Data: []byte(sql)}
	}
	return m
}

func upTo(version int) fs.FS {
	m := files()
	for name := range maps.Clone(m) {
		var n int
		if _, err := fmt.Sscanf(name, "%06d_", &n); err != nil || n > version {
			delete(m, name)
		}
	}
	return m
}

func up(t *testing.T, url string, fsys fs.FS) pg.MigrateResult {
	t.Helper()
	r, err := pg.Migrate(t.Context(), url, fsys, pg.MigrateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func down(t *testing.T, url string, fsys fs.FS, steps int) pg.MigrateResult {
	t.Helper()
	r, err := pg.MigrateDown(t.Context(), url, fsys, pg.MigrateOptions{Steps: steps})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func status(t *testing.T, url string, fsys fs.FS) pg.MigrationStatus {
	t.Helper()
	s, err := pg.Status(t.Context(), url, fsys)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func tables(t *testing.T, db pg.DB) string {
	t.Helper()
	rows, _ := db.Query(t.Context(), "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'schema%' ORDER BY 1")
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(names, " ")
}

func TestMigrate(t *testing.T) {
	t.Parallel()

	t.Run("UpDownUp", func(t *testing.T) {
		t.Parallel()
		db := pgtest.NewEmpty(t)
		if s := status(t, db.OwnerURL, files()); s.Current != 0 || s.Latest != 10 || s.Dirty || len(s.Pending) != 3 || !s.Behind() {
			t.Errorf("before: %+v", s)
		}
		if r := up(t, db.OwnerURL, files()); r != (pg.MigrateResult{From: 0, To: 10}) {
			t.Errorf("up: %+v", r)
		}
		if r := up(t, db.OwnerURL, files()); r != (pg.MigrateResult{From: 10, To: 10}) {
			t.Errorf("up again: %+v", r)
		}
		if got := tables(t, db.Owner); got != "one three two" {
			t.Errorf("tables %s", got)
		}
		s := status(t, db.AppURL, files()) // the application role may look
		if s.Current != 10 || s.Behind() || s.Newer() || len(s.Pending) != 0 || len(s.Applied) != 3 {
			t.Errorf("after: %+v", s)
		}
		if a := s.Applied[2]; a.Version != 10 || a.Name != "three" || time.Since(a.At).Abs() > time.Hour {
			t.Errorf("applied %+v", a)
		}
		if r := down(t, db.OwnerURL, files(), 1); r != (pg.MigrateResult{From: 10, To: 2}) {
			t.Errorf("one down: %+v", r)
		}
		if s := status(t, db.OwnerURL, files()); s.Current != 2 || len(s.Pending) != 1 || s.Pending[0].Name != "three" {
			t.Errorf("after one down: %+v", s)
		}
		if r := down(t, db.OwnerURL, files(), 0); r != (pg.MigrateResult{From: 2, To: 0}) {
			t.Errorf("all down: %+v", r)
		}
		if r := down(t, db.OwnerURL, files(), 5); r != (pg.MigrateResult{}) {
			t.Errorf("down from nothing: %+v", r)
		}
		if got := tables(t, db.Owner); got != "" {
			t.Errorf("tables %s", got)
		}
		var role bool
		if err := db.Owner.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'hub_app')").Scan(&role); err != nil || !role {
			t.Errorf("the cluster's role is gone: %v", err)
		}
		if r := up(t, db.OwnerURL, files()); r.To != 10 {
			t.Errorf("up once more: %+v", r)
		}
		if r := down(t, db.OwnerURL, files(), 99); r.To != 0 {
			t.Errorf("more steps than there are: %+v", r)
		}
	})

	t.Run("T37_KillBeforeTheCommitIsRepaired", func(t *testing.T) {
		t.Parallel()
		for _, version := range []int{1, 2, 10} {
			db := pgtest.NewEmpty(t)
			before := map[int]int{1: 0, 2: 1, 10: 2}[version]
			up(t, db.OwnerURL, upTo(before))
			mark(t, db, version)
			if s := status(t, db.OwnerURL, files()); !s.Dirty || s.Current != int64(before) {
				t.Errorf("marked %d: %+v", version, s)
			}
			if r := up(t, db.OwnerURL, files()); r != (pg.MigrateResult{From: int64(before), To: 10, Repaired: true}) {
				t.Errorf("marked %d: %+v", version, r)
			}
			if got := tables(t, db.Owner); got != "one three two" {
				t.Errorf("marked %d: tables %s", version, got)
			}
		}
	})

	t.Run("T37_KillAfterTheCommitIsRepairedWithoutRunningTwice", func(t *testing.T) {
		t.Parallel()
		for _, version := range []int{1, 2, 10} {
			db := pgtest.NewEmpty(t)
			up(t, db.OwnerURL, upTo(version))
			mark(t, db, version)
			if r := up(t, db.OwnerURL, files()); r != (pg.MigrateResult{From: int64(version), To: 10, Repaired: true}) {
				t.Errorf("marked %d: %+v", version, r)
			}
		}
	})

	t.Run("T37_KillOnTheWayDownIsRepaired", func(t *testing.T) {
		t.Parallel()
		for marked, start := range map[int]int{-1: 1, 1: 2, 2: 10} {
			for _, committed := range []bool{false, true} {
				db := pgtest.NewEmpty(t)
				up(t, db.OwnerURL, upTo(start))
				if committed {
					down(t, db.OwnerURL, upTo(start), 1)
				}
				mark(t, db, marked)
				if r := up(t, db.OwnerURL, files()); r.To != 10 || !r.Repaired {
					t.Errorf("marked %d, committed %v: %+v", marked, committed, r)
				}
				if got := tables(t, db.Owner); got != "one three two" {
					t.Errorf("marked %d, committed %v: tables %s", marked, committed, got)
				}
				mark(t, db, 10)
				if r := down(t, db.OwnerURL, files(), 0); r.To != 0 || !r.Repaired {
					t.Errorf("down from a mark: %+v", r)
				}
			}
		}
	})

	t.Run("T37_ConnectionCutInTheMiddleRollsBackAndRepairs", func(t *testing.T) {
		t.Parallel()
		db := pgtest.NewEmpty(t)
		slow := files()
		slow["000010_three.up.sql"] = &fstest.MapFile{Data: []byte("CREATE TABLE three (id int); SELECT pg_sleep(60);")}
		ended := make(chan error, 1)
		go func() {
			_, err := pg.Migrate(context.Background(), db.OwnerURL, slow, pg.MigrateOptions{})
			ended <- err
		}()
		untilTrue(t, db.Owner, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep(60);%' AND pid <> pg_backend_pid()")
		wantCode(t, <-ended, fault.Unavailable)
		if got := tables(t, db.Owner); got != "one two" {
			t.Errorf("tables %s", got)
		}
		if r := up(t, db.OwnerURL, files()); r != (pg.MigrateResult{From: 2, To: 10, Repaired: true}) {
			t.Errorf("next: %+v", r)
		}
	})

	t.Run("T37_EndOfTheContextCancelsTheRunningFile", func(t *testing.T) {
		t.Parallel()
		db := pgtest.NewEmpty(t)
		slow := files()
		slow["000002_two.up.sql"] = &fstest.MapFile{Data: []byte("CREATE TABLE two (id int); SELECT pg_sleep(60);")}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		ended := make(chan error, 1)
		go func() {
			_, err := pg.Migrate(ctx, db.OwnerURL, slow, pg.MigrateOptions{})
			ended <- err
		}()
		untilTrue(t, db.Owner, "SELECT true FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep(60);%' AND pid <> pg_backend_pid()")
		cancel()
		if err := <-ended; err == nil || ctx.Err() == nil {
			t.Errorf("got %v", err)
		}
		if r := up(t, db.OwnerURL, files()); r != (pg.MigrateResult{From: 1, To: 10, Repaired: true}) {
			t.Errorf("next: %+v", r)
		}
	})

	t.Run("T37_ReplicasMigrateOnceAndTheOthersWait", func(t *testing.T) {
		t.Parallel()
		db := pgtest.NewEmpty(t)
		slow := files()
		slow["000001_one.up.sql"] = &fstest.MapFile{Data: []byte("CREATE TABLE one (id int); SELECT pg_sleep(0.2);")}
		results := make([]pg.MigrateResult, 4)
		logs := make([]bytes.Buffer, len(results))
		var all sync.WaitGroup
		for i := range results {
			all.Go(func() {
				var err error
				results[i], err = pg.Migrate(t.Context(), db.OwnerURL, slow, pg.MigrateOptions{Logger: slog.New(slog.NewTextHandler(&logs[i], nil))})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		did := 0
		for i, r := range results {
			if r.To != 10 || r.Repaired {
				t.Errorf("got %+v", r)
			}
			if r.From == 0 {
				did++
			} else if !strings.Contains(logs[i].String(), "waiting") && r.From != 10 {
				t.Errorf("neither migrated nor waited: %s", &logs[i])
			}
		}
		if did != 1 {
			t.Errorf("%d of them migrated", did)
		}
	})

	t.Run("WaitingForTheLockEndsWithTheContext", func(t *testing.T) {
		t.Parallel()
		db := pgtest.NewEmpty(t)
		tx, err := db.Owner.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback(context.Background()) }()
		execute(t, tx, "SELECT pg_advisory_xact_lock(7527030574278996596)")
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err = pg.Migrate(ctx, db.OwnerURL, files(), pg.MigrateOptions{})
		wantCode(t, err, fault.Unavailable)
	})

	t.Run("FailingFileChangesNothingAndNamesItsLine", func(t *testing.T) {
		t.Parallel()
		db := pgtest.NewEmpty(t)
		bad := files()
		bad["000002_two.up.sql"] = &fstest.MapFile{Data: []byte("CREATE TABLE two (id int);\n\nALTER TABLE nowhere ADD x int;\n")}
		for range 2 { // repeating gives the same answer
			_, err := pg.Migrate(t.Context(), db.OwnerURL, bad, pg.MigrateOptions{})
			wantCode(t, err, fault.Internal, "000002_two.up.sql", "refused", `relation "nowhere" does not exist`)
			if got := tables(t, db.Owner); got != "one" {
				t.Errorf("tables %s", got)
			}
		}
		if r := up(t, db.OwnerURL, files()); r != (pg.MigrateResult{From: 1, To: 10, Repaired: true}) {
			t.Errorf("next: %+v", r)
		}
	})

	t.Run("FailingFileDownwardsIsNamedToo", func(t *testing.T) {
		t.Parallel()
		db := pgtest.NewEmpty(t)
		up(t, db.OwnerURL, files())
		bad := files()
		bad["000002_two.down.sql"] = &fstest.MapFile{Data: []byte("DROP TABLE two;\nDROP TABEL two;")}
		_, err := pg.MigrateDown(t.Context(), db.OwnerURL, bad, pg.MigrateOptions{})
		wantCode(t, err, fault.Internal, "000002_two.down.sql", "line 2", "syntax error")
		if r := down(t, db.OwnerURL, files(), 0); r != (pg.MigrateResult{From: 2, To: 0, Repaired: true}) {
			t.Errorf("next: %+v", r)
		}
	})

	t.Run("NewerDatabaseIsLeftAsItIs", func(t *testing.T) {
		t.Parallel()
		db := pgtest.NewEmpty(t)
		up(t, db.OwnerURL, files())
		if r := up(t, db.OwnerURL, upTo(2)); r != (pg.MigrateResult{From: 10, To: 10, Newer: true}) {
			t.Errorf("got %+v", r)
		}
		if s := status(t, db.OwnerURL, upTo(2)); !s.Newer() || s.Behind() || s.Current != 10 || s.Latest != 2 {
			t.Errorf("got %+v", s)
		}
		_, err := pg.MigrateDown(t.Context(), db.OwnerURL, upTo(2), pg.MigrateOptions{})
		wantCode(t, err, fault.Invalid, "version 10")
		mark(t, db, 10) // the newer release was killed: mending is its own
		if r := up(t, db.OwnerURL, upTo(2)); !r.Newer || r.Repaired {
			t.Errorf("got %+v", r)
		}
	})

	t.Run("NoMigrationsAreFine", func(t *testing.T) {
		t.Parallel()
		db := pgtest.NewEmpty(t)
		if r := up(t, db.OwnerURL, fstest.MapFS{}); r != (pg.MigrateResult{}) {
			t.Errorf("got %+v", r)
		}
	})

	t.Run("UnpairedOrMisnamedFilesAreRefused", func(t *testing.T) {
		t.Parallel()
		for name, change := range map[string]func(fstest.MapFS){
			"no down": func(m fstest.MapFS) { delete(m, "000002_two.down.sql") },
			"other name": func(m fstest.MapFS) {
				m["000002_zwei.down.sql"] = m["000002_two.down.sql"]
				delete(m, "000002_two.down.sql")
			},
			"no number": func(m fstest.MapFS) { m["two.sql"] = m["000002_two.down.sql"] },
			"twice":     func(m fstest.MapFS) { m["02_two.up.sql"] = m["000002_two.up.sql"] },
		} {
			m := files()
			change(m)
			if _, err := pg.Migrate(t.Context(), "postgres:///never-asked", m, pg.MigrateOptions{}); fault.CodeOf(err) != fault.Internal {
				t.Errorf("%s: %v", name, err)
			}
		}
	})

	t.Run("StrangerMayNotReadTheStatus", func(t *testing.T) {
		t.Parallel()
		db := pgtest.NewServer(t)
		up(t, db.OwnerURL, files())
		tx, err := db.Super.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback(context.Background()) }()
		execute(t, tx, "CREATE ROLE hub_test_stranger; SET LOCAL ROLE hub_test_stranger")
		_, err = pg.StatusOf(t.Context(), tx, files())
		wantCode(t, err, fault.Forbidden, "hub_app")
	})
}

// mark leaves what golang-migrate leaves when it is killed: -1 is the way down to nothing.
func mark(t *testing.T, db *pgtest.DB, version int) {
	t.Helper()
	execute(t, db.Owner, "CREATE TABLE IF NOT EXISTS schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL)")
	execute(t, db.Owner, "TRUNCATE schema_migrations")
	execute(t, db.Owner, "INSERT INTO schema_migrations VALUES ($1, true)", version)
}

// untilTrue asks until there is a row saying true.
func untilTrue(t *testing.T, db pg.DB, sql string) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	for {
		var yes bool
		err := db.QueryRow(t.Context(), sql).Scan(&yes)
		if err == nil && yes {
			return
		}
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			t.Fatal(err)
		}
		select {
		case <-tick.C:
		case <-limit.C:
			t.Fatalf("never true: %s", sql)
		}
	}
}
