package merge_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"customerhub/internal/customer"
	"customerhub/internal/link"
	"customerhub/internal/merge"
	"customerhub/internal/system"
)

// contactFields are a contact as a system has it.
func contactFields(key, first, last, email, roles string) customer.Fields {
	fs := customer.Fields{}
	for name, v := range map[string]string{customer.Present: "true", "firstName": first, "lastName": last, "emails": email, "roles": roles} {
		fs.Set(customer.PartField(customer.PartContact, key, name), v)
	}
	return fs
}

func joined(all ...customer.Fields) customer.Fields {
	out := customer.Fields{customer.FieldName: "Esimerkki Oy"}
	for _, fs := range all {
		maps.Copy(out, fs)
	}
	return out
}

// contacts are the customer's in a line each, with their roles, in their order.
func (l *linked) contacts() (out []string) {
	for _, ct := range l.customer.Contacts {
		words := []string{string(ct.Person.ID), ct.Person.FirstName, ct.Person.LastName}
		for _, r := range ct.Roles {
			words = append(words, string(r))
		}
		if ct.IsDefault {
			words = append(words, "default")
		}
		out = append(out, strings.Join(words, " "))
	}
	return out
}

// tabPolicy is that of a system with a place for due diligence, which tells roles and holds none.
func tabPolicy() merge.Policy {
	writes := func(f customer.Field) bool {
		_, _, name, part := f.PartKey()
		return !part && f == customer.FieldName || slices.Contains([]string{"firstName", "lastName", "emails", "phones"}, name)
	}
	reads := func(f customer.Field) bool {
		_, _, name, part := f.PartKey()
		return !part || name != "default" && name != "title" && name != "language"
	}
	return merge.Policy{Reads: reads, Writes: writes, Removes: func(merge.PartKey) bool { return false }}
}

