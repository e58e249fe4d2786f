package hub

import (
	"context"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/link"
	"customerhub/internal/merge"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// Due-diligence candidates: customers that wait in the service to be assessed for the first time. Which customers get there the
// service's scope says (KindSpec.Scope); here is what people do about single ones (R37-R39). Nothing here turns a candidate into a
// customer: that is the service's act (R42).

// DeleteCandidate has a customer's candidate removed from the due-diligence service; it stays known here as one that was removed, and
// is not made again by itself. Needs kyc:manage. Reasons: KYC_NOT_CANDIDATE, KYC_NOT_USED, LINK_BUSY.
func (h *Hub) DeleteCandidate(ctx context.Context, v auth.Viewer, id customer.ID, reason, key string) (LinkView, error) {
	asked, err := DeleteRecord{Customer: id, By: v.Actor.Name, Reason: reason}.checked()
	if err != nil {
		return LinkView{}, fault.Of(err).At("reason")
	}
	body := map[string]any{"customer": id, "reason": asked.Reason}
	return h.onCandidate(ctx, v, id, command{auth.KYCManage, "deleteKycCandidate", key, body, customerWake},
		func(ctx context.Context, tx pgx.Tx, c customer.Customer, r store.LinkedRecord, s system.System) error {
			if c.KYC == nil || c.KYC.State != customer.KYCCandidate || !r.Link.Followed() && !r.Link.LetGo() {
				return fault.Because(fault.Invalid, "KYC_NOT_CANDIDATE",
					"The customer has no candidate in %s. Who is under due diligence already stays there, as the law demands.", s.Name).At("customer")
			}
			if r.Deletion.Stands() {
				return nil // asked before, and under way
			}
			d := link.Deletion{ID: link.DeletionID(store.NewID()), LinkID: r.Link.ID, By: asked.By, Reason: asked.Reason}
			if err := store.InsertDeletion(ctx, tx, d); err != nil {
				return err
			}
			return store.RetryLink(ctx, tx, r.Link.ID)
		})
}

// ResendCandidate sends a customer to the due-diligence service again whose candidate was removed there or here. Needs kyc:manage.
// Reasons: KYC_NOT_REMOVED, OUT_OF_SCOPE with the reason in words, KYC_NOT_USED, LINK_BUSY.
func (h *Hub) ResendCandidate(ctx context.Context, v auth.Viewer, id customer.ID, key string) (LinkView, error) {
	return h.onCandidate(ctx, v, id, command{auth.KYCManage, "resendKycCandidate", key, id, customerWake},
		func(ctx context.Context, tx pgx.Tx, c customer.Customer, r store.LinkedRecord, s system.System) error {
			switch {
			case !buried(r.Link) && r.Link.ExternalID != "":
				return fault.Because(fault.Invalid, "KYC_NOT_REMOVED", "The customer is in %s; there is nothing to send again.", s.Name).At("customer")
			case !buried(r.Link) && r.Link.State != link.NotInScope:
				return nil // on its way already
			}
			source, err := h.sourceOf(ctx, tx, s.ID, c.ID)
			if err != nil {
				return err
			}
			if why := h.o.Kinds[s.Kind].scope(s).Why(&c, source); why != "" {
				return fault.Because(fault.Invalid, "OUT_OF_SCOPE", "%s", why).At("customer")
			}
			now, err := store.Now(ctx, tx)
			if err != nil {
				return err
			}
			r.Link = merge.Queue(revived(r.Link), link.Interactive, now)
			r.Link.LastMessage = "To be sent again, as " + v.Actor.Name + " asked."
			return saveRevived(ctx, tx, r)
		})
}

// buried says whether the link is the tombstone of a record that was deleted outside.
func buried(l link.Link) bool {
	return l.State == link.NotInScope && l.ExternalID != "" && l.LastFault == fault.NotFound
}

// revived is the link of a customer whose record was deleted and is to be made again: the new one may get another key.
func revived(l link.Link) link.Link {
	l.ExternalID, l.LastFault, l.LastMessage, l.Attempt = "", "", "", 0
	return l
}

// saveRevived stores such a link: of the record that it had nothing is left.
func saveRevived(ctx context.Context, tx pgx.Tx, r store.LinkedRecord) error {
	if err := store.ForgetRecord(ctx, tx, r.Link.ID); err != nil {
		return err
	}
	r.Base, r.Parts = link.Base{Ours: customer.Fields{}, Theirs: customer.Fields{}}, nil
	return store.SaveLinkedRecords(ctx, tx, []store.LinkedRecord{r})
}

// onCandidate carries out a command on a customer's primary link in the organisation's due-diligence service, under its locks.
func (h *Hub) onCandidate(ctx context.Context, v auth.Viewer, id customer.ID, c command,
	fn func(ctx context.Context, tx pgx.Tx, c customer.Customer, r store.LinkedRecord, s system.System) error,
) (LinkView, error) {
	if err := v.Require(c.scope); err != nil {
		return LinkView{}, err
	}
	if err := validID(id, "customer"); err != nil {
		return LinkView{}, fault.Of(err).At("customer")
	}
	done, err := h.do(ctx, v, c, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		locked, err := store.LockCustomers(ctx, tx, []customer.ID{id})
		if err != nil {
			return nil, err
		}
		customers, err := store.ListCustomersByID(ctx, tx, locked, store.AllRelations)
		if err != nil || len(customers) == 0 {
			return nil, firstError(err, fault.New(fault.NotFound, "There is no customer with this id.").At("customer"))
		}
		r, s, err := h.candidateOf(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		free, err := store.TakeFreeLink(ctx, tx, r.Link.ID)
		if err != nil {
			return nil, err
		}
		if !free {
			return nil, fault.Because(fault.Invalid, "LINK_BUSY", "The hub is at work on this customer's record at this moment. Ask again when it is done.").At("customer")
		}
		if err := fn(ctx, tx, customers[0], r, s); err != nil {
			return nil, err
		}
		return answer{"link": string(r.Link.ID)}, nil
	})
	if err != nil {
		return LinkView{}, err
	}
	l := link.ID(done["link"])
	found, err := h.linksByID(ctx, v, []link.ID{l})
	return found[l], err
}

// candidateOf gives the customer's primary link in the due-diligence service.
func (h *Hub) candidateOf(ctx context.Context, tx pgx.Tx, id customer.ID) (store.LinkedRecord, system.System, error) {
	records, err := store.ListLinkedRecordsOfCustomer(ctx, tx, id)
	if err != nil {
		return store.LinkedRecord{}, system.System{}, err
	}
	systems, err := store.ListSystems(ctx, tx)
	if err != nil {
		return store.LinkedRecord{}, system.System{}, err
	}
	of := byID(systems, func(s system.System) system.ID { return s.ID })
	for _, r := range records {
		if s := of[r.Link.SystemID]; s.Kind == system.NetvisorKYC && r.Link.Primary && s.State != system.Draft {
			return r, s, nil
		}
	}
	return store.LinkedRecord{}, system.System{}, fault.Because(fault.Invalid, "KYC_NOT_USED",
		"The customer has no link in a due-diligence service.").At("customer")
}
