package netvisorkyc

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"customerhub/internal/connector"
	"customerhub/internal/connector/netvisorkyc/api"
	"customerhub/internal/fault"
	"customerhub/internal/finnish"
	"customerhub/internal/outbound"
)

// Codes of KYC's errors (contract section 4). They are the Reason of the faults.
const (
	InvalidToken           = "INVALID_TOKEN"
	InterfacesNotEnabled   = "INTERFACES_NOT_ENABLED"
	InsufficientRights     = "INSUFFICIENT_RIGHTS"
	NotFound               = "NOT_FOUND"
	CandidateDeleted       = connector.Deleted
	CursorExpired          = "CURSOR_EXPIRED"
	NotVerified            = "NOT_VERIFIED"
	DuplicateBusinessID    = "DUPLICATE_BUSINESS_ID"
	AlreadyCustomer        = "ALREADY_CUSTOMER"
	StaleRevision          = "STALE_REVISION"
	IdempotencyKeyReused   = "IDEMPOTENCY_KEY_REUSED"
	IntegrationPaused      = "INTEGRATION_PAUSED" // in no table of the contract: a write while the integration is paused
	BusinessIDChanged      = "BUSINESS_ID_CHANGED"
	CustomerEnded          = "CUSTOMER_ENDED"
	CustomerIsNeverDeleted = "CUSTOMER_IS_NEVER_DELETED"
)

// byCode is what a code means where its HTTP status alone does not tell. What is in neither table is Rejected: visible, with KYC's words,
// and not tried for ever.
var byCode = map[string]fault.Code{
	DuplicateBusinessID: fault.Duplicate,
	AlreadyCustomer:     fault.Duplicate,
	// Somebody has paused it, and will let it go on.
	IntegrationPaused: fault.Maintenance,
	// Nothing of any record is taken before somebody has the integration verified and started: the whole of it waits.
	NotVerified: fault.Denied,
}

var byStatus = map[int]fault.Code{
	http.StatusUnauthorized:        fault.Denied,
	http.StatusForbidden:           fault.Denied,
	http.StatusNotFound:            fault.NotFound,
	http.StatusGone:                fault.NotFound,
	http.StatusPreconditionFailed:  fault.Stale,
	http.StatusTooManyRequests:     fault.Limited,
	http.StatusRequestTimeout:      fault.Unavailable,
	http.StatusTooEarly:            fault.Unavailable,
	http.StatusServiceUnavailable:  fault.Unavailable,
	http.StatusInternalServerError: fault.Unavailable,
}

// refusal is the fault that an answer other than a success announces. certain says that nothing was done: that KYC itself said so, or
// that the call was turned away at the door. What breaks within may have been done before.
//
// Without a problem that says the same as the status, an answer is not KYC's: a proxy's page may come with any status, and a missing page
// is no sign of a missing customer (Promise 6).
func (c *Connection) refusal(r *request, res *http.Response, data []byte, scrub func(string) string) (f *fault.Error, certain bool) {
	until := outbound.RetryAfter(res.Header, c.now())
	var p api.Problem
	_, err := api.Decode(data, &p)
	code := word(string(p.Code))
	if err != nil || code == "" || p.Status != "" && string(p.Status) != strconv.Itoa(res.StatusCode) {
		return c.notReply(r, res, data, until, scrub)
	}
	kind, known := byCode[code]
	if !known {
		kind, known = byStatus[res.StatusCode]
	}
	if !known {
		kind = fault.Rejected
		if res.StatusCode >= 500 {
			kind = fault.Unavailable
		}
	}
	f = &fault.Error{Code: kind, Reason: code, Until: until}
	if told := said(p, scrub); told != "" {
		f.Message = fmt.Sprintf("Netvisor KYC refused %s (%s): %s", r.resource(), code, told)
	} else {
		f.Message = fmt.Sprintf("Netvisor KYC refused %s (%s) and gave no reason.", r.resource(), code)
	}
	if kind == fault.Denied || kind == fault.Rejected {
		f.Message += " Support: " + Support + "." // R7
	}
	return f, res.StatusCode < 500 || res.StatusCode == http.StatusServiceUnavailable
}

