package reconcile_test

import (
	"slices"
	"testing"

	"customerhub/internal/finding"
	"customerhub/internal/run"

	flexsandbox "customerhub/internal/sandbox/flex"
	sandbox "customerhub/internal/sandbox/netvisor"
)

// TestFlexFound are situations between Flex and Netvisor that seeds of package torture found wrong once.
func TestFlexFound(t *testing.T) {
	t.Parallel()
	t.Run("R93_ACustomerWithoutANumberAtTheFirstRunStaysInNetvisor", func(t *testing.T) {
		t.Parallel()
		f := fielded(t, sandbox.Options{}, flexsandbox.Options{}, nil)
		key := f.typed(map[string]string{"Name": "Malli Aino", "InternalIdentifier": "", "IsPrivateCustomer": "1"})
		f.polled(f.system)
		f.firstRun(run.Merge)
		if n, _ := f.netvisor.Get("", key); n.Get("InternalIdentifier") != "" || len(f.flex.Customers(org)) > 0 {
			t.Errorf("the hub gave it the number %s; Flex has %+v", n.Get("InternalIdentifier"), f.flex.Customers(org))
		}
		if n := f.count(`SELECT count(*) FROM finding WHERE code = $1 AND resolved_at IS NULL`, string(finding.NumberMissing)); n != 1 {
			t.Errorf("%d findings tell of it", n)
		}
		f.retyped(key, "InternalIdentifier", "1001")
		f.polled(f.system)
		if x := f.inFlex("1001"); x.Name != "Malli Aino" {
			t.Errorf("%+v", x)
		}
		if codes := f.codesOf("1001"); slices.Contains(codes, finding.NumberMissing) {
			t.Errorf("findings %v", codes)
		}
		f.quiet()
	})
	t.Run("R54_ACustomerOutOfUseAtTheFirstRunComesWhenItIsInUseAgain", func(t *testing.T) {
		t.Parallel()
		f := fielded(t, sandbox.Options{}, flexsandbox.Options{}, nil)
		key := f.typed(map[string]string{"Name": "Yritys Oy", "InternalIdentifier": "1001", "ExternalIdentifier": idA, "IsActive": "0"})
		f.typed(map[string]string{"Name": "Toinen Oy", "InternalIdentifier": "1002", "ExternalIdentifier": idB, "IsActive": "0"})
		f.polled(f.system)
		f.firstRun(run.Merge)
		if n := len(f.flex.Customers(org)); n > 0 {
			t.Errorf("%d customers out of use are in Flex", n)
		}
		f.retyped(key, "IsActive", "1")
		f.polled(f.system)
		_, err := f.hub.ReactivateCustomer(t.Context(), f.viewer, f.ours("1002").ID, nil, "")
		f.must(err)
		f.settle()
		for _, number := range []string{"1001", "1002"} {
			if x := f.inFlex(number); !x.Active {
				t.Errorf("%+v", x)
			}
		}
		f.inSync("1001", "1002")
		f.quiet()
	})
	t.Run("F10_AContactWhoseLastNameIsOfSeveralWordsStaysOneAndKeepsTheName", func(t *testing.T) {
		t.Parallel()
		f := fielded(t, sandbox.Options{}, flexsandbox.Options{}, nil)
		key := f.typed(map[string]string{"Name": "Esimerkki Oy", "InternalIdentifier": "1001", "ExternalIdentifier": idA})
		f.must(f.netvisor.Edit("", key, func(c *sandbox.Customer) error {
			_, err := c.SetContactPerson(0, map[string]string{"ContactPersonFirstName": "Aino", "ContactPersonLastName": "af Malli", "ContactPersonEmail": "aino@example.test"})
			return err
		}))
		f.entered(flexsandbox.Customer{
			Name: "Esimerkki Oy", CustomerNumber: "1001", CustomerTypeID: companyFromNv, BusinessID: idA,
			Contacts: []flexsandbox.Contact{{Name: "Aino af Malli", Email: "aino@example.test"}},
		})
		f.polled(f.system)
		f.firstRun(run.Merge)
		f.quiet()
		names := func() (netvisor, flex, hub []string) {
			for _, p := range f.inNetvisor("1001").ContactPersons() {
				netvisor = append(netvisor, p["ContactPersonFirstName"]+" "+p["ContactPersonLastName"])
			}
			for _, p := range f.inFlex("1001").Contacts {
				flex = append(flex, p.Name)
			}
			for _, p := range f.ours("1001").Contacts {
				hub = append(hub, p.Person.FirstName+" "+p.Person.LastName)
			}
			return netvisor, flex, hub
		}
		if n, x, h := names(); !slices.Equal(n, []string{"Aino af Malli"}) || !slices.Equal(x, n) || !slices.Equal(h, n) {
			t.Errorf("after the first run: %q, %q, %q", n, x, h)
		}
		f.changed("1001", func(c *flexsandbox.Customer) { c.Contacts[0].Name = "Aina af Malli" })
		f.both()
		if n, x, h := names(); !slices.Equal(n, []string{"Aina af Malli"}) || !slices.Equal(x, n) || !slices.Equal(h, n) {
			t.Errorf("after it was changed in Flex: %q, %q, %q", n, x, h)
		}
		f.quiet()
	})
	t.Run("R77_AVisitingAddressThatIsTakenAwayLeavesNothingInTheOffice", func(t *testing.T) {
		t.Parallel()
		f := together(t, sandbox.Options{}, flexsandbox.Options{}, nil)
		f.entered(flexsandbox.Customer{
			Name: "Esimerkki Oy", CustomerTypeID: companyType, BusinessID: idA, Visiting: &flexsandbox.VisitingAddress{Line1: "Katu 1", City: "Helsinki"},
			BillingAddress: &flexsandbox.BillingAddress{Line1: "PL 1", City: "Helsinki"},
		})
		f.polled(f.flexSystem)
		f.changed("F50001", func(c *flexsandbox.Customer) { c.Visiting = nil })
		f.polled(f.flexSystem)
		if o := f.inNetvisor("F50001").Offices(); len(o) != 1 || o[0]["OfficeVisitAddress/StreetAddress"]+o[0]["OfficeContactAddress/StreetAddress"]+o[0]["OfficeContactAddress/City"] != "" {
			t.Errorf("offices %+v", o)
		}
		f.inSync("F50001")
		f.quiet()
	})
	t.Run("R55_R62_AnInvoiceThatBringsNothingNewOverridesNoEdit", func(t *testing.T) {
		t.Parallel()
		f := together(t, sandbox.Options{Normalise: sandbox.Normalisations}, flexsandbox.Options{}, nil)
		f.entered(flexsandbox.Customer{Name: "Esimerkki Oy", CustomerTypeID: companyType, BusinessID: idA})
		f.polled(f.flexSystem)
		if name := f.inNetvisor("F50001").Get("Name"); name != "ESIMERKKI OY" {
			t.Fatalf("Netvisor has %q", name)
		}
		f.retyped(f.inNetvisor("F50001").Key(), "Name", "Esimerkki Oy") // as a sales invoice of Flex does
		f.changed("F50001", func(c *flexsandbox.Customer) { c.Name = "Uusi Oy" })
		f.polled(f.flexSystem, f.system)
		f.both()
		if n, x := f.inNetvisor("F50001").Get("Name"), f.inFlex("F50001").Name; n != "UUSI OY" || x != "Uusi Oy" {
			t.Errorf("%s in Netvisor, %s in Flex", n, x)
		}
		f.inSync("F50001")
		f.quiet()
	})
}
