package graph

import (
	"context"
	"slices"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/hub"
)

// toCustomer translates a customer with whatever relations were read with it.
func toCustomer(v auth.Viewer, c hub.CustomerView) *model.Customer {
	c = maskCustomer(v, c)
	out := &model.Customer{
		ID:               globalID(nounCustomer, c.ID),
		Version:          c.Version,
		Number:           text(c.Number),
		Kind:             model.CustomerKind(c.Kind),
		Status:           model.CustomerStatus(c.Status),
		Name:             c.Name,
		NameExtension:    text(c.NameExtension),
		FirstName:        text(c.FirstName),
		LastName:         text(c.LastName),
		BusinessID:       text(c.BusinessID),
		VatNumber:        text(c.VATNumber),
		BuyerUnitNumber:  text(c.BuyerUnitNumber),
		Email:            text(c.Email),
		Phone:            toPhone(c.Phone),
		Language:         text(c.Language),
		BillingEmails:    list(c.BillingEmails),
		ConsumerEInvoice: c.ConsumerEInvoice,
		CreatedAt:        c.CreatedAt,
		UpdatedAt:        c.UpdatedAt,
		Masked:           masksCustomer(v, c.Kind),
		Responsible:      toResponsible(c.Responsible),
		Noun:             c.Customer,
		Included:         included(c.Included),
	}
	if c.BusinessID != "" {
		out.BusinessIDValid = &c.BusinessIDValid
	}
	out.Linked = each(c.Links, func(l hub.LinkView) *model.Link { return toLink(v, l, out) })
	return out
}

func toPhone(p customer.Phone) *model.Phone {
	if p.Raw == "" {
		return nil
	}
	return &model.Phone{Raw: p.Raw, E164: text(p.E164)}
}

func toAddress(a customer.Address) *model.Address {
	return &model.Address{
		Kind: model.AddressKind(a.Kind), Name: text(a.Name), Line1: text(a.Line1), Line2: text(a.Line2),
		Postcode: text(a.Postcode), City: text(a.City), Country: text(a.Country), Derived: a.Derived,
	}
}

func toEInvoice(e customer.EInvoice, of *model.Office) *model.EInvoice {
	if e.Address == "" && e.Operator == "" {
		return nil
	}
	kind := model.EInvoiceKind(e.Kind)
	if !kind.IsValid() {
		kind = model.EInvoiceKindOther
	}
	return &model.EInvoice{Address: e.Address, Operator: e.Operator, Kind: kind, Office: of}
}

// toOffice translates an office, already masked; of is its customer where that was read with it, else nil.
func toOffice(o customer.Office, of *model.Customer) *model.Office {
	out := &model.Office{
		ID: globalID(nounOffice, o.ID), Name: o.Name, Identifier: text(o.Identifier), Phone: toPhone(o.Phone),
		BillingEmails: list(o.BillingEmails), Active: o.Active, CustomerID: o.CustomerID, Of: of,
	}
	if !o.Address.Empty() {
		// An office has one address: the one where it is.
		o.Address.Kind = customer.Visiting
		out.Address = toAddress(o.Address)
	}
	out.Einvoice = toEInvoice(o.EInvoice, out)
	return out
}

func toPerson(v auth.Viewer, p customer.Person) *model.Person {
	p = maskPerson(v, p)
	return &model.Person{
		ID: globalID(nounPerson, p.ID), FirstName: text(p.FirstName), LastName: p.LastName, Language: text(p.Language),
		Emails: list(p.Emails), Phones: each(p.Phones, toPhone), Masked: masksPeople(v), PersonID: p.ID,
	}
}

// toContact translates a contact; of is its customer where that was read with it, else nil.
func toContact(v auth.Viewer, c customer.Contact, of *model.Customer) *model.Contact {
	return &model.Contact{
		Person: toPerson(v, c.Person), Title: text(c.Title), IsDefault: c.IsDefault,
		Roles:      each(c.Roles, func(r customer.ContactRole) model.ContactRole { return model.ContactRole(r) }),
		CustomerID: c.CustomerID, OfficeID: c.OfficeID, Of: of,
	}
}

// loadCustomer reads a customer with relations; nil when there is none or the viewer may not know of it.
func loadCustomer(ctx context.Context, id customer.ID, with model.Relations) (*model.Customer, error) {
	if id == "" {
		return nil, nil
	}
	c, ok, err := found(load(ctx).customers.Load(ctx, customerKey{id, with}))
	if err != nil || !ok {
		return nil, err
	}
	return toCustomer(auth.ViewerFrom(ctx), c), nil
}

// withRelations is the customer with the relations: itself where they were read with it, else as it is read now.
func withRelations(ctx context.Context, c *model.Customer, with model.Relations) (*model.Customer, error) {
	if c.Included.Has(with) {
		return c, nil
	}
	loaded, err := loadCustomer(ctx, c.Noun.ID, with)
	if loaded == nil {
		return c, err
	}
	return loaded, nil
}

// ofOrLoad is the customer that a part was read with, or else the one with the id.
func ofOrLoad(ctx context.Context, of *model.Customer, id customer.ID) (*model.Customer, error) {
	if of != nil {
		return of, nil
	}
	return loadCustomer(ctx, id, customerRelations(ctx))
}

