package reconcile_test

import (
	"fmt"
	"strings"
	"testing"

	"customerhub/internal/advice"
	"customerhub/internal/connector/connectortest"
	"customerhub/internal/customer"
	"customerhub/internal/explain"
	"customerhub/internal/finding"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/system"
)

// rounds is many more than it takes to see that two sides undo each other's values.
const rounds = 15

// wrote is how often a field was written into the second system.
func (p *pair) wrote(f customer.Field) (n int) {
	for _, c := range p.flex.Calls() {
		if _, sent := c.Step.Set[f]; c.Op == connectortest.OpWrite && sent && c.Effect != nil {
			n++
		}
	}
	return n
}

// fought gives the standing findings of a fight.
func (p *pair) fought() []finding.Finding {
	p.Helper()
	no := false
	page, err := p.hub.Findings(p.Context(), p.viewer, hub.FindingFilter{Codes: []finding.Code{finding.PingPong}, Resolved: &no}, hub.Page{}, false)
	p.must(err)
	return page.Items
}

// standing is how the customer stands in the second system.
func (p *pair) standing() explain.Explanation {
	p.Helper()
	said, err := p.hub.Explain(p.Context(), p.viewer, []customer.ID{p.customer}, p.second)
	p.must(err)
	return said[p.customer][0]
}

