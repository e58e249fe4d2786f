package netvisorkyc

import (
	"strings"
	"time"
)

// Call is one call of the service as the log keeps it. It holds no tokens, no bodies and no personal identity codes.
type Call struct {
	// Number counts from 1 and has no holes; numbers missing from Calls were dropped by the limit.
	Number int64 `json:"number"`
	// Start and End are the sandbox's clock; End is zero while the call is being answered.
	Start time.Time `json:"start"`
	End   time.Time `json:"end,omitzero"`
	// Method and Path are what was asked, the path as sent; Query is its query. Each is cut at 2048 bytes.
	Method string `json:"method"`
	Path   string `json:"path"`
	Query  string `json:"query,omitempty"`
	// Organisation is whose token it was, empty when it was nobody's.
	Organisation   string `json:"organisation,omitempty"`
	IdempotencyKey string `json:"idempotencyKey,omitempty"`
	IfMatch        string `json:"ifMatch,omitempty"`
	// Status and Code are what was answered, and for an answer that was lost what it said. Status is zero when there was none.
	Status int    `json:"status"`
	Code   string `json:"code,omitempty"`
	Bytes  int    `json:"bytes"`
	// Faults are those that met the call, as kind#id joined with commas.
	Faults string `json:"faults,omitempty"`
	// Committed is true when the call had an effect, whatever was answered; the effect log says which.
	Committed bool `json:"committed"`
	// Replayed is true when the call was answered as it was before, under its idempotency key.
	Replayed bool `json:"replayed,omitempty"`
	// Aborted is true when no complete answer was sent.
	Aborted bool `json:"aborted,omitempty"`
}

// Calls is a copy of the call log, oldest first, with the calls now in flight.
func (s *Sandbox) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Call, len(s.calls))
	for i, c := range s.calls {
		out[i] = *c
	}
	return out
}

// begin enters a call in the log, with the faults that meet it.
func (s *Sandbox) begin(c Call) (*Call, strikes) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.numbers.Call++
	c.Number, c.Start = s.numbers.Call, s.Now()
	entry := &c
	s.calls = append(s.calls, entry)
	if len(s.calls) > s.opts.LogLimit {
		s.calls = s.calls[1:]
	}
	return entry, s.strike(entry)
}

// finish completes the entry. It runs before the answer leaves, so whoever has read the answer finds the entry complete.
func (s *Sandbox) finish(entry *Call, change func(*Call)) {
	_ = s.locked(actor{by: byService}, func() error {
		entry.End = s.Now()
		change(entry)
		s.pending.Calls = append(s.pending.Calls, *entry)
		return nil
	})
}

// clip keeps the log small and free of codes whatever a client sends.
func clip(s string) string {
	const most = 2048
	if len(s) > most {
		s = s[:most]
	}
	return hidden(strings.ToValidUTF8(s, "\uFFFD"))
}
