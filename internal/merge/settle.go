package merge

import (
	"fmt"
	"strings"
	"time"

	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/link"
)

// Settle gives the link's state after a verdict: in sync; due when something is to be sent; or waiting with the reason when
// the hub holds something that may not be sent (Promise 8). A link that becomes due has the priority; one that is due
// already keeps the more urgent of the two.
func Settle(l link.Link, v Verdict, p link.Priority, now time.Time) link.Link {
	wasDue := l.State == link.Due && !l.DueAt.IsZero()
	l.LastFault, l.LastMessage = "", ""
	switch {
	case len(v.Outgoing) > 0:
		l.State = link.Due
		l.LastMessage = "To be sent: " + names(v.Outgoing) + "."
		if wasDue {
			l.Priority = min(l.Priority, p)
			return l
		}
		l.DueAt, l.Priority = now, p
	case len(v.Held) > 0:
		l.State, l.LastFault = link.Waiting, fault.Unsupported
		l.LastMessage = fmt.Sprintf("Changed in the hub and not in the system: %s. The hub reads from this system only.", names(v.Held))
	default:
		l.State = link.InSync
	}
	return l
}

func names(groups []customer.Group) string {
	out := make([]string, len(groups))
	for i, g := range groups {
		out[i] = string(g)
	}
	return strings.Join(out, ", ")
}
