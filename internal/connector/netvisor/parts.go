package netvisor

import (
	"slices"
	"strings"

	"customerhub/internal/connector/netvisor/api"
	"customerhub/internal/connector/record"
	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/finnish"
)

// cardKey is the key of the card's single free-text contact, which has none in Netvisor.
const cardKey = "card"

// offices takes the offices and tells their keys.
func (m *mapper) offices(list []api.Office) []string {
	var keys []string
	for _, o := range list {
		k := key(o.OfficeNetvisorKey)
		if k == "" || slices.Contains(keys, k) {
			m.Note(finding.RecordUnreadable, "office", "An office without a key of its own could not be taken.")
			continue
		}
		keys = append(keys, k)
		at := func(name string) customer.Field { return customer.PartField(customer.PartOffice, k, name) }
		m.Fields.Set(at(customer.Present), "true")
		// Netvisor knows no inactive offices.
		m.Fields.Set(at("active"), "true")
		m.Set(at("name"), o.OfficeName)
		m.Set(at("identifier"), o.OfficeIdentifier)
		m.Phone(at("phone"), m.countryOf(o), o.OfficePhoneNumber)
		m.einvoice(at("einvoice.address"), at("einvoice.operator"), o.OfficeFinvoiceDetails)
		m.officeAddress(k, o)
		m.Keep("office["+k+"].TelefaxNumber", o.OfficeTelefaxNumber)
	}
	return keys
}

// countryOf is where an office's telephone numbers are read: where the office is, else where the customer is.
func (m *mapper) countryOf(o api.Office) finnish.Country {
	for _, a := range []api.Address{o.OfficeVisitAddress, o.OfficeContactAddress} {
		if given := record.OneLine(a.Country); given != "" {
			if country, err := finnish.ParseCountry(given); err == nil {
				return country
			}
		}
	}
	return m.Country
}

// officeAddress takes the visiting address, and the postal one where there is no other (design section 5).
func (m *mapper) officeAddress(k string, o api.Office) {
	at := func(part string) customer.Field { return customer.PartField(customer.PartOffice, k, "address."+part) }
	visit, contact := o.OfficeVisitAddress, o.OfficeContactAddress
	if !m.Address(at, officePostal(visit)) {
		m.Address(at, officePostal(contact))
		return
	}
	if contact != visit {
		prefix := "office[" + k + "].ContactAddress."
		m.Keep(prefix+"StreetAddress", contact.StreetAddress)
		m.Keep(prefix+"PostNumber", contact.PostNumber)
		m.Keep(prefix+"City", contact.City)
		m.Keep(prefix+"Country", contact.Country)
	}
}

func officePostal(a api.Address) customer.Address {
	return customer.Address{Line1: a.StreetAddress, Postcode: a.PostNumber, City: a.City, Country: a.Country}
}

// contacts takes the contact persons. Their language, title and position cannot be read (contract section 4.6).
func (m *mapper) contacts(list []api.ContactPerson, offices []string) {
	var keys []string
	for _, p := range list {
		k := key(p.ContactPersonID)
		if k == "" || slices.Contains(keys, k) {
			m.Note(finding.RecordUnreadable, "contact", "A contact person without a key of its own could not be taken.")
			continue
		}
		keys = append(keys, k)
		at := func(name string) customer.Field { return customer.PartField(customer.PartContact, k, name) }
		first, last := m.personName(at("firstName"), p.ContactPersonFirstName), m.personName(at("lastName"), p.ContactPersonLastName)
		m.contact(k, first, last, p.ContactPersonEmail, p.ContactPersonPhoneNumber)
		if first == "" || last == "" {
			m.Note(finding.ContactNameMissing, at("lastName"), "A contact person lacks a first or a last name in Netvisor.")
		}
		office := key(p.ContactPersonOfficeNetvisorKey)
		if office != "" && !slices.Contains(offices, office) {
			m.Note(finding.UnknownElement, at("office"),
				"A contact person belongs to office %s in Netvisor, but the customer has no such office.", office)
			continue
		}
		m.Fields.Set(at("office"), office)
	}
}

// personName is half of a person's name; what stands for a missing one is none.
func (m *mapper) personName(f customer.Field, raw string) string {
	if s := m.Text(f, raw); s != noName {
		return s
	}
	return ""
}

// contact sets what every contact has.
func (m *mapper) contact(k, first, last, mail, phone string) {
	at := func(name string) customer.Field { return customer.PartField(customer.PartContact, k, name) }
	m.Fields.Set(at(customer.Present), "true")
	m.Fields.Set(at("firstName"), first)
	m.Fields.Set(at("lastName"), last)
	m.Fields.Set(at("emails"), m.Emails(at("emails"), m.Text(at("emails"), mail)))
	m.Fields.Set(at("phones"), m.Phones(at("phones"), m.Text(at("phones"), phone)))
}

// cardContact takes the card's free-text contact, unless it is one of the contact persons once more. An e-mail or telephone
// number without a name is nobody's and stays in Extra.
func (m *mapper) cardContact(c api.CardContact) {
	at := func(name string) customer.Field { return customer.PartField(customer.PartContact, cardKey, name) }
	name := m.Text(at("lastName"), c.ContactPerson)
	mail := new(mapper).Emails("", record.OneLine(c.ContactPersonEmail))
	if name == "" || m.knows(name, mail) {
		m.Keep("ContactPerson", c.ContactPerson)
		m.Keep("ContactPersonEmail", c.ContactPersonEmail)
		m.Keep("ContactPersonPhone", c.ContactPersonPhone)
		return
	}
	first, last := record.Names(name)
	m.contact(cardKey, first, last, c.ContactPersonEmail, c.ContactPersonPhone)
}

// knows says whether a contact person has this full name, in either order, or one of these e-mail addresses.
func (m *mapper) knows(name, mail string) bool {
	for f, value := range m.Fields {
		part, k, which, ok := f.PartKey()
		if !ok || part != customer.PartContact {
			continue
		}
		switch which {
		case "emails":
			for _, e := range customer.SplitList(value) {
				if slices.ContainsFunc(customer.SplitList(mail), func(other string) bool { return strings.EqualFold(e, other) }) {
					return true
				}
			}
		case customer.Present:
			first, last := m.Fields[customer.PartField(part, k, "firstName")], m.Fields[customer.PartField(part, k, "lastName")]
			if same(name, first+" "+last) || same(name, last+" "+first) {
				return true
			}
		}
	}
	return false
}

// same compares names without regard to case and spaces around and between words.
func same(a, b string) bool {
	return strings.EqualFold(strings.Join(strings.Fields(a), " "), strings.Join(strings.Fields(b), " "))
}
