package feed

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"customerhub/internal/fault"
	"customerhub/internal/organisation"
	"customerhub/internal/pg"
	"customerhub/internal/store"
)

// Topic is what a wake-up is about.
type Topic string

// The topics. TopicChanges asks for numbering; TopicNumbered says that there are new numbers.
const (
	TopicChanges  Topic = "changes"
	TopicNumbered Topic = "numbered"
	TopicRuns     Topic = "runs"
	TopicSystems  Topic = "systems"
)

// channel is the channel of LISTEN and NOTIFY.
const channel = "hub"

// Options are what a Feed works with. The zero value has sensible times.
type Options struct {
	Log *slog.Logger
	// Poll is how long the feed waits before it looks by itself, and how long a reader may leave an item untaken before what
	// comes then counts for Buffer; 0 means 1 s.
	Poll time.Duration
	// Heartbeat is how long a subscription may be silent; 0 means 15 s.
	Heartbeat time.Duration
	// Buffer is how many changes may come while a reader leaves an item untaken, before it is told that it lags; 0 means 1 000.
	Buffer int
	// Page is how many changes are read at a time; 0 means 500.
	Page int
	// Coalesce is how long notifications to other replicas are gathered; 0 means 5 ms.
	Coalesce time.Duration
}

// Feed numbers changes and spreads them. Run has to be running for anything to move.
type Feed struct {
	pool *pgxpool.Pool
	o    Options

	numbering chan struct{}
	notifying chan struct{}

	mu       sync.Mutex
	pending  map[signal]bool // notifications to send
	watchers map[Topic]map[chan struct{}]organisation.ID
	tails    map[organisation.ID]*tail

	numberings atomic.Uint64 // how often there was something new
}

// New makes a Feed on a pool of the application role.
func New(pool *pgxpool.Pool, o Options) *Feed {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	setDefault(&o.Poll, time.Second)
	setDefault(&o.Heartbeat, 15*time.Second)
	setDefault(&o.Coalesce, 5*time.Millisecond)
	setDefault(&o.Buffer, 1000)
	setDefault(&o.Page, 500)
	return &Feed{
		pool: pool, o: o, numbering: make(chan struct{}, 1), notifying: make(chan struct{}, 1),
		pending:  make(map[signal]bool),
		watchers: make(map[Topic]map[chan struct{}]organisation.ID),
		tails:    make(map[organisation.ID]*tail),
	}
}

func setDefault[T comparable](v *T, otherwise T) {
	var zero T
	if *v == zero {
		*v = otherwise
	}
}

// Run listens, numbers and notifies until ctx ends, and returns nil then.
func (f *Feed) Run(ctx context.Context) error {
	var all sync.WaitGroup
	all.Go(func() { f.listen(ctx) })
	all.Go(func() { f.number(ctx) })
	all.Go(func() { f.notify(ctx) })
	all.Wait()
	return nil
}

// signal is one wake-up: a topic and the organisation it is about, or none for all of them.
type signal struct {
	topic Topic
	org   organisation.ID
}

// payload is the signal as a notification carries it.
func (s signal) payload() string { return string(s.topic) + " " + string(s.org) }

func parseSignal(payload string) signal {
	topic, org, _ := strings.Cut(payload, " ")
	return signal{Topic(topic), organisation.ID(org)}
}

// Signal wakes those who wait for the topic in the organisation, here and in the other replicas. It never blocks.
func (f *Feed) Signal(t Topic, org organisation.ID) {
	s := signal{t, org}
	f.wakeHere(s)
	f.mu.Lock()
	f.pending[s] = true
	f.mu.Unlock()
	poke(f.notifying)
}

// wakeHere wakes those in this process.
func (f *Feed) wakeHere(s signal) {
	switch s.topic {
	case TopicChanges:
		poke(f.numbering)
	case TopicNumbered:
		f.numberings.Add(1)
	case TopicRuns, TopicSystems:
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for c, org := range f.watchers[s.topic] {
		if s.org == "" || org == "" || org == s.org {
			poke(c)
		}
	}
}

// poke leaves a token in a channel of one, unless there is one already.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Watch gives a channel that receives when something about the topic may have happened in the organisation, or in any when
// org is empty, and now and then without a reason. It is closed when ctx ends.
func (f *Feed) Watch(ctx context.Context, t Topic, org organisation.ID) <-chan struct{} {
	token, out := make(chan struct{}, 1), make(chan struct{})
	f.mu.Lock()
	if f.watchers[t] == nil {
		f.watchers[t] = make(map[chan struct{}]organisation.ID)
	}
	f.watchers[t][token] = org
	f.mu.Unlock()
	go func() {
		defer close(out)
		defer func() {
			f.mu.Lock()
			delete(f.watchers[t], token)
			f.mu.Unlock()
		}()
		ticker := time.NewTicker(f.o.Poll)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-token:
			case <-ticker.C:
			}
			select {
			case <-ctx.Done():
				return
			case out <- struct{}{}:
			}
		}
	}()
	return out
}

func (f *Feed) listen(ctx context.Context) {
	err := pg.Listen(ctx, f.pool, []string{channel}, func(_ context.Context, n pg.Notice) {
		if n.Resumed {
			for _, t := range []Topic{TopicChanges, TopicNumbered, TopicRuns, TopicSystems} {
				f.wakeHere(signal{topic: t})
			}
			return
		}
		f.wakeHere(parseSignal(n.Payload))
	}, pg.ListenOptions{Logger: f.o.Log})
	if err != nil && ctx.Err() == nil {
		f.o.Log.Error("listening ended; changes are found by looking", "error", err)
	}
}

// notify tells the other replicas, several signals at a time.
func (f *Feed) notify(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.notifying:
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(f.o.Coalesce):
		}
		f.mu.Lock()
		signals := f.pending
		f.pending = make(map[signal]bool)
		f.mu.Unlock()
		for s := range signals {
			if err := pg.Notify(ctx, f.pool, channel, s.payload()); err != nil && ctx.Err() == nil {
				f.o.Log.Debug("notification not sent; the others look by themselves", "error", err)
			}
		}
	}
}

// numberBatch is how many changes one numbering step takes on.
const numberBatch = 5000

// number gives numbers to committed changes whenever there may be some.
func (f *Feed) number(ctx context.Context) {
	ticker := time.NewTicker(f.o.Poll)
	defer ticker.Stop()
	for {
		for ctx.Err() == nil {
			more, err := f.NumberNow(ctx)
			if err != nil && ctx.Err() == nil {
				f.o.Log.Log(ctx, fault.CodeOf(err).Level(), "numbering changes", "error", err)
			}
			if !more {
				break
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-f.numbering:
		case <-ticker.C:
		}
	}
}

// NumberNow numbers what is committed, one batch of it, and says whether there may be more.
func (f *Feed) NumberNow(ctx context.Context) (more bool, err error) {
	var numbered []store.Numbered
	err = pg.InNoOrganisation(ctx, f.pool, pg.TxOptions{FreshPlans: true}, func(ctx context.Context, tx pgx.Tx) error {
		numbered, err = store.NumberChanges(ctx, tx, numberBatch)
		return err
	})
	var count int64
	for _, n := range numbered {
		count += n.Count
		f.Signal(TopicNumbered, n.Organisation)
	}
	return count >= numberBatch, err
}
