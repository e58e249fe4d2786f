package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"customerhub/internal/fault"
	"customerhub/internal/outbound"
)

// Service is an interface as it is called.
type Service struct {
	// Name and Support are for people: what the service is called, and whom to ask about it (R7, R60).
	Name, Support string
	// Setting is the setting that holds the base address, for a message about a page that is not there.
	Setting string
	// Base is the address, Prefix where the interface begins behind it.
	Base   *url.URL
	Prefix string
	Client *http.Client
	Now    func() time.Time
	// ByCode is what a code of the service's means where its HTTP status alone does not tell.
	ByCode map[string]fault.Code
	// Secrets are taken out of whatever is told of answers.
	Secrets []string
	// Pace is that of calls which read; nil lets them follow each other as they come.
	Pace *Pace
}

// Request is one call.
type Request struct {
	Method string
	// Path is below the interface, each segment as it is. The first one names the resource towards people: ids are left out of words.
	Path  []string
	Query url.Values
	// Body is sent as JSON; nil is none.
	Body any
	// Header are further headers; empty ones are not sent.
	Header map[string]string
	Token  string
	// Secrets are what must not be told of the body (Promise 11).
	Secrets []string
}

func (r *Request) resource() string { return r.Path[0] }

// Get reads one object into dst. A nil error means that the answer was complete and is one; odd names a value of it that was of the wrong
// type.
func (s *Service) Get(ctx context.Context, r *Request, dst any) (odd string, err error) {
	data, err := s.Read(ctx, r)
	if err != nil {
		return "", err
	}
	if odd, err = Decode(data, dst); err != nil {
		return "", s.BrokenReply(r.resource(), fault.Unavailable, err)
	}
	return odd, nil
}

// Read makes a call that changes nothing and gives the answer, when it is the one of a success.
func (s *Service) Read(ctx context.Context, r *Request) ([]byte, error) {
	req, err := s.build(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := s.Pace.wait(ctx, s.Now()); err != nil {
		return nil, s.during(r, err)
	}
	res, err := s.Client.Do(req)
	if err != nil {
		return nil, s.during(r, outbound.Fault(err))
	}
	defer res.Body.Close()
	data, err := ReadAll(res.Body)
	if _, broken := errors.AsType[*BrokenError](err); broken {
		return nil, s.BrokenReply(r.resource(), fault.Unavailable, err)
	}
	if err != nil {
		return nil, s.during(r, outbound.Fault(err))
	}
	if res.StatusCode == http.StatusOK {
		return data, nil
	}
	f, _ := s.refusal(r, res, data, s.Scrubber(r.Secrets...))
	return nil, f
}

// Send makes one call that changes data, once, and reads the answer into dst. A dst that is nil takes an answer without a body too.
// Whether the call may have arrived is told by whether it had a connection: before that nothing has happened, after that only an answer
// tells.
func (s *Service) Send(ctx context.Context, r *Request, dst any) error {
	if err := ctx.Err(); err != nil {
		return s.lost(r, err, false)
	}
	// Until it has a connection, nothing of a call can have left. A transport that does not tell counts as one that has sent.
	var left atomic.Bool
	left.Store(true)
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { left.Store(false) }, GotConn: func(httptrace.GotConnInfo) { left.Store(true) },
	})
	req, err := s.build(traced, r)
	if err != nil {
		return err
	}
	// Whoever is sent elsewhere has been told nothing, and a call that follows would be a second one.
	once := *s.Client
	once.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := once.Do(req)
	if err != nil {
		return s.lost(r, outbound.Fault(err), left.Load())
	}
	defer res.Body.Close()
	data, err := ReadAll(res.Body)
	if _, broken := errors.AsType[*BrokenError](err); broken {
		return s.BrokenReply(r.resource(), fault.Uncertain, err)
	}
	if err != nil {
		return s.lost(r, outbound.Fault(err), true)
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		f, certain := s.refusal(r, res, data, s.Scrubber(r.Secrets...))
		if !certain {
			return s.lost(r, f, true)
		}
		return f
	}
	if dst == nil {
		if res.StatusCode == http.StatusNoContent {
			return nil
		}
		dst = &struct{}{}
	}
	if _, err := Decode(data, dst); err != nil {
		return s.BrokenReply(r.resource(), fault.Uncertain, err)
	}
	return nil
}

// build makes the request.
func (s *Service) build(ctx context.Context, r *Request) (*http.Request, error) {
	u := *s.Base
	segments := make([]string, len(r.Path))
	for i, segment := range r.Path {
		segments[i] = url.PathEscape(segment)
	}
	u.RawPath = u.EscapedPath() + s.Prefix + "/" + strings.Join(segments, "/")
	u.Path += s.Prefix + "/" + strings.Join(r.Path, "/")
	u.RawQuery = r.Query.Encode()
	var body io.Reader
	length := 0
	if r.Body != nil {
		data, err := encode(r.Body)
		if err != nil {
			return nil, fmt.Errorf("encoding a call of %s: %w", r.resource(), err)
		}
		length = len(data)
		// A body that cannot be read again keeps the transport from sending the call a second time by itself when a connection breaks
		// (net/http: isReplayable), which it would do under an idempotency key.
		body = struct{ io.Reader }{bytes.NewReader(data)}
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, u.String(), body)
	if err != nil {
		return nil, fmt.Errorf("building a call of %s: %w", r.resource(), err)
	}
	req.ContentLength = int64(length)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Authorization", "Bearer "+r.Token)
	for name, value := range r.Header {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	switch {
	case r.Body == nil:
	case r.Method == http.MethodPatch:
		req.Header.Set("Content-Type", "application/merge-patch+json")
	default:
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// encode is JSON as it is read by people too: nothing of it is shown in a web page.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// during says which call an error belongs to. Faults keep their message for people.
func (s *Service) during(r *Request, err error) error {
	f := fault.Of(err)
	if f == nil {
		return err
	}
	named := *f
	named.Message = s.Name + ", " + r.resource() + ": " + f.Message
	return &named
}
