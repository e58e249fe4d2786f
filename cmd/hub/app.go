package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"customerhub/graph"
	"customerhub/internal/connector"
	"customerhub/internal/crash"
	"customerhub/internal/feed"
	"customerhub/internal/hub"
	"customerhub/internal/inbound"
	"customerhub/internal/mail"
	"customerhub/internal/organisation"
	"customerhub/internal/outbound"
	"customerhub/internal/pg"
	"customerhub/internal/reconcile"
	"customerhub/internal/schedule"
	"customerhub/internal/secret"
	"customerhub/internal/server"
	"customerhub/internal/store"
	"customerhub/internal/system"

	"github.com/jackc/pgx/v5"
)

// app is a hub put together: what serve and the demo run.
type app struct {
	hub    *hub.Hub
	feed   *feed.Feed
	worker *reconcile.Worker // nil without a keyset
	// reporter is nil without a mail server.
	reporter *reconcile.Reporter
	api      *graph.API
	server   *server.Server
	inbound  *inbound.Receiver
	clock    *store.Clock
	db       *database
	p        *program
}

type appOptions struct {
	keyset         *secret.Keyset // without one, the hub serves and leaves the runs to others
	mail           *mail.Server   // without one, the hub leaves error reports to others
	development    bool
	introspection  bool
	plainReads     bool // every query is executed field by field
	allowedOrigins []string
	publicURL      string       // where systems reach the hub; empty where nobody said
	clock          *store.Clock // newApp makes it; without one a worker makes its own
	// Zero is the worker's default for each.
	lease, retryAfter, lostAfter time.Duration
	// readWait and readWaiters are the hub's default where they are zero.
	readWait    time.Duration
	readWaiters int
}

// newApp puts a hub together. It fails when what the hub is made of does not fit together or does not fit the database.
func newApp(ctx context.Context, p *program, d *database, o appOptions) (*app, error) {
	o.clock = store.NewClock(nil)
	a := &app{db: d, p: p, clock: o.clock}
	if err := a.setClock(ctx); err != nil {
		return nil, err
	}
	kinds := kinds()
	a.feed = feed.New(d.pool, feed.Options{Log: p.log})
	a.hub = newHub(p, d, kinds, o, a.feed)
	if o.mail != nil {
		a.reporter = reconcile.NewReporter(a.hub, d.pool, mail.NewSender(o.mail, mail.Options{}), reconcile.ReporterOptions{Log: p.log})
	}
	if o.keyset != nil {
		// A worker without it would claim runs that another hub can do, and fail them.
		a.worker = newWorker(p, d, kinds, a.hub, o)
	}
	api := graph.Options{Hub: a.hub, Feed: a.feed, Pool: d.pool, Now: a.clock.Now}
	if o.plainReads {
		api.Pool = nil
	}
	a.api = graph.New(api)
	if err := a.api.Check(ctx); err != nil {
		return nil, err
	}
	a.inbound = inbound.New(inbound.Options{Hub: a.hub, Kinds: kinds, Log: p.log})
	a.server = server.New(server.Options{
		API: a.api, Auth: a.hub, Inbound: a.inbound, Log: p.log, Ready: a.hub.Ping, ClockAhead: a.clock.Ahead,
		Development: o.development, Introspection: o.introspection, AllowedOrigins: o.allowedOrigins,
	})
	return a, nil
}

func newHub(p *program, d *database, kinds map[system.Kind]connector.Kind, o appOptions, f *feed.Feed) *hub.Hub {
	return hub.New(d.pool, hub.Options{
		Log: p.log, Kinds: reconcile.Specs(kinds), Keyset: o.keyset, Mails: o.mail != nil, PublicURL: o.publicURL,
		Wake: func(t hub.Topic, org organisation.ID) { f.Signal(feed.Topic(t), org) },
		Watch: func(ctx context.Context, t hub.Topic, org organisation.ID) <-chan struct{} {
			return f.Watch(ctx, feed.Topic(t), org)
		},
		ReadWait: o.readWait, ReadWaiters: o.readWaiters,
	})
}

func newWorker(p *program, d *database, kinds map[system.Kind]connector.Kind, h *hub.Hub, o appOptions) *reconcile.Worker {
	client := outbound.Client(outbound.Options{Log: p.log})
	client.Transport = crash.Transport(client.Transport)
	return reconcile.NewWorker(h, d.pool, reconcile.Options{
		Log: p.log, Kinds: kinds, Client: client, Clock: o.clock, Lease: o.lease, Backoff: backoff(o.retryAfter), LongestWrite: o.lostAfter,
	})
}

// backoff grows from the first wait as the worker's own does: six times, four times, seven times as long. Nil is the worker's.
func backoff(first time.Duration) []time.Duration {
	if first == 0 {
		return nil
	}
	return []time.Duration{first, 6 * first, 24 * first, 180 * first}
}

