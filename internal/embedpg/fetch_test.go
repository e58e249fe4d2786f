//go:build unix

package embedpg

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// repository serves one archive the way the real repository does: under the path of any platform, with its checksum.
type repository struct {
	archive  []byte
	checksum string // empty means none is offered
	asked    atomic.Int64
	hold     <-chan struct{} // closed when answers may go out; nil means at once
}

func (r *repository) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if r.hold != nil {
		select {
		case <-r.hold:
		case <-req.Context().Done():
		}
	}
	switch {
	case strings.HasSuffix(req.URL.Path, ".jar") && r.archive != nil:
		r.asked.Add(1)
		_, _ = w.Write(r.archive)
	case strings.HasSuffix(req.URL.Path, ".jar.sha256") && r.checksum != "":
		_, _ = w.Write([]byte(r.checksum))
	default:
		http.NotFound(w, req)
	}
}

func checksumOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// goodArchive packs the machine's own Postgres the way releases are packed: a .txz inside a .jar.
func goodArchive(t *testing.T, b Binaries) []byte {
	t.Helper()
	stage := tempDir(t)
	if err := os.Mkdir(filepath.Join(stage, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"postgres", "initdb", "pg_ctl"} {
		text, err := os.ReadFile(b.program(name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(stage, "bin", name), text, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	libraries, err := filepath.Glob(filepath.Join(filepath.Dir(b.Dir), "lib", "*.so"))
	if err != nil {
		t.Fatal(err)
	}
	if len(libraries) == 0 {
		t.Skip("this machine's Postgres keeps its libraries where an archive would not have them")
	}
	for _, path := range libraries {
		if name := filepath.Base(path); name != "dict_snowball.so" && name != "plpgsql.so" {
			continue // the archive stays small
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(stage, "lib", filepath.Base(path)), string(text))
	}
	// Outside its place, a distribution's Postgres looks for its share files where it was built for.
	if _, err := examine(t.Context(), filepath.Join(stage, "bin"), self(t)); err != nil {
		t.Skipf("this machine's Postgres cannot be moved into an archive: %v", err)
	}
	return jar(t, stage)
}

// jar packs the folder.
func jar(t *testing.T, dir string) []byte {
	t.Helper()
	if _, err := exec.LookPath("xz"); err != nil {
		t.Skip("no xz on this machine to pack an archive with; the library only unpacks")
	}
	txz := filepath.Join(t.TempDir(), "postgres.txz")
	cmd := exec.Command("tar", "-cJf", txz, "-C", dir, "bin", "lib")
	cmd.Env = append(os.Environ(), "XZ_OPT=-0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("packing: %v %s", err, out)
	}
	text, err := os.ReadFile(txz)
	if err != nil {
		t.Fatal(err)
	}
	return zipped(t, text)
}

func zipped(t *testing.T, txz []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	w, err := z.CreateHeader(&zip.FileHeader{Name: "postgres-any.txz", Method: zip.Store})
	if err == nil {
		_, err = w.Write(txz)
	}
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestFetch(t *testing.T) {
	t.Parallel()
	local := installed(t)
	release := local.Release + ".0"
	good := goodArchive(t, local)
	who := self(t)

	setup := func(t *testing.T, r *repository) (Options, string) {
		t.Helper()
		web := httptest.NewServer(r)
		t.Cleanup(web.Close)
		cache := filepath.Join(tempDir(t), "cache")
		return Options{FetchURL: web.URL + "/", FetchVersion: release, CacheDir: cache}, cache
	}

	t.Run("ArchiveBecomesARunningServerAndIsKept", func(t *testing.T) {
		t.Parallel()
		r := &repository{archive: good, checksum: checksumOf(good)}
		o, cache := setup(t, r)
		b, err := fetch(t.Context(), o, who)
		if err != nil {
			t.Fatal(err)
		}
		if want := filepath.Join(cache, "postgres-"+release, "bin"); b.Dir != want || b.Version != local.Version {
			t.Errorf("got %+v, want it in %s", b, want)
		}
		run := quick(tempDir(t))
		run.BinDir = b.Dir
		s := start(t, run)
		if got := query[int](t, s.SuperURL("postgres"), "SELECT 1"); got != 1 {
			t.Errorf("read %d", got)
		}
		if again, err := fetch(t.Context(), o, who); err != nil || again != b {
			t.Errorf("the second time: %+v, %v", again, err)
		}
		if n := r.asked.Load(); n != 1 {
			t.Errorf("asked %d times", n)
		}
		wantOnly(t, cache, "lock", "postgres-"+release)
	})

	t.Run("ConcurrentFetchesAskOnce", func(t *testing.T) {
		t.Parallel()
		r := &repository{archive: good, checksum: checksumOf(good)}
		o, _ := setup(t, r)
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				if _, err := fetch(t.Context(), o, who); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := r.asked.Load(); n != 1 {
			t.Errorf("asked %d times", n)
		}
	})

	cut := zipped(t, []byte("\xfd7zXZ\x00 this is no archive"))
	for name, c := range map[string]struct {
		archive  []byte
		checksum string
		release  string
		want     string
	}{
		"WrongChecksumIsRefused":      {archive: good, checksum: checksumOf([]byte("another")), want: "checksums do not match"},
		"CutArchiveIsRefused":         {archive: good[:len(good)/2], want: "zip"},
		"ArchiveThatIsNoneIsRefused":  {archive: []byte("<html>welcome</html>"), want: "zip"},
		"DamagedContentIsRefused":     {archive: cut, checksum: checksumOf(cut), want: "unpack|extract"},
		"FlippedByteIsRefused":        {archive: flipped(good), want: "checksum|extract|crc|unpack"},
		"MissingReleaseIsTold":        {archive: nil, want: "no version found matching"},
		"OtherVersionInsideIsRefused": {archive: good, release: "99.1.0", want: "the archive holds version " + local.Release},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, cache := setup(t, &repository{archive: c.archive, checksum: c.checksum})
			if c.release != "" {
				o.FetchVersion = c.release
			}
			_, err := fetch(t.Context(), o, who)
			if err == nil || !containsAny(err.Error(), strings.Split(c.want, "|")) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			wantOnly(t, cache, "lock")
		})
	}

	t.Run("UnreachableRepositoryIsTold", func(t *testing.T) {
		t.Parallel()
		o, cache := setup(t, &repository{})
		o.FetchURL = "http://127.0.0.1:1"
		if _, err := fetch(t.Context(), o, who); err == nil || !strings.Contains(err.Error(), "unable to connect to http://127.0.0.1:1") {
			t.Fatalf("got %v", err)
		}
		wantOnly(t, cache, "lock")
	})

	t.Run("CancellingDoesNotWaitForASlowRepository", func(t *testing.T) {
		t.Parallel()
		hold := make(chan struct{})
		r := &repository{archive: good, hold: hold}
		o, cache := setup(t, r)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if _, err := fetch(ctx, o, who); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		close(hold)
		waitFor(t, func() bool { // what the library still does is cleaned up behind it
			entries, err := os.ReadDir(cache)
			return err == nil && len(entries) == 1
		})
	})
}

// Not parallel: the temporary folder is the process's, and other fetches would be seen in it.
func TestFetchLeavesNothingInTheTemporaryFolder(t *testing.T) {
	programs := tempDir(t)
	write(t, filepath.Join(programs, "bin", "initdb"), "no program")
	write(t, filepath.Join(programs, "lib", "plpgsql.so"), "no library")
	good := jar(t, programs)
	for name, c := range map[string]struct {
		archive []byte
		works   bool
	}{
		"UnpackedArchive":   {archive: good, works: true},
		"BrokenArchive":     {archive: []byte("<html>welcome</html>")},
		"NothingToDownload": {},
	} {
		t.Run(name, func(t *testing.T) {
			web := httptest.NewServer(&repository{archive: c.archive, checksum: checksumOf(c.archive)})
			t.Cleanup(web.Close)
			stage, temporary := tempDir(t), t.TempDir()
			t.Setenv("TMPDIR", temporary)
			if _, err := download(t.Context(), stage, web.URL, FetchVersion); (err == nil) != c.works {
				t.Errorf("got %v", err)
			}
			wantOnly(t, temporary)
		})
	}
}

// flipped is the archive with one byte of its content changed.
func flipped(archive []byte) []byte {
	damaged := bytes.Clone(archive)
	damaged[len(damaged)/2] ^= 0x40
	return damaged
}

func containsAny(s string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(strings.ToLower(s), part) || strings.Contains(s, part) {
			return true
		}
	}
	return false
}

func wantOnly(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(names, " ") {
		t.Errorf("%s holds %v, want %v", dir, got, names)
	}
}
