package flex_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"customerhub/internal/sandbox/flex"
)

// control calls the control plane.
func (b *box) control(method, path, body string, headers ...string) got {
	b.t.Helper()
	return b.call(method, "/_control"+path, body, headers...)
}

func TestControlPlaysPeople(t *testing.T) {
	t.Parallel()
	var sent []string
	b := setup(t, flex.Options{InvoiceSent: func(organisation string, c flex.Customer) {
		sent = append(sent, organisation+" "+c.ID+" "+c.CustomerNumber)
	}})
	h := subscribe(t, 202)
	b.hook(h)

	c := b.control("POST", "/customers?user=12", `{"name":"Uusi Oy","phone":"1","contacts":[{"name":"Aino"}]}`).is(201, "").customer()
	if c.CustomerNumber != "F50001" || c.UpdatedBy != "user:12" || c.Contacts[0].ID != "c1" || !c.Active {
		t.Errorf("%+v", c)
	}
	b.control("POST", "/customers", `{"name":"Numero Oy","customerTypeId":"ct_10","customerNumber":"9001"}`).is(201, "")
	path := "/customers/" + c.ID
	if got := b.control("POST", path, `{"phone":null,"visitingAddress":{"city":"Kemi"}}`).is(200, "").customer(); got.Phone != "" || got.Visiting.City != "Kemi" || got.Revision != 2 {
		t.Errorf("%+v", got)
	}
	if got := b.control("POST", path+"/number", `{"customerNumber":"F777"}`).is(200, "").customer(); got.CustomerNumber != "F777" {
		t.Errorf("%+v", got)
	}
	if got := b.control("POST", path+"/type", `{"customerTypeId":"ct_4"}`).is(200, "").customer(); got.CustomerTypeID != "ct_4" {
		t.Errorf("%+v", got)
	}
	if got := b.control("POST", path+"/consumer-einvoice", `{"ordered":true}`).is(200, "").customer(); !got.Billing.ConsumerEInvoice || got.UpdatedBy != "netbank" {
		t.Errorf("%+v", got)
	}
	if g := b.control("POST", path, `{"businessId":"1572860-0"}`).is(422, ""); !strings.Contains(string(g.body), flex.FieldConsumerEInvoiceWithBusinessID) {
		t.Errorf("%s", g.body)
	}
	if got := b.control("POST", path+"/deactivate", "").is(200, "").customer(); got.Active {
		t.Errorf("%+v", got)
	}
	if got := b.control("POST", path+"/activate", "").is(200, "").customer(); !got.Active || got.Revision != 7 {
		t.Errorf("%+v", got)
	}
	if g := b.control("POST", path+"/invoice", "").is(200, ""); g.json()["told"] != true || len(sent) != 1 || sent[0] != "org_1 fx_7001 F777" {
		t.Errorf("%s, %v", g.body, sent)
	}
	if got := b.control("GET", "/customers/F777", "").is(200, "").customer(); got.ID != c.ID || got.Revision != 7 {
		t.Errorf("%+v", got)
	}
	if list := b.control("GET", "/customers?after=7001&limit=5", "").is(200, "").json()["customers"].([]any); len(list) != 1 {
		t.Errorf("%v", list)
	}
	b.settle()
	if n := len(h.all()); n != 8 {
		t.Errorf("%d events", n)
	}
	for _, e := range b.Effects() {
		if e.By != "control" || e.Origin != "USER" {
			t.Errorf("%+v", e)
		}
	}
	for body, status := range map[string]int{
		`{"customerNumber":"F1"}`: 422, `{"active":false}`: 422, `{"billing":{"consumerEInvoice":true}}`: 422, `{"id":"x"}`: 422, `{"nome":"x"}`: 422, `[]`: 400, ``: 400,
	} {
		b.control("POST", path, body).is(status, "")
	}
	for act, status := range map[string]int{
		"/number": 400, "/consumer-einvoice": 400, "/type": 400, "/explode": 404,
	} {
		b.control("POST", path+act, "").is(status, "")
	}
	b.control("POST", path+"/number", `{"customerNumber":"9001"}`).is(409, "")
	b.control("POST", path+"/consumer-einvoice", `{}`).is(400, "")
	b.control("POST", "/customers/fx_1", `{"name":"x"}`).is(404, "")
	b.control("POST", "/customers/fx_1/invoice", "").is(404, "")
	b.control("GET", "/customers/fx_1", "").is(404, "")
	b.control("GET", "/customers?organisation=nobody", "").is(404, "")
	b.control("POST", "/customers?user=aino", `{"name":"x"}`).is(400, "")
	b.control("GET", "/customers?x=1", "").is(400, "")
	b.control("GET", "/customers?after=x", "").is(400, "")
}

