package reconcile_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/advice"
	"customerhub/internal/customer"
	"customerhub/internal/explain"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/run"
	sandbox "customerhub/internal/sandbox/netvisor"
	"customerhub/internal/system"
)

// hundred is a simulated Netvisor with a hundred customers, imported; the brake lets 20 through.
func hundred(t *testing.T) wired {
	t.Helper()
	w := overTheWire(t, sandbox.Options{})
	for i := 1; i <= 100; i++ {
		w.adds(sound(i, setting("Name", fmt.Sprintf("Esimerkki %d Oy", i))))
	}
	w.imported()
	return w
}

// spoil edits customers from the from-th to the to-th in Netvisor.
func (w wired) spoil(from, to int, edit func(*sandbox.Customer) error) {
	w.Helper()
	for i, key := range w.keys() {
		if i+1 >= from && i+1 <= to {
			w.must(w.netvisor.Edit("", key, edit))
		}
	}
}

// stop is the standing finding of a code, with what is known of it.
func (b *bundle) stop(code finding.Code) (f finding.Finding, s link.Stop) {
	b.Helper()
	open := false
	page, err := b.hub.Findings(b.Context(), b.viewer, hub.FindingFilter{Codes: []finding.Code{code}, Resolved: &open}, hub.Page{}, false)
	b.must(err)
	if len(page.Items) != 1 {
		b.Fatalf("%d findings %s stand, want 1: %+v", len(page.Items), code, b.findings())
	}
	f = page.Items[0]
	stops, err := b.hub.StopsByFinding(b.Context(), b.viewer, []finding.ID{f.ID})
	b.must(err)
	return f, stops[f.ID].Stop
}

func (b *bundle) parked() int { return b.count(`SELECT count(*) FROM link WHERE state = 'PARKED'`) }

func (b *bundle) rule(f finding.Finding, r link.Ruling) {
	b.Helper()
	_, err := b.hub.RuleMassChange(b.Context(), b.viewer, f.ID, r, "Checked with the accountant", "")
	b.must(err)
}

// goesOn carries out what is due.
func (b *bundle) goesOn() {
	b.Helper()
	for range 1000 {
		worked, err := b.worker.LinkOne(b.Context())
		b.must(err)
		if !worked {
			return
		}
	}
	b.Fatal("links are still due")
}

func named(value string) func(*sandbox.Customer) error { return setting("Name", value) }

const spoilt = `SELECT count(*) FROM customer WHERE name = 'PILALLA OY'`

// effects of 40 % of the customers, one for each class, and how many of them the hub shows.
var wrongs = map[string]struct {
	class link.Class
	edit  func(*sandbox.Customer) error
	seen  string
}{
	"NamesSpoilt":  {link.ClassOf(link.Inward, link.Altering), named("PILALLA OY"), spoilt},
	"PhoneCleared": {link.ClassOf(link.Inward, link.Clearing), setting("PhoneNumber", ""), `SELECT count(*) FROM customer WHERE phone = ''`},
	"Deactivated":  {link.ClassOf(link.Inward, link.Deactivation), setting("isActive", "0"), `SELECT count(*) FROM customer WHERE status = 'INACTIVE'`},
}

