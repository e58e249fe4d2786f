package graph

import (
	"context"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/hub"
)

// MergeCustomers resolves Mutation.mergeCustomers.
func (r mutations) MergeCustomers(ctx context.Context, in model.MergeCustomersInput) (*model.MergeCustomersPayload, error) {
	ask := hub.MergeCustomers{DryRun: in.DryRun}
	if e := given(in.ExpectedVersions); e != nil {
		ask.KeepVersion, ask.MergeVersion = given(e.Keep), given(e.Merge)
	}
	var err error
	if ask.Keep, err = parseCustomerID(in.Keep); err != nil {
		err = at(err, "keep")
	} else if ask.Merge, err = parseCustomerID(in.Merge); err != nil {
		err = at(err, "merge")
	}
	out := &model.MergeCustomersPayload{}
	if err == nil {
		var done hub.MergeResult
		if done, err = r.hub.MergeCustomers(ctx, auth.ViewerFrom(ctx), ask, idempotencyKey(in.IdempotencyKey)); err == nil {
			out.Result, err = toMerge(ctx, done)
		}
	}
	out.UserErrors, err = userErrors(err, "input")
	return out, err
}

// UnmergeCustomers resolves Mutation.unmergeCustomers.
func (r mutations) UnmergeCustomers(ctx context.Context, in model.UnmergeCustomersInput) (*model.UnmergeCustomersPayload, error) {
	ask := hub.UnmergeCustomers{DryRun: in.DryRun}
	var err error
	if id := given(in.Merge); id != nil {
		ask.Merge, err = parseAs[hub.MergeID](nounMerge, *id)
		err = at(err, "merge")
	}
	if id := given(in.Customer); id != nil && err == nil {
		ask.Customer, err = parseCustomerID(*id)
		err = at(err, "customer")
	}
	out := &model.UnmergeCustomersPayload{}
	if err == nil {
		var done hub.UnmergeResult
		if done, err = r.hub.UnmergeCustomers(ctx, auth.ViewerFrom(ctx), ask, idempotencyKey(in.IdempotencyKey)); err == nil {
			out.Result, err = toUnmerge(ctx, done)
		}
	}
	out.UserErrors, err = userErrors(err, "input")
	return out, err
}

// mergeView shows what became of two customers as far as the viewer may see it.
type mergeView struct {
	viewer       auth.Viewer
	kept, merged *model.Customer
}

// viewMerge reads the two customers as they are now; nil for who may not read customers.
func viewMerge(ctx context.Context, kept, merged customer.ID) (*mergeView, error) {
	m := &mergeView{viewer: auth.ViewerFrom(ctx)}
	if !m.viewer.Can(auth.CustomersRead) {
		return nil, nil
	}
	var err error
	if m.kept, err = loadCustomer(ctx, kept, 0); err != nil {
		return nil, err
	}
	m.merged, err = loadCustomer(ctx, merged, 0)
	return m, err
}

// shown is a value of either customer. What is personal of one of them is not told as the other's.
func (m *mergeView) shown(f customer.Field, value string) *string {
	is, ofPerson := personal(string(f))
	masked := m.kept == nil || m.kept.Masked || m.merged == nil || m.merged.Masked
	if is && (ofPerson && masksPeople(m.viewer) || masked) || hiddenKYC(m.viewer, string(f)) {
		return nil
	}
	return fieldValue(f, value)
}

func toMerge(ctx context.Context, r hub.MergeResult) (*model.CustomerMerge, error) {
	m, err := viewMerge(ctx, r.Kept, r.Merged)
	if m == nil {
		return nil, err
	}
	out := &model.CustomerMerge{Kept: m.kept, Merged: m.merged, Fields: []*model.MergedField{}, Offices: []*model.MergedOffice{}, Contacts: []*model.MergedContact{}}
	if r.ID != "" {
		out.ID = new(globalID(nounMerge, r.ID))
	}
	for _, f := range r.Fields {
		field := &model.MergedField{Field: fieldName(f.Field), Value: m.shown(f.Field, f.Value), Reason: model.MergeReason(f.Why), Lost: m.shown(f.Field, f.Lost)}
		if f.From != "" {
			field.From = new(model.MergeSide(f.From))
		}
		out.Fields = append(out.Fields, field)
	}
	for _, p := range r.Parts {
		if p.Part == customer.PartContact {
			person, ok, err := found(load(ctx).people.Load(ctx, customer.PersonID(p.ID)))
			if err != nil {
				return nil, err
			}
			if ok {
				out.Contacts = append(out.Contacts, &model.MergedContact{Person: toPerson(m.viewer, person), Recognised: p.SameAs != ""})
			}
			continue
		}
		office, err := loadOffice(ctx, customer.OfficeID(p.ID))
		if err != nil {
			return nil, err
		}
		merged := &model.MergedOffice{Office: office}
		if p.SameAs != "" {
			if merged.SameAs, err = loadOffice(ctx, customer.OfficeID(p.SameAs)); err != nil {
				return nil, err
			}
		}
		if office != nil {
			out.Offices = append(out.Offices, merged)
		}
	}
	out.Proposals = each(r.Proposals, func(id customer.PersonProposalID) string { return globalID(nounProposal, id) })
	out.Links, err = m.links(ctx, r.Links, r.Kept)
	return out, err
}

func toUnmerge(ctx context.Context, r hub.UnmergeResult) (*model.CustomerUnmerge, error) {
	m, err := viewMerge(ctx, r.Kept, r.Merged)
	if m == nil {
		return nil, err
	}
	out := &model.CustomerUnmerge{ID: globalID(nounMerge, r.ID), Kept: m.kept, Merged: m.merged, Returned: []*model.ReturnedField{}, Edits: []*model.LaterEdit{}}
	for _, f := range r.Returned {
		out.Returned = append(out.Returned, &model.ReturnedField{
			To: model.MergeSide(f.To), Field: fieldName(f.Field), Before: m.shown(f.Field, f.Before), After: m.shown(f.Field, f.After),
		})
	}
	for _, e := range r.Edits {
		edit := &model.LaterEdit{
			Field: fieldName(e.Field), Before: m.shown(e.Field, e.Before), After: m.shown(e.Field, e.After), Stays: model.MergeSide(e.Stays), At: moment(e.At),
		}
		if e.By.Kind != "" {
			edit.By = toActor(e.By)
		}
		out.Edits = append(out.Edits, edit)
	}
	out.Links, err = m.links(ctx, r.Links, r.Kept)
	return out, err
}

// links tells what becomes of links.
func (m *mergeView) links(ctx context.Context, fates []hub.LinkFate, kept customer.ID) ([]*model.MovedLink, error) {
	side := func(id customer.ID) model.MergeSide {
		if id == kept {
			return model.MergeSideKept
		}
		return model.MergeSideMerged
	}
	out := []*model.MovedLink{}
	for _, l := range fates {
		s, err := namedSystem(ctx, l.System)
		if err != nil {
			return nil, err
		}
		out = append(out, &model.MovedLink{System: s, ExternalID: text(l.ExternalID), From: side(l.From), To: side(l.To), Place: model.LinkPlace(l.Place)})
	}
	return out, nil
}

// MergedInto resolves Customer.mergedInto.
func (r customers) MergedInto(ctx context.Context, c *model.Customer) (*model.Customer, error) {
	return loadCustomer(ctx, c.Noun.MergedInto, customerRelations(ctx))
}
