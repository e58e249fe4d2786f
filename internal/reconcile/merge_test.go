package reconcile_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"customerhub/internal/customer"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	sandbox "customerhub/internal/sandbox/netvisor"
)

// doubles are two customers of a simulated Netvisor that are one in the world.
type doubles struct {
	wired
	keys         [2]int64
	kept, merged customer.ID
}

func setupDoubles(t *testing.T) *doubles {
	t.Helper()
	d := &doubles{wired: twoWays(t, sandbox.Options{Customers: 4, Seed: 7})}
	keys := d.wired.keys()
	d.keys = [2]int64{keys[0], keys[1]}
	d.kept, d.merged = d.find(id(keys[0])).ID, d.find(id(keys[1])).ID
	d.settle()
	return d
}

func (d *doubles) merge() hub.MergeID {
	d.Helper()
	done, err := d.hub.MergeCustomers(d.Context(), d.viewer, hub.MergeCustomers{Keep: d.kept, Merge: d.merged}, "")
	d.must(err)
	return done.ID
}

func (d *doubles) unmerge(m hub.MergeID) hub.UnmergeResult {
	d.Helper()
	done, err := d.hub.UnmergeCustomers(d.Context(), d.viewer, hub.UnmergeCustomers{Merge: m}, "")
	d.must(err)
	return done
}

func (d *doubles) customer(id customer.ID) hub.CustomerView {
	d.Helper()
	found, err := d.hub.CustomersByID(d.Context(), d.viewer, []customer.ID{id}, hub.IncludeAll)
	d.must(err)
	return found[id]
}

func (d *doubles) there(key int64, element, value string) {
	d.Helper()
	d.must(d.netvisor.Edit("", key, func(c *sandbox.Customer) error { return c.Set(element, value) }))
}

// link is that of a record.
func (d *doubles) link(key int64) link.Link {
	d.Helper()
	for _, l := range d.find(id(key)).Links {
		if l.ExternalID == id(key) {
			return l.Link
		}
	}
	d.Fatalf("record %d has no link", key)
	return link.Link{}
}

// quiet checks that complete looks write nothing, neither there nor here.
func (d *doubles) quiet() {
	d.Helper()
	d.sync(true)
	d.settle()
	writes, rows := d.writes(), d.versions()
	d.sync(true)
	if n := d.settle(); n != writes {
		d.Errorf("Promise 3: %d calls after agreement", n-writes)
	}
	if d.versions() != rows {
		d.Error("Promise 3: a complete look at what is in agreement wrote rows")
	}
}

// everything is what a record holds, with its offices and contact persons.
func (d *doubles) everything(key int64) string {
	d.Helper()
	c := d.theirs(key)
	return fmt.Sprint(c.Fields(), c.Offices(), c.ContactPersons())
}

