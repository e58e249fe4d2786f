package hub

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/link"
	"customerhub/internal/merge"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// settling says how links of a customer that changed are looked at.
type settling struct {
	// isNew says that the customer was just made, or is in use again: then it gets a record in systems where it has none yet, as when it was not
	// in use at their first run.
	isNew bool
	// by is the system that the change came from, whose link is settled already; empty for a change in the hub.
	by system.ID
	// priority is that of links which become due.
	priority link.Priority
}

// settleLinks says of each link of a customer whether the system now lacks something the hub holds, and makes it due where
// that may be sent (Promise 8). A new customer gets a link, and so a record, in each system that the hub writes to.
func (h *Hub) settleLinks(ctx context.Context, tx pgx.Tx, c *customer.Customer, how settling) error {
	records, err := store.ListLinkedRecordsOfCustomer(ctx, tx, c.ID)
	if err != nil || len(records) == 0 && !how.isNew {
		return err
	}
	systems, err := store.ListSystems(ctx, tx)
	if err != nil {
		return err
	}
	now, err := store.Now(ctx, tx)
	if err != nil {
		return err
	}
	if err := ruledRecords(ctx, tx, records); err != nil {
		return err
	}
	var altered []store.LinkedRecord
	of := byID(systems, func(s system.System) system.ID { return s.ID })
	if err := h.bringKYC(ctx, tx, c, systems); err != nil {
		return err
	}
	for _, r := range records {
		if r.Link.SystemID == how.by {
			continue
		}
		if err := h.tellDeleted(ctx, tx, c, r, of[r.Link.SystemID]); err != nil {
			return err
		}
		settled, refused, ok := h.settle(c, r, of[r.Link.SystemID], h.sourcesOf(records, of), how.priority, now)
		if err := h.noteRefused(ctx, tx, r.Link, refused, of[r.Link.SystemID]); err != nil {
			return err
		}
		switch {
		case !ok:
		case r.Link.ExternalID != "" && settled.ExternalID == "":
			r.Link = settled
			if err := saveRevived(ctx, tx, r); err != nil {
				return err
			}
		default:
			r.Link = settled
			altered = append(altered, r)
		}
	}
	if how.isNew {
		altered = append(altered, h.newLinks(c, records, systems, h.sourcesOf(records, of), how.priority, now)...)
	}
	if err := h.noteNumberless(ctx, tx, c, records, altered, of); err != nil {
		return err
	}
	if len(altered) == 0 {
		return nil
	}
	for i := range altered {
		l := &altered[i].Link
		was, _ := recordOf(records, l.ID)
		*l = h.timed(*l, was.Link, of[l.SystemID], how.by, now)
	}
	return store.SaveLinkedRecords(ctx, tx, altered)
}

func recordOf(records []store.LinkedRecord, id link.ID) (store.LinkedRecord, bool) {
	for _, r := range records {
		if r.Link.ID == id {
			return r, true
		}
	}
	return store.LinkedRecord{}, false
}

// writeEvery is how often a system is sent what others changed; zero is at once.
func (h *Hub) writeEvery(s system.System) time.Duration {
	if every := h.o.Kinds[s.Kind].WriteEvery; every != nil {
		return every(s.Settings)
	}
	return 0
}

// alignPolls has the other systems looked at when the system is sent what they changed (R187).
func (h *Hub) alignPolls(ctx context.Context, tx pgx.Tx, s system.System) error {
	if h.o.Kinds[s.Kind].WriteEvery == nil {
		return nil
	}
	every := h.writeEvery(s)
	return store.AlignPolls(ctx, tx, s.ID, every, system.Offset(s.ID, every))
}

// timed says when a link that became due is looked at: what another system changed waits for the system's next moment (R63), and takes along
// what waits already; what people changed in the hub waits for nothing.
func (h *Hub) timed(l, was link.Link, s system.System, by system.ID, now time.Time) link.Link {
	every := h.writeEvery(s)
	waits := was.State == link.Due && was.DueAt.After(now)
	switch {
	case every <= 0 || l.State != link.Due:
	case by == "" && l.DueAt.After(now):
		l.DueAt = now
	case by != "" && waits:
		l.DueAt = was.DueAt
	case by != "" && (was.State != link.Due || was.DueAt.IsZero()):
		l.DueAt = system.NextSlot(now, every, system.Offset(s.ID, every))
	}
	return l
}

