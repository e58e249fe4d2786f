package reconcile

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"customerhub/internal/fault"
	"customerhub/internal/store"
)

const (
	// dispatchLimit is how many systems with due links are asked for at a time. Those that are worked on already are among them.
	dispatchLimit = 1000
	// turn is how many links of a system are worked on before others may have its place (Promise 7).
	turn = 20
)

// dispatch looks which systems have due links and works on each of them, one link at a time, with no more than Options.Links
// systems at once for each priority. What is urgent has places of its own, also in a system that a backfill is under way in, so
// that it queues for the lane as what it is and not behind or as the backfill. Replicas may work on the same system: the lane and
// the claims keep them apart.
func (w *Worker) dispatch(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	var mu sync.Mutex
	active := make(map[store.DueSystem]bool)
	// begin takes the place of a system, when there is one.
	begin := func(d store.DueSystem) bool {
		mu.Lock()
		defer mu.Unlock()
		places := w.o.Links
		for other := range active {
			if other.Priority == d.Priority {
				places--
			}
		}
		if active[d] || places <= 0 {
			return false
		}
		active[d] = true
		return true
	}
	last, turns := map[store.DueSystem]int{}, 0 // when each began its last turn, of those that are due
	for ctx.Err() == nil {
		due, err := store.ListDueSystems(ctx, w.pool, dispatchLimit)
		if err != nil && ctx.Err() == nil {
			w.o.Log.Log(ctx, fault.CodeOf(err).Level(), "looking for due links", "error", err)
		}
		// Among those that are as urgent, whose turn was longest ago goes first.
		slices.SortStableFunc(due, func(a, b store.DueSystem) int {
			return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(last[a], last[b]))
		})
		before := last
		last = make(map[store.DueSystem]int, len(due))
		for _, d := range due {
			last[d] = before[d]
			if !begin(d) {
				continue
			}
			turns++
			last[d] = turns
			all.Go(func() {
				worked := w.drain(ctx, d)
				mu.Lock()
				delete(active, d)
				mu.Unlock()
				if worked {
					w.WakeLinks() // there may be more here, and others may have waited for the place
				}
			})
		}
		timer := time.NewTimer(w.o.Poll/2 + rand.N(w.o.Poll))
		select {
		case <-ctx.Done():
		case <-w.wakeLinks:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// drain works on links of a system that are due and no less urgent than d says, until there are none or its turn is over, and
// tells whether it did so without trouble.
func (w *Worker) drain(ctx context.Context, d store.DueSystem) (worked bool) {
	for range turn {
		did, err := w.exchangeOne(ctx, d)
		if err != nil && ctx.Err() == nil {
			w.o.Log.Log(ctx, fault.CodeOf(err).Level(), "working on due links", "system", d.System, "error", err)
		}
		if err != nil || !did {
			return worked && err == nil
		}
		worked = true
	}
	return worked
}
