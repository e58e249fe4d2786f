package hub

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/link"
	"customerhub/internal/merge"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// succeed gives the customer of a link that was set aside another one in the system: the one that it had before (k.Former), where that
// stands for the business ID that the customer has again, and else a new one. So a customer who changes the business ID any number of times, and
// whatever becomes of calls, has one primary link (KYC contract section 7). The caller holds the locks.
//
// Another business ID is another legal entity, of which the due-diligence service has said nothing: what it had said is in the history
// and is not shown as the state of this one.
func (h *Hub) succeed(ctx context.Context, tx pgx.Tx, l Look, k merge.Known, d Decision) error {
	if k.Link.ExternalID == "" {
		if err := store.DropLinks(ctx, tx, []link.ID{k.Link.ID}); err != nil {
			return err
		}
	}
	now, err := store.Now(ctx, tx)
	if err != nil {
		return err
	}
	records, err := store.ListLinkedRecordsOfCustomer(ctx, tx, k.Customer.ID)
	if err != nil {
		return err
	}
	systems, err := store.ListSystems(ctx, tx)
	if err != nil {
		return err
	}
	next := h.newLink(&k.Customer, l.System, h.sourcesOf(records, byID(systems, func(s system.System) system.ID { return s.ID })), link.Interactive, now)
	for _, r := range records {
		if r.Link.ID == k.Former.ID {
			next = r
			next.Link.Primary, next.Link.LastFault, next.Link.LastMessage = true, "", ""
			next.Link = merge.Queue(next.Link, link.Interactive, now)
		}
	}
	if err := store.SaveLinkedRecords(ctx, tx, []store.LinkedRecord{next}); err != nil {
		return err
	}
	if d.Withdraw && !k.Deletion.Stands() {
		asked := link.Deletion{
			ID: link.DeletionID(store.NewID()), LinkID: k.Link.ID, By: byHub.Name,
			Reason: "The customer has its former business ID again, under which it is known already.",
		}
		if err := store.InsertDeletion(ctx, tx, asked); err != nil {
			return err
		}
		if err := store.RetryLink(ctx, tx, k.Link.ID); err != nil {
			return err
		}
	}
	return h.forgetKYC(ctx, tx, k.Customer.ID, l.System, now)
}

// forgetKYC has nothing be known of a customer's due diligence any more; the history keeps what was.
func (h *Hub) forgetKYC(ctx context.Context, tx pgx.Tx, id customer.ID, s system.System, now time.Time) error {
	said, err := store.ListKYC(ctx, tx, []customer.ID{id})
	if err != nil {
		return err
	}
	before, known := said[id]
	if !known || before.State == customer.KYCNotSent {
		return nil
	}
	nothing := customer.UnknownKYC()
	nothing.SourceSystem, nothing.AsOf = string(s.ID), now
	if now.Before(before.AsOf) {
		nothing.AsOf = before.AsOf.Add(time.Microsecond)
	}
	if err := h.passKYC(ctx, tx, id, before, nothing, byHub); err != nil {
		return err
	}
	if _, err := h.noticeExpiry(ctx, tx, []customer.ID{id}); err != nil {
		return err
	}
	return h.showKYC(ctx, tx, []customer.ID{id}, s.ID)
}
