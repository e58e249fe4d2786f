package customer_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"customerhub/internal/customer"
)

// word is a text as people type one: letters of the north, digits, and the signs that hold lists and names of fields
// together.
func word() *rapid.Generator[string] {
	return rapid.StringOfN(rapid.SampledFrom([]rune("abzåäöÅÄÖ 09.-;[]")), 0, 6, -1)
}

func address(kind customer.AddressKind) *rapid.Generator[customer.Address] {
	return rapid.Custom(func(t *rapid.T) customer.Address {
		return customer.Address{
			Kind: kind, Name: word().Draw(t, "name"), Line1: word().Draw(t, "line1"), Line2: word().Draw(t, "line2"),
			Postcode: word().Draw(t, "postcode"), City: word().Draw(t, "city"),
			Country: rapid.SampledFrom([]string{"", "FI", "SE"}).Draw(t, "country"),
		}
	})
}

func anyCustomer() *rapid.Generator[customer.Customer] {
	return rapid.Custom(func(t *rapid.T) customer.Customer {
		text := func(label string) string { return word().Draw(t, label) }
		list := func(label string) []string { return rapid.SliceOfN(word(), 0, 3).Draw(t, label) }
		c := customer.Customer{
			ID: "c", Version: rapid.IntRange(1, 9).Draw(t, "version"), FieldVersions: map[customer.Field]int{customer.FieldName: 1},
			Number: text("number"), Kind: rapid.SampledFrom([]customer.Kind{customer.Private, customer.Company}).Draw(t, "kind"),
			Status: rapid.SampledFrom([]customer.Status{customer.Active, customer.Inactive}).Draw(t, "status"),
			Name:   text("name"), NameExtension: text("extension"), FirstName: text("first"), LastName: text("last"),
			BusinessID: text("business"), VATNumber: text("vat"), BuyerUnitNumber: text("unit"), Email: text("email"),
			Phone: customer.Phone{Raw: text("phone")}, Language: text("language"), BillingEmails: list("emails"),
			ConsumerEInvoice: rapid.Bool().Draw(t, "consumer"),
			EInvoice:         customer.EInvoice{Address: text("einvoice"), Operator: text("operator")},
		}
		c.Responsible = customer.Responsible{
			Kind:     rapid.SampledFrom([]customer.ResponsibleKind{"", customer.ResponsibleUser, customer.ResponsibleTeam}).Draw(t, "responsible"),
			SystemID: text("responsibleSystem"), ExternalID: text("responsibleId"), Name: text("responsibleName"),
		}
		for _, key := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"source", "budget"}), 0, 2, rapid.ID[string]).Draw(t, "custom") {
			if v := text("custom value"); v != "" {
				if c.CustomFields == nil {
					c.CustomFields = make(map[string]string)
				}
				c.CustomFields[key] = v
			}
		}
		for _, kind := range rapid.Permutation(customer.AddressKinds).Draw(t, "order") {
			if rapid.Bool().Draw(t, "has") {
				c.Addresses = append(c.Addresses, address(kind).Draw(t, "address"))
			}
		}
		offices := rapid.IntRange(0, 2).Draw(t, "offices")
		for i := range offices {
			c.Offices = append(c.Offices, customer.Office{
				ID: customer.OfficeID(fmt.Sprintf("o%d", i)), CustomerID: "c", Name: text("office"), Identifier: text("identifier"),
				Phone: customer.Phone{Raw: text("officePhone")}, BillingEmails: list("officeEmails"),
				Address:  address(customer.Visiting).Draw(t, "officeAddress"),
				EInvoice: customer.EInvoice{Address: text("officeEinvoice"), Operator: text("officeOperator")},
				Active:   rapid.Bool().Draw(t, "active"),
			})
		}
		for i := range rapid.IntRange(0, 2).Draw(t, "contacts") {
			ct := customer.Contact{
				CustomerID: "c", Title: text("title"), IsDefault: i == 0,
				Roles: rapid.SliceOfDistinct(rapid.SampledFrom([]customer.ContactRole{
					customer.GeneralContact, customer.KYCContact, customer.BillingContact,
				}), func(r customer.ContactRole) customer.ContactRole { return r }).Draw(t, "roles"),
				Person: customer.Person{
					ID: customer.PersonID(fmt.Sprintf("p%d", i)), FirstName: text("pfirst"), LastName: text("plast"),
					Language: text("planguage"), Emails: list("pemails"),
				},
			}
			for _, raw := range list("pphones") {
				ct.Person.Phones = append(ct.Person.Phones, customer.Phone{Raw: raw})
			}
			if offices > 0 && rapid.Bool().Draw(t, "atOffice") {
				ct.OfficeID = "o0"
			}
			c.Contacts = append(c.Contacts, ct)
		}
		return c
	})
}

