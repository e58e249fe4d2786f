package feed_test

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/change"
	"customerhub/internal/fault"
	"customerhub/internal/feed"
	"customerhub/internal/pg"
	"customerhub/internal/store"
)

// quick looks often, so that tests need no signals.
var quick = feed.Options{Poll: 10 * time.Millisecond}

// numbered commits n changes and numbers them.
func (b *bench) numbered(f *feed.Feed, n int) {
	b.Helper()
	b.commit(n)
	_, err := f.NumberNow(b.Context())
	b.must(err)
}

// prune deletes changes as retention does.
func (b *bench) prune(from, to int) {
	b.Helper()
	_, err := b.db.Owner.Exec(b.Context(), `DELETE FROM change WHERE organisation_id = $1 AND sequence BETWEEN $2 AND $3`, string(b.org), from, to)
	b.must(err)
}

func TestChanges(t *testing.T) {
	t.Parallel()
	t.Run("FromACursorEverythingAfterIt", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		f := b.run(quick)
		b.numbered(f, 5)
		items := b.follow(f, change.CursorAt(2))
		for want := int64(3); want <= 5; want++ {
			wantChange(t, items, want)
		}
		b.commit(2)
		wantChange(t, items, 6)
		wantChange(t, items, 7)
	})
	t.Run("FromNowOnNothingOlder", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		f := b.run(quick)
		b.numbered(f, 5)
		items := b.follow(f, "")
		wantHeartbeat(t, items, 5) // a cursor to go on from, before anything happens
		b.commit(1)
		wantChange(t, items, 6)
	})
	t.Run("AnotherOrganisationHearsNothing", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		other := b.organisation()
		f := b.run(quick)
		items := other.follow(f, change.CursorAt(0))
		b.numbered(f, 3)
		other.commit(1)
		wantChange(t, items, 1)
	})
	t.Run("T41_ResumingAfterEveryChangeGivesTheLog", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		f := b.run(feed.Options{Poll: 10 * time.Millisecond, Page: 3})
		b.numbered(f, 50)
		cursor := change.CursorAt(0)
		for want := int64(1); want <= 50; want++ {
			ctx, stop := context.WithCancel(t.Context())
			items, err := f.Changes(ctx, b.org, cursor)
			b.must(err)
			cursor = wantChange(t, items, want).Cursor
			stop()
		}
	})
	t.Run("ACursorThatIsNoneIsRefused", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		f := feed.New(b.pool, quick)
		for _, cursor := range []string{"x", "17", change.CursorAt(3) + "A", "bGlzdDE6e30"} {
			if _, err := f.Changes(t.Context(), b.org, cursor); !fault.Is(err, fault.Invalid) {
				t.Errorf("%q: %v", cursor, err)
			}
		}
	})
	t.Run("HeartbeatsTellWhereTheFollowerStands", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		f := b.run(feed.Options{Poll: 10 * time.Millisecond, Heartbeat: 20 * time.Millisecond})
		b.numbered(f, 2)
		items := b.follow(f, change.CursorAt(1))
		wantChange(t, items, 2)
		for range 2 {
			wantHeartbeat(t, items, 2)
		}
	})
}

func TestSnapshotRequired(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name     string
		from, to int // what is pruned of 6
		after    int64
		want     bool
	}{
		{"NothingPruned", 0, 0, 0, false},
		{"TheFirstNeededIsPruned", 1, 3, 2, true},
		{"TheBeginningIsPruned", 1, 3, 0, true},
		{"JustBehindWhatIsPruned", 1, 3, 3, false},
		{"AllIsPruned", 1, 6, 4, true},
		{"AllIsPrunedAndAllWasSeen", 1, 6, 6, false},
		{"FromTheFuture", 0, 0, 7, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			f := b.run(quick)
			b.numbered(f, 6)
			b.prune(tc.from, tc.to)
			items := b.follow(f, change.CursorAt(tc.after))
			if !tc.want {
				b.commit(1)
				for want := tc.after + 1; want <= 7; want++ {
					wantChange(t, items, want)
				}
				return
			}
			if i := next(t, items); !i.SnapshotRequired || i.Change != nil || i.Cursor != change.CursorAt(6) {
				t.Errorf("got %+v", i)
			}
			wantEnd(t, items)
		})
	}
	t.Run("PrunedUnderASlowFollower", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		f := b.run(feed.Options{Poll: 10 * time.Millisecond, Page: 2})
		b.numbered(f, 10)
		items := b.follow(f, change.CursorAt(2))
		wantChange(t, items, 3)
		b.prune(1, 8) // the follower has the page with 4 already, and the next one begins with 9
		wantChange(t, items, 4)
		if i := next(t, items); !i.SnapshotRequired {
			t.Errorf("got %+v", i)
		}
		wantEnd(t, items)
	})
}

func TestLagged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := b.run(feed.Options{Poll: 10 * time.Millisecond, Buffer: 10, Page: 4})
	slow, fast := b.follow(f, ""), b.follow(f, "")
	wantHeartbeat(t, slow, 0)
	wantHeartbeat(t, fast, 0)
	b.commit(1)
	wantChange(t, slow, 1)
	wantChange(t, fast, 1)
	// Now slow reads nothing more, and fast does not notice.
	for want := int64(2); want <= 60; want++ {
		b.commit(1)
		wantChange(t, fast, want)
	}
	if n := f.TailLength(b.org); n > 20 {
		t.Errorf("%d changes are kept for one that does not read", n)
	}
	at := int64(1)
	for {
		i := next(t, slow)
		if i.Lagged > 0 {
			if i.Sequence != at || i.Lagged != 60-at {
				t.Errorf("got %+v at %d", i, at)
			}
			break
		}
		at++
		if i.Change == nil || i.Sequence != at {
			t.Fatalf("got %+v, want change %d", i, at)
		}
	}
	wantEnd(t, slow)
	if at > 20 {
		t.Errorf("it was let read %d before it was told", at)
	}
	t.Log("going on from the cursor misses nothing, however far back")
	again := b.follow(f, change.CursorAt(at))
	for want := at + 1; want <= 60; want++ {
		wantChange(t, again, want)
	}
}

