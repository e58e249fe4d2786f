package netvisorkyc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
)

// acts are one call of each kind. Those of the second group write by their first call.
var acts = map[string]func(ctx context.Context, c *Connection) error{
	"read":  func(ctx context.Context, c *Connection) error { _, err := c.Read(ctx, "candidates/cand_1"); return err },
	"batch": func(ctx context.Context, c *Connection) error { _, err := c.ReadBatch(ctx, many(20)); return err },
	"list":  func(ctx context.Context, c *Connection) error { _, err := c.List(ctx, "", nil); return err },
	"changes": func(ctx context.Context, c *Connection) error {
		_, err := c.List(ctx, cursorMark+"c1", nil)
		return err
	},
	"find": func(ctx context.Context, c *Connection) error {
		_, err := c.Find(ctx, connector.Identity{BusinessID: "1572860-0"})
		return err
	},
	"activation":    func(ctx context.Context, c *Connection) error { _, err := c.Activation(ctx); return err },
	"subscriptions": func(ctx context.Context, c *Connection) error { _, err := c.Subscriptions(ctx); return err },
	"edit": func(ctx context.Context, c *Connection) error { // which reads first
		_, err := c.Write(ctx, connector.Step{Record: "candidates/cand_1", Set: customer.Fields{"name": "Uusi Oy"}})
		return err
	},

	"create":     func(ctx context.Context, c *Connection) error { _, err := c.Write(ctx, creation()); return err },
	"delete":     func(ctx context.Context, c *Connection) error { return c.Delete(ctx, "candidates/cand_1", "t-1") },
	"credential": func(ctx context.Context, c *Connection) error { _, err := c.RequestCredential(ctx); return err },
	"submit":     func(ctx context.Context, c *Connection) error { return c.Submit(ctx, submission()) },
	"start":      func(ctx context.Context, c *Connection) error { return c.Start(ctx) },
	"subscribe": func(ctx context.Context, c *Connection) error {
		_, err := c.Subscribe(ctx, "https://hub.example.test", "secret")
		return err
	},
	"unsubscribe": func(ctx context.Context, c *Connection) error { return c.Unsubscribe(ctx, "hook_1") },
}

func many(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("candidates/cand_%d", i))
	}
	return out
}

func creation() connector.Step {
	set := customer.Fields{"name": "Esimerkki Oy", "businessId": "1572860-0", "status": "ACTIVE"}
	return connector.Step{Set: set, Want: set, Source: connector.Source{Kind: "NETVISOR", ExternalID: "123", Number: "2001"}, Transaction: "t-1"}
}

func submission() connector.Submission {
	return connector.Submission{
		Identifiers: map[string]string{"customerId": "NV_secret-id", "customerKey": "NV_secret-key"}, ReportEmail: "virheet@example.test",
	}
}

func writesFirst(act string) bool {
	switch act {
	case "create", "delete", "credential", "submit", "start", "subscribe", "unsubscribe":
		return true
	}
	return false
}

