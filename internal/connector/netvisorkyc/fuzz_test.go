package netvisorkyc

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"customerhub/internal/connector"
	"customerhub/internal/connector/connectortest"
	"customerhub/internal/connector/record"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finnish"
)

// roundTrip answers without a network.
type roundTrip func(*http.Request) *http.Response

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

// FuzzAnswers gives any answer with any status to each kind of call. Nothing panics; what fails has a code, says no personal identity code
// and repeats nothing of an answer that could be a record; what succeeds keeps the rules of records (Promise 11).
func FuzzAnswers(f *testing.F) {
	for _, c := range connectortest.GoldenCases[goldenCase](f, "read") {
		for _, body := range c.Answers {
			f.Add(200, string(body), "")
		}
	}
	f.Add(200, page(aCandidate("cand_1", ""), aCustomer("cust_1", "")), "")
	f.Add(200, more("c1", change("CUSTOMER", "cust_1")), page())
	f.Add(410, refused(410, CandidateDeleted), "")
	f.Add(429, "", "")
	f.Add(500, `{"status":500,"code":"UNAVAILABLE","detail":"010190-900P","errors":[{}]}`, "")
	f.Add(200, `{"id":"cand_1","state":"NEW","contactPerson":7,"source":[],"name":{"a":"010190-900P"}}`, "")
	f.Fuzz(func(t *testing.T, status int, first, then string) {
		if status < 200 || status > 599 {
			return
		}
		for act, do := range acts {
			n := 0
			c := opened(t, "http://localhost")
			c.service.Client = &http.Client{Transport: roundTrip(func(r *http.Request) *http.Response {
				n++
				body := first
				if n > 1 && then != "" {
					body = then
				}
				if n > 50 {
					status = http.StatusNotFound
				}
				return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r, ProtoMajor: 1}
			})}
			if act == "list" || act == "changes" {
				do = func(ctx context.Context, c *Connection) error {
					since := map[string]string{"list": "", "changes": cursorMark + "c1"}[act]
					_, err := c.List(ctx, since, func(r connector.Row) error {
						if finnish.ContainsIdentityCode(r.Name+" "+r.Number+" "+r.ExternalID) || r.ExternalID == "" && r.Excluded == "" {
							t.Errorf("row %+v", r)
						}
						return nil
					})
					return err
				}
			}
			err := do(t.Context(), c)
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
		c := opened(t, "http://localhost")
		c.service.Client = &http.Client{Transport: roundTrip(func(r *http.Request) *http.Response {
			body := first
			if strings.Contains(r.URL.Path, "/customers/") && then != "" {
				body = then
			}
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r, ProtoMajor: 1}
		})}
		r, err := c.Read(t.Context(), "candidates/cand_1001")
		if err != nil {
			return
		}
		if text := fmt.Sprintf("%+v %+v", r, *r.KYC); finnish.ContainsIdentityCode(text) {
			t.Errorf("a personal identity code came through: %q", text)
		}
		for field, value := range r.Fields {
			if value == "" || strings.ContainsFunc(value, record.Invisible) {
				t.Errorf("%s is %q", field, value)
			}
			if err := new(customer.Customer).Apply(field, value); err != nil {
				t.Error(err)
			}
		}
		k := r.KYC
		for _, text := range []string{k.Notes, k.Stage, k.Person.String(), strings.Join(k.RequiresActionsReasons, "")} {
			if err := customer.CheckText(text); err != nil {
				t.Errorf("%q cannot be stored", text)
			}
		}
		if k.AsOf.IsZero() || k.AsOf.After(noon) || k.Revision < 0 || k.State == "" || k.RiskClass == "" {
			t.Errorf("%+v", k)
		}
	})
}
