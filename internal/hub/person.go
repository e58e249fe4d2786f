package hub

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finnish"
	"customerhub/internal/pg"
	"customerhub/internal/store"
)

// LinkContact describes a person becoming a contact of a customer, or a contact that changes.
type LinkContact struct {
	Customer customer.ID
	// Person is an existing person; empty makes a new one from Fields, which needs a last name.
	Person customer.PersonID
	Fields customer.Fields // firstName, lastName, language, emails, phones: of a new person only
	// Title and Office keep what they are when nil; an empty one clears.
	Title  *string
	Office *customer.OfficeID
	// Roles replace the contact's roles when not nil. A new contact has GENERAL when none are given.
	Roles           []customer.ContactRole
	ExpectedVersion *int
}

// LinkContact makes a person a contact of a customer, or changes title, office and roles of the contact that the person is
// already (R183, R184). At most one contact of a customer has the role KYC. Needs customers:write. It gives the customer and
// the person.
func (h *Hub) LinkContact(ctx context.Context, v auth.Viewer, in LinkContact, key string) (CustomerView, customer.PersonID, error) {
	person := in.Person
	if person == "" {
		// With a key, a repetition has to name the same person.
		person = customer.PersonID(store.IDFor(string(in.Customer)+"/"+actorKey(v.Actor), key))
	}
	touched := partFields(customer.PartContact, string(person), customer.Fields{"title": "", "office": "", "roles": ""})
	view, err := h.changeCustomer(ctx, v, "linkContact", in.Customer, in.ExpectedVersion, touched, key, in,
		func(ctx context.Context, tx pgx.Tx, c *customer.Customer) error { return in.apply(ctx, tx, c, person) })
	return view, person, err
}

func (in *LinkContact) apply(ctx context.Context, tx pgx.Tx, c *customer.Customer, id customer.PersonID) error {
	contact, err := in.contactOf(ctx, tx, c, id)
	if err != nil {
		return err
	}
	if in.Title != nil {
		title, faults := customer.NormalisePerson(customer.Fields{"title": *in.Title})
		if len(faults) > 0 {
			return faults
		}
		contact.Title = title["title"]
	}
	if in.Office != nil {
		if *in.Office != "" {
			if _, err := officeOf(c, *in.Office); err != nil {
				return err
			}
		}
		contact.OfficeID = *in.Office
	}
	if in.Roles != nil || len(contact.Roles) == 0 {
		roles, f := customer.ParseRoles(in.Roles)
		if f != nil {
			return f
		}
		contact.Roles = roles
	}
	if slices.Contains(contact.Roles, customer.KYCContact) {
		for _, other := range c.Contacts {
			if other.Person.ID != id && slices.Contains(other.Roles, customer.KYCContact) {
				return fault.Because(fault.Duplicate, "KYC_CONTACT_TAKEN", "Another contact of this customer has the role KYC already.").
					At("roles").With("holder", string(other.Person.ID))
			}
		}
	}
	c.Derive()
	return nil
}

// contactOf finds the contact that the person is, or makes one.
func (in *LinkContact) contactOf(ctx context.Context, tx pgx.Tx, c *customer.Customer, id customer.PersonID) (*customer.Contact, error) {
	for i := range c.Contacts {
		if c.Contacts[i].Person.ID == id {
			return &c.Contacts[i], nil
		}
	}
	contact := customer.Contact{CustomerID: c.ID, Person: customer.Person{ID: id}}
	if in.Person != "" {
		found, err := store.ListPeopleByID(ctx, tx, validIDs([]customer.PersonID{id}))
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fault.New(fault.NotFound, "There is no person with this id.").At("personId")
		}
		contact.Person = found[0]
	} else {
		given := in.Fields.Only(func(customer.Field) bool { return true })
		if _, ok := given["lastName"]; !ok {
			given["lastName"] = ""
		}
		values, faults := customer.NormalisePerson(given)
		if len(faults) > 0 {
			return nil, faults
		}
		for _, f := range values.Sorted() {
			if err := contact.Apply(string(f), values[f]); err != nil {
				return nil, fault.Wrap(fault.Internal, err, "")
			}
		}
		contact.Person.DerivePhones(c.Country(), nil)
	}
	c.Contacts = append(c.Contacts, contact)
	return &c.Contacts[len(c.Contacts)-1], nil
}

// UnlinkContact ends that a person is a contact of a customer; the person's other customers keep it (R185). A person whom
// nobody has as a contact any more is erased after 30 days. The default contact can only go last. Needs customers:write.
func (h *Hub) UnlinkContact(ctx context.Context, v auth.Viewer, id customer.ID, person customer.PersonID, expectedVersion *int, key string) (CustomerView, error) {
	touched := partFields(customer.PartContact, string(person), customer.Fields{customer.Present: ""})
	body := map[string]any{"id": id, "person": person, "expectedVersion": expectedVersion}
	return h.changeCustomer(ctx, v, "unlinkContact", id, expectedVersion, touched, key, body,
		func(_ context.Context, _ pgx.Tx, c *customer.Customer) error {
			at, err := contactAt(c, person)
			if err != nil {
				return err
			}
			if c.Contacts[at].IsDefault && len(c.Contacts) > 1 {
				return fault.Because(fault.Invalid, "DEFAULT_CONTACT_NEEDED",
					"The default contact cannot go while there are others. Make another one the default first.").At("personId")
			}
			c.Contacts = slices.Delete(c.Contacts, at, at+1)
			return nil
		})
}

