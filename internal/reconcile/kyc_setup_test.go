package reconcile_test

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"testing"
	"time"

	"customerhub/internal/advice"
	"customerhub/internal/connector/connectortest"
	"customerhub/internal/connector/netvisor"
	"customerhub/internal/connector/netvisorkyc"
	"customerhub/internal/customer"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/reconcile"
	"customerhub/internal/run"
	sandbox "customerhub/internal/sandbox/netvisor"
	kycsandbox "customerhub/internal/sandbox/netvisorkyc"
	"customerhub/internal/system"
)

// diligent is an organisation whose simulated Netvisor runs two ways with its responsibility tab on, and the simulated KYC beside it.
type diligent struct {
	*bundle
	netvisor *sandbox.Sandbox
	kyc      *kycsandbox.Sandbox
	// obliged is the organisation as KYC knows it, kycSystem as the hub does.
	obliged   string
	kycSystem system.ID
}

// duly gives both, with what KYC thinks of Netvisor's identifiers.
func duly(t *testing.T, o sandbox.Options, verify func(id kycsandbox.Identifiers) (bool, string), settings map[string]string) *diligent {
	t.Helper()
	o.Responsibility = true
	nv, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	netv := httptest.NewServer(connectortest.Guard(t, nv))
	t.Cleanup(netv.Close)
	ko := kycsandbox.Options{}
	if verify != nil {
		ko.VerifyNetvisor = func(_ context.Context, id kycsandbox.Identifiers) (bool, string) { return verify(id) }
	}
	k, err := kycsandbox.New(ko)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.Close() })
	web := httptest.NewServer(connectortest.Guard(t, k))
	t.Cleanup(web.Close)

	b := setupKind(t, netvisor.Kind(), netvisorkyc.Kind())
	b.worker = reconcile.NewWorker(b.hub, b.db.App, reconcile.Options{Kinds: b.kinds, Client: http.DefaultClient, Workers: 1, Poll: 10 * time.Millisecond, Backoff: []time.Duration{time.Millisecond}})
	c, _ := nv.Credentials("")
	d := &diligent{bundle: b, netvisor: nv, kyc: k, obliged: k.Organisations()[0]}
	b.viewer, b.system = b.start("Esimerkki Oy",
		map[string]string{netvisor.BaseURL: netv.URL, netvisor.OrganisationID: c.OrganisationID, netvisor.ResponsibilityResource: "customerresponsibility.nv"},
		map[string]string{
			netvisor.CustomerID: c.CustomerID, netvisor.CustomerKey: c.CustomerKey, netvisor.PartnerID: c.PartnerID, netvisor.PartnerKey: c.PartnerKey,
		})
	b.twoWay()
	b.imported()
	d.add(web.URL, settings)
	return d
}

// twoWay lets values flow out to Netvisor too.
func (b *bundle) twoWay() {
	b.Helper()
	b.mayWrite(b.system)
	_, err := b.hub.SetSystemPolicy(b.Context(), b.viewer, b.system, hub.SetPolicy{Flow: system.Flow{Direction: system.Both}}, "")
	b.must(err)
}

// add makes the KYC system in the hub, with the administrator's token and whom errors are reported to.
func (d *diligent) add(url string, settings map[string]string) {
	d.Helper()
	all := map[string]string{netvisorkyc.BaseURL: url, netvisorkyc.OrganisationID: d.obliged}
	maps.Copy(all, settings)
	s, err := d.hub.CreateSystem(d.Context(), d.viewer, hub.CreateSystem{Kind: system.NetvisorKYC, Settings: all}, "")
	d.must(err)
	c, _ := d.kyc.Credentials(d.obliged)
	_, err = d.hub.SetSystemCredentials(d.Context(), d.viewer, s.ID, map[string]string{netvisorkyc.ActivationToken: c.BootstrapToken}, "")
	d.must(err)
	_, err = d.hub.SetSystemErrorReport(d.Context(), d.viewer, s.ID, "virheet@example.test", advice.English, "")
	d.must(err)
	d.kycSystem = s.ID
}

// enable is support enabling the interfaces and making the integration user (R9, R16).
func (d *diligent) enable() {
	d.must(d.kyc.EnableInterfaces(d.obliged))
	d.must(d.kyc.CreateIntegrationUser(d.obliged))
}

// step queues a step of the activation and carries it out.
func (d *diligent) step(queue func() (run.Run, error)) run.Run {
	d.Helper()
	r, err := queue()
	d.must(err)
	d.all(d.worker)
	return d.run(r.ID)
}

func (d *diligent) run(id run.ID) run.Run {
	d.Helper()
	found, err := d.hub.RunsByID(d.Context(), d.viewer, []run.ID{id})
	d.must(err)
	return found[id]
}

func (d *diligent) requestCredential() run.Run {
	return d.step(func() (run.Run, error) { return d.hub.RequestCredential(d.Context(), d.viewer, d.kycSystem, "") })
}

