package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"customerhub/internal/fault"
	"customerhub/internal/pg"
)

// laneMargin is waited beyond the end of a lease before a lane is taken over, for clocks that are read late.
const laneMargin = 5 * time.Second

const sqlTakeLane = `
INSERT INTO lane AS l (key, holder, fence, lease_until)
VALUES (@key, @holder, 1, now() + @lease::interval)
ON CONFLICT (key) DO UPDATE
SET holder = excluded.holder, fence = l.fence + 1, lease_until = excluded.lease_until
WHERE l.lease_until IS NULL OR l.lease_until + @margin::interval < now()
RETURNING l.fence`

// TryLane takes the lane for a lease and gives the fence to renew and release it with; 0 when somebody else has it
// (Promise 10).
func TryLane(ctx context.Context, db pg.DB, key, holder string, lease time.Duration) (int64, error) {
	var fence int64
	err := db.QueryRow(ctx, sqlTakeLane, pgx.StrictNamedArgs{
		"key": key, "holder": holder, "lease": lease, "margin": laneMargin,
	}).Scan(&fence)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	return fence, pg.Fault(err, "lane")
}

const sqlRenewLane = `
UPDATE lane
SET lease_until = now() + @lease::interval
WHERE key = @key AND fence = @fence AND lease_until IS NOT NULL`

// RenewLane holds the lane for another lease. Stale means that it was taken over meanwhile.
func RenewLane(ctx context.Context, db pg.DB, key string, fence int64, lease time.Duration) error {
	tag, err := db.Exec(ctx, sqlRenewLane, pgx.StrictNamedArgs{"key": key, "fence": fence, "lease": lease})
	return laneHeld(tag, err)
}

const sqlReleaseLane = `
UPDATE lane
SET lease_until = NULL, holder = ''
WHERE key = @key AND fence = @fence`

// ReleaseLane gives the lane back. Stale means that it was taken over meanwhile.
func ReleaseLane(ctx context.Context, db pg.DB, key string, fence int64) error {
	tag, err := db.Exec(ctx, sqlReleaseLane, pgx.StrictNamedArgs{"key": key, "fence": fence})
	return laneHeld(tag, err)
}

func laneHeld(tag pgconn.CommandTag, err error) error {
	if err == nil && tag.RowsAffected() == 0 {
		return fault.New(fault.Stale, "The lane was taken over by another replica.")
	}
	return pg.Fault(err, "lane")
}
