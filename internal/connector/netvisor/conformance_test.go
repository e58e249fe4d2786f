package netvisor_test

import (
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"

	"customerhub/internal/connector"
	"customerhub/internal/connector/connectortest"
	"customerhub/internal/connector/netvisor"
	"customerhub/internal/connector/record"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finnish"
	"customerhub/internal/outbound"
	sandbox "customerhub/internal/sandbox/netvisor"
)

// misbehaving stands before a sandbox and spoils the next call when it is told to.
type misbehaving struct {
	*sandbox.Sandbox
	url  string
	next atomic.Pointer[http.HandlerFunc]
}

func stand(t *testing.T, o sandbox.Options) *misbehaving {
	t.Helper()
	s, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	m := &misbehaving{Sandbox: s}
	server := httptest.NewServer(connectortest.Guard(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h := m.next.Swap(nil); h != nil {
			(*h)(w, r)
			return
		}
		s.ServeHTTP(w, r)
	})))
	t.Cleanup(server.Close)
	m.url = server.URL
	return m
}

func (m *misbehaving) open(t *testing.T) connector.Connection {
	t.Helper()
	return m.openWith(t, nil)
}

// openWith opens a connection with further settings.
func (m *misbehaving) openWith(t *testing.T, more map[string]string) connector.Connection {
	t.Helper()
	c, ok := m.Credentials("")
	if !ok {
		t.Fatal("no company")
	}
	settings := map[string]string{netvisor.BaseURL: m.url, netvisor.OrganisationID: c.OrganisationID}
	maps.Copy(settings, more)
	conn, err := netvisor.Kind().Open(connector.Config{
		Settings: settings,
		Credentials: map[string]string{
			netvisor.CustomerID: c.CustomerID, netvisor.CustomerKey: c.CustomerKey,
			netvisor.PartnerID: c.PartnerID, netvisor.PartnerKey: c.PartnerKey,
		},
		Client: outbound.Client(outbound.Options{}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func (m *misbehaving) spoil(h http.HandlerFunc) { m.next.Store(&h) }

// cut answers as the sandbox would, without the second half.
func (m *misbehaving) cut(t *testing.T) {
	m.spoil(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		m.ServeHTTP(rec, r)
		_, _ = w.Write(rec.Body.Bytes()[:rec.Body.Len()/2])
	})
}

func (m *misbehaving) refuse(detail string) func(*testing.T) {
	return func(*testing.T) {
		m.spoil(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "<Root><ResponseStatus><Status>FAILED</Status><Status>"+detail+"</Status></ResponseStatus></Root>")
		})
	}
}

// companies are the sandbox's customers, so many at least, with a business ID, whose e-invoice addresses are read and written.
func (m *misbehaving) companies(t *testing.T, least int) []string {
	t.Helper()
	var keys []string
	for c := range m.Customers("") {
		if _, err := finnish.ParseBusinessID(c.Get("businessId")); err == nil {
			keys = append(keys, strconv.FormatInt(c.Key(), 10))
		}
	}
	if len(keys) < least {
		t.Fatalf("%d companies", len(keys))
	}
	return keys
}

func rows(t *testing.T, conn connector.Connection) func(yield func(connector.Row) bool) {
	t.Helper()
	var all []connector.Row
	_, err := conn.(connector.Lister).List(t.Context(), "", func(r connector.Row) error { all = append(all, r); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return slices.Values(all)
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string]map[string]string{"TabOff": nil, "TabOn": {netvisor.ResponsibilityResource: tabResource}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance(t, settings)
		})
	}
}

func conformance(t *testing.T, settings map[string]string) {
	// The suite cancels calls; the sandbox may notice after the next one has begun.
	m := stand(t, sandbox.Options{Customers: 60, Seed: 7, AllowOverlap: true, Responsibility: true})
	keys := m.companies(t, 5)
	connectortest.Run(t, connectortest.Standin{
		Kind: netvisor.Kind(), Open: func(t *testing.T) connector.Connection { return m.openWith(t, settings) }, Known: keys[:5], Unknown: "999999999",
		CutList: m.cut, CutRead: m.cut,
		Fail: map[fault.Code]func(*testing.T){
			fault.Denied:      m.refuse("AUTHENTICATION_FAILED :: No"),
			fault.Rejected:    m.refuse("DUPLICATE_DATA :: No"),
			fault.Maintenance: m.refuse("SYSTEM_MAINTENANCE :: Later"),
			fault.Unavailable: func(*testing.T) {
				m.spoil(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusBadGateway) })
			},
			fault.Limited: func(*testing.T) {
				m.spoil(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "slow down", http.StatusTooManyRequests) })
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
		Edit: func(t *testing.T, id string) {
			n, _ := strconv.ParseInt(id, 10, 64)
			if err := m.Edit("", n, func(c *sandbox.Customer) error { return c.Set("Email", "uusi@example.test") }); err != nil {
				t.Fatal(err)
			}
		},
		Writing: &connectortest.Writing{
			Edit: customer.Fields{
				customer.FieldEmail: "toinen@example.test", customer.FieldPhone: "+358 40 000 9999", customer.FieldNameExtension: "Yksikkö & Poika",
				customer.AddressField(customer.Delivery, "name"): "Uusi <varasto>", customer.FieldBillingEmails: "a@example.test;b@example.test",
			},
			Parts: map[customer.Part]customer.Fields{
				customer.PartOffice: {"name": "Varasto 9", "identifier": "HUB-9", "address.line1": "Katu 1", "address.city": "Oulu", "address.country": "FI",
					"einvoice.address": "003719675438", "einvoice.operator": "003721291126"},
				customer.PartContact: {"firstName": "Aino", "lastName": "Uusi", "emails": "aino.uusi@example.test", "language": "sv", "title": "Johtaja"},
			},
			Changed: map[customer.Part]customer.Fields{
				customer.PartOffice:  {"identifier": "HUB-10", "address.line1": "Katu 2"},
				customer.PartContact: {"firstName": "Åsa", "phones": "+358 40 000 1234"},
			},
			Effects:    func() int { return byCalls(m.Effects()) },
			LoseCall:   m.fault(sandbox.Fault{Kind: sandbox.FaultLostRequest, Times: 1}),
			LoseAnswer: m.fault(sandbox.Fault{Kind: sandbox.FaultLostAnswer, Times: 1}),
			CutAnswer:  m.fault(sandbox.Fault{Kind: sandbox.FaultTruncate, Times: 1, Fraction: 0.5}),
		},
	})
	for _, c := range m.Calls() {
		if c.Resource == tabResource && settings == nil {
			t.Error("the tab is off, and was asked for")
		}
	}
	for _, f := range m.Faults() {
		if f.Hit != f.Times {
			t.Errorf("fault %+v met nothing", f)
		}
	}
}

