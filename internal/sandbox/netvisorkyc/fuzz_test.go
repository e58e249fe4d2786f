package netvisorkyc

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// FuzzCalls sends anything to every address that takes a body: an answer is JSON, never a fault of the server, never an identity code that came in
// an error, and a refusal has no effect.
func FuzzCalls(f *testing.F) {
	s, err := New(Options{LogLimit: 10})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close() })
	token, err := s.Activate("")
	if err != nil {
		f.Fatal(err)
	}
	made, err := s.AddCandidate("", CandidateEdit{Name: new("Esimerkki Oy"), BusinessID: new(idThree)})
	if err != nil {
		f.Fatal(err)
	}
	if _, err := s.Accept(made.ID, Assessment{RiskClass: High, ReviewIntervalMonths: 12, Force: true}); err != nil {
		f.Fatal(err)
	}
	addresses := []string{"PUT /candidates/by-source/NETVISOR/1", "PATCH /candidates/cand_1001", "PATCH /customers/cust_501", "POST /customers/cust_501/end",
		"PUT /integration", "POST /webhooks", "GET /candidates?cursor=", "GET /changes?cursor=", "GET /customers?updatedSince="}
	for i := range addresses {
		for _, body := range []string{`{"businessId":"` + idOne + `","name":"Uusi Oy","contactPerson":{"email":"a@example.test"}}`, `{"name":null}`, `{"contactPerson":{"email":7}}`,
			`{"netvisor":{"userName":"a"}}`, `{"url":"http://127.0.0.1:1"}`, `{"` + artificial + `":1}`, `[]`, "", "\xff", `{"a":{"a":{"a":[[[[`, "eyJ3IjoiY2hhbmdlcyJ9"} {
			f.Add(uint8(i), body)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, body string) {
		method, path, _ := strings.Cut(addresses[int(which)%len(addresses)], " ")
		r := httptest.NewRequestWithContext(t.Context(), method, "http://127.0.0.1/kyc/v1"+path, strings.NewReader(body))
		if method == http.MethodGet {
			r.URL.RawQuery += body
		}
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		before := len(s.Changes(""))
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code >= 500 || !json.Valid(w.Body.Bytes()) {
			t.Errorf("HTTP %d: %s", w.Code, w.Body)
		}
		if w.Code >= 400 {
			if len(s.Changes("")) != before {
				t.Errorf("HTTP %d with an effect", w.Code)
			}
			if holdsIdentityCode(w.Body.String()) {
				t.Errorf("an identity code in %s", w.Body)
			}
		}
	})
}
