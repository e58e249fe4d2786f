package flex

import (
	"context"
	"net/http"

	"customerhub/internal/connector"
	"customerhub/internal/connector/flex/api"
	"customerhub/internal/connector/rest"
	"customerhub/internal/fault"
)

const webhooks = "webhooks"

// events are the types of events there are (contract section 7).
var events = []string{"customer.created", "customer.updated", "customer.deactivated", "customer.number_changed"}

// Subscribe implements connector.Subscriber.
func (c *Connection) Subscribe(ctx context.Context, url, secret string) (string, error) {
	if secret == "" {
		return "", fault.New(fault.Invalid, "Messages that are not signed would be anybody's.")
	}
	r := c.request(http.MethodPost, webhooks)
	r.Body, r.Secrets = api.Subscribe{URL: url, Secret: secret, Types: events}, []string{secret}
	var out api.Webhook
	if err := c.service.Send(ctx, r, &out); err != nil {
		return "", err
	}
	if rest.Key(out.ID) == "" {
		return "", c.service.BrokenReply(webhooks, fault.Uncertain, errNoID)
	}
	return string(out.ID), nil
}

// Subscriptions implements connector.Subscriber.
func (c *Connection) Subscriptions(ctx context.Context) ([]connector.Subscription, error) {
	var all api.Webhooks
	odd, err := c.service.Get(ctx, c.request(http.MethodGet, webhooks), &all)
	if err != nil {
		return nil, err
	}
	if odd != "" || all.Items == nil {
		return nil, c.service.BrokenReply(webhooks, fault.Unavailable, errNoList)
	}
	var out []connector.Subscription
	for _, w := range *all.Items {
		if rest.Key(w.ID) == "" {
			return nil, c.service.BrokenReply(webhooks, fault.Unavailable, errNoID)
		}
		out = append(out, connector.Subscription{ID: string(w.ID), URL: string(w.URL), Active: w.Status == "" || w.Status == "ACTIVE"})
	}
	return out, nil
}

// Unsubscribe implements connector.Subscriber.
func (c *Connection) Unsubscribe(ctx context.Context, id string) error {
	if rest.Key(rest.Text(id)) == "" {
		return fault.New(fault.NotFound, "%s has no such subscription.", title)
	}
	return c.service.Send(ctx, c.request(http.MethodDelete, webhooks, id), nil)
}
