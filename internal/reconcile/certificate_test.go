package reconcile_test

import (
	"slices"
	"testing"

	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/run"
	sandbox "customerhub/internal/sandbox/netvisor"
)

// certified compares in full and gives the certificate with its differences.
func (f first) certified(heal bool) (run.Plan, []run.Step) {
	f.Helper()
	var r run.Run
	var err error
	if heal {
		r, err = f.hub.SyncNow(f.Context(), f.viewer, f.system, true, "")
	} else {
		r, err = f.hub.CertifySystem(f.Context(), f.viewer, f.system, "")
	}
	f.must(err)
	f.work(f.worker)
	return f.planned(r.ID), f.steps(r.ID)
}

// TestCertificate compares everything and says what differs.
func TestCertificate(t *testing.T) {
	t.Parallel()
	both := func(t *testing.T, n int) first {
		return first{meeting{twoWays(t, sandbox.Options{Customers: n, Seed: 7})}}
	}
	t.Run("EqualDataWritesNothing", func(t *testing.T) {
		t.Parallel()
		f := both(t, 30)
		before, calls := f.versions(), f.writes()
		for _, heal := range []bool{false, true} {
			p, steps := f.certified(heal)
			if p.Counts.Unchanged != 30 || p.Counts.Differing() != 0 || len(steps) != 0 || p.Purpose != run.Certificate {
				t.Errorf("healing %v: %+v, %+v", heal, p, steps)
			}
			if want := map[bool]run.PlanState{false: run.PlanReady, true: run.PlanApplied}[heal]; p.State != want {
				t.Errorf("it is %s, want %s", p.State, want)
			}
		}
		f.settle()
		if f.versions() != before || f.writes() != calls {
			t.Error("something was written")
		}
	})
	t.Run("DifferencesAreListedAndHealedAsConfigured", func(t *testing.T) {
		t.Parallel()
		f := both(t, 30)
		keys := f.keys()
		own := f.find(id(keys[0])).ID
		f.must(f.netvisor.Edit("", keys[1], func(c *sandbox.Customer) error { return c.Set("PhoneNumber", "09 111 2222") }))
		f.owner(`UPDATE customer SET email = 'ohi@example.test' WHERE id = $1`, string(own)) // past the hub, as a defect would
		f.must(f.netvisor.Remove("", keys[2]))
		gone := f.find(id(keys[2])).ID
		fresh := f.there("9901", "", "Uusi Oy", nil)
		alone := f.here("9902", "", "Yksin Oy")
		f.owner(`DELETE FROM link WHERE customer_id = $1`, string(alone))
		before, calls := f.versions(), f.writes()

		p, steps := f.certified(false)
		if f.settle(); f.versions() != before || f.writes() != calls {
			t.Error("comparing changed something")
		}
		if c := p.Counts; c.Update != 2 || c.Create != 2 || c.Missing != 1 || c.Unchanged != 27 || p.State != run.PlanReady {
			t.Errorf("%+v: %+v", p, steps)
		}
		about := func(a run.StepAction, record string, c customer.ID) *run.Step {
			i := slices.IndexFunc(steps, func(s run.Step) bool {
				return s.Action == a && (record == "" || s.ExternalID == record) && (c == "" || s.CustomerID == c)
			})
			if i < 0 {
				t.Fatalf("no %s of %s%s: %+v", a, record, c, steps)
			}
			return &steps[i]
		}
		if s := about(run.StepUpdate, id(keys[1]), ""); len(s.Changes) != 1 || s.Changes[0] != (run.StepChange{Field: customer.FieldPhone, Where: run.InHub, Before: s.Changes[0].Before, After: "09 111 2222"}) {
			t.Errorf("%+v", s)
		}
		if s := about(run.StepUpdate, id(keys[0]), own); len(s.Changes) != 1 || s.Changes[0].Where != run.InSystem || s.Changes[0].After != "ohi@example.test" {
			t.Errorf("%+v", s)
		}
		about(run.StepMissing, id(keys[2]), gone)
		about(run.StepCreate, fresh, "")
		about(run.StepCreate, "", alone)

		healed, _ := f.certified(true)
		f.settle()
		if healed.State != run.PlanApplied || healed.Counts.Executed != 3 {
			t.Errorf("%+v", healed)
		}
		if f.theirs(keys[0]).Get("Email") != "ohi@example.test" || f.find(id(keys[1])).Phone.Raw != "09 111 2222" || f.find(fresh) == nil {
			t.Error("it is not healed")
		}
		if p, steps = f.certified(false); p.Counts.Update != 0 || p.Counts.Missing != 1 || p.Counts.Create != 1 {
			t.Errorf("afterwards %+v: %+v", p.Counts, steps)
		}
	})
	t.Run("WhatCannotBeMendedIsADifference", func(t *testing.T) {
		t.Parallel()
		f := both(t, 5)
		key := f.keys()[0]
		_, err := f.netvisor.Fault(sandbox.Fault{Kind: sandbox.FaultFailure, Resource: "customer.nv", Category: "INVALID_DATA", Text: "Asiakas on lukittu."})
		f.must(err)
		f.edit(id(key), customer.Fields{customer.FieldEmail: "uusi@example.test"})
		f.settle()
		p, steps := f.certified(false)
		if p.Counts.Update != 1 || p.Counts.Unchanged != 4 || steps[0].ExternalID != id(key) {
			t.Errorf("%+v: %+v", p, steps)
		}
	})
	t.Run("AMonthIsKept", func(t *testing.T) {
		t.Parallel()
		f := both(t, 2)
		for range 33 {
			f.certified(false)
		}
		all, err := f.hub.Plans(t.Context(), f.viewer, f.system, run.Certificate)
		f.must(err)
		if len(all) != 30 {
			t.Errorf("%d are kept", len(all))
		}
		if plans, err := f.hub.Plans(t.Context(), f.viewer, f.system, run.FirstRun); err != nil || len(plans) != 1 { // by which the hub may write
			t.Errorf("%+v, %v", plans, err)
		}
		if _, err := f.hub.ApprovePlan(t.Context(), f.viewer, all[0].ID, "", ""); !fault.Is(err, fault.NotFound) {
			t.Errorf("a certificate is approved: %v", err)
		}
	})
	t.Run("OneThatBreaksOffCertifiesNothing", func(t *testing.T) {
		t.Parallel()
		f := both(t, 5)
		_, err := f.netvisor.Fault(sandbox.Fault{Kind: sandbox.FaultFailure, Resource: "getcustomer.nv", Category: "AUTHENTICATION_FAILED"})
		f.must(err)
		if p, _ := f.certified(false); p.State != run.PlanOutdated {
			t.Errorf("%+v", p)
		}
	})
	t.Run("ASystemThatWasNeverRunIsNotCertified", func(t *testing.T) {
		t.Parallel()
		f := beforeTheFirstRun(t, sandbox.Options{Customers: 2, Seed: 7})
		if _, err := f.hub.CertifySystem(t.Context(), f.viewer, f.system, ""); fault.Of(err) == nil || fault.Of(err).ReasonOrCode() != "SYSTEM_NOT_RUNNING" {
			t.Errorf("%v", err)
		}
	})
}
