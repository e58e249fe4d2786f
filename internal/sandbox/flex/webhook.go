package flex

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	rnd "math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The types of events (contract section 7).
const (
	EventCreated       = "customer.created"
	EventUpdated       = "customer.updated"
	EventDeactivated   = "customer.deactivated"
	EventNumberChanged = "customer.number_changed"
)

// EventTypes are all there are.
var EventTypes = []string{EventCreated, EventUpdated, EventDeactivated, EventNumberChanged}

// The headers of a delivery.
const (
	HeaderEventID   = "X-Flex-Event-Id"
	HeaderTimestamp = "X-Flex-Timestamp"
	HeaderSignature = "X-Flex-Signature"
)

// Webhook is a subscription as the API shows it [assumed].
type Webhook struct {
	ID    string   `json:"id"`
	URL   string   `json:"url"`
	Types []string `json:"types"`
	// Status is ACTIVE, or SUSPENDED once a delivery has failed for the last time.
	Status      string    `json:"status"`
	CreatedAt   time.Time `json:"createdAt"`
	SuspendedAt time.Time `json:"suspendedAt,omitzero"`
}

// The states of a webhook.
const (
	WebhookActive    = "ACTIVE"
	WebhookSuspended = "SUSPENDED"
)

type webhook struct {
	Webhook
	secret string
}

// event is the body of a delivery.
type event struct {
	Type          string   `json:"type"`
	CustomerID    string   `json:"customerId"`
	Revision      int64    `json:"revision"`
	Origin        string   `json:"origin"`
	ChangedFields []string `json:"changedFields"`
	Customer      Customer `json:"customer"`
}

// emit makes an event and hands it to the organisation's webhooks. It returns the event's id, empty when nobody is to be told.
func (s *Sandbox) emit(o *organisation, who actor, c *Customer, kind string, changes []Change) string {
	if !o.enabled {
		return ""
	}
	var to []*webhook
	for _, h := range o.hooks {
		if h.Status == WebhookActive && slices.Contains(h.Types, kind) {
			to = append(to, h)
		}
	}
	if len(to) == 0 {
		return ""
	}
	changed := make([]string, len(changes))
	for i, ch := range changes {
		changed[i] = ch.Field
	}
	body, err := encode(event{kind, c.ID, c.Revision, who.origin, changed, *c})
	if err != nil {
		s.opts.Logger.Error("event not written", "error", err)
		return ""
	}
	now := s.Now()
	id := newULID(now)
	for _, h := range to {
		p := pending{
			Event: id, Webhook: h.ID, Organisation: o.id, Type: kind, Customer: c.ID, Revision: c.Revision, Origin: who.origin, Body: string(body), Attempt: 1,
		}
		dials := s.settings.Webhooks
		if dials.Lose > 0 && s.chance.Float64() < dials.Lose {
			s.noteDelivery(p.log(now, OutcomeLost))
			continue
		}
		copies := 0
		if dials.Duplicate > 0 && s.chance.Float64() < dials.Duplicate {
			copies = max(1, dials.Copies)
		}
		for n := range copies + 1 {
			one := p
			one.Copy = n > 0
			one.Due = now.Add(time.Duration(dials.Delay))
			if dials.Shuffle > 0 {
				one.Due = one.Due.Add(time.Duration(s.chance.Int64N(int64(dials.Shuffle))))
			}
			s.enqueue(&one)
		}
	}
	s.wake()
	return id
}

func newChance(seed uint64) *rnd.Rand { return rnd.New(rnd.NewPCG(seed, 0)) }

// Sign is the value of X-Flex-Signature: v1= and the HMAC-SHA256 of the timestamp, a full stop and the body, in hexadecimal digits.
func Sign(secret, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "."))
	mac.Write(body)
	return "v1=" + hex.EncodeToString(mac.Sum(nil))
}

// newULID is an event id: the time in milliseconds and 80 random bits, in Crockford's base 32.
func newULID(at time.Time) string {
	const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(max(0, at.UnixMilli()))<<16)
	_, _ = rand.Read(b[6:]) // it never fails
	high, low := binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	var out [26]byte
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = digits[low&31]
		low = low>>5 | high<<59
		high >>= 5
	}
	return string(out[:])
}

func randomSecret() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return "flex_" + hex.EncodeToString(b[:])
}

// newWebhook is what POST /webhooks takes [assumed]. Without a secret one is invented; without types it is all of them.
type newWebhook struct {
	url, secret string
	types       []string
}

var webhookShape = object(map[string]shape{
	"url":    {need: true, most: 2000},
	"secret": {most: 200},
	"types":  {kind: isList, most: len(EventTypes), of: new(need())},
})

