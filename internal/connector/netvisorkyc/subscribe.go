package netvisorkyc

import (
	"context"
	"errors"
	"net/http"

	"customerhub/internal/connector"
	"customerhub/internal/connector/netvisorkyc/api"
	"customerhub/internal/connector/rest"
	"customerhub/internal/fault"
)

var (
	errNoState = errors.New("it does not say how the integration stands")
	errNoToken = errors.New("it holds no token")
	errNoID    = errors.New("it holds no id")
)

const webhooks = "webhooks"

// Subscribe implements connector.Subscriber.
func (c *Connection) Subscribe(ctx context.Context, url, secret string) (string, error) {
	if secret == "" {
		return "", fault.New(fault.Invalid, "Messages that are not signed would be anybody's.")
	}
	r := request{method: http.MethodPost, path: []string{webhooks}, body: api.Subscribe{URL: url, Secret: secret}, secrets: []string{secret}}
	var out api.Webhook
	if err := c.send(ctx, &r, &out); err != nil {
		return "", err
	}
	if rest.Key(out.ID) == "" {
		return "", c.brokenReply(&r, fault.Uncertain, errNoID)
	}
	return string(out.ID), nil
}

// Subscriptions implements connector.Subscriber.
func (c *Connection) Subscriptions(ctx context.Context) ([]connector.Subscription, error) {
	var out []connector.Subscription
	r := request{method: http.MethodGet, path: []string{webhooks}}
	data, err := c.read(ctx, &r)
	if err != nil {
		return nil, err
	}
	page, err := api.ReadPage(data)
	if err != nil {
		return nil, c.brokenReply(&r, fault.Unavailable, err)
	}
	for _, item := range page.Items {
		var w api.Webhook
		if _, err := rest.DecodeItem(item, &w); err != nil || rest.Key(w.ID) == "" {
			return nil, c.brokenReply(&r, fault.Unavailable, errNoID)
		}
		out = append(out, connector.Subscription{ID: string(w.ID), URL: string(w.URL), Active: w.Active == nil || *w.Active})
	}
	return out, nil
}

// Unsubscribe implements connector.Subscriber.
func (c *Connection) Unsubscribe(ctx context.Context, id string) error {
	if rest.Key(api.Text(id)) == "" {
		return fault.New(fault.NotFound, "Netvisor KYC has no such subscription.")
	}
	return c.send(ctx, &request{method: http.MethodDelete, path: []string{webhooks, id}}, nil)
}
