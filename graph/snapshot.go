package graph

import (
	"context"
	"time"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/hub"
)

// CustomerAsOf resolves Query.customerAsOf.
func (r queries) CustomerAsOf(ctx context.Context, id string, moment time.Time) (*model.CustomerSnapshot, error) {
	v := auth.ViewerFrom(ctx)
	customerID, err := parseCustomerID(id)
	if err != nil {
		return nil, at(err, "id")
	}
	then, now, err := r.hub.CustomerAsOf(ctx, v, customerID, moment)
	if err != nil || then == nil {
		return nil, err
	}
	var definitions []customer.CustomField
	if len(then.CustomFields) > 0 {
		if definitions, err = load(ctx).custom.Load(ctx, struct{}{}); err != nil {
			return nil, err
		}
	}
	out := toSnapshot(v, moment, then, now, definitions)
	out.Kyc = r.toKYCSnapshot(v, moment, *then.KYC)
	return out, nil
}

// toSnapshot translates a customer as it was. Who may not see personal data of the customer now may not see older ones either.
func toSnapshot(v auth.Viewer, moment time.Time, then *customer.Customer, now customer.Kind, definitions []customer.CustomField) *model.CustomerSnapshot {
	kind := then.Kind
	if masksCustomer(v, now) {
		then.Kind = now // which is what masking goes by
	}
	c := toCustomer(v, hub.CustomerView{Customer: *then})
	out := &model.CustomerSnapshot{
		At: moment, CustomerID: then.ID, Number: c.Number, Kind: model.CustomerKind(kind), Status: c.Status, Name: c.Name, NameExtension: c.NameExtension,
		FirstName: c.FirstName, LastName: c.LastName, BusinessID: c.BusinessID, VatNumber: c.VatNumber, BuyerUnitNumber: c.BuyerUnitNumber,
		Email: c.Email, Phone: c.Phone, Language: c.Language, BillingEmails: c.BillingEmails, ConsumerEInvoice: c.ConsumerEInvoice,
		EinvoiceAddresses: einvoiceAddresses(c, nil), Addresses: addresses(c), Responsible: c.Responsible, Masked: c.Masked,
		Offices:  each(c.Noun.Offices, func(o customer.Office) *model.Office { return toOffice(o, nil) }),
		Contacts: each(then.Contacts, func(ct customer.Contact) *model.Contact { return snapshotContact(v, c, ct) }),
		CustomFields: each(sortedKeys(then.CustomFields), func(key string) *model.CustomFieldValue {
			return toCustomValue(definition(definitions, key), then.CustomFields[key])
		}),
	}
	return out
}

// snapshotContact is a contact as it was, at the office as it was.
func snapshotContact(v auth.Viewer, of *model.Customer, ct customer.Contact) *model.Contact {
	out := toContact(v, ct, nil)
	for _, o := range of.Noun.Offices {
		if o.ID == ct.OfficeID {
			out.Met = toOffice(o, nil)
		}
	}
	return out
}

// Customer resolves CustomerSnapshot.customer.
func (r snapshots) Customer(ctx context.Context, s *model.CustomerSnapshot) (*model.Customer, error) {
	return loadCustomer(ctx, s.CustomerID, customerRelations(ctx))
}
