package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"customerhub/internal/fault"
)

// transportError marks what went wrong between the hub and an external system, as opposed to inside either.
type transportError struct{ err error }

// Error implements error.
func (e *transportError) Error() string { return e.err.Error() }

// Unwrap gives the cause.
func (e *transportError) Unwrap() error { return e.err }

// Fault classifies an error of a call: time-outs, refused and broken connections, answers that are cut off or too large
// become Unavailable, with a message that names no address. An error that is a fault already, or that has nothing to do
// with a transport, is returned as it is. A call that its own caller cancelled stays context.Canceled and gets no code. Nil
// gives nil.
//
// The cause is kept without the query and the user part of the URL, which may hold secrets (Promise 11).
func Fault(err error) error {
	switch {
	case err == nil, fault.Of(err) != nil:
		return err
	case errors.Is(err, context.Canceled):
		return safe(err)
	case !isTransport(err):
		return err
	}
	return fault.Wrap(fault.Unavailable, safe(err), "%s", message(err))
}

func isTransport(err error) bool {
	if _, ok := errors.AsType[*transportError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*url.Error](err); ok {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	for _, known := range []error{
		io.ErrUnexpectedEOF, context.DeadlineExceeded, net.ErrClosed, syscall.ECONNRESET, syscall.ECONNREFUSED, syscall.EPIPE,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// message says in a sentence what a person can do something with.
func message(err error) string {
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return "The name of the server was not found."
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "The certificate of the server is not from an authority this machine trusts."
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "The certificate of the server could not be verified."
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() || errors.Is(err, ErrSilent) {
		return "No answer came in time."
	}
	switch {
	case errors.Is(err, ErrTooSlow):
		return "The answer took too long to arrive."
	case errors.Is(err, ErrTooLarge):
		return "The answer is larger than the hub accepts."
	case errors.Is(err, ErrRedirect):
		return "The server sent the call on to another host, and the hub does not follow."
	case errors.Is(err, syscall.ECONNREFUSED):
		return "The connection was refused."
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
		return "The connection broke before the answer was complete."
	}
	return "The call did not get through."
}

// safe is err without the query and the user part of a URL. The chain stays intact below the URL.
func safe(err error) error {
	ue, ok := errors.AsType[*url.Error](err)
	if !ok {
		return err
	}
	where := "an unreadable address"
	if u, parseErr := url.Parse(ue.URL); parseErr == nil {
		where = u.Scheme + "://" + u.Host + u.Path
	}
	return fmt.Errorf("%s %s: %w", strings.ToUpper(ue.Op), where, ue.Err)
}

// RetryAfter is the moment that an answer's Retry-After header names, in seconds or as a date. It is zero when there is none
// or when it makes no sense. A wait is never taken to be longer than a day.
func RetryAfter(h http.Header, now time.Time) time.Time {
	v := strings.TrimSpace(h.Get("Retry-After"))
	const most = 24 * time.Hour
	if seconds, err := strconv.ParseInt(v, 10, 64); err == nil {
		if seconds < 0 {
			return time.Time{}
		}
		return now.Add(min(time.Duration(min(seconds, int64(most/time.Second)))*time.Second, most))
	}
	t, err := http.ParseTime(v)
	if err != nil || t.Before(now) {
		return time.Time{}
	}
	if t.Sub(now) > most {
		return now.Add(most)
	}
	return t
}
