package api

import (
	"strings"
	"time"
)

// A field takes the element of the same name, in any case. Further rules are in tags:
//
//	attr:"name"  the attribute of that name of the struct's own element
//	wire:"text"  the text of the struct's own element
//	wire:"-"     nothing on the wire
//	occurs:"1"   an element that Netvisor always gives, empty where it has no value (contract sections 2 and 4.2)
//	wire:"missing"  the names of those of them that were not there all the same

// Envelope is what a reply says about itself.
type Envelope struct {
	// Statuses are the Status elements: OK, or FAILED and then "CATEGORY :: text". Empty when the reply had no
	// ResponseStatus, as a client has seen (contract section 3).
	Statuses []string
	// TimeStamp is the server's clock as it writes it; Time reads it.
	TimeStamp string
	// HasData says that the reply held an element with data beside the status, even an empty one.
	HasData bool
}

// OK says that the reply announces success, or announces nothing and holds data.
func (e Envelope) OK() bool {
	if len(e.Statuses) == 0 {
		return e.HasData
	}
	return strings.EqualFold(e.Statuses[0], "OK")
}

// Failed says that the reply announces an error.
func (e Envelope) Failed() bool {
	return len(e.Statuses) > 0 && strings.EqualFold(e.Statuses[0], "FAILED")
}

// Failure takes the second status apart at the first separator. The text may be missing, and so may the category
// (contract section 3).
func (e Envelope) Failure() (category, text string) {
	if len(e.Statuses) < 2 {
		return "", ""
	}
	head, tail, found := strings.Cut(e.Statuses[1], "::")
	head, tail = strings.TrimSpace(head), strings.TrimSpace(tail)
	for _, r := range head {
		if r != '_' && (r < 'A' || r > 'Z') {
			// A sentence instead of a category.
			return "", strings.TrimSpace(e.Statuses[1])
		}
	}
	if !found {
		return head, ""
	}
	return head, tail
}

