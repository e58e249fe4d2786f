package flex

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// retries are the waits between the attempts at one delivery; when the last has failed too, the webhook is suspended (contract section 7).
var retries = []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour}

const (
	maxInFlight  = 16
	hookAnswer   = 64 << 10
	maxResend    = 1000
	keptEvents   = 1000 // how many of the latest events can be sent again
	maxIdleSleep = 10 * time.Millisecond
)

// pending is a delivery that waits for its attempt.
type pending struct {
	Number       int64     `json:"number"`
	Event        string    `json:"event"`
	Webhook      string    `json:"webhook"`
	Organisation string    `json:"organisation"`
	Type         string    `json:"type"`
	Customer     string    `json:"customer"`
	Revision     int64     `json:"revision"`
	Origin       string    `json:"origin"`
	Body         string    `json:"body"`
	Attempt      int       `json:"attempt"`
	Due          time.Time `json:"due"`
	Copy         bool      `json:"copy,omitempty"`

	inFlight bool
}

// Delivery is one attempt to tell a subscriber of an event, or why there was none. The log is only added to.
type Delivery struct {
	// Number counts from 1 and has no holes.
	Number       int64  `json:"number"`
	Event        string `json:"event"`
	Webhook      string `json:"webhook"`
	Organisation string `json:"organisation"`
	Type         string `json:"type"`
	Customer     string `json:"customer"`
	Revision     int64  `json:"revision"`
	Origin       string `json:"origin"`
	// Attempt counts from 1; it is 0 where there was none.
	Attempt int `json:"attempt"`
	// Copy is true for the second and later deliveries of an event that was made to be delivered more than once.
	Copy bool `json:"copy,omitempty"`
	// Time is when the attempt began, by the sandbox's clock, and Took how long it lasted for real.
	Time time.Time `json:"time"`
	Took Duration  `json:"took"`
	// HTTPStatus is the answer; zero when there was none, and Error says why.
	HTTPStatus int    `json:"httpStatus,omitempty"`
	Error      string `json:"error,omitempty"`
	Outcome    string `json:"outcome"`
	// Next is when the next attempt is due; Suspends is true when this was the last and the webhook has been suspended.
	Next     time.Time `json:"next,omitzero"`
	Suspends bool      `json:"suspends,omitempty"`
}

// What became of a delivery.
const (
	OutcomeDelivered = "delivered"
	OutcomeFailed    = "failed"
	OutcomeLost      = "lost"    // by the dial
	OutcomeDropped   = "dropped" // the webhook was suspended or ended meanwhile, or too many wait
)

func (p *pending) log(at time.Time, outcome string) Delivery {
	return Delivery{
		Event: p.Event, Webhook: p.Webhook, Organisation: p.Organisation, Type: p.Type, Customer: p.Customer, Revision: p.Revision, Origin: p.Origin,
		Copy: p.Copy, Time: at, Outcome: outcome,
	}
}

// Deliveries is a copy of the log of deliveries, oldest first.
func (s *Sandbox) Deliveries() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.deliveries)
}

// Pending is how many deliveries wait for an attempt or are in one.
func (s *Sandbox) Pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queue)
}

func (s *Sandbox) noteDelivery(d Delivery) {
	s.deliveryNumber++
	d.Number = s.deliveryNumber
	s.deliveries = append(s.deliveries, d)
	if len(s.deliveries) > s.opts.DeliveryLimit {
		s.deliveries = s.deliveries[1:]
	}
	s.journal.write(record{Delivery: &d})
}

func (s *Sandbox) enqueue(p *pending) {
	if len(s.queue) >= s.opts.PendingLimit {
		s.noteDelivery(p.log(s.Now(), OutcomeDropped))
		return
	}
	s.pendingNumber++
	p.Number = s.pendingNumber
	s.queue[p.Number] = p
	s.journal.write(record{Pending: p})
	s.remember(p)
}

func (s *Sandbox) remember(p *pending) {
	if slices.ContainsFunc(s.recent, func(r *pending) bool { return r.Event == p.Event && r.Webhook == p.Webhook }) {
		return
	}
	s.recent = append(s.recent, p)
	if len(s.recent) > keptEvents {
		s.recent = s.recent[1:]
	}
}

func (s *Sandbox) dequeue(p *pending) {
	delete(s.queue, p.Number)
	s.journal.write(record{Done: p.Number})
}

func (s *Sandbox) dropPending(organisation, hook string) {
	for _, p := range s.waiting() {
		if p.Organisation == organisation && p.Webhook == hook && !p.inFlight {
			s.noteDelivery(p.log(s.Now(), OutcomeDropped))
			s.dequeue(p)
		}
	}
}

