package flex_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"customerhub/internal/connector"
	"customerhub/internal/customer"
	"customerhub/internal/fault"

	sandbox "customerhub/internal/sandbox/flex"
)

// edited lets the people of the organisation change a customer.
func (m *misbehaving) edited(t *testing.T, id string, change func(*sandbox.Customer)) sandbox.Customer {
	t.Helper()
	c, err := m.Edit("", id, change)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestWhoeverWasFasterStands changes customers between their reading and the write.
func TestWhoeverWasFasterStands(t *testing.T) {
	t.Parallel()
	steps := map[string]connector.Step{
		"ValuesOfACard":    {Set: customer.Fields{"phone": "+358400009999"}},
		"TheSameValue":     {Set: customer.Fields{"email": "uusi@example.test"}},
		"TheStatus":        {Set: customer.Fields{"status": "INACTIVE"}},
		"TheKind":          {Set: customer.Fields{"kind": "PRIVATE"}},
		"ANewContact":      {Part: customer.PartContact, Set: customer.Fields{"lastName": "Uusi"}},
		"AChangedContact":  {Part: customer.PartContact, Key: "c1", Set: customer.Fields{"title": "Johto"}},
		"ARemovedContact":  {Part: customer.PartContact, Key: "c1", Remove: true},
		"TheEInvoicePair":  {Set: customer.Fields{"einvoice.address": "", "einvoice.operator": ""}},
		"TheCustomerPhone": {Set: customer.Fields{"phone": ""}},
	}
	for name, step := range steps {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := stand(t, 0)
			conn, rec := m.recorded(t)
			step.Record = m.person(t, company()).ID
			read(t, conn, step.Record)
			now := m.edited(t, step.Record, func(c *sandbox.Customer) {
				c.Email, c.Contacts = "uusi@example.test", append(c.Contacts, sandbox.Contact{Name: "Onni Malli"})
			})
			effects := len(m.Effects())
			key, err := write(t, conn, step)
			if f := fault.Of(err); f == nil || f.Code != fault.Stale || f.Reason != "STALE_REVISION" || key != "" {
				t.Fatalf("got %q, %v", key, err)
			}
			if after, _ := m.Customer("", step.Record); after.Revision != now.Revision || len(m.Effects()) != effects {
				t.Errorf("changed from %d to %d", now.Revision, after.Revision)
			}
			if calls := rec.writing(); len(calls) != 1 || calls[0].header.Get("If-Match") != `"1"` {
				t.Errorf("%+v", calls)
			}
			rec.forget()
			if name == "TheSameValue" { // which is there by now
				step.Set["email"] = "toinen@example.test"
			}
			// What was refused is not written from the revision that was known: the customer is read anew.
			if _, err := write(t, conn, step); err != nil {
				t.Fatal(err)
			}
			calls := rec.writing()
			if len(calls) != 1 || calls[0].header.Get("If-Match") != `"2"` || rec.calls()[0].method != http.MethodGet {
				t.Fatalf("%+v", calls)
			}
			after, _ := m.Customer("", step.Record)
			if !slices.ContainsFunc(after.Contacts, func(p sandbox.Contact) bool { return p.Name == "Onni Malli" }) {
				t.Errorf("%+v", after.Contacts)
			}
		})
	}
	t.Run("TheRevisionIsThatOfTheReading", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 0)
		conn, rec := m.recorded(t)
		a, b := m.person(t, company()), m.person(t, private())
		read(t, conn, a.ID)
		read(t, conn, b.ID)
		rec.forget()
		// Another customer was read last, so this one is read before it is changed, and then each write makes another revision.
		for i, phone := range []string{"+358400009991", "+358400009992", "+358400009993"} {
			if _, err := write(t, conn, connector.Step{Record: a.ID, Set: customer.Fields{"phone": phone}}); err != nil {
				t.Fatal(err)
			}
			if calls := rec.writing(); len(calls) != i+1 || calls[i].header.Get("If-Match") != `"`+string(rune('1'+i))+`"` {
				t.Errorf("%+v", calls)
			}
		}
		if n := len(rec.calls()); n != 6 { // the customer types are known
			t.Errorf("calls %v", rec.names())
		}
	})
	t.Run("ABatchIsAReadingToo", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 0)
		conn, rec := m.recorded(t)
		c := m.person(t, company())
		if _, err := conn.(connector.BatchReader).ReadBatch(t.Context(), []string{c.ID}); err != nil {
			t.Fatal(err)
		}
		m.edited(t, c.ID, func(c *sandbox.Customer) { c.Phone = "+358400008888" })
		if _, err := write(t, conn, connector.Step{Record: c.ID, Set: customer.Fields{"phone": "+358400009999"}}); !fault.Is(err, fault.Stale) {
			t.Errorf("got %v, calls %v", err, rec.names())
		}
	})
	t.Run("ContactsAreSentAsTheyWereRead", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 0)
		conn, rec := m.recorded(t)
		one := company()
		one.Contacts = append(one.Contacts, sandbox.Contact{Name: "Anna  Liisa af Björkskog ", Phone: "soita sihteerille", Email: "anna@example.test", Role: " - "})
		c := m.person(t, one)
		read(t, conn, c.ID)
		rec.forget()
		key, err := write(t, conn, connector.Step{Record: c.ID, Part: customer.PartContact, Set: customer.Fields{"lastName": "Uusi"}})
		if err != nil || key != "c4" {
			t.Fatalf("%q, %v", key, err)
		}
		after, _ := m.Customer("", c.ID)
		if len(after.Contacts) != 4 || !slices.Equal(after.Contacts[:3], c.Contacts) || after.Contacts[3].Name != "Uusi" {
			t.Errorf("%+v", after.Contacts)
		}
		if calls := rec.writing(); len(calls) != 1 || strings.Contains(calls[0].body, "phone\":\"+358400001234") {
			t.Errorf("%+v", calls)
		}
	})
}

