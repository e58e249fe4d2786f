//go:build unix

package embedpg

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestCrash(t *testing.T) {
	t.Parallel()

	t.Run("KilledProcessLeavesNoServerAndLosesNothing", func(t *testing.T) {
		t.Parallel()
		dir := tempDir(t)
		for round := 1; round <= 2; round++ {
			h := startHelper(t, dir)
			if err := h.cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = h.cmd.Wait()
			if runtime.GOOS == "linux" {
				// Elsewhere the next start stops it: see LeftoverServerIsStopped.
				awaitDeath(t, h.postgres)
			}
			o := quick(dir)
			o.Ephemeral = false
			s := start(t, o)
			if got := query[int](t, s.SuperURL("postgres"), "SELECT count(*) FROM kept"); got != round {
				t.Errorf("after kill %d there are %d rows", round, got)
			}
			stop(t, s)
		}
	})

	t.Run("NextStartNeedNotWaitForTheKilledOne", func(t *testing.T) {
		t.Parallel()
		dir := tempDir(t)
		h := startHelper(t, dir)
		if err := h.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = h.cmd.Wait()
		o := quick(dir) // while the old server may still be stopping
		o.Ephemeral = false
		s := start(t, o)
		if got := query[int](t, s.SuperURL("postgres"), "SELECT count(*) FROM kept"); got != 1 {
			t.Errorf("there are %d rows", got)
		}
	})

	t.Run("FolderOfARunningHubIsRefusedByName", func(t *testing.T) {
		t.Parallel()
		dir := tempDir(t)
		h := startHelper(t, dir)
		_, err := Start(t.Context(), quick(dir))
		wantError[*InUseError](t, err, "in use by process "+strconv.Itoa(h.cmd.Process.Pid))
	})

	t.Run("LeftoverServerIsStopped", func(t *testing.T) {
		t.Parallel()
		dir := tempDir(t)
		s := start(t, quick(dir))
		stop(t, s)
		// A server with nobody to end it, as a kernel without death signals leaves it.
		cmd := exec.Command(s.binaries.program("postgres"), "-D", s.folder.path(dataName),
			"-c", "listen_addresses=", "-c", "unix_socket_directories="+s.socketDir)
		cmd.SysProcAttr = s.account.attributes()
		cmd.Dir = s.folder.path(dataName)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		waitFor(t, func() bool { pid, state := s.folder.postmaster(); return pid == cmd.Process.Pid && state == "ready" })
		fresh := start(t, quick(dir))
		if got := query[int](t, fresh.SuperURL("postgres"), "SELECT 1"); got != 1 {
			t.Errorf("read %d", got)
		}
		if err := <-ended; err != nil {
			t.Errorf("the leftover did not stop in order: %v", err)
		}
	})

	t.Run("NoteWithAReusedNumberDoesNotBlock", func(t *testing.T) {
		t.Parallel()
		dir := tempDir(t)
		s := start(t, quick(dir))
		note, err := os.ReadFile(filepath.Join(s.folder.path(dataName), "postmaster.pid"))
		if err != nil {
			t.Fatal(err)
		}
		stop(t, s)
		// Some program of the server's user that has the old server's number by now.
		other := exec.Command("sleep", "60")
		other.SysProcAttr = s.account.attributes()
		other.Dir = "/"
		if err := other.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = other.Process.Kill(); _ = other.Wait() }()
		_, rest, _ := strings.Cut(string(note), "\n")
		path := filepath.Join(s.folder.path(dataName), "postmaster.pid")
		write(t, path, strconv.Itoa(other.Process.Pid)+"\n"+rest)
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.account.own(path); err != nil {
			t.Fatal(err)
		}
		fresh := start(t, quick(dir))
		if got := query[int](t, fresh.SuperURL("postgres"), "SELECT 1"); got != 1 {
			t.Errorf("read %d", got)
		}
		if !alive(other.Process.Pid) {
			t.Error("the other program was ended")
		}
	})

	t.Run("ServerThatDiesIsReported", func(t *testing.T) {
		t.Parallel()
		dir := tempDir(t)
		o := quick(dir)
		o.Ephemeral = false
		s := start(t, o)
		exec1(t, s.SuperURL("postgres"), "CREATE TABLE kept AS SELECT 7 AS id")
		if err := s.process.Signal(immediateStop); err != nil {
			t.Fatal(err)
		}
		<-s.Done()
		if err := s.Err(); err == nil || !strings.Contains(err.Error(), "ended unexpectedly") || !strings.Contains(err.Error(), "immediate shutdown") {
			t.Errorf("got %v", err)
		}
		s = start(t, o) // the folder is free
		if got := query[int](t, s.SuperURL("postgres"), "SELECT id FROM kept"); got != 7 {
			t.Errorf("read %d", got)
		}
	})

	t.Run("StuckServerIsEndedInTime", func(t *testing.T) {
		t.Parallel()
		o := quick(tempDir(t))
		o.StopTimeout = 50 * time.Millisecond
		s := start(t, o)
		if err := s.process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		stopped := make(chan error, 1)
		go func() { stopped <- s.Stop() }()
		// A stopped process takes no signal but the last one.
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("only root can mount a small disk, and only Linux has tmpfs")
	}

	t.Run("NoRoomForTheDataFolder", func(t *testing.T) {
		t.Parallel()
		dir := smallDisk(t, "12m")
		_, err := Start(t.Context(), quick(dir))
		wantError[*DiskFullError](t, err, "the disk is full", dir)
	})

	t.Run("NoRoomLeftAtTheNextStart", func(t *testing.T) {
		t.Parallel()
		dir := smallDisk(t, "90m")
		o := quick(filepath.Join(dir, "pg"))
		s := start(t, o)
		stop(t, s)
		ballast, err := os.Create(filepath.Join(dir, "ballast"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = ballast.Close() }()
		for chunk := make([]byte, 64<<10); ; {
			if _, err := ballast.Write(chunk); err != nil {
				break
			}
		}
		_, err = Start(t.Context(), o)
		wantError[*DiskFullError](t, err, "the disk is full")
		if err := ballast.Truncate(0); err != nil {
			t.Fatal(err)
		}
		s = start(t, o) // with room it works again
		stop(t, s)
	})
}

// smallDisk mounts a disk of that size for the test.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := tempDir(t)
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size+",mode=0755", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("this machine does not let root mount a small disk: %v %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", "-l", dir).Run() })
	return dir
}

