package hub

import (
	"cmp"
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/merge"
	"customerhub/internal/store"
)

// ProposalPage is a part of the list of open proposals.
type ProposalPage struct {
	Proposals []customer.PersonProposal
	Cursors   []string
	HasMore   bool
	Total     int // when it was asked for
}

// proposalOrder is the order of proposals as their cursors have it, which is no other list's.
const proposalOrder = "proposal"

// PersonProposals lists open proposals, newest first, and counts them when total is asked for. Needs customers:read. Reasons: PAGE_*, CURSOR_INVALID.
func (h *Hub) PersonProposals(ctx context.Context, v auth.Viewer, first *int, after string, total bool) (ProposalPage, error) {
	w, err := Page{First: first, After: after}.window()
	if err != nil {
		return ProposalPage{}, err
	}
	place, err := parsePosition(after, proposalOrder, "after")
	if err != nil {
		return ProposalPage{}, err
	}
	var from customer.PersonProposal
	if place != nil {
		from.ID = customer.PersonProposalID(place.ID)
		if from.RaisedAt, err = parseTimeKey(place.Key); err != nil {
			return ProposalPage{}, err
		}
	}
	var out ProposalPage
	err = h.read(ctx, v, auth.CustomersRead, func(ctx context.Context, tx pgx.Tx) error {
		if out.Proposals, err = store.ListOpenProposals(ctx, tx, from, w.limit+1); err != nil || !total {
			return err
		}
		out.Total, err = store.CountOpenProposals(ctx, tx)
		return err
	})
	if err != nil {
		return ProposalPage{}, err
	}
	if out.HasMore = len(out.Proposals) > w.limit; out.HasMore {
		out.Proposals = out.Proposals[:w.limit]
	}
	for _, p := range out.Proposals {
		out.Cursors = append(out.Cursors, position{proposalOrder, timeKey(p.RaisedAt), string(p.ID)}.cursor())
	}
	return out, nil
}

// AcceptPersonProposal makes the two persons of a proposal one: the older stays and learns what only the other knew, and is
// the contact wherever the other was, with everything that belongs to the contact there. Each customer concerned gets a
// version and a change; contact persons of external systems keep their keys. Needs findings:resolve. Reasons: PROPOSAL_DECIDED.
func (h *Hub) AcceptPersonProposal(ctx context.Context, v auth.Viewer, id customer.PersonProposalID, key string) (customer.PersonID, error) {
	return h.decideProposal(ctx, v, "acceptPersonProposal", id, customer.ProposalAccepted, key,
		func(ctx context.Context, tx pgx.Tx, p *customer.PersonProposal) error {
			return h.mergePeople(ctx, tx, v, p)
		})
}

// RejectPersonProposal says that the two persons are not the same; they are never proposed again. Needs findings:resolve.
// Reasons: PROPOSAL_DECIDED.
func (h *Hub) RejectPersonProposal(ctx context.Context, v auth.Viewer, id customer.PersonProposalID, key string) (customer.PersonID, error) {
	return h.decideProposal(ctx, v, "rejectPersonProposal", id, customer.ProposalRejected, key,
		func(context.Context, pgx.Tx, *customer.PersonProposal) error { return nil })
}

func (h *Hub) decideProposal(ctx context.Context, v auth.Viewer, operation string, id customer.PersonProposalID, s customer.ProposalState, key string,
	fn func(context.Context, pgx.Tx, *customer.PersonProposal) error,
) (customer.PersonID, error) {
	if err := v.Require(auth.FindingsResolve); err != nil {
		return "", err
	}
	if err := validID(id, "proposal"); err != nil {
		return "", fault.Of(err).At("id")
	}
	out, err := h.do(ctx, v, command{auth.FindingsResolve, operation, key, id, customerWake}, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		p, err := store.LockProposal(ctx, tx, id)
		if err != nil || p == nil {
			return nil, firstError(err, fault.New(fault.NotFound, "There is no proposal with this id.").At("id"))
		}
		if p.State != customer.ProposalOpen {
			return nil, fault.Because(fault.Invalid, "PROPOSAL_DECIDED", "This proposal was decided already: %s.", p.State).At("id")
		}
		if err := fn(ctx, tx, p); err != nil {
			return nil, err
		}
		if err := store.DecideProposal(ctx, tx, id, s, actorKey(v.Actor)); err != nil {
			return nil, err
		}
		if s == customer.ProposalRejected { // each of the two may be somebody else
			customers, err := store.ListCustomersOfPeople(ctx, tx, []customer.PersonID{p.Person, p.Other})
			if err == nil {
				err = store.ProposePeople(ctx, tx, customers, nil)
			}
			if err != nil {
				return nil, err
			}
		}
		return answer{"person": string(p.Person)}, nil
	})
	return customer.PersonID(out["person"]), err
}

