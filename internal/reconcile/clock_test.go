package reconcile_test

import (
	"testing"
	"time"

	"customerhub/internal/customer"
	"customerhub/internal/outbound"
	"customerhub/internal/reconcile"
	"customerhub/internal/run"
	sandbox "customerhub/internal/sandbox/netvisor"
	"customerhub/internal/system"
)

// TestClocks holds that clocks which are wrong cost nothing: that of a replica, and that of the system.
func TestClocks(t *testing.T) {
	t.Parallel()
	for name, off := range map[string]time.Duration{"Ahead": 2 * time.Hour, "Behind": -2 * time.Hour} {
		t.Run("T36_AReplicaWhoseClockIsTwoHours"+name, func(t *testing.T) {
			t.Parallel()
			b := overTheWire(t, sandbox.Options{Customers: 3, Seed: 7}) // refuses signatures that are ten minutes off
			wrong := reconcile.NewWorker(b.hub, b.db.App, reconcile.Options{
				Kinds: b.kinds, Client: outbound.Client(outbound.Options{}), Workers: 1,
				Now: func() time.Time { return time.Now().Add(off) },
			})
			right := b.worker
			b.worker = wrong
			bothWays(b)
			b.imported()
			key := b.keys()[0]

			t.Log("it writes, and what it found is found on by others and by itself: nothing is skipped")
			b.edit(id(key), customer.Fields{"email": "uusi@example.test"})
			if b.settle(); b.theirs(key).Get("Email") != "uusi@example.test" {
				t.Errorf("Netvisor has %q", b.theirs(key).Get("Email"))
			}
			for i, w := range []*reconcile.Worker{wrong, right, wrong, right} {
				b.worker = w
				name := string(rune('A'+i)) + " Oy"
				b.must(b.netvisor.Edit("", key, func(c *sandbox.Customer) error { return c.Set("Name", name) }))
				if r := b.sync(false); r.State != run.Succeeded {
					t.Fatalf("run %+v", r)
				}
				if got := b.find(id(key)).Name; got != name {
					t.Errorf("poll %d: the name is %q, want %q", i, got, name)
				}
			}

			t.Log("a pause that Netvisor asks for is as long as it says")
			b.worker = wrong
			_, err := b.netvisor.Fault(sandbox.Fault{Kind: sandbox.FaultTooMany, RetryAfter: 1800, Times: 1})
			b.must(err)
			b.edit(id(key), customer.Fields{"email": "toinen@example.test"})
			_, err = b.worker.LinkOne(t.Context())
			b.must(err)
			if n := b.count(`SELECT round(extract(epoch FROM hold_until - now()) / 60) FROM system`); n < 29 || n > 31 {
				t.Errorf("it is left alone for %d minutes, want 30", n)
			}
			if s := b.state(); s.State != system.Running {
				t.Errorf("the system is %s: %+v", s.State, s.Fault)
			}
		})
	}
	for name, off := range map[string]time.Duration{"FiveMinutesBehind": -5 * time.Minute, "NineMinutesBehind": -9 * time.Minute, "NineMinutesAhead": 9 * time.Minute} {
		t.Run("T36_NetvisorsClockIs"+name, func(t *testing.T) {
			t.Parallel()
			b := overTheWire(t, sandbox.Options{Customers: 3, Seed: 7, Clock: func() time.Time { return time.Now().Add(off) }})
			b.imported()
			key := b.keys()[0]
			for _, name := range []string{"A Oy", "B Oy", "C Oy"} {
				b.must(b.netvisor.Edit("", key, func(c *sandbox.Customer) error { return c.Set("Name", name) }))
				if r := b.sync(false); r.State != run.Succeeded || b.find(id(key)).Name != name {
					t.Errorf("the name is %q, want %q: %+v", b.find(id(key)).Name, name, r)
				}
			}
		})
	}
}
