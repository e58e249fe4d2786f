package rest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"customerhub/internal/connector/rest"
	"customerhub/internal/fault"
)

// service is a service that answers so.
func service(t *testing.T, status int, body string) *rest.Service {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return &rest.Service{
		Name: "Some service", Support: "support@example.test", Setting: "baseUrl", Base: base, Prefix: "/v1", Client: server.Client(),
		Now: func() time.Time { return noon }, Secrets: []string{secret},
	}
}

func get(ctx context.Context, s *rest.Service) error {
	_, err := s.Read(ctx, &rest.Request{Method: http.MethodGet, Path: []string{"things"}, Token: secret})
	return err
}

// TestWordsOfARefusal shows what people are told of a refusal.
func TestWordsOfARefusal(t *testing.T) {
	t.Parallel()
	problem := func(rest string) string { return `{"status":422,"code":"VALIDATION_FAILED"` + rest + `}` }
	for name, tc := range map[string]struct{ body, says string }{
		"TheDetail":                {problem(`,"title":"No","detail":"It cannot be done"`), "It cannot be done."},
		"TheTitleWithoutDetail":    {problem(`,"title":"No!"`), "No!"},
		"FieldsByPath":             {problem(`,"detail":"Wrong","errors":[{"path":"name","message":"is too long"}]`), "Wrong [name: is too long]."},
		"FieldsByField":            {problem(`,"detail":"Wrong","errors":[{"field":"email","code":"EMAIL_INVALID","message":"is none"}]`), "Wrong [email: is none]."},
		"FiveFieldsAtMost":         {problem(`,"errors":[` + strings.Repeat(`{"field":"a","message":"b"},`, 5) + `{"field":"x","message":"y"}]`), "[a: b]."},
		"NoReason":                 {problem(``), "and gave no reason."},
		"SecretsAndIdentityCodes":  {problem(`,"detail":"` + secret + ` of 010190-900P"`), "*** of ******-****."},
		"OneLineOfBearableLength":  {problem(`,"detail":"a\n\tb ` + strings.Repeat("ä", 600) + `"`), "a b ä"},
		"AListThatIsNone":          {problem(`,"detail":"Wrong","errors":{"email":"none"}`), "Wrong."},
		"SomethingElseThanAField":  {problem(`,"detail":"Wrong","errors":["none"]`), "Wrong"},
		"WhomToAskAboutTheRefusal": {problem(``), "Support: support@example.test."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := fault.Of(get(t.Context(), service(t, 422, tc.body)))
			if f == nil || f.Code != fault.Rejected || f.Reason != "VALIDATION_FAILED" || !strings.Contains(f.Message, tc.says) || len(f.Message) > 1300 {
				t.Errorf("got %+v", f)
			}
			if strings.Contains(f.Message, secret) || strings.Contains(f.Message, "010190") || strings.Contains(f.Message, "[x: y]") {
				t.Errorf("too much is told: %s", f.Message)
			}
		})
	}
}