func TestControlPlaysSupport(t *testing.T) {
	t.Parallel()
	b := setup(t, flex.Options{Organisations: []flex.Organisation{{ID: "a"}, {ID: "b"}}})
	b.get("/customers").is(403, flex.CodeNotEnabled)
	b.control("POST", "/support", `{}`).is(400, "")
	b.control("POST", "/support?organisation=b", `{"enabled":true}`).is(200, "")
	b.get("/customers").is(403, flex.CodeNotEnabled)
	b.control("POST", "/support", `{"enabled":true}`).is(200, "")
	b.get("/customers").is(200, "")

	if g := b.control("POST", "/types", `{"name":"Yritys","identifier":"COMPANY","mandatoryFields":["businessId"]}`).is(201, ""); g.json()["id"] != "ct_12" {
		t.Errorf("%s", g.body)
	}
	g := b.control("POST", "/types/ct_11", `{"numberSeries":{"prefix":"N","next":1,"width":3}}`).is(200, "")
	if tree := g.json(); tree["name"] != "Yritysasiakas Netvisor" || tree["numberSeries"] == nil {
		t.Errorf("%s", g.body)
	}
	if tree := b.control("POST", "/types/ct_11", `{"numberSeries":null}`).is(200, "").json(); tree["numberSeries"] != nil {
		t.Errorf("%v", tree)
	}
	b.control("POST", "/types/ct_11", `{"id":"ct_1"}`).is(400, "")
	b.control("POST", "/types/ct_11", `{"identifier":"OTHER"}`).is(422, "")
	b.control("POST", "/types/ct_11", `{"sizes":1}`).is(400, "")
	b.control("POST", "/types/ct_99", `{"name":"x"}`).is(404, "")
	b.control("DELETE", "/types/ct_12", "").is(200, "")
	b.control("DELETE", "/types/ct_12", "").is(404, "")
	if list := b.control("GET", "/types?organisation=b", "").is(200, "").json()["types"].([]any); len(list) != 4 {
		t.Errorf("%v", list)
	}

	made := b.control("POST", "/keys", `{"scopes":["customers:read"]}`).is(201, "").json()
	key := "Bearer " + text(made["secret"])
	b.call("GET", "/flex/v1/customers", "", "Authorization", key).is(200, "")
	b.call("GET", "/flex/v1/webhooks", "", "Authorization", key).is(403, flex.CodeScopeMissing)
	b.control("POST", "/keys", `{"scopes":["everything"]}`).is(400, "")
	b.control("POST", "/keys", `{"secret":"short"}`).is(400, "")
	b.control("POST", "/keys", fmt.Sprintf(`{"secret":%q}`, b.Key("b"))).is(400, "")
	b.control("DELETE", "/keys/"+text(made["id"]), "").is(200, "")
	b.call("GET", "/flex/v1/customers", "", "Authorization", key).is(401, flex.CodeInvalidKey)
	b.control("DELETE", "/keys/key_99", "").is(404, "")

	all := b.control("GET", "/organisations", "").is(200, "")
	if strings.Contains(string(all.body), "flex_") || !strings.Contains(string(all.body), `"revoked":true`) {
		t.Errorf("%s", all.body)
	}
}

