package reconcile_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"customerhub/internal/auth"
	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/outbound"
	"customerhub/internal/reconcile"
	"customerhub/internal/run"
	sandbox "customerhub/internal/sandbox/netvisor"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

const deleteResource = "deletecustomer.nv"

// erasure is what an operator asks for of a record.
func (w wired) erasure(key int64) hub.DeleteRecord {
	w.Helper()
	return hub.DeleteRecord{Customer: w.find(id(key)).ID, System: w.system, By: "Aino Malli", Reason: "Kahteen kertaan"}
}

func (w wired) ask(key int64) link.DeletionID {
	w.Helper()
	d, err := w.hub.AskDeletion(w.Context(), w.viewer, w.erasure(key))
	w.must(err)
	return d
}

func (w wired) deletion(id link.DeletionID) hub.DeletionView {
	w.Helper()
	d, err := w.hub.Deletion(w.Context(), w.viewer, id)
	w.must(err)
	return d
}

// hasty works with leases so short that what a cut call leaves behind is free again soon.
func (w wired) hasty() wired {
	w.worker = reconcile.NewWorker(w.hub, w.db.App, reconcile.Options{
		Kinds: w.kinds, Client: outbound.Client(outbound.Options{}), Workers: 1, Lease: 300 * time.Millisecond,
		Backoff: []time.Duration{20 * time.Millisecond, 40 * time.Millisecond}, LongestWrite: 300 * time.Millisecond,
	})
	return w
}

// deletions counts the calls that ask Netvisor for a deletion, and how many records they deleted.
func (w wired) deletions() (calls, gone int) {
	for _, c := range w.netvisor.Calls() {
		if c.Resource == deleteResource {
			calls++
		}
	}
	for _, e := range w.netvisor.Effects() {
		if e.What == sandbox.WasDeleted && e.Call != 0 {
			gone++
		}
	}
	return calls, gone
}

// erased holds that a deletion ended as it should: the record is gone and nothing else happened to the customer.
func (w wired) erased(key int64, d link.DeletionID) {
	w.Helper()
	got, c := w.deletion(d), w.find(id(key))
	if got.State != link.Done || got.EndedAt.IsZero() {
		w.Errorf("the deletion is %+v", got)
	}
	if _, there := w.netvisor.Get("", key); there {
		w.Error("the record is still there")
	}
	if c == nil || c.Status != customer.Active || len(c.Links) != 1 || c.Links[0].State != link.NotInScope || c.Links[0].ExternalID != id(key) || c.Links[0].LastMessage == "" {
		w.Errorf("the customer became %+v", c)
	}
	if n := w.count(`SELECT count(*) FROM change WHERE kind = 'RECORD_DELETED'`); n != 1 {
		w.Errorf("%d changes tell of it", n)
	}
	if n := w.count(`SELECT count(*) FROM intent`); n != 0 {
		w.Errorf("%d intents are left", n)
	}
}

