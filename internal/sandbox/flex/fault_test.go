package flex_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"customerhub/internal/sandbox/flex"
)

// stand is a sandbox with three customers and one fault.
func stand(t *testing.T, f flex.Fault) *box {
	t.Helper()
	b := setup(t, flex.Options{Wait: func(context.Context, time.Duration) {}})
	for range 3 {
		must[flex.Customer](t)(b.Create("", flex.Customer{Name: "Mäkelä & Öhman Oy"}))
	}
	if _, err := b.Fault(f); err != nil {
		t.Fatal(err)
	}
	return b
}

const one = "/customers/fx_7001"

func TestFaultsOfAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault flex.Fault
		check func(*testing.T, *box)
	}{
		"Status": {flex.Fault{Kind: flex.FaultStatus}, func(t *testing.T, b *box) {
			if g := b.get(one).is(503, ""); !strings.HasPrefix(g.header.Get("Content-Type"), "text/html") {
				t.Errorf("%v", g.header)
			}
		}},
		"StatusRetryAfter": {flex.Fault{Kind: flex.FaultStatus, Status: 502, RetryAfter: 7}, func(t *testing.T, b *box) {
			if g := b.get(one).is(502, ""); g.header.Get("Retry-After") != "7" {
				t.Errorf("%v", g.header)
			}
		}},
		"Problem": {flex.Fault{Kind: flex.FaultProblem, Code: "INTERNAL_ERROR", Text: "rikki 100 %"}, func(t *testing.T, b *box) {
			if g := b.get(one).is(500, "INTERNAL_ERROR"); g.json()["detail"] != "rikki 100 %" {
				t.Errorf("%s", g.body)
			}
		}},
		"TooMany": {flex.Fault{Kind: flex.FaultTooMany, RetryAfter: 30, Times: 1}, func(t *testing.T, b *box) {
			if g := b.get(one).is(429, flex.CodeRateLimited); g.header.Get("Retry-After") != "30" {
				t.Errorf("%v", g.header)
			}
			b.get(one).is(200, "")
		}},
		"Revoked":    {flex.Fault{Kind: flex.FaultRevoked}, func(_ *testing.T, b *box) { b.get(one).is(401, flex.CodeInvalidKey) }},
		"NotEnabled": {flex.Fault{Kind: flex.FaultNotEnabled}, func(_ *testing.T, b *box) { b.get(one).is(403, flex.CodeNotEnabled) }},
		"NextN": {flex.Fault{Kind: flex.FaultStatus, Method: "patch", Path: "/flex/v1/customers", From: 2, Times: 2}, func(t *testing.T, b *box) {
			b.get(one).is(200, "")
			b.patch("fx_7001", "1", `{"phone":"1"}`).is(200, "")
			b.patch("fx_7001", "2", `{"phone":"2"}`).is(503, "")
			b.patch("fx_7001", "2", `{"phone":"2"}`).is(503, "")
			b.patch("fx_7001", "2", `{"phone":"2"}`).is(200, "")
			if f := b.Faults()[0]; f.Matched != 4 || f.Hit != 2 {
				t.Errorf("%+v", f)
			}
		}},
		"ByQuery": {flex.Fault{Kind: flex.FaultStatus, Query: "CURSOR=X"}, func(_ *testing.T, b *box) {
			b.get("/customers").is(200, "")
			b.get("/customers?cursor=x").is(503, "")
		}},
		"ByOrganisation": {flex.Fault{Kind: flex.FaultStatus, Organisation: "org_1"}, func(_ *testing.T, b *box) {
			b.get(one).is(503, "")
			b.call("GET", "/flex/v1"+one, "", "Authorization", "").is(401, flex.CodeInvalidKey)
		}},
		"Chance": {flex.Fault{Kind: flex.FaultStatus, Probability: 0.5, Seed: 9}, func(t *testing.T, b *box) {
			for range 40 {
				_ = b.get(one)
			}
			if f := b.Faults()[0]; f.Hit < 8 || f.Hit > 32 {
				t.Errorf("%d of 40", f.Hit)
			}
		}},
		"Truncate": {flex.Fault{Kind: flex.FaultTruncate, At: 10}, func(t *testing.T, b *box) {
			if g, err := b.try("GET", "/flex/v1"+one, ""); err == nil || len(g.body) > 10 {
				t.Errorf("%v, %q", err, g.body)
			}
		}},
		"TruncateInTheMiddle": {flex.Fault{Kind: flex.FaultTruncate}, func(t *testing.T, b *box) {
			if _, err := b.try("GET", "/flex/v1"+one, ""); err == nil {
				t.Error("the whole answer came")
			}
		}},
		"TruncateCleanly": {flex.Fault{Kind: flex.FaultTruncate, Fraction: 0.5, CleanEnd: true}, func(t *testing.T, b *box) {
			if g := b.get(one).is(200, ""); json.Valid(g.body) || len(g.body) == 0 {
				t.Errorf("%s", g.body)
			}
		}},
		"Fewer": {flex.Fault{Kind: flex.FaultFewer, Fraction: 0.5}, func(t *testing.T, b *box) {
			if ids, _ := b.pages("limit=2", nil); len(ids) != 1 {
				t.Errorf("%v", ids)
			}
		}},
		"Lag": {flex.Fault{Kind: flex.FaultLag, Delay: flex.Duration(time.Minute)}, func(t *testing.T, b *box) {
			if ids, _ := b.pages("", nil); len(ids) != 0 {
				t.Errorf("%v", ids)
			}
			b.get(one).is(200, "")
			advance(t, b, time.Minute)
			if ids, _ := b.pages("", nil); len(ids) != 3 {
				t.Errorf("%v", ids)
			}
		}},
		"LostRequest": {flex.Fault{Kind: flex.FaultLostRequest, Method: "PATCH", Times: 1}, func(t *testing.T, b *box) {
			if _, err := b.try("PATCH", "/flex/v1"+one, `{"phone":"1"}`, "If-Match", `"1"`); err == nil {
				t.Error("an answer came")
			}
			if c := b.get(one).customer(); c.Phone != "" {
				t.Errorf("%+v", c)
			}
			if calls := b.Calls(); calls[0].HTTPStatus != 0 || !calls[0].Aborted || calls[0].Committed || calls[0].Faults != "lostRequest#1" {
				t.Errorf("%+v", calls[0])
			}
		}},
		"LostAnswer": {flex.Fault{Kind: flex.FaultLostAnswer, Method: "PATCH", Times: 1}, func(t *testing.T, b *box) {
			if _, err := b.try("PATCH", "/flex/v1"+one, `{"phone":"1"}`, "If-Match", `"1"`); err == nil {
				t.Error("an answer came")
			}
			if c := b.get(one).customer(); c.Phone != "1" || c.Revision != 2 {
				t.Errorf("%+v", c)
			}
			if c := b.Calls()[0]; c.HTTPStatus != 0 || !c.Aborted || !c.Committed || c.Code != "OK" {
				t.Errorf("%+v", c)
			}
		}},
		"StatusAfterCommit": {flex.Fault{Kind: flex.FaultStatus, Status: 504, AfterCommit: true, Method: "PUT"}, func(t *testing.T, b *box) {
			b.put("1", company).is(504, "")
			b.get("/customers/by-number/1").is(200, "")
			if c := b.Calls()[0]; !c.Committed || c.HTTPStatus != 504 {
				t.Errorf("%+v", c)
			}
		}},
		"ProblemAfterCommit": {flex.Fault{Kind: flex.FaultProblem, Code: "INTERNAL_ERROR", AfterCommit: true, Method: "POST"}, func(t *testing.T, b *box) {
			b.call("POST", "/flex/v1"+one+"/deactivate", "").is(500, "INTERNAL_ERROR")
			if c := b.get(one).customer(); c.Active {
				t.Errorf("%+v", c)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.check(t, stand(t, c.fault))
		})
	}
}

