package reconcile

import (
	"fmt"
	"slices"
	"time"

	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/hub"
	"customerhub/internal/merge"
)

// outgrown says whether a record is only read because it stands for a business ID that its customer has no more, and for which. Where a
// system is what others' records are made from, its own records follow the customer's business ID.
func outgrown(theirs customer.Fields, k merge.Known, p Policy) (was string, yes bool) {
	if was = theirs[customer.FieldBusinessID]; was == "" {
		was = k.Base.Ours[customer.FieldBusinessID]
	}
	return was, p.Scope.From != "" && was != "" && was != k.Customer.BusinessID
}

// aside is what becomes of a record that is only read, since its customer is kept in agreement with another one: nothing comes in and
// nothing is sent. What was changed in it is shown in findings, one for each group of values.
func aside(o merge.Observation, k merge.Known, p Policy, now time.Time) merge.Outcome {
	out := merge.Outcome{ExternalID: o.ExternalID, Action: merge.Unchanged, Customer: k.Customer, Link: merge.SetAside(k.Link), Base: k.Base, Parts: k.Parts}
	out.Findings = slices.Clone(o.Findings)
	was, grown := outgrown(o.Fields, k, p)
	switch {
	case o.Excluded != "":
		out.Link = merge.LeftOut(k.Link, o.Excluded)
	case grown:
		out.Link = merge.Outgrown(k.Link, was)
		if o.KYC == nil || o.KYC.State != customer.KYCEnded {
			out.Findings = append(out.Findings, merge.BusinessIDChanged(was, k.Customer.BusinessID, p.Name))
		}
	default:
		out.Findings = append(out.Findings, merge.NotPrimary())
		theirs, ours := o.Told(k.Base.Theirs), p.Ours(&k.Customer, k.Parts)
		for _, g := range merge.Strayed(theirs, k.Base, p.Reads) {
			out.Findings = append(out.Findings, finding.Finding{
				Code: finding.LinkNotPrimary, Field: customer.Field(g), HubValue: valueOf(g, ours), SystemValue: valueOf(g, theirs),
				Message: fmt.Sprintf("%s was changed in a record in %s that is only read, since the customer was merged with another. The hub's "+
					"value stands and is not sent there; what the record holds is kept here.", g, p.Name),
			})
		}
	}
	if moved(k.Link, out.Link) {
		out.Action = merge.Agree
	}
	out.Link.LastSyncedAt = now
	return out
}

// asideFailed leaves a record that is only read and could not be read as it stands: the next complete look tries again. One that is
// gone says so.
func asideFailed(k merge.Known, p Policy, why error) hub.Decision {
	l, says := merge.SetAside(k.Link), merge.NotPrimary()
	if was, grown := outgrown(nil, k, p); grown {
		l, says = merge.Outgrown(k.Link, was), merge.BusinessIDChanged(was, k.Customer.BusinessID, p.Name)
	}
	if fault.Is(why, fault.NotFound) && k.Link.LastFault == fault.NotFound {
		l.LastFault, l.LastMessage = k.Link.LastFault, k.Link.LastMessage
	}
	return hub.Decision{Outcome: merge.Outcome{
		ExternalID: l.ExternalID, Action: merge.Agree, Customer: k.Customer, Link: l, Base: k.Base, Parts: k.Parts,
		Findings: []finding.Finding{says},
	}}
}
