package merge

import (
	"maps"
	"slices"
	"strings"

	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/link"
	"customerhub/internal/system"
)

// Side is one of the two sides that are compared.
type Side string

// The sides.
const (
	Ours   Side = "OURS"   // the canonical customer
	Theirs Side = "THEIRS" // the external system
)

// Conflict is a field group that both sides changed differently since they last agreed.
type Conflict struct {
	Group  customer.Group
	Winner Side
	// Shared says that ours is what another record of the system told of the same person, and nobody's edit in the hub.
	Shared bool
	// Rejected says that only one side changed it, among so many that a person rejected them all.
	Rejected bool
	// OneWay says that only the system changed it, where values go out and none comes in.
	OneWay bool
	// Lost is what the losing side held, Ours and Theirs what each did.
	Lost, Ours, Theirs customer.Fields
}

// Verdict is what the comparison of one link comes to.
type Verdict struct {
	// Incoming are canonical fields that get another value; an empty value clears. Parts carry their keys.
	Incoming customer.Fields
	// Gone are parts that the external system had at the last agreement and has no more.
	Gone []PartKey
	// Replaced are parts under whose key the system has somebody else now: who was there goes, and Incoming has the other.
	Replaced []PartKey
	// Outgoing are groups that the external system lacks and has to be sent: the hub changed them, or its value stands.
	Outgoing []customer.Group
	// Held are groups that the hub changed and that may not be sent.
	Held      []customer.Group
	Conflicts []Conflict
	// Quarantined says that the business ID and what goes with it flow neither way, since the other side has consumer e-invoicing (consumer.go).
	Quarantined bool
	// Disputed are groups that are left alone, because the system changes what it is sent again and again.
	Disputed []customer.Group
	// Braked are changes that are parked, since there were too many. Apart are groups that each side keeps its own values of, since a
	// person rejected such a change. Weighs are the classes of the changes that flow, for the brake to count.
	Braked []Braked
	Apart  []customer.Group
	Weighs []link.Class
	// released are changes that were parked and that somebody approved, rejected those that somebody rejected just now.
	released, rejected []Braked
	brake              link.Brake
	// turned are groups that the system changed, and calm those of the disputed whose sides agree.
	turned, calm []customer.Group
	// detached are parts that were removed in the hub; their base stays what it was.
	detached []PartKey
	policy   Policy
}

// PartKey names a part by the external system's key.
type PartKey struct {
	Part customer.Part
	Key  string
}

// Policy is what the organisation decided for one system, and what the system can do.
type Policy struct {
	// Reads says whether the system can tell a field. What it cannot tell is never compared, and never cleared.
	Reads func(customer.Field) bool
	// Writes says whether the system can hold a field; what it cannot hold is never sent. Nil means that it can hold what it
	// can tell.
	Writes func(customer.Field) bool
	// Keeps says of which fields the system keeps its own value when ours has nothing of their group: they are replaced, and never
	// cleared. Nil keeps nothing.
	Keeps func(customer.Field) bool
	// Flow says which way a group flows and who wins when both sides changed it; the group is named without a part's key.
	// Nil is both ways, and theirs wins: Netvisor is primarily the master (R55).
	Flow func(group string) system.Flow
	// Removes says whether a part that was removed in the hub is to be removed in the system too (design section 5, deletes).
	// Nil means that it is.
	Removes func(PartKey) bool
	// VisitingOffice is as Abilities have it.
	VisitingOffice bool
	// Shared names groups whose value another record of the system told of the same person, later than theirs: it stands,
	// whoever wins otherwise.
	Shared []customer.Group
}

// Abilities are what a kind of system can do with single fields, as connector.Kind has it.
type Abilities struct {
	Reads func(customer.Field) bool
	// Writes is nil for a system that is never written.
	Writes func(customer.Field) bool
	// Keeps is nil for one that keeps nothing.
	Keeps func(customer.Field) bool
	// VisitingOffice says that the system knows one visiting address, which is an office's in the hub (visiting.go).
	VisitingOffice bool
}

