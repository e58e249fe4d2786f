package reconcile_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"customerhub/internal/customer"
	"customerhub/internal/hub"
	"customerhub/internal/run"
	"customerhub/internal/system"

	flexsandbox "customerhub/internal/sandbox/flex"
	sandbox "customerhub/internal/sandbox/netvisor"
)

// peopled is an organisation with customers on both sides before Flex runs for the first time: two of Netvisor alone, two of Flex alone, one that is
// in both under the same number with another telephone number, and one whose number two different companies have.
func peopled(t *testing.T, inFlex bool) *field {
	t.Helper()
	f := fielded(t, sandbox.Options{}, flexsandbox.Options{}, nil)
	f.typed(map[string]string{"Name": "Netvisorin Oy", "InternalIdentifier": "1001", "ExternalIdentifier": yCode(1)})
	f.typed(map[string]string{"Name": "Malli Aino", "InternalIdentifier": "1002", "IsPrivateCustomer": "1"})
	f.typed(map[string]string{"Name": "Yhteinen Oy", "InternalIdentifier": "1003", "ExternalIdentifier": yCode(3), "PhoneNumber": "040 111 1111"})
	f.typed(map[string]string{"Name": "Toinen Oy", "InternalIdentifier": "1004", "ExternalIdentifier": yCode(4)})
	f.polled(f.system)
	if inFlex {
		f.entered(flexsandbox.Customer{Name: "Flexin Oy", CustomerTypeID: companyType, BusinessID: flexsandbox.Text(yCode(5))})
		f.entered(flexsandbox.Customer{Name: "Malli Bo", CustomerTypeID: privateType})
		f.entered(flexsandbox.Customer{Name: "Yhteinen Oy", CustomerTypeID: companyFromNv, CustomerNumber: "1003", BusinessID: flexsandbox.Text(yCode(3)), Phone: "040 222 2222", Email: "yhteinen@example.test"})
		f.entered(flexsandbox.Customer{Name: "Aivan Muu Oy", CustomerTypeID: companyFromNv, CustomerNumber: "1004", BusinessID: flexsandbox.Text(yCode(6))})
	}
	return f
}

// numbersIn are the numbers of the customers in each system.
func (f *field) numbersIn() (inNetvisor, inFlex string) {
	var n, x []string
	for c := range f.netvisor.Customers("") {
		if number := c.Get("InternalIdentifier"); number != "TEMP" {
			n = append(n, number)
		}
	}
	for _, c := range f.flex.Customers(org) {
		x = append(x, c.CustomerNumber)
	}
	slices.Sort(n)
	slices.Sort(x)
	return strings.Join(n, " "), strings.Join(x, " ")
}

