package flex_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"customerhub/internal/connector"
	"customerhub/internal/connector/flex"

	sandbox "customerhub/internal/sandbox/flex"
)

// recorder sends calls on and remembers them as they were sent.
type recorder struct {
	mu   sync.Mutex
	sent []call
}

type call struct {
	method, path, query, body string
	header                    http.Header
}

// fresh makes each call on a connection of its own: on one that was used before, Go repeats a reading whose answer is lost by itself.
var fresh = &http.Transport{DisableKeepAlives: true}

// RoundTrip implements http.RoundTripper.
func (rec *recorder) RoundTrip(r *http.Request) (*http.Response, error) {
	c := call{method: r.Method, path: strings.TrimPrefix(r.URL.EscapedPath(), "/flex/v1/"), query: r.URL.RawQuery, header: r.Header.Clone()}
	if r.Body != nil {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		c.body = string(data)
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(data))
	}
	rec.mu.Lock()
	rec.sent = append(rec.sent, c)
	rec.mu.Unlock()
	return fresh.RoundTrip(r)
}

func (rec *recorder) calls() []call {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	return slices.Clone(rec.sent)
}

func (rec *recorder) forget() {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	rec.sent = nil
}

// names are the calls by method and path.
func (rec *recorder) names() (out []string) {
	for _, c := range rec.calls() {
		out = append(out, c.method+" "+c.path)
	}
	return out
}

// writing are the calls that are no reading.
func (rec *recorder) writing() []call {
	return slices.DeleteFunc(rec.calls(), func(c call) bool { return c.method == http.MethodGet })
}

// transcript is what was sent, with what matters of the headers.
func (rec *recorder) transcript() string {
	var out strings.Builder
	for _, c := range rec.calls() {
		fmt.Fprintln(&out, strings.TrimSuffix(c.method+" "+c.path+"?"+c.query, "?"))
		for _, name := range []string{"Content-Type", "If-Match", "If-None-Match", "X-Origin"} {
			for _, value := range c.header.Values(name) {
				fmt.Fprintf(&out, "  %s: %s\n", name, value)
			}
		}
		if c.body != "" {
			fmt.Fprintln(&out, "  "+c.body)
		}
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// recorded opens a connection whose calls are remembered.
func (m *misbehaving) recorded(t *testing.T) (connector.Connection, *recorder) {
	t.Helper()
	return m.recordedWith(t, nil)
}

// recordedWith is recorded with further settings.
func (m *misbehaving) recordedWith(t *testing.T, more map[string]string) (connector.Connection, *recorder) {
	t.Helper()
	rec := &recorder{}
	settings := m.settings()
	maps.Copy(settings, more)
	conn, err := flex.Kind().Open(connector.Config{
		Settings: settings, Credentials: map[string]string{flex.APIKey: m.Key("")}, Now: m.Now, Client: &http.Client{Transport: rec},
	})
	if err != nil {
		t.Fatal(err)
	}
	return flex.Unpaced(conn), rec
}

// person lets the people of the organisation make a customer.
func (m *misbehaving) person(t *testing.T, c sandbox.Customer) sandbox.Customer {
	t.Helper()
	made, err := m.Create("", c)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// answering opens a connection to what answers so, for answers that no Flex gives in order.
func answering(t testing.TB, h http.HandlerFunc, more map[string]string) connector.Connection {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	settings := map[string]string{flex.BaseURL: server.URL, flex.Organisation: "Esimerkkihuolto Oy"}
	maps.Copy(settings, more)
	conn, err := flex.Kind().Open(connector.Config{Settings: settings, Credentials: map[string]string{flex.APIKey: "key-of-the-organisation"}})
	if err != nil {
		t.Fatal(err)
	}
	return flex.Unpaced(conn)
}
