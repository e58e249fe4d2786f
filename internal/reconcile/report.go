package reconcile

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"customerhub/internal/fault"
	"customerhub/internal/hub"
	"customerhub/internal/mail"
	"customerhub/internal/pg"
	"customerhub/internal/store"
)

// ReporterOptions are what a Reporter works with beside hub, database and sender.
type ReporterOptions struct {
	Log *slog.Logger
	// Gather is how long the first failure waits for others; hub.ReportGather when zero, and not at all when negative.
	Gather time.Duration
	// Lease is how long a replica has a recipient for itself; 3 minutes when zero. One message has to be over before.
	Lease time.Duration
	// Backoff are the waits after failed tries, of which the last repeats; a minute to an hour when nil.
	Backoff []time.Duration
}

const (
	// senders is how many messages are under way at a time, so that one that is answered slowly holds up no other recipient
	// (Promise 7).
	senders = 4
	// refusedAgain is after how long an address that was refused is tried again: a mailbox may be there again.
	refusedAgain = 24 * time.Hour
	// noting bounds what is written after a message went out, also when the hub is shutting down.
	noting = 10 * time.Second
)

// Reporter sends error reports by e-mail. What they tell stands in the database (store/report.go): a report that is settled
// is sent until the mail server has accepted it, whoever dies in between. A hub that dies between the server's acceptance and
// the note of it sends the report twice, with the same Message-ID; none is lost.
type Reporter struct {
	hub    *hub.Hub
	pool   *pgxpool.Pool
	sender *mail.Sender
	o      ReporterOptions
	wake   chan struct{}
}

// NewReporter makes a Reporter. Any number of replicas may have one: the row of a recipient decides who sends to it.
func NewReporter(h *hub.Hub, pool *pgxpool.Pool, sender *mail.Sender, o ReporterOptions) *Reporter {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Gather = max(cmp.Or(o.Gather, hub.ReportGather), 0)
	o.Lease = cmp.Or(o.Lease, 3*time.Minute)
	if o.Backoff == nil {
		o.Backoff = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}
	}
	return &Reporter{hub: h, pool: pool, sender: sender, o: o, wake: make(chan struct{}, 1)}
}

// Wake lets Run look at once whether a report is due. It does not block.
func (r *Reporter) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run sends what is due whenever it is woken, until ctx ends, and returns nil.
func (r *Reporter) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.wake:
			r.SendDue(ctx)
		}
	}
}

// SendDue sends every report that is due, of all organisations. What fails is noted and tried again later.
func (r *Reporter) SendDue(ctx context.Context) {
	err := pg.InNoOrganisation(ctx, r.pool, pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		_, err := store.ForgetRecipients(ctx, tx, hub.ReportEvery)
		return err
	})
	r.note(ctx, "forgetting recipients", err)
	var all sync.WaitGroup
	for range senders {
		all.Go(func() {
			for ctx.Err() == nil {
				c, err := store.ClaimReport(ctx, r.pool, r.o.Lease, r.o.Gather)
				if err != nil || c == nil {
					r.note(ctx, "looking for what is due", err)
					return
				}
				r.note(ctx, "sending", r.send(ctx, *c), "organisation", c.Organisation)
			}
		})
	}
	all.Wait()
}

// note logs an error. Recipients are people's addresses, so no record names one (Promise 11).
func (r *Reporter) note(ctx context.Context, doing string, err error, args ...any) {
	if err != nil && ctx.Err() == nil {
		r.o.Log.Log(ctx, fault.CodeOf(err).Level(), "error reports", append(args, "doing", doing, "error", err)...)
	}
}

func (r *Reporter) send(ctx context.Context, c store.ReportClaim) error {
	out, err := r.hub.NextReport(ctx, c)
	if err != nil || out == nil {
		return err
	}
	failure := r.sender.Send(ctx, mail.Message{ID: out.ID, To: c.Recipient, Subject: out.Subject(), Text: out.Text(), Date: out.MadeAt})
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), noting)
	defer cancel()
	switch {
	case failure == nil:
		r.o.Log.Info("error report sent", "organisation", c.Organisation, "failures", out.Total())
		return r.hub.ReportSent(ending, c)
	case ctx.Err() != nil:
		return r.hub.ReleaseReport(ending, c)
	}
	f := fault.Of(failure)
	r.o.Log.Warn("error report not sent", "organisation", c.Organisation, "code", fault.CodeOf(failure), "reason", f.Message)
	r.o.Log.Debug("error report not sent", "organisation", c.Organisation, "error", failure) // the server's words may name people
	return r.hub.ReportFailed(ending, c, failure, r.waitFor(f.Code, out.Attempt))
}

func (r *Reporter) waitFor(code fault.Code, attempt int) time.Duration {
	if code == fault.Rejected || code == fault.Invalid {
		return refusedAgain
	}
	return r.o.Backoff[min(attempt, len(r.o.Backoff)-1)]
}
