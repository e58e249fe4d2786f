package graph

import (
	"context"
	"slices"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/system"
)

func toCustomField(d customer.CustomField) *model.CustomFieldDefinition {
	return &model.CustomFieldDefinition{
		Key: d.Key, Type: model.CustomFieldType(d.Type), State: model.CustomFieldState(d.State), Labels: toLabels(d.Label),
		Options: each(d.Options, func(o customer.CustomFieldOption) *model.CustomFieldOption {
			return &model.CustomFieldOption{Code: o.Code, Labels: toLabels(o.Label), Active: o.Active}
		}),
		ExternalID: text(d.SourceID), SystemID: system.ID(d.SourceSystem),
	}
}

func toLabels(byLanguage map[string]string) []*model.Label {
	return each(sortedKeys(byLanguage), func(language string) *model.Label {
		return &model.Label{Language: language, Text: byLanguage[language]}
	})
}

// toCustomValue puts a value into the member of its type. What the definition does not say, or the value does not fit, is
// text: a field that a system sent is kept as text, and may have got its type after its values.
func toCustomValue(d customer.CustomField, value string) *model.CustomFieldValue {
	out := &model.CustomFieldValue{Key: d.Key, Definition: toCustomField(d), Type: model.CustomFieldType(d.TypeOf(value))}
	switch out.Type {
	case model.CustomFieldTypeDate:
		out.Date = &value
	case model.CustomFieldTypeDecimal:
		out.Decimal = &value
	case model.CustomFieldTypeEnum:
		out.Option = &value
	default:
		out.Text = &value
	}
	return out
}

// CustomFieldDefinitions resolves Query.customFieldDefinitions.
func (r queries) CustomFieldDefinitions(ctx context.Context) ([]*model.CustomFieldDefinition, error) {
	all, err := r.hub.CustomFields(ctx, auth.ViewerFrom(ctx))
	if err != nil {
		return nil, err
	}
	return each(all, toCustomField), nil
}

// CustomFields resolves Customer.customFields.
func (r customers) CustomFields(ctx context.Context, c *model.Customer) ([]*model.CustomFieldValue, error) {
	if len(c.Noun.CustomFields) == 0 {
		return []*model.CustomFieldValue{}, nil
	}
	all, err := load(ctx).custom.Load(ctx, struct{}{})
	if err != nil {
		return nil, err
	}
	return each(sortedKeys(c.Noun.CustomFields), func(key string) *model.CustomFieldValue {
		return toCustomValue(definition(all, key), c.Noun.CustomFields[key])
	}), nil
}

// definition finds the definition with the key. A value without one is text that nobody has defined.
func definition(all []customer.CustomField, key string) customer.CustomField {
	at := slices.IndexFunc(all, func(d customer.CustomField) bool { return d.Key == key })
	if at < 0 {
		return customer.CustomField{Key: key, Type: customer.TextField, State: customer.CustomFieldUnmapped}
	}
	return all[at]
}

// System resolves CustomFieldDefinition.system.
func (r customFields) System(ctx context.Context, d *model.CustomFieldDefinition) (*model.System, error) {
	return namedSystem(ctx, d.SystemID)
}

// toResponsible is who looks after a customer; nil when nobody does.
func toResponsible(r customer.Responsible) *model.Responsible {
	if r.Kind == "" {
		return nil
	}
	return &model.Responsible{
		Kind: model.ResponsibleKind(r.Kind), Name: r.Name, ExternalID: text(r.ExternalID), SystemID: system.ID(r.SystemID),
	}
}

// System resolves Responsible.system.
func (r responsibles) System(ctx context.Context, of *model.Responsible) (*model.System, error) {
	return namedSystem(ctx, of.SystemID)
}
