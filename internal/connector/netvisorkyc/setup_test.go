package netvisorkyc

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/connector/connectortest"
)

const (
	testToken = "kyc_token-of-the-integration-user"
	testAdmin = "kyc_token-of-the-administrator"
)

// noon is when the tests happen.
var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// service answers as it is told and remembers what it was asked. A call is named by its method and what stands behind the prefix, such as
// "GET candidates/cand_1?limit=500".
type service struct {
	*Connection

	url string
	mu  sync.Mutex
	got []call
	// answer gives status and body.
	answer func(name string) (int, string)
	// header is sent with each answer.
	header http.Header
}

type call struct {
	name, body string
	header     http.Header
}

// serves opens a connection to a service that answers so.
func serves(t testing.TB, answer func(name string) (int, string)) *service {
	t.Helper()
	s := &service{answer: answer, header: http.Header{}}
	server := httptest.NewServer(connectortest.Guard(t, http.HandlerFunc(s.serve)))
	t.Cleanup(server.Close)
	s.url = server.URL
	s.Connection = opened(t, s.url)
	return s
}

func (s *service) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	name := r.Method + " " + strings.TrimPrefix(r.URL.EscapedPath(), prefix+"/")
	if r.URL.RawQuery != "" {
		name += "?" + r.URL.RawQuery
	}
	s.mu.Lock()
	s.got = append(s.got, call{name, string(body), r.Header.Clone()})
	s.mu.Unlock()
	status, answer := s.answer(name)
	maps.Copy(w.Header(), s.header)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, answer)
}

// opened opens a connection that does not wait between calls.
func opened(t testing.TB, url string) *Connection {
	t.Helper()
	conn, err := Kind().Open(connector.Config{
		Settings:    map[string]string{BaseURL: url, OrganisationID: "1967543-8"},
		Credentials: map[string]string{Token: testToken, ActivationToken: testAdmin},
		Now:         func() time.Time { return noon },
	})
	if err != nil {
		t.Fatal(err)
	}
	c := conn.(*Connection)
	c.service.Pace.AtOnce = 1 << 30
	return c
}

// with answers each call by its name, and any other with NOT_FOUND.
func with(answers map[string]string) func(string) (int, string) {
	return func(name string) (int, string) {
		if body, ok := answers[name]; ok {
			return http.StatusOK, body
		}
		return http.StatusNotFound, refused(http.StatusNotFound, NotFound)
	}
}

// always answers every call the same.
func always(status int, body string) func(string) (int, string) {
	return func(string) (int, string) { return status, body }
}

// refused is a problem.
func refused(status int, code string) string {
	return fmt.Sprintf(`{"type":"about:blank","title":"No","status":%d,"code":%q,"detail":"It cannot be done.","instance":"/x","errors":[]}`, status, code)
}

func page(items ...string) string {
	return `{"items":[` + strings.Join(items, ",") + `],"nextCursor":null,"hasMore":false}`
}

func more(cursor string, items ...string) string {
	return `{"items":[` + strings.Join(items, ",") + `],"nextCursor":"` + cursor + `","hasMore":true}`
}

func (s *service) calls() []call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

func (s *service) names() []string {
	var out []string
	for _, c := range s.calls() {
		out = append(out, c.name)
	}
	return out
}

// writes are the calls that are no reading.
func (s *service) writing() []call {
	return slices.DeleteFunc(s.calls(), func(c call) bool { return strings.HasPrefix(c.name, "GET ") })
}

func (s *service) rows(ctx context.Context, since string) ([]connector.Row, connector.ListResult, error) {
	var out []connector.Row
	result, err := s.List(ctx, since, func(r connector.Row) error { out = append(out, r); return nil })
	return out, result, err
}

func ids(rows []connector.Row) []string {
	var out []string
	for _, r := range rows {
		out = append(out, r.ExternalID)
	}
	return out
}

// aCandidate and aCustomer are answers; change says what is otherwise, by JSON.
func aCandidate(id string, change string) string {
	return changed(`{"id":"`+id+`","state":"NEW","businessId":"1572860-0","name":"Esimerkki Oy",
		"contactPerson":{"firstName":"Aino","lastName":"Malli","email":"aino@example.test","phone":"+358401234567","language":"fi"},
		"source":{"system":"NETVISOR","externalId":"123","customerNumber":"2001"},
		"createdAt":"2026-11-01T08:00:00Z","updatedAt":"2026-11-20T08:00:00Z","etag":"\"3\""}`, change)
}

func aCustomer(id string, change string) string {
	return changed(`{"id":"`+id+`","candidateId":"cand_1001","kind":"COMPANY","businessId":"1572860-0","name":"Esimerkki Oy",
		"contactPerson":{"firstName":"Aino","lastName":"Malli","email":"aino@example.test","phone":"+358401234567","language":"fi"},
		"source":{"system":"NETVISOR","externalId":"123","customerNumber":"2001"},
		"status":{"requiresActions":true,"requiresActionsReasons":["REVIEW_OVERDUE"],"latestRiskAssessmentOn":"2026-02-10",
			"dueDiligenceExpiresOn":"2026-11-10","riskClass":"STANDARD","notes":"Sovittu.","statusRevision":7},
		"lifecycle":"ACTIVE","endedOn":null,"updatedAt":"2026-11-20T08:00:00Z","etag":"\"12\""}`, change)
}

// changed lays one JSON object over another, null taking a member away.
func changed(object, change string) string {
	if change == "" {
		change = "{}"
	}
	var a, b map[string]any
	for text, into := range map[string]*map[string]any{object: &a, change: &b} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			panic(err)
		}
	}
	lay(a, b)
	out, _ := json.Marshal(a)
	return string(out)
}

func lay(a, b map[string]any) {
	for k, v := range b {
		inner, ok := v.(map[string]any)
		have, also := a[k].(map[string]any)
		switch {
		case v == nil:
			delete(a, k)
		case ok && also:
			lay(have, inner)
		default:
			a[k] = v
		}
	}
}
