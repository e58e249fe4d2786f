package series

import (
	"slices"
	"strings"

	"customerhub/internal/system"
)

// Told adds a series that a system says it has to those that were found among its customers' numbers: the one of these that it goes on with
// reaches up to the number before the next. A series of which no number is in use begins with its next number.
func Told(found []Series, giver system.ID, told system.Series) []Series {
	prefix := strings.TrimRight(told.Prefix, "0123456789") // digits before the number belong to it, but for their zeros
	if prefix != told.Prefix {
		return found // where such a number ends cannot be told
	}
	at := -1
	for i, s := range found {
		if s.Giver == giver && s.Prefix == prefix && s.First < told.Next && told.Next-s.Last <= Gap+1 && (at < 0 || s.Last > found[at].Last) {
			at = i
		}
	}
	out := slices.Clone(found)
	if at < 0 {
		return append(out, Series{Giver: giver, Prefix: prefix, First: told.Next, Last: told.Next - 1})
	}
	out[at].Last = max(out[at].Last, told.Next-1)
	return out
}
