package rows

import (
	"encoding/json"
	"maps"
	"slices"

	"customerhub/graph/model"
	"customerhub/internal/customer"
)

// customValue is the value of a custom field with its definition.
type customValue struct {
	definition *customer.CustomField
	kind       customer.CustomFieldType
	value      string
}

func (t *tables) customFields() *shape {
	in := func(kind customer.CustomFieldType) shapeField {
		return shapeField{write: func(out []byte, of any) []byte {
			if v := of.(*customValue); v.kind == kind {
				return appendText(out, v.value)
			}
			return appendNull(out)
		}}
	}
	return &shape{name: "CustomFieldValue", list: customValues, fields: map[string]shapeField{
		"key":        {write: func(out []byte, of any) []byte { return appendText(out, of.(*customValue).definition.Key) }},
		"type":       {write: func(out []byte, of any) []byte { return appendText(out, of.(*customValue).kind) }},
		"date":       in(customer.DateField),
		"decimal":    in(customer.DecimalField),
		"text":       in(customer.TextField),
		"option":     in(customer.EnumField),
		"definition": {one: func(of any) any { return of.(*customValue).definition }, shape: t.customFieldDefinition()},
	}}
}

func (t *tables) customFieldDefinition() *shape {
	of := func(write func(out []byte, d *customer.CustomField) []byte) shapeField {
		return shapeField{write: func(out []byte, of any) []byte { return write(out, of.(*customer.CustomField)) }}
	}
	out := &shape{name: "CustomFieldDefinition", fields: map[string]shapeField{
		"key":   of(func(out []byte, d *customer.CustomField) []byte { return appendText(out, d.Key) }),
		"type":  of(func(out []byte, d *customer.CustomField) []byte { return appendText(out, d.Type) }),
		"state": of(func(out []byte, d *customer.CustomField) []byte { return appendText(out, d.State) }),
		"externalId": of(func(out []byte, d *customer.CustomField) []byte {
			if d.SourceID == "" {
				return appendNull(out)
			}
			return appendText(out, d.SourceID)
		}),
		"labels": {many: func(of any) []any { return labels(of.(*customer.CustomField).Label) }, shape: label},
		"options": {shape: option, many: func(of any) []any {
			all := of.(*customer.CustomField).Options
			out := make([]any, len(all))
			for i := range all {
				out[i] = &all[i]
			}
			return out
		}},
	}}
	if t.systems {
		out.plain = []string{"system"}
	} else {
		out.fields["system"] = shapeField{write: func(out []byte, _ any) []byte { return appendNull(out) }}
	}
	return out
}

var option = &shape{name: "CustomFieldOption", fields: map[string]shapeField{
	"code":   {write: func(out []byte, of any) []byte { return appendText(out, of.(*customer.CustomFieldOption).Code) }},
	"active": {write: func(out []byte, of any) []byte { return appendBool(out, of.(*customer.CustomFieldOption).Active) }},
	"labels": {many: func(of any) []any { return labels(of.(*customer.CustomFieldOption).Label) }, shape: label},
}}

var label = &shape{name: "Label", fields: map[string]shapeField{
	"language": {write: func(out []byte, of any) []byte { return appendText(out, of.(*model.Label).Language) }},
	"text":     {write: func(out []byte, of any) []byte { return appendText(out, of.(*model.Label).Text) }},
}}

func labels(byLanguage map[string]string) []any {
	out := make([]any, 0, len(byLanguage))
	for _, language := range slices.Sorted(maps.Keys(byLanguage)) {
		out = append(out, &model.Label{Language: language, Text: byLanguage[language]})
	}
	return out
}

// customValues are the values of a customer's custom fields, by key.
func customValues(x *run, v []value) []any {
	if len(v[0]) <= len("{}") {
		return nil
	}
	var values map[string]string
	if err := json.Unmarshal(v[0], &values); err != nil {
		x.fail(err)
		return nil
	}
	all := make([]customValue, 0, len(values))
	out := make([]any, 0, len(values))
	for _, key := range slices.Sorted(maps.Keys(values)) {
		d := x.definition(key)
		all = append(all, customValue{definition: d, kind: d.TypeOf(values[key]), value: values[key]})
		out = append(out, &all[len(all)-1])
	}
	return out
}

const sqlDefinitions = `
SELECT d.key, d.type, d.state, d.label, d.options, d.source_id
FROM custom_field d
ORDER BY d.key`

// readDefinitions takes the definitions of the organisation in.
func (x *run) readDefinitions(s *rowset) error {
	x.definitions = make(map[string]*customer.CustomField, s.len())
	for i := range s.len() {
		d := &customer.CustomField{
			Key: string(s.at(i, 0)), Type: customer.CustomFieldType(s.at(i, 1)), State: customer.CustomFieldState(s.at(i, 2)),
			SourceID: string(s.at(i, 5)),
		}
		if err := json.Unmarshal(s.at(i, 3), &d.Label); err != nil {
			return err
		}
		if err := json.Unmarshal(s.at(i, 4), &d.Options); err != nil {
			return err
		}
		x.definitions[d.Key] = d
	}
	return nil
}

// definition is the one with the key. A value without one is text that nobody has defined.
func (x *run) definition(key string) *customer.CustomField {
	d, ok := x.definitions[key]
	if !ok {
		d = &customer.CustomField{Key: key, Type: customer.TextField, State: customer.CustomFieldUnmapped}
		x.definitions[key] = d
	}
	return d
}
