package netvisorkyc

import (
	"net/http"
	"strings"
	"testing"
)

// fixture is a sandbox with one record of every sort: cand_1001 open, cand_1002 deleted, cand_1003 accepted as cust_501.
func fixture(t *testing.T) *bench {
	t.Helper()
	b := running(t, Options{Organisations: []Organisation{{ID: "first"}, {ID: "second"}}})
	b.upsert(t, "1", idOne).want(t, 201, "")
	gone := b.upsert(t, "2", idTwo).want(t, 201, "").text("id")
	if err := b.DeleteCandidate(gone); err != nil {
		t.Fatal(err)
	}
	b.customer(t, "3", idThree, Assessment{RiskClass: Standard, ReviewIntervalMonths: 12})
	return b
}

// artificial is a personal identity code of nobody: individual numbers from 900 on are never given.
const artificial = "010190-900P"

func TestErrors(t *testing.T) {
	t.Parallel()
	b := fixture(t)
	if !holdsIdentityCode(artificial) {
		t.Fatal("the artificial code is not recognised")
	}
	const (
		source = "/candidates/by-source/NETVISOR/"
		valid  = `{"businessId":"2000002-4","name":"Uusi Oy"}`
	)
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		code               string
		says               string
		change             []func(*http.Request)
	}{
		"UnknownAddress":       {"GET", "/persons", "", 404, CodeNotFound, "address", nil},
		"EmptySegment":         {"GET", "/candidates/", "", 404, CodeNotFound, "", nil},
		"OutsideOfTheVersion":  {"GET", "/../v2/candidates", "", 404, CodeNotFound, "", nil},
		"Method":               {"PUT", "/candidates/cand_1001", valid, 405, CodeMethod, "GET, PATCH, DELETE", nil},
		"UnknownParameter":     {"GET", "/candidates?page=2", "", 400, CodeValidation, "page", nil},
		"ParameterWhereNone":   {"GET", "/candidates/cand_1001?limit=1", "", 400, CodeValidation, "limit", nil},
		"ParameterTwice":       {"GET", "/candidates?limit=1&limit=2", "", 400, CodeValidation, "more than once", nil},
		"LimitZero":            {"GET", "/candidates?limit=0", "", 400, CodeValidation, "between 1 and 500", nil},
		"LimitTooLarge":        {"GET", "/customers?limit=501", "", 400, CodeValidation, "between 1 and 500", nil},
		"LimitOfTheFeed":       {"GET", "/changes?limit=many", "", 400, CodeValidation, "between 1 and 500", nil},
		"CursorOfNowhere":      {"GET", "/candidates?cursor=abc", "", 400, CodeValidation, "cursor", nil},
		"CursorOfTheFeed":      {"GET", "/changes?cursor=%21", "", 400, CodeValidation, "cursor", nil},
		"State":                {"GET", "/candidates?state=OPEN", "", 400, CodeValidation, "REQUEST_SENT", nil},
		"HasContactPerson":     {"GET", "/candidates?hasContactPerson=yes", "", 400, CodeValidation, "true or false", nil},
		"UpdatedSince":         {"GET", "/candidates?updatedSince=2026-01-01", "", 400, CodeValidation, "updatedSince", nil},
		"Lifecycle":            {"GET", "/customers?lifecycle=GONE", "", 400, CodeValidation, "ARCHIVED", nil},
		"RequiresActions":      {"GET", "/customers?requiresActions=1", "", 400, CodeValidation, "true or false", nil},
		"NoCandidate":          {"GET", "/candidates/cand_7", "", 404, CodeNotFound, "candidate", nil},
		"IdOfAnotherKind":      {"GET", "/candidates/cust_501", "", 404, CodeNotFound, "candidate", nil},
		"IdWithZeros":          {"GET", "/candidates/cand_01001", "", 404, CodeNotFound, "candidate", nil},
		"NoCustomer":           {"GET", "/customers/cust_7", "", 404, CodeNotFound, "customer", nil},
		"NoStatus":             {"GET", "/customers/cust_7/status", "", 404, CodeNotFound, "customer", nil},
		"NoSource":             {"GET", "/customers/by-source/NETVISOR/1", "", 404, CodeNotFound, "source", nil},
		"OtherSystem":          {"GET", "/customers/by-source/FLEX/1", "", 400, CodeValidation, "NETVISOR", nil},
		"DeletedIsGone":        {"GET", "/candidates/cand_1002", "", 410, CodeCandidateDeleted, "", nil},
		"DeletedPatch":         {"PATCH", "/candidates/cand_1002", `{"name":"x"}`, 410, CodeCandidateDeleted, "", nil},
		"DeletedTwice":         {"DELETE", "/candidates/cand_1002", "", 410, CodeCandidateDeleted, "", nil},
		"DeletedUpsert":        {"PUT", source + "2", `{"businessId":"` + idTwo + `","name":"Nimi"}`, 410, CodeCandidateDeleted, "resurrect", nil},
		"CustomerUpsert":       {"PUT", source + "3", `{"businessId":"` + idThree + `","name":"x"}`, 409, CodeAlreadyCustomer, `"existingId":"cust_501"`, nil},
		"CustomerUpsertBare":   {"PUT", source + "3", `{"name":"x"}`, 409, CodeAlreadyCustomer, "", nil},
		"CustomerPatch":        {"PATCH", "/candidates/cand_1003", `{"name":"x"}`, 409, CodeAlreadyCustomer, `"existingId":"cust_501"`, nil},
		"CustomerDelete":       {"DELETE", "/candidates/cand_1003", "", 409, CodeAlreadyCustomer, "", nil},
		"DuplicateUpsert":      {"PUT", source + "9", `{"businessId":"` + idOne + `","name":"x"}`, 409, CodeDuplicate, `"existingId":"cand_1001"`, nil},
		"DuplicateOfACustomer": {"PUT", source + "9", `{"businessId":"` + idThree + `","name":"x"}`, 409, CodeAlreadyCustomer, "", nil},
		"DuplicatePatch":       {"PATCH", "/candidates/cand_1001", `{"businessId":"` + idThree + `"}`, 409, CodeAlreadyCustomer, "", nil},
		"CheckDigit":           {"PUT", source + "9", `{"businessId":"1572860-1","name":"x"}`, 422, CodeBusinessID, "businessId", nil},
		"CheckDigitNone":       {"PUT", source + "9", `{"businessId":"0000006-1","name":"x"}`, 422, CodeBusinessID, "businessId", nil},
		"BusinessIDShape":      {"PATCH", "/candidates/cand_1001", `{"businessId":"FI15728600"}`, 422, CodeBusinessID, "businessId", nil},
		"CodeAsBusinessID":     {"PUT", source + "9", `{"businessId":"` + artificial + `","name":"x"}`, 422, CodeIdentityCode, "businessId", nil},
		"CodeWithWrongCheck":   {"PUT", source + "9", `{"businessId":"010190-900A","name":"x"}`, 422, CodeIdentityCode, "businessId", nil},
		"CodeInAName":          {"PUT", source + "9", `{"businessId":"2000002-4","name":"Malli ` + artificial + `"}`, 422, CodeIdentityCode, "name", nil},
		"CodeInAPhone":         {"PATCH", "/customers/cust_501", `{"contactPerson":{"phone":"` + artificial + `"}}`, 422, CodeIdentityCode, "phone", nil},
		"CodeAsAKey":           {"PUT", source + artificial, valid, 422, CodeIdentityCode, "externalId", nil},
		"CodeAsAFieldName":     {"PUT", source + "9", `{"` + artificial + `":"x"}`, 400, CodeValidation, "not known", nil},
		"NoBusinessID":         {"PUT", source + "9", `{"name":"x"}`, 400, CodeValidation, "businessId", nil},
		"EmptyBusinessID":      {"PUT", source + "1", `{"businessId":""}`, 400, CodeValidation, "businessId", nil},
		"NoName":               {"PUT", source + "9", `{"businessId":"2000002-4"}`, 400, CodeValidation, `"path":"name"`, nil},
		"NameOfSpaces":         {"PATCH", "/candidates/cand_1001", `{"name":"  "}`, 400, CodeValidation, `"path":"name"`, nil},
		"NameTooLong":          {"PATCH", "/customers/cust_501", `{"name":"` + strings.Repeat("ä", 251) + `"}`, 400, CodeValidation, "too long", nil},
		"ControlCharacter":     {"PATCH", "/customers/cust_501", `{"name":"a\u0007"}`, 400, CodeValidation, "control characters", nil},
		"Email":                {"PATCH", "/candidates/cand_1001", `{"contactPerson":{"email":"aino"}}`, 400, CodeValidation, "contactPerson.email", nil},
		"Language":             {"PATCH", "/candidates/cand_1001", `{"contactPerson":{"language":"FI"}}`, 400, CodeValidation, "language", nil},
		"SourceMismatch":       {"PUT", source + "9", `{"businessId":"2000002-4","name":"x","source":{"externalId":"8"}}`, 400, CodeValidation, "source", nil},
		"ReadOnlyState":        {"PATCH", "/candidates/cand_1001", `{"state":"READY"}`, 400, CodeValidation, "state", nil},
		"ResurrectInAPatch":    {"PATCH", "/candidates/cand_1001", `{"resurrect":true}`, 400, CodeValidation, "resurrect", nil},
		"UnknownContactField":  {"PATCH", "/candidates/cand_1001", `{"contactPerson":{"title":"x"}}`, 400, CodeValidation, "title", nil},
		"CustomersBusinessID":  {"PATCH", "/customers/cust_501", `{"businessId":"2000002-4"}`, 400, CodeValidation, "businessId", nil},
		"CustomersStatus":      {"PATCH", "/customers/cust_501", `{"status":{"riskClass":"LOW"}}`, 400, CodeValidation, "status", nil},
		"EndedOn":              {"POST", "/customers/cust_501/end", `{"endedOn":"31.1.2026"}`, 400, CodeValidation, "endedOn", nil},
		"NoJSON":               {"PUT", source + "9", `name=x`, 400, CodeValidation, "JSON object", nil},
		"NoObject":             {"PUT", source + "9", `[]`, 400, CodeValidation, "JSON object", nil},
		"NoBody":               {"PUT", source + "9", ``, 400, CodeValidation, "JSON object", nil},
		"TwoObjects":           {"PUT", source + "9", valid + valid, 400, CodeValidation, "more than one", nil},
		"HalfAnObject":         {"PUT", source + "9", `{"name":`, 400, CodeValidation, "no JSON", nil},
		"WrongType":            {"PUT", source + "9", `{"name":7}`, 400, CodeValidation, "number", nil},
		"NotUTF8":              {"PUT", source + "9", "{\"name\":\"\xff\"}", 400, CodeValidation, "UTF-8", nil},
		"TooLarge":             {"PUT", source + "9", `{"name":"` + strings.Repeat("x", maxBody) + `"}`, 400, CodeValidation, "larger", nil},
		"ContentType":          {"PUT", source + "9", valid, 400, CodeValidation, "application/json", []func(*http.Request){with("Content-Type", "text/plain")}},
		"MergePatchInAPut":     {"PUT", source + "9", valid, 400, CodeValidation, "application/json", []func(*http.Request){with("Content-Type", "application/merge-patch+json")}},
		"IfMatch":              {"PATCH", "/candidates/cand_1001", `{"name":"x"}`, 412, CodeStale, "revision 1", []func(*http.Request){with("If-Match", `"9"`)}},
		"IfMatchWeak":          {"PATCH", "/candidates/cand_1001", `{"name":"x"}`, 412, CodeStale, "", []func(*http.Request){with("If-Match", `W/"1"`)}},
		"IfMatchOfADelete":     {"DELETE", "/candidates/cand_1001", "", 412, CodeStale, "", []func(*http.Request){with("If-Match", `"0", "7"`)}},
		"IfMatchOfACustomer":   {"PATCH", "/customers/cust_501", `{"name":"x"}`, 412, CodeStale, "", []func(*http.Request){with("If-Match", `"7"`)}},
		"IntegrationType":      {"PUT", "/integration", `{"type":"PROCOUNTOR"}`, 400, CodeValidation, "type", nil},
		"IntegrationEmail":     {"PUT", "/integration", `{"errorReportEmail":"nobody"}`, 400, CodeValidation, "errorReportEmail", nil},
		"IntegrationUnknown":   {"PUT", "/integration", `{"state":"RUNNING"}`, 400, CodeValidation, "state", nil},
		"WebhookAddress":       {"POST", "/webhooks", `{"url":"ftp://hub.example.test"}`, 400, CodeValidation, "url", nil},
		"WebhookWithUser":      {"POST", "/webhooks", `{"url":"https://a:b@hub.example.test"}`, 400, CodeValidation, "url", nil},
		"WebhookSecret":        {"POST", "/webhooks", `{"url":"https://hub.example.test","secret":"short"}`, 400, CodeValidation, "secret", nil},
		"NoWebhook":            {"DELETE", "/webhooks/hook_7", "", 404, CodeNotFound, "webhook", nil},
		"EmptyIdempotencyKey":  {"POST", "/integration/pause", "", 400, CodeValidation, "Idempotency-Key", []func(*http.Request){with("Idempotency-Key", "")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := b.send(t, c.method, c.path, c.body, c.change...).want(t, c.status, c.code)
			if !strings.Contains(got.raw, c.says) {
				t.Errorf("does not say %q: %s", c.says, got.raw)
			}
			if strings.Contains(got.raw, artificial) {
				t.Errorf("repeats an identity code: %s", got.raw)
			}
			for _, field := range []string{"type", "title", "detail", "instance"} {
				if got.text(field) == "" {
					t.Errorf("no %s: %s", field, got.raw)
				}
			}
			if got.at("status") != float64(c.status) || got.at("errors") == nil {
				t.Error(got.raw)
			}
		})
	}
	t.Cleanup(func() {
		if n := len(b.Candidates("first")); n != 3 {
			t.Errorf("%d candidates after calls that were all refused", n)
		}
		for _, c := range b.Calls() {
			if strings.Contains(c.Path+c.Query, artificial) {
				t.Error("the call log holds an identity code")
			}
		}
	})
}

