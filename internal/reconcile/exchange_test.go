package reconcile_test

import (
	"customerhub/internal/connector"

	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/outbound"
	"customerhub/internal/reconcile"
	"customerhub/internal/run"
	sandbox "customerhub/internal/sandbox/netvisor"
	"customerhub/internal/system"
)

// twoWays is a simulated Netvisor over HTTP, imported, that the hub writes to. Waiting is short.
func twoWays(t *testing.T, o sandbox.Options, others ...connector.Kind) wired {
	t.Helper()
	b := overTheWire(t, o, others...)
	b.worker = reconcile.NewWorker(b.hub, b.db.App, reconcile.Options{
		Kinds: b.kinds, Client: outbound.Client(outbound.Options{}), Workers: 1,
		Backoff: []time.Duration{20 * time.Millisecond, 40 * time.Millisecond}, LongestWrite: 300 * time.Millisecond,
	})
	bothWays(b)
	b.imported()
	return b
}

func bothWays(b wired) {
	b.Helper()
	b.mayWrite(b.system)
	_, err := b.hub.SetSystemPolicy(b.Context(), b.viewer, b.system, hub.SetPolicy{Flow: system.Flow{Direction: system.Both}}, "")
	b.must(err)
}

// settle works on links until none is due, and gives how many calls of writing there were.
func (w wired) settle() int {
	w.Helper()
	const patience = 30 * time.Second // without anything to do; a busy machine is given the time that the work takes
	looks := 0
	for deadline := time.Now().Add(patience); time.Now().Before(deadline) && looks < 10_000; {
		worked, err := w.worker.LinkOne(w.Context())
		if fault.Is(err, fault.Unavailable) {
			time.Sleep(5 * time.Millisecond) // a short lease is lost on a busy machine, and the worker goes on, as the program's does
			continue
		}
		if err != nil {
			w.Fatal(err)
		}
		if worked {
			looks++
			deadline = time.Now().Add(patience)
		} else {
			if w.count(`SELECT count(*) FROM link WHERE due_at IS NOT NULL OR lease_until IS NOT NULL`) == 0 {
				return w.writes()
			}
			time.Sleep(5 * time.Millisecond) // a backoff has to pass
		}
	}
	w.Fatalf("links are still due: %s", w.linkStates())
	return 0
}

func (w wired) linkStates() string {
	var out strings.Builder
	rows, err := w.db.Owner.Query(w.Context(), `SELECT external_id, state, fault_code, fault_message, attempt::text FROM link WHERE due_at IS NOT NULL OR state <> 'IN_SYNC' LIMIT 5`)
	w.must(err)
	defer rows.Close()
	for rows.Next() {
		var a, b, c, d, e string
		w.must(rows.Scan(&a, &b, &c, &d, &e))
		fmt.Fprintln(&out, a, b, c, d, e)
	}
	return out.String()
}

// writes counts the calls that reached Netvisor with something to change.
func (w wired) writes() int {
	n := 0
	for _, c := range w.netvisor.Calls() {
		if c.Method == http.MethodPost {
			n++
		}
	}
	return n
}

// effects are what the calls of the hub changed, as the simulator tells.
func (w wired) effects() []string {
	var out []string
	for _, e := range w.netvisor.Effects() {
		if e.Call != 0 {
			for _, c := range e.Changes {
				out = append(out, fmt.Sprintf("%d %s: %q", e.Customer, c.Field, c.After))
			}
		}
	}
	return out
}

func (w wired) keys() (out []int64) {
	for c := range w.netvisor.Customers("") {
		if c.Get("code") != "TEMP" {
			out = append(out, c.Key())
		}
	}
	slices.Sort(out)
	return out
}

func (w wired) theirs(key int64) *sandbox.Customer {
	w.Helper()
	c, ok := w.netvisor.Get("", key)
	if !ok {
		w.Fatalf("Netvisor has no customer %d", key)
	}
	return c
}

func id(key int64) string { return strconv.FormatInt(key, 10) }

