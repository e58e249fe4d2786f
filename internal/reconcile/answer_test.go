package reconcile

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/link"
	"customerhub/internal/merge"
	"customerhub/internal/system"
)

var someTime = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func counting() merge.IDFunc {
	n := 0
	return func() string {
		n++
		return fmt.Sprintf("id-%d", n)
	}
}

// bothWays is the policy of a system that tells and holds everything but what is named.
func bothWays(unread, unwritten []customer.Field) Policy {
	unwritten = append(unwritten, customer.FieldKYCContactFirstName, customer.FieldKYCContactLastName) // few systems hold one beside a record
	not := func(list []customer.Field) func(customer.Field) bool {
		return func(f customer.Field) bool {
			_, _, name, ok := f.PartKey()
			if !ok {
				name = string(f)
			}
			return !slices.Contains(list, customer.Field(name))
		}
	}
	return Policy{
		System: "s", Name: "Netvisor", Abilities: merge.Abilities{Reads: not(unread), Writes: not(append(unwritten, customer.Present))},
		Decided: system.Policy{Flow: system.Flow{Direction: system.Both}},
	}
}

// linkedTo imports a record and gives what the hub has of it then.
func linkedTo(t *testing.T, fields customer.Fields, p Policy) merge.Known {
	t.Helper()
	o := merge.Observation{ExternalID: "7", Fields: fields}
	out := Plan([]merge.Observation{o}, nil, p, counting(), someTime)[0]
	if out.Action != merge.Create || out.Err != nil {
		t.Fatalf("got %+v", out)
	}
	return merge.Known{Link: out.Link, Base: out.Base, Parts: out.Parts, Customer: out.Customer}
}

func lookAt(t *testing.T, k merge.Known, theirs customer.Fields, p Policy) (merge.Outcome, *link.Intent) {
	t.Helper()
	d, err := decideLook(merge.Observation{ExternalID: "7", Fields: theirs}, k, p, counting(), someTime)
	if err != nil {
		t.Fatal(err)
	}
	return d.Outcome, d.Intent
}

