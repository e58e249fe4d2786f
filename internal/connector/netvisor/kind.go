package netvisor

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
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

// Kind describes Netvisor.
func Kind() connector.Kind {
	return connector.Kind{
		Kind:      system.Netvisor,
		Title:     "Netvisor",
		Reads:     reads,
		Writes:    writes,
		Refuses:   refuses,
		ShowsKYC:  showsKYC,
		BesideKYC: ofTab,
		Settings: []connector.Setting{
			{
				Name: BaseURL, Title: "Address of the interface", Default: "https://integration.netvisor.fi",
				Help: "Netvisor names it when it grants access: production, or the test environment for partners. " +
					"HTTPS; plain HTTP only to this machine.",
				Valid: func(s string) error { _, err := parseBaseURL(s); return err },
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
	settings, err := resolve(k.Settings, cfg.Settings)
	credentials, err2 := resolve(k.Credentials, cfg.Credentials)
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	base, err := parseBaseURL(settings[BaseURL])
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

// resolve fills in defaults and collects what is wrong. No error holds a value.
func resolve(wanted []connector.Setting, given map[string]string) (map[string]string, error) {
	out := make(map[string]string, len(wanted))
	var errs []error
	for _, s := range wanted {
		v := strings.TrimSpace(given[s.Name])
		if v == "" {
			v = s.Default
		}
		if v == "" && s.Optional {
			continue
		}
		if v == "" {
			errs = append(errs, fmt.Errorf("%s is missing", s.Name))
		} else if err := s.Valid(v); err != nil {
			errs = append(errs, fmt.Errorf("%s %w", s.Name, err))
		}
		out[s.Name] = v
	}
	return out, errors.Join(errs...)
}

// lane implements Kind.Lane: one call at a time into one company at one address (contract section 5, Promise 10).
func lane(settings map[string]string) string {
	address := strings.TrimSpace(settings[BaseURL])
	if address == "" {
		address = "https://integration.netvisor.fi"
	}
	if u, err := parseBaseURL(address); err == nil {
		address = u.String()
	}
	return string(system.Netvisor) + " " + address + " " + strings.TrimSpace(settings[OrganisationID])
}

// parseBaseURL reads the base address into the form that lanes compare: scheme and host in lower case, without default
// port and without slash at the end.
func parseBaseURL(s string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil || u.Host == "" || u.Opaque != "" {
		return nil, errors.New("is not an address such as https://integration.netvisor.fi")
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("has to start with https://")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return nil, errors.New("has to start with https:// unless it is on this machine")
	case u.User != nil:
		return nil, errors.New("may not hold a user name or password")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("may not hold a query or a fragment")
	case !printableASCII(u.Host) || !printableASCII(u.Path) || u.RawPath != "" || strings.Contains(u.Path, " "):
		return nil, errors.New("may hold plain letters, digits and punctuation only")
	}
	if port := u.Port(); port == "443" && u.Scheme == "https" || port == "80" && u.Scheme == "http" {
		u.Host = strings.TrimSuffix(u.Host, ":"+port)
	}
	u.Path = strings.TrimRight(u.Path, "/")
	return u, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
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
	if len(s) > 100 || !printableASCII(s) {
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
	if len(s) > 200 || !printableASCII(s) {
		return errors.New("may hold letters, digits and punctuation only")
	}
	return nil
}

func validKey(s string) error {
	if len(s) > 500 || !printableASCII(s) {
		return errors.New("holds characters that no key has")
	}
	return nil
}

func printableASCII(s string) bool {
	for _, r := range s {
		if r < ' ' || r > '~' {
			return false
		}
	}
	return true
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
