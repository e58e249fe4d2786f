package hub

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/link"
	"customerhub/internal/merge"
	"customerhub/internal/pg"
	"customerhub/internal/run"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// ListUndo makes the customers whom a run did something to the list of the run that takes it back, and gives how many they are.
func (h *Hub) ListUndo(ctx context.Context, c store.Claim, u run.Undo) (total int, err error) {
	err = h.in(ctx, c, func(ctx context.Context, tx pgx.Tx) error {
		if err := store.LockRun(ctx, tx, c); err != nil {
			return err
		}
		now, err := store.Now(ctx, tx)
		if err != nil {
			return err
		}
		if err := store.DropRunItems(ctx, tx, c); err != nil {
			return err
		}
		if err := store.ListUndo(ctx, tx, c, u.Of); err != nil {
			return err
		}
		total, err = store.CompleteRunList(ctx, tx, c, now, "")
		return err
	})
	return total, err
}

// TakingBack is one customer for whom a run is taken back.
type TakingBack struct {
	Claim store.Claim
	Undo  run.Undo
	// Run is the run that does it, as it stands before.
	Run  run.Run
	Item store.RunItem
	// Unstorable says that the database did not store it, so that this is all there is to say.
	Unstorable bool
	Lease      time.Duration
}

// TakeBack takes a run back for one customer, or says what that would come to: the customer, its changes, its links, what is said of each
// value, and the progress of the run that does it, in one transaction. It gives that run as it stands then. Stale means that the run
// is in other hands now, and nothing was written.
func (h *Hub) TakeBack(ctx context.Context, t TakingBack) (r run.Run, err error) {
	id, changed := customer.ID(t.Item.ExternalID), false
	// Its statements look at one customer, so plans may be kept.
	err = pg.InOrganisation(ctx, h.pool, string(t.Claim.Organisation), pg.TxOptions{RetryConflicts: true}, func(ctx context.Context, tx pgx.Tx) error {
		b, err := h.planTakeBack(ctx, tx, t, id)
		if err != nil {
			return err
		}
		does := func(i run.UndoItem) bool { return i.Verdict.Does() }
		if changed = slices.ContainsFunc(b.items, does) && !t.Undo.DryRun; changed {
			if err := h.takeBack(ctx, tx, t, b); err != nil {
				return err
			}
		}
		if err := store.AddUndoItems(ctx, tx, t.Undo.ID, b.items); err != nil {
			return err
		}
		r = t.Run
		r.Done++
		switch {
		case t.Unstorable:
			r.Counts.Failed++
		case changed:
			r.Counts.Updated++
		default:
			r.Counts.Unchanged++
		}
		return store.ProgressRun(ctx, tx, t.Claim, r, t.Item.Place, t.Lease)
	})
	if err == nil && changed {
		h.o.Wake(TopicChanges, t.Claim.Organisation)
	}
	return r, err
}

// takeBackPlan is the taking back of a run for one customer before it is done.
type takeBackPlan struct {
	before, after customer.Customer
	records       []store.LinkedRecord
	did           store.RanLinks
	systems       map[system.ID]system.System
	letGo         []store.LinkedRecord // links of a customer that is taken out of use
	items         []run.UndoItem
}

// planTakeBack says what becomes of everything that a run did to a customer. Unless it is a dry run, it takes the locks first.
func (h *Hub) planTakeBack(ctx context.Context, tx pgx.Tx, t TakingBack, id customer.ID) (b takeBackPlan, err error) {
	if !t.Undo.DryRun {
		if err := lockForMerge(ctx, tx, id); err != nil {
			return b, err
		}
	}
	defer func() {
		for i := range b.items {
			item := &b.items[i]
			item.Place, item.Nth, item.CustomerID, item.Number, item.Name = t.Item.Place, i+1, id, b.before.Number, b.before.Name
		}
	}()
	found, err := store.ListCustomersByID(ctx, tx, []customer.ID{id}, store.AllRelations)
	if err != nil {
		return b, err
	}
	if len(found) == 0 {
		b.items = []run.UndoItem{{Subject: run.UndoCustomer, Verdict: run.CustomerGone}}
		return b, nil
	}
	b.before = found[0]
	if t.Unstorable {
		b.items = []run.UndoItem{{Subject: run.UndoCustomer, Verdict: run.Unstorable}}
		return b, nil
	}
	if b.records, err = store.ListLinkedRecordsOfCustomer(ctx, tx, id); err != nil {
		return b, err
	}
	systems, err := store.ListSystems(ctx, tx)
	if err != nil {
		return b, err
	}
	b.systems = byID(systems, func(s system.System) system.ID { return s.ID })
	if b.did, err = store.ListRanLinks(ctx, tx, t.Undo.Of, id); err != nil {
		return b, err
	}
	ran, err := b.ran(ctx, tx, h, t.Undo.Of, id)
	if err != nil {
		return b, err
	}
	back := merge.TakeBack(b.before, ran)
	b.after, b.items = back.Customer, back.Items
	if err := b.letGoOf(ctx, tx); err != nil {
		return b, err
	}
	b.flow(h)
	b.addRecords()
	return b, nil
}

