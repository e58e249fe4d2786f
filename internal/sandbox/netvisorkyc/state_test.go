package netvisorkyc

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// everything is all that a sandbox knows, as far as anybody can see.
func (b *bench) everything() []any {
	var out []any
	for _, id := range b.Organisations() {
		v, _ := b.Integration(id)
		out = append(out, v, b.Candidates(id), b.Customers(id), b.Changes(id))
	}
	calls := b.Calls()
	for i := range calls {
		calls[i].Start, calls[i].End = calls[i].Start.UTC(), calls[i].End.UTC()
	}
	return append(out, calls, b.Effects(), b.Settings(), b.Now())
}

func TestState(t *testing.T) {
	t.Parallel()
	o := Options{State: t.TempDir(), Seed: 5, Organisations: []Organisation{{ID: "first", Enabled: true}, {ID: "second"}}, Now: func() time.Time { return begin }}
	b := running(t, o)
	made := b.customer(t, "1", idOne, Assessment{RiskClass: Standard, ReviewIntervalMonths: 3, Notes: "Huomio"})
	gone := b.upsert(t, "2", idTwo).text("id")
	_ = b.DeleteCandidate(gone)
	_ = b.Advance(100 * 24 * time.Hour)
	b.send(t, "POST", "/customers/"+made.ID+"/end", "", with("Idempotency-Key", "k")).want(t, 200, "")
	if err := b.Set(func(s *Settings) { s.RatePerMinute, s.RateBurst, s.Webhooks.Scale = 6000, 1000, 0.001 }); err != nil {
		t.Fatal(err)
	}
	dead := b.send(t, "POST", "/webhooks", `{"url":"http://127.0.0.1:1/","secret":"`+webhookSecret+`"}`).want(t, 201, "").text("id")
	b.upsert(t, "3", idThree).want(t, 201, "")
	until(t, "an attempt", func() bool { return len(b.Deliveries()) == 1 })
	before := b.everything()
	cursor := b.send(t, "GET", "/changes", "").text("nextCursor")
	token := b.token

	if _, err := New(o); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second sandbox on one folder: %v", err)
	}
	b.server.Close()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	// A kill in the middle of a line leaves half of one.
	path := filepath.Join(o.State, journalName)
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(f, `{"candidates":[{"organisation":"first","candi`)
	f.Close()

	again := setup(t, o)
	again.token = token
	after := again.everything()
	for i := range before {
		if i == len(before)-4 { // the last call came behind
			after[i] = after[i].([]Call)[:len(before[i].([]Call))]
		}
		if !reflect.DeepEqual(before[i], after[i]) {
			t.Errorf("part %d is another:\n%+v\n%+v", i, before[i], after[i])
		}
	}
	again.send(t, "PUT", "/candidates/by-source/NETVISOR/2", `{"name":"x"}`).want(t, 410, CodeCandidateDeleted)
	if got := again.send(t, "POST", "/customers/"+made.ID+"/end", "", with("Idempotency-Key", "k")).want(t, 200, ""); got.header.Get("Idempotent-Replayed") == "" {
		t.Error("the idempotency key is forgotten")
	}
	again.send(t, "GET", "/changes?cursor="+cursor, "").want(t, 200, "")
	if got := again.upsert(t, "4", inventedBusinessID(3_000_000)).want(t, 201, "").text("id"); got != "cand_1004" {
		t.Errorf("%s: ids are used again", got)
	}
	if last := again.Calls(); last[len(last)-1].Number <= before[len(before)-4].([]Call)[0].Number {
		t.Error("numbers of calls are used again")
	}
	if got := again.send(t, "GET", "/webhooks", "").want(t, 200, ""); got.text("items.0.id") != dead {
		t.Error(got.raw)
	}
	until(t, "the webhook's next attempt", func() bool {
		_ = again.Advance(time.Second)
		n := len(again.Deliveries())
		return n > 1 && again.Deliveries()[n-1].Attempt > 1
	})

	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	again.server.Close()
	_ = again.Close()
	other := o
	other.Organisations = []Organisation{{ID: "third"}}
	if _, err := New(other); err == nil || !strings.Contains(err.Error(), "other organisations") {
		t.Errorf("the state of others was taken: %v", err)
	}
	if err := os.WriteFile(path, []byte("{\"head\":{\"version\":1,\"organisations\":[\"first\",\"second\"],\"numbers\":{}}}\nnonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(o); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("nonsense in the state: %v", err)
	}
}

func TestAVerificationGoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	entered := make(chan struct{}, 1)
	o := Options{State: t.TempDir(), VerifyNetvisor: func(ctx context.Context, _ Identifiers) (bool, string) {
		entered <- struct{}{}
		<-ctx.Done()
		return true, ""
	}}
	b, _ := issued(t, o)
	b.send(t, "PUT", "/integration", settingsBody).want(t, 200, "")
	b.send(t, "POST", "/integration/submit", "").want(t, 202, "")
	<-entered
	b.send(t, "POST", "/integration/submit", "").want(t, 202, "") // again is once
	b.server.Close()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	o.VerifyNetvisor, o.Organisations = nil, []Organisation{{Enabled: true}}
	again := setup(t, o)
	again.token = b.token
	again.verified(t)
	if got := again.state(t); got != Verified {
		t.Error(got)
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{
		"LogLimit":   {LogLimit: -1},
		"Burst":      {Settings: Settings{RatePerMinute: 1}},
		"Latency":    {Settings: Settings{Latency: Duration(2 * time.Hour)}},
		"Scale":      {Settings: Settings{Webhooks: WebhookDials{Scale: -1}}},
		"Duplicates": {Settings: Settings{Webhooks: WebhookDials{Duplicates: 101}}},
		"Retention":  {Settings: Settings{FeedRetention: -1}},
		"PublicURL":  {PublicURL: "kyc.example.test"},
		"Twice":      {Organisations: []Organisation{{ID: "a"}, {ID: "a"}}},
		"ShortToken": {Organisations: []Organisation{{Token: "short"}}},
		"SameToken":  {Organisations: []Organisation{{Token: strings.Repeat("x", 20)}, {Token: strings.Repeat("x", 20)}}},
		"State":      {State: filepath.Join(os.DevNull, "state")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if s, err := New(o); err == nil {
				s.Close()
				t.Error("taken")
			}
		})
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	t.Parallel()
	s, err := New(Options{Organisations: []Organisation{{Enabled: true, Token: strings.Repeat("t", 20)}}})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln) }()
	if _, err := s.Fault(Fault{Kind: FaultLatency, Delay: Duration(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	b := &bench{Sandbox: s, token: strings.Repeat("t", 20)}
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		r, _ := http.NewRequest(http.MethodGet, "http://"+ln.Addr().String()+"/kyc/v1/integration", nil)
		r.Header.Set("Authorization", "Bearer "+b.token)
		if res, err := http.DefaultClient.Do(r); err == nil {
			res.Body.Close()
		}
	}()
	until(t, "the call", func() bool { return len(s.Calls()) == 1 })
	cancel()
	<-answered
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := net.DialTimeout("tcp", ln.Addr().String(), time.Second); err == nil {
		t.Error("it still listens")
	}
}
