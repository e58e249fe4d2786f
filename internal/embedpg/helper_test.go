//go:build unix

package embedpg

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// helperVariable makes the test binary a hub of sorts: it runs a server on the folder named until its input ends.
const helperVariable = "HUB_EMBEDPG_HELPER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperVariable); dir != "" {
		if err := runHelper(dir); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func runHelper(dir string) error {
	ctx := context.Background()
	s, err := Start(ctx, Options{Dir: dir, Settings: map[string]string{"shared_buffers": "16MB"}})
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, s.SuperURL("postgres"))
	if err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "CREATE TABLE IF NOT EXISTS kept (id int); INSERT INTO kept VALUES (1)"); err != nil {
		return err
	}
	fmt.Println("ready", s.process.Pid)
	_, _ = io.Copy(io.Discard, os.Stdin)
	return s.Stop()
}

// helper is a running process that owns a server.
type helper struct {
	cmd      *exec.Cmd
	postgres int
}

// startHelper starts one, through the words before it if there are any, and waits until its server works.
func startHelper(t *testing.T, dir string, through ...string) *helper {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	words := append(slices.Clone(through), program)
	h := &helper{cmd: exec.Command(words[0], words[1:]...)}
	h.cmd.Env = append(os.Environ(), helperVariable+"="+dir)
	in, err := h.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := h.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := h.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close() // it stops its server then, unless it was killed before
		_ = h.cmd.Wait()
		if h.postgres > 0 {
			awaitDeath(t, h.postgres)
		}
	})
	line, _ := bufio.NewReader(out).ReadString('\n')
	if _, err := fmt.Sscanf(line, "ready %d", &h.postgres); err != nil {
		t.Fatalf("helper says %q", line)
	}
	return h
}

// awaitDeath waits until the process is gone; it is no child of ours.
func awaitDeath(t *testing.T, pid int) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	for alive(pid) && !zombie(pid) {
		select {
		case <-tick.C:
		case <-limit.C:
			t.Fatalf("process %d lives on", pid)
		}
	}
}

// zombie says whether the process has ended and only waits to be counted, which some containers' first process never
// does.
func zombie(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(text), ") ")
	return strings.HasPrefix(after, "Z")
}

// tempDir is a folder that the server's user may enter; t.TempDir's parent is closed to others than its owner.
func tempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "hub-embedpg-") //nolint:usetesting // the folder of t.TempDir lets nobody else through
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// quick are options for a small server that starts fast.
func quick(dir string) Options {
	return Options{
		Dir: dir, Ephemeral: true, FetchURL: NoFetch,
		Settings: map[string]string{"shared_buffers": "16MB"},
		Logger:   slog.New(slog.DiscardHandler),
	}
}

func start(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop() })
	return s
}

func stop(t *testing.T, s *Server) {
	t.Helper()
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if alive(s.process.Pid) {
		t.Fatalf("process %d lives on after Stop", s.process.Pid)
	}
}

func query[T any](t *testing.T, url, sql string) T {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	var v T
	if err := conn.QueryRow(t.Context(), sql).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

func exec1(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// wantError asserts the error's type and that its message has each of the parts.
func wantError[E error](t *testing.T, err error, parts ...string) E {
	t.Helper()
	e, ok := errors.AsType[E](err)
	if !ok {
		t.Fatalf("got %T: %v", err, err)
	}
	for _, part := range parts {
		if !strings.Contains(e.Error(), part) {
			t.Errorf("message %q lacks %q", e, part)
		}
	}
	return e
}

func self(t *testing.T) account {
	t.Helper()
	who, err := serverAccount("")
	if err != nil {
		t.Fatal(err)
	}
	return who
}
