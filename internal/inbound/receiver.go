package inbound

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"customerhub/internal/connector"
	"customerhub/internal/crash"
	"customerhub/internal/fault"
	"customerhub/internal/hub"
	"customerhub/internal/system"
)

// Pattern is what a Receiver answers, as http.ServeMux has it.
const Pattern = "POST /inbound/{kind}/{endpoint}"

// Hub is what a Receiver asks the hub for; hub.Hub is it.
type Hub interface {
	FindInbound(ctx context.Context, kind system.Kind, id string) (hub.InboundSender, error)
	TakeDelivery(ctx context.Context, s hub.InboundSender, eventID string, records []string) (fresh bool, err error)
	NoteRefusals(ctx context.Context, id string, refused []system.RefusedDeliveries) error
}

// Options are what a Receiver works with. Hub, Kinds and Log are needed; the zero value of the rest is right for production.
type Options struct {
	Hub   Hub
	Kinds map[system.Kind]connector.Kind
	Log   *slog.Logger
	// BodyBytes is the most that a message may have: 256 KiB.
	BodyBytes int64
	// Time is how long a message may take from its first byte to the answer: 1.8 s, since vendors wait for two.
	Time time.Duration
	// AtOnce is how many messages are dealt with at a time; others are to come again: 128.
	AtOnce int
	// Rate and Burst bound the messages to one address from one place in a second: 50, and 200 at once.
	Rate  rate.Limit
	Burst int
	// CountEvery is how often counts of refused messages are written: every 5 s.
	CountEvery time.Duration
}

// maxPlaces is of how many pairs of address and sender the rate is remembered; who was not heard of for longest is forgotten first.
const maxPlaces = 4096

// Receiver takes messages over HTTP. Any number of replicas may have one. It is safe for concurrent use.
type Receiver struct {
	o        Options
	kinds    map[string]connector.Kind // by their part of the address
	limits   *lru.Cache[string, *rate.Limiter]
	places   chan struct{}
	working  sync.WaitGroup
	refusals refusals
}

// New makes a Receiver.
func New(o Options) *Receiver {
	o.BodyBytes = cmp.Or(o.BodyBytes, 256<<10)
	o.Time = cmp.Or(o.Time, 1800*time.Millisecond)
	o.AtOnce = cmp.Or(o.AtOnce, 128)
	o.Rate, o.Burst = cmp.Or(o.Rate, 50), cmp.Or(o.Burst, 200)
	o.CountEvery = cmp.Or(o.CountEvery, 5*time.Second)
	limits, err := lru.New[string, *rate.Limiter](maxPlaces)
	if err != nil {
		panic(err) // its size is right
	}
	r := &Receiver{
		o: o, kinds: make(map[string]connector.Kind), limits: limits, places: make(chan struct{}, o.AtOnce),
		refusals: refusals{of: make(map[refusal]*refused)},
	}
	for name, k := range o.Kinds {
		if k.Receive != nil {
			r.kinds[name.Path()] = k
		}
	}
	return r
}

// answer is one of the few things that a sender is told.
type answer struct {
	status int
	text   string
	// again is after how many seconds it makes sense to send the message again; empty where it does not.
	again string
	// close ends the connection, since the rest of the body would follow.
	close bool
}

var (
	taken       = answer{status: http.StatusAccepted, text: "taken\n"}
	notTaken    = answer{status: http.StatusUnauthorized, text: "refused\n"}
	tooLarge    = answer{status: http.StatusRequestEntityTooLarge, text: "too large\n", close: true}
	tooSlow     = answer{status: http.StatusRequestTimeout, text: "too slow\n", close: true}
	brokenOff   = answer{status: http.StatusBadRequest, text: "broken off\n", close: true}
	tooMany     = answer{status: http.StatusTooManyRequests, text: "too many\n", again: "1", close: true}
	unavailable = answer{status: http.StatusServiceUnavailable, text: "not now\n", again: "5"}
)

// ServeHTTP implements http.Handler for Pattern.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	ctx, cancel := context.WithTimeout(req.Context(), r.o.Time)
	defer cancel()
	a := r.receive(ctx, w, req)
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	if a.again != "" {
		h.Set("Retry-After", a.again)
	}
	if a.close {
		h.Set("Connection", "close")
	}
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.text)
}

// receive reads a message and deals with it. What the database is slow with ends by itself later, and the sender is told to come again
// meanwhile: a repetition of what was taken after all does nothing.
func (r *Receiver) receive(ctx context.Context, w http.ResponseWriter, req *http.Request) answer {
	endpoint := req.PathValue("endpoint")
	if deadline, ok := ctx.Deadline(); ok {
		// It holds also for what the server reads of a body that nobody wants. Where a connection takes no deadline, the sender is late.
		_ = http.NewResponseController(w).SetReadDeadline(deadline)
	}
	if !r.limit(endpoint, req.RemoteAddr).Allow() {
		r.refusals.add(endpoint, system.RefusedTooMany, time.Time{})
		return tooMany
	}
	select {
	case r.places <- struct{}{}:
	default:
		return unavailable
	}
	leave := sync.OnceFunc(func() { <-r.places })
	body, bad := r.read(ctx, w, req, endpoint)
	if bad != nil {
		leave()
		return *bad
	}
	d := connector.Delivery{Header: req.Header.Clone(), Body: body}
	kind := req.PathValue("kind")
	done := make(chan answer, 1)
	r.working.Go(func() {
		defer leave()
		done <- r.decide(ctx, kind, endpoint, d)
	})
	select {
	case a := <-done:
		return a
	case <-ctx.Done():
		return unavailable
	}
}

