package netvisor

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"customerhub/internal/connector"
	"customerhub/internal/connector/connectortest"
	"customerhub/internal/connector/netvisor/api"
	"customerhub/internal/customer"
)

// TestWriteGolden makes the message of each step in testdata/golden/write and compares it with the one beside it. Together the
// steps set everything that can be written, so that the names, the order and the forms of all elements are in review.
func TestWriteGolden(t *testing.T) {
	t.Parallel()
	steps, err := filepath.Glob("testdata/golden/write/*.json")
	if err != nil || len(steps) == 0 {
		t.Fatalf("no steps: %v", err)
	}
	covered := map[customer.Field]bool{}
	for _, path := range steps {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var s connector.Step
		if err := json.Unmarshal(data, &s); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for f := range s.Set {
			if s.Part != "" && s.Key == tabKey && !writes(customer.PartField(s.Part, tabKey, string(f))) {
				t.Errorf("%s sets %s, which Kind.Writes says the tab cannot hold", path, f)
			}
			if s.Part != "" {
				f = customer.PartField(s.Part, "1", string(f))
			}
			if !writes(f) {
				t.Errorf("%s sets %s, which Kind.Writes says it cannot hold", path, f)
			}
			covered[f] = true
		}
		t.Run(strings.TrimSuffix(filepath.Base(path), ".json"), func(t *testing.T) {
			t.Parallel()
			p := answers(t, says(reply("<Replies><InsertedDataIdentifier>1802</InsertedDataIdentifier></Replies>")))
			p.tab = tabResource
			if _, err := p.Write(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			got := p.calls()[0].Method + " " + p.calls()[0].RequestURI + "\n" + broken(p.sent()[0])
			file := strings.TrimSuffix(path, ".json") + ".xml"
			connectortest.CompareGolden(t, *update, file, got)
		})
	}
	for _, s := range statusForm {
		if !covered[s.field] {
			t.Errorf("no step sets %s", s.field)
		}
	}
	for f := range writable {
		if !covered[f] {
			t.Errorf("no step sets %s", f)
		}
	}
	for part, fields := range writableOfPart {
		for f := range fields {
			// An office is taken out of use by a step that removes it.
			if !covered[customer.PartField(part, "1", string(f))] && f != "active" {
				t.Errorf("no step sets %s of an %s", f, part)
			}
		}
	}
}

// broken puts each element on a line of its own. The message itself has no line ends.
func broken(message string) string {
	return strings.ReplaceAll(message, "><", ">\n<") + "\n"
}

// TestWrittenIsAnswered reads the answers to a write that have been seen (contract section 3).
func TestWrittenIsAnswered(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ text, key string }{
		"Added": {"<Root>\r\n  <ResponseStatus><Status>OK</Status><TimeStamp>21.11.2026 12:00:00</TimeStamp></ResponseStatus>\r\n" +
			"  <Replies><InsertedDataIdentifier>1802</InsertedDataIdentifier></Replies>\r\n</Root>", "1802"},
		"AddedInAnotherCase": {"<root><responsestatus><status>ok</status></responsestatus><REPLIES><inserteddataidentifier> 1802 </inserteddataidentifier></REPLIES></root>", "1802"},
		"Edited":             {"<Root><ResponseStatus><Status>OK</Status><TimeStamp>5.6.2026 16:12:09</TimeStamp></ResponseStatus></Root>", ""},
		"NoKey":              {"<Root><ResponseStatus><Status>OK</Status></ResponseStatus><Replies/></Root>", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, made, err := api.ReadWritten(bytes.NewReader([]byte(tc.text)))
			if err != nil || !env.OK() || env.Certain() != nil || key(made) != tc.key {
				t.Errorf("%+v, %q, %v", env, made, err)
			}
		})
	}
}
