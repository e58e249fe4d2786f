package change_test

import (
	"testing"

	"customerhub/internal/change"
	"customerhub/internal/fault"
)

func FuzzCursor(f *testing.F) {
	for _, seed := range []string{"", change.CursorAt(0), change.CursorAt(1), change.CursorAt(1 << 60), "Y2hhbmdlMTotMQ", "x", "Y2hhbmdlMTowMQ", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		sequence, err := change.ParseCursor(text)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%q: %v is not Invalid", text, err)
			}
			return
		}
		// A cursor has one text only, so that equal cursors are equal texts.
		if text != "" && change.CursorAt(sequence) != text {
			t.Errorf("%q reads as %d, whose cursor is %q", text, sequence, change.CursorAt(sequence))
		}
	})
}
