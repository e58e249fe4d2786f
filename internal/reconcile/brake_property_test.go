package reconcile_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"customerhub/internal/customer"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/system"
)

// TestBrakeProperty edits records of a system at random, looked at by polls, full comparisons and one by one in any order. As long as no
// more records of a class change than may, all comes in and nothing is ever parked; beyond that exactly as many come in as may.
func TestBrakeProperty(t *testing.T) {
	t.Parallel()
	const records, most = 30, 5
	classes := []struct {
		class link.Class
		edit  func(n int) customer.Fields
	}{
		{link.ClassOf(link.Inward, link.Altering), func(n int) customer.Fields { return customer.Fields{customer.FieldName: fmt.Sprintf("Nimi %d", n)} }},
		{link.ClassOf(link.Inward, link.Clearing), func(int) customer.Fields { return customer.Fields{customer.FieldPhone: ""} }},
		{link.ClassOf(link.Inward, link.Deactivation), func(int) customer.Fields { return customer.Fields{customer.FieldStatus: "INACTIVE"} }},
	}
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 27))
			b := setup(t)
			b.put(records)
			b.imported()
			share, count := 1, most
			_, err := b.hub.SetSystemPolicy(t.Context(), b.viewer, b.system, hub.SetPolicy{
				Flow: system.Flow{Direction: system.In}, Brake: &system.Brake{SharePercent: &share, Count: &count},
			}, "")
			b.must(err)
			// Of each class some records may be edited as often as one likes.
			pools := make([][]int, len(classes))
			for i := range pools {
				pools[i] = r.Perm(records)[:most]
			}
			look := func() {
				switch r.IntN(3) {
				case 0:
					b.sync(false)
				case 1:
					b.sync(true)
				case 2:
					b.owner(`UPDATE link SET due_at = now(), state = 'DUE' WHERE external_id = ANY ($1)`, []string{fmt.Sprint(1 + r.IntN(records)), fmt.Sprint(1 + r.IntN(records))})
					b.goesOn()
				}
			}
			for n := range 40 {
				i := r.IntN(len(classes))
				b.fake.Set(fmt.Sprint(1+pools[i][r.IntN(most)]), classes[i].edit(n))
				if r.IntN(4) == 0 { // what fills an empty value counts nowhere
					b.fake.Set(fmt.Sprint(1+r.IntN(records)), customer.Fields{"nameExtension": ""})
				}
				if r.IntN(3) == 0 {
					look()
				}
			}
			b.sync(true)
			if n := b.parked(); n != 0 || len(b.findings()) != 0 {
				t.Fatalf("%d are parked within the limit: %v", n, b.findings())
			}
			if n := b.count(`SELECT count(*) FROM link WHERE state <> 'IN_SYNC'`); n != 0 {
				t.Errorf("%d are not in sync", n)
			}
			// Now all of them, in one class: no more than may have come in since it is counted.
			i := r.IntN(len(classes))
			for n := range records {
				b.fake.Set(fmt.Sprint(n+1), classes[i].edit(1000+n))
				if r.IntN(5) == 0 {
					look()
				}
			}
			b.sync(true)
			counted := b.count(`SELECT coalesce(sum(n), 0) FROM brake_slot WHERE class = $1`, string(classes[i].class))
			if counted != most {
				t.Errorf("%d were counted, want %d", counted, most)
			}
			if n := b.parked(); n != records-most {
				t.Errorf("%d are parked, want %d", n, records-most)
			}
		})
	}
}
