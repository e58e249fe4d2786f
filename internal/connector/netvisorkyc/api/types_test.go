package api

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"customerhub/internal/connector/rest"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	t.Run("WhatNobodyAskedForIsSkipped", func(t *testing.T) {
		t.Parallel()
		var c Customer
		odd, err := rest.Decode([]byte(`{"id":"cust_1","hetu":"x","answers":[{"a":1}],"beneficialOwners":{},"status":{"pep":true,"riskClass":"HIGH"}}`), &c)
		if err != nil || odd != "" || c.ID != "cust_1" || c.Status.RiskClass != "HIGH" {
			t.Errorf("%+v, %q, %v", c, odd, err)
		}
	})
	t.Run("AValueOfAnotherTypeSpoilsNothingElse", func(t *testing.T) {
		t.Parallel()
		var c Candidate
		odd, err := rest.Decode([]byte(`{"source":7,"id":"cand_1","name":12.50,"businessId":null,"state":true,"contactPerson":{"email":["a"]}}`), &c)
		if err != nil || odd != "source" || c.ID != "cand_1" || c.Name != "12.50" || c.BusinessID != "" || c.State != "true" || c.ContactPerson.Email != `["a"]` {
			t.Errorf("%+v, %q, %v", c, odd, err)
		}
	})
	t.Run("NobodyIsNotUntold", func(t *testing.T) {
		t.Parallel()
		for text, told := range map[string]bool{`{"contactPerson":null}`: true, `{"contactPerson":{}}`: true, `{}`: false} {
			var c Customer
			if _, err := rest.Decode([]byte(text), &c); err != nil || c.ContactPerson.Told != told {
				t.Errorf("%s: %+v, %v", text, c.ContactPerson, err)
			}
		}
	})
	t.Run("BrokenOnesAreToldWithoutTheirWords", func(t *testing.T) {
		t.Parallel()
		for _, text := range []string{"", " ", "7", "null", `"canary"`, "[]", `{"name":"canary"`, `{"name":"canary"} x`, `{"name":"canary"}{}`, "{\"name\":\"\xe4canary\"}", `{"canary"}`} {
			var c Candidate
			_, err := rest.Decode([]byte(text), &c)
			if _, ok := errors.AsType[*rest.BrokenError](err); !ok || strings.Contains(err.Error(), "canary") {
				t.Errorf("%q: %v", text, err)
			}
		}
	})
}

// TestABodyHoldsNothingEmpty keeps an empty value from erasing anything.
func TestABodyHoldsNothingEmpty(t *testing.T) {
	t.Parallel()
	for want, body := range map[string]any{
		`{"name":"A"}`: PutCandidate{Name: "A"}, `{"contactPerson":{"email":"a"}}`: PatchCustomer{ContactPerson: &Person{Email: "a"}}, `{}`: End{},
	} {
		if got, err := json.Marshal(body); err != nil || string(got) != want {
			t.Errorf("%s, %v", got, err)
		}
	}
}
