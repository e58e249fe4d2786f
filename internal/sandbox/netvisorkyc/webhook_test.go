package netvisorkyc

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"
)

const webhookSecret = "a secret of the subscriber"

// receiver is a subscriber that checks signatures as the contract describes them.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []Change
	events []string
	wrong  []string
	answer func(n int) int // the status of the n-th message, from 1
}

func receive(t *testing.T, now func() time.Time) *receiver {
	t.Helper()
	r := &receiver{answer: func(int) int { return http.StatusNoContent }}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		timestamp := q.Header.Get("X-Kyc-Timestamp")
		mac := hmac.New(sha256.New, []byte(webhookSecret))
		fmt.Fprintf(mac, "%s.%s", timestamp, body)
		seconds, err := strconv.ParseInt(timestamp, 10, 64)
		age := now().Sub(time.Unix(seconds, 0))
		var c Change
		switch {
		case q.Header.Get("X-Kyc-Signature") != "v1="+hex.EncodeToString(mac.Sum(nil)):
			r.wrong = append(r.wrong, "signature")
		case err != nil || age.Abs() > 5*time.Minute:
			r.wrong = append(r.wrong, "timestamp "+timestamp)
		case json.Unmarshal(body, &c) != nil:
			r.wrong = append(r.wrong, "body "+string(body))
		}
		r.got = append(r.got, c)
		r.events = append(r.events, q.Header.Get("X-Kyc-Event-Id"))
		w.WriteHeader(r.answer(len(r.got)))
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) seen() (got []Change, events, wrong []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append(got, r.got...), append(events, r.events...), append(wrong, r.wrong...)
}

func (r *receiver) count() int {
	got, _, _ := r.seen()
	return len(got)
}

// subscribed is a running sandbox that sends to a receiver.
func subscribed(t *testing.T, o Options) (*bench, *receiver, string) {
	t.Helper()
	b := running(t, o)
	r := receive(t, b.opts.Now)
	made := b.send(t, "POST", "/webhooks", `{"url":"`+r.URL+`/kyc","secret":"`+webhookSecret+`"}`).want(t, 201, "")
	if made.at("secret") != nil || made.at("active") != true || made.text("url") != r.URL+"/kyc" {
		t.Error(made.raw)
	}
	return b, r, made.text("id")
}

