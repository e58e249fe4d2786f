package hub

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/link"
	"customerhub/internal/pg"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// StaleReason says why the hub has no newer values of a record.
type StaleReason string

// The reasons.
const (
	SystemNotRunning  StaleReason = "SYSTEM_NOT_RUNNING" // it is paused, or waits for a person
	SystemUnavailable StaleReason = "SYSTEM_UNAVAILABLE" // it does not answer, or asks to wait
	RecordWaits       StaleReason = "RECORD_WAITS"       // nothing is read before a person, or the fate of a call, decided
	RecordNotFound    StaleReason = "RECORD_NOT_FOUND"   // the system does not find it; complete lists will tell whether it is gone
	TimedOut          StaleReason = "TIMED_OUT"          // the answer did not come in the time that a read waits
	TooManyWaiting    StaleReason = "TOO_MANY_WAITING"   // as many reads wait already as may
)

// Stale is a record of which the hub's values are older than was asked for.
type Stale struct {
	System     system.System
	ExternalID string
	// Since is the moment from which on the hub may not know of a change; zero when it never knew the record.
	Since time.Time
	Why   StaleReason
	// NextTryAt is when the hub looks by itself; zero when that is not known.
	NextTryAt time.Time
}

// recheck is how often a waiting read looks without having been woken: not every end of a look is told.
const recheck = 250 * time.Millisecond

// Refresh sees to it that what the hub has of a customer's records is no older than asked for, as far as the systems and the time that
// a read waits allow, and says of which records it is older all the same. It calls nothing outside: it makes the links due, as
// urgent as what a person waits for, and waits for what comes of it. Who asks for a link that others are waiting for waits with them.
// No customer, or several, is no failure of it. Needs customers:read.
func (h *Hub) Refresh(ctx context.Context, v auth.Viewer, by CustomerLookup, oldest time.Duration) ([]Stale, error) {
	if err := v.Require(auth.CustomersRead); err != nil {
		return nil, err
	}
	if err := by.check(); err != nil {
		return nil, err
	}
	if oldest < 0 {
		return nil, fault.New(fault.Invalid, "The greatest age of values is 0 seconds or more.").At("maxStaleness")
	}
	r := refresh{h: h, v: v}
	err := h.read(ctx, v, auth.CustomersRead, func(ctx context.Context, tx pgx.Tx) error {
		ids, err := by.find(ctx, tx)
		if err != nil || len(ids) != 1 {
			return err
		}
		r.customer = ids[0]
		return r.look(ctx, tx)
	})
	if err != nil || r.customer == "" {
		return nil, err
	}
	r.from = r.now.Add(-oldest)
	r.sort()
	if len(r.asked) == 0 {
		return r.stale, nil
	}
	select {
	case h.waiting <- struct{}{}:
		defer func() { <-h.waiting }()
	default:
		r.giveUp(TooManyWaiting)
		return r.stale, nil
	}
	return r.stale, r.wait(ctx)
}

// refresh is one read that wants values no older than from.
type refresh struct {
	h        *Hub
	v        auth.Viewer
	customer customer.ID
	from     time.Time

	links   []store.LinkWatch
	systems map[system.ID]system.System
	now     time.Time

	asked []asked
	stale []Stale
}

// asked is a link that was asked for, and from when its values were then.
type asked struct {
	link.Link
	as time.Time
}

func (r *refresh) look(ctx context.Context, tx pgx.Tx) error {
	links, systems, now, err := store.WatchLinks(ctx, tx, r.customer)
	r.links, r.now = links, now
	r.systems = byID(systems, func(s system.System) system.ID { return s.ID })
	return err
}

// sort tells the links that are to be asked for from those that cannot be helped.
func (r *refresh) sort() {
	for _, l := range r.links {
		if !l.Followed() || r.fresh(l.Link) {
			continue
		}
		if why := r.obstacle(l); why != "" {
			r.add(l.Link, why)
			continue
		}
		r.asked = append(r.asked, asked{l.Link, l.FreshAsOf(r.systems[l.SystemID].FreshAt)})
	}
}