// Addresses resolves Customer.addresses.
func (r customers) Addresses(ctx context.Context, c *model.Customer) ([]*model.Address, error) {
	c, err := withRelations(ctx, c, model.Addresses)
	if err != nil {
		return nil, err
	}
	return addresses(c), nil
}

// addresses are those of a customer that was read with them, in the order of their kinds.
func addresses(c *model.Customer) []*model.Address {
	out := []*model.Address{}
	for _, kind := range customer.AddressKinds {
		if a, ok := c.Noun.Address(kind); ok {
			out = append(out, toAddress(a))
		}
	}
	return out
}

// Offices resolves Customer.offices.
func (r customers) Offices(ctx context.Context, c *model.Customer) ([]*model.Office, error) {
	c, err := withRelations(ctx, c, model.Offices)
	if err != nil {
		return nil, err
	}
	return each(c.Noun.Offices, func(o customer.Office) *model.Office { return toOffice(o, c) }), nil
}

// EinvoiceAddresses resolves Customer.einvoiceAddresses.
func (r customers) EinvoiceAddresses(ctx context.Context, c *model.Customer) ([]*model.EInvoice, error) {
	c, err := withRelations(ctx, c, model.Offices)
	if err != nil {
		return nil, err
	}
	return einvoiceAddresses(c, c), nil
}

// einvoiceAddresses are those of a customer that was read with its offices; of is what the offices say is their customer.
func einvoiceAddresses(c, of *model.Customer) []*model.EInvoice {
	out := []*model.EInvoice{}
	if e := toEInvoice(c.Noun.EInvoice, nil); e != nil {
		out = append(out, e)
	}
	for _, o := range c.Noun.Offices {
		if e := toOffice(o, of).Einvoice; e != nil {
			out = append(out, e)
		}
	}
	return out
}

// Contacts resolves Customer.contacts.
func (r customers) Contacts(ctx context.Context, c *model.Customer, role *model.ContactRole) ([]*model.Contact, error) {
	c, err := withRelations(ctx, c, model.Contacts)
	if err != nil {
		return nil, err
	}
	v := auth.ViewerFrom(ctx)
	out := []*model.Contact{}
	for _, contact := range c.Noun.Contacts {
		if role == nil || slices.Contains(contact.Roles, customer.ContactRole(*role)) {
			out = append(out, toContact(v, contact, c))
		}
	}
	return out, nil
}

// Links resolves Customer.links.
func (r customers) Links(ctx context.Context, c *model.Customer) ([]*model.Link, error) {
	c, err := withRelations(ctx, c, model.Links)
	if err != nil {
		return nil, err
	}
	return list(c.Linked), nil
}

// Changes resolves Customer.changes.
func (r customers) Changes(ctx context.Context, c *model.Customer, after *string, first *int) (*model.ChangePage, error) {
	page, _, err := found(load(ctx).changesOf.Load(ctx, changesKey{c.Noun.ID, value(after), valueOr(first, 20)}))
	if err != nil {
		return nil, err
	}
	return toChangePage(page, c), nil
}

// Customer resolves Office.customer.
func (r offices) Customer(ctx context.Context, o *model.Office) (*model.Customer, error) {
	return ofOrLoad(ctx, o.Of, o.CustomerID)
}

// Customer resolves Contact.customer.
func (r contacts) Customer(ctx context.Context, c *model.Contact) (*model.Customer, error) {
	return ofOrLoad(ctx, c.Of, c.CustomerID)
}

// Office resolves Contact.office.
func (r contacts) Office(ctx context.Context, c *model.Contact) (*model.Office, error) {
	if c.OfficeID == "" || c.Met != nil {
		return c.Met, nil
	}
	if c.Of != nil && c.Of.Included.Has(model.Offices) {
		for _, o := range c.Of.Noun.Offices {
			if o.ID == c.OfficeID {
				return toOffice(o, c.Of), nil
			}
		}
		return nil, nil
	}
	return loadOffice(ctx, c.OfficeID)
}

// loadOffice reads an office; nil when there is none. Whether its phone number is personal hangs on its customer, which is
// therefore read too where that matters.
func loadOffice(ctx context.Context, id customer.OfficeID) (*model.Office, error) {
	o, ok, err := found(load(ctx).offices.Load(ctx, id))
	if err != nil || !ok {
		return nil, err
	}
	if v := auth.ViewerFrom(ctx); masksPeople(v) {
		of, err := loadCustomer(ctx, o.CustomerID, 0)
		if err != nil {
			return nil, err
		}
		if of == nil || of.Masked {
			o.Phone, o.BillingEmails = customer.Phone{}, nil
		}
	}
	return toOffice(o, nil), nil
}

// Customers resolves Person.customers.
func (r people) Customers(ctx context.Context, p *model.Person) ([]*model.Contact, error) {
	of, _, err := found(load(ctx).contactsOf.Load(ctx, p.PersonID))
	if err != nil {
		return nil, err
	}
	v := auth.ViewerFrom(ctx)
	return each(of, func(c customer.Contact) *model.Contact { return toContact(v, c, nil) }), nil
}
