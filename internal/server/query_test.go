package server_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"customerhub/internal/server"
)

var update = flag.Bool("update", false, "write golden files anew")

// changing are values that differ from run to run. Each is replaced by a name that tells equal ones from different ones.
var changing = map[string]*regexp.Regexp{
	"time":   regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`),
	"uuid":   regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`),
	"opaque": regexp.MustCompile(`"[A-Za-z0-9_-]{24,}"`),
}

func stable(text string) string {
	for _, name := range slices.Sorted(maps.Keys(changing)) {
		seen := map[string]string{}
		text = changing[name].ReplaceAllStringFunc(text, func(v string) string {
			if seen[v] == "" {
				seen[v] = fmt.Sprintf("%s-%d", name, len(seen)+1)
				if v[0] == '"' {
					seen[v] = `"` + seen[v] + `"`
				}
			}
			return seen[v]
		})
	}
	text = regexp.MustCompile(`"month": "\d{4}-\d\d-01"`).ReplaceAllString(text, `"month": "this month"`)
	// Two moments of one row may be one or two.
	return regexp.MustCompile(`time-\d+`).ReplaceAllString(text, "time")
}

// seedBeside stores what an organisation has beside customers: a system that stopped, runs that failed and are under way, findings
// that stand and are resolved, a deletion that was refused, and persons who may be the same.
func (b *bundle) seedBeside() {
	b.t.Helper()
	for _, sql := range []string{
		`INSERT INTO system (organisation_id, id, kind, name, state, settings, poll_every, checks, checked_at, fault_code, fault_message, fault_since, policy)
		VALUES ($1, '` + uuid(1, 2) + `', 'NETVISOR', 'Netvisor, vanha', 'NEEDS_ACTION', '{"baseUrl": "https://vanha.example.test"}', '15 minutes',
			'[{"name": "customerlist.nv", "ok": false, "message": "Not allowed.", "fix": "The administrator of Netvisor grants it."}]', now(),
			'DENIED', 'The credentials were refused.', now(), '{"direction": "BOTH", "groups": {"einvoice": {"direction": "IN", "master": "HUB"}}}')`,
		`INSERT INTO inbound_endpoint (organisation_id, id, system_id, secret, previous_secret, previous_until, last_delivery_at, last_refused_at, subscription_at, fault_code, fault_message, fault_since)
		VALUES ($1, '` + uuid(8, 28) + `', '` + uuid(1, 1) + `', 'sealed', 'sealed', now() + interval '1 hour', now(), now(), now(), 'UNAVAILABLE', 'It did not answer.', now())`,
		`INSERT INTO inbound_refusal (organisation_id, endpoint_id, reason, count, last_at)
		VALUES ($1, '` + uuid(8, 28) + `', 'SIGNATURE', 3, now()), ($1, '` + uuid(8, 28) + `', 'TOO_OLD', 1, now())`,
		`INSERT INTO run (organisation_id, id, system_id, kind, state, actor_kind, actor_name, counts, total, done, fault_code, message, sample, created_at, started_at, finished_at)
		VALUES ($1, '` + uuid(9, 1) + `', '` + uuid(1, 1) + `', 'SWEEP', 'FAILED', 'HUB', 'schedule', '{"listed": 9, "read": 8, "created": 1, "updated": 2, "unchanged": 4, "skipped": 1, "failed": 1, "findings": 3}',
			9, 8, 'UNAVAILABLE', 'It answered nonsense.', '<html>', now() - interval '2 hours', now() - interval '2 hours', now() - interval '1 hour')`,
		`INSERT INTO run (organisation_id, id, system_id, kind, state, actor_kind, actor_id, actor_name, created_at)
		VALUES ($1, '` + uuid(9, 2) + `', '` + uuid(1, 1) + `', 'POLL', 'QUEUED', 'API_KEY', '` + uuid(8, 1) + `', 'ylläpito', now() - interval '1 hour')`,
		`INSERT INTO finding (organisation_id, id, code, system_id, customer_id, external_id, field, message, raised_at)
		VALUES ($1, '` + uuid(7, 1) + `', 'BUSINESS_ID_INVALID', '` + uuid(1, 1) + `', '` + uuid(2, 1) + `', '4000', 'businessId', 'This cannot be right.', now() - interval '1 hour')`,
		`INSERT INTO finding (organisation_id, id, code, system_id, external_id, message, raised_at, resolved_at)
		VALUES ($1, '` + uuid(7, 2) + `', 'RECORD_UNREADABLE', '` + uuid(1, 1) + `', '4999', 'It could not be taken.', now() - interval '2 hours', now())`,
		`INSERT INTO person_proposal (organisation_id, id, person_id, other_id, reason) VALUES ($1, '` + uuid(6, 11) + `', '` + uuid(4, 1) + `', '` + uuid(4, 2) + `', 'EMAIL')`,
		`INSERT INTO person_proposal (organisation_id, id, person_id, other_id, reason, raised_at) VALUES ($1, '` + uuid(6, 12) + `', '` + uuid(4, 2) + `', '` + uuid(4, 3) + `', 'PHONE_AND_NAME', now() - interval '1 hour')`,
		`INSERT INTO change (organisation_id, kind, customer_id, change_no, actor_kind, actor_name, origin_system, finding_id)
		SELECT $1, 'FINDING_RAISED', c.id, c.change_no + 1, 'HUB', 'hub', '` + uuid(1, 1) + `', '` + uuid(7, 1) + `' FROM customer c WHERE c.id = '` + uuid(2, 1) + `'`,
		`INSERT INTO run (organisation_id, id, system_id, kind, state, actor_kind, actor_id, actor_name, created_at)
		VALUES ($1, '` + uuid(9, 7) + `', '` + uuid(1, 1) + `', 'PLAN', 'SUCCEEDED', 'API_KEY', '` + uuid(8, 1) + `', 'ylläpito', now() - interval '3 days')`,
		`INSERT INTO plan (organisation_id, id, system_id, mode, state, counts, actor_kind, actor_id, actor_name, approved_by, approved_at, note, apply_run)
		VALUES ($1, '` + uuid(9, 7) + `', '` + uuid(1, 1) + `', 'BOTH', 'APPLIED', '{"link": 1, "create": 1, "collide": 1, "unchanged": 7, "executed": 2, "skipped": 1}',
			'API_KEY', '` + uuid(8, 1) + `', 'ylläpito', 'Aino Malli', now(), 'Katsottu.', '` + uuid(9, 7) + `')`,
		`INSERT INTO plan_step (organisation_id, plan_id, place, action, side, external_id, customer_id, number, business_id, name, reason, changes, result, why) VALUES
		($1, '` + uuid(9, 7) + `', 1, 'LINK', 'HUB', '4000', '` + uuid(2, 1) + `', '1001', '1572860-0', 'Yritys Oy', 'They are one.',
			'[{"field": "name", "where": "HUB", "before": "Yritys", "after": "Yritys Oy"}, {"field": "email", "where": "SYSTEM", "after": "info@example.test"}]', 'SKIPPED', 'It changed.'),
		($1, '` + uuid(9, 7) + `', 2, 'COLLIDE', 'HUB', '4998', '` + uuid(2, 2) + `', '1002', '', 'Muu Oy', 'The number of another.', '[]', 'EXECUTED', ''),
		($1, '` + uuid(9, 7) + `', 3, 'CREATE', 'HUB', '4999', NULL, '1099', '', 'Uusi Oy', 'It is new.', '[]', '', '')`,
		`INSERT INTO run (organisation_id, id, system_id, kind, state, actor_kind, actor_id, actor_name, total, done, created_at)
		VALUES ($1, '` + uuid(9, 9) + `', '` + uuid(1, 1) + `', 'UNDO', 'SUCCEEDED', 'API_KEY', '` + uuid(8, 1) + `', 'ylläpito', 1, 1, now() - interval '80 hours')`,
		`INSERT INTO undo (organisation_id, id, run_id, dry_run, reason) VALUES ($1, '` + uuid(9, 9) + `', '` + uuid(9, 1) + `', false, 'Väärä yritys.')`,
		`INSERT INTO undo_item (organisation_id, undo_id, place, nth, subject, customer_id, number, name, field, before, after, system_id, external_id, flows, verdict, changed_by, changed_at) VALUES
		($1, '` + uuid(9, 9) + `', 1, 1, 'FIELD', '` + uuid(2, 1) + `', '1001', 'Yritys Oy', 'name', 'Yritys Oy', 'Yritys', NULL, '', '{"to": ["` + uuid(1, 1) + `"], "stay": ["` + uuid(1, 2) + `"]}', 'RETURNS', '', NULL),
		($1, '` + uuid(9, 9) + `', 1, 2, 'FIELD', '` + uuid(2, 1) + `', '1001', 'Yritys Oy', 'phone', '09 1', '09 2', NULL, '', '{}', 'CHANGED_SINCE', 'Aino Malli', '2026-03-02T12:00:00Z'),
		($1, '` + uuid(9, 9) + `', 1, 3, 'RECORD', '` + uuid(2, 1) + `', '1001', 'Yritys Oy', '', '', '', '` + uuid(1, 1) + `', '4000', '{}', 'LINK_STAYS', '', NULL)`,
		`INSERT INTO run (organisation_id, id, system_id, kind, state, actor_kind, actor_name, created_at)
		VALUES ($1, '` + uuid(9, 8) + `', '` + uuid(1, 1) + `', 'SWEEP', 'SUCCEEDED', 'HUB', 'hub', now() - interval '4 days')`,
		`INSERT INTO plan (organisation_id, id, purpose, system_id, mode, state, counts, actor_kind, actor_name)
		VALUES ($1, '` + uuid(9, 8) + `', 'CERTIFICATE', '` + uuid(1, 1) + `', 'BOTH', 'APPLIED', '{"update": 1, "missing": 1, "unchanged": 6, "executed": 1}', 'HUB', 'hub')`,
		`INSERT INTO plan_step (organisation_id, plan_id, place, action, side, external_id, customer_id, reason, result) VALUES
		($1, '` + uuid(9, 8) + `', 1, 'UPDATE', 'SYSTEM', '4000', '` + uuid(2, 1) + `', 'They are linked, and differ.', 'EXECUTED'),
		($1, '` + uuid(9, 8) + `', 9, 'MISSING', 'SYSTEM', '4001', '` + uuid(2, 2) + `', 'The record is not in the list.', '')`,
		`UPDATE system SET activation = '{"stage": "VERIFICATION_FAILED", "checks": [{"name": "netvisor", "ok": false, "message": "The key was refused.", "fix": "Enter it again."}],
			"checkedAt": "2026-11-20T08:00:00Z", "started": "2026-11-20T08:01:00Z", "finished": "2026-11-20T08:02:00Z", "created": 4, "skippedNoContact": 2, "failed": 1,
			"asOf": "2026-11-20T08:03:00Z"}' WHERE organisation_id = $1 AND id = '` + uuid(1, 2) + `'`,
		`UPDATE kyc_status SET stage = 'ASSESSED', person = '{"firstName": "Aino", "lastName": "Malli", "email": "aino@example.test", "phone": "040 123 4567", "language": "fi"}'
			WHERE organisation_id = $1`,
		`UPDATE finding SET hub_value = '1572860-1', system_value = '1572860-2' WHERE organisation_id = $1 AND id = '` + uuid(7, 1) + `'`,
		`INSERT INTO deletion (organisation_id, id, link_id, asked_by, reason, state, message, asked_at, ended_at)
		VALUES ($1, '` + uuid(7, 21) + `', '` + uuid(5, 1) + `', 'Aino Malli', 'Kahteen kertaan', 'REFUSED', 'INVALID_DATA :: The customer has invoices', now() - interval '1 hour', now())`,
		`UPDATE customer SET change_no = change_no + 1 WHERE organisation_id = $1 AND id = '` + uuid(2, 1) + `'`,
		`UPDATE system SET report_email = 'virheet@example.test', report_language = 'SV' WHERE organisation_id = $1 AND id = '` + uuid(1, 1) + `'`,
		`INSERT INTO error_report (organisation_id, recipient, sent_at, next_at, attempt, fault_code, fault_message, fault_since)
		VALUES ($1, 'virheet@example.test', now() - interval '1 day', now() + interval '1 hour', 1, 'REJECTED', 'The mail server refuses mail to this address (550 5.1.1).', now())`,
		// Customers came in on one day of the past, and what was said of them the day after.
		`UPDATE change SET at = '2020-01-01T12:00:00Z' WHERE organisation_id = $1 AND kind = 'CUSTOMER_CREATED'`,
		`UPDATE kyc_status SET recorded_at = '2020-01-02T12:00:00Z' WHERE organisation_id = $1`,
	} {
		if _, err := b.db.Owner.Exec(b.t.Context(), sql, b.org.ID); err != nil {
			b.t.Fatalf("%v: %s", err, sql)
		}
	}
	b.number()
}

