package hub_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"customerhub/internal/auth"
	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/hub"
	"customerhub/internal/system"
)

func TestOffices(t *testing.T) {
	t.Parallel()
	b := setup(t)
	upsert := func(t *testing.T, c customer.ID, o customer.OfficeID, patch customer.Fields) (hub.CustomerView, error) {
		t.Helper()
		view, _, err := b.hub.UpsertOffice(t.Context(), b.viewer, c, o, nil, patch, "")
		return view, err
	}

	t.Run("R182_AnOfficeHasEverythingOfItsOwn", func(t *testing.T) {
		c := b.create(t, customer.Fields{customer.FieldName: "A", customer.FieldBusinessID: "1572860-0"})
		got, err := upsert(t, c.ID, "", customer.Fields{
			"name": "Lahden toimipiste", "identifier": "LAH", "phone": "040 123 4567", "billingEmails": "a@example.test;b@example.test",
			"address.line1": "Hämeenkatu 1", "address.postcode": "15100", "address.city": "Lahti",
			"einvoice.address": "0037157286001", "einvoice.operator": "003721291126",
		})
		if err != nil {
			t.Fatal(err)
		}
		o := got.Offices[0]
		if !o.Active || o.Identifier != "LAH" || o.Phone.E164 != "+358401234567" || len(o.BillingEmails) != 2 ||
			o.Address.City != "Lahti" || o.EInvoice.Kind != customer.OVT || got.Version != 2 {
			t.Errorf("got %+v, version %d", o, got.Version)
		}
		if got, err = upsert(t, c.ID, o.ID, customer.Fields{"phone": ""}); err != nil || got.Offices[0].Phone.Raw != "" || got.Offices[0].Identifier != "LAH" {
			t.Errorf("absent keeps and empty clears: %+v, %v", got.Offices, err)
		}
		got, err = b.hub.DeactivateOffice(t.Context(), b.viewer, c.ID, o.ID, nil, "")
		if err != nil || got.Offices[0].Active || got.Offices[0].Name != "Lahden toimipiste" {
			t.Errorf("deactivated: %+v, %v", got.Offices, err)
		}
	})
	t.Run("ANewOfficeNeedsAName", func(t *testing.T) {
		c := b.create(t, customer.Fields{customer.FieldName: "A"})
		_, err := upsert(t, c.ID, "", customer.Fields{"identifier": "X"})
		wantReason(t, err, fault.Invalid, "REQUIRED")
	})
	t.Run("AnOfficeOfAnotherCustomerIsNotFound", func(t *testing.T) {
		a, other := b.create(t, customer.Fields{customer.FieldName: "A"}), b.create(t, customer.Fields{customer.FieldName: "B"})
		got, err := upsert(t, a.ID, "", customer.Fields{"name": "x"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = upsert(t, other.ID, got.Offices[0].ID, customer.Fields{"name": "y"})
		wantReason(t, err, fault.NotFound, "NOT_FOUND")
	})
	t.Run("HalfAnEInvoicePairIsRefused", func(t *testing.T) {
		c := b.create(t, customer.Fields{customer.FieldName: "A"})
		_, err := upsert(t, c.ID, "", customer.Fields{"name": "x", "einvoice.address": "003715728600"})
		wantReason(t, err, fault.Invalid, "EINVOICE_INCOMPLETE")
	})
	t.Run("SwappedEInvoiceFieldsAreRefused", func(t *testing.T) {
		c := b.create(t, customer.Fields{customer.FieldName: "A"})
		_, err := upsert(t, c.ID, "", customer.Fields{"name": "x", "einvoice.address": "003721291126", "einvoice.operator": "003715728600"})
		wantReason(t, err, fault.Invalid, "EINVOICE_FIELDS_SWAPPED")
	})
	t.Run("ConcurrentEditsOfTwoOfficesBothSucceed", func(t *testing.T) {
		c := b.create(t, customer.Fields{customer.FieldName: "A"})
		one, err := upsert(t, c.ID, "", customer.Fields{"name": "one"})
		if err != nil {
			t.Fatal(err)
		}
		two, err := upsert(t, c.ID, "", customer.Fields{"name": "two"})
		if err != nil {
			t.Fatal(err)
		}
		version, first, second := two.Version, two.Offices[0].ID, two.Offices[1].ID
		if _, _, err := b.hub.UpsertOffice(t.Context(), b.viewer, c.ID, first, &version, customer.Fields{"name": "uno"}, ""); err != nil {
			t.Fatal(err)
		}
		if _, _, err := b.hub.UpsertOffice(t.Context(), b.viewer, c.ID, second, &version, customer.Fields{"name": "due"}, ""); err != nil {
			t.Errorf("another office: %v", err)
		}
		_, _, err = b.hub.UpsertOffice(t.Context(), b.viewer, c.ID, first, &version, customer.Fields{"name": "eins"}, "")
		wantReason(t, err, fault.Stale, "STALE_VERSION")
		_ = one
	})
}

func TestPeople(t *testing.T) {
	t.Parallel()
	b := setup(t)
	link := func(t *testing.T, in hub.LinkContact, key string) (hub.CustomerView, customer.PersonID) {
		t.Helper()
		c, p, err := b.hub.LinkContact(t.Context(), b.viewer, in, key)
		if err != nil {
			t.Fatal(err)
		}
		return c, p
	}
	aino := customer.Fields{"firstName": "Aino", "lastName": "Malli", "emails": "aino@example.test", "phones": "040 123 4567", "language": "fi"}

	t.Run("ANumberKeepsWhatItWasUnderstoodAs", func(t *testing.T) {
		swedish := b.create(t, customer.Fields{customer.FieldName: "Svenska AB", "billingAddress.line1": "Gatan 1", "billingAddress.country": "SE"})
		finnish := b.create(t, customer.Fields{customer.FieldName: "Suomen Oy", "billingAddress.line1": "Katu 1", "billingAddress.country": "FI"})
		_, person := link(t, hub.LinkContact{Customer: swedish.ID, Fields: customer.Fields{"lastName": "Malm", "phones": "08-123 456 78"}}, "")
		numbers := func(set customer.Fields) string {
			t.Helper()
			p, err := b.hub.UpdatePerson(t.Context(), b.viewer, person, set, "")
			if err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, n := range p.Phones {
				out = append(out, n.E164)
			}
			return strings.Join(out, ",")
		}
		if got := numbers(customer.Fields{"firstName": "Eva"}); got != "+46812345678" {
			t.Errorf("after another name the number is %s", got)
		}
		link(t, hub.LinkContact{Customer: finnish.ID, Person: person}, "")
		if got := numbers(customer.Fields{"firstName": "Evelina"}); got != "+46812345678" {
			t.Errorf("a contact of a Finnish customer too, the number is %s", got)
		}
		// What a national number means is not guessed for somebody of two countries.
		if got := numbers(customer.Fields{"phones": "08-123 456 78;040 123 4567;+358 50 765 4321"}); got != "+46812345678,,+358507654321" {
			t.Errorf("the numbers are %s", got)
		}
	})
	t.Run("R184_OneChangeReachesAllCustomers", func(t *testing.T) {
		var customers []customer.ID
		var aPerson customer.PersonID
		for i := range 3 {
			c := b.create(t, customer.Fields{customer.FieldName: "C" + string(rune('0'+i))})
			customers = append(customers, c.ID)
			in := hub.LinkContact{Customer: c.ID, Person: aPerson, Title: new("Talousjohtaja")}
			if aPerson == "" {
				in.Fields = aino
			}
			_, aPerson = link(t, in, "")
		}
		p, err := b.hub.UpdatePerson(t.Context(), b.viewer, aPerson, customer.Fields{"emails": "uusi@example.test"}, "")
		if err != nil || p.Emails[0] != "uusi@example.test" || p.FirstName != "Aino" {
			t.Fatalf("got %+v, %v", p, err)
		}
		views, err := b.hub.CustomersByID(t.Context(), b.viewer, customers, hub.IncludeContacts)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range customers {
			if v := views[id]; v.Contacts[0].Person.Emails[0] != "uusi@example.test" || v.Version != 3 {
				t.Errorf("customer %s: %+v, version %d", id, v.Contacts, v.Version)
			}
		}

		t.Run("R185_UnlinkingOneLeavesTheOthers", func(t *testing.T) {
			if _, err := b.hub.UnlinkContact(t.Context(), b.viewer, customers[0], aPerson, nil, ""); err != nil {
				t.Fatal(err)
			}
			contacts, err := b.hub.ContactsOfPeople(t.Context(), b.viewer, []customer.PersonID{aPerson})
			if err != nil || len(contacts[aPerson]) != 2 {
				t.Errorf("got %+v, %v", contacts, err)
			}
		})
		t.Run("APersonWithoutCustomersIsErasedAfterThirtyDays", func(t *testing.T) {
			for _, id := range customers[1:] {
				if _, err := b.hub.UnlinkContact(t.Context(), b.viewer, id, aPerson, nil, ""); err != nil {
					t.Fatal(err)
				}
			}
			if n, err := b.hub.EraseOrphans(t.Context()); err != nil || n != 0 {
				t.Fatalf("erased %d at once, %v", n, err)
			}
			if _, err := b.db.Owner.Exec(t.Context(), `UPDATE person SET orphaned_at = orphaned_at - interval '31 days'`); err != nil {
				t.Fatal(err)
			}
			if n, err := b.hub.EraseOrphans(t.Context()); err != nil || n != 1 {
				t.Errorf("erased %d, %v, want 1", n, err)
			}
		})
	})
	t.Run("APersonLinkedAgainIsNoOrphan", func(t *testing.T) {
		c := b.create(t, customer.Fields{customer.FieldName: "A"})
		_, p := link(t, hub.LinkContact{Customer: c.ID, Fields: aino}, "")
		if _, err := b.hub.UnlinkContact(t.Context(), b.viewer, c.ID, p, nil, ""); err != nil {
			t.Fatal(err)
		}
		link(t, hub.LinkContact{Customer: c.ID, Person: p}, "")
		var orphans int
		if err := b.db.Owner.QueryRow(t.Context(), `SELECT count(*) FROM person WHERE id = $1 AND orphaned_at IS NOT NULL`, string(p)).Scan(&orphans); err != nil || orphans != 0 {
			t.Errorf("%d orphans, %v", orphans, err)
		}
	})
	t.Run("TheDefaultMovesAndCannotBeTakenAway", func(t *testing.T) {
		c := b.create(t, customer.Fields{customer.FieldName: "A"})
		_, one := link(t, hub.LinkContact{Customer: c.ID, Fields: aino}, "")
		_, two := link(t, hub.LinkContact{Customer: c.ID, Fields: customer.Fields{"firstName": "Eero", "lastName": "Malli"}}, "")
		for _, p := range []customer.PersonID{one, two, one} {
			got, err := b.hub.SetDefaultContact(t.Context(), b.viewer, c.ID, p, nil, "")
			if err != nil {
				t.Fatal(err)
			}
			for _, ct := range got.Contacts {
				if ct.IsDefault != (ct.Person.ID == p) {
					t.Errorf("default of %s is %v", ct.Person.ID, ct.IsDefault)
				}
			}
		}
		_, err := b.hub.UnlinkContact(t.Context(), b.viewer, c.ID, one, nil, "")
		wantReason(t, err, fault.Invalid, "DEFAULT_CONTACT_NEEDED")
	})
	t.Run("R191_OneContactHasTheRoleKYC", func(t *testing.T) {
		c := b.create(t, customer.Fields{customer.FieldName: "A"})
		_, one := link(t, hub.LinkContact{Customer: c.ID, Fields: aino, Roles: []customer.ContactRole{customer.KYCContact}}, "")
		_, _, err := b.hub.LinkContact(t.Context(), b.viewer, hub.LinkContact{
			Customer: c.ID, Fields: customer.Fields{"lastName": "Toinen"}, Roles: []customer.ContactRole{customer.KYCContact},
		}, "")
		if f := wantReason(t, err, fault.Duplicate, "KYC_CONTACT_TAKEN"); f.Details["holder"] != string(one) {
			t.Errorf("details %v", f.Details)
		}
	})
	t.Run("AnOfficeOfAnotherCustomerIsRefused", func(t *testing.T) {
		a, other := b.create(t, customer.Fields{customer.FieldName: "A"}), b.create(t, customer.Fields{customer.FieldName: "B"})
		_, office, err := b.hub.UpsertOffice(t.Context(), b.viewer, other.ID, "", nil, customer.Fields{"name": "x"}, "")
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = b.hub.LinkContact(t.Context(), b.viewer, hub.LinkContact{Customer: a.ID, Fields: aino, Office: &office}, "")
		wantReason(t, err, fault.NotFound, "NOT_FOUND")
	})
	t.Run("ARepetitionMakesOnePerson", func(t *testing.T) {
		c := b.create(t, customer.Fields{customer.FieldName: "A"})
		_, one := link(t, hub.LinkContact{Customer: c.ID, Fields: aino}, "key")
		again, two := link(t, hub.LinkContact{Customer: c.ID, Fields: aino}, "key")
		if one != two || len(again.Contacts) != 1 {
			t.Errorf("persons %s and %s, %d contacts", one, two, len(again.Contacts))
		}
	})
}

func TestCustomFields(t *testing.T) {
	t.Parallel()
	b := setup(t)
	define := func(t *testing.T, d customer.CustomField) customer.CustomField {
		t.Helper()
		got, err := b.hub.DefineCustomField(t.Context(), b.viewer, d, "")
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	source := customer.CustomField{Key: "source", Type: customer.EnumField, Label: map[string]string{"fi": "Asiakaslähde"}, Options: []customer.CustomFieldOption{
		{Code: "fair", Label: map[string]string{"fi": "Messut"}, Active: true}, {Code: "web", Active: true},
	}}
	define(t, customer.CustomField{Key: "since", Type: customer.DateField})
	define(t, customer.CustomField{Key: "discount", Type: customer.DecimalField})
	define(t, customer.CustomField{Key: "remark", Type: customer.TextField})
	define(t, source)
	set := func(t *testing.T, c customer.ID, values map[string]string) (hub.CustomerView, error) {
		t.Helper()
		return b.hub.SetCustomFields(t.Context(), b.viewer, c, nil, values, "")
	}

	t.Run("R172_R173_R174_R175_R179_EachTypeIsKept", func(t *testing.T) {
		c := b.create(t, customer.Fields{customer.FieldName: "A"})
		got, err := set(t, c.ID, map[string]string{"since": "2026-11-22", "discount": "007.50", "remark": " Hyvä ", "source": "fair"})
		want := map[string]string{"since": "2026-11-22", "discount": "7.5", "remark": "Hyvä", "source": "fair"}
		if err != nil || len(got.CustomFields) != 4 {
			t.Fatalf("got %v, %v", got.CustomFields, err)
		}
		for k, v := range want {
			if got.CustomFields[k] != v {
				t.Errorf("%s is %q, want %q", k, got.CustomFields[k], v)
			}
		}
		if got, err = set(t, c.ID, map[string]string{"remark": ""}); err != nil || len(got.CustomFields) != 3 {
			t.Errorf("clearing: %v, %v", got.CustomFields, err)
		}
	})
	t.Run("WrongValuesAreRefusedWithTheirKeys", func(t *testing.T) {
		c := b.create(t, customer.Fields{customer.FieldName: "A"})
		_, err := set(t, c.ID, map[string]string{"since": "22.11.2026", "discount": "1,5", "source": "street", "none": "x", "remark": "010190-900P"})
		faults, ok := err.(fault.Errors) //nolint:errorlint // returned as it is
		if !ok || len(faults) != 5 {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("AnInactiveOptionIsReadableAndNotWritable", func(t *testing.T) {
		c := b.create(t, customer.Fields{customer.FieldName: "A"})
		if _, err := set(t, c.ID, map[string]string{"source": "web"}); err != nil {
			t.Fatal(err)
		}
		changed := source
		changed.Options = slices.Clone(source.Options)
		changed.Options[1].Active = false
		define(t, changed)
		got, err := b.hub.CustomersByID(t.Context(), b.viewer, []customer.ID{c.ID}, hub.IncludeNothing)
		if err != nil || got[c.ID].CustomFields["source"] != "web" {
			t.Errorf("got %v, %v", got[c.ID].CustomFields, err)
		}
		_, err = set(t, c.ID, map[string]string{"source": "web"})
		wantReason(t, err, fault.Invalid, "CUSTOM_FIELD_OPTION")
	})
	t.Run("AnOptionInUseIsNotLeftOut", func(t *testing.T) {
		changed := source
		changed.Options = source.Options[:1]
		_, err := b.hub.DefineCustomField(t.Context(), b.viewer, changed, "")
		wantReason(t, err, fault.Invalid, "CUSTOM_FIELD_OPTION")
	})
	t.Run("TheTypeOfAFieldInUseStays", func(t *testing.T) {
		c := b.create(t, customer.Fields{customer.FieldName: "A"})
		if _, err := set(t, c.ID, map[string]string{"discount": "1"}); err != nil {
			t.Fatal(err)
		}
		_, err := b.hub.DefineCustomField(t.Context(), b.viewer, customer.CustomField{Key: "discount", Type: customer.TextField}, "")
		wantReason(t, err, fault.Invalid, "CUSTOM_FIELD_TYPE")
	})
}

func TestResponsible(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.create(t, customer.Fields{customer.FieldName: "A"})
	r := customer.Responsible{Kind: customer.ResponsibleUser, Name: "Maija Myyjä"}
	got, err := b.hub.SetResponsible(t.Context(), b.viewer, c.ID, nil, r, "")
	if err != nil || got.Responsible != r || got.Version != 2 {
		t.Fatalf("got %+v, %v", got.Responsible, err)
	}
	if got, err = b.hub.SetResponsible(t.Context(), b.viewer, c.ID, nil, customer.Responsible{}, ""); err != nil || got.Responsible != (customer.Responsible{}) {
		t.Errorf("nobody: %+v, %v", got.Responsible, err)
	}
	r.SystemID, r.ExternalID = "00000000-0000-7000-8000-000000000000", "17"
	_, err = b.hub.SetResponsible(t.Context(), b.viewer, c.ID, nil, r, "")
	wantReason(t, err, fault.NotFound, "NOT_FOUND")
}

func TestProvenance(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.create(t, customer.Fields{customer.FieldName: "A", customer.FieldEmail: "a@example.test"})
	if _, err := b.hub.UpdateCustomer(t.Context(), b.viewer, c.ID, nil, customer.Fields{customer.FieldEmail: "b@example.test"}, ""); err != nil {
		t.Fatal(err)
	}
	all, err := b.hub.ProvenanceByCustomer(t.Context(), b.viewer, []customer.ID{c.ID})
	if err != nil {
		t.Fatal(err)
	}
	name, email := all[c.ID].Of(customer.FieldName), all[c.ID].Of(customer.FieldEmail)
	if name.DecidedBy != customer.DecidedEdit || name.System != "" || !email.ObservedAt.After(name.ObservedAt) {
		t.Errorf("name %+v, email %+v", name, email)
	}
}

func TestRecordKYC(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.create(t, customer.Fields{customer.FieldName: "A", customer.FieldBusinessID: "1572860-0"})
	s := system.System{ID: "01a200cb-0000-7000-8000-000000000001", Name: "KYC"}
	at := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	record := func(t *testing.T, k customer.KYC) bool {
		t.Helper()
		wrote, err := b.hub.RecordKYC(t.Context(), b.viewer.Organisation.ID, s, c.ID, k)
		if err != nil {
			t.Fatal(err)
		}
		return wrote
	}
	low := customer.KYC{
		State: customer.KYCCustomer, RiskClass: customer.RiskLow, RequiresActions: new(false), Notes: "canary remark",
		LatestRiskAssessmentOn: "2026-10-01", DueDiligenceExpiresOn: "2027-10-01", AsOf: at,
	}
	if !record(t, low) {
		t.Fatal("a first status was not written")
	}
	t.Run("SayingItAgainWritesNothing", func(t *testing.T) {
		again := low
		again.AsOf = at.Add(time.Hour)
		if record(t, again) {
			t.Error("written")
		}
	})
	t.Run("AnOlderWordIsNotBelieved", func(t *testing.T) {
		older := low
		older.RiskClass, older.AsOf = customer.RiskHigh, at.Add(-time.Hour)
		if record(t, older) {
			t.Error("written")
		}
	})
	t.Run("R50_NewestIsTheStatusAndAllIsHistory", func(t *testing.T) {
		high := low
		high.RiskClass, high.AsOf = customer.RiskHigh, at.Add(2*time.Hour)
		if !record(t, high) {
			t.Fatal("not written")
		}
		now, err := b.hub.KYCByCustomer(t.Context(), b.viewer, []customer.ID{c.ID})
		if err != nil || now[c.ID].RiskClass != customer.RiskHigh || now[c.ID].DueDiligenceExpiresOn != "2027-10-01" {
			t.Errorf("got %+v, %v", now, err)
		}
		pages, err := b.hub.KYCHistory(t.Context(), b.viewer, []customer.ID{c.ID}, "", 1)
		first := pages[c.ID]
		if err != nil || !first.HasMore || first.Items[0].RiskClass != customer.RiskHigh {
			t.Fatalf("got %+v, %v", first, err)
		}
		pages, err = b.hub.KYCHistory(t.Context(), b.viewer, []customer.ID{c.ID}, first.EndCursor, 10)
		rest := pages[c.ID]
		if err != nil || len(rest.Items) != 1 || rest.Items[0].RiskClass != customer.RiskLow {
			t.Errorf("got %+v, %v", rest, err)
		}
	})
	t.Run("RemarksAreNotInTheChangeLog", func(t *testing.T) {
		var text string
		if err := b.db.Owner.QueryRow(t.Context(), `SELECT string_agg(fields::text, '') FROM change WHERE kind = $1`, change.KYCStatusChanged).Scan(&text); err != nil {
			t.Fatal(err)
		}
		if text == "" || strings.Contains(text, "canary remark") {
			t.Errorf("log %q", text)
		}
	})
}

// TestKYCNotesAreMasked has the service say an identity code in every text: the connector masks them, and this is the net behind it.
func TestKYCNotesAreMasked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.create(t, customer.Fields{customer.FieldName: "A"})
	const canary = "010190-900P"
	s := system.System{ID: "01a200cb-0000-7000-8000-000000000001", Name: "KYC"}
	k := customer.KYC{
		State: customer.KYCCustomer, RiskClass: customer.RiskHigh, Notes: "Toimitusjohtaja " + canary, Stage: canary,
		RequiresActionsReasons: []string{canary}, Raw: map[string]string{"riskClass": canary}, Person: customer.KYCPerson{LastName: canary},
		AsOf: time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC),
	}
	for i, want := range []bool{true, false} {
		k.AsOf = k.AsOf.Add(time.Hour)
		if wrote, err := b.hub.RecordKYC(t.Context(), b.viewer.Organisation.ID, s, c.ID, k); err != nil || wrote != want {
			t.Errorf("word %d: written %v, %v", i, wrote, err)
		}
	}
	now, err := b.hub.KYCByCustomer(t.Context(), b.viewer, []customer.ID{c.ID})
	if err != nil || !strings.HasPrefix(now[c.ID].Notes, "Toimitusjohtaja *") {
		t.Errorf("got %+v, %v", now, err)
	}
	var tables []string
	err = b.db.Owner.QueryRow(t.Context(), `SELECT array_agg(relname::text) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`).Scan(&tables)
	if err != nil || len(tables) < 20 {
		t.Fatal(tables, err)
	}
	for _, table := range tables {
		var n int
		if err := b.db.Owner.QueryRow(t.Context(), `SELECT count(*) FROM `+table+` x WHERE x::text LIKE '%900P%'`).Scan(&n); err != nil || n != 0 {
			t.Errorf("%d rows of %s hold the code, %v", n, table, err)
		}
	}
}

// TestKYCAsOf tells what the hub had been told at each moment, whatever the service's own times say.
func TestKYCAsOf(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.create(t, customer.Fields{customer.FieldName: "A"})
	clock := func() time.Time {
		t.Helper()
		var now time.Time
		if err := b.db.Owner.QueryRow(t.Context(), `SELECT clock_timestamp()`).Scan(&now); err != nil {
			t.Fatal(err)
		}
		return now
	}
	asOf := func(v auth.Viewer, at time.Time) customer.KYC {
		t.Helper()
		then, _, err := b.hub.CustomerAsOf(t.Context(), v, c.ID, at)
		if err != nil || then == nil || then.KYC == nil {
			t.Fatalf("%s: %+v, %v", at, then, err)
		}
		return *then.KYC
	}
	s := system.System{ID: "01a200cb-0000-7000-8000-000000000001", Name: "KYC"}
	start := clock()
	word := customer.KYC{State: customer.KYCCustomer, RiskClass: customer.RiskHigh, RequiresActions: new(true), Notes: "Muistiinpano"}
	type was struct {
		at    time.Time
		notes string
	}
	history := []was{{start, ""}}
	for i, said := range []struct {
		asOf     time.Time
		revision int
		stands   bool
	}{
		{start.Add(-100 * 24 * time.Hour), 1, true}, // it was said long before the hub heard of it
		{start.Add(-200 * 24 * time.Hour), 0, false},
		{start.Add(10 * 24 * time.Hour), 2, true}, // the service's clock is ahead of everybody's
		{start.Add(-50 * 24 * time.Hour), 3, true},
		{start.Add(20 * 24 * time.Hour), 2, false}, // it counts less than what stands
		{start.Add(30 * 24 * time.Hour), 1, false},
		{start.Add(40 * 24 * time.Hour), 0, true},
	} {
		word.AsOf, word.Revision, word.Notes = said.asOf, said.revision, fmt.Sprintf("Sana %d", i)
		wrote, err := b.hub.RecordKYC(t.Context(), b.viewer.Organisation.ID, s, c.ID, word)
		if err != nil {
			t.Fatal(err)
		}
		now, err := b.hub.KYCByCustomer(t.Context(), b.viewer, []customer.ID{c.ID})
		if err != nil {
			t.Fatal(err)
		}
		history = append(history, was{clock(), now[c.ID].Notes})
		if wrote != said.stands || (now[c.ID].Notes == word.Notes) != wrote {
			t.Errorf("word %d: written %v, %q stands", i, wrote, now[c.ID].Notes)
		}
	}
	for i, h := range history {
		if got := asOf(b.viewer, h.at); got.Notes != h.notes || (h.notes == "") != (got.State == customer.KYCNotSent) {
			t.Errorf("moment %d: %q, want %q (%+v)", i, got.Notes, h.notes, got)
		}
	}
	t.Run("WhoMayNotSeeItIsToldNoMoreOfThePast", func(t *testing.T) {
		v := b.viewer
		v.Scopes = []auth.Scope{auth.CustomersRead}
		got := asOf(v, history[1].at)
		if got.State != customer.KYCCustomer || got.RequiresActions == nil || got.Notes != "" || !got.AsOf.IsZero() || !got.RecordedAt.IsZero() {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("AWordWhoseTransactionBeganBeforeAnotherAndEndedAfterItCameAfterIt", func(t *testing.T) {
		at := clock() // the newest but one is now of a transaction that began later than the newest's
		if _, err := b.db.Owner.Exec(t.Context(), `UPDATE kyc_status SET recorded_at = $1 WHERE notes = 'Sana 3'`, at.Add(time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		for clock().Before(at.Add(2 * time.Millisecond)) {
		}
		if got := asOf(b.viewer, at); got.Notes != "Sana 2" {
			t.Errorf("got %q", got.Notes)
		}
		if got := asOf(b.viewer, at.Add(time.Millisecond)); got.Notes != "Sana 6" {
			t.Errorf("got %q", got.Notes)
		}
	})
	t.Run("AMomentThatIsStillToComeIsRefused", func(t *testing.T) {
		_, _, err := b.hub.CustomerAsOf(t.Context(), b.viewer, c.ID, clock().Add(time.Minute))
		if f := wantReason(t, err, fault.Invalid, "MOMENT_TO_COME"); f.Path[0] != "at" {
			t.Errorf("path %v", f.Path)
		}
	})
	t.Run("OfSomebodyBeforeItCameThereIsNothing", func(t *testing.T) {
		then, _, err := b.hub.CustomerAsOf(t.Context(), b.viewer, c.ID, start.Add(-24*time.Hour))
		if err != nil || then != nil {
			t.Errorf("got %+v, %v", then, err)
		}
	})
}
