package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/run"
	"customerhub/internal/server"
	"customerhub/internal/store"
)

const follow = `subscription($f: CustomerFilter, $a: Cursor) { customerChanged(filter: $f, after: $a) { __typename
	... on CustomerChange { change { sequence cursor kind fields { field after } customer { version } } customer { version name addresses { city } contacts { person { lastName customers { customer { name } } } } } }
	... on Heartbeat { newestSequence cursor } ... on Lagged { missed cursor } ... on SnapshotRequired { cursor } } }`

type changeEvent struct {
	Typename string `json:"__typename"`
	Change   struct {
		Sequence int
		Cursor   string
		Kind     string
		Fields   []struct{ Field, After string }
	}
	Customer *struct {
		Version   int
		Name      string
		Addresses []struct{ City string }
		Contacts  []struct{ Person struct{ LastName string } }
	}
	NewestSequence int
	Missed         int
	Cursor         string
}

func (s *socket) event(id string) changeEvent {
	s.t.Helper()
	m := s.want("next", id)
	var got struct {
		Data   struct{ CustomerChanged changeEvent }
		Errors []any
	}
	if err := json.Unmarshal(m.Payload, &got); err != nil || got.Errors != nil {
		s.t.Fatalf("%v: %s", err, m.Payload)
	}
	return got.Data.CustomerChanged
}

// started waits until the socket's operations before are under way, by having a query answered after them.
func (s *socket) started() {
	s.t.Helper()
	s.subscribe("started", `{ changes(first: 1) { newestSequence } }`, nil)
	s.want("next", "started")
	s.want("complete", "started")
}

