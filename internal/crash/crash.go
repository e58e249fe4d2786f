//go:build !crash

// Package crash names the points in the work towards external systems at which a process may die, so that tests can make it
// die there: C1 before an intent is committed, C2 after that and before its call, C3 when the call was sent and its answer
// was not read, C4 when the answer was read and nothing of it committed, C5 after that, C6 after everything; and W1 when a message
// that a system sent was taken and not answered. Outside builds with the tag crash it does nothing.
package crash

import (
	"context"
	"net/http"
)

// Point is a named place. what is the operation on its way, such as CREATE.
func Point(name, what string) {}

// During marks the context of a call outside with the operation on its way.
func During(ctx context.Context, what string) context.Context { return ctx }

// Transport makes the calls of next, with the point C3 between the sending of a marked call and the reading of its answer.
func Transport(next http.RoundTripper) http.RoundTripper { return next }
