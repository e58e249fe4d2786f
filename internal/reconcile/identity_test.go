package reconcile_test

import (
	"strings"
	"testing"

	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/link"
	sandbox "customerhub/internal/sandbox/netvisor"
	"customerhub/internal/system"
)

// TestDeletedAndEdited is a customer that is deleted in Netvisor while somebody edits it in the second system: it does not come back to
// life, the edit is kept, and the finding says so.
func TestDeletedAndEdited(t *testing.T) {
	t.Parallel()
	for name, late := range map[string]bool{"TheEditComesFirst": false, "TheEditComesAfterItWasFoundOut": true} {
		t.Run("T29_NeitherBroughtBackNorLost/"+name, func(t *testing.T) {
			t.Parallel()
			p := twoSystems(t)
			edit := func() { p.beyond(customer.FieldEmail, "uusi@example.test") }
			if !late {
				edit()
			}
			p.must(p.netvisor.Remove("", p.key))
			p.look(true, p.system, p.second)
			p.look(true, p.system, p.second)
			if late {
				edit()
				p.look(false, p.second)
			}
			c := p.view()
			if c.Status != customer.Inactive || c.Email != "uusi@example.test" {
				t.Errorf("the customer is %s with %q", c.Status, c.Email)
			}
			if _, there := p.netvisor.Get("", p.key); there {
				t.Error("it came back to life")
			}
			if n := p.netvisor.Customers(""); n != nil {
				for other := range n {
					if other.Get("Name") == c.Name {
						t.Errorf("it was made again as %d", other.Key())
					}
				}
			}
			for _, l := range c.Links {
				if l.System.ID == p.system && (l.State != link.NotInScope || l.LastFault != fault.NotFound) {
					t.Errorf("the tombstone is %s: %s", l.State, l.LastMessage)
				}
			}
			var message string
			p.must(p.db.Owner.QueryRow(t.Context(), `SELECT message FROM finding WHERE code = 'RECORD_DELETED' AND resolved_at IS NULL`).Scan(&message))
			if !strings.Contains(message, "Edited elsewhere and kept here") || !strings.Contains(message, "email") || strings.Contains(message, "example.test") {
				t.Errorf("the finding says %q", message)
			}
			p.look(true, p.system, p.second)
			p.quiet()
		})
	}
}

