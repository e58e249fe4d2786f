package flex_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/connector/flex"
	"customerhub/internal/customer"
	"customerhub/internal/fault"

	sandbox "customerhub/internal/sandbox/flex"
)

// acts are one call of each kind, about the customer fx_7001. Those that write make one call that does, and may read before.
var acts = map[string]func(ctx context.Context, c connector.Connection) error{
	"read": func(ctx context.Context, c connector.Connection) error { _, err := c.Read(ctx, "fx_7001"); return err },
	"batch": func(ctx context.Context, c connector.Connection) error {
		_, err := c.(connector.BatchReader).ReadBatch(ctx, numbered(0, 20))
		return err
	},
	"list": func(ctx context.Context, c connector.Connection) error {
		_, err := c.(connector.Lister).List(ctx, "", func(connector.Row) error { return nil })
		return err
	},
	"changes": func(ctx context.Context, c connector.Connection) error {
		_, err := c.(connector.Lister).List(ctx, "2026-01-01T00:00:00Z", func(connector.Row) error { return nil })
		return err
	},
	"find": func(ctx context.Context, c connector.Connection) error {
		_, err := c.(connector.Finder).Find(ctx, connector.Identity{Number: "2001"})
		return err
	},
	"series": func(ctx context.Context, c connector.Connection) error {
		_, err := c.(connector.Numberer).Series(ctx)
		return err
	},
	"subscriptions": func(ctx context.Context, c connector.Connection) error {
		_, err := c.(connector.Subscriber).Subscriptions(ctx)
		return err
	},

	"create": func(ctx context.Context, c connector.Connection) error {
		set := customer.Fields{"number": "77", "name": "Äiti Oy", "businessId": "1572860-0", "kind": "COMPANY"}
		_, err := c.(connector.Writer).Write(ctx, connector.Step{Set: set, Want: set})
		return err
	},
	"edit":       step(connector.Step{Set: customer.Fields{"phone": "+358400009999"}}),
	"deactivate": step(connector.Step{Set: customer.Fields{"status": "INACTIVE"}}),
	"contact":    step(connector.Step{Part: customer.PartContact, Set: customer.Fields{"lastName": "Uusi"}}),
	"subscribe": func(ctx context.Context, c connector.Connection) error {
		_, err := c.(connector.Subscriber).Subscribe(ctx, "https://hub.example.test/in", hookSecret)
		return err
	},
	"unsubscribe": func(ctx context.Context, c connector.Connection) error {
		return c.(connector.Subscriber).Unsubscribe(ctx, "wh_1")
	},
}

// writes are the acts that write, with the method of the call that does.
var writes = map[string]string{
	"create": http.MethodPut, "edit": http.MethodPatch, "deactivate": http.MethodPost, "contact": http.MethodPatch, "subscribe": http.MethodPost,
	"unsubscribe": http.MethodDelete,
}

func step(s connector.Step) func(context.Context, connector.Connection) error {
	s.Record = "fx_7001"
	return func(ctx context.Context, c connector.Connection) error {
		_, err := c.(connector.Writer).Write(ctx, s)
		return err
	}
}

// ready is a sandbox with the customer that the acts are about, and a connection that knows the types already.
func ready(t *testing.T, act string) (*misbehaving, connector.Connection, *recorder) {
	t.Helper()
	m := stand(t, 0)
	m.person(t, company())
	conn, rec := m.recorded(t)
	if act != "read" {
		read(t, conn, "fx_7001")
	}
	rec.forget()
	return m, conn, rec
}

// meet adds a fault that meets the call of an act which matters.
func (m *misbehaving) meet(t *testing.T, act string, f sandbox.Fault) {
	t.Helper()
	if f.Method = writes[act]; f.Method == "" {
		f.Method = http.MethodGet
	}
	f.Times = 1
	m.fault(f)(t)
}

