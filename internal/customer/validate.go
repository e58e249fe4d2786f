package customer

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"customerhub/internal/fault"
	"customerhub/internal/finnish"
)

// Reasons of faults that validation raises, beside those of package finnish.
const (
	ReasonRequired             = "REQUIRED"
	ReasonTooLong              = "FIELD_TOO_LONG"
	ReasonUnknownField         = "FIELD_UNKNOWN"
	ReasonNumberReserved       = "NUMBER_RESERVED"
	ReasonPostcode             = "POSTCODE_INVALID"
	ReasonCountry              = "COUNTRY_UNKNOWN"
	ReasonLanguage             = "LANGUAGE_UNKNOWN"
	ReasonEmail                = "EMAIL_INVALID"
	ReasonVATNumber            = "VAT_NUMBER_INVALID"
	ReasonEInvoiceIncomplete   = "EINVOICE_INCOMPLETE"
	ReasonEInvoiceInvalid      = "EINVOICE_INVALID"
	ReasonEInvoiceNeedsID      = "EINVOICE_NEEDS_BUSINESS_ID"
	ReasonConsumerEInvoiceOnly = "CONSUMER_EINVOICE_EXCLUDES_BUSINESS_ID"
	ReasonCharacters           = "CHARACTERS_INVALID"
)

// limits are the longest values Netvisor takes, in characters (Netvisor contract section 4.3, formats contract section 6);
// a longer one is refused and never cut.
var limits = map[Field]int{
	FieldNumber: 50, FieldName: 250, FieldNameExtension: 250, FieldFirstName: 100, FieldLastName: 100,
	FieldBuyerUnitNumber: 17, FieldEmail: 200, FieldPhone: 80, FieldEInvoiceAddress: 80, FieldEInvoiceOperator: 35,
}

var addressLimits = map[string]int{"name": 250, "line1": 80, "line2": 80, "postcode": 50, "city": 80, "country": 2}

// maxBillingEmails bounds the list; the longest joined list that Netvisor is known to take is not documented.
const maxBillingEmails = 20

// Normalise checks the values that somebody wants to write, each by itself, and gives them in canonical form: writing is
// strict, reading is not (design section 5). All faults come back together, with the field's segments as path. current is
// the customer that is patched, or a zero one; an address's postcode is judged by the country it will have.
func Normalise(patch Fields, current *Customer) (Fields, fault.Errors) {
	out := make(Fields, len(patch))
	var faults fault.Errors
	for _, f := range patch.Sorted() {
		value := strings.TrimFunc(patch[f], unicode.IsSpace)
		n, err := normalise(f, value, patch, current)
		if err != nil {
			faults = append(faults, err.At(f.Path()...))
			continue
		}
		out[f] = n
	}
	return out, faults
}

// Path is the field's segments, as errors name them.
func (f Field) Path() []string { return strings.Split(string(f), ".") }

func normalise(f Field, value string, patch Fields, current *Customer) (string, *fault.Error) {
	if err := finnish.CheckNoIdentityCode(value); err != nil {
		return "", fault.Because(fault.Invalid, string(finnish.PersonalIdentityCode),
			"A personal identity code must not be stored here.")
	}
	if err := CheckText(value); err != nil {
		return "", err
	}
	if err := checkLength(f, value); err != nil {
		return "", err
	}
	if value == "" {
		return "", checkClearing(f)
	}
	switch f {
	case FieldNumber:
		if finnish.ReservedCustomerNumber(value) {
			return "", fault.Because(fault.Invalid, ReasonNumberReserved,
				"The number TEMP is reserved for Netvisor's temporary customer.")
		}
	case FieldKind:
		if k := Kind(value); k != Private && k != Company {
			return "", fault.New(fault.Invalid, "A customer is PRIVATE or COMPANY.")
		}
	case FieldBusinessID:
		id, err := finnish.ParseBusinessID(value)
		if err != nil {
			return "", fromIssue(err, "")
		}
		return string(id), nil
	case FieldVATNumber:
		vat, err := finnish.ParseVATNumber(value)
		if err != nil {
			return "", fromIssue(err, ReasonVATNumber)
		}
		return string(vat), nil
	case FieldBuyerUnitNumber:
		return normaliseUnit(value)
	case FieldEmail:
		e, err := finnish.ParseEmail(value)
		if err != nil {
			return "", fromIssue(err, ReasonEmail)
		}
		return e, nil
	case FieldBillingEmails:
		return normaliseEmails(value)
	case FieldLanguage:
		lang, issues := finnish.ParseLanguage(value)
		if len(issues) > 0 && issues[0].Severity != finnish.Normalised {
			return "", fault.Because(fault.Invalid, ReasonLanguage, "The languages are fi, sv and en.")
		}
		return string(lang), nil
	case FieldEInvoiceAddress:
		a, issues := finnish.ParseEInvoiceAddress(value)
		if err := issues.Err(); err != nil {
			return "", fromIssue(err, ReasonEInvoiceInvalid)
		}
		return a.Value, nil
	case FieldEInvoiceOperator:
		op, issues := finnish.ParseOperator(value)
		if err := issues.Err(); err != nil {
			return "", fromIssue(err, ReasonEInvoiceInvalid)
		}
		return string(op), nil
	case FieldName, FieldNameExtension, FieldFirstName, FieldLastName, FieldPhone:
	default:
		return normaliseAddressPart(f, value, patch, current)
	}
	return value, nil
}

