package pg

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Notice is what a listener hears.
type Notice struct {
	// Channel and Payload are those of the notification. Both are empty when Resumed is set.
	Channel, Payload string
	// Resumed says that listening has just begun, at the start or after the connection was lost: notifications may have
	// been missed, so the handler looks at everything.
	Resumed bool
}

// ListenOptions tune Listen. Zero values are right outside tests.
type ListenOptions struct {
	// Logger hears of lost connections. Nil means silence.
	Logger *slog.Logger
	// Keepalive is how long silence is believed before the connection is proven by a round trip. Zero means 30 seconds.
	Keepalive time.Duration
	// Backoff is the longest wait between attempts to connect. Zero means 5 seconds.
	Backoff time.Duration
}

const (
	listenKeepalive  = 30 * time.Second
	listenBackoff    = 5 * time.Second
	listenFirstDelay = 50 * time.Millisecond
	listenProof      = 5 * time.Second
)

// Listen hands every notification on the channels to handle, one at a time and in order, until ctx ends; it returns the
// cause of that end and nothing else. It uses a connection of its own, made with the pool's settings, and makes a fresh
// one whenever it is lost, so listening survives a restart of Postgres. Notifications are hints: those sent while there
// was no connection are lost, and a Notice with Resumed stands for them. handle should return soon; while it runs, the
// server keeps what arrives.
func Listen(ctx context.Context, pool *pgxpool.Pool, channels []string, handle func(context.Context, Notice), o ListenOptions) error {
	log := cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	longest := cmp.Or(o.Backoff, listenBackoff)
	delay := listenFirstDelay
	for {
		heard, err := listenOnce(ctx, pool.Config().ConnConfig, channels, handle, cmp.Or(o.Keepalive, listenKeepalive))
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if heard {
			delay = listenFirstDelay
		}
		log.Info("listening to the database was interrupted", "error", err, "retry_in", delay)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		// Half fixed and half random, so that replicas do not come back in step.
		case <-time.After(delay/2 + rand.N(delay/2+1)):
		}
		delay = min(2*delay, max(longest, listenFirstDelay))
	}
}

// listenOnce listens on one connection until it is lost. heard says whether listening had begun.
func listenOnce(ctx context.Context, config *pgx.ConnConfig, channels []string, handle func(context.Context, Notice), keepalive time.Duration) (heard bool, err error) {
	config.RuntimeParams["application_name"] = "hub listen"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return false, connectFault(err, config)
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(end)
	}()
	for _, channel := range channels {
		if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
			return false, Fault(err, "listening on %s", channel)
		}
	}
	handle(ctx, Notice{Resumed: true})
	for {
		n, err := nextNotification(ctx, conn, keepalive)
		if err != nil {
			return true, err
		}
		if n != nil {
			handle(ctx, *n)
		}
	}
}

// nextNotification waits for one notification, or for silence as long as keepalive, which ends in a proof that the
// connection still works: a peer that vanished says nothing either.
func nextNotification(ctx context.Context, conn *pgx.Conn, keepalive time.Duration) (*Notice, error) {
	quiet, cancel := context.WithTimeout(ctx, keepalive)
	defer cancel()
	n, err := conn.WaitForNotification(quiet)
	switch {
	case err == nil:
		return &Notice{Channel: n.Channel, Payload: n.Payload}, nil
	case ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded):
		return nil, err
	}
	proof, done := context.WithTimeout(ctx, listenProof)
	defer done()
	return nil, conn.Ping(proof)
}

// Notify sends a notification on the channel. Inside a transaction it leaves when that commits. The payload carries a
// topic or an id, never data, and is shorter than 8000 bytes.
func Notify(ctx context.Context, db DB, channel, payload string) error {
	_, err := db.Exec(ctx, "SELECT pg_notify($1, $2)", channel, payload)
	return Fault(err, "notifying %s", channel)
}
