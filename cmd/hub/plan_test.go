package main_test

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"customerhub/internal/pgtest"
	"customerhub/internal/sandbox/netvisor"
)

var planID = regexp.MustCompile(`hub apply ([0-9a-f-]{36}) `)

// TestPlanAndApply is a first run as an operator makes it: looked at before, approved by name, done exactly (R97, R109).
func TestPlanAndApply(t *testing.T) {
	t.Parallel()
	c := newCompany(t, netvisor.Options{Customers: 40, Seed: 11})
	db := pgtest.New(t)
	env := []string{newKeyset(t), "HUB_DATABASE_URL=" + db.AppURL, "HUB_TAKE_OVER_AFTER=5s"}
	s := serve(t, env)
	must(t, env, "organisation", "create", "Esimerkki Oy")
	a := api{t, s.url, must(t, env, "key", "create", "test", "--scope", "admin")}
	checked(a, c)

	shown := must(t, env, "plan", "--mode", "import", "--show", "2", "-o", "Esimerkki Oy")
	if !strings.Contains(shown, " --by NAME --yes --organisation 'Esimerkki Oy'") {
		t.Errorf("the next command lacks a flag of this one: %s", shown)
	}
	id := planID.FindStringSubmatch(shown)
	if id == nil || !strings.Contains(shown, "IMPORT, READY") || !strings.Contains(shown, "40  CREATE") || !strings.Contains(shown, "and more") {
		t.Fatal(shown)
	}
	if n := a.total(); n != 0 {
		t.Errorf("%d customers after planning", n)
	}
	if strings.Contains(shown, "customer numbers") {
		t.Errorf("there is one series only: %s", shown)
	}
	if got := must(t, env, "apply", id[1], "--by", "Aino Malli"); !strings.Contains(got, "Nothing was done") || a.total() != 0 {
		t.Errorf("without --yes: %s", got)
	}
	var key int64
	for found := range c.Customers("") {
		if code := found.Get("code"); code != "" && code != "TEMP" {
			key = found.Key()
			break
		}
	}
	if err := c.Edit("", key, func(c *netvisor.Customer) error { return c.Set("Name", "Muutettu Oy") }); err != nil {
		t.Fatal(err)
	}
	done := must(t, env, "apply", id[1], "--by", "Aino Malli", "--note", "Katsottu.", "--yes")
	if !strings.Contains(done, "APPLIED: 39 steps executed, 1 skipped") || !strings.Contains(done, "was changed in the system after the plan was made") {
		t.Error(done)
	}
	type plan struct{ ApprovedBy, Note, State string }
	if got := ask[[]plan](a, "plans", `query ($s: ID!) { plans(system: $s) { approvedBy note state } }`, map[string]any{"s": a.onlySystem()}); len(got) != 1 || got[0] != (plan{"Aino Malli", "Katsottu.", "APPLIED"}) {
		t.Errorf("%+v", got)
	}
	if got := must(t, env, "certify", "--heal"); !strings.Contains(got, "40 compared, 39 the same, 1 different") && !strings.Contains(got, "40 the same, 0 different") {
		t.Error(got) // a poll may have taken in already what was skipped
	}
	if got := must(t, env, "certify"); !strings.Contains(got, "40 compared, 40 the same, 0 different") {
		t.Error(got)
	}
	refuses(t, run(t, env, "apply", id[1], "--by", "Aino Malli", "--yes"), 1, "The plan is APPLIED, so it cannot be applied. Make another one.")
	if got := must(t, env, "apply", id[1], "--by", "Aino Malli"); strings.Contains(got, "--yes does it") || !strings.Contains(got, "Nothing was done: a plan that is APPLIED") {
		t.Errorf("looked at after it was applied: %s", got)
	}
	refuses(t, run(t, env, "apply", "00000000-0000-7000-8000-000000000000", "--by", "Aino Malli"), 1, "no plan")
	s.stopped()
}

