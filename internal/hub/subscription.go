package hub

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/fault"
	"customerhub/internal/organisation"
	"customerhub/internal/pg"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

const (
	// subscriptionEvery is how often a subscription that was in order is looked at, and subscriptionAgain how soon one is that was not.
	subscriptionEvery = 15 * time.Minute
	subscriptionAgain = 5 * time.Minute
)

// Subscription is what a system is to know of one address of the hub.
type Subscription struct {
	Endpoint system.EndpointID
	// Wanted says that messages are to be sent to URL, signed with Secret; else they are to be sent to the address no more.
	Wanted bool
	URL    string
	Secret string
	// ID is the system's id of the subscription that is in order as far as the hub knows; empty when there is none.
	ID string

	secretNo int
}

// Subscriptions gives what a system that can be asked to send messages is to know, as far as it is to be looked at now; all of it with
// all. Nothing is wanted without PublicURL. A system that never had an address gets one: messages only make faster what polls do
// anyway.
func (h *Hub) Subscriptions(ctx context.Context, org organisation.ID, s system.System, all bool) ([]Subscription, error) {
	if h.o.Keyset == nil {
		return nil, nil
	}
	var rows []store.EndpointToLookAt
	err := pg.InOrganisation(ctx, h.pool, string(org), pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		var err error
		if rows, err = store.ListEndpointsToLookAt(ctx, tx, s.ID); err != nil || len(rows) > 0 || h.o.PublicURL == "" || !h.o.Kinds[s.Kind].Receives {
			return err
		}
		if _, err = h.addEndpoint(ctx, tx, org, s.ID); err != nil {
			return err
		}
		rows, err = store.ListEndpointsToLookAt(ctx, tx, s.ID)
		return err
	})
	if errors.Is(err, errInboundExists) {
		return nil, nil // somebody made one in this moment; it is seen to next time
	}
	if err != nil {
		return nil, err
	}
	var out []Subscription
	for _, r := range rows {
		w := Subscription{Endpoint: system.EndpointID(r.ID), Wanted: !r.Removed, secretNo: r.SecretNo}
		switch {
		case r.Removed && !r.Due, w.Wanted && (h.o.PublicURL == "" || !all && !r.Due):
			continue
		case w.Wanted:
			w.URL = h.inbound(s.Kind, system.Endpoint{ID: w.Endpoint}).URL
			plain, err := h.o.Keyset.Open(r.Secret, endpointBinding(org, s.ID, w.Endpoint))
			if err != nil {
				return nil, fault.Wrap(fault.Internal, err, "The hub cannot open the secret of an address: it was sealed with another keyset.")
			}
			if w.Secret = string(plain); r.SubscriptionNo == r.SecretNo {
				w.ID = r.SubscriptionID
			}
		}
		out = append(out, w)
	}
	return out, nil
}

// NoteSubscriptions writes what came of looking at subscriptions: their ids where they are in order now, or why they are not.
func (h *Hub) NoteSubscriptions(ctx context.Context, org organisation.ID, looked []Subscription, failure error) error {
	err := pg.InOrganisation(ctx, h.pool, string(org), pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		for _, w := range looked {
			var err error
			switch {
			case failure != nil:
				err = store.NoteSubscriptionFault(ctx, tx, w.Endpoint, fault.CodeOf(failure), Shown(failure), subscriptionAgain)
			case w.Wanted:
				err = store.NoteSubscription(ctx, tx, w.Endpoint, w.ID, w.secretNo, subscriptionEvery)
			default:
				err = store.NoteUnsubscribed(ctx, tx, w.Endpoint)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		h.o.Wake(TopicSystems, org)
	}
	return err
}
