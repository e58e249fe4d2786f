package merge

import (
	"fmt"
	"time"

	"customerhub/internal/customer"
	"customerhub/internal/finnish"
	"customerhub/internal/link"
	"customerhub/internal/system"
)

// Scope says which customers get a record in a system.
type Scope struct {
	// From is the kind of system whose records the records here are made from; empty for a system that stands for itself.
	From system.Kind
	// NeedsNumber says that a customer without a number gets none: records are made under it.
	NeedsNumber bool
	// Leaves says why a customer gets none, in a sentence; nil for a system that takes every customer in use.
	Leaves func(ours customer.Fields) string
}

// Why says why a customer gets no record; empty where it gets one. source is its record in the system of kind From.
func (s Scope) Why(c *customer.Customer, source link.Source) string {
	switch {
	case s.From != "" && source.ExternalID == "":
		return fmt.Sprintf("The customer has no record in %s, which records here are made from.", s.From)
	case s.From != "" && c.Status != customer.Active:
		return "The customer is not in use."
	case s.NeedsNumber && c.Number == "":
		return "The customer has no number, by which the system knows customers. It is made there once it has one."
	case s.NeedsNumber && finnish.ReservedCustomerNumber(c.Number):
		return "The number " + c.Number + " is for customers that are not kept."
	case s.Leaves != nil:
		ours := c.Flatten(Keys(nil))
		source.Stand(ours)
		return s.Leaves(ours)
	}
	return ""
}

// OutOfScope gives the link of a customer that gets no record in the system, with the reason in a sentence. It is looked at again when
// the customer changes.
func OutOfScope(l link.Link, reason string) link.Link {
	l.State, l.LastFault, l.LastMessage = link.NotInScope, "", reason
	l.DueAt = time.Time{}
	return l
}
