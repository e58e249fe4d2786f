package hub

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/link"
	"customerhub/internal/merge"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// UnmergeCustomers asks for a merge to be taken back. It is named by its id, or by the customer that became part of another.
type UnmergeCustomers struct {
	Merge    MergeID
	Customer customer.ID
	// DryRun tells what would come of it, and does nothing.
	DryRun bool
}

// UnmergeResult is what taking a merge back makes of everything, done or not.
type UnmergeResult struct {
	ID     MergeID     `json:"-"`
	Kept   customer.ID `json:"kept"`
	Merged customer.ID `json:"merged"`
	// Returned are the values that become what they were, or go back to whom they belong.
	Returned []ReturnedValue `json:"returned"`
	// Edits are what was edited since, which stays edited.
	Edits []LaterEdit `json:"edits"`
	Links []LinkFate  `json:"links"`
}

// ReturnedValue is a field of one of the two customers that gets another value.
type ReturnedValue struct {
	To     merge.Which    `json:"to"`
	Field  customer.Field `json:"field"`
	Before string         `json:"before,omitempty"`
	After  string         `json:"after,omitempty"`
}

// LaterEdit is what somebody edited since a merge: the newest edit of the field. By and At are zero where the log keeps it no more.
type LaterEdit struct {
	merge.Later
	By change.Actor `json:"by"`
	At time.Time    `json:"at"`
}

// unmergePlan is the taking back of a merge before it is done.
type unmergePlan struct {
	merge        store.Merge
	remembered   remembered
	separated    merge.Separated
	kept, merged customer.Customer
	links        linkPlan
	restore      []store.LinkedRecord // links that the merge dropped
	came         []link.Link          // links that are in agreement again with what they were
	result       UnmergeResult
	provenance   map[customer.ID]customer.Provenances
	kyc          map[customer.ID]customer.KYC
	// was is what the due-diligence service had said of the two before the merge, and withdrawn are those whose candidate it deleted.
	was       map[customer.ID]customer.KYC
	withdrawn []customer.ID
	now       time.Time
}

// UnmergeCustomers takes a merge back, in one transaction: each value that is still what the merge made it becomes what it was,
// what was edited since stays with the kept customer and is listed, and offices, contacts and links go back to whom they belong.
// Merges into one customer are taken back newest first. Needs findings:resolve. Reasons: MERGE_UNDONE, MERGED_SINCE,
// CUSTOMER_INACTIVE, RECORD_BUSY.
func (h *Hub) UnmergeCustomers(ctx context.Context, v auth.Viewer, in UnmergeCustomers, key string) (UnmergeResult, error) {
	if err := v.Require(auth.FindingsResolve); err != nil {
		return UnmergeResult{}, err
	}
	if err := in.check(); err != nil {
		return UnmergeResult{}, err
	}
	if in.DryRun {
		var p unmergePlan
		err := h.read(ctx, v, auth.FindingsResolve, func(ctx context.Context, tx pgx.Tx) (err error) {
			p, err = h.planUnmerge(ctx, tx, in)
			return err
		})
		return p.result, err
	}
	out, err := h.do(ctx, v, command{auth.FindingsResolve, "unmergeCustomers", key, in, customerWake}, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		m, err := in.find(ctx, tx)
		if err != nil {
			return nil, err
		}
		if err := lockForMerge(ctx, tx, m.Kept, m.Merged); err != nil {
			return nil, err
		}
		p, err := h.planUnmerge(ctx, tx, in)
		if err != nil {
			return nil, err
		}
		return answer{"merge": m.ID}, h.unmerge(ctx, tx, v, p)
	})
	if err != nil {
		return UnmergeResult{}, err
	}
	var result UnmergeResult
	err = h.mergeAnswer(ctx, v, out["merge"], func(m *store.Merge) error { return json.Unmarshal(m.UnmergeResult, &result) })
	result.ID = MergeID(out["merge"])
	return result, err
}

func (in *UnmergeCustomers) check() error {
	switch {
	case (in.Merge == "") == (in.Customer == ""):
		return fault.New(fault.Invalid, "Name the merge by exactly one of merge and customer.").At("merge")
	case in.Merge != "":
		if err := validID(in.Merge, "merge"); err != nil {
			return fault.Of(err).At("merge")
		}
		return nil
	}
	if err := validID(in.Customer, "customer"); err != nil {
		return fault.Of(err).At("customer")
	}
	return nil
}

