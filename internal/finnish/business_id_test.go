package finnish

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// codeOf is the code of a refusal, "" for nil. Any other error fails the test.
func codeOf(t interface{ Fatalf(string, ...any) }, err error) Code {
	if err == nil {
		return ""
	}
	issue, ok := errors.AsType[Issue](err)
	if !ok || issue.Severity != Reject || issue.Message == "" {
		t.Fatalf("error %v is not a refusal with a message", err)
	}
	return issue.Code
}

func TestParseBusinessID(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		id, in string
		want   BusinessID
		code   Code
	}{
		{"V1", "1572860-0", "1572860-0", ""},
		{"V2", "2617416-4", "2617416-4", ""},
		{"V3", "0112038-9", "0112038-9", ""},
		{"V4", "112038-9", "0112038-9", ""},
		{"V5", "15728600", "1572860-0", ""},
		{"V6", " 1572860\u20130 ", "1572860-0", ""},
		{"V7", "1234567-1", "1234567-1", ""},
		{"V8", "2131178-0", "2131178-0", ""},
		{"V9", "0000001-9", "0000001-9", ""},
		{"V10", "7654321-2", "7654321-2", ""},
		{"I1", "1234567-8", "", BusinessIDCheckDigit},
		{"I2", "1478523-8", "", BusinessIDCheckDigit},
		{"I3", "1572860-1", "", BusinessIDCheckDigit},
		{"I4", "2352398-0", "", BusinessIDCheckDigit},
		{"I5", "1000008-0", "", BusinessIDCheckDigit},
		{"I6", "0100007-0", "", BusinessIDCheckDigit},
		{"I7", "0000000-0", "", BusinessIDReserved},
		{"I8", "1572806-0", "", BusinessIDCheckDigit},
		{"I9", "1120389", "", BusinessIDAmbiguous},
		{"I10_HyphenAtTheEnd", "12345671-", "", BusinessIDFormat},
		{"I10_HyphenTooEarly", "123456-71", "", BusinessIDFormat},
		{"I10_LetterAsCheckDigit", "1234567-A", "", BusinessIDFormat},
		{"SpacesOfAllKinds", "\u00a0157\u20092860 -\u202f0\t", "1572860-0", ""},
		{"MinusSign", "1572860\u22120", "1572860-0", ""},
		{"VATNumber", "FI15728600", "1572860-0", ""},
		{"VATNumberInLowerCaseWithHyphen", "fi 0112038-9", "0112038-9", ""},
		{"VATNumberWithSevenDigits", "FI1120389", "", BusinessIDFormat},
		{"VATNumberInShortForm", "FI112038-9", "", BusinessIDFormat},
		{"ForeignVATNumber", "SE15728600", "", BusinessIDFormat},
		{"ZerosWithoutHyphen", "00000000", "", BusinessIDReserved},
		{"ZerosInShortForm", "000000-0", "", BusinessIDReserved},
		{"ZerosAsVATNumber", "FI00000000", "", BusinessIDReserved},
		{"Empty", "", "", BusinessIDFormat},
		{"TwoHyphens", "1572860--0", "", BusinessIDFormat},
		{"FullWidthDigits", "1572860-\uff10", "", BusinessIDFormat},
		{"TooLong", "15728600-0", "", BusinessIDFormat},
		{"IdentityCode", "010190-900P", "", PersonalIdentityCode},
	} {
		t.Run(tc.id, func(t *testing.T) {
			t.Parallel()
			got, err := ParseBusinessID(tc.in)
			if code := codeOf(t, err); got != tc.want || code != tc.code {
				t.Errorf("ParseBusinessID(%q) = %q, %q; want %q, %q", tc.in, got, code, tc.want, tc.code)
			}
			if ValidBusinessID(tc.in) != (tc.code == "") {
				t.Errorf("ValidBusinessID(%q) disagrees with ParseBusinessID", tc.in)
			}
			if err != nil && tc.in != "" && strings.Contains(err.Error(), tc.in) {
				t.Errorf("message %q repeats the input", err)
			}
		})
	}
}

// TestBusinessIDCheckDigits counts what section 1.2 states: one base in eleven has no check digit.
func TestBusinessIDCheckDigits(t *testing.T) {
	t.Parallel()
	const bases = 2_000_000
	missing := 0
	for n := range bases {
		if _, ok := businessIDCheckDigit(fmt.Sprintf("%07d", n)); !ok {
			missing++
		}
	}
	if share := float64(missing) / bases; share < 0.0908 || share > 0.0910 {
		t.Errorf("%.4f of the bases have no check digit, want 0.0909", share)
	}
	for _, bad := range []string{"", "123456", "12345678", "123456x"} {
		if _, ok := businessIDCheckDigit(bad); ok {
			t.Errorf("businessIDCheckDigit(%q) is true", bad)
		}
	}
}

