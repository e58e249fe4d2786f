package reconcile_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"customerhub/internal/advice"
	"customerhub/internal/customer"
	"customerhub/internal/explain"
	"customerhub/internal/fault"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/run"
	sandbox "customerhub/internal/sandbox/netvisor"
	kycsandbox "customerhub/internal/sandbox/netvisorkyc"
	"customerhub/internal/system"
)

// undo takes a run back, or makes a dry run of that.
func (b *bundle) undo(of run.ID, dryRun bool) run.Run {
	b.Helper()
	r, err := b.hub.UndoRun(b.Context(), b.viewer, hub.UndoRun{Run: of, DryRun: dryRun, Reason: "A mistake."}, "")
	b.must(err)
	b.work(b.worker)
	found, err := b.hub.RunsByID(b.Context(), b.viewer, []run.ID{r.ID})
	b.must(err)
	if r = found[r.ID]; r.State != run.Succeeded || r.Done != r.Total {
		b.Fatalf("the undo: %+v", r)
	}
	return r
}

// undone are the items of an undo, read page by page.
func (b *bundle) undone(id run.ID) (out []run.UndoItem) {
	b.Helper()
	two := 2
	for after := ""; ; {
		page, err := b.hub.UndoItems(b.Context(), b.viewer, id, "", &two, after)
		b.must(err)
		if out = append(out, page.Items...); !page.HasMore {
			return out
		}
		after = page.Cursors[len(page.Cursors)-1]
	}
}

// told are the items in short: field, what it is, what it was, verdict, who changed it.
func told(items []run.UndoItem) []string {
	out := make([]string, len(items))
	for i, item := range items {
		what := cmp.Or(string(item.Field), string(item.Subject))
		out[i] = strings.TrimSpace(fmt.Sprintf("%s %q>%q %s %s", what, item.Before, item.After, item.Verdict, item.ChangedBy))
	}
	return out
}

