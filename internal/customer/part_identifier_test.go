package customer_test

import (
	"strings"
	"testing"

	"customerhub/internal/customer"
)

// TestOfficeIdentifier holds that an office's identifier is the organisation's own, of any form: it is no customer number.
func TestOfficeIdentifier(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{"TEMP": "", "T 1/ä": "", strings.Repeat("x", 50): "", strings.Repeat("x", 51): customer.ReasonTooLong} {
		out, faults := customer.NormaliseOffice(customer.Fields{"identifier": given}, &customer.Office{})
		switch {
		case want == "" && (len(faults) > 0 || out["identifier"] != given):
			t.Errorf("%q: got %v, %v", given, out, faults)
		case want != "" && (len(faults) != 1 || faults[0].Reason != want):
			t.Errorf("%q: got %v", given, faults)
		}
	}
}
