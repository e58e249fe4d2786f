package flex_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"customerhub/internal/sandbox/flex"
)

var (
	ulidShape = regexp.MustCompile(`^[0-7][0-9A-HJKMNP-TV-Z]{25}$`)
	// faraway is beyond any wait of a test.
	faraway = 24 * time.Hour
)

// text is a value of an event as text.
func text(v any) string { return fmt.Sprint(v) }

func TestEvents(t *testing.T) { // F5
	t.Parallel()
	b := setup(t, flex.Options{})
	h := subscribe(t, http.StatusAccepted)
	hook := b.hook(h)

	last := func() map[string]any {
		t.Helper()
		b.settle()
		all := h.all()
		return all[len(all)-1].event(t)
	}
	check := func(what, kind, origin string, revision int, changed ...string) {
		t.Helper()
		e := last()
		var fields []string
		for _, f := range e["changedFields"].([]any) {
			fields = append(fields, text(f))
		}
		if e["type"] != kind || e["origin"] != origin || text(e["revision"]) != strconv.Itoa(revision) || !slices.Equal(fields, changed) {
			t.Errorf("%s: %v from %v, revision %v, fields %v", what, e["type"], e["origin"], e["revision"], fields)
		}
	}

	c := must[flex.Customer](t)(b.Create("", flex.Customer{Name: "Esimerkki Oy", BusinessID: "1572860-0"}))
	check("creating", flex.EventCreated, "USER", 1, "customerNumber", "customerTypeId", "active", "name", "businessId")
	e := last()
	shown, _ := json.Marshal(e["customer"])
	read := b.get("/customers/" + c.ID).json()
	want, _ := json.Marshal(read)
	if string(shown) != string(want) || e["customerId"] != c.ID {
		t.Errorf("the event shows\n%s, and the API\n%s", shown, want)
	}

	must[flex.Customer](t)(b.Edit("", c.ID, func(c *flex.Customer) {
		c.Billing.Email = []string{"laskut@example.test"}
		c.Visiting = &flex.VisitingAddress{Line1: "Katu 1", City: "Kemi"}
	}))
	check("editing", flex.EventUpdated, "USER", 2, "visitingAddress.line1", "visitingAddress.city", "billing.email")
	b.patch(c.ID, "2", `{"contacts":[{"name":"Aino Malli"}],"billing":{"einvoice":{"address":"a","operator":"o"}}}`).is(200, "")
	check("the hub", flex.EventUpdated, "HUB", 3, "contacts", "billing.einvoice.address", "billing.einvoice.operator")
	b.call("PATCH", "/flex/v1/customers/"+c.ID, `{"visitingAddress":null}`, "If-Match", `"3"`).is(200, "")
	check("a program", flex.EventUpdated, "API", 4, "visitingAddress.line1", "visitingAddress.city")
	must[flex.Customer](t)(b.ChangeNumber("", c.ID, "F777"))
	check("another number", flex.EventNumberChanged, "USER", 5, "customerNumber")
	must[flex.Customer](t)(b.Deactivate("", c.ID))
	check("deactivating", flex.EventDeactivated, "USER", 6, "active")
	must[flex.Customer](t)(b.ChangeType("", c.ID, "ct_11"))
	check("another type", flex.EventUpdated, "USER", 7, "customerTypeId")

	before := len(h.all())
	b.patch(c.ID, "7", `{"active":false}`).is(200, "") // nothing has changed
	b.settle()
	if n := len(h.all()); n != before {
		t.Errorf("nothing has changed, and there are %d events more", n-before)
	}
	// While the integration is off nobody is told (F4).
	if err := b.Enable("", false); err != nil {
		t.Fatal(err)
	}
	must[flex.Customer](t)(b.Edit("", c.ID, func(c *flex.Customer) { c.Phone = "1" }))
	b.settle()
	if n := len(h.all()); n != before {
		t.Errorf("the integration is off, and there are %d events more", n-before)
	}
	if err := b.Enable("", true); err != nil {
		t.Fatal(err)
	}
	b.call("DELETE", "/flex/v1/webhooks/"+hook, "").is(204, "")
	must[flex.Customer](t)(b.Edit("", c.ID, func(c *flex.Customer) { c.Phone = "2" }))
	b.settle()
	if n := len(h.all()); n != before {
		t.Errorf("the subscription has ended, and there are %d events more", n-before)
	}
}

