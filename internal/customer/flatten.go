package customer

import (
	"fmt"
	"slices"
	"strings"
)

// PartKeys translates between the hub's ids of offices and persons and the keys one external system knows them by. The
// identity translation, used for versions and the change log, is HubKeys.
type PartKeys struct {
	Office map[OfficeID]string
	Person map[PersonID]string
	// Unsent names parts that the system does not have, by a + and the hub's id. Without it they are left out.
	Unsent bool
	hub    bool
}

// HubKeys names parts by the hub's own ids.
var HubKeys = PartKeys{hub: true}

func (k PartKeys) office(id OfficeID) (string, bool) {
	if k.hub {
		return string(id), true
	}
	return k.keyOf(k.Office[id], string(id))
}

func (k PartKeys) person(id PersonID) (string, bool) {
	if k.hub {
		return string(id), true
	}
	return k.keyOf(k.Person[id], string(id))
}

func (k PartKeys) keyOf(key, id string) (string, bool) {
	if key == "" && k.Unsent {
		return "+" + id, true
	}
	return key, key != ""
}

// Flatten gives the customer as Fields, its parts named by keys. A part without a key is left out: the other side does
// not know it. Towards other sides there are also the due-diligence status, which some show, and the contact person for due diligence
// by himself; with HubKeys there are not, since they are no values of their own.
func (c *Customer) Flatten(keys PartKeys) Fields {
	fs := make(Fields, 24)
	for _, a := range scalars {
		fs.Set(a.field, *a.at(c))
	}
	fs.Set(FieldKind, string(c.Kind))
	fs.Set(FieldStatus, string(c.Status))
	fs.Set(FieldBillingEmails, JoinList(c.BillingEmails))
	fs.Set(FieldConsumerEInvoice, boolValue(c.ConsumerEInvoice))
	fs.Set(FieldResponsibleKind, string(c.Responsible.Kind))
	for key, value := range c.CustomFields {
		fs.Set(CustomValueField(key), value)
	}
	for _, a := range c.Addresses {
		a.flatten(fs, addressPrefix[a.Kind]+".")
	}
	for i := range c.Offices {
		if key, ok := keys.office(c.Offices[i].ID); ok {
			c.Offices[i].flatten(fs, key)
		}
	}
	for i := range c.Contacts {
		if key, ok := keys.person(c.Contacts[i].Person.ID); ok {
			c.Contacts[i].flatten(fs, key, keys)
		}
	}
	if !keys.hub {
		c.flattenKYC(fs)
	}
	return fs
}

// scalars are the fields that are plain text on the customer.
var scalars = []struct {
	field Field
	at    func(*Customer) *string
}{
	{FieldNumber, func(c *Customer) *string { return &c.Number }},
	{FieldName, func(c *Customer) *string { return &c.Name }},
	{FieldNameExtension, func(c *Customer) *string { return &c.NameExtension }},
	{FieldFirstName, func(c *Customer) *string { return &c.FirstName }},
	{FieldLastName, func(c *Customer) *string { return &c.LastName }},
	{FieldBusinessID, func(c *Customer) *string { return &c.BusinessID }},
	{FieldVATNumber, func(c *Customer) *string { return &c.VATNumber }},
	{FieldBuyerUnitNumber, func(c *Customer) *string { return &c.BuyerUnitNumber }},
	{FieldEmail, func(c *Customer) *string { return &c.Email }},
	{FieldPhone, func(c *Customer) *string { return &c.Phone.Raw }},
	{FieldLanguage, func(c *Customer) *string { return &c.Language }},
	{FieldEInvoiceAddress, func(c *Customer) *string { return &c.EInvoice.Address }},
	{FieldEInvoiceOperator, func(c *Customer) *string { return &c.EInvoice.Operator }},
	{FieldResponsibleSystem, func(c *Customer) *string { return &c.Responsible.SystemID }},
	{FieldResponsibleExternalID, func(c *Customer) *string { return &c.Responsible.ExternalID }},
	{FieldResponsibleName, func(c *Customer) *string { return &c.Responsible.Name }},
}

func (a *Address) flatten(fs Fields, prefix string) {
	if a.Empty() {
		return
	}
	for _, part := range AddressParts {
		fs.Set(Field(prefix+part), *a.part(part))
	}
}

func (a *Address) part(name string) *string {
	switch name {
	case "name":
		return &a.Name
	case "line1":
		return &a.Line1
	case "line2":
		return &a.Line2
	case "postcode":
		return &a.Postcode
	case "city":
		return &a.City
	case "country":
		return &a.Country
	}
	return nil
}

func (o *Office) flatten(fs Fields, key string) {
	set := func(name, value string) { fs.Set(PartField(PartOffice, key, name), value) }
	set(Present, "true")
	set("name", o.Name)
	set("identifier", o.Identifier)
	set("phone", o.Phone.Raw)
	set("billingEmails", JoinList(o.BillingEmails))
	set("einvoice.address", o.EInvoice.Address)
	set("einvoice.operator", o.EInvoice.Operator)
	set("active", boolValue(o.Active))
	o.Address.flatten(fs, string(PartField(PartOffice, key, "address.")))
}

