// Package organisation is the tenant: a company whose customers the hub keeps. An accounting firm serves many companies
// from one hub, and none of them can see another (Promise 7). The package is pure.
package organisation

import (
	"strings"
	"time"
	"unicode/utf8"

	"customerhub/internal/fault"
)

// ID identifies an organisation. It is a UUID in text form; empty means none.
type ID string

// Organisation is one tenant.
type Organisation struct {
	ID        ID
	Name      string
	CreatedAt time.Time
}

// ValidName trims a name and refuses an empty one and one of more than 200 characters.
func ValidName(name string) (string, error) {
	name = strings.TrimSpace(name)
	switch n := utf8.RuneCountInString(name); {
	case n == 0:
		return "", fault.New(fault.Invalid, "An organisation needs a name.")
	case n > 200:
		return "", fault.New(fault.Invalid, "The name of an organisation has at most 200 characters; this one has %d.", n)
	}
	return name, nil
}