func readWebhook(body []byte) (newWebhook, *Problem) {
	tree, p := readTree(body)
	if p != nil {
		return newWebhook{}, p
	}
	var bad fields
	webhookShape.check("", tree, &bad)
	if p := bad.problem(); p != nil {
		return newWebhook{}, p
	}
	var n newWebhook
	n.url, _ = tree["url"].(string)
	n.secret, _ = tree["secret"].(string)
	list, _ := tree["types"].([]any)
	for _, t := range list {
		name, _ := t.(string)
		if !slices.Contains(EventTypes, name) {
			bad.add("types", FieldEventTypeUnknown, "there is no event %q; there are %v", clip(name), EventTypes)
		}
		n.types = append(n.types, name)
	}
	slices.Sort(n.types)
	if n.types = slices.Compact(n.types); len(n.types) == 0 {
		n.types = slices.Clone(EventTypes)
		slices.Sort(n.types)
	}
	if u, err := url.Parse(n.url); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" {
		bad.add("url", FieldURLInvalid, "a webhook goes to an http or https address without user and fragment")
	}
	if n.secret != "" && len(n.secret) < 16 {
		bad.add("secret", FieldSecretInvalid, "a secret has 16 characters or more")
	}
	return n, bad.problem()
}

// subscribe makes a webhook. The same one a second time is the first, taken up again if it was suspended [assumed], so that a lost answer does no harm.
func (s *Sandbox) subscribe(o *organisation, n newWebhook) (h *webhook, made bool, err *Problem) {
	for _, h := range o.hooks {
		if h.URL != n.url {
			continue
		}
		if n.secret == "" || h.secret != n.secret || !slices.Equal(h.Types, n.types) {
			return nil, false, refuse(http.StatusConflict, CodeWebhookExists, "webhook %s goes to that address with another secret or other types", h.ID)
		}
		s.resume(o, h)
		return h, false, nil
	}
	if len(o.hooks) >= maxWebhooks {
		return nil, false, refuse(http.StatusConflict, CodeWebhookExists, "an organisation has at most %d webhooks", maxWebhooks)
	}
	if n.secret == "" {
		n.secret = randomSecret()
	}
	o.lastHook++
	h = &webhook{Webhook{ID: "wh_" + strconv.FormatInt(o.lastHook, 10), URL: n.url, Types: n.types, Status: WebhookActive, CreatedAt: s.stamp()}, n.secret}
	o.hooks = append(o.hooks, h)
	s.journal.write(record{Webhook: saveWebhook(o, h)})
	return h, true, nil
}

func (s *Sandbox) resume(o *organisation, h *webhook) {
	if h.Status != WebhookActive {
		h.Status, h.SuspendedAt = WebhookActive, time.Time{}
		s.journal.write(record{Webhook: saveWebhook(o, h)})
	}
}

// suspend ends a webhook's deliveries, those that wait too.
func (s *Sandbox) suspend(o *organisation, h *webhook) {
	h.Status, h.SuspendedAt = WebhookSuspended, s.stamp()
	s.journal.write(record{Webhook: saveWebhook(o, h)})
	s.dropPending(o.id, h.ID)
}

func (s *Sandbox) unsubscribe(o *organisation, id string) bool {
	i := slices.IndexFunc(o.hooks, func(h *webhook) bool { return h.ID == id })
	if i < 0 {
		return false
	}
	gone := saveWebhook(o, o.hooks[i])
	gone.Gone = true
	o.hooks = slices.Delete(o.hooks, i, i+1)
	s.journal.write(record{Webhook: gone})
	s.dropPending(o.id, id)
	return true
}

func (o *organisation) hook(id string) *webhook {
	for _, h := range o.hooks {
		if h.ID == id {
			return h
		}
	}
	return nil
}

// Webhooks are the subscriptions of an organisation.
func (s *Sandbox) Webhooks(organisation string) []Webhook {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.organisation(organisation)
	if err != nil {
		return nil
	}
	return o.webhooks()
}

func (o *organisation) webhooks() []Webhook {
	out := []Webhook{}
	for _, h := range o.hooks {
		shown := h.Webhook
		shown.Types = slices.Clone(h.Types)
		out = append(out, shown)
	}
	return out
}

// SuspendWebhook and ResumeWebhook do at once what failures, and a repeated subscription, do.
func (s *Sandbox) SuspendWebhook(organisation, id string) error {
	return s.withHook(organisation, id, s.suspend)
}

// ResumeWebhook lets a suspended webhook be told of events again; those made meanwhile are lost for it.
func (s *Sandbox) ResumeWebhook(organisation, id string) error {
	return s.withHook(organisation, id, s.resume)
}

func (s *Sandbox) withHook(organisation, id string, f func(*organisation, *webhook)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.organisation(organisation)
	if err != nil {
		return err
	}
	h := o.hook(id)
	if h == nil {
		return fmt.Errorf("webhook %q: %w", clip(strings.ToValidUTF8(id, "")), ErrNotFound)
	}
	f(o, h)
	return nil
}
