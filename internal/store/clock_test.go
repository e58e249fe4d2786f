package store_test

import (
	"errors"
	"testing"
	"time"

	"customerhub/internal/store"
)

func TestT36_Clock(t *testing.T) {
	t.Parallel()
	var process time.Time
	at := func(s string) time.Time {
		v, err := time.Parse(time.DateTime, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	process = at("2026-06-05 12:00:00")
	c := store.NewClock(func() time.Time { return process })
	want := func(why, now string, ahead time.Duration) {
		t.Helper()
		if got := c.Now(); !got.Equal(at(now)) || c.Ahead() != ahead {
			t.Errorf("%s: it is %s, %s ahead; want %s, %s", why, got, c.Ahead(), now, ahead)
		}
	}
	ask := func(said time.Time, err error) {
		t.Helper()
		if got := c.Ask(func() (time.Time, error) { return said, err }); !errors.Is(got, err) {
			t.Errorf("got %v", got)
		}
	}
	want("before anything is known", "2026-06-05 12:00:00", 0)
	ask(at("2026-06-05 10:00:00"), nil)
	want("asked", "2026-06-05 10:00:00", 2*time.Hour)
	process = process.Add(time.Minute)
	want("a minute later", "2026-06-05 10:01:00", 2*time.Hour)
	ask(time.Time{}, nil)
	ask(at("2020-01-01 00:00:00"), errors.New("no answer"))
	want("without an answer", "2026-06-05 10:01:00", 2*time.Hour)
	ask(at("2026-06-05 14:01:00"), nil)
	want("behind", "2026-06-05 14:01:00", -2*time.Hour)
}
