package netvisor

import (
	"context"
	"io"
	"net/http"
	"strings"

	"customerhub/internal/connector/netvisor/api"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
)

// The responsibility tab (Vastuullisuus). Netvisor publishes no resource for it, so everything here is an assumed extension that a
// setting turns on: a resource that answers GET with the tab and takes POST in the style of the others (contract section 4.7).

// ReadKYCContact implements connector.KYCTab.
func (c *Connection) ReadKYCContact(ctx context.Context, externalID string) (customer.KYCPerson, error) {
	if c.tab == "" {
		return customer.KYCPerson{}, noTab()
	}
	id := key(externalID)
	if id == "" {
		return customer.KYCPerson{}, notFound(nil)
	}
	tab, err := c.readTab(ctx, id)
	switch {
	case fault.Is(err, fault.Rejected) && fault.Of(err).Reason == InvalidData:
		return customer.KYCPerson{}, notFound(err)
	case err != nil:
		return customer.KYCPerson{}, err
	}
	m := &mapper{}
	p := tab.ContactPerson
	return customer.KYCPerson{
		FirstName: m.personName("", p.FirstName), LastName: m.personName("", p.LastName),
		Email: m.email("", m.text("", p.Email)), Phone: m.text("", p.PhoneNumber),
	}, nil
}

func (c *Connection) readTab(ctx context.Context, id string) (api.Responsibility, error) {
	var found api.Responsibility
	_, err := c.get(ctx, c.tab, "customerid="+id, func(r io.Reader) (api.Envelope, error) {
		return api.ReadResponsibility(r, func(tab api.Responsibility) error {
			found = tab
			return nil
		})
	})
	return found, err
}

// tabForm is the message in its order.
var tabForm = []slot{
	{customer.FieldKYCRequiresActions, "requiresactions", "", 0, tabFlag},
	{customer.FieldKYCRiskAssessedOn, "latestriskassessment", "", 10, nil},
	{customer.FieldKYCExpiresOn, "duediligenceexpires", "", 10, nil},
	{customer.FieldKYCRiskClass, "riskclass", "", 0, tabRisk},
	{customer.FieldKYCNotes, "remarks", "", 2000, nil},
}

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

// WriteKYCStatus implements connector.KYCTab.
func (c *Connection) WriteKYCStatus(ctx context.Context, externalID string, set customer.Fields, transaction string) error {
	if c.tab == "" {
		return noTab()
	}
	id := key(externalID)
	if id == "" {
		return fault.New(fault.Invalid, "%q is no key of Netvisor.", externalID)
	}
	var faults fault.Errors
	message := api.Element{Name: "customerresponsibility"}
	known := 0
	for _, slot := range tabForm {
		if value, given := set[slot.field]; given {
			known++
			message.Children = append(message.Children, slot.element(value, &faults))
		}
	}
	if known != len(set) || known == 0 {
		return fault.New(fault.Invalid, "The responsibility tab has no place for some of %v.", set.Sorted())
	}
	if len(faults) > 0 {
		return faults
	}
	body, err := api.Encode(message)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "A value holds a character that cannot be sent.")
	}
	_, err = c.send(ctx, http.MethodPost, c.tab, "customerid="+id, body, transaction)
	return err
}

func noTab() error {
	return fault.New(fault.Unsupported, "The responsibility tab is not used: %s is empty.", ResponsibilityResource)
}
