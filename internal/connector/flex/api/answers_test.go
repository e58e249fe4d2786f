package api_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"customerhub/internal/connector/flex/api"
)

const whole = `{"id":"fx_1","customerNumber":"1","customerTypeId":"ct_1","active":true,"name":"A","name2":null,"firstName":null,"lastName":null,"businessId":null,
	"phone":"1","email":"a@example.test","contacts":[{"id":"c1","name":"A B","phone":null,"email":null,"role":null}],
	"visitingAddress":{"line1":"1","line2":null,"postcode":"1","city":"A","country":"FI"},"billingAddress":null,
	"billing":{"email":["a@example.test"],"language":"fi","einvoice":{"address":"1","operator":"2"},"consumerEInvoice":false},
	"externalRefs":{"netvisorKey":null},"origin":"FLEX","revision":4,"createdAt":"2026-11-01T08:00:00Z","updatedAt":"2026-11-01T08:00:00Z","updatedBy":"user:1"}`

// but is the whole customer with members as they are given; one without a value is left out.
func but(t *testing.T, members map[string]string) string {
	t.Helper()
	var all, billing map[string]json.RawMessage
	if err := json.Unmarshal([]byte(whole), &all); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(all["billing"], &billing); err != nil {
		t.Fatal(err)
	}
	for name, value := range members {
		at := all
		if inner, ok := strings.CutPrefix(name, "billing."); ok {
			at, name = billing, inner
		}
		if at[name] = json.RawMessage(value); value == "" {
			delete(at, name)
		}
	}
	if _, given := members["billing"]; !given {
		all["billing"], _ = json.Marshal(billing)
	}
	out, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func customerOf(t *testing.T, body string) api.Customer {
	t.Helper()
	var c api.Customer
	if err := json.Unmarshal([]byte(body), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestCustomer reads customers member by member: what is wrong with one spoils no other, and is named.
func TestCustomer(t *testing.T) {
	t.Parallel()
	if c := customerOf(t, whole); len(c.Untold) > 0 || c.Contacts[0].Name != "A B" || c.Visiting.City != "A" || c.Billing.EInvoice.Operator != "2" || c.Active != "true" ||
		c.Revision != "4" || c.Billing.Email[0] != "a@example.test" {
		t.Errorf("%+v", c)
	}
	every := []string{
		"active", "billing.consumerEInvoice", "billing.einvoice", "billing.email", "billing.language", "billingAddress", "businessId", "contacts", "customerNumber",
		"customerTypeId", "email", "firstName", "id", "lastName", "name", "name2", "origin", "phone", "revision", "updatedAt", "visitingAddress",
	}
	if c := customerOf(t, "{}"); !slices.Equal(c.Untold, every) {
		t.Errorf("of nothing: %v", c.Untold)
	}
	for _, name := range every {
		t.Run("Missing_"+name, func(t *testing.T) {
			t.Parallel()
			if c := customerOf(t, but(t, map[string]string{name: ""})); !slices.Equal(c.Untold, []string{name}) {
				t.Errorf("%v", c.Untold)
			}
		})
		t.Run("AnotherType_"+name, func(t *testing.T) {
			t.Parallel()
			for _, value := range []string{`[[1]]`, `[{"a":{"b":1}},7]`, `"text"`, `7`, `true`, `{"id":{}}`, `{"name":[1]}`, `{"address":{"a":1}}`, `{"line1":["1"]}`, `{"city":"B","line1":["1"]}`, `{"operator":"2","address":{"a":1}}`, `[{"id":"c1"},{"name":[]}]`, `["a",["b"]]`, `[{"phone":{}}]`} {
				c := customerOf(t, but(t, map[string]string{name: value}))
				scalar := value[0] != '[' && value[0] != '{'
				takes := name != "contacts" && name != "visitingAddress" && name != "billingAddress" && name != "billing.email" && name != "billing.einvoice"
				// An object without any member that is looked for is one, with nothing in it.
				empty := name == "billing.einvoice" && !strings.Contains(value, "address") || strings.HasSuffix(name, "Address") && !strings.Contains(value, "line1")
				switch {
				case scalar && takes, value[0] == '{' && empty:
					if len(c.Untold) > 0 {
						t.Errorf("%s: %v", value, c.Untold)
					}
				case !slices.Equal(c.Untold, []string{name}):
					t.Errorf("%s: %v", value, c.Untold)
				}
				if slices.Contains(c.Untold, name) && (name == "contacts" && c.Contacts != nil || name == "visitingAddress" && c.Visiting != api.Address{} ||
					name == "billing.einvoice" && c.Billing.EInvoice != api.EInvoice{} || name == "billing.email" && c.Billing.Email != nil) {
					t.Errorf("%s: a part was taken: %+v", value, c)
				}
				if c.Name != "A" && name != "name" || len(c.Contacts) != 1 && name != "contacts" {
					t.Errorf("%s spoilt others: %+v", value, c)
				}
			}
		})
	}
	for _, value := range []string{`[]`, `"x"`, `7`, `true`, `null`} {
		c := customerOf(t, but(t, map[string]string{"billing": value}))
		if want := []string{"billing.consumerEInvoice", "billing.einvoice", "billing.email", "billing.language"}; !slices.Equal(c.Untold, want) {
			t.Errorf("billing %s: %v", value, c.Untold)
		}
	}
	for _, body := range []string{`[]`, `"x"`, `7`, `true`} {
		var c api.Customer
		if err := json.Unmarshal([]byte(body), &c); err == nil {
			t.Errorf("%s is a customer: %+v", body, c)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]api.Text{`"a"`: "a", `""`: "", `null`: "", `7`: "7", `007.50`: "", `1e3`: "1e3", `true`: "true", `"\u00e4"`: "ä", ` 12 `: "12"} {
		var got api.Text
		if err := json.Unmarshal([]byte(in), &got); got != want || err != nil && in != `007.50` {
			t.Errorf("%s: %q, %v", in, got, err)
		}
	}
	for _, in := range []string{`{}`, `[]`, `["a"]`, `{"a":1}`} {
		var got api.Text
		if err := json.Unmarshal([]byte(in), &got); err == nil || got != "" {
			t.Errorf("%s is %q", in, got)
		}
	}
}

// TestPage believes a page only as a whole.
func TestPage(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"items":[{},7],"nextCursor":"c"}`:             "2 c",
		`{"items":[],"nextCursor":null}`:                "0 ",
		`{"items":[],"nextCursor":"","more":1}`:         "0 ",
		"\ufeff" + `{"items":[null],"nextCursor":null}`: "1 ",
		`{"items":[],"nextCursor":7}`:                   "0 7",
	} {
		p, err := api.ReadPage([]byte(in))
		if got := fmt.Sprint(len(p.Items), " ", p.NextCursor); err != nil || got != want {
			t.Errorf("%s: %q, %v", in, got, err)
		}
	}
	for _, in := range []string{
		``, `null`, `[]`, `{}`, `{"items":[]}`, `{"nextCursor":null}`, `{"items":null,"nextCursor":null}`, `{"items":{},"nextCursor":null}`, `{"items":[],"nextCursor":{}}`,
		`{"items":[],"nextCursor":["c"]}`, `{"items":[],"nextCursor":null}{}`, `{"items":[],"nextCursor":null`, "{\"items\":[\"\xe4\"],\"nextCursor\":null}",
	} {
		if p, err := api.ReadPage([]byte(in)); err == nil || p.Items != nil || p.NextCursor != "" {
			t.Errorf("%s: %+v, %v", in, p, err)
		}
	}
}

// TestWhatIsSent has null for what is cleared, and nothing for what is left alone.
func TestWhatIsSent(t *testing.T) {
	t.Parallel()
	value := func(s string) *api.Value { return new(api.Value(s)) }
	for want, body := range map[string]any{
		`{}`:                         api.CustomerBody{},
		`{"name":"A","phone":null}`:  api.CustomerBody{Name: value("A"), Phone: value("")},
		`{"active":false}`:           api.CustomerBody{Active: new(false)},
		`{"contacts":[]}`:            api.CustomerBody{Contacts: &[]api.ContactBody{}},
		`{"billing":{"email":[]}}`:   api.CustomerBody{Billing: &api.BillingBody{Email: &[]string{}}},
		`{"einvoice":null}`:          api.BillingBody{EInvoice: &api.EInvoiceBody{}},
		`{"visitingAddress":{}}`:     api.CustomerBody{Visiting: &api.VisitingBody{}},
		`{"name1":null,"city":"A"}`:  api.BillingAddress{Name1: value(""), City: value("A")},
		`{"line2":null}`:             api.VisitingBody{Line2: value("")},
		`{"language":null}`:          api.BillingBody{Language: value("")},
		`{"customerTypeId":"ct_10"}`: api.CustomerBody{CustomerTypeID: value("ct_10")},
		`{"name":"A","phone":null,"email":null,"role":null}`:              api.ContactBody{Name: "A"},
		`{"id":"c1","name":"A","phone":"1","email":null,"role":"B"}`:      api.ContactBody{ID: "c1", Name: "A", Phone: "1", Role: "B"},
		`{"einvoice":{"address":"1","operator":"2"}}`:                     api.BillingBody{EInvoice: &api.EInvoiceBody{Address: "1", Operator: "2"}},
		`{"url":"https://hub.example.test","secret":"s","types":["a.b"]}`: api.Subscribe{URL: "https://hub.example.test", Secret: "s", Types: []string{"a.b"}},
	} {
		got, err := json.Marshal(body)
		if err != nil || string(got) != want {
			t.Errorf("%s, want %s, %v", got, want, err)
		}
	}
}