func TestCustomerChanged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 3) // three changes
	id := globalID("Customer", uuid(2, 1))
	beginning := b.do(`{ changes(first: 1) { endCursor } }`, nil).text("changes", "endCursor")
	rename := func(t *testing.T, name string) {
		t.Helper()
		if a, errs := b.mutate(updateCustomer, vars{"id": id, "patch": vars{"name": name}}); errs != nil {
			t.Fatal(a.raw)
		}
	}
	dial := func(t *testing.T, key auth.Key) *socket {
		s := openSocket(t, b, nil)
		s.init(key)
		return s
	}

	t.Run("ResumesAfterACursorWithoutGaps", func(t *testing.T) {
		s := dial(t, b.key)
		s.subscribe("1", follow, vars{"a": beginning})
		for _, want := range []int{2, 3} {
			if e := s.event("1"); e.Typename != "CustomerChange" || e.Change.Sequence != want || e.Customer == nil {
				t.Errorf("got %+v, want change %d", e, want)
			}
		}
		rename(t, "Uusi Oy")
		e := s.event("1")
		if e.Change.Sequence != 4 || e.Change.Kind != "CUSTOMER_UPDATED" || e.Customer.Name != "Uusi Oy" || e.Customer.Version != 2 || len(e.Customer.Contacts) != 1 {
			t.Errorf("got %+v", e)
		}
		rename(t, "Uudempi Oy")
		again := dial(t, b.key)
		again.subscribe("2", follow, vars{"a": e.Change.Cursor})
		if e := again.event("2"); e.Change.Sequence != 5 {
			t.Errorf("got %+v", e)
		}
	})
	t.Run("TheCustomerIsAsItIsNow", func(t *testing.T) {
		s := dial(t, b.key)
		s.subscribe("1", follow, vars{"a": beginning})
		var last changeEvent
		for range 4 {
			last = s.event("1")
		}
		if last.Change.Sequence != 5 || last.Customer.Name != "Uudempi Oy" {
			t.Errorf("got %+v", last)
		}
	})
	t.Run("TheFilterHolds", func(t *testing.T) {
		s := dial(t, b.key)
		s.subscribe("1", follow, vars{"a": beginning, "f": vars{"kind": "PRIVATE"}})
		if e := s.event("1"); e.Change.Sequence != 3 {
			t.Errorf("got %+v", e)
		}
		s.subscribe("2", follow, vars{"a": beginning, "f": vars{"text": "uudempi"}})
		if e := s.event("2"); e.Change.Sequence != 4 || e.Customer.Name != "Uudempi Oy" {
			t.Errorf("got %+v", e)
		}
	})
	t.Run("WhoLeavesTheFilteredSetIsTold", func(t *testing.T) {
		here := b.do(`{ changes(first: 100) { endCursor } }`, nil).text("changes", "endCursor")
		active, named, inactive := dial(t, b.key), dial(t, b.key), dial(t, b.key)
		active.subscribe("1", follow, vars{"a": here, "f": vars{"status": "ACTIVE"}})
		named.subscribe("1", follow, vars{"a": here, "f": vars{"text": "lähtijä"}})
		inactive.subscribe("1", follow, vars{"a": here, "f": vars{"status": "INACTIVE"}})
		gone := b.company("Lähtijä Oy")
		if e := active.event("1"); e.Change.Kind != "CUSTOMER_CREATED" {
			t.Errorf("got %+v", e)
		}
		if e := named.event("1"); e.Change.Kind != "CUSTOMER_CREATED" {
			t.Errorf("got %+v", e)
		}
		b.must(deactivateCustomer, vars{"id": gone})
		if e := active.event("1"); e.Change.Kind != "CUSTOMER_DEACTIVATED" || e.Customer.Name != "Lähtijä Oy" {
			t.Errorf("got %+v", e)
		}
		e := inactive.event("1")
		if e.Change.Kind == "CUSTOMER_CREATED" {
			e = inactive.event("1") // looked at late, when the customer was inactive already
		}
		if e.Change.Kind != "CUSTOMER_DEACTIVATED" {
			t.Errorf("got %+v", e)
		}
		if e := named.event("1"); e.Change.Kind != "CUSTOMER_DEACTIVATED" {
			t.Errorf("got %+v", e)
		}
		b.must(updateCustomer, vars{"id": gone, "patch": vars{"name": "Muu Oy"}})
		if e := named.event("1"); e.Change.Kind != "CUSTOMER_UPDATED" || e.Customer.Name != "Muu Oy" {
			t.Errorf("got %+v", e)
		}
		// Neither follower hears of it any more: the next they hear of is somebody else.
		b.must(updateCustomer, vars{"id": gone, "patch": vars{"language": "fi"}})
		b.company("Lähtijä Toinen Oy")
		for name, s := range map[string]*socket{"active": active, "named": named} {
			if e := s.event("1"); e.Change.Kind != "CUSTOMER_CREATED" || e.Customer.Name != "Lähtijä Toinen Oy" {
				t.Errorf("%s: got %+v", name, e)
			}
		}
	})
	t.Run("FromNowOnWithoutACursor", func(t *testing.T) {
		s := dial(t, b.key)
		s.subscribe("1", follow, nil)
		begun := s.event("1")
		if begun.Typename != "Heartbeat" || begun.Cursor == "" || begun.NewestSequence < 5 {
			t.Errorf("it begins with %+v", begun)
		}
		rename(t, "Nyt Oy")
		if e := s.event("1"); e.Change.Sequence != begun.NewestSequence+1 {
			t.Errorf("got %+v after %+v", e, begun)
		}
	})
	t.Run("ACursorThatIsGoneAsksForASnapshot", func(t *testing.T) {
		s := dial(t, b.key)
		future := "Y2hhbmdlMTo5OTk5OTk" // change 999999
		s.subscribe("1", follow, vars{"a": future})
		if e := s.event("1"); e.Typename != "SnapshotRequired" || e.Cursor == "" {
			t.Errorf("got %+v", e)
		}
		s.want("complete", "1")
	})
	t.Run("NothingComesFromAnotherOrganisation", func(t *testing.T) {
		_, stranger := b.newOrganisation("Vieras Oy", auth.Admin)
		s := dial(t, stranger)
		s.subscribe("1", follow, vars{})
		if e := s.event("1"); e.Typename != "Heartbeat" || e.NewestSequence != 0 {
			t.Errorf("got %+v", e)
		}
		rename(t, "Ei Vieraille Oy")
		if a := b.as(stranger, createCustomer, vars{"input": vars{"kind": "COMPANY", "name": "Oma Oy"}}); a.code() != "" {
			t.Fatal(a.raw)
		}
		if e := s.event("1"); e.Customer.Name != "Oma Oy" || e.Change.Sequence != 1 {
			t.Errorf("got %+v", e)
		}
	})
	t.Run("ItNeedsCustomersRead", func(t *testing.T) {
		s := dial(t, b.newKey([]auth.Scope{auth.SystemsRead}, b.org))
		s.subscribe("1", follow, nil)
		if m := s.want("error", "1"); !strings.Contains(string(m.Payload), "FORBIDDEN") {
			t.Errorf("got %s", m.Payload)
		}
	})
	t.Run("EventsAreLoadedAfresh", func(t *testing.T) {
		s := dial(t, b.key)
		s.subscribe("1", `subscription($a: Cursor) { customerChanged(after: $a) { ... on CustomerChange { customer { contacts { person { customers { customer { name } } } } } } } }`, vars{"a": beginning})
		s.want("next", "1")
		s.want("next", "1")
		rename(t, "Viimeinen Oy")
		for {
			if m := s.want("next", "1"); strings.Contains(string(m.Payload), "Viimeinen Oy") {
				return
			}
		}
	})
}

