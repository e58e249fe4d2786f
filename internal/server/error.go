package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"customerhub/internal/fault"
)

// Codes of errors that are not faults; they stand in extensions.code beside those of package fault.
const (
	codeBadRequest    = "BAD_REQUEST"
	codeParseFailed   = "GRAPHQL_PARSE_FAILED"
	codeInvalidQuery  = "GRAPHQL_VALIDATION_FAILED"
	codeTimeout       = "TIMEOUT"
	codeCancelled     = "CANCELLED"
	codeMethod        = "METHOD_NOT_ALLOWED"
	codeMediaType     = "UNSUPPORTED_MEDIA_TYPE"
	codeNotAcceptable = "NOT_ACCEPTABLE"
)

// gqlError makes an error with a code.
func gqlError(code string, format string, args ...any) *gqlerror.Error {
	return &gqlerror.Error{Message: fmt.Sprintf(format, args...), Extensions: map[string]any{"code": code}}
}

// limitError refuses what is too much.
func limitError(what string, limit, actual int) *gqlerror.Error {
	e := gqlError(string(fault.LimitExceeded), "%s: at most %d are allowed, and there are %d.", what, limit, actual)
	e.Extensions["limit"], e.Extensions["actual"] = limit, actual
	return e
}

func codeOf(e *gqlerror.Error) string {
	code, _ := e.Extensions["code"].(string)
	return code
}

// present is how every error of an execution is shown. It is an allow-list: what nobody classified becomes a sentence and
// an id that is in the log, so that nothing internal leaks (Promise 11).
func (s *Server) present(ctx context.Context, err error) *gqlerror.Error {
	out := &gqlerror.Error{Path: graphql.GetPath(ctx)}
	g, isGraphQL := errors.AsType[*gqlerror.Error](err)
	if isGraphQL {
		out.Locations = g.Locations
		if g.Path != nil {
			out.Path = g.Path
		}
	}
	f := fault.Of(err)
	switch {
	case isGraphQL && g.Err == nil && codeOf(g) != "":
		// Ours, or of the parser and the validator.
		out.Message, out.Extensions = g.Message, g.Extensions
	case errors.Is(err, context.DeadlineExceeded):
		out.Message = fmt.Sprintf("The operation took longer than %v and was stopped.", s.o.Times.Operation)
		out.Extensions = map[string]any{"code": codeTimeout}
	case errors.Is(err, context.Canceled):
		out.Message, out.Extensions = "The operation was cancelled.", map[string]any{"code": codeCancelled}
	case f != nil && shown(f.CodeOrInternal()):
		out.Message, out.Extensions = f.Message, faultExtensions(f)
		if isGraphQL {
			maps.Copy(out.Extensions, g.Extensions)
		}
	case isNumberOutOfRange(err):
		out.Message, out.Extensions = "A number is outside the range that is allowed here.", map[string]any{"code": string(fault.Invalid)}
	default:
		out.Message, out.Extensions = s.hidden(ctx, err, f)
	}
	return out
}

// shown says whether the message of a fault is meant for whoever made the request.
func shown(c fault.Code) bool {
	return c.UserFacing() || c == fault.Unauthenticated || c == fault.Forbidden || c == fault.LimitExceeded
}

func faultExtensions(f *fault.Error) map[string]any {
	out := make(map[string]any, len(f.Details)+3)
	for name, v := range f.Details {
		out[name] = v
	}
	delete(out, "candidates") // shown as global ids by whoever knows how
	out["code"] = string(f.CodeOrInternal())
	if f.Reason != "" {
		out["reason"] = f.Reason
	}
	if len(f.Path) > 0 {
		out["argument"] = f.Path
	}
	return out
}

// hidden logs an error and gives what is shown instead.
func (s *Server) hidden(ctx context.Context, err error, f *fault.Error) (string, map[string]any) {
	code, message := fault.Internal, "Something went wrong on our side."
	if f != nil && f.CodeOrInternal().Retryable() {
		code, message = fault.Unavailable, "The hub cannot answer at the moment. Try again in a while."
	}
	id, first := reportsOf(ctx).id(err)
	if first {
		args := []any{"error_id", id, "err", err}
		if p, ok := errors.AsType[*panicError](err); ok {
			args = append(args, "stack", string(p.stack))
		}
		s.log.ErrorContext(ctx, "request failed", args...)
	}
	return message + " If you ask us about it, name the id " + id + ".", map[string]any{"code": string(code), "id": id}
}

// isNumberOutOfRange holds for literals that do not fit into an Int, which gqlgen finds only when it reads arguments.
func isNumberOutOfRange(err error) bool {
	_, ok := errors.AsType[*strconv.NumError](err)
	return ok
}

// reports gives one failure of an operation one id, however many fields it hits, so that it is logged once.
type reports struct {
	mu  sync.Mutex
	ids map[string]string
}

type reportsKey struct{}

func withReports(ctx context.Context) context.Context {
	return context.WithValue(ctx, reportsKey{}, &reports{ids: make(map[string]string)})
}

func reportsOf(ctx context.Context) *reports {
	if r, ok := ctx.Value(reportsKey{}).(*reports); ok {
		return r
	}
	return &reports{ids: make(map[string]string)}
}

func (r *reports) id(err error) (id string, first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	cause := err
	if g, ok := errors.AsType[*gqlerror.Error](err); ok && g.Err != nil {
		cause = g.Err // without the path, which differs from field to field
	}
	key := cause.Error()
	if id, ok := r.ids[key]; ok {
		return id, false
	}
	id = rand.Text()[:12]
	r.ids[key] = id
	return id, true
}

// panicError is a panic of a resolver on its way to the log.
type panicError struct {
	value any
	stack []byte
}

func (p *panicError) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// recovered turns a panic into an error like any other.
func recovered(_ context.Context, value any) error {
	return &panicError{value: value, stack: debug.Stack()}
}

// The parser and the validator suggest names of the schema even where introspection is off.
var suggestion = regexp.MustCompile(`\s*Did you mean [^?]*\?`)

func withoutSuggestion(message string) string {
	return strings.TrimSpace(suggestion.ReplaceAllString(message, ""))
}
