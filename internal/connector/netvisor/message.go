package netvisor

import (
	"slices"
	"strings"

	"customerhub/internal/connector"
	"customerhub/internal/connector/netvisor/api"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finnish"
)

// slot is where a canonical value goes in a message.
type slot struct {
	field customer.Field
	name  string
	attr  string
	// most is how many characters the element takes (contract section 4, figures of the older pages); 0 is not known.
	most int
	// form turns the canonical value into Netvisor's; nil leaves it as it is.
	form func(string) string
}

// aggregate is an element that holds others.
type aggregate struct {
	name  string
	slots []slot
}

const (
	country  = "ISO-3166"
	netvisor = "netvisor"
)

func billing(part string) customer.Field  { return customer.AddressField(customer.Billing, part) }
func delivery(part string) customer.Field { return customer.AddressField(customer.Delivery, part) }

// cardForm is the message of customer.nv in the order of its document type (contract section 4.3). Two canonical fields share
// externalidentifier: the business ID and, where there is none, a foreign VAT number.
var cardForm = []aggregate{
	{"customerbaseinformation", []slot{
		{customer.FieldNumber, "internalidentifier", "", 50, nil},
		{customer.FieldBusinessID, "externalidentifier", "", 50, nil},
		{customer.FieldBuyerUnitNumber, "organizationunitnumber", "", 17, nil},
		{customer.FieldName, "name", "", 250, nil},
		{customer.FieldNameExtension, "nameextension", "", 250, nil},
		{billing("line1"), "streetaddress", "", 80, nil},
		{billing("line2"), "additionaladdressline", "", 80, nil},
		{billing("city"), "city", "", 80, nil},
		{billing("postcode"), "postnumber", "", 50, nil},
		{billing("country"), "country", country, 2, nil},
		{customer.FieldPhone, "phonenumber", "", 80, nil},
		{customer.FieldEmail, "email", "", 200, nil},
		{customer.FieldStatus, "isactive", "", 0, isFlag(string(customer.Active))},
		{customer.FieldKind, "isprivatecustomer", "", 0, isFlag(string(customer.Private))},
		{customer.FieldBillingEmails, "emailinvoicingaddress", "", 0, nil},
	}},
	{"customerfinvoicedetails", []slot{
		{customer.FieldEInvoiceAddress, "finvoiceaddress", "", 80, nil},
		{customer.FieldEInvoiceOperator, "finvoiceroutercode", "", 0, nil},
	}},
	{"customerdeliverydetails", []slot{
		{delivery("name"), "deliveryname", "", 250, nil},
		{delivery("line1"), "deliverystreetaddress", "", 80, nil},
		{delivery("city"), "deliverycity", "", 80, nil},
		{delivery("postcode"), "deliverypostnumber", "", 50, nil},
		{delivery("country"), "deliverycountry", country, 2, nil},
	}},
	{"customeradditionalinformation", []slot{
		{customer.FieldLanguage, "invoicinglanguage", country, 0, language},
	}},
}

func isFlag(yes string) func(string) string {
	return func(v string) string {
		if v == yes {
			return "1"
		}
		return "0"
	}
}

func language(v string) string {
	if v == "" {
		return ""
	}
	return finnish.Language(v).Netvisor()
}

// cardMessage is the customer.nv message of a step: the elements that differ, and of an aggregate without any, nothing. The
// base information occurs once, so it is there even when it is empty.
func cardMessage(s connector.Step) (api.Element, fault.Errors) {
	set := s.Set
	if v, given := set[customer.FieldVATNumber]; given {
		// The element holds whichever of the two the customer has.
		set = set.Only(func(customer.Field) bool { return true })
		if own := s.Want[customer.FieldBusinessID]; own != "" {
			v = own
		}
		set[customer.FieldBusinessID] = v
	} else if v, given := set[customer.FieldBusinessID]; given && v == "" && s.Want[customer.FieldVATNumber] != "" {
		set = set.Only(func(customer.Field) bool { return true })
		set[customer.FieldBusinessID] = s.Want[customer.FieldVATNumber]
	}
	var faults fault.Errors
	root := api.Element{Name: "customer"}
	for i, a := range cardForm {
		e := api.Element{Name: a.name}
		for _, slot := range a.slots {
			value, given := set[slot.field]
			if slot.field == customer.FieldNumber && s.Record == "" && value == "" {
				// Netvisor gives the next number of its own series (contract section 6.2).
				e.Children = append(e.Children, api.Element{Name: slot.name, Attr: "automatic"})
				continue
			}
			if given {
				e.Children = append(e.Children, slot.element(value, &faults))
			}
		}
		if i == 0 || len(e.Children) > 0 {
			root.Children = append(root.Children, e)
		}
	}
	return root, faults
}