func TestDeletion(t *testing.T) {
	t.Parallel()
	company := sandbox.Options{Customers: 3, Seed: 7}
	t.Run("ItTakesTheRecordAwayAndNothingElse", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, company)
		key := b.keys()[1]
		d := b.ask(key)
		if got := b.deletion(d); got.State != link.Asked || got.By != "Aino Malli" || got.Reason != "Kahteen kertaan" || got.AskedAt.IsZero() {
			t.Errorf("asked: %+v", got)
		}
		b.settle()
		b.erased(key, d)
		if calls, gone := b.deletions(); calls != 1 || gone != 1 {
			t.Errorf("%d calls deleted %d records", calls, gone)
		}
		for {
			numbered, err := store.NumberChanges(t.Context(), b.db.App, 1000)
			if b.must(err); len(numbered) == 0 {
				break
			}
		}
		page, err := b.hub.ChangesOfCustomers(t.Context(), b.viewer, []customer.ID{b.find(id(key)).ID}, "", 50)
		b.must(err)
		items := page[b.find(id(key)).ID].Items
		last := items[len(items)-1]
		if last.Kind != change.RecordDeleted || last.Actor != (change.Actor{Kind: change.ActorOperator, Name: "Aino Malli"}) ||
			last.Reason != "Kahteen kertaan" || last.Origin.SystemID != string(b.system) || len(last.Fields) != 0 {
			t.Errorf("the log says %+v", last)
		}

		t.Log("the tombstone stands: comparisons, edits and hints neither bring the record back nor take the customer out of use")
		n := b.writes()
		for range 3 {
			if r := b.sync(true); r.State != run.Succeeded {
				t.Fatalf("got %+v", r)
			}
			b.settle()
		}
		b.edit(id(key), customer.Fields{"email": "uusi@example.test"})
		_, err = b.hub.RetryLink(t.Context(), b.viewer, b.find(id(key)).Links[0].ID, "")
		b.must(err)
		b.settle()
		b.sync(true)
		b.settle()
		b.erased(key, d)
		if got := b.find(id(key)); b.writes() != n || len(b.keys()) != 2 || got.Email != "uusi@example.test" {
			t.Errorf("Promise 3: %v, %d records, %+v", b.effects(), len(b.keys()), got)
		}
		for _, f := range b.findings() {
			if f.Code == string(finding.RecordDeleted) {
				t.Errorf("a finding tells of what was asked for: %+v", f)
			}
		}
	})
	t.Run("Promise2_ALostAnswerIsLookedUp", func(t *testing.T) {
		t.Parallel()
		for name, f := range map[string]sandbox.Fault{
			"TheAnswerIsLost":           {Kind: sandbox.FaultLostAnswer},
			"TheCallIsLost":             {Kind: sandbox.FaultLostRequest},
			"TheAnswerIsCut":            {Kind: sandbox.FaultTruncate, At: 60, CleanEnd: true},
			"ALoginPageAfterTheFact":    {Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageLoginPage, AfterCommit: true},
			"ALoginPageInstead":         {Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageLoginPage},
			"AGatewayFailsAfterTheFact": {Kind: sandbox.FaultStatus, Status: 502, AfterCommit: true},
			"AGatewayFailsInstead":      {Kind: sandbox.FaultStatus, Status: 502},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				b := twoWays(t, company)
				key := b.keys()[1]
				f.Resource, f.Times = deleteResource, 1
				_, err := b.netvisor.Fault(f)
				b.must(err)
				d := b.ask(key)
				_, err = b.worker.LinkOne(t.Context())
				b.must(err)
				got := b.deletion(d)
				if got.State != link.Asked || got.Link.State != link.Uncertain || got.Trying == "" {
					t.Errorf("Promise 8: %+v", got)
				}
				b.settle()
				b.erased(key, d)
				calls, gone := b.deletions()
				if arrived := f.AfterCommit || f.Kind == sandbox.FaultLostAnswer || f.Kind == sandbox.FaultTruncate; gone != 1 || arrived && calls != 1 || calls > 2 {
					t.Errorf("%d calls deleted %d records", calls, gone)
				}
			})
		}
	})
	t.Run("ASlowDeletionIsNotAskedForAgainWhileItMayBeUnderWay", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, company).hasty()
		key := b.keys()[1]
		_, err := b.netvisor.Fault(sandbox.Fault{
			Kind: sandbox.FaultSlowCommit, Delay: sandbox.Duration(150 * time.Millisecond), Resource: deleteResource, Times: 1,
		})
		b.must(err)
		d := b.ask(key)
		cut, cancel := context.WithTimeout(t.Context(), 60*time.Millisecond)
		defer cancel()
		_, _ = b.worker.LinkOne(cut)
		b.settle()
		b.erased(key, d)
		if calls, gone := b.deletions(); gone != 1 || calls > 1 {
			t.Errorf("%d calls deleted %d records", calls, gone)
		}
	})
	t.Run("ARefusalIsSaidInTheSystemsWords", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, company)
		key := b.keys()[1]
		b.must(b.netvisor.Edit("", key, func(c *sandbox.Customer) error { c.SetHasInvoices(true); return nil }))
		d := b.ask(key)
		t.Log("what is edited meanwhile is sent when it is known that the record stays")
		b.edit(id(key), customer.Fields{"email": "uusi@example.test"})
		b.settle()
		got := b.deletion(d)
		if got.State != link.Refused || !strings.Contains(got.Message, "the customer has invoices") || got.Link.State != link.InSync {
			t.Errorf("got %+v", got)
		}
		if b.theirs(key).Get("Email") != "uusi@example.test" {
			t.Error("the edit is lost")
		}
		if calls, gone := b.deletions(); calls != 1 || gone != 0 || b.count(`SELECT count(*) FROM change WHERE kind = 'RECORD_DELETED'`) != 0 {
			t.Errorf("%d calls deleted %d records", calls, gone)
		}
		t.Log("whoever mends the cause asks again")
		b.must(b.netvisor.Edit("", key, func(c *sandbox.Customer) error { c.SetHasInvoices(false); return nil }))
		d = b.ask(key)
		b.settle()
		b.erased(key, d)
	})
	t.Run("ARefusalWhoseAnswerIsLostIsARefusal", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, company)
		key := b.keys()[1]
		b.must(b.netvisor.Edit("", key, func(c *sandbox.Customer) error { c.SetHasInvoices(true); return nil }))
		_, err := b.netvisor.Fault(sandbox.Fault{Kind: sandbox.FaultLostAnswer, Resource: deleteResource, Times: 1})
		b.must(err)
		d := b.ask(key)
		b.settle()
		if got := b.deletion(d); got.State != link.Refused || got.Message == "" || got.Link.State != link.InSync {
			t.Errorf("got %+v", got)
		}
		if calls, gone := b.deletions(); calls != 2 || gone != 0 {
			t.Errorf("%d calls deleted %d records", calls, gone)
		}
	})
	t.Run("WhatPassesIsWaitedFor", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, company)
		key := b.keys()[1]
		for _, f := range []sandbox.Fault{{Kind: sandbox.FaultMaintenance, Resource: deleteResource, Times: 1}, {Kind: sandbox.FaultStatus, Status: 503, Resource: "getcustomer.nv", Times: 1}} {
			_, err := b.netvisor.Fault(f)
			b.must(err)
		}
		d := b.ask(key)
		b.settle()
		b.erased(key, d)
		if calls, gone := b.deletions(); calls != 2 || gone != 1 {
			t.Errorf("%d calls deleted %d records", calls, gone)
		}
	})
	t.Run("APermissionThatIsLackingStopsNothingElse", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, company)
		key := b.keys()[1]
		_, err := b.netvisor.Fault(sandbox.Fault{Kind: sandbox.FaultFailure, Category: "SERVICE_ACCESS_ERROR", Resource: deleteResource, Times: 1})
		b.must(err)
		d := b.ask(key)
		b.settle()
		if got := b.deletion(d); got.State != link.Refused || got.Link.State != link.InSync || b.state().State != system.Running {
			t.Errorf("got %+v, the system is %s", got, b.state().State)
		}
	})
	t.Run("APollAndAnEditInBetweenDoNotMakeItForgotten", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, company)
		key := b.keys()[1]
		before := b.find(id(key)).Email
		d := b.ask(key)
		b.sync(true)
		b.edit(id(key), customer.Fields{"email": "uusi@example.test"})
		b.edit(id(key), customer.Fields{"email": before})
		n := b.writes()
		b.settle()
		b.erased(key, d)
		if b.writes() != n {
			t.Errorf("it was written to first: %v", b.effects())
		}
	})
	t.Run("ARecordThatIsGoneAlreadyNeedsNoCall", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, company)
		key := b.keys()[1]
		d := b.ask(key)
		b.must(b.netvisor.Remove("", key))
		b.settle()
		b.erased(key, d)
		if calls, _ := b.deletions(); calls != 0 || !strings.Contains(b.deletion(d).Message, "no call was made") {
			t.Errorf("%d calls, %+v", calls, b.deletion(d))
		}
	})
	t.Run("ThePlaceholderIsNeverDeleted", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, company)
		key := b.keys()[1]
		d := b.ask(key)
		var placeholders []int64
		for c := range b.netvisor.Customers("") {
			if c.Get("code") == "TEMP" {
				placeholders = append(placeholders, c.Key())
			}
		}
		for _, k := range placeholders {
			b.must(b.netvisor.Remove("", k))
		}
		b.must(b.netvisor.Edit("", key, func(c *sandbox.Customer) error { return c.Set("code", "TEMP") }))
		for range 3 { // what comparisons say of it does not make the act forgotten
			b.sync(true)
		}
		b.settle()
		if calls, _ := b.deletions(); calls != 0 || b.deletion(d).State != link.Refused {
			t.Errorf("%d calls, %+v", calls, b.deletion(d))
		}
	})
	t.Run("WhatWasAskedForADayAgoIsNotDoneAnyMore", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, company)
		fresh, sent := b.keys()[0], b.keys()[1]
		late := b.ask(fresh)
		_, err := b.db.Owner.Exec(t.Context(), `UPDATE deletion SET asked_at = now() - interval '25 hours'`)
		b.must(err)
		b.settle()
		if got := b.deletion(late); got.State != link.Refused || got.Link.State != link.InSync {
			t.Errorf("got %+v", got)
		}
		_, err = b.netvisor.Fault(sandbox.Fault{Kind: sandbox.FaultLostRequest, Resource: deleteResource, Times: 1})
		b.must(err)
		late = b.ask(sent)
		_, err = b.worker.LinkOne(t.Context())
		b.must(err)
		_, err = b.db.Owner.Exec(t.Context(), `UPDATE deletion SET asked_at = now() - interval '25 hours' WHERE ended_at IS NULL`)
		b.must(err)
		b.settle()
		if calls, gone := b.deletions(); b.deletion(late).State != link.Refused || calls > 1 || gone != 0 {
			t.Errorf("%d calls, %+v", calls, b.deletion(late))
		}
	})
	t.Run("WorkThatIsCutAnywhereGoesOn", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, sandbox.Options{Customers: 12, Seed: 7}).hasty()
		for i, key := range b.keys() {
			d := b.ask(key)
			cut, cancel := context.WithTimeout(t.Context(), time.Duration(2+2*i)*time.Millisecond)
			_, _ = b.worker.LinkOne(cut)
			cancel()
			b.settle()
			if got := b.deletion(d); got.State != link.Done {
				t.Errorf("cut after %d ms: %+v", 2+2*i, got)
			}
		}
		if calls, gone := b.deletions(); gone != 12 {
			t.Errorf("%d calls deleted %d records", calls, gone)
		}
	})
}

