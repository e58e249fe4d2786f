package finnish

import (
	"strings"
	"testing"

	"golang.org/x/text/language"
	"pgregory.net/rapid"
)

func TestParsePostcode(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		country Country
		in      string
		want    string
		refused bool
	}{
		{"LeadingZeros", Finland, "00100", "00100", false},
		{"CountryIsFinlandByDefault", "", "00100", "00100", false},
		{"CountryBefore", Finland, "FI-00100", "00100", false},
		{"CountryBeforeWithDash", Finland, "fi\u201300100", "00100", false},
		{"Aland", Aland, "22100", "22100", false},
		{"AlandInFinland", Finland, "AX-22100", "22100", false},
		{"Korvatunturi", Finland, "99999", "99999", false},
		{"Company", Finland, "00011", "00011", false},
		{"Space", Finland, "00 100", "00100", false},
		{"ThreeDigits", Finland, "100", "", true},
		{"FourDigits", Finland, "0100", "", true},
		{"SixDigits", Finland, "001000", "", true},
		{"LetterO", Finland, "0010O", "", true},
		{"Empty", Finland, "", "", true},
		{"British", "GB", " SW1A 1AA ", "SW1A 1AA", false},
		{"FiftyCharacters", "GB", strings.Repeat("å", 50), strings.Repeat("å", 50), false},
		{"TooLong", "GB", strings.Repeat("å", 51), "", true},
		{"EmptyAbroad", "GB", " ", "", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := ParsePostcode(tc.country, tc.in)
			if code := codeOf(t, err); got != tc.want || (code == PostcodeFormat) != tc.refused {
				t.Errorf("ParsePostcode(%q, %q) = %q, %v; want %q", tc.country, tc.in, got, err, tc.want)
			}
		})
	}
}

func TestParseCountry(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]Country{"": "FI", "FI": "FI", " ax ": "AX", "se": "SE", "FIN": "", "UK": "", "EU": "", "F ": "", "XX": "", "I ": "", "D A": "", "É": ""} {
		got, err := ParseCountry(in)
		if code := codeOf(t, err); got != want || (code == CountryUnknown) != (want == "") {
			t.Errorf("ParseCountry(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	list := strings.Fields(countries)
	if len(list) != 249 {
		t.Errorf("%d countries, want the 249 of ISO 3166-1", len(list))
	}
	for _, c := range list {
		if r, err := language.ParseRegion(c); err != nil || !r.IsCountry() || r.String() != c {
			t.Errorf("%s is not a country to the Unicode tables", c)
		}
	}
}

func TestLanguages(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		in   string
		want Language
		warn bool
	}{{"fi", Finnish, false}, {"SV", Swedish, false}, {" en ", English, false}, {"se", Finnish, true}, {"de", Finnish, true}, {"", Finnish, true}} {
		if got, issues := ParseLanguage(tc.in); got != tc.want || issues.Has(LanguageUnknown) != tc.warn {
			t.Errorf("ParseLanguage(%q) = %q, %v", tc.in, got, issues)
		}
	}
	for _, tc := range []struct {
		in   string
		want Language
		warn bool
	}{{"FI", Finnish, false}, {"SE", Swedish, false}, {"en", English, false}, {"SV", Finnish, true}, {"", Finnish, true}} {
		if got, issues := LanguageFromNetvisor(tc.in); got != tc.want || issues.Has(LanguageUnknown) != tc.warn {
			t.Errorf("LanguageFromNetvisor(%q) = %q, %v", tc.in, got, issues)
		}
	}
	for _, l := range []Language{Finnish, Swedish, English} {
		if back, issues := LanguageFromNetvisor(l.Netvisor()); back != l || issues != nil {
			t.Errorf("%s goes to %s and comes back as %s", l, l.Netvisor(), back)
		}
	}
	if Language("se").Netvisor() != "" {
		t.Error("Northern Sámi goes to Netvisor as a code")
	}
}

func TestParseEmail(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		in, want string
		code     Code
	}{
		{"Maija.Malli@Example.TEST", "Maija.Malli@example.test", ""},
		{" a+b@x.example.test ", "a+b@x.example.test", ""},
		{"päivi@käyttö.example.test", "päivi@käyttö.example.test", ""},
		{"maija@example", "", EmailFormat},
		{"maija", "", EmailFormat},
		{"@example.test", "", EmailFormat},
		{"a@b@example.test", "", EmailFormat},
		{"Maija <maija@example.test>", "", EmailFormat},
		{"ma ija@example.test", "", EmailFormat},
		{".maija@example.test", "", EmailFormat},
		{"ma..ija@example.test", "", EmailFormat},
		{"maija@example..test", "", EmailFormat},
		{"maija@-example.test", "", EmailFormat},
		{"maija@exa_mple.test", "", EmailFormat},
		{"ma\xffija@example.test", "", EmailFormat},
		{"a\r\nBcc: b@example.test", "", EmailFormat},
		{strings.Repeat("a", 65) + "@example.test", "", EmailFormat},
		{strings.Repeat("a", 250) + "@example.test", "", EmailTooLong},
		{"", "", EmailFormat},
	} {
		got, err := ParseEmail(tc.in)
		if code := codeOf(t, err); got != tc.want || code != tc.code {
			t.Errorf("ParseEmail(%q) = %q, %q; want %q, %q", tc.in, got, code, tc.want, tc.code)
		}
	}
}

