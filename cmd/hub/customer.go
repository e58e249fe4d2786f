package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/feed"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/pg"
)

// customerCommand is what an operator alone may do to a customer. Everything else is done through the API.
type customerCommand struct {
	Delete customerDelete `cmd:"" help:"Delete a customer's record in one external system for good. Shows what would happen; --yes does it."`
}

// customerDelete deletes one record outside. It works beside a hub that is running on the same database, and without one.
type customerDelete struct {
	Customer      string        `arg:"" help:"The customer's number, or its id in the hub (a UUID)."`
	Organisation  string        `help:"Id or name of the organisation; the only one when there is one." short:"o"`
	System        string        `help:"Id or name of the external system; the only one when there is one."`
	By            string        `help:"Your name, for the log of changes." required:"" placeholder:"NAME"`
	Reason        string        `help:"Why, for the log of changes." required:"" placeholder:"TEXT"`
	Yes           bool          `help:"Do it; without this, nothing is done."`
	Wait          time.Duration `help:"How long to wait until it is known what came of it. The hub goes on by itself afterwards." default:"2m"`
	TakeOverAfter time.Duration `help:"How long a hub may give no sign of life before others take over what it was working on." default:"30s" env:"HUB_TAKE_OVER_AFTER"`
	databaseFlags `embed:""`
	keysetFlags   `embed:""`
}

// Validate checks the command's flags.
func (c *customerDelete) Validate() error {
	return errors.Join(
		said("<customer>", "the number of a customer or its id", c.Customer), said("--by", "your name", c.By), said("--reason", "why the record is to go", c.Reason),
		checkWait(c.Wait), checkTakeOver(c.TakeOverAfter), c.databaseFlags.Validate(), c.keysetFlags.Validate(),
	)
}

func said(flag, what, text string) error {
	if strings.TrimSpace(text) == "" {
		return usage("%s takes %s", flag, what)
	}
	return nil
}

func checkWait(wait time.Duration) error {
	if wait < 0 {
		return usage("--wait takes 0s or more, not %s", wait)
	}
	return nil
}

// Run shows what would happen, and with --yes asks for it and waits for what comes of it.
func (c *customerDelete) Run(ctx context.Context, p *program) error {
	return c.with(ctx, p, func(d *database) error {
		keyset, err := c.read(d.keyset)
		if err != nil {
			return err
		}
		kinds := kinds()
		f := feed.New(d.pool, feed.Options{Log: p.log})
		h := newHub(p, d, kinds, appOptions{keyset: keyset}, f)
		viewer, request, plan, err := c.plan(ctx, h)
		if err != nil {
			return err
		}
		showDeletion(p, plan, request, c.Yes)
		if !c.Yes {
			return nil
		}
		id, err := h.AskDeletion(ctx, viewer, request)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithCancel(ctx)
		var all sync.WaitGroup
		defer all.Wait()
		defer cancel()
		all.Go(func() { _ = f.Run(ctx) })
		if keyset != nil {
			worker := newWorker(p, d, kinds, h, appOptions{lease: c.TakeOverAfter})
			all.Go(func() { _ = worker.Run(ctx) })
		} else {
			fmt.Fprintln(p.stderr, "hub: without a keyset (HUB_KEYSET) this command waits for a running hub to do it")
		}
		end, err := c.outcome(ctx, p, h, viewer, id)
		if err != nil {
			return err
		}
		if end.State == link.Refused {
			return fmt.Errorf("%s did not delete the record: %s", plan.System.Name, end.Message)
		}
		p.printf("%s\n", end.Message)
		return nil
	})
}

