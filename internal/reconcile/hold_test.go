package reconcile_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"customerhub/internal/reconcile"
	sandbox "customerhub/internal/sandbox/netvisor"
	kycsandbox "customerhub/internal/sandbox/netvisorkyc"
)

// TestALimitIsMetOnce has many customers wait for a service that takes no more calls for now. The first that hears so keeps the others
// from calling, and it counts as one failure: else a service with a limit would be left alone for the longest wait each time.
func TestALimitIsMetOnce(t *testing.T) {
	t.Parallel()
	d := duly(t, sandbox.Options{}, nil, nil)
	d.register()
	d.activated()
	_, err := d.kyc.Fault(kycsandbox.Fault{Kind: kycsandbox.FaultTooMany, Times: 100})
	d.must(err)
	d.owner(`UPDATE link SET due_at = now(), state = 'DUE' WHERE system_id = $1 AND external_id <> ''`, string(d.kycSystem))
	waiting := d.count(`SELECT count(*) FROM link WHERE due_at IS NOT NULL`)
	w := reconcile.NewWorker(d.hub, d.db.App, reconcile.Options{
		Kinds: d.kinds, Client: http.DefaultClient, Workers: 1, Poll: 10 * time.Millisecond, Backoff: []time.Duration{time.Minute, time.Hour, 24 * time.Hour},
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	for range 1000 {
		if d.count(`SELECT hold_count FROM system WHERE id = $1`, string(d.kycSystem)) > 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(300 * time.Millisecond) // for the calls that must not come
	stop()
	d.must(<-ended)
	met := 0
	for _, f := range d.kyc.Faults() {
		met += f.Hit
	}
	if waiting < 2 || met != 1 {
		t.Errorf("%d calls for %d customers were refused, want one", met, waiting)
	}
	if n := d.count(`SELECT hold_count FROM system WHERE id = $1`, string(d.kycSystem)); n != 1 {
		t.Errorf("it counts as %d failures", n)
	}
	if n := d.count(`SELECT round(extract(epoch FROM hold_until - now())) FROM system WHERE id = $1`, string(d.kycSystem)); n < 1 || n > 90 {
		t.Errorf("it is left alone for %d seconds, want about a minute", n)
	}
}
