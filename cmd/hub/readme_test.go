package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// snippet is one fenced block of the README, with what it is fenced as.
type snippet struct{ kind, text string }

var (
	fence    = regexp.MustCompile("(?s)```([a-z]*)\n(.*?)```")
	document = regexp.MustCompile(`(?s)ask(?: '(.*?)')? <<'GQL'\n(.*?)\nGQL`)
	stream   = regexp.MustCompile(`(?s)text/event-stream' \\\n  -d '(.*)'\n`)
	edit     = regexp.MustCompile(`curl -s \$NETVISOR(/_control/customers/)\d+ -X POST .* -d '(.*)'`)
	variable = regexp.MustCompile(`'\$([A-Z]+)'`)
)

// TestREADME runs every document of the README's tour against the demo, in order, and compares the shape of the answers with
// those that are shown.
func TestREADME(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(raw), "## Five minutes")
	tour, _, found := strings.Cut(rest, "## Running it for real")
	if !found {
		t.Fatal("the README has no tour")
	}
	var blocks []snippet
	for _, m := range fence.FindAllStringSubmatch(tour, -1) {
		blocks = append(blocks, snippet{m[1], m[2]})
	}
	d := startDemo(t, nil, folder(t))
	known := make(map[string]string)
	fill := func(text string) string {
		return variable.ReplaceAllStringFunc(text, func(m string) string {
			name := variable.FindStringSubmatch(m)[1]
			if known[name] == "" {
				t.Fatalf("%s is used before an answer gave it", name)
			}
			return known[name]
		})
	}
	ran := 0
	for i, block := range blocks {
		if block.kind != "sh" {
			continue
		}
		for _, m := range document.FindAllStringSubmatch(block.text, -1) {
			ran++
			answer := d.post(t, m[2], fill(m[1]))
			learn(answer, known)
			if i+1 < len(blocks) && blocks[i+1].kind == "json" {
				sameShape(t, blocks[i+1].text, answer)
			}
		}
		if m := stream.FindStringSubmatch(block.text); m != nil {
			ran++
			d.follows(t, fill(m[1]))
		}
		if m := edit.FindStringSubmatch(block.text); m != nil {
			ran++
			d.edits(t, m[1]+known["EXTERNALID"], m[2])
		}
	}
	if asks := strings.Count(tour, "<<'GQL'"); ran != asks+2 {
		t.Errorf("%d snippets ran, of %d documents, a stream and an edit", ran, asks)
	}
	d.stopped()
}

// post asks with a document and variables, as `ask` does.
func (d *demo) post(t *testing.T, query, variables string) map[string]any {
	t.Helper()
	if variables == "" {
		variables = "null"
	}
	body, err := json.Marshal(map[string]any{"query": query, "variables": json.RawMessage(variables)})
	if err != nil {
		t.Fatalf("%v in %s", err, variables)
	}
	resp := d.send(t, http.MethodPost, d.info.GraphQL, string(body), "application/json")
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer map[string]any
	if err := json.Unmarshal(raw, &answer); err != nil || answer["errors"] != nil {
		t.Fatalf("%s\nanswers %s", query, raw)
	}
	return answer
}

func (d *demo) send(t *testing.T, method, url, body, accept string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", accept)
	r.Header.Set("Authorization", "Bearer "+d.info.Key)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// follows reads the stream until a change comes.
func (d *demo) follows(t *testing.T, body string) {
	t.Helper()
	resp := d.send(t, http.MethodPost, d.info.GraphQL, body, "text/event-stream")
	defer func() { _ = resp.Body.Close() }()
	var seen bytes.Buffer
	buf := make([]byte, 4096)
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		n, err := resp.Body.Read(buf)
		seen.Write(buf[:n])
		if strings.Contains(seen.String(), `"sequence"`) {
			return
		}
		if err != nil {
			break
		}
	}
	t.Errorf("no change came: %s", &seen)
}

// edits plays somebody in Netvisor.
func (d *demo) edits(t *testing.T, path, body string) {
	t.Helper()
	resp := d.send(t, http.MethodPost, d.info.Sandbox.Netvisor+path, body, "application/json")
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= 300 {
		raw, _ := io.ReadAll(resp.Body)
		t.Errorf("%s: %d %s", path, resp.StatusCode, raw)
	}
}

// learn takes the values of an answer that later snippets use by their names in capitals. The first ones count.
func learn(v any, known map[string]string) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			upper := strings.ToUpper(name)
			if upper == "ENDCURSOR" {
				upper = "CURSOR"
			}
			if s := fmt.Sprint(member); known[upper] == "" && member != nil && slices.Contains([]string{"ID", "VERSION", "NUMBER", "BUSINESSID", "EXTERNALID", "CURSOR"}, upper) {
				known[upper] = s
			}
			learn(member, known)
		}
	case []any:
		for _, member := range v {
			learn(member, known)
		}
	}
}

// sameShape compares the names in an answer with those in the one that is shown.
func sameShape(t *testing.T, shown string, answer map[string]any) {
	t.Helper()
	var want any
	if err := json.Unmarshal([]byte(shown), &want); err != nil {
		t.Errorf("what is shown is no JSON: %v: %s", err, shown)
		return
	}
	var compare func(path string, want, got any)
	compare = func(path string, want, got any) {
		switch w := want.(type) {
		case map[string]any:
			g, ok := got.(map[string]any)
			if !ok && got != nil {
				t.Errorf("%s is %v", path, got)
			}
			for name := range w {
				if _, there := g[name]; ok && !there {
					t.Errorf("%s.%s is shown and not answered", path, name)
				}
				if ok {
					compare(path+"."+name, w[name], g[name])
				}
			}
			for name := range g {
				if _, there := w[name]; !there {
					t.Errorf("%s.%s is answered and not shown", path, name)
				}
			}
		case []any:
			g, ok := got.([]any)
			if ok && len(w) > 0 && len(g) > 0 {
				compare(path+"[0]", w[0], g[0])
			}
		}
	}
	compare("", want, answer)
}