// element is the slot with a value. One that was hidden when it was read is refused: writing it would destroy the original (Promise 5).
func (s slot) element(value string, faults *fault.Errors) api.Element {
	e := s.plain(value, faults)
	if finnish.HoldsMask(e.Text) {
		*faults = append(*faults, fault.Because(fault.Invalid, "IDENTITY_CODE_MASKED",
			"A personal identity code stands in this field in the system that it came from, and is hidden here. Remove it there, then the change can be written.").At(string(s.field)))
	}
	return e
}

// plain is the slot with a value; one that is too long is refused before anything is sent, never cut (formats contract section 6).
func (s slot) plain(value string, faults *fault.Errors) api.Element {
	if s.form != nil {
		value = s.form(value)
	}
	if n := len([]rune(value)); s.most > 0 && n > s.most {
		*faults = append(*faults, fault.Because(fault.Invalid, "FIELD_TOO_LONG",
			"Netvisor takes %d characters for %s; this value has %d.", s.most, s.field, n).At(string(s.field)))
	}
	return api.Element{Name: s.name, Attr: s.attr, Text: value}
}

// officeMessage is the office.nv message of a step (contract section 4.5). The name is needed in every message, and the
// elements within an address or the e-invoice details occur once each, so those are sent together when one of them differs.
func officeMessage(s connector.Step) (api.Element, fault.Errors) {
	var faults fault.Errors
	root := api.Element{Name: "office"}
	add := func(slot slot, value string) { root.Children = append(root.Children, slot.element(value, &faults)) }
	add(slot{"name", "name", "", 250, nil}, s.Want["name"])
	set, want := s.Set, s.Want
	if s.Remove {
		// An office cannot be deleted: what can be emptied is (crm contract section 5).
		set = customer.Fields{"phone": "", "identifier": "", "billingEmails": "", "address.line1": "", "einvoice.address": ""}
		want = nil
	}
	for _, slot := range []slot{
		{"phone", "phonenumber", "", 80, nil}, {"identifier", "officeidentifier", "", 50, nil},
		{"billingEmails", "emailinvoicingaddress", "", 0, nil},
	} {
		if value, given := set[slot.field]; given {
			add(slot, value)
		}
	}
	if touches(set, "address") {
		if s.Key == "" || s.Remove || emptiedOfOurs(want) {
			// An office of ours gets both addresses; of another's, only the visiting address is touched (design section 5). What
			// is taken away loses both, since the one that stays would be read as the other, and so does an office of ours that
			// has no address any more.
			root.Children = append(root.Children, officeAddress("officecontactaddress", want, &faults))
		}
		root.Children = append(root.Children, officeAddress("officevisitaddress", want, &faults))
	}
	if touches(set, "einvoice") {
		address := want["einvoice.address"]
		if a, issues := finnish.ParseEInvoiceAddress(address); address != "" && issues.Err() == nil {
			if form, ok := a.OfficeAddress(); ok {
				address = form
			}
		}
		root.Children = append(root.Children, api.Element{Name: "officefinvoicedetails", Children: []api.Element{
			{Name: "finvoiceaddress", Text: address}, {Name: "finvoiceroutercode", Text: want["einvoice.operator"]},
		}})
	}
	if s.Want["name"] == "" {
		faults = append(faults, fault.Because(fault.Invalid, "FIELD_REQUIRED", "An office needs a name in Netvisor.").At("office", "name"))
	}
	return root, faults
}

// emptiedOfOurs says whether an office is one that the hub made, by its identifier (link.OfficeIdentifier), and has no address any more.
func emptiedOfOurs(want customer.Fields) bool {
	return strings.HasPrefix(want["identifier"], "HUB-") && !want.HasGroup("address")
}

func touches(set customer.Fields, group customer.Group) bool {
	for f := range set {
		if f.Group() == group {
			return true
		}
	}
	return false
}

