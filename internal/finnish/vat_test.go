package finnish

import "testing"

func TestParseVATNumber(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, in string
		want     VATNumber
		code     Code
	}{
		{"Valid", "FI15728600", "FI15728600", ""},
		{"LowerCaseSpaceAndHyphen", "fi 0112038-9", "FI01120389", ""},
		{"SevenDigits", "FI1120389", "", VATNumberFormat},
		{"WrongCheckDigit", "FI12345678", "", VATNumberCheckDigit},
		{"RightCheckDigit", "FI12345671", "FI12345671", ""},
		{"NeverIssued", "FI23523980", "", VATNumberCheckDigit},
		{"Zeros", "FI00000000", "", VATNumberReserved},
		{"NoCountry", "15728600", "", VATNumberFormat},
		{"Foreign", "se 556000000101", "SE556000000101", ""},
		{"ForeignKeptAsGiven", "ATu12345678", "ATu12345678", ""},
		{"ForeignTooLong", "SE12345678901234", "", VATNumberFormat},
		{"ForeignTooShort", "SE1", "", VATNumberFormat},
		{"ForeignWithDots", "BE0123.456.789", "", VATNumberFormat},
		{"IdentityCode", "010190-900P", "", PersonalIdentityCode},
		{"Empty", "", "", VATNumberFormat},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseVATNumber(tc.in)
			if code := codeOf(t, err); got != tc.want || code != tc.code {
				t.Errorf("ParseVATNumber(%q) = %q, %q; want %q, %q", tc.in, got, code, tc.want, tc.code)
			}
		})
	}
	if id, ok := VATNumber("FI15728600").BusinessID(); id != "1572860-0" || !ok {
		t.Errorf("the business ID inside is %q, %v", id, ok)
	}
	if id, ok := VATNumber("SE556000000101").BusinessID(); ok {
		t.Errorf("a foreign VAT number holds the business ID %q", id)
	}
}

func TestCheckVATNumber(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		vat  VATNumber
		id   BusinessID
		warn bool
	}{
		{"Agree", "FI15728600", "1572860-0", false},
		{"VATGroup", "FI15728600", "0112038-9", true},
		{"Foreign", "SE556000000101", "0112038-9", false},
		{"NoBusinessID", "FI15728600", "", false},
		{"NoVATNumber", "", "0112038-9", false},
	} {
		issues := CheckVATNumber(tc.vat, tc.id)
		if issues.Has(VATBusinessIDMismatch) != tc.warn || issues.Err() != nil {
			t.Errorf("%s: CheckVATNumber = %v, want a warning: %v", tc.name, issues, tc.warn)
		}
	}
}
