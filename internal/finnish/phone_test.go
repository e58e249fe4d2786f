package finnish

import "testing"

func TestParsePhone(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		country Country
		in      string
		want    string
		code    Code
	}{
		{"Mobile", "", "040 123 4567", "+358401234567", ""},
		{"BracketedTrunkZero", "", "+358 (0)40 123 4567", "+358401234567", ""},
		{"InternationalPrefix", "", "00358401234567", "+358401234567", ""},
		{"Landline", "", "09-123 456", "+3589123456", ""},
		{"Mobile0457", "", "0457 123 4567", "+3584571234567", ""},
		{"Company", "", "010 270 7200", "+358102707200", ""},
		{"Free", "", "0800 12345", "+35880012345", ""},
		{"ShortCode", "", "116117", "", PhoneNotParsed},
		{"TwoNumbers", "", "040 1234567 / 09 123456", "", PhoneSeveral},
		{"Swedish", "", "+46 8 123 456 78", "+46812345678", ""},
		{"InternationalPrefixAndBracketedZero", "", "00358 (0)40 123 4567", "+358401234567", ""},
		{"WithoutPlus", "", "358 40 123 4567", "+358401234567", ""},
		{"ZeroLost", "", "401234567", "", PhoneNotParsed},
		{"Typographic", "", "040\u2013123\u00a04567", "+358401234567", ""},
		{"Aland", Aland, "018 12345", "+3581812345", ""},
		{"OtherCountry", "SE", "08-123 456 78", "+46812345678", ""},
		{"OtherCountryWithoutTrunkZero", "DK", "32 12 34 56", "+4532123456", ""},
		{"Extension", "", "09 1234567 ext. 12", "+35891234567", ""},
		{"Remark", "", "040 123 4567 (Maija)", "", PhoneNotParsed},
		{"Letters", "", "0800 TAKSI", "", PhoneNotParsed},
		{"Or", "", "0401234567 tai 0501234567", "", PhoneSeveral},
		{"Comma", "", "0401234567, 0501234567", "", PhoneSeveral},
		{"TwoPlusSigns", "", "+358401234567 +358501234567", "", PhoneSeveral},
		{"TooShort", "", "0401", "", PhoneNotParsed},
		{"TooLong", "", "040 1234567890123", "", PhoneNotParsed},
		{"ZerosAlone", "", "0000000", "", PhoneNotParsed},
		{"ZerosAfterTheCountry", "", "+358000000", "", PhoneNotParsed},
		{"ZerosBeforeTheNumber", "", "000401234567", "", PhoneNotParsed},
		{"ZerosElsewhere", "SE", "+46000000000", "", PhoneNotParsed},
		{"LeadingZeroThatBelongs", "", "+39 06 1234567", "+39061234567", ""},
		{"IdentityCode", "", "020503-9037", "", PhoneNotParsed},
		{"Empty", "", "", "", PhoneNotParsed},
		{"UnknownCountry", "ZZ", "040 123 4567", "", PhoneNotParsed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, issues := ParsePhone(tc.country, tc.in)
			if got != tc.want || tc.code == "" && issues != nil || tc.code != "" && !issues.Has(tc.code) || issues.Err() != nil {
				t.Errorf("ParsePhone(%q, %q) = %q, %v; want %q, %q", tc.country, tc.in, got, issues, tc.want, tc.code)
			}
			if again, _ := ParsePhone(tc.country, got); got != "" && again != got {
				t.Errorf("%q parses to %q", got, again)
			}
		})
	}
}