func TestParseEmailList(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, in, joined, codes string }{
		{"One", "a@Example.test", "a@example.test", ""},
		{"SemicolonsAndCommas", "a@example.test; b@example.test,c@example.test;", "a@example.test;b@example.test;c@example.test", ""},
		{"Repeated", "a@example.test;a@EXAMPLE.test", "a@example.test", ""},
		{"OneIsBad", "a@example.test;b", "a@example.test", "!EMAIL_FORMAT"},
		{"Empty", " ; ", "", "!EMAIL_LIST_EMPTY"},
	} {
		got, issues := ParseEmailList(tc.in)
		if JoinEmails(got) != tc.joined || codes(issues) != tc.codes {
			t.Errorf("%s: ParseEmailList = %q, %v", tc.name, got, issues)
		}
	}
	if _, issues := ParseEmailList("a@example.test;;b"); !strings.HasPrefix(issues.Err().Error(), "Address 2: ") {
		t.Errorf("the message is %q", issues.Err())
	}
}

func TestCustomerNumbers(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		in, want string
		code     Code
	}{{" 007 ", "007", ""}, {"aB-1", "aB-1", ""}, {"", "", ""}, {"Temp", "", CustomerNumberReserved}, {"010190-900P", "", PersonalIdentityCode}} {
		got, err := ParseCustomerNumber(tc.in)
		if code := codeOf(t, err); got != tc.want || code != tc.code {
			t.Errorf("ParseCustomerNumber(%q) = %q, %v", tc.in, got, err)
		}
	}
	for number, fine := range map[string]bool{"1": true, "1001": true, "007": false, "A1": false, "": false} {
		if issues := CheckNumericCustomerNumber(number); (issues == nil) != fine || issues.Err() != nil {
			t.Errorf("CheckNumericCustomerNumber(%q) = %v", number, issues)
		}
	}
}

func TestSeverityNames(t *testing.T) {
	t.Parallel()
	for s, want := range map[Severity]string{Normalised: "NORMALISED", Warn: "WARN", Reject: "REJECT", 0: "Severity(0)"} {
		if s.String() != want {
			t.Errorf("%d prints %s", int(s), s)
		}
	}
}

// TestParsingTwiceChangesNothing holds for every rule that canonicalises: what comes out goes in again unchanged.
func TestParsingTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(
			rapid.String(),
			rapid.StringMatching(`[ 0-9A-Za-z:@.;+()/–-]{0,24}`),
			rapid.StringMatching(`(TE|FI)?(0216:)?0037[0-9]{8}[0-9a-zA-Z]{0,6}`),
			rapid.StringMatching(`\+?[0-9]{3,14}`),
		).Draw(t, "text")
		if a, issues := ParseEInvoiceAddress(s); issues.Err() == nil {
			if b, more := ParseEInvoiceAddress(a.Value); a != b || more.Has(ValueNormalised) {
				t.Fatalf("e-invoice address %v becomes %v, %v", a, b, more)
			}
		}
		if a, issues := ParseOperator(s); issues.Err() == nil {
			if b, more := ParseOperator(string(a)); a != b || more.Has(ValueNormalised) || more.Has(OperatorCorrected) {
				t.Fatalf("operator %q becomes %q, %v", a, b, more)
			}
		}
		if a, err := ParseEmail(s); err == nil {
			if b, err := ParseEmail(a); a != b || err != nil {
				t.Fatalf("e-mail address %q becomes %q, %v", a, b, err)
			}
		}
		if a, err := ParsePostcode(Finland, s); err == nil {
			if b, err := ParsePostcode(Finland, a); a != b || err != nil {
				t.Fatalf("postcode %q becomes %q, %v", a, b, err)
			}
		}
		if a, _ := ParsePhone(Finland, s); a != "" {
			if b, _ := ParsePhone(Finland, a); a != b {
				t.Fatalf("telephone number %q becomes %q", a, b)
			}
		}
	})
}
