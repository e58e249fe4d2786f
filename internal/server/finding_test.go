package server_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/finding"
)

const listFindings = `query($f: FindingFilter, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {
	findings(filter: $f, first: $first, after: $after, last: $last, before: $before) { totalCount
		nodes { id code message field externalId raisedAt resolvedAt system { name } customer { number } } edges { cursor node { id } }
		pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`

// TestFindings lists what the seeded system has shown: two findings on one record, of which one is resolved, and one on another.
func TestFindings(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 3)
	badID := finding.Finding{Code: finding.BusinessIDInvalid, Field: customer.FieldBusinessID, Message: "This cannot be right."}
	badCountry := finding.Finding{Code: finding.CountryUnknown, Field: "billingAddress.country", Message: "There is no such country."}
	b.finds("4000", badID, badCountry)
	b.finds("4001", badID)
	b.finds("4000", badCountry) // the business ID of the first is right now
	codes := func(v vars) string {
		t.Helper()
		a := b.do(listFindings, v)
		var out []string
		for i := range a.len("findings", "nodes") {
			out = append(out, a.text("findings", "nodes", i, "externalId")+":"+a.text("findings", "nodes", i, "code"))
		}
		if total, _ := a.at("findings", "totalCount").(float64); len(v) <= 1 && int(total) != len(out) {
			t.Errorf("%v: total %v of %d", v, total, len(out))
		}
		slices.Sort(out)
		return strings.Join(out, " ")
	}
	first := b.customerID("1001")
	sys := b.do(`{ systems { id } }`, nil).text("systems", 0, "id")
	for name, tc := range map[string]struct {
		filter vars
		want   string
	}{
		"All":           {nil, "4000:BUSINESS_ID_INVALID 4000:COUNTRY_UNKNOWN 4001:BUSINESS_ID_INVALID"},
		"Standing":      {vars{"resolved": false}, "4000:COUNTRY_UNKNOWN 4001:BUSINESS_ID_INVALID"},
		"Resolved":      {vars{"resolved": true}, "4000:BUSINESS_ID_INVALID"},
		"Code":          {vars{"code": []string{"COUNTRY_UNKNOWN"}}, "4000:COUNTRY_UNKNOWN"},
		"NoCode":        {vars{"code": []string{}}, ""},
		"Customer":      {vars{"customer": first, "resolved": false}, "4000:COUNTRY_UNKNOWN"},
		"System":        {vars{"system": sys, "code": []string{"BUSINESS_ID_INVALID"}}, "4000:BUSINESS_ID_INVALID 4001:BUSINESS_ID_INVALID"},
		"SinceTomorrow": {vars{"raisedSince": "2999-01-01T00:00:00Z"}, ""},
		"SinceLongAgo":  {vars{"raisedSince": "2020-01-01T00:00:00Z", "resolved": true}, "4000:BUSINESS_ID_INVALID"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := codes(vars{"f": tc.filter}); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
	t.Run("PagesBothWays", func(t *testing.T) {
		whole := b.do(listFindings, vars{})
		var forwards, backwards []string
		for after := any(nil); ; {
			a := b.do(listFindings, vars{"first": 1, "after": after})
			forwards = append(forwards, a.text("findings", "nodes", 0, "id"))
			if a.at("findings", "pageInfo", "hasNextPage") == false {
				break
			}
			after = a.text("findings", "edges", 0, "cursor")
		}
		for before := any(nil); ; {
			a := b.do(listFindings, vars{"last": 1, "before": before})
			backwards = append([]string{a.text("findings", "nodes", 0, "id")}, backwards...)
			if a.at("findings", "pageInfo", "hasPreviousPage") == false {
				break
			}
			before = a.text("findings", "pageInfo", "startCursor")
		}
		var all []string
		for i := range whole.len("findings", "nodes") {
			all = append(all, whole.text("findings", "nodes", i, "id"))
		}
		if len(all) != 3 || !slices.Equal(all, forwards) || !slices.Equal(all, backwards) {
			t.Errorf("whole %v, forwards %v, backwards %v", all, forwards, backwards)
		}
	})
	t.Run("ACustomerNeedsItsOwnScope", func(t *testing.T) {
		key := b.newKey([]auth.Scope{auth.SystemsRead}, b.org)
		a := b.as(key, listFindings, vars{})
		if a.at("findings", "nodes", 0, "customer") != nil || a.text("findings", "nodes", 0, "system", "name") == "" {
			t.Error(a.raw)
		}
	})
	t.Run("WrongInputIsSaid", func(t *testing.T) {
		for want, v := range map[string]vars{
			"A page holds 0 to 200": {"first": 201}, "not a cursor of this list": {"after": "x"}, "between two": {"after": b.do(listFindings, vars{}).text("findings", "edges", 0, "cursor"), "before": b.do(listFindings, vars{}).text("findings", "edges", 2, "cursor")},
			"the id of a System is needed": {"f": vars{"system": first}},
		} {
			if a := b.do(listFindings, v); !strings.Contains(a.raw, want) {
				t.Errorf("%v: %s", v, a.raw)
			}
		}
	})
	t.Run("AreReadAsNodes", func(t *testing.T) {
		id := b.do(listFindings, vars{}).text("findings", "nodes", 0, "id")
		if got := b.do(fmt.Sprintf(`{ node(id: %q) { ... on Finding { id } } }`, id), nil).text("node", "id"); got != id {
			t.Errorf("got %s", got)
		}
	})
}

// TestFindingValues holds that the values that a finding is about show as the customer's own would (design section 8).
func TestFindingValues(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 3)
	fight := func(f customer.Field) finding.Finding {
		return finding.Finding{Code: finding.PingPong, Field: f, Message: "They differ.", HubValue: "hub@example.test", SystemValue: "SYSTEM@EXAMPLE.TEST"}
	}
	b.finds("4000", fight(customer.FieldEmail), fight(customer.FieldName), fight("contact[7].emails"))
	company, err := b.db.Owner.Exec(t.Context(), `UPDATE customer SET kind = 'COMPANY'`)
	if err != nil || company.RowsAffected() == 0 {
		t.Fatal(err)
	}
	const query = `{ findings(filter: {code: [PING_PONG]}) { nodes { field hubValue systemValue } } }`
	shown := func(scopes ...auth.Scope) string {
		a := b.as(b.newKey(scopes, b.org), query, nil)
		var out []string
		for i := range a.len("findings", "nodes") {
			hub, sys := a.at("findings", "nodes", i, "hubValue"), a.at("findings", "nodes", i, "systemValue")
			if (hub == nil) != (sys == nil) || hub != nil && (hub != "hub@example.test" || sys != "SYSTEM@EXAMPLE.TEST") {
				t.Errorf("%v and %v", hub, sys)
			}
			if hub != nil {
				out = append(out, a.text("findings", "nodes", i, "field"))
			}
		}
		slices.Sort(out)
		return strings.Join(out, " ")
	}
	systems, customers, personal := auth.SystemsRead, auth.CustomersRead, auth.PersonalRead
	if got := shown(systems); got != "" {
		t.Errorf("without customers:read: %s", got)
	}
	if got := shown(systems, customers); got != "email name" {
		t.Errorf("of a company: %s", got)
	}
	if _, err := b.db.Owner.Exec(t.Context(), `UPDATE customer SET kind = 'PRIVATE'`); err != nil {
		t.Fatal(err)
	}
	if got := shown(systems, customers); got != "name" {
		t.Errorf("of a private customer: %s", got)
	}
	if got := shown(systems, customers, personal); got != "contact[7].emails email name" {
		t.Errorf("with personal:read: %s", got)
	}
}
