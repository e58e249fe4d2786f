package flex_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"customerhub/internal/sandbox/flex"
)

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]flex.Options{
		"CustomersNegative": {Customers: -1},
		"CustomersAbsurd":   {Customers: flex.MaxCustomers + 1},
		"LimitNegative":     {LogLimit: -1},
		"RateNegative":      {RatePerMinute: -1},
		"LatencyNegative":   {Latency: -1},
		"PatienceNegative":  {WebhookPatience: -1},
		"RetryScale":        {RetryScale: -1},
		"Dials":             {Webhooks: flex.WebhookDials{Duplicate: 2}},
		"PublicURL":         {PublicURL: "flex.example.test"},
		"NoID":              {Organisations: []flex.Organisation{{}}},
		"SameID":            {Organisations: []flex.Organisation{{ID: "a"}, {ID: "a"}}},
		"SameKey":           {Organisations: []flex.Organisation{{ID: "a", Keys: []flex.Key{{Secret: "12345678"}}}, {ID: "b", Keys: []flex.Key{{Secret: "12345678"}}}}},
		"ShortKey":          {Organisations: []flex.Organisation{{ID: "a", Keys: []flex.Key{{Secret: "1"}}}}},
		"Scope":             {Organisations: []flex.Organisation{{ID: "a", Keys: []flex.Key{{Secret: "12345678", Scopes: []flex.Scope{"all"}}}}}},
		"TypeWithoutID":     {Organisations: []flex.Organisation{{ID: "a", Types: []flex.CustomerType{{Name: "x"}}}}},
		"TypeWrong":         {Organisations: []flex.Organisation{{ID: "a", Types: []flex.CustomerType{{ID: "ct_1"}}}}},
		"NoTypeToGenerate":  {Customers: 1, Organisations: []flex.Organisation{{ID: "a", Types: []flex.CustomerType{}}}},
	} {
		if s, err := flex.New(o); err == nil {
			_ = s.Close()
			t.Errorf("%s is accepted", name)
		}
	}
	// The zero value is an organisation for which the integration is off (F4).
	s := open(t, flex.Options{})
	t.Cleanup(func() { _ = s.Close() })
	if ids := s.Organisations(); !reflect.DeepEqual(ids, []string{"org_1"}) || len(s.Key("")) < 30 || len(s.Customers("")) != 0 {
		t.Errorf("%v %q", ids, s.Key(""))
	}
	for i, err := range []error{s.Enable("x", true), s.RevokeKey("x", "k"), s.RemoveType("x", "y"), s.SuspendWebhook("x", "y"), s.ResumeWebhook("", "y")} {
		if err == nil {
			t.Errorf("%d: what does not exist is no error", i)
		}
	}
	if s.Customers("x") != nil || s.Types("x") != nil || s.Webhooks("x") != nil || s.Key("x") != "" {
		t.Error("an organisation that does not exist has something")
	}
}

