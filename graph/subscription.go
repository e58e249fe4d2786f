package graph

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/feed"
	"customerhub/internal/hub"
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

// CustomerChanged resolves Subscription.customerChanged.
func (r subscription) CustomerChanged(ctx context.Context, filter *model.CustomerFilter, after *string) (<-chan model.CustomerEvent, error) {
	v := auth.ViewerFrom(ctx)
	if err := v.Require(auth.CustomersRead); err != nil {
		return nil, err
	}
	items, err := r.feed.Changes(ctx, v.Organisation.ID, value(after))
	if err != nil {
		return nil, err
	}
	f := follower{API: r.API, viewer: v, filter: customerFilter(filter), events: make(chan model.CustomerEvent), sentAt: time.Now()}
	f.with, f.customers = f.wanted(ctx)
	go func() {
		defer close(f.events)
		fail(ctx, f.follow(ctx, items))
	}()
	return f.events, nil
}

// follower turns the items of the feed into the events of one subscription.
type follower struct {
	*API
	viewer auth.Viewer
	filter hub.CustomerFilter
	// customers says whether the selection asks for the customer at all, with for which of its relations.
	customers bool
	with      model.Relations
	events    chan model.CustomerEvent
	sentAt    time.Time
}

// wanted looks at the selection of an event: the customer may be asked for beside the change and inside it.
func (f *follower) wanted(ctx context.Context) (with model.Relations, customers bool) {
	for _, field := range selected(ctx, "CustomerChange") {
		switch field.Name {
		case "customer":
			customers = true
			with |= relations(ctx, collect(ctx, field.Selections, "Customer", "Node"))
		case "change":
			for _, inner := range collect(ctx, field.Selections, "Change") {
				if inner.Name == "customer" {
					customers = true
					with |= relations(ctx, collect(ctx, inner.Selections, "Customer", "Node"))
				}
			}
		}
	}
	return with, customers
}

// follow runs until the feed ends or the subscriber is gone.
func (f *follower) follow(ctx context.Context, items <-chan feed.Item) error {
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
func (f *follower) tell(ctx context.Context, batch []feed.Item) error {
	var ids []customer.ID
	for _, item := range batch {
		if item.Change != nil && item.Change.CustomerID != "" {
			ids = append(ids, item.Change.CustomerID)
		}
	}
	fits, now, err := f.look(ctx, ids)
	if err != nil {
		return err
	}
	for _, item := range batch {
		if e := f.event(item, fits, now); e != nil && !f.send(ctx, e) {
			return nil
		}
	}
	return nil
}

// look reads the customers of a batch as they are now, and which of them fit the filter; a nil fits means all.
func (f *follower) look(ctx context.Context, ids []customer.ID) (fits map[customer.ID]bool, now map[customer.ID]*model.Customer, err error) {
	if len(ids) == 0 {
		return nil, nil, nil
	}
	if f.filter != (hub.CustomerFilter{}) {
		if fits, err = f.hub.MatchCustomers(ctx, f.viewer, ids, f.filter); err != nil {
			return nil, nil, err
		}
		if fits == nil {
			fits = map[customer.ID]bool{}
		}
	}
	if !f.customers {
		return fits, nil, nil
	}
	views, err := f.hub.CustomersByID(ctx, f.viewer, ids, include(f.with))
	if err != nil {
		return nil, nil, err
	}
	now = make(map[customer.ID]*model.Customer, len(views))
	for id, c := range views {
		now[id] = toCustomer(f.viewer, c)
	}
	return fits, now, nil
}

// tookOut says whether a change may have taken its customer out of the set that the filter names: a value that the filter
// looks at was there before. Whoever follows the set would otherwise keep the customer for ever.
func tookOut(fields []customer.FieldChange, f hub.CustomerFilter) bool {
	words := customer.SearchWords(f.Text)
	return slices.ContainsFunc(fields, func(c customer.FieldChange) bool {
		if c.Before == "" {
			return false
		}
		switch c.Field {
		case customer.FieldStatus:
			return c.Before == string(f.Status)
		case customer.FieldKind:
			return c.Before == string(f.Kind)
		case customer.FieldName, customer.FieldNameExtension, customer.FieldFirstName, customer.FieldLastName, customer.FieldNumber, customer.FieldBusinessID:
			before := customer.Fold(c.Before + " " + strings.ReplaceAll(c.Before, "-", ""))
			return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(before, word) })
		}
		return false
	})
}

// event is what an item means to this subscriber; nil when nothing.
func (f *follower) event(item feed.Item, fits map[customer.ID]bool, now map[customer.ID]*model.Customer) model.CustomerEvent {
	switch {
	case item.SnapshotRequired:
		return &model.SnapshotRequired{Cursor: item.Cursor}
	case item.Lagged > 0:
		return &model.Lagged{Missed: int(item.Lagged), Cursor: item.Cursor}
	case item.Heartbeat:
		return &model.Heartbeat{NewestSequence: int(item.Sequence), Cursor: item.Cursor}
	case item.Change == nil:
		return nil
	case item.Change.CustomerID != "" && (fits == nil || fits[item.Change.CustomerID] || tookOut(item.Change.Fields, f.filter)):
		c := now[item.Change.CustomerID]
		return &model.CustomerChange{Change: toChange(*item.Change, item.Cursor, c), Customer: c}
	case time.Since(f.sentAt) > quietFor:
		return &model.Heartbeat{NewestSequence: int(item.Sequence), Cursor: item.Cursor}
	}
	return nil
}

// send gives an event to the subscriber; false when it is gone.
func (f *follower) send(ctx context.Context, e model.CustomerEvent) bool {
	select {
	case f.events <- e:
		f.sentAt = time.Now()
		return true
	case <-ctx.Done():
		return false
	}
}

// RunProgress resolves Subscription.runProgress.
func (r subscription) RunProgress(ctx context.Context, id string) (<-chan *model.Run, error) {
	runID, err := parseRunID(id)
	if err != nil {
		return nil, at(err, "run")
	}
	// Watching begins before the first look, so that nothing happens between the two.
	wake := r.feed.Watch(ctx, feed.TopicRuns, auth.ViewerFrom(ctx).Organisation.ID)
	now, ok, err := r.runByID(ctx, runID)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fault.New(fault.NotFound, "There is no such run.").At("run")
	}
	out := make(chan *model.Run)
	go func() {
		defer close(out)
		last := now
		for first := true; ; first = false {
			if first || now != last {
				select {
				case out <- toRun(now):
				case <-ctx.Done():
					return
				}
			}
			if last = now; now.State.Final() {
				return
			}
			select {
			case <-wake:
			case <-ctx.Done():
				return
			}
			if now, ok, err = r.runByID(ctx, runID); err != nil || !ok {
				fail(ctx, err)
				return
			}
		}
	}()
	return out, nil
}
