package link

import (
	"strings"

	"customerhub/internal/customer"
)

// OfficeIdentifier is the identifier that the hub gives an office which has none when it makes a record of it, by which it is
// found again when the answer is lost. It is made of the hub's id: short, and the same each time.
func OfficeIdentifier(id customer.OfficeID) string {
	key := strings.ToUpper(strings.ReplaceAll(string(id), "-", ""))
	return "HUB-" + key[max(0, len(key)-8):]
}
