package reconcile_test

import (
	"strings"
	"testing"

	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	sandbox "customerhub/internal/sandbox/netvisor"
)

// meeting is a hub that has customers of its own, and a Netvisor with a few that it has not seen yet.
type meeting struct{ wired }

func meet(t *testing.T) meeting {
	t.Helper()
	return meeting{overTheWire(t, sandbox.Options{Customers: 3, Seed: 7})}
}

// here makes a customer in the hub.
func (m meeting) here(number, businessID, name string) customer.ID {
	m.Helper()
	f := customer.Fields{customer.FieldKind: "COMPANY", customer.FieldName: name}
	f.Set(customer.FieldNumber, number)
	f.Set(customer.FieldBusinessID, businessID)
	c, err := m.hub.CreateCustomer(m.Context(), m.viewer, f, "")
	m.must(err)
	return c.ID
}

// there makes one in Netvisor.
func (m meeting) there(number, businessID, name string, more func(c *sandbox.Customer)) string {
	m.Helper()
	key, err := m.netvisor.Add("", func(c *sandbox.Customer) error {
		for element, value := range map[string]string{"code": number, "ExternalIdentifier": businessID, "name": name} {
			if err := c.Set(element, value); err != nil {
				return err
			}
		}
		if more != nil {
			more(c)
		}
		return nil
	})
	m.must(err)
	return id(key)
}

func (m meeting) standing(code finding.Code) []finding.Finding {
	m.Helper()
	no := false
	page, err := m.hub.Findings(m.Context(), m.viewer, hub.FindingFilter{Codes: []finding.Code{code}, Resolved: &no}, hub.Page{}, false)
	m.must(err)
	return page.Items
}

func (m meeting) customer(c customer.ID) hub.CustomerView {
	m.Helper()
	found, err := m.hub.CustomersByID(m.Context(), m.viewer, []customer.ID{c}, hub.IncludeAll)
	m.must(err)
	return found[c]
}

// kept is everything that Netvisor holds of its customers.
func (m meeting) kept() string {
	var out strings.Builder
	for c := range m.netvisor.Customers("") {
		for _, f := range []string{"code", "name", "ExternalIdentifier", "Email", "PhoneNumber"} {
			out.WriteString(f + "=" + c.Get(f) + " ")
		}
	}
	return out.String()
}

