package change

import (
	"encoding/base64"
	"strconv"
	"strings"

	"customerhub/internal/fault"
)

// cursorVersion begins every cursor, so that a later form can be told from this one.
const cursorVersion = "change1:"

// CursorAt is the opaque cursor behind the change with the sequence; 0 is the beginning. The same cursor serves queries,
// subscriptions and webhooks.
func CursorAt(sequence int64) string {
	return base64.RawURLEncoding.EncodeToString([]byte(cursorVersion + strconv.FormatInt(sequence, 10)))
}

// ParseCursor is the reverse of CursorAt; an empty cursor is the beginning. Anything that CursorAt did not make is Invalid.
func ParseCursor(cursor string) (int64, error) {
	if cursor == "" {
		return 0, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	digits, ok := strings.CutPrefix(string(raw), cursorVersion)
	sequence, parseErr := strconv.ParseInt(digits, 10, 64)
	if err != nil || !ok || parseErr != nil || sequence < 0 || CursorAt(sequence) != cursor {
		return 0, fault.Because(fault.Invalid, "CURSOR_INVALID", "This is not a cursor of the change log.")
	}
	return sequence, nil
}
