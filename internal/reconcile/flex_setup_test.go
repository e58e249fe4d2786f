package reconcile_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"customerhub/internal/connector/connectortest"
	"customerhub/internal/connector/flex"
	"customerhub/internal/connector/netvisor"
	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/reconcile"
	"customerhub/internal/run"
	flexsandbox "customerhub/internal/sandbox/flex"
	sandbox "customerhub/internal/sandbox/netvisor"
	"customerhub/internal/system"
)

// field is an organisation whose simulated Netvisor runs two ways, and the simulated Admicom Flex beside it.
type field struct {
	*bundle
	netvisor *sandbox.Sandbox
	flex     *flexsandbox.Sandbox
	// flexSystem is Flex as the hub knows it.
	flexSystem system.ID
}

// org is the organisation in Flex.
const org = "org_1"

// fielded gives both; Flex is checked and never ran. What others change is sent at once unless the settings say otherwise.
func fielded(t *testing.T, o sandbox.Options, fo flexsandbox.Options, settings map[string]string) *field {
	t.Helper()
	nv, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	netv := httptest.NewServer(connectortest.Guard(t, nv))
	t.Cleanup(netv.Close)
	if fo.Organisations == nil {
		fo.Organisations = []flexsandbox.Organisation{{ID: org, Name: "Esimerkkihuolto Oy", Enabled: true}}
	}
	fo.KeepBodies = true
	fx, err := flexsandbox.New(fo)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fx.Close() })
	web := httptest.NewServer(connectortest.Guard(t, fx))
	t.Cleanup(web.Close)

	b := setupKind(t, netvisor.Kind(), flex.Kind())
	b.worker = reconcile.NewWorker(b.hub, b.db.App, reconcile.Options{Kinds: b.kinds, Client: http.DefaultClient, Workers: 1, Poll: 10 * time.Millisecond, Backoff: []time.Duration{time.Millisecond}})
	c, _ := nv.Credentials("")
	f := &field{bundle: b, netvisor: nv, flex: fx}
	b.viewer, b.system = b.start("Esimerkki Oy",
		map[string]string{netvisor.BaseURL: netv.URL, netvisor.OrganisationID: c.OrganisationID},
		map[string]string{
			netvisor.CustomerID: c.CustomerID, netvisor.CustomerKey: c.CustomerKey, netvisor.PartnerID: c.PartnerID, netvisor.PartnerKey: c.PartnerKey,
		})
	b.twoWay()
	b.imported()
	all := map[string]string{flex.BaseURL: web.URL, flex.Organisation: "Esimerkkihuolto Oy", flex.SendEvery: "0s"}
	maps.Copy(all, settings)
	s, err := b.hub.CreateSystem(t.Context(), b.viewer, hub.CreateSystem{Kind: system.Flex, Settings: all}, "")
	b.must(err)
	f.flexSystem = s.ID
	_, err = b.hub.SetSystemCredentials(t.Context(), b.viewer, s.ID, map[string]string{flex.APIKey: fx.Key(org)}, "")
	b.must(err)
	f.check()
	return f
}

// together has run for the first time, both ways.
func together(t *testing.T, o sandbox.Options, fo flexsandbox.Options, settings map[string]string) *field {
	t.Helper()
	f := fielded(t, o, fo, settings)
	f.firstRun(run.Merge)
	return f
}

func (f *field) check() system.System {
	f.Helper()
	_, err := f.hub.CheckSystem(f.Context(), f.viewer, f.flexSystem, "")
	f.must(err)
	f.settle()
	return f.flexState()
}

func (f *field) flexState() system.System {
	f.Helper()
	found, err := f.hub.SystemsByID(f.Context(), f.viewer, []system.ID{f.flexSystem})
	f.must(err)
	return found[f.flexSystem]
}

// plan makes a plan of Flex's first run.
func (f *field) plan(mode run.Mode) run.Plan {
	f.Helper()
	p, _, err := f.hub.PlanSystem(f.Context(), f.viewer, f.flexSystem, hub.PlanSystem{Mode: mode}, "")
	f.must(err)
	f.settle()
	return f.planned(p.ID)
}

func (f *field) planned(id run.ID) run.Plan {
	f.Helper()
	found, err := f.hub.PlansByID(f.Context(), f.viewer, []run.ID{id})
	f.must(err)
	return found[id]
}

// apply approves a plan and lets everything happen that comes of it.
func (f *field) apply(id run.ID) run.Plan {
	f.Helper()
	_, err := f.hub.ApprovePlan(f.Context(), f.viewer, id, "", "")
	f.must(err)
	_, _, err = f.hub.ApplyPlan(f.Context(), f.viewer, id, "")
	f.must(err)
	f.settle()
	return f.planned(id)
}

func (f *field) firstRun(mode run.Mode) run.Plan {
	f.Helper()
	p := f.apply(f.plan(mode).ID)
	if p.State != run.PlanApplied {
		f.Fatalf("the first run: %+v", p)
	}
	return p
}

// settle works until nothing is due any more.
func (f *field) settle() {
	f.Helper()
	for range 5000 {
		ran, err := f.worker.RunOne(f.Context())
		f.must(err)
		linked, err := f.worker.LinkOne(f.Context())
		f.must(err)
		if !ran && !linked {
			return
		}
	}
	f.Fatal("the work does not end")
}

