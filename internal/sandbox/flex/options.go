package flex

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
	// MaxCustomers is the largest number of customers that is generated for one organisation.
	MaxCustomers = 100_000

	maxAdded             = 200_000 // customers of one organisation that are added
	maxTypes             = 100
	maxKeys              = 100
	maxWebhooks          = 10
	defaultLogLimit      = 100_000
	defaultEffectLimit   = 50_000
	defaultDeliveryLimit = 50_000
	defaultPendingLimit  = 20_000
	defaultHookPatience  = 2 * time.Second
)

// Options says what a sandbox holds and how strict it is. The zero value is one organisation with an invented key, for which the integration
// is not enabled, and no customers.
type Options struct {
	// Customers is how many customers to generate for each organisation.
	Customers int
	// Seed chooses the generated customers and the key of the default organisation.
	Seed uint64
	// Organisations are those served. None means one, with a key made from Seed.
	Organisations []Organisation

	// RatePerMinute is how many calls an organisation may make in a minute (the contract says 120); zero means any number.
	RatePerMinute int
	// Latency is how long every call waits before it is acted on.
	Latency time.Duration
	// Webhooks are the dials of what is sent to subscribers.
	Webhooks WebhookDials
	// WebhookPatience is how long a subscriber may take to answer; zero means the two seconds of the contract.
	WebhookPatience time.Duration
	// RetryScale multiplies the waits between attempts (10 s, 1 min, 5 min, 30 min, 2 h); zero means 1.
	RetryScale float64
	// InvoiceSent is told of every invoice that the people send, after it has happened; the package comment says why. It must not
	// call the sandbox's Close.
	InvoiceSent func(organisation string, c Customer)

	// State is a folder that keeps everything beyond a restart but faults; empty means memory alone. It belongs to one seed, one number of
	// customers and one set of organisations, and to one sandbox at a time.
	State string
	// KeepBodies keeps the bodies of calls in the call log, for auditors who look for what must never be sent.
	KeepBodies bool
	// LogLimit, EffectLimit and DeliveryLimit are how much of each log is kept, oldest dropped first. Zero means 100 000, 50 000 and 50 000.
	LogLimit, EffectLimit, DeliveryLimit int
	// PendingLimit is how many deliveries may wait; those beyond are dropped, and the log says so. Zero means 20 000.
	PendingLimit int

	// PublicURL is the scheme and host under which clients reach the sandbox, for use behind a proxy; the control plane answers to its host name too.
	PublicURL string
	// Clock tells the time; nil means time.Now. The sandbox's clock can be moved against it.
	Clock func() time.Time
	// Wait waits as the faults and Latency say and returns early when the context ends; nil waits for real. It is for tests.
	Wait func(context.Context, time.Duration)
	// Logger receives warnings; nil means none.
	Logger *slog.Logger
}

// Organisation is one customer organisation of Flex.
type Organisation struct {
	// ID names it in the Go methods and on the control plane; programs are known by their key.
	ID string
	// Name is for people only.
	Name string
	// Enabled says that support has switched the integration on (F4).
	Enabled bool
	// Keys are its API keys. Nil means one with all scopes, made from the seed.
	Keys []Key
	// Types are its customer types. Nil means those of the contract's examples: two with number series, and the two for Netvisor.
	Types []CustomerType
}

// Key is an API key.
type Key struct {
	// ID names it in logs; empty means one is given.
	ID     string
	Secret string
	// Scopes are what it may do; nil means all.
	Scopes []Scope
}

// Scope is something that a key may do.
type Scope string

// The scopes.
const (
	CustomersRead  Scope = "customers:read"
	CustomersWrite Scope = "customers:write"
	TypesRead      Scope = "types:read"
	Webhooks       Scope = "webhooks"
)

// Scopes are all there are.
var Scopes = []Scope{CustomersRead, CustomersWrite, TypesRead, Webhooks}

// WebhookDials make the deliveries of events worse than they have to be. The contract promises no order and no single delivery.
type WebhookDials struct {
	// Duplicate is the share of events that are delivered more than once, and Copies how many times more; zero means once.
	Duplicate float64 `json:"duplicate"`
	Copies    int     `json:"copies"`
	// Delay holds every event back, and Shuffle each by a time of its own below that, which changes their order.
	Delay   Duration `json:"delay"`
	Shuffle Duration `json:"shuffle"`
	// Lose is the share of events that are never delivered.
	Lose float64 `json:"lose"`
	// Seed chooses which events are met.
	Seed uint64 `json:"seed"`
}

func (d WebhookDials) check() error {
	switch {
	case d.Duplicate < 0 || d.Duplicate > 1 || d.Lose < 0 || d.Lose > 1:
		return fmt.Errorf("duplicate and lose must be between 0 and 1")
	case d.Copies < 0 || d.Copies > 1000:
		return fmt.Errorf("copies must be between 0 and 1000")
	case d.Delay < 0 || d.Shuffle < 0 || time.Duration(d.Delay) > maxDelay || time.Duration(d.Shuffle) > maxDelay:
		return fmt.Errorf("delay and shuffle must be between 0s and %s", maxDelay)
	}
	return nil
}

