//go:build crash

package crash

import (
	"context"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// HUB_CRASH says where the process dies: POINT, POINT/OPERATION or POINT/OPERATION/N for the Nth time it comes there. An
// empty operation is any.
var (
	at    = parse(os.Getenv("HUB_CRASH"))
	count atomic.Int64
)

type place struct {
	name, what string
	nth        int64
}

func parse(s string) place {
	parts := strings.SplitN(s, "/", 3)
	p := place{name: parts[0], nth: 1}
	if len(parts) > 1 {
		p.what = parts[1]
	}
	if len(parts) > 2 {
		if n, err := strconv.ParseInt(parts[2], 10, 64); err == nil {
			p.nth = n
		}
	}
	return p
}

// Point kills the process, as the kernel would, when it is the place that was asked for.
func Point(name, what string) {
	if name != at.name || at.what != "" && at.what != what {
		return
	}
	if count.Add(1) == at.nth {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

type key struct{}

// During marks the context of a call outside.
func During(ctx context.Context, what string) context.Context {
	return context.WithValue(ctx, key{}, what)
}

// Transport has the point C3 between a marked call and its answer.
func Transport(next http.RoundTripper) http.RoundTripper { return transport{next} }

type transport struct{ next http.RoundTripper }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.next.RoundTrip(r)
	if what, ok := r.Context().Value(key{}).(string); ok && err == nil {
		Point("C3", what)
	}
	return res, err
}
