package store

import (
	"context"
	"encoding/json"
	"fmt"
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
	// Braked is what the brake knows of those links of which it knows anything, and Stops are the stops that it speaks of.
	Braked map[link.ID]link.Brake
	Stops  map[link.StopID]link.Stop
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

const sqlBrakesOfCustomers = `
SELECT b.link_id, b.ours, b.theirs, b.disputes, b.brake
FROM link_base b
JOIN link l ON l.organisation_id = b.organisation_id AND l.id = b.link_id
WHERE l.customer_id = ANY (@ids) AND b.brake IS NOT NULL
ORDER BY l.id`

// ListStanding reads how customers stand, in one round trip, or two where the brake holds something.
func ListStanding(ctx context.Context, db pg.DB, ids []customer.ID) (Standing, error) {
	var links []standingRow
	var systems []systemRow
	var findings []findingRow
	var brakes []baseRow
	out := Standing{Braked: make(map[link.ID]link.Brake), Stops: make(map[link.StopID]link.Stop)}
	err := Trip(ctx, db, func(b *pgx.Batch) {
		collect(b, &links, sqlStandingOfCustomers, pgx.StrictNamedArgs{"ids": texts(ids)})
		collect(b, &systems, sqlListSystems, pgx.StrictNamedArgs{})
		collect(b, &findings, sqlKeptBack, pgx.StrictNamedArgs{"ids": texts(ids), "codes": texts(finding.KeepBack)})
		collect(b, &brakes, sqlBrakesOfCustomers, pgx.StrictNamedArgs{"ids": texts(ids)})
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
	var stops []link.StopID
	for _, r := range brakes {
		var brake link.Brake
		if err := json.Unmarshal(r.Brake, &brake); err != nil {
			return Standing{}, fmt.Errorf("reading the brake of link %s: %w", r.LinkID, err)
		}
		out.Braked[link.ID(r.LinkID)] = brake
		for _, h := range brake.Held {
			stops = append(stops, h.Stop)
		}
	}
	if len(stops) > 0 {
		found, err := ListStopsByID(ctx, db, stops)
		if err != nil {
			return Standing{}, err
		}
		for _, s := range found {
			out.Stops[s.ID] = s.Stop
		}
	}
	out.Systems, err = systemNouns(systems)
	return out, err
}
