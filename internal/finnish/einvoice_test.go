package finnish

import (
	"strings"
	"testing"
)

// codes lists the codes of issues in order, with "!" before those that refuse.
func codes(issues Issues) string {
	var list []string
	for _, i := range issues {
		code := string(i.Code)
		if i.Severity == Reject {
			code = "!" + code
		}
		list = append(list, code)
	}
	return strings.Join(list, " ")
}

const norm = string(ValueNormalised)

func TestParseOVT(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, in, want, codes string }{
		{"Valid", "003715728600", "003715728600", ""},
		{"SuffixOf1", "0037157286001", "0037157286001", ""},
		{"SuffixOf2", "00371572860012", "00371572860012", ""},
		{"SuffixOf3", "003715728600123", "003715728600123", ""},
		{"SuffixOf4", "0037157286001234", "0037157286001234", ""},
		{"SuffixOf5", "00371572860012345", "00371572860012345", ""},
		{"PublishedExample", "003704944842TST01", "003704944842TST01", ""},
		{"NetvisorExample", "00371967543815", "00371967543815", ""},
		{"LetterInSuffix", "003718062728810P", "003718062728810P", ""},
		{"Spaces", "0037 1572 8600", "003715728600", norm},
		{"LowerCase", "003704944842tst01", "003704944842TST01", norm},
		{"SuffixTooLong", "0037157286000012345", "", "!EINVOICE_OVT_FORMAT"},
		{"WrongCheckDigit", "003712345678", "003712345678", "EINVOICE_OVT_CHECK_DIGIT"},
		{"NeverIssued", "003723523980", "003723523980", "EINVOICE_OVT_CHECK_DIGIT"},
		{"Zeros", "003700000000", "003700000000", "EINVOICE_OVT_CHECK_DIGIT"},
		{"PrefixLost", "37157286000", "", "!EINVOICE_OVT_PREFIX_LOST"},
		{"OneZeroLost", "03715728600", "", "!EINVOICE_OVT_PREFIX_LOST"},
		{"PunctuationInSuffix", "003715728600-1", "", "!EINVOICE_OVT_FORMAT"},
		{"Empty", "", "", "!EINVOICE_OVT_FORMAT"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, issues := ParseOVT(tc.in)
			if string(got) != tc.want || codes(issues) != tc.codes {
				t.Errorf("ParseOVT(%q) = %q, %q; want %q, %q", tc.in, got, codes(issues), tc.want, tc.codes)
			}
		})
	}
	ovt := OVT("003704944842TST01")
	if id, ok := ovt.BusinessID(); id != "0494484-2" || !ok || ovt.Suffix() != "TST01" {
		t.Errorf("inside are %q, %v and %q", id, ok, ovt.Suffix())
	}
	if id, ok := OVT("003712345678").BusinessID(); ok {
		t.Errorf("a wrong check digit gives %q", id)
	}
	if _, ok := OVT("").BusinessID(); ok || OVT("").Suffix() != "" {
		t.Error("the empty OVT code has parts")
	}
}

func TestParseIBAN(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		in, want string
		code     Code
	}{
		{"FI2112345600000785", "FI2112345600000785", ""},
		{"FI1410093000123458", "FI1410093000123458", ""},
		{"FI0799201901261467", "FI0799201901261467", ""},
		{"FI4250001510000023", "FI4250001510000023", ""},
		{"fi21 1234 5600 0007 85", "FI2112345600000785", ""},
		{"FI2112345600000786", "", IBANCheckDigits},
		{"FI8350001510000023", "", IBANCheckDigits},
		{"FI5840551010234569", "", IBANCheckDigits},
		{"FI1840551010234569", "FI1840551010234569", ""},
		{"FI211234560000078", "", IBANFormat},
		{"GB82WEST12345698765432", "GB82WEST12345698765432", ""},
		{"GB83WEST12345698765432", "", IBANCheckDigits},
		{"", "", IBANFormat},
	} {
		got, err := ParseIBAN(tc.in)
		if code := codeOf(t, err); got != tc.want || code != tc.code {
			t.Errorf("ParseIBAN(%q) = %q, %q; want %q, %q", tc.in, got, code, tc.want, tc.code)
		}
	}
}

