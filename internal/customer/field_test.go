package customer_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"customerhub/internal/customer"
)

func TestGroup(t *testing.T) {
	t.Parallel()
	for field, want := range map[customer.Field]customer.Group{
		"name":                         "name",
		"billingAddress.city":          "billingAddress",
		"einvoice.operator":            "einvoice",
		"office[17].name":              "office[17].name",
		"office[17].present":           "office[17].present",
		"office[17].address.city":      "office[17].address",
		"office[17].einvoice.address":  "office[17].einvoice",
		"contact[a.b@c.test].emails":   "contact[a.b@c.test].emails",
		"office[1.2].address.postcode": "office[1.2].address",
		"":                             "",
	} {
		if got := field.Group(); got != want {
			t.Errorf("the group of %q is %q, want %q", field, got, want)
		}
	}
}

func TestPartKey(t *testing.T) {
	t.Parallel()
	t.Run("TakesApartWhatPartFieldMade", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			part := rapid.SampledFrom([]customer.Part{customer.PartOffice, customer.PartContact}).Draw(t, "part")
			key := rapid.StringMatching(`[0-9A-Za-z@. -]{1,12}`).Draw(t, "key")
			name := rapid.SampledFrom([]string{"name", "address.city", customer.Present}).Draw(t, "name")
			gotPart, gotKey, gotName, ok := customer.PartField(part, key, name).PartKey()
			if !ok || gotPart != part || gotKey != key || gotName != name {
				t.Fatalf("got %s %q %q %v", gotPart, gotKey, gotName, ok)
			}
		})
	})
	t.Run("FieldsOfTheCustomerHaveNone", func(t *testing.T) {
		for _, f := range []customer.Field{"name", "billingAddress.city", "", "office[", "office[17]"} {
			if _, _, _, ok := f.PartKey(); ok {
				t.Errorf("%q has a part key", f)
			}
		}
	})
}

func TestFields(t *testing.T) {
	t.Parallel()
	t.Run("SettingEmptyRemoves", func(t *testing.T) {
		fs := customer.Fields{"name": "A"}
		fs.Set("name", "")
		fs.Set("email", "")
		if len(fs) != 0 {
			t.Errorf("got %v", fs)
		}
	})
	t.Run("GroupsHoldEveryFieldOnce", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			c := anyCustomer().Draw(t, "customer")
			fs := c.Flatten(customer.HubKeys)
			back := customer.Fields{}
			for g, group := range fs.Groups(func(customer.Field) bool { return true }) {
				for f, v := range group {
					if f.Group() != g || back[f] != "" {
						t.Fatalf("%s in %s", f, g)
					}
					back[f] = v
				}
			}
			if !back.Equal(fs) {
				t.Fatal(cmp.Diff(fs, back))
			}
		})
	})
}

func TestDiff(t *testing.T) {
	t.Parallel()
	t.Run("TellsSetChangedAndClearedInOrder", func(t *testing.T) {
		got := customer.Diff(customer.Fields{"name": "A", "email": "a@x", "phone": "1"}, customer.Fields{"name": "B", "phone": "1", "number": "7"})
		want := []customer.FieldChange{{Field: "email", Before: "a@x"}, {Field: "name", Before: "A", After: "B"}, {Field: "number", After: "7"}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("AbsentAndEmptyAreTheSame", func(t *testing.T) {
		if got := customer.Diff(customer.Fields{"a": ""}, customer.Fields{"b": ""}); got != nil {
			t.Errorf("got %v", got)
		}
	})
	t.Run("AppliedToBeforeGivesAfter", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			a, b := anyCustomer().Draw(t, "a"), anyCustomer().Draw(t, "b")
			before, after := a.Flatten(customer.HubKeys), b.Flatten(customer.HubKeys)
			for _, ch := range customer.Diff(before, after) {
				if before[ch.Field] != ch.Before || ch.Before == ch.After {
					t.Fatalf("%+v", ch)
				}
				before.Set(ch.Field, ch.After)
			}
			if !before.Equal(after) {
				t.Fatal(cmp.Diff(after, before))
			}
		})
	})
}

func TestLists(t *testing.T) {
	t.Parallel()
	for _, list := range [][]string{nil, {"a@example.test"}, {"a@example.test", "b@example.test"}} {
		if got := customer.SplitList(customer.JoinList(list)); !cmp.Equal(got, list) {
			t.Errorf("got %v, want %v", got, list)
		}
	}
}

func TestUnflatten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := anyCustomer().Draw(t, "customer")
		c.Derive()
		want := c.Flatten(customer.HubKeys)
		got, err := customer.Unflatten(c.ID, want)
		if err != nil {
			t.Fatal(err)
		}
		if diff := customer.Diff(want, got.Flatten(customer.HubKeys)); len(diff) > 0 {
			t.Fatalf("%v", diff)
		}
	})
	if _, err := customer.Unflatten("x", customer.Fields{"nothing[1].name": "a"}); err == nil {
		t.Error("a part that a customer does not have was taken")
	}
}
