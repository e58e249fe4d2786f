package reconcile_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/reconcile"
	sandbox "customerhub/internal/sandbox/netvisor"
)

// watched is a simulated Netvisor over HTTP with a worker at work, in whose calls a test can stop.
type watched struct {
	wired
	key  int64
	gate func(context.Context, sandbox.Call)
	mu   sync.Mutex
}

func watch(t *testing.T) *watched {
	t.Helper()
	w := &watched{}
	w.wired = overTheWire(t, sandbox.Options{Gate: func(ctx context.Context, c sandbox.Call) {
		w.mu.Lock()
		gate := w.gate
		w.mu.Unlock()
		if gate != nil {
			gate(ctx, c)
		}
	}})
	w.key = w.adds(sound(1))
	w.imported()
	return w
}

func (w *watched) gated(by func(context.Context, sandbox.Call)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gate = by
}

// works lets a worker look after links until the test ends.
func (w *watched) works() {
	o := reconcile.Options{Kinds: w.kinds, Client: http.DefaultClient, Poll: 20 * time.Millisecond}
	_, stop := w.running(o)
	w.Cleanup(stop)
}

// reads counts how often the record was read by itself or with others.
func (w *watched) reads() (n int) {
	for _, c := range w.netvisor.Calls() {
		if strings.HasPrefix(c.Resource, "getcustomer") {
			n++
		}
	}
	return n
}

func (w *watched) by() hub.CustomerLookup {
	return hub.CustomerLookup{System: w.system, ExternalID: id(w.key)}
}

// refresh asks for values no older than that, and gives why there are none, and since when.
func (w *watched) refresh(oldest time.Duration) (why []hub.StaleReason, since time.Time) {
	w.Helper()
	stale, err := w.hub.Refresh(w.Context(), w.viewer, w.by(), oldest)
	w.must(err)
	for _, s := range stale {
		if s.System.ID != w.system || s.ExternalID != id(w.key) {
			w.Errorf("it tells of %+v", s)
		}
		why, since = append(why, s.Why), s.Since
	}
	return why, since
}

// ages makes what the hub has an hour older.
func (w *watched) ages() {
	w.owner(`UPDATE system SET fresh_at = fresh_at - interval '1 hour'`)
	w.owner(`UPDATE link SET looked_at = looked_at - interval '1 hour'`)
}

func (w *watched) changes(email string) {
	w.Helper()
	w.must(w.netvisor.Edit("", w.key, setting("Email", email)))
}

func (w *watched) email() string { return w.find(id(w.key)).Email }

