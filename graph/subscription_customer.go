package graph

import (
	"context"
	"slices"
	"strings"
	"time"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/hub"
)

// CustomerChanged resolves Subscription.customerChanged.
func (r subscription) CustomerChanged(ctx context.Context, filter *model.CustomerFilter, after *string) (<-chan model.CustomerEvent, error) {
	v := auth.ViewerFrom(ctx)
	if err := v.Require(auth.CustomersRead); err != nil {
		return nil, err
	}
	f, err := customerFilter(filter)
	if err != nil {
		return nil, err
	}
	// The filter is tried on nobody first, so that what is wrong with it is said at once and not with the first change.
	if _, err := r.hub.MatchCustomers(ctx, v, nil, f); err != nil {
		return nil, err
	}
	return followCustomers(ctx, r.API, after, func(ctx context.Context, batch []*change.Change) (func(*change.Change) bool, error) {
		if filter == nil {
			return func(*change.Change) bool { return true }, nil
		}
		fits, err := r.hub.MatchCustomers(ctx, v, concerned(batch), f)
		return func(c *change.Change) bool { return fits[c.CustomerID] || tookOut(c.Fields, f) }, err
	})
}

// KycStatusChanged resolves Subscription.kycStatusChanged.
func (r subscription) KycStatusChanged(ctx context.Context, filter *model.KycFilter, after *string) (<-chan model.CustomerEvent, error) {
	v := auth.ViewerFrom(ctx)
	if err := v.Require(auth.CustomersRead); err != nil {
		return nil, err
	}
	f, err := kycFilter(filter, "filter")
	if err != nil {
		return nil, err
	}
	if f.ExpiresBefore != "" {
		if err := v.Require(auth.KYCRead); err != nil {
			return nil, err
		}
	}
	return followCustomers(ctx, r.API, after, func(ctx context.Context, batch []*change.Change) (func(*change.Change) bool, error) {
		batch = slices.DeleteFunc(slices.Clone(batch), func(c *change.Change) bool { return !ofKYC(c.Kind) })
		if len(batch) == 0 {
			return func(*change.Change) bool { return false }, nil
		}
		now, err := r.hub.KYCByCustomer(ctx, v, concerned(batch))
		return func(c *change.Change) bool {
			if !ofKYC(c.Kind) {
				return false
			}
			k, known := now[c.CustomerID]
			return known && f.Fits(&k) || c.Kind == change.KYCStatusChanged && f.TookOut(c.Fields)
		}, err
	})
}

func kycFilter(in *model.KycFilter, path ...string) (f customer.KYCFilter, err error) {
	if in == nil {
		return f, nil
	}
	if states := in.State.Value(); states != nil {
		f.State = []customer.KYCState{}
		for _, s := range states {
			f.State = append(f.State, customer.KYCState(s))
		}
	}
	if classes := in.RiskClass.Value(); classes != nil {
		f.RiskClass = []customer.RiskClass{} // an empty list names no class, and nobody fits
		for _, c := range classes {
			f.RiskClass = append(f.RiskClass, customer.RiskClass(c))
		}
	}
	f.RequiresActions = given(in.RequiresActions)
	f.AnyOf = value(given(in.AnyOf))
	if day := given(in.ExpiresBefore); day != nil {
		f.ExpiresBefore = *day
		if _, err := time.Parse(time.DateOnly, f.ExpiresBefore); err != nil {
			return f, fault.New(fault.Invalid, "%q is not a day as YYYY-MM-DD.", f.ExpiresBefore).At(append(path, "expiresBefore")...)
		}
	}
	return f, nil
}

// concerned are the customers of changes.
func concerned(batch []*change.Change) (ids []customer.ID) {
	for _, c := range batch {
		if c.CustomerID != "" {
			ids = append(ids, c.CustomerID)
		}
	}
	return ids
}

// followCustomers follows the changes of customers that pass: those are told with their customers as they are now.
func followCustomers(ctx context.Context, a *API, after *string,
	pass func(context.Context, []*change.Change) (func(*change.Change) bool, error),
) (<-chan model.CustomerEvent, error) {
	v := auth.ViewerFrom(ctx)
	with, wanted := customersOfEvents(ctx)
	return follow(ctx, a, after, func(ctx context.Context, batch []*change.Change) (func(*change.Change, string) (model.CustomerEvent, bool), error) {
		batch = slices.DeleteFunc(slices.Clone(batch), func(c *change.Change) bool { return c.CustomerID == "" })
		if len(batch) == 0 {
			return func(*change.Change, string) (model.CustomerEvent, bool) { return nil, false }, nil
		}
		passes, err := pass(ctx, batch)
		if err != nil {
			return nil, err
		}
		now := make(map[customer.ID]*model.Customer)
		if batch = slices.DeleteFunc(batch, func(c *change.Change) bool { return !passes(c) }); wanted && len(batch) > 0 {
			views, err := a.hub.CustomersByID(ctx, v, concerned(batch), include(with))
			if err != nil {
				return nil, err
			}
			for id, c := range views {
				now[id] = toCustomer(v, c)
			}
		}
		return func(c *change.Change, cursor string) (model.CustomerEvent, bool) {
			if c.CustomerID == "" || !passes(c) {
				return nil, false
			}
			of := now[c.CustomerID]
			return &model.CustomerChange{Change: toChange(*c, cursor, of), Customer: of}, true
		}, nil
	})
}

// customersOfEvents looks at the selection of an event: whether it asks for the customer at all, beside the change or inside
// it, and with which of its relations.
func customersOfEvents(ctx context.Context) (with model.Relations, wanted bool) {
	for _, field := range selected(ctx, "CustomerChange") {
		switch field.Name {
		case "customer":
			wanted = true
			with |= relations(ctx, collect(ctx, field.Selections, "Customer", "Node"))
		case "change":
			for _, inner := range collect(ctx, field.Selections, "Change") {
				if inner.Name == "customer" {
					wanted = true
					with |= relations(ctx, collect(ctx, inner.Selections, "Customer", "Node"))
				}
			}
		}
	}
	return with, wanted
}

// tookOut says whether a change may have taken its customer out of the set that the filter names: a value that the filter
// looks at was there before. Whoever follows the set would otherwise keep the customer for ever.
func tookOut(fields []customer.FieldChange, f hub.CustomerFilter) bool {
	words := customer.SearchWords(f.Text)
	if f.KYC.TookOut(fields) {
		return true
	}
	return slices.ContainsFunc(fields, func(c customer.FieldChange) bool {
		if c.Before == "" {
			return false
		}
		switch c.Field {
		case customer.FieldStatus:
			return c.Before == string(f.Status)
		case customer.FieldKind:
			return c.Before == string(f.Kind)
		case customer.CustomValueField(f.CustomField.Key):
			return c.Before == f.CustomField.Value
		case customer.FieldName, customer.FieldNameExtension, customer.FieldFirstName, customer.FieldLastName, customer.FieldNumber, customer.FieldBusinessID:
			before := customer.Fold(c.Before + " " + strings.ReplaceAll(c.Before, "-", ""))
			return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(before, word) })
		}
		return false
	})
}