// TestRefusals is the table of contract section 7, for reading and for writing.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		status      int
		code        string
		read, write fault.Code
	}{
		{400, sandbox.CodeMalformedRequest, fault.Rejected, fault.Rejected},
		{401, sandbox.CodeInvalidKey, fault.Denied, fault.Denied},
		{403, sandbox.CodeNotEnabled, fault.Denied, fault.Denied},
		{403, sandbox.CodeScopeMissing, fault.Denied, fault.Denied},
		{404, sandbox.CodeNotFound, fault.NotFound, fault.NotFound},
		{405, sandbox.CodeMethodNotAllowed, fault.Rejected, fault.Rejected},
		{408, "TIMED_OUT", fault.Unavailable, fault.Unavailable},
		{409, sandbox.CodeWebhookExists, fault.Rejected, fault.Rejected},
		{409, sandbox.CodeNumberInUse, fault.Stale, fault.Stale},
		{412, sandbox.CodeNumberInUse, fault.Stale, fault.Stale},
		{412, sandbox.CodeStaleRevision, fault.Stale, fault.Stale},
		{413, sandbox.CodeBodyTooLarge, fault.Rejected, fault.Rejected},
		{415, sandbox.CodeUnsupportedMediaType, fault.Rejected, fault.Rejected},
		{418, "SOMETHING_NEW", fault.Rejected, fault.Rejected},
		{422, sandbox.CodeValidationFailed, fault.Rejected, fault.Rejected},
		{428, sandbox.CodePreconditionRequired, fault.Rejected, fault.Rejected},
		{429, sandbox.CodeRateLimited, fault.Limited, fault.Limited},
		{500, sandbox.CodeInternalError, fault.Unavailable, fault.Uncertain},
		{502, "SOMETHING_NEW", fault.Unavailable, fault.Uncertain},
		{503, sandbox.CodeUnavailable, fault.Unavailable, fault.Unavailable},
		{504, "SOMETHING_NEW", fault.Unavailable, fault.Uncertain},
	} {
		t.Run(fmt.Sprintf("T11_%d_%s", tc.status, tc.code), func(t *testing.T) {
			t.Parallel()
			for act, do := range acts {
				m, conn, rec := ready(t, act)
				m.meet(t, act, sandbox.Fault{Kind: sandbox.FaultProblem, Status: tc.status, Code: tc.code, Text: "It cannot be done.", RetryAfter: 30})
				want, now := tc.read, m.Now()
				if writes[act] != "" {
					want = tc.write
				}
				if tc.code == sandbox.CodeNumberInUse && (act == "edit" || act == "deactivate" || act == "contact") {
					want = fault.Rejected // another number is needed
				}
				if act == "find" && want == fault.NotFound {
					if err := do(t.Context(), conn); err != nil {
						t.Errorf("%s: %v", act, err)
					}
					continue
				}
				err := do(t.Context(), conn)
				f := fault.Of(err)
				if f == nil || f.Code != want {
					t.Errorf("%s: got %v, want %s", act, err, want)
					continue
				}
				if want != fault.Uncertain && (f.Reason != tc.code || !strings.Contains(f.Message, "It cannot be done.")) {
					t.Errorf("%s: reason %s, message %q", act, f.Reason, f.Message)
				}
				if d := f.Until.Sub(now); d < 29*time.Second || d > 40*time.Second {
					t.Errorf("%s: until %s, in %s", act, f.Until, d)
				}
				if (tc.read == fault.Denied || tc.read == fault.Rejected) && !strings.Contains(f.Message, flex.Support) {
					t.Errorf("R7, R60: %s: %q names no support", act, f.Message)
				}
				n := 0
				if writes[act] != "" {
					n = 1
				}
				if got := len(rec.writing()); got != n || m.effects() > 0 {
					t.Errorf("%s: %d calls that write, %d effects", act, got, m.effects())
				}
			}
		})
	}
	t.Run("T11_BeyondTheRate", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 1)
		conn := m.open(t)
		s := m.Settings()
		s.RatePerMinute = 2
		if err := m.Set(s); err != nil {
			t.Fatal(err)
		}
		read(t, conn, "fx_7001")
		_, err := conn.Read(t.Context(), "fx_7001")
		f := fault.Of(err)
		if f == nil || f.Code != fault.Limited || f.Until.Before(m.Now()) || f.Until.After(m.Now().Add(time.Minute+time.Second)) {
			t.Errorf("got %+v", f)
		}
	})
}

