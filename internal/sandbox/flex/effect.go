package flex

import (
	"slices"
	"time"
)

// Effect is one change of one customer, whoever made it. Effects are never altered once they are in the log; they are what an auditor
// holds against what a client believes to have written.
type Effect struct {
	// Number counts from 1 and has no holes; numbers missing from Effects were dropped by the limit.
	Number int64 `json:"number"`
	// Time is the sandbox's clock.
	Time time.Time `json:"time"`
	// Call is the number of the call that had the effect; zero when it was no call of the service.
	Call int64 `json:"call,omitempty"`
	// By is "call" for a call of the service, "control" for the control plane and "program" for the Go API.
	By           string `json:"by"`
	Organisation string `json:"organisation"`
	Customer     string `json:"customer"`
	// CustomerNumber and Revision are those afterwards.
	CustomerNumber string `json:"customerNumber"`
	Revision       int64  `json:"revision"`
	// Origin is what the event says, and Event its id; empty when nothing was told.
	Origin string `json:"origin"`
	Event  string `json:"event,omitempty"`
	// What is created, changed, deactivated or invoiced.
	What string `json:"what"`
	// Changes are the values that differ, in the order of the wire. Empty for a write that altered nothing.
	Changes []Change `json:"changes"`
}

// Change is one value before and after an effect. Lists are one value, in JSON.
type Change struct {
	Field  string `json:"field"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// What happened to a customer.
const (
	WasCreated     = "created"
	WasChanged     = "changed"
	WasDeactivated = "deactivated"
	WasInvoiced    = "invoiced"

	byCall    = "call"
	byControl = "control"
	byProgram = "program"
)

// Effects is a copy of the effect log, oldest first.
func (s *Sandbox) Effects() []Effect {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.effects)
}

func (s *Sandbox) tell(o *organisation, who actor, c *Customer, what, event string, changes []Change) {
	s.effectNumber++
	e := Effect{
		Number: s.effectNumber, Time: s.Now(), Call: who.call, By: who.by, Organisation: o.id, Customer: c.ID, CustomerNumber: c.CustomerNumber,
		Revision: c.Revision, Origin: who.origin, Event: event, What: what, Changes: changes,
	}
	s.effects = append(s.effects, e)
	if len(s.effects) > s.opts.EffectLimit {
		s.effects = s.effects[1:]
	}
	s.journal.write(record{Effect: &e})
}

// difference compares two customers value by value; nil is one without any.
func difference(before, after *Customer) []Change {
	out := []Change{}
	was := map[string]string{}
	for _, v := range before.values() {
		was[v.field] = v.text
	}
	for _, v := range after.values() {
		if b := was[v.field]; b != v.text && (before != nil || v.text != "false") {
			out = append(out, Change{v.field, b, v.text})
		}
	}
	return out
}
