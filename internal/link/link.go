// Package link ties a customer to a record of an external system, with what both sides held when they last agreed. The
// package is pure.
package link

import (
	"time"

	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/system"
)

// ID identifies a link. It is a UUID in text form; empty means none.
type ID string

// State is how a link stands (schema: SyncState).
type State string

// The states of links.
const (
	InSync     State = "IN_SYNC"
	Due        State = "DUE"
	Waiting    State = "WAITING"
	InProgress State = "IN_PROGRESS"
	Uncertain  State = "UNCERTAIN"
	Parked     State = "PARKED"
	NotInScope State = "NOT_IN_SCOPE"
	Paused     State = "PAUSED"
)

// Priority orders due links: the lower goes first.
type Priority int

// The priorities.
const (
	Interactive Priority = 0  // somebody waits for it
	Bulk        Priority = 10 // found in passing, or one of many
)

// Link is one customer in one external system, and the place of that customer in the queue of work towards the system. The
// external id is the identity: it never changes and is never used for another customer (R104); a number may change (R115).
// It is empty until the customer has a record there.
type Link struct {
	ID         ID
	SystemID   system.ID
	CustomerID customer.ID
	ExternalID string
	State      State
	Primary    bool
	// DueAt is when the link is to be looked at; zero when nothing is due. Priority is among those that are due.
	DueAt    time.Time
	Priority Priority
	Attempt  int
	// LastFault is why the link is not in sync. Empty when it is.
	LastFault    fault.Code
	LastMessage  string
	LastSyncedAt time.Time
	// LookedAt is when the last look at this record by itself began whose values the hub has; zero when there was none.
	LookedAt time.Time
}

// Followed says whether there is a record that the hub reads for the link's customer.
func (l Link) Followed() bool { return l.ExternalID != "" && l.State != NotInScope }

// LetGo says whether the record is left alone since the run that brought its customer was taken back (merge.LetGo). The fault says so and
// not the state, which a worker that claims the link changes. The record is followed again once its customer is in use again.
func (l Link) LetGo() bool { return l.Primary && l.ExternalID != "" && l.LastFault == fault.Stale }

// FreshAsOf is the moment from which on the hub may not know of a change of the record; zero when it never knew it. It is the later of
// the link's own last look and complete, when the last complete look at the system began. A record that failed last may have been
// left out of that one, so its own look alone counts.
func (l Link) FreshAsOf(complete time.Time) time.Time {
	failed := l.State == Uncertain || l.LastFault != "" && l.LastFault != fault.Unsupported
	if !l.Followed() || failed || l.LookedAt.After(complete) {
		return l.LookedAt
	}
	return complete
}

// Source is the record of another system that a record is made from, such as the card in the accounting system that a due-diligence
// candidate comes from.
type Source struct {
	Kind       system.Kind
	ExternalID string
	// Number is the customer's number there, for people.
	Number string
	// Person is the record's own contact person, who stands for the one for due diligence where the system has no place for that one.
	Person customer.KYCPerson `json:",omitzero"`
}

// Stand has the record's own contact person stand for the one for due diligence, where the customer has none.
func (s Source) Stand(ours customer.Fields) {
	if ours.HasGroup(customer.FieldKYCContactLastName.Group()) {
		return
	}
	s.Person.Into(ours)
}

// Base is what both sides held when they last agreed, as a pair: ours is compared with ours and theirs with theirs, so a
// side that trims or upper-cases is in agreement and not in drift (design section 5). Parts are named by the external
// system's keys.
type Base struct {
	Ours   customer.Fields
	Theirs customer.Fields
	// Disputes are the groups that the hub sent and the system changed again.
	Disputes Disputes
	// Brake is what the brake knows of the record.
	Brake Brake
}

// PartLink ties an office or a person to the external record that it is.
type PartLink struct {
	Part customer.Part
	// ID is the office's or the person's id, by Part.
	ID         string
	ExternalID string
	// Made says that the hub made the external record, and may take it away again.
	Made bool
}
