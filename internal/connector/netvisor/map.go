package netvisor

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"customerhub/internal/connector"
	"customerhub/internal/connector/netvisor/api"
	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/finnish"
)

// toRecord translates a card. The same card always gives the same record.
func toRecord(id string, card api.Customer, people salesPeople) connector.Record {
	base := card.CustomerBaseInformation
	m := &mapper{fields: make(customer.Fields, 32), extra: map[string]string{}}
	num, excluded := number(oneLine(base.InternalIdentifier))
	if excluded != "" {
		if excluded == IdentityCodeAsNumber {
			m.note(finding.IdentityCodeDropped, customer.FieldNumber,
				"The customer's number in Netvisor is a personal identity code, which the hub may not keep, so the customer is left out. Give it another number there.")
		}
		return connector.Record{ExternalID: id, Fields: m.fields, Excluded: excluded, Findings: m.findings}
	}
	m.fields.Set(customer.FieldNumber, num)
	m.country, _ = finnish.ParseCountry(oneLine(base.Country))
	m.base(base)
	m.invoicing(card)
	m.address(customer.Billing, postal{
		line1: base.StreetAddress, line2: base.AdditionalStreetAddress, postcode: base.PostNumber, city: base.City,
		country: base.Country,
	})
	d := card.CustomerDeliveryDetails
	m.address(customer.Delivery, postal{
		name: d.DeliveryName, line1: d.DeliveryStreetAddress, postcode: d.DeliveryPostNumber, city: d.DeliveryCity,
		country: d.DeliveryCountry,
	})
	offices := m.offices(card.CustomerOfficeDetails)
	m.contacts(card.CustomerContactPersons.CustomerContactPerson, offices)
	m.cardContact(card.CustomerContactDetails)
	m.tags(card.CustomerAdditionalInformation.CustomTags.Tag)
	m.responsible(card.CustomerAdditionalInformation.DefaultSalesPerson, people)
	m.rest(card)
	m.leftOut(card)
	if len(card.Unknown) > 0 {
		m.note(finding.UnknownElement, "", "Netvisor sent elements that the hub does not know: %s.",
			finnish.MaskIdentityCodes(oneLine(strings.Join(card.Unknown, ", "))))
	}
	return connector.Record{ExternalID: id, Fields: m.fields, Untold: m.untold, Custom: m.custom, Findings: m.findings, Extra: m.extra}
}

// mapper collects a record.
type mapper struct {
	fields   customer.Fields
	untold   []customer.Field
	extra    map[string]string
	findings []finding.Finding
	custom   []customer.CustomField
	private  bool
	// country is where national telephone numbers of the customer are read.
	country finnish.Country
	// owner is the customer's business ID when it has a valid one.
	owner finnish.BusinessID
}

// note adds a finding. A finding stands once per code and field, so a second one for the same joins the first.
func (m *mapper) note(code finding.Code, f customer.Field, format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	i := slices.IndexFunc(m.findings, func(got finding.Finding) bool { return got.Code == code && got.Field == f })
	if i < 0 {
		m.findings = append(m.findings, finding.Finding{Code: code, Field: f, Message: message})
	} else if !strings.Contains(m.findings[i].Message, message) {
		m.findings[i].Message += " " + message
	}
}

// text cleans a value of a field: one line, nothing invisible, no personal identity code.
func (m *mapper) text(f customer.Field, raw string) string {
	s, issues := finnish.MaskStored(oneLine(raw))
	if len(issues) > 0 {
		m.note(finding.HetuMasked, f, "A personal identity code stood in this field in Netvisor. It was hidden here.")
	}
	return s
}

// set cleans and sets a field.
func (m *mapper) set(f customer.Field, raw string) { m.fields.Set(f, m.text(f, raw)) }

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
	m.fields.Set(customer.FieldKind, string(kind))
	m.fields.Set(customer.FieldStatus, string(status))
	m.set(customer.FieldName, b.Name)
	m.set(customer.FieldNameExtension, b.NameExtension)
	m.identifier(b.ExternalIdentifier)
	m.buyerUnit(b.OrganizationUnitNumber)
	m.phone(customer.FieldPhone, m.country, b.PhoneNumber)
	m.fields.Set(customer.FieldEmail, m.email(customer.FieldEmail, m.text(customer.FieldEmail, b.Email)))
}

