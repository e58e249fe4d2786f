package merge

import (
	"fmt"
	"strings"

	"customerhub/internal/fault"
	"customerhub/internal/link"
)

// Settle gives the link's state after a verdict: in sync, or waiting with the reason when the hub holds something that
// the system has not got (Promise 8).
func Settle(l link.Link, v Verdict) link.Link {
	l.State, l.LastFault, l.LastMessage = link.InSync, "", ""
	if len(v.Outgoing) > 0 {
		groups := make([]string, len(v.Outgoing))
		for i, g := range v.Outgoing {
			groups[i] = string(g)
		}
		l.State, l.LastFault = link.Waiting, fault.Unsupported
		l.LastMessage = fmt.Sprintf("Changed in the hub and not in the system: %s. The hub reads from this system only.",
			strings.Join(groups, ", "))
	}
	return l
}
