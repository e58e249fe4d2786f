package graph

import (
	"context"

	"customerhub/graph/model"
	"customerhub/graph/rows"
	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/system"
)

// computed gives graph/rows what the resolvers make of more than a row.
type computed struct{ *API }

var _ rows.Computed = computed{}

// Provenance implements rows.Computed.
func (c computed) Provenance(ctx context.Context, v auth.Viewer, ids []customer.ID) (map[customer.ID][]*model.FieldProvenance, error) {
	known, err := c.hub.ProvenanceByCustomer(ctx, v, ids)
	if err != nil {
		return nil, err
	}
	of, err := c.hub.CustomersByID(ctx, v, ids, include(provenanceNeeds))
	if err != nil {
		return nil, err
	}
	out := make(map[customer.ID][]*model.FieldProvenance, len(known))
	for id, p := range known {
		if view, ok := of[id]; ok {
			out[id] = toProvenance(v, toCustomer(v, view), p)
		}
	}
	return out, nil
}

// Changes implements rows.Computed. What they hold is masked already.
func (c computed) Changes(ctx context.Context, v auth.Viewer, ids []customer.ID, after string, first int) (map[customer.ID]*model.ChangePage, error) {
	pages, err := c.hub.ChangesOfCustomers(ctx, v, ids, after, first)
	if err != nil {
		return nil, err
	}
	var of map[customer.ID]hub.CustomerView
	if masksPeople(v) {
		if of, err = c.hub.CustomersByID(ctx, v, ids, hub.IncludeNothing); err != nil {
			return nil, err
		}
	}
	out := make(map[customer.ID]*model.ChangePage, len(pages))
	for id, p := range pages {
		page := toChangePage(p, toCustomer(v, of[id]))
		for _, change := range page.Items {
			if change.All, err = maskedFields(ctx, v, change); err != nil {
				return nil, err
			}
			change.Expiry = maskedExpiry(v, change)
		}
		out[id] = page
	}
	return out, nil
}

// KYCHistory implements rows.Computed.
func (c computed) KYCHistory(ctx context.Context, v auth.Viewer, ids []customer.ID, after string, first int) (map[customer.ID]*model.KycHistoryPage, error) {
	pages, err := c.hub.KYCHistory(ctx, v, ids, after, first)
	if err != nil {
		return nil, err
	}
	out := make(map[customer.ID]*model.KycHistoryPage, len(pages))
	for id, p := range pages {
		out[id] = toKYCHistory(p)
	}
	return out, nil
}

// PendingWrites implements rows.Computed.
func (c computed) PendingWrites(ctx context.Context, v auth.Viewer, ids []link.ID) (map[link.ID]*model.PendingWrite, error) {
	intents, err := c.hub.PendingByLink(ctx, v, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[link.ID]*model.PendingWrite, len(intents))
	for id, i := range intents {
		out[id] = toPendingWrite(i)
	}
	return out, nil
}

// Deletions implements rows.Computed.
func (c computed) Deletions(ctx context.Context, v auth.Viewer, ids []link.ID) (map[link.ID]*model.RecordDeletion, error) {
	deletions, err := c.hub.DeletionsByLink(ctx, v, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[link.ID]*model.RecordDeletion, len(deletions))
	for id, d := range deletions {
		out[id] = toDeletion(d)
	}
	return out, nil
}

// QueuePositions implements rows.Computed.
func (c computed) QueuePositions(ctx context.Context, v auth.Viewer, ids []link.ID) (map[link.ID]int, error) {
	return c.hub.QueuePositions(ctx, v, ids)
}

// Systems implements rows.Computed.
func (c computed) Systems(ctx context.Context, v auth.Viewer) (map[system.ID]*model.System, error) {
	all, err := c.hub.Systems(ctx, v)
	if err != nil {
		return nil, err
	}
	out := make(map[system.ID]*model.System, len(all))
	for _, s := range all {
		out[s.ID] = toSystem(v, s)
	}
	return out, nil
}