// Without is what can be done where some fields have no place.
func (a Abilities) Without(no func(customer.Field) bool) Abilities {
	reads, writes := a.Reads, a.Writes
	a.Reads = func(f customer.Field) bool { return !no(f) && reads(f) }
	if writes != nil {
		a.Writes = func(f customer.Field) bool { return !no(f) && writes(f) }
	}
	return a
}

// PolicyOf is the policy for one record: what the kind of system can do, which values of the record it refuses, what the
// organisation decided, and the parts, of which only those that the hub made may be taken away again.
func PolicyOf(can Abilities, refused []finding.Finding, decided system.Policy, parts []link.PartLink) Policy {
	if can.Writes == nil {
		can.Writes = func(customer.Field) bool { return false }
	}
	takes := func(f customer.Field) bool {
		return can.Writes(f) && !slices.ContainsFunc(refused, func(r finding.Finding) bool { return r.Field.Group() == f.Group() })
	}
	return Policy{Reads: can.Reads, Writes: takes, Keeps: can.Keeps, VisitingOffice: can.VisitingOffice, Flow: decided.Of, Removes: func(k PartKey) bool {
		return k.Part == customer.PartOffice || slices.ContainsFunc(parts, func(p link.PartLink) bool {
			return p.Part == k.Part && p.ExternalID == k.Key && p.Made
		})
	}}
}

// flow gives the direction and the master of a group.
func (p Policy) flow(g customer.Group) system.Flow {
	if p.Flow == nil {
		return system.Flow{Direction: system.Both, Master: system.MasterSystem}
	}
	if part, _, name, ok := customer.Field(g).PartKey(); ok {
		return p.Flow(string(part) + "." + name)
	}
	return p.Flow(string(g))
}

func (p Policy) winner(f system.Flow) Side {
	if f.Master == system.MasterHub {
		return Ours
	}
	return Theirs
}

func (p Policy) writes(f customer.Field) bool {
	if p.Writes == nil {
		return p.Reads(f)
	}
	return p.Writes(f)
}

// knows says whether the two sides have the field in common, in one way or the other.
func (p Policy) knows(f customer.Field) bool { return p.Reads(f) || p.writes(f) }

// Compare decides three ways, field group by field group. ours and theirs name parts by the external system's keys.
//
//   - Neither changed: nothing to do. Theirs that has taken our form of what was agreed has not changed.
//   - Theirs changed: it comes in.
//   - Ours changed: it stands, and is to be sent out. An older value of theirs never comes back over it.
//   - Both changed to the same: that is agreement.
//   - Both changed differently: the policy names the winner, and the loser is kept in the verdict.
//
// Where values flow in only, what ours changed is held; where they flow out only, what theirs changed is set back. What the
// system cannot tell counts as unchanged on its side; what it cannot hold is not sent, and what it holds instead stands as
// agreed. A part that they no longer have is Gone as a whole; its fields are not cleared one by one. A part that was removed
// in the hub stays out as a whole. A group in a dispute that is paused flows neither way, nor does a change that the brake has
// parked. A place for due diligence in which there is somebody else is Replaced as a whole (kyccontact.go).
func Compare(ours, theirs customer.Fields, base link.Base, p Policy) Verdict {
	v := Verdict{Incoming: make(customer.Fields), policy: p, brake: base.Brake}
	v.Quarantined = p.consumerConflict(ours, theirs, base)
	unreplaced := v.replace(p.replaced(ours, theirs, base), theirs)
	o, t := ours.Groups(p.knows), theirs.Groups(p.Reads)
	bo, bt := base.Ours.Groups(p.knows), base.Theirs.Groups(p.Reads)
	for _, g := range groupsOf(o, t, bo, bt) {
		flow := p.flow(g)
		if flow.Direction == system.Off || untold(g, t, bt) || v.quarantined(g) {
			continue
		}
		id, _ := place(customer.Field(g))
		if slices.Contains(unreplaced, id) {
			continue
		}
		if slices.Contains(v.Replaced, id) {
			maps.Copy(v.Incoming, t[g])
			if base.Disputes[g].Paused {
				v.calm = append(v.calm, g) // it was about another person's
			}
			continue
		}
		if part, gone := goneWith(g, theirs, base.Theirs); gone {
			if g == presentGroup(part) {
				v.lose(g, part)
			}
			continue
		}
		if part, removed := goneWith(g, ours, base.Ours); removed {
			// Removed in the hub: it stays out as a whole, whatever becomes of it there. Taking in one of its fields would bring
			// back a part with nothing but that field.
			if g == presentGroup(part) {
				v.remove(g, part, flow)
			}
			v.detached = append(v.detached, part)
			continue
		}
		v.compare(g, sides{o[g], t[g], bo[g], bt[g]}, flow, base.Disputes[g].Paused)
	}
	v.wholeNames(ours, theirs, base)
	return v
}

