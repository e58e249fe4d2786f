package flex

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxBody  = 256 << 10
	maxQuery = 8 << 10
	// patience is how long the client may take to send its body, and to take the answer.
	patience = 60 * time.Second
)

// Sandbox is a simulated Admicom Flex. It is an http.Handler and safe for use by many goroutines. It delivers events until it is closed.
type Sandbox struct {
	opts          Options
	organisations map[string]*organisation
	order         []*organisation
	control       http.Handler
	hooks         *http.Client

	offset  atomic.Int64
	journal *journal
	closing sync.Once
	stop    chan struct{}
	// alive ends with the sandbox, and with it what is being sent.
	alive      context.Context //nolint:containedctx // the life of the sandbox itself
	kill       context.CancelFunc
	woken      chan struct{}
	dispatched chan struct{}
	attempts   sync.WaitGroup

	mu       sync.Mutex // guards what follows, and the organisations
	settings Settings
	turned   bool // the settings have been set since the sandbox's first start
	chance   *rand.Rand
	stamped  time.Time

	calls          []*Call
	callNumber     int64
	effects        []Effect
	effectNumber   int64
	deliveries     []Delivery
	deliveryNumber int64
	queue          map[int64]*pending
	pendingNumber  int64
	recent         []*pending
	inFlightHooks  int
	moved          chan struct{} // closed, and made anew, when the queue changes
	faults         []*FaultState
	faultNumber    int64
}

// New makes a sandbox. Close it, or Serve it until its context ends.
func New(o Options) (*Sandbox, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Sandbox{
		opts: o, organisations: map[string]*organisation{}, queue: map[int64]*pending{},
		stop: make(chan struct{}), woken: make(chan struct{}, 1), dispatched: make(chan struct{}), moved: make(chan struct{}),
		// An answer of a subscriber that sends elsewhere is an answer, and no success.
		hooks: &http.Client{
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport:     &http.Transport{MaxIdleConnsPerHost: maxInFlight, IdleConnTimeout: 30 * time.Second},
		},
	}
	s.alive, s.kill = context.WithCancel(context.Background())
	s.apply(Settings{RatePerMinute: o.RatePerMinute, Latency: Duration(o.Latency), RetryScale: o.RetryScale, Webhooks: o.Webhooks})
	for _, given := range o.Organisations {
		g := &organisation{id: given.ID, name: given.Name, enabled: given.Enabled, byNumber: map[string]int{}, lastKey: int64(len(given.Keys))}
		for _, k := range given.Keys {
			g.keys = append(g.keys, &key{id: k.ID, secret: k.Secret, scopes: k.Scopes})
		}
		for _, t := range given.Types {
			g.putType(new(t.clone()))
			g.noteType(t.ID)
		}
		if err := g.generate(o); err != nil {
			return nil, err
		}
		s.organisations[g.id] = g
		s.order = append(s.order, g)
	}
	if o.State != "" {
		if err := s.openState(o.State); err != nil {
			return nil, err
		}
	}
	s.control = s.controlPlane()
	go s.dispatch()
	return s, nil
}

// Close ends what waits in faults and in deliveries and lets go of the state on disk. It does not end requests; close the server first. Calling it
// again does nothing.
func (s *Sandbox) Close() error {
	var err error
	s.closing.Do(func() {
		close(s.stop)
		s.kill()
		<-s.dispatched
		s.hooks.CloseIdleConnections()
		err = s.journal.close()
	})
	return err
}

// Handler is the sandbox itself.
func (s *Sandbox) Handler() http.Handler { return s }

// Organisations are the ids of the organisations served, in the order they were given.
func (s *Sandbox) Organisations() []string {
	ids := make([]string, len(s.order))
	for i, o := range s.order {
		ids[i] = o.id
	}
	return ids
}

// wait waits, and returns false when the context ended or the sandbox was closed before.
func (s *Sandbox) wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	if s.opts.Wait != nil {
		s.opts.Wait(ctx, d)
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-s.stop:
	}
	return false
}

