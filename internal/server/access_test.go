package server_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"customerhub/internal/auth"
	"customerhub/internal/server"
)

func globalID(noun, id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(noun + ":" + id))
}

func TestAuthentication(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other, _ := b.newOrganisation("Toinen Oy", auth.Admin)
	both := b.newKey([]auth.Scope{auth.Admin}, b.org, other)
	const body = `{"query":"{ viewer { organisation { id name } organisations { name } scopes } }"}`
	for _, tc := range []struct {
		name    string
		headers map[string]string
		status  int
		code    string
	}{
		{"NoKeyIsRefused", nil, 401, "UNAUTHENTICATED"},
		{"AnUnknownKeyIsRefused", map[string]string{"Authorization": "Bearer " + auth.NewKey().Reveal()}, 401, "UNAUTHENTICATED"},
		{"NonsenseIsRefused", map[string]string{"Authorization": "Bearer x"}, 401, "UNAUTHENTICATED"},
		{"AnotherSchemeIsRefused", map[string]string{"Authorization": "Basic " + b.key.Reveal()}, 401, "UNAUTHENTICATED"},
		{"AKeyIsLetIn", map[string]string{"Authorization": "bearer " + b.key.Reveal()}, 200, ""},
		{"SeveralOrganisationsNeedAChoice", map[string]string{"Authorization": "Bearer " + both.Reveal()}, 403, "FORBIDDEN"},
		{"AChoiceIsTaken", map[string]string{"Authorization": "Bearer " + both.Reveal(), "Hub-Organisation": string(other.ID)}, 200, ""},
		{"AnUnreachableOrganisationIsRefused", map[string]string{"Authorization": "Bearer " + b.key.Reveal(), "Hub-Organisation": string(other.ID)}, 403, "FORBIDDEN"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := b.post(body, tc.headers)
			if a.status != tc.status || a.code() != tc.code || a.HasData != (tc.status == 200) {
				t.Errorf("%d %s", a.status, a.raw)
			}
			if (a.header.Get("WWW-Authenticate") != "") != (tc.status == 401) {
				t.Errorf("WWW-Authenticate is %q", a.header.Get("WWW-Authenticate"))
			}
		})
	}
	t.Run("TheRefusalNamesTheChoices", func(t *testing.T) {
		a := b.post(body, map[string]string{"Authorization": "Bearer " + both.Reveal()})
		if a.Errors[0].Extensions["reason"] != "ORGANISATION_REQUIRED" || !strings.Contains(a.raw, string(other.ID)) {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("HealthNeedsNoKey", func(t *testing.T) {
		for _, path := range []string{"/healthz", "/readyz"} {
			if a := b.send("GET", path, "", nil); a.status != 200 {
				t.Errorf("%s: %d %s", path, a.status, a.raw)
			}
		}
	})
	t.Run("T36_AClockThatIsOffIsTold", func(t *testing.T) {
		var ahead time.Duration
		b := setup(t, options(func(o *server.Options) { o.ClockAhead = func() time.Duration { return ahead } }))
		for off, want := range map[time.Duration]string{
			0: "ok\n", 59 * time.Second: "ok\n",
			2 * time.Hour:  "ok\nthe clock of this machine is 2h0m0s ahead of the database's\n",
			-2 * time.Hour: "ok\nthe clock of this machine is 2h0m0s behind the database's\n",
		} {
			ahead = off
			if a := b.send("GET", "/readyz", "", nil); a.status != 200 || a.raw != want {
				t.Errorf("%s ahead: %d %q", ahead, a.status, a.raw)
			}
		}
	})
}

func TestScopes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 3)
	system, person := globalID("System", uuid(1, 1)), globalID("Person", uuid(4, 1))
	customer := globalID("Customer", uuid(2, 1))
	reader := b.newKey([]auth.Scope{auth.CustomersRead}, b.org)

	for _, tc := range []struct {
		name, query, scope string
		scopes             []auth.Scope
	}{
		{"CustomersNeedCustomersRead", `{ customers { nodes { id } } }`, "customers:read", []auth.Scope{auth.SystemsRead}},
		{"ChangesNeedCustomersRead", `{ changes { endCursor } }`, "customers:read", []auth.Scope{auth.SystemsRead}},
		{"APersonNeedsCustomersRead", `{ node(id: "` + person + `") { id } }`, "customers:read", []auth.Scope{auth.SystemsRead}},
		{"SystemsNeedSystemsRead", `{ systems { id } }`, "systems:read", []auth.Scope{auth.CustomersRead}},
		{"RunsNeedSystemsRead", `{ runs { nodes { id } } }`, "systems:read", []auth.Scope{auth.CustomersRead}},
		{"CreatingNeedsCustomersWrite", `mutation { createCustomer(input: {kind: COMPANY, name: "X"}) { customer { id } } }`, "customers:write", []auth.Scope{auth.CustomersRead}},
		{"DeactivatingNeedsCustomersWrite", `mutation { deactivateCustomer(input: {id: "` + globalID("Customer", uuid(2, 1)) + `"}) { customer { id } } }`, "customers:write", []auth.Scope{auth.CustomersRead}},
		{"DefinitionsNeedCustomersRead", `{ customFieldDefinitions { key } }`, "customers:read", []auth.Scope{auth.SystemsRead, auth.KYCRead}},
		{"DefiningACustomFieldNeedsAdmin", `mutation { defineCustomField(input: {key: "x", type: TEXT}) { customField { key } } }`, "admin", []auth.Scope{auth.CustomersRead, auth.CustomersWrite}},
		{"SettingACustomFieldNeedsCustomersWrite", `mutation { setCustomField(input: {customerId: "` + customer + `", key: "remark", value: {option: "x"}}) { customer { id } } }`, "customers:write", []auth.Scope{auth.CustomersRead}},
		{"SettingCustomFieldsNeedsCustomersWrite", `mutation { setCustomFields(input: {customerId: "` + customer + `", values: []}) { customer { id } } }`, "customers:write", []auth.Scope{auth.CustomersRead}},
		{"SettingWhoIsResponsibleNeedsCustomersWrite", `mutation { setResponsible(input: {customerId: "` + customer + `", responsible: null}) { customer { id } } }`, "customers:write", []auth.Scope{auth.CustomersRead}},
		{"UpsertingAnOfficeNeedsCustomersWrite", `mutation { upsertOffice(input: {customerId: "` + customer + `", patch: {name: "X"}}) { office { id } } }`, "customers:write", []auth.Scope{auth.CustomersRead}},
		{"DeactivatingAnOfficeNeedsCustomersWrite", `mutation { deactivateOffice(input: {customerId: "` + customer + `", officeId: "` + globalID("Office", uuid(3, 1)) + `"}) { office { id } } }`, "customers:write", []auth.Scope{auth.CustomersRead}},
		{"TakingAnOfficeIntoUseAgainNeedsCustomersWrite", `mutation { reactivateOffice(input: {customerId: "` + customer + `", officeId: "` + globalID("Office", uuid(3, 1)) + `"}) { office { id } } }`, "customers:write", []auth.Scope{auth.CustomersRead}},
		{"LinkingNeedsCustomersWrite", `mutation { linkContact(input: {customerId: "` + customer + `", personId: "` + person + `"}) { contact { title } } }`, "customers:write", []auth.Scope{auth.CustomersRead}},
		{"UnlinkingNeedsCustomersWrite", `mutation { unlinkContact(input: {customerId: "` + customer + `", personId: "` + person + `"}) { customer { id } } }`, "customers:write", []auth.Scope{auth.CustomersRead}},
		{"MovingTheDefaultNeedsCustomersWrite", `mutation { setDefaultContact(input: {customerId: "` + customer + `", personId: "` + person + `"}) { customer { id } } }`, "customers:write", []auth.Scope{auth.CustomersRead}},
		{"UpdatingAPersonNeedsCustomersWrite", `mutation { updatePerson(input: {id: "` + person + `", patch: {firstName: "X"}}) { person { id } } }`, "customers:write", []auth.Scope{auth.CustomersRead, auth.PersonalRead}},
		{"AnExplanationNeedsSystemsRead", `{ customer(by: {id: "` + customer + `"}) { sync { state } } }`, "systems:read", []auth.Scope{auth.CustomersRead}},
		{"CreatingASystemNeedsSystemsManage", `mutation { createSystem(input: {kind: NETVISOR}) { system { id } } }`, "systems:manage", []auth.Scope{auth.SystemsRead}},
		{"SyncingNeedsSystemsManage", `mutation { syncNow(input: {system: "` + system + `"}) { run { id } } }`, "systems:manage", []auth.Scope{auth.SystemsRead}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := b.as(b.newKey(tc.scopes, b.org), tc.query, nil)
			if a.code() != "FORBIDDEN" || a.Errors[0].Extensions["scope"] != tc.scope {
				t.Errorf("got %s", a.raw)
			}
		})
	}
	t.Run("PersonalDataIsMaskedWithoutTheScope", func(t *testing.T) {
		const q = `{ customers(orderBy: NUMBER_ASC) { nodes { kind masked email phone { raw } billingEmails contacts { person { masked emails phones { raw } } } } } }`
		a := b.as(reader, q, nil)
		if strings.Contains(a.raw, "aino") || strings.Contains(a.raw, "765 4321") || strings.Contains(a.raw, "info3@") || strings.Contains(a.raw, "laskut3@") {
			t.Errorf("personal data is shown: %s", a.raw)
		}
		if a.at("customers", "nodes", 0, "masked") != false || a.at("customers", "nodes", 2, "masked") != true ||
			a.at("customers", "nodes", 0, "contacts", 0, "person", "masked") != true || a.text("customers", "nodes", 0, "email") == "" {
			t.Errorf("got %s", a.raw)
		}
		if full := b.do(q, nil); !strings.Contains(full.raw, "aino") || !strings.Contains(full.raw, "info3@") || strings.Contains(full.raw, `"masked":true`) {
			t.Errorf("with the scope: %s", full.raw)
		}
	})
	t.Run("PersonalDataIsMaskedInTheLogOfChanges", func(t *testing.T) {
		a := b.as(reader, `{ changes { items { fields { field before after } } } }`, nil)
		if strings.Contains(a.raw, "aino") || strings.Contains(a.raw, "info3@") {
			t.Errorf("personal data is shown: %s", a.raw)
		}
	})
	t.Run("ASystemBesideACustomerTellsItsNameOnly", func(t *testing.T) {
		a := b.as(reader, `{ customers(first: 1) { nodes { links { system { name settings { name } checks { name } fault { code } lastRun { id } } }
			changes { items { origin { kind system { id } } } } } } }`, nil)
		s, _ := a.at("customers", "nodes", 0, "links", 0, "system").(map[string]any)
		if s["name"] == nil || s["settings"] != nil || s["checks"] != nil || s["lastRun"] != nil {
			t.Errorf("got %s", a.raw)
		}
		if a.at("customers", "nodes", 0, "changes", "items", 0, "origin", "system") != nil {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("WhoBecameACompanyIsMaskedInTheLog", func(t *testing.T) {
		id := b.must(createCustomer, vars{"kind": "PRIVATE", "name": "Malli Aino", "email": "aino.malli@example.test"}).text("r", "customer", "id")
		for _, patch := range []vars{{"email": "toinen@example.test"}, {"kind": "COMPANY", "email": "info@malli.example.test"}, {"email": nil}} {
			b.must(updateCustomer, vars{"id": id, "patch": patch})
		}
		b.number()
		const q = `query($id: ID!) { customer(by: {id: $id}) { kind changes { items { fields { field before after } } } } }`
		for _, plainly := range []bool{true, false} {
			if a := b.asked(reader, q, vars{"id": id}, plainly); !strings.Contains(a, `"kind":"COMPANY"`) || strings.Contains(a, "@") {
				t.Errorf("plainly %v: %s", plainly, a)
			}
		}
		if a := b.as(reader, `{ changes(first: 200) { items { fields { field before after } } } }`, nil); strings.Contains(a.raw, "aino.malli@") || strings.Contains(a.raw, "toinen@") {
			t.Errorf("got %s", a.raw)
		}
		if a := b.do(q, vars{"id": id}); !strings.Contains(a.raw, "aino.malli@") || !strings.Contains(a.raw, "info@malli") {
			t.Errorf("with the scope: %s", a.raw)
		}
	})
}

func TestOrganisationsCannotSeeEachOther(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 3)
	_, stranger := b.newOrganisation("Vieras Oy", auth.Admin)
	ids := []string{
		globalID("Customer", uuid(2, 1)), globalID("Office", uuid(3, 1)), globalID("Person", uuid(4, 1)),
		globalID("Link", uuid(5, 1)), globalID("System", uuid(1, 1)),
	}
	a := b.as(stranger, `query($ids: [ID!]!, $c: ID!) { nodes(ids: $ids) { id } customer(by: {id: $c}) { id } byNumber: customer(by: {number: "1001"}) { id }
		customers { totalCount nodes { id } } systems { id } runs { nodes { id } } changes { items { sequence } newestSequence } }`, vars{"ids": ids, "c": ids[0]})
	for i := range ids {
		if a.at("nodes", i) != nil {
			t.Errorf("node %d is seen", i)
		}
	}
	var got map[string]json.RawMessage
	if err := json.Unmarshal(a.Data, &got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"customer": `null`, "byNumber": `null`, "customers": `{"totalCount":0,"nodes":[]}`, "systems": `[]`, "runs": `{"nodes":[]}`,
		"changes": `{"items":[],"newestSequence":0}`,
	} {
		if string(got[name]) != want {
			t.Errorf("%s is %s", name, got[name])
		}
	}
	for name, m := range map[string]string{
		"updateCustomer":     `mutation($c: ID!) { r: updateCustomer(input: {id: $c, patch: {name: "Y"}}) { userErrors { code path } } }`,
		"deactivateCustomer": `mutation($c: ID!) { r: deactivateCustomer(input: {id: $c}) { userErrors { code path } } }`,
	} {
		if a := b.as(stranger, m, vars{"c": ids[0]}); a.text("r", "userErrors", 0, "code") != "NOT_FOUND" {
			t.Errorf("%s: %s", name, a.raw)
		}
	}
}
