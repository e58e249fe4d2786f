//go:build unix

package pgtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sys/unix"

	"customerhub/internal/embedpg"
)

// What the shared folder holds. The layout's number is in the folder's name, so that checkouts whose keepers differ in
// more than they can tell each other do not meet.
const (
	layout     = "1"
	startLock  = "start.lock" // held by whoever looks for, starts or ends the server
	usersLock  = "users.lock" // held, shared, by every process that uses it, to its end
	keeperNote = "keeper.json"
	keeperLog  = "keeper.log"
	serverDir  = "server"

	keeperVariable = "HUB_PGTEST_KEEPER" // set in the keeper: its folder
	idleVariable   = "HUB_PGTEST_IDLE"   // how long an unused server stays, such as 60s
	defaultIdle    = time.Minute
)

// note is what the keeper leaves for those who come later.
type note struct {
	URL string `json:"url"`
	PID int    `json:"pid"`
}

// The keeper is the test binary itself, started once more: a program of its own would have to be built first. An init
// function is the one place that runs in every test binary before its tests, without each package's help.
func init() {
	if dir := os.Getenv(keeperVariable); dir != "" {
		if err := keep(dir); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

// joinKeeper returns the superuser's URL of the shared server, started if need be, and makes this process one of its
// users until it ends.
func joinKeeper(ctx context.Context) (string, error) {
	dir, err := keeperDir()
	if err != nil {
		return "", err
	}
	start, err := flock(ctx, filepath.Join(dir, startLock), unix.LOCK_EX)
	if err != nil {
		return "", err
	}
	defer func() { _ = start.Close() }()
	if using, err = flock(ctx, filepath.Join(dir, usersLock), unix.LOCK_SH); err != nil {
		return "", err
	}
	if n, ok := readNote(dir); ok && answers(ctx, n.URL) {
		return n.URL, nil
	}
	return startKeeper(ctx, dir)
}

// keeperDir makes the folder that this user's test processes share: in memory where the machine has enough and nobody has
// named a temporary folder.
func keeperDir() (string, error) {
	base := os.TempDir()
	if memory := memoryFolder(); memory != "" && os.Getenv("TMPDIR") == "" {
		base = memory
	}
	if os.Geteuid() == 0 && embedpg.Reachable(base) != nil {
		base = "/tmp" // root's own temporary folder may be closed to the user that runs the server
	}
	dir := filepath.Join(base, "customerhub-pgtest-"+strconv.Itoa(os.Geteuid())+"-"+layout)
	switch err := os.Mkdir(dir, 0o711); {
	case err == nil:
		if err := os.Chmod(dir, 0o711); err != nil { // whatever the umask says
			return "", err
		}
	case !os.IsExist(err):
		return "", err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return "", err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !ok || !info.IsDir() || int(st.Uid) != os.Geteuid() || info.Mode().Perm()&0o022 != 0 {
		return "", fmt.Errorf("folder %s is not this user's own: remove it", dir)
	}
	return dir, nil
}

// flock opens the file and waits for its lock.
func flock(ctx context.Context, path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	got := make(chan error, 1)
	go func() { got <- flockFile(f, how) }()
	select {
	case err := <-got:
		if err != nil {
			return nil, errors.Join(fmt.Errorf("locking %s: %w", path, err), f.Close())
		}
		return f, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for %s: %w", path, ctx.Err())
	}
}

func flockFile(f *os.File, how int) error {
	for {
		err := unix.Flock(int(f.Fd()), how)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

func readNote(dir string) (note, bool) {
	var n note
	text, err := os.ReadFile(filepath.Join(dir, keeperNote))
	if err != nil || json.Unmarshal(text, &n) != nil || n.URL == "" {
		return note{}, false
	}
	return n, true
}

func answers(ctx context.Context, url string) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return false
	}
	_ = conn.Close(ctx)
	return true
}

// startKeeper starts the keeper and waits for its note. The caller holds the start lock.
func startKeeper(ctx context.Context, dir string) (string, error) {
	program, err := os.Executable()
	if err != nil {
		return "", err
	}
	if err := os.Remove(filepath.Join(dir, keeperNote)); err != nil && !os.IsNotExist(err) {
		return "", err
	}
	// Not this process's output: go test waits until everybody who holds that has closed it.
	log, err := os.OpenFile(filepath.Join(dir, keeperLog), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), keeperVariable+"="+dir)
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if n, ok := readNote(dir); ok && n.PID == cmd.Process.Pid {
			return n.URL, nil
		}
		select {
		case <-tick.C:
		case <-ended:
			said, _ := os.ReadFile(filepath.Join(dir, keeperLog))
			return "", fmt.Errorf("the keeper of the test server ended:\n%s", said)
		case <-ctx.Done():
			return "", fmt.Errorf("starting the test server: %w", ctx.Err())
		}
	}
}

// keep runs the server until nobody has used it for a while.
func keep(dir string) error {
	// Tests set it for programs that they start; the server's programs do not need it.
	if err := os.Unsetenv(keeperVariable); err != nil {
		return err
	}
	idle := defaultIdle
	if text := os.Getenv(idleVariable); text != "" {
		var err error
		if idle, err = time.ParseDuration(text); err != nil {
			return fmt.Errorf("%s: %w", idleVariable, err)
		}
	}
	server, err := startServer(dir)
	if err != nil {
		return err
	}
	defer func() { _ = server.Stop(); _ = os.RemoveAll(filepath.Join(dir, serverDir)) }()
	if err := writeNote(dir, note{URL: server.SuperURL("postgres"), PID: os.Getpid()}); err != nil {
		return err
	}
	users, err := os.OpenFile(filepath.Join(dir, usersLock), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	tick := time.NewTicker(min(time.Second, idle/4+time.Millisecond))
	defer tick.Stop()
	unusedSince := time.Now()
	for {
		select {
		case <-server.Done():
			return server.Err()
		case <-tick.C:
		}
		if used(users) {
			unusedSince = time.Now()
		} else if time.Since(unusedSince) >= idle && retire(dir, users) {
			return nil
		}
	}
}

// startServer makes a new server. What an earlier one left is removed: it may have been cut off in the middle, and it
// did not write safely.
func startServer(dir string) (*embedpg.Server, error) {
	place := filepath.Join(dir, serverDir)
	o := embedpg.Options{
		Dir: place, Ephemeral: true, MaxConnections: 400,
		BinDir: os.Getenv("HUB_POSTGRES_BIN"), FetchURL: os.Getenv("HUB_POSTGRES_FETCH_URL"),
		StopTimeout: 5 * time.Second,
		Logger:      slog.New(slog.NewTextHandler(os.Stderr, nil)),
	}
	if err := embedpg.Discard(context.Background(), o); err != nil {
		return nil, err
	}
	return embedpg.Start(context.Background(), o)
}

func writeNote(dir string, n note) error {
	text, err := json.Marshal(n)
	if err != nil {
		return err
	}
	fresh := filepath.Join(dir, keeperNote+".new")
	if err := os.WriteFile(fresh, text, 0o600); err != nil {
		return err
	}
	return os.Rename(fresh, filepath.Join(dir, keeperNote))
}

// used says whether any process holds the users' lock.
func used(users *os.File) bool {
	if err := flockFile(users, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return true
	}
	_ = flockFile(users, unix.LOCK_UN)
	return false
}

// retire ends the keeping for good, unless somebody is looking for the server right now. The start lock stays held until
// this process ends, so that whoever comes next starts after the server is gone.
func retire(dir string, users *os.File) bool {
	start, err := os.OpenFile(filepath.Join(dir, startLock), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return true
	}
	if flockFile(start, unix.LOCK_EX|unix.LOCK_NB) != nil || used(users) {
		_ = start.Close()
		return false
	}
	_ = os.Remove(filepath.Join(dir, keeperNote))
	retired = start
	return true
}

// Locks that are held to the end of the process, when the kernel gives them up, however that end comes. Files that
// nothing refers to would be closed by the collector.
var using, retired *os.File //nolint:unused // holding them is the use
