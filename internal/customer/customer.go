package customer

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// ID identifies a customer within the hub. It is a UUID in text form; empty means none.
type ID string

// OfficeID identifies an office of a customer.
type OfficeID string

// PersonID identifies a person, who may be a contact of several customers (R184).
type PersonID string

// Kind says whether a customer is a consumer or a company. A sole trader has a business ID too, so the business ID does
// not decide it (formats contract section 1.1).
type Kind string

// The kinds of customers.
const (
	Private Kind = "PRIVATE"
	Company Kind = "COMPANY"
)

// Status is where a customer is in its life.
type Status string

// The statuses of customers. Only ACTIVE and INACTIVE come from outside.
const (
	Active   Status = "ACTIVE"
	Inactive Status = "INACTIVE"
	Merged   Status = "MERGED"
	Erased   Status = "ERASED"
)

// Customer is one real-world customer of an organisation.
type Customer struct {
	ID ID
	// Version counts changes of canonical fields, offices, contacts and addresses included. It starts at 1.
	Version int
	// FieldVersions is the version at which a field last changed. A field that is missing has not changed since the
	// customer was created.
	FieldVersions map[Field]int
	// ChangeNo is the number of the newest change about this customer, of any kind.
	ChangeNo int

	Number string
	Kind   Kind
	Status Status
	// MergedInto is the customer that a MERGED one is now; empty for all others.
	MergedInto    ID
	Name          string
	NameExtension string
	FirstName     string
	LastName      string
	// BusinessID is NNNNNNN-C where it is valid. Reading is tolerant: an external system's odd value is kept as it is
	// and BusinessIDValid tells.
	BusinessID      string
	BusinessIDValid bool
	VATNumber       string
	// BuyerUnitNumber is the fixed buyer unit identifier (OVT) carried on invoices; it is not the e-invoice address
	// (formats contract section 3.3).
	BuyerUnitNumber string
	Email           string
	Phone           Phone
	// Language is ISO 639-1, such as fi, sv or en.
	Language         string
	BillingEmails    []string
	ConsumerEInvoice bool
	EInvoice         EInvoice
	Responsible      Responsible
	// CustomFields are values by the key of their definition, each in the canonical form of its type.
	CustomFields map[string]string

	Addresses []Address
	Offices   []Office
	Contacts  []Contact
	// KYC is what the due-diligence service said last; nil when it has said nothing, or where it is not read along. It is not the
	// customer's own: no command writes it through the customer, and no version counts it.
	KYC *KYC `json:"-"`

	CreatedAt time.Time
	UpdatedAt time.Time
}

// Responsible is who looks after a customer: a reference to a user or team of a system, for routing; never login data (crm
// contract section 3).
type Responsible struct {
	Kind       ResponsibleKind
	SystemID   string
	ExternalID string
	Name       string
}

// ResponsibleKind says whether a person or a team is responsible. Empty means that nobody is.
type ResponsibleKind string

// The kinds of who is responsible.
const (
	ResponsibleUser ResponsibleKind = "USER"
	ResponsibleTeam ResponsibleKind = "TEAM"
)

// Phone is a number as somebody typed it, and in E.164 form where it could be understood.
type Phone struct {
	Raw  string
	E164 string
}

// EInvoice is an e-invoice address with its operator. The two are a pair: both or neither.
type EInvoice struct {
	Address  string
	Operator string
	Kind     EInvoiceKind
}

// EInvoiceKind is the shape of an e-invoice address (formats contract section 3.2).
type EInvoiceKind string

// The kinds of e-invoice addresses.
const (
	OVT          EInvoiceKind = "OVT"
	IBAN         EInvoiceKind = "IBAN"
	NetServiceID EInvoiceKind = "NET_SERVICE_ID"
	Peppol       EInvoiceKind = "PEPPOL"
	OtherKind    EInvoiceKind = "OTHER"
)

// AddressKind is what an address is for.
type AddressKind string

// The kinds of addresses; a customer has at most one of each.
const (
	Billing  AddressKind = "BILLING"
	Visiting AddressKind = "VISITING"
	Delivery AddressKind = "DELIVERY"
)

// AddressKinds are all kinds in the order they are shown.
var AddressKinds = []AddressKind{Billing, Visiting, Delivery}

// Address is a postal address. Its parts win or lose together when two sides differ.
type Address struct {
	Kind     AddressKind
	Name     string
	Line1    string
	Line2    string
	Postcode string
	City     string
	// Country is ISO 3166-1 alpha-2.
	Country string
	// Derived marks a copy of the visiting address that follows its source (R78).
	Derived bool
}

// Empty says whether the address says nothing. A country alone is not an address.
func (a Address) Empty() bool {
	return a.Name == "" && a.Line1 == "" && a.Line2 == "" && a.Postcode == "" && a.City == ""
}

// Office is a place of business of a customer (toimipaikka).
type Office struct {
	ID            OfficeID
	CustomerID    ID
	Name          string
	Identifier    string
	Phone         Phone
	BillingEmails []string
	Address       Address
	EInvoice      EInvoice
	Active        bool
}

// Person is a human who is a contact of one or more customers.
type Person struct {
	ID        PersonID
	FirstName string
	LastName  string
	Language  string
	Emails    []string
	Phones    []Phone
}

// ContactRole is what a person is a contact for.
type ContactRole string

// The roles of contacts.
const (
	GeneralContact ContactRole = "GENERAL"
	KYCContact     ContactRole = "KYC"
	BillingContact ContactRole = "BILLING"
)

// Contact links a person to a customer. What differs from customer to customer stands here, not on the person.
type Contact struct {
	CustomerID ID
	Person     Person
	Roles      []ContactRole
	Title      string
	OfficeID   OfficeID
	IsDefault  bool
}

// Clone is a copy that shares nothing with c that Apply could change.
func (c *Customer) Clone() Customer {
	out := *c
	out.FieldVersions = maps.Clone(c.FieldVersions)
	out.BillingEmails = slices.Clone(c.BillingEmails)
	out.CustomFields = maps.Clone(c.CustomFields)
	out.Addresses = slices.Clone(c.Addresses)
	out.Offices = slices.Clone(c.Offices)
	out.Contacts = slices.Clone(c.Contacts)
	for i := range out.Offices {
		out.Offices[i].BillingEmails = slices.Clone(out.Offices[i].BillingEmails)
	}
	for i := range out.Contacts {
		ct := &out.Contacts[i]
		ct.Roles = slices.Clone(ct.Roles)
		ct.Person.Emails = slices.Clone(ct.Person.Emails)
		ct.Person.Phones = slices.Clone(ct.Person.Phones)
	}
	return out
}

// PersonsName is the name of a private person as it stands on invoices, in the order of the accounting: the last name first.
func PersonsName(first, last string) string {
	return strings.TrimSpace(strings.TrimSpace(last) + " " + strings.TrimSpace(first))
}
