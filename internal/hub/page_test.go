package hub_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/hub"
	"customerhub/internal/pg"
	"customerhub/internal/run"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

func TestPages(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 5, 60, 250} {
		t.Run(fmt.Sprintf("Of%d", size), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			list := make([]customer.Customer, size)
			for i := range list {
				// Names and numbers repeat, so that ids have to break ties.
				list[i] = customer.Customer{Name: []string{"Öhman", "aalto", "Åberg", "Zeta", "Aalto", ""}[i*7%6], Number: fmt.Sprint(i % 9)}
			}
			b.save(t, list)
			for i := range list {
				if i%3 == 0 {
					b.say(t, list[i].ID, customer.KYC{State: customer.KYCCustomer, RiskClass: customer.RiskLow, DueDiligenceExpiresOn: fmt.Sprintf("2027-01-%02d", 1+i%5)})
				}
			}
			var filter hub.CustomerFilter // one that all fit takes another way to the same rows
			page := func(t *testing.T, order hub.CustomerOrder, p hub.Page) hub.CustomerPage {
				t.Helper()
				got, err := b.hub.Customers(t.Context(), b.viewer, hub.CustomerQuery{Filter: filter, Order: order, Page: p})
				if err != nil {
					t.Fatal(err)
				}
				if len(got.Items) != len(got.Cursors) {
					t.Fatalf("%d items and %d cursors", len(got.Items), len(got.Cursors))
				}
				return got
			}
			orders := []hub.CustomerOrder{
				hub.ByName, hub.ByNameDesc, hub.ByNumber, hub.ByNumberDesc, hub.ByUpdate, hub.ByUpdateDesc, hub.ByKYCExpiry,
			}
			full := make(map[hub.CustomerOrder][]customer.ID)
			for _, order := range orders {
				for round, n := range []int{1, 7, 50, 200} {
					if n == 1 && size > 60 {
						continue
					}
					if filter = (hub.CustomerFilter{}); round%2 == 1 {
						filter.Status = customer.Active
					}
					var forwards, backwards []customer.ID
					for p := (hub.Page{First: &n}); ; {
						got := page(t, order, p)
						forwards = append(forwards, idsOf(got.Items)...)
						if got.Info.HasPrevious != (p.After != "") {
							t.Fatalf("HasPrevious is %v after %q", got.Info.HasPrevious, p.After)
						}
						if !got.Info.HasNext {
							break
						}
						p.After = got.Cursors[len(got.Cursors)-1]
					}
					for p := (hub.Page{Last: &n}); ; {
						got := page(t, order, p)
						backwards = append(idsOf(got.Items), backwards...)
						if got.Info.HasNext != (p.Before != "") {
							t.Fatalf("HasNext is %v before %q", got.Info.HasNext, p.Before)
						}
						if !got.Info.HasPrevious {
							break
						}
						p.Before = got.Cursors[0]
					}
					if len(forwards) != size || !slices.Equal(forwards, backwards) {
						t.Errorf("%s by %d: %d forwards and %d backwards, of %d", order, n, len(forwards), len(backwards), size)
					}
					if full[order] == nil {
						full[order] = forwards
					} else if !slices.Equal(full[order], forwards) {
						t.Errorf("%s by %d is another list", order, n)
					}
				}
			}
			for up, down := range map[hub.CustomerOrder]hub.CustomerOrder{hub.ByName: hub.ByNameDesc, hub.ByNumber: hub.ByNumberDesc, hub.ByUpdate: hub.ByUpdateDesc} {
				turned := slices.Clone(full[down])
				slices.Reverse(turned)
				if !slices.Equal(full[up], turned) {
					t.Errorf("%s is not %s turned around", down, up)
				}
			}
			if size < 5 {
				return
			}
			t.Run("BetweenTwoCursors", func(t *testing.T) {
				n := 200
				all := page(t, hub.ByName, hub.Page{First: &n})
				got := page(t, hub.ByName, hub.Page{First: &n, After: all.Cursors[0], Before: all.Cursors[4]})
				if !slices.Equal(idsOf(got.Items), idsOf(all.Items[1:4])) {
					t.Errorf("got %d items", len(got.Items))
				}
				two := 2
				got = page(t, hub.ByName, hub.Page{Last: &two, After: all.Cursors[0], Before: all.Cursors[4]})
				if !slices.Equal(idsOf(got.Items), idsOf(all.Items[2:4])) {
					t.Errorf("got %d items", len(got.Items))
				}
			})
			t.Run("WhatIsAddedOrRemovedMeanwhileMovesNothing", func(t *testing.T) {
				two := 2
				first := page(t, hub.ByName, hub.Page{First: &two})
				b.save(t, []customer.Customer{{Name: ""}, {Name: "Öö"}})
				rest := page(t, hub.ByName, hub.Page{First: &two, After: first.Cursors[1]})
				if slices.Contains(idsOf(first.Items), rest.Items[0].ID) {
					t.Error("one came twice")
				}
			})
		})
	}
}

