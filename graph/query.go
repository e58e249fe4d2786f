package graph

import (
	"context"
	"strings"
	"sync"

	"github.com/99designs/gqlgen/graphql"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/organisation"
	"customerhub/internal/run"
	"customerhub/internal/system"
)

// Viewer resolves Query.viewer.
func (r queries) Viewer(ctx context.Context) (*model.Viewer, error) {
	v := auth.ViewerFrom(ctx)
	if v.Organisation.ID == "" {
		return nil, fault.New(fault.Unauthenticated, "Sign in first: send the header Authorization: Bearer KEY.")
	}
	return &model.Viewer{
		Actor:         toActor(v.Actor),
		Scopes:        each(v.Scopes, func(s auth.Scope) string { return string(s) }),
		Organisation:  toOrganisation(v.Organisation),
		Organisations: each(v.Organisations, toOrganisation),
	}, nil
}

func toOrganisation(o organisation.Organisation) *model.Organisation {
	return &model.Organisation{ID: string(o.ID), Name: o.Name}
}

// Customers resolves Query.customers.
func (r queries) Customers(ctx context.Context, filter *model.CustomerFilter, orderBy *model.CustomerOrder, first *int, after *string, last *int, before *string) (*model.CustomerConnection, error) {
	v := auth.ViewerFrom(ctx)
	need, total := connectionRelations(ctx)
	f, err := customerFilter(filter)
	if err != nil {
		return nil, err
	}
	page, err := r.hub.Customers(ctx, v, hub.CustomerQuery{
		Filter: f, Order: hub.CustomerOrder(value(orderBy)),
		Page: toPage(first, after, last, before), Total: total, Include: include(need),
	})
	if err != nil {
		return nil, err
	}
	out := &model.CustomerConnection{
		Edges:    []*model.CustomerEdge{},
		Nodes:    each(page.Items, func(c hub.CustomerView) *model.Customer { return toCustomer(v, c) }),
		PageInfo: toPageInfo(page.Info, page.Cursors), TotalCount: page.Total,
	}
	for i, n := range out.Nodes {
		out.Edges = append(out.Edges, &model.CustomerEdge{Node: n, Cursor: page.Cursors[i]})
	}
	return out, nil
}

func customerFilter(in *model.CustomerFilter) (f hub.CustomerFilter, err error) {
	if in == nil {
		return f, nil
	}
	f = hub.CustomerFilter{
		Text: value(given(in.Text)), Kind: customer.Kind(value(given(in.Kind))), Status: customer.Status(value(given(in.Status))),
		UpdatedSince: value(given(in.UpdatedSince)),
	}
	if id := given(in.System); id != nil {
		if f.System, err = parseSystemID(*id); err != nil {
			return f, at(err, "filter", "system")
		}
	}
	if states := in.SyncState.Value(); states != nil {
		f.SyncStates = each(states, func(s model.SyncState) link.State { return link.State(s) })
	}
	if f.KYC, err = kycFilter(given(in.Kyc), "filter", "kyc"); err != nil {
		return f, err
	}
	if field := given(in.CustomField); field != nil {
		if field.Key == "" { // which would restrict nothing, and so list everybody
			return f, fault.New(fault.Invalid, "The key of the custom field to look for is empty.").At("filter", "customField", "key")
		}
		v, err := newCustomValue(field.Key, graphql.OmittableOf(field.Value), "filter", "customField")
		if err != nil {
			return f, err
		}
		f.CustomField = hub.CustomFieldFilter{Key: v.key, Type: v.kind, Value: v.value}
	}
	return f, nil
}

// Customer resolves Query.customer.
func (r queries) Customer(ctx context.Context, by model.CustomerLookup, maxStaleness *int) (*model.Customer, error) {
	v := auth.ViewerFrom(ctx)
	lookup, err := customerLookup(by)
	if err != nil {
		return nil, err
	}
	if err := r.refresh(ctx, v, lookup, maxStaleness); err != nil {
		return nil, err
	}
	c, err := r.hub.Customer(ctx, v, lookup, include(customerRelations(ctx)))
	if err != nil || c == nil {
		return nil, withCandidates(err)
	}
	return toCustomer(v, *c), nil
}

