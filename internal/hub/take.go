package hub

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/link"
	"customerhub/internal/merge"
	"customerhub/internal/organisation"
	"customerhub/internal/pg"
	"customerhub/internal/run"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// Taking is one batch of records of a system on its way into the hub.
type Taking struct {
	Organisation organisation.ID
	System       system.ID
	SystemName   string
	Observed     []merge.Observation
	// ReadAt is when the reading of the records began, by the database's clock: what the hub wrote into one after that, or
	// decided to write, stands (T24).
	ReadAt time.Time
	// Priority is that of links of other systems which are due by what comes in.
	Priority link.Priority
	// Run is the run that takes the batch in, and Began when it was started; Unbraked says that somebody approved what it does by name,
	// so that the brake does not count it.
	Run      run.ID
	Began    time.Time
	Unbraked bool
	// Plan decides what becomes of the records, whose custom fields are the hub's own by then; it is called under the locks of
	// the customers concerned, so what it decides is still true when it is committed, and it may be called again when the
	// transaction has to be repeated, or the brake parked some of it.
	Plan func(observed []merge.Observation, known map[string]merge.Known, now time.Time) []merge.Outcome
	// Also runs in the same transaction with what the batch came to; an error of it takes everything back. It is where a run
	// writes its progress, so that a batch and its progress are one (T8).
	Also func(ctx context.Context, tx pgx.Tx, counts run.Counts) error
}

// TakeIn commits a batch: customers, links with their bases, changes and findings, in one transaction. Records that say
// nothing new write nothing. It gives what the batch came to.
func (h *Hub) TakeIn(ctx context.Context, t Taking) (run.Counts, error) {
	var counts run.Counts
	err := pg.InOrganisation(ctx, h.pool, string(t.Organisation), pg.TxOptions{RetryConflicts: true, FreshPlans: true}, func(ctx context.Context, tx pgx.Tx) error {
		known, now, err := h.known(ctx, tx, t)
		if err != nil {
			return err
		}
		observed, unmapped, err := mapCustomFields(ctx, tx, t.System, t.Observed, known)
		if err != nil {
			return err
		}
		outcomes, err := h.takeBraked(ctx, tx, t, observed, known, now)
		if err != nil {
			return err
		}
		for _, o := range outcomes {
			if o.Err != nil {
				h.o.Log.Error("a record could not be taken", "system", t.System, "record", o.ExternalID, "error", o.Err)
			}
		}
		if err := warnOfNumbers(ctx, tx, outcomes); err != nil {
			return err
		}
		counts = count(outcomes)
		if err := h.commit(ctx, tx, t, outcomes, known, now); err != nil {
			return err
		}
		raised, err := store.RaiseFindings(ctx, tx, t.System, unmapped)
		if err := logFindings(ctx, tx, raised, byHub, err); err != nil {
			return err
		}
		return t.Also(ctx, tx, counts)
	})
	if err != nil {
		return run.Counts{}, err
	}
	if counts.Created+counts.Updated+counts.Findings > 0 {
		h.o.Wake(TopicChanges, t.Organisation) // findings that stand already are no change; looking for one costs little
	}
	return counts, nil
}

// known reads what the hub has of the observed records and locks the customers, so that nobody edits one between the
// decision and its commit (T24). It gives the time of the database too.
func (h *Hub) known(ctx context.Context, tx pgx.Tx, t Taking) (map[string]merge.Known, time.Time, error) {
	externalIDs := make([]string, len(t.Observed))
	for i, o := range t.Observed {
		externalIDs[i] = o.ExternalID
	}
	known, locked, err := knownRecords(ctx, tx, t.System, externalIDs)
	now := locked.Now
	if err == nil {
		err = h.markSources(ctx, tx, t.System, locked.Customers, known)
	}
	if err == nil && locked.Awaited {
		known, err = h.awaited(ctx, tx, t, known)
	}
	if err == nil {
		known, err = h.candidates(ctx, tx, t, known)
	}
	if err != nil || len(known) == 0 || t.ReadAt.IsZero() {
		return known, now, err
	}
	overtaken, err := store.ListTouchedSince(ctx, tx, t.System, externalIDs, t.ReadAt)
	if err != nil || len(overtaken) == 0 {
		return known, now, err
	}
	for _, id := range overtaken {
		k := known[id]
		k.Overtaken = true
		known[id] = k
	}
	return known, now, store.MarkLinksDue(ctx, tx, t.System, overtaken, link.Bulk)
}

