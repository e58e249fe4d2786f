package netvisor

import (
	"context"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"customerhub/internal/connector"
	"customerhub/internal/connector/netvisor/api"
	"customerhub/internal/connector/record"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/finnish"
)

// The responsibility tab (Vastuullisuus). Netvisor publishes no resource for it, so everything here is an assumed extension that a
// setting turns on: a resource that answers GET with the tabs of up to 100 customers and takes POST for one in the style of the others
// (contract section 4.7).
//
// The tab has a contact person for due diligence, who is read as a contact of the record with the role KYC, of private customers as
// well (R34, R191). The same human may be one of the record's contact persons besides: these are two contacts, since each can be
// changed and removed without the other. The due-diligence status on the tab is written and never read: it is the service's own.

// tabKey is the key of the tab's contact person, who has none in Netvisor.
const tabKey = "responsibility"

// ofTab implements Kind.BesideKYC.
func ofTab(f customer.Field) bool {
	return strings.HasPrefix(string(f), string(customer.PartContact)+"["+tabKey+"].")
}

// showsKYC implements Kind.ShowsKYC.
func showsKYC(settings map[string]string) bool {
	return strings.TrimSpace(settings[ResponsibilityResource]) != ""
}

// withTabs adds the contact persons of the tabs to records, with one call for all of them. A tab that did not come is untold: what is
// known of its contact person stands. Only what concerns the company as a whole is an error.
func (c *Connection) withTabs(ctx context.Context, records []connector.Record) error {
	if c.tab == "" {
		return nil
	}
	ids := make([]string, 0, len(records))
	for _, r := range records {
		if r.Excluded == "" {
			ids = append(ids, r.ExternalID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	tabs, err := c.readTabs(ctx, ids)
	why := "Netvisor's answer does not hold it."
	switch {
	case err == nil:
	case ctx.Err() == nil && (fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Rejected)):
		c.log.WarnContext(ctx, "responsibility tabs could not be read", "resource", c.tab, "customers", len(ids), "error", err)
		why = fault.Of(err).Message
	default:
		return err
	}
	for i := range records {
		if r := &records[i]; r.Excluded == "" {
			tab, told := tabs[r.ExternalID]
			addTab(r, tab, told, why)
		}
	}
	return nil
}

// readTabs reads the tabs of customers, by key. Of two different ones with one key neither is believed.
func (c *Connection) readTabs(ctx context.Context, ids []string) (map[string]api.Responsibility, error) {
	query := "customerids=" + strings.Join(ids, ",")
	if len(ids) == 1 {
		query = "customerid=" + ids[0]
	}
	found := make(map[string]api.Responsibility, len(ids))
	disputed := make(map[string]bool)
	_, err := c.get(ctx, c.tab, query, func(r io.Reader) (api.Envelope, error) {
		return api.ReadResponsibility(r, func(tab api.Responsibility) error {
			id := key(tab.CustomerNetvisorKey)
			if first, twice := found[id]; twice && !reflect.DeepEqual(first, tab) {
				disputed[id] = true
			}
			found[id] = tab
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	for id := range disputed {
		delete(found, id)
	}
	return found, nil
}

// addTab adds a tab's contact person to the record; one that lacks an element is not believed.
func addTab(r *connector.Record, tab api.Responsibility, told bool, why string) {
	at := func(name string) customer.Field { return customer.PartField(customer.PartContact, tabKey, name) }
	m := &mapper{Builder: record.Builder{System: title, Fields: r.Fields, Untold: r.Untold, Findings: r.Findings}}
	m.Country, _ = finnish.ParseCountry(r.Fields[billing("country")])
	p := tab.ContactPerson
	if missing := slices.Concat(tab.Missing, p.Missing); told && len(missing) > 0 {
		told, why = false, "Netvisor's answer lacks what it always gives: "+some(missing)+"."
	}
	first, last := m.personName(at("firstName"), p.FirstName), m.personName(at("lastName"), p.LastName)
	switch {
	case !told:
		m.Untold = append(m.Untold, at(customer.Present))
		m.Note(finding.ElementMissing, at(customer.Present),
			"The contact person of the responsibility tab was not told, so what the hub has of it stands. %s", why)
	case first != "" || last != "" || record.OneLine(p.Email) != "" || record.OneLine(p.PhoneNumber) != "":
		m.contact(tabKey, first, last, p.Email, p.PhoneNumber)
		m.Fields.Set(at("roles"), string(customer.KYCContact))
		if first == "" || last == "" {
			m.Note(finding.ContactNameMissing, at("lastName"), "The contact person of the responsibility tab lacks a first or a last name.")
		}
	}
	r.Untold, r.Findings = m.Untold, m.Findings
}

// statusForm are the elements of the due-diligence status in their order, personForm those of the contact person.
var (
	statusForm = []slot{
		{customer.FieldKYCRequiresActions, "requiresactions", "", 0, tabFlag},
		{customer.FieldKYCRiskAssessedOn, "latestriskassessment", "", 10, nil},
		{customer.FieldKYCExpiresOn, "duediligenceexpires", "", 10, nil},
		{customer.FieldKYCRiskClass, "riskclass", "", 0, tabRisk},
		{customer.FieldKYCNotes, "remarks", "", 2000, nil},
	}
	personForm = []slot{
		{"firstName", "firstname", "", 100, nil}, {"lastName", "lastname", "", 100, nil},
		{"emails", "email", "", 200, firstOf}, {"phones", "phonenumber", "", 80, nil},
	}
)

func tabFlag(v string) string {
	switch v {
	case "true":
		return "1"
	case "false":
		return "0"
	}
	return ""
}

// tabRisk clears a class that is not known: it is never shown as a low one.
func tabRisk(v string) string {
	if v == string(customer.RiskUnknown) {
		return ""
	}
	return strings.ToLower(v)
}

// onTab says whether a step is about the tab.
func onTab(s connector.Step) bool {
	return s.Part == "" && s.Key == connector.KYCStatus || s.Part == customer.PartContact && s.Key == tabKey
}

// writeTab is Write for the tab: the status with what differs of it (R44-R49), or the contact person, who is taken away by emptying
// every element.
func (c *Connection) writeTab(ctx context.Context, s connector.Step) error {
	id := key(s.Record)
	switch {
	case c.tab == "":
		return fault.New(fault.Unsupported, "The responsibility tab is not used: %s is empty.", ResponsibilityResource)
	case id == "":
		return fault.New(fault.Invalid, "The responsibility tab needs a customer that Netvisor has.")
	}
	message, faults := tabMessage(s)
	if len(faults) > 0 {
		return faults
	}
	body, err := api.Encode(message)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "A value holds a character that cannot be sent.")
	}
	_, err = c.send(ctx, http.MethodPost, c.tab, "customerid="+id, body, s.Transaction)
	return err
}

func tabMessage(s connector.Step) (api.Element, fault.Errors) {
	var faults fault.Errors
	root := api.Element{Name: "customerresponsibility"}
	person := api.Element{Name: "contactperson"}
	into, form, set := &root, statusForm, s.Set
	if s.Part == customer.PartContact {
		into, form = &person, personForm
	}
	if s.Remove {
		set = customer.Fields{"firstName": "", "lastName": "", "emails": "", "phones": ""}
	}
	for _, slot := range form {
		value, given := set[slot.field]
		switch {
		case !given:
		case s.Part == "":
			// What is hidden in the service's words was never on the tab, so nothing is destroyed by showing them.
			into.Children = append(into.Children, slot.plain(value, &faults))
		default:
			into.Children = append(into.Children, slot.element(value, &faults))
		}
	}
	if len(into.Children) != len(set) || len(set) == 0 {
		faults = append(faults, fault.New(fault.Invalid, "The responsibility tab has no place for some of %v.", set.Sorted()))
	}
	if s.Part == customer.PartContact {
		root.Children = []api.Element{person}
	}
	return root, faults
}
