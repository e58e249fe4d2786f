package reconcile_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/connector/connectortest"
	"customerhub/internal/customer"
	"customerhub/internal/hub"
	"customerhub/internal/pg"
	"customerhub/internal/reconcile"
	"customerhub/internal/run"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// held has a worker wait inside a call of the system.
func (b *bundle) held(ctx context.Context, op connectortest.Op) (release func(), done <-chan error) {
	b.Helper()
	arrived, release := b.fake.Hold(op)
	ended := make(chan error, 1)
	go func() {
		_, err := b.worker.RunOne(ctx)
		ended <- err
	}()
	wait(b.T, arrived)
	return release, ended
}

func TestTakeover(t *testing.T) {
	t.Parallel()
	t.Run("AWorkerThatStopsGivesItsRunBack", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.put(30)
		b.fake.SetBatchSize(10)
		ctx, stop := context.WithCancel(t.Context())
		batches := 0
		b.fake.Before(func(ctx context.Context, c connectortest.Call) error {
			if c.Op != connectortest.OpBatch {
				return nil
			}
			if batches++; batches == 2 {
				stop()
				return ctx.Err()
			}
			return nil
		})
		if _, err := b.worker.RunOne(ctx); err != nil {
			t.Fatal(err)
		}
		r := b.lastRun()
		if r.State != run.Queued || r.Done != 10 || r.FaultCode != "" || !r.FinishedAt.IsZero() {
			t.Errorf("got %+v", r)
		}
		b.work(b.newWorker())
		r = b.lastRun()
		if r.State != run.Succeeded || r.Total != 30 || r.Done != 30 || r.Counts.Created != 30 || r.Counts.Unchanged != 0 {
			t.Errorf("the next worker: %+v", r)
		}
		if n := b.fake.Count(connectortest.OpList); n != 1 {
			t.Errorf("T40: listed %d times, want once", n)
		}
	})
	t.Run("T35_ALateResultIsRefusedByTheFence", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.put(3)
		release, done := b.held(t.Context(), connectortest.OpBatch)
		// The worker is frozen for longer than its leases: another one takes the run and the lane over.
		for _, table := range []string{"run", "lane"} {
			_, err := b.db.Owner.Exec(t.Context(), `UPDATE `+table+` SET lease_until = now() - interval '1 hour' WHERE lease_until IS NOT NULL`)
			b.must(err)
		}
		b.work(b.newWorker())
		r := b.lastRun()
		if r.State != run.Succeeded || r.Counts.Created != 3 {
			t.Fatalf("the successor: %+v", r)
		}
		b.fake.Set("1", customer.Fields{"name": "Later"})
		b.sync2()
		before := b.versions()
		release()
		b.must(<-done)
		if b.versions() != before || b.find("1").Name != "Later" {
			t.Error("the late worker wrote")
		}
		if got := b.lastRun(); got.State != run.Succeeded || b.state().State != system.Running || b.state().Fault != nil {
			t.Errorf("the late worker ended the run: %+v", got)
		}
	})
	t.Run("AHolderThatIsRefusedStopsItsCall", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.put(1)
		b.worker = reconcile.NewWorker(b.hub, b.db.App, reconcile.Options{Kinds: b.kinds, Workers: 1, Lease: 200 * time.Millisecond})
		release, done := b.held(t.Context(), connectortest.OpBatch)
		defer release()
		_, err := b.db.Owner.Exec(t.Context(), `UPDATE run SET fence = fence + 1 WHERE state = 'RUNNING'`)
		b.must(err)
		select {
		case err := <-done: // the held call ended with its context, not by release
			b.must(err)
		case <-within(t).Done():
			t.Fatal("the call goes on")
		}
		if n := b.count(`SELECT count(*) FROM customer`); n != 0 {
			t.Error("something was written")
		}
	})
	t.Run("ALeaseIsRenewedDuringALongCall", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.put(1)
		const lease = 2 * time.Second
		b.worker = reconcile.NewWorker(b.hub, b.db.App, reconcile.Options{Kinds: b.kinds, Workers: 1, Lease: lease})
		release, done := b.held(t.Context(), connectortest.OpBatch)
		var first time.Time
		b.must(b.db.Owner.QueryRow(t.Context(), `SELECT lease_until FROM run WHERE state = 'RUNNING'`).Scan(&first))
		// Wait until both leases are ones that did not exist when the call began, twice over.
		ctx := within(t)
		for renewed := false; !renewed; {
			b.must(b.db.Owner.QueryRow(ctx, `
				SELECT (SELECT lease_until FROM run WHERE state = 'RUNNING') > $1 AND (SELECT max(lease_until) FROM lane) > $1`,
				first.Add(lease)).Scan(&renewed))
		}
		if worked, err := b.newWorker().RunOne(t.Context()); worked || err != nil {
			t.Errorf("somebody took over: %v, %v", worked, err)
		}
		release()
		b.must(<-done)
		if r := b.lastRun(); r.State != run.Succeeded || r.Counts.Created != 1 {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("TheLoopIsWokenAndStops", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.put(2)
		w := reconcile.NewWorker(b.hub, b.db.App, reconcile.Options{Kinds: b.kinds, Poll: time.Hour})
		imported, woken := make(chan struct{}), make(chan struct{})
		calls := 0
		b.fake.Before(func(_ context.Context, c connectortest.Call) error {
			if c.Op == connectortest.OpList {
				if calls++; calls == 1 {
					close(imported)
				} else {
					close(woken)
				}
			}
			return nil
		})
		ctx, stop := context.WithCancel(t.Context())
		stopped := make(chan error, 1)
		go func() { stopped <- w.Run(ctx) }()
		wait(t, imported)
		for b.lastRun().State != run.Succeeded { // each round asks the database, so this does not spin freely
			if within(t).Err() != nil {
				t.Fatal("the import does not end")
			}
		}
		_, err := b.hub.SyncNow(t.Context(), b.viewer, b.system, true, "")
		b.must(err)
		w.Wake()
		wait(t, woken)
		stop()
		select {
		case err := <-stopped:
			b.must(err)
		case <-within(t).Done():
			t.Fatal("the loop does not stop")
		}
	})
}

