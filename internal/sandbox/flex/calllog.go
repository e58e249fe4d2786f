package flex

import (
	"slices"
	"strings"
	"time"
)

// Call is one request as the log keeps it. It holds no secrets, and bodies only where Options.KeepBodies asks for them.
type Call struct {
	// Number counts from 1 and has no holes; numbers missing from Calls were dropped by the limit.
	Number int64 `json:"number"`
	// Start and End are the sandbox's clock; End is zero while the request is being answered.
	Start time.Time `json:"start"`
	End   time.Time `json:"end,omitzero"`
	// Method, Path and Query are what was asked, at most their first 2048 bytes.
	Method string `json:"method"`
	Path   string `json:"path"`
	Query  string `json:"query,omitempty"`
	// Organisation and Key are whose key it was; empty when it was nobody's.
	Organisation string `json:"organisation,omitempty"`
	Key          string `json:"key,omitempty"`
	// Origin, IfMatch and IfNoneMatch are headers as sent.
	Origin      string `json:"origin,omitempty"`
	IfMatch     string `json:"ifMatch,omitempty"`
	IfNoneMatch string `json:"ifNoneMatch,omitempty"`
	// Body is what was sent, where it is kept, at most its first 64 KiB.
	Body string `json:"body,omitempty"`
	// Code is OK or the code of the problem, also of an answer that was lost; empty for what is no answer of Flex.
	Code string `json:"code"`
	// HTTPStatus is the status sent, zero when the connection was closed before, and Bytes the size of the body as far as it was sent.
	HTTPStatus int   `json:"httpStatus"`
	Bytes      int64 `json:"bytes"`
	// Customers is how many customers the answer held.
	Customers int `json:"customers"`
	// Faults are those that met the call, as kind#id joined with commas.
	Faults string `json:"faults,omitempty"`
	// Committed is true when the call had an effect, whatever was answered; the effect log says which.
	Committed bool `json:"committed"`
	// Aborted is true when the client did not get the whole answer, because it left or a fault cut it.
	Aborted bool `json:"aborted,omitempty"`
}

const (
	keptBody = 64 << 10
	codeOK   = "OK"
)

// Calls is a copy of the call log, oldest first, with the requests now in flight.
func (s *Sandbox) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Call, len(s.calls))
	for i, c := range s.calls {
		out[i] = *c
	}
	return out
}

func (s *Sandbox) begin(c Call) *Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.callNumber++
	c.Number = s.callNumber
	entry := &c
	s.calls = append(s.calls, entry)
	if len(s.calls) > s.opts.LogLimit {
		s.calls = s.calls[1:]
	}
	s.journal.write(record{Call: entry})
	return entry
}

// finish completes the entry. It runs before the answer leaves, so whoever has read it finds the entry complete.
func (s *Sandbox) finish(entry *Call, a *answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	entry.End = s.Now()
	entry.Code, entry.HTTPStatus, entry.Bytes, entry.Customers = a.code, a.status, int64(len(a.body)), a.customers
	entry.Committed, entry.Aborted = a.committed, a.aborted
	if a.aborted && a.sent == 0 {
		entry.HTTPStatus, entry.Bytes = 0, 0
	} else if a.aborted {
		entry.Bytes = a.sent
	}
	s.journal.write(record{Call: entry})
}

// note changes an entry of the call log.
func (s *Sandbox) note(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// clip keeps logs and messages small whatever a client sends.
func clip(s string) string {
	const most = 2048
	if len(s) > most {
		s = s[:most]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// after are the entries of a log behind a number.
func after[T any](log []T, n int64, number func(T) int64) []T {
	from, _ := slices.BinarySearchFunc(log, n+1, func(e T, n int64) int { return int(number(e) - n) })
	return log[from:]
}
