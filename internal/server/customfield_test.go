package server_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"customerhub/internal/auth"
)

const (
	defineCustomField = `mutation($input: DefineCustomFieldInput!) { r: defineCustomField(input: $input) {
		customField { key type state labels { language text } options { code active labels { text } } } userErrors { code message path } } }`
	setCustomField = `mutation($input: SetCustomFieldInput!) { r: setCustomField(input: $input) {
		customer { id version customFields { key type date decimal text option definition { type } } } userErrors { code message path details { changedFields } } } }`
	setCustomFields = `mutation($input: SetCustomFieldsInput!) { r: setCustomFields(input: $input) {
		customer { id version customFields { key type date decimal text option } } userErrors { code message path } } }`
	setResponsible = `mutation($input: SetResponsibleInput!) { r: setResponsible(input: $input) {
		customer { version responsible { kind name externalId system { name } } } userErrors { code message path } } }`
)

func TestCustomFields(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 1) // with definitions
	id := b.company("Esimerkki Oy")
	fields := `query($id: ID!) { customer(by: {id: $id}) { customFields { key type date decimal text option } } }`

	for _, tc := range []struct{ name, key, kind, member, in, out string }{
		{"R173_CRM5_ADateIsKept", "since", "DATE", "date", "2026-11-22", "2026-11-22"},
		{"R174_CRM5_ANumberIsKept", "discount", "DECIMAL", "decimal", "007.50", "7.5"},
		{"R175_CRM5_ATextIsKept", "remark", "TEXT", "text", " Hyvä ", "Hyvä"},
		{"R172_CRM5_AnOptionIsKept", "lead_source", "ENUM", "option", "fair", "fair"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			id := b.company("Yksi Oy")
			a := b.must(setCustomField, vars{"customerId": id, "key": tc.key, "value": vars{tc.member: tc.in}})
			want := map[string]any{"key": tc.key, "type": tc.kind, "date": nil, "decimal": nil, "text": nil, "option": nil, "definition": map[string]any{"type": tc.kind}}
			want[tc.member] = tc.out
			if d := cmp.Diff([]any{want}, a.at("r", "customer", "customFields")); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			if a = b.must(setCustomField, vars{"customerId": id, "key": tc.key, "value": nil}); a.len("r", "customer", "customFields") != 0 || a.at("r", "customer", "version") != 3.0 {
				t.Errorf("cleared: %s", a.raw)
			}
		})
	}
	t.Run("R179_SeveralAreSetInOneVersion", func(t *testing.T) {
		a := b.must(setCustomFields, vars{"customerId": id, "values": []vars{
			{"key": "since", "value": vars{"date": "2026-01-31"}}, {"key": "remark", "value": vars{"text": "x"}}, {"key": "discount", "value": vars{"decimal": "-0.5"}},
		}})
		if a.len("r", "customer", "customFields") != 3 || a.at("r", "customer", "version") != 2.0 {
			t.Errorf("got %s", a.raw)
		}
		if a = b.must(setCustomFields, vars{"customerId": id, "values": []vars{{"key": "remark", "value": nil}, {"key": "discount", "value": vars{"decimal": "1"}}}}); a.len("r", "customer", "customFields") != 2 {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("TheLogNamesThem", func(t *testing.T) {
		b.number()
		a := b.do(`query($id: ID!) { customer(by: {id: $id}) { changes { items { fields { field before after } } } } }`, vars{"id": id})
		for _, want := range []string{`{"field":"custom[since].value","before":null,"after":"2026-01-31"}`, `{"field":"custom[remark].value","before":"x","after":null}`} {
			if !strings.Contains(a.raw, want) {
				t.Errorf("no %s in %s", want, a.raw)
			}
		}
	})
	t.Run("CRM5_AnInactiveOptionAndAnUnknownTagAreReadable", func(t *testing.T) {
		a := b.do(fields, vars{"id": globalID("Customer", uuid(2, 1))})
		if a.text("customer", "customFields", 1, "option") != "street" || a.text("customer", "customFields", 2, "text") != "2026-11-22" || a.text("customer", "customFields", 2, "type") != "TEXT" {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("StaleVersionIsRefused", func(t *testing.T) {
		a, errs := b.mutate(setCustomField, vars{"customerId": id, "key": "discount", "value": nil, "expectedVersion": 2})
		if len(errs) != 1 || errs[0] != "STALE_VERSION input expectedVersion" || fmt.Sprint(a.at("r", "userErrors", 0, "details", "changedFields")) != "[custom[discount].value]" {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("AFieldCalledIDIsNotTheCustomer", func(t *testing.T) {
		b.must(defineCustomField, vars{"key": "id", "type": "DATE"})
		if a, errs := b.mutate(setCustomField, vars{"customerId": id, "key": "id", "value": vars{"date": "22.11.2026"}}); len(errs) != 1 || errs[0] != "CUSTOM_FIELD_TYPE input value" {
			t.Errorf("got %s", a.raw)
		}
	})
	one := func(key string, value any) vars { return vars{"customerId": id, "key": key, "value": value} }
	for _, tc := range []struct {
		name, query string
		input       vars
		want        []string
	}{
		{"CRM5_ADateThatIsNoneIsRefused", setCustomField, one("since", vars{"date": "2026-02-30"}), []string{"CUSTOM_FIELD_TYPE input value"}},
		{"CRM5_ATextIsNoDate", setCustomField, one("since", vars{"text": "2026-11-22"}), []string{"CUSTOM_FIELD_TYPE input value"}},
		{"CRM5_ANumberWithACommaIsRefused", setCustomField, one("discount", vars{"decimal": "1,5"}), []string{"CUSTOM_FIELD_TYPE input value"}},
		{"CRM5_AnInactiveOptionIsRefused", setCustomField, one("lead_source", vars{"option": "street"}), []string{"CUSTOM_FIELD_OPTION input value"}},
		{"CRM5_AnUnknownOptionIsRefused", setCustomField, one("lead_source", vars{"option": "none"}), []string{"CUSTOM_FIELD_OPTION input value"}},
		{"AnUnmappedFieldIsNotWritten", setCustomField, one("nv_17", vars{"text": "x"}), []string{"CUSTOM_FIELD_INACTIVE input value"}},
		{"AnUnknownKeyIsRefused", setCustomField, one("none", vars{"text": "x"}), []string{"CUSTOM_FIELD_UNKNOWN input key"}},
		{"AKeyThatCannotBeOneIsRefused", setCustomField, one("remark].value", nil), []string{"CUSTOM_FIELD_UNKNOWN input key"}},
		{"AnIdentityCodeIsRefused", setCustomField, one("remark", vars{"text": "010190-900P"}), []string{"PERSONAL_IDENTITY_CODE_NOT_ALLOWED input value"}},
		{"ATextThatIsTooLongIsRefused", setCustomField, one("remark", vars{"text": strings.Repeat("x", 501)}), []string{"FIELD_TOO_LONG input value"}},
		{"NoMemberIsRefused", setCustomField, one("remark", vars{}), []string{"INVALID input value"}},
		{"TwoMembersAreRefused", setCustomField, one("remark", vars{"text": "x", "date": "2026-11-22"}), []string{"INVALID input value"}},
		{"NoValueIsRefused", setCustomField, vars{"customerId": id, "key": "remark"}, []string{"REQUIRED input value"}},
		{"NobodyIsNotFound", setCustomField, vars{"customerId": globalID("Customer", uuid(2, 999)), "key": "remark", "value": nil}, []string{"NOT_FOUND input customerId"}},
		{"APersonIsNotFound", setCustomField, vars{"customerId": globalID("Person", uuid(4, 1)), "key": "remark", "value": nil}, []string{"NOT_FOUND input customerId"}},
		{
			"WrongValuesComeTogetherWithTheirPlaces", setCustomFields,
			vars{"customerId": id, "values": []vars{{"key": "since", "value": vars{"date": "x"}}, {"key": "remark", "value": vars{"text": "ok"}}, {"key": "none", "value": nil}}},
			[]string{"CUSTOM_FIELD_UNKNOWN input values 2 key", "CUSTOM_FIELD_TYPE input values 0 value"},
		},
		{"AKeyTwiceIsRefused", setCustomFields, vars{"customerId": id, "values": []vars{{"key": "remark", "value": nil}, {"key": "remark", "value": vars{"text": "x"}}}}, []string{"INVALID input values 1 key"}},
		{"AMemberOfAnotherTypeNamesItsPlace", setCustomFields, vars{"customerId": id, "values": []vars{{"key": "remark", "value": vars{"option": "x"}}}}, []string{"CUSTOM_FIELD_TYPE input values 0 value"}},
		{"AValueLeftOutNamesItsPlace", setCustomFields, vars{"customerId": id, "values": []vars{{"key": "remark"}}}, []string{"REQUIRED input values 0 value"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, got := b.mutate(tc.query, tc.input)
			if d := cmp.Diff(tc.want, got); d != "" || a.at("r", "customer") != nil {
				t.Errorf("(-want +got)\n%s\n%s", d, a.raw)
			}
		})
	}
	t.Run("AWriterWhoMayNotReadCanWriteAndReadsNothing", func(t *testing.T) {
		writer := b.newKey([]auth.Scope{auth.CustomersWrite}, b.org)
		a := b.as(writer, `mutation($input: SetCustomFieldInput!) { r: setCustomField(input: $input) { customer { id } userErrors { code } } }`, vars{"input": one("remark", vars{"text": "kirjoittaja"})})
		if a.at("r", "customer") != nil || len(a.at("r", "userErrors").([]any)) != 0 {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("ANumberIsNoDecimal", func(t *testing.T) {
		if a := b.do(setCustomField, vars{"input": one("discount", vars{"decimal": 1.5})}); a.code() != "INVALID" {
			t.Errorf("got %s", a.raw)
		}
	})
}

func TestDefineCustomField(t *testing.T) {
	t.Parallel()
	b := setup(t)
	source := vars{
		"key": "lead_source", "type": "ENUM", "labels": []vars{{"language": "fi", "text": "Asiakaslähde"}},
		"options": []vars{{"code": "fair", "labels": []vars{{"language": "fi", "text": "Messut"}}}, {"code": "web"}},
	}
	a := b.must(defineCustomField, source)
	t.Run("R172_AnEnumerationIsDefined", func(t *testing.T) {
		if a.text("r", "customField", "state") != "ACTIVE" || a.len("r", "customField", "options") != 2 || a.at("r", "customField", "options", 0, "active") != true ||
			a.text("r", "customField", "labels", 0, "text") != "Asiakaslähde" || a.text("r", "customField", "options", 0, "labels", 0, "text") != "Messut" {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("ItIsReplacedAsAWhole", func(t *testing.T) {
		a := b.must(defineCustomField, vars{"key": "lead_source", "type": "ENUM", "state": "INACTIVE", "options": []vars{{"code": "fair", "active": false}, {"code": "web"}, {"code": "ad"}}})
		if a.text("r", "customField", "state") != "INACTIVE" || a.len("r", "customField", "labels") != 0 || a.at("r", "customField", "options", 0, "active") != false || a.len("r", "customField", "options") != 3 {
			t.Errorf("got %s", a.raw)
		}
		if n := b.do(`{ customFieldDefinitions { key } }`, nil).len("customFieldDefinitions"); n != 1 {
			t.Errorf("%d definitions", n)
		}
	})
	t.Run("ARepetitionGivesTheSame", func(t *testing.T) {
		in := vars{"key": "once", "type": "TEXT", "idempotencyKey": "once"}
		b.must(defineCustomField, in)
		b.must(defineCustomField, in)
	})
	for _, tc := range []struct {
		name  string
		input vars
		want  []string
	}{
		{"AKeyThatCannotBeOneIsRefused", vars{"key": "Lead Source", "type": "TEXT"}, []string{"CUSTOM_FIELD_KEY input key"}},
		{"AnEnumWithoutOptionsIsRefused", vars{"key": "x", "type": "ENUM"}, []string{"CUSTOM_FIELD_OPTION input options"}},
		{"ATextWithOptionsIsRefused", vars{"key": "x", "type": "TEXT", "options": []vars{{"code": "a"}}}, []string{"CUSTOM_FIELD_OPTION input options"}},
		{"ACodeThatCannotBeOneIsRefused", vars{"key": "x", "type": "ENUM", "options": []vars{{"code": "A b"}}}, []string{"CUSTOM_FIELD_OPTION input options 0 code"}},
		{"AnOptionLeftOutIsRefused", vars{"key": "lead_source", "type": "ENUM", "options": []vars{{"code": "fair"}}}, []string{"CUSTOM_FIELD_OPTION input options"}},
		{"UnmappedIsNotDefined", vars{"key": "x", "type": "TEXT", "state": "UNMAPPED"}, []string{"CUSTOM_FIELD_INACTIVE input state"}},
		{"ALabelThatIsTooLongIsRefused", vars{"key": "x", "type": "TEXT", "labels": []vars{{"language": "fi", "text": strings.Repeat("x", 201)}}}, []string{"FIELD_TOO_LONG input labels"}},
		{"ALanguageTwiceIsRefused", vars{"key": "x", "type": "TEXT", "labels": []vars{{"language": "fi", "text": "a"}, {"language": "fi", "text": "b"}}}, []string{"INVALID input labels 1 language"}},
		{"ALanguageTwiceInAnOptionIsRefused", vars{"key": "x", "type": "ENUM", "options": []vars{{"code": "a", "labels": []vars{{"language": "fi", "text": "a"}, {"language": "fi", "text": "b"}}}}}, []string{"INVALID input options 0 labels 1 language"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, got := b.mutate(defineCustomField, tc.input)
			if d := cmp.Diff(tc.want, got); d != "" || a.at("r", "customField") != nil {
				t.Errorf("(-want +got)\n%s\n%s", d, a.raw)
			}
		})
	}
	t.Run("TheTypeOfAFieldInUseStays", func(t *testing.T) {
		b.must(setCustomField, vars{"customerId": b.company("A"), "key": "once", "value": vars{"text": "x"}})
		if a, errs := b.mutate(defineCustomField, vars{"key": "once", "type": "DATE"}); len(errs) != 1 || errs[0] != "CUSTOM_FIELD_TYPE input type" {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("AStrangerHasItsOwn", func(t *testing.T) {
		_, stranger := b.newOrganisation("Vieras Oy", auth.Admin)
		if n := b.as(stranger, `{ customFieldDefinitions { key } }`, nil).len("customFieldDefinitions"); n != 0 {
			t.Errorf("%d definitions are seen", n)
		}
	})
}

func TestResponsible(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 1)
	id, sys := b.company("Esimerkki Oy"), globalID("System", uuid(1, 1))
	set := func(r any) vars { return vars{"customerId": id, "responsible": r} }
	a := b.must(setResponsible, set(vars{"kind": "TEAM", "name": " Myynti ", "system": sys, "externalId": "9"}))
	if a.text("r", "customer", "responsible", "name") != "Myynti" || a.text("r", "customer", "responsible", "system", "name") != "Netvisor, tuotanto" || a.text("r", "customer", "responsible", "externalId") != "9" {
		t.Errorf("got %s", a.raw)
	}
	t.Run("TheLogNamesTheSystemByItsGlobalID", func(t *testing.T) {
		b.number()
		a := b.do(`query($id: ID!) { customer(by: {id: $id}) { changes { items { fields { field after } } } } }`, vars{"id": id})
		if !strings.Contains(a.raw, `{"field":"responsible.system","after":"`+sys+`"}`) {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("WithoutSystemsReadTheSystemIsNotShown", func(t *testing.T) {
		reader := b.newKey([]auth.Scope{auth.CustomersRead}, b.org)
		a := b.as(reader, `query($id: ID!) { customer(by: {id: $id}) { responsible { name system { name } } } }`, vars{"id": id})
		if a.text("customer", "responsible", "name") != "Myynti" || a.at("customer", "responsible", "system") != nil {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("NullSaysNobody", func(t *testing.T) {
		if a := b.must(setResponsible, set(nil)); a.at("r", "customer", "responsible") != nil || a.at("r", "customer", "version") != 3.0 {
			t.Errorf("got %s", a.raw)
		}
	})
	for _, tc := range []struct {
		name  string
		input vars
		want  []string
	}{
		{"AbsentIsRefused", vars{"customerId": id}, []string{"REQUIRED input responsible"}},
		{"NoNameIsRefused", set(vars{"kind": "USER", "name": " "}), []string{"INVALID input responsible name"}},
		{"AnIDWithoutASystemIsRefused", set(vars{"kind": "USER", "name": "M", "externalId": "1"}), []string{"INVALID input responsible externalId"}},
		{"NoSystemIsNotFound", set(vars{"kind": "USER", "name": "M", "externalId": "1", "system": globalID("System", uuid(1, 999))}), []string{"NOT_FOUND input responsible system"}},
		{"ACustomerAsSystemIsNotFound", set(vars{"kind": "USER", "name": "M", "externalId": "1", "system": id}), []string{"NOT_FOUND input responsible system"}},
		{"NobodyIsNotFound", vars{"customerId": globalID("Customer", uuid(2, 999)), "responsible": nil}, []string{"NOT_FOUND input customerId"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, got := b.mutate(setResponsible, tc.input)
			if d := cmp.Diff(tc.want, got); d != "" || a.at("r", "customer") != nil {
				t.Errorf("(-want +got)\n%s\n%s", d, a.raw)
			}
		})
	}
}
