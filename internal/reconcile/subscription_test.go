package reconcile_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/connector/connectortest"
	"customerhub/internal/fault"
	"customerhub/internal/hub"
	"customerhub/internal/reconcile"
	"customerhub/internal/run"
	"customerhub/internal/system"
)

// telling is a fake system that sends messages to whom asked for them.
type telling struct {
	*connectortest.Fake
	mu      sync.Mutex
	made    int
	subs    []connector.Subscription
	secrets map[string]string
	asked   []string // the calls, in order
	most    int      // of subscriptions to one address at a time
	failure error    // of the next call
	lost    bool     // the next subscription is made and its answer lost
}

var _ connector.Subscriber = (*telling)(nil)

func (s *telling) call(name string) error {
	s.asked = append(s.asked, name)
	err := s.failure
	s.failure = nil
	return err
}

// Subscribe implements connector.Subscriber.
func (s *telling) Subscribe(_ context.Context, url, secret string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.call("subscribe"); err != nil {
		return "", err
	}
	s.made++
	id := fmt.Sprint("hook ", s.made)
	s.subs = append(s.subs, connector.Subscription{ID: id, URL: url, Active: true})
	s.secrets[id] = secret
	s.count()
	if s.lost {
		s.lost = false
		return "", fault.New(fault.Uncertain, "The answer was lost.")
	}
	return id, nil
}

// count notes how many there are to one address.
func (s *telling) count() {
	of := map[string]int{}
	for _, sub := range s.subs {
		of[sub.URL]++
		s.most = max(s.most, of[sub.URL])
	}
}

// Subscriptions implements connector.Subscriber.
func (s *telling) Subscriptions(context.Context) ([]connector.Subscription, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.subs), s.call("list")
}

// Unsubscribe implements connector.Subscriber.
func (s *telling) Unsubscribe(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.call("unsubscribe"); err != nil {
		return err
	}
	at := slices.IndexFunc(s.subs, func(sub connector.Subscription) bool { return sub.ID == id })
	if at < 0 {
		return fault.New(fault.NotFound, "There is no subscription %s.", id)
	}
	s.subs = slices.Delete(s.subs, at, at+1)
	return nil
}

// calls are those since it was asked last.
func (s *telling) calls() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := strings.Join(s.asked, " ")
	s.asked = nil
	return out
}

type subscribing struct {
	*bundle
	there *telling
}

const publicURL = "https://hub.example.test/below"

// tellingSetup gives a system that can be asked to send messages; its first import waits.
func tellingSetup(t *testing.T, public string) subscribing {
	t.Helper()
	there := &telling{Fake: connectortest.NewFake(), secrets: map[string]string{}}
	kind := there.Fake.Kind(system.Netvisor)
	kind.Open = func(connector.Config) (connector.Connection, error) { return there, nil }
	kind.Receive = func(connector.Delivery, string, time.Time) (connector.Received, error) {
		return connector.Received{}, fault.New(fault.Unauthenticated, "It is not asked here.")
	}
	s := subscribing{bundle: setupKind(t, kind), there: there}
	s.fake = there.Fake
	s.reached(public)
	s.viewer, s.system = s.start("Esimerkki Oy", nil, map[string]string{"key": "secret"})
	return s
}

// reached is a hub that is reached somewhere else from now on.
func (s *subscribing) reached(public string) {
	s.hub = hub.New(s.db.App, hub.Options{Keyset: s.keyset, Kinds: reconcile.Specs(s.kinds), PublicURL: public})
	s.worker = s.newWorker()
}

// poll makes the subscriptions due, looks at the system, and gives the calls that were made for them.
func (s *subscribing) poll() string {
	s.Helper()
	s.owner(`UPDATE inbound_endpoint SET look_at = now() WHERE look_at IS NOT NULL`)
	s.there.calls()
	if r := s.sync(false); r.State != run.Succeeded {
		s.Fatalf("the poll ended as %+v", r)
	}
	return s.there.calls()
}