func TestPageAbuse(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.save(t, []customer.Customer{{Name: "A", Number: "1"}, {Name: "B", Number: "2"}})
	n := func(i int) *int { return &i }
	ask := func(order hub.CustomerOrder, p hub.Page) error {
		_, err := b.hub.Customers(t.Context(), b.viewer, hub.CustomerQuery{Order: order, Page: p})
		return err
	}
	forge := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	byNumber, err := b.hub.Customers(t.Context(), b.viewer, hub.CustomerQuery{Order: hub.ByNumber})
	if err != nil {
		t.Fatal(err)
	}
	const id = "00000000-0000-7000-8000-000000000000"
	for name, tc := range map[string]struct {
		page hub.Page
		path string
	}{
		"TooMany":           {hub.Page{First: n(201)}, "first"},
		"TooManyBackwards":  {hub.Page{Last: n(201)}, "last"},
		"Negative":          {hub.Page{First: n(-1)}, "first"},
		"NegativeBackwards": {hub.Page{Last: n(-1)}, "last"},
		"BothEnds":          {hub.Page{First: n(1), Last: n(1)}, "first"},
		"NoCursor":          {hub.Page{After: "x"}, "after"},
		"NoBase64":          {hub.Page{Before: "***"}, "before"},
		"AnotherOrder":      {hub.Page{After: byNumber.Cursors[0]}, "after"},
		"OfTheChangeLog":    {hub.Page{After: change.CursorAt(3)}, "after"},
		"WithoutAnID":       {hub.Page{After: forge(`list1:{"o":"name","k":"00","i":""}`)}, "after"},
		"WithAnOddID":       {hub.Page{After: forge(`list1:{"o":"name","k":"00","i":"' OR true --"}`)}, "after"},
		"WithMoreInIt":      {hub.Page{After: forge(`list1:{"o":"name","k":"00","i":"` + id + `","x":1}`)}, "after"},
		"Tampered":          {hub.Page{After: byNumber.Cursors[0] + "A"}, "after"},
	} {
		t.Run(name, func(t *testing.T) {
			f := fault.Of(ask(hub.ByName, tc.page))
			if f == nil || f.Code != fault.Invalid || len(f.Path) != 1 || f.Path[0] != tc.path || f.Reason == "" {
				t.Errorf("got %+v", f)
			}
		})
	}
	t.Run("ForgedKeysTellNothingInternal", func(t *testing.T) {
		for sort, order := range map[string]hub.CustomerOrder{"name": hub.ByName, "updated": hub.ByUpdate, "kycExpires": hub.ByKYCExpiry} {
			for _, key := range []string{"zz", "0", "\\u0000", "'", "2027-02-30", "99999999999999999999"} {
				err := ask(order, hub.Page{After: forge(`list1:{"o":"` + sort + `","k":"` + key + `","i":"` + id + `"}`)})
				if err != nil && (!fault.Is(err, fault.Invalid) || strings.Contains(fault.Of(err).Message, "SQL")) {
					t.Errorf("%s, %q: %v", sort, key, err)
				}
			}
		}
	})
	t.Run("AnOrderThatDoesNotExist", func(t *testing.T) {
		wantPaths(t, ask("AGE", hub.Page{}), map[string]string{"orderBy": "INVALID"})
	})
	t.Run("APageOfNoneTellsWhetherThereAreAny", func(t *testing.T) {
		got, err := b.hub.Customers(t.Context(), b.viewer, hub.CustomerQuery{Page: hub.Page{First: n(0)}, Total: true})
		if err != nil || len(got.Items) != 0 || !got.Info.HasNext || got.Total != 2 {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

func TestChangePages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var ids []customer.ID
	for i := range 3 {
		ids = append(ids, b.create(t, customer.Fields{customer.FieldName: fmt.Sprint(i)}).ID)
	}
	for i := range 7 {
		if _, err := b.hub.UpdateCustomer(t.Context(), b.viewer, ids[0], nil, customer.Fields{customer.FieldName: fmt.Sprintf("A%d", i)}, ""); err != nil {
			t.Fatal(err)
		}
	}
	stranger := newOrganisation(t, b.hub, "Vieras Oy")
	if _, err := b.hub.CreateCustomer(t.Context(), stranger, customer.Fields{customer.FieldName: "Theirs"}, ""); err != nil {
		t.Fatal(err)
	}
	if page, err := b.hub.Changes(t.Context(), b.viewer, "", 10); err != nil || len(page.Items) != 0 || page.HasMore || page.Newest != 0 || page.EndCursor != change.CursorAt(0) {
		t.Errorf("what is not numbered is not seen: %+v, %v", page, err)
	}
	err := pg.InNoOrganisation(t.Context(), b.db.App, pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		_, err := store.NumberChanges(ctx, tx, 1000)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("PagesAreTheLog", func(t *testing.T) {
		for _, size := range []int{1, 3, 10, 200} {
			cursor, seen := "", int64(0)
			for {
				page, err := b.hub.Changes(t.Context(), b.viewer, cursor, size)
				if err != nil || page.Newest != 10 {
					t.Fatalf("got %+v, %v", page, err)
				}
				for _, c := range page.Items {
					if seen++; c.Sequence != seen || c.Actor != b.viewer.Actor || c.At.IsZero() {
						t.Fatalf("got %+v at %d", c, seen)
					}
				}
				cursor = page.EndCursor
				if !page.HasMore {
					break
				}
			}
			if seen != 10 {
				t.Errorf("by %d: saw %d of 10", size, seen)
			}
			if page, err := b.hub.Changes(t.Context(), b.viewer, cursor, size); err != nil || len(page.Items) != 0 || page.EndCursor != cursor {
				t.Errorf("at the end: %+v, %v", page, err)
			}
		}
	})
	t.Run("EachCustomersAreItsOwn", func(t *testing.T) {
		got, err := b.hub.ChangesOfCustomers(t.Context(), b.viewer, append(ids, "x"), "", 5)
		if err != nil {
			t.Fatal(err)
		}
		first := got[ids[0]]
		if len(first.Items) != 5 || !first.HasMore || first.Items[0].Kind != change.CustomerCreated || first.Items[4].Number != 5 ||
			len(got[ids[1]].Items) != 1 || got[ids[1]].HasMore || len(got["x"].Items) != 0 {
			t.Errorf("got %+v", got)
		}
		rest, err := b.hub.ChangesOfCustomers(t.Context(), b.viewer, ids[:1], first.EndCursor, 5)
		if err != nil || len(rest[ids[0]].Items) != 3 || rest[ids[0]].Items[0].Number != 6 || rest[ids[0]].HasMore {
			t.Errorf("got %+v, %v", rest, err)
		}
		if fields := first.Items[1].Fields; len(fields) != 1 || fields[0] != (customer.FieldChange{Field: "name", Before: "0", After: "A0"}) {
			t.Errorf("got %+v", fields)
		}
	})
	t.Run("AbuseIsRefused", func(t *testing.T) {
		for _, tc := range []struct {
			after string
			first int
			path  string
		}{{"", 201, "first"}, {"", -1, "first"}, {"x", 1, "after"}, {change.CursorAt(1) + "x", 1, "after"}} {
			_, err := b.hub.Changes(t.Context(), b.viewer, tc.after, tc.first)
			f := fault.Of(err)
			if f == nil || f.Code != fault.Invalid || !slices.Equal(f.Path, []string{tc.path}) {
				t.Errorf("%+v: got %+v", tc, f)
			}
			if _, err := b.hub.ChangesOfCustomers(t.Context(), b.viewer, ids, tc.after, tc.first); !fault.Is(err, fault.Invalid) {
				t.Errorf("%+v: got %v", tc, err)
			}
		}
	})
}

func TestRunPages(t *testing.T) {
	t.Parallel()
	b := setupKinds(t)
	s := b.checked(t)
	for range 6 {
		r, err := b.hub.CheckSystem(t.Context(), b.viewer, s.ID, "")
		if err != nil {
			t.Fatal(err)
		}
		b.finish(t, r, hub.SystemReport{Checks: []system.Check{{Name: "credentials", OK: true}}})
	}
	two := 2
	var forwards, backwards []run.ID
	for p := (hub.Page{First: &two}); ; {
		got, err := b.hub.Runs(t.Context(), b.viewer, hub.RunFilter{System: s.ID}, p, true)
		if err != nil || got.Total != 7 {
			t.Fatalf("got %+v, %v", got, err)
		}
		for i, r := range got.Items {
			if i > 0 && r.CreatedAt.After(got.Items[i-1].CreatedAt) {
				t.Error("not the newest first")
			}
			forwards = append(forwards, r.ID)
		}
		if !got.Info.HasNext {
			break
		}
		p.After = got.Cursors[len(got.Cursors)-1]
	}
	for p := (hub.Page{Last: &two}); ; {
		got, err := b.hub.Runs(t.Context(), b.viewer, hub.RunFilter{Kind: run.Check, State: run.Succeeded}, p, false)
		if err != nil {
			t.Fatal(err)
		}
		page := make([]run.ID, len(got.Items))
		for i, r := range got.Items {
			page[i] = r.ID
		}
		backwards = slices.Concat(page, backwards)
		if !got.Info.HasPrevious {
			break
		}
		p.Before = got.Cursors[0]
	}
	if len(forwards) != 7 || !slices.Equal(forwards, backwards) {
		t.Errorf("%d forwards, %d backwards", len(forwards), len(backwards))
	}
	for name, f := range map[string]hub.RunFilter{
		"State": {State: run.Failed}, "Kind": {Kind: run.Sweep}, "System": {System: "x"}, "AnotherSystem": {System: "00000000-0000-7000-8000-000000000000"},
	} {
		if got, err := b.hub.Runs(t.Context(), b.viewer, f, hub.Page{}, true); err != nil || len(got.Items) != 0 || got.Total != 0 {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
	last, err := b.hub.LastRuns(t.Context(), b.viewer, []system.ID{s.ID, "x"})
	if err != nil || len(last) != 1 || last[s.ID].ID != forwards[0] {
		t.Errorf("got %+v, %v", last, err)
	}
	stranger := newOrganisation(t, b.hub, "Vieras Oy")
	if got, err := b.hub.Runs(t.Context(), stranger, hub.RunFilter{}, hub.Page{}, true); err != nil || got.Total != 0 {
		t.Errorf("Promise 7: got %+v, %v", got, err)
	}
	if got, err := b.hub.RunsByID(t.Context(), stranger, forwards); err != nil || len(got) != 0 {
		t.Errorf("Promise 7: got %+v, %v", got, err)
	}
}
