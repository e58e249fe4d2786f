package server_test

import (
	"strings"
	"testing"

	"customerhub/internal/auth"
)

const mergeBriefly = `mutation($input: MergeCustomersInput!) { r: mergeCustomers(input: $input) {
	result { id kept { number } fields { field value lost } links { system { name } place } offices { office { phone { raw } } } contacts { person { emails } } }
	userErrors { code path } } }`

func TestMergeIsShownAsFarAsTheViewerMaySee(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 3)
	in := vars{"keep": globalID("Customer", uuid(2, 1)), "merge": globalID("Customer", uuid(2, 3)), "dryRun": true}
	ask := func(scopes ...auth.Scope) answer {
		t.Helper()
		return b.as(b.newKey(scopes, b.org), mergeBriefly, vars{"input": in})
	}
	t.Run("PersonalDataOfEitherIsMasked", func(t *testing.T) {
		a := ask(auth.FindingsResolve, auth.CustomersRead)
		for _, personal := range []string{"info1@example.test", "info3@example.test", "aino3@example.test", "123 4567", "765 4321"} {
			if strings.Contains(a.raw, personal) {
				t.Errorf("%s is shown", personal)
			}
		}
		if a.len("r", "result", "fields") == 0 || a.len("r", "result", "links") != 2 || a.at("r", "result", "links", 0, "system") != nil {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("WhoMaySeeItDoes", func(t *testing.T) {
		a := ask(auth.FindingsResolve, auth.CustomersRead, auth.PersonalRead, auth.SystemsRead)
		if !strings.Contains(a.raw, "info1@example.test") || a.text("r", "result", "links", 0, "system", "name") != "Netvisor, tuotanto" {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("WhoMayNotReadCustomersIsToldNothing", func(t *testing.T) {
		if a := ask(auth.FindingsResolve); a.at("r", "result") != nil || a.len("r", "userErrors") != 0 {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("ADryRunHasNoIdAndDoesNothing", func(t *testing.T) {
		before := b.rows()
		a := b.do(mergeBriefly, vars{"input": in})
		if a.at("r", "result", "id") != nil || b.rows() != before {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("BothReadPathsTellOfTheOther", func(t *testing.T) {
		in["dryRun"] = false
		b.do(mergeBriefly, vars{"input": in}).at()
		a := b.do(`query($id: ID!) { customer(by: {id: $id}) { status mergedInto { number mergedInto { number } sync { externalId primary checks { name result } } } } }`, vars{"id": in["merge"]})
		if a.text("customer", "status") != "MERGED" || a.text("customer", "mergedInto", "number") != "1001" || a.len("customer", "mergedInto", "sync") != 2 {
			t.Errorf("got %s", a.raw)
		}
		if a.at("customer", "mergedInto", "sync", 1, "primary") != false {
			t.Errorf("got %s", a.raw)
		}
		compiled := b.do(`query($id: ID!) { customer(by: {id: $id}) { mergedInto { name mergedInto { name } } } }`, vars{"id": in["merge"]})
		if compiled.text("customer", "mergedInto", "name") != "Yritys 001 Oy" || compiled.at("customer", "mergedInto", "mergedInto") != nil {
			t.Errorf("got %s", compiled.raw)
		}
		if a := b.do(`{ customer(by: {number: "1003"}) { number } }`, nil); a.text("customer", "number") != "1001" {
			t.Errorf("got %s", a.raw)
		}
	})
}
