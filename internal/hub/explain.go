package hub

import (
	"context"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/explain"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/link"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// Explain says of customers how they stand in each system of the organisation, or in one, oldest system first, and why. Customers
// that do not exist are missing. Needs customers:read and systems:read.
func (h *Hub) Explain(ctx context.Context, v auth.Viewer, ids []customer.ID, in system.ID) (map[customer.ID][]explain.Explanation, error) {
	if err := v.Require(auth.SystemsRead); err != nil {
		return nil, err
	}
	out := make(map[customer.ID][]explain.Explanation)
	err := h.read(ctx, v, auth.CustomersRead, func(ctx context.Context, tx pgx.Tx) error {
		customers, err := store.ListCustomersByID(ctx, tx, validIDs(ids), store.Relations{})
		if err != nil || len(customers) == 0 {
			return err
		}
		standing, err := store.ListStanding(ctx, tx, idsOf(customers))
		if err != nil {
			return err
		}
		if in != "" && !slices.ContainsFunc(standing.Systems, func(s system.System) bool { return s.ID == in }) {
			return fault.New(fault.NotFound, "There is no system with this id.").At("system")
		}
		links := make([]link.ID, len(standing.Links))
		for i, l := range standing.Links {
			links[i] = l.ID
		}
		intents, err := store.ListIntents(ctx, tx, links)
		if err != nil {
			return err
		}
		ahead, err := store.CountAhead(ctx, tx, links)
		if err != nil {
			return err
		}
		pending := byID(intents, func(i link.Intent) link.ID { return i.LinkID })
		for i := range customers {
			for j := range standing.Systems {
				if s := &standing.Systems[j]; in == "" || s.ID == in {
					for _, f := range h.facts(&customers[i], s, standing) {
						if f.Link != nil {
							f.Ahead = ahead[f.Link.ID]
							if intent, ok := pending[f.Link.ID]; ok {
								f.Intent = &intent
							}
						}
						out[customers[i].ID] = append(out[customers[i].ID], explain.Of(f))
					}
				}
			}
		}
		return nil
	})
	return out, err
}

// facts are those of a customer and a system: once for each record that the customer has there, the primary one first, and once
// where it has none.
func (h *Hub) facts(c *customer.Customer, s *system.System, standing store.Standing) (out []explain.Facts) {
	f := explain.Facts{Customer: c, System: s, Writable: h.o.Kinds[s.Kind].Writes != nil, Now: standing.Now}
	for i := range standing.Links {
		if l := &standing.Links[i]; l.CustomerID == c.ID && l.SystemID == s.ID {
			of := f
			of.Link, of.Since = &l.Link, l.Since
			brake := standing.Braked[l.ID]
			for _, h := range brake.Held {
				of.Stops = append(of.Stops, standing.Stops[h.Stop])
			}
			of.Apart = slices.Sorted(maps.Keys(brake.Apart))
			out = append(out, of)
		}
	}
	if len(out) == 0 {
		out = append(out, f)
	}
	for _, k := range standing.KeptBack {
		if k.CustomerID == c.ID && k.SystemID == s.ID {
			out[0].KeptBack = append(out[0].KeptBack, finding.Finding{Code: k.Code, Field: k.Field, Message: k.Message})
		}
	}
	return out
}
