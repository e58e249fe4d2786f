package hub

import (
	"context"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/link"
	"customerhub/internal/organisation"
	"customerhub/internal/pg"
	"customerhub/internal/run"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// KYCByCustomer reads the due-diligence status of customers; of whom nothing was said is missing. Needs customers:read;
// without kyc:read only state, risk class and whether action is required are given, the rest is empty.
func (h *Hub) KYCByCustomer(ctx context.Context, v auth.Viewer, ids []customer.ID) (map[customer.ID]customer.KYC, error) {
	var out map[customer.ID]customer.KYC
	err := h.read(ctx, v, auth.CustomersRead, func(ctx context.Context, tx pgx.Tx) error {
		var err error
		if out, err = store.ListKYC(ctx, tx, validIDs(ids)); err != nil || !v.Can(auth.KYCRead) {
			return err
		}
		return store.FreshenKYC(ctx, tx, out)
	})
	for id, k := range out {
		out[id] = shownKYC(v, k)
	}
	return out, err
}

// shownKYC is what the viewer may see of a status.
func shownKYC(v auth.Viewer, k customer.KYC) customer.KYC {
	if v.Can(auth.KYCRead) {
		return k
	}
	return customer.KYC{State: k.State, RiskClass: k.RiskClass, RequiresActions: k.RequiresActions}
}

// KYCHistoryPage is a page of a customer's due-diligence history, newest first.
type KYCHistoryPage struct {
	Items     []customer.KYC
	Cursors   []string
	EndCursor string
	HasMore   bool
}

// KYCHistory reads a page of what the due-diligence service has said of each customer, newest first. Needs kyc:read.
func (h *Hub) KYCHistory(ctx context.Context, v auth.Viewer, ids []customer.ID, after string, first int) (map[customer.ID]KYCHistoryPage, error) {
	if first < 0 || first > MaxPageSize {
		return nil, fault.Because(fault.Invalid, "PAGE_SIZE", "A page holds 0 to %d items; first asks for %d.", MaxPageSize, first).At("first")
	}
	const order = "kyc"
	from, err := parsePosition(after, order, "after")
	if err != nil {
		return nil, err
	}
	var before store.KYCEntry
	if from != nil {
		if before.AsOf, err = parseTimeKey(from.Key); err != nil {
			return nil, err
		}
		before.ID = from.ID
	}
	out := make(map[customer.ID]KYCHistoryPage, len(ids))
	err = h.read(ctx, v, auth.KYCRead, func(ctx context.Context, tx pgx.Tx) error {
		found, err := store.ListKYCHistory(ctx, tx, validIDs(ids), before, first+1)
		for _, id := range ids {
			entries := found[id]
			page := KYCHistoryPage{EndCursor: after, HasMore: len(entries) > first}
			for _, e := range entries[:min(first, len(entries))] {
				page.EndCursor = position{Order: order, Key: timeKey(e.AsOf), ID: e.ID}.cursor()
				page.Items = append(page.Items, e.KYC)
				page.Cursors = append(page.Cursors, page.EndCursor)
			}
			out[id] = page
		}
		return err
	})
	return out, err
}

// RecordKYC takes in what the due-diligence service says of a customer. Only something new is written, with a change; an
// older word than the newest one is not, so a repeated or late message changes nothing. It gives whether anything was
// written.
func (h *Hub) RecordKYC(ctx context.Context, org organisation.ID, s system.System, id customer.ID, k customer.KYC) (bool, error) {
	if k.AsOf.IsZero() {
		return false, fault.New(fault.Internal, "A due-diligence status without its time cannot be recorded.")
	}
	var wrote bool
	err := pg.InOrganisation(ctx, h.pool, string(org), pg.TxOptions{RetryConflicts: true}, func(ctx context.Context, tx pgx.Tx) error {
		held, err := store.LockCustomers(ctx, tx, []customer.ID{id})
		if err != nil || len(held) == 0 {
			return firstError(err, fault.New(fault.NotFound, "There is no customer %s.", id))
		}
		wrote, err = h.recordKYC(ctx, tx, s.ID, s.Name, "", map[customer.ID]customer.KYC{id: k})
		return err
	})
	if err == nil && wrote {
		h.o.Wake(TopicChanges, org)
	}
	return wrote, err
}

// recordKYC is RecordKYC for several customers, whose locks the caller holds; by is the run that it is part of. Systems that show the status are due by it.
func (h *Hub) recordKYC(ctx context.Context, tx pgx.Tx, id system.ID, name string, by run.ID, said map[customer.ID]customer.KYC) (wrote bool, err error) {
	if len(said) == 0 {
		return false, nil
	}
	ids := slices.Sorted(maps.Keys(said))
	standing, err := store.ListKYC(ctx, tx, ids)
	if err != nil {
		return false, err
	}
	var changes []change.Change
	var changed []customer.ID
	for _, of := range ids {
		k := said[of]
		k.SourceSystem = string(id)
		k.Mask()
		before, known := standing[of]
		if !known {
			before = customer.UnknownKYC()
		}
		if known && before.State != customer.KYCNotSent && !k.Newer(&before) || before.Same(&k) {
			continue
		}
		if k.AsOf.Before(before.AsOf) {
			k.AsOf = before.AsOf // it counts further, and its clock is behind
		}
		if err := store.InsertKYC(ctx, tx, of, k); err != nil {
			return false, err
		}
		changed = append(changed, of)
		changes = append(changes, change.Change{
			Kind: change.KYCStatusChanged, CustomerID: of, Fields: customer.KYCChanges(&before, &k),
			Actor:  change.Actor{Kind: change.ActorSystem, ID: string(id), Name: name},
			Origin: change.Source{SystemID: string(id)}, RunID: string(by),
		})
	}
	if len(changes) == 0 {
		return false, nil
	}
	if err := store.AppendChanges(ctx, tx, changes); err != nil {
		return false, err
	}
	if _, err := h.noticeExpiry(ctx, tx, changed); err != nil {
		return false, err
	}
	return true, h.showKYC(ctx, tx, changed, id)
}

// showKYC makes the links of systems due that show the due-diligence status of customers who have a new one.
func (h *Hub) showKYC(ctx context.Context, tx pgx.Tx, ids []customer.ID, by system.ID) error {
	systems, err := store.ListSystems(ctx, tx)
	if err != nil || !slices.ContainsFunc(systems, h.showsKYC) {
		return err
	}
	customers, err := store.ListCustomersByID(ctx, tx, ids, store.AllRelations)
	if err != nil {
		return err
	}
	for i := range customers {
		if err := h.settleLinks(ctx, tx, &customers[i], settling{by: by, priority: link.Interactive}); err != nil {
			return err
		}
	}
	return nil
}

func (h *Hub) showsKYC(s system.System) bool {
	shows := h.o.Kinds[s.Kind].ShowsKYC
	return shows != nil && shows(s.Settings) && s.Policy.WritesOut()
}
