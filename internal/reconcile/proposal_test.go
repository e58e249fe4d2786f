package reconcile_test

import (
	"maps"
	"testing"

	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/hub"
	sandbox "customerhub/internal/sandbox/netvisor"
)

// TestPersonProposals is scenario 2 of crm contract section 6: an import finds the same e-mail under two customers, which is
// one proposal and no merge.
func TestPersonProposals(t *testing.T) {
	t.Parallel()
	contact := func(id, first, last, emails, phones string) customer.Fields {
		at := func(name string) customer.Field { return customer.PartField(customer.PartContact, id, name) }
		fs := customer.Fields{"name": "Customer " + id, "kind": "COMPANY", "status": "ACTIVE"}
		for name, v := range map[string]string{"present": "true", "firstName": first, "lastName": last, "emails": emails, "phones": phones, "roles": "GENERAL"} {
			fs.Set(at(name), v)
		}
		return fs
	}
	open := func(b *bundle) []customer.PersonProposal {
		b.Helper()
		page, err := b.hub.PersonProposals(b.Context(), b.viewer, nil, "", true)
		b.must(err)
		if page.Total != len(page.Proposals) {
			b.Errorf("%d in all, %d listed", page.Total, len(page.Proposals))
		}
		return page.Proposals
	}
	t.Run("SameEmailIsOneProposalAndAcceptedBecomesOnePerson", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.fake.Put("1", contact("1", "Aino", "Malli", "aino@example.test", ""))
		b.fake.Put("2", contact("2", "A.", "Malli", "AINO@example.test", "040 123 4567"))
		b.fake.Put("3", contact("3", "Aino", "Malli", "other@example.test", "")) // the same name is no match
		b.imported()
		list := open(b)
		if len(list) != 1 || list[0].Reason != customer.SameEmail {
			t.Fatalf("got %+v", list)
		}
		if n := b.count(`SELECT count(*) FROM person`); n != 3 {
			t.Errorf("%d persons: something was merged by itself", n)
		}
		before := b.versions()
		if b.sync(true); len(open(b)) != 1 || b.versions() != before {
			t.Error("a second look proposes again, or writes")
		}
		kept, err := b.hub.AcceptPersonProposal(t.Context(), b.viewer, list[0].ID, "")
		b.must(err)
		one, two := b.find("1"), b.find("2")
		if one.Contacts[0].Person.ID != kept || two.Contacts[0].Person.ID != kept || len(two.Contacts) != 1 {
			t.Fatalf("got %+v and %+v", one.Contacts, two.Contacts)
		}
		if p := two.Contacts[0].Person; p.FirstName != "Aino" || len(p.Emails) != 1 || len(p.Phones) != 1 {
			t.Errorf("what only one knew is lost: %+v", p)
		}
		if two.Version != 2 || one.Version != 2 {
			t.Errorf("versions %d and %d: each customer concerned gets one", one.Version, two.Version)
		}
		if _, err := b.hub.AcceptPersonProposal(t.Context(), b.viewer, list[0].ID, ""); fault.Of(err).ReasonOrCode() != "PROPOSAL_DECIDED" {
			t.Errorf("decided twice: %v", err)
		}
		t.Log("R184: the person is one from now on, and an older copy in the other record does not undo it")
		b.sync(true)
		if two := b.find("2"); two.Contacts[0].Person.ID != kept || two.Contacts[0].Person.FirstName != "Aino" || len(open(b)) != 0 {
			t.Errorf("got %+v", two.Contacts)
		}
	})
	t.Run("SamePhoneAndLastNameIsOneToo", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.fake.Put("1", contact("1", "Aino", "Malli", "", "040 123 4567"))
		b.fake.Put("2", contact("2", "Aino", "MALLI", "", "+358 40 1234567"))
		b.fake.Put("3", contact("3", "Bo", "Toinen", "", "040 123 4567"))
		b.imported()
		list := open(b)
		if len(list) != 1 || list[0].Reason != customer.SamePhoneAndName {
			t.Fatalf("got %+v", list)
		}
		t.Log("rejected is never proposed again")
		_, err := b.hub.RejectPersonProposal(t.Context(), b.viewer, list[0].ID, "")
		b.must(err)
		b.fake.Set("2", customer.Fields{"contact[2].firstName": "Aino Maria"})
		if b.sync(true); len(open(b)) != 0 {
			t.Error("it is proposed again")
		}
	})
	t.Run("WhoIsNotTheOldestMayBeTheNext", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		for _, id := range []string{"1", "2", "3"} {
			b.fake.Put(id, contact(id, "Aino", "Malli "+id, "aino@example.test", ""))
		}
		b.imported()
		pairs := map[string]bool{}
		for range 3 { // the oldest with each of the others, and then the others with each other
			list := open(b)
			if len(list) == 0 {
				break
			}
			pairs[string(list[0].Person+list[0].Other)] = true
			_, err := b.hub.RejectPersonProposal(t.Context(), b.viewer, list[0].ID, "")
			b.must(err)
		}
		if len(pairs) != 3 || len(open(b)) != 0 {
			t.Errorf("%d pairs of three persons were proposed, want 3; %d are open", len(pairs), len(open(b)))
		}
	})
	t.Run("WhoHasOneCustomerInCommonIsToldApartEverywhere", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		fs := contact("1", "Aino", "Malli", "laskut@example.test", "")
		maps.Copy(fs, contact("2", "Bo", "Toinen", "laskut@example.test", ""))
		b.fake.Put("1", fs)
		b.fake.Put("4", customer.Fields{"name": "Customer 4", "kind": "COMPANY", "status": "ACTIVE"})
		b.imported()
		var bo customer.PersonID
		for _, ct := range b.find("1").Contacts {
			if ct.Person.FirstName == "Bo" {
				bo = ct.Person.ID
			}
		}
		_, _, err := b.hub.LinkContact(t.Context(), b.viewer, hub.LinkContact{Customer: b.find("4").ID, Person: bo}, "")
		b.must(err)
		if list := open(b); len(list) != 0 {
			t.Errorf("got %+v", list)
		}
	})
	t.Run("ACustomerThatHadBothKeepsTitleAndOffice", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.fake.Put("1", contact("1", "Aino", "Malli", "aino@example.test", ""))
		b.fake.Put("2", contact("2", "A.", "Malli", "aino@example.test", ""))
		b.imported()
		list := open(b)
		if len(list) != 1 {
			t.Fatalf("got %+v", list)
		}
		one := b.find("1")
		if list[0].Person != one.Contacts[0].Person.ID {
			one = b.find("2")
		}
		title := "talouspäällikkö"
		_, office, err := b.hub.UpsertOffice(t.Context(), b.viewer, one.ID, "", nil, customer.Fields{"name": "Lahti"}, "")
		b.must(err)
		_, _, err = b.hub.LinkContact(t.Context(), b.viewer, hub.LinkContact{Customer: one.ID, Person: list[0].Other, Title: &title, Office: &office}, "")
		b.must(err)
		_, err = b.hub.AcceptPersonProposal(t.Context(), b.viewer, list[0].ID, "")
		b.must(err)
		views, err := b.hub.CustomersByID(t.Context(), b.viewer, []customer.ID{one.ID}, hub.IncludeAll)
		b.must(err)
		if c := views[one.ID]; len(c.Contacts) != 1 || c.Contacts[0].Title != title || c.Contacts[0].OfficeID != office {
			t.Errorf("got %+v", c.Contacts)
		}
	})
	// chain is three persons of whom the second has the e-mail of the first and the telephone number and name of the third, the
	// oldest, and the proposals about them by their reasons.
	chain := func(b *bundle) map[customer.MatchReason]customer.PersonProposal {
		b.Helper()
		b.fake.Put("3", contact("3", "Aino", "Malli", "", "040 123 4567"))
		b.imported()
		b.fake.Put("1", contact("1", "Aino", "Toinen", "aino@example.test", ""))
		b.fake.Put("2", contact("2", "Aino", "Malli", "aino@example.test", "040 123 4567"))
		b.sync(true)
		out := make(map[customer.MatchReason]customer.PersonProposal)
		for _, p := range open(b) {
			out[p.Reason] = p
		}
		if len(out) != 2 {
			b.Fatalf("got %+v", out)
		}
		return out
	}
	t.Run("WhatIsProposedOfWhoBecameAnotherIsProposedOfTheOther", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		list := chain(b)
		one, err := b.hub.AcceptPersonProposal(t.Context(), b.viewer, list[customer.SamePhoneAndName].ID, "")
		b.must(err)
		left := open(b)
		if len(left) != 1 || left[0].Person != one && left[0].Other != one {
			t.Fatalf("%s is the person, and proposed is %+v", one, left)
		}
		one, err = b.hub.AcceptPersonProposal(t.Context(), b.viewer, left[0].ID, "")
		b.must(err)
		for _, id := range []string{"1", "2", "3"} {
			if c := b.find(id); len(c.Contacts) != 1 || c.Contacts[0].Person.ID != one {
				t.Errorf("customer %s has %+v, want %s", id, c.Contacts, one)
			}
		}
		if len(open(b)) != 0 {
			t.Errorf("got %+v", open(b))
		}
	})
	t.Run("WhoWasRejectedStaysSoWhenThePersonBecomesAnother", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		list := chain(b)
		_, err := b.hub.RejectPersonProposal(t.Context(), b.viewer, list[customer.SameEmail].ID, "")
		b.must(err)
		_, err = b.hub.AcceptPersonProposal(t.Context(), b.viewer, list[customer.SamePhoneAndName].ID, "")
		b.must(err)
		b.sync(true)
		if left := open(b); len(left) != 0 {
			t.Errorf("got %+v", left)
		}
	})
	t.Run("WhatNoLongerMatchesIsWithdrawn", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.fake.Put("1", contact("1", "Aino", "Malli", "aino@example.test", ""))
		b.fake.Put("2", contact("2", "Bo", "Toinen", "aino@example.test", ""))
		if b.imported(); len(open(b)) != 1 {
			t.Fatalf("got %+v", open(b))
		}
		b.fake.Set("2", customer.Fields{"contact[2].emails": "bo@example.test"})
		if b.sync(true); len(open(b)) != 0 {
			t.Errorf("got %+v", open(b))
		}
	})
	t.Run("APersonsEditInTheHubProposesToo", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.fake.Put("1", contact("1", "Aino", "Malli", "aino@example.test", ""))
		b.fake.Put("2", contact("2", "Bo", "Toinen", "bo@example.test", ""))
		b.imported()
		_, err := b.hub.UpdatePerson(t.Context(), b.viewer, b.find("2").Contacts[0].Person.ID, customer.Fields{"emails": "bo@example.test;aino@example.test"}, "")
		b.must(err)
		if list := open(b); len(list) != 1 {
			t.Errorf("got %+v", list)
		}
	})
	t.Run("PeopleOfOneCustomerAreToldApartThere", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		fs := contact("1", "Aino", "Malli", "laskut@example.test", "")
		maps.Copy(fs, contact("2", "Bo", "Toinen", "laskut@example.test", ""))
		b.fake.Put("1", fs)
		if b.imported(); len(open(b)) != 0 {
			t.Errorf("got %+v", open(b))
		}
	})
}

