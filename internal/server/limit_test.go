package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestHostileDocuments asks what is meant to be expensive. Each answer has to be a refusal, and a quick one.
func TestHostileDocuments(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 3)
	chain := func(n int, join string) string {
		var s strings.Builder
		s.WriteString("{ customers { nodes { ...f0 } } }")
		for i := range n {
			fmt.Fprintf(&s, " fragment f%d on Customer { %s }", i, strings.ReplaceAll(join, "NEXT", fmt.Sprintf("...f%d", i+1)))
		}
		fmt.Fprintf(&s, " fragment f%d on Customer { id }", n)
		return s.String()
	}
	numbered := func(n int, f string) string {
		var s strings.Builder
		for i := range n {
			s.WriteString(strings.ReplaceAll(f, "N", fmt.Sprint(i)))
		}
		return s.String()
	}
	for _, tc := range []struct{ name, query, code string }{
		{"ALongDocument", "{ __typename #" + strings.Repeat("x", 70<<10) + "\n}", "LIMIT_EXCEEDED"},
		{"ManyTokens", "{ " + strings.Repeat("__typename ", 5000) + "}", "LIMIT_EXCEEDED"},
		{"ManyDirectives", "{ __typename " + strings.Repeat("@a ", 5000) + "}", "LIMIT_EXCEEDED"},
		{"ManyOperations", numbered(21, "query qN { __typename } "), "LIMIT_EXCEEDED"},
		{"ManyAliases", "{ viewer { " + numbered(101, "aN: scopes ") + "} }", "LIMIT_EXCEEDED"},
		{"ManyRootFields", "{ " + numbered(21, "qN: __typename ") + "}", "LIMIT_EXCEEDED"},
		{"ManyRootFieldsInFragments", "{ ...f ...g } fragment f on Query { " + numbered(11, "aN: __typename ") + "} fragment g on Query { " + numbered(11, "bN: __typename ") + "}", "LIMIT_EXCEEDED"},
		{"DeepNesting", "{ customers { nodes { " + strings.Repeat("offices { customer { ", 8) + "id" + strings.Repeat(" } }", 8) + " } } }", "LIMIT_EXCEEDED"},
		{"DeepNestingThroughFragments", chain(10, "offices { customer { NEXT } }"), "LIMIT_EXCEEDED"},
		{"FragmentsThatMultiply", chain(24, "NEXT ... on Customer { NEXT }"), "LIMIT_EXCEEDED"},
		{"FragmentsInACircle", "{ customers { nodes { ...f } } } fragment f on Customer { ...g } fragment g on Customer { ...f }", "GRAPHQL_VALIDATION_FAILED"},
		{"AFragmentThatHoldsItself", "{ customers { nodes { ...f } } } fragment f on Customer { offices { customer { ...f } } }", "GRAPHQL_VALIDATION_FAILED"},
		{"PagesInPages", "{ customers(first: 200) { nodes { changes(first: 200) { items { customer { name number email } } } } } }", "LIMIT_EXCEEDED"},
		{"PagesInPagesThroughFragments", "{ customers(first: 200) { nodes { ...f } } } fragment f on Customer { changes(first: 200) { items { customer { name number email } } } }", "LIMIT_EXCEEDED"},
		{"ManyOverlappingFields", "{ customers { nodes { " + strings.Repeat("name number ", 950) + "} } }", ""},
		{"ManyOverlappingObjects", "{ customers { nodes { " + strings.Repeat("offices { name address { city } } ", 180) + "} } }", ""},
		{"ManyOverlappingConnections", "{ " + strings.Repeat("customers { nodes { id } } ", 20) + "}", ""},
		{"TypenameOfASubscription", "subscription { __typename }", "GRAPHQL_VALIDATION_FAILED"},
		{"ANumberBeyondAll", "{ customers(first: 99999999999999999999999999) { nodes { id } } }", "GRAPHQL_VALIDATION_FAILED"},
		{"ABigNumber", "{ customers(first: 9999999999) { nodes { id } } }", "INVALID"},
		{"AnUnknownDirective", "{ __typename @nothing }", "GRAPHQL_VALIDATION_FAILED"},
		{"SeveralFieldsInASubscription", "subscription { a: customerChanged { __typename } b: customerChanged { __typename } }", "GRAPHQL_VALIDATION_FAILED"},
		{"ManyWrongFields", "{ " + numbered(19, "nopeN ") + "viewer { " + numbered(800, "wrongN ") + "} }", "GRAPHQL_VALIDATION_FAILED"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			began := time.Now()
			a := b.do(tc.query, nil)
			took := time.Since(began)
			if a.code() != tc.code {
				t.Errorf("%d %.300s", a.status, a.raw)
			}
			if tc.code == "LIMIT_EXCEEDED" && (a.status != 400 || a.Errors[0].Extensions["limit"] == nil) {
				t.Errorf("%d %.300s", a.status, a.raw)
			}
			if took > 2*time.Second {
				t.Errorf("it took %v", took)
			}
			if len(a.raw) > 20_000 {
				t.Errorf("the answer has %d bytes", len(a.raw))
			}
		})
	}
	t.Run("VariablesCountTowardsTheCost", func(t *testing.T) {
		const q = `query($n: Int) { customers(first: $n) { nodes { changes(first: $n) { items { sequence kind at } } } } }`
		if a := b.do(q, vars{"n": 200}); a.code() != "LIMIT_EXCEEDED" {
			t.Errorf("got %.300s", a.raw)
		}
		if a := b.do(q, vars{"n": 20}); a.code() != "" {
			t.Errorf("got %.300s", a.raw)
		}
	})
	t.Run("TheBiggestPageOfUsualCustomersIsAffordable", func(t *testing.T) {
		a := b.do(`{ customers(first: 200) { nodes { id version number name kind status email phone { raw e164 } billingEmails
			addresses { kind name line1 line2 postcode city country } offices { name identifier address { line1 postcode city } einvoice { address operator } }
			contacts { roles title person { firstName lastName emails phones { raw } } } links { externalId state system { name } } } } }`, nil)
		if a.code() != "" {
			t.Errorf("got %.300s", a.raw)
		}
	})
}
