package merge

import (
	"fmt"
	"strings"
	"time"

	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/link"
)

// Settle gives the link's state after a verdict: in sync; due when something is to be sent; parked when the brake stopped a change; or
// waiting with the reason when something is in dispute, or the hub holds something that may not be sent (Promise 8).
func Settle(l link.Link, v Verdict, p link.Priority, now time.Time) link.Link {
	l.LastFault, l.LastMessage = "", ""
	switch {
	case len(v.Outgoing) > 0:
		l = Queue(l, p, now)
		l.LastMessage = "To be sent: " + names(v.Outgoing) + "."
	case len(v.Braked) > 0:
		groups := make([]customer.Group, len(v.Braked))
		for i, b := range v.Braked {
			groups[i] = b.Group
		}
		l.State, l.LastFault = link.Parked, fault.Unsupported
		l.LastMessage = "One of so many changes that the brake stopped them; somebody has to approve or reject them: " + names(groups) + "."
	case len(v.Disputed) > 0:
		l.State, l.LastFault, l.LastMessage = link.Waiting, fault.Ambiguous, "Changed back there each time the hub sends it, so it is left alone: "+names(v.Disputed)+"."
	case len(v.Held) > 0:
		l.State, l.LastFault = link.Waiting, fault.Unsupported
		l.LastMessage = fmt.Sprintf("Changed in the hub and not in the system: %s. The hub reads from this system only.", names(v.Held))
	case len(v.Apart) > 0:
		l.State, l.LastFault = link.Waiting, fault.Unsupported
		l.LastMessage = "Somebody rejected the change, so the hub and the system each keep their own value: " + names(v.Apart) + "."
	default:
		l.State = link.InSync
	}
	return l
}

// Queue makes a link due with a priority. One that is due, waits to be tried again or is in hand keeps the more urgent of the two,
// so that what remains of a person's edit is as urgent as its beginning. One that is due keeps its place, unless it became more
// urgent: then its place is behind those that were so before.
func Queue(l link.Link, p link.Priority, now time.Time) link.Link {
	if !l.DueAt.IsZero() || l.State == link.InProgress || l.State == link.Uncertain {
		p = min(p, l.Priority)
	}
	if l.State != link.Due || l.DueAt.IsZero() || p < l.Priority && l.DueAt.Before(now) {
		l.DueAt = now
	}
	l.State, l.Priority = link.Due, p
	return l
}

func names(groups []customer.Group) string {
	out := make([]string, len(groups))
	for i, g := range groups {
		out[i] = string(g)
	}
	return strings.Join(out, ", ")
}