// TestT13 gives answers that are none. Nothing of them is believed: what reads fails and may be tried again, and what writes is uncertain
// unless it was turned away.
func TestT13(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault sandbox.Fault
		want  fault.Code // of a call that writes
		// done says that it was carried out.
		done bool
	}{
		"WebPage401":     {sandbox.Fault{Kind: sandbox.FaultStatus, Status: 401}, fault.Unavailable, false},
		"WebPage403":     {sandbox.Fault{Kind: sandbox.FaultStatus, Status: 403}, fault.Unavailable, false},
		"WebPage404":     {sandbox.Fault{Kind: sandbox.FaultStatus, Status: 404}, fault.Unavailable, false},
		"WebPage409":     {sandbox.Fault{Kind: sandbox.FaultStatus, Status: 409}, fault.Uncertain, false},
		"WebPage412":     {sandbox.Fault{Kind: sandbox.FaultStatus, Status: 412}, fault.Uncertain, false},
		"WebPage429":     {sandbox.Fault{Kind: sandbox.FaultStatus, Status: 429, RetryAfter: 7}, fault.Limited, false},
		"WebPage500":     {sandbox.Fault{Kind: sandbox.FaultStatus, Status: 500}, fault.Uncertain, false},
		"WebPage502":     {sandbox.Fault{Kind: sandbox.FaultStatus, Status: 502, AfterCommit: true}, fault.Uncertain, true},
		"WebPage503":     {sandbox.Fault{Kind: sandbox.FaultStatus, RetryAfter: 60}, fault.Uncertain, false},
		"Problem500":     {sandbox.Fault{Kind: sandbox.FaultProblem, Code: sandbox.CodeInternalError, AfterCommit: true}, fault.Uncertain, true},
		"LoginPage":      {sandbox.Fault{Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageLoginPage}, fault.Uncertain, false},
		"LoginPageAfter": {sandbox.Fault{Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageLoginPage, AfterCommit: true}, fault.Uncertain, true},
		"Empty":          {sandbox.Fault{Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageEmpty, AfterCommit: true}, fault.Uncertain, true},
		"XML":            {sandbox.Fault{Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageXML}, fault.Uncertain, false},
		"Null":           {sandbox.Fault{Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageNull}, fault.Uncertain, false},
		"Deep":           {sandbox.Fault{Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageDeep}, fault.Uncertain, false},
		"Latin":          {sandbox.Fault{Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageLatin}, fault.Uncertain, true},
		"NUL":            {sandbox.Fault{Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageNUL}, fault.Uncertain, true},
		"DoubledAnswer":  {sandbox.Fault{Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageDoubledAnswer}, fault.Uncertain, true},
		"CutOff":         {sandbox.Fault{Kind: sandbox.FaultTruncate}, fault.Uncertain, true},
		"CutOffCleanly":  {sandbox.Fault{Kind: sandbox.FaultTruncate, CleanEnd: true}, fault.Uncertain, true},
		"LostAnswer":     {sandbox.Fault{Kind: sandbox.FaultLostAnswer}, fault.Uncertain, true},
		"LostRequest":    {sandbox.Fault{Kind: sandbox.FaultLostRequest}, fault.Uncertain, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for act, do := range acts {
				m, conn, rec := ready(t, act)
				if act == "unsubscribe" || act == "subscribe" || act == "subscriptions" || act == "series" {
					switch name { // where there is no customer in the answer, some of it is in order
					case "Latin", "NUL", "DoubledAnswer", "CutOff", "CutOffCleanly", "Deep":
						continue
					}
				}
				m.meet(t, act, tc.fault)
				want := fault.Unavailable
				switch {
				case writes[act] != "":
					want = tc.want
				case name == "WebPage429":
					want = fault.Limited
				}
				err := do(t.Context(), conn)
				f := fault.Of(err)
				if f == nil || f.Code != want {
					t.Errorf("%s: got %v, want %s", act, err, want)
					continue
				}
				if text := f.Message + f.Error() + f.Sample; strings.Contains(text, "Aino") || strings.Contains(text, "1572860") || f.Message == "" {
					t.Errorf("%s: too much or nothing is told: %s", act, text)
				}
				if n := len(rec.writing()); n > 1 {
					t.Errorf("%s: %d calls that write", act, n)
				}
				if done := m.effects() > 0; writes[act] != "" && act != "unsubscribe" && done != tc.done {
					t.Errorf("%s: carried out %v, want %v", act, done, tc.done)
				}
			}
		})
	}
	t.Run("TooLong", func(t *testing.T) {
		t.Parallel()
		for _, act := range []string{"read", "list", "create"} {
			m, conn, _ := ready(t, act)
			m.meet(t, act, sandbox.Fault{Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageHuge, Size: 33 << 20})
			want := fault.Unavailable
			if act == "create" {
				want = fault.Uncertain
			}
			if err := acts[act](t.Context(), conn); !fault.Is(err, want) {
				t.Errorf("%s: %v", act, err)
			}
		}
	})
	t.Run("OddAndStillAnAnswer", func(t *testing.T) {
		t.Parallel()
		for _, variant := range []string{sandbox.GarbageByteOrderMark, sandbox.GarbageUnknownField, sandbox.GarbageNumbers} {
			m, conn, _ := ready(t, "")
			m.edited(t, "fx_7001", func(c *sandbox.Customer) { c.Visiting.Postcode = "33100" }) // numbers have no zeros in front
			want := read(t, conn, "fx_7001")
			m.meet(t, "read", sandbox.Fault{Kind: sandbox.FaultGarbage, Variant: variant})
			if got := read(t, conn, "fx_7001"); !got.Fields.Equal(want.Fields) || len(got.Untold) > 0 {
				t.Errorf("%s: %+v", variant, got)
			}
			// What such an answer said is enough to write from.
			if _, err := write(t, conn, connector.Step{Record: "fx_7001", Set: customer.Fields{"phone": ""}}); err != nil {
				t.Errorf("%s: %v", variant, err)
			}
		}
	})
	t.Run("AnAnswerAboutNobodyIsUncertain", func(t *testing.T) {
		t.Parallel()
		for _, body := range []string{`{}`, `{"id":"../x","customerNumber":"77"}`, `{"id":"fx_1","customerNumber":"78"}`, `{"id":"fx_1"}`} {
			conn := answering(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet {
					_, _ = w.Write([]byte(`{"items":[{"id":"ct_11","identifier":"COMPANY","usedForNetvisor":true}]}`))
					return
				}
				_, _ = w.Write([]byte(body))
			}, nil)
			if err := acts["create"](t.Context(), conn); !fault.Is(err, fault.Uncertain) {
				t.Errorf("%s: %v", body, err)
			}
		}
	})
}