// wholeNames takes both names of a contact in where one comes and the system, which has one name of each, parts it elsewhere than the hub does:
// one half beside ours would make a name that nobody has.
func (v *Verdict) wholeNames(ours, theirs customer.Fields, base link.Base) {
	for _, f := range v.Incoming.Sorted() {
		part, key, name, ok := f.PartKey()
		if !ok || part != customer.PartContact || name != "firstName" && name != "lastName" {
			continue
		}
		first, last := customer.PartField(part, key, "firstName"), customer.PartField(part, key, "lastName")
		other := first
		if f == first {
			other = last
		}
		if _, comes := v.Incoming[other]; comes || base.Ours[first] == base.Theirs[first] || folded(base.Ours[first]+base.Ours[last]) != folded(base.Theirs[first]+base.Theirs[last]) {
			continue
		}
		if ours[other] == base.Ours[other] && v.policy.Reads(other) && v.policy.flow(other.Group()).Direction != system.Out {
			v.Incoming[other] = theirs[other]
		}
	}
}

// untold says whether the group is a custom field that the system has never told: fields are added on either side, and most
// are none of the other's business.
func untold(g customer.Group, theirs, before map[customer.Group]customer.Fields) bool {
	part, _, _, ok := customer.Field(g).PartKey()
	return ok && part == customer.PartCustom && theirs[g] == nil && before[g] == nil
}

// sides are the values of one group: on both sides now, and when they last agreed.
type sides struct{ ours, theirs, baseOurs, baseTheirs customer.Fields }

func (s sides) conflict(g customer.Group, winner Side, shared bool) Conflict {
	c := Conflict{Group: g, Winner: winner, Shared: shared, Lost: s.theirs, Ours: s.ours, Theirs: s.theirs}
	if winner == Theirs {
		c.Lost = s.ours
	}
	return c
}

func (v *Verdict) compare(g customer.Group, s sides, flow system.Flow, paused bool) {
	weChanged, theyChanged := !s.ours.Equal(s.baseOurs), !s.theirs.Equal(s.baseTheirs) && !v.restored(g, s)
	agreed := !weChanged && !theyChanged || v.agreed(s)
	if theyChanged && !agreed {
		v.turned = append(v.turned, g)
	}
	switch {
	case paused:
		v.Disputed = append(v.Disputed, g)
		if agreed {
			v.calm = append(v.calm, g)
		}
	case agreed:
		if v.brake.Apart[g] != "" && !weChanged && !theyChanged && !v.agreed(s) {
			v.Apart = append(v.Apart, g)
		}
	case theyChanged && !weChanged && flow.Direction != system.Out:
		v.takeIn(g, s)
	case !theyChanged:
		v.send(g, s, flow)
	case slices.Contains(v.policy.Shared, g):
		if v.send(g, s, flow) {
			v.Conflicts = append(v.Conflicts, s.conflict(g, Ours, true))
		}
	case flow.Direction != system.Out && v.policy.winner(flow) == Theirs:
		if v.takeIn(g, s) {
			v.Conflicts = append(v.Conflicts, s.conflict(g, Theirs, false))
		}
	default:
		if v.send(g, s, flow) {
			c := s.conflict(g, Ours, false)
			c.OneWay = !weChanged
			v.Conflicts = append(v.Conflicts, c)
		}
	}
	if v.stays(g) {
		c := s.conflict(g, Ours, false)
		c.Rejected = true
		v.Conflicts = append(v.Conflicts, c)
	}
}

