//go:build unix

package embedpg

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestServer(t *testing.T) {
	t.Parallel()

	t.Run("RestartKeepsData", func(t *testing.T) {
		t.Parallel()
		dir := filepath.Join(tempDir(t), "deep", "er")
		o := quick(dir)
		s := start(t, o)
		exec1(t, s.SuperURL("postgres"), "CREATE TABLE kept AS SELECT 7 AS id")
		stop(t, s)
		stop(t, s) // repeating is safe
		s = start(t, o)
		if got := query[int](t, s.SuperURL("postgres"), "SELECT id FROM kept"); got != 7 {
			t.Errorf("read %d", got)
		}
		stop(t, s)
		if pid := lockHolder(filepath.Join(dir, lockName)); pid != 0 {
			t.Errorf("the lock still names process %d", pid)
		}
	})

	t.Run("IsDurableAndPrivateByDefault", func(t *testing.T) {
		t.Parallel()
		o := quick(tempDir(t))
		o.Ephemeral = false
		s := start(t, o)
		url := s.SuperURL("postgres")
		for setting, want := range map[string]string{
			"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on",
			"listen_addresses": "", "TimeZone": "UTC", "jit": "off", "server_encoding": "UTF8", "lc_collate": "C",
		} {
			if got := query[string](t, url, "SELECT current_setting('"+setting+"')"); got != want {
				t.Errorf("%s is %q, want %q", setting, got, want)
			}
		}
		if got := query[string](t, url, "SELECT lower('ÅÄÖ')"); got != "åäö" {
			t.Errorf("lower of Nordic letters is %q", got)
		}
		info, err := os.Stat(s.socketDir)
		if err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("socket folder: %v %v", info.Mode(), err)
		}
	})

	t.Run("SecondStartOnTheFolderNamesTheHolder", func(t *testing.T) {
		t.Parallel()
		dir := tempDir(t)
		start(t, quick(dir))
		_, err := Start(t.Context(), quick(dir))
		e := wantError[*InUseError](t, err, dir, "in use by process "+strconv.Itoa(os.Getpid()))
		if e.PID != os.Getpid() || e.Dir != dir {
			t.Errorf("got %+v", e)
		}
	})

	t.Run("LongPathGetsAShortSocket", func(t *testing.T) {
		t.Parallel()
		dir := filepath.Join(tempDir(t), strings.Repeat("long/", 10), strings.Repeat("n", 120))
		s := start(t, quick(dir))
		if !socketFits(s.socketDir) || !s.socketTmp {
			t.Errorf("socket in %s", s.socketDir)
		}
		if got := query[int](t, s.SuperURL("postgres"), "SELECT 1"); got != 1 {
			t.Errorf("read %d", got)
		}
		stop(t, s)
		if _, err := os.Stat(s.socketDir); !os.IsNotExist(err) {
			t.Errorf("%s is left: %v", s.socketDir, err)
		}
	})

	t.Run("CancelledStartLeavesNothing", func(t *testing.T) {
		t.Parallel()
		dir := tempDir(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := Start(ctx, quick(dir)); err == nil {
			t.Fatal("started")
		}
		s := start(t, quick(dir)) // the folder is free and usable
		stop(t, s)
	})

	t.Run("BadSettingIsToldWithTheServersWords", func(t *testing.T) {
		t.Parallel()
		o := quick(tempDir(t))
		o.Settings = map[string]string{"shared_buffers": "many"}
		_, err := Start(t.Context(), o)
		if err == nil || !strings.Contains(err.Error(), "shared_buffers") {
			t.Fatalf("got %v", err)
		}
	})

	t.Run("UnfinishedDataFolderIsMadeAnew", func(t *testing.T) {
		t.Parallel()
		dir := tempDir(t)
		if err := os.MkdirAll(filepath.Join(dir, newName, "base"), 0o700); err != nil {
			t.Fatal(err)
		}
		s := start(t, quick(dir))
		if got := query[int](t, s.SuperURL("postgres"), "SELECT 1"); got != 1 {
			t.Errorf("read %d", got)
		}
	})

	t.Run("LogBeyondTheLimitBeginsAnew", func(t *testing.T) {
		t.Parallel()
		dir := tempDir(t)
		path := filepath.Join(dir, logName)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, logLimit+1); err != nil {
			t.Fatal(err)
		}
		start(t, quick(dir))
		info, err := os.Stat(path)
		if err != nil || info.Size() > 64<<10 {
			t.Errorf("log has %d bytes, %v", info.Size(), err)
		}
	})

	t.Run("EnsureDatabaseMakesRolesWithoutPower", func(t *testing.T) {
		t.Parallel()
		s := start(t, quick(tempDir(t)))
		var owner, app string
		for range 2 { // repeating is safe
			var err error
			if owner, app, err = s.EnsureDatabase(t.Context(), "hub"); err != nil {
				t.Fatal(err)
			}
		}
		exec1(t, owner, "CREATE TABLE thing (id int); GRANT SELECT ON thing TO hub_app; CREATE EXTENSION IF NOT EXISTS plpgsql")
		if got := query[int](t, app, "SELECT count(*) FROM thing"); got != 0 {
			t.Errorf("read %d", got)
		}
		if got := query[string](t, owner, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'hub'"); got != OwnerRole {
			t.Errorf("the database belongs to %s", got)
		}
		if got := query[int](t, owner, "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'hub%' AND (rolsuper OR rolbypassrls)"); got != 0 {
			t.Errorf("%d roles of the hub could pass row security", got)
		}
		conn, err := pgx.Connect(t.Context(), app)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close(t.Context()) }()
		if _, err := conn.Exec(t.Context(), "DROP TABLE thing"); err == nil {
			t.Error("the login dropped the owner's table")
		}
	})
}

