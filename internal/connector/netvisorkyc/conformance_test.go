package netvisorkyc_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"customerhub/internal/connector"
	"customerhub/internal/connector/connectortest"
	"customerhub/internal/connector/netvisorkyc"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	sandbox "customerhub/internal/sandbox/netvisorkyc"
	"customerhub/internal/system"
)

// misbehaving stands before a sandbox and spoils the next call when it is told to.
type misbehaving struct {
	*sandbox.Sandbox

	url, token string
	next       atomic.Pointer[http.HandlerFunc]
	made       atomic.Int64
}

// stand starts a sandbox that support has enabled and that runs.
func stand(t *testing.T) *misbehaving {
	t.Helper()
	s, err := sandbox.New(sandbox.Options{Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
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
	if m.token, err = s.Activate(""); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *misbehaving) open(t *testing.T) connector.Connection {
	t.Helper()
	c, _ := m.Credentials("")
	conn, err := netvisorkyc.Kind().Open(connector.Config{
		Settings:    map[string]string{netvisorkyc.BaseURL: m.url, netvisorkyc.OrganisationID: c.Organisation},
		Credentials: map[string]string{netvisorkyc.Token: m.token, netvisorkyc.ActivationToken: c.BootstrapToken},
		Now:         m.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return netvisorkyc.Unpaced(conn)
}

func (m *misbehaving) spoil(h http.HandlerFunc) { m.next.Store(&h) }

// cut answers as the sandbox would, without the second half.
func (m *misbehaving) cut(*testing.T) {
	m.spoil(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		m.ServeHTTP(rec, r)
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes()[:rec.Body.Len()/2])
	})
}

func (m *misbehaving) refuse(status int, code string) func(*testing.T) {
	return func(*testing.T) {
		m.spoil(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, `{"status":%d,"code":%q,"title":"No","detail":"No."}`, status, code)
		})
	}
}

func (m *misbehaving) fault(f sandbox.Fault) func(*testing.T) {
	return func(t *testing.T) {
		if _, err := m.Fault(f); err != nil {
			t.Fatal(err)
		}
	}
}

// another is the step that makes a candidate unlike any other.
func (m *misbehaving) another() connector.Step {
	n := int(m.made.Add(1))
	set := customer.Fields{
		customer.FieldName: fmt.Sprintf("Yritys %d Oy", n), customer.FieldBusinessID: businessID(n), customer.FieldStatus: string(customer.Active),
		customer.FieldKYCContactFirstName: "Aino", customer.FieldKYCContactLastName: "Malli", customer.FieldKYCContactEmail: fmt.Sprintf("aino%d@example.test", n),
	}
	return connector.Step{Set: set, Want: set, Source: connector.Source{Kind: system.Netvisor, ExternalID: strconv.Itoa(1000 + n), Number: strconv.Itoa(2000 + n)}}
}

// businessID is the nth valid one that begins with 9, which none in use does.
func businessID(n int) string {
	for i := 9_200_000 + n*3; ; i++ {
		sum := 0
		for j, weight := range []int{7, 9, 10, 5, 8, 4, 2} {
			sum += weight * int(strconv.Itoa(i)[j]-'0')
		}
		if rest := sum % 11; rest != 1 {
			return fmt.Sprintf("%d-%d", i, (11-rest)%11)
		}
	}
}

// make makes a candidate.
func (m *misbehaving) make(t *testing.T, conn connector.Connection) string {
	t.Helper()
	key, err := conn.(connector.Writer).Write(t.Context(), m.another())
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// accept has the people of the organisation accept a candidate.
func (m *misbehaving) accept(t *testing.T, key string, a sandbox.Assessment) sandbox.Customer {
	t.Helper()
	id := strings.TrimPrefix(key, "candidates/")
	for _, act := range []func(string) error{m.SendRequest, m.Answer} {
		if err := act(id); err != nil {
			t.Fatal(err)
		}
	}
	made, err := m.Accept(id, a)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// effects counts what calls did to candidates and customers.
func (m *misbehaving) effects() int {
	n := 0
	for _, e := range m.Effects() {
		if e.Call > 0 && e.Entity != sandbox.EntityIntegration {
			n++
		}
	}
	return n
}

func TestConformance(t *testing.T) {
	t.Parallel()
	m := stand(t)
	conn := m.open(t)
	var keys []string
	for range 6 {
		keys = append(keys, m.make(t, conn))
	}
	for _, key := range keys[3:5] {
		m.accept(t, key, sandbox.Assessment{RiskClass: sandbox.High, ReviewIntervalMonths: 12, Notes: "Seurataan."})
	}
	for name, first := range map[string]int{"Candidates": 0, "Customers": 3} {
		t.Run(name, func(t *testing.T) {
			known := append(slices.Clone(keys[first:]), keys[:first]...)
			connectortest.Run(t, connectortest.Standin{
				Kind: netvisorkyc.Kind(), Open: m.open, Known: known, Unknown: "candidates/cand_999999",
				CutList: m.cut, CutRead: m.cut,
				Fail: map[fault.Code]func(*testing.T){
					fault.Denied:      m.refuse(401, netvisorkyc.InvalidToken),
					fault.Rejected:    m.refuse(422, "BUSINESS_ID_INVALID"),
					fault.Maintenance: m.refuse(409, netvisorkyc.IntegrationPaused),
					fault.Limited:     m.fault(sandbox.Fault{Kind: sandbox.FaultTooMany, Times: 1}),
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
					name := "Muutettu " + strconv.FormatInt(m.made.Add(1), 10) + " Oy"
					record, err := m.open(t).Read(t.Context(), key)
					if err != nil {
						t.Fatal(err)
					}
					if id := record.Extra["customerId"]; id != "" {
						err = m.EditCustomer(id, sandbox.CustomerEdit{Name: &name})
					} else {
						err = m.EditCandidate(strings.TrimPrefix(key, "candidates/"), sandbox.CandidateEdit{Name: &name})
					}
					if err != nil {
						t.Fatal(err)
					}
				},
				Writing: &connectortest.Writing{
					Edit: customer.Fields{customer.FieldName: "Äiti & <Poika> Oy " + name}, NeverCleared: true, Unnumbered: true, Idempotent: true,
					New: m.another, Effects: m.effects,
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
		})
	}
}
