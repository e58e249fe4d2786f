package inbound_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"customerhub/internal/connector/connectortest"
	"customerhub/internal/fault"
	"customerhub/internal/hub"
	"customerhub/internal/inbound"
	"customerhub/internal/system"
)

func TestT17_AHundredDuplicatesAtTwoReplicasAreOneChange(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put("2", "Renamed Oy")
	changes, woken := b.count(`SELECT count(*) FROM change`), b.woken()
	var all sync.WaitGroup
	var mu sync.Mutex
	answers := map[string]int{}
	for i := range 100 {
		all.Go(func() {
			got := b.send(message{to: b.replicas[i%2], event: "e1", records: []string{"2"}})
			mu.Lock()
			answers[fmt.Sprint(got.status, " ", got.body)]++
			mu.Unlock()
			if got.took > 2*time.Second {
				t.Errorf("an answer took %s", got.took)
			}
		})
	}
	all.Wait()
	if len(answers) != 1 || answers["202 taken"] != 100 {
		t.Errorf("the answers are %v", answers)
	}
	if n := b.count(`SELECT count(*) FROM inbound_event`); n != 1 {
		t.Errorf("%d events are remembered", n)
	}
	if n := b.woken() - woken; n != 1 {
		t.Errorf("the worker was woken %d times", n)
	}
	if n := b.looks(); n != 1 || b.fake.Count(connectortest.OpRead) != 1 || b.name("2") != "Renamed Oy" {
		t.Errorf("%d looks, %d reads, the name is %q", n, b.fake.Count(connectortest.OpRead), b.name("2"))
	}
	if n := b.count(`SELECT count(*) FROM change`) - changes; n != 1 {
		t.Errorf("%d changes", n)
	}
	if n := b.polls(); n != 0 {
		t.Errorf("the system was made due too: %d", n)
	}
	if in := b.inbound(); in.LastDeliveryAt.IsZero() || !in.LastRefusedAt.IsZero() || len(in.Refused) > 0 {
		t.Errorf("it is shown as %+v", in)
	}
}

func TestT18_OrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put("1", "Third Oy") // what v3 tells of; v2 was overtaken
	b.taken(message{event: "v3", records: []string{"1"}})
	b.looks()
	b.taken(message{event: "v2", records: []string{"1"}, age: 4 * time.Minute})
	if n := b.looks(); n != 1 || b.name("1") != "Third Oy" {
		t.Errorf("%d looks, the name is %q", n, b.name("1"))
	}
	t.Run("WhatComesWhileTheRecordIsReadIsLookedAtAgain", func(t *testing.T) {
		arrived, release := b.fake.Hold(connectortest.OpRead)
		b.must(b.policyBoth())
		b.taken(message{event: "v4", records: []string{"1"}})
		done := make(chan error, 1)
		go func() {
			_, err := b.worker.LinkOne(t.Context())
			done <- err
		}()
		<-arrived
		b.put("1", "Fifth Oy")
		b.taken(message{event: "v5", records: []string{"1"}})
		release()
		b.must(<-done)
		b.looks()
		if got := b.name("1"); got != "Fifth Oy" {
			t.Errorf("the name is %q", got)
		}
	})
}

// policyBoth lets values flow both ways.
func (b *bundle) policyBoth() error {
	_, err := b.db.Owner.Exec(b.Context(), `UPDATE system SET policy = '{"direction": "BOTH"}' WHERE id = $1`, string(b.system))
	return err
}

// polledLongAgo has what was polled be polled, and what is due be due, ten seconds earlier.
func (b *bundle) polledLongAgo() {
	b.Helper()
	_, err := b.db.Owner.Exec(b.Context(), `UPDATE run SET created_at = created_at - interval '10 seconds'`)
	b.must(err)
	_, err = b.db.Owner.Exec(b.Context(), `UPDATE system SET next_due_at = next_due_at - interval '10 seconds'`)
	b.must(err)
}

