package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"customerhub/internal/auth"
	"customerhub/internal/fault"
	"customerhub/internal/feed"
	"customerhub/internal/hub"
	"customerhub/internal/run"
	"customerhub/internal/system"
)

// syncCommand looks at a system now.
type syncCommand struct {
	Full     bool `help:"Read and compare everything, not only what changed."`
	runFlags `embed:""`
}

// Run queues the run, or joins the one that is going on, and shows its progress until it ends.
func (c *syncCommand) Run(ctx context.Context, p *program) error {
	return c.carryOut(ctx, p, func(ctx context.Context, h *hub.Hub, v auth.Viewer) (run.Run, error) {
		s, err := findSystem(ctx, h, v, c.System)
		if err != nil {
			return run.Run{}, err
		}
		return h.SyncNow(ctx, v, s.ID, c.Full, "")
	}, func(_ context.Context, _ *hub.Hub, _ auth.Viewer, r run.Run) error {
		p.printf("%s\n", summary(r))
		return nil
	})
}

// runFlags are the flags of commands that have something done with a system and wait for it. They work beside a hub that is running on
// the same database, and without one.
type runFlags struct {
	Organisation  string        `help:"Id or name of the organisation; the only one when there is one." short:"o"`
	System        string        `help:"Id, name or kind of the system, such as netvisor_kyc; the only one when there is one, else the running Netvisor."`
	TakeOverAfter time.Duration `help:"How long a hub may give no sign of life before others take over what it was working on." default:"30s" env:"HUB_TAKE_OVER_AFTER"`
	databaseFlags `embed:""`
	keysetFlags   `embed:""`
}

// Validate checks the flags.
func (c *runFlags) Validate() error {
	return errors.Join(checkTakeOver(c.TakeOverAfter), c.databaseFlags.Validate(), c.keysetFlags.Validate())
}

// repeated gives the flags that the next command needs besides, as they are typed into a shell.
func (c *runFlags) repeated() string {
	var out strings.Builder
	for _, f := range [][2]string{{"--organisation", c.Organisation}, {"--data", c.Data}} {
		if f[1] != "" {
			out.WriteString(" " + f[0] + " '" + strings.ReplaceAll(f[1], "'", `'\''`) + "'")
		}
	}
	return out.String()
}

// queueing queues a run.
type queueing func(ctx context.Context, h *hub.Hub, v auth.Viewer) (run.Run, error)

// carryOut queues a run, shows its progress until it ends, and then lets after tell of it.
func (c *runFlags) carryOut(ctx context.Context, p *program, queue queueing, after func(context.Context, *hub.Hub, auth.Viewer, run.Run) error) error {
	return c.with(ctx, p, func(d *database) error {
		keyset, err := c.read(d.keyset)
		if err != nil {
			return err
		}
		kinds := kinds()
		f := feed.New(d.pool, feed.Options{Log: p.log})
		h := newHub(p, d, kinds, appOptions{keyset: keyset}, f)
		ctx, cancel := context.WithCancelCause(ctx)
		var all sync.WaitGroup
		defer all.Wait()
		defer cancel(nil)
		all.Go(func() { _ = f.Run(ctx) })
		// work sees to it that a run ends: a hub that is running takes it at once, and this one takes it otherwise. It begins
		// with the first run to wait for, so that a command that is refused claims nothing.
		var watching func(run.Run)
		work := sync.OnceFunc(func() {
			if keyset != nil {
				worker := newWorker(p, d, kinds, h, appOptions{lease: c.TakeOverAfter})
				all.Go(func() { _ = worker.Run(ctx) })
				return
			}
			fmt.Fprintln(p.stderr, "hub: without a keyset (HUB_KEYSET) this command waits for a running hub to do it")
			watching = onStandstill(2*c.TakeOverAfter, cancel)
		})
		show := func(r run.Run) {
			if work(); watching != nil {
				watching(r)
			}
		}
		r, viewer, err := c.queue(ctx, h, queue, show)
		if err == nil {
			bar, done := progress(p.stdout)
			r, err = follow(ctx, f, h, viewer, r.ID, func(r run.Run) { show(r); bar(r) })
			done()
		}
		if cause := context.Cause(ctx); err != nil && errors.Is(cause, errStandstill) {
			return cause
		}
		if err != nil {
			return err
		}
		return after(ctx, h, viewer, r)
	})
}

// errStandstill says that nobody carries out what this command waits for.
var errStandstill = errors.New("nothing works on the run: start a hub that has the keyset, or give it to this command (HUB_KEYSET or HUB_KEYSET_FILE)")

