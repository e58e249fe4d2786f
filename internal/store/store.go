package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"customerhub/internal/pg"
)

// NewID makes an id for a new row: a UUID of version 7, so that rows made together lie together in their index.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// IDFor makes the id of a new row: always the same one for the same owner and key, and a new one when there is no key.
func IDFor(owner, key string) string {
	if key == "" {
		return NewID()
	}
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(owner+"/"+key)).String()
}

// Trip sends what the queue functions put into a batch in one round trip and lets each read its answer.
func Trip(ctx context.Context, db pg.DB, queue func(b *pgx.Batch)) error {
	var b pgx.Batch
	queue(&b)
	if b.Len() == 0 {
		return nil
	}
	if err := db.SendBatch(ctx, &b).Close(); err != nil {
		return pg.Fault(err, "data")
	}
	return nil
}

const sqlKeepPlans = `SELECT set_config('plan_cache_mode', 'auto', true), set_config('enable_seqscan', 'off', true)`

const sqlAnalyzeCustomers = `SELECT hub_analyze_customers()`

// AnalyzeCustomers lets the planner look at the tables of customers, and plans that were kept be made anew. Checks of foreign
// keys are planned once for a connection; planned for empty tables, where all indexes look alike, they read all customers of
// an organisation for each row. It runs outside any organisation.
func AnalyzeCustomers(ctx context.Context, db pg.DB) error {
	_, err := db.Exec(ctx, sqlAnalyzeCustomers)
	return pg.Fault(err, "statistics")
}

// collect queues a query whose rows are appended to dst.
func collect[Row any](b *pgx.Batch, dst *[]Row, sql string, args pgx.StrictNamedArgs) {
	b.Queue(sql, args).Query(func(rows pgx.Rows) error {
		var err error
		*dst, err = pgx.AppendRows(*dst, rows, pgx.RowToStructByName[Row])
		return err
	})
}

// writeRows queues a statement that takes @rows, a JSON array of rows. No rows, no statement.
func writeRows[Row any](b *pgx.Batch, sql string, rows []Row) {
	if len(rows) == 0 {
		return
	}
	b.Queue(sql, pgx.StrictNamedArgs{"rows": asJSON(rows)})
}

// asJSON encodes what cannot fail to encode: rows of texts, numbers and times.
func asJSON(v any) string {
	out, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("encoding rows: %v", err))
	}
	return string(out)
}

// one says that exactly one row was written, else NotFound about what is named.
func one(tag pgconn.CommandTag, err error, what string, args ...any) error {
	if err == nil && tag.RowsAffected() == 0 {
		err = pgx.ErrNoRows
	}
	return pg.Fault(err, what, args...)
}

// timeOf is the time, or the zero time for NULL.
func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// timeOrNull is NULL for the zero time.
func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// textOrNull is NULL for an empty id.
func textOrNull[T ~string](s T) *string {
	if s == "" {
		return nil
	}
	t := string(s)
	return &t
}

func textOf[T ~string](s *string) T {
	if s == nil {
		return ""
	}
	return T(*s)
}

// strings gives a non-nil slice, since a nil one would be NULL.
func texts[T ~string](in []T) []string {
	out := make([]string, len(in))
	for i, s := range in {
		out[i] = string(s)
	}
	return out
}
