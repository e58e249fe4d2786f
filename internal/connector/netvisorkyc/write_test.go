package netvisorkyc

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"customerhub/internal/connector"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
)

func TestWriteRefusesBeforeItSends(t *testing.T) {
	t.Parallel()
	without := func(f customer.Field) customer.Fields {
		set := maps.Clone(creation().Set)
		delete(set, f)
		return set
	}
	with := func(f customer.Field, value string) customer.Fields {
		set := maps.Clone(creation().Set)
		set[f] = value
		return set
	}
	source := creation().Source
	for name, tc := range map[string]struct {
		step   connector.Step
		code   fault.Code
		reason string
	}{
		"NoName":              {connector.Step{Set: without("name"), Source: source}, fault.Invalid, "FIELD_REQUIRED"},
		"NoBusinessID":        {connector.Step{Set: without("businessId"), Source: source}, fault.Invalid, "FIELD_REQUIRED"},
		"BusinessIDInvalid":   {connector.Step{Set: with("businessId", "1572860-5"), Source: source}, fault.Invalid, "BUSINESS_ID_INVALID"},
		"NoSource":            {connector.Step{Set: creation().Set}, fault.Invalid, "SOURCE_REQUIRED"},
		"SourceElsewhere":     {connector.Step{Set: creation().Set, Source: connector.Source{Kind: "FLEX", ExternalID: "1"}}, fault.Invalid, "SOURCE_REQUIRED"},
		"SourceIsNoKey":       {connector.Step{Set: creation().Set, Source: connector.Source{Kind: "NETVISOR", ExternalID: "../1"}}, fault.Invalid, "SOURCE_REQUIRED"},
		"IdentityCodeInName":  {connector.Step{Set: with("name", "Testi 010190-900P"), Source: source}, fault.Invalid, "PERSONAL_IDENTITY_CODE"},
		"IdentityCodeContact": {connector.Step{Set: with("kycContact.lastName", "010190-900P"), Source: source}, fault.Invalid, "PERSONAL_IDENTITY_CODE"},
		"MaskedName":          {connector.Step{Set: with("name", "Testi ******-****"), Source: source}, fault.Invalid, "IDENTITY_CODE_MASKED"},
		"ControlCharacters":   {connector.Step{Set: with("name", "Testi\x00"), Source: source}, fault.Invalid, customer.ReasonCharacters},
		"FieldWithoutAPlace":  {connector.Step{Set: with("email", "a@example.test"), Source: source}, fault.Invalid, "FIELD_UNKNOWN"},
		"NameCleared":         {connector.Step{Record: "candidates/cand_1", Set: customer.Fields{"name": ""}}, fault.Invalid, "FIELD_REQUIRED"},
		"BusinessIDCleared":   {connector.Step{Record: "candidates/cand_1", Set: customer.Fields{"businessId": ""}}, fault.Invalid, "FIELD_REQUIRED"},
		"RecordIsNone":        {connector.Step{Record: "candidates/../x", Set: customer.Fields{"name": "A"}}, fault.Invalid, ""},
		"RecordOfAnotherKind": {connector.Step{Record: "answers/ans_1", Set: customer.Fields{"name": "A"}}, fault.Invalid, ""},
		"APart":               {connector.Step{Record: "candidates/cand_1", Part: customer.PartContact, Set: customer.Fields{"lastName": "A"}}, fault.Unsupported, ""},
		"TheStatusOfATab":     {connector.Step{Record: "candidates/cand_1", Key: connector.KYCStatus, Set: customer.Fields{"kyc.notes": "A"}}, fault.Unsupported, ""},
		"MaskedContactThatWouldGoAlong": {connector.Step{Record: "candidates/cand_1", Set: customer.Fields{"kycContact.firstName": "Aino"},
			Want: customer.Fields{"kycContact.firstName": "Aino", "kycContact.lastName": "******-****"}}, fault.Invalid, "IDENTITY_CODE_MASKED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serves(t, always(200, "{}"))
			key, err := s.Write(t.Context(), tc.step)
			var all fault.Errors
			f := fault.Of(err)
			if errors.As(err, &all) {
				f = all[0]
			}
			if f == nil || f.Code != tc.code || tc.reason != "" && f.Reason != tc.reason || f.Message == "" || key != "" {
				t.Errorf("got %q, %+v", key, err)
			}
			if strings.Contains(err.Error(), "010190") {
				t.Errorf("Promise 11: %v", err)
			}
			if len(s.calls()) > 0 {
				t.Errorf("calls %v", s.names())
			}
		})
	}
}