// rebuilt applies fields to an empty customer, as a merge does.
func rebuilt(t interface{ Fatal(...any) }, fs customer.Fields) customer.Customer {
	var c customer.Customer
	office := func(id string) *customer.Office {
		for i := range c.Offices {
			if string(c.Offices[i].ID) == id {
				return &c.Offices[i]
			}
		}
		c.Offices = append(c.Offices, customer.Office{ID: customer.OfficeID(id)})
		return &c.Offices[len(c.Offices)-1]
	}
	contact := func(id string) *customer.Contact {
		for i := range c.Contacts {
			if string(c.Contacts[i].Person.ID) == id {
				return &c.Contacts[i]
			}
		}
		c.Contacts = append(c.Contacts, customer.Contact{Person: customer.Person{ID: customer.PersonID(id)}})
		return &c.Contacts[len(c.Contacts)-1]
	}
	for _, f := range fs.Sorted() {
		var err error
		switch part, key, name, ok := f.PartKey(); {
		case !ok, part == customer.PartCustom:
			err = c.Apply(f, fs[f])
		case part == customer.PartOffice:
			err = office(key).Apply(name, fs[f])
		default:
			err = contact(key).Apply(name, fs[f])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func TestFlattenAndApply(t *testing.T) {
	t.Parallel()
	t.Run("AnyCustomerSurvivesTheRoundTrip", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			c := anyCustomer().Draw(t, "customer")
			want := c.Flatten(customer.HubKeys)
			back := rebuilt(t, want)
			if diff := cmp.Diff(want, back.Flatten(customer.HubKeys)); diff != "" {
				t.Fatal(diff)
			}
		})
	})
	t.Run("NoValueIsEmpty", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			c := anyCustomer().Draw(t, "customer")
			for f, v := range c.Flatten(customer.HubKeys) {
				if v == "" {
					t.Fatalf("%s is there and empty", f)
				}
			}
		})
	})
	t.Run("PartsWithoutAKeyAreLeftOut", func(t *testing.T) {
		c := customer.Customer{
			Name:     "A",
			Offices:  []customer.Office{{ID: "o1", Name: "Known"}, {ID: "o2", Name: "Unknown"}},
			Contacts: []customer.Contact{{Person: customer.Person{ID: "p1", LastName: "Known"}, OfficeID: "o2"}, {Person: customer.Person{ID: "p2"}}},
		}
		got := c.Flatten(customer.PartKeys{
			Office: map[customer.OfficeID]string{"o1": "17"}, Person: map[customer.PersonID]string{"p1": "9"},
		})
		want := customer.Fields{
			"name": "A", "office[17].present": "true", "office[17].name": "Known", "contact[9].present": "true", "contact[9].lastName": "Known",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("ACountryAloneIsNoAddress", func(t *testing.T) {
		c := customer.Customer{Addresses: []customer.Address{{Kind: customer.Billing, Country: "FI"}}}
		if got := c.Flatten(customer.HubKeys); len(got) != 0 {
			t.Errorf("got %v", got)
		}
	})
	t.Run("UnknownFieldsAreRefused", func(t *testing.T) {
		var c customer.Customer
		for _, f := range []customer.Field{"", "nothing", "billingAddress", "billingAddress.", "billingAddress.planet", "office[1].name", "einvoice"} {
			if err := c.Apply(f, "x"); err == nil {
				t.Errorf("%q was applied", f)
			}
		}
		var o customer.Office
		var ct customer.Contact
		for _, name := range []string{"", "nothing", "address", "address.planet"} {
			if o.Apply(name, "x") == nil || ct.Apply(name, "x") == nil {
				t.Errorf("%q was applied to a part", name)
			}
		}
	})
}

func TestClone(t *testing.T) {
	t.Parallel()
	t.Run("SharesNothing", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			c := anyCustomer().Draw(t, "customer")
			before := c.Flatten(customer.HubKeys)
			copied := c.Clone()
			spoil(&copied)
			if diff := cmp.Diff(before, c.Flatten(customer.HubKeys)); diff != "" {
				t.Fatalf("changing the copy changed the customer: %s", diff)
			}
			if c.FieldVersions[customer.FieldName] != 1 {
				t.Fatal("field versions are shared")
			}
		})
	})
	t.Run("IsEqual", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			c := anyCustomer().Draw(t, "customer")
			if diff := cmp.Diff(c, c.Clone()); diff != "" {
				t.Fatal(diff)
			}
		})
	})
}

// spoil writes to everything that a customer reaches.
func spoil(c *customer.Customer) {
	c.FieldVersions[customer.FieldName] = 99
	for key := range c.CustomFields {
		c.CustomFields[key] = "spoiled"
	}
	for i := range c.BillingEmails {
		c.BillingEmails[i] = "spoiled"
	}
	for i := range c.Addresses {
		c.Addresses[i] = customer.Address{Kind: customer.Billing, Name: "spoiled"}
	}
	for i := range c.Offices {
		for j := range c.Offices[i].BillingEmails {
			c.Offices[i].BillingEmails[j] = "spoiled"
		}
		c.Offices[i].Name = "spoiled"
	}
	for i := range c.Contacts {
		ct := &c.Contacts[i]
		for j := range ct.Roles {
			ct.Roles[j] = "SPOILED"
		}
		for j := range ct.Person.Emails {
			ct.Person.Emails[j] = "spoiled"
		}
		for j := range ct.Person.Phones {
			ct.Person.Phones[j].Raw = "spoiled"
		}
		ct.Title = "spoiled"
	}
}