func TestR192_OrganisationsCannotSeeEachOther(t *testing.T) {
	t.Parallel()
	b := fixture(t)
	cursor := b.send(t, "GET", "/changes", "").text("nextCursor")
	hook := b.send(t, "POST", "/webhooks", `{"url":"http://127.0.0.1:1/"}`).want(t, 201, "").text("id")
	token, err := b.Activate("second")
	if err != nil {
		t.Fatal(err)
	}
	other := as(token)
	for _, path := range []string{"/candidates/cand_1001", "/candidates/cand_1002", "/customers/cust_501", "/customers/cust_501/status", "/customers/by-source/NETVISOR/3"} {
		b.send(t, "GET", path, "", other).want(t, 404, CodeNotFound)
	}
	b.send(t, "DELETE", "/candidates/cand_1001", "", other).want(t, 404, CodeNotFound)
	b.send(t, "DELETE", "/webhooks/"+hook, "", other).want(t, 404, CodeNotFound)
	b.send(t, "GET", "/changes?cursor="+cursor, "", other).want(t, 400, CodeValidation)
	for _, path := range []string{"/candidates?state=NEW,DELETED,ACCEPTED", "/customers", "/webhooks"} {
		if got := b.send(t, "GET", path, "", other).want(t, 200, "").items(); len(got) != 0 {
			t.Errorf("%s: %v", path, got)
		}
	}
	// The same source and business id are another record there.
	made := b.send(t, "PUT", "/candidates/by-source/NETVISOR/1", `{"businessId":"`+idOne+`","name":"Toinen"}`, other).want(t, 201, "")
	if made.text("id") == "cand_1001" {
		t.Error(made.raw)
	}
	if got := b.send(t, "GET", "/integration", "", other).text("id"); got != "int_02" {
		t.Error(got)
	}
}