func TestMergedRecords(t *testing.T) {
	t.Parallel()
	t.Run("OnlyThePrimaryIsWrittenAndEachResourceOnce", func(t *testing.T) {
		t.Parallel()
		d := setupDoubles(t)
		d.there(d.keys[0], "PhoneNumber", "")
		d.there(d.keys[1], "PhoneNumber", "040 123 4567")
		d.sync(false)
		other, writes := d.everything(d.keys[1]), d.writes()
		d.merge()
		if c := d.find(id(d.keys[1])); c == nil || c.ID != d.kept {
			t.Fatalf("the record leads to %+v", c)
		}
		d.settle()
		if d.theirs(d.keys[0]).Get("PhoneNumber") != "040 123 4567" {
			t.Errorf("what was filled did not arrive: %v", d.effects())
		}
		seen := make(map[string]bool)
		for _, c := range d.netvisor.Calls() {
			if c.Method != http.MethodPost {
				continue
			}
			if writes--; writes >= 0 {
				continue
			}
			what := c.Resource + "?" + c.Query
			if seen[what] {
				t.Errorf("%s was written twice", what)
			}
			seen[what] = true
		}
		if d.everything(d.keys[1]) != other {
			t.Error("Promise 5: the record that is only read was written")
		}
		if l := d.link(d.keys[1]); l.Primary || l.State != link.NotInScope {
			t.Errorf("got %+v", l)
		}
		if f := d.findings(); !slices.ContainsFunc(f, func(f standing) bool {
			return f.Code == "LINK_NOT_PRIMARY" && f.ExternalID == id(d.keys[1]) && f.Field == "" && *f.Customer == string(d.kept)
		}) {
			t.Errorf("got %+v", f)
		}
		d.quiet()
	})
	t.Run("WhatChangesInARecordThatIsOnlyReadStaysThereAndIsShown", func(t *testing.T) {
		t.Parallel()
		d := setupDoubles(t)
		d.merge()
		d.settle()
		name, writes := d.customer(d.kept).Name, d.writes()
		for _, to := range []string{"Eksynyt Oy", "Eksynyt Yhä Oy"} {
			d.there(d.keys[1], "Name", to)
			d.sync(false)
			d.settle()
			if n := d.count(`SELECT count(*) FROM finding WHERE code = 'LINK_NOT_PRIMARY' AND field = 'name' AND system_value = $1 AND hub_value = $2 AND resolved_at IS NULL`, to, name); n != 1 {
				t.Errorf("%q is not shown", to)
			}
		}
		if c := d.customer(d.kept); c.Name != name || d.writes() != writes || d.theirs(d.keys[1]).Get("Name") != "Eksynyt Yhä Oy" {
			t.Errorf("it came in as %q, or was undone", c.Name)
		}
		_, err := d.hub.RetryLink(t.Context(), d.viewer, d.link(d.keys[1]).ID, "")
		d.must(err)
		d.settle()
		d.quiet()
		if c := d.customer(d.kept); c.Name != name {
			t.Errorf("it came in as %q", c.Name)
		}
		if n := d.count(`SELECT count(*) FROM finding WHERE code = 'CUSTOMER_NUMBER_TWICE' AND resolved_at IS NULL AND customer_id = $1`, d.kept); n != 0 {
			t.Error("two records of one customer are not two customers with one number")
		}
	})
	t.Run("OneThatIsDeletedThereLeavesTheCustomerInUse", func(t *testing.T) {
		t.Parallel()
		d := setupDoubles(t)
		d.merge()
		d.settle()
		d.must(d.netvisor.Remove("", d.keys[1]))
		for range 3 {
			d.sync(true)
			d.settle()
		}
		if c := d.customer(d.kept); c.Status != customer.Active {
			t.Errorf("got %s", c.Status)
		}
		if l := d.link(d.keys[1]); l.LastFault != "NOT_FOUND" {
			t.Errorf("got %+v", l)
		}
	})
	t.Run("AfterwardsEachHasItsOwnAndBothSidesAgree", func(t *testing.T) {
		t.Parallel()
		d := setupDoubles(t)
		before := [2]customer.Fields{}
		for i, c := range []customer.ID{d.kept, d.merged} {
			c := d.customer(c)
			before[i] = c.Flatten(customer.HubKeys)
		}
		there := [2]string{d.everything(d.keys[0]), d.everything(d.keys[1])}
		m := d.merge()
		d.settle()
		d.there(d.keys[1], "Email", "sillavalin@example.test")
		d.sync(true)
		d.settle()
		d.unmerge(m)
		d.settle()
		for i, c := range []customer.ID{d.kept, d.merged} {
			c := d.customer(c)
			now := c.Flatten(customer.HubKeys)
			if i == 1 {
				before[i]["email"] = "sillavalin@example.test" // it was changed there, and comes in now
			}
			for _, f := range customer.Diff(before[i], now) {
				t.Errorf("customer %d: %s was %q and is %q", i, f.Field, f.Before, f.After)
			}
			for _, l := range c.Links {
				if l.State != link.InSync || !l.Primary {
					t.Errorf("customer %d: %+v", i, l.Link)
				}
			}
		}
		if d.everything(d.keys[0]) != there[0] {
			t.Errorf("the first record is %s and was %s", d.everything(d.keys[0]), there[0])
		}
		if n := d.count(`SELECT count(*) FROM finding WHERE code = 'LINK_NOT_PRIMARY' AND resolved_at IS NULL`); n != 0 {
			t.Errorf("%d findings stand", n)
		}
		d.quiet()
	})
	t.Run("WhileACallIsUnderWayNothingMoves", func(t *testing.T) {
		t.Parallel()
		d := setupDoubles(t)
		_, err := d.netvisor.Fault(sandbox.Fault{Kind: sandbox.FaultLostAnswer, Resource: "customer.nv", Times: 1})
		d.must(err)
		d.edit(id(d.keys[1]), customer.Fields{"phone": "050 765 4321"})
		_, err = d.worker.LinkOne(t.Context())
		d.must(err)
		_, err = d.hub.MergeCustomers(t.Context(), d.viewer, hub.MergeCustomers{Keep: d.kept, Merge: d.merged}, "")
		if err == nil {
			t.Fatal("it was merged though nobody knows what became of a call")
		}
		d.settle()
		d.merge()
	})
}
