package pg_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"customerhub/internal/fault"
	"customerhub/internal/pg"
	"customerhub/internal/pgtest"
)

const (
	acme  = "11111111-1111-4111-8111-111111111111"
	other = "22222222-2222-4222-8222-222222222222"
)

// setup is an empty database with a table under row security, as the hub's are.
func setup(t *testing.T) *pgtest.DB {
	t.Helper()
	db := pgtest.NewEmpty(t)
	execute(t, db.Owner, `
CREATE TABLE thing (
	organisation_id uuid NOT NULL,
	name text NOT NULL CONSTRAINT thing_name_filled CHECK (name <> ''),
	CONSTRAINT thing_name_unique UNIQUE (organisation_id, name)
);
ALTER TABLE thing ENABLE ROW LEVEL SECURITY;
ALTER TABLE thing FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON thing TO hub_app
	USING (organisation_id = (SELECT NULLIF(current_setting('hub.organisation', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON thing TO hub_app`)
	return db
}

func execute(t *testing.T, db pg.DB, sql string, args ...any) {
	t.Helper()
	if _, err := db.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func add(organisation, name string) func(context.Context, pgx.Tx) error {
	return func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO thing VALUES ($1, $2)", organisation, name)
		return err
	}
}

func count(t *testing.T, pool *pgxpool.Pool, organisation string) int {
	t.Helper()
	var n int
	err := pg.ReadInOrganisation(t.Context(), pool, organisation, func(ctx context.Context, tx pgx.Tx) error {
		return tx.QueryRow(ctx, "SELECT count(*) FROM thing").Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// one is a pool of a single connection, so that what a transaction leaves on it is seen by the next.
func one(t *testing.T, url string, tracer pgx.QueryTracer) *pgxpool.Pool {
	t.Helper()
	pool, err := pg.Open(t.Context(), url, pg.Options{MaxConns: 1, Tracer: tracer})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func wantCode(t *testing.T, err error, code fault.Code, parts ...string) {
	t.Helper()
	if fault.CodeOf(err) != code {
		t.Fatalf("got %s (%v), want %s", fault.CodeOf(err), err, code)
	}
	for _, part := range parts {
		if !strings.Contains(fault.Of(err).Message, part) {
			t.Errorf("message %q lacks %q", fault.Of(err).Message, part)
		}
	}
}

func TestInOrganisation(t *testing.T) {
	t.Parallel()

	t.Run("SeesItsOwnRowsOnly", func(t *testing.T) {
		t.Parallel()
		db := setup(t)
		for organisation, names := range map[string][]string{acme: {"a", "b"}, other: {"a"}} {
			for _, name := range names {
				if err := pg.InOrganisation(t.Context(), db.App, organisation, pg.TxOptions{}, add(organisation, name)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got := count(t, db.App, acme); got != 2 {
			t.Errorf("acme sees %d rows", got)
		}
		if got := count(t, db.App, other); got != 1 {
			t.Errorf("the other sees %d rows", got)
		}
		err := pg.InOrganisation(t.Context(), db.App, acme, pg.TxOptions{}, add(other, "smuggled"))
		if pg.SQLState(err) != "42501" {
			t.Errorf("a row of another organisation: %v", err)
		}
	})

	t.Run("SettingEndsWithTheTransaction", func(t *testing.T) {
		t.Parallel()
		db := setup(t)
		pool := one(t, db.AppURL, nil)
		if err := pg.InOrganisation(t.Context(), pool, acme, pg.TxOptions{}, add(acme, "a")); err != nil {
			t.Fatal(err)
		}
		err := pg.InNoOrganisation(t.Context(), pool, pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
			var n int
			if err := tx.QueryRow(ctx, "SELECT count(*) FROM thing").Scan(&n); err != nil {
				return err
			}
			if n != 0 {
				t.Errorf("%d rows are seen outside any organisation", n)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})

	t.Run("BeginsInOneRoundTrip", func(t *testing.T) {
		t.Parallel()
		db := setup(t)
		var statements counter
		pool := one(t, db.AppURL, &statements)
		statements = nil
		if err := pg.InOrganisation(t.Context(), pool, acme, pg.TxOptions{}, func(context.Context, pgx.Tx) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if len(statements) != 2 || !strings.HasPrefix(statements[0], "BEGIN; SELECT set_config('hub.organisation'") {
			t.Errorf("sent %q", statements)
		}
	})

	t.Run("OnlyAnIDReachesTheDatabase", func(t *testing.T) {
		t.Parallel()
		db := setup(t)
		for _, id := range []string{"", "acme", acme[:35], acme + "1", "11111111-1111-4111-8111-11111111111'", strings.Repeat("-", 36), strings.ReplaceAll(acme, "-", "1")} {
			ran := false
			err := pg.InOrganisation(t.Context(), db.App, id, pg.TxOptions{}, func(context.Context, pgx.Tx) error { ran = true; return nil })
			wantCode(t, err, fault.Invalid)
			if ran {
				t.Errorf("%q ran", id)
			}
		}
	})

	t.Run("ErrorRollsBackAndComesBackAsItIs", func(t *testing.T) {
		t.Parallel()
		db := setup(t)
		sad := errors.New("sad")
		err := pg.InOrganisation(t.Context(), db.App, acme, pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
			if err := add(acme, "a")(ctx, tx); err != nil {
				t.Error(err)
			}
			return sad
		})
		if err != sad { //nolint:errorlint // the very error, not one around it
			t.Errorf("got %v", err)
		}
		if got := count(t, db.App, acme); got != 0 {
			t.Errorf("%d rows stayed", got)
		}
	})

	t.Run("PanicRollsBackAndFreesTheConnection", func(t *testing.T) {
		t.Parallel()
		db := setup(t)
		pool := one(t, db.AppURL, nil)
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed")
				}
			}()
			_ = pg.InOrganisation(t.Context(), pool, acme, pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
				_ = add(acme, "a")(ctx, tx)
				panic("boom")
			})
		}()
		if got := count(t, pool, acme); got != 0 {
			t.Errorf("%d rows stayed", got)
		}
	})

	t.Run("CancelledContextLeavesNoOpenTransactionInThePool", func(t *testing.T) {
		t.Parallel()
		db := setup(t)
		pool := one(t, db.AppURL, nil)
		for name, spoil := range map[string]func(context.CancelFunc, context.Context, pgx.Tx) error{
			"between statements": func(cancel context.CancelFunc, ctx context.Context, tx pgx.Tx) error {
				cancel()
				return ctx.Err()
			},
			"in a statement": func(cancel context.CancelFunc, ctx context.Context, tx pgx.Tx) error {
				time.AfterFunc(20*time.Millisecond, cancel)
				_, err := tx.Exec(ctx, "SELECT pg_sleep(60)")
				return err
			},
			"before the commit": func(cancel context.CancelFunc, ctx context.Context, tx pgx.Tx) error {
				cancel()
				return nil
			},
		} {
			ctx, cancel := context.WithCancel(t.Context())
			err := pg.InOrganisation(ctx, pool, acme, pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
				if err := add(acme, "a")(ctx, tx); err != nil {
					return err
				}
				return spoil(cancel, ctx, tx)
			})
			cancel()
			if err == nil {
				t.Errorf("%s: no error", name)
			}
			if got := count(t, pool, acme); got != 0 {
				t.Errorf("%s: %d rows stayed", name, got)
			}
		}
	})

	t.Run("ReadingIsOneMomentAndCannotWrite", func(t *testing.T) {
		t.Parallel()
		db := setup(t)
		err := pg.ReadInOrganisation(t.Context(), db.App, acme, func(ctx context.Context, tx pgx.Tx) error {
			var before, after int
			if err := tx.QueryRow(ctx, "SELECT count(*) FROM thing").Scan(&before); err != nil {
				return err
			}
			if err := pg.InOrganisation(ctx, db.App, acme, pg.TxOptions{}, add(acme, "a")); err != nil {
				return err
			}
			if err := tx.QueryRow(ctx, "SELECT count(*) FROM thing").Scan(&after); err != nil {
				return err
			}
			if before != after {
				t.Errorf("saw %d, then %d", before, after)
			}
			return add(acme, "b")(ctx, tx)
		})
		if pg.SQLState(err) != "25006" {
			t.Errorf("writing: %v", err)
		}
	})

	t.Run("LostConflictRunsAgain", func(t *testing.T) {
		t.Parallel()
		db := setup(t)
		runs := 0
		err := pg.InOrganisation(t.Context(), db.App, acme, pg.TxOptions{Serializable: true, RetryConflicts: true}, func(ctx context.Context, tx pgx.Tx) error {
			runs++
			if err := add(acme, fmt.Sprint("run", runs))(ctx, tx); err != nil {
				return err
			}
			if runs < 3 {
				_, err := tx.Exec(ctx, "DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '40001'; END $$")
				return pg.Fault(err, "thing")
			}
			return nil
		})
		if err != nil || runs != 3 {
			t.Errorf("%d runs, %v", runs, err)
		}
		if got := count(t, db.App, acme); got != 1 {
			t.Errorf("%d rows", got)
		}
	})

	t.Run("ConflictIsNotRunAgainUnlessAskedFor", func(t *testing.T) {
		t.Parallel()
		db := setup(t)
		runs := 0
		err := pg.InOrganisation(t.Context(), db.App, acme, pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
			runs++
			_, err := tx.Exec(ctx, "DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '40P01'; END $$")
			return err
		})
		if !pg.Conflict(err) || runs != 1 {
			t.Errorf("%d runs, %v", runs, err)
		}
	})
}

type counter []string

func (c *counter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	*c = append(*c, d.SQL)
	return ctx
}

func (c *counter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func TestFault(t *testing.T) {
	t.Parallel()
	db := setup(t)
	if err := pg.InOrganisation(t.Context(), db.App, acme, pg.TxOptions{}, add(acme, "taken")); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		act        func(context.Context, pgx.Tx) error
		code       fault.Code
		constraint string
		message    string
	}{
		"NoRowIsNotFound": {
			act: func(ctx context.Context, tx pgx.Tx) error {
				var s string
				return tx.QueryRow(ctx, "SELECT name FROM thing WHERE name = 'none'").Scan(&s)
			},
			code: fault.NotFound, message: "Thing 7: not found.",
		},
		"UniqueIsDuplicate":        {act: add(acme, "taken"), code: fault.Duplicate, constraint: "thing_name_unique", message: "Thing 7: exists already."},
		"CheckIsInvalid":           {act: add(acme, ""), code: fault.Invalid, constraint: "thing_name_filled"},
		"UnreadableValueIsInvalid": {act: statement("SELECT 'x'::int"), code: fault.Invalid},
		"DeadlockIsUnavailable":    {act: statement("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$"), code: fault.Unavailable},
		"FullDiskIsUnavailable":    {act: statement("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '53100'; END $$"), code: fault.Unavailable},
		"TimeoutIsUnavailable":     {act: statement("SET LOCAL statement_timeout = 1; SELECT pg_sleep(5)"), code: fault.Unavailable},
		"WrongSQLIsInternal":       {act: statement("SELECT nonsense"), code: fault.Internal},
		"RowSecurityIsInternal":    {act: add(other, "smuggled"), code: fault.Internal},
		"LostConnectionIsUnavailable": {
			act:  statement("SELECT pg_terminate_backend(pg_backend_pid())"),
			code: fault.Unavailable,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := pg.InOrganisation(t.Context(), db.App, acme, pg.TxOptions{}, c.act)
			err = pg.Fault(err, "thing %d", 7)
			wantCode(t, err, c.code, c.message, "Thing 7")
			if got := pg.Constraint(err); got != c.constraint {
				t.Errorf("constraint %q", got)
			}
			if strings.Contains(fault.Of(err).Message, "taken") {
				t.Error("the message repeats the value")
			}
		})
	}
	t.Run("FaultKeepsItsCode", func(t *testing.T) {
		t.Parallel()
		err := pg.Fault(fault.New(fault.Stale, "changed"), "thing %d", 7)
		wantCode(t, err, fault.Stale)
		if !strings.Contains(err.Error(), "thing 7") || fault.Of(err).Message != "changed" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("ConnectionThatEndedBetweenTwoStatementsIsUnavailable", func(t *testing.T) {
		t.Parallel()
		through := stdlib.OpenDBFromPool(db.Owner)
		defer func() { _ = through.Close() }()
		c, err := through.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		for range 2 { // the first ends the connection, the second finds it ended
			_, err = c.ExecContext(t.Context(), "SELECT pg_terminate_backend(pg_backend_pid())")
		}
		if !errors.Is(err, driver.ErrBadConn) {
			t.Fatalf("got %v, want database/sql's word for it", err)
		}
		wantCode(t, pg.Fault(err, "thing %d", 7), fault.Unavailable)
	})
	t.Run("NilStaysNil", func(t *testing.T) {
		t.Parallel()
		if err := pg.Fault(nil, "x"); err != nil {
			t.Error(err)
		}
	})
}

func statement(sql string) func(context.Context, pgx.Tx) error {
	return func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, sql)
		return err
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	const secret = "s3cret-p%ss"

	t.Run("BadURLIsInvalidAndKeepsThePasswordToItself", func(t *testing.T) {
		t.Parallel()
		for _, url := range []string{
			"postgres://hub:" + secret + "@localhost:port/hub",
			"postgres://hub:" + secret + "@localhost/hub?connect_timeout=soon",
			"host=localhost password='" + secret + " port=x",
			"postgres://hub:" + secret + "@[::1/hub",
			"nonsense",
		} {
			_, err := pg.Open(t.Context(), url, pg.Options{})
			wantCode(t, err, fault.Invalid, "postgres://USER")
			if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, fault.Of(err).Err), "s3cret") {
				t.Errorf("the error tells the password: %v", err)
			}
		}
	})

	t.Run("SilentServerIsUnavailableAndNamed", func(t *testing.T) {
		t.Parallel()
		_, err := pg.Open(t.Context(), "postgres://hub:s3cret@127.0.0.1:1/hub", pg.Options{})
		wantCode(t, err, fault.Unavailable, "127.0.0.1:1 does not answer")
		if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("the error tells the password: %v", err)
		}
		_, err = pg.Open(t.Context(), "postgres:///hub?host=/nowhere&user=x", pg.Options{})
		wantCode(t, err, fault.Unavailable, "/nowhere")
	})

	t.Run("MissingDatabaseIsNamed", func(t *testing.T) {
		t.Parallel()
		db := pgtest.NewEmpty(t)
		_, err := pg.Open(t.Context(), strings.Replace(db.AppURL, db.Name, "no_such", 1), pg.Options{})
		wantCode(t, err, fault.Invalid, `"no_such"`)
	})

	t.Run("SettingsReachTheSession", func(t *testing.T) {
		t.Parallel()
		db := pgtest.NewEmpty(t)
		pool, err := pg.Open(t.Context(), db.AppURL, pg.Options{StatementTimeout: 40 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		var name string
		if err := pool.QueryRow(t.Context(), "SELECT current_setting('application_name')").Scan(&name); err != nil || name != "hub" {
			t.Errorf("application name %q, %v", name, err)
		}
		_, err = pool.Exec(t.Context(), "SELECT pg_sleep(5)")
		if pg.SQLState(err) != "57014" {
			t.Errorf("a long statement: %v", err)
		}
	})

	t.Run("T34_LostSessionLeavesThePool", func(t *testing.T) {
		t.Parallel()
		db := pgtest.NewEmpty(t)
		for name, sql := range map[string]string{
			"restart":           "SELECT pg_terminate_backend(pg_backend_pid())",
			"read-only standby": "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '25006'; END $$",
			"broken connection": "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '08006'; END $$",
		} {
			pool := one(t, db.AppURL, nil)
			before := backend(t, pool)
			if _, err := pool.Exec(t.Context(), sql); err == nil {
				t.Errorf("%s: no error", name)
			}
			if after := backend(t, pool); after == before {
				t.Errorf("%s: the same session serves on", name)
			}
		}
	})
}

func backend(t *testing.T, pool *pgxpool.Pool) (pid int) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), "SELECT pg_backend_pid()").Scan(&pid); err != nil {
		t.Fatal(err)
	}
	return pid
}