// mergePeople makes the contacts of one person those of another, for all customers that either is a contact of.
func (h *Hub) mergePeople(ctx context.Context, tx pgx.Tx, v auth.Viewer, p *customer.PersonProposal) error {
	both := []customer.PersonID{p.Person, p.Other}
	ids, err := store.ListCustomersOfPeople(ctx, tx, both)
	if err != nil {
		return err
	}
	if ids, err = store.LockCustomers(ctx, tx, ids); err != nil {
		return err
	}
	if err := store.LockContacts(ctx, tx, ids); err != nil {
		return err
	}
	people, err := store.ListPeopleByID(ctx, tx, both)
	if err != nil || len(people) != 2 {
		return firstError(err, fault.New(fault.NotFound, "One of the two persons is not here any more.").At("id"))
	}
	older, other := people[0], people[1]
	if older.ID != p.Person {
		older, other = other, older
	}
	one := older.Absorb(other)
	customers, err := store.ListCustomersByID(ctx, tx, ids, store.AllRelations)
	if err != nil {
		return err
	}
	var changed []customer.Customer
	var changes []change.Change
	for _, c := range customers {
		before := c.Flatten(customer.HubKeys)
		if !mergeContacts(&c, one, other.ID) {
			continue
		}
		fields := customer.Diff(before, c.Flatten(customer.HubKeys))
		kind := merge.Alter(&c, fields)
		changed = append(changed, c)
		changes = append(changes, change.Change{Kind: kind, CustomerID: c.ID, Fields: fields, Actor: v.Actor})
	}
	if err := store.SavePeople(ctx, tx, []customer.Person{one}); err != nil {
		return err
	}
	if err := store.MovePersonLinks(ctx, tx, other.ID, one.ID); err != nil {
		return err
	}
	if err := store.MoveProposals(ctx, tx, other.ID, one.ID, p.ID); err != nil {
		return err
	}
	return h.saveChanged(ctx, tx, changed, changes)
}

// mergeContacts puts the merged person where the two were; false when neither was. A customer that had both keeps the contact
// of the one that stays, with the roles of both, and the title and office of the other where it has none.
func mergeContacts(c *customer.Customer, one customer.Person, gone customer.PersonID) bool {
	at := func(id customer.PersonID) int {
		return slices.IndexFunc(c.Contacts, func(ct customer.Contact) bool { return ct.Person.ID == id })
	}
	kept, dropped := at(one.ID), at(gone)
	switch {
	case kept < 0 && dropped < 0:
		return false
	case kept < 0:
		c.Contacts[dropped].Person = one
	case dropped < 0:
		c.Contacts[kept].Person = one
	default:
		c.Contacts[kept].Person = one
		for _, r := range c.Contacts[dropped].Roles {
			if !slices.Contains(c.Contacts[kept].Roles, r) {
				c.Contacts[kept].Roles = append(c.Contacts[kept].Roles, r)
			}
		}
		c.Contacts[kept].Title = cmp.Or(c.Contacts[kept].Title, c.Contacts[dropped].Title)
		c.Contacts[kept].OfficeID = cmp.Or(c.Contacts[kept].OfficeID, c.Contacts[dropped].OfficeID)
		c.Contacts[kept].IsDefault = c.Contacts[kept].IsDefault || c.Contacts[dropped].IsDefault
		c.Contacts = slices.Delete(c.Contacts, dropped, dropped+1)
	}
	return true
}
