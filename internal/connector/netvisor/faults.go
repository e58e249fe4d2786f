package netvisor

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode"

	"customerhub/internal/connector/netvisor/api"
	"customerhub/internal/fault"
	"customerhub/internal/finnish"
	"customerhub/internal/outbound"
)

// Categories of Netvisor's errors (contract section 3). They are the Reason of the faults.
const (
	AuthenticationFailed = "AUTHENTICATION_FAILED"
	InvalidData          = "INVALID_DATA"
	InvalidDataSize      = "INVALID_DATA_SIZE"
	DuplicateData        = "DUPLICATE_DATA"
	RequestNotUnique     = "REQUEST_NOT_UNIQUE"
	PeriodLock           = "PERIOD_LOCK"
	ServiceAccessError   = "SERVICE_ACCESS_ERROR"
	SystemMaintenance    = "SYSTEM_MAINTENANCE"
	TechnicalError       = "TECHNICAL_ERROR"
)

// codes say what a category means to the hub. A category that is missing here is Rejected: visible, with Netvisor's words,
// and not tried for ever.
var codes = map[string]fault.Code{
	AuthenticationFailed: fault.Denied,
	ServiceAccessError:   fault.Denied,
	InvalidData:          fault.Rejected,
	InvalidDataSize:      fault.Rejected,
	DuplicateData:        fault.Rejected,
	PeriodLock:           fault.Rejected,
	// The next attempt has a new id.
	RequestNotUnique:  fault.Unavailable,
	SystemMaintenance: fault.Maintenance,
	TechnicalError:    fault.Unavailable,
}

// refusal is the fault that a complete reply announces, or nil when it announces none.
func (c *Connection) refusal(resource string, env api.Envelope, until time.Time, scrub func(string) string) error {
	if env.OK() {
		return nil
	}
	if !env.Failed() {
		return &fault.Error{Code: fault.Unavailable, Reason: "REPLY_BROKEN", Until: until,
			Message: fmt.Sprintf("Netvisor's answer to %s says neither OK nor FAILED; nothing of it was used.", resource)}
	}
	category, text := env.Failure()
	// Two clients have seen it spelt so.
	if category == "SYSTEM_MAINTANANCE" { //nolint:misspell // as the service writes it
		category = SystemMaintenance
	}
	code, known := codes[category]
	if !known {
		code = fault.Rejected
	}
	if category == AuthenticationFailed {
		text = beforeEcho(text)
	}
	f := &fault.Error{Code: code, Reason: category, Until: until}
	if f.Reason == "" {
		f.Reason = "FAILED"
	}
	words := words(scrub(text))
	switch {
	case words != "":
		f.Message = fmt.Sprintf("Netvisor refused %s (%s): %s", resource, f.Reason, words)
	default:
		f.Message = fmt.Sprintf("Netvisor refused %s (%s) and gave no reason.", resource, f.Reason)
	}
	return f
}

// notReply is the fault for an answer that is not Netvisor's: a proxy's page, a login page, nothing. Here, and only here,
// the HTTP status speaks. Such answers pass, as a rule; contract section 3 asks to treat them as transient.
func (c *Connection) notReply(resource string, res *http.Response, err error, scrub func(string) string) error {
	nr, _ := errors.AsType[*api.NotReplyError](err)
	f := &fault.Error{
		Code: fault.Unavailable, Reason: "NOT_A_REPLY", Until: outbound.RetryAfter(res.Header, c.now()), Sample: scrub(nr.Sample),
		Err: fmt.Errorf("status %d, content type %.80q, beginning %.200q",
			res.StatusCode, scrub(res.Header.Get("Content-Type")), scrub(nr.Sample)),
	}
	switch res.StatusCode {
	case http.StatusTooManyRequests:
		f.Code, f.Reason = fault.Limited, "TOO_MANY_REQUESTS"
		f.Message = fmt.Sprintf("Netvisor asks to slow down (HTTP status 429 from %s).", resource)
	case http.StatusNotFound:
		f.Message = fmt.Sprintf("There is no %s at the configured address (HTTP status 404). If this lasts, check baseUrl.", resource)
	default:
		f.Message = fmt.Sprintf("Instead of a reply from Netvisor to %s there was %s (HTTP status %d).", resource, nr.What, res.StatusCode)
	}
	return f
}

// beforeEcho cuts Netvisor's explanation of a refused signature before the string to be signed that it may echo, and before
// the digest that may follow (contract section 3).
func beforeEcho(text string) string {
	for _, mark := range []string{"::", "http://", "https://", "&"} {
		text, _, _ = strings.Cut(text, mark)
	}
	return strings.TrimRight(strings.TrimSpace(text), " :'\"([")
}

// hexDigest matches what a digest or a key looks like.
var hexDigest = regexp.MustCompile(`\b[0-9A-Fa-f]{32,}\b`)

// scrubber takes out of a text what belongs to this call's authentication, and identity codes (Promise 11).
func (c *Connection) scrubber(st stamp, h http.Header) func(string) string {
	var pairs []string
	for _, secret := range []string{
		c.signer.customerKey, c.signer.partnerKey, c.signer.customerID, c.signer.partnerID, st.transactionID,
		strings.Join(h["X-Netvisor-Authentication-MAC"], ""), //nolint:staticcheck // sign sets it in the documented spelling
	} {
		if secret != "" {
			pairs = append(pairs, secret, "***")
		}
	}
	replace := strings.NewReplacer(pairs...)
	return func(s string) string {
		return finnish.MaskIdentityCodes(hexDigest.ReplaceAllString(replace.Replace(s), "***"))
	}
}

// words makes a vendor's text fit for a message: one line, of bearable length.
func words(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	const most = 500
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return s
}
