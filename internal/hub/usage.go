package hub

import (
	"context"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/fault"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// maxUsageMonths bounds how far back usage is shown.
const maxUsageMonths = 36

// SystemUsage gives how much of each system the organisation used in this month and those before it, the latest first (R61). A system without
// any use in them is there with this month. Needs systems:read.
func (h *Hub) SystemUsage(ctx context.Context, v auth.Viewer, months int) (out []system.Usage, err error) {
	if months < 1 || months > maxUsageMonths {
		return nil, fault.New(fault.Invalid, "Usage is shown for 1 to %d months.", maxUsageMonths).At("months")
	}
	err = h.read(ctx, v, auth.SystemsRead, func(ctx context.Context, tx pgx.Tx) error {
		out, err = store.ListUsage(ctx, tx, months)
		return err
	})
	return out, err
}
