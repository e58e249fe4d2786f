package reconcile_test

import (
	"strconv"
	"strings"
	"testing"

	"customerhub/internal/customer"
	"customerhub/internal/run"
	sandbox "customerhub/internal/sandbox/netvisor"
)

// TestCustomFieldsOfNetvisor reads additional-information fields and who is responsible over the wire (crm contract section 6,
// scenario 5).
func TestCustomFieldsOfNetvisor(t *testing.T) {
	t.Parallel()
	b := overTheWire(t, sandbox.Options{Customers: 3, Seed: 7, CustomTags: []sandbox.CustomTag{
		{Name: "Asiakaslähde", Type: "enum", Values: []string{"Messut", "Verkko"}}, {Name: "Sopimus päättyy", Type: "date"},
	}})
	s := b.netvisor
	var key int64
	for found := range s.Customers("") {
		if found.Get("code") != "TEMP" {
			key = found.Key()
		}
	}
	id := strconv.FormatInt(key, 10)
	set := func(name, kind, value string) {
		t.Helper()
		b.must(s.Edit("", key, func(c *sandbox.Customer) error {
			c.SetCustomTag(name, kind, value)
			return c.Set("DefaultSalesPerson", "Aino Åkerlund")
		}))
	}
	set("Asiakaslähde", "enum", "Messut")
	set("Sopimus päättyy", "date", "2027-01-31")
	_, err := b.hub.DefineCustomField(t.Context(), b.viewer, customer.CustomField{
		Key: "sopimus_paattyy", Type: customer.DateField, Label: map[string]string{"fi": "Sopimus päättyy"},
	}, "")
	b.must(err)
	b.imported()

	got := b.find(id)
	if got.CustomFields["asiakaslahde"] != "Messut" || got.CustomFields["sopimus_paattyy"] != "2027-01-31" {
		t.Errorf("got %v", got.CustomFields)
	}
	want := customer.Responsible{Kind: customer.ResponsibleUser, SystemID: string(b.system), ExternalID: "1", Name: "Aino Åkerlund"}
	if got.Responsible != want {
		t.Errorf("responsible %+v", got.Responsible)
	}
	defined, err := b.hub.CustomFields(t.Context(), b.viewer)
	b.must(err)
	if len(defined) != 2 || defined[0].State != customer.CustomFieldUnmapped || defined[0].SourceID != "Asiakaslähde" || defined[0].SourceSystem != string(b.system) {
		t.Errorf("defined %+v", defined)
	}
	unmapped := func() int {
		return b.count(`SELECT count(*) FROM finding WHERE code = 'CUSTOM_FIELD_UNMAPPED' AND resolved_at IS NULL`)
	}
	if unmapped() != 1 {
		t.Errorf("%d findings of an unknown field, want one", unmapped())
	}

	t.Log("a second look writes nothing")
	before := b.versions()
	if r := b.sync(true); r.State != run.Succeeded || r.Counts.Updated != 0 || b.versions() != before {
		t.Errorf("got %+v", r)
	}

	t.Log("R172: the field is mapped to an enumeration, and its values are the codes of options from then on")
	_, err = b.hub.DefineCustomField(t.Context(), b.viewer, customer.CustomField{
		Key: "asiakaslahde", Type: customer.EnumField, Label: map[string]string{"fi": "Asiakaslähde"},
		Options: []customer.CustomFieldOption{
			{Code: "messut", Label: map[string]string{"fi": "Messut"}, Active: true}, {Code: "verkko", Label: map[string]string{"fi": "Verkko"}, Active: true},
		},
	}, "")
	b.must(err)
	if unmapped() != 0 {
		t.Error("the finding stands though the field is mapped")
	}
	set("Asiakaslähde", "enum", "Verkko")
	b.sync(false)
	if got := b.find(id); got.CustomFields["asiakaslahde"] != "verkko" {
		t.Errorf("got %v", got.CustomFields)
	}

	t.Log("a value of the wrong type is left out with a finding, and the earlier one stands")
	set("Asiakaslähde", "enum", "Radio")
	set("Sopimus päättyy", "date", "joskus")
	b.sync(false)
	if got := b.find(id); got.CustomFields["asiakaslahde"] != "verkko" || got.CustomFields["sopimus_paattyy"] != "2027-01-31" {
		t.Errorf("got %v", got.CustomFields)
	}
	n := 0
	for _, f := range b.findings() {
		if f.Code == "CUSTOM_FIELD_INVALID" && f.ExternalID == id && strings.HasPrefix(f.Field, "custom[") {
			n++
		}
	}
	if n != 2 {
		t.Errorf("findings %+v", b.findings())
	}

	t.Log("a field of the hub alone is none of the system's business")
	_, err = b.hub.DefineCustomField(t.Context(), b.viewer, customer.CustomField{Key: "own", Type: customer.TextField, Label: map[string]string{"fi": "Oma"}}, "")
	b.must(err)
	_, err = b.hub.SetCustomFields(t.Context(), b.viewer, b.find(id).ID, nil, map[string]string{"own": "x"}, "")
	b.must(err)
	b.sync(true)
	if got := b.find(id); got.CustomFields["own"] != "x" || got.Links[0].State != "IN_SYNC" {
		t.Errorf("got %v, %+v", got.CustomFields, got.Links)
	}

	t.Log("cleared there, it is cleared here")
	set("Sopimus päättyy", "date", "")
	b.sync(false)
	if got := b.find(id); got.CustomFields["sopimus_paattyy"] != "" {
		t.Errorf("got %v", got.CustomFields)
	}
}
