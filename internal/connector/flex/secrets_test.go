package flex_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"customerhub/internal/connector"
	"customerhub/internal/connector/flex"
	"customerhub/internal/fault"
	"customerhub/internal/outbound"
)

// TestSecretsStayInside lets Flex repeat whatever it was sent and whatever it holds (Promise 11, R192).
func TestSecretsStayInside(t *testing.T) {
	t.Parallel()
	const remark, hetu, key = "canary-remark", "010190-900P", "key-of-the-organisation"
	echo := strings.Join([]string{key, hookSecret, hetu}, " ")
	problem := func(status int) string {
		return fmt.Sprintf(`{"status":%d,"code":"VALIDATION_FAILED","detail":%q,"title":%q,"errors":[{"field":%q,"message":%q}]}`, status, echo, echo, echo, echo)
	}
	whole := `{"id":"fx_7001","customerNumber":"2001","name":"` + remark + ` ` + hetu + `","revision":1}`
	for name, tc := range map[string]struct {
		status int
		body   string
	}{
		"Refused": {400, problem(400)}, "Denied": {403, problem(403)}, "Broken": {500, problem(500)}, "WebPage": {502, "<html>" + echo + "</html>"},
		"Words": {502, echo}, "CutOff": {200, whole[:len(whole)-2]}, "CutOffError": {500, whole[:len(whole)-2]}, "SomethingBehind": {200, whole + "}"},
		"AnotherCustomer": {200, strings.Replace(whole, "7001", "7002", 1)}, "PageCutOff": {200, `{"items":[` + whole + `],"nextCursor":nu`},
		"TypesCutOff": {200, `{"items":[{"name":"` + remark + hetu},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for act, do := range acts {
				var logged strings.Builder
				log := slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.WriteHeader(tc.status)
					_, _ = w.Write([]byte(tc.body))
				}))
				conn, err := flex.Kind().Open(connector.Config{
					Settings: map[string]string{flex.BaseURL: server.URL, flex.Organisation: "A"}, Credentials: map[string]string{flex.APIKey: key},
					Log: log, Client: outbound.Client(outbound.Options{Log: log}),
				})
				if err != nil {
					t.Fatal(err)
				}
				err = do(t.Context(), flex.Unpaced(conn))
				server.Close()
				var out strings.Builder
				out.WriteString(logged.String())
				for e := err; e != nil; e = errors.Unwrap(e) {
					fmt.Fprintln(&out, e)
					if f := fault.Of(e); f != nil {
						fmt.Fprintln(&out, f.Message, f.Sample, f.Details, f.Err)
					}
				}
				secrets := []string{key, remark, hetu}
				if act == "subscribe" {
					secrets = append(secrets, hookSecret)
				}
				if i := slices.IndexFunc(secrets, func(s string) bool { return strings.Contains(out.String(), s) }); i >= 0 {
					t.Errorf("%s tells %s: %s", act, secrets[i], out.String())
				}
				if logged.Len() == 0 {
					t.Errorf("%s: nothing is logged", act)
				}
			}
		})
	}
}
