package netvisorkyc

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/connector/netvisorkyc/api"
	"customerhub/internal/connector/record"
	"customerhub/internal/connector/rest"
	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/finnish"
	"customerhub/internal/system"
)

// Fields of what KYC says that findings name beside those that other systems show.
const (
	fieldState     customer.Field = "kyc.state"
	fieldLifecycle customer.Field = "kyc.lifecycle"
	fieldKind      customer.Field = "kyc.kind"
	fieldRevision  customer.Field = "kyc.statusRevision"
	fieldPerson    customer.Field = "kyc.contactPerson"
	fieldStatus    customer.Field = "kyc.status"
)

// maxNotes is far more than the responsibility tab shows.
const maxNotes = 20_000

// toRecord translates what KYC holds of one record. The same always gives the same, but for the time of a record that names none.
func (c *Connection) toRecord(h held) connector.Record {
	m := &mapper{kyc: customer.KYC{RiskClass: customer.RiskUnknown, Raw: map[string]string{}}, fields: customer.Fields{}, extra: map[string]string{}}
	var updated api.Text
	if h.customer != nil {
		updated = h.customer.UpdatedAt
		m.customer(h)
	} else {
		updated = h.candidate.UpdatedAt
		m.candidate(h.candidate)
	}
	m.kyc.AsOf = c.asOf(updated)
	r := connector.Record{
		ExternalID: h.String(), Fields: m.fields, Source: m.source, KYC: &m.kyc, Findings: m.findings, Extra: m.extra,
	}
	if h.customer != nil {
		// Another business ID is another legal entity, which has to be known anew (contract section 7).
		r.Fixed = []customer.Field{customer.FieldBusinessID}
	}
	return r
}

// asOf is when KYC said something. What lies in the future could never be followed by anything newer, and counts as now.
func (c *Connection) asOf(updated api.Text) time.Time {
	now := c.now()
	t, err := time.Parse(time.RFC3339, string(updated))
	if err != nil || t.After(now) {
		return now
	}
	return t
}

// mapper collects a record.
type mapper struct {
	kyc      customer.KYC
	fields   customer.Fields
	source   connector.Source
	extra    map[string]string
	findings []finding.Finding
}

// candidate takes a candidate that is none yet accepted.
func (m *mapper) candidate(a *api.Candidate) {
	m.kyc.Stage = m.word(fieldState, a.State)
	m.kyc.State = customer.KYCCandidate
	switch a.State {
	case "NEW", "INCOMPLETE", "READY", "REQUEST_SENT", "ANSWERED":
	default:
		m.kyc.State = customer.KYCUnknown
		m.unknown(fieldState, a.State, "a state of the candidate")
	}
	m.identity(a.Name, a.BusinessID, a.Source)
	m.person(a.ContactPerson)
	m.odd(a.Odd)
}

// customer takes a customer, with the candidate that it was where that was read too.
func (m *mapper) customer(h held) {
	u, a := h.customer, cmp.Or(h.candidate, &api.Candidate{})
	m.kyc.Stage = m.word(fieldLifecycle, u.Lifecycle)
	switch u.Lifecycle {
	case "ACTIVE":
		m.kyc.State = customer.KYCCustomer
	case "ENDED", "ARCHIVED":
		m.kyc.State = customer.KYCEnded
	default:
		m.kyc.State = customer.KYCUnknown
		m.unknown(fieldLifecycle, u.Lifecycle, "a state of the customer")
	}
	source := u.Source
	if source == (api.Source{}) {
		source = a.Source
	}
	m.identity(u.Name, u.BusinessID, source)
	switch u.Kind {
	case "COMPANY", "PRIVATE":
		m.fields[customer.FieldKind] = string(u.Kind)
	default:
		m.unknown(fieldKind, u.Kind, "a kind of customer")
	}
	person := u.ContactPerson
	if !person.Told { // the service speaks of contact persons of candidates only
		person = a.ContactPerson
	}
	m.person(person)
	if u.Status == nil {
		m.unknown(fieldStatus, "", "a due-diligence status")
	} else {
		m.status(u.Status, u.Kind)
	}
	if m.kyc.State == customer.KYCCustomer {
		m.interval()
	}
	if m.kyc.State == customer.KYCEnded {
		// Nothing is to be done about a relationship that has ended; what was said last stands (contract section 7).
		m.kyc.RequiresActions, m.kyc.RequiresActionsReasons = nil, nil
	}
	m.extra["customerId"] = rest.Key(u.ID)
	if on := m.day("kyc.endedOn", u.EndedOn, "a day of the end"); on != "" {
		m.extra["endedOn"] = on
	}
	m.odd(u.Odd)
}

