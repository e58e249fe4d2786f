package server

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"customerhub/internal/fault"
)

// enough stands for any number beyond all limits, so that sums of sums stay numbers.
const enough = 1 << 30

func add(a, b int) int      { return min(a+b, enough) }
func multiply(a, b int) int { return int(min(int64(a)*int64(b), enough)) }

// shape is how big a selection is once its fragments are expanded.
type shape struct {
	depth, fields, aliases, roots int
	meta                          bool // whether a root field is one of GraphQL itself
}

// measure walks a document. Each fragment is measured once, however often it is spread: expanding it every time would
// take exponential time.
type measure struct {
	fragments map[string]*ast.FragmentDefinition
	done      map[string]shape
	under     map[string]bool
}

// checkShape refuses documents that are too deep, too wide or expand too far. It runs before validation, whose own rules
// would suffer from them.
func checkShape(doc *ast.QueryDocument, l Limits) *gqlerror.Error {
	if n := len(doc.Operations); n > l.Operations {
		return limitError("Operations in the document", l.Operations, n)
	}
	m := measure{fragments: make(map[string]*ast.FragmentDefinition), done: make(map[string]shape), under: make(map[string]bool)}
	for _, f := range doc.Fragments {
		m.fragments[f.Name] = f
	}
	for _, op := range doc.Operations {
		s := m.selections(op.SelectionSet)
		if op.Operation == ast.Subscription && (s.roots != 1 || s.meta) {
			return gqlError(codeInvalidQuery, "A subscription follows exactly one field.")
		}
		for _, c := range []struct {
			what          string
			limit, actual int
		}{
			{"Levels of fields", l.Depth, s.depth},
			{"Root fields of the operation", l.RootFields, s.roots},
			{"Aliases of the operation", l.Aliases, s.aliases},
			{"Fields of the operation with its fragments expanded", l.Fields, s.fields},
		} {
			if c.actual > c.limit {
				return limitError(c.what, c.limit, c.actual)
			}
		}
	}
	return nil
}

func (m *measure) selections(set ast.SelectionSet) (s shape) {
	for _, sel := range set {
		var inner shape
		switch sel := sel.(type) {
		case *ast.Field:
			inner = m.selections(sel.SelectionSet)
			inner.roots, inner.meta = 1, strings.HasPrefix(sel.Name, "__")
			inner.fields = add(inner.fields, 1)
			if sel.Alias != sel.Name {
				inner.aliases = add(inner.aliases, 1)
			}
			// How deep the description of the schema goes has a limit of its own in validation, and tools need more of it.
			if inner.depth++; inner.meta {
				inner.depth = 1
			}
		case *ast.InlineFragment:
			inner = m.selections(sel.SelectionSet)
		case *ast.FragmentSpread:
			inner = m.fragment(sel.Name)
		}
		s.depth = max(s.depth, inner.depth)
		s.fields = add(s.fields, inner.fields)
		s.aliases = add(s.aliases, inner.aliases)
		s.roots = add(s.roots, inner.roots)
		s.meta = s.meta || inner.meta
	}
	return s
}

func (m *measure) fragment(name string) shape {
	if s, ok := m.done[name]; ok {
		return s
	}
	f := m.fragments[name]
	if f == nil || m.under[name] { // unknown, or in a circle: validation says so
		return shape{}
	}
	m.under[name] = true
	s := m.selections(f.SelectionSet)
	m.done[name] = s
	return s
}

// dropRepeats removes plain fields that a selection has already. They change nothing in the answer, and validation compares
// every field with every other.
func dropRepeats(doc *ast.QueryDocument) {
	var walk func(ast.SelectionSet) ast.SelectionSet
	walk = func(set ast.SelectionSet) ast.SelectionSet {
		type plain struct{ alias, name string }
		seen := make(map[plain]bool)
		return slices.DeleteFunc(set, func(sel ast.Selection) bool {
			switch sel := sel.(type) {
			case *ast.Field:
				sel.SelectionSet = walk(sel.SelectionSet)
				if len(sel.SelectionSet)+len(sel.Arguments)+len(sel.Directives) > 0 {
					return false
				}
				p := plain{sel.Alias, sel.Name}
				again := seen[p]
				seen[p] = true
				return again
			case *ast.InlineFragment:
				sel.SelectionSet = walk(sel.SelectionSet)
			}
			return false
		})
	}
	for _, op := range doc.Operations {
		op.SelectionSet = walk(op.SelectionSet)
	}
	for _, f := range doc.Fragments {
		f.SelectionSet = walk(f.SelectionSet)
	}
}

