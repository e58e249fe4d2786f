package reconcile_test

import (
	"slices"
	"strconv"
	"testing"

	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/hub"
)

// numbered makes customers in the hub whose numbers somebody chose, n of them from the first.
func (b *bundle) numbered(first, n int) {
	b.Helper()
	for i := range n {
		number := "N" + strconv.Itoa(first+i) // beside those of put
		_, err := b.hub.CreateCustomer(b.Context(), b.viewer, customer.Fields{"kind": "COMPANY", "name": "Numero " + number + " Oy", "number": number}, "")
		b.must(err)
	}
}

// ofSeries gives what stands about number series.
func (b *bundle) ofSeries() (out []finding.Finding) {
	b.Helper()
	page, err := b.hub.Findings(b.Context(), b.viewer, hub.FindingFilter{Codes: []finding.Code{finding.NumberSeriesMeet}, Resolved: new(false)}, hub.Page{}, false)
	b.must(err)
	return page.Items
}

// TestR91_NumberSeries has a system that numbers customers, and people who number others in the hub.
func TestR91_NumberSeries(t *testing.T) {
	t.Parallel()
	t.Run("NearOnesAreToldOnceAndEnd", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.put(20)
		b.imported()
		if told := b.ofSeries(); len(told) != 0 {
			t.Fatalf("one series meets nothing: %+v", told)
		}
		b.numbered(51, 5)
		for range 2 {
			b.sync(true)
			told := b.ofSeries()
			want := "The customer numbers of Fake NETVISOR come to those of the hub at N51, 30 numbers ahead."
			if len(told) != 1 || told[0].Message != want || told[0].SystemID != b.system {
				t.Fatalf("got %+v, want %q", told, want)
			}
		}
		b.owner(`UPDATE customer SET number = '' WHERE ltrim(number, 'N')::int > 50`)
		b.sync(true)
		if told := b.ofSeries(); len(told) != 0 {
			t.Errorf("it stands though nothing is near: %+v", told)
		}
		if n := b.count(`SELECT count(*) FROM change WHERE kind IN ('FINDING_RAISED', 'FINDING_RESOLVED') AND customer_id IS NULL`); n != 2 {
			t.Errorf("%d changes tell of it, want its raising and its end", n)
		}
	})
	t.Run("WithADateAtTheirPace", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.put(20)
		b.imported()
		b.numbered(51, 5)
		// Ten of them came with a first import a month ago and the others since then.
		b.owner(`UPDATE provenance p SET fields = jsonb_set(p.fields, '{"",at}', to_jsonb(now() - interval '21 days'))
			FROM customer c WHERE c.id = p.customer_id AND ltrim(c.number, 'N')::int <= 10`)
		found, err := b.hub.NumberSeries(t.Context(), b.viewer)
		b.must(err)
		if len(found.Series) != 2 || len(found.Meetings) != 1 {
			t.Fatalf("got %+v", found)
		}
		m := found.Meetings[0]
		if pace := m.Series.PerDay(found.AsOf); m.Series.Giver != b.system || pace < 0.49 || pace > 0.51 {
			t.Errorf("ten numbers in twenty days are %.3f a day in %+v", pace, m.Series)
		}
		if days := m.On.Sub(found.AsOf).Hours() / 24; m.Left != 30 || m.With != "" || days < 59 || days > 61 {
			t.Errorf("it meets %q in %d numbers and %.0f days", m.With, m.Left, days)
		}
	})
	t.Run("ChosenNumbersAreNoSeries", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.put(20)
		b.numbered(51, 4)
		b.imported()
		if told := b.ofSeries(); len(told) != 0 {
			t.Errorf("four numbers that somebody chose are taken for a series: %+v", told)
		}
	})
	t.Run("APersonsWordHolds", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.put(20)
		b.numbered(51, 5)
		b.imported()
		_, err := b.hub.ResolveFinding(t.Context(), b.viewer, b.ofSeries()[0].ID, "They are numbered in Acme alone.", "")
		b.must(err)
		b.sync(true)
		if told := b.ofSeries(); len(told) != 0 {
			t.Errorf("it is raised again: %+v", told)
		}
	})
	t.Run("PrefixesAndGapsPartSeries", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.put(6)
		b.imported()
		b.numbered(3001, 5)
		for _, odd := range []string{"F50001", "F50002", "F50003", "F50004", "F50005", "ei-numeroa", "12345678901234567890", "007"} {
			_, err := b.hub.CreateCustomer(t.Context(), b.viewer, customer.Fields{"kind": "COMPANY", "name": "Outo Oy", "number": odd}, "")
			b.must(err)
		}
		found, err := b.hub.NumberSeries(t.Context(), b.viewer)
		b.must(err)
		var got []string
		for _, s := range found.Series {
			got = append(got, s.Number(s.First)+"-"+s.Number(s.Last))
		}
		if want := []string{"F50001-F50005", "N3001-N3005", "N1-N6"}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if m := found.Meetings; len(m) != 1 || m[0].At != 3001 || m[0].Series.First != 1 || m[0].With != "" || m[0].Left != 2994 {
			t.Errorf("got %+v", m)
		}
	})
}
