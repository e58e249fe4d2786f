package netvisorkyc

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestControlPlane(t *testing.T) {
	t.Parallel()
	b := fixture(t)
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		says               string
	}{
		"NoSuchControl":      {"GET", "nothing", ``, 404, "no such control"},
		"Method":             {"DELETE", "calls", ``, 405, "no such control"},
		"Parameter":          {"GET", "calls?page=1", ``, 400, `unknown parameter "page"`},
		"Limit":              {"GET", "effects?limit=-1", ``, 400, "limit must be"},
		"After":              {"GET", "candidates?after=7", ``, 400, "cand_1001"},
		"NoOrganisation":     {"GET", "customers?organisation=third", ``, 404, `organisation "third"`},
		"OrganisationAct":    {"POST", "organisations/first/dance", ``, 400, "finish-sync"},
		"OrganisationBody":   {"POST", "organisations/first/enable", `{"x":1}`, 400, "unknown field"},
		"OrganisationAway":   {"POST", "organisations/third/enable", ``, 404, "third"},
		"RecheckAway":        {"POST", "organisations/third/recheck", ``, 404, "third"},
		"RecheckTooEarly":    {"POST", "organisations/second/recheck", ``, 409, "started"},
		"CredentialTooEarly": {"POST", "organisations/second/credential", ``, 403, "tuki.kyc@visma.com"},
		"FinishTooEarly":     {"POST", "organisations/second/finish-sync", ``, 409, "DISABLED"},
		"CandidateAway":      {"GET", "candidates/cand_1", ``, 404, "cand_1"},
		"CandidateAct":       {"POST", "candidates/cand_1001/dance", ``, 400, "dance"},
		"CandidateOfAnother": {"POST", "candidates/cust_501/request", ``, 404, "cust_501"},
		"CandidateEditEmpty": {"POST", "candidates/cand_1001", ``, 400, "JSON object"},
		"CandidateEditState": {"POST", "candidates/cand_1001", `{"state":"READY"}`, 400, "force"},
		"CandidateEditKind":  {"POST", "candidates/cand_1001", `{"kind":"PERSON"}`, 400, "PRIVATE"},
		"CandidateEditID":    {"POST", "candidates/cand_1001", `{"businessId":"1"}`, 422, "business id"},
		"CandidateEditTaken": {"POST", "candidates/cand_1001", `{"businessId":"` + idThree + `"}`, 409, "customer"},
		"CandidateEditName":  {"POST", "candidates/cand_1001", `{"name":""}`, 400, "empty"},
		"CandidateNameless":  {"POST", "candidates", ``, 400, "needed"},
		"CandidateTaken":     {"POST", "candidates", `{"name":"x","businessId":"` + idOne + `"}`, 409, "another candidate"},
		"CustomerAway":       {"POST", "customers/cust_1", `{"name":"x"}`, 404, "cust_1"},
		"CustomerAct":        {"POST", "customers/cust_501/delete", ``, 400, "delete"},
		"CustomerEnd":        {"POST", "customers/cust_501/end", `{"endedOn":"yesterday"}`, 400, "date"},
		"CustomerNotes":      {"POST", "customers/cust_501", `{"notes":"` + strings.Repeat("x", 4001) + `"}`, 400, "too long"},
		"WebhookAway":        {"POST", "webhooks/hook_9/activate", ``, 404, "hook_9"},
		"ClockBoth":          {"POST", "clock", `{"advance":"1h","set":"2027-01-01T00:00:00Z"}`, 400, "either"},
		"ClockNothing":       {"POST", "clock", `{}`, 400, "either"},
		"ClockUnit":          {"POST", "clock", `{"advance":5}`, 400, "JSON object"},
		"ClockTooFar":        {"POST", "clock", `{"set":"2227-01-01T00:00:00Z"}`, 400, "hundred years"},
		"SettingUnknown":     {"POST", "settings", `{"speed":1}`, 400, "unknown field"},
		"SettingWrong":       {"POST", "settings", `{"webhooks":{"scale":-1}}`, 400, "scale"},
		"FaultKind":          {"POST", "faults", `{"kind":"boom"}`, 400, "unknown kind"},
		"FaultVariant":       {"POST", "faults", `{"kind":"garbage"}`, 400, "comes as"},
		"FaultDelay":         {"POST", "faults", `{"kind":"latency"}`, 400, "delay"},
		"FaultStatus":        {"POST", "faults", `{"kind":"status","status":200}`, 400, "between 400"},
		"FaultFraction":      {"POST", "faults", `{"kind":"truncate","fraction":1}`, 400, "fraction"},
		"FaultOrganisation":  {"POST", "faults", `{"kind":"status","organisation":"third"}`, 400, "third"},
		"FaultAway":          {"DELETE", "faults/9", ``, 404, "fault 9"},
		"FaultNoNumber":      {"DELETE", "faults/x", ``, 400, "not a number"},
		"TooLarge":           {"POST", "faults", `{"kind":"` + strings.Repeat("x", maxControlBody) + `"}`, 400, "too large"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := b.control(t, c.method, c.path, c.body)
			got.wantStatus(t, c.status)
			if !strings.Contains(got.text("error"), c.says) {
				t.Errorf("does not say %q: %s", c.says, got.raw)
			}
		})
	}
	t.Run("PagesOfOthersAreRefused", func(t *testing.T) {
		t.Parallel()
		b.control(t, "POST", "organisations/first/disable", "", with("Origin", "https://evil.example.test"), with("Sec-Fetch-Site", "cross-site")).wantStatus(t, 403)
		b.control(t, "GET", "calls", "", func(r *http.Request) { r.Host = "evil.example.test" }).wantStatus(t, 403)
		b.control(t, "GET", "health", "", func(r *http.Request) { r.Host = "localhost:80" }).want(t, 200, "")
	})
	t.Run("HealthListsAndLogs", func(t *testing.T) {
		t.Parallel()
		health := b.control(t, "GET", "health", "").want(t, 200, "")
		if health.text("status") != "ok" || health.text("organisations.0.state") != Running || health.text("organisations.1.state") != Disabled {
			t.Error(health.raw)
		}
		first := b.control(t, "GET", "candidates?organisation=first&limit=2", "").want(t, 200, "")
		second := b.control(t, "GET", "candidates?after=cand_1002", "").want(t, 200, "")
		if first.text("candidates.0.id") != "cand_1001" || first.text("candidates.1.state") != Deleted || second.text("candidates.0.state") != Accepted {
			t.Error(first.raw, second.raw)
		}
		if got := b.control(t, "GET", "customers", "").want(t, 200, ""); got.text("customers.0.id") != "cust_501" {
			t.Error(got.raw)
		}
		calls := b.control(t, "GET", "calls?after=1&limit=1", "").want(t, 200, "")
		if calls.at("calls.0.number") != 2.0 || calls.text("calls.0.organisation") != "first" || calls.at("calls.0.committed") != true || calls.at("calls.1") != nil {
			t.Error(calls.raw)
		}
		if got := b.control(t, "GET", "deliveries", "").want(t, 200, ""); got.at("deliveries") == nil {
			t.Error(got.raw)
		}
		if got := b.control(t, "GET", "organisations", "").want(t, 200, ""); got.at("organisations.0.integrationUser") != true || strings.Contains(got.raw, b.token) {
			t.Error(got.raw)
		}
		if got := b.control(t, "GET", "clock", "").want(t, 200, ""); got.text("now") == "" {
			t.Error(got.raw)
		}
	})
}

