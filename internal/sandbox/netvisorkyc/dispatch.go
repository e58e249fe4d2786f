package netvisorkyc

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// lookAgain is how often the clock is looked at while something waits, since it may be moved from outside, and lookAnyway while nothing
// does: a review becomes overdue at midnight.
const (
	lookAgain  = 200 * time.Millisecond
	lookAnyway = time.Minute
)

// dispatch sends webhooks when they are due and lets time pass, until the sandbox is closed. A slow subscriber holds up nobody else.
func (s *Sandbox) dispatch() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-s.kick:
		case <-timer.C:
		}
		waits := false
		_ = s.locked(actor{by: byService}, func() error {
			now := s.Now()
			for _, o := range s.order {
				for _, w := range o.webhooks {
					if !w.busy && o.due(w, now, false) != nil {
						w.busy = true
						s.work.Go(func() { s.drain(o, w) })
					}
				}
				waits = waits || len(o.queue) > 0 || o.integration.State == InitialSync
			}
			return nil
		})
		if waits {
			timer.Reset(lookAgain)
		} else {
			timer.Reset(lookAnyway)
		}
	}
}

// due is the next delivery of a subscription whose time has come.
func (o *organisation) due(w *webhook, now time.Time, newest bool) (found *delivery) {
	for _, d := range o.queue {
		if d.Webhook == w.Num && !d.flying && !d.Due.After(now) {
			if found = d; !newest {
				return found
			}
		}
	}
	return found
}

// drain sends what is due to one subscription, one after another.
func (s *Sandbox) drain(o *organisation, w *webhook) {
	for {
		var d *delivery
		var dials WebhookDials
		_ = s.locked(actor{by: byService}, func() error {
			dials = s.settings.Webhooks
			if s.ctx.Err() == nil && slices.Contains(o.webhooks, w) {
				d = o.due(w, s.Now(), dials.Reverse)
			}
			if d == nil {
				w.busy = false
				return nil
			}
			d.flying = true
			w.sent++
			return nil
		})
		if d == nil {
			return
		}
		s.deliver(o, w, d, dials)
	}
}

// deliver makes one attempt, and the duplicates that the dials ask for.
func (s *Sandbox) deliver(o *organisation, w *webhook, d *delivery, dials WebhookDials) {
	a := Attempt{Organisation: o.ID, Webhook: w.id(), URL: w.URL, EventID: o.eventID(d.Change), Seq: d.Change.Seq, Attempt: d.Attempt + 1}
	if dials.DropEvery > 0 && w.sent%int64(dials.DropEvery) == 0 {
		a.Dropped, a.Outcome = true, OutcomeDropped
		s.delivered(o, w, d, a)
		return
	}
	a.Status, a.Error = s.post(w, d.Change, a.EventID, dials)
	taken := a.Status >= 200 && a.Status < 300
	for range dials.Duplicates {
		if taken {
			again := a
			again.Duplicate, again.Outcome = true, OutcomeTaken
			again.Status, again.Error = s.post(w, d.Change, a.EventID, dials)
			_ = s.locked(actor{by: byService}, func() error { s.logAttempt(again); return nil })
		}
	}
	if taken {
		a.Outcome = OutcomeTaken
	}
	s.delivered(o, w, d, a)
}

// delivered notes an attempt and says what becomes of the delivery.
func (s *Sandbox) delivered(o *organisation, w *webhook, d *delivery, a Attempt) {
	_ = s.locked(actor{by: byService}, func() error {
		now := s.Now()
		d.flying = false
		d.Attempt++
		if d.First.IsZero() {
			d.First = now
		}
		if s.ctx.Err() != nil && a.Outcome == "" {
			d.Attempt-- // cut off by the end of the sandbox: as if it had not been tried
			return nil
		}
		if !slices.Contains(o.queue, d) { // the subscription ended meanwhile
			s.logAttempt(a)
			return nil
		}
		if a.Outcome == "" {
			if in, again := s.settings.retryIn(d.Attempt); again {
				d.Due = now.Add(in)
				a.Outcome, a.Next = OutcomeAgain, d.Due
			} else {
				a.Outcome = OutcomeGivenUp
			}
		}
		s.logAttempt(a)
		done := a.Outcome != OutcomeAgain
		if done {
			o.queue = slices.DeleteFunc(o.queue, func(other *delivery) bool { return other == d })
		}
		s.pending.Deliveries = append(s.pending.Deliveries, savedDelivery{o.ID, *d, done})
		switch {
		case a.Outcome == OutcomeTaken:
			w.Took = now
		case a.Outcome == OutcomeGivenUp && w.Took.Before(d.First): // nothing was taken as long as this was tried
			w.Active = false
			o.queue = slices.DeleteFunc(o.queue, func(other *delivery) bool { return other.Webhook == w.Num })
		default:
			return nil
		}
		s.pending.Webhooks = append(s.pending.Webhooks, savedWebhook{Organisation: o.ID, Webhook: *w})
		return nil
	})
}

func (s *Sandbox) logAttempt(a Attempt) {
	s.numbers.Attempt++
	a.Number, a.Time = s.numbers.Attempt, s.Now()
	s.addAttempt(a)
	s.pending.Attempts = append(s.pending.Attempts, a)
}

func (s *Sandbox) addAttempt(a Attempt) {
	s.attempts = append(s.attempts, a)
	if len(s.attempts) > s.opts.LogLimit {
		s.attempts = s.attempts[1:]
	}
}

// Deliveries is a copy of the delivery log, oldest first.
func (s *Sandbox) Deliveries() []Attempt {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.attempts)
}

// post sends one message. The timestamp is of Options.Now, which the clock of the sandbox may have left behind: a receiver compares it with
// the clock of its own. It is in seconds since 1970 [assumed].
func (s *Sandbox) post(w *webhook, c Change, eventID string, dials WebhookDials) (status int, failed string) {
	timeout := time.Duration(dials.Timeout)
	if timeout == 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(s.ctx, timeout)
	defer cancel()
	body := encode(c)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return 0, "the address cannot be called"
	}
	timestamp := strconv.FormatInt(s.opts.Now().Add(time.Duration(dials.Skew)).Unix(), 10)
	secret := w.Secret
	if dials.WrongSignature {
		secret += "?"
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "netvisorkyc-sandbox")
	r.Header.Set("X-Kyc-Event-Id", eventID)
	r.Header.Set("X-Kyc-Timestamp", timestamp)
	r.Header.Set("X-Kyc-Signature", sign(secret, timestamp, body))
	res, err := s.client.Do(r)
	switch {
	case ctx.Err() != nil && err != nil:
		return 0, "no answer in time"
	case err != nil:
		return 0, "no answer"
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection can be used again
	_ = res.Body.Close()
	return res.StatusCode, ""
}