func TestSignature(t *testing.T) {
	t.Parallel()
	now := newClock()
	b := setup(t, flex.Options{Clock: now.Now})
	h := subscribe(t, http.StatusNoContent)
	b.hook(h)
	must[flex.Customer](t)(b.Create("", flex.Customer{Name: "Ä & <Ö> Oy"}))
	b.settle()
	got := h.all()
	if len(got) != 1 {
		t.Fatalf("%d deliveries", len(got))
	}
	d := got[0]
	ts := d.header.Get("X-Flex-Timestamp")
	mac := hmac.New(sha256.New, []byte(hookSecret))
	mac.Write([]byte(ts))
	mac.Write([]byte("."))
	mac.Write(d.body)
	if want := "v1=" + hex.EncodeToString(mac.Sum(nil)); d.header.Get("X-Flex-Signature") != want {
		t.Errorf("signed %s, want %s", d.header.Get("X-Flex-Signature"), want)
	}
	if ts != strconv.FormatInt(now.Now().Unix(), 10) {
		t.Errorf("timestamp %s", ts)
	}
	if id := d.header.Get("X-Flex-Event-Id"); !ulidShape.MatchString(id) {
		t.Errorf("event id %q", id)
	}
	if d.header.Get("Content-Type") != "application/json" || d.header.Get("Authorization") != "" {
		t.Errorf("headers %v", d.header)
	}
	// A known value, from another program.
	if s := flex.Sign("secret", "1700000000", []byte(`{"a":1}`)); s != "v1=49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686" {
		t.Errorf("Sign says %s", s)
	}
}

func TestRetriesAndSuspension(t *testing.T) {
	t.Parallel()
	b := setup(t, flex.Options{Clock: newClock().Now})
	h := subscribe(t, http.StatusInternalServerError)
	hook := b.hook(h)
	c := must[flex.Customer](t)(b.Create("", flex.Customer{Name: "Esimerkki Oy"}))
	b.settle()
	began := b.Now()
	for i, wait := range []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour} {
		log := b.Deliveries()
		if len(log) != i+1 || log[i].Attempt != i+1 || log[i].Outcome != flex.OutcomeFailed || log[i].HTTPStatus != 500 || log[i].Suspends {
			t.Fatalf("attempt %d: %+v", i+1, log)
		}
		if next := log[i].Next.Sub(log[i].Time); next != wait {
			t.Errorf("after attempt %d the wait is %s, want %s", i+1, next, wait)
		}
		advance(t, b, wait-time.Second)
		if n := len(b.Deliveries()); n != i+1 {
			t.Errorf("attempt %d came too soon", i+2)
		}
		advance(t, b, time.Second)
	}
	log := b.Deliveries()
	if len(log) != 6 || !log[5].Suspends || b.Webhooks("")[0].Status != flex.WebhookSuspended {
		t.Fatalf("after the last attempt: %+v, %+v", log, b.Webhooks(""))
	}
	got := h.all()
	for _, d := range got {
		if d.header.Get("X-Flex-Event-Id") != got[0].header.Get("X-Flex-Event-Id") || string(d.body) != string(got[0].body) {
			t.Error("an attempt tells something else than the first one did")
		}
	}
	if first, last := got[0].header, got[5].header; last.Get("X-Flex-Timestamp") != strconv.FormatInt(began.Add(9370*time.Second).Unix(), 10) ||
		first.Get("X-Flex-Signature") == last.Get("X-Flex-Signature") {
		t.Errorf("the last attempt is stamped %s", last.Get("X-Flex-Timestamp"))
	}

	// What happens now is not told; what is changed is found by modifiedSince.
	must[flex.Customer](t)(b.Edit("", c.ID, func(c *flex.Customer) { c.Phone = "1" }))
	b.settle()
	if n := len(h.all()); n != 6 {
		t.Errorf("a suspended webhook has %d deliveries", n)
	}
	h.answer(http.StatusOK)
	g := b.call("POST", "/flex/v1/webhooks", `{"url":"`+h.url+`","secret":"`+hookSecret+`"}`).is(200, "")
	if g.json()["id"] != hook || g.json()["status"] != flex.WebhookActive || g.json()["suspendedAt"] != nil {
		t.Errorf("taken up again: %s", g.body)
	}
	must[flex.Customer](t)(b.Edit("", c.ID, func(c *flex.Customer) { c.Phone = "2" }))
	b.settle()
	if n := len(h.all()); n != 7 {
		t.Errorf("taken up again, it has %d deliveries", n)
	}
}

