package record_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"customerhub/internal/connector/record"
	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/finnish"
)

const hetu, mask = "010190-900P", "******-****"

func builder() *record.Builder {
	return &record.Builder{System: "Some system", Fields: customer.Fields{}, Extra: map[string]string{}}
}

// noted are the findings of a builder, and the field of each.
func noted(t *testing.T, b *record.Builder) (out []string) {
	t.Helper()
	for _, f := range b.Findings {
		if f.Message == "" || finnish.ContainsIdentityCode(f.Message) {
			t.Errorf("%+v", f)
		}
		out = append(out, fmt.Sprint(f.Code, " ", f.Field))
	}
	return out
}

// TestBuilder takes values and shows what becomes of them and what is noted.
func TestBuilder(t *testing.T) {
	t.Parallel()
	billing := func(part string) customer.Field { return customer.AddressField(customer.Billing, part) }
	type want struct {
		fields customer.Fields
		noted  []string
		extra  map[string]string
	}
	address := func(a customer.Address, there bool) func(*testing.T, *record.Builder) {
		return func(t *testing.T, b *record.Builder) {
			t.Helper()
			if b.Address(billing, a) != there {
				t.Errorf("there %v", !there)
			}
		}
	}
	einvoice := func(address, operator string) func(*testing.T, *record.Builder) {
		return func(_ *testing.T, b *record.Builder) {
			b.EInvoice(customer.FieldEInvoiceAddress, customer.FieldEInvoiceOperator, address, operator)
		}
	}
	for name, tc := range map[string]struct {
		do   func(*testing.T, *record.Builder)
		want want
	}{
		"ATextIsOneLine": {func(_ *testing.T, b *record.Builder) { b.Set("name", " Esimerkki\r\nOy\t1\u200b\ufeff\x00 ") },
			want{customer.Fields{"name": "Esimerkki Oy 1"}, nil, nil}},
		"AnEmptyTextIsNone": {func(_ *testing.T, b *record.Builder) { b.Set("name", " \n\u200b") }, want{}},
		"Promise11_ACodeIsHidden": {func(_ *testing.T, b *record.Builder) { b.Set("name", "Malli "+hetu) },
			want{customer.Fields{"name": "Malli " + mask}, []string{"HETU_MASKED name"}, nil}},
		"Promise11_ACodeIsSeenThroughTheInvisible": {func(_ *testing.T, b *record.Builder) { b.Set("name", "010190\u200b-900P") },
			want{customer.Fields{"name": mask}, []string{"HETU_MASKED name"}, nil}},
		"ABusinessID":             {func(_ *testing.T, b *record.Builder) { b.BusinessID(" 15728600 ") }, want{customer.Fields{"businessId": "1572860-0"}, nil, nil}},
		"ABusinessIDOfVAT":        {func(_ *testing.T, b *record.Builder) { b.BusinessID("FI15728600") }, want{customer.Fields{"businessId": "1572860-0"}, nil, nil}},
		"NoBusinessID":            {func(_ *testing.T, b *record.Builder) { b.BusinessID(" \t") }, want{}},
		"ABusinessIDThatIsNone":   {func(_ *testing.T, b *record.Builder) { b.BusinessID("1572860-5") }, want{customer.Fields{"businessId": "1572860-5"}, []string{"BUSINESS_ID_INVALID businessId"}, nil}},
		"Promise11_ACodeAsID":     {func(_ *testing.T, b *record.Builder) { b.BusinessID(hetu) }, want{nil, []string{"IDENTITY_CODE_DROPPED businessId"}, nil}},
		"Promise11_AMistypedCode": {func(_ *testing.T, b *record.Builder) { b.BusinessID("010190-900A") }, want{nil, []string{"IDENTITY_CODE_DROPPED businessId"}, nil}},
		"Promise11_ACodeInPieces": {func(_ *testing.T, b *record.Builder) { b.BusinessID("010190 - 900P") }, want{nil, []string{"IDENTITY_CODE_DROPPED businessId"}, nil}},
		"Promise11_ACodeUnsigned": {func(_ *testing.T, b *record.Builder) { b.BusinessID("010190900P") }, want{nil, []string{"IDENTITY_CODE_DROPPED businessId"}, nil}},
		"AnEInvoicePair": {einvoice("0037 1572 8600", "003721291126"),
			want{customer.Fields{"einvoice.address": "003715728600", "einvoice.operator": "003721291126"}, nil, nil}},
		"AnEInvoiceAddressAlone":  {einvoice("003715728600", ""), want{customer.Fields{"einvoice.address": "003715728600"}, []string{"EINVOICE_INCOMPLETE einvoice.address"}, nil}},
		"AnEInvoiceOperatorAlone": {einvoice("", "003721291126"), want{customer.Fields{"einvoice.operator": "003721291126"}, []string{"EINVOICE_INCOMPLETE einvoice.address"}, nil}},
		"NoEInvoice":              {einvoice(" ", ""), want{}},
		"AnEInvoiceAddressThatIsNone": {einvoice("ei ole", "003721291126"),
			want{customer.Fields{"einvoice.address": "ei ole", "einvoice.operator": "003721291126"}, []string{"EINVOICE_INVALID einvoice.address"}, nil}},
		"AnOperatorNobodyKnows": {einvoice("003715728600", "UNKNOWNX"),
			want{customer.Fields{"einvoice.address": "003715728600", "einvoice.operator": "UNKNOWNX"}, []string{"OPERATOR_UNKNOWN einvoice.operator"}, nil}},
		"AnEInvoiceAddressOfAnother": {func(t *testing.T, b *record.Builder) {
			t.Helper()
			b.BusinessID("0112038-9")
			einvoice("003715728600", "003721291126")(t, b)
		},
			want{customer.Fields{"businessId": "0112038-9", "einvoice.address": "003715728600", "einvoice.operator": "003721291126"},
				[]string{"EINVOICE_OTHER_ORGANISATION einvoice.address"}, nil}},
		"Promise11_ACodeAsOperator": {einvoice("003715728600", "0 1 0 1 9 0 - 9 0 0 P"), want{nil, nil, nil}},
		"APhone":                    {func(_ *testing.T, b *record.Builder) { b.Phone("phone", "", " 040 123 4567 ") }, want{customer.Fields{"phone": "040 123 4567"}, nil, nil}},
		"APhoneThatIsNone": {func(_ *testing.T, b *record.Builder) { b.Phone("phone", "", "soita") },
			want{customer.Fields{"phone": "soita"}, []string{"PHONE_NOT_UNDERSTOOD phone"}, nil}},
		"APhoneAbroad": {func(_ *testing.T, b *record.Builder) { b.Phone("phone", "SE", "08-123 456 78") }, want{customer.Fields{"phone": "08-123 456 78"}, nil, nil}},
		"Promise11_APhoneThatIsACode": {func(_ *testing.T, b *record.Builder) { b.Phone("phone", "", hetu) },
			want{customer.Fields{"phone": mask}, []string{"HETU_MASKED phone"}, nil}},
		"AnAddress": {address(customer.Address{Name: "A", Line1: " PL 1 ", Line2: "B", Postcode: "FI-00100", City: "Helsinki", Country: "fi"}, true),
			want{customer.Fields{"billingAddress.name": "A", "billingAddress.line1": "PL 1", "billingAddress.line2": "B", "billingAddress.postcode": "00100",
				"billingAddress.city": "Helsinki", "billingAddress.country": "FI"}, nil, nil}},
		"AnAddressWithoutACountry": {address(customer.Address{City: "Helsinki", Postcode: "00100"}, true),
			want{customer.Fields{"billingAddress.city": "Helsinki", "billingAddress.postcode": "00100"}, nil, nil}},
		"ACountryAlone": {address(customer.Address{Country: "FI"}, false), want{nil, nil, map[string]string{"billingAddress.country": "FI"}}},
		"NoAddress":     {address(customer.Address{Line1: " "}, false), want{}},
		"ACountryUnknown": {address(customer.Address{City: "Muualla", Postcode: "x", Country: "XX"}, true),
			want{customer.Fields{"billingAddress.city": "Muualla", "billingAddress.postcode": "x"}, []string{"COUNTRY_UNKNOWN billingAddress.country"},
				map[string]string{"billingAddress.country": "XX"}}},
		"APostcodeThatIsNone": {address(customer.Address{City: "Helsinki", Postcode: "001", Country: "FI"}, true),
			want{customer.Fields{"billingAddress.city": "Helsinki", "billingAddress.postcode": "001", "billingAddress.country": "FI"},
				[]string{"POSTCODE_INVALID billingAddress.postcode"}, nil}},
		"Promise11_AnAddressWithACode": {address(customer.Address{Line1: hetu, Country: hetu}, true),
			want{customer.Fields{"billingAddress.line1": mask}, []string{"COUNTRY_UNKNOWN billingAddress.country", "HETU_MASKED ", "HETU_MASKED billingAddress.line1"},
				map[string]string{"billingAddress.country": mask}}},
		"SomethingToKeep":       {func(_ *testing.T, b *record.Builder) { b.Keep("remark", " one\r\ntwo\x00 "); b.Keep("nothing", " ") }, want{nil, nil, map[string]string{"remark": "one\ntwo"}}},
		"Promise11_ACodeIsKept": {func(_ *testing.T, b *record.Builder) { b.Keep("remark", "a "+hetu) }, want{nil, []string{"HETU_MASKED "}, map[string]string{"remark": "a " + mask}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := builder()
			tc.do(t, b)
			if text := fmt.Sprintf("%+v", b); finnish.ContainsIdentityCode(text) {
				t.Errorf("Promise 11: %s", text)
			}
			if name == "Promise11_ACodeAsOperator" { // of which nothing is left but that it cannot be right
				return
			}
			if !maps.Equal(b.Fields, tc.want.fields) {
				t.Errorf("fields %v, want %v", b.Fields, tc.want.fields)
			}
			if got := noted(t, b); !slices.Equal(got, tc.want.noted) {
				t.Errorf("noted %q, want %q", got, tc.want.noted)
			}
			if !maps.Equal(b.Extra, tc.want.extra) {
				t.Errorf("extra %v, want %v", b.Extra, tc.want.extra)
			}
		})
	}
}

