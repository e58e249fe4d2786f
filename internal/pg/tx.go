package pg

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"customerhub/internal/fault"
)

// TxOptions say how a transaction is run. The zero value is a plain READ COMMITTED transaction, run once.
type TxOptions struct {
	// Serializable asks for the strictest isolation instead of READ COMMITTED.
	Serializable bool
	// RetryConflicts runs fn again, from its start, in a new transaction when it lost against another one (serialisation
	// failure or deadlock): three runs in all. fn must then be repeatable.
	RetryConflicts bool
	// FreshPlans plans every statement for its arguments and the tables as they are. Bulk work asks for it: a plan that was
	// kept from when a table was empty would read all of it, again and again, until the table is next analysed. What bulk work
	// looks up lies together and is in memory, so a page out of order costs little more than the next one.
	FreshPlans bool
}

const (
	conflictRuns    = 3
	rollbackTimeout = 3 * time.Second
)

// InOrganisation runs fn in one transaction that sees the rows of one organisation only (Promise 7): row security reads
// the setting hub.organisation, which ends with the transaction. BEGIN and the setting travel in one round trip.
//
// The transaction commits when fn returns nil. It rolls back when fn returns an error, which comes back as it is, or
// panics, or when ctx ends; a connection whose transaction could not be ended is closed and never returns to the pool.
// organisationID is a UUID; anything else is Invalid and reaches no database. When the answer to COMMIT is lost the
// fault is Unavailable and the outcome is unknown.
func InOrganisation(ctx context.Context, pool *pgxpool.Pool, organisationID string, o TxOptions, fn func(ctx context.Context, tx pgx.Tx) error) error {
	begin, err := beginIn(o.begin(), organisationID)
	if err != nil {
		return err
	}
	return runRepeated(ctx, pool, begin, o, fn)
}

// ReadInOrganisation runs fn in one read-only transaction that sees the rows of one organisation, all as of one
// moment. Everything said of InOrganisation holds.
func ReadInOrganisation(ctx context.Context, pool *pgxpool.Pool, organisationID string, fn func(ctx context.Context, tx pgx.Tx) error) error {
	begin, err := beginIn("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", organisationID)
	if err != nil {
		return err
	}
	return runTx(ctx, pool, begin, fn)
}

// ReadManyTimes is ReadInOrganisation for statements that are the same each time: their plans are made once for a connection,
// whatever the arguments. Planning is half of a short statement. A search is not of these: its plan hangs on what is sought.
func ReadManyTimes(ctx context.Context, pool *pgxpool.Pool, organisationID string, fn func(ctx context.Context, tx pgx.Tx) error) error {
	begin, err := beginIn("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL plan_cache_mode = force_generic_plan", organisationID)
	if err != nil {
		return err
	}
	return runTx(ctx, pool, begin, fn)
}

// InNoOrganisation runs fn in one transaction outside any organisation: row security shows it no organisation's rows. It
// is for the few definer functions that work before an organisation is known, and for tables without organisations.
func InNoOrganisation(ctx context.Context, pool *pgxpool.Pool, o TxOptions, fn func(ctx context.Context, tx pgx.Tx) error) error {
	return runRepeated(ctx, pool, o.begin(), o, fn)
}

func (o TxOptions) begin() string {
	begin := "BEGIN"
	if o.Serializable {
		begin = "BEGIN ISOLATION LEVEL SERIALIZABLE"
	}
	if o.FreshPlans {
		begin += "; SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL random_page_cost = 1.1"
	}
	return begin
}

func runRepeated(ctx context.Context, pool *pgxpool.Pool, begin string, o TxOptions, fn func(ctx context.Context, tx pgx.Tx) error) error {
	runs := 1
	if o.RetryConflicts {
		runs = conflictRuns
	}
	for run := 1; ; run++ {
		err := runTx(ctx, pool, begin, fn)
		if err == nil || run == runs || !Conflict(err) || ctx.Err() != nil {
			return err
		}
	}
}

// beginIn puts the setting behind BEGIN. The two go as one simple query, which takes no parameters; so the id is
// written into it, after it was proven to be a UUID.
func beginIn(begin, organisationID string) (string, error) {
	if !IsUUID(organisationID) {
		return "", fault.New(fault.Invalid, "%q is not the id of an organisation", organisationID)
	}
	return begin + "; SELECT set_config('hub.organisation', '" + organisationID + "', true)", nil
}

// IsUUID says whether s is a UUID in its usual text form, which is what ids are.
func IsUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f', c >= 'A' && c <= 'F':
		default:
			return false
		}
	}
	return true
}

func runTx(ctx context.Context, pool *pgxpool.Pool, begin string, fn func(ctx context.Context, tx pgx.Tx) error) error {
	tx, err := pool.BeginTx(ctx, pgx.TxOptions{BeginQuery: begin})
	if err != nil {
		return Fault(err, "beginning a transaction")
	}
	// After a commit this does nothing. The caller's context may be over, and the connection is still worth saving.
	defer func() {
		undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
		defer cancel()
		_ = tx.Rollback(undo)
	}()
	if err := fn(ctx, tx); err != nil {
		return err
	}
	return Fault(tx.Commit(ctx), "committing a transaction")
}