// polled looks what is new in systems, and does all that comes of it.
func (f *field) polled(ids ...system.ID) {
	f.Helper()
	for _, id := range ids {
		_, err := f.hub.SyncNow(f.Context(), f.viewer, id, false, "")
		f.must(err)
		f.settle()
	}
}

// both looks at both systems.
func (f *field) both() { f.Helper(); f.polled(f.system, f.flexSystem) }

// typed adds a customer in Netvisor and gives its key.
func (f *field) typed(values map[string]string) int64 {
	f.Helper()
	key, err := f.netvisor.Add("", func(c *sandbox.Customer) error {
		for name, v := range values {
			if err := c.Set(name, v); err != nil {
				return err
			}
		}
		return nil
	})
	f.must(err)
	return key
}

func (f *field) retyped(key int64, name, value string) {
	f.Helper()
	f.must(f.netvisor.Edit("", key, func(c *sandbox.Customer) error { return c.Set(name, value) }))
}

// entered adds a customer in Flex.
func (f *field) entered(c flexsandbox.Customer) flexsandbox.Customer {
	f.Helper()
	made, err := f.flex.Create(org, c)
	f.must(err)
	return made
}

// changed edits a customer in Flex, by id or number.
func (f *field) changed(which string, change func(*flexsandbox.Customer)) {
	f.Helper()
	_, err := f.flex.Edit(org, f.inFlex(which).ID, change)
	f.must(err)
}

// inFlex is the customer as Flex has it.
func (f *field) inFlex(which string) flexsandbox.Customer {
	f.Helper()
	c, ok := f.flex.Customer(org, which)
	if !ok {
		f.Fatalf("Flex has no customer %s; links %s", which, f.linkStates())
	}
	return c
}

// inNetvisor is what Netvisor has of the customer with the number: the values of the card by their names.
func (f *field) inNetvisor(number string) *sandbox.Customer {
	f.Helper()
	for c := range f.netvisor.Customers("") {
		if c.Get("InternalIdentifier") == number {
			return c
		}
	}
	f.Fatalf("Netvisor has no customer %s; links %s", number, f.linkStates())
	return nil
}

// linkStates are all links, for messages.
func (f *field) linkStates() string { return wired{bundle: f.bundle}.linkStates() }

// ours is the hub's customer with a number.
func (f *field) ours(number string) hub.CustomerView {
	f.Helper()
	c, err := f.hub.Customer(f.Context(), f.viewer, hub.CustomerLookup{Number: number}, hub.IncludeAll)
	f.must(err)
	if c == nil {
		f.Fatalf("the hub has no customer %s", number)
	}
	return *c
}

// inSync says of the customer with a number that everything is in agreement in both systems.
func (f *field) inSync(numbers ...string) {
	f.Helper()
	for _, number := range numbers {
		for _, l := range f.ours(number).Links {
			if l.Primary && l.State != link.InSync {
				f.Errorf("%s is %s in %s: %s %s", number, l.State, l.SystemID, l.LastFault, l.LastMessage)
			}
		}
	}
}

// edited edits the customer with a number in the hub.
func (f *field) edited(number string, patch customer.Fields) {
	f.Helper()
	_, err := f.hub.UpdateCustomer(f.Context(), f.viewer, f.ours(number).ID, nil, patch, "")
	f.must(err)
}

// calls are where the call logs of both stand.
type calls struct{ netvisor, flex int }

func (f *field) calls() calls { return calls{len(f.netvisor.Calls()), len(f.flex.Calls())} }

// wrote are the calls that had an effect since then, as METHOD path in Flex and the resource in Netvisor.
func (f *field) wrote(since calls) (inNetvisor, inFlex []string) {
	for _, c := range f.netvisor.Calls()[since.netvisor:] {
		if c.Committed {
			inNetvisor = append(inNetvisor, c.Resource)
		}
	}
	for _, c := range f.flex.Calls()[since.flex:] {
		if c.Committed {
			inFlex = append(inFlex, c.Method)
		}
	}
	return inNetvisor, inFlex
}

// quiet says that looking at everything writes nothing.
func (f *field) quiet() {
	f.Helper()
	before := f.calls()
	for _, id := range []system.ID{f.system, f.flexSystem} {
		_, err := f.hub.SyncNow(f.Context(), f.viewer, id, true, "")
		f.must(err)
		f.settle()
	}
	if n, x := f.wrote(before); len(n)+len(x) > 0 {
		f.Errorf("nothing changed, and %v was written in Netvisor and %v in Flex", n, x)
	}
}

// codesOf are the codes of the findings that stand about the customer with a number.
func (f *field) codesOf(number string) (out []finding.Code) {
	f.Helper()
	id := f.ours(number).ID
	rows, err := f.db.Owner.Query(f.Context(), `SELECT code FROM finding WHERE customer_id = $1 AND resolved_at IS NULL ORDER BY code`, string(id))
	f.must(err)
	defer rows.Close()
	for rows.Next() {
		var code string
		f.must(rows.Scan(&code))
		out = append(out, finding.Code(code))
	}
	return slices.Compact(out)
}
