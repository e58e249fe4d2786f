package server_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"customerhub/graph"
)

// TestExplorerExamples holds the examples of the explorer to the schema.
func TestExplorerExamples(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile("explorer/explorer.js")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(script), "const examples = [")
	list, _, _ := strings.Cut(rest, "\n];")
	examples := regexp.MustCompile("(?s)\\[\"([^\"]+)\", `([^`]*)`").FindAllStringSubmatch(list, -1)
	if len(examples) < 10 {
		t.Fatalf("found %d examples", len(examples))
	}
	schema := graph.New(graph.Options{}).Schema().Schema()
	for _, e := range examples {
		t.Run(e[1], func(t *testing.T) {
			if _, errs := gqlparser.LoadQueryWithRules(schema, e[2], rules.NewDefaultRules()); errs != nil {
				t.Error(errs)
			}
		})
	}
}
