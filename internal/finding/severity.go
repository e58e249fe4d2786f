package finding

import "slices"

// Severity says how pressing a finding is.
type Severity string

// The severities, the least pressing first.
const (
	Notice  Severity = "NOTICE"  // worth knowing: nothing waits for it
	Warning Severity = "WARNING" // it does not pass by itself: something is held up, or will be
	Urgent  Severity = "URGENT"  // now
)

// Severities are all of them, the least pressing first.
var Severities = []Severity{Notice, Warning, Urgent}

// Severity is that of the findings of a code that have none of their own.
func (c Code) Severity() Severity {
	switch {
	case c == SystemDenied || c == MassAbsence: // nothing of the system flows, or nothing of its list is believed
		return Urgent
	case slices.Contains(Failures, c):
		return Warning
	}
	return Notice
}
