package customer

import "time"

// Decision says why a value stands.
type Decision string

// The decisions.
const (
	DecidedFirst      Decision = "FIRST"      // it came with the customer
	DecidedEdit       Decision = "EDIT"       // somebody entered it in the hub
	DecidedChange     Decision = "CHANGE"     // it changed at its source, and nowhere else
	DecidedMerge      Decision = "MERGE"      // it came from a customer that was merged into this one
	DecidedPrecedence Decision = "PRECEDENCE" // it changed on both sides, and this side goes before
)

// Provenance says where one value came from.
type Provenance struct {
	// System is the id of the system that the value came from; empty for the hub itself.
	System     string    `json:"system,omitempty"`
	ObservedAt time.Time `json:"at"`
	DecidedBy  Decision  `json:"by"`
	// Alternatives are what others held when the value was decided: the losing values are kept and shown.
	Alternatives []Alternative `json:"alternatives,omitempty"`
}

// Alternative is a value that did not prevail.
type Alternative struct {
	System     string    `json:"system,omitempty"`
	Value      string    `json:"value,omitempty"`
	ObservedAt time.Time `json:"at"`
}

// Provenances are where a customer's values came from. The entry under the empty field holds for every field that has none
// of its own: where the customer came from.
type Provenances map[Field]Provenance

// Of is where the field's value came from.
func (p Provenances) Of(f Field) Provenance {
	if one, ok := p[f]; ok {
		return one
	}
	return p[""]
}
