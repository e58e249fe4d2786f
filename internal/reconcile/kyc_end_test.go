package reconcile_test

import (
	"testing"

	"customerhub/internal/customer"
	"customerhub/internal/link"
	sandbox "customerhub/internal/sandbox/netvisor"
	kycsandbox "customerhub/internal/sandbox/netvisorkyc"
)

// inKYC gives a customer of KYC as the service has it.
func (d *diligent) inKYC(id string) kycsandbox.Customer {
	d.Helper()
	for _, c := range d.kyc.Customers(d.obliged) {
		if c.ID == id {
			return c
		}
	}
	d.Fatalf("no customer %s in KYC", id)
	return kycsandbox.Customer{}
}

// TestEndOfARelationship ends relationships on either side (KYC contract section 7; who is made inactive in Netvisor is in TestKYC).
func TestEndOfARelationship(t *testing.T) {
	t.Parallel()
	assessment := kycsandbox.Assessment{RiskClass: "HIGH", ReviewIntervalMonths: 12, Notes: "Seurataan.", On: "2026-02-10"}
	setup := func(t *testing.T) (*diligent, int64, kycsandbox.Customer) {
		d := duly(t, sandbox.Options{}, nil, nil)
		key := d.typed(map[string]string{"name": "Malliyritys Oy", "code": "7001", "businessId": businessIDs[0]}, tab("Aino", "Malli"))
		d.polled(d.system)
		d.activated()
		made := d.assessed(d.candidates()[businessIDs[0]].ID, assessment)
		d.polled(d.kycSystem)
		return d, key, made
	}
	kept := func(t *testing.T, k customer.KYC, stage string) {
		t.Helper()
		if k.State != customer.KYCEnded || k.Stage != stage || k.RequiresActions != nil || len(k.RequiresActionsReasons) > 0 {
			t.Errorf("got %+v", k)
		}
		if k.RiskClass != customer.RiskHigh || k.LatestRiskAssessmentOn != "2026-02-10" || k.DueDiligenceExpiresOn != "2027-02-10" || k.Notes != "Seurataan." {
			t.Errorf("what was said last is gone: %+v", k)
		}
	}
	for _, lifecycle := range []string{"ENDED", "ARCHIVED"} {
		t.Run("InKYC_"+lifecycle, func(t *testing.T) {
			t.Parallel()
			d, key, made := setup(t)
			d.must(d.kyc.EditCustomer(made.ID, kycsandbox.CustomerEdit{ScreeningHit: new(true)}))
			d.polled(d.kycSystem)
			if k := d.said(key); k.RequiresActions == nil || !*k.RequiresActions || d.card(key).Responsibility().RequiresActions != "1" {
				t.Fatalf("got %+v, the tab has %+v", k, d.card(key).Responsibility())
			}
			d.must(d.kyc.EditCustomer(made.ID, kycsandbox.CustomerEdit{Lifecycle: new(lifecycle)}))
			since, calls := len(d.netvisor.Calls()), len(d.kyc.Calls())
			d.both()
			kept(t, d.said(key), lifecycle)
			if got := d.card(key).Responsibility(); got.RequiresActions != "" || got.DueDiligenceExpires != "2027-02-10" || got.RiskClass != "high" {
				t.Errorf("the tab has %+v", got)
			}
			if n := d.wroteNetvisor("customer.nv", since); n > 0 || d.customerOf(key).Status != customer.Active {
				t.Errorf("the customer of Netvisor was touched: %d calls", n)
			}
			if w := d.wroteKYC(calls); len(w) > 0 {
				t.Errorf("written to KYC: %v", w)
			}
			d.agreed(key, d.kycSystem)
		})
	}
	t.Run("DeletedInNetvisor", func(t *testing.T) {
		t.Parallel()
		d, key, made := setup(t)
		id := d.customerOf(key).ID
		d.must(d.netvisor.Remove("", key))
		for range 3 {
			_, err := d.hub.SyncNow(t.Context(), d.viewer, d.system, true, "")
			d.must(err)
			d.settle()
		}
		d.polled(d.kycSystem)
		if c := d.inKYC(made.ID); c.Lifecycle != "ENDED" || c.Status.RiskClass == nil || *c.Status.RiskClass != "HIGH" {
			t.Errorf("it became %+v", c)
		}
		found, err := d.hub.KYCByCustomer(t.Context(), d.viewer, []customer.ID{id})
		d.must(err)
		kept(t, found[id], "ENDED")
		if n := d.count(`SELECT count(*) FROM deletion`); n > 0 {
			t.Error("who was assessed is never deleted")
		}
	})
	t.Run("InactiveInNetvisor", func(t *testing.T) {
		t.Parallel()
		d, key, made := setup(t)
		d.retyped(key, "isActive", "0")
		d.both()
		if c := d.inKYC(made.ID); c.Lifecycle != "ENDED" || c.EndedOn == nil {
			t.Errorf("it became %+v", c)
		}
		kept(t, d.said(key), "ENDED")
		t.Log("what is said of it later is read, and nothing is sent")
		calls := len(d.kyc.Calls())
		d.retyped(key, "name", "Entinen Oy")
		d.both()
		kept(t, d.said(key), "ENDED")
		if l := d.linkIn(key, d.kycSystem); l.State == link.Uncertain || l.State == link.Due {
			t.Errorf("the link is %s: %s; written %v", l.State, l.LastMessage, d.wroteKYC(calls))
		}
	})
}