// markSources says of known records which of them were made from records that an operator had deleted, and whom these lend as the contact
// person for due diligence.
func (h *Hub) markSources(ctx context.Context, tx pgx.Tx, id system.ID, customers []customer.ID, known map[string]merge.Known) error {
	if !h.derives || len(known) == 0 {
		return nil
	}
	s, err := store.GetSystem(ctx, tx, id)
	from := h.o.Kinds[s.Kind].From
	if err != nil || from == "" {
		return err
	}
	withdrawn, err := store.ListWithdrawn(ctx, tx, customers, from)
	if err != nil {
		return err
	}
	people, err := h.ownContacts(ctx, tx, from, customers)
	if err != nil {
		return err
	}
	for key, k := range known {
		k.Withdrawn, k.Source.Person = slices.Contains(withdrawn, k.Customer.ID), people[k.Customer.ID]
		known[key] = k
	}
	return nil
}

// awaited keeps records from coming in as new customers that may be those which the hub is making, or has made by a call whose
// answer was lost: the customers' links are due instead, and find out (Promise 2).
func (h *Hub) awaited(ctx context.Context, tx pgx.Tx, t Taking, known map[string]merge.Known) (map[string]merge.Known, error) {
	unknown := unknownOf(t.Observed, known)
	if len(unknown) == 0 {
		return known, nil
	}
	found, err := store.ListAwaited(ctx, tx, t.System, unknown)
	if err != nil || len(found) == 0 {
		return known, err
	}
	if known == nil {
		known = make(map[string]merge.Known, len(found))
	}
	links := make([]string, len(found))
	for i, a := range found {
		known[a.ExternalID] = merge.Known{Overtaken: true, Customer: customer.Customer{Status: customer.Active}}
		links[i] = a.Link
	}
	return known, store.HintLinks(ctx, tx, links)
}

// unknownOf are the records that the hub has nothing of, and what they may be recognised by.
func unknownOf(observed []merge.Observation, known map[string]merge.Known) (out []store.Candidate) {
	for _, o := range observed {
		c := store.Candidate{ExternalID: o.ExternalID, Number: o.Fields[customer.FieldNumber], BusinessID: o.Fields[customer.FieldBusinessID]}
		if _, ok := known[o.ExternalID]; !ok && !o.Missing && o.Excluded == "" && c.Number+c.BusinessID != "" {
			out = append(out, c)
		}
	}
	return out
}

// candidates adds, to records that are not linked, the customers that they may be, under their locks.
func (h *Hub) candidates(ctx context.Context, tx pgx.Tx, t Taking, known map[string]merge.Known) (map[string]merge.Known, error) {
	unknown := unknownOf(t.Observed, known)
	if len(unknown) == 0 {
		return known, nil
	}
	alike, err := store.ListUnlinkedLike(ctx, tx, t.System, unknown)
	if err != nil {
		return known, err
	}
	made, err := madeFrom(ctx, tx, t, known)
	if err != nil || len(alike)+len(made) == 0 {
		return known, err
	}
	// What a record says it was made from outweighs what it looks like.
	alike = append(slices.DeleteFunc(alike, func(a store.Likeness) bool {
		return slices.ContainsFunc(made, func(m store.Likeness) bool { return m.ExternalID == a.ExternalID })
	}), made...)
	ids := make([]customer.ID, len(alike))
	for i, a := range alike {
		ids[i] = a.Customer
	}
	if ids, err = store.LockCustomers(ctx, tx, ids); err != nil {
		return nil, err
	}
	if err := store.LockContacts(ctx, tx, ids); err != nil {
		return nil, err
	}
	customers, err := store.ListCustomersByID(ctx, tx, ids, store.AllRelations)
	if err != nil {
		return nil, err
	}
	if known == nil {
		known = make(map[string]merge.Known, len(alike))
	}
	of := byID(customers, func(c customer.Customer) customer.ID { return c.ID })
	for _, a := range alike {
		if c, ok := of[a.Customer]; ok {
			k := known[a.ExternalID]
			k.Candidates = append(k.Candidates, c)
			k.Identified = slices.Contains(made, a)
			known[a.ExternalID] = k
		}
	}
	return known, nil
}

