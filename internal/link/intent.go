package link

import (
	"strings"
	"time"

	"customerhub/internal/customer"
	"customerhub/internal/system"
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

// Among what an intent wants there may be two things beside the customer's values: the record that its own is made from, and that a
// record which was deleted outside is to be made again.
const (
	sourcePrefix                = "source."
	Revive       customer.Field = "revive"
)

// SourceField is the name that the key of a source stands under among what an intent wants.
func SourceField(k system.Kind) customer.Field { return customer.Field(sourcePrefix + string(k)) }

// Source gives the record that the intent's record is made from, and what is wanted beside it.
func (i *Intent) Source() (s Source, want customer.Fields) {
	want = i.Want.Only(func(f customer.Field) bool {
		kind, is := strings.CutPrefix(string(f), sourcePrefix)
		if is {
			s = Source{Kind: system.Kind(kind), ExternalID: i.Want[f], Number: i.Number}
		}
		return !is
	})
	return s, want
}

// Revives says whether a record that was deleted is to be made again, and what is wanted beside that.
func (i *Intent) Revives(want customer.Fields) (bool, customer.Fields) {
	return i.Want[Revive] != "", want.Only(func(f customer.Field) bool { return f != Revive })
}
