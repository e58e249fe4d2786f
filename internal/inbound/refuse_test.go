package inbound_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"customerhub/internal/connector"
	"customerhub/internal/inbound"
	"customerhub/internal/system"
)

const nowhere = "/inbound/flex/0b5a4c1e-5f0c-4f62-9d0b-6b7f2f1c9a55"

func TestT21_NobodyLearnsWhoIsKeptHere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	gone := b.removed()
	refused := map[string]message{
		"AnotherSecret":           {secret: "guessed"},
		"AnotherBody":             {after: func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(`{"records":["2"]}`)) }},
		"NoSignature":             {after: func(r *http.Request) { r.Header.Del("X-Fake-Signature") }},
		"NoHeadersAtAll":          {after: func(r *http.Request) { r.Header = http.Header{} }},
		"SignedTenMinutesAgo":     {age: 10 * time.Minute},
		"SignedTenMinutesFromNow": {age: -10 * time.Minute},
		"NotUnderstood":           {body: `{"records": 5}`},
		"NoBody":                  {body: " "},
		"WithoutEventID":          {after: func(r *http.Request) { r.Header.Del("X-Fake-Event") }},
		"NoSuchAddress":           {path: nowhere},
		"NoSuchAddressInCapitals": {path: strings.ToUpper(nowhere[:1]) + nowhere[1:len(nowhere)-36] + strings.ToUpper(nowhere[len(nowhere)-36:])},
		"NoAddress":               {path: "/inbound/flex/x"},
		"AddressOfAnotherKind":    {path: strings.Replace(b.path, "flex", "netvisor-kyc", 1)},
		"KindThatSendsNothing":    {path: strings.Replace(b.path, "flex", "netvisor", 1)},
		"KindThatIsNone":          {path: strings.Replace(b.path, "flex", "x", 1)},
		"RemovedAddress":          gone,
	}
	rows := b.rows()
	var want *told
	for _, name := range slices.Sorted(maps.Keys(refused)) {
		m := refused[name]
		if m.event == "" {
			m.event = "refused"
		}
		m.records = []string{"1"}
		got := b.send(m)
		if want == nil {
			want = &got
		}
		if got.status != http.StatusUnauthorized || got.body != "refused" || !cmp.Equal(got.header, want.header) {
			t.Errorf("%s is answered %d %q %v, others %v", name, got.status, got.body, got.header, want.header)
		}
	}
	if n := b.looks(); n != 0 || b.rows() != rows || b.polls() != 0 {
		t.Errorf("work came of it: %d looks, %s after %s", n, b.rows(), rows)
	}

	t.Run("AfterTheSameWork", func(t *testing.T) {
		forged, unknown := message{secret: "guessed", event: "x"}, message{path: nowhere, event: "x"}
		work := func(m message) (statements, verified int64) {
			r := b.replicas[0]
			statements, verified = r.tracer.n.Load(), b.verified.Load()
			b.send(m)
			return r.tracer.n.Load() - statements, b.verified.Load() - verified
		}
		for range 3 {
			s1, v1 := work(forged)
			s2, v2 := work(unknown)
			if s1 != s2 || v1 != 2 || v2 != 2 {
				t.Errorf("a forged one takes %d statements and is verified %d times, one to nowhere %d and %d", s1, v1, s2, v2)
			}
		}
		// And in the same time, as far as a machine that does other things can tell: the two take turns.
		took := map[string][]time.Duration{}
		for range 60 {
			took["forged"] = append(took["forged"], b.send(forged).took)
			took["unknown"] = append(took["unknown"], b.send(unknown).took)
		}
		median := func(of string) time.Duration { return slices.Sorted(slices.Values(took[of]))[len(took[of])/2] }
		t.Logf("forged %s, to nowhere %s", median("forged"), median("unknown"))
		if d := (median("forged") - median("unknown")).Abs(); d > 5*time.Millisecond {
			t.Errorf("the medians differ by %s", d)
		}
	})

	t.Run("TheyAreCounted", func(t *testing.T) {
		in := b.counted()
		got := map[system.Refusal]int{}
		for _, n := range in.Refused {
			got[n.Reason] = n.Count
			if n.LastAt.IsZero() || n.LastAt.After(in.LastRefusedAt) {
				t.Errorf("the last one is of %s, of all of %s", n.LastAt, in.LastRefusedAt)
			}
		}
		// 3 forged and 3 + 60 of the part above, two too old, three that say nothing the hub understands.
		want := map[system.Refusal]int{system.RefusedSignature: 4 + 63, system.RefusedTooOld: 2, system.RefusedNotUnderstood: 3}
		if !maps.Equal(got, want) {
			t.Errorf("they are counted as %v, want %v", got, want)
		}
		if !strings.Contains(b.log.String(), "messages to no address of the hub were refused") {
			t.Error("the log does not tell of those to nowhere")
		}
	})
}

