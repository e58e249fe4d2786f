package customer_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"customerhub/internal/customer"
	"customerhub/internal/fault"
)

func TestNormalise(t *testing.T) {
	t.Parallel()
	billing := func(part string) customer.Field { return customer.AddressField(customer.Billing, part) }
	emails := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf("a%d@example.test", i)
		}
		return customer.JoinList(list)
	}
	cases := []struct {
		name   string
		field  customer.Field
		value  string
		want   string
		reason string
	}{
		{"NumberIsTrimmed", customer.FieldNumber, " 1001\t", "1001", ""},
		{"NumberMayHaveLetters", customer.FieldNumber, "A-17/2", "A-17/2", ""},
		{"NumberMayBeCleared", customer.FieldNumber, "", "", ""},
		{"R123_R124_TempIsReserved", customer.FieldNumber, "TEMP", "", customer.ReasonNumberReserved},
		{"R124_TempIsReservedInAnyCase", customer.FieldNumber, " Temp ", "", customer.ReasonNumberReserved},
		{"NumberOf50", customer.FieldNumber, strings.Repeat("ä", 50), strings.Repeat("ä", 50), ""},
		{"NumberOf51", customer.FieldNumber, strings.Repeat("ä", 51), "", customer.ReasonTooLong},
		{"Kind", customer.FieldKind, "PRIVATE", "PRIVATE", ""},
		{"KindIsClosed", customer.FieldKind, "private", "", string(fault.Invalid)},
		{"KindCannotBeCleared", customer.FieldKind, " ", "", customer.ReasonRequired},
		{"StatusHasItsOwnCommands", customer.FieldStatus, "INACTIVE", "", customer.ReasonUnknownField},
		{"StatusCannotBeCleared", customer.FieldStatus, "", "", customer.ReasonUnknownField},
		{"Name", customer.FieldName, " Järvisen\u00a0Rakennus Oy\u00a0", "Järvisen\u00a0Rakennus Oy", ""},
		{"NameCannotBeCleared", customer.FieldName, " \u00a0 ", "", customer.ReasonRequired},
		{"NameOf250", customer.FieldName, strings.Repeat("ö", 250), strings.Repeat("ö", 250), ""},
		{"T14_NameOf300", customer.FieldName, strings.Repeat("ö", 300), "", customer.ReasonTooLong},
		{"T12_NameWithNUL", customer.FieldName, "A\x00B", "", customer.ReasonCharacters},
		{"T12_NameInLatin1", customer.FieldName, "J\xe4rvi", "", customer.ReasonCharacters},
		{"NameWithEscape", customer.FieldName, "A\x1b[31m", "", customer.ReasonCharacters},
		{"R192_NameWithIdentityCode", customer.FieldName, "Aino 010190-900P", "", "PERSONAL_IDENTITY_CODE_NOT_ALLOWED"},
		{"NameExtension", customer.FieldNameExtension, "Lahti", "Lahti", ""},
		{"FirstNameOf101", customer.FieldFirstName, strings.Repeat("a", 101), "", customer.ReasonTooLong},
		{"LastName", customer.FieldLastName, " Öhman", "Öhman", ""},
		{"BusinessIDWithoutHyphen", customer.FieldBusinessID, "15728600", "1572860-0", ""},
		{"BusinessIDWithWrongCheckDigit", customer.FieldBusinessID, "1572860-1", "", "BUSINESS_ID_CHECK_DIGIT"},
		{"BusinessIDOfAnotherForm", customer.FieldBusinessID, "556036-0793", "", "BUSINESS_ID_FORMAT"},
		{"R192_IdentityCodeAsBusinessID", customer.FieldBusinessID, "010190-900P", "", "PERSONAL_IDENTITY_CODE_NOT_ALLOWED"},
		{"BusinessIDCleared", customer.FieldBusinessID, "", "", ""},
		{"VATNumber", customer.FieldVATNumber, "fi 1572860-0", "FI15728600", ""},
		{"VATNumberOfNoCountry", customer.FieldVATNumber, "15728600", "", customer.ReasonVATNumber},
		{"BuyerUnitNumber", customer.FieldBuyerUnitNumber, "0037 1572 8600", "003715728600", ""},
		{"BuyerUnitWithAWrongCheckDigit", customer.FieldBuyerUnitNumber, "003712345678", "", "EINVOICE_OVT_CHECK_DIGIT"},
		{"BuyerUnitWithLetters", customer.FieldBuyerUnitNumber, "003715728600P", "", "EINVOICE_OVT_FORMAT"},
		{"BuyerUnitNumberThatIsNone", customer.FieldBuyerUnitNumber, "12345", "", "EINVOICE_OVT_FORMAT"},
		{"Email", customer.FieldEmail, "Info@Example.TEST", "Info@example.test", ""},
		{"EmailWithoutDomain", customer.FieldEmail, "info", "", customer.ReasonEmail},
		{"PhoneIsKeptAsTyped", customer.FieldPhone, "040-123 4567 (vaihde)", "040-123 4567 (vaihde)", ""},
		{"PhoneOf81", customer.FieldPhone, strings.Repeat("1", 81), "", customer.ReasonTooLong},
		{"Language", customer.FieldLanguage, "SV", "sv", ""},
		{"LanguageUnknown", customer.FieldLanguage, "de", "", customer.ReasonLanguage},
		{"BillingEmails", customer.FieldBillingEmails, "A@Example.TEST;b@example.test", "A@example.test;b@example.test", ""},
		{"BillingEmailsWithOneWrong", customer.FieldBillingEmails, "a@example.test;b", "", customer.ReasonEmail},
		{"BillingEmailsWithAHole", customer.FieldBillingEmails, "a@example.test;;b@example.test", "", customer.ReasonEmail},
		{"TwentyBillingEmails", customer.FieldBillingEmails, emails(20), emails(20), ""},
		{"TwentyOneBillingEmails", customer.FieldBillingEmails, emails(21), "", customer.ReasonTooLong},
		{"BillingEmailsCleared", customer.FieldBillingEmails, "", "", ""},
		{"R86_ConsumerEInvoiceIsTheBanks", customer.FieldConsumerEInvoice, "true", "", customer.ReasonUnknownField},
		{"ConsumerEInvoiceCannotBeCleared", customer.FieldConsumerEInvoice, "", "", customer.ReasonUnknownField},
		{"EInvoiceAddress", customer.FieldEInvoiceAddress, "0037 15728600", "003715728600", ""},
		{"EInvoiceAddressDamaged", customer.FieldEInvoiceAddress, "FI2112345600000786", "", customer.ReasonEInvoiceInvalid},
		{"EInvoiceOperator", customer.FieldEInvoiceOperator, "003721291126", "003721291126", ""},
		{"EInvoiceOperatorThatIsNone", customer.FieldEInvoiceOperator, "?/!", "", customer.ReasonEInvoiceInvalid},
		{"AddressLine", billing("line1"), " Hämeenkatu 1 ", "Hämeenkatu 1", ""},
		{"AddressLineOf81", billing("line1"), strings.Repeat("a", 81), "", customer.ReasonTooLong},
		{"AddressPartCleared", billing("city"), "", "", ""},
		{"AddressPartUnknown", billing("planet"), "Maa", "", customer.ReasonUnknownField},
		{"AddressPartUnknownCleared", billing("planet"), "", "", customer.ReasonUnknownField},
		{"Country", billing("country"), "se", "SE", ""},
		{"CountryUnknown", billing("country"), "XX", "", customer.ReasonCountry},
		{"PostcodeWithoutCountryIsFinnish", billing("postcode"), "00 100", "00100", ""},
		{"PostcodeTooShort", billing("postcode"), "100", "", customer.ReasonPostcode},
		{"FieldUnknown", "nothing", "x", "", customer.ReasonUnknownField},
		{"PartsHaveTheirOwnCommands", "office[17].name", "x", "", customer.ReasonUnknownField},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, faults := customer.Normalise(customer.Fields{tc.field: tc.value}, &customer.Customer{})
			if tc.reason == "" {
				if value, given := got[tc.field]; len(faults) > 0 || !given || value != tc.want {
					t.Errorf("got %q (%v), %v, want %q", value, given, faults, tc.want)
				}
				return
			}
			if len(faults) != 1 || faults[0].Code != fault.Invalid || faults[0].ReasonOrCode() != tc.reason || len(got) != 0 {
				t.Fatalf("got %v, %+v, want %s", got, faults, tc.reason)
			}
			if diff := cmp.Diff(tc.field.Path(), faults[0].Path); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(faults[0].Message, "900P") {
				t.Error("the message repeats an identity code")
			}
		})
	}
	t.Run("PostcodeIsJudgedByTheCountryItWillHave", func(t *testing.T) {
		swedish := customer.Customer{Addresses: []customer.Address{{Kind: customer.Billing, City: "Luleå", Country: "SE"}}}
		if got, faults := customer.Normalise(customer.Fields{billing("postcode"): "972 31"}, &swedish); len(faults) > 0 || got[billing("postcode")] != "972 31" {
			t.Errorf("by the stored country: %v, %v", got, faults)
		}
		patch := customer.Fields{billing("postcode"): "9723", billing("country"): "fi"}
		if _, faults := customer.Normalise(patch, &swedish); len(faults) != 1 || faults[0].Reason != customer.ReasonPostcode {
			t.Errorf("by the country of the patch: %v", faults)
		}
	})
	t.Run("AWrongCountryIsOneFault", func(t *testing.T) {
		_, faults := customer.Normalise(customer.Fields{billing("postcode"): "1", billing("country"): "XX"}, &customer.Customer{})
		if len(faults) != 1 || faults[0].Reason != customer.ReasonCountry {
			t.Errorf("got %v", faults)
		}
	})
	t.Run("TwiceIsOnce", func(t *testing.T) {
		fields := []customer.Field{
			customer.FieldNumber, customer.FieldName, customer.FieldBusinessID, customer.FieldVATNumber, customer.FieldEmail,
			customer.FieldLanguage, customer.FieldEInvoiceAddress, billing("postcode"), billing("country"), customer.FieldPhone,
		}
		samples := []string{"", " 1 ", "15728600", "FI15728600", "sv", "A@B.test", "003715728600", "00100", "se", "A-1", "\t", "TEMP"}
		rapid.Check(t, func(t *rapid.T) {
			patch := customer.Fields{}
			for _, f := range rapid.SliceOfDistinct(rapid.SampledFrom(fields), rapid.ID[customer.Field]).Draw(t, "fields") {
				patch[f] = rapid.OneOf(rapid.SampledFrom(samples), rapid.String()).Draw(t, "value")
			}
			once, faults := customer.Normalise(patch, &customer.Customer{})
			if len(once)+len(faults) != len(patch) {
				t.Fatalf("%d values and %d faults of %d fields", len(once), len(faults), len(patch))
			}
			again, faults := customer.Normalise(once, &customer.Customer{})
			// A postcode may be judged by a country that was refused the first time and is missing now.
			delete(once, billing("postcode"))
			delete(again, billing("postcode"))
			if diff := cmp.Diff(once, again); diff != "" {
				t.Fatalf("%s %v", diff, faults)
			}
		})
	})
}

