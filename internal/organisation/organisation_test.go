package organisation_test

import (
	"strings"
	"testing"

	"customerhub/internal/fault"
	"customerhub/internal/organisation"
)

func TestValidName(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ given, want string }{
		"IsTrimmed":                   {"  Esimerkki Oy\n", "Esimerkki Oy"},
		"EmptyIsRefused":              {" \t", ""},
		"TwoHundredLettersAreTaken":   {strings.Repeat("ä", 200), strings.Repeat("ä", 200)},
		"MoreThanThatAreRefused":      {strings.Repeat("ä", 201), ""},
		"LettersAreCountedAndNoBytes": {strings.Repeat("漢", 150), strings.Repeat("漢", 150)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := organisation.ValidName(c.given)
			if c.want == "" {
				if !fault.Is(err, fault.Invalid) {
					t.Errorf("got %q, %v, want a refusal", got, err)
				}
				return
			}
			if err != nil || got != c.want {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}