func TestAccount(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Run("OrdinaryUserRunsTheServerAsItself", func(t *testing.T) {
			t.Parallel()
			if who := self(t); who.other || int(who.uid) != os.Geteuid() {
				t.Errorf("got %+v", who)
			}
			if _, err := serverAccount("root"); err == nil {
				t.Error("an ordinary user may name another account")
			}
		})
		return
	}

	t.Run("RootRunsTheServerUnderAnother", func(t *testing.T) {
		t.Parallel()
		s := start(t, quick(tempDir(t)))
		info, err := os.Stat(s.folder.path(dataName))
		if err != nil {
			t.Fatal(err)
		}
		if uid := info.Sys().(*syscall.Stat_t).Uid; uid == 0 || uid != s.account.uid {
			t.Errorf("the data belongs to user %d", uid)
		}
	})

	t.Run("FolderClosedToTheServersUserIsRefusedWithTheReason", func(t *testing.T) {
		t.Parallel()
		closed := filepath.Join(tempDir(t), "closed")
		if err := os.Mkdir(closed, 0o700); err != nil {
			t.Fatal(err)
		}
		_, err := Start(t.Context(), quick(filepath.Join(closed, "pg")))
		wantError[*FolderError](t, err, "may not enter "+closed, "refuses root")
	})

	t.Run("StrictUmaskDoesNotShutTheServerOut", func(t *testing.T) {
		t.Parallel()
		startHelper(t, filepath.Join(tempDir(t), "new", "pg"), "/bin/sh", "-c", `umask 077; exec "$0"`)
	})

	t.Run("DataOfAnotherUserIsRefused", func(t *testing.T) {
		t.Parallel()
		dir := tempDir(t)
		s := start(t, quick(dir))
		stop(t, s)
		if err := os.Chown(s.folder.path(dataName), int(s.account.uid)+1, 0); err != nil {
			t.Fatal(err)
		}
		_, err := Start(t.Context(), quick(dir))
		wantError[*FolderError](t, err, "belongs to another user than "+s.account.name)
	})

	t.Run("UnknownUserIsRefused", func(t *testing.T) {
		t.Parallel()
		o := quick(tempDir(t))
		o.User = "no-such-user"
		if _, err := Start(t.Context(), o); err == nil || !strings.Contains(err.Error(), "no-such-user") {
			t.Errorf("got %v", err)
		}
	})
}

