package pg

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"customerhub/internal/fault"
)

// Fault gives a database error its code and says what it was about: format and args name the thing ("customer %s"), and
// may be shown to anyone. What the database said stays in the cause, for the log. The constraint that refused is
// Constraint(err). An error that is a fault already keeps its code and message; nil stays nil.
func Fault(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	about := fmt.Sprintf(format, args...)
	if fault.Of(err) != nil {
		return fmt.Errorf("%s: %w", about, err)
	}
	code := codeOf(err)
	return fault.Wrap(code, err, "%s", sentence(about, code))
}

// Constraint is the name of the constraint or unique index that refused, or empty when err is nothing of the kind.
func Constraint(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.ConstraintName
	}
	return ""
}

// SQLState is the five-character code the server gave, or empty when err did not come from the server.
func SQLState(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

// Conflict says whether the transaction lost against another one (serialisation failure or deadlock) and may simply be
// run again from its start.
func Conflict(err error) bool {
	state := SQLState(err)
	return state == "40001" || state == "40P01"
}

func codeOf(err error) fault.Code {
	if errors.Is(err, pgx.ErrNoRows) {
		return fault.NotFound
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return codeOfState(e.Code)
	}
	if isConnectionTrouble(err) {
		return fault.Unavailable
	}
	return fault.Internal
}

func codeOfState(state string) fault.Code {
	switch state {
	case "23505", "23P01": // unique and exclusion constraints
		return fault.Duplicate
	case "P0002": // a function of ours found nothing
		return fault.NotFound
	case "25006", "55P03", "57014": // read-only server, lock not available, cancelled or timed out
		return fault.Unavailable
	case "57P04", "57000":
		return fault.Internal
	}
	switch class := state[:min(2, len(state))]; class {
	case "22", "23": // a value the column or a constraint does not take
		return fault.Invalid
	case "08", "40", "53", "57", "58": // connection, lost conflict, resources, operator, system
		return fault.Unavailable
	}
	return fault.Internal
}

func isConnectionTrouble(err error) bool {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	for _, known := range []error{
		context.Canceled, context.DeadlineExceeded, os.ErrDeadlineExceeded,
		io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, pgx.ErrTxClosed,
		driver.ErrBadConn, // database/sql's word for a connection that ended between two statements
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	// These have no exported identity in pgx.
	return pgconn.SafeToRetry(err) || pgconn.Timeout(err) ||
		strings.HasSuffix(err.Error(), "conn closed") || strings.HasSuffix(err.Error(), "closed pool")
}

// sentence says what is the matter with what a statement is about.
func sentence(about string, code fault.Code) string {
	about = strings.ToUpper(about[:1]) + about[1:]
	switch code {
	case fault.NotFound:
		return about + ": not found."
	case fault.Duplicate:
		return about + ": exists already."
	case fault.Invalid:
		return about + ": a value cannot be stored."
	case fault.Unavailable:
		return about + ": the database is not available right now."
	}
	return about + "."
}
