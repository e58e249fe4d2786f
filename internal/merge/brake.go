package merge

import (
	"slices"
	"strings"

	"customerhub/internal/customer"
	"customerhub/internal/link"
)

// A verdict knows of each change what it does to a value that was there, so that the brake can count them (package hub), and lets
// nothing through that the brake has parked. What a person approved goes on, and is not counted again, for as long as it is the value
// that was parked; what a person rejected leaves both sides as they are.

// Braked is a change that is parked.
type Braked struct {
	Group customer.Group
	Class link.Class
	Stop  link.StopID
	print string
}

// effectOf says what is done to the values of a group when others take their place; empty where none is lost.
func effectOf(g customer.Group, before, after customer.Fields) link.Effect {
	if g == customer.FieldStatus.Group() && before[customer.FieldStatus] != "" && after[customer.FieldStatus] == string(customer.Inactive) {
		return link.Deactivation
	}
	var effect link.Effect
	for f, was := range before {
		switch after[f] {
		case was:
		case "":
			effect = link.Clearing
		default:
			return link.Altering
		}
	}
	return effect
}

// passes says whether a change flows, and counts it where it does; before and after are of the side that gets the values.
func (v *Verdict) passes(way link.Way, g customer.Group, effect link.Effect, after customer.Fields) bool {
	if effect == "" {
		return true
	}
	if way == link.Outward && v.brake.ByHand != nil && v.brake.ByHand(g) {
		way = link.ByHand
	}
	b := Braked{Group: g, Class: link.ClassOf(way, effect), print: Fingerprint(after)}
	if v.brake.Apart[g] == b.print {
		v.Apart = append(v.Apart, g)
		return false
	}
	var parked link.StopID
	for _, h := range v.brake.Held {
		if h.Class != b.Class {
			continue
		}
		switch same := h.Groups[g] == b.print; {
		case h.Ruling == "":
			parked = h.Stop
		case same && h.Ruling == link.Approved:
			b.Stop = h.Stop
			v.released = append(v.released, b)
			return true
		case same && h.Ruling == link.Rejected:
			v.Apart = append(v.Apart, g)
			v.rejected = append(v.rejected, b)
			return false
		}
	}
	if parked != "" {
		b.Stop = parked
		v.Braked = append(v.Braked, b)
		return false
	}
	if !slices.Contains(v.Weighs, b.Class) {
		v.Weighs = append(v.Weighs, b.Class)
	}
	return true
}

// stays says whether a person just rejected a change of the group.
func (v *Verdict) stays(g customer.Group) bool {
	return slices.ContainsFunc(v.rejected, func(b Braked) bool { return b.Group == g })
}

// replace takes in who stands in a place for due diligence now, where the brake lets it, and gives the places that keep who stood there.
func (v *Verdict) replace(places []PartKey, theirs customer.Fields) (kept []PartKey) {
	for _, k := range places {
		is := theirs.Only(func(f customer.Field) bool { id, _ := place(f); return id == k })
		g := customer.PartField(k.Part, k.Key, "lastName").Group()
		if v.passes(link.Inward, g, link.Altering, is) {
			v.Replaced = append(v.Replaced, k)
			continue
		}
		kept = append(kept, k)
		if !v.stays(g) {
			v.detached = append(v.detached, k) // its base stays what it was, so that somebody else is found there again
		}
	}
	return kept
}

// braked gives what the brake knows of the record after the verdict was applied: what is parked now, what was approved and is still
// to be sent, and what stays apart.
func (v *Verdict) braked() link.Brake {
	next := link.Brake{Counted: v.brake.Counted, ByHand: v.brake.ByHand}
	keep := func(b Braked, ruling link.Ruling) {
		at := slices.IndexFunc(next.Held, func(h link.Hold) bool { return h.Class == b.Class && h.Stop == b.Stop })
		if at < 0 {
			at = len(next.Held)
			next.Held = append(next.Held, link.Hold{Class: b.Class, Stop: b.Stop, Groups: make(map[customer.Group]string), Ruling: ruling})
		}
		next.Held[at].Groups[b.Group] = b.print
	}
	for _, b := range v.released {
		if !b.Class.Inward() {
			keep(b, link.Approved)
		}
	}
	for _, b := range v.Braked {
		keep(b, "")
	}
	slices.SortFunc(next.Held, func(a, b link.Hold) int {
		return strings.Compare(string(a.Class)+string(a.Stop), string(b.Class)+string(b.Stop))
	})
	if len(v.Apart) > 0 {
		next.Apart = make(map[customer.Group]string, len(v.Apart))
		for _, g := range v.Apart {
			next.Apart[g] = v.brake.Apart[g]
		}
		for _, b := range v.rejected {
			next.Apart[b.Group] = b.print
		}
	}
	return next
}
