package torture

import (
	"fmt"
	"slices"
	"strings"

	"customerhub/internal/sandbox/netvisor"
)

// Field is a value of a customer that edits are made to, by its name in the hub and by where it stands on Netvisor's card.
type Field struct{ Hub, Card string }

// Fields are those that seeds edit.
var Fields = []Field{
	{"name", "CustomerBaseInformation/Name"}, {"nameExtension", "CustomerBaseInformation/NameExtension"},
	{"email", "CustomerBaseInformation/Email"}, {"phone", "CustomerBaseInformation/PhoneNumber"},
	{"billingAddress.line1", "CustomerBaseInformation/StreetAddress"}, {"deliveryAddress.city", "CustomerDeliveryDetails/DeliveryCity"},
}

// Edit is one edit that was acknowledged: in the hub by the API, in Netvisor by its own people.
type Edit struct {
	Customer int64 // the NetvisorKey; zero while there is none
	Name     string
	Field    string // as in Field.Hub
	Value    string
	InHub    bool
	Flex     string // the customer's id in Flex, where it was edited there

	unsure bool // as Fieldwork.unsure has it
}

// side is where an edit was made.
func (e Edit) side() string {
	switch {
	case e.InHub:
		return "the hub"
	case e.Flex != "":
		return "Flex"
	}
	return "Netvisor"
}

// ofFields says whether the edit was of one of Fields.
func (e Edit) ofFields() bool {
	return slices.ContainsFunc(Fields, func(f Field) bool { return f.Hub == e.Field })
}

// Customer is how one side shows a customer at the end, by Field.Hub.
type Customer map[string]string

// Evidence is everything that the auditor judges by.
type Evidence struct {
	Calls   []netvisor.Call
	Effects []netvisor.Effect
	// Edits are in the order they were acknowledged.
	Edits []Edit
	// Hub and Netvisor are how both sides show each customer at the end, by NetvisorKey.
	Hub, Netvisor map[int64]Customer
	// Before is what Netvisor held when the hub was connected.
	Before map[int64]Customer
	// Created are the names of customers that were made in the hub; each is one in Netvisor.
	Created []string
	// Sequences are the numbers of the hub's log of changes, in the order they were read.
	Sequences []int
	// Asked are customers whose creation waits for a person: Netvisor has seen the transaction and shows nothing, as when it
	// refused a call whose answer was lost as well. The design asks a person there, since one look more cannot tell.
	Asked []string
	// Deletions are the records that an operator asked to have deleted, and whether the hub says that it was done; one of which
	// it says nothing yet is in Unsettled.
	Deletions map[int64]bool
	// Unsettled are links that are neither in agreement nor say why, in words.
	Unsettled []string
	// WritesAfter is how many calls of writing a full comparison made when everything had settled.
	WritesAfter int
	// KYC is what there is of a due-diligence service; nil where a seed has none.
	KYC *Diligence
	// Flex is what there is of a field service system; nil where a seed has none.
	Flex *Fieldwork
}

// Verdict counts what must not be.
type Verdict struct {
	Lost, Duplicates, Overlaps, Unexplained, Collateral, Gaps, Echoes int
	// Why has a line for each.
	Why []string
}

// Clean says that nothing was found.
func (v *Verdict) Clean() bool { return len(v.Why) == 0 }

func (v *Verdict) note(count *int, format string, args ...any) {
	*count++
	v.Why = append(v.Why, fmt.Sprintf(format, args...))
}

// Audit judges.
func Audit(e Evidence) *Verdict {
	v := &Verdict{}
	if e.Flex != nil {
		e.Flex.asked = e.Asked
	}
	for _, c := range e.Calls {
		if c.Overlapped {
			v.note(&v.Overlaps, "Promise 10: call %d of %s overlapped with another", c.Number, c.Resource)
		}
	}
	for i, n := range e.Sequences {
		if n != i+1 {
			v.note(&v.Gaps, "Promise 9: change %d stands where %d is due", n, i+1)
			break
		}
	}
	for _, u := range e.Unsettled {
		v.note(&v.Unexplained, "Promise 8: %s", u)
	}
	if e.WritesAfter > 0 {
		v.note(&v.Echoes, "Promise 3: %d calls of writing after everything had settled", e.WritesAfter)
	}
	e.agreement(v)
	e.lost(v)
	e.duplicates(v)
	e.collateral(v)
	e.deletions(v)
	e.diligence(v)
	e.fieldwork(v)
	return v
}

// deletions holds the deletions that were carried out against those that were asked for.
func (e *Evidence) deletions(v *Verdict) {
	deleted := make(map[int64]bool)
	for _, effect := range e.Effects {
		if effect.What == netvisor.WasDeleted {
			deleted[effect.Customer] = true
		}
	}
	for key := range deleted {
		if _, asked := e.Deletions[key]; !asked {
			v.note(&v.Collateral, "Promise 6: customer %d was deleted, and nobody had asked for it", key)
		}
	}
	for key, done := range e.Deletions {
		_, there := e.Netvisor[key]
		switch {
		case done == there:
			v.note(&v.Unexplained, "Promise 3: the hub says of the deletion of customer %d: done %v, and Netvisor has it: %v", key, done, there)
		case done && e.Hub[key] == nil:
			v.note(&v.Lost, "Promise 1: customer %d was deleted in Netvisor and is gone from the hub", key)
		}
	}
}

