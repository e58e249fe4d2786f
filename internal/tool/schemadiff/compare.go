package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// severity is what a change means to a client that was written for the schema before.
type severity string

// The severities, after graphql.org's own definitions.
const (
	// breaking: a document that was valid is not, or an answer has another shape.
	breaking severity = "Breaking"
	// dangerous: every document stays valid, and a client may meet something it does not expect.
	dangerous severity = "Dangerous"
	safe      severity = "Safe"
)

// change is one difference between two schemas.
type change struct {
	severity severity
	// path names what changed: Type, Type.field or Type.field(argument).
	path string
	what string
}

// compare lists what is different in the second schema, by path.
func compare(before, after *ast.Schema) []change {
	d := &diff{}
	walk(before.Types, after.Types, func(name string, a, b *ast.Definition) {
		if !a.BuiltIn {
			d.definition(name, a, b)
		}
	}, func(name string, _ *ast.Definition) {
		d.add(breaking, name, "was removed")
	}, func(name string, _ *ast.Definition) {
		d.add(safe, name, "is new")
	})
	slices.SortFunc(d.changes, func(a, b change) int { return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.what, b.what)) })
	return d.changes
}

type diff struct{ changes []change }

func (d *diff) add(s severity, path, what string, args ...any) {
	d.changes = append(d.changes, change{s, path, fmt.Sprintf(what, args...)})
}

