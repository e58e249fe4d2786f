package flex_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"customerhub/internal/sandbox/flex"
)

// open makes a sandbox on a state folder, without a server.
func open(t *testing.T, o flex.Options) *flex.Sandbox {
	t.Helper()
	s, err := flex.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// everything is all that a sandbox can be asked for, as JSON.
func everything(t *testing.T, s *flex.Sandbox) map[string]string {
	t.Helper()
	out := map[string]string{}
	for name, v := range map[string]any{
		"customers": s.Customers("a"), "others": s.Customers("b"), "types": s.Types("a"), "webhooks": s.Webhooks("a"), "calls": s.Calls(), "effects": s.Effects(),
		"deliveries": s.Deliveries(), "settings": s.Settings(), "pending": s.Pending(),
	} {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = string(b)
	}
	return out
}

func TestStateOutlivesTheSandbox(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state")
	o := flex.Options{
		State: dir, Clock: newClock().Now, Customers: 20, Seed: 3,
		Organisations: []flex.Organisation{{ID: "a", Enabled: true, Keys: []flex.Key{{Secret: "secret-of-a"}, {Secret: "other-of-a"}}}, {ID: "b"}},
	}
	b := setup(t, o)
	h := subscribe(t, 500)
	hook := b.hook(h)
	b.put("1001", company).is(201, "")
	b.put("1002", `{"customerTypeId":"ct_10","name":"Mäkelä Aino","contacts":[{"name":"x"},{"name":"y"}]}`).is(201, "")
	b.patch("fx_7022", "1", `{"contacts":[]}`).is(200, "")
	must[flex.Customer](t)(b.Create("a", flex.Customer{Name: "Sarja Oy"}))
	must[flex.Customer](t)(b.ChangeNumber("a", "fx_7003", "F-7003"))
	must[flex.Customer](t)(b.Edit("b", "fx_7001", func(c *flex.Customer) { c.Phone = "1" }))
	b.settle()
	for _, err := range []error{
		b.Enable("b", true), b.RevokeKey("a", "key_2"), b.RemoveType("a", "ct_4"),
		b.Set(flex.Settings{RatePerMinute: 1000, RetryScale: 2, Webhooks: flex.WebhookDials{Lose: 0.25}}), b.Advance(time.Hour),
	} {
		// The type has customers among the generated ones; everything else works.
		if err != nil && !strings.Contains(err.Error(), "customers have the type") {
			t.Fatal(err)
		}
	}
	added := must[flex.Key](t)(b.AddKey("a", flex.Key{Scopes: []flex.Scope{flex.CustomersRead}}))
	must[flex.CustomerType](t)(b.PutType("a", flex.CustomerType{Name: "Uusi tyyppi"}))
	gone := must[flex.CustomerType](t)(b.PutType("a", flex.CustomerType{Name: "Katoava"}))
	if err := b.RemoveType("a", gone.ID); err != nil {
		t.Fatal(err)
	}
	if err := b.RemoveType("a", "ct_10"); err == nil {
		t.Fatal("ct_10 has a customer")
	}
	if err := b.RemoveType("b", "ct_11"); err != nil {
		t.Fatal(err)
	}
	b.settle()
	if _, err := flex.New(o); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second sandbox on the same folder: %v", err)
	}
	want, now := everything(t, b.Sandbox), b.Now()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}

	for round := range 2 { // the second time from what was written anew
		s := open(t, o)
		if got := everything(t, s); !reflect.DeepEqual(got, want) {
			for name := range want {
				if got[name] != want[name] {
					t.Errorf("round %d: %s are\n%s, want\n%s", round, name, got[name], want[name])
				}
			}
		}
		if !s.Now().Equal(now) || len(s.Types("b")) != 3 {
			t.Errorf("the clock says %s, want %s; types %v", s.Now(), now, s.Types("b"))
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}

	b = setup(t, o)
	b.put("1001", company).is(200, "") // the same message as before
	b.call("GET", "/flex/v1/customers", "", "Authorization", "Bearer other-of-a").is(401, flex.CodeInvalidKey)
	b.call("GET", "/flex/v1/customers", "", "Authorization", "Bearer "+added.Secret).is(200, "")
	b.call("GET", "/flex/v1/customers", "", "Authorization", "Bearer "+b.Key("b")).is(200, "")
	if c := b.patch("fx_7022", "2", `{"contacts":[{"name":"z"}]}`).is(200, "").customer(); c.Contacts[0].ID != "c3" {
		t.Errorf("a contact's id was given again: %+v", c.Contacts)
	}
	if c := must[flex.Customer](t)(b.Create("a", flex.Customer{Name: "Sarja 2 Oy"})); c.ID != "fx_7024" {
		t.Errorf("%+v", c)
	}
	if k := must[flex.CustomerType](t)(b.PutType("a", flex.CustomerType{Name: "Toinen"})); k.ID != "ct_14" {
		t.Errorf("the id of a type was given again: %s", k.ID)
	}
	// What waited for another attempt gets it, under the same event id.
	h.answer(http.StatusOK)
	before := h.all()
	advance(t, b, time.Hour)
	after := h.all()
	if len(after) <= len(before) || b.Webhooks("a")[0].ID != hook {
		t.Errorf("%d deliveries before, %d after", len(before), len(after))
	}
	known := map[string]bool{}
	for _, d := range before {
		known[d.header.Get("X-Flex-Event-Id")] = true
	}
	if !slices.ContainsFunc(after[len(before):], func(d told) bool { return known[d.header.Get("X-Flex-Event-Id")] }) {
		t.Error("what waited before the restart is not told, or under another id")
	}
}

func TestStateOfAnotherSandboxOrBroken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := flex.Options{State: dir, Seed: 1}
	s := open(t, o)
	must[flex.Customer](t)(s.Create("", flex.Customer{Name: "A"}))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := flex.New(flex.Options{State: dir, Seed: 2}); err == nil || !strings.Contains(err.Error(), "other data") {
		t.Errorf("%v", err)
	}
	journal := filepath.Join(dir, "journal.jsonl")
	whole, err := os.ReadFile(journal)
	if err != nil {
		t.Fatal(err)
	}
	// A kill leaves half a line, which is dropped.
	if err := os.WriteFile(journal, append(whole, []byte(`{"customer":{"organi`)...), 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, o)
	if n := len(s.Customers("")); n != 1 {
		t.Errorf("%d customers", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for name, line := range map[string]string{
		"NoJSON": "{", "UnknownField": `{"x":1}`, "UnknownOrganisation": `{"support":{"organisation":"x","enabled":true}}`,
		"CustomerOutOfOrder": `{"customer":{"organisation":"org_1","customer":{"id":"fx_9999"}}}`, "Settings": `{"settings":{"ratePerMinute":-1}}`, "Twice": `{} {}`,
	} {
		if err := os.WriteFile(journal, []byte(string(whole)+line+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := flex.New(o); err == nil || !strings.Contains(err.Error(), "line ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := flex.New(flex.Options{State: journal}); err == nil {
		t.Error("a file is no folder")
	}
}
