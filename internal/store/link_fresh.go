package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/link"
	"customerhub/internal/pg"
	"customerhub/internal/system"
)

// LinkWatch is a link as those see it who wait for a look at it.
type LinkWatch struct {
	link.Link
	// Working says that somebody is looking at it now.
	Working bool
}

type watchRow struct {
	linkRow
	Working bool `db:"working"`
}

const sqlWatchLinks = `
SELECT ` + linkColumns + `, coalesce(l.lease_until > now(), false) AS working
FROM link l
WHERE l.customer_id = @customer
ORDER BY l.system_id, l.id`

// WatchLinks reads the links of a customer, all systems and the time of the database, in one round trip.
func WatchLinks(ctx context.Context, db pg.DB, id customer.ID) (links []LinkWatch, systems []system.System, now time.Time, err error) {
	var rows []watchRow
	var all []systemRow
	err = Trip(ctx, db, func(b *pgx.Batch) {
		collect(b, &rows, sqlWatchLinks, pgx.StrictNamedArgs{"customer": string(id)})
		collect(b, &all, sqlListSystems, pgx.StrictNamedArgs{})
		b.Queue(sqlNow).QueryRow(func(row pgx.Row) error { return row.Scan(&now) })
	})
	if err != nil {
		return nil, nil, now, err
	}
	for _, r := range rows {
		links = append(links, LinkWatch{r.noun(), r.Working})
	}
	systems, err = systemNouns(all)
	return links, systems, now, err
}

// sqlAskLook leaves alone what is being looked at, and what was looked at since the asker saw how new it was: whoever asks at the same
// time as others takes what comes of their asking.
const sqlAskLook = `
UPDATE link l
SET due_at = least(l.due_at, now()), priority = @priority, state = CASE WHEN l.state IN ('IN_SYNC', 'WAITING') THEN 'DUE' ELSE l.state END
WHERE l.id = @id AND (l.looked_at IS NULL OR l.looked_at <= @seen::timestamptz) AND coalesce(l.lease_until <= now(), true)
  AND l.state IN ('IN_SYNC', 'WAITING', 'DUE')`

// AskLook makes a link due now, because somebody waits for values that are newer than those from then.
func AskLook(ctx context.Context, db pg.DB, id link.ID, then time.Time) error {
	_, err := db.Exec(ctx, sqlAskLook, pgx.StrictNamedArgs{
		"id": string(id), "seen": timeOrNull(then), "priority": int(link.Interactive),
	})
	return pg.Fault(err, "link %s", id)
}
