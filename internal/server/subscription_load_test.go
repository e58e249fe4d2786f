package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/feed"
	"customerhub/internal/server"
	"customerhub/internal/store"
)

// append commits changes of the first seeded customer, each with a text of that size, and numbers them.
func (b *bundle) append(n, size int) {
	b.t.Helper()
	changes := make([]change.Change, n)
	for i := range changes {
		changes[i] = change.Change{
			Kind: change.CustomerUpdated, CustomerID: customer.ID(uuid(2, 1)), Actor: change.Actor{Kind: change.ActorHub, Name: "hub"},
			Fields: []customer.FieldChange{{Field: customer.FieldName, After: strings.Repeat("x", size)}},
		}
	}
	b.inOrganisation(b.org.ID, func(ctx context.Context, tx pgx.Tx) error { return store.AppendChanges(ctx, tx, changes) })
	b.number()
}

// nextEvent reads the next event of a stream; ok is false at its end.
func nextEvent(t *testing.T, r *bufio.Reader) (e changeEvent, ok bool) {
	t.Helper()
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return e, false
		}
		if strings.HasPrefix(line, "event: complete") {
			return e, false
		}
		data, is := strings.CutPrefix(line, "data: ")
		if !is || strings.TrimSpace(data) == "" {
			continue
		}
		var got struct {
			Data   struct{ CustomerChanged changeEvent }
			Errors []any
		}
		if err := json.Unmarshal([]byte(data), &got); err != nil || got.Errors != nil {
			t.Errorf("%v: %.300s", err, data)
			return e, false
		}
		return got.Data.CustomerChanged, true
	}
}

func followFrom(cursor string) string {
	after := ""
	if cursor != "" {
		after = `(after: \"` + cursor + `\")`
	}
	return `{"query":"subscription { customerChanged` + after + ` { __typename ... on CustomerChange { change { sequence cursor fields { after } } } ... on Lagged { missed cursor } ... on SnapshotRequired { cursor } ... on Heartbeat { cursor } } }"}`
}

// TestT41_AThousandReconnects follows with a client that breaks off again and again, in the middle of whatever comes, and goes
// on from its last cursor: it gets the log in its order, nothing twice, and leaves nothing behind.
func TestT41_AThousandReconnects(t *testing.T) {
	const reconnects, changes = 1000, 600
	b := setup(t) // not parallel: it counts goroutines
	b.seed(b.org.ID, 1)
	cursor := b.do(`{ changes(first: 1) { endCursor } }`, nil).text("changes", "endCursor")
	r, resp := b.stream(t, followFrom(cursor))
	_, _ = r, resp.Body.Close()
	before := settled(runtime.NumGoroutine(), 0)

	var written atomic.Bool
	var writer sync.WaitGroup
	writer.Go(func() {
		defer written.Store(true)
		for range changes / 4 {
			b.append(4, 10)
			<-time.After(2 * time.Millisecond)
		}
	})
	random := rand.New(rand.NewPCG(4, 1))
	want, connections := 2, 0
	for want <= changes+1 || connections < reconnects {
		connections++
		ctx, leave := context.WithCancel(t.Context())
		stream, resp := b.streamIn(ctx, t, followFrom(cursor))
		for range random.IntN(4) {
			if want > changes+1 {
				break // there is nothing left to wait for
			}
			e, ok := nextEvent(t, stream)
			if !ok || e.Typename != "CustomerChange" || e.Change.Sequence != want {
				t.Fatalf("connection %d: got %+v (%v), want change %d", connections, e, ok, want)
			}
			cursor, want = e.Change.Cursor, want+1
		}
		leave() // sometimes before anything came
		_ = resp.Body.Close()
		if connections > 20*reconnects {
			t.Fatalf("stuck at change %d", want)
		}
	}
	writer.Wait()
	if !written.Load() {
		t.Fatal("the writer did not end")
	}
	t.Logf("%d connections, %d changes", connections, want-2)
	if after := settled(before, 10); after > before+10 {
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines, %d before:\n%s", after, before, stacks[:runtime.Stack(stacks, true)])
	}
	busy := b.pool.Stat().AcquiredConns()
	for range 100 {
		if busy == 0 {
			break
		}
		<-time.After(20 * time.Millisecond)
		busy = b.pool.Stat().AcquiredConns()
	}
	if busy != 0 {
		t.Errorf("%d connections to the database are still held", busy)
	}
}