// find gives the merge, which stands.
func (in *UnmergeCustomers) find(ctx context.Context, tx pgx.Tx) (*store.Merge, error) {
	path, find := "merge", func() (*store.Merge, error) { return store.FindMerge(ctx, tx, string(in.Merge)) }
	if in.Merge == "" {
		path, find = "customer", func() (*store.Merge, error) { return store.FindMergeOf(ctx, tx, in.Customer) }
	}
	m, err := find()
	if err != nil || m == nil {
		return nil, firstError(err, fault.New(fault.NotFound, "There is no such merge: this customer never became part of another.").At(path))
	}
	if !m.UnmergedAt.IsZero() {
		return nil, fault.Because(fault.Invalid, "MERGE_UNDONE", "This merge was taken back already.").At(path)
	}
	return m, nil
}

// planUnmerge says what taking a merge back would make of everything. It changes nothing.
func (h *Hub) planUnmerge(ctx context.Context, tx pgx.Tx, in UnmergeCustomers) (p unmergePlan, err error) {
	m, err := in.find(ctx, tx)
	if err != nil {
		return p, err
	}
	p.merge = *m
	if err := json.Unmarshal(m.Snapshot, &p.remembered); err != nil {
		return p, fault.Wrap(fault.Internal, err, "")
	}
	found, err := store.ListCustomersByID(ctx, tx, []customer.ID{m.Kept, m.Merged}, store.AllRelations)
	if err != nil {
		return p, err
	}
	of := byID(found, func(c customer.Customer) customer.ID { return c.ID })
	p.kept, p.merged = of[m.Kept], of[m.Merged]
	if err := mayUnmerge(ctx, tx, &p); err != nil {
		return p, err
	}
	people, err := store.ListPeopleByID(ctx, tx, contactsIn(p.remembered.Merged))
	if err != nil {
		return p, err
	}
	p.separated = merge.Separate(p.kept, p.merged, p.remembered.Remembered, byID(people, func(c customer.Person) customer.PersonID { return c.ID }))
	if p.now, err = store.Now(ctx, tx); err != nil {
		return p, err
	}
	both := []customer.ID{m.Kept, m.Merged}
	if p.provenance, err = store.ListProvenance(ctx, tx, both); err != nil {
		return p, err
	}
	if p.kyc, err = store.ListKYC(ctx, tx, both); err != nil {
		return p, err
	}
	if p.was, err = store.ListKYCBefore(ctx, tx, both, m.At); err != nil {
		return p, err
	}
	if err := h.planReturn(ctx, tx, &p); err != nil {
		return p, err
	}
	log, err := store.ListChangesAfter(ctx, tx, m.Kept, m.KeptChangeNo)
	if err != nil {
		return p, err
	}
	p.result = UnmergeResult{ID: MergeID(m.ID), Kept: m.Kept, Merged: m.Merged, Edits: editsOf(p.separated.Edits, log), Links: p.links.fates}
	p.result.Returned = slices.Concat(
		returned(merge.Kept, p.kept, p.separated.Kept), returned(merge.Merged, p.merged, p.separated.Merged),
	)
	return p, nil
}

// mayUnmerge refuses where what came later builds on the merge.
func mayUnmerge(ctx context.Context, tx pgx.Tx, p *unmergePlan) error {
	switch p.kept.Status {
	case customer.Merged:
		return fault.Because(fault.Invalid, "MERGED_SINCE", "The customer that stayed has become part of another one since. Take that merge back first.").
			With("holder", string(p.kept.MergedInto))
	case customer.Erased:
		return fault.Because(fault.Invalid, "CUSTOMER_INACTIVE", "The customer that stayed was erased, so nothing of it can be given back.")
	case customer.Active, customer.Inactive:
	}
	if p.merged.Status != customer.Merged || p.merged.MergedInto != p.kept.ID {
		return fault.Because(fault.Invalid, "CUSTOMER_INACTIVE", "The customer that became part of the other is not there any more.")
	}
	newest, err := store.FindNewestMergeInto(ctx, tx, p.kept.ID)
	if err != nil || newest == nil || newest.ID == p.merge.ID {
		return err
	}
	return fault.Because(fault.Invalid, "MERGED_SINCE", "Another customer has become part of the same one since. Take that merge back first.").
		With("holder", string(newest.Merged))
}