// TestFlexFirstRun has the three ways to begin (Flex contract section 6; scenario 12).
func TestFlexFirstRun(t *testing.T) {
	t.Parallel()
	t.Run("R97_NothingStartsBeforeSomebodyChose", func(t *testing.T) {
		t.Parallel()
		f := peopled(t, true)
		before := f.calls()
		if _, _, err := f.hub.StartSystem(t.Context(), f.viewer, f.flexSystem, ""); reasonOf(err) != "WRITING_NOT_PLANNED" {
			t.Errorf("it starts: %v", err)
		}
		p := f.plan(run.Merge)
		if _, _, err := f.hub.StartSystem(t.Context(), f.viewer, f.flexSystem, ""); reasonOf(err) != "WRITING_NOT_PLANNED" {
			t.Errorf("it starts with a plan that nobody approved: %v", err)
		}
		if p.State != run.PlanReady || p.Counts.Create == 0 {
			t.Errorf("%+v", p)
		}
		if n, x := f.wrote(before); len(n)+len(x) > 0 {
			t.Errorf("planning wrote %v and %v", n, x)
		}
	})
	t.Run("R57_R58_R189_ExportFromFlex", func(t *testing.T) {
		t.Parallel()
		f := peopled(t, true)
		f.firstRun(run.Import)
		f.both()
		n, x := f.numbersIn()
		if n != "1001 1002 1003 1004 F50001 Y60001" || x != "1003 1004 F50001 Y60001" {
			t.Errorf("Netvisor has %s, Flex %s", n, x)
		}
		f.same(t)
		f.changed("F50001", func(c *flexsandbox.Customer) { c.Phone = "040 333 3333" })
		f.retyped(f.inNetvisor("F50001").Key(), "Email", "uusi@example.test")
		f.both()
		f.both()
		if n, x := f.inNetvisor("F50001"), f.inFlex("F50001"); n.Get("PhoneNumber") != "040 333 3333" || x.Email != "uusi@example.test" {
			t.Errorf("R58: values do not flow both ways: %v, %+v", n.Fields(), x)
		}
		f.quiet()
	})
	t.Run("R56_R189_ImportFromNetvisor", func(t *testing.T) {
		t.Parallel()
		f := peopled(t, false)
		f.firstRun(run.Export)
		f.both()
		n, x := f.numbersIn()
		if n != "1001 1002 1003 1004" || x != n {
			t.Errorf("Netvisor has %s, Flex %s", n, x)
		}
		before := f.calls()
		f.quiet()
		if n, _ := f.wrote(before); len(n) > 0 {
			t.Errorf("bringing customers from Netvisor wrote there: %v", n)
		}
		if again := f.plan(run.Export); again.State != run.PlanReady || again.Counts.Create+again.Counts.Update+again.Counts.Link != 0 {
			t.Errorf("a second run: %+v, %+v", again, f.lastOf(f.flexSystem))
		}
	})
	t.Run("R56_ImportFromNetvisorIsForAnEmptyFlex", func(t *testing.T) {
		t.Parallel()
		f := peopled(t, true)
		p := f.plan(run.Export)
		if r := f.lastOf(f.flexSystem); p.State == run.PlanReady || r.State != run.Failed || !strings.Contains(r.Message, "intoUsed") {
			t.Errorf("%+v, %+v", p, r)
		}
		q, _, err := f.hub.PlanSystem(t.Context(), f.viewer, f.flexSystem, hub.PlanSystem{Mode: run.Export, IntoUsed: true}, "")
		f.must(err)
		f.settle()
		if p := f.planned(q.ID); p.State != run.PlanReady || p.Counts.Create != 2 || p.Counts.Collide != 1 {
			t.Errorf("%+v", p)
		}
		for _, c := range f.flex.Customers(org) {
			_, err := f.flex.Deactivate(org, c.ID)
			f.must(err)
		}
		if p := f.plan(run.Export); p.State != run.PlanReady {
			t.Errorf("customers out of use are in the way: %+v", p)
		}
	})
	t.Run("R89_R92_R189_MergeOfBoth", func(t *testing.T) {
		t.Parallel()
		f := peopled(t, true)
		p := f.plan(run.Merge)
		if c := p.Counts; c.Link != 1 || c.Collide != 1 || c.Create != 4 {
			t.Errorf("%+v", c)
		}
		f.apply(p.ID)
		f.both()
		n, x := f.numbersIn()
		if n != "1001 1002 1003 1004 F50001 Y60001" || x != n {
			t.Errorf("Netvisor has %s, Flex %s", n, x)
		}
		f.same(t)
		if x := f.inFlex("1003"); x.Phone != "040 111 1111" || x.Email != "yhteinen@example.test" || f.inNetvisor("1003").Get("Email") != "yhteinen@example.test" {
			t.Errorf("R55: Netvisor wins where both have a value, and each gets what it lacks: %+v", x)
		}
		if n, x := f.inNetvisor("1004"), f.inFlex("1004"); n.Get("Name") != "Toinen Oy" || x.Name != "Aivan Muu Oy" {
			t.Errorf("R92: a collision was merged: %s, %s", n.Get("Name"), x.Name)
		}
		f.quiet()
		again := f.plan(run.Merge)
		if c := again.Counts; c.Link+c.Create+c.Update != 0 {
			t.Errorf("a second run: %+v", c)
		}
	})
	t.Run("Scenario12_WhatIsInterruptedGoesOnAndIsDoneOnce", func(t *testing.T) {
		t.Parallel()
		for _, mode := range []run.Mode{run.Import, run.Export, run.Merge} {
			f := peopled(t, mode != run.Export)
			p := f.plan(mode)
			_, err := f.hub.ApprovePlan(t.Context(), f.viewer, p.ID, "", "")
			f.must(err)
			_, _, err = f.hub.ApplyPlan(t.Context(), f.viewer, p.ID, "")
			f.must(err)
			// Each step of the work is given up in its middle, by the fault of a call or by the end of the worker, before it is done.
			for round := range 15 {
				_, err := f.flex.Fault(flexsandbox.Fault{Kind: flexsandbox.FaultLostAnswer, From: 3, Times: 1})
				f.must(err)
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(5+7*round%40)*time.Millisecond)
				_, _ = f.worker.RunOne(ctx)
				_, _ = f.worker.LinkOne(ctx)
				cancel()
			}
			for _, fault := range f.flex.Faults() {
				f.flex.ClearFault(fault.ID)
			}
			f.owner(`UPDATE link SET due_at = now() WHERE due_at > now()`)
			f.owner(`UPDATE system SET hold_until = NULL, hold_count = 0, next_due_at = now() + interval '1 hour'`)
			f.owner(`UPDATE link SET lease_until = now() WHERE lease_until > now()`)
			f.owner(`UPDATE lane SET lease_until = now() - interval '1 minute', holder = ''`)
			f.owner(`DELETE FROM lane_ticket`)
			f.owner(`UPDATE run SET lease_until = now() WHERE lease_until > now()`)
			f.settle()
			if f.planned(p.ID).State == run.PlanApproved { // a run that failed for good is begun again
				_, _, err := f.hub.ApplyPlan(t.Context(), f.viewer, p.ID, "")
				f.must(err)
				f.settle()
			}
			f.both()
			f.both()
			n, x := f.numbersIn()
			want := map[run.Mode][2]string{
				run.Import: {"1001 1002 1003 1004 F50001 Y60001", "1003 1004 F50001 Y60001"},
				run.Export: {"1001 1002 1003 1004", "1001 1002 1003 1004"},
				run.Merge:  {"1001 1002 1003 1004 F50001 Y60001", "1001 1002 1003 1004 F50001 Y60001"},
			}[mode]
			if n != want[0] || x != want[1] {
				t.Errorf("%s: Netvisor has %s, Flex %s; links %s", mode, n, x, f.linkStates())
			}
			f.same(t)
			f.quiet()
		}
	})
	t.Run("R62_PushesMeanwhileAreKept", func(t *testing.T) {
		t.Parallel()
		f := peopled(t, true)
		p := f.plan(run.Merge)
		_, err := f.hub.ApprovePlan(t.Context(), f.viewer, p.ID, "", "")
		f.must(err)
		f.changed("F50001", func(c *flexsandbox.Customer) { c.Phone = "040 444 4444" }) // after the plan and before it is applied
		made := f.entered(flexsandbox.Customer{Name: "Myöhäinen Oy", CustomerTypeID: companyType, BusinessID: flexsandbox.Text(yCode(7))})
		_, _, err = f.hub.ApplyPlan(t.Context(), f.viewer, p.ID, "")
		f.must(err)
		f.settle()
		f.both()
		if n := f.inNetvisor("F50001"); n.Get("PhoneNumber") != "040 444 4444" {
			t.Errorf("%v", n.Fields())
		}
		if n := f.inNetvisor(made.CustomerNumber); n.Get("Name") != "Myöhäinen Oy" {
			t.Errorf("%v", n.Fields())
		}
		f.quiet()
	})
}

