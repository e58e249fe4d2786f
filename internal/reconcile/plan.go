package reconcile

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"customerhub/internal/change"
	"customerhub/internal/connector"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/link"
	"customerhub/internal/merge"
	"customerhub/internal/system"
)

// Policy is what Plan has to know of the system the records come from.
type Policy struct {
	System system.ID
	// Name is the system's, for findings.
	Name string
	// Abilities are what the kind of system can tell, hold and keep.
	merge.Abilities
	// Scope says which customers get a record there.
	Scope merge.Scope
	// Refuses names values that the system would not take; nil for none.
	Refuses func(customer.Fields) []finding.Finding
	// Decided is what the organisation decided.
	Decided system.Policy
	// shared are groups of one record that give way to later news of the same person.
	shared []customer.Group
}

// side is what the hub holds for a record, the policy for it, and what the system refuses of our values, or keeps of its own. theirs is what it
// holds.
func (p Policy) side(k merge.Known, c *customer.Customer, parts []link.PartLink, kept []finding.Finding, theirs customer.Fields) (customer.Fields, merge.Policy, []finding.Finding) {
	ours := k.Ours(p.Abilities, c, parts)
	can, refused := p.For(c, parts)
	if p.Refuses != nil {
		refused = append(refused, p.Refuses(ours)...)
	}
	for _, f := range kept {
		if value, has := ours[f.Field]; has && value != theirs[f.Field] {
			f.HubValue, f.SystemValue = value, theirs[f.Field]
			refused = append(refused, f)
		}
	}
	policy := merge.PolicyOf(can, refused, p.Decided, parts)
	policy.Shared = p.shared
	return ours, policy, refused
}

// Plan decides what becomes of the observed records. known holds, by external id, what the hub has of them; a record that is not
// linked is the customer that carries its number, as far as business IDs and names let it (merge.Identify), and otherwise a new
// one, since the external key is the identity and names alone never match (R88, R92, R103, R110-R115). It has no I/O and no clock
// of its own.
func Plan(observed []merge.Observation, known map[string]merge.Known, p Policy, newID merge.IDFunc, now time.Time) []merge.Outcome {
	out := planEach(observed, known, p, newID, now)
	oneEach(out, observed, known, p, newID, now)
	shareNews(out, observed, known, p, newID, now)
	return out
}

// planEach decides about each record by itself.
func planEach(observed []merge.Observation, known map[string]merge.Known, p Policy, newID merge.IDFunc, now time.Time) []merge.Outcome {
	out := make([]merge.Outcome, 0, len(observed))
	for _, o := range observed {
		outcome, err := planOne(o, known, p, newID, now)
		if err != nil {
			// A record that cannot be applied is our defect; it must not hold up the others (Promise 7).
			outcome = failed(unreadable(o.ExternalID), known)
			outcome.Err = err
		}
		out = append(out, outcome)
	}
	return out
}

// unreadable stands for a record that could not be taken.
func unreadable(externalID string) merge.Observation {
	return merge.Observation{ExternalID: externalID, Missing: true, Findings: []finding.Finding{{
		Code: finding.RecordUnreadable, Message: "The record could not be taken into the hub. What the hub has of it stays as it is.",
	}}}
}

// failed leaves everything as it is and raises the findings.
func failed(o merge.Observation, known map[string]merge.Known) merge.Outcome {
	return merge.Outcome{
		ExternalID: o.ExternalID, Action: merge.Failed, Customer: known[o.ExternalID].Customer, Findings: o.Findings,
	}
}

func planOne(o merge.Observation, known map[string]merge.Known, p Policy, newID merge.IDFunc, now time.Time) (out merge.Outcome, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("deciding about a record: %v", r)
		}
	}()
	if o.Missing {
		return failed(o, known), nil
	}
	if o.Deleted {
		return deletedThere(o, known[o.ExternalID], p), nil
	}
	if o.ExternalID == "" {
		return merge.Outcome{}, errors.New("a record without a key: nothing could be linked to it")
	}
	k := known[o.ExternalID]
	exists := k.Link.ID != ""
	switch {
	case k.Overtaken: // its link finds out
		return merge.Outcome{ExternalID: o.ExternalID, Action: merge.Unchanged, Customer: k.Customer, Findings: o.Findings}, nil
	case exists && leftAlone(k):
		return merge.Outcome{ExternalID: o.ExternalID, Action: merge.Unchanged, Customer: k.Customer}, nil
	case exists && !k.Link.Primary:
		return aside(o, k, p, now), nil
	case o.Excluded != "" && exists:
		out := leftOut(o, k)
		if out.Link == k.Link {
			out.Action = merge.Unchanged
		}
		return out, nil
	case o.Excluded != "":
		return merge.Outcome{ExternalID: o.ExternalID, Action: merge.Skip, Findings: o.Findings}, nil
	case !exists:
		m := merge.MatchRecord(o.Fields, k.Candidates)
		if k.Identified {
			m = merge.Match{Sameness: merge.Same, Customer: &k.Candidates[0]}
		}
		if out, matched, err := match(m, o, k.Base.Brake, p, newID, now); matched {
			return out, err
		}
		if d := p.Decided.Of("").Direction; d == system.Out || d == system.Off || p.Scope.From != "" {
			// The hub is the master here: what it does not know is not its own (R116).
			return merge.Outcome{ExternalID: o.ExternalID, Action: merge.Skip, Findings: o.Findings}, nil
		}
		if o.Fields[customer.FieldName] == "" && slices.Contains(o.Untold, customer.FieldName) {
			return failed(unreadable(o.ExternalID), known), nil // what there is of it makes no customer
		}
		out, err := create(o, p, newID, now)
		if f, ok := m.Finding(o.Fields, p.Name); ok {
			out.Findings = append(out.Findings, f)
		}
		return out, err
	}
	if k.Customer.Status != customer.Active && k.Customer.Status != customer.Inactive {
		return merge.Outcome{ExternalID: o.ExternalID, Action: merge.Skip}, nil
	}
	return update(o, k, p, newID, now)
}

