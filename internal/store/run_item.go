package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/link"
	"customerhub/internal/pg"
	"customerhub/internal/system"
)

// Checkpoint is where a run that was left behind goes on.
type Checkpoint struct {
	// ListedAt is when its list began; zero means that the list is not complete and has to be made anew.
	ListedAt time.Time
	// Cursor is the cursor that the list gave.
	Cursor string
	// Place is up to where listed records have been taken in.
	Place int
}

const sqlGetCheckpoint = `
SELECT r.listed_at, r.listed_cursor, r.place
FROM run r
WHERE r.id = @id`

// GetCheckpoint reads where the claimed run goes on.
func GetCheckpoint(ctx context.Context, db pg.DB, c Claim) (Checkpoint, error) {
	var at *time.Time
	var out Checkpoint
	err := db.QueryRow(ctx, sqlGetCheckpoint, pgx.StrictNamedArgs{"id": string(c.Run)}).Scan(&at, &out.Cursor, &out.Place)
	out.ListedAt = timeOf(at)
	return out, pg.Fault(err, "run %s", c.Run)
}

const sqlDropRunItems = `
DELETE FROM run_item i
WHERE i.run_id = @run`

// DropRunItems forgets the list of a run. The caller holds the run (LockRun, FinishRun) in the same transaction: an old
// worker must not empty the list that its successor reads.
func DropRunItems(ctx context.Context, db pg.DB, c Claim) error {
	_, err := db.Exec(ctx, sqlDropRunItems, pgx.StrictNamedArgs{"run": string(c.Run)})
	return pg.Fault(err, "list of run %s", c.Run)
}

const sqlAddRunItems = `
INSERT INTO run_item (run_id, external_id, place)
SELECT r.id, x.id, @after + x.nth
FROM run r
CROSS JOIN unnest(@ids::text[]) WITH ORDINALITY AS x (id, nth)
WHERE r.id = @run AND r.fence = @fence AND r.state = 'RUNNING'
ON CONFLICT DO NOTHING`

// AddRunItems adds listed records behind a place. A record that is in the list already keeps its place; a run that is in
// other hands gets nothing, which CompleteRunList tells.
func AddRunItems(ctx context.Context, db pg.DB, c Claim, after int, externalIDs []string) error {
	_, err := db.Exec(ctx, sqlAddRunItems, pgx.StrictNamedArgs{
		"run": string(c.Run), "fence": c.Fence, "after": after, "ids": externalIDs,
	})
	return pg.Fault(err, "list of run %s", c.Run)
}

const sqlCompleteRunList = `
UPDATE run r
SET listed_at = @at, listed_cursor = @cursor, place = 0, total = (SELECT count(*) FROM run_item i WHERE i.run_id = r.id)
WHERE r.id = @run AND r.fence = @fence AND r.state = 'RUNNING'
RETURNING r.total`

// CompleteRunList says that the list of a run is complete and may be believed, and gives how many records it names. Stale
// means that somebody else holds the run now.
func CompleteRunList(ctx context.Context, db pg.DB, c Claim, at time.Time, cursor string) (int, error) {
	rows, _ := db.Query(ctx, sqlCompleteRunList, pgx.StrictNamedArgs{
		"run": string(c.Run), "fence": c.Fence, "at": at, "cursor": cursor,
	})
	totals, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err := held(int64(len(totals)), err, c); err != nil {
		return 0, err
	}
	return totals[0], nil
}

const sqlListRunItems = `
SELECT i.external_id, i.place
FROM run_item i
WHERE i.run_id = @run AND i.place > @after
ORDER BY i.place
LIMIT @limit`

// RunItem is a listed record with its place in the list.
type RunItem struct {
	ExternalID string `db:"external_id"`
	Place      int    `db:"place"`
}

// ListRunItems gives the next records of a run's list after a place.
func ListRunItems(ctx context.Context, db pg.DB, c Claim, after, limit int) ([]RunItem, error) {
	rows, _ := db.Query(ctx, sqlListRunItems, pgx.StrictNamedArgs{"run": string(c.Run), "after": after, "limit": limit})
	items, err := pgx.CollectRows(rows, pgx.RowToStructByName[RunItem])
	return items, pg.Fault(err, "list of run %s", c.Run)
}

// Missing is what a complete list lacks.
type Missing struct {
	// Linked is how many records of the system are linked, Missing how many of those the list does not name and no stop keeps.
	Linked  int
	Missing int
	// Again are those that an earlier complete list lacked too.
	Again []string
}

// followed are links whose records the hub looks for: those of merged customers too, which are only read.
const followed = `(l.state <> 'NOT_IN_SCOPE' OR NOT l.is_primary AND l.fault_code = '')`

// sinceListed holds where a list can say nothing of a link: its record was made, written into or linked since the list began.
const sinceListed = `coalesce(greatest(l.touched_at, l.created_at) >= (SELECT r.listed_at FROM run r WHERE r.id = @run), false)`

