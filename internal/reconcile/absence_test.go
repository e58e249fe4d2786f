package reconcile_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"customerhub/internal/auth"
	"customerhub/internal/connector"
	"customerhub/internal/connector/connectortest"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/organisation"
	"customerhub/internal/pgtest"
	"customerhub/internal/reconcile"
	"customerhub/internal/run"
	"customerhub/internal/secret"
	"customerhub/internal/system"
)

// listing is a running system with so many customers, imported once.
type listing struct {
	db     *pgtest.DB
	hub    *hub.Hub
	fake   *connectortest.Fake
	worker *reconcile.Worker
	viewer auth.Viewer
	system system.System
}

func newListing(t *testing.T, customers int) *listing {
	t.Helper()
	s := &listing{db: pgtest.New(t), fake: connectortest.NewFake()}
	for i := 1; i <= customers; i++ {
		s.fake.Put(strconv.Itoa(i), customer.Fields{
			customer.FieldName: "Asiakas " + strconv.Itoa(i), customer.FieldStatus: "ACTIVE", customer.FieldKind: "COMPANY",
		})
	}
	keyset, err := secret.Generate()
	if err != nil {
		t.Fatal(err)
	}
	kind := s.fake.Kind(system.Netvisor)
	asGiven := func(given map[string]string) (map[string]string, error) { return given, nil }
	s.hub = hub.New(s.db.App, hub.Options{Keyset: keyset, Kinds: map[system.Kind]hub.KindSpec{
		system.Netvisor: {Title: "Fake", PollEvery: time.Hour, Reads: kind.Reads, Settings: asGiven, Credentials: asGiven},
	}})
	s.worker = s.newWorker(reconcile.Options{})
	org, err := s.hub.CreateOrganisation(t.Context(), "Esimerkki Oy")
	if err != nil {
		t.Fatal(err)
	}
	s.viewer = auth.Operator(organisation.Organisation{ID: org.ID, Name: org.Name})
	if s.system, err = s.hub.CreateSystem(t.Context(), s.viewer, hub.CreateSystem{Kind: system.Netvisor}, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := s.hub.SetSystemCredentials(t.Context(), s.viewer, s.system.ID, map[string]string{"key": "x"}, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := s.hub.CheckSystem(t.Context(), s.viewer, s.system.ID, ""); err != nil {
		t.Fatal(err)
	}
	s.work(t)
	if _, _, err := s.hub.StartSystem(t.Context(), s.viewer, s.system.ID, ""); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *listing) newWorker(o reconcile.Options) *reconcile.Worker {
	o.Kinds = map[system.Kind]connector.Kind{system.Netvisor: s.fake.Kind(system.Netvisor)}
	return reconcile.NewWorker(s.hub, s.db.App, o)
}

// work carries out the run that waits and gives it.
func (s *listing) work(t *testing.T) run.Run {
	t.Helper()
	if worked, err := s.worker.RunOne(t.Context()); err != nil || !worked {
		t.Fatalf("worked %v, %v", worked, err)
	}
	return s.last(t)
}

func (s *listing) last(t *testing.T) run.Run {
	t.Helper()
	runs, err := s.hub.LastRuns(t.Context(), s.viewer, []system.ID{s.system.ID})
	if err != nil {
		t.Fatal(err)
	}
	return runs[s.system.ID]
}

// sweep looks at everything.
func (s *listing) sweep(t *testing.T) run.Run {
	t.Helper()
	if _, err := s.hub.SyncNow(t.Context(), s.viewer, s.system.ID, true, ""); err != nil {
		t.Fatal(err)
	}
	return s.work(t)
}

// customer gives the customer of a record.
func (s *listing) customer(t *testing.T, externalID string) hub.CustomerView {
	t.Helper()
	c, err := s.hub.Customer(t.Context(), s.viewer, hub.CustomerLookup{System: s.system.ID, ExternalID: externalID}, hub.IncludeAll)
	if err != nil || c == nil {
		t.Fatalf("customer of record %s: %v, %v", externalID, c, err)
	}
	return *c
}

func (s *listing) count(t *testing.T, sql string, args ...any) int {
	t.Helper()
	var n int
	if err := s.db.Owner.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func (s *listing) findings(t *testing.T, code string) int {
	t.Helper()
	return s.count(t, `SELECT count(*) FROM finding WHERE code = $1 AND resolved_at IS NULL`, code)
}

// rule decides about what the brake parked, and carries out what is due.
func (s *listing) rule(t *testing.T, r link.Ruling) {
	t.Helper()
	var id finding.ID
	if err := s.db.Owner.QueryRow(t.Context(), `SELECT id::text FROM finding WHERE code = 'MASS_ABSENCE' AND resolved_at IS NULL`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	if _, err := s.hub.RuleMassChange(t.Context(), s.viewer, id, r, "", ""); err != nil {
		t.Fatal(err)
	}
	for {
		worked, err := s.worker.LinkOne(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !worked {
			return
		}
	}
}

func TestAbsence(t *testing.T) {
	t.Parallel()

	t.Run("GoneIsWhatTwoCompleteListsLackAndAReadRefuses", func(t *testing.T) {
		t.Parallel()
		s := newListing(t, 30)
		s.work(t)
		s.fake.Remove("7")
		s.sweep(t)
		if c := s.customer(t, "7"); c.Status != customer.Active {
			t.Fatal("one list was believed")
		}
		s.sweep(t)
		c := s.customer(t, "7")
		if c.Status != customer.Inactive || c.Links[0].State != link.NotInScope || c.Version != 2 {
			t.Errorf("customer is %s, link %s, version %d", c.Status, c.Links[0].State, c.Version)
		}
		if n := s.findings(t, "RECORD_DELETED"); n != 1 {
			t.Errorf("%d findings", n)
		}
		s.sweep(t)
		if again := s.customer(t, "7"); again.Version != 2 {
			t.Errorf("a record that is gone was changed again: version %d", again.Version)
		}

		s.fake.Put("7", customer.Fields{customer.FieldName: "Asiakas 7", customer.FieldStatus: "ACTIVE", customer.FieldKind: "COMPANY"})
		s.sweep(t)
		back := s.customer(t, "7")
		if back.Status != customer.Active || back.Links[0].State != link.InSync || s.findings(t, "RECORD_DELETED") != 0 {
			t.Errorf("after it came back: %s, link %s", back.Status, back.Links[0].State)
		}
	})
	t.Run("AListThatNamesItAgainForgetsItsAbsence", func(t *testing.T) {
		t.Parallel()
		s := newListing(t, 30)
		s.work(t)
		fields, _ := s.fake.Fields("7")
		for range 3 {
			s.fake.Remove("7")
			s.sweep(t)
			s.fake.Put("7", fields)
			s.sweep(t)
		}
		if c := s.customer(t, "7"); c.Status != customer.Active || c.Version != 1 {
			t.Errorf("customer is %s, version %d", c.Status, c.Version)
		}
	})
	t.Run("APollSaysNothingOfAbsence", func(t *testing.T) {
		t.Parallel()
		s := newListing(t, 30)
		s.work(t)
		s.fake.Remove("7")
		for range 3 {
			if _, err := s.hub.SyncNow(t.Context(), s.viewer, s.system.ID, false, ""); err != nil {
				t.Fatal(err)
			}
			s.work(t)
		}
		if n := s.count(t, `SELECT count(*) FROM link WHERE missing_lists > 0`); n != 0 {
			t.Errorf("%d links count as missing", n)
		}
	})
	t.Run("T28_WhatWasMadeSinceAListBeganIsNotMissingFromIt", func(t *testing.T) {
		t.Parallel()
		s := newListing(t, 100)
		s.work(t)
		for i := 1; i <= 40; i++ {
			s.fake.Remove(strconv.Itoa(i)) // so the list is as it was before they were made
		}
		// touched says when the hub finished making them, from the moment that the next list begins.
		touched := func(from time.Duration) {
			if _, err := s.db.Owner.Exec(t.Context(),
				`UPDATE link SET touched_at = now() + $1::interval WHERE external_id::integer <= 40`, from); err != nil {
				t.Fatal(err)
			}
		}
		touched(time.Minute)
		s.sweep(t)
		s.sweep(t)
		if n := s.count(t, `SELECT count(*) FROM link WHERE missing_lists > 0 OR state <> 'IN_SYNC'`); n != 0 || s.findings(t, "MASS_ABSENCE") != 0 {
			t.Errorf("%d links count as missing, and %d findings", n, s.findings(t, "MASS_ABSENCE"))
		}
		touched(-time.Minute)
		s.sweep(t)
		if n := s.findings(t, "MASS_ABSENCE"); n != 1 {
			t.Errorf("%d findings about a list that began later, want 1", n)
		}
	})
	t.Run("T28_AListThatLacksTooMuchIsNotBelieved", func(t *testing.T) {
		t.Parallel()
		s := newListing(t, 100)
		s.work(t)
		fields, _ := s.fake.Fields("1")
		for i := 1; i <= 40; i++ {
			s.fake.Remove(strconv.Itoa(i))
		}
		for range 3 {
			s.sweep(t)
		}
		if n := s.count(t, `SELECT count(*) FROM customer WHERE status <> 'ACTIVE'`); n != 0 {
			t.Errorf("%d customers were made inactive", n)
		}
		if n := s.findings(t, "MASS_ABSENCE"); n != 1 {
			t.Errorf("%d findings, want 1", n)
		}
		var message string
		if err := s.db.Owner.QueryRow(t.Context(), `SELECT message FROM finding WHERE code = 'MASS_ABSENCE'`).Scan(&message); err != nil {
			t.Fatal(err)
		}
		if want := "lacks 40 of 100"; !strings.Contains(message, want) {
			t.Errorf("message %q lacks %q", message, want)
		}
		for i := 1; i <= 40; i++ {
			s.fake.Put(strconv.Itoa(i), fields)
		}
		s.sweep(t)
		if n := s.findings(t, "MASS_ABSENCE"); n != 0 {
			t.Errorf("%d findings stand after a whole list", n)
		}
	})
	t.Run("T28_ApprovingBelievesExactlyWhatWasParked", func(t *testing.T) {
		t.Parallel()
		s := newListing(t, 100)
		s.work(t)
		for i := 1; i <= 40; i++ {
			s.fake.Remove(strconv.Itoa(i))
		}
		s.sweep(t)
		if n := s.count(t, `SELECT count(*) FROM link WHERE state = 'PARKED'`); n != 40 {
			t.Fatalf("%d are parked, want 40", n)
		}
		fields, _ := s.fake.Fields("50")
		s.fake.Put("1", fields) // one was not deleted after all
		s.rule(t, link.Approved)
		s.fake.Remove("90") // and this one nobody approved
		for range 2 {
			s.sweep(t)
		}
		if n := s.count(t, `SELECT count(*) FROM customer WHERE status = 'INACTIVE'`); n != 40 {
			t.Errorf("%d customers were made inactive, want 39 that were approved and one that is gone by itself", n)
		}
		if c := s.customer(t, "1"); c.Status != customer.Active || c.Links[0].State != link.InSync {
			t.Errorf("what came back is %s, link %s", c.Status, c.Links[0].State)
		}
		if n := s.count(t, `SELECT count(*) FROM link_base WHERE held`); n != 0 {
			t.Errorf("%d are still held", n)
		}
	})
	t.Run("T28_RejectingLetsTheCustomersBe", func(t *testing.T) {
		t.Parallel()
		s := newListing(t, 100)
		s.work(t)
		fields, _ := s.fake.Fields("1")
		for i := 1; i <= 40; i++ {
			s.fake.Remove(strconv.Itoa(i))
		}
		s.sweep(t)
		s.rule(t, link.Rejected)
		for range 3 {
			s.sweep(t)
		}
		if n := s.count(t, `SELECT count(*) FROM customer WHERE status <> 'ACTIVE'`); n != 0 {
			t.Errorf("%d customers were made inactive", n)
		}
		if l := s.customer(t, "7").Links[0]; l.State != link.Waiting || !strings.Contains(l.LastMessage, "stays in use") {
			t.Errorf("the link is %s: %s", l.State, l.LastMessage)
		}
		s.fake.Put("7", fields)
		s.sweep(t)
		if l := s.customer(t, "7").Links[0]; l.State != link.InSync {
			t.Errorf("what came back is %s: %s", l.State, l.LastMessage)
		}
	})
	t.Run("T28_SeveralListsDoNotSlipUnder", func(t *testing.T) {
		t.Parallel()
		s := newListing(t, 100)
		s.work(t)
		for day := range 4 {
			for i := 1; i <= 8; i++ {
				s.fake.Remove(strconv.Itoa(8*day + i))
			}
			s.sweep(t)
		}
		s.sweep(t)
		if n := s.count(t, `SELECT count(*) FROM customer WHERE status = 'INACTIVE'`); n != 20 {
			t.Errorf("%d customers were made inactive, want 20", n)
		}
		if n := s.findings(t, "MASS_ABSENCE"); n != 1 {
			t.Errorf("%d findings, want 1", n)
		}
	})
	t.Run("AReadThatFailsDecidesNothing", func(t *testing.T) {
		t.Parallel()
		s := newListing(t, 30)
		s.work(t)
		s.fake.Remove("7")
		s.sweep(t)
		s.fake.FailOp(connectortest.OpRead, 1, fault.New(fault.Unavailable, "out of order"))
		swept := `SELECT count(*) FROM system s JOIN run r ON s.swept_at = r.listed_at WHERE r.id = $1`
		if r := s.sweep(t); r.State != run.Failed || s.count(t, swept, string(r.ID)) != 0 {
			t.Errorf("run is %s, and counts as a look at everything", r.State)
		}
		if c := s.customer(t, "7"); c.Status != customer.Active {
			t.Error("a failed read was taken for absence")
		}
		s.sweep(t)
		if c := s.customer(t, "7"); c.Status != customer.Inactive {
			t.Error("the next complete look did not make it good")
		}
	})
}

func TestCheckpoints(t *testing.T) {
	t.Parallel()

	t.Run("T40_AKilledImportGoesOnWhereItWas", func(t *testing.T) {
		t.Parallel()
		s := newListing(t, 100)
		s.fake.SetBatchSize(10)
		// A hub that is killed writes nothing any more: its lease just ends.
		dying := s.newWorker(reconcile.Options{Lease: 400 * time.Millisecond})
		killed := errors.New("killed")
		for range 3 {
			ctx, kill := context.WithCancelCause(t.Context())
			reads := 0
			s.fake.Before(func(_ context.Context, c connectortest.Call) error {
				if c.Op == connectortest.OpBatch {
					if reads++; reads == 3 {
						kill(killed)
						return killed
					}
				}
				return nil
			})
			if _, err := dying.RunOne(ctx); err != nil {
				t.Fatal(err)
			}
			kill(nil)
		}
		s.fake.Before(nil)
		r := s.work(t)
		if r.State != run.Succeeded || r.Done != 100 || r.Total != 100 || r.Counts.Created != 100 || r.Counts.Read != 100 {
			t.Errorf("run %s, %d of %d, %+v", r.State, r.Done, r.Total, r.Counts)
		}
		asked := map[string]int{}
		for _, c := range s.fake.Calls() {
			if c.Op == connectortest.OpBatch && c.Err == nil {
				for _, id := range c.IDs {
					asked[id]++
				}
			}
		}
		for id, n := range asked {
			if n != 1 {
				t.Errorf("record %s was read %d times", id, n)
			}
		}
		if n := s.fake.Count(connectortest.OpList); n != 1 {
			t.Errorf("listed %d times, want once", n)
		}
		if n := s.count(t, `SELECT count(*) FROM run_item`); n != 0 {
			t.Errorf("%d listed records are left", n)
		}
		if n := s.count(t, `SELECT count(*) FROM customer`); n != 100 {
			t.Errorf("%d customers, want 100", n)
		}
	})
	t.Run("T13_AListThatBreaksOffIsNotBelieved", func(t *testing.T) {
		t.Parallel()
		s := newListing(t, 50)
		s.fake.CutList(20)
		if r := s.work(t); r.State != run.Failed {
			t.Errorf("run is %s", r.State)
		}
		if n := s.count(t, `SELECT count(*) FROM customer`); n != 0 {
			t.Errorf("%d customers of half a list", n)
		}
		if n := s.count(t, `SELECT count(*) FROM run_item`); n != 0 {
			t.Errorf("%d listed records are left", n)
		}
	})
	t.Run("UnchangedRecordsWriteNoRowVersion", func(t *testing.T) {
		t.Parallel()
		s := newListing(t, 40)
		s.work(t)
		versions := `SELECT coalesce(string_agg(t.xmin::text || t.ctid::text, ',' ORDER BY t.ctid), '') FROM %s t`
		tables := []string{"customer", "customer_address", "office", "person", "contact", "link", "link_base", "link_part", "provenance"}
		read := func() map[string]string {
			out := map[string]string{}
			for _, table := range tables {
				var v string
				if err := s.db.Owner.QueryRow(t.Context(), strings.Replace(versions, "%s", table, 1)).Scan(&v); err != nil {
					t.Fatal(err)
				}
				out[table] = v
			}
			return out
		}
		before := read()
		if r := s.sweep(t); r.Counts.Unchanged != 40 || r.Counts.Updated != 0 {
			t.Fatalf("counts %+v", r.Counts)
		}
		for table, v := range read() {
			if v != before[table] {
				t.Errorf("%s was written", table)
			}
		}
	})
}
