package main_test

import (
	"context"
	"fmt"
	"net"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"customerhub/internal/connector/connectortest"
	"customerhub/internal/mail/mailtest"
	"customerhub/internal/pgtest"
	"customerhub/internal/sandbox/netvisor"
	"customerhub/internal/sandbox/netvisorkyc"
)

// obliged is a served hub with a simulated Netvisor and a simulated KYC, as an administrator and the people of both services see them.
type obliged struct {
	api
	hub      served
	netvisor company
	kyc      *netvisorkyc.Sandbox
	// org is the organisation as KYC knows it; ids are the systems in the hub.
	org, netvisorID, kycID string
	db                     *pgtest.DB
	env                    []string
	sink                   *mailtest.Sink
	// refuses has KYC find Netvisor's identifiers wrong.
	refuses atomic.Bool
}

// newObliged starts all, with ten customers in Netvisor: six with a contact person for due diligence, two without, one without a
// business ID and one whose business ID cannot be right; TEMP is there by itself.
func newObliged(t *testing.T) *obliged {
	o := &obliged{netvisor: newCompany(t, netvisor.Options{Responsibility: true}), db: pgtest.New(t), sink: mailtest.New(t, mailtest.Options{})}
	k, err := netvisorkyc.New(netvisorkyc.Options{VerifyNetvisor: func(context.Context, netvisorkyc.Identifiers) (bool, string) {
		return !o.refuses.Load(), "The integration key was refused."
	}})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(connectortest.Guard(t, k))
	t.Cleanup(func() {
		web.Close()
		_ = k.Close()
	})
	o.kyc, o.org = k, k.Organisations()[0]
	for i := range 10 {
		values := map[string]string{"Name": fmt.Sprintf("Malliyritys %d Oy", i), "code": fmt.Sprint(7001 + i)}
		switch i {
		case 8:
		case 9:
			values["businessId"] = "1234567-9"
		default:
			values["businessId"] = obligedIDs[i]
		}
		o.enter(values, i < 6 || i == 8)
	}

	address := freeAddress(t)
	o.env = []string{
		newKeyset(t), "HUB_DATABASE_URL=" + o.db.AppURL, "HUB_MAIL_URL=" + o.sink.URL(), "HUB_MAIL_FROM=hub@example.test",
		"HUB_PUBLIC_URL=http://" + address, "HUB_TAKE_OVER_AFTER=5s",
	}
	env := o.env
	p := start(t, env, "serve", "--address", address)
	p.says(p.errOut, "msg=serving")
	o.hub = served{p, "http://" + address + "/graphql"}
	must(t, env, "organisation", "create", "Esimerkki Oy")
	if got := must(t, env, "onboarding"); !strings.Contains(got, "every step is needed") || !strings.Contains(got, " 1  MISSING") || !strings.Contains(got, " 3  BLOCKED") {
		t.Errorf("R125: an empty organisation:\n%s", got)
	}
	o.api = api{t, o.hub.url, must(t, env, "key", "create", "test", "--scope", "admin")}
	o.netvisorID = checked(o.api, o.netvisor)
	o.set("setSystemSettings", o.netvisorID, "settings", map[string]string{"responsibilityResource": "customerresponsibility.nv"})
	writes(o.api, o.netvisorID)

	type made struct{ System identified }
	o.kycID = change[made](o.api, "createSystem", `mutation ($in: CreateSystemInput!) { createSystem(input: $in) { system { id } userErrors { code message } } }`,
		in(map[string]any{"kind": "NETVISOR_KYC", "settings": pairs(map[string]string{"baseUrl": web.URL, "organisationId": o.org, "onlyWithContactPerson": "true"})})).System.ID
	c, _ := k.Credentials(o.org)
	o.set("setSystemCredentials", o.kycID, "credentials", map[string]string{"activationToken": c.BootstrapToken})
	change[struct{}](o.api, "setSystemErrorReport", setReport, in(map[string]any{"id": o.kycID, "email": "virheet@example.test"}))
	return o
}

