package reconcile_test

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"customerhub/internal/customer"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/run"
)

// aino is a contact person as the system tells of her.
func aino(key string, fields customer.Fields) customer.Fields {
	out := customer.Fields{
		customer.FieldName: "Asiakas", customer.FieldStatus: "ACTIVE", customer.FieldKind: "COMPANY",
	}
	for f, v := range (customer.Fields{"present": "true", "firstName": "Aino", "lastName": "Malli", "emails": "aino@example.test", "roles": "GENERAL"}) {
		out[customer.PartField(customer.PartContact, key, string(f))] = v
	}
	maps.Copy(out, fields)
	return out
}

func TestSharedPeople(t *testing.T) {
	t.Parallel()
	const phones = "contact[7].phones"

	// shared is Aino, who came as a contact of record 1 and whom somebody made a contact of record 2 as well.
	shared := func(t *testing.T) (*listing, customer.PersonID) {
		t.Helper()
		s := newListing(t, 2)
		s.fake.Put("1", aino("7", nil))
		s.work(t)
		person := s.customer(t, "1").Contacts[0].Person.ID
		if _, _, err := s.hub.LinkContact(t.Context(), s.viewer, hub.LinkContact{Customer: s.customer(t, "2").ID, Person: person}, ""); err != nil {
			t.Fatal(err)
		}
		return s, person
	}
	poll := func(t *testing.T, s *listing) {
		t.Helper()
		if _, err := s.hub.SyncNow(t.Context(), s.viewer, s.system.ID, false, ""); err != nil {
			t.Fatal(err)
		}
		if r := s.work(t); r.State != run.Succeeded {
			t.Fatalf("run %+v", r)
		}
	}

	t.Run("R184_AChangeOutsideReachesAllCustomersAsAChangeOfTheirOwn", func(t *testing.T) {
		t.Parallel()
		s, _ := shared(t)
		before := s.customer(t, "2").Version
		s.fake.Set("1", customer.Fields{phones: "040 123 4567"})
		poll(t, s)
		other := s.customer(t, "2")
		if len(other.Contacts[0].Person.Phones) != 1 || other.Version != before+1 {
			t.Errorf("customer 2 has %+v, version %d, was %d", other.Contacts, other.Version, before)
		}
		if n := s.count(t, `SELECT count(*) FROM change WHERE customer_id = $1 AND fields::text LIKE '%phones%'`, string(other.ID)); n != 1 {
			t.Errorf("%d changes tell of it, want 1", n)
		}
	})
	t.Run("AnOldCopyInTheSameBatchDoesNotWin", func(t *testing.T) {
		t.Parallel()
		s, _ := shared(t)
		s.fake.Set("2", customer.Fields{customer.FieldName: "Uusi nimi"})
		s.fake.Set("1", customer.Fields{phones: "040 123 4567"})
		poll(t, s)
		for _, id := range []string{"1", "2"} {
			if c := s.customer(t, id); len(c.Contacts[0].Person.Phones) != 1 {
				t.Errorf("customer %s has %+v", id, c.Contacts[0].Person)
			}
		}
		if c := s.customer(t, "1"); c.Links[0].State != link.InSync {
			t.Errorf("link is %s: %s", c.Links[0].State, c.Links[0].LastMessage)
		}
	})
	t.Run("Promise1_AnEditBesideOtherWritersIsNotLost", func(t *testing.T) {
		t.Parallel()
		s, person := shared(t)
		other := s.customer(t, "2").ID
		var all sync.WaitGroup
		all.Go(func() {
			for i := range 20 {
				title := strings.Repeat("x", i+1)
				if _, _, err := s.hub.LinkContact(t.Context(), s.viewer, hub.LinkContact{Customer: other, Person: person, Title: &title}, ""); err != nil {
					t.Error(err)
				}
			}
		})
		for i := range 20 {
			email := strings.Repeat("a", i+1) + "@example.test"
			p, err := s.hub.UpdatePerson(t.Context(), s.viewer, person, customer.Fields{"emails": email}, "")
			if err != nil {
				t.Fatal(err)
			}
			if p.Emails[0] != email {
				t.Fatalf("edit %d is lost: %v", i, p.Emails)
			}
		}
		all.Wait()
		if p := s.customer(t, "2").Contacts[0].Person; p.Emails[0] != strings.Repeat("a", 20)+"@example.test" {
			t.Errorf("the last edit is lost: %v", p.Emails)
		}
	})
	// twice is Aino as contact 7 of record 1 and as contact 9 of record 2, who are one person since somebody said so.
	twice := func(t *testing.T) *listing {
		t.Helper()
		s := newListing(t, 2)
		s.fake.Put("1", aino("7", nil))
		s.fake.Put("2", aino("9", nil))
		s.work(t)
		page, err := s.hub.PersonProposals(t.Context(), s.viewer, nil, "", false)
		if err != nil || len(page.Proposals) != 1 {
			t.Fatalf("%+v, %v", page, err)
		}
		if _, err := s.hub.AcceptPersonProposal(t.Context(), s.viewer, page.Proposals[0].ID, ""); err != nil {
			t.Fatal(err)
		}
		poll(t, s)
		return s
	}
	t.Run("TwoRecordsHaveAPartOfTheNewsEach", func(t *testing.T) {
		t.Parallel()
		s := twice(t)
		s.fake.Set("1", customer.Fields{phones: "040 123 4567"})
		s.fake.Set("2", customer.Fields{"contact[9].emails": "aino.malli@example.test"})
		poll(t, s)
		for id, other := range map[string]string{"1": "contact[7].emails", "2": "contact[9].phones"} {
			c := s.customer(t, id)
			if p := c.Contacts[0].Person; len(p.Phones) != 1 || p.Phones[0].Raw != "040 123 4567" || !slices.Equal(p.Emails, []string{"aino.malli@example.test"}) {
				t.Errorf("customer %s has %+v", id, p)
			}
			// What the record does not have yet is the hub's to send, and nothing else.
			if l := c.Links[0]; !strings.Contains(l.LastMessage, " "+other+".") || strings.Contains(l.LastMessage, ",") {
				t.Errorf("link %s is %s: %s", id, l.State, l.LastMessage)
			}
			if n := s.count(t, `SELECT count(*) FROM change WHERE customer_id = $1 AND fields::text LIKE '%phones%' AND fields::text LIKE '%emails%'`, string(c.ID)); n != 1 {
				t.Errorf("%d changes of customer %s tell both, want 1", n, id)
			}
		}
		if n := s.count(t, `SELECT count(*) FROM finding WHERE code = 'FIELD_CONFLICT'`); n != 0 {
			t.Errorf("%d conflicts", n)
		}
	})
	t.Run("T23_TheSameFieldTwiceIsAConflict", func(t *testing.T) {
		t.Parallel()
		s := twice(t)
		s.fake.Set("1", customer.Fields{phones: "040 123 4567"})
		s.fake.Set("2", customer.Fields{"contact[9].phones": "050 765 4321"})
		poll(t, s)
		first, second := s.customer(t, "1").Contacts[0].Person, s.customer(t, "2").Contacts[0].Person
		if len(first.Phones) != 1 || !slices.Equal(first.Phones, second.Phones) {
			t.Fatalf("%+v and %+v", first.Phones, second.Phones)
		}
		if n := s.count(t, `SELECT count(*) FROM finding WHERE code = 'FIELD_CONFLICT'`); n != 1 {
			t.Errorf("%d conflicts, want 1", n)
		}
		lost := map[string]string{"040 123 4567": "050 765 4321", "050 765 4321": "040 123 4567"}[first.Phones[0].Raw]
		if n := s.count(t, `SELECT count(*) FROM provenance WHERE fields::text LIKE '%' || $1 || '%'`, lost); n != 1 {
			t.Errorf("the value that lost is kept %d times, want once", n)
		}
		poll(t, s)
		if again := s.customer(t, "1").Contacts[0].Person; !slices.Equal(again.Phones, first.Phones) {
			t.Errorf("it flips: %+v", again.Phones)
		}
	})
	t.Run("AConflictOfOnePersonDecidesNothingAboutAnother", func(t *testing.T) {
		t.Parallel()
		s := twice(t)
		records := map[string]string{"1": "7", "2": "9"}
		for id := range records {
			bo := customer.PartField(customer.PartContact, id+"0", "present").Group()
			s.fake.Set(id, customer.Fields{customer.Field(bo): "true", customer.PartField(customer.PartContact, id+"0", "lastName"): "Toinen " + id})
		}
		poll(t, s)
		for id, key := range records {
			for _, ct := range s.customer(t, id).Contacts {
				if ct.Person.FirstName == "Aino" {
					continue
				}
				if _, err := s.hub.UpdatePerson(t.Context(), s.viewer, ct.Person.ID, customer.Fields{"phones": "09 123 456"}, ""); err != nil {
					t.Fatal(err)
				}
			}
			s.fake.Set(id, customer.Fields{
				customer.PartField(customer.PartContact, key, "phones"):    "040 123 456" + id,
				customer.PartField(customer.PartContact, id+"0", "phones"): "044 123 456" + id,
			})
		}
		poll(t, s)
		for id := range records {
			for _, ct := range s.customer(t, id).Contacts {
				if n := ct.Person.Phones; ct.Person.FirstName != "Aino" && (len(n) != 1 || n[0].Raw != "044 123 456"+id) {
					t.Errorf("the system's value stands, and the other contact of customer %s has %+v", id, n)
				}
			}
		}
		if n := s.count(t, `SELECT count(*) FROM finding WHERE code = 'FIELD_CONFLICT' AND message LIKE '%another record of the same person%'`); n != 1 {
			t.Errorf("%d conflicts are told to be between two records, want 1", n)
		}
	})
	t.Run("OtherNewsOfACustomerGiveNoNumberAnotherMeaning", func(t *testing.T) {
		t.Parallel()
		s, person := shared(t)
		s.fake.Set("2", customer.Fields{"billingAddress.city": "Luleå", "billingAddress.country": "SE"})
		poll(t, s)
		set := customer.Fields{"phones": "040 123 4567;+46 8 123 456 78"}
		if _, err := s.hub.UpdatePerson(t.Context(), s.viewer, person, set, ""); err != nil {
			t.Fatal(err)
		}
		s.fake.Set("2", customer.Fields{customer.FieldName: "Annat namn"})
		s.fake.Set("1", customer.Fields{customer.FieldName: "Toinen nimi"})
		poll(t, s)
		// She is a contact in Finland and in Sweden, so the first number is not understood (formats contract section 7).
		if n := s.customer(t, "1").Contacts[0].Person.Phones; len(n) != 2 || n[0].E164 != "" || n[1].E164 != "+46812345678" {
			t.Errorf("the numbers are %+v", n)
		}
		s.fake.Set("1", customer.Fields{phones: "040 123 4567;+46 8 123 456 78;050 765 4321"})
		poll(t, s)
		if n := s.customer(t, "1").Contacts[0].Person.Phones; len(n) != 3 || n[0].E164 != "" || n[2].E164 != "+358507654321" {
			t.Errorf("with a new one at the Finnish customer's record the numbers are %+v", n)
		}
	})
	t.Run("AContactUnlinkedHereStaysOutAsAWhole", func(t *testing.T) {
		t.Parallel()
		s, person := shared(t)
		one := s.customer(t, "1").ID
		if _, err := s.hub.UnlinkContact(t.Context(), s.viewer, one, person, nil, ""); err != nil {
			t.Fatal(err)
		}
		s.fake.Set("1", customer.Fields{phones: "040 123 4567"})
		poll(t, s)
		if c := s.customer(t, "1"); len(c.Contacts) != 0 || c.Links[0].State != link.Waiting {
			t.Errorf("customer 1 has %+v, link %s", c.Contacts, c.Links[0].State)
		}
		if p := s.customer(t, "2").Contacts[0].Person; p.FirstName != "Aino" || len(p.Emails) != 1 {
			t.Errorf("the person became %+v", p)
		}
	})
	t.Run("TheDefaultMovesWhenItsContactGoesOutside", func(t *testing.T) {
		t.Parallel()
		s, person := shared(t)
		s.fake.SetReads(func(f customer.Field) bool { return !strings.HasSuffix(string(f), ".default") })
		one := s.customer(t, "1").ID
		if _, err := s.hub.SetDefaultContact(t.Context(), s.viewer, one, person, nil, ""); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.hub.LinkContact(t.Context(), s.viewer, hub.LinkContact{Customer: one, Fields: customer.Fields{"lastName": "Toinen"}}, ""); err != nil {
			t.Fatal(err)
		}
		s.fake.Put("1", customer.Fields{customer.FieldName: "Asiakas", customer.FieldStatus: "ACTIVE", customer.FieldKind: "COMPANY"})
		poll(t, s)
		if c := s.customer(t, "1"); len(c.Contacts) != 1 || !c.Contacts[0].IsDefault {
			t.Errorf("contacts %+v", c.Contacts)
		}
	})
}