func TestBurst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := b.run(feed.Options{Buffer: 10})
	now, resumed := b.follow(f, ""), b.follow(f, change.CursorAt(0))
	wantHeartbeat(t, now, 0)
	burst := func(n int) {
		err := b.try(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
			return store.AppendChanges(ctx, tx, slices.Repeat([]change.Change{{Kind: change.SystemUpdated}}, n))
		})
		if err != nil {
			t.Error(err)
		}
		f.Signal(feed.TopicChanges, b.org)
	}
	var writing sync.WaitGroup
	defer writing.Wait()
	t.Log("many changes at once are no lag of one that takes them, however many")
	burst(5000)
	for want := int64(1); want <= 5000; want++ {
		wantChange(t, now, want)
		wantChange(t, resumed, want)
		if want == 2500 {
			writing.Go(func() { burst(1500) })
		}
	}
	for want := int64(5001); want <= 6500; want++ {
		wantChange(t, now, want)
		wantChange(t, resumed, want)
	}
}

func TestEnding(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := b.run(quick)
	b.numbered(f, 3)
	ctx, stop := context.WithCancel(t.Context())
	var all []<-chan feed.Item
	for i := range 100 {
		after := ""
		if i%2 == 0 {
			after = change.CursorAt(0) // blocked on its first item
		}
		items, err := f.Changes(ctx, b.org, after)
		b.must(err)
		all = append(all, items)
	}
	stop()
	for _, items := range all {
		for range items { // until it is closed
		}
	}
	deadline := time.Now().Add(patience)
	for {
		watchers, tails := f.Kept()
		if watchers == 0 && tails == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d watchers and %d tails are left", watchers, tails)
		}
		runtime.Gosched()
	}
}

func TestReplicas(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := *b
	pool, err := pg.Open(t.Context(), b.db.AppURL, pg.Options{MaxConns: 4})
	b.must(err)
	t.Cleanup(pool.Close)
	other.pool = pool
	// Neither looks by itself for an hour, so whatever moves was told.
	asleep := feed.Options{Poll: time.Hour}
	here, there := feed.New(b.pool, asleep), feed.New(other.pool, asleep)
	listening := func(f *feed.Feed) <-chan struct{} {
		wake := f.Watch(t.Context(), feed.TopicRuns, b.org)
		b.start(f)
		select {
		case <-wake: // listening has begun, which wakes everybody once
		case <-time.After(patience):
			t.Fatal("it does not listen")
		}
		return wake
	}
	wokenHere, wokenThere := listening(here), listening(there)
	itemsHere, itemsThere := b.follow(here, change.CursorAt(0)), other.follow(there, change.CursorAt(0))

	t.Log("a commit here is heard by followers here and there")
	for want := int64(1); want <= 20; want++ {
		b.commit(1)
		if want%2 == 0 {
			here.Signal(feed.TopicChanges, b.org)
		} else {
			there.Signal(feed.TopicChanges, b.org)
		}
		wantChange(t, itemsHere, want)
		wantChange(t, itemsThere, want)
	}
	t.Log("so are the other topics")
	here.Signal(feed.TopicRuns, b.org)
	for _, wake := range []<-chan struct{}{wokenHere, wokenThere} {
		select {
		case <-wake:
		case <-time.After(patience):
			t.Fatal("nobody was woken")
		}
	}
}

func TestWatch(t *testing.T) {
	t.Parallel()
	wait := func(t *testing.T, wake <-chan struct{}) {
		t.Helper()
		select {
		case <-wake:
		case <-time.After(patience):
			t.Fatal("nobody was woken")
		}
	}
	t.Run("WakesForItsOrganisationAndForAll", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		f := feed.New(b.pool, feed.Options{Poll: time.Hour})
		mine, every := f.Watch(t.Context(), feed.TopicSystems, b.org), f.Watch(t.Context(), feed.TopicSystems, "")
		for range 3 {
			f.Signal(feed.TopicSystems, b.org)
			wait(t, mine)
			wait(t, every)
		}
	})
	t.Run("ManySignalsAreAtMostAFewWakes", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		f := feed.New(b.pool, feed.Options{Poll: time.Hour})
		wake := f.Watch(t.Context(), feed.TopicRuns, b.org)
		for range 1000 {
			f.Signal(feed.TopicRuns, b.org) // never blocks, although nobody reads
		}
		wait(t, wake)
		for range 2 {
			select {
			case <-wake:
			default:
			}
		}
		f.Signal(feed.TopicRuns, b.org)
		wait(t, wake)
	})
	t.Run("WakesNowAndThenWithoutAReason", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		f := feed.New(b.pool, feed.Options{Poll: time.Millisecond})
		wake := f.Watch(t.Context(), feed.TopicRuns, b.org)
		wait(t, wake)
		wait(t, wake)
	})
	t.Run("EndsWithItsContext", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		f := feed.New(b.pool, feed.Options{Poll: time.Hour})
		ctx, stop := context.WithCancel(t.Context())
		wake := f.Watch(ctx, feed.TopicRuns, b.org)
		stop()
		for range wake {
		}
		if watchers, _ := f.Kept(); watchers != 0 {
			t.Errorf("%d watchers are left", watchers)
		}
	})
}
