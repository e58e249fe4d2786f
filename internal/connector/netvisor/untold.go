package netvisor

import (
	"fmt"
	"slices"
	"strings"

	"customerhub/internal/connector/netvisor/api"
	"customerhub/internal/customer"
	"customerhub/internal/finding"
)

// Netvisor writes an element without a value as an empty element (contract section 2). One that is not there at all says that
// this is not the whole card, and clears nothing (Promise 5).

// tells are the fields that elements of the card tell, by the path below Customer.
var tells = map[string][]customer.Field{
	"CustomerFinvoiceDetails": {customer.FieldEInvoiceAddress, customer.FieldConsumerEInvoice},
	"CustomerDeliveryDetails": {customer.AddressField(customer.Delivery, "line1")},
	"CustomerContactDetails":  {customer.PartField(customer.PartContact, cardKey, customer.Present)},
	"CustomerAdditionalInformation": {
		customer.FieldLanguage, customer.FieldResponsibleName, customer.FieldResponsibleKind, "custom",
	},

	"CustomerBaseInformation/InternalIdentifier":      {customer.FieldNumber},
	"CustomerBaseInformation/ExternalIdentifier":      {customer.FieldBusinessID, customer.FieldVATNumber},
	"CustomerBaseInformation/Name":                    {customer.FieldName},
	"CustomerBaseInformation/NameExtension":           {customer.FieldNameExtension},
	"CustomerBaseInformation/StreetAddress":           {customer.AddressField(customer.Billing, "line1")},
	"CustomerBaseInformation/AdditionalStreetAddress": {customer.AddressField(customer.Billing, "line2")},
	"CustomerBaseInformation/City":                    {customer.AddressField(customer.Billing, "city")},
	"CustomerBaseInformation/PostNumber":              {customer.AddressField(customer.Billing, "postcode")},
	"CustomerBaseInformation/PhoneNumber":             {customer.FieldPhone},
	"CustomerBaseInformation/Email":                   {customer.FieldEmail},
	"CustomerBaseInformation/EmailInvoicingAddress":   {customer.FieldBillingEmails},
	"CustomerBaseInformation/IsActive":                {customer.FieldStatus},
	"CustomerBaseInformation/IsPrivateCustomer":       {customer.FieldKind, customer.FieldConsumerEInvoice},

	"CustomerFinvoiceDetails/FinvoiceAddress":    {customer.FieldEInvoiceAddress, customer.FieldConsumerEInvoice},
	"CustomerFinvoiceDetails/FinvoiceRouterCode": {customer.FieldEInvoiceOperator},

	"CustomerDeliveryDetails/DeliveryName":          {customer.AddressField(customer.Delivery, "name")},
	"CustomerDeliveryDetails/DeliveryStreetAddress": {customer.AddressField(customer.Delivery, "line1")},
	"CustomerDeliveryDetails/DeliveryCity":          {customer.AddressField(customer.Delivery, "city")},
	"CustomerDeliveryDetails/DeliveryPostNumber":    {customer.AddressField(customer.Delivery, "postcode")},

	"CustomerContactDetails/ContactPerson":      {customer.PartField(customer.PartContact, cardKey, customer.Present)},
	"CustomerContactDetails/ContactPersonEmail": {customer.PartField(customer.PartContact, cardKey, "emails")},
	"CustomerContactDetails/ContactPersonPhone": {customer.PartField(customer.PartContact, cardKey, "phones")},
}

// tellsOfPart are the fields of an office or contact person that its elements tell.
var tellsOfPart = map[string][]string{
	"OfficeName": {"name"}, "OfficePhoneNumber": {"phone"}, "OfficeIdentifier": {"identifier"}, "OfficeVisitAddress": {"address.line1"},
	"OfficeContactAddress": {"address.line1"}, "OfficeFinvoiceDetails": {"einvoice.address"},

	"ContactPersonFirstName": {"firstName"}, "ContactPersonLastName": {"lastName"}, "ContactPersonPhoneNumber": {"phones"},
	"ContactPersonEmail": {"emails"}, "ContactPersonOfficeNetvisorKey": {"office"},
}

