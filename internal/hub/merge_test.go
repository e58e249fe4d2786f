package hub_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"customerhub/internal/auth"
	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/hub"
	"customerhub/internal/merge"
)

// two are customers that are one in the world: the second knows what the first does not.
type two struct {
	bundle
	kept, merged hub.CustomerView
}

func setupTwo(t *testing.T) two {
	t.Helper()
	b := setup(t)
	kept := b.create(t, customer.Fields{"name": "Järvisen Rakennus Oy", "number": "1001", "email": "info@example.test", "language": "fi"})
	merged := b.create(t, customer.Fields{
		"name": "Rakennus Järvinen", "number": "1002", "email": "toinen@example.test", "phone": "040 123 4567", "businessId": "1572860-0",
		"visitingAddress.line1": "Katu 1", "visitingAddress.city": "Lahti", "firstName": "Aino",
	})
	return two{b, kept, merged}
}

func (b *two) now(t *testing.T, id customer.ID) hub.CustomerView {
	t.Helper()
	found, err := b.hub.CustomersByID(t.Context(), b.viewer, []customer.ID{id}, hub.IncludeAll)
	if err != nil {
		t.Fatal(err)
	}
	return found[id]
}

// flat is everything that a customer has.
func (b *two) flat(t *testing.T, id customer.ID) customer.Fields {
	t.Helper()
	c := b.now(t, id)
	return c.Flatten(customer.HubKeys)
}

func (b *two) merge(t *testing.T) hub.MergeResult {
	t.Helper()
	in := hub.MergeCustomers{Keep: b.kept.ID, Merge: b.merged.ID, DryRun: true}
	before := b.flat(t, b.kept.ID)
	dry, err := b.hub.MergeCustomers(t.Context(), b.viewer, in, "")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(before, b.flat(t, b.kept.ID)); d != "" {
		t.Errorf("the dry run wrote:\n%s", d)
	}
	in.DryRun = false
	done, err := b.hub.MergeCustomers(t.Context(), b.viewer, in, "")
	if err != nil {
		t.Fatal(err)
	}
	dry.ID = done.ID
	if d := cmp.Diff(dry, done); d != "" {
		t.Errorf("the dry run said otherwise than was done:\n%s", d)
	}
	for _, f := range done.Fields {
		if now := b.flat(t, b.kept.ID); now[f.Field] != f.Value && !strings.HasPrefix(string(f.Field), "kyc.") {
			t.Errorf("%s is said to become %q and is %q", f.Field, f.Value, now[f.Field])
		}
	}
	return done
}

func (b *two) unmerge(t *testing.T, id hub.MergeID) hub.UnmergeResult {
	t.Helper()
	in := hub.UnmergeCustomers{Merge: id, DryRun: true}
	dry, err := b.hub.UnmergeCustomers(t.Context(), b.viewer, in, "")
	if err != nil {
		t.Fatal(err)
	}
	in.DryRun = false
	done, err := b.hub.UnmergeCustomers(t.Context(), b.viewer, in, "")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(dry, done); d != "" {
		t.Errorf("the dry run said otherwise than was done:\n%s", d)
	}
	return done
}

func (b *two) edit(t *testing.T, id customer.ID, patch customer.Fields) {
	t.Helper()
	if _, err := b.hub.UpdateCustomer(t.Context(), b.viewer, id, nil, patch, ""); err != nil {
		t.Fatal(err)
	}
}