func TestR34_R191_TheContactForDueDiligence(t *testing.T) {
	t.Parallel()
	p := tabPolicy()
	berg := contactFields("5", "Bo", "Berg", "bo@example.test", "GENERAL")
	aino := contactFields("tab", "Aino", "Malli", "aino@example.test", "KYC")
	wants := func(t *testing.T, l *linked, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, l.contacts()); diff != "" {
			t.Error(diff)
		}
	}
	quiet := func(t *testing.T, l *linked, theirs customer.Fields) {
		t.Helper()
		if v, changed := l.take(t, theirs, p); changed || len(v.Incoming)+len(v.Outgoing)+len(v.Gone)+len(v.Replaced) > 0 {
			t.Errorf("the next look comes to %+v", v)
		}
	}

	t.Run("TheRoleMovesToWhoTheSystemNamesAndTheOtherKeepsWhatElseItIs", func(t *testing.T) {
		t.Parallel()
		for roles, left := range map[string][]customer.ContactRole{
			"KYC": {customer.GeneralContact}, "KYC;BILLING": {customer.BillingContact}, "GENERAL;KYC": {customer.GeneralContact},
		} {
			l := imported(t, joined(berg), p)
			l.customer.Contacts[0].Roles = nil
			for _, r := range customer.SplitList(roles) {
				l.customer.Contacts[0].Roles = append(l.customer.Contacts[0].Roles, customer.ContactRole(r))
			}
			before := l.customer.Flatten(customer.HubKeys)
			v, _ := l.take(t, joined(berg, aino), p)
			if len(v.Outgoing) > 0 {
				t.Errorf("%s: sends %v", roles, v.Outgoing)
			}
			if !slices.Equal(l.customer.Contacts[0].Roles, left) || !slices.Equal(l.customer.Contacts[1].Roles, []customer.ContactRole{customer.KYCContact}) {
				t.Errorf("%s: %v", roles, l.contacts())
			}
			// The log tells of both.
			told := customer.Diff(before, l.customer.Flatten(customer.HubKeys))
			field := customer.PartField(customer.PartContact, string(l.customer.Contacts[0].Person.ID), "roles")
			if !slices.ContainsFunc(told, func(c customer.FieldChange) bool { return c.Field == field }) {
				t.Errorf("%s: the log has %+v", roles, told)
			}
			if who, ok := l.customer.KYCContact(); !ok || who.FirstName != "Aino" {
				t.Errorf("%s: %+v", roles, who)
			}
			quiet(t, l, joined(berg, aino))
		}
	})
	t.Run("TheSameHumanElsewhereOnTheRecordIsASecondContact", func(t *testing.T) {
		t.Parallel()
		same := contactFields("5", "Aino", "Malli", "aino@example.test", "GENERAL")
		l := imported(t, joined(same, aino), p)
		wants(t, l, "id-1 Aino Malli GENERAL", "id-2 Aino Malli KYC")
		quiet(t, l, joined(same, aino))
	})
	t.Run("AnEditIsAnEditOfThePerson", func(t *testing.T) {
		t.Parallel()
		for name, now := range map[string]customer.Fields{
			"AnotherLastName":         contactFields("tab", "Aino", "Uusi", "uusi@example.test", "KYC"),
			"NamesTheOtherWayRound":   contactFields("tab", "Malli", "Aino", "", "KYC"),
			"TheSameAddress":          contactFields("tab", "Liisa", "Uusi", "Aino@Example.test", "KYC"),
			"NoNameAnyMore":           contactFields("tab", "", "", "info@example.test", "KYC"),
			"AnotherCaseOfTheLetters": contactFields("tab", "AINO", "MALLI", "info@example.test", "KYC"),
		} {
			l := imported(t, joined(aino), p)
			v, _ := l.take(t, joined(now), p)
			if len(v.Replaced) > 0 || len(l.customer.Contacts) != 1 || l.customer.Contacts[0].Person.ID != "id-1" {
				t.Errorf("%s: %v", name, l.contacts())
			}
		}
	})
	liisa := contactFields("tab", "Liisa", "Uusi", "liisa@example.test", "KYC")
	t.Run("SomebodyElseInThePlaceIsAnotherPerson", func(t *testing.T) {
		t.Parallel()
		l := imported(t, joined(berg, aino), p)
		l.customer.Contacts[1].IsDefault = true
		l.base.Ours = l.ours()
		l.take(t, joined(berg, liisa), p)
		wants(t, l, "id-1 Bo Berg GENERAL default", "id-3 Liisa Uusi KYC")
		if !slices.Contains(l.parts, link.PartLink{Part: customer.PartContact, ID: "id-3", ExternalID: "tab"}) || len(l.parts) != 2 {
			t.Errorf("parts %+v", l.parts)
		}
		quiet(t, l, joined(berg, liisa))

		l = imported(t, joined(aino), p)
		l.customer.Contacts[0].IsDefault = true
		l.base.Ours = l.ours()
		l.take(t, joined(liisa), p)
		wants(t, l, "id-2 Liisa Uusi KYC default")
	})
	t.Run("ElsewhereSomebodyElseIsAnEdit", func(t *testing.T) {
		t.Parallel()
		l := imported(t, joined(berg), p)
		l.take(t, joined(contactFields("5", "Liisa", "Uusi", "liisa@example.test", "GENERAL")), p)
		wants(t, l, "id-1 Liisa Uusi GENERAL")
	})
	t.Run("RemovedInTheHubItStaysThereAndOutUntilSomebodyElseIsThere", func(t *testing.T) {
		t.Parallel()
		l := imported(t, joined(berg, aino), p)
		l.customer.Contacts = l.customer.Contacts[:1]
		v, _ := l.take(t, joined(berg, aino), p)
		if len(v.Outgoing) > 0 || len(v.Incoming) > 0 {
			t.Errorf("%+v", v)
		}
		phone := joined(berg, aino, customer.Fields{customer.PartField(customer.PartContact, "tab", "phones"): "040"})
		l.take(t, phone, p)
		wants(t, l, "id-1 Bo Berg GENERAL")
		l.take(t, joined(berg, liisa), p)
		wants(t, l, "id-1 Bo Berg GENERAL", "id-3 Liisa Uusi KYC")
		quiet(t, l, joined(berg, liisa))
	})
	t.Run("R31_EmptiedAndFilledAgainItComesInAgain", func(t *testing.T) {
		t.Parallel()
		l := imported(t, joined(berg, aino), p)
		l.take(t, joined(berg), p)
		wants(t, l, "id-1 Bo Berg GENERAL")
		l.take(t, joined(berg, aino), p)
		wants(t, l, "id-1 Bo Berg GENERAL", "id-3 Aino Malli KYC")
	})
	t.Run("WhatTheHubChangedStandsWhereTheHubIsTheMaster", func(t *testing.T) {
		t.Parallel()
		for name, tc := range map[string]struct {
			flow    system.Flow
			changed bool
			want    string
		}{
			"HubIsMaster":              {system.Flow{Direction: system.Both, Master: system.MasterHub}, true, "id-1 Eino Malli KYC"},
			"HubIsMasterAndDidNothing": {system.Flow{Direction: system.Both, Master: system.MasterHub}, false, "id-2 Liisa Uusi KYC"},
			"SystemIsMaster":           {system.Flow{Direction: system.Both, Master: system.MasterSystem}, true, "id-2 Liisa Uusi KYC"},
			"InOnly":                   {system.Flow{Direction: system.In, Master: system.MasterSystem}, true, "id-2 Liisa Uusi KYC"},
			"OutOnly":                  {system.Flow{Direction: system.Out, Master: system.MasterSystem}, false, "id-1 Aino Malli KYC"},
		} {
			l := imported(t, joined(aino), p)
			if tc.changed {
				l.customer.Contacts[0].Person.FirstName = "Eino"
				l.customer.Contacts[0].Person.LastName = "Malli"
			}
			with := p
			with.Flow = func(string) system.Flow { return tc.flow }
			v, _ := l.take(t, joined(liisa), with)
			if name == "HubIsMaster" {
				// The names the hub did not change go the ordinary way.
				if len(v.Replaced) > 0 || l.customer.Contacts[0].Person.ID != "id-1" || l.customer.Contacts[0].Person.FirstName != "Eino" {
					t.Errorf("%s: %v", name, l.contacts())
				}
				continue
			}
			if got := l.contacts(); !slices.Equal(got, []string{tc.want}) {
				t.Errorf("%s: %v", name, got)
			}
		}
	})
	t.Run("LinkedForTheFirstTimeOneOfTwoThatLookLikeItIsTheCustomersOwn", func(t *testing.T) {
		t.Parallel()
		same := contactFields("5", "Aino", "Malli", "aino@example.test", "GENERAL")
		for role, key := range map[customer.ContactRole]string{customer.KYCContact: "tab", customer.GeneralContact: "5"} {
			c := customer.Customer{Contacts: []customer.Contact{{
				Person: customer.Person{ID: "own", FirstName: "Aino", LastName: "Malli", Emails: []string{"aino@example.test"}}, Roles: []customer.ContactRole{role},
			}}}
			want := []link.PartLink{{Part: customer.PartContact, ID: "own", ExternalID: key}}
			if diff := cmp.Diff(want, merge.MatchParts(&c, joined(same, aino))); diff != "" {
				t.Errorf("%s: %s", role, diff)
			}
		}
	})
}

