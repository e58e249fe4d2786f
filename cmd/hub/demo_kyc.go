package main

import (
	"context"
	"fmt"
	"time"

	"customerhub/internal/advice"
	"customerhub/internal/auth"
	"customerhub/internal/connector/netvisorkyc"
	"customerhub/internal/hub"
	"customerhub/internal/run"
	kycsandbox "customerhub/internal/sandbox/netvisorkyc"
	"customerhub/internal/system"
)

// The due-diligence service of the demo: a simulated KYC for which support has done its part, and the steps that an administrator takes.

// demoKYC makes the simulated KYC.
func (c *demoCommand) demoKYC(p *program) (*kycsandbox.Sandbox, error) {
	s, err := kycsandbox.New(kycsandbox.Options{
		Seed: c.Seed, Logger: p.log, Settings: kycsandbox.Settings{SettleAfter: kycsandbox.Duration(5 * time.Second)},
	})
	if err != nil {
		return nil, err
	}
	// What support does when the integration is ordered (R9, R16).
	org := s.Organisations()[0]
	if err := s.EnableInterfaces(org); err != nil {
		return nil, err
	}
	return s, s.CreateIntegrationUser(org)
}

// setUpKYC takes the service into use, as an administrator does: the credential, what is to be verified, the start (R17-R25).
func (d *demo) setUpKYC(ctx context.Context, viewer auth.Viewer) error {
	h := d.app.hub
	org := d.kyc.Organisations()[0]
	s, err := h.CreateSystem(ctx, viewer, hub.CreateSystem{
		Kind: system.NetvisorKYC, Name: "Netvisor KYC (sandbox)", PollEvery: d.command.PollEvery,
		Settings: map[string]string{netvisorkyc.BaseURL: d.kycURL, netvisorkyc.OrganisationID: org},
	}, "")
	if err != nil {
		return err
	}
	credentials, _ := d.kyc.Credentials(org)
	token := map[string]string{netvisorkyc.ActivationToken: credentials.BootstrapToken}
	if _, err := h.SetSystemCredentials(ctx, viewer, s.ID, token, ""); err != nil {
		return err
	}
	if _, err := h.SetSystemErrorReport(ctx, viewer, s.ID, "errors@example.test", advice.English, ""); err != nil {
		return err
	}
	for _, step := range []func() (run.Run, error){
		func() (run.Run, error) { return h.RequestCredential(ctx, viewer, s.ID, "") },
		func() (run.Run, error) { return h.SubmitSystem(ctx, viewer, s.ID, "") },
	} {
		r, err := step()
		if err != nil {
			return err
		}
		if r, err = follow(ctx, d.app.feed, h, viewer, r.ID, nil); err != nil {
			return err
		}
		if r.State != run.Succeeded {
			return fmt.Errorf("taking the simulated KYC into use: %s: %s", r.Kind, r.Message)
		}
	}
	_, _, err = h.StartSystem(ctx, viewer, s.ID, "")
	return err
}
