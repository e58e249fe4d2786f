package finding_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"customerhub/internal/advice"
	"customerhub/internal/finding"
)

// declared are the codes that finding.go declares.
func declared(t *testing.T) (out []finding.Code) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "finding.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			if name, ok := v.Type.(*ast.Ident); ok && name.Name == "Code" {
				code, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, finding.Code(code))
			}
		}
		return true
	})
	return out
}

// TestTable holds that each code has one row, which says everything in every language.
func TestTable(t *testing.T) {
	t.Parallel()
	codes := declared(t)
	if len(codes) < 20 {
		t.Fatalf("only %d codes were found", len(codes))
	}
	for _, c := range codes {
		if finding.RowOf(c) == nil {
			t.Errorf("%s has no row", c)
		}
	}
	seen := make(map[finding.Code]bool)
	for _, r := range finding.Table {
		if seen[r.Code] || !slices.Contains(codes, r.Code) {
			t.Errorf("%s has a row too many", r.Code)
		}
		seen[r.Code] = true
		if !slices.Contains(advice.Whos, r.Who) {
			t.Errorf("%s is mended by %q", r.Code, r.Who)
		}
		if !sentence(r.Example) {
			t.Errorf("%s has the example %q", r.Code, r.Example)
		}
		for _, said := range []advice.Said{r.Means, r.How} {
			heard := make(map[string]advice.Language)
			for _, l := range advice.Languages {
				text := said.With().In(l)
				if !sentence(text) || strings.Contains(text, "%") {
					t.Errorf("%s says in %s: %q", r.Code, l, text)
				}
				if other, twice := heard[text]; twice {
					t.Errorf("%s says the same in %s and %s: %q", r.Code, l, other, text)
				}
				heard[text] = l
			}
		}
		if f := r.Code.Fix(); f == nil || f.Who != r.Who || f.How.In(advice.Swedish) != r.How[2] {
			t.Errorf("%s is mended so: %+v", r.Code, f)
		}
	}
	if finding.Code("FROM_A_NEWER_HUB").Fix() != nil {
		t.Error("a code that nobody knows has a fix")
	}
}

func sentence(s string) bool {
	first, _ := utf8.DecodeRuneInString(s)
	return unicode.IsUpper(first) && strings.HasSuffix(s, ".") && !strings.ContainsAny(s, "\n|")
}