// removed is a message to an address that was removed.
func (b *bundle) removed() message {
	b.Helper()
	m := message{path: b.path, secret: b.secret, event: "removed"}
	_, err := b.hub.RemoveInboundEndpoint(b.Context(), b.viewer, b.system, "")
	b.must(err)
	_, secret, err := b.hub.CreateInboundEndpoint(b.Context(), b.viewer, b.system, "")
	b.must(err)
	b.secret, b.path = secret, b.inbound().Path
	return m
}

// rows is what messages write, but for counts.
func (b *bundle) rows() string {
	return fmt.Sprint(b.count(`SELECT count(*) FROM inbound_event`), b.count(`SELECT count(*) FROM link WHERE due_at IS NOT NULL`),
		b.count(`SELECT count(*) FROM run WHERE state = 'QUEUED'`), b.count(`SELECT count(*) FROM change`))
}

func TestT21_ReplaysDoNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := message{event: "once", records: []string{"1"}, age: 4 * time.Minute}
	b.taken(m)
	b.looks()
	m.to = b.replicas[1]
	b.taken(m) // within the window it is told by its id
	m.age = 6 * time.Minute
	if got := b.send(m); got.status != http.StatusUnauthorized { // after the window by its time
		t.Errorf("after the window it is answered %d", got.status)
	}
	if n := b.looks() + b.polls(); n != 0 {
		t.Errorf("work came of it: %d", n)
	}
}

func TestT21_Sizes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	full := func(n int) string { return `{"records":["1"],"note":"` + strings.Repeat("x", n-27) + `"}` }
	b.taken(message{event: "largest", body: full(256 << 10)})
	b.looks()
	chunked := func(r *http.Request) { r.ContentLength = -1 }
	for name, m := range map[string]message{
		"OneByteMore":        {event: "large", body: full(256<<10 + 1)},
		"OneByteMoreInParts": {event: "large", body: full(256<<10 + 1), after: chunked},
		"FiftyMegabytes":     {event: "large", body: full(50 << 20), after: chunked},
		"ToNowhere":          {event: "large", body: full(256<<10 + 1), path: nowhere},
	} {
		t.Run(name, func(t *testing.T) {
			// The server may close the connection while the rest is on its way, which some senders see first.
			resp, err := http.DefaultClient.Do(b.request(m))
			if err != nil {
				t.Skip("the answer was overtaken by the end of the connection: ", err)
			}
			defer resp.Body.Close()
			text, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != http.StatusRequestEntityTooLarge || string(text) != "too large\n" {
				t.Errorf("it is answered %d %s", resp.StatusCode, text)
			}
		})
	}
	if n := b.looks(); n != 0 {
		t.Errorf("%d looks", n)
	}
	if in := b.counted(); len(in.Refused) != 1 || in.Refused[0].Reason != system.RefusedTooLarge || in.Refused[0].Count < 1 {
		t.Errorf("it is counted as %v", in.Refused)
	}
}

func TestT21_ASlowBodyIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *inbound.Options) { o.Time = 300 * time.Millisecond })
	u, err := url.Parse(b.replicas[0].url)
	b.must(err)
	for name, head := range map[string]string{"WithALength": "Content-Length: 100\r\n\r\n{", "InParts": "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"} {
		t.Run(name, func(t *testing.T) {
			c, err := net.Dial("tcp", u.Host)
			b.must(err)
			defer c.Close()
			b.must(c.SetDeadline(time.Now().Add(10 * time.Second)))
			began := time.Now()
			_, err = io.WriteString(c, "POST "+b.path+" HTTP/1.1\r\nHost: hub.example.test\r\n"+head)
			b.must(err)
			resp, err := http.ReadResponse(bufio.NewReader(c), nil)
			b.must(err)
			defer resp.Body.Close()
			if took := time.Since(began); resp.StatusCode != http.StatusRequestTimeout || took > 2*time.Second {
				t.Errorf("it is answered %d after %s", resp.StatusCode, took)
			}
			// And the connection is not kept for the rest.
			_, _ = io.Copy(io.Discard, resp.Body)
			if n, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
				t.Errorf("the connection goes on: %d, %v", n, err)
			}
		})
	}
	if in := b.counted(); len(in.Refused) != 1 || in.Refused[0].Reason != system.RefusedTooSlow || in.Refused[0].Count != 2 {
		t.Errorf("it is counted as %v", in.Refused)
	}
}

func TestRate(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *inbound.Options) { o.Rate, o.Burst = 0.001, 3 })
	elsewhere := &http.Client{Transport: &http.Transport{
		DialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}).DialContext, DisableKeepAlives: true,
	}}
	for i := range 3 {
		b.taken(message{event: fmt.Sprint(i), records: []string{"1"}})
	}
	for _, path := range []string{b.path, nowhere} {
		for range 3 {
			b.send(message{path: path, event: "more"})
		}
		if got := b.send(message{path: path, event: "more"}); got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") == "" {
			t.Errorf("%s: it is answered %d %v", path, got.status, got.header)
		}
	}
	if runtime.GOOS == "linux" { // where all of 127.0.0.0/8 is this machine
		b.taken(message{event: "elsewhere", records: []string{"1"}, client: elsewhere}) // another place is not held up by the first
	}
	if in := b.counted(); len(in.Refused) != 1 || in.Refused[0].Reason != system.RefusedTooMany {
		t.Errorf("it is counted as %v", in.Refused)
	}
}