// TestT10 loses calls on the way.
func TestT10(t *testing.T) {
	t.Parallel()
	t.Run("ACallThatNeverLeftDidNothing", func(t *testing.T) {
		t.Parallel()
		server := httptest.NewServer(nil)
		server.Close()
		for act, do := range acts {
			conn, err := flex.Kind().Open(connector.Config{Settings: map[string]string{flex.BaseURL: server.URL, flex.Organisation: "A"}, Credentials: map[string]string{flex.APIKey: "a-key-of-some-length"}})
			if err != nil {
				t.Fatal(err)
			}
			if err := do(t.Context(), flex.Unpaced(conn)); !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.Of(err).Message, "refused") {
				t.Errorf("%s: %v", act, err)
			}
		}
	})
	t.Run("WhoeverGivesUpBeforeTheCall", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for act, do := range acts {
			m, conn, _ := ready(t, act)
			arrived := len(m.Calls())
			if err := do(ctx, conn); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", act, err)
			} else if writes[act] != "" && !fault.Is(err, fault.Unavailable) {
				t.Errorf("%s: %v, of which it has to be known that nothing was written", act, err)
			}
			if n := len(m.Calls()) - arrived; n > 0 {
				t.Errorf("%s: %d calls", act, n)
			}
		}
	})
}
