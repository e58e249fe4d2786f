package netvisorkyc

import (
	"math"
	"net/http"
	"time"
)

// bucket is what an integration may still call at once. It fills by the sandbox's clock.
type bucket struct {
	tokens float64
	at     time.Time
}

// take takes one call, or says when there is one again.
func (s *Sandbox) take(o *organisation) error {
	perMinute, burst := float64(s.settings.RatePerMinute), float64(s.settings.RateBurst)
	if perMinute == 0 {
		o.bucket = bucket{}
		return nil
	}
	b, now := &o.bucket, s.Now()
	if b.at.IsZero() {
		b.tokens = burst
	} else if passed := now.Sub(b.at).Minutes(); passed > 0 {
		b.tokens += passed * perMinute
	}
	b.at, b.tokens = now, min(b.tokens, burst)
	if b.tokens < 1 {
		p := refuse(http.StatusTooManyRequests, CodeRateLimited, "more than %d calls a minute", s.settings.RatePerMinute)
		p.retryAfter = max(1, int(math.Ceil((1-b.tokens)*60/perMinute)))
		return p
	}
	b.tokens--
	return nil
}
