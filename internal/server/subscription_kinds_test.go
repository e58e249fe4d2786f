package server_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/hub"
	"customerhub/internal/merge"
	"customerhub/internal/run"
	"customerhub/internal/system"
)

// nextOf waits for the next event of a subscription and reads the field of its data into out.
func nextOf[T any](s *socket, id, field string) (out T) {
	s.t.Helper()
	m := s.want("next", id)
	var got struct {
		Data   map[string]T
		Errors []any
	}
	if err := json.Unmarshal(m.Payload, &got); err != nil || got.Errors != nil {
		s.t.Fatalf("%v: %s", err, m.Payload)
	}
	return got.Data[field]
}

// finds has the seeded system show findings about one of its records and no others, and numbers the changes.
func (b *bundle) finds(externalID string, findings ...finding.Finding) {
	b.t.Helper()
	_, err := b.hub.TakeIn(b.t.Context(), hub.Taking{
		Organisation: b.org.ID, System: system.ID(uuid(1, 1)), SystemName: "Netvisor, tuotanto",
		Observed: []merge.Observation{{ExternalID: externalID}},
		Plan: func(_ []merge.Observation, known map[string]merge.Known, _ time.Time) []merge.Outcome {
			return []merge.Outcome{{ExternalID: externalID, Action: merge.Unchanged, Customer: known[externalID].Customer, Findings: findings}}
		},
		Also: func(context.Context, pgx.Tx, run.Counts) error { return nil },
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.number()
}

const followKYC = `subscription($f: KycFilter, $a: Cursor) { kycStatusChanged(filter: $f, after: $a) { __typename
	... on CustomerChange { change { sequence cursor kind fields { field after } } customer { name kyc { riskClass } } }
	... on Heartbeat { newestSequence cursor } ... on Lagged { missed cursor } ... on SnapshotRequired { cursor } } }`

func TestKYCStatusChanged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 3)
	here := b.do(`{ changes(first: 100) { endCursor } }`, nil).text("changes", "endCursor")
	dial := func(t *testing.T, f vars) *socket {
		s := openSocket(t, b, nil)
		s.init(b.key)
		v := vars{"a": here}
		if f != nil {
			v["f"] = f
		}
		s.subscribe("1", followKYC, v)
		return s
	}
	all, high, expiring := dial(t, nil), dial(t, vars{"riskClass": []string{"HIGH"}}), dial(t, vars{"expiresBefore": "2027-01-01"})
	low := dial(t, vars{"riskClass": []string{"LOW"}, "requiresActions": true, "anyOf": true})
	at := seededAt.Add(24 * time.Hour)
	says := func(risk customer.RiskClass, expires string) {
		t.Helper()
		at = at.Add(time.Hour)
		b.must(updateCustomer, vars{"id": globalID("Customer", uuid(2, 1)), "patch": vars{"nameExtension": "Muu " + expires}}) // which is none of its business
		b.says(customer.KYC{State: customer.KYCCustomer, RiskClass: risk, RequiresActions: new(false), DueDiligenceExpiresOn: expires, AsOf: at})
	}
	risk := func(t *testing.T, s *socket) string {
		t.Helper()
		e := nextOf[struct {
			Typename string `json:"__typename"`
			Change   struct {
				Kind   string
				Fields []struct{ Field, After string }
			}
		}](s, "1", "kycStatusChanged")
		if e.Typename != "CustomerChange" || e.Change.Kind != "KYC_STATUS_CHANGED" {
			t.Fatalf("got %+v", e)
		}
		for _, f := range e.Change.Fields {
			if f.Field == "kyc.riskClass" {
				return f.After
			}
		}
		return ""
	}
	// Each step is awaited by the follower of all, so that the others are judged by what stands at that step.
	for _, step := range []struct {
		risk    customer.RiskClass
		expires string
		high    bool // the follower of high risk hears of it
		soon    bool // the follower of what expires before 2027 does
		low     bool
	}{
		{customer.RiskHigh, "2026-12-01", true, true, true},  // from low: who follows low risk is told that it left
		{customer.RiskHigh, "2026-12-02", true, true, false}, // still in
		{customer.RiskStandard, "2028-01-01", true, true, false},
		{customer.RiskLow, "2028-02-01", false, false, true},
		{customer.RiskHigh, "2028-03-01", true, false, true},
	} {
		says(step.risk, step.expires)
		for _, f := range []struct {
			name  string
			s     *socket
			hears bool
		}{{"all", all, true}, {"high", high, step.high}, {"expiring", expiring, step.soon}, {"low", low, step.low}} {
			if !f.hears {
				continue // that it hears nothing is shown by what it hears next
			}
			if got := risk(t, f.s); got != string(step.risk) && got != "" {
				t.Errorf("step %+v: the follower of %s hears of %s", step, f.name, got)
			}
		}
	}
	t.Run("AFilterByExpiryNeedsKYCRead", func(t *testing.T) {
		s := openSocket(t, b, nil)
		s.init(b.newKey([]auth.Scope{auth.CustomersRead}, b.org))
		s.subscribe("1", followKYC, vars{"f": vars{"expiresBefore": "2027-01-01"}})
		if m := s.want("error", "1"); !strings.Contains(string(m.Payload), "FORBIDDEN") || !strings.Contains(string(m.Payload), "kyc:read") {
			t.Errorf("got %s", m.Payload)
		}
		s.subscribe("2", followKYC, vars{"f": vars{"riskClass": []string{"HIGH"}}})
		s.want("next", "2") // the heartbeat that it begins with
	})
	t.Run("ADayThatIsNoneIsRefused", func(t *testing.T) {
		s := dial(t, vars{"expiresBefore": "2026-02-30"})
		if m := s.want("error", "1"); !strings.Contains(string(m.Payload), "INVALID") || !strings.Contains(string(m.Payload), "expiresBefore") {
			t.Errorf("got %s", m.Payload)
		}
	})
	t.Run("ACursorThatIsGoneAsksForASnapshot", func(t *testing.T) {
		s := openSocket(t, b, nil)
		s.init(b.key)
		s.subscribe("1", followKYC, vars{"a": "Y2hhbmdlMTo5OTk5OTk"})
		if e := nextOf[changeEvent](s, "1", "kycStatusChanged"); e.Typename != "SnapshotRequired" || e.Cursor == "" {
			t.Errorf("got %+v", e)
		}
		s.want("complete", "1")
	})
}

