package hub_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/merge"
	"customerhub/internal/pg"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// nothing is a plan that takes nothing in.
func nothing([]merge.Observation, map[string]merge.Known, time.Time) []merge.Outcome { return nil }

// save stores customers as an import does, without checking them.
func (b bundle) save(t *testing.T, list []customer.Customer) {
	t.Helper()
	for i := range list {
		c := &list[i]
		if c.ID == "" {
			c.ID = customer.ID(store.NewID())
		}
		c.Version, c.Status = 1, customer.Active
		if c.Kind == "" {
			c.Kind = customer.Company
		}
	}
	err := pg.InOrganisation(t.Context(), b.db.App, string(b.viewer.Organisation.ID), pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		return store.SaveCustomers(ctx, tx, list)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// say records what the due-diligence service says of a customer.
func (b bundle) say(t *testing.T, id customer.ID, k customer.KYC) {
	t.Helper()
	k.AsOf = time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	s := system.System{ID: system.ID(store.NewID()), Kind: system.NetvisorKYC, Name: "KYC"}
	if wrote, err := b.hub.RecordKYC(t.Context(), b.viewer.Organisation.ID, s, id, k); err != nil || !wrote {
		t.Fatal(wrote, err)
	}
}

func idsOf(views []hub.CustomerView) []customer.ID {
	out := make([]customer.ID, len(views))
	for i, v := range views {
		out[i] = v.ID
	}
	return out
}

func TestSearch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	list := []customer.Customer{
		{Name: "Järvisen Rakennus Oy", Number: "A-100", BusinessID: "1572860-0"},
		{Name: "JARVI Rakennus 100%", Number: "200"},
		{Name: "Øresund Æbler", Number: "300", Kind: customer.Private, FirstName: "Åke", LastName: "Öhman"},
		{Name: "a_b", Number: "400"},
	}
	b.save(t, list)
	find := func(f hub.CustomerFilter) (names []string, total int) {
		t.Helper()
		got, err := b.hub.Customers(t.Context(), b.viewer, hub.CustomerQuery{Filter: f, Total: true})
		if err != nil {
			t.Fatalf("%+v: %v", f, err)
		}
		for _, c := range got.Items {
			names = append(names, c.Number)
		}
		slices.Sort(names)
		ids := []customer.ID{"x"}
		for _, c := range list {
			ids = append(ids, c.ID)
		}
		match, err := b.hub.MatchCustomers(t.Context(), b.viewer, ids, f)
		if err != nil {
			t.Fatalf("%+v: %v", f, err)
		}
		for _, c := range list {
			if match[c.ID] != slices.Contains(names, c.Number) {
				t.Errorf("%+v: matching and listing differ on %s", f, c.Number)
			}
		}
		if match["x"] {
			t.Error("nobody matches")
		}
		return names, got.Total
	}
	for text, want := range map[string][]string{
		"":                   {"200", "300", "400", "A-100"},
		"   ":                {"200", "300", "400", "A-100"},
		"järvi":              {"200", "A-100"},
		"JÄRVI":              {"200", "A-100"},
		"jarvi rakennus":     {"200", "A-100"},
		"rakennus järvisen":  {"A-100"},
		"1572860-0":          {"A-100"},
		"15728600":           {"A-100"},
		"a-100":              {"200", "A-100"}, // two words: a and 100,
		"oresund aebler":     {"300"},
		"ÖHMAN ake":          {"300"},
		"%":                  nil,
		"_":                  nil,
		"100%":               {"200", "A-100"},
		"nobody":             nil,
		"järvi nobody":       nil,
		"x\x00y":             nil,
		"järvinen":           {"A-100"},        // a letter is wrong
		"rakenus":            {"200", "A-100"}, // one is missing
		"raknenus jarvi":     {"200", "A-100"}, // two are
		"oresnd":             {"300"},
		"rakx":               {"200", "A-100"}, // the beginning of a word may be wrong too
		"rxxx":               nil,
		"jarvisen rakenus":   {"A-100"},
		"9572860":            nil, // digits are no words
		"'; DROP TABLE a;--": nil,
	} {
		if got, total := find(hub.CustomerFilter{Text: text}); !slices.Equal(got, want) || total != len(want) {
			t.Errorf("%q finds %v (total %d), want %v", text, got, total, want)
		}
	}
	if got, _ := find(hub.CustomerFilter{Kind: customer.Private}); !slices.Equal(got, []string{"300"}) {
		t.Errorf("private: %v", got)
	}
	if got, _ := find(hub.CustomerFilter{Text: "rakennus", Kind: customer.Private}); len(got) != 0 {
		t.Errorf("all members have to hold: %v", got)
	}
	if _, err := b.hub.DeactivateCustomer(t.Context(), b.viewer, list[3].ID, nil, ""); err != nil {
		t.Fatal(err)
	}
	if got, _ := find(hub.CustomerFilter{Status: customer.Inactive}); !slices.Equal(got, []string{"400"}) {
		t.Errorf("inactive: %v", got)
	}
	if got, _ := find(hub.CustomerFilter{Status: customer.Active, Text: "b"}); slices.Contains(got, "400") {
		t.Errorf("active: %v", got)
	}
}

// TestSearchPages pages through hits of a search both ways: a single word has its own way to the first of them.
func TestSearchPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	list := make([]customer.Customer, 90)
	for i := range list {
		list[i] = customer.Customer{Name: fmt.Sprintf("%s Firma%s Oy", []string{"Öhman", "Aalto", "Zeta", "Åberg"}[i%4], []string{"", "nen", "t"}[i%3]), Number: fmt.Sprint(i)}
		if i%5 == 0 {
			list[i].Name, list[i].Kind = fmt.Sprintf("Toinen %02d", i), customer.Private
		}
	}
	b.save(t, list)
	all := func(f hub.CustomerFilter, order hub.CustomerOrder, p hub.Page) (numbers []string) {
		t.Helper()
		for {
			got, err := b.hub.Customers(t.Context(), b.viewer, hub.CustomerQuery{Filter: f, Order: order, Page: p})
			if err != nil {
				t.Fatal(err)
			}
			var some []string
			for _, c := range got.Items {
				some = append(some, c.Number)
			}
			if p.Last != nil {
				numbers = append(some, numbers...)
			} else {
				numbers = append(numbers, some...)
			}
			switch {
			case p.Last != nil && got.Info.HasPrevious:
				p.Before = got.Cursors[0]
			case p.Last == nil && got.Info.HasNext:
				p.After = got.Cursors[len(got.Cursors)-1]
			default:
				return numbers
			}
		}
	}
	for _, f := range []hub.CustomerFilter{
		{Text: "firma"}, {Text: "firmanen"}, {Text: "firmnen"}, {Text: "irma", Status: customer.Active}, {Text: "aalto firma"}, {Text: "oy"},
		{Text: "oi", Kind: customer.Private},
	} {
		for _, order := range []hub.CustomerOrder{hub.ByName, hub.ByNameDesc, hub.ByNumber} {
			whole := all(f, order, hub.Page{First: new(200)})
			forwards, backwards := all(f, order, hub.Page{First: new(7)}), all(f, order, hub.Page{Last: new(7)})
			if len(whole) == 0 || !slices.Equal(whole, forwards) || !slices.Equal(whole, backwards) {
				t.Errorf("%+v by %s: whole %v\nforwards %v\nbackwards %v", f, order, whole, forwards, backwards)
			}
		}
	}
	t.Run("ACustomerIsFoundByItsNewNameOnly", func(t *testing.T) {
		if _, err := b.hub.UpdateCustomer(t.Context(), b.viewer, list[1].ID, nil, customer.Fields{customer.FieldName: "Uudenkarheanimi Oy"}, ""); err != nil {
			t.Fatal(err)
		}
		found := all(hub.CustomerFilter{Text: "uudenkarhea"}, hub.ByName, hub.Page{})
		old := all(hub.CustomerFilter{Text: "firma"}, hub.ByName, hub.Page{})
		if !slices.Equal(found, []string{"1"}) || slices.Contains(old, "1") || len(old) != 71 {
			t.Errorf("the new name finds %v, the old one %v", found, old)
		}
	})
}

