package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/hub"
)

// patch gathers the fields that an input gives. Null clears, which the hub says with an empty value.
type patch customer.Fields

func (p patch) text(f customer.Field, in graphql.Omittable[*string]) {
	if v, ok := in.ValueOK(); ok {
		p[f] = value(v)
	}
}

func (p patch) list(f customer.Field, in graphql.Omittable[[]string]) {
	if v, ok := in.ValueOK(); ok {
		p[f] = customer.JoinList(v)
	}
}

func (p patch) einvoice(in graphql.Omittable[*model.EInvoiceInput]) {
	e, ok := in.ValueOK()
	switch {
	case ok && e == nil:
		p[customer.FieldEInvoiceAddress], p[customer.FieldEInvoiceOperator] = "", ""
	case ok:
		p.text(customer.FieldEInvoiceAddress, e.Address)
		p.text(customer.FieldEInvoiceOperator, e.Operator)
	}
}

// address takes an address whose parts are named by field.
func (p patch) address(field func(part string) customer.Field, in graphql.Omittable[*model.AddressInput]) {
	a, ok := in.ValueOK()
	if ok && a == nil {
		for _, part := range customer.AddressParts {
			p[field(part)] = ""
		}
	}
	if a == nil {
		return
	}
	part := func(name string, v graphql.Omittable[*string]) { p.text(field(name), v) }
	part("name", a.Name)
	part("line1", a.Line1)
	part("line2", a.Line2)
	part("postcode", a.Postcode)
	part("city", a.City)
	part("country", a.Country)
}

// addressOf names the parts of an address of the customer itself.
func addressOf(kind customer.AddressKind) func(part string) customer.Field {
	return func(part string) customer.Field { return customer.AddressField(kind, part) }
}

func patchFields(in *model.CustomerPatch) customer.Fields {
	p := patch{}
	if v, ok := in.Kind.ValueOK(); ok {
		p[customer.FieldKind] = string(value(v))
	}
	p.text(customer.FieldName, in.Name)
	p.text(customer.FieldNumber, in.Number)
	p.text(customer.FieldNameExtension, in.NameExtension)
	p.text(customer.FieldFirstName, in.FirstName)
	p.text(customer.FieldLastName, in.LastName)
	p.text(customer.FieldBusinessID, in.BusinessID)
	p.text(customer.FieldVATNumber, in.VatNumber)
	p.text(customer.FieldBuyerUnitNumber, in.BuyerUnitNumber)
	p.text(customer.FieldEmail, in.Email)
	p.text(customer.FieldPhone, in.Phone)
	p.text(customer.FieldLanguage, in.Language)
	p.list(customer.FieldBillingEmails, in.BillingEmails)
	p.einvoice(in.Einvoice)
	p.address(addressOf(customer.Billing), in.BillingAddress)
	p.address(addressOf(customer.Visiting), in.VisitingAddress)
	p.address(addressOf(customer.Delivery), in.DeliveryAddress)
	return customer.Fields(p)
}

// createFields are the fields of a new customer: a patch of nothing, where null is the same as absent.
func createFields(in model.CreateCustomerInput) customer.Fields {
	fields := patchFields(&model.CustomerPatch{
		Name: in.Name, Number: in.Number, NameExtension: in.NameExtension, FirstName: in.FirstName, LastName: in.LastName,
		BusinessID: in.BusinessID, VatNumber: in.VatNumber, BuyerUnitNumber: in.BuyerUnitNumber, Email: in.Email,
		Phone: in.Phone, Language: in.Language, BillingEmails: in.BillingEmails, Einvoice: in.Einvoice,
		BillingAddress: in.BillingAddress, VisitingAddress: in.VisitingAddress, DeliveryAddress: in.DeliveryAddress,
	})
	fields.Set(customer.FieldKind, string(in.Kind))
	for f, v := range fields {
		fields.Set(f, v)
	}
	return fields
}

// CreateCustomer resolves Mutation.createCustomer.
func (r mutations) CreateCustomer(ctx context.Context, in model.CreateCustomerInput) (*model.CreateCustomerPayload, error) {
	c, err := r.hub.CreateCustomer(ctx, auth.ViewerFrom(ctx), createFields(in), idempotencyKey(in.IdempotencyKey))
	failures, err := userErrors(err, "input")
	return &model.CreateCustomerPayload{Customer: created(ctx, c), UserErrors: failures}, err
}

// UpdateCustomer resolves Mutation.updateCustomer.
func (r mutations) UpdateCustomer(ctx context.Context, in model.UpdateCustomerInput) (*model.UpdateCustomerPayload, error) {
	id, err := parseCustomerID(in.ID)
	if err != nil {
		failures, err := userErrors(at(err, "id"), "input")
		return &model.UpdateCustomerPayload{UserErrors: failures}, err
	}
	c, err := r.hub.UpdateCustomer(ctx, auth.ViewerFrom(ctx), id, given(in.ExpectedVersion), patchFields(in.Patch), idempotencyKey(in.IdempotencyKey))
	failures, err := userErrors(err, "input", "patch")
	return &model.UpdateCustomerPayload{Customer: changed(ctx, c), UserErrors: failures}, err
}

// DeactivateCustomer resolves Mutation.deactivateCustomer.
func (r mutations) DeactivateCustomer(ctx context.Context, in model.DeactivateCustomerInput) (*model.DeactivateCustomerPayload, error) {
	id, err := parseCustomerID(in.ID)
	if err != nil {
		failures, err := userErrors(at(err, "id"), "input")
		return &model.DeactivateCustomerPayload{UserErrors: failures}, err
	}
	c, err := r.hub.DeactivateCustomer(ctx, auth.ViewerFrom(ctx), id, given(in.ExpectedVersion), idempotencyKey(in.IdempotencyKey))
	failures, err := userErrors(err, "input")
	return &model.DeactivateCustomerPayload{Customer: changed(ctx, c), UserErrors: failures}, err
}

// ReactivateCustomer resolves Mutation.reactivateCustomer.
func (r mutations) ReactivateCustomer(ctx context.Context, in model.ReactivateCustomerInput) (*model.ReactivateCustomerPayload, error) {
	id, err := parseCustomerID(in.ID)
	if err != nil {
		failures, err := userErrors(at(err, "id"), "input")
		return &model.ReactivateCustomerPayload{UserErrors: failures}, err
	}
	c, err := r.hub.ReactivateCustomer(ctx, auth.ViewerFrom(ctx), id, given(in.ExpectedVersion), idempotencyKey(in.IdempotencyKey))
	failures, err := userErrors(err, "input")
	return &model.ReactivateCustomerPayload{Customer: changed(ctx, c), UserErrors: failures}, err
}

// changed is the customer that a command gives back; nil when it failed.
func changed(ctx context.Context, c hub.CustomerView) *model.Customer {
	if !auth.ViewerFrom(ctx).Can(auth.CustomersRead) {
		return nil // who may write a field may not thereby read the others
	}
	return created(ctx, c)
}

// created is the customer that a command has just made, nil when it failed. Its maker knows all of it.
func created(ctx context.Context, c hub.CustomerView) *model.Customer {
	if c.ID == "" {
		return nil
	}
	return toCustomer(auth.ViewerFrom(ctx), c)
}
