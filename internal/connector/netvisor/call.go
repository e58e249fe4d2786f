package netvisor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/google/uuid"

	"customerhub/internal/connector/netvisor/api"
	"customerhub/internal/fault"
	"customerhub/internal/outbound"
)

// get calls a resource and gives the answer to decode, which reads it to its end. query is ASCII without spaces and is
// sent as it is: the signature covers the form on the wire (contract section 1.4).
//
// A nil error means that the reply was complete and said OK. A caller whose callback in decode can fail keeps that error
// itself: here it would be taken for one of the wire.
func (c *Connection) get(ctx context.Context, resource, query string, decode func(io.Reader) (api.Envelope, error)) (api.Envelope, error) {
	u := *c.base
	u.Path += "/" + resource
	u.RawQuery = query
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return api.Envelope{}, fmt.Errorf("building a call of %s: %w", resource, err)
	}
	// A transaction id is burnt by any call that Netvisor saw, so each call has a new one, also the next attempt of the
	// same (contract section 1.5).
	st := newStamp(uuid.NewString(), c.now())
	c.signer.sign(req, st)
	res, err := c.client.Do(req)
	if err != nil {
		return api.Envelope{}, during(resource, outbound.Fault(err))
	}
	defer res.Body.Close()
	env, err := decode(res.Body)
	scrub := c.scrubber(st, req.Header)
	if _, ok := errors.AsType[*api.NotReplyError](err); ok {
		return env, c.notReply(resource, res, err, scrub)
	}
	if broken, ok := errors.AsType[*api.BrokenError](err); ok {
		return env, &fault.Error{
			Code: fault.Unavailable, Reason: "REPLY_BROKEN",
			Message: fmt.Sprintf("Netvisor's answer to %s was cut off or is not well formed; nothing of it was used.", resource),
			Sample:  scrub(broken.Sample),
			Err:     errors.New(scrub(broken.Error())),
		}
	}
	if err != nil {
		return env, during(resource, outbound.Fault(err))
	}
	return env, c.refusal(resource, env, outbound.RetryAfter(res.Header, c.now()), scrub)
}

// during says which call an error belongs to. Faults keep their message for people.
func during(resource string, err error) error {
	f := fault.Of(err)
	if f == nil {
		return err
	}
	named := *f
	named.Message = "Netvisor, " + resource + ": " + f.Message
	return &named
}
