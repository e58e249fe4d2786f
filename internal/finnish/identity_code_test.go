package finnish

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// wellFormed are artificial identity codes (serial 900 to 999), one for every way of writing that counts.
var wellFormed = []string{
	"010190-900P", "010190Y900P", "010190X901R",
	"010516A902W", "010516B902W", "030516D9037", "010501E9032", "020503F9037", "050594U903M",
	"010100+905M", "290200A911P", "010190-999W",
}

// malformed have the shape but not the date, the check character or the sign of an identity code. All but the last are
// masked nevertheless.
var malformed = []struct{ name, value string }{
	{"ImpossibleDate29February", "290201A911Y"},
	{"ImpossibleDate31February", "310299-912K"},
	{"WrongCheckCharacter", "010190-900A"},
	{"WrongCheckCharacterOfAPublicExample", "010190-999K"},
	{"UnusedSign", "010190G900P"},
}

func TestContainsIdentityCode(t *testing.T) {
	t.Parallel()
	for _, v := range wellFormed {
		t.Run(v, func(t *testing.T) {
			t.Parallel()
			for _, text := range []string{
				v, strings.ToLower(v), " " + v + " ", "hetu:" + v + ".", "(" + v + ")", "ä" + v + "ö", "_" + v + "_", v + "\n", "x " + v + ", y",
				"9" + v + " " + v, strings.Replace(v, "-", "\u2013", 1), strings.Replace(v, "-", "\u2011", 1),
			} {
				if !ContainsIdentityCode(text) {
					t.Errorf("not found in %q", text)
				}
				if codeOf(t, CheckNoIdentityCode(text)) != PersonalIdentityCode {
					t.Errorf("CheckNoIdentityCode(%q) does not refuse", text)
				}
			}
			for _, text := range []string{"1" + v, v + "1", "A" + v, v + "b", v[:10], v[1:]} {
				if ContainsIdentityCode(text) {
					t.Errorf("found in %q", text)
				}
			}
		})
	}
	for _, tc := range malformed {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if ContainsIdentityCode(tc.value) {
				t.Errorf("%q is taken for an identity code", tc.value)
			}
		})
	}
}

func TestContainsIdentityCodeLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, text string }{
		{"BusinessID", "1234567-1"},
		{"BusinessIDs", "1572860-0, 0112038-9; 112038-9 FI15728600"},
		{"OVT", "003715728600"},
		{"OVTWithSuffix", "003718062728810P"},
		{"NetServiceID", "TE003701011385TEST"},
		{"IBAN", "FI2112345600000785"},
		{"IBANInGroups", "FI21 1234 5600 0007 85"},
		{"Phone", "0401234567"},
		{"PhoneWithHyphen", "040123-4567"},
		{"PhoneInternational", "+358 40 123 4567"},
		{"ReferenceNumber", "1234561"},
		{"ReferenceNumberInGroups", "12 34567 89012 34561"},
		{"InternationalReference", "RF18 5390 0754 7034"},
		{"Date", "2026-01-31"},
		{"FinnishDate", "31.1.2026"},
		{"Timestamp", "2026-01-31T12:34:56.010190-0200"},
		{"TimestampWithComma", "12:34:56,010190-0200"},
		{"TimestampUTC", "2026-01-31T12:34:56.123456Z"},
		{"CompactTimestamp", "20260131T123456Z"},
		{"UUID", "010190aa-900a-4010-b190-0101909001ff"},
		{"UUIDOfDigits", "01019000-9001-4101-9001-010190900100"},
		{"Nobody", "010190-0001"},
		{"Empty", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if ContainsIdentityCode(tc.text) {
				t.Errorf("%q is taken for an identity code", tc.text)
			}
		})
	}
	t.Run("EveryMicrosecondBeforeAnOffset", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			at := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "second"), rapid.Int64Range(0, 999_999).Draw(t, "micro")*1000)
			at = at.In(time.FixedZone("", rapid.IntRange(-12, 12).Draw(t, "offset")*3600))
			if text := at.Format("2006-01-02T15:04:05.000000-0700"); ContainsIdentityCode(text) {
				t.Fatalf("%q is taken for an identity code", text)
			}
		})
	})
	t.Run("EveryBusinessID", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			id := businessIDs().Draw(t, "id")
			text := fmt.Sprintf("%s %s %s %s", id, id.Digits(), id.VATNumber(), id.OVT())
			if ContainsIdentityCode(text) || MaskIdentityCodes(text) != text {
				t.Fatalf("%q is taken for an identity code", text)
			}
		})
	})
	t.Run("EveryUUID", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			id := rapid.StringMatching(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`).Draw(t, "uuid")
			if ContainsIdentityCode(id) || MaskIdentityCodes(id) != id {
				t.Fatalf("%q is taken for an identity code", id)
			}
		})
	})
}

func TestMaskIdentityCodes(t *testing.T) {
	t.Parallel()
	values := append([]string{}, wellFormed...)
	for _, m := range malformed[:4] {
		values = append(values, m.value)
	}
	for _, v := range values {
		t.Run(v, func(t *testing.T) {
			t.Parallel()
			quoted, err := json.Marshal("rivi\n" + v + "\té")
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range []string{
				v, strings.ToLower(v), "a " + v + " b", v + " " + v, v + "," + v, "<id>" + v + "</id>", "ä" + v, string(quoted),
				`\u000a` + v, "?q=" + url.QueryEscape(v), "q=x%20" + url.QueryEscape(v), strings.Replace(v, "+", `\u002b`, 1),
				strings.Replace(v, "-", "\u2014", 1), "123456 " + v, "12:00:00." + v,
			} {
				got := MaskIdentityCodes(text)
				if !strings.Contains(got, identityCodeMask) || strings.Contains(got, v[:6]) || strings.Contains(got, v[7:]) {
					t.Errorf("MaskIdentityCodes(%q) = %q", text, got)
				}
				if MaskIdentityCodes(got) != got {
					t.Errorf("masking %q again changes it", got)
				}
			}
		})
	}
	for _, tc := range []struct{ name, in, want string }{
		{"TextAroundIsKept", "Maija 010190-900P soitti", "Maija ******-**** soitti"},
		{"TwoInARow", "010190-900P/010516A902W", "******-****/******-****"},
		{"PhoneIsHiddenForNothing", "040123-4567", "******-****"},
		{"UnusedSign", "010190G900P", "010190G900P"},
		{"PhoneWithoutHyphen", "0401234567", "0401234567"},
		{"BusinessID", "1234567-1", "1234567-1"},
		{"LastLetterZ", "010190-900Z", "010190-900Z"},
		{"InvalidUTF8", "\xff010190-900P\xff", "\xff******-****\xff"},
		{"Empty", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := MaskIdentityCodes(tc.in); got != tc.want {
				t.Errorf("MaskIdentityCodes(%q) = %q, want %q", tc.in, got, tc.want)
			}
		})
	}
}

func TestMaskStored(t *testing.T) {
	t.Parallel()
	got, issues := MaskStored("hetu 010190-900P, puh. 040123-4567")
	if !HoldsMask(got) || HoldsMask("hetu ***") {
		t.Errorf("%q holds a mask or not", got)
	}
	if got != "hetu ******-****, puh. 040123-4567" || !issues.Has(IdentityCodeMasked) || issues.Err() != nil {
		t.Errorf("MaskStored = %q, %v", got, issues)
	}
	if got, issues := MaskStored("puh. 040123-4567"); got != "puh. 040123-4567" || issues != nil {
		t.Errorf("MaskStored = %q, %v", got, issues)
	}
}

func FuzzIdentityCode(f *testing.F) {
	for _, v := range wellFormed {
		f.Add("x " + v)
	}
	f.Add(`\n010190%2B900P`)
	f.Add("010190\u2013900p")
	f.Fuzz(func(t *testing.T, text string) {
		masked := MaskIdentityCodes(text)
		if ContainsIdentityCode(masked) {
			t.Fatalf("an identity code is left in %q", masked)
		}
		if MaskIdentityCodes(masked) != masked {
			t.Fatalf("masking %q again changes it", masked)
		}
		if stored, issues := MaskStored(text); ContainsIdentityCode(stored) || (stored != text) != issues.Has(IdentityCodeMasked) {
			t.Fatalf("MaskStored(%q) = %q, %v", text, stored, issues)
		}
	})
}

func BenchmarkMaskIdentityCodes(b *testing.B) {
	text := strings.Repeat(`{"time":"2026-01-31T12:34:56.123456Z","msg":"customer stored","id":"01983c2e-7b1a-7d35-a1c4-9f0e8e2b6a10"}`, 20)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if MaskIdentityCodes(text) != text {
			b.Fatal("something was masked")
		}
	}
}