func TestControlActs(t *testing.T) {
	t.Parallel()
	b := setup(t, Options{})
	id := b.Organisations()[0]
	b.control(t, "POST", "organisations/"+id+"/enable", "").want(t, 200, "")
	b.control(t, "POST", "organisations/"+id+"/integration-user", "{}").want(t, 200, "")
	boot := b.control(t, "POST", "organisations/"+id+"/bootstrap", "").want(t, 200, "").text("bootstrapToken")
	b.send(t, "GET", "/integration", "", as(boot)).want(t, 200, "")
	b.token = b.control(t, "POST", "organisations/"+id+"/credential", "").want(t, 200, "").text("token")
	b.control(t, "POST", "settings", `{"netvisorAccepts":[{"userName":"NV_user_7F","integrationKey":"very-secret-key"}],"settleAfter":"-1s"}`).want(t, 200, "")
	if got := b.control(t, "GET", "settings", ""); strings.Contains(got.raw, "very-secret") || got.text("netvisorAccepts.0.userName") != "NV_user_7F" {
		t.Error(got.raw)
	}
	b.control(t, "POST", "settings", `{"latency":"1ms"}`).want(t, 200, "") // leaves the rest
	b.send(t, "PUT", "/integration", strings.Replace(settingsBody, "very-", "less-", 1)).want(t, 200, "")
	b.send(t, "POST", "/integration/submit", "").want(t, 202, "")
	b.verified(t)
	if got := b.state(t); got != VerificationFailed {
		t.Error(got)
	}
	b.send(t, "PUT", "/integration", settingsBody).want(t, 200, "")
	b.send(t, "POST", "/integration/submit", "").want(t, 202, "")
	b.verified(t)
	b.send(t, "POST", "/integration/start", "").want(t, 202, "")
	b.control(t, "POST", "clock", `{"advance":"24h"}`).want(t, 200, "")
	if got := b.state(t); got != InitialSync {
		t.Errorf("%s: it settled although it never should", got)
	}
	b.control(t, "POST", "organisations/"+id+"/finish-sync", "").want(t, 200, "")
	if got := b.state(t); got != Running {
		t.Error(got)
	}
	b.control(t, "POST", "clock", `{"set":"2030-01-01T00:00:00Z"}`).want(t, 200, "")
	if got := b.Now(); !got.Equal(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Error(got)
	}
	// Set back, changes still come one after another.
	one := b.upsert(t, "1", idOne).text("updatedAt")
	b.control(t, "POST", "clock", `{"set":"2026-12-01T00:00:00Z"}`).want(t, 200, "")
	two := b.upsert(t, "1", idTwo).text("updatedAt")
	if two != strings.Replace(one, "Z", ".000001Z", 1) {
		t.Errorf("%s, then %s", one, two)
	}
	for _, e := range b.Effects() {
		if e.By == byControl && e.Call != 0 || e.By == byCall && e.Call == 0 {
			t.Errorf("%+v", e)
		}
	}
}

func TestEffects(t *testing.T) {
	t.Parallel()
	b := running(t, Options{LogLimit: 5})
	before := len(b.Effects())
	b.upsert(t, "1", idOne)
	b.upsert(t, "1", idOne)
	b.send(t, "PATCH", "/candidates/cand_1001", `{"name":"Uusi Oy"}`)
	effects := b.Effects()
	last := effects[len(effects)-1]
	if before == 0 || last.What != WasChanged || last.By != byCall || len(last.Changes) != 1 || last.Changes[0] != (Difference{"name", "Esimerkki 1 Oy", "Uusi Oy"}) {
		t.Errorf("%+v", last)
	}
	for range 10 {
		b.send(t, "GET", "/candidates", "")
	}
	if n := len(b.Calls()); n != 5 {
		t.Errorf("%d calls in a log of 5", n)
	}
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		b.send(t, "PATCH", "/candidates/cand_1001", `{"name":"`+name+`"}`)
	}
	if all := b.Effects(); len(all) != 5 || all[4].Number != last.Number+6 {
		t.Errorf("%+v", all)
	}
}