func TestMessagesAreHints(t *testing.T) {
	t.Parallel()
	b := setup(t)
	later := func(t *testing.T) {
		t.Helper()
		if n := b.polls(); n != 0 {
			t.Fatalf("%d polls are due", n)
		}
		b.polledLongAgo()
	}
	t.Run("ARecordThatNobodyKnowsHasTheSystemPolled", func(t *testing.T) {
		later(t)
		b.put("9", "New Oy")
		b.taken(message{event: "new", records: []string{"9"}})
		if n := b.polls(); n != 1 || b.name("9") != "New Oy" {
			t.Errorf("%d polls, the name is %q", n, b.name("9"))
		}
		later(t)
	})
	t.Run("KnownAndUnknownRecordsTogether", func(t *testing.T) {
		later(t)
		b.put("1", "One Oy")
		b.put("10", "Ten Oy")
		b.taken(message{event: "both", records: []string{"1", "10", "1", ""}})
		if looks, polls := b.looks(), b.polls(); looks != 1 || polls != 1 || b.name("1") != "One Oy" || b.name("10") != "Ten Oy" {
			t.Errorf("%d looks, %d polls", looks, polls)
		}
	})
	t.Run("AMessageAboutNothingInParticularHasTheSystemPolled", func(t *testing.T) {
		later(t)
		b.taken(message{event: "ping"})
		if n := b.polls(); n != 1 {
			t.Errorf("%d polls", n)
		}
	})
	t.Run("SoHasOneAboutMoreThanCanBeLookedAtByThemselves", func(t *testing.T) {
		later(t)
		many := make([]string, 1001)
		for i := range many {
			many[i] = fmt.Sprint(i)
		}
		b.taken(message{event: "many", records: many})
		if looks, polls := b.looks(), b.polls(); looks != 0 || polls != 1 {
			t.Errorf("%d looks, %d polls", looks, polls)
		}
	})
	t.Run("ARecordThatWaitsForAPersonIsLeftToThePoll", func(t *testing.T) {
		later(t)
		_, err := b.db.Owner.Exec(t.Context(), `UPDATE link SET state = 'PARKED', fault_code = 'AMBIGUOUS' WHERE external_id = '3'`)
		b.must(err)
		b.taken(message{event: "parked", records: []string{"3"}})
		if looks, polls := b.looks(), b.polls(); looks != 0 || polls != 1 {
			t.Errorf("%d looks, %d polls", looks, polls)
		}
	})
	t.Run("AWaitThatTheSystemAskedForIsKept", func(t *testing.T) {
		later(t)
		_, err := b.db.Owner.Exec(t.Context(), `UPDATE system SET fault_code = 'LIMITED', fault_since = now(), next_due_at = now() + interval '1 minute'`)
		b.must(err)
		b.taken(message{event: "limited", records: []string{"77"}})
		if n := b.polls(); n != 0 {
			t.Errorf("%d polls", n)
		}
		_, err = b.db.Owner.Exec(t.Context(), `UPDATE system SET fault_code = '', fault_since = NULL, next_due_at = now() + interval '15 minutes'`)
		b.must(err)
	})
	t.Run("AFloodOfMessagesIsAPollEachFiveSeconds", func(t *testing.T) {
		later(t)
		flood := func(name string) (polls int) {
			for i := range 30 { // a poll may begin between any two
				b.taken(message{event: fmt.Sprint(name, i), records: []string{fmt.Sprint("unknown ", i)}})
				polls += b.polls()
			}
			return polls
		}
		if n := flood("first"); n != 1 {
			t.Errorf("%d polls for 30 messages", n)
		}
		if n := b.count(`SELECT count(*) FROM system s WHERE s.id = $1 AND s.next_due_at =
			(SELECT max(r.created_at) + interval '5 seconds' FROM run r WHERE r.system_id = s.id)`, string(b.system)); n != 1 {
			t.Error("the next poll is not due five seconds after that one")
		}
		b.polledLongAgo()
		if n := flood("second"); n != 1 {
			t.Errorf("%d polls for 30 more", n)
		}
		b.polledLongAgo()
		if n := b.polls(); n != 1 {
			t.Errorf("what came after the poll is lost: %d polls", n)
		}
	})
	t.Run("T20_WhatNoMessageToldOfIsFoundByThePoll", func(t *testing.T) {
		b.put("2", "Silent Oy")
		_, err := b.hub.SyncNow(t.Context(), b.viewer, b.system, false, "")
		b.must(err)
		b.work()
		if got := b.name("2"); got != "Silent Oy" {
			t.Errorf("the name is %q", got)
		}
	})
	t.Run("APausedSystemsMessagesWait", func(t *testing.T) {
		_, err := b.hub.PauseSystem(t.Context(), b.viewer, b.system, "")
		b.must(err)
		b.put("2", "Paused Oy")
		b.put("11", "Eleven Oy")
		b.taken(message{event: "paused", records: []string{"2"}})
		b.taken(message{event: "paused too", records: []string{"11"}})
		if looks, polls := b.looks(), b.polls(); looks+polls != 0 || b.name("2") != "Silent Oy" {
			t.Errorf("%d looks, %d polls, the name is %q", looks, polls, b.name("2"))
		}
		_, _, err = b.hub.StartSystem(t.Context(), b.viewer, b.system, "")
		b.must(err)
		if n := b.looks(); n != 1 || b.name("2") != "Paused Oy" {
			t.Errorf("%d looks, the name is %q", n, b.name("2"))
		}
		b.work()
		if got := b.name("11"); got != "Eleven Oy" {
			t.Errorf("the name is %q", got)
		}
	})
	t.Run("OldEventsAreForgotten", func(t *testing.T) {
		before := b.count(`SELECT count(*) FROM inbound_event`)
		_, err := b.db.Owner.Exec(t.Context(), `UPDATE inbound_event SET received_at = now() - CASE WHEN received_at = (SELECT min(received_at) FROM inbound_event)
			THEN interval '8 days 1 minute' ELSE interval '7 days 23 hours' END`)
		b.must(err)
		n, err := b.hub.ForgetEvents(t.Context())
		if left := b.count(`SELECT count(*) FROM inbound_event`); err != nil || n != 1 || left != before-1 {
			t.Errorf("%d were forgotten and %d are left, %v", n, left, err)
		}
	})
}

