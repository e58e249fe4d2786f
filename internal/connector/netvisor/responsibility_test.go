package netvisor_test

import (
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"customerhub/internal/connector"
	"customerhub/internal/connector/netvisor"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	sandbox "customerhub/internal/sandbox/netvisor"
)

func TestResponsibilityTab(t *testing.T) {
	t.Parallel()
	open := func(t *testing.T, o sandbox.Options, resource string) (*misbehaving, connector.KYCTab) {
		m := stand(t, o)
		return m, m.openWith(t, map[string]string{netvisor.ResponsibilityResource: resource}).(connector.KYCTab)
	}
	const resource = "customerresponsibility.nv"
	on := sandbox.Options{Customers: 5, Seed: 3, Responsibility: true}
	target := func(m *misbehaving) int64 {
		for c := range m.Customers("") {
			if c.Get("code") != "TEMP" {
				return c.Key()
			}
		}
		return 0
	}

	t.Run("R34_ItsContactPersonIsRead", func(t *testing.T) {
		t.Parallel()
		m, tab := open(t, on, resource)
		key := target(m)
		err := m.Edit("", key, func(c *sandbox.Customer) error {
			c.SetResponsibility(sandbox.Responsibility{FirstName: "Aino", LastName: "Malli", Email: " Aino.Malli@example.test", PhoneNumber: "040 000 1234"})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := tab.ReadKYCContact(t.Context(), strconv.FormatInt(key, 10))
		want := customer.KYCPerson{FirstName: "Aino", LastName: "Malli", Email: "Aino.Malli@example.test", Phone: "040 000 1234"}
		if err != nil || got != want {
			t.Errorf("got %+v, %v", got, err)
		}
		for _, id := range []string{"999999", "", "x"} {
			if _, err := tab.ReadKYCContact(t.Context(), id); !fault.Is(err, fault.NotFound) {
				t.Errorf("%q: %v", id, err)
			}
		}
	})
	t.Run("R45_R49_TheFiveStatusFieldsAreWrittenAndNothingElse", func(t *testing.T) {
		t.Parallel()
		m, tab := open(t, on, resource)
		key := target(m)
		id := strconv.FormatInt(key, 10)
		before, _ := m.Get("", key)
		person := before.Responsibility()
		write := func(set customer.Fields) sandbox.Responsibility {
			t.Helper()
			if err := tab.WriteKYCStatus(t.Context(), id, set, ""); err != nil {
				t.Fatal(err)
			}
			after, _ := m.Get("", key)
			if diff := cmp.Diff(before.Fields(), after.Fields()); diff != "" {
				t.Error("the card changed", diff) // R52
			}
			return after.Responsibility()
		}
		want := person
		want.RequiresActions, want.LatestRiskAssessment, want.DueDiligenceExpires, want.RiskClass, want.Remarks = "1", "2026-01-15", "2027-01-15", "high", "Kysy & tarkista"
		if got := write(customer.Fields{
			customer.FieldKYCRequiresActions: "true", customer.FieldKYCRiskAssessedOn: "2026-01-15", customer.FieldKYCExpiresOn: "2027-01-15",
			customer.FieldKYCRiskClass: "HIGH", customer.FieldKYCNotes: "Kysy & tarkista",
		}); got != want {
			t.Errorf("got %+v", got)
		}
		want.RequiresActions, want.RiskClass = "0", ""
		if got := write(customer.Fields{customer.FieldKYCRequiresActions: "false", customer.FieldKYCRiskClass: "UNKNOWN"}); got != want {
			t.Errorf("an unknown class is shown as %+v", got)
		}
		want.Remarks = ""
		if got := write(customer.Fields{customer.FieldKYCNotes: ""}); got != want {
			t.Errorf("got %+v", got)
		}
		calls := len(m.Calls())
		for _, set := range []customer.Fields{{}, {customer.FieldName: "Uusi Oy"}} {
			if err := tab.WriteKYCStatus(t.Context(), id, set, ""); !fault.Is(err, fault.Invalid) || len(m.Calls()) != calls {
				t.Errorf("%v: %v", set, err)
			}
		}
		if err := tab.WriteKYCStatus(t.Context(), id, customer.Fields{customer.FieldKYCRiskAssessedOn: "15.1.2026"}, ""); !fault.Is(err, fault.Rejected) {
			t.Errorf("a date in another form: %v", err)
		}
		m.fault(sandbox.Fault{Kind: sandbox.FaultLostAnswer, Times: 1})(t)
		if err := tab.WriteKYCStatus(t.Context(), id, customer.Fields{customer.FieldKYCNotes: "x"}, ""); !fault.Is(err, fault.Uncertain) {
			t.Errorf("a lost answer: %v", err)
		}
	})
	t.Run("ItIsOffByDefault", func(t *testing.T) {
		t.Parallel()
		m, tab := open(t, on, "")
		if _, err := tab.ReadKYCContact(t.Context(), "1002"); !fault.Is(err, fault.Unsupported) {
			t.Errorf("got %v", err)
		}
		if err := tab.WriteKYCStatus(t.Context(), "1002", customer.Fields{customer.FieldKYCNotes: "x"}, ""); !fault.Is(err, fault.Unsupported) {
			t.Errorf("got %v", err)
		}
		if len(m.Calls()) > 0 {
			t.Error("it called")
		}
	})
	t.Run("ThePermissionIsChecked", func(t *testing.T) {
		t.Parallel()
		_, tab := open(t, on, resource)
		checks, err := tab.(connector.Checker).Check(t.Context())
		if err != nil || len(checks) != 4 || !checks[3].OK || checks[3].Name != resource {
			t.Errorf("%+v, %v", checks, err)
		}
		_, tab = open(t, sandbox.Options{Customers: 1}, resource) // there is no such resource
		if checks, err := tab.(connector.Checker).Check(t.Context()); err != nil || len(checks) != 4 || checks[3].OK || checks[3].Fix == "" {
			t.Errorf("%+v, %v", checks, err)
		}
	})
}