// TestOfficeEInvoice is scenario 3: an office's address that the system does not take stays, and a finding says so.
func TestOfficeEInvoice(t *testing.T) {
	t.Parallel()
	b := overTheWire(t, sandbox.Options{Customers: 3, Seed: 7})
	b.imported()
	var id string
	b.must(b.db.Owner.QueryRow(t.Context(),
		`SELECT l.external_id FROM link l JOIN customer c ON c.id = l.customer_id WHERE c.business_id <> '' ORDER BY l.external_id LIMIT 1`).Scan(&id))
	refused := func() (n int) {
		for _, f := range b.findings() {
			if f.Code == "OFFICE_EINVOICE_REFUSED" && f.ExternalID == id {
				n++
			}
		}
		return n
	}
	set := func(address string) hub.CustomerView {
		view, _, err := b.hub.UpsertOffice(t.Context(), b.viewer, b.find(id).ID, office(b.find(id)), nil,
			customer.Fields{"name": "Lahti", "einvoice.address": address, "einvoice.operator": "003721291126"}, "")
		b.must(err)
		return view
	}
	if view := set("TE003701011385TEST"); view.Offices[0].EInvoice.Address != "TE003701011385TEST" || refused() != 1 {
		t.Errorf("got %+v, %d findings", view.Offices, refused())
	}
	if b.sync(true); refused() != 1 {
		t.Errorf("%d findings after a look", refused())
	}
	if set("003715728600"); refused() != 0 {
		t.Error("the finding stands though the address is right")
	}
}

// office is the customer's first office; empty when it has none.
func office(c *hub.CustomerView) customer.OfficeID {
	if len(c.Offices) == 0 {
		return ""
	}
	return c.Offices[0].ID
}