func TestWhatTheSystemLacks(t *testing.T) {
	t.Parallel()

	t.Run("Promise8_AnOfficeOnlyHereWaits", func(t *testing.T) {
		t.Parallel()
		s := newListing(t, 1)
		s.work(t)
		got, _, err := s.hub.UpsertOffice(t.Context(), s.viewer, s.customer(t, "1").ID, "", nil, customer.Fields{"name": "Lahti"}, "")
		if err != nil {
			t.Fatal(err)
		}
		if l := got.Links[0]; l.State != link.Waiting || l.LastMessage == "" {
			t.Errorf("link is %s: %q", l.State, l.LastMessage)
		}
		s.sweep(t)
		if l := s.customer(t, "1").Links[0]; l.State != link.Waiting {
			t.Errorf("after a sweep the link is %s", l.State)
		}
	})
	t.Run("AnEditDoesNotHideThatTheRecordIsGone", func(t *testing.T) {
		t.Parallel()
		s := newListing(t, 30)
		s.work(t)
		s.fake.Remove("7")
		s.sweep(t)
		s.sweep(t)
		got, err := s.hub.UpdateCustomer(t.Context(), s.viewer, s.customer(t, "7").ID, nil, customer.Fields{customer.FieldEmail: "a@example.test"}, "")
		if err != nil || got.Links[0].State != link.NotInScope || got.Links[0].LastMessage == "" {
			t.Errorf("link %+v, %v", got.Links[0].Link, err)
		}
	})
}