func TestIdempotencyKeys(t *testing.T) {
	t.Parallel()
	b, boot := issued(t, Options{})
	key := with("Idempotency-Key", "one")
	first := b.send(t, "POST", "/integration/credentials", "", as(boot), key).want(t, 201, "")
	again := b.send(t, "POST", "/integration/credentials", "", as(boot), key).want(t, 201, "")
	if first.raw != again.raw || again.header.Get("Idempotent-Replayed") != "true" || first.header.Get("Idempotent-Replayed") != "" {
		t.Error(first.raw, again.raw)
	}
	b.token = first.text("token")
	b.send(t, "POST", "/webhooks", `{"url":"https://hub.example.test/a"}`, key).want(t, 422, CodeKeyReused)
	two := with("Idempotency-Key", "two")
	b.send(t, "POST", "/webhooks", `{"url":"https://hub.example.test/a"}`, two).want(t, 201, "")
	b.send(t, "POST", "/webhooks", `{"url":"https://hub.example.test/a"}`, two).want(t, 201, "")
	b.send(t, "POST", "/webhooks", `{"url":"https://hub.example.test/b"}`, two).want(t, 422, CodeKeyReused)
	if n := len(b.send(t, "GET", "/webhooks", "").items()); n != 1 {
		t.Errorf("%d webhooks", n)
	}
	// What was refused can be tried again under its key.
	three := with("Idempotency-Key", "three")
	b.send(t, "POST", "/integration/submit", "", three).want(t, 400, CodeValidation)
	b.send(t, "PUT", "/integration", settingsBody).want(t, 200, "")
	b.send(t, "POST", "/integration/submit", "", three).want(t, 202, "")
	_ = b.Advance(idempotencyMemory + 1)
	b.token = b.send(t, "POST", "/integration/credentials", "", as(boot), key).want(t, 201, "").text("token") // forgotten: a new one
	if b.token == first.text("token") {
		t.Error("the key was remembered for longer than a day")
	}
	var replayed, committed int
	for _, c := range b.Calls() {
		if c.Replayed {
			replayed++
			if c.Committed {
				t.Error("an answer that was given again counts as an effect")
			}
		}
		if c.Committed {
			committed++
		}
	}
	if replayed != 2 || committed != 6 {
		t.Errorf("%d replayed, %d with an effect", replayed, committed)
	}
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	b := running(t, Options{Organisations: []Organisation{{ID: "first"}, {ID: "second"}}, Settings: Settings{RatePerMinute: RatePerMinute, RateBurst: RateBurst}})
	for range RateBurst {
		b.send(t, "GET", "/candidates", "").want(t, 200, "")
	}
	if got := b.send(t, "GET", "/candidates", "").want(t, 429, CodeRateLimited); got.header.Get("Retry-After") != "1" {
		t.Error(got.header)
	}
	if token, _ := b.Activate("second"); b.send(t, "GET", "/candidates", "", as(token)).status != 200 {
		t.Error("another integration is limited too")
	}
	_ = b.Advance(1_000_000_000)
	b.send(t, "GET", "/candidates", "").want(t, 200, "")
	b.send(t, "GET", "/candidates", "").want(t, 429, CodeRateLimited)
	b.control(t, "POST", "settings", `{"ratePerMinute":2}`).want(t, 200, "")
	if got := b.send(t, "GET", "/candidates", "").want(t, 429, CodeRateLimited); got.header.Get("Retry-After") != "30" {
		t.Error(got.header)
	}
	b.control(t, "POST", "settings", `{"ratePerMinute":0}`).want(t, 200, "")
	for range 50 {
		b.send(t, "GET", "/candidates", "").want(t, 200, "")
	}
}