func (s *subscribing) inbound() hub.Inbound {
	s.Helper()
	found, err := s.hub.InboundBySystem(s.Context(), s.viewer, []system.ID{s.system})
	s.must(err)
	return found[s.system]
}

// agreed says that there is one subscription, to the address as it is, with the secret that messages are verified by.
func (s *subscribing) agreed() {
	s.Helper()
	in := s.inbound()
	from, err := s.hub.FindInbound(s.Context(), system.Netvisor, string(in.ID))
	s.must(err)
	s.there.mu.Lock()
	defer s.there.mu.Unlock()
	var ours []connector.Subscription
	for _, sub := range s.there.subs {
		if !strings.Contains(sub.URL, "elsewhere") {
			ours = append(ours, sub)
		}
	}
	if len(ours) != 1 || ours[0].URL != in.URL || !ours[0].Active || s.there.secrets[ours[0].ID] != from.Secrets[0] {
		s.Errorf("it sends to %+v, and the address is %s", ours, in.URL)
	}
	if s.there.most > 1 {
		s.Errorf("there were %d at a time", s.there.most)
	}
	if in.SubscribedAt.IsZero() || in.Fault != nil {
		s.Errorf("it is shown as %+v", in)
	}
}

func TestTheHubSubscribesByItself(t *testing.T) {
	t.Parallel()
	s := tellingSetup(t, publicURL)
	s.imported()
	if got := s.there.calls(); got != "list subscribe" {
		t.Fatalf("the first import makes the calls %q", got)
	}
	s.agreed()
	if in := s.inbound(); in.URL != publicURL+in.Path || !strings.HasPrefix(in.Path, "/inbound/netvisor/") {
		t.Errorf("it is shown as %+v", in)
	}
	for _, step := range []struct {
		name, calls string
		act         func()
	}{
		{"InOrderItStays", "list", func() {}},
		{"Suspended", "list unsubscribe subscribe", func() { s.there.subs[0].Active = false }},
		{"Missing", "list subscribe", func() { s.there.subs = nil }},
		{"MadeBySomebodyElseToo", "list unsubscribe", func() {
			s.there.subs = append(s.there.subs, connector.Subscription{ID: "by hand", URL: s.inbound().URL, Active: true})
		}},
		{"InAFormOfItsOwn", "list", func() {
			s.there.subs[0].URL = strings.Replace(s.there.subs[0].URL, "hub.example", "HUB.example", 1) + "/"
		}},
		{"OthersAreLeftAlone", "list unsubscribe subscribe", func() {
			s.there.subs[0].Active = false
			s.there.subs = append(s.there.subs, connector.Subscription{ID: "theirs", URL: "https://elsewhere.example.test/inbound", Active: true})
		}},
		{"AnotherSecret", "list unsubscribe subscribe", func() {
			_, _, err := s.hub.RotateInboundSecret(t.Context(), s.viewer, s.system, "")
			s.must(err)
		}},
		{"ReachedSomewhereElse", "list unsubscribe subscribe", func() { s.reached("https://new.example.test") }},
	} {
		t.Run(step.name, func(t *testing.T) {
			step.act()
			if got := s.poll(); got != step.calls {
				t.Errorf("it makes the calls %q, want %q", got, step.calls)
			}
			if step.name != "InAFormOfItsOwn" {
				s.agreed()
			}
		})
	}
	t.Run("APollDoesNotAskEachTime", func(t *testing.T) {
		s.poll()
		if s.sync(false); s.there.calls() != "" {
			t.Error("it was asked again")
		}
		if s.sync(true); s.there.calls() != "list" {
			t.Error("a full look does not ask")
		}
	})
	t.Run("RemovedItIsEndedAndNotMadeAgain", func(t *testing.T) {
		_, err := s.hub.RemoveInboundEndpoint(t.Context(), s.viewer, s.system, "")
		s.must(err)
		if n := s.proposed(); n != 1 {
			t.Errorf("%d polls are due", n)
		}
		s.work(s.worker)
		if got := s.there.calls(); got != "list unsubscribe" || len(s.there.subs) != 1 || s.there.subs[0].ID != "theirs" {
			t.Errorf("it makes the calls %q, and it sends to %v", got, s.there.subs)
		}
		if got := s.poll(); got != "" || !s.inbound().SubscribedAt.IsZero() {
			t.Errorf("it makes the calls %q", got)
		}
		s.sync(true)
		if s.there.calls() != "" || s.count(`SELECT count(*) FROM inbound_endpoint`) != 1 {
			t.Error("another one was made")
		}
	})
	t.Run("MadeAnewByAPerson", func(t *testing.T) {
		_, secret, err := s.hub.CreateInboundEndpoint(t.Context(), s.viewer, s.system, "")
		s.must(err)
		if got := s.poll(); got != "list subscribe" || s.there.secrets[s.there.subs[1].ID] != secret {
			t.Errorf("it makes the calls %q", got)
		}
		s.agreed()
		if n := s.count(`SELECT count(*) FROM inbound_endpoint`); n != 1 {
			t.Errorf("there are %d addresses", n)
		}
	})
}

