package graph

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/hub"
)

// labels turns a list of labels into a map. A language given twice is refused: neither of the two would be right.
func labels(in graphql.Omittable[[]*model.LabelInput], path ...string) (map[string]string, error) {
	list, _ := in.ValueOK()
	out := make(map[string]string, len(list))
	for i, l := range list {
		if _, twice := out[l.Language]; twice {
			return nil, fault.New(fault.Invalid, "The language %s is given twice.", l.Language).
				At(slices.Concat(path, []string{strconv.Itoa(i), "language"})...)
		}
		out[l.Language] = l.Text
	}
	return out, nil
}

func newCustomField(in model.DefineCustomFieldInput) (out customer.CustomField, err error) {
	out = customer.CustomField{
		Key: in.Key, Type: customer.CustomFieldType(in.Type), State: customer.CustomFieldState(value(given(in.State))),
	}
	if out.Label, err = labels(in.Labels, "labels"); err != nil {
		return out, err
	}
	options, _ := in.Options.ValueOK()
	for i, o := range options {
		option := customer.CustomFieldOption{Code: o.Code, Active: valueOr(given(o.Active), true)}
		if option.Label, err = labels(o.Labels, "options", strconv.Itoa(i), "labels"); err != nil {
			return out, err
		}
		out.Options = append(out.Options, option)
	}
	return out, nil
}

// ofDefinition is the move of the input of a definition, which has labels where the hub has one by language.
func ofDefinition(f *fault.Error) []string {
	if len(f.Path) > 0 && f.Path[0] == "label" {
		return slices.Concat([]string{"labels"}, f.Path[1:])
	}
	return nil
}

// DefineCustomField resolves Mutation.defineCustomField.
func (r mutations) DefineCustomField(ctx context.Context, in model.DefineCustomFieldInput) (*model.DefineCustomFieldPayload, error) {
	out := &model.DefineCustomFieldPayload{}
	d, err := newCustomField(in)
	if err == nil {
		if d, err = r.hub.DefineCustomField(ctx, auth.ViewerFrom(ctx), d, idempotencyKey(in.IdempotencyKey)); err == nil {
			out.CustomField = toCustomField(d)
		}
	}
	out.UserErrors, err = userErrors(moved(err, ofDefinition), "input")
	return out, err
}

// customValue is a value of a custom field that somebody wants to set; path is where it stands in the input.
type customValue struct {
	key  string
	path []string
	// kind is the type of the member that was given; empty for a value to clear.
	kind  customer.CustomFieldType
	value string
}

func newCustomValue(key string, in graphql.Omittable[*model.CustomFieldValueInput], path ...string) (customValue, error) {
	out := customValue{key: key, path: path}
	v, ok := in.ValueOK()
	if !ok {
		return out, fault.Because(fault.Invalid, customer.ReasonRequired, "Give a value, or null to clear the field.").At(out.at("value")...)
	}
	if v == nil {
		return out, nil
	}
	members := 0
	for _, m := range []struct {
		kind  customer.CustomFieldType
		value *string
	}{
		{customer.DateField, given(v.Date)}, {customer.DecimalField, given(v.Decimal)},
		{customer.TextField, given(v.Text)}, {customer.EnumField, given(v.Option)},
	} {
		if m.value != nil {
			members++
			out.kind, out.value = m.kind, *m.value
		}
	}
	if members != 1 {
		return out, fault.New(fault.Invalid, "Give exactly one of date, decimal, text and option; %d were given.", members).At(out.at("value")...)
	}
	return out, nil
}

func (c customValue) at(member string) []string { return slices.Concat(c.path, []string{member}) }

// customValues are values to set at once, each of its own field.
type customValues []customValue

// of is the move of these values: the hub names a value by the key of its field.
func (cs customValues) of(f *fault.Error) []string {
	if f.CodeOrInternal() == fault.NotFound || f.ReasonOrCode() == string(model.UserErrorCodeCustomerInactive) || len(f.Path) != 1 {
		return ofCustomer(f) // a field may be called id too
	}
	at := slices.IndexFunc(cs, func(c customValue) bool { return c.key == f.Path[0] })
	switch {
	case at < 0:
		return nil
	case f.Reason == customer.ReasonCustomFieldUnknown:
		return cs[at].at("key")
	}
	return cs[at].at("value")
}

// check refuses a member that is not the one of the field's type: a text is no date, even when it looks like one. Whoever
// may not read the definitions is judged by the value alone.
func (cs customValues) check(ctx context.Context) error {
	v := auth.ViewerFrom(ctx)
	if !v.Can(auth.CustomersWrite) || !v.Can(auth.CustomersRead) {
		return nil // the hub says so
	}
	all, err := load(ctx).custom.Load(ctx, struct{}{})
	if err != nil {
		return err
	}
	var faults fault.Errors
	for _, c := range cs {
		d := definition(all, c.key)
		if c.kind != "" && d.State == customer.CustomFieldActive && d.Type != c.kind {
			faults = append(faults, fault.Because(fault.Invalid, customer.ReasonCustomFieldType,
				"The custom field %s is of type %s; %s was given.", c.key, d.Type, c.kind).At(c.at("value")...))
		}
	}
	return faults.OrNil()
}