// TestR91_PlanForeseesNumbers plans a first run whose records have numbers near those that people gave in the hub.
func TestR91_PlanForeseesNumbers(t *testing.T) {
	t.Parallel()
	c := newCompany(t, netvisor.Options{Customers: 40, Seed: 11})
	var highest int
	for found := range c.Customers("") {
		if code, err := strconv.Atoi(found.Get("code")); err == nil {
			highest = max(highest, code)
		}
	}
	db := pgtest.New(t)
	env := []string{newKeyset(t), "HUB_DATABASE_URL=" + db.AppURL}
	s := serve(t, env)
	must(t, env, "organisation", "create", "Esimerkki Oy")
	a := api{t, s.url, must(t, env, "key", "create", "test", "--scope", "admin")}
	checked(a, c)
	for i := range 5 {
		const doc = `mutation ($n: String!) { createCustomer(input: {kind: COMPANY, name: "Numeroitu Oy", number: $n}) { userErrors { message } } }`
		change[struct{}](a, "createCustomer", doc, map[string]any{"n": strconv.Itoa(highest + 11 + i)})
	}
	shown := must(t, env, "plan", "--mode", "both")
	if want := fmt.Sprintf("of the hub at %d, 10 numbers ahead.", highest+11); !strings.Contains(shown, want) {
		t.Errorf("%q is not said: %s", want, shown)
	}
	s.stopped()
}

// onlySystem is the global id of the system that there is.
func (a api) onlySystem() string {
	a.t.Helper()
	all := ask[[]identified](a, "systems", `{ systems { id } }`, nil)
	if len(all) != 1 {
		a.t.Fatalf("%d systems", len(all))
	}
	return all[0].ID
}

// TestLargePlan plans a first run of many customers and applies it; five that change in between are skipped. It runs when HUB_LARGE is
// the number of customers, and is not parallel, since it measures.
func TestLargePlan(t *testing.T) {
	n, seed := largeSetting(t)
	ctx, cancel := context.WithTimeout(t.Context(), largeTime(t, n))
	defer cancel()
	c := newCompany(t, netvisor.Options{Customers: n, Seed: seed})
	l := &large{t: t, ctx: ctx, customers: n, company: c, env: []string{"HUB_DATA=" + filepath.Join(folder(t), "data")}}
	l.serve()
	must(t, l.env, "organisation", "create", "Esimerkki Oy")
	l.api.key = must(t, l.env, "key", "create", "test", "--scope", "admin")
	system := checked(l.api, c)
	type planned struct{ Plan struct{ ID string } }
	began := time.Now()
	plan := change[planned](l.api, "planSystem", `mutation ($in: PlanSystemInput!) { planSystem(input: $in) { plan { id } userErrors { code message } } }`,
		map[string]any{"in": map[string]any{"system": system, "mode": "IMPORT"}}).Plan.ID
	ready := func(state string) {
		for {
			type now struct{ State string }
			if got := ask[now](l.api, "node", `query ($id: ID!) { node(id: $id) { ... on Plan { state } } }`, map[string]any{"id": plan}); got.State == state {
				return
			}
			select {
			case <-ctx.Done():
				t.Fatalf("the plan does not come to %s", state)
			case <-time.After(200 * time.Millisecond):
			}
		}
	}
	ready("READY")
	took, peak := time.Since(began), l.peak("after the plan")
	var keys []int64
	for found := range c.Customers("") {
		if code := found.Get("code"); code != "" && code != "TEMP" && len(keys) < 5 {
			keys = append(keys, found.Key())
		}
	}
	for _, key := range keys {
		if err := c.Edit("", key, func(c *netvisor.Customer) error { return c.Set("NameExtension", "muutettu") }); err != nil {
			t.Fatal(err)
		}
	}
	in := map[string]any{"in": map[string]any{"id": plan}}
	change[planned](l.api, "approvePlan", `mutation ($in: ApprovePlanInput!) { approvePlan(input: $in) { plan { id } userErrors { code message } } }`, in)
	began = time.Now()
	change[planned](l.api, "applyPlan", `mutation ($in: ApplyPlanInput!) { applyPlan(input: $in) { plan { id } userErrors { code message } } }`, in)
	ready("APPLIED")
	applied, after := time.Since(began), l.peak("after applying")
	type counts struct {
		Counts struct{ Executed, Skipped int }
	}
	got := ask[counts](l.api, "node", `query ($id: ID!) { node(id: $id) { ... on Plan { counts { executed skipped } } } }`, map[string]any{"id": plan})
	if got.Counts.Executed != n-5 || got.Counts.Skipped != 5 {
		t.Errorf("%+v of %d", got, n)
	}
	if max(peak, after) > largeMemory {
		t.Errorf("peak resident memory %.1f and %.1f MiB, want at most %.0f", peak, after, largeMemory)
	}
	l.hub.stopped()
	t.Logf("plan: %.1f s, %.0f records/s, peak %.1f MiB; apply: %.1f s, %.0f records/s, peak %.1f MiB", took.Seconds(), float64(n)/took.Seconds(), peak,
		applied.Seconds(), float64(n)/applied.Seconds(), after)
}
