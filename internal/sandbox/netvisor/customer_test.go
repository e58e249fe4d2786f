package netvisor

import (
	"errors"
	"slices"
	"testing"
)

func TestCustomerFields(t *testing.T) {
	t.Parallel()
	s, err := New(Options{Customers: 60, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	edit := func(t *testing.T, key int64, f func(*Customer) error) *Customer {
		t.Helper()
		if err := s.Edit("", key, f); err != nil {
			t.Fatal(err)
		}
		c, ok := s.Get("", key)
		if !ok {
			t.Fatal("gone")
		}
		return c
	}
	t.Run("MissingElementGoesToItsPlace", func(t *testing.T) {
		c := edit(t, tempKey, func(c *Customer) error {
			return errors.Join(c.Set("country", "FI"), c.Set("CustomerGroupName", "Uusi"))
		})
		base := c.detail.child("CustomerBaseInformation")
		var names []string
		for _, e := range base.children {
			names = append(names, e.name)
		}
		if i := slices.Index(names, "Country"); i < 1 || names[i-1] != "PostNumber" || base.children[i].attrs[0] != (attribute{"type", "ISO-3166"}) {
			t.Error(names)
		}
		if i := slices.Index(names, "CustomerGroupName"); i < 1 || names[i-1] != "ExternalIdentifier" {
			t.Error(names)
		}
	})
	t.Run("TakenAwayIsNotEmpty", func(t *testing.T) {
		c := edit(t, tempKey, func(c *Customer) error { return errors.Join(c.Unset("faxNumber"), c.Set("email", "")) })
		if c.Has("FaxNumber") || !c.Has("Email") {
			t.Error("fax and e-mail")
		}
	})
	t.Run("OldListRowStaysOld", func(t *testing.T) {
		key := s.order[0].book.gen.key(21)
		c := edit(t, key, func(c *Customer) error { return errors.Join(c.Unset("CustomerGroupName"), c.Set("name", "Muutettu")) })
		if c.summary().element().child("CustomerGroupName") != nil || c.summary().element().value("Name") != "Muutettu" {
			t.Error("row changed its shape")
		}
	})
	t.Run("CopiesDoNotReachTheSandbox", func(t *testing.T) {
		c, _ := s.Get("", tempKey)
		if err := c.Set("name", "muutettu"); err != nil {
			t.Fatal(err)
		}
		if again, _ := s.Get("", tempKey); again.Get("name") == "muutettu" {
			t.Error("reached")
		}
	})
	t.Run("SnapshotIsOneMoment", func(t *testing.T) {
		before := s.order[0].book.snapshot()
		n := before.len()
		key, err := s.Add("", func(c *Customer) error { return c.Set("name", "Myöhäinen") })
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Remove("", before.gen.key(0)); err != nil {
			t.Fatal(err)
		}
		seen := 0
		for r := range before.summaries() {
			if r.key == key {
				t.Error("sees what came later")
			}
			seen++
		}
		if seen != n || before.len() != n {
			t.Errorf("%d of %d", seen, n)
		}
	})
	t.Run("UnknownThingsAreErrors", func(t *testing.T) {
		for name, err := range map[string]error{
			"field":    s.Edit("", tempKey, func(c *Customer) error { return c.Set("surname", "x") }),
			"unset":    s.Edit("", tempKey, func(c *Customer) error { return c.Unset("NetvisorKey") }),
			"company":  s.Edit("9", tempKey, func(*Customer) error { return nil }),
			"customer": s.Edit("", 2, func(*Customer) error { return nil }),
			"remove":   s.Remove("", 2),
			"office":   s.Edit("", tempKey, func(c *Customer) error { _, err := c.SetOffice(5, nil); return err }),
		} {
			if err == nil {
				t.Errorf("%s: no error", name)
			}
		}
		if err := s.Remove("", 2); !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
	})
	t.Run("LastContactPersonTakesTheWrapperAlong", func(t *testing.T) {
		c := edit(t, tempKey, func(c *Customer) error {
			id, err := c.SetContactPerson(0, map[string]string{"contactPersonFirstName": "Åsa"})
			if err == nil && !c.RemoveContactPerson(id) {
				err = errors.New("not removed")
			}
			return err
		})
		if c.detail.child("CustomerContactPersons") != nil {
			t.Error("an empty wrapper is left")
		}
	})
}
