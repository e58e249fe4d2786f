package customer_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"customerhub/internal/customer"
)

func TestR47_KYCNoticeOn(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, today, expires string
		days, left           int
		none                 bool
	}{
		{"SixtyOneDaysAheadNothing", "2026-10-01", "2026-12-01", 0, 0, true},
		{"SixtyDaysAhead", "2026-10-02", "2026-12-01", 60, 60, false},
		{"BetweenSixtyAndThirty", "2026-10-31", "2026-12-01", 60, 31, false},
		{"ThirtyDaysAhead", "2026-11-01", "2026-12-01", 30, 30, false},
		{"TwentyDaysAheadTheNearestPassed", "2026-11-11", "2026-12-01", 30, 20, false},
		{"AWeekAhead", "2026-11-24", "2026-12-01", 7, 7, false},
		{"TheDayBefore", "2026-11-30", "2026-12-01", 7, 1, false},
		{"OnTheLastDay", "2026-12-01", "2026-12-01", 0, 0, false},
		{"TheDayAfter", "2026-12-02", "2026-12-01", 0, -1, false},
		{"YearsAfter", "2030-01-01", "2026-12-01", 0, -1127, false},
		{"OverTheDayOfTwentyThreeHours", "2026-03-28", "2026-04-04", 7, 7, false}, // clocks go forward on 29 March
		{"OverTheDayOfTwentyFiveHours", "2026-10-24", "2026-10-31", 7, 7, false},  // and back on 25 October
		{"LeapDayAWeekAhead", "2028-02-22", "2028-02-29", 7, 7, false},
		{"OnLeapDay", "2028-02-29", "2028-02-29", 0, 0, false},
		{"AfterLeapDay", "2028-03-01", "2028-02-29", 0, -1, false},
		{"OverLeapDay", "2028-02-28", "2028-03-06", 7, 7, false},
		{"OverTheSameDaysOfAnotherYear", "2027-02-28", "2027-03-07", 7, 7, false},
		{"ADayThatIsNone", "2027-02-01", "2027-02-29", 0, 0, true}, // 2027 has no leap day
		{"NoDay", "2026-12-01", "", 0, 0, true},
		{"NoToday", "", "2026-12-01", 0, 0, true},
		{"OverTheTurnOfTheYear", "2026-12-02", "2027-01-01", 30, 30, false},
		{"ADayLongAgo", "2026-12-02", "0001-01-01", 0, -739951, false},
		{"ADayFarAhead", "2026-12-02", "9999-12-31", 0, 0, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			n, ok := customer.KYCNoticeOn(tc.today, tc.expires)
			if ok == tc.none || ok && (n.Days != tc.days || n.Left != tc.left || n.ExpiresOn != tc.expires) {
				t.Errorf("got %+v, %v", n, ok)
			}
		})
	}
}

// TestKYCNoticeProperty lives through the days before an expiry, some of which the hub may sleep through: what is told are days in
// falling order, each once, and the last is always told.
func TestKYCNoticeProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		start := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 4000).Draw(t, "start"))
		expires := start.AddDate(0, 0, rapid.IntRange(0, 100).Draw(t, "ahead")).Format(time.DateOnly)
		last := -1
		for day := start; day.Format(time.DateOnly) <= expires; day = day.AddDate(0, 0, 1) {
			on := day.Format(time.DateOnly)
			if on != expires && rapid.Bool().Draw(t, "asleep") {
				continue
			}
			n, ok := customer.KYCNoticeOn(on, expires)
			want, _ := time.Parse(time.DateOnly, expires)
			if got := day.AddDate(0, 0, n.Left); ok && !got.Equal(want) {
				t.Fatalf("on %s %d days are left until %s", on, n.Left, expires)
			}
			if ok && last >= 0 && n.Days > last {
				t.Fatalf("on %s it tells of %d days, after %d", on, n.Days, last)
			}
			if ok {
				last = n.Days
			}
		}
		if last != 0 {
			t.Fatalf("the last day was not told: %d", last)
		}
	})
}

func TestWatched(t *testing.T) {
	t.Parallel()
	for state, want := range map[customer.KYCState]bool{
		customer.KYCNotSent: false, customer.KYCCandidate: true, customer.KYCCustomer: true, customer.KYCEnded: false,
		customer.KYCRemoved: false, customer.KYCUnknown: true,
	} {
		if k := (customer.KYC{State: state}); k.Watched() != want {
			t.Errorf("%s: got %v", state, !want)
		}
	}
}

// TestMask has an identity code in every text of a status; the individual number is one of those that are given to nobody.
func TestMask(t *testing.T) {
	t.Parallel()
	const canary = "010190-900P"
	k := customer.KYC{
		Notes: "Soitettu " + canary + ".", Stage: canary, RequiresActionsReasons: []string{"Muu", "Tunnus " + canary},
		Raw:    map[string]string{"riskClass": "SEVERE " + canary},
		Person: customer.KYCPerson{FirstName: "Aino " + canary, LastName: canary, Email: "aino@example.test", Phone: "+358 40 123 4567", Language: "fi"},
	}
	given := k.RequiresActionsReasons
	k.Mask()
	if text := fmt.Sprintf("%+v", k); strings.Contains(text, canary) || strings.Contains(text, "900P") {
		t.Errorf("it says %s", text)
	}
	if !strings.HasPrefix(k.Notes, "Soitettu *") || k.RequiresActionsReasons[0] != "Muu" || k.Person.Phone != "+358 40 123 4567" || k.Person.Email != "aino@example.test" {
		t.Errorf("more than the code is hidden: %+v", k)
	}
	if given[1] != "Tunnus "+canary {
		t.Error("the given list was written")
	}
	plain := customer.KYC{Notes: "Tarkistettu 1.1.2026", RequiresActionsReasons: []string{"Muu"}, Raw: map[string]string{"a": "b"}}
	same := plain
	if same.Mask(); cmp.Diff(plain, same) != "" {
		t.Error(cmp.Diff(plain, same))
	}
}
