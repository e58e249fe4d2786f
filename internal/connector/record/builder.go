package record

import (
	"fmt"
	"slices"
	"strings"

	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/finnish"
)

// Builder collects a record. The zero value with its maps made is empty.
type Builder struct {
	// System is what the system is called in findings.
	System string
	// Country is where national telephone numbers of the customer are read.
	Country finnish.Country
	// Owner is the customer's business ID when it has a valid one.
	Owner finnish.BusinessID

	Fields   customer.Fields
	Untold   []customer.Field
	Extra    map[string]string
	Findings []finding.Finding
}

// Note adds a finding. A finding stands once per code and field, so a second one for the same joins the first.
func (b *Builder) Note(code finding.Code, f customer.Field, format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	i := slices.IndexFunc(b.Findings, func(got finding.Finding) bool { return got.Code == code && got.Field == f })
	if i < 0 {
		b.Findings = append(b.Findings, finding.Finding{Code: code, Field: f, Message: message})
	} else if !strings.Contains(b.Findings[i].Message, message) {
		b.Findings[i].Message += " " + message
	}
}

// Text cleans a value of a field: one line, nothing invisible, no personal identity code.
func (b *Builder) Text(f customer.Field, raw string) string {
	s, issues := finnish.MaskStored(OneLine(raw))
	if len(issues) > 0 {
		b.Note(finding.HetuMasked, f, "A personal identity code stood in this field in %s. It was hidden here.", b.System)
	}
	return s
}

// Set cleans and sets a field.
func (b *Builder) Set(f customer.Field, raw string) { b.Fields.Set(f, b.Text(f, raw)) }

// BusinessID takes a business ID in its canonical form. One that cannot be right is kept, with a finding, and a personal identity code in
// its place is dropped.
func (b *Builder) BusinessID(raw string) {
	s := OneLine(raw)
	if s == "" || b.IdentityCode(s) {
		return
	}
	id, err := finnish.ParseBusinessID(s)
	if err == nil {
		b.Owner = id
		b.Fields.Set(customer.FieldBusinessID, string(id))
		return
	}
	b.Fields.Set(customer.FieldBusinessID, s)
	b.Note(finding.BusinessIDInvalid, customer.FieldBusinessID, "%s", err.Error())
}

