package netvisorkyc

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestFaults(t *testing.T) {
	t.Parallel()
	const path = "/candidates/by-source/NETVISOR/1"
	body := `{"businessId":"` + idOne + `","name":"Älä Oy"}`
	for name, c := range map[string]struct {
		fault   string
		effect  bool                             // the upsert happened
		answers func(t *testing.T, r reply) bool // nil: the connection is closed
	}{
		"LostRequest": {`{"kind":"lostRequest"}`, false, nil},
		"LostAnswer":  {`{"kind":"lostAnswer","method":"put","path":"/by-source/"}`, true, nil},
		"Truncated":   {`{"kind":"truncate"}`, true, nil},
		"TruncatedNeatly": {`{"kind":"truncate","fraction":0.25,"cleanEnd":true}`, true, func(_ *testing.T, r reply) bool {
			return r.status == 201 && r.json == nil && strings.HasPrefix(r.raw, `{"id":"cand_1001"`)
		}},
		"Status": {`{"kind":"status","retryAfter":7}`, false, func(_ *testing.T, r reply) bool {
			return r.status == 503 && r.code() == CodeUnavailable && r.header.Get("Retry-After") == "7"
		}},
		"StatusAfter": {`{"kind":"status","status":504,"afterCommit":true,"variant":"page"}`, true, func(_ *testing.T, r reply) bool {
			return r.status == 504 && strings.HasPrefix(r.raw, "<!DOCTYPE") && strings.HasPrefix(r.header.Get("Content-Type"), "text/html")
		}},
		"TooMany": {`{"kind":"tooMany"}`, false, func(_ *testing.T, r reply) bool {
			return r.status == 429 && r.code() == CodeRateLimited && r.header.Get("Retry-After") == "1"
		}},
		"Revoked":    {`{"kind":"revoked"}`, false, func(_ *testing.T, r reply) bool { return r.status == 401 && r.code() == CodeToken }},
		"NotEnabled": {`{"kind":"notEnabled"}`, false, func(_ *testing.T, r reply) bool { return r.status == 403 && r.code() == CodeNotEnabled }},
		"Page":       {`{"kind":"garbage","variant":"page"}`, false, func(_ *testing.T, r reply) bool { return r.status == 200 && r.json == nil }},
		"Empty":      {`{"kind":"garbage","variant":"empty","afterCommit":true}`, true, func(_ *testing.T, r reply) bool { return r.status == 200 && r.raw == "" }},
		"Text":       {`{"kind":"garbage","variant":"text"}`, false, func(_ *testing.T, r reply) bool { return r.status == 200 && r.json == nil && r.raw != "" }},
		"List":       {`{"kind":"garbage","variant":"list"}`, false, func(_ *testing.T, r reply) bool { return json.Valid([]byte(r.raw)) && r.json == nil }},
		"Unknown":    {`{"kind":"garbage","variant":"unknown"}`, true, func(_ *testing.T, r reply) bool { return r.at("zzz") != nil && r.text("id") == "cand_1001" }},
		"Latin":      {`{"kind":"garbage","variant":"latin"}`, true, func(_ *testing.T, r reply) bool { return strings.Contains(r.raw, "\xc4l\xe4 Oy") }},
		"Mark":       {`{"kind":"garbage","variant":"mark"}`, true, func(_ *testing.T, r reply) bool { return strings.HasPrefix(r.raw, "\xef\xbb\xbf{") }},
		"Huge":       {`{"kind":"garbage","variant":"huge"}`, true, func(_ *testing.T, r reply) bool { return len(r.raw) > 64<<20 && r.text("id") != "" }},
		"Latency":    {`{"kind":"latency","delay":"1ms"}`, true, func(_ *testing.T, r reply) bool { return r.status == 201 }},
		"SlowAnswer": {`{"kind":"slowAnswer","delay":"1ms"}`, true, func(_ *testing.T, r reply) bool { return r.status == 201 }},
		"FromTheSecond": {`{"kind":"status","from":2,"times":1}`, true, func(t *testing.T, r reply) bool {
			return r.status == 201
		}},
		"AnotherMethod": {`{"kind":"status","method":"GET"}`, true, func(_ *testing.T, r reply) bool { return r.status == 201 }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := running(t, Options{})
			added := b.control(t, "POST", "faults", c.fault).want(t, 201, "")
			got, err := b.try(t, "PUT", path, body, func(r *http.Request) { r.Close = true })
			if (err != nil) != (c.answers == nil) {
				t.Fatalf("%v: %+v", err, got)
			}
			if err == nil && !c.answers(t, got) {
				t.Errorf("HTTP %d: %.300s", got.status, got.raw)
			}
			if (len(b.Candidates("")) == 1) != c.effect {
				t.Errorf("effect: %v", b.Candidates(""))
			}
			calls := b.Calls()
			if last := calls[len(calls)-1]; last.Committed != c.effect || last.End.IsZero() || (last.Aborted && err == nil) {
				t.Errorf("%+v", last)
			}
			if added.at("id") != 1.0 {
				t.Error(added.raw)
			}
			state := b.control(t, "GET", "faults", "")
			if hit := state.at("faults.0.hit"); (hit == 1.0) == (name == "FromTheSecond" || name == "AnotherMethod") {
				t.Error(state.raw)
			}
			b.control(t, "DELETE", "faults/1", "").want(t, 200, "")
			b.control(t, "DELETE", "faults/1", "").wantStatus(t, 404)
			b.send(t, "PUT", path, body)
			if n := len(b.Candidates("")); n != 1 {
				t.Errorf("%d candidates after the call was made again", n)
			}
		})
	}
	t.Run("NextTwo", func(t *testing.T) {
		t.Parallel()
		b := running(t, Options{})
		b.control(t, "POST", "faults", `{"kind":"status","status":500,"method":"GET","path":"/customers","times":2}`).want(t, 201, "")
		b.send(t, "GET", "/candidates", "").want(t, 200, "")
		b.send(t, "GET", "/customers", "").want(t, 500, CodeUnavailable)
		b.send(t, "GET", "/customers/cust_1", "").want(t, 500, CodeUnavailable)
		b.send(t, "GET", "/customers", "").want(t, 200, "")
		b.control(t, "DELETE", "faults", "").want(t, 200, "")
	})
	t.Run("AClientThatLeavesBeforeTheEffect", func(t *testing.T) {
		t.Parallel()
		b := running(t, Options{})
		if _, err := b.Fault(Fault{Kind: FaultLatency, Delay: Duration(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			until(t, "the call", func() bool { return len(b.Calls()) == 1 })
			cancel()
		}()
		r, _ := http.NewRequestWithContext(ctx, http.MethodPut, b.server.URL+"/kyc/v1"+path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+b.token)
		r.Header.Set("Content-Type", "application/json")
		res, err := b.server.Client().Do(r)
		if err == nil {
			_, err = io.Copy(io.Discard, res.Body)
		}
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		until(t, "the end of the call", func() bool { return !b.Calls()[0].End.IsZero() })
		if c := b.Calls()[0]; c.Committed || !c.Aborted || len(b.Candidates("")) != 0 {
			t.Errorf("%+v", c)
		}
	})
	t.Run("ByChanceButAlwaysTheSame", func(t *testing.T) {
		t.Parallel()
		pattern := func() (out []int) {
			b := running(t, Options{})
			if _, err := b.Fault(Fault{Kind: FaultStatus, Probability: 0.5, Seed: 3}); err != nil {
				t.Fatal(err)
			}
			for range 20 {
				out = append(out, b.send(t, "GET", "/candidates", "").status)
			}
			return out
		}
		one, two := pattern(), pattern()
		hits := 0
		for i := range one {
			if one[i] != two[i] {
				t.Fatal(one, two)
			}
			if one[i] == 503 {
				hits++
			}
		}
		if hits == 0 || hits == 20 {
			t.Error(hits)
		}
	})
}

// wantStatus is for the control plane, whose errors are no problem documents.
func (r reply) wantStatus(t *testing.T, status int) {
	t.Helper()
	if r.status != status || r.text("error") == "" {
		t.Errorf("HTTP %d, want %d: %s", r.status, status, r.raw)
	}
}