// proposeEvery is how often the hub looks whether a system is due.
const proposeEvery = time.Second

// run serves on the listener and works until ctx ends or something fails, and then ends everything in order.
func (a *app) run(ctx context.Context, ln net.Listener) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	start := func(name string, fn func(context.Context) error) {
		all.Go(func() {
			if err := fn(ctx); err != nil {
				cancel(fmt.Errorf("%s: %w", name, err))
			}
		})
	}
	start("feed", a.feed.Run)
	if a.worker != nil {
		start("worker", a.worker.Run)
		start("wake-ups", a.wakeWorker)
	}
	tasks := []schedule.Task{
		{Name: "due systems", Every: proposeEvery, Propose: a.propose},
		{Name: "clock", Every: time.Minute, Propose: a.setClock},
		{Name: "due diligences that expire", Every: time.Minute, Propose: a.tellExpiring},
		{Name: "persons of no customer", Every: time.Hour, Propose: a.eraseOrphans},
		{Name: "messages of systems", Every: time.Hour, Propose: a.forgetEvents},
	}
	if a.reporter != nil {
		start("error reports", a.reporter.Run)
		tasks = append(tasks, schedule.Task{Name: "error reports", Every: reportsEvery, Propose: a.proposeReports})
	}
	start("schedule", func(ctx context.Context) error { return schedule.Run(ctx, a.p.log, tasks...) })
	start("refused messages", a.inbound.Run)
	start("http", func(ctx context.Context) error {
		defer a.inbound.Close()
		return serveHTTP(ctx, ln, a.server)
	})
	if a.db.server != nil {
		start("postgres", a.watchPostgres)
	}
	<-ctx.Done()
	all.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// setClock asks the database for its time, by which everything goes.
func (a *app) setClock(ctx context.Context) error { return a.clock.Set(ctx, a.db.pool) }

// wakeWorker lets the worker look at once when a run was queued, or a customer changed, anywhere.
func (a *app) wakeWorker(ctx context.Context) error {
	runs, changes := a.feed.Watch(ctx, feed.TopicRuns, ""), a.feed.Watch(ctx, feed.TopicChanges, "")
	for runs != nil || changes != nil {
		select {
		case _, ok := <-runs:
			if !ok {
				runs = nil
				continue
			}
			a.worker.Wake()
		case _, ok := <-changes:
			if !ok {
				changes = nil
				continue
			}
			a.worker.WakeLinks()
		}
	}
	return nil
}

// propose queues runs for systems that are due.
func (a *app) propose(ctx context.Context) error {
	var queued int
	err := pg.InNoOrganisation(ctx, a.db.pool, pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		var err error
		queued, err = store.ProposePolls(ctx, tx)
		return err
	})
	if queued > 0 {
		a.feed.Signal(feed.TopicRuns, "")
	}
	return err
}

// tellExpiring tells of due diligences that expire. Looking each minute finds the first one of the day, also one whose night has 23 hours
// or 25, and a hub that was away over midnight; on all others nothing is due, which costs one small statement.
func (a *app) tellExpiring(ctx context.Context) error {
	n, err := a.hub.TellExpiring(ctx)
	if n > 0 {
		a.p.log.Info("told of due diligences that expire", "customers", n)
	}
	return err
}

// eraseOrphans erases persons whom no customer has had as a contact for long enough.
func (a *app) eraseOrphans(ctx context.Context) error {
	n, err := a.hub.EraseOrphans(ctx)
	if n > 0 {
		a.p.log.Info("erased persons of no customer", "persons", n)
	}
	return err
}

// forgetEvents forgets messages that no system sends again.
func (a *app) forgetEvents(ctx context.Context) error {
	_, err := a.hub.ForgetEvents(ctx)
	return err
}

func (a *app) watchPostgres(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-a.db.server.Done():
		return a.db.server.Err()
	}
}

// shutdownTime is how long requests under way may take to end.
const shutdownTime = 10 * time.Second

func serveHTTP(ctx context.Context, ln net.Listener, s *server.Server) error {
	httpServer := &http.Server{
		Handler: s, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	failed := make(chan error, 1)
	go func() { failed <- httpServer.Serve(ln) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	s.Close() // streams end first, since they would never end by themselves
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	if err := httpServer.Shutdown(ending); err != nil {
		return errors.Join(err, httpServer.Close())
	}
	return nil
}

// listen opens a TCP address, with an error that names the flag and says what to do when it is taken.
func listen(ctx context.Context, address, flag string) (net.Listener, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s %s is taken: stop what listens there, or name another address: %w", flag, address, syscall.EADDRINUSE)
	case err != nil:
		return nil, fmt.Errorf("%s %s cannot be listened on: %w", flag, address, innermost(err))
	}
	return ln, nil
}
