package netvisor

import (
	"cmp"
	"context"
	"io"

	"customerhub/internal/connector/netvisor/api"
	"customerhub/internal/connector/record"
	"customerhub/internal/fault"
	"customerhub/internal/system"
)

const (
	fixCredentials = "Compare customerId, customerKey, partnerId, partnerKey and organisationId with what Netvisor shows. The API " +
		"identifier has to belong to this company, and the user who made it must still have rights there; a clock that is wrong by " +
		"minutes is refused too."
	fixPermission = "Ask the company's Netvisor administrator to allow this resource for the API identifier under the access " +
		"rights for interface resources."
	fixResource = "Clear responsibilityResource, or give it the name that Netvisor has told you."
	fixOther    = "Look at Netvisor's message. If it does not help, Netvisor's support can find the call by its time."
)

// Check implements connector.Checker with two calls: the list, narrowed to the placeholder customer, and one card; a third one
// where the responsibility tab is used. Nothing can be written without changing data, so permissions to write are not among
// them. A refused signature ends the check, since nothing else could be found out.
func (c *Connection) Check(ctx context.Context) ([]system.Check, error) {
	anyKey := ""
	_, err := c.get(ctx, "customerlist.nv", "customercodelist="+record.Temp, func(r io.Reader) (api.Envelope, error) {
		return api.ReadList(r, func(row api.Row) error {
			anyKey = cmp.Or(anyKey, key(row.NetvisorKey))
			return nil
		})
	})
	credentials := system.Check{Name: "credentials", OK: true}
	if f := fault.Of(err); f != nil && f.Reason == AuthenticationFailed {
		return []system.Check{{Name: "credentials", Message: f.Message, Fix: fixCredentials}}, nil
	}
	list, err := permission("customerlist.nv", err)
	if err != nil {
		return nil, err
	}
	// A key that does not exist is refused as such where the resource is allowed.
	_, err = c.one(ctx, cmp.Or(anyKey, "1"))
	if fault.Is(err, fault.NotFound) {
		err = nil
	}
	card, err := permission("getcustomer.nv", err)
	if err != nil {
		return nil, err
	}
	checks := []system.Check{credentials, list, card}
	if c.tab == "" {
		return checks, nil
	}
	_, err = c.readTabs(ctx, []string{cmp.Or(anyKey, "1")})
	if f := fault.Of(err); f != nil && f.Reason == "NOT_A_REPLY" {
		// The resource is named by a setting, so there may be none.
		return append(checks, system.Check{Name: c.tab, Message: f.Message, Fix: fixResource}), nil
	}
	tab, err := permission(c.tab, err)
	if err != nil {
		return nil, err
	}
	return append(checks, tab), nil
}

// permission makes a check of what a call of the resource gave. The error is for a call that told nothing.
func permission(resource string, err error) (system.Check, error) {
	f := fault.Of(err)
	switch {
	case err == nil, f != nil && f.Reason == InvalidData:
		// To find fault with the data, Netvisor must have let the call in.
		return system.Check{Name: resource, OK: true}, nil
	case f == nil || f.CodeOrInternal() != fault.Denied && f.CodeOrInternal() != fault.Rejected:
		return system.Check{}, err
	case f.Reason == ServiceAccessError:
		return system.Check{Name: resource, Message: f.Message, Fix: fixPermission}, nil
	}
	return system.Check{Name: resource, Message: f.Message, Fix: fixOther}, nil
}
