package reconcile_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/run"
	sandbox "customerhub/internal/sandbox/netvisor"
	"customerhub/internal/system"
)

// first is a checked system that was never run, beside a hub with customers of its own.
type first struct{ meeting }

func beforeTheFirstRun(t *testing.T, o sandbox.Options) first {
	t.Helper()
	f := first{meeting{overTheWire(t, o)}}
	f.owner(`DELETE FROM run`)
	f.owner(`UPDATE system SET state = 'CHECKED', next_due_at = NULL`)
	return f
}

// plan makes a plan in a mode.
func (f first) plan(mode run.Mode) run.Plan {
	f.Helper()
	p, _, err := f.hub.PlanSystem(f.Context(), f.viewer, f.system, hub.PlanSystem{Mode: mode}, "")
	f.must(err)
	f.work(f.worker)
	return f.planned(p.ID)
}

func (f first) planned(id run.ID) run.Plan {
	f.Helper()
	found, err := f.hub.PlansByID(f.Context(), f.viewer, []run.ID{id})
	f.must(err)
	return found[id]
}

func (f first) steps(id run.ID) []run.Step {
	f.Helper()
	var out []run.Step
	two := 2
	for after := ""; ; {
		page, err := f.hub.PlanSteps(f.Context(), f.viewer, id, hub.StepFilter{}, &two, after, false)
		f.must(err)
		if out = append(out, page.Steps...); !page.HasMore {
			return out
		}
		after = page.Cursors[len(page.Cursors)-1]
	}
}

// step is the one about a number; nil when there is none.
func (f first) step(id run.ID, number string) *run.Step {
	f.Helper()
	all := f.steps(id)
	if at := slices.IndexFunc(all, func(s run.Step) bool { return s.Number == number }); at >= 0 {
		return &all[at]
	}
	return nil
}

// apply approves and executes a plan.
func (f first) apply(id run.ID) run.Plan {
	f.Helper()
	_, err := f.hub.ApprovePlan(f.Context(), f.viewer, id, "Looks right.", "")
	f.must(err)
	_, _, err = f.hub.ApplyPlan(f.Context(), f.viewer, id, "")
	f.must(err)
	f.work(f.worker)
	return f.planned(id)
}

// rows is what the hub holds beside the plans themselves.
func (f first) rows() string {
	return f.versions() + fmt.Sprint(f.count(`SELECT count(*) FROM finding`), f.count(`SELECT count(*) FROM change`), f.count(`SELECT count(*) FROM custom_field`),
		f.count(`SELECT count(*) FROM link`))
}

const (
	idA, idB, idC = "1572860-0", "0201256-6", "2345678-0"
)