// Time reads a time stamp of a reply, d.M.yyyy HH:mm:ss padded or not, as wall-clock time in loc. ok is false for anything
// else.
func Time(stamp string, loc *time.Location) (t time.Time, ok bool) {
	for _, layout := range []string{"2.1.2006 15:04:05", "2.1.2006 15.04.05", "2.1.2006 15:04", "2006-01-02T15:04:05", "2006-01-02 15:04:05"} {
		if t, err := time.ParseInLocation(layout, strings.TrimSpace(stamp), loc); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// Decimal gives a number in the form "1234.50" for the ways Netvisor writes it: comma or point, and spaces between
// thousands. ok is false when it is no number.
func Decimal(s string) (number string, ok bool) {
	var b strings.Builder
	digits, point := 0, false
	for i, r := range strings.TrimSpace(s) {
		switch {
		case r >= '0' && r <= '9':
			digits++
			b.WriteRune(r)
		case r == '-' && i == 0:
			b.WriteRune(r)
		case (r == ',' || r == '.') && !point && digits > 0:
			point = true
			b.WriteByte('.')
		case (r == ' ' || r == '\u00a0') && !point:
		default:
			return "", false
		}
	}
	return strings.TrimSuffix(b.String(), "."), digits > 0
}

// Row is a Customer of a Customerlist (contract section 4.1).
type Row struct {
	NetvisorKey            string
	Name                   string
	Code                   string
	OrganisationIdentifier string
	CustomerGroupID        string
	CustomerGroupName      string
	// URI has been seen absolute, relative and malformed. It is never followed.
	URI string
}

// Customer is a customer's card (contract section 4.2). All values are text as they came; what they mean is for package
// netvisor.
type Customer struct {
	CustomerBaseInformation       BaseInformation `occurs:"1"`
	CustomerFinvoiceDetails       Finvoice        `occurs:"1"`
	CustomerDeliveryDetails       Delivery        `occurs:"1"`
	CustomerContactDetails        CardContact     `occurs:"1"`
	CustomerContactPersons        ContactPersons
	CustomerOfficeDetails         []Office
	CustomerAdditionalInformation AdditionalInformation `occurs:"1"`

	// Unknown names the elements that this package does not know, in the order they came, as a path below Customer.
	Unknown []string `wire:"-"`
	Missing []string `wire:"missing"`
}

// BaseInformation is CustomerBaseInformation.
type BaseInformation struct {
	// NetvisorKey is missing in replies of 2009 to 2016.
	NetvisorKey string
	// InternalIdentifier is the customer number.
	InternalIdentifier string `occurs:"1"`
	// ExternalIdentifier is a business ID, a foreign VAT number, or a person's identity code: possibly personal data
	// (contract section 6.11).
	ExternalIdentifier       string `occurs:"1"`
	OrganizationUnitNumber   string
	CustomerGroupNetvisorKey string
	CustomerGroupName        string
	Name                     string `occurs:"1"`
	NameExtension            string `occurs:"1"`
	StreetAddress            string `occurs:"1"`
	// AdditionalStreetAddress is written under another name, additionaladdressline.
	AdditionalStreetAddress string `occurs:"1"`
	City                    string `occurs:"1"`
	PostNumber              string `occurs:"1"`
	Country                 string
	PhoneNumber             string `occurs:"1"`
	FaxNumber               string
	Email                   string `occurs:"1"`
	// EmailInvoicingAddress may be a list.
	EmailInvoicingAddress string `occurs:"1"`
	HomePageURI           string
	// IsActive and IsPrivateCustomer are 0 or 1.
	IsActive          string   `occurs:"1"`
	IsPrivateCustomer string   `occurs:"1"`
	Missing           []string `wire:"missing"`
}

// Finvoice is CustomerFinvoiceDetails and OfficeFinvoiceDetails.
type Finvoice struct {
	FinvoiceAddress    string   `occurs:"1"`
	FinvoiceRouterCode string   `occurs:"1"`
	Missing            []string `wire:"missing"`
}

// Delivery is CustomerDeliveryDetails.
type Delivery struct {
	DeliveryName          string `occurs:"1"`
	DeliveryStreetAddress string `occurs:"1"`
	DeliveryCity          string `occurs:"1"`
	DeliveryPostNumber    string `occurs:"1"`
	DeliveryCountry       string
	Missing               []string `wire:"missing"`
}

// CardContact is CustomerContactDetails, the card's single free-text contact.
type CardContact struct {
	ContactPerson      string   `occurs:"1"`
	ContactPersonEmail string   `occurs:"1"`
	ContactPersonPhone string   `occurs:"1"`
	Missing            []string `wire:"missing"`
}

// ContactPersons is CustomerContactPersons.
type ContactPersons struct {
	CustomerContactPerson []ContactPerson
}

// ContactPerson is CustomerContactPerson. Language, title, position and address can be written but not read.
type ContactPerson struct {
	ContactPersonID                string
	ContactPersonFirstName         string   `occurs:"1"`
	ContactPersonLastName          string   `occurs:"1"`
	ContactPersonPhoneNumber       string   `occurs:"1"`
	ContactPersonEmail             string   `occurs:"1"`
	ContactPersonOfficeNetvisorKey string   `occurs:"1"`
	Missing                        []string `wire:"missing"`
}

// Office is CustomerOfficeDetails, which is repeated without a wrapper.
type Office struct {
	OfficeNetvisorKey     string
	OfficeName            string `occurs:"1"`
	OfficePhoneNumber     string `occurs:"1"`
	OfficeTelefaxNumber   string
	OfficeIdentifier      string   `occurs:"1"`
	OfficeContactAddress  Address  `occurs:"1"`
	OfficeVisitAddress    Address  `occurs:"1"`
	OfficeFinvoiceDetails Finvoice `occurs:"1"`
	Missing               []string `wire:"missing"`
}

// Address is an address of an office.
type Address struct {
	StreetAddress string
	PostNumber    string
	City          string
	Country       string
}

// AdditionalInformation is CustomerAdditionalInformation.
type AdditionalInformation struct {
	Comment                       string
	CustomerAgreementIdentifier   string
	ReferenceNumber               string
	UseCreditorReferenceNumber    string
	YourDefaultReference          string
	DefaultTextBeforeInvoiceLines string
	DefaultTextAfterInvoiceLines  string
	DefaultPaymentTerm            Keyed
	TaxHandlingType               string
	BalanceLimit                  string
	DefaultSalesPerson            string
	DiscountPercentage            string
	PriceGroup                    string
	FactoringAccount              Keyed
	// InvoicingLanguage is FI, EN or SE.
	InvoicingLanguage       string
	EUStandardFinvoice      string
	InCollectionProhibition string
	CustomerDimensions      Dimensions
	AdditionalInformation   Receivables
	CustomTags              CustomTags
}

// CustomTags are the company's additional-information fields, which come with reply option 4. The option is documented, the
// shape is not: this one is assumed after the tags of Netvisor's invoices.
type CustomTags struct {
	Tag []Tag
}

// Tag is the value of one additional-information field.
type Tag struct {
	TagName  string
	TagValue TagValue
}

// TagValue is a value with its type: date, decimal, text or enum.
type TagValue struct {
	DataType string `attr:"datatype"`
	Text     string `wire:"text"`
}

// SalesPerson is one of the company's people who sell, in salespersonnellist.nv (contract section 4.8).
type SalesPerson struct {
	NetvisorKey string `attr:"netvisorkey"`
	FirstName   string
	LastName    string
}

// Responsibility is what the responsibility tab of a card holds. Netvisor publishes no resource for it: the whole shape is assumed
// (contract section 4.7).
type Responsibility struct {
	CustomerNetvisorKey string
	ContactPerson       TabPerson `occurs:"1"`
	Missing             []string  `wire:"missing"`
}

// TabPerson is the contact person of the responsibility tab; without any value there is none.
type TabPerson struct {
	FirstName   string   `occurs:"1"`
	LastName    string   `occurs:"1"`
	Email       string   `occurs:"1"`
	PhoneNumber string   `occurs:"1"`
	Missing     []string `wire:"missing"`
}

// Keyed is a text with the key of what it names.
type Keyed struct {
	NetvisorKey string `attr:"netvisorkey"`
	Text        string `wire:"text"`
}

// Dimensions is CustomerDimensions.
type Dimensions struct {
	Dimension []Dimension
}

// Dimension is a dimension (laskentakohde) that invoices of the customer are posted under.
type Dimension struct {
	DimensionName Keyed
	DimensionItem Keyed
}

// Receivables is AdditionalInformation, which comes with reply option 1.
type Receivables struct {
	ReceivablesManagement ReceivablesManagement
}

// ReceivablesManagement tells how the customer pays.
type ReceivablesManagement struct {
	TurnoverDays      string
	TurnoverDeviation string
}

// opaque are elements that come with reply options. Their names are known and their shape is not (contract section 4.2),
// so they are skipped without being called unknown.
var opaque = map[string]bool{
	"automationrule": true, "buyerservicecode": true, "receivablesmanagementautomationrule": true,
}
