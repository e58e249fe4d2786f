package netvisorkyc

import (
	"context"
	"net/http"
	"net/url"

	"customerhub/internal/connector/rest"
	"customerhub/internal/fault"
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

// rest is the call as it is made.
func (c *Connection) rest(r *request) (*rest.Request, error) {
	token, err := c.tokenFor(r)
	if err != nil {
		return nil, err
	}
	return &rest.Request{
		Method: r.method, Path: r.path, Query: r.query, Body: r.body, Token: token, Secrets: r.secrets,
		Header: map[string]string{"If-Match": r.ifMatch, "Idempotency-Key": r.key},
	}, nil
}

// get reads one object. A nil error means that the answer was complete and is one; odd names a value of it that was of the wrong type.
func (c *Connection) get(ctx context.Context, path []string, dst any) (odd string, err error) {
	r := request{method: http.MethodGet, path: path}
	data, err := c.read(ctx, &r)
	if err != nil {
		return "", err
	}
	if odd, err = rest.Decode(data, dst); err != nil {
		return "", c.brokenReply(&r, fault.Unavailable, err)
	}
	return odd, nil
}

// read makes a call that changes nothing and gives the answer, when it is the one of a success.
func (c *Connection) read(ctx context.Context, r *request) ([]byte, error) {
	call, err := c.rest(r)
	if err != nil {
		return nil, err
	}
	return c.service.Read(ctx, call)
}

// send makes one call that changes data, once, and reads the answer into dst. A dst that is nil takes an answer without a body too.
func (c *Connection) send(ctx context.Context, r *request, dst any) error {
	call, err := c.rest(r)
	if err != nil {
		return err
	}
	return c.service.Send(ctx, call, dst)
}

// brokenReply is the fault of an answer that is cut off or makes no sense. What it said is not told.
func (c *Connection) brokenReply(r *request, code fault.Code, err error) *fault.Error {
	return c.service.BrokenReply(r.resource(), code, err)
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