// noteNumberless brings up to date what people are told of a customer without a number, who has records elsewhere and cannot be made in a system
// that knows customers by their numbers (Flex contract section 5).
func (h *Hub) noteNumberless(ctx context.Context, tx pgx.Tx, c *customer.Customer, records, altered []store.LinkedRecord, systems map[system.ID]system.System) error {
	elsewhere := slices.ContainsFunc(records, func(r store.LinkedRecord) bool { return r.Link.Primary && r.Link.Followed() })
	for _, r := range append(slices.Clone(records), altered...) {
		s := systems[r.Link.SystemID]
		if !h.o.Kinds[s.Kind].NeedsNumber || r.Link.ExternalID != "" {
			continue
		}
		var noted []store.NotedFinding
		var err error
		if c.Number == "" && c.Status == customer.Active && elsewhere {
			noted, err = store.RaiseFindings(ctx, tx, s.ID, []finding.Finding{numberless(c.ID, s)})
		} else {
			noted, err = store.ResolveFindingsAbout(ctx, tx, s.ID, c.ID, []finding.Code{finding.NumberMissing}, "")
		}
		if err := logFindings(ctx, tx, noted, byHub, err); err != nil {
			return err
		}
	}
	return nil
}

func numberless(id customer.ID, s system.System) finding.Finding {
	return finding.Finding{
		Code: finding.NumberMissing, CustomerID: id, Field: customer.FieldNumber,
		Message: "The customer has no number, by which " + s.Name + " knows customers. It is made there once it has one.",
	}
}

// bringKYC reads along what the due-diligence service says of a customer, where a system shows it.
func (h *Hub) bringKYC(ctx context.Context, tx pgx.Tx, c *customer.Customer, systems []system.System) error {
	if c.KYC != nil || !slices.ContainsFunc(systems, h.showsKYC) {
		return nil
	}
	said, err := store.ListKYC(ctx, tx, []customer.ID{c.ID})
	if k, ok := said[c.ID]; ok {
		c.KYC = &k
	}
	return err
}

// sourcesOf are the customer's records that others may be made from, by the kind of their system.
func (h *Hub) sourcesOf(records []store.LinkedRecord, systems map[system.ID]system.System) map[system.Kind]link.Source {
	out := make(map[system.Kind]link.Source, len(records))
	for _, r := range records {
		if s := systems[r.Link.SystemID]; r.Link.Primary && r.Link.Followed() && s.State != system.Draft {
			out[s.Kind] = link.Source{
				Kind: s.Kind, ExternalID: r.Link.ExternalID, Number: r.Base.Theirs[customer.FieldNumber], Person: h.ownContact(s, r.Base.Theirs),
			}
		}
	}
	return out
}

// ownContact gives the contact person on a record itself, of a system that has no place for the one for due diligence; nobody elsewhere.
func (h *Hub) ownContact(s system.System, theirs customer.Fields) (p customer.KYCPerson) {
	spec := h.o.Kinds[s.Kind]
	if !h.lendsContact(s) {
		return p
	}
	at := func(name string) string {
		return theirs[customer.PartField(customer.PartContact, spec.OwnContact, name)]
	}
	first := func(list string) string { return append(customer.SplitList(list), "")[0] }
	return customer.KYCPerson{
		FirstName: at("firstName"), LastName: at("lastName"), Email: first(at("emails")), Phone: first(at("phones")), Language: at("language"),
	}
}

// lendsContact says whether records of the system lend their own contact person to due diligence.
func (h *Hub) lendsContact(s system.System) bool {
	spec := h.o.Kinds[s.Kind]
	return spec.OwnContact != "" && (spec.ShowsKYC == nil || !spec.ShowsKYC(s.Settings))
}

// settleOthers settles the links that customers have in other systems than the one which changed them. Mostly there is no
// other, which costs one statement.
func (h *Hub) settleOthers(ctx context.Context, tx pgx.Tx, customers []customer.Customer, changes []change.Change, by system.ID, p link.Priority) error {
	if len(customers) == 0 {
		return nil
	}
	systems, err := store.ListSystems(ctx, tx)
	if err != nil {
		return err
	}
	written := func(s system.System) bool {
		return s.ID != by && h.o.Kinds[s.Kind].Writes != nil && s.Policy.WritesOut()
	}
	if !slices.ContainsFunc(systems, written) {
		return nil
	}
	isNew := make(map[customer.ID]bool, len(changes))
	for _, c := range changes {
		isNew[c.CustomerID] = isNew[c.CustomerID] || getsLinks(c)
	}
	for i := range customers {
		c := &customers[i]
		if err := h.settleLinks(ctx, tx, c, settling{isNew: isNew[c.ID], by: by, priority: p}); err != nil {
			return err
		}
	}
	return nil
}

// getsLinks says whether a change is one after which a customer gets the links that it lacks.
func getsLinks(c change.Change) bool {
	return c.Kind == change.CustomerCreated || c.Kind == change.CustomerReactivated
}

// noteRefused brings the findings of what a system would not take of a customer up to date.
func (h *Hub) noteRefused(ctx context.Context, tx pgx.Tx, l link.Link, refused []finding.Finding, s system.System) error {
	if h.o.Kinds[s.Kind].Refuses == nil || l.ExternalID == "" {
		return nil
	}
	for i := range refused {
		refused[i].ExternalID, refused[i].CustomerID = l.ExternalID, l.CustomerID
	}
	noted, err := store.SyncFindingsOf(ctx, tx, s.ID, []string{l.ExternalID}, finding.Refusals, refused)
	return logFindings(ctx, tx, noted, byHub, err)
}