func contactsIn(fs customer.Fields) (out []customer.PersonID) {
	for f := range fs {
		if part, id, name, ok := f.PartKey(); ok && part == customer.PartContact && name == customer.Present {
			out = append(out, customer.PersonID(id))
		}
	}
	return out
}

func returned(to merge.Which, before, after customer.Customer) (out []ReturnedValue) {
	for _, d := range customer.Diff(before.Flatten(customer.HubKeys), after.Flatten(customer.HubKeys)) {
		if _, _, name, ok := d.Field.PartKey(); ok && name == customer.Present {
			continue // its other fields show it
		}
		out = append(out, ReturnedValue{To: to, Field: d.Field, Before: d.Before, After: d.After})
	}
	return out
}

// editsOf adds who made the newest edit of each, and when.
func editsOf(edits []merge.Later, log []change.Change) []LaterEdit {
	out := make([]LaterEdit, 0, len(edits))
	for _, e := range edits {
		edit := LaterEdit{Later: e}
		for _, c := range log { // the newest comes last
			if slices.ContainsFunc(c.Fields, func(f customer.FieldChange) bool { return f.Field == e.Field }) {
				edit.By, edit.At = c.Actor, c.At
			}
		}
		if _, _, name, ok := e.Field.PartKey(); !ok || name != customer.Present {
			out = append(out, edit)
		} else if e.After == "" {
			out = append(out, edit) // a contact that was removed has nothing else to show it
		}
	}
	return out
}

// unmerge does what was planned. The caller holds the locks.
func (h *Hub) unmerge(ctx context.Context, tx pgx.Tx, v auth.Viewer, p unmergePlan) error {
	kept, merged := p.separated.Kept, p.separated.Merged
	var back []customer.OfficeID
	for _, o := range merged.Offices {
		if !slices.ContainsFunc(p.merged.Offices, func(had customer.Office) bool { return had.ID == o.ID }) {
			back = append(back, o.ID)
		}
	}
	if err := store.MoveOffices(ctx, tx, back, merged.ID); err != nil {
		return err
	}
	if err := h.moveLinks(ctx, tx, p.links); err != nil {
		return err
	}
	if err := store.SaveLinkedRecords(ctx, tx, p.restore); err != nil {
		return err
	}
	before := map[customer.ID]customer.Fields{kept.ID: p.kept.Flatten(customer.HubKeys), merged.ID: p.merged.Flatten(customer.HubKeys)}
	customers := []customer.Customer{kept, merged}
	changes := make([]change.Change, len(customers))
	for i := range customers {
		changes[i] = altered(&customers[i], before[customers[i].ID], change.CustomerUnmerged, v.Actor)
	}
	number(customers, changes)
	if err := h.saveMoved(ctx, tx, customers, changes, nil); err != nil {
		return err
	}
	if err := p.saveProvenance(ctx, tx); err != nil {
		return err
	}
	if err := h.returnKYC(ctx, tx, p, v.Actor); err != nil {
		return err
	}
	if err := h.noticeTurned(ctx, tx, changes); err != nil {
		return err
	}
	if err := h.endReadOnly(ctx, tx, p); err != nil {
		return err
	}
	result, err := json.Marshal(p.result)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "")
	}
	return store.EndMerge(ctx, tx, p.merge.ID, actorKey(v.Actor), result)
}

// endReadOnly has what is said of records that were only read end, and those that came back be looked at: what changed there
// meanwhile is not known.
func (h *Hub) endReadOnly(ctx context.Context, tx pgx.Tx, p unmergePlan) error {
	var hints []string
	for _, l := range p.came {
		hints = append(hints, string(l.ID))
		noted, err := store.SyncFindingsOf(ctx, tx, l.SystemID, []string{l.ExternalID}, []finding.Code{finding.LinkNotPrimary}, nil)
		if err := logFindings(ctx, tx, noted, byHub, err); err != nil {
			return err
		}
	}
	if len(hints) == 0 {
		return nil
	}
	return store.HintLinks(ctx, tx, hints)
}

