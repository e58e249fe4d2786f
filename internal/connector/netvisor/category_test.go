package netvisor_test

import (
	"strings"
	"testing"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/connector/netvisor"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	sandbox "customerhub/internal/sandbox/netvisor"
)

// TestEveryCategoryInEveryLanguage lets the sandbox refuse in each way there is, of its own accord where it does so, and looks at what
// becomes of it in a read and in a write: the behaviour comes from the category, the words are Netvisor's own.
func TestEveryCategoryInEveryLanguage(t *testing.T) {
	t.Parallel()
	failure := func(category, text string) sandbox.Fault {
		return sandbox.Fault{Kind: sandbox.FaultFailure, Category: category, Text: text, Times: 1}
	}
	for _, tc := range []struct {
		name        string
		fault       sandbox.Fault
		reason      string
		read, write fault.Code
		own         bool // the words are the sandbox's, in the language asked for
	}{
		{"Revoked", sandbox.Fault{Kind: sandbox.FaultRevoked, Times: 1}, netvisor.AuthenticationFailed, fault.Denied, fault.Denied, true},
		{"NotAllowed", sandbox.Fault{Kind: sandbox.FaultNotAllowed, Times: 1}, netvisor.ServiceAccessError, fault.Denied, fault.Denied, true},
		{"Maintenance", sandbox.Fault{Kind: sandbox.FaultMaintenance, Times: 1}, netvisor.SystemMaintenance, fault.Maintenance, fault.Maintenance, true},
		{"MaintenanceMisspelt", sandbox.Fault{Kind: sandbox.FaultMaintenance, Variant: "misspelt", Times: 1}, netvisor.SystemMaintenance, fault.Maintenance, fault.Maintenance, true},
		{"Overlap", sandbox.Fault{Kind: sandbox.FaultOverlap, Times: 1}, netvisor.TechnicalError, fault.Unavailable, fault.Unavailable, true},
		// Of a card that is read it says that there is no such customer.
		{"InvalidData", failure("INVALID_DATA", "Tieto on virheellinen"), netvisor.InvalidData, fault.NotFound, fault.Rejected, false},
		{"InvalidDataSize", failure("INVALID_DATA_SIZE", "För långt"), netvisor.InvalidDataSize, fault.Rejected, fault.Rejected, false},
		{"DuplicateData", failure("DUPLICATE_DATA", "On jo olemassa"), netvisor.DuplicateData, fault.Rejected, fault.Rejected, false},
		{"PeriodLock", failure("PERIOD_LOCK", "Tilikausi on lukittu"), netvisor.PeriodLock, fault.Rejected, fault.Rejected, false},
		{"RequestNotUnique", failure("REQUEST_NOT_UNIQUE", "Finns redan"), netvisor.RequestNotUnique, fault.Unavailable, fault.Duplicate, false},
		{"Technical", failure("TECHNICAL_ERROR", "Tekninen virhe"), netvisor.TechnicalError, fault.Unavailable, fault.Unavailable, false},
		{"Unknown", failure("SOMETHING_NEW", "Ingen :: har sett detta"), "SOMETHING_NEW", fault.Rejected, fault.Rejected, false},
		{"WithoutText", failure("TECHNICAL_ERROR", ""), netvisor.TechnicalError, fault.Unavailable, fault.Unavailable, false},
	} {
		t.Run("T11_"+tc.name, func(t *testing.T) {
			t.Parallel()
			words := map[string]bool{}
			for _, language := range []string{"FI", "SE", "EN"} {
				m := stand(t, sandbox.Options{Customers: 3, Seed: 5})
				conn, id := m.speaking(t, language), m.companies(t, 1)[0]
				check := func(what string, err error, want fault.Code) {
					t.Helper()
					f := fault.Of(err)
					if f == nil || f.Code != want || what != "read" && f.Reason != tc.reason {
						t.Fatalf("%s in %s: got %+v, want %s %s", what, language, f, want, tc.reason)
					}
					if tc.fault.Text != "" && want != fault.NotFound && !strings.Contains(f.Message, tc.fault.Text) {
						t.Errorf("%s in %s: %q lacks Netvisor's words", what, language, f.Message)
					}
					words[f.Message] = true
				}
				fail := m.fault(tc.fault)
				fail(t)
				_, err := conn.Read(t.Context(), id)
				check("read", err, tc.read)
				fields := customer.Fields{"name": "Uusi Oy", "number": "9001"}
				for what, s := range map[string]connector.Step{
					"edit": {Record: id, Set: customer.Fields{"email": "uusi@example.test"}}, "add": {Set: fields, Want: fields},
					"add office":  {Record: id, Part: customer.PartOffice, Set: customer.Fields{"name": "Oulu"}, Want: customer.Fields{"name": "Oulu"}},
					"add contact": {Record: id, Part: customer.PartContact, Set: customer.Fields{"lastName": "Malli"}, Want: customer.Fields{"lastName": "Malli"}},
				} {
					fail(t)
					_, err := conn.(connector.Writer).Write(t.Context(), s)
					check(what, err, tc.write)
				}
				fail(t)
				check("delete", conn.(connector.Deleter).Delete(t.Context(), id, ""), tc.write)
				if n := byCalls(m.Effects()); n != 0 {
					t.Errorf("%d effects", n)
				}
			}
			// A read and four resources that are written to.
			if want := 5 * 3; tc.own && len(words) != want {
				t.Errorf("%d texts, want %d: %v", len(words), want, words)
			}
		})
	}
	t.Run("T11_OfItsOwnAccord", func(t *testing.T) {
		t.Parallel()
		for _, language := range []string{"FI", "SE", "EN"} {
			m := stand(t, sandbox.Options{Customers: 3, Seed: 5})
			conn, id := m.speaking(t, language).(connector.Writer), m.companies(t, 1)[0]
			fields := customer.Fields{"name": "Uusi Oy", "number": "9001"}
			if _, err := conn.Write(t.Context(), connector.Step{Set: fields, Want: fields, Transaction: "t-1"}); err != nil {
				t.Fatal(err)
			}
			for what, tc := range map[string]struct {
				step   connector.Step
				code   fault.Code
				reason string
			}{
				"a number that is taken":  {connector.Step{Set: fields, Want: fields}, fault.Rejected, netvisor.DuplicateData},
				"an unknown operator":     {connector.Step{Record: id, Set: customer.Fields{"einvoice.operator": "NOSUCH"}}, fault.Rejected, netvisor.InvalidData},
				"an unknown customer":     {connector.Step{Record: "999999", Set: customer.Fields{"email": "a@example.test"}}, fault.Rejected, netvisor.InvalidData},
				"a transaction seen once": {connector.Step{Record: id, Set: customer.Fields{"email": "a@example.test"}, Transaction: "t-1"}, fault.Duplicate, netvisor.RequestNotUnique},
			} {
				if _, err := conn.Write(t.Context(), tc.step); !fault.Is(err, tc.code) || fault.Of(err).Reason != tc.reason {
					t.Errorf("%s in %s: %v", what, language, err)
				}
			}
		}
	})
	t.Run("T11_ALongPauseThatIsNamedIsKept", func(t *testing.T) {
		t.Parallel()
		m := stand(t, sandbox.Options{Customers: 3, Seed: 5})
		conn, id := m.open(t).(connector.Writer), m.companies(t, 1)[0]
		m.fault(sandbox.Fault{Kind: sandbox.FaultTooMany, RetryAfter: 120, Times: 1})(t)
		_, err := conn.Write(t.Context(), connector.Step{Record: id, Set: customer.Fields{"email": "a@example.test"}})
		if f := fault.Of(err); f == nil || f.Code != fault.Limited || time.Until(f.Until) < 100*time.Second {
			t.Errorf("got %+v", f)
		}
	})
}

// speaking opens a connection with a language of Netvisor's messages.
func (m *misbehaving) speaking(t *testing.T, language string) connector.Connection {
	t.Helper()
	return m.openWith(t, map[string]string{netvisor.Language: language})
}
