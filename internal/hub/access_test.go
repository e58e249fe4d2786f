package hub_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/organisation"
	"customerhub/internal/run"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := newOrganisation(t, b.hub, "Toinen Oy")
	newKey := func(t *testing.T, in hub.NewKey) auth.Key {
		t.Helper()
		in.Name = "Key"
		if in.Scopes == nil {
			in.Scopes = []auth.Scope{auth.CustomersRead}
		}
		if in.Organisations == nil {
			in.Organisations = []organisation.ID{b.viewer.Organisation.ID}
		}
		key, err := b.hub.CreateKey(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	both := []organisation.ID{b.viewer.Organisation.ID, other.Organisation.ID}

	t.Run("AKeyOpensItsOrganisationWithItsScopes", func(t *testing.T) {
		key := newKey(t, hub.NewKey{Scopes: []auth.Scope{auth.CustomersRead, auth.PersonalRead}})
		v, err := b.hub.Authenticate(t.Context(), key.Reveal(), "")
		if err != nil || v.Organisation.ID != b.viewer.Organisation.ID || !v.Can(auth.PersonalRead) || v.Can(auth.CustomersWrite) || v.Actor.ID == "" {
			t.Errorf("got %+v, %v", v, err)
		}
		if _, err := b.hub.Customers(t.Context(), v, hub.CustomerQuery{}); err != nil {
			t.Error(err)
		}
	})
	t.Run("UnknownRevokedAndExpiredAreTheSame", func(t *testing.T) {
		revoked, expired := newKey(t, hub.NewKey{}), newKey(t, hub.NewKey{ExpiresIn: time.Hour})
		for _, k := range keysOf(t, b) {
			if k.Prefix == revoked.Prefix() {
				for range 2 { // revoking twice is fine
					if err := b.hub.RevokeKey(t.Context(), b.viewer.Organisation.ID, k.ID); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		if _, err := b.hub.Authenticate(t.Context(), expired.Reveal(), ""); err != nil {
			t.Fatalf("before it expires: %v", err)
		}
		if _, err := b.db.Owner.Exec(t.Context(), `UPDATE api_key SET expires_at = now() WHERE prefix = $1`, expired.Prefix()); err != nil {
			t.Fatal(err)
		}
		var words []string
		for _, key := range []auth.Key{auth.NewKey(), revoked, expired} {
			_, err := b.hub.Authenticate(t.Context(), key.Reveal(), "")
			words = append(words, wantReason(t, err, fault.Unauthenticated, string(fault.Unauthenticated)).Message)
			if strings.Contains(err.Error(), key.Reveal()) {
				t.Error("the error repeats the key")
			}
		}
		if words = slices.Compact(words); len(words) != 1 {
			t.Errorf("the answers differ: %q", words)
		}
	})
	t.Run("WhatIsNoKeyIsRefusedWithoutALookUp", func(t *testing.T) {
		for _, bearer := range []string{"", "x", "hub_", "hub_" + strings.Repeat("!", 43), strings.Repeat("a", 100_000), "Bearer " + auth.NewKey().Reveal()} {
			_, err := b.hub.Authenticate(t.Context(), bearer, "")
			wantReason(t, err, fault.Unauthenticated, string(fault.Unauthenticated))
		}
	})
	t.Run("SeveralOrganisationsHaveToBeNamed", func(t *testing.T) {
		key := newKey(t, hub.NewKey{Organisations: both}).Reveal()
		_, err := b.hub.Authenticate(t.Context(), key, "")
		f := wantReason(t, err, fault.Forbidden, "ORGANISATION_REQUIRED")
		for _, id := range both {
			if !strings.Contains(f.Details["organisations"], string(id)) {
				t.Errorf("%s is no choice: %v", id, f.Details)
			}
		}
		v, err := b.hub.Authenticate(t.Context(), key, strings.ToUpper(string(both[1])))
		if err != nil || v.Organisation.ID != both[1] || len(v.Organisations) != 2 {
			t.Errorf("got %+v, %v", v, err)
		}
	})
	t.Run("Promise7_AnotherOrganisationIsUnreachableWhetherItExistsOrNot", func(t *testing.T) {
		key := newKey(t, hub.NewKey{}).Reveal()
		var words []string
		for _, id := range []string{string(other.Organisation.ID), "00000000-0000-7000-8000-000000000000", "x"} {
			_, err := b.hub.Authenticate(t.Context(), key, id)
			words = append(words, wantReason(t, err, fault.Forbidden, "ORGANISATION_UNREACHABLE").Message)
		}
		if words = slices.Compact(words); len(words) != 1 {
			t.Errorf("the answers differ: %q", words)
		}
	})
	t.Run("Promise11_TheKeyIsNowhereInTheDatabase", func(t *testing.T) {
		key := newKey(t, hub.NewKey{Organisations: both})
		wantNowhere(t, b.db, strings.TrimPrefix(key.Reveal(), key.Prefix()))
	})
	t.Run("RevokingNeedsAnOrganisationThatTheKeyReaches", func(t *testing.T) {
		key := newKey(t, hub.NewKey{})
		for _, k := range keysOf(t, b) {
			if k.Prefix == key.Prefix() {
				wantReason(t, b.hub.RevokeKey(t.Context(), other.Organisation.ID, k.ID), fault.NotFound, "NOT_FOUND")
			}
		}
		wantReason(t, b.hub.RevokeKey(t.Context(), other.Organisation.ID, "x"), fault.NotFound, "NOT_FOUND")
		if _, err := b.hub.Authenticate(t.Context(), key.Reveal(), ""); err != nil {
			t.Error(err)
		}
	})
	t.Run("KeysNeedANameAnOrganisationAndAScope", func(t *testing.T) {
		good := hub.NewKey{Name: "K", Organisations: both[:1], Scopes: []auth.Scope{auth.Admin}}
		for name, spoil := range map[string]func(*hub.NewKey){
			"NoName":           func(k *hub.NewKey) { k.Name = "  " },
			"LongName":         func(k *hub.NewKey) { k.Name = strings.Repeat("ä", 201) },
			"NoOrganisation":   func(k *hub.NewKey) { k.Organisations = nil },
			"NoScope":          func(k *hub.NewKey) { k.Scopes = nil },
			"ExpiredAtOnce":    func(k *hub.NewKey) { k.ExpiresIn = -time.Second },
			"OddOrganisation":  func(k *hub.NewKey) { k.Organisations = []organisation.ID{"x"} },
			"NoneOfThatIDLeft": func(k *hub.NewKey) { k.Organisations = []organisation.ID{"00000000-0000-7000-8000-000000000000"} },
		} {
			in := good
			spoil(&in)
			if _, err := b.hub.CreateKey(t.Context(), in); err == nil || !fault.CodeOf(err).UserFacing() {
				t.Errorf("%s: got %v", name, err)
			}
		}
	})
}

func TestOrganisations(t *testing.T) {
	t.Parallel()
	b := setup(t)
	find := func(text string) (organisation.Organisation, error) { return b.hub.Organisation(t.Context(), text) }
	if got, err := find(""); err != nil || got.ID != b.viewer.Organisation.ID {
		t.Errorf("the only one: %+v, %v", got, err)
	}
	second := newOrganisation(t, b.hub, "Toinen Oy")
	newOrganisation(t, b.hub, "Kolmas Oy")
	newOrganisation(t, b.hub, "kolmas oy")
	if _, err := find(""); !fault.Is(err, fault.Ambiguous) {
		t.Errorf("several: %v", err)
	}
	if _, err := find("Kolmas Oy"); !fault.Is(err, fault.Ambiguous) {
		t.Errorf("two of one name: %v", err)
	}
	if _, err := find("Neljäs Oy"); !fault.Is(err, fault.NotFound) {
		t.Errorf("none: %v", err)
	}
	for _, text := range []string{"toinen oy", string(second.Organisation.ID), strings.ToUpper(string(second.Organisation.ID))} {
		if got, err := find(text); err != nil || got.ID != second.Organisation.ID {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	if err := b.hub.RenameOrganisation(t.Context(), second.Organisation.ID, " Uusi nimi Oy "); err != nil {
		t.Error(err)
	}
	if got, err := find("Uusi nimi Oy"); err != nil || got.ID != second.Organisation.ID {
		t.Errorf("renamed: %+v, %v", got, err)
	}
	if err := b.hub.RenameOrganisation(t.Context(), "00000000-0000-7000-8000-000000000000", "X"); !fault.Is(err, fault.NotFound) {
		t.Errorf("nobody: %v", err)
	}
	for _, name := range []string{"", "   ", strings.Repeat("a", 201)} {
		if _, err := b.hub.CreateOrganisation(t.Context(), name); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if err := b.hub.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestScopes(t *testing.T) {
	t.Parallel()
	b := setupKinds(t)
	c := b.create(t, customer.Fields{customer.FieldName: "A"})
	s := b.checked(t)
	ctx := t.Context()
	calls := map[string]struct {
		scope auth.Scope
		call  func(auth.Viewer) error
	}{
		"Customers": {auth.CustomersRead, func(v auth.Viewer) error { _, err := b.hub.Customers(ctx, v, hub.CustomerQuery{}); return err }},
		"Customer": {auth.CustomersRead, func(v auth.Viewer) error {
			_, err := b.hub.Customer(ctx, v, hub.CustomerLookup{ID: c.ID}, 0)
			return err
		}},
		"CustomersByID": {auth.CustomersRead, func(v auth.Viewer) error { _, err := b.hub.CustomersByID(ctx, v, []customer.ID{c.ID}, 0); return err }},
		"MatchCustomers": {auth.CustomersRead, func(v auth.Viewer) error {
			_, err := b.hub.MatchCustomers(ctx, v, []customer.ID{c.ID}, hub.CustomerFilter{})
			return err
		}},
		"OfficesByID":      {auth.CustomersRead, func(v auth.Viewer) error { _, err := b.hub.OfficesByID(ctx, v, nil); return err }},
		"PeopleByID":       {auth.CustomersRead, func(v auth.Viewer) error { _, err := b.hub.PeopleByID(ctx, v, nil); return err }},
		"ContactsOfPeople": {auth.CustomersRead, func(v auth.Viewer) error { _, err := b.hub.ContactsOfPeople(ctx, v, nil); return err }},
		"LinksByID":        {auth.CustomersRead, func(v auth.Viewer) error { _, err := b.hub.LinksByID(ctx, v, []link.ID{}); return err }},
		"Changes":          {auth.CustomersRead, func(v auth.Viewer) error { _, err := b.hub.Changes(ctx, v, "", 1); return err }},
		"ChangesOfCustomers": {auth.CustomersRead, func(v auth.Viewer) error {
			_, err := b.hub.ChangesOfCustomers(ctx, v, []customer.ID{c.ID}, "", 1)
			return err
		}},
		"Systems":     {auth.SystemsRead, func(v auth.Viewer) error { _, err := b.hub.Systems(ctx, v); return err }},
		"SystemsByID": {auth.SystemsRead, func(v auth.Viewer) error { _, err := b.hub.SystemsByID(ctx, v, []system.ID{s.ID}); return err }},
		"Runs": {auth.SystemsRead, func(v auth.Viewer) error {
			_, err := b.hub.Runs(ctx, v, hub.RunFilter{}, hub.Page{}, false)
			return err
		}},
		"RunsByID": {auth.SystemsRead, func(v auth.Viewer) error { _, err := b.hub.RunsByID(ctx, v, []run.ID{}); return err }},
		"LastRuns": {auth.SystemsRead, func(v auth.Viewer) error { _, err := b.hub.LastRuns(ctx, v, []system.ID{s.ID}); return err }},
		"CreateCustomer": {auth.CustomersWrite, func(v auth.Viewer) error {
			_, err := b.hub.CreateCustomer(ctx, v, customer.Fields{customer.FieldName: "B"}, "")
			return err
		}},
		"UpdateCustomer": {auth.CustomersWrite, func(v auth.Viewer) error {
			_, err := b.hub.UpdateCustomer(ctx, v, c.ID, nil, customer.Fields{customer.FieldName: "C"}, "")
			return err
		}},
		"DeactivateCustomer": {auth.CustomersWrite, func(v auth.Viewer) error { _, err := b.hub.DeactivateCustomer(ctx, v, c.ID, nil, ""); return err }},
		"CreateSystem": {auth.SystemsManage, func(v auth.Viewer) error {
			_, err := b.hub.CreateSystem(ctx, v, hub.CreateSystem{Kind: system.Netvisor, Settings: goodSettings}, "")
			return err
		}},
		"SetSystemCredentials": {auth.SystemsManage, func(v auth.Viewer) error {
			_, err := b.hub.SetSystemCredentials(ctx, v, s.ID, goodCredentials, "")
			return err
		}},
		"CheckSystem": {auth.SystemsManage, func(v auth.Viewer) error { _, err := b.hub.CheckSystem(ctx, v, s.ID, ""); return err }},
	}
	for name, tc := range calls {
		t.Run(name, func(t *testing.T) {
			v := b.viewer
			v.Scopes = slices.DeleteFunc(slices.Clone(auth.Scopes), func(s auth.Scope) bool { return s == tc.scope || s == auth.Admin })
			if f := wantReason(t, tc.call(v), fault.Forbidden, string(fault.Forbidden)); f.Details["scope"] != string(tc.scope) {
				t.Errorf("details %v", f.Details)
			}
			wantReason(t, tc.call(auth.Viewer{}), fault.Unauthenticated, string(fault.Unauthenticated))
			v.Scopes = []auth.Scope{tc.scope}
			if err := tc.call(v); err != nil {
				t.Errorf("with the scope: %v", err)
			}
		})
	}
}

func keysOf(t *testing.T, b bundle) []store.KeyRow {
	t.Helper()
	keys, err := b.hub.Keys(t.Context(), b.viewer.Organisation.ID)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}
