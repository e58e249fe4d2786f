package graph

import (
	"context"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/change"
	"customerhub/internal/finding"
)

// FindingRaised resolves Subscription.findingRaised.
func (r subscription) FindingRaised(ctx context.Context, after *string) (<-chan model.FindingEvent, error) {
	v := auth.ViewerFrom(ctx)
	if err := v.Require(auth.SystemsRead); err != nil {
		return nil, err
	}
	return follow(ctx, r.API, after, func(ctx context.Context, batch []*change.Change) (func(*change.Change, string) (model.FindingEvent, bool), error) {
		var ids []finding.ID
		for _, c := range batch {
			if c.FindingID != "" {
				ids = append(ids, c.FindingID)
			}
		}
		var now map[finding.ID]finding.Finding
		if len(ids) > 0 {
			var err error
			if now, err = r.hub.FindingsByID(ctx, v, ids); err != nil {
				return nil, err
			}
		}
		return func(c *change.Change, cursor string) (model.FindingEvent, bool) {
			if c.FindingID == "" {
				return nil, false
			}
			told := &model.FindingChange{Change: toChange(*c, cursor, nil)}
			if f, ok := now[c.FindingID]; ok {
				told.Finding = toFinding(v, f)
			}
			told.Change.Found = told.Finding
			return told, true
		}, nil
	})
}
