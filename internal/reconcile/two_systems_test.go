package reconcile_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"customerhub/internal/connector/connectortest"
	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/run"
	sandbox "customerhub/internal/sandbox/netvisor"
	"customerhub/internal/system"
)

// pair is one customer that Netvisor and a second system have both.
type pair struct {
	wired
	flex     *connectortest.Fake
	second   system.ID
	customer customer.ID
	key      int64  // in Netvisor
	record   string // in the second system
}

// twoSystems makes a customer in the hub, from where it reached both systems. In Netvisor the accounting's word stands when both
// sides changed a value (R55); the second system gives way to the hub, and so to Netvisor.
func twoSystems(t *testing.T) *pair {
	t.Helper()
	fake := connectortest.NewFake()
	fake.SetWrites(simple)
	fake.SetReads(simple)
	fake.SetLongestWrite(50 * time.Millisecond)
	p := &pair{wired: twoWays(t, sandbox.Options{Customers: 2, Seed: 7}, fake.Kind(system.Flex)), flex: fake}
	s, err := p.hub.CreateSystem(t.Context(), p.viewer, hub.CreateSystem{Kind: system.Flex}, "")
	p.must(err)
	p.second = s.ID
	_, err = p.hub.SetSystemCredentials(t.Context(), p.viewer, s.ID, map[string]string{"key": "secret"}, "")
	p.must(err)
	_, err = p.hub.CheckSystem(t.Context(), p.viewer, s.ID, "")
	p.must(err)
	p.all(p.worker)
	_, _, err = p.hub.StartSystem(t.Context(), p.viewer, s.ID, "")
	p.must(err)
	p.mayWrite(s.ID)
	_, err = p.hub.SetSystemPolicy(t.Context(), p.viewer, s.ID, hub.SetPolicy{Flow: system.Flow{Direction: system.Both, Master: system.MasterHub}}, "")
	p.must(err)
	p.all(p.worker)
	c, err := p.hub.CreateCustomer(t.Context(), p.viewer, customer.Fields{
		customer.FieldKind: "COMPANY", customer.FieldName: "Yhteinen Oy", customer.FieldNumber: "77001", customer.FieldEmail: "info@example.test",
	}, "")
	p.must(err)
	p.customer = c.ID
	p.settle()
	for _, l := range p.view().Links {
		if l.System.ID == p.second {
			p.record = l.ExternalID
		} else {
			p.key, _ = strconv.ParseInt(l.ExternalID, 10, 64)
		}
	}
	if p.key == 0 || p.record == "" {
		t.Fatalf("it is not in both systems: %+v", p.view().Links)
	}
	return p
}

// simple are fields that both systems have in one and the same form.
func simple(f customer.Field) bool {
	switch f {
	case customer.FieldKind, customer.FieldStatus, customer.FieldName, customer.FieldNumber, customer.FieldEmail, customer.FieldPhone, customer.FieldNameExtension:
		return true
	}
	return false
}

func (p *pair) view() hub.CustomerView {
	p.Helper()
	found, err := p.hub.CustomersByID(p.Context(), p.viewer, []customer.ID{p.customer}, hub.IncludeAll)
	p.must(err)
	return found[p.customer]
}

// there changes a value in Netvisor, beyond in the second system.
func (p *pair) there(element, value string) {
	p.Helper()
	p.must(p.netvisor.Edit("", p.key, func(c *sandbox.Customer) error { return c.Set(element, value) }))
}

func (p *pair) beyond(f customer.Field, value string) {
	p.flex.Set(p.record, customer.Fields{f: value})
}

// look polls the systems in an order, and lets everything that comes of it happen.
func (p *pair) look(full bool, order ...system.ID) {
	p.Helper()
	for _, id := range order {
		_, err := p.hub.SyncNow(p.Context(), p.viewer, id, full, "")
		p.must(err)
		p.work(p.worker)
	}
	p.settle()
}