// TestFirstRun plans first runs and applies them (design section 5; R97-R109, R189).
func TestFirstRun(t *testing.T) {
	t.Parallel()
	t.Run("R97_R109_NothingHappensBeforeAPlanIsApproved", func(t *testing.T) {
		t.Parallel()
		f := beforeTheFirstRun(t, sandbox.Options{Customers: 30, Seed: 7})
		f.here("5001", idA, "Täällä Oy")
		before, calls := f.rows(), f.writes()
		for _, mode := range []run.Mode{run.Import, run.Export, run.Merge} {
			p := f.plan(mode)
			if p.State != run.PlanReady || p.Mode != mode {
				t.Fatalf("%+v", p)
			}
			if f.rows() != before || f.writes() != calls {
				t.Errorf("planning %s did something", mode)
			}
			if _, _, err := f.hub.ApplyPlan(t.Context(), f.viewer, p.ID, ""); fault.Of(err) == nil || fault.Of(err).ReasonOrCode() != "PLAN_NOT_APPROVED" {
				t.Errorf("it is applied without approval: %v", err)
			}
		}
		if _, _, err := f.hub.PlanSystem(t.Context(), f.viewer, f.system, hub.PlanSystem{Mode: ""}, ""); fault.Of(err) == nil || fault.Of(err).ReasonOrCode() != "MODE_UNKNOWN" {
			t.Errorf("R97: a first run without a choice: %v", err)
		}
		plans, err := f.hub.Plans(t.Context(), f.viewer, f.system, run.FirstRun)
		f.must(err)
		if len(plans) != 3 || plans[0].State != run.PlanReady || plans[1].State != run.PlanOutdated || plans[2].State != run.PlanOutdated {
			t.Errorf("%+v", plans)
		}
		if _, err := f.hub.ApprovePlan(t.Context(), f.viewer, plans[2].ID, "", ""); fault.Of(err) == nil || fault.Of(err).ReasonOrCode() != "PLAN_NOT_READY" {
			t.Errorf("an outdated plan is approved: %v", err)
		}
	})
	t.Run("R99_R189_Import", func(t *testing.T) {
		t.Parallel()
		f := beforeTheFirstRun(t, sandbox.Options{Customers: 30, Seed: 7})
		f.here("5001", idA, "Täällä Oy")
		p := f.plan(run.Import)
		if c := p.Counts; c.Create+c.Duplicate != 30 || c.Link+c.Update+c.Collide != 0 {
			t.Errorf("%+v", c)
		}
		p = f.apply(p.ID)
		if p.State != run.PlanApplied || p.Counts.Executed != len(f.steps(p.ID)) || p.Counts.Skipped != 0 || p.ApprovedBy != "test" || p.ApprovedAt.IsZero() {
			t.Errorf("%+v", p)
		}
		f.all(f.worker)
		if n := f.count(`SELECT count(*) FROM customer`); n != 31 {
			t.Errorf("%d customers", n)
		}
		if s := f.state(); s.State != system.Running || s.FreshAt.IsZero() || s.Policy.WritesOut() {
			t.Errorf("%+v", s)
		}
		if f.settle(); f.writes() != 0 {
			t.Error("an import wrote outside")
		}
		f.again(run.Import)
	})
	t.Run("R100_R101_R189_Export", func(t *testing.T) {
		t.Parallel()
		f := beforeTheFirstRun(t, sandbox.Options{Customers: 5, Seed: 7})
		own := f.here("5001", idA, "Täällä Oy")
		both := f.here("5002", idB, "Yhteinen Oy")
		key := f.there("5002", idB, "Yhteinen Oy", nil)
		p := f.plan(run.Export)
		if c := p.Counts; c.Create != 1 || c.Link != 1 || c.Collide+c.Duplicate+c.Update != 0 {
			t.Errorf("%+v: %+v", c, f.steps(p.ID))
		}
		if s := f.step(p.ID, "5001"); s == nil || s.Where != run.InSystem || s.Action != run.StepCreate || s.CustomerID != own {
			t.Errorf("%+v", s)
		}
		p = f.apply(p.ID)
		f.all(f.worker)
		f.settle()
		if c := f.find(key); p.Counts.Executed != 2 || c == nil || c.ID != both {
			t.Errorf("%+v, %+v", p, c)
		}
		if l := f.customer(own).Links; len(l) != 1 || l[0].State != link.InSync || l[0].ExternalID == "" {
			t.Errorf("R103: %+v", l)
		}
		if n := f.count(`SELECT count(*) FROM customer`); n != 2 {
			t.Errorf("%d customers: an export takes nothing in", n)
		}
		f.again(run.Export)
	})
	t.Run("R105_R106_R107_R108_R189_Merge", func(t *testing.T) {
		t.Parallel()
		f := beforeTheFirstRun(t, sandbox.Options{Customers: 5, Seed: 7})
		own := f.here("5001", idA, "Täällä Oy")
		both := f.here("5002", idB, "Yhteinen Oy")
		key := f.there("5002", idB, "Yhteinen Oyj", func(c *sandbox.Customer) { f.must(c.Set("Email", "laskut@example.test")) })
		f.here("5003", idA, "Toinen Täällä Oy")
		f.there("5003", idC, "Toinen Siellä Oy", nil)
		third := f.here("5004", "", "Kolmas Oy")
		f.edit2(third, customer.Fields{customer.FieldBusinessID: "0112038-9"})
		f.there("6004", "0112038-9", "Kolmas Oy", nil)
		p := f.plan(run.Merge)
		if c := p.Counts; c.Create != 6 || c.Link != 1 || c.Collide != 1 || c.Duplicate != 1 || c.Update != 0 {
			t.Errorf("%+v: %+v", c, f.steps(p.ID))
		}
		s := f.step(p.ID, "5002")
		if s == nil || s.Action != run.StepLink || s.CustomerID != both || s.ExternalID != key {
			t.Fatalf("%+v", s)
		}
		for _, want := range []run.StepChange{
			{Field: customer.FieldName, Where: run.InHub, Before: "Yhteinen Oy", After: "Yhteinen Oyj"},
			{Field: customer.FieldEmail, Where: run.InHub, After: "laskut@example.test"},
		} {
			if !slices.Contains(s.Changes, want) {
				t.Errorf("%+v is not among %+v", want, s.Changes)
			}
		}
		if s := f.step(p.ID, "5003"); s == nil || s.Action != run.StepCollide || !strings.Contains(s.Reason, "Toinen Siellä Oy") || !strings.Contains(s.Reason, "Toinen Täällä Oy") {
			t.Errorf("%+v", s)
		}
		if s := f.step(p.ID, "6004"); s == nil || s.Action != run.StepDuplicate || s.CustomerID != third {
			t.Errorf("%+v", s)
		}
		p = f.apply(p.ID)
		f.all(f.worker)
		f.settle()
		if p.Counts.Skipped != 0 || p.Counts.Executed != 9 {
			t.Errorf("%+v", p)
		}
		if c := f.find(key); c == nil || c.ID != both || c.Name != "Yhteinen Oyj" {
			t.Errorf("%+v", c)
		}
		if l := f.customer(own).Links; len(l) != 1 || l[0].State != link.InSync {
			t.Errorf("%+v", l)
		}
		if len(f.standing(finding.NumberCollision)) != 1 || len(f.standing(finding.DuplicateProposed)) != 1 {
			t.Error("what a person has to decide is not among the findings")
		}
		f.again(run.Merge)
	})
	t.Run("WhatChangedSinceIsSkippedWithTheReason", func(t *testing.T) {
		t.Parallel()
		f := beforeTheFirstRun(t, sandbox.Options{Customers: 30, Seed: 7})
		own := f.here("5001", idA, "Täällä Oy")
		both := f.here("5002", idB, "Yhteinen Oy")
		f.there("5002", idB, "Yhteinen Oy", nil)
		p := f.plan(run.Merge)
		keys := f.keys()
		f.must(f.netvisor.Edit("", keys[3], func(c *sandbox.Customer) error { return c.Set("PhoneNumber", "09 111 2222") }))
		f.must(f.netvisor.Edit("", keys[7], func(c *sandbox.Customer) error { return c.Set("Name", "Muutettu Oy") }))
		f.must(f.netvisor.Remove("", keys[9]))
		f.edit2(own, customer.Fields{customer.FieldPhone: "040 123 4567"})
		f.edit2(both, customer.Fields{customer.FieldPhone: "040 765 4321"})
		p = f.apply(p.ID)
		if p.State != run.PlanApplied || p.Counts.Skipped != 5 || p.Counts.Executed != len(f.steps(p.ID))-5 {
			t.Errorf("%+v", p)
		}
		why := make(map[string]int)
		for _, s := range f.steps(p.ID) {
			if s.Result == run.Skipped {
				why[s.Why]++
			}
		}
		if why[hub.ChangedOutside] < 2 || why[hub.ChangedInHub] != 2 {
			t.Errorf("%v", why)
		}
		page, err := f.hub.PlanSteps(t.Context(), f.viewer, p.ID, hub.StepFilter{Result: run.Skipped}, nil, "", true)
		f.must(err)
		if len(page.Steps) != 5 || page.Total != 5 {
			t.Errorf("%d are listed", len(page.Steps))
		}
	})
	t.Run("T40_StoppedAndGoneOn", func(t *testing.T) {
		t.Parallel()
		f := beforeTheFirstRun(t, sandbox.Options{Customers: 600, Seed: 7})
		for n := range 20 {
			f.here(fmt.Sprint(5000+n), "", fmt.Sprintf("Oma %d Oy", n))
		}
		r := rand.New(rand.NewPCG(1, 2))
		stopped := func() {
			for range 6 {
				ctx, stop := context.WithTimeout(t.Context(), time.Duration(20+r.IntN(150))*time.Millisecond)
				_ = f.worker.Run(ctx)
				stop()
			}
			// A claim whose answer was cut off is nobody's until its lease ends.
			for deadline := time.Now().Add(2 * time.Minute); f.count(`SELECT count(*) FROM run WHERE state IN ('QUEUED', 'RUNNING')`) > 0 && time.Now().Before(deadline); {
				f.all(f.worker)
				time.Sleep(20 * time.Millisecond)
			}
		}
		made, _, err := f.hub.PlanSystem(t.Context(), f.viewer, f.system, hub.PlanSystem{Mode: run.Merge}, "")
		f.must(err)
		stopped()
		p := f.planned(made.ID)
		if p.State != run.PlanReady || p.Counts.Create+p.Counts.Duplicate != 620 {
			t.Fatalf("%+v", p)
		}
		_, err = f.hub.ApprovePlan(t.Context(), f.viewer, p.ID, "", "")
		f.must(err)
		_, _, err = f.hub.ApplyPlan(t.Context(), f.viewer, p.ID, "")
		f.must(err)
		stopped()
		if p = f.planned(p.ID); p.State != run.PlanApplied || p.Counts.Executed != 620 || p.Counts.Skipped != 0 {
			t.Errorf("%+v", p)
		}
		f.settle()
		if n := f.count(`SELECT count(*) FROM customer`); n != 620 {
			t.Errorf("%d customers", n)
		}
		if n := f.writes(); n != 20 {
			t.Errorf("%d calls, want one for each of the hub's own", n)
		}
		f.again(run.Merge)
	})
	t.Run("APlanThatCannotBeMadeIsOutdated", func(t *testing.T) {
		t.Parallel()
		f := beforeTheFirstRun(t, sandbox.Options{Customers: 5, Seed: 7})
		_, err := f.netvisor.Fault(sandbox.Fault{Kind: sandbox.FaultFailure, Resource: "customerlist.nv", Category: "AUTHENTICATION_FAILED"})
		f.must(err)
		p := f.plan(run.Import)
		if p.State != run.PlanOutdated {
			t.Errorf("%+v", p)
		}
	})
}

// canonicalRows leaves the log of changes out of row versions: who approved a plan is in it.
func canonicalRows(versions string) string {
	rows, _, _ := strings.Cut(versions, "\nchange ")
	return rows
}

// again plans and applies once more after agreement: there is nothing to do, and nothing is written.
func (f first) again(mode run.Mode) {
	f.Helper()
	f.sync(true)
	f.settle()
	before, calls := canonicalRows(f.versions()), f.writes()
	p := f.plan(mode)
	if c := p.Counts; c.Link+c.Create+c.Update != 0 {
		f.Errorf("a second plan has %+v: %+v", c, f.steps(p.ID))
	}
	p = f.apply(p.ID)
	f.all(f.worker)
	f.settle()
	if p.State != run.PlanApplied || p.Counts.Skipped != 0 {
		f.Errorf("%+v", p)
	}
	if f.writes() != calls {
		f.Errorf("a second run made %d calls that write", f.writes()-calls)
	}
	if canonicalRows(f.versions()) != before {
		f.Error("a second run wrote rows")
	}
}
