//go:build unix

package inbound_test

import (
	"bufio"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"customerhub/internal/connector"
	"customerhub/internal/connector/connectortest"
	"customerhub/internal/hub"
	"customerhub/internal/inbound"
	"customerhub/internal/organisation"
	"customerhub/internal/pg"
	"customerhub/internal/reconcile"
	"customerhub/internal/secret"
	"customerhub/internal/system"
)

// mortal says to this program that it is a hub which is to be killed, and names its database; keysetOf is its keyset.
const (
	mortal   = "HUB_TEST_MORTAL"
	keysetOf = "HUB_TEST_KEYSET"
)

func TestMain(m *testing.M) {
	if database := os.Getenv(mortal); database != "" {
		die(database)
	}
	os.Exit(m.Run())
}

// die serves until a message was written, and kills itself before that is answered.
func die(database string) {
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	keyset, err := secret.Parse(os.Getenv(keysetOf))
	must(err)
	pool, err := pg.Open(context.Background(), database, pg.Options{MaxConns: 4})
	must(err)
	kind := connectortest.NewFake().Kind(system.Flex)
	kind.Receive = receive
	kinds := map[system.Kind]connector.Kind{system.Flex: kind}
	h := hub.New(pool, hub.Options{Keyset: keyset, Kinds: reconcile.Specs(kinds), Wake: func(hub.Topic, organisation.ID) {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL) // it is called between the commit and the answer
		select {}
	}})
	mux := http.NewServeMux()
	mux.Handle(inbound.Pattern, inbound.New(inbound.Options{Hub: h, Kinds: kinds, Log: slog.New(slog.DiscardHandler)}))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	_, _ = os.Stdout.WriteString("http://" + ln.Addr().String() + "\n")
	must(http.Serve(ln, mux))
}

func TestT19_KilledBetweenCommitAndAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	text, err := b.keyset.Text()
	b.must(err)
	program := exec.CommandContext(t.Context(), os.Args[0])
	program.Env = append(os.Environ(), mortal+"="+b.db.AppURL, keysetOf+"="+text)
	program.Stderr = os.Stderr
	out, err := program.StdoutPipe()
	b.must(err)
	b.must(program.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	b.must(err)

	b.put("2", "Renamed Oy")
	m := message{to: &replica{url: strings.TrimSpace(line)}, event: "once", records: []string{"2"}}
	if resp, err := http.DefaultClient.Do(b.request(m)); err == nil {
		_ = resp.Body.Close()
		t.Fatalf("it was answered %d", resp.StatusCode)
	}
	err = program.Wait()
	if ended, ok := errors.AsType[*exec.ExitError](err); !ok || ended.ExitCode() != -1 {
		t.Fatalf("the hub ended with %v and was not killed", err)
	}
	// What was written survives, and the sender's repetition, elsewhere, does nothing more.
	m.to = b.replicas[1]
	b.taken(m)
	if n := b.count(`SELECT count(*) FROM inbound_event`); n != 1 {
		t.Errorf("%d events", n)
	}
	if n := b.looks(); n != 1 || b.name("2") != "Renamed Oy" || b.replicas[1].woken.Load() != 0 {
		t.Errorf("%d looks, the name is %q", n, b.name("2"))
	}
}