// saveProvenance has values come from where they came before; what was edited since keeps what was said of it, with whom it stays.
func (p *unmergePlan) saveProvenance(ctx context.Context, tx pgx.Tx) error {
	kept, merged := p.provenance[p.kept.ID], p.provenance[p.merged.ID]
	edited := make(map[customer.Field]merge.Which, len(p.separated.Edits))
	for _, e := range p.separated.Edits {
		edited[e.Field] = e.Stays
	}
	along := make(customer.Provenances)
	for f := range p.remembered.MadeProvenance {
		stays, isEdited := edited[f]
		if isEdited && stays == merge.Kept {
			continue
		}
		if isEdited {
			along[f] = kept[f]
		}
		if was, ok := p.remembered.Was[f]; ok {
			kept[f] = was
		} else {
			delete(kept, f)
		}
	}
	if err := store.ReplaceProvenance(ctx, tx, p.kept.ID, kept); err != nil || len(along) == 0 {
		return err
	}
	if merged == nil {
		merged = make(customer.Provenances, len(along))
	}
	for f, one := range along {
		if !one.ObservedAt.IsZero() {
			merged[f] = one
		}
	}
	return store.ReplaceProvenance(ctx, tx, p.merged.ID, merged)
}

// returnKYC gives the due diligence back to its owner, with what the service said of it since. Whose candidate the merge deleted has none
// any more; nobody makes it again but somebody who asks for it.
func (h *Hub) returnKYC(ctx context.Context, tx pgx.Tx, p unmergePlan, actor change.Actor) error {
	after := make(map[customer.ID]customer.KYC)
	now, has := p.kyc[p.kept.ID]
	if p.remembered.KYC && has {
		if was := p.kyc[p.merged.ID]; now.AsOf.After(was.AsOf) && !now.Same(&was) {
			after[p.merged.ID] = now
		}
		k, said := p.was[p.kept.ID]
		if !said {
			k = customer.UnknownKYC()
			k.SourceSystem = now.SourceSystem
		}
		k.AsOf = p.now
		after[p.kept.ID] = k
	}
	for _, id := range p.withdrawn {
		was, said := p.was[id]
		if !said {
			was = customer.UnknownKYC()
		}
		after[id] = removed(&was, p.now)
	}
	for _, id := range []customer.ID{p.merged.ID, p.kept.ID} {
		k, changes := after[id]
		if !changes {
			continue
		}
		before := p.kyc[id]
		if !k.AsOf.After(before.AsOf) {
			k.AsOf = before.AsOf.Add(time.Microsecond)
		}
		if err := h.passKYC(ctx, tx, id, before, k, actor); err != nil {
			return err
		}
		if err := h.showKYC(ctx, tx, []customer.ID{id}, system.ID(k.SourceSystem)); err != nil {
			return err
		}
	}
	return nil
}

