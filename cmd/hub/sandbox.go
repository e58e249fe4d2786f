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
	KYC      sandboxKYC      `cmd:"" name:"kyc" help:"A simulated Netvisor KYC: candidates, assessments, a change feed and webhooks."`
	Flex     sandboxFlex     `cmd:"" help:"A simulated Admicom Flex: real HTTP, webhooks, invented customers."`
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
	Address             string               `help:"Where to serve." default:"127.0.0.1:8081" env:"HUB_SANDBOX_NETVISOR_ADDRESS"`
	Latency             time.Duration        `help:"How long each call takes at least." default:"0s"`
	State               string               `help:"Keep what is written, the transaction ids and the logs in this folder beyond a restart. It belongs to one seed and one number of customers." placeholder:"FOLDER" type:"path"`
	Responsibility      bool                 `help:"Serve customerresponsibility.nv, an assumed extension: the responsibility tab of the customer card."`
	LegacySignatures    bool                 `help:"Also accept requests signed with SHA256 or MD5."`
	Normalise           []string             `help:"Alter written values as a service may: ${enum}." enum:"trim,upper,postcode,phone" placeholder:"HOW"`
	CheckBusinessID     bool                 `name:"check-business-id" help:"Refuse business IDs with a wrong check digit."`
	AllowDuplicateCodes bool                 `help:"Let two customers have one customer code."`
	QuietParts          bool                 `help:"Changes of offices and contact persons do not count for changedsince."`
	CustomTag           []netvisor.CustomTag `sep:"none" help:"An additional-information field that customer.nv takes, an assumed extension: NAME:date, NAME:decimal, NAME:text or NAME:enum:ONE|TWO. May be repeated." placeholder:"FIELD"`
	FirstCode           int64                `help:"Where automatic customer numbering begins; behind the invented customers unless given." placeholder:"NUMBER"`
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
	o.Latency, o.State, o.NextCode = c.Latency, c.State, c.FirstCode
	o.Responsibility, o.LegacySignatures, o.QuietParts = c.Responsibility, c.LegacySignatures, c.QuietParts
	o.CheckBusinessID, o.AllowDuplicateCodes = c.CheckBusinessID, c.AllowDuplicateCodes
	o.CustomTags = c.CustomTag
	for _, how := range c.Normalise {
		o.Normalise = append(o.Normalise, netvisor.Normalisation(how))
	}
	s, err := netvisor.New(o)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }() // Serve has closed it, unless listening did not come about
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
	p.printf("See its calls:   curl -s %s/_control/calls\n", base)
	p.printf("See its effects: curl -s %s/_control/effects\n", base)
	p.printf("Make it fail:    curl -s %s/_control/faults -d '{\"kind\":\"status\",\"status\":503,\"times\":3}'\n", base)
	return s.Serve(ctx, ln)
}
