package main_test

import (
	"regexp"
	"strings"
	"testing"

	"customerhub/internal/pgtest"
	"customerhub/internal/sandbox/netvisor"
)

// TestUndoCommand undoes a run as an operator does: looked at before, done by name and with a reason.
func TestUndoCommand(t *testing.T) {
	t.Parallel()
	c := newCompany(t, netvisor.Options{Customers: 6, Seed: 11})
	db := pgtest.New(t)
	env := []string{newKeyset(t), "HUB_DATABASE_URL=" + db.AppURL, "HUB_TAKE_OVER_AFTER=5s"}
	s := serve(t, env)
	must(t, env, "organisation", "create", "Esimerkki Oy")
	a := api{t, s.url, must(t, env, "key", "create", "test", "--scope", "admin")}
	checked(a, c)
	if got := must(t, env, "undo"); !strings.Contains(got, "no run has changed a customer") {
		t.Error(got)
	}
	planned := planID.FindStringSubmatch(must(t, env, "plan", "--mode", "import"))
	must(t, env, "apply", planned[1], "--by", "Aino Malli", "--yes")
	// Systems are looked at every few minutes, and most of these runs change nothing.
	_, err := db.Owner.Exec(t.Context(), `INSERT INTO run (organisation_id, id, system_id, kind, state, actor_kind, actor_name)
		SELECT organisation_id, gen_random_uuid(), system_id, 'POLL', 'SUCCEEDED', 'HUB', 'schedule'
		FROM (SELECT organisation_id, system_id FROM run LIMIT 1) r, generate_series(1, 450)`)
	if err != nil {
		t.Fatal(err)
	}
	listed := must(t, env, "undo")
	id := regexp.MustCompile(`^([0-9a-f-]{36})  .*APPLY .*created 6`).FindStringSubmatch(listed)
	if id == nil {
		t.Fatal(listed)
	}
	refuses(t, run(t, env, "undo", id[1], "--apply", "--by", "Aino Malli"), 2, "--reason takes why")
	refuses(t, run(t, env, "undo", id[1], "--apply", "--by", "Aino Malli", "--reason", "Väärä yritys."), 1, "dry run first")
	refuses(t, run(t, env, "undo", "--apply"), 2, "needs the id")
	refuses(t, run(t, env, "undo", "x"), 2, "takes the id of a run")
	refuses(t, run(t, env, "undo", "00000000-0000-7000-8000-000000000000"), 1, "no run with this id")
	refuses(t, run(t, env, "undo", planned[1]), 1, "sets no values")

	shown := must(t, env, "undo", id[1], "--show", "2")
	for _, want := range []string{"6 customers", "6  TAKEN_OUT", `status: "ACTIVE" -> "INACTIVE"`, "6  RECORD_STAYS", "and more: --show", "Nothing was done", "hub undo " + id[1] + " --apply"} {
		if !strings.Contains(shown, want) {
			t.Errorf("it lacks %q:\n%s", want, shown)
		}
	}
	if done := must(t, env, "undo", id[1], "--apply", "--by", "Aino Malli", "--reason", "Väärä yritys."); !strings.Contains(done, "6  TAKEN_OUT") || strings.Contains(done, "Nothing was done") {
		t.Error(done)
	}
	type found struct {
		TotalCount int
		Nodes      []struct {
			Changes struct {
				Items []struct {
					Kind, Reason string
					Actor        struct{ Name string }
					Run          struct{ Kind string }
				}
			}
		}
	}
	got := ask[found](a, "customers", `{ customers(filter: { status: INACTIVE }, first: 1) { totalCount nodes { changes(first: 50) { items { kind reason actor { name } run { kind } } } } } }`, nil)
	if got.TotalCount != 6 {
		t.Fatalf("%+v", got)
	}
	items := got.Nodes[0].Changes.Items
	if last := items[len(items)-1]; last.Kind != "CUSTOMER_DEACTIVATED" || last.Actor.Name != "Aino Malli" || last.Run.Kind != "UNDO" || !strings.Contains(last.Reason, "Väärä yritys.") {
		t.Errorf("%+v", last)
	}
	if listed := must(t, env, "undo"); !strings.Contains(listed, "UNDO         created 0, updated 6, for Aino Malli") {
		t.Error(listed)
	}
	s.stopped()
}
