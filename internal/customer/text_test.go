package customer_test

import (
	"testing"

	"customerhub/internal/customer"
)

func TestCheckText(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"", "Äkäslompolo Öljy", "two\nlines", "a\ttab", "日本"} {
		if f := customer.CheckText(good); f != nil {
			t.Errorf("%q is refused: %v", good, f)
		}
	}
	for _, bad := range []string{"a\x00b", "\x1b[31m", "J\xe4rvi", "\u0085", "\x7f"} {
		if f := customer.CheckText(bad); f == nil || f.Reason != customer.ReasonCharacters {
			t.Errorf("%q: got %v", bad, f)
		}
	}
}