func TestExchange(t *testing.T) {
	t.Parallel()
	t.Run("Promise4_OneEditIsOneCallAndThenNone", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, sandbox.Options{Customers: 5, Seed: 7})
		key := b.keys()[1]
		before := b.theirs(key).Fields()
		b.edit(id(key), customer.Fields{"email": "uusi@example.test", "billingAddress.line1": "Uusikatu 2", "billingAddress.postcode": "15100", "billingAddress.city": "Lahti"})
		if l := b.find(id(key)).Links[0]; l.State != link.Due || l.Priority != link.Interactive {
			t.Errorf("Promise 8: got %+v", l.Link)
		}
		if n := b.settle(); n != 1 {
			t.Errorf("%d calls: %v", n, b.effects())
		}
		after := b.theirs(key).Fields()
		for _, f := range []string{"Email", "StreetAddress", "PostNumber", "City", "Country"} {
			delete(before, f)
		}
		for f, v := range before {
			if after[f] != v {
				t.Errorf("Promise 5: %s was %q and is %q", f, v, after[f])
			}
		}
		if after["Email"] != "uusi@example.test" || after["StreetAddress"] != "Uusikatu 2" || after["City"] != "Lahti" {
			t.Errorf("got %v", after)
		}
		if l := b.find(id(key)).Links[0]; l.State != link.InSync {
			t.Errorf("got %+v", l.Link)
		}
		for _, full := range []bool{true, false} {
			if r := b.sync(full); r.Counts.Updated != 0 {
				t.Errorf("Promise 4: it came back: %+v", r)
			}
		}
		if n := b.settle(); n != 1 {
			t.Errorf("Promise 3: %d calls after convergence", n)
		}
	})
	t.Run("T26_ATargetThatTrimsAndUpperCasesIsInAgreement", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, sandbox.Options{Customers: 3, Seed: 7, Normalise: sandbox.Normalisations})
		key := b.keys()[0]
		b.edit(id(key), customer.Fields{"name": "Pikku Putiikki Oy", "phone": "040 123 4567", "billingAddress.line1": "Katu 1", "billingAddress.city": "Oulu"})
		if n := b.settle(); n != 1 {
			t.Errorf("%d calls", n)
		}
		b.sync(true)
		if n := b.settle(); n != 1 || b.find(id(key)).Name != "Pikku Putiikki Oy" {
			t.Errorf("%d calls, name %q here and %q there", n, b.find(id(key)).Name, b.theirs(key).Get("Name"))
		}
	})
	t.Run("R101_R108_R113_R114_ANewCustomerGetsOneRecord", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, sandbox.Options{Customers: 3, Seed: 7})
		_, err := b.hub.CreateCustomer(t.Context(), b.viewer, customer.Fields{
			"name": "Tuore Oy", "businessId": "0112038-9", "email": "tuore@example.test", "billingAddress.line1": "Katu 3", "billingAddress.city": "Kemi",
		}, "")
		b.must(err)
		if n := b.settle(); n != 1 {
			t.Errorf("%d calls", n)
		}
		keys := b.keys()
		key := keys[len(keys)-1]
		got := b.find(id(key))
		if got == nil || got.Name != "Tuore Oy" || got.Number == "" || got.Number != b.theirs(key).Get("code") || got.Links[0].State != link.InSync {
			t.Fatalf("R103: got %+v", got)
		}
		t.Log("without a business ID the hub gives the number")
		_, err = b.hub.CreateCustomer(t.Context(), b.viewer, customer.Fields{"name": "Aino Malli", "kind": "PRIVATE"}, "")
		b.must(err)
		b.settle()
		keys = b.keys()
		if got := b.find(id(keys[len(keys)-1])); got == nil || got.Number != "7000001" || b.theirs(keys[len(keys)-1]).Get("code") != "7000001" {
			t.Errorf("got %+v", got)
		}
		t.Log("R114: the same synchronisation again makes no second card")
		b.sync(true)
		if n := len(b.keys()); b.settle() != 2 || n != 5 {
			t.Errorf("%d customers", n)
		}
	})
	t.Run("R104_TheKeyStaysWithItsCustomer", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, sandbox.Options{Customers: 3, Seed: 7})
		key := b.keys()[0]
		was := b.find(id(key)).ID
		b.edit(id(key), customer.Fields{"number": "88001", "name": "Kaikki Muuttui Oy", "businessId": "0112038-9"})
		b.settle()
		if c := b.find(id(key)); c.ID != was || b.theirs(key).Get("code") != "88001" {
			t.Errorf("the key names %+v", c)
		}
		b.must(b.netvisor.Remove("", key))
		for range 2 { // it is gone when two complete lists lack it
			b.sync(true)
		}
		_, err := b.netvisor.Add("", func(c *sandbox.Customer) error {
			if err := c.Set("code", "88001"); err != nil {
				return err
			}
			return c.Set("Name", "Toinen Oy")
		})
		b.must(err)
		b.sync(true)
		if c := b.find(id(key)); c == nil || c.ID != was || c.Status != customer.Inactive {
			t.Errorf("the key of a record that is gone names %+v", c)
		}
	})
	t.Run("R89_R110_R111_ARecordThatExistsIsUsedAndACollisionStops", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, sandbox.Options{Customers: 3, Seed: 7})
		add := func(code, businessID, name string) int64 {
			key, err := b.netvisor.Add("", func(c *sandbox.Customer) error {
				for f, v := range map[string]string{"code": code, "businessId": businessID, "Name": name} {
					if err := c.Set(f, v); err != nil {
						return err
					}
				}
				return nil
			})
			b.must(err)
			return key
		}
		same, other := add("9001", "0112038-9", "Tuore Oy"), add("9002", "1967543-8", "Aivan Muu Oy")
		for _, fields := range []customer.Fields{
			{"name": "Tuore Oy", "businessId": "0112038-9", "number": "9001"}, {"name": "Toinen Oy", "businessId": "1572860-0", "number": "9002"},
		} {
			_, err := b.hub.CreateCustomer(t.Context(), b.viewer, fields, "")
			b.must(err)
		}
		if n := b.settle(); n != 0 {
			t.Errorf("R92: %d calls of writing: %v", n, b.effects())
		}
		if got := b.find(id(same)); got == nil || got.Number != "9001" || got.Links[0].State != link.InSync {
			t.Errorf("the existing record is not used: %+v", got)
		}
		if b.theirs(other).Get("Name") != "Aivan Muu Oy" || b.count(`SELECT count(*) FROM link WHERE state = 'PARKED' AND external_id = ''`) != 1 {
			t.Errorf("R92: a collision was not stopped: %s", b.linkStates())
		}
	})
	t.Run("OfficesAndContactsFollowTheirCustomer", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, sandbox.Options{Customers: 3, Seed: 7})
		created, err := b.hub.CreateCustomer(t.Context(), b.viewer, customer.Fields{"name": "Tuore Oy", "businessId": "0112038-9"}, "")
		b.must(err)
		_, office, err := b.hub.UpsertOffice(t.Context(), b.viewer, created.ID, "", nil, customer.Fields{"name": "Lahden toimipiste", "address.line1": "Katu 1", "address.city": "Lahti"}, "")
		b.must(err)
		_, person, err := b.hub.LinkContact(t.Context(), b.viewer, hub.LinkContact{
			Customer: created.ID, Fields: customer.Fields{"firstName": "Aino", "lastName": "Malli", "emails": "aino@example.test"}, Office: &office,
		}, "")
		b.must(err)
		if n := b.settle(); n != 3 {
			t.Errorf("%d calls: %v", n, b.effects())
		}
		keys := b.keys()
		key := keys[len(keys)-1]
		got := b.find(id(key))
		if len(got.Offices) != 1 || len(got.Contacts) != 1 || got.Contacts[0].OfficeID != office || !strings.HasPrefix(got.Offices[0].Identifier, "HUB-") {
			t.Fatalf("got %+v, %+v", got.Offices, got.Contacts)
		}
		t.Log("a person changed once reaches the record, and one that the hub made is taken away with its link")
		_, err = b.hub.UpdatePerson(t.Context(), b.viewer, person, customer.Fields{"emails": "aino.malli@example.test"}, "")
		b.must(err)
		if n := b.settle(); n != 4 {
			t.Errorf("%d calls", n)
		}
		_, err = b.hub.UnlinkContact(t.Context(), b.viewer, created.ID, person, nil, "")
		b.must(err)
		if n := b.settle(); n != 5 || len(b.theirs(key).ContactPersons()) != 0 {
			t.Errorf("%d calls, contacts %+v", n, b.theirs(key).ContactPersons())
		}
		b.sync(true)
		if got := b.find(id(key)); b.settle() != 5 || len(got.Contacts) != 0 || len(got.Offices) != 1 {
			t.Errorf("it came back: %+v", got.Contacts)
		}
	})
	t.Run("T15_RefusedDataParksTheLinkWithTheirWordsUntilItIsMended", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, sandbox.Options{Customers: 3, Seed: 7})
		key := b.keys()[0]
		fault, err := b.netvisor.Fault(sandbox.Fault{Kind: sandbox.FaultFailure, Resource: "customer.nv", Category: "INVALID_DATA", Text: "Tieto ei kelpaa."})
		b.must(err)
		b.edit(id(key), customer.Fields{"email": "uusi@example.test"})
		b.settle()
		l := b.find(id(key)).Links[0]
		if l.State != link.Parked || !strings.Contains(l.LastMessage, "Tieto ei kelpaa.") {
			t.Fatalf("got %+v", l.Link)
		}
		b.netvisor.ClearFault(fault)
		n := b.writes()
		if b.sync(true); b.settle() != n {
			t.Error("it was tried again though nothing changed")
		}
		b.edit(id(key), customer.Fields{"email": "toinen@example.test"})
		if b.settle(); b.theirs(key).Get("Email") != "toinen@example.test" || b.find(id(key)).Links[0].State != link.InSync {
			t.Errorf("got %+v", b.find(id(key)).Links[0].Link)
		}
	})
	t.Run("T9_AnOutageHoldsTheSystemAndItCatchesUpOnce", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, sandbox.Options{Customers: 4, Seed: 7})
		_, err := b.netvisor.Fault(sandbox.Fault{Kind: sandbox.FaultStatus, Status: 503, Times: 3})
		b.must(err)
		for _, key := range b.keys() {
			b.edit(id(key), customer.Fields{"email": "uusi@example.test"})
		}
		if n := b.settle(); n != 4 {
			t.Errorf("%d calls", n)
		}
		for _, key := range b.keys() {
			if b.theirs(key).Get("Email") != "uusi@example.test" {
				t.Errorf("customer %d was left behind", key)
			}
		}
		if s := b.state(); s.Fault != nil || s.HoldCount != 0 {
			t.Errorf("got %+v", s)
		}
	})
	t.Run("T38_RefusedCredentialsStopTheWriting", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, sandbox.Options{Customers: 3, Seed: 7})
		fault, err := b.netvisor.Fault(sandbox.Fault{Kind: sandbox.FaultRevoked})
		b.must(err)
		key := b.keys()[0]
		b.edit(id(key), customer.Fields{"email": "uusi@example.test"})
		for range 5 {
			_, err := b.worker.LinkOne(t.Context())
			b.must(err)
		}
		if s := b.state(); s.State != system.NeedsAction {
			t.Errorf("got %+v", s)
		}
		n := len(b.netvisor.Calls())
		for range 3 {
			if worked, err := b.worker.LinkOne(t.Context()); worked || err != nil {
				t.Errorf("it is tried on: %v, %v", worked, err)
			}
		}
		if len(b.netvisor.Calls()) != n {
			t.Error("a stopped system is called")
		}
		b.netvisor.ClearFault(fault)
		_, err = b.hub.CheckSystem(t.Context(), b.viewer, b.system, "")
		b.must(err)
		b.work(b.worker)
		_, _, err = b.hub.StartSystem(t.Context(), b.viewer, b.system, "")
		b.must(err)
		b.work(b.worker)
		if b.settle(); b.theirs(key).Get("Email") != "uusi@example.test" {
			t.Error("the edit was lost")
		}
	})
	t.Run("T24_AnEditWhileAPollIsUnderWayStands", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, sandbox.Options{Customers: 3, Seed: 7})
		key := b.keys()[0]
		b.must(b.netvisor.Edit("", key, func(c *sandbox.Customer) error { return c.Set("PhoneNumber", "040 1") }))
		b.edit(id(key), customer.Fields{"email": "uusi@example.test"})
		if r := b.sync(false); r.State != run.Succeeded {
			t.Fatalf("got %+v", r)
		}
		b.settle()
		if got := b.find(id(key)); got.Email != "uusi@example.test" || got.Phone.Raw != "040 1" || b.theirs(key).Get("Email") != "uusi@example.test" {
			t.Errorf("got %q and %q here, %q there", got.Email, got.Phone.Raw, b.theirs(key).Get("Email"))
		}
	})
	t.Run("ADeactivatedCustomerIsInactiveThere", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, sandbox.Options{Customers: 3, Seed: 7})
		key := b.keys()[0]
		_, err := b.hub.DeactivateCustomer(t.Context(), b.viewer, b.find(id(key)).ID, nil, "")
		b.must(err)
		if n := b.settle(); n != 1 || b.theirs(key).Get("IsActive") != "0" {
			t.Errorf("%d calls, active %q", n, b.theirs(key).Get("IsActive"))
		}
		t.Log("and active again with the customer")
		_, err = b.hub.ReactivateCustomer(t.Context(), b.viewer, b.find(id(key)).ID, nil, "")
		b.must(err)
		if n := b.settle(); n != 2 || b.theirs(key).Get("IsActive") != "1" {
			t.Errorf("%d calls, active %q", n, b.theirs(key).Get("IsActive"))
		}
	})
	t.Run("OneThatWasNotInUseWhenItsTurnCameGetsItsRecordLater", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, sandbox.Options{Customers: 3, Seed: 7})
		c, err := b.hub.CreateCustomer(t.Context(), b.viewer, customer.Fields{"name": "Myöhempi Oy", "businessId": "0112038-9"}, "")
		b.must(err)
		_, err = b.hub.DeactivateCustomer(t.Context(), b.viewer, c.ID, nil, "")
		b.must(err)
		if n := b.settle(); n != 0 || len(b.keys()) != 3 {
			t.Errorf("%d calls: a customer that is not in use got a record", n)
		}
		_, err = b.hub.ReactivateCustomer(t.Context(), b.viewer, c.ID, nil, "")
		b.must(err)
		if n := b.settle(); n != 1 || len(b.keys()) != 4 {
			t.Errorf("%d calls, %d customers there", n, len(b.keys()))
		}
	})
}