// waiting are the deliveries in the order in which they are due.
func (s *Sandbox) waiting() []*pending {
	out := make([]*pending, 0, len(s.queue))
	for _, p := range s.queue {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *pending) int { return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.Number, b.Number)) })
	return out
}

// Resend delivers an event of the latest thousand again, so many times at once, to the webhooks that it went to and that still stand.
// False means that there is no such event.
func (s *Sandbox) Resend(event string, copies int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := false
	for _, p := range slices.Clone(s.recent) {
		o := s.organisations[p.Organisation]
		if p.Event != event || o.hook(p.Webhook) == nil {
			continue
		}
		found = true
		for range min(copies, maxResend) {
			again := *p
			again.Attempt, again.Due, again.Copy, again.inFlight = 1, s.Now(), true, false
			s.enqueue(&again)
		}
	}
	s.wake()
	return found
}

// wake makes the dispatcher look at the queue, and those who wait for it to be settled.
func (s *Sandbox) wake() {
	close(s.moved)
	s.moved = make(chan struct{})
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

// dispatch delivers what is due until the sandbox is closed, and returns when all attempts have ended.
func (s *Sandbox) dispatch() {
	defer close(s.dispatched)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-s.stop:
			s.attempts.Wait()
			return
		case <-s.woken:
		case <-timer.C:
		}
		if next, some := s.start(); some {
			// The sandbox's clock may stand still; looking too often would not move it.
			timer.Reset(max(next, maxIdleSleep))
		}
	}
}

// start begins the attempts that are due and says when the next one is.
func (s *Sandbox) start() (next time.Duration, some bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	for _, p := range s.waiting() {
		if p.inFlight {
			continue
		}
		if left := p.Due.Sub(now); left > 0 {
			return left, true
		}
		if s.inFlightHooks >= maxInFlight {
			return 0, false // the end of an attempt wakes the dispatcher
		}
		h := s.organisations[p.Organisation].hook(p.Webhook)
		if h == nil || h.Status != WebhookActive {
			s.noteDelivery(p.log(now, OutcomeDropped))
			s.dequeue(p)
			continue
		}
		p.inFlight = true
		s.inFlightHooks++
		s.attempts.Go(func() { s.attempt(p, h.URL, h.secret) })
	}
	return 0, false
}

// attempt makes one attempt and enters what came of it.
func (s *Sandbox) attempt(p *pending, to, secret string) {
	began, started := s.Now(), time.Now()
	status, err := s.post(p, to, secret, began)
	took := time.Since(started)

	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.wake()
	s.inFlightHooks--
	p.inFlight = false
	select {
	case <-s.stop: // cut off by the end of the sandbox: the attempt is made again if the state is kept
		if err != nil {
			return
		}
	default:
	}
	d := p.log(began, OutcomeDelivered)
	d.Attempt, d.Took, d.HTTPStatus = p.Attempt, Duration(took), status
	o := s.organisations[p.Organisation]
	h := o.hook(p.Webhook)
	switch {
	case err == nil && status >= 200 && status <= 299:
		s.dequeue(p)
	case h == nil || h.Status != WebhookActive:
		d.Outcome, d.Error = OutcomeFailed, errorText(err)
		s.dequeue(p)
	case p.Attempt > len(retries):
		d.Outcome, d.Error, d.Suspends = OutcomeFailed, errorText(err), true
		s.dequeue(p)
	default:
		wait := time.Duration(float64(retries[p.Attempt-1]) * s.settings.RetryScale)
		p.Attempt++
		p.Due = s.Now().Add(wait)
		d.Outcome, d.Error, d.Next = OutcomeFailed, errorText(err), p.Due
		s.journal.write(record{Pending: p})
	}
	s.noteDelivery(d)
	if d.Suspends {
		s.suspend(o, h)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return clip(err.Error())
}

// post sends the event. The timestamp is that of the attempt, in seconds since 1970 [assumed], so that a subscriber can refuse old ones.
func (s *Sandbox) post(p *pending, to, secret string, at time.Time) (int, error) {
	ctx, cancel := context.WithTimeout(s.alive, s.opts.WebhookPatience)
	defer cancel()
	body := []byte(p.Body)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	timestamp := strconv.FormatInt(at.Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "flex-sandbox")
	req.Header.Set(HeaderEventID, p.Event)
	req.Header.Set(HeaderTimestamp, timestamp)
	req.Header.Set(HeaderSignature, Sign(secret, timestamp, body))
	res, err := s.hooks.Do(req)
	if err != nil {
		return 0, fmt.Errorf("sending: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	_, err = io.Copy(io.Discard, io.LimitReader(res.Body, hookAnswer))
	return res.StatusCode, err
}
