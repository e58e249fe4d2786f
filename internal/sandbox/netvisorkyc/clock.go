package netvisorkyc

import (
	"fmt"
	"time"
)

// Now is the sandbox's clock.
func (s *Sandbox) Now() time.Time {
	return s.opts.Now().Add(time.Duration(s.offset.Load())).UTC()
}

// Advance moves the sandbox's clock forward and lets happen what was due meanwhile.
func (s *Sandbox) Advance(d time.Duration) error { return s.moveClock(byProgram, d) }

// SetClock sets the sandbox's clock. Set back, the stamps of changes go on from the latest one all the same: their order is the order in
// which things happened.
func (s *Sandbox) SetClock(t time.Time) error {
	return s.moveClock(byProgram, t.Sub(s.Now()))
}

const maxMove = 100 * 365 * 24 * time.Hour

func (s *Sandbox) moveClock(by actor, d time.Duration) error {
	if d > maxMove || d < -maxMove {
		return badRequestError{fmt.Errorf("the clock is moved by a hundred years at most")}
	}
	err := s.locked(by, func() error {
		if moved := time.Duration(s.offset.Load()) + d; moved > maxMove || moved < -maxMove {
			return badRequestError{fmt.Errorf("the clock goes a hundred years from the real one at most")}
		}
		s.pending.Offset = new(s.offset.Add(int64(d)))
		return nil
	})
	if err != nil {
		return err
	}
	return s.locked(actor{by: byClock}, func() error { return nil })
}

// stamp is the moment of a change. No two are the same, so that lists ordered by it neither repeat nor skip.
func (s *Sandbox) stamp() time.Time {
	t := s.Now().Truncate(time.Microsecond)
	if !t.After(s.stamped) {
		t = s.stamped.Add(time.Microsecond)
	}
	s.stamped = t
	return t
}

// today is the day in Helsinki, which dates of assessments are counted in [assumed].
func (s *Sandbox) today() string { return s.Now().In(s.helsinki).Format(dateLayout) }

// tick lets happen what time itself brings about. It runs before everything else that is done under the lock.
func (s *Sandbox) tick() {
	now, today := s.Now(), s.today()
	for _, o := range s.order {
		o.expire(now, s.settings.retention())
		s.settle(o, now)
		if today != s.day {
			for _, c := range o.customers.all() {
				s.changeCustomer(o, c, func(*customer) {})
			}
		}
	}
	s.day = today
}

// addMonths adds months to a date; a day that the month does not have becomes its last one.
func addMonths(date string, months int) (string, error) {
	t, err := time.Parse(dateLayout, date)
	if err != nil {
		return "", fmt.Errorf("%q is no date such as 2026-01-31", date)
	}
	first := time.Date(t.Year(), t.Month()+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), last)-1).Format(dateLayout), nil
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