// TestMeanwhile changes a record between its reading and the write.
func TestMeanwhile(t *testing.T) {
	t.Parallel()
	acceptedOne := aCandidate("cand_1001", `{"state":"ACCEPTED"}`)
	for name, tc := range map[string]struct {
		read   string
		status int
		code   string
		want   fault.Code
	}{
		"T_TheCandidateBecameACustomer": {aCandidate("cand_1001", ""), 409, AlreadyCustomer, fault.Stale},
		"T_TheCandidateWasDeleted":      {aCandidate("cand_1001", ""), 410, CandidateDeleted, fault.NotFound},
		"T_TheCustomerWasChanged":       {acceptedOne, 412, StaleRevision, fault.Stale},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serves(t, func(name string) (int, string) {
				switch {
				case strings.HasPrefix(name, "GET candidates"):
					return 200, tc.read
				case strings.HasPrefix(name, "GET customers"):
					return 200, aCustomer("cust_501", "")
				}
				return tc.status, refused(tc.status, tc.code)
			})
			_, err := s.Write(t.Context(), connector.Step{Record: "candidates/cand_1001", Set: customer.Fields{"name": "Uusi Oy"}})
			if f := fault.Of(err); f == nil || f.Code != tc.want || f.Reason != tc.code {
				t.Errorf("got %v", err)
			}
			if n := len(s.writing()); n != 1 {
				t.Errorf("%d calls that write", n)
			}
		})
	}
	for name, tc := range map[string]struct {
		code, then string
		want       fault.Code
	}{
		"ABusinessIDThatIsAnotherCandidates": {DuplicateBusinessID, "", fault.Rejected},
		"ABusinessIDThatIsAnotherCustomers":  {AlreadyCustomer, "", fault.Rejected},
		"ABusinessIDAndTheCandidateAccepted": {AlreadyCustomer, `{"state":"ACCEPTED"}`, fault.Stale},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refusedOnce := false
			s := serves(t, func(name string) (int, string) {
				switch {
				case !strings.HasPrefix(name, "GET"):
					refusedOnce = true
					return 409, refused(409, tc.code)
				case refusedOnce:
					return 200, aCandidate("cand_1001", tc.then)
				}
				return 200, aCandidate("cand_1001", "")
			})
			_, err := s.Write(t.Context(), connector.Step{Record: "candidates/cand_1001", Set: customer.Fields{"businessId": "0201256-6"}})
			if f := fault.Of(err); f == nil || f.Code != tc.want || f.Reason != tc.code {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("AnAnswerAboutAnotherRecordIsUncertain", func(t *testing.T) {
		t.Parallel()
		for _, read := range []string{aCandidate("cand_1001", ""), aCandidate("cand_1001", `{"source":null}`), acceptedOne} {
			for _, set := range []customer.Fields{{"name": "Uusi Oy"}, {"status": "INACTIVE"}} {
				s := serves(t, func(name string) (int, string) {
					switch {
					case strings.HasPrefix(name, "GET candidates"):
						return 200, read
					case strings.HasPrefix(name, "GET customers"):
						return 200, aCustomer("cust_501", "")
					case strings.Contains(name, "customers"):
						return 200, aCustomer("cust_502", "")
					}
					return 200, aCandidate("cand_9", "")
				})
				_, err := s.Write(t.Context(), connector.Step{Record: "candidates/cand_1001", Set: set})
				if n := len(s.writing()); n > 1 || n == 1 && !fault.Is(err, fault.Uncertain) || n == 0 && err != nil {
					t.Errorf("%v: %v after %d calls that write", set, err, n)
				}
			}
		}
	})
	t.Run("WhatIsReadFirstAndFailsWroteNothing", func(t *testing.T) {
		t.Parallel()
		s := serves(t, func(name string) (int, string) {
			if strings.HasPrefix(name, "GET candidates") {
				return 200, acceptedOne
			}
			return 500, refused(500, "UNAVAILABLE")
		})
		_, err := s.Write(t.Context(), connector.Step{Record: "candidates/cand_1001", Set: customer.Fields{"name": "Uusi Oy"}})
		if !fault.Is(err, fault.Unavailable) || len(s.writing()) > 0 {
			t.Errorf("%v, calls %v", err, s.names())
		}
	})
}

func TestDeleteIsForCandidates(t *testing.T) {
	t.Parallel()
	s := serves(t, always(204, ""))
	for id, want := range map[string]fault.Code{
		"customers/cust_1": fault.Rejected, "": fault.NotFound, "candidates/": fault.NotFound, "candidates/..": fault.NotFound, "webhooks/hook_1": fault.NotFound,
	} {
		if err := s.Delete(t.Context(), id, "t-1"); !fault.Is(err, want) || fault.Of(err).Message == "" {
			t.Errorf("%q: %v", id, err)
		}
	}
	if len(s.calls()) > 0 {
		t.Errorf("calls %v", s.names())
	}
}

// TestOnlyTheSetIsSent draws steps over what KYC holds, and lets it do as it is told: what is empty is never sent, what is not set changes
// only beside its group, and the same step again writes nothing (Promise 3, Promise 5).
func TestOnlyTheSetIsSent(t *testing.T) {
	t.Parallel()
	values := map[customer.Field][]string{
		"name": {"Esimerkki Oy", "Uusi Nimi Oy"}, "businessId": {"1572860-0", "15728600"}, "status": {"ACTIVE", "INACTIVE"},
		"kycContact.firstName": {"", "Aino", "Eino"}, "kycContact.lastName": {"", "Malli"}, "kycContact.email": {"", "aino@example.test", "eino@example.test"},
		"kycContact.phone": {"", "+358401234567"}, "kycContact.language": {"", "fi", "sv"},
	}
	rapid.Check(t, func(rt *rapid.T) {
		state := rapid.SampledFrom([]string{"NEW", "INCOMPLETE", "ANSWERED", "ACCEPTED"}).Draw(rt, "state")
		source := rapid.SampledFrom([]string{"{}", `{"source":null}`}).Draw(rt, "source")
		contact := rapid.SampledFrom([]string{"{}", `{"contactPerson":null}`, `{"contactPerson":{"email":"kyc@example.test"}}`}).Draw(rt, "contact")
		step := connector.Step{Record: "candidates/cand_1001", Set: customer.Fields{}, Want: customer.Fields{}, Transaction: "t-1"}
		for _, f := range slices.Sorted(maps.Keys(values)) {
			value := rapid.SampledFrom(values[f]).Draw(rt, string(f))
			step.Want.Set(f, value)
			if rapid.Bool().Draw(rt, "set "+string(f)) {
				step.Set[f] = value
			}
		}
		candidate := changed(changed(aCandidate("cand_1001", `{"state":"`+state+`"}`), source), contact)
		held := changed(aCustomer("cust_501", ""), contact)
		s := serves(t, nil)
		s.answer = func(name string) (int, string) {
			method, rest, _ := strings.Cut(name, " ")
			at, ours := &candidate, true
			if strings.HasPrefix(rest, "customers") {
				at, ours = &held, false
			}
			last := ""
			if calls := s.calls(); method != "GET" {
				last = calls[len(calls)-1].body
			}
			switch {
			case strings.Contains(rest, "?"):
				return 200, page(*at)
			case strings.HasSuffix(rest, "/end"):
				*at = changed(*at, `{"lifecycle":"ENDED"}`)
			case method != "GET":
				if strings.Contains(last, `""`) {
					rt.Errorf("an empty value is sent: %s", last)
				}
				if !ours && strings.Contains(last, "businessId") {
					rt.Errorf("a business ID of a customer is sent: %s", last)
				}
				*at = changed(*at, last)
			}
			return 200, *at
		}
		before := s.record(rt)
		_, err := s.Write(t.Context(), step)
		after := s.record(rt)
		writes := len(s.writing())
		if err != nil || writes > 1 {
			rt.Fatalf("%v, %d calls that write", err, writes)
		}
		ends := step.Set["status"] == "INACTIVE" && state == "ACCEPTED"
		if name, given := step.Set["name"]; given && !ends && after.Fields["name"] != name || !given && after.Fields["name"] != before.Fields["name"] {
			rt.Errorf("name %q", after.Fields["name"])
		}
		if (after.KYC.State == customer.KYCEnded) != ends {
			rt.Errorf("state %s", after.KYC.State)
		}
		touched := false
		for _, f := range contactFields {
			touched = touched || step.Set[f] != ""
		}
		switch {
		case !touched && after.KYC.Person != before.KYC.Person:
			rt.Errorf("the contact person became %+v", after.KYC.Person)
		case touched && !ends && step.Want["kycContact.email"] != "" && after.KYC.Person.Email != step.Want["kycContact.email"]:
			rt.Errorf("e-mail %q", after.KYC.Person.Email)
		}
		if after.KYC.Person == (customer.KYCPerson{}) && before.KYC.Person != after.KYC.Person {
			rt.Error("the contact person was erased")
		}
		if _, err := s.Write(t.Context(), step); err != nil || len(s.writing()) != writes {
			rt.Errorf("the same again: %v, %d calls that write", err, len(s.writing())-writes)
		}
	})
}

func (s *service) record(t *rapid.T) connector.Record {
	r, err := s.Read(t.Context(), "candidates/cand_1001")
	if err != nil {
		t.Fatal(err)
	}
	return r
}