// identity takes what tells whose record it is. It never comes in as a value (R52).
func (m *mapper) identity(name, businessID api.Text, s api.Source) {
	m.fields.Set(customer.FieldName, m.text(customer.FieldName, record.OneLine(string(name)), 500))
	if id := record.OneLine(string(businessID)); id != "" {
		switch canonical, err := finnish.ParseBusinessID(id); {
		case err == nil:
			m.fields[customer.FieldBusinessID] = string(canonical)
		case finnish.MaskIdentityCodes(id) != id:
			m.note(finding.IdentityCodeDropped, customer.FieldBusinessID,
				"The field for the business ID in Netvisor KYC holds what looks like a personal identity code. It was left out.")
		default:
			m.fields[customer.FieldBusinessID] = record.Clip(id, 50)
		}
	}
	if number := record.OneLine(string(s.CustomerNumber)); number != "" && finnish.MaskIdentityCodes(number) == number {
		m.fields[customer.FieldNumber] = record.Clip(number, 100)
	}
	if path, ok := bySource(candidates, s); ok && path[2] == string(system.Netvisor) {
		m.source = connector.Source{Kind: system.Netvisor, ExternalID: path[3], Number: m.fields[customer.FieldNumber]}
	}
}

func (m *mapper) person(p api.PersonIfTold) {
	text := func(v api.Text) string { return m.text(fieldPerson, record.OneLine(string(v)), 254) }
	m.kyc.Person = customer.KYCPerson{
		FirstName: text(p.FirstName), LastName: text(p.LastName), Email: text(p.Email), Phone: text(p.Phone), Language: text(p.Language),
	}
}

func (m *mapper) status(s *api.Status, kind api.Text) {
	k := &m.kyc
	switch s.RequiresActions {
	case "true", "false":
		k.RequiresActions = new(s.RequiresActions == "true")
	case "":
	default:
		m.unknown(customer.FieldKYCRequiresActions, s.RequiresActions, "an answer whether actions are required")
	}
	const mostReasons = 20
	for _, r := range s.RequiresActionsReasons {
		if reason := m.word("kyc.requiresActionsReasons", r); reason != "" && len(k.RequiresActionsReasons) < mostReasons {
			k.RequiresActionsReasons = append(k.RequiresActionsReasons, reason)
		}
	}
	k.LatestRiskAssessmentOn = m.day(customer.FieldKYCRiskAssessedOn, s.LatestRiskAssessmentOn, "a day of the latest risk assessment")
	k.DueDiligenceExpiresOn = m.day(customer.FieldKYCExpiresOn, s.DueDiligenceExpiresOn, "a day of the expiry of the due diligence")
	k.RiskClass = m.riskClass(s.RiskClass, kind)
	k.Notes = m.text(customer.FieldKYCNotes, record.Lines(string(s.Notes)), maxNotes)
	if n, err := strconv.ParseInt(string(s.StatusRevision), 10, 32); err == nil && n >= 0 {
		k.Revision = int(n)
	} else if s.StatusRevision != "" {
		m.unknown(fieldRevision, s.StatusRevision, "a count of its statuses")
	}
}

