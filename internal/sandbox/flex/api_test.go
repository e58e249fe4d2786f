package flex_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"customerhub/internal/sandbox/flex"
)

const company = `{"customerTypeId":"ct_11","name":"Esimerkki Oy","businessId":"1572860-0"}`

// TestWireNames holds the answers against the names of the contract, sections 3.1 and 3.2, in their order.
func TestWireNames(t *testing.T) {
	t.Parallel()
	b := setup(t, flex.Options{})
	b.put("N1", `{"customerTypeId":"ct_11","active":true,"name":"Esimerkki Oy","name2":"Pohjoinen","firstName":"A","lastName":"B","businessId":"1572860-0",
		"phone":"+358401234567","email":"info@example.test","contacts":[{"name":"Aino Malli","phone":"1","email":"aino@example.test","role":"Työnjohto"}],
		"visitingAddress":{"line1":"Katu 1","line2":null,"postcode":"00100","city":"Helsinki","country":"FI"},
		"billingAddress":{"name1":"E","name2":null,"line1":"PL 1","postcode":"00101","city":"Helsinki","country":"FI"},
		"billing":{"email":["laskut@example.test"],"language":"fi","einvoice":{"address":"003715728600","operator":"003721291126"}},
		"externalRefs":{"netvisorKey":"1004"}}`).is(201, "")
	want := `{"id":"fx_7001","customerNumber":"N1","customerTypeId":"ct_11","active":true,"name":"Esimerkki Oy","name2":"Pohjoinen","firstName":"A","lastName":"B",` +
		`"businessId":"1572860-0","phone":"+358401234567","email":"info@example.test",` +
		`"contacts":[{"id":"c1","name":"Aino Malli","phone":"1","email":"aino@example.test","role":"Työnjohto"}],` +
		`"visitingAddress":{"line1":"Katu 1","line2":null,"postcode":"00100","city":"Helsinki","country":"FI"},` +
		`"billingAddress":{"name1":"E","name2":null,"line1":"PL 1","postcode":"00101","city":"Helsinki","country":"FI"},` +
		`"billing":{"email":["laskut@example.test"],"language":"fi","einvoice":{"address":"003715728600","operator":"003721291126"},"consumerEInvoice":false},` +
		`"externalRefs":{"netvisorKey":"1004"},"origin":"HUB","revision":1,"createdAt":"`
	g := b.get("/customers/fx_7001").is(200, "")
	if !strings.HasPrefix(string(g.body), want) || !strings.Contains(string(g.body), `","updatedBy":"api:key_1"}`) {
		t.Errorf("the customer reads\n%s, want\n%s", g.body, want)
	}
	if e := g.header.Get("ETag"); e != `"1"` {
		t.Errorf("ETag %s", e)
	}
	types := string(b.get("/customer-types").is(200, "").body)
	for _, want := range []string{
		`{"id":"ct_11","name":"Yritysasiakas Netvisor","identifier":"COMPANY","numberSeries":null,"usedForNetvisor":true,` +
			`"visibleFields":["businessId","einvoice","billingEmail"],"mandatoryFields":["name","businessId"]}`,
		`"numberSeries":{"prefix":"F","next":50001,"width":5}`,
	} {
		if !strings.Contains(types, want) {
			t.Errorf("the types lack %s:\n%s", want, types)
		}
	}
}

