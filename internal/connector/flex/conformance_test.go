package flex_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"customerhub/internal/connector/connectortest"
	"customerhub/internal/connector/flex"
	"customerhub/internal/customer"
	"customerhub/internal/fault"

	sandbox "customerhub/internal/sandbox/flex"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	m := stand(t, 0)
	conn := m.open(t)
	var keys []string
	for range 12 {
		keys = append(keys, m.make(t, conn, nil))
	}
	connectortest.Run(t, connectortest.Standin{
		Kind: flex.Kind(), Open: m.open, Known: keys, Unknown: "fx_999999",
		CutList: m.cut, CutRead: m.cut,
		Fail: map[fault.Code]func(*testing.T){
			fault.Denied:   m.refuse(401, "INVALID_KEY"),
			fault.Rejected: m.refuse(422, "VALIDATION_FAILED"),
			fault.Limited:  m.fault(sandbox.Fault{Kind: sandbox.FaultTooMany, Times: 1}),
			fault.Unavailable: func(*testing.T) {
				m.spoil(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusBadGateway) })
			},
		},
		Hang: func(*testing.T) <-chan struct{} {
			arrived := make(chan struct{})
			m.spoil(func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body) // only then does the server see that its caller has gone
				close(arrived)
				<-r.Context().Done()
			})
			return arrived
		},
		Edit: func(t *testing.T, key string) {
			if _, err := m.Sandbox.Edit("org_1", key, func(c *sandbox.Customer) { c.Name = fmt.Sprintf("Muutettu %d Oy", m.made.Add(1)) }); err != nil {
				t.Fatal(err)
			}
		},
		Writing: &connectortest.Writing{
			Edit: customer.Fields{
				customer.FieldNameExtension: "Äiti & <Poika>", customer.FieldPhone: "040 123 4567", customer.FieldEmail: "uusi@example.test", customer.FieldLanguage: "sv",
				customer.FieldBillingEmails: "laskut@example.test;toinen@example.test", "billingAddress.line1": "PL 7", "visitingAddress.city": "Oulu",
			},
			Parts: map[customer.Part]customer.Fields{
				customer.PartContact: {"firstName": "Aino", "lastName": "Malli", "emails": "aino@example.test", "phones": "050 765 4321", "title": "Työnjohto"},
			},
			Changed: map[customer.Part]customer.Fields{customer.PartContact: {"lastName": "Toinen", "title": "Johto"}},
			New:     m.another, OnlyByNumber: true, Idempotent: true, Effects: m.effects,
			LoseCall:   m.fault(sandbox.Fault{Kind: sandbox.FaultLostRequest, Times: 1}),
			LoseAnswer: m.fault(sandbox.Fault{Kind: sandbox.FaultLostAnswer, Times: 1}),
			CutAnswer:  m.fault(sandbox.Fault{Kind: sandbox.FaultTruncate, Times: 1, Fraction: 0.5}),
		},
	})
	for _, f := range m.Faults() {
		if f.Hit != f.Times {
			t.Errorf("fault %+v met nothing", f)
		}
	}
}