func (r *refresh) fresh(l link.Link) bool {
	as := l.FreshAsOf(r.systems[l.SystemID].FreshAt)
	return !as.IsZero() && !as.Before(r.from)
}

// obstacle is what keeps a link from being looked at now; empty when nothing does.
func (r *refresh) obstacle(l store.LinkWatch) StaleReason {
	s := r.systems[l.SystemID]
	switch {
	case s.State != system.Running:
		return SystemNotRunning
	case s.HoldUntil.After(r.now):
		return SystemUnavailable
	case l.Working:
		return ""
	case l.State == link.Parked || l.State == link.Paused || l.State == link.Uncertain:
		return RecordWaits
	case l.LastFault.Retryable() && l.DueAt.After(r.now):
		return SystemUnavailable // for this record, and asking again at once would not help
	}
	return ""
}

func (r *refresh) add(l link.Link, why StaleReason) {
	s := r.systems[l.SystemID]
	next := s.NextDueAt
	if !l.DueAt.IsZero() && (next.IsZero() || l.DueAt.Before(next)) {
		next = l.DueAt
	}
	if s.HoldUntil.After(next) && !next.IsZero() {
		next = s.HoldUntil
	}
	if s.State != system.Running {
		next = time.Time{}
	}
	r.stale = append(r.stale, Stale{System: s, ExternalID: l.ExternalID, Since: l.FreshAsOf(s.FreshAt), Why: why, NextTryAt: next})
}

// giveUp says of all that was asked for why it did not come.
func (r *refresh) giveUp(why StaleReason) {
	for _, a := range r.asked {
		if l := r.current(a); l != nil {
			r.add(l.Link, why)
		}
	}
	r.asked = nil
}

// current is how a link that was asked for stands now; nil when the customer has it no more.
func (r *refresh) current(a asked) *store.LinkWatch {
	for i := range r.links {
		if r.links[i].ID == a.ID {
			return &r.links[i]
		}
	}
	return nil
}

// wait asks for the links and waits until each was looked at, cannot be, or the time is over.
func (r *refresh) wait(ctx context.Context) error {
	watching, stop := context.WithCancel(ctx)
	defer stop()
	told := r.h.o.Watch(watching, TopicChanges, r.v.Organisation.ID)
	err := pg.InOrganisation(ctx, r.h.pool, string(r.v.Organisation.ID), pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		for _, l := range r.asked {
			if err := store.AskLook(ctx, tx, l.ID, l.as); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.h.o.Wake(TopicChanges, r.v.Organisation.ID)
	over := time.NewTimer(r.h.o.ReadWait)
	defer over.Stop()
	again := time.NewTicker(recheck)
	defer again.Stop()
	for {
		if err := r.h.read(ctx, r.v, auth.CustomersRead, r.look); err != nil {
			return err
		}
		if r.settle(); len(r.asked) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-over.C:
			r.giveUp(TimedOut)
			return nil
		case _, open := <-told:
			if !open {
				told = nil
			}
		case <-again.C:
		}
	}
}

// settle drops what was looked at since it was asked for, whoever asked, and what cannot be looked at any more.
func (r *refresh) settle() {
	r.asked = slices.DeleteFunc(r.asked, func(a asked) bool {
		l := r.current(a)
		if l == nil || !l.Followed() || l.LookedAt.After(a.as) || r.fresh(l.Link) {
			return true
		}
		why := r.obstacle(*l)
		if why == "" && !l.Working && (l.DueAt.IsZero() || l.DueAt.After(r.now)) {
			switch { // it was looked at, and nothing came of it
			case l.LastFault == fault.NotFound:
				why = RecordNotFound
			case l.State == link.Parked || l.State == link.Paused:
				why = RecordWaits
			default:
				why = SystemUnavailable
			}
		}
		if why != "" {
			r.add(l.Link, why)
		}
		return why != ""
	})
}

// Waiting is how many reads of this hub wait for newer values now.
func (h *Hub) Waiting() int { return len(h.waiting) }