// madeFrom gives the customers that records which are not linked say they were made for.
func madeFrom(ctx context.Context, tx pgx.Tx, t Taking, known map[string]merge.Known) ([]store.Likeness, error) {
	var records []store.SourceOf
	for _, o := range t.Observed {
		if _, linked := known[o.ExternalID]; !linked && o.Source.ExternalID != "" {
			records = append(records, store.SourceOf{ExternalID: o.ExternalID, Source: o.Source.ExternalID, Kind: o.Source.Kind})
		}
	}
	if len(records) == 0 {
		return nil, nil
	}
	return store.ListOfSources(ctx, tx, t.System, records)
}

func knownRecords(ctx context.Context, tx pgx.Tx, sys system.ID, externalIDs []string) (map[string]merge.Known, store.LockedRecords, error) {
	locked, err := store.LockCustomersOfRecords(ctx, tx, sys, externalIDs)
	if err != nil || len(locked.Customers) == 0 {
		return nil, locked, err
	}
	if err := store.LockContacts(ctx, tx, locked.Customers); err != nil {
		return nil, locked, err
	}
	records, err := store.ListLinkedRecords(ctx, tx, sys, externalIDs)
	if err != nil {
		return nil, locked, err
	}
	if others := moved(records, locked.Customers); len(others) > 0 {
		// A merge went before: its customers were locked, and its links are another customer's now.
		if _, err := store.LockCustomers(ctx, tx, others); err != nil {
			return nil, locked, err
		}
		if err := store.LockContacts(ctx, tx, others); err != nil {
			return nil, locked, err
		}
		if records, err = store.ListLinkedRecords(ctx, tx, sys, externalIDs); err != nil {
			return nil, locked, err
		}
		locked.Customers = append(locked.Customers, others...)
	}
	customers, err := store.ListCustomersByID(ctx, tx, locked.Customers, store.AllRelations)
	if err != nil {
		return nil, locked, err
	}
	of := byID(customers, func(c customer.Customer) customer.ID { return c.ID })
	out := make(map[string]merge.Known, len(records))
	for _, r := range records {
		out[r.Link.ExternalID] = merge.Known{Link: r.Link, Base: r.Base, Parts: r.Parts, Customer: of[r.Link.CustomerID]}
	}
	return out, locked, nil
}

// moved gives the customers of records that are not among those which were locked.
func moved(records []store.LinkedRecord, locked []customer.ID) (out []customer.ID) {
	for _, r := range records {
		if !slices.Contains(locked, r.Link.CustomerID) && !slices.Contains(out, r.Link.CustomerID) {
			out = append(out, r.Link.CustomerID)
		}
	}
	return out
}

// warnOfNumbers adds a finding to every customer whose number another customer carries too: the two are kept apart, since
// the external key is the identity, and a person should know (R92). It looks at all that were taken and not at new ones
// only, so that the finding stands until one of them has another number.
func warnOfNumbers(ctx context.Context, tx pgx.Tx, outcomes []merge.Outcome) error {
	var numbers []string
	var taking []customer.ID
	in := make(map[string]int)
	for _, o := range outcomes {
		// A merged customer has several records, and a record that the hub is making at this moment has no customer yet.
		if o.Taken() && o.Customer.ID != "" && !slices.Contains(taking, o.Customer.ID) {
			taking = append(taking, o.Customer.ID)
			if o.Customer.Number != "" {
				numbers = append(numbers, o.Customer.Number)
				in[o.Customer.Number]++
			}
		}
	}
	if len(numbers) == 0 {
		return nil
	}
	// What the customers of this batch carry afterwards is in the batch, not in the database.
	taken, err := store.ListTakenNumbers(ctx, tx, numbers, taking)
	if err != nil {
		return err
	}
	for i := range outcomes {
		o := &outcomes[i]
		if n := o.Customer.Number; o.Taken() && (taken[n] || in[n] > 1) {
			o.Findings = append(o.Findings, finding.Finding{
				Code: finding.CustomerNumberTwice, Field: customer.FieldNumber,
				Message: "Another customer carries the number " + n + " too.",
			})
		}
	}
	return nil
}

