package embedpg

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// superuser is the server's first role. Nobody but this package uses it.
const superuser = "postgres"

const (
	defaultStartTimeout   = 2 * time.Minute
	defaultStopTimeout    = 30 * time.Second
	defaultMaxConnections = 100
	// immediateTimeout bounds the stop without order, before the kernel is asked.
	immediateTimeout = 5 * time.Second
	// readyCheck is how often the server's own note on its state is looked at while it starts.
	readyCheck = 10 * time.Millisecond
)

// Server is a running Postgres.
type Server struct {
	binaries  Binaries
	folder    *folder
	account   account
	socketDir string
	socketTmp bool
	stopAfter time.Duration
	log       *slog.Logger
	logStart  int64

	process  *os.Process
	exited   chan struct{} // closed when the process is gone; waitErr is set before
	waitErr  error
	done     chan struct{} // closed when the folder is given up too
	err      error         // set before done is closed
	stopOnce sync.Once
	stopping chan struct{}
}

// Start finds Postgres, makes the data folder where it is missing, and starts the server; it returns when the server
// takes connections. A server that an earlier, killed process left on this folder is stopped first.
//
// Errors of a kind of their own are *InUseError, *VersionError, *DiskFullError, *FolderError and *NotFoundError. ctx
// bounds the start alone; the server runs until Stop or until this process ends.
func Start(ctx context.Context, o Options) (*Server, error) {
	log := cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	who, err := serverAccount(o.User)
	if err != nil {
		return nil, err
	}
	// The folder is asked first: an unusable one should not wait for a fetch.
	f, err := takeFolder(o, who, log)
	if err != nil {
		return nil, err
	}
	s := &Server{
		folder: f, account: who, log: log,
		stopAfter: cmp.Or(o.StopTimeout, defaultStopTimeout),
		exited:    make(chan struct{}), done: make(chan struct{}), stopping: make(chan struct{}),
	}
	if err := s.start(ctx, o); err != nil {
		s.leave()
		return nil, err
	}
	go s.watch()
	return s, nil
}

func (s *Server) start(ctx context.Context, o Options) error {
	b, err := find(ctx, o, s.account)
	if err != nil {
		return err
	}
	s.binaries = b
	ctx, cancel := context.WithTimeoutCause(ctx, cmp.Or(o.StartTimeout, defaultStartTimeout), errors.New("postgres did not start in time"))
	defer cancel()
	if err := s.folder.clearLeftover(ctx, s.account, s.log); err != nil {
		return err
	}
	if err := s.folder.ensureData(ctx, b, s.account, o); err != nil {
		return err
	}
	if s.socketDir, err = s.folder.socketDir(s.account); err != nil {
		return err
	}
	s.socketTmp = filepath.Dir(s.socketDir) != s.folder.dir
	if err := s.spawn(o); err != nil {
		return classified(s.folder.dir, fmt.Errorf("starting postgres: %w", err), "")
	}
	if err := s.awaitReady(ctx); err != nil {
		s.kill()
		return err
	}
	s.log.Info("postgres runs", "version", b.Release, "programs", b.Dir, "dir", s.folder.dir, "user", s.account.name)
	return nil
}

// spawn starts the server process and a goroutine that waits for it.
func (s *Server) spawn(o Options) error {
	log, size, err := s.folder.openLog()
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the server has its own copy
	s.logStart = size
	cmd := exec.Command(s.binaries.program(exe("postgres")), s.arguments(o)...)
	cmd.Env = serverEnv(s.account)
	cmd.Dir = s.folder.path(dataName)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = s.account.attributes()
	if err := startTied(cmd, func(err error) {
		s.waitErr = err
		close(s.exited)
	}); err != nil {
		return err
	}
	s.process = cmd.Process
	return nil
}

func (s *Server) arguments(o Options) []string {
	settings := map[string]string{
		"listen_addresses":        "",
		"unix_socket_directories": s.socketDir,
		"unix_socket_permissions": "0700",
		"port":                    "5432",
		"max_connections":         strconv.Itoa(cmp.Or(o.MaxConnections, defaultMaxConnections)),
		"shared_buffers":          "128MB",
		"timezone":                "UTC",
		"log_timezone":            "UTC",
		"jit":                     "off", // compiling costs more than our short statements
		"logging_collector":       "off",
		"log_min_messages":        "warning",
		"log_line_prefix":         "%m [%p] ",
		// Statements may hold personal data, which does not belong in a log.
		"log_min_error_statement":  "panic",
		"log_parameter_max_length": "0",
		"log_error_verbosity":      "terse",
		"cluster_name":             "customerhub",
		"log_checkpoints":          "off",
	}
	if o.Ephemeral {
		maps.Copy(settings, map[string]string{
			"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
			"wal_level": "minimal", "max_wal_senders": "0",
			"autovacuum":         "off", // plans and times stay the same from run to run
			"checkpoint_timeout": "1h", "max_wal_size": "4GB",
		})
	}
	maps.Copy(settings, o.Settings)
	args := []string{"-D", s.folder.path(dataName)}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "-c", name+"="+settings[name])
	}
	return args
}