// Valid but invented business IDs.
var obligedIDs = []string{"0201256-6", "1572860-0", "2345672-1", "1234567-1", "7654321-2", "0737546-2", "1927400-1", "2110048-1"}

// freeAddress is an address on loopback at which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func in(v map[string]any) map[string]any { return map[string]any{"in": v} }

func pairs(of map[string]string) (out []map[string]string) {
	for name, value := range of {
		out = append(out, map[string]string{"name": name, "value": value})
	}
	return out
}

// set sets settings or credentials of a system.
func (o *obliged) set(mutation, id, what string, values map[string]string) {
	o.t.Helper()
	document := fmt.Sprintf(`mutation ($in: %s%sInput!) { %s(input: $in) { system { id } userErrors { code message } } }`, strings.ToUpper(mutation[:1]), mutation[1:], mutation)
	change[struct{}](o.api, mutation, document, in(map[string]any{"id": id, what: pairs(values)}))
}

// enter types a customer into Netvisor and gives its key.
func (o *obliged) enter(values map[string]string, withContact bool) int64 {
	key, err := o.netvisor.Add("", func(c *netvisor.Customer) error {
		for name, v := range values {
			if err := c.Set(name, v); err != nil {
				return err
			}
		}
		if withContact {
			c.SetResponsibility(netvisor.Responsibility{FirstName: "Aino", LastName: "Malli" + values["code"], Email: "aino@example.test"})
		}
		return nil
	})
	if err != nil {
		panic(err)
	}
	return key
}

// step queues a step of the activation and gives how its run ended.
func (o *obliged) step(mutation string) (r runState) {
	o.t.Helper()
	type payload struct {
		Run        *identified
		UserErrors []struct{ Message string }
	}
	document := fmt.Sprintf(`mutation ($in: %s%sInput!) { %s(input: $in) { run { id } userErrors { message } } }`, strings.ToUpper(mutation[:1]), mutation[1:], mutation)
	p := ask[payload](o.api, mutation, document, in(map[string]any{"id": o.kycID}))
	if p.Run == nil {
		r.State = "REFUSED"
		for _, e := range p.UserErrors {
			r.State += ": " + e.Message
		}
		return r
	}
	eventually(o.t, mutation, func() bool {
		r = ask[runState](o.api, "node", `query ($id: ID!) { node(id: $id) { ... on Run { state done fault { code message } } } }`, map[string]any{"id": p.Run.ID})
		return r.State != "QUEUED" && r.State != "RUNNING"
	})
	return r
}

// steps takes the activation to its end.
func (o *obliged) steps() {
	o.t.Helper()
	for _, mutation := range []string{"requestSystemCredential", "submitSystem", "startSystem"} {
		if r := o.step(mutation); r.State != "SUCCEEDED" {
			o.t.Fatalf("%s: %+v", mutation, r)
		}
	}
}

// look has the hub look at both systems now.
func (o *obliged) look() {
	o.t.Helper()
	for _, id := range []string{o.netvisorID, o.kycID} {
		o.finished(change[struct{ Run identified }](o.api, "syncNow", `mutation ($in: SyncNowInput!) { syncNow(input: $in) { run { id } userErrors { code message } } }`,
			in(map[string]any{"system": id})).Run.ID)
	}
}

// candidates are those that are open in KYC, by Netvisor's key; one that is there twice fails the test.
func (o *obliged) candidates() map[string]netvisorkyc.Candidate {
	out := make(map[string]netvisorkyc.Candidate)
	for _, c := range o.kyc.Candidates(o.org) {
		if c.State == netvisorkyc.Deleted || c.State == netvisorkyc.Accepted {
			continue
		}
		if _, twice := out[c.BusinessID]; twice {
			o.t.Errorf("two candidates with the business ID %s", c.BusinessID)
		}
		out[c.BusinessID] = c
	}
	return out
}

