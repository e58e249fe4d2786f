package reconcile_test

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"customerhub/internal/customer"
	"customerhub/internal/link"
	sandbox "customerhub/internal/sandbox/netvisor"
)

// backlog is how many customers wait for their turn in a backfill.
const backlog = 100_000

// TestEditOvertakesABackfill holds that a person's edit is the next on the lane, whatever is waiting: while the hub writes one of
// 100 000 customers after the other, somebody edits three, and each is written as soon as the customer in hand is done.
func TestEditOvertakesABackfill(t *testing.T) {
	t.Parallel()
	b := twoWays(t, sandbox.Options{Customers: 200, Seed: 7})
	keys := b.keys()
	b.owner(`UPDATE customer SET email = 'backfill' || number || '@example.test'`)
	b.owner(`UPDATE link SET state = 'DUE', priority = $1, due_at = now() - interval '1 hour'`, int(link.Bulk))
	b.owner(`INSERT INTO link (organisation_id, id, system_id, customer_id, external_id, is_primary, state, priority, due_at)
		SELECT l.organisation_id, gen_random_uuid(), l.system_id, l.customer_id, (9000000 + g)::text, false, 'DUE', $1, now()
		FROM (SELECT * FROM link ORDER BY id LIMIT 1) l, generate_series(1, $2) g`, int(link.Bulk), backlog)
	b.owner(`ANALYZE link`)

	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { _ = b.worker.Run(ctx) })
	defer func() { stop(); all.Wait() }()
	written := func(n int) func() bool { return func() bool { return len(b.netvisor.Effects()) >= n } }
	waitFor(t, "the backfill to be under way", written(10))

	edited := map[string]int{} // by key, how many calls there had been when the edit was acknowledged
	for _, key := range keys[len(keys)-3:] {
		b.edit(id(key), customer.Fields{"email": "heti@example.test"})
		edited[id(key)] = len(b.netvisor.Calls())
		waitFor(t, "the edit to be written", func() bool { return b.theirs(key).Get("Email") == "heti@example.test" })
	}
	waitFor(t, "the backfill to go on", written(40))
	stop()
	all.Wait()

	calls := b.netvisor.Calls()
	for key, from := range edited {
		others := map[string]bool{}
		first := false
		for _, c := range calls[from:] {
			if first = customerOf(c) == key; first {
				break
			}
			if of := customerOf(c); of != "" { // a list is nobody's
				others[of] = true
			}
		}
		if !first || len(others) > 1 {
			t.Errorf("between the edit of %s and its call were calls for %v", key, others)
		}
	}
	for _, c := range calls {
		if c.Overlapped {
			t.Errorf("two calls at a time: %+v", c)
		}
	}
	if n := b.count(`SELECT count(*) FROM link WHERE priority = $1 AND due_at IS NOT NULL`, int(link.Bulk)); n < backlog-1000 {
		t.Errorf("%d are left of the backfill: it was no longer under way", n)
	}
}

// customerOf is whom a call is for.
func customerOf(c sandbox.Call) string {
	q, _ := url.ParseQuery(strings.ToLower(c.Query))
	return q.Get("id")
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for until := time.Now().Add(30 * time.Second); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("waiting for %s took too long", what)
		}
	}
}
