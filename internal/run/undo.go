package run

import (
	"slices"
	"time"

	"customerhub/internal/customer"
	"customerhub/internal/system"
)

// Undo takes a run back, or says what that would come to. Its id is that of the run which does it.
type Undo struct {
	ID ID
	// Of is the run that is taken back.
	Of ID
	// DryRun says that nothing is done.
	DryRun bool
	// Reason is why somebody asks for it; empty with a dry run.
	Reason string
}

// Undoable says whether a run of the kind sets values, so that there may be something to take back.
func (k Kind) Undoable() bool {
	return slices.Contains([]Kind{FirstImport, Poll, Sweep, Applying, Undoing}, k)
}

// UndoSubject is what an item of an undo is about.
type UndoSubject string

// The subjects.
const (
	UndoCustomer UndoSubject = "CUSTOMER" // the customer as a whole
	UndoField    UndoSubject = "FIELD"    // one of its values
	UndoRecord   UndoSubject = "RECORD"   // its record in a system
)

// Verdict says what becomes of an item, and why.
type Verdict string

// The verdicts. By the first two something is done.
const (
	Returns      Verdict = "RETURNS"
	TakenOut     Verdict = "TAKEN_OUT"
	Already      Verdict = "ALREADY"
	ChangedSince Verdict = "CHANGED_SINCE"
	WithChanged  Verdict = "WITH_CHANGED"
	TouchedSince Verdict = "TOUCHED_SINCE"
	Owned        Verdict = "OWNED"
	NumberTaken  Verdict = "NUMBER_TAKEN"
	PartStays    Verdict = "PART_STAYS"
	CustomerGone Verdict = "CUSTOMER_GONE"
	RecordBusy   Verdict = "RECORD_BUSY"
	RecordStays  Verdict = "RECORD_STAYS"
	LinkStays    Verdict = "LINK_STAYS"
	Sent         Verdict = "SENT"
	Unstorable   Verdict = "UNSTORABLE"
)

// verdicts are the verdicts in their order, with what is said of them.
var verdicts = []struct {
	verdict Verdict
	says    string
}{
	{Returns, "It goes back to what it was before the run."},
	{TakenOut, "The run made the customer, and nobody touched it since: it is taken out of use, and its records are followed no more."},
	{Already, "It is as it was before the run already."},
	{ChangedSince, "It was changed since, so it stays."},
	{WithChanged, "It belongs together with a value that was changed since, so it stays."},
	{TouchedSince, "The run made the customer, and it was changed since, or tied to a record of another system, so it stays in use."},
	{Owned, "It belongs to the due-diligence service, which alone may change it."},
	{NumberTaken, "Another customer carries the number that it had before."},
	{PartStays, "The run added an office, or took an office or a contact away or into use again. To follow that back would add or delete it outside, so a person has to do it."},
	{CustomerGone, "The customer was merged with another, or erased, since."},
	{RecordBusy, "The hub is at work on a record of the customer, or does not know yet what became of a call. Undo the run once more when it does."},
	{RecordStays, "The record stays where it is: the hub deletes nothing outside by itself."},
	{LinkStays, "The run found that the customer and the record are one. They stay tied: the next look would find the same again."},
	{Sent, "The run found that the record differed and had it sent what the hub holds. The hub's own value was not changed by it."},
	{Unstorable, "It could not be stored. The log of the hub has the details."},
}

// Verdicts are all verdicts, in their order.
func Verdicts() []Verdict {
	out := make([]Verdict, len(verdicts))
	for i, v := range verdicts {
		out[i] = v.verdict
	}
	return out
}

// Does says whether something is done by the verdict.
func (v Verdict) Does() bool { return v == Returns || v == TakenOut }

// Says is the verdict in a sentence for an operator.
func (v Verdict) Says() string {
	for _, known := range verdicts {
		if known.verdict == v {
			return known.says
		}
	}
	return ""
}

// UndoItem is what becomes of one thing that a run did.
type UndoItem struct {
	// Place is that of the customer in the run's list, Nth that of the item among the customer's.
	Place, Nth   int
	Subject      UndoSubject
	CustomerID   customer.ID
	Number, Name string         // the customer's
	Field        customer.Field // of a field; parts are named by the hub's ids
	// Before is what is held now, After what it was before the run: what it goes back to, or would.
	Before, After string
	System        system.ID // of a record
	ExternalID    string
	// Flows are the systems to which the value then goes. Stays are those that hold the other value and are not written to.
	Flows, Stays []system.ID
	Verdict      Verdict
	// ChangedBy and ChangedAt are who changed it since, where that is why it stays and the log still has it.
	ChangedBy string
	ChangedAt time.Time
}

// Says is why, in a sentence for an operator.
func (i *UndoItem) Says() string {
	if i.ChangedBy == "" {
		return i.Verdict.Says()
	}
	return i.Verdict.Says() + " " + i.ChangedBy + " changed it at " + i.ChangedAt.UTC().Format("2006-01-02 15:04 MST") + "."
}
