package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/pg"
	"customerhub/internal/system"
)

const sqlAddUsage = `
INSERT INTO system_usage AS u (system_id, month, taken, sent, messages)
VALUES (@system, date_trunc('month', now() AT TIME ZONE 'Europe/Helsinki')::date, @taken, @sent, @messages)
ON CONFLICT (organisation_id, system_id, month) DO UPDATE
SET taken = u.taken + excluded.taken, sent = u.sent + excluded.sent, messages = u.messages + excluded.messages`

// AddUsage counts what was done with a system, in this month. It takes a row of the system until the transaction ends.
func AddUsage(ctx context.Context, db pg.DB, u system.Usage) error {
	if u.Taken+u.Sent+u.Messages == 0 {
		return nil
	}
	_, err := db.Exec(ctx, sqlAddUsage, pgx.StrictNamedArgs{"system": string(u.System), "taken": u.Taken, "sent": u.Sent, "messages": u.Messages})
	return pg.Fault(err, "usage of system %s", u.System)
}

const sqlListUsage = `
SELECT s.id AS system, s.started_at, coalesce(u.month, this.month) AS month, coalesce(u.taken, 0) AS taken, coalesce(u.sent, 0) AS sent,
  coalesce(u.messages, 0) AS messages
FROM (SELECT date_trunc('month', now() AT TIME ZONE 'Europe/Helsinki')::date AS month) this
CROSS JOIN system s
LEFT JOIN system_usage u ON u.system_id = s.id AND u.month >= this.month - make_interval(months => @months - 1)
ORDER BY 3 DESC, s.created_at, s.id`

// ListUsage gives how much of each system the organisation used in this month and those before it, as many as are asked for, the latest first.
// Months without any use are left out; a system without any use in all of them is there with this month.
func ListUsage(ctx context.Context, db pg.DB, months int) ([]system.Usage, error) {
	rows, _ := db.Query(ctx, sqlListUsage, pgx.StrictNamedArgs{"months": months})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[usageRow])
	if err != nil {
		return nil, pg.Fault(err, "usage")
	}
	found := make([]system.Usage, len(out))
	for i, r := range out {
		found[i] = system.Usage{System: system.ID(r.System), StartedAt: timeOf(r.StartedAt), Month: r.Month, Taken: r.Taken, Sent: r.Sent, Messages: r.Messages}
	}
	return found, nil
}

type usageRow struct {
	System    string     `db:"system"`
	StartedAt *time.Time `db:"started_at"`
	Month     time.Time  `db:"month"`
	Taken     int64      `db:"taken"`
	Sent      int64      `db:"sent"`
	Messages  int64      `db:"messages"`
}
