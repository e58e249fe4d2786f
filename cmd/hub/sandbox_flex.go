package main

import (
	"context"
	"math"
	"time"

	"customerhub/internal/sandbox/flex"
)

const inventedFlexCustomers = 100

type sandboxFlex struct {
	Customers       *int          `help:"How many customers to invent; 100 unless given." placeholder:"N"`
	Seed            uint64        `help:"The seed of the invention: the same seed makes the same customers and the same key." default:"1"`
	Address         string        `help:"Where to serve." default:"127.0.0.1:8083" env:"HUB_SANDBOX_FLEX_ADDRESS"`
	Enabled         bool          `help:"Let support have enabled the integration already. Else every call is refused until somebody does, as in Flex."`
	Latency         time.Duration `help:"How long each call takes at least." default:"0s"`
	RatePerMinute   int           `help:"How many calls an organisation may make in a minute; any number unless given." placeholder:"N"`
	WebhookPatience time.Duration `help:"How long a subscriber may take to answer an event." default:"2s"`
	RetryScale      float64       `help:"Multiplies the waits between attempts to deliver an event, which are 10 s, 1 min, 5 min, 30 min and 2 h." default:"1" placeholder:"FACTOR"`
	State           string        `help:"Keep everything in this folder beyond a restart. It belongs to one seed and one number of customers." placeholder:"FOLDER" type:"path"`
	KeepBodies      bool          `help:"Keep the bodies of calls in the call log."`
}

// Validate checks the command's own flags.
func (c *sandboxFlex) Validate() error {
	switch {
	case c.Customers != nil && (*c.Customers < 0 || *c.Customers > flex.MaxCustomers):
		return usage("--customers takes 0 to %d, not %d", flex.MaxCustomers, *c.Customers)
	case c.Latency < 0 || c.Latency > time.Hour:
		return usage("--latency takes 0s to 1h, not %s", c.Latency)
	case c.RatePerMinute < 0 || c.RatePerMinute > 100_000:
		return usage("--rate-per-minute takes 0 to 100000, not %d", c.RatePerMinute)
	case c.WebhookPatience < time.Millisecond || c.WebhookPatience > time.Hour:
		return usage("--webhook-patience takes 1ms to 1h, not %s", c.WebhookPatience)
	case math.IsNaN(c.RetryScale) || c.RetryScale <= 0 || c.RetryScale > 1000:
		return usage("--retry-scale takes more than 0 and at most 1000, not %g", c.RetryScale)
	}
	return checkAddress("--address", c.Address)
}

// Run serves until interrupted.
func (c *sandboxFlex) Run(ctx context.Context, p *program) error {
	const organisation = "org_1"
	o := flex.Options{
		Customers: inventedFlexCustomers, Seed: c.Seed, RatePerMinute: c.RatePerMinute, Latency: c.Latency, WebhookPatience: c.WebhookPatience,
		RetryScale: c.RetryScale, State: c.State, KeepBodies: c.KeepBodies, Logger: p.log,
		Organisations: []flex.Organisation{{ID: organisation, Name: "Esimerkkihuolto Oy", Enabled: c.Enabled}},
	}
	if c.Customers != nil {
		o.Customers = *c.Customers
	}
	s, err := flex.New(o)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }() // Serve has closed it, unless listening did not come about
	ln, err := listen(ctx, c.Address, "--address")
	if err != nil {
		return err
	}
	base := "http://" + ln.Addr().String()
	p.printf("Admicom Flex sandbox on %s (Ctrl-C ends it)\n\n", base)
	p.printf("  baseUrl  %s\n", base)
	p.printf("  apiKey   %s\n\n", s.Key(organisation))
	p.printf("Enable the integration:  curl -s %s/_control/support -d '{\"enabled\":true}'\n", base)
	p.printf("List customers:          curl -s -H 'Authorization: Bearer %s' '%s/flex/v1/customers?limit=3'\n", s.Key(organisation), base)
	p.printf("Type in a new one:       curl -s %s/_control/customers -d '{\"name\":\"Uusi Oy\",\"customerTypeId\":\"ct_3\"}'\n", base)
	p.printf("See its calls:           curl -s %s/_control/calls\n", base)
	p.printf("See its effects:         curl -s %s/_control/effects\n", base)
	p.printf("See its webhooks go out: curl -s %s/_control/deliveries\n", base)
	p.printf("Make it fail:            curl -s %s/_control/faults -d '{\"kind\":\"status\",\"status\":503,\"times\":3}'\n", base)
	return s.Serve(ctx, ln)
}
