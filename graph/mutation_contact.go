package graph

import (
	"context"
	"slices"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/hub"
)

func personFields(in *model.PersonPatch) customer.Fields {
	p := patch{}
	p.text("firstName", in.FirstName)
	p.text("lastName", in.LastName)
	p.text("language", in.Language)
	p.list("emails", in.Emails)
	p.list("phones", in.Phones)
	return customer.Fields(p)
}

// newPersonFields are the fields of a new person: a patch of nothing, where null is the same as absent.
func newPersonFields(in *model.NewPersonInput) customer.Fields {
	fields := personFields(&model.PersonPatch{FirstName: in.FirstName, Language: in.Language, Emails: in.Emails, Phones: in.Phones})
	fields["lastName"] = in.LastName
	for f, v := range fields {
		fields.Set(f, v)
	}
	return fields
}

// linkedContact takes an input apart into what the hub is told.
func linkedContact(in model.LinkContactInput) (out hub.LinkContact, err error) {
	if out.Customer, err = parseCustomerID(in.CustomerID); err != nil {
		return out, at(err, "customerId")
	}
	existing, made := given(in.PersonID), given(in.Person)
	if (existing == nil) == (made == nil) {
		return out, fault.New(fault.Invalid, "Name an existing person by personId or give a new person, exactly one of the two.").At("personId")
	}
	if made != nil {
		out.Fields = newPersonFields(made)
	} else if out.Person, err = parsePersonID(*existing); err != nil {
		return out, at(err, "personId")
	}
	if title, ok := in.Title.ValueOK(); ok {
		out.Title = new(value(title))
	}
	if office, ok := in.OfficeID.ValueOK(); ok {
		out.Office = new(customer.OfficeID)
		if office != nil {
			if *out.Office, err = parseOfficeID(*office); err != nil {
				return out, at(err, "officeId")
			}
		}
	}
	if roles, ok := in.Roles.ValueOK(); ok {
		out.Roles = each(roles, func(r model.ContactRole) customer.ContactRole { return customer.ContactRole(r) })
	}
	out.ExpectedVersion = given(in.ExpectedVersion)
	return out, nil
}

// ofNewPerson is the move of inputs that hold a new person.
func ofNewPerson(f *fault.Error) []string {
	if len(f.Path) > 0 && slices.Contains([]string{"firstName", "lastName", "language", "emails", "phones"}, f.Path[0]) {
		return slices.Concat([]string{"person"}, f.Path)
	}
	return ofCustomer(f)
}

// LinkContact resolves Mutation.linkContact.
func (r mutations) LinkContact(ctx context.Context, in model.LinkContactInput) (*model.LinkContactPayload, error) {
	var (
		c      hub.CustomerView
		person customer.PersonID
	)
	link, err := linkedContact(in)
	if err == nil {
		c, person, err = r.hub.LinkContact(ctx, auth.ViewerFrom(ctx), link, idempotencyKey(in.IdempotencyKey))
	}
	failures, err := userErrors(moved(err, ofNewPerson), "input")
	now := changed(ctx, c)
	return &model.LinkContactPayload{Customer: now, Contact: contactOf(ctx, now, person), UserErrors: failures}, err
}

// contactOf is a contact of a customer that a command gives back; nil when it failed.
func contactOf(ctx context.Context, c *model.Customer, person customer.PersonID) *model.Contact {
	if c == nil {
		return nil
	}
	at := slices.IndexFunc(c.Noun.Contacts, func(ct customer.Contact) bool { return ct.Person.ID == person })
	if at < 0 {
		return nil
	}
	return toContact(auth.ViewerFrom(ctx), c.Noun.Contacts[at], c)
}

// contactIDs takes the ids of a contact apart.
func contactIDs(customerID, personID string) (id customer.ID, person customer.PersonID, err error) {
	if id, err = parseCustomerID(customerID); err != nil {
		return id, person, at(err, "customerId")
	}
	person, err = parsePersonID(personID)
	return id, person, at(err, "personId")
}

// UnlinkContact resolves Mutation.unlinkContact.
func (r mutations) UnlinkContact(ctx context.Context, in model.UnlinkContactInput) (*model.UnlinkContactPayload, error) {
	var c hub.CustomerView
	id, person, err := contactIDs(in.CustomerID, in.PersonID)
	if err == nil {
		c, err = r.hub.UnlinkContact(ctx, auth.ViewerFrom(ctx), id, person, given(in.ExpectedVersion), idempotencyKey(in.IdempotencyKey))
	}
	failures, err := userErrors(moved(err, ofCustomer), "input")
	return &model.UnlinkContactPayload{Customer: changed(ctx, c), UserErrors: failures}, err
}

// SetDefaultContact resolves Mutation.setDefaultContact.
func (r mutations) SetDefaultContact(ctx context.Context, in model.SetDefaultContactInput) (*model.SetDefaultContactPayload, error) {
	var c hub.CustomerView
	id, person, err := contactIDs(in.CustomerID, in.PersonID)
	if err == nil {
		c, err = r.hub.SetDefaultContact(ctx, auth.ViewerFrom(ctx), id, person, given(in.ExpectedVersion), idempotencyKey(in.IdempotencyKey))
	}
	failures, err := userErrors(moved(err, ofCustomer), "input")
	now := changed(ctx, c)
	return &model.SetDefaultContactPayload{Customer: now, Contact: contactOf(ctx, now, person), UserErrors: failures}, err
}

// UpdatePerson resolves Mutation.updatePerson.
func (r mutations) UpdatePerson(ctx context.Context, in model.UpdatePersonInput) (*model.UpdatePersonPayload, error) {
	out := &model.UpdatePersonPayload{}
	v := auth.ViewerFrom(ctx)
	id, err := parsePersonID(in.ID)
	err = at(err, "id")
	if err == nil {
		var p customer.Person
		if p, err = r.hub.UpdatePerson(ctx, v, id, personFields(in.Patch), idempotencyKey(in.IdempotencyKey)); err == nil {
			out.Person = toPerson(v, p)
		}
	}
	out.UserErrors, err = userErrors(err, "input", "patch")
	return out, err
}
