package reconcile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/jackc/pgx/v5/pgxpool"

	"customerhub/internal/connector"
	"customerhub/internal/fault"
	"customerhub/internal/finnish"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/run"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// Options are what a Worker works with.
type Options struct {
	Log   *slog.Logger
	Kinds map[system.Kind]connector.Kind
	// Client makes the calls outside.
	Client *http.Client
	// Workers is how many runs go on at a time; 0 means 4.
	Workers int
	// Links is on how many systems single customers are brought into agreement at a time; 0 means 8.
	Links int
	// Backoff is how long to wait after the first, second … failure in a row; the last counts for all further ones. Nil means
	// 5 s, 30 s, 2 min, 15 min (Netvisor contract section 5).
	Backoff []time.Duration
	// LongestWrite is how long a system may still be at work on a call whose answer was lost; 0 means what its connector says.
	LongestWrite time.Duration
	// Poll is how long a worker that was not woken waits before it looks for work; 0 means 2 s.
	Poll time.Duration
	// Lease is how long a worker's hold of a run or a lane counts without a sign of life; 0 means 30 s. A process that is
	// frozen for longer may overlap with its successor (Promise 10 names the exception).
	Lease time.Duration
	// Verification is how long a system may take to verify what it was handed; 0 means 2 min. It is asked again every Poll.
	Verification time.Duration
	// Now is the process's clock; nil is the machine's. Nothing is decided or signed by it: it only tells how time goes on between
	// two answers of the database, whose clock counts (T36).
	Now func() time.Time
	// Clock is the database's clock as others of the process know it too; nil makes one of Now.
	Clock *store.Clock
}

// Worker claims runs and carries them out.
type Worker struct {
	hub    *hub.Hub
	pool   *pgxpool.Pool
	o      Options
	holder string
	wake   chan struct{}
	// wakeLinks is the same for links.
	wakeLinks chan struct{}
}

// NewWorker makes a Worker. The pool is used for claims and lanes only.
func NewWorker(h *hub.Hub, pool *pgxpool.Pool, o Options) *Worker {
	if o.Workers == 0 {
		o.Workers = 4
	}
	if o.Links == 0 {
		o.Links = 8
	}
	if len(o.Backoff) == 0 {
		o.Backoff = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 15 * time.Minute}
	}
	if o.Poll == 0 {
		o.Poll = 2 * time.Second
	}
	if o.Lease == 0 {
		o.Lease = 30 * time.Second
	}
	if o.Verification == 0 {
		o.Verification = 2 * time.Minute
	}
	if o.Clock == nil {
		o.Clock = store.NewClock(o.Now)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Worker{
		hub: h, pool: pool, o: o, holder: store.NewID(), wake: make(chan struct{}, o.Workers), wakeLinks: make(chan struct{}, 1),
	}
}

// Wake says that there may be work. It never blocks, and losing it costs no more than Options.Poll.
func (w *Worker) Wake() {
	for range w.o.Workers {
		select {
		case w.wake <- struct{}{}:
		default:
			return
		}
	}
}

// Run works until ctx ends, then gives back what it holds and returns nil.
func (w *Worker) Run(ctx context.Context) error {
	var all sync.WaitGroup
	for range w.o.Workers {
		all.Go(func() { w.loop(ctx) })
	}
	all.Go(func() { w.dispatch(ctx) })
	all.Wait()
	return nil
}

// WakeLinks says that a link may be due. It never blocks, and losing it costs no more than Options.Poll.
func (w *Worker) WakeLinks() {
	select {
	case w.wakeLinks <- struct{}{}:
	default:
	}
}

