package netvisorkyc

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/connector/rest"
	"customerhub/internal/customer"
	"customerhub/internal/outbound"
	"customerhub/internal/system"
)

// Names of settings and credentials.
const (
	BaseURL               = "baseUrl"
	OrganisationID        = "organisationId"
	OnlyWithContactPerson = connector.OnlyWithContactPerson

	Token           = "token"
	ActivationToken = "activationToken"
)

// Support is whom to ask about the integration (R7).
const Support = "tuki.kyc@visma.com"

// Kind describes Netvisor KYC.
func Kind() connector.Kind {
	return connector.Kind{
		Kind:    system.NetvisorKYC,
		Title:   "Netvisor KYC",
		Support: Support,
		Reads:   reads,
		Writes:  writes,
		Keeps:   keeps,
		From:    system.Netvisor,
		// The records are made from another's: the hub writes them and takes nothing in.
		Flow:    system.Flow{Direction: system.Out, Master: system.MasterHub},
		Scope:   scope,
		Receive: receive,
		// R14-R25
		Activates: true,
		Settings: []connector.Setting{
			{
				Name: BaseURL, Title: "Address of the interface",
				Help:  "KYC support names it when it enables the interfaces (" + Support + "). HTTPS; plain HTTP only to this machine.",
				Valid: validBaseURL,
			},
			{
				Name: OrganisationID, Title: "Business ID of the organisation that uses KYC", Valid: validOrganisationID,
				Help: "The obliged entity whose integration this is, with the hyphen: 1967543-8. It tells integrations apart; the credential decides " +
					"which one is reached.",
			},
			{
				Name: OnlyWithContactPerson, Title: "Only customers with a contact person", Default: "false", Valid: validFlag,
				Help: "true or false. With true, a company comes into KYC once it has a contact person for due diligence in Netvisor or here.",
			},
		},
		Credentials: []connector.Setting{
			{Name: Token, Title: "Credential of the integration user", Secret: true, Optional: true, Valid: validToken,
				Help: "The credential that KYC shows once when it is requested under Maintenance. The hub can request it with the administrator's token."},
			{Name: ActivationToken, Title: "Administrator's token", Secret: true, Optional: true, Valid: validToken,
				Help: "Used for requesting the credential of the integration user, and for nothing else. It can be taken away afterwards."},
		},
		PollEvery: time.Minute, SourceEvery: 2 * time.Minute,
		Open: open,
		Lane: lane,
	}
}

// Connection is the integration of one organisation. It lists, reads in batches, checks, writes, finds, deletes, is activated and sends
// messages.
type Connection struct {
	service      *rest.Service
	token, admin string
	log          *slog.Logger
	now          func() time.Time
	// seen is what the lists said a moment ago; nil when that was not asked.
	seen *snapshot
}

var (
	_ connector.Connection  = (*Connection)(nil)
	_ connector.BatchReader = (*Connection)(nil)
	_ connector.Lister      = (*Connection)(nil)
	_ connector.Checker     = (*Connection)(nil)
	_ connector.Writer      = (*Connection)(nil)
	_ connector.Finder      = (*Connection)(nil)
	_ connector.Deleter     = (*Connection)(nil)
	_ connector.Activator   = (*Connection)(nil)
	_ connector.Subscriber  = (*Connection)(nil)
	_ connector.Scoper      = (*Connection)(nil)
)

// open implements Kind.Open. Its error names each setting and credential that is missing or wrong, and no value.
func open(cfg connector.Config) (connector.Connection, error) {
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
	c := &Connection{token: credentials[Token], admin: credentials[ActivationToken], log: cfg.Log, now: cfg.Now}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.now == nil {
		c.now = time.Now
	}
	c.service = &rest.Service{
		Name: "Netvisor KYC", Support: Support, Setting: BaseURL, Base: base, Prefix: prefix, Client: cfg.Client, Now: c.now, ByCode: byCode,
		Secrets: []string{c.token, c.admin},
		// KYC allows 60 calls a minute, 20 of them at once (contract section 4); this leaves room for calls that went before.
		Pace: &rest.Pace{AtOnce: 16, Every: 1100 * time.Millisecond},
	}
	if c.service.Client == nil {
		c.service.Client = outbound.Client(outbound.Options{Log: c.log})
	}
	return c, nil
}

// validBaseURL refuses an address that has what the hub adds to it.
func validBaseURL(s string) error {
	u, err := connector.ParseBaseURL(s, exampleURL)
	if err == nil && strings.HasSuffix(u.Path, prefix) {
		return errors.New("is named without " + prefix + ", which the hub adds")
	}
	return err
}

// exampleURL shows what an address looks like; there is no public one.
const exampleURL = "https://kyc.example.test"

// lane implements Kind.Lane: one call at a time into one integration, whose rate limit it is (contract section 4, Promise 10).
func lane(settings map[string]string) string {
	address := strings.TrimSpace(settings[BaseURL])
	if u, err := connector.ParseBaseURL(address, exampleURL); err == nil {
		address = u.String()
	}
	return string(system.NetvisorKYC) + " " + address + " " + strings.TrimSpace(settings[OrganisationID])
}

// validOrganisationID looks at the form only: organisations of test environments have business IDs that nobody issued.
func validOrganisationID(s string) error {
	digits := strings.Replace(s, "-", "", 1)
	if len(s) != 9 || s[7] != '-' || len(digits) != 8 || strings.Trim(digits, "0123456789") != "" {
		return errors.New("has to be a business ID with its hyphen, such as 1967543-8")
	}
	return nil
}

func validFlag(s string) error {
	if s != "true" && s != "false" {
		return errors.New("has to be true or false")
	}
	return nil
}

func validToken(s string) error {
	if len(s) > 2000 || !connector.PrintableASCII(s) || strings.Contains(s, " ") {
		return errors.New("holds characters that no token has")
	}
	return nil
}

// reads implements Kind.Reads: master data never comes in from KYC (R52). What a record holds of it is for telling whose it is.
func reads(customer.Field) bool { return false }

// writes implements Kind.Writes (contract section 5).
func writes(f customer.Field) bool { return slices.Contains(written, f) }

// keeps implements Kind.Keeps: a contact person completed in KYC stays there (R32, contract section 5, note 1).
func keeps(f customer.Field) bool { return slices.Contains(contactFields, f) }

// contactFields are the fields of the contact person, which go together.
var contactFields = []customer.Field{
	customer.FieldKYCContactFirstName, customer.FieldKYCContactLastName, customer.FieldKYCContactEmail,
	customer.FieldKYCContactPhone, customer.FieldKYCContactLanguage,
}
