package netvisor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limits of what one sandbox holds or accepts. They exist so that nothing a client sends can make it grow without end.
const (
	// MaxCustomers is the largest number of customers the generator can make for one company.
	MaxCustomers = 3_000_000

	defaultFreshness   = 600 * time.Second
	defaultLogLimit    = 100_000
	defaultReplayLimit = 500_000
	defaultEffectLimit = 50_000
	replayMemory       = 24 * time.Hour
)

// Options says what a sandbox holds and how strict it is. The zero value is one company with invented credentials
// and no customer but TEMP.
type Options struct {
	// Customers is how many customers to generate for each company, TEMP not counted. Zero means none.
	Customers int
	// Seed chooses the generated customers and the credentials of the default company.
	Seed uint64
	// Load is a folder of captured replies for the first company; empty means none. Every file named *.xml in it and
	// in the folders right below it is read, and recognised by its content.
	Load string
	// OddIdentityCode puts an artificial personal identity code (individual number 9xx) into the business id of one
	// generated customer in every 500, which real registers also hold.
	OddIdentityCode bool

	// Companies are the companies served. None means one, with credentials made from Seed.
	Companies []Company
	// Partner is the software partner whose identifier and key sign for all companies. Zero means one made from Seed.
	Partner Partner

	// Freshness is how far TimestampUnix may be from the clock, either way. Zero means 600 s, negative no limit.
	Freshness time.Duration
	// AllowOverlap lets requests of one company run at the same time. By default the second one fails with
	// TECHNICAL_ERROR, since Netvisor asks for one call at a time. Either way the call log marks overlaps.
	AllowOverlap bool
	// Latency is how long every admitted request waits before it is answered.
	Latency time.Duration
	// Gate, when set, is called for every admitted request before it is answered; tests hold requests with it. It
	// returns early when the context ends.
	Gate func(context.Context, Call)

	// LegacySignatures also accepts requests signed with MD5, which an absent algorithm header means, and with SHA256. They carry no
	// TimestampUnix, and their Timestamp is not compared with the clock.
	LegacySignatures bool
	// Responsibility serves customerresponsibility.nv, an assumed extension: the package comment has its shape.
	Responsibility bool
	// CustomTags are additional-information fields, the same for all companies. Where there are any, customer.nv takes customtags and
	// replyoption 4 shows them. Both shapes are assumed.
	CustomTags []CustomTag
	// CheckBusinessID makes customer.nv refuse business ids with a wrong check digit. The service's own rule is not known.
	CheckBusinessID bool
	// AllowDuplicateCodes lets two customers have one customer code; otherwise the second one fails with DUPLICATE_DATA.
	AllowDuplicateCodes bool
	// NextCode is where automatic customer numbering begins; taken codes are passed over. Zero means behind the generated customers.
	NextCode int64
	// QuietParts makes changes of offices and contact persons through the service invisible to changedsince; whether the service does so is
	// not documented.
	QuietParts bool
	// Normalise is what becomes of written values, for instance NormaliseTrim; none by default.
	Normalise []Normalisation

	// State is a folder that keeps what is written, the transaction ids and both logs beyond a restart; empty means memory alone. It
	// belongs to one seed, one number of customers and one set of companies, and to one sandbox at a time. Faults are not kept.
	State string
	// Wait waits as the faults and Latency say and returns early when the context ends; nil waits for real. It is for tests.
	Wait func(context.Context, time.Duration)

	// PublicURL is the scheme and host under which clients reach the sandbox (https://netvisor.example.test), for use
	// behind a proxy: it is the start of the signed address. Empty means http and the Host header.
	PublicURL string
	// LogLimit is how many calls the log keeps, oldest dropped first. Zero means 100 000.
	LogLimit int
	// EffectLimit is how many effects the log keeps, oldest dropped first. Zero means 50 000.
	EffectLimit int
	// ReplayLimit is how many transaction ids are remembered for each partner. Zero means 500 000.
	ReplayLimit int
	// Clock tells the time; nil means time.Now.
	Clock func() time.Time
	// Logger receives warnings about captured files; nil means none.
	Logger *slog.Logger
}

// Normalisation is something the service may do to a written value.
type Normalisation string

// The normalisations.
const (
	NormaliseTrim     Normalisation = "trim"     // surrounding and repeated spaces go
	NormaliseUpper    Normalisation = "upper"    // names and cities in capitals
	NormalisePostcode Normalisation = "postcode" // "FI-00100 " becomes "00100"
	NormalisePhone    Normalisation = "phone"    // "040 000 1234" becomes "+358400001234"
)