// same says that whoever is linked in both systems has the same name, telephone number, e-mail address and business ID in both.
func (f *field) same(t *testing.T) {
	t.Helper()
	for _, x := range f.flex.Customers(org) {
		c, err := f.hub.Customer(t.Context(), f.viewer, hub.CustomerLookup{System: f.flexSystem, ExternalID: x.ID}, hub.IncludeAll)
		f.must(err)
		if c == nil {
			continue // a collision
		}
		n := f.inNetvisor(c.Number)
		for name, pair := range map[string][2]string{
			"name": {n.Get("Name"), x.Name}, "phone": {n.Get("PhoneNumber"), string(x.Phone)}, "email": {n.Get("Email"), string(x.Email)},
			"business ID": {n.Get("ExternalIdentifier"), string(x.BusinessID)}, "private": {n.Get("IsPrivateCustomer"), map[bool]string{true: "1", false: "0"}[c.Kind == customer.Private]},
		} {
			if pair[0] != pair[1] {
				t.Errorf("the %s of %s is %q in Netvisor and %q in Flex", name, c.Number, pair[0], pair[1])
			}
		}
	}
}

func (f *field) lastOf(id system.ID) run.Run {
	f.Helper()
	runs, err := f.hub.LastRuns(f.Context(), f.viewer, []system.ID{id})
	f.must(err)
	return runs[id]
}

func yCode(n int) string { return businessID(n) }
