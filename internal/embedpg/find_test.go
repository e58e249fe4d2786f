//go:build unix

package embedpg

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// installed is the machine's own Postgres.
func installed(t *testing.T) Binaries {
	t.Helper()
	b, err := Find(t.Context(), Options{FetchURL: NoFetch})
	if err != nil {
		t.Skipf("this machine has no Postgres to test with: %v", err)
	}
	return b
}

func TestFind(t *testing.T) {
	real := installed(t)

	t.Run("LinkOnThePathLeadsToTheInstallation", func(t *testing.T) {
		dir := tempDir(t)
		if err := os.Symlink(real.program("postgres"), filepath.Join(dir, "postgres")); err != nil {
			t.Fatal(err)
		}
		t.Setenv("PATH", dir)
		if got := candidates(t.Context()); len(got) == 0 || got[0] != real.Dir {
			t.Errorf("looked in %v first, the link leads to %s", got, real.Dir)
		}
	})

	t.Run("PgConfigPointsTheWay", func(t *testing.T) {
		dir, bin := tempDir(t), tempDir(t)
		script(t, filepath.Join(dir, "pg_config"), "echo "+bin)
		t.Setenv("PATH", dir+":/usr/bin:/bin")
		if got := candidates(t.Context()); !slices.Contains(got, bin) {
			t.Errorf("%s is not in %v", bin, got)
		}
	})

	t.Run("PostgresWithoutItsCompanionsIsNotTaken", func(t *testing.T) {
		dir := tempDir(t)
		script(t, filepath.Join(dir, "postgres"), "echo 'postgres (PostgreSQL) 16.1'")
		wantNotTaken(t, dir, "no initdb")
		t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
		b, err := Find(t.Context(), Options{FetchURL: NoFetch})
		if err != nil || b.Dir == dir {
			t.Errorf("found %+v, %v", b, err)
		}
	})

	t.Run("MissingShareFilesAreNoticed", func(t *testing.T) {
		dir := tempDir(t)
		script(t, filepath.Join(dir, "postgres"), "echo 'postgres (PostgreSQL) 16.1'")
		script(t, filepath.Join(dir, "initdb"), "echo share_path=/nowhere/share")
		script(t, filepath.Join(dir, "pg_ctl"), "")
		wantNotTaken(t, dir, "share files are missing from /nowhere/share")
	})

	t.Run("OldVersionIsNotTaken", func(t *testing.T) {
		dir := tempDir(t)
		script(t, filepath.Join(dir, "postgres"), "echo 'postgres (PostgreSQL) 14.9 (Debian 14.9-1)'")
		script(t, filepath.Join(dir, "initdb"), "")
		script(t, filepath.Join(dir, "pg_ctl"), "")
		wantNotTaken(t, dir, "14.9, too old")
	})

	t.Run("ProgramThatDoesNotRunIsQuoted", func(t *testing.T) {
		dir := tempDir(t)
		script(t, filepath.Join(dir, "postgres"), "echo 'cannot open shared object file' >&2; exit 127")
		script(t, filepath.Join(dir, "initdb"), "")
		script(t, filepath.Join(dir, "pg_ctl"), "")
		wantNotTaken(t, dir, "cannot open shared object file")
	})

	t.Run("NamedFolderIsTheOnlyOneLookedAt", func(t *testing.T) {
		if b, err := Find(t.Context(), Options{BinDir: real.Dir}); err != nil || b != real {
			t.Errorf("got %+v, %v", b, err)
		}
	})

	t.Run("NotFoundTellsEachPlaceAndWhatToDo", func(t *testing.T) {
		err := error(&NotFoundError{Tried: []string{"/a: it has no initdb"}, Err: errors.New("no network")})
		for _, part := range []string{"/a: it has no initdb", "no network", "HUB_POSTGRES_BIN", fmt.Sprint(MinVersion)} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q lacks %q", err, part)
			}
		}
	})

	t.Run("NewestFirst", func(t *testing.T) {
		if numberIn("/usr/lib/postgresql/16/bin") <= numberIn("/usr/lib/postgresql/9/bin") {
			t.Error("9 comes before 16")
		}
	})
}

func wantNotTaken(t *testing.T, dir, reason string) {
	t.Helper()
	_, err := Find(t.Context(), Options{BinDir: dir})
	if err == nil || !strings.Contains(err.Error(), reason) || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v, want %q", err, reason)
	}
}

func script(t *testing.T, path, body string) {
	t.Helper()
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}