// TestRefusals is the table of contract section 4, for reading and for writing.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		status      int
		code        string
		read, write fault.Code
	}{
		{400, "VALIDATION_FAILED", fault.Rejected, fault.Rejected},
		{401, InvalidToken, fault.Denied, fault.Denied},
		{403, InterfacesNotEnabled, fault.Denied, fault.Denied},
		{403, InsufficientRights, fault.Denied, fault.Denied},
		{404, NotFound, fault.NotFound, fault.NotFound},
		{410, CandidateDeleted, fault.NotFound, fault.NotFound},
		{409, NotVerified, fault.Denied, fault.Denied},
		{409, DuplicateBusinessID, fault.Duplicate, fault.Duplicate},
		{409, AlreadyCustomer, fault.Duplicate, fault.Duplicate},
		{409, IntegrationPaused, fault.Maintenance, fault.Maintenance},
		{409, "SOMETHING_NEW", fault.Rejected, fault.Rejected},
		{412, StaleRevision, fault.Stale, fault.Stale},
		{418, "SOMETHING_NEW", fault.Rejected, fault.Rejected},
		{422, "BUSINESS_ID_INVALID", fault.Rejected, fault.Rejected},
		{422, "PERSONAL_IDENTITY_CODE_NOT_ALLOWED", fault.Rejected, fault.Rejected},
		{422, "RISK_CLASS_NOT_ALLOWED_FOR_PRIVATE", fault.Rejected, fault.Rejected},
		{422, IdempotencyKeyReused, fault.Rejected, fault.Rejected},
		{429, "RATE_LIMITED", fault.Limited, fault.Limited},
		{500, "UNAVAILABLE", fault.Unavailable, fault.Uncertain},
		{502, "SOMETHING_NEW", fault.Unavailable, fault.Uncertain},
		{503, "UNAVAILABLE", fault.Unavailable, fault.Unavailable},
		{504, "UNAVAILABLE", fault.Unavailable, fault.Uncertain},
	} {
		t.Run(fmt.Sprintf("T11_%d_%s", tc.status, tc.code), func(t *testing.T) {
			t.Parallel()
			for act, do := range acts {
				s := serves(t, always(tc.status, refused(tc.status, tc.code)))
				s.header.Set("Retry-After", "30")
				want := tc.read
				if writesFirst(act) {
					want = tc.write
				}
				switch {
				case act == "start" && tc.code == NotVerified, act == "create" && tc.code == CandidateDeleted:
					want = fault.Rejected // the act itself is refused
				case act == "batch" && tc.code == CandidateDeleted:
					want = fault.NotFound // of the list
				case act == "changes" && tc.code == "VALIDATION_FAILED":
					want = fault.Rejected // by the list of everything
				}
				err := do(t.Context(), s.Connection)
				f := fault.Of(err)
				if f == nil || f.Code != want {
					t.Errorf("%s: got %v, want %s", act, err, want)
					continue
				}
				if want != fault.Uncertain && (f.Reason != tc.code || !strings.Contains(f.Message, "It cannot be done.")) {
					t.Errorf("%s: reason %s, message %q", act, f.Reason, f.Message)
				}
				if !f.Until.Equal(noon.Add(30 * time.Second)) {
					t.Errorf("%s: until %s", act, f.Until)
				}
				if (want == fault.Denied || want == fault.Rejected) && !strings.Contains(f.Message, Support) {
					t.Errorf("R7: %s: %q names no support", act, f.Message)
				}
				if n := len(s.writing()); writesFirst(act) && n != 1 || !writesFirst(act) && n != 0 {
					t.Errorf("%s: %d calls that write", act, n)
				}
			}
		})
	}
	t.Run("T11_WhoIsLimitedIsToldUntilWhen", func(t *testing.T) {
		t.Parallel()
		s := serves(t, always(429, "slow down"))
		s.header.Set("Retry-After", "7")
		_, err := s.Write(t.Context(), creation())
		if f := fault.Of(err); f == nil || f.Code != fault.Limited || !f.Until.Equal(noon.Add(7*time.Second)) {
			t.Errorf("got %+v", f)
		}
	})
	t.Run("KYCsWordsAreTold", func(t *testing.T) {
		t.Parallel()
		s := serves(t, always(400, `{"status":400,"code":"VALIDATION_FAILED","detail":"Two fields\n are wrong","errors":[
			{"path":"name","code":"TOO_LONG","message":"is too long"},{"path":"contactPerson.email","code":"FORMAT","message":"is no e-mail address"}]}`))
		_, err := s.Write(t.Context(), creation())
		want := "Netvisor KYC refused candidates (VALIDATION_FAILED): Two fields are wrong [name: is too long] [contactPerson.email: is no e-mail address]."
		if f := fault.Of(err); f == nil || f.Message != want+" Support: tuki.kyc@visma.com." {
			t.Errorf("got %v", err)
		}
	})
}

