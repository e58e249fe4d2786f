package feed

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/change"
	"customerhub/internal/fault"
	"customerhub/internal/organisation"
	"customerhub/internal/pg"
	"customerhub/internal/store"
)

// Item is one thing a follower is told. Exactly one of Change, Heartbeat, Lagged and SnapshotRequired is set.
type Item struct {
	Change *change.Change
	// Heartbeat says that nothing was missed up to Sequence.
	Heartbeat bool
	// Lagged is how many changes the follower is behind; the subscription ends with it. Going on from Cursor misses nothing.
	Lagged int64
	// SnapshotRequired says that the changes after the follower's cursor are not kept any more; the subscription ends with
	// it. Reading everything and then going on from Cursor misses nothing.
	SnapshotRequired bool
	// Sequence and Cursor are where the follower stands once it has this item.
	Sequence int64
	Cursor   string
}

// Changes follows the changes of an organisation after a cursor; an empty cursor means from now on, and begins with a
// Heartbeat, so that the follower has a cursor before the first change. The channel is closed when ctx ends, and after
// Lagged and SnapshotRequired. A cursor that is none is Invalid.
//
// A follower reads at its own pace from what is numbered, so nobody waits for it. One that had caught up and then leaves
// items untaken while the log moves on by more than Options.Buffer changes is told so and let go. How many changes come at
// once does not matter to one that takes them.
func (f *Feed) Changes(ctx context.Context, org organisation.ID, after string) (<-chan Item, error) {
	from, err := change.ParseCursor(after)
	if err != nil {
		return nil, err
	}
	newest, oldest, err := f.sequences(ctx, org)
	if err != nil {
		return nil, err
	}
	if after == "" {
		from = newest
	}
	out := make(chan Item)
	p := &pump{feed: f, org: org, out: out, at: from, caughtUp: after == ""}
	go func() {
		defer close(out)
		if from < oldest-1 || from > newest {
			p.send(ctx, Item{SnapshotRequired: true, Sequence: newest})
			return
		}
		p.tail = f.enter(org, newest)
		defer f.leave(org)
		if after == "" && !p.send(ctx, Item{Heartbeat: true, Sequence: from}) {
			return
		}
		p.run(ctx)
	}()
	return out, nil
}

func (f *Feed) sequences(ctx context.Context, org organisation.ID) (newest, oldest int64, err error) {
	err = pg.ReadInOrganisation(ctx, f.pool, string(org), func(ctx context.Context, tx pgx.Tx) error {
		newest, oldest, err = store.GetSequences(ctx, tx)
		return err
	})
	return newest, oldest, err
}

func (f *Feed) page(ctx context.Context, org organisation.ID, after int64) (items []change.Change, err error) {
	err = pg.ReadInOrganisation(ctx, f.pool, string(org), func(ctx context.Context, tx pgx.Tx) error {
		items, _, err = store.ListChanges(ctx, tx, after, f.o.Page)
		return err
	})
	return items, err
}

// tail is the newest changes of one organisation, read once for all its followers.
type tail struct {
	followers int // guarded by Feed.mu

	mu sync.Mutex
	// items run without holes up to end; end is what the tail knows of.
	items []change.Change
	end   int64
	// seen is the Feed's count of numberings, and readAt the time, when the tail was last brought up to date.
	seen   uint64
	readAt time.Time
}

// enter gives the organisation's tail, a new one beginning at the newest change.
func (f *Feed) enter(org organisation.ID, newest int64) *tail {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.tails[org]
	if t == nil {
		t = &tail{end: newest}
		f.tails[org] = t
	}
	t.followers++
	return t
}

// leave lets go of the tail; nothing of it is kept after the last follower.
func (f *Feed) leave(org organisation.ID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if t := f.tails[org]; t != nil {
		if t.followers--; t.followers == 0 {
			delete(f.tails, org)
		}
	}
}

// after gives changes after a sequence, at most a page, and how far the log is known to go. None means that the follower
// knows everything.
func (f *Feed) after(ctx context.Context, org organisation.ID, t *tail, at int64) (items []change.Change, end int64, err error) {
	t.mu.Lock()
	err = f.refresh(ctx, org, t, at)
	end = t.end
	begin := end - int64(len(t.items)) // the tail holds what comes after this
	if err == nil && at >= begin && at < end {
		items = t.items[at-begin:]
		items = items[:min(len(items), f.o.Page)]
	}
	t.mu.Unlock()
	if err != nil || at >= begin {
		return items, end, err
	}
	// The follower comes from further back than the tail reaches.
	items, err = f.page(ctx, org, at)
	return items, end, err
}

