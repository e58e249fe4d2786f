//go:build unix

package pgtest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/embedpg"
	"customerhub/internal/fault"
	"customerhub/internal/pg"
	"customerhub/internal/pgtest"
)

// childVariable makes TestChild do something: what it says.
const childVariable = "HUB_PGTEST_CHILD"

// TestChild is what the processes run that TestProcesses starts.
func TestChild(t *testing.T) {
	role := os.Getenv(childVariable)
	if role == "" {
		t.Skip("it runs in the processes that TestProcesses starts")
	}
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			db := pgtest.New(t)
			if err := pg.CheckRole(t.Context(), db.App); err != nil {
				t.Error(err)
			}
			if _, err := db.Owner.Exec(t.Context(), "CREATE TABLE mine (id int)"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	server := pgtest.NewServer(t)
	rows, _ := server.Super.Query(t.Context(), "SELECT datname FROM pg_database WHERE starts_with(datname, 'hubt') ORDER BY 1")
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("databases=%s\n", strings.Join(names, ","))
	if role == "dies" {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

// place is a temporary folder with a server of its own, and who uses it.
type place struct {
	t       *testing.T
	program string
	dir     string
	env     []string
	attr    *syscall.SysProcAttr
}

// newPlace prepares one; as root with a name, for that user.
func newPlace(t *testing.T, name string) *place {
	t.Helper()
	base, err := os.MkdirTemp("", "hub-pgtest-") //nolint:usetesting // the folder of t.TempDir lets nobody else through
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(base) })
	p := &place{t: t, dir: filepath.Join(base, "tmp"), program: filepath.Join(base, "pgtest.test")}
	if err := os.Chmod(base, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(p.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(own)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p.program, text, 0o755); err != nil {
		t.Fatal(err)
	}
	p.env = []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + p.dir, "HUB_PGTEST_IDLE=1s"} // no HOME
	if name != "" {
		u, err := user.Lookup(name)
		if err != nil {
			t.Skipf("this machine has no user %s: %v", name, err)
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		if err := os.Chown(p.dir, uid, gid); err != nil {
			t.Fatal(err)
		}
		p.attr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	return p
}

// run runs a child to its end and returns the databases it saw.
func (p *place) run(role string, env ...string) ([]string, error) {
	cmd := exec.CommandContext(p.t.Context(), p.program, "-test.run=^TestChild$", "-test.v")
	cmd.Dir = p.dir
	cmd.Env = append(append([]string{childVariable + "=" + role}, p.env...), env...)
	cmd.SysProcAttr = p.attr
	out, err := cmd.CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if list, ok := strings.CutPrefix(strings.TrimSpace(line), "databases="); ok {
			return strings.Split(list, ","), err
		}
	}
	return nil, fmt.Errorf("%w: %s", err, out)
}

func (p *place) keeper() (pid int) {
	p.t.Helper()
	notes, _ := filepath.Glob(filepath.Join(p.dir, "customerhub-pgtest-*", "keeper.json"))
	if len(notes) != 1 {
		p.t.Fatalf("%d keepers' notes", len(notes))
	}
	text, err := os.ReadFile(notes[0])
	if err != nil {
		p.t.Fatal(err)
	}
	var note struct {
		PID int `json:"pid"`
	}
	if err := json.Unmarshal(text, &note); err != nil || note.PID == 0 {
		p.t.Fatalf("note %q: %v", text, err)
	}
	return note.PID
}

// awaitRetirement waits until the keeper is gone and has left no server and no data.
func (p *place) awaitRetirement(pid int) {
	p.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	for running(pid) {
		select {
		case <-tick.C:
		case <-limit.C:
			p.t.Fatalf("keeper %d does not retire", pid)
		}
	}
	for _, left := range []string{"keeper.json", "server"} {
		if found, _ := filepath.Glob(filepath.Join(p.dir, "customerhub-pgtest-*", left)); len(found) > 0 {
			p.t.Errorf("%v is left", found)
		}
	}
}

// running says whether the process works; one that only waits to be counted does not.
func running(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, state, _ := bytes.Cut(text, []byte(") "))
	return !bytes.HasPrefix(state, []byte("Z"))
}

func TestProcesses(t *testing.T) {
	t.Parallel()

	t.Run("ShareOneServerThatEndsByItself", func(t *testing.T) {
		t.Parallel()
		p := newPlace(t, "")
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				if _, err := p.run("works"); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait() // the children's output is closed by now, though the keeper lives
		pid := p.keeper()
		if _, err := p.run("works"); err != nil {
			t.Error(err)
		}
		if again := p.keeper(); again != pid {
			t.Errorf("keeper %d, then %d", pid, again)
		}
		p.awaitRetirement(pid)
		if _, err := p.run("works"); err != nil { // and begins anew
			t.Error(err)
		}
		p.awaitRetirement(p.keeper())
	})

	t.Run("KilledOnesAreCleanedUpAfter", func(t *testing.T) {
		t.Parallel()
		p := newPlace(t, "")
		left, err := p.run("dies")
		if err == nil || len(left) < 5 {
			t.Fatalf("the child saw %v and ended with %v", left, err)
		}
		found, err := p.run("works")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range found {
			for _, old := range left {
				if name == old && strings.HasPrefix(name, "hubtest_") {
					t.Errorf("%s is still there", name)
				}
			}
		}
		p.awaitRetirement(p.keeper())
	})

	t.Run("KilledKeeperIsReplaced", func(t *testing.T) {
		t.Parallel()
		p := newPlace(t, "")
		if _, err := p.run("works"); err != nil {
			t.Fatal(err)
		}
		pid := p.keeper()
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		if _, err := p.run("works"); err != nil {
			t.Fatal(err)
		}
		if p.keeper() == pid {
			t.Error("the dead keeper's note was believed")
		}
		p.awaitRetirement(p.keeper())
	})

	t.Run("OrdinaryUserWithoutHome", func(t *testing.T) {
		t.Parallel()
		if os.Geteuid() != 0 {
			t.Skip("only root can become another user; the other tests run as an ordinary one already")
		}
		p := newPlace(t, "nobody")
		if _, err := p.run("works"); err != nil {
			t.Fatal(err)
		}
		p.awaitRetirement(p.keeper())
	})

	t.Run("NamedServerIsUsedInstead", func(t *testing.T) {
		t.Parallel()
		s, err := embedpg.Start(t.Context(), embedpg.Options{Dir: filepath.Join(newPlace(t, "").dir, "pg"), Ephemeral: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Stop() })
		p := newPlace(t, "")
		for range 2 {
			if _, err := p.run("works", "HUB_TEST_DATABASE_URL="+s.SuperURL("postgres")); err != nil {
				t.Fatal(err)
			}
		}
		if found, _ := filepath.Glob(filepath.Join(p.dir, "customerhub-pgtest-*")); len(found) > 0 {
			t.Errorf("a server of its own was prepared in %v", found)
		}
		conn, err := pgx.Connect(t.Context(), s.SuperURL("postgres"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close(t.Context()) }()
		var left int
		if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_database WHERE starts_with(datname, 'hubtest_')").Scan(&left); err != nil || left != 0 {
			t.Errorf("%d databases are left, %v", left, err)
		}
	})
}

// TestRestart restarts a server under a pool and a listener.
func TestRestart(t *testing.T) {
	t.Parallel()
	o := embedpg.Options{Dir: filepath.Join(newPlace(t, "").dir, "pg"), Ephemeral: true}
	s, err := embedpg.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Stop() }()
	_, app, err := s.EnsureDatabase(t.Context(), "hub")
	if err != nil {
		t.Fatal(err)
	}
	pool, err := pg.Open(t.Context(), app, pg.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	heard := make(chan pg.Notice, 100)
	go func() {
		_ = pg.Listen(t.Context(), pool, []string{"changes"}, func(ctx context.Context, n pg.Notice) { heard <- n }, pg.ListenOptions{Backoff: 100 * time.Millisecond})
	}()
	<-heard
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), "SELECT 1"); fault.CodeOf(pg.Fault(err, "asking")) != fault.Unavailable {
		t.Errorf("while it is down: %v", err)
	}
	if s, err = embedpg.Start(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	t.Run("T34_PoolWorksOnAfterARestart", func(t *testing.T) {
		if _, err := pool.Exec(t.Context(), "SELECT 1"); err != nil {
			t.Error(err)
		}
	})
	t.Run("T34_ListeningGoesOnAfterARestart", func(t *testing.T) {
		if n := <-heard; !n.Resumed {
			t.Errorf("heard %+v", n)
		}
		if err := pg.Notify(t.Context(), pool, "changes", "x"); err != nil {
			t.Fatal(err)
		}
		if n := <-heard; n.Payload != "x" {
			t.Errorf("heard %+v", n)
		}
	})
}
