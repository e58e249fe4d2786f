package system

import (
	"hash/fnv"
	"time"
)

// Some systems are sent what others changed at certain moments only: the full multiples of a time in the day, such as each quarter of an
// hour, and a little later for some, so that not all begin together (R63; Flex contract section 7).

// Offset is how much later than others a system begins: up to a tenth of the time between two moments, and a minute at the most. It is always the
// same for the same system.
func Offset(id ID, every time.Duration) time.Duration {
	most := min(every/10, time.Minute)
	if most <= 0 {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(id))
	return time.Duration(h.Sum64() % uint64(most)).Truncate(time.Millisecond)
}

// NextSlot is the next moment at which a system is sent what others changed, and now where one has just come: what is found at the beginning of
// a slot goes with it. Every is more than zero.
func NextSlot(now time.Time, every, offset time.Duration) time.Time {
	last := now.Add(-offset).Truncate(every).Add(offset)
	if now.Sub(last) <= min(every/5, 3*time.Minute) {
		return now
	}
	return last.Add(every)
}