// limit is the rate of messages to an address from a place.
func (r *Receiver) limit(endpoint, remote string) *rate.Limiter {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	key := endpoint[:min(len(endpoint), idLength)] + " " + host
	l, known := r.limits.Get(key)
	if !known {
		l = rate.NewLimiter(r.o.Rate, r.o.Burst)
		if earlier, known, _ := r.limits.PeekOrAdd(key, l); known {
			return earlier
		}
	}
	return l
}

// idLength is that of an address's own part.
const idLength = 36

// read reads the body, or says why it did not.
func (r *Receiver) read(ctx context.Context, w http.ResponseWriter, req *http.Request, endpoint string) ([]byte, *answer) {
	if req.ContentLength > r.o.BodyBytes {
		r.refusals.add(endpoint, system.RefusedTooLarge, time.Time{})
		return nil, &tooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, r.o.BodyBytes))
	_, large := errors.AsType[*http.MaxBytesError](err)
	switch {
	case err == nil:
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // from here on the server watches for a sender that goes away
		return body, nil
	case large:
		r.refusals.add(endpoint, system.RefusedTooLarge, time.Time{})
		return nil, &tooLarge
	case errors.Is(err, os.ErrDeadlineExceeded) || ctx.Err() != nil:
		r.refusals.add(endpoint, system.RefusedTooSlow, time.Time{})
		return nil, &tooSlow
	}
	return nil, &brokenOff
}

// decide verifies a message and takes it. What it does before it refuses is the same for an address that does not exist.
func (r *Receiver) decide(ctx context.Context, kind, endpoint string, d connector.Delivery) answer {
	k, ok := r.kinds[kind]
	if !ok {
		k = connector.Kind{Receive: nothing}
	}
	from, err := r.o.Hub.FindInbound(ctx, k.Kind, endpoint)
	if err != nil {
		return r.failed(ctx, "finding whose an address is", err)
	}
	got, why := r.verify(k, from, d)
	if why == "" && !from.Known {
		why = system.RefusedSignature // nobody has that secret; it is not worth finding out how
	}
	if why != "" {
		if !from.Known {
			endpoint = "" // it is counted with the others that come to nowhere
		}
		r.refusals.add(endpoint, why, from.Now)
		return notTaken
	}
	fresh, err := r.o.Hub.TakeDelivery(ctx, from, got.EventID, got.Records)
	if err != nil {
		return r.failed(ctx, "taking a message", err, "system", from.System())
	}
	r.o.Log.Debug("message taken", "system", from.System(), "records", len(got.Records), "fresh", fresh)
	crash.Point("W1", "")
	return taken
}

// failed says that the message is to be sent again. A sender that went away, or a time that is over, is no fault of ours.
func (r *Receiver) failed(ctx context.Context, doing string, err error, args ...any) answer {
	level := fault.CodeOf(err).Level()
	if ctx.Err() != nil {
		level = slog.LevelInfo
	}
	r.o.Log.Log(context.WithoutCancel(ctx), level, "inbound message not taken", append(args, "doing", doing, "error", err)...)
	return unavailable
}

// verify tries both secrets, always, and says why neither fits.
func (r *Receiver) verify(k connector.Kind, from hub.InboundSender, d connector.Delivery) (connector.Received, system.Refusal) {
	var out *connector.Received
	why := system.Refusal("")
	for _, secret := range from.Secrets {
		got, err := r.guarded(k, d, secret, from.Now)
		if f := fault.Of(err); err == nil && out == nil {
			out = &got
		} else if err != nil && (why == "" || why == system.RefusedSignature) {
			switch {
			case f == nil || f.Code != fault.Unauthenticated:
				why = system.RefusedNotUnderstood
			case f.Reason == connector.TooOld:
				why = system.RefusedTooOld
			default:
				why = system.RefusedSignature
			}
		}
	}
	switch {
	case out == nil:
		return connector.Received{}, why
	case out.EventID == "":
		return connector.Received{}, system.RefusedNotUnderstood // a repetition could not be told
	}
	return *out, ""
}

// guarded keeps a message that a connector stumbles over from taking anything down. What it stumbled over is not logged.
func (r *Receiver) guarded(k connector.Kind, d connector.Delivery, secret string, now time.Time) (got connector.Received, err error) {
	defer func() {
		if v := recover(); v != nil {
			r.o.Log.Error("a message could not be read", "kind", k.Kind)
			err = fault.New(fault.Internal, "The message could not be read.")
		}
	}()
	return k.Receive(d, secret, now)
}

// nothing refuses what comes for a kind of system that sends no messages.
func nothing(connector.Delivery, string, time.Time) (connector.Received, error) {
	return connector.Received{}, fault.New(fault.Unauthenticated, "No system of this kind sends messages.")
}

// Close waits for what is being dealt with and writes the counts. The server takes no further messages by then.
func (r *Receiver) Close() {
	r.working.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	r.count(ctx)
}

// closing is how long the last counts may take.
const closing = 3 * time.Second