func TestCheckWhole(t *testing.T) {
	t.Parallel()
	pair := customer.EInvoice{Address: "003715728600", Operator: "003721291126"}
	touch := func(fields ...customer.Field) customer.Fields {
		out := customer.Fields{}
		for _, f := range fields {
			out[f] = ""
		}
		return out
	}
	for _, tc := range []struct {
		name    string
		c       customer.Customer
		touched customer.Fields
		want    string
	}{
		{"Fine", customer.Customer{Name: "A", BusinessID: "1572860-0", EInvoice: pair}, touch(customer.FieldName, customer.FieldEInvoiceAddress), ""},
		{"NoName", customer.Customer{}, touch(customer.FieldName), customer.ReasonRequired},
		{"NoNameOfOld", customer.Customer{}, touch(customer.FieldEmail), ""},
		{"AddressWithoutOperator", customer.Customer{Name: "A", BusinessID: "1572860-0", EInvoice: customer.EInvoice{Address: "x"}}, touch(customer.FieldEInvoiceAddress), customer.ReasonEInvoiceIncomplete},
		{"OperatorWithoutAddress", customer.Customer{Name: "A", BusinessID: "1572860-0", EInvoice: customer.EInvoice{Operator: "x"}}, touch(customer.FieldEInvoiceOperator), customer.ReasonEInvoiceIncomplete},
		{"HalfAPairOfOld", customer.Customer{Name: "A", EInvoice: customer.EInvoice{Address: "x"}}, touch(customer.FieldEmail), ""},
		{"R83_PairWithoutBusinessID", customer.Customer{Name: "A", EInvoice: pair}, touch(customer.FieldEInvoiceAddress), customer.ReasonEInvoiceNeedsID},
		{"R83_BusinessIDClearedUnderAPair", customer.Customer{Name: "A", EInvoice: pair}, touch(customer.FieldBusinessID), customer.ReasonEInvoiceNeedsID},
		{"R83_PairWithABusinessIDThatCannotBeRight", customer.Customer{Name: "A", BusinessID: "1234567-8", EInvoice: pair}, touch(customer.FieldEInvoiceAddress), customer.ReasonEInvoiceNeedsID},
		{"R83_OfOld", customer.Customer{Name: "A", EInvoice: pair}, touch(customer.FieldName), ""},
		{"R86_BusinessIDForConsumerEInvoice", customer.Customer{Name: "A", BusinessID: "1572860-0", ConsumerEInvoice: true}, touch(customer.FieldBusinessID), customer.ReasonConsumerEInvoiceOnly},
		{"R86_OfOld", customer.Customer{Name: "A", BusinessID: "1572860-0", ConsumerEInvoice: true}, touch(customer.FieldEmail), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			faults := tc.c.CheckWhole(tc.touched)
			switch {
			case tc.want == "" && len(faults) > 0:
				t.Errorf("got %v", faults)
			case tc.want != "" && (len(faults) != 1 || faults[0].Reason != tc.want || len(faults[0].Path) == 0):
				t.Errorf("got %+v, want %s", faults, tc.want)
			}
		})
	}
}