func TestLists(t *testing.T) {
	t.Parallel()
	b := builder()
	for in, want := range map[string]string{
		"":                                "",
		" ; , ":                           "",
		"a@EXAMPLE.test":                  "a@example.test",
		"a@example.test, b@example.test;": "a@example.test;b@example.test",
		"a@example.test;a@Example.test":   "a@example.test",
		"ei ole;a@example.test":           "ei ole;a@example.test",
		mask + "@example.test":            mask + "@example.test",
	} {
		if got := b.Emails("billingEmails", in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := noted(t, b); !slices.Equal(got, []string{"EMAIL_INVALID billingEmails"}) {
		t.Errorf("%q", got)
	}
	b = builder()
	for in, want := range map[string]string{
		"":                           "",
		";; ":                        "",
		"040 123 4567; 050 765 4321": "040 123 4567;050 765 4321",
		"040 123 4567;040 123 4567":  "040 123 4567",
		"040 123 4567, 050 765 4321": "040 123 4567, 050 765 4321",
		mask:                         mask,
	} {
		if got := b.Phones("phones", in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := noted(t, b); !slices.Equal(got, []string{"PHONE_NOT_UNDERSTOOD phones"}) { // of two in one place
		t.Errorf("%q", got)
	}
}

// TestNote keeps one finding for each code and field.
func TestNote(t *testing.T) {
	t.Parallel()
	b := builder()
	b.Note(finding.EmailInvalid, "email", "One %d.", 1)
	b.Note(finding.EmailInvalid, "email", "One 1.")
	b.Note(finding.EmailInvalid, "email", "Two.")
	b.Note(finding.EmailInvalid, "billingEmails", "One 1.")
	b.Note(finding.PhoneNotUnderstood, "email", "One 1.")
	if got := noted(t, b); !slices.Equal(got, []string{"EMAIL_INVALID email", "EMAIL_INVALID billingEmails", "PHONE_NOT_UNDERSTOOD email"}) || b.Findings[0].Message != "One 1. Two." {
		t.Errorf("%+v", b.Findings)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][2]string{
		"": {"", ""}, "Aino": {"", "Aino"}, "Aino Malli": {"Aino", "Malli"}, "Anna Liisa Mallinen": {"Anna Liisa", "Mallinen"}, "Aino  Malli": {"Aino", "Malli"},
	} {
		if first, last := record.Names(in); first != want[0] || last != want[1] {
			t.Errorf("%q: %q, %q", in, first, last)
		}
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][2]string{
		"2001": {"2001", ""}, "": {"", ""}, "007": {"007", ""}, "TEMP": {"TEMP", record.Temp}, "temp": {"temp", record.Temp}, "TEMP1": {"TEMP1", ""},
		hetu: {"", record.IdentityCodeAsNumber}, "F " + hetu: {"", record.IdentityCodeAsNumber},
	} {
		if number, excluded := record.Number(in); number != want[0] || excluded != want[1] {
			t.Errorf("%q: %q, %q", in, number, excluded)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][2]string{
		"a\r\nb":               {"a b", "a\nb"},
		"a\nb\tc":              {"a b c", "a\nb\tc"},
		" \ufeffa\u200b\x07 ":  {"a", "a"},
		"a\rb":                 {"a b", "ab"},
		"\n a \n":              {"a", "a"},
		"äö\u00a0å":            {"äö\u00a0å", "äö\u00a0å"},
		strings.Repeat(" ", 9): {"", ""},
	} {
		if got := record.OneLine(in); got != want[0] {
			t.Errorf("%q on one line: %q", in, got)
		}
		if got := record.Lines(in); got != want[1] {
			t.Errorf("%q on several: %q", in, got)
		}
	}
	for in, want := range map[string]string{"": "", "äöå": "äöå", "äöåx": "äö…"} {
		if got := record.Clip(in, 3); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}
