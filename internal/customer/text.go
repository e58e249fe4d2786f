package customer

import (
	"strings"
	"unicode/utf8"

	"customerhub/internal/fault"
)

// CheckText refuses what no text of the hub may hold: bytes that are not UTF-8, and control characters but line feed and
// tab. Nil means that the text can be stored. The fault is CHARACTERS_INVALID and has no path.
func CheckText(value string) *fault.Error {
	if !utf8.ValidString(value) || strings.ContainsFunc(value, isControl) {
		return fault.Because(fault.Invalid, ReasonCharacters, "Control characters cannot be stored.")
	}
	return nil
}