// come waits for so many candidates.
func (o *obliged) come(n int) {
	o.t.Helper()
	eventually(o.t, fmt.Sprintf("%d candidates", n), func() bool { return len(o.candidates()) == n })
}

type diligenceShown struct {
	State, RiskClass                              string
	RequiresActions                               *bool
	LatestRiskAssessmentOn, DueDiligenceExpiresOn string
	Notes                                         string
	History                                       struct {
		Items []struct{ State, RiskClass string }
	}
}

// shown is what the API shows of a customer's due diligence.
func (o *obliged) shown(number string) diligenceShown {
	o.t.Helper()
	type customer struct{ Kyc *diligenceShown }
	c := ask[customer](o.api, "customer", `query ($n: String!) { customer(by: {number: $n}) { kyc { state riskClass requiresActions latestRiskAssessmentOn
		dueDiligenceExpiresOn notes history(first: 50) { items { state riskClass } } } } }`, map[string]any{"n": number})
	if c.Kyc == nil {
		return diligenceShown{}
	}
	return *c.Kyc
}

// shows waits for a risk class.
func (o *obliged) shows(number, class string) diligenceShown {
	o.t.Helper()
	eventually(o.t, "the risk class "+class, func() bool {
		o.look()
		return o.shown(number).RiskClass == class
	})
	return o.shown(number)
}

// alter writes past the hub, as time would.
func (o *obliged) alter(sql string) {
	o.t.Helper()
	_, err := o.db.Owner.Exec(o.t.Context(), sql)
	o.must(err)
}

func (o *obliged) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

// onboarding is how each step stands, and whether all are settled.
func (a api) onboarding() (states map[string]string, complete bool) {
	a.t.Helper()
	type shown struct {
		Complete bool
		Steps    []struct{ Key, State string }
	}
	got := ask[shown](a, "onboarding", `{ onboarding { complete steps { key state } } }`, nil)
	states = make(map[string]string)
	for _, s := range got.Steps {
		states[s.Key] = s.State
	}
	return states, got.Complete
}

// standing are the findings that stand, by code.
func (o *obliged) standing(code string) int {
	o.t.Helper()
	type page struct{ TotalCount int }
	return ask[page](o.api, "findings", `query ($c: [FindingCode!]) { findings(filter: {code: $c, resolved: false}) { totalCount } }`, map[string]any{"c": []string{code}}).TotalCount
}

