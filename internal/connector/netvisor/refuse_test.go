package netvisor

import (
	"testing"

	"customerhub/internal/customer"
	"customerhub/internal/finding"
)

func TestRefuses(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		address string
		refused bool
	}{
		{"0037157286001", false}, {"FI2112345600000785", false}, {"0216:003715728600", false}, {"", false},
		{"TE003701011385TEST", true}, {"internal-code", true}, {"003712345678", true},
	} {
		t.Run(tc.address, func(t *testing.T) {
			t.Parallel()
			f := customer.PartField(customer.PartOffice, "17", "einvoice.address")
			fields := customer.Fields{customer.FieldBusinessID: "1572860-0", customer.FieldEInvoiceAddress: "TE003701011385TEST"} // the card takes anything
			fields.Set(f, tc.address)
			got := refuses(fields)
			if (len(got) == 1) != tc.refused || len(got) > 1 {
				t.Fatalf("got %+v", got)
			}
			if tc.refused && (got[0].Code != finding.OfficeEInvoice || got[0].Field != f || got[0].Message == "") {
				t.Errorf("got %+v", got[0])
			}
		})
	}
	t.Run("R83_WithoutABusinessIDNoneTravels", func(t *testing.T) {
		t.Parallel()
		f := customer.PartField(customer.PartOffice, "17", "einvoice.address")
		for _, id := range []string{"", "1234567-8"} { // the check digit of the second is wrong
			got := refuses(customer.Fields{customer.FieldBusinessID: id, f: "0037157286001"})
			if len(got) != 1 || got[0].Field != f || got[0].Message == "" {
				t.Errorf("%q: got %+v", id, got)
			}
		}
	})
	t.Run("R83_NorThatOfTheCard", func(t *testing.T) {
		t.Parallel()
		for id, want := range map[string]int{"": 1, "1234567-8": 1, "1572860-0": 0} {
			got := refuses(customer.Fields{customer.FieldBusinessID: id, customer.FieldEInvoiceAddress: "003715728600"})
			if len(got) != want || want == 1 && (got[0].Field != customer.FieldEInvoiceAddress || got[0].Code != finding.EInvoiceNotSent) {
				t.Errorf("%q: got %+v", id, got)
			}
		}
	})
}