// IdentityCode says whether what stands in the place of the business ID is a personal identity code, and notes it.
func (b *Builder) IdentityCode(s string) bool {
	if _, err := finnish.ParseBusinessID(s); err == nil || !looksLikeIdentityCode(s) {
		return false
	}
	b.Note(finding.IdentityCodeDropped, customer.FieldBusinessID,
		"The field for the business ID in %s holds what looks like a personal identity code. It was left out.", b.System)
	return true
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

// EInvoice takes an e-invoice address and its operator.
func (b *Builder) EInvoice(addressField, operatorField customer.Field, rawAddress, rawOperator string) {
	address, operator := b.Text(addressField, rawAddress), b.Text(operatorField, rawOperator)
	_, issues := finnish.ParseEInvoice(address, operator, b.Owner)
	for _, i := range issues {
		f := addressField
		if strings.HasPrefix(string(i.Code), "OPERATOR_") {
			f = operatorField
		}
		if code, odd := oddInvoicing[i.Code]; odd {
			b.Note(code, f, "%s", i.Message)
		} else if i.Severity != finnish.Normalised {
			b.Note(finding.EInvoiceInvalid, f, "%s", i.Message)
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
	b.Set(addressField, address)
	b.Set(operatorField, operator)
}

// oddInvoicing are the findings of what is odd about e-invoice addresses and operators; all else is EINVOICE_INVALID.
var oddInvoicing = map[finnish.Code]finding.Code{
	finnish.EInvoiceIncomplete: finding.EInvoiceIncomplete, finnish.OVTOtherOrganisation: finding.EInvoiceOtherOrg,
	finnish.OperatorUnknown: finding.OperatorUnknown, finnish.OperatorCorrected: finding.ValueCorrected,
	finnish.PeppolSchemeMigrated: finding.ValueCorrected,
}

// Phone takes a telephone number as typed. One that cannot be dialled from everywhere is noted (formats contract section 7).
func (b *Builder) Phone(f customer.Field, country finnish.Country, raw string) {
	v := b.Text(f, raw)
	b.Fields.Set(f, v)
	b.CheckPhone(f, country, v)
}

// CheckPhone notes a telephone number that cannot be dialled from everywhere.
func (b *Builder) CheckPhone(f customer.Field, country finnish.Country, number string) {
	if number == "" || finnish.HoldsMask(number) {
		return // what was hidden is noted already
	}
	if _, issues := finnish.ParsePhone(country, number); len(issues) > 0 {
		b.Note(finding.PhoneNotUnderstood, f, "%s", issues[0].Message)
	}
}

// Address takes an address and says whether there was one. A country alone, which systems fill in by themselves, is none.
func (b *Builder) Address(at func(part string) customer.Field, a customer.Address) bool {
	parts := map[string]string{"name": a.Name, "line1": a.Line1, "line2": a.Line2, "postcode": a.Postcode, "city": a.City}
	empty := true
	for part, raw := range parts {
		parts[part] = OneLine(raw)
		empty = empty && parts[part] == ""
	}
	rawCountry := OneLine(a.Country)
	if empty {
		if rawCountry != "" {
			b.Keep(string(at("country")), rawCountry)
		}
		return false
	}
	country, err := finnish.ParseCountry(rawCountry)
	switch {
	case err != nil:
		b.Note(finding.CountryUnknown, at("country"), "%s", err.Error())
		b.Keep(string(at("country")), rawCountry)
	case rawCountry != "":
		b.Fields.Set(at("country"), string(country))
	}
	if err == nil && parts["postcode"] != "" {
		if code, pErr := finnish.ParsePostcode(country, parts["postcode"]); pErr == nil {
			parts["postcode"] = code
		} else {
			b.Note(finding.PostcodeInvalid, at("postcode"), "%s", pErr.Error())
		}
	}
	for _, part := range customer.AddressParts {
		if part != "country" {
			b.Set(at(part), parts[part])
		}
	}
	return true
}

// Email is the canonical form of an address, or what was given when it is not one.
func (b *Builder) Email(f customer.Field, s string) string {
	if s == "" || finnish.HoldsMask(s) {
		return s
	}
	e, err := finnish.ParseEmail(s)
	if err != nil {
		b.Note(finding.EmailInvalid, f, "%s", err.Error())
		return s
	}
	return e
}

// Emails is a list of addresses from one field, where people separate them with semicolons and commas (formats contract
// section 10), each once.
func (b *Builder) Emails(f customer.Field, s string) string {
	var list []string
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ';' || r == ',' }) {
		if e := b.Email(f, strings.TrimSpace(part)); e != "" && !slices.Contains(list, e) {
			list = append(list, e)
		}
	}
	return customer.JoinList(list)
}

// Phones is a list of telephone numbers as typed. Only the semicolon separates: other signs belong to numbers.
func (b *Builder) Phones(f customer.Field, s string) string {
	var list []string
	for part := range strings.SplitSeq(s, ";") {
		if p := strings.TrimSpace(part); p != "" && !slices.Contains(list, p) {
			b.CheckPhone(f, b.Country, p)
			list = append(list, p)
		}
	}
	return customer.JoinList(list)
}

// Keep puts a value without a canonical place into Extra, by the system's name for it, without identity codes.
func (b *Builder) Keep(name, raw string) {
	s, issues := finnish.MaskStored(Lines(raw))
	if s == "" {
		return
	}
	if len(issues) > 0 {
		b.Note(finding.HetuMasked, "", "A personal identity code stood in the field %s in %s. It was hidden here.", name, b.System)
	}
	b.Extra[name] = s
}

// Names takes a person's whole name apart: what comes after the last space is the last name, and a single word too.
func Names(name string) (first, last string) {
	if i := strings.LastIndexByte(name, ' '); i >= 0 {
		return strings.TrimSpace(name[:i]), name[i+1:]
	}
	return "", name
}
