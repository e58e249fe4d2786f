package rest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/fault"
)

const (
	// tolerance is how far the time of a message may be from ours.
	tolerance = 5 * time.Minute
	// maxSignatures is how many signatures a message may carry while a secret is being changed.
	maxSignatures = 5
)

// Messages says what the messages of a service look like: which headers carry the event's id, the time and the signature, which is
// v1=hex of HMAC-SHA256 over time, a dot and the body, and how many bytes a message has at most.
type Messages struct {
	Service                       string
	EventID, Timestamp, Signature string
	MaxBytes                      int
}

// Verify gives the id of a message's event, once the message is known to be the service's own and not older than five minutes. It takes
// as long for a wrong secret as for the right one.
//
// The signature covers the time and the body. The event's id is in a header that it does not cover, so it serves for dropping repetitions
// and for nothing else; a message is a hint, and one that is sent again within five minutes under another id costs a reading.
func (m Messages) Verify(d connector.Delivery, secret string, now time.Time) (event string, err error) {
	if len(d.Body) > m.MaxBytes {
		return "", fault.Because(fault.Invalid, "MESSAGE_TOO_LARGE", "A message of %s has %d bytes at most.", m.Service, m.MaxBytes)
	}
	stamp := one(d.Header, m.Timestamp)
	if secret == "" || stamp == "" || !signed(one(d.Header, m.Signature), secret, stamp, d.Body) {
		return "", fault.Because(fault.Unauthenticated, "SIGNATURE_INVALID", "The message is not signed with the secret of the subscription.")
	}
	sent, ok := timeOf(stamp)
	if !ok || now.Sub(sent) > tolerance || sent.Sub(now) > tolerance {
		return "", fault.Because(fault.Unauthenticated, connector.TooOld,
			"The message was signed at a time that is more than five minutes from now.")
	}
	if event = one(d.Header, m.EventID); event == "" || len(event) > 200 || !connector.PrintableASCII(event) {
		return "", fault.Because(fault.Invalid, "EVENT_ID_INVALID", "The message has no usable id in %s.", m.EventID)
	}
	return event, nil
}

// NotUnderstood is the fault of a message that is signed and says nothing that the service says.
func (m Messages) NotUnderstood() error {
	return fault.Because(fault.Invalid, "MESSAGE_NOT_UNDERSTOOD", "The message is none of %s.", m.Service)
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

// timeOf reads the time of a message: seconds since 1970, or a written instant. The contracts do not say which.
func timeOf(stamp string) (time.Time, bool) {
	if seconds, err := strconv.ParseInt(stamp, 10, 64); err == nil {
		return time.Unix(seconds, 0), seconds > 0 && seconds < 1<<40
	}
	at, err := time.Parse(time.RFC3339, stamp)
	return at, err == nil
}