func checkClearing(f Field) *fault.Error {
	switch f {
	case FieldName, FieldKind:
		return fault.Because(fault.Invalid, ReasonRequired, "A customer always has a %s; it cannot be cleared.", f)
	case FieldStatus, FieldConsumerEInvoice, FieldResponsibleSystem, FieldResponsibleExternalID, FieldResponsibleName:
		return unknownField(f) // these have commands of their own
	}
	if _, part := addressPart(f); part == "" && !isScalar(f) && f != FieldBillingEmails {
		return unknownField(f)
	}
	return nil
}

func unknownField(f Field) *fault.Error {
	return fault.Because(fault.Invalid, ReasonUnknownField, "The field %s cannot be written.", f)
}

func isScalar(f Field) bool {
	for _, s := range scalars {
		if s.field == f {
			return true
		}
	}
	return false
}

func checkLength(f Field, value string) *fault.Error {
	limit, ok := limits[f]
	if !ok {
		if _, part := addressPart(f); part != "" {
			limit, ok = addressLimits[part], true
		}
	}
	if n := utf8.RuneCountInString(value); ok && n > limit {
		return fault.Because(fault.Invalid, ReasonTooLong, "The field %s holds at most %d characters; this value has %d.", f, limit, n)
	}
	return nil
}

// addressPart takes the field of an address apart; part is empty for any other field.
func addressPart(f Field) (AddressKind, string) {
	for _, kind := range AddressKinds {
		if part, ok := cutPrefixDot(string(f), addressPrefix[kind]); ok {
			if _, known := addressLimits[part]; known {
				return kind, part
			}
		}
	}
	return "", ""
}

func normaliseAddressPart(f Field, value string, patch Fields, current *Customer) (string, *fault.Error) {
	kind, part := addressPart(f)
	switch part {
	case "":
		return "", unknownField(f)
	case "country":
		c, err := finnish.ParseCountry(value)
		if err != nil {
			return "", fromIssue(err, ReasonCountry)
		}
		return string(c), nil
	case "postcode":
		country, given := patch[AddressField(kind, "country")]
		if !given {
			a, _ := current.Address(kind)
			country = a.Country
		}
		c, err := finnish.ParseCountry(country)
		if err != nil {
			return value, nil //nolint:nilerr // the country itself is reported
		}
		code, err := finnish.ParsePostcode(c, value)
		if err != nil {
			return "", fromIssue(err, ReasonPostcode)
		}
		return code, nil
	}
	return value, nil
}

func normaliseEmails(value string) (string, *fault.Error) {
	list := SplitList(value)
	if len(list) > maxBillingEmails {
		return "", fault.Because(fault.Invalid, ReasonTooLong, "A customer has at most %d billing e-mail addresses.", maxBillingEmails)
	}
	for i, e := range list {
		parsed, err := finnish.ParseEmail(e)
		if err != nil {
			return "", fromIssue(err, ReasonEmail)
		}
		list[i] = parsed
	}
	return JoinList(list), nil
}

// normaliseUnit checks the number of a buyer's unit, which Netvisor takes as 12 to 17 digits with a check digit that fits (Netvisor
// contract section 4.3).
func normaliseUnit(value string) (string, *fault.Error) {
	ovt, issues := finnish.ParseOVT(value)
	for _, i := range issues {
		if i.Severity != finnish.Normalised {
			return "", fromIssue(i, "")
		}
	}
	if strings.Trim(string(ovt), "0123456789") != "" {
		return "", fault.Because(fault.Invalid, string(finnish.OVTFormat), "The number of a buyer's unit has digits only, 12 to 17 of them.")
	}
	return string(ovt), nil
}

// fromIssue turns an issue of package finnish into a fault. reason overrides the issue's own code when not empty.
func fromIssue(err error, reason string) *fault.Error {
	if reason == "" {
		if issue, ok := errors.AsType[finnish.Issue](err); ok {
			reason = string(issue.Code)
		}
	}
	return fault.Because(fault.Invalid, reason, "%s", err)
}