// planReturn gives links back. One that was only read gets the base back that it never lost; one that was the kept customer's
// primary one has the base that it has come to, so what the merge sent there is taken back by ordinary edits. Its parts are those
// of the merged customer again.
func (h *Hub) planReturn(ctx context.Context, tx pgx.Tx, p *unmergePlan) error {
	records, err := store.ListLinkedRecordsOfCustomer(ctx, tx, p.kept.ID)
	if err != nil {
		return err
	}
	of := byID(records, func(r store.LinkedRecord) link.ID { return r.Link.ID })
	var touched []link.ID
	for _, m := range p.remembered.Links {
		r, there := of[m.ID]
		if !there {
			continue // dropped, or gone with its system
		}
		delete(of, m.ID)
		l := r.Link
		l.CustomerID, l.Primary = m.Customer, m.Primary
		if l.CustomerID == r.Link.CustomerID && l.Primary == r.Link.Primary {
			continue
		}
		touched = append(touched, l.ID)
		if l.Primary && !r.Link.Primary && (l.State != link.NotInScope || l.LastFault == "") {
			// It is followed again as it was; one that a person has to look at still waits for that.
			l.State, l.LastFault, l.LastMessage, l.DueAt = m.State, m.Fault, m.Message, time.Time{}
			if l.State == link.Waiting && m.Fault != fault.Unsupported {
				l.State, l.LastFault, l.LastMessage = link.Due, "", ""
			}
		}
		if !l.Primary {
			l = setAside(l)
		}
		gone := m.Withdrawn && r.Deletion.Tombstone()
		if gone {
			l.LastMessage = "The candidate was deleted when the customers were merged. Taking the merge back does not make it again: it has to be sent again."
			p.withdrawn = append(p.withdrawn, l.CustomerID)
		}
		if l.CustomerID == p.merged.ID {
			p.keepParts(r, asBefore(r.Parts, m.Parts, p.separated.Merged), p.separated.Kept)
		}
		p.links.moved = append(p.links.moved, l)
		fate := fateOf(l, r.Link.CustomerID)
		if gone {
			fate.Place = Withdrawn
		}
		p.links.fates = append(p.links.fates, fate)
		if l.Primary && l.ExternalID != "" && !gone {
			p.came = append(p.came, l)
		}
	}
	if err := notBusy(ctx, tx, touched); err != nil {
		return err
	}
	for _, r := range records {
		if !slices.Contains(touched, r.Link.ID) || p.memory(r.Link.ID).Customer == p.kept.ID {
			p.keepParts(r, r.Parts, p.separated.Merged)
		}
	}
	taken := make(map[system.ID]bool) // in which the kept customer has a primary link of its own
	for _, r := range of {
		taken[r.Link.SystemID] = taken[r.Link.SystemID] || r.Link.Primary
	}
	systems, err := store.ListSystems(ctx, tx)
	if err != nil {
		return err
	}
	for _, m := range p.remembered.Links {
		exists := slices.ContainsFunc(systems, func(s system.System) bool { return s.ID == m.System })
		if !m.Dropped || !exists || m.Customer == p.kept.ID && taken[m.System] {
			continue
		}
		l := link.Link{
			ID: m.ID, SystemID: m.System, CustomerID: m.Customer, Primary: m.Primary, State: link.Due, LastMessage: toBeCreated, DueAt: p.now,
		}
		if m.State == link.NotInScope || m.State == link.Paused || m.State == link.Parked {
			l.State, l.LastFault, l.LastMessage, l.DueAt = m.State, m.Fault, m.Message, time.Time{}
		}
		p.restore = append(p.restore, store.LinkedRecord{Link: l, Base: link.Base{Ours: customer.Fields{}, Theirs: customer.Fields{}}})
		fate := fateOf(l, m.Customer)
		fate.Place = Restored
		p.links.fates = append(p.links.fates, fate)
	}
	return nil
}

// memory is what is remembered of a link; its zero value of one that came later.
func (p *unmergePlan) memory(id link.ID) linkMemory {
	for _, m := range p.remembered.Links {
		if m.ID == id {
			return m
		}
	}
	return linkMemory{}
}

// keepParts has a link keep its parts, but for offices that are another customer's now: their records are nobody's, and one that is
// changed there again comes in as a new office.
func (p *unmergePlan) keepParts(r store.LinkedRecord, parts []link.PartLink, other customer.Customer) {
	parts = slices.Clone(parts)
	for i := range parts {
		if parts[i].Part == customer.PartOffice && slices.ContainsFunc(other.Offices, func(o customer.Office) bool { return string(o.ID) == parts[i].ID }) {
			parts[i].ID = store.NewID()
		}
	}
	if !slices.Equal(parts, r.Parts) {
		r.Parts = parts
		p.links.parts = append(p.links.parts, r)
	}
}

func fateOf(l link.Link, from customer.ID) LinkFate {
	f := LinkFate{Link: l.ID, System: l.SystemID, ExternalID: l.ExternalID, From: from, To: l.CustomerID, Place: PrimaryPlace}
	if !l.Primary {
		f.Place = ReadOnly
	}
	return f
}

// asBefore has external parts be those that they were before a merge, where the customer has these.
func asBefore(now, before []link.PartLink, c customer.Customer) []link.PartLink {
	has := make(map[string]bool)
	for _, o := range c.Offices {
		has[string(o.ID)] = true
	}
	for _, ct := range c.Contacts {
		has[string(ct.Person.ID)] = true
	}
	out := slices.Clone(now)
	for i, p := range out {
		for _, b := range before {
			if b.Part == p.Part && b.ExternalID == p.ExternalID && has[b.ID] {
				out[i].ID = b.ID
			}
		}
	}
	return out
}
