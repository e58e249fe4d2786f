package feed_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/feed"
	"customerhub/internal/organisation"
	"customerhub/internal/pg"
	"customerhub/internal/pgtest"
	"customerhub/internal/store"
)

// bench is a database with an organisation whose log is written and read.
type bench struct {
	*testing.T
	db   *pgtest.DB
	pool *pgxpool.Pool
	org  organisation.ID
}

func setup(t *testing.T) *bench {
	t.Helper()
	db := pgtest.New(t)
	return (&bench{T: t, db: db, pool: db.App}).organisation()
}

// organisation gives a bench about another organisation of the same database.
func (b *bench) organisation() *bench {
	b.Helper()
	out := *b
	out.org = organisation.ID(store.NewID())
	out.write(func(ctx context.Context, tx pgx.Tx) error {
		_, err := store.InsertOrganisation(ctx, tx, out.org, "Esimerkki "+string(out.org))
		return err
	})
	return &out
}

func (b *bench) try(ctx context.Context, fn func(context.Context, pgx.Tx) error) error {
	return pg.InOrganisation(ctx, b.pool, string(b.org), pg.TxOptions{}, fn)
}

func (b *bench) write(fn func(context.Context, pgx.Tx) error) {
	b.Helper()
	b.must(b.try(b.Context(), fn))
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// commit writes n changes in transactions of their own.
func (b *bench) commit(n int) {
	b.Helper()
	for range n {
		b.write(note(""))
	}
}

// note appends one change, about a customer or about none.
func note(id customer.ID) func(context.Context, pgx.Tx) error {
	return func(ctx context.Context, tx pgx.Tx) error {
		return store.AppendChanges(ctx, tx, []change.Change{{Kind: change.CustomerUpdated, CustomerID: id, Actor: change.Actor{Kind: change.ActorHub}}})
	}
}

func (b *bench) customers(n int) []customer.ID {
	b.Helper()
	list := make([]customer.Customer, n)
	ids := make([]customer.ID, n)
	for i := range list {
		ids[i] = customer.ID(store.NewID())
		list[i] = customer.Customer{ID: ids[i], Version: 1, Kind: customer.Company, Status: customer.Active, Name: fmt.Sprint(i)}
	}
	b.write(func(ctx context.Context, tx pgx.Tx) error { return store.SaveCustomers(ctx, tx, list) })
	return ids
}

// log reads the whole numbered log.
func (b *bench) log() []change.Change {
	b.Helper()
	var out []change.Change
	b.write(func(ctx context.Context, tx pgx.Tx) (err error) {
		out, _, err = store.ListChanges(ctx, tx, 0, 10_000)
		return err
	})
	return out
}

// wantWhole checks that sequences run from 1 without holes, and each customer's numbers too.
func wantWhole(t *testing.T, got []change.Change, n int) {
	t.Helper()
	if len(got) != n {
		t.Errorf("%d changes, want %d", len(got), n)
	}
	last := make(map[customer.ID]int)
	for i, c := range got {
		if c.Sequence != int64(i+1) {
			t.Fatalf("change %d has the sequence %d", i+1, c.Sequence)
		}
		if c.CustomerID != "" {
			if last[c.CustomerID]++; c.Number != last[c.CustomerID] {
				t.Fatalf("change %d is number %d of its customer, want %d", i+1, c.Number, last[c.CustomerID])
			}
		}
	}
}

// run has a feed work until the test ends.
func (b *bench) run(o feed.Options) *feed.Feed {
	b.Helper()
	f := feed.New(b.pool, o)
	b.start(f)
	return f
}

func (b *bench) start(f *feed.Feed) {
	b.Helper()
	ctx, stop := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	b.Cleanup(func() {
		stop()
		select {
		case err := <-done:
			if err != nil {
				b.Error(err)
			}
		case <-time.After(time.Minute):
			b.Error("the feed does not stop")
		}
	})
}

func (b *bench) follow(f *feed.Feed, after string) <-chan feed.Item {
	b.Helper()
	items, err := f.Changes(b.Context(), b.org, after)
	b.must(err)
	return items
}

const patience = time.Minute

// next waits for the next item.
func next(t *testing.T, items <-chan feed.Item) feed.Item {
	t.Helper()
	select {
	case i, open := <-items:
		if !open {
			t.Fatal("the subscription has ended")
		}
		return i
	case <-time.After(patience):
		t.Fatal("nothing came")
	}
	return feed.Item{}
}

// wantChange waits for the change with the sequence.
func wantChange(t *testing.T, items <-chan feed.Item, sequence int64) feed.Item {
	t.Helper()
	i := next(t, items)
	if i.Change == nil || i.Change.Sequence != sequence || i.Sequence != sequence || i.Cursor != change.CursorAt(sequence) {
		t.Fatalf("got %+v, want change %d", i, sequence)
	}
	return i
}

// wantHeartbeat waits for a heartbeat at the sequence.
func wantHeartbeat(t *testing.T, items <-chan feed.Item, sequence int64) {
	t.Helper()
	if i := next(t, items); !i.Heartbeat || i.Sequence != sequence || i.Cursor != change.CursorAt(sequence) || i.Change != nil {
		t.Fatalf("got %+v, want a heartbeat at %d", i, sequence)
	}
}

func wantEnd(t *testing.T, items <-chan feed.Item) {
	t.Helper()
	select {
	case i, open := <-items:
		if open {
			t.Fatalf("got %+v, want the end", i)
		}
	case <-time.After(patience):
		t.Fatal("the subscription goes on")
	}
}

func TestNumbering(t *testing.T) {
	t.Parallel()
	t.Run("T33_NoReaderSkipsALateCommit", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		pool, err := pg.Open(t.Context(), b.db.AppURL, pg.Options{MaxConns: 24})
		b.must(err)
		t.Cleanup(pool.Close)
		b.pool = pool
		const commits = 200
		customers := append(b.customers(20), "", "", "", "", "")
		// Two replicas number at the same time, and followers begin at different moments.
		feeds := []*feed.Feed{b.run(feed.Options{Poll: 5 * time.Millisecond, Page: 7}), b.run(feed.Options{Poll: 5 * time.Millisecond})}
		start := change.CursorAt(0)
		followers := []<-chan feed.Item{b.follow(feeds[0], start), b.follow(feeds[1], start)}

		var writing, reading sync.WaitGroup
		limit := make(chan struct{}, 16)
		for i := range commits {
			writing.Go(func() {
				limit <- struct{}{}
				defer func() { <-limit }()
				err := b.try(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
					if err := note(customers[i%len(customers)])(ctx, tx); err != nil {
						return err
					}
					// The log entry is written, and the commit comes when it comes.
					select {
					case <-ctx.Done():
					case <-time.After(rand.N(30 * time.Millisecond)):
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
				feeds[i%2].Signal(feed.TopicChanges, b.org)
			})
		}
		for _, items := range followers {
			reading.Go(func() {
				for want := int64(1); want <= commits; want++ {
					select {
					case i := <-items:
						if i.Change == nil || i.Sequence != want {
							t.Errorf("got %+v, want change %d", i, want)
							return
						}
					case <-time.After(patience):
						t.Errorf("change %d never came", want)
						return
					}
				}
			})
		}
		// A third reader goes by cursor, page by page, while the commits come.
		reading.Go(func() {
			at := int64(0)
			for at < commits && t.Context().Err() == nil {
				var page []change.Change
				err := b.try(t.Context(), func(ctx context.Context, tx pgx.Tx) (err error) {
					page, _, err = store.ListChanges(ctx, tx, at, 9)
					return err
				})
				if err != nil {
					t.Error(err)
					return
				}
				for _, c := range page {
					if c.Sequence != at+1 {
						t.Errorf("the cursor jumped from %d to %d", at, c.Sequence)
						return
					}
					at = c.Sequence
				}
			}
		})
		writing.Wait()
		reading.Wait()
		wantWhole(t, b.log(), commits)
	})
	t.Run("T33_NegativeControl_ANaiveSerialDoesSkip", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		f := feed.New(b.pool, feed.Options{})
		// naive reads by the identity column, which is given at the insert and not at the commit.
		naive := func(after int64) (ids []int64) {
			rows, err := b.db.Owner.Query(t.Context(), `SELECT id FROM change WHERE organisation_id = $1 AND id > $2 ORDER BY id`, string(b.org), after)
			b.must(err)
			ids, err = pgx.CollectRows(rows, pgx.RowTo[int64])
			b.must(err)
			return ids
		}
		numbered := func() {
			_, err := f.NumberNow(t.Context())
			b.must(err)
		}
		inserted, release := make(chan struct{}), make(chan struct{})
		late := make(chan error, 1)
		go func() {
			late <- b.try(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
				err := note("")(ctx, tx)
				close(inserted)
				<-release
				return err
			})
		}()
		<-inserted
		b.commit(1)
		numbered()
		seen := naive(0)
		if len(seen) != 1 {
			t.Fatalf("the naive reader sees %v", seen)
		}
		good := b.log()
		close(release)
		b.must(<-late)
		numbered()
		if missed := naive(seen[0]); len(missed) != 0 {
			t.Errorf("the naive reader did not skip the late commit (%v): this bench proves nothing", missed)
		}
		if all := naive(0); len(all) != 2 || all[0] >= seen[0] {
			t.Errorf("the late commit is not below the cursor: %v", all)
		}
		if len(good) != 1 || good[0].Sequence != 1 {
			t.Fatalf("got %+v", good)
		}
		wantWhole(t, b.log(), 2)
	})
	t.Run("Promise9_EachOrganisationCountsForItself", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		other := b.organisation()
		f := feed.New(b.pool, feed.Options{})
		for range 3 {
			b.commit(2)
			other.commit(1)
			_, err := f.NumberNow(t.Context())
			b.must(err)
		}
		wantWhole(t, b.log(), 6)
		wantWhole(t, other.log(), 3)
	})
	t.Run("WhatWasTakenBackLeavesNoHole", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		ids := b.customers(1)
		f := feed.New(b.pool, feed.Options{})
		for i := range 9 {
			failed := errors.New("taken back")
			err := b.try(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
				if err := note(ids[0])(ctx, tx); err != nil {
					return err
				}
				if i%3 == 0 {
					return failed
				}
				return nil
			})
			if err != nil && !errors.Is(err, failed) {
				t.Fatal(err)
			}
			_, err = f.NumberNow(t.Context())
			b.must(err)
		}
		wantWhole(t, b.log(), 6)
	})
	t.Run("ManyAtOnceKeepEachCustomersOrder", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		ids := b.customers(7)
		b.write(func(ctx context.Context, tx pgx.Tx) error {
			var list []change.Change
			for i := range 700 {
				list = append(list, change.Change{Kind: change.CustomerUpdated, CustomerID: ids[i*i%len(ids)]})
			}
			return store.AppendChanges(ctx, tx, list)
		})
		// Small steps, several at a time, as after an outage.
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for range 50 {
					err := pg.InNoOrganisation(t.Context(), b.pool, pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
						_, err := store.NumberChanges(ctx, tx, 13)
						return err
					})
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
		wantWhole(t, b.log(), 700)
	})
	t.Run("MoreThanABatchIsToldSo", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.write(func(ctx context.Context, tx pgx.Tx) error {
			return store.AppendChanges(ctx, tx, slices.Repeat([]change.Change{{Kind: change.SystemUpdated}}, 5001))
		})
		f := feed.New(b.pool, feed.Options{})
		for i, want := range []bool{true, false, false} {
			if more, err := f.NumberNow(t.Context()); err != nil || more != want {
				t.Errorf("step %d: more %v, %v", i, more, err)
			}
		}
		wantWhole(t, b.log(), 5001)
	})
}
