package reconcile_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"testing"

	"customerhub/internal/link"
	"customerhub/internal/reconcile"
	sandbox "customerhub/internal/sandbox/netvisor"
	kycsandbox "customerhub/internal/sandbox/netvisorkyc"
)

// TestACandidateThatIsBeingMade has a look at KYC meet a candidate of which the hub does not know yet that it is its own, beside one that it
// knows: the two are one batch, and neither holds up the other (Promise 7).
func TestACandidateThatIsBeingMade(t *testing.T) {
	t.Parallel()
	d := duly(t, sandbox.Options{}, nil, nil)
	known := d.register()[0]
	d.activated()
	made := d.typed(map[string]string{"name": "Uusi Oy", "code": "7100", "businessId": "2445678-2"}, nil)
	_, err := d.kyc.Fault(kycsandbox.Fault{Kind: kycsandbox.FaultLostAnswer, Method: "PUT", Times: 1})
	d.must(err)
	var logged bytes.Buffer
	one := func(run bool) {
		t.Helper()
		w := reconcile.NewWorker(d.hub, d.db.App, reconcile.Options{
			Kinds: d.kinds, Client: http.DefaultClient, Workers: 1, Log: slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelWarn})),
		})
		do := w.LinkOne
		if run {
			do = w.RunOne
		}
		if did, err := do(t.Context()); !did || err != nil {
			t.Fatalf("%v, %v", did, err)
		}
	}
	_, err = d.hub.SyncNow(t.Context(), d.viewer, d.system, false, "")
	d.must(err)
	one(true)
	one(false)
	if l := d.linkIn(made, d.kycSystem); l.State != link.Uncertain {
		t.Fatalf("the new one is %s", l.State)
	}
	logged.Reset()
	d.must(d.kyc.EditCandidate(d.candidates()[businessIDs[0]].ID, kycsandbox.CandidateEdit{Name: new("Toinen Oy")}))
	d.owner(`UPDATE system SET hold_until = NULL`)
	_, err = d.hub.SyncNow(t.Context(), d.viewer, d.kycSystem, false, "")
	d.must(err)
	one(true)
	if logged.Len() > 0 {
		t.Errorf("logged %s", &logged)
	}
	d.owner(`UPDATE link SET due_at = now() WHERE due_at IS NOT NULL`)
	d.settle()
	d.agreed(made, d.kycSystem)
	d.agreed(known, d.kycSystem)
	if n := len(d.candidates()); n != 9 {
		t.Errorf("%d candidates", n)
	}
}