// TestOrdinaryUser runs this package's tests once more as nobody, from a program and with an environment as bare as that
// user's.
func TestOrdinaryUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("the other tests run as an ordinary user already")
	}
	who, err := serverAccount("nobody")
	if err != nil {
		t.Skipf("this machine has no user to run as: %v", err)
	}
	dir := tempDir(t)
	program := filepath.Join(dir, "embedpg.test")
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(own)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, text, 0o755); err != nil {
		t.Fatal(err)
	}
	temporary := filepath.Join(dir, "tmp")
	if err := os.Mkdir(temporary, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := who.own(temporary); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "-test.count=1", "-test.timeout=2m", "-test.v", "-test.run", "^(TestServer|TestFolder|TestCrash|TestAccount|TestDefaultDir|TestFind)$|^TestFetch$/^ArchiveBecomesARunningServerAndIsKept$")
	cmd.Dir = temporary
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + temporary} // no HOME
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: who.uid, Gid: who.gid}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, ran := range []string{"--- PASS: TestServer/RestartKeepsData", "--- PASS: TestAccount/OrdinaryUserRunsTheServerAsItself", "--- PASS: TestFetch/ArchiveBecomes"} {
		if !strings.Contains(string(out), ran) {
			t.Errorf("the run as nobody lacks %q", ran)
		}
	}
}

func TestDefaultDir(t *testing.T) {
	// Not parallel: it sets the environment.
	temporary := tempDir(t)
	t.Setenv("TMPDIR", temporary)
	if os.Geteuid() == 0 {
		who := self(t)
		closed := filepath.Join(temporary, "closed")
		if err := os.Mkdir(closed, 0o700); err != nil {
			t.Fatal(err)
		}
		t.Setenv("TMPDIR", closed)
		if err := Reachable(closed); err == nil {
			t.Errorf("%s may enter %s", who.name, closed)
		}
		return
	}
	who := self(t)
	var said strings.Builder
	log := slog.New(slog.NewTextHandler(&said, nil))

	home := filepath.Join(temporary, "home")
	t.Setenv("XDG_DATA_HOME", "")
	t.Setenv("HOME", home)
	dir, err := defaultDir(who, log)
	if want := filepath.Join(home, ".local/share/customerhub/postgres"); err != nil || dir != want || said.Len() > 0 {
		t.Errorf("with a home: %s %v, said %q", dir, err, &said)
	}
	t.Setenv("XDG_DATA_HOME", filepath.Join(home, "data"))
	dir, err = defaultDir(who, log)
	if want := filepath.Join(home, "data/customerhub/postgres"); err != nil || dir != want {
		t.Errorf("with a data folder: %s %v", dir, err)
	}
	t.Setenv("XDG_DATA_HOME", "")
	t.Setenv("HOME", "")
	dir, err = defaultDir(who, log)
	if err != nil || !strings.HasPrefix(dir, temporary) || !strings.Contains(said.String(), "temporary folder") {
		t.Errorf("without a home: %s %v, said %q", dir, err, &said)
	}
	t.Setenv("HOME", "/proc/nowhere")
	dir, err = defaultDir(who, log)
	if err != nil || !strings.HasPrefix(dir, temporary) {
		t.Errorf("with an unwritable home: %s %v", dir, err)
	}
}

func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-limit.C:
			t.Fatal("waited in vain")
		}
	}
}
