package link

import (
	"time"

	"customerhub/internal/customer"
)

// Operation is what a call does outside.
type Operation string

// The operations.
const (
	Create Operation = "CREATE"
	Edit   Operation = "EDIT"
	Remove Operation = "REMOVE"
	Delete Operation = "DELETE" // the whole record for good, as an operator asked
)

// Intent is a stored decision to write into an external system, made before the call. A link has at most one at a time. It
// stands until it is known what became of it (Promise 2).
type Intent struct {
	// ID is also the transaction by which the system can tell the call from another (Netvisor contract section 1.5).
	ID        string
	LinkID    ID
	Operation Operation
	// Part and Key name the office or contact that the call is about, Key by the system's own key and empty for a new one;
	// PartID is the hub's id. All are empty for the card.
	Part   customer.Part
	Key    string
	PartID string
	// Set is what the call sends, Want all that the hub held of the card or part; see connector.Step.
	Set  customer.Fields
	Want customer.Fields
	// Number and BusinessID are what a record that the call creates is found by.
	Number     string
	BusinessID string
	// SentAt is when the call was about to leave for the last time, Sends how often it was. Whether it did leave is not known
	// until an answer is.
	SentAt time.Time
	Sends  int
	MadeAt time.Time
	// Trying says in words what the hub is doing to find out; empty while the call is under way.
	Trying string
}
