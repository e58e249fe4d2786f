package link

import (
	"maps"
	"slices"
	"strings"
	"time"

	"customerhub/internal/customer"
)

// Way says which way values go that the brake watches, and whose doing that is.
type Way string

// The ways.
const (
	Inward  Way = "IN"   // what a system does to customers
	Outward Way = "OUT"  // what the hub does to a system because another system, or an act on many, changed its values
	ByHand  Way = "HAND" // what the hub does to a system because people edited single customers in the hub
)

// Effect is what is done to values that were there. Filling an empty value is none.
type Effect string

// The effects.
const (
	Deactivation Effect = "DEACTIVATION" // the customer goes out of use
	Clearing     Effect = "CLEARING"     // values, an office or a contact are gone, and nothing takes their place
	Altering     Effect = "ALTERING"     // values get others in their place
	Vanishing    Effect = "VANISHING"    // records are gone from a system; its lists lack them
)

// Class is what the brake counts apart: an effect and its way.
type Class string

// ClassOf names a class.
func ClassOf(w Way, e Effect) Class { return Class(string(w) + "_" + string(e)) }

// Way is the class's way.
func (c Class) Way() Way {
	way, _, _ := strings.Cut(string(c), "_")
	return Way(way)
}

// Effect is the class's effect.
func (c Class) Effect() Effect {
	_, effect, _ := strings.Cut(string(c), "_")
	return Effect(effect)
}

// Gone is the class of records that are gone from a system.
var Gone = ClassOf(Inward, Vanishing)

// Inward says whether the class is about what comes into the hub.
func (c Class) Inward() bool { return c.Way() == Inward }

// StopID identifies a stop: the brake of one class of one system that was pulled, and waits for a person or was decided. It is a
// UUID in text form; empty means none.
type StopID string

// Ruling is what became of a stop.
type Ruling string

// The rulings. Empty is none yet.
const (
	Approved Ruling = "APPROVED" // what was parked goes on
	Rejected Ruling = "REJECTED" // what was parked does not; both sides keep their values
	Passed   Ruling = "PASSED"   // nothing is parked any more: both sides hold the same again
)

// Hold is what one stop keeps of one record.
type Hold struct {
	Class Class  `json:"class"`
	Stop  StopID `json:"stop"`
	// Groups are the field groups that are kept from flowing, each with a print of the value that would flow. A part is named by
	// the external system's key.
	Groups map[customer.Group]string `json:"groups"`
	// Ruling is the stop's, as it was read with the record.
	Ruling Ruling `json:"-"`
}

// Brake is what the brake knows of one record. The zero value is nothing.
type Brake struct {
	// Counted is when a change of a class was counted last.
	Counted map[Class]time.Time `json:"counted,omitempty"`
	// Held are parked changes, and those that somebody approved and that are still on their way out.
	Held []Hold `json:"held,omitempty"`
	// Apart are groups that both sides keep their own values of, since a person rejected the change, each with a print of it.
	Apart map[customer.Group]string `json:"apart,omitempty"`
	// ByHand says whether the hub's value of a group was entered in the hub; nil where nobody needs to know.
	ByHand func(customer.Group) bool `json:"-"`
}

// IsZero says whether there is nothing to keep.
func (b Brake) IsZero() bool { return len(b.Counted)+len(b.Held)+len(b.Apart) == 0 }

// Of gives the hold of a class; nil when there is none.
func (b Brake) Of(c Class) *Hold {
	for i := range b.Held {
		if b.Held[i].Class == c {
			return &b.Held[i]
		}
	}
	return nil
}

// Same says whether two are kept as the same, beside what was counted.
func (b Brake) Same(other Brake) bool {
	return maps.Equal(b.Apart, other.Apart) && slices.EqualFunc(b.Held, other.Held, func(x, y Hold) bool {
		return x.Class == y.Class && x.Stop == y.Stop && maps.Equal(x.Groups, y.Groups)
	})
}

// Stop is a brake that was pulled.
type Stop struct {
	ID    StopID
	Class Class
	// Counted is how many records had changed, of Records, when it was pulled, and Most how many may in the time since Since.
	Counted, Records, Most int
	Since, StoppedAt       time.Time
	// Parked is how many records it keeps.
	Parked int
	// Run is the run that met it first; empty where a single record did.
	Run    string
	Ruling Ruling
	// By is the name of who ruled, and Note what they had to say.
	By      string
	Note    string
	RuledAt time.Time
}
