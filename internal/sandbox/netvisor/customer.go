package netvisor

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Customer is one customer as Netvisor replies it: a tree of elements, with nothing lost that a captured reply held. Values are
// read and set by Netvisor's element names, in any case; "code" and "businessId" also name InternalIdentifier and ExternalIdentifier.
// It is not safe for use by several goroutines.
type Customer struct {
	key     int64
	changed time.Time
	detail  *element // Customer of getcustomer.nv
	row     *element // Customer of customerlist.nv when one was captured; nil means derived from detail

	hidden   map[string]string // what can be written but is in no reply, by path
	tab      Responsibility
	tags     []tag
	invoiced bool
	lastPart int64 // the highest key that an office or contact person ever had

	touched bool // differs from what was generated or loaded
	quiet   bool // the change that is being made does not count as one for changedsince
}

// newCustomer is a card with nothing but its key; elements that always occur are there, empty.
func newCustomer(key int64) *Customer {
	preset := map[string]string{"NetvisorKey": strconv.FormatInt(key, 10), "IsActive": "1", "IsPrivateCustomer": "0",
		"UseCreditorReferenceNumber": "0", "TaxHandlingType": "countrygroup"}
	detail := node("Customer")
	for _, g := range layout {
		if g.fields == nil {
			continue
		}
		e := node(g.name)
		for _, name := range g.fields {
			if !slices.Contains(mayMiss, name) {
				e.children = append(e.children, leaf(name, preset[name]))
			}
		}
		detail.children = append(detail.children, e)
	}
	return &Customer{key: key, detail: detail}
}

// Key is the NetvisorKey; it never changes.
func (c *Customer) Key() int64 { return c.key }

// ChangedAt is when the customer last changed, in whole seconds.
func (c *Customer) ChangedAt() time.Time { return c.changed }

// Get is the text of a field; empty when the element is empty or not there.
func (c *Customer) Get(field string) string {
	f, ok := findField(field)
	if !ok {
		return ""
	}
	return c.detail.child(f.group).value(f.name)
}

// Has reports whether the element is there, empty or not.
func (c *Customer) Has(field string) bool {
	f, ok := findField(field)
	return ok && c.detail.child(f.group).child(f.name) != nil
}

// Set gives a field a text; an empty one leaves an empty element. An element that was missing is put at its documented place. Unknown
// fields, NetvisorKey and text that XML cannot hold are errors.
func (c *Customer) Set(field, text string) error {
	f, ok := findField(field)
	if !ok || f.name == "NetvisorKey" {
		return fmt.Errorf("unknown field %q", field)
	}
	if !valid(text) {
		return fmt.Errorf("field %q: text holds a character that XML cannot hold", field)
	}
	var attrs []attribute
	if slices.Contains(countryFields, f.name) {
		attrs = []attribute{{"type", "ISO-3166"}}
	}
	group := c.detail.ensure(f.group, groupNames)
	group.ensure(f.name, fieldNames(f.group), attrs...).text = text
	if name, listed := listNames[f.name]; listed && c.row != nil {
		c.row.ensure(name, rowNames).text = text
	}
	return nil
}

// Unset takes the element away. Unknown fields and NetvisorKey are errors.
func (c *Customer) Unset(field string) error {
	f, ok := findField(field)
	if !ok || f.name == "NetvisorKey" {
		return fmt.Errorf("unknown field %q", field)
	}
	if group := c.detail.child(f.group); group != nil {
		group.remove(f.name)
	}
	if shown := c.row.child(listNames[f.name]); shown != nil { // the list has an empty element where the card has none
		shown.text = ""
	}
	return nil
}

// WriteOnly are the values that were written by a resource but stand in no reply, such as the language of a contact person, by
// path: contactperson/100103/language.
func (c *Customer) WriteOnly() map[string]string { return maps.Clone(c.hidden) }

// Responsibility is what the responsibility tab holds.
func (c *Customer) Responsibility() Responsibility { return c.tab }

// SetResponsibility replaces what the responsibility tab holds.
func (c *Customer) SetResponsibility(r Responsibility) { c.tab = r }

// HasInvoices reports whether the customer has been invoiced, so that deletecustomer.nv refuses it.
func (c *Customer) HasInvoices() bool { return c.invoiced }

// SetHasInvoices says whether the customer has been invoiced.
func (c *Customer) SetHasInvoices(yes bool) { c.invoiced = yes }

// hide keeps a value that no reply shows; an empty one is forgotten.
func (c *Customer) hide(path, text string) {
	if text == "" {
		delete(c.hidden, path)
		return
	}
	if c.hidden == nil {
		c.hidden = map[string]string{}
	}
	c.hidden[path] = text
}

// Fields are the elements that hold text, by name, without those of offices and contact persons.
func (c *Customer) Fields() map[string]string {
	out := map[string]string{}
	for _, group := range layout {
		g := c.detail.child(group.name)
		for _, name := range group.fields {
			if v := g.value(name); v != "" {
				out[name] = v
			}
		}
	}
	return out
}

func (c *Customer) clone() *Customer {
	copied := *c
	copied.detail, copied.row = c.detail.clone(), c.row.clone()
	copied.hidden, copied.tags = maps.Clone(c.hidden), slices.Clone(c.tags)
	return &copied
}

