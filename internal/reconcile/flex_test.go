package reconcile_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"customerhub/internal/connector/connectortest"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	flexsandbox "customerhub/internal/sandbox/flex"
	sandbox "customerhub/internal/sandbox/netvisor"
	"customerhub/internal/system"
)

// The types of the simulated Flex: two with number series of their own, and two for customers from Netvisor.
const (
	companyType, privateType     = "ct_3", "ct_4"
	privateFromNv, companyFromNv = "ct_10", "ct_11"
)

func routed(address, operator string) *flexsandbox.EInvoice {
	return &flexsandbox.EInvoice{Address: flexsandbox.Text(address), Operator: flexsandbox.Text(operator)}
}

const ovtA, operator = "003715728600", "003721291126" // of idA

// TestFlexScenarios are the acceptance scenarios of the Flex contract (section 8) over HTTP, but for those of the first run.
func TestFlexScenarios(t *testing.T) {
	t.Parallel()
	t.Run("Scenario1_R53_R62_R74_R75_R76_R80_R81_R87_R90_ACompanyMadeInFlexIsInNetvisor", func(t *testing.T) {
		t.Parallel()
		f := together(t, sandbox.Options{}, flexsandbox.Options{}, nil)
		made := f.entered(flexsandbox.Customer{
			Name: "Esimerkki Oy", Name2: "Korjaamo", CustomerTypeID: companyType, BusinessID: idA, Phone: "040 123 4567", Email: "info@example.test",
			BillingAddress: &flexsandbox.BillingAddress{Line1: "PL 1", Postcode: "00101", City: "Helsinki", Country: "FI"},
			Billing:        flexsandbox.Billing{Email: []string{"laskut@example.test", "toinen@example.test"}, Language: "sv", EInvoice: routed(ovtA, operator)},
			Contacts:       []flexsandbox.Contact{{Name: "Aino Malli", Email: "aino@example.test", Phone: "050 765 4321", Role: "Työnjohto"}},
		})
		f.polled(f.flexSystem)
		n := f.inNetvisor("F50001")
		for field, want := range map[string]string{
			"Name": "Esimerkki Oy", "NameExtension": "Korjaamo", "ExternalIdentifier": idA, "IsPrivateCustomer": "0", "PhoneNumber": "040 123 4567",
			"Email": "info@example.test", "StreetAddress": "PL 1", "PostNumber": "00101", "City": "Helsinki",
			"EmailInvoicingAddress": "laskut@example.test;toinen@example.test", "FinvoiceAddress": ovtA, "FinvoiceRouterCode": operator, "InvoicingLanguage": "SE",
		} {
			if got := n.Get(field); got != want {
				t.Errorf("%s is %q in Netvisor, not %q", field, got, want)
			}
		}
		if people := n.ContactPersons(); len(people) != 1 || people[0]["ContactPersonFirstName"] != "Aino" || people[0]["ContactPersonLastName"] != "Malli" {
			t.Errorf("%+v", people)
		}
		if len(n.Offices()) != 0 {
			t.Errorf("an office of a customer who has only a billing address: %+v", n.Offices())
		}
		f.inSync("F50001")
		f.quiet()
		if got := f.inFlex(made.ID); got.Revision != made.Revision {
			t.Errorf("what came from Flex was written there: %+v", got)
		}
	})
	t.Run("Scenario2_R83_AnEInvoiceAddressWithoutABusinessIDStays", func(t *testing.T) {
		t.Parallel()
		f := together(t, sandbox.Options{}, flexsandbox.Options{}, nil)
		f.entered(flexsandbox.Customer{Name: "Esimerkki Oy", CustomerTypeID: companyType, Phone: "040 123 4567", Billing: flexsandbox.Billing{EInvoice: routed(ovtA, operator)}})
		f.polled(f.flexSystem)
		n := f.inNetvisor("F50001")
		if n.Get("FinvoiceAddress")+n.Get("FinvoiceRouterCode") != "" || n.Get("PhoneNumber") != "040 123 4567" {
			t.Errorf("%v", n.Fields())
		}
		if codes := f.codesOf("F50001"); !slices.Contains(codes, finding.EInvoiceWithoutID) {
			t.Errorf("findings %v", codes)
		}
		f.changed("F50001", func(c *flexsandbox.Customer) { c.BusinessID = idA })
		f.polled(f.flexSystem)
		if n := f.inNetvisor("F50001"); n.Get("FinvoiceAddress") != ovtA || n.Get("ExternalIdentifier") != idA {
			t.Errorf("R82: with a business ID it travels: %v", n.Fields())
		}
		before := f.calls()
		f.changed("F50001", func(c *flexsandbox.Customer) { c.BusinessID = "" })
		f.polled(f.flexSystem)
		if n := f.inNetvisor("F50001"); n.Get("FinvoiceAddress")+n.Get("FinvoiceRouterCode")+n.Get("ExternalIdentifier") != "" {
			t.Errorf("the business ID is gone, and the address stayed: %v", n.Fields())
		}
		if n, _ := f.wrote(before); !slices.Equal(n, []string{"customer.nv"}) {
			t.Errorf("not in one message: %v", n)
		}
		f.quiet()
	})
	t.Run("Scenario3_R84_ConsumerEInvoicingStaysBetweenTheConsumerAndTheBank", func(t *testing.T) {
		t.Parallel()
		f := together(t, sandbox.Options{}, flexsandbox.Options{}, nil)
		c := f.entered(flexsandbox.Customer{Name: "Malli Aino", FirstName: "Aino", LastName: "Malli", CustomerTypeID: privateType, Billing: flexsandbox.Billing{EInvoice: routed(connectortest.ConsumerAddress, operator)}})
		_, err := f.flex.OrderConsumerEInvoice(org, c.ID, true)
		f.must(err)
		f.polled(f.flexSystem)
		n := f.inNetvisor("Y60001")
		if n.Get("IsPrivateCustomer") != "1" || n.Get("FinvoiceAddress")+n.Get("FinvoiceRouterCode") != "" {
			t.Errorf("%v", n.Fields())
		}
		if !f.ours("Y60001").ConsumerEInvoice {
			t.Error("the hub does not know of it")
		}
		f.edited("Y60001", customer.Fields{customer.FieldPhone: "040 999 8888"})
		f.settle()
		for _, c := range f.flex.Calls() {
			if strings.Contains(strings.ToLower(c.Body), "consumer") {
				t.Errorf("%s %s says %s", c.Method, c.Path, c.Body)
			}
		}
		for _, e := range f.netvisor.Effects() {
			for _, c := range e.Changes {
				if strings.Contains(c.Field, "Finvoice") {
					t.Errorf("%+v", e)
				}
			}
		}
		if _, err := f.hub.UpdateCustomer(t.Context(), f.viewer, f.ours("Y60001").ID, nil, customer.Fields{customer.FieldBusinessID: idA}, ""); reasonOf(err) != customer.ReasonConsumerEInvoiceOnly {
			t.Errorf("R86: a business ID of a consumer: %v", err)
		}
	})
	t.Run("Scenario4_R86_ConsumerEInvoicingAndABusinessIDDoNotMeet", func(t *testing.T) {
		t.Parallel()
		f := together(t, sandbox.Options{}, flexsandbox.Options{}, nil)
		c := f.entered(flexsandbox.Customer{Name: "Malli Aino", CustomerTypeID: privateType})
		_, err := f.flex.OrderConsumerEInvoice(org, c.ID, true)
		f.must(err)
		if _, err := f.flex.Edit(org, c.ID, func(c *flexsandbox.Customer) { c.BusinessID = idA }); err == nil {
			t.Error("Flex took both")
		}
		f.polled(f.flexSystem)
		key := f.inNetvisor("Y60001").Key()
		f.retyped(key, "ExternalIdentifier", idA)
		f.retyped(key, "PhoneNumber", "040 123 4567")
		before := f.calls()
		f.both()
		if codes := f.codesOf("Y60001"); !slices.Contains(codes, finding.ConsumerEInvoice) {
			t.Errorf("findings %v", codes)
		}
		if n, x := f.inNetvisor("Y60001"), f.inFlex("Y60001"); n.Get("ExternalIdentifier") != idA || x.BusinessID != "" || !x.Billing.ConsumerEInvoice || x.Phone != "040 123 4567" {
			t.Errorf("each keeps its own, and the rest flows: %v, %+v", n.Fields(), x)
		}
		if n, _ := f.wrote(before); len(n) > 0 {
			t.Errorf("Netvisor was written to: %v", n)
		}
		f.quiet()
		_, err = f.flex.OrderConsumerEInvoice(org, c.ID, false)
		f.must(err)
		f.both()
		f.both()
		if x := f.inFlex("Y60001"); x.BusinessID != idA {
			t.Errorf("the consumer ended it, and the business ID did not come: %+v", x)
		}
		if codes := f.codesOf("Y60001"); slices.Contains(codes, finding.ConsumerEInvoice) {
			t.Errorf("findings %v", codes)
		}
	})
	t.Run("Scenario5_R77_R78_R79_R190_TheVisitingAddressIsAnOfficeAndStandsForTheBillingAddress", func(t *testing.T) {
		t.Parallel()
		f := together(t, sandbox.Options{}, flexsandbox.Options{}, nil)
		f.entered(flexsandbox.Customer{
			Name: "Esimerkki Oy", CustomerTypeID: companyType, BusinessID: idA,
			Visiting: &flexsandbox.VisitingAddress{Line1: "Katu 1", Postcode: "00100", City: "Helsinki", Country: "FI"},
		})
		f.polled(f.flexSystem)
		shows := func(street, city string) {
			t.Helper()
			n := f.inNetvisor("F50001")
			offices := n.Offices()
			if len(offices) != 1 || offices[0]["OfficeVisitAddress/StreetAddress"] != street || offices[0]["OfficeVisitAddress/City"] != city {
				t.Errorf("offices %+v", offices)
			}
			if n.Get("StreetAddress") != street || n.Get("City") != city {
				t.Errorf("the billing address is %s, %s", n.Get("StreetAddress"), n.Get("City"))
			}
			if x := f.inFlex("F50001"); x.BillingAddress != nil {
				t.Errorf("the copy came back: %+v", x.BillingAddress)
			}
		}
		shows("Katu 1", "Helsinki")
		if name := f.inNetvisor("F50001").Offices()[0]["OfficeName"]; name != "Helsinki" {
			t.Errorf("the office is called %q", name)
		}
		f.quiet()
		shows("Katu 1", "Helsinki")
		f.changed("F50001", func(c *flexsandbox.Customer) { c.Visiting.Line1, c.Visiting.City = "Tie 2", "Espoo" })
		f.polled(f.flexSystem)
		shows("Tie 2", "Espoo")
		f.quiet()
		// An office that is moved in Netvisor takes the copy along.
		n := f.inNetvisor("F50001")
		f.must(f.netvisor.Edit("", n.Key(), func(c *sandbox.Customer) error {
			_, err := c.SetOffice(officeKey(t, c), map[string]string{"OfficeVisitAddress/StreetAddress": "Polku 3", "OfficeVisitAddress/City": "Vantaa"})
			return err
		}))
		f.both()
		shows("Polku 3", "Vantaa")
		if x := f.inFlex("F50001"); x.Visiting == nil || x.Visiting.Line1 != "Polku 3" || x.Visiting.City != "Vantaa" {
			t.Errorf("%+v", x.Visiting)
		}
		f.quiet()
		// R79: with a billing address of its own nothing is copied any more.
		f.changed("F50001", func(c *flexsandbox.Customer) {
			c.BillingAddress = &flexsandbox.BillingAddress{Line1: "PL 9", Postcode: "00901", City: "Helsinki"}
		})
		f.changed("F50001", func(c *flexsandbox.Customer) { c.Visiting.Line1 = "Polku 4" })
		f.both()
		if n := f.inNetvisor("F50001"); n.Get("StreetAddress") != "PL 9" || n.Offices()[0]["OfficeVisitAddress/StreetAddress"] != "Polku 4" {
			t.Errorf("%v", n.Fields())
		}
		f.quiet()
		// A visiting address that is taken away leaves the office and nothing in it.
		f.changed("F50001", func(c *flexsandbox.Customer) { c.Visiting = nil })
		f.both()
		if offices := f.inNetvisor("F50001").Offices(); len(offices) != 1 || offices[0]["OfficeVisitAddress/StreetAddress"] != "" || offices[0]["OfficeName"] == "" {
			t.Errorf("offices %+v", offices)
		}
		f.inSync("F50001")
		f.quiet()
	})
	t.Run("Scenario6_R54_R68_R69_R70_R71_R93_CustomersFromNetvisorGetTheirTypesAndKeepTheirNumbers", func(t *testing.T) {
		t.Parallel()
		f := together(t, sandbox.Options{}, flexsandbox.Options{}, nil)
		f.typed(map[string]string{"Name": "Malli Aino", "InternalIdentifier": "1001", "IsPrivateCustomer": "1"})
		f.typed(map[string]string{"Name": "Yritys Oy", "InternalIdentifier": "1002", "IsPrivateCustomer": "0", "ExternalIdentifier": idB})
		f.typed(map[string]string{"Name": "TEMP", "InternalIdentifier": "TEMP"})
		f.polled(f.system)
		if p, c := f.inFlex("1001"), f.inFlex("1002"); p.CustomerTypeID != privateFromNv || c.CustomerTypeID != companyFromNv || p.Name != "Malli Aino" || c.BusinessID != idB {
			t.Errorf("%+v, %+v", p, c)
		}
		for _, ct := range f.flex.Types(org) {
			if s := ct.NumberSeries; s != nil && s.Next != 50001 && s.Next != 60001 {
				t.Errorf("the series of %s went on to %d", ct.Name, s.Next)
			}
		}
		if n := len(f.flex.Customers(org)); n != 2 {
			t.Errorf("%d customers in Flex", n)
		}
		f.inSync("1001", "1002")
		f.quiet()
		// R72: one who becomes a company in Netvisor gets the other type.
		f.retyped(f.inNetvisor("1001").Key(), "ExternalIdentifier", idA)
		f.retyped(f.inNetvisor("1001").Key(), "IsPrivateCustomer", "0")
		f.both()
		if x := f.inFlex("1001"); x.CustomerTypeID != companyFromNv {
			t.Errorf("%+v", x)
		}
		f.quiet()
	})
	t.Run("Scenario7_R73_R96_ATypeWithASeriesBlocks", func(t *testing.T) {
		t.Parallel()
		types := flexsandbox.Organisation{ID: org, Name: "Esimerkkihuolto Oy", Enabled: true, Types: []flexsandbox.CustomerType{
			{ID: "ct_10", Name: "Yksityisasiakas Netvisor", Identifier: "PRIVATE", UsedForNetvisor: true, NumberSeries: &flexsandbox.NumberSeries{Prefix: "N", Next: 1, Width: 4}},
			{ID: "ct_11", Name: "Yritysasiakas Netvisor", Identifier: "COMPANY", UsedForNetvisor: true},
		}}
		f := fielded(t, sandbox.Options{}, flexsandbox.Options{Organisations: []flexsandbox.Organisation{types}}, nil)
		s := f.flexState()
		if i := slices.IndexFunc(s.Checks, func(c system.Check) bool { return c.Name == "number series" }); s.State != system.Draft || i < 0 || s.Checks[i].OK || s.Checks[i].Fix == "" {
			t.Errorf("%+v", s)
		}
		if _, _, err := f.hub.StartSystem(t.Context(), f.viewer, f.flexSystem, ""); reasonOf(err) != "SYSTEM_NOT_CHECKED" {
			t.Errorf("it starts: %v", err)
		}
		_, err := f.flex.PutType(org, flexsandbox.CustomerType{ID: "ct_10", Name: "Yksityisasiakas Netvisor", Identifier: "PRIVATE", UsedForNetvisor: true})
		f.must(err)
		if s := f.check(); s.State != system.Checked {
			t.Errorf("%+v", s)
		}
	})
	t.Run("Scenario8_R88_R92_TheSameNumberAndAnotherBusinessIDIsAnotherCustomer", func(t *testing.T) {
		t.Parallel()
		f := together(t, sandbox.Options{}, flexsandbox.Options{}, nil)
		f.typed(map[string]string{"Name": "Netvisorin Oy", "InternalIdentifier": "F50001", "IsPrivateCustomer": "0", "ExternalIdentifier": idB})
		made := f.entered(flexsandbox.Customer{Name: "Flexin Oy", CustomerTypeID: companyType, BusinessID: idA})
		before := f.calls()
		f.both()
		f.both()
		if n, x := f.wrote(before); len(n)+len(x) > 0 {
			t.Errorf("%v was written in Netvisor and %v in Flex", n, x)
		}
		if n, x := f.inNetvisor("F50001"), f.inFlex(made.ID); n.Get("Name") != "Netvisorin Oy" || x.Name != "Flexin Oy" {
			t.Errorf("%v, %+v", n.Fields(), x)
		}
		if n := f.count(`SELECT count(*) FROM finding WHERE code IN ('CUSTOMER_NUMBER_COLLISION', 'CREATE_AMBIGUOUS') AND resolved_at IS NULL`); n == 0 {
			t.Error("nobody is told")
		}
	})
	t.Run("Scenario10_R65_R72_TheCustomerTypeStaysInFlex", func(t *testing.T) {
		t.Parallel()
		f := together(t, sandbox.Options{}, flexsandbox.Options{}, nil)
		f.entered(flexsandbox.Customer{Name: "Esimerkki Oy", CustomerTypeID: companyType, BusinessID: idA})
		f.polled(f.flexSystem)
		before := f.calls()
		change := func(to string) {
			_, err := f.flex.ChangeType(org, f.inFlex("F50001").ID, to)
			f.must(err)
			f.polled(f.flexSystem)
		}
		change(companyFromNv)
		if n, x := f.wrote(before); len(n)+len(x) > 0 {
			t.Errorf("another type of the same kind was told: %v, %v", n, x)
		}
		change(privateFromNv)
		if n, x := f.wrote(before); !slices.Equal(n, []string{"customer.nv"}) || len(x) > 0 || f.inNetvisor("F50001").Get("IsPrivateCustomer") != "1" {
			t.Errorf("%v, %v: %v", n, x, f.inNetvisor("F50001").Fields())
		}
		effects := f.netvisor.Effects()
		if last := effects[len(effects)-1]; len(last.Changes) != 1 {
			t.Errorf("more than the private flag: %+v", last)
		}
		f.quiet()
	})
	t.Run("Scenario11_R64_OneEditIsOneCall", func(t *testing.T) {
		t.Parallel()
		f := together(t, sandbox.Options{}, flexsandbox.Options{}, nil)
		f.entered(flexsandbox.Customer{Name: "Esimerkki Oy", CustomerTypeID: companyType, BusinessID: idA})
		f.polled(f.flexSystem)
		for name, edit := range map[string]func(){
			"InFlex":     func() { f.changed("F50001", func(c *flexsandbox.Customer) { c.Phone = "040 111 2222" }) },
			"InNetvisor": func() { f.retyped(f.inNetvisor("F50001").Key(), "PhoneNumber", "040 333 4444") },
			"InTheHub":   func() { f.edited("F50001", customer.Fields{customer.FieldPhone: "040 555 6666"}) },
		} {
			before := f.calls()
			edit()
			f.both()
			f.both()
			n, x := f.wrote(before)
			wantN, wantX := 1, 1
			switch name {
			case "InFlex":
				wantX = 0
			case "InNetvisor":
				wantN = 0
			}
			if len(n) != wantN || len(x) != wantX {
				t.Errorf("%s: %v in Netvisor, %v in Flex", name, n, x)
			}
		}
		f.inSync("F50001")
	})
	t.Run("Scenario13_R55_NetvisorWinsAndTheOtherValueIsKept", func(t *testing.T) {
		t.Parallel()
		f := together(t, sandbox.Options{}, flexsandbox.Options{}, nil)
		f.entered(flexsandbox.Customer{Name: "Esimerkki Oy", CustomerTypeID: companyType, BusinessID: idA})
		f.polled(f.flexSystem)
		for round, order := range [][]system.ID{{f.system, f.flexSystem}, {f.flexSystem, f.system}} {
			mine, theirs := "040 111 000"+string(rune('0'+round)), "040 222 000"+string(rune('0'+round))
			f.changed("F50001", func(c *flexsandbox.Customer) {
				c.Phone, c.Email = flexsandbox.Text(mine), flexsandbox.Text("uusi"+string(rune('0'+round))+"@example.test")
			})
			f.retyped(f.inNetvisor("F50001").Key(), "PhoneNumber", theirs)
			f.polled(order...)
			f.both()
			c := f.ours("F50001")
			if x := f.inFlex("F50001"); c.Phone.Raw != theirs || string(x.Phone) != theirs || f.inNetvisor("F50001").Get("PhoneNumber") != theirs {
				t.Errorf("round %d: %s here, %s in Flex", round, c.Phone.Raw, x.Phone)
			}
			if email := "uusi" + string(rune('0'+round)) + "@example.test"; f.inNetvisor("F50001").Get("Email") != email {
				t.Errorf("round %d: the other field did not flow", round)
			}
			kept := f.count(`SELECT count(*) FROM provenance p WHERE p.customer_id = $1 AND p.fields::text LIKE '%' || $2 || '%'`, string(c.ID), mine)
			if kept == 0 {
				t.Errorf("round %d: the value of Flex is not kept", round)
			}
			f.quiet()
		}
	})
}

// officeKey is the key of the one office.
func officeKey(t *testing.T, c *sandbox.Customer) int64 {
	t.Helper()
	offices := c.Offices()
	if len(offices) != 1 {
		t.Fatalf("offices %+v", offices)
	}
	key, err := strconv.ParseInt(offices[0]["OfficeNetvisorKey"], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// reasonOf is the reason of the first fault.
func reasonOf(err error) string {
	if all, ok := err.(fault.Errors); ok && len(all) > 0 { //nolint:errorlint // made by us, never wrapped
		return all[0].ReasonOrCode()
	}
	if f := fault.Of(err); f != nil {
		return f.ReasonOrCode()
	}
	return ""
}
