package connectortest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"customerhub/internal/connector/connectortest"
)

// recorder is a test that remembers its complaints.
type recorder struct {
	testing.TB
	errors  int
	cleanup []func()
}

func (r *recorder) Helper()           {}
func (r *recorder) Error(...any)      { r.errors++ }
func (r *recorder) Log(...any)        {}
func (r *recorder) Cleanup(fn func()) { r.cleanup = append(r.cleanup, fn) }
func (r *recorder) end() (errors int) {
	for _, fn := range r.cleanup {
		fn()
	}
	return r.errors
}

// TestGuardSeesWhatItIsFor is the negative control of the guard.
func TestGuardSeesWhatItIsFor(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		path, body string
		want       int
	}{
		"NothingWrong":      {"/customers?since=2026-01-01", `{"name":"Esimerkki Oy","businessId":"1572860-0","einvoice":{"address":"003715728600"}}`, 0},
		"CodeInTheBody":     {"/customers", `{"name":"Malli 010190-900P"}`, 1},
		"CodeInTheQuery":    {"/customers?name=010190-900P", "", 1},
		"CodeInThePath":     {"/customers/by-number/010190-900P", "", 1},
		"ConsumersAddress":  {"/customers", "<FinvoiceAddress>" + connectortest.ConsumerAddress + "</FinvoiceAddress>", 1},
		"ConsumersWord":     {"/customers", `{"billing":{"consumerEInvoice":false}}`, 1},
		"WhatPeopleDoThere": {"/_control/customers", `{"consumerEInvoice":true}`, 0},
		"BothInOneCall":     {"/customers?name=010190-900P", `{"consumerEInvoice":true}`, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			watched := &recorder{TB: t}
			got := ""
			h := connectortest.Guard(watched, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				got = string(body)
			}))
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, tc.path, strings.NewReader(tc.body)))
			if n := watched.end(); n != tc.want || got != tc.body {
				t.Errorf("%d complaints; passed on %q", n, got)
			}
		})
	}
}