func TestRunProgress(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 0)
	a, errs := b.mutate(syncNow, vars{"system": globalID("System", uuid(1, 1))})
	if errs != nil {
		t.Fatal(a.raw)
	}
	s := openSocket(t, b, nil)
	s.init(b.key)
	const q = `subscription($r: ID!) { runProgress(run: $r) { state done total system { name } finishedAt } }`
	s.subscribe("1", q, vars{"r": a.text("r", "run", "id")})
	progress := func() (out struct {
		State      string
		Done       int
		Total      *int
		FinishedAt *time.Time
		System     struct{ Name string }
	}) {
		t.Helper()
		m := s.want("next", "1")
		var got struct {
			Data struct{ RunProgress json.RawMessage }
		}
		if err := json.Unmarshal(m.Payload, &got); err != nil || json.Unmarshal(got.Data.RunProgress, &out) != nil {
			t.Fatalf("%v: %s", err, m.Payload)
		}
		return out
	}
	if p := progress(); p.State != "QUEUED" || p.Total != nil || p.System.Name == "" {
		t.Errorf("got %+v", p)
	}
	claim, work := b.claim(t)
	if p := progress(); p.State != "RUNNING" {
		t.Errorf("got %+v", p)
	}
	work.Run.Done, work.Run.Total = 5, 10
	work.Run.Counts = run.Counts{Read: 5}
	if err := b.hub.ProgressWork(t.Context(), claim, work.Run, 5, time.Minute); err != nil {
		t.Fatal(err)
	}
	if p := progress(); p.Done != 5 || *p.Total != 10 {
		t.Errorf("got %+v", p)
	}
	b.finish(t, claim, work)
	if p := progress(); p.State != "SUCCEEDED" || p.FinishedAt == nil {
		t.Errorf("got %+v", p)
	}
	s.want("complete", "1")

	s.subscribe("1", q, vars{"r": a.text("r", "run", "id")})
	if p := progress(); p.State != "SUCCEEDED" {
		t.Errorf("a run that has ended: got %+v", p)
	}
	s.want("complete", "1")
}

// TestNoGoroutineIsLeft opens and leaves many subscriptions in every way there is.
func TestNoGoroutineIsLeft(t *testing.T) {
	b := setup(t) // not parallel: it counts goroutines
	b.seed(b.org.ID, 1)
	// It begins after the newest change, so that nothing comes between what is waited for.
	subscription := vars{"id": "1", "type": "subscribe", "payload": vars{"query": follow, "variables": vars{"a": "Y2hhbmdlMTox"}}}
	others := map[string]string{
		"kyc": "kycStatusChanged", "finding": "findingRaised", "system": "systemChanged", "run": `runProgress(run: "` + globalID("Run", uuid(9, 1)) + `")`,
	}
	round := func() {
		s := openSocket(t, b, nil)
		s.init(b.key)
		for name, query := range others {
			s.send(vars{"id": name, "type": "subscribe", "payload": vars{"query": "subscription { " + query + " { __typename } }"}})
		}
		s.subscribe("asked", `{ changes(first: 1) { newestSequence } }`, nil)
		for m := s.next(); m.ID != "asked" || m.Type != "complete"; m = s.next() {
			continue // what the others say at once
		}
		for name := range others {
			s.send(vars{"id": name, "type": "complete"})
		}
		_ = s.conn.CloseNow()

		s = openSocket(t, b, nil)
		s.init(b.key)
		for i := range 10 {
			subscription["id"] = fmt.Sprint(i)
			s.send(subscription)
			if i%2 == 0 {
				s.send(vars{"id": fmt.Sprint(i), "type": "complete"})
			}
		}
		s.started()
		_ = s.conn.CloseNow()
		r, resp := b.stream(t, `{"query":"subscription { customerChanged { __typename } }"}`)
		if _, err := r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	round()
	before := settled(runtime.NumGoroutine(), 0)
	for range 10 {
		round()
	}
	if after := settled(before, 10); after > before+10 {
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines, %d before:\n%s", after, before, stacks[:runtime.Stack(stacks, true)])
	}
}

// settled waits until the number of goroutines is at most so many, or does not fall any more.
func settled(want, slack int) int {
	n := runtime.NumGoroutine()
	for range 100 {
		if n = runtime.NumGoroutine(); n <= want+slack && slack > 0 {
			return n
		}
		<-time.After(20 * time.Millisecond)
	}
	return n
}

func (b *bundle) stream(t *testing.T, body string) (*bufio.Reader, *http.Response) {
	t.Helper()
	return b.streamIn(t.Context(), t, body)
}

func (b *bundle) streamIn(ctx context.Context, t *testing.T, body string) (*bufio.Reader, *http.Response) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.url+"/graphql", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("Authorization", "Bearer "+b.key.Reveal())
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return bufio.NewReader(resp.Body), resp
}