// SetDefaultContact makes a contact the default one. The mark can be moved and not taken away, as in Netvisor (crm contract
// section 4, invariant 6). Needs customers:write.
func (h *Hub) SetDefaultContact(ctx context.Context, v auth.Viewer, id customer.ID, person customer.PersonID, expectedVersion *int, key string) (CustomerView, error) {
	touched := partFields(customer.PartContact, string(person), customer.Fields{"default": ""})
	body := map[string]any{"id": id, "person": person, "expectedVersion": expectedVersion}
	return h.changeCustomer(ctx, v, "setDefaultContact", id, expectedVersion, touched, key, body,
		func(_ context.Context, _ pgx.Tx, c *customer.Customer) error {
			at, err := contactAt(c, person)
			if err != nil {
				return err
			}
			for i := range c.Contacts {
				c.Contacts[i].IsDefault = i == at
			}
			return nil
		})
}

func contactAt(c *customer.Customer, person customer.PersonID) (int, error) {
	at := slices.IndexFunc(c.Contacts, func(ct customer.Contact) bool { return ct.Person.ID == person })
	if at < 0 {
		return 0, fault.New(fault.NotFound, "This person is no contact of the customer.").At("personId")
	}
	return at, nil
}

// UpdatePerson changes a person once for all customers that have the person as a contact (R184): each of them gets a new
// version and a change. Absent keeps, empty clears. Needs customers:write.
func (h *Hub) UpdatePerson(ctx context.Context, v auth.Viewer, id customer.PersonID, patch customer.Fields, key string) (customer.Person, error) {
	if err := v.Require(auth.CustomersWrite); err != nil {
		return customer.Person{}, err
	}
	if err := validID(id, "person"); err != nil {
		return customer.Person{}, fault.Of(err).At("id")
	}
	body := map[string]any{"id": id, "patch": patch}
	_, err := h.do(ctx, v, command{auth.CustomersWrite, "updatePerson", key, body, customerWake},
		func(ctx context.Context, tx pgx.Tx) (answer, error) {
			values, faults := customer.NormalisePerson(patch)
			if _, given := patch["title"]; given {
				faults = append(faults, fault.Because(fault.Invalid, customer.ReasonUnknownField, "A title belongs to a contact, not to a person.").At("title"))
			}
			if len(faults) > 0 {
				return nil, faults
			}
			return answer{"person": string(id)}, h.updatePerson(ctx, tx, v, id, values)
		})
	if err != nil {
		return customer.Person{}, err
	}
	var found []customer.Person
	err = pg.ReadInOrganisation(ctx, h.pool, string(v.Organisation.ID), func(ctx context.Context, tx pgx.Tx) error {
		found, err = store.ListPeopleByID(ctx, tx, []customer.PersonID{id})
		return err
	})
	if err != nil || len(found) == 0 {
		return customer.Person{}, firstError(err, noPerson())
	}
	return found[0], nil
}

func noPerson() *fault.Error {
	return fault.New(fault.NotFound, "There is no person with this id.").At("id")
}

// updatePerson holds the customers concerned and then the person, as a look at a system does.
func (h *Hub) updatePerson(ctx context.Context, tx pgx.Tx, v auth.Viewer, id customer.PersonID, values customer.Fields) error {
	customers, err := store.ListCustomersOfPeople(ctx, tx, []customer.PersonID{id})
	if err != nil {
		return err
	}
	if _, err := store.LockCustomers(ctx, tx, customers); err != nil {
		return err
	}
	if err := store.LockPerson(ctx, tx, id); err != nil {
		if fault.Is(err, fault.NotFound) {
			return noPerson()
		}
		return err
	}
	found, err := store.ListPeopleByID(ctx, tx, []customer.PersonID{id})
	if err != nil || len(found) == 0 {
		return firstError(err, noPerson())
	}
	contact := customer.Contact{Person: found[0]}
	for _, f := range values.Sorted() {
		if err := contact.Apply(string(f), values[f]); err != nil {
			return fault.Wrap(fault.Internal, err, "")
		}
	}
	of, err := store.ListCustomersByID(ctx, tx, customers, store.Relations{Addresses: true})
	if err != nil {
		return err
	}
	now := contact.Person
	now.DerivePhones(countryOf(of), found[0].Phones)
	if samePerson(found[0], now) {
		return nil
	}
	return h.spread(ctx, tx, map[customer.PersonID]customer.Person{id: now}, nil, change.Change{Actor: v.Actor})
}

// countryOf is where all of the customers are; where they are in several, numbers are understood in their international form
// only.
func countryOf(customers []customer.Customer) finnish.Country {
	if len(customers) == 0 {
		return finnish.Finland
	}
	country := customers[0].Country()
	if slices.ContainsFunc(customers, func(c customer.Customer) bool { return c.Country() != country }) {
		return finnish.Elsewhere
	}
	return country
}

// EraseOrphans erases persons whom nobody has had as a contact for 30 days (crm contract section 4, invariant 2), in all
// organisations, and gives their number.
func (h *Hub) EraseOrphans(ctx context.Context) (int, error) {
	var n int
	err := pg.InNoOrganisation(ctx, h.pool, pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		var err error
		n, err = store.EraseOrphans(ctx, tx, orphansStay)
		return err
	})
	return n, err
}