func count(outcomes []merge.Outcome) run.Counts {
	var c run.Counts
	for _, o := range outcomes {
		if o.Action == merge.Failed {
			c.Failed++
			continue
		}
		c.Read++
		c.Findings += len(o.Findings)
		switch o.Action {
		case merge.Create:
			c.Created++
		case merge.Update:
			c.Updated++
		case merge.Skip:
			c.Skipped++
		case merge.Agree, merge.Unchanged:
			c.Unchanged++
		}
	}
	return c
}

// commit writes what was decided.
func (h *Hub) commit(ctx context.Context, tx pgx.Tx, t Taking, outcomes []merge.Outcome, known map[string]merge.Known, now time.Time) error {
	w := newWrites(t.System, t.SystemName, t.Run)
	seen := make([]string, 0, len(outcomes))
	for _, o := range outcomes {
		if o.Action != merge.Failed && o.ExternalID != "" {
			seen = append(seen, o.ExternalID) // of one that failed nothing was seen, so its older findings stand
		}
		for _, f := range o.Findings {
			f.ExternalID, f.CustomerID = o.ExternalID, o.Customer.ID
			if f.Code == finding.PingPong {
				if err := nameSetter(ctx, tx, &f, o.HubField(f.Field)); err != nil {
					return err
				}
			}
			w.findings = append(w.findings, f)
		}
		if o.Action == merge.Unchanged || !o.Taken() {
			continue
		}
		w.records = append(w.records, store.LinkedRecord{Link: o.Link, Base: o.Base, Parts: o.Parts, Run: t.Run})
		if o.Action != merge.Agree {
			w.change(o.Customer, o.Kind, o.Fields, o.Provenance(string(t.System), now))
		} else if len(o.Conflicts) > 0 {
			w.provenance[o.Customer.ID] = o.Provenance(string(t.System), now)
		}
	}
	if err := w.keepSources(ctx, tx, outcomes); err != nil {
		return err
	}
	if err := w.save(ctx, tx, seen); err != nil {
		return err
	}
	used := system.Usage{System: t.System, Taken: int64(len(w.changes))}
	if err := h.noticeTurned(ctx, tx, w.changes); err != nil {
		return err
	}
	if err := h.settleOthers(ctx, tx, w.customers, w.changes, t.System, t.Priority); err != nil {
		return err
	}
	if err := h.settleMade(ctx, tx, t, outcomes, known); err != nil {
		return err
	}
	if _, err := h.recordKYC(ctx, tx, t.System, t.SystemName, t.Run, saidOfKYC(t.Observed, outcomes, now)); err != nil {
		return err
	}
	before := make([]customer.Customer, 0, len(known))
	for _, k := range known {
		before = append(append(before, k.Customer), k.Candidates...)
	}
	err := h.spread(ctx, tx, changedPeople(peopleOf(before...), w.customers), w.customers, w.made())
	if err != nil || len(w.customers) == 0 {
		return err
	}
	var altered []customer.ID // a record that is new brings persons who are new
	for _, c := range w.changes {
		if c.Kind != change.CustomerCreated {
			altered = append(altered, c.CustomerID)
		}
	}
	if err := store.ProposePeople(ctx, tx, idsOf(w.customers), altered); err != nil {
		return err
	}
	// Last of all: each message that the system sends counts in the same row, and is answered within seconds.
	return store.AddUsage(ctx, tx, used)
}

// saidOfKYC are the due-diligence statuses among what was observed, by customer. A record that its people deleted is one that was
// removed, and a record that is only read, since its customer was merged with another, says nothing.
func saidOfKYC(observed []merge.Observation, outcomes []merge.Outcome, now time.Time) map[customer.ID]customer.KYC {
	said := make(map[customer.ID]customer.KYC)
	of := byID(observed, func(o merge.Observation) string { return o.ExternalID })
	for _, out := range outcomes {
		o, read := of[out.ExternalID]
		switch {
		case !read || !out.Taken() || out.Customer.ID == "" || out.Link.ID != "" && !out.Link.Primary:
		case o.KYC != nil:
			said[out.Customer.ID] = *o.KYC
		case o.Deleted:
			said[out.Customer.ID] = removed(out.Customer.KYC, now)
		}
	}
	return said
}