// setCustomFields sets values of a customer for both mutations that do.
func (a *API) setCustomFields(ctx context.Context, customerID string, set customValues, version graphql.Omittable[*int], key graphql.Omittable[*string]) (hub.CustomerView, error) {
	id, err := parseCustomerID(customerID)
	if err != nil {
		return hub.CustomerView{}, at(err, "customerId")
	}
	values := make(map[string]string, len(set))
	for _, c := range set {
		if _, twice := values[c.key]; twice {
			return hub.CustomerView{}, fault.New(fault.Invalid, "The custom field %s is given twice.", c.key).At(c.at("key")...)
		}
		if strings.ContainsAny(c.key, "[].") { // it could be taken for another name
			return hub.CustomerView{}, fault.Because(fault.Invalid, customer.ReasonCustomFieldUnknown, "There is no custom field with this key.").At(c.at("key")...)
		}
		values[c.key] = c.value
	}
	if err := set.check(ctx); err != nil {
		return hub.CustomerView{}, err
	}
	c, err := a.hub.SetCustomFields(ctx, auth.ViewerFrom(ctx), id, given(version), values, idempotencyKey(key))
	return c, moved(err, set.of)
}

// SetCustomField resolves Mutation.setCustomField.
func (r mutations) SetCustomField(ctx context.Context, in model.SetCustomFieldInput) (*model.SetCustomFieldPayload, error) {
	var c hub.CustomerView
	one, err := newCustomValue(in.Key, in.Value)
	if err == nil {
		c, err = r.setCustomFields(ctx, in.CustomerID, customValues{one}, in.ExpectedVersion, in.IdempotencyKey)
	}
	failures, err := userErrors(err, "input")
	return &model.SetCustomFieldPayload{Customer: changed(ctx, c), UserErrors: failures}, err
}

// SetCustomFields resolves Mutation.setCustomFields.
func (r mutations) SetCustomFields(ctx context.Context, in model.SetCustomFieldsInput) (*model.SetCustomFieldsPayload, error) {
	var (
		c   hub.CustomerView
		set customValues
		err error
	)
	for i, f := range in.Values {
		var one customValue
		if one, err = newCustomValue(f.Key, f.Value, "values", strconv.Itoa(i)); err != nil {
			break
		}
		set = append(set, one)
	}
	if err == nil {
		c, err = r.setCustomFields(ctx, in.CustomerID, set, in.ExpectedVersion, in.IdempotencyKey)
	}
	failures, err := userErrors(err, "input")
	return &model.SetCustomFieldsPayload{Customer: changed(ctx, c), UserErrors: failures}, err
}

// responsible takes an input apart; null says that nobody is responsible.
func responsible(in graphql.Omittable[*model.ResponsibleInput]) (out customer.Responsible, err error) {
	r, ok := in.ValueOK()
	switch {
	case !ok:
		return out, fault.Because(fault.Invalid, customer.ReasonRequired, "Say who is responsible, or null for nobody.").At("responsible")
	case r == nil:
		return out, nil
	}
	out = customer.Responsible{Kind: customer.ResponsibleKind(r.Kind), Name: r.Name, ExternalID: value(given(r.ExternalID))}
	if id := given(r.System); id != nil {
		s, err := parseSystemID(*id)
		if err != nil {
			return out, at(err, "responsible", "system")
		}
		out.SystemID = string(s)
	}
	return out, nil
}

// ofResponsible is the move of the input that holds who is responsible.
func ofResponsible(f *fault.Error) []string {
	if len(f.Path) == 1 && slices.Contains([]string{"kind", "name", "system", "externalId"}, f.Path[0]) {
		return []string{"responsible", f.Path[0]}
	}
	return ofCustomer(f)
}

// SetResponsible resolves Mutation.setResponsible.
func (r mutations) SetResponsible(ctx context.Context, in model.SetResponsibleInput) (*model.SetResponsiblePayload, error) {
	var (
		c  hub.CustomerView
		of customer.Responsible
	)
	id, err := parseCustomerID(in.CustomerID)
	err = at(err, "customerId")
	if err == nil {
		of, err = responsible(in.Responsible)
	}
	if err == nil {
		c, err = r.hub.SetResponsible(ctx, auth.ViewerFrom(ctx), id, given(in.ExpectedVersion), of, idempotencyKey(in.IdempotencyKey))
	}
	failures, err := userErrors(moved(err, ofResponsible), "input")
	return &model.SetResponsiblePayload{Customer: changed(ctx, c), UserErrors: failures}, err
}
