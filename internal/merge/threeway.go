package merge

import (
	"maps"
	"slices"

	"customerhub/internal/customer"
	"customerhub/internal/link"
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
	// Lost is what the losing side held.
	Lost customer.Fields
}

// Verdict is what the comparison of one link comes to.
type Verdict struct {
	// Incoming are canonical fields that get another value; an empty value clears. Parts carry their keys.
	Incoming customer.Fields
	// Gone are parts that the external system had at the last agreement and has no more.
	Gone []PartKey
	// Outgoing are groups that the hub changed and the external system did not.
	Outgoing  []customer.Group
	Conflicts []Conflict
	// detached are parts that were removed in the hub; their base stays what it was.
	detached []PartKey
	reads    func(customer.Field) bool
}

// PartKey names a part by the external system's key.
type PartKey struct {
	Part customer.Part
	Key  string
}

// Policy is what the organisation decided for one system.
type Policy struct {
	// Reads says whether the system can tell a field. What it cannot tell is never compared, and never cleared.
	Reads func(customer.Field) bool
	// Winner decides a group that both sides changed. Nil means Theirs: Netvisor is primarily the master (R55).
	Winner func(customer.Group) Side
}

func (p Policy) winner(g customer.Group) Side {
	if p.Winner == nil {
		return Theirs
	}
	return p.Winner(g)
}

// Compare decides three ways, field group by field group. ours and theirs name parts by the external system's keys.
//
//   - Neither changed: nothing to do.
//   - Theirs changed: it comes in.
//   - Ours changed: it stands, and waits to be sent out. An older value of theirs never comes back over it.
//   - Both changed to the same: that is agreement.
//   - Both changed differently: the policy names the winner, and the loser is kept in the verdict.
//
// A part that they no longer have is Gone as a whole; its fields are not cleared one by one. A part that was removed in the
// hub stays out as a whole.
func Compare(ours, theirs customer.Fields, base link.Base, p Policy) Verdict {
	v := Verdict{Incoming: make(customer.Fields), reads: p.Reads}
	o, t := ours.Only(p.Reads).Groups(), theirs.Only(p.Reads).Groups()
	bo, bt := base.Ours.Only(p.Reads).Groups(), base.Theirs.Only(p.Reads).Groups()
	for _, g := range groupsOf(o, t, bo, bt) {
		if part, gone := goneWith(g, theirs, base.Theirs); gone {
			if g == presentGroup(part) {
				v.Gone = append(v.Gone, part)
			}
			continue
		}
		if part, removed := goneWith(g, ours, base.Ours); removed {
			// Removed in the hub: it stays out as a whole, whatever becomes of it there. Taking in one of its fields would bring
			// back a part with nothing but that field.
			if g == presentGroup(part) {
				v.Outgoing = append(v.Outgoing, g)
			}
			v.detached = append(v.detached, part)
			continue
		}
		weChanged, theyChanged := !o[g].Equal(bo[g]), !t[g].Equal(bt[g])
		switch {
		case !weChanged && !theyChanged:
		case o[g].Equal(t[g]):
		case theyChanged && !weChanged:
			v.takeIn(o[g], t[g])
		case !theyChanged:
			v.Outgoing = append(v.Outgoing, g)
		case p.winner(g) == Theirs:
			v.Conflicts = append(v.Conflicts, Conflict{Group: g, Winner: Theirs, Lost: o[g]})
			v.takeIn(o[g], t[g])
		default:
			v.Conflicts = append(v.Conflicts, Conflict{Group: g, Winner: Ours, Lost: t[g]})
			v.Outgoing = append(v.Outgoing, g)
		}
	}
	return v
}

func (v *Verdict) takeIn(ours, theirs customer.Fields) {
	for f := range ours {
		v.Incoming[f] = ""
	}
	maps.Copy(v.Incoming, theirs)
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

// Agree gives the base after the verdict was applied. Groups that wait to be sent out keep what they held when both last
// agreed, and so does what the system cannot tell; all others take what both sides hold now. That includes values that
// only the hub has by default, such as the role of a new contact: nobody entered them, so they do not wait to be sent.
// changed says whether the base differs from the one before.
func (v Verdict) Agree(base link.Base, oursNow, theirs customer.Fields) (next link.Base, changed bool) {
	open := make(map[customer.Group]bool, len(v.Outgoing))
	for _, g := range v.Outgoing {
		open[g] = true
	}
	next = link.Base{Ours: v.agree(base.Ours, oursNow, open), Theirs: v.agree(base.Theirs, theirs, open)}
	return next, !next.Ours.Equal(base.Ours) || !next.Theirs.Equal(base.Theirs)
}

func (v Verdict) agree(before, now customer.Fields, open map[customer.Group]bool) customer.Fields {
	kept := func(f customer.Field) bool { return open[f.Group()] || !v.reads(f) || v.isDetached(f) }
	out := before.Only(kept)
	maps.Copy(out, now.Only(func(f customer.Field) bool { return !kept(f) }))
	return out
}

func (v Verdict) isDetached(f customer.Field) bool {
	part, key, _, ok := f.PartKey()
	return ok && slices.Contains(v.detached, PartKey{part, key})
}
