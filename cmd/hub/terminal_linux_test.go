package main_test

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"customerhub/internal/pgtest"
	"customerhub/internal/sandbox/netvisor"
)

// terminal opens a pseudo-terminal: what is written to the second end can be read from the first.
func terminal(t *testing.T) (reader, tty *os.File) {
	t.Helper()
	reader, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("this machine gives no pseudo-terminals: %v", err)
	}
	t.Cleanup(func() { reader.Close() })
	if err := unix.IoctlSetPointerInt(int(reader.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(reader.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(reader.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 25, Col: 100}); err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("this machine gives no pseudo-terminals: %v", err)
	}
	return reader, tty
}

func TestSyncShowsABarOnATerminal(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	env := []string{"HUB_DATABASE_URL=" + db.AppURL, newKeyset(t)}
	// The calls take their time, so that there is something to see.
	c := newCompany(t, netvisor.Options{Customers: 250, Seed: 5, Latency: 150 * time.Millisecond})
	s := serve(t, env)
	must(t, env, "organisation", "create", "Esimerkki Oy")
	key := must(t, env, "key", "create", "test", "--scope", "admin")
	a := api{t, s.url, key}
	connect(a, c)
	eventually(t, "the import", func() bool { return a.total() == 250 })
	s.stopped()

	reader, tty := terminal(t)
	var seen bytes.Buffer
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = seen.ReadFrom(reader) // ends with an error when the last writer is gone
	}()
	p := startOn(t, tty, env, "sync", "--full")
	tty.Close()
	if code := p.ends(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	<-read
	for _, words := range []string{"customers ", "/ 250", "100 %", "251 customers: 0 new, 0 changed, 250 unchanged"} {
		if !strings.Contains(seen.String(), words) {
			t.Errorf("does not show %q:\n%q", words, seen.String())
		}
	}
}
