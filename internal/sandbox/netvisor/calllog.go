package netvisor

import (
	"slices"
	"time"
)

// Call is one request as the log keeps it. It holds no secrets: no keys, no MAC, no bodies.
type Call struct {
	// Number counts from 1 and has no holes; numbers missing from Calls were dropped by the limit.
	Number int64 `json:"number"`
	// Start and End are the sandbox's clock; End is zero while the request is being answered.
	Start time.Time `json:"start"`
	End   time.Time `json:"end,omitzero"`
	// Method and Resource are what was asked; Resource is in lower case, without slash.
	Method   string `json:"method"`
	Resource string `json:"resource"`
	// Query is the query as sent, at most its first 2048 bytes.
	Query string `json:"query,omitempty"`
	// Organisation, TransactionID and Language are headers as sent, also when they were wrong.
	Organisation  string `json:"organisation,omitempty"`
	TransactionID string `json:"transactionId,omitempty"`
	Language      string `json:"language,omitempty"`
	// Status is OK, the error category, or empty when the reply was no envelope (an unknown resource). For an answer that was lost it is
	// what the answer said.
	Status string `json:"status"`
	// HTTPStatus is the status sent, zero when the connection was closed before, and Bytes the size of the body as far as it was sent.
	HTTPStatus int   `json:"httpStatus"`
	Bytes      int64 `json:"bytes"`
	// Customers is how many customers the reply held.
	Customers int `json:"customers"`
	// Overlapped is true when another request of the same company was in flight at the same time, either one first.
	Overlapped bool `json:"overlapped"`
	// Faults are those that met the call, as kind#id joined with commas.
	Faults string `json:"faults,omitempty"`
	// Committed is true when the call had an effect, whatever was answered; the effect log says which.
	Committed bool `json:"committed"`
	// Aborted is true when the client went away before the reply was complete.
	Aborted bool `json:"aborted,omitempty"`
}

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

// begin enters a call in the log and marks overlaps. Requests for companies that do not exist overlap with nothing.
func (s *Sandbox) begin(c Call) *Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.number++
	c.Number = s.number
	entry := &c
	s.calls = append(s.calls, entry)
	if len(s.calls) > s.opts.LogLimit {
		s.calls = s.calls[1:]
	}
	s.journal.write(record{Call: entry})
	if s.companies[c.Organisation] != nil {
		flight := s.inFlight[c.Organisation]
		for _, other := range flight {
			other.Overlapped, entry.Overlapped = true, true
		}
		s.inFlight[c.Organisation] = append(flight, entry)
	}
	return entry
}

// finish completes the entry, once. It runs before the last byte of the reply leaves, so whoever has read the reply finds the entry complete.
func (s *Sandbox) finish(entry *Call, reply *reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !entry.End.IsZero() {
		return
	}
	entry.End = s.opts.Clock()
	entry.Status, entry.HTTPStatus = string(reply.category), reply.status
	entry.Bytes, entry.Customers, entry.Aborted = reply.bytes, reply.customers, reply.aborted
	entry.Committed = reply.committed
	s.journal.write(record{Call: entry})
	if reply.holds != nil {
		reply.holds.admitted--
	}
	if flight, ok := s.inFlight[entry.Organisation]; ok {
		s.inFlight[entry.Organisation] = slices.DeleteFunc(flight, func(c *Call) bool { return c == entry })
	}
}

// admit lets one authenticated request of a company through at a time, until it is finished; false means another one is being answered.
func (s *Sandbox) admit(c *company, reply *reply) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.admitted > 0 && !s.opts.AllowOverlap {
		return false
	}
	c.admitted++
	reply.holds = c
	return true
}