func TestAccess(t *testing.T) {
	t.Parallel()
	b := setup(t, flex.Options{Organisations: []flex.Organisation{
		{ID: "a", Keys: []flex.Key{
			{Secret: "secret-of-a"}, {Secret: "reads-of-a", Scopes: []flex.Scope{flex.CustomersRead}}, {Secret: "types-of-a", Scopes: []flex.Scope{flex.TypesRead}},
		}},
		{ID: "b", Enabled: true, Keys: []flex.Key{{Secret: "secret-of-b"}}},
	}})
	as := func(key, method, path string) got {
		t.Helper()
		return b.call(method, "/flex/v1"+path, "", "Authorization", key)
	}
	for _, key := range []string{"", "Bearer", "Bearer nobody-knows", "Basic secret-of-b", "secret-of-b"} {
		if g := as(key, "GET", "/customers").is(401, flex.CodeInvalidKey); g.header.Get("WWW-Authenticate") == "" {
			t.Error("401 without WWW-Authenticate")
		}
	}
	as("Bearer secret-of-a", "GET", "/customers").is(403, flex.CodeNotEnabled) // F4
	as("Bearer secret-of-b", "GET", "/customers").is(200, "")
	as("bearer secret-of-b", "GET", "/customers").is(200, "")
	if err := b.Enable("a", true); err != nil {
		t.Fatal(err)
	}
	as("Bearer secret-of-a", "GET", "/customers").is(200, "")
	as("Bearer reads-of-a", "GET", "/customers").is(200, "")
	as("Bearer reads-of-a", "GET", "/customer-types").is(403, flex.CodeScopeMissing)
	as("Bearer reads-of-a", "GET", "/webhooks").is(403, flex.CodeScopeMissing)
	as("Bearer reads-of-a", "POST", "/customers/fx_7001/deactivate").is(403, flex.CodeScopeMissing)
	as("Bearer reads-of-a", "PATCH", "/customers/fx_7001").is(403, flex.CodeScopeMissing)
	as("Bearer reads-of-a", "PUT", "/customers/by-number/1").is(403, flex.CodeScopeMissing)
	as("Bearer types-of-a", "GET", "/customer-types").is(200, "")
	as("Bearer types-of-a", "GET", "/customers").is(403, flex.CodeScopeMissing)

	// Neither sees the customers of the other, which have the same ids.
	must[flex.Customer](t)(b.Create("a", flex.Customer{Name: "Vain A Oy"}))
	as("Bearer secret-of-b", "GET", "/customers/fx_7001").is(404, flex.CodeNotFound)
	as("Bearer secret-of-a", "GET", "/customers/fx_7001").is(200, "")

	if err := b.RevokeKey("a", "key_1"); err != nil {
		t.Fatal(err)
	}
	as("Bearer secret-of-a", "GET", "/customers").is(401, flex.CodeInvalidKey)
	if err := b.Enable("a", false); err != nil {
		t.Fatal(err)
	}
	as("Bearer reads-of-a", "GET", "/customers").is(403, flex.CodeNotEnabled)
	for _, c := range b.Calls() {
		for _, secret := range []string{"secret-of", "reads-of"} {
			if strings.Contains(c.Query+c.Path+c.Key+c.Code, secret) {
				t.Errorf("the log holds a secret: %+v", c)
			}
		}
	}
}

func TestPaths(t *testing.T) {
	t.Parallel()
	b := setup(t, flex.Options{})
	for _, path := range []string{"/flex/v1", "/flex/v1/", "/flex/v2/customers", "/flex/v1/customers/", "/flex/v1/customers/fx_1/x", "/flex/v1/customers/by-number/", "/", "/x"} {
		b.call("GET", path, "").is(404, flex.CodeNotFound)
	}
	for path, allow := range map[string]string{
		"/customers": "GET", "/customers/fx_7001": "GET, PATCH", "/customers/by-number/1": "GET, PUT", "/webhooks/wh_1": "DELETE", "/customer-types": "GET",
		"/customers/fx_7001/deactivate": "POST", "/webhooks": "GET, POST",
	} {
		if g := b.call("LINK", "/flex/v1"+path, "").is(405, flex.CodeMethodNotAllowed); g.header.Get("Allow") != allow {
			t.Errorf("%s allows %q, want %q", path, g.header.Get("Allow"), allow)
		}
	}
	for _, id := range []string{"fx_7001", "fx_07001", "fx_-1", "fx_", "7001", "fx_99999999999999999999", "fx_7e3", "%00", "fx_7001%2F"} {
		b.get("/customers/"+id).is(404, flex.CodeNotFound)
	}
	// Numbers are any text, also one that looks like a path or like another endpoint.
	for _, number := range []string{"deactivate", "a/b", "ä ö", "%2F", "by-number", "..", "0001"} {
		g := b.put(url.PathEscape(number), company).is(201, "")
		if c := g.customer(); c.CustomerNumber != number || g.header.Get("Location") != "/flex/v1/customers/"+c.ID {
			t.Errorf("%q became %q at %s", number, c.CustomerNumber, g.header.Get("Location"))
		}
		if c := b.get("/customers/by-number/"+url.PathEscape(number)).is(200, "").customer(); c.CustomerNumber != number {
			t.Errorf("%q is read as %q", number, c.CustomerNumber)
		}
	}
	b.get("/customers/by-number/nobody").is(404, flex.CodeNotFound)
	b.get("/customers/by-number/DEACTIVATE").is(404, flex.CodeNotFound)
	for _, path := range []string{"/customer-types?x=1", "/customers/fx_7001?x=1", "/customers/by-number/1?x=1", "/webhooks?x", "/customers?x=1", "/customers?limit=1&limit=1", "/customers?a;b"} {
		b.get(path).is(400, flex.CodeMalformedRequest)
	}
}