// onStandstill gives what is to be told how runs stand, and cancels when that has stayed the same for the time.
func onStandstill(after time.Duration, cancel context.CancelCauseFunc) func(run.Run) {
	timer := time.AfterFunc(after, func() {
		cancel(fmt.Errorf("no progress for %s: %w", after, errStandstill))
	})
	var last run.Run
	return func(r run.Run) {
		if r != last {
			last = r
			timer.Reset(after)
		}
		if r.State.Final() {
			timer.Stop()
		}
	}
}

// queue queues a run. Those that are in its way are shown and waited for.
func (c *runFlags) queue(ctx context.Context, h *hub.Hub, queue queueing, show func(run.Run)) (run.Run, auth.Viewer, error) {
	org, err := h.Organisation(ctx, c.Organisation)
	if err != nil {
		return run.Run{}, auth.Viewer{}, err
	}
	viewer := auth.Operator(org)
	r, err := queue(ctx, h, viewer)
	for f := fault.Of(err); f != nil && f.Reason == "RUN_IN_PROGRESS"; f = fault.Of(err) {
		// Wait for the run that is going on, then look once more: what it has passed already may have changed since.
		if _, err := follow(ctx, nil, h, viewer, run.ID(f.Details["run"]), show); err != nil && fault.Of(err) == nil {
			return run.Run{}, viewer, err
		}
		r, err = queue(ctx, h, viewer)
	}
	return r, viewer, err
}

// findSystem gives the system of an id, a name or a kind. When that is empty it is the only one, or else the one Netvisor that runs, which
// is the master of customers.
func findSystem(ctx context.Context, h *hub.Hub, viewer auth.Viewer, named string) (system.System, error) {
	all, err := h.Systems(ctx, viewer)
	if err != nil {
		return system.System{}, err
	}
	var fits []system.System
	for _, s := range all {
		if named == "" || strings.EqualFold(string(s.ID), named) || strings.EqualFold(s.Name, named) || strings.EqualFold(string(s.Kind), named) {
			fits = append(fits, s)
		}
	}
	if named == "" && len(fits) > 1 {
		masters := slices.DeleteFunc(slices.Clone(fits), func(s system.System) bool { return s.Kind != system.Netvisor || s.State != system.Running })
		if len(masters) == 1 {
			fits = masters
		}
	}
	switch {
	case len(fits) == 1:
		return fits[0], nil
	case len(all) == 0:
		return system.System{}, errors.New("the organisation has no system yet: make one with the mutation createSystem")
	case len(fits) == 0:
		return system.System{}, fmt.Errorf("the organisation has no system %q", named)
	}
	names := make([]string, len(fits))
	for i, s := range fits {
		names[i] = fmt.Sprintf("%s (%s)", s.ID, s.Name)
	}
	return system.System{}, fmt.Errorf("several systems fit; name one with --system: %s", strings.Join(names, ", "))
}

// follow waits until a run ends and shows each step. A run that failed is an error with its message.
func follow(ctx context.Context, f *feed.Feed, h *hub.Hub, viewer auth.Viewer, id run.ID, show func(run.Run)) (run.Run, error) {
	wake := (<-chan struct{})(nil)
	if f != nil {
		watching, stop := context.WithCancel(ctx)
		defer stop()
		wake = f.Watch(watching, feed.TopicRuns, viewer.Organisation.ID)
	}
	for {
		found, err := h.RunsByID(ctx, viewer, []run.ID{id})
		if err != nil {
			return run.Run{}, err
		}
		r, ok := found[id]
		if !ok {
			return run.Run{}, fault.New(fault.NotFound, "The run %s is gone.", id)
		}
		if show != nil {
			show(r)
		}
		switch {
		case r.State == run.Failed:
			return r, &fault.Error{Code: r.FaultCode, Message: r.Message}
		case r.State.Final():
			return r, nil
		}
		select {
		case <-ctx.Done():
			return r, ctx.Err()
		case <-wake:
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// progress gives what shows a run as a bar on a terminal, and as nothing elsewhere; done ends the display.
func progress(out io.Writer) (show func(run.Run), done func()) {
	if file, ok := out.(*os.File); !ok || !isTerminal(file) {
		return func(run.Run) {}, func() {}
	}
	bars := mpb.New(mpb.WithOutput(out), mpb.WithWidth(60))
	bar := bars.AddBar(0,
		mpb.PrependDecorators(decor.Name("customers "), decor.CountersNoUnit("%d / %d")),
		mpb.AppendDecorators(decor.Percentage(), decor.Name("  left "), decor.AverageETA(decor.ET_STYLE_GO)),
	)
	return func(r run.Run) {
			if r.Total > 0 {
				bar.SetTotal(int64(r.Total), false)
				bar.SetCurrent(int64(r.Done))
			}
		}, func() {
			bar.SetTotal(-1, true)
			bars.Wait()
		}
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
