package embedpg

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Binaries are the programs of one Postgres installation.
type Binaries struct {
	// Dir holds postgres, initdb and pg_ctl.
	Dir string
	// Version is the major version, Release the whole number, such as 15.13.
	Version int
	Release string
}

func (b Binaries) program(name string) string { return filepath.Join(b.Dir, name) }

// Find looks for a usable Postgres: in o.BinDir alone when that is set; else on the PATH, where pg_config points, in the
// folders of distributions and of Homebrew, newest first; else it fetches one. Usable means at least MinVersion, whole,
// and reachable by the user that the server will run under. Without one the error is a *NotFoundError.
func Find(ctx context.Context, o Options) (Binaries, error) {
	who, err := serverAccount(o.User)
	if err != nil {
		return Binaries{}, err
	}
	return find(ctx, o, who)
}

func find(ctx context.Context, o Options, who account) (Binaries, error) {
	if o.BinDir != "" {
		b, err := examine(ctx, o.BinDir, who)
		if err != nil {
			return Binaries{}, fmt.Errorf("no usable Postgres in %s: %w", o.BinDir, err)
		}
		return b, nil
	}
	missing := &NotFoundError{}
	for _, dir := range candidates(ctx) {
		b, err := examine(ctx, dir, who)
		if err == nil {
			return b, nil
		}
		if ctx.Err() != nil {
			return Binaries{}, context.Cause(ctx)
		}
		missing.Tried = append(missing.Tried, fmt.Sprintf("%s: %v", dir, err))
	}
	if o.FetchURL == NoFetch {
		return Binaries{}, missing
	}
	b, err := fetch(ctx, o, who)
	if err != nil {
		if ctx.Err() != nil {
			return Binaries{}, context.Cause(ctx)
		}
		missing.Err = err
		return Binaries{}, missing
	}
	return b, nil
}

// candidates are the folders worth a look, in order, each once.
func candidates(ctx context.Context) []string {
	var dirs []string
	add := func(dir string) {
		if dir != "" && !slices.Contains(dirs, dir) {
			if info, err := os.Stat(dir); err == nil && info.IsDir() {
				dirs = append(dirs, dir)
			}
		}
	}
	for _, name := range []string{"postgres", "initdb"} {
		if path, err := exec.LookPath(name); err == nil {
			// A link in /usr/local/bin says nothing about the installation; the place it points to does.
			if real, err := filepath.EvalSymlinks(path); err == nil {
				path = real
			}
			if abs, err := filepath.Abs(path); err == nil {
				add(filepath.Dir(abs))
			}
		}
	}
	if path, err := exec.LookPath("pg_config"); err == nil {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		if out, err := exec.CommandContext(ctx, path, "--bindir").Output(); err == nil {
			add(strings.TrimSpace(string(out)))
		}
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",
		"/usr/pgsql-*/bin",
		"/usr/lib/postgresql*/bin",
		"/usr/libexec/postgresql*",
		"/usr/local/pgsql/bin",
		"/opt/homebrew/opt/postgresql*/bin",
		"/usr/local/opt/postgresql*/bin",
		"/Applications/Postgres.app/Contents/Versions/*/bin",
	} {
		found, _ := filepath.Glob(pattern)
		slices.SortStableFunc(found, func(a, b string) int { return cmp.Compare(numberIn(b), numberIn(a)) })
		for _, dir := range found {
			add(dir)
		}
	}
	return dirs
}

var digits = regexp.MustCompile(`[0-9]+`)

// numberIn is the last number in a path, so that 16 sorts before 9.
func numberIn(path string) int {
	all := digits.FindAllString(path, -1)
	if len(all) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(all[len(all)-1])
	return n
}

var releaseNumber = regexp.MustCompile(`\) ([0-9]+)([0-9.a-z]*)`)

// examine proves that dir holds a whole installation which the account may use. initdb --show finds the postgres of its
// own version beside it and tells where it looks for its share files, without making anything.
func examine(ctx context.Context, dir string, who account) (Binaries, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Binaries{}, err
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	b := Binaries{Dir: dir}
	for _, name := range []string{"postgres", "initdb", "pg_ctl"} {
		if info, err := os.Stat(b.program(exe(name))); err != nil || info.IsDir() {
			return Binaries{}, fmt.Errorf("it has no %s", name)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	out, err := runAs(ctx, who, b.program(exe("postgres")), "--version")
	if err != nil {
		return Binaries{}, fmt.Errorf("its postgres does not run%s: %w%s", who.asUser(), err, quoted(out))
	}
	m := releaseNumber.FindStringSubmatch(out)
	if m == nil {
		return Binaries{}, fmt.Errorf("its postgres does not tell a version, but %q", strings.TrimSpace(out))
	}
	b.Version, _ = strconv.Atoi(m[1])
	b.Release = m[1] + m[2]
	if b.Version < MinVersion {
		return Binaries{}, fmt.Errorf("it is version %s, too old", b.Release)
	}
	out, err = runAs(ctx, who, b.program(exe("initdb")), "--show", "-D", filepath.Join(os.TempDir(), "hub-pg-never-made"))
	if err != nil {
		return Binaries{}, fmt.Errorf("its initdb does not work%s: %w%s", who.asUser(), err, quoted(out))
	}
	for line := range strings.Lines(out) {
		if share, ok := strings.CutPrefix(strings.TrimSpace(line), "share_path="); ok {
			if _, err := os.Stat(filepath.Join(share, "postgres.bki")); err != nil {
				return Binaries{}, fmt.Errorf("its share files are missing from %s", share)
			}
			return b, nil
		}
	}
	return Binaries{}, fmt.Errorf("its initdb does not tell where its share files are%s", quoted(out))
}

func exe(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".exe"
	}
	return name
}

// runAs runs a short program under the account and returns all it printed.
func runAs(ctx context.Context, who account, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = serverEnv(who)
	cmd.Dir = string(filepath.Separator)
	cmd.SysProcAttr = who.attributes()
	cmd.WaitDelay = time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

// serverEnv is what Postgres's programs see of our environment: enough to run, nothing that changes what they do, and
// untranslated messages.
func serverEnv(who account) []string {
	env := []string{"LC_ALL=C", "LANG=C", "TZ=UTC", "PATH=" + os.Getenv("PATH")}
	for _, name := range []string{"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	if who.home != "" {
		env = append(env, "HOME="+who.home)
	}
	return env
}

// quoted is the end of a program's output for an error message.
func quoted(out string) string {
	lines := slices.Collect(strings.Lines(strings.TrimSpace(out)))
	const most = 10
	lines = lines[max(0, len(lines)-most):]
	if len(lines) == 0 {
		return ""
	}
	return ": " + strings.Join(lines, "")
}