// sync2 is sync by another worker, while the bundle's is held.
func (b *bundle) sync2() {
	b.Helper()
	_, err := b.hub.SyncNow(b.Context(), b.viewer, b.system, false, "")
	b.must(err)
	b.work(b.newWorker())
}

func TestLane(t *testing.T) {
	t.Parallel()
	t.Run("Promise10_ReplicasNeverOverlapInOneCompany", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.put(20)
		b.fake.SetBatchSize(2)
		b.imported()
		systems := map[system.ID]bool{b.system: true}
		_, err := b.hub.SyncNow(t.Context(), b.viewer, b.system, true, "")
		b.must(err)
		for i := range 3 {
			org, err := b.hub.CreateOrganisation(t.Context(), fmt.Sprintf("Sama yhtiö %d Oy", i))
			b.must(err)
			v := b.viewer
			v.Organisation = org
			s, err := b.hub.CreateSystem(t.Context(), v, hub.CreateSystem{Kind: system.Netvisor}, "")
			b.must(err)
			_, err = b.hub.SetSystemCredentials(t.Context(), v, s.ID, map[string]string{"key": "x"}, "")
			b.must(err)
			b.must(pg.InOrganisation(t.Context(), b.db.Owner, string(org.ID), pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
				_, err := tx.Exec(ctx, `UPDATE system SET state = 'CHECKED' WHERE id = $1`, string(s.ID))
				return err
			}))
			_, _, err = b.hub.StartSystem(t.Context(), v, s.ID, "")
			b.must(err)
			systems[s.ID] = true
		}
		// Two replicas, each with a pool of its own and two runs at a time.
		second, err := pg.Open(t.Context(), b.db.AppURL, pg.Options{MaxConns: 4})
		b.must(err)
		t.Cleanup(second.Close)
		other := reconcile.NewWorker(b.hub, second, reconcile.Options{Kinds: b.kinds, Workers: 2})
		b.all(b.worker, b.worker, other, other)

		if n := b.fake.Overlaps(); n != 0 {
			t.Errorf("%d calls overlapped", n)
		}
		if n := b.count(`SELECT count(*) FROM run WHERE kind <> 'CHECK' AND state = 'SUCCEEDED'`); n != 5 {
			t.Errorf("%d runs succeeded, want 5", n)
		}
		if n := b.count(`SELECT count(*) FROM customer`); n != 20*len(systems) {
			t.Errorf("%d customers", n)
		}
		if n := b.count(`SELECT count(*) FROM lane WHERE lease_until IS NOT NULL`); n != 0 {
			t.Errorf("%d lanes are still held", n)
		}
	})
	t.Run("TheBenchSeesAnOverlap", func(t *testing.T) {
		t.Parallel()
		fake := connectortest.NewFake()
		arrived, release := fake.Hold(connectortest.OpList)
		done := make(chan error, 1)
		go func() {
			_, err := fake.Check(t.Context())
			done <- err
		}()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		go func() {
			_, err := fake.List(t.Context(), "", nil)
			done <- err
		}()
		wait(t, arrived)
		if _, err := fake.Check(t.Context()); err != nil || fake.Overlaps() != 1 {
			t.Errorf("%d overlaps, %v", fake.Overlaps(), err)
		}
		release()
		<-done
	})
	t.Run("ItsKeyTellsNothing", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		var key string
		b.must(b.db.Owner.QueryRow(t.Context(), `SELECT key FROM lane`).Scan(&key))
		if len(key) != 64 || strings.Contains(key, "fake") {
			t.Errorf("got %q", key)
		}
	})
}

