package flex

import (
	"errors"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/connector/flex/api"
	"customerhub/internal/connector/rest"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/finnish"
	"customerhub/internal/outbound"
	"customerhub/internal/system"
)

// Names of settings and credentials.
const (
	BaseURL      = "baseUrl"
	Organisation = "organisation"
	SendEvery    = "sendEvery"
	PrivateType  = "privateType"
	CompanyType  = "companyType"

	APIKey = "apiKey"
)

// Support is whom to ask about the integration, and who switches it on (R60).
const Support = "tuki@hillava.com"

const title = "Admicom Flex"

// Kind describes Admicom Flex. Connections that one Kind opens share what they know of customer types.
func Kind() connector.Kind {
	known := &typeCache{}
	return connector.Kind{
		Kind:    system.Flex,
		Title:   title,
		Support: Support,
		Reads:   reads,
		Writes:  writes,
		Refuses: refuses,
		Receive: receive,
		// F9, F18
		NeedsNumber: true, ExportsIntoEmpty: true,
		// F2, F3: what Netvisor says stands in the hub, and so against Flex (R55, R58).
		Flow: system.Flow{Direction: system.Both, Master: system.MasterHub},
		// F11, F12
		VisitingOffice: true,
		Settings: []connector.Setting{
			{
				Name: BaseURL, Title: "Address of the interface",
				Help:  "Flex support names it when it enables the integration (" + Support + "). HTTPS; plain HTTP only to this machine.",
				Valid: func(s string) error { _, err := connector.ParseBaseURL(s, exampleURL); return err },
			},
			{
				Name: Organisation, Title: "Organisation in Flex", Valid: validName,
				Help: "What the organisation is called in Flex. It tells integrations apart; the API key decides which one is reached.",
			},
			{
				Name: SendEvery, Title: "How often changes of other systems are sent", Default: "15m", Valid: validEvery,
				Help: "At the full multiples of this time in the day, such as 15m for each quarter of an hour; 0s sends each at once. What people change in the hub is always sent at once.",
			},
			{
				Name: PrivateType, Title: "Customer type for private customers from Netvisor", Optional: true, Valid: validID,
				Help: "The id of the type, such as ct_10. Leave it empty where one type alone has the identifier PRIVATE and is used for Netvisor.",
			},
			{
				Name: CompanyType, Title: "Customer type for companies from Netvisor", Optional: true, Valid: validID,
				Help: "The id of the type, such as ct_11. Leave it empty where one type alone has the identifier COMPANY and is used for Netvisor.",
			},
		},
		Credentials: []connector.Setting{
			{Name: APIKey, Title: "API key", Secret: true, Valid: validKey,
				Help: "The key of the organisation with the scopes customers:read, customers:write, types:read and webhooks. Support: " + Support + "."},
		},
		PollEvery: time.Hour, WriteEvery: writeEvery,
		Open: func(cfg connector.Config) (connector.Connection, error) { return open(cfg, known) },
		Lane: lane,
	}
}

// Connection is the integration of one organisation. It lists, reads in batches, checks, writes, finds and sends messages.
type Connection struct {
	service *rest.Service
	key     string
	log     *slog.Logger
	now     func() time.Time

	// private and company are the settings for the types of customers from Netvisor; empty where the identifiers tell.
	private, company string
	types            *typeCache
	// last is the customer that was read last: what the caller decides is decided about that revision of it.
	last *api.Customer
	// listed is what was listed last, and place where that list goes on for the next batch.
	listed url.Values
	place  string
}

var (
	_ connector.Connection  = (*Connection)(nil)
	_ connector.BatchReader = (*Connection)(nil)
	_ connector.Lister      = (*Connection)(nil)
	_ connector.Checker     = (*Connection)(nil)
	_ connector.Writer      = (*Connection)(nil)
	_ connector.Finder      = (*Connection)(nil)
	_ connector.Subscriber  = (*Connection)(nil)
	_ connector.Numberer    = (*Connection)(nil)
	_ connector.Retracer    = (*Connection)(nil)
)

