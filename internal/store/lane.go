package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"customerhub/internal/fault"
	"customerhub/internal/link"
	"customerhub/internal/pg"
)

// laneMargin is the share of a lease that is waited beyond its end before a lane is taken over, for clocks that are read late
// and for calls that were cut off while the other side was still at work on them.
const laneMargin = 6

// LaneHold is a lane in somebody's hands.
type LaneHold struct {
	Fence int64
	// Since is when it was taken, by the database's clock.
	Since time.Time
}

const sqlTakeLane = `
INSERT INTO lane AS l (key, holder, fence, lease_until, held_since)
SELECT @key, @holder, 1, now() + @lease::interval, now()
WHERE NOT EXISTS (
  SELECT FROM lane_ticket t
  WHERE t.key = @key AND t.holder <> @holder AND t.valid_until > now()
    AND (t.priority < @priority OR t.priority = @priority AND t.drawn_at < coalesce(
      (SELECT mine.drawn_at FROM lane_ticket mine WHERE mine.key = @key AND mine.holder = @holder), now())))
ON CONFLICT (key) DO UPDATE
SET holder = excluded.holder, fence = l.fence + 1, lease_until = excluded.lease_until, held_since = excluded.held_since
WHERE l.lease_until IS NULL OR l.lease_until + @margin::interval < now()
RETURNING l.fence, l.held_since`

const sqlDrawTicket = `
INSERT INTO lane_ticket AS t (key, holder, priority, valid_until)
VALUES (@key, @holder, @priority, now() + @valid::interval)
ON CONFLICT (key, holder) DO UPDATE
SET priority = excluded.priority, valid_until = excluded.valid_until`

const sqlDropTicket = `
DELETE FROM lane_ticket t
WHERE t.key = @key AND (t.holder = @holder OR t.valid_until < now())`

// TryLane takes the lane for a lease and gives the hold to renew and release it with; nil when somebody else has it, or waits
// for it with a better ticket (Promise 10). holder names this wait, and not only the process: two waits of a process are two.
func TryLane(ctx context.Context, db pg.DB, key, holder string, p link.Priority, lease time.Duration) (*LaneHold, error) {
	var h LaneHold
	err := db.QueryRow(ctx, sqlTakeLane, pgx.StrictNamedArgs{
		"key": key, "holder": holder, "priority": int(p), "lease": lease, "margin": lease / laneMargin,
	}).Scan(&h.Fence, &h.Since)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return &h, pg.Fault(err, "lane")
}

// DrawTicket queues for a lane, or shows a sign of life of who is queued already. It counts for the given time.
func DrawTicket(ctx context.Context, db pg.DB, key, holder string, p link.Priority, valid time.Duration) error {
	_, err := db.Exec(ctx, sqlDrawTicket, pgx.StrictNamedArgs{"key": key, "holder": holder, "priority": int(p), "valid": valid})
	return pg.Fault(err, "lane")
}

// DropTicket leaves the queue for a lane.
func DropTicket(ctx context.Context, db pg.DB, key, holder string) error {
	_, err := db.Exec(ctx, sqlDropTicket, pgx.StrictNamedArgs{"key": key, "holder": holder})
	return pg.Fault(err, "lane")
}

// LaneStatus is how a lane stands.
type LaneStatus struct {
	// HeldSince is when the call under way began; nil when there is none.
	HeldSince *time.Time
	// Waiting is how many wait for their turn, Interactive how many of them because somebody waits for it.
	Waiting     int
	Interactive int
	// UsualHold is how long one turn takes, of late.
	UsualHold time.Duration
}

const sqlLaneStatus = `
SELECT l.key, CASE WHEN l.lease_until > now() THEN l.held_since END,
  (SELECT count(*) FROM lane_ticket t WHERE t.key = l.key AND t.valid_until > now()),
  (SELECT count(*) FROM lane_ticket t WHERE t.key = l.key AND t.valid_until > now() AND t.priority = 0),
  l.usual_hold
FROM lane l
WHERE l.key = ANY (@keys)
ORDER BY l.key`

// ListLaneStatus tells how lanes stand; one that was never used is missing, and free.
func ListLaneStatus(ctx context.Context, db pg.DB, keys []string) (map[string]LaneStatus, error) {
	out := make(map[string]LaneStatus, len(keys))
	rows, _ := db.Query(ctx, sqlLaneStatus, pgx.StrictNamedArgs{"keys": keys})
	var key string
	var s LaneStatus
	_, err := pgx.ForEachRow(rows, []any{&key, &s.HeldSince, &s.Waiting, &s.Interactive, &s.UsualHold}, func() error {
		out[key] = s
		return nil
	})
	return out, pg.Fault(err, "lanes")
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

// The usual hold follows the last turns, a fifth at a time.
const sqlReleaseLane = `
UPDATE lane
SET lease_until = NULL, holder = '', held_since = NULL,
  usual_hold = CASE
    WHEN usual_hold = '0' THEN clock_timestamp() - held_since
    ELSE usual_hold * 0.8 + (clock_timestamp() - held_since) * 0.2
  END
WHERE key = @key AND fence = @fence`

// ReleaseLane gives the lane back. Stale means that it was taken over meanwhile.
func ReleaseLane(ctx context.Context, db pg.DB, key string, fence int64) error {
	tag, err := db.Exec(ctx, sqlReleaseLane, pgx.StrictNamedArgs{"key": key, "fence": fence})
	return laneHeld(tag, err)
}

const sqlLeaveLane = `
UPDATE lane
SET lease_until = now()
WHERE key = @key AND fence = @fence`

// LeaveLane ends a hold whose call was cut off: the other side may still be at work on it, so the lane is free after the
// margin and not at once. Stale means that it was taken over meanwhile.
func LeaveLane(ctx context.Context, db pg.DB, key string, fence int64) error {
	tag, err := db.Exec(ctx, sqlLeaveLane, pgx.StrictNamedArgs{"key": key, "fence": fence})
	return laneHeld(tag, err)
}

func laneHeld(tag pgconn.CommandTag, err error) error {
	if err == nil && tag.RowsAffected() == 0 {
		return fault.New(fault.Stale, "The lane was taken over by another replica.")
	}
	return pg.Fault(err, "lane")
}
