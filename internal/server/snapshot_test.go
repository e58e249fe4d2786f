package server_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"customerhub/internal/auth"
)

// asOfFields are what customerAsOf and customer have in common.
const asOfFields = `number kind status name nameExtension firstName lastName businessId vatNumber email phone { raw e164 } language billingEmails
	consumerEInvoice einvoiceAddresses { address operator kind office { name } } addresses { kind line1 city country derived }
	offices { id name identifier phone { raw } active address { line1 city } einvoice { address } }
	contacts { roles title isDefault office { name } person { id firstName lastName emails phones { e164 } } }
	customFields { key type text option decimal date } responsible { kind name externalId } masked`

func (b *bundle) asOf(t *testing.T, key auth.Key, id string, at time.Time) string {
	t.Helper()
	a := b.as(key, `query($id: ID!, $at: DateTime!) { customerAsOf(id: $id, at: $at) { `+asOfFields+` } }`, vars{"id": id, "at": at.Format(time.RFC3339Nano)})
	return compact(t, a, "customerAsOf")
}

func (b *bundle) asIs(t *testing.T, key auth.Key, id string) string {
	t.Helper()
	return compact(t, b.as(key, `query($id: ID!) { customer(by: {id: $id}) { `+asOfFields+` } }`, vars{"id": id}), "customer")
}

func compact(t *testing.T, a answer, field string) string {
	t.Helper()
	var data map[string]json.RawMessage
	if err := json.Unmarshal(a.Data, &data); err != nil || len(a.Errors) > 0 {
		t.Fatalf("%v %s", err, a.raw)
	}
	return string(data[field])
}

// TestCustomerAsOf edits a customer at random, and then asks how it was at each moment: always as it was read then.
func TestCustomerAsOf(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 2) // for a person of another customer, and definitions of custom fields
	a := b.do(createCustomer, vars{"input": vars{"kind": "COMPANY", "name": "Ensimmäinen Oy", "number": "9001", "email": "eka@example.test"}})
	id := a.text("r", "customer", "id")
	person := b.do(`{ customer(by: {number: "1001"}) { contacts { person { id } } } }`, nil).text("customer", "contacts", 0, "person", "id")
	now := func() time.Time {
		var at time.Time
		if err := b.db.Owner.QueryRow(t.Context(), `SELECT clock_timestamp()`).Scan(&at); err != nil {
			t.Fatal(err)
		}
		return at
	}
	edit := func(mutation string, input vars) {
		t.Helper()
		name := strings.ToUpper(mutation[:1]) + mutation[1:]
		a := b.do(fmt.Sprintf(`mutation($i: %sInput!) { it: %s(input: $i) { userErrors { message } } }`, name, mutation), vars{"i": input})
		if a.len("it", "userErrors") > 0 {
			t.Fatalf("%s %v: %s", mutation, input, a.raw)
		}
	}
	edits := []func(r *rand.Rand){
		func(r *rand.Rand) {
			edit("updateCustomer", vars{"id": id, "patch": vars{"name": fmt.Sprintf("Nimi %d Oy", r.IntN(9)), "email": fmt.Sprintf("a%d@example.test", r.IntN(3))}})
		},
		func(r *rand.Rand) {
			edit("updateCustomer", vars{"id": id, "patch": vars{"visitingAddress": vars{"line1": fmt.Sprintf("Katu %d", r.IntN(5)), "city": "Turku"}, "phone": nil}})
		},
		func(r *rand.Rand) {
			edit("updateCustomer", vars{"id": id, "patch": vars{"visitingAddress": nil, "phone": "040 123 4567"}})
		},
		func(r *rand.Rand) {
			edit("upsertOffice", vars{"customerId": id, "patch": vars{"name": fmt.Sprintf("Toimisto %d", r.IntN(9)), "address": vars{"line1": "Tie 1", "city": "Oulu"}}})
		},
		func(r *rand.Rand) {
			edit("linkContact", vars{"customerId": id, "personId": person, "title": fmt.Sprintf("titteli %d", r.IntN(4))})
		},
		func(r *rand.Rand) {
			edit("linkContact", vars{"customerId": id, "person": vars{"lastName": fmt.Sprintf("Uusi %d", r.IntN(99)), "emails": []string{"uusi@example.test"}}})
		},
		func(r *rand.Rand) {
			edit("updatePerson", vars{"id": person, "patch": vars{"firstName": fmt.Sprintf("Etunimi %d", r.IntN(5)), "phones": []string{"+358 40 765 4321"}}})
		},
		func(r *rand.Rand) {
			edit("setCustomField", vars{"customerId": id, "key": "remark", "value": vars{"text": fmt.Sprintf("Huomio %d", r.IntN(5))}})
		},
		func(r *rand.Rand) {
			edit("setResponsible", vars{"customerId": id, "responsible": vars{"kind": "TEAM", "name": fmt.Sprintf("Tiimi %d", r.IntN(3))}})
		},
	}
	type was struct {
		at   time.Time
		what string
	}
	before := now().Add(-time.Hour)
	history := []was{{now(), b.asIs(t, b.key, id)}}
	r := rand.New(rand.NewPCG(3, 4))
	for range 40 {
		edits[r.IntN(len(edits))](r)
		history = append(history, was{now(), b.asIs(t, b.key, id)})
	}
	for i, h := range history {
		if got := b.asOf(t, b.key, id, h.at); got != h.what {
			t.Fatalf("after %d edits:\n%s\nwas\n%s", i, got, h.what)
		}
	}
	t.Run("BeforeItCameThereWasNone", func(t *testing.T) {
		if got := b.asOf(t, b.key, id, before); got != "null" {
			t.Error(got)
		}
	})
	t.Run("NobodyHasNoPast", func(t *testing.T) {
		other := b.do(`{ customer(by: {number: "1002"}) { offices { id } } }`, nil).text("customer", "offices", 0, "id")
		if a := b.do(fmt.Sprintf(`{ customerAsOf(id: %q, at: "2026-01-01T00:00:00Z") { name } }`, other), nil); a.code() != "NOT_FOUND" {
			t.Error(a.raw)
		}
	})
	t.Run("WhatIsPersonalIsMaskedThenToo", func(t *testing.T) {
		last := history[len(history)-1]
		edit("updateCustomer", vars{"id": id, "patch": vars{"kind": "PRIVATE", "businessId": nil}})
		key := b.newKey([]auth.Scope{auth.CustomersRead}, b.org)
		got := b.asOf(t, key, id, last.at)
		if !strings.Contains(got, `"kind":"COMPANY"`) || !strings.Contains(got, `"email":null`) || strings.Contains(got, "@example.test") || !strings.Contains(got, `"masked":true`) {
			t.Error(got)
		}
	})
	t.Run("ALogThatIsCutOffIsSaid", func(t *testing.T) {
		if _, err := b.db.Owner.Exec(t.Context(), `DELETE FROM change WHERE at <= $1`, history[20].at); err != nil {
			t.Fatal(err)
		}
		if a := b.do(fmt.Sprintf(`{ customerAsOf(id: %q, at: %q) { name } }`, id, history[10].at.Format(time.RFC3339Nano)), nil); a.code() != "INVALID" || !strings.Contains(a.raw, "not kept any more") {
			t.Error(a.raw)
		}
		if got := b.asOf(t, b.key, id, history[30].at); got != history[30].what {
			t.Errorf("what is kept is told: %s", got)
		}
	})
}
