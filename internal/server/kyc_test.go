package server_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/link"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

const dueDiligence = `query($id: ID!) { customer(by: {id: $id}) { kyc {
	state riskClass requiresActions requiresActionsReasons latestRiskAssessmentOn dueDiligenceExpiresOn isOverdue notes asOf masked } } }`

// says has the due-diligence service say something of the first seeded customer, and numbers the change.
func (b *bundle) says(k customer.KYC) {
	b.t.Helper()
	if _, err := b.hub.RecordKYC(b.t.Context(), b.org.ID, system.System{ID: system.ID(uuid(1, 1)), Name: "KYC"}, customer.ID(uuid(2, 1)), k); err != nil {
		b.t.Fatal(err)
	}
	b.number()
}

func TestDueDiligence(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 3)
	id, silent := globalID("Customer", uuid(2, 1)), globalID("Customer", uuid(2, 2))
	b.says(customer.KYC{
		State: customer.KYCCustomer, RiskClass: customer.RiskHigh, RequiresActions: new(true), RequiresActionsReasons: []string{"Kanarialintu"},
		LatestRiskAssessmentOn: "2026-10-01", DueDiligenceExpiresOn: "2027-10-01", Notes: "Salainen kanarialintu", AsOf: seededAt.Add(24 * time.Hour),
	})
	reader := b.newKey([]auth.Scope{auth.CustomersRead, auth.PersonalRead, auth.SystemsRead}, b.org)

	t.Run("TheNewestIsTheStatus", func(t *testing.T) {
		a := b.do(dueDiligence, vars{"id": id})
		if a.text("customer", "kyc", "riskClass") != "HIGH" || a.text("customer", "kyc", "dueDiligenceExpiresOn") != "2027-10-01" || a.text("customer", "kyc", "notes") == "" || a.at("customer", "kyc", "masked") != false {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("TheHistoryIsPaged", func(t *testing.T) {
		const q = `query($id: ID!, $a: Cursor) { customer(by: {id: $id}) { kyc { history(first: 2, after: $a) { items { riskClass cursor } endCursor hasMore } } } }`
		first := b.do(q, vars{"id": id})
		if first.text("customer", "kyc", "history", "items", 0, "riskClass") != "HIGH" || first.text("customer", "kyc", "history", "items", 1, "riskClass") != "LOW" || first.at("customer", "kyc", "history", "hasMore") != true {
			t.Fatal(first.raw)
		}
		rest := b.do(q, vars{"id": id, "a": first.text("customer", "kyc", "history", "endCursor")})
		if rest.len("customer", "kyc", "history", "items") != 1 || rest.text("customer", "kyc", "history", "items", 0, "riskClass") != "STANDARD" || rest.at("customer", "kyc", "history", "hasMore") != false {
			t.Errorf("got %s", rest.raw)
		}
		for _, after := range []string{"nonsense", b.do(`{ customers(first: 1) { pageInfo { endCursor } } }`, nil).text("customers", "pageInfo", "endCursor")} {
			if a := b.do(q, vars{"id": id, "a": after}); a.code() != "INVALID" {
				t.Errorf("after %q: %s", after, a.raw)
			}
		}
	})
	t.Run("WithoutTheScopeTheRestIsNull", func(t *testing.T) {
		a := b.as(reader, dueDiligence, vars{"id": id})
		k, _ := a.at("customer", "kyc").(map[string]any)
		for _, open := range []string{"state", "riskClass", "requiresActions"} {
			if k[open] == nil {
				t.Errorf("%s is left out: %s", open, a.raw)
			}
		}
		for _, hidden := range []string{"latestRiskAssessmentOn", "dueDiligenceExpiresOn", "isOverdue", "notes", "asOf"} {
			if k[hidden] != nil {
				t.Errorf("%s is shown: %s", hidden, a.raw)
			}
		}
		if k["masked"] != true || a.len("customer", "kyc", "requiresActionsReasons") != 0 {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("HistoryNeedsTheScope", func(t *testing.T) {
		a := b.as(reader, `query($id: ID!) { customer(by: {id: $id}) { kyc { history { hasMore } } } }`, vars{"id": id})
		if a.code() != "FORBIDDEN" || a.Errors[0].Extensions["scope"] != "kyc:read" {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("OfWhomNothingWasSaidIsUnknown", func(t *testing.T) {
		for _, key := range []auth.Key{b.key, reader} {
			if a := b.as(key, dueDiligence, vars{"id": silent}); a.text("customer", "kyc", "state") != "NOT_SENT" || a.text("customer", "kyc", "riskClass") != "UNKNOWN" || a.at("customer", "kyc", "requiresActions") != nil {
				t.Errorf("got %s", a.raw)
			}
		}
	})
	t.Run("TheLogHidesWhatNeedsTheScope", func(t *testing.T) {
		const q = `query($id: ID!) { customer(by: {id: $id}) { changes { items { kind fields { field before after } } } } }`
		full, part := b.do(q, vars{"id": id}), b.as(reader, q, vars{"id": id})
		for _, a := range []answer{full, part} {
			for _, want := range []string{`"KYC_STATUS_CHANGED"`, `{"field":"kyc.riskClass","before":"LOW","after":"HIGH"}`, `{"field":"kyc.notes","before":null,"after":null}`} {
				if !strings.Contains(a.raw, want) {
					t.Errorf("no %s in %s", want, a.raw)
				}
			}
			if strings.Contains(a.raw, "Salainen") {
				t.Errorf("a remark is shown: %s", a.raw)
			}
		}
		if !strings.Contains(full.raw, `{"field":"kyc.dueDiligenceExpiresOn","before":"2026-11-21","after":"2027-10-01"}`) ||
			!strings.Contains(part.raw, `{"field":"kyc.dueDiligenceExpiresOn","before":null,"after":null}`) || strings.Contains(part.raw, "Kanarialintu") {
			t.Errorf("got %s without the scope", part.raw)
		}
	})
}

func TestOverdueByTheDateInFinland(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		now  time.Time
		want bool
	}{
		{"OnItsLastDayItIsNot", time.Date(2026, 11, 21, 21, 59, 0, 0, time.UTC), false},
		{"AfterMidnightInHelsinkiItIs", time.Date(2026, 11, 21, 22, 0, 0, 0, time.UTC), true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, today(tc.now))
			b.seed(b.org.ID, 1) // it expires on 2026-11-21
			if a := b.do(dueDiligence, vars{"id": globalID("Customer", uuid(2, 1))}); a.at("customer", "kyc", "isOverdue") != tc.want {
				t.Errorf("got %s", a.raw)
			}
		})
	}
}

const provenance = `query($id: ID!) { customer(by: {id: $id}) { provenance { field value decidedBy source { kind system { name } } alternatives { value source { kind } } } } }`

// from gives the provenance of a field.
func (a answer) from(t *testing.T, field string) map[string]any {
	t.Helper()
	list, _ := a.at("customer", "provenance").([]any)
	for _, p := range list {
		if p, _ := p.(map[string]any); p["field"] == field {
			return p
		}
	}
	return nil
}

func TestProvenance(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 3)
	id, private := globalID("Customer", uuid(2, 1)), globalID("Customer", uuid(2, 3))
	emails := "contact[" + globalID("Person", uuid(4, 3)) + "].emails"
	reader := b.newKey([]auth.Scope{auth.CustomersRead}, b.org)

	t.Run("AnEditIsTheHubs", func(t *testing.T) {
		b.must(updateCustomer, vars{"id": id, "patch": vars{"nameExtension": "Uusi"}})
		a := b.do(provenance, vars{"id": id})
		if p := a.from(t, "nameExtension"); p["decidedBy"] != "EDIT" || p["value"] != "Uusi" || p["source"].(map[string]any)["kind"] != "HUB" {
			t.Errorf("got %v", p)
		}
		if p := a.from(t, "name"); p["decidedBy"] != "FIRST" || p["source"].(map[string]any)["kind"] != "SYSTEM" {
			t.Errorf("got %v", p)
		}
	})
	t.Run("TheLosingValueIsKeptAndShown", func(t *testing.T) {
		p := b.do(provenance, vars{"id": id}).from(t, "email")
		if lost, _ := p["alternatives"].([]any); p["decidedBy"] != "PRECEDENCE" || len(lost) != 1 || lost[0].(map[string]any)["value"] != "vanha1@example.test" {
			t.Errorf("got %v", p)
		}
	})
	t.Run("AClearedValueIsShownAndAnOfficeThatIsGoneIsNot", func(t *testing.T) {
		a := b.do(provenance, vars{"id": id})
		if p := a.from(t, "vatNumber"); p == nil || p["value"] != nil {
			t.Errorf("got %v", p)
		}
		if strings.Contains(a.raw, "office[x]") {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("PersonalValuesAreMasked", func(t *testing.T) {
		full, part := b.do(provenance, vars{"id": private}), b.as(reader, provenance, vars{"id": private})
		for _, field := range []string{emails, "email"} {
			if full.from(t, field)["value"] == nil || part.from(t, field) == nil || part.from(t, field)["value"] != nil {
				t.Errorf("%s: %v, masked %v", field, full.from(t, field), part.from(t, field))
			}
		}
		if strings.Contains(part.raw, "@example.test") || strings.Contains(part.raw, "765 4321") {
			t.Errorf("personal data is shown: %s", part.raw)
		}
		company := b.as(reader, provenance, vars{"id": id})
		if company.from(t, "email")["value"] == nil || strings.Contains(company.raw, "aino1@") {
			t.Errorf("got %s", company.raw)
		}
	})
	t.Run("WithoutSystemsReadTheSystemIsNotNamed", func(t *testing.T) {
		if a := b.as(reader, provenance, vars{"id": id}); strings.Contains(a.raw, "tuotanto") {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("WhatWasNeverNotedIsLeftOut", func(t *testing.T) {
		if _, err := b.db.Owner.Exec(t.Context(), `DELETE FROM provenance`); err != nil {
			t.Fatal(err)
		}
		if a := b.do(provenance, vars{"id": id}); a.len("customer", "provenance") != 0 {
			t.Errorf("got %s", a.raw)
		}
	})
}

func TestALinkThatIsNotInSyncSaysWhy(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 1)
	b.inOrganisation(b.org.ID, func(ctx context.Context, tx pgx.Tx) error {
		return store.SaveLinkedRecords(ctx, tx, []store.LinkedRecord{{
			Link: link.Link{
				ID: link.ID(uuid(5, 1)), SystemID: system.ID(uuid(1, 1)), CustomerID: customer.ID(uuid(2, 1)), ExternalID: "4000", Primary: true,
				State: link.Parked, LastFault: fault.Rejected, LastMessage: "Netvisor does not take this record.",
			},
			Base: link.Base{Ours: customer.Fields{}, Theirs: customer.Fields{}},
		}})
	})
	a := b.do(`{ customers { nodes { links { state reason } } } }`, nil)
	if a.text("customers", "nodes", 0, "links", 0, "state") != "PARKED" || a.text("customers", "nodes", 0, "links", 0, "reason") != "Netvisor does not take this record." {
		t.Errorf("got %s", a.raw)
	}
}
