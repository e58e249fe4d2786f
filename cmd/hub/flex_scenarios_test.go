package main_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"customerhub/internal/sandbox/netvisor"

	flexsandbox "customerhub/internal/sandbox/flex"
)

// The customer types of the simulated Flex: two with number series of their own, and two for customers from Netvisor.
const (
	flexCompany, flexPrivate         = "ct_3", "ct_4"
	flexPrivateFromNv, flexCompanyNv = "ct_10", "ct_11"

	flexOVT, flexOperator, consumerAccount = "003715728600", "003721291126", "FI2112345600000785"
)

// TestFlexScenarios walks through the acceptance scenarios of the Flex contract (section 8) with the program itself: two hubs serve one organisation,
// whose Flex tells them by itself what people change there. Scenarios 7, 9 and 12 need
// an organisation of their own: TestFlexSlots and TestFlexFirstRun.
func TestFlexScenarios(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	e.open("127.0.0.1:0")
	var f *firm
	f = e.firm(t, "Esimerkki Oy", netvisor.Options{}, flexsandbox.Options{InvoiceSent: func(_ string, c flexsandbox.Customer) { f.invoiced(c) }}, nil, nil)
	f.running("both")

	einvoice := &flexsandbox.EInvoice{Address: flexOVT, Operator: flexOperator}
	private := flexsandbox.Customer{
		Name: "Malli Aino", FirstName: "Aino", LastName: "Malli", CustomerTypeID: flexPrivate,
		Billing: flexsandbox.Billing{EInvoice: &flexsandbox.EInvoice{Address: consumerAccount, Operator: flexOperator}},
	}
	company := func(name string) flexsandbox.Customer {
		return flexsandbox.Customer{Name: name, CustomerTypeID: flexCompany, Phone: "040 123 4567"}
	}
	visited, retyped := company("Vierailu Oy"), company("Tyyppi Oy")
	visited.Visiting = &flexsandbox.VisitingAddress{Line1: "Katu 1", Postcode: "00100", City: "Helsinki", Country: "FI"}
	full, without, doubled := company("Esimerkki Oy"), company("Tunnukseton Oy"), company("Flexin Oy")
	full.BusinessID, doubled.BusinessID, retyped.BusinessID = "1572860-0", "0201256-6", "2345672-1"
	full.Billing = flexsandbox.Billing{Email: []string{"laskut@example.test"}, EInvoice: einvoice}
	without.Billing.EInvoice = einvoice

	// All are entered in one go, and Flex numbers them by its series. The hub has the number F50004 of two, of whom it may make one of neither.
	f.typed(map[string]string{"Name": "Netvisorin Oy", "InternalIdentifier": "F50004", "IsPrivateCustomer": "0", "ExternalIdentifier": "1927400-1"})
	began := time.Now()
	for i, c := range []flexsandbox.Customer{full, without, visited, doubled, retyped, company("Kaiku Oy"), company("Riita Oy"), company("Monta Oy"), company("Sekaisin Oy")} {
		if got := f.entered(c).CustomerNumber; got != "F5000"+strconv.Itoa(i+1) {
			t.Fatalf("customer %d has the number %s", i, got)
		}
	}
	for _, c := range []flexsandbox.Customer{private, private} {
		_, err := f.flex.OrderConsumerEInvoice(inFlexOrg, f.entered(c).ID, true)
		f.must(err)
	}
	scenario := func(name string, play func(f *firm)) {
		t.Run(name, func(t *testing.T) { play(f.of(t)) })
		if t.Failed() {
			t.FailNow()
		}
	}
	scenario("Scenario1_R53_R62_R74_R75_R76_R80_R81_R87_R90_ACompanyMadeInFlex", func(f *firm) {
		n := f.comes("F50001", "all of it", func(c *netvisor.Customer) bool { return c.Get("FinvoiceAddress") != "" })
		if took := time.Since(began); took > 30*time.Second {
			f.api.t.Errorf("it took %s", took)
		}
		for field, want := range map[string]string{
			"Name": "Esimerkki Oy", "ExternalIdentifier": "1572860-0", "IsPrivateCustomer": "0", "PhoneNumber": "040 123 4567",
			"EmailInvoicingAddress": "laskut@example.test", "FinvoiceAddress": flexOVT, "FinvoiceRouterCode": flexOperator,
		} {
			if got := n.Get(field); got != want {
				f.api.t.Errorf("%s is %q in Netvisor, not %q", field, got, want)
			}
		}
		eventually(f.api.t, "agreement", func() bool { return f.agreed("F50001") })
		if got := must(f.api.t, f.keyless, "explain", "F50001"); strings.Count(got, ": IN_SYNC") != 2 {
			f.api.t.Errorf("it is explained as\n%s", got)
		}
	})
	scenario("Scenario2_R83_AnEInvoiceAddressWithoutABusinessID", func(f *firm) {
		n := f.comes("F50002", "the card", func(c *netvisor.Customer) bool { return c.Get("PhoneNumber") == "040 123 4567" })
		if n.Get("FinvoiceAddress")+n.Get("FinvoiceRouterCode") != "" {
			f.api.t.Errorf("Netvisor has %v", n.Fields())
		}
		f.tells("F50002", "EINVOICE_WITHOUT_BUSINESS_ID")
		f.changed("F50002", func(c *flexsandbox.Customer) { c.BusinessID = "1234567-1" })
		f.comes("F50002", "R82: the e-invoice address", func(c *netvisor.Customer) bool {
			return c.Get("ExternalIdentifier") == "1234567-1" && c.Get("FinvoiceAddress") == flexOVT && c.Get("FinvoiceRouterCode") == flexOperator
		})
	})
	scenario("Scenario4_R86_ConsumerEInvoicingAndABusinessID", func(f *firm) {
		if _, err := f.flex.Edit(inFlexOrg, f.inFlex("Y60002").ID, func(c *flexsandbox.Customer) { c.BusinessID = "7654321-2" }); err == nil || !strings.Contains(err.Error(), "CONSUMER_EINVOICE_WITH_BUSINESS_ID") {
			f.api.t.Errorf("Flex says %v", err)
		}
		f.rest("Y60002")
		f.retyped("Y60002", map[string]string{"ExternalIdentifier": "7654321-2", "PhoneNumber": "050 222 3333"})
		f.look(f.netvisorID, false)
		x := f.arrives("Y60002", "the phone", func(c flexsandbox.Customer) bool { return c.Phone == "050 222 3333" })
		if n := f.inNetvisor("Y60002"); x.BusinessID != "" || !x.Billing.ConsumerEInvoice || n.Get("ExternalIdentifier") != "7654321-2" {
			f.api.t.Errorf("each keeps its own: %+v, %v", x, n.Fields())
		}
		f.tells("Y60002", "CONSUMER_EINVOICE_CONFLICT")
	})
	scenario("Scenario5_R77_R78_R79_R190_OnlyAVisitingAddress", func(f *firm) {
		shows := func(street string) {
			n := f.comes("F50003", street, func(c *netvisor.Customer) bool {
				offices := c.Offices()
				return len(offices) == 1 && offices[0]["OfficeVisitAddress/StreetAddress"] == street && c.Get("StreetAddress") == street
			})
			if x := f.inFlex("F50003"); n.Offices()[0]["OfficeName"] != "Helsinki" || x.BillingAddress != nil {
				f.api.t.Errorf("the offices are %v, and Flex has the billing address %+v", n.Offices(), x.BillingAddress)
			}
		}
		shows("Katu 1")
		f.rest("F50003")
		f.changed("F50003", func(c *flexsandbox.Customer) { c.Visiting.Line1 = "Tie 2" })
		shows("Tie 2")
		f.rest("F50003")
		shows("Tie 2")
	})
	scenario("Scenario6_R54_R69_R70_R71_R93_CustomersFromNetvisor", func(f *firm) {
		f.typed(map[string]string{"Name": "Malli Bo", "InternalIdentifier": "1001", "IsPrivateCustomer": "1"})
		f.typed(map[string]string{"Name": "Yritys Oy", "InternalIdentifier": "1002", "IsPrivateCustomer": "0", "ExternalIdentifier": "0737546-2"})
		f.look(f.netvisorID, false)
		there := func(flexsandbox.Customer) bool { return true }
		if p, c := f.arrives("1001", "the customer", there), f.arrives("1002", "the customer", there); p.CustomerTypeID != flexPrivateFromNv || c.CustomerTypeID != flexCompanyNv || c.BusinessID != "0737546-2" {
			f.api.t.Errorf("got %+v, %+v", p, c)
		}
		for _, ct := range f.flex.Types(inFlexOrg) {
			if s := ct.NumberSeries; s != nil && s.Next != 50010 && s.Next != 60003 {
				f.api.t.Errorf("the series of %s went on to %d", ct.Name, s.Next)
			}
		}
		if f.inFlex("TEMP").ID != "" {
			f.api.t.Error("TEMP came to Flex")
		}
	})
	scenario("Scenario8_R88_R92_T30_OneNumberOfTwoCustomers", func(f *firm) {
		f.rest("1001", "1002")
		if n, x := f.inNetvisor("F50004"), f.inFlex("F50004"); n.Get("Name") != "Netvisorin Oy" || n.Get("ExternalIdentifier") != "1927400-1" || x.Name != "Flexin Oy" || x.BusinessID != "0201256-6" {
			f.api.t.Errorf("got %v, %+v", n.Fields(), x)
		}
		if n, x := f.written("F50004"); n+x > 0 {
			f.api.t.Errorf("%d times it was written in Netvisor and %d times in Flex", n, x)
		}
		type page struct{ TotalCount int }
		if n := ask[page](f.api, "findings", `{ findings(filter: {code: [CUSTOMER_NUMBER_COLLISION, CREATE_AMBIGUOUS], resolved: false}) { totalCount } }`, nil).TotalCount; n == 0 {
			f.api.t.Error("nobody is told")
		}
		// The hub has both, and says of each that it is not in the other's system.
		both := run(f.api.t, f.keyless, "explain", "F50004")
		ids := customerIDs.FindAllString(both.errOut, -1)
		if both.code != 1 || len(ids) != 2 {
			f.api.t.Fatalf("it is explained as %s%s", both.out, both.errOut)
		}
		for _, id := range ids {
			eventually(f.api.t, "the explanation of "+id, func() bool {
				got := must(f.api.t, f.keyless, "explain", id)
				return strings.Contains(got, "FAIL") && strings.Count(got, ": IN_SYNC") == 1
			})
		}
	})
	scenario("Scenario10_R65_R72_TheCustomerTypeStaysInFlex", func(f *firm) {
		f.rest("F50005")
		n0, x0 := f.written("F50005")
		change := func(to string) {
			_, err := f.flex.ChangeType(inFlexOrg, f.inFlex("F50005").ID, to)
			f.must(err)
		}
		change(flexCompanyNv)
		f.rest("F50005")
		if n, x := f.written("F50005"); n != n0 || x != x0 {
			f.api.t.Errorf("another type of the same kind was told: %d calls to Netvisor, %d to Flex", n-n0, x-x0)
		}
		change(flexPrivateFromNv)
		key := f.comes("F50005", "the private flag", func(c *netvisor.Customer) bool { return c.Get("IsPrivateCustomer") == "1" }).Key()
		f.rest("F50005")
		effects := slices.DeleteFunc(f.netvisor.Effects(), func(e netvisor.Effect) bool { return e.Customer != key })
		if n, x := f.written("F50005"); n != n0+1 || x != x0 || len(effects[len(effects)-1].Changes) != 1 {
			f.api.t.Errorf("%d calls to Netvisor, %d to Flex, the last of them %+v", n-n0, x-x0, effects[len(effects)-1])
		}
	})
	scenario("Scenario11_R62_R64_OneEditIsOneCall", func(f *firm) {
		f.rest("F50006")
		for _, where := range []string{"Flex", "Netvisor", "the hub"} {
			n0, x0 := f.written("F50006")
			phone, wantN, wantX := "040 111 2222", 1, 0
			switch where {
			case "Flex":
				f.changed("F50006", func(c *flexsandbox.Customer) { c.Phone = flexsandbox.Text(phone) })
			case "Netvisor":
				phone, wantN, wantX = "040 333 4444", 0, 1
				f.retyped("F50006", map[string]string{"PhoneNumber": phone})
				f.look(f.netvisorID, false)
			default:
				phone, wantN, wantX = "040 555 6666", 1, 1
				change[struct{}](f.api, "updateCustomer", `mutation ($in: UpdateCustomerInput!) { updateCustomer(input: $in) { userErrors { code message } } }`,
					in(map[string]any{"id": f.ours("F50006").ID, "patch": map[string]any{"phone": phone}}))
			}
			f.comes("F50006", "the phone", func(c *netvisor.Customer) bool { return c.Get("PhoneNumber") == phone })
			f.arrives("F50006", "the phone", func(c flexsandbox.Customer) bool { return string(c.Phone) == phone })
			f.rest("F50006")
			if n, x := f.written("F50006"); n-n0 != wantN || x-x0 != wantX {
				f.api.t.Errorf("an edit in %s is %d calls to Netvisor and %d to Flex", where, n-n0, x-x0)
			}
		}
	})
	scenario("Scenario13_R55_T22_T23_BothEditThePhone", f13)
	scenario("R55_AnInvoiceFromFlexOverwritesNetvisorAndNothingGoesRound", (*firm).invoices)
	scenario("T17_AHundredDuplicatesAtTwoHubsAreOneChange", (*firm).duplicates)
	scenario("T18_T20_LostShuffledAndRepeatedPushesEndInAgreement", (*firm).disturbed)
	scenario("T29_DeletedInNetvisorAndEditedInFlex", (*firm).deletedAndEdited)
	scenario("Scenario3_R84_R85_ConsumerEInvoicingStays", func(f *firm) {
		if n := f.inNetvisor("Y60001"); n == nil || n.Get("IsPrivateCustomer") != "1" || n.Get("FinvoiceAddress")+n.Get("FinvoiceRouterCode") != "" {
			f.api.t.Errorf("Netvisor has %+v", n)
		}
		for _, words := range []string{"consumer", consumerAccount} {
			if f.traffic.holds(words) {
				f.api.t.Errorf("Netvisor was told of %s", words)
			}
			for _, c := range f.flex.Calls() {
				if strings.Contains(strings.ToLower(c.Body), strings.ToLower(words)) {
					f.api.t.Errorf("%s %s says %s", c.Method, c.Path, c.Body)
				}
			}
		}
		if got := f.refused("updateCustomer", map[string]any{"id": f.ours("Y60001").ID, "patch": map[string]any{"businessId": "1572860-0"}}); got != "CONSUMER_EINVOICE_EXCLUDES_BUSINESS_ID" {
			f.api.t.Errorf("R86: a business ID of a consumer: %q", got)
		}
	})
	for _, h := range e.hubs {
		h.stopped()
	}
}

var customerIDs = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)

// tells waits for a finding about the customer, and looks whether the table of findings has it.
func (f *firm) tells(number, code string) {
	f.api.t.Helper()
	eventually(f.api.t, "the finding "+code, func() bool { return f.finds(number, code) })
	if !strings.Contains(must(f.api.t, nil, "findings"), "`"+code+"`") {
		f.api.t.Errorf("hub findings does not list %s", code)
	}
}
