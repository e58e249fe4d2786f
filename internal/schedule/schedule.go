// Package schedule says when, never what. Its ticks only propose: a row of the database, claimed by the database's own
// clock, decides whether something is due, so any number of replicas may tick and each thing still happens once.
package schedule

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-co-op/gocron/v2"

	"customerhub/internal/fault"
)

// Task is something to propose again and again.
type Task struct {
	Name  string
	Every time.Duration
	// Propose must be quick and repeatable. Two proposals of one task do not overlap in this process.
	Propose func(ctx context.Context) error
}

// Run proposes the tasks until ctx ends, then waits for those under way and returns nil.
func Run(ctx context.Context, log *slog.Logger, tasks ...Task) error {
	scheduler, err := gocron.NewScheduler(gocron.WithStopTimeout(10 * time.Second))
	if err != nil {
		return fmt.Errorf("making the scheduler: %w", err)
	}
	for _, t := range tasks {
		propose := func() {
			if err := t.Propose(ctx); err != nil && ctx.Err() == nil {
				log.Log(ctx, fault.CodeOf(err).Level(), "scheduled task", "task", t.Name, "error", err)
			}
		}
		_, err := scheduler.NewJob(gocron.DurationJob(t.Every), gocron.NewTask(propose),
			gocron.WithName(t.Name), gocron.WithSingletonMode(gocron.LimitModeReschedule), gocron.WithStartAt(gocron.WithStartImmediately()))
		if err != nil {
			return fmt.Errorf("scheduling %s: %w", t.Name, err)
		}
	}
	scheduler.Start()
	<-ctx.Done()
	if err := scheduler.Shutdown(); err != nil {
		return fmt.Errorf("stopping the scheduler: %w", err)
	}
	return nil
}
