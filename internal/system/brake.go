package system

import (
	"time"

	"customerhub/internal/fault"
)

// Brake says how much may change in a system's customers, or in the system, before the rest waits for a person (design section 5):
// beyond a share of the linked records and beyond a number, within a window. A nil member is the default.
type Brake struct {
	SharePercent *int `json:"share,omitempty"`
	Count        *int `json:"count,omitempty"`
	WindowHours  *int `json:"hours,omitempty"`
}

// The defaults. A day holds whatever a night's full comparison, its polls and the records looked at one by one bring together, and
// somebody comes to work within it.
const (
	DefaultBrakeShare = 20
	DefaultBrakeCount = 20
	DefaultBrakeHours = 24
)

const (
	maxBrakeCount = 1_000_000
	maxBrakeHours = 31 * 24
)

// byHand is how many times the number may be edited by hand. People who edit customers in the hub never meet the brake; a script
// that writes all of them by the same mutations does.
const byHand = 25

// Share is how many percent of the linked records may change.
func (b Brake) Share() int { return or(b.SharePercent, DefaultBrakeShare) }

// Least is how many may change however few records there are.
func (b Brake) Least() int { return or(b.Count, DefaultBrakeCount) }

// Window is how far back changes count.
func (b Brake) Window() time.Duration {
	return time.Duration(or(b.WindowHours, DefaultBrakeHours)) * time.Hour
}

// Most is how many of so many linked records may change within the window; by hand says that people edited them in the hub.
func (b Brake) Most(records int, hand bool) int {
	least := b.Least()
	if hand {
		least *= byHand
	}
	return max(least, records*b.Share()/100)
}

func (b Brake) check() (faults fault.Errors) {
	if s := b.Share(); s < 1 || s > 100 {
		faults = append(faults, fault.New(fault.Invalid, "The share is from 1 to 100 percent.").At("sharePercent"))
	}
	if n := b.Least(); n < 0 || n > maxBrakeCount {
		faults = append(faults, fault.New(fault.Invalid, "The number is from 0 to %d.", maxBrakeCount).At("count"))
	}
	if n := or(b.WindowHours, DefaultBrakeHours); n < 1 || n > maxBrakeHours {
		faults = append(faults, fault.New(fault.Invalid, "The window is from 1 to %d hours.", maxBrakeHours).At("windowHours"))
	}
	return faults
}

func or(n *int, otherwise int) int {
	if n == nil {
		return otherwise
	}
	return *n
}
