package reconcile_test

import (
	"fmt"
	"strings"
	"testing"

	"customerhub/internal/connector/connectortest"
	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/outbound"
	"customerhub/internal/reconcile"
	sandbox "customerhub/internal/sandbox/netvisor"
	"customerhub/internal/system"
)

// mirror is a Netvisor whose customers the hub has made in a second system too. The brake of Netvisor is open, so that all of it comes
// in and would go on.
type mirror struct {
	wired
	flex   *connectortest.Fake
	second system.ID
}

func mirrored(t *testing.T, customers int) *mirror {
	t.Helper()
	fake := connectortest.NewFake()
	fake.SetWrites(simple)
	fake.SetReads(simple)
	m := &mirror{wired: overTheWire(t, sandbox.Options{}, fake.Kind(system.Flex)), flex: fake}
	m.worker = reconcile.NewWorker(m.hub, m.db.App, reconcile.Options{Kinds: m.kinds, Client: outbound.Client(outbound.Options{}), Workers: 1})
	all := 100
	_, err := m.hub.SetSystemPolicy(t.Context(), m.viewer, m.system, hub.SetPolicy{Flow: system.Flow{Direction: system.In}, Brake: &system.Brake{SharePercent: &all}}, "")
	m.must(err)
	s, err := m.hub.CreateSystem(t.Context(), m.viewer, hub.CreateSystem{Kind: system.Flex}, "")
	m.must(err)
	m.second = s.ID
	_, err = m.hub.SetSystemCredentials(t.Context(), m.viewer, s.ID, map[string]string{"key": "secret"}, "")
	m.must(err)
	_, err = m.hub.CheckSystem(t.Context(), m.viewer, s.ID, "")
	m.must(err)
	m.all(m.worker)
	_, _, err = m.hub.StartSystem(t.Context(), m.viewer, s.ID, "")
	m.must(err)
	m.mayWrite(s.ID)
	_, err = m.hub.SetSystemPolicy(t.Context(), m.viewer, s.ID, hub.SetPolicy{Flow: system.Flow{Direction: system.Both, Master: system.MasterHub}}, "")
	m.must(err)
	m.all(m.worker)
	for i := 1; i <= customers; i++ {
		m.adds(sound(i, setting("Name", fmt.Sprintf("Esimerkki %d Oy", i))))
	}
	m.sync(true)
	m.goesOn()
	if n := m.there(""); n != customers {
		t.Fatalf("%d customers are in the second system, want %d", n, customers)
	}
	return m
}

// there counts the records of the second system that have a name; all of them where it is empty.
func (m *mirror) there(name string) (n int) {
	m.Helper()
	for _, external := range m.column(`SELECT external_id FROM link WHERE external_id <> '' AND system_id = '` + string(m.second) + `'`) {
		if fields, ok := m.flex.Fields(external); ok && (name == "" || fields[customer.FieldName] == name) {
			n++
		}
	}
	return n
}