func isControl(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }

// CheckWhole checks what the values of a customer must keep together, after a write. touched are the fields the write
// gave: a rule that only older values break is not held against a person who changes something else.
func (c *Customer) CheckWhole(touched Fields) fault.Errors {
	var faults fault.Errors
	has := func(fields ...Field) bool {
		for _, f := range fields {
			if _, ok := touched[f]; ok {
				return true
			}
		}
		return false
	}
	if c.Name == "" && has(FieldName) {
		faults = append(faults, fault.Because(fault.Invalid, ReasonRequired, "A customer needs a name.").At("name"))
	}
	if has(FieldEInvoiceAddress, FieldEInvoiceOperator, FieldBusinessID) {
		if err := checkEInvoicePair(c.EInvoice, c.BusinessID); err != nil {
			faults = append(faults, err.At("einvoice"))
		} else if c.EInvoice.Address != "" && !finnish.ValidBusinessID(c.BusinessID) {
			// R83: towards accounting, e-invoice addresses exist for customers with a business ID only. One that was read and
			// cannot be right is no business ID (formats contract section 1.4).
			faults = append(faults, fault.Because(fault.Invalid, ReasonEInvoiceNeedsID,
				"Only a customer with a valid business ID can have an e-invoice address.").At("einvoice"))
		}
	}
	if c.ConsumerEInvoice && c.BusinessID != "" && has(FieldBusinessID) {
		// R86
		faults = append(faults, fault.Because(fault.Invalid, ReasonConsumerEInvoiceOnly,
			"This customer receives consumer e-invoices in the net bank; such a customer cannot have a business ID.").At("businessId"))
	}
	return faults
}

// Derive brings everything that follows from other values up to date: the E.164 forms of the customer's and its offices'
// phones, the validity of the business ID, the kinds of e-invoice addresses. It also drops addresses that say nothing, and
// leaves one default contact where a system names several: the first. Persons' phones follow from no customer alone, so who
// changes them derives them (DerivePhones).
func (c *Customer) Derive() {
	country := c.Country()
	c.Phone = derivePhone(country, c.Phone)
	c.BusinessIDValid = c.BusinessID != "" && finnish.ValidBusinessID(c.BusinessID)
	c.EInvoice.Kind = einvoiceKind(c.EInvoice.Address)
	// A list of its own: the old one is read while this one grows, and may be in another order.
	addresses := make([]Address, 0, len(c.Addresses))
	for _, kind := range AddressKinds {
		if a, ok := c.Address(kind); ok {
			addresses = append(addresses, a)
		}
	}
	c.Addresses = addresses
	for i := range c.Offices {
		o := &c.Offices[i]
		o.Phone = derivePhone(cmp.Or(finnish.Country(o.Address.Country), country), o.Phone)
		o.EInvoice.Kind = einvoiceKind(o.EInvoice.Address)
	}
	hasDefault := false
	for i := range c.Contacts {
		ct := &c.Contacts[i]
		ct.IsDefault = ct.IsDefault && !hasDefault
		hasDefault = hasDefault || ct.IsDefault
	}
}

// Country is where the customer's telephone numbers are read: that of the billing address, else Finland.
func (c *Customer) Country() finnish.Country {
	if a, ok := c.Address(Billing); ok && a.Country != "" {
		return finnish.Country(a.Country)
	}
	return finnish.Finland
}

// DerivePhones gives the numbers that are not among those before their international form, as they are read in the country
// (formats contract section 7). A number whose text stays keeps its meaning, and stays not understood where it was not: the
// person may be a contact of customers in several countries, of which any may be touched next.
func (p *Person) DerivePhones(country finnish.Country, before []Phone) {
	for i, n := range p.Phones {
		if _, stood := phoneOf(before, n.Raw); !stood {
			p.Phones[i] = derivePhone(country, n)
		}
	}
}

func phoneOf(phones []Phone, raw string) (Phone, bool) {
	i := slices.IndexFunc(phones, func(p Phone) bool { return p.Raw == raw })
	if i < 0 {
		return Phone{}, false
	}
	return phones[i], true
}

func derivePhone(country finnish.Country, p Phone) Phone {
	if p.Raw == "" {
		return Phone{}
	}
	e164, _ := finnish.ParsePhone(country, p.Raw)
	return Phone{Raw: p.Raw, E164: e164}
}

func einvoiceKind(address string) EInvoiceKind {
	if address == "" {
		return ""
	}
	a, issues := finnish.ParseEInvoiceAddress(address)
	if issues.Err() != nil || a.Kind == "" {
		return OtherKind
	}
	return EInvoiceKind(a.Kind)
}