// TestKYCScenarios walks through the eleven acceptance scenarios of the KYC contract (section 9) with the program itself, one after the
// other in one organisation.
func TestKYCScenarios(t *testing.T) {
	t.Parallel()
	o := newObliged(t)
	scenario := func(name string, f func()) {
		t.Run(name, func(t *testing.T) {
			before := o.api
			o.api.t = t
			defer func() { o.api = before }()
			f()
		})
		if t.Failed() {
			t.FailNow()
		}
	}
	tab := func(key int64) netvisor.Responsibility {
		c, _ := o.netvisor.Get("", key)
		return c.Responsibility()
	}
	keyOf := func(number string) (key int64) {
		for c := range o.netvisor.Customers("") {
			if c.Get("code") == number {
				key = c.Key()
			}
		}
		return key
	}
	var first netvisorkyc.Customer

	scenario("R16_R23_R24_Scenario1", func() {
		must(t, o.env, "onboarding", "--profile", "accounting_and_kyc", "--by", "Aino Malli")
		if s, _ := o.onboarding(); s["NETVISOR_VERIFIED"] != "DONE" || s["DRY_RUN_APPROVED"] != "DONE" || s["KYC_INTEGRATION_USER"] != "WAITING" || s["KYC_VERIFIED"] != "BLOCKED" {
			o.t.Errorf("R126: before support acted: %v", s)
		}
		if r := o.step("requestSystemCredential"); r.State != "FAILED" || r.Fault == nil || r.Fault.Code != "DENIED" {
			o.t.Errorf("R16: before support enabled the interfaces: %+v", r)
		}
		o.must(o.kyc.EnableInterfaces(o.org))
		o.must(o.kyc.CreateIntegrationUser(o.org))
		if r := o.step("requestSystemCredential"); r.State != "SUCCEEDED" {
			o.t.Fatalf("got %+v", r)
		}
		if r := o.step("startSystem"); !strings.HasPrefix(r.State, "REFUSED") {
			o.t.Errorf("R24: started before it was verified: %+v", r)
		}
		o.refuses.Store(true)
		if r := o.step("submitSystem"); r.State != "FAILED" || r.Fault == nil || !strings.Contains(r.Fault.Message, "refused") {
			o.t.Errorf("R23: got %+v", r)
		}
		if n := len(o.kyc.Candidates(o.org)); n != 0 {
			o.t.Errorf("%d candidates", n)
		}
		if o.standing("VERIFICATION_FAILED") != 1 {
			o.t.Error("R26: no finding tells of it")
		}
		// Reports wait a while for what else comes.
		o.alter(`UPDATE finding SET raised_at = raised_at - interval '1 hour'`)
		eventually(o.t, "the mail", func() bool { return len(o.sink.Received()) == 1 })
		if m := o.sink.Received()[0].Raw; !strings.Contains(m, "VERIFICATION_FAILED") && !strings.Contains(m, "could not verify") || !strings.Contains(m, "tuki.kyc@visma.com") {
			o.t.Errorf("R7, R26: the mail says:\n%s", m)
		}
		o.refuses.Store(false)
		if r := o.step("submitSystem"); r.State != "SUCCEEDED" {
			o.t.Fatalf("got %+v", r)
		}
	})
	scenario("R28_R33_R51_R124_Scenario2_WithAContactPerson", func() {
		if r := o.step("startSystem"); r.State != "SUCCEEDED" {
			o.t.Fatalf("got %+v", r)
		}
		o.come(6)
	})
	scenario("R29_R31_Scenario3", func() {
		for range 3 {
			_, err := o.kyc.Fault(netvisorkyc.Fault{Kind: netvisorkyc.FaultLostAnswer, Method: "PUT", Times: 1})
			o.must(err)
		}
		o.must(o.netvisor.Edit("", keyOf("7007"), func(c *netvisor.Customer) error {
			c.SetResponsibility(netvisor.Responsibility{FirstName: "Aino", LastName: "Myöhäinen", Email: "aino@example.test"})
			return nil
		}))
		o.look()
		o.come(7)
		if c := o.candidates()[obligedIDs[6]]; c.ContactPerson == nil || c.ContactPerson.LastName != "Myöhäinen" {
			o.t.Errorf("got %+v", c)
		}
		if n := len(o.kyc.Candidates(o.org)); n != 7 {
			o.t.Errorf("%d candidates with tombstones", n)
		}
	})
	scenario("R19_Scenario2_WithAndWithout", func() {
		o.set("setSystemSettings", o.kycID, "settings", map[string]string{"onlyWithContactPerson": "false"})
		o.come(8)
		for _, c := range o.kyc.Candidates(o.org) {
			if c.Source == nil || c.Source.CustomerNumber == "TEMP" || c.Source.CustomerNumber == "7009" || c.Source.CustomerNumber == "7010" {
				o.t.Errorf("%+v is a candidate", c)
			}
		}
	})
	scenario("R125_R131_Onboarding", func() {
		change[struct{}](o.api, "setSystemErrorReport", setReport, in(map[string]any{"id": o.netvisorID, "email": "virheet@example.test"}))
		refuses(t, run(t, o.env, "onboarding", "--acknowledge", "kyc_scope", "--reason", "Ei tarvita", "--by", "Aino Malli"), 1, "done")
		if _, complete := o.onboarding(); complete {
			o.t.Error("it is complete though nobody said anything of Flex")
		}
		for _, step := range []string{"flex_enabled", "flex_customer_types", "number_series"} {
			if r := run(t, o.env, "onboarding", "--acknowledge", step, "--reason", "Ei Flexiä", "--by", "Aino Malli"); r.code != 0 && !strings.Contains(r.errOut, "is done") {
				o.t.Errorf("%s: %s", step, r.errOut)
			}
		}
		if s, complete := o.onboarding(); !complete || s["FLEX_ENABLED"] != "ACKNOWLEDGED" || s["KYC_SCOPE"] != "DONE" {
			o.t.Errorf("it is not complete: %v", s)
		}
		if got := must(t, o.env, "onboarding", "--language", "fi"); !strings.Contains(got, "Aino Malli") || !strings.Contains(got, "Ei Flexiä") {
			o.t.Errorf("got\n%s", got)
		}
		must(t, o.env, "onboarding", "--withdraw", "flex_enabled", "--by", "Eino Malli")
		if _, complete := o.onboarding(); complete {
			o.t.Error("it is complete though an acknowledgement was taken back")
		}
	})
	scenario("R2_R44_Scenario4", func() {
		id := o.candidates()[obligedIDs[0]].ID
		o.must(o.kyc.SendRequest(id))
		o.must(o.kyc.Answer(id))
		var err error
		first, err = o.kyc.Accept(id, netvisorkyc.Assessment{RiskClass: "HIGH", ReviewIntervalMonths: 12, Notes: "Seurataan.", On: "2026-02-10"})
		o.must(err)
		k := o.shows("7001", "HIGH")
		if k.State != "CUSTOMER" || k.LatestRiskAssessmentOn != "2026-02-10" || k.DueDiligenceExpiresOn != "2027-02-10" || k.Notes != "Seurataan." || k.RequiresActions == nil {
			o.t.Errorf("got %+v", k)
		}
		eventually(o.t, "the tab", func() bool {
			got := tab(keyOf("7001"))
			return got.RiskClass == "high" && got.LatestRiskAssessment == "2026-02-10" && got.DueDiligenceExpires == "2027-02-10" &&
				got.Remarks == "Seurataan." && got.RequiresActions != ""
		})
	})
	scenario("R50_Scenario5", func() {
		o.must(o.kyc.Assess(first.ID, netvisorkyc.Assessment{RiskClass: "STANDARD", ReviewIntervalMonths: 36, On: "2026-06-30", Force: true}))
		var classes []string
		for _, h := range o.shows("7001", "STANDARD").History.Items {
			if h.State == "CUSTOMER" {
				classes = append(classes, h.RiskClass)
			}
		}
		if len(classes) != 2 || classes[0] != "STANDARD" || classes[1] != "HIGH" {
			o.t.Errorf("the history has %v", classes)
		}
	})
	scenario("R39_Scenario6", func() {
		o.must(o.kyc.DeleteCandidate(o.candidates()[obligedIDs[1]].ID))
		o.look()
		eventually(o.t, "the tombstone", func() bool { return o.shown("7002").State == "REMOVED" })
		o.must(o.netvisor.Edit("", keyOf("7002"), func(c *netvisor.Customer) error { return c.Set("Name", "Uusi Nimi Oy") }))
		o.look()
		eventually(o.t, "the new name", func() bool {
			return ask[struct{ Name string }](o.api, "customer", `{ customer(by: {number: "7002"}) { name } }`, nil).Name == "Uusi Nimi Oy"
		})
		o.look()
		if _, there := o.candidates()[obligedIDs[1]]; there {
			o.t.Error("a change of the name brought it back")
		}
	})
	scenario("R43_Scenario7", func() {
		o.must(o.kyc.Set(func(s *netvisorkyc.Settings) { s.Webhooks.Duplicates, s.Webhooks.Reverse = 2, true }))
		for _, class := range []string{"HIGH", "STANDARD", "HIGH"} {
			o.must(o.kyc.Assess(first.ID, netvisorkyc.Assessment{RiskClass: class, ReviewIntervalMonths: 6, Force: true}))
		}
		o.shows("7001", "HIGH")
		told := 0
		eventually(o.t, "the messages", func() bool {
			told = 0
			for _, d := range o.kyc.Deliveries() {
				if d.Status == 202 {
					told++
				}
			}
			return told >= 3
		})
		o.look()
		if k := o.shown("7001"); k.RiskClass != "HIGH" {
			o.t.Errorf("after all messages it is %s", k.RiskClass)
		}
	})
	scenario("Scenario8", func() {
		o.must(o.kyc.EditCustomer(first.ID, netvisorkyc.CustomerEdit{Kind: new(netvisorkyc.Private), RiskClass: new(netvisorkyc.Low), Force: true}))
		if k := o.shows("7001", "UNKNOWN"); k.State != "CUSTOMER" {
			o.t.Errorf("got %+v", k)
		}
		if o.standing("KYC_RISK_CLASS_IMPOSSIBLE") != 1 {
			o.t.Error("no finding tells of it")
		}
		o.must(o.kyc.EditCustomer(first.ID, netvisorkyc.CustomerEdit{Kind: new(netvisorkyc.Company), RiskClass: new(netvisorkyc.Standard), Force: true}))
		o.shows("7001", "STANDARD")
	})
	const canary = "010190-999W"
	scenario("R192_Scenario9", func() {
		o.must(o.kyc.Assess(first.ID, netvisorkyc.Assessment{RiskClass: "HIGH", ReviewIntervalMonths: 6, Notes: "Omistaja " + canary + " tunnettu.", Force: true}))
		if k := o.shows("7001", "HIGH"); !strings.Contains(k.Notes, "tunnettu") || strings.Contains(k.Notes, canary) {
			o.t.Errorf("the API shows %q", k.Notes)
		}
		eventually(o.t, "the tab", func() bool { return strings.Contains(tab(keyOf("7001")).Remarks, "tunnettu") })
		if got := tab(keyOf("7001")).Remarks; strings.Contains(got, canary) {
			o.t.Errorf("the tab has %q", got)
		}
	})
	scenario("Scenario10", func() {
		before := len(o.kyc.Candidates(o.org))
		o.must(o.kyc.Advance(80 * 24 * time.Hour))
		o.must(o.kyc.Assess(first.ID, netvisorkyc.Assessment{RiskClass: "STANDARD", ReviewIntervalMonths: 12, Force: true}))
		o.shows("7001", "STANDARD")
		if n := len(o.kyc.Candidates(o.org)); n != before {
			o.t.Errorf("%d candidates, and %d before", n, before)
		}
	})
	scenario("Scenario11", func() {
		o.must(o.kyc.RevokeCredentials(o.org))
		o.must(o.netvisor.Edit("", keyOf("7003"), func(c *netvisor.Customer) error { return c.Set("Name", "Muuttunut Oy") }))
		change[struct{}](o.api, "syncNow", `mutation ($in: SyncNowInput!) { syncNow(input: $in) { run { id } userErrors { code message } } }`, in(map[string]any{"system": o.netvisorID}))
		eventually(o.t, "the system in need of action", func() bool {
			return ask[struct{ State string }](o.api, "node", `query ($id: ID!) { node(id: $id) { ... on System { state } } }`, map[string]any{"id": o.kycID}).State == "NEEDS_ACTION"
		})
		o.steps()
		eventually(o.t, "the change that was kept", func() bool { return o.candidates()[obligedIDs[2]].Name == "Muuttunut Oy" })
	})
	for _, m := range o.sink.Received() {
		if strings.Contains(m.Raw, canary) || strings.Contains(m.Raw, "Malli") {
			t.Errorf("a mail says something personal:\n%s", m.Raw)
		}
	}
	if log := o.hub.errOut.String(); strings.Contains(log, canary) {
		t.Error("Promise 11: the log has an identity code")
	}
	o.hub.stopped()
}
