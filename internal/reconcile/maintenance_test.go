package reconcile_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"customerhub/internal/customer"
	"customerhub/internal/link"
	sandbox "customerhub/internal/sandbox/netvisor"
)

// since are the calls behind a number of them, in the order in which they came.
func (w wired) since(n int) []sandbox.Call { return w.netvisor.Calls()[n:] }

// at is the place of the first call of the kind, -1 when there is none.
func at(calls []sandbox.Call, method, resource string, queries ...string) int {
	return slices.IndexFunc(calls, func(c sandbox.Call) bool {
		for _, q := range queries {
			if !slices.Contains(strings.Split(c.Query, "&"), q) {
				return false
			}
		}
		return c.Method == method && c.Resource == resource
	})
}

// TestMaintenance holds the practice that Netvisor recommends for keeping its register: what is there is looked at before anything
// is written (requirements, section C).
func TestMaintenance(t *testing.T) {
	t.Parallel()
	t.Run("R101_CustomersOfTheHubAloneAreAdded", func(t *testing.T) {
		t.Parallel()
		b := overTheWire(t, sandbox.Options{Seed: 7})
		bothWays(b)
		var want []customer.ID
		for _, fields := range []customer.Fields{{"name": "Tuore Oy", "businessId": "0112038-9"}, {"name": "Aino Malli", "kind": "PRIVATE"}} {
			created, err := b.hub.CreateCustomer(t.Context(), b.viewer, fields, "")
			b.must(err)
			want = append(want, created.ID)
		}
		b.imported()
		if n := b.settle(); n != len(want) {
			t.Errorf("%d calls of writing", n)
		}
		var got []customer.ID
		for _, key := range b.keys() {
			if c := b.find(id(key)); c == nil || c.Links[0].State != link.InSync || c.Name != b.theirs(key).Get("Name") {
				t.Errorf("customer %d of Netvisor is %+v", key, c)
			} else {
				got = append(got, c.ID)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("Netvisor has %v of %v", got, want)
		}
	})
	t.Run("R110_R111_R112_ARecordIsReadByItsKeyBeforeItIsUpdated", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, sandbox.Options{Customers: 3, Seed: 7})
		key := b.keys()[1]
		n := len(b.netvisor.Calls())
		b.edit(id(key), customer.Fields{"email": "uusi@example.test"})
		b.settle()
		read, updated := at(b.since(n), http.MethodGet, "getcustomer.nv", "id="+id(key)), at(b.since(n), http.MethodPost, "customer.nv", "method=edit", "id="+id(key))
		if read < 0 || updated < read || b.theirs(key).Get("Email") != "uusi@example.test" {
			t.Errorf("read as call %d and updated as call %d: %+v", read, updated, b.since(n))
		}
	})
	t.Run("R110_R111_R113_ANewCustomerIsLookedForBeforeItIsAdded", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, sandbox.Options{Customers: 3, Seed: 7})
		n := len(b.netvisor.Calls())
		_, err := b.hub.CreateCustomer(t.Context(), b.viewer, customer.Fields{"name": "Tuore Oy", "businessId": "0112038-9"}, "")
		b.must(err)
		b.settle()
		looked, added := at(b.since(n), http.MethodGet, "customerlist.nv", "keyword=0112038"), at(b.since(n), http.MethodPost, "customer.nv", "method=add")
		if looked < 0 || added < looked || len(b.keys()) != 4 {
			t.Errorf("looked for as call %d and added as call %d: %+v", looked, added, b.since(n))
		}
	})
	t.Run("R118_WhatDueDiligenceOwnsIsWrittenByNobodyElse", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, sandbox.Options{Customers: 1, Seed: 7})
		c := b.find(id(b.keys()[0]))
		for _, f := range []customer.Field{
			customer.FieldKYCRequiresActions, customer.FieldKYCRiskAssessedOn, customer.FieldKYCExpiresOn, customer.FieldKYCRiskClass, customer.FieldKYCNotes,
		} {
			if _, err := b.hub.UpdateCustomer(t.Context(), b.viewer, c.ID, nil, customer.Fields{f: "LOW"}, ""); err == nil {
				t.Errorf("%s is taken from somebody else", f)
			}
		}
		if b.settle() != 0 || b.find(id(b.keys()[0])).Version != c.Version {
			t.Error("something of it was kept or sent")
		}
	})
	t.Run("R123_R124_NoCustomerIsMappedToTheTemporaryOne", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, sandbox.Options{Customers: 1, Seed: 7})
		var temp int64
		for c := range b.netvisor.Customers("") {
			if c.Get("code") == "TEMP" {
				temp = c.Key()
			}
		}
		b.must(b.netvisor.Edit("", temp, func(c *sandbox.Customer) error {
			if err := c.Set("businessId", "0112038-9"); err != nil {
				return err
			}
			return c.Set("Name", "Tuore Oy")
		}))
		created, err := b.hub.CreateCustomer(t.Context(), b.viewer, customer.Fields{"name": "Tuore Oy", "businessId": "0112038-9"}, "")
		b.must(err)
		b.settle()
		b.sync(true)
		keys := b.keys()
		if len(keys) != 2 || b.find(id(temp)) != nil || b.count(`SELECT count(*) FROM link WHERE external_id = $1`, id(temp)) != 0 {
			t.Fatalf("Netvisor has %v beside TEMP, which is %+v in the hub", keys, b.find(id(temp)))
		}
		if got := b.find(id(keys[1])); got == nil || got.ID != created.ID || got.Links[0].State != link.InSync {
			t.Errorf("its own card is %+v", got)
		}
		for _, e := range b.netvisor.Effects() {
			if e.Customer == temp && e.Call != 0 {
				t.Errorf("TEMP was written to: %+v", e)
			}
		}
	})
	t.Run("R186_AContactPersonKeepsItsIdentityOnBothSides", func(t *testing.T) {
		t.Parallel()
		b := overTheWire(t, sandbox.Options{Customers: 1, Seed: 7})
		bothWays(b)
		key := b.keys()[0]
		var there int64
		b.must(b.netvisor.Edit("", key, func(c *sandbox.Customer) (err error) {
			there, err = c.SetContactPerson(0, map[string]string{"ContactPersonFirstName": "Aino", "ContactPersonLastName": "Malli"})
			return err
		}))
		b.imported()
		// mine and theirs are what tasks refer to: the contact person of Netvisor, and the person of the hub.
		theirs := func(email string) map[string]string {
			t.Helper()
			for _, c := range b.theirs(key).ContactPersons() {
				if c["ContactPersonID"] == id(there) && c["ContactPersonEmail"] == email {
					return c
				}
			}
			t.Fatalf("Netvisor has %v", b.theirs(key).ContactPersons())
			return nil
		}
		mine := func(email string) customer.Contact {
			t.Helper()
			for _, c := range b.find(id(key)).Contacts {
				if c.Person.LastName == "Malli" && strings.Join(c.Person.Emails, ",") == email {
					return c
				}
			}
			t.Fatalf("the hub has %+v", b.find(id(key)).Contacts)
			return customer.Contact{}
		}
		theirs("")
		was, n := mine(""), len(b.theirs(key).ContactPersons())
		_, err := b.hub.UpdatePerson(t.Context(), b.viewer, was.Person.ID, customer.Fields{"emails": "aino@example.test"}, "")
		b.must(err)
		b.settle()
		theirs("aino@example.test")
		b.must(b.netvisor.Edit("", key, func(c *sandbox.Customer) error {
			_, err := c.SetContactPerson(there, map[string]string{"ContactPersonEmail": "malli@example.test"})
			return err
		}))
		b.sync(false)
		b.settle()
		theirs("malli@example.test")
		if now := mine("malli@example.test"); now.Person.ID != was.Person.ID || len(b.theirs(key).ContactPersons()) != n {
			t.Errorf("it was %+v and is %+v; Netvisor has %v", was, now, b.theirs(key).ContactPersons())
		}
	})
}
