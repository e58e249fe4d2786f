package reconcile_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"customerhub/internal/connector"
	"customerhub/internal/connector/connectortest"
	"customerhub/internal/connector/netvisor"
	"customerhub/internal/customer"
	"customerhub/internal/link"
	"customerhub/internal/reconcile"
	"customerhub/internal/run"
	sandbox "customerhub/internal/sandbox/netvisor"
	"customerhub/internal/system"
)

// wired is a bundle whose system is the simulated Netvisor, over HTTP.
type wired struct {
	*bundle
	netvisor *sandbox.Sandbox
}

// overTheWire gives a simulated Netvisor that has been checked and started; its first import waits. Where it has the responsibility
// tab, the system's setting is on.
func overTheWire(t *testing.T, o sandbox.Options, others ...connector.Kind) wired {
	t.Helper()
	s, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(connectortest.Guard(t, s))
	t.Cleanup(server.Close)
	b := setupKind(t, append(others, netvisor.Kind())...)
	b.worker = reconcile.NewWorker(b.hub, b.db.App, reconcile.Options{Kinds: b.kinds, Client: http.DefaultClient, Workers: 1})
	c, _ := s.Credentials("")
	settings := map[string]string{netvisor.BaseURL: server.URL, netvisor.OrganisationID: c.OrganisationID}
	if o.Responsibility {
		settings[netvisor.ResponsibilityResource] = tabResource
	}
	b.viewer, b.system = b.start("Esimerkki Oy", settings,
		map[string]string{
			netvisor.CustomerID: c.CustomerID, netvisor.CustomerKey: c.CustomerKey,
			netvisor.PartnerID: c.PartnerID, netvisor.PartnerKey: c.PartnerKey,
		})
	return wired{b, s}
}

// TestR180_R181_Netvisor is the flow over the wire: the real connector against the simulator.
func TestR180_R181_Netvisor(t *testing.T) {
	t.Parallel()
	b := overTheWire(t, sandbox.Options{Customers: 150, Seed: 7, OddIdentityCode: true})
	s := b.netvisor
	r := b.imported()
	if r.Counts.Created != 150 || r.Counts.Skipped != 1 || r.Counts.Failed != 0 || r.Done != 150 {
		t.Fatalf("got %+v", r)
	}
	var key int64
	for found := range s.Customers("") {
		if got := b.find(strconv.FormatInt(found.Key(), 10)); got == nil {
			if found.Get("code") != "TEMP" {
				t.Errorf("customer %d did not come in", found.Key())
			}
		} else if got.Name == "" || got.Number != found.Get("code") {
			t.Errorf("customer %d came in as %+v", found.Key(), got)
		} else if key == 0 {
			key = found.Key()
		}
	}
	id := strconv.FormatInt(key, 10)
	change := func(field, value string) {
		t.Helper()
		b.must(s.Edit("", key, func(c *sandbox.Customer) error { return c.Set(field, value) }))
	}

	t.Log("nothing changed: no row version is written, and R124 keeps TEMP out for good")
	before := b.versions()
	for _, full := range []bool{true, false} {
		if r := b.sync(full); r.State != run.Succeeded || r.Counts.Created+r.Counts.Updated+r.Counts.Failed > 0 {
			t.Fatalf("got %+v", r)
		}
	}
	if b.versions() != before {
		t.Error("an unchanged run wrote rows")
	}

	t.Log("an edit in the hub stands against the older value, through another change of the same card")
	b.edit(id, customer.Fields{"phone": "050 765 4321"})
	change("name", "Muutettu Oy")
	if r := b.sync(false); r.State != run.Succeeded {
		t.Fatalf("got %+v", r)
	}
	if c := b.find(id); c.Phone.Raw != "050 765 4321" || c.Name != "Muutettu Oy" || c.Links[0].State != link.Waiting {
		t.Errorf("got %+v", c)
	}

	t.Log("a later change in Netvisor comes in over it (R55)")
	change("PhoneNumber", "09 111 2222")
	b.sync(false)
	if c := b.find(id); c.Phone.Raw != "09 111 2222" || c.Links[0].State != link.InSync {
		t.Errorf("got %+v", c)
	}

	t.Log("T25: cleared there is cleared here")
	change("PhoneNumber", "")
	b.sync(false)
	if c := b.find(id); c.Phone.Raw != "" {
		t.Errorf("got %+v", c.Phone)
	}

	t.Log("R115: a new number is the same customer")
	was := b.find(id).ID
	change("code", "88001")
	b.sync(false)
	if c := b.find(id); c.ID != was || c.Number != "88001" {
		t.Errorf("got %+v", c)
	}

	t.Log("Promise 6: a customer deleted there stays here")
	b.must(s.Remove("", key))
	if r := b.sync(true); r.State != run.Succeeded {
		t.Errorf("got %+v", r)
	}
	if c := b.find(id); c == nil || c.Status != customer.Active {
		t.Errorf("got %+v", c)
	}
	if b.state().State != system.Running {
		t.Errorf("got %+v", b.state())
	}
	for _, call := range s.Calls() {
		if call.Overlapped {
			t.Errorf("Promise 10: call %d overlapped", call.Number)
		}
	}
}
