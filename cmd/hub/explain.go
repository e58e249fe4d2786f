package main

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"customerhub/internal/advice"
	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/explain"
	"customerhub/internal/feed"
	"customerhub/internal/hub"
	"customerhub/internal/system"
)

// explainCommand says how a customer stands in the external systems, and why.
type explainCommand struct {
	Customer      string `arg:"" help:"The customer's number, or its id in the hub (a UUID)."`
	Organisation  string `help:"Id or name of the organisation; the only one when there is one." short:"o"`
	System        string `help:"Id or name of an external system; all of them when it is not given."`
	Language      string `help:"Language of the answer: en, fi, sv or nb." default:"en" enum:"en,fi,sv,nb" env:"HUB_LANGUAGE"`
	databaseFlags `embed:""`
}

// Validate checks the command's flags.
func (c *explainCommand) Validate() error {
	return errors.Join(said("<customer>", "the number of a customer or its id", c.Customer), c.databaseFlags.Validate())
}

// Run explains.
func (c *explainCommand) Run(ctx context.Context, p *program) error {
	return c.with(ctx, p, func(d *database) error {
		h := newHub(p, d, kinds(), appOptions{}, feed.New(d.pool, feed.Options{Log: p.log}))
		org, err := h.Organisation(ctx, c.Organisation)
		if err != nil {
			return err
		}
		v := auth.Operator(org)
		var in system.ID
		if c.System != "" {
			s, err := findSystem(ctx, h, v, c.System)
			if err != nil {
				return err
			}
			in = s.ID
		}
		found, err := findCustomer(ctx, h, v, c.Customer)
		if err != nil {
			return err
		}
		all, err := h.Explain(ctx, v, []customer.ID{found.ID}, in)
		if err != nil {
			return err
		}
		showExplanations(p, found, all[found.ID], advice.Language(strings.ToUpper(c.Language)))
		return nil
	})
}

func showExplanations(p *program, c *hub.CustomerView, all []explain.Explanation, l advice.Language) {
	p.printf("%s %s (%s)\n", cmp.Or(oneLine(c.Number), "-"), oneLine(c.Name), c.ID)
	if len(all) == 0 {
		p.printf("\nThe organisation has no external system.\n")
	}
	for _, e := range all {
		p.printf("\n%s: %s", oneLine(e.System.Name), e.State)
		if !e.Since.IsZero() {
			p.printf(" since %s", e.Since.Format(time.RFC3339))
		}
		p.printf("\n")
		for _, check := range e.Checks {
			switch check.Result {
			case explain.Passed:
				p.printf("  ok    %s\n", check.Name)
			case explain.Failed:
				p.printf("  FAIL  %s: %s\n", check.Name, oneLine(check.Message.In(l)))
			}
		}
		if e.VendorMessage != "" {
			p.printf("  %s said: %s\n", oneLine(e.System.Name), oneLine(e.VendorMessage))
		}
		if !e.NextTryAt.IsZero() {
			p.printf("  next try: %s\n", e.NextTryAt.Format(time.RFC3339))
		}
		if e.Fix != nil {
			p.printf("  %s: %s\n", e.Fix.Who, e.Fix.How.In(l))
		}
	}
}
