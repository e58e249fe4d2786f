package netvisorkyc

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

const (
	maxWebhooks = 20
	// maxQueue is how many messages of an organisation wait at most; what comes then is not sent. Webhooks are hints, and the feed has it all.
	maxQueue = 20_000
)

// webhook is a subscription. Its secret is shown once, where the sandbox made it.
type webhook struct {
	Num    int64     `json:"num"`
	URL    string    `json:"url"`
	Secret string    `json:"secret"`
	Active bool      `json:"active"` // false once an event could not be delivered at all [assumed]
	Made   time.Time `json:"made"`
	// Took is when a delivery was taken last.
	Took time.Time `json:"took,omitzero"`

	sent int64 // how many were sent or dropped, for the dials
	busy bool
}

// delivery is a message that waits to be sent to one subscription.
type delivery struct {
	Webhook int64     `json:"webhook"`
	Change  Change    `json:"change"`
	Attempt int       `json:"attempt"` // how many there were
	Due     time.Time `json:"due"`
	First   time.Time `json:"first,omitzero"` // when it was first tried

	flying bool
}

// Attempt is one sending of a webhook, as the delivery log keeps it.
type Attempt struct {
	Number int64 `json:"number"`
	// Time is the sandbox's clock.
	Time         time.Time `json:"time"`
	Organisation string    `json:"organisation"`
	Webhook      string    `json:"webhook"`
	URL          string    `json:"url"`
	EventID      string    `json:"eventId"`
	Seq          int64     `json:"seq"`
	// Attempt counts from 1; a duplicate has the number of the one it repeats.
	Attempt   int  `json:"attempt"`
	Duplicate bool `json:"duplicate,omitempty"`
	Dropped   bool `json:"dropped,omitempty"`
	// Status is what was answered; zero with Error where there was no answer.
	Status int    `json:"status"`
	Error  string `json:"error,omitempty"`
	// Outcome is taken, again (at Next), dropped or given up.
	Outcome string    `json:"outcome"`
	Next    time.Time `json:"next,omitzero"`
}

// Outcomes of an attempt.
const (
	OutcomeTaken   = "taken"
	OutcomeAgain   = "again"
	OutcomeDropped = "dropped"
	OutcomeGivenUp = "given up"
)

func (w *webhook) id() string { return "hook_" + strconv.FormatInt(w.Num, 10) }

// subscription is a webhook as the service shows it. Active is [assumed].
type subscription struct {
	ID        string    `json:"id"`
	URL       string    `json:"url"`
	Active    bool      `json:"active"`
	CreatedAt time.Time `json:"createdAt"`
	Secret    *string   `json:"secret,omitempty"` // only in the answer that made it
}

func (w *webhook) view() subscription { return subscription{w.id(), w.URL, w.Active, w.Made, nil} }

// apiSubscribe answers POST /webhooks with {url, secret}. Without a secret the service makes one and shows it once [assumed].
func (s *Sandbox) apiSubscribe(c *apiCall) (answer, error) {
	var given struct {
		URL    field[string] `json:"url"`
		Secret field[string] `json:"secret"`
	}
	if err := decode(c.body, &given); err != nil {
		return answer{}, err
	}
	u, err := url.Parse(given.URL.value)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || len(given.URL.value) > 2000:
		return answer{}, invalid(FieldError{"url", "FORMAT", "must be an http(s) address without user name"})
	case given.Secret.value != "" && len(given.Secret.value) < minSecret, len(given.Secret.value) > 500:
		return answer{}, invalid(FieldError{"secret", "LENGTH", fmt.Sprintf("must have %d to 500 characters", minSecret)})
	case len(c.org.webhooks) >= maxWebhooks:
		return answer{}, refuse(http.StatusConflict, CodeInvalidState, "there are %d webhooks already", maxWebhooks)
	}
	s.numbers.Webhook++
	w := &webhook{Num: s.numbers.Webhook, URL: given.URL.value, Secret: given.Secret.value, Active: true, Made: s.Now()}
	view := w.view()
	if w.Secret == "" {
		w.Secret = "whs_" + rand.Text()
		view.Secret = new(w.Secret)
	}
	c.org.webhooks = append(c.org.webhooks, w)
	s.pending.Webhooks = append(s.pending.Webhooks, savedWebhook{Organisation: c.org.ID, Webhook: *w})
	return answer{status: http.StatusCreated, body: view, changed: true}, nil
}

func (s *Sandbox) apiSubscriptions(c *apiCall) (answer, error) {
	if err := c.only(); err != nil {
		return answer{}, err
	}
	page := list[subscription]{Items: []subscription{}}
	for _, w := range c.org.webhooks {
		page.Items = append(page.Items, w.view())
	}
	return answer{status: http.StatusOK, body: page}, nil
}

func (s *Sandbox) apiUnsubscribe(c *apiCall) (answer, error) {
	o := c.org
	i := slices.IndexFunc(o.webhooks, func(w *webhook) bool { return w.id() == c.path["id"] })
	if i < 0 {
		return answer{}, notFound("the webhook")
	}
	w := o.webhooks[i]
	o.webhooks = slices.Delete(o.webhooks, i, i+1)
	o.queue = slices.DeleteFunc(o.queue, func(d *delivery) bool { return d.Webhook == w.Num })
	s.pending.Webhooks = append(s.pending.Webhooks, savedWebhook{Organisation: o.ID, Webhook: webhook{Num: w.Num}, Removed: true})
	return answer{status: http.StatusNoContent, changed: true}, nil
}

// enqueue makes a delivery for each subscription.
func (s *Sandbox) enqueue(o *organisation, c Change) {
	for _, w := range o.webhooks {
		if !w.Active || len(o.queue) >= maxQueue {
			continue
		}
		d := &delivery{Webhook: w.Num, Change: c, Due: s.Now().Add(time.Duration(s.settings.Webhooks.Hold))}
		o.queue = append(o.queue, d)
		s.pending.Deliveries = append(s.pending.Deliveries, savedDelivery{Organisation: o.ID, Delivery: *d})
	}
}

// eventID is the same for all attempts and duplicates.
func (o *organisation) eventID(c Change) string { return fmt.Sprintf("evt_%02d_%d", o.number, c.Seq) }

// sign makes the signature of a body (contract section 6).
func sign(secret, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write([]byte(timestamp + "."))
	_, _ = mac.Write(body)
	return "v1=" + hex.EncodeToString(mac.Sum(nil))
}
