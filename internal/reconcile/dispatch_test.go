package reconcile_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/connector/connectortest"
	"customerhub/internal/customer"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/pg"
	"customerhub/internal/reconcile"
	"customerhub/internal/run"
	sandbox "customerhub/internal/sandbox/netvisor"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// written is a hub with a running system that it writes to, which holds n records. Nothing waits.
func written(t *testing.T, n int) *bundle {
	t.Helper()
	fake := connectortest.NewFake()
	fake.SetReads(simple)
	fake.SetWrites(simple)
	fake.SetBatchSize(2)
	b := setupKind(t, fake.Kind(system.Netvisor))
	b.fake = fake
	b.viewer, b.system = b.start("Esimerkki Oy", nil, map[string]string{"key": "secret"})
	b.mayWrite(b.system)
	_, err := b.hub.SetSystemPolicy(t.Context(), b.viewer, b.system, hub.SetPolicy{Flow: system.Flow{Direction: system.Both}}, "")
	b.must(err)
	for i := range n {
		fake.Put(fmt.Sprint(i+1), customer.Fields{"name": fmt.Sprintf("Asiakas %d", i+1), "number": fmt.Sprint(1000 + i), "kind": "COMPANY", "status": "ACTIVE"})
	}
	b.imported()
	return b
}

// backfill has every customer of a system wait to be written, behind persons' edits.
func (b *bundle) backfill(id system.ID) {
	b.owner(`UPDATE customer SET email = 'backfill' || number || '@example.test' WHERE id IN (SELECT customer_id FROM link WHERE system_id = $1)`, string(id))
	b.owner(`UPDATE link SET state = 'DUE', priority = $1, due_at = now() - interval '1 hour' WHERE system_id = $2`, int(link.Bulk), string(id))
}

// queued waits until somebody waits for a lane with a priority, for as long as may be; false means that nobody came.
func (b *bundle) queued(p link.Priority, longest time.Duration) bool {
	for until := time.Now().Add(longest); time.Now().Before(until); time.Sleep(2 * time.Millisecond) {
		if b.count(`SELECT count(*) FROM lane_ticket WHERE priority = $1 AND valid_until > now()`, int(p)) > 0 {
			return true
		}
	}
	return false
}

// running has a worker run until the function it gives is called.
func (b *bundle) running(o reconcile.Options) (w *reconcile.Worker, stop func()) {
	o.Kinds, o.Workers, o.Poll = b.kinds, 1, 50*time.Millisecond
	w = reconcile.NewWorker(b.hub, b.db.App, o)
	ctx, cancel := context.WithCancel(b.Context())
	var all sync.WaitGroup
	all.Go(func() { _ = w.Run(ctx) })
	return w, func() { cancel(); all.Wait() }
}

// turns names what has the lane, one turn after the other: the records of single customers, and the kinds of other calls.
func turns(calls []connectortest.Call) (out []string) {
	for _, c := range calls {
		turn := string(c.Op)
		switch c.Op {
		case connectortest.OpRead:
			turn = c.IDs[0]
		case connectortest.OpWrite:
			turn = c.Step.Record
		}
		if len(out) == 0 || out[len(out)-1] != turn {
			out = append(out, turn)
		}
	}
	return out
}

