package netvisorkyc

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/connector/netvisorkyc/api"
	"customerhub/internal/fault"
)

// Headers of a message (contract section 6).
const (
	headerEventID   = "X-Kyc-Event-Id"
	headerTimestamp = "X-Kyc-Timestamp"
	headerSignature = "X-Kyc-Signature"
)

const (
	// tolerance is how far the time of a message may be from ours.
	tolerance = 5 * time.Minute
	// maxMessage is a hundred times a message, which names one record.
	maxMessage = 32 << 10
	// maxSignatures is how many signatures a message may carry while a secret is being changed.
	maxSignatures = 5
)

// receive implements Kind.Receive. The signature covers the time and the body. The event's id is in a header that it does not cover, so
// it serves for dropping repetitions and for nothing else; a message is a hint, and one that is sent again within five minutes under
// another id costs a reading.
//
// A customer is named by its own id, since which candidate it was cannot be told without a call; the hub has no record of that name and
// polls then.
func receive(d connector.Delivery, secret string, now time.Time) (connector.Received, error) {
	if len(d.Body) > maxMessage {
		return connector.Received{}, fault.Because(fault.Invalid, "MESSAGE_TOO_LARGE", "A message of Netvisor KYC has %d bytes at most.", maxMessage)
	}
	stamp, event := one(d.Header, headerTimestamp), one(d.Header, headerEventID)
	if secret == "" || stamp == "" || !signed(one(d.Header, headerSignature), secret, stamp, d.Body) {
		return connector.Received{}, fault.Because(fault.Unauthenticated, "SIGNATURE_INVALID", "The message is not signed with the secret of the subscription.")
	}
	sent, ok := timeOf(stamp)
	if !ok || now.Sub(sent) > tolerance || sent.Sub(now) > tolerance {
		return connector.Received{}, fault.Because(fault.Unauthenticated, "MESSAGE_TOO_OLD",
			"The message was signed at a time that is more than five minutes from now.")
	}
	if event == "" || len(event) > 200 || !connector.PrintableASCII(event) {
		return connector.Received{}, fault.Because(fault.Invalid, "EVENT_ID_INVALID", "The message has no usable id in %s.", headerEventID)
	}
	var change api.Change
	if odd, err := api.Decode(d.Body, &change); err != nil || odd != "" || change.Entity == "" {
		return connector.Received{}, fault.Because(fault.Invalid, "MESSAGE_NOT_UNDERSTOOD", "The message is none of Netvisor KYC's.")
	}
	out := connector.Received{EventID: event}
	switch id := key(change.ID); {
	case id == "":
	case change.Entity == "CANDIDATE":
		out.Records = []string{ref{candidates, id}.String()}
	case change.Entity == "CUSTOMER":
		out.Records = []string{ref{customers, id}.String()}
	}
	return out, nil
}

// one is the value of a header that stands there once; empty otherwise.
func one(h http.Header, name string) string {
	if values := h.Values(name); len(values) == 1 {
		return strings.TrimSpace(values[0])
	}
	return ""
}

// signed says whether one of the signatures of a header, v1=hex joined by commas, fits.
func signed(header, secret, stamp string, body []byte) bool {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	want := mac.Sum(nil)
	if len(header) > maxSignatures*(len("v1=,")+2*sha256.Size+1) {
		return false
	}
	fits := false
	for s := range strings.SplitSeq(header, ",") {
		digest, ok := strings.CutPrefix(strings.TrimSpace(s), "v1=")
		got, err := hex.DecodeString(digest)
		fits = ok && err == nil && hmac.Equal(got, want) || fits
	}
	return fits
}

// timeOf reads the time of a message: seconds since 1970, or a written instant. The contract does not say which.
func timeOf(stamp string) (time.Time, bool) {
	if seconds, err := strconv.ParseInt(stamp, 10, 64); err == nil {
		return time.Unix(seconds, 0), seconds > 0 && seconds < 1<<40
	}
	at, err := time.Parse(time.RFC3339, stamp)
	return at, err == nil
}
