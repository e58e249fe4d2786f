package main

import (
	"context"
	"fmt"

	"customerhub/internal/auth"
	"customerhub/internal/connector/flex"
	"customerhub/internal/hub"
	"customerhub/internal/run"
	flexsandbox "customerhub/internal/sandbox/flex"
	"customerhub/internal/system"
)

// The field-service ERP of the demo: a simulated Admicom Flex for which support has done its part, and the steps that an administrator takes.

const (
	demoFlexOrganisation = "org_1"
	demoFlexCustomers    = 5
	// demoSendEvery is how often Flex is sent what changed in Netvisor: in the demo nobody waits for a quarter of an hour.
	demoSendEvery = "5s"
)

// demoFlex makes the simulated Flex, with customers of its own. Its types for customers from Netvisor demand nothing that Netvisor does not.
func (c *demoCommand) demoFlex(p *program) (*flexsandbox.Sandbox, error) {
	series := func(prefix string, next int64) *flexsandbox.NumberSeries {
		return &flexsandbox.NumberSeries{Prefix: prefix, Next: next, Width: 5}
	}
	own := demoFlexCustomers
	if c.Load != "" { // somebody looks at replies of their own, and at nothing else
		own = 0
	}
	return flexsandbox.New(flexsandbox.Options{
		Customers: own, Seed: c.Seed, Logger: p.log,
		Organisations: []flexsandbox.Organisation{{ID: demoFlexOrganisation, Name: "Demohuolto Oy", Enabled: true, Types: []flexsandbox.CustomerType{
			{ID: "ct_3", Name: "Yritysasiakas", Identifier: flexsandbox.IdentifierCompany, NumberSeries: series("F", 50001)},
			{ID: "ct_4", Name: "Yksityisasiakas", Identifier: flexsandbox.IdentifierPrivate, NumberSeries: series("Y", 60001)},
			{ID: "ct_10", Name: "Yksityisasiakas Netvisor", Identifier: flexsandbox.IdentifierPrivate, UsedForNetvisor: true},
			{ID: "ct_11", Name: "Yritysasiakas Netvisor", Identifier: flexsandbox.IdentifierCompany, UsedForNetvisor: true},
		}}},
	})
}

// setUpFlex takes Flex into use: the key, the check of its customer types, and the first run both ways, which nobody has to read here (R56-R58, R97).
func (d *demo) setUpFlex(ctx context.Context, viewer auth.Viewer) error {
	h := d.app.hub
	s, err := h.CreateSystem(ctx, viewer, hub.CreateSystem{
		Kind: system.Flex, Name: "Admicom Flex (sandbox)",
		Settings: map[string]string{flex.BaseURL: d.flexURL, flex.Organisation: "Demohuolto Oy", flex.SendEvery: demoSendEvery},
	}, "")
	if err != nil {
		return err
	}
	if _, err := h.SetSystemCredentials(ctx, viewer, s.ID, map[string]string{flex.APIKey: d.flex.Key(demoFlexOrganisation)}, ""); err != nil {
		return err
	}
	check, err := h.CheckSystem(ctx, viewer, s.ID, "")
	if err != nil {
		return err
	}
	if _, err := follow(ctx, d.app.feed, h, viewer, check.ID, nil); err != nil {
		return err
	}
	done, err := d.firstRun(ctx, viewer, s.ID)
	if err != nil {
		return err
	}
	if done.State != run.Succeeded {
		return fmt.Errorf("taking the simulated Flex into use: %s: %s", done.Kind, done.Message)
	}
	return nil
}

// firstRun plans a first run both ways, approves and applies it: nobody's data is at stake here; elsewhere a person reads the plan.
func (d *demo) firstRun(ctx context.Context, viewer auth.Viewer, id system.ID) (run.Run, error) {
	h := d.app.hub
	plan, planning, err := h.PlanSystem(ctx, viewer, id, hub.PlanSystem{Mode: run.Merge}, "")
	if err != nil {
		return run.Run{}, err
	}
	if _, err := follow(ctx, d.app.feed, h, viewer, planning.ID, nil); err != nil {
		return run.Run{}, err
	}
	if _, err := h.ApprovePlan(ctx, viewer, plan.ID, "Approved by the demo.", ""); err != nil {
		return run.Run{}, err
	}
	_, first, err := h.ApplyPlan(ctx, viewer, plan.ID, "")
	if err != nil {
		return run.Run{}, err
	}
	return follow(ctx, d.app.feed, h, viewer, first.ID, nil)
}
