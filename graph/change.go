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
		Fields: each(c.Fields, func(f customer.FieldChange) *model.FieldChange {
			return &model.FieldChange{Field: string(f.Field), Before: text(f.Before), After: text(f.After)}
		}),
	}
}

func toChangePage(p hub.ChangePage, of *model.Customer) *model.ChangePage {
	out := &model.ChangePage{Items: []*model.Change{}, EndCursor: p.EndCursor, HasMore: p.HasMore, NewestSequence: int(p.Newest)}
	for i, c := range p.Items {
		out.Items = append(out.Items, toChange(c, p.Cursors[i], of))
	}
	return out
}

func (r queries) Changes(ctx context.Context, after *string, first *int) (*model.ChangePage, error) {
	page, err := r.hub.Changes(ctx, auth.ViewerFrom(ctx), value(after), valueOr(first, 100))
	if err != nil {
		return nil, err
	}
	return toChangePage(page, nil), nil
}

func (r changes) Customer(ctx context.Context, c *model.Change) (*model.Customer, error) {
	return ofOrLoad(ctx, c.Of, c.CustomerID)
}
