package netvisor

import (
	"strings"

	"customerhub/internal/connector"
	"customerhub/internal/connector/netvisor/api"
	"customerhub/internal/connector/record"
	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/finnish"
)

// toRecord translates a card. The same card always gives the same record.
func toRecord(id string, card api.Customer, people salesPeople) connector.Record {
	base := card.CustomerBaseInformation
	m := &mapper{Builder: record.Builder{System: title, Fields: make(customer.Fields, 32), Extra: map[string]string{}}}
	num, excluded := record.Number(record.OneLine(base.InternalIdentifier))
	if excluded != "" {
		if excluded == record.IdentityCodeAsNumber {
			m.Note(finding.IdentityCodeDropped, customer.FieldNumber,
				"The customer's number in Netvisor is a personal identity code, which the hub may not keep, so the customer is left out. Give it another number there.")
		}
		return connector.Record{ExternalID: id, Fields: m.Fields, Excluded: excluded, Findings: m.Findings}
	}
	m.Fields.Set(customer.FieldNumber, num)
	m.Country, _ = finnish.ParseCountry(record.OneLine(base.Country))
	m.base(base)
	m.invoicing(card)
	m.address(customer.Billing, customer.Address{
		Line1: base.StreetAddress, Line2: base.AdditionalStreetAddress, Postcode: base.PostNumber, City: base.City,
		Country: base.Country,
	})
	d := card.CustomerDeliveryDetails
	m.address(customer.Delivery, customer.Address{
		Name: d.DeliveryName, Line1: d.DeliveryStreetAddress, Postcode: d.DeliveryPostNumber, City: d.DeliveryCity,
		Country: d.DeliveryCountry,
	})
	offices := m.offices(card.CustomerOfficeDetails)
	m.contacts(card.CustomerContactPersons.CustomerContactPerson, offices)
	m.cardContact(card.CustomerContactDetails)
	m.tags(card.CustomerAdditionalInformation.CustomTags.Tag)
	m.responsible(card.CustomerAdditionalInformation.DefaultSalesPerson, people)
	m.rest(card)
	m.leftOut(card)
	if len(card.Unknown) > 0 {
		m.Note(finding.UnknownElement, "", "Netvisor sent elements that the hub does not know: %s.",
			finnish.MaskIdentityCodes(record.OneLine(strings.Join(card.Unknown, ", "))))
	}
	return connector.Record{ExternalID: id, Fields: m.Fields, Untold: m.Untold, Custom: m.custom, Findings: m.Findings, Extra: m.Extra}
}

// mapper collects a record.
type mapper struct {
	record.Builder

	custom  []customer.CustomField
	private bool
}

// address takes an address of the customer.
func (m *mapper) address(kind customer.AddressKind, a customer.Address) {
	m.Address(func(part string) customer.Field { return customer.AddressField(kind, part) }, a)
}

// base takes the card's own fields, without address and invoicing.
func (m *mapper) base(b api.BaseInformation) {
	m.private = yes(b.IsPrivateCustomer)
	kind, status := customer.Company, customer.Active
	if m.private {
		kind = customer.Private
	}
	if b.IsActive != "" && !yes(b.IsActive) {
		status = customer.Inactive
	}
	m.Fields.Set(customer.FieldKind, string(kind))
	m.Fields.Set(customer.FieldStatus, string(status))
	m.Set(customer.FieldName, b.Name)
	m.Set(customer.FieldNameExtension, b.NameExtension)
	m.identifier(b.ExternalIdentifier)
	m.buyerUnit(b.OrganizationUnitNumber)
	m.Phone(customer.FieldPhone, m.Country, b.PhoneNumber)
	m.Fields.Set(customer.FieldEmail, m.Email(customer.FieldEmail, m.Text(customer.FieldEmail, b.Email)))
}

// identifier takes ExternalIdentifier, which holds a business ID, a foreign VAT number or, of persons, an identity code
// (contract sections 4.3 and 6.11). A value that is none of them is kept as the business ID, marked by a finding.
func (m *mapper) identifier(raw string) {
	s := record.OneLine(raw)
	if vat, err := finnish.ParseVATNumber(s); err == nil && foreign(vat) && !m.IdentityCode(s) {
		m.Fields.Set(customer.FieldVATNumber, string(vat))
		return
	}
	m.BusinessID(s)
}

// foreign says whether this can be a VAT number of another country: words of two letters and more have the shape as well.
func foreign(vat finnish.VATNumber) bool {
	if vat.Country() == "FI" || !strings.ContainsAny(string(vat), "0123456789") {
		return false
	}
	if vat.Country() == "EL" || vat.Country() == "XI" { // Greece and Northern Ireland have prefixes of their own.
		return true
	}
	_, err := finnish.ParseCountry(vat.Country())
	return err == nil
}

// invoicing takes how invoices reach the customer.
func (m *mapper) invoicing(card api.Customer) {
	m.Fields.Set(customer.FieldBillingEmails, m.Emails(customer.FieldBillingEmails, m.Text(customer.FieldBillingEmails, card.CustomerBaseInformation.EmailInvoicingAddress)))
	if lang := record.OneLine(card.CustomerAdditionalInformation.InvoicingLanguage); lang != "" {
		l, issues := finnish.LanguageFromNetvisor(lang)
		m.Fields.Set(customer.FieldLanguage, string(l))
		if len(issues) > 0 {
			m.Note(finding.LanguageUnknown, customer.FieldLanguage, "%s", issues[0].Message)
			m.Keep("InvoicingLanguage", lang)
		}
	}
	m.einvoice(customer.FieldEInvoiceAddress, customer.FieldEInvoiceOperator, card.CustomerFinvoiceDetails)
}

// einvoice takes an e-invoice address and its operator. A consumer's come from the consumer's bank; that there is one is
// noted, the data stay where they are (contract section 6.12, R84). A sole trader who is kept as a private customer with a
// business ID is no consumer.
func (m *mapper) einvoice(addressField, operatorField customer.Field, f api.Finvoice) {
	if m.private && m.Owner == "" {
		if addressField == customer.FieldEInvoiceAddress && record.OneLine(f.FinvoiceAddress) != "" {
			m.Fields.Set(customer.FieldConsumerEInvoice, "true")
		}
		return
	}
	m.EInvoice(addressField, operatorField, f.FinvoiceAddress, f.FinvoiceRouterCode)
}

// buyerUnit takes the number that e-invoices name the receiver's unit by, an OVT code (contract section 4.3).
func (m *mapper) buyerUnit(raw string) {
	v := m.Text(customer.FieldBuyerUnitNumber, raw)
	m.Fields.Set(customer.FieldBuyerUnitNumber, v)
	if v == "" || finnish.HoldsMask(v) {
		return
	}
	for _, i := range second(finnish.ParseOVT(v)) {
		if i.Severity != finnish.Normalised {
			m.Note(finding.EInvoiceInvalid, customer.FieldBuyerUnitNumber, "%s", i.Message)
		}
	}
}

func second[A, B any](_ A, b B) B { return b }

// yes reads 0 and 1, the way Netvisor writes yes and no.
func yes(s string) bool {
	s = strings.TrimSpace(s)
	return s == "1" || strings.EqualFold(s, "true")
}