func wantTold(t *testing.T, items []run.UndoItem, want ...string) {
	t.Helper()
	if got := told(items); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func refusedAs(t *testing.T, err error, reason string) {
	t.Helper()
	if f := fault.Of(err); f == nil || f.ReasonOrCode() != reason {
		t.Errorf("got %v, want %s", err, reason)
	}
}

// TestUndo takes runs back (issue 6: undo of a run where the value is still ours, dry run first).
func TestUndo(t *testing.T) {
	t.Parallel()
	t.Run("APullIsTakenBackAndNetvisorGetsItsValuesBack", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, sandbox.Options{Customers: 3, Seed: 7})
		keys := b.keys()
		before := []hub.CustomerView{*b.find(id(keys[0])), *b.find(id(keys[1])), *b.find(id(keys[2]))}
		for i, key := range keys {
			b.must(b.netvisor.Edit("", key, func(c *sandbox.Customer) error {
				if err := c.Set("name", fmt.Sprintf("Väärä %d Oy", i)); err != nil {
					return err
				}
				return c.Set("PhoneNumber", "09 111 2222")
			}))
		}
		mistake := b.sync(false)
		if mistake.Counts.Updated != 3 {
			t.Fatalf("%+v", mistake)
		}
		b.edit(id(keys[1]), customer.Fields{"name": "Oikea Oy"})
		b.settle()

		_, err := b.hub.UndoRun(t.Context(), b.viewer, hub.UndoRun{Run: mistake.ID, Reason: "A mistake."}, "")
		refusedAs(t, err, "DRY_RUN_MISSING")
		rows := b.versions()
		dry := b.undo(mistake.ID, true)
		items := b.undone(dry.ID)
		wantTold(t, items,
			fmt.Sprintf("name %q>%q RETURNS", "Väärä 0 Oy", before[0].Name), fmt.Sprintf("phone %q>%q RETURNS", "09 111 2222", before[0].Phone.Raw),
			fmt.Sprintf("name %q>%q CHANGED_SINCE test", "Oikea Oy", before[1].Name), fmt.Sprintf("phone %q>%q RETURNS", "09 111 2222", before[1].Phone.Raw),
			fmt.Sprintf("name %q>%q RETURNS", "Väärä 2 Oy", before[2].Name), fmt.Sprintf("phone %q>%q RETURNS", "09 111 2222", before[2].Phone.Raw),
		)
		if !slices.Equal(items[0].Flows, []system.ID{b.system}) || len(items[0].Stays) > 0 || items[0].Name != "Väärä 0 Oy" || items[0].Number != before[0].Number {
			t.Errorf("%+v", items[0])
		}
		if items[2].ChangedAt.IsZero() || !strings.Contains(items[2].Says(), "test changed it at") {
			t.Errorf("%+v says %s", items[2], items[2].Says())
		}
		if b.versions() != rows {
			t.Error("a dry run wrote into customers")
		}

		t.Log("an edit between the dry run and the doing is kept and listed")
		b.edit(id(keys[2]), customer.Fields{"phone": "050 765 4321"})
		b.settle()
		calls := b.writes()
		done := b.undo(mistake.ID, false)
		wantTold(t, b.undone(done.ID)[4:],
			fmt.Sprintf("name %q>%q RETURNS", "Väärä 2 Oy", before[2].Name), fmt.Sprintf("phone %q>%q CHANGED_SINCE test", "050 765 4321", before[2].Phone.Raw))
		if got := b.settle() - calls; got != 3 {
			t.Errorf("Promise 4: %d calls for three cards", got)
		}
		for i, want := range []struct{ name, phone string }{{before[0].Name, before[0].Phone.Raw}, {"Oikea Oy", before[1].Phone.Raw}, {before[2].Name, "050 765 4321"}} {
			c, theirs := b.find(id(keys[i])), b.theirs(keys[i])
			if c.Name != want.name || c.Phone.Raw != want.phone || theirs.Get("name") != want.name || theirs.Get("PhoneNumber") != want.phone || c.Links[0].State != link.InSync {
				t.Errorf("%d: %s %s, there %s %s, want %+v, %s", i, c.Name, c.Phone.Raw, theirs.Get("name"), theirs.Get("PhoneNumber"), want, c.Links[0].State)
			}
		}
		if n := b.count(`SELECT count(*) FROM change WHERE run_id = $1 AND reason LIKE 'Undo of run ' || $2 || '%A mistake.' AND actor_name = 'test'`, string(done.ID), string(mistake.ID)); n != 3 {
			t.Errorf("%d changes say that they are the undo", n)
		}

		t.Log("Promise 3: then nothing happens any more")
		b.sync(false)
		rows, calls = b.versions(), b.writes()
		b.sync(true)
		b.settle()
		if b.versions() != rows || b.writes() != calls {
			t.Error("a further round wrote")
		}

		t.Log("a second undo changes nothing")
		again := b.undo(mistake.ID, false)
		for _, item := range b.undone(again.ID) {
			if item.Verdict != run.Already && item.Verdict != run.ChangedSince {
				t.Errorf("%+v", item)
			}
		}
		if b.versions() != rows {
			t.Error("a second undo wrote into customers")
		}

		t.Log("an undo can be undone")
		b.undo(done.ID, true)
		b.undo(done.ID, false)
		b.settle()
		if c := b.find(id(keys[0])); c.Name != "Väärä 0 Oy" || b.theirs(keys[0]).Get("name") != "Väärä 0 Oy" {
			t.Errorf("got %s", c.Name)
		}
	})
	t.Run("WhatMayNotBeSentStaysVisible", func(t *testing.T) {
		t.Parallel()
		b := overTheWire(t, sandbox.Options{Customers: 2, Seed: 7})
		b.imported()
		key := b.keys()[0]
		was := b.find(id(key)).Name
		b.must(b.netvisor.Edit("", key, func(c *sandbox.Customer) error { return c.Set("name", "Väärä Oy") }))
		mistake := b.sync(false)
		_, err := b.hub.PauseSystem(t.Context(), b.viewer, b.system, "") // nothing is called, so no state is in its way
		b.must(err)
		b.owner(`UPDATE system SET fault_code = 'UNAVAILABLE', fault_message = 'No answer.', fault_since = now()`)
		b.undo(mistake.ID, true)
		done := b.undo(mistake.ID, false)
		if s := b.state(); s.State != system.Paused || s.Fault == nil {
			t.Errorf("an undo says something of the system: %+v", s)
		}
		_, _, err = b.hub.StartSystem(t.Context(), b.viewer, b.system, "")
		b.must(err)
		b.work(b.worker)
		items := b.undone(done.ID)
		wantTold(t, items, fmt.Sprintf("name %q>%q RETURNS", "Väärä Oy", was))
		if len(items[0].Flows) > 0 || !slices.Equal(items[0].Stays, []system.ID{b.system}) {
			t.Errorf("%+v", items[0])
		}
		for range 2 {
			b.sync(true)
			if c := b.find(id(key)); c.Name != was || c.Links[0].State != link.Waiting || !strings.Contains(c.Links[0].LastMessage, "name") {
				t.Errorf("Promise 8: %s, %+v", c.Name, c.Links[0])
			}
		}
		if b.writes() > 0 {
			t.Error("something was written")
		}
	})
	t.Run("AFirstImportIsTakenBackAndDoesNotComeAgain", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, sandbox.Options{Customers: 5, Seed: 7})
		mistake := b.lastRun()
		keys := b.keys()
		b.edit(id(keys[0]), customer.Fields{"phone": "050 765 4321"})
		b.settle()
		calls := b.writes()
		b.undo(mistake.ID, true)
		done := b.undo(mistake.ID, false)
		if n := b.count(`SELECT count(*) FROM undo_item WHERE undo_id = $1 AND verdict = 'TAKEN_OUT'`, string(done.ID)); n != 4 {
			t.Errorf("%d taken out of use: %v", n, told(b.undone(done.ID)))
		}
		wantTold(t, b.undone(done.ID)[:3], `status "ACTIVE">"INACTIVE" TOUCHED_SINCE test`, `status "ACTIVE">"INACTIVE" TAKEN_OUT`, `RECORD "">"" RECORD_STAYS`)
		check := func(when string) {
			t.Helper()
			for i, key := range keys {
				c := b.find(id(key))
				if want := map[bool]customer.Status{true: customer.Active, false: customer.Inactive}[i == 0]; c.Status != want {
					t.Errorf("%s: customer %d is %s", when, i, c.Status)
				}
				if i > 0 && (c.Links[0].State != link.NotInScope || !strings.Contains(c.Links[0].LastMessage, "taken back")) {
					t.Errorf("%s: %+v", when, c.Links[0])
				}
			}
			if b.writes() != calls {
				t.Errorf("%s: Netvisor was written to: %v", when, b.effects())
			}
			if n := b.count(`SELECT count(*) FROM customer`); n != 5 {
				t.Errorf("%s: %d customers", when, n)
			}
		}
		check("at once")
		b.must(b.netvisor.Edit("", keys[1], func(c *sandbox.Customer) error { return c.Set("PhoneNumber", "09 111 2222") }))
		b.sync(false)
		b.sync(true)
		for _, l := range b.find(id(keys[2])).Links { // somebody asks for it to be looked at
			_, err := b.hub.RetryLink(t.Context(), b.viewer, l.ID, "")
			b.must(err)
		}
		b.settle()
		check("after more looks")
		two := b.find(id(keys[2])).ID
		explained, err := b.hub.Explain(t.Context(), b.viewer, []customer.ID{two}, b.system)
		b.must(err)
		if e := explained[two][0]; !slices.ContainsFunc(e.Checks, func(c explain.Check) bool { return strings.Contains(c.Message.In(advice.English), "was taken back") }) {
			t.Errorf("%+v", e)
		}

		t.Log("who is taken into use again is followed again, with what changed meanwhile")
		_, err = b.hub.ReactivateCustomer(t.Context(), b.viewer, b.find(id(keys[1])).ID, nil, "")
		b.must(err)
		b.settle()
		if c := b.find(id(keys[1])); c.Status != customer.Active || c.Phone.Raw != "09 111 2222" || c.Links[0].State != link.InSync || b.writes() != calls {
			t.Errorf("%+v", c)
		}

		t.Log("the undo of the undo brings the others back")
		b.undo(done.ID, true)
		b.undo(done.ID, false)
		b.settle()
		b.sync(true)
		for _, key := range keys {
			if c := b.find(id(key)); c.Status != customer.Active || c.Links[0].State != link.InSync {
				t.Errorf("%+v", c)
			}
		}
		if b.writes() != calls {
			t.Error("Netvisor was written to")
		}
	})
	t.Run("ARunThatIsKilledGoesOnWhereItWas", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, sandbox.Options{Customers: 6, Seed: 7})
		was := make(map[int64]string)
		for _, key := range b.keys() {
			was[key] = b.find(id(key)).Name
			b.must(b.netvisor.Edit("", key, func(c *sandbox.Customer) error { return c.Set("name", "Väärä "+id(key)) }))
		}
		mistake := b.sync(false)
		b.undo(mistake.ID, true)
		_, err := b.hub.UndoRun(t.Context(), b.viewer, hub.UndoRun{Run: mistake.ID, Reason: "A mistake."}, "")
		b.must(err)
		// The worker hangs in the transaction of the third customer, another takes its run over, and then its connection dies.
		b.owner(`CREATE FUNCTION hang() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
			IF NEW.place = 3 AND (SELECT fence FROM run WHERE id = NEW.undo_id) = 1 THEN PERFORM pg_advisory_xact_lock(4711); END IF; RETURN NEW; END $$`)
		b.owner(`CREATE TRIGGER hang BEFORE INSERT ON undo_item FOR EACH ROW EXECUTE FUNCTION hang()`)
		lock, err := b.db.Owner.Begin(t.Context())
		b.must(err)
		_, err = lock.Exec(t.Context(), `SELECT pg_advisory_xact_lock(4711)`)
		b.must(err)
		until := func(condition string) {
			t.Helper()
			for ctx := within(t); b.count(`SELECT count(*) FROM `+condition) == 0; {
				if ctx.Err() != nil {
					t.Fatal("it never came to that: " + condition)
				}
			}
		}
		var working sync.WaitGroup
		working.Go(func() { _, _ = b.worker.RunOne(t.Context()) })
		const hangs = `pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
		until(hangs)
		r := b.lastRun()
		if r.Done != 2 {
			t.Errorf("%+v", r)
		}
		b.owner(`UPDATE run SET lease_until = now() - interval '1 second' WHERE id = $1`, string(r.ID))
		working.Go(func() { _, _ = b.newWorker().RunOne(t.Context()) })
		until(`run WHERE fence = 2 AND kind = 'UNDO' AND state = 'RUNNING'`)
		_, err = b.db.App.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM `+hangs)
		b.must(err)
		working.Wait()
		b.must(lock.Rollback(t.Context()))
		if r = b.lastRun(); r.State != run.Succeeded || r.Done != 6 || r.Counts.Updated != 6 {
			t.Fatalf("%+v", r)
		}
		b.settle()
		for key, name := range was {
			if c := b.find(id(key)); c.Name != name || b.theirs(key).Get("name") != name {
				t.Errorf("%d is %s, want %s", key, c.Name, name)
			}
		}
		if n := b.count(`SELECT count(*) FROM change WHERE run_id = $1`, string(r.ID)); n != 6 {
			t.Errorf("%d changes for six customers", n)
		}
	})
}