// customerLookup checks that one identity was given and takes its ids apart. An empty one would match nothing on
// purpose, so it is refused.
func customerLookup(by model.CustomerLookup) (l hub.CustomerLookup, err error) {
	members := 0
	if id := given(by.ID); id != nil {
		members++
		if l.ID, err = parseCustomerID(*id); err != nil {
			return l, at(err, "by", "id")
		}
	}
	if number := given(by.Number); number != nil {
		members++
		if l.Number = strings.TrimSpace(*number); l.Number == "" {
			return l, fault.New(fault.Invalid, "The number to look up is empty.").At("by", "number")
		}
	}
	if id := given(by.BusinessID); id != nil {
		members++
		if l.BusinessID = strings.TrimSpace(*id); l.BusinessID == "" {
			return l, fault.New(fault.Invalid, "The business ID to look up is empty.").At("by", "businessId")
		}
	}
	if key := given(by.External); key != nil {
		members++
		if l.System, err = parseSystemID(key.System); err != nil {
			return l, at(err, "by", "external", "system")
		}
		if l.ExternalID = key.ExternalID; l.ExternalID == "" {
			return l, fault.New(fault.Invalid, "The external id to look up is empty.").At("by", "external", "externalId")
		}
	}
	if members != 1 {
		return l, fault.New(fault.Invalid, "Name the customer by exactly one of id, number, businessId and external; %d were given.", members).At("by")
	}
	return l, nil
}

// Node resolves Query.node.
func (r queries) Node(ctx context.Context, id string) (model.Node, error) {
	n, raw, err := parseID(id)
	if err != nil {
		return nil, at(err, "id")
	}
	return loadNode(ctx, n, raw)
}

// Nodes resolves Query.nodes.
func (r queries) Nodes(ctx context.Context, ids []string) ([]model.Node, error) {
	if len(ids) > hub.MaxPageSize {
		return nil, fault.New(fault.Invalid, "At most %d ids can be read at once; these are %d.", hub.MaxPageSize, len(ids)).At("ids")
	}
	type key struct {
		noun noun
		id   string
	}
	keys := make([]key, len(ids))
	for i, id := range ids {
		n, raw, err := parseID(id)
		if err != nil {
			return nil, at(err, "ids")
		}
		keys[i] = key{n, raw}
	}
	// At the same time, so that the loaders gather each type into one read.
	nodes := make([]model.Node, len(ids))
	errs := make([]error, len(ids))
	var wg sync.WaitGroup
	for i, k := range keys {
		wg.Go(func() { nodes[i], errs[i] = loadNode(ctx, k.noun, k.id) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return nodes, nil
}

// loadNode reads anything that has a global id; nil when there is none.
func loadNode(ctx context.Context, n noun, id string) (model.Node, error) {
	v, l := auth.ViewerFrom(ctx), load(ctx)
	switch n {
	case nounCustomer:
		return node(loadCustomer(ctx, customer.ID(id), customerRelations(ctx)))
	case nounOffice:
		return node(loadOffice(ctx, customer.OfficeID(id)))
	case nounPerson:
		return loadedNode(func(p customer.Person) *model.Person { return toPerson(v, p) })(l.people.Load(ctx, customer.PersonID(id)))
	case nounSystem:
		return node(loadSystem(ctx, system.ID(id)))
	case nounLink:
		return loadedNode(func(w hub.LinkView) *model.Link { return toLink(v, w, nil) })(l.links.Load(ctx, link.ID(id)))
	case nounRun:
		return node(loadRun(ctx, run.ID(id)))
	case nounFinding:
		return node(loadFinding(ctx, finding.ID(id)))
	case nounPlan:
		return node(loadPlan(ctx, run.ID(id)))
	case nounCert:
		return node(loadCertificate(ctx, run.ID(id)))
	}
	return nil, nil
}

// node is a pointer as a Node, where nil stays nil.
func node[T any, P interface {
	*T
	model.Node
}](p P, err error) (model.Node, error) {
	if err != nil || p == nil {
		return nil, err
	}
	return p, nil
}

// loadedNode translates what a loader says.
func loadedNode[V, T any, P interface {
	*T
	model.Node
}](translate func(V) P) func(V, error) (model.Node, error) {
	return func(v V, err error) (model.Node, error) {
		v, ok, err := found(v, err)
		if err != nil || !ok {
			return nil, err
		}
		return translate(v), nil
	}
}
