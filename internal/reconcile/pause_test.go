package reconcile_test

import (
	"testing"

	"customerhub/internal/customer"
	"customerhub/internal/explain"
	"customerhub/internal/fault"
	"customerhub/internal/link"
	sandbox "customerhub/internal/sandbox/netvisor"
	"customerhub/internal/system"
)

// TestR193_Pause holds that a paused system is left alone, that what becomes due meanwhile waits and says why, and that it is made up for
// when somebody starts the system again.
func TestR193_Pause(t *testing.T) {
	t.Parallel()
	b := twoWays(t, sandbox.Options{Customers: 3, Seed: 7})
	key := b.keys()[0]
	if s, err := b.hub.PauseSystem(t.Context(), b.viewer, b.system, ""); err != nil || s.State != system.Paused || !s.NextDueAt.IsZero() {
		t.Fatalf("%+v, %v", s, err)
	}
	calls := len(b.netvisor.Calls())
	b.edit(id(key), customer.Fields{"email": "uusi@example.test"})
	b.must(b.netvisor.Edit("", key, func(c *sandbox.Customer) error { return c.Set("PhoneNumber", "09 111 2222") }))
	if _, err := b.hub.SyncNow(t.Context(), b.viewer, b.system, false, ""); fault.Of(err) == nil || fault.Of(err).ReasonOrCode() != "SYSTEM_NOT_RUNNING" {
		t.Errorf("a look at a paused system: %v", err)
	}
	if worked, err := b.worker.LinkOne(t.Context()); worked || err != nil {
		t.Errorf("worked %v, %v", worked, err)
	}
	b.all(b.worker)
	if n := len(b.netvisor.Calls()); n != calls {
		t.Errorf("%d calls while it was paused", n-calls)
	}
	c := b.find(id(key))
	if l := c.Links[0]; l.State != link.Due {
		t.Errorf("the edit does not wait: link %s", l.State)
	}
	said, err := b.hub.Explain(t.Context(), b.viewer, []customer.ID{c.ID}, b.system)
	b.must(err)
	for _, check := range said[c.ID][0].Checks {
		if (check.Result == explain.Failed) != (check.Name == explain.Running) {
			t.Errorf("%s: %s", check.Name, check.Result)
		}
	}
	_, _, err = b.hub.StartSystem(t.Context(), b.viewer, b.system, "")
	b.must(err)
	b.all(b.worker)
	if n := b.settle(); n != 1 || b.theirs(key).Get("Email") != "uusi@example.test" || b.find(id(key)).Phone.Raw != "09 111 2222" {
		t.Errorf("%d calls, %q there and %q here", n, b.theirs(key).Get("Email"), b.find(id(key)).Phone.Raw)
	}
}