// identifier takes ExternalIdentifier, which holds a business ID, a foreign VAT number or, of persons, an identity code
// (contract sections 4.3 and 6.11). A value that is none of them is kept as the business ID, marked by a finding.
func (m *mapper) identifier(raw string) {
	s := oneLine(raw)
	if s == "" {
		return
	}
	id, err := finnish.ParseBusinessID(s)
	if err == nil {
		m.owner = id
		m.fields.Set(customer.FieldBusinessID, string(id))
		return
	}
	if looksLikeIdentityCode(s) {
		m.note(finding.IdentityCodeDropped, customer.FieldBusinessID,
			"The field for the business ID in Netvisor holds what looks like a personal identity code. It was left out.")
		return
	}
	if vat, vatErr := finnish.ParseVATNumber(s); vatErr == nil && foreign(vat) {
		m.fields.Set(customer.FieldVATNumber, string(vat))
		return
	}
	m.fields.Set(customer.FieldBusinessID, s)
	m.note(finding.BusinessIDInvalid, customer.FieldBusinessID, "%s", err.Error())
}

// looksLikeIdentityCode is stricter than for free text, since this is the field where persons' identity codes are: a
// mistyped code and one that lost its sign or got spaces are recognised too. No business ID and no VAT number looks so.
func looksLikeIdentityCode(s string) bool {
	if finnish.MaskIdentityCodes(s) != s {
		return true
	}
	s = strings.Join(strings.Fields(s), "")
	if finnish.MaskIdentityCodes(s) != s {
		return true
	}
	return len(s) == 10 && finnish.ContainsIdentityCode(s[:6]+"-"+s[6:])
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
	m.fields.Set(customer.FieldBillingEmails, m.emails(customer.FieldBillingEmails, m.text(customer.FieldBillingEmails, card.CustomerBaseInformation.EmailInvoicingAddress)))
	if lang := oneLine(card.CustomerAdditionalInformation.InvoicingLanguage); lang != "" {
		l, issues := finnish.LanguageFromNetvisor(lang)
		m.fields.Set(customer.FieldLanguage, string(l))
		if len(issues) > 0 {
			m.note(finding.LanguageUnknown, customer.FieldLanguage, "%s", issues[0].Message)
			m.keep("InvoicingLanguage", lang)
		}
	}
	m.einvoice(customer.FieldEInvoiceAddress, customer.FieldEInvoiceOperator, card.CustomerFinvoiceDetails)
}

// einvoice takes an e-invoice address and its operator. A consumer's come from the consumer's bank; that there is one is
// noted, the data stay where they are (contract section 6.12, R84). A sole trader who is kept as a private customer with a
// business ID is no consumer.
func (m *mapper) einvoice(addressField, operatorField customer.Field, f api.Finvoice) {
	if m.private && m.owner == "" {
		if addressField == customer.FieldEInvoiceAddress && oneLine(f.FinvoiceAddress) != "" {
			m.fields.Set(customer.FieldConsumerEInvoice, "true")
		}
		return
	}
	address, operator := m.text(addressField, f.FinvoiceAddress), m.text(operatorField, f.FinvoiceRouterCode)
	_, issues := finnish.ParseEInvoice(address, operator, m.owner)
	for _, i := range issues {
		f := addressField
		if strings.HasPrefix(string(i.Code), "OPERATOR_") {
			f = operatorField
		}
		if code, odd := oddInvoicing[i.Code]; odd {
			m.note(code, f, "%s", i.Message)
		} else if i.Severity != finnish.Normalised {
			m.note(finding.EInvoiceInvalid, f, "%s", i.Message)
		}
	}
	// What is well formed is taken in its canonical form, the rest as it is.
	if a, issues := finnish.ParseEInvoiceAddress(address); address != "" && issues.Err() == nil {
		address = a.Value
	}
	if op, issues := finnish.ParseOperator(operator); operator != "" && issues.Err() == nil {
		operator = string(op)
	}
	// Again, since a canonical form lacks the spaces that an identity code may have been hidden by.
	m.set(addressField, address)
	m.set(operatorField, operator)
}

// oddInvoicing are the findings of what is odd about e-invoice addresses and operators; all else is EINVOICE_INVALID.
var oddInvoicing = map[finnish.Code]finding.Code{
	finnish.EInvoiceIncomplete: finding.EInvoiceIncomplete, finnish.OVTOtherOrganisation: finding.EInvoiceOtherOrg,
	finnish.OperatorUnknown: finding.OperatorUnknown, finnish.OperatorCorrected: finding.ValueCorrected,
	finnish.PeppolSchemeMigrated: finding.ValueCorrected,
}

// buyerUnit takes the number that e-invoices name the receiver's unit by, an OVT code (contract section 4.3).
func (m *mapper) buyerUnit(raw string) {
	v := m.text(customer.FieldBuyerUnitNumber, raw)
	m.fields.Set(customer.FieldBuyerUnitNumber, v)
	if v == "" || finnish.HoldsMask(v) {
		return
	}
	for _, i := range second(finnish.ParseOVT(v)) {
		if i.Severity != finnish.Normalised {
			m.note(finding.EInvoiceInvalid, customer.FieldBuyerUnitNumber, "%s", i.Message)
		}
	}
}