// TestUndoOfAnAppliedPlan takes a first run back that linked, made and wrote on both sides: what it did outside is listed and stays.
func TestUndoOfAnAppliedPlan(t *testing.T) {
	t.Parallel()
	f := beforeTheFirstRun(t, sandbox.Options{Customers: 2, Seed: 7})
	both := f.here("5001", idA, "Yhteinen Oy")
	_, err := f.hub.UpdateCustomer(t.Context(), f.viewer, both, nil, customer.Fields{"phone": "09 123 4567"}, "")
	f.must(err)
	only := f.here("5002", idB, "Oma Oy")
	key := f.there("5001", idA, "Yhteinen Oyj", nil)
	p := f.apply(f.plan(run.Merge).ID)
	f.settle()
	if c := f.customer(both); c.Name != "Yhteinen Oyj" || f.count(`SELECT count(*) FROM link WHERE customer_id = $1 AND external_id <> ''`, string(only)) != 1 {
		t.Fatalf("%+v", c)
	}
	calls := f.writes()
	f.undo(p.Applying, true)
	done := f.undo(p.Applying, false)
	items := f.undone(done.ID)
	of := func(id customer.ID) []run.UndoItem {
		return slices.DeleteFunc(slices.Clone(items), func(i run.UndoItem) bool { return i.CustomerID != id })
	}
	wantTold(t, of(both), `name "Yhteinen Oyj">"Yhteinen Oy" RETURNS`, `RECORD "">"" LINK_STAYS`, `phone "09 123 4567">"" SENT`)
	wantTold(t, of(only), `RECORD "">"" RECORD_STAYS`)
	for _, i := range of(both)[1:] {
		if i.System != f.system || i.ExternalID != key {
			t.Errorf("%+v", i)
		}
	}
	if n := f.settle() - calls; n != 1 {
		t.Errorf("%d calls for the one name", n)
	}
	if c := f.customer(both); c.Name != "Yhteinen Oy" || c.Phone.Raw != "09 123 4567" || c.Links[0].State != link.InSync || f.customer(only).Status != customer.Active {
		t.Errorf("%+v", c)
	}
}

