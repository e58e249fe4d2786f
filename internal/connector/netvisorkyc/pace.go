package netvisorkyc

import (
	"context"
	"time"

	"customerhub/internal/outbound"
)

// pace is how the calls that read follow each other on one connection: so many at once, and then one every so often.
//
// KYC allows 60 calls a minute, 20 of them at once (contract section 4). A list that runs into the limit has to begin again at its
// beginning, since only a complete one counts, and would run into it at the same page each time; so long ones are read no faster than
// they may be. This is the one place where the connector waits. Several customers in one batch, and pages beyond ten thousand entries,
// get that far.
type pace struct {
	atOnce int
	every  time.Duration

	used int
	// at is when used was last true, by the hub's clock.
	at time.Time
}

// vendorsPace leaves room for calls that went before.
func vendorsPace() *pace { return &pace{atOnce: 16, every: 1100 * time.Millisecond} }

// wait waits until the next call may be made, or the context ends.
func (p *pace) wait(ctx context.Context, now time.Time) error {
	if n := int(now.Sub(p.at) / p.every); n > 0 {
		p.used, p.at = max(p.used-n, 0), now
	}
	if p.used < p.atOnce {
		p.used++
		return nil
	}
	timer := time.NewTimer(p.every)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return outbound.Fault(ctx.Err())
	case <-timer.C:
		p.at = now.Add(p.every) // what has come free is used at once
		return nil
	}
}
