package graph

import (
	"context"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/hub"
	"customerhub/internal/run"
	"customerhub/internal/system"
)

// toChange translates a change; of is its customer where that was read with it, else nil.
func toChange(c change.Change, cursor string, of *model.Customer) *model.Change {
	out := &model.Change{
		Sequence: int(c.Sequence), Cursor: cursor, At: c.At, Kind: model.ChangeKind(c.Kind), Actor: toActor(c.Actor),
		Origin: toSource(c.Origin.SystemID), CustomerID: c.CustomerID, Of: of, FindingID: c.FindingID, Reason: text(c.Reason), RunID: run.ID(c.RunID),
		All: each(c.Fields, toFieldChange),
	}
	if c.Kind == change.KYCExpiryNear {
		out.All, out.Expiry = []*model.FieldChange{}, toExpiry(c.Fields)
	}
	return out
}

// toSource says where a value came from; an empty id means that it was entered in the hub.
func toSource(systemID string) *model.Source {
	if systemID == "" {
		return &model.Source{Kind: model.SourceKindHub}
	}
	return &model.Source{Kind: model.SourceKindSystem, SystemID: system.ID(systemID)}
}

func toFieldChange(f customer.FieldChange) *model.FieldChange {
	return &model.FieldChange{Field: fieldName(f.Field), Before: fieldValue(f.Field, f.Before), After: fieldValue(f.Field, f.After)}
}

// fieldName is a field's name as clients see it: the key of an office or a contact is a global id.
func fieldName(f customer.Field) string {
	part, key, name, ofPart := f.PartKey()
	switch {
	case !ofPart || !isUUID(key):
	case part == customer.PartOffice:
		f = customer.PartField(part, globalID(nounOffice, key), name)
	case part == customer.PartContact:
		f = customer.PartField(part, globalID(nounPerson, key), name)
	}
	return string(f)
}

// fieldValue is a field's value as clients see it, nil when it is empty: an id of the hub is a global id. What is no id of
// the hub stays: a value that did not prevail may be the key that the other system knows an office by.
func fieldValue(f customer.Field, value string) *string {
	part, _, name, ofPart := f.PartKey()
	switch {
	case !isUUID(value):
	case ofPart && part == customer.PartContact && name == "office":
		value = globalID(nounOffice, value)
	case f == customer.FieldResponsibleSystem:
		value = globalID(nounSystem, value)
	}
	return text(value)
}

func toChangePage(p hub.ChangePage, of *model.Customer) *model.ChangePage {
	out := &model.ChangePage{Items: []*model.Change{}, EndCursor: p.EndCursor, HasMore: p.HasMore, NewestSequence: int(p.Newest)}
	for i, c := range p.Items {
		out.Items = append(out.Items, toChange(c, p.Cursors[i], of))
	}
	return out
}

// Changes resolves Query.changes.
func (r queries) Changes(ctx context.Context, after *string, first *int) (*model.ChangePage, error) {
	page, err := r.hub.Changes(ctx, auth.ViewerFrom(ctx), value(after), valueOr(first, 100))
	if err != nil {
		return nil, err
	}
	return toChangePage(page, nil), nil
}

// Customer resolves Change.customer.
func (r changes) Customer(ctx context.Context, c *model.Change) (*model.Customer, error) {
	if !auth.ViewerFrom(ctx).Can(auth.CustomersRead) {
		return nil, nil // who follows findings may do without
	}
	return ofOrLoad(ctx, c.Of, c.CustomerID)
}

// Finding resolves Change.finding.
func (r changes) Finding(ctx context.Context, c *model.Change) (*model.Finding, error) {
	if c.Found != nil || c.FindingID == "" || !auth.ViewerFrom(ctx).Can(auth.SystemsRead) {
		return c.Found, nil
	}
	return loadFinding(ctx, c.FindingID)
}

// Run resolves Change.run.
func (r changes) Run(ctx context.Context, c *model.Change) (*model.Run, error) {
	if c.RunID == "" || !auth.ViewerFrom(ctx).Can(auth.SystemsRead) {
		return nil, nil
	}
	return loadRun(ctx, c.RunID)
}

// Fields resolves Change.fields.
func (r changes) Fields(ctx context.Context, c *model.Change) ([]*model.FieldChange, error) {
	return maskedFields(ctx, auth.ViewerFrom(ctx), c)
}
