package flex

import (
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/connector/flex/api"
	"customerhub/internal/connector/rest"
)

// messages are Flex's (contract section 7). One holds a whole customer, of which nothing is believed.
var messages = rest.Messages{
	Service: title, EventID: "X-Flex-Event-Id", Timestamp: "X-Flex-Timestamp", Signature: "X-Flex-Signature", MaxBytes: 256 << 10,
}

// receive implements Kind.Receive. An event is a hint at its customer, whatever it says happened: events come more than once and in no order, so
// what the customer is now is read.
func receive(d connector.Delivery, secret string, now time.Time) (connector.Received, error) {
	event, err := messages.Verify(d, secret, now)
	if err != nil {
		return connector.Received{}, err
	}
	var e api.Event
	if odd, err := rest.Decode(d.Body, &e); err != nil || odd != "" || e.Type == "" || rest.Key(e.CustomerID) == "" {
		return connector.Received{}, messages.NotUnderstood()
	}
	return connector.Received{EventID: event, Records: []string{string(e.CustomerID)}}, nil
}