func (w *Worker) loop(ctx context.Context) {
	for ctx.Err() == nil {
		worked, err := w.RunOne(ctx)
		if err != nil && ctx.Err() == nil {
			w.o.Log.Log(ctx, fault.CodeOf(err).Level(), "looking for work", "error", err)
		}
		if worked {
			continue
		}
		// The wait varies, so that replicas started together do not ask together.
		timer := time.NewTimer(w.o.Poll/2 + rand.N(w.o.Poll))
		select {
		case <-ctx.Done():
		case <-w.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// RunOne claims one run and carries it out; false means that there was none. The fate of the run is written in the run; the
// error is for trouble in getting at it.
func (w *Worker) RunOne(ctx context.Context) (bool, error) {
	claim, err := store.ClaimRun(ctx, w.pool, w.holder, w.o.Lease)
	if err != nil || claim == nil {
		return false, err
	}
	j := &job{worker: w, claim: *claim}
	renew := func(ctx context.Context) error { return w.hub.RenewWork(ctx, j.claim, w.o.Lease) }
	runErr := keeping(ctx, w.o.Lease, renew, func(ctx context.Context) error {
		return guarded(func() error { return j.carryOut(ctx) })
	})
	return true, j.finish(ctx, runErr)
}

// job is one claimed run on its way.
type job struct {
	worker *Worker
	claim  store.Claim
	work   hub.Work
	report hub.SystemReport
	log    *slog.Logger
	// silent is how many records in a row could not be read, up to now. Only who reads looks at it.
	silent int
	// priority is that of the run's calls.
	priority link.Priority
}

// errNotRunning is why a run is cancelled: its system stopped while it waited, and must not be called.
var errNotRunning = fault.Because(fault.Invalid, "SYSTEM_NOT_RUNNING", "The system was not running any more when the run's turn came.")

func (j *job) carryOut(ctx context.Context) error {
	w := j.worker
	j.log = w.o.Log.With("run", j.claim.Run, "organisation", j.claim.Organisation)
	var err error
	j.work, err = w.hub.StartWork(ctx, j.claim)
	s := j.work.System
	j.report.CredentialsSetAt = s.CredentialsSetAt
	j.priority = link.Bulk
	switch j.work.Run.Kind {
	case run.Check, run.Credential, run.Submitting, run.Pausing:
		j.priority = link.Interactive // a person waits for it
	}
	if s.ID != "" && !mayCall(j.work.Run.Kind, s.State) {
		return errNotRunning
	}
	if err != nil {
		return err
	}
	if j.work.Undo != nil {
		return j.undo(ctx)
	}
	kind, ok := w.o.Kinds[j.work.System.Kind]
	if !ok {
		return fault.New(fault.Unsupported, "This hub has no connector for %s.", j.work.System.Kind)
	}
	conn, err := kind.Open(connector.Config{
		Settings: j.work.System.Settings, Credentials: j.work.Credentials, Client: w.o.Client, Log: j.log, Now: w.o.Clock.Now,
	})
	if err != nil {
		return err
	}
	lane := LaneOf(kind, j.work.System)
	switch j.work.Run.Kind {
	case run.Check:
		return j.check(ctx, conn, lane)
	case run.Credential, run.Submitting, run.Pausing:
		return j.activate(ctx, conn, lane)
	}
	if err := j.ensureStarted(ctx, conn, lane); err != nil {
		return err
	}
	if err := j.subscribe(ctx, conn, lane); err != nil {
		return err
	}
	if err := j.noteSeries(ctx, conn, lane); err != nil {
		return err
	}
	if p := j.work.Plan; p != nil {
		// What is foreseen and what is done go by the plan's mode, and by nothing that somebody decided since.
		j.work.System.Policy.Direction, _ = p.Mode.Direction()
	}
	return j.pull(ctx, kind, conn, lane)
}

// mayCall says whether a run of a kind may call a system in a state.
func mayCall(k run.Kind, s system.State) bool {
	switch k {
	case run.Check, run.Credential, run.Submitting, run.Undoing: // the last calls nothing
		return true
	case run.Pausing:
		return s == system.Paused
	case run.Planning, run.Applying, run.Certifying:
		return s == system.Checked || s == system.Planned || s == system.Running || s == system.Paused
	}
	return s == system.Running
}

// finish writes the end of the run. A worker that is shutting down gives the run back instead, so that another goes on.
func (j *job) finish(ctx context.Context, err error) error {
	// The end has to be written even when ctx has ended.
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err != nil && ctx.Err() != nil {
		return j.worker.hub.ReleaseWork(ending, j.claim)
	}
	if fault.Is(err, fault.Stale) {
		j.log.Info("run went into other hands")
		return nil
	}
	r := j.work.Run
	r.ID, r.State = j.claim.Run, run.Succeeded
	if errors.Is(err, errNotRunning) {
		r.State, r.Message = run.Cancelled, hub.Shown(err)
		j.log.Info("run cancelled: its system is not running", "kind", r.Kind, "state", j.work.System.State)
	} else if err != nil {
		r.State, r.FaultCode, r.Message = run.Failed, fault.CodeOf(err), hub.Shown(err)
		if f := fault.Of(err); f != nil {
			r.Sample = sample(f.Sample)
		}
		j.report.Fault = err
		j.log.Log(ctx, r.FaultCode.Level(), "run failed", "kind", r.Kind, "code", r.FaultCode, "error", err)
	} else {
		j.log.Debug("run ended", "kind", r.Kind, "read", r.Counts.Read, "created", r.Counts.Created, "updated", r.Counts.Updated)
	}
	finishErr := j.worker.hub.FinishWork(ending, j.claim, r, j.report)
	if fault.Is(finishErr, fault.Stale) {
		return nil
	}
	return finishErr
}

// maxSample is how much of an answer that could not be understood is kept.
const maxSample = 2000

// sample makes a part of an answer fit to be stored, whatever it is: the connector has masked it, and once more does no harm.
func sample(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == 0 || unicode.IsControl(r) && r != '\n' && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(s, string(unicode.ReplacementChar)))
	if len(s) > maxSample {
		s = strings.ToValidUTF8(s[len(s)-maxSample:], "")
	}
	return finnish.MaskIdentityCodes(s)
}

func (j *job) check(ctx context.Context, conn connector.Connection, lane string) error {
	checker, ok := conn.(connector.Checker)
	if !ok {
		j.report.Checks = []system.Check{{Name: "connector", OK: true}}
		return nil
	}
	var checks []system.Check
	err := j.inLane(ctx, lane, func(ctx context.Context, _ time.Time) error {
		var err error
		checks, err = checker.Check(ctx)
		return err
	})
	if err != nil {
		return err
	}
	j.report.Checks = checks
	if err := j.noteSeries(ctx, conn, lane); err != nil && !fault.Is(err, fault.Denied) { // which the checks tell
		return err
	}
	if err := j.noteActivation(ctx, conn, lane); err != nil {
		return err
	}
	j.work.Run.Total, j.work.Run.Done = len(checks), len(checks)
	for _, c := range checks {
		if !c.OK {
			return fault.Because(fault.Denied, "CHECK_FAILED", "%s: %s", c.Name, c.Message)
		}
	}
	return nil
}

// noteSeries asks a system that numbers customers by itself for its series (R90, R91).
func (j *job) noteSeries(ctx context.Context, conn connector.Connection, lane string) error {
	numberer, ok := conn.(connector.Numberer)
	if !ok {
		return nil
	}
	return j.inLane(ctx, lane, func(ctx context.Context, _ time.Time) error {
		told, err := numberer.Series(ctx)
		if err == nil {
			j.report.Series = append([]system.Series{}, told...)
		}
		return err
	})
}

// LaneOf names the lane of a system. It is hashed, since it holds the company's business ID.
func LaneOf(kind connector.Kind, s system.System) string {
	sum := sha256.Sum256([]byte(string(s.Kind) + "\n" + kind.Lane(s.Settings)))
	return hex.EncodeToString(sum[:])
}