func TestGarbage(t *testing.T) {
	t.Parallel()
	for variant, check := range map[string]func(body []byte) bool{
		flex.GarbageLoginPage:     func(b []byte) bool { return bytes.Contains(b, []byte("password")) },
		flex.GarbageEmpty:         func(b []byte) bool { return len(b) == 0 },
		flex.GarbageXML:           func(b []byte) bool { return bytes.HasPrefix(b, []byte("<?xml")) },
		flex.GarbageNull:          func(b []byte) bool { return string(b) == "null\n" },
		flex.GarbageLatin:         func(b []byte) bool { return !utf8.Valid(b) && bytes.Contains(b, []byte("M\xE4kel\xE4")) },
		flex.GarbageByteOrderMark: func(b []byte) bool { return bytes.HasPrefix(b, []byte("\uFEFF{")) },
		flex.GarbageNUL:           func(b []byte) bool { return bytes.IndexByte(b, 0) > 0 },
		flex.GarbageDeep:          func(b []byte) bool { return bytes.Count(b, []byte("[")) == 100_000 },
		flex.GarbageDoubledAnswer: func(b []byte) bool { return bytes.Count(b, []byte(`"nextCursor"`)) == 2 && !json.Valid(b) },
		flex.GarbageUnknownField:  func(b []byte) bool { return bytes.Count(b, []byte(`"loyaltyLevel"`)) == 3 && json.Valid(b) },
		flex.GarbageMissingID:     func(b []byte) bool { return !bytes.Contains(b, []byte(`"fx_7001"`)) && json.Valid(b) },
		flex.GarbageDoubled:       func(b []byte) bool { return bytes.Count(b, []byte(`"id":"fx_7001"`)) == 2 && json.Valid(b) },
		flex.GarbageNumbers:       func(b []byte) bool { return bytes.Contains(b, []byte(`"revision":"1"`)) && json.Valid(b) },
		flex.GarbageBare:          func(b []byte) bool { return !bytes.Contains(b, []byte(`"billing"`)) && json.Valid(b) },
	} {
		t.Run(variant, func(t *testing.T) {
			t.Parallel()
			b := stand(t, flex.Fault{Kind: flex.FaultGarbage, Variant: variant})
			if g := b.get("/customers").is(200, ""); !check(g.body) {
				t.Errorf("%.300q", g.body)
			}
		})
	}
	t.Run(flex.GarbageHuge, func(t *testing.T) {
		t.Parallel()
		b := stand(t, flex.Fault{Kind: flex.FaultGarbage, Variant: flex.GarbageHuge, Size: 1 << 20})
		if g := b.get("/customers").is(200, ""); len(g.body) < 1<<20 || len(g.body) > 1<<20+100 || !json.Valid(g.body) {
			t.Errorf("%d bytes", len(g.body))
		}
	})
}

