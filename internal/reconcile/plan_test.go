package reconcile_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"customerhub/internal/change"
	"customerhub/internal/connector"
	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/link"
	"customerhub/internal/merge"
	"customerhub/internal/reconcile"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func ids() merge.IDFunc {
	n := 0
	return func() string {
		n++
		return fmt.Sprintf("id-%d", n)
	}
}

func readAll() reconcile.Policy {
	return reconcile.Policy{System: "s", Name: "Netvisor", Abilities: merge.Abilities{Reads: func(customer.Field) bool { return true }}}
}

func observe(id string, fields customer.Fields) merge.Observation {
	return merge.Observation{ExternalID: id, Fields: fields}
}

// known is what the hub has after an outcome was committed.
func known(o merge.Outcome) map[string]merge.Known {
	return map[string]merge.Known{o.ExternalID: {Link: o.Link, Base: o.Base, Parts: o.Parts, Customer: o.Customer}}
}

func planOne(t *testing.T, o merge.Observation, k map[string]merge.Known) merge.Outcome {
	t.Helper()
	out := reconcile.Plan([]merge.Observation{o}, k, readAll(), ids(), noon)
	if len(out) != 1 || out[0].ExternalID != o.ExternalID {
		t.Fatalf("got %+v", out)
	}
	return out[0]
}

