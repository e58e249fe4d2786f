package reconcile

import (
	"fmt"
	"slices"
	"strings"

	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/link"
	"customerhub/internal/merge"
)

// What people are told of a look at one record, beside what its reading noted. Everything here is pure.

// conflictFindings tell of values that both sides changed, or two records of one person: which one stands, and that the other
// is kept (T23).
func conflictFindings(v merge.Verdict, system string) []finding.Finding {
	var out []finding.Finding
	for _, c := range v.Conflicts {
		if len(c.Lost) == 0 || c.Rejected {
			continue // nothing was lost: one side had cleared it, or each keeps its own
		}
		winner, loser := system, "the hub"
		if c.Winner == merge.Ours {
			winner, loser = loser, winner
		}
		message := fmt.Sprintf("%s was changed in the hub and in %s since the two last agreed. The value of %s stands; that of %s "+
			"is kept beside it, in the customer's provenance.", c.Group, system, winner, loser)
		switch {
		case c.OneWay:
			message = fmt.Sprintf("%s was changed in %s, where the hub's values go and from where none is taken. The value of the hub stands "+
				"there again; that of %s is kept beside it, in the customer's provenance.", c.Group, system, system)
		case c.Shared:
			message = fmt.Sprintf("%s was changed in this record and in another record of the same person in %s since they last agreed. The "+
				"value of the other record stands; that of this one is kept beside it, in the customer's provenance.", c.Group, system)
		}
		out = append(out, finding.Finding{
			Code: finding.FieldConflict, Field: customer.Field(c.Group), Message: message,
			HubValue: valueOf(c.Group, c.Ours), SystemValue: valueOf(c.Group, c.Theirs),
		})
	}
	return out
}

// disputeFindings tell of groups that are left alone, because the system changes what it is sent again and again (T27). The hub
// adds who set its own value.
func disputeFindings(v merge.Verdict, ours, theirs customer.Fields, disputes link.Disputes, system string) []finding.Finding {
	out := make([]finding.Finding, 0, len(v.Disputed))
	for _, g := range v.Disputed {
		d := disputes[g]
		out = append(out, finding.Finding{
			Code: finding.PingPong, Field: customer.Field(g), HubValue: valueOf(g, ours), SystemValue: valueOf(g, theirs),
			Message: fmt.Sprintf("%s was changed in %s each time after the hub had sent it, %d times since %s: a rule there, or another "+
				"system, has another opinion of it. The hub leaves it alone in this record until both sides hold the same or somebody "+
				"resolves this finding; everything else flows.", g, system, d.Rounds, d.Since.Format("2006-01-02 15:04 MST")),
		})
	}
	return out
}

// apartFindings tell of values that each side keeps its own of, since a person rejected the change.
func apartFindings(v merge.Verdict, ours, theirs customer.Fields, system string) []finding.Finding {
	out := make([]finding.Finding, 0, len(v.Apart))
	for _, g := range v.Apart {
		out = append(out, finding.Finding{
			Code: finding.ChangeRejected, Field: customer.Field(g), HubValue: valueOf(g, ours), SystemValue: valueOf(g, theirs),
			Message: fmt.Sprintf("%s differs: the change was one of many that somebody rejected, so the hub and %s each keep their own value. "+
				"An edit on either side is a change of its own.", g, system),
		})
	}
	return out
}

// parkedFindings tell of a link that stays parked though its record was read: what the system refused waits for somebody as before (Promise 8).
func parkedFindings(l link.Link) []finding.Finding {
	if l.State != link.Parked || l.LastFault == fault.Unsupported {
		return nil
	}
	return []finding.Finding{{Code: finding.LinkParked, Message: l.LastMessage}}
}

// consumerFindings tell of a business ID on one side and consumer e-invoicing on the other (R86).
func consumerFindings(v merge.Verdict, system string) []finding.Finding {
	if !v.Quarantined {
		return nil
	}
	return []finding.Finding{{
		Code: finding.ConsumerEInvoice, Field: customer.FieldBusinessID,
		Message: fmt.Sprintf("The customer has a business ID in the hub or in %s, and uses consumer e-invoicing on the other side. The two exclude each other, so neither "+
			"is taken over, and each side keeps its own; everything else flows.", system),
	}}
}

// valueOf is what a side holds of a group, as a person reads it.
func valueOf(g customer.Group, side customer.Fields) string {
	of := side.Only(func(f customer.Field) bool { return f.Group() == g })
	rank := func(f customer.Field) int {
		return slices.Index(customer.AddressParts, string(f)[strings.LastIndexByte(string(f), '.')+1:])
	}
	fields := of.Sorted()
	slices.SortStableFunc(fields, func(a, b customer.Field) int { return rank(a) - rank(b) })
	words := make([]string, len(fields))
	for i, f := range fields {
		words[i] = of[f]
	}
	return strings.Join(words, ", ")
}