func TestPromise1_NothingIsAnsweredThatIsNotWritten(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for table, wait := range map[string]string{
		"inbound_endpoint": "before it is known whose the address is", "inbound_event": "while it is written", "link": "while the link is marked",
	} {
		t.Run("ADatabaseThatIsSlow/"+table, func(t *testing.T) {
			tx, err := b.db.Owner.Begin(t.Context())
			b.must(err)
			defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
			_, err = tx.Exec(t.Context(), `LOCK TABLE `+table+` IN ACCESS EXCLUSIVE MODE`)
			b.must(err)
			m := message{event: "slow " + table, records: []string{"1"}}
			got := b.send(m)
			if got.status != http.StatusServiceUnavailable || got.took > 2*time.Second || got.header.Get("Retry-After") == "" {
				t.Errorf("%s: it is answered %d after %s, %v", wait, got.status, got.took, got.header)
			}
			b.must(tx.Rollback(t.Context()))
			b.taken(m) // the sender comes again
			if n := b.looks(); n != 1 {
				t.Errorf("%s: %d looks", wait, n)
			}
		})
	}
	t.Run("ADatabaseThatIsGone", func(t *testing.T) {
		gone := b.replica()
		gone.pool.Close() // it is this replica's alone
		if got := b.send(message{to: gone, event: "gone", records: []string{"1"}}); got.status != http.StatusServiceUnavailable || got.body != "not now" {
			t.Errorf("it is answered %d %s", got.status, got.body)
		}
		if n := b.looks(); n != 0 {
			t.Errorf("%d looks", n)
		}
	})
	t.Run("AHubWithoutKeyset", func(t *testing.T) {
		with := b.keyset
		b.keyset = nil
		blind := b.replica()
		b.keyset = with
		for _, path := range []string{b.path, "/inbound/flex/0b5a4c1e-5f0c-4f62-9d0b-6b7f2f1c9a55"} {
			if got := b.send(message{to: blind, path: path, event: "blind"}); got.status != http.StatusServiceUnavailable {
				t.Errorf("it is answered %d %s", got.status, got.body)
			}
		}
	})
}

func TestAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *inbound.Options) { o.AtOnce = 1 })
	tx, err := b.db.Owner.Begin(t.Context())
	b.must(err)
	_, err = tx.Exec(t.Context(), `LOCK TABLE inbound_event IN ACCESS EXCLUSIVE MODE`)
	b.must(err)
	first := make(chan told, 1)
	go func() { first <- b.send(message{event: "first", records: []string{"1"}}) }()
	for b.count(`SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'inbound_event'::regclass`) == 0 {
		if t.Context().Err() != nil {
			t.Fatal("the first message does not come")
		}
	}
	if got := b.send(message{event: "second", records: []string{"1"}}); got.status != http.StatusServiceUnavailable || got.took > time.Second {
		t.Errorf("the second is answered %d after %s", got.status, got.took)
	}
	b.must(tx.Rollback(t.Context()))
	if got := <-first; got.status != http.StatusAccepted {
		t.Errorf("the first is answered %d", got.status)
	}
	// The sender comes again, as it does with 503: the first gives its place away a moment after its answer.
	for last := time.Now().Add(10 * time.Second); ; {
		if got := b.send(message{event: "third", records: []string{"1"}}); got.status == http.StatusAccepted {
			break
		} else if got.status != http.StatusServiceUnavailable || time.Now().After(last) {
			t.Fatalf("the third is answered %d", got.status)
		}
	}
}

