package flex_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/connector/connectortest"
	"customerhub/internal/connector/flex"
	"customerhub/internal/connector/record"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finnish"
)

// roundTrip answers without a network.
type roundTrip func(*http.Request) *http.Response

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

// offline is a connection to a service that answers all that is asked of types and of customers so.
func offline(t testing.TB, status int, types, one, page string, calls *[]string) connector.Connection {
	t.Helper()
	conn, err := flex.Kind().Open(connector.Config{
		Settings: map[string]string{flex.BaseURL: "http://localhost", flex.Organisation: "A"}, Credentials: map[string]string{flex.APIKey: "key-of-the-organisation"},
		Now: func() time.Time { return noon },
		Client: &http.Client{Transport: roundTrip(func(r *http.Request) *http.Response {
			if r.Body != nil {
				b, _ := io.ReadAll(r.Body)
				*calls = append(*calls, string(b))
			}
			body := one
			switch {
			case strings.HasSuffix(r.URL.Path, "/customer-types"):
				body = types
			case strings.HasSuffix(r.URL.Path, "/customers"):
				body = page
			}
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r, ProtoMajor: 1}
		})},
	})
	if err != nil {
		t.Fatal(err)
	}
	return flex.Unpaced(conn)
}

// FuzzRecord gives any answer with any status to each kind of call. Nothing panics; what fails has a code and tells no personal identity code;
// what succeeds keeps the rules of records, and what is written from it holds none (Promise 11).
func FuzzRecord(f *testing.F) {
	types := `{"items":[{"id":"ct_5","name":"Taloyhtiö"},{"id":"ct_10","identifier":"PRIVATE","usedForNetvisor":true},{"id":"ct_11","identifier":"COMPANY","usedForNetvisor":true}]}`
	for _, c := range connectortest.GoldenCases[readCase](f, "read") {
		f.Add(200, types, string(c.Customer))
	}
	f.Add(200, `{"items":[{"id":"ct_11","name":"010190-900P","identifier":"COMPANY","numberSeries":{"prefix":"010190-900P","next":1}}]}`, `{"id":"fx_7001","customerNumber":"1","customerTypeId":"ct_11"}`)
	f.Add(200, types, `{"id":"fx_7001","customerNumber":"1","customerTypeId":"ct_11","businessId":"010190 900P","billing":{"einvoice":{"address":"010190-900P","operator":"0 1 0 1 9 0 - 900P"},"language":"010190-900P"}}`)
	f.Add(422, types, `{"status":422,"code":"VALIDATION_FAILED","detail":"010190-900P","errors":[{"field":"010190-900P","message":"010190-900P"}]}`)
	f.Add(429, "", "")
	f.Add(500, "010190-900P", "<html>010190-900P")
	f.Fuzz(func(t *testing.T, status int, types, one string) {
		if status < 200 || status > 599 {
			return
		}
		var bodies []string
		conn := offline(t, status, types, one, `{"items":[`+one+`],"nextCursor":null}`, &bodies)
		for act, do := range acts {
			if act == "list" {
				continue
			}
			err := do(t.Context(), conn)
			if err == nil {
				continue
			}
			told := fault.Of(err)
			if told == nil {
				t.Fatalf("%s: an error without a code: %v", act, err)
			}
			if text := err.Error() + told.Message + told.Sample; finnish.ContainsIdentityCode(text) {
				t.Errorf("%s tells %q", act, text)
			}
		}
		for _, body := range bodies {
			if finnish.ContainsIdentityCode(body) || strings.Contains(body, "consumer") {
				t.Errorf("sent: %s", body)
			}
		}
		_, _ = conn.(connector.Lister).List(t.Context(), "", func(r connector.Row) error {
			if finnish.ContainsIdentityCode(r.Name+"\n"+r.Number+"\n"+r.ExternalID) || r.ExternalID == "" && r.Excluded == "" {
				t.Errorf("row %+v", r)
			}
			return nil
		})
		if checks, err := conn.(connector.Checker).Check(t.Context()); err == nil && finnish.ContainsIdentityCode(fmt.Sprint(checks)) {
			t.Errorf("checks %+v", checks)
		}
		r, err := conn.Read(t.Context(), "fx_7001")
		if err != nil {
			return
		}
		if text := fmt.Sprintf("%+v", r); finnish.ContainsIdentityCode(text) {
			t.Errorf("a personal identity code came through: %q", text)
		}
		for field, value := range r.Fields {
			if value == "" || strings.ContainsFunc(value, record.Invisible) {
				t.Errorf("%s is %q", field, value)
			}
			if part, key, name, ok := field.PartKey(); ok {
				if _, present := r.Fields[customer.PartField(part, key, customer.Present)]; !present || !flex.Kind().Reads(field) {
					t.Errorf("%s of nobody: %s", name, field)
				}
				continue
			}
			if err := new(customer.Customer).Apply(field, value); err != nil {
				t.Error(err)
			}
		}
		if r.Excluded == "" && r.Fields["kind"] == "" && len(r.Untold) == 0 {
			t.Errorf("%+v", r)
		}
	})
}

// FuzzReceive gives any message, signed and not. Nothing panics, what is not signed is refused, and what is believed names one record by a key.
func FuzzReceive(f *testing.F) {
	stamp := fmt.Sprint(noon.Unix())
	f.Add(event("customer.updated", "fx_7001"), stamp, "evt_1", "")
	f.Add(event("customer.updated", "010190-900P"), stamp, "evt_1", "")
	f.Add(`{"type":{},"customerId":[]}`, noon.Format(time.RFC3339), "evt_1", "v1=")
	f.Add(`{}`, "-1", "", "v1=00,v1=zz")
	f.Add(``, "9223372036854775807", "\x00", strings.Repeat("v1=", 1000))
	f.Fuzz(func(t *testing.T, body, stamp, id, other string) {
		receive := flex.Kind().Receive
		unsigned := connector.Delivery{Body: []byte(body), Header: http.Header{headerEventID: {id}, headerTimestamp: {stamp}, headerSignature: {other}}}
		if got, err := receive(unsigned, hookSecret, noon); err == nil && !strings.Contains(strings.ToLower(other), signature(hookSecret, stamp, body)[3:]) {
			t.Errorf("%q is taken: %+v", other, got)
		}
		signed := connector.Delivery{Body: []byte(body), Header: http.Header{headerEventID: {id}, headerTimestamp: {stamp}, headerSignature: {signature(hookSecret, strings.TrimSpace(stamp), body)}}}
		got, err := receive(signed, hookSecret, noon)
		if err != nil {
			if told := fault.Of(err); told == nil || told.Code != fault.Invalid && told.Code != fault.Unauthenticated || finnish.ContainsIdentityCode(err.Error()) || got.Records != nil {
				t.Errorf("%+v, %v", got, err)
			}
			return
		}
		if len(got.Records) != 1 || got.Records[0] == "" || finnish.ContainsIdentityCode(got.Records[0]) || strings.ContainsAny(got.Records[0], "/.% ") || got.EventID == "" {
			t.Errorf("%+v", got)
		}
	})
}
