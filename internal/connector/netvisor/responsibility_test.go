package netvisor_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"customerhub/internal/connector"
	"customerhub/internal/connector/netvisor"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	sandbox "customerhub/internal/sandbox/netvisor"
)

const tabResource = "customerresponsibility.nv"

// withTab is a sandbox with the tab and a connection that uses it.
func withTab(t *testing.T, o sandbox.Options) (*misbehaving, connector.Connection) {
	t.Helper()
	o.Responsibility = true
	m := stand(t, o)
	return m, m.openWith(t, map[string]string{netvisor.ResponsibilityResource: tabResource})
}

func tabField(name string) customer.Field {
	return customer.PartField(customer.PartContact, "responsibility", name)
}

func TestResponsibilityTab(t *testing.T) {
	t.Parallel()
	options := sandbox.Options{Customers: 60, Seed: 3}
	target := func(t *testing.T, m *misbehaving) (int64, string) {
		id := m.companies(t, 3)[2]
		key, _ := strconv.ParseInt(id, 10, 64)
		return key, id
	}
	edit := func(t *testing.T, m *misbehaving, key int64, tab sandbox.Responsibility) {
		t.Helper()
		if err := m.Edit("", key, func(c *sandbox.Customer) error { c.SetResponsibility(tab); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	read := func(t *testing.T, conn connector.Connection, id string) customer.Fields {
		t.Helper()
		r, err := conn.Read(t.Context(), id)
		if err != nil || len(r.Untold) > 0 {
			t.Fatalf("untold %v, %v", r.Untold, err)
		}
		return r.Fields.Only(func(f customer.Field) bool { return strings.Contains(string(f), "responsibility") || f.ShowsKYC() })
	}
	aino := sandbox.Responsibility{
		FirstName: "Aino", LastName: "Malli", Email: " Aino.Malli@example.test", PhoneNumber: "040 000 1234", RequiresActions: "1", RiskClass: "high", Remarks: "x",
	}

	t.Run("R34_R191_ItsContactPersonIsAContactWithTheRoleAndTheStatusIsNotRead", func(t *testing.T) {
		t.Parallel()
		m, conn := withTab(t, options)
		key, id := target(t, m)
		edit(t, m, key, aino)
		want := customer.Fields{
			tabField(customer.Present): "true", tabField("firstName"): "Aino", tabField("lastName"): "Malli",
			tabField("emails"): "Aino.Malli@example.test", tabField("phones"): "040 000 1234", tabField("roles"): "KYC",
		}
		if diff := cmp.Diff(want, read(t, conn, id)); diff != "" {
			t.Error(diff)
		}
		edit(t, m, key, sandbox.Responsibility{RiskClass: "high"})
		if got := read(t, conn, id); len(got) > 0 {
			t.Errorf("nobody is there, and %v is read", got)
		}
		if _, err := conn.Read(t.Context(), "999999"); !fault.Is(err, fault.NotFound) {
			t.Errorf("an unknown customer: %v", err)
		}
	})
	t.Run("R34_EverybodyIsReadWithOneCallForABatch", func(t *testing.T) {
		t.Parallel()
		m, conn := withTab(t, options)
		want := map[string]string{}
		var ids []string
		for c := range m.Customers("") {
			if c.Get("code") != "TEMP" {
				id := strconv.FormatInt(c.Key(), 10)
				ids = append(ids, id)
				want[id] = c.Responsibility().LastName
			}
		}
		ids = ids[:50]
		records, err := conn.(connector.BatchReader).ReadBatch(t.Context(), ids)
		if err != nil || len(records) != 50 {
			t.Fatalf("%d records, %v", len(records), err)
		}
		there := 0
		for _, r := range records {
			if r.Fields[tabField("lastName")] != want[r.ExternalID] {
				t.Errorf("%s has %q, want %q", r.ExternalID, r.Fields[tabField("lastName")], want[r.ExternalID])
			}
			if r.Fields[tabField(customer.Present)] != "" {
				there++
			}
		}
		if there < 10 {
			t.Errorf("%d contact persons", there)
		}
		calls := map[string]int{}
		for _, c := range m.Calls() {
			calls[c.Resource]++
		}
		delete(calls, "salespersonnellist.nv")
		if diff := cmp.Diff(map[string]int{"getcustomer.nv": 1, tabResource: 1}, calls); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("R44_R49_TheFiveStatusFieldsAreWrittenAndNothingElse", func(t *testing.T) {
		t.Parallel()
		m, conn := withTab(t, options)
		key, id := target(t, m)
		before, _ := m.Get("", key)
		write := func(set customer.Fields) sandbox.Responsibility {
			t.Helper()
			calls := len(m.Calls())
			if made, err := conn.(connector.Writer).Write(t.Context(), connector.Step{Record: id, Key: connector.KYCStatus, Set: set, Want: set}); err != nil || made != "" {
				t.Fatal(made, err)
			}
			after, _ := m.Get("", key)
			if diff := cmp.Diff(before.Fields(), after.Fields()); diff != "" || len(m.Calls()) != calls+1 {
				t.Error("the card changed, or there were more calls", diff) // R52
			}
			return after.Responsibility()
		}
		want := before.Responsibility()
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
	})
	t.Run("R34_ItsContactPersonIsEditedAndTakenAway", func(t *testing.T) {
		t.Parallel()
		m, conn := withTab(t, options)
		key, id := target(t, m)
		edit(t, m, key, aino)
		write := func(s connector.Step) sandbox.Responsibility {
			t.Helper()
			s.Record, s.Part, s.Key = id, customer.PartContact, "responsibility"
			if made, err := conn.(connector.Writer).Write(t.Context(), s); err != nil || made != "" {
				t.Fatal(made, err)
			}
			after, _ := m.Get("", key)
			return after.Responsibility()
		}
		want := aino
		want.LastName, want.Email = "Uusi", "uusi@example.test"
		set := customer.Fields{"lastName": "Uusi", "emails": "uusi@example.test;toinen@example.test"}
		if got := write(connector.Step{Set: set, Want: customer.Fields{"firstName": "Aino", "lastName": "Uusi"}}); got != want {
			t.Errorf("got %+v", got)
		}
		want.PhoneNumber = ""
		if got := write(connector.Step{Set: customer.Fields{"phones": ""}}); got != want {
			t.Errorf("got %+v", got)
		}
		want.FirstName, want.LastName, want.Email = "", "", ""
		if got := write(connector.Step{Remove: true}); got != want {
			t.Errorf("got %+v", got)
		}
		if got := read(t, conn, id); len(got) > 0 {
			t.Errorf("read %v", got)
		}
	})
	t.Run("FaultsAreThoseOfEveryWrite", func(t *testing.T) {
		t.Parallel()
		m, conn := withTab(t, options)
		_, id := target(t, m)
		write := func(id string, set customer.Fields) error {
			_, err := conn.(connector.Writer).Write(t.Context(), connector.Step{Record: id, Key: connector.KYCStatus, Set: set})
			return err
		}
		if err := write(id, customer.Fields{customer.FieldKYCRiskAssessedOn: "15.1.2026"}); !fault.Is(err, fault.Rejected) {
			t.Errorf("a date in another form: %v", err)
		}
		if err := write("999999", customer.Fields{customer.FieldKYCNotes: "x"}); !fault.Is(err, fault.Rejected) {
			t.Errorf("an unknown customer: %v", err)
		}
		m.fault(sandbox.Fault{Kind: sandbox.FaultLostAnswer, Times: 1})(t)
		if err := write(id, customer.Fields{customer.FieldKYCNotes: "x"}); !fault.Is(err, fault.Uncertain) {
			t.Errorf("a lost answer: %v", err)
		}
	})
	t.Run("ThePermissionIsChecked", func(t *testing.T) {
		t.Parallel()
		_, conn := withTab(t, options)
		checks, err := conn.(connector.Checker).Check(t.Context())
		if err != nil || len(checks) != 4 || !checks[3].OK || checks[3].Name != tabResource {
			t.Errorf("%+v, %v", checks, err)
		}
		conn = stand(t, sandbox.Options{Customers: 1}).openWith(t, map[string]string{netvisor.ResponsibilityResource: tabResource}) // there is no such resource
		if checks, err := conn.(connector.Checker).Check(t.Context()); err != nil || len(checks) != 4 || checks[3].OK || checks[3].Fix == "" {
			t.Errorf("%+v, %v", checks, err)
		}
	})
}
