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
	"customerhub/internal/system"
)

// undoCommand takes a run back that was a mistake, or says what that would come to.
type undoCommand struct {
	Undone   string `arg:"" name:"run" optional:"" help:"The run's id (a UUID). Without it, the newest runs that can be undone are listed."`
	Apply    bool   `help:"Do it; without this, what would go back and what would not is shown, and nothing is done."`
	By       string `help:"Your name: it stands in the log of changes." placeholder:"NAME"`
	Reason   string `help:"Why: it stands in the log of changes." placeholder:"TEXT"`
	Show     int    `help:"How many values of each sort to show, or runs." default:"10"`
	runFlags `embed:""`
}

// Validate checks the command's flags.
func (c *undoCommand) Validate() error {
	var err error
	switch {
	case c.Undone == "" && c.Apply:
		err = usage("--apply needs the id of the run that is to be undone")
	case c.Undone != "" && !pg.IsUUID(c.Undone):
		err = usage("<run> takes the id of a run (a UUID), not %q", c.Undone)
	case c.Apply:
		err = errors.Join(said("--by", "your name", c.By), said("--reason", "why the run is undone", c.Reason))
	}
	return errors.Join(err, checkShow(c.Show), c.runFlags.Validate())
}

// Run shows what undoing the run would come to, or does it.
func (c *undoCommand) Run(ctx context.Context, p *program) error {
	if c.Undone == "" {
		return c.list(ctx, p)
	}
	id := run.ID(strings.ToLower(c.Undone))
	return c.carryOut(ctx, p, func(ctx context.Context, h *hub.Hub, v auth.Viewer) (run.Run, error) {
		if c.Apply {
			v.Actor.Name = oneLine(c.By)
		}
		return h.UndoRun(ctx, v, hub.UndoRun{Run: id, DryRun: !c.Apply, Reason: c.Reason}, "")
	}, func(ctx context.Context, h *hub.Hub, v auth.Viewer, r run.Run) error {
		if err := c.show(ctx, p, h, v, r); err != nil {
			return err
		}
		if !c.Apply {
			p.printf("\nNothing was done. To do this: hub undo %s --apply --by NAME --reason TEXT%s\n", id, c.repeated())
		}
		return nil
	})
}

// show shows how many items there are of each verdict, and the first of each.
func (c *undoCommand) show(ctx context.Context, p *program, h *hub.Hub, v auth.Viewer, r run.Run) error {
	found, err := h.UndosByID(ctx, v, []run.ID{r.ID})
	if err != nil {
		return err
	}
	systems, err := h.Systems(ctx, v)
	if err != nil {
		return err
	}
	named := make(map[system.ID]string, len(systems))
	for _, s := range systems {
		named[s.ID] = oneLine(s.Name)
	}
	p.printf("Undo %s of run %s: %d customers\n", r.ID, found[r.ID].Of, r.Total)
	for _, verdict := range run.Verdicts() {
		n := found[r.ID].Counts[verdict]
		if n == 0 {
			continue
		}
		p.printf("\n%6d  %-13s %s\n", n, verdict, verdict.Says())
		if c.Show == 0 {
			continue
		}
		page, err := h.UndoItems(ctx, v, r.ID, verdict, &c.Show, "")
		if err != nil {
			return err
		}
		for i := range page.Items {
			p.printf("        %s\n", shownItem(&page.Items[i], named))
		}
		if page.HasMore {
			p.printf("        and more: --show shows up to %d\n", hub.MaxPageSize)
		}
	}
	return nil
}

// shownItem is an item in a line.
func shownItem(i *run.UndoItem, named map[system.ID]string) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s %s: ", cmp.Or(oneLine(i.Number), "-"), cmp.Or(oneLine(i.Name), string(i.CustomerID)))
	switch {
	case i.Subject == run.UndoRecord:
		fmt.Fprintf(&out, "record %s in %s", cmp.Or(i.ExternalID, "not made yet"), named[i.System])
	case i.Field == "":
		out.WriteString("the customer")
	default:
		fmt.Fprintf(&out, "%s: %s -> %s", i.Field, quoted(i.Before), quoted(i.After))
	}
	for _, id := range i.Flows {
		out.WriteString(", to " + named[id])
	}
	for _, id := range i.Stays {
		out.WriteString(", stays as it is in " + named[id])
	}
	if i.ChangedBy != "" {
		fmt.Fprintf(&out, " (changed by %s, %s)", oneLine(i.ChangedBy), i.ChangedAt.UTC().Format("2006-01-02 15:04 MST"))
	}
	return out.String()
}

// list shows the newest runs that can be undone.
func (c *undoCommand) list(ctx context.Context, p *program) error {
	return c.with(ctx, p, func(d *database) error {
		h := newHub(p, d, kinds(), appOptions{}, nil)
		org, err := h.Organisation(ctx, c.Organisation)
		if err != nil {
			return err
		}
		v, most, shown := auth.Operator(org), hub.MaxPageSize, 0
		var f hub.RunFilter
		if c.System != "" {
			s, err := findSystem(ctx, h, v, c.System)
			if err != nil {
				return err
			}
			f.System = s.ID
		}
		for at := (hub.Page{First: &most}); shown < c.Show; { // most runs change nothing, so that the newest pages may hold none
			page, err := h.Runs(ctx, v, f, at, false)
			if err != nil {
				return err
			}
			for _, r := range page.Items {
				if n := r.Counts; r.Kind.Undoable() && r.State.Final() && n.Created+n.Updated > 0 && shown < c.Show {
					shown++
					p.printf("%s  %s  %-12s created %d, updated %d, for %s\n", r.ID, r.CreatedAt.Format("2006-01-02 15:04 MST"), r.Kind, n.Created, n.Updated, oneLine(r.RequestedBy.Name))
				}
			}
			if !page.Info.HasNext || len(page.Cursors) == 0 {
				break
			}
			at.After = page.Cursors[len(page.Cursors)-1]
		}
		if shown == 0 {
			p.printf("no run has changed a customer\n")
		}
		return nil
	})
}