// agreement compares both sides as they are at the end.
func (e *Evidence) agreement(v *Verdict) {
	for key, theirs := range e.Netvisor {
		ours, known := e.Hub[key]
		if !known {
			v.note(&v.Unexplained, "Promise 3: customer %d of Netvisor is not in the hub", key)
			continue
		}
		for _, f := range Fields {
			if !alike(ours[f.Hub], theirs[f.Hub]) {
				v.note(&v.Unexplained, "Promise 3: customer %d: %s is %q in the hub and %q in Netvisor", key, f.Hub, ours[f.Hub], theirs[f.Hub])
			}
		}
	}
}

// lost looks for acknowledged edits that are gone: the last edit of a field by one side alone has to stand, and where both
// sides edited it, the last edit of one of them.
func (e *Evidence) lost(v *Verdict) {
	type place struct {
		customer int64
		field    string
	}
	last := make(map[place]map[string]string)
	for _, edit := range e.settledEdits() {
		if !edit.ofFields() || edit.unsure {
			continue // Flex's evidence has the first
		}
		at := place{edit.Customer, edit.Field}
		if last[at] == nil {
			last[at] = make(map[string]string)
		}
		last[at][edit.side()] = edit.Value
	}
	for at, sides := range last {
		if e.Deletions[at.customer] {
			continue // what was edited in Netvisor just before went with the record
		}
		stands := e.Hub[at.customer][at.field]
		ok := at.field == "billingAddress.line1" && e.Flex != nil && // F12: the copy of an office's address
			slices.ContainsFunc(strings.Split(e.Hub[at.customer]["visitingAddress.line1"], "\n"), func(s string) bool { return alike(s, stands) })
		for _, value := range sides {
			ok = ok || alike(stands, value)
		}
		if !ok {
			v.note(&v.Lost, "Promise 1: customer %d: %s is %q, and the last edits were %v", at.customer, at.field, stands, sides)
		}
	}
	for _, name := range e.Created {
		if e.keyOf(name) == 0 && !slices.Contains(e.Asked, name) {
			v.note(&v.Lost, "Promise 1: %s was made in the hub and is not in Netvisor", name)
		}
	}
}

// settledEdits are the edits with the NetvisorKey of their customer. One in Flex of a customer that is in Netvisor no more is left out.
func (e *Evidence) settledEdits() (out []Edit) {
	var pairs map[string]int64
	var unsure map[string]bool
	if e.Flex != nil {
		unsure = e.Flex.unsure()
		pairs = e.Flex.pairs(&Verdict{}, e.Flex.writes(e.Effects))
	}
	for _, edit := range e.Edits {
		switch {
		case edit.Flex != "":
			edit.Customer = pairs[edit.Flex]
		case edit.Customer == 0:
			edit.Customer = e.keyOf(edit.Name)
		}
		edit.unsure = unsure[edit.Flex]
		if edit.Flex == "" || edit.Customer != 0 {
			out = append(out, edit)
		}
	}
	return out
}

func (e *Evidence) keyOf(name string) int64 {
	for _, effect := range e.Effects {
		for _, c := range effect.Changes {
			if effect.What == netvisor.WasCreated && c.Field == Fields[0].Card && alike(c.After, name) {
				return effect.Customer
			}
		}
	}
	return 0
}

// duplicates looks for what a call made twice: a customer of one name, an office of one identifier, a contact person of one
// name in one customer. Names and identifiers of a seed are its own.
func (e *Evidence) duplicates(v *Verdict) {
	made := make(map[string]int)
	for _, effect := range e.Effects {
		if effect.Call == 0 {
			continue
		}
		for _, c := range effect.Changes {
			element := c.Field[strings.LastIndexByte(c.Field, '/')+1:]
			switch {
			case effect.What == netvisor.WasCreated && c.Field == Fields[0].Card:
				made["customer "+c.After]++
			case c.What == netvisor.WasSet && element == "OfficeIdentifier":
				made[fmt.Sprintf("office %s of customer %d", c.After, effect.Customer)]++
			case c.What == netvisor.WasSet && element == "ContactPersonLastName":
				made[fmt.Sprintf("contact person %s of customer %d", c.After, effect.Customer)]++
			}
		}
	}
	for what, n := range made {
		if n > 1 {
			v.note(&v.Duplicates, "Promise 2: %s was made %d times", what, n)
		}
	}
}

// collateral looks for values that a call of the hub changed though nobody had edited them in the hub.
func (e *Evidence) collateral(v *Verdict) {
	edited := make(map[int64][]string)
	for _, edit := range e.settledEdits() {
		if edit.InHub || edit.Flex != "" {
			edited[edit.Customer] = append(edited[edit.Customer], edit.Field)
		}
	}
	for _, effect := range e.Effects {
		if effect.Call == 0 || effect.What != netvisor.WasChanged || e.Before[effect.Customer] == nil {
			continue
		}
		for _, c := range effect.Changes {
			at := slices.IndexFunc(Fields, func(f Field) bool { return f.Card == c.Field })
			if at >= 0 && !slices.Contains(edited[effect.Customer], Fields[at].Hub) {
				v.note(&v.Collateral, "Promise 5: customer %d: %s went from %q to %q, and nobody edited it in the hub", effect.Customer, c.Field, c.Before, c.After)
			}
		}
	}
}

// alike says whether two values are the same but for what the simulator does to what is written: case, spaces, punctuation.
func alike(a, b string) bool { return folded(a) == folded(b) }

func folded(s string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '.' || r == ',' {
			return -1
		}
		return r
	}, strings.ToLower(s))
}
