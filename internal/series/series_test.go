package series_test

import (
	"slices"
	"testing"
	"time"

	"customerhub/internal/series"
	"customerhub/internal/system"
)

const (
	netvisor system.ID = "11111111-1111-4111-8111-111111111111"
	flex     system.ID = "22222222-2222-4222-8222-222222222222"
	hub      system.ID = ""
)

var now = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// days before now.
func days(n int) time.Time { return now.AddDate(0, 0, -n) }

func TestR91_R92_Meetings(t *testing.T) {
	t.Parallel()
	// Ten a day over a month, up to 4 300.
	growing := series.Series{Giver: netvisor, First: 1000, Last: 4300, Count: 3000, Since: days(30), Then: 4000}
	for name, c := range map[string]struct {
		others []series.Series
		with   system.ID
		at     int64
		left   int64
		on     time.Time
		told   bool
		none   bool
	}{
		"NobodyElse":     {none: true},
		"ThoseBehindAre": {others: []series.Series{{Giver: flex, First: 1, Last: 999}}, none: true},
		"OfOnesOwn":      {others: []series.Series{{Giver: netvisor, First: 9000, Last: 9100}}, none: true},
		"OtherPrefix":    {others: []series.Series{{Giver: flex, Prefix: "F", First: 4400, Last: 4500}}, none: true},
		"AheadAtItsPace": {
			others: []series.Series{{Giver: flex, First: 5001, Last: 6000}},
			with:   flex, at: 5001, left: 700, on: now.AddDate(0, 0, 70), told: true,
		},
		"FarAndMoreThanAYear": {
			others: []series.Series{{Giver: flex, First: 50_001, Last: 50_100}},
			with:   flex, at: 50_001, left: 45_700, on: now.AddDate(0, 0, 4570),
		},
		"FarButWithinAYear": {
			others: []series.Series{{Giver: flex, First: 7900, Last: 8000}},
			with:   flex, at: 7900, left: 3599, on: now.AddDate(0, 0, 360), told: true,
		},
		"TheNearest": {
			others: []series.Series{{Giver: hub, First: 7_000_001, Last: 7_000_020}, {Giver: flex, First: 5001, Last: 6000}},
			with:   flex, at: 5001, left: 700, on: now.AddDate(0, 0, 70), told: true,
		},
		"OfTheHub": {
			others: []series.Series{{Giver: hub, First: 7_000_001, Last: 7_000_020}},
			with:   hub, at: 7_000_001, left: 6_995_700, on: now.AddDate(0, 0, 36_500),
		},
		"InOneAnother": {
			others: []series.Series{{Giver: flex, First: 4200, Last: 4400}},
			with:   flex, at: 4301, on: now, told: true,
		},
		"RightBehindOneAnother": {
			others: []series.Series{{Giver: flex, First: 4301, Last: 4400}},
			with:   flex, at: 4301, on: now, told: true,
		},
		"TheSameEnd": {
			others: []series.Series{{Giver: flex, First: 4200, Last: 4300}},
			with:   flex, at: 4301, on: now, told: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := slices.DeleteFunc(series.Meetings(append(c.others, growing), now), func(m series.Meeting) bool { return m.Series != growing })
			if c.none {
				if len(found) > 0 {
					t.Errorf("got %+v", found)
				}
				return
			}
			want := series.Meeting{Series: growing, With: c.with, At: c.at, Left: c.left, On: c.on}
			if len(found) != 1 || found[0] != want {
				t.Fatalf("got %+v, want %+v", found, want)
			}
			if got := found[0].Told(now); got != c.told {
				t.Errorf("told: %v", got)
			}
		})
	}
}

func TestPerDay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		s    series.Series
		want float64
	}{
		"OverAMonth":          {series.Series{Last: 4300, Then: 4000, Since: days(30)}, 10},
		"LessThanAWeekIsNone": {series.Series{Last: 4300, Then: 4000, Since: days(6)}, 0},
		"StandsStill":         {series.Series{Last: 4300, Then: 4300, Since: days(30)}, 0},
		"NeverWatched":        {series.Series{Last: 4300, Then: 4000}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := c.s.PerDay(now); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