func advance(t *testing.T, b *box, d time.Duration) {
	t.Helper()
	if err := b.Advance(d); err != nil {
		t.Fatal(err)
	}
	b.settle()
}

// TestRetriesInRealTime runs the waits of the contract scaled down, without touching the clock.
func TestRetriesInRealTime(t *testing.T) {
	t.Parallel()
	b := setup(t, flex.Options{RetryScale: 0.00001})
	h := subscribe(t, http.StatusBadGateway)
	b.hook(h)
	must[flex.Customer](t)(b.Create("", flex.Customer{Name: "Esimerkki Oy"}))
	for b.Webhooks("")[0].Status == flex.WebhookActive {
		b.settle()
		time.Sleep(time.Millisecond) // the wait is that of the sandbox; there is no signal but the state
	}
	if n := len(h.all()); n != 6 {
		t.Errorf("%d attempts", n)
	}
}

func TestAttemptsThatFail(t *testing.T) {
	t.Parallel()
	elsewhere := subscribe(t, http.StatusOK)
	for name, answer := range map[string]http.HandlerFunc{
		"Redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.url, http.StatusTemporaryRedirect)
		},
		"NotFound": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) },
		"Abort":    func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"TooSlow": func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice that the client has left
			<-r.Context().Done()
		},
		"NotParsed": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, flex.Options{Clock: newClock().Now, WebhookPatience: 100 * time.Millisecond})
			server := httptest.NewServer(answer)
			t.Cleanup(server.Close)
			b.call("POST", "/flex/v1/webhooks", `{"url":"`+server.URL+`","secret":"`+hookSecret+`"}`).is(201, "")
			must[flex.Customer](t)(b.Create("", flex.Customer{Name: "Esimerkki Oy"}))
			b.settle()
			log := b.Deliveries()
			if len(log) != 1 || log[0].Outcome != flex.OutcomeFailed || log[0].HTTPStatus == 0 && log[0].Error == "" || log[0].Next.IsZero() {
				t.Errorf("%+v", log)
			}
			if b.Pending() != 1 {
				t.Errorf("%d wait", b.Pending())
			}
		})
	}
	t.Run("NobodyListens", func(t *testing.T) {
		t.Parallel()
		b := setup(t, flex.Options{Clock: newClock().Now})
		server := httptest.NewServer(http.NotFoundHandler())
		server.Close()
		b.call("POST", "/flex/v1/webhooks", `{"url":"`+server.URL+`","secret":"`+hookSecret+`"}`).is(201, "")
		must[flex.Customer](t)(b.Create("", flex.Customer{Name: "Esimerkki Oy"}))
		b.settle()
		if log := b.Deliveries(); len(log) != 1 || log[0].HTTPStatus != 0 || !strings.Contains(log[0].Error, "refused") {
			t.Errorf("%+v", log)
		}
	})
	if n := len(elsewhere.all()); n != 0 {
		t.Errorf("a redirect was followed %d times", n)
	}
}