// TestIdentityChanges is what becomes of a link when that changes by which a customer is known: the link by Netvisor's own key stays, and
// nothing is matched anew.
func TestIdentityChanges(t *testing.T) {
	t.Parallel()
	type situation struct {
		first  func(*sandbox.Customer) error // as the record is when it is linked
		change func(*sandbox.Customer) error
		is     func(customer.Customer) bool
	}
	all := func(edits ...func(*sandbox.Customer) error) func(*sandbox.Customer) error {
		return func(c *sandbox.Customer) error {
			for _, e := range edits {
				if err := e(c); err != nil {
					return err
				}
			}
			return nil
		}
	}
	nameless := all(identified(""))
	for name, s := range map[string]situation{
		"ABusinessIDAppears": {nameless, setting("businessId", businessID(7)), func(c customer.Customer) bool { return c.BusinessID == businessID(7) }},
		"ABusinessIDChanges": {all(), identified(businessID(8)), func(c customer.Customer) bool { return c.BusinessID == businessID(8) }},
		"TheBusinessIDOfAnother": {
			all(), identified(businessID(2)), func(c customer.Customer) bool { return c.BusinessID == businessID(2) },
		},
		"TheNameOfAnother": {all(), setting("Name", "Toinen Oy"), func(c customer.Customer) bool { return c.Name == "Toinen Oy" }},
		"ACompanyBecomesPrivate": {
			nameless, all(setting("IsPrivateCustomer", "1"), setting("Name", "Malli Aino")), func(c customer.Customer) bool { return c.Kind == customer.Private },
		},
		"APrivateCustomerBecomesACompany": {
			all(identified(""), setting("IsPrivateCustomer", "1"), setting("Name", "Malli Aino")), all(setting("IsPrivateCustomer", "0"), setting("businessId", businessID(9))),
			func(c customer.Customer) bool { return c.Kind == customer.Company && c.BusinessID == businessID(9) },
		},
		"AMergedCompanyTakesAnotherNameAndID": {
			all(), all(identified(businessID(2)), setting("Name", "Toinen Oy")),
			func(c customer.Customer) bool { return c.Name == "Toinen Oy" && c.BusinessID == businessID(2) },
		},
	} {
		t.Run("T31_TheLinkStays/"+name, func(t *testing.T) {
			t.Parallel()
			w := overTheWire(t, sandbox.Options{})
			key := w.adds(sound(1, s.first))
			other := w.adds(sound(2, setting("Name", "Toinen Oy")))
			w.imported()
			was, beside := w.find(id(key)).ID, w.find(id(other)).ID
			w.must(w.netvisor.Edit("", key, s.change))
			for _, full := range []bool{false, true} {
				w.sync(full)
			}
			c := w.find(id(key))
			if c == nil || c.ID != was || !s.is(c.Customer) || c.Links[0].State != link.InSync {
				t.Errorf("it is %+v", c)
			}
			if o := w.find(id(other)); o == nil || o.ID != beside || o.Name != "Toinen Oy" || o.BusinessID != businessID(2) {
				t.Errorf("the other is %+v", o)
			}
			if n := w.count(`SELECT count(*) FROM customer WHERE status = 'ACTIVE'`); n != 2 {
				t.Errorf("%d customers, want 2", n)
			}
		})
	}

	t.Run("T31_RulesAreToldBeforeAnythingIsSent", func(t *testing.T) {
		t.Parallel()
		w := twoWays(t, sandbox.Options{})
		key := w.adds(sound(1))
		w.sync(false)
		private := w.adds(sound(2, identified(""), setting("IsPrivateCustomer", "1"), setting("Name", "Malli Aino"),
			setting("FinvoiceAddress", "FI2112345600000785"), setting("FinvoiceRouterCode", "NDEAFIHH")))
		w.sync(false)
		before := w.writes()
		for name, tc := range map[string]struct {
			key   int64
			patch customer.Fields
			code  string
		}{
			"ABusinessIDForConsumerEInvoice": {private, customer.Fields{customer.FieldBusinessID: businessID(3)}, customer.ReasonConsumerEInvoiceOnly},
			"ABusinessIDThatCannotBe":        {key, customer.Fields{customer.FieldBusinessID: "1572860-5"}, "BUSINESS_ID_CHECK_DIGIT"},
			"AnEInvoiceAddressWithoutOne":    {key, customer.Fields{customer.FieldBusinessID: ""}, customer.ReasonEInvoiceNeedsID},
		} {
			_, err := w.hub.UpdateCustomer(t.Context(), w.viewer, w.find(id(tc.key)).ID, nil, tc.patch, "")
			if err == nil || !strings.Contains(reasons(err), tc.code) {
				t.Errorf("%s: got %v (%s), want %s", name, err, reasons(err), tc.code)
			}
		}
		w.settle()
		if n := w.writes(); n != before {
			t.Errorf("%d calls were made", n-before)
		}
		if p := w.state().Policy; p.Of("").Direction != system.Both {
			t.Errorf("nothing could have been sent: %+v", p)
		}
	})
}

// reasons are the reasons of a refusal.
func reasons(err error) string {
	var out []string
	if list, ok := err.(fault.Errors); ok { //nolint:errorlint // made by the hub, never wrapped
		for _, f := range list {
			out = append(out, f.ReasonOrCode())
		}
		return strings.Join(out, " ")
	}
	if f := fault.Of(err); f != nil {
		return f.ReasonOrCode()
	}
	return ""
}