func TestGeneratedCustomers(t *testing.T) {
	t.Parallel()
	two := []flex.Organisation{{ID: "a", Enabled: true}, {ID: "b", Enabled: true}}
	b := setup(t, flex.Options{Customers: 400, Seed: 11, Organisations: two})
	same := open(t, flex.Options{Customers: 400, Seed: 11, Organisations: two})
	other := open(t, flex.Options{Customers: 400, Seed: 12, Organisations: two})
	t.Cleanup(func() { _, _ = same.Close(), other.Close() })
	all := b.Customers("a")
	if !reflect.DeepEqual(all, same.Customers("a")) || reflect.DeepEqual(all, other.Customers("a")) || reflect.DeepEqual(all, b.Customers("b")) {
		t.Error("the seed and the organisation choose the customers, and nothing else")
	}
	numbers, ids := map[string]bool{}, map[flex.Text]bool{}
	kinds := map[string]int{}
	for i, c := range all {
		if c.ID != "fx_"+strconv.Itoa(7001+i) || numbers[c.CustomerNumber] || c.BusinessID != "" && ids[c.BusinessID] {
			t.Errorf("%s %s %s", c.ID, c.CustomerNumber, c.BusinessID)
		}
		numbers[c.CustomerNumber], ids[c.BusinessID] = true, true
		count := func(name string, is bool) {
			if is {
				kinds[name]++
			}
		}
		count("companies", c.CustomerTypeID == "ct_3")
		count("consumers", c.CustomerTypeID == "ct_4")
		count("inactive", !c.Active)
		count("consumer e-invoice", c.Billing.ConsumerEInvoice)
		count("e-invoice", c.Billing.EInvoice != nil)
		count("visiting alone", c.BillingAddress == nil && c.Visiting != nil) // F12
		count("contacts", len(c.Contacts) > 1)
		if c.Billing.ConsumerEInvoice && c.BusinessID != "" {
			t.Errorf("%s breaks F16", c.ID)
		}
		for _, m := range append([]string{string(c.Email)}, c.Billing.Email...) {
			if !strings.HasSuffix(m, "@example.test") {
				t.Errorf("%s has the address %s", c.ID, m)
			}
		}
	}
	for _, name := range []string{"companies", "consumers", "inactive", "consumer e-invoice", "e-invoice", "visiting alone", "contacts"} {
		if kinds[name] < 10 {
			t.Errorf("%d %s among 400", kinds[name], name)
		}
	}
	if !numbers["F50001"] || !numbers["Y60001"] {
		t.Error("the series do not begin at their beginnings")
	}
	// Each of them can be written, and the series go on behind them.
	for _, c := range all[:50] {
		b.patch(c.ID, strconv.FormatInt(c.Revision, 10), `{"phone":"+358400000000"}`).is(200, "")
	}
	if c := must[flex.Customer](t)(b.Create("a", flex.Customer{Name: "A"})); numbers[c.CustomerNumber] {
		t.Errorf("%s was given twice", c.CustomerNumber)
	}
}

// TestServe starts, is used, and stops by itself when the context ends, with a delivery in the middle.
func TestServe(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var config net.ListenConfig
	ln, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, flex.Options{WebhookPatience: time.Hour, Organisations: []flex.Organisation{{ID: "a", Enabled: true}}})
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln) }()
	b := &box{s, t, "http://" + ln.Addr().String(), s.Key("")}
	in, ended := make(chan struct{}), make(chan struct{})
	defer close(ended)
	mute, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	go func() { // a subscriber that takes the connection and says nothing
		conn, err := mute.Accept()
		if err == nil {
			defer conn.Close()
			close(in)
			<-ended
		}
	}()
	b.call("POST", "/flex/v1/webhooks", `{"url":"http://`+mute.Addr().String()+`","secret":"`+hookSecret+`"}`).is(http.StatusCreated, "")
	must[flex.Customer](t)(s.Create("", flex.Customer{Name: "A"}))
	<-in
	began := time.Now()
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it does not stop")
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closed again: %v", err)
	}
	if _, err := b.try("GET", "/flex/v1/customers", ""); err == nil {
		t.Error("it still answers")
	}
}

func TestLogsAreBoundedAndNumbered(t *testing.T) {
	t.Parallel()
	b := setup(t, flex.Options{LogLimit: 5, EffectLimit: 3, KeepBodies: true})
	for i := range 9 {
		b.put(strconv.Itoa(i), company).is(201, "")
	}
	calls, effects := b.Calls(), b.Effects()
	if len(calls) != 5 || calls[0].Number != 5 || calls[4].Number != 9 || len(effects) != 3 || effects[0].Number != 7 || effects[2].Number != 9 {
		t.Errorf("calls %+v, effects %+v", calls, effects)
	}
	c := calls[4]
	if c.Method != http.MethodPut || c.Path != "/flex/v1/customers/by-number/8" || c.Organisation != "org_1" || c.Key != "key_1" || c.Origin != "hub" || c.IfNoneMatch != "*" || c.Body != company ||
		c.Code != "OK" || c.HTTPStatus != 201 || c.Customers != 1 || !c.Committed || c.Aborted || c.Bytes == 0 || c.End.Before(c.Start) {
		t.Errorf("%+v", c)
	}
	e := effects[2]
	want := []flex.Change{{"customerNumber", "", "8"}, {"customerTypeId", "", "ct_11"}, {"active", "", "true"}, {"name", "", "Esimerkki Oy"}, {"businessId", "", "1572860-0"}}
	if e.Call != 9 || e.By != "call" || e.What != flex.WasCreated || e.Revision != 1 || e.Origin != "HUB" || !reflect.DeepEqual(e.Changes, want) {
		t.Errorf("%+v", e)
	}
	without := setup(t, flex.Options{})
	without.put("1", company).is(201, "")
	if c := without.Calls()[0]; c.Body != "" {
		t.Errorf("bodies are kept unasked: %+v", c)
	}
}

