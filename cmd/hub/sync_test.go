package main_test

import (
	"context"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"customerhub/internal/pgtest"
	"customerhub/internal/sandbox/netvisor"
)

func TestSyncAfterADeadHub(t *testing.T) {
	t.Parallel()
	// A batch in the middle waits until its hub is dead.
	reached, gone := make(chan struct{}), make(chan struct{})
	var cards atomic.Int32
	c := newCompany(t, netvisor.Options{Customers: 250, Seed: 11, Gate: func(ctx context.Context, call netvisor.Call) {
		if call.Resource == "getcustomer.nv" && cards.Add(1) == 3 {
			close(reached)
			select {
			case <-gone:
			case <-ctx.Done():
			}
		}
	}})
	db := pgtest.New(t)
	keyless := []string{"HUB_DATABASE_URL=" + db.AppURL, "HUB_TAKE_OVER_AFTER=2s"}
	env := append([]string{newKeyset(t)}, keyless...)
	first := serve(t, env)
	must(t, env, "organisation", "create", "Esimerkki Oy")
	key := must(t, env, "key", "create", "test", "--scope", "admin")
	connect(api{t, first.url, key}, c)
	<-reached
	first.signal(syscall.SIGKILL)
	first.ends()
	close(gone)
	if _, err := db.Owner.Exec(t.Context(), `INSERT INTO person (organisation_id, id, last_name, orphaned_at)
		SELECT id, gen_random_uuid(), 'Orpo', now() - interval '31 days' FROM organisation`); err != nil {
		t.Fatal(err)
	}

	second := serve(t, keyless)
	a := api{t, second.url, key}
	t.Run("WithoutAKeysetNobodyIsWaitedForForEver", func(t *testing.T) {
		refuses(t, run(t, keyless, "sync"), 1, "no progress for 4s", "HUB_KEYSET_FILE")
	})
	t.Run("AHubWithoutAKeysetLeavesTheRunToOthers", func(t *testing.T) {
		if !strings.Contains(second.errOut.String(), "no keyset") {
			t.Error("it does not say so")
		}
		type runs struct{ Nodes []struct{ State string } }
		// Its lease has ended by now, since the command before waited for twice as long.
		if got := ask[runs](a, "runs", `{ runs(filter: {kind: FIRST_IMPORT}, first: 5) { nodes { state } } }`, nil); len(got.Nodes) != 1 || got.Nodes[0].State != "RUNNING" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("PersonsOfNoCustomerAreErased", func(t *testing.T) {
		second.says(second.errOut, "erased persons of no customer")
	})
	t.Run("WithAKeysetItTakesOverAndGoesOn", func(t *testing.T) {
		if got := must(t, env, "sync"); !strings.Contains(got, "customers: 0 new") {
			t.Error(got)
		}
		if n := a.total(); n != 250 {
			t.Errorf("%d customers, want 250", n)
		}
	})
	second.stopped()
}
