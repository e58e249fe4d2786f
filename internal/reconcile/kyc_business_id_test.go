package reconcile_test

import (
	"slices"
	"testing"
	"time"

	"customerhub/internal/customer"
	"customerhub/internal/link"
	sandbox "customerhub/internal/sandbox/netvisor"
	kycsandbox "customerhub/internal/sandbox/netvisorkyc"
	"customerhub/internal/system"
)

// TestBusinessIDCorrected has business IDs corrected in Netvisor (KYC contract section 7).
func TestBusinessIDCorrected(t *testing.T) {
	t.Parallel()
	const first, second, third = "0201256-6", "1572860-0", "2345672-1"
	setup := func(t *testing.T) (*diligent, int64) {
		d := duly(t, sandbox.Options{}, nil, nil)
		key := d.typed(map[string]string{"name": "Malliyritys Oy", "code": "7001", "businessId": first}, tab("Aino", "Malli"))
		d.polled(d.system)
		d.activated()
		return d, key
	}
	changed := func(d *diligent, key int64, id string) { d.retyped(key, "businessId", id); d.both() }
	t.Run("ACandidateIsPatched", func(t *testing.T) {
		t.Parallel()
		d, key := setup(t)
		before := d.candidates()[first]
		changed(d, key, second)
		if after := d.candidates(); len(after) != 1 || after[second].ID != before.ID {
			t.Errorf("got %+v", after)
		}
		d.agreed(key, d.kycSystem)
		if d.stands("BUSINESS_ID_CHANGED") {
			t.Error("a candidate has a finding")
		}
	})
	t.Run("ACustomerStaysAndANewCandidateComes", func(t *testing.T) {
		t.Parallel()
		d, key := setup(t)
		made := d.assessed(d.candidates()[first].ID, kycsandbox.Assessment{RiskClass: "LOW", ReviewIntervalMonths: 12, Notes: "Seurataan."})
		d.polled(d.kycSystem)
		old := d.linkIn(key, d.kycSystem)
		for range 2 { // the answers that make the new one are lost
			_, err := d.kyc.Fault(kycsandbox.Fault{Kind: "lostAnswer", Method: "PUT", Times: 1})
			d.must(err)
		}
		d.retyped(key, "businessId", second)
		d.polled(d.system)
		for until := time.Now().Add(20 * time.Second); time.Now().Before(until) && d.linkIn(key, d.kycSystem).State != link.InSync; time.Sleep(5 * time.Millisecond) {
			d.owner(`UPDATE link SET due_at = now() WHERE due_at IS NOT NULL`)
			d.owner(`UPDATE system SET hold_until = NULL`)
			d.settle()
		}
		for range 3 {
			d.both()
		}
		d.agreed(key, d.kycSystem)
		if c := d.candidates(); len(d.kyc.Candidates(d.obliged)) != 2 || c[second].Name != "Malliyritys Oy" || c[second].ContactPerson == nil {
			t.Errorf("candidates: %+v", d.kyc.Candidates(d.obliged))
		}
		if c := d.kyc.Customers(d.obliged); len(c) != 1 || *c[0].BusinessID != first || c[0].Lifecycle != "ACTIVE" {
			t.Errorf("R42: the customer became %+v", c)
		}
		if k := d.said(key); k.State != customer.KYCCandidate || k.RiskClass != customer.RiskUnknown || k.LatestRiskAssessmentOn != "" ||
			k.DueDiligenceExpiresOn != "" || k.Notes != "" || k.RequiresActions != nil {
			t.Errorf("the former one's due diligence is shown as this one's: %+v", k)
		}
		if got := d.card(key).Responsibility(); got.RiskClass != "" || got.LatestRiskAssessment != "" || got.Remarks != "" {
			t.Errorf("the tab has %+v", got)
		}
		at := slices.IndexFunc(d.findings(), func(f standing) bool { return f.Code == "BUSINESS_ID_CHANGED" })
		if at < 0 {
			t.Fatalf("no finding in %v", d.findings())
		}
		if n := d.count(`SELECT count(*) FROM finding WHERE code = 'BUSINESS_ID_CHANGED' AND hub_value = $1 AND system_value = $2 AND external_id = $3`, second, first, old.ExternalID); n != 1 {
			t.Errorf("%d findings with both business IDs", n)
		}
		d.must(d.kyc.Assess(made.ID, kycsandbox.Assessment{RiskClass: "HIGH", ReviewIntervalMonths: 6, Force: true}))
		d.polled(d.kycSystem)
		if k := d.said(key); k.RiskClass != customer.RiskUnknown {
			t.Errorf("the former one is heard: %+v", k)
		}
		id := d.customerOf(key).ID
		page, err := d.hub.KYCHistory(t.Context(), d.viewer, []customer.ID{id}, "", 10)
		d.must(err)
		if !slices.ContainsFunc(page[id].Items, func(k customer.KYC) bool { return k.RiskClass == customer.RiskLow }) {
			t.Errorf("the history has %+v", page[id].Items)
		}
		t.Log("a full comparison changes nothing of it")
		calls := len(d.kyc.Calls())
		for _, id := range []system.ID{d.system, d.kycSystem} {
			_, err := d.hub.SyncNow(t.Context(), d.viewer, id, true, "")
			d.must(err)
			d.settle()
		}
		if w := d.wroteKYC(calls); len(w) > 0 || !d.stands("BUSINESS_ID_CHANGED") || d.stands("LINK_NOT_PRIMARY") || d.said(key).State != customer.KYCCandidate {
			t.Errorf("written %v, findings %v, %+v", w, d.findings(), d.said(key))
		}
		if n := d.count(`SELECT count(*) FROM link WHERE customer_id = $1 AND system_id = $2`, string(id), string(d.kycSystem)); n != 2 {
			t.Errorf("%d links", n)
		}
		t.Log("the former relationship is ended in KYC, and the new candidate accepted")
		d.must(d.kyc.EditCustomer(made.ID, kycsandbox.CustomerEdit{Lifecycle: new("ENDED")}))
		d.assessed(d.candidates()[second].ID, kycsandbox.Assessment{RiskClass: "STANDARD", ReviewIntervalMonths: 36})
		d.polled(d.kycSystem)
		if k := d.said(key); k.State != customer.KYCCustomer || k.RiskClass != customer.RiskStandard {
			t.Errorf("got %+v", k)
		}
		if d.stands("BUSINESS_ID_CHANGED") {
			t.Error("the finding stands")
		}
		calls = len(d.kyc.Calls())
		d.both()
		if w := d.wroteKYC(calls); len(w) > 0 {
			t.Errorf("Promise 3: written again: %v", w)
		}
	})
	t.Run("AMistakeIsTakenBack", func(t *testing.T) {
		t.Parallel()
		d, key := setup(t)
		d.assessed(d.candidates()[first].ID, kycsandbox.Assessment{RiskClass: "HIGH", ReviewIntervalMonths: 12})
		d.polled(d.kycSystem)
		old := d.linkIn(key, d.kycSystem)
		for range 2 { // and made again
			changed(d, key, second)
			if _, there := d.candidates()[second]; !there || d.said(key).State != customer.KYCCandidate {
				t.Fatalf("no new candidate: %+v, %+v", d.candidates(), d.said(key))
			}
			changed(d, key, first)
			if l := d.linkIn(key, d.kycSystem); l.ID != old.ID || l.State != link.InSync {
				t.Errorf("the record is %s: %s %s", l.ExternalID, l.State, l.LastMessage)
			}
			if k := d.said(key); k.State != customer.KYCCustomer || k.RiskClass != customer.RiskHigh {
				t.Errorf("got %+v", k)
			}
			if got := d.card(key).Responsibility(); got.RiskClass != "high" {
				t.Errorf("the tab has %+v", got)
			}
			if _, there := d.candidates()[second]; there {
				t.Error("the candidate of the mistake is still there")
			}
			if d.stands("BUSINESS_ID_CHANGED") {
				t.Error("the finding stands")
			}
		}
		t.Log("taken back before the new candidate is made")
		_, err := d.kyc.Fault(kycsandbox.Fault{Kind: "status", Method: "PUT", Times: 1})
		d.must(err)
		d.retyped(key, "businessId", third)
		d.polled(d.system)
		d.retyped(key, "businessId", first)
		d.polled(d.system)
		d.owner(`UPDATE link SET due_at = now() WHERE due_at IS NOT NULL`)
		d.owner(`UPDATE system SET hold_until = NULL`)
		d.both()
		if l := d.linkIn(key, d.kycSystem); l.ID != old.ID || l.State != link.InSync || d.said(key).State != customer.KYCCustomer {
			t.Errorf("the record is %s: %s %s; %+v", l.ExternalID, l.State, l.LastMessage, d.said(key))
		}
	})
	t.Run("OneThatCannotBeRightChangesNothing", func(t *testing.T) {
		t.Parallel()
		d, key := setup(t)
		d.assessed(d.candidates()[first].ID, kycsandbox.Assessment{RiskClass: "HIGH", ReviewIntervalMonths: 12})
		d.polled(d.kycSystem)
		changed(d, key, "1572860-5")
		if l := d.linkIn(key, d.kycSystem); l.State != link.Parked || d.said(key).State != customer.KYCCustomer || d.stands("BUSINESS_ID_CHANGED") {
			t.Errorf("%s %s, %+v", l.State, l.LastMessage, d.said(key))
		}
		changed(d, key, first)
		d.agreed(key, d.kycSystem)
	})
}

// stands says whether a finding with the code does.
func (d *diligent) stands(code string) bool {
	d.Helper()
	return slices.ContainsFunc(d.findings(), func(f standing) bool { return f.Code == code })
}