// summary is what customerlist.nv filters by; the row itself is made only for customers that are listed.
func (c *Customer) summary() summary {
	base := c.detail.child("CustomerBaseInformation")
	s := summary{
		key: c.key, changed: c.changed,
		name: base.value("Name"), extension: base.value("NameExtension"), code: base.value("InternalIdentifier"),
		businessID: base.value("ExternalIdentifier"), email: base.value("Email"),
		groupID: base.value("CustomerGroupNetvisorKey"), groupName: base.value("CustomerGroupName"),
	}
	if c.row != nil {
		s.name, s.code, s.businessID = c.row.value("Name"), c.row.value("Code"), c.row.value("OrganisationIdentifier")
		s.row = c.row
	}
	return s
}

// summary is a customer as a row of the list.
type summary struct {
	key                                      int64
	changed                                  time.Time
	name, extension, code, businessID, email string
	groupID, groupName                       string
	uri                                      string // empty means the usual one
	old                                      bool   // in the shape of 2009-2016, without a group
	row                                      *element
}

// element is the row as sent: the captured one to the letter, else one in the documented order.
func (s summary) element() *element {
	if s.row != nil {
		return s.row
	}
	number := strconv.FormatInt(s.key, 10)
	uri := s.uri
	if uri == "" {
		uri = "https://netvisor.example.test/getcustomer.nv?id=" + number
	}
	e := node("Customer", leaf("Netvisorkey", number), leaf("Name", s.name), leaf("Code", s.code), leaf("OrganisationIdentifier", s.businessID))
	if !s.old {
		e.children = append(e.children, leaf("CustomerGroupID", s.groupID), leaf("CustomerGroupName", s.groupName))
	}
	e.children = append(e.children, leaf("Uri", uri))
	return e
}

// group is an aggregate of the card with its plain elements in reply order (Netvisor contract section 4.2).
type group struct {
	name   string
	fields []string
}

var layout = []group{
	{"CustomerBaseInformation", []string{"NetvisorKey", "InternalIdentifier", "ExternalIdentifier", "OrganizationUnitNumber",
		"CustomerGroupNetvisorKey", "CustomerGroupName", "Name", "NameExtension", "StreetAddress", "AdditionalStreetAddress", "City",
		"PostNumber", "Country", "PhoneNumber", "FaxNumber", "Email", "EmailInvoicingAddress", "HomePageUri", "IsActive", "IsPrivateCustomer"}},
	{"CustomerFinvoiceDetails", []string{"FinvoiceAddress", "FinvoiceRouterCode"}},
	{"CustomerDeliveryDetails", []string{"DeliveryName", "DeliveryStreetAddress", "DeliveryCity", "DeliveryPostNumber", "DeliveryCountry"}},
	{"CustomerContactDetails", []string{"ContactPerson", "ContactPersonEmail", "ContactPersonPhone"}},
	{"CustomerContactPersons", nil},
	{"CustomerOfficeDetails", nil},
	{"CustomerAdditionalInformation", []string{"Comment", "CustomerAgreementIdentifier", "ReferenceNumber", "UseCreditorReferenceNumber",
		"YourDefaultReference", "DefaultTextBeforeInvoiceLines", "DefaultTextAfterInvoiceLines", "DefaultPaymentTerm", "TaxHandlingType",
		"BalanceLimit", "DefaultSalesPerson", "DiscountPercentage", "PriceGroup", "FactoringAccount", "InvoicingLanguage",
		"EuStandardFinvoice", "InCollectionProhibition"}},
}

var (
	// mayMiss are the elements that occur 0..1 times.
	mayMiss = []string{"OrganizationUnitNumber", "CustomerGroupNetvisorKey", "CustomerGroupName", "Country", "DeliveryCountry", "DefaultSalesPerson",
		"DiscountPercentage", "PriceGroup", "FactoringAccount", "InvoicingLanguage", "EuStandardFinvoice", "InCollectionProhibition"}
	countryFields = []string{"Country", "DeliveryCountry", "InvoicingLanguage"}
	rowNames      = []string{"Netvisorkey", "Name", "Code", "OrganisationIdentifier", "CustomerGroupID", "CustomerGroupName", "Uri"}
	// listNames are the card's fields that the list shows, by their name there.
	listNames = map[string]string{"Name": "Name", "InternalIdentifier": "Code", "ExternalIdentifier": "OrganisationIdentifier",
		"CustomerGroupNetvisorKey": "CustomerGroupID", "CustomerGroupName": "CustomerGroupName"}
	groupNames = func() (names []string) {
		for _, g := range layout {
			names = append(names, g.name)
		}
		return names
	}()
)

type field struct{ group, name string }

func findField(name string) (field, bool) {
	switch strings.ToLower(name) {
	case "code":
		name = "InternalIdentifier"
	case "businessid":
		name = "ExternalIdentifier"
	}
	for _, g := range layout {
		for _, n := range g.fields {
			if strings.EqualFold(n, name) {
				return field{g.name, n}, true
			}
		}
	}
	return field{}, false
}

func fieldNames(groupName string) []string {
	for _, g := range layout {
		if g.name == groupName {
			return g.fields
		}
	}
	return nil
}