func TestDeletionIsRefusedBeforeAnything(t *testing.T) {
	t.Parallel()
	b := twoWays(t, sandbox.Options{Customers: 4, Seed: 7})
	keys := b.keys()
	set := func(sql string, args ...any) {
		t.Helper()
		_, err := b.db.Owner.Exec(t.Context(), sql, args...)
		b.must(err)
	}
	deletedKey := keys[3]
	b.ask(deletedKey)
	b.settle()
	calls, _ := b.deletions()
	for _, tc := range []struct {
		name string
		make func(r *hub.DeleteRecord)
		undo string
		says string
	}{
		{"WithoutAName", func(r *hub.DeleteRecord) { r.By = " \t" }, "", "who asks"},
		{"WithoutAReason", func(r *hub.DeleteRecord) { r.Reason = "" }, "", "why"},
		{"WithAReasonOfAges", func(r *hub.DeleteRecord) { r.Reason = strings.Repeat("x", 501) }, "", "500"},
		{"Promise11_WithAnIdentityCode", func(r *hub.DeleteRecord) { r.Reason = "131052-308T kuoli" }, "", "identity code"},
		{"OfNoCustomer", func(r *hub.DeleteRecord) { r.Customer = customer.ID(store.NewID()) }, "", "no such customer"},
		{"InNoSystem", func(r *hub.DeleteRecord) { r.System = system.ID(store.NewID()) }, "", "no such system"},
		{"OfARecordThatIsDeleted", func(r *hub.DeleteRecord) { r.Customer = b.find(id(deletedKey)).ID }, "", "Kahteen kertaan"},
		{"WhileTheSystemIsPaused", func(*hub.DeleteRecord) { set(`UPDATE system SET state = 'PAUSED'`) }, `UPDATE system SET state = 'RUNNING'`, "not RUNNING"},
		{"WhereTheHubOnlyReads", func(*hub.DeleteRecord) {
			set(`UPDATE system SET policy = '{"direction": "IN"}'`)
		}, `UPDATE system SET policy = '{"direction": "BOTH"}'`, "only reads"},
		{"WhileAWorkerHoldsIt", func(*hub.DeleteRecord) {
			set(`UPDATE link SET lease_until = now() + interval '1 minute' WHERE external_id = $1`, id(keys[0]))
		}, `UPDATE link SET lease_until = NULL`, "at this moment"},
		{"WhileAHolderThatIsGoneLeftItOpen", func(*hub.DeleteRecord) {
			set(`UPDATE link SET lease_until = now() - interval '1 minute' WHERE external_id = $1`, id(keys[0]))
		}, `UPDATE link SET lease_until = NULL`, "at this moment"},
		{"WhileAWriteIsUnderWay", func(*hub.DeleteRecord) {
			set(`INSERT INTO intent (organisation_id, link_id, id, operation, sent, want) SELECT organisation_id, id, gen_random_uuid(), 'EDIT', '{}', '{}' FROM link WHERE external_id = $1`, id(keys[0]))
		}, `DELETE FROM intent`, "not known yet what came of it"},
		{"WhileAWriteIsUncertain", func(*hub.DeleteRecord) {
			set(`UPDATE link SET state = 'UNCERTAIN' WHERE external_id = $1`, id(keys[0]))
		}, `UPDATE link SET state = 'IN_SYNC' WHERE state = 'UNCERTAIN'`, "not known yet what came of it"},
		{"OfARecordThatIsNotFollowed", func(*hub.DeleteRecord) {
			set(`UPDATE link SET state = 'PAUSED', fault_message = 'Ei seurata.' WHERE external_id = $1`, id(keys[0]))
		}, `UPDATE link SET state = 'IN_SYNC', fault_message = '' WHERE state = 'PAUSED'`, "Ei seurata."},
		{"OfACustomerWithoutARecord", func(r *hub.DeleteRecord) {
			c, err := b.hub.CreateCustomer(t.Context(), b.viewer, customer.Fields{"name": "Tuore Oy"}, "")
			b.must(err)
			r.Customer = c.ID
		}, "", "no record in"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := b.erasure(keys[0])
			tc.make(&r)
			_, plan := b.hub.PlanDeletion(t.Context(), b.viewer, r)
			_, err := b.hub.AskDeletion(t.Context(), b.viewer, r)
			if fault.Of(err) == nil || !fault.CodeOf(err).UserFacing() || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v", err)
			}
			if held := strings.Contains(tc.says, "moment"); !held && (plan == nil || plan.Error() != err.Error()) {
				t.Errorf("the plan says %v", plan)
			}
			if tc.undo != "" {
				set(tc.undo)
			}
		})
	}
	t.Run("TwiceAtOnce", func(t *testing.T) {
		b.ask(keys[1])
		if _, err := b.hub.AskDeletion(t.Context(), b.viewer, b.erasure(keys[1])); err == nil || !strings.Contains(err.Error(), "Aino Malli asked") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("ByAKeyThatIsNoAdministrators", func(t *testing.T) {
		v := b.viewer
		v.Scopes = []auth.Scope{auth.CustomersWrite, auth.SystemsManage}
		if _, err := b.hub.AskDeletion(t.Context(), v, b.erasure(keys[2])); !fault.Is(err, fault.Forbidden) {
			t.Errorf("got %v", err)
		}
	})
	if n, _ := b.deletions(); n != calls {
		t.Errorf("%d calls were made", n-calls)
	}
}