func TestEndpoints(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	reason := func(t *testing.T, err error, want string) {
		t.Helper()
		if f := fault.Of(err); f == nil || f.ReasonOrCode() != want || !slices.Equal(f.Path, []string{"id"}) {
			t.Errorf("got %v, want %s at id", err, want)
		}
	}
	t.Run("OneForEachSystem", func(t *testing.T) {
		_, _, err := b.hub.CreateInboundEndpoint(ctx, b.viewer, b.system, "")
		reason(t, err, "INBOUND_EXISTS")
		silent, err := b.hub.CreateSystem(ctx, b.viewer, hub.CreateSystem{Kind: system.Netvisor}, "")
		b.must(err)
		_, _, err = b.hub.CreateInboundEndpoint(ctx, b.viewer, silent.ID, "")
		reason(t, err, "INBOUND_UNSUPPORTED")
		_, _, err = b.hub.RotateInboundSecret(ctx, b.viewer, silent.ID, "")
		reason(t, err, "INBOUND_MISSING")
		_, err = b.hub.RemoveInboundEndpoint(ctx, b.viewer, silent.ID, "")
		reason(t, err, "INBOUND_MISSING")
	})
	t.Run("AnotherOrganisationCannotReachIt", func(t *testing.T) {
		stranger, other := b.start("Vieras Oy")
		_, _, err := b.hub.RotateInboundSecret(ctx, stranger, b.system, "")
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("got %v", err)
		}
		if found, err := b.hub.InboundBySystem(ctx, stranger, []system.ID{b.system, other}); err != nil || len(found) != 0 {
			t.Errorf("got %v, %v", found, err)
		}
	})
	t.Run("TheSecretIsSealedAndBoundToItsRow", func(t *testing.T) {
		if len(b.secret) < 40 || b.count(`SELECT count(*) FROM inbound_endpoint e WHERE e::text LIKE '%' || $1 || '%'
			OR position(convert_to($1, 'UTF8') IN e.secret) > 0`, b.secret) != 0 {
			t.Error("the database shows the secret")
		}
		other, sys := b.start("Kolmas Oy")
		_, stolen, err := b.hub.CreateInboundEndpoint(ctx, other, sys, "")
		b.must(err)
		found, err := b.hub.InboundBySystem(ctx, other, []system.ID{sys})
		b.must(err)
		path := found[sys].Path
		_, err = b.db.Owner.Exec(ctx, `UPDATE inbound_endpoint SET secret = (SELECT secret FROM inbound_endpoint WHERE system_id = $1) WHERE system_id = $2`,
			string(b.system), string(sys))
		b.must(err)
		for _, secret := range []string{b.secret, stolen} {
			if got := b.send(message{path: path, secret: secret, event: "copied"}); got.status != http.StatusUnauthorized {
				t.Errorf("a secret that was copied from another row is taken: %d", got.status)
			}
		}
		if !strings.Contains(b.log.String(), "sealed with another keyset") {
			t.Error("the log does not say that the secret cannot be opened")
		}
	})
	t.Run("RotatingKeepsTheSecretBeforeForADay", func(t *testing.T) {
		_, next, err := b.hub.RotateInboundSecret(ctx, b.viewer, b.system, "rotate")
		b.must(err)
		_, again, err := b.hub.RotateInboundSecret(ctx, b.viewer, b.system, "rotate")
		if err != nil || again != next || next == b.secret {
			t.Errorf("repeated, it gives another secret: %v, %v", again == next, err)
		}
		b.taken(message{event: "old", records: []string{"1"}})
		b.taken(message{secret: next, event: "new", records: []string{"1"}})
		if in := b.inbound(); in.SecretNo != 2 || in.PreviousUntil.Sub(in.SecretSetAt) != 24*time.Hour {
			t.Errorf("it is shown as %+v", in)
		}
		_, err = b.db.Owner.Exec(ctx, `UPDATE inbound_endpoint SET previous_until = now() - interval '1 second' WHERE system_id = $1`, string(b.system))
		b.must(err)
		if got := b.send(message{event: "too late", records: []string{"1"}}); got.status != http.StatusUnauthorized {
			t.Errorf("after that day it is answered %d", got.status)
		}
		_, newest, err := b.hub.RotateInboundSecret(ctx, b.viewer, b.system, "")
		b.must(err)
		if _, late, err := b.hub.RotateInboundSecret(ctx, b.viewer, b.system, "rotate"); err != nil || late != "" {
			t.Errorf("a repetition shows a secret that is another one by now, %v", err)
		}
		b.secret = newest
		b.taken(message{event: "newest", records: []string{"1"}})
	})
	t.Run("RemovedItTakesNothing", func(t *testing.T) {
		_, err := b.hub.RemoveInboundEndpoint(ctx, b.viewer, b.system, "")
		b.must(err)
		if got := b.send(message{event: "removed", records: []string{"1"}}); got.status != http.StatusUnauthorized {
			t.Errorf("it is answered %d", got.status)
		}
		if in := b.inbound(); in.RemovedAt.IsZero() || b.count(`SELECT count(*) FROM inbound_endpoint WHERE system_id = $1 AND num_nonnulls(secret, previous_secret) > 0`, string(b.system)) != 0 {
			t.Errorf("it is shown as %+v", in)
		}
		_, secret, err := b.hub.CreateInboundEndpoint(ctx, b.viewer, b.system, "")
		b.must(err)
		path := b.inbound().Path
		if path == b.path {
			t.Error("the new address is the old one")
		}
		b.taken(message{path: path, secret: secret, event: "removed", records: []string{"1"}})
	})
}
