package merge

import (
	"slices"
	"time"

	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/link"
)

// A customer may have several records in a system, of which one is primary and the others are set aside.
//
// A merged customer keeps all its records, of which one in each system is primary. The others are only read: nothing of them comes
// in, nothing is sent, and what both sides agreed on before stays written, so that the two can be compared again when the merge
// is taken back.

// SetAside gives the link of a record that is only read.
func SetAside(l link.Link) link.Link {
	l.State, l.LastFault, l.LastMessage = link.NotInScope, "", "The customer has another record in this system, with which it is kept in "+
		"agreement. This one came with a customer that was merged into it: it is read and never written."
	l.DueAt, l.Attempt, l.Priority = time.Time{}, 0, link.Interactive
	return l
}

// LetGo gives the link of a customer that came by a run which was taken back: its record is neither read nor written, so that the next
// look does not bring the customer back, until somebody takes the customer into use again. One that is not followed stays as it is.
func LetGo(l link.Link) link.Link {
	switch {
	case !l.Primary || l.State == link.NotInScope:
		return l
	case l.ExternalID == "":
		return OutOfScope(l, "The run that made the customer was taken back before it had a record here.")
	}
	l.State, l.LastFault = link.NotInScope, fault.Stale
	l.LastMessage = "The run that brought the customer was taken back: the record is left alone until the customer is taken into use again."
	l.DueAt, l.Attempt, l.Priority = time.Time{}, 0, link.Interactive
	return l
}

// NotPrimary is the finding that stands for as long as a record is only read.
func NotPrimary() finding.Finding {
	return finding.Finding{
		Code: finding.LinkNotPrimary,
		Message: "The record came with a customer that was merged into this one, which has another in the same system. The hub reads it and " +
			"never writes it. If there are to be no two, delete it there; if the customers are two, take the merge back.",
	}
}

// Strayed gives the groups of a record that is only read which its system changed since both sides last agreed, in a stable order.
func Strayed(theirs customer.Fields, base link.Base, reads func(customer.Field) bool) []customer.Group {
	now, then := theirs.Groups(reads), base.Theirs.Groups(reads)
	return slices.DeleteFunc(groupsOf(now, then), func(g customer.Group) bool { return now[g].Equal(then[g]) })
}

// Outgrown gives the link of a record that stands for a business ID which its customer has no more. It is read and never written, and
// the customer has another record in the system, or gets one.
func Outgrown(l link.Link, businessID string) link.Link {
	l.Primary = false
	l.State, l.LastFault = link.NotInScope, ""
	l.LastMessage = "This record stands for the business ID " + businessID + ", which the customer has no more: it is read and never written."
	l.DueAt, l.Attempt, l.Priority = time.Time{}, 0, link.Interactive
	return l
}

// BusinessIDChanged is the finding that stands while the relationship of such a record lasts.
func BusinessIDChanged(was, now, system string) finding.Finding {
	return finding.Finding{
		Code: finding.BusinessIDChanged, Field: customer.FieldBusinessID, HubValue: now, SystemValue: was,
		Message: "The customer was known in " + system + " under the business ID " + was + " and has another one now. Another business ID is another legal " +
			"entity, which has to be known anew: the record of the former one stays there as it is, and the customer comes in as a new candidate.",
	}
}
