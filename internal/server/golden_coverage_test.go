package server_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"customerhub/graph"
)

// TestGoldenDocumentsCoverEveryField holds the golden documents to every field of every type and to every argument.
func TestGoldenDocumentsCoverEveryField(t *testing.T) {
	t.Parallel()
	schema := graph.New(graph.Options{}).Schema().Schema()
	covered := make(map[string]bool)
	documents, err := filepath.Glob("testdata/*.graphql")
	for _, folder := range []string{"mutations", "subscriptions"} {
		more, _ := filepath.Glob("testdata/" + folder + "/*.graphql")
		documents = append(documents, more...)
	}
	if err != nil || len(documents) == 0 {
		t.Fatal(documents, err)
	}
	var walk func(set ast.SelectionSet)
	walk = func(set ast.SelectionSet) {
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				covered[s.ObjectDefinition.Name+"."+s.Name] = true
				for _, a := range s.Arguments {
					covered[s.ObjectDefinition.Name+"."+s.Name+"("+a.Name+")"] = true
				}
				walk(s.SelectionSet)
			case *ast.InlineFragment:
				walk(s.SelectionSet)
			case *ast.FragmentSpread:
				walk(s.Definition.SelectionSet)
			}
		}
	}
	for _, file := range documents {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := parser.ParseQuery(&ast.Source{Name: file, Input: string(raw)})
		if err != nil {
			t.Fatal(err)
		}
		if errs := validator.ValidateWithRules(schema, doc, rules.NewDefaultRules()); len(errs) > 0 {
			t.Fatalf("%s: %v", file, errs)
		}
		for _, op := range doc.Operations {
			walk(op.SelectionSet)
		}
	}
	var missing []string
	for _, d := range reachable(schema) {
		for _, f := range d.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			for _, what := range append([]string{d.Name + "." + f.Name}, arguments(d, f)...) {
				if !covered[what] {
					missing = append(missing, what)
				}
			}
		}
	}
	slices.Sort(missing)
	if len(missing) > 0 {
		t.Errorf("no golden document has\n%s", strings.Join(missing, "\n"))
	}
}

func arguments(d *ast.Definition, f *ast.FieldDefinition) (out []string) {
	for _, a := range f.Arguments {
		out = append(out, d.Name+"."+f.Name+"("+a.Name+")")
	}
	return out
}

// reachable are the object types that an operation can give.
func reachable(schema *ast.Schema) (out []*ast.Definition) {
	seen := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		d := schema.Types[name]
		if d == nil || d.BuiltIn || seen[name] {
			return
		}
		seen[name] = true
		switch d.Kind {
		case ast.Object:
			out = append(out, d)
			for _, f := range d.Fields {
				visit(f.Type.Name())
			}
		case ast.Interface, ast.Union:
			for _, of := range schema.GetPossibleTypes(d) {
				visit(of.Name)
			}
		}
	}
	for _, operation := range []*ast.Definition{schema.Query, schema.Mutation, schema.Subscription} {
		visit(operation.Name)
	}
	return out
}
