package netvisor

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"customerhub/internal/connector/netvisor/api"
	"customerhub/internal/connector/record"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
)

// additional is the reply option that brings additional-information fields (contract section 4.2).
const additional = "&replyoption=4"

// tags takes the additional-information fields of a card as custom fields. What each of them is in the hub is the hub's to
// say; here a value gets its canonical form by the type that Netvisor names.
func (m *mapper) tags(list []api.Tag) {
	for _, t := range list {
		name := record.OneLine(t.TagName)
		key := customer.CustomFieldKey(name)
		f := customer.CustomValueField(key)
		switch {
		case name == "" && record.OneLine(t.TagValue.Text) == "":
			continue
		case key == "":
			m.Note(finding.RecordUnreadable, "custom", "An additional field without a usable name could not be taken.")
			continue
		case slices.ContainsFunc(m.custom, func(c customer.CustomField) bool { return c.Key == key }):
			m.Note(finding.RecordUnreadable, f, "The additional field %s stands twice on the card; the first one counts.", name)
			continue
		}
		kind, value := customer.TextField, m.Text(f, t.TagValue.Text)
		switch strings.ToLower(strings.TrimSpace(t.TagValue.DataType)) {
		case "date":
			kind, value = customer.DateField, isoDate(value)
		case "decimal":
			kind, value = customer.DecimalField, decimal(value)
		case "enum":
			kind = customer.EnumField
		}
		m.custom = append(m.custom, customer.CustomField{Key: key, SourceID: name, Type: kind})
		m.Fields.Set(f, value)
	}
}

// isoDate is a date as YYYY-MM-DD for the ways Netvisor writes it, or what was given when it is none.
func isoDate(s string) string {
	for _, layout := range []string{time.DateOnly, "2.1.2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Format(time.DateOnly)
		}
	}
	return s
}

// responsible takes the sales person of a card as who is responsible for the customer. The card names a person, the list of
// sales personnel has the keys; of two with the same name neither is meant.
func (m *mapper) responsible(name string, people salesPeople) {
	if name = m.Text(customer.FieldResponsibleName, name); name == "" {
		return
	}
	m.Fields.Set(customer.FieldResponsibleKind, string(customer.ResponsibleUser))
	m.Fields.Set(customer.FieldResponsibleName, name)
	m.Fields.Set(customer.FieldResponsibleExternalID, people[name])
}

// salesPeople are the keys of the company's sales personnel by name; an empty one is of a name that several have.
type salesPeople map[string]string

// people gives the sales personnel, asked for once in the life of a connection and only when a card names one. A company that
// does not grant the resource has names without keys.
func (c *Connection) people(ctx context.Context, named bool) (salesPeople, error) {
	if c.sales != nil || !named {
		return c.sales, nil
	}
	found := salesPeople{}
	_, err := c.get(ctx, "salespersonnellist.nv", "", func(r io.Reader) (api.Envelope, error) {
		return api.ReadSalesPeople(r, func(p api.SalesPerson) error {
			if len(found) >= maxSalesPeople {
				return fmt.Errorf("more than %d sales persons", maxSalesPeople)
			}
			name := strings.TrimSpace(record.OneLine(p.FirstName) + " " + record.OneLine(p.LastName))
			k := key(p.NetvisorKey)
			if other, twice := found[name]; twice && other != k {
				k = ""
			}
			found[name] = k
			return nil
		})
	})
	switch {
	case fault.Is(err, fault.Denied) && fault.Of(err).Reason == ServiceAccessError,
		fault.Is(err, fault.Unavailable) && fault.Of(err).Reason == "NOT_A_REPLY":
		c.log.InfoContext(ctx, "sales personnel cannot be read; persons responsible have no keys", "code", fault.CodeOf(err))
		found = salesPeople{}
	case err != nil:
		return nil, err
	}
	c.sales = found
	return found, nil
}

const maxSalesPeople = 100_000

// named says whether any of the cards names a sales person.
func named(cards ...api.Customer) bool {
	return slices.ContainsFunc(cards, func(c api.Customer) bool {
		return record.OneLine(c.CustomerAdditionalInformation.DefaultSalesPerson) != ""
	})
}
