package merge

import (
	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/link"
)

// Observation is what was read of one external record.
type Observation struct {
	ExternalID string
	// Fields name parts by the external system's keys.
	Fields customer.Fields
	// Missing says that the record is listed and could not be read, and Findings say why. It tells nothing of the customer.
	Missing bool
	// Excluded says why the record never comes in, such as TEMP; empty for one that does.
	Excluded string
	// Custom are the custom fields among Fields, as the system names them, before the hub has said what they are.
	Custom   []customer.CustomField
	Findings []finding.Finding
}

// Known is what the hub holds of one external record: its link with base and parts, and the customer.
type Known struct {
	Link     link.Link
	Base     link.Base
	Parts    []link.PartLink
	Customer customer.Customer
	// Overtaken says that the hub wrote into the record, or decided to, after it was read: what was read says nothing.
	Overtaken bool
}

// Action is what an outcome comes to.
type Action string

// The actions.
const (
	Create    Action = "CREATE"
	Update    Action = "UPDATE"    // the customer gets another value
	Agree     Action = "AGREE"     // only the link's base or state changes
	Unchanged Action = "UNCHANGED" // nothing is written
	Skip      Action = "SKIP"      // the record does not come in
	Failed    Action = "FAILED"    // the record could not be taken; what is known of it stays as it is
)

// Taken says whether the record came in, or had come in already and still stands.
func (o *Outcome) Taken() bool { return o.Action != Skip && o.Action != Failed }

// Outcome is what is to be committed for one external record.
type Outcome struct {
	ExternalID string
	Action     Action
	// Customer is the customer afterwards, and as it is where nothing comes in; without an id where the hub has none.
	Customer customer.Customer
	// Kind and Fields make the change row, for Create and Update. Parts are named by the hub's ids.
	Kind   change.Kind
	Fields []customer.FieldChange
	// Link, Base and Parts are the link afterwards, for all but Unchanged, Skip and Failed.
	Link      link.Link
	Base      link.Base
	Parts     []link.PartLink
	Conflicts []Conflict
	Findings  []finding.Finding
	// Err is why a record Failed, for the log; nil when the system withheld it.
	Err error
}
