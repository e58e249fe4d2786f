package embedpg

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// What the server's folder holds. Nothing else may be in it when it is taken into use.
const (
	lockName   = "lock"         // held while a process runs the server; its text is that process's number
	dataName   = "data"         // Postgres's own
	newName    = "data.new"     // a data folder that initdb has not finished
	logName    = "postgres.log" // what the server says
	socketName = "socket"       // where clients connect, when the path is short enough
)

const logLimit = 10 << 20

// folder is a server's folder, locked for this process.
type folder struct {
	dir  string
	lock *os.File
}

func (f *folder) path(name string) string { return filepath.Join(f.dir, name) }

// DefaultDir is the folder used when none is named. It need not exist.
func DefaultDir() (string, error) {
	who, err := serverAccount("")
	if err != nil {
		return "", err
	}
	return defaultDir(who, slog.New(slog.DiscardHandler))
}

// defaultDir prefers the place where data belongs and falls back to the temporary folder, saying so.
func defaultDir(who account, log *slog.Logger) (string, error) {
	usual := "/var/lib/customerhub/postgres"
	if !who.other {
		usual = ""
		if base := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(base) {
			usual = filepath.Join(base, "customerhub", "postgres")
		} else if home, err := os.UserHomeDir(); err == nil && home != "" {
			usual = filepath.Join(home, ".local", "share", "customerhub", "postgres")
		}
	}
	reason := errors.New("no home folder")
	if usual != "" {
		if reason = usable(usual, who); reason == nil {
			return usual, nil
		}
	}
	temporary := filepath.Join(os.TempDir(), "customerhub-"+strconv.Itoa(os.Geteuid()))
	if err := os.Mkdir(temporary, 0o711); err != nil && !os.IsExist(err) {
		return "", err
	}
	// Others may write to the temporary folder: a folder of that name that is not ours is no place for data.
	if !ownedBy(temporary, os.Geteuid()) {
		return "", &FolderError{Dir: temporary, Reason: "it belongs to another user"}
	}
	dir := filepath.Join(temporary, "postgres")
	if err := usable(dir, who); err != nil {
		return "", &FolderError{Dir: dir, Reason: err.Error()}
	}
	log.Warn("database folder is in the temporary folder, which the system may clean up", "dir", dir, "instead_of", usual, "reason", reason)
	return dir, nil
}

func usable(dir string, who account) error {
	if err := makeFolders(dir, 0o711, who); err != nil {
		return err
	}
	return who.reaches(dir)
}

// makeFolders makes the folder and those above it that are missing. Where somebody else runs the server they are open
// for passing through, whatever this process's umask says.
func makeFolders(dir string, mode os.FileMode, who account) error {
	err := os.Mkdir(dir, mode)
	if errors.Is(err, os.ErrNotExist) && dir != filepath.Dir(dir) {
		if err := makeFolders(filepath.Dir(dir), mode, who); err != nil {
			return err
		}
		err = os.Mkdir(dir, mode)
	}
	if err == nil && who.other {
		return os.Chmod(dir, mode)
	}
	if errors.Is(err, os.ErrExist) {
		info, statErr := os.Stat(dir)
		if statErr != nil {
			return statErr
		}
		if !info.IsDir() {
			return &os.PathError{Op: "mkdir", Path: dir, Err: syscall.ENOTDIR}
		}
		return nil
	}
	return err
}

// takeFolder makes the folder where it is missing, checks that it may be used and locks it for this process. Nothing in
// it is changed unless all of that is well.
func takeFolder(o Options, who account, log *slog.Logger) (*folder, error) {
	dir := o.Dir
	if dir == "" {
		var err error
		if dir, err = defaultDir(who, log); err != nil {
			return nil, err
		}
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := makeFolders(dir, 0o711, who); err != nil {
		if errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.ENOTDIR) {
			return nil, &FolderError{Dir: dir, Reason: err.Error()}
		}
		return nil, classified(dir, err, "")
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	if err := who.reaches(dir); err != nil {
		return nil, &FolderError{Dir: dir, Reason: err.Error() + "; choose a folder elsewhere, such as /var/lib/customerhub, or start the hub as an ordinary user"}
	}
	if err := checkContent(dir); err != nil {
		return nil, err
	}
	f := &folder{dir: dir}
	if f.lock, err = lockFile(f.path(lockName)); err != nil {
		if _, ok := errors.AsType[*InUseError](err); ok {
			return nil, &InUseError{Dir: dir, PID: lockHolder(f.path(lockName))}
		}
		return nil, classified(dir, fmt.Errorf("locking %s: %w", dir, err), "")
	}
	if err := f.sign(); err != nil {
		f.release()
		return nil, classified(dir, err, "")
	}
	return f, nil
}

// checkContent refuses a folder that holds anything we did not put there.
func checkContent(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return &FolderError{Dir: dir, Reason: err.Error()}
	}
	for _, e := range entries {
		switch e.Name() {
		case "PG_VERSION":
			return &FolderError{Dir: dir, Reason: "it is itself the data folder of a Postgres that something else made; name an empty folder"}
		case lockName, newName, logName, socketName, "lost+found":
		case dataName:
			if err := checkData(filepath.Join(dir, dataName)); err != nil {
				return err
			}
		default:
			return &FolderError{Dir: dir, Reason: fmt.Sprintf("it has other content (%s), which is left alone; name an empty folder", e.Name())}
		}
	}
	return nil
}

