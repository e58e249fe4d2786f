package reconcile_test

import (
	"fmt"
	"strconv"
	"testing"

	"customerhub/internal/connector/connectortest"
	"customerhub/internal/customer"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	sandbox "customerhub/internal/sandbox/netvisor"
	"customerhub/internal/system"
)

// apart are two customers that are one in the world, of which each of two systems knows one.
type apart struct {
	*pair
	kept, merged customer.ID
	keptRecord   string // in the second system
	mergedKey    int64  // in Netvisor
}

func setupApart(t *testing.T) *apart {
	t.Helper()
	a := &apart{pair: twoSystems(t)}
	create := func(name string, without system.ID, more customer.Fields) customer.ID {
		t.Helper()
		more["name"], more["kind"] = name, "COMPANY"
		c, err := a.hub.CreateCustomer(t.Context(), a.viewer, more, "")
		a.must(err)
		a.owner(`DELETE FROM link WHERE customer_id = $1 AND system_id = $2`, string(c.ID), string(without))
		a.settle()
		return c.ID
	}
	a.kept = create("Pidetty Oy", a.system, customer.Fields{"number": "77101", "email": "pidetty@example.test"})
	a.merged = create("Yhdistetty Oy", a.second, customer.Fields{"number": "77102", "phone": "040 123 4567"})
	a.keptRecord = a.of(a.kept).Links[0].ExternalID
	a.mergedKey, _ = strconv.ParseInt(a.of(a.merged).Links[0].ExternalID, 10, 64)
	return a
}

func (a *apart) of(id customer.ID) hub.CustomerView {
	a.Helper()
	found, err := a.hub.CustomersByID(a.Context(), a.viewer, []customer.ID{id}, hub.IncludeAll)
	a.must(err)
	return found[id]
}

func (a *apart) merge() hub.MergeID {
	a.Helper()
	done, err := a.hub.MergeCustomers(a.Context(), a.viewer, hub.MergeCustomers{Keep: a.kept, Merge: a.merged}, "")
	a.must(err)
	return done.ID
}

func (a *apart) unmerge(id hub.MergeID) hub.UnmergeResult {
	a.Helper()
	done, err := a.hub.UnmergeCustomers(a.Context(), a.viewer, hub.UnmergeCustomers{Merge: id}, "")
	a.must(err)
	a.settle()
	return done
}

func (a *apart) inSync(ids ...customer.ID) {
	a.Helper()
	for _, id := range ids {
		for _, l := range a.of(id).Links {
			if l.State != link.InSync || !l.Primary {
				a.Errorf("link of %s: %+v", a.of(id).Name, l.Link)
			}
		}
	}
}

