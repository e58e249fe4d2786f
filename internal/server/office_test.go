package server_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"customerhub/internal/auth"
)

const (
	upsertOffice = `mutation($input: UpsertOfficeInput!) { r: upsertOffice(input: $input) {
		office { id name identifier active phone { raw e164 } billingEmails address { line1 postcode city country } einvoice { address operator kind } customer { id } }
		customer { id version offices { id name active } einvoiceAddresses { address kind office { name } } }
		userErrors { code message path details { currentVersion changedFields } } } }`
	deactivateOffice = `mutation($input: DeactivateOfficeInput!) { r: deactivateOffice(input: $input) {
		office { id name active } customer { version } userErrors { code message path } } }`
	reactivateOffice = `mutation($input: ReactivateOfficeInput!) { r: reactivateOffice(input: $input) {
		office { id name active } customer { version } userErrors { code message path } } }`
)

func (b *bundle) must(query string, input vars) answer {
	b.t.Helper()
	a, errs := b.mutate(query, input)
	if errs != nil {
		b.t.Fatal(a.raw)
	}
	return a
}

// company makes a customer and gives its id.
func (b *bundle) company(name string) string {
	b.t.Helper()
	return b.must(createCustomer, vars{"kind": "COMPANY", "name": name, "businessId": "1572860-0"}).text("r", "customer", "id")
}

