package embedpg

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"time"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

const fetchTimeout = 10 * time.Minute

// fetch returns the fetched programs, from the cache when they are there. They enter the cache under their final name
// only after the archive was taken apart whole, tells the right version, and has made and run a server here.
func fetch(ctx context.Context, o Options, who account) (Binaries, error) {
	log := cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	release := cmp.Or(o.FetchVersion, FetchVersion)
	cache, err := cacheDir(o, who)
	if err != nil {
		return Binaries{}, err
	}
	kept := filepath.Join(cache, "postgres-"+release)
	if b, err := examine(ctx, filepath.Join(kept, "bin"), who); err == nil {
		return b, nil
	}
	lock, err := waitForFile(ctx, filepath.Join(cache, "lock"))
	if err != nil {
		return Binaries{}, fmt.Errorf("locking %s: %w", cache, err)
	}
	defer func() { _ = lock.Close() }()
	if b, err := examine(ctx, filepath.Join(kept, "bin"), who); err == nil {
		return b, nil // another process fetched it while we waited
	}
	source := cmp.Or(strings.TrimRight(o.FetchURL, "/"), "its usual repository")
	log.Info("fetching Postgres, once", "version", release, "from", source, "to", kept)
	stage, err := os.MkdirTemp(cache, "fetching-")
	if err != nil {
		return Binaries{}, classified(cache, err, "")
	}
	if err := os.Chmod(stage, 0o755); err != nil { // for the user that runs the server
		return Binaries{}, errors.Join(err, os.RemoveAll(stage))
	}
	ctx, cancel := context.WithTimeoutCause(ctx, fetchTimeout, fmt.Errorf("fetching from %s took longer than %s", source, fetchTimeout))
	defer cancel()
	programs, err := download(ctx, stage, strings.TrimRight(o.FetchURL, "/"), release)
	if err != nil {
		return Binaries{}, classified(cache, fmt.Errorf("fetching Postgres %s from %s: %w", release, source, err), err.Error())
	}
	defer func() { _ = os.RemoveAll(stage) }()
	if err := openUp(programs); err != nil {
		return Binaries{}, err
	}
	if err := prove(ctx, programs, release, who, o); err != nil {
		return Binaries{}, fmt.Errorf("postgres %s from %s does not work here: %w", release, source, err)
	}
	if err := os.RemoveAll(kept); err != nil {
		return Binaries{}, err
	}
	if err := os.Rename(programs, kept); err != nil {
		return Binaries{}, err
	}
	return examine(ctx, filepath.Join(kept, "bin"), who)
}

// download lets the library fetch, check and unpack the archive into stage, and removes stage when that goes wrong.
//
// The library has no call for this alone: its Start fetches, unpacks, empties the data folder, makes a database and
// starts a server on a TCP port. We stop it after the unpacking, as root and as anyone else alike, by asking for a locale
// that does not exist: initdb refuses that before it does anything. The marker in the data folder tells how far Start
// came: it empties that folder only once everything is unpacked. Our own start, in prove, then shows what the programs
// are worth, under the user that will run them and on a private socket.
//
// The library takes no context. When ctx ends, it goes on behind our back and its folder is removed when it is done.
func download(ctx context.Context, stage, repository, release string) (string, error) {
	programs, data := filepath.Join(stage, "programs"), filepath.Join(stage, "data")
	marker := filepath.Join(data, "not-yet-unpacked")
	if err := errors.Join(os.Mkdir(data, 0o700), os.WriteFile(marker, nil, 0o600)); err != nil {
		return "", errors.Join(err, os.RemoveAll(stage))
	}
	config := embeddedpostgres.DefaultConfig()
	if repository != "" {
		config = config.BinaryRepositoryURL(repository)
	}
	library := embeddedpostgres.NewDatabase(config.
		Version(embeddedpostgres.PostgresVersion(release)).
		CachePath(filepath.Join(stage, "archive")).
		RuntimePath(filepath.Join(stage, "runtime")).
		BinariesPath(programs).
		DataPath(data).
		Port(0). // it insists on a free one, though it gets as far as listening nowhere
		Password(rand.Text()).
		Locale("no-such-locale").
		Logger(new(bytes.Buffer)))
	done := make(chan error, 1)
	go func() { done <- unpack(library, marker) }()
	select {
	case err := <-done:
		if err != nil {
			return "", errors.Join(err, os.RemoveAll(stage))
		}
		return programs, nil
	case <-ctx.Done():
		go func() {
			<-done
			_ = os.RemoveAll(stage)
		}()
		return "", context.Cause(ctx)
	}
}

