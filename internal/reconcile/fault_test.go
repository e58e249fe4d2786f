package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"customerhub/internal/connector/connectortest"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/hub"
	"customerhub/internal/run"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

func TestFaults(t *testing.T) {
	t.Parallel()
	t.Run("T13_AListThatWasCutOffIsNotBelieved", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.put(5)
		b.imported()
		cursor := b.state().Cursor
		before := b.versions()
		for i := 1; i <= 5; i++ {
			b.fake.Set(fmt.Sprint(i), customer.Fields{"name": "Renamed"})
		}
		b.fake.CutList(3)
		r := b.sync(false)
		if r.State != run.Failed || r.FaultCode != fault.Unavailable || r.Message != "The list was cut off." {
			t.Errorf("got %+v", r)
		}
		s := b.state()
		if b.versions() != before || s.Cursor != cursor || s.State != system.Running || s.Health() != system.Degraded {
			t.Errorf("something was applied: %+v", s)
		}
		if r := b.sync(false); r.State != run.Succeeded || r.Counts.Updated != 5 {
			t.Errorf("the next run does not make it good: %+v", r)
		}
		if b.state().Fault != nil {
			t.Error("the fault stands")
		}
	})
	t.Run("T9_AFailureInTheMiddleIsMadeGoodByTheNextRun", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.put(30)
		b.fake.SetBatchSize(10)
		batches := 0
		b.fake.Before(func(_ context.Context, c connectortest.Call) error {
			if c.Op == connectortest.OpBatch {
				if batches++; batches == 2 {
					return fault.New(fault.Maintenance, "Netvisor is closed until 06:00.")
				}
			}
			return nil
		})
		b.work(b.worker)
		r := b.lastRun()
		if r.State != run.Failed || r.FaultCode != fault.Maintenance || r.Message != "Netvisor is closed until 06:00." || r.Done != 10 || r.Counts.Created != 10 {
			t.Errorf("got %+v", r)
		}
		if s := b.state(); !s.FreshAt.IsZero() || s.Cursor != "" || s.Fault == nil || s.Fault.Code != fault.Maintenance || s.Fault.Since.IsZero() {
			t.Errorf("got %+v", s)
		}
		r = b.sync(false)
		if r.Kind != run.FirstImport || r.State != run.Succeeded || r.Counts.Created != 20 || r.Counts.Unchanged != 10 {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("ALostAnswerCostsTimeOnly", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.put(3)
		b.fake.Lose(connectortest.OpList, 1)
		b.work(b.worker)
		if r := b.lastRun(); r.State != run.Failed || b.count(`SELECT count(*) FROM customer`) != 0 {
			t.Errorf("got %+v", r)
		}
		if r := b.sync(false); r.Counts.Created != 3 {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("T38_RefusedCredentialsStopTheSystemUntilAPersonActs", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.put(3)
		b.imported()
		cursor := b.state().Cursor
		b.fake.FailOp(connectortest.OpList, 1, fault.New(fault.Denied, "AUTHENTICATION_FAILED: no such key"))
		if n := b.proposed(); n != 1 {
			t.Fatalf("%d polls proposed", n)
		}
		b.work(b.worker)
		s := b.state()
		if s.State != system.NeedsAction || s.Health() != system.Broken || s.Fault.Message != "AUTHENTICATION_FAILED: no such key" {
			t.Fatalf("got %+v", s)
		}
		calls := len(b.fake.Calls())
		if n := b.proposed(); n != 0 {
			t.Errorf("%d more polls were proposed", n)
		}
		if worked, err := b.worker.RunOne(t.Context()); worked || err != nil || len(b.fake.Calls()) != calls {
			t.Errorf("it was tried again: %v, %v", worked, err)
		}
		if _, err := b.hub.SyncNow(t.Context(), b.viewer, b.system, false, ""); fault.Of(err).ReasonOrCode() != "SYSTEM_NOT_RUNNING" {
			t.Errorf("got %v", err)
		}
		if b.find("1") == nil {
			t.Error("what is known cannot be read")
		}
		_, err := b.hub.SetSystemCredentials(t.Context(), b.viewer, b.system, map[string]string{"key": "new"}, "")
		b.must(err)
		_, err = b.hub.CheckSystem(t.Context(), b.viewer, b.system, "")
		b.must(err)
		b.work(b.worker)
		_, r, err := b.hub.StartSystem(t.Context(), b.viewer, b.system, "")
		b.must(err)
		b.work(b.worker)
		if s := b.state(); r.Kind != run.Poll || s.State != system.Running || s.Fault != nil || s.Cursor < cursor {
			t.Errorf("it does not go on: %+v, %+v", r, s)
		}
		if got := b.fake.Calls(); got[len(got)-1].Since != cursor {
			t.Errorf("it went on from %q, not from the cursor %q", got[len(got)-1].Since, cursor)
		}
	})
	t.Run("T38_OldCredentialsSayNothingOfNewOnes", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.imported()
		replace := func() {
			t.Helper()
			_, err := b.hub.SetSystemCredentials(t.Context(), b.viewer, b.system, map[string]string{"key": "new"}, "")
			b.must(err)
		}
		b.fake.Before(func(context.Context, connectortest.Call) error {
			replace()
			return fault.New(fault.Denied, "no such key")
		})
		b.sync(false)
		if s := b.state(); s.State != system.Running || s.Fault != nil {
			t.Errorf("the new credentials pay for the old ones: %+v", s)
		}
		b.fake.Before(func(context.Context, connectortest.Call) error { return fault.New(fault.Denied, "no such key") })
		b.sync(false)
		b.fake.Before(func(context.Context, connectortest.Call) error { replace(); return nil })
		for _, want := range []system.State{system.Draft, system.Checked} {
			_, err := b.hub.CheckSystem(t.Context(), b.viewer, b.system, "")
			b.must(err)
			b.work(b.worker)
			if s := b.state(); s.State != want {
				t.Errorf("got %s, want %s: %+v", s.State, want, s.Checks)
			}
			b.fake.Before(nil)
		}
	})
	t.Run("T38_ARunOfASystemThatStoppedCallsNobody", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		_, err := b.db.Owner.Exec(t.Context(), `UPDATE system SET state = 'NEEDS_ACTION', fault_code = 'DENIED', fault_message = 'no'`)
		b.must(err)
		calls := len(b.fake.Calls())
		b.work(b.worker)
		if r := b.lastRun(); r.State != run.Cancelled || r.Message == "" || r.FinishedAt.IsZero() || len(b.fake.Calls()) != calls {
			t.Errorf("got %+v", r)
		}
		if s := b.state(); s.State != system.NeedsAction || s.Fault == nil {
			t.Errorf("got %+v", s)
		}
	})
	t.Run("ASystemThatAsksForAPauseGetsIt", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.imported()
		until := time.Now().Add(3 * time.Hour).UTC().Truncate(time.Second)
		b.fake.FailOp(connectortest.OpList, 1, &fault.Error{Code: fault.Limited, Message: "slow down", Until: until})
		b.sync(false)
		if s := b.state(); !s.NextDueAt.Equal(until) {
			t.Errorf("due at %s, want %s", s.NextDueAt, until)
		}
		b.fake.FailOp(connectortest.OpList, 1, &fault.Error{Code: fault.Limited, Message: "slow down", Until: until.AddDate(1, 0, 0)})
		b.sync(false)
		if s := b.state(); s.NextDueAt.After(time.Now().Add(25 * time.Hour)) {
			t.Errorf("due at %s", s.NextDueAt)
		}
	})
	t.Run("ARunThatEndsItsHoldersIsGivenUp", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.put(1)
		for range 10 {
			c, err := store.ClaimRun(t.Context(), b.db.App, "doomed", time.Minute)
			if err != nil || c == nil {
				t.Fatal(c, err)
			}
			b.must(b.hub.AddListed(t.Context(), *c, 0, []string{"1"}))
			_, err = b.db.Owner.Exec(t.Context(), `UPDATE run SET lease_until = now() - interval '1 second' WHERE state = 'RUNNING'`)
			b.must(err)
		}
		c, err := store.ClaimRun(t.Context(), b.db.App, "next", time.Minute)
		if r := b.lastRun(); err != nil || c != nil || r.State != run.Failed || r.FaultCode != fault.Internal || r.Message == "" {
			t.Errorf("got %+v, %+v, %v", c, r, err)
		}
		if n := b.count(`SELECT count(*) FROM run_item`); n != 0 {
			t.Errorf("%d listed records are left", n)
		}
		if r := b.sync(false); r.State != run.Succeeded || r.Counts.Created != 1 {
			t.Errorf("the next run: %+v", r)
		}
	})
	t.Run("Promise7_OneOrganisationsTroubleIsItsOwn", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.put(3)
		b.imported()
		_, err := b.hub.SyncNow(t.Context(), b.viewer, b.system, true, "")
		b.must(err)
		first := b.system
		viewer, second := b.start("Toinen Oy", nil, map[string]string{"key": "x"})
		b.fake.FailOp(connectortest.OpList, 1, fault.New(fault.Denied, "no"))
		b.all(b.worker)
		mine := b.state().State
		b.viewer, b.system = viewer, second
		if theirs := b.state().State; first == second || (mine == system.Running) == (theirs == system.Running) {
			t.Errorf("got %s and %s, want one that runs", mine, theirs)
		}
	})
	t.Run("AnUnclassifiedErrorIsNotShown", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.fake.FailOp(connectortest.OpList, 1, errors.New("password=hunter2"))
		b.work(b.worker)
		r := b.lastRun()
		if r.FaultCode != fault.Internal || strings.Contains(r.Message, "hunter2") || r.Message == "" || strings.Contains(b.state().Fault.Message, "hunter2") {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("T39_APanicOfTheConnectorEndsTheRunOnly", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.put(3)
		b.fake.Before(func(_ context.Context, c connectortest.Call) error {
			if c.Op == connectortest.OpList {
				panic("a defect with data")
			}
			return nil
		})
		b.work(b.worker)
		if r := b.lastRun(); r.State != run.Failed || r.FaultCode != fault.Internal || strings.Contains(r.Message, "data") {
			t.Errorf("got %+v", r)
		}
		b.fake.Before(nil)
		if r := b.sync(false); r.State != run.Succeeded || r.Counts.Created != 3 {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("ASystemOfAnUnknownKindSaysSo", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		delete(b.kinds, system.Netvisor)
		b.work(b.worker)
		if r := b.lastRun(); r.State != run.Failed || r.FaultCode != fault.Unsupported {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("T38_ALostKeysetNeverMeansEmptyCredentials", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		calls := len(b.fake.Calls())
		b.hub = hub.New(b.db.App, hub.Options{})
		b.work(b.newWorker())
		if r := b.lastRun(); r.State != run.Failed || r.FaultCode != fault.Internal || !strings.Contains(r.Message, "keyset") || len(b.fake.Calls()) != calls {
			t.Errorf("got %+v", r)
		}
	})
}

func TestCheck(t *testing.T) {
	t.Parallel()
	check := func(b *bundle) run.Run {
		b.Helper()
		_, err := b.hub.CheckSystem(b.Context(), b.viewer, b.system, "")
		b.must(err)
		b.work(b.worker)
		return b.lastRun()
	}
	t.Run("AFailedPermissionIsNamedWithItsFix", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.imported()
		b.fake.SetChecks(system.Check{Name: "credentials", OK: true}, system.Check{Name: "customerlist.nv", Message: "SERVICE_ACCESS_ERROR", Fix: "Ask the administrator."})
		r := check(b)
		s := b.state()
		if r.State != run.Failed || r.FaultCode != fault.Denied || s.State != system.NeedsAction || len(s.Checks) != 2 || s.Checks[1].Fix == "" || s.CheckedAt.IsZero() {
			t.Errorf("got %+v, %+v", r, s)
		}
		b.fake.SetChecks()
		if r := check(b); r.State != run.Succeeded || b.state().State != system.Checked || b.state().Fault != nil {
			t.Errorf("got %+v, %+v", r, b.state())
		}
	})
	t.Run("ACheckThatCouldNotBeMadeLeavesTheState", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.imported()
		b.fake.FailOp(connectortest.OpCheck, 1, fault.New(fault.Unavailable, "no answer"))
		r := check(b)
		if s := b.state(); r.State != run.Failed || s.State != system.Running || s.Health() != system.Degraded {
			t.Errorf("got %+v, %+v", r, s)
		}
	})
}
