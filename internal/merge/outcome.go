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
	// Excluded says why the record never comes in, such as TEMP; empty for one that does.
	Excluded string
	Findings []finding.Finding
}

// Known is what the hub holds of one external record: its link with base and parts, and the customer.
type Known struct {
	Link     link.Link
	Base     link.Base
	Parts    []link.PartLink
	Customer customer.Customer
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
)

// Outcome is what is to be committed for one external record.
type Outcome struct {
	ExternalID string
	Action     Action
	// Customer is the customer afterwards, for Create and Update.
	Customer customer.Customer
	// Kind and Fields make the change row, for Create and Update. Parts are named by the hub's ids.
	Kind   change.Kind
	Fields []customer.FieldChange
	// Link, Base and Parts are the link afterwards, for all but Unchanged and Skip.
	Link      link.Link
	Base      link.Base
	Parts     []link.PartLink
	Conflicts []Conflict
	Findings  []finding.Finding
}
