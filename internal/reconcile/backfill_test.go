package reconcile_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
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
// 100 000 customers after the other, somebody edits three, and they are written in that order as soon as the customer in hand is
// done: each read, written and read back in one turn.
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
	// Calls take a while, so that more than one edit can come during one.
	_, err := b.netvisor.Fault(sandbox.Fault{Kind: sandbox.FaultLatency, Delay: sandbox.Duration(20 * time.Millisecond)})
	b.must(err)

	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { _ = b.worker.Run(ctx) })
	defer func() { stop(); all.Wait() }()
	written := func(n int) func() bool { return func() bool { return len(b.netvisor.Effects()) >= n } }
	waitFor(t, "the backfill to be under way", written(10))

	edited := []string{id(keys[197]), id(keys[199]), id(keys[198])}
	from := map[string]int{} // how many calls there had been when the edit was acknowledged
	for _, key := range edited {
		b.edit(key, customer.Fields{"email": "heti@example.test"})
		from[key] = len(b.netvisor.Calls())
		b.worker.WakeLinks()
	}
	waitFor(t, "the edits to be written", func() bool {
		return !slices.ContainsFunc(keys[197:], func(key int64) bool { return b.theirs(key).Get("Email") != "heti@example.test" })
	})
	waitFor(t, "the backfill to go on", written(40))
	stop()
	all.Wait()

	calls := b.netvisor.Calls()
	for i, key := range edited {
		at := from[key]
		others := map[string]bool{}
		for ; at < len(calls) && customerOf(calls[at]) != key; at++ {
			if of := customerOf(calls[at]); of != "" && !slices.Contains(edited[:i], of) {
				others[of] = true
			}
		}
		if len(others) > 1 {
			t.Errorf("between the edit of %s and its call were calls for %v", key, others)
		}
		var turn []string
		for _, c := range calls[at:] {
			if of := customerOf(c); of == key {
				turn = append(turn, c.Method+" "+c.Resource)
			} else if of != "" { // a list is nobody's
				break
			}
		}
		if want := []string{"GET getcustomer.nv", "POST customer.nv", "GET getcustomer.nv"}; !slices.Equal(turn, want) {
			t.Errorf("the turn of %s was %v, want %v", key, turn, want)
		}
		if i > 0 && at < slices.IndexFunc(calls, func(c sandbox.Call) bool { return c.Method == http.MethodPost && customerOf(c) == edited[i-1] }) {
			t.Errorf("%s went before %s, which was edited first", key, edited[i-1])
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