func TestEvents(t *testing.T) {
	t.Parallel()
	b := setup(t, options(func(o *server.Options) { o.Times.Ping = 50 * time.Millisecond }))
	b.seed(b.org.ID, 2)
	// block reads up to the next empty line, past comments.
	block := func(r *bufio.Reader) string {
		var out string
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				t.Fatal(err, out)
			}
			if line == "\n" && out != "" {
				return out
			}
			if line != "\n" && !strings.HasPrefix(line, ":") {
				out += line
			}
		}
	}
	t.Run("ChangesComeAsEvents", func(t *testing.T) {
		r, resp := b.stream(t, `{"query":"subscription { customerChanged(after: \"Y2hhbmdlMTox\") { ... on CustomerChange { change { sequence } } } }"}`)
		if resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") || resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%d %v", resp.StatusCode, resp.Header)
		}
		if got := block(r); got != "event: next\ndata: {\"data\":{\"customerChanged\":{\"change\":{\"sequence\":2}}}}\n" {
			t.Errorf("got %q", got)
		}
		if a, errs := b.mutate(createCustomer, vars{"kind": "COMPANY", "name": "Uusi Oy"}); errs != nil {
			t.Fatal(a.raw)
		}
		if got := block(r); !strings.Contains(got, `"sequence":3`) {
			t.Errorf("got %q", got)
		}
	})
	t.Run("AQueryIsOneEventAndTheEnd", func(t *testing.T) {
		r, _ := b.stream(t, `{"query":"{ __typename }"}`)
		if got := block(r); got != "event: next\ndata: {\"data\":{\"__typename\":\"Query\"}}\n" {
			t.Errorf("got %q", got)
		}
		if got := block(r); got != "event: complete\ndata: \n" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("AWrongDocumentIsAnEventWithErrors", func(t *testing.T) {
		r, _ := b.stream(t, `{"query":"{ nothing }"}`)
		if got := block(r); !strings.Contains(got, "GRAPHQL_VALIDATION_FAILED") || strings.Contains(got, `"data":`) {
			t.Errorf("got %q", got)
		}
		if got := block(r); !strings.HasPrefix(got, "event: complete") {
			t.Errorf("got %q", got)
		}
	})
	t.Run("ClosingTheServerEndsTheStreamWithAnError", func(t *testing.T) {
		other := setup(t)
		r, _ := other.stream(t, `{"query":"subscription { customerChanged { __typename } }"}`)
		if _, err := r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		other.srv.Close()
		if got := block(r); !strings.Contains(got, "UNAVAILABLE") {
			t.Errorf("got %q", got)
		}
	})
}

// TestBurst follows many changes at once: all arrive, in order, with far fewer reads than changes.
func TestBurst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 0)
	s := openSocket(t, b, nil)
	s.init(b.key)
	const n = 400
	var all []customer.Customer
	for i := range n {
		all = append(all, sample(i+1))
	}
	b.inOrganisation(b.org.ID, func(ctx context.Context, tx pgx.Tx) error { return store.SaveCustomers(ctx, tx, all) })
	b.inOrganisation(b.org.ID, func(ctx context.Context, tx pgx.Tx) error { return store.AppendChanges(ctx, tx, created(all)) })
	b.number()
	b.count.take()
	s.subscribe("1", `subscription { customerChanged(after: "Y2hhbmdlMTow") { ... on CustomerChange { change { sequence } customer { name addresses { city } contacts { title } } } } }`, nil)
	for i := range n {
		if e := s.event("1"); e.Change.Sequence != i+1 || e.Customer == nil {
			t.Fatalf("got %+v, want change %d", e, i+1)
		}
	}
	if got := len(b.count.take()); got > 2*n {
		t.Errorf("%d statements for %d changes", got, n)
	}
}