func TestPutCreates(t *testing.T) {
	t.Parallel()
	t.Run("IdempotentByBody", func(t *testing.T) {
		t.Parallel()
		b := setup(t, flex.Options{})
		first := b.put("1001", company).is(201, "").customer()
		if first.Origin != "HUB" || first.Revision != 1 || !first.Active || first.CustomerTypeID != "ct_11" {
			t.Errorf("created %+v", first)
		}
		// The same message in other words: the order of names and the white space are nothing.
		again := b.put("1001", `{ "businessId":"1572860-0", "name":"Esimerkki Oy",  "customerTypeId":"ct_11"}`).is(200, "").customer()
		if again.ID != first.ID || again.Revision != 1 {
			t.Errorf("the second time it is %+v", again)
		}
		b.put("1001", `{"customerTypeId":"ct_11","name":"Toinen Oy","businessId":"1572860-0"}`).is(412, flex.CodeNumberInUse)
		must[flex.Customer](t)(b.Edit("", first.ID, func(c *flex.Customer) { c.Phone = "1" }))
		if c := b.put("1001", company).is(200, "").customer(); c.Revision != 2 || c.Phone != "1" {
			t.Errorf("after an edit the same message finds %+v", c)
		}
		if n := len(b.Customers("")); n != 1 {
			t.Errorf("there are %d customers", n)
		}
		made := slices.DeleteFunc(b.Effects(), func(e flex.Effect) bool { return e.What != flex.WasCreated })
		if len(made) != 1 || made[0].By != "call" || made[0].Origin != "HUB" {
			t.Errorf("effects %+v", made)
		}
		// A customer of the people is nobody's second message.
		theirs := must[flex.Customer](t)(b.Create("", flex.Customer{Name: "Esimerkki Oy", BusinessID: "1572860-0"}))
		b.put(theirs.CustomerNumber, company).is(412, flex.CodeNumberInUse)
	})
	t.Run("Conditions", func(t *testing.T) {
		t.Parallel()
		b := setup(t, flex.Options{})
		path := "/flex/v1/customers/by-number/1"
		b.call("PUT", path, company).is(428, flex.CodePreconditionRequired)
		b.call("PUT", path, company, "If-None-Match", `"1"`).is(428, flex.CodePreconditionRequired)
		b.call("PUT", path, company, "If-Match", `"1"`).is(428, flex.CodePreconditionRequired)
		b.call("PUT", path, company, "If-None-Match", "*", "X-Origin", "elsewhere").is(400, flex.CodeMalformedRequest)
		b.call("PUT", path, company, "If-None-Match", "*", "Content-Type", "text/plain").is(415, flex.CodeUnsupportedMediaType)
		b.call("PUT", path, "", "If-None-Match", "*").is(415, flex.CodeUnsupportedMediaType)
		if c := b.call("PUT", path, company, "If-None-Match", "*", "Content-Type", "application/json; charset=utf-8").is(201, "").customer(); c.Origin != "API" {
			t.Errorf("without X-Origin the origin is %s", c.Origin)
		}
	})
	t.Run("SeriesAreForPeople", func(t *testing.T) { // F9, F20
		t.Parallel()
		b := setup(t, flex.Options{})
		if g := b.put("1001", `{"customerTypeId":"ct_3","name":"Esimerkki Oy"}`).is(422, flex.CodeValidationFailed); g.fields() != "customerNumber NUMBER_ASSIGNED_BY_SERIES" {
			t.Error(g.fields())
		}
		b.put("1001", company).is(201, "")
		if next := b.Types("")[0].NumberSeries.Next; next != 50001 {
			t.Errorf("the series has gone on to %d", next)
		}
	})
}