func TestPlan(t *testing.T) {
	t.Parallel()
	theirs := customer.Fields{"name": "Esimerkki Oy", "email": "a@example.test", "number": "17"}
	with := func(f customer.Field, v string) customer.Fields {
		out := theirs.Only(func(customer.Field) bool { return true })
		out.Set(f, v)
		return out
	}
	created := func(t *testing.T) merge.Outcome {
		t.Helper()
		return planOne(t, observe("1", theirs), nil)
	}
	edited := func(t *testing.T, email string) map[string]merge.Known {
		t.Helper()
		o := created(t)
		o.Customer.Email = email
		return known(o)
	}

	t.Run("R103_ANewKeyIsANewCustomer", func(t *testing.T) {
		t.Parallel()
		o := created(t)
		c := o.Customer
		if o.Action != merge.Create || o.Kind != change.CustomerCreated || c.Name != "Esimerkki Oy" || c.Version != 1 ||
			c.Kind != customer.Company || c.Status != customer.Active {
			t.Errorf("got %+v", o)
		}
		l := o.Link
		if l.SystemID != "s" || l.CustomerID != c.ID || l.ExternalID != "1" || !l.Primary || l.State != link.InSync || !l.LastSyncedAt.Equal(noon) {
			t.Errorf("link %+v", l)
		}
		if !o.Base.Theirs.Equal(theirs) || o.Base.Ours["name"] != "Esimerkki Oy" {
			t.Errorf("base %+v", o.Base)
		}
		if len(o.Fields) != 5 {
			t.Errorf("the change tells %+v", o.Fields)
		}
	})
	t.Run("R115_TheSameNumberUnderAnotherKeyIsAnotherCustomer", func(t *testing.T) {
		t.Parallel()
		out := reconcile.Plan([]merge.Observation{observe("1", theirs), observe("2", theirs)}, nil, readAll(), ids(), noon)
		if out[0].Action != merge.Create || out[1].Action != merge.Create || out[0].Customer.ID == out[1].Customer.ID {
			t.Errorf("got %+v", out)
		}
	})
	t.Run("UnchangedWritesNothing", func(t *testing.T) {
		t.Parallel()
		if o := planOne(t, observe("1", theirs), known(created(t))); o.Action != merge.Unchanged || len(o.Fields) > 0 {
			t.Errorf("got %+v", o)
		}
	})
	t.Run("ChangedComesIn", func(t *testing.T) {
		t.Parallel()
		o := planOne(t, observe("1", with("name", "Uusi Oy")), known(created(t)))
		if o.Action != merge.Update || o.Customer.Name != "Uusi Oy" || o.Customer.Version != 2 || o.Kind != change.CustomerUpdated {
			t.Errorf("got %+v", o)
		}
		if diff := cmp.Diff([]customer.FieldChange{{Field: "name", Before: "Esimerkki Oy", After: "Uusi Oy"}}, o.Fields); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("AnEditInTheHubStandsAgainstTheOlderValue", func(t *testing.T) {
		t.Parallel()
		o := planOne(t, observe("1", theirs), edited(t, "hub@example.test"))
		if o.Action != merge.Agree || o.Customer.Email != "hub@example.test" || o.Link.State != link.Waiting || o.Base.Ours["email"] != "a@example.test" {
			t.Errorf("got %+v", o)
		}
		again := planOne(t, observe("1", theirs), known(o))
		if again.Action != merge.Unchanged {
			t.Errorf("a second look: %+v", again)
		}
	})
	t.Run("R55_BothChangedAndNetvisorWins", func(t *testing.T) {
		t.Parallel()
		o := planOne(t, observe("1", with("email", "later@example.test")), edited(t, "hub@example.test"))
		if o.Action != merge.Update || o.Customer.Email != "later@example.test" || o.Link.State != link.InSync {
			t.Errorf("got %+v", o)
		}
		if len(o.Conflicts) != 1 || o.Conflicts[0].Lost["email"] != "hub@example.test" || o.Fields[0].Before != "hub@example.test" {
			t.Errorf("the losing value is not kept: %+v, %+v", o.Conflicts, o.Fields)
		}
	})
	t.Run("BothChangedToTheSameIsAgreement", func(t *testing.T) {
		t.Parallel()
		o := planOne(t, observe("1", with("email", "b@example.test")), edited(t, "b@example.test"))
		if o.Action != merge.Agree || len(o.Conflicts) > 0 || o.Base.Theirs["email"] != "b@example.test" {
			t.Errorf("got %+v", o)
		}
	})
	t.Run("R124_TempIsSkipped", func(t *testing.T) {
		t.Parallel()
		o := theirs
		if got := planOne(t, merge.Observation{ExternalID: "1", Fields: o, Excluded: "TEMP"}, nil); got.Action != merge.Skip {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("MergedAndErasedCustomersAreLeftAlone", func(t *testing.T) {
		t.Parallel()
		for _, status := range []customer.Status{customer.Merged, customer.Erased} {
			o := created(t)
			o.Customer.Status = status
			if got := planOne(t, observe("1", with("name", "B")), known(o)); got.Action != merge.Skip || len(got.Fields) > 0 {
				t.Errorf("%s: got %+v", status, got)
			}
		}
	})
	t.Run("InactiveCustomersAreKeptUpToDate", func(t *testing.T) {
		t.Parallel()
		o := planOne(t, observe("1", with("status", "INACTIVE")), known(created(t)))
		if o.Kind != change.CustomerDeactivated || o.Customer.Status != customer.Inactive {
			t.Fatalf("got %+v", o)
		}
		back := planOne(t, observe("1", with("status", "ACTIVE")), known(o))
		if back.Kind != change.CustomerReactivated || back.Customer.Version != 3 {
			t.Errorf("got %+v", back)
		}
	})
	t.Run("T39_APoisonRecordIsAlone", func(t *testing.T) {
		t.Parallel()
		k := known(created(t))
		out := reconcile.Plan([]merge.Observation{
			observe("0", theirs), observe("1", with("planet", "Mars")), observe("2", theirs), observe("", theirs),
		}, k, readAll(), ids(), noon)
		for i, want := range []merge.Action{merge.Create, merge.Failed, merge.Create, merge.Failed} {
			if out[i].Action != want {
				t.Errorf("record %d: %s, want %s", i, out[i].Action, want)
			}
		}
		for _, i := range []int{1, 3} {
			if o := out[i]; o.Err == nil || len(o.Findings) != 1 || o.Findings[0].Code != finding.RecordUnreadable || len(o.Fields) > 0 {
				t.Errorf("got %+v", o)
			}
		}
		if out[1].Customer.ID != k["1"].Customer.ID {
			t.Error("the finding does not name the customer")
		}
	})
	t.Run("T39_APanicIsAlone", func(t *testing.T) {
		t.Parallel()
		p := readAll()
		p.Reads = func(f customer.Field) bool {
			if f == "email" {
				panic("a defect")
			}
			return true
		}
		out := reconcile.Plan([]merge.Observation{observe("1", theirs), observe("2", customer.Fields{"name": "B"})}, nil, p, ids(), noon)
		if out[0].Action != merge.Failed || out[0].Err == nil || out[1].Action != merge.Create {
			t.Errorf("got %+v", out)
		}
	})
	t.Run("AMissingRecordChangesNothing", func(t *testing.T) {
		t.Parallel()
		k := known(created(t))
		o := planOne(t, merge.Observation{ExternalID: "1", Missing: true, Findings: []finding.Finding{{Code: finding.MissingRecord}}}, k)
		if o.Action != merge.Failed || o.Err != nil || len(o.Findings) != 1 || o.Customer.ID != k["1"].Customer.ID {
			t.Errorf("got %+v", o)
		}
	})
	t.Run("FindingsComeAlong", func(t *testing.T) {
		t.Parallel()
		o := reconcile.ObservationOf(connector.Record{ExternalID: "1", Fields: theirs, Findings: []finding.Finding{{Code: finding.CountryUnknown}}})
		first := planOne(t, o, nil)
		if len(first.Findings) != 1 {
			t.Fatalf("got %+v", first)
		}
		if again := planOne(t, o, known(first)); again.Action != merge.Unchanged || len(again.Findings) != 1 {
			t.Errorf("got %+v", again)
		}
	})
	t.Run("IsRepeatable", func(t *testing.T) {
		t.Parallel()
		k := edited(t, "hub@example.test")
		o := observe("1", with("name", "B"))
		one, other := planOne(t, o, k), planOne(t, o, k)
		if diff := cmp.Diff(one, other); diff != "" {
			t.Error(diff)
		}
		if k["1"].Customer.Name != "Esimerkki Oy" {
			t.Error("planning changed what is known")
		}
	})
}
