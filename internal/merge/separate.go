package merge

import (
	"slices"

	"customerhub/internal/customer"
	"customerhub/internal/link"
)

// Remembered is what a merge needs to be taken back. Parts are named by the hub's ids.
type Remembered struct {
	// Kept and Merged are the two before the merge, Made the kept one after it.
	Kept   customer.Fields `json:"kept"`
	Merged customer.Fields `json:"merged"`
	Made   customer.Fields `json:"made"`
}

// Later is an edit of the kept customer since the merge: it stands.
type Later struct {
	Field customer.Field `json:"field"`
	// Before is what the merge made it, After what it is now.
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
	// Stays is the customer that has it afterwards: an edit of an office or a contact goes where that goes.
	Stays Which `json:"stays"`
}

// Separated is what taking a merge back makes of the two customers.
type Separated struct {
	Kept, Merged customer.Customer
	Edits        []Later
}

// Separate takes a merge back. kept and merged are the two as they are now. What the merge made of a value and is so still goes
// back to what it was; what was edited since, by anybody, stays with the kept customer. Offices and contacts go back to whom they
// belong, with what was edited of them. people are persons by id, for contacts that the kept customer has no more: those go
// back too.
func Separate(kept, merged customer.Customer, r Remembered, people map[customer.PersonID]customer.Person) Separated {
	s := separating{Remembered: r, now: kept.Flatten(customer.HubKeys), people: people, kept: kept.Clone(), merged: merged.Clone()}
	s.takeBackOwn()
	s.takeBackOffices()
	s.takeBackContacts()
	s.merged.Status, s.merged.MergedInto = customer.Status(r.Merged[customer.FieldStatus]), ""
	s.kept.Derive()
	s.merged.Derive()
	return Separated{Kept: s.kept, Merged: s.merged, Edits: s.edits()}
}

type separating struct {
	Remembered
	now          customer.Fields
	people       map[customer.PersonID]customer.Person
	kept, merged customer.Customer
}

// back gives the value that a field goes back to, and whether it does: where the merge altered it and nobody did since. Values
// that are a unit are looked at together.
func (s *separating) back(f customer.Field) (string, bool) {
	altered, edited := false, false
	for _, side := range []customer.Fields{s.Kept, s.Made, s.now} {
		for other := range side {
			if unit(other) == unit(f) {
				altered = altered || s.Kept[other] != s.Made[other]
				edited = edited || s.Made[other] != s.now[other]
			}
		}
	}
	return s.Kept[f], altered && !edited
}

func (s *separating) takeBackOwn() {
	for f := range s.Made {
		if s.Made[f] == s.Kept[f] || !own(f) {
			continue
		}
		if value, ok := s.back(f); ok {
			_ = s.kept.Apply(f, value)
		}
	}
}

// had says whether the kept customer had a part before the merge.
func (s *separating) had(part customer.Part, id string) bool {
	return s.Kept[customer.PartField(part, id, customer.Present)] != ""
}

// came says whether a part came with the merge.
func (s *separating) came(part customer.Part, id string) bool {
	return !s.had(part, id) && s.Made[customer.PartField(part, id, customer.Present)] != ""
}

func (s *separating) takeBackOffices() {
	var stay []customer.Office
	for _, o := range s.kept.Offices {
		if s.came(customer.PartOffice, string(o.ID)) {
			o.CustomerID = s.merged.ID
			if field := customer.PartField(customer.PartOffice, string(o.ID), "identifier"); s.Made[field] == "" && o.Identifier == link.OfficeIdentifier(o.ID) {
				o.Identifier = "" // the hub gave it to the copy in the kept customer's record
			}
			s.merged.Offices = append(s.merged.Offices, o)
			continue
		}
		for f := range s.Made {
			if part, id, name, ok := f.PartKey(); ok && part == customer.PartOffice && id == string(o.ID) && s.Made[f] != s.Kept[f] {
				if value, back := s.back(f); back {
					_ = o.Apply(name, value)
				}
			}
		}
		stay = append(stay, o)
	}
	s.kept.Offices = stay
}