func TestDecideLook(t *testing.T) {
	t.Parallel()
	theirs := customer.Fields{
		"name": "Esimerkki Oy", "email": "a@example.test", "kind": "COMPANY", "status": "ACTIVE",
		"billingAddress.line1": "KATU 1", "billingAddress.city": "LAHTI",
		"office[1].present": "true", "office[1].name": "Turku", "office[1].active": "true",
		"contact[5].present": "true", "contact[5].firstName": "Aino", "contact[5].lastName": "Malli",
	}
	p := bothWays([]customer.Field{"title"}, []customer.Field{"roles"})
	edited := func(t *testing.T, edit func(c *customer.Customer)) merge.Known {
		t.Helper()
		k := linkedTo(t, theirs, p)
		c := k.Customer.Clone()
		edit(&c)
		k.Customer = c
		return k
	}
	t.Run("Promise4_NothingDiffersAndNothingIsSent", func(t *testing.T) {
		t.Parallel()
		out, intent := lookAt(t, linkedTo(t, theirs, p), theirs, p)
		if intent != nil || out.Link.State != link.InSync {
			t.Errorf("got %+v, %+v", out, intent)
		}
	})
	t.Run("Promise5_OnlyWhatDiffersIsSent", func(t *testing.T) {
		t.Parallel()
		k := edited(t, func(c *customer.Customer) { c.Addresses[0].Line1 = "Uusikatu 2" })
		out, intent := lookAt(t, k, theirs, p)
		want := customer.Fields{"billingAddress.line1": "Uusikatu 2"}
		if intent == nil || intent.Operation != link.Edit || intent.Part != "" || !cmp.Equal(intent.Set, want) {
			t.Fatalf("got %+v", intent)
		}
		if out.Link.State != link.InProgress || out.Customer.Addresses[0].Line1 != "Uusikatu 2" || intent.Want["name"] != "Esimerkki Oy" {
			t.Errorf("got %+v", out.Link)
		}
	})
	t.Run("T25_EmptyIsSentWhenSomebodyCleared", func(t *testing.T) {
		t.Parallel()
		k := edited(t, func(c *customer.Customer) { c.Email = "" })
		if _, intent := lookAt(t, k, theirs, p); intent == nil || !cmp.Equal(intent.Set, customer.Fields{"email": ""}) {
			t.Errorf("got %+v", intent)
		}
	})
	t.Run("T22_TheirsComesInAndOursGoesOut", func(t *testing.T) {
		t.Parallel()
		k := edited(t, func(c *customer.Customer) { c.Email = "hub@example.test" })
		now := theirs.Only(func(customer.Field) bool { return true })
		now["name"] = "Uusi Oy"
		out, intent := lookAt(t, k, now, p)
		if out.Action != merge.Update || out.Customer.Name != "Uusi Oy" || out.Customer.Email != "hub@example.test" {
			t.Errorf("got %+v", out)
		}
		if intent == nil || !cmp.Equal(intent.Set, customer.Fields{"email": "hub@example.test"}) {
			t.Errorf("got %+v", intent)
		}
	})
	t.Run("T23_BothChangedOneStandsAndTheOtherIsKept", func(t *testing.T) {
		t.Parallel()
		k := edited(t, func(c *customer.Customer) { c.Email = "hub@example.test" })
		now := theirs.Only(func(customer.Field) bool { return true })
		now["email"] = "b@example.test"
		out, intent := lookAt(t, k, now, p)
		if intent != nil || out.Customer.Email != "b@example.test" || len(out.Conflicts) != 1 || out.Conflicts[0].Lost["email"] != "hub@example.test" {
			t.Errorf("R55: got %+v, %+v", out, intent)
		}
		if len(out.Findings) != 1 || out.Findings[0].Code != finding.FieldConflict {
			t.Errorf("got %+v", out.Findings)
		}
		hubWins := p
		hubWins.Decided.Master = system.MasterHub
		out, intent = lookAt(t, k, now, hubWins)
		if out.Customer.Email != "hub@example.test" || intent == nil || !cmp.Equal(intent.Set, customer.Fields{"email": "hub@example.test"}) ||
			out.Conflicts[0].Lost["email"] != "b@example.test" {
			t.Errorf("R194: got %+v, %+v", out, intent)
		}
	})
	t.Run("R116_OneWayOutSetsBackWhatPeopleChangeThere", func(t *testing.T) {
		t.Parallel()
		out := p
		out.Decided.Direction = system.Out
		now := theirs.Only(func(customer.Field) bool { return true })
		now["email"] = "b@example.test"
		got, intent := lookAt(t, linkedTo(t, theirs, p), now, out)
		if got.Customer.Email != "a@example.test" || intent == nil || !cmp.Equal(intent.Set, customer.Fields{"email": "a@example.test"}) {
			t.Errorf("got %+v, %+v", got, intent)
		}
		if o := Plan([]merge.Observation{{ExternalID: "8", Fields: theirs}}, nil, out, counting(), someTime)[0]; o.Action != merge.Skip {
			t.Errorf("a record that the hub does not know came in: %+v", o)
		}
	})
	t.Run("R116_OneWayInHoldsWhatPeopleChangeHere", func(t *testing.T) {
		t.Parallel()
		in := p
		in.Decided.Direction = system.In
		k := edited(t, func(c *customer.Customer) { c.Email = "hub@example.test" })
		out, intent := lookAt(t, k, theirs, in)
		if intent != nil || out.Link.State != link.Waiting || !strings.Contains(out.Link.LastMessage, "email") || out.Customer.Email != "hub@example.test" {
			t.Errorf("got %+v, %+v", out.Link, intent)
		}
	})
	t.Run("R194_AGroupHasItsOwnDirection", func(t *testing.T) {
		t.Parallel()
		mixed := p
		mixed.Decided.Groups = map[string]system.Flow{"email": {Direction: system.Off}, "office": {Direction: system.In}}
		k := edited(t, func(c *customer.Customer) { c.Email, c.Offices[0].Name, c.Name = "hub@example.test", "Åbo", "Uusi Oy" })
		now := theirs.Only(func(customer.Field) bool { return true })
		now["email"] = "b@example.test"
		out, intent := lookAt(t, k, now, mixed)
		if intent == nil || !cmp.Equal(intent.Set, customer.Fields{"name": "Uusi Oy"}) || out.Customer.Email != "hub@example.test" {
			t.Errorf("got %+v, %+v", out, intent)
		}
	})
	t.Run("WhatTheSystemCannotHoldIsNotSentAndNotAsked", func(t *testing.T) {
		t.Parallel()
		k := edited(t, func(c *customer.Customer) { c.Contacts[0].Roles = []customer.ContactRole{customer.KYCContact} })
		if out, intent := lookAt(t, k, theirs, p); intent != nil || out.Link.State != link.InSync {
			t.Errorf("got %+v, %+v", out.Link, intent)
		}
	})
	t.Run("WhatTheSystemCannotTellIsSentWhenItChanges", func(t *testing.T) {
		t.Parallel()
		k := edited(t, func(c *customer.Customer) { c.Contacts[0].Title = "Talousjohtaja" })
		_, intent := lookAt(t, k, theirs, p)
		if intent == nil || intent.Part != customer.PartContact || intent.Key != "5" || !cmp.Equal(intent.Set, customer.Fields{"title": "Talousjohtaja"}) ||
			intent.Want["lastName"] != "Malli" {
			t.Errorf("got %+v", intent)
		}
	})
	t.Run("TheCardComesFirstThenOfficesThenContacts", func(t *testing.T) {
		t.Parallel()
		k := edited(t, func(c *customer.Customer) {
			c.Contacts = append(c.Contacts, customer.Contact{Person: customer.Person{ID: "new-p", FirstName: "Bo", LastName: "Malli"}, OfficeID: "new-o"})
			c.Offices = append(c.Offices, customer.Office{ID: "new-o-12345678", Name: "Oulu", Active: true})
			c.Contacts[1].OfficeID = "new-o-12345678"
			c.Name = "Uusi Oy"
		})
		ours, policy, _ := p.side(k, &k.Customer, k.Parts, nil, theirs)
		verdict := merge.Compare(ours, theirs, k.Base, policy)
		messages := verdict.Messages(ours, theirs, k.Base, false)
		if len(messages) != 3 || messages[0].Part != "" || messages[1].PartID != "new-o-12345678" || messages[2].PartID != "new-p" {
			t.Fatalf("got %+v", messages)
		}
		if office := messages[1]; office.Operation != link.Create || office.Key != "" || !cmp.Equal(office.Set, customer.Fields{"name": "Oulu", "active": "true"}) {
			t.Errorf("got %+v", office)
		}
		if contact := messages[2]; contact.Set["office"] != "" || contact.Set["lastName"] != "Malli" {
			t.Errorf("a contact points at an office that has no key yet: %+v", contact)
		}
	})
	t.Run("AnOfficeThatIsNoLongerUsedIsTakenAway", func(t *testing.T) {
		t.Parallel()
		k := edited(t, func(c *customer.Customer) { c.Offices[0].Active = false })
		_, intent := lookAt(t, k, theirs, p)
		if intent == nil || intent.Operation != link.Remove || intent.Part != customer.PartOffice || intent.Key != "1" || intent.Want["name"] != "Turku" {
			t.Errorf("got %+v", intent)
		}
	})
	t.Run("AContactThatTheHubDidNotMakeStaysThereDetached", func(t *testing.T) {
		t.Parallel()
		k := edited(t, func(c *customer.Customer) { c.Contacts = nil })
		out, intent := lookAt(t, k, theirs, p)
		if intent != nil || out.Link.State != link.InSync || len(out.Customer.Contacts) != 0 {
			t.Errorf("got %+v, %+v", out.Link, intent)
		}
		for i := range k.Parts {
			k.Parts[i].Made = true
		}
		if _, intent = lookAt(t, k, theirs, p); intent == nil || intent.Operation != link.Remove || intent.Part != customer.PartContact || intent.Key != "5" {
			t.Errorf("one that the hub made stays: %+v", intent)
		}
	})
	t.Run("WhatTheSystemRefusedStaysParkedUntilSomethingChanges", func(t *testing.T) {
		t.Parallel()
		k := edited(t, func(c *customer.Customer) { c.Email = "hub@example.test" })
		k.Link.State, k.Link.LastFault, k.Link.LastMessage = link.Parked, fault.Rejected, "INVALID_DATA :: no"
		o := merge.Observation{ExternalID: "7", Fields: theirs}
		out := Plan([]merge.Observation{o}, map[string]merge.Known{"7": k}, p, counting(), someTime)[0]
		if out.Action != merge.Unchanged || out.Link.State != link.Parked || !out.Link.DueAt.IsZero() {
			t.Errorf("got %+v", out)
		}
		now := theirs.Only(func(customer.Field) bool { return true })
		now["email"] = "hub@example.test"
		o.Fields = now
		if out = Plan([]merge.Observation{o}, map[string]merge.Known{"7": k}, p, counting(), someTime)[0]; out.Link.State != link.InSync {
			t.Errorf("somebody typed it there, and it is still parked: %+v", out.Link)
		}
	})
	t.Run("T24_AnObservationThatWasOvertakenSaysNothing", func(t *testing.T) {
		t.Parallel()
		k := edited(t, func(c *customer.Customer) { c.Email = "hub@example.test" })
		k.Overtaken = true
		now := theirs.Only(func(customer.Field) bool { return true })
		now["name"] = "Vanha Oy"
		out := Plan([]merge.Observation{{ExternalID: "7", Fields: now}}, map[string]merge.Known{"7": k}, p, counting(), someTime)[0]
		if out.Action != merge.Unchanged || out.Customer.Name != "Esimerkki Oy" {
			t.Errorf("got %+v", out)
		}
	})
}

