package netvisor

import (
	"strings"
	"testing"

	"customerhub/internal/connector"
	"customerhub/internal/connector/netvisor/api"
	"customerhub/internal/customer"
	"customerhub/internal/finding"
)

// TestOddValues holds that a card with one odd value comes in with exactly one finding, about that value, which is kept as it was
// typed unless the contract has a right form of it; and that a card without any has none.
func TestOddValues(t *testing.T) {
	t.Parallel()
	const (
		office = "<CustomerOfficeDetails><OfficeNetvisorKey>5</OfficeNetvisorKey><OfficeName>Turku</OfficeName><OfficePhoneNumber>02 123 4567</OfficePhoneNumber>" +
			"<OfficeIdentifier/><OfficeContactAddress/><OfficeVisitAddress><StreetAddress>Katu 1</StreetAddress><PostNumber>20100</PostNumber><City>Turku</City>" +
			"<Country>FI</Country></OfficeVisitAddress><OfficeFinvoiceDetails><FinvoiceAddress>0037157286001</FinvoiceAddress>" +
			"<FinvoiceRouterCode>003721291126</FinvoiceRouterCode></OfficeFinvoiceDetails></CustomerOfficeDetails>"
		contact = "<CustomerContactPersons><CustomerContactPerson><ContactPersonID>7</ContactPersonID><ContactPersonFirstName>Aino</ContactPersonFirstName>" +
			"<ContactPersonLastName>Malli</ContactPersonLastName><ContactPersonPhoneNumber>040 123 4567</ContactPersonPhoneNumber>" +
			"<ContactPersonEmail>aino@example.test</ContactPersonEmail><ContactPersonOfficeNetvisorKey/></CustomerContactPerson></CustomerContactPersons>"
	)
	whole := strings.NewReplacer(
		"<ExternalIdentifier/>", "<ExternalIdentifier>1572860-0</ExternalIdentifier><OrganizationUnitNumber>003715728600</OrganizationUnitNumber>",
		"<StreetAddress/>", "<StreetAddress>Laskukatu 2</StreetAddress>", "<City/>", "<City>Lahti</City>",
		"<PostNumber/>", "<PostNumber>15100</PostNumber><Country>FI</Country>", "<PhoneNumber/>", "<PhoneNumber>09 123 4567</PhoneNumber>",
		"<Email/>", "<Email>info@example.test</Email>", "<EmailInvoicingAddress/>", "<EmailInvoicingAddress>laskut@example.test;talous@example.test</EmailInvoicingAddress>",
		"<FinvoiceAddress/>", "<FinvoiceAddress>003715728600</FinvoiceAddress>", "<FinvoiceRouterCode/>", "<FinvoiceRouterCode>003723327487</FinvoiceRouterCode>",
		"<CustomerAdditionalInformation/>", contact+office+"<CustomerAdditionalInformation><InvoicingLanguage>FI</InvoicingLanguage></CustomerAdditionalInformation>",
	).Replace(card("1", "Esimerkki Oy"))
	read := func(t *testing.T, text string) (got connector.Record) {
		t.Helper()
		if _, err := api.ReadCustomers(strings.NewReader(reply(text)), func(c api.Customer) error {
			got = toRecord("1", c, nil)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return got
	}
	t.Run("AnOrdinaryCardHasNoFinding", func(t *testing.T) {
		t.Parallel()
		if got := read(t, whole); len(got.Findings) != 0 {
			t.Errorf("got %+v", got.Findings)
		}
	})
	for _, tc := range []struct {
		name, old, odd string
		code           finding.Code
		field          customer.Field
		kept           string // the value as it comes in
	}{
		{"BusinessID", ">1572860-0<", ">1572860-5<", finding.BusinessIDInvalid, customer.FieldBusinessID, "1572860-5"},
		{"Postcode", ">15100<", ">1510O<", finding.PostcodeInvalid, "billingAddress.postcode", "1510O"},
		{"PostcodeOfAnOffice", ">20100<", ">2010<", finding.PostcodeInvalid, "office[5].address.postcode", "2010"},
		{"Country", "</PostNumber><Country>FI<", "</PostNumber><Country>UK<", finding.CountryUnknown, "billingAddress.country", ""},
		{"Email", ">info@example.test<", ">info(at)example.test<", finding.EmailInvalid, customer.FieldEmail, "info(at)example.test"},
		{"OneOfTheBillingEmails", ";talous@example.test<", ";talous<", finding.EmailInvalid, customer.FieldBillingEmails, "laskut@example.test;talous"},
		{"EmailOfAContact", ">aino@example.test<", ">aino@<", finding.EmailInvalid, "contact[7].emails", "aino@"},
		{"Phone", ">09 123 4567<", ">116117 / soita<", finding.PhoneNotUnderstood, customer.FieldPhone, "116117 / soita"},
		{"SeveralPhones", ">09 123 4567<", ">040 1234567 / 09 123456<", finding.PhoneNotUnderstood, customer.FieldPhone, "040 1234567 / 09 123456"},
		{"PhoneOfAnOffice", ">02 123 4567<", ">vaihde<", finding.PhoneNotUnderstood, "office[5].phone", "vaihde"},
		{"PhoneOfAContact", ">040 123 4567<", ">123<", finding.PhoneNotUnderstood, "contact[7].phones", "123"},
		{"Language", ">FI</InvoicingLanguage>", ">DE</InvoicingLanguage>", finding.LanguageUnknown, customer.FieldLanguage, "fi"},
		{"BuyerUnit", "<OrganizationUnitNumber>003715728600<", "<OrganizationUnitNumber>42<", finding.EInvoiceInvalid, customer.FieldBuyerUnitNumber, "42"},
		{"CheckDigitOfABuyerUnit", "<OrganizationUnitNumber>003715728600<", "<OrganizationUnitNumber>003712345678<", finding.EInvoiceInvalid, customer.FieldBuyerUnitNumber, "003712345678"},
		{"UnknownOperator", ">003723327487<", ">NOBODY<", finding.OperatorUnknown, customer.FieldEInvoiceOperator, "NOBODY"},
		{"MisspeltOperator", ">003723327487<", ">BAWCF122<", finding.ValueCorrected, customer.FieldEInvoiceOperator, "BAWCFI22"},
		{"OperatorThatIsNone", ">003723327487<", ">?/!<", finding.EInvoiceInvalid, customer.FieldEInvoiceOperator, "?/!"},
		{"NoOperator", ">003723327487<", "><", finding.EInvoiceIncomplete, customer.FieldEInvoiceAddress, "003715728600"},
		{"AddressOfAnotherOrganisation", "<FinvoiceAddress>003715728600<", "<FinvoiceAddress>003702012566<", finding.EInvoiceOtherOrg, customer.FieldEInvoiceAddress, "003702012566"},
		{"RemovedPeppolScheme", "<FinvoiceAddress>003715728600<", "<FinvoiceAddress>0037:003715728600<", finding.ValueCorrected, customer.FieldEInvoiceAddress, "0216:003715728600"},
		{"DamagedIBAN", "<FinvoiceAddress>003715728600<", "<FinvoiceAddress>FI2112345600000786<", finding.EInvoiceInvalid, customer.FieldEInvoiceAddress, "FI2112345600000786"},
		{"OperatorOfAnOffice", ">003721291126<", ">NOBODY<", finding.OperatorUnknown, "office[5].einvoice.operator", "NOBODY"},
		{"HalfAName", ">Aino<", "><", finding.ContactNameMissing, "contact[7].lastName", "Malli"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if strings.Count(whole, tc.old) != 1 {
				t.Fatalf("%q stands %d times on the card", tc.old, strings.Count(whole, tc.old))
			}
			got := read(t, strings.Replace(whole, tc.old, tc.odd, 1))
			if len(got.Findings) != 1 || got.Findings[0].Code != tc.code || got.Findings[0].Field != tc.field || got.Findings[0].Message == "" {
				t.Errorf("findings %+v", got.Findings)
			}
			if v := got.Fields[tc.field]; v != tc.kept {
				t.Errorf("the value came in as %q", v)
			}
		})
	}
}
