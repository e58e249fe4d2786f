package graph

import (
	"context"
	"errors"

	"github.com/99designs/gqlgen/graphql"

	"customerhub/graph/model"
	"customerhub/graph/rows"
	"customerhub/internal/auth"
	"customerhub/internal/hub"
)

// InterceptField answers those fields of Query that graph/rows can; all others are executed plainly, by the resolvers. The
// two give the same bytes.
func (a *API) InterceptField(ctx context.Context, next graphql.Resolver) (any, error) {
	fc := graphql.GetFieldContext(ctx)
	if a.rows == nil || fc.Object != "Query" || isPlain(ctx) {
		return next(ctx)
	}
	out, err := a.compiled(ctx, fc)
	switch {
	case errors.Is(err, rows.ErrPlain):
		a.reads.plain.Add(1)
		return next(ctx)
	case err != nil:
		return nil, err
	}
	a.reads.compiled.Add(1)
	return out, nil
}

// Check says whether the compiled read path fits schema and database. It is for the start.
func (a *API) Check(ctx context.Context) error {
	if a.rows == nil {
		return nil
	}
	return a.rows.Check(ctx, a.Schema().Schema())
}

// Reads tells how fields of Query were answered since the start.
type Reads struct {
	// Compiled were answered from rows, Plain by execution field by field.
	Compiled, Plain uint64
}

// Reads gives the counts so far.
func (a *API) Reads() Reads { return Reads{a.reads.compiled.Load(), a.reads.plain.Load()} }

// compiled answers a field from rows, or gives rows.ErrPlain.
func (a *API) compiled(ctx context.Context, fc *graphql.FieldContext) (graphql.Marshaler, error) {
	v := auth.ViewerFrom(ctx)
	switch fc.Field.Name {
	case "customers":
		q, err := customersQuery(fc.Args)
		if err != nil {
			return nil, rows.ErrPlain
		}
		return a.rows.Customers(ctx, fc.Field, v, q)
	case "customer":
		by, err := customerLookup(fc.Args["by"].(model.CustomerLookup))
		if err != nil {
			return nil, rows.ErrPlain
		}
		if argument[int](fc.Args, "maxStaleness") != nil {
			return nil, rows.ErrPlain // it waits first, and a second time would tell twice
		}
		return a.rows.Customer(ctx, fc.Field, v, by)
	case "node":
		n, id, ok := model.ParseGlobalID(fc.Args["id"].(string))
		if !ok {
			return nil, rows.ErrPlain
		}
		return a.rows.Node(ctx, fc.Field, v, n, id)
	}
	return nil, rows.ErrPlain
}

func customersQuery(args map[string]any) (hub.CustomerQuery, error) {
	order, _ := args["orderBy"].(*model.CustomerOrder)
	filter, _ := args["filter"].(*model.CustomerFilter)
	f, err := customerFilter(filter)
	return hub.CustomerQuery{
		Filter: f, Order: hub.CustomerOrder(value(order)),
		Page: toPage(argument[int](args, "first"), argument[string](args, "after"), argument[int](args, "last"), argument[string](args, "before")),
	}, err
}

func argument[T any](args map[string]any, name string) *T {
	p, _ := args[name].(*T)
	return p
}

type plainKey struct{}

// Plain makes everything be executed plainly: for comparing, and for whoever suspects the other way.
func Plain(ctx context.Context) context.Context { return context.WithValue(ctx, plainKey{}, true) }

func isPlain(ctx context.Context) bool { return ctx.Value(plainKey{}) != nil }