func TestR44_R49_TheStatusIsAMessageOfItsOwn(t *testing.T) {
	t.Parallel()
	writes := func(customer.Field) bool { return true }
	reads := func(f customer.Field) bool { return !f.ShowsKYC() }
	p := merge.Policy{Reads: reads, Writes: writes}
	ours := joined(customer.Fields{customer.FieldEmail: "a@example.test", customer.FieldKYCRiskClass: "HIGH", customer.FieldKYCExpiresOn: "2027-01-15"},
		contactFields("tab", "Aino", "Malli", "", "KYC"))
	theirs := joined(contactFields("tab", "Eino", "Malli", "", "KYC"))
	base := link.Base{Ours: theirs, Theirs: theirs}
	v := merge.Compare(ours, theirs, base, p)
	messages := v.Messages(ours, theirs, base, false)
	if len(messages) != 3 {
		t.Fatalf("%+v", messages)
	}
	card, status, person := messages[0], messages[1], messages[2]
	if card.Key != "" || !card.Set.Equal(customer.Fields{customer.FieldEmail: "a@example.test"}) || card.Want.HasGroup("kyc") {
		t.Errorf("card %+v", card)
	}
	if status.Part != "" || status.Key != "kyc" || !status.Set.Equal(customer.Fields{customer.FieldKYCRiskClass: "HIGH", customer.FieldKYCExpiresOn: "2027-01-15"}) {
		t.Errorf("status %+v", status)
	}
	if person.Part != customer.PartContact || person.Key != "tab" || !person.Set.Equal(customer.Fields{"firstName": "Aino"}) {
		t.Errorf("person %+v", person)
	}
	created := merge.Compare(ours, nil, link.Base{}, p).Messages(ours, nil, link.Base{}, true)
	if len(created) != 1 || created[0].Set.HasGroup("kyc") {
		t.Errorf("a new record is %+v", created)
	}
}
