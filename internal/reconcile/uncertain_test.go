package reconcile_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"customerhub/internal/customer"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	sandbox "customerhub/internal/sandbox/netvisor"
)

// TestUncertain loses answers to every operation, after the effect and before it, and looks at the simulator's own log: each
// thing was made once, and everything arrived (Promise 2, T3, T4, T10).
func TestUncertain(t *testing.T) {
	t.Parallel()
	faults := map[string]sandbox.Fault{
		"T10_TheAnswerIsLost":          {Kind: sandbox.FaultLostAnswer},
		"T4_TheCallIsLost":             {Kind: sandbox.FaultLostRequest},
		"T13_TheAnswerIsCut":           {Kind: sandbox.FaultTruncate, At: 60, CleanEnd: true},
		"T12_ALoginPageAfterTheFact":   {Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageLoginPage, AfterCommit: true},
		"T12_ALoginPageInstead":        {Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageLoginPage},
		"T9_AGatewayFailsAfterTheFact": {Kind: sandbox.FaultStatus, Status: 502, AfterCommit: true},
		"T9_AGatewayFailsInstead":      {Kind: sandbox.FaultStatus, Status: 502},
	}
	for name, f := range faults {
		for _, resource := range []string{"customer.nv", "office.nv", "contactperson.nv"} {
			t.Run(name+"/"+resource, func(t *testing.T) {
				t.Parallel()
				b := twoWays(t, sandbox.Options{Customers: 2, Seed: 7})
				f := f
				f.Resource, f.Times = resource, 1
				_, err := b.netvisor.Fault(f)
				b.must(err)
				c, err := b.hub.CreateCustomer(t.Context(), b.viewer, customer.Fields{"name": "Tuore Oy", "businessId": "0112038-9"}, "")
				b.must(err)
				_, office, err := b.hub.UpsertOffice(t.Context(), b.viewer, c.ID, "", nil, customer.Fields{"name": "Lahti", "address.line1": "Katu 1", "address.city": "Lahti"}, "")
				b.must(err)
				_, person, err := b.hub.LinkContact(t.Context(), b.viewer, hub.LinkContact{
					Customer: c.ID, Office: &office, Fields: customer.Fields{"firstName": "Aino", "lastName": "Malli", "emails": "aino@example.test"},
				}, "")
				b.must(err)
				b.settle()
				b.madeOnce()
				keys := b.keys()
				key := keys[len(keys)-1]
				if got := b.find(id(key)); len(keys) != 3 || got == nil || len(got.Offices) != 1 || len(got.Contacts) != 1 || len(b.theirs(key).Offices()) != 1 {
					t.Fatalf("%d customers, got %+v", len(keys), got)
				}

				t.Log("the same for edits of all three, and for a removal")
				edit := func(fields map[string]sandbox.Fault) {
					for resource, f := range fields {
						f.Resource, f.Times = resource, 1
						_, err := b.netvisor.Fault(f)
						b.must(err)
					}
				}
				edit(map[string]sandbox.Fault{resource: f})
				b.edit(id(key), customer.Fields{"email": "uusi@example.test"})
				_, _, err = b.hub.UpsertOffice(t.Context(), b.viewer, c.ID, office, nil, customer.Fields{"name": "Lahden toimipiste"}, "")
				b.must(err)
				_, err = b.hub.UpdatePerson(t.Context(), b.viewer, person, customer.Fields{"emails": "aino.malli@example.test"}, "")
				b.must(err)
				b.settle()
				theirs := b.theirs(key)
				if theirs.Get("Email") != "uusi@example.test" || theirs.Offices()[0]["OfficeName"] != "Lahden toimipiste" ||
					theirs.ContactPersons()[0]["ContactPersonEmail"] != "aino.malli@example.test" {
					t.Errorf("an edit is lost: %v, %v, %v", theirs.Fields(), theirs.Offices(), theirs.ContactPersons())
				}
				edit(map[string]sandbox.Fault{resource: f})
				_, err = b.hub.UnlinkContact(t.Context(), b.viewer, c.ID, person, nil, "")
				b.must(err)
				b.settle()
				if n := len(b.theirs(key).ContactPersons()); n != 0 {
					t.Errorf("%d contact persons are left", n)
				}
				b.madeOnce()
				n := b.writes()
				if b.sync(true); b.settle() != n {
					t.Errorf("Promise 3: something was written after convergence: %v", b.effects())
				}
			})
		}
	}
	t.Run("Promise8_ItSaysSinceWhenAndWhatIsTried", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, sandbox.Options{Customers: 2, Seed: 7})
		_, err := b.netvisor.Fault(sandbox.Fault{Kind: sandbox.FaultLostRequest, Resource: "customer.nv", Times: 1})
		b.must(err)
		key := b.keys()[0]
		b.edit(id(key), customer.Fields{"email": "uusi@example.test"})
		_, err = b.worker.LinkOne(t.Context())
		b.must(err)
		l := b.find(id(key)).Links[0]
		pending, err := b.hub.PendingByLink(t.Context(), b.viewer, []link.ID{l.ID})
		b.must(err)
		i, ok := pending[l.ID]
		if l.State != link.Uncertain || l.DueAt.IsZero() || !ok || i.Operation != link.Edit || i.Sends != 1 || i.Trying == "" || i.SentAt.IsZero() {
			t.Errorf("got %+v, %+v", l.Link, i)
		}
		t.Log("a newer edit waits until the fate of the call is known, and then goes out")
		b.edit(id(key), customer.Fields{"email": "uudempi@example.test"})
		if b.settle(); b.theirs(key).Get("Email") != "uudempi@example.test" {
			t.Errorf("got %q", b.theirs(key).Get("Email"))
		}
	})
	t.Run("T6_ALookUpThatFindsTwoMakesNoThird", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, sandbox.Options{Customers: 2, Seed: 7})
		_, err := b.netvisor.Fault(sandbox.Fault{Kind: sandbox.FaultLostAnswer, Resource: "customer.nv", Times: 1})
		b.must(err)
		_, err = b.hub.CreateCustomer(t.Context(), b.viewer, customer.Fields{"name": "Tuore Oy", "businessId": "0112038-9"}, "")
		b.must(err)
		_, err = b.worker.LinkOne(t.Context())
		b.must(err)
		_, err = b.netvisor.Add("", func(c *sandbox.Customer) error {
			if err := c.Set("businessId", "0112038-9"); err != nil {
				return err
			}
			return c.Set("Name", "Tuore Oy")
		})
		b.must(err)
		for range 50 {
			_, err = b.worker.LinkOne(t.Context())
			b.must(err)
			time.Sleep(10 * time.Millisecond)
		}
		if n := len(b.keys()); n != 4 {
			t.Errorf("%d customers", n)
		}
		if states := b.linkStates(); !strings.Contains(states, "UNCERTAIN") || b.count(`SELECT count(*) FROM finding WHERE code = 'CREATE_AMBIGUOUS'`) != 1 {
			t.Errorf("got %s", states)
		}
	})
	t.Run("T6_AnIndexThatLagsMakesNoSecond", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, sandbox.Options{Customers: 2, Seed: 7})
		_, err := b.netvisor.Fault(sandbox.Fault{Kind: sandbox.FaultLostAnswer, Resource: "customer.nv", Times: 1})
		b.must(err)
		_, err = b.netvisor.Fault(sandbox.Fault{Kind: sandbox.FaultLag, Resource: "customerlist.nv", Delay: sandbox.Duration(time.Hour), Times: 4})
		b.must(err)
		_, err = b.hub.CreateCustomer(t.Context(), b.viewer, customer.Fields{"name": "Tuore Oy", "businessId": "0112038-9"}, "")
		b.must(err)
		for range 100 {
			_, err = b.worker.LinkOne(t.Context())
			b.must(err)
			time.Sleep(10 * time.Millisecond)
		}
		b.madeOnce()
		if n := len(b.keys()); n != 3 {
			t.Errorf("%d customers: %s", n, b.linkStates())
		}
	})
}

// madeOnce looks at the simulator's log: no name of a customer, office or contact person was made twice.
func (w wired) madeOnce() {
	w.Helper()
	made := make(map[string]int)
	for _, e := range w.netvisor.Effects() {
		if e.Call == 0 {
			continue
		}
		for _, c := range e.Changes {
			if c.What == sandbox.WasSet && c.Before == "" && (strings.HasSuffix(c.Field, "/OfficeName") || strings.HasSuffix(c.Field, "/ContactPersonLastName") ||
				c.Field == "CustomerBaseInformation/Name") {
				made[fmt.Sprint(strings.SplitN(c.Field, "[", 2)[0], " ", c.After)]++
			}
		}
	}
	for what, n := range made {
		if n > 1 {
			w.Errorf("Promise 2: %s was made %d times", what, n)
		}
	}
}