const followFindings = `subscription($a: Cursor) { findingRaised(after: $a) { __typename
	... on FindingChange { change { sequence cursor kind finding { code } customer { name } } finding { id code message field externalId system { name } customer { name } resolvedAt } }
	... on Heartbeat { newestSequence cursor } ... on Lagged { missed cursor } ... on SnapshotRequired { cursor } } }`

type findingEvent struct {
	Typename string `json:"__typename"`
	Change   struct {
		Sequence int
		Cursor   string
		Kind     string
		Finding  *struct{ Code string }
		Customer *struct{ Name string }
	}
	Finding *struct {
		ID, Code, Message, Field, ExternalID string
		System, Customer                     *struct{ Name string }
		ResolvedAt                           *time.Time
	}
	Cursor string
}

func TestFindingRaised(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 3)
	bad := finding.Finding{Code: finding.BusinessIDInvalid, Field: customer.FieldBusinessID, Message: "This cannot be right."}
	dial := func(t *testing.T, key auth.Key, after string) *socket {
		s := openSocket(t, b, nil)
		s.init(key)
		v := vars{}
		if after != "" {
			v["a"] = after
		}
		s.subscribe("1", followFindings, v)
		return s
	}
	s := dial(t, b.key, "")
	begun := nextOf[findingEvent](s, "1", "findingRaised")
	if begun.Typename != "Heartbeat" || begun.Cursor == "" {
		t.Fatalf("it begins with %+v", begun)
	}
	b.finds("4000", bad)
	raised := nextOf[findingEvent](s, "1", "findingRaised")
	if f := raised.Finding; raised.Change.Kind != "FINDING_RAISED" || f == nil || f.Code != "BUSINESS_ID_INVALID" || f.Field != "businessId" ||
		f.ExternalID != "4000" || f.System == nil || f.Customer == nil || f.Customer.Name != "Yritys 001 Oy" || f.ResolvedAt != nil ||
		raised.Change.Finding == nil || raised.Change.Customer == nil {
		t.Errorf("got %+v, %+v", raised, f)
	}
	t.Run("OneThatStandsIsNoChange", func(t *testing.T) {
		before := b.do(`{ changes { newestSequence } }`, nil).at("changes", "newestSequence")
		b.finds("4000", bad)
		if after := b.do(`{ changes { newestSequence } }`, nil).at("changes", "newestSequence"); after != before {
			t.Errorf("the log went on from %v to %v", before, after)
		}
	})
	b.finds("4000")
	resolved := nextOf[findingEvent](s, "1", "findingRaised")
	if resolved.Change.Kind != "FINDING_RESOLVED" || resolved.Change.Sequence != raised.Change.Sequence+1 || resolved.Finding.ID != raised.Finding.ID || resolved.Finding.ResolvedAt == nil {
		t.Errorf("got %+v", resolved)
	}
	t.Run("ResumesAfterACursor", func(t *testing.T) {
		again := dial(t, b.key, begun.Cursor)
		for _, want := range []string{"FINDING_RAISED", "FINDING_RESOLVED"} {
			if e := nextOf[findingEvent](again, "1", "findingRaised"); e.Change.Kind != want {
				t.Errorf("got %+v", e)
			}
		}
		rest := dial(t, b.key, raised.Change.Cursor)
		if e := nextOf[findingEvent](rest, "1", "findingRaised"); e.Change.Kind != "FINDING_RESOLVED" {
			t.Errorf("got %+v", e)
		}
	})
	t.Run("WhoFollowsTheCustomerHearsOfIt", func(t *testing.T) {
		c := openSocket(t, b, nil)
		c.init(b.key)
		c.subscribe("1", follow, vars{"a": begun.Cursor})
		if e := c.event("1"); e.Change.Kind != "FINDING_RAISED" || e.Customer == nil || e.Customer.Name != "Yritys 001 Oy" || e.Customer.Version != 1 {
			t.Errorf("got %+v", e)
		}
	})
	t.Run("ItNeedsSystemsRead", func(t *testing.T) {
		c := dial(t, b.newKey([]auth.Scope{auth.CustomersRead, auth.FindingsResolve}, b.org), "")
		if m := c.want("error", "1"); !strings.Contains(string(m.Payload), "FORBIDDEN") || !strings.Contains(string(m.Payload), "systems:read") {
			t.Errorf("got %s", m.Payload)
		}
	})
	t.Run("WithoutSystemsReadTheLogNamesNoFinding", func(t *testing.T) {
		const q = `query($a: Cursor) { changes(after: $a, first: 1) { items { kind finding { message } } } }`
		a := b.as(b.newKey([]auth.Scope{auth.CustomersRead}, b.org), q, vars{"a": begun.Cursor})
		if a.text("changes", "items", 0, "kind") != "FINDING_RAISED" || a.at("changes", "items", 0, "finding") != nil {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("ItIsANode", func(t *testing.T) {
		if a := b.do(`query($id: ID!) { node(id: $id) { ... on Finding { code customer { number } } } }`, vars{"id": raised.Finding.ID}); a.text("node", "customer", "number") != "1001" {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("WithoutCustomersReadItNamesNoCustomer", func(t *testing.T) {
		c := dial(t, b.newKey([]auth.Scope{auth.SystemsRead}, b.org), begun.Cursor)
		m := c.want("next", "1")
		if strings.Contains(string(m.Payload), "Yritys") || strings.Contains(string(m.Payload), "errors") {
			t.Errorf("got %s", m.Payload)
		}
	})
}

func TestSystemChanged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 1)
	type state struct {
		ID, Name, State string
		Freshness       *time.Time
	}
	const q = `subscription { systemChanged { id name state freshness } }`
	s := openSocket(t, b, nil)
	s.init(b.key)
	s.subscribe("1", q, nil)
	next := func() state { t.Helper(); return nextOf[state](s, "1", "systemChanged") }
	if got := next(); got.Name != "Netvisor, tuotanto" || got.Freshness != nil {
		t.Errorf("it begins with %+v", got)
	}
	made := b.must(`mutation($input: CreateSystemInput!) { r: createSystem(input: $input) { system { id } userErrors { code message path } } }`, vars{
		"kind": "NETVISOR", "name": "Toinen", "settings": []vars{{"name": "baseUrl", "value": "https://toinen.example.test"}},
	}).text("r", "system", "id")
	if got := next(); got.ID != made || got.State != "DRAFT" {
		t.Errorf("got %+v", got)
	}
	if a, errs := b.mutate(syncNow, vars{"system": globalID("System", uuid(1, 1))}); errs != nil {
		t.Fatal(a.raw)
	}
	claim, work := b.claim(t)
	b.finish(t, claim, work)
	for got := next(); ; got = next() {
		if got.Name != "Netvisor, tuotanto" {
			t.Fatalf("got %+v", got)
		}
		if got.Freshness != nil {
			break // queueing the run moved its next look, which is a change too
		}
	}
	t.Run("NothingComesFromAnotherOrganisation", func(t *testing.T) {
		_, stranger := b.newOrganisation("Vieras Oy", auth.Admin)
		c := openSocket(t, b, nil)
		c.init(stranger)
		c.subscribe("1", q, nil)
		c.started() // the system of the others would have come before
	})
	t.Run("ItNeedsSystemsRead", func(t *testing.T) {
		c := openSocket(t, b, nil)
		c.init(b.newKey([]auth.Scope{auth.CustomersRead}, b.org))
		c.subscribe("1", q, nil)
		if m := c.want("error", "1"); !strings.Contains(string(m.Payload), "systems:read") {
			t.Errorf("got %s", m.Payload)
		}
	})
}
