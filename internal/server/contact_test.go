package server_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"customerhub/internal/auth"
)

const (
	linkContact = `mutation($input: LinkContactInput!) { r: linkContact(input: $input) {
		contact { roles title isDefault office { id name } person { id firstName lastName language emails phones { raw e164 } customers { customer { name } } } customer { id } }
		customer { version contacts { isDefault person { id } } }
		userErrors { code message path details { person { id lastName } holder { id } currentVersion } } } }`
	unlinkContact = `mutation($input: UnlinkContactInput!) { r: unlinkContact(input: $input) {
		customer { contacts { person { lastName } } } userErrors { code message path } } }`
	setDefaultContact = `mutation($input: SetDefaultContactInput!) { r: setDefaultContact(input: $input) {
		contact { isDefault person { id } } customer { version contacts { isDefault person { id } } } userErrors { code message path } } }`
	updatePerson = `mutation($input: UpdatePersonInput!) { r: updatePerson(input: $input) {
		person { id firstName lastName emails phones { raw } language customers { customer { name version } } } userErrors { code message path } } }`
)

func TestContacts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 2)
	aino := vars{"firstName": "Aino", "lastName": "Malli", "language": "fi", "emails": []string{"aino@example.test"}, "phones": []string{"040 123 4567"}}
	seededCustomer, seededPerson, seededOffice := globalID("Customer", uuid(2, 1)), globalID("Person", uuid(4, 1)), globalID("Office", uuid(3, 1))

	t.Run("R183_ANewPersonBecomesAContact", func(t *testing.T) {
		id := b.company("Uusi Oy")
		office := b.must(upsertOffice, vars{"customerId": id, "patch": vars{"name": "Lahti"}}).text("r", "office", "id")
		a := b.must(linkContact, vars{"customerId": id, "person": aino, "title": "Talousjohtaja", "roles": []string{"BILLING", "KYC"}, "officeId": office})
		c, _ := a.at("r", "contact").(map[string]any)
		if c["title"] != "Talousjohtaja" || fmt.Sprint(c["roles"]) != "[KYC BILLING]" || a.text("r", "contact", "office", "name") != "Lahti" ||
			a.text("r", "contact", "person", "phones", 0, "e164") != "+358401234567" || a.text("r", "contact", "customer", "id") != id {
			t.Errorf("got %s", a.raw)
		}
		person := a.text("r", "contact", "person", "id")
		t.Run("AbsentKeepsAndNullClears", func(t *testing.T) {
			a := b.must(linkContact, vars{"customerId": id, "personId": person, "title": nil})
			if a.at("r", "contact", "title") != nil || a.text("r", "contact", "office", "id") != office || a.len("r", "contact", "roles") != 2 || a.len("r", "customer", "contacts") != 1 {
				t.Errorf("got %s", a.raw)
			}
			if a = b.must(linkContact, vars{"customerId": id, "personId": person, "officeId": nil, "roles": nil}); a.at("r", "contact", "office") != nil || fmt.Sprint(a.at("r", "contact", "roles")) != "[GENERAL]" {
				t.Errorf("got %s", a.raw)
			}
		})
	})
	t.Run("R184_CRM1_OneChangeReachesAllCustomers", func(t *testing.T) {
		var ids []string
		person := ""
		for i := range 3 {
			ids = append(ids, b.company(fmt.Sprintf("Yhteinen %d Oy", i)))
			in := vars{"customerId": ids[i], "personId": person}
			if person == "" {
				in = vars{"customerId": ids[i], "person": aino}
			}
			person = b.must(linkContact, in).text("r", "contact", "person", "id")
		}
		a := b.must(updatePerson, vars{"id": person, "patch": vars{"emails": []string{"uusi@example.test"}, "language": nil}})
		if a.text("r", "person", "emails", 0) != "uusi@example.test" || a.text("r", "person", "firstName") != "Aino" || a.at("r", "person", "language") != nil || a.len("r", "person", "customers") != 3 {
			t.Fatal(a.raw)
		}
		b.number()
		for i, id := range ids {
			a := b.do(`query($id: ID!) { customer(by: {id: $id}) { version contacts { person { emails } } changes { items { fields { field after } } } } }`, vars{"id": id})
			if a.text("customer", "contacts", 0, "person", "emails", 0) != "uusi@example.test" || a.at("customer", "version") != 3.0 ||
				!strings.Contains(a.raw, `"contact[`+person+`].emails","after":"uusi@example.test"`) {
				t.Errorf("customer %d: %s", i, a.raw)
			}
		}
		t.Run("R185_UnlinkingOneLeavesTheOthers", func(t *testing.T) {
			if a := b.must(unlinkContact, vars{"customerId": ids[0], "personId": person}); a.len("r", "customer", "contacts") != 0 {
				t.Errorf("got %s", a.raw)
			}
			if a := b.do(`query($id: ID!) { node(id: $id) { ... on Person { customers { customer { name } } } } }`, vars{"id": person}); a.len("node", "customers") != 2 {
				t.Errorf("got %s", a.raw)
			}
		})
	})
	t.Run("CRM2_TheSameAddressIsTwoPersons", func(t *testing.T) {
		one := b.must(linkContact, vars{"customerId": b.company("Yksi Oy"), "person": aino})
		two := b.must(linkContact, vars{"customerId": b.company("Kaksi Oy"), "person": aino})
		if one.text("r", "contact", "person", "id") == two.text("r", "contact", "person", "id") {
			t.Error("they were merged without anyone's word")
		}
	})
	t.Run("CRM4_TheDefaultMovesAndCannotBeTakenAway", func(t *testing.T) {
		id := b.company("Oletus Oy")
		one := b.must(linkContact, vars{"customerId": id, "person": aino}).text("r", "contact", "person", "id")
		two := b.must(linkContact, vars{"customerId": id, "person": vars{"lastName": "Toinen"}}).text("r", "contact", "person", "id")
		for _, p := range []string{one, two} {
			a := b.must(setDefaultContact, vars{"customerId": id, "personId": p})
			if a.at("r", "contact", "isDefault") != true || a.text("r", "contact", "person", "id") != p || strings.Count(a.raw, `"isDefault":true`) != 2 {
				t.Errorf("got %s", a.raw)
			}
		}
		if a, errs := b.mutate(unlinkContact, vars{"customerId": id, "personId": two}); len(errs) != 1 || errs[0] != "DEFAULT_CONTACT_NEEDED input personId" {
			t.Errorf("got %s", a.raw)
		}
		b.must(unlinkContact, vars{"customerId": id, "personId": one})
		b.must(unlinkContact, vars{"customerId": id, "personId": two})
	})
	t.Run("R191_TheHolderOfTheRoleKYCIsNamed", func(t *testing.T) {
		id := b.company("KYC Oy")
		one := b.must(linkContact, vars{"customerId": id, "person": aino, "roles": []string{"KYC"}}).text("r", "contact", "person", "id")
		a, errs := b.mutate(linkContact, vars{"customerId": id, "person": vars{"lastName": "Toinen"}, "roles": []string{"KYC"}})
		if len(errs) != 1 || errs[0] != "KYC_CONTACT_TAKEN input roles" || a.text("r", "userErrors", 0, "details", "person", "id") != one || a.at("r", "userErrors", 0, "details", "holder") != nil {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("ARepetitionMakesOnePerson", func(t *testing.T) {
		in := vars{"customerId": b.company("Kerran Oy"), "person": aino, "idempotencyKey": "once"}
		one, two := b.must(linkContact, in), b.must(linkContact, in)
		if one.text("r", "contact", "person", "id") != two.text("r", "contact", "person", "id") || two.len("r", "customer", "contacts") != 1 {
			t.Errorf("got %s after %s", two.raw, one.raw)
		}
	})
	t.Run("StaleVersionIsRefused", func(t *testing.T) {
		id := b.company("Vanha Oy")
		person := b.must(linkContact, vars{"customerId": id, "person": aino}).text("r", "contact", "person", "id")
		b.must(linkContact, vars{"customerId": id, "personId": person, "title": "A"})
		a, errs := b.mutate(linkContact, vars{"customerId": id, "personId": person, "title": "B", "expectedVersion": 2})
		if len(errs) != 1 || errs[0] != "STALE_VERSION input expectedVersion" || a.at("r", "userErrors", 0, "details", "currentVersion") != 3.0 {
			t.Errorf("got %s", a.raw)
		}
	})

	id := b.company("Virhe Oy")
	for _, tc := range []struct {
		name, query string
		input       vars
		want        []string
	}{
		{"NobodyIsRefused", linkContact, vars{"customerId": id}, []string{"INVALID input personId"}},
		{"BothAreRefused", linkContact, vars{"customerId": id, "personId": seededPerson, "person": aino}, []string{"INVALID input personId"}},
		{"AllFaultsOfANewPersonComeTogether", linkContact, vars{"customerId": id, "person": vars{"lastName": " ", "language": "xx", "emails": []string{"x"}}}, []string{"EMAIL_INVALID input person emails", "LANGUAGE_UNKNOWN input person language", "REQUIRED input person lastName"}},
		{"APersonalIdentityCodeIsRefused", linkContact, vars{"customerId": id, "person": vars{"lastName": "010190-900P"}}, []string{"PERSONAL_IDENTITY_CODE_NOT_ALLOWED input person lastName"}},
		{"ATitleThatIsTooLongIsRefused", linkContact, vars{"customerId": id, "person": aino, "title": strings.Repeat("x", 201)}, []string{"FIELD_TOO_LONG input title"}},
		{"AnOfficeOfAnotherCustomerIsNotFound", linkContact, vars{"customerId": id, "person": aino, "officeId": seededOffice}, []string{"NOT_FOUND input officeId"}},
		{"NoPersonIsNotFound", linkContact, vars{"customerId": id, "personId": globalID("Person", uuid(4, 999))}, []string{"NOT_FOUND input personId"}},
		{"ACustomerAsPersonIsNotFound", linkContact, vars{"customerId": id, "personId": seededCustomer}, []string{"NOT_FOUND input personId"}},
		{"APersonAsOfficeIsNotFound", linkContact, vars{"customerId": id, "person": aino, "officeId": seededPerson}, []string{"NOT_FOUND input officeId"}},
		{"APersonAsCustomerIsNotFound", linkContact, vars{"customerId": seededPerson, "person": aino}, []string{"NOT_FOUND input customerId"}},
		{"NoCustomerIsNotFound", linkContact, vars{"customerId": globalID("Customer", uuid(2, 999)), "person": aino}, []string{"NOT_FOUND input customerId"}},
		{"UnlinkingNoContactIsNotFound", unlinkContact, vars{"customerId": id, "personId": seededPerson}, []string{"NOT_FOUND input personId"}},
		{"UnlinkingACustomerIsNotFound", unlinkContact, vars{"customerId": id, "personId": seededCustomer}, []string{"NOT_FOUND input personId"}},
		{"TheDefaultIsAContact", setDefaultContact, vars{"customerId": id, "personId": seededPerson}, []string{"NOT_FOUND input personId"}},
		{"TheDefaultOfNoCustomerIsNotFound", setDefaultContact, vars{"customerId": "nonsense", "personId": seededPerson}, []string{"NOT_FOUND input customerId"}},
		{"UpdatingNobodyIsNotFound", updatePerson, vars{"id": globalID("Person", uuid(4, 999)), "patch": vars{"firstName": "X"}}, []string{"NOT_FOUND input id"}},
		{"UpdatingACustomerIsNotFound", updatePerson, vars{"id": seededCustomer, "patch": vars{"firstName": "X"}}, []string{"NOT_FOUND input id"}},
		{"TheLastNameCannotBeCleared", updatePerson, vars{"id": seededPerson, "patch": vars{"lastName": nil, "emails": []string{"x"}}}, []string{"EMAIL_INVALID input patch emails", "REQUIRED input patch lastName"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, got := b.mutate(tc.query, tc.input)
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("(-want +got)\n%s\n%s", d, a.raw)
			}
			for _, name := range []string{"customer", "contact", "person"} {
				if r, _ := a.at("r").(map[string]any); r[name] != nil {
					t.Errorf("a %s came with the errors: %s", name, a.raw)
				}
			}
		})
	}
	t.Run("AStrangerFindsNobody", func(t *testing.T) {
		_, stranger := b.newOrganisation("Vieras Oy", auth.Admin)
		own := b.as(stranger, createCustomer, vars{"input": vars{"kind": "COMPANY", "name": "Oma Oy"}}).text("r", "customer", "id")
		for query, input := range map[string]vars{
			linkContact:       {"customerId": own, "personId": seededPerson},
			unlinkContact:     {"customerId": seededCustomer, "personId": seededPerson},
			setDefaultContact: {"customerId": seededCustomer, "personId": seededPerson},
			updatePerson:      {"id": seededPerson, "patch": vars{"firstName": "X"}},
		} {
			if a := b.as(stranger, query, vars{"input": input}); a.text("r", "userErrors", 0, "code") != "NOT_FOUND" {
				t.Errorf("got %s", a.raw)
			}
		}
	})
	t.Run("WritersWithoutPersonalReadSeeNoAddresses", func(t *testing.T) {
		writer := b.newKey([]auth.Scope{auth.CustomersRead, auth.CustomersWrite}, b.org)
		a := b.as(writer, updatePerson, vars{"input": vars{"id": seededPerson, "patch": vars{"emails": []string{"piilo@example.test"}}}})
		if a.text("r", "person", "id") != seededPerson || strings.Contains(a.raw, "piilo") {
			t.Errorf("got %s", a.raw)
		}
	})
}