var stampShape = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,3})?Z$`)

// FuzzBodies sends anything as a body: whatever comes is refused with a problem, or leaves a customer that keeps the rules and can be read.
func FuzzBodies(f *testing.F) {
	for _, seed := range []string{
		company, `{"customerTypeId":"ct_10","name":"A","billing":{"email":["a@example.test"],"einvoice":{"address":"a","operator":"o"}},"contacts":[{"name":"B"}]}`,
		`{"name":null}`, `{"customerTypeId":"ct_10","name":"A","visitingAddress":{"city":""},"billingAddress":{}}`, `[]`, `{"a":{"a":{"a":1}}}`, `{"name":"\ud800"}`, "\x00", `{"active":1e999}`,
		`{"businessId":"1572860-0"}`, `{"customerNumber":"2"}`, `{"billing":{"consumerEInvoice":true}}`,
	} {
		f.Add(seed)
	}
	s, err := flex.New(flex.Options{Organisations: []flex.Organisation{{ID: "a", Enabled: true}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	n := 0
	f.Fuzz(func(t *testing.T, body string) {
		send := func(method, path string, headers ...string) *http.Response {
			t.Helper()
			req, err := http.NewRequestWithContext(t.Context(), method, "http://flex.test/flex/v1"+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+s.Key(""))
			req.Header.Set("Content-Type", "application/json")
			for i := 0; i+1 < len(headers); i += 2 {
				req.Header.Set(headers[i], headers[i+1])
			}
			w := record{header: http.Header{}}
			s.ServeHTTP(&w, req)
			var tree map[string]any
			if err := json.Unmarshal([]byte(w.body.String()), &tree); err != nil {
				t.Fatalf("%q is answered with %q", body, w.body.String())
			}
			if w.status >= 500 || w.status >= 400 && (tree["code"] == nil || tree["detail"] == nil) {
				t.Fatalf("%q is answered with %d %v", body, w.status, tree)
			}
			return &http.Response{StatusCode: w.status}
		}
		n++
		number := strconv.Itoa(n)
		if res := send("PUT", "/customers/by-number/"+number, "If-None-Match", "*"); res.StatusCode == http.StatusCreated {
			c, ok := s.Customer("", number)
			if !ok || c.Name == "" || c.Billing.ConsumerEInvoice || c.Revision != 1 || c.CustomerTypeID == "ct_11" && c.BusinessID == "" || c.Contacts == nil || c.Billing.Email == nil {
				t.Errorf("%q became %+v", body, c)
			}
			shown, err := json.Marshal(c)
			if err != nil || !stampShape.MatchString(c.CreatedAt.Format(time.RFC3339Nano)) {
				t.Errorf("%v %s", err, shown)
			}
			send("PATCH", "/customers/"+c.ID, "If-Match", `"1"`)
		}
		send("POST", "/webhooks")
		for _, h := range s.Webhooks("") { // nobody is to be told
			if err := s.SuspendWebhook("", h.ID); err != nil {
				t.Error(err)
			}
		}
	})
}

// record is a ResponseWriter that keeps what it is given.
type record struct {
	header http.Header
	status int
	body   strings.Builder
}

func (r *record) Header() http.Header         { return r.header }
func (r *record) WriteHeader(status int)      { r.status = status }
func (r *record) Write(b []byte) (int, error) { return r.body.Write(b) }