func TestSubscriptions(t *testing.T) {
	t.Parallel()
	b := setup(t, flex.Options{})
	post := func(body string) got { t.Helper(); return b.call("POST", "/flex/v1/webhooks", body) }
	for body, want := range map[string]string{
		`{}`:                                                    "url URL_INVALID",
		`{"url":""}`:                                            "url REQUIRED",
		`{"url":"hub.example.test"}`:                            "url URL_INVALID",
		`{"url":"ftp://hub.example.test"}`:                      "url URL_INVALID",
		`{"url":"https://u:p@example.test"}`:                    "url URL_INVALID",
		`{"url":"https://example.test#x"}`:                      "url URL_INVALID",
		`{"url":"https://e.test","secret":1}`:                   "secret WRONG_TYPE",
		`{"url":"https://e.test","secret":"short"}`:             "secret SECRET_INVALID",
		`{"url":"https://e.test","types":["customer.deleted"]}`: "types EVENT_TYPE_UNKNOWN",
		`{"url":"https://e.test","events":[]}`:                  "events UNKNOWN_FIELD",
		`{"url":"https://e.test","types":"customer.created"}`:   "types WRONG_TYPE",
		`{"url":"https://e.test/` + strings.Repeat("a", 2000) + `","types":[null]}`: "types[0] REQUIRED, url TOO_LONG",
	} {
		if g := post(body).is(422, flex.CodeValidationFailed); g.fields() != want {
			t.Errorf("%s: %s, want %s", body, g.fields(), want)
		}
	}
	post(`[]`).is(400, flex.CodeMalformedRequest)
	made := post(`{"url":"https://e.test/1"}`).is(201, "")
	secret, _ := made.json()["secret"].(string)
	if len(secret) < 16 || made.header.Get("Location") != "/flex/v1/webhooks/wh_1" {
		t.Errorf("%s at %s", made.body, made.header.Get("Location"))
	}
	list := b.get("/webhooks").is(200, "")
	if strings.Contains(string(list.body), secret) || !strings.Contains(string(list.body), `{"items":[{"id":"wh_1","url":"https://e.test/1","types":["customer.created",`) {
		t.Errorf("the list is %s", list.body)
	}
	post(`{"url":"https://e.test/1","secret":"`+secret+`"}`).is(200, "")
	post(`{"url":"https://e.test/1"}`).is(409, flex.CodeWebhookExists)
	post(`{"url":"https://e.test/1","secret":"`+hookSecret+`"}`).is(409, flex.CodeWebhookExists)
	post(`{"url":"https://e.test/1","secret":"`+secret+`","types":["customer.created"]}`).is(409, flex.CodeWebhookExists)
	b.call("DELETE", "/flex/v1/webhooks/wh_9", "").is(404, flex.CodeNotFound)
	b.call("DELETE", "/flex/v1/webhooks/wh_1", "").is(204, "")
	b.call("DELETE", "/flex/v1/webhooks/wh_1", "").is(404, flex.CodeNotFound)
	if id := post(`{"url":"https://e.test/1"}`).is(201, "").json()["id"]; id != "wh_2" {
		t.Errorf("an id was given again: %v", id)
	}
	for i := range 9 {
		post(`{"url":"https://e.test/more`+strconv.Itoa(i)+`"}`).is(201, "")
	}
	post(`{"url":"https://e.test/last"}`).is(409, flex.CodeWebhookExists)
}

func TestTypesOfEventsAreChosen(t *testing.T) {
	t.Parallel()
	b := setup(t, flex.Options{})
	all, some := subscribe(t, 200), subscribe(t, 200)
	b.hook(all)
	b.call("POST", "/flex/v1/webhooks", `{"url":"`+some.url+`","types":["customer.deactivated","customer.created"]}`).is(201, "")
	c := must[flex.Customer](t)(b.Create("", flex.Customer{Name: "Esimerkki Oy"}))
	must[flex.Customer](t)(b.Edit("", c.ID, func(c *flex.Customer) { c.Phone = "1" }))
	must[flex.Customer](t)(b.Deactivate("", c.ID))
	b.settle()
	if len(all.all()) != 3 || len(some.all()) != 2 {
		t.Errorf("one has %d, the other %d", len(all.all()), len(some.all()))
	}
	ids := map[string]int{}
	for _, d := range append(all.all(), some.all()...) {
		ids[d.header.Get("X-Flex-Event-Id")]++
	}
	if len(ids) != 3 {
		t.Errorf("an event has one id for all subscribers: %v", ids)
	}
}

