package flex_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"

	"customerhub/internal/connector"
	"customerhub/internal/connector/connectortest"
	"customerhub/internal/connector/flex"
	"customerhub/internal/customer"
	sandbox "customerhub/internal/sandbox/flex"
)

// misbehaving stands before a sandbox and spoils the next call when it is told to.
type misbehaving struct {
	*sandbox.Sandbox

	url  string
	next atomic.Pointer[http.HandlerFunc]
	made atomic.Int64
}

// stand starts a sandbox that support has enabled.
func stand(t *testing.T, customers int) *misbehaving {
	t.Helper()
	s, err := sandbox.New(sandbox.Options{
		Seed: 7, Customers: customers, KeepBodies: true, Organisations: []sandbox.Organisation{{ID: "org_1", Name: "Esimerkkihuolto Oy", Enabled: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	m := &misbehaving{Sandbox: s}
	server := httptest.NewServer(connectortest.Guard(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h := m.next.Swap(nil); h != nil {
			(*h)(w, r)
			return
		}
		s.ServeHTTP(w, r)
	})))
	t.Cleanup(server.Close)
	m.url = server.URL
	return m
}

// settings are what a connection needs.
func (m *misbehaving) settings() map[string]string {
	return map[string]string{flex.BaseURL: m.url, flex.Organisation: "Esimerkkihuolto Oy"}
}

func (m *misbehaving) open(t *testing.T) connector.Connection {
	t.Helper()
	return m.openWith(t, m.settings())
}

func (m *misbehaving) openWith(t *testing.T, settings map[string]string) connector.Connection {
	t.Helper()
	conn, err := flex.Kind().Open(connector.Config{Settings: settings, Credentials: map[string]string{flex.APIKey: m.Key("")}, Now: m.Now})
	if err != nil {
		t.Fatal(err)
	}
	return flex.Unpaced(conn)
}

func (m *misbehaving) spoil(h http.HandlerFunc) { m.next.Store(&h) }

// cut answers as the sandbox would, without the second half.
func (m *misbehaving) cut(*testing.T) {
	m.spoil(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		m.ServeHTTP(rec, r)
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes()[:rec.Body.Len()/2])
	})
}

func (m *misbehaving) refuse(status int, code string) func(*testing.T) {
	return func(*testing.T) {
		m.spoil(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, `{"status":%d,"code":%q,"title":"No","detail":"No."}`, status, code)
		})
	}
}

func (m *misbehaving) fault(f sandbox.Fault) func(*testing.T) {
	return func(t *testing.T) {
		t.Helper()
		if _, err := m.Fault(f); err != nil {
			t.Fatal(err)
		}
	}
}

// another is the step that makes a customer unlike any other.
func (m *misbehaving) another() connector.Step {
	n := int(m.made.Add(1))
	set := customer.Fields{
		customer.FieldNumber: strconv.Itoa(770_000 + n), customer.FieldName: fmt.Sprintf("Yritys %d Oy", n), customer.FieldBusinessID: businessID(n),
		customer.FieldKind: string(customer.Company), customer.FieldStatus: string(customer.Active),
	}
	return connector.Step{Set: set, Want: set}
}

// businessID is the nth valid one that begins with 9, which none in use does.
func businessID(n int) string {
	for i := 9_300_000 + n*3; ; i++ {
		sum := 0
		for j, weight := range []int{7, 9, 10, 5, 8, 4, 2} {
			sum += weight * int(strconv.Itoa(i)[j]-'0')
		}
		if rest := sum % 11; rest != 1 {
			return fmt.Sprintf("%d-%d", i, (11-rest)%11)
		}
	}
}

// made makes a customer through the connector, with values beside those of another.
func (m *misbehaving) make(t *testing.T, conn connector.Connection, more customer.Fields) string {
	t.Helper()
	step := m.another()
	for f, value := range more {
		step.Set.Set(f, value)
	}
	key, err := conn.(connector.Writer).Write(t.Context(), step)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// effects counts what calls did to customers.
func (m *misbehaving) effects() int {
	n := 0
	for _, c := range m.Calls() {
		if c.Committed {
			n++
		}
	}
	return n
}

func read(t *testing.T, conn connector.Connection, key string) connector.Record {
	t.Helper()
	r, err := conn.Read(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