// TestT13 gives answers that are none. Nothing of them is believed: what reads fails and may be tried again, and what writes is
// uncertain unless it was turned away.
func TestT13(t *testing.T) {
	t.Parallel()
	whole := aCandidate("cand_1", "")
	for name, tc := range map[string]struct {
		status int
		body   string
		// certain says that a call that writes was not carried out.
		certain bool
	}{
		"Empty":                {200, "", false},
		"Words":                {200, "palvelu on kiinni", false},
		"WebPage":              {200, "<!DOCTYPE html><html><body>Kirjaudu</body></html>", false},
		"List":                 {200, `[[],"1",null]`, false},
		"Number":               {200, "7", false},
		"HalfAnObject":         {200, whole[:len(whole)/2], false},
		"TwoObjects":           {200, whole + whole, false},
		"SomethingBehind":      {200, whole + "<html>", false},
		"Latin":                {200, strings.Replace(whole, "Esimerkki", "\xe4iti", 1), false},
		"EmptyObject":          {200, "{}", false},
		"AnotherRecord":        {200, aCandidate("cand_2", `{"source":{"externalId":"999"}}`), false},
		"ProxyBadGateway":      {502, "<html>Bad gateway</html>", false},
		"ProxyForbidden":       {403, "<html>Forbidden</html>", true},
		"ProxyNotFound":        {404, "<html>Not found</html>", true},
		"ProxyGone":            {410, "", false},
		"ProxyUnauthorized":    {401, "", true},
		"ProblemOfAnotherCall": {404, refused(410, CandidateDeleted), true},
		"ProblemWithoutCode":   {404, `{"status":404}`, true},
		"ProblemCutOff":        {410, refused(410, CandidateDeleted)[:60], false},
		"NoContent":            {204, "", false},
		"Redirect":             {302, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for act, do := range acts {
				s := serves(t, always(tc.status, tc.body))
				err := do(t.Context(), s.Connection)
				f := fault.Of(err)
				want := fault.Unavailable
				if writesFirst(act) && !tc.certain {
					want = fault.Uncertain
				}
				// What only says that it was done may have no body, or a body that says nothing.
				quiet := act == "delete" || act == "unsubscribe" || act == "submit" || act == "start"
				if name == "AnotherRecord" && (act == "activation" || act == "subscribe") {
					continue // which name nothing that they are about
				}
				if quiet && (name == "NoContent" || strings.HasPrefix(tc.body, "{") && tc.status == 200) {
					continue
				}
				if f == nil || f.Code != want {
					t.Errorf("%s: got %v, want %s", act, err, want)
					continue
				}
				if text := f.Message + f.Error() + f.Sample; strings.Contains(text, "Aino") || strings.Contains(text, "Esimerkki") {
					t.Errorf("%s: too much is told: %s", act, text)
				}
				if n := len(s.writing()); n > 1 {
					t.Errorf("%s: %d calls that write", act, n)
				}
			}
		})
	}
	t.Run("TooLong", func(t *testing.T) {
		t.Parallel()
		s := serves(t, always(200, whole+strings.Repeat(" ", 33<<20)))
		if _, err := s.Read(t.Context(), "candidates/cand_1"); !fault.Is(err, fault.Unavailable) {
			t.Errorf("read: %v", err)
		}
		if _, err := s.Write(t.Context(), creation()); !fault.Is(err, fault.Uncertain) {
			t.Errorf("write: %v", err)
		}
	})
	t.Run("AMarkBeforeTheAnswerIsNone", func(t *testing.T) {
		t.Parallel()
		s := serves(t, always(200, "\ufeff"+whole))
		if r, err := s.Read(t.Context(), "candidates/cand_1"); err != nil || r.Fields["name"] != "Esimerkki Oy" {
			t.Errorf("got %+v, %v", r, err)
		}
	})
	t.Run("APageThatDoesNotSayWhetherItIsTheLast", func(t *testing.T) {
		t.Parallel()
		for _, body := range []string{
			`{"items":[],"nextCursor":null}`, `{"nextCursor":null,"hasMore":false}`, `{"items":null,"hasMore":false}`, `{"items":{},"hasMore":false}`,
			`{"items":[],"nextCursor":null,"hasMore":true}`, `{"items":[],"hasMore":"no"}`,
		} {
			s := serves(t, always(200, body))
			if rows, result, err := s.rows(t.Context(), ""); !fault.Is(err, fault.Unavailable) || rows != nil || result.Cursor != "" {
				t.Errorf("%s: %v, %v", body, rows, err)
			}
		}
	})
}

