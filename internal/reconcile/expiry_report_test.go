package reconcile_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/pg"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// TestExpiryIsReported has a due diligence expire, of which each step is a mail that names the record and nothing personal.
func TestExpiryIsReported(t *testing.T) {
	t.Parallel()
	m := setupMail(t)
	v := m.organisation()
	kyc := m.system(v, system.NetvisorKYC, "")
	m.reportTo(v, kyc, recipient)
	c, err := m.hub.CreateCustomer(t.Context(), v, customer.Fields{customer.FieldKind: "COMPANY", customer.FieldName: "Esimerkki Oy", customer.FieldBusinessID: "1572860-0"}, "")
	if err != nil {
		t.Fatal(err)
	}
	err = pg.InOrganisation(t.Context(), m.db.App, string(v.Organisation.ID), pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		return store.SaveLinkedRecords(ctx, tx, []store.LinkedRecord{{
			Link: link.Link{ID: link.ID(store.NewID()), SystemID: kyc, CustomerID: c.ID, ExternalID: "cust_501", State: link.InSync, Primary: true},
			Base: link.Base{Ours: customer.Fields{}, Theirs: customer.Fields{}},
		}})
	})
	if err != nil {
		t.Fatal(err)
	}
	var now time.Time
	h := hub.New(m.db.App, hub.Options{Now: func() time.Time { return now }})
	is := func(day string) {
		t.Helper()
		if now, err = time.Parse(time.DateOnly, day); err != nil {
			t.Fatal(err)
		}
		if _, err := h.TellExpiring(t.Context()); err != nil {
			t.Fatal(err)
		}
		m.pass(hub.ReportEvery)
	}
	now = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	word := customer.KYC{State: customer.KYCCustomer, RiskClass: customer.RiskHigh, DueDiligenceExpiresOn: "2026-12-01", Notes: "Maija Malli", AsOf: now}
	if _, err := h.RecordKYC(t.Context(), v.Organisation.ID, system.System{ID: kyc, Name: "KYC"}, c.ID, word); err != nil {
		t.Fatal(err)
	}
	is("2026-10-01")
	m.none("61 days are left")
	for _, day := range []string{"2026-10-02", "2026-11-01", "2026-11-24", "2026-12-01"} {
		is(day)
		r := m.one()
		wantText(t, r, "KYC_EXPIRES: 1", "- record cust_501, business ID 1572860-0", "tuki.kyc@visma.com")
		if strings.Contains(r.Text, "2026-12-01") || strings.Contains(r.Text, "Malli") || strings.Contains(r.Text, "Esimerkki") {
			t.Errorf("the mail says more than which record it is:\n%s", r.Text)
		}
		is(day)
		m.none("it was told")
	}
	is("2026-12-24")
	m.none("nothing new")
	is("2026-12-01")
	word.DueDiligenceExpiresOn, word.AsOf = "2027-12-01", now
	if _, err := h.RecordKYC(t.Context(), v.Organisation.ID, system.System{ID: kyc, Name: "KYC"}, c.ID, word); err != nil {
		t.Fatal(err)
	}
	m.wantState(v, kyc, hub.ReportNothing, 0)
}
