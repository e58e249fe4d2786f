package hub

import (
	"testing"

	"customerhub/internal/fault"
)

func FuzzListCursor(f *testing.F) {
	whole := position{Order: "name", Key: "6d616c6c69", ID: "01a200cb-4d75-7284-b65b-495787a913b1"}.cursor()
	for _, seed := range []string{"", whole, whole[:len(whole)/2], whole + "A", "bGlzdDE6e30", "bGlzdDE6bnVsbA", "x", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePosition(text, "name", "after")
		switch {
		case err != nil:
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%q: %v is not Invalid", text, err)
			}
		case text == "":
			if p != nil {
				t.Errorf("an empty cursor is the place %+v", p)
			}
		case p.cursor() != text:
			t.Errorf("%q reads as %+v, whose cursor is %q", text, p, p.cursor())
		}
	})
}
