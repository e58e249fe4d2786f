package netvisorkyc

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var begin = time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)

// bench is a sandbox on loopback with a client that knows nothing but the contract.
type bench struct {
	*Sandbox
	server *httptest.Server
	token  string
	real   *atomic.Int64 // how far Options.Now has gone
}

func setup(t *testing.T, o Options) *bench {
	t.Helper()
	b := &bench{real: &atomic.Int64{}}
	if o.Now == nil {
		o.Now = func() time.Time { return begin.Add(time.Duration(b.real.Load())) }
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	b.Sandbox = s
	b.server = httptest.NewServer(s)
	t.Cleanup(func() {
		b.server.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// running is a sandbox whose first organisation is RUNNING.
func running(t *testing.T, o Options) *bench {
	t.Helper()
	b := setup(t, o)
	token, err := b.Activate("")
	if err != nil {
		t.Fatal(err)
	}
	b.token = token
	return b
}

// reply is an answer as a reader sees it that cares for nothing but names.
type reply struct {
	status int
	header http.Header
	raw    string
	json   map[string]any
}

func (r reply) code() string { return r.text("code") }

// at follows a path such as status.riskClass or items.0.id; nil where there is nothing.
func (r reply) at(path string) any {
	var v any = r.json
	for part := range strings.SplitSeq(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			v = in[part]
		case []any:
			i := int(part[0] - '0')
			if i >= len(in) {
				return nil
			}
			v = in[i]
		default:
			return nil
		}
	}
	return v
}

func (r reply) text(path string) string {
	s, _ := r.at(path).(string)
	return s
}

func (r reply) items() []any {
	items, _ := r.json["items"].([]any)
	return items
}

// send calls the service as the integration user.
func (b *bench) send(t *testing.T, method, path, body string, change ...func(*http.Request)) reply {
	t.Helper()
	out, err := b.try(t, method, path, body, change...)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return out
}

func (b *bench) try(t *testing.T, method, path, body string, change ...func(*http.Request)) (reply, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, b.server.URL+"/kyc/v1"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+b.token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, f := range change {
		f(r)
	}
	res, err := b.server.Client().Do(r)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return reply{}, err
	}
	out := reply{status: res.StatusCode, header: res.Header, raw: string(raw)}
	d := json.NewDecoder(bytes.NewReader(raw))
	if len(raw) > 0 && d.Decode(&out.json) != nil {
		out.json = nil
	}
	return out, nil
}

func with(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func as(token string) func(*http.Request) { return with("Authorization", "Bearer "+token) }

// want fails unless the answer has the status and, for an error, the code.
func (r reply) want(t *testing.T, status int, code string) reply {
	t.Helper()
	if r.status != status || r.code() != code {
		t.Fatalf("HTTP %d %q, want %d %q: %s", r.status, r.code(), status, code, r.raw)
	}
	if code != "" && !strings.HasPrefix(r.header.Get("Content-Type"), "application/problem+json") {
		t.Errorf("an error is %s", r.header.Get("Content-Type"))
	}
	return r
}

// control calls the control plane.
func (b *bench) control(t *testing.T, method, path, body string, change ...func(*http.Request)) reply {
	t.Helper()
	return b.send(t, method, "/../../_control/"+path, body, append([]func(*http.Request){func(r *http.Request) {
		r.URL.Path = strings.TrimPrefix(r.URL.Path, "/kyc/v1/../..")
		r.Header.Del("Authorization")
	}}, change...)...)
}

const (
	idOne   = "1572860-0"
	idTwo   = "0201256-6"
	idThree = "2000001-6"
)

// upsert puts a candidate with a contact person.
func (b *bench) upsert(t *testing.T, external, businessID string) reply {
	t.Helper()
	return b.send(t, "PUT", "/candidates/by-source/NETVISOR/"+external, `{"businessId":"`+businessID+`","name":"Esimerkki `+external+` Oy",
		"contactPerson":{"firstName":"Aino","lastName":"Malli","email":"aino@example.test","phone":"+358401234567","language":"fi"},
		"source":{"system":"NETVISOR","externalId":"`+external+`","customerNumber":"2001"}}`)
}

// customer makes a customer of a new candidate.
func (b *bench) customer(t *testing.T, external, businessID string, a Assessment) Customer {
	t.Helper()
	id := b.upsert(t, external, businessID).want(t, 201, "").text("id")
	for _, act := range []func(string) error{b.SendRequest, b.Answer} {
		if err := act(id); err != nil {
			t.Fatal(err)
		}
	}
	made, err := b.Accept(id, a)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// until waits for something that another goroutine brings about.
func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for range 1000 {
		if f() {
			return
		}
		select {
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
	t.Fatal("not in time: " + what)
}