// riskClass is never guessed: what is not known is not a low risk.
func (m *mapper) riskClass(raw, kind api.Text) customer.RiskClass {
	switch class := customer.RiskClass(raw); {
	case class == "": // until the first assessment
	case class == customer.RiskLow && kind == "PRIVATE":
		// Of persons there are standard and high alone (contract section 9, scenario 8).
		m.raw(customer.FieldKYCRiskClass, raw)
		m.note(finding.KYCRiskImpossible, customer.FieldKYCRiskClass,
			"Netvisor KYC says that a private person has the risk class LOW, which there is not for persons. The risk class counts as not known.")
	case class == customer.RiskLow || class == customer.RiskStandard || class == customer.RiskHigh:
		return class
	default:
		m.unknown(customer.FieldKYCRiskClass, raw, "a risk class")
	}
	return customer.RiskUnknown
}

// interval notes a high risk that is to be assessed again in more than a year (contract section 1, rules from 10 July 2027 on).
func (m *mapper) interval() {
	k := &m.kyc
	from, err := time.Parse(time.DateOnly, k.LatestRiskAssessmentOn)
	if err != nil || k.RiskClass != customer.RiskHigh || k.DueDiligenceExpiresOn <= from.AddDate(1, 0, 0).Format(time.DateOnly) {
		return
	}
	m.note(finding.KYCIntervalLong, customer.FieldKYCExpiresOn,
		"The customer has the risk class HIGH and was assessed on %s, and is to be assessed again by %s only, more than a year later.",
		k.LatestRiskAssessmentOn, k.DueDiligenceExpiresOn)
}

// day takes a date; what is none is kept aside.
func (m *mapper) day(f customer.Field, raw api.Text, what string) string {
	if raw == "" {
		return ""
	}
	if _, err := time.Parse(time.DateOnly, string(raw)); err != nil {
		m.unknown(f, raw, what)
		return ""
	}
	return string(raw)
}

// word is a vendor's word, such as a state.
func (m *mapper) word(f customer.Field, raw api.Text) string {
	return m.text(f, record.OneLine(string(raw)), 100)
}

// text hides personal identity codes in a text that is kept, which may have so many characters.
func (m *mapper) text(f customer.Field, s string, most int) string {
	masked, issues := finnish.MaskStored(s)
	if len(issues) > 0 {
		m.note(finding.HetuMasked, f, "A personal identity code stood in this field in Netvisor KYC. It was hidden here.")
	}
	return record.Clip(masked, most)
}

// raw keeps a value that the hub does not know, by the last part of its field's name.
func (m *mapper) raw(f customer.Field, raw api.Text) string {
	_, name, _ := strings.Cut(string(f), ".")
	value := record.Clip(finnish.MaskIdentityCodes(record.OneLine(string(raw))), 100)
	if value != "" {
		m.kyc.Raw[name] = value
	}
	return value
}

// unknown keeps a value that the hub does not know, and notes it.
func (m *mapper) unknown(f customer.Field, raw api.Text, what string) {
	value := m.raw(f, raw)
	if value == "" {
		m.note(finding.KYCValueUnknown, f, "Netvisor KYC is expected to give %s, and does not. It counts as not known.", what)
		return
	}
	m.note(finding.KYCValueUnknown, f, "Netvisor KYC gives %s that the hub does not know: %s. It is kept as it came and counts as not known.", what, record.Clip(value, 40))
}

// odd notes a value that was not of its type.
func (m *mapper) odd(name string) {
	if name != "" {
		m.note(finding.KYCValueUnknown, customer.Field("kyc."+name), "Netvisor KYC gives something in %s that cannot be read. It was left out.", name)
	}
}

// note adds a finding; one stands for each code and field.
func (m *mapper) note(code finding.Code, f customer.Field, format string, args ...any) {
	if !slices.ContainsFunc(m.findings, func(got finding.Finding) bool { return got.Code == code && got.Field == f }) {
		m.findings = append(m.findings, finding.Finding{Code: code, Field: f, Message: fmt.Sprintf(format, args...)})
	}
}