func TestPatchAndDeactivate(t *testing.T) {
	t.Parallel()
	b := setup(t, flex.Options{})
	c := b.put("1001", `{"customerTypeId":"ct_11","name":"Esimerkki Oy","businessId":"1572860-0","phone":"1","email":"a@example.test",
		"contacts":[{"name":"Aino Malli"},{"name":"Eino Malli"}],"visitingAddress":{"line1":"Katu 1","city":"Kemi"}}`).is(201, "").customer()

	t.Run("MergePatch", func(t *testing.T) {
		got := b.patch(c.ID, "1", `{"phone":null,"email":"","name2":"Pohjoinen","visitingAddress":{"city":null,"postcode":"94100"},"billing":{"email":["x@example.test"]}}`).is(200, "").customer()
		if got.Phone != "" || got.Email != "" || got.Name2 != "Pohjoinen" || got.Name != "Esimerkki Oy" || got.Revision != 2 || got.UpdatedBy != "api:key_1" ||
			*got.Visiting != (flex.VisitingAddress{Line1: "Katu 1", Postcode: "94100"}) || !slices.Equal(got.Billing.Email, []string{"x@example.test"}) {
			t.Errorf("%+v", got)
		}
		got = b.patch(c.ID, "2", `{"visitingAddress":{"line1":null,"postcode":null},"billing":{"email":null}}`).is(200, "").customer()
		if got.Visiting != nil || len(got.Billing.Email) != 0 || got.Revision != 3 {
			t.Errorf("an address without parts is none: %+v", got)
		}
		if got = b.patch(c.ID, "3", `{"phone":null,"active":true}`).is(200, "").customer(); got.Revision != 3 {
			t.Errorf("nothing has changed, and the revision is %d", got.Revision)
		}
		if e := b.Effects(); len(e[len(e)-1].Changes) != 0 || e[len(e)-1].Event != "" {
			t.Errorf("the effect of nothing is %+v", e[len(e)-1])
		}
	})
	t.Run("Contacts", func(t *testing.T) {
		got := b.patch(c.ID, "3", `{"contacts":[{"id":"c2","name":"Eino Malli","role":"Laskutus"},{"name":"Helmi Malli"}]}`).is(200, "").customer()
		if len(got.Contacts) != 2 || got.Contacts[0] != (flex.Contact{ID: "c2", Name: "Eino Malli", Role: "Laskutus"}) || got.Contacts[1].ID != "c3" {
			t.Errorf("%+v", got.Contacts)
		}
		// An id that is gone stays gone, and is not given to another.
		if g := b.patch(c.ID, "4", `{"contacts":[{"id":"c1","name":"Aino Malli"},{"id":"c3","name":"H"},{"id":"c3","name":"H"}]}`).is(422, flex.CodeValidationFailed); g.fields() !=
			"contacts[0].id CONTACT_UNKNOWN, contacts[2].id CONTACT_TWICE" {
			t.Error(g.fields())
		}
		got = b.patch(c.ID, "4", `{"contacts":[{"name":"Aino Malli"}]}`).is(200, "").customer()
		if got.Contacts[0].ID != "c4" {
			t.Errorf("%+v", got.Contacts)
		}
	})
	t.Run("Revisions", func(t *testing.T) {
		path := "/flex/v1/customers/" + c.ID
		if g := b.patch(c.ID, "4", `{"phone":"2"}`).is(412, flex.CodeStaleRevision); g.header.Get("ETag") != `"5"` {
			t.Errorf("the ETag is %s", g.header.Get("ETag"))
		}
		b.patch(c.ID, "6", `{"phone":"2"}`).is(412, flex.CodeStaleRevision)
		b.call("PATCH", path, `{"phone":"2"}`).is(428, flex.CodePreconditionRequired)
		for _, wrong := range []string{"*", "5", `W/"5"`, `"5", "6"`, `"05"`, `"-1"`, `""`, `"`, `"5`} {
			b.call("PATCH", path, `{"phone":"2"}`, "If-Match", wrong).is(400, flex.CodeMalformedRequest)
		}
		b.call("PATCH", "/flex/v1/customers/fx_1", `{"phone":"2"}`, "If-Match", `"5"`).is(404, flex.CodeNotFound)
		b.call("PATCH", path, `{"phone":"2"}`, "If-Match", `"5"`, "Content-Type", "application/merge-patch+json").is(200, "")
		// What is stale is stale, also when the body is wrong.
		b.patch(c.ID, "1", `{"nome":"x"}`).is(412, flex.CodeStaleRevision)
	})
	t.Run("Numbers", func(t *testing.T) {
		b.put("2002", company).is(201, "")
		b.patch(c.ID, "6", `{"customerNumber":"2002"}`).is(409, flex.CodeNumberInUse)
		if g := b.patch(c.ID, "6", `{"customerNumber":""}`).is(422, flex.CodeValidationFailed); g.fields() != "customerNumber NUMBER_REQUIRED" {
			t.Error(g.fields())
		}
		if g := b.patch(c.ID, "6", `{"customerNumber":null}`).is(422, flex.CodeValidationFailed); g.fields() != "customerNumber NUMBER_REQUIRED" {
			t.Error(g.fields())
		}
		if g := b.patch(c.ID, "6", `{"customerNumber":" 1"}`).is(422, flex.CodeValidationFailed); g.fields() != "customerNumber NUMBER_INVALID" {
			t.Error(g.fields())
		}
		b.patch(c.ID, "6", `{"customerNumber":"3003"}`).is(200, "")
		b.get("/customers/by-number/1001").is(404, flex.CodeNotFound)
		b.get("/customers/by-number/3003").is(200, "")
		theirs := must[flex.Customer](t)(b.Create("", flex.Customer{Name: "Sarja Oy"}))
		if g := b.patch(theirs.ID, "1", `{"customerNumber":"4004"}`).is(422, flex.CodeValidationFailed); g.fields() != "customerNumber NUMBER_ASSIGNED_BY_SERIES" {
			t.Error(g.fields())
		}
	})
	t.Run("Types", func(t *testing.T) {
		theirs := must[flex.Customer](t)(b.Create("", flex.Customer{Name: "Tyyppi Oy"}))
		if g := b.patch(theirs.ID, "1", `{"customerTypeId":"ct_11"}`).is(422, flex.CodeValidationFailed); g.fields() != "businessId MANDATORY_FIELD" {
			t.Error(g.fields())
		}
		if g := b.patch(theirs.ID, "1", `{"customerTypeId":"ct_99"}`).is(422, flex.CodeValidationFailed); g.fields() != "customerTypeId CUSTOMER_TYPE_UNKNOWN" {
			t.Error(g.fields())
		}
		got := b.patch(theirs.ID, "1", `{"customerTypeId":"ct_10"}`).is(200, "").customer()
		if got.CustomerNumber != theirs.CustomerNumber {
			t.Errorf("with the type the number became %s", got.CustomerNumber)
		}
	})
	t.Run("Deactivate", func(t *testing.T) {
		path := "/flex/v1/customers/" + c.ID + "/deactivate"
		b.call("POST", path, "", "If-Match", `"6"`).is(412, flex.CodeStaleRevision)
		b.call("POST", path, `{"x":1}`).is(400, flex.CodeMalformedRequest)
		b.call("POST", path, "nonsense").is(400, flex.CodeMalformedRequest)
		b.call("POST", path, "", "X-Origin", "x").is(400, flex.CodeMalformedRequest)
		got := b.call("POST", path, "{}", "If-Match", `"7"`, "X-Origin", "hub").is(200, "").customer()
		if got.Active || got.Revision != 8 {
			t.Errorf("%+v", got)
		}
		if got = b.call("POST", path, "").is(200, "").customer(); got.Revision != 8 {
			t.Errorf("the second time the revision is %d", got.Revision)
		}
		b.call("POST", "/flex/v1/customers/fx_1/deactivate", "").is(404, flex.CodeNotFound)
		if got = b.patch(c.ID, "8", `{"active":true}`).is(200, "").customer(); !got.Active || got.Revision != 9 {
			t.Errorf("%+v", got)
		}
	})
}
