package system_test

import (
	"testing"
	"time"

	"customerhub/internal/fault"
	"customerhub/internal/system"
)

func TestHealth(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name string
		s    system.System
		want system.Health
	}{
		{"NeverLookedAt", system.System{State: system.Draft}, system.Unknown},
		{"Checked", system.System{State: system.Checked, CheckedAt: at}, system.Healthy},
		{"Running", system.System{State: system.Running, FreshAt: at}, system.Healthy},
		{"WaitingForAPerson", system.System{State: system.NeedsAction, FreshAt: at}, system.Broken},
		{"Denied", system.System{State: system.Draft, Fault: &system.Fault{Code: fault.Denied}}, system.Broken},
		{"Internal", system.System{State: system.Running, Fault: &system.Fault{Code: fault.Internal}}, system.Broken},
		{"Unavailable", system.System{State: system.Running, FreshAt: at, Fault: &system.Fault{Code: fault.Unavailable}}, system.Degraded},
		{"Limited", system.System{State: system.Running, Fault: &system.Fault{Code: fault.Limited}}, system.Degraded},
		{"Maintenance", system.System{State: system.Running, Fault: &system.Fault{Code: fault.Maintenance}}, system.Degraded},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := tc.s.Health(); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestCanStart(t *testing.T) {
	t.Parallel()
	for state, want := range map[system.State]string{
		system.Draft: "SYSTEM_NOT_CHECKED", system.NeedsAction: "SYSTEM_NOT_CHECKED", system.Running: "SYSTEM_RUNNING",
		system.Checked: "", system.Planned: "", system.Paused: "",
	} {
		s := system.System{State: state}
		err := s.CanStart()
		if want == "" && err != nil || want != "" && fault.Of(err).ReasonOrCode() != want {
			t.Errorf("%s: got %v, want %q", state, err, want)
		}
	}
}
