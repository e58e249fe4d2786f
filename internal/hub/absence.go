package hub

import (
	"context"
	"maps"
	"slices"
	"strings"
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
	if report.Doubted {
		if err := doubt(ctx, tx, c, s, now); err != nil {
			return err
		}
	}
	if report.Counted {
		if err := store.NoteMissing(ctx, tx, c, s.ID); err != nil {
			return err
		}
	}
	if err := h.markGone(ctx, tx, c, s, report.Gone, now); err != nil {
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
func (h *Hub) markGone(ctx context.Context, tx pgx.Tx, c store.Claim, s *system.System, externalIDs []string, now time.Time) error {
	if len(externalIDs) == 0 {
		return nil
	}
	known, _, err := knownRecords(ctx, tx, s.ID, externalIDs)
	if err != nil {
		return err
	}
	if err := ruled(ctx, tx, known); err != nil {
		return err
	}
	b := braking{tx: tx, system: s.ID, name: s.Name, run: c.Run, now: now}
	b.begin()
	var was, is []link.Hold
	w := newWrites(s.ID, s.Name, c.Run)
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
		was = append(was, k.Base.Brake.Held...)
		base, goes, err := b.vanish(ctx, id, k)
		if err != nil {
			return err
		}
		k.Base = base
		is = append(is, k.Base.Brake.Held...)
		if !goes {
			k.Link.State, k.Link.LastFault, k.Link.LastMessage = link.Parked, fault.Unsupported, doubted
			w.records = append(w.records, store.LinkedRecord{Link: k.Link, Base: k.Base, Parts: k.Parts})
			continue
		}
		w.records = append(w.records, store.LinkedRecord{Link: k.Link, Base: withoutStatus(k.Base), Parts: k.Parts})
		w.findings = append(w.findings, finding.Finding{
			Code: finding.RecordDeleted, CustomerID: k.Customer.ID, ExternalID: id, Message: h.deleted(s, &k.Customer, k.Base, k.Parts),
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
	if err := b.keep(ctx, was, is); err != nil {
		return err
	}
	if err := h.noticeTurned(ctx, tx, w.changes); err != nil {
		return err
	}
	if err := h.settleOthers(ctx, tx, w.customers, w.changes, s.ID, link.Bulk); err != nil {
		return err
	}
	if _, err := h.recordKYC(ctx, tx, s.ID, s.Name, c.Run, said); err != nil {
		return err
	}
	return h.withdrawDerived(ctx, tx, s, idsOf(w.customers))
}

// deleted tells of a record that is gone, and of what was edited elsewhere that it never got: that is kept in the hub (T29).
func (h *Hub) deleted(s *system.System, c *customer.Customer, base link.Base, parts []link.PartLink) string {
	message := "The record was deleted in " + s.Name + ". The customer was made inactive; nothing else was."
	spec := h.o.Kinds[s.Kind]
	knows := func(f customer.Field) bool {
		return f != customer.FieldStatus && (spec.Reads != nil && spec.Reads(f) || spec.Writes != nil && spec.Writes(f))
	}
	ours, agreed := spec.abilities(*s).Ours(c, parts).Groups(knows), base.Ours.Groups(knows)
	var edited []string
	for g := range ours {
		if !ours[g].Equal(agreed[g]) {
			edited = append(edited, string(g))
		}
	}
	for g := range agreed {
		if ours[g] == nil {
			edited = append(edited, string(g))
		}
	}
	if len(edited) == 0 {
		return message
	}
	slices.Sort(edited)
	return message + " Edited elsewhere and kept here, where it is to be decided what becomes of it: " + strings.Join(edited, ", ") + "."
}

// tellDeleted brings the finding of a record that is gone up to date when its customer is edited after that.
func (h *Hub) tellDeleted(ctx context.Context, tx pgx.Tx, c *customer.Customer, r store.LinkedRecord, s system.System) error {
	if r.Link.State != link.NotInScope || r.Link.LastFault != fault.NotFound || !r.Link.Primary || r.Deletion != nil {
		return nil
	}
	return store.TellFindingOf(ctx, tx, s.ID, r.Link.ExternalID, finding.RecordDeleted, h.deleted(&s, c, r.Base, r.Parts))
}

// withdrawDerived asks for the deletion of due-diligence candidates whose customer was deleted in the system that they were made from:
// one of the two cases in which the hub deletes outside by itself (design section 5, deletes). Who is under due diligence already is
// never deleted: the record is looked at, and being out of use ends it there.
func (h *Hub) withdrawDerived(ctx context.Context, tx pgx.Tx, s *system.System, gone []customer.ID) error {
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
		records, err := store.ListLinkedRecordsOfCustomer(ctx, tx, id)
		if err != nil {
			return err
		}
		for _, r := range records {
			derived := h.o.Kinds[of[r.Link.SystemID].Kind].From == s.Kind && r.Link.Primary && r.Link.Followed()
			if !derived || r.Deletion.Stands() {
				continue
			}
			if said[id].State == customer.KYCCandidate {
				if err := store.InsertDeletion(ctx, tx, withdrawal(r.Link.ID, s.Name)); err != nil {
					return err
				}
			}
			if err := store.HintLinks(ctx, tx, []string{string(r.Link.ID)}); err != nil {
				return err
			}
		}
	}
	return nil
}

// withdrawal asks for the deletion of a candidate whose customer was deleted in another system.
func withdrawal(id link.ID, in string) link.Deletion {
	return link.Deletion{ID: link.DeletionID(store.NewID()), LinkID: id, By: byHub.Name, Reason: "The customer was deleted in " + in + "."}
}

// withdraw is withdrawDerived for a candidate that was still being made when its customer was deleted, and is found by a look.
func withdraw(ctx context.Context, tx pgx.Tx, k merge.Known, s system.System) error {
	if !k.Link.Primary || k.Link.ExternalID == "" || k.Deletion != nil && k.Deletion.State != link.Done {
		return nil
	}
	if err := store.InsertDeletion(ctx, tx, withdrawal(k.Link.ID, "the system that "+s.Name+" has it from")); err != nil {
		return err
	}
	return store.HintLinks(ctx, tx, []string{string(k.Link.ID)})
}

// doubted is what a link says whose record a list lacks among so many that they are not believed to be deleted.
const doubted = "The system's lists lack this record, among so many that none of them is believed to be deleted; somebody has to approve or reject that."

// doubt parks the records that a list lacks which is not believed as a whole (T28). Their links are written before the brake is
// locked, as by everybody else.
func doubt(ctx context.Context, tx pgx.Tx, c store.Claim, s *system.System, now time.Time) error {
	ids, err := store.DoubtMissing(ctx, tx, c, s.ID, doubted)
	if err != nil {
		return err
	}
	b := braking{tx: tx, system: s.ID, name: s.Name, run: c.Run, now: now}
	b.begin()
	stop, err := b.stop(ctx, link.Gone)
	if err != nil {
		return err
	}
	n, err := store.HoldGone(ctx, tx, ids, link.Hold{Class: link.Gone, Stop: stop, Groups: statusGroup})
	if err != nil {
		return err
	}
	if err := b.keep(ctx, nil, nil); err != nil {
		return err
	}
	return b.parkMore(ctx, stop, n)
}

// statusGroup is what the absence of a record would change.
var statusGroup = map[customer.Group]string{customer.FieldStatus.Group(): ""}

// vanish says whether the absence of a record is believed, and gives its base with what the brake then knows.
func (b *braking) vanish(ctx context.Context, record string, k merge.Known) (base link.Base, goes bool, err error) {
	base = k.Base
	if h := base.Brake.Of(link.Gone); h != nil {
		if h.Ruling != link.Approved {
			return base, false, nil
		}
		base.Brake.Held = slices.DeleteFunc(slices.Clone(base.Brake.Held), func(h link.Hold) bool { return h.Class == link.Gone })
		return base, true, nil
	}
	if k.Customer.Status != customer.Active {
		return base, true, nil // nothing is lost
	}
	stop, err := b.weigh(ctx, record, link.Gone, base.Brake.Counted[link.Gone])
	if err != nil {
		return base, false, err
	}
	if stop != "" {
		base.Brake.Held = append(slices.Clip(base.Brake.Held), link.Hold{Class: link.Gone, Stop: stop, Groups: statusGroup})
		return base, false, nil
	}
	o := merge.Outcome{ExternalID: record, Base: base, Weighs: []link.Class{link.Gone}}
	b.count(&o, func(*merge.Outcome, link.Class) bool { return true })
	return o.Base, true, nil
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