func TestParseEInvoiceAddress(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, in string
		kind     AddressKind
		want     string
		codes    string
		office   string
	}{
		{"OVT", "003715728600", KindOVT, "003715728600", "", "003715728600"},
		{"OVTWithSpaces", " 0037 1572 8600", KindOVT, "003715728600", norm, "003715728600"},
		{"OVTWithWrongCheckDigit", "003712345678", KindOVT, "003712345678", "EINVOICE_OVT_CHECK_DIGIT", ""},
		{"OVTTooLongIsNotOther", "0037157286000012345", "", "", "!EINVOICE_OVT_FORMAT", ""},
		{"OVTWithoutZerosIsNotOther", "37157286000", "", "", "!EINVOICE_OVT_PREFIX_LOST", ""},
		{"IBAN", "FI2112345600000785", KindIBAN, "FI2112345600000785", "", "FI2112345600000785"},
		{"IBANDamagedIsNotOther", "FI2112345600000786", "", "", "!IBAN_CHECK_DIGITS", ""},
		{"IBANForeign", "GB82 WEST 1234 5698 7654 32", KindIBAN, "GB82WEST12345698765432", norm, "GB82WEST12345698765432"},
		{"NetServiceID", "TE003701011385TEST", KindNetServiceID, "TE003701011385TEST", "", ""},
		{"NetServiceIDInTheShapeOfAnIBAN", "FI0037157286001234", KindNetServiceID, "FI0037157286001234", "", ""},
		{"NetServiceIDWithWrongCheckDigit", "te003712345678", KindNetServiceID, "TE003712345678", norm + " EINVOICE_OVT_CHECK_DIGIT", ""},
		{"Peppol", "0216:003715728600", KindPeppol, "0216:003715728600", "", "003715728600"},
		{"PeppolForeign", "0088:6400000000019", KindPeppol, "0088:6400000000019", "", ""},
		{"PeppolDamaged", "0216:15728600", "", "", "!PEPPOL_IDENTIFIER_FORMAT", ""},
		{"PeppolDigitSwap", "0126:003715728600", "", "", "!PEPPOL_SCHEME_UNKNOWN", ""},
		{"OtherKeepsItsCase", "Edi_4711.a-B", KindOther, "Edi_4711.a-B", "", ""},
		{"OtherWithSpaceAround", " EDI4711 ", KindOther, "EDI4711", norm, ""},
		{"OtherWithSpaceInside", "EDI 4711", "", "", "!EINVOICE_ADDRESS_FORMAT", ""},
		{"OtherTooLong", strings.Repeat("x", 36), "", "", "!EINVOICE_ADDRESS_FORMAT", ""},
		{"OtherWithNordicLetter", "ÄÄNI", "", "", "!EINVOICE_ADDRESS_FORMAT", ""},
		{"Empty", "", "", "", "!EINVOICE_ADDRESS_FORMAT", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, issues := ParseEInvoiceAddress(tc.in)
			if got.Kind != tc.kind || got.Value != tc.want || codes(issues) != tc.codes {
				t.Errorf("ParseEInvoiceAddress(%q) = %v, %q; want %q %q, %q", tc.in, got, codes(issues), tc.kind, tc.want, tc.codes)
			}
			if office, ok := got.OfficeAddress(); office != tc.office || ok != (tc.office != "") {
				t.Errorf("the office address is %q, %v; want %q", office, ok, tc.office)
			}
		})
	}
}