// removed is the status of a customer whose record in the due-diligence service is gone; what was said last stays known.
func removed(was *customer.KYC, now time.Time) customer.KYC {
	k := customer.UnknownKYC()
	if was != nil {
		k = *was
	}
	k.State, k.Stage, k.AsOf, k.RequiresActions, k.RequiresActionsReasons = customer.KYCRemoved, "", now, nil, nil
	return k
}

// settleMade settles the other links of customers that have just got a record here, since records of other systems are made from it.
func (h *Hub) settleMade(ctx context.Context, tx pgx.Tx, t Taking, outcomes []merge.Outcome, known map[string]merge.Known) error {
	if !h.derives {
		return nil
	}
	for i := range outcomes {
		o := &outcomes[i]
		if before := known[o.ExternalID].Link; o.Link.ID == "" || o.Action == merge.Create || before.ExternalID == o.Link.ExternalID {
			continue
		}
		if err := h.settleLinks(ctx, tx, &o.Customer, settling{by: t.System, priority: t.Priority}); err != nil {
			return err
		}
	}
	return nil
}

// writes are what a look at a system comes to, on its way into the database.
type writes struct {
	system     system.ID
	run        run.ID
	actor      change.Actor
	customers  []customer.Customer
	changes    []change.Change
	provenance map[customer.ID]customer.Provenances
	records    []store.LinkedRecord
	findings   []finding.Finding
}

func newWrites(id system.ID, name string, by run.ID) *writes {
	return &writes{
		system: id, run: by, actor: change.Actor{Kind: change.ActorSystem, ID: string(id), Name: name},
		provenance: make(map[customer.ID]customer.Provenances),
	}
}

// change adds a customer that the system changed.
func (w *writes) change(c customer.Customer, kind change.Kind, fields []customer.FieldChange, from customer.Provenances) {
	w.customers = append(w.customers, c)
	w.provenance[c.ID] = from
	made := w.made()
	made.Kind, made.CustomerID, made.Fields = kind, c.ID, fields
	w.changes = append(w.changes, made)
}

// made is what all changes of the look have in common: who made them, by which run.
func (w *writes) made() change.Change {
	return change.Change{Actor: w.actor, Origin: change.Source{SystemID: string(w.system)}, RunID: string(w.run)}
}

// keepSources has values that stood against a system's keep where they came from, which may be another system.
func (w *writes) keepSources(ctx context.Context, tx pgx.Tx, outcomes []merge.Outcome) error {
	var ids []customer.ID
	for _, o := range outcomes {
		if slices.ContainsFunc(o.Conflicts, func(c merge.Conflict) bool { return c.Winner == merge.Ours }) {
			ids = append(ids, o.Customer.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	before, err := store.ListProvenance(ctx, tx, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		for f, now := range w.provenance[id] {
			if now.System != "" || now.DecidedBy != customer.DecidedPrecedence {
				continue
			}
			was, ok := before[id][f]
			if !ok {
				was = before[id][""]
			}
			now.System, now.ObservedAt = was.System, cmp.Or(was.ObservedAt, now.ObservedAt)
			w.provenance[id][f] = now
		}
	}
	return nil
}

// save writes everything; seen are the records whose standing findings are brought up to date.
func (w *writes) save(ctx context.Context, tx pgx.Tx, seen []string) error {
	number(w.customers, w.changes)
	err := store.SaveTaken(ctx, tx, store.Taken{Customers: w.customers, Provenance: w.provenance, Records: w.records, Changes: w.changes})
	if err != nil {
		return err
	}
	noted, err := store.SyncFindings(ctx, tx, w.system, seen, w.findings)
	if err != nil {
		return err
	}
	return store.AppendChanges(ctx, tx, findingChanges(noted, byHub))
}

func idsOf(customers []customer.Customer) []customer.ID {
	ids := make([]customer.ID, len(customers))
	for i, c := range customers {
		ids[i] = c.ID
	}
	return ids
}
