package graph

import (
	"context"
	"math"
	"time"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/system"
)

// SystemUsage resolves Query.systemUsage.
func (r queries) SystemUsage(ctx context.Context, months *int) ([]*model.SystemUsage, error) {
	used, err := r.hub.SystemUsage(ctx, auth.ViewerFrom(ctx), value(months))
	if err != nil {
		return nil, err
	}
	count := func(n int64) int { return int(min(n, math.MaxInt32)) }
	return list(each(used, func(u system.Usage) *model.SystemUsage {
		return &model.SystemUsage{
			SystemID: u.System, Month: u.Month.Format(time.DateOnly), Taken: count(u.Taken), Sent: count(u.Sent), Messages: count(u.Messages),
			StartedAt: moment(u.StartedAt),
		}
	})), nil
}

// System resolves SystemUsage.system.
func (r usages) System(ctx context.Context, u *model.SystemUsage) (*model.System, error) {
	return loadSystem(ctx, u.SystemID)
}