// refuseIntrospection names the first use of introspection in a document.
func refuseIntrospection(doc *ast.QueryDocument) *gqlerror.Error {
	var find func(ast.SelectionSet) *ast.Field
	find = func(set ast.SelectionSet) *ast.Field {
		for _, sel := range set {
			switch sel := sel.(type) {
			case *ast.Field:
				if sel.Name == "__schema" || sel.Name == "__type" {
					return sel
				}
				if f := find(sel.SelectionSet); f != nil {
					return f
				}
			case *ast.InlineFragment:
				if f := find(sel.SelectionSet); f != nil {
					return f
				}
			}
		}
		return nil
	}
	for _, op := range doc.Operations {
		if find(op.SelectionSet) != nil {
			return gqlError(string(fault.Forbidden), "Introspection is off here. The schema is part of the product's documentation.")
		}
	}
	for _, f := range doc.Fragments {
		if find(f.SelectionSet) != nil {
			return gqlError(string(fault.Forbidden), "Introspection is off here. The schema is part of the product's documentation.")
		}
	}
	return nil
}

// How long lists are taken to be that have no page size of their own.
const (
	defaultPage = 50
	maxPage     = 200
	shortList   = 3
	schemaList  = 10
)

// cost estimates how many fields an answer has: each field counts one, and what lies below a list counts as often as the
// list is long at most. It works on a validated document.
type cost struct {
	variables map[string]any
	done      map[string]int
}

func costOf(op *ast.OperationDefinition, variables map[string]any) int {
	c := cost{variables: variables, done: make(map[string]int)}
	return c.selections(op.SelectionSet)
}

func (c *cost) selections(set ast.SelectionSet) (sum int) {
	leaves := make(map[string]bool)
	for _, sel := range set {
		switch sel := sel.(type) {
		case *ast.Field:
			if len(sel.SelectionSet) == 0 {
				if leaves[sel.Alias] { // asked for twice, answered once
					continue
				}
				leaves[sel.Alias] = true
			}
			sum = add(sum, add(1, multiply(c.times(sel), c.selections(sel.SelectionSet))))
		case *ast.InlineFragment:
			sum = add(sum, c.selections(sel.SelectionSet))
		case *ast.FragmentSpread:
			inner, ok := c.done[sel.Name]
			if !ok {
				inner = c.selections(sel.Definition.SelectionSet)
				c.done[sel.Name] = inner
			}
			sum = add(sum, inner)
		}
	}
	return sum
}

// times is how often what lies below a field can occur. A connection multiplies, and the lists inside it do not.
func (c *cost) times(f *ast.Field) int {
	args := f.ArgumentMap(c.variables)
	pageType := f.Definition.Type.Name()
	switch {
	case len(f.SelectionSet) == 0:
		return 1
	case strings.HasSuffix(pageType, "Connection"), strings.HasSuffix(pageType, "Page"):
		page := 0
		for _, name := range []string{"first", "last"} {
			if n, ok := number(args[name]); ok {
				page = max(page, min(n, maxPage)) // a bigger page is refused by whoever reads it
			}
		}
		if page > 0 {
			return page
		}
		return defaultPage
	case f.Definition.Type.Elem == nil:
		return 1
	case strings.HasSuffix(f.ObjectDefinition.Name, "Connection"), strings.HasSuffix(f.ObjectDefinition.Name, "Page"):
		return 1
	case strings.HasPrefix(f.ObjectDefinition.Name, "__"):
		return schemaList
	}
	if ids, ok := args["ids"].([]any); ok {
		return max(1, min(len(ids), maxPage))
	}
	return shortList
}

func number(v any) (int, bool) {
	switch v := v.(type) {
	case int:
		return v, true
	case int64:
		return int(min(v, enough)), true
	case float64:
		return int(min(v, enough)), true
	case interface{ Int64() (int64, error) }:
		n, err := v.Int64()
		return int(min(n, enough)), err == nil
	}
	return 0, false
}
