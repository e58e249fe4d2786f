package inbound_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"customerhub/internal/auth"
	"customerhub/internal/change"
	"customerhub/internal/connector"
	"customerhub/internal/connector/connectortest"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/hub"
	"customerhub/internal/inbound"
	"customerhub/internal/organisation"
	"customerhub/internal/pg"
	"customerhub/internal/pgtest"
	"customerhub/internal/reconcile"
	"customerhub/internal/secret"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// window is how old a message may be, as the contracts have it.
const window = 5 * time.Minute

// event is what the fake system sends.
type event struct {
	Records []string `json:"records"`
	Note    string   `json:"note,omitempty"`
}

// receive is Kind.Receive of the fake system: signed as the contracts of Flex and KYC have it.
func receive(d connector.Delivery, secret string, now time.Time) (connector.Received, error) {
	at := d.Header.Get("X-Fake-Timestamp")
	given, _ := hex.DecodeString(d.Header.Get("X-Fake-Signature"))
	if !hmac.Equal(given, mac(secret, at, d.Body)) {
		return connector.Received{}, fault.New(fault.Unauthenticated, "The signature does not fit.")
	}
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > window {
		return connector.Received{}, fault.Because(fault.Unauthenticated, connector.TooOld, "It is too old.")
	}
	var e event
	if err := json.Unmarshal(d.Body, &e); err != nil {
		return connector.Received{}, fault.New(fault.Invalid, "It cannot be understood.")
	}
	return connector.Received{EventID: d.Header.Get("X-Fake-Event"), Records: e.Records}, nil
}

func mac(secret, at string, body []byte) []byte {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(at + "."))
	m.Write(body)
	return m.Sum(nil)
}

// bundle is a running system that sends messages, and two hubs over one database that take them.
type bundle struct {
	*testing.T
	db       *pgtest.DB
	fake     *connectortest.Fake
	kinds    map[system.Kind]connector.Kind
	keyset   *secret.Keyset
	hub      *hub.Hub // the first replica's
	replicas []*replica
	worker   *reconcile.Worker
	viewer   auth.Viewer
	system   system.ID
	path     string
	secret   string
	log      *lockedBuffer
	// verified counts how often a message was held against a secret.
	verified atomic.Int64
}

type replica struct {
	hub      *hub.Hub
	receiver *inbound.Receiver
	url      string
	pool     *pgxpool.Pool
	woken    atomic.Int64
	tracer   counter
}

// counter counts the statements of a pool.
type counter struct{ n atomic.Int64 }