func TestDerive(t *testing.T) {
	t.Parallel()
	t.Run("AddressesAreKeptInWhateverOrderTheyCome", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			c := anyCustomer().Draw(t, "customer")
			before := c.Flatten(customer.HubKeys)
			c.Derive()
			if diff := cmp.Diff(before, c.Flatten(customer.HubKeys)); diff != "" {
				t.Fatalf("deriving changed what is stored: %s", diff)
			}
			for i, a := range c.Addresses {
				if a.Empty() || i > 0 && a.Kind == c.Addresses[i-1].Kind {
					t.Fatalf("addresses %+v", c.Addresses)
				}
			}
		})
	})
	t.Run("FollowsOtherValues", func(t *testing.T) {
		c := customer.Customer{
			Phone: customer.Phone{Raw: "040 123 4567", E164: "old"}, BusinessID: "1572860-0",
			EInvoice: customer.EInvoice{Address: "003715728600", Operator: "003721291126"},
			Offices:  []customer.Office{{Phone: customer.Phone{Raw: "116117"}, EInvoice: customer.EInvoice{Address: "FI2112345600000785"}}},
		}
		c.Derive()
		if c.Phone.E164 != "+358401234567" || !c.BusinessIDValid || c.EInvoice.Kind != customer.OVT ||
			c.Offices[0].Phone.E164 != "" || c.Offices[0].EInvoice.Kind != customer.IBAN {
			t.Errorf("got %+v", c)
		}
		c.Phone.Raw, c.BusinessID, c.EInvoice.Address = "", "1572860-1", ""
		c.Derive()
		if c.Phone != (customer.Phone{}) || c.BusinessIDValid || c.EInvoice.Kind != "" {
			t.Errorf("got %+v", c)
		}
	})
	t.Run("PhonesFollowTheCountryOfTheBillingAddress", func(t *testing.T) {
		c := customer.Customer{Phone: customer.Phone{Raw: "08-123 456 78"}, Addresses: []customer.Address{{Kind: customer.Billing, City: "Luleå", Country: "SE"}}}
		c.Derive()
		if c.Phone.E164 != "+46812345678" {
			t.Errorf("got %q", c.Phone.E164)
		}
	})
	t.Run("AnOfficesPhoneFollowsItsOwnCountryFirst", func(t *testing.T) {
		phone := customer.Phone{Raw: "08-123 456 78"}
		c := customer.Customer{
			Addresses: []customer.Address{{Kind: customer.Billing, City: "Oulu", Country: "FI"}},
			Offices:   []customer.Office{{Phone: phone, Address: customer.Address{City: "Luleå", Country: "SE"}}, {Phone: phone}},
		}
		c.Derive()
		if c.Offices[0].Phone.E164 != "+46812345678" || c.Offices[1].Phone.E164 != "+358812345678" {
			t.Errorf("got %+v", c.Offices)
		}
	})
	t.Run("OfAPersonOnlyNewNumbersAreRead", func(t *testing.T) {
		before := []customer.Phone{{Raw: "040 123 4567"}, {Raw: "08-123 456 78", E164: "+46812345678"}}
		p := customer.Person{Phones: append(slices.Clone(before), customer.Phone{Raw: "050 765 4321"})}
		c := customer.Customer{Contacts: []customer.Contact{{Person: p}}}
		c.Derive()
		if got := c.Contacts[0].Person.Phones; got[0].E164 != "" || got[1].E164 != "+46812345678" || got[2].E164 != "" {
			t.Errorf("with the customer's: %+v", got)
		}
		p.DerivePhones(c.Country(), before)
		if p.Phones[0].E164 != "" || p.Phones[1].E164 != "+46812345678" || p.Phones[2].E164 != "+358507654321" {
			t.Errorf("by themselves: %+v", p.Phones)
		}
	})
	t.Run("OddEInvoiceAddressesAreKeptAsOther", func(t *testing.T) {
		c := customer.Customer{EInvoice: customer.EInvoice{Address: "not an address at all"}}
		c.Derive()
		if c.EInvoice.Kind != customer.OtherKind || c.EInvoice.Address != "not an address at all" {
			t.Errorf("got %+v", c.EInvoice)
		}
	})
	t.Run("OneContactIsTheDefault", func(t *testing.T) {
		c := customer.Customer{Contacts: []customer.Contact{
			{Person: customer.Person{ID: "a"}}, {Person: customer.Person{ID: "b"}, IsDefault: true}, {Person: customer.Person{ID: "c"}, IsDefault: true},
		}}
		c.Derive()
		if c.Contacts[0].IsDefault || !c.Contacts[1].IsDefault || c.Contacts[2].IsDefault {
			t.Errorf("got %+v", c.Contacts)
		}
	})
}
