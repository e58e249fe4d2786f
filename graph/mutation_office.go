package graph

import (
	"context"
	"slices"

	"github.com/99designs/gqlgen/graphql"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/hub"
)

func officeFields(in *model.OfficePatch) customer.Fields {
	p := patch{}
	p.text("name", in.Name)
	p.text("identifier", in.Identifier)
	p.text("phone", in.Phone)
	p.list("billingEmails", in.BillingEmails)
	p.address(func(part string) customer.Field { return customer.Field("address." + part) }, in.Address)
	p.einvoice(in.Einvoice)
	return customer.Fields(p)
}

// UpsertOffice resolves Mutation.upsertOffice.
func (r mutations) UpsertOffice(ctx context.Context, in model.UpsertOfficeInput) (*model.UpsertOfficePayload, error) {
	var (
		c        hub.CustomerView
		officeID customer.OfficeID
		fields   = officeFields(in.Patch)
	)
	id, err := parseCustomerID(in.CustomerID)
	err = at(err, "customerId")
	if given := given(in.OfficeID); given != nil && err == nil {
		officeID, err = parseOfficeID(*given)
		err = at(err, "officeId")
	}
	if err == nil {
		c, officeID, err = r.hub.UpsertOffice(ctx, auth.ViewerFrom(ctx), id, officeID, given(in.ExpectedVersion), fields, idempotencyKey(in.IdempotencyKey))
	}
	failures, err := userErrors(moved(err, ofCustomer), "input", "patch")
	now := changed(ctx, c)
	return &model.UpsertOfficePayload{Customer: now, Office: officeOf(now, officeID), UserErrors: failures}, err
}

// officeOf is an office of a customer that a command gives back; nil when it failed.
func officeOf(c *model.Customer, id customer.OfficeID) *model.Office {
	if c == nil {
		return nil
	}
	at := slices.IndexFunc(c.Noun.Offices, func(o customer.Office) bool { return o.ID == id })
	if at < 0 {
		return nil
	}
	return toOffice(c.Noun.Offices[at], c)
}

// DeactivateOffice resolves Mutation.deactivateOffice.
func (r mutations) DeactivateOffice(ctx context.Context, in model.DeactivateOfficeInput) (*model.DeactivateOfficePayload, error) {
	c, office, failures, err := setOfficeActive(ctx, r.hub.DeactivateOffice, in.CustomerID, in.OfficeID, in.ExpectedVersion, in.IdempotencyKey)
	return &model.DeactivateOfficePayload{Customer: c, Office: office, UserErrors: failures}, err
}

// ReactivateOffice resolves Mutation.reactivateOffice.
func (r mutations) ReactivateOffice(ctx context.Context, in model.ReactivateOfficeInput) (*model.ReactivateOfficePayload, error) {
	c, office, failures, err := setOfficeActive(ctx, r.hub.ReactivateOffice, in.CustomerID, in.OfficeID, in.ExpectedVersion, in.IdempotencyKey)
	return &model.ReactivateOfficePayload{Customer: c, Office: office, UserErrors: failures}, err
}

// setOfficeActive takes an office into use or out of use, which act does.
func setOfficeActive(ctx context.Context,
	act func(context.Context, auth.Viewer, customer.ID, customer.OfficeID, *int, string) (hub.CustomerView, error),
	customerID, office string, version graphql.Omittable[*int], key graphql.Omittable[*string],
) (*model.Customer, *model.Office, []*model.UserError, error) {
	var (
		c        hub.CustomerView
		officeID customer.OfficeID
	)
	id, err := parseCustomerID(customerID)
	err = at(err, "customerId")
	if err == nil {
		officeID, err = parseOfficeID(office)
		err = at(err, "officeId")
	}
	if err == nil {
		c, err = act(ctx, auth.ViewerFrom(ctx), id, officeID, given(version), idempotencyKey(key))
	}
	failures, err := userErrors(moved(err, ofCustomer), "input")
	now := changed(ctx, c)
	return now, officeOf(now, officeID), failures, err
}
