package flex

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Settings are what can be turned while the sandbox runs. They begin as the options have them, and are the same for all organisations.
type Settings struct {
	RatePerMinute int          `json:"ratePerMinute"`
	Latency       Duration     `json:"latency"`
	RetryScale    float64      `json:"retryScale"`
	Webhooks      WebhookDials `json:"webhooks"`
}

func (s Settings) check() error {
	switch {
	case s.RatePerMinute < 0 || s.RatePerMinute > 100_000:
		return fmt.Errorf("ratePerMinute must be between 0 and 100000")
	case s.Latency < 0 || time.Duration(s.Latency) > maxDelay:
		return fmt.Errorf("latency must be between 0s and %s", maxDelay)
	case math.IsNaN(s.RetryScale) || s.RetryScale <= 0 || s.RetryScale > 1000:
		return fmt.Errorf("retryScale must be above 0 and at most 1000")
	}
	return s.Webhooks.check()
}

// Settings are the settings now.
func (s *Sandbox) Settings() Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings
}

// Set replaces the settings; with other dials of the webhooks their chance begins anew.
func (s *Sandbox) Set(to Settings) error {
	if err := to.check(); err != nil {
		return badRequestError{err}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.apply(to)
	s.turned = true
	s.journal.write(record{Settings: &to})
	return nil
}

func (s *Sandbox) apply(to Settings) {
	if s.chance == nil || to.Webhooks != s.settings.Webhooks {
		s.chance = newChance(to.Webhooks.Seed)
	}
	s.settings = to
}

// Now is the sandbox's clock.
func (s *Sandbox) Now() time.Time {
	return s.opts.Clock().Add(time.Duration(s.offset.Load())).UTC()
}

const maxMove = 100 * 365 * 24 * time.Hour

// Advance moves the sandbox's clock; deliveries that are due then go out. A negative time moves it back.
func (s *Sandbox) Advance(d time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	moved := time.Duration(s.offset.Load()) + d
	if d > maxMove || d < -maxMove || moved > maxMove || moved < -maxMove {
		return badRequestError{fmt.Errorf("the clock goes a hundred years from the real one at most")}
	}
	s.offset.Store(int64(moved))
	s.journal.write(record{Offset: new(int64(moved))})
	s.wake()
	return nil
}

// SetClock sets the sandbox's clock.
func (s *Sandbox) SetClock(t time.Time) error { return s.Advance(t.Sub(s.Now())) }

// stamp is the moment of a change, as precise as the wire tells it. It never goes back, so that what was changed later is not said to be older.
func (s *Sandbox) stamp() time.Time {
	t := s.Now().Truncate(time.Millisecond)
	if t.Before(s.stamped) {
		t = s.stamped
	}
	s.stamped = t
	return t
}

// admit lets a call through when the organisation made fewer than so many in the last minute (contract section 7, Errors).
func (s *Sandbox) admit(o *organisation) *Problem {
	s.mu.Lock()
	defer s.mu.Unlock()
	limit := s.settings.RatePerMinute
	if limit == 0 {
		o.window = nil
		return nil
	}
	now := s.Now()
	o.window = slices.DeleteFunc(o.window, func(t time.Time) bool { return now.Sub(t) >= time.Minute || t.After(now) })
	if len(o.window) >= limit {
		p := refuse(429, CodeRateLimited, "more than %d calls in a minute", limit)
		// The call that has to leave the window before there is room again.
		left := o.window[len(o.window)-limit].Add(time.Minute).Sub(now)
		p.retryAfter = max(1, int((left+time.Second-1)/time.Second))
		return p
	}
	o.window = append(o.window, now)
	return nil
}
