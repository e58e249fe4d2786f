package flex_test

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"customerhub/internal/sandbox/flex"
)

// pages reads a list to its end; between is called after each page.
func (b *box) pages(query string, between func()) (ids []string, pages int) {
	b.t.Helper()
	cursor := ""
	for {
		g := b.get("/customers?"+query+"&cursor="+url.QueryEscape(cursor)).is(200, "")
		tree := g.json()
		for _, one := range tree["items"].([]any) {
			ids = append(ids, text(one.(map[string]any)["id"]))
		}
		pages++
		next, more := tree["nextCursor"].(string)
		if !more {
			return ids, pages
		}
		cursor = next
		if between != nil {
			between()
		}
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	now := newClock()
	b := setup(t, flex.Options{Clock: now.Now})
	for i := range 7 {
		must[flex.Customer](t)(b.Create("", flex.Customer{Name: "Asiakas " + strconv.Itoa(i)}))
		if err := b.Advance(time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	must[flex.Customer](t)(b.Deactivate("", "fx_7003"))
	at := func(d time.Duration) string { return url.QueryEscape(now.Now().Add(d).Format(time.RFC3339)) }

	for query, want := range map[string][]string{
		"limit=3":                            {"fx_7001", "fx_7002", "fx_7003", "fx_7004", "fx_7005", "fx_7006", "fx_7007"},
		"limit=7":                            {"fx_7001", "fx_7002", "fx_7003", "fx_7004", "fx_7005", "fx_7006", "fx_7007"},
		"limit=1&active=true":                {"fx_7001", "fx_7002", "fx_7004", "fx_7005", "fx_7006", "fx_7007"},
		"active=false":                       {"fx_7003"},
		"modifiedSince=" + at(0):             {"fx_7001", "fx_7002", "fx_7003", "fx_7004", "fx_7005", "fx_7006", "fx_7007"},
		"modifiedSince=" + at(5*time.Minute): {"fx_7003", "fx_7006", "fx_7007"}, // what was changed at that moment is in
		"modifiedSince=" + at(5*time.Minute+time.Second):              {"fx_7003", "fx_7007"},
		"modifiedSince=" + at(5*time.Minute) + "&active=true&limit=1": {"fx_7006", "fx_7007"},
		"modifiedSince=" + at(time.Hour):                              nil,
		"modifiedSince=2026-03-02T10%3A05%3A00%2B02%3A00&active=true": {"fx_7006", "fx_7007"},
	} {
		if got, _ := b.pages(query, nil); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
	if _, n := b.pages("limit=7", nil); n != 1 {
		t.Errorf("a list that just fits has %d pages", n)
	}
	for _, query := range []string{
		"limit=0", "limit=201", "limit=-1", "limit=x", "limit=1.5", "active=yes", "active=TRUE", "modifiedSince=today", "modifiedSince=2026-03-02", "cursor=x", "cursor=MSAxIHg",
	} {
		b.get("/customers?"+query).is(400, flex.CodeMalformedRequest)
	}
	b.get("/customers?limit=200&active=&modifiedSince=&cursor=").is(200, "")
	// A cursor belongs to its filters; the limit may change.
	cursor := text(b.get("/customers?limit=2&active=true").json()["nextCursor"])
	b.get("/customers?limit=2&active=false&cursor="+cursor).is(400, flex.CodeMalformedRequest)
	b.get("/customers?limit=2&cursor="+cursor).is(400, flex.CodeMalformedRequest)
	b.get("/customers?limit=9&active=true&cursor="+cursor).is(200, "")
}

// TestPagingUnderChange edits, deactivates and adds customers between and during the pages: each one that was there from the beginning is read once.
func TestPagingUnderChange(t *testing.T) {
	t.Parallel()
	b := setup(t, flex.Options{Customers: 500, Seed: 4})
	stop, done := make(chan struct{}), sync.WaitGroup{}
	for w := range 3 {
		done.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				id := "fx_" + strconv.Itoa(7001+(i*7+w)%500)
				if _, err := b.Edit("", id, func(c *flex.Customer) { c.Phone = flex.Text(fmt.Sprint(w, i)) }); err != nil {
					t.Error(err)
					return
				}
				if _, err := b.Create("", flex.Customer{Name: "Uusi"}); err != nil {
					t.Error(err)
					return
				}
				time.Sleep(time.Millisecond) // the writers are to run beside the reader, not to fill the memory
			}
		})
	}
	ids, _ := b.pages("limit=13", nil)
	close(stop)
	done.Wait()
	seen := map[string]int{}
	for _, id := range ids {
		seen[id]++
	}
	for i := range 500 {
		if n := seen["fx_"+strconv.Itoa(7001+i)]; n != 1 {
			t.Errorf("fx_%d is there %d times", 7001+i, n)
		}
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s is there %d times", id, n)
		}
	}
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	now := newClock()
	b := setup(t, flex.Options{Clock: now.Now, RatePerMinute: 120, Organisations: []flex.Organisation{{ID: "a", Enabled: true}, {ID: "b", Enabled: true}}})
	for range 119 {
		b.get("/customers").is(200, "")
	}
	if err := b.Advance(20 * time.Second); err != nil {
		t.Fatal(err)
	}
	b.get("/customers/fx_1").is(404, flex.CodeNotFound) // it counts too
	if g := b.get("/customers").is(429, flex.CodeRateLimited); g.header.Get("Retry-After") != "40" {
		t.Errorf("Retry-After %s", g.header.Get("Retry-After"))
	}
	b.call("GET", "/flex/v1/customers", "", "Authorization", "Bearer nobody").is(401, flex.CodeInvalidKey)
	b.call("GET", "/flex/v1/customers", "", "Authorization", "Bearer "+b.Key("b")).is(200, "") // the other has its own
	b.put("1", company).is(429, flex.CodeRateLimited)
	if n := len(b.Customers("")); n != 0 {
		t.Error("a refused call had an effect")
	}
	advance(t, b, 40*time.Second)
	for range 119 {
		b.get("/customers").is(200, "")
	}
	b.get("/customers").is(429, flex.CodeRateLimited)
	set := b.Settings()
	set.RatePerMinute = 0
	if err := b.Set(set); err != nil {
		t.Fatal(err)
	}
	b.get("/customers").is(200, "")
}

