package flex_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"customerhub/internal/sandbox/flex"
)

// box is a sandbox behind a real server, with a client written from the contract alone.
type box struct {
	*flex.Sandbox
	t   *testing.T
	url string
	key string
}

// setup serves a sandbox whose integration is enabled, unless the options say otherwise.
func setup(t *testing.T, o flex.Options) *box {
	t.Helper()
	if o.Organisations == nil {
		o.Organisations = []flex.Organisation{{ID: "org_1", Name: "Testihuolto Oy", Enabled: true}}
	}
	s, err := flex.New(o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		server.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &box{s, t, server.URL, s.Key("")}
}

// got is an answer.
type got struct {
	t      *testing.T
	status int
	header http.Header
	body   []byte
}

func (g got) json() map[string]any {
	g.t.Helper()
	var tree map[string]any
	if err := json.Unmarshal(g.body, &tree); err != nil {
		g.t.Fatalf("%v in %q", err, g.body)
	}
	return tree
}

func (g got) customer() flex.Customer {
	g.t.Helper()
	var c flex.Customer
	if err := json.Unmarshal(g.body, &c); err != nil {
		g.t.Fatalf("%v in %q", err, g.body)
	}
	return c
}

// code is the code of a problem.
func (g got) code() string {
	code, _ := g.json()["code"].(string)
	return code
}

// fields are "field CODE" of a refusal.
func (g got) fields() string {
	var p flex.Problem
	if err := json.Unmarshal(g.body, &p); err != nil {
		g.t.Fatal(err)
	}
	var out []string
	for _, e := range p.Errors {
		out = append(out, e.Field+" "+e.Code)
	}
	return strings.Join(out, ", ")
}

// is checks the status and, for refusals, the code.
func (g got) is(status int, code string) got {
	g.t.Helper()
	if g.status != status || code != "" && g.code() != code {
		g.t.Fatalf("status %d, want %d %s: %s", g.status, status, code, g.body)
	}
	if code != "" && g.header.Get("Content-Type") != "application/problem+json" {
		g.t.Fatalf("content type %q of a problem", g.header.Get("Content-Type"))
	}
	return g
}

// try calls the API. Headers are pairs; an empty value takes the header away.
func (b *box) try(method, path, body string, headers ...string) (got, error) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if strings.HasPrefix(path, "/flex/") {
		req.Header.Set("Authorization", "Bearer "+b.key)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for pair := range slices.Chunk(headers, 2) {
		req.Header.Set(pair[0], pair[1])
		if pair[1] == "" {
			req.Header.Del(pair[0])
		}
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return got{}, err
	}
	defer res.Body.Close()
	read, err := io.ReadAll(res.Body)
	return got{b.t, res.StatusCode, res.Header, read}, err
}

func (b *box) call(method, path, body string, headers ...string) got {
	b.t.Helper()
	g, err := b.try(method, path, body, headers...)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, path, err)
	}
	return g
}

func (b *box) get(path string) got { b.t.Helper(); return b.call("GET", "/flex/v1"+path, "") }

// put creates a customer as the hub does.
func (b *box) put(number, body string) got {
	b.t.Helper()
	return b.call("PUT", "/flex/v1/customers/by-number/"+number, body, "If-None-Match", "*", "X-Origin", "hub")
}

func (b *box) patch(id string, revision string, body string) got {
	b.t.Helper()
	return b.call("PATCH", "/flex/v1/customers/"+id, body, "If-Match", `"`+revision+`"`, "X-Origin", "hub")
}

// must is for acts of people that cannot fail here.
func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// clock is a time that only moves when it is told to.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// told is one delivery as a subscriber got it.
type told struct {
	header http.Header
	body   []byte
}

func (d told) event(t *testing.T) map[string]any {
	t.Helper()
	var tree map[string]any
	if err := json.Unmarshal(d.body, &tree); err != nil {
		t.Fatal(err)
	}
	return tree
}

// subscriber is a hub: it keeps what it is told and answers as it is told to.
type subscriber struct {
	url    string
	mu     sync.Mutex
	got    []told
	status int
}

func subscribe(t *testing.T, status int) *subscriber {
	t.Helper()
	h := &subscriber{status: status}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var b bytes.Buffer
		_, _ = b.ReadFrom(r.Body)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.got = append(h.got, told{r.Header, b.Bytes()})
		w.WriteHeader(h.status)
	}))
	t.Cleanup(server.Close)
	h.url = server.URL + "/inbound/flex/e1"
	return h
}

func (h *subscriber) answer(status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.status = status
}

func (h *subscriber) all() []told {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]told{}, h.got...)
}

const hookSecret = "a-secret-of-the-hub"

// hook makes a subscription.
func (b *box) hook(h *subscriber) string {
	b.t.Helper()
	g := b.call("POST", "/flex/v1/webhooks", `{"url":"`+h.url+`","secret":"`+hookSecret+`"}`).is(http.StatusCreated, "")
	id, _ := g.json()["id"].(string)
	return id
}

// settle waits until what is due has been delivered.
func (b *box) settle() {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 20*time.Second)
	defer cancel()
	if err := b.Settled(ctx); err != nil {
		b.t.Fatalf("deliveries do not come to rest: %v", err)
	}
}