// ran reads from the log what a run did to a customer and what came after.
func (b *takeBackPlan) ran(ctx context.Context, tx pgx.Tx, h *Hub, of run.ID, id customer.ID) (ran merge.Ran, err error) {
	first, err := store.FindFirstChangeOfRun(ctx, tx, of, id)
	if err != nil || first == 0 {
		return ran, err
	}
	log, err := store.ListChangesAfter(ctx, tx, id, first-1)
	if err != nil {
		return ran, err
	}
	for _, c := range log {
		if c.RunID == string(of) {
			ran.By = append(ran.By, c)
		} else {
			ran.After = append(ran.After, c)
		}
	}
	ran.Followed = slices.ContainsFunc(b.records, func(r store.LinkedRecord) bool { return r.Link.Primary && r.Link.Followed() })
	ran.Tied = slices.ContainsFunc(b.records, func(r store.LinkedRecord) bool {
		derived := h.o.Kinds[b.systems[r.Link.SystemID].Kind].From != ""
		return !derived && r.Link.Followed() && slices.Contains(b.did.Others, string(r.Link.ID))
	})
	fields, _ := ran.Net()
	var people []customer.PersonID
	for _, f := range fields {
		part, key, name, ok := f.Field.PartKey()
		switch {
		case ok && part == customer.PartContact && name == customer.Present && f.Before != "":
			people = append(people, customer.PersonID(key))
		case f.Field == customer.FieldNumber && f.Before != "":
			if err := store.LockNumber(ctx, tx, f.Before); err != nil {
				return ran, err
			}
			holder, err := store.FindNumberHolder(ctx, tx, f.Before, id)
			if err != nil {
				return ran, err
			}
			if holder != "" {
				ran.Refused = map[customer.Field]run.Verdict{f.Field: run.NumberTaken}
			}
		}
	}
	known, err := store.ListPeopleByID(ctx, tx, validIDs(people))
	ran.People = byID(known, func(p customer.Person) customer.PersonID { return p.ID })
	return ran, err
}

// letGoOf lets the records of a customer go that is taken out of use, unless the hub is at work on one of them.
func (b *takeBackPlan) letGoOf(ctx context.Context, tx pgx.Tx) error {
	at := slices.IndexFunc(b.items, func(i run.UndoItem) bool { return i.Verdict == run.TakenOut })
	if at < 0 {
		return nil
	}
	ids := make([]link.ID, len(b.records))
	for i, r := range b.records {
		ids[i] = r.Link.ID
	}
	busy, err := store.ListBusyLinks(ctx, tx, ids)
	if err != nil {
		return err
	}
	if len(busy) > 0 {
		b.after, b.items[at].Verdict = b.before, run.RecordBusy
		b.items[at].System = busy[0].SystemID
		return nil
	}
	for _, r := range b.records {
		if l := merge.LetGo(r.Link); l != r.Link {
			r.Link = l
			b.letGo = append(b.letGo, r)
		}
	}
	return nil
}

