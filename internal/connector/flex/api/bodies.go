package api

import "encoding/json"

// The bodies that are sent. What is nil is left out and stays as it is in Flex; what is empty clears (contract section 4, detail 4).

// Value is a text that is set, or cleared by null where it is empty.
type Value string

// MarshalJSON implements json.Marshaler.
func (v Value) MarshalJSON() ([]byte, error) {
	if v == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(v))
}

// CustomerBody makes a customer, or is the merge patch of one.
type CustomerBody struct {
	CustomerNumber *Value          `json:"customerNumber,omitempty"`
	CustomerTypeID *Value          `json:"customerTypeId,omitempty"`
	Active         *bool           `json:"active,omitempty"`
	Name           *Value          `json:"name,omitempty"`
	Name2          *Value          `json:"name2,omitempty"`
	FirstName      *Value          `json:"firstName,omitempty"`
	LastName       *Value          `json:"lastName,omitempty"`
	BusinessID     *Value          `json:"businessId,omitempty"`
	Phone          *Value          `json:"phone,omitempty"`
	Email          *Value          `json:"email,omitempty"`
	Contacts       *[]ContactBody  `json:"contacts,omitempty"`
	Visiting       *VisitingBody   `json:"visitingAddress,omitempty"`
	BillingAddress *BillingAddress `json:"billingAddress,omitempty"`
	Billing        *BillingBody    `json:"billing,omitempty"`
}

// ContactBody is a contact within the list, which is sent whole; one without an id is new.
type ContactBody struct {
	ID    string `json:"id,omitempty"`
	Name  string `json:"name"`
	Phone Value  `json:"phone"`
	Email Value  `json:"email"`
	Role  Value  `json:"role"`
}

// VisitingBody are parts of a visiting address.
type VisitingBody struct {
	Line1    *Value `json:"line1,omitempty"`
	Line2    *Value `json:"line2,omitempty"`
	Postcode *Value `json:"postcode,omitempty"`
	City     *Value `json:"city,omitempty"`
	Country  *Value `json:"country,omitempty"`
}

// BillingAddress are parts of a billing address.
type BillingAddress struct {
	Name1    *Value `json:"name1,omitempty"`
	Name2    *Value `json:"name2,omitempty"`
	Line1    *Value `json:"line1,omitempty"`
	Postcode *Value `json:"postcode,omitempty"`
	City     *Value `json:"city,omitempty"`
	Country  *Value `json:"country,omitempty"`
}

// BillingBody is how invoices are to reach the customer.
type BillingBody struct {
	Email    *[]string     `json:"email,omitempty"`
	Language *Value        `json:"language,omitempty"`
	EInvoice *EInvoiceBody `json:"einvoice,omitempty"`
}

// EInvoiceBody is an e-invoice address with its operator, or none where both are empty.
type EInvoiceBody struct {
	Address  string
	Operator string
}

// MarshalJSON implements json.Marshaler.
func (e EInvoiceBody) MarshalJSON() ([]byte, error) {
	if e == (EInvoiceBody{}) {
		return []byte("null"), nil
	}
	return json.Marshal(map[string]string{"address": e.Address, "operator": e.Operator})
}

// Subscribe asks for events.
type Subscribe struct {
	URL    string   `json:"url"`
	Secret string   `json:"secret"`
	Types  []string `json:"types"`
}

// Nothing is the body of an act that needs none.
type Nothing struct{}