// Settled waits until no delivery is due or in an attempt. Those that wait for another attempt or are held back are left to wait.
func (s *Sandbox) Settled(ctx context.Context) error {
	for {
		s.mu.Lock()
		busy, now, moved := s.inFlightHooks > 0, s.Now(), s.moved
		for _, p := range s.queue {
			busy = busy || !p.Due.After(now)
		}
		s.mu.Unlock()
		if !busy {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// ServeHTTP answers as Flex does, and as the control plane below /_control/. Faults that close the connection do so by panicking with
// http.ErrAbortHandler, which a server of net/http expects.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	deadlines := http.NewResponseController(w)
	_ = deadlines.SetWriteDeadline(time.Time{}) // not every ResponseWriter has deadlines
	if r.ContentLength != 0 {
		_ = deadlines.SetReadDeadline(time.Now().Add(patience)) // a body that never ends
	}
	if strings.HasPrefix(r.URL.Path, controlPrefix) {
		s.control.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	_ = deadlines.SetReadDeadline(time.Time{})
	if err != nil {
		panic(http.ErrAbortHandler) // the client left before it had asked for anything
	}
	call := Call{
		Start: s.Now(), Method: clip(r.Method), Path: clip(r.URL.Path), Query: clip(r.URL.RawQuery),
		Origin: clip(r.Header.Get(headerOrigin)), IfMatch: clip(r.Header.Get("If-Match")), IfNoneMatch: clip(r.Header.Get("If-None-Match")),
	}
	if s.opts.KeepBodies {
		call.Body = strings.ToValidUTF8(string(body[:min(len(body), keptBody)]), "\uFFFD")
	}
	entry := s.begin(call)
	a := s.answer(entry, r, body)
	s.finish(entry, a)
	_ = deadlines.SetWriteDeadline(time.Now().Add(patience))
	if s.send(w, entry, a) {
		panic(http.ErrAbortHandler)
	}
}

// gone is the answer to a client that has left, or is made to believe that nobody is there.
func gone() *answer { return &answer{aborted: true} }

// answer finds the answer to a call, with all faults that meet it.
func (s *Sandbox) answer(entry *Call, r *http.Request, body []byte) *answer {
	o, k := s.authenticate(entry, r.Header.Get("Authorization"))
	st := s.strike(entry)
	if st.find(FaultLostRequest) != nil {
		return gone()
	}
	if !s.wait(r.Context(), time.Duration(s.Settings().Latency)+st.delay(FaultLatency)) {
		return gone()
	}
	if a := st.instead(false); a != nil {
		return a
	}
	one, a := find(r)
	if a != nil {
		return a
	}
	if p := s.allow(o, k, one.scope, st); p != nil {
		return p.answer()
	}
	if len(body) > maxBody || len(r.URL.RawQuery) > maxQuery {
		return refuse(http.StatusRequestEntityTooLarge, CodeBodyTooLarge, "a body has at most %d bytes and a query at most %d", maxBody, maxQuery).answer()
	}
	if !s.wait(context.WithoutCancel(r.Context()), st.delay(FaultSlowCommit)) {
		return gone()
	}
	a = one.answer(s, &request{
		Request: r, o: o, entry: entry, body: body, hide: Duration(st.delay(FaultLag)), strikes: st,
		actor: actor{by: byCall, call: entry.Number, name: "api:" + k.id},
	})
	if !s.wait(r.Context(), st.delay(FaultSlowAnswer)) {
		a.aborted, a.sent = true, 0
		return a
	}
	if other := st.instead(true); other != nil {
		other.committed = a.committed
		return other
	}
	st.spoil(a)
	return a
}

// Serve answers on the listener until the context ends, then lets requests in flight finish for a few seconds. It closes the
// listener and the sandbox, and returns nil after the context has ended unless the state could not be kept.
func (s *Sandbox) Serve(ctx context.Context, ln net.Listener) error {
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    64 << 10,
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(ln) }()
	select {
	case err := <-done:
		_ = s.Close()
		return fmt.Errorf("serving the flex sandbox: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		_ = server.Close() // whoever is still reading is cut off
	}
	<-done
	return s.Close()
}
