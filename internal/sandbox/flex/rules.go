package flex

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	businessIDShape = regexp.MustCompile(`^\d{7}-\d$`)
	mailShape       = regexp.MustCompile(`^[^@\s;,<>"]+@[^@\s;,<>".]+(\.[^@\s;,<>".]+)+$`)
	countryShape    = regexp.MustCompile(`^[A-Z]{2}$`)
	languageShape   = regexp.MustCompile(`^[a-z]{2}$`)
)

// typeFields are the names that visibleFields and mandatoryFields speak of. The contract shows businessId, einvoice, billingEmail and name;
// the others are [assumed].
var typeFields = map[string]func(*Customer) bool{
	"name":             func(c *Customer) bool { return c.Name != "" },
	"name2":            func(c *Customer) bool { return c.Name2 != "" },
	"firstName":        func(c *Customer) bool { return c.FirstName != "" },
	"lastName":         func(c *Customer) bool { return c.LastName != "" },
	"businessId":       func(c *Customer) bool { return c.BusinessID != "" },
	"phone":            func(c *Customer) bool { return c.Phone != "" },
	"email":            func(c *Customer) bool { return c.Email != "" },
	"contacts":         func(c *Customer) bool { return len(c.Contacts) > 0 },
	"visitingAddress":  func(c *Customer) bool { return c.Visiting != nil },
	"billingAddress":   func(c *Customer) bool { return c.BillingAddress != nil },
	"billingEmail":     func(c *Customer) bool { return len(c.Billing.Email) > 0 },
	"billingLanguage":  func(c *Customer) bool { return c.Billing.Language != "" },
	"einvoice":         func(c *Customer) bool { return c.Billing.EInvoice != nil },
	"consumerEInvoice": func(c *Customer) bool { return c.Billing.ConsumerEInvoice },
}

// check says what is wrong with a customer of a type; nil means nothing. old is the customer before, nil for a new one. The number is not looked at.
func (c *Customer) check(old *Customer, t *CustomerType) fields {
	var bad fields
	if strings.TrimSpace(c.Name) == "" {
		bad.add("name", FieldRequired, "a customer needs a name")
	}
	if c.BusinessID != "" && !c.abroad() && !isBusinessID(string(c.BusinessID)) {
		bad.add("businessId", FieldBusinessIDInvalid, "%q is no business ID", clip(string(c.BusinessID)))
	}
	if c.BusinessID != "" && c.Billing.ConsumerEInvoice { // F16
		bad.add("billing.consumerEInvoice", FieldConsumerEInvoiceWithBusinessID, "a customer with consumer e-invoices must not have a business ID")
	}
	mail := func(at string, m Text) {
		if m != "" && !mailShape.MatchString(string(m)) {
			bad.add(at, FieldEmailInvalid, "%q is no e-mail address", clip(string(m)))
		}
	}
	mail("email", c.Email)
	for i, m := range c.Billing.Email {
		mail("billing.email["+strconv.Itoa(i)+"]", Text(m))
	}
	country := func(at string, code Text) {
		if code != "" && !countryShape.MatchString(string(code)) {
			bad.add(at, FieldCountryInvalid, "%q is no country such as FI", clip(string(code)))
		}
	}
	if c.Visiting != nil {
		country("visitingAddress.country", c.Visiting.Country)
	}
	if c.BillingAddress != nil {
		country("billingAddress.country", c.BillingAddress.Country)
	}
	if l := string(c.Billing.Language); l != "" && !languageShape.MatchString(l) {
		bad.add("billing.language", FieldLanguageInvalid, "%q is no language such as fi", clip(l))
	}
	if e := c.Billing.EInvoice; e != nil && (e.Address == "" || e.Operator == "") {
		bad.add("billing.einvoice", FieldEInvoiceIncomplete, "an e-invoice address and its operator go together")
	}
	seen := map[string]bool{}
	for i, p := range c.Contacts {
		at := "contacts[" + strconv.Itoa(i) + "]"
		if strings.TrimSpace(p.Name) == "" {
			bad.add(at+".name", FieldRequired, "a contact needs a name")
		}
		mail(at+".email", p.Email)
		switch {
		case p.ID == "":
		case seen[p.ID]:
			bad.add(at+".id", FieldContactTwice, "contact %s stands in the list twice", clip(p.ID))
		case old == nil || !slices.ContainsFunc(old.Contacts, func(o Contact) bool { return o.ID == p.ID }):
			bad.add(at+".id", FieldContactUnknown, "the customer has no contact %s; a new one has no id", clip(p.ID))
		}
		seen[p.ID] = p.ID != ""
	}
	for _, name := range t.MandatoryFields { // F7
		if filled := typeFields[name]; filled != nil && !filled(c) && name != "name" {
			bad.add(name, FieldMandatory, "the customer type %q demands %s", t.Name, name)
		}
	}
	return bad
}

