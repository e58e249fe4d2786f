package netvisorkyc

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

// The service's own limit (contract section 4); a sandbox has none unless told.
const (
	RatePerMinute = 60
	RateBurst     = 20
)

const (
	defaultLogLimit   = 100_000
	defaultRetention  = 30 * 24 * time.Hour
	defaultSettle     = time.Minute
	defaultTimeout    = 10 * time.Second
	tokenGrace        = 24 * time.Hour
	idempotencyMemory = 24 * time.Hour
	minSecret         = 16
)

// retryDelays are when a webhook is tried again (contract section 6).
var retryDelays = []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 12 * time.Hour}

// Options says what a sandbox holds and how strict it is. The zero value is one organisation for which support has done nothing
// yet, without a rate limit.
type Options struct {
	// Organisations are the obliged entities served, with one integration each. None means one, invented from Seed.
	Organisations []Organisation
	// Seed makes the tokens and what is left empty of organisations, so that a restarted sandbox keeps them.
	Seed uint64

	// VerifyNetvisor checks the identifiers that were handed over, as the service would by calling Netvisor. The message is shown
	// when it is false. Nil accepts what [Settings.NetvisorAccepts] says. It is called without locks and may take its time; its
	// context ends with the sandbox.
	VerifyNetvisor func(ctx context.Context, identifiers Identifiers) (ok bool, message string)
	// Settings are the dials as they stand in the beginning; the control plane turns them. Where there is a state, that of the last
	// change counts.
	Settings Settings

	// Gate, when set, is called for every call of the service before it is answered; tests hold requests with it.
	Gate func(context.Context, Call)
	// State is a folder that keeps everything beyond a restart, both logs and the clock included; empty means memory alone. It holds
	// tokens and secrets of webhooks, and belongs to one sandbox at a time. Faults are not kept.
	State string
	// Wait waits as the faults and the latency say and returns early when the context ends; nil waits for real. It is for tests.
	Wait func(context.Context, time.Duration)
	// PublicURL is the scheme and host under which the sandbox is reached behind a proxy; the control plane answers to that host too.
	PublicURL string
	// LogLimit is how many entries each of the logs keeps: calls, effects and deliveries, oldest dropped first. Zero means 100 000.
	LogLimit int
	// Now tells the time from which the sandbox's clock starts; nil means time.Now. The clock is moved with Advance and SetClock.
	Now func() time.Time
	// Logger receives what an operator should know; nil means none.
	Logger *slog.Logger
}

// Organisation is an obliged entity. What is empty is invented.
type Organisation struct {
	// ID names it in the control plane and in Go.
	ID string
	// Name is for people only.
	Name string
	// Enabled says that support has enabled the interfaces and made the integration user already.
	Enabled bool
	// BootstrapToken is the administrator's own token, which requests credentials.
	BootstrapToken string
	// Token is an integration token that was issued before the sandbox began; empty means none was.
	Token string
}

// Identifiers are the two that Netvisor gives for the integration [public: user name and integration key].
type Identifiers struct {
	UserName       string `json:"userName"`
	IntegrationKey string `json:"integrationKey"`
}

// Credentials is what a client needs for one organisation.
type Credentials struct {
	Organisation, Name string
	// BootstrapToken is the administrator's, and Token the integration user's; the latter is empty unless the options issued it.
	BootstrapToken, Token string
}

func (o Options) withDefaults() (Options, error) {
	if o.LogLimit < 0 {
		return o, fmt.Errorf("the log limit must not be negative")
	}
	if o.LogLimit == 0 {
		o.LogLimit = defaultLogLimit
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if err := o.Settings.check(); err != nil {
		return o, err
	}
	if o.PublicURL != "" {
		u, err := url.Parse(o.PublicURL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
			return o, fmt.Errorf("public URL must be http(s)://host without path, not %q", o.PublicURL)
		}
	}
	if len(o.Organisations) == 0 {
		o.Organisations = []Organisation{{}}
	}
	o.Organisations = slices.Clone(o.Organisations)
	ids, tokens := map[string]bool{}, map[string]bool{}
	for i := range o.Organisations {
		org := &o.Organisations[i]
		if org.ID == "" {
			org.ID = inventedBusinessID(2_900_000 + int(o.Seed%9_000)*10 + i*1_000)
		}
		if org.Name == "" {
			org.Name = "Esimerkkitoimisto " + strconv.Itoa(i+1) + " Oy"
		}
		if org.BootstrapToken == "" {
			org.BootstrapToken = invented(o.Seed, "bootstrap", org.ID)
		}
		if ids[org.ID] {
			return o, fmt.Errorf("organisation %q is given twice", org.ID)
		}
		ids[org.ID] = true
		for _, token := range []string{org.BootstrapToken, org.Token} {
			if token == "" {
				continue
			}
			if len(token) < minSecret || strings.ContainsAny(token, " \t\r\n") {
				return o, fmt.Errorf("organisation %q: a token needs %d characters or more and no spaces", org.ID, minSecret)
			}
			if tokens[token] {
				return o, fmt.Errorf("organisation %q: each token must be another", org.ID)
			}
			tokens[token] = true
		}
	}
	return o, nil
}

// InventToken is a token made from a seed, for [Organisation.Token] of a sandbox that is to keep it over restarts.
func InventToken(seed uint64, what string) string { return invented(seed, "token", what) }

func invented(seed uint64, what, whose string) string {
	sum := sha256.Sum256([]byte("netvisorkyc sandbox " + strconv.FormatUint(seed, 10) + " " + what + " " + whose))
	return "kyc_" + hex.EncodeToString(sum[:20])
}
