package connectortest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"customerhub/internal/finnish"
)

// ConsumerAddress is an e-invoice address that tests give to consumers and to nobody else: it never leaves the hub (R84; Flex contract, rule F15).
const ConsumerAddress = "FI5810171000000122"

// Guard stands before a simulated system and looks at everything that the hub sends there: a personal identity code, a word of consumer
// e-invoicing or ConsumerAddress fails the test at its end (Promise 11, R84, R192). What people do in the control plane of a simulator is theirs.
// All tests in which the hub or a connector calls a simulator have one, so that the whole of the traffic is looked at.
func Guard(t testing.TB, h http.Handler) http.Handler {
	t.Helper()
	g := &guard{handler: h}
	t.Cleanup(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		for _, what := range g.found {
			t.Error(what)
		}
		if g.found != nil {
			t.Log("the hub sent what must never leave it")
		}
	})
	return g
}

type guard struct {
	handler http.Handler
	mu      sync.Mutex
	found   []string
}

// ServeHTTP implements http.Handler.
func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, "/_control/") {
		body, err := io.ReadAll(r.Body)
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(body), broken{err}), r.Body}
		g.look(r, body)
	}
	g.handler.ServeHTTP(w, r)
}

// broken ends a body as it ended for the guard.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	return 0, io.EOF
}

func (g *guard) look(r *http.Request, body []byte) {
	query, err := url.QueryUnescape(r.URL.RawQuery)
	if err != nil {
		query = r.URL.RawQuery
	}
	for where, text := range map[string]string{"path": r.URL.Path, "query": query, "body": string(body)} {
		what := Canary(text)
		if what == "" {
			continue
		}
		g.mu.Lock()
		const most = 5
		if len(g.found) < most {
			g.found = append(g.found, fmt.Sprintf("%s %s: the %s holds %s", r.Method, r.URL.Path, where, what))
		}
		g.mu.Unlock()
	}
}

// Canary says what a text holds that must never leave the hub; empty for nothing.
func Canary(text string) string {
	switch {
	case finnish.ContainsIdentityCode(text):
		return "a personal identity code"
	case strings.Contains(text, ConsumerAddress):
		return "the e-invoice address of a consumer"
	case strings.Contains(strings.ToLower(text), "consumereinvoice"):
		return "a word of consumer e-invoicing"
	}
	return ""
}
