package main_test

import (
	"strings"
	"testing"

	"customerhub/internal/pgtest"
	"customerhub/internal/sandbox/netvisor"
)

// TestCustomerDelete is an operator who deletes a record in Netvisor, beside a running hub and without one.
func TestCustomerDelete(t *testing.T) {
	t.Parallel()
	c := newCompany(t, netvisor.Options{Customers: 8, Seed: 7})
	db := pgtest.New(t)
	keyless := []string{"HUB_DATABASE_URL=" + db.AppURL, "HUB_RETRY_AFTER=50ms", "HUB_LOST_AFTER=1s"}
	env := append([]string{newKeyset(t)}, keyless...)
	s := serve(t, env)
	must(t, env, "organisation", "create", "Esimerkki Oy")
	a := api{t, s.url, must(t, env, "key", "create", "test", "--scope", "admin")}
	system := connect(a, c)
	eventually(t, "the first import", func() bool { return a.total() == 8 })
	command := func(number string, more ...string) []string {
		return append([]string{"customer", "delete", number, "--by", "Aino Malli", "--reason", "Kahteen kertaan"}, more...)
	}
	var keys []int64
	for one := range c.Customers("") {
		if code := one.Get("code"); code != "TEMP" && code != "" {
			keys = append(keys, one.Key())
		}
	}
	numberOf := func(key int64) string {
		one, _ := c.Get("", key)
		return one.Get("code")
	}
	there := func(key int64) bool {
		_, ok := c.Get("", key)
		return ok
	}
	deletions := func() (n int) {
		for _, call := range c.Calls() {
			if call.Resource == "deletecustomer.nv" {
				n++
			}
		}
		return n
	}
	t.Run("WhereTheHubOnlyReadsItIsRefused", func(t *testing.T) {
		refuses(t, run(t, keyless, command(numberOf(keys[0]))...), 1, "only reads")
	})
	writes(a, system)
	t.Run("WithoutYesItShowsWhatWouldHappenAndDoesNothing", func(t *testing.T) {
		got := must(t, keyless, command(numberOf(keys[0]))...)
		one, _ := c.Get("", keys[0])
		for _, says := range []string{"Esimerkki Oy", numberOf(keys[0]), one.Get("Name"), "Netvisor", "Aino Malli: Kahteen kertaan", "for good", "--yes", "Nothing was done"} {
			if !strings.Contains(got, says) {
				t.Errorf("it does not say %q:\n%s", says, got)
			}
		}
		var asked int
		if err := db.Owner.QueryRow(t.Context(), `SELECT count(*) FROM deletion`).Scan(&asked); err != nil || asked != 0 || deletions() != 0 {
			t.Errorf("%d were asked for, %d calls, %v", asked, deletions(), err)
		}
	})
	t.Run("WhomItDoesNotKnowItDoesNotDelete", func(t *testing.T) {
		refuses(t, run(t, keyless, command("olematon", "--yes")...), 1, "no customer")
		refuses(t, run(t, keyless, command(numberOf(keys[0]), "--yes", "--system", "Flex")...), 1, "no system")
		refuses(t, run(t, keyless, "customer", "delete", numberOf(keys[0]), "--by", "Aino Malli", "--reason", "131052-308T", "--yes"), 1, "identity code")
	})
	t.Run("ARunningHubDoesIt", func(t *testing.T) {
		if got := must(t, keyless, command(numberOf(keys[0]), "--yes")...); !strings.HasSuffix(got, "Deleted in Netvisor.") || there(keys[0]) {
			t.Error(got)
		}
		type customers struct {
			Nodes []struct {
				Status string
				Links  []struct {
					State    string
					Deletion struct{ State, AskedBy, Reason string }
				}
			}
		}
		got := ask[customers](a, "customers", `{ customers(filter: {status: ACTIVE, syncState: NOT_IN_SCOPE}) { nodes { status links { state deletion { state askedBy reason } } } } }`, nil)
		if len(got.Nodes) != 1 || got.Nodes[0].Links[0].Deletion.State != "DONE" || got.Nodes[0].Links[0].Deletion.AskedBy != "Aino Malli" {
			t.Errorf("got %+v", got)
		}
		type changes struct {
			Items []struct {
				Kind, Reason string
				Actor        struct{ Kind, Name string }
				Origin       struct{ System struct{ Name string } }
			}
		}
		log := ask[changes](a, "changes", `{ changes(first: 200) { items { kind reason actor { kind name } origin { system { name } } } } }`, nil)
		last := log.Items[len(log.Items)-1]
		if last.Kind != "RECORD_DELETED" || last.Reason != "Kahteen kertaan" || last.Actor.Kind != "OPERATOR" || last.Actor.Name != "Aino Malli" || last.Origin.System.Name != "Netvisor" {
			t.Errorf("the log says %+v", last)
		}
		refuses(t, run(t, keyless, command(numberOfGone(a), "--yes")...), 1, "Kahteen kertaan")
	})
	t.Run("ARefusalIsSaidInTheWordsOfNetvisor", func(t *testing.T) {
		if err := c.Edit("", keys[1], func(one *netvisor.Customer) error { one.SetHasInvoices(true); return nil }); err != nil {
			t.Fatal(err)
		}
		refuses(t, run(t, keyless, command(numberOf(keys[1]), "--yes")...), 1, "Netvisor did not delete the record", "the customer has invoices")
		if !there(keys[1]) {
			t.Error("it is gone")
		}
	})
	t.Run("ALostAnswerIsWaitedForAndLookedUp", func(t *testing.T) {
		if _, err := c.Fault(netvisor.Fault{Kind: netvisor.FaultLostAnswer, Resource: "deletecustomer.nv", Times: 1}); err != nil {
			t.Fatal(err)
		}
		before := deletions()
		if got := must(t, keyless, command(numberOf(keys[2]), "--yes")...); !strings.HasSuffix(got, "Deleted in Netvisor.") || there(keys[2]) || deletions() != before+1 {
			t.Errorf("%d calls: %s", deletions()-before, got)
		}
	})
	s.stopped()
	t.Run("WithoutAHubTheCommandDoesItItself", func(t *testing.T) {
		if got := must(t, env, command(numberOf(keys[3]), "--yes")...); !strings.HasSuffix(got, "Deleted in Netvisor.") || there(keys[3]) {
			t.Error(got)
		}
	})
	t.Run("WithoutAnybodyItSaysThatItIsNotKnown", func(t *testing.T) {
		refuses(t, run(t, keyless, command(numberOf(keys[4]), "--yes", "--wait", "1s")...), 1, "HUB_KEYSET", "not known yet")
		if !there(keys[4]) {
			t.Error("it is gone")
		}
		refuses(t, run(t, keyless, command(numberOf(keys[4]), "--yes")...), 1, "Aino Malli asked for this deletion")
	})
}

// numberOfGone is the number of the one customer whose record was deleted.
func numberOfGone(a api) string {
	a.t.Helper()
	return ask[struct{ Nodes []struct{ Number string } }](a, "customers", `{ customers(filter: {syncState: NOT_IN_SCOPE}) { nodes { number } } }`, nil).Nodes[0].Number
}
