package fault

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"time"
)

// Code classifies a fault. The zero value means Internal.
type Code string

// Faults of the request itself: the caller can mend them. They become userErrors.
const (
	Invalid   Code = "INVALID"   // a value or a combination of values is not acceptable
	NotFound  Code = "NOT_FOUND" // what was named does not exist, or the viewer may not know that it does
	Stale     Code = "STALE"     // a field that the caller touches changed since the version it named
	Duplicate Code = "DUPLICATE" // it exists already
	Ambiguous Code = "AMBIGUOUS" // several fit; Details name them
)

// Faults of the access: they become top-level errors.
const (
	Unauthenticated Code = "UNAUTHENTICATED"
	Forbidden       Code = "FORBIDDEN"
	LimitExceeded   Code = "LIMIT_EXCEEDED"
)

// Faults of an external system (design section 6).
const (
	Denied      Code = "DENIED"      // credentials or a permission refused: the system stops until a person acts
	Rejected    Code = "REJECTED"    // they will not take this record: it is parked with their words
	Limited     Code = "LIMITED"     // they ask us to slow down; Until says how long
	Maintenance Code = "MAINTENANCE" // they are closed for a while
	Unavailable Code = "UNAVAILABLE" // a time-out, a 5xx, a broken answer: back off and try again
	Uncertain   Code = "UNCERTAIN"   // the answer to a write was lost: find out before anything else
	Unsupported Code = "UNSUPPORTED" // they do not offer it: skip
)

// Internal is our own defect. Its message is never shown; an id that is also in the log is.
const Internal Code = "INTERNAL"

// Error is a fault with everything an edge needs to tell about it.
type Error struct {
	Code Code
	// Reason is the finer, stable, machine-readable code within Code, such as NUMBER_TAKEN. It becomes the code of a
	// userError. Empty means the Code itself.
	Reason string
	// Message may be shown to anyone who made the request. It is a sentence, and never holds a secret or a personal
	// identity code (Promise 11).
	Message string
	// Path names the input that is wrong, outermost first, such as input, patch, number.
	Path []string
	// Details are facts a program can use, such as holder or currentVersion.
	Details map[string]string
	// Until says when trying again makes sense. Zero means no one said.
	Until time.Time
	// Sample is how an external system's answer read that could not be understood, without secrets and identity codes. It is
	// for operators, who see it beside the run (Promise 11).
	Sample string
	// Err is the cause. It goes into the log only.
	Err error
}

// Error implements error with message and cause, for logs.
func (e *Error) Error() string {
	switch {
	case e.Err != nil && e.Message != "":
		return strings.TrimSuffix(e.Message, ".") + ": " + e.Err.Error() // a message is a sentence, and this one goes on
	case e.Err != nil:
		return string(e.CodeOrInternal()) + ": " + e.Err.Error()
	case e.Message != "":
		return e.Message
	}
	return string(e.CodeOrInternal())
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Err }

// CodeOrInternal is the Code, or Internal for the zero value.
func (e *Error) CodeOrInternal() Code {
	if e.Code == "" {
		return Internal
	}
	return e.Code
}

// ReasonOrCode is the Reason, or the Code when no finer one was given.
func (e *Error) ReasonOrCode() string {
	if e.Reason != "" {
		return e.Reason
	}
	return string(e.CodeOrInternal())
}

// New makes a fault whose message may be shown.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Because makes a fault with a finer reason and a message that may be shown.
func Because(code Code, reason, format string, args ...any) *Error {
	return &Error{Code: code, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// Wrap classifies err. The message may be shown, err may not. A nil err gives nil.
func Wrap(code Code, err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Err: err}
}

// At returns a copy of e that names the input it is about.
func (e *Error) At(path ...string) *Error {
	c := *e
	c.Path = path
	return &c
}

// With returns a copy of e with one more detail.
func (e *Error) With(key, value string) *Error {
	c := *e
	c.Details = make(map[string]string, len(e.Details)+1)
	maps.Copy(c.Details, e.Details)
	c.Details[key] = value
	return &c
}

// Errors are several faults of one request, reported together so that a person mends them in one go.
type Errors []*Error

// Error implements error.
func (es Errors) Error() string {
	switch len(es) {
	case 0:
		return "no faults"
	case 1:
		return es[0].Error()
	}
	return fmt.Sprintf("%s (and %d more)", es[0].Error(), len(es)-1)
}

// Unwrap gives the faults to errors.Is and errors.As.
func (es Errors) Unwrap() []error {
	out := make([]error, len(es))
	for i, e := range es {
		out[i] = e
	}
	return out
}

// OrNil is es as an error, or nil when there are none.
func (es Errors) OrNil() error {
	if len(es) == 0 {
		return nil
	}
	return es
}

// Of finds the fault in err's chain. It returns nil for an error that nobody classified.
func Of(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return nil
}

// CodeOf is the code of err: Internal for an error nobody classified, empty for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e := Of(err); e != nil {
		return e.CodeOrInternal()
	}
	return Internal
}

// Is says whether err carries the code.
func Is(err error, code Code) bool { return err != nil && CodeOf(err) == code }

// UserFacing says whether faults of this code are expected answers to a request (userErrors in GraphQL).
func (c Code) UserFacing() bool {
	switch c {
	case Invalid, NotFound, Stale, Duplicate, Ambiguous:
		return true
	}
	return false
}

// Retryable says whether the same act may succeed later without anyone doing anything.
func (c Code) Retryable() bool {
	switch c {
	case Limited, Maintenance, Unavailable, Uncertain:
		return true
	}
	return false
}

// Level is how loudly a fault of this code is logged.
func (c Code) Level() slog.Level {
	switch c {
	case Internal, "":
		return slog.LevelError
	case Denied, Uncertain, Rejected:
		return slog.LevelWarn
	case Limited, Maintenance, Unavailable:
		return slog.LevelInfo
	}
	return slog.LevelDebug
}