// match links a record to the customer that it is, and leaves one alone that collides with another; matched is false where neither
// is so.
func match(m merge.Match, o merge.Observation, brake link.Brake, p Policy, newID merge.IDFunc, now time.Time) (out merge.Outcome, matched bool, err error) {
	switch direction := p.Decided.Of("").Direction; {
	case direction == system.Off:
		return out, false, nil
	case m.Sameness == merge.Same:
		c := *m.Customer
		k := merge.Known{
			Link:     link.Link{ID: link.ID(newID()), SystemID: p.System, CustomerID: c.ID, ExternalID: o.ExternalID, Primary: true, State: link.InSync},
			Base:     link.Base{Brake: brake},
			Customer: c,
		}
		out, err = update(o, k, p, newID, now)
		if out.Action == merge.Unchanged {
			out.Action = merge.Agree // the link is new
		}
		return out, true, err
	case m.Sameness == merge.Collision:
		f, _ := m.Finding(o.Fields, p.Name)
		return merge.Outcome{ExternalID: o.ExternalID, Action: merge.Skip, Customer: *m.Customer, Findings: append(slices.Clip(o.Findings), f)}, true, nil
	}
	return out, false, nil
}

// oneEach keeps two records of a batch from becoming the same customer: the later one is a new customer, and the number that both
// carry is in a finding.
func oneEach(out []merge.Outcome, observed []merge.Observation, known map[string]merge.Known, p Policy, newID merge.IDFunc, now time.Time) {
	taken := make(map[customer.ID]bool)
	for i := range out {
		k := known[out[i].ExternalID]
		if len(k.Candidates) == 0 || out[i].Link.ID == "" || out[i].Action == merge.Create {
			continue
		}
		if id := out[i].Customer.ID; !taken[id] {
			taken[id] = true
			continue
		}
		one, err := planOne(observed[i], nil, p, newID, now)
		if err != nil {
			one = failed(unreadable(out[i].ExternalID), known)
			one.Err = err
		}
		out[i] = one
	}
}

// deletedThere is what becomes of a record that its people deleted, as the system itself says. The customer stays as it is, and the
// link is the tombstone: nothing but an act of somebody makes the customer a record there again.
func deletedThere(o merge.Observation, k merge.Known, p Policy) merge.Outcome {
	if k.Link.ID == "" {
		return merge.Outcome{ExternalID: o.ExternalID, Action: merge.Skip}
	}
	out := standing(k, link.NotInScope, fault.NotFound, "Deleted in "+p.Name+". It is not made there again by itself.")
	out.Link.DueAt = time.Time{}
	if out.Link == k.Link {
		out.Action = merge.Unchanged
	}
	return out
}

// leftOut is what becomes of a customer whose record does not come in any more: it stays as it is, and the link says why.
func leftOut(o merge.Observation, k merge.Known) merge.Outcome {
	return merge.Outcome{
		ExternalID: o.ExternalID, Action: merge.Agree, Customer: k.Customer, Link: merge.LeftOut(k.Link, o.Excluded), Base: k.Base, Parts: k.Parts,
		Findings: o.Findings,
	}
}

