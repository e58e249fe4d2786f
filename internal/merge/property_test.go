package merge_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"customerhub/internal/customer"
	"customerhub/internal/merge"
)

var (
	plain = []customer.Field{
		"number", "name", "email", "phone", "businessId", "language", "billingEmails", "einvoice.address", "einvoice.operator",
		"billingAddress.line1", "billingAddress.city", "billingAddress.country", "deliveryAddress.city", "visitingAddress.line1",
	}
	ofOffice  = []string{"name", "identifier", "phone", "address.line1", "address.city", "einvoice.address"}
	ofContact = []string{"firstName", "lastName", "emails", "phones", "title"}
)

// record is what an external system may hold of a customer. Few values are used, so that sides often agree by chance.
func record() *rapid.Generator[customer.Fields] {
	return rapid.Custom(func(t *rapid.T) customer.Fields {
		fs := customer.Fields{"kind": "COMPANY", "status": rapid.SampledFrom([]string{"ACTIVE", "INACTIVE"}).Draw(t, "status")}
		value := func(label string) string { return rapid.SampledFrom([]string{"", "a", "b", "C;d"}).Draw(t, label) }
		for _, f := range plain {
			fs.Set(f, value(string(f)))
		}
		var offices []string
		for _, key := range []string{"1", "2"} {
			if !rapid.Bool().Draw(t, "office "+key) {
				continue
			}
			offices = append(offices, key)
			set := func(name, v string) { fs.Set(customer.PartField(customer.PartOffice, key, name), v) }
			set(customer.Present, "true")
			set("active", "true")
			for _, name := range ofOffice {
				set(name, value(name))
			}
		}
		for _, key := range []string{"7", "8"} {
			if !rapid.Bool().Draw(t, "contact "+key) {
				continue
			}
			set := func(name, v string) { fs.Set(customer.PartField(customer.PartContact, key, name), v) }
			set(customer.Present, "true")
			for _, name := range ofContact {
				set(name, value(name))
			}
			set("office", rapid.SampledFrom(append([]string{""}, offices...)).Draw(t, "at"))
			if rapid.Bool().Draw(t, "default") {
				set("default", "true")
			}
		}
		return fs
	})
}

// edit changes the customer as a person in the hub would.
func edit(t *rapid.T, c *customer.Customer) {
	for _, f := range rapid.SliceOfN(rapid.SampledFrom(plain), 0, 4).Draw(t, "edits") {
		if err := c.Apply(f, rapid.SampledFrom([]string{"", "a", "b", "hub"}).Draw(t, "value")); err != nil {
			t.Fatal(err)
		}
	}
	for i := range c.Offices {
		if rapid.IntRange(0, 3).Draw(t, "edit office") == 0 {
			c.Offices[i].Name = "hub"
		}
	}
	for i := range c.Contacts {
		if rapid.IntRange(0, 3).Draw(t, "edit contact") == 0 {
			c.Contacts[i].Person.LastName = "hub"
		}
	}
	c.Derive()
}

// unread draws the groups that the system cannot tell.
func unread(t *rapid.T) map[customer.Group]bool {
	blind := map[customer.Group]bool{}
	for _, g := range rapid.SliceOfN(rapid.SampledFrom([]customer.Group{
		"email", "phone", "billingAddress", "einvoice", "title", "address", "identifier",
	}), 0, 3).Draw(t, "unread") {
		blind[g] = true
	}
	return blind
}

func policy(t *rapid.T) merge.Policy {
	blind := unread(t)
	p := merge.Policy{Reads: func(f customer.Field) bool {
		if _, _, name, ok := f.PartKey(); ok {
			return !blind[customer.Field(name).Group()]
		}
		return !blind[f.Group()]
	}}
	if rapid.Bool().Draw(t, "ours wins") {
		p.Flow = oursWins
	}
	return p
}

// quiet makes a testing.TB of a rapid.T, which ends the check in the same way.
type quiet struct {
	testing.TB
	t *rapid.T
}

func (q quiet) Helper()           {}
func (q quiet) Fatal(args ...any) { q.t.Fatal(args...) }

func check(t *testing.T, property func(t *rapid.T, tb testing.TB)) {
	t.Helper()
	rapid.Check(t, func(rt *rapid.T) { property(rt, quiet{t, rt}) })
}

