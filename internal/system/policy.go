package system

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"customerhub/internal/fault"
)

// Direction says which way values flow between the hub and a system.
type Direction string

// The directions.
const (
	In   Direction = "IN"   // from the system into the hub only
	Out  Direction = "OUT"  // from the hub into the system only: what people change there is set back
	Both Direction = "BOTH" // both ways
	Off  Direction = "OFF"  // not compared at all
)

// Master is the side whose value stands when both changed.
type Master string

// The masters.
const (
	MasterSystem Master = "SYSTEM"
	MasterHub    Master = "HUB"
)

// Policy is what an organisation decided for one system: which way values flow and who wins (R116, R117, R194). The zero
// value imports only, and the system's value stands: Netvisor is primarily the master (R55).
type Policy struct {
	Flow
	// Groups decide for single field groups, such as billingAddress, office.address, or office for all of an office.
	Groups map[string]Flow `json:"groups,omitempty"`
	// Brake says where the brake stops.
	Brake Brake `json:"brake,omitzero"`
}

// Flow is a direction and a master. A zero member is the policy's own, and there it is In and MasterSystem.
type Flow struct {
	Direction Direction `json:"direction,omitempty"`
	Master    Master    `json:"master,omitempty"`
}

// Of gives what holds for a field group, named without the key of a part. A part's whole name decides for its groups that
// have no decision of their own.
//
// The due-diligence status is the due-diligence service's (Ownership): it flows out into systems that are written to, and never in.
func (p Policy) Of(group string) Flow {
	out := p.Groups[group]
	if group == kycGroup {
		if out.Direction != Off && p.WritesOut() {
			return Flow{Out, MasterHub}
		}
		return Flow{Off, MasterHub}
	}
	if part, _, ok := strings.Cut(group, "."); ok {
		out = out.or(p.Groups[part])
	}
	return out.or(p.Flow).or(Flow{In, MasterSystem})
}

// kycGroup is the field group of the due-diligence status.
const kycGroup = "kyc"

func (f Flow) or(other Flow) Flow {
	if f.Direction == "" {
		f.Direction = other.Direction
	}
	if f.Master == "" {
		f.Master = other.Master
	}
	return f
}

// WritesOut says whether anything at all flows into the system.
func (p Policy) WritesOut() bool {
	out := func(d Direction) bool { return d == Out || d == Both }
	for _, f := range p.Groups {
		if out(f.Direction) {
			return true
		}
	}
	return out(p.Direction)
}

// Directions are all directions that are decided for anything.
func (p Policy) Directions() []Direction {
	out := []Direction{p.Of("").Direction}
	for _, f := range p.Groups {
		if f.Direction != "" {
			out = append(out, f.Direction)
		}
	}
	return out
}

// Check refuses what is no policy. Paths are direction, master, and groups with the index in the order of their names.
func (p Policy) Check() error {
	faults := p.Flow.check()
	for i, name := range slices.Sorted(maps.Keys(p.Groups)) {
		for _, f := range p.Groups[name].check() {
			faults = append(faults, f.At(append([]string{"groups", strconv.Itoa(i)}, f.Path...)...))
		}
	}
	for _, f := range p.Brake.check() {
		faults = append(faults, f.At(append([]string{"brake"}, f.Path...)...))
	}
	return faults.OrNil()
}

func (f Flow) check() (faults fault.Errors) {
	if !slices.Contains([]Direction{"", In, Out, Both, Off}, f.Direction) {
		faults = append(faults, fault.New(fault.Invalid, "A direction is IN, OUT, BOTH or OFF.").At("direction"))
	}
	if !slices.Contains([]Master{"", MasterSystem, MasterHub}, f.Master) {
		faults = append(faults, fault.New(fault.Invalid, "A master is SYSTEM or HUB.").At("master"))
	}
	return faults
}