func (ct *Contact) flatten(fs Fields, key string, keys PartKeys) {
	set := func(name, value string) { fs.Set(PartField(PartContact, key, name), value) }
	set(Present, "true")
	set("firstName", ct.Person.FirstName)
	set("lastName", ct.Person.LastName)
	set("language", ct.Person.Language)
	set("emails", JoinList(ct.Person.Emails))
	phones := make([]string, len(ct.Person.Phones))
	for i, p := range ct.Person.Phones {
		phones[i] = p.Raw
	}
	set("phones", JoinList(phones))
	set("title", ct.Title)
	set("default", boolValue(ct.IsDefault))
	if ct.OfficeID != "" {
		if office, ok := keys.office(ct.OfficeID); ok {
			set("office", office)
		}
	}
	roles := make([]string, len(ct.Roles))
	for i, r := range ct.Roles {
		roles[i] = string(r)
	}
	slices.Sort(roles)
	set("roles", JoinList(roles))
}

// Apply sets one field of the customer itself. The caller applies values of parts with Office.Apply and Contact.Apply,
// since only it knows which part a key means. A derived value, such as the E.164 form of a phone, is brought up to date
// by Derive. It returns an error for a field that a customer does not have.
func (c *Customer) Apply(f Field, value string) error {
	for _, s := range scalars {
		if s.field == f {
			*s.at(c) = value
			return nil
		}
	}
	switch f {
	case FieldKind:
		c.Kind = Kind(value)
		return nil
	case FieldStatus:
		c.Status = Status(value)
		return nil
	case FieldBillingEmails:
		c.BillingEmails = SplitList(value)
		return nil
	case FieldConsumerEInvoice:
		c.ConsumerEInvoice = value == "true"
		return nil
	case FieldResponsibleKind:
		c.Responsible.Kind = ResponsibleKind(value)
		return nil
	}
	if part, key, name, ok := f.PartKey(); ok && part == PartCustom && name == "value" {
		c.setCustomField(key, value)
		return nil
	}
	for kind, prefix := range addressPrefix {
		if part, ok := cutPrefixDot(string(f), prefix); ok {
			return c.address(kind).apply(f, part, value)
		}
	}
	return fmt.Errorf("a customer has no field %q", f)
}

// setCustomField sets or, when the value is empty, removes the value of a custom field.
func (c *Customer) setCustomField(key, value string) {
	switch {
	case value == "":
		delete(c.CustomFields, key)
	case c.CustomFields == nil:
		c.CustomFields = map[string]string{key: value}
	default:
		c.CustomFields[key] = value
	}
}

// address finds the address of the kind, and makes an empty one when there is none.
func (c *Customer) address(kind AddressKind) *Address {
	for i := range c.Addresses {
		if c.Addresses[i].Kind == kind {
			return &c.Addresses[i]
		}
	}
	c.Addresses = append(c.Addresses, Address{Kind: kind})
	return &c.Addresses[len(c.Addresses)-1]
}

// Address is the customer's address of the kind, and whether it has one.
func (c *Customer) Address(kind AddressKind) (Address, bool) {
	for _, a := range c.Addresses {
		if a.Kind == kind && !a.Empty() {
			return a, true
		}
	}
	return Address{Kind: kind}, false
}

func (a *Address) apply(f Field, part, value string) error {
	p := a.part(part)
	if p == nil {
		return fmt.Errorf("an address has no field %q", f)
	}
	// A country that is filled in, and another way to write the same, leave a copy what it is.
	if part != "country" && !strings.EqualFold(strings.TrimSpace(*p), strings.TrimSpace(value)) {
		a.Derived = false
	}
	*p = value
	return nil
}

// Apply sets one value of the office; name is the field without the part's key.
func (o *Office) Apply(name, value string) error {
	switch name {
	case Present:
	case "name":
		o.Name = value
	case "identifier":
		o.Identifier = value
	case "phone":
		o.Phone.Raw = value
	case "billingEmails":
		o.BillingEmails = SplitList(value)
	case "einvoice.address":
		o.EInvoice.Address = value
	case "einvoice.operator":
		o.EInvoice.Operator = value
	case "active":
		o.Active = value == "true"
	default:
		if part, ok := cutPrefixDot(name, "address"); ok {
			return o.Address.apply(Field(name), part, value)
		}
		return fmt.Errorf("an office has no field %q", name)
	}
	return nil
}

// Apply sets one value of the contact or its person; name is the field without the part's key. The office is given by
// the hub's id.
func (ct *Contact) Apply(name, value string) error {
	switch name {
	case Present:
	case "firstName":
		ct.Person.FirstName = value
	case "lastName":
		ct.Person.LastName = value
	case "language":
		ct.Person.Language = value
	case "emails":
		ct.Person.Emails = SplitList(value)
	case "phones":
		before := ct.Person.Phones
		ct.Person.Phones = nil
		for _, raw := range SplitList(value) {
			phone := Phone{Raw: raw}
			if stood, ok := phoneOf(before, raw); ok {
				phone = stood // what it was understood as stands
			}
			ct.Person.Phones = append(ct.Person.Phones, phone)
		}
	case "title":
		ct.Title = value
	case "default":
		ct.IsDefault = value == "true"
	case "office":
		ct.OfficeID = OfficeID(value)
	case "roles":
		ct.Roles = nil
		for _, r := range SplitList(value) {
			ct.Roles = append(ct.Roles, ContactRole(r))
		}
	default:
		return fmt.Errorf("a contact has no field %q", name)
	}
	return nil
}

func cutPrefixDot(s, prefix string) (string, bool) {
	if len(s) > len(prefix) && s[:len(prefix)] == prefix && s[len(prefix)] == '.' {
		return s[len(prefix)+1:], true
	}
	return "", false
}
