package reconcile_test

import (
	"net/http/httptest"
	"testing"

	"customerhub/internal/connector/connectortest"
	"customerhub/internal/connector/netvisorkyc"
	"customerhub/internal/hub"
	sandbox "customerhub/internal/sandbox/netvisor"
	kycsandbox "customerhub/internal/sandbox/netvisorkyc"
	"customerhub/internal/system"
)

// saidOfOne has a customer of Netvisor accepted in the due-diligence service, which then says something odd of it.
func saidOfOne(odd kycsandbox.CustomerEdit) func(t *testing.T) *bundle {
	return func(t *testing.T) *bundle {
		kyc, err := kycsandbox.New(kycsandbox.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = kyc.Close() })
		server := httptest.NewServer(connectortest.Guard(t, kyc))
		t.Cleanup(server.Close)
		w := twoWays(t, sandbox.Options{}, netvisorkyc.Kind())
		w.adds(sound(1))
		w.sync(true)
		token, err := kyc.Activate("")
		w.must(err)
		c, _ := kyc.Credentials("")
		s, err := w.hub.CreateSystem(t.Context(), w.viewer, hub.CreateSystem{Kind: system.NetvisorKYC, Settings: map[string]string{
			netvisorkyc.BaseURL: server.URL, netvisorkyc.OrganisationID: c.Organisation,
		}}, "")
		w.must(err)
		_, err = w.hub.SetSystemCredentials(t.Context(), w.viewer, s.ID, map[string]string{netvisorkyc.Token: token}, "")
		w.must(err)
		_, err = w.hub.CheckSystem(t.Context(), w.viewer, s.ID, "")
		w.must(err)
		w.all(w.worker)
		_, _, err = w.hub.StartSystem(t.Context(), w.viewer, s.ID, "")
		w.must(err)
		w.all(w.worker)
		w.settle()
		waiting := kyc.Candidates("")
		if len(waiting) != 1 {
			t.Fatalf("%d candidates; links %s", len(waiting), w.linkStates())
		}
		made, err := kyc.Accept(waiting[0].ID, kycsandbox.Assessment{RiskClass: kycsandbox.High, ReviewIntervalMonths: 12, Force: true})
		w.must(err)
		w.must(kyc.EditCustomer(made.ID, odd))
		_, err = w.hub.SyncNow(t.Context(), w.viewer, s.ID, false, "")
		w.must(err)
		w.all(w.worker)
		w.settle()
		return w.bundle
	}
}
