package main

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"customerhub/internal/advice"
	"customerhub/internal/auth"
	"customerhub/internal/feed"
	"customerhub/internal/hub"
	"customerhub/internal/onboarding"
)

// onboardingCommand shows how far an organisation is, and notes what somebody says of it.
type onboardingCommand struct {
	Profile       string `help:"Say what the organisation means to use: accounting_only, accounting_and_kyc, accounting_and_flex or everything." placeholder:"PROFILE"`
	Acknowledge   string `help:"Say that a step does not apply, by its name." placeholder:"STEP"`
	Withdraw      string `help:"Take back that a step does not apply." placeholder:"STEP"`
	Reason        string `help:"Why a step does not apply." placeholder:"TEXT"`
	By            string `help:"Your name: it stands beside what you say." placeholder:"NAME"`
	Organisation  string `help:"Id or name of the organisation; the only one when there is one." short:"o"`
	Language      string `help:"Language of the answer: en, fi, sv or nb." default:"en" enum:"en,fi,sv,nb" env:"HUB_LANGUAGE"`
	mailFlags     `embed:""`
	databaseFlags `embed:""`
}

// Validate checks the command's flags.
func (c *onboardingCommand) Validate() error {
	var errs []error
	says := 0
	for _, s := range []string{c.Profile, c.Acknowledge, c.Withdraw} {
		if s != "" {
			says++
		}
	}
	if says > 1 {
		errs = append(errs, usage("say one thing at a time: --profile, --acknowledge or --withdraw"))
	}
	if says > 0 {
		errs = append(errs, said("--by", "your name", c.By))
	}
	if c.Acknowledge != "" {
		errs = append(errs, said("--reason", "why the step does not apply", c.Reason))
	}
	return errors.Join(append(errs, c.mailFlags.Validate(), c.databaseFlags.Validate())...)
}

// Run notes what is said and shows the checklist.
func (c *onboardingCommand) Run(ctx context.Context, p *program) error {
	server, err := c.server()
	if err != nil {
		return err
	}
	return c.with(ctx, p, func(d *database) error {
		h := newHub(p, d, kinds(), appOptions{mail: server}, feed.New(d.pool, feed.Options{Log: p.log}))
		org, err := h.Organisation(ctx, c.Organisation)
		if err != nil {
			return err
		}
		v := auth.Operator(org)
		v.Actor.Name = cmp.Or(oneLine(c.By), v.Actor.Name)
		var view hub.OnboardingView
		switch {
		case c.Profile != "":
			view, err = h.SetOnboardingProfile(ctx, v, onboarding.Profile(strings.ToUpper(c.Profile)), "")
		case c.Acknowledge != "":
			view, err = h.AcknowledgeStep(ctx, v, onboarding.Key(strings.ToUpper(c.Acknowledge)), c.Reason, "")
		case c.Withdraw != "":
			view, err = h.WithdrawAcknowledgement(ctx, v, onboarding.Key(strings.ToUpper(c.Withdraw)), "")
		default:
			view, err = h.Onboarding(ctx, v)
		}
		if err != nil {
			return err
		}
		showOnboarding(p, view, advice.Language(strings.ToUpper(c.Language)))
		return nil
	})
}

func showOnboarding(p *program, view hub.OnboardingView, l advice.Language) {
	if view.Choice.Profile == "" {
		p.printf("Nobody has chosen a profile yet, so every step is needed: --profile says what the organisation means to use.\n\n")
	} else {
		p.printf("%s, chosen by %s, %s\n\n", view.Choice.Profile, oneLine(view.Choice.By), view.Choice.At.Format("2006-01-02 15:04 MST"))
	}
	for i, s := range view.Steps {
		p.printf("%2d  %-12s  %s (%s)\n", i+1, s.State, s.Title.In(l), s.Key)
		if s.State == onboarding.Acknowledged {
			p.printf("        %s, %s: %s\n", oneLine(s.Acknowledgement.By), s.Acknowledgement.At.Format("2006-01-02 15:04 MST"), oneLine(s.Acknowledgement.Reason))
		} else if s.State != onboarding.Done {
			p.printf("        %s\n        %s: %s\n", oneLine(s.Lacks.In(l)), s.Fix.Who, s.Fix.How.In(l))
		}
	}
	if onboarding.Complete(view.Steps) {
		p.printf("\nEverything is done.\n")
	}
}
