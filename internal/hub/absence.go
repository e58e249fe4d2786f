package hub

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/link"
	"customerhub/internal/merge"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// noteAbsence writes what a complete look at a system says of records that are not there (Promise 6): what the list lacks
// is counted, unless the list as a whole is not believed; what is gone on complete evidence makes its customer inactive.
// Findings about the system as a whole are brought up to date.
func (h *Hub) noteAbsence(ctx context.Context, tx pgx.Tx, c store.Claim, s *system.System, report SystemReport, now time.Time) error {
	if report.Counted {
		if err := store.NoteMissing(ctx, tx, c, s.ID); err != nil {
			return err
		}
	}
	if err := h.markGone(ctx, tx, s, report.Gone, now); err != nil {
		return err
	}
	if err := markLeftOut(ctx, tx, s, report.LeftOut); err != nil {
		return err
	}
	noted, err := store.SyncFindingsOf(ctx, tx, s.ID, []string{""}, ofSweeps, report.Findings)
	return logFindings(ctx, tx, noted, byHub, err)
}

// ofSweeps are the findings about a system as a whole that a complete look raises and ends; what else stands about a system is not
// seen by looking at its records.
var ofSweeps = []finding.Code{finding.MassAbsence, finding.RecordUnreadable}

// markGone makes the customers of records that are gone inactive. Nothing is deleted: the link stays and says so, and a
// record that comes back is taken in again, since the base remembers that there was none.
func (h *Hub) markGone(ctx context.Context, tx pgx.Tx, s *system.System, externalIDs []string, now time.Time) error {
	if len(externalIDs) == 0 {
		return nil
	}
	known, _, err := knownRecords(ctx, tx, s.ID, externalIDs)
	if err != nil {
		return err
	}
	w := newWrites(s.ID, s.Name)
	derived, said := h.o.Kinds[s.Kind].From != "", make(map[customer.ID]customer.KYC)
	for _, id := range externalIDs {
		k, ok := known[id]
		if !ok {
			continue
		}
		k.Link.State, k.Link.LastFault = link.NotInScope, fault.NotFound
		k.Link.LastMessage = "Deleted in " + s.Name + "."
		if derived { // its customer is another system's, and stays as it is
			w.records = append(w.records, store.LinkedRecord{Link: k.Link, Base: k.Base, Parts: k.Parts})
			if k.Link.Primary {
				said[k.Customer.ID] = removed(k.Customer.KYC, now)
			}
			continue
		}
		if !k.Link.Primary { // the customer lives on in its primary record
			w.records = append(w.records, store.LinkedRecord{Link: k.Link, Base: k.Base, Parts: k.Parts})
			f := merge.NotPrimary()
			f.CustomerID, f.ExternalID, f.Field = k.Customer.ID, id, customer.FieldStatus
			f.Message = "The record was deleted in " + s.Name + ". It was only read, since its customer was merged with another, so nothing else was done."
			w.findings = append(w.findings, f)
			continue
		}
		w.records = append(w.records, store.LinkedRecord{Link: k.Link, Base: withoutStatus(k.Base), Parts: k.Parts})
		w.findings = append(w.findings, finding.Finding{
			Code: finding.RecordDeleted, CustomerID: k.Customer.ID, ExternalID: id,
			Message: "The record was deleted in " + s.Name + ". The customer was made inactive; nothing else was.",
		})
		if k.Customer.Status != customer.Active {
			continue
		}
		before := k.Customer.Flatten(customer.HubKeys)
		k.Customer.Status = customer.Inactive
		fields := customer.Diff(before, k.Customer.Flatten(customer.HubKeys))
		kind := merge.Alter(&k.Customer, fields)
		w.change(k.Customer, kind, fields, customer.Provenances{
			customer.FieldStatus: {System: string(s.ID), ObservedAt: now, DecidedBy: customer.DecidedChange},
		})
	}
	if err := w.save(ctx, tx, externalIDs); err != nil {
		return err
	}
	if err := h.noticeTurned(ctx, tx, w.changes); err != nil {
		return err
	}
	if err := h.settleOthers(ctx, tx, w.customers, w.changes, s.ID, link.Bulk); err != nil {
		return err
	}
	if _, err := h.recordKYC(ctx, tx, s.ID, s.Name, said); err != nil {
		return err
	}
	return h.deleteDerived(ctx, tx, s, idsOf(w.customers))
}

// deleteDerived asks for the deletion of due-diligence candidates whose customer was deleted in the system that they were made from:
// one of the two cases in which the hub deletes outside by itself (design section 5, deletes). Who is under due diligence already is
// never deleted; being inactive ends it there.
func (h *Hub) deleteDerived(ctx context.Context, tx pgx.Tx, s *system.System, gone []customer.ID) error {
	if !h.derives || len(gone) == 0 {
		return nil
	}
	said, err := store.ListKYC(ctx, tx, gone)
	if err != nil {
		return err
	}
	systems, err := store.ListSystems(ctx, tx)
	if err != nil {
		return err
	}
	of := byID(systems, func(s system.System) system.ID { return s.ID })
	for _, id := range gone {
		if said[id].State != customer.KYCCandidate {
			continue
		}
		records, err := store.ListLinkedRecordsOfCustomer(ctx, tx, id)
		if err != nil {
			return err
		}
		for _, r := range records {
			derived := h.o.Kinds[of[r.Link.SystemID].Kind].From == s.Kind && r.Link.Primary && r.Link.Followed()
			if !derived || r.Deletion.Stands() {
				continue
			}
			d := link.Deletion{
				ID: link.DeletionID(store.NewID()), LinkID: r.Link.ID, By: "the hub", Reason: "The customer was deleted in " + s.Name + ".",
			}
			if err := store.InsertDeletion(ctx, tx, d); err != nil {
				return err
			}
			if err := store.HintLinks(ctx, tx, []string{string(r.Link.ID)}); err != nil {
				return err
			}
		}
	}
	return nil
}

// markLeftOut says of links why their records do not come in any more.
func markLeftOut(ctx context.Context, tx pgx.Tx, s *system.System, reasons map[string]string) error {
	if len(reasons) == 0 {
		return nil
	}
	known, _, err := knownRecords(ctx, tx, s.ID, slices.Sorted(maps.Keys(reasons)))
	if err != nil {
		return err
	}
	var records []store.LinkedRecord
	for id, k := range known {
		l := merge.LeftOut(k.Link, reasons[id])
		l.DueAt = k.Link.DueAt // what is under way about the record goes on to its end
		records = append(records, store.LinkedRecord{Link: l, Base: k.Base, Parts: k.Parts})
	}
	return store.SaveLinkedRecords(ctx, tx, records)
}

// withoutStatus is the base of a record that is gone: it has no status, and the customer that goes with it is inactive. A
// record that comes back has one, and it comes in.
func withoutStatus(b link.Base) link.Base {
	status := func(f customer.Field) bool { return f != customer.FieldStatus }
	b.Ours, b.Theirs = b.Ours.Only(status), b.Theirs.Only(status)
	b.Ours[customer.FieldStatus] = string(customer.Inactive)
	return b
}
