package customer_test

import (
	"strings"
	"testing"

	"customerhub/internal/customer"
)

func TestIsGroup(t *testing.T) {
	t.Parallel()
	full := customer.Customer{
		Number: "1", Kind: customer.Company, Status: customer.Active, Name: "a", NameExtension: "a", FirstName: "a", LastName: "a",
		BusinessID: "a", VATNumber: "a", BuyerUnitNumber: "a", Email: "a", Phone: customer.Phone{Raw: "a"}, Language: "fi",
		BillingEmails: []string{"a"}, ConsumerEInvoice: true, EInvoice: customer.EInvoice{Address: "a", Operator: "a"},
		Addresses:    []customer.Address{{Kind: customer.Billing, City: "a"}, {Kind: customer.Visiting, City: "a"}, {Kind: customer.Delivery, City: "a"}},
		Responsible:  customer.Responsible{Name: "a"},
		CustomFields: map[string]string{"a": "b"},
		Offices: []customer.Office{{
			ID: "o", Name: "a", Identifier: "a", Phone: customer.Phone{Raw: "a"}, BillingEmails: []string{"a"}, Active: true,
			EInvoice: customer.EInvoice{Address: "a", Operator: "a"}, Address: customer.Address{City: "a"},
		}},
		Contacts: []customer.Contact{{
			Person: customer.Person{ID: "p", FirstName: "a", LastName: "a", Language: "fi", Emails: []string{"a"}, Phones: []customer.Phone{{Raw: "a"}}},
			Roles:  []customer.ContactRole{customer.GeneralContact}, Title: "a", OfficeID: "o", IsDefault: true,
		}},
	}
	// Every field of a customer belongs to a group that a policy can name.
	for f := range full.Flatten(customer.HubKeys) {
		name := string(f.Group())
		if part, _, rest, ok := f.PartKey(); ok {
			name = string(part)
			if part != customer.PartCustom {
				name += "." + string(customer.Field(rest).Group())
			}
		}
		if !customer.IsGroup(name) {
			t.Errorf("%s: there is no group %s", f, name)
		}
	}
	for _, wrong := range []string{"", "address", "office[1].address", "billingAddress.city", "Name"} {
		if customer.IsGroup(wrong) {
			t.Errorf("%q is a group", strings.TrimSpace(wrong))
		}
	}
}