func TestFolder(t *testing.T) {
	t.Parallel()

	t.Run("OtherMajorVersionIsNamed", func(t *testing.T) {
		t.Parallel()
		dir := tempDir(t)
		write(t, filepath.Join(dir, dataName, "PG_VERSION"), "13\n")
		_, err := Start(t.Context(), quick(dir))
		e := wantError[*VersionError](t, err, "made by Postgres 13", "HUB_POSTGRES_BIN", "pg_dump")
		if e.Folder != 13 || e.Server < MinVersion {
			t.Errorf("got %+v", e)
		}
	})

	for name, file := range map[string]string{
		"OtherContentIsLeftAlone":              "holiday.jpg",
		"DataFolderOfAnotherServerIsLeftAlone": "PG_VERSION",
		"DataThatIsNotPostgresIsLeftAlone":     filepath.Join(dataName, "notes.txt"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := tempDir(t)
			write(t, filepath.Join(dir, file), "mine")
			_, err := Start(t.Context(), quick(dir))
			wantError[*FolderError](t, err, dir)
			if text, err := os.ReadFile(filepath.Join(dir, file)); err != nil || string(text) != "mine" {
				t.Errorf("the file is %q, %v", text, err)
			}
			if _, err := os.Stat(filepath.Join(dir, lockName)); !os.IsNotExist(err) {
				t.Error("a lock file was put beside it")
			}
		})
	}

	t.Run("FileInItsPlaceIsRefused", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(tempDir(t), "file")
		write(t, path, "mine")
		_, err := Start(t.Context(), quick(path))
		wantError[*FolderError](t, err, path)
	})

	t.Run("DiscardRemovesAllOrNothing", func(t *testing.T) {
		t.Parallel()
		dir := tempDir(t)
		s := start(t, quick(dir))
		wantError[*InUseError](t, Discard(t.Context(), quick(dir)))
		stop(t, s)
		if err := Discard(t.Context(), quick(dir)); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Errorf("%s is left", dir)
		}
		if err := Discard(t.Context(), quick(dir)); err != nil {
			t.Errorf("discarding nothing: %v", err)
		}
		other := tempDir(t)
		write(t, filepath.Join(other, "holiday.jpg"), "mine")
		wantError[*FolderError](t, Discard(t.Context(), quick(other)))
	})
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