// leftOut says which fields the card leaves untold, with one finding that names the elements. A card that lacks a part of its
// frame is not believed about offices and contact persons either: that there are none is written by leaving them out.
func (m *mapper) leftOut(card api.Customer) {
	var missing []string
	within := func(path string, elements []string) {
		for _, e := range elements {
			missing = append(missing, path+e)
		}
	}
	within("", card.Missing)
	if slices.Contains(card.Missing, "CustomerBaseInformation") {
		within("CustomerBaseInformation/", allOf("CustomerBaseInformation/"))
	}
	within("CustomerBaseInformation/", card.CustomerBaseInformation.Missing)
	within("CustomerFinvoiceDetails/", card.CustomerFinvoiceDetails.Missing)
	within("CustomerDeliveryDetails/", card.CustomerDeliveryDetails.Missing)
	within("CustomerContactDetails/", card.CustomerContactDetails.Missing)
	for _, path := range missing {
		m.Untold = append(m.Untold, tells[path]...)
	}
	if len(card.Missing) > 0 {
		m.Untold = append(m.Untold, customer.Field(customer.PartOffice), customer.Field(customer.PartContact))
	}
	if base := slices.Contains(card.Missing, "CustomerBaseInformation"); base || len(card.CustomerBaseInformation.Missing) > 0 {
		// Nor about what may be missing beside what may not.
		m.Untold = append(m.Untold, customer.FieldBuyerUnitNumber, customer.AddressField(customer.Billing, "country"))
	}
	for _, o := range card.CustomerOfficeDetails {
		missing = m.leftOutOf(missing, customer.PartOffice, o.OfficeNetvisorKey, "CustomerOfficeDetails/", o.Missing)
	}
	for _, p := range card.CustomerContactPersons.CustomerContactPerson {
		missing = m.leftOutOf(missing, customer.PartContact, p.ContactPersonID, "CustomerContactPerson/", p.Missing)
	}
	if m.Fields[customer.FieldName] == "" && !slices.Contains(m.Untold, customer.FieldName) {
		// Every customer has a name. One that is empty is as good as none.
		m.Untold = append(m.Untold, customer.FieldName)
		missing = append(missing, "CustomerBaseInformation/Name")
	}
	for _, f := range []customer.Field{customer.FieldKind, customer.FieldStatus} {
		if slices.Contains(m.Untold, f) {
			delete(m.Fields, f) // what an element that is empty would mean
		}
	}
	if len(missing) > 0 {
		m.Note(finding.ElementMissing, "", "Netvisor's answer lacks what it always gives: %s. What the hub has of it stands.", some(missing))
	}
}

// some names the first few elements.
func some(elements []string) string {
	const most = 6
	if len(elements) <= most {
		return strings.Join(elements, ", ")
	}
	return strings.Join(elements[:most], ", ") + fmt.Sprintf(" and %d more", len(elements)-most)
}

// leftOutOf is leftOut for one office or contact person. Of the two addresses of an office one will do.
func (m *mapper) leftOutOf(missing []string, part customer.Part, rawKey, path string, elements []string) []string {
	k := key(rawKey)
	if k == "" {
		return missing
	}
	for _, e := range elements {
		other := map[string]string{"OfficeVisitAddress": "OfficeContactAddress", "OfficeContactAddress": "OfficeVisitAddress"}[e]
		if other != "" && !slices.Contains(elements, other) {
			continue
		}
		missing = append(missing, path+e)
		for _, name := range tellsOfPart[e] {
			m.Untold = append(m.Untold, customer.PartField(part, k, name))
		}
	}
	return missing
}

// allOf are the elements below a path, in their order by name.
func allOf(path string) (out []string) {
	for p := range tells {
		if e, below := strings.CutPrefix(p, path); below {
			out = append(out, e)
		}
	}
	slices.Sort(out)
	return out
}