func second[A, B any](_ A, b B) B { return b }

// phone takes a telephone number as typed. One that cannot be dialled from everywhere is noted (formats contract section 7).
func (m *mapper) phone(f customer.Field, country finnish.Country, raw string) {
	v := m.text(f, raw)
	m.fields.Set(f, v)
	m.checkPhone(f, country, v)
}

func (m *mapper) checkPhone(f customer.Field, country finnish.Country, number string) {
	if number == "" || finnish.HoldsMask(number) {
		return // what was hidden is noted already
	}
	if _, issues := finnish.ParsePhone(country, number); len(issues) > 0 {
		m.note(finding.PhoneNotUnderstood, f, "%s", issues[0].Message)
	}
}

// postal is an address as Netvisor gives it.
type postal struct{ name, line1, line2, postcode, city, country string }

// address takes an address of the customer.
func (m *mapper) address(kind customer.AddressKind, p postal) {
	m.addressAt(func(part string) customer.Field { return customer.AddressField(kind, part) }, p)
}

// addressAt takes an address and says whether there was one. A country alone, which Netvisor fills in by itself, is none.
func (m *mapper) addressAt(at func(part string) customer.Field, p postal) bool {
	parts := map[string]string{"name": p.name, "line1": p.line1, "line2": p.line2, "postcode": p.postcode, "city": p.city}
	empty := true
	for part, raw := range parts {
		parts[part] = oneLine(raw)
		empty = empty && parts[part] == ""
	}
	rawCountry := oneLine(p.country)
	if empty {
		if rawCountry != "" {
			m.keep(string(at("country")), rawCountry)
		}
		return false
	}
	country, err := finnish.ParseCountry(rawCountry)
	switch {
	case err != nil:
		m.note(finding.CountryUnknown, at("country"), "%s", err.Error())
		m.keep(string(at("country")), rawCountry)
	case rawCountry != "":
		m.fields.Set(at("country"), string(country))
	}
	if err == nil && parts["postcode"] != "" {
		if code, pErr := finnish.ParsePostcode(country, parts["postcode"]); pErr == nil {
			parts["postcode"] = code
		} else {
			m.note(finding.PostcodeInvalid, at("postcode"), "%s", pErr.Error())
		}
	}
	for _, part := range customer.AddressParts {
		if part != "country" {
			m.set(at(part), parts[part])
		}
	}
	return true
}

// yes reads 0 and 1, the way Netvisor writes yes and no.
func yes(s string) bool {
	s = strings.TrimSpace(s)
	return s == "1" || strings.EqualFold(s, "true")
}

// email is the canonical form of an address, or what was given when it is not one.
func (m *mapper) email(f customer.Field, s string) string {
	if s == "" || finnish.HoldsMask(s) {
		return s
	}
	e, err := finnish.ParseEmail(s)
	if err != nil {
		m.note(finding.EmailInvalid, f, "%s", err.Error())
		return s
	}
	return e
}

// emails is a list of addresses from one field, where people separate them with semicolons and commas (formats contract
// section 10), each once.
func (m *mapper) emails(f customer.Field, s string) string {
	var list []string
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ';' || r == ',' }) {
		if e := m.email(f, strings.TrimSpace(part)); e != "" && !slices.Contains(list, e) {
			list = append(list, e)
		}
	}
	return customer.JoinList(list)
}

// phones is a list of telephone numbers as typed. Only the semicolon separates: other signs belong to numbers.
func (m *mapper) phones(f customer.Field, s string) string {
	var list []string
	for part := range strings.SplitSeq(s, ";") {
		if p := strings.TrimSpace(part); p != "" && !slices.Contains(list, p) {
			m.checkPhone(f, m.country, p)
			list = append(list, p)
		}
	}
	return customer.JoinList(list)
}

// oneLine trims a text, makes spaces of line ends and tabs, and takes out what cannot be seen.
func oneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case invisible(r):
			return -1
		}
		return r
	}, strings.ReplaceAll(s, "\r\n", "\n")))
}

// lines is oneLine for a text that may have several.
func lines(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && invisible(r) {
			return -1
		}
		return r
	}, strings.ReplaceAll(s, "\r\n", "\n")))
}

// invisible are control characters, byte order marks and zero-width spaces.
func invisible(r rune) bool { return unicode.IsControl(r) || r == '\ufeff' || r == '\u200b' }
