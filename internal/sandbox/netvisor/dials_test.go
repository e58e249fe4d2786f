package netvisor

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestFaultDialOverHTTP(t *testing.T) {
	t.Parallel()
	b := setup(t, Options{Customers: 3, Seed: 1})
	status, out := b.controlCall(t, "POST", "faults", `{"kind":"latency","delay":"1ms","resource":"customerlist.nv","times":1}`)
	if status != 201 || out["id"] != 1.0 {
		t.Fatal(status, out)
	}
	b.controlCall(t, "POST", "faults", `{"kind":"truncate","customers":2,"cleanEnd":true}`)
	b.get(t, "customerlist.nv")
	_, out = b.controlCall(t, "GET", "faults", "")
	first := out["faults"].([]any)[0].(map[string]any)
	if first["delay"] != "1ms" || first["hit"] != 1.0 || first["matched"] != 1.0 {
		t.Error(first)
	}
	if status, out := b.controlCall(t, "DELETE", "faults/1", ""); status != 200 || out["cleared"] != 1.0 {
		t.Error(status, out)
	}
	if status, _ := b.controlCall(t, "DELETE", "faults/1", ""); status != 404 {
		t.Error(status)
	}
	if status, out := b.controlCall(t, "DELETE", "faults", ""); status != 200 || out["cleared"] != 1.0 {
		t.Error(status, out)
	}
	for body, want := range map[string]string{
		`{"kind":"explode"}`:                                "unknown kind",
		`{"kind":"latency"}`:                                "need a delay",
		`{"kind":"latency","delay":"2h"}`:                   "up to 1h",
		`{"kind":"latency","delay":5}`:                      "the body must be a JSON object",
		`{"kind":"status","status":200}`:                    "status must be between 400 and 599",
		`{"kind":"status","resource":"nothing.nv"}`:         `unknown resource "nothing.nv"`,
		`{"kind":"status","organisation":"9"}`:              "unknown organisation",
		`{"kind":"garbage","variant":"nice"}`:               "unknown variant",
		`{"kind":"garbage","variant":"huge","size":-1}`:     "size must be",
		`{"kind":"maintenance","variant":"x"}`:              "misspelt",
		`{"kind":"failure"}`:                                "needs a category",
		`{"kind":"status","probability":2}`:                 "probability",
		`{"kind":"status","times":-1}`:                      "must not be negative",
		`{"kind":"status","colour":"red"}`:                  "unknown field",
		`{"kind":"status"}{}`:                               "more than one",
		`{"kind":"failure","category":"A","text":"\u0000"}`: "XML can hold",
	} {
		if status, out := b.controlCall(t, "POST", "faults", body); status != 400 || !strings.Contains(out["error"].(string), want) {
			t.Errorf("%s: HTTP %d %v, want %q", body, status, out, want)
		}
	}
	if status, _ := b.controlCall(t, "DELETE", "faults/x", ""); status != 400 {
		t.Error(status)
	}
	t.Run("PermissionsAreASetting", func(t *testing.T) {
		if status, out := b.controlCall(t, "POST", "settings", `{"resources":["CustomerList.nv"]}`); status != 200 || len(out["resources"].([]any)) != 1 {
			t.Error(status, out)
		}
		if got := b.get(t, "getcustomer.nv?id=1").category(); got != "SERVICE_ACCESS_ERROR" {
			t.Error(got)
		}
		if status, out := b.controlCall(t, "POST", "settings", `{"resources":null}`); status != 200 || out["resources"] != nil {
			t.Error(status, out)
		}
		b.mustGet(t, "getcustomer.nv?id=1")
		for _, body := range []string{`{}`, `{"resources":"x"}`, `{"resources":["x.nv"]}`, `{"nextCode":"abc"}`, `{"next":"1"}`} {
			if status, _ := b.controlCall(t, "POST", "settings", body); status != 400 {
				t.Errorf("%s: HTTP %d", body, status)
			}
		}
		if status, out := b.controlCall(t, "GET", "settings", ""); status != 200 || out["nextCode"] != "100004" {
			t.Error(status, out)
		}
	})
}

func TestEffects(t *testing.T) {
	t.Parallel()
	b := setup(t, Options{Customers: 3, Seed: 1, EffectLimit: 4})
	key := b.mustPost(t, "customer.nv?method=add", base("<name>A</name><city>Oulu</city>"))
	b.mustPost(t, "customer.nv?method=edit&id="+key, base("<name>B</name><city/><postnumber>1</postnumber>"))
	office := b.mustPost(t, "office.nv?method=add&customerid="+key, "<root><office><name>V</name></office></root>")
	b.controlCall(t, "POST", "customers/"+key, `{"city":"Kemi"}`)
	if err := b.Edit("", number(t, key), func(c *Customer) error { return c.Set("name", "B") }); err != nil {
		t.Fatal(err)
	}
	b.mustGet(t, "deletecustomer.nv?customerid="+key)
	effects := b.Effects()
	var got []string
	for _, e := range effects {
		if e.Customer != number(t, key) || e.Organisation != b.Organisations()[0] || !e.Time.Equal(b.clock.now()) {
			t.Errorf("%+v", e)
		}
		got = append(got, strings.Join([]string{strconv.FormatInt(e.Number, 10), e.By, strconv.FormatInt(e.Call, 10), e.Resource, e.What, strconv.Itoa(len(e.Changes))}, " "))
	}
	if want := []string{"3 call 3 office.nv changed 4", "4 control 0  changed 1", "5 program 0  changed 0", "6 call 4 deletecustomer.nv deleted 14"}; !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if effects[0].Part != number(t, office) {
		t.Errorf("part %d", effects[0].Part)
	}
	if c := effects[1].Changes; len(c) != 1 || c[0] != (Change{"CustomerBaseInformation/City", WasSet, "", "Kemi"}) {
		t.Error(c)
	}
	effects[1].Changes[0].After = "changed"
	if b.Effects()[1].Changes[0].After != "Kemi" {
		t.Error("the log can be changed from outside")
	}
	_, out := b.controlCall(t, "GET", "effects?after=3&limit=2&customer="+key, "")
	if list := out["effects"].([]any); len(list) != 2 || list[0].(map[string]any)["number"] != 4.0 {
		t.Error(out)
	}
	if status, _ := b.controlCall(t, "GET", "effects?customer=x", ""); status != 400 {
		t.Error(status)
	}
	for _, method := range []string{"POST", "DELETE"} {
		for _, log := range []string{"effects", "calls"} {
			if status, _ := b.controlCall(t, method, log, ""); status != 405 {
				t.Errorf("%s %s: HTTP %d", method, log, status)
			}
		}
	}
	t.Run("SetChangedAndClearedAreTold", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		key := b.mustPost(t, "customer.nv?method=add", base("<name>A</name><city>Oulu</city>"))
		b.mustPost(t, "customer.nv?method=edit&id="+key, base("<name>B</name><city/><postnumber>1</postnumber>"))
		want := []Change{{"CustomerBaseInformation/Name", WasChanged, "A", "B"}, {"CustomerBaseInformation/City", WasCleared, "Oulu", ""}, {"CustomerBaseInformation/PostNumber", WasSet, "", "1"}}
		if got := b.Effects()[1].Changes; !slices.Equal(got, want) {
			t.Errorf("got %+v", got)
		}
	})
}