// TestWhatIsHeldAlreadyIsNoCall repeats what Flex holds (Promise 3).
func TestWhatIsHeldAlreadyIsNoCall(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]connector.Step{
		"Values":            {Set: customer.Fields{"name": "Esimerkki Oy", "phone": "+358400001234", "nameExtension": "", "visitingAddress.city": "Helsinki", "billingEmails": ""}},
		"TheKind":           {Set: customer.Fields{"kind": "COMPANY"}},
		"TheStatus":         {Set: customer.Fields{"status": "ACTIVE"}},
		"TheNumber":         {Set: customer.Fields{"number": "2001"}},
		"ThePair":           {Set: customer.Fields{"einvoice.address": "003715728600", "einvoice.operator": "003721291126"}, Want: customer.Fields{"businessId": "1572860-0"}},
		"AContact":          {Part: customer.PartContact, Key: "c1", Set: customer.Fields{"title": "Työnjohto", "emails": "aino@example.test"}},
		"AContactsName":     {Part: customer.PartContact, Key: "c1", Set: customer.Fields{"firstName": "Aino", "lastName": "Malli"}},
		"ARemovedContact":   {Part: customer.PartContact, Key: "c7", Remove: true},
		"NothingAtAll":      {Set: customer.Fields{}},
		"NothingOfAContact": {Part: customer.PartContact, Key: "c1", Set: customer.Fields{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := stand(t, 0)
			conn, rec := m.recorded(t)
			step.Record = m.person(t, company()).ID
			effects := len(m.Effects())
			for range 2 {
				if key, err := write(t, conn, step); err != nil || key != "" {
					t.Errorf("%q, %v", key, err)
				}
			}
			if len(rec.writing()) > 0 || len(m.Effects()) != effects {
				t.Errorf("calls %v", rec.names())
			}
		})
	}
	t.Run("AlreadyOutOfUse", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 0)
		conn, rec := m.recorded(t)
		c := m.person(t, company())
		if _, err := m.Deactivate("", c.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := write(t, conn, connector.Step{Record: c.ID, Set: customer.Fields{"status": "INACTIVE"}}); err != nil || len(rec.writing()) > 0 {
			t.Errorf("%v, calls %v", err, rec.names())
		}
		// Taking it into use again is a patch: there is no act for it (contract section 7).
		if _, err := write(t, conn, connector.Step{Record: c.ID, Set: customer.Fields{"status": "ACTIVE"}}); err != nil {
			t.Fatal(err)
		}
		if calls := rec.writing(); len(calls) != 1 || calls[0].method != http.MethodPatch || calls[0].body != `{"active":true}` {
			t.Errorf("%+v", calls)
		}
		if after, _ := m.Customer("", c.ID); !after.Active {
			t.Error("not in use")
		}
	})
}
