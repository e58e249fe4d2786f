package flex_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"customerhub/internal/sandbox/flex"
)

// TestWhatIsRefused has a row for every way in which a message can be wrong.
func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, flex.Options{})
	long := strings.Repeat("ä", 256)
	for _, c := range []struct{ name, body, want string }{
		{"NameMissing", `{"customerTypeId":"ct_10"}`, "name REQUIRED"},
		{"NameNull", `{"customerTypeId":"ct_10","name":null}`, "name REQUIRED"},
		{"NameEmpty", `{"customerTypeId":"ct_10","name":""}`, "name REQUIRED"},
		{"NameBlank", `{"customerTypeId":"ct_10","name":"  "}`, "name REQUIRED"},
		{"NameOfAnotherType", `{"customerTypeId":"ct_10","name":7}`, "name WRONG_TYPE"},
		{"NameTooLong", `{"customerTypeId":"ct_10","name":"` + long + `"}`, "name TOO_LONG"},
		{"NameWithControl", `{"customerTypeId":"ct_10","name":"a\u0000b"}`, "name TEXT_INVALID"},
		{"NameWithNewline", `{"customerTypeId":"ct_10","name":"a\nb"}`, "name TEXT_INVALID"},
		{"NameInAnotherCase", `{"customerTypeId":"ct_10","name":"A","Phone":"1"}`, "Phone UNKNOWN_FIELD"},
		{"TypeMissing", `{"name":"A"}`, "customerTypeId REQUIRED"},
		{"TypeUnknown", `{"customerTypeId":"ct_77","name":"A"}`, "customerTypeId CUSTOMER_TYPE_UNKNOWN"},
		{"NumberOfAnother", `{"customerTypeId":"ct_10","name":"A","customerNumber":"X"}`, "customerNumber NUMBER_MISMATCH"},
		{"MandatoryOfTheType", `{"customerTypeId":"ct_11","name":"A"}`, "businessId MANDATORY_FIELD"}, // F7
		{"BusinessIDCheckDigit", `{"customerTypeId":"ct_11","name":"A","businessId":"1572860-1"}`, "businessId BUSINESS_ID_INVALID"},
		{"BusinessIDWithoutHyphen", `{"customerTypeId":"ct_11","name":"A","businessId":"15728600"}`, "businessId BUSINESS_ID_INVALID"},
		{"BusinessIDNeverIssued", `{"customerTypeId":"ct_11","name":"A","businessId":"0000001-1"}`, "businessId BUSINESS_ID_INVALID"},
		{"BusinessIDForeignAtHome", `{"customerTypeId":"ct_11","name":"A","businessId":"SE556677889901","visitingAddress":{"country":"FI"}}`, "businessId BUSINESS_ID_INVALID"},
		{"ConsumerEInvoice", `{"customerTypeId":"ct_10","name":"A","billing":{"consumerEInvoice":true}}`, "billing.consumerEInvoice CONSUMER_EINVOICE_READ_ONLY"}, // F15
		{"ConsumerEInvoiceFalse", `{"customerTypeId":"ct_10","name":"A","billing":{"consumerEInvoice":false}}`, "billing.consumerEInvoice CONSUMER_EINVOICE_READ_ONLY"},
		{"Email", `{"customerTypeId":"ct_10","name":"A","email":"aino at example"}`, "email EMAIL_INVALID"},
		{"BillingEmail", `{"customerTypeId":"ct_10","name":"A","billing":{"email":["a@example.test","a@example.test;b@example.test"]}}`, "billing.email[1] EMAIL_INVALID"},
		{"BillingEmailNoList", `{"customerTypeId":"ct_10","name":"A","billing":{"email":"a@example.test"}}`, "billing.email WRONG_TYPE"},
		{"BillingEmailEmpty", `{"customerTypeId":"ct_10","name":"A","billing":{"email":[""]}}`, "billing.email[0] REQUIRED"},
		{"BillingNull", `{"customerTypeId":"ct_10","name":"A","billing":null}`, "billing REQUIRED"},
		{"RefsNull", `{"customerTypeId":"ct_10","name":"A","externalRefs":null}`, "externalRefs REQUIRED"},
		{"Language", `{"customerTypeId":"ct_10","name":"A","billing":{"language":"FI"}}`, "billing.language LANGUAGE_INVALID"},
		{"Country", `{"customerTypeId":"ct_10","name":"A","visitingAddress":{"country":"Suomi"},"billingAddress":{"country":"fi"}}`,
			"visitingAddress.country COUNTRY_INVALID, billingAddress.country COUNTRY_INVALID"},
		{"AddressLine", `{"customerTypeId":"ct_10","name":"A","billingAddress":{"line2":"x"}}`, "billingAddress.line2 UNKNOWN_FIELD"},
		{"AddressNoObject", `{"customerTypeId":"ct_10","name":"A","visitingAddress":"Katu 1"}`, "visitingAddress WRONG_TYPE"},
		{"EInvoiceWithoutOperator", `{"customerTypeId":"ct_10","name":"A","billing":{"einvoice":{"address":"0037"}}}`, "billing.einvoice EINVOICE_INCOMPLETE"},
		{"EInvoiceWithoutAddress", `{"customerTypeId":"ct_10","name":"A","billing":{"einvoice":{"operator":"X","address":null}}}`, "billing.einvoice EINVOICE_INCOMPLETE"},
		{"ContactWithoutName", `{"customerTypeId":"ct_10","name":"A","contacts":[{"phone":"1"}]}`, "contacts[0].name REQUIRED"},
		{"ContactUnknown", `{"customerTypeId":"ct_10","name":"A","contacts":[{"id":"c1","name":"B"}]}`, "contacts[0].id CONTACT_UNKNOWN"},
		{"ContactEmail", `{"customerTypeId":"ct_10","name":"A","contacts":[{"name":"B","email":"b"}]}`, "contacts[0].email EMAIL_INVALID"},
		{"ContactNull", `{"customerTypeId":"ct_10","name":"A","contacts":[null]}`, "contacts[0] REQUIRED"},
		{"ContactsTooMany", `{"customerTypeId":"ct_10","name":"A","contacts":[` + strings.Repeat("{},", 100) + `{}]}`, "contacts TOO_LONG"},
		{"ActiveNull", `{"customerTypeId":"ct_10","name":"A","active":null}`, "active REQUIRED"},
		{"ActiveText", `{"customerTypeId":"ct_10","name":"A","active":"true"}`, "active WRONG_TYPE"},
		{"ReadOnly", `{"customerTypeId":"ct_10","name":"A","id":"x","origin":"HUB","revision":1,"createdAt":"","updatedAt":"","updatedBy":""}`,
			"createdAt READ_ONLY, id READ_ONLY, origin READ_ONLY, revision READ_ONLY, updatedAt READ_ONLY, updatedBy READ_ONLY"},
		{"SeveralAtOnce", `{"customerTypeId":"ct_11","name":"A","email":"x","businessId":"1"}`, "businessId BUSINESS_ID_INVALID, email EMAIL_INVALID"},
	} {
		if g := b.put("X"+c.name, c.body).is(422, flex.CodeValidationFailed); g.fields() != c.want {
			t.Errorf("%s: %s, want %s", c.name, g.fields(), c.want)
		}
	}
	for name, body := range map[string]string{
		"Empty": "", "NotJSON": "{", "List": "[]", "Null": "null", "Text": `"x"`, "Twice": `{"name":"A","name":"B"}`, "TwiceBelow": `{"billing":{"language":"fi","language":"sv"}}`,
		"Trailing": `{} {}`, "Deep": `{"billing":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, "NotUTF8": "{\"name\":\"\xff\"}", "Comment": "{/**/}",
	} {
		g := b.call("PUT", "/flex/v1/customers/by-number/"+name, body, "If-None-Match", "*", "Content-Type", "application/json")
		if g.is(400, flex.CodeMalformedRequest); len(b.Customers("")) != 0 {
			t.Fatalf("%s made a customer", name)
		}
	}
	huge := `{"customerTypeId":"ct_10","name":"A","phone":"` + strings.Repeat("1", 256<<10) + `"}`
	b.put("huge", huge).is(413, flex.CodeBodyTooLarge)
	if g := b.put(strings.Repeat("1", 51), `{"customerTypeId":"ct_10","name":"A"}`).is(422, flex.CodeValidationFailed); g.fields() != "customerNumber TOO_LONG" {
		t.Error(g.fields())
	}
	var many strings.Builder
	for i := range 500 {
		fmt.Fprintf(&many, `,"f%d":1`, i)
	}
	if g := b.put("many", `{"customerTypeId":"ct_10","name":"A"`+many.String()+"}").is(422, flex.CodeValidationFailed); strings.Count(g.fields(), "UNKNOWN") != 50 {
		t.Errorf("%d faults are named", strings.Count(g.fields(), "UNKNOWN"))
	}
	if n := len(b.Customers("")); n != 0 {
		t.Errorf("%d customers came of what was refused", n)
	}
}

func TestWhatIsAccepted(t *testing.T) {
	t.Parallel()
	b := setup(t, flex.Options{})
	for i, body := range []string{
		`{"customerTypeId":"ct_10","name":"Mäkelä Aino","firstName":"Aino","lastName":"Mäkelä","active":false}`,
		`{"customerTypeId":"ct_10","name":"A","businessId":"1572860-0"}`, // a sole trader
		`{"customerTypeId":"ct_10","name":"A","billing":{"einvoice":{"address":"003715728600","operator":"X"}}}`,
		`{"customerTypeId":"ct_10","name":"A","visitingAddress":null,"billingAddress":{},"contacts":null,"billing":{}}`,
		`{"customerTypeId":"ct_11","name":"Ab","businessId":"SE556677889901","visitingAddress":{"country":"SE"}}`,
		`{"customerTypeId":"ct_10","name":"` + strings.Repeat("ä", 255) + `"}`,
		`{"customerTypeId":"ct_10","name":"A","businessId":""}`,
		`{"customerTypeId":"ct_10","name":"\ud83d\ude00 \u00e4"}`,
	} {
		b.put(fmt.Sprint(1000+i), body).is(201, "")
	}
}

func TestConsumerEInvoice(t *testing.T) { // F15, F16
	t.Parallel()
	b := setup(t, flex.Options{})
	c := b.put("1", `{"customerTypeId":"ct_10","name":"Mäkelä Aino"}`).is(201, "").customer()
	got := must[flex.Customer](t)(b.OrderConsumerEInvoice("", c.ID, true))
	if !got.Billing.ConsumerEInvoice || got.UpdatedBy != "netbank" || got.Revision != 2 {
		t.Errorf("%+v", got)
	}
	if g := b.patch(c.ID, "2", `{"businessId":"1572860-0"}`).is(422, flex.CodeValidationFailed); g.fields() != "billing.consumerEInvoice CONSUMER_EINVOICE_WITH_BUSINESS_ID" {
		t.Error(g.fields())
	}
	b.patch(c.ID, "2", `{"billing":{"consumerEInvoice":true}}`).is(422, flex.CodeValidationFailed)
	got = b.patch(c.ID, "2", `{"billing":{"language":"fi"}}`).is(200, "").customer()
	if !got.Billing.ConsumerEInvoice {
		t.Error("a write of something else ended it")
	}
	// The people cannot either, and an edit with Go leaves it alone.
	_, err := b.Edit("", c.ID, func(c *flex.Customer) { c.BusinessID = "1572860-0"; c.Billing.ConsumerEInvoice = false })
	if p := problem(t, err); !p.Has(flex.FieldConsumerEInvoiceWithBusinessID) {
		t.Error(p)
	}
	must[flex.Customer](t)(b.OrderConsumerEInvoice("", c.ID, false))
	b.patch(c.ID, "4", `{"businessId":"1572860-0"}`).is(200, "")
	_, err = b.OrderConsumerEInvoice("", c.ID, true)
	if p := problem(t, err); p.Status != http.StatusUnprocessableEntity || !p.Has(flex.FieldConsumerEInvoiceWithBusinessID) {
		t.Error(p)
	}
}

func problem(t *testing.T, err error) *flex.Problem {
	t.Helper()
	p, ok := err.(*flex.Problem) //nolint:errorlint // the sandbox promises the bare one
	if !ok {
		t.Fatalf("%T %v is no problem", err, err)
	}
	return p
}

func TestNumberSeries(t *testing.T) { // F19, F20
	t.Parallel()
	b := setup(t, flex.Options{})
	create := func(c flex.Customer) flex.Customer { t.Helper(); return must[flex.Customer](t)(b.Create("", c)) }
	if c := create(flex.Customer{Name: "A"}); c.CustomerNumber != "F50001" || c.CustomerTypeID != "ct_3" || c.Origin != "FLEX" || c.UpdatedBy != "user:1" {
		t.Errorf("%+v", c)
	}
	if c := create(flex.Customer{Name: "B", CustomerTypeID: "ct_4"}); c.CustomerNumber != "Y60001" {
		t.Errorf("%+v", c)
	}
	// Taken numbers are passed over, whoever has them.
	b.put("F50002", `{"customerTypeId":"ct_10","name":"A"}`).is(201, "")
	must[flex.Customer](t)(b.ChangeNumber("", "fx_7002", "F50003"))
	if c := create(flex.Customer{Name: "C"}); c.CustomerNumber != "F50004" {
		t.Errorf("%+v", c)
	}
	if next := b.Types("")[0].NumberSeries.Next; next != 50005 {
		t.Errorf("the series goes on at %d", next)
	}
	_, err := b.Create("", flex.Customer{Name: "D", CustomerNumber: "F9"})
	if p := problem(t, err); !p.Has(flex.FieldNumberAssignedBySeries) {
		t.Error(p)
	}
	_, err = b.Create("", flex.Customer{Name: "D", CustomerTypeID: "ct_10"})
	if p := problem(t, err); !p.Has(flex.FieldNumberRequired) {
		t.Error(p)
	}
	// What is refused takes no number.
	if _, err = b.Create("", flex.Customer{Name: ""}); !problem(t, err).Has(flex.FieldRequired) {
		t.Error(err)
	}
	if next := b.Types("")[0].NumberSeries.Next; next != 50005 {
		t.Errorf("the series goes on at %d", next)
	}
	_, err = b.ChangeNumber("", "fx_7001", "F50004")
	if p := problem(t, err); p.Code != flex.CodeNumberInUse || p.Status != http.StatusConflict {
		t.Error(p)
	}
	made := must[flex.CustomerType](t)(b.PutType("", flex.CustomerType{Name: "Lyhyt", NumberSeries: &flex.NumberSeries{Prefix: "K-", Next: 8, Width: 1}}))
	if made.ID != "ct_12" {
		t.Errorf("%+v", made)
	}
	for _, want := range []string{"K-8", "K-9", "K-10"} {
		if c := create(flex.Customer{Name: "E", CustomerTypeID: made.ID}); c.CustomerNumber != want {
			t.Errorf("%s, want %s", c.CustomerNumber, want)
		}
	}
	if got := must[flex.Customer](t)(b.ChangeType("", "fx_7001", made.ID)); got.CustomerNumber != "F50001" {
		t.Errorf("with the type the number became %s", got.CustomerNumber)
	}
}

func TestTypesOfSupport(t *testing.T) { // F8, F21
	t.Parallel()
	b := setup(t, flex.Options{})
	for name, wrong := range map[string]flex.CustomerType{
		"WithoutName":      {ID: "ct_3"},
		"Identifier":       {Name: "A", Identifier: "OTHER"},
		"Series":           {Name: "A", NumberSeries: &flex.NumberSeries{Next: 0}},
		"SeriesWidth":      {Name: "A", NumberSeries: &flex.NumberSeries{Next: 1, Width: 99}},
		"UnknownVisible":   {Name: "A", VisibleFields: []string{"shoeSize"}},
		"UnknownMandatory": {Name: "A", MandatoryFields: []string{"billing.email"}},
	} {
		if _, err := b.PutType("", wrong); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if _, err := b.PutType("", flex.CustomerType{ID: "type", Name: "A"}); err == nil {
		t.Error("an id of another shape is accepted")
	}
	c := must[flex.Customer](t)(b.Create("", flex.Customer{Name: "A"}))
	if err := b.RemoveType("", "ct_3"); err == nil {
		t.Error("a type that a customer has was removed")
	}
	if err := b.RemoveType("", "ct_4"); err != nil {
		t.Error(err)
	}
	if err := b.RemoveType("", "ct_4"); err == nil {
		t.Error("a type was removed twice")
	}
	// What a type demands later is missed by the next write, and not before.
	all := b.Types("")
	demanding := all[0]
	demanding.MandatoryFields = []string{"name", "phone", "billingEmail", "visitingAddress", "einvoice", "contacts"}
	must[flex.CustomerType](t)(b.PutType("", demanding))
	b.get("/customers/"+c.ID).is(200, "")
	g := b.patch(c.ID, "1", `{"phone":"1"}`).is(422, flex.CodeValidationFailed)
	if want := "billingEmail MANDATORY_FIELD, visitingAddress MANDATORY_FIELD, einvoice MANDATORY_FIELD, contacts MANDATORY_FIELD"; g.fields() != want {
		t.Error(g.fields())
	}
	b.patch(c.ID, "1", `{"phone":"1","billing":{"email":["a@example.test"],"einvoice":{"address":"a","operator":"o"}},"visitingAddress":{"city":"Kemi"},
		"contacts":[{"name":"Aino"}]}`).is(200, "")
	var listed struct{ Items []flex.CustomerType }
	if err := json.Unmarshal(b.get("/customer-types").is(200, "").body, &listed); err != nil || len(listed.Items) != 3 || len(listed.Items[0].MandatoryFields) != 6 {
		t.Errorf("%v, %+v", err, listed)
	}
}
