package run_test

import (
	"testing"
	"time"

	"customerhub/internal/run"
)

func TestExpectedEnd(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	now := began.Add(10 * time.Minute)
	for _, tc := range []struct {
		name string
		r    run.Run
		want time.Time
	}{
		{"AQuarterDone", run.Run{State: run.Running, StartedAt: began, Done: 25, Total: 100}, began.Add(40 * time.Minute)},
		{"NothingDone", run.Run{State: run.Running, StartedAt: began, Total: 100}, time.Time{}},
		{"TotalNotKnown", run.Run{State: run.Running, StartedAt: began, Done: 25}, time.Time{}},
		{"AllDone", run.Run{State: run.Running, StartedAt: began, Done: 100, Total: 100}, time.Time{}},
		{"Ended", run.Run{State: run.Failed, StartedAt: began, Done: 25, Total: 100}, time.Time{}},
		{"NotBegun", run.Run{State: run.Queued, Done: 25, Total: 100}, time.Time{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := tc.r.ExpectedEnd(now); !got.Equal(tc.want) {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}
