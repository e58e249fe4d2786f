package system_test

import (
	"testing"
	"time"

	"customerhub/internal/system"
)

func TestSlots(t *testing.T) {
	t.Parallel()
	at := func(clock string) time.Time {
		out, err := time.Parse("2006-01-02 15:04:05", "2026-03-29 "+clock)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	const quarter = 15 * time.Minute
	for name, tc := range map[string]struct {
		now, offset, want string
	}{
		"R63_TheNextQuarter":              {"10:04:00", "0s", "10:15:00"},
		"R63_AtTheQuarterItself":          {"10:15:00", "0s", "10:15:00"},
		"WhatIsFoundAtItsBeginningGoes":   {"10:17:59", "0s", "10:17:59"},
		"WhatComesAfterThatWaits":         {"10:18:01", "0s", "10:30:00"},
		"AnOffsetIsAddedToEach":           {"10:10:00", "40s", "10:15:40"},
		"BeforeTheOffsetItIsNotYetTime":   {"10:15:10", "40s", "10:15:40"},
		"OverMidnight":                    {"23:59:00", "0s", "24:00:00"},
		"WhenTheClockLeapsInSpringItDoes": {"00:59:59", "0s", "01:00:00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			offset, err := time.ParseDuration(tc.offset)
			if err != nil {
				t.Fatal(err)
			}
			want := at("00:00:00").AddDate(0, 0, 1)
			if tc.want != "24:00:00" {
				want = at(tc.want)
			}
			if got := system.NextSlot(at(tc.now), quarter, offset); !got.Equal(want) {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
	t.Run("R63_SystemsBeginApartAndTheSameEachTime", func(t *testing.T) {
		t.Parallel()
		seen := map[time.Duration]int{}
		for _, id := range []system.ID{"a", "b", "c", "d", "e", "f", "g", "h"} {
			o := system.Offset(id, quarter)
			if o < 0 || o >= time.Minute || o != system.Offset(id, quarter) {
				t.Errorf("%s begins %s later", id, o)
			}
			seen[o]++
		}
		if len(seen) < 6 {
			t.Errorf("they begin together: %v", seen)
		}
		if o := system.Offset("a", time.Second); o >= 100*time.Millisecond {
			t.Errorf("%s of a second", o)
		}
		if o := system.Offset("a", 0); o != 0 {
			t.Errorf("%s of nothing", o)
		}
	})
	t.Run("NeverMoreThanOnePeriodAhead", func(t *testing.T) {
		t.Parallel()
		for s := range 3600 {
			now := at("10:00:00").Add(time.Duration(s) * time.Second)
			if ahead := system.NextSlot(now, quarter, 17*time.Second).Sub(now); ahead < 0 || ahead > quarter {
				t.Fatalf("%s ahead of %s", ahead, now)
			}
		}
	})
}
