// Package change is the log of committed alterations. Numbers run without holes per organisation, and each customer's
// changes are in their order, so a reader can prove that it missed nothing (Promise 9). The package is pure.
package change

import (
	"time"

	"customerhub/internal/customer"
	"customerhub/internal/finding"
)

// Kind says what was altered.
type Kind string

// The kinds of changes.
const (
	CustomerCreated     Kind = "CUSTOMER_CREATED"
	CustomerUpdated     Kind = "CUSTOMER_UPDATED"
	CustomerDeactivated Kind = "CUSTOMER_DEACTIVATED"
	CustomerReactivated Kind = "CUSTOMER_REACTIVATED"
	CustomerMerged      Kind = "CUSTOMER_MERGED"   // of both: the one that stays, and the one that is MERGED now
	CustomerUnmerged    Kind = "CUSTOMER_UNMERGED" // of both
	KYCStatusChanged    Kind = "KYC_STATUS_CHANGED"
	KYCExpiryNear       Kind = "KYC_EXPIRY_NEAR" // its fields are no changes of values: the last day, and how many are left
	SystemCreated       Kind = "SYSTEM_CREATED"
	SystemUpdated       Kind = "SYSTEM_UPDATED"
	FindingRaised       Kind = "FINDING_RAISED"
	FindingResolved     Kind = "FINDING_RESOLVED"
	RecordDeleted       Kind = "RECORD_DELETED" // in the system that is the origin
)

// ActorKind says what sort of actor made a change.
type ActorKind string

// The kinds of actors.
const (
	ActorKey      ActorKind = "API_KEY"  // a program or person with an API key
	ActorSystem   ActorKind = "SYSTEM"   // an external system, by what the hub read there
	ActorOperator ActorKind = "OPERATOR" // someone at the command line of the hub
	ActorHub      ActorKind = "HUB"      // the hub by itself
)

// Actor is who made a change.
type Actor struct {
	Kind ActorKind
	// ID is the key's or system's id. Empty for operator and hub.
	ID   string
	Name string
}

// Source is where a value came from: the hub itself, or a system.
type Source struct {
	// SystemID is empty when the value was entered in the hub.
	SystemID string
}

// Change is one committed alteration.
type Change struct {
	// Sequence is the number within the organisation, from 1 without holes. Readers see numbered changes only.
	Sequence   int64
	At         time.Time
	Kind       Kind
	CustomerID customer.ID // empty when the change is about no customer
	// Number counts the changes of this one customer, in their order.
	Number int
	// Fields that changed, parts named by the hub's ids.
	Fields []customer.FieldChange
	// FindingID is the finding that was raised or resolved; empty for other kinds.
	FindingID finding.ID
	// Reason is why the actor made it, where somebody had to say so.
	Reason string
	// RunID is the run that made it; empty for what no run did. It may be kept no more.
	RunID  string
	Actor  Actor
	Origin Source
}
