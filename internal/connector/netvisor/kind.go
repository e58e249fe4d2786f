package netvisor

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/customer"
	"customerhub/internal/outbound"
	"customerhub/internal/system"
)

// Names of settings and credentials.
const (
	BaseURL        = "baseUrl"
	OrganisationID = "organisationId"
	Language       = "language"
	Sender         = "sender"
	// ResponsibilityResource is an assumed extension (contract section 4.7).
	ResponsibilityResource = "responsibilityResource"

	CustomerID  = "customerId"
	CustomerKey = "customerKey"
	PartnerID   = "partnerId"
	PartnerKey  = "partnerKey"
)

const title = "Netvisor"

// Kind describes Netvisor.
func Kind() connector.Kind {
	return connector.Kind{
		Kind:       system.Netvisor,
		Title:      title,
		Reads:      reads,
		Writes:     writes,
		Refuses:    refuses,
		ShowsKYC:   showsKYC,
		OwnContact: cardKey, BesideKYC: ofTab,
		Settings: []connector.Setting{
			{
				Name: BaseURL, Title: "Address of the interface", Default: defaultURL,
				Help: "Netvisor names it when it grants access: production, or the test environment for partners. " +
					"HTTPS; plain HTTP only to this machine.",
				Valid: func(s string) error { _, err := connector.ParseBaseURL(s, defaultURL); return err },
			},
			{
				Name: OrganisationID, Title: "Business ID of the company", Valid: validOrganisationID,
				Help: "The company whose customers are read, as Netvisor knows it, with the hyphen: 1967543-8.",
			},
			{
				Name: Language, Title: "Language of Netvisor's messages", Default: "EN", Valid: validLanguage,
				Help: "FI, SE or EN. It does not change data.",
			},
			{
				Name: Sender, Title: "Name of this integration", Default: "Customer Hub", Valid: validSender,
				Help: "Shown in Netvisor's log. Letters without accents, digits, spaces and punctuation.",
			},
			{
				Name: ResponsibilityResource, Title: "Resource of the responsibility tab", Optional: true, Valid: validResource,
				Help: "Leave it empty unless Netvisor has named a resource through which the responsibility tab (Vastuullisuus) can be " +
					"read and written: none is published. With it, the due-diligence status is shown on the tab, and the tab's contact person is the customer's for due diligence.",
			},
		},
		Credentials: []connector.Setting{
			{Name: CustomerID, Title: "Customer ID", Valid: validIdentifier,
				Help: "The API identifier that a Netvisor user of the company has created. It loses its rights with that user."},
			{Name: CustomerKey, Title: "Customer key", Secret: true, Valid: validKey,
				Help: "The key shown beside the API identifier."},
			{Name: PartnerID, Title: "Partner ID", Valid: validIdentifier,
				Help: "The identifier that Netvisor has given to the software partner."},
			{Name: PartnerKey, Title: "Partner key", Secret: true, Valid: validKey,
				Help: "The key that belongs to the partner ID."},
		},
		PollEvery: 15 * time.Minute,
		Open:      open,
		Lane:      lane,
	}
}

// Connection is one Netvisor company. It lists, reads in batches, checks, writes, finds and deletes.
type Connection struct {
	base   *url.URL
	signer signer
	client *http.Client
	log    *slog.Logger
	now    func() time.Time
	// tab is the resource of the responsibility tab; empty when there is none.
	tab string
	// sales are the sales personnel, once they were needed.
	sales salesPeople
}

var (
	_ connector.Connection  = (*Connection)(nil)
	_ connector.BatchReader = (*Connection)(nil)
	_ connector.Lister      = (*Connection)(nil)
	_ connector.Checker     = (*Connection)(nil)
	_ connector.Writer      = (*Connection)(nil)
	_ connector.Finder      = (*Connection)(nil)
	_ connector.Deleter     = (*Connection)(nil)
)

