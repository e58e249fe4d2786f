package server_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"customerhub/internal/auth"
)

// TestMaxStaleness asks for newer values than the hub has, of a system that nobody works on: the answer comes all the same, and says
// what is older.
func TestMaxStaleness(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 2)
	owner := func(sql string) {
		t.Helper()
		if _, err := b.db.Owner.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	owner(`UPDATE system SET state = 'PAUSED', fresh_at = '2026-01-02T10:00:00.5Z'`)
	const query = `query ($age: Int) {
		customer(by: {number: "1001"}, maxStaleness: $age) { name links { freshAsOf externalId system { id name } } }
		other: customer(by: {number: "1002"}, maxStaleness: $age) { name }
		nobody: customer(by: {number: "4711"}, maxStaleness: $age) { name }
	}`
	type record struct {
		Code, ExternalID, Why string
		Path                  []string
		System                struct{ ID, Kind, Name string }
		Since, NextTryAt      *time.Time
	}
	stale := func(a answer) map[string]record {
		t.Helper()
		var out struct{ Extensions struct{ Stale []record } }
		if err := json.Unmarshal([]byte(a.raw), &out); err != nil {
			t.Fatal(err)
		}
		of := make(map[string]record)
		for _, r := range out.Extensions.Stale {
			of[strings.Join(r.Path, ".")] = r
		}
		if len(of) != len(out.Extensions.Stale) {
			t.Errorf("something is told twice: %s", a.raw)
		}
		return of
	}
	t.Run("StaleIsSaidBesideTheData", func(t *testing.T) {
		a := b.do(query, vars{"age": 60})
		if a.text("customer", "name") == "" || a.text("other", "name") == "" || a.at("nobody") != nil {
			t.Errorf("no data: %s", a.raw)
		}
		of := stale(a)
		r := of["customer"]
		if len(of) != 2 || r.Code != "STALE" || r.Why != "SYSTEM_NOT_RUNNING" || of["other"].Code != "STALE" || r.NextTryAt != nil {
			t.Errorf("got %+v of %s", of, a.raw)
		}
		link := a.at("customer", "links", 0).(map[string]any)
		if r.ExternalID != link["externalId"] || r.System.ID != a.text("customer", "links", 0, "system", "id") || r.System.Name != a.text("customer", "links", 0, "system", "name") {
			t.Errorf("got %+v of %s", r, a.raw)
		}
		if r.Since == nil || r.Since.Format(time.RFC3339Nano) != "2026-01-02T10:00:00.5Z" {
			t.Errorf("since %v", r.Since)
		}
	})
	t.Run("AValueIsAsNewAsTheRecordThatItCameFrom", func(t *testing.T) {
		b.do(`mutation($id: ID!) { updateCustomer(input: {id: $id, patch: {email: "uusi@example.test"}}) { userErrors { message } } }`, vars{"id": b.customerID("1002")})
		a := b.do(`{ customer(by: {number: "1002"}) { provenance { field freshAsOf source { kind } } } }`, nil)
		told := map[any]int{}
		for i := range a.len("customer", "provenance") {
			kind, as := a.text("customer", "provenance", i, "source", "kind"), a.at("customer", "provenance", i, "freshAsOf")
			told[kind]++
			if (kind == "SYSTEM") != (as == "2026-01-02T10:00:00.5Z") || kind == "HUB" && as != nil {
				t.Errorf("%s of %s is as of %v", a.text("customer", "provenance", i, "field"), kind, as)
			}
		}
		if told["SYSTEM"] == 0 || told["HUB"] == 0 {
			t.Errorf("got %v", told)
		}
	})
	t.Run("NewEnoughSaysNothing", func(t *testing.T) {
		for _, age := range []any{nil, 1<<31 - 1} {
			if a := b.do(query, vars{"age": age}); strings.Contains(a.raw, "extensions") || a.text("customer", "name") == "" {
				t.Errorf("with %v: %s", age, a.raw)
			}
		}
	})
	t.Run("LessThanNothingIsRefused", func(t *testing.T) {
		if a := b.do(query, vars{"age": -1}); a.code() != "INVALID" || !strings.Contains(a.raw, "maxStaleness") {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("ReadingIsEnoughAndNeeded", func(t *testing.T) {
		if a := b.as(b.newKey([]auth.Scope{auth.SystemsManage}, b.org), query, vars{"age": 0}); a.code() != "FORBIDDEN" || len(stale(a)) != 0 {
			t.Errorf("got %s", a.raw)
		}
		if a := b.as(b.newKey([]auth.Scope{auth.CustomersRead}, b.org), query, vars{"age": 0}); len(a.Errors) != 0 || len(stale(a)) != 2 {
			t.Errorf("got %s", a.raw)
		}
	})
}
