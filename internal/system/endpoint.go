package system

import (
	"strings"
	"time"
)

// EndpointID identifies an address that a system sends its messages to. It is a random UUID in text form, which nobody guesses; empty
// means none.
type EndpointID string

// Endpoint is an address that a system sends messages to by itself when something changed there, and how that goes. A message says
// only where to look.
type Endpoint struct {
	ID       EndpointID
	SystemID ID
	// SecretNo counts the secrets that it had; SecretSetAt is when it got the present one. The one before is taken until PreviousUntil,
	// which is zero where there is none.
	SecretNo      int
	SecretSetAt   time.Time
	PreviousUntil time.Time
	CreatedAt     time.Time
	// RemovedAt is when somebody removed it; it takes nothing since. Zero for one that takes messages.
	RemovedAt time.Time
	// LastDeliveryAt and LastRefusedAt are when a message was last taken and last refused; zero when never.
	LastDeliveryAt time.Time
	LastRefusedAt  time.Time
	Refused        []RefusedDeliveries
	// SubscribedAt is when the hub last saw that the system sends its messages here because the hub asked it to. Zero where it did
	// not: a person enters address and secret in the system then.
	SubscribedAt time.Time
	// Fault is why the hub could not see to its subscription; nil when it could.
	Fault *Fault
}

// Refusal is why a message was not taken.
type Refusal string

// The reasons. The sender is not told which.
const (
	RefusedSignature     Refusal = "SIGNATURE"      // it does not fit the secret
	RefusedTooOld        Refusal = "TOO_OLD"        // its time is too far from the hub's
	RefusedNotUnderstood Refusal = "NOT_UNDERSTOOD" // it is nothing that the kind of system sends
	RefusedTooLarge      Refusal = "TOO_LARGE"
	RefusedTooSlow       Refusal = "TOO_SLOW" // its body did not arrive in time
	RefusedTooMany       Refusal = "TOO_MANY" // others came shortly before
)

// Unverified says whether the message was looked at and found to be nothing from the system.
func (r Refusal) Unverified() bool {
	return r == RefusedSignature || r == RefusedTooOld || r == RefusedNotUnderstood
}

// RefusedDeliveries is how often messages were refused for a reason.
type RefusedDeliveries struct {
	Reason Refusal
	Count  int
	LastAt time.Time
}

// Path is the kind as a part of an address, such as netvisor-kyc.
func (k Kind) Path() string { return strings.ReplaceAll(strings.ToLower(string(k)), "_", "-") }