// A record that was found to be gone is no news, and a customer that has no record yet is not missing one. One whose absence is parked
// was counted, and is asked for again once somebody has approved that.
const sqlMissing = `
SELECT count(*), count(*) FILTER (WHERE i.external_id IS NULL AND h.link_id IS NULL AND NOT ` + sinceListed + `),
  coalesce(array_agg(l.external_id ORDER BY l.external_id) FILTER (
    WHERE i.external_id IS NULL AND l.missing_lists > 0 AND NOT ` + sinceListed + ` AND (h.link_id IS NULL OR h.ruling = 'APPROVED')), '{}')
FROM link l
LEFT JOIN run_item i
  ON i.organisation_id = l.organisation_id AND i.run_id = @run AND i.external_id = l.external_id
LEFT JOIN (
  SELECT b.organisation_id, b.link_id, max(s.ruling) AS ruling
  FROM link_base b
  CROSS JOIN LATERAL jsonb_array_elements(b.brake -> 'held') AS h
  JOIN brake_stop s ON s.organisation_id = b.organisation_id AND s.id = (h ->> 'stop')::uuid
  WHERE b.held AND h ->> 'class' = 'IN_VANISHING' AND s.system_id = @system
  GROUP BY b.organisation_id, b.link_id) h
  ON h.organisation_id = l.organisation_id AND h.link_id = l.id
WHERE l.system_id = @system AND l.external_id <> '' AND ` + followed

// sqlWholeTables keeps the planner from looking rows up one by one. The tables it joins have just been filled and were
// never analysed, so it thinks them small, and for a hundred thousand rows that would take hours.
const sqlWholeTables = `SELECT set_config('enable_nestloop', 'off', true)`

// FindMissing compares the links of a system with the complete list of a run. What came to be since the list began is not missing from it.
func FindMissing(ctx context.Context, db pg.DB, c Claim, id system.ID) (Missing, error) {
	var m Missing
	if _, err := db.Exec(ctx, sqlWholeTables); err != nil {
		return Missing{}, pg.Fault(err, "list of run %s", c.Run)
	}
	err := db.QueryRow(ctx, sqlMissing, pgx.StrictNamedArgs{"run": string(c.Run), "system": string(id)}).
		Scan(&m.Linked, &m.Missing, &m.Again)
	return m, pg.Fault(err, "list of run %s", c.Run)
}

const sqlNoteMissing = `
UPDATE link l
SET missing_lists = l.missing_lists + 1, missing_since = coalesce(l.missing_since, now())
WHERE l.system_id = @system AND l.external_id <> '' AND ` + followed + `
  AND NOT ` + sinceListed + `
  AND NOT EXISTS (
    SELECT FROM run_item i
    WHERE i.organisation_id = l.organisation_id AND i.run_id = @run AND i.external_id = l.external_id)`

const sqlForgetMissing = `
UPDATE link l
SET missing_lists = 0, missing_since = NULL
WHERE l.system_id = @system AND l.missing_lists > 0
  AND EXISTS (
    SELECT FROM run_item i
    WHERE i.organisation_id = l.organisation_id AND i.run_id = @run AND i.external_id = l.external_id)`

// NoteMissing counts the complete list of a run against the links that it lacks, and forgets it of those it names. Links
// that are neither missing nor were are not written.
func NoteMissing(ctx context.Context, db pg.DB, c Claim, id system.ID) error {
	args := pgx.StrictNamedArgs{"run": string(c.Run), "system": string(id)}
	return Trip(ctx, db, func(b *pgx.Batch) {
		b.Queue(sqlWholeTables)
		b.Queue(sqlNoteMissing, args)
		b.Queue(sqlForgetMissing, args)
	})
}

const sqlDoubtMissing = `
UPDATE link l
SET missing_lists = greatest(l.missing_lists, 1), missing_since = coalesce(l.missing_since, now()),
  state = CASE WHEN l.state IN ('IN_SYNC', 'WAITING') THEN 'PARKED' ELSE l.state END,
  fault_code = CASE WHEN l.state IN ('IN_SYNC', 'WAITING') THEN 'UNSUPPORTED' ELSE l.fault_code END,
  fault_message = CASE WHEN l.state IN ('IN_SYNC', 'WAITING') THEN @message ELSE l.fault_message END
WHERE l.system_id = @system AND l.external_id <> '' AND ` + followed + `
  AND NOT ` + sinceListed + `
  AND NOT EXISTS (
    SELECT FROM run_item i
    WHERE i.organisation_id = l.organisation_id AND i.run_id = @run AND i.external_id = l.external_id)
RETURNING l.id`

// DoubtMissing parks the links that the complete list of a run lacks, and gives them.
func DoubtMissing(ctx context.Context, db pg.DB, c Claim, id system.ID, message string) ([]link.ID, error) {
	if _, err := db.Exec(ctx, sqlWholeTables); err != nil {
		return nil, pg.Fault(err, "list of run %s", c.Run)
	}
	rows, _ := db.Query(ctx, sqlDoubtMissing, pgx.StrictNamedArgs{"run": string(c.Run), "system": string(id), "message": message})
	ids, err := pgx.CollectRows(rows, pgx.RowTo[link.ID])
	return ids, pg.Fault(err, "list of run %s", c.Run)
}