// TestUndoOfContacts takes back what a pull did to contacts and to persons whom several customers have.
func TestUndoOfContacts(t *testing.T) {
	t.Parallel()
	b := twoWays(t, sandbox.Options{Customers: 3, Seed: 7})
	keys := b.keys()
	person := func(c *sandbox.Customer, key int64, last string) int64 {
		got, err := c.SetContactPerson(key, map[string]string{"ContactPersonFirstName": "Aino", "ContactPersonLastName": last, "ContactPersonEmail": "aino@example.test"})
		b.must(err)
		return got
	}
	var goes, stays int64
	b.must(b.netvisor.Edit("", keys[0], func(c *sandbox.Customer) error {
		goes, stays = person(c, 0, "Menevä"), person(c, 0, "Mallikas")
		return nil
	}))
	b.sync(false)
	first := b.find(id(keys[0]))
	at := slices.IndexFunc(first.Contacts, func(c customer.Contact) bool { return c.Person.LastName == "Mallikas" })
	shared := first.Contacts[at].Person.ID
	second := b.find(id(keys[1])).ID
	_, _, err := b.hub.LinkContact(t.Context(), b.viewer, hub.LinkContact{Customer: second, Person: shared}, "")
	b.must(err)
	b.settle()
	b.sync(false)
	was := len(b.find(id(keys[0])).Contacts)

	b.must(b.netvisor.Edit("", keys[0], func(c *sandbox.Customer) error {
		person(c, stays, "Väärä")
		person(c, 0, "Uusi")
		if !c.RemoveContactPerson(goes) {
			t.Error("it is not there")
		}
		return nil
	}))
	mistake := b.sync(false)
	b.settle()
	b.undo(mistake.ID, true)
	done := b.undo(mistake.ID, false)
	for _, i := range b.undone(done.ID) {
		if i.Verdict != run.Returns && i.Verdict != run.Already { // a person who is shared goes back once, for all
			t.Errorf("%+v", i)
		}
	}
	b.settle()
	names := func(c *hub.CustomerView) (out []string) {
		for _, ct := range c.Contacts {
			out = append(out, ct.Person.LastName)
		}
		slices.Sort(out)
		return out
	}
	c := b.find(id(keys[0]))
	if got := names(c); len(got) != was || !slices.Contains(got, "Menevä") || !slices.Contains(got, "Mallikas") || slices.Contains(got, "Uusi") {
		t.Errorf("got %v", got)
	}
	if got := names(b.find(id(keys[1]))); !slices.Contains(got, "Mallikas") || slices.Contains(got, "Väärä") {
		t.Errorf("the other customer has %v", got)
	}
	b.sync(true)
	b.settle()
	rows, calls := b.versions(), b.writes()
	b.sync(true)
	b.settle()
	if b.versions() != rows || b.writes() != calls {
		t.Error("Promise 3: a further round wrote")
	}
	if got := names(b.find(id(keys[0]))); slices.Contains(got, "Uusi") || slices.Contains(got, "Väärä") {
		t.Errorf("it came in again: %v", got)
	}
}

