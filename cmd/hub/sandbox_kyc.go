package main

import (
	"context"
	"errors"
	"time"

	connector "customerhub/internal/connector/netvisorkyc"
	"customerhub/internal/sandbox/netvisorkyc"
)

type sandboxKYC struct {
	Address    string        `help:"Where to serve." default:"127.0.0.1:8082" env:"HUB_SANDBOX_KYC_ADDRESS"`
	Seed       uint64        `help:"The seed of the organisation and its tokens: the same seed makes the same ones." default:"1"`
	Latency    time.Duration `help:"How long each call takes at least." default:"0s"`
	State      string        `help:"Keep everything in this folder beyond a restart: records, tokens, the clock and the logs." placeholder:"FOLDER" type:"path"`
	RateLimit  int           `help:"How many calls a minute the integration may make; 0 is no limit." default:"60" placeholder:"N"`
	Burst      int           `help:"How many of them at once." default:"20" placeholder:"N"`
	RetryScale float64       `help:"Multiplies the delays of webhook retries, which are 1m, 5m, 30m, 2h and 12h." default:"1" placeholder:"FACTOR"`
	Disabled   bool          `help:"Begin before support has done anything: the interfaces are off, and there is no integration user and no token."`
}

// Validate checks the command's own flags.
func (c *sandboxKYC) Validate() error {
	switch {
	case c.Latency < 0 || c.Latency > time.Hour:
		return usage("--latency takes 0s to 1h, not %s", c.Latency)
	case c.RateLimit < 0:
		return usage("--rate-limit takes 0 or more, not %d", c.RateLimit)
	case c.Burst < 1:
		return usage("--burst takes 1 or more, not %d", c.Burst)
	case !(c.RetryScale > 0 && c.RetryScale <= 1000): // not a number either
		return usage("--retry-scale takes more than 0 and 1000 at most, not %g", c.RetryScale)
	}
	return checkAddress("--address (HUB_SANDBOX_KYC_ADDRESS)", c.Address)
}

// Run serves until interrupted.
func (c *sandboxKYC) Run(ctx context.Context, p *program) error {
	organisation := netvisorkyc.Organisation{}
	if !c.Disabled {
		organisation.Enabled, organisation.Token = true, netvisorkyc.InventToken(c.Seed, "hub sandbox kyc")
	}
	s, err := netvisorkyc.New(netvisorkyc.Options{
		Organisations: []netvisorkyc.Organisation{organisation}, Seed: c.Seed, State: c.State, Logger: p.log,
	})
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }() // Serve has closed it, unless listening did not come about
	// What the command line says counts more than what a state has kept.
	err = s.Set(func(dials *netvisorkyc.Settings) {
		dials.RatePerMinute, dials.RateBurst = c.RateLimit, c.Burst
		dials.Latency, dials.Webhooks.Scale = netvisorkyc.Duration(c.Latency), c.RetryScale
	})
	if err != nil {
		return err
	}
	ln, err := listen(ctx, c.Address, "--address")
	if err != nil {
		return errors.Join(err, s.Close())
	}
	base := "http://" + ln.Addr().String()
	credentials, _ := s.Credentials("")
	p.printf("Netvisor KYC sandbox on %s (Ctrl-C ends it)\n\n", base)
	// Under the names by which createSystem and setSystemCredentials take them.
	p.printf("  %-16s %s\n", connector.BaseURL, base)
	p.printf("  %-16s %s\n", connector.OrganisationID, credentials.Organisation)
	p.printf("  %-16s %s\n", connector.ActivationToken, credentials.BootstrapToken)
	if credentials.Token != "" {
		p.printf("  %-16s %s\n", connector.Token, credentials.Token)
	}
	p.printf("\nIts interfaces are at %s/kyc/v1.\n", base)
	p.printf("\nPeople are played on its control plane:\n\n")
	act := func(what, path, body string) {
		if body == "" {
			p.printf("  %-22s curl -s -X POST %s/_control/%s\n", what, base, path)
		} else {
			p.printf("  %-22s curl -s %s/_control/%s -d '%s'\n", what, base, path, body)
		}
	}
	if c.Disabled {
		act("Enable interfaces:", "organisations/"+credentials.Organisation+"/enable", "")
		act("Make the user:", "organisations/"+credentials.Organisation+"/integration-user", "")
	}
	act("Send the request:", "candidates/cand_1001/request", "")
	act("Answer it:", "candidates/cand_1001/answer", "")
	act("Accept:", "candidates/cand_1001/accept", `{"riskClass":"STANDARD","reviewIntervalMonths":12}`)
	act("Move its clock:", "clock", `{"advance":"720h"}`)
	act("Make it fail:", "faults", `{"kind":"status","status":503,"times":3}`)
	p.printf("  %-22s curl -s %s/_control/calls\n", "See its calls:", base)
	p.printf("  %-22s curl -s %s/_control/effects\n", "See its effects:", base)
	return s.Serve(ctx, ln)
}