func (b *two) contact(t *testing.T, c customer.ID, in hub.LinkContact) customer.PersonID {
	t.Helper()
	in.Customer = c
	_, id, err := b.hub.LinkContact(t.Context(), b.viewer, in, "")
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (b *two) office(t *testing.T, c customer.ID, patch customer.Fields) customer.OfficeID {
	t.Helper()
	_, id, err := b.hub.UpsertOffice(t.Context(), b.viewer, c, "", nil, patch, "")
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestMergeCustomers(t *testing.T) {
	t.Parallel()
	t.Run("ValuesOfTheKeptStandAndWhatItLacksIsFilled", func(t *testing.T) {
		t.Parallel()
		b := setupTwo(t)
		done := b.merge(t)
		kept, merged := b.now(t, b.kept.ID), b.now(t, b.merged.ID)
		if kept.Name != "Järvisen Rakennus Oy" || kept.Number != "1001" || kept.Email != "info@example.test" || kept.Phone.E164 != "+358401234567" ||
			kept.BusinessID != "1572860-0" || !kept.BusinessIDValid || kept.Addresses[0].City != "Lahti" {
			t.Errorf("got %+v", kept.Customer)
		}
		if merged.Status != customer.Merged || merged.MergedInto != b.kept.ID || merged.Name != "Rakennus Järvinen" {
			t.Errorf("got %+v", merged.Customer)
		}
		why := make(map[customer.Field]merge.Fate)
		for _, f := range done.Fields {
			why[f.Field] = f
		}
		for _, want := range []merge.Fate{
			{Field: "name", Value: "Järvisen Rakennus Oy", From: merge.Kept, Why: merge.WhyKept, Lost: "Rakennus Järvinen"},
			{Field: "phone", Value: "040 123 4567", From: merge.Merged, Why: merge.WhyFilled},
			{Field: "language", Value: "fi", From: merge.Kept, Why: merge.WhyKept},
			{Field: "kind", Value: "COMPANY", From: merge.Kept, Why: merge.WhySame},
		} {
			if why[want.Field] != want {
				t.Errorf("got %+v, want %+v", why[want.Field], want)
			}
		}
		p, err := b.hub.ProvenanceByCustomer(t.Context(), b.viewer, []customer.ID{b.kept.ID})
		if err != nil {
			t.Fatal(err)
		}
		if a := p[b.kept.ID]["name"].Alternatives; len(a) != 1 || a[0].Value != "Rakennus Järvinen" || p[b.kept.ID]["phone"].DecidedBy != customer.DecidedMerge {
			t.Errorf("got %+v", p[b.kept.ID])
		}
	})
	t.Run("WhatItWasKnownByLeadsToTheOther", func(t *testing.T) {
		t.Parallel()
		b := setupTwo(t)
		b.merge(t)
		for by, want := range map[hub.CustomerLookup]customer.ID{
			{Number: "1002"}: b.kept.ID, {Number: "1001"}: b.kept.ID, {BusinessID: "1572860-0"}: b.kept.ID, {ID: b.merged.ID}: b.merged.ID,
		} {
			if c, err := b.hub.Customer(t.Context(), b.viewer, by, hub.IncludeNothing); err != nil || c == nil || c.ID != want {
				t.Errorf("%+v: got %v, %v", by, c, err)
			}
		}
		another := b.create(t, customer.Fields{"name": "Uusi Oy", "number": "1002"})
		if c, err := b.hub.Customer(t.Context(), b.viewer, hub.CustomerLookup{Number: "1002"}, hub.IncludeNothing); err != nil || c.ID != another.ID {
			t.Errorf("who has the number now goes before: %v, %v", c, err)
		}
	})
	t.Run("OfficesAndContactsAreUnitedAndGoBack", func(t *testing.T) {
		t.Parallel()
		b := setupTwo(t)
		same := b.office(t, b.kept.ID, customer.Fields{"name": "Satama", "identifier": "S1"})
		also := b.office(t, b.merged.ID, customer.Fields{"name": "Satamatoimisto", "identifier": "s1", "phone": "09 1234567"})
		moves := b.office(t, b.merged.ID, customer.Fields{"name": "Varasto"})
		shared := b.contact(t, b.kept.ID, hub.LinkContact{Fields: customer.Fields{"lastName": "Aalto"}, Roles: []customer.ContactRole{customer.KYCContact}})
		b.contact(t, b.merged.ID, hub.LinkContact{Person: shared, Title: new("johtaja"), Office: &also})
		own := b.contact(t, b.merged.ID, hub.LinkContact{Fields: customer.Fields{"lastName": "Berg"}, Roles: []customer.ContactRole{customer.KYCContact}, Office: &moves})
		if _, err := b.hub.SetDefaultContact(t.Context(), b.viewer, b.merged.ID, own, nil, ""); err != nil {
			t.Fatal(err)
		}
		before := []customer.Fields{b.flat(t, b.kept.ID), b.flat(t, b.merged.ID)}
		done := b.merge(t)
		kept := b.now(t, b.kept.ID)
		if len(kept.Offices) != 2 || len(kept.Contacts) != 2 || len(done.Parts) != 4 {
			t.Fatalf("got %+v", kept)
		}
		at := slices.IndexFunc(kept.Offices, func(o customer.Office) bool { return o.ID == same })
		if o := kept.Offices[at]; o.Name != "Satama" || o.Phone.Raw != "09 1234567" {
			t.Errorf("got %+v", o)
		}
		for _, ct := range kept.Contacts {
			switch ct.Person.ID {
			case shared:
				if ct.Title != "johtaja" || ct.OfficeID != same || !slices.Contains(ct.Roles, customer.KYCContact) || ct.IsDefault {
					t.Errorf("got %+v", ct)
				}
			case own:
				if !slices.Equal(ct.Roles, []customer.ContactRole{customer.GeneralContact}) || ct.OfficeID != moves || !ct.IsDefault {
					t.Errorf("got %+v", ct)
				}
			}
		}
		b.unmerge(t, done.ID)
		for i, id := range []customer.ID{b.kept.ID, b.merged.ID} {
			if d := cmp.Diff(before[i], b.flat(t, id)); d != "" {
				t.Errorf("it is not as before:\n%s", d)
			}
		}
	})
	t.Run("WhatHangsOnAnotherBusinessIDIsNotTaken", func(t *testing.T) {
		t.Parallel()
		b := setupTwo(t)
		b.edit(t, b.kept.ID, customer.Fields{"businessId": "0201256-6"})
		b.edit(t, b.merged.ID, customer.Fields{"vatNumber": "FI15728600", "einvoice.address": "003715728600", "einvoice.operator": "003721291126"})
		b.merge(t)
		if c := b.now(t, b.kept.ID); c.VATNumber != "" || c.EInvoice.Address != "" || c.BusinessID != "0201256-6" {
			t.Errorf("got %+v", c.Customer)
		}
	})
	t.Run("Promise9_BothHaveAChange", func(t *testing.T) {
		t.Parallel()
		b := setupTwo(t)
		done := b.merge(t)
		b.unmerge(t, done.ID)
		if _, err := b.db.App.Exec(t.Context(), `SELECT hub_number_changes(100)`); err != nil {
			t.Fatal(err)
		}
		for id, want := range map[customer.ID][]change.Kind{
			b.kept.ID:   {change.CustomerCreated, change.CustomerMerged, change.CustomerUnmerged},
			b.merged.ID: {change.CustomerCreated, change.CustomerMerged, change.CustomerUnmerged},
		} {
			pages, err := b.hub.ChangesOfCustomers(t.Context(), b.viewer, []customer.ID{id}, "", 10)
			if err != nil {
				t.Fatal(err)
			}
			var got []change.Kind
			for _, c := range pages[id].Items {
				got = append(got, c.Kind)
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %v", got)
			}
		}
	})
	t.Run("WhatCannotBeMergedIsRefused", func(t *testing.T) {
		t.Parallel()
		b := setupTwo(t)
		try := func(in hub.MergeCustomers) error {
			t.Helper()
			for _, dry := range []bool{true, false} {
				in.DryRun = dry
				if _, err := b.hub.MergeCustomers(t.Context(), b.viewer, in, ""); err == nil || dry == false {
					return err
				}
			}
			return nil
		}
		wantReason(t, try(hub.MergeCustomers{Keep: b.kept.ID, Merge: b.kept.ID}), fault.Invalid, "INVALID")
		wantReason(t, try(hub.MergeCustomers{Keep: b.kept.ID, Merge: "x"}), fault.NotFound, "NOT_FOUND")
		wantReason(t, try(hub.MergeCustomers{Keep: b.kept.ID, Merge: b.merged.ID, KeepVersion: new(7)}), fault.Invalid, "INVALID")
		b.edit(t, b.merged.ID, customer.Fields{"language": "sv"})
		if f := wantReason(t, try(hub.MergeCustomers{Keep: b.kept.ID, Merge: b.merged.ID, MergeVersion: new(1)}), fault.Stale, "STALE_VERSION"); !slices.Equal(f.Path, []string{"expectedVersions", "merge"}) {
			t.Errorf("got %v", f.Path)
		}
		stranger := two{bundle{b.hub, b.db, newOrganisation(t, b.hub, "Vieras Oy")}, b.kept, b.merged}
		foreign := stranger.create(t, customer.Fields{"name": "Vieras"})
		wantReason(t, try(hub.MergeCustomers{Keep: b.kept.ID, Merge: foreign.ID}), fault.NotFound, "NOT_FOUND")
		if _, err := b.db.Owner.Exec(t.Context(), `UPDATE customer SET number = 'temp' WHERE id = $1`, b.merged.ID); err != nil {
			t.Fatal(err)
		}
		wantReason(t, try(hub.MergeCustomers{Keep: b.kept.ID, Merge: b.merged.ID}), fault.Invalid, "NUMBER_RESERVED")
		if _, err := b.db.Owner.Exec(t.Context(), `UPDATE customer SET number = '1002' WHERE id = $1`, b.merged.ID); err != nil {
			t.Fatal(err)
		}
		done := b.merge(t)
		third := b.create(t, customer.Fields{"name": "Kolmas"})
		wantReason(t, try(hub.MergeCustomers{Keep: third.ID, Merge: b.merged.ID}), fault.Invalid, "CUSTOMER_INACTIVE")
		if _, err := b.hub.UpdateCustomer(t.Context(), b.viewer, b.merged.ID, nil, customer.Fields{"name": "X"}, ""); err == nil {
			t.Error("a merged customer was edited")
		}
		next, err := b.hub.MergeCustomers(t.Context(), b.viewer, hub.MergeCustomers{Keep: b.kept.ID, Merge: third.ID}, "")
		if err != nil {
			t.Fatal(err)
		}
		undo := func(id hub.MergeID) error {
			_, err := b.hub.UnmergeCustomers(t.Context(), b.viewer, hub.UnmergeCustomers{Merge: id}, "")
			return err
		}
		if f := wantReason(t, undo(done.ID), fault.Invalid, "MERGED_SINCE"); f.Details["holder"] != string(third.ID) {
			t.Errorf("got %v", f.Details)
		}
		if err := undo(next.ID); err != nil {
			t.Fatal(err)
		}
		if err := undo(done.ID); err != nil {
			t.Fatal(err)
		}
		wantReason(t, undo(done.ID), fault.Invalid, "MERGE_UNDONE")
		reader := b.viewer
		reader.Scopes = []auth.Scope{auth.CustomersRead, auth.CustomersWrite}
		_, err = b.hub.MergeCustomers(t.Context(), reader, hub.MergeCustomers{Keep: b.kept.ID, Merge: b.merged.ID, DryRun: true}, "")
		wantReason(t, err, fault.Forbidden, "FORBIDDEN")
	})
	t.Run("DueDiligenceFollowsItsOwner", func(t *testing.T) {
		t.Parallel()
		b := setupTwo(t)
		b.say(t, b.merged.ID, customer.KYC{State: customer.KYCCustomer, RiskClass: customer.RiskLow})
		done := b.merge(t)
		kyc := func(id customer.ID) customer.KYCState {
			t.Helper()
			found, err := b.hub.KYCByCustomer(t.Context(), b.viewer, []customer.ID{id})
			if err != nil {
				t.Fatal(err)
			}
			return found[id].State
		}
		if kyc(b.kept.ID) != customer.KYCCustomer {
			t.Errorf("got %s", kyc(b.kept.ID))
		}
		b.unmerge(t, done.ID)
		if kyc(b.kept.ID) != customer.KYCNotSent || kyc(b.merged.ID) != customer.KYCCustomer {
			t.Errorf("got %s and %s", kyc(b.kept.ID), kyc(b.merged.ID))
		}
	})
}

func TestUnmergeCustomers(t *testing.T) {
	t.Parallel()
	t.Run("WhatNobodyEditedIsAsBeforeAndEditsStayAndAreListed", func(t *testing.T) {
		t.Parallel()
		b := setupTwo(t)
		before := []customer.Fields{b.flat(t, b.kept.ID), b.flat(t, b.merged.ID)}
		done := b.merge(t)
		b.edit(t, b.kept.ID, customer.Fields{"phone": "050 765 4321", "name": "Muutettu Oy", "visitingAddress.line1": "Katu 2"})
		b.edit(t, b.kept.ID, customer.Fields{"businessId": "", "language": "sv"})
		b.edit(t, b.kept.ID, customer.Fields{"businessId": "1572860-0"})
		undone := b.unmerge(t, done.ID)
		want := map[customer.Field]merge.Later{}
		for _, l := range []merge.Later{
			{Field: "phone", Before: "040 123 4567", After: "050 765 4321", Stays: merge.Kept},
			{Field: "name", Before: "Järvisen Rakennus Oy", After: "Muutettu Oy", Stays: merge.Kept},
			{Field: "visitingAddress.line1", Before: "Katu 1", After: "Katu 2", Stays: merge.Kept},
			{Field: "language", Before: "fi", After: "sv", Stays: merge.Kept},
		} {
			want[l.Field] = l
		}
		if len(undone.Edits) != len(want) {
			t.Errorf("got %+v", undone.Edits)
		}
		for _, e := range undone.Edits {
			if e.Later != want[e.Field] || e.By != b.viewer.Actor || e.At.IsZero() {
				t.Errorf("got %+v", e)
			}
		}
		kept := before[0]
		kept["phone"], kept["name"], kept["language"] = "050 765 4321", "Muutettu Oy", "sv"
		kept["visitingAddress.line1"], kept["visitingAddress.city"] = "Katu 2", "Lahti" // an address goes as a whole
		if d := cmp.Diff(kept, b.flat(t, b.kept.ID)); d != "" {
			t.Errorf("the kept one:\n%s", d)
		}
		if d := cmp.Diff(before[1], b.flat(t, b.merged.ID)); d != "" {
			t.Errorf("the other one:\n%s", d)
		}
		if c := b.now(t, b.merged.ID); c.MergedInto != "" || c.Status != customer.Active {
			t.Errorf("got %+v", c.Customer)
		}
		p, err := b.hub.ProvenanceByCustomer(t.Context(), b.viewer, []customer.ID{b.kept.ID})
		if err != nil {
			t.Fatal(err)
		}
		if of := p[b.kept.ID]; of["phone"].DecidedBy != customer.DecidedEdit || of["businessId"].DecidedBy == customer.DecidedMerge || len(of.Of("email").Alternatives) != 0 {
			t.Errorf("got %+v", of)
		}
	})
	t.Run("EditsOfPartsGoAlongAndWhatWasRemovedComesBack", func(t *testing.T) {
		t.Parallel()
		b := setupTwo(t)
		moves := b.office(t, b.merged.ID, customer.Fields{"name": "Varasto"})
		own := b.contact(t, b.merged.ID, hub.LinkContact{Fields: customer.Fields{"lastName": "Berg"}, Title: new("myyjä")})
		other := b.contact(t, b.merged.ID, hub.LinkContact{Fields: customer.Fields{"lastName": "Cajander"}})
		done := b.merge(t)
		if _, _, err := b.hub.UpsertOffice(t.Context(), b.viewer, b.kept.ID, moves, nil, customer.Fields{"name": "Halli"}, ""); err != nil {
			t.Fatal(err)
		}
		b.contact(t, b.kept.ID, hub.LinkContact{Person: own, Title: new("johtaja"), Office: &moves})
		if _, err := b.hub.UnlinkContact(t.Context(), b.viewer, b.kept.ID, other, nil, ""); err != nil {
			t.Fatal(err)
		}
		added := b.contact(t, b.kept.ID, hub.LinkContact{Fields: customer.Fields{"lastName": "Dahl"}, Office: &moves})
		undone := b.unmerge(t, done.ID)
		kept, merged := b.now(t, b.kept.ID), b.now(t, b.merged.ID)
		if len(merged.Offices) != 1 || merged.Offices[0].Name != "Halli" || len(merged.Contacts) != 2 {
			t.Fatalf("got %+v", merged.Customer)
		}
		for _, ct := range merged.Contacts {
			if ct.Person.ID == own && (ct.Title != "johtaja" || ct.OfficeID != moves) {
				t.Errorf("got %+v", ct)
			}
		}
		if len(kept.Offices) != 0 || len(kept.Contacts) != 1 || kept.Contacts[0].Person.ID != added || kept.Contacts[0].OfficeID != "" {
			t.Errorf("got %+v", kept.Customer)
		}
		stays := make(map[customer.Field]merge.Which)
		for _, e := range undone.Edits {
			stays[e.Field] = e.Stays
		}
		for f, want := range map[customer.Field]merge.Which{
			customer.PartField(customer.PartOffice, string(moves), "name"):      merge.Merged,
			customer.PartField(customer.PartContact, string(own), "title"):      merge.Merged,
			customer.PartField(customer.PartContact, string(other), "present"):  merge.Kept,
			customer.PartField(customer.PartContact, string(added), "lastName"): merge.Kept,
		} {
			if stays[f] != want {
				t.Errorf("%s stays with %q, want %q", f, stays[f], want)
			}
		}
	})
	t.Run("ARepetitionGivesTheSameAnswer", func(t *testing.T) {
		t.Parallel()
		b := setupTwo(t)
		in := hub.MergeCustomers{Keep: b.kept.ID, Merge: b.merged.ID}
		first, err := b.hub.MergeCustomers(t.Context(), b.viewer, in, "once")
		if err != nil {
			t.Fatal(err)
		}
		b.edit(t, b.kept.ID, customer.Fields{"name": "Toinen Oy"})
		again, err := b.hub.MergeCustomers(t.Context(), b.viewer, in, "once")
		if d := cmp.Diff(first, again); err != nil || d != "" {
			t.Errorf("%v\n%s", err, d)
		}
		undo := hub.UnmergeCustomers{Customer: b.merged.ID}
		undone, err := b.hub.UnmergeCustomers(t.Context(), b.viewer, undo, "back")
		if err != nil {
			t.Fatal(err)
		}
		repeated, err := b.hub.UnmergeCustomers(t.Context(), b.viewer, undo, "back")
		if d := cmp.Diff(undone, repeated); err != nil || d != "" {
			t.Errorf("%v\n%s", err, d)
		}
		if _, err := b.hub.MergeCustomers(t.Context(), b.viewer, hub.MergeCustomers{Keep: b.merged.ID, Merge: b.kept.ID}, "once"); fault.Of(err).ReasonOrCode() != "IDEMPOTENCY_KEY_REUSED" {
			t.Errorf("got %v", err)
		}
	})
}