// open implements Kind.Open. Its error names each setting and credential that is missing or wrong.
func open(cfg connector.Config) (connector.Connection, error) {
	k := Kind()
	settings, err := connector.ResolveSettings(k.Settings, cfg.Settings)
	credentials, err2 := connector.ResolveSettings(k.Credentials, cfg.Credentials)
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	base, err := connector.ParseBaseURL(settings[BaseURL], defaultURL)
	if err != nil {
		return nil, err
	}
	c := &Connection{
		base: base, client: cfg.Client, log: cfg.Log, now: cfg.Now, tab: settings[ResponsibilityResource],
		signer: signer{
			sender: settings[Sender], language: settings[Language], organisationID: settings[OrganisationID],
			customerID: credentials[CustomerID], customerKey: credentials[CustomerKey],
			partnerID: credentials[PartnerID], partnerKey: credentials[PartnerKey],
		},
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.client == nil {
		c.client = outbound.Client(outbound.Options{Log: c.log})
	}
	if c.now == nil {
		c.now = time.Now
	}
	return c, nil
}

// defaultURL is where the interface is (contract section 1).
const defaultURL = "https://integration.netvisor.fi"

// lane implements Kind.Lane: one call at a time into one company at one address (contract section 5, Promise 10).
func lane(settings map[string]string) string {
	address := strings.TrimSpace(settings[BaseURL])
	if address == "" {
		address = defaultURL
	}
	if u, err := connector.ParseBaseURL(address, defaultURL); err == nil {
		address = u.String()
	}
	return string(system.Netvisor) + " " + address + " " + strings.TrimSpace(settings[OrganisationID])
}

// validOrganisationID looks at the form only: companies of test environments have business IDs that nobody issued.
func validOrganisationID(s string) error {
	for i, r := range s {
		if i == 7 && r != '-' || i != 7 && (r < '0' || r > '9') {
			return errors.New("has to be a business ID with its hyphen, such as 1967543-8")
		}
	}
	if len(s) != 9 {
		return errors.New("has to be a business ID with its hyphen, such as 1967543-8")
	}
	return nil
}

func validLanguage(s string) error {
	if !slices.Contains([]string{"FI", "SE", "EN"}, s) {
		return errors.New("has to be FI, SE or EN")
	}
	return nil
}

// validSender keeps to ASCII, where the encodings that a signature may be computed in agree (contract section 1.4).
func validSender(s string) error {
	if len(s) > 100 || !connector.PrintableASCII(s) {
		return errors.New("may hold letters without accents, digits, spaces and punctuation, 100 at most")
	}
	return nil
}

func validResource(s string) error {
	name, ok := strings.CutSuffix(s, ".nv")
	if !ok || name == "" || len(name) > 50 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz") != "" {
		return errors.New("has to be small letters and .nv, such as customerresponsibility.nv")
	}
	return nil
}

func validIdentifier(s string) error {
	if len(s) > 200 || !connector.PrintableASCII(s) {
		return errors.New("may hold letters, digits and punctuation only")
	}
	return nil
}

func validKey(s string) error {
	if len(s) > 500 || !connector.PrintableASCII(s) {
		return errors.New("holds characters that no key has")
	}
	return nil
}

// readable are the field groups of the customer that a card tells.
var readable = map[customer.Group]bool{
	"number": true, "kind": true, "status": true, "name": true, "nameExtension": true, "businessId": true, "vatNumber": true,
	"buyerUnitNumber": true, "email": true, "phone": true, "language": true, "billingEmails": true, "consumerEInvoice": true,
	"einvoice": true, "billingAddress": true, "deliveryAddress": true, "responsible": true,
}

// readableOfPart are the same for offices and contacts. What can only be written (an office's invoicing e-mail, a contact
// person's title and language, and who is the default) is not here (contract section 4.6).
var readableOfPart = map[customer.Part]map[customer.Group]bool{
	customer.PartOffice: {
		customer.Present: true, "name": true, "identifier": true, "phone": true, "einvoice": true, "address": true, "active": true,
	},
	customer.PartCustom: {"value": true},
	customer.PartContact: {
		customer.Present: true, "firstName": true, "lastName": true, "phones": true, "emails": true, "office": true, "roles": true,
	},
}

// noPlace are parts of readable addresses that Netvisor has no place for: the name is the customer's own, and only the
// billing address has a second line.
var noPlace = map[customer.Field]bool{
	customer.AddressField(customer.Billing, "name"): true, customer.AddressField(customer.Delivery, "line2"): true,
	"address.name": true, "address.line2": true,
	// Which system the responsible person belongs to is the hub's to say.
	customer.FieldResponsibleSystem: true,
}

// reads implements Kind.Reads.
func reads(f customer.Field) bool {
	if part, key, name, ok := f.PartKey(); ok {
		switch {
		case key == tabKey && name == "office":
			return false // the tab's contact person belongs to none
		case part == customer.PartContact && name == "roles":
			return key == tabKey // the others are whatever the hub says
		}
		return readableOfPart[part][customer.Field(name).Group()] && !noPlace[customer.Field(name)]
	}
	return readable[f.Group()] && !noPlace[f]
}
