package netvisorkyc

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"customerhub/internal/connector"
	"customerhub/internal/connector/connectortest"
	"customerhub/internal/connector/netvisorkyc/api"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// goldenCase is what the service holds, and what is asked of the connector.
type goldenCase struct {
	// Answers are by the name of the call.
	Answers map[string]json.RawMessage
	Read    string         `json:",omitempty"`
	Step    connector.Step `json:",omitzero"`
}

// goldenRecord is a record with its findings in one line each, or the fault that came instead.
type goldenRecord struct {
	Record   connector.Record
	Findings []string `json:",omitempty"`
	Fault    string   `json:",omitempty"`
}

func (c goldenCase) serve(t testing.TB) *service {
	answers := map[string]string{}
	for name, body := range c.Answers {
		answers[name] = string(body)
	}
	return serves(t, with(answers))
}

// TestGolden translates what KYC holds. testdata/golden/read has each case with its outcome.
func TestGolden(t *testing.T) {
	t.Parallel()
	for path, c := range connectortest.GoldenCases[goldenCase](t, "read") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			s := c.serve(t)
			r, err := s.Read(t.Context(), c.Read)
			g := goldenRecord{Record: r}
			if err != nil {
				g.Fault = string(fault.CodeOf(err)) + " " + fault.Of(err).ReasonOrCode() + ": " + fault.Of(err).Message
			}
			for _, f := range r.Findings {
				g.Findings = append(g.Findings, fmt.Sprintf("%s %q %s", f.Code, f.Field, f.Message))
			}
			g.Record.Findings = nil
			var buf bytes.Buffer
			enc := json.NewEncoder(&buf)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			if err := enc.Encode(g); err != nil {
				t.Fatal(err)
			}
			connectortest.CompareGolden(t, *update, path+".out.json", buf.String())
			if again, _ := s.Read(t.Context(), c.Read); !reflect.DeepEqual(r, again) {
				t.Error("the second time it came out differently")
			}
			for f := range r.Fields {
				if reads(f) {
					t.Errorf("R52: %s could come in", f)
				}
			}
		})
	}
}

// TestEveryValueIsInAGoldenFile keeps the golden files complete: each value of a candidate and a customer stands in one.
func TestEveryValueIsInAGoldenFile(t *testing.T) {
	t.Parallel()
	missing := map[string]bool{}
	leaves(reflect.TypeFor[api.Candidate](), "", missing)
	leaves(reflect.TypeFor[api.Customer](), "", missing)
	if len(missing) < 20 {
		t.Fatalf("only %d values", len(missing))
	}
	for _, c := range connectortest.GoldenCases[goldenCase](t, "read") {
		for _, body := range c.Answers {
			var v any
			if err := json.Unmarshal(body, &v); err != nil {
				t.Fatal(err)
			}
			seen(v, "", missing)
		}
	}
	for path := range missing {
		t.Errorf("no golden file has %s", path)
	}
}

func leaves(t reflect.Type, path string, into map[string]bool) {
	switch {
	case t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice:
		leaves(t.Elem(), path, into)
	case t.Kind() == reflect.String:
		into[path] = true
	case t.Kind() == reflect.Struct:
		for f := range t.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			switch {
			case f.Anonymous:
				leaves(f.Type, path, into)
			case name != "" && name != "-":
				leaves(f.Type, path+"."+name, into)
			}
		}
	}
}

func seen(v any, path string, missing map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			seen(inner, path+"."+k, missing)
		}
	case []any:
		for _, inner := range v {
			seen(inner, strings.TrimSuffix(path, ".items"), missing)
		}
	case nil:
	default:
		delete(missing, path)
	}
}

// TestWriteGolden shows the calls of each step in testdata/golden/write, in their order with what they send. Together the steps set
// everything that can be written.
func TestWriteGolden(t *testing.T) {
	t.Parallel()
	covered := map[customer.Field]bool{}
	for path, c := range connectortest.GoldenCases[goldenCase](t, "write") {
		for f := range c.Step.Set {
			covered[f] = true
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			s := c.serve(t)
			key, err := s.Write(t.Context(), c.Step)
			var out strings.Builder
			fmt.Fprintf(&out, "%s\nkey %q\n", transcript(s), key)
			if err != nil {
				f := fault.Of(err)
				fmt.Fprintf(&out, "fault %s %s: %s\n", f.Code, f.ReasonOrCode(), f.Message)
			}
			connectortest.CompareGolden(t, *update, path+".out.txt", out.String())
			if n := len(s.writing()); n > 1 {
				t.Errorf("Promise 2: %d calls that write", n)
			}
		})
	}
	for _, f := range written {
		if !covered[f] {
			t.Errorf("no step sets %s", f)
		}
	}
}