// withDefaults fills in what is zero and checks the rest.
func (o Options) withDefaults() (Options, error) {
	if o.Customers < 0 || o.Customers > MaxCustomers {
		return o, fmt.Errorf("customers must be between 0 and %d, not %d", MaxCustomers, o.Customers)
	}
	for _, n := range []struct {
		of      *int
		without int
	}{{&o.LogLimit, defaultLogLimit}, {&o.EffectLimit, defaultEffectLimit}, {&o.DeliveryLimit, defaultDeliveryLimit}, {&o.PendingLimit, defaultPendingLimit}} {
		if *n.of == 0 {
			*n.of = n.without
		}
		if *n.of < 0 {
			return o, fmt.Errorf("the limits must not be negative")
		}
	}
	if o.WebhookPatience == 0 {
		o.WebhookPatience = defaultHookPatience
	}
	if o.RetryScale == 0 {
		o.RetryScale = 1
	}
	if o.WebhookPatience < 0 {
		return o, fmt.Errorf("the webhook patience must not be negative")
	}
	if err := (Settings{RatePerMinute: o.RatePerMinute, Latency: Duration(o.Latency), RetryScale: o.RetryScale, Webhooks: o.Webhooks}).check(); err != nil {
		return o, err
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
	}
	if len(o.Organisations) == 0 {
		o.Organisations = []Organisation{{ID: "org_1", Name: "Esimerkkihuolto Oy"}}
	}
	o.Organisations = slices.Clone(o.Organisations)
	ids, secrets := map[string]bool{}, map[string]bool{}
	for i := range o.Organisations {
		g := &o.Organisations[i]
		if g.ID == "" || ids[g.ID] {
			return o, fmt.Errorf("organisation %q needs an id of its own", g.ID)
		}
		ids[g.ID] = true
		if g.Keys == nil {
			g.Keys = []Key{{Secret: invented(o.Seed, "key of "+g.ID)}}
		}
		if g.Types == nil {
			g.Types = defaultTypes()
		}
		g.Keys, g.Types = slices.Clone(g.Keys), slices.Clone(g.Types)
		for n := range g.Keys {
			k := &g.Keys[n]
			if k.ID == "" {
				k.ID = "key_" + strconv.Itoa(n+1)
			}
			if err := k.check(); err != nil {
				return o, fmt.Errorf("organisation %q: %w", g.ID, err)
			}
			if secrets[k.Secret] {
				return o, fmt.Errorf("organisation %q: key %s is also another's", g.ID, k.ID)
			}
			secrets[k.Secret] = true
		}
		if err := checkTypes(g.Types); err != nil {
			return o, fmt.Errorf("organisation %q: %w", g.ID, err)
		}
	}
	return o, nil
}

func (k *Key) check() error {
	if len(k.Secret) < 8 || strings.ContainsFunc(k.Secret, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return fmt.Errorf("key %s needs a secret of 8 or more printable characters", k.ID)
	}
	if k.Scopes == nil {
		k.Scopes = slices.Clone(Scopes)
	}
	for _, s := range k.Scopes {
		if !slices.Contains(Scopes, s) {
			return fmt.Errorf("key %s: unknown scope %q; there are %v", k.ID, s, Scopes)
		}
	}
	return nil
}

func checkTypes(types []CustomerType) error {
	ids := map[string]bool{}
	for i := range types {
		t := &types[i]
		*t = t.clone()
		if t.ID == "" || ids[t.ID] {
			return fmt.Errorf("customer type %q needs an id of its own", t.ID)
		}
		ids[t.ID] = true
		if p := t.check(); p != nil {
			return fmt.Errorf("customer type %q: %w", t.ID, p)
		}
	}
	return nil
}

// defaultTypes are a series type and one for consumers, by the split of F7, and the two that customers from Netvisor need (F8, F9, F20, F21).
func defaultTypes() []CustomerType {
	return []CustomerType{
		{ID: "ct_3", Name: "Yritysasiakas", Identifier: IdentifierCompany, NumberSeries: &NumberSeries{"F", 50001, 5},
			VisibleFields: []string{"businessId", "einvoice", "billingEmail"}, MandatoryFields: []string{"name"}},
		{ID: "ct_4", Name: "Yksityisasiakas", Identifier: IdentifierPrivate, NumberSeries: &NumberSeries{"Y", 60001, 5},
			VisibleFields: []string{"firstName", "lastName", "billingEmail", "consumerEInvoice"}, MandatoryFields: []string{"name"}},
		{ID: "ct_10", Name: "Yksityisasiakas Netvisor", Identifier: IdentifierPrivate, UsedForNetvisor: true,
			VisibleFields: []string{"firstName", "lastName", "billingEmail", "consumerEInvoice"}, MandatoryFields: []string{"name"}},
		{ID: "ct_11", Name: "Yritysasiakas Netvisor", Identifier: IdentifierCompany, UsedForNetvisor: true,
			VisibleFields: []string{"businessId", "einvoice", "billingEmail"}, MandatoryFields: []string{"name", "businessId"}},
	}
}

// invented is a hexadecimal key made from the seed, so that a restarted sandbox keeps its credentials.
func invented(seed uint64, what string) string {
	sum := sha256.Sum256([]byte("flex sandbox " + strconv.FormatUint(seed, 10) + " " + what))
	return "flex_" + hex.EncodeToString(sum[:16])
}
