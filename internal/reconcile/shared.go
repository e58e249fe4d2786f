package reconcile

import (
	"maps"
	"slices"
	"time"

	"customerhub/internal/customer"
	"customerhub/internal/link"
	"customerhub/internal/merge"
)

// One person may be a contact of several customers, and have a record under each of them in the system. When people changed
// several of those since the last look, each record has a part of the news. Here they become one person: what was changed at one
// record counts at the others as the hub's own edit, so that it stands there, and is sent there. Only a field that two records
// changed to different values is a conflict: the later record of the batch has it, and the other value is kept beside it (design
// section 5).

// personFields are what a person is made of, by their names in a contact.
var personFields = []personField{
	{"firstName", func(a, b *customer.Person) bool { return a.FirstName == b.FirstName }, func(to, from *customer.Person) { to.FirstName = from.FirstName }},
	{"lastName", func(a, b *customer.Person) bool { return a.LastName == b.LastName }, func(to, from *customer.Person) { to.LastName = from.LastName }},
	{"language", func(a, b *customer.Person) bool { return a.Language == b.Language }, func(to, from *customer.Person) { to.Language = from.Language }},
	{"emails", func(a, b *customer.Person) bool { return slices.Equal(a.Emails, b.Emails) }, func(to, from *customer.Person) { to.Emails = from.Emails }},
	{"phones", func(a, b *customer.Person) bool { return slices.Equal(a.Phones, b.Phones) }, func(to, from *customer.Person) { to.Phones = from.Phones }},
}

type personField struct {
	name string
	same func(a, b *customer.Person) bool
	copy func(to, from *customer.Person)
}

// news is a person as a record of the batch has it, when that is other than what the hub has.
type news struct {
	record int // in the batch
	person customer.Person
}

// shareNews decides anew about the records that changed a person together.
func shareNews(out []merge.Outcome, observed []merge.Observation, known map[string]merge.Known, p Policy, newID merge.IDFunc, now time.Time) {
	told := make(map[customer.PersonID][]news)
	for i := range out {
		if out[i].Action != merge.Update {
			continue
		}
		before := people(known[out[i].ExternalID].Customer)
		for id, after := range people(out[i].Customer) {
			if was, had := before[id]; had && slices.ContainsFunc(personFields, func(f personField) bool { return !f.same(&was, &after) }) {
				told[id] = append(told[id], news{i, after})
			}
		}
	}
	maps.DeleteFunc(told, func(_ customer.PersonID, n []news) bool { return len(n) < 2 })
	if len(told) == 0 {
		return
	}
	again := make(map[int]bool)
	for _, all := range told {
		for _, n := range all {
			again[n.record] = true
		}
	}
	for _, i := range slices.Sorted(maps.Keys(again)) {
		k := known[out[i].ExternalID]
		with, policy := amended(k, i, told, p)
		o, err := planOne(observed[i], map[string]merge.Known{out[i].ExternalID: with}, policy, newID, now)
		if err != nil {
			o = failed(unreadable(out[i].ExternalID), known)
			o.Err = err
			out[i] = o
			continue
		}
		// The change is what differs from before the batch.
		o.Customer.Version, o.Customer.FieldVersions = k.Customer.Version, k.Customer.FieldVersions
		o.Fields = customer.Diff(k.Customer.Flatten(customer.HubKeys), o.Customer.Flatten(customer.HubKeys))
		o.Action, o.Kind = merge.Update, merge.Alter(&o.Customer, o.Fields)
		out[i] = o
	}
}

// amended gives what the hub has of a record with the news of the others in it, and the policy by which its own news of the
// same fields of a person give way to later ones.
func amended(k merge.Known, record int, told map[customer.PersonID][]news, p Policy) (merge.Known, Policy) {
	k.Customer = k.Customer.Clone()
	for i := range k.Customer.Contacts {
		person := &k.Customer.Contacts[i].Person
		was, all := *person, told[person.ID]
		own := slices.IndexFunc(all, func(n news) bool { return n.record == record })
		if own < 0 {
			continue
		}
		for _, f := range personFields {
			changedHere := !f.same(&was, &all[own].person)
			for at, n := range all {
				if at == own || f.same(&was, &n.person) || changedHere && at < own {
					continue // its own news come later
				}
				f.copy(person, &n.person)
				if changedHere && !f.same(&n.person, &all[own].person) {
					p.shared = append(p.shared, groupOf(k.Parts, person.ID, f.name))
				}
			}
		}
	}
	return k, p
}

// groupOf names a field of a person as the system does.
func groupOf(parts []link.PartLink, id customer.PersonID, name string) customer.Group {
	at := slices.IndexFunc(parts, func(p link.PartLink) bool { return p.Part == customer.PartContact && p.ID == string(id) })
	if at < 0 {
		return "" // its news did not come from the record
	}
	return customer.PartField(customer.PartContact, parts[at].ExternalID, name).Group()
}

func people(c customer.Customer) map[customer.PersonID]customer.Person {
	out := make(map[customer.PersonID]customer.Person, len(c.Contacts))
	for _, ct := range c.Contacts {
		out[ct.Person.ID] = ct.Person
	}
	return out
}