func TestTroubleWithSubscriptions(t *testing.T) {
	t.Parallel()
	s := tellingSetup(t, publicURL)
	s.there.lost = true
	s.imported()
	if in := s.inbound(); in.Fault == nil || in.Fault.Code != fault.Uncertain || !in.SubscribedAt.IsZero() || s.state().State != system.Running {
		t.Errorf("an answer that was lost is shown as %+v", in)
	}
	if s.sync(false); s.there.calls() != "list subscribe" {
		t.Error("it is tried again at once")
	}
	if got := s.poll(); got != "list unsubscribe subscribe" {
		t.Errorf("what the lost call made is replaced by %q", got)
	}
	s.agreed()
	t.Run("ARefusalDoesNotStopTheSystem", func(t *testing.T) {
		s.there.failure = fault.New(fault.Denied, "The key may not see webhooks.")
		s.poll()
		if in, now := s.inbound(), s.state(); in.Fault == nil || in.Fault.Message != "The key may not see webhooks." || now.State != system.Running || now.Fault != nil {
			t.Errorf("it is shown as %+v of %+v", in, now)
		}
		s.poll()
		s.agreed()
	})
	t.Run("KilledBetweenTheCallAndTheNote", func(t *testing.T) {
		s.owner(`UPDATE inbound_endpoint SET subscription_id = '', subscription_no = 0`)
		if got := s.poll(); got != "list unsubscribe subscribe" {
			t.Errorf("it makes the calls %q", got)
		}
		s.agreed()
	})
	t.Run("TwoReplicas", func(t *testing.T) {
		other := s.newWorker()
		for range 10 {
			s.there.mu.Lock()
			s.there.subs = nil
			s.there.mu.Unlock()
			s.owner(`UPDATE inbound_endpoint SET look_at = now()`)
			s.proposed()
			s.all(s.worker, other)
			s.agreed()
		}
	})
}

func TestNobodyIsAskedWithoutAnAddress(t *testing.T) {
	t.Parallel()
	s := tellingSetup(t, "")
	s.imported()
	if s.there.calls() != "" || s.count(`SELECT count(*) FROM inbound_endpoint`) != 0 {
		t.Error("a hub that does not know how it is reached asked for messages")
	}
	_, _, err := s.hub.CreateInboundEndpoint(t.Context(), s.viewer, s.system, "")
	s.must(err)
	if s.sync(true); s.there.calls() != "" {
		t.Error("it asked for messages to an address that a person has to enter")
	}
	if in := s.inbound(); in.URL != "" || in.Path == "" {
		t.Errorf("it is shown as %+v", in)
	}
}

// unverifiable is a hub that gets messages which nobody's secret fits.
func unverifiable(t *testing.T) *bundle {
	s := tellingSetup(t, publicURL)
	s.imported()
	s.must(s.hub.NoteRefusals(t.Context(), string(s.inbound().ID), []system.RefusedDeliveries{{Reason: system.RefusedSignature, Count: 5}}))
	return s.bundle
}