func TestControlTurnsDials(t *testing.T) {
	t.Parallel()
	b := setup(t, flex.Options{Clock: newClock().Now})
	h := subscribe(t, 500)
	hook := b.hook(h)
	set := b.control("POST", "/settings", `{"ratePerMinute":5,"webhooks":{"delay":"1m"}}`).is(200, "").json()
	if text(set["ratePerMinute"]) != "5" || text(set["retryScale"]) != "1" || set["webhooks"].(map[string]any)["delay"] != "1m0s" {
		t.Errorf("%v", set)
	}
	b.control("POST", "/settings", `{"ratePerMinute":0}`).is(200, "")
	if s := b.Settings(); s.RatePerMinute != 0 || s.Webhooks.Delay != flex.Duration(time.Minute) {
		t.Errorf("%+v", s)
	}
	for _, wrong := range []string{
		`{"retryScale":0}`, `{"webhooks":{"lose":2}}`, `{"webhooks":{"copies":-1}}`, `{"latency":"-1s"}`, `{"latency":5}`, `{"ratePerMinute":-1}`, `{"x":1}`, `{"webhooks":{"shuffle":"9h"}}`, ``,
	} {
		b.control("POST", "/settings", wrong).is(400, "")
	}
	b.control("GET", "/settings", "").is(200, "")

	c := must[flex.Customer](t)(b.Create("", flex.Customer{Name: "A"}))
	if list := b.control("GET", "/deliveries/pending", "").json()["pending"].([]any); len(list) != 1 {
		t.Errorf("%v", list)
	}
	b.control("POST", "/clock", `{"advance":"1m"}`).is(200, "")
	b.settle()
	log := b.control("GET", "/deliveries?customer="+c.ID, "").is(200, "").json()["deliveries"].([]any)
	first := log[0].(map[string]any)
	if len(log) != 1 || first["outcome"] != "failed" || text(first["httpStatus"]) != "500" {
		t.Errorf("%v", log)
	}
	h.answer(200)
	b.control("POST", "/deliveries/again", fmt.Sprintf(`{"event":%q,"copies":4}`, first["event"])).is(200, "")
	b.settle()
	if n := len(h.all()); n != 5 {
		t.Errorf("%d deliveries", n)
	}
	b.control("POST", "/deliveries/again", `{"event":"x"}`).is(404, "")
	b.control("POST", "/deliveries/again", `{"event":"x","copies":0}`).is(400, "")
	b.control("POST", "/webhooks/"+hook+"/suspend", "").is(200, "")
	if g := b.get("/webhooks"); !strings.Contains(string(g.body), `"SUSPENDED"`) || b.Pending() != 0 {
		t.Errorf("%s, %d wait", g.body, b.Pending())
	}
	b.control("POST", "/webhooks/"+hook+"/resume", "").is(200, "")
	b.control("POST", "/webhooks/"+hook+"/explode", "").is(404, "")
	b.control("POST", "/webhooks/wh_9/resume", "").is(404, "")
	b.control("GET", "/webhooks", "").is(200, "")

	b.control("POST", "/clock", `{"now":"2026-05-01T00:00:00Z"}`).is(200, "")
	if got := text(b.control("GET", "/clock", "").json()["now"]); got != "2026-05-01T00:00:00Z" {
		t.Errorf("it is %s", got)
	}
	if got := must[flex.Customer](t)(b.Edit("", c.ID, func(c *flex.Customer) { c.Phone = "1" })); !got.UpdatedAt.Equal(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%s", got.UpdatedAt)
	}
	// Set back, later changes are not said to be older.
	b.control("POST", "/clock", `{"advance":"-48h"}`).is(200, "")
	if got := must[flex.Customer](t)(b.Edit("", c.ID, func(c *flex.Customer) { c.Phone = "2" })); !got.UpdatedAt.Equal(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%s", got.UpdatedAt)
	}
	for _, wrong := range []string{`{}`, `{"advance":"x"}`, `{"advance":"1m","now":"2026-05-01T00:00:00Z"}`, `{"now":"2526-05-01T00:00:00Z"}`} {
		b.control("POST", "/clock", wrong).is(400, "")
	}

	id := b.control("POST", "/faults", `{"kind":"latency","delay":"1ms","path":"/customers"}`).is(201, "").json()["id"]
	b.get("/customers").is(200, "")
	if g := b.control("GET", "/faults", ""); !strings.Contains(string(g.body), `"hit":1`) || !strings.Contains(string(g.body), `"delay":"1ms"`) {
		t.Errorf("%s", g.body)
	}
	b.control("DELETE", "/faults/"+text(id), "").is(200, "")
	b.control("DELETE", "/faults/"+text(id), "").is(404, "")
	b.control("DELETE", "/faults/x", "").is(400, "")
	b.control("POST", "/faults", `{"kind":"explode"}`).is(400, "")
	b.control("DELETE", "/faults", "").is(200, "")

	calls := b.control("GET", "/calls?after=1&limit=1", "").is(200, "").json()["calls"].([]any)
	if len(calls) != 1 || text(calls[0].(map[string]any)["number"]) != "2" {
		t.Errorf("%v", calls)
	}
	effects := b.control("GET", "/effects?customer="+c.ID+"&limit=2", "").is(200, "").json()["effects"].([]any)
	if len(effects) != 2 || effects[0].(map[string]any)["what"] != "created" {
		t.Errorf("%v", effects)
	}
	if g := b.control("GET", "/health", ""); g.json()["status"] != "ok" {
		t.Errorf("%s", g.body)
	}
}

func TestControlIsForItsPersonAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, flex.Options{PublicURL: "https://flex.example.test"})
	b.control("POST", "/customers", `{"name":"x"}`, "Origin", "https://evil.example.test").is(403, "")
	b.control("POST", "/customers", `{"name":"x"}`, "Sec-Fetch-Site", "cross-site").is(403, "")
	host := func(name string) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+"/_control/health", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = name
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	for name, status := range map[string]int{"evil.example.test": 403, "localhost": 200, "127.0.0.1:99": 200, "[::1]:1": 200, "flex.example.test": 200} {
		if got := host(name); got != status {
			t.Errorf("as %s the control plane answers %d", name, got)
		}
	}
	b.control("GET", "/nothing", "").is(404, "")
	b.control("DELETE", "/health", "").is(405, "")
	if n := len(b.Customers("")); n != 0 {
		t.Errorf("%d customers", n)
	}
}
