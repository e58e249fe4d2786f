package flex

import (
	"slices"
	"strings"

	"customerhub/internal/connector"
	"customerhub/internal/connector/flex/api"
	"customerhub/internal/connector/record"
	"customerhub/internal/connector/rest"
	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/finnish"
)

// toRecord translates a customer of Flex. The same with the same types always gives the same.
func (c *Connection) toRecord(u *api.Customer, ts types) connector.Record {
	m := &mapper{Builder: record.Builder{System: title, Fields: make(customer.Fields, 32), Extra: map[string]string{}}, from: u}
	number, excluded := record.Number(record.OneLine(string(u.CustomerNumber)))
	if excluded != "" {
		if excluded == record.IdentityCodeAsNumber {
			m.Note(finding.IdentityCodeDropped, customer.FieldNumber,
				"The customer's number in Admicom Flex is a personal identity code, which the hub may not keep, so the customer is left out. Give it another number there.")
		}
		return connector.Record{ExternalID: rest.Key(u.ID), Fields: m.Fields, Excluded: excluded, Findings: m.Findings}
	}
	m.Fields.Set(customer.FieldNumber, number)
	m.untold()
	m.card()
	m.kind(c, ts)
	m.billing()
	m.contacts()
	return connector.Record{
		ExternalID: rest.Key(u.ID), Fields: m.Fields, Untold: m.Untold, Kept: m.kept, Findings: m.Findings, Extra: m.Extra,
	}
}

// mapper collects a record.
type mapper struct {
	record.Builder

	from *api.Customer
	kept []finding.Finding
}

// told are the fields that members of an answer tell, as connector.Record.Untold names them. What else there is says nothing of the customer.
var told = map[string]customer.Field{
	"customerNumber": customer.FieldNumber, "customerTypeId": customer.FieldKind, "active": customer.FieldStatus, "name": customer.FieldName,
	"name2": customer.FieldNameExtension, "firstName": customer.FieldFirstName, "lastName": customer.FieldLastName,
	"businessId": customer.FieldBusinessID, "phone": customer.FieldPhone, "email": customer.FieldEmail, "contacts": customer.Field(customer.PartContact),
	"visitingAddress": customer.AddressField(customer.Visiting, "line1"), "billingAddress": customer.AddressField(customer.Billing, "line1"),
	"billing.email": customer.FieldBillingEmails, "billing.language": customer.FieldLanguage, "billing.einvoice": customer.FieldEInvoiceAddress,
	"billing.consumerEInvoice": customer.FieldConsumerEInvoice,
}

// untold notes what the answer lacks.
func (m *mapper) untold() {
	var missing []string
	for _, name := range m.from.Untold {
		if f, ok := told[name]; ok {
			missing = append(missing, name)
			m.Untold = append(m.Untold, f)
		}
	}
	if slices.Contains(m.Untold, customer.FieldBusinessID) {
		m.untell(customer.FieldEInvoiceAddress) // whether it counts cannot be told
	}
	if len(missing) > 0 {
		m.Note(finding.ElementMissing, "", "The answer of %s lacks what it always gives: %s. What the hub has of it stands.", title, strings.Join(missing, ", "))
	}
}

// untell says that a field is not told.
func (m *mapper) untell(f customer.Field) {
	if !slices.Contains(m.Untold, f) {
		m.Untold = append(m.Untold, f)
	}
}

// card takes what stands on the customer's card, without the kind and invoicing.
func (m *mapper) card() {
	u := m.from
	switch u.Active {
	case "true":
		m.Fields[customer.FieldStatus] = string(customer.Active)
	case "false":
		m.Fields[customer.FieldStatus] = string(customer.Inactive)
	default:
		m.untell(customer.FieldStatus)
	}
	for _, raw := range []api.Text{u.BillingAddress.Country, u.Visiting.Country} {
		if country, err := finnish.ParseCountry(record.OneLine(string(raw))); err == nil && raw != "" {
			m.Country = country
		}
	}
	m.Set(customer.FieldName, string(u.Name))
	m.Set(customer.FieldNameExtension, string(u.Name2))
	m.Set(customer.FieldFirstName, string(u.FirstName))
	m.Set(customer.FieldLastName, string(u.LastName))
	m.BusinessID(string(u.BusinessID))
	m.Phone(customer.FieldPhone, m.Country, string(u.Phone))
	m.Fields.Set(customer.FieldEmail, m.Email(customer.FieldEmail, m.Text(customer.FieldEmail, string(u.Email))))
	m.address(customer.Visiting, u.Visiting)
	m.address(customer.Billing, u.BillingAddress)
}

// address takes an address. The second name of a billing address is its second line, which is where Netvisor has one [assumed].
func (m *mapper) address(kind customer.AddressKind, a api.Address) {
	m.Address(func(part string) customer.Field { return customer.AddressField(kind, part) }, customer.Address{
		Name: string(a.Name1), Line1: string(a.Line1), Line2: string(a.Name2 + a.Line2), Postcode: string(a.Postcode), City: string(a.City), Country: string(a.Country),
	})
}

