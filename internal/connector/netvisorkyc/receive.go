package netvisorkyc

import (
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/connector/netvisorkyc/api"
	"customerhub/internal/connector/rest"
)

// Headers of a message (contract section 6).
const (
	headerEventID   = "X-Kyc-Event-Id"
	headerTimestamp = "X-Kyc-Timestamp"
	headerSignature = "X-Kyc-Signature"
)

// messages are KYC's; one names one record, and has a hundredth of what is let in.
var messages = rest.Messages{Service: "Netvisor KYC", EventID: headerEventID, Timestamp: headerTimestamp, Signature: headerSignature, MaxBytes: maxMessage}

const maxMessage = 32 << 10

// receive implements Kind.Receive.
//
// A customer is named by its own id, since which candidate it was cannot be told without a call; the hub has no record of that name and
// polls then.
func receive(d connector.Delivery, secret string, now time.Time) (connector.Received, error) {
	event, err := messages.Verify(d, secret, now)
	if err != nil {
		return connector.Received{}, err
	}
	var change api.Change
	if odd, err := rest.Decode(d.Body, &change); err != nil || odd != "" || change.Entity == "" {
		return connector.Received{}, messages.NotUnderstood()
	}
	out := connector.Received{EventID: event}
	switch id := rest.Key(change.ID); {
	case id == "":
	case change.Entity == "CANDIDATE":
		out.Records = []string{ref{candidates, id}.String()}
	case change.Entity == "CUSTOMER":
		out.Records = []string{ref{customers, id}.String()}
	}
	return out, nil
}