// plan finds the customer and the system, and what a deletion would concern.
func (c *customerDelete) plan(ctx context.Context, h *hub.Hub) (v auth.Viewer, r hub.DeleteRecord, p hub.DeletionPlan, err error) {
	org, err := h.Organisation(ctx, c.Organisation)
	if err != nil {
		return v, r, p, err
	}
	v = auth.Operator(org)
	s, err := findSystem(ctx, h, v, c.System)
	if err != nil {
		return v, r, p, err
	}
	found, err := findCustomer(ctx, h, v, c.Customer)
	if err != nil {
		return v, r, p, err
	}
	r = hub.DeleteRecord{Customer: found.ID, System: s.ID, By: c.By, Reason: c.Reason}
	p, err = h.PlanDeletion(ctx, v, r)
	return v, r, p, err
}

// findCustomer gives the customer with a number or an id.
func findCustomer(ctx context.Context, h *hub.Hub, v auth.Viewer, numberOrID string) (*hub.CustomerView, error) {
	by := hub.CustomerLookup{Number: numberOrID}
	if pg.IsUUID(numberOrID) {
		by = hub.CustomerLookup{ID: customer.ID(numberOrID)}
	}
	found, err := h.Customer(ctx, v, by, hub.IncludeNothing)
	if f := fault.Of(err); f != nil && f.Code == fault.Ambiguous {
		return nil, fmt.Errorf("several customers have the number %s; name one by its id: %s", numberOrID, f.Details["candidates"])
	}
	if err == nil && found == nil {
		err = fmt.Errorf("the organisation has no customer %q", numberOrID)
	}
	return found, err
}

func showDeletion(p *program, plan hub.DeletionPlan, r hub.DeleteRecord, now bool) {
	p.printf("organisation  %s\n", oneLine(plan.Organisation.Name))
	p.printf("customer      %s %s (%s)\n", cmp.Or(oneLine(plan.Customer.Number), "without a number,"), oneLine(plan.Customer.Name), plan.Customer.ID)
	p.printf("system        %s (%s)\n", oneLine(plan.System.Name), plan.System.ID)
	p.printf("record        %s\n", plan.Link.ExternalID)
	p.printf("asked by      %s: %s\n", oneLine(r.By), oneLine(r.Reason))
	if now {
		return
	}
	p.printf("\nThe record would be deleted in %s for good, with its offices and contact persons there, unless %s refuses.\n", oneLine(plan.System.Name), oneLine(plan.System.Name))
	p.printf("The customer stays in the hub as it is, and is not made there again.\n")
	for _, s := range plan.Others {
		p.printf("Its record in %s stays.\n", oneLine(s.Name))
	}
	for _, s := range plan.Derived {
		p.printf("Its record in %s was made from it and goes with it: a candidate is deleted, and who is under due diligence is ended.\n", oneLine(s.Name))
	}
	if plan.Link.State != link.InSync {
		p.printf("The two sides do not agree at present, and what is still to be sent will not be: %s\n", cmp.Or(oneLine(plan.Link.LastMessage), string(plan.Link.State)))
	}
	p.printf("Nothing was done. Say it again with --yes to do it.\n")
}

// outcome waits until a deletion has ended, and shows what is being tried meanwhile.
func (c *customerDelete) outcome(ctx context.Context, p *program, h *hub.Hub, v auth.Viewer, id link.DeletionID) (hub.DeletionView, error) {
	deadline := time.NewTimer(c.Wait)
	defer deadline.Stop()
	var shown string
	for {
		d, err := h.Deletion(ctx, v, id)
		if err != nil || !d.Stands() {
			return d, err
		}
		doing := d.Trying
		if doing == "" && d.Link.State == link.Waiting {
			doing = d.Link.LastMessage
		}
		if doing != "" && doing != shown {
			shown = doing
			fmt.Fprintf(p.stderr, "hub: %s\n", oneLine(doing))
		}
		select {
		case <-ctx.Done():
			return d, ctx.Err()
		case <-deadline.C:
			return d, fmt.Errorf("after %s it is not known yet what came of it; a running hub goes on. Link.deletion in the API says how it stands (link %s)", c.Wait, d.LinkID)
		case <-time.After(200 * time.Millisecond):
		}
	}
}
