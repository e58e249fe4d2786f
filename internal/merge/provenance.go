package merge

import (
	"strings"
	"time"

	"customerhub/internal/customer"
)

// Provenance says where the values of the outcome's customer came from: of a new customer, all of them from the system; of
// another, those that changed, and those in dispute, with what the losing side held.
func (o *Outcome) Provenance(system string, now time.Time) customer.Provenances {
	out := make(customer.Provenances, len(o.Fields)+1)
	if o.Action == Create {
		out[""] = customer.Provenance{System: system, ObservedAt: now, DecidedBy: customer.DecidedFirst}
		return out
	}
	for _, f := range o.Fields {
		out[f.Field] = customer.Provenance{System: system, ObservedAt: now, DecidedBy: customer.DecidedChange}
	}
	for _, c := range o.Conflicts {
		winner, loser := system, ""
		switch {
		case c.Shared:
			loser = system
		case c.Winner == Ours:
			winner, loser = loser, winner
		}
		for f, lost := range c.Lost {
			at := o.HubField(f)
			out[at] = customer.Provenance{
				System: winner, ObservedAt: now, DecidedBy: customer.DecidedPrecedence,
				Alternatives: []customer.Alternative{{System: loser, Value: lost, ObservedAt: now}},
			}
		}
	}
	return out
}

// HubField names a field of a part by the hub's id instead of the system's key.
func (o *Outcome) HubField(f customer.Field) customer.Field {
	part, key, name, ok := f.PartKey()
	if address, visiting := strings.CutPrefix(string(f), string(visitingGroup)+"."); visiting {
		part, key, name, ok = customer.PartOffice, VisitingPlace, "address."+address, true
	}
	if !ok {
		return f
	}
	for _, p := range o.Parts {
		if p.Part == part && p.ExternalID == key {
			return customer.PartField(part, p.ID, name)
		}
	}
	return f
}