func TestSlowFaults(t *testing.T) {
	t.Parallel()
	// slow is a sandbox whose waits end when the test says so, or when the context does.
	slow := func(t *testing.T, kind flex.FaultKind) (b *box, waits chan time.Duration, on chan struct{}) {
		t.Helper()
		waits, on = make(chan time.Duration, 1), make(chan struct{})
		b = setup(t, flex.Options{Wait: func(ctx context.Context, d time.Duration) {
			waits <- d
			select {
			case <-on:
			case <-ctx.Done():
			}
		}})
		must[flex.Customer](t)(b.Create("", flex.Customer{Name: "A"}))
		if _, err := b.Fault(flex.Fault{Kind: kind, Delay: flex.Duration(time.Minute), Method: "PATCH"}); err != nil {
			t.Fatal(err)
		}
		return b, waits, on
	}
	// leave begins a call and leaves while it waits.
	leave := func(t *testing.T, b *box, waits chan time.Duration, meanwhile func()) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, http.MethodPatch, b.url+"/flex/v1"+one, strings.NewReader(`{"phone":"1"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+b.key)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("If-Match", `"1"`)
		var done sync.WaitGroup
		done.Go(func() {
			res, err := http.DefaultTransport.RoundTrip(req)
			if err == nil {
				res.Body.Close()
				t.Error("an answer came")
			}
		})
		if d := <-waits; d != time.Minute {
			t.Errorf("it waits for %s", d)
		}
		meanwhile()
		cancel()
		done.Wait()
	}
	// over waits until the sandbox has done with the call.
	over := func(b *box) flex.Call {
		for {
			if c := b.Calls()[0]; !c.End.IsZero() {
				return c
			}
			time.Sleep(time.Millisecond) // the log is the only sign
		}
	}
	t.Run("LatencyOfOneWhoLeft", func(t *testing.T) {
		t.Parallel()
		b, waits, _ := slow(t, flex.FaultLatency)
		leave(t, b, waits, func() {})
		if c := over(b); c.Committed || !c.Aborted {
			t.Errorf("%+v", c)
		}
	})
	t.Run("SlowCommitOfOneWhoLeft", func(t *testing.T) {
		t.Parallel()
		b, waits, on := slow(t, flex.FaultSlowCommit)
		leave(t, b, waits, func() {
			if c, _ := b.Customer("", "fx_7001"); c.Phone != "" {
				t.Error("the effect came before the wait")
			}
		})
		close(on)
		if c := over(b); !c.Committed {
			t.Errorf("%+v", c)
		}
	})
	t.Run("SlowAnswer", func(t *testing.T) {
		t.Parallel()
		b, waits, _ := slow(t, flex.FaultSlowAnswer)
		leave(t, b, waits, func() {
			if c, _ := b.Customer("", "fx_7001"); c.Phone != "1" {
				t.Error("the effect waits for the answer")
			}
		})
		if c := over(b); !c.Committed || !c.Aborted {
			t.Errorf("%+v", c)
		}
	})
	t.Run("LatencyOfAll", func(t *testing.T) {
		t.Parallel()
		var mu sync.Mutex
		var waited []time.Duration
		b := setup(t, flex.Options{Latency: 3 * time.Second, Wait: func(_ context.Context, d time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			waited = append(waited, d)
		}})
		b.get("/customers").is(200, "")
		if len(waited) != 1 || waited[0] != 3*time.Second {
			t.Errorf("%v", waited)
		}
	})
}

func TestFaultsAreChecked(t *testing.T) {
	t.Parallel()
	b := setup(t, flex.Options{})
	for name, f := range map[string]flex.Fault{
		"NoKind":           {},
		"UnknownKind":      {Kind: "explode"},
		"LatencyWithout":   {Kind: flex.FaultLatency},
		"StatusWithDelay":  {Kind: flex.FaultStatus, Delay: 1},
		"DelayTooLong":     {Kind: flex.FaultLatency, Delay: flex.Duration(2 * time.Hour)},
		"Status":           {Kind: flex.FaultStatus, Status: 200},
		"Probability":      {Kind: flex.FaultStatus, Probability: 1.5},
		"Fraction":         {Kind: flex.FaultTruncate, Fraction: -1},
		"Negative":         {Kind: flex.FaultStatus, Times: -1},
		"Variant":          {Kind: flex.FaultGarbage, Variant: "glitter"},
		"Size":             {Kind: flex.FaultGarbage, Variant: flex.GarbageHuge, Size: 1 << 40},
		"ProblemWithout":   {Kind: flex.FaultProblem},
		"PathWithoutSlash": {Kind: flex.FaultStatus, Path: "customers"},
		"Organisation":     {Kind: flex.FaultStatus, Organisation: "nobody"},
	} {
		if id, err := b.Fault(f); err == nil {
			t.Errorf("%s is fault %d", name, id)
		}
	}
	for range 1000 {
		if _, err := b.Fault(flex.Fault{Kind: flex.FaultStatus, Path: "/nowhere"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Fault(flex.Fault{Kind: flex.FaultStatus}); err == nil {
		t.Error("faults have no bound")
	}
	if !b.ClearFault(7) || b.ClearFault(7) || len(b.Faults()) != 999 || !b.ClearFault(0) || len(b.Faults()) != 0 {
		t.Error("clearing does not clear")
	}
}
