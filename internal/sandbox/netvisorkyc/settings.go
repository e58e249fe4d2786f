package netvisorkyc

import (
	"fmt"
	"slices"
	"time"
)

const maxDelay = time.Hour

// Settings are the dials of a sandbox.
type Settings struct {
	// RatePerMinute and RateBurst limit the calls of each integration; zero per minute is no limit.
	RatePerMinute int `json:"ratePerMinute"`
	RateBurst     int `json:"rateBurst"`
	// Latency is how long every call of the service takes at least.
	Latency Duration `json:"latency"`
	// FeedRetention is how long the change feed keeps an entry. Zero means 30 days.
	FeedRetention Duration `json:"feedRetention"`
	// SettleAfter is how long an initial synchronisation must be without a write to count as done, by the sandbox's clock. Zero means a
	// minute, negative never.
	SettleAfter Duration `json:"settleAfter"`
	// NetvisorAccepts are the identifiers that the check of Netvisor's side accepts; nil accepts any.
	NetvisorAccepts []Identifiers `json:"netvisorAccepts"`
	// KYCFails lets the check of KYC's own side fail with this message; empty lets it pass.
	KYCFails string `json:"kycFails"`
	// Webhooks say how messages go out.
	Webhooks WebhookDials `json:"webhooks"`
}

// WebhookDials say how webhooks go out.
type WebhookDials struct {
	// Scale multiplies the delays of the retries, so that tests need not wait for hours. Zero means 1.
	Scale float64 `json:"scale"`
	// Timeout is how long an answer is waited for. Zero means 10 s.
	Timeout Duration `json:"timeout"`
	// Duplicates is how often each message is sent once more after it was taken.
	Duplicates int `json:"duplicates"`
	// Hold gathers messages that long before they go out, by the sandbox's clock, and Reverse sends what is due newest first.
	Hold    Duration `json:"hold"`
	Reverse bool     `json:"reverse"`
	// DropEvery drops each n-th message without sending it; zero drops none.
	DropEvery int `json:"dropEvery"`
	// Skew moves the timestamp that is sent and signed.
	Skew Duration `json:"skew"`
	// WrongSignature signs with another secret.
	WrongSignature bool `json:"wrongSignature"`
}

// Duration is a time.Duration that JSON holds as a text such as "1.5s".
type Duration time.Duration

// MarshalText writes the duration as time.Duration does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads a duration as time.ParseDuration does.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	*d = Duration(v)
	return err
}

func (s Settings) check() error {
	switch {
	case s.RatePerMinute < 0 || s.RateBurst < 0:
		return fmt.Errorf("ratePerMinute and rateBurst must not be negative")
	case s.RatePerMinute > 0 && s.RateBurst == 0:
		return fmt.Errorf("a rate limit needs a rateBurst of 1 or more")
	case s.Latency < 0 || time.Duration(s.Latency) > maxDelay:
		return fmt.Errorf("latency must be between 0s and %s", maxDelay)
	case s.FeedRetention < 0 || s.Webhooks.Timeout < 0 || s.Webhooks.Hold < 0:
		return fmt.Errorf("feedRetention, webhooks.timeout and webhooks.hold must not be negative")
	case s.Webhooks.Scale < 0 || s.Webhooks.Scale > 1000:
		return fmt.Errorf("webhooks.scale must be between 0 and 1000")
	case s.Webhooks.Duplicates < 0 || s.Webhooks.Duplicates > 100 || s.Webhooks.DropEvery < 0:
		return fmt.Errorf("webhooks.duplicates must be between 0 and 100, and webhooks.dropEvery not negative")
	}
	return nil
}

// clone is a copy that shares nothing.
func (s Settings) clone() Settings {
	s.NetvisorAccepts = slices.Clone(s.NetvisorAccepts)
	return s
}

// Settings are the dials as they stand.
func (s *Sandbox) Settings() Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings.clone()
}

// Set turns the dials. What is wrong with them is an error for people.
func (s *Sandbox) Set(change func(*Settings)) error {
	return s.locked(byProgram, func() error { return s.set(change) })
}

func (s *Sandbox) set(change func(*Settings)) error {
	next := s.settings.clone()
	change(&next)
	if err := next.check(); err != nil {
		return badRequestError{err}
	}
	s.settings = next
	s.pending.Settings = new(next.clone())
	return nil
}

func (s Settings) retention() time.Duration {
	if s.FeedRetention == 0 {
		return defaultRetention
	}
	return time.Duration(s.FeedRetention)
}

func (s Settings) settle() time.Duration {
	if s.SettleAfter == 0 {
		return defaultSettle
	}
	return time.Duration(s.SettleAfter)
}

// retryIn is how long after a failed attempt the next one comes; false when there is none.
func (s Settings) retryIn(attempt int) (time.Duration, bool) {
	if attempt > len(retryDelays) {
		return 0, false
	}
	scale := s.Webhooks.Scale
	if scale == 0 {
		scale = 1
	}
	return time.Duration(float64(retryDelays[attempt-1]) * scale), true
}