// awaitReady waits until the server notes in its own file that it takes connections.
func (s *Server) awaitReady(ctx context.Context) error {
	tick := time.NewTicker(readyCheck)
	defer tick.Stop()
	for {
		if pid, state := s.folder.postmaster(); pid == s.process.Pid && state == "ready" {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("starting postgres: %w%s", context.Cause(ctx), quoted(s.folder.logTail(s.logStart)))
		case <-s.exited:
			said := s.folder.logTail(s.logStart)
			return classified(s.folder.dir, fmt.Errorf("postgres ended while it started: %w%s", s.exit(), quoted(said)), said)
		case <-tick.C:
		}
	}
}

func (s *Server) exit() error { return cmp.Or(s.waitErr, errors.New("exit status 0")) }

// watch gives the folder up when the server is gone, and keeps why for Err.
func (s *Server) watch() {
	<-s.exited
	select {
	case <-s.stopping:
	default:
		said := s.folder.logTail(s.logStart)
		s.err = classified(s.folder.dir, fmt.Errorf("postgres ended unexpectedly: %w%s", s.exit(), quoted(said)), said)
	}
	s.leave()
	close(s.done)
}

func (s *Server) leave() {
	if s.socketTmp {
		_ = os.RemoveAll(s.socketDir)
	}
	s.folder.release()
}

// Done is closed when the server is gone, stopped or not.
func (s *Server) Done() <-chan struct{} { return s.done }

// Err is why the server went away by itself, with the last lines of its log: nil while it runs and after Stop.
func (s *Server) Err() error {
	select {
	case <-s.done:
		return s.err
	default:
		return nil
	}
}

// Stop ends the server in order: sessions are cut, everything is written out. It returns when the server is gone and the
// folder is free. Repeating it is safe. A server that does not end within the time set for it is made to; it recovers at
// its next start.
func (s *Server) Stop() error {
	s.stopOnce.Do(func() {
		close(s.stopping)
		_ = s.process.Signal(fastStop)
		timer := time.NewTimer(s.stopAfter)
		defer timer.Stop()
		select {
		case <-s.exited:
		case <-timer.C:
			s.log.Warn("postgres does not stop in time, ending it at once", "after", s.stopAfter)
			s.kill()
		}
	})
	<-s.done
	return s.err
}

// kill ends a process that did not end by itself: first as Postgres likes it, so that its children go too.
func (s *Server) kill() {
	if s.process == nil {
		return
	}
	_ = s.process.Signal(immediateStop)
	timer := time.NewTimer(min(s.stopAfter, immediateTimeout))
	defer timer.Stop()
	select {
	case <-s.exited:
	case <-timer.C:
		_ = s.process.Kill()
		<-s.exited
	}
}

// Dir is the server's folder.
func (s *Server) Dir() string { return s.folder.dir }

// Binaries are the programs the server was started from.
func (s *Server) Binaries() Binaries { return s.binaries }

// URL is the connection string for the database and user, over the server's socket.
func (s *Server) URL(database, user string) string {
	u := url.URL{Scheme: "postgres", Path: "/" + database}
	q := url.Values{"host": {s.socketDir}, "port": {"5432"}, "user": {user}}
	u.RawQuery = q.Encode()
	return u.String()
}

// SuperURL is the connection string of the server's superuser: for making databases and roles in tests.
func (s *Server) SuperURL(database string) string { return s.URL(database, superuser) }

// postmaster reads the server's own file: the number of its process and, from its eighth line, the state it is in.
func (f *folder) postmaster() (pid int, state string) {
	file, err := os.Open(filepath.Join(f.path(dataName), "postmaster.pid"))
	if err != nil {
		return 0, ""
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		switch text := strings.TrimSpace(lines.Text()); n {
		case 1:
			pid, _ = strconv.Atoi(text)
		case 8:
			state = text
		}
	}
	return pid, state
}