// flow says of each value that goes back to which systems it goes then, and which keep another.
func (b *takeBackPlan) flow(h *Hub) {
	for _, r := range b.records {
		s := b.systems[r.Link.SystemID]
		spec := h.o.Kinds[s.Kind]
		if spec.Reads == nil || !r.Link.Primary || !r.Link.Followed() {
			continue
		}
		can, _ := spec.abilities(s).For(&b.after, r.Parts)
		verdict := merge.Compare(can.Ours(&b.after, r.Parts), r.Base.Theirs, r.Base, merge.PolicyOf(can, nil, s.Policy, r.Parts))
		for i := range b.items {
			if item := &b.items[i]; item.Subject == run.UndoField && item.Verdict == run.Returns {
				g := asKeyed(item.Field, r.Parts).Group()
				if slices.Contains(verdict.Outgoing, g) {
					item.Flows = append(item.Flows, s.ID)
				} else if slices.Contains(verdict.Held, g) {
					item.Stays = append(item.Stays, s.ID)
				}
			}
		}
	}
}

// asKeyed names a field of a part as a record with the parts does.
func asKeyed(f customer.Field, parts []link.PartLink) customer.Field {
	part, id, name, ok := f.PartKey()
	if !ok || part == customer.PartCustom {
		return f
	}
	for _, p := range parts {
		if p.Part == part && p.ID == id {
			return customer.PartField(part, p.ExternalID, name)
		}
	}
	return customer.PartField(part, "+"+id, name)
}

// addRecords tells of records that the run made, tied to the customer or had written, which stay as they are.
func (b *takeBackPlan) addRecords() {
	did := b.did
	takenOut := slices.ContainsFunc(b.items, func(i run.UndoItem) bool { return i.Verdict == run.TakenOut })
	asWhole := slices.ContainsFunc(b.items, func(i run.UndoItem) bool { return i.Subject == run.UndoCustomer })
	made := slices.ContainsFunc(did.Steps, func(s run.Step) bool { return s.Action == run.StepCreate && s.Where == run.InSystem })
	for _, r := range b.records {
		item := run.UndoItem{Subject: run.UndoRecord, System: r.Link.SystemID, ExternalID: r.Link.ExternalID, Verdict: run.LinkStays}
		switch {
		case asWhole && !takenOut:
			continue // it is followed as before
		case takenOut || made:
			item.Verdict = run.RecordStays
			if r.Link.ExternalID == "" || made && !slices.Contains(did.Made, string(r.Link.ID)) {
				continue
			}
		case !slices.Contains(did.Made, string(r.Link.ID)):
			continue
		}
		b.items = append(b.items, item)
	}
	for _, s := range did.Steps {
		for _, c := range s.Changes {
			if c.Where == run.InSystem {
				b.items = append(b.items, run.UndoItem{
					Subject: run.UndoField, Field: c.Field, Before: c.After, After: c.Before, ExternalID: s.ExternalID, System: b.systemOf(s), Verdict: run.Sent,
				})
			}
		}
	}
}

// systemOf is the system of the record that a step was about; empty where the customer has that record no more.
func (b *takeBackPlan) systemOf(s run.Step) system.ID {
	for _, r := range b.records {
		if r.Link.ExternalID == s.ExternalID {
			return r.Link.SystemID
		}
	}
	return ""
}

// takeBack does what was planned, as an edit in the hub like any other. The caller holds the locks.
func (h *Hub) takeBack(ctx context.Context, tx pgx.Tx, t TakingBack, b takeBackPlan) error {
	if err := store.SaveLinkedRecords(ctx, tx, b.letGo); err != nil {
		return err
	}
	fields := customer.Diff(b.before.Flatten(customer.HubKeys), b.after.Flatten(customer.HubKeys))
	if len(fields) == 0 {
		return nil // a customer that was out of use already, whose records are let go
	}
	made := change.Change{
		Actor: t.Run.RequestedBy, RunID: string(t.Undo.ID), Reason: fmt.Sprintf("Undo of run %s: %s", t.Undo.Of, t.Undo.Reason),
	}
	made.Kind, made.CustomerID, made.Fields = merge.Alter(&b.after, fields), b.after.ID, fields
	customers := []customer.Customer{b.after}
	if err := h.saveChangedAs(ctx, tx, customers, []change.Change{made}, link.Bulk); err != nil {
		return err
	}
	return h.spread(ctx, tx, changedPeople(peopleOf(b.before), customers), customers, made)
}
