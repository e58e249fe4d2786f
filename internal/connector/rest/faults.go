package rest

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"customerhub/internal/connector/record"
	"customerhub/internal/fault"
	"customerhub/internal/finnish"
	"customerhub/internal/outbound"
)

// byStatus is what an HTTP status means where the code does not tell. What is in neither table is Rejected: visible, with the service's words, and
// not tried for ever.
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

// refusal is the fault that an answer other than a success announces. certain says that nothing was done: that the service itself said so, or
// that the call was turned away at the door. What breaks within may have been done before.
//
// Without a problem that says the same as the status, an answer is not the service's: a proxy's page may come with any status, and a missing page
// is no sign of a missing customer (Promise 6).
func (s *Service) refusal(r *Request, res *http.Response, data []byte, scrub func(string) string) (f *fault.Error, certain bool) {
	until := outbound.RetryAfter(res.Header, s.Now())
	var p problem
	_, err := Decode(data, &p)
	code := Word(string(p.Code))
	if err != nil || code == "" || p.Status != "" && string(p.Status) != strconv.Itoa(res.StatusCode) {
		return s.notReply(r, res, data, until, scrub)
	}
	kind, known := s.ByCode[code]
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
		f.Message = fmt.Sprintf("%s refused %s (%s): %s", s.Name, r.resource(), code, told)
	} else {
		f.Message = fmt.Sprintf("%s refused %s (%s) and gave no reason.", s.Name, r.resource(), code)
	}
	f.Message += " Support: " + s.Support + "." // R7, R60
	return f, res.StatusCode < 500 || res.StatusCode == http.StatusServiceUnavailable
}

// said are the service's words: the detail, else the title, and which fields are wrong.
func said(p problem, scrub func(string) string) string {
	out := Words(scrub(string(p.Detail)))
	if out == "" {
		out = Words(scrub(string(p.Title)))
	}
	const most = 5
	for i, e := range p.Errors {
		field := Words(scrub(string(cmp.Or(e.Path, e.Field)) + ": " + string(e.Message)))
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

// notReply is the fault for an answer that is not the service's: a proxy's page, a login page, nothing. Such answers pass, as a rule.
func (s *Service) notReply(r *Request, res *http.Response, data []byte, until time.Time, scrub func(string) string) (f *fault.Error, certain bool) {
	f = &fault.Error{
		Code: fault.Unavailable, Reason: "NOT_A_REPLY", Until: until, Sample: sample(data, scrub),
		Err:     fmt.Errorf("status %d, content type %.80q", res.StatusCode, scrub(res.Header.Get("Content-Type"))),
		Message: fmt.Sprintf("Instead of an answer from %s to %s there was something else (HTTP status %d).", s.Name, r.resource(), res.StatusCode),
	}
	defer func() { f.Message += " Support: " + s.Support + "." }()
	switch res.StatusCode {
	case http.StatusTooManyRequests:
		f.Code, f.Reason = fault.Limited, "RATE_LIMITED"
		f.Message = fmt.Sprintf("%s asks to slow down (HTTP status 429 from %s).", s.Name, r.resource())
		return f, true
	case http.StatusNotFound:
		f.Message = fmt.Sprintf("There is no %s at the configured address (HTTP status 404). If this lasts, check %s.", r.resource(), s.Setting)
		return f, true
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return f, true // turned away at the door
	}
	return f, false
}

// sample is the beginning of an answer that is not the service's, for operators. What could be a record is left out: it may hold what is said of a customer
// (Promise 11).
func sample(data []byte, scrub func(string) string) string {
	text := strings.ToValidUTF8(string(data), "?")
	if strings.ContainsAny(text, "{[") && !strings.HasPrefix(strings.TrimSpace(text), "<") {
		return ""
	}
	return record.Clip(Words(scrub(text)), 200)
}

// BrokenReply is the fault of an answer about a resource that is cut off or makes no sense: Unavailable, or Uncertain for a call that
// may have been carried out. What the answer said is not told.
func (s *Service) BrokenReply(resource string, code fault.Code, err error) *fault.Error {
	f := &fault.Error{
		Code: code, Reason: "REPLY_BROKEN", Err: err,
		Message: fmt.Sprintf("The answer of %s to %s was cut off or makes no sense; nothing of it was used.", s.Name, resource),
	}
	if code == fault.Uncertain {
		f.Message = fmt.Sprintf("The answer of %s to %s was cut off or makes no sense; whether the call was carried out is not known.", s.Name, resource)
	}
	return f
}

// NotSent is the fault of a call about a resource that was not made, since something before it failed.
func (s *Service) NotSent(resource string, err error) error {
	return s.lost(&Request{Path: []string{resource}}, err, false)
}

// lost is the fault of a call whose answer did not come: nothing happened when it never left.
func (s *Service) lost(r *Request, err error, left bool) error {
	code, reason, message := fault.Unavailable, "", fmt.Sprintf("%s, %s: the call did not get through.", s.Name, r.resource())
	if left {
		code, reason = fault.Uncertain, "ANSWER_LOST"
		message = fmt.Sprintf("%s, %s: the answer was lost; whether the call was carried out is not known.", s.Name, r.resource())
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

// Scrubber takes the service's secrets, further ones, and identity codes out of a text (Promise 11).
func (s *Service) Scrubber(more ...string) func(string) string {
	var pairs []string
	for _, secret := range slices.Concat(s.Secrets, more) {
		if secret != "" {
			pairs = append(pairs, secret, "***")
		}
	}
	replace := strings.NewReplacer(pairs...)
	return func(t string) string { return finnish.MaskIdentityCodes(replace.Replace(t)) }
}

// Words makes a text of a service's fit for a message: one line, of bearable length.
func Words(s string) string {
	return record.Clip(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || record.Invisible(r) }), " "), 500)
}

// Word is a code as it may be told: capitals, digits and underscores, or nothing.
func Word(s string) string {
	if len(s) > 60 || strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
		return ""
	}
	return s
}

// problem is how a service refuses (RFC 9457, with the code and the list of fields that the contracts have).
type problem struct {
	Status Text           `json:"status"`
	Code   Text           `json:"code"`
	Title  Text           `json:"title"`
	Detail Text           `json:"detail"`
	Errors []problemField `json:"errors"`
}

// problemField is one field that is wrong. Services name it by a path or by a field.
type problemField struct {
	Path    Text `json:"path"`
	Field   Text `json:"field"`
	Message Text `json:"message"`
}
