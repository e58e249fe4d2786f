package main

import (
	"context"
	"errors"
	"time"

	"customerhub/internal/sandbox/netvisor"
)

// sandboxCommand runs simulated external systems.
type sandboxCommand struct {
	Netvisor sandboxNetvisor `cmd:"" help:"A simulated Netvisor: real HTTP, real signatures, invented customers."`
}

// sandboxData is what a simulated Netvisor holds.
type sandboxData struct {
	Customers *int   `help:"How many customers to invent; 250 when none are loaded, else none." placeholder:"N"`
	Seed      uint64 `help:"The seed of the invention: the same seed makes the same customers." default:"1"`
	Load      string `help:"Serve captured replies: every .xml file of the folder, recognised by its content." placeholder:"FOLDER" type:"path"`
}

// Validate refuses what no sandbox can hold.
func (s sandboxData) Validate() error {
	if s.Customers != nil && (*s.Customers < 0 || *s.Customers > netvisor.MaxCustomers) {
		return usage("--customers takes 0 to %d, not %d", netvisor.MaxCustomers, *s.Customers)
	}
	return checkFolder("--load", s.Load)
}

const inventedCustomers = 250

func (s sandboxData) options(p *program) netvisor.Options {
	o := netvisor.Options{Seed: s.Seed, Load: s.Load, Logger: p.log}
	switch {
	case s.Customers != nil:
		o.Customers = *s.Customers
	case s.Load == "":
		o.Customers = inventedCustomers
	}
	return o
}

type sandboxNetvisor struct {
	sandboxData
	Address string        `help:"Where to serve." default:"127.0.0.1:8081" env:"HUB_SANDBOX_NETVISOR_ADDRESS"`
	Latency time.Duration `help:"How long each call takes at least." default:"0s"`
}

// Validate checks the command's own flags.
func (c *sandboxNetvisor) Validate() error {
	if c.Latency < 0 || c.Latency > time.Hour {
		return usage("--latency takes 0s to 1h, not %s", c.Latency)
	}
	return errors.Join(checkAddress("--address", c.Address), c.sandboxData.Validate())
}

// Run serves until interrupted.
func (c *sandboxNetvisor) Run(ctx context.Context, p *program) error {
	o := c.options(p)
	o.Latency = c.Latency
	s, err := netvisor.New(o)
	if err != nil {
		return err
	}
	ln, err := listen(ctx, c.Address, "--address")
	if err != nil {
		return err
	}
	base := "http://" + ln.Addr().String()
	credentials, _ := s.Credentials("")
	p.printf("Netvisor sandbox on %s (Ctrl-C ends it)\n\n", base)
	p.printf("  baseUrl         %s\n", base)
	p.printf("  organisationId  %s\n", credentials.OrganisationID)
	p.printf("  customerId      %s\n", credentials.CustomerID)
	p.printf("  customerKey     %s\n", credentials.CustomerKey)
	p.printf("  partnerId       %s\n", credentials.PartnerID)
	p.printf("  partnerKey      %s\n\n", credentials.PartnerKey)
	p.printf("See its calls: curl -s %s/_control/calls\n", base)
	return s.Serve(ctx, ln)
}
