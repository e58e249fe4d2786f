package connector

import (
	"context"
	"net/http"
)

// Delivery is one message that a system sent by itself, as it arrived.
type Delivery struct {
	Header http.Header
	Body   []byte
}

// TooOld is the reason of an Unauthenticated message that the system signed at a time too far from now.
const TooOld = "TOO_OLD"

// Received is what a delivery is about. It is a hint: what it says is looked up, never believed.
type Received struct {
	// EventID is the system's own id of the event; the same event may be delivered more than once.
	EventID string
	// Records are the external ids of what changed. Where the hub has no link for one, the system is polled.
	Records []string
}

// Subscription is where a system sends its messages.
type Subscription struct {
	ID  string
	URL string
	// Active is false for one that the system has suspended, because deliveries failed for too long.
	Active bool
}

// Subscriber is a system that sends messages by itself once it knows where.
type Subscriber interface {
	// Subscribe makes one call that has messages sent to the URL, signed with the secret, and gives the subscription's id.
	Subscribe(ctx context.Context, url, secret string) (id string, err error)
	// Subscriptions lists those that there are.
	Subscriptions(ctx context.Context) ([]Subscription, error)
	// Unsubscribe ends one. NotFound means that there is none.
	Unsubscribe(ctx context.Context, id string) error
}