func TestDecideTaken(t *testing.T) {
	t.Parallel()
	theirs := customer.Fields{"name": "Esimerkki Oy", "email": "a@example.test", "kind": "COMPANY", "status": "ACTIVE", "phone": "1"}
	p := bothWays(nil, nil)
	sent := func(t *testing.T) (merge.Known, link.Intent) {
		t.Helper()
		k := linkedTo(t, theirs, p)
		c := k.Customer.Clone()
		c.Name, c.Email = "Uusi oy", "hub@example.test"
		k.Customer = c
		out, intent := lookAt(t, k, theirs, p)
		return merge.Known{Link: out.Link, Base: out.Base, Parts: out.Parts, Customer: out.Customer}, *intent
	}
	take := func(t *testing.T, k merge.Known, i link.Intent, now customer.Fields) merge.Outcome {
		t.Helper()
		d, err := decideTaken(taken{externalID: "7", record: merge.Observation{Fields: now}}, i, k, p, counting(), someTime)
		if err != nil || !d.Resolved {
			t.Fatalf("got %+v, %v", d, err)
		}
		return d.Outcome
	}
	t.Run("T26_WhatTheSystemMakesOfItIsAgreed", func(t *testing.T) {
		t.Parallel()
		k, i := sent(t)
		now := customer.Fields{"name": "UUSI OY", "email": "HUB@EXAMPLE.TEST", "kind": "COMPANY", "status": "ACTIVE", "phone": "1"}
		out := take(t, k, i, now)
		if out.Link.State != link.InSync || out.Customer.Name != "Uusi oy" || out.Action != merge.Agree {
			t.Errorf("got %+v", out)
		}
		again, intent := lookAt(t, merge.Known{Link: out.Link, Base: out.Base, Parts: out.Parts, Customer: out.Customer}, now, p)
		if intent != nil || again.Link.State != link.InSync {
			t.Errorf("Promise 4: it is sent again: %+v", intent)
		}
	})
	t.Run("AnyOtherDifferenceIsSomebodysEdit", func(t *testing.T) {
		t.Parallel()
		k, i := sent(t)
		out := take(t, k, i, customer.Fields{"name": "Uusi oy", "email": "hub@example.test", "kind": "COMPANY", "status": "ACTIVE", "phone": "2"})
		if out.Customer.Phone.Raw != "2" || out.Action != merge.Update {
			t.Errorf("got %+v", out)
		}
	})
	t.Run("T24_AnEditMadeDuringTheCallIsDueAgain", func(t *testing.T) {
		t.Parallel()
		k, i := sent(t)
		c := k.Customer.Clone()
		c.Email = "newer@example.test"
		k.Customer = c
		out := take(t, k, i, customer.Fields{"name": "Uusi oy", "email": "hub@example.test", "kind": "COMPANY", "status": "ACTIVE", "phone": "1"})
		if out.Customer.Email != "newer@example.test" || out.Link.State != link.Due || !out.Link.DueAt.Equal(someTime) {
			t.Errorf("got %+v", out)
		}
	})
	t.Run("ANewOfficeIsFoundByItsIdentifier", func(t *testing.T) {
		t.Parallel()
		k := linkedTo(t, theirs, p)
		c := k.Customer.Clone()
		c.Offices = append(c.Offices, customer.Office{ID: "0190aaaa-bbbb-7ccc-8ddd-0123456789ab", Name: "Oulu", Active: true})
		k.Customer = c
		out, intent := lookAt(t, k, theirs, p)
		if intent == nil || intent.Set["identifier"] != "HUB-456789AB" {
			t.Fatalf("got %+v", intent)
		}
		k = merge.Known{Link: out.Link, Base: out.Base, Parts: out.Parts, Customer: out.Customer}
		now := customer.Fields{}
		maps.Copy(now, theirs)
		for f, v := range map[string]string{"present": "true", "name": "OULU", "identifier": "HUB-456789AB", "active": "true"} {
			now[customer.PartField(customer.PartOffice, "31", f)] = v
		}
		got := take(t, k, *intent, now)
		if got.Link.State != link.InSync || len(got.Parts) != 1 || got.Parts[0].ExternalID != "31" || !got.Parts[0].Made ||
			got.Customer.Offices[0].Identifier != "HUB-456789AB" || got.Customer.Offices[0].Name != "Oulu" || len(got.Customer.Offices) != 1 {
			t.Errorf("got %+v, parts %+v", got, got.Parts)
		}
		now[customer.PartField(customer.PartOffice, "32", "present")] = "true"
		now[customer.PartField(customer.PartOffice, "32", "identifier")] = "HUB-456789AB"
		d, err := decideTaken(taken{externalID: "7", record: merge.Observation{Fields: now}}, *intent, k, p, counting(), someTime)
		if err != nil || d.Resolved || d.Outcome.Link.State != link.Uncertain || d.Outcome.Findings[0].Code != finding.CreateAmbiguous {
			t.Errorf("T6: got %+v, %v", d, err)
		}
	})
}

