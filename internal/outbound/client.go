package outbound

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Defaults of Options.
const (
	// DefaultSilence is what Netvisor asks clients to wait at least (Netvisor contract section 5).
	DefaultSilence = 120 * time.Second
	// DefaultTotal ends a call whose answer trickles.
	DefaultTotal = 15 * time.Minute
	// DefaultMaxBytes holds the customer list of a million customers, which is a third of it; lists are read as they come, so
	// it costs time and no memory.
	DefaultMaxBytes int64 = 1 << 30
	// DefaultUserAgent tells a vendor's support who is calling.
	DefaultUserAgent = "CustomerHub"
)

// Options say how a client behaves. The zero value is usable and means the defaults.
type Options struct {
	// Log gets one debug record a call: method, host, path, status, bytes and time. Queries, headers and bodies are never
	// logged. Nil logs nothing.
	Log *slog.Logger
	// Silence is how long to wait for the beginning of an answer and for each further piece of it. The time that the
	// reader of the answer takes between two reads does not count.
	Silence time.Duration
	// Total is how long a call may take from connecting to the last byte, the reader's time included. A caller that holds a
	// lease gives its context a shorter deadline.
	Total time.Duration
	// MaxBytes is how much of an answer may be read, after decompression. Reading on gives ErrTooLarge.
	MaxBytes int64
	// UserAgent is sent where the request has none.
	UserAgent string
	// Transport makes the calls. Nil means Go's, with proxies from the environment.
	Transport http.RoundTripper
}

// Errors of a call that was ended from our side. Fault makes them Unavailable.
var (
	ErrTooLarge = errors.New("the answer is larger than allowed")
	ErrSilent   = errors.New("no answer in time")
	ErrTooSlow  = errors.New("the answer took too long to arrive")
	ErrRedirect = errors.New("redirected to another host")
)

// Client makes a client for calls to external systems. It may be shared by goroutines. Errors of its Do, and of reading a
// body it gave, go through Fault.
func Client(o Options) *http.Client {
	t := &transport{
		next:      o.Transport,
		log:       o.Log,
		silence:   cmp.Or(o.Silence, DefaultSilence),
		total:     cmp.Or(o.Total, DefaultTotal),
		maxBytes:  cmp.Or(o.MaxBytes, DefaultMaxBytes),
		userAgent: cmp.Or(o.UserAgent, DefaultUserAgent),
	}
	if t.next == nil {
		t.next = wire()
	}
	if t.log == nil {
		t.log = slog.New(slog.DiscardHandler)
	}
	return &http.Client{Transport: t, CheckRedirect: checkRedirect}
}

// wire is Go's transport without kept connections; doc.go says why.
func wire() *http.Transport {
	dialer := &net.Dialer{Timeout: 20 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    20 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
		DisableKeepAlives:      true,
	}
}

// checkRedirect lets a server move a page within itself. What was signed for one host, or carries its keys, goes to no other,
// nor from HTTPS to HTTP.
func checkRedirect(req *http.Request, via []*http.Request) error {
	from := via[len(via)-1].URL
	switch {
	case req.URL.Host != from.Host, from.Scheme == "https" && req.URL.Scheme != "https":
		return ErrRedirect
	case len(via) >= 5:
		return errors.New("stopped after 5 redirects")
	}
	return nil
}

type transport struct {
	next           http.RoundTripper
	log            *slog.Logger
	silence, total time.Duration
	maxBytes       int64
	userAgent      string
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	c := &call{
		parent: req.Context(), ctx: ctx, cancel: cancel, start: time.Now(),
		silent: time.AfterFunc(t.silence, func() { cancel(ErrSilent) }),
		slow:   time.AfterFunc(t.total, func() { cancel(ErrTooSlow) }),
		log:    t.log, method: req.Method, url: req.URL,
	}
	req = req.Clone(ctx)
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", t.userAgent)
	}
	res, err := t.next.RoundTrip(req)
	if err != nil {
		err = c.explain(err)
		c.end(0, err)
		return nil, err
	}
	c.silent.Stop()
	c.status = res.StatusCode
	res.Body = &body{ReadCloser: res.Body, call: c, silence: t.silence, left: t.maxBytes}
	return res, nil
}

// call is one call under way: its timers and what its log record will say.
type call struct {
	parent, ctx  context.Context
	cancel       context.CancelCauseFunc
	silent, slow *time.Timer
	start        time.Time
	log          *slog.Logger
	method       string
	url          *url.URL
	status       int
	ended        sync.Once
}

// explain tells who ended the call, since everything that was cancelled looks alike from below.
func (c *call) explain(err error) error {
	if c.parent.Err() == nil {
		if cause := context.Cause(c.ctx); cause != nil {
			err = cause
		}
	} else if !errors.Is(err, c.parent.Err()) {
		err = errors.Join(c.parent.Err(), err)
	}
	return &transportError{err}
}

// end releases the call and logs it, once.
func (c *call) end(bytes int64, err error) {
	c.ended.Do(func() {
		c.silent.Stop()
		c.slow.Stop()
		attrs := []slog.Attr{
			slog.String("method", c.method), slog.String("host", c.url.Host), slog.String("path", c.url.Path),
			slog.Int("status", c.status), slog.Int64("bytes", bytes), slog.Duration("took", time.Since(c.start)),
		}
		if err != nil {
			attrs = append(attrs, slog.String("error", safe(err).Error()))
		}
		c.log.LogAttrs(context.WithoutCancel(c.parent), slog.LevelDebug, "outbound call", attrs...)
		c.cancel(nil)
	})
}

// body is the bounded, timed body of an answer.
type body struct {
	io.ReadCloser
	call    *call
	silence time.Duration
	left    int64
	read    int64
	err     error
}

// Read implements io.Reader. Its errors, other than io.EOF, are understood by Fault.
func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	// One byte more than allowed is asked for, so that an answer of exactly the allowed size ends well.
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	b.call.silent.Reset(b.silence)
	n, err := b.ReadCloser.Read(p)
	b.call.silent.Stop()
	if int64(n) > b.left {
		n, err = int(b.left), &transportError{ErrTooLarge}
	} else if err != nil && err != io.EOF { //nolint:errorlint // inside another error it is no end
		err = b.call.explain(err)
	}
	b.left -= int64(n)
	b.read += int64(n)
	if err != nil {
		b.err = err
		if err == io.EOF { //nolint:errorlint // as above
			err = nil
		}
		b.call.end(b.read, err)
	}
	return n, b.err
}

// Close implements io.Closer.
func (b *body) Close() error {
	err := b.ReadCloser.Close()
	b.call.end(b.read, nil)
	return err
}
