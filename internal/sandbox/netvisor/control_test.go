package netvisor

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func (b *bench) controlCall(t *testing.T, method, path, body string, change ...func(*http.Request)) (int, map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, b.server.URL+"/_control/"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range change {
		f(r)
	}
	res, err := b.server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var out map[string]any
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		t.Fatalf("%s %s: HTTP %d, no JSON: %v", method, path, res.StatusCode, err)
	}
	return res.StatusCode, out
}

func TestControlPlane(t *testing.T) {
	t.Parallel()
	b := setup(t, Options{Customers: 30, Seed: 2, Companies: []Company{
		{OrganisationID: "1", Name: "Yksi", CustomerID: "a", CustomerKey: "secret-a"}, {OrganisationID: "2", CustomerID: "b", CustomerKey: "secret-b"}}})

	t.Run("Health", func(t *testing.T) {
		status, out := b.controlCall(t, "GET", "health", "")
		first := out["companies"].([]any)[0].(map[string]any)
		if status != 200 || out["status"] != "ok" || first["organisation"] != "1" || first["customers"] != 31.0 {
			t.Error(status, out)
		}
	})
	t.Run("ChangedCustomerShowsInTheService", func(t *testing.T) {
		key := b.mustGet(t, "customerlist.nv").keys(t)[4]
		status, out := b.controlCall(t, "POST", "customers/"+key, `{"NAME":"Öljy Oy","phoneNumber":"","isActive":false,"country":null,"comment":"Älä"}`)
		if status != 200 || out["key"] != key || out["fields"].(map[string]any)["Name"] != "Öljy Oy" {
			t.Fatal(status, out)
		}
		body := b.mustGet(t, "getcustomer.nv?id="+key).body
		for _, want := range []string{"<Name>Öljy Oy</Name>", "<PhoneNumber />", "<IsActive>0</IsActive>", "<Comment>Älä</Comment>"} {
			if !strings.Contains(body, want) {
				t.Errorf("no %s in %s", want, body)
			}
		}
		if strings.Contains(body[:strings.Index(body, "</CustomerBaseInformation>")], "<Country") {
			t.Error("country is still there")
		}
		if got := b.mustGet(t, "customerlist.nv?changedsince=2026-01-01").keys(t); !slices.Equal(got, []string{key}) {
			t.Errorf("changed: %v", got)
		}
		if _, out := b.controlCall(t, "GET", "customers/"+key, ""); out["fields"].(map[string]any)["Comment"] != "Älä" {
			t.Error(out)
		}
	})
	t.Run("AddedAndRemoved", func(t *testing.T) {
		status, out := b.controlCall(t, "POST", "customers?organisation=1", `{"name":"Uusi Äö","code":"U-1","offices":[{"officeName":"Varasto","officeVisitAddress/city":"Kemi"}],"contactPersons":[{"contactPersonFirstName":"Åsa"}]}`)
		if status != 201 {
			t.Fatal(status, out)
		}
		key := out["key"].(string)
		office := out["offices"].([]any)[0].(map[string]any)["OfficeNetvisorKey"].(string)
		golden(t, "added.golden.xml", b.mustGet(t, "getcustomer.nv?id="+key).body)
		if status, out := b.controlCall(t, "POST", "customers/"+key, `{"offices":[{"officeNetvisorKey":"`+office+`","officeName":"Halli"},{"officeName":"Toinen"}],"contactPersons":[]}`); status != 200 || len(out["offices"].([]any)) != 2 || out["offices"].([]any)[0].(map[string]any)["OfficeName"] != "Halli" {
			t.Error(status, out)
		}
		if status, out := b.controlCall(t, "POST", "customers/"+key, `{"offices":[{"officeNetvisorKey":"`+office+`","remove":true}]}`); status != 200 || len(out["offices"].([]any)) != 1 {
			t.Error(status, out)
		}
		if got := b.mustGet(t, "customerlist.nv?customercodelist=U-1").keys(t); !slices.Equal(got, []string{key}) {
			t.Error(got)
		}
		if status, out := b.controlCall(t, "DELETE", "customers/"+key, ""); status != 200 || out["removed"] != key {
			t.Error(status, out)
		}
		if got := b.get(t, "getcustomer.nv?id="+key).category(); got != "INVALID_DATA" {
			t.Error(got)
		}
		if _, out := b.controlCall(t, "POST", "customers", `{"name":"Seuraava"}`); out["key"] == key {
			t.Error("a key is used twice")
		}
	})
	t.Run("ListsPageByKey", func(t *testing.T) {
		_, out := b.controlCall(t, "GET", "customers?limit=3", "")
		first := out["customers"].([]any)
		_, out = b.controlCall(t, "GET", "customers?limit=2&after="+first[2].(map[string]any)["key"].(string), "")
		if second := out["customers"].([]any); len(first) != 3 || len(second) != 2 || second[0].(map[string]any)["key"] == first[2].(map[string]any)["key"] {
			t.Error(first, second)
		}
	})
	t.Run("CallsWithoutSecrets", func(t *testing.T) {
		_, out := b.controlCall(t, "GET", "calls?after=1&limit=2", "")
		calls := out["calls"].([]any)
		if len(calls) != 2 || calls[0].(map[string]any)["number"] != 2.0 {
			t.Error(calls)
		}
		raw, _ := json.Marshal(out)
		if bytes.Contains(raw, []byte("secret-")) || bytes.Contains(raw, []byte(b.opts.Partner.Key)) {
			t.Error("the log holds a secret")
		}
	})

	for name, tt := range map[string]struct {
		method, path, body string
		status             int
		want               string
	}{
		"NoJSON":           {"POST", "customers/1", `name=x`, 400, "must be a JSON object"},
		"NoObject":         {"POST", "customers/1", `null`, 400, "must be a JSON object"},
		"TwoObjects":       {"POST", "customers/1", `{"name":"x"} {}`, 400, "more than one"},
		"NothingToDo":      {"POST", "customers/1", `{}`, 400, "names no field"},
		"UnknownField":     {"POST", "customers/1", `{"surname":"x"}`, 400, `unknown field "surname"`},
		"KeyIsFixed":       {"POST", "customers/1", `{"netvisorKey":"7"}`, 400, `unknown field "netvisorKey"`},
		"Number":           {"POST", "customers/1", `{"code":7}`, 400, `"code" must be a string`},
		"ControlCharacter": {"POST", "customers/1", `{"name":"a\u0000b"}`, 400, "cannot hold"},
		"TooLarge":         {"POST", "customers/1", `{"name":"` + strings.Repeat("x", maxControlBody) + `"}`, 400, "too large"},
		"OfficeField":      {"POST", "customers/1", `{"offices":[{"name":"x"}]}`, 400, `offices[0]: unknown field "name"`},
		"OfficeUnknown":    {"POST", "customers/1", `{"offices":[{"officeNetvisorKey":"5","officeName":"x"}]}`, 400, "not found"},
		"OfficesNoList":    {"POST", "customers/1", `{"offices":{}}`, 400, "must be a list"},
		"NoName":           {"POST", "customers", `{"city":"Oulu"}`, 400, `"name" must not be empty`},
		"NoSuchCustomer":   {"POST", "customers/7", `{"name":"x"}`, 404, "customer 7"},
		"KeyIsNoNumber":    {"GET", "customers/x", ``, 400, "not a number"},
		"NoSuchCompany":    {"GET", "customers?organisation=9", ``, 404, `organisation "9"`},
		"BadLimit":         {"GET", "customers?limit=-1", ``, 400, "limit must be"},
		"BadParameter":     {"GET", "calls?page=1", ``, 400, `unknown parameter "page"`},
		"NoSuchControl":    {"GET", "nothing", ``, 404, "no such control"},
		"NoSuchMethod":     {"PUT", "customers/1", `{}`, 405, "no such control"},
		"RemovedTwice":     {"DELETE", "customers/7", ``, 404, "not found"},
	} {
		t.Run(name, func(t *testing.T) {
			status, out := b.controlCall(t, tt.method, tt.path, tt.body)
			if text, _ := out["error"].(string); status != tt.status || !strings.Contains(text, tt.want) {
				t.Errorf("HTTP %d %v, want %d %q", status, out, tt.status, tt.want)
			}
		})
	}
	t.Run("RefusedChangeChangesNothing", func(t *testing.T) {
		before := b.mustGet(t, "getcustomer.nv?id=1").body
		b.controlCall(t, "POST", "customers/1", `{"name":"x","surname":"y"}`)
		if b.mustGet(t, "getcustomer.nv?id=1").body != before {
			t.Error("half of it was done")
		}
	})
	t.Run("PagesOfOtherOriginsAndNamesAreRefused", func(t *testing.T) {
		status, _ := b.controlCall(t, "POST", "customers/1", `{"name":"x"}`, func(r *http.Request) { r.Header.Set("Origin", "https://example.test") })
		if status != 403 {
			t.Errorf("origin: HTTP %d", status)
		}
		status, _ = b.controlCall(t, "GET", "customers", ``, func(r *http.Request) { r.Host = "rebound.example.test" })
		if status != 403 {
			t.Errorf("host: HTTP %d", status)
		}
	})
}

func TestServe(t *testing.T) {
	t.Parallel()
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln) }()
	res, err := http.Get("http://" + ln.Addr().String() + "/_control/health")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("HTTP %d", res.StatusCode)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("stopped with %v", err)
	}
}