func TestArrived(t *testing.T) {
	t.Parallel()
	p := bothWays([]customer.Field{"title"}, nil)
	base := customer.Fields{"email": "a@example.test", "name": "A", "contact[5].present": "true", "contact[5].lastName": "Malli"}
	edit := link.Intent{Operation: link.Edit, Set: customer.Fields{"email": "B@example.test"}}
	for _, tc := range []struct {
		name   string
		intent link.Intent
		now    customer.Fields
		want   bool
	}{
		{"TheValueIsThere", edit, customer.Fields{"email": "b@example.test "}, true},
		{"TheOldValueIsThere", edit, customer.Fields{"email": "a@example.test"}, false},
		{"SomebodyElsesValueIsThere", edit, customer.Fields{"email": "c@example.test"}, true},
		{"ClearedAndEmpty", link.Intent{Operation: link.Edit, Set: customer.Fields{"email": ""}}, customer.Fields{}, true},
		{"ClearedAndStillThere", link.Intent{Operation: link.Edit, Set: customer.Fields{"email": ""}}, base, false},
		{"WhatCannotBeReadIsNotSeen", link.Intent{Operation: link.Edit, Part: customer.PartContact, Key: "5", Set: customer.Fields{"title": "x"}}, base, false},
		{"TheContactIsGone", link.Intent{Operation: link.Remove, Part: customer.PartContact, Key: "5"}, customer.Fields{"name": "A"}, true},
		{"TheContactIsThere", link.Intent{Operation: link.Remove, Part: customer.PartContact, Key: "5"}, base, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			k := merge.Known{Base: link.Base{Ours: base, Theirs: base}}
			if _, got := arrived(tc.intent, merge.Observation{Fields: tc.now}, k, p); got != tc.want {
				t.Errorf("got %v", got)
			}
		})
	}
	// Somebody's edit is not taken for ours.
	if got := absorbed(edit, "", merge.Observation{Fields: customer.Fields{"email": "c@example.test"}}); len(got.Set) != 0 {
		t.Errorf("absorbed %v", got.Set)
	}
}

func TestMayAdopt(t *testing.T) {
	t.Parallel()
	c := customer.Fields{"number": "17", "businessId": "1967543-8", "name": "Esimerkki Oy"}
	for _, tc := range []struct {
		name   string
		ours   customer.Fields
		theirs customer.Fields
		want   bool
	}{
		{"R89_SameNumberAndBusinessID", c, customer.Fields{"number": "17", "businessId": "1967543-8", "name": "Renamed"}, true},
		{"R92_SameNumberAndAnotherBusinessID", c, customer.Fields{"number": "17", "businessId": "0112038-9", "name": "Esimerkki Oy"}, false},
		{"R92_SameBusinessIDAndAnotherNumber", c, customer.Fields{"number": "18", "businessId": "1967543-8", "name": "Esimerkki Oy"}, false},
		{"R89_ABusinessIDIsMissingAndTheNamesShareAWord", c, customer.Fields{"number": "17", "name": "ESIMERKKI Group"}, true},
		{"R92_ABusinessIDIsMissingAndTheNamesDiffer", c, customer.Fields{"number": "17", "name": "Toinen Oy"}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := mayAdopt(tc.ours, tc.theirs); (got == "") != tc.want {
				t.Errorf("got %q", got)
			}
		})
	}
}