func TestOffices(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 2)
	id := b.company("Esimerkki Oy")
	other, theirs := globalID("Customer", uuid(2, 1)), globalID("Office", uuid(3, 1))
	first := b.must(upsertOffice, vars{"customerId": id, "patch": vars{
		"name": "Lahden toimipiste", "identifier": "LAH", "phone": "03 123 4567", "billingEmails": []string{"lahti@example.test"},
		"address":  vars{"line1": "Esimerkkikatu 1", "postcode": "15100", "city": "Lahti"},
		"einvoice": vars{"address": "0037157286001", "operator": "003721291126"},
	}})
	office := first.text("r", "office", "id")

	t.Run("R182_AnOfficeIsAddedWithEverything", func(t *testing.T) {
		if first.text("r", "office", "name") != "Lahden toimipiste" || first.at("r", "office", "active") != true || first.text("r", "office", "phone", "e164") != "+35831234567" ||
			first.text("r", "office", "address", "city") != "Lahti" || first.text("r", "office", "einvoice", "kind") != "OVT" ||
			first.text("r", "office", "customer", "id") != id || first.at("r", "customer", "version") != 2.0 {
			t.Errorf("got %s", first.raw)
		}
		if a := b.do(`query($id: ID!) { node(id: $id) { ... on Office { name customer { name } } } }`, vars{"id": office}); a.text("node", "customer", "name") != "Esimerkki Oy" {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("R182_ACustomerHasManyOffices", func(t *testing.T) {
		a := b.must(upsertOffice, vars{"customerId": id, "patch": vars{"name": " Turun toimipiste "}})
		if a.len("r", "customer", "offices") != 2 || a.text("r", "office", "name") != "Turun toimipiste" || a.text("r", "office", "id") == office {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("CRM3_ANetServiceIDStaysCanonical", func(t *testing.T) {
		a := b.must(upsertOffice, vars{"customerId": id, "patch": vars{"name": "Verkko", "einvoice": vars{"address": "TE0037157286001", "operator": "003721291126"}}})
		if a.text("r", "office", "einvoice", "kind") != "NET_SERVICE_ID" {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("AbsentKeepsAndNullClears", func(t *testing.T) {
		a := b.must(upsertOffice, vars{"customerId": id, "officeId": office, "patch": vars{"phone": nil, "einvoice": nil, "address": vars{"line1": "Esimerkkikatu 2"}}})
		if a.at("r", "office", "phone") != nil || a.at("r", "office", "einvoice") != nil || a.text("r", "office", "address", "line1") != "Esimerkkikatu 2" ||
			a.text("r", "office", "address", "city") != "Lahti" || a.text("r", "office", "identifier") != "LAH" || a.text("r", "office", "id") != office {
			t.Errorf("got %s", a.raw)
		}
		if a = b.must(upsertOffice, vars{"customerId": id, "officeId": office, "patch": vars{"address": nil}}); a.at("r", "office", "address") != nil {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("CRM9_OfficesWorkWithoutAnySystem", func(t *testing.T) {
		if a := b.do(`query($id: ID!) { customer(by: {id: $id}) { links { id } offices { name } } }`, vars{"id": id}); a.len("customer", "links") != 0 || a.len("customer", "offices") != 3 {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("ARepetitionAddsOneOffice", func(t *testing.T) {
		in := vars{"customerId": id, "patch": vars{"name": "Kerran"}, "idempotencyKey": "once"}
		one, two := b.must(upsertOffice, in), b.must(upsertOffice, in)
		if one.text("r", "office", "id") != two.text("r", "office", "id") || two.len("r", "customer", "offices") != 4 {
			t.Errorf("got %s after %s", two.raw, one.raw)
		}
	})
	t.Run("StaleVersionNamesTheFieldByTheGlobalID", func(t *testing.T) {
		a, errs := b.mutate(upsertOffice, vars{"customerId": id, "officeId": office, "expectedVersion": 2, "patch": vars{"address": vars{"city": "Oulu"}}})
		changed, _ := a.at("r", "userErrors", 0, "details", "changedFields").([]any)
		if len(errs) != 1 || errs[0] != "STALE_VERSION input expectedVersion" || len(changed) == 0 || changed[0] != "office["+office+"].address.city" {
			t.Errorf("got %s", a.raw)
		}
		if a, errs = b.mutate(upsertOffice, vars{"customerId": id, "officeId": office, "expectedVersion": 2, "patch": vars{"identifier": "L2"}}); errs != nil {
			t.Errorf("another field: %s", a.raw)
		}
	})
	t.Run("DeactivatingKeepsTheOffice", func(t *testing.T) {
		a := b.must(deactivateOffice, vars{"customerId": id, "officeId": office})
		again := b.must(deactivateOffice, vars{"customerId": id, "officeId": office})
		if a.at("r", "office", "active") != false || a.at("r", "customer", "version") != again.at("r", "customer", "version") {
			t.Errorf("got %s, then %s", a.raw, again.raw)
		}
	})
	t.Run("AnOfficeIsTakenIntoUseAgain", func(t *testing.T) {
		a := b.must(reactivateOffice, vars{"customerId": id, "officeId": office})
		again := b.must(reactivateOffice, vars{"customerId": id, "officeId": office})
		if a.at("r", "office", "active") != true || a.at("r", "customer", "version") != again.at("r", "customer", "version") {
			t.Errorf("got %s, then %s", a.raw, again.raw)
		}
	})
	for _, tc := range []struct {
		name, query string
		input       vars
		want        []string
	}{
		{"ANewOneNeedsAName", upsertOffice, vars{"customerId": id, "patch": vars{"identifier": "X"}}, []string{"REQUIRED input patch name"}},
		{"TheNameCannotBeCleared", upsertOffice, vars{"customerId": id, "officeId": office, "patch": vars{"name": nil}}, []string{"REQUIRED input patch name"}},
		{"AllFaultsComeTogether", upsertOffice, vars{"customerId": id, "patch": vars{"name": "X", "billingEmails": []string{"x"}, "address": vars{"line1": "a", "postcode": "1"}}}, []string{"POSTCODE_INVALID input patch address postcode", "EMAIL_INVALID input patch billingEmails"}},
		{"HalfAnEInvoicePairIsRefused", upsertOffice, vars{"customerId": id, "patch": vars{"name": "X", "einvoice": vars{"address": "003715728600"}}}, []string{"EINVOICE_INCOMPLETE input patch einvoice"}},
		{"SwappedEInvoiceFieldsAreRefused", upsertOffice, vars{"customerId": id, "patch": vars{"name": "X", "einvoice": vars{"address": "003721291126", "operator": "003715728600"}}}, []string{"EINVOICE_FIELDS_SWAPPED input patch einvoice"}},
		{"OneOfAnotherCustomerIsNotFound", upsertOffice, vars{"customerId": id, "officeId": theirs, "patch": vars{"name": "X"}}, []string{"NOT_FOUND input officeId"}},
		{"AnIDOfAnotherTypeIsNotFound", upsertOffice, vars{"customerId": id, "officeId": other, "patch": vars{"name": "X"}}, []string{"NOT_FOUND input officeId"}},
		{"NoCustomerIsNotFound", upsertOffice, vars{"customerId": globalID("Customer", uuid(2, 999)), "patch": vars{"name": "X"}}, []string{"NOT_FOUND input customerId"}},
		{"AnOfficeAsCustomerIsNotFound", upsertOffice, vars{"customerId": theirs, "patch": vars{"name": "X"}}, []string{"NOT_FOUND input customerId"}},
		{"DeactivatingOneOfAnotherCustomerIsNotFound", deactivateOffice, vars{"customerId": id, "officeId": theirs}, []string{"NOT_FOUND input officeId"}},
		{"DeactivatingNonsenseIsNotFound", deactivateOffice, vars{"customerId": id, "officeId": "nonsense"}, []string{"NOT_FOUND input officeId"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, got := b.mutate(tc.query, tc.input)
			if d := cmp.Diff(tc.want, got); d != "" || a.at("r", "office") != nil || a.at("r", "customer") != nil {
				t.Errorf("(-want +got)\n%s\n%s", d, a.raw)
			}
		})
	}
	t.Run("AStrangerFindsNoCustomer", func(t *testing.T) {
		_, stranger := b.newOrganisation("Vieras Oy", auth.Admin)
		a := b.as(stranger, upsertOffice, vars{"input": vars{"customerId": id, "patch": vars{"name": "X"}}})
		if a.text("r", "userErrors", 0, "code") != "NOT_FOUND" {
			t.Errorf("got %s", a.raw)
		}
	})
}
