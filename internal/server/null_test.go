package server_test

import (
	"strings"
	"testing"
)

// TestNullWhereAValueIsNeeded gives null for variables that have a default and stand where null may not: the request is
// refused, and neither told as a fault of the hub nor read as if nothing had been asked.
func TestNullWhereAValueIsNeeded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 3)
	one := b.customerID("1001")
	for _, tc := range []struct{ name, query string }{
		{"Include", `query($v: Boolean = true) { customers { nodes { id @include(if: $v) name } } }`},
		{"SkipOfAFragment", `query($v: Boolean = true) { customers { nodes { ...F @skip(if: $v) id } } } fragment F on Customer { name }`},
		{"InAFragment", `query($v: Language = FI) { customers { nodes { ...F } } } fragment F on Customer { sync(language: $v) { state } }`},
		{"AnID", `query($v: ID = "x") { node(id: $v) { id } }`},
		{"AnElementOfAList", `query($v: RiskClass = LOW) { customers(filter: {kyc: {riskClass: [$v]}}) { totalCount } }`},
		{"AMemberOfAFilter", `query($v: String = "x") { customers(filter: {customField: {key: $v, value: {text: "x"}}}) { totalCount } }`},
		{"AMemberOfAnInput", `mutation($v: CustomerKind = PRIVATE) { createCustomer(input: {kind: $v, name: "X"}) { customer { id } } }`},
		{"AnElementOfAPatch", `mutation($v: String = "a@example.test") { updateCustomer(input: {id: "` + one + `", patch: {billingEmails: [$v]}}) { customer { id } } }`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := b.do(tc.query, vars{"v": nil})
			if a.code() != "GRAPHQL_VALIDATION_FAILED" || !strings.Contains(a.raw, "The variable $v is null, and stands where a ") || strings.Contains(a.raw, `"data"`) {
				t.Errorf("got %s", a.raw)
			}
		})
	}
	t.Run("NothingWasChanged", func(t *testing.T) {
		if a := b.do(`query($id: ID!) { customer(by: {id: $id}) { version billingEmails } }`, vars{"id": one}); a.len("customer", "billingEmails") == 0 {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("WithItsDefaultItIsFine", func(t *testing.T) {
		if a := b.do(`query($v: Boolean = false) { customers(first: 1) { nodes { id @include(if: $v) name } } }`, nil); a.code() != "" || strings.Contains(a.raw, `"id"`) {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("NullStandsWhereItMay", func(t *testing.T) {
		if a := b.do(`query($v: Int = 1) { customers(first: $v) { nodes { id } } }`, vars{"v": nil}); a.len("customers", "nodes") != 3 {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("AnotherOperationOfTheDocumentDoesNotCount", func(t *testing.T) {
		body := `{"query":"query A($v: Boolean) { customers(filter: {kyc: {requiresActions: $v}}) { totalCount } } query B($v: Boolean!) { ...F } fragment F on Query { viewer { scopes @include(if: $v) } __typename }","operationName":"A","variables":{"v":null}}`
		if a := b.post(body, map[string]string{"Authorization": "Bearer " + b.key.Reveal(), "Content-Type": "application/json"}); a.code() != "" {
			t.Errorf("got %s", a.raw)
		}
	})
}
