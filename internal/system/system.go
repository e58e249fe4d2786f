// Package system is a configured external system of an organisation: what kind it is, how it is reached, and which state
// it is in. The package is pure; connectors do the talking, package store keeps the sealed credentials.
package system

import (
	"time"

	"customerhub/internal/fault"
)

// ID identifies a system. It is a UUID in text form; empty means none.
type ID string

// Kind is the kind of an external system. Package connector has what a kind can do.
type Kind string

// The kinds of systems.
const (
	Netvisor    Kind = "NETVISOR"
	NetvisorKYC Kind = "NETVISOR_KYC"
	Flex        Kind = "FLEX"
)

// State is where a system is on its way to running (design section 5).
type State string

// The states of a system. Import-only starts from CHECKED; writing out needs PLANNED.
const (
	Draft       State = "DRAFT"        // credentials missing or unverified
	Checked     State = "CHECKED"      // credentials and permissions verified
	Planned     State = "PLANNED"      // the first run is approved
	Running     State = "RUNNING"      // kept in agreement
	Paused      State = "PAUSED"       // stopped by a person
	NeedsAction State = "NEEDS_ACTION" // stopped by the hub until a person acts
)

// System is one configured external system. At most one of a kind is running in an organisation.
type System struct {
	ID    ID
	Kind  Kind
	Name  string
	State State
	// Settings are what is not secret, such as baseUrl. Each connector's Kind lists its own.
	Settings map[string]string
	// Policy says which way values flow, and who wins.
	Policy Policy
	// CredentialsSetAt is when credentials were last stored. Zero means never.
	CredentialsSetAt time.Time
	CheckedAt        time.Time
	Checks           []Check
	// Fault is why the system does not work as it should; nil when it does.
	Fault *Fault
	// PollEvery is how long the hub waits between two looks at the system.
	PollEvery time.Duration
	NextDueAt time.Time
	// Cursor is where the next incremental look starts, in the system's own terms. Empty means from the beginning.
	Cursor string
	// FreshAt is when the last complete look at the system began: what the hub knows is at least that new.
	FreshAt time.Time
	// SweptAt is when the last complete look at everything began; the next is due in the following night.
	SweptAt time.Time
	// HoldUntil is until when single customers are not exchanged with the system, because it did not answer; zero when it
	// does. HoldCount is how many calls in a row failed.
	HoldUntil time.Time
	HoldCount int
	// ReportEmail is the address that failures are reported to, in ReportLanguage; empty is nobody.
	ReportEmail    string
	ReportLanguage string
	// Activation is how the system stands on its own side; nil for one that knows no such steps, or has not said anything.
	Activation *Activation
	// Series are the number series that it gives customers' numbers by, as it told them last.
	Series []Series
	// StartedAt is when it was started for the first time; zero when it never was.
	StartedAt time.Time
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Series is one number series of a system: it gives Next behind Prefix, then the one after. Zeros that a system puts in front do not count.
type Series struct {
	// Name is for people.
	Name   string `json:"name"`
	Prefix string `json:"prefix"`
	Next   int64  `json:"next"`
}

// Usage is how much of a system an organisation used in a month (R61).
type Usage struct {
	System ID
	// StartedAt is when the system was started for the first time; zero when it never was.
	StartedAt time.Time
	// Month is its first day, in Helsinki.
	Month time.Time
	// Taken counts records that were new or had changed in the system, Sent the calls that changed something there, and Messages what the
	// system sent by itself.
	Taken, Sent, Messages int64
}

// Check is one thing that was verified before start, such as the credentials or the permission to one resource.
type Check struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	// Message is the system's own words, or ours, on what is wrong; of a check that is OK, what somebody should know all the same.
	Message string `json:"message,omitempty"`
	// Fix says who can mend it and how.
	Fix string `json:"fix,omitempty"`
}

// CheckIntegration is the name of the check whether a vendor's support has enabled the integration, for systems where that is asked for.
const CheckIntegration = "integration"

// Fault is what went wrong with a system, in words that an operator may see.
type Fault struct {
	Code    fault.Code
	Message string
	Since   time.Time
}

// Health sums up a system for someone who looks at many.
type Health string

// The healths of systems.
const (
	Healthy  Health = "OK"       // it works, as far as the hub knows
	Degraded Health = "DEGRADED" // it has a fault that the hub is retrying
	Broken   Health = "BROKEN"   // it waits for a person
	Unknown  Health = "UNKNOWN"  // it has never been looked at
)

// Health is derived from state and fault, never stored.
func (s *System) Health() Health {
	switch {
	case s.State == NeedsAction:
		return Broken
	case s.Fault != nil && !s.Fault.Code.Retryable():
		return Broken
	case s.Fault != nil:
		return Degraded
	case s.CheckedAt.IsZero() && s.FreshAt.IsZero():
		return Unknown
	}
	return Healthy
}

// CanStart says whether the system may start in its state. One that is to be written to needs a first run besides, which package hub
// looks for.
func (s *System) CanStart() error {
	switch s.State {
	case Checked, Planned, Paused:
		return nil
	case Running:
		return fault.Because(fault.Invalid, "SYSTEM_RUNNING", "The system is running already.")
	}
	return fault.Because(fault.Invalid, "SYSTEM_NOT_CHECKED",
		"The system has not been checked yet. Set its credentials and check it first.")
}