func (s *separating) takeBackContacts() {
	field := func(id customer.PersonID, name string) customer.Field {
		return customer.PartField(customer.PartContact, string(id), name)
	}
	var stay []customer.Contact
	var chosen customer.PersonID // the merged customer's default, where somebody chose one of its contacts since
	for _, ct := range s.kept.Contacts {
		id := ct.Person.ID
		came := s.came(customer.PartContact, string(id))
		wasMerged := s.Merged[field(id, customer.Present)] != ""
		if came || wasMerged {
			back := s.contactOf(ct.Person)
			if came {
				for _, name := range []string{"title", "roles", "office"} {
					if f := field(id, name); s.now[f] != s.Made[f] {
						_ = back.Apply(name, s.now[f]) // edited since: it goes along
					}
				}
				if ct.IsDefault && s.Made[field(id, "default")] == "" {
					chosen = id
				}
			}
			s.merged.Contacts = append(s.merged.Contacts, back)
		}
		if came {
			continue
		}
		for _, name := range []string{"title", "roles", "office", "default"} {
			if value, back := s.back(field(id, name)); back {
				_ = ct.Apply(name, value)
			}
		}
		stay = append(stay, ct)
	}
	s.kept.Contacts = stay
	for id, p := range s.people { // what was removed of the kept customer was not removed of the merged one
		if s.Merged[field(id, customer.Present)] != "" && !hasContact(s.merged.Contacts, id) {
			s.merged.Contacts = append(s.merged.Contacts, s.contactOf(p))
		}
	}
	slices.SortFunc(s.merged.Contacts, byPerson)
	tidy(&s.kept, s.Kept, "")
	tidy(&s.merged, s.Merged, chosen)
}

// contactOf is a contact of the merged customer as it was.
func (s *separating) contactOf(p customer.Person) customer.Contact {
	ct := customer.Contact{CustomerID: s.merged.ID, Person: p}
	for _, name := range []string{"title", "roles", "office", "default"} {
		_ = ct.Apply(name, s.Merged[customer.PartField(customer.PartContact, string(p.ID), name)])
	}
	return ct
}

func byPerson(a, b customer.Contact) int {
	switch {
	case a.Person.ID < b.Person.ID:
		return -1
	case a.Person.ID > b.Person.ID:
		return 1
	}
	return 0
}

func hasContact(contacts []customer.Contact, id customer.PersonID) bool {
	return slices.ContainsFunc(contacts, func(ct customer.Contact) bool { return ct.Person.ID == id })
}

// tidy keeps the rules of contacts where some of them went: a contact names an office of its own customer, at most one has the
// role KYC, and of several one is the default where there was one before.
func tidy(c *customer.Customer, before customer.Fields, chosen customer.PersonID) {
	hasKYC, hasDefault, hadDefault := false, false, chosen != ""
	for i := range c.Contacts {
		ct := &c.Contacts[i]
		if !slices.ContainsFunc(c.Offices, func(o customer.Office) bool { return o.ID == ct.OfficeID }) {
			ct.OfficeID = ""
		}
		if slices.Contains(ct.Roles, customer.KYCContact) {
			if hasKYC {
				ct.Roles = withoutKYC(ct.Roles)
			}
			hasKYC = true
		}
		if chosen != "" {
			ct.IsDefault = ct.Person.ID == chosen
		}
		hasDefault = hasDefault || ct.IsDefault
	}
	for f := range before {
		if part, _, name, ok := f.PartKey(); ok && part == customer.PartContact && name == "default" {
			hadDefault = true
		}
	}
	if hasDefault || !hadDefault || len(c.Contacts) == 0 {
		return
	}
	at := slices.IndexFunc(c.Contacts, func(ct customer.Contact) bool {
		return before[customer.PartField(customer.PartContact, string(ct.Person.ID), "default")] != ""
	})
	c.Contacts[max(at, 0)].IsDefault = true
}

// edits are what differs from what the merge made, and where it stays.
func (s *separating) edits() []Later {
	var out []Later
	for _, d := range customer.Diff(s.Made, s.now) {
		part, id, name, ofPart := d.Field.PartKey()
		if part == customer.PartOffice && name == "identifier" && d.Before == "" && d.After == link.OfficeIdentifier(customer.OfficeID(id)) {
			continue // nobody's edit: the hub gave it, to find the office again
		}
		stays := Kept
		if ofPart && part != customer.PartCustom && s.came(part, id) && s.now[customer.PartField(part, id, customer.Present)] != "" {
			stays = Merged
		}
		out = append(out, Later{Field: d.Field, Before: d.Before, After: d.After, Stays: stays})
	}
	return out
}
