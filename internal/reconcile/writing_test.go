package reconcile_test

import (
	"strings"
	"testing"

	"customerhub/internal/connector/connectortest"
	"customerhub/internal/fault"
	"customerhub/internal/hub"
	"customerhub/internal/run"
	"customerhub/internal/system"
)

// writable is setup with a system that the hub could write to.
func writable(t *testing.T) *bundle {
	t.Helper()
	fake := connectortest.NewFake()
	fake.SetWrites(simple)
	b := setupKind(t, fake.Kind(system.Netvisor))
	b.fake = fake
	b.viewer, b.system = b.start("Esimerkki Oy", nil, map[string]string{"key": "secret"})
	return b
}

// TestWritingNeedsAFirstRun holds that nothing is written into a system before somebody has seen and approved what a first run would do.
func TestWritingNeedsAFirstRun(t *testing.T) {
	t.Parallel()
	reason := func(err error) string {
		if err == nil {
			return ""
		}
		return fault.Of(err).ReasonOrCode()
	}
	both := hub.SetPolicy{Flow: system.Flow{Direction: system.Both}}
	group := hub.SetPolicy{Flow: system.Flow{Direction: system.In}, Groups: []hub.GroupPolicy{{Group: "email", Flow: system.Flow{Direction: system.Out}}}}
	set := func(b *bundle, p hub.SetPolicy) error {
		_, err := b.hub.SetSystemPolicy(b.Context(), b.viewer, b.system, p, "")
		return err
	}
	// first makes a plan and goes as far with it as is said.
	first := func(b *bundle, mode run.Mode, approve, apply bool) error {
		p, _, err := b.hub.PlanSystem(b.Context(), b.viewer, b.system, hub.PlanSystem{Mode: mode}, "")
		b.must(err)
		b.all(b.worker)
		if approve {
			_, err = b.hub.ApprovePlan(b.Context(), b.viewer, p.ID, "", "")
			b.must(err)
		}
		if apply {
			if _, _, err = b.hub.ApplyPlan(b.Context(), b.viewer, p.ID, ""); err == nil {
				b.all(b.worker)
			}
		}
		return err
	}

	t.Run("AStartedImportOnlySystemIsNotSwitched", func(t *testing.T) {
		t.Parallel()
		b := writable(t)
		b.put(3)
		b.imported()
		for name, p := range map[string]hub.SetPolicy{"both": both, "one group": group, "out": {Flow: system.Flow{Direction: system.Out}}} {
			err := set(b, p)
			if reason(err) != "WRITING_NOT_PLANNED" || !strings.Contains(err.Error(), "planSystem") || !strings.Contains(err.Error(), "hub plan") {
				t.Errorf("%s: got %v", name, err)
			}
		}
		_, err := b.hub.PauseSystem(t.Context(), b.viewer, b.system, "")
		b.must(err)
		if err := set(b, both); reason(err) != "WRITING_NOT_PLANNED" {
			t.Errorf("paused: got %v", err)
		}
		b.must(set(b, hub.SetPolicy{Flow: system.Flow{Direction: system.Off}}))
	})
	t.Run("OnlyAFirstRunThatWritesAndWasAppliedOpensIt", func(t *testing.T) {
		t.Parallel()
		b := writable(t)
		b.put(3)
		b.imported()
		b.must(first(b, run.Import, true, true))
		if err := set(b, both); reason(err) != "WRITING_NOT_PLANNED" {
			t.Errorf("after a plan that imports: got %v", err)
		}
		b.must(first(b, run.Merge, true, false))
		if err := set(b, both); reason(err) != "WRITING_NOT_PLANNED" {
			t.Errorf("after a plan that was approved only: got %v", err)
		}
		b.must(first(b, run.Merge, true, true))
		if d := b.state().Policy.Direction; d != system.Both {
			t.Errorf("applying left it %s", d)
		}
		b.must(set(b, hub.SetPolicy{Flow: system.Flow{Direction: system.In}}))
		b.must(set(b, group))
		b.must(set(b, both))
	})
	t.Run("ASystemThatWritesStartsByItsFirstRun", func(t *testing.T) {
		t.Parallel()
		b := writable(t)
		b.put(3)
		b.owner(`DELETE FROM run WHERE kind = 'FIRST_IMPORT'`)
		b.owner(`UPDATE system SET state = 'CHECKED'`)
		b.must(set(b, group)) // nothing flows yet
		if _, _, err := b.hub.StartSystem(t.Context(), b.viewer, b.system, ""); reason(err) != "WRITING_NOT_PLANNED" {
			t.Errorf("got %v", err)
		}
		if err := first(b, run.Import, true, true); reason(err) != "WRITING_NOT_PLANNED" {
			t.Errorf("a plan that imports, with a group that writes: got %v", err)
		}
		b.must(first(b, run.Merge, true, true))
		if s := b.state(); s.State != system.Running || s.Policy.Groups["email"].Direction != system.Out {
			t.Errorf("got %+v", s)
		}
	})
	t.Run("WhoWroteBeforeGoesOn", func(t *testing.T) {
		t.Parallel()
		b := writable(t)
		b.put(3)
		b.imported()
		b.owner(`UPDATE system SET policy = '{"direction": "BOTH"}'`) // from before that was asked for
		b.must(set(b, hub.SetPolicy{Flow: system.Flow{Direction: system.Both, Master: system.MasterHub}}))
		_, err := b.hub.PauseSystem(t.Context(), b.viewer, b.system, "")
		b.must(err)
		_, _, err = b.hub.StartSystem(t.Context(), b.viewer, b.system, "")
		b.must(err)
	})
}