func TestWebhooks(t *testing.T) {
	t.Parallel()
	t.Run("SignedAndLikeTheFeed", func(t *testing.T) {
		t.Parallel()
		b, r, _ := subscribed(t, Options{})
		_ = b.Advance(400 * 24 * time.Hour) // signed by the machine's clock: a receiver has no other
		for i := range 10 {
			b.upsert(t, fmt.Sprint(i), inventedBusinessID(3_000_000+i*10))
		}
		until(t, "ten messages", func() bool { return r.count() == 10 })
		got, events, wrong := r.seen()
		if wrong != nil {
			t.Error(wrong)
		}
		feed := b.Changes("")
		feed = feed[len(feed)-10:]
		for i, c := range got {
			if c != feed[i] || events[i] != fmt.Sprintf("evt_01_%d", c.Seq) {
				t.Errorf("%v %s, want %v", c, events[i], feed[i])
			}
		}
		until(t, "the log", func() bool { return len(b.Deliveries()) == 10 })
		if a := b.Deliveries()[9]; a.Number != 10 || a.Outcome != OutcomeTaken || a.Status != 204 || a.Attempt != 1 {
			t.Error(a)
		}
	})
	t.Run("TriedAgainAsTheContractSays", func(t *testing.T) {
		t.Parallel()
		b, r, _ := subscribed(t, Options{})
		r.answer = func(n int) int { return map[bool]int{true: 500, false: 200}[n < 6] }
		b.upsert(t, "1", idOne)
		for i, wait := range []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 12 * time.Hour} {
			until(t, "an attempt", func() bool { return len(b.Deliveries()) == i+1 })
			a := b.Deliveries()[i]
			if a.Outcome != OutcomeAgain || a.Status != 500 || a.Next.Sub(a.Time) != wait || a.Attempt != i+1 {
				t.Errorf("%+v, want the next in %s", a, wait)
			}
			_ = b.Advance(wait)
		}
		until(t, "the last attempt", func() bool { return len(b.Deliveries()) == 6 })
		if a := b.Deliveries()[5]; a.Outcome != OutcomeTaken {
			t.Errorf("%+v", a)
		}
		_, events, wrong := r.seen()
		for _, e := range events {
			if e != events[0] {
				t.Errorf("%v: the attempts of one event have several ids", events)
			}
		}
		if wrong != nil {
			t.Error(wrong)
		}
	})
	t.Run("ScaledSoThatTestsRunInSeconds", func(t *testing.T) {
		t.Parallel()
		b, r, id := subscribed(t, Options{Now: time.Now, Settings: Settings{Webhooks: WebhookDials{Scale: 0.00001}}})
		r.answer = func(int) int { return 503 }
		b.upsert(t, "1", idOne)
		until(t, "all attempts", func() bool { return len(b.Deliveries()) == 6 })
		if a := b.Deliveries()[5]; a.Outcome != OutcomeGivenUp || !a.Next.IsZero() {
			t.Errorf("%+v", a)
		}
		// None was taken: the subscription is suspended, until it is taken up again.
		if got := b.send(t, "GET", "/webhooks", ""); got.at("items.0.active") != false || got.at("items.0.secret") != nil {
			t.Error(got.raw)
		}
		b.upsert(t, "2", idTwo)
		r.mu.Lock()
		r.answer = func(int) int { return 200 }
		r.mu.Unlock()
		b.control(t, "POST", "webhooks/"+id+"/activate", "").want(t, 200, "")
		b.upsert(t, "3", idThree)
		until(t, "a message", func() bool { return r.count() == 7 })
		if got, _, _ := r.seen(); got[6].ID != "cand_1003" {
			t.Error(got[6])
		}
	})
	t.Run("Duplicates", func(t *testing.T) {
		t.Parallel()
		b, r, _ := subscribed(t, Options{Settings: Settings{Webhooks: WebhookDials{Duplicates: 2}}})
		b.upsert(t, "1", idOne)
		until(t, "three of one", func() bool { return r.count() == 3 })
		if _, events, _ := r.seen(); events[0] != events[1] || events[1] != events[2] {
			t.Error(events)
		}
	})
	t.Run("OutOfOrder", func(t *testing.T) { // scenario 7
		t.Parallel()
		b, r, _ := subscribed(t, Options{Settings: Settings{Webhooks: WebhookDials{Hold: Duration(time.Second), Reverse: true}}})
		for range 2 {
			b.upsert(t, "1", idOne)
			b.upsert(t, "1", idTwo)
		}
		if r.count() != 0 {
			t.Error("not held")
		}
		_ = b.Advance(time.Second)
		until(t, "four messages", func() bool { return r.count() == 4 })
		got, _, _ := r.seen()
		for i := range 3 {
			if got[i].Seq < got[i+1].Seq {
				t.Errorf("in order: %v", got)
			}
		}
	})
	t.Run("DroppedSkewedAndWronglySigned", func(t *testing.T) {
		t.Parallel()
		b, r, _ := subscribed(t, Options{Settings: Settings{Webhooks: WebhookDials{DropEvery: 2}}})
		b.upsert(t, "1", idOne)
		b.upsert(t, "2", idTwo)
		b.upsert(t, "3", idThree)
		until(t, "the log", func() bool { return len(b.Deliveries()) == 3 })
		if r.count() != 2 || b.Deliveries()[1].Outcome != OutcomeDropped {
			t.Errorf("%d: %+v", r.count(), b.Deliveries())
		}
		b.control(t, "POST", "settings", `{"webhooks":{"dropEvery":0,"skew":"-6m"}}`).want(t, 200, "")
		b.upsert(t, "1", inventedBusinessID(3_000_000))
		until(t, "a message", func() bool { return r.count() == 3 })
		b.control(t, "POST", "settings", `{"webhooks":{"skew":"0s","wrongSignature":true}}`).want(t, 200, "")
		b.upsert(t, "1", inventedBusinessID(3_000_100))
		until(t, "a message", func() bool { return r.count() == 4 })
		if _, _, wrong := r.seen(); len(wrong) != 2 || wrong[1] != "signature" || wrong[0][:9] != "timestamp" {
			t.Error(wrong)
		}
	})
	t.Run("ASlowSubscriberHoldsUpNobody", func(t *testing.T) {
		t.Parallel()
		b, r, slow := subscribed(t, Options{})
		gate := make(chan struct{})
		stuck := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-gate }))
		t.Cleanup(stuck.Close)
		t.Cleanup(func() { close(gate) })
		b.send(t, "POST", "/webhooks", `{"url":"`+stuck.URL+`"}`).want(t, 201, "")
		b.upsert(t, "1", idOne)
		until(t, "the other's message", func() bool { return r.count() == 1 })
		b.send(t, "DELETE", "/webhooks/"+slow, "").want(t, 204, "")
		b.upsert(t, "2", idTwo)
		if got := b.send(t, "GET", "/webhooks", "").items(); len(got) != 1 {
			t.Error(got)
		}
		b.send(t, "DELETE", "/webhooks/"+slow, "").want(t, 404, CodeNotFound)
	})
	t.Run("ASecretOfTheServiceIsShownOnce", func(t *testing.T) {
		t.Parallel()
		b := running(t, Options{})
		made := b.send(t, "POST", "/webhooks", `{"url":"https://hub.example.test/kyc"}`).want(t, 201, "")
		if len(made.text("secret")) < minSecret {
			t.Error(made.raw)
		}
		if listed := b.send(t, "GET", "/webhooks", "").want(t, 200, ""); listed.at("items.0.secret") != nil || listed.at("hasMore") != false {
			t.Error(listed.raw)
		}
		for range maxWebhooks - 1 {
			b.send(t, "POST", "/webhooks", `{"url":"https://hub.example.test/kyc"}`).want(t, 201, "")
		}
		b.send(t, "POST", "/webhooks", `{"url":"https://hub.example.test/kyc"}`).want(t, 409, CodeInvalidState)
	})
}