// TestMatching brings a hub and a Netvisor together that know some customers both.
func TestMatching(t *testing.T) {
	t.Parallel()
	const a, b = "1572860-0", "0201256-6"
	t.Run("R88_TheNumberTellsThatTheyAreOne", func(t *testing.T) {
		t.Parallel()
		m := meet(t)
		own := m.here("5001", a, "Yhteinen Oy")
		_, person, err := m.hub.LinkContact(t.Context(), m.viewer, hub.LinkContact{
			Customer: own, Fields: customer.Fields{"firstName": "Aino", "lastName": "Mallikas", "emails": "aino@example.test"},
		}, "")
		m.must(err)
		key := m.there("5001", a, "Yhteinen Oy", func(c *sandbox.Customer) {
			m.must(c.Set("Email", "laskut@example.test"))
			_, err := c.SetContactPerson(0, map[string]string{"ContactPersonFirstName": "Aino", "ContactPersonLastName": "Mallikas", "ContactPersonEmail": "aino@example.test"})
			m.must(err)
		})
		r := m.imported()
		if r.Counts.Created != 3 {
			t.Errorf("created %d, want the three that are new", r.Counts.Created)
		}
		c := m.find(key)
		if c == nil || c.ID != own || c.Email != "laskut@example.test" || c.Links[0].State != link.InSync {
			t.Fatalf("%+v", c)
		}
		if len(c.Contacts) != 1 || c.Contacts[0].Person.ID != person {
			t.Errorf("the contact was made twice: %+v", c.Contacts)
		}
		before := m.versions()
		m.sync(true)
		if m.versions() != before {
			t.Error("a second look wrote rows")
		}
	})
	t.Run("R55_OfValuesThatDifferTheLoserIsKept", func(t *testing.T) {
		t.Parallel()
		m := meet(t)
		own := m.here("5001", a, "Vanha Nimi Oy")
		key := m.there("5001", a, "Uusi Nimi Oy", nil)
		m.imported()
		if c := m.find(key); c.ID != own || c.Name != "Uusi Nimi Oy" {
			t.Errorf("%+v", c)
		}
		kept, err := m.hub.ProvenanceByCustomer(t.Context(), m.viewer, []customer.ID{own})
		m.must(err)
		if of := kept[own][customer.FieldName]; len(of.Alternatives) != 1 || of.Alternatives[0].Value != "Vanha Nimi Oy" {
			t.Errorf("%+v", of)
		}
		found := m.standing(finding.FieldConflict)
		if len(found) == 0 || found[0].HubValue != "Vanha Nimi Oy" || found[0].SystemValue != "Uusi Nimi Oy" {
			t.Errorf("%+v", found)
		}
	})
	t.Run("T30_R92_TheSameNumberOfAnotherIsLeftAlone", func(t *testing.T) {
		t.Parallel()
		m := meet(t)
		own := m.here("5001", a, "Täällä Oy")
		key := m.there("5001", b, "Siellä Oy", nil)
		before, version := m.kept(), m.customer(own).Version
		m.imported()
		m.sync(true)
		if m.find(key) != nil {
			t.Error("it was taken in")
		}
		if m.kept() != before || m.customer(own).Version != version || m.customer(own).Name != "Täällä Oy" {
			t.Error("something was written over")
		}
		found := m.standing(finding.NumberCollision)
		if len(found) != 1 || found[0].CustomerID != own || found[0].ExternalID != key {
			t.Fatalf("%+v", found)
		}
		for _, want := range []string{"Täällä Oy (5001, " + a + ")", "Siellä Oy (5001, " + b + ")"} {
			if !strings.Contains(found[0].Message, want) {
				t.Errorf("%q does not name %s", found[0].Message, want)
			}
		}
		// The other way round, nothing is written there either.
		bothWays(m.wired)
		m.edit2(own, customer.Fields{customer.FieldEmail: "uusi@example.test"})
		m.settle()
		if m.kept() != before {
			t.Error("something was written over there")
		}
		// Another number mends it.
		m.edit2(own, customer.Fields{customer.FieldNumber: "5002"})
		m.sync(true)
		if c := m.find(key); c == nil || c.ID == own || len(m.standing(finding.NumberCollision)) != 0 {
			t.Errorf("with another number it is %+v, findings %+v", c, m.standing(finding.NumberCollision))
		}
	})
	t.Run("APersonSaysThatTheyAreOne", func(t *testing.T) {
		t.Parallel()
		m := meet(t)
		own := m.here("5001", "", "Täällä Oy")
		key := m.there("5001", b, "Siellä Osakeyhtiö", nil)
		m.imported()
		if len(m.standing(finding.NumberCollision)) != 1 {
			t.Fatal("no collision")
		}
		l, err := m.hub.LinkRecord(t.Context(), m.viewer, own, m.system, key, "")
		m.must(err)
		if l.ExternalID != key {
			t.Errorf("%+v", l)
		}
		m.settle()
		c := m.find(key)
		if c == nil || c.ID != own || c.BusinessID != b || c.Links[0].State != link.InSync || len(m.standing(finding.NumberCollision)) != 0 {
			t.Errorf("%+v, findings %+v", c, m.standing(finding.NumberCollision))
		}
		// Nobody else has it then, and it stays.
		other := m.here("5003", "", "Kolmas Oy")
		for want, try := range map[string]func() error{
			"RECORD_LINKED": func() error { _, err := m.hub.LinkRecord(t.Context(), m.viewer, other, m.system, key, ""); return err },
			"CUSTOMER_LINKED": func() error {
				_, err := m.hub.LinkRecord(t.Context(), m.viewer, own, m.system, "999999", "")
				return err
			},
			"REQUIRED": func() error { _, err := m.hub.LinkRecord(t.Context(), m.viewer, other, m.system, " ", ""); return err },
		} {
			if err := try(); fault.Of(err) == nil || fault.Of(err).ReasonOrCode() != want {
				t.Errorf("got %v, want %s", err, want)
			}
		}
	})
	t.Run("TheSameBusinessIDUnderAnotherNumberIsProposedOnce", func(t *testing.T) {
		t.Parallel()
		m := meet(t)
		own := m.here("5001", a, "Yhteinen Oy")
		key := m.there("6001", a, "Yhteinen Oy", nil)
		m.imported()
		c := m.find(key)
		found := m.standing(finding.DuplicateProposed)
		if c == nil || c.ID == own || len(found) != 1 || found[0].CustomerID != c.ID || !strings.Contains(found[0].Message, "5001") {
			t.Fatalf("%+v, findings %+v", c, found)
		}
		m.sync(true)
		_, err := m.hub.ResolveFinding(t.Context(), m.viewer, found[0].ID, "Two branches.", "")
		m.must(err)
		m.sync(true)
		if n := len(m.standing(finding.DuplicateProposed)); n != 0 {
			t.Errorf("%d findings after somebody said that they are two", n)
		}
	})
	t.Run("R104_OfTwoRecordsWithANumberOneIsTheCustomer", func(t *testing.T) {
		t.Parallel()
		m := meet(t)
		own := m.here("5001", a, "Yhteinen Oy")
		one, two := m.there("5001", a, "Yhteinen Oy", nil), m.there("5001", a, "Yhteinen Oy", nil)
		m.imported()
		c, d := m.find(one), m.find(two)
		if c == nil || d == nil || c.ID == d.ID || c.ID != own && d.ID != own {
			t.Fatalf("%+v and %+v", c, d)
		}
		if len(m.standing(finding.CustomerNumberTwice)) == 0 {
			t.Error("nobody is told of the number")
		}
	})
}

// edit2 edits a customer that may have no record.
func (m meeting) edit2(c customer.ID, patch customer.Fields) {
	m.Helper()
	_, err := m.hub.UpdateCustomer(m.Context(), m.viewer, c, nil, patch, "")
	m.must(err)
}