// said are KYC's words: the detail, else the title, and which fields are wrong.
func said(p api.Problem, scrub func(string) string) string {
	out := words(scrub(string(p.Detail)))
	if out == "" {
		out = words(scrub(string(p.Title)))
	}
	const most = 5
	for i, e := range p.Errors {
		field := words(scrub(string(e.Path) + ": " + string(e.Message)))
		if i == most {
			break
		}
		if !strings.Contains(out, field) {
			out = strings.TrimSpace(out + " [" + field + "]")
		}
	}
	if out != "" && !strings.ContainsAny(out[len(out)-1:], ".!?") {
		out += "."
	}
	return out
}

// notReply is the fault for an answer that is not KYC's: a proxy's page, a login page, nothing. Such answers pass, as a rule.
func (c *Connection) notReply(r *request, res *http.Response, data []byte, until time.Time, scrub func(string) string) (f *fault.Error, certain bool) {
	f = &fault.Error{
		Code: fault.Unavailable, Reason: "NOT_A_REPLY", Until: until, Sample: sample(data, scrub),
		Err:     fmt.Errorf("status %d, content type %.80q", res.StatusCode, scrub(res.Header.Get("Content-Type"))),
		Message: fmt.Sprintf("Instead of an answer from Netvisor KYC to %s there was something else (HTTP status %d).", r.resource(), res.StatusCode),
	}
	switch res.StatusCode {
	case http.StatusTooManyRequests:
		f.Code, f.Reason = fault.Limited, "RATE_LIMITED"
		f.Message = fmt.Sprintf("Netvisor KYC asks to slow down (HTTP status 429 from %s).", r.resource())
		return f, true
	case http.StatusNotFound:
		f.Message = fmt.Sprintf("There is no %s at the configured address (HTTP status 404). If this lasts, check %s.", r.resource(), BaseURL)
		return f, true
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return f, true // turned away at the door
	}
	return f, false
}

// sample is the beginning of an answer that is not KYC's, for operators. What could be a record is left out: it may hold remarks
// (Promise 11).
func sample(data []byte, scrub func(string) string) string {
	text := strings.ToValidUTF8(string(data), "?")
	if strings.ContainsAny(text, "{[") && !strings.HasPrefix(strings.TrimSpace(text), "<") {
		return ""
	}
	return clip(words(scrub(text)), 200)
}

// brokenReply is the fault of an answer that is cut off or makes no sense. What it said is not told.
func (c *Connection) brokenReply(r *request, code fault.Code, err error) *fault.Error {
	f := &fault.Error{
		Code: code, Reason: "REPLY_BROKEN", Err: err,
		Message: fmt.Sprintf("Netvisor KYC's answer to %s was cut off or makes no sense; nothing of it was used.", r.resource()),
	}
	if code == fault.Uncertain {
		f.Message = fmt.Sprintf("Netvisor KYC's answer to %s was cut off or makes no sense; whether the call was carried out is not known.", r.resource())
	}
	return f
}

// lost is the fault of a call whose answer did not come: nothing happened when it never left.
func lost(r *request, err error, left bool) error {
	code, reason, message := fault.Unavailable, "", fmt.Sprintf("Netvisor KYC, %s: the call did not get through.", r.resource())
	if left {
		code, reason = fault.Uncertain, "ANSWER_LOST"
		message = fmt.Sprintf("Netvisor KYC, %s: the answer was lost; whether the call was carried out is not known.", r.resource())
	}
	out := &fault.Error{Code: code, Reason: reason, Message: message, Err: err}
	if f := fault.Of(err); f != nil {
		out.Sample, out.Until = f.Sample, f.Until
		if f.Message != "" {
			out.Message = strings.TrimSuffix(message, ".") + ": " + f.Message
		}
	}
	return out
}

// scrubber takes tokens and other secrets out of a text, and identity codes (Promise 11).
func (c *Connection) scrubber(more []string) func(string) string {
	var pairs []string
	for _, secret := range append([]string{c.token, c.admin}, more...) {
		if secret != "" {
			pairs = append(pairs, secret, "***")
		}
	}
	replace := strings.NewReplacer(pairs...)
	return func(s string) string { return finnish.MaskIdentityCodes(replace.Replace(s)) }
}

// words makes a text of KYC's fit for a message: one line, of bearable length.
func words(s string) string {
	return clip(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || invisible(r) }), " "), 500)
}

// word is a code as it may be told: capitals, digits and underscores, or nothing.
func word(s string) string {
	if len(s) > 60 || strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
		return ""
	}
	return s
}