// unpack lets the library do what download says. It is done once the marker is gone, whatever the library thinks of what
// came after.
func unpack(library *embeddedpostgres.EmbeddedPostgres, marker string) (err error) {
	defer func() {
		if p := recover(); p != nil { // the library panics when it cannot clean up after itself
			err = fmt.Errorf("unpacking: %v", p)
		}
	}()
	defer func() {
		if path := logOf(library); path != "" {
			_ = os.Remove(path)
		}
	}()
	err = library.Start()
	if err == nil {
		err = library.Stop() // some C libraries know every locale
	}
	if _, still := os.Stat(marker); os.IsNotExist(still) {
		return nil
	}
	return err
}

// logOf names the file that the library made in the temporary folder to collect what the programs say. It makes one at
// every start, whichever Logger it is given, and leaves it there. It tells nobody the name, and only the name tells our
// file from that of another process, which may still need its own; so the name is read where the library keeps it. Empty
// means that there is no such file, or that a release of the library keeps it elsewhere, which a test would notice.
func logOf(library *embeddedpostgres.EmbeddedPostgres) string {
	v := reflect.ValueOf(library)
	for _, field := range []string{"syncedLogger", "file", "name"} {
		if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
			return ""
		}
		if v = v.Elem().FieldByName(field); !v.IsValid() {
			return ""
		}
	}
	if v.Kind() != reflect.String || !strings.HasPrefix(filepath.Base(v.String()), "embedded_postgres_log") {
		return ""
	}
	return v.String()
}

// openUp lets everybody read and run the programs: as root somebody else will, and the unpacking went by our umask.
func openUp(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	return fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Type()&os.ModeSymlink != 0 {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		mode := os.FileMode(0o644)
		if d.IsDir() || info.Mode()&0o100 != 0 {
			mode = 0o755
		}
		return root.Chmod(path, mode)
	})
}

// prove makes and runs a server from the programs on a throw-away folder.
func prove(ctx context.Context, programs, release string, who account, o Options) error {
	b, err := examine(ctx, filepath.Join(programs, "bin"), who)
	if err != nil {
		return err
	}
	if major, _, _ := strings.Cut(release, "."); major != strconv.Itoa(b.Version) {
		return fmt.Errorf("the archive holds version %s", b.Release)
	}
	dir, err := os.MkdirTemp("", "hub-pg-proof-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.Chmod(dir, 0o711); err != nil {
		return err
	}
	s, err := Start(ctx, Options{Dir: dir, BinDir: b.Dir, User: o.User, Ephemeral: true})
	if err != nil {
		return err
	}
	return s.Stop()
}

// cacheDir makes the folder that fetched programs are kept in. The user that runs the server must reach it.
func cacheDir(o Options, who account) (string, error) {
	var choices []string
	if o.CacheDir != "" {
		choices = []string{o.CacheDir}
	} else {
		if who.other {
			choices = append(choices, "/var/cache/customerhub")
		} else if dir, err := os.UserCacheDir(); err == nil {
			choices = append(choices, filepath.Join(dir, "customerhub"))
		}
		choices = append(choices, filepath.Join(os.TempDir(), "customerhub-"+strconv.Itoa(os.Geteuid()), "cache"))
	}
	var problems []error
	for _, dir := range choices {
		dir, err := filepath.Abs(dir)
		if err == nil {
			err = usableBy(dir, who)
		}
		if err == nil {
			return dir, nil
		}
		problems = append(problems, err)
	}
	return "", fmt.Errorf("no folder to keep a fetched Postgres in: %w", errors.Join(problems...))
}

func usableBy(dir string, who account) error {
	if err := makeFolders(dir, 0o755, who); err != nil {
		return classified(dir, err, "")
	}
	// Programs are run from here: a folder in the temporary one that somebody else prepared is not trusted.
	if !ownedBy(dir, os.Geteuid()) || !ownedBy(filepath.Dir(dir), os.Geteuid()) && strings.HasPrefix(dir, os.TempDir()+string(filepath.Separator)+"customerhub-") {
		return &FolderError{Dir: dir, Reason: "it belongs to another user"}
	}
	return who.reaches(dir)
}