func byCalls(effects []sandbox.Effect) int {
	n := 0
	for _, e := range effects {
		if e.Call > 0 {
			n++
		}
	}
	return n
}

// fault lets the sandbox misbehave.
func (m *misbehaving) fault(f sandbox.Fault) func(*testing.T) {
	return func(t *testing.T) {
		if _, err := m.Fault(f); err != nil {
			t.Fatal(err)
		}
	}
}

// TestASandboxIsReadInFull takes in everything the generator makes, odd shapes included, under the strictest rules.
func TestASandboxIsReadInFull(t *testing.T) {
	t.Parallel()
	m := stand(t, sandbox.Options{Customers: 1000, Seed: 42, OddIdentityCode: true})
	conn := m.open(t)
	var keys []string
	temp := 0
	for row := range rows(t, conn) {
		if row.Excluded == record.Temp {
			temp++
			continue
		}
		keys = append(keys, row.ExternalID)
	}
	if temp != 1 || len(keys) < 990 {
		t.Fatalf("%d rows, %d TEMP", len(keys), temp)
	}
	seen := map[customer.Field]bool{}
	n := 0
	for chunk := range slices.Chunk(keys, 50) {
		records, err := conn.(connector.BatchReader).ReadBatch(t.Context(), chunk)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			n++
			if r.Excluded == "" && r.Fields[customer.FieldKind] == "" {
				t.Errorf("%s has no kind", r.ExternalID)
			}
			for f := range r.Fields {
				if _, _, name, ok := f.PartKey(); ok {
					f = customer.Field("part." + name)
				}
				seen[f] = true
			}
			for _, f := range r.Findings {
				if f.Code == "UNKNOWN_ELEMENT" {
					t.Errorf("%s: %s", r.ExternalID, f.Message)
				}
			}
		}
	}
	if n != len(keys) {
		t.Errorf("%d records for %d rows", n, len(keys))
	}
	for _, f := range []customer.Field{"number", "businessId", "email", "phone", "billingAddress.city", "part.firstName", "part.address.city"} {
		if !seen[f] {
			t.Errorf("nobody has %s", f)
		}
	}
	for _, c := range m.Calls() {
		if c.Overlapped || c.Status != "OK" {
			t.Errorf("call %+v", c)
		}
	}
}

func TestCheckAgainstASandbox(t *testing.T) {
	t.Parallel()
	company := sandbox.Company{OrganisationID: "1967543-8", CustomerID: "HUB_1", CustomerKey: "key-of-the-customer"}
	t.Run("WrongKeys", func(t *testing.T) {
		t.Parallel()
		m := stand(t, sandbox.Options{Companies: []sandbox.Company{company}})
		conn, err := netvisor.Kind().Open(connector.Config{
			Settings: map[string]string{netvisor.BaseURL: m.url, netvisor.OrganisationID: company.OrganisationID},
			Credentials: map[string]string{netvisor.CustomerID: "HUB_1", netvisor.CustomerKey: "wrong", netvisor.PartnerID: "x",
				netvisor.PartnerKey: "y"},
			Client: outbound.Client(outbound.Options{}),
		})
		if err != nil {
			t.Fatal(err)
		}
		checks, err := conn.(connector.Checker).Check(context.WithoutCancel(t.Context()))
		if err != nil || len(checks) != 1 || checks[0].OK || checks[0].Fix == "" {
			t.Errorf("%+v, %v", checks, err)
		}
	})
	t.Run("OneResourceMissing", func(t *testing.T) {
		t.Parallel()
		limited := company
		limited.Resources = []string{"customerlist.nv"}
		m := stand(t, sandbox.Options{Companies: []sandbox.Company{limited}})
		checks, err := m.open(t).(connector.Checker).Check(t.Context())
		if err != nil || len(checks) != 3 || !checks[0].OK || !checks[1].OK || checks[2].OK {
			t.Errorf("%+v, %v", checks, err)
		}
	})
}
