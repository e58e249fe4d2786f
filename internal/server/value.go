package server

import (
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// eachValue visits every value written in a document, from the outside in.
func eachValue(doc *ast.QueryDocument, visit func(*ast.Value)) {
	var value func(*ast.Value)
	value = func(v *ast.Value) {
		if v == nil {
			return
		}
		visit(v)
		for _, child := range v.Children {
			value(child.Value)
		}
	}
	arguments := func(list ast.ArgumentList) {
		for _, a := range list {
			value(a.Value)
		}
	}
	directives := func(list ast.DirectiveList) {
		for _, d := range list {
			arguments(d.Arguments)
		}
	}
	var selections func(ast.SelectionSet)
	selections = func(set ast.SelectionSet) {
		for _, sel := range set {
			switch sel := sel.(type) {
			case *ast.Field:
				arguments(sel.Arguments)
				directives(sel.Directives)
				selections(sel.SelectionSet)
			case *ast.InlineFragment:
				directives(sel.Directives)
				selections(sel.SelectionSet)
			case *ast.FragmentSpread:
				directives(sel.Directives)
			}
		}
	}
	for _, op := range doc.Operations {
		directives(op.Directives)
		for _, v := range op.VariableDefinitions {
			value(v.DefaultValue)
			directives(v.Directives)
		}
		selections(op.SelectionSet)
	}
	for _, f := range doc.Fragments {
		directives(f.Directives)
		selections(f.SelectionSet)
	}
}

// checkNumbers refuses numbers that no number type of ours can hold; reading them later would panic.
func checkNumbers(doc *ast.QueryDocument) (bad *gqlerror.Error) {
	eachValue(doc, func(v *ast.Value) {
		var err error
		switch v.Kind {
		case ast.IntValue:
			_, err = strconv.ParseInt(v.Raw, 10, 64)
		case ast.FloatValue:
			_, err = strconv.ParseFloat(v.Raw, 64)
		}
		if err != nil && bad == nil {
			bad = gqlError(codeInvalidQuery, "A number is too big.")
			if v.Position != nil {
				bad.Locations = []gqlerror.Location{{Line: v.Position.Line, Column: v.Position.Column}}
			}
		}
	})
	return bad
}

// memberVariables are the variables that stand as members of input objects, as in patch: {email: $email}.
func memberVariables(doc *ast.QueryDocument) (names []string) {
	eachValue(doc, func(v *ast.Value) {
		if v.Kind != ast.ObjectValue {
			return
		}
		for _, member := range v.Children {
			if member.Value.Kind == ast.Variable && !slices.Contains(names, member.Value.Raw) {
				names = append(names, member.Value.Raw)
			}
		}
	})
	return names
}

// dropAbsentMembers removes members of input objects whose variable was not given. The specification says that such a
// member is absent; the library reads it as null, which in a patch would clear the field.
func dropAbsentMembers(doc *ast.QueryDocument, given map[string]any) {
	eachValue(doc, func(v *ast.Value) {
		if v.Kind != ast.ObjectValue {
			return
		}
		v.Children = slices.DeleteFunc(v.Children, func(member *ast.ChildValue) bool {
			_, ok := given[member.Value.Raw]
			return member.Value.Kind == ast.Variable && !ok
		})
	})
}

// checkNulls refuses null where a value is needed. A variable with a default may stand there although its type takes null, by
// the specification's rules, and then null is an error of the request. The library panics over it or reads it as nothing,
// which in a filter lists everybody and in a patch clears.
func checkNulls(op *ast.OperationDefinition, given map[string]any) (bad *gqlerror.Error) {
	isNull := func(name string) bool {
		v, ok := given[name]
		return ok && v == nil
	}
	if !slices.ContainsFunc(op.VariableDefinitions, func(d *ast.VariableDefinition) bool { return isNull(d.Variable) }) {
		return nil
	}
	eachValue(only(op), func(v *ast.Value) {
		if bad != nil || v.Kind != ast.Variable || v.ExpectedType == nil || !v.ExpectedType.NonNull || !isNull(v.Raw) {
			return
		}
		bad = gqlError(codeInvalidQuery, "The variable $%s is null, and stands where a %s is needed.", v.Raw, v.ExpectedType.Name())
		bad.Path = ast.Path{ast.PathName("variable"), ast.PathName(v.Raw)}
		if v.Position != nil {
			bad.Locations = []gqlerror.Location{{Line: v.Position.Line, Column: v.Position.Column}}
		}
	})
	return bad
}

// only is the document of one operation: itself and the fragments that it spreads.
func only(op *ast.OperationDefinition) *ast.QueryDocument {
	out := &ast.QueryDocument{Operations: ast.OperationList{op}}
	var selections func(ast.SelectionSet)
	selections = func(set ast.SelectionSet) {
		for _, sel := range set {
			switch sel := sel.(type) {
			case *ast.Field:
				selections(sel.SelectionSet)
			case *ast.InlineFragment:
				selections(sel.SelectionSet)
			case *ast.FragmentSpread:
				if f := sel.Definition; f != nil && !slices.Contains(out.Fragments, f) {
					out.Fragments = append(out.Fragments, f)
					selections(f.SelectionSet)
				}
			}
		}
	}
	selections(op.SelectionSet)
	return out
}
