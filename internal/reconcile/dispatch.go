package reconcile

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"customerhub/internal/fault"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// dispatchLimit is how many systems with due links are asked for at a time.
const dispatchLimit = 64

// dispatch looks which systems have due links and works on each of them, one link at a time, with no more than Options.Links
// systems at once. Replicas may work on the same system: the lane and the claims keep them apart.
func (w *Worker) dispatch(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	var mu sync.Mutex
	active := make(map[system.ID]bool)
	for ctx.Err() == nil {
		due, err := store.ListDueSystems(ctx, w.pool, dispatchLimit)
		if err != nil && ctx.Err() == nil {
			w.o.Log.Log(ctx, fault.CodeOf(err).Level(), "looking for due links", "error", err)
		}
		for _, d := range due {
			mu.Lock()
			skip := active[d.System] || len(active) >= w.o.Links
			if !skip {
				active[d.System] = true
			}
			mu.Unlock()
			if skip {
				continue
			}
			all.Go(func() {
				w.drain(ctx, d)
				mu.Lock()
				delete(active, d.System)
				mu.Unlock()
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

// drain works on the due links of a system until there are none.
func (w *Worker) drain(ctx context.Context, d store.DueSystem) {
	for ctx.Err() == nil {
		worked, err := w.exchangeOne(ctx, d)
		if err != nil && ctx.Err() == nil {
			w.o.Log.Log(ctx, fault.CodeOf(err).Level(), "working on due links", "system", d.System, "error", err)
			return
		}
		if !worked {
			return
		}
	}
}
