package graph

import (
	"context"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/customer"
)

// PersonProposals resolves Query.personProposals.
func (r queries) PersonProposals(ctx context.Context, first *int, after *string) (*model.PersonProposalConnection, error) {
	total := asksFor(selected(ctx, "PersonProposalConnection"), "totalCount")
	page, err := r.hub.PersonProposals(ctx, auth.ViewerFrom(ctx), first, value(after), total)
	if err != nil {
		return nil, err
	}
	out := &model.PersonProposalConnection{
		Edges: []*model.PersonProposalEdge{}, Nodes: []*model.PersonProposal{},
		PageInfo:   &model.PageInfo{HasNextPage: page.HasMore, HasPreviousPage: value(after) != ""},
		TotalCount: page.Total,
	}
	for i, p := range page.Proposals {
		node := &model.PersonProposal{
			ID: globalID(nounProposal, p.ID), Reason: model.PersonMatch(p.Reason), RaisedAt: p.RaisedAt,
			PersonIDs: []customer.PersonID{p.Person, p.Other},
		}
		out.Nodes = append(out.Nodes, node)
		out.Edges = append(out.Edges, &model.PersonProposalEdge{Node: node, Cursor: page.Cursors[i]})
	}
	if n := len(page.Cursors); n > 0 {
		out.PageInfo.StartCursor, out.PageInfo.EndCursor = &page.Cursors[0], &page.Cursors[n-1]
	}
	return out, nil
}

// People resolves PersonProposal.people.
func (r proposals) People(ctx context.Context, p *model.PersonProposal) ([]*model.Person, error) {
	loaded, err := load(ctx).people.LoadAll(ctx, p.PersonIDs)
	if err != nil {
		return nil, err
	}
	v := auth.ViewerFrom(ctx)
	return each(loaded, func(p customer.Person) *model.Person { return toPerson(v, p) }), nil
}

// AcceptPersonProposal resolves Mutation.acceptPersonProposal.
func (r mutations) AcceptPersonProposal(ctx context.Context, in model.AcceptPersonProposalInput) (*model.AcceptPersonProposalPayload, error) {
	p, failures, err := decided(ctx, in.ID, idempotencyKey(in.IdempotencyKey), r.hub.AcceptPersonProposal)
	return &model.AcceptPersonProposalPayload{Person: p, UserErrors: failures}, err
}

// RejectPersonProposal resolves Mutation.rejectPersonProposal.
func (r mutations) RejectPersonProposal(ctx context.Context, in model.RejectPersonProposalInput) (*model.RejectPersonProposalPayload, error) {
	p, failures, err := decided(ctx, in.ID, idempotencyKey(in.IdempotencyKey), r.hub.RejectPersonProposal)
	return &model.RejectPersonProposalPayload{Person: p, UserErrors: failures}, err
}

// decided lets the hub decide about a proposal and reads the person who was known for longer.
func decided(ctx context.Context, globalID, key string,
	decide func(context.Context, auth.Viewer, customer.PersonProposalID, string) (customer.PersonID, error),
) (p *model.Person, failures []*model.UserError, err error) {
	id, err := parseAs[customer.PersonProposalID](nounProposal, globalID)
	err = at(err, "id")
	if err == nil {
		var person customer.PersonID
		if person, err = decide(ctx, auth.ViewerFrom(ctx), id, key); err == nil {
			p, err = changedPerson(ctx, person)
		}
	}
	failures, err = userErrors(err, "input")
	return p, failures, err
}

// changedPerson is the person that a command gives back; nil for who may decide and not read.
func changedPerson(ctx context.Context, id customer.PersonID) (*model.Person, error) {
	v := auth.ViewerFrom(ctx)
	if !v.Can(auth.CustomersRead) {
		return nil, nil
	}
	p, ok, err := found(load(ctx).people.Load(ctx, id))
	if err != nil || !ok {
		return nil, err
	}
	return toPerson(v, p), nil
}
