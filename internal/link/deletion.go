package link

import "time"

// DeletionID identifies a deletion. It is a UUID in text form; empty means none.
type DeletionID string

// DeletionState is what came of a deletion (schema: DeletionState).
type DeletionState string

// The states of deletions.
const (
	Asked   DeletionState = "ASKED" // stands: nothing is known of its end
	Done    DeletionState = "DONE"
	Refused DeletionState = "REFUSED"
)

// Deletion is an operator's act to have the record of a link deleted in its system for good, or the hub's own about a due-diligence
// candidate that is left over. Nothing else deletes a record (design section 5, deletes). A link has at most one that stands.
type Deletion struct {
	ID     DeletionID
	LinkID ID
	// By is the name that the operator gave, Reason why.
	By      string
	Reason  string
	AskedAt time.Time
	State   DeletionState
	// Message says what came of it, in the system's own words where it refused. Empty while it stands.
	Message string
	EndedAt time.Time
}

// Stands says that the record is still to be deleted.
func (d *Deletion) Stands() bool { return d != nil && d.State == Asked }

// Tombstone says that the record was deleted, as far as the hub has heard.
func (d *Deletion) Tombstone() bool { return d != nil && d.State == Done }