func checkData(data string) error {
	entries, err := os.ReadDir(data)
	if err != nil {
		return &FolderError{Dir: data, Reason: err.Error()}
	}
	if len(entries) > 0 && !slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == "PG_VERSION" }) {
		return &FolderError{Dir: data, Reason: "it is not empty and not a data folder of Postgres, and is left alone; name an empty folder"}
	}
	return nil
}

// sign writes our process number into the lock file, for the message that a second process gets.
func (f *folder) sign() error {
	if err := f.lock.Truncate(0); err != nil {
		return err
	}
	_, err := f.lock.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// release gives the folder up. The lock file stays: removing it would let two processes lock two files of one name.
func (f *folder) release() {
	_ = f.lock.Truncate(0)
	_ = f.lock.Close()
}

func lockHolder(path string) int {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return pid
}

// dataVersion is the major version that made the data folder; 0 when there is none yet.
func (f *folder) dataVersion() (int, error) {
	text, err := os.ReadFile(filepath.Join(f.path(dataName), "PG_VERSION"))
	if os.IsNotExist(err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	version, _, _ := strings.Cut(strings.TrimSpace(string(text)), ".")
	n, err := strconv.Atoi(version)
	if err != nil {
		return 0, &FolderError{Dir: f.path(dataName), Reason: fmt.Sprintf("its PG_VERSION reads %q", strings.TrimSpace(string(text)))}
	}
	return n, nil
}

// ensureData makes the data folder unless it is there. initdb works in a folder of another name, which is renamed when
// it is done, so a start that was killed leaves nothing that looks finished.
func (f *folder) ensureData(ctx context.Context, b Binaries, who account, o Options) error {
	version, err := f.dataVersion()
	if err != nil {
		return err
	}
	if version != 0 {
		if version != b.Version {
			return &VersionError{Dir: f.dir, Folder: version, Server: b.Version, BinDir: b.Dir}
		}
		if !ownedBy(f.path(dataName), int(who.uid)) {
			return &FolderError{Dir: f.path(dataName), Reason: fmt.Sprintf("it belongs to another user than %s, who would run the server: start the hub as the user that made it, or choose another folder", who.name)}
		}
		return nil
	}
	fresh := f.path(newName)
	defer func() { _ = os.RemoveAll(fresh) }() // after the rename there is nothing left of it
	if err := f.initialise(ctx, fresh, b, who, o); err != nil {
		return err
	}
	if err := os.Remove(f.path(dataName)); err != nil && !os.IsNotExist(err) {
		return err
	}
	if err := os.Rename(fresh, f.path(dataName)); err != nil {
		return classified(f.dir, err, "")
	}
	return nil
}

// characterTypes are the locales, best first, that know letters beyond ASCII: without one, folding of case and the
// trigram index would pass over them. Sorting stays bytewise everywhere.
var characterTypes = []string{"C.UTF-8", "C.utf8", "en_US.UTF-8", "UTF-8", "C"}

func (f *folder) initialise(ctx context.Context, fresh string, b Binaries, who account, o Options) error {
	var last error
	for _, ctype := range characterTypes {
		if err := os.RemoveAll(fresh); err != nil {
			return err
		}
		if err := os.Mkdir(fresh, 0o700); err != nil {
			return classified(f.dir, err, "")
		}
		if err := who.own(fresh); err != nil {
			return err
		}
		args := []string{
			"-D", fresh, "-U", superuser, "--encoding=UTF8", "--locale=C", "--lc-ctype=" + ctype,
			// Only who may enter the socket's folder can connect at all; nothing listens elsewhere.
			"--auth-local=trust", "--auth-host=reject",
		}
		if o.Ephemeral {
			args = append(args, "--no-sync")
		}
		out, err := runAs(ctx, who, b.program(exe("initdb")), args...)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		last = classified(f.dir, fmt.Errorf("making the data folder %s: initdb: %w%s", fresh, err, quoted(out)), out)
		if !strings.Contains(out, "invalid locale") {
			break
		}
	}
	return last
}

// openLog opens the server's log for appending and keeps it bounded: at a start, a log beyond the limit begins anew.
func (f *folder) openLog() (*os.File, int64, error) {
	log, err := os.OpenFile(f.path(logName), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return nil, 0, classified(f.dir, err, "")
	}
	info, err := log.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, log.Close())
	}
	size := info.Size()
	if size > logLimit {
		if err := log.Truncate(0); err != nil {
			return nil, 0, errors.Join(err, log.Close())
		}
		size = 0
	}
	return log, size, nil
}

