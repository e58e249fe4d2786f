package store

import (
	"context"
	"sync"
	"time"

	"customerhub/internal/pg"
)

// Clock tells the time of the database without asking it each time: replicas have to agree also where a system outside is told
// the time, and the clock of one may be hours off (T36). Between two askings it goes on as the process's clock does, so one that
// is set meanwhile does not matter.
type Clock struct {
	process func() time.Time
	mu      sync.Mutex
	// asked is the process's time when the database said is.
	asked, is time.Time
}

// NewClock gives a clock that is the process's own until it has heard from the database; nil is the machine's.
func NewClock(process func() time.Time) *Clock {
	if process == nil {
		process = time.Now
	}
	return &Clock{process: process}
}

// Now is the time of the database.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.process()
	if c.is.IsZero() {
		return now
	}
	return c.is.Add(now.Sub(c.asked))
}

// Ahead is how far the process's clock is ahead of the database's; it is negative when it is behind.
func (c *Clock) Ahead() time.Duration {
	now := c.Now()
	return c.process().Round(0).Sub(now.Round(0)) // what clocks on the wall say: a monotonic reading would hide that one was set
}

// Ask sets the clock by a question to the database that begins now; said is the answer, which counts unless it is zero.
func (c *Clock) Ask(question func() (said time.Time, err error)) error {
	asked := c.process()
	said, err := question()
	if err == nil && !said.IsZero() {
		c.mu.Lock()
		c.asked, c.is = asked, said
		c.mu.Unlock()
	}
	return err
}

// Set asks the database for its time.
func (c *Clock) Set(ctx context.Context, db pg.DB) error {
	return c.Ask(func() (time.Time, error) { return Now(ctx, db) })
}
