package netvisor

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// try sends and takes whatever comes, also half an answer.
func (b *bench) try(r *http.Request) (a answer, err error) {
	res, err := b.server.Client().Do(r)
	if err != nil {
		return a, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(body)}, err
}

func (b *bench) fault(t *testing.T, f Fault) int64 {
	t.Helper()
	id, err := b.Fault(f)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (b *bench) lastCall() Call {
	calls := b.Calls()
	return calls[len(calls)-1]
}

// wellFormed reports whether a parser takes all of it as one document.
func wellFormed(s string) bool {
	d := xml.NewDecoder(strings.NewReader(s))
	for {
		if _, err := d.Token(); err != nil {
			return errors.Is(err, io.EOF)
		}
	}
}

func TestFaultsOfReads(t *testing.T) {
	t.Parallel()
	whole := setup(t, Options{Customers: 50, Seed: 1}).mustGet(t, "customerlist.nv").body
	play := func(t *testing.T, f Fault) (answer, Call, error) {
		t.Helper()
		b := setup(t, Options{Customers: 50, Seed: 1})
		b.fault(t, f)
		a, err := b.try(b.request(t.Context(), "customerlist.nv"))
		c := b.lastCall()
		if want := string(f.Kind) + "#1"; c.Faults != want || c.Committed || c.End.IsZero() {
			t.Errorf("log: %+v", c)
		}
		b.ClearFault(0)
		if a := b.mustGet(t, "customerlist.nv"); a.body != whole {
			t.Error("the fault outlives its clearing")
		}
		return a, c, err
	}
	for _, status := range []int{500, 502, 503, 504} {
		t.Run("T9_Status"+strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			a, c, err := play(t, Fault{Kind: FaultStatus, Status: status, RetryAfter: 7})
			if err != nil || a.status != status || a.header.Get("Retry-After") != "7" || strings.Contains(a.body, "ResponseStatus") || c.HTTPStatus != status {
				t.Error(err, a.status, a.body, c)
			}
		})
	}
	t.Run("T16_TooMany", func(t *testing.T) {
		t.Parallel()
		if a, _, err := play(t, Fault{Kind: FaultTooMany, RetryAfter: 30}); err != nil || a.status != 429 || a.header.Get("Retry-After") != "30" {
			t.Error(err, a)
		}
	})
	for kind, want := range map[FaultKind]string{
		FaultMaintenance: "SYSTEM_MAINTENANCE :: The service is down for maintenance",
		FaultOverlap:     "TECHNICAL_ERROR :: The previous request of the company",
		FaultRevoked:     "AUTHENTICATION_FAILED :: API identifier was not found",
		FaultNotAllowed:  "SERVICE_ACCESS_ERROR :: The company has not allowed the resource: customerlist.nv",
	} {
		t.Run("T15_T16_"+string(kind), func(t *testing.T) {
			t.Parallel()
			if a, _, err := play(t, Fault{Kind: kind}); err != nil || a.status != 200 || !strings.HasPrefix(a.failure(), want) {
				t.Error(err, a.failure())
			}
		})
	}
	t.Run("T11_AnyCategoryWithOrWithoutText", func(t *testing.T) {
		t.Parallel()
		for _, tt := range [][3]string{{"PERIOD_LOCK", "Kausi 100 % lukossa", "PERIOD_LOCK :: Kausi 100 % lukossa"}, {"SOMETHING_NEW", "", "SOMETHING_NEW"}} {
			if a, _, _ := play(t, Fault{Kind: FaultFailure, Category: tt[0], Text: tt[1]}); a.failure() != tt[2] {
				t.Error(a.failure())
			}
		}
		if a, _, _ := play(t, Fault{Kind: FaultMaintenance, Variant: "misspelt"}); a.category() != "SYSTEM_MAINTANANCE" { //nolint:misspell // as the service writes it
			t.Error(a.failure())
		}
	})
	t.Run("LostConnection", func(t *testing.T) {
		t.Parallel()
		for _, kind := range []FaultKind{FaultLostRequest, FaultLostAnswer} {
			if a, c, err := play(t, Fault{Kind: kind}); err == nil || !c.Aborted || c.HTTPStatus != 0 || c.Bytes != 0 {
				t.Errorf("%s: answered %+v", kind, a)
			}
		}
	})

	t.Run("T13_CutAnywhere", func(t *testing.T) {
		t.Parallel()
		for _, f := range []Fault{{At: 1}, {At: 1000}, {At: int64(len(whole) - 1)}, {Fraction: 0.37}} {
			for _, clean := range []bool{false, true} {
				f.Kind, f.CleanEnd = FaultTruncate, clean
				want := int(max(f.At, int64(f.Fraction*float64(len(whole)))))
				a, c, err := play(t, f)
				if a.body != whole[:want] || (err == nil) != clean || c.Aborted == clean || c.Bytes != int64(want) {
					t.Errorf("%+v: %d bytes of %d, error %v, log %+v", f, len(a.body), want, err, c)
				}
				if clean && a.header.Get("Content-Length") != strconv.Itoa(want) {
					t.Errorf("length %s", a.header.Get("Content-Length"))
				}
			}
		}
	})
	t.Run("T13_CutExactlyBetweenTwoCustomers", func(t *testing.T) {
		t.Parallel()
		for _, customers := range []int{0, 1, 17} {
			a, _, err := play(t, Fault{Kind: FaultTruncate, Customers: customers, CleanEnd: true})
			want := customers
			if customers == 0 {
				want = 25
			}
			if err != nil || !strings.HasPrefix(whole, a.body) || !strings.HasSuffix(a.body, "</Customer>\r\n") || strings.Count(a.body, "</Customer>") != want || wellFormed(a.body) {
				t.Errorf("%d: %v …%s", customers, err, a.body[max(0, len(a.body)-50):])
			}
		}
	})
	t.Run("T28_FewerRowsAreWellFormed", func(t *testing.T) {
		t.Parallel()
		for fraction, want := range map[float64]int{0: 0, 0.6: 30, 1: 51} {
			a, c, err := play(t, Fault{Kind: FaultFewer, Fraction: fraction})
			if err != nil || a.failure() != "" || strings.Count(a.body, "<Netvisorkey>") != want || !wellFormed(a.body) || c.Customers != want {
				t.Errorf("%v: %v %d rows, log %+v", fraction, err, strings.Count(a.body, "<Netvisorkey>"), c)
			}
		}
	})

	latin, _ := encodeLatin9(whole)
	for variant, check := range map[string]func(string) bool{
		GarbageLoginPage:     func(s string) bool { return strings.Contains(s, "Kirjaudu") && !wellFormed(s) },
		GarbageEmpty:         func(s string) bool { return s == "" },
		GarbageJSON:          func(s string) bool { return s[0] == '{' },
		GarbageLatin:         func(s string) bool { return s == latin && strings.Contains(s, `encoding="utf-8"`) },
		GarbageByteOrderMark: func(s string) bool { return s == "\uFEFF"+whole },
		GarbageNUL:           func(s string) bool { return strings.Replace(s, "\x00", "", 1) == whole && !wellFormed(s) },
		GarbageEntityBomb: func(s string) bool {
			return strings.Contains(s, "&a19;&a19;") && strings.Contains(s, "<Name>&a20;</Name>")
		},
		GarbageExternalEntity: func(s string) bool { return strings.Contains(s, "SYSTEM \"file:") },
		GarbageDeep:           func(s string) bool { return strings.Count(s, "<a>") == 100_000 },
		GarbageNoStatus: func(s string) bool {
			return !strings.Contains(s, "ResponseStatus") && strings.Count(s, "<Netvisorkey>") == 51 && wellFormed(s)
		},
	} {
		t.Run("T12_"+variant, func(t *testing.T) {
			t.Parallel()
			if a, _, err := play(t, Fault{Kind: FaultGarbage, Variant: variant}); err != nil || a.status != 200 || !check(a.body) {
				t.Errorf("%v HTTP %d %.300q", err, a.status, a.body)
			}
		})
	}
	t.Run("T12_huge", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		b.fault(t, Fault{Kind: FaultGarbage, Variant: GarbageHuge, Size: 20 << 20})
		res, err := b.server.Client().Do(b.request(t.Context(), "customerlist.nv"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		if n, err := io.Copy(io.Discard, res.Body); n != 20<<20 || err != nil {
			t.Error(n, err)
		}
	})
}

func TestFaultFilters(t *testing.T) {
	t.Parallel()
	b := setup(t, Options{Customers: 5, Companies: []Company{{OrganisationID: "1", CustomerID: "a", CustomerKey: "a"}, {OrganisationID: "2", CustomerID: "b", CustomerKey: "b"}}})
	other := sign(func(s *Signed) { s.OrganisationID, s.CustomerID, s.CustomerKey = "2", "b", "b" })
	hits := func(t *testing.T, f Fault, calls func() []answer) []bool {
		t.Helper()
		f.Kind = FaultMaintenance
		id := b.fault(t, f)
		defer b.ClearFault(id)
		var out []bool
		for _, a := range calls() {
			out = append(out, a.category() == "SYSTEM_MAINTENANCE")
		}
		return out
	}
	lists := func(n int) func() []answer {
		return func() (out []answer) {
			for range n {
				out = append(out, b.get(t, "customerlist.nv"))
			}
			return out
		}
	}
	for name, tt := range map[string]struct {
		f     Fault
		calls func() []answer
		want  []bool
	}{
		"Resource": {Fault{Resource: "/CustomerList.nv"}, func() []answer { return []answer{b.get(t, "CUSTOMERLIST.nv"), b.get(t, "getcustomer.nv?id=1")} }, []bool{true, false}},
		"Method": {Fault{Method: "post"}, func() []answer {
			return []answer{b.get(t, "customerlist.nv"), b.post(t, "customer.nv?method=edit&id=1", base(""))}
		}, []bool{false, true}},
		"Organisation": {Fault{Organisation: "2"}, func() []answer { return []answer{b.get(t, "customerlist.nv"), b.get(t, "customerlist.nv", other)} }, []bool{false, true}},
		"Query": {Fault{Query: "Method=ADD"}, func() []answer {
			return []answer{b.post(t, "customer.nv?method=edit&id=1", base("")), b.post(t, "customer.nv?method=add", base("<name>A</name>"))}
		}, []bool{false, true}},
		"FromThird":  {Fault{From: 3}, lists(4), []bool{false, false, true, true}},
		"Twice":      {Fault{Times: 2}, lists(4), []bool{true, true, false, false}},
		"ThirdAlone": {Fault{From: 3, Times: 1}, lists(4), []bool{false, false, true, false}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := hits(t, tt.f, tt.calls); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
	t.Run("ChanceIsTheSameForOneSeed", func(t *testing.T) {
		f := Fault{Probability: 0.5, Seed: 4}
		one, two := hits(t, f, lists(40)), hits(t, f, lists(40))
		met := 0
		for _, hit := range one {
			if hit {
				met++
			}
		}
		if !slices.Equal(one, two) || met < 8 || met > 32 {
			t.Errorf("%v\n%v", one, two)
		}
	})
	t.Run("StateIsCounted", func(t *testing.T) {
		id := b.fault(t, Fault{Kind: FaultMaintenance, From: 2})
		lists(3)()
		all := b.Faults()
		if len(all) != 1 || all[0].ID != id || all[0].Matched != 3 || all[0].Hit != 2 {
			t.Errorf("%+v", all)
		}
		if !b.ClearFault(id) || b.ClearFault(id) || len(b.Faults()) != 0 {
			t.Error("clearing")
		}
	})
}

func TestFaultsOfWrites(t *testing.T) {
	t.Parallel()
	add := base("<internalidentifier>X-1</internalidentifier><name>Kerran</name>")
	count := func(b *bench, t *testing.T) int {
		return len(b.mustGet(t, "customerlist.nv?customercodelist=X-1").keys(t))
	}
	for name, f := range map[string]Fault{
		"T10_LostAnswer":       {Kind: FaultLostAnswer},
		"T10_StatusAfter":      {Kind: FaultStatus, Status: 504, AfterCommit: true},
		"T10_LoginPageAfter":   {Kind: FaultGarbage, Variant: GarbageLoginPage, AfterCommit: true},
		"T10_MaintenanceAfter": {Kind: FaultMaintenance, AfterCommit: true},
		"T10_FailureAfter":     {Kind: FaultFailure, Category: "TECHNICAL_ERROR", AfterCommit: true},
		"T13_Truncated":        {Kind: FaultTruncate, At: 30, CleanEnd: true},
	} {
		t.Run(name+"_TheEffectIsThere", func(t *testing.T) {
			t.Parallel()
			b := setup(t, Options{})
			f.Times = 1
			b.fault(t, f)
			tx := sign(func(s *Signed) { s.TransactionID = "same" })
			a, err := b.try(b.postRequest(t, "customer.nv?method=add", add, tx))
			if err == nil && a.failure() == "" {
				t.Fatal("it looks as if nothing had happened")
			}
			if c := b.lastCall(); !c.Committed || c.Faults == "" {
				t.Errorf("log: %+v", c)
			}
			if e := b.Effects(); len(e) != 1 || e[0].What != WasCreated || e[0].Call != 1 {
				t.Errorf("effects: %+v", e)
			}
			if got := b.post(t, "customer.nv?method=add", add, tx).category(); got != "REQUEST_NOT_UNIQUE" {
				t.Errorf("the same transaction again: %q", got)
			}
			if n := count(b, t); n != 1 {
				t.Errorf("%d customers", n)
			}
		})
	}
	for name, f := range map[string]Fault{
		"T4_LostRequest": {Kind: FaultLostRequest},
		"T9_Status":      {Kind: FaultStatus, Status: 502},
		"T12_LoginPage":  {Kind: FaultGarbage, Variant: GarbageLoginPage},
		"T15":            {Kind: FaultMaintenance},
		"T16":            {Kind: FaultOverlap},
		"Revoked":        {Kind: FaultRevoked},
		"NotAllowed":     {Kind: FaultNotAllowed},
	} {
		t.Run(name+"_NoEffect", func(t *testing.T) {
			t.Parallel()
			b := setup(t, Options{})
			f.Times = 1
			b.fault(t, f)
			_, _ = b.try(b.postRequest(t, "customer.nv?method=add", add))
			if c := b.lastCall(); c.Committed || len(b.Effects()) != 0 || count(b, t) != 0 {
				t.Errorf("log: %+v, effects %+v", c, b.Effects())
			}
		})
	}

	// held is a sandbox whose waits last until they are released.
	type held struct {
		*bench
		waiting chan context.Context
		release chan struct{}
	}
	hold := func(t *testing.T, o Options) held {
		h := held{waiting: make(chan context.Context, 9), release: make(chan struct{})}
		o.Wait = func(ctx context.Context, _ time.Duration) {
			h.waiting <- ctx
			select {
			case <-h.release:
			case <-ctx.Done():
			}
		}
		h.bench = setup(t, o)
		return h
	}
	leave := func(t *testing.T, h held, f Fault) context.Context {
		t.Helper()
		f.Times = 1
		h.fault(t, f)
		ctx, cancel := context.WithCancel(t.Context())
		r := h.postRequest(t, "customer.nv?method=add", add).WithContext(ctx)
		gone := make(chan error, 1)
		go func() { _, err := h.try(r); gone <- err }()
		waiting := <-h.waiting
		cancel()
		if err := <-gone; err == nil {
			t.Error("answered")
		}
		return waiting
	}
	ended := func(h held) Call {
		for { // the server notices in its own time
			if c := h.Calls()[0]; !c.End.IsZero() {
				return c
			}
		}
	}
	t.Run("T10_SlowCommitHappensAlthoughTheClientHasGone", func(t *testing.T) {
		t.Parallel()
		h := hold(t, Options{})
		leave(t, h, Fault{Kind: FaultSlowCommit, Delay: Duration(time.Minute)})
		if len(h.Effects()) != 0 {
			t.Error("committed too early")
		}
		if got := h.get(t, "customerlist.nv").category(); got != "TECHNICAL_ERROR" {
			t.Errorf("the company is free while its call goes on: %q", got)
		}
		close(h.release)
		if c := ended(h); !c.Committed || !c.Aborted || len(h.Effects()) != 1 {
			t.Errorf("%+v", c)
		}
		if n := count(h.bench, t); n != 1 {
			t.Errorf("%d customers", n)
		}
	})
	t.Run("T10_SlowAnswerComesAfterTheEffect", func(t *testing.T) {
		t.Parallel()
		h := hold(t, Options{})
		leave(t, h, Fault{Kind: FaultSlowAnswer, Delay: Duration(time.Minute)})
		if c := ended(h); !c.Committed || !c.Aborted || len(h.Effects()) != 1 {
			t.Errorf("%+v", c)
		}
	})
	t.Run("LatencyEndsWithoutEffectWhenTheClientGoes", func(t *testing.T) {
		t.Parallel()
		h := hold(t, Options{})
		h.fault(t, Fault{Kind: FaultLatency, Resource: "getcustomer.nv", Times: 1, Delay: Duration(time.Minute)})
		slow := make(chan answer, 1)
		r := h.request(t.Context(), "getcustomer.nv?id=1")
		go func() { a, _ := h.try(r); slow <- a }()
		<-h.waiting
		if got := h.get(t, "customerlist.nv").category(); got != "TECHNICAL_ERROR" {
			t.Errorf("the company is free while a slow call goes on: %q", got)
		}
		h.release <- struct{}{}
		if a := <-slow; a.failure() != "" {
			t.Error(a.failure())
		}
		leave(t, h, Fault{Kind: FaultLatency, Delay: Duration(time.Minute)})
		for h.lastCall().End.IsZero() {
			continue
		}
		if c := h.lastCall(); c.Committed || !c.Aborted || len(h.Effects()) != 0 {
			t.Errorf("%+v", c)
		}
	})
	t.Run("SlowDeleteToo", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{Customers: 1})
		b.fault(t, Fault{Kind: FaultLostAnswer, Resource: "deletecustomer.nv"})
		b.fault(t, Fault{Kind: FaultSlowCommit, Delay: Duration(time.Millisecond)})
		key := b.mustGet(t, "customerlist.nv").keys(t)[1]
		if _, err := b.try(b.request(t.Context(), "deletecustomer.nv?customerid="+key)); err == nil {
			t.Error("answered")
		}
		// A client library may repeat a GET by itself, as the one of this test does, so this is not always the last call.
		if c := b.Calls()[1]; !c.Committed || c.Faults != "lostAnswer#1,slowCommit#2" {
			t.Errorf("%+v", c)
		}
		if n := len(b.Effects()); n != 1 {
			t.Errorf("%d effects", n)
		}
	})
	t.Run("T6_LagHidesWhatIsNew", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		b.fault(t, Fault{Kind: FaultLag, Delay: Duration(time.Minute)})
		b.clock.advance(time.Hour)
		key := b.mustPost(t, "customer.nv?method=add", add)
		if n := count(b, t); n != 0 {
			t.Error("listed at once")
		}
		b.mustGet(t, "getcustomer.nv?id="+key)
		b.clock.advance(2 * time.Minute)
		if n := count(b, t); n != 1 {
			t.Error("never listed")
		}
	})
	t.Run("CloseEndsWaitsWithoutEffect", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		b.fault(t, Fault{Kind: FaultSlowCommit, Delay: Duration(time.Hour)})
		r := b.postRequest(t, "customer.nv?method=add", add)
		done := make(chan answer, 1)
		go func() { a, _ := b.try(r); done <- a }()
		for len(b.Calls()) == 0 || b.Calls()[0].Faults == "" {
		}
		if err := errors.Join(b.Close(), b.Close()); err != nil {
			t.Error(err)
		}
		if a := <-done; a.category() != "TECHNICAL_ERROR" || len(b.Effects()) != 0 {
			t.Error(a.failure())
		}
	})
}

func TestSpoolTakesLargeAnswers(t *testing.T) {
	t.Parallel()
	s, err := newSpool()
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	want := bytes.Repeat([]byte("0123456789"), 1<<17)
	for part := range slices.Chunk(want, 999) {
		if _, err := s.Write(part); err != nil {
			t.Fatal(err)
		}
	}
	size, err := s.rewind()
	if err != nil || size != int64(len(want)) {
		t.Fatal(size, err)
	}
	if got, err := io.ReadAll(lines(s.file, func(b []byte) []byte { return b })); err != nil || !bytes.Equal(got, want) {
		t.Error(len(got), err)
	}
}
