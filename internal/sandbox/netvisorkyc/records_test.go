package netvisorkyc

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestFromCandidateToCustomer(t *testing.T) { // scenarios 4 and 5
	t.Parallel()
	b := running(t, Options{})
	made := b.upsert(t, "123", idOne).want(t, 201, "")
	id := made.text("id")
	if id != "cand_1001" || made.text("state") != "NEW" || made.text("businessId") != idOne || made.text("contactPerson.email") != "aino@example.test" ||
		made.text("source.system") != "NETVISOR" || made.text("source.externalId") != "123" || made.text("source.customerNumber") != "2001" ||
		made.text("etag") != `"1"` || made.header.Get("ETag") != `"1"` || made.text("createdAt") != made.text("updatedAt") {
		t.Error(made.raw)
	}
	b.control(t, "POST", "candidates/"+id+"/accept", `{"riskClass":"HIGH","reviewIntervalMonths":12}`).want409(t)
	b.control(t, "POST", "candidates/"+id+"/request", "").want(t, 200, "")
	b.control(t, "POST", "candidates/"+id+"/answer", "").want(t, 200, "")
	b.control(t, "POST", "candidates/"+id+"/reopen", "").want(t, 200, "")
	if got := b.send(t, "GET", "/candidates/"+id, "").text("state"); got != RequestSent {
		t.Error(got)
	}
	b.control(t, "POST", "candidates/"+id+"/answer", "").want(t, 200, "")
	accepted := b.control(t, "POST", "candidates/"+id+"/accept", `{"riskClass":"HIGH","reviewIntervalMonths":12,"notes":"Tarkempi"}`).want(t, 200, "")
	if accepted.text("id") != "cust_501" || accepted.text("candidateId") != id {
		t.Error(accepted.raw)
	}
	if got := b.send(t, "GET", "/candidates/"+id, "").want(t, 200, "").text("state"); got != Accepted {
		t.Error(got)
	}
	got := b.send(t, "GET", "/customers/by-source/NETVISOR/123", "").want(t, 200, "")
	if got.text("kind") != "COMPANY" || got.text("lifecycle") != "ACTIVE" || got.at("endedOn") != nil || got.text("status.riskClass") != "HIGH" ||
		got.text("status.latestRiskAssessmentOn") != "2026-11-20" || got.text("status.dueDiligenceExpiresOn") != "2027-11-20" ||
		got.at("status.requiresActions") != false || got.text("status.notes") != "Tarkempi" || got.at("status.statusRevision") != 1.0 {
		t.Error(got.raw)
	}
	_ = b.Advance(24 * time.Hour)
	b.control(t, "POST", "customers/cust_501/assess", `{"riskClass":"STANDARD","reviewIntervalMonths":3}`).want(t, 200, "")
	second := b.send(t, "GET", "/customers/cust_501/status", "").want(t, 200, "")
	if second.text("riskClass") != "STANDARD" || second.text("dueDiligenceExpiresOn") != "2027-02-21" || second.at("notes") != nil || second.at("statusRevision") != 2.0 {
		t.Error(second.raw)
	}
	var types []string
	for _, c := range b.Changes("") {
		if c.Entity != EntityIntegration {
			types = append(types, c.Entity+" "+c.Type)
		}
	}
	if want := []string{"CANDIDATE CREATED", "CANDIDATE STATUS_CHANGED", "CANDIDATE STATUS_CHANGED", "CANDIDATE STATUS_CHANGED", "CANDIDATE STATUS_CHANGED",
		"CANDIDATE ACCEPTED", "CUSTOMER CREATED", "CUSTOMER STATUS_CHANGED"}; !slices.Equal(types, want) {
		t.Error(types)
	}
}

// want409 is a refusal of the control plane, which is no problem document.
func (r reply) want409(t *testing.T) {
	t.Helper()
	if r.status != http.StatusConflict || r.text("error") == "" {
		t.Fatalf("HTTP %d: %s", r.status, r.raw)
	}
}

// TestR42_NoCallMakesACustomer tries every call of the service on a candidate whose request was answered, with bodies that would like to.
func TestR42_NoCallMakesACustomer(t *testing.T) {
	t.Parallel()
	b := running(t, Options{})
	c, _ := b.Credentials("")
	id := b.upsert(t, "1", idOne).text("id")
	_ = b.SendRequest(id)
	_ = b.Answer(id)
	fill := strings.NewReplacer("{id}", id, "{system}", "NETVISOR", "{externalId}", "1")
	bodies := []string{``, `{}`, `{"state":"ACCEPTED"}`, `{"riskClass":"LOW","reviewIntervalMonths":12}`, `{"status":{"riskClass":"LOW"},"state":"ACCEPTED"}`,
		`{"name":"Uusi Oy","state":"ACCEPTED"}`, `{"name":"Uusi Oy"}`}
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
		for _, r := range routes {
			for _, tail := range []string{"", "/accept", "/assess"} {
				for _, body := range bodies {
					for _, token := range []string{b.token, c.BootstrapToken} {
						path := fill.Replace(r.path) + tail
						if strings.HasPrefix(path, "/integration/credentials") || method == "DELETE" && path == "/candidates/"+id {
							continue // they would end what is tried here, and do nothing else
						}
						b.send(t, method, path, body, as(token))
					}
				}
			}
		}
	}
	if got := b.Customers(""); len(got) != 0 {
		t.Fatalf("a call made %v", got)
	}
	for _, e := range b.Effects() {
		if e.Entity == EntityCustomer {
			t.Error(e)
		}
	}
	if found := b.send(t, "GET", "/candidates/"+id, ""); found.text("state") != Answered {
		t.Error(found.raw)
	}
}