func TestPolls(t *testing.T) {
	t.Parallel()
	t.Run("ReplicasProposeOnePollPerInterval", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.put(1)
		b.imported()
		for range 3 {
			_, err := b.db.Owner.Exec(t.Context(), `UPDATE system SET next_due_at = now() - interval '1 second'`)
			b.must(err)
			const replicas = 8
			proposed := make(chan int, replicas)
			for range replicas {
				go func() {
					n, err := store.ProposePolls(t.Context(), b.db.App)
					if err != nil {
						t.Error(err)
					}
					proposed <- n
				}()
			}
			total := 0
			for range replicas {
				total += <-proposed
			}
			if total != 1 {
				t.Errorf("%d polls were proposed, want 1", total)
			}
			b.all(b.worker)
		}
		if n := b.count(`SELECT count(*) FROM run WHERE kind = 'POLL' AND actor_kind = 'HUB'`); n != 3 {
			t.Errorf("%d polls, want 3", n)
		}
	})
	t.Run("OneIsProposedOnlyAfterTheLastHasEnded", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		if n := b.proposed(); n != 0 {
			t.Errorf("%d polls beside the waiting first import", n)
		}
		b.imported()
		if n := b.proposed(); n != 1 {
			t.Errorf("%d polls, want 1", n)
		}
		if n := b.proposed(); n != 0 {
			t.Errorf("%d polls beside a waiting one", n)
		}
	})
	t.Run("AnInterruptedFirstImportIsProposedAgain", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.put(2)
		b.fake.CutList(1)
		b.work(b.worker)
		if n := b.proposed(); n != 1 {
			t.Fatalf("%d proposed", n)
		}
		b.work(b.worker)
		if r := b.lastRun(); r.Kind != run.FirstImport || r.State != run.Succeeded || r.Counts.Created != 2 {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("EverythingIsComparedOnceANight", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.put(1)
		b.imported()
		// The night is moved to now, or to twelve hours from now; the hour before now may end while this runs, so two count.
		const night = `UPDATE system SET next_due_at = now(), swept_at = now() - $1::interval,
			sweep_from = CASE WHEN $2 THEN greatest(h.hour - 1, 0) ELSE (h.hour + 11) % 23 END,
			sweep_until = CASE WHEN $2 THEN least(h.hour + 2, 24) ELSE (h.hour + 11) % 23 + 1 END
			FROM (SELECT extract(hour FROM now() AT TIME ZONE 'Europe/Helsinki')::int AS hour) h`
		for _, tc := range []struct {
			swept string
			night bool
			want  run.Kind
		}{
			{"21 hours", true, run.Sweep}, {"3 hours", true, run.Poll}, {"21 hours", false, run.Poll}, {"30 days", true, run.Sweep},
		} {
			_, err := b.db.Owner.Exec(t.Context(), night, tc.swept, tc.night)
			b.must(err)
			if n := b.proposed(); n != 1 {
				t.Fatalf("%+v: %d proposed", tc, n)
			}
			b.all(b.worker)
			if r := b.lastRun(); r.Kind != tc.want || r.State != run.Succeeded {
				t.Errorf("%+v: got %s %s", tc, r.Kind, r.State)
			}
		}
	})
}