func officeAddress(name string, want customer.Fields, faults *fault.Errors) api.Element {
	e := api.Element{Name: name}
	for _, slot := range []slot{
		{"address.line1", "streetaddress", "", 80, nil}, {"address.postcode", "postnumber", "", 50, nil},
		{"address.city", "city", "", 80, nil}, {"address.country", "country", country, 2, nil},
	} {
		e.Children = append(e.Children, slot.element(want[slot.field], faults))
	}
	return e
}

// contactMessage is the contactperson.nv message of a step (contract section 4.6). Names and language are needed in every
// message but a removal. Netvisor holds one e-mail address; the first of ours is that one.
func contactMessage(s connector.Step) (api.Element, fault.Errors) {
	var faults fault.Errors
	method := "edit"
	switch {
	case s.Remove:
		method = "delete"
	case s.Key == "":
		method = "add"
	}
	root := api.Element{Name: "contactperson", Children: []api.Element{
		{Name: "method", Text: method}, {Name: "customeridentifier", Attr: netvisor, Text: s.Record},
	}}
	add := func(slot slot, value string) { root.Children = append(root.Children, slot.element(value, &faults)) }
	if s.Key != "" {
		add(slot{"", "contactpersonidentifier", netvisor, 0, nil}, s.Key)
	}
	if s.Remove {
		return root, nil
	}
	if s.Set["default"] == "true" {
		add(slot{"default", "isdefault", "", 0, nil}, "true") // it can be moved and not taken away
	}
	first, last, lang := s.Want["firstName"], s.Want["lastName"], s.Want["language"]
	if first == "" && last == "" {
		return root, append(faults, fault.Because(fault.Invalid, "FIELD_REQUIRED", "A contact person needs a name in Netvisor.").At("contact", "lastName"))
	}
	if lang == "" {
		lang = string(finnish.Finnish)
	}
	add(slot{"firstName", "firstname", "", 100, orDash}, first)
	add(slot{"lastName", "lastname", "", 100, orDash}, last)
	add(slot{"language", "language", country, 0, language}, lang)
	for _, slot := range []slot{
		{"phones", "phonenumber", "", 80, nil}, {"emails", "email", "", 200, firstOf},
		{"title", "title", "", 200, nil}, {"office", "officeidentifier", netvisor, 0, orZero},
	} {
		if value, given := s.Set[slot.field]; given {
			add(slot, value)
		}
	}
	return root, faults
}

// noName stands where Netvisor needs both names and there is only one (crm contract section 4, invariant 7). Reading takes it
// for none.
const noName = "-"

func orDash(name string) string {
	if name == "" {
		return noName
	}
	return name
}

func firstOf(list string) string {
	first, _, _ := strings.Cut(list, ";")
	return first
}

// orZero is a key, or 0 that clears it.
func orZero(key string) string {
	if key == "" {
		return "0"
	}
	return key
}

// writable are the field groups of the customer that a message can carry.
var writable = func() map[customer.Field]bool {
	out := map[customer.Field]bool{customer.FieldVATNumber: true}
	for _, a := range cardForm {
		for _, s := range a.slots {
			out[s.field] = true
		}
	}
	return out
}()

var writableOfPart = map[customer.Part]map[customer.Field]bool{
	customer.PartOffice: {
		"name": true, "identifier": true, "phone": true, "billingEmails": true, "einvoice.address": true, "einvoice.operator": true,
		"address.line1": true, "address.postcode": true, "address.city": true, "address.country": true, "active": true,
	},
	customer.PartContact: {
		"firstName": true, "lastName": true, "language": true, "emails": true, "phones": true, "title": true, "office": true, "default": true,
	},
}

// writes implements Kind.Writes. The card's free-text contact has no resource of its own and is left to people; the responsibility tab
// has one, with fewer elements for its contact person.
func writes(f customer.Field) bool {
	part, key, name, ok := f.PartKey()
	switch {
	case !ok:
		return writable[f] || f.ShowsKYC()
	case key == tabKey:
		return part == customer.PartContact && slices.ContainsFunc(personForm, func(s slot) bool { return s.field == customer.Field(name) })
	}
	return key != cardKey && writableOfPart[part][customer.Field(name)]
}
