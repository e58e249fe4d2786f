package api

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"

	"customerhub/internal/connector/rest"
)

// Text is a scalar in whatever form it came. An object or a list is none.
type Text string

var errNoScalar = errors.New("it is no scalar")

// UnmarshalJSON implements json.Unmarshaler.
func (t *Text) UnmarshalJSON(b []byte) error {
	if b[0] == '{' || b[0] == '[' {
		return errNoScalar
	}
	return (*rest.Text)(t).UnmarshalJSON(b)
}

// CustomerType decides which fields people see and have to fill in Flex, and what its customers are in Netvisor (contract section 3.1).
type CustomerType struct {
	ID              Text          `json:"id"`
	Name            Text          `json:"name"`
	Identifier      Text          `json:"identifier"`
	NumberSeries    *NumberSeries `json:"numberSeries"`
	UsedForNetvisor Text          `json:"usedForNetvisor"`
	MandatoryFields []Text        `json:"mandatoryFields"`
	// Untold names what the answer left out although it always tells it, and what was not of its type.
	Untold []string `json:"-"`
}

// UnmarshalJSON implements json.Unmarshaler, tolerantly.
func (t *CustomerType) UnmarshalJSON(b []byte) (err error) {
	*t = CustomerType{}
	t.Untold, err = members(b, map[string]any{
		"id": &t.ID, "name": &t.Name, "identifier": &t.Identifier, "numberSeries": &t.NumberSeries, "usedForNetvisor": &t.UsedForNetvisor,
		"mandatoryFields": &t.MandatoryFields,
	})
	return err
}

// Whole says whether it is told what customers of the type are, and whether it is for those from Netvisor.
func (t *CustomerType) Whole() bool {
	return !slices.Contains(t.Untold, "identifier") && !slices.Contains(t.Untold, "usedForNetvisor")
}

// NumberSeries gives the customers of a type their numbers: the prefix, then the next number with zeros in front up to the width.
type NumberSeries struct {
	Prefix Text `json:"prefix"`
	Next   Text `json:"next"`
	Width  Text `json:"width"`
}

// Types is the answer with all customer types.
type Types struct {
	Items *[]CustomerType `json:"items"`
}

// Customer is a customer (contract section 3.2).
type Customer struct {
	ID, CustomerNumber, CustomerTypeID, Active Text

	Name, Name2, FirstName, LastName, BusinessID, Phone, Email Text

	Contacts       []Contact
	Visiting       Address
	BillingAddress Address
	Billing        Billing

	Origin, Revision, UpdatedAt Text
	// Untold names what the answer left out although it always tells it, and what was not of its type, as billing.email.
	Untold []string
}

// Contact is a person of a customer; its id is its own among the contacts of the one customer.
type Contact struct {
	ID    Text `json:"id"`
	Name  Text `json:"name"`
	Phone Text `json:"phone"`
	Email Text `json:"email"`
	Role  Text `json:"role"`
}

// Address is a visiting address, which has two lines, or a billing address, which has two names and one line.
type Address struct {
	Name1    Text     `json:"name1"`
	Name2    Text     `json:"name2"`
	Line1    Text     `json:"line1"`
	Line2    Text     `json:"line2"`
	Postcode Postcode `json:"postcode"`
	City     Text     `json:"city"`
	Country  Text     `json:"country"`
}

// Postcode is a postcode, which is a text. As a short JSON number it has lost the zeros that Finnish ones begin with, so that it does not count as
// told, nor does its address.
type Postcode string

// UnmarshalJSON implements json.Unmarshaler.
func (p *Postcode) UnmarshalJSON(b []byte) error {
	var t Text
	if err := json.Unmarshal(b, &t); err != nil {
		return err
	}
	const whole = 5
	if b[0] >= '0' && b[0] <= '9' && len(b) < whole {
		return rest.Broken("a postcode is a number")
	}
	*p = Postcode(t)
	return nil
}

// Billing is how invoices reach a customer. Consumer e-invoicing is between consumers and their banks; Flex tells that there is some.
type Billing struct {
	Email            []Text
	Language         Text
	EInvoice         EInvoice
	ConsumerEInvoice Text
}

// EInvoice is an e-invoice address with its operator.
type EInvoice struct {
	Address  Text `json:"address"`
	Operator Text `json:"operator"`
}

// UnmarshalJSON implements json.Unmarshaler, tolerantly.
func (c *Customer) UnmarshalJSON(b []byte) error {
	*c = Customer{}
	var err error
	if c.Untold, err = members(b, map[string]any{
		"id": &c.ID, "customerNumber": &c.CustomerNumber, "customerTypeId": &c.CustomerTypeID, "active": &c.Active,
		"name": &c.Name, "name2": &c.Name2, "firstName": &c.FirstName, "lastName": &c.LastName, "businessId": &c.BusinessID,
		"phone": &c.Phone, "email": &c.Email, "contacts": &c.Contacts, "visitingAddress": &c.Visiting, "billingAddress": &c.BillingAddress,
		"origin": &c.Origin, "revision": &c.Revision, "updatedAt": &c.UpdatedAt,
	}); err != nil {
		return err
	}
	var outer struct {
		Billing json.RawMessage `json:"billing"`
	}
	if err := json.Unmarshal(b, &outer); err != nil {
		return err
	}
	untold, err := members(outer.Billing, map[string]any{
		"email": &c.Billing.Email, "language": &c.Billing.Language, "einvoice": &c.Billing.EInvoice, "consumerEInvoice": &c.Billing.ConsumerEInvoice,
	})
	if err != nil { // something else stands there
		untold = []string{"email", "language", "einvoice", "consumerEInvoice"}
	}
	for _, name := range untold {
		c.Untold = append(c.Untold, "billing."+name)
	}
	slices.Sort(c.Untold)
	return nil
}

// members reads the members of an object, each by itself, and names those that are missing or of another type, of which nothing is taken: half
// an address is another one.
func members(b []byte, into map[string]any) (untold []string, err error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		return nil, err
	}
	for name, dst := range into {
		value, there := raw[name]
		if there && json.Unmarshal(value, dst) == nil {
			continue
		}
		reflect.ValueOf(dst).Elem().SetZero()
		untold = append(untold, name)
	}
	return untold, nil
}

// Page is a page of customers.
type Page struct {
	Items      []json.RawMessage
	NextCursor Text
}

// ReadPage reads a page. It is believed only as a whole: one that does not say whether it is the last is broken, since it would make a list
// look complete that is not.
func ReadPage(data []byte) (Page, error) {
	var p Page
	var outer map[string]json.RawMessage
	if _, err := rest.Decode(data, &outer); err != nil {
		return p, err
	}
	next, told := outer["nextCursor"]
	if json.Unmarshal(outer["items"], &p.Items) != nil || p.Items == nil || !told || json.Unmarshal(next, &p.NextCursor) != nil {
		return Page{}, rest.Broken("it is no page of a list")
	}
	return p, nil
}

// Webhook is where events are sent (contract section 7). One that does not say how it stands is active.
type Webhook struct {
	ID     Text `json:"id"`
	URL    Text `json:"url"`
	Status Text `json:"status"`
}

// Webhooks is the answer with all of them.
type Webhooks struct {
	Items *[]Webhook `json:"items"`
}

// Event is what a webhook tells, as far as it is used: a hint about one customer.
type Event struct {
	Type       Text `json:"type"`
	CustomerID Text `json:"customerId"`
}