func TestI8_AdjacentSwapsAreCaught(t *testing.T) {
	t.Parallel()
	const right = "15728600"
	swaps := 0
	for i := range len(right) - 1 {
		b := []byte(right)
		b[i], b[i+1] = b[i+1], b[i]
		if string(b) == right {
			continue
		}
		swaps++
		if ValidBusinessID(string(b)) {
			t.Errorf("%s is accepted", b)
		}
	}
	if swaps != 6 {
		t.Errorf("%d distinct swaps, want 6", swaps)
	}
}

func TestParseBusinessIDFromSpreadsheet(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		in   string
		want BusinessID
		code Code
	}{
		{"1120389", "0112038-9", BusinessIDZeroRestored},
		{" 1120389 ", "0112038-9", BusinessIDZeroRestored},
		{"1572860-0", "1572860-0", ""},
		{"1572861", "", BusinessIDCheckDigit},
		{"0000000", "", BusinessIDReserved},
		{"112038", "", BusinessIDFormat},
	} {
		got, issues := ParseBusinessIDFromSpreadsheet(tc.in)
		if got != tc.want || (tc.code == "") != (issues == nil) || tc.code != "" && !issues.Has(tc.code) {
			t.Errorf("ParseBusinessIDFromSpreadsheet(%q) = %q, %v; want %q, %q", tc.in, got, issues, tc.want, tc.code)
		}
	}
}

// businessIDs draws valid business IDs.
func businessIDs() *rapid.Generator[BusinessID] {
	return rapid.Custom(func(t *rapid.T) BusinessID {
		base := rapid.StringMatching(`[0-9]{7}`).Filter(func(s string) bool {
			_, ok := businessIDCheckDigit(s)
			return ok && s != "0000000"
		}).Draw(t, "base")
		d, _ := businessIDCheckDigit(base)
		return BusinessID(base + "-" + string(d))
	})
}

func TestBusinessIDProperties(t *testing.T) {
	t.Parallel()
	t.Run("EveryWayOfWritingGivesTheSame", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			id := businessIDs().Draw(t, "id")
			ways := []string{
				string(id), id.Digits(), "FI" + id.Digits(), "fi " + string(id), string(id.VATNumber()),
				strings.Replace(string(id), "-", " \u2013 ", 1), "  " + string(id) + "\n",
			}
			if id[0] == '0' {
				ways = append(ways, string(id[1:]))
			}
			for _, w := range ways {
				if got, err := ParseBusinessID(w); got != id || err != nil {
					t.Fatalf("%q gives %q, %v; want %q", w, got, err, id)
				}
			}
			if inside, ok := id.VATNumber().BusinessID(); !ok || inside != id {
				t.Fatalf("VAT number %q holds %q", id.VATNumber(), inside)
			}
			if inside, ok := id.OVT().BusinessID(); !ok || inside != id {
				t.Fatalf("OVT %q holds %q", id.OVT(), inside)
			}
		})
	})
	t.Run("OneWrongDigitIsCaught", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			id := businessIDs().Draw(t, "id")
			b := []byte(id)
			i := rapid.SampledFrom([]int{0, 1, 2, 3, 4, 5, 6, 8}).Draw(t, "place")
			b[i] = '0' + (b[i]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "step")))%10
			if ValidBusinessID(string(b)) {
				t.Fatalf("%s is accepted beside %s", b, id)
			}
		})
	})
}

func TestZeroBusinessIDDerivesNothing(t *testing.T) {
	t.Parallel()
	var id BusinessID
	if id.VATNumber() != "" || id.OVT() != "" || id.Digits() != "" {
		t.Error("the empty business ID has a VAT number, an OVT code or digits")
	}
}

func FuzzBusinessID(f *testing.F) {
	for _, s := range []string{"1572860-0", "112038-9", "FI15728600", "1120389", "0000000-0", " 1572860–0 ", "010190-900P", "", "-", "\xff\xfe"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseBusinessID(s)
		if code := codeOf(t, err); (id == "") != (code != "") {
			t.Fatalf("ParseBusinessID(%q) = %q, %v", s, id, err)
		}
		if err != nil {
			return
		}
		if len(id) != 9 || id[7] != '-' {
			t.Fatalf("ParseBusinessID(%q) = %q is not canonical", s, id)
		}
		if again, err := ParseBusinessID(string(id)); again != id || err != nil {
			t.Fatalf("canonical %q parses to %q, %v", id, again, err)
		}
	})
}