// TestFilters takes each member of the filter by itself, and together with another.
func TestFilters(t *testing.T) {
	t.Parallel()
	b := setup(t)
	list := []customer.Customer{
		{Name: "A Oy", Number: "1", CustomFields: map[string]string{"since": "2026-01-31", "discount": "7.5", "source": "fair"}},
		{Name: "B Oy", Number: "2", CustomFields: map[string]string{"source": "street"}},
		{Name: "C", Number: "3", Kind: customer.Private},
		{Name: "D Oy", Number: "4"},
	}
	b.save(t, list)
	b.say(t, list[0].ID, customer.KYC{State: customer.KYCCustomer, RiskClass: customer.RiskHigh, RequiresActions: new(true), DueDiligenceExpiresOn: "2026-12-31"})
	b.say(t, list[1].ID, customer.KYC{State: customer.KYCCustomer, RiskClass: customer.RiskLow, RequiresActions: new(false), DueDiligenceExpiresOn: "2027-06-30"})
	b.say(t, list[2].ID, customer.KYC{State: customer.KYCCandidate, RiskClass: customer.RiskUnknown})
	first, second := system.ID(store.NewID()), system.ID(store.NewID())
	err := pg.InOrganisation(t.Context(), b.db.App, string(b.viewer.Organisation.ID), pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		for _, id := range []system.ID{first, second} {
			if err := store.InsertSystem(ctx, tx, system.System{ID: id, Kind: system.Netvisor, Name: "N", State: system.Paused, PollEvery: time.Hour}); err != nil {
				return err
			}
		}
		var records []store.LinkedRecord
		for i, l := range []link.Link{
			{SystemID: first, CustomerID: list[0].ID, State: link.InSync}, {SystemID: first, CustomerID: list[1].ID, State: link.Parked},
			{SystemID: second, CustomerID: list[1].ID, State: link.InSync}, {SystemID: second, CustomerID: list[2].ID, State: link.Due},
		} {
			l.ID, l.ExternalID, l.Primary = link.ID(store.NewID()), fmt.Sprint(i), true
			records = append(records, store.LinkedRecord{Link: l, Base: link.Base{Ours: customer.Fields{}, Theirs: customer.Fields{}}})
		}
		return store.SaveLinkedRecords(ctx, tx, records)
	})
	if err != nil {
		t.Fatal(err)
	}
	field := func(key string, kind customer.CustomFieldType, value string) hub.CustomerFilter {
		return hub.CustomerFilter{CustomField: hub.CustomFieldFilter{Key: key, Type: kind, Value: value}}
	}
	kyc := func(f customer.KYCFilter) hub.CustomerFilter { return hub.CustomerFilter{KYC: f} }
	for name, tc := range map[string]struct {
		filter hub.CustomerFilter
		want   string
	}{
		"System":               {hub.CustomerFilter{System: first}, "1 2"},
		"SyncState":            {hub.CustomerFilter{SyncStates: []link.State{link.InSync}}, "1 2"},
		"SyncStateOfSystem":    {hub.CustomerFilter{System: first, SyncStates: []link.State{link.InSync, link.Due}}, "1"},
		"NoSyncState":          {hub.CustomerFilter{SyncStates: []link.State{}}, ""},
		"UnknownSystem":        {hub.CustomerFilter{System: system.ID(store.NewID())}, ""},
		"RiskClass":            {kyc(customer.KYCFilter{RiskClass: []customer.RiskClass{customer.RiskHigh, customer.RiskLow}}), "1 2"},
		"UnknownRisk":          {kyc(customer.KYCFilter{RiskClass: []customer.RiskClass{customer.RiskUnknown}}), "3 4"},
		"NoRiskClass":          {kyc(customer.KYCFilter{RiskClass: []customer.RiskClass{}}), ""},
		"RequiresActions":      {kyc(customer.KYCFilter{RequiresActions: new(true)}), "1"},
		"RequiresNone":         {kyc(customer.KYCFilter{RequiresActions: new(false)}), "2"},
		"ExpiresBefore":        {kyc(customer.KYCFilter{ExpiresBefore: "2026-12-31"}), ""},
		"ExpiresBeforeTheNext": {kyc(customer.KYCFilter{ExpiresBefore: "2027-01-01"}), "1"},
		"AnyOf":                {kyc(customer.KYCFilter{RequiresActions: new(true), ExpiresBefore: "2028-01-01", AnyOf: true}), "1 2"},
		"AllOf":                {kyc(customer.KYCFilter{RequiresActions: new(false), ExpiresBefore: "2027-01-01"}), ""},
		"UpdatedSinceLongAgo":  {hub.CustomerFilter{UpdatedSince: time.Now().Add(-time.Hour)}, "1 2 3 4"},
		"UpdatedSinceTomorrow": {hub.CustomerFilter{UpdatedSince: time.Now().Add(time.Hour)}, ""},
		"R176_CustomDate":      {field("since", customer.DateField, "2026-01-31"), "1"},
		"R176_CustomDecimal":   {field("discount", customer.DecimalField, "07.50"), "1"},
		"R176_CustomOption":    {field("source", customer.EnumField, "street"), "2"},
		"R176_CustomText":      {field("source", customer.TextField, "fai"), ""},
		"UnknownCustomField":   {field("nothing", customer.TextField, "fair"), ""},
		"Together":             {hub.CustomerFilter{System: second, Kind: customer.Private, Text: "c"}, "3"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := b.hub.Customers(t.Context(), b.viewer, hub.CustomerQuery{Filter: tc.filter, Order: hub.ByNumber, Total: true})
			if err != nil {
				t.Fatal(err)
			}
			var numbers, matching []string
			for _, c := range got.Items {
				numbers = append(numbers, c.Number)
			}
			if s := strings.Join(numbers, " "); s != tc.want || got.Total != len(numbers) {
				t.Errorf("got %q, total %d, want %q", s, got.Total, tc.want)
			}
			fits, err := b.hub.MatchCustomers(t.Context(), b.viewer, []customer.ID{list[0].ID, list[1].ID, list[2].ID, list[3].ID}, tc.filter)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range list {
				if fits[c.ID] {
					matching = append(matching, c.Number)
				}
			}
			if s := strings.Join(matching, " "); s != tc.want {
				t.Errorf("matching gives %q, want %q", s, tc.want)
			}
		})
	}
	t.Run("WhatIsWrongWithAValueIsSaid", func(t *testing.T) {
		_, err := b.hub.Customers(t.Context(), b.viewer, hub.CustomerQuery{Filter: field("discount", customer.DecimalField, "much")})
		if f := fault.Of(err); f == nil || f.Code != fault.Invalid || strings.Join(f.Path, ".") != "filter.customField.value" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("AnExpiryCannotBeFoundOutWithoutKYCRead", func(t *testing.T) {
		v := b.viewer
		v.Scopes = []auth.Scope{auth.CustomersRead}
		soon := kyc(customer.KYCFilter{ExpiresBefore: "2027-01-01"})
		_, listing := b.hub.Customers(t.Context(), v, hub.CustomerQuery{Filter: soon})
		_, ordering := b.hub.Customers(t.Context(), v, hub.CustomerQuery{Order: hub.ByKYCExpiry})
		_, matching := b.hub.MatchCustomers(t.Context(), v, nil, soon)
		for _, err := range []error{listing, ordering, matching} {
			if !fault.Is(err, fault.Forbidden) {
				t.Errorf("got %v", err)
			}
		}
		if _, err := b.hub.Customers(t.Context(), v, hub.CustomerQuery{Filter: kyc(customer.KYCFilter{RequiresActions: new(true)})}); err != nil {
			t.Errorf("whether something has to be done may be asked: %v", err)
		}
	})
}

func TestLookUp(t *testing.T) {
	t.Parallel()
	b := setupKinds(t)
	list := []customer.Customer{
		{Name: "A", Number: "1", BusinessID: "1572860-0"}, {Name: "B", Number: "1"}, {Name: "C", Number: "2", BusinessID: "0201256-6"},
	}
	b.save(t, list)
	s := b.createSystem(t)
	err := pg.InOrganisation(t.Context(), b.db.App, string(b.viewer.Organisation.ID), pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		return store.SaveLinkedRecords(ctx, tx, []store.LinkedRecord{{Link: link.Link{
			ID: link.ID(store.NewID()), SystemID: s.ID, CustomerID: list[2].ID, ExternalID: "77", State: link.InSync, Primary: true,
		}, Base: link.Base{Ours: customer.Fields{}, Theirs: customer.Fields{}}}})
	})
	if err != nil {
		t.Fatal(err)
	}
	find := func(v auth.Viewer, by hub.CustomerLookup) (*hub.CustomerView, error) {
		return b.hub.Customer(t.Context(), v, by, hub.IncludeAll)
	}
	for name, by := range map[string]hub.CustomerLookup{
		"ID": {ID: list[2].ID}, "Number": {Number: " 2 "}, "BusinessID": {BusinessID: "02012566"}, "External": {System: s.ID, ExternalID: "77"},
	} {
		t.Run("By"+name, func(t *testing.T) {
			got, err := find(b.viewer, by)
			if err != nil || got == nil || got.ID != list[2].ID || len(got.Links) != 1 || got.Links[0].System.Name != "Netvisor" {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
	t.Run("Promise7_AnotherOrganisationFindsNothing", func(t *testing.T) {
		stranger := newOrganisation(t, b.hub, "Vieras Oy")
		for _, by := range []hub.CustomerLookup{{ID: list[2].ID}, {Number: "2"}, {BusinessID: "0201256-6"}, {System: s.ID, ExternalID: "77"}} {
			if got, err := find(stranger, by); got != nil || err != nil {
				t.Errorf("%+v: got %+v, %v", by, got, err)
			}
		}
		if _, err := b.hub.UpdateCustomer(t.Context(), stranger, list[2].ID, nil, customer.Fields{customer.FieldName: "X"}, ""); !fault.Is(err, fault.NotFound) {
			t.Errorf("got %v", err)
		}
		if got, err := b.hub.CustomersByID(t.Context(), stranger, []customer.ID{list[0].ID, list[1].ID}, hub.IncludeAll); err != nil || len(got) != 0 {
			t.Errorf("got %v, %v", got, err)
		}
		if got, err := b.hub.Systems(t.Context(), stranger); err != nil || len(got) != 0 {
			t.Errorf("got %v, %v", got, err)
		}
	})
	t.Run("NobodyIsNil", func(t *testing.T) {
		for _, by := range []hub.CustomerLookup{
			{ID: "x"}, {ID: "00000000-0000-7000-8000-000000000000"}, {Number: "9"}, {BusinessID: "0737546-2"}, {System: s.ID, ExternalID: "9"}, {System: "x", ExternalID: "9"},
		} {
			if got, err := find(b.viewer, by); got != nil || err != nil {
				t.Errorf("%+v: got %+v, %v", by, got, err)
			}
		}
	})
	t.Run("SeveralAreAmbiguousAndNamed", func(t *testing.T) {
		_, err := find(b.viewer, hub.CustomerLookup{Number: "1"})
		f := wantReason(t, err, fault.Ambiguous, string(fault.Ambiguous))
		for _, c := range list[:2] {
			if !strings.Contains(f.Details["candidates"], string(c.ID)) {
				t.Errorf("candidates %v", f.Details)
			}
		}
	})
	t.Run("ExactlyOneWayIsTaken", func(t *testing.T) {
		for _, by := range []hub.CustomerLookup{
			{}, {ID: "x", Number: "1"}, {Number: "1", BusinessID: "1572860-0"}, {System: s.ID}, {ExternalID: "77"}, {Number: "1", ExternalID: "77"},
		} {
			if _, err := find(b.viewer, by); !fault.Is(err, fault.Invalid) {
				t.Errorf("%+v: got %v", by, err)
			}
		}
	})
	t.Run("AWrongBusinessIDIsToldSo", func(t *testing.T) {
		_, err := find(b.viewer, hub.CustomerLookup{BusinessID: "1572860-1"})
		if f := fault.Of(err); f == nil || f.Code != fault.Invalid || !slices.Equal(f.Path, []string{"by", "businessId"}) {
			t.Errorf("got %+v", f)
		}
	})
	t.Run("ManyByIDLeaveOutWhatIsNot", func(t *testing.T) {
		got, err := b.hub.CustomersByID(t.Context(), b.viewer, []customer.ID{list[0].ID, "x", list[0].ID, "00000000-0000-7000-8000-000000000000"}, hub.IncludeNothing)
		if err != nil || len(got) != 1 || got[list[0].ID].Included != hub.IncludeNothing || got[list[0].ID].Addresses != nil {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}
