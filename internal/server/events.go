package server

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"customerhub/internal/auth"
	"customerhub/internal/fault"
)

// events executes one operation and answers with server-sent events, one per answer, as the protocol GraphQL over
// Server-Sent Events has it for connections of their own.
func (s *Server) events(w http.ResponseWriter, r *http.Request, c credentials, v auth.Viewer, p *graphql.RawParams) {
	if !s.streams.open(v.Actor.ID, s.o.Limits.Streams) {
		s.refuse(w, r, &refusal{http.StatusTooManyRequests, limitError("Streams open with this key", s.o.Limits.Streams, s.o.Limits.Streams+1)})
		return
	}
	s.streams.wg.Add(1)
	defer s.streams.wg.Done()
	defer s.streams.done(v.Actor.ID)

	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.closing, cancel)()

	out := &eventWriter{w: w, control: http.NewResponseController(w), timeout: s.o.Times.Write, cancel: cancel}
	w.Header().Set("Content-Type", typeEvents+"; charset=utf-8")
	w.Header().Set("X-Accel-Buffering", "no") // a proxy that gathers output would hold events back
	w.WriteHeader(http.StatusOK)
	out.write(":\n\n")

	e, errs := s.prepare(ctx, v, p)
	if errs != nil {
		out.next(&graphql.Response{Errors: errs})
		out.complete()
		return
	}
	defer e.end()

	var watch sync.WaitGroup
	defer watch.Wait()
	defer cancel()
	var ended gqlerror.List // why the stream was ended; written before cancel, read after the last response
	var once sync.Mutex
	watch.Go(func() { out.keepAlive(ctx, s.o.Times.Ping) })
	watch.Go(func() {
		if err := s.recheck(ctx, c, v); err != nil {
			once.Lock()
			ended = gqlerror.List{s.faultError(ctx, err)}
			once.Unlock()
			cancel()
		}
	})

	for {
		resp := e.response()
		if resp == nil || ctx.Err() != nil { // why it ended is told below
			break
		}
		out.next(resp)
		if !e.streams() {
			break
		}
	}
	once.Lock()
	why := ended
	once.Unlock()
	if why == nil {
		why = e.failed()
	}
	if why == nil && s.closing.Err() != nil {
		why = gqlerror.List{gqlError(string(fault.Unavailable), "The server is closing. Connect again.")}
	}
	if why != nil {
		out.next(&graphql.Response{Errors: why})
	}
	out.complete()
}

// eventWriter writes events. A client that takes none for too long is given up.
type eventWriter struct {
	mu      sync.Mutex
	w       http.ResponseWriter
	control *http.ResponseController
	timeout time.Duration
	cancel  context.CancelFunc
}

func (o *eventWriter) write(text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	_ = o.control.SetWriteDeadline(time.Now().Add(o.timeout))
	_, err := o.w.Write([]byte(text)) //nolint:gosec // JSON in events, sent as such with nosniff
	if err == nil {
		err = o.control.Flush()
	}
	if err != nil {
		o.cancel()
	}
	_ = o.control.SetWriteDeadline(time.Time{})
}

func (o *eventWriter) next(r *graphql.Response) {
	raw, err := encode(r)
	if err != nil {
		o.cancel()
		return
	}
	o.write("event: next\ndata: " + string(raw) + "\n\n")
}

// complete ends the stream. The empty data line is for the EventSource of browsers, which ignores events without one.
func (o *eventWriter) complete() { o.write("event: complete\ndata: \n\n") }

func (o *eventWriter) keepAlive(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			o.write(":\n\n")
		}
	}
}
