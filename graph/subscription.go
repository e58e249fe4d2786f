package graph

import (
	"context"
	"sync"
	"time"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/change"
	"customerhub/internal/fault"
	"customerhub/internal/feed"
)

const (
	// batchSize is how many waiting changes are looked up together, so that a burst such as a first import does not cost
	// a read per change, and gatherFor is how long the next one is waited for.
	batchSize = 50
	gatherFor = time.Millisecond
	// quietFor is how long a subscriber hears nothing while everything that happens does not fit its filter.
	quietFor = 10 * time.Second
)

// Failure is why a stream of events ended before its time. It is set by the resolver that produces the events and read
// by the transport once the stream has ended.
type Failure struct {
	mu  sync.Mutex
	err error
}

// Err is the reason; nil when the stream ended by itself or by the client's wish.
func (f *Failure) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

func (f *Failure) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

type failureKey struct{}

// WithFailure gives a subscription a place to say why it ended.
func WithFailure(ctx context.Context) (context.Context, *Failure) {
	f := &Failure{}
	return context.WithValue(ctx, failureKey{}, f), f
}

// fail notes why the stream of ctx ends. An end that the client asked for is none.
func fail(ctx context.Context, err error) {
	if f, ok := ctx.Value(failureKey{}).(*Failure); ok && err != nil && ctx.Err() == nil {
		f.set(err)
	}
}

// chooser looks at a batch of changes and says what each of them means to one subscriber; false means nothing.
type chooser[E any] func(ctx context.Context, batch []*change.Change) (func(c *change.Change, cursor string) (E, bool), error)

// follower turns the items of the feed into the events of one subscription.
type follower[E any] struct {
	choose chooser[E]
	events chan E
	sentAt time.Time
}

// follow begins to follow the changes of the viewer's organisation after a cursor. E is a union of the schema that Heartbeat,
// Lagged and SnapshotRequired belong to.
func follow[E any](ctx context.Context, a *API, after *string, choose chooser[E]) (<-chan E, error) {
	if after != nil && *after == "" {
		// Taken for absent, a follower that lost its cursor would go on from now and never know what it missed.
		return nil, fault.Because(fault.Invalid, "CURSOR_INVALID", "The cursor is empty. Leave it out to follow from now on.").At("after")
	}
	items, err := a.feed.Changes(ctx, auth.ViewerFrom(ctx).Organisation.ID, value(after))
	if err != nil {
		return nil, at(err, "after")
	}
	f := follower[E]{choose: choose, events: make(chan E), sentAt: time.Now()}
	go func() {
		defer close(f.events)
		fail(ctx, f.run(ctx, items))
	}()
	return f.events, nil
}

// run goes on until the feed ends or the subscriber is gone.
func (f *follower[E]) run(ctx context.Context, items <-chan feed.Item) error {
	for {
		batch, more := take(ctx, items)
		if err := f.tell(ctx, batch); err != nil || !more {
			return err
		}
	}
}

// take waits for an item and takes those along that follow at once. more is false when the feed has ended.
func take(ctx context.Context, items <-chan feed.Item) (batch []feed.Item, more bool) {
	var late <-chan time.Time
	for len(batch) < batchSize {
		select {
		case item, ok := <-items:
			if !ok {
				return batch, false
			}
			batch = append(batch, item)
			if late == nil {
				late = time.After(gatherFor)
			}
		case <-late:
			return batch, true
		case <-ctx.Done():
			return nil, false
		}
	}
	return batch, true
}

// tell sends what the batch means to this subscriber.
func (f *follower[E]) tell(ctx context.Context, batch []feed.Item) error {
	var changes []*change.Change
	for _, item := range batch {
		if item.Change != nil {
			changes = append(changes, item.Change)
		}
	}
	meaning := func(*change.Change, string) (e E, ok bool) { return e, false }
	if len(changes) > 0 {
		var err error
		if meaning, err = f.choose(ctx, changes); err != nil {
			return err
		}
	}
	for _, item := range batch {
		e, ok := signalOf[E](item)
		if item.Change != nil {
			if e, ok = meaning(item.Change, item.Cursor); !ok && time.Since(f.sentAt) > quietFor {
				e, ok = any(&model.Heartbeat{NewestSequence: int(item.Sequence), Cursor: item.Cursor}).(E)
			}
		}
		if ok && !f.send(ctx, e) {
			return nil
		}
	}
	return nil
}

// signalOf is what an item that is no change says; false for a change.
func signalOf[E any](item feed.Item) (e E, ok bool) {
	var signal any
	switch {
	case item.SnapshotRequired:
		signal = &model.SnapshotRequired{Cursor: item.Cursor}
	case item.Lagged > 0:
		signal = &model.Lagged{Missed: int(item.Lagged), Cursor: item.Cursor}
	case item.Heartbeat:
		signal = &model.Heartbeat{NewestSequence: int(item.Sequence), Cursor: item.Cursor}
	}
	e, ok = signal.(E)
	return e, ok
}

// send gives an event to the subscriber; false when it is gone.
func (f *follower[E]) send(ctx context.Context, e E) bool {
	select {
	case f.events <- e:
		f.sentAt = time.Now()
		return true
	case <-ctx.Done():
		return false
	}
}
