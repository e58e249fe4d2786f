package customer

import (
	"slices"
	"strings"
	"unicode/utf8"

	"customerhub/internal/fault"
	"customerhub/internal/finnish"
)

// asCustomerField says by which rule of a customer's field a value of a part is checked.
var asCustomerField = map[Part]map[Field]Field{
	PartOffice: {
		"name": FieldName, "identifier": "identifier", "phone": FieldPhone, "billingEmails": FieldBillingEmails,
		"einvoice.address": FieldEInvoiceAddress, "einvoice.operator": FieldEInvoiceOperator,
		"address.name": AddressField(Visiting, "name"), "address.line1": AddressField(Visiting, "line1"),
		"address.line2": AddressField(Visiting, "line2"), "address.postcode": AddressField(Visiting, "postcode"),
		"address.city": AddressField(Visiting, "city"), "address.country": AddressField(Visiting, "country"),
	},
	PartContact: {
		"firstName": FieldFirstName, "lastName": FieldLastName, "language": FieldLanguage, "emails": FieldBillingEmails,
		"phones": "phones", "title": "title",
	},
}

// NormaliseOffice checks what somebody wants to write of an office, as Normalise does for a customer; fields are named
// without the part's key, such as address.city.
func NormaliseOffice(patch Fields, current *Office) (Fields, fault.Errors) {
	address := current.Address
	address.Kind = Visiting
	out, faults := normalisePart(PartOffice, patch, &Customer{Addresses: []Address{address}})
	if name, given := out["name"]; given && name == "" {
		faults = append(faults, fault.Because(fault.Invalid, ReasonRequired, "An office needs a name.").At("name"))
	}
	return out, faults
}

// CheckWhole checks what the values of an office must keep together, after a write of the touched fields. owner is the
// customer's business ID.
func (o *Office) CheckWhole(touched Fields, owner string) *fault.Error {
	_, address := touched["einvoice.address"]
	_, operator := touched["einvoice.operator"]
	if !address && !operator {
		return nil
	}
	if err := checkEInvoicePair(o.EInvoice, owner); err != nil {
		return err.At("einvoice")
	}
	return nil
}

// NormalisePerson checks what somebody wants to write of a person: firstName, lastName, language, emails and phones.
func NormalisePerson(patch Fields) (Fields, fault.Errors) {
	out, faults := normalisePart(PartContact, patch, &Customer{})
	if name, given := out["lastName"]; given && name == "" {
		faults = append(faults, fault.Because(fault.Invalid, ReasonRequired, "A person needs a last name.").At("lastName"))
	}
	return out, faults
}

const (
	maxTitle      = 200
	maxPhones     = 10
	maxIdentifier = 50
)

func normalisePart(part Part, patch Fields, as *Customer) (Fields, fault.Errors) {
	rules := asCustomerField[part]
	mapped := make(Fields, len(patch))
	for f, value := range patch {
		if rule, ok := rules[f]; ok {
			mapped[rule] = value
		}
	}
	out := make(Fields, len(patch))
	var faults fault.Errors
	for _, f := range patch.Sorted() {
		rule, ok := rules[f]
		if !ok {
			faults = append(faults, unknownField(f).At(f.Path()...))
			continue
		}
		value := strings.TrimSpace(patch[f])
		if value == "" {
			out[f] = ""
			continue
		}
		n, err := normaliseByRule(rule, value, mapped, as)
		if err != nil {
			faults = append(faults, err.At(f.Path()...))
			continue
		}
		out[f] = n
	}
	return out, faults
}

func normaliseByRule(rule Field, value string, patch Fields, as *Customer) (string, *fault.Error) {
	switch rule {
	case "identifier": // the organisation's own, of any form (Netvisor contract section 4.5)
		if n := utf8.RuneCountInString(value); n > maxIdentifier {
			return "", fault.Because(fault.Invalid, ReasonTooLong, "An office's identifier has at most %d characters; this one has %d.", maxIdentifier, n)
		}
		return normalise(FieldNameExtension, value, patch, as)
	case "title":
		if n := utf8.RuneCountInString(value); n > maxTitle {
			return "", fault.Because(fault.Invalid, ReasonTooLong, "A title has at most %d characters; this one has %d.", maxTitle, n)
		}
		return normalise(FieldNameExtension, value, patch, as)
	case "phones":
		list := SplitList(value)
		if len(list) > maxPhones {
			return "", fault.Because(fault.Invalid, ReasonTooLong, "A person has at most %d phone numbers.", maxPhones)
		}
		for i, raw := range list {
			n, err := normalise(FieldPhone, strings.TrimSpace(raw), patch, as)
			if err != nil {
				return "", err
			}
			list[i] = n
		}
		return JoinList(list), nil
	}
	return normalise(rule, value, patch, as)
}

// ParseRoles checks the roles of a contact. A contact has at least one; GENERAL when none is given.
func ParseRoles(roles []ContactRole) ([]ContactRole, *fault.Error) {
	var out []ContactRole
	for _, known := range []ContactRole{GeneralContact, KYCContact, BillingContact} {
		if slices.Contains(roles, known) {
			out = append(out, known)
		}
	}
	for _, r := range roles {
		if !slices.Contains(out, r) {
			return nil, fault.New(fault.Invalid, "The roles are GENERAL, KYC and BILLING.").At("roles")
		}
	}
	if len(out) == 0 {
		out = []ContactRole{GeneralContact}
	}
	return out, nil
}

// checkEInvoicePair checks address and operator together with the customer's business ID, strictly: what a reader would
// only doubt, a writer has to mend (formats contract sections 3 and 4).
func checkEInvoicePair(e EInvoice, owner string) *fault.Error {
	switch {
	case e.Address == "" && e.Operator == "":
		return nil
	case e.Address == "" || e.Operator == "":
		return fault.Because(fault.Invalid, ReasonEInvoiceIncomplete,
			"An e-invoice address and its operator belong together: give both or neither.")
	}
	_, issues := finnish.ParseEInvoice(e.Address, e.Operator, finnish.BusinessID(owner))
	for _, i := range issues {
		switch i.Code {
		case finnish.OVTCheckDigit, finnish.EInvoiceFieldsSwapped:
			return fault.Because(fault.Invalid, string(i.Code), "%s", i.Message)
		}
		if i.Severity == finnish.Reject {
			return fault.Because(fault.Invalid, string(i.Code), "%s", i.Message)
		}
	}
	return nil
}