// open implements Kind.Open. Its error names each setting and credential that is missing or wrong, and no value.
func open(cfg connector.Config, known *typeCache) (connector.Connection, error) {
	k := Kind()
	settings, err := connector.ResolveSettings(k.Settings, cfg.Settings)
	credentials, err2 := connector.ResolveSettings(k.Credentials, cfg.Credentials)
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	base, err := connector.ParseBaseURL(settings[BaseURL], exampleURL)
	if err != nil {
		return nil, err
	}
	c := &Connection{
		key: credentials[APIKey], log: cfg.Log, now: cfg.Now, private: settings[PrivateType], company: settings[CompanyType], types: known,
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.now == nil {
		c.now = time.Now
	}
	c.service = &rest.Service{
		Name: title, Support: Support, Setting: BaseURL, Base: base, Prefix: prefix, Client: cfg.Client, Now: c.now, ByCode: byCode,
		Secrets: []string{c.key},
		// Flex allows 120 calls in any minute (contract section 7, [assumed]); this leaves room for calls that went before.
		Pace: &rest.Pace{AtOnce: 12, Every: 600 * time.Millisecond},
	}
	if c.service.Client == nil {
		c.service.Client = outbound.Client(outbound.Options{Log: c.log})
	}
	return c, nil
}

// prefix is where the interface begins (contract section 7, [assumed]).
const prefix = "/flex/v1"

// exampleURL shows what an address looks like; there is no public one.
const exampleURL = "https://flex.example.test"

// Codes of Flex's errors (contract section 7) that mean more than their HTTP status.
const (
	NotEnabled   = "INTEGRATION_NOT_ENABLED"
	ScopeMissing = "SCOPE_MISSING" // in no table of the contract: a key without the right
	NumberInUse  = "NUMBER_IN_USE"
)

// byCode is what a code means where its HTTP status alone does not tell.
var byCode = map[string]fault.Code{
	// Of a new customer: somebody has the number by now, and who that is has to be looked at. Of one that is there, write.go says otherwise.
	NumberInUse: fault.Stale,
}

// lane implements Kind.Lane: one call at a time into one integration, whose rate limit it is (Promise 10).
func lane(settings map[string]string) string {
	address := strings.TrimSpace(settings[BaseURL])
	if u, err := connector.ParseBaseURL(address, exampleURL); err == nil {
		address = u.String()
	}
	return string(system.Flex) + " " + address + " " + strings.TrimSpace(settings[Organisation])
}

// writeEvery implements Kind.WriteEvery (F6).
func writeEvery(settings map[string]string) time.Duration {
	every, err := time.ParseDuration(settings[SendEvery])
	if err != nil {
		return 15 * time.Minute
	}
	return every
}

func validEvery(s string) error {
	if every, err := time.ParseDuration(s); err != nil || every < 0 || every > time.Hour || every > 0 && (every < time.Second || time.Hour%every != 0) {
		return errors.New("has to be a time that an hour is a multiple of, such as 15m, or 0s")
	}
	return nil
}

func validName(s string) error {
	if len(s) > 200 || customer.CheckText(s) != nil {
		return errors.New("may hold 200 characters at most, and none that cannot be seen")
	}
	return nil
}

func validID(s string) error {
	if rest.Key(rest.Text(s)) == "" {
		return errors.New("may hold letters, digits, underscores and hyphens only")
	}
	return nil
}

func validKey(s string) error {
	if len(s) > 500 || !connector.PrintableASCII(s) || strings.Contains(s, " ") {
		return errors.New("holds characters that no key has")
	}
	return nil
}

// groups are the field groups that Flex and the hub have in common (contract section 4), and groupsOfContact those of a contact.
var (
	groups = []customer.Group{
		"number", "kind", "status", "name", "nameExtension", "firstName", "lastName", "businessId", "phone", "email", "visitingAddress",
		"billingAddress", "billingEmails", "einvoice", "language",
	}
	groupsOfContact = []string{customer.Present, "firstName", "lastName", "phones", "emails", "title"}
)

// reads implements Kind.Reads. That a customer has consumer e-invoicing is told and cannot be written (F15).
func reads(f customer.Field) bool { return f == customer.FieldConsumerEInvoice || writes(f) }

// writes implements Kind.Writes. A visiting address has no name.
func writes(f customer.Field) bool {
	if part, _, name, ok := f.PartKey(); ok {
		return part == customer.PartContact && slices.Contains(groupsOfContact, name)
	}
	return slices.Contains(groups, f.Group()) && f != customer.AddressField(customer.Visiting, "name")
}

// refuses implements Kind.Refuses: no e-invoice address travels without a valid business ID (F14, R83), and Flex takes no business ID that
// cannot be right, of customers who are not all abroad [assumed].
func refuses(ours customer.Fields) (out []finding.Finding) {
	id := ours[customer.FieldBusinessID]
	valid := finnish.ValidBusinessID(id)
	if id != "" && !valid && !abroad(ours) {
		out = append(out, finding.Finding{
			Code: finding.BusinessIDNotSent, Field: customer.FieldBusinessID,
			Message: "The business ID cannot be right, and Admicom Flex takes none of these. The hub keeps it and does not send it.",
		})
	}
	if ours[customer.FieldEInvoiceAddress] != "" && !valid {
		out = append(out, finding.Finding{
			Code: finding.EInvoiceNotSent, Field: customer.FieldEInvoiceAddress,
			Message: "An e-invoice address is transferred to Admicom Flex with a valid business ID only, and the customer has none. " +
				"The hub keeps the address and does not send it.",
		})
	}
	if (ours[customer.FieldEInvoiceAddress] == "") != (ours[customer.FieldEInvoiceOperator] == "") {
		out = append(out, finding.Finding{
			Code: finding.EInvoiceIncomplete, Field: customer.FieldEInvoiceOperator,
			Message: "An e-invoice address and its operator go together in Admicom Flex, and one of them is missing. The hub keeps what there is and does not send it.",
		})
	}
	return out
}

// abroad says whether all countries of a customer are others than Finland.
func abroad(ours customer.Fields) bool {
	out := false
	for _, kind := range []customer.AddressKind{customer.Visiting, customer.Billing} { // of which alone Flex knows
		switch ours[customer.AddressField(kind, "country")] {
		case "":
		case "FI":
			return false
		default:
			out = true
		}
	}
	return out
}