func TestSomebodyIsToldWhenNothingCanBeVerified(t *testing.T) {
	t.Parallel()
	b := setup(t)
	standing := func() int {
		return b.count(`SELECT count(*) FROM finding WHERE code = 'INBOUND_REFUSED' AND resolved_at IS NULL AND system_id = $1`, string(b.system))
	}
	forge := func(n int) {
		for range n {
			b.send(message{secret: "not the one", event: "x", records: []string{"1"}})
		}
		b.counted()
	}
	forge(4)
	if n := standing(); n != 0 {
		t.Fatalf("%d findings after 4", n)
	}
	forge(1)
	forge(3)
	if n := standing(); n != 1 {
		t.Fatalf("%d findings after 8", n)
	}
	t.Run("AFullComparisonDoesNotEndIt", func(t *testing.T) {
		_, err := b.hub.SyncNow(t.Context(), b.viewer, b.system, true, "")
		b.must(err)
		b.work()
		if n := standing(); n != 1 {
			t.Errorf("%d findings", n)
		}
	})
	t.Run("AMessageThatFitsDoes", func(t *testing.T) {
		b.taken(message{event: "right", records: []string{"1"}})
		if n := standing(); n != 0 {
			t.Errorf("%d findings", n)
		}
		if n := b.count(`SELECT count(*) FROM change WHERE kind = 'FINDING_RESOLVED'`); n != 1 {
			t.Errorf("%d changes tell of it", n)
		}
	})
	t.Run("WhatWasRefusedBeforeThatCountsNoMore", func(t *testing.T) {
		for range 6 {
			b.send(message{secret: "not the one", event: "x"})
		}
		_, err := b.db.Owner.Exec(t.Context(), `UPDATE inbound_endpoint SET last_delivery_at = now() + interval '1 second'`) // at another replica
		b.must(err)
		b.counted()
		if n := standing(); n != 0 {
			t.Errorf("%d findings", n)
		}
		_, err = b.db.Owner.Exec(t.Context(), `UPDATE inbound_endpoint SET last_delivery_at = now() - interval '1 hour'`)
		b.must(err)
	})
	t.Run("SoDoesAnotherSecret", func(t *testing.T) {
		forge(6)
		if n := standing(); n != 1 {
			t.Fatalf("%d findings", n)
		}
		_, secret, err := b.hub.RotateInboundSecret(t.Context(), b.viewer, b.system, "")
		b.must(err)
		b.secret = secret
		if n := standing(); n != 0 {
			t.Errorf("%d findings", n)
		}
	})
	t.Run("WhatIsTooLargeSaysNothingOfTheSecret", func(t *testing.T) {
		for range 6 {
			b.send(message{event: "large", body: strings.Repeat("x", 256<<10+1)})
		}
		b.counted()
		if n := standing(); n != 0 {
			t.Errorf("%d findings", n)
		}
	})
}

// TestPromise11_MessagesLeaveNoTrace sends canaries in every part of messages, and looks for them in the log and in the database.
func TestPromise11_MessagesLeaveNoTrace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const canary, code = "kanarialintu", "010190-900P"
	body := `{"records":["1"],"note":"` + canary + ` ` + code + `"}`
	mark := func(r *http.Request) {
		r.Header.Set("X-Fake-Trace", canary)
		r.Header.Set("Authorization", "Bearer "+canary)
	}
	b.taken(message{event: canary, body: body, after: mark})
	b.send(message{event: canary, body: body, after: mark, secret: canary})
	b.send(message{event: canary, body: canary + code, after: mark})
	b.send(message{event: canary, body: body, after: mark, path: nowhere})
	b.send(message{event: canary, body: body, after: mark, path: "/inbound/flex/" + canary})
	b.kinds[system.Flex] = panicking(b.kinds[system.Flex])
	broken := b.replica()
	b.send(message{to: broken, event: canary, body: body, after: mark})
	broken.receiver.Close()
	b.looks()
	b.counted()
	for _, secret := range []string{canary, code, b.secret, b.path[len(b.path)-36:]} {
		if strings.Contains(b.log.String(), secret) {
			t.Errorf("the log shows %s", secret)
		}
	}
	if !strings.Contains(b.log.String(), "could not be read") {
		t.Error("the log does not tell of the message that a connector stumbled over")
	}
	rows, err := b.db.Owner.Query(t.Context(), `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`)
	b.must(err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	b.must(err)
	for _, table := range tables {
		if n := b.count(`SELECT count(*) FROM `+pgx.Identifier{table}.Sanitize()+` x WHERE x::text ~ $1`, canary+"|"+code); n > 0 {
			t.Errorf("%d rows of %s show what was sent", n, table)
		}
	}
}

// panicking is a kind that stumbles over every message.
func panicking(k connector.Kind) connector.Kind {
	k.Receive = func(d connector.Delivery, _ string, _ time.Time) (connector.Received, error) {
		panic(string(bytes.Clone(d.Body)))
	}
	return k
}
