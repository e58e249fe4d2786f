package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"customerhub/internal/auth"
	"customerhub/internal/hub"
	"customerhub/internal/pg"
	"customerhub/internal/run"
)

// planCommand says what a first run would do, and does nothing.
type planCommand struct {
	Mode     string `help:"Which way customers are made: import, export or both. A first run is for nothing without this choice." enum:"import,export,both" required:""`
	Show     int    `help:"How many steps of each sort to show." default:"10"`
	IntoUsed bool   `help:"Let export make customers in a system that has some in use already, where it is meant for an empty one."`
	runFlags `embed:""`
}

// Validate checks the command's flags.
func (c *planCommand) Validate() error { return errors.Join(checkShow(c.Show), c.runFlags.Validate()) }

func checkShow(n int) error {
	if n < 0 || n > hub.MaxPageSize {
		return usage("--show takes 0 to %d, not %d", hub.MaxPageSize, n)
	}
	return nil
}

// Run has the plan made and shows it.
func (c *planCommand) Run(ctx context.Context, p *program) error {
	return c.carryOut(ctx, p, func(ctx context.Context, h *hub.Hub, v auth.Viewer) (run.Run, error) {
		s, err := findSystem(ctx, h, v, c.System)
		if err != nil {
			return run.Run{}, err
		}
		_, r, err := h.PlanSystem(ctx, v, s.ID, hub.PlanSystem{Mode: run.Mode(strings.ToUpper(c.Mode)), IntoUsed: c.IntoUsed}, "")
		return r, err
	}, func(ctx context.Context, h *hub.Hub, v auth.Viewer, r run.Run) error {
		plan, err := findPlan(ctx, h, v, r.ID)
		if err != nil {
			return err
		}
		if err := showPlan(ctx, p, h, v, plan, c.Show); err != nil {
			return err
		}
		p.printf("\nNothing was done. To do exactly this: hub apply %s --by NAME --yes%s\n", plan.ID, c.repeated())
		return nil
	})
}

// applyCommand approves a plan in somebody's name and executes it.
type applyCommand struct {
	Plan     string `arg:"" help:"The plan's id (a UUID), as hub plan showed it."`
	By       string `help:"Your name: it stands in the plan as who approved it." required:"" placeholder:"NAME"`
	Note     string `help:"What there is to say about it, such as who looked at it." placeholder:"TEXT"`
	Yes      bool   `help:"Do it; without this, the plan is shown and nothing is done."`
	Show     int    `help:"How many steps of each sort to show." default:"10"`
	runFlags `embed:""`
}

// Validate checks the command's flags.
func (c *applyCommand) Validate() error {
	err := said("--by", "your name", c.By)
	if !pg.IsUUID(c.Plan) {
		err = errors.Join(err, usage("<plan> takes the id of a plan (a UUID), not %q", c.Plan))
	}
	return errors.Join(err, checkShow(c.Show), c.runFlags.Validate())
}

// certifyCommand compares a system in full and says what differs.
type certifyCommand struct {
	Heal     bool `help:"Heal what differs, as the system's policy has it and as the nightly comparison does; without this, nothing is changed."`
	Show     int  `help:"How many differences of each sort to show." default:"10"`
	runFlags `embed:""`
}

// Validate checks the command's flags.
func (c *certifyCommand) Validate() error {
	return errors.Join(checkShow(c.Show), c.runFlags.Validate())
}

// Run has everything compared and shows what was found.
func (c *certifyCommand) Run(ctx context.Context, p *program) error {
	return c.carryOut(ctx, p, func(ctx context.Context, h *hub.Hub, v auth.Viewer) (run.Run, error) {
		s, err := findSystem(ctx, h, v, c.System)
		if err != nil {
			return run.Run{}, err
		}
		if c.Heal {
			return h.SyncNow(ctx, v, s.ID, true, "")
		}
		return h.CertifySystem(ctx, v, s.ID, "")
	}, func(ctx context.Context, h *hub.Hub, v auth.Viewer, r run.Run) error {
		found, err := h.PlansByID(ctx, v, []run.ID{r.ID})
		if err != nil {
			return err
		}
		certificate, ok := found[r.ID]
		if !ok {
			return errors.New("the system was read for the first time, so there was nothing to compare yet")
		}
		n := certificate.Counts
		p.printf("Certificate %s: %d compared, %d the same, %d different\n", r.ID, n.Unchanged+n.Differing(), n.Unchanged, n.Differing())
		return showSorts(ctx, p, h, v, certificate, c.Show)
	})
}

// errNotAsked ends a command that was only to show what it would do.
var errNotAsked = errors.New("not asked to do it")