func TestBrakeOutward(t *testing.T) {
	t.Parallel()

	t.Run("AWrongImportOfOneSystemDoesNotRewriteAnother", func(t *testing.T) {
		t.Parallel()
		m := mirrored(t, 100)
		calls := m.flex.Count(connectortest.OpWrite)
		m.spoil(1, 40, named("PILALLA OY"))
		m.sync(false)
		m.goesOn()
		if n := m.count(spoilt); n != 40 {
			t.Fatalf("%d came into the hub, want 40", n)
		}
		if n, parked := m.there("PILALLA OY"), m.parked(); n != 20 || parked != 20 || m.flex.Count(connectortest.OpWrite) != calls+20 {
			t.Errorf("%d were sent and %d are parked, want 20 each", n, parked)
		}
		f, s := m.stop(finding.MassChangeOut)
		if s.Class != link.ClassOf(link.Outward, link.Altering) || s.Counted != 20 || s.Records != 100 || s.Most != 20 || s.Parked != 20 || f.SystemID != m.second {
			t.Errorf("got %+v, %+v", f, s)
		}
		t.Log("a full look finds nothing new")
		_, err := m.hub.SyncNow(t.Context(), m.viewer, m.second, true, "")
		m.must(err)
		m.all(m.worker)
		m.goesOn()
		if n := m.parked(); n != 20 || m.flex.Count(connectortest.OpWrite) != calls+20 {
			t.Errorf("%d are parked, and %d calls", n, m.flex.Count(connectortest.OpWrite)-calls)
		}
		t.Log("an edit by hand of what is parked, and of what is not, goes out at once")
		records := m.column(`SELECT c.id::text FROM link l JOIN customer c ON c.id = l.customer_id WHERE l.state = 'PARKED' ORDER BY c.id`)
		_, err = m.hub.UpdateCustomer(t.Context(), m.viewer, customer.ID(records[0]), nil, customer.Fields{"name": "Käsin Korjattu Oy"}, "")
		m.must(err)
		_, err = m.hub.UpdateCustomer(t.Context(), m.viewer, customer.ID(records[1]), nil, customer.Fields{"email": "uusi@example.test"}, "")
		m.must(err)
		m.goesOn()
		if n, parked := m.there("Käsin Korjattu Oy"), m.parked(); n != 1 || parked != 19 {
			t.Errorf("%d was sent and %d are parked, want 1 and 19", n, parked)
		}
		t.Log("approving sends exactly the rest")
		m.rule(f, link.Approved)
		m.goesOn()
		if n, parked := m.there("PILALLA OY"), m.parked(); n != 39 || parked != 0 {
			t.Errorf("%d were sent and %d are parked, want 39 and 0", n, parked)
		}
		if n := m.count(`SELECT count(*) FROM link_base WHERE held`); n != 0 {
			t.Errorf("%d records are still held", n)
		}
		was := m.flex.Count(connectortest.OpWrite)
		m.rule(f, link.Approved)
		m.goesOn()
		if m.flex.Count(connectortest.OpWrite) != was {
			t.Error("the second approval wrote")
		}
	})
	t.Run("RejectingSendsNothingAndShowsBoth", func(t *testing.T) {
		t.Parallel()
		m := mirrored(t, 60)
		m.spoil(1, 30, setting("Email", ""))
		m.sync(false)
		m.goesOn()
		f, s := m.stop(finding.MassChangeOut)
		if s.Class.Effect() != link.Clearing || s.Parked != 10 {
			t.Errorf("got %+v", s)
		}
		calls := m.flex.Count(connectortest.OpWrite)
		m.rule(f, link.Rejected)
		m.goesOn()
		_, err := m.hub.SyncNow(t.Context(), m.viewer, m.second, true, "")
		m.must(err)
		m.all(m.worker)
		m.goesOn()
		if n := m.flex.Count(connectortest.OpWrite); n != calls {
			t.Errorf("%d calls wrote", n-calls)
		}
		if n := m.count(`SELECT count(*) FROM finding WHERE code = 'CHANGE_REJECTED' AND resolved_at IS NULL AND hub_value = '' AND system_value = 'info@example.test'`); n != 10 {
			t.Errorf("%d findings show both values, want 10", n)
		}
	})
	t.Run("TwentyFiveOfThirtyEditedByHandAllGoOut", func(t *testing.T) {
		t.Parallel()
		m := mirrored(t, 30)
		for i, c := range m.column(`SELECT id::text FROM customer ORDER BY id LIMIT 25`) {
			_, err := m.hub.UpdateCustomer(t.Context(), m.viewer, customer.ID(c), nil, customer.Fields{"name": fmt.Sprintf("Käsin %d Oy", i)}, "")
			m.must(err)
			m.goesOn()
		}
		sent := 0
		for i := range 25 {
			sent += m.there(fmt.Sprintf("Käsin %d Oy", i))
		}
		if sent != 25 || len(m.findings()) != 0 {
			t.Errorf("%d were sent; %v", sent, m.findings())
		}
	})
	t.Run("AScriptThatEditsAllIsStopped", func(t *testing.T) {
		t.Parallel()
		m := mirrored(t, 60)
		one := 1 // 25 times as many may be edited by hand
		_, err := m.hub.SetSystemPolicy(t.Context(), m.viewer, m.second, hub.SetPolicy{
			Flow: system.Flow{Direction: system.Both, Master: system.MasterHub}, Brake: &system.Brake{Count: &one},
		}, "")
		m.must(err)
		for _, c := range m.column(`SELECT id::text FROM customer ORDER BY id`) {
			_, err := m.hub.UpdateCustomer(t.Context(), m.viewer, customer.ID(c), nil, customer.Fields{"name": "Ajettu Oy"}, "")
			m.must(err)
		}
		m.goesOn()
		if n, parked := m.there("Ajettu Oy"), m.parked(); n != 25 || parked != 35 {
			t.Errorf("%d were sent and %d are parked, want 25 and 35", n, parked)
		}
		if f, s := m.stop(finding.MassChangeOut); s.Class.Way() != link.ByHand || !strings.Contains(f.Message, "at most 25") {
			t.Errorf("got %+v, %+v", f, s)
		}
	})
}