func TestParseEInvoice(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, address, operator string
		owner                   BusinessID
		want                    EInvoice
		codes                   string
	}{
		{"Pair", "003715728600", "003721291126", "1572860-0", EInvoice{EInvoiceAddress{KindOVT, "003715728600"}, "003721291126"}, ""},
		{"Neither", " ", "", "1572860-0", EInvoice{}, ""},
		{"OperatorMissing", "003715728600", "", "1572860-0", EInvoice{}, "!EINVOICE_INCOMPLETE"},
		{"AddressMissing", "", "003721291126", "1572860-0", EInvoice{}, "!EINVOICE_INCOMPLETE"},
		{
			"OtherOrganisation", "003715728600", "BAWCFI22", "0112038-9",
			EInvoice{EInvoiceAddress{KindOVT, "003715728600"}, "BAWCFI22"}, "EINVOICE_OVT_OTHER_ORG",
		},
		{
			"OtherOrganisationInNetServiceID", "TE003701011385TEST", "BAWCFI22", "0112038-9",
			EInvoice{EInvoiceAddress{KindNetServiceID, "TE003701011385TEST"}, "BAWCFI22"}, "EINVOICE_OVT_OTHER_ORG",
		},
		{
			"OwnerUnknown", "003715728600", "BAWCFI22", "",
			EInvoice{EInvoiceAddress{KindOVT, "003715728600"}, "BAWCFI22"}, "",
		},
		{
			"Swapped", "003721291126", "003715728600", "1572860-0",
			EInvoice{EInvoiceAddress{KindOVT, "003721291126"}, "003715728600"},
			"OPERATOR_UNKNOWN EINVOICE_OVT_OTHER_ORG EINVOICE_FIELDS_SWAPPED",
		},
		{
			"SwappedBankCode", "ndeafihh", "OKOYFIHH", "",
			EInvoice{EInvoiceAddress{KindOther, "ndeafihh"}, "OKOYFIHH"}, "EINVOICE_FIELDS_SWAPPED",
		},
		{
			"OperatorAsCustomer", "003721291126", "003721291126", "2129112-6",
			EInvoice{EInvoiceAddress{KindOVT, "003721291126"}, "003721291126"}, "",
		},
		{
			"MaventaThroughTheBankNetwork", "003715728600", "DABAFIHH", "1572860-0",
			EInvoice{EInvoiceAddress{KindOVT, "003715728600"}, "DABAFIHH"}, "",
		},
		{"BadAddress", "no good", "DABAFIHH", "", EInvoice{}, "!EINVOICE_ADDRESS_FORMAT"},
		{"BadOperator", "003715728600", "003721291127", "", EInvoice{}, "!OPERATOR_CHECK_DIGIT"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, issues := ParseEInvoice(tc.address, tc.operator, tc.owner)
			if got != tc.want || codes(issues) != tc.codes {
				t.Errorf("ParseEInvoice = %v, %q; want %v, %q", got, codes(issues), tc.want, tc.codes)
			}
		})
	}
}

func TestParseOperator(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, in, want, codes string }{
		{"Known", "003721291126", "003721291126", ""},
		{"LowerCaseAndSpaces", " bawc fi22 ", "BAWCFI22", norm},
		{"AliasIsKept", "BWEI", "BWEI", ""},
		{"AliasOfPagero", "PAGERO", "PAGERO", ""},
		{"Misspelling", "BAWCF122", "BAWCFI22", "OPERATOR_CORRECTED"},
		{"NameForCode", "Basware", "BAWCFI22", "OPERATOR_CORRECTED"},
		{"TrailingText", "003714377140 Enfo", "003714377140", "OPERATOR_CORRECTED"},
		{"TrailingTextAfterGroups", "0037 1437 7140 Enfo Zender", "003714377140", "OPERATOR_CORRECTED"},
		{"TrailingTextAfterMisspelling", "Basware Oyj", "BAWCFI22", "OPERATOR_CORRECTED"},
		{"NeverCorrectedToMaventa", "DABAFIHH", "DABAFIHH", ""},
		{"Unknown", "NEWOPER1", "NEWOPER1", "OPERATOR_UNKNOWN"},
		{"UnknownOVT", "003715728600", "003715728600", "OPERATOR_UNKNOWN"},
		{"WrongCheckDigit", "003721291127", "", "!OPERATOR_CHECK_DIGIT"},
		{"Punctuation", "BAWCFI22!", "", "!OPERATOR_FORMAT"},
		{"TooLong", strings.Repeat("X", 36), "", "!OPERATOR_FORMAT"},
		{"Empty", "", "", "!OPERATOR_FORMAT"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, issues := ParseOperator(tc.in)
			if string(got) != tc.want || codes(issues) != tc.codes {
				t.Errorf("ParseOperator(%q) = %q, %q; want %q, %q", tc.in, got, codes(issues), tc.want, tc.codes)
			}
		})
	}
}

// TestOperatorTable checks the data file itself.
func TestOperatorTable(t *testing.T) {
	t.Parallel()
	seen := map[Operator]bool{}
	ovts := 0
	for _, row := range Operators() {
		if row.Name == "" {
			t.Errorf("%s has no name", row.Code)
		}
		switch row.Kind {
		case OperatorKindOperator, OperatorKindBank, OperatorKindTest:
		default:
			t.Errorf("%s has the kind %q", row.Code, row.Kind)
		}
		for _, code := range append([]Operator{row.Code}, row.Aliases...) {
			if seen[code] {
				t.Errorf("%s is in the table twice", code)
			}
			seen[code] = true
			if got, issues := ParseOperator(string(code)); got != code || issues != nil {
				t.Errorf("%s parses to %q, %v", code, got, issues)
			}
			if found, ok := LookUpOperator(strings.ToLower(string(code))); !ok || found.Code != row.Code {
				t.Errorf("%s is looked up as %q", code, found.Code)
			}
			if strings.HasPrefix(string(code), "0037") {
				ovts++
				if _, ok := OVT(code).BusinessID(); !ok {
					t.Errorf("%s has a wrong check digit", code)
				}
			}
		}
	}
	if ovts != 13 {
		t.Errorf("%d codes in the form of an OVT code, want 13", ovts)
	}
	for wrong := range operators().misspelt {
		if seen[wrong] {
			t.Errorf("the misspelling %s is a code", wrong)
		}
	}
	if _, ok := LookUpOperator("Basware"); ok {
		t.Error("a misspelling is looked up")
	}
}

