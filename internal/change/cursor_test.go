package change_test

import (
	"encoding/base64"
	"math"
	"testing"

	"pgregory.net/rapid"

	"customerhub/internal/change"
	"customerhub/internal/fault"
)

func TestCursor(t *testing.T) {
	t.Parallel()
	t.Run("ComesBack", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			sequence := rapid.Int64Range(0, math.MaxInt64).Draw(t, "sequence")
			if got, err := change.ParseCursor(change.CursorAt(sequence)); err != nil || got != sequence {
				t.Fatalf("got %d, %v", got, err)
			}
		})
	})
	t.Run("EmptyIsTheBeginning", func(t *testing.T) {
		t.Parallel()
		if got, err := change.ParseCursor(""); got != 0 || err != nil {
			t.Errorf("got %d, %v", got, err)
		}
	})
	t.Run("ItsFormStays", func(t *testing.T) {
		t.Parallel()
		// Clients keep cursors, so a new form has to read this one too.
		if got := change.CursorAt(42); got != "Y2hhbmdlMTo0Mg" {
			t.Errorf("got %s", got)
		}
	})
	t.Run("AnythingElseIsInvalid", func(t *testing.T) {
		t.Parallel()
		made := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
		for _, cursor := range []string{
			"x", "42", " ", made("42"), made("change1:"), made("change1:-1"), made("change1:+1"), made("change1:01"), made("change2:1"),
			made("change1:9223372036854775808"), change.CursorAt(1) + "=", change.CursorAt(1) + "A", "\x00",
		} {
			if _, err := change.ParseCursor(cursor); !fault.Is(err, fault.Invalid) || fault.Of(err).Reason != "CURSOR_INVALID" {
				t.Errorf("%q: %v", cursor, err)
			}
		}
	})
	t.Run("OneTextOneCursor", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[A-Za-z0-9_-]{1,24}`)).Draw(t, "text")
			if got, err := change.ParseCursor(text); err == nil && text != "" && change.CursorAt(got) != text {
				t.Fatalf("%q is %d", text, got)
			}
		})
	})
}