// agree checks that all three hold the same.
func (p *pair) agree(why string) {
	p.Helper()
	c, there := p.view(), p.theirs(p.key)
	beyond, _ := p.flex.Fields(p.record)
	for f, three := range map[customer.Field][3]string{
		customer.FieldName:          {c.Name, there.Get("Name"), beyond[customer.FieldName]},
		customer.FieldEmail:         {c.Email, there.Get("Email"), beyond[customer.FieldEmail]},
		customer.FieldPhone:         {c.Phone.Raw, there.Get("PhoneNumber"), beyond[customer.FieldPhone]},
		customer.FieldNameExtension: {c.NameExtension, there.Get("NameExtension"), beyond[customer.FieldNameExtension]},
	} {
		if three[0] != three[1] || three[0] != three[2] {
			p.Errorf("%s: %s is %q in the hub, %q in Netvisor and %q beyond", why, f, three[0], three[1], three[2])
		}
	}
	for _, l := range c.Links {
		if l.State != link.InSync {
			p.Errorf("%s: link to %s is %s: %s", why, l.System.Kind, l.State, l.LastMessage)
		}
	}
}

// calls is how many calls wrote into either system.
func (p *pair) calls() (there, beyond int) { return p.writes(), p.flex.Count(connectortest.OpWrite) }

// quiet checks that complete looks at both systems write nothing.
func (p *pair) quiet() {
	p.Helper()
	there, beyond := p.calls()
	p.look(true, p.system, p.second)
	if a, b := p.calls(); a != there || b != beyond {
		p.Errorf("Promise 3: after agreement %d calls to Netvisor and %d beyond", a-there, b-beyond)
	}
}

func TestTwoSystems(t *testing.T) {
	t.Parallel()
	for name, order := range map[string]func(*pair) []system.ID{
		"NetvisorFirst": func(p *pair) []system.ID { return []system.ID{p.system, p.second} },
		"NetvisorLast":  func(p *pair) []system.ID { return []system.ID{p.second, p.system} },
	} {
		t.Run("T22_R98_R117_DifferentFieldsSurviveEverywhere/"+name, func(t *testing.T) {
			t.Parallel()
			p := twoSystems(t)
			there, beyond := p.calls()
			p.there("PhoneNumber", "040 123 4567")
			p.beyond(customer.FieldEmail, "uusi@example.test")
			p.look(false, order(p)...)
			p.agree("afterwards")
			if c := p.view(); c.Phone.Raw != "040 123 4567" || c.Email != "uusi@example.test" {
				t.Errorf("the hub has %q and %q", c.Phone.Raw, c.Email)
			}
			if a, b := p.calls(); a-there != 1 || b-beyond != 1 {
				t.Errorf("%d calls to Netvisor and %d beyond, want one each", a-there, b-beyond)
			}
			p.quiet()
			// The resources are those that Netvisor names for it: the list, the details, and the one that adds and updates.
			for _, c := range p.netvisor.Calls() {
				if !slices.Contains([]string{"customerlist.nv", "getcustomer.nv", "customer.nv"}, c.Resource) {
					t.Errorf("call %d is of %s", c.Number, c.Resource)
				}
			}
		})
		t.Run("T23_R118_OfTheSameFieldOneStandsAndTheOtherIsKept/"+name, func(t *testing.T) {
			t.Parallel()
			p := twoSystems(t)
			there, beyond := p.calls()
			p.there("Name", "Kirjanpidon Nimi Oy")
			p.beyond(customer.FieldName, "Kentän Nimi Oy")
			p.look(false, order(p)...)
			p.agree("afterwards")
			if c := p.view(); c.Name != "Kirjanpidon Nimi Oy" {
				t.Errorf("the hub has %q: Netvisor's word stands", c.Name)
			}
			if a, b := p.calls(); a-there > 1 || b-beyond > 1 {
				t.Errorf("%d calls to Netvisor and %d beyond, want at most one each", a-there, b-beyond)
			}
			if n := p.count(`SELECT count(*) FROM finding WHERE code = 'FIELD_CONFLICT' AND field = 'name'`); n != 1 {
				t.Errorf("%d findings, want one", n)
			}
			kept, err := p.hub.ProvenanceByCustomer(t.Context(), p.viewer, []customer.ID{p.customer})
			p.must(err)
			if of := kept[p.customer][customer.FieldName]; len(of.Alternatives) != 1 || of.Alternatives[0].Value != "Kentän Nimi Oy" {
				t.Errorf("the other value is not kept: %+v", of)
			}
			p.quiet()
		})
	}
}

