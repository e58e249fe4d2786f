package graph

import (
	"context"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/hub"
	"customerhub/internal/system"
)

// toChange translates a change; of is its customer where that was read with it, else nil.
func toChange(c change.Change, cursor string, of *model.Customer) *model.Change {
	origin := &model.Source{Kind: model.SourceKindHub, SystemID: system.ID(c.Origin.SystemID)}
	if origin.SystemID != "" {
		origin.Kind = model.SourceKindSystem
	}
	return &model.Change{
		Sequence: int(c.Sequence), Cursor: cursor, At: c.At, Kind: model.ChangeKind(c.Kind), Actor: toActor(c.Actor),
		Origin: origin, CustomerID: c.CustomerID, Of: of,
		All: each(c.Fields, toFieldChange),
	}
}

// toFieldChange translates a field, with the ids in it: the key of a part in the field's name, and the office of a
// contact in its value.
func toFieldChange(f customer.FieldChange) *model.FieldChange {
	part, key, name, ofPart := f.Field.PartKey()
	switch {
	case ofPart && part == customer.PartOffice:
		f.Field = customer.PartField(part, globalID(nounOffice, key), name)
	case ofPart && part == customer.PartContact:
		f.Field = customer.PartField(part, globalID(nounPerson, key), name)
		if name == "office" {
			f.Before, f.After = officeID(f.Before), officeID(f.After)
		}
	}
	return &model.FieldChange{Field: string(f.Field), Before: text(f.Before), After: text(f.After)}
}

func officeID(id string) string {
	if id == "" {
		return ""
	}
	return globalID(nounOffice, id)
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
	return ofOrLoad(ctx, c.Of, c.CustomerID)
}

// Fields resolves Change.fields.
func (r changes) Fields(ctx context.Context, c *model.Change) ([]*model.FieldChange, error) {
	return maskedFields(ctx, auth.ViewerFrom(ctx), c)
}