func TestParsePeppolID(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, in, want, codes string }{
		{"Finnish", "0216:003715728600", "0216:003715728600", ""},
		{"FinnishWithSuffix", "0216:003704944842TST01", "0216:003704944842TST01", ""},
		{"FullForm", "iso6523-actorid-upis::0216:003715728600", "0216:003715728600", norm},
		{"Spaces", "0216: 0037 15728600", "0216:003715728600", norm},
		{"FinnishWithoutOwnPrefix", "0216:15728600", "", "!PEPPOL_IDENTIFIER_FORMAT"},
		{"FinnishWithWrongCheckDigit", "0216:003712345678", "0216:003712345678", "EINVOICE_OVT_CHECK_DIGIT"},
		{"RemovedOVT", "0037:003715728600", "0216:003715728600", "PEPPOL_SCHEME_MIGRATED"},
		{"RemovedOVTWithSuffix", "0037:0037157286001", "0216:0037157286001", "PEPPOL_SCHEME_MIGRATED"},
		{"RemovedBusinessID", "0212:1572860-0", "0216:003715728600", "PEPPOL_SCHEME_MIGRATED"},
		{"RemovedVATNumber", "0213:FI15728600", "0216:003715728600", "PEPPOL_SCHEME_MIGRATED"},
		{"RemovedNetServiceID", "0215:TE003701011385TEST", "0216:003701011385TEST", "PEPPOL_SCHEME_MIGRATED"},
		{"RemovedWithoutBusinessID", "0212:1572860-1", "", "!PEPPOL_SCHEME_REMOVED"},
		{"RemovedWithWrongCheckDigit", "0037:003712345678", "", "!PEPPOL_SCHEME_REMOVED"},
		{"DigitSwap", "0126:003715728600", "", "!PEPPOL_SCHEME_UNKNOWN"},
		{"GLN", "0088:6400000000019", "0088:6400000000019", ""},
		{"GLNWithWrongCheckDigit", "0088:6400000000010", "", "!PEPPOL_IDENTIFIER_FORMAT"},
		{"DUNS", "0060:123456789", "0060:123456789", ""},
		{"DUNSTooShort", "0060:12345678", "", "!PEPPOL_IDENTIFIER_FORMAT"},
		{"LEI", "0199:9845HUBTEST000000152", "0199:9845HUBTEST000000152", ""},
		{"LEIWithWrongCheckDigits", "0199:9845HUBTEST000000153", "", "!PEPPOL_IDENTIFIER_FORMAT"},
		{"NoScheme", "003715728600", "", "!PEPPOL_FORMAT"},
		{"NoValue", "0216:", "", "!PEPPOL_FORMAT"},
		{"Empty", "", "", "!PEPPOL_FORMAT"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, issues := ParsePeppolID(tc.in)
			if got.String() != tc.want || codes(issues) != tc.codes {
				t.Errorf("ParsePeppolID(%q) = %q, %q; want %q, %q", tc.in, got, codes(issues), tc.want, tc.codes)
			}
		})
	}
}

func FuzzEInvoiceAddress(f *testing.F) {
	for _, s := range []string{
		"003715728600", "0037 1572 8600", "FI2112345600000785", "TE003701011385TEST", "0216:003715728600", "0212:1572860-0",
		"37157286000", "edi-4711", "", "0088:6400000000019", "FI0037157286001234", "\xff",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, issues := ParseEInvoiceAddress(s)
		if refused := issues.Err() != nil; refused != (a == EInvoiceAddress{}) {
			t.Fatalf("ParseEInvoiceAddress(%q) = %v, %v", s, a, issues)
		}
		if issues.Err() != nil {
			return
		}
		if again, more := ParseEInvoiceAddress(a.Value); again != a || more.Err() != nil || more.Has(ValueNormalised) {
			t.Fatalf("canonical %v parses to %v, %v", a, again, more)
		}
		if len(a.Value) > 35 {
			t.Fatalf("%q is longer than an e-invoice address", a.Value)
		}
	})
}