func TestMergeOfCustomersInDifferentSystems(t *testing.T) {
	t.Parallel()
	t.Run("EachRecordStaysPrimaryAndGetsWhatDiffersInOneCall", func(t *testing.T) {
		t.Parallel()
		a := setupApart(t)
		there, beyond := a.calls()
		a.merge()
		a.settle()
		if n, m := a.calls(); n-there != 1 || m-beyond != 1 {
			t.Errorf("Promise 4: %d calls to Netvisor and %d beyond", n-there, m-beyond)
		}
		record, c := a.theirs(a.mergedKey), a.of(a.kept)
		fields, _ := a.flex.Fields(a.keptRecord)
		if record.Get("Name") != "Pidetty Oy" || record.Get("code") != "77101" || fields["phone"] != "040 123 4567" || len(c.Links) != 2 {
			t.Errorf("Netvisor has %v, beyond %v", record.Fields(), fields)
		}
		a.inSync(a.kept)
		a.quiet()
	})
	t.Run("TakenBackEachHasItsOwnValuesAgainAndTheEditsStay", func(t *testing.T) {
		t.Parallel()
		a := setupApart(t)
		card, before := a.theirs(a.mergedKey).Fields(), a.of(a.merged)
		m := a.merge()
		a.settle()
		_, err := a.hub.UpdateCustomer(t.Context(), a.viewer, a.kept, nil, customer.Fields{"phone": "050 765 4321"}, "")
		a.must(err)
		a.must(a.netvisor.Edit("", a.mergedKey, func(c *sandbox.Customer) error { return c.Set("Email", "muutettu@example.test") }))
		a.look(false, a.system, a.second)
		undone := a.unmerge(m)
		for f, was := range card {
			if now := a.theirs(a.mergedKey).Fields()[f]; now != was {
				t.Errorf("%s in Netvisor is %q and was %q", f, now, was)
			}
		}
		if c := a.of(a.merged); c.Name != before.Name || c.Number != before.Number || c.Phone.Raw != before.Phone.Raw || c.Email != "" {
			t.Errorf("got %+v", c.Customer)
		}
		if c := a.of(a.kept); c.Phone.Raw != "050 765 4321" || c.Email != "muutettu@example.test" || len(c.Links) != 1 {
			t.Errorf("got %+v", c.Customer)
		}
		by := make(map[customer.Field]string)
		for _, e := range undone.Edits {
			by[e.Field] = string(e.By.Kind)
		}
		if fmt.Sprint(by) != fmt.Sprint(map[customer.Field]string{"phone": "API_KEY", "email": "SYSTEM"}) {
			t.Errorf("got %v", by)
		}
		a.inSync(a.kept, a.merged)
		a.quiet()
	})
	t.Run("AFaultInBetweenChangesNothingOfIt", func(t *testing.T) {
		t.Parallel()
		a := setupApart(t)
		card := a.theirs(a.mergedKey).Fields()
		_, err := a.netvisor.Fault(sandbox.Fault{Kind: sandbox.FaultLostAnswer, Resource: "customer.nv", Times: 1})
		a.must(err)
		a.flex.Lose(connectortest.OpWrite, 1)
		m := a.merge()
		a.settle()
		_, err = a.netvisor.Fault(sandbox.Fault{Kind: sandbox.FaultLostAnswer, Resource: "customer.nv", Times: 1})
		a.must(err)
		a.unmerge(m)
		for f, was := range card {
			if now := a.theirs(a.mergedKey).Fields()[f]; now != was {
				t.Errorf("%s in Netvisor is %q and was %q", f, now, was)
			}
		}
		a.inSync(a.kept, a.merged)
		a.quiet()
	})
}

// TestMergedPartsInNetvisor follows an office and a contact person of a merged customer to the record of the other, and back.
func TestMergedPartsInNetvisor(t *testing.T) {
	t.Parallel()
	d := setupDoubles(t)
	d.must(d.netvisor.Edit("", d.keys[1], func(c *sandbox.Customer) error {
		for _, o := range c.Offices() {
			n, _ := strconv.ParseInt(o["NetvisorKey"], 10, 64)
			c.RemoveOffice(n)
		}
		return nil
	}))
	d.sync(false)
	_, office, err := d.hub.UpsertOffice(t.Context(), d.viewer, d.merged, "", nil, customer.Fields{"name": "Varasto", "phone": "09 123 4567"}, "")
	d.must(err)
	_, person, err := d.hub.LinkContact(t.Context(), d.viewer, hub.LinkContact{
		Customer: d.merged, Fields: customer.Fields{"firstName": "Aino", "lastName": "Yhdistetty", "emails": "aino@example.test"}, Office: &office,
	}, "")
	d.must(err)
	d.settle()
	records := [2]string{d.everything(d.keys[0]), d.everything(d.keys[1])}
	offices, people := len(d.theirs(d.keys[0]).Offices()), len(d.theirs(d.keys[0]).ContactPersons())
	m := d.merge()
	d.settle()
	if c := d.theirs(d.keys[0]); len(c.Offices()) <= offices || len(c.ContactPersons()) <= people {
		t.Errorf("the record of the one that stays has %v and %v", c.Offices(), c.ContactPersons())
	}
	d.sync(true)
	d.settle()
	d.unmerge(m)
	d.settle()
	if d.everything(d.keys[1]) != records[1] {
		t.Errorf("the record of the other one is\n%s and was\n%s", d.everything(d.keys[1]), records[1])
	}
	c := d.customer(d.merged)
	if len(c.Contacts) == 0 || len(c.Offices) == 0 {
		t.Fatalf("got %+v", c.Customer)
	}
	found := false
	for _, ct := range c.Contacts {
		found = found || ct.Person.ID == person && ct.OfficeID == office
	}
	if !found {
		t.Errorf("the contact is not back: %+v", c.Contacts)
	}
	if n := len(d.theirs(d.keys[0]).ContactPersons()); n != people {
		t.Errorf("Netvisor has %d contact persons in the record of the one that stays, and had %d", n, people)
	}
	d.quiet()
}
