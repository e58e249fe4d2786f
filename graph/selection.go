package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"customerhub/graph/model"
	"customerhub/internal/hub"
)

// A root field reads everything under it in one batch, so it has to know what its selection asks for. Fragments are
// followed, @skip and @include are heeded.

// selected gives the fields that are selected below the current field, where its type is one of types.
func selected(ctx context.Context, types ...string) []graphql.CollectedField {
	fc := graphql.GetFieldContext(ctx)
	return collect(ctx, fc.Field.Selections, types...)
}

func collect(ctx context.Context, set ast.SelectionSet, types ...string) []graphql.CollectedField {
	return graphql.CollectFields(graphql.GetOperationContext(ctx), set, types)
}

// asksFor says whether a field of that name is among them.
func asksFor(fields []graphql.CollectedField, name string) bool {
	for _, f := range fields {
		if f.Name == name {
			return true
		}
	}
	return false
}

// relations says what the fields selected of a customer need. The fields of one response name are collected into one,
// but a relation may be there several times under aliases.
func relations(ctx context.Context, ofCustomer []graphql.CollectedField) model.Relations {
	var need model.Relations
	for _, f := range ofCustomer {
		switch f.Name {
		case "addresses":
			need |= model.Addresses
		case "offices", "einvoiceAddresses":
			need |= model.Offices
		case "contacts":
			need |= model.Contacts
			if asksFor(collect(ctx, f.Selections, "Contact"), "office") {
				need |= model.Offices
			}
		case "links":
			need |= model.Links
		case "provenance":
			need |= provenanceNeeds
		}
	}
	return need
}

// customerRelations is what the current field, whose type is Customer or an interface of it, needs of customers.
func customerRelations(ctx context.Context) model.Relations {
	return relations(ctx, selected(ctx, "Customer", "Node"))
}

// connectionRelations is what the customers of a connection need.
func connectionRelations(ctx context.Context) (need model.Relations, total bool) {
	for _, f := range selected(ctx, "CustomerConnection") {
		switch f.Name {
		case "nodes":
			need |= relations(ctx, collect(ctx, f.Selections, "Customer", "Node"))
		case "edges":
			for _, e := range collect(ctx, f.Selections, "CustomerEdge") {
				if e.Name == "node" {
					need |= relations(ctx, collect(ctx, e.Selections, "Customer", "Node"))
				}
			}
		case "totalCount":
			total = true
		}
	}
	return need, total
}

var includes = []struct {
	relation model.Relations
	include  hub.Include
}{
	{model.Addresses, hub.IncludeAddresses},
	{model.Offices, hub.IncludeOffices},
	{model.Contacts, hub.IncludeContacts},
	{model.Links, hub.IncludeLinks},
}

// include is the set as the hub knows it.
func include(r model.Relations) hub.Include {
	var inc hub.Include
	for _, i := range includes {
		if r.Has(i.relation) {
			inc |= i.include
		}
	}
	return inc
}

// included is the set as the model knows it.
func included(inc hub.Include) model.Relations {
	var r model.Relations
	for _, i := range includes {
		if inc&i.include != 0 {
			r |= i.relation
		}
	}
	return r
}
