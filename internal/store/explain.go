package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/link"
	"customerhub/internal/pg"
	"customerhub/internal/system"
)

// Standing is what the hub has of how customers stand in the external systems.
type Standing struct {
	// Links are those of the customers, grouped by customer, the primary one of a system first.
	Links []LinkStanding
	// Systems are all systems, oldest first.
	Systems []system.System
	// KeptBack are standing findings of values that a system would not take.
	KeptBack []finding.Finding
	// Now is the time of the database.
	Now time.Time
}

// LinkStanding is a link with when it came into its state.
type LinkStanding struct {
	link.Link
	Since time.Time
}

type standingRow struct {
	linkRow
	Since time.Time `db:"since"`
}

const sqlStandingOfCustomers = `
SELECT ` + linkColumns + `, l.since
FROM link l
WHERE l.customer_id = ANY (@ids)
ORDER BY l.customer_id, l.system_id, l.is_primary DESC, l.id`

const sqlKeptBack = `
SELECT ` + findingColumns + `
FROM finding f
WHERE f.customer_id = ANY (@ids) AND f.code = ANY (@codes) AND f.resolved_at IS NULL
ORDER BY f.customer_id, f.system_id, f.field, f.id`

// ListStanding reads how customers stand, in one round trip.
func ListStanding(ctx context.Context, db pg.DB, ids []customer.ID) (Standing, error) {
	var links []standingRow
	var systems []systemRow
	var findings []findingRow
	var out Standing
	err := Trip(ctx, db, func(b *pgx.Batch) {
		collect(b, &links, sqlStandingOfCustomers, pgx.StrictNamedArgs{"ids": texts(ids)})
		collect(b, &systems, sqlListSystems, pgx.StrictNamedArgs{})
		collect(b, &findings, sqlKeptBack, pgx.StrictNamedArgs{"ids": texts(ids), "codes": texts(finding.Refusals)})
		b.Queue(sqlNow).QueryRow(func(row pgx.Row) error { return row.Scan(&out.Now) })
	})
	if err != nil {
		return Standing{}, err
	}
	for _, r := range links {
		out.Links = append(out.Links, LinkStanding{r.noun(), r.Since.UTC()})
	}
	for _, r := range findings {
		out.KeptBack = append(out.KeptBack, r.noun())
	}
	out.Systems, err = systemNouns(systems)
	return out, err
}