// transcript is what was called, with what matters of the headers.
func transcript(s *service) string {
	var out strings.Builder
	for _, c := range s.calls() {
		fmt.Fprintln(&out, c.name)
		for _, name := range []string{"Authorization", "Content-Type", "If-Match", "Idempotency-Key"} {
			for _, value := range c.header.Values(name) {
				if name == "Authorization" && value == "Bearer "+testToken {
					continue // as everywhere
				}
				if name == "Idempotency-Key" && len(value) == 36 && strings.Count(value, "-") == 4 {
					value = "(made up)"
				}
				fmt.Fprintf(&out, "  %s: %s\n", name, strings.Replace(value, testAdmin, "(the administrator's)", 1))
			}
		}
		if c.body != "" {
			fmt.Fprintln(&out, "  "+c.body)
		}
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// TestCallsGolden shows the calls of everything that is no step and no reading of a record.
func TestCallsGolden(t *testing.T) {
	t.Parallel()
	integration := `{"id":"int_01","type":"NETVISOR","state":"RUNNING","onlyWithContactPerson":true,"errorReportEmail":"virheet@example.test",
		"netvisor":{"userNameHint":"NV…7F","integrationKeySet":true},
		"verification":{"kyc":"OK","netvisor":"FAILED","checkedAt":"2026-11-20T08:00:00Z","message":"Netvisor does not accept the identifiers."},
		"initialSync":{"startedAt":"2026-11-20T08:01:00Z","finishedAt":"2026-11-20T08:09:00Z","candidatesCreated":40,"skippedNoContact":3,"errors":1}}`
	hook := `{"id":"hook_1","url":"https://hub.example.test/in","active":false,"createdAt":"2026-11-20T08:00:00Z"}`
	feed := []string{
		`{"seq":1,"entity":"CANDIDATE","id":"cand_1","type":"CREATED","revision":1,"at":"2026-11-20T08:00:00Z"}`,
		`{"seq":2,"entity":"CUSTOMER","id":"cust_501","type":"STATUS_CHANGED","revision":12,"at":"2026-11-20T08:00:00Z"}`,
		`{"seq":3,"entity":"INTEGRATION","id":"int_01","type":"UPDATED","revision":2,"at":"2026-11-20T08:00:00Z"}`,
	}
	for name, tc := range map[string]struct {
		answers func(string) (int, string)
		do      func(t *testing.T, s *service) any
	}{
		"Check": {always(200, integration), func(t *testing.T, s *service) any { return must(s.Check(t.Context()))(t) }},
		"Activation": {always(200, integration), func(t *testing.T, s *service) any {
			return must(s.Activation(t.Context()))(t)
		}},
		"RequestCredential": {always(201, `{"credentialId":"cred_2","token":"kyc_new"}`), func(t *testing.T, s *service) any {
			got := must(s.RequestCredential(t.Context()))(t)
			got[ActivationToken] = strings.Replace(got[ActivationToken], testAdmin, "(the administrator's)", 1)
			return got
		}},
		"Submit": {always(202, integration), func(t *testing.T, s *service) any {
			return s.Submit(t.Context(), connector.Submission{
				Identifiers: map[string]string{"customerId": "NV_1", "customerKey": "key-1"}, ReportEmail: "virheet@example.test", OnlyWithContactPerson: true,
			})
		}},
		"SetScope": {always(200, integration), func(t *testing.T, s *service) any { return s.SetScope(t.Context(), true) }},
		"Start":    {always(202, `{"runId":"run_1"}`), func(t *testing.T, s *service) any { return s.Start(t.Context()) }},
		"Pause":    {always(200, integration), func(t *testing.T, s *service) any { return s.Pause(t.Context()) }},
		"Resume":   {always(200, integration), func(t *testing.T, s *service) any { return s.Resume(t.Context()) }},
		"Subscribe": {always(201, hook), func(t *testing.T, s *service) any {
			return must(s.Subscribe(t.Context(), "https://hub.example.test/in", "a secret of the hub's"))(t)
		}},
		"Subscriptions": {always(200, page(hook)), func(t *testing.T, s *service) any { return must(s.Subscriptions(t.Context()))(t) }},
		"Unsubscribe":   {always(204, ""), func(t *testing.T, s *service) any { return s.Unsubscribe(t.Context(), "hook_1") }},
		"Delete":        {always(204, ""), func(t *testing.T, s *service) any { return s.Delete(t.Context(), "candidates/cand_1", "t-1") }},
		"Find": {with(map[string]string{
			"GET candidates?businessId=1572860-0&limit=500": page(aCandidate("cand_1001", `{"state":"ACCEPTED"}`), aCandidate("cand_7", `{"state":"DELETED"}`),
				aCandidate("cand_8", `{"businessId":"1967543-8"}`)),
			"GET customers?businessId=1572860-0&limit=500": page(aCustomer("cust_501", ""), aCustomer("cust_9", `{"candidateId":null}`), aCustomer("cust_2", `{"candidateId":"cand_2","lifecycle":"ENDED"}`)),
		}), func(t *testing.T, s *service) any {
			return must(s.Find(t.Context(), connector.Identity{Number: "2001", BusinessID: "15728600"}))(t)
		}},
		"ListEverything": {with(map[string]string{
			"GET changes?limit=500":                          more("c1", feed[0]),
			"GET changes?cursor=c1&limit=500":                `{"items":[` + feed[1] + `],"nextCursor":"c2","hasMore":false}`,
			"GET candidates?limit=500":                       more("p1", aCandidate("cand_1", ""), aCandidate("cand_2", `{"source":null,"state":"INCOMPLETE"}`)),
			"GET candidates?cursor=p1&limit=500":             page(aCandidate("cand_3", `{"source":{"customerNumber":"2003"}}`)),
			"GET customers?limit=500":                        page(aCustomer("cust_501", ""), aCustomer("cust_502", `{"candidateId":"cand_3"}`), aCustomer("cust_9", `{"candidateId":null}`)),
			"GET customers/by-source/NETVISOR/123?limit=500": "",
		}), func(t *testing.T, s *service) any {
			rows, result, err := s.rows(t.Context(), "")
			return map[string]any{"rows": rows, "cursor": result.Cursor, "error": err}
		}},
		"ListChanges": {with(map[string]string{
			"GET changes?cursor=c1&limit=500": `{"items":[` + strings.Join(feed, ",") + `,` + feed[0] + `],"nextCursor":"c9","hasMore":false}`,
			"GET customers/cust_501":          aCustomer("cust_501", ""),
		}), func(t *testing.T, s *service) any {
			rows, result, err := s.rows(t.Context(), cursorMark+"c1")
			return map[string]any{"rows": rows, "cursor": result.Cursor, "error": err}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serves(t, tc.answers)
			got := tc.do(t, s)
			if err, ok := got.(error); ok && err != nil {
				t.Fatal(err)
			}
			told, err := json.MarshalIndent(got, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			connectortest.CompareGolden(t, *update, "testdata/golden/"+name+".txt", transcript(s)+"\n\n"+string(told)+"\n")
		})
	}
}

func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// TestNothingElseIsAskedFor looks at every address that the golden files show: what KYC keeps apart by law is in none of them.
func TestNothingElseIsAskedFor(t *testing.T) {
	t.Parallel()
	allowed := []string{"integration", "candidates", "customers", "changes", "webhooks"}
	paths, err := filepath.Glob("testdata/golden/*.txt")
	more, err2 := filepath.Glob("testdata/golden/*/*.txt")
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	n := 0
	for _, path := range append(paths, more...) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.SplitSeq(string(data), "\n") {
			method, rest, _ := strings.Cut(line, " ")
			if !slices.Contains([]string{http.MethodGet, http.MethodPut, http.MethodPost, http.MethodPatch, http.MethodDelete}, method) {
				continue
			}
			n++
			first, _, _ := strings.Cut(rest, "/")
			first, _, _ = strings.Cut(first, "?")
			if !slices.Contains(allowed, first) || strings.Contains(rest, "answers") || strings.Contains(rest, "documents") {
				t.Errorf("%s: %s", path, line)
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d calls", n)
	}
}
