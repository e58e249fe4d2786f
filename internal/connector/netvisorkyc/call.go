package netvisorkyc

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

	"customerhub/internal/connector/netvisorkyc/api"
	"customerhub/internal/fault"
	"customerhub/internal/outbound"
)

// prefix is where the interface begins (contract section 4, [assumed]).
const prefix = "/kyc/v1"

// request is one call.
type request struct {
	method string
	// path is below the interface, each segment as it is. The first one names the resource towards people: ids are left out of words.
	path  []string
	query url.Values
	// body is sent as JSON; nil is none.
	body any
	// ifMatch and key are the headers of the same meaning; empty sends none.
	ifMatch, key string
	// admin calls with the administrator's token.
	admin bool
	// secrets are what must not be told of the body (Promise 11).
	secrets []string
}

func (r *request) resource() string { return r.path[0] }

// get reads one object. A nil error means that the answer was complete and is one; odd names a value of it that was of the wrong type.
func (c *Connection) get(ctx context.Context, path []string, dst any) (odd string, err error) {
	r := request{method: http.MethodGet, path: path}
	data, err := c.read(ctx, &r)
	if err != nil {
		return "", err
	}
	if odd, err = api.Decode(data, dst); err != nil {
		return "", c.brokenReply(&r, fault.Unavailable, err)
	}
	return odd, nil
}

// read makes a call that changes nothing and gives the answer, when it is the one of a success.
func (c *Connection) read(ctx context.Context, r *request) ([]byte, error) {
	req, scrub, err := c.build(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := c.pace.wait(ctx, c.now()); err != nil {
		return nil, during(r, err)
	}
	res, err := c.client.Do(req)
	if err != nil {
		return nil, during(r, outbound.Fault(err))
	}
	defer res.Body.Close()
	data, err := api.ReadAll(res.Body)
	if _, broken := errors.AsType[*api.BrokenError](err); broken {
		return nil, c.brokenReply(r, fault.Unavailable, err)
	}
	if err != nil {
		return nil, during(r, outbound.Fault(err))
	}
	if res.StatusCode == http.StatusOK {
		return data, nil
	}
	f, _ := c.refusal(r, res, data, scrub)
	return nil, f
}

// send makes one call that changes data, once, and reads the answer into dst. A dst that is nil takes an answer without a body too.
// Whether the call may have arrived is told by whether it had a connection: before that nothing has happened, after that only an answer
// tells.
func (c *Connection) send(ctx context.Context, r *request, dst any) error {
	if err := ctx.Err(); err != nil {
		return lost(r, err, false)
	}
	// Until it has a connection, nothing of a call can have left. A transport that does not tell counts as one that has sent.
	var left atomic.Bool
	left.Store(true)
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { left.Store(false) }, GotConn: func(httptrace.GotConnInfo) { left.Store(true) },
	})
	req, scrub, err := c.build(traced, r)
	if err != nil {
		return err
	}
	// Whoever is sent elsewhere has been told nothing, and a call that follows would be a second one.
	once := *c.client
	once.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := once.Do(req)
	if err != nil {
		return lost(r, outbound.Fault(err), left.Load())
	}
	defer res.Body.Close()
	data, err := api.ReadAll(res.Body)
	if _, broken := errors.AsType[*api.BrokenError](err); broken {
		return c.brokenReply(r, fault.Uncertain, err)
	}
	if err != nil {
		return lost(r, outbound.Fault(err), true)
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		f, certain := c.refusal(r, res, data, scrub)
		if !certain {
			return lost(r, f, true)
		}
		return f
	}
	if dst == nil {
		if res.StatusCode == http.StatusNoContent || api.Object(data) {
			return nil
		}
		return c.brokenReply(r, fault.Uncertain, errors.New("it is no JSON object"))
	}
	if _, err := api.Decode(data, dst); err != nil {
		return c.brokenReply(r, fault.Uncertain, err)
	}
	return nil
}

// build makes the request and what takes its secrets out of a text.
func (c *Connection) build(ctx context.Context, r *request) (*http.Request, func(string) string, error) {
	token, err := c.tokenFor(r)
	if err != nil {
		return nil, nil, err
	}
	u := *c.base
	segments := make([]string, len(r.path))
	for i, s := range r.path {
		segments[i] = url.PathEscape(s)
	}
	u.RawPath = u.EscapedPath() + prefix + "/" + strings.Join(segments, "/")
	u.Path += prefix + "/" + strings.Join(r.path, "/")
	u.RawQuery = r.query.Encode()
	var body io.Reader
	length := 0
	if r.body != nil {
		data, err := encode(r.body)
		if err != nil {
			return nil, nil, fmt.Errorf("encoding a call of %s: %w", r.resource(), err)
		}
		length = len(data)
		// A body that cannot be read again keeps the transport from sending the call a second time by itself when a connection breaks
		// (net/http: isReplayable), which it would do under an idempotency key.
		body = struct{ io.Reader }{bytes.NewReader(data)}
	}
	req, err := http.NewRequestWithContext(ctx, r.method, u.String(), body)
	if err != nil {
		return nil, nil, fmt.Errorf("building a call of %s: %w", r.resource(), err)
	}
	req.ContentLength = int64(length)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	for name, value := range map[string]string{"If-Match": r.ifMatch, "Idempotency-Key": r.key} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	switch {
	case r.body == nil:
	case r.method == http.MethodPatch:
		req.Header.Set("Content-Type", "application/merge-patch+json")
	default:
		req.Header.Set("Content-Type", "application/json")
	}
	return req, c.scrubber(r.secrets), nil
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

// NotGiven is the reason of a fault about a token that the call needs and that nobody has given.
const NotGiven = "CREDENTIAL_MISSING"

// tokenFor gives the token of a call. Activating may be done by the administrator before there is a credential (R14).
func (c *Connection) tokenFor(r *request) (string, error) {
	switch {
	case !r.admin && c.token != "":
		return c.token, nil
	case r.admin && c.admin != "":
		return c.admin, nil
	case r.admin:
		return "", fault.Because(fault.Denied, NotGiven,
			"The administrator's token (%s) is needed to request a credential from Netvisor KYC. An administrator finds it there under Maintenance; "+
				"support: %s.", ActivationToken, Support)
	}
	return "", fault.Because(fault.Denied, NotGiven,
		"The credential of the integration user (%s) is missing. Request one from Netvisor KYC; support: %s.", Token, Support)
}

// during says which call an error belongs to. Faults keep their message for people.
func during(r *request, err error) error {
	f := fault.Of(err)
	if f == nil {
		return err
	}
	named := *f
	named.Message = "Netvisor KYC, " + r.resource() + ": " + f.Message
	return &named
}