func TestDials(t *testing.T) {
	t.Parallel()
	events := func(b *box, n int) {
		t.Helper()
		for i := range n {
			must[flex.Customer](t)(b.Create("", flex.Customer{Name: "Asiakas " + strconv.Itoa(i)}))
		}
	}
	t.Run("Duplicates", func(t *testing.T) { // T17
		t.Parallel()
		b := setup(t, flex.Options{Webhooks: flex.WebhookDials{Duplicate: 1, Copies: 99}})
		h := subscribe(t, 202)
		b.hook(h)
		events(b, 1)
		b.settle()
		got := h.all()
		if len(got) != 100 {
			t.Fatalf("%d deliveries", len(got))
		}
		for _, d := range got {
			if string(d.body) != string(got[0].body) || d.header.Get("X-Flex-Event-Id") != got[0].header.Get("X-Flex-Event-Id") {
				t.Error("a copy differs")
			}
		}
		if !b.Resend(got[0].header.Get("X-Flex-Event-Id"), 3) || b.Resend("01JNOBODY", 1) {
			t.Error("only what was told is told again")
		}
		b.settle()
		if n := len(h.all()); n != 103 {
			t.Errorf("%d deliveries", n)
		}
	})
	t.Run("SomeDuplicates", func(t *testing.T) {
		t.Parallel()
		b := setup(t, flex.Options{Webhooks: flex.WebhookDials{Duplicate: 0.5, Seed: 3}})
		h := subscribe(t, 202)
		b.hook(h)
		events(b, 40)
		b.settle()
		if n := len(h.all()); n < 45 || n > 75 {
			t.Errorf("%d deliveries of 40 events", n)
		}
	})
	t.Run("Loss", func(t *testing.T) {
		t.Parallel()
		b := setup(t, flex.Options{Webhooks: flex.WebhookDials{Lose: 0.5, Seed: 3}})
		h := subscribe(t, 202)
		b.hook(h)
		events(b, 40)
		b.settle()
		lost := slices.DeleteFunc(b.Deliveries(), func(d flex.Delivery) bool { return d.Outcome != flex.OutcomeLost })
		if n := len(h.all()); n+len(lost) != 40 || len(lost) < 8 || len(lost) > 32 || lost[0].Attempt != 0 {
			t.Errorf("%d delivered and %d lost", n, len(lost))
		}
	})
	t.Run("ShuffleAndDelay", func(t *testing.T) {
		t.Parallel()
		b := setup(t, flex.Options{Clock: newClock().Now, Webhooks: flex.WebhookDials{Delay: flex.Duration(time.Minute), Shuffle: flex.Duration(time.Hour), Seed: 5}})
		h := subscribe(t, 202)
		b.hook(h)
		events(b, 20)
		b.settle()
		if len(h.all()) != 0 || b.Pending() != 20 {
			t.Fatalf("%d came at once, %d wait", len(h.all()), b.Pending())
		}
		var order []string
		for range 61 {
			advance(t, b, time.Minute)
		}
		for _, d := range h.all() {
			order = append(order, text(d.event(t)["customerId"]))
		}
		if len(order) != 20 || slices.IsSorted(order) {
			t.Errorf("the order is %v", order)
		}
	})
}

func TestPendingAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t, flex.Options{Clock: newClock().Now, PendingLimit: 3, DeliveryLimit: 4, Webhooks: flex.WebhookDials{Delay: flex.Duration(time.Minute)}})
	h := subscribe(t, 202)
	hook := b.hook(h)
	for i := range 5 {
		must[flex.Customer](t)(b.Create("", flex.Customer{Name: "Asiakas " + strconv.Itoa(i)}))
	}
	if log := b.Deliveries(); b.Pending() != 3 || len(log) != 2 || log[0].Outcome != flex.OutcomeDropped {
		t.Errorf("%d wait, the log is %+v", b.Pending(), log)
	}
	b.call("DELETE", "/flex/v1/webhooks/"+hook, "").is(204, "")
	if log := b.Deliveries(); b.Pending() != 0 || len(log) != 4 || log[0].Number != 2 || log[3].Number != 5 {
		t.Errorf("%d wait, the log is %+v", b.Pending(), log)
	}
	advance(t, b, faraway)
	if n := len(h.all()); n != 0 {
		t.Errorf("%d were delivered to nobody's webhook", n)
	}
}