func (d *diligent) submit() run.Run {
	return d.step(func() (run.Run, error) { return d.hub.SubmitSystem(d.Context(), d.viewer, d.kycSystem, "") })
}

// begin starts the integration and lets the first synchronisation come to its end.
func (d *diligent) begin() run.Run {
	d.Helper()
	_, r, err := d.hub.StartSystem(d.Context(), d.viewer, d.kycSystem, "")
	d.must(err)
	d.settle()
	return d.run(r.ID)
}

// activated goes all the way.
func (d *diligent) activated() *diligent {
	d.Helper()
	d.enable()
	for _, r := range []run.Run{d.requestCredential(), d.submit(), d.begin()} {
		if r.State != run.Succeeded {
			d.Fatalf("%s: %+v", r.Kind, r)
		}
	}
	return d
}

// settle works until nothing is due any more.
func (d *diligent) settle() {
	d.Helper()
	for range 2000 {
		ran, err := d.worker.RunOne(d.Context())
		d.must(err)
		linked, err := d.worker.LinkOne(d.Context())
		d.must(err)
		if !ran && !linked {
			return
		}
	}
	d.Fatal("the work does not end")
}

// polled looks what is new in a system, and does all that comes of it.
func (d *diligent) polled(ids ...system.ID) {
	d.Helper()
	for _, id := range ids {
		_, err := d.hub.SyncNow(d.Context(), d.viewer, id, false, "")
		d.must(err)
		d.settle()
	}
}

// both looks at both systems.
func (d *diligent) both() { d.Helper(); d.polled(d.system, d.kycSystem) }

// kycState is how the hub has the system.
func (d *diligent) kycState() system.System {
	d.Helper()
	found, err := d.hub.SystemsByID(d.Context(), d.viewer, []system.ID{d.kycSystem})
	d.must(err)
	return found[d.kycSystem]
}

// invented adds a customer in Netvisor and gives its key.
func (d *diligent) typed(values map[string]string, tab *sandbox.Responsibility) int64 {
	d.Helper()
	key, err := d.netvisor.Add("", func(c *sandbox.Customer) error {
		for name, v := range values {
			if err := c.Set(name, v); err != nil {
				return err
			}
		}
		if tab != nil {
			c.SetResponsibility(*tab)
		}
		return nil
	})
	d.must(err)
	return key
}

func (d *diligent) retyped(key int64, name, value string) {
	d.Helper()
	d.must(d.netvisor.Edit("", key, func(c *sandbox.Customer) error { return c.Set(name, value) }))
}

// candidates are those of KYC, tombstones left out, by business ID.
func (d *diligent) candidates() map[string]kycsandbox.Candidate {
	out := make(map[string]kycsandbox.Candidate)
	for _, c := range d.kyc.Candidates(d.obliged) {
		if c.State == "DELETED" {
			continue
		}
		if _, twice := out[c.BusinessID]; twice {
			d.Errorf("two candidates with the business ID %s", c.BusinessID)
		}
		out[c.BusinessID] = c
	}
	return out
}

// assessed has a candidate's request sent, answered and accepted.
func (d *diligent) assessed(candidate string, a kycsandbox.Assessment) kycsandbox.Customer {
	d.Helper()
	d.must(d.kyc.SendRequest(candidate))
	d.must(d.kyc.Answer(candidate))
	made, err := d.kyc.Accept(candidate, a)
	d.must(err)
	return made
}

func (d *diligent) customerOf(key int64) *hub.CustomerView { return d.find(strconv.FormatInt(key, 10)) }

// said is what the hub has of KYC's status of a customer.
func (d *diligent) said(key int64) customer.KYC {
	d.Helper()
	c := d.customerOf(key)
	if c == nil {
		d.Fatalf("no customer %d", key)
	}
	found, err := d.hub.KYCByCustomer(d.Context(), d.viewer, []customer.ID{c.ID})
	d.must(err)
	return found[c.ID]
}

// linkIn is the customer's link in a system.
func (d *diligent) linkIn(key int64, id system.ID) (l hub.LinkView) {
	d.Helper()
	for _, one := range d.customerOf(key).Links {
		if one.SystemID == id && one.Primary {
			l = one
		}
	}
	return l
}

// agreed says of a customer that everything is in agreement in a system.
func (d *diligent) agreed(key int64, id system.ID) {
	d.Helper()
	if l := d.linkIn(key, id); l.State != link.InSync {
		d.Errorf("customer %d is %s: %s", key, l.State, l.LastMessage)
	}
}

// wroteKYC are the calls that had an effect since a number of calls.
func (d *diligent) wroteKYC(since int) (out []string) {
	for _, c := range d.kyc.Calls()[since:] {
		if c.Committed {
			out = append(out, c.Method+" "+c.Path)
		}
	}
	return out
}

// calledNetvisor are the calls of a resource since a number of calls.
func (d *diligent) wroteNetvisor(resource string, since int) (n int) {
	for _, c := range d.netvisor.Calls()[since:] {
		if c.Committed && c.Resource == resource {
			n++
		}
	}
	return n
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
