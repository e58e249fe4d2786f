package hub

import (
	"context"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/link"
	"customerhub/internal/merge"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// Enlist gives customers a link in a system that the hub makes records in by itself, a page of them at a time: due to be made there,
// or out of its scope with the reason. Customers whose link says only that they are out of scope are looked at again, which is how a
// changed scope comes to count (R28, R33). It gives the last customer of the page, to go on behind it, and nothing when there was
// none.
func (h *Hub) Enlist(ctx context.Context, c store.Claim, s system.System, after customer.ID, limit int) (last customer.ID, err error) {
	err = h.in(ctx, c, func(ctx context.Context, tx pgx.Tx) error {
		if err := store.LockRun(ctx, tx, c); err != nil {
			return err
		}
		ids, err := store.ListUnlisted(ctx, tx, s.ID, after, limit)
		if err != nil || len(ids) == 0 {
			return err
		}
		last = ids[len(ids)-1]
		if ids, err = store.LockCustomers(ctx, tx, ids); err != nil {
			return err
		}
		customers, err := store.ListCustomersByID(ctx, tx, ids, store.AllRelations)
		if err != nil {
			return err
		}
		links, err := h.enlisted(ctx, tx, s, customers)
		if err != nil || len(links) == 0 {
			return err
		}
		return store.SaveLinkedRecords(ctx, tx, links)
	})
	if err == nil && last != "" {
		h.o.Wake(TopicChanges, c.Organisation)
	}
	return last, err
}

// enlisted are the links that customers get, or that stand otherwise than before.
func (h *Hub) enlisted(ctx context.Context, tx pgx.Tx, s system.System, customers []customer.Customer) (out []store.LinkedRecord, err error) {
	records, err := store.ListLinkedRecordsOfCustomers(ctx, tx, idsOf(customers))
	if err != nil {
		return nil, err
	}
	systems, err := store.ListSystems(ctx, tx)
	if err != nil {
		return nil, err
	}
	now, err := store.Now(ctx, tx)
	if err != nil {
		return nil, err
	}
	of := byID(systems, func(s system.System) system.ID { return s.ID })
	have := make(map[customer.ID][]store.LinkedRecord, len(customers))
	for _, r := range records {
		have[r.Link.CustomerID] = append(have[r.Link.CustomerID], r)
	}
	scope := h.o.Kinds[s.Kind].scope(s)
	for i := range customers {
		c := &customers[i]
		sources := h.sourcesOf(have[c.ID], of)
		standing, linked := recordIn(have[c.ID], s.ID)
		switch {
		case !linked:
			out = append(out, h.newLink(c, s, sources, link.Bulk, now))
			continue
		case !waitsForUse(c, standing):
			continue
		}
		before := standing.Link
		if why := scope.Why(c, sources[scope.From]); why != "" {
			standing.Link = merge.OutOfScope(before, why)
		} else {
			standing.Link = merge.Queue(before, link.Bulk, now)
			standing.Link.LastMessage = toBeCreated
		}
		if standing.Link != before {
			out = append(out, standing)
		}
	}
	return out, nil
}

func recordIn(records []store.LinkedRecord, id system.ID) (store.LinkedRecord, bool) {
	for _, r := range records {
		if r.Link.SystemID == id {
			return r, true
		}
	}
	return store.LinkedRecord{}, false
}