// TestRefresh reads through to a simulated Netvisor over HTTP.
func TestRefresh(t *testing.T) {
	t.Parallel()
	t.Run("WhatIsNewEnoughIsAnsweredAtOnce", func(t *testing.T) {
		t.Parallel()
		w := watch(t) // nobody works, so nothing could come
		n := w.reads()
		if why, _ := w.refresh(time.Minute); len(why) != 0 || w.reads() != n {
			t.Errorf("got %v, %d calls", why, w.reads()-n)
		}
		l := w.find(id(w.key)).Links[0]
		if as := l.FreshAsOf(w.state().FreshAt); as.IsZero() || !as.Equal(w.state().FreshAt) || l.State != link.InSync {
			t.Errorf("the link is as of %v, the system of %v", as, w.state().FreshAt)
		}
	})
	t.Run("WhatIsOlderIsReadFirst", func(t *testing.T) {
		t.Parallel()
		w := watch(t)
		w.works()
		w.ages()
		w.changes("uusi@example.test")
		n := w.reads()
		if why, _ := w.refresh(time.Minute); len(why) != 0 || w.email() != "uusi@example.test" || w.reads() != n+1 {
			t.Errorf("got %v, %s, %d calls", why, w.email(), w.reads()-n)
		}
		l := w.find(id(w.key)).Links[0]
		if !l.FreshAsOf(w.state().FreshAt).After(w.state().FreshAt) || l.State != link.InSync {
			t.Errorf("the link is %+v", l.Link)
		}
		if why, _ := w.refresh(time.Minute); len(why) != 0 || w.reads() != n+1 {
			t.Errorf("it was read again: %v, %d calls", why, w.reads()-n)
		}
		w.changes("uudempi@example.test")
		if why, _ := w.refresh(0); len(why) != 0 || w.email() != "uudempi@example.test" {
			t.Errorf("with no age allowed: %v, %s", why, w.email())
		}
		if w.writes() != 0 {
			t.Errorf("%d calls wrote", w.writes())
		}
	})
	t.Run("AskersOfOneRecordShareACall", func(t *testing.T) {
		t.Parallel()
		w := watch(t)
		w.ages()
		w.changes("uusi@example.test")
		n := w.reads()
		arrived, release := make(chan struct{}), make(chan struct{})
		var once sync.Once
		w.gated(func(ctx context.Context, c sandbox.Call) {
			once.Do(func() { close(arrived) })
			select {
			case <-release:
			case <-ctx.Done():
			}
		})
		var all sync.WaitGroup
		ask := func() {
			all.Go(func() {
				if stale, err := w.hub.Refresh(t.Context(), w.viewer, w.by(), 0); err != nil || len(stale) != 0 {
					t.Errorf("got %+v, %v", stale, err)
				}
			})
		}
		w.works()
		for range 3 {
			ask()
		}
		wait(t, arrived)
		for range 3 { // while it is read
			ask()
		}
		w.asked(6)
		close(release)
		all.Wait()
		if w.reads() != n+1 || w.email() != "uusi@example.test" {
			t.Errorf("%d calls, %s", w.reads()-n, w.email())
		}
	})
	t.Run("ASystemThatIsDownIsToldOfAndTheHubAnswers", func(t *testing.T) {
		t.Parallel()
		w := watch(t)
		w.works()
		w.ages()
		before := w.state().FreshAt
		_, err := w.netvisor.Fault(sandbox.Fault{Kind: sandbox.FaultStatus, Status: 503})
		w.must(err)
		for _, name := range []string{"AfterTheCall", "WhileItIsHeld"} {
			if why, since := w.refresh(time.Minute); !slices.Equal(why, []hub.StaleReason{hub.SystemUnavailable}) || !since.Equal(before) {
				t.Errorf("%s: %v since %v, want %v", name, why, since, before)
			}
		}
		if w.email() != "info@example.test" {
			t.Errorf("the hub has %s", w.email())
		}
	})
	t.Run("APausedSystemIsNotAsked", func(t *testing.T) {
		t.Parallel()
		w := watch(t)
		w.works()
		w.ages()
		_, err := w.hub.PauseSystem(t.Context(), w.viewer, w.system, "")
		w.must(err)
		n := w.reads()
		if why, _ := w.refresh(time.Minute); !slices.Equal(why, []hub.StaleReason{hub.SystemNotRunning}) || w.reads() != n {
			t.Errorf("got %v, %d calls", why, w.reads()-n)
		}
	})
	t.Run("ARecordThatIsGoneIsToldOf", func(t *testing.T) {
		t.Parallel()
		w := watch(t)
		w.works()
		w.ages()
		w.must(w.netvisor.Remove("", w.key))
		if why, _ := w.refresh(time.Minute); !slices.Equal(why, []hub.StaleReason{hub.RecordNotFound}) {
			t.Errorf("got %v", why)
		}
		if c := w.find(id(w.key)); c.Status != customer.Active {
			t.Errorf("Promise 6: it is %s", c.Status)
		}
	})
	t.Run("TheWaitEnds", func(t *testing.T) {
		t.Parallel()
		w := watch(t) // and nobody works
		w.ages()
		h := w.other(hub.Options{ReadWait: 20 * time.Millisecond})
		stale, err := h.Refresh(t.Context(), w.viewer, w.by(), time.Minute)
		if err != nil || len(stale) != 1 || stale[0].Why != hub.TimedOut {
			t.Errorf("got %+v, %v", stale, err)
		}
	})
	t.Run("NoMoreThanSoManyWait", func(t *testing.T) {
		t.Parallel()
		w := watch(t)
		w.ages()
		h := w.other(hub.Options{ReadWait: time.Minute, ReadWaiters: 2})
		waiting, stop := context.WithCancel(t.Context())
		var all sync.WaitGroup
		defer all.Wait()
		defer stop()
		for range 2 {
			all.Go(func() { _, _ = h.Refresh(waiting, w.viewer, w.by(), time.Minute) })
		}
		waitFor(t, "two who wait", func() bool { return h.Waiting() == 2 })
		stale, err := h.Refresh(t.Context(), w.viewer, w.by(), time.Minute)
		if err != nil || len(stale) != 1 || stale[0].Why != hub.TooManyWaiting {
			t.Errorf("got %+v, %v", stale, err)
		}
	})
	t.Run("WhoMayNotReadCausesNothing", func(t *testing.T) {
		t.Parallel()
		w := watch(t)
		w.ages()
		v := w.viewer
		v.Scopes = []auth.Scope{auth.SystemsRead, auth.SystemsManage}
		if _, err := w.hub.Refresh(t.Context(), v, w.by(), 0); !fault.Is(err, fault.Forbidden) {
			t.Errorf("got %v", err)
		}
		if l := w.find(id(w.key)).Links[0]; !l.DueAt.IsZero() {
			t.Errorf("the link is due: %+v", l.Link)
		}
		v.Scopes = []auth.Scope{auth.CustomersRead} // enough, and no writing is needed
		h := w.other(hub.Options{ReadWait: 20 * time.Millisecond})
		if stale, err := h.Refresh(t.Context(), v, w.by(), 0); err != nil || len(stale) != 1 {
			t.Errorf("got %+v, %v", stale, err)
		}
	})
	t.Run("NobodyAndNonsense", func(t *testing.T) {
		t.Parallel()
		w := watch(t)
		if stale, err := w.hub.Refresh(t.Context(), w.viewer, hub.CustomerLookup{Number: "nobody"}, 0); err != nil || stale != nil {
			t.Errorf("got %+v, %v", stale, err)
		}
		if _, err := w.hub.Refresh(t.Context(), w.viewer, w.by(), -time.Second); !fault.Is(err, fault.Invalid) {
			t.Errorf("got %v", err)
		}
	})
}

// other is another hub on the same database.
func (w *watched) other(o hub.Options) *hub.Hub { return hub.New(w.db.App, o) }

// asked waits until so many reads wait.
func (w *watched) asked(n int) {
	w.Helper()
	waitFor(w.T, "all who ask", func() bool { return w.hub.Waiting() == n })
}
