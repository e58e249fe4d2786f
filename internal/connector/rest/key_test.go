package rest_test

import (
	"strings"
	"testing"

	"customerhub/internal/connector/rest"
)

func TestKey(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"fx_7001", "CT-10", "0", "1572860-0", strings.Repeat("a", 64)} {
		if got := rest.Key(rest.Text(id)); got != id {
			t.Errorf("%q became %q", id, got)
		}
	}
	for _, id := range []string{
		"", " fx_1", "fx_1 ", "../fx_1", "fx/1", "fx.1", "fx%2f1", "fx?1", "fx\n1", "fx_ä", "\xff", "{}", strings.Repeat("a", 65),
		"010190-900P", "010190A900P", // Promise 11
	} {
		if got := rest.Key(rest.Text(id)); got != "" {
			t.Errorf("%q became %q", id, got)
		}
	}
}