// TestUndoUnderDueDiligence takes a pull back whose customers are candidates of KYC by then: those stay where they are, and whom KYC has
// assessed stays in use.
func TestUndoUnderDueDiligence(t *testing.T) {
	t.Parallel()
	d := duly(t, sandbox.Options{}, nil, nil)
	keys := d.register()
	mistake := d.lastRun()
	d.activated()
	d.assessed(d.candidates()[businessIDs[0]].ID, kycsandbox.Assessment{RiskClass: kycsandbox.High, ReviewIntervalMonths: 12})
	d.both()
	if k := d.said(keys[0]); k.State != customer.KYCCustomer || mistake.Counts.Created != 10 {
		t.Fatalf("%+v, %+v", k, mistake.Counts)
	}
	candidates := sortedKeys(d.candidates())
	calls, theirs := len(d.kyc.Calls()), len(d.netvisor.Calls())
	d.undo(mistake.ID, true)
	done := d.undo(mistake.ID, false)
	taken := 0
	for _, i := range d.undone(done.ID) {
		switch {
		case i.Verdict == run.TakenOut:
			taken++
		case i.Verdict == run.TouchedSince && i.CustomerID != d.customerOf(keys[0]).ID, i.Verdict != run.TouchedSince && i.Verdict != run.RecordStays:
			t.Errorf("%+v", i)
		}
	}
	if taken != 9 {
		t.Errorf("%d taken out of use: %v", taken, told(d.undone(done.ID)))
	}
	d.settle()
	d.both()
	for _, id := range []system.ID{d.system, d.kycSystem} {
		_, err := d.hub.SyncNow(t.Context(), d.viewer, id, true, "")
		d.must(err)
		d.settle()
	}
	if got := d.wroteKYC(calls); len(got) > 0 {
		t.Errorf("KYC was written to: %v", got)
	}
	if n := d.wroteNetvisor("customer.nv", theirs); n > 0 || !slices.Equal(sortedKeys(d.candidates()), candidates) {
		t.Errorf("%d writes, candidates %v", n, sortedKeys(d.candidates()))
	}
	for i, key := range keys {
		if c := d.customerOf(key); (c.Status == customer.Active) != (i == 0) {
			t.Errorf("customer %d is %s", i, c.Status)
		}
	}
	if k := d.said(keys[0]); k.State != customer.KYCCustomer {
		t.Errorf("%+v", k)
	}

	t.Log("who does not want a candidate to stay there deletes it, as ever")
	_, err := d.hub.DeleteCandidate(t.Context(), d.viewer, d.customerOf(keys[1]).ID, "Read from the wrong company.", "")
	d.must(err)
	d.settle()
	if got := sortedKeys(d.candidates()); len(got) != len(candidates)-1 || slices.Contains(got, businessIDs[1]) {
		t.Errorf("candidates %v", got)
	}
}