// TestT27_PingPong has a rule of the second system undo what the hub sends, again and again.
func TestT27_PingPong(t *testing.T) {
	t.Parallel()
	// ruled sends into a system whose rule puts its own value back before each look.
	ruled := func(t *testing.T) *pair {
		p := twoSystems(t)
		_, err := p.hub.SetSystemPolicy(t.Context(), p.viewer, p.second, hub.SetPolicy{Flow: system.Flow{Direction: system.Out, Master: system.MasterHub}}, "")
		p.must(err)
		_, err = p.hub.UpdateCustomer(t.Context(), p.viewer, p.customer, nil, customer.Fields{customer.FieldEmail: "hub@example.test"}, "")
		p.must(err)
		p.settle()
		for range rounds {
			p.beyond(customer.FieldEmail, "rule@example.test")
			p.look(false, p.second)
		}
		return p
	}
	t.Run("TheFieldIsLeftAloneAfterFewRounds", func(t *testing.T) {
		t.Parallel()
		p := ruled(t)
		if n := p.wrote(customer.FieldEmail); n < 3 || n > 6 {
			t.Errorf("it was sent %d times in %d rounds", n, rounds)
		}
		found := p.fought()
		if len(found) != 1 {
			t.Fatalf("findings %+v", found)
		}
		f := found[0]
		if f.HubValue != "hub@example.test" || f.SystemValue != "rule@example.test" || f.Field != customer.FieldEmail || f.CustomerID != p.customer || f.SystemID != p.second {
			t.Errorf("%+v", f)
		}
		if !strings.Contains(f.Message, p.viewer.Actor.Name) || !strings.Contains(f.Message, "Fake FLEX") {
			t.Errorf("it names not both actors: %s", f.Message)
		}
		for _, e := range []string{"hub@", "rule@"} {
			if strings.Contains(f.Message, e) {
				t.Errorf("the message holds a value: %s", f.Message)
			}
		}
		e := p.standing()
		if e.State != link.Waiting || e.Fix == nil || e.Fix.Who != advice.Administrator || !strings.Contains(e.Fix.How.In("en"), "PING_PONG") {
			t.Errorf("%+v", e)
		}
	})
	t.Run("OthersFlow", func(t *testing.T) {
		t.Parallel()
		p := ruled(t)
		p.beyond(customer.FieldEmail, "rule@example.test")
		_, err := p.hub.UpdateCustomer(t.Context(), p.viewer, p.customer, nil, customer.Fields{customer.FieldPhone: "040 123 4567"}, "")
		p.must(err)
		p.there("NameExtension", "tukku")
		p.look(true, p.system, p.second)
		beyond, _ := p.flex.Fields(p.record)
		if beyond[customer.FieldPhone] != "040 123 4567" || beyond[customer.FieldNameExtension] != "tukku" || beyond[customer.FieldEmail] != "rule@example.test" {
			t.Errorf("%v", beyond)
		}
		if c := p.view(); c.Email != "hub@example.test" || p.theirs(p.key).Get("Email") != "hub@example.test" {
			t.Errorf("the hub has %q, Netvisor %q", c.Email, p.theirs(p.key).Get("Email"))
		}
		if len(p.fought()) != 1 || p.standing().State != link.Waiting {
			t.Error("the fight is forgotten")
		}
		// The value can still be edited, for the other systems.
		_, err = p.hub.UpdateCustomer(t.Context(), p.viewer, p.customer, nil, customer.Fields{customer.FieldEmail: "toinen@example.test"}, "")
		p.must(err)
		p.look(true, p.system, p.second)
		if got := p.theirs(p.key).Get("Email"); got != "toinen@example.test" {
			t.Errorf("Netvisor has %q", got)
		}
		if beyond, _ = p.flex.Fields(p.record); beyond[customer.FieldEmail] != "rule@example.test" {
			t.Errorf("beyond is %v", beyond)
		}
	})
	t.Run("ItEndsWhenBothSidesAgree", func(t *testing.T) {
		t.Parallel()
		p := ruled(t)
		p.beyond(customer.FieldEmail, "hub@example.test")
		p.look(false, p.second)
		if left := p.fought(); len(left) != 0 {
			t.Errorf("findings %+v", left)
		}
		p.agree("when the rule is gone")
		_, err := p.hub.UpdateCustomer(t.Context(), p.viewer, p.customer, nil, customer.Fields{customer.FieldEmail: "uusi@example.test"}, "")
		p.must(err)
		p.settle()
		p.agree("after an edit")
		p.quiet()
	})
	t.Run("APersonLetsItFlowAgain", func(t *testing.T) {
		t.Parallel()
		p := ruled(t)
		before := p.wrote(customer.FieldEmail)
		_, err := p.hub.ResolveFinding(t.Context(), p.viewer, p.fought()[0].ID, "The rule is gone.", "")
		p.must(err)
		p.settle()
		if n := p.wrote(customer.FieldEmail) - before; n != 1 {
			t.Errorf("sent %d times, want once", n)
		}
		p.agree("afterwards")
		p.quiet()
		// The rule was not gone: it is counted anew.
		for range rounds {
			p.beyond(customer.FieldEmail, "rule@example.test")
			p.look(false, p.second)
		}
		if n := p.wrote(customer.FieldEmail) - before; n > 7 || len(p.fought()) != 1 {
			t.Errorf("sent %d times, findings %+v", n, p.fought())
		}
	})
	t.Run("TwoSystemsThatUndoEachOther", func(t *testing.T) {
		t.Parallel()
		p := twoSystems(t)
		there, beyond := p.calls()
		for range rounds {
			p.there("Name", "YHTEINEN OY")
			p.look(false, p.system)
			p.beyond(customer.FieldName, "Yhteinen oy")
			p.look(false, p.second)
		}
		a, b := p.calls()
		if a -= there; a > 7 {
			t.Errorf("%d calls to Netvisor in %d rounds", a, rounds)
		}
		if b -= beyond; b > 7 {
			t.Errorf("%d calls beyond in %d rounds", b, rounds)
		}
		if n := len(p.fought()); n == 0 || n > 2 {
			t.Errorf("%d findings", n)
		}
		p.beyond(customer.FieldPhone, "040 765 4321")
		p.look(false, p.second)
		if got := p.theirs(p.key).Get("PhoneNumber"); got != "040 765 4321" {
			t.Errorf("Netvisor has the phone %q", got)
		}
	})
	t.Run("ValuesThatGrow", func(t *testing.T) {
		t.Parallel()
		p := twoSystems(t)
		there, beyond := p.calls()
		for n := range 3 * rounds {
			p.there("NameExtension", fmt.Sprintf("osasto %d a", n))
			p.look(false, p.system)
			p.beyond(customer.FieldNameExtension, fmt.Sprintf("osasto %d b", n))
			p.look(false, p.second)
		}
		if a, b := p.calls(); a-there > 22 || b-beyond > 22 {
			t.Errorf("%d calls to Netvisor and %d beyond in %d rounds", a-there, b-beyond, 3*rounds)
		}
	})
	t.Run("PeopleWhoEditInTurnsAreNoFight", func(t *testing.T) {
		t.Parallel()
		p := twoSystems(t)
		for n := range 12 {
			_, err := p.hub.UpdateCustomer(t.Context(), p.viewer, p.customer, nil, customer.Fields{customer.FieldEmail: fmt.Sprintf("hub%d@example.test", n)}, "")
			p.must(err)
			p.settle()
			p.there("Email", fmt.Sprintf("netvisor%d@example.test", n))
			p.look(false, p.system)
		}
		p.agree("after each had the word in turn")
		if found := p.fought(); len(found) != 0 {
			t.Errorf("%+v", found)
		}
	})
}
