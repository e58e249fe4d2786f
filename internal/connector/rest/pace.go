package rest

import (
	"context"
	"time"

	"customerhub/internal/outbound"
)

// Pace is how the calls that read follow each other on one connection: so many at once, and then one every so often.
//
// A list that runs into a service's limit has to begin again at its beginning, since only a complete one counts, and would run into it
// at the same page each time; so long ones are read no faster than they may be. This is the one place where a connector waits.
type Pace struct {
	// AtOnce is how many calls may be made without a wait, and Every the time that one takes when these are used up.
	AtOnce int
	Every  time.Duration

	used int
	// at is when used was last true, by the hub's clock.
	at time.Time
}

// wait waits until the next call may be made, or the context ends.
func (p *Pace) wait(ctx context.Context, now time.Time) error {
	if p == nil {
		return nil
	}
	if n := int(now.Sub(p.at) / p.Every); n > 0 {
		p.used, p.at = max(p.used-n, 0), now
	}
	if p.used < p.AtOnce {
		p.used++
		return nil
	}
	timer := time.NewTimer(p.Every)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return outbound.Fault(ctx.Err())
	case <-timer.C:
		p.at = now.Add(p.Every) // what has come free is used at once
		return nil
	}
}
