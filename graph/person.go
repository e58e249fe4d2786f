package graph

import (
	"context"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/hub"
)

// People resolves Query.people.
func (r queries) People(ctx context.Context, filter *model.PersonFilter, first *int, after *string, last *int, before *string) (*model.PersonConnection, error) {
	v := auth.ViewerFrom(ctx)
	f, err := personFilter(filter)
	if err != nil {
		return nil, err
	}
	total := asksFor(selected(ctx, "PersonConnection"), "totalCount")
	page, err := r.hub.People(ctx, v, f, toPage(first, after, last, before), total)
	if err != nil {
		return nil, err
	}
	out := &model.PersonConnection{
		Edges: []*model.PersonEdge{}, Nodes: each(page.Items, func(p customer.Person) *model.Person { return toPerson(v, p) }),
		PageInfo: toPageInfo(page.Info, page.Cursors), TotalCount: page.Total,
	}
	for i, n := range out.Nodes {
		out.Edges = append(out.Edges, &model.PersonEdge{Node: n, Cursor: page.Cursors[i]})
	}
	return out, nil
}

func personFilter(in *model.PersonFilter) (f hub.PersonFilter, err error) {
	if in == nil {
		return f, nil
	}
	f = hub.PersonFilter{Text: value(given(in.Text)), Email: given(in.Email), Phone: given(in.Phone)}
	if id := given(in.Customer); id != nil {
		if f.Customer, err = parseCustomerID(*id); err != nil {
			return f, at(err, "filter", "customer")
		}
	}
	return f, nil
}
