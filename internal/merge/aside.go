package merge

import (
	"slices"
	"time"

	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/link"
)

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
