package hub

import (
	"context"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/link"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// planKYC says which of two records in a due-diligence service stays the customer's, as the KYC contract has it in section 7: the one of
// whom due diligence is under way, else the candidate that the hub has known longer. The other candidate is deleted there. A merge that
// would have two legal entities be one customer, or two due diligences that one of them had to end, is refused.
func (h *Hub) planKYC(ctx context.Context, tx pgx.Tx, p *mergePlan, mine, theirs []store.LinkedRecord, chosen map[system.ID]link.ID, out *linkPlan) error {
	if !h.derives {
		return nil
	}
	systems, err := store.ListSystems(ctx, tx)
	if err != nil {
		return err
	}
	for _, s := range systems {
		if h.o.Kinds[s.Kind].From == "" {
			continue
		}
		a, b := liveIn(mine, s.ID), liveIn(theirs, s.ID)
		if a == nil && b == nil {
			continue
		}
		if id, other := p.kept.BusinessID, p.merged.BusinessID; id != "" && other != "" && id != other {
			return fault.Because(fault.Invalid, "BUSINESS_IDS_DIFFER",
				"The customers have different business IDs, and %s knows them as legal entities. Two of them are never one customer.", s.Name).At("merge")
		}
		if a == nil || b == nil {
			out.takesKYC = out.takesKYC || a == nil
			continue
		}
		stays, goes, err := p.whichKYC(*a, *b, s.Name)
		if err != nil {
			return err
		}
		chosen[s.ID] = stays.ID
		out.takesKYC = out.takesKYC || stays.CustomerID == p.merged.ID
		if p.said[goes.CustomerID].State == customer.KYCCandidate {
			out.withdraw = append(out.withdraw, goes.ID)
		}
	}
	return nil
}

// liveIn is the primary link in a system that has a record; nil when there is none.
func liveIn(records []store.LinkedRecord, id system.ID) *link.Link {
	for i := range records {
		if l := &records[i].Link; l.SystemID == id && l.Primary && l.Followed() {
			return l
		}
	}
	return nil
}

// whichKYC says which of two records stays. Of one of which it is not known what it is, nobody says that its due diligence may end.
func (p *mergePlan) whichKYC(kept, merged link.Link, service string) (stays, goes link.Link, err error) {
	rank := func(l link.Link) int {
		switch p.said[l.CustomerID].State {
		case customer.KYCEnded:
			return 0
		case customer.KYCCandidate:
			return 1
		}
		return 2
	}
	a, b := rank(kept), rank(merged)
	switch {
	case a == 2 && b == 2:
		return kept, merged, fault.Because(fault.Invalid, "MERGE_NEEDS_OPERATOR",
			"Both customers are under due diligence in %s. End one of the two relationships there first, and merge them then.", service).At("merge")
	case b > a, a == 1 && b == 1 && merged.ID < kept.ID: // ids of links grow with time
		return merged, kept, nil
	}
	return kept, merged, nil
}

// withdraw asks for the deletion of candidates that a merge leaves over.
func (h *Hub) withdraw(ctx context.Context, tx pgx.Tx, p linkPlan, by change.Actor) error {
	for _, id := range p.withdraw {
		d := link.Deletion{
			ID: link.DeletionID(store.NewID()), LinkID: id, By: by.Name,
			Reason: "The customer was merged with another one that the service has already.",
		}
		if d.By == "" {
			d.By = byHub.Name
		}
		if err := store.InsertDeletion(ctx, tx, d); err != nil {
			return err
		}
		if err := store.RetryLink(ctx, tx, id); err != nil {
			return err
		}
	}
	return nil
}