func create(o merge.Observation, p Policy, newID merge.IDFunc, now time.Time) (merge.Outcome, error) {
	c := customer.Customer{
		ID: customer.ID(newID()), Version: 1, Kind: customer.Company, Status: customer.Active, CreatedAt: now, UpdatedAt: now,
	}
	l := link.Link{ID: link.ID(newID()), SystemID: p.System, CustomerID: c.ID, ExternalID: o.ExternalID, Primary: true}
	// Nothing was ever agreed, so the defaults above give way to whatever the record says.
	_, policy, _ := p.side(merge.Known{}, &customer.Customer{}, nil, nil, nil)
	verdict := merge.Compare(nil, o.Fields, link.Base{}, policy)
	parts, err := verdict.Apply(&c, nil, o.Fields, newID)
	if err != nil {
		return merge.Outcome{}, fmt.Errorf("taking in record %s: %w", o.ExternalID, err)
	}
	c.Responsible = ofSystem(c.Responsible, verdict, p.System)
	ours, _, refused := p.side(merge.Known{}, &c, parts, o.Kept, o.Fields)
	base, _ := verdict.Agree(link.Base{}, ours, o.Fields)
	l.State, l.LastSyncedAt = link.InSync, now
	return merge.Outcome{
		ExternalID: o.ExternalID, Action: merge.Create, Customer: c,
		Kind: change.CustomerCreated, Fields: customer.Diff(nil, c.Flatten(customer.HubKeys)),
		Link: l, Base: base, Parts: parts, Findings: slices.Concat(o.Findings, refused),
	}, nil
}

func update(o merge.Observation, k merge.Known, p Policy, newID merge.IDFunc, now time.Time) (merge.Outcome, error) {
	before := k.Customer.Flatten(customer.HubKeys)
	if len(k.Base.Theirs) == 0 && len(k.Parts) == 0 {
		k.Parts = merge.MatchParts(&k.Customer, o.Fields) // nothing was ever agreed: what is the same on both sides is not made twice
	}
	o.Fields = o.Told(k.Base.Theirs)
	ours, policy, _ := p.side(k, &k.Customer, k.Parts, o.Kept, o.Fields)
	verdict := merge.Compare(ours, o.Fields, k.Base, policy)
	disputes, disputed, paused := verdict.Disputes(k.Base.Disputes, o.Fields, now)
	k.Base.Disputes = disputes
	if paused {
		verdict = merge.Compare(ours, o.Fields, k.Base, policy)
	}
	after := k.Customer.Clone()
	parts, err := verdict.Apply(&after, k.Parts, o.Fields, newID)
	if err != nil {
		return merge.Outcome{}, fmt.Errorf("taking in record %s: %w", o.ExternalID, err)
	}
	after.Responsible = ofSystem(after.Responsible, verdict, p.System)
	ours, _, refused := p.side(k, &after, parts, o.Kept, o.Fields)
	base, agreed := verdict.Agree(k.Base, ours, o.Fields)
	out := merge.Outcome{
		ExternalID: o.ExternalID, Action: merge.Unchanged, Customer: after, Base: base, Parts: parts,
		Conflicts: verdict.Conflicts, Weighs: verdict.Weighs,
		Findings: slices.Concat(o.Findings, refused, conflictFindings(verdict, p.Name), disputeFindings(verdict, ours, o.Fields, k.Base.Disputes, p.Name),
			apartFindings(verdict, ours, o.Fields, p.Name), consumerFindings(verdict, p.Name)),
	}
	out.Link = settled(k.Link, verdict, now)
	out.Link.LastSyncedAt = now
	out.Findings = append(out.Findings, parkedFindings(out.Link)...)
	switch out.Fields = customer.Diff(before, after.Flatten(customer.HubKeys)); {
	case len(out.Fields) > 0:
		out.Action = merge.Update
		out.Kind = merge.Alter(&out.Customer, out.Fields)
	case agreed || disputed || !slices.Equal(parts, k.Parts) || moved(k.Link, out.Link):
		out.Action = merge.Agree
	}
	return out, nil
}

// ofSystem says which system a person or team belongs to that came in as responsible.
func ofSystem(r customer.Responsible, v merge.Verdict, id system.ID) customer.Responsible {
	if _, came := v.Incoming[customer.FieldResponsibleName]; came {
		if r.SystemID = ""; r.Name != "" {
			r.SystemID = string(id)
		}
	}
	return r
}

// settled gives the link after its record was looked at. What the system refused to take stays parked until somebody
// changes it on one side or the other, or says to try again. Of what the brake parked, the rest flows.
func settled(l link.Link, v merge.Verdict, now time.Time) link.Link {
	if l.State == link.Parked && l.DueAt.IsZero() && l.LastFault != fault.Unsupported && len(v.Outgoing) > 0 {
		return l
	}
	l.Attempt = 0
	l = merge.Settle(l, v, link.Bulk, now)
	if l.State != link.Due {
		l.DueAt, l.Priority = time.Time{}, link.Interactive
	}
	return l
}

// moved says whether the link stands otherwise than before, beside when it was last looked at.
func moved(before, after link.Link) bool {
	after.LastSyncedAt = before.LastSyncedAt
	return before != after
}

// ObservationOf is a connector's record as the merge sees it.
func ObservationOf(r connector.Record) merge.Observation {
	return merge.Observation{
		ExternalID: r.ExternalID, Fields: r.Fields, Untold: r.Untold, Deleted: r.Deleted, Excluded: r.Excluded, KYC: r.KYC, Source: r.Source, Fixed: r.Fixed,
		Custom: r.Custom, Kept: r.Kept, Findings: r.Findings,
	}
}