// TestT41_ASlowReaderIsToldAndNobodyWaitsForIt follows with one who reads everything and with one who stops reading in the
// middle: the log moves on, the first gets all of it, and the second is told that it lags, where to go on, and is let go.
func TestT41_ASlowReaderIsToldAndNobodyWaitsForIt(t *testing.T) {
	t.Parallel()
	const changes, size = 2500, 5_000 // more than the buffers between the two take
	// The slow one is let go for what it lags behind, and not for how long a busy machine takes over the fast one.
	b := setupFeed(t, feed.Options{Heartbeat: time.Hour, Buffer: 50, Poll: 100 * time.Millisecond},
		options(func(o *server.Options) { o.Times.Write = time.Hour }))
	b.seed(b.org.ID, 1)
	slow := b.throughANarrowPipe(t, followFrom(""))
	fast, _ := b.stream(t, followFrom(""))
	for _, r := range []*bufio.Reader{slow, fast} {
		if e, ok := nextEvent(t, r); !ok || e.Typename != "Heartbeat" {
			t.Fatalf("got %+v", e)
		}
	}
	const batch = 25 // half of what may come before a reader takes it, so that the fast one never lags on a busy machine either
	for want := 2; want <= changes+1; want++ {
		if (want-2)%batch == 0 {
			b.append(batch, size)
		}
		if e, ok := nextEvent(t, fast); !ok || e.Change.Sequence != want {
			t.Fatalf("the fast reader: got %+v (%v), want change %d", e.Typename, ok, want)
		}
	}
	t.Log("the fast reader has everything, while the slow one has read nothing")

	var last changeEvent
	seen := 1
	for {
		e, ok := nextEvent(t, slow)
		if !ok {
			break
		}
		if last = e; e.Typename == "CustomerChange" {
			if seen++; e.Change.Sequence != seen {
				t.Fatalf("the slow reader: got change %d, want %d", e.Change.Sequence, seen)
			}
		}
	}
	if last.Typename != "Lagged" || last.Missed <= 0 || seen+last.Missed > changes+1 {
		t.Fatalf("after change %d the stream ended with %+v", seen, last)
	}
	t.Logf("the slow reader was told after change %d that it missed %d", seen, last.Missed)
	again, _ := b.stream(t, followFrom(last.Cursor))
	for seen++; seen <= changes+1; seen++ {
		if e, ok := nextEvent(t, again); !ok || e.Change.Sequence != seen {
			t.Fatalf("going on: got %+v (%v), want change %d", e.Typename, ok, seen)
		}
	}
}

// throughANarrowPipe is a stream that the operating system does not read ahead for.
func (b *bundle) throughANarrowPipe(t *testing.T, body string) *bufio.Reader {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err == nil {
			err = conn.(*net.TCPConn).SetReadBuffer(256 << 10)
		}
		return conn, err
	}}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+"/graphql", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("Authorization", "Bearer "+b.key.Reveal())
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return bufio.NewReader(resp.Body)
}

// TestT41_OneVersionTwoWriters has two writers who hold one version: who touches the same field is refused with the version
// that there is, and who touches another one is not.
func TestT41_OneVersionTwoWriters(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 1)
	id := globalID("Customer", uuid(2, 1))
	write := func(key string, patch vars) answer {
		t.Helper()
		return b.do(`mutation($i: UpdateCustomerInput!) { r: updateCustomer(input: $i) { customer { version } userErrors { code details { currentVersion changedFields } } } }`,
			vars{"i": vars{"id": id, "expectedVersion": 1, "idempotencyKey": key, "patch": patch}})
	}
	if a := write("one", vars{"email": "yksi@example.test"}); a.len("r", "userErrors") != 0 {
		t.Fatal(a.raw)
	}
	second := write("two", vars{"email": "kaksi@example.test"})
	if second.text("r", "userErrors", 0, "code") != "STALE_VERSION" || fmt.Sprint(second.at("r", "userErrors", 0, "details", "currentVersion")) != "2" {
		t.Error(second.raw)
	}
	if a := write("three", vars{"nameExtension": "Osasto"}); a.len("r", "userErrors") != 0 {
		t.Errorf("another field: %s", a.raw)
	}
	if a, again := write("one", vars{"email": "yksi@example.test"}), write("one", vars{"email": "kolme@example.test"}); a.len("r", "userErrors") != 0 ||
		again.text("r", "userErrors", 0, "code") != "IDEMPOTENCY_KEY_REUSED" {
		t.Errorf("%s\n%s", a.raw, again.raw)
	}
}
