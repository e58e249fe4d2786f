package merge

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/link"
)

// IDFunc makes the id of a new row.
type IDFunc func() string

// Keys translates the hub's ids of parts into the external system's keys. Parts that the system does not have yet get keys
// that are none of its own, so that they count as something it lacks.
func Keys(parts []link.PartLink) customer.PartKeys {
	keys := customer.PartKeys{
		Office: map[customer.OfficeID]string{}, Person: map[customer.PersonID]string{}, Unsent: true,
	}
	for _, p := range parts {
		switch p.Part {
		case customer.PartOffice:
			keys.Office[customer.OfficeID(p.ID)] = p.ExternalID
		case customer.PartContact:
			keys.Person[customer.PersonID(p.ID)] = p.ExternalID
		}
	}
	return keys
}

// Apply brings the verdict's incoming fields and gone parts into the customer and gives the parts as they are linked
// afterwards. An office that is gone becomes inactive; a contact that is gone is unlinked, the person stays (crm contract
// section 5). New offices and persons get ids from newID. theirs is what the system holds.
func (v Verdict) Apply(c *customer.Customer, parts []link.PartLink, theirs customer.Fields, newID IDFunc) ([]link.PartLink, error) {
	a := applying{customer: c, parts: slices.Clone(parts), newID: newID, visitingOffice: v.policy.VisitingOffice}
	phones := make(map[customer.PersonID][]customer.Phone, len(c.Contacts))
	for _, ct := range c.Contacts {
		phones[ct.Person.ID] = ct.Person.Phones
	}
	var before []string // who was replaced
	for _, part := range v.Replaced {
		if id, ok := a.unlink(part); ok {
			before = append(before, id)
		}
	}
	// Offices come before contacts, which point at them.
	for _, f := range slices.SortedFunc(maps.Keys(v.Incoming), officesFirst) {
		if err := a.set(f, v.Incoming[f]); err != nil {
			return nil, err
		}
	}
	a.moveKYC(v.Incoming)
	for i, id := range before {
		a.removeContact(id, v.policy.Reads(customer.PartField(customer.PartContact, v.Replaced[i].Key, "default")))
	}
	for _, gone := range v.Gone {
		a.drop(gone, v.policy.Reads)
	}
	if v.policy.VisitingOffice {
		a.settleVisiting()
		if err := v.copyVisiting(&a, theirs); err != nil {
			return nil, err
		}
	}
	c.Derive()
	for i := range c.Contacts {
		p := &c.Contacts[i].Person
		p.DerivePhones(c.Country(), phones[p.ID])
	}
	return a.parts, nil
}

func officesFirst(a, b customer.Field) int {
	pa, _ := place(a)
	pb, _ := place(b)
	if ra, rb := rank(pa), rank(pb); ra != rb {
		return ra - rb
	}
	if a < b {
		return -1
	}
	return 1
}

type applying struct {
	customer *customer.Customer
	parts    []link.PartLink
	newID    IDFunc
	// visitingOffice says that the visiting address is an office's.
	visitingOffice bool
}

func (a *applying) set(f customer.Field, value string) error {
	part, key, name, ok := f.PartKey()
	switch {
	case a.visitingOffice && f.Group() == visitingGroup:
		return a.visiting(strings.TrimPrefix(string(f), string(visitingGroup)+"."), value)
	case !ok, part == customer.PartCustom:
		return a.customer.Apply(f, value)
	case part == customer.PartOffice:
		return a.office(key).Apply(name, value)
	case part == customer.PartContact:
		if name == "office" && value != "" {
			value = string(a.office(value).ID)
		}
		return a.contact(key).Apply(name, value)
	}
	return fmt.Errorf("unknown part in field %q", f)
}

// idOf gives the hub's id of a part, and links a new one to the key when there is none.
func (a *applying) idOf(part customer.Part, key string) string {
	for _, p := range a.parts {
		if p.Part == part && p.ExternalID == key {
			return p.ID
		}
	}
	id := a.newID()
	a.parts = append(a.parts, link.PartLink{Part: part, ID: id, ExternalID: key})
	return id
}

func (a *applying) office(key string) *customer.Office {
	id := customer.OfficeID(a.idOf(customer.PartOffice, key))
	for i := range a.customer.Offices {
		if a.customer.Offices[i].ID == id {
			return &a.customer.Offices[i]
		}
	}
	a.customer.Offices = append(a.customer.Offices, customer.Office{ID: id, CustomerID: a.customer.ID})
	return &a.customer.Offices[len(a.customer.Offices)-1]
}

func (a *applying) contact(key string) *customer.Contact {
	id := customer.PersonID(a.idOf(customer.PartContact, key))
	for i := range a.customer.Contacts {
		if a.customer.Contacts[i].Person.ID == id {
			return &a.customer.Contacts[i]
		}
	}
	a.customer.Contacts = append(a.customer.Contacts, customer.Contact{
		CustomerID: a.customer.ID, Person: customer.Person{ID: id}, Roles: []customer.ContactRole{customer.GeneralContact},
	})
	return &a.customer.Contacts[len(a.customer.Contacts)-1]
}

func (a *applying) drop(gone PartKey, reads func(customer.Field) bool) {
	at := slices.IndexFunc(a.parts, func(p link.PartLink) bool { return p.Part == gone.Part && p.ExternalID == gone.Key })
	if at < 0 {
		return
	}
	id := a.parts[at].ID
	switch gone.Part {
	case customer.PartOffice:
		for i := range a.customer.Offices {
			if string(a.customer.Offices[i].ID) == id {
				a.customer.Offices[i].Active = false
			}
		}
		// The link of the office stays: its key is never used for another one.
	case customer.PartContact:
		a.removeContact(id, reads(customer.PartField(gone.Part, gone.Key, "default")))
		a.parts = slices.Delete(a.parts, at, at+1)
	}
}

// unlink gives a key up, and says whose it was.
func (a *applying) unlink(part PartKey) (id string, ok bool) {
	at := slices.IndexFunc(a.parts, func(p link.PartLink) bool { return p.Part == part.Part && p.ExternalID == part.Key })
	if at < 0 {
		return "", false
	}
	id = a.parts[at].ID
	a.parts = slices.Delete(a.parts, at, at+1)
	return id, true
}

// removeContact takes a contact away; the person stays. Where the system does not tell who is the default, another one is: there is
// one for as long as there are contacts (invariant 6).
func (a *applying) removeContact(id string, tellsDefault bool) {
	wasDefault := false
	a.customer.Contacts = slices.DeleteFunc(a.customer.Contacts, func(c customer.Contact) bool {
		gone := string(c.Person.ID) == id
		wasDefault = wasDefault || gone && c.IsDefault
		return gone
	})
	if wasDefault && len(a.customer.Contacts) > 0 && !tellsDefault {
		a.customer.Contacts[0].IsDefault = true
	}
}

// Alter raises the version of the customer for the fields that changed, and gives the kind of change they make.
func Alter(c *customer.Customer, fields []customer.FieldChange) change.Kind {
	c.Version++
	versions := maps.Clone(c.FieldVersions)
	if versions == nil {
		versions = make(map[customer.Field]int, len(fields))
	}
	kind := change.CustomerUpdated
	for _, f := range fields {
		versions[f.Field] = c.Version
		if f.Field == customer.FieldStatus {
			switch customer.Status(f.After) {
			case customer.Inactive:
				kind = change.CustomerDeactivated
			case customer.Active:
				kind = change.CustomerReactivated
			}
		}
	}
	c.FieldVersions = versions
	return kind
}
