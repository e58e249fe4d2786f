package connector

import (
	"context"
	"time"

	"customerhub/internal/customer"
)

// Step is one call that writes into an external system: into a record's card, one of its offices or one of its contacts.
// It carries what differs and nothing else (Promise 5).
type Step struct {
	// Record is the external id. Empty creates a record, and the step is about its card.
	Record string
	// Part and Key name the office or contact; no Part is the card. A Part without Key creates one. The Key KYCStatus without a Part
	// is the place beside the card where the due-diligence status is shown.
	Part customer.Part
	Key  string
	// Set are the values that differ, named within the card or part: name, billingAddress.city, address.line1. An empty
	// value clears, which is sent only when somebody cleared it; what is absent is not touched. Keys of other parts, such as
	// the office of a contact, are the external system's.
	Set customer.Fields
	// Want are all values that the hub holds of the card or part, named as in Set. They are for systems that demand some
	// values in every message, and never a reason to send more than those.
	Want customer.Fields
	// Remove takes the part away, as far as the system can.
	Remove bool
	// Source is the customer's record in the system that records here are made from (Kind.From); zero elsewhere.
	Source Source
	// Revive says that the record was deleted by the system's people and somebody asked for it to be made again.
	Revive bool
	// Transaction identifies the call towards the system. The same step sent again under the same transaction can be told
	// from a new one by systems that remember; empty lets the connector make one up.
	Transaction string
}

// KYCStatus is the Key of a Step about the due-diligence status: its fields are customer.FieldKYCRiskClass and those beside it.
const KYCStatus = "kyc"

// Writer writes.
type Writer interface {
	// Write makes exactly one call and gives the external key of what it created, empty where nothing was or the system
	// does not say. It never retries. Faults: Invalid for a step that must not be sent, found out before any call; Rejected,
	// Denied, Limited and Maintenance when the system refused and did nothing, with its own words; Unavailable when the call
	// never left; Uncertain when it may have arrived and the answer is lost or cannot be trusted. A refused Transaction is a
	// Duplicate with the reason REQUEST_NOT_UNIQUE.
	Write(ctx context.Context, s Step) (key string, err error)
	// LongestWrite is how long the system may still be at work on a call whose answer was lost.
	LongestWrite() time.Duration
}

// Identity is what a record that the hub created may be found again by.
type Identity struct {
	Number     string
	BusinessID string
}

// Finder finds records by what they carry.
type Finder interface {
	// Find gives the records that carry exactly the number, and those that carry exactly the business ID, each once; a
	// member that is empty finds nothing.
	Find(ctx context.Context, by Identity) ([]Row, error)
}

// Retracer finds what the hub made by a call whose answer was lost, and what nobody finds by its number any more since people gave it
// another one.
type Retracer interface {
	// Retrace gives the records that calls of the hub's made and that were changed since a moment, with the business ID or else the name among
	// the values that were sent. Whether one of them is some other customer's already is not known here.
	Retrace(ctx context.Context, since time.Time, sent customer.Fields) ([]Row, error)
}

// Deleter deletes records for good. Nothing but an explicit act of an operator calls it (design section 5, deletes).
type Deleter interface {
	// Delete makes one call. NotFound means that there is no such record; Rejected comes with the system's reason.
	Delete(ctx context.Context, externalID, transaction string) error
}
