package merge

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"time"

	"customerhub/internal/customer"
	"customerhub/internal/link"
)

// Two systems, or a system and the hub, may undo each other's values for ever: a rule on one side writes names in capitals, one on
// the other side does not. Each round is a call, and each is in order by itself; only their number tells. So the hub counts them
// per field group of a record, and leaves the group alone there when they do not end (T27).

const (
	// sameRounds is how often in a row a value may come to nothing before its group is left alone: changed there after it was sent,
	// though the hub had sent it before or the system had changed it into the same before.
	sameRounds = 4
	// anyRounds is the same for values that are new each time, which people may change in turns without any fight.
	anyRounds = 20
	// disputeWindow is how long ago the first of the rounds may be.
	disputeWindow = 24 * time.Hour
)

// Sending notes what an edit sent, in full names with the part under the system's key. It forgets what was long ago.
func Sending(before link.Disputes, sent customer.Fields, now time.Time) link.Disputes {
	next := make(link.Disputes, len(before)+1)
	for g, d := range before {
		if d.Paused || now.Sub(d.Since) < disputeWindow {
			next[g] = d
		}
	}
	for g, fields := range sent.Groups(func(customer.Field) bool { return true }) {
		d, known := next[g]
		if !known {
			d.Since = now
		}
		value := Fingerprint(fields)
		d.Again, d.Sent, d.Open = d.Sent == value, value, true
		next[g] = d
	}
	return next
}

// Disputes gives the disputes after a look at the record, which the verdict was made from: what was changed there after it was sent
// counts, too many rounds pause the group, and one whose sides agree is a dispute no more. changed says whether any is other than
// before, paused whether the verdict has to be made anew since a group was paused or is no longer.
func (v Verdict) Disputes(before link.Disputes, theirs customer.Fields, now time.Time) (next link.Disputes, changed, paused bool) {
	next = before
	set := func(g customer.Group, d *link.Dispute) {
		if !changed {
			next, changed = maps.Clone(before), true
		}
		if d == nil {
			delete(next, g)
		} else {
			next[g] = *d
		}
	}
	for _, g := range v.turned {
		d, known := before[g]
		if !known || !d.Open || d.Paused {
			continue
		}
		if now.Sub(d.Since) >= disputeWindow {
			set(g, nil)
			continue
		}
		made := Fingerprint(theirs.Groups(func(f customer.Field) bool { return f.Group() == g })[g])
		d.Rounds++
		if d.Again || d.Undone == made {
			d.Same++
		}
		d.Open, d.Undone = false, made
		d.Paused = d.Same >= sameRounds || d.Rounds >= anyRounds
		paused = paused || d.Paused
		set(g, &d)
	}
	for _, g := range v.calm {
		set(g, nil)
		paused = true
	}
	return next, changed, paused
}

// Fingerprint tells values apart without keeping them a second time.
func Fingerprint(f customer.Fields) string {
	h := sha256.New()
	for _, name := range f.Sorted() {
		h.Write([]byte(name))
		h.Write([]byte{0})
		h.Write([]byte(f[name]))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
