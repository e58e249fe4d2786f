package hub

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/merge"
	"customerhub/internal/store"
)

// A person may be a contact of several customers (R184), so who changes one changes it for all of them: each gets a new
// version and a change of its own. The persons concerned are locked, after the customers, before they are read.

// peopleOf gives the contacts' persons by id.
func peopleOf(customers ...customer.Customer) map[customer.PersonID]customer.Person {
	out := make(map[customer.PersonID]customer.Person)
	for _, c := range customers {
		for _, ct := range c.Contacts {
			out[ct.Person.ID] = ct.Person
		}
	}
	return out
}

// changedPeople gives the persons that are other than before. New ones are not among them: they are added with their
// contacts.
func changedPeople(before map[customer.PersonID]customer.Person, customers []customer.Customer) map[customer.PersonID]customer.Person {
	out := make(map[customer.PersonID]customer.Person)
	// Two customers may carry one person; the one whose copy differs from what was read has the news.
	for _, c := range customers {
		for _, ct := range c.Contacts {
			if old, known := before[ct.Person.ID]; known && !samePerson(old, ct.Person) {
				out[ct.Person.ID] = ct.Person
			}
		}
	}
	return out
}

func samePerson(a, b customer.Person) bool {
	return a.FirstName == b.FirstName && a.LastName == b.LastName && a.Language == b.Language &&
		slices.Equal(a.Emails, b.Emails) && slices.Equal(a.Phones, b.Phones)
}

// spread writes changed persons and tells all the other customers that have them as contacts: those get the change too.
// told are the customers that have it already, made is who changed the persons, where, in which run and why.
func (h *Hub) spread(ctx context.Context, tx pgx.Tx, people map[customer.PersonID]customer.Person, told []customer.Customer, made change.Change) error {
	if len(people) == 0 {
		return nil
	}
	ids := make([]customer.PersonID, 0, len(people))
	list := make([]customer.Person, 0, len(people))
	for id, p := range people {
		ids, list = append(ids, id), append(list, p)
	}
	others, err := store.ListCustomersOfPeople(ctx, tx, ids)
	if err != nil {
		return err
	}
	others = slices.DeleteFunc(others, func(id customer.ID) bool {
		return slices.ContainsFunc(told, func(c customer.Customer) bool { return c.ID == id && carries(c, people) })
	})
	if others, err = store.LockCustomers(ctx, tx, others); err != nil {
		return err
	}
	customers, err := store.ListCustomersByID(ctx, tx, others, store.AllRelations)
	if err != nil {
		return err
	}
	if err := store.SavePeople(ctx, tx, list); err != nil {
		return err
	}
	return h.tell(ctx, tx, customers, people, made)
}

// carries says whether the customer holds the changed persons as they are now.
func carries(c customer.Customer, people map[customer.PersonID]customer.Person) bool {
	for _, ct := range c.Contacts {
		if now, ok := people[ct.Person.ID]; ok && !samePerson(now, ct.Person) {
			return false
		}
	}
	return true
}

// tell gives each customer a version and a change for what changed of its contacts' persons.
func (h *Hub) tell(ctx context.Context, tx pgx.Tx, customers []customer.Customer, people map[customer.PersonID]customer.Person, made change.Change) error {
	var changed []customer.Customer
	var changes []change.Change
	for i := range customers {
		c := &customers[i]
		before := c.Flatten(customer.HubKeys)
		for j := range c.Contacts {
			if now, ok := people[c.Contacts[j].Person.ID]; ok {
				c.Contacts[j].Person = now
			}
		}
		fields := customer.Diff(before, c.Flatten(customer.HubKeys))
		if len(fields) == 0 {
			continue
		}
		made.Kind, made.CustomerID, made.Fields = merge.Alter(c, fields), c.ID, fields
		changed = append(changed, *c)
		changes = append(changes, made)
	}
	if len(changed) == 0 {
		return nil
	}
	return h.saveChanged(ctx, tx, changed, changes)
}