// TestRaces lets two writers and two makers of numbers compete over real HTTP.
func TestRaces(t *testing.T) {
	t.Parallel()
	t.Run("OneRevisionHasOneWriter", func(t *testing.T) {
		t.Parallel()
		b := setup(t, flex.Options{})
		c := b.put("1", company).is(201, "").customer()
		for round := range 20 {
			var wins, stale int
			var mu sync.Mutex
			var all sync.WaitGroup
			for w := range 4 {
				all.Go(func() {
					g := b.patch(c.ID, strconv.Itoa(round+1), fmt.Sprintf(`{"phone":"%d-%d"}`, round, w))
					mu.Lock()
					defer mu.Unlock()
					switch {
					case g.status == 200:
						wins++
					case g.status == 412 && g.code() == flex.CodeStaleRevision:
						stale++
					default:
						t.Errorf("%d %s", g.status, g.body)
					}
				})
			}
			all.Wait()
			if wins != 1 || stale != 3 {
				t.Fatalf("round %d: %d writers won, %d were stale", round, wins, stale)
			}
		}
	})
	t.Run("ANumberIsGivenOnce", func(t *testing.T) {
		t.Parallel()
		b := setup(t, flex.Options{})
		var mu sync.Mutex
		numbers := map[string]int{}
		var all sync.WaitGroup
		for w := range 8 {
			all.Go(func() {
				for i := range 25 {
					c, err := b.Create("", flex.Customer{Name: "Asiakas"})
					if err != nil {
						t.Error(err)
						return
					}
					g := b.put(fmt.Sprintf("F%d", 50001+(w*25+i)*2), `{"customerTypeId":"ct_10","name":"Kilpailija"}`)
					mu.Lock()
					numbers[c.CustomerNumber]++
					if g.status == 201 {
						numbers[g.customer().CustomerNumber]++
					} else if g.status != 412 && g.status != 200 {
						t.Errorf("%d %s", g.status, g.body)
					}
					mu.Unlock()
				}
			})
		}
		all.Wait()
		for number, n := range numbers {
			if n != 1 {
				t.Errorf("%s was given %d times", number, n)
			}
		}
	})
	t.Run("OnePutCreates", func(t *testing.T) {
		t.Parallel()
		b := setup(t, flex.Options{})
		var mu sync.Mutex
		statuses := map[int]int{}
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				g := b.put("77", company)
				mu.Lock()
				statuses[g.status]++
				mu.Unlock()
			})
		}
		all.Wait()
		if statuses[201] != 1 || statuses[200] != 7 || len(b.Customers("")) != 1 {
			t.Errorf("%v", statuses)
		}
	})
}