// end is how far the log goes now, as far as that can be found out.
func (f *Feed) end(ctx context.Context, org organisation.ID, t *tail) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := f.refresh(ctx, org, t, t.end); err != nil && ctx.Err() == nil {
		f.o.Log.Log(ctx, fault.CodeOf(err).Level(), "reading the end of the log", "organisation", org, "error", err)
	}
	return t.end
}

// refresh brings the tail up to date when something was numbered since, or when it has not been looked at for a while.
func (f *Feed) refresh(ctx context.Context, org organisation.ID, t *tail, at int64) error {
	numberings := f.numberings.Load()
	if t.seen == numberings && time.Since(t.readAt) < f.o.Poll && at <= t.end {
		return nil
	}
	for {
		items, err := f.page(ctx, org, t.end)
		if err != nil {
			return err
		}
		if n := len(items); n > 0 {
			t.end = items[n-1].Sequence
			t.items = append(t.items, items...)
		}
		if drop := len(t.items) - 2*f.o.Buffer; drop > 0 {
			t.items = append([]change.Change(nil), t.items[drop:]...)
		}
		if len(items) < f.o.Page {
			t.seen, t.readAt = numberings, time.Now()
			return nil
		}
	}
}

// pump brings one subscription what it has to know, in order and without gaps.
type pump struct {
	feed *Feed
	org  organisation.ID
	tail *tail
	out  chan<- Item
	at   int64 // the follower knows everything up to here
	// caughtUp says whether the follower has known everything once.
	caughtUp bool
	// stalled is how far the log has moved on while items were left untaken, since the follower last knew everything.
	stalled int64
}

func (p *pump) run(ctx context.Context) {
	wake := p.feed.Watch(ctx, TopicNumbered, p.org)
	heartbeat := time.NewTicker(p.feed.o.Heartbeat)
	defer heartbeat.Stop()
	for ctx.Err() == nil {
		if p.lagged(ctx) {
			return
		}
		items, end, err := p.feed.after(ctx, p.org, p.tail, p.at)
		if err != nil && ctx.Err() == nil {
			p.feed.o.Log.Log(ctx, fault.CodeOf(err).Level(), "reading changes for a follower", "organisation", p.org, "error", err)
		}
		for i := range items {
			if items[i].Sequence != p.at+1 {
				// What lies between was deleted while the follower was on its way there.
				p.send(ctx, Item{SnapshotRequired: true, Sequence: end})
				return
			}
			if !p.send(ctx, Item{Change: &items[i], Sequence: items[i].Sequence}) || p.lagged(ctx) {
				return
			}
		}
		if len(items) > 0 {
			continue
		}
		if err == nil {
			p.caughtUp, p.stalled = true, 0
		}
		select {
		case <-ctx.Done():
		case <-wake:
		case <-heartbeat.C:
			if err == nil {
				p.send(ctx, Item{Heartbeat: true, Sequence: p.at})
			}
		}
	}
}

// lagged tells a follower that let the log run away from it, and says whether it did.
func (p *pump) lagged(ctx context.Context) bool {
	if !p.caughtUp || p.stalled <= int64(p.feed.o.Buffer) {
		return false
	}
	p.send(ctx, Item{Lagged: p.feed.end(ctx, p.org, p.tail) - p.at, Sequence: p.at})
	return true
}

// send waits until the follower takes the item; false when ctx ended first. An item that is not taken for a while is a
// stall: only what the log moves on from then until it is taken counts as the follower's doing.
func (p *pump) send(ctx context.Context, i Item) bool {
	i.Cursor = change.CursorAt(i.Sequence)
	late := time.NewTimer(p.feed.o.Poll)
	defer late.Stop()
	var from int64
	stalled := false
	for {
		select {
		case <-ctx.Done():
			return false
		case <-late.C:
			if stalled = p.tail != nil; stalled {
				from = p.feed.end(ctx, p.org, p.tail)
			}
		case p.out <- i:
			p.at = i.Sequence
			if stalled {
				p.stalled += p.feed.end(ctx, p.org, p.tail) - from
			}
			return true
		}
	}
}