func TestProperties(t *testing.T) {
	t.Parallel()
	t.Run("Promise3_ASecondLookChangesNothing", func(t *testing.T) {
		check(t, func(t *rapid.T, tb testing.TB) {
			p := policy(t)
			l := imported(tb, record().Draw(t, "first"), p)
			for i := range rapid.IntRange(1, 3).Draw(t, "rounds") {
				edit(t, &l.customer)
				theirs := record().Draw(t, fmt.Sprintf("round %d", i))
				first, _ := l.take(tb, theirs, p)
				before := l.customer.Flatten(customer.HubKeys)
				again, changed := l.take(tb, theirs, p)
				if diff := cmp.Diff(before, l.customer.Flatten(customer.HubKeys)); diff != "" {
					t.Fatalf("the customer changed: %s", diff)
				}
				if changed || len(again.Gone) > 0 {
					t.Fatalf("the base changed, gone %v", again.Gone)
				}
				if p.Flow == nil && !cmp.Equal(first.Outgoing, again.Outgoing) {
					t.Fatalf("waited %v, then %v", first.Outgoing, again.Outgoing)
				}
			}
		})
	})
	t.Run("T24_WhatTheirsDidNotChangeNeverComesIn", func(t *testing.T) {
		check(t, func(t *rapid.T, tb testing.TB) {
			p := policy(t)
			l := imported(tb, record().Draw(t, "first"), p)
			edit(t, &l.customer)
			theirs := record().Draw(t, "theirs")
			before, after := l.base.Theirs.Groups(p.Reads), theirs.Groups(p.Reads)
			v := merge.Compare(l.ours(), theirs, l.base, p)
			for f := range v.Incoming {
				if before[f.Group()].Equal(after[f.Group()]) {
					t.Fatalf("%s comes in and did not change", f)
				}
			}
		})
	})
	t.Run("WhatCannotBeReadNeverChanges", func(t *testing.T) {
		check(t, func(t *rapid.T, tb testing.TB) {
			p := policy(t)
			l := imported(tb, record().Draw(t, "first"), p)
			edit(t, &l.customer)
			hidden := func() customer.Fields {
				// Contacts that are gone take their values with them.
				return l.customer.Flatten(customer.HubKeys).Only(func(f customer.Field) bool {
					return !p.Reads(f) && !strings.HasPrefix(string(f), "contact[")
				})
			}
			before := hidden()
			l.take(tb, record().Draw(t, "theirs"), p)
			if diff := cmp.Diff(before, hidden()); diff != "" {
				t.Fatal(diff)
			}
		})
	})
	t.Run("Promise3_WithoutEditsTheHubFollows", func(t *testing.T) {
		check(t, func(t *rapid.T, tb testing.TB) {
			p := merge.Policy{Reads: everything}
			l := imported(tb, record().Draw(t, "first"), p)
			theirs := record().Draw(t, "theirs")
			v, _ := l.take(tb, theirs, p)
			if len(v.Outgoing) > 0 || len(v.Conflicts) > 0 {
				t.Fatalf("nobody edited, and %+v", v)
			}
			ours := l.ours()
			for f, want := range theirs {
				// An address needs more than a country, and one contact is the default.
				if f.Group() != "billingAddress" && !strings.HasSuffix(string(f), ".default") && ours[f] != want {
					t.Fatalf("%s is %q, want %q", f, ours[f], want)
				}
			}
			for f := range ours {
				if theirs[f] == "" && !strings.HasSuffix(string(f), ".roles") && !strings.HasPrefix(string(f), "office[") {
					t.Fatalf("%s is still %q", f, ours[f])
				}
			}
		})
	})
	t.Run("OneEditIsAllThatWaits", func(t *testing.T) {
		check(t, func(t *rapid.T, tb testing.TB) {
			p := merge.Policy{Reads: everything}
			theirs := record().Draw(t, "theirs")
			l := imported(tb, theirs, p)
			l.customer.Email = "edited"
			v, _ := l.take(tb, theirs, p)
			if !cmp.Equal(v.Outgoing, []customer.Group{"email"}) || len(v.Incoming) > 0 || l.customer.Email != "edited" {
				t.Fatalf("%+v", v)
			}
		})
	})
}