// restored says whether they have in our form what both agreed on, and had it in their own form before, such as in capitals: that is how it comes back
// with a sales invoice of Flex, and nobody edited it.
func (v *Verdict) restored(g customer.Group, s sides) bool {
	return v.brake.Apart[g] == "" && s.theirs.Equal(s.baseOurs.Only(v.policy.Reads))
}

// agreed says whether both sides hold the same, as far as the system can tell, and nothing else of ours changed.
func (v *Verdict) agreed(s sides) bool {
	unread := func(f customer.Field) bool { return !v.policy.Reads(f) }
	return s.ours.Only(v.policy.Reads).Equal(s.theirs) && s.ours.Only(unread).Equal(s.baseOurs.Only(unread))
}

// send lets a group out where the policy and the brake let it and the system can hold what differs; false where the brake does not.
func (v *Verdict) send(g customer.Group, s sides, flow system.Flow) bool {
	if flow.Direction == system.In {
		v.Held = append(v.Held, g)
		return true
	}
	sent := v.policy.differing(s)
	if len(sent) == 0 {
		return true
	}
	before, after := make(customer.Fields), make(customer.Fields)
	for f, value := range sent {
		after.Set(f, value)
		if v.policy.Reads(f) {
			before.Set(f, s.theirs[f])
		} else {
			before.Set(f, s.baseOurs[f])
		}
	}
	if !v.passes(link.Outward, g, effectOf(g, before, after), after) {
		return false
	}
	v.Outgoing = append(v.Outgoing, g)
	return true
}

// differing gives what has to be sent of a group: our value of each field that the system can hold and does not, an empty
// one where it is to be cleared. A field that neither side changed is not sent though the two write it differently: that is
// how the system keeps it.
func (p Policy) differing(s sides) customer.Fields {
	out := make(customer.Fields)
	for _, side := range []customer.Fields{s.ours, s.theirs, s.baseOurs} {
		for f := range side {
			switch {
			case !p.writes(f):
			case len(s.ours) == 0 && p.Keeps != nil && p.Keeps(f):
			case !p.Reads(f) && s.ours[f] == s.baseOurs[f]:
			case p.Reads(f) && (s.ours[f] == s.theirs[f] || s.ours[f] == s.baseOurs[f] && s.theirs[f] == s.baseTheirs[f]):
			default:
				out[f] = s.ours[f]
			}
		}
	}
	return out
}

// remove decides about a part that was removed in the hub. One that the hub may not remove there stays, detached.
func (v *Verdict) remove(g customer.Group, part PartKey, flow system.Flow) {
	switch {
	case flow.Direction == system.In:
		v.Held = append(v.Held, g)
	case v.policy.Removes == nil || v.policy.Removes(part):
		if v.passes(link.Outward, g, link.Clearing, nil) {
			v.Outgoing = append(v.Outgoing, g)
		}
	}
}

// lose decides about a part that the system had and has no more.
func (v *Verdict) lose(g customer.Group, part PartKey) {
	switch {
	case v.passes(link.Inward, g, link.Clearing, nil):
		v.Gone = append(v.Gone, part)
	case !v.stays(g) && v.brake.Apart[g] == "":
		v.detached = append(v.detached, part) // its base stays what it was, so that it is found missing again
	}
}

// takeIn brings in what they hold where the brake lets it; false where it does not.
func (v *Verdict) takeIn(g customer.Group, s sides) bool {
	ours := s.ours.Only(v.policy.Reads)
	if !v.passes(link.Inward, g, effectOf(g, ours, s.theirs), s.theirs) {
		return false
	}
	for f := range ours {
		v.Incoming[f] = ""
	}
	maps.Copy(v.Incoming, s.theirs)
	return true
}

// goneWith says whether the group belongs to a part that a side had at the last agreement and has no more.
func goneWith(g customer.Group, now, before customer.Fields) (PartKey, bool) {
	part, key, _, ok := customer.Field(g).PartKey()
	if !ok {
		return PartKey{}, false
	}
	present := customer.PartField(part, key, customer.Present)
	return PartKey{part, key}, before[present] != "" && now[present] == ""
}