// Run shows the plan, and with --yes approves and executes it.
func (c *applyCommand) Run(ctx context.Context, p *program) error {
	id := run.ID(strings.ToLower(c.Plan))
	err := c.carryOut(ctx, p, func(ctx context.Context, h *hub.Hub, v auth.Viewer) (run.Run, error) {
		v.Actor.Name = oneLine(c.By)
		plan, err := findPlan(ctx, h, v, id)
		if err != nil {
			return run.Run{}, err
		}
		if !c.Yes {
			if err := showPlan(ctx, p, h, v, plan, c.Show); err != nil {
				return run.Run{}, err
			}
			if plan.State == run.PlanReady || plan.State == run.PlanApproved {
				p.printf("\nNothing was done. --yes does it.\n")
			} else {
				p.printf("\nNothing was done: a plan that is %s cannot be applied.\n", plan.State)
			}
			return run.Run{}, errNotAsked
		}
		if plan.State == run.PlanReady {
			if _, err := h.ApprovePlan(ctx, v, id, c.Note, ""); err != nil {
				return run.Run{}, err
			}
		}
		_, r, err := h.ApplyPlan(ctx, v, id, "")
		return r, err
	}, func(ctx context.Context, h *hub.Hub, v auth.Viewer, _ run.Run) error {
		plan, err := findPlan(ctx, h, v, id)
		if err != nil {
			return err
		}
		p.printf("%s: %d steps executed, %d skipped\n", plan.State, plan.Counts.Executed, plan.Counts.Skipped)
		return showSteps(ctx, p, h, v, plan, hub.StepFilter{Result: run.Skipped}, c.Show)
	})
	if errors.Is(err, errNotAsked) {
		return nil
	}
	return err
}

func findPlan(ctx context.Context, h *hub.Hub, v auth.Viewer, id run.ID) (run.Plan, error) {
	found, err := h.PlansByID(ctx, v, []run.ID{id})
	if err != nil {
		return run.Plan{}, err
	}
	plan, ok := found[id]
	if !ok {
		return run.Plan{}, fmt.Errorf("the organisation has no plan %s", id)
	}
	return plan, nil
}

// showPlan shows the counts of a plan, and the first steps of each sort that a person should look at.
func showPlan(ctx context.Context, p *program, h *hub.Hub, v auth.Viewer, plan run.Plan, show int) error {
	p.printf("Plan %s: %s, %s\n", plan.ID, plan.Mode, plan.State)
	if plan.ApprovedBy != "" {
		p.printf("approved by %s, %s\n", oneLine(plan.ApprovedBy), plan.ApprovedAt.Format("2006-01-02 15:04 MST"))
	}
	if err := showSorts(ctx, p, h, v, plan, show); err != nil {
		return err
	}
	p.printf("\n%6d  there is nothing to do about\n", plan.Counts.Unchanged)
	return showSeries(ctx, p, h, v)
}

// showSeries warns of number series that meet (R91).
func showSeries(ctx context.Context, p *program, h *hub.Hub, v auth.Viewer) error {
	found, err := h.NumberSeries(ctx, v)
	for _, sentence := range found.Told {
		p.printf("\n%s\n", oneLine(sentence))
	}
	return err
}

// showSorts shows how many steps there are of each sort, and the first of each.
func showSorts(ctx context.Context, p *program, h *hub.Hub, v auth.Viewer, plan run.Plan, show int) error {
	c := plan.Counts
	for _, row := range []struct {
		action run.StepAction
		n      int
		what   string
	}{
		{run.StepLink, c.Link, "records and customers that are one, and will be linked"},
		{run.StepCreate, c.Create, "to be made, in the hub or in the system"},
		{run.StepUpdate, c.Update, "linked already, and different"},
		{run.StepCollide, c.Collide, "with the number of somebody else; neither will be touched"},
		{run.StepDuplicate, c.Duplicate, "that may be the same as another; a person should look"},
		{run.StepInvalid, c.Invalid, "that cannot be taken"},
		{run.StepMissing, c.Missing, "whose record is not in the system's list"},
	} {
		if row.n == 0 && plan.Purpose == run.Certificate || row.action == run.StepMissing && plan.Purpose != run.Certificate {
			continue
		}
		p.printf("\n%6d  %-9s %s\n", row.n, row.action, row.what)
		if row.n > 0 {
			if err := showSteps(ctx, p, h, v, plan, hub.StepFilter{Action: row.action}, show); err != nil {
				return err
			}
		}
	}
	return nil
}

func showSteps(ctx context.Context, p *program, h *hub.Hub, v auth.Viewer, plan run.Plan, f hub.StepFilter, show int) error {
	page, err := h.PlanSteps(ctx, v, plan.ID, f, &show, "", false)
	if err != nil || show == 0 {
		return err
	}
	for _, s := range page.Steps {
		p.printf("        %s %s %s: %s\n", s.Where, cmp.Or(oneLine(s.Number), "-"), cmp.Or(oneLine(s.Name), "record "+s.ExternalID), oneLine(cmp.Or(s.Why, s.Reason)))
		for _, change := range s.Changes {
			p.printf("            %s in the %s: %s -> %s\n", change.Field, strings.ToLower(string(change.Where)), quoted(change.Before), quoted(change.After))
		}
	}
	if page.HasMore {
		p.printf("        and more: --show shows up to %d\n", hub.MaxPageSize)
	}
	return nil
}

func quoted(value string) string {
	if value == "" {
		return "nothing"
	}
	return fmt.Sprintf("%q", oneLine(value))
}