func TestDispatch(t *testing.T) {
	t.Parallel()
	const records = 60
	t.Run("AnEditGoesBeforeAPullThatWaitsBesideABackfill", func(t *testing.T) {
		t.Parallel()
		b := written(t, records)
		b.backfill(b.system)
		var once sync.Once
		var w *reconcile.Worker
		started, edited := make(chan struct{}), make(chan struct{})
		mark := 0
		b.fake.Before(func(_ context.Context, c connectortest.Call) error {
			<-started
			if c.Op != connectortest.OpRead || b.fake.Count(connectortest.OpBatch) == 0 {
				return nil
			}
			once.Do(func() {
				defer close(edited)
				if !b.queued(link.Bulk, 10*time.Second) {
					t.Error("the pull does not wait beside the backfill")
				}
				mark = len(b.fake.Calls())
				b.edit(fmt.Sprint(records), customer.Fields{"email": "heti@example.test"})
				w.WakeLinks()
				b.queued(link.Interactive, 2*time.Second)
			})
			return nil
		})
		_, err := b.hub.SyncNow(t.Context(), b.viewer, b.system, true, "")
		b.must(err)
		w, stop := b.running(reconcile.Options{})
		defer stop()
		close(started)
		wait(t, edited)
		waitFor(t, "the edit to be written", func() bool {
			f, _ := b.fake.Fields(fmt.Sprint(records))
			return f["email"] == "heti@example.test"
		})
		stop()
		got := turns(b.fake.Calls()[mark:])
		if at := slices.Index(got, fmt.Sprint(records)); at != 1 {
			t.Errorf("after the call under way the lane went to %v, want %d next", got, records)
		}
	})
	t.Run("ABackfillThatBeganWithAnEditDoesNotHoldUpAPoll", func(t *testing.T) {
		t.Parallel()
		b := written(t, records)
		b.backfill(b.system)
		b.edit("1", customer.Fields{"email": "heti@example.test"})
		var once sync.Once
		asked := make(chan struct{})
		mark := 0
		b.fake.Before(func(_ context.Context, c connectortest.Call) error {
			if c.Op == connectortest.OpRead {
				once.Do(func() {
					defer close(asked)
					_, err := b.hub.SyncNow(t.Context(), b.viewer, b.system, false, "")
					if err != nil {
						t.Error(err)
					}
					waitFor(t, "the poll to begin", func() bool { return b.lastRun().State == run.Running })
					if !b.queued(link.Bulk, 10*time.Second) {
						t.Error("the poll does not wait for the lane")
					}
					mark = len(b.fake.Calls())
				})
			}
			return nil
		})
		_, stop := b.running(reconcile.Options{})
		defer stop()
		wait(t, asked)
		waitFor(t, "the poll", func() bool { return b.fake.Count(connectortest.OpList) > 1 })
		stop()
		got := turns(b.fake.Calls()[mark:])
		if at := slices.Index(got, string(connectortest.OpList)); at < 0 || at > 4 { // the one under way, and one of the backfill that may have come first
			t.Errorf("the poll came after %d turns of the backfill", at)
		}
	})
	t.Run("Promise7_ABackfillDoesNotHoldUpOtherSystems", func(t *testing.T) {
		t.Parallel()
		b := written(t, records)
		first, firstSystem := b.viewer, b.system
		b.viewer, b.system = b.start("Toinen Oy", nil, map[string]string{"key": "secret"})
		b.mayWrite(b.system)
		_, err := b.hub.SetSystemPolicy(t.Context(), b.viewer, b.system, hub.SetPolicy{Flow: system.Flow{Direction: system.Both}}, "")
		b.must(err)
		b.imported()
		b.viewer, b.system = first, firstSystem
		b.backfill(firstSystem)
		left := func() int {
			return b.count(`SELECT count(*) FROM link WHERE system_id = $1 AND state <> 'IN_SYNC'`, string(firstSystem))
		}
		other := func() int {
			return b.count(`SELECT count(*) FROM link WHERE system_id <> $1 AND state <> 'IN_SYNC'`, string(firstSystem))
		}
		w, stop := b.running(reconcile.Options{Links: 1})
		defer stop()
		waitFor(t, "the backfill to be under way", func() bool { return b.fake.Count(connectortest.OpWrite) > 0 })
		b.owner(`UPDATE link SET state = 'DUE', priority = $1, due_at = now() WHERE external_id = '7' AND system_id <> $2`, int(link.Bulk), string(firstSystem))
		w.WakeLinks()
		waitFor(t, "the other system's turn", func() bool { return other() == 0 })
		if left() == 0 {
			t.Error("it had to wait until the backfill was over")
		}
	})
	t.Run("WhatRemainsOfAnEditGoesBeforeABackfill", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, sandbox.Options{Customers: 10, Seed: 7})
		b.backfill(b.system)
		key := b.keys()[9]
		b.edit(id(key), customer.Fields{"phone": "040 123 4567"})
		_, _, err := b.hub.UpsertOffice(t.Context(), b.viewer, b.find(id(key)).ID, "", nil, customer.Fields{"name": "Uusi toimisto"}, "")
		b.must(err)
		for range 2 {
			_, err := b.worker.LinkOne(t.Context())
			b.must(err)
		}
		for _, e := range b.netvisor.Effects() {
			if e.Call != 0 && e.Customer != key {
				t.Errorf("customer %d was written in between", e.Customer)
			}
		}
		if n := b.writes(); n != 2 {
			t.Errorf("%d calls, want one for the card and one for the office", n)
		}
	})
	t.Run("WhatAPullFindsInPassingWaitsBehindEdits", func(t *testing.T) {
		t.Parallel()
		b := written(t, 2)
		b.edit("2", customer.Fields{"email": "heti@example.test"})
		b.must(pg.InOrganisation(t.Context(), b.db.App, string(b.viewer.Organisation.ID), pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
			return store.MarkLinksDue(ctx, tx, b.system, []string{"1", "2"}, link.Bulk)
		}))
		for record, want := range map[string]link.Priority{"1": link.Bulk, "2": link.Interactive} {
			if l := b.find(record).Links[0]; l.DueAt.IsZero() || l.Priority != want {
				t.Errorf("record %s: got %+v", record, l.Link)
			}
		}
	})
	t.Run("T40_AHubThatIsStoppedAgainAndAgainDoesNotGiveUp", func(t *testing.T) {
		t.Parallel()
		b := written(t, 3)
		b.edit("2", customer.Fields{"email": "heti@example.test"})
		w := reconcile.NewWorker(b.hub, b.db.App, reconcile.Options{Kinds: b.kinds, Lease: 300 * time.Millisecond})
		for range 20 {
			ctx, stop := context.WithCancel(t.Context())
			b.fake.Before(func(ctx context.Context, _ connectortest.Call) error {
				stop()
				return ctx.Err()
			})
			_, _ = w.LinkOne(ctx)
		}
		b.fake.Before(nil)
		_, err := w.LinkOne(t.Context())
		b.must(err)
		if l := b.find("2").Links[0]; l.State != link.InSync || len(b.fake.Effects()) != 1 {
			t.Errorf("link %s: %s, %d effects", l.State, l.LastMessage, len(b.fake.Effects()))
		}
	})
}
