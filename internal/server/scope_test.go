package server_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"customerhub/graph"
	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/store"
)

var needs = regexp.MustCompile("(?s)Needs\\s+((?:`[a-z:]+`(?:, | and )?)+)")

// scopesOf are the scopes that a description says are needed for the field itself.
func scopesOf(description string) []auth.Scope {
	m := needs.FindStringSubmatch(description)
	if m == nil {
		return nil
	}
	var out []auth.Scope
	for _, s := range regexp.MustCompile("`([a-z:]+)`").FindAllStringSubmatch(m[1], -1) {
		out = append(out, auth.Scope(s[1]))
	}
	return out
}

// anyKey are the fields that every key may ask for. What node gives needs the scope of its type, which is tested elsewhere.
var anyKey = []string{"viewer", "node", "nodes"}

// TestScopesAreThoseOfTheDescriptions asks for every field of Query, Mutation and Subscription with a key that has exactly the
// scopes that its description names, and with one that has all the others.
func TestScopesAreThoseOfTheDescriptions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	schema := graph.New(graph.Options{}).Schema().Schema()
	keys := make(map[string]auth.Key)
	key := func(scopes []auth.Scope) auth.Key {
		name := fmt.Sprint(scopes)
		if _, ok := keys[name]; !ok {
			keys[name] = b.newKey(scopes, b.org)
		}
		return keys[name]
	}
	for _, root := range []*ast.Definition{schema.Query, schema.Mutation, schema.Subscription} {
		for _, f := range root.Fields {
			if strings.HasPrefix(f.Name, "__") || slices.Contains(anyKey, f.Name) {
				continue
			}
			need := scopesOf(f.Description)
			if len(need) == 0 {
				t.Errorf("%s.%s does not say which scope it needs", root.Name, f.Name)
				continue
			}
			var others []auth.Scope
			for _, s := range auth.Scopes {
				if s != auth.Admin && !slices.Contains(need, s) {
					others = append(others, s)
				}
			}
			w := valueWriter{schema}
			query := strings.ToLower(root.Name) + " { " + f.Name + w.arguments(f.Name, f.Arguments) + w.selection(f.Type) + " }"
			if a := b.firstAnswer(key(need), root, query, true); strings.Contains(a, `"FORBIDDEN"`) {
				t.Errorf("%s.%s is refused to who has %v: %.300s", root.Name, f.Name, need, a)
			}
			if slices.Equal(need, []auth.Scope{auth.Admin}) {
				others = slices.DeleteFunc(slices.Clone(auth.Scopes), func(s auth.Scope) bool { return s == auth.Admin })
			}
			if a := b.firstAnswer(key(others), root, query, false); !strings.Contains(a, `"FORBIDDEN"`) {
				t.Errorf("%s.%s is given to who has %v: %.300s", root.Name, f.Name, others, a)
			}
		}
	}
}

// firstAnswer gives the answer to an operation, or what a subscription says first, which may be nothing.
func (b *bundle) firstAnswer(key auth.Key, root *ast.Definition, query string, mayBeSilent bool) string {
	b.t.Helper()
	if root.Name != "Subscription" {
		return b.asked(key, query, nil, false)
	}
	s := openSocket(b.t.(*testing.T), b, nil)
	s.init(key)
	s.send(vars{"id": "it", "type": "subscribe", "payload": vars{"query": query}})
	for !mayBeSilent {
		if m := s.next(); m.ID == "it" && m.Type != "complete" {
			return string(m.Payload)
		}
	}
	for round := range 5 { // as many answers as this to others mean that it has nothing to say, and stands
		other := fmt.Sprint(round)
		s.send(vars{"id": other, "type": "subscribe", "payload": vars{"query": "{ viewer { scopes } }"}})
		for {
			m := s.next()
			if m.ID == "it" && m.Type != "complete" {
				return string(m.Payload)
			}
			if m.ID == other && m.Type == "complete" {
				break
			}
		}
	}
	return ""
}

// oneOfSeveral is a member of inputs of which something has to be given that the schema cannot say.
var oneOfSeveral = map[string]string{
	"CustomerLookup": `number: "1"`, "SetCustomFieldInput": "value: null", "CustomFieldInput": "value: null", "SetResponsibleInput": "responsible: null",
	"LinkContactInput": `personId: "` + model.GlobalID(model.NounPerson, uuid(4, 1)) + `"`,
}

// valueWriter writes values that are valid for their types, and mean nothing.
type valueWriter struct{ schema *ast.Schema }

func (w valueWriter) arguments(field string, all ast.ArgumentDefinitionList) string {
	var out []string
	for _, a := range all {
		if a.Type.NonNull && a.DefaultValue == nil {
			of := a.Name
			if a.Name == "id" {
				of = field // customerAsOf(id:) is of a customer
			}
			out = append(out, a.Name+": "+w.value(a.Type, of))
		}
	}
	if len(out) == 0 {
		return ""
	}
	return "(" + strings.Join(out, ", ") + ")"
}

func (w valueWriter) value(t *ast.Type, name string) string {
	if t.Elem != nil {
		return "[" + w.value(t.Elem, name) + "]"
	}
	def := w.schema.Types[t.NamedType]
	switch def.Kind {
	case ast.Enum:
		return def.EnumValues[0].Name
	case ast.InputObject:
		var out []string
		for _, f := range def.Fields {
			if f.Type.NonNull && f.DefaultValue == nil {
				of := f.Name
				if f.Name == "id" {
					of = def.Name // UpdatePersonInput.id is of a person
				}
				out = append(out, f.Name+": "+w.value(f.Type, of))
			}
		}
		if one := oneOfSeveral[def.Name]; one != "" {
			out = append(out, one)
		}
		return "{" + strings.Join(out, ", ") + "}"
	}
	switch def.Name {
	case "Int", "Float":
		return "1"
	case "Boolean":
		return "true"
	case "DateTime":
		return `"2026-11-01T00:00:00Z"`
	case "ID":
		if name == "keep" || name == "merge" { // of two customers
			name = "customer"
		}
		if strings.Contains(name, "Inbound") { // which is the address of a system
			name = "system"
		}
		if strings.Contains(name, "MassChange") { // which a finding tells of
			name = "finding"
		}
		for _, n := range []model.Noun{model.NounProposal, model.NounCustomer, model.NounOffice, model.NounPerson, model.NounSystem, model.NounLink, model.NounRun, model.NounFinding, model.NounPlan} {
			if strings.Contains(strings.ToLower(name), strings.ToLower(string(n))) {
				return `"` + model.GlobalID(n, store.NewID()) + `"`
			}
		}
	}
	return `"x"`
}

func (w valueWriter) selection(t *ast.Type) string {
	if w.schema.Types[t.Name()].IsLeafType() {
		return ""
	}
	return " { __typename }"
}
