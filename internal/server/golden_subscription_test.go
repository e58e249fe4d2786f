package server_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"customerhub/graph"
	"customerhub/internal/customer"
	"customerhub/internal/finding"
)

// TestGoldenSubscriptions follows each document of testdata/subscriptions over a web socket while something happens, and compares
// the events with the file beside it.
func TestGoldenSubscriptions(t *testing.T) {
	t.Parallel()
	b := setup(t, today(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)))
	b.seed(b.org.ID, 4)
	b.seedBeside()
	v := vars{
		"after": b.do(`{ changes(first: 1) { endCursor } }`, nil).text("changes", "endCursor"),
		"run":   globalID("Run", uuid(9, 1)),
	}
	s := openSocket(t, b, nil)
	s.init(b.key)
	one := globalID("Customer", uuid(2, 1))
	missing := make(map[string]bool)
	for _, f := range graph.New(graph.Options{}).Schema().Schema().Subscription.Fields {
		missing[f.Name] = true
	}
	for _, tc := range []struct {
		name    string
		before  int // events of what was before
		happens func()
		after   int
	}{
		{"runProgress", 1, func() {}, 0},
		{"findingRaised", 1, func() {
			b.finds("4000", finding.Finding{Code: finding.PhoneNotUnderstood, Field: customer.FieldPhone, Message: "Nobody can dial this."})
		}, 2},
		{"systemChanged", 2, func() {
			b.must(setSystemPolicy, vars{"id": globalID("System", uuid(1, 1)), "direction": "BOTH", "groups": []vars{{"group": "einvoice", "direction": "IN"}}})
		}, 1},
		{"kycStatusChanged", 0, func() {
			b.says(customer.KYC{State: customer.KYCCustomer, RiskClass: customer.RiskHigh, DueDiligenceExpiresOn: "2027-03-01", AsOf: seededAt.Add(24 * time.Hour)})
			b.tellExpiring("2027-02-01T00:01:00Z")
		}, 2},
		{"customerChanged", 8, func() {
			b.must(deactivateCustomer, vars{"id": one}) // one only: an event shows the customer as it is when it is sent
		}, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			delete(missing, tc.name)
			document, err := os.ReadFile("testdata/subscriptions/" + tc.name + ".graphql")
			if err != nil {
				t.Fatal(err)
			}
			used := vars{}
			for name, value := range v {
				if strings.Contains(string(document), "$"+name+":") {
					used[name] = value
				}
			}
			s.subscribe(tc.name, string(document), used)
			var events strings.Builder
			read := func(n int) {
				for range n {
					events.WriteString(pretty(t, string(s.want("next", tc.name).Payload)))
				}
			}
			read(tc.before)
			tc.happens()
			read(tc.after)
			if tc.after == 0 {
				s.want("complete", tc.name)
			} else {
				s.send(vars{"id": tc.name, "type": "complete"})
			}
			golden(t, "testdata/subscriptions/"+tc.name+".json", stable(events.String()))
		})
	}
	for name := range missing {
		t.Errorf("no golden document follows %s", name)
	}
}
