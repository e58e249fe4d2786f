package hub_test

import (
	"slices"
	"testing"

	"customerhub/internal/customer"
	"customerhub/internal/fault"
)

func TestControlCharactersAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.create(t, customer.Fields{customer.FieldName: "A"})
	define := func(d customer.CustomField) error {
		_, err := b.hub.DefineCustomField(t.Context(), b.viewer, d, "")
		return err
	}
	if err := define(customer.CustomField{Key: "note", Type: customer.TextField}); err != nil {
		t.Fatal(err)
	}
	responsible := func(r customer.Responsible) error {
		_, err := b.hub.SetResponsible(t.Context(), b.viewer, c.ID, nil, r, "")
		return err
	}
	option := customer.CustomFieldOption{Code: "a", Active: true, Label: map[string]string{"sv": "\x1b"}}
	for name, made := range map[string]struct {
		err  error
		path []string
	}{
		"Name":       {responsible(customer.Responsible{Kind: customer.ResponsibleUser, Name: "A\x00B"}), []string{"name"}},
		"ExternalID": {responsible(customer.Responsible{Kind: customer.ResponsibleUser, Name: "A", SystemID: "x", ExternalID: "1\x00"}), []string{"externalId"}},
		"Label":      {define(customer.CustomField{Key: "a", Type: customer.TextField, Label: map[string]string{"fi": "A\x00"}}), []string{"label", "fi"}},
		"Language":   {define(customer.CustomField{Key: "a", Type: customer.TextField, Label: map[string]string{"\x00": "A"}}), []string{"label"}},
		"Option": {define(customer.CustomField{Key: "a", Type: customer.EnumField, Options: []customer.CustomFieldOption{option}}),
			[]string{"options", "0", "label", "sv"}},
		"Value": {func() error {
			_, err := b.hub.SetCustomFields(t.Context(), b.viewer, c.ID, nil, map[string]string{"note": "A\x00B"}, "")
			return err
		}(), []string{"note"}},
	} {
		f := fault.Of(made.err)
		if f == nil || f.Code != fault.Invalid || f.Reason != customer.ReasonCharacters || !slices.Equal(f.Path, made.path) {
			t.Errorf("%s: got %+v", name, f)
		}
	}
}
