package main_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// logEvent is what a follower of changes is told.
type logEvent struct {
	Change struct {
		Sequence int
		Cursor   string
	}
}

// followed reads changes after a cursor from a hub, until it has so many or the hub is gone.
func followed(t *testing.T, a api, cursor string, atMost int) (out []logEvent) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	body, err := json.Marshal(map[string]any{
		"query":     `subscription ($after: Cursor) { customerChanged(after: $after) { ... on CustomerChange { change { sequence cursor } } } }`,
		"variables": map[string]any{"after": cursor},
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url, strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("Authorization", "Bearer "+a.key)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	lines := bufio.NewScanner(resp.Body)
	for len(out) < atMost && lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok || !strings.Contains(data, "sequence") {
			continue
		}
		var got struct {
			Data struct{ CustomerChanged logEvent }
		}
		if err := json.Unmarshal([]byte(data), &got); err != nil {
			t.Fatalf("%v: %s", err, data)
		}
		out = append(out, got.Data.CustomerChanged)
	}
	return out
}

// TestResumeOverARestart follows changes of the real program, kills it without warning, has changes made before and after it is
// back, and goes on from the last cursor: the numbers go on without a hole and without a double (Promises 1 and 9).
func TestResumeOverARestart(t *testing.T) {
	t.Parallel()
	env := []string{"HUB_DATA=" + filepath.Join(folder(t), "data"), newKeyset(t)}
	s := serve(t, env)
	must(t, env, "organisation", "create", "Esimerkki Oy")
	a := api{t, s.url, must(t, env, "key", "create", "test", "--scope", "admin")}
	create := func(n int) {
		t.Helper()
		for range n {
			change[struct{ Customer identified }](a, "createCustomer", `mutation ($in: CreateCustomerInput!) { createCustomer(input: $in) { customer { id } userErrors { code message } } }`,
				map[string]any{"in": map[string]any{"kind": "COMPANY", "name": "Uusi Oy"}})
		}
	}
	create(5)
	start := ask[struct{ EndCursor string }](a, "changes", `{ changes(first: 0) { endCursor } }`, nil).EndCursor
	seen := followed(t, a, start, 3)
	create(4) // which nobody reads before the hub is killed
	s.signal(syscall.SIGKILL)
	s.ends()

	s = serve(t, env)
	a.url = s.url
	create(3)
	seen = append(seen, followed(t, a, seen[len(seen)-1].Change.Cursor, 9)...)
	if len(seen) != 12 {
		t.Fatalf("%d changes came, of 12", len(seen))
	}
	for i, e := range seen {
		if e.Change.Sequence != i+1 {
			t.Fatalf("change %d came where %d was due", e.Change.Sequence, i+1)
		}
	}
	s.stopped()
}
