package merge_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/link"
	"customerhub/internal/merge"
	"customerhub/internal/system"
)

func everything(customer.Field) bool { return true }

// oursWins is a policy both ways where the hub is the master.
func oursWins(string) system.Flow {
	return system.Flow{Direction: system.Both, Master: system.MasterHub}
}

// linked is a customer with its link, as the hub keeps them.
type linked struct {
	customer customer.Customer
	parts    []link.PartLink
	base     link.Base
	ids      int
}

// imported takes a record in for the first time.
func imported(t testing.TB, theirs customer.Fields, p merge.Policy) *linked {
	t.Helper()
	l := &linked{customer: customer.Customer{ID: "c", Version: 1, Kind: customer.Company, Status: customer.Active}}
	v := merge.Compare(nil, theirs, link.Base{}, p)
	l.settle(t, v, theirs)
	return l
}

func (l *linked) newID() string {
	l.ids++
	return fmt.Sprintf("id-%d", l.ids)
}

// ours is the customer as the system would name it.
func (l *linked) ours() customer.Fields { return l.customer.Flatten(merge.Keys(l.parts)) }

// take compares and applies.
func (l *linked) take(t testing.TB, theirs customer.Fields, p merge.Policy) (v merge.Verdict, changed bool) {
	t.Helper()
	v = merge.Compare(l.ours(), theirs, l.base, p)
	return v, l.settle(t, v, theirs)
}

func (l *linked) settle(t testing.TB, v merge.Verdict, theirs customer.Fields) (changed bool) {
	t.Helper()
	c := l.customer.Clone()
	parts, err := v.Apply(&c, l.parts, theirs, l.newID)
	if err != nil {
		t.Fatal(err)
	}
	l.customer, l.parts = c, parts
	l.base, changed = v.Agree(l.base, l.ours(), theirs)
	return changed
}

func TestCompare(t *testing.T) {
	t.Parallel()
	one := func(v string) customer.Fields {
		fs := customer.Fields{}
		fs.Set(customer.FieldEmail, v)
		return fs
	}
	theirsWin := merge.Policy{Reads: everything}
	oursWin := merge.Policy{Reads: everything, Flow: oursWins}
	for _, tc := range []struct {
		name                               string
		ours, theirs, baseOurs, baseTheirs string
		policy                             merge.Policy
		in                                 string // what comes in; "-" nothing, "" clears
		out                                bool
		lost                               string
	}{
		{"NobodyChanged", "a", "a", "a", "a", theirsWin, "-", false, ""},
		{"T26_NobodyChangedAndTheSystemNormalises", "a", "A", "a", "A", theirsWin, "-", false, ""},
		{"NobodyKnowsIt", "", "", "", "", theirsWin, "-", false, ""},
		{"TheirsChanged", "a", "b", "a", "a", theirsWin, "b", false, ""},
		{"TheirsIsNew", "", "b", "", "", theirsWin, "b", false, ""},
		{"T25_TheirsWasCleared", "a", "", "a", "a", theirsWin, "", false, ""},
		{"T24_OursChangedStandsAgainstTheOlderValue", "b", "a", "a", "a", theirsWin, "-", true, ""},
		{"T25_OursWasCleared", "", "a", "a", "a", theirsWin, "-", true, ""},
		{"T26_OursChangedAndTheirsTookTheAgreedForm", "b", "a", "a", "A", theirsWin, "-", true, ""},
		{"T26_OursChangedAndTheirsAnotherForm", "b", "á", "a", "A", theirsWin, "á", false, "b"},
		{"OursIsNew", "b", "", "", "", theirsWin, "-", true, ""},
		{"BothChangedToTheSame", "b", "b", "a", "a", theirsWin, "-", false, ""},
		{"BothCleared", "", "", "a", "a", theirsWin, "-", false, ""},
		{"R55_BothChangedAndTheirsWins", "b", "c", "a", "a", theirsWin, "c", false, "b"},
		{"T25_OursChangedAndTheirsCleared", "b", "", "a", "a", theirsWin, "", false, "b"},
		{"T25_OursClearedAndTheirsChanged", "", "c", "a", "a", theirsWin, "c", false, ""},
		{"BothChangedAndOursWins", "b", "c", "a", "a", oursWin, "-", true, "c"},
		{"BothChangedAndWinsWhatAnotherRecordTold", "b", "c", "a", "a", merge.Policy{Reads: everything, Shared: []customer.Group{"email"}}, "-", true, "c"},
		{"OursWinsAConflictOnly", "a", "c", "a", "a", oursWin, "c", false, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			base := link.Base{Ours: one(tc.baseOurs), Theirs: one(tc.baseTheirs)}
			v := merge.Compare(one(tc.ours), one(tc.theirs), base, tc.policy)
			in, comes := v.Incoming[customer.FieldEmail]
			if want := tc.in != "-"; comes != want || want && in != tc.in {
				t.Errorf("comes in: %q (%v), want %q", in, comes, tc.in)
			}
			if got := len(v.Outgoing) > 0; got != tc.out {
				t.Errorf("goes out: %v", v.Outgoing)
			}
			conflict := strings.Contains(tc.name, "Both") && strings.Contains(tc.name, "Wins") || strings.HasPrefix(tc.name, "T25_Ours") && tc.name != "T25_OursWasCleared" ||
				strings.HasSuffix(tc.name, "AnotherForm")
			if (len(v.Conflicts) > 0) != conflict {
				t.Fatalf("conflicts: %+v", v.Conflicts)
			}
			if conflict && v.Conflicts[0].Lost[customer.FieldEmail] != tc.lost {
				t.Errorf("lost: %v, want %q", v.Conflicts[0].Lost, tc.lost)
			}
			next, _ := v.Agree(base, one(tc.ours), one(tc.theirs))
			if tc.out && !next.Ours.Equal(base.Ours) {
				t.Error("what waits to be sent out counts as agreed")
			}
		})
	}
}