// kind takes what the customer type says (F7, F8, F22; contract section 3.3), and what it keeps.
func (m *mapper) kind(c *Connection, ts types) {
	t := ts.find(m.from.CustomerTypeID)
	if t == nil || !t.Whole() {
		m.untell(customer.FieldKind)
		return
	}
	_, hasID := m.Fields[customer.FieldBusinessID]
	switch t.Identifier {
	case identifierPrivate:
		m.Fields[customer.FieldKind] = string(customer.Private)
		if hasID {
			m.Note(finding.PrivateWithID, customer.FieldBusinessID,
				"The customer type %s says that the customer is private, and the customer has a business ID, as sole traders do. It is private in other systems.", named(*t))
		}
	case identifierCompany:
		m.Fields[customer.FieldKind] = string(customer.Company)
	default:
		if slices.Contains(m.Untold, customer.FieldBusinessID) {
			m.untell(customer.FieldKind) // what would tell it is not told
			break
		}
		kind := customer.Private
		if hasID {
			kind = customer.Company
		}
		m.Fields[customer.FieldKind] = string(kind)
		m.Note(finding.TypeNoIdentifier, customer.FieldKind,
			"The customer type %s has no identifier PRIVATE or COMPANY, so the business ID tells: with one the customer is a company. Support: %s.", named(*t), Support)
	}
	ours := slices.ContainsFunc(append(c.forNetvisor(ts, identifierPrivate), c.forNetvisor(ts, identifierCompany)...), func(o api.CustomerType) bool { return o.ID == t.ID })
	if !ours {
		m.kept = append(m.kept, finding.Finding{
			Code: finding.TypeKept, Field: customer.FieldKind,
			Message: "The customer has the customer type " + named(*t) + " in Admicom Flex, which is not one of those for customers from Netvisor, so the hub leaves it: " +
				"whether the customer is private or a company is to be changed there by giving it another type.",
		})
	}
	if t.NumberSeries != nil {
		m.kept = append(m.kept, finding.Finding{
			Code: finding.NumberKept, Field: customer.FieldNumber,
			Message: "The customer type " + named(*t) + " gives numbers by a series of its own in Admicom Flex, so the number cannot be changed there from outside. " +
				"Give the customer another type or number there, or take the old number back.",
		})
	}
}

// billing takes how invoices reach the customer. Of consumer e-invoicing only that there is some (F15).
func (m *mapper) billing() {
	b := m.from.Billing
	list := make([]string, 0, len(b.Email))
	for _, raw := range b.Email {
		list = append(list, m.Text(customer.FieldBillingEmails, string(raw)))
	}
	m.Fields.Set(customer.FieldBillingEmails, m.Emails(customer.FieldBillingEmails, customer.JoinList(list)))
	if raw := record.OneLine(string(b.Language)); raw != "" {
		l, issues := finnish.ParseLanguage(raw)
		m.Fields.Set(customer.FieldLanguage, string(l))
		if len(issues) > 0 {
			m.Note(finding.LanguageUnknown, customer.FieldLanguage, "%s", issues[0].Message)
			m.Keep("billing.language", raw)
		}
	}
	switch b.ConsumerEInvoice {
	case "true":
		m.Fields[customer.FieldConsumerEInvoice] = "true"
	case "false":
	default:
		m.untell(customer.FieldConsumerEInvoice)
	}
	if b.EInvoice == (api.EInvoice{}) {
		return
	}
	if _, hasID := m.Fields[customer.FieldBusinessID]; !hasID {
		if !slices.Contains(m.Untold, customer.FieldEInvoiceAddress) {
			m.Note(finding.EInvoiceWithoutID, customer.FieldEInvoiceAddress,
				"The customer has an e-invoice address in Admicom Flex and no business ID. It is transferred with a business ID only, so it stays there.")
		}
		return
	}
	m.EInvoice(customer.FieldEInvoiceAddress, customer.FieldEInvoiceOperator, string(b.EInvoice.Address), string(b.EInvoice.Operator))
}

// contacts takes the contact persons. Flex has one name of each, whose last word is the last name.
func (m *mapper) contacts() {
	var keys []string
	for _, p := range m.from.Contacts {
		k := rest.Key(p.ID)
		if k == "" || slices.Contains(keys, k) {
			m.Note(finding.RecordUnreadable, customer.Field(customer.PartContact), "A contact person without a key of its own could not be taken.")
			m.untell(customer.Field(customer.PartContact)) // it may be one of those that are known
			continue
		}
		keys = append(keys, k)
		at := func(name string) customer.Field { return customer.PartField(customer.PartContact, k, name) }
		m.Fields[at(customer.Present)] = "true"
		first, last := record.Names(m.Text(at("lastName"), string(p.Name)))
		m.Fields.Set(at("firstName"), first)
		m.Fields.Set(at("lastName"), last)
		m.Fields.Set(at("emails"), m.Emails(at("emails"), m.Text(at("emails"), string(p.Email))))
		m.Fields.Set(at("phones"), m.Phones(at("phones"), m.Text(at("phones"), string(p.Phone))))
		m.Set(at("title"), string(p.Role))
		if first == "" || last == "" {
			m.Note(finding.ContactNameMissing, at("lastName"), "A contact person lacks a first or a last name in Admicom Flex.")
		}
	}
}