// TestT10 loses calls and answers on the way.
func TestT10(t *testing.T) {
	t.Parallel()
	t.Run("ACallThatNeverLeftDidNothing", func(t *testing.T) {
		t.Parallel()
		server := httptest.NewServer(nil)
		server.Close()
		c := opened(t, server.URL)
		for act, do := range acts {
			if err := do(t.Context(), c); !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.Of(err).Message, "refused") {
				t.Errorf("%s: %v", act, err)
			}
		}
	})
	t.Run("AnAnswerThatNeverCame", func(t *testing.T) {
		t.Parallel()
		for act, do := range acts {
			s := serves(t, func(string) (int, string) { panic(http.ErrAbortHandler) })
			want := fault.Unavailable
			if writesFirst(act) {
				want = fault.Uncertain
			}
			if err := do(t.Context(), s.Connection); !fault.Is(err, want) {
				t.Errorf("%s: %v", act, err)
			}
			if n := len(s.calls()); n != 1 {
				t.Errorf("%s: %d calls", act, n)
			}
		}
	})
	t.Run("ARecordThatWasReadAndNotWritten", func(t *testing.T) {
		t.Parallel()
		s := serves(t, func(name string) (int, string) {
			if strings.HasPrefix(name, "GET ") {
				return 200, aCandidate("cand_1", "")
			}
			panic(http.ErrAbortHandler)
		})
		if err := acts["edit"](t.Context(), s.Connection); !fault.Is(err, fault.Uncertain) {
			t.Errorf("got %v", err)
		}
		if n := len(s.writing()); n != 1 {
			t.Errorf("%d calls that write", n)
		}
	})
	t.Run("WhoeverGivesUpBeforeTheCall", func(t *testing.T) {
		t.Parallel()
		s := serves(t, always(200, "{}"))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for act, do := range acts {
			if err := do(ctx, s.Connection); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", act, err)
			} else if write := act == "edit" || writesFirst(act); write && !fault.Is(err, fault.Unavailable) {
				t.Errorf("%s: %v, of which it has to be known that nothing was written", act, err)
			}
		}
		if len(s.calls()) > 0 {
			t.Errorf("calls %v", s.names())
		}
	})
}

// TestSecretsStayInside lets KYC repeat whatever it was sent and whatever it holds (Promise 11, R192).
func TestSecretsStayInside(t *testing.T) {
	t.Parallel()
	const remark, hetu = "canary-remark", "010190-900P"
	echo := strings.Join([]string{testToken, testAdmin, "NV_secret-id", "NV_secret-key", "a-subscription-secret", hetu}, " ")
	problem := func(status int) string {
		return fmt.Sprintf(`{"status":%d,"code":"VALIDATION_FAILED","detail":%q,"title":%q,"errors":[{"path":%q,"message":%q}]}`, status, echo, echo, echo, echo)
	}
	broken := aCustomer("cust_501", `{"status":{"notes":"`+remark+` `+hetu+`"}}`)
	for name, tc := range map[string]struct {
		status int
		body   string
	}{
		"Refused": {400, problem(400)}, "Denied": {403, problem(403)}, "Broken": {500, problem(500)}, "WebPage": {502, "<html>" + echo + "</html>"},
		"Words": {502, echo}, "CutOff": {200, broken[:len(broken)-2]}, "CutOffError": {500, broken[:len(broken)-2]}, "SomethingBehind": {200, broken + "}"},
		"AnotherRecord": {200, broken}, "PageCutOff": {200, page(broken)[:len(broken)]},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for act, do := range acts {
				if act == "subscribe" {
					do = func(ctx context.Context, c *Connection) error {
						_, err := c.Subscribe(ctx, "https://hub.example.test", "a-subscription-secret")
						return err
					}
				}
				var logged strings.Builder
				s := serves(t, always(tc.status, tc.body))
				s.log = slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
				err := do(t.Context(), s.Connection)
				var out strings.Builder
				out.WriteString(logged.String())
				for e := err; e != nil; e = errors.Unwrap(e) {
					fmt.Fprintln(&out, e)
					if f := fault.Of(e); f != nil {
						fmt.Fprintln(&out, f.Message, f.Sample, f.Details, f.Err)
					}
				}
				told := out.String()
				secrets := []string{testToken, testAdmin, remark, hetu}
				switch act {
				case "submit":
					secrets = append(secrets, "NV_secret-id", "NV_secret-key")
				case "subscribe":
					secrets = append(secrets, "a-subscription-secret")
				}
				for _, secret := range secrets {
					if strings.Contains(told, secret) {
						t.Errorf("%s tells %s: %s", act, secret, told)
					}
				}
			}
		})
	}
	t.Run("AMissingCredentialIsToldClearly", func(t *testing.T) {
		t.Parallel()
		s := serves(t, always(200, "{}"))
		s.token = ""
		for act, do := range acts {
			if act == "credential" {
				continue
			}
			err := do(t.Context(), s.Connection)
			if f := fault.Of(err); f == nil || f.Code != fault.Denied || f.Reason != NotGiven || !strings.Contains(f.Message, Support) {
				t.Errorf("%s: %v", act, err)
			}
		}
		s.admin = ""
		if _, err := s.RequestCredential(t.Context()); fault.Of(err) == nil || fault.Of(err).Reason != NotGiven {
			t.Errorf("got %v", err)
		}
		if len(s.calls()) > 0 {
			t.Errorf("calls %v", s.names())
		}
	})
}
