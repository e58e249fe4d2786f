package flex

import (
	"context"
	"errors"
	"net/http"

	"customerhub/internal/connector/flex/api"
	"customerhub/internal/connector/rest"
	"customerhub/internal/fault"
)

const customers = "customers"

var (
	errNoList     = errors.New("it holds no list")
	errNoType     = errors.New("a customer type lacks what it always tells")
	errNoID       = errors.New("it holds no id")
	errAnother    = errors.New("it is about something else")
	errNoRevision = errors.New("it holds no revision")
	errNoContacts = errors.New("it does not tell all contact persons")
)

// request is a call with the organisation's key.
func (c *Connection) request(method string, path ...string) *rest.Request {
	r := &rest.Request{Method: method, Path: path, Token: c.key}
	if method != http.MethodGet && path[0] == customers {
		// Flex tells of the change with where it came from (contract section 7).
		r.Header = map[string]string{"X-Origin": "hub"}
	}
	return r
}

// read reads one customer. NotFound is Flex's own word that there is none.
func (c *Connection) read(ctx context.Context, id string) (*api.Customer, error) {
	c.last = nil
	var out api.Customer
	if _, err := c.service.Get(ctx, c.request(http.MethodGet, customers, id), &out); err != nil {
		return nil, err
	}
	if string(out.ID) != id {
		return nil, c.service.BrokenReply(customers, fault.Unavailable, errAnother)
	}
	c.last = &out
	return &out, nil
}

// noSuch is the fault of an id that cannot be one of Flex's.
func noSuch() error { return fault.New(fault.NotFound, "%s has no such customer.", title) }
