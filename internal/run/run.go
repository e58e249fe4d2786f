// Package run is one piece of work with an external system that takes a while: a first import, a poll, a check. A run is
// a row, so its progress and its end are seen from anywhere and survive a restart. The package is pure.
package run

import (
	"time"

	"customerhub/internal/change"
	"customerhub/internal/fault"
	"customerhub/internal/system"
)

// ID identifies a run. It is a UUID in text form; empty means none.
type ID string

// Kind says what a run does.
type Kind string

// The kinds of runs.
const (
	FirstImport Kind = "FIRST_IMPORT" // reads everything for the first time
	Poll        Kind = "POLL"         // reads what changed since the cursor
	Sweep       Kind = "SWEEP"        // reads everything and compares
	Check       Kind = "CHECK"        // verifies credentials and permissions
	Planning    Kind = "PLAN"         // reads everything and says what would be done
	Applying    Kind = "APPLY"        // does what a plan says
	Certifying  Kind = "CERTIFY"      // reads everything and says what differs
	Undoing     Kind = "UNDO"         // takes another run back, or says what that would come to
	Credential  Kind = "CREDENTIAL"   // has the system issue a credential for the hub
	Submitting  Kind = "SUBMIT"       // hands over what the system verifies, and waits for what it found
	Pausing     Kind = "PAUSE"        // stops the integration on the system's side
)

// State is where a run is.
type State string

// The states of runs. The last three are final.
const (
	Queued    State = "QUEUED"
	Running   State = "RUNNING"
	Succeeded State = "SUCCEEDED"
	Failed    State = "FAILED"
	Cancelled State = "CANCELLED"
)

// Final says whether a run in this state has ended.
func (s State) Final() bool { return s == Succeeded || s == Failed || s == Cancelled }

// Counts are what a run did so far, in customers.
type Counts struct {
	Listed    int `json:"listed"`            // rows in the system's list
	Read      int `json:"read"`              // records read in full
	Created   int `json:"created"`           // customers that are new in the hub
	Updated   int `json:"updated"`           // customers that got another value
	Unchanged int `json:"unchanged"`         // records that said nothing new
	Skipped   int `json:"skipped"`           // records that never come in, such as TEMP
	Keyless   int `json:"keyless,omitempty"` // of those, rows of the list without a key to read them by
	Failed    int `json:"failed"`            // records that could not be taken, each with a finding
	Findings  int `json:"findings"`          // problems noted on records that were taken
}

// Run is one run.
type Run struct {
	ID          ID
	SystemID    system.ID
	Kind        Kind
	State       State
	RequestedBy change.Actor
	Counts      Counts
	// Total is how many records the run will look at; 0 while that is not known.
	Total int
	// Done is how many it has looked at. It never goes back.
	Done       int
	CreatedAt  time.Time
	StartedAt  time.Time
	FinishedAt time.Time
	// FaultCode and Message say why a run failed, in words an operator may see.
	FaultCode fault.Code
	Message   string
	// Sample is how the system's answer read that the run failed at, masked; empty when it was no answer that it failed at.
	Sample string
}

// ExpectedEnd is when the run will have looked at everything if it goes on as it has so far. It is zero while that cannot be
// told, and when the run has ended. The time a run lay idle after its worker died counts as its own: it may happen again.
func (r *Run) ExpectedEnd(now time.Time) time.Time {
	if r.State != Running || r.Done == 0 || r.Total <= r.Done || r.StartedAt.IsZero() {
		return time.Time{}
	}
	each := now.Sub(r.StartedAt) / time.Duration(r.Done)
	return now.Add(each * time.Duration(r.Total-r.Done)).Truncate(time.Second)
}
