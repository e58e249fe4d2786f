package rest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"customerhub/internal/connector/rest"
	"customerhub/internal/fault"
)

// TestSend takes an answer as one when it is whole, also where nothing of it is needed.
func TestSend(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status int
		body   string
		// whole is what came of a call that needs its answer, and quiet of one that does not.
		whole, quiet fault.Code
	}{
		"AnObject":          {200, `{"id":"a"}`, "", ""},
		"Created":           {201, `{"id":"a"}`, "", ""},
		"AnEmptyObject":     {202, `{}`, "", ""},
		"NoContent":         {204, ``, fault.Uncertain, ""},
		"Nothing":           {200, ``, fault.Uncertain, fault.Uncertain},
		"AWebPage":          {200, `<html>`, fault.Uncertain, fault.Uncertain},
		"AList":             {200, `[]`, fault.Uncertain, fault.Uncertain},
		"HalfAnObject":      {200, `{"id":"a`, fault.Uncertain, fault.Uncertain},
		"TwoObjects":        {200, `{}{}`, fault.Uncertain, fault.Uncertain},
		"SomethingBehind":   {200, `{}x`, fault.Uncertain, fault.Uncertain},
		"Latin":             {200, "{\"id\":\"\xe4\"}", fault.Uncertain, fault.Uncertain},
		"AnotherType":       {200, `{"id":{"a":1},"n":"x"}`, "", ""},
		"SentElsewhere":     {302, ``, fault.Unavailable, fault.Unavailable},
		"NotModified":       {304, ``, fault.Uncertain, fault.Uncertain},
		"ARefusal":          {422, `{"status":422,"code":"NO"}`, fault.Rejected, fault.Rejected},
		"AnotherRefusal":    {422, `{"status":404,"code":"NO"}`, fault.Uncertain, fault.Uncertain},
		"ABrokenService":    {500, `{"status":500,"code":"NO"}`, fault.Uncertain, fault.Uncertain},
		"AServiceThatIsOff": {503, `{"status":503,"code":"NO"}`, fault.Unavailable, fault.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := service(t, tc.status, tc.body)
			r := &rest.Request{Method: http.MethodPost, Path: []string{"things"}, Body: struct{}{}, Token: secret}
			var out struct{ ID rest.Text }
			if err := s.Send(t.Context(), r, &out); (err != nil) != (tc.whole != "") || err != nil && !fault.Is(err, tc.whole) {
				t.Errorf("whole: %v", err)
			}
			if err := s.Send(t.Context(), r, nil); (err != nil) != (tc.quiet != "") || err != nil && !fault.Is(err, tc.quiet) {
				t.Errorf("quiet: %v", err)
			}
		})
	}
}

// TestBuild shows what a call looks like.
func TestBuild(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got, body = r, string(b)
		_, _ = w.Write([]byte("{}"))
	}))
	defer server.Close()
	base, err := url.Parse(server.URL + "/base")
	if err != nil {
		t.Fatal(err)
	}
	s := &rest.Service{Name: "Some service", Base: base, Prefix: "/v1", Client: server.Client(), Now: func() time.Time { return noon }}
	call := func(r *rest.Request) {
		t.Helper()
		if err := s.Send(t.Context(), r, nil); err != nil {
			t.Fatal(err)
		}
	}
	call(&rest.Request{
		Method: http.MethodPatch, Path: []string{"things", "a/b ä?%2F"}, Query: url.Values{"q": {"1 & 2"}}, Token: secret,
		Body: map[string]string{"name": "Äiti & <Poika>"}, Header: map[string]string{"If-Match": `"1"`, "X-Empty": ""},
	})
	if p := got.URL.EscapedPath(); p != "/base/v1/things/a%2Fb%20%C3%A4%3F%252F" || got.URL.RawQuery != "q=1+%26+2" {
		t.Errorf("%s?%s", p, got.URL.RawQuery)
	}
	if h := got.Header; h.Get("Authorization") != "Bearer "+secret || h.Get("Accept") != "application/json" || h.Get("Content-Type") != "application/merge-patch+json" ||
		h.Get("If-Match") != `"1"` || h.Values("X-Empty") != nil || got.ContentLength != int64(len(body)) {
		t.Errorf("%v", h)
	}
	if body != `{"name":"Äiti & <Poika>"}` {
		t.Error(body)
	}
	call(&rest.Request{Method: http.MethodPut, Path: []string{"things"}, Body: struct{}{}})
	if got.Header.Get("Content-Type") != "application/json" || body != "{}" {
		t.Errorf("%v, %s", got.Header, body)
	}
	call(&rest.Request{Method: http.MethodDelete, Path: []string{"things", "a"}})
	if got.Header.Get("Content-Type") != "" || body != "" || !strings.HasSuffix(got.URL.Path, "/things/a") {
		t.Errorf("%v, %s", got.Header, body)
	}
}