// TestR194_WhereValuesOnlyGoOut has a person change a value in a system that is only written to.
func TestR194_WhereValuesOnlyGoOut(t *testing.T) {
	t.Parallel()
	p := twoSystems(t)
	_, err := p.hub.SetSystemPolicy(t.Context(), p.viewer, p.second, hub.SetPolicy{Flow: system.Flow{Direction: system.Out, Master: system.MasterHub}}, "")
	p.must(err)
	p.settle()
	p.beyond(customer.FieldEmail, "typed.there@example.test")
	p.look(false, p.second)
	p.agree("what was typed there")
	page, err := p.hub.Findings(t.Context(), p.viewer, hub.FindingFilter{Codes: []finding.Code{finding.FieldConflict}}, hub.Page{}, false)
	p.must(err)
	if len(page.Items) != 1 {
		t.Fatalf("got %+v", page.Items)
	}
	f := page.Items[0]
	if !strings.HasPrefix(f.Message, "email was changed in Fake FLEX, where the hub's values go and from where none is taken.") ||
		f.SystemValue != "typed.there@example.test" || strings.Contains(f.Message, "changed in the hub") {
		t.Errorf("got %+v", f)
	}
}

// TestTwoSystemsUnderFaults edits in all three places in any order, with lost answers and lost and repeated looks, and wants all
// three to agree in the end, with nothing written after that.
func TestTwoSystemsUnderFaults(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			p := twoSystems(t)
			r := rand.New(rand.NewPCG(seed, 23))
			elements := map[customer.Field]string{
				customer.FieldName: "Name", customer.FieldEmail: "Email", customer.FieldPhone: "PhoneNumber", customer.FieldNameExtension: "NameExtension",
			}
			fields := []customer.Field{customer.FieldName, customer.FieldEmail, customer.FieldPhone, customer.FieldNameExtension}
			value := func(f customer.Field, n int) string {
				switch f {
				case customer.FieldEmail:
					return fmt.Sprintf("a%d@example.test", n)
				case customer.FieldPhone:
					return fmt.Sprintf("040 123 %04d", n)
				}
				return fmt.Sprintf("%s %d", f, n)
			}
			for n := range 20 {
				f := fields[r.IntN(len(fields))]
				switch r.IntN(6) {
				case 0:
					p.there(elements[f], value(f, n))
				case 1:
					p.beyond(f, value(f, n))
				case 2:
					_, err := p.hub.UpdateCustomer(t.Context(), p.viewer, p.customer, nil, customer.Fields{f: value(f, n)}, "")
					p.must(err)
				case 3:
					p.flex.Lose(connectortest.OpWrite, 1)
				case 4:
					_, err := p.netvisor.Fault(sandbox.Fault{Kind: sandbox.FaultLostAnswer, Resource: "customer.nv", Times: 1})
					p.must(err)
				case 5:
					_, err := p.worker.LinkOne(t.Context())
					p.must(err)
				}
				if r.IntN(4) == 0 {
					id := []system.ID{p.system, p.second}[r.IntN(2)]
					if _, err := p.hub.SyncNow(t.Context(), p.viewer, id, false, ""); err == nil {
						p.work(p.worker)
					}
				}
			}
			p.settle()
			p.look(true, p.system, p.second)
			p.look(true, p.second, p.system)
			p.agree("in the end")
			p.quiet()
			if n := p.count(`SELECT count(*) FROM run WHERE state = $1`, string(run.Failed)); n != 0 {
				t.Errorf("%d runs failed", n)
			}
		})
	}
}
