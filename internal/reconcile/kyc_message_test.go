package reconcile_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"customerhub/internal/customer"
	"customerhub/internal/hub"
	"customerhub/internal/inbound"
	"customerhub/internal/reconcile"
	sandbox "customerhub/internal/sandbox/netvisor"
	kycsandbox "customerhub/internal/sandbox/netvisorkyc"
	"customerhub/internal/store"
)

// told has KYC send its messages to the hub, over HTTP, once it is started.
func (d *diligent) told() {
	d.Helper()
	mux := http.NewServeMux()
	reached := httptest.NewServer(mux)
	d.hub = hub.New(d.db.App, hub.Options{Keyset: d.keyset, Kinds: reconcile.Specs(d.kinds), PublicURL: reached.URL})
	d.worker = reconcile.NewWorker(d.hub, d.db.App, reconcile.Options{Kinds: d.kinds, Client: http.DefaultClient, Workers: 1, Poll: 10 * time.Millisecond, Backoff: []time.Duration{time.Millisecond}})
	receiver := inbound.New(inbound.Options{Hub: d.hub, Kinds: d.kinds, Log: slog.New(slog.DiscardHandler)})
	mux.Handle(inbound.Pattern, receiver)
	d.Cleanup(func() {
		reached.Close()
		receiver.Close()
	})
}

// looks queues the looks that are due now, does all that comes of it, and gives their number.
func (d *diligent) looks() int {
	d.Helper()
	n, err := store.ProposePolls(d.Context(), d.db.App)
	d.must(err)
	d.settle()
	return n
}

// taken waits until KYC has had so many messages taken by the hub, repetitions left out.
func (d *diligent) taken(n int) (events []kycsandbox.Attempt) {
	d.Helper()
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
		events = slices.DeleteFunc(d.kyc.Deliveries(), func(a kycsandbox.Attempt) bool { return a.Duplicate || a.Outcome != kycsandbox.OutcomeTaken })
		if len(events) >= n {
			return events
		}
	}
	d.Fatalf("%d of %d messages: %+v", len(events), n, d.kyc.Deliveries())
	return nil
}

// TestScenario7 has messages of KYC arrive thrice and backwards: the state follows the higher revision.
func TestScenario7(t *testing.T) {
	t.Parallel()
	d := duly(t, sandbox.Options{}, nil, nil)
	d.told()
	key := d.typed(map[string]string{"name": "Malliyritys Oy", "code": "7001", "businessId": businessIDs[0]}, tab("Aino", "Malli"))
	d.polled(d.system)
	d.must(d.kyc.Set(func(s *kycsandbox.Settings) {
		s.Webhooks = kycsandbox.WebhookDials{Hold: kycsandbox.Duration(time.Hour), Reverse: true, Duplicates: 2}
	}))
	d.activated()
	d.polled(d.kycSystem)
	before := len(d.kyc.Changes(d.obliged))
	made := d.assessed(d.candidates()[businessIDs[0]].ID, kycsandbox.Assessment{RiskClass: "HIGH", ReviewIntervalMonths: 12, On: "2026-02-10"})
	d.must(d.kyc.Assess(made.ID, kycsandbox.Assessment{RiskClass: "LOW", ReviewIntervalMonths: 24, On: "2026-03-10", Force: true}))
	d.must(d.kyc.Assess(made.ID, kycsandbox.Assessment{RiskClass: "STANDARD", ReviewIntervalMonths: 36, On: "2026-06-30", Force: true}))
	since := len(d.kyc.Changes(d.obliged)) - before
	if n := d.looks(); n != 0 || d.said(key).State != customer.KYCCandidate {
		t.Fatalf("before any message: %d looks, %+v", n, d.said(key))
	}
	events := d.count(`SELECT count(*) FROM inbound_event`)
	d.longAgo()
	d.must(d.kyc.Advance(time.Hour))
	got := d.taken(since)
	if got[0].Seq <= got[len(got)-1].Seq {
		t.Fatalf("they came in order: %+v", got)
	}
	n := d.looks()
	if k := d.said(key); n != 1 || k.State != customer.KYCCustomer || k.RiskClass != customer.RiskStandard || k.DueDiligenceExpiresOn != "2029-06-30" {
		t.Errorf("%d looks, %+v", n, k)
	}
	if card := d.card(key).Responsibility(); card.RiskClass != "standard" || card.DueDiligenceExpires != "2029-06-30" {
		t.Errorf("the tab has %+v", card)
	}
	if n := d.count(`SELECT count(*) FROM inbound_event`) - events; n < since || n != len(d.taken(since)) {
		t.Errorf("%d events were remembered of %d messages", n, len(d.taken(since)))
	}
	t.Log("what the last messages brought about changes nothing any more")
	written := d.count(`SELECT count(*) FROM kyc_status`)
	calls, netvisorCalls := len(d.kyc.Calls()), len(d.netvisor.Calls())
	d.longAgo()
	d.looks()
	d.polled(d.kycSystem)
	if w := d.wroteKYC(calls); len(w) > 0 || d.wroteNetvisor("customerresponsibility.nv", netvisorCalls) > 0 || d.count(`SELECT count(*) FROM kyc_status`) != written {
		t.Errorf("Promise 3: written again: %v", w)
	}
}

// longAgo has every look at a system have begun ten seconds earlier.
func (d *diligent) longAgo() {
	d.Helper()
	d.owner(`UPDATE run SET created_at = created_at - interval '10 seconds'`)
}
