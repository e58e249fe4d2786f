package netvisor

import (
	"context"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var start = time.Date(2026, 6, 5, 13, 12, 9, 500_000_000, time.UTC)

// clock is a clock that tests move.
type clock struct{ ns atomic.Int64 }

func (c *clock) now() time.Time {
	return start.Add(time.Duration(c.ns.Load())).UTC()
}

func (c *clock) advance(d time.Duration) { c.ns.Add(int64(d)) }

// bench is a sandbox on loopback with a client that signs as a stranger would, from the contract alone.
type bench struct {
	*Sandbox
	clock  *clock
	server *httptest.Server
	tx     atomic.Int64
}

func setup(t *testing.T, o Options) *bench {
	t.Helper()
	b := &bench{clock: &clock{}}
	o.Clock = b.clock.now
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	b.Sandbox = s
	b.server = httptest.NewServer(s)
	t.Cleanup(b.server.Close)
	return b
}

// answer is a reply as a reader that cares for nothing but names sees it.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) root(t *testing.T) *element {
	t.Helper()
	roots, err := parseXML(a.body)
	if err != nil || len(roots) != 1 {
		t.Fatalf("the reply is no XML: %v\n%s", err, a.body)
	}
	return roots[0]
}

// failure is the second Status; empty when the call went well.
func (a answer) failure() string {
	var e struct {
		Status []string `xml:"ResponseStatus>Status"`
	}
	if err := xml.Unmarshal([]byte(a.body), &e); err != nil {
		return "no XML: " + err.Error()
	}
	if len(e.Status) == 1 && e.Status[0] == "OK" {
		return ""
	}
	if len(e.Status) != 2 || e.Status[0] != "FAILED" {
		return fmt.Sprintf("strange statuses %q", e.Status)
	}
	return e.Status[1]
}

func (a answer) category() string {
	c, _, _ := strings.Cut(a.failure(), " :: ")
	return c
}

// keys are the customers of a list or of cards.
func (a answer) keys(t *testing.T) []string {
	t.Helper()
	out := []string{}
	root := a.root(t)
	for _, e := range root.child("Customerlist").elementsNamed("Customer") {
		out = append(out, e.value("Netvisorkey"))
	}
	for _, e := range root.child("Customers").elementsNamed("Customer") {
		out = append(out, e.child("CustomerBaseInformation").value("NetvisorKey"))
	}
	if c := root.child("Customer"); c != nil {
		out = append(out, c.child("CustomerBaseInformation").value("NetvisorKey"))
	}
	return out
}

func (e *element) elementsNamed(name string) (out []*element) {
	if e == nil {
		return nil
	}
	for _, c := range e.children {
		if strings.EqualFold(c.name, name) {
			out = append(out, c)
		}
	}
	return out
}

// request signs a call; tweak changes headers after signing.
func (b *bench) request(ctx context.Context, path string, change ...func(*Signed, http.Header)) *http.Request {
	cr, _ := b.Credentials("")
	now := b.clock.now()
	s := Signed{
		URL: b.server.URL + "/" + path, Sender: "Yhteyshubi", CustomerID: cr.CustomerID,
		Timestamp: now.Format("2006-01-02 15:04:05.000"), TimestampUnix: strconv.FormatInt(now.Unix(), 10),
		Language: "EN", OrganisationID: cr.OrganisationID, TransactionID: fmt.Sprintf("3f2504e0-%d", b.tx.Add(1)),
		CustomerKey: cr.CustomerKey, PartnerKey: cr.PartnerKey,
	}
	h := http.Header{}
	h.Set("X-Netvisor-Authentication-PartnerId", cr.PartnerID)
	h.Set("X-Netvisor-Authentication-MACHashCalculationAlgorithm", "HMACSHA256")
	for _, f := range change {
		f(&s, h)
	}
	for name, v := range map[string]string{
		"X-Netvisor-Authentication-Sender": s.Sender, "X-Netvisor-Authentication-CustomerId": s.CustomerID,
		"X-Netvisor-Authentication-Timestamp": s.Timestamp, "X-Netvisor-Authentication-TimestampUnix": s.TimestampUnix,
		"X-Netvisor-Interface-Language": s.Language, "X-Netvisor-Organisation-ID": s.OrganisationID,
		"X-Netvisor-Authentication-TransactionId": s.TransactionID, "X-Netvisor-Authentication-MAC": MAC(s),
	} {
		if _, given := h[http.CanonicalHeaderKey(name)]; !given {
			h.Set(name, v)
		}
	}
	for name, v := range h {
		if len(v) == 0 {
			delete(h, name)
		}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.server.URL+"/"+path, nil)
	if err != nil {
		panic(err)
	}
	r.Header = h
	return r
}

func (b *bench) send(t *testing.T, r *http.Request) answer {
	t.Helper()
	res, err := b.server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(body)}
}

func (b *bench) get(t *testing.T, path string, change ...func(*Signed, http.Header)) answer {
	t.Helper()
	return b.send(t, b.request(t.Context(), path, change...))
}

// mustGet also demands that the call went well.
func (b *bench) mustGet(t *testing.T, path string) answer {
	t.Helper()
	a := b.get(t, path)
	if f := a.failure(); f != "" || a.status != 200 {
		t.Fatalf("%s: HTTP %d %s", path, a.status, f)
	}
	return a
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; run with -update and review\n%s", path, got)
	}
}

func query(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v.Encode()
}