// Normalisations are all there are.
var Normalisations = []Normalisation{NormaliseTrim, NormaliseUpper, NormalisePostcode, NormalisePhone}

// Company is one company of the register, with the API identifier one of its users created.
type Company struct {
	// OrganisationID is the business id with hyphen. It is not checked, since samples in documentation are often wrong.
	OrganisationID string
	// Name is for people only.
	Name string
	// CustomerID and CustomerKey are the API identifier and its secret key.
	CustomerID, CustomerKey string
	// Resources are the resources the company allows to integrations, such as getcustomer.nv; others fail with
	// SERVICE_ACCESS_ERROR. Nil means all.
	Resources []string
}

// Partner is a software partner, who signs beside the company.
type Partner struct{ ID, Key string }

// Credentials is everything a client needs for one company. The keys are secrets of an invented company.
type Credentials struct {
	OrganisationID, CompanyName string
	CustomerID, CustomerKey     string
	PartnerID, PartnerKey       string
}

// withDefaults fills in what is zero and checks the rest.
func (o Options) withDefaults() (Options, error) {
	if o.Customers < 0 || o.Customers > MaxCustomers {
		return o, fmt.Errorf("customers must be between 0 and %d, not %d", MaxCustomers, o.Customers)
	}
	if o.Freshness == 0 {
		o.Freshness = defaultFreshness
	}
	if o.LogLimit == 0 {
		o.LogLimit = defaultLogLimit
	}
	if o.ReplayLimit == 0 {
		o.ReplayLimit = defaultReplayLimit
	}
	if o.EffectLimit == 0 {
		o.EffectLimit = defaultEffectLimit
	}
	if o.LogLimit < 0 || o.EffectLimit < 0 || o.ReplayLimit < 0 || o.Latency < 0 || o.NextCode < 0 {
		return o, fmt.Errorf("log limit, effect limit, replay limit, latency and next code must not be negative")
	}
	for _, n := range o.Normalise {
		if !slices.Contains(Normalisations, n) {
			return o, fmt.Errorf("unknown normalisation %q; there are %v", n, Normalisations)
		}
	}
	for _, t := range o.CustomTags {
		if err := t.check(); err != nil {
			return o, err
		}
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.PublicURL != "" {
		u, err := url.Parse(o.PublicURL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
			return o, fmt.Errorf("public URL must be http(s)://host without path, not %q", o.PublicURL)
		}
		o.PublicURL = strings.TrimRight(o.PublicURL, "/")
	}
	if o.Partner == (Partner{}) {
		o.Partner = Partner{ID: "Hub_" + invented(o.Seed, "partner id")[:8], Key: invented(o.Seed, "partner key")}
	}
	if len(o.Companies) == 0 {
		r := newRand(o.Seed, 0, streamCompany)
		o.Companies = []Company{{
			OrganisationID: businessID(r.below(businessIDs)),
			Name:           "Esimerkkiyhtiö Oy",
			CustomerID:     "HUB_" + invented(o.Seed, "customer id")[:6],
			CustomerKey:    invented(o.Seed, "customer key"),
		}}
	}
	o.Companies = slices.Clone(o.Companies)
	seen := map[string]bool{}
	for _, c := range o.Companies {
		if c.OrganisationID == "" || c.CustomerID == "" || c.CustomerKey == "" {
			return o, fmt.Errorf("company %q needs an organisation id, a customer id and a customer key", c.OrganisationID)
		}
		if seen[c.OrganisationID] {
			return o, fmt.Errorf("company %q is given twice", c.OrganisationID)
		}
		seen[c.OrganisationID] = true
		for _, name := range c.Resources {
			if _, ok := resources[strings.ToLower(name)]; !ok {
				return o, fmt.Errorf("company %q: unknown resource %q", c.OrganisationID, name)
			}
		}
	}
	if o.Partner.ID == "" || o.Partner.Key == "" {
		return o, fmt.Errorf("the partner needs an id and a key")
	}
	return o, nil
}

// invented is a 32-digit hexadecimal key made from the seed, so that a restarted sandbox keeps its credentials.
func invented(seed uint64, what string) string {
	sum := sha256.Sum256([]byte("netvisor sandbox " + strconv.FormatUint(seed, 10) + " " + what))
	return hex.EncodeToString(sum[:16])
}
