package netvisorkyc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
	_ "time/tzdata" // the service counts days in Helsinki, also on machines without a zone database
)

const (
	maxBody = 1 << 20
	// patience is how long a client may take to send a body or to take an answer.
	patience = 60 * time.Second
)

// Sandbox is a simulated Netvisor KYC. It is an http.Handler and safe for use by many goroutines. Whoever makes one closes it.
type Sandbox struct {
	opts     Options
	helsinki *time.Location
	control  http.Handler
	journal  *journal
	client   *http.Client

	ctx     context.Context // ends with Close
	end     context.CancelFunc
	work    sync.WaitGroup
	kick    chan struct{}
	closing sync.Once
	offset  atomic.Int64 // how far the sandbox's clock is from Options.Now

	mu       sync.Mutex // guards what follows, and everything in the organisations
	orgs     map[string]*organisation
	order    []*organisation
	settings Settings
	actor    actor
	pending  record
	numbers  numbers
	stamped  time.Time
	day      string

	calls       []*Call
	effects     []Effect
	attempts    []Attempt
	faults      []*FaultState
	faultNumber int64
}

// numbers are what was numbered last.
type numbers struct {
	Candidate int64 `json:"candidate"`
	Customer  int64 `json:"customer"`
	Webhook   int64 `json:"webhook"`
	Call      int64 `json:"call"`
	Effect    int64 `json:"effect"`
	Attempt   int64 `json:"attempt"`
}

// ErrNotFound is returned where there is no such organisation, record or fault.
var ErrNotFound = errors.New("not found")

// New makes a sandbox and reads its state, if there is one.
func New(o Options) (*Sandbox, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	helsinki, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		return nil, fmt.Errorf("loading the time zone: %w", err)
	}
	s := &Sandbox{
		opts: o, helsinki: helsinki, settings: o.Settings.clone(), kick: make(chan struct{}, 1),
		orgs: map[string]*organisation{}, numbers: numbers{Candidate: 1000, Customer: 500},
		client: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
	s.ctx, s.end = context.WithCancel(context.Background())
	for i, given := range o.Organisations {
		org := newOrganisation(given, i+1)
		s.orgs[org.ID] = org
		s.order = append(s.order, org)
	}
	if o.State != "" {
		if err := s.openState(o.State); err != nil {
			s.end()
			return nil, err
		}
	}
	_ = s.locked(byProgram, func() error { // what the options say that support has done
		for _, org := range s.order {
			s.prepare(org)
		}
		return nil
	})
	s.control = s.controlPlane()
	s.work.Go(s.dispatch)
	return s, nil
}

// prepare does what the options say has been done, once in the life of an organisation, and takes up a verification that was under way.
func (s *Sandbox) prepare(o *organisation) {
	if o.integration.Revision == 0 {
		s.changeIntegration(o, func(i *integration) {
			i.Bootstrap = o.BootstrapToken
			if o.Enabled {
				i.Enabled, i.User, i.State = true, true, Enabled
			}
			if o.Token != "" {
				s.issue(i, o.Token)
			}
		})
	}
	if o.integration.State == Verifying {
		s.verifyLater(o)
	}
}

// Close ends what waits, the verifications and the webhooks, and lets go of the state on disk. It does not end requests; close the
// server first. Calling it again does nothing.
func (s *Sandbox) Close() error {
	var err error
	s.closing.Do(func() {
		s.mu.Lock() // whoever begins something has done so, or sees that it is over
		s.end()
		s.mu.Unlock()
		s.work.Wait()
		s.mu.Lock()
		defer s.mu.Unlock()
		err = s.journal.close()
	})
	return err
}

// Serve answers on the listener until the context ends, then lets requests in flight finish for a few seconds. It closes the
// listener and the sandbox, and returns nil after the context has ended unless the state could not be kept.
func (s *Sandbox) Serve(ctx context.Context, ln net.Listener) error {
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 120 * time.Second, MaxHeaderBytes: 64 << 10}
	done := make(chan error, 1)
	go func() { done <- server.Serve(ln) }()
	select {
	case err := <-done:
		return fmt.Errorf("serving the netvisor kyc sandbox: %w", errors.Join(err, s.Close()))
	case <-ctx.Done():
	}
	s.end() // what waits in faults goes on
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		_ = server.Close() // whoever is still reading is cut off
	}
	<-done
	return s.Close()
}

// wait waits, and returns false when the context ended or the sandbox was closed before.
func (s *Sandbox) wait(ctx context.Context, d time.Duration) bool {
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
	case <-s.ctx.Done():
	}
	return false
}

// locked is every way in which something changes: f runs alone, after what time itself has brought about, and what it changed goes to
// the state as one line.
func (s *Sandbox) locked(by actor, f func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.actor = actor{by: byClock}
	s.tick()
	s.actor = by
	err := f()
	s.flush()
	return err
}

// flush writes what has changed and wakes the webhooks.
func (s *Sandbox) flush() {
	if s.pending.empty() {
		return
	}
	s.journal.write(s.pending)
	s.pending = record{}
	s.wake()
}

func (s *Sandbox) wake() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// Organisations are the ids of the organisations served, in the order they were given.
func (s *Sandbox) Organisations() []string {
	var ids []string
	for _, o := range s.order {
		ids = append(ids, o.ID)
	}
	return ids
}

// Credentials are what a client needs to call in the name of an organisation; an empty id means the first one. False means there is no
// such organisation.
func (s *Sandbox) Credentials(org string) (Credentials, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.organisation(org)
	if err != nil {
		return Credentials{}, false
	}
	return Credentials{o.ID, o.Name, o.integration.Bootstrap, o.Token}, true
}

func (s *Sandbox) organisation(id string) (*organisation, error) {
	if id == "" {
		return s.order[0], nil
	}
	if o := s.orgs[id]; o != nil {
		return o, nil
	}
	return nil, fmt.Errorf("organisation %q: %w", id, ErrNotFound)
}