// TestConflictProvenance says whose the value is that stands, and whose the one that lost.
func TestConflictProvenance(t *testing.T) {
	t.Parallel()
	lost := customer.Fields{customer.FieldEmail: "lost@example.test"}
	for _, tc := range []struct {
		name          string
		conflict      merge.Conflict
		winner, loser string
	}{
		{"TheSystemStandsAgainstTheHub", merge.Conflict{Winner: merge.Theirs, Lost: lost}, "netvisor", ""},
		{"TheHubStandsAgainstTheSystem", merge.Conflict{Winner: merge.Ours, Lost: lost}, "", "netvisor"},
		{"OfTwoRecordsOfAPersonBothAreTheSystems", merge.Conflict{Winner: merge.Ours, Shared: true, Lost: lost}, "netvisor", "netvisor"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o := merge.Outcome{Action: merge.Update, Conflicts: []merge.Conflict{tc.conflict}}
			got := o.Provenance("netvisor", time.Now())[customer.FieldEmail]
			if len(got.Alternatives) != 1 || got.System != tc.winner || got.Alternatives[0].System != tc.loser ||
				got.Alternatives[0].Value != "lost@example.test" || got.DecidedBy != customer.DecidedPrecedence {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestGroups(t *testing.T) {
	t.Parallel()
	billing := func(part string) customer.Field { return customer.AddressField(customer.Billing, part) }
	p := merge.Policy{Reads: everything}
	t.Run("AddressPartsWinTogether", func(t *testing.T) {
		l := imported(t, customer.Fields{
			"name": "A", billing("line1"): "Vanhakatu 1", billing("postcode"): "00100", billing("city"): "Helsinki",
		}, p)
		// The hub corrects the city while the customer moves in the other system.
		if err := l.customer.Apply(billing("city"), "HELSINKI"); err != nil {
			t.Fatal(err)
		}
		v, _ := l.take(t, customer.Fields{
			"name": "A", billing("line1"): "Uusikatu 2", billing("postcode"): "15100", billing("city"): "Lahti",
		}, p)
		a, _ := l.customer.Address(customer.Billing)
		if a.Line1 != "Uusikatu 2" || a.Postcode != "15100" || a.City != "Lahti" {
			t.Errorf("a mixture: %+v", a)
		}
		if len(v.Conflicts) != 1 || v.Conflicts[0].Group != "billingAddress" || v.Conflicts[0].Lost[billing("city")] != "HELSINKI" ||
			v.Conflicts[0].Lost[billing("line1")] != "Vanhakatu 1" {
			t.Errorf("the losing address is not kept whole: %+v", v.Conflicts)
		}
	})
	t.Run("AShorterAddressLeavesNothingOfTheOlder", func(t *testing.T) {
		l := imported(t, customer.Fields{billing("line1"): "Katu 1", billing("line2"): "c/o Aalto", billing("city"): "Lahti"}, p)
		l.take(t, customer.Fields{billing("line1"): "Katu 2", billing("city"): "Lahti"}, p)
		if a, _ := l.customer.Address(customer.Billing); a.Line2 != "" || a.Line1 != "Katu 2" {
			t.Errorf("got %+v", a)
		}
	})
	t.Run("TheEInvoicePairWinsTogether", func(t *testing.T) {
		l := imported(t, customer.Fields{"einvoice.address": "A1", "einvoice.operator": "O1"}, p)
		l.customer.EInvoice.Operator = "O2"
		l.take(t, customer.Fields{"einvoice.address": "A3", "einvoice.operator": "O3"}, p)
		if e := l.customer.EInvoice; e.Address != "A3" || e.Operator != "O3" {
			t.Errorf("got %+v", e)
		}
	})
	t.Run("T22_DifferentFieldsBothSurvive", func(t *testing.T) {
		l := imported(t, customer.Fields{"name": "A", "email": "a@example.test"}, p)
		l.customer.Email = "hub@example.test"
		v, _ := l.take(t, customer.Fields{"name": "B", "email": "a@example.test"}, p)
		if l.customer.Name != "B" || l.customer.Email != "hub@example.test" || len(v.Conflicts) != 0 {
			t.Errorf("got %q %q %v", l.customer.Name, l.customer.Email, v.Conflicts)
		}
	})
	t.Run("UnreadableFieldsAreNeitherTakenNorCleared", func(t *testing.T) {
		blind := merge.Policy{Reads: func(f customer.Field) bool { return f != customer.FieldPhone && f != billing("name") }}
		l := imported(t, customer.Fields{"name": "A", "phone": "1", billing("name"): "Theirs", billing("city"): "Lahti"}, blind)
		if a, _ := l.customer.Address(customer.Billing); l.customer.Phone.Raw != "" || a.Name != "" || a.City != "Lahti" {
			t.Errorf("got %+v", l.customer)
		}
		l.customer.Phone.Raw = "040 1"
		if err := l.customer.Apply(billing("name"), "Ours"); err != nil {
			t.Fatal(err)
		}
		v, _ := l.take(t, customer.Fields{"name": "A", billing("city"): "Turku"}, blind)
		if a, _ := l.customer.Address(customer.Billing); l.customer.Phone.Raw != "040 1" || a.Name != "Ours" || a.City != "Turku" || len(v.Outgoing) > 0 {
			t.Errorf("got %+v, %+v", l.customer, v)
		}
	})
	t.Run("WhatIsNoLongerReadableKeepsItsBase", func(t *testing.T) {
		l := imported(t, customer.Fields{"name": "A", "phone": "1"}, p)
		l.take(t, customer.Fields{"name": "B"}, merge.Policy{Reads: func(f customer.Field) bool { return f != customer.FieldPhone }})
		if l.customer.Phone.Raw != "1" || l.base.Theirs[customer.FieldPhone] != "1" {
			t.Errorf("got %q, base %v", l.customer.Phone.Raw, l.base)
		}
	})
	t.Run("DefaultsOfTheHubDoNotWaitToBeSent", func(t *testing.T) {
		theirs := customer.Fields{"name": "A", "contact[9].present": "true", "contact[9].lastName": "Aalto"}
		l := imported(t, theirs, p)
		if l.customer.Kind != customer.Company || !slices.Equal(l.customer.Contacts[0].Roles, []customer.ContactRole{customer.GeneralContact}) {
			t.Fatalf("got %+v", l.customer)
		}
		if v, changed := l.take(t, theirs, p); changed || len(v.Outgoing) > 0 || len(v.Incoming) > 0 {
			t.Errorf("a second look: %+v", v)
		}
	})
}

func TestParts(t *testing.T) {
	t.Parallel()
	p := merge.Policy{Reads: everything}
	whole := customer.Fields{
		"name":              "A",
		"office[1].present": "true", "office[1].name": "Turku", "office[1].active": "true", "office[1].address.city": "Turku",
		"office[2].present": "true", "office[2].name": "Oulu", "office[2].active": "true",
		"contact[7].present": "true", "contact[7].lastName": "Aalto", "contact[7].office": "2", "contact[7].default": "true",
		"contact[8].present": "true", "contact[8].lastName": "Bergman",
	}
	without := func(prefix string) customer.Fields {
		return whole.Only(func(f customer.Field) bool { return !strings.HasPrefix(string(f), prefix) })
	}
	t.Run("ComeInWithIdsOfTheHubAndTheirKeys", func(t *testing.T) {
		l := imported(t, whole, p)
		if len(l.customer.Offices) != 2 || len(l.customer.Contacts) != 2 || len(l.parts) != 4 {
			t.Fatalf("got %+v, %+v", l.customer, l.parts)
		}
		office := l.customer.Offices[1]
		if office.Name != "Oulu" || office.CustomerID != "c" || l.customer.Contacts[0].OfficeID != office.ID {
			t.Errorf("the contact is not at its office: %+v", l.customer)
		}
		for _, f := range []customer.Field{"office[1].address.city", "contact[7].office", "contact[8].lastName"} {
			if got := l.ours()[f]; got != whole[f] {
				t.Errorf("%s is %q, want %q", f, got, whole[f])
			}
		}
	})
	t.Run("OfficeThatIsGoneBecomesInactiveAndStaysLinked", func(t *testing.T) {
		l := imported(t, whole, p)
		id := l.customer.Offices[0].ID
		v, _ := l.take(t, without("office[1]"), p)
		if !cmp.Equal(v.Gone, []merge.PartKey{{Part: customer.PartOffice, Key: "1"}}) {
			t.Errorf("gone: %+v", v.Gone)
		}
		if o := l.customer.Offices[0]; o.Active || o.Name != "Turku" || o.Address.City != "Turku" || len(l.parts) != 4 {
			t.Errorf("got %+v, parts %+v", o, l.parts)
		}
		if v, changed := l.take(t, without("office[1]"), p); changed || len(v.Gone) > 0 || len(v.Outgoing) > 0 {
			t.Errorf("a second look: %+v", v)
		}
		l.take(t, whole, p)
		if o := l.customer.Offices[0]; !o.Active || o.ID != id {
			t.Errorf("it did not come back as itself: %+v", o)
		}
	})
	t.Run("ContactThatIsGoneIsUnlinked", func(t *testing.T) {
		l := imported(t, whole, p)
		l.take(t, without("contact[7]"), p)
		if len(l.customer.Contacts) != 1 || l.customer.Contacts[0].Person.LastName != "Bergman" || len(l.parts) != 3 {
			t.Fatalf("got %+v, parts %+v", l.customer.Contacts, l.parts)
		}
		if v, changed := l.take(t, without("contact[7]"), p); changed || len(v.Outgoing) > 0 {
			t.Errorf("a second look: %+v", v)
		}
		l.take(t, whole, p)
		if len(l.customer.Contacts) != 2 || len(l.parts) != 4 {
			t.Errorf("it did not come back: %+v", l.customer.Contacts)
		}
	})
	t.Run("AnEditedPartThatIsGoneIsGone", func(t *testing.T) {
		l := imported(t, whole, p)
		l.customer.Contacts[0].Person.LastName = "Edited"
		l.customer.Offices[0].Name = "Edited"
		l.take(t, customer.Fields{"name": "A"}, p)
		if len(l.customer.Contacts) != 0 || l.customer.Offices[0].Active || l.customer.Offices[0].Name != "Edited" {
			t.Errorf("got %+v", l.customer)
		}
	})
	t.Run("PartsOfTheHubAloneAreLeftAlone", func(t *testing.T) {
		l := imported(t, whole, p)
		l.customer.Offices = append(l.customer.Offices, customer.Office{ID: "own", Name: "Own", Active: true})
		l.customer.Contacts = append(l.customer.Contacts, customer.Contact{Person: customer.Person{ID: "own", LastName: "Own"}})
		l.take(t, customer.Fields{"name": "A"}, p)
		if o := l.customer.Offices[2]; !o.Active || len(l.customer.Contacts) != 1 || l.customer.Contacts[0].Person.ID != "own" {
			t.Errorf("got %+v", l.customer)
		}
	})
	t.Run("TheDefaultMoves", func(t *testing.T) {
		l := imported(t, whole, p)
		moved := without("contact[7].default")
		moved["contact[8].default"] = "true"
		l.take(t, moved, p)
		if l.customer.Contacts[0].IsDefault || !l.customer.Contacts[1].IsDefault {
			t.Errorf("got %+v", l.customer.Contacts)
		}
	})
	t.Run("T39_AFieldThatDoesNotExistIsAnError", func(t *testing.T) {
		for _, f := range []customer.Field{"planet", "office[1].planet", "contact[1].planet", "ship[1].name"} {
			c := customer.Customer{}
			v := merge.Compare(nil, customer.Fields{f: "x"}, link.Base{}, p)
			if _, err := v.Apply(&c, nil, nil, func() string { return "id" }); err == nil {
				t.Errorf("%s was applied", f)
			}
		}
	})
}

func TestKeys(t *testing.T) {
	t.Parallel()
	got := merge.Keys([]link.PartLink{
		{Part: customer.PartOffice, ID: "o", ExternalID: "1"}, {Part: customer.PartContact, ID: "p", ExternalID: "2"},
	})
	want := customer.PartKeys{Office: map[customer.OfficeID]string{"o": "1"}, Person: map[customer.PersonID]string{"p": "2"}, Unsent: true}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(customer.PartKeys{})); diff != "" {
		t.Error(diff)
	}
}

func TestAlter(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change customer.FieldChange
		want   change.Kind
	}{
		{"Name", customer.FieldChange{Field: "name", After: "B"}, change.CustomerUpdated},
		{"Deactivated", customer.FieldChange{Field: "status", Before: "ACTIVE", After: "INACTIVE"}, change.CustomerDeactivated},
		{"Reactivated", customer.FieldChange{Field: "status", Before: "INACTIVE", After: "ACTIVE"}, change.CustomerReactivated},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			shared := map[customer.Field]int{"email": 2}
			c := customer.Customer{Version: 4, FieldVersions: shared}
			kind := merge.Alter(&c, []customer.FieldChange{tc.change})
			if kind != tc.want || c.Version != 5 || c.FieldVersions[tc.change.Field] != 5 || c.FieldVersions["email"] != 2 {
				t.Errorf("got %s, %+v", kind, c)
			}
			if len(shared) != 1 {
				t.Error("the map of another copy was written")
			}
		})
	}
}