// TraceQueryStart implements pgx.QueryTracer.
func (c *counter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.n.Add(1)
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (c *counter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String is everything that was logged.
func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// setup gives a system with records 1 to 3 that came in, and an address for its messages.
func setup(t *testing.T, adjusts ...func(*inbound.Options)) *bundle {
	t.Helper()
	keyset, err := secret.Generate()
	if err != nil {
		t.Fatal(err)
	}
	b := &bundle{T: t, db: pgtest.New(t), fake: connectortest.NewFake(), keyset: keyset, log: &lockedBuffer{}}
	kind := b.fake.Kind(system.Flex)
	kind.Credentials = []connector.Setting{{Name: "key", Title: "Key", Secret: true}}
	kind.Receive = func(d connector.Delivery, secret string, now time.Time) (connector.Received, error) {
		b.verified.Add(1)
		return receive(d, secret, now)
	}
	silent := connectortest.NewFake().Kind(system.Netvisor) // it sends nothing
	b.kinds = map[system.Kind]connector.Kind{system.Flex: kind, system.Netvisor: silent}
	for range 2 {
		b.replicas = append(b.replicas, b.replica(adjusts...))
	}
	b.hub = b.replicas[0].hub
	b.worker = reconcile.NewWorker(b.hub, b.db.App, reconcile.Options{Kinds: b.kinds, Client: http.DefaultClient, Workers: 1, Poll: 50 * time.Millisecond})
	for i := 1; i <= 3; i++ {
		b.put(strconv.Itoa(i), "Customer "+strconv.Itoa(i))
	}
	b.viewer, b.system = b.start("Esimerkki Oy")
	_, b.secret, err = b.hub.CreateInboundEndpoint(t.Context(), b.viewer, b.system, "")
	b.must(err)
	b.path = b.inbound().Path
	return b
}

// replica is one more hub over the database.
func (b *bundle) replica(adjusts ...func(*inbound.Options)) *replica {
	b.Helper()
	r := &replica{}
	pool, err := pg.Open(b.Context(), b.db.AppURL, pg.Options{MaxConns: 8, Tracer: &r.tracer})
	b.must(err)
	r.pool = pool
	log := slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	r.hub = hub.New(pool, hub.Options{
		Log: log, Keyset: b.keyset, Kinds: reconcile.Specs(b.kinds),
		Wake: func(topic hub.Topic, _ organisation.ID) {
			if topic == hub.TopicChanges {
				r.woken.Add(1)
			}
		},
	})
	o := inbound.Options{Hub: r.hub, Kinds: b.kinds, Log: log}
	for _, adjust := range adjusts {
		adjust(&o)
	}
	r.receiver = inbound.New(o)
	mux := http.NewServeMux()
	mux.Handle(inbound.Pattern, r.receiver)
	listening := httptest.NewServer(mux)
	r.url = listening.URL
	b.Cleanup(func() {
		listening.Close()
		r.receiver.Close()
		pool.Close()
	})
	return r
}

// start makes an organisation whose system has been imported.
func (b *bundle) start(name string) (auth.Viewer, system.ID) {
	b.Helper()
	ctx := b.Context()
	org, err := b.hub.CreateOrganisation(ctx, name)
	b.must(err)
	v := auth.Viewer{
		Actor: change.Actor{Kind: change.ActorKey, ID: "key", Name: "test"}, Scopes: []auth.Scope{auth.Admin},
		Organisation: org, Organisations: []organisation.Organisation{org},
	}
	s, err := b.hub.CreateSystem(ctx, v, hub.CreateSystem{Kind: system.Flex}, "")
	b.must(err)
	_, err = b.hub.SetSystemCredentials(ctx, v, s.ID, map[string]string{"key": "a key"}, "")
	b.must(err)
	_, err = b.hub.CheckSystem(ctx, v, s.ID, "")
	b.must(err)
	b.work()
	_, _, err = b.hub.StartSystem(ctx, v, s.ID, "")
	b.must(err)
	b.work()
	return v, s.ID
}

func (b *bundle) put(id, name string) {
	b.fake.Put(id, customer.Fields{"name": name, "number": "N" + id, "kind": "COMPANY", "status": "ACTIVE"})
}

func (b *bundle) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// work carries one run out.
func (b *bundle) work() {
	b.Helper()
	worked, err := b.worker.RunOne(b.Context())
	if err != nil || !worked {
		b.Fatalf("worked %v, %v", worked, err)
	}
}

// looks brings what is due into agreement and says how many looks that took.
func (b *bundle) looks() (n int) {
	b.Helper()
	for ; ; n++ {
		worked, err := b.worker.LinkOne(b.Context())
		b.must(err)
		if !worked {
			return n
		}
	}
}

// polls queues the runs that are due now and carries them out.
func (b *bundle) polls() int {
	b.Helper()
	n, err := store.ProposePolls(b.Context(), b.db.App)
	b.must(err)
	for range n {
		b.work()
	}
	return n
}

// name is that of the customer of a record; empty when there is none.
func (b *bundle) name(externalID string) string {
	b.Helper()
	c, err := b.hub.Customer(b.Context(), b.viewer, hub.CustomerLookup{System: b.system, ExternalID: externalID}, hub.IncludeNothing)
	b.must(err)
	if c == nil {
		return ""
	}
	return c.Name
}

func (b *bundle) inbound() hub.Inbound {
	b.Helper()
	found, err := b.hub.InboundBySystem(b.Context(), b.viewer, []system.ID{b.system})
	b.must(err)
	return found[b.system]
}

func (b *bundle) count(query string, args ...any) (n int) {
	b.Helper()
	b.must(b.db.Owner.QueryRow(b.Context(), query, args...).Scan(&n))
	return n
}

// woken is how often the hubs said that links may be due.
func (b *bundle) woken() int64 { return b.replicas[0].woken.Load() + b.replicas[1].woken.Load() }

// message is one message on its way; zero members are as they should be.
type message struct {
	to      *replica // the first
	path    string   // the system's
	secret  string   // the right one
	event   string
	age     time.Duration
	records []string
	body    string              // instead of the records
	after   func(*http.Request) // alters what was signed
	client  *http.Client
}

// told is what a sender is told.
type told struct {
	status int
	body   string
	header http.Header
	took   time.Duration
}

func (b *bundle) request(m message) *http.Request {
	b.Helper()
	if m.to == nil {
		m.to = b.replicas[0]
	}
	if m.path == "" {
		m.path = b.path
	}
	if m.secret == "" {
		m.secret = b.secret
	}
	body := []byte(m.body)
	if m.body == "" {
		var err error
		body, err = json.Marshal(event{Records: m.records})
		b.must(err)
	}
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, m.to.url+m.path, bytes.NewReader(body))
	b.must(err)
	at := strconv.FormatInt(time.Now().Add(-m.age).Unix(), 10)
	r.Header.Set("X-Fake-Event", m.event)
	r.Header.Set("X-Fake-Timestamp", at)
	r.Header.Set("X-Fake-Signature", hex.EncodeToString(mac(m.secret, at, body)))
	if m.after != nil {
		m.after(r)
	}
	return r
}

// send sends a message.
func (b *bundle) send(m message) told {
	b.Helper()
	client := m.client
	if client == nil {
		client = http.DefaultClient
	}
	began := time.Now()
	resp, err := client.Do(b.request(m))
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	b.must(err)
	resp.Header.Del("Date")
	return told{resp.StatusCode, strings.TrimSpace(string(text)), resp.Header, time.Since(began)}
}

// taken sends a message that is taken.
func (b *bundle) taken(m message) {
	b.Helper()
	if got := b.send(m); got.status != http.StatusAccepted {
		b.Fatalf("event %s is answered %d %s", m.event, got.status, got.body)
	}
}

// counted writes the counts of refused messages of a replica, as it does now and then.
func (b *bundle) counted() hub.Inbound {
	b.Helper()
	for _, r := range b.replicas {
		r.receiver.Close()
	}
	return b.inbound()
}
