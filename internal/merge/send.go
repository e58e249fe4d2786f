package merge

import (
	"slices"
	"strings"

	"customerhub/internal/customer"
	"customerhub/internal/link"
)

// Message is one call's worth of what has to be sent: to the card of a record, or to one of its offices or contacts.
type Message struct {
	Operation link.Operation
	// Part and Key are empty for the card. A part that the system lacks has no Key; PartID is then the hub's id.
	Part   customer.Part
	Key    string
	PartID string
	// Set is what differs, Want all that ours holds of the card or part and the system can hold; names are those within the
	// part.
	Set  customer.Fields
	Want customer.Fields
}

// unsent begins the key of a part that the system does not have (customer.PartKeys).
const unsent = "+"

// Messages splits what a verdict sends into calls, in the order in which they can be made: the card, the due-diligence status, the
// offices, then the contacts, which point at offices. ours, theirs and base are what the verdict was made from. isNew says that there is no
// record yet, so the card is created first and everything else waits for its key.
func (v Verdict) Messages(ours, theirs customer.Fields, base link.Base, isNew bool) []Message {
	p := v.policy
	if isNew {
		card := Message{Operation: link.Create, Set: p.holds(ours, PartKey{}), Want: p.holds(ours, PartKey{})}
		return []Message{card}
	}
	o, t := ours.Groups(p.knows), theirs.Groups(p.Reads)
	bo, bt := base.Ours.Groups(p.knows), base.Theirs.Groups(p.Reads)
	at := make(map[PartKey]*Message)
	var order []PartKey
	for _, g := range v.Outgoing {
		id, name := place(customer.Field(g))
		m := at[id]
		if m == nil {
			m = &Message{Operation: link.Edit, Part: id.Part, Key: id.Key, Set: customer.Fields{}, Want: p.holds(ours, id)}
			if own, isNew := strings.CutPrefix(id.Key, unsent); isNew {
				m.Operation, m.Key, m.PartID = link.Create, "", own
				m.Set = p.holds(ours, id)
			}
			at[id] = m
			order = append(order, id)
		}
		if id.Part != "" && m.Key != "" && (name == customer.Present || name == active) && ours[customer.Field(g)] == "" {
			m.Operation, m.Set = link.Remove, customer.Fields{}
			if len(m.Want) == 0 { // it went to another customer: the system may want to be told which office is taken out of use
				m.Want = p.holds(base.Ours, id)
				delete(m.Want, active)
			}
		}
		if m.Operation != link.Edit {
			continue
		}
		for f, value := range p.differing(sides{o[g], t[g], bo[g], bt[g]}) {
			_, name := place(f)
			m.Set[name] = value
		}
	}
	slices.SortStableFunc(order, func(a, b PartKey) int { return rank(a) - rank(b) })
	out := make([]Message, 0, len(order))
	for _, id := range order {
		m := *at[id]
		for _, fields := range []customer.Fields{m.Set, m.Want} {
			if strings.HasPrefix(fields["office"], unsent) {
				delete(fields, "office") // it has no key yet; once it has one, the contact differs from it again
			}
		}
		out = append(out, m)
	}
	return out
}

// holds gives what ours has of the card, or of a part, and the system can hold.
func (p Policy) holds(ours customer.Fields, of PartKey) customer.Fields {
	out := make(customer.Fields)
	for f, value := range ours {
		if id, name := place(f); id == of && name != customer.Present && p.writes(f) {
			out[name] = value
		}
	}
	return out
}

// active is the field of an office that is in use. An office that is no longer is taken away, as far as the system can.
const active customer.Field = "active"

// kycStatus is the key of the message about the due-diligence status, which is shown in a place of its own beside the card; the group
// of its fields is called the same.
const kycStatus = "kyc"

// place says which message a field, or a group by its name, belongs to, and its name there. Custom fields are on the card.
func place(f customer.Field) (PartKey, customer.Field) {
	if f.ShowsKYC() || f == kycStatus {
		return PartKey{Key: kycStatus}, f
	}
	part, key, name, ok := f.PartKey()
	if !ok || part == customer.PartCustom {
		return PartKey{}, f
	}
	return PartKey{part, key}, customer.Field(name)
}

func rank(p PartKey) int {
	switch {
	case p.Key == kycStatus && p.Part == "":
		return 1
	case p.Part == customer.PartOffice:
		return 2
	case p.Part == customer.PartContact:
		return 3
	}
	return 0
}

// Sent gives what a message sent, in full names with the part under the key, as Absorb takes it. theirs is what the system
// holds now: of a part that was taken away, everything it then holds is our doing.
func Sent(i *link.Intent, key string, theirs customer.Fields) customer.Fields {
	name := func(f customer.Field) customer.Field {
		if i.Part == "" {
			return f
		}
		return customer.PartField(i.Part, key, string(f))
	}
	out := make(customer.Fields, len(i.Set)+1)
	if i.Operation == link.Remove {
		for f := range theirs {
			if id, in := place(f); id == (PartKey{i.Part, key}) {
				out[f] = i.Want[in]
			}
		}
		for f, value := range i.Want {
			out[name(f)] = value
		}
		return out
	}
	for f, value := range i.Set {
		out[name(f)] = value
	}
	if i.Operation == link.Create && i.Part != "" {
		out[name(customer.Present)] = "true"
	}
	return out
}

// Arrived says whether an edit whose answer was lost shows in what the system holds: each value that was sent is there, or
// at least another one than when both sides last agreed.
func Arrived(sent, theirs customer.Fields, base link.Base, reads func(customer.Field) bool) bool {
	for f, value := range sent {
		if reads(f) && theirs[f] != value && theirs[f] == base.Theirs[f] {
			return false
		}
	}
	return true
}