func TestBrakeInward(t *testing.T) {
	t.Parallel()
	for name, wrong := range wrongs {
		for _, full := range []bool{false, true} {
			t.Run(fmt.Sprintf("BeyondTheLimitNothingComesIn/%s/Full_%t", name, full), func(t *testing.T) {
				t.Parallel()
				w := hundred(t)
				w.spoil(1, 40, wrong.edit)
				w.sync(full)
				if n := w.count(wrong.seen); n != 20 {
					t.Errorf("%d came in, want 20", n)
				}
				if n := w.parked(); n != 20 {
					t.Errorf("%d are parked, want 20", n)
				}
				f, s := w.stop(finding.MassChangeIn)
				if s.Class != wrong.class || s.Counted != 20 || s.Records != 100 || s.Most != 20 || s.Parked != 20 || s.Run != string(w.lastRun().ID) || s.Ruling != "" {
					t.Errorf("got %+v", s)
				}
				for _, said := range []string{"20 of 100", "at most 20", "20 more wait"} {
					if !strings.Contains(f.Message, said) {
						t.Errorf("%q lacks %q", f.Message, said)
					}
				}
				if !full {
					return
				}
				before := w.versions()
				w.sync(true)
				if w.versions() != before {
					t.Error("a second look at what is parked wrote rows")
				}
			})
		}
	}

	t.Run("AParkedCustomerIsExplainedInEachLanguage", func(t *testing.T) {
		t.Parallel()
		w := hundred(t)
		w.spoil(1, 40, named("PILALLA OY"))
		w.sync(false)
		c := w.find(id(w.keys()[39])).ID
		explained, err := w.hub.Explain(t.Context(), w.viewer, []customer.ID{c}, w.system)
		w.must(err)
		e := explained[c][0]
		at := slices.IndexFunc(e.Checks, func(c explain.Check) bool { return c.Result == explain.Failed })
		if e.State != link.Parked || at < 0 || e.Checks[at].Name != explain.Unbraked || e.Fix == nil || e.Fix.Who != advice.Administrator {
			t.Fatalf("got %+v", e)
		}
		said := make(map[string]bool)
		for _, l := range advice.Languages {
			message := e.Checks[at].Message.In(l)
			for _, word := range []string{"Netvisor", "100", "20"} {
				if !strings.Contains(message, word) {
					t.Errorf("in %s it lacks %q: %s", l, word, message)
				}
			}
			if !strings.Contains(e.Fix.How.In(l), "approveMassChange") {
				t.Errorf("in %s it does not say how: %s", l, e.Fix.How.In(l))
			}
			said[message] = true
		}
		if len(said) != len(advice.Languages) {
			t.Errorf("%d texts in %d languages", len(said), len(advice.Languages))
		}
	})
	t.Run("SmallPollsAndSingleLooksDoNotSlipUnder", func(t *testing.T) {
		t.Parallel()
		w := hundred(t)
		for i := 1; i <= 36; i += 4 {
			w.spoil(i, i+3, named("PILALLA OY"))
			w.sync(false)
		}
		w.spoil(41, 44, named("PILALLA OY"))
		w.owner(`UPDATE link SET due_at = now(), state = 'DUE' WHERE external_id <> ''`)
		w.goesOn()
		if n, parked := w.count(spoilt), w.parked(); n != 20 || parked != 20 {
			t.Errorf("%d came in and %d are parked, want 20 each", n, parked)
		}
		if _, s := w.stop(finding.MassChangeIn); s.Parked != 20 {
			t.Errorf("got %+v", s)
		}
	})
	t.Run("TheWindowSlidesAndWhatIsParkedStaysParked", func(t *testing.T) {
		t.Parallel()
		w := hundred(t)
		w.spoil(1, 40, named("PILALLA OY"))
		w.sync(false)
		w.owner(`UPDATE brake_slot SET slot = slot - interval '25 hours'`)
		w.spoil(41, 50, named("Uusi nimi Oy"))
		w.sync(true)
		if n, fresh, parked := w.count(spoilt), w.count(`SELECT count(*) FROM customer WHERE name = 'Uusi nimi Oy'`), w.parked(); n != 20 || fresh != 10 || parked != 20 {
			t.Errorf("%d of the first, %d later ones came in, %d are parked; want 20, 10 and 20", n, fresh, parked)
		}
	})
	t.Run("OneRecordChangedOverAndOverCountsOnce", func(t *testing.T) {
		t.Parallel()
		w := hundred(t)
		for i := range 25 {
			w.spoil(1, 1, named(fmt.Sprintf("Nimi %d Oy", i)))
			w.sync(false)
		}
		if n := w.parked(); n != 0 {
			t.Errorf("%d are parked", n)
		}
		if n := w.count(`SELECT coalesce(sum(n), 0) FROM brake_slot`); n != 1 {
			t.Errorf("counted %d, want 1", n)
		}
	})
	t.Run("OtherClassesFillsAndNewCustomersFlow", func(t *testing.T) {
		t.Parallel()
		w := hundred(t)
		w.spoil(1, 40, named("PILALLA OY"))
		w.sync(false)
		w.spoil(1, 40, func(c *sandbox.Customer) error { return c.Set("NameExtension", "Lisätty") }) // nothing stood there
		w.spoil(30, 40, setting("PhoneNumber", ""))
		key := w.adds(sound(500))
		w.sync(false)
		if n := w.count(`SELECT count(*) FROM customer WHERE name_extension = 'Lisätty'`); n != 40 {
			t.Errorf("%d were filled, want 40", n)
		}
		if n := w.count(`SELECT count(*) FROM customer WHERE phone = ''`); n != 11 {
			t.Errorf("%d were cleared, want 11", n)
		}
		if w.find(id(key)) == nil {
			t.Error("a new customer did not come in")
		}
		if n, parked := w.count(spoilt), w.parked(); n != 20 || parked != 20 {
			t.Errorf("%d came in and %d are parked, want 20 each", n, parked)
		}
	})
	t.Run("ApprovingContinuesExactlyThat", func(t *testing.T) {
		t.Parallel()
		w := hundred(t)
		w.spoil(1, 40, named("PILALLA OY"))
		w.sync(false)
		f, _ := w.stop(finding.MassChangeIn)
		parked := w.column(`SELECT external_id FROM link WHERE state = 'PARKED' ORDER BY external_id`)
		// What changes again after it was parked, and what changes besides, is another matter.
		w.spoil(40, 40, named("Vielä toinen Oy"))
		w.spoil(41, 60, named("PILALLA OY"))
		w.rule(f, link.Approved)
		w.goesOn()
		if n := w.count(spoilt); n != 39 {
			t.Errorf("%d came in, want 39", n)
		}
		w.sync(true)
		if n := w.count(spoilt); n != 39 {
			t.Errorf("%d came in after a full look, want 39", n)
		}
		second, s := w.stop(finding.MassChangeIn)
		if second.ID == f.ID || s.Parked != 21 {
			t.Errorf("got %+v, %+v", second, s)
		}
		done, err := w.hub.FindingsByID(t.Context(), w.viewer, []finding.ID{f.ID})
		w.must(err)
		stops, err := w.hub.StopsByFinding(t.Context(), w.viewer, []finding.ID{f.ID})
		w.must(err)
		if d, s := done[f.ID], stops[f.ID]; d.ResolvedBy != "test" || s.Ruling != link.Approved || s.By != "test" || s.RuledAt.IsZero() || s.Note == "" || s.Parked != 0 {
			t.Errorf("got %+v, %+v", d, s)
		}
		before := w.versions()
		w.rule(f, link.Approved) // again: nothing
		w.goesOn()
		if w.versions() != before {
			t.Error("the second approval did something")
		}
		if _, err := w.hub.RuleMassChange(t.Context(), w.viewer, f.ID, link.Rejected, "", ""); fault.Of(err).ReasonOrCode() != "MASS_CHANGE_RULED" {
			t.Errorf("got %v", err)
		}
		if len(parked) != 20 {
			t.Errorf("%d were parked", len(parked))
		}
	})
	t.Run("RejectingLeavesBothSidesAndShowsThem", func(t *testing.T) {
		t.Parallel()
		w := hundred(t)
		w.spoil(1, 40, named("PILALLA OY"))
		w.sync(false)
		f, _ := w.stop(finding.MassChangeIn)
		if _, err := w.hub.ResolveFinding(t.Context(), w.viewer, f.ID, "", ""); fault.Of(err).ReasonOrCode() != "FINDING_NEEDS_RULING" {
			t.Errorf("it could be resolved without a ruling: %v", err)
		}
		w.rule(f, link.Rejected)
		w.goesOn()
		w.sync(true)
		if n := w.count(spoilt); n != 20 {
			t.Errorf("%d came in, want 20", n)
		}
		const shown = `SELECT count(*) FROM finding WHERE code = 'CHANGE_REJECTED' AND resolved_at IS NULL AND field = 'name' AND hub_value LIKE 'Esimerkki % Oy' AND system_value = 'PILALLA OY'`
		if n := w.count(shown); n != 20 {
			t.Errorf("%d findings show both values, want 20", n)
		}
		key := w.keys()[39]
		kept, err := w.hub.ProvenanceByCustomer(t.Context(), w.viewer, []customer.ID{w.find(id(key)).ID})
		w.must(err)
		if of := kept[w.find(id(key)).ID][customer.FieldName]; len(of.Alternatives) != 1 || of.Alternatives[0].Value != "PILALLA OY" {
			t.Errorf("the losing value is not kept: %+v", of)
		}
		before := w.versions()
		w.sync(true)
		if w.versions() != before {
			t.Error("a look after that wrote rows")
		}
		// What is edited next is a change of its own, and flows when there is room for it.
		w.owner(`UPDATE brake_slot SET slot = slot - interval '25 hours'`)
		w.spoil(40, 40, named("Korjattu Oy"))
		w.sync(false)
		if c := w.find(id(key)); c.Name != "Korjattu Oy" || c.Links[0].State != link.InSync {
			t.Errorf("got %s, %s", c.Name, c.Links[0].State)
		}
		if n := w.count(shown); n != 19 {
			t.Errorf("%d findings, want 19", n)
		}
		// And one that is settled is not raised again.
		open := false
		page, err := w.hub.Findings(t.Context(), w.viewer, hub.FindingFilter{Codes: []finding.Code{finding.ChangeRejected}, Resolved: &open}, hub.Page{}, false)
		w.must(err)
		_, err = w.hub.ResolveFinding(t.Context(), w.viewer, page.Items[0].ID, "they stay apart", "")
		w.must(err)
		w.goesOn()
		w.sync(true)
		if n := w.count(shown); n != 18 {
			t.Errorf("%d findings, want 18", n)
		}
		if c := w.find(page.Items[0].ExternalID); c.Links[0].State != link.InSync {
			t.Errorf("got %s", c.Links[0].State)
		}
	})
	t.Run("WhatIsRestoredIsParkedNoMore", func(t *testing.T) {
		t.Parallel()
		w := hundred(t)
		w.spoil(1, 40, setting("PhoneNumber", ""))
		w.sync(false)
		f, _ := w.stop(finding.MassChangeIn)
		w.spoil(1, 40, setting("PhoneNumber", "09 123 4567"))
		w.sync(false)
		if n, cleared := w.parked(), w.count(`SELECT count(*) FROM customer WHERE phone = ''`); n != 0 || cleared != 0 {
			t.Errorf("%d are parked, %d cleared", n, cleared)
		}
		done, err := w.hub.FindingsByID(t.Context(), w.viewer, []finding.ID{f.ID})
		w.must(err)
		if done[f.ID].ResolvedAt.IsZero() {
			t.Error("the finding still stands")
		}
	})
	t.Run("ACrashBetweenApprovalAndContinuationLosesNothing", func(t *testing.T) {
		t.Parallel()
		w := hundred(t)
		w.spoil(1, 40, named("PILALLA OY"))
		w.sync(false)
		f, _ := w.stop(finding.MassChangeIn)
		w.rule(f, link.Approved)
		w.owner(`UPDATE link SET due_at = NULL, state = 'PARKED', fault_code = 'UNSUPPORTED' WHERE due_at IS NOT NULL`) // the hub died before it wrote that they are due
		w.worker = w.newWorker()
		w.sync(false)
		if n, parked := w.count(spoilt), w.parked(); n != 40 || parked != 0 {
			t.Errorf("%d came in and %d are parked, want 40 and 0", n, parked)
		}
	})
	t.Run("TheLimitIsASetting", func(t *testing.T) {
		t.Parallel()
		w := hundred(t)
		share, count := 30, 5
		_, err := w.hub.SetSystemPolicy(t.Context(), w.viewer, w.system, hub.SetPolicy{
			Flow: system.Flow{Direction: system.In}, Brake: &system.Brake{SharePercent: &share, Count: &count},
		}, "")
		w.must(err)
		_, err = w.hub.SetSystemPolicy(t.Context(), w.viewer, w.system, hub.SetPolicy{Flow: system.Flow{Direction: system.In}}, "") // leaves the brake as it is
		w.must(err)
		w.spoil(1, 40, named("PILALLA OY"))
		w.sync(false)
		if n, parked := w.count(spoilt), w.parked(); n != 30 || parked != 10 {
			t.Errorf("%d came in and %d are parked, want 30 and 10", n, parked)
		}
	})
	t.Run("AnApprovedPlanIsNotBraked", func(t *testing.T) {
		t.Parallel()
		w := hundred(t)
		w.spoil(1, 40, named("PILALLA OY"))
		p, _, err := w.hub.PlanSystem(t.Context(), w.viewer, w.system, hub.PlanSystem{Mode: run.Import}, "")
		w.must(err)
		w.all(w.worker)
		_, err = w.hub.ApprovePlan(t.Context(), w.viewer, p.ID, "", "")
		w.must(err)
		_, _, err = w.hub.ApplyPlan(t.Context(), w.viewer, p.ID, "")
		w.must(err)
		w.all(w.worker)
		if n, parked := w.count(spoilt), w.parked(); n != 40 || parked != 0 {
			t.Errorf("%d came in and %d are parked, want 40 and 0", n, parked)
		}
	})
	t.Run("AnEditInTheHubOfAParkedCustomerStillGoesOut", func(t *testing.T) {
		t.Parallel()
		w := hundred(t)
		bothWays(w)
		w.spoil(1, 40, named("PILALLA OY"))
		w.sync(false)
		w.edit(id(w.keys()[39]), customer.Fields{"email": "uusi@example.test"})
		w.settle()
		if got := w.effects(); len(got) != 1 || !strings.HasSuffix(got[0], `"uusi@example.test"`) {
			t.Errorf("got %v", got)
		}
		if n := w.parked(); n != 20 {
			t.Errorf("%d are parked, want 20", n)
		}
	})
	t.Run("TwoReplicasKeepTheLimitTogether", func(t *testing.T) {
		t.Parallel()
		w := hundred(t)
		w.spoil(1, 60, named("PILALLA OY"))
		w.owner(`UPDATE link SET due_at = now(), state = 'DUE' WHERE external_id <> ''`)
		var working sync.WaitGroup
		for range 4 {
			worker := w.newWorker()
			working.Go(func() {
				for {
					if worked, err := worker.LinkOne(w.Context()); err != nil || !worked {
						if err != nil {
							t.Error(err)
						}
						return
					}
				}
			})
		}
		working.Wait()
		w.goesOn()
		if n, parked := w.count(spoilt), w.parked(); n != 20 || parked != 40 {
			t.Errorf("%d came in and %d are parked, want 20 and 40", n, parked)
		}
		if _, s := w.stop(finding.MassChangeIn); s.Parked != 40 {
			t.Errorf("got %+v", s)
		}
	})
}

func (b *bundle) column(sql string) []string {
	b.Helper()
	rows, err := b.db.Owner.Query(b.Context(), sql)
	b.must(err)
	out, err := pgx.CollectRows(rows, pgx.RowTo[string])
	b.must(err)
	return out
}