// abroad is true for a customer all of whose countries are others than Finland: then the business ID may be any text [assumed].
func (c *Customer) abroad() bool {
	var countries []Text
	if c.Visiting != nil && c.Visiting.Country != "" {
		countries = append(countries, c.Visiting.Country)
	}
	if c.BillingAddress != nil && c.BillingAddress.Country != "" {
		countries = append(countries, c.BillingAddress.Country)
	}
	return len(countries) > 0 && !slices.Contains(countries, "FI")
}

// checkNumber says what is wrong with a number that was given.
func checkNumber(number string) fields {
	var bad fields
	switch {
	case number == "":
		bad.add("customerNumber", FieldNumberRequired, "the customer type has no number series, so a number has to be given")
	case utf8.RuneCountInString(number) > maxNumber:
		bad.add("customerNumber", FieldTooLong, "a customer number has at most %d characters", maxNumber)
	case strings.TrimSpace(number) != number, strings.ContainsFunc(number, func(r rune) bool { return !unicode.IsPrint(r) }), !utf8.ValidString(number):
		bad.add("customerNumber", FieldNumberInvalid, "a customer number neither begins nor ends with a space, and can be printed")
	}
	return bad
}

func numberInUse(status int, number, holder string) *Problem {
	return refuse(status, CodeNumberInUse, "customer %s has the number %q", holder, number)
}

// isBusinessID checks shape and check digit of a Finnish business ID: weights 7 9 10 5 8 4 2, modulus 11, remainder 1 never issued.
func isBusinessID(s string) bool {
	if !businessIDShape.MatchString(s) {
		return false
	}
	digit, ok := checkDigit(s[:7])
	return ok && s[8] == digit
}

func checkDigit(seven string) (byte, bool) {
	sum := 0
	for i, weight := range []int{7, 9, 10, 5, 8, 4, 2} {
		sum += weight * int(seven[i]-'0')
	}
	switch rest := sum % 11; rest {
	case 0:
		return '0', true
	case 1:
		return 0, false
	default:
		return byte('0' + 11 - rest), true
	}
}

// format is the number that the series gives for n.
func (n NumberSeries) format(at int64) string {
	digits := strconv.FormatInt(at, 10)
	return n.Prefix + strings.Repeat("0", max(0, n.Width-len(digits))) + digits
}

// check says what is wrong with a customer type; the error is for people.
func (t *CustomerType) check() *Problem {
	var bad fields
	if strings.TrimSpace(t.Name) == "" {
		bad.add("name", FieldRequired, "a customer type needs a name")
	}
	if t.Identifier != "" && t.Identifier != IdentifierPrivate && t.Identifier != IdentifierCompany {
		bad.add("identifier", FieldWrongType, "the identifier is %s, %s or null", IdentifierPrivate, IdentifierCompany)
	}
	if n := t.NumberSeries; n != nil {
		if n.Next < 1 || n.Next > 1<<53 || n.Width < 0 || n.Width > 20 || len(n.Prefix) > 20 || containsControl(n.Prefix) || strings.TrimLeft(n.Prefix, " ") != n.Prefix {
			bad.add("numberSeries", FieldWrongType, "a series has a prefix of at most 20 characters, a next number from 1 up and a width of 0 to 20 digits")
		}
	}
	for field, names := range map[string][]string{"visibleFields": t.VisibleFields, "mandatoryFields": t.MandatoryFields} {
		for _, name := range names {
			if typeFields[name] == nil {
				bad.add(field, FieldUnknown, "there is no field %q", clip(name))
			}
		}
	}
	return bad.problem()
}

func unknownType(id string) *Problem {
	p := refuse(http.StatusUnprocessableEntity, CodeValidationFailed, "a field is not acceptable")
	p.Errors = []FieldError{{"customerTypeId", FieldCustomerTypeUnknown, "there is no customer type " + clip(id)}}
	return p
}