// logTail is the end of what the server said since from.
func (f *folder) logTail(from int64) string {
	const most = 4 << 10
	log, err := os.Open(f.path(logName))
	if err != nil {
		return ""
	}
	defer func() { _ = log.Close() }()
	info, err := log.Stat()
	if err != nil {
		return ""
	}
	from = max(from, info.Size()-most)
	if from >= info.Size() {
		return ""
	}
	text := make([]byte, info.Size()-from)
	n, _ := log.ReadAt(text, from)
	return string(text[:n])
}

// The longest path of a Unix socket, its end mark not counted: 107 bytes on Linux, 103 on BSD and macOS.
const (
	socketPathLimit = 103
	socketFile      = ".s.PGSQL.5432.lock"
)

func socketFits(dir string) bool { return len(filepath.Join(dir, socketFile)) <= socketPathLimit }

// socketDir makes the folder of the socket, which only the server's user may enter (and root): in the server's folder,
// or, where that path is too long, in the temporary one under a name that the next start finds again.
func (f *folder) socketDir(who account) (string, error) {
	if dir := f.path(socketName); socketFits(dir) {
		return dir, makePrivate(dir, who)
	}
	var problem error
	for _, base := range slices.Compact([]string{os.TempDir(), "/tmp"}) {
		dir := filepath.Join(base, fmt.Sprintf("hub-pg-%08x", shortHash(f.dir)))
		if !socketFits(dir) {
			continue
		}
		if err := who.reaches(base); err != nil {
			problem = cmp.Or(problem, err)
			continue
		}
		err := makePrivate(dir, who)
		if err == nil {
			return dir, nil
		}
		problem = cmp.Or(problem, err)
	}
	return "", cmp.Or(problem, error(&FolderError{Dir: f.dir, Reason: "its path and that of the temporary folder are too long for a Unix socket"}))
}

// makePrivate makes the folder for the account alone. One that is there must be just that: in the temporary folder
// somebody else may have made it.
func makePrivate(dir string, who account) error {
	err := os.Mkdir(dir, 0o700)
	if err != nil && !os.IsExist(err) {
		return classified(dir, err, "")
	}
	if err == nil {
		if err := who.own(dir); err != nil {
			return err
		}
	}
	if !who.privateTo(dir) {
		return &FolderError{Dir: dir, Reason: "it is not private to user " + who.name + "; remove it"}
	}
	return nil
}

// Reachable says whether the user that would run the server may enter dir, and if not, why. For another process than
// root that is this process's own user, for whom nothing is checked.
func Reachable(dir string) error {
	who, err := serverAccount("")
	if err != nil {
		return err
	}
	return who.reaches(dir)
}

// Discard removes the server's folder o.Dir with all its data; a server that was left on it is stopped first. One that
// another process runs is an *InUseError, a folder with other content a *FolderError; a missing one is as good as
// removed.
func Discard(ctx context.Context, o Options) error {
	if _, err := os.Stat(o.Dir); o.Dir == "" || os.IsNotExist(err) {
		return nil
	}
	who, err := serverAccount(o.User)
	if err != nil {
		return err
	}
	log := cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	f, err := takeFolder(o, who, log)
	if err != nil {
		return err
	}
	defer f.release()
	if err := f.clearLeftover(ctx, who, log); err != nil {
		return err
	}
	return os.RemoveAll(f.dir)
}
