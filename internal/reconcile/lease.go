package reconcile

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"time"

	"customerhub/internal/fault"
	"customerhub/internal/link"
	"customerhub/internal/store"
)

// A lease is short and renewed for as long as its holder lives, so that what a killed hub held is free again within half
// a minute, and not after the longest call that could have been under way. Who cannot renew in time has to let go before
// somebody else may take over: its work is cancelled, which closes the connections it has open.

// errLeaseLost is why work was cancelled.
var errLeaseLost = fault.New(fault.Unavailable, "The hub lost touch with its database during the work and let go of it.")

const (
	// renewals is how many times a lease is renewed in its time.
	renewals = 4
	// letGo is the share of the lease after which work that could not be renewed is cancelled.
	letGo = 3.0 / 4
)

// keeping runs fn while renew is called again and again. fn's context ends when the lease could not be renewed in time or
// was lost (Stale), and its error is that then.
func keeping(ctx context.Context, lease time.Duration, renew func(context.Context) error, fn func(context.Context) error) error {
	work, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		every := time.NewTicker(lease / renewals)
		defer every.Stop()
		deadline := time.Now().Add(time.Duration(letGo * float64(lease)))
		for {
			select {
			case <-work.Done():
				return
			case <-every.C:
			}
			renewing, done := context.WithDeadline(work, deadline)
			began := time.Now()
			err := renew(renewing)
			done()
			switch {
			case err == nil:
				deadline = began.Add(time.Duration(letGo * float64(lease)))
			case fault.Is(err, fault.Stale):
				cancel(err)
				return
			case !time.Now().Before(deadline):
				cancel(errLeaseLost)
				return
			}
		}
	}()
	err := fn(work)
	cause := context.Cause(work)
	cancel(nil)
	<-stopped
	if err != nil && cause != nil && ctx.Err() == nil {
		return cause
	}
	return err
}

const (
	laneFirstWait = 20 * time.Millisecond
	laneLongWait  = time.Second
	// laneSoonWait bounds the wait of those whom somebody waits for.
	laneSoonWait = 100 * time.Millisecond
	// ticketTime is how long a ticket counts without a sign of life; it is several waits.
	ticketTime = 5 * time.Second
)

// inLane makes a call of the run in the lane.
func (j *job) inLane(ctx context.Context, lane string, call func(ctx context.Context, since time.Time) error) error {
	return j.worker.inLane(ctx, j.log, lane, j.priority, call)
}

// inLane calls outside in the lane: one at a time per external company, whatever the number of replicas, and the more urgent
// before the less (Promise 10). It waits for its turn without holding a database connection. since is when the turn began, by
// the database's clock.
func (w *Worker) inLane(ctx context.Context, log *slog.Logger, lane string, p link.Priority, call func(ctx context.Context, since time.Time) error) (err error) {
	hold, err := w.takeLane(ctx, lane, p)
	if err != nil {
		return err
	}
	defer func() {
		free, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		release := store.ReleaseLane
		if cutOff(err) || ctx.Err() != nil {
			release = store.LeaveLane
		}
		if err := release(free, w.pool, lane, hold.Fence); err != nil {
			log.Warn("lane not released; it frees itself when its lease ends", "error", err)
		}
	}()
	renew := func(ctx context.Context) error { return store.RenewLane(ctx, w.pool, lane, hold.Fence, w.o.Lease) }
	err = keeping(ctx, w.o.Lease, renew, func(ctx context.Context) error { return call(ctx, hold.Since) })
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return fault.Wrap(fault.Unavailable, err, "The system did not answer in time.")
	}
	return err
}

// cutOff says whether a call was ended by us and not by an answer, so that the system may still be at work on it.
func cutOff(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errLeaseLost) {
		return true
	}
	late, ok := errors.AsType[net.Error](err)
	return ok && late.Timeout()
}

func (w *Worker) takeLane(ctx context.Context, lane string, p link.Priority) (*store.LaneHold, error) {
	holder := store.NewID() // names this wait: two of one process are two
	longest := laneLongWait
	if p == link.Interactive {
		longest = laneSoonWait
	}
	queued := false
	defer func() {
		if queued {
			leave, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			_ = store.DropTicket(leave, w.pool, lane, holder) // else it loses its worth by itself
		}
	}()
	for wait := laneFirstWait; ; wait = min(2*wait, longest) {
		var hold *store.LaneHold
		err := w.o.Clock.Ask(func() (since time.Time, err error) {
			if hold, err = store.TryLane(ctx, w.pool, lane, holder, p, w.o.Lease); hold != nil {
				since = hold.Since // each turn begins with the database's time
			}
			return since, err
		})
		if err != nil || hold != nil {
			return hold, err
		}
		if err := store.DrawTicket(ctx, w.pool, lane, holder, p, ticketTime); err != nil {
			return nil, err
		}
		queued = true
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait/2 + rand.N(wait)):
		}
	}
}
