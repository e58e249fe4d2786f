package link

import (
	"time"

	"customerhub/internal/customer"
)

// Dispute is the story of a field group that the hub sent into a record and the record changed again: somebody's edits, or a
// rule on the other side that undoes what the hub sends (T27).
type Dispute struct {
	// Sent and Undone are fingerprints of what the hub sent last, and of what the system made of it last.
	Sent   string `json:"sent"`
	Undone string `json:"undone,omitempty"`
	// Open says that the system has not changed it since it was sent.
	Open bool `json:"open,omitempty"`
	// Again says that what was sent last is what was sent before.
	Again bool `json:"again,omitempty"`
	// Rounds counts how often it was changed there after it was sent, and Same those times that brought nothing new: the hub had
	// sent the same value before, or the system had made the same of it before.
	Rounds int `json:"rounds,omitempty"`
	Same   int `json:"same,omitempty"`
	// Since is when the first of these values was sent.
	Since time.Time `json:"since"`
	// Paused says that the group is left alone in this record until a person acts or both sides agree.
	Paused bool `json:"paused,omitempty"`
}

// Disputes are the disputes of one record, by field group; a part is named by the external system's key.
type Disputes map[customer.Group]Dispute
