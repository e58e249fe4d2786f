package merge

import (
	"maps"
	"slices"
	"time"

	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/link"
)

// Observation is what was read of one external record.
type Observation struct {
	ExternalID string
	// Fields name parts by the external system's keys.
	Fields customer.Fields
	// Untold names what the system left out although it always tells it, as connector.Record has it.
	Untold []customer.Field
	// Missing says that the record is listed and could not be read, and Findings say why. It tells nothing of the customer.
	Missing bool
	// Deleted says that the system itself tells that the record was deleted there. It tells nothing else.
	Deleted bool
	// Excluded says why the record never comes in, such as TEMP; empty for one that does.
	Excluded string
	// KYC is what a due-diligence service says of the customer; nil from all others.
	KYC *customer.KYC
	// Source is the record of another system that this one was made from; zero where there is none.
	Source link.Source
	// Fixed are fields of which no other value is ever sent into the record, as connector.Record has it.
	Fixed []customer.Field
	// Custom are the custom fields among Fields, as the system names them, before the hub has said what they are.
	Custom []customer.CustomField
	// Kept are values that stay in the record as they are, as connector.Record has it.
	Kept     []finding.Finding
	Findings []finding.Finding
}

// Told gives what was observed, with what was left out as it was last known: a value that is not told is not a value that is gone
// (Promise 5).
func (o *Observation) Told(before customer.Fields) customer.Fields {
	if len(o.Untold) == 0 {
		return o.Fields
	}
	out := maps.Clone(o.Fields)
	for f, value := range before {
		if _, told := o.Fields[f]; !told && o.leavesOut(f) {
			out.Set(f, value)
		}
	}
	return out
}

// leavesOut says whether a field that is not among Fields was left out.
func (o *Observation) leavesOut(f customer.Field) bool {
	part, key, _, inPart := f.PartKey()
	present := customer.PartField(part, key, customer.Present)
	return slices.ContainsFunc(o.Untold, func(u customer.Field) bool {
		switch {
		case u.Group() == f.Group():
			return true
		case !inPart:
			return false
		case u == present:
			return true
		}
		_, mentioned := o.Fields[present]
		return string(u) == string(part) && !mentioned
	})
}

// LeftOut gives the link of a record that never comes in, with the reason.
func LeftOut(l link.Link, reason string) link.Link {
	l.State, l.LastFault, l.LastMessage = link.NotInScope, fault.Unsupported, "This record is never kept in agreement: "+reason+"."
	l.DueAt = time.Time{}
	return l
}

// Known is what the hub holds of one external record: its link with base and parts, and the customer.
type Known struct {
	Link     link.Link
	Base     link.Base
	Parts    []link.PartLink
	Customer customer.Customer
	// Candidates are customers without a record in the system that carry the number or the business ID of this one, which is not
	// linked to any.
	Candidates []customer.Customer
	// Identified says that the record itself names the one candidate as the customer that it was made for.
	Identified bool
	// Deletion is the last time that an operator asked for the record to be deleted; nil when nobody did, or where only one
	// record is not looked at.
	Deletion *link.Deletion
	// Source is the customer's record in the system that records of this one are made from; zero where there is none. Where many records
	// are looked at, it has its Person only.
	Source link.Source
	// Withdrawn says that an operator had the record deleted that this one was made from: the customer is out of use here, though it may
	// not be in the hub (KYC contract section 7).
	Withdrawn bool
	// Former is a link that was set aside and whose record stands for the business ID that the customer has now, while the link's own does
	// not; zero where there is none. Whether that relationship lasts only the system can tell.
	Former link.Link
	// Overtaken says that the hub wrote into the record, or decided to, after it was read: what was read says nothing.
	Overtaken bool
}

// Ours is what the hub holds for the record, parts named by the system's keys.
func (k Known) Ours(can Abilities, c *customer.Customer, parts []link.PartLink) customer.Fields {
	ours := can.Ours(c, parts)
	if k.Withdrawn {
		ours[customer.FieldStatus] = string(customer.Inactive)
	}
	k.Source.Stand(ours)
	return ours
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
	// Weighs are the classes of what it changes, for the brake to count.
	Weighs []link.Class
	// Err is why a record Failed, for the log; nil when the system withheld it.
	Err error
}