// settle gives the link as it stands after the customer changed here, and what the system would not take; false when the link
// stands as before.
func (h *Hub) settle(c *customer.Customer, r store.LinkedRecord, s system.System, sources map[system.Kind]link.Source, p link.Priority, now time.Time) (link.Link, []finding.Finding, bool) {
	spec := h.o.Kinds[s.Kind]
	if spec.Reads == nil || !r.Link.Primary {
		return r.Link, nil, false
	}
	can, refused := spec.abilities(s).For(c, r.Parts)
	ours := can.Ours(c, r.Parts)
	sources[spec.From].Stand(ours)
	if spec.Refuses != nil {
		refused = append(refused, spec.Refuses(ours)...)
	}
	if s := spec.scope(s); s.From != "" && buried(r.Link) && addsContact(ours, r.Base) && s.Why(c, sources[spec.From]) == "" {
		// A contact person who was added since is the one thing that brings it back by itself (KYC contract section 7).
		r.Link = merge.Queue(revived(r.Link), p, now)
		r.Link.LastMessage = toBeCreated
		return r.Link, refused, true
	}
	switch r.Link.State {
	case link.NotInScope, link.Uncertain, link.Paused:
		if r.Link.LetGo() && c.Status == customer.Active { // what was changed there meanwhile is not known
			r.Link = merge.Queue(r.Link, p, now)
			r.Link.LastFault, r.Link.LastMessage = "", "The customer is in use again; its record is looked at next."
			return r.Link, refused, true
		}
		if !waitsForUse(c, r) {
			return r.Link, refused, false // an edit here says nothing of why the link is not followed
		}
	case link.Parked:
		if !slices.Contains([]fault.Code{fault.Rejected, fault.Invalid, fault.Unsupported}, r.Link.LastFault) {
			return r.Link, refused, false
		}
		// What they refused may be what was mended. Of what the brake parked, the rest flows.
	case link.InSync, link.Due, link.Waiting, link.InProgress:
	}
	if r.Link.ExternalID == "" {
		if why := spec.scope(s).Why(c, sources[spec.From]); why != "" {
			kept := merge.OutOfScope(r.Link, why)
			return kept, refused, kept != r.Link
		}
		r.Link = merge.Queue(r.Link, p, now)
		r.Link.LastFault, r.Link.LastMessage = "", toBeCreated
		return r.Link, refused, true
	}
	policy := merge.PolicyOf(can, refused, s.Policy, r.Parts)
	verdict := merge.Compare(ours, r.Base.Theirs, r.Base, policy)
	settled := merge.Settle(r.Link, verdict, p, now)
	return settled, refused, settled != r.Link
}

// addsContact says whether the customer has a contact person for due diligence and had none when both sides last agreed.
func addsContact(ours customer.Fields, base link.Base) bool {
	return ours.HasGroup(customer.FieldKYCContactLastName.Group()) && !base.Ours.HasGroup(customer.FieldKYCContactLastName.Group())
}

// waitsForUse says whether the customer has no record only because it was not in use when its turn came, and is now.
func waitsForUse(c *customer.Customer, r store.LinkedRecord) bool {
	return r.Link.State == link.NotInScope && r.Link.ExternalID == "" && r.Link.LastFault == "" && r.Deletion == nil && c.Status == customer.Active
}

const toBeCreated = "The customer has no record in the system yet."

// newLinks are the links that a new customer gets, in the running systems that the hub writes to.
func (h *Hub) newLinks(c *customer.Customer, have []store.LinkedRecord, systems []system.System, sources map[system.Kind]link.Source, p link.Priority, now time.Time) (out []store.LinkedRecord) {
	linked := make(map[system.ID]bool, len(have))
	for _, r := range have {
		linked[r.Link.SystemID] = true
	}
	for _, s := range systems {
		if linked[s.ID] || s.State != system.Running || h.o.Kinds[s.Kind].Writes == nil || !s.Policy.WritesOut() {
			continue
		}
		out = append(out, h.newLink(c, s, sources, p, now))
	}
	return out
}

// newLink is the link that a customer gets in a system that the hub writes to: due to be made there, or out of its scope with the
// reason.
func (h *Hub) newLink(c *customer.Customer, s system.System, sources map[system.Kind]link.Source, p link.Priority, now time.Time) store.LinkedRecord {
	l := link.Link{
		ID: link.ID(store.NewID()), SystemID: s.ID, CustomerID: c.ID, Primary: true, State: link.Due,
		LastMessage: toBeCreated, DueAt: now, Priority: p,
	}
	spec := h.o.Kinds[s.Kind]
	if why := spec.scope(s).Why(c, sources[spec.From]); why != "" {
		l = merge.OutOfScope(l, why)
	}
	return store.LinkedRecord{Link: l, Base: link.Base{Ours: customer.Fields{}, Theirs: customer.Fields{}}}
}
