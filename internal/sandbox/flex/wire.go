package flex

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"
)

// Text is a text that may be missing. The empty one is: in JSON it is null, and null and "" are read as it.
type Text string

// MarshalJSON writes null for the empty text.
func (t Text) MarshalJSON() ([]byte, error) {
	if t == "" {
		return []byte("null"), nil
	}
	return encode(string(t))
}

// UnmarshalJSON reads a text or null.
func (t *Text) UnmarshalJSON(b []byte) error {
	var s *string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	*t = ""
	if s != nil {
		*t = Text(*s)
	}
	return nil
}

// Customer is a customer as it goes over the wire (contract section 3.2).
type Customer struct {
	ID             string           `json:"id"`
	CustomerNumber string           `json:"customerNumber"`
	CustomerTypeID string           `json:"customerTypeId"`
	Active         bool             `json:"active"`
	Name           string           `json:"name"`
	Name2          Text             `json:"name2"`
	FirstName      Text             `json:"firstName"`
	LastName       Text             `json:"lastName"`
	BusinessID     Text             `json:"businessId"`
	Phone          Text             `json:"phone"`
	Email          Text             `json:"email"`
	Contacts       []Contact        `json:"contacts"`
	Visiting       *VisitingAddress `json:"visitingAddress"`
	BillingAddress *BillingAddress  `json:"billingAddress"`
	Billing        Billing          `json:"billing"`
	ExternalRefs   ExternalRefs     `json:"externalRefs"`
	// Origin is where the customer was made: USER's own are FLEX, the hub's HUB, those of other programs API [assumed].
	Origin    string    `json:"origin"`
	Revision  int64     `json:"revision"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
	UpdatedBy string    `json:"updatedBy"`
}

// Contact is a person of a customer. Its id is its own among the contacts of the one customer, and is not given again.
type Contact struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Phone Text   `json:"phone"`
	Email Text   `json:"email"`
	Role  Text   `json:"role"`
}

// VisitingAddress is where the customer is.
type VisitingAddress struct {
	Line1    Text `json:"line1"`
	Line2    Text `json:"line2"`
	Postcode Text `json:"postcode"`
	City     Text `json:"city"`
	Country  Text `json:"country"`
}

// BillingAddress is where invoices go.
type BillingAddress struct {
	Name1    Text `json:"name1"`
	Name2    Text `json:"name2"`
	Line1    Text `json:"line1"`
	Postcode Text `json:"postcode"`
	City     Text `json:"city"`
	Country  Text `json:"country"`
}

// Billing is how invoices go.
type Billing struct {
	Email    []string  `json:"email"`
	Language Text      `json:"language"`
	EInvoice *EInvoice `json:"einvoice"`
	// ConsumerEInvoice can be ordered by the consumer alone, in the own net bank (F15); no program can write it.
	ConsumerEInvoice bool `json:"consumerEInvoice"`
}

// EInvoice is an e-invoice address with its operator.
type EInvoice struct {
	Address  Text `json:"address"`
	Operator Text `json:"operator"`
}

// ExternalRefs are the customer's keys in other systems, for them to write down.
type ExternalRefs struct {
	NetvisorKey Text `json:"netvisorKey"`
}

// CustomerType is a customer type (contract section 3.1).
type CustomerType struct {
	ID string `json:"id"`
	// Name is for people.
	Name string `json:"name"`
	// Identifier is PRIVATE, COMPANY or none; it says what the customers are in Netvisor (F22).
	Identifier Text `json:"identifier"`
	// NumberSeries gives customers their numbers; nil means that a number has to be given (F9, F20).
	NumberSeries    *NumberSeries `json:"numberSeries"`
	UsedForNetvisor bool          `json:"usedForNetvisor"`
	// VisibleFields is told and has no effect here: pages hide the others, programs see them all [assumed].
	VisibleFields []string `json:"visibleFields"`
	// MandatoryFields have to be filled whenever a customer of the type is written (F7).
	MandatoryFields []string `json:"mandatoryFields"`
}

// The identifiers of customer types.
const (
	IdentifierPrivate = "PRIVATE"
	IdentifierCompany = "COMPANY"
)

// NumberSeries gives the number Prefix followed by Next, with zeros in front up to Width digits.
type NumberSeries struct {
	Prefix string `json:"prefix"`
	Next   int64  `json:"next"`
	Width  int    `json:"width"`
}

func (t CustomerType) clone() CustomerType {
	if t.NumberSeries != nil {
		t.NumberSeries = new(*t.NumberSeries)
	}
	t.VisibleFields = append([]string{}, t.VisibleFields...)
	t.MandatoryFields = append([]string{}, t.MandatoryFields...)
	return t
}

func (c Customer) clone() Customer {
	c.Contacts = append([]Contact{}, c.Contacts...)
	c.Billing.Email = append([]string{}, c.Billing.Email...)
	if c.Visiting != nil {
		c.Visiting = new(*c.Visiting)
	}
	if c.BillingAddress != nil {
		c.BillingAddress = new(*c.BillingAddress)
	}
	if c.Billing.EInvoice != nil {
		c.Billing.EInvoice = new(*c.Billing.EInvoice)
	}
	return c
}

// normalise makes one of the ways in which nothing can be said: an address without any part is none.
func (c *Customer) normalise() {
	if c.Visiting != nil && *c.Visiting == (VisitingAddress{}) {
		c.Visiting = nil
	}
	if c.BillingAddress != nil && *c.BillingAddress == (BillingAddress{}) {
		c.BillingAddress = nil
	}
	if c.Billing.EInvoice != nil && *c.Billing.EInvoice == (EInvoice{}) {
		c.Billing.EInvoice = nil
	}
	if c.Contacts == nil {
		c.Contacts = []Contact{}
	}
	c.Billing.Email = slices.DeleteFunc(append([]string{}, c.Billing.Email...), func(s string) bool { return s == "" })
}

// value is one value of a customer under the name that changedFields and the effect log use.
type value struct{ field, text string }

// values are what people and programs can change of a customer, in the order of the wire.
func (c *Customer) values() []value {
	if c == nil {
		return nil
	}
	var v VisitingAddress
	if c.Visiting != nil {
		v = *c.Visiting
	}
	var b BillingAddress
	if c.BillingAddress != nil {
		b = *c.BillingAddress
	}
	var e EInvoice
	if c.Billing.EInvoice != nil {
		e = *c.Billing.EInvoice
	}
	text := func(field string, t Text) value { return value{field, string(t)} }
	flag := func(field string, on bool) value {
		if on {
			return value{field, "true"}
		}
		return value{field, "false"}
	}
	return []value{
		{"customerNumber", c.CustomerNumber}, {"customerTypeId", c.CustomerTypeID}, flag("active", c.Active),
		{"name", c.Name}, text("name2", c.Name2), text("firstName", c.FirstName), text("lastName", c.LastName),
		text("businessId", c.BusinessID), text("phone", c.Phone), text("email", c.Email),
		{"contacts", listText(c.Contacts)},
		text("visitingAddress.line1", v.Line1), text("visitingAddress.line2", v.Line2), text("visitingAddress.postcode", v.Postcode),
		text("visitingAddress.city", v.City), text("visitingAddress.country", v.Country),
		text("billingAddress.name1", b.Name1), text("billingAddress.name2", b.Name2), text("billingAddress.line1", b.Line1),
		text("billingAddress.postcode", b.Postcode), text("billingAddress.city", b.City), text("billingAddress.country", b.Country),
		{"billing.email", listText(c.Billing.Email)}, text("billing.language", c.Billing.Language),
		text("billing.einvoice.address", e.Address), text("billing.einvoice.operator", e.Operator),
		flag("billing.consumerEInvoice", c.Billing.ConsumerEInvoice),
		text("externalRefs.netvisorKey", c.ExternalRefs.NetvisorKey),
	}
}

// listText is a list as JSON, and nothing when it is empty.
func listText[T any](list []T) string {
	if len(list) == 0 {
		return ""
	}
	b, err := encode(list)
	if err != nil {
		return "" // lists of texts can be written
	}
	return string(b)
}

// encode writes JSON as people read it: without escapes for HTML.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