// walk goes through what both have, what is gone and what is new, by name.
func walk[V any](before, after map[string]V, both func(string, V, V), gone, come func(string, V)) {
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if b, ok := after[name]; ok {
			both(name, before[name], b)
		} else {
			gone(name, before[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if _, ok := before[name]; !ok {
			come(name, after[name])
		}
	}
}

func (d *diff) definition(name string, a, b *ast.Definition) {
	if a.Kind != b.Kind {
		d.add(breaking, name, "was of the kind %s and is of the kind %s", a.Kind, b.Kind)
		return
	}
	switch a.Kind {
	case ast.Object, ast.Interface:
		d.fields(name, a, b)
		d.names(name, a.Interfaces, b.Interfaces, "does not implement %s any more", "implements %s")
	case ast.InputObject:
		d.inputs(name, a, b)
	case ast.Union:
		d.names(name, a.Types, b.Types, "does not contain %s any more", "contains %s too")
	case ast.Enum:
		values := func(of *ast.Definition) (out []string) {
			for _, v := range of.EnumValues {
				out = append(out, v.Name)
			}
			return out
		}
		d.names(name, values(a), values(b), "has no value %s any more", "has the new value %s")
		for _, v := range b.EnumValues {
			if was := a.EnumValues.ForName(v.Name); was != nil {
				d.deprecation(name+"."+v.Name, was.Directives, v.Directives)
			}
		}
	case ast.Scalar:
	}
}

// names compares the members of a union, the values of an enum or the interfaces of a type: one that is gone breaks, one that
// is new comes unexpected.
func (d *diff) names(path string, before, after []string, gone, come string) {
	for _, n := range before {
		if !slices.Contains(after, n) {
			d.add(breaking, path, gone, n)
		}
	}
	for _, n := range after {
		if !slices.Contains(before, n) {
			d.add(dangerous, path, come, n)
		}
	}
}

func (d *diff) fields(name string, a, b *ast.Definition) {
	walk(byName(a.Fields), byName(b.Fields), func(field string, was, is *ast.FieldDefinition) {
		path := name + "." + field
		if !narrows(was.Type, is.Type) {
			d.add(breaking, path, "was %s and is %s", was.Type, is.Type)
		} else if was.Type.String() != is.Type.String() {
			d.add(safe, path, "was %s and is %s", was.Type, is.Type)
		}
		d.deprecation(path, was.Directives, is.Directives)
		d.arguments(path, was.Arguments, is.Arguments)
	}, func(field string, was *ast.FieldDefinition) {
		if was.Directives.ForName(deprecated) == nil {
			d.add(breaking, name+"."+field, "was removed, and had not been deprecated before")
			return
		}
		d.add(breaking, name+"."+field, "was removed; it had been deprecated: %s", reason(was.Directives))
	}, func(field string, _ *ast.FieldDefinition) {
		d.add(safe, name+"."+field, "is new")
	})
}

func (d *diff) arguments(path string, a, b ast.ArgumentDefinitionList) {
	list := func(in ast.ArgumentDefinitionList) map[string]*ast.ArgumentDefinition {
		out := make(map[string]*ast.ArgumentDefinition, len(in))
		for _, one := range in {
			out[one.Name] = one
		}
		return out
	}
	walk(list(a), list(b), func(name string, was, is *ast.ArgumentDefinition) {
		d.input(path+"("+name+")", was.Type, is.Type, was.DefaultValue, is.DefaultValue)
		d.deprecation(path+"("+name+")", was.Directives, is.Directives)
	}, func(name string, _ *ast.ArgumentDefinition) {
		d.add(breaking, path+"("+name+")", "was removed")
	}, func(name string, is *ast.ArgumentDefinition) {
		d.newInput(path+"("+name+")", is.Type, is.DefaultValue)
	})
}

func (d *diff) inputs(name string, a, b *ast.Definition) {
	walk(byName(a.Fields), byName(b.Fields), func(field string, was, is *ast.FieldDefinition) {
		d.input(name+"."+field, was.Type, is.Type, was.DefaultValue, is.DefaultValue)
		d.deprecation(name+"."+field, was.Directives, is.Directives)
	}, func(field string, _ *ast.FieldDefinition) {
		d.add(breaking, name+"."+field, "was removed")
	}, func(field string, is *ast.FieldDefinition) {
		d.newInput(name+"."+field, is.Type, is.DefaultValue)
	})
}

// input compares a place that takes a value: what was taken before has to be taken still.
func (d *diff) input(path string, was, is *ast.Type, defaultWas, defaultIs *ast.Value) {
	switch {
	case !narrows(is, was):
		d.add(breaking, path, "took %s and takes %s", was, is)
	case was.String() != is.String():
		d.add(safe, path, "took %s and takes %s", was, is)
	}
	if a, b := shown(defaultWas), shown(defaultIs); a != b {
		d.add(dangerous, path, "was %s when absent and is %s", a, b)
	}
}

func (d *diff) newInput(path string, is *ast.Type, value *ast.Value) {
	if is.NonNull && value == nil {
		d.add(breaking, path, "is new and required")
		return
	}
	d.add(safe, path, "is new and optional")
}

func shown(v *ast.Value) string {
	if v == nil {
		return "nothing"
	}
	return v.String()
}

const deprecated = "deprecated"

func (d *diff) deprecation(path string, before, after ast.DirectiveList) {
	was, is := before.ForName(deprecated) != nil, after.ForName(deprecated) != nil
	switch {
	case !was && is:
		d.add(safe, path, "is deprecated: %s", reason(after))
	case was && !is:
		d.add(safe, path, "is deprecated no longer")
	}
}

func reason(l ast.DirectiveList) string {
	if arg := l.ForName(deprecated).Arguments.ForName("reason"); arg != nil {
		return strings.TrimSpace(arg.Value.Raw)
	}
	return "without a reason"
}

// narrows says whether everything that the second type can be is something that the first can be too.
func narrows(wide, narrow *ast.Type) bool {
	switch {
	case wide.NonNull && !narrow.NonNull:
		return false
	case wide.Elem != nil:
		return narrow.Elem != nil && narrows(wide.Elem, narrow.Elem)
	}
	return narrow.Elem == nil && wide.NamedType == narrow.NamedType
}

func byName(in ast.FieldList) map[string]*ast.FieldDefinition {
	out := make(map[string]*ast.FieldDefinition, len(in))
	for _, f := range in {
		if !strings.HasPrefix(f.Name, "__") {
			out[f.Name] = f
		}
	}
	return out
}