func TestSettle(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	t.Run("Promise8_AgreementClearsTheReason", func(t *testing.T) {
		t.Parallel()
		l := merge.Settle(link.Link{State: link.Waiting, LastFault: fault.Unsupported, LastMessage: "x"}, merge.Verdict{}, link.Bulk, now)
		if l.State != link.InSync || l.LastFault != "" || l.LastMessage != "" {
			t.Errorf("got %+v", l)
		}
	})
	t.Run("Promise8_WhatIsHeldIsNamed", func(t *testing.T) {
		t.Parallel()
		l := merge.Settle(link.Link{State: link.InSync}, merge.Verdict{Held: []customer.Group{"email", "billingAddress"}}, link.Bulk, now)
		if l.State != link.Waiting || l.LastFault != fault.Unsupported || !strings.Contains(l.LastMessage, "email, billingAddress") || !l.DueAt.IsZero() {
			t.Errorf("got %+v", l)
		}
	})
	t.Run("WhatIsToBeSentMakesTheLinkDueOnce", func(t *testing.T) {
		t.Parallel()
		v := merge.Verdict{Outgoing: []customer.Group{"email"}}
		l := merge.Settle(link.Link{State: link.InSync}, v, link.Bulk, now)
		if l.State != link.Due || !l.DueAt.Equal(now) || l.Priority != link.Bulk || l.LastMessage != "To be sent: email." {
			t.Errorf("got %+v", l)
		}
		if l = merge.Settle(l, v, link.Bulk, now.Add(time.Minute)); !l.DueAt.Equal(now) {
			t.Errorf("it lost its place: %+v", l)
		}
		edited := now.Add(time.Hour)
		if l = merge.Settle(l, v, link.Interactive, edited); !l.DueAt.Equal(edited) || l.Priority != link.Interactive {
			t.Errorf("a person's edit waits behind the bulk, or goes before earlier edits: %+v", l)
		}
		if l = merge.Settle(l, v, link.Bulk, now.Add(2*time.Hour)); !l.DueAt.Equal(edited) || l.Priority != link.Interactive {
			t.Errorf("got %+v", l)
		}
	})
	t.Run("WhatIsTriedAgainIsNotTriedSooner", func(t *testing.T) {
		t.Parallel()
		again := now.Add(time.Minute)
		l := merge.Queue(link.Link{State: link.Due, DueAt: again, Priority: link.Bulk}, link.Interactive, now)
		if !l.DueAt.Equal(again) || l.Priority != link.Interactive {
			t.Errorf("got %+v", l)
		}
	})
	t.Run("WhatRemainsOfAnEditIsAsUrgent", func(t *testing.T) {
		t.Parallel()
		v := merge.Verdict{Outgoing: []customer.Group{"email"}}
		for _, l := range []link.Link{
			{State: link.InProgress}, {State: link.Uncertain}, {State: link.Waiting, DueAt: now.Add(time.Minute)},
		} {
			if got := merge.Settle(l, v, link.Bulk, now); got.State != link.Due || got.Priority != link.Interactive || !got.DueAt.Equal(now) {
				t.Errorf("%s: got %+v", l.State, got)
			}
		}
	})
}
