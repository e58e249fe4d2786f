package reconcile_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"customerhub/internal/customer"
	"customerhub/internal/link"
	sandbox "customerhub/internal/sandbox/netvisor"
)

// TestBacklogOfWrites writes many customers outside: one that is refused does not hold up the others, and a hub that is stopped
// again and again writes each of them once.
func TestBacklogOfWrites(t *testing.T) {
	t.Parallel()
	// effects is how often calls changed each customer.
	effects := func(b wired) map[int64]int {
		out := make(map[int64]int)
		for _, e := range b.netvisor.Effects() {
			if e.Call != 0 {
				out[e.Customer]++
			}
		}
		return out
	}
	// backfill has all customers wait to be written, behind persons' edits.
	backfill := func(b wired) {
		b.owner(`UPDATE customer SET name_extension = 'Erä ' || number`)
		b.owner(`UPDATE link SET state = 'DUE', priority = $1, due_at = now()`, int(link.Bulk))
	}
	t.Run("T39_OneThatIsAlwaysRefusedIsAlone", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, sandbox.Options{Customers: 201, Seed: 7})
		keys := b.keys()
		poison := keys[50]
		c := b.find(id(poison))
		b.owner(`UPDATE customer SET business_id = '1572860-0', business_id_valid = true, einvoice_address = '003715728600', einvoice_operator = 'NOBODY' WHERE id = $1`, string(c.ID))
		backfill(b)
		b.settle()
		got := effects(b)
		for _, key := range keys {
			if key != poison && got[key] != 1 {
				t.Errorf("customer %d was written %d times", key, got[key])
			}
		}
		l := b.find(id(poison)).Links[0]
		if got[poison] != 0 || l.State != link.Parked || l.LastMessage == "" {
			t.Errorf("the refused one was written %d times, link %s: %s", got[poison], l.State, l.LastMessage)
		}
		refused := 0
		for _, call := range b.netvisor.Calls() {
			if call.Status == "INVALID_DATA" {
				refused++
			}
		}
		if refused != 1 {
			t.Errorf("%d calls were refused: nothing is tried again before somebody mends it", refused)
		}
		b.edit(id(poison), customer.Fields{customer.FieldEInvoiceOperator: "003721291126"})
		b.settle()
		if l = b.find(id(poison)).Links[0]; effects(b)[poison] != 1 || l.State != link.InSync {
			t.Errorf("mended, it was written %d times, link %s: %s", effects(b)[poison], l.State, l.LastMessage)
		}
	})
	t.Run("T39_WhatIsMendedThereIsSentOnceWhenAPersonSaysSo", func(t *testing.T) {
		t.Parallel()
		b := twoWays(t, sandbox.Options{Customers: 5, Seed: 7})
		poison := b.keys()[2]
		refuses, err := b.netvisor.Fault(sandbox.Fault{
			Kind: sandbox.FaultFailure, Resource: "customer.nv", Query: "id=" + id(poison), Category: "INVALID_DATA", Text: "Asiakas on lukittu.",
		})
		b.must(err)
		backfill(b)
		if n := b.settle(); n != 5 {
			t.Errorf("%d calls, want one for each", n)
		}
		l := b.find(id(poison)).Links[0]
		if len(effects(b)) != 4 || effects(b)[poison] != 0 || l.State != link.Parked || !strings.Contains(l.LastMessage, "Asiakas on lukittu.") {
			t.Fatalf("%d were written, link %s: %s", len(effects(b)), l.State, l.LastMessage)
		}
		b.netvisor.ClearFault(refuses)
		b.sync(true)
		if n := b.settle(); n != 5 {
			t.Errorf("%d calls: nothing is tried again before somebody says so", n)
		}
		_, err = b.hub.RetryLink(t.Context(), b.viewer, l.ID, "")
		b.must(err)
		if n := b.settle(); n != 6 || effects(b)[poison] != 1 || b.find(id(poison)).Links[0].State != link.InSync {
			t.Errorf("%d calls, written %d times, link %+v", n, effects(b)[poison], b.find(id(poison)).Links[0].Link)
		}
		b.sync(true)
		if n := b.settle(); n != 6 {
			t.Errorf("%d calls after agreement", n)
		}
	})
	t.Run("T40_AHubThatStopsTwentyTimesWritesEachOnce", func(t *testing.T) {
		t.Parallel()
		const seed = 40
		b := twoWays(t, sandbox.Options{Customers: 120, Seed: 7})
		backfill(b)
		r := rand.New(rand.NewPCG(seed, seed))
		stops := 0
		for stops < 20 {
			ctx, stop := context.WithTimeout(t.Context(), time.Duration(10+r.IntN(60))*time.Millisecond)
			_ = b.worker.Run(ctx)
			stop()
			if b.count(`SELECT count(*) FROM link WHERE state <> 'IN_SYNC'`) == 0 {
				t.Fatalf("it was over after %d stops", stops)
			}
			stops++
		}
		b.settle()
		for key, n := range effects(b) {
			if n != 1 {
				t.Errorf("customer %d was written %d times", key, n)
			}
		}
		if n := len(effects(b)); n != 120 {
			t.Errorf("%d customers were written, want 120", n)
		}
		for _, call := range b.netvisor.Calls() {
			if call.Overlapped {
				t.Errorf("two calls at a time: %+v", call)
			}
		}
	})
}