func presentGroup(p PartKey) customer.Group {
	return customer.PartField(p.Part, p.Key, customer.Present).Group()
}

func groupsOf(sides ...map[customer.Group]customer.Fields) []customer.Group {
	seen := make(map[customer.Group]struct{})
	var out []customer.Group
	for _, side := range sides {
		for g := range side {
			if _, ok := seen[g]; !ok {
				seen[g] = struct{}{}
				out = append(out, g)
			}
		}
	}
	slices.Sort(out)
	return out
}

// Agree gives the base after the verdict was applied. Groups that wait to be sent out, are held or disputed, keep what they held when
// both last agreed, and so do parked ones and what the system cannot tell; all others take what both sides hold now. That includes values
// that only the hub has by default, such as the role of a new contact: nobody entered them, so they do not wait to be sent.
// changed says whether the base differs from the one before.
func (v Verdict) Agree(base link.Base, oursNow, theirs customer.Fields) (next link.Base, changed bool) {
	open := make(map[customer.Group]bool, len(v.Outgoing)+len(v.Held)+len(v.Braked))
	for _, g := range v.Outgoing {
		open[g] = true
	}
	for _, b := range v.Braked {
		open[b.Group] = true
	}
	for _, g := range slices.Concat(v.Held, v.Disputed) {
		open[g] = true
	}
	for f := range oursNow {
		if part, _, _, ok := f.PartKey(); ok && part == customer.PartCustom {
			if g := f.Group(); !theirs.HasGroup(g) && !base.Theirs.HasGroup(g) {
				open[g] = true // as in untold
			}
		}
	}
	next = link.Base{
		Ours:     v.agree(base.Ours, oursNow, open, v.policy.knows),
		Theirs:   v.agree(base.Theirs, theirs, open, v.policy.Reads),
		Disputes: base.Disputes, Brake: v.braked(),
	}
	return next, !next.Ours.Equal(base.Ours) || !next.Theirs.Equal(base.Theirs) || !next.Brake.Same(base.Brake)
}

func (v Verdict) agree(before, now customer.Fields, open map[customer.Group]bool, known func(customer.Field) bool) customer.Fields {
	kept := func(f customer.Field) bool {
		g := f.Group()
		return open[g] || !known(f) || v.isDetached(f) || v.quarantined(g) || v.policy.flow(g).Direction == system.Off
	}
	out := make(customer.Fields, max(len(before), len(now)))
	for f, value := range before {
		if kept(f) {
			out[f] = value
		}
	}
	for f, value := range now {
		if !kept(f) && !ofUnsent(f) {
			out[f] = value
		}
	}
	return out
}

// ofUnsent says whether the field is of a part that the system does not have: of that nothing can be agreed.
func ofUnsent(f customer.Field) bool {
	_, key, _, ok := f.PartKey()
	return ok && strings.HasPrefix(key, unsent)
}

func (v Verdict) isDetached(f customer.Field) bool {
	if len(v.detached) == 0 {
		return false
	}
	part, key, _, ok := f.PartKey()
	return ok && slices.Contains(v.detached, PartKey{part, key})
}

// Absorb gives the base after a call that the system took: both sides hold what was sent, theirs in whatever form it keeps
// that. Of fields that were not sent nothing is said, so any other difference is somebody's edit (design section 5). sent
// names parts by the external system's keys, with an empty value for what was cleared.
func Absorb(base link.Base, sent, theirs customer.Fields) link.Base {
	next := link.Base{Ours: maps.Clone(base.Ours), Theirs: maps.Clone(base.Theirs), Disputes: base.Disputes, Brake: base.Brake}
	if next.Ours == nil {
		next.Ours = make(customer.Fields, len(sent))
	}
	if next.Theirs == nil {
		next.Theirs = make(customer.Fields, len(sent))
	}
	for f, v := range sent {
		next.Ours.Set(f, v)
		next.Theirs.Set(f, theirs[f])
	}
	return next
}
