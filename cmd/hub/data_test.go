package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"customerhub/internal/sandbox/netvisor"
)

func TestDataFolder(t *testing.T) {
	t.Parallel()
	data := filepath.Join(folder(t), "data")
	env := []string{"HUB_DATA=" + data}
	c := newCompany(t, netvisor.Options{Customers: 120, Seed: 3})

	// Nothing runs yet: each command starts the database and stops it again.
	id := must(t, env, "organisation", "create", "Esimerkki Oy")
	t.Run("CommandsWorkWithoutAHub", func(t *testing.T) {
		if list := must(t, env, "organisation", "list"); !strings.Contains(list, id) || !strings.Contains(list, "Esimerkki Oy") {
			t.Errorf("list:\n%s", list)
		}
		if left := processesIn(data); len(left) > 0 {
			t.Errorf("still running: %s", left)
		}
	})

	s := serve(t, env)
	key := must(t, env, "key", "create", "test", "--scope", "admin", "--organisation", "esimerkki oy")
	a := api{t, s.url, key}
	connect(a, c)
	eventually(t, "the import", func() bool { return a.total() == 120 })

	t.Run("CommandsWorkBesideAHub", func(t *testing.T) {
		must(t, env, "organisation", "rename", "Esimerkki Oy", "Toinen Oy")
		if list := must(t, env, "organisation", "list"); !strings.Contains(list, id) || !strings.Contains(list, "Toinen Oy") {
			t.Errorf("list:\n%s", list)
		}
		if list := must(t, env, "key", "list"); !strings.Contains(list, " test ") || !strings.Contains(list, "valid") || strings.Contains(list, key) {
			t.Errorf("keys:\n%s", list)
		}
		if got := must(t, env, "migrate", "status"); !strings.HasPrefix(got, "database version ") || strings.Contains(got, "not applied") {
			t.Errorf("status:\n%s", got)
		}
		if !s.ready() {
			t.Error("the hub is not ready any more")
		}
	})
	t.Run("SyncSaysWhatItDid", func(t *testing.T) {
		want := regexp.MustCompile(`^121 customers: 0 new, 0 changed, 120 unchanged, 1 left out; \d+ findings on odd values \(.*s\)$`)
		if got := must(t, env, "sync", "--full"); !want.MatchString(got) {
			t.Error(got)
		}
	})
	t.Run("SyncNamesWhatThereIsNot", func(t *testing.T) {
		refuses(t, run(t, env, "sync", "--system", "olematon"), 1, `no system "olematon"`)
		refuses(t, run(t, env, "sync", "--organisation", "olematon"), 1, `no organisation "olematon"`)
		must(t, env, "organisation", "create", "Tyhjä Oy")
		refuses(t, run(t, env, "sync", "--organisation", "Tyhjä Oy"), 1, "no system yet", "createSystem")
		refuses(t, run(t, env, "sync"), 1, "2 organisations", "hub organisation list")
	})
	t.Run("SecondHubIsRefusedByTheNumberOfTheFirst", func(t *testing.T) {
		refuses(t, run(t, env, "serve", "--address", "127.0.0.1:0"), 1, data, "in use by process "+strconv.Itoa(s.cmd.Process.Pid))
		if !s.ready() {
			t.Error("the first hub is not ready any more")
		}
	})
	t.Run("SecretsAreForTheOwnerOfTheFolder", func(t *testing.T) {
		for _, name := range []string{"keyset", "running.json"} {
			if info, err := os.Stat(filepath.Join(data, name)); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v, %v", name, info.Mode(), err)
			}
		}
	})
	s.stopped()

	t.Run("SyncWorksWithoutAHub", func(t *testing.T) {
		if got := must(t, env, "sync", "--organisation", "Toinen Oy"); !strings.Contains(got, "customers: 0 new") {
			t.Error(got)
		}
	})
	t.Run("RunThatFailsIsAnError", func(t *testing.T) {
		// Nothing else calls this company, so its server may go.
		c.web.Close()
		refuses(t, run(t, env, "sync", "--organisation", "Toinen Oy"), 1, "hub: ")
	})
	t.Run("RestartKeepsEverything", func(t *testing.T) {
		s := serve(t, env)
		if n := (api{t, s.url, key}).total(); n != 120 {
			t.Errorf("%d customers, want 120", n)
		}
		s.stopped()
	})
	t.Run("AnotherMajorVersionIsRefused", func(t *testing.T) {
		file := filepath.Join(data, "postgres", "data", "PG_VERSION")
		was, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("9\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		refuses(t, run(t, env, "serve", "--address", "127.0.0.1:0"), 1, data, "made by Postgres 9", "HUB_POSTGRES_BIN")
		if err := os.WriteFile(file, was, 0o600); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("KeysetThatIsDamagedIsNamed", func(t *testing.T) {
		file := filepath.Join(data, "keyset")
		if err := os.WriteFile(file, []byte("canary"), 0o600); err != nil {
			t.Fatal(err)
		}
		r := run(t, env, "serve", "--address", "127.0.0.1:0")
		refuses(t, r, 1, file, "not a keyset")
		if strings.Contains(r.errOut, "canary") {
			t.Error("the error repeats what the file holds")
		}
	})
	if left := processesIn(data); len(left) > 0 {
		t.Errorf("still running: %s", left)
	}
}

func TestKeyset(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	file := filepath.Join(dir, "keyset")
	first := must(t, nil, "keyset")
	if err := os.WriteFile(file, []byte(first+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if second := must(t, nil, "keyset", "--rotate", file); second == first || len(second) <= len(first) {
		t.Error("the rotated keyset does not hold the old key and a new one")
	}
}