func pretty(t *testing.T, raw string) string {
	t.Helper()
	var out bytes.Buffer // keeps the order of the members
	if err := json.Indent(&out, []byte(raw), "", "  "); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	return out.String() + "\n"
}

// TestGolden asks each document of testdata and compares the answer with the file beside it.
func TestGolden(t *testing.T) {
	t.Parallel()
	b := setup(t, today(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)), options(func(o *server.Options) { o.Introspection = true }))
	b.seed(b.org.ID, 4)
	b.seedBeside()
	documents, err := filepath.Glob("testdata/*.graphql")
	if err != nil || len(documents) == 0 {
		t.Fatal("no documents", err)
	}
	v := vars{
		"afterChange":     b.do(`{ changes(first: 1) { endCursor } }`, nil).text("changes", "endCursor"),
		"firstByName":     b.do(`{ customers(first: 1) { edges { cursor } } }`, nil).text("customers", "edges", 0, "cursor"),
		"firstByLastName": b.do(`{ people(first: 1) { edges { cursor } } }`, nil).text("people", "edges", 0, "cursor"),
		"newestRun":       b.do(`{ runs(first: 1) { edges { cursor } } }`, nil).text("runs", "edges", 0, "cursor"),
		"newestFinding":   b.do(`{ findings(first: 1) { edges { cursor } } }`, nil).text("findings", "edges", 0, "cursor"),
		"firstStep":       b.do(`query($s: ID!) { plans(system: $s) { steps(first: 1) { edges { cursor } } } }`, vars{"s": globalID("System", uuid(1, 1))}).text("plans", 0, "steps", "edges", 0, "cursor"),
		"firstItem":       b.do(`{ runs(filter: { kind: UNDO }) { nodes { undo { items(first: 1) { edges { cursor } } } } } }`, nil).text("runs", "nodes", 0, "undo", "items", "edges", 0, "cursor"),
		"firstDifference": b.do(`query($s: ID!) { certificates(system: $s) { differences(first: 1) { edges { cursor } } } }`, vars{"s": globalID("System", uuid(1, 1))}).text("certificates", 0, "differences", "edges", 0, "cursor"),
		"newestPair":      b.do(`{ personProposals(first: 1) { edges { cursor } } }`, nil).text("personProposals", "edges", 0, "cursor"),
		"newestWord":      b.do(`{ customer(by: {number: "1001"}) { kyc { history(first: 1) { endCursor } } } }`, nil).text("customer", "kyc", "history", "endCursor"),
		"customer":        globalID("Customer", uuid(2, 1)), "other": globalID("Customer", uuid(2, 2)), "private": globalID("Customer", uuid(2, 3)), "system": globalID("System", uuid(1, 1)),
		"ids": []string{
			globalID("Customer", uuid(2, 1)), globalID("Office", uuid(3, 1)), globalID("Person", uuid(4, 1)),
			globalID("Link", uuid(5, 1)), globalID("System", uuid(1, 1)), globalID("Customer", uuid(2, 999)),
		},
	}
	for _, file := range documents {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".graphql"), func(t *testing.T) {
			doc, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			used := vars{}
			for name, value := range v {
				if strings.Contains(string(doc), "$"+name+":") {
					used[name] = value
				}
			}
			got := stable(pretty(t, b.do(string(doc), used).raw))
			golden(t, strings.TrimSuffix(file, ".graphql")+".json", got)
		})
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 11)
	const list = `query($f: Int, $a: Cursor, $l: Int, $b: Cursor, $o: CustomerOrder) {
		customers(first: $f, after: $a, last: $l, before: $b, orderBy: $o) {
			nodes { number } edges { cursor node { number } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`
	numbers := func(a answer) (out []string) {
		for i := range a.len("customers", "edges") {
			n := a.text("customers", "edges", i, "node", "number")
			if n != a.text("customers", "nodes", i, "number") {
				t.Errorf("nodes and edges differ: %s", a.raw)
			}
			out = append(out, n)
		}
		return out
	}
	var want []string
	for i := range 11 {
		want = append(want, fmt.Sprint(1001+i))
	}

	t.Run("ForwardsEveryCustomerOnceInOrder", func(t *testing.T) {
		var got []string
		v := vars{"f": 4, "o": "NUMBER_ASC"}
		for range 5 {
			a := b.do(list, v)
			got = append(got, numbers(a)...)
			if a.at("customers", "pageInfo", "hasPreviousPage") != (v["a"] != nil) {
				t.Errorf("hasPreviousPage is wrong: %s", a.raw)
			}
			if a.at("customers", "pageInfo", "hasNextPage") == false {
				break
			}
			v["a"] = a.text("customers", "pageInfo", "endCursor")
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %v", got)
		}
	})
	t.Run("BackwardsEveryCustomerOnceInOrder", func(t *testing.T) {
		var got []string
		v := vars{"l": 4, "o": "NUMBER_ASC"}
		for range 5 {
			a := b.do(list, v)
			got = append(numbers(a), got...)
			if a.at("customers", "pageInfo", "hasPreviousPage") == false {
				break
			}
			v["b"] = a.text("customers", "pageInfo", "startCursor")
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %v", got)
		}
	})
	t.Run("DescendingIsTheReverse", func(t *testing.T) {
		got := numbers(b.do(list, vars{"o": "NUMBER_DESC"}))
		slices.Reverse(got)
		if !slices.Equal(got, want) {
			t.Errorf("got %v", got)
		}
	})
	t.Run("TotalIsCountedOnlyOnDemand", func(t *testing.T) {
		b.count.take()
		b.do(`{ customers(first: 1) { nodes { id } } }`, nil)
		without := len(b.count.take())
		a := b.do(`{ customers(first: 1) { totalCount } }`, nil)
		if with := len(b.count.take()); with != without+1 {
			t.Errorf("%d statements with the total, %d without", with, without)
		}
		if n := a.at("customers", "totalCount"); n != 11.0 {
			t.Errorf("total is %v", n)
		}
	})
	for _, tc := range []struct {
		name     string
		v        vars
		argument string
	}{
		{"MoreThan200IsRefused", vars{"f": 201}, "first"},
		{"MoreThan200BackwardsIsRefused", vars{"l": 201}, "last"},
		{"NegativeIsRefused", vars{"f": -1}, "first"},
		{"FirstAndLastAreRefused", vars{"f": 1, "l": 1}, "first"},
		{"ACursorThatIsNoneIsRefused", vars{"a": "nonsense"}, "after"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := b.do(list, tc.v)
			if a.code() != "INVALID" || fmt.Sprint(a.Errors[0].Extensions["argument"]) != "["+tc.argument+"]" {
				t.Errorf("got %s", a.raw)
			}
		})
	}
	t.Run("ACursorOfAnotherOrderIsRefused", func(t *testing.T) {
		cursor := b.do(list, vars{"f": 1, "o": "NAME_ASC"}).text("customers", "pageInfo", "endCursor")
		if a := b.do(list, vars{"f": 1, "o": "NUMBER_ASC", "a": cursor}); a.code() != "INVALID" {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("ChangesArePagedWithoutGaps", func(t *testing.T) {
		const log = `query($a: Cursor) { changes(first: 4, after: $a) { items { sequence cursor } endCursor hasMore newestSequence } }`
		v, next := vars{}, 1.0
		for range 10 {
			a := b.do(log, v)
			for i := range a.len("changes", "items") {
				if got := a.at("changes", "items", i, "sequence"); got != next {
					t.Errorf("sequence %v, want %v", got, next)
				}
				next++
			}
			v["a"] = a.text("changes", "endCursor")
			if a.at("changes", "hasMore") == false {
				break
			}
		}
		if next != 12 {
			t.Errorf("ended before %v", next)
		}
	})
}

// TestStatements proves that lists run the same statements whatever their length, at any depth.
func TestStatements(t *testing.T) {
	// Not parallel, and with loaders that wait longer than in life: a busy machine tears a level apart, which costs a
	// statement more. The smallest of some counts is what the execution needs; a statement per row would be in all of them.
	b := setup(t, waiting(80*time.Millisecond))
	b.seed(b.org.ID, 50)
	count := func(query string, v vars) int {
		b.count.take()
		b.do(query, v).at()
		return len(b.count.take())
	}
	equal := func(t *testing.T, few, many string, of, ofMany vars) {
		t.Helper()
		one, all := count(few, of), count(many, ofMany)
		for range 5 {
			if one == all {
				break
			}
			one, all = min(one, count(few, of)), min(all, count(many, ofMany))
		}
		if one != all || one == 0 {
			t.Errorf("%d statements for few, %d for many", one, all)
		}
	}
	const everything = `id number addresses { city } offices { name customer { name links { externalId } } } einvoiceAddresses { address office { name } }
		contacts { title office { name } customer { name } person { lastName customers { title office { name } customer { name addresses { city } } } } }
		links { externalId system { name lastRun { state } } customer { name } }
		customFields { key text definition { key labels { text } system { name } } } responsible { name system { name } }
		kyc { state notes asOf isOverdue history(first: 2) { items { state } } } provenance { field value source { system { name } } alternatives { value source { system { name } } } }
		changes(first: 3) { items { sequence customer { name } origin { system { name lastRun { state } } } } }`
	for _, tc := range []struct{ name, one, many string }{
		{"Customers", `{ customers(first: 1, orderBy: NUMBER_ASC) { totalCount nodes { ` + everything + ` } } }`, `{ customers(first: 50, orderBy: NUMBER_ASC) { totalCount nodes { ` + everything + ` } } }`},
		{"Edges", `{ customers(first: 1, orderBy: NUMBER_ASC) { edges { cursor node { ` + everything + ` } } } }`, `{ customers(first: 50, orderBy: NUMBER_ASC) { edges { cursor node { ` + everything + ` } } } }`},
		{"Changes", `{ changes(first: 1) { items { customer { ` + everything + ` } } } }`, `{ changes(first: 50) { items { customer { ` + everything + ` } } } }`},
	} {
		t.Run(tc.name+"RunNoStatementPerRow", func(t *testing.T) {
			equal(t, tc.one, tc.many, nil, nil)
		})
	}
	t.Run("NodesRunOneReadPerType", func(t *testing.T) {
		var few, all []string
		for i := range 50 {
			all = append(all, globalID("Customer", uuid(2, i+1)), globalID("Person", uuid(4, i+1)))
		}
		few = all[:2]
		const q = `query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Customer { name offices { name } } ... on Person { lastName } } }`
		equal(t, q, q, vars{"ids": few}, vars{"ids": all})
	})
	t.Run("OnlyWhatIsSelectedIsFetched", func(t *testing.T) {
		b.count.take()
		b.do(`{ customers { nodes { name } } }`, nil).at()
		plain := len(b.count.take())
		b.do(`query($no: Boolean = false) { customers { nodes { name ...f @include(if: $no) } } } fragment f on Customer { offices { name } }`, nil).at()
		if skipped := len(b.count.take()); skipped != plain {
			t.Errorf("%d statements with a relation left out by @include, %d without it", skipped, plain)
		}
		b.do(`{ customers { nodes { ...f } } } fragment f on Customer { ...g } fragment g on Customer { offices { name } }`, nil).at()
		if deep := len(b.count.take()); deep != plain+1 {
			t.Errorf("%d statements with a relation inside fragments, %d without it", deep, plain)
		}
	})
}

func TestLookups(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 4)
	const find = `query($by: CustomerLookup!) { customer(by: $by) { number } }`
	for _, tc := range []struct {
		name string
		by   vars
		want string // a number, or the code of an error
	}{
		{"ByID", vars{"id": globalID("Customer", uuid(2, 2))}, "1002"},
		{"R102_ByNumber", vars{"number": "1003"}, "1003"},
		{"R102_ByExternalRecord", vars{"external": vars{"system": globalID("System", uuid(1, 1)), "externalId": "4001"}}, "1002"},
		{"AnUnknownNumberIsNull", vars{"number": "99999"}, ""},
		{"AnUnknownIDIsNull", vars{"id": globalID("Customer", uuid(2, 999))}, ""},
		{"SeveralAreAmbiguous", vars{"businessId": "1572860-0"}, "AMBIGUOUS"},
		{"NoneGivenIsRefused", vars{}, "INVALID"},
		{"TwoGivenAreRefused", vars{"number": "1003", "businessId": "1572860-0"}, "INVALID"},
		{"AnIDOfAnotherTypeIsRefused", vars{"id": globalID("System", uuid(1, 1))}, "NOT_FOUND"},
		{"AnIDThatIsNoneIsRefused", vars{"id": "1"}, "NOT_FOUND"},
		{"ABusinessIDThatIsANumberIsRefused", vars{"businessId": 15728600}, "INVALID"},
		{"AnEmptyNumberIsRefused", vars{"number": " "}, "INVALID"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := b.do(find, vars{"by": tc.by})
			if a.code() != "" {
				if a.code() != tc.want {
					t.Errorf("got %s", a.raw)
				}
				return
			}
			if got := a.at("customer"); (got == nil) != (tc.want == "") || got != nil && a.text("customer", "number") != tc.want {
				t.Errorf("got %s", a.raw)
			}
		})
	}
	t.Run("AmbiguousNamesTheCandidates", func(t *testing.T) {
		a := b.do(find, vars{"by": vars{"businessId": "1572860-0"}})
		got, _ := a.Errors[0].Extensions["candidates"].([]any)
		want := []any{globalID("Customer", uuid(2, 1)), globalID("Customer", uuid(2, 2)), globalID("Customer", uuid(2, 4))}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("(-want +got)\n%s", d)
		}
	})
	t.Run("ABusinessIDWrittenAsANumberInTheDocumentIsRefused", func(t *testing.T) {
		if a := b.do(`{ customer(by: {businessId: 15728600}) { number } }`, nil); a.code() != "INVALID" {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("MoreThan200NodesAreRefused", func(t *testing.T) {
		ids := slices.Repeat([]string{globalID("Customer", uuid(2, 1))}, 201)
		a := b.do(`query($ids: [ID!]!) { nodes(ids: $ids) { id } }`, vars{"ids": ids})
		if a.code() != "INVALID" || !strings.Contains(a.Errors[0].Message, "200") {
			t.Errorf("got %s", a.raw)
		}
	})
}
