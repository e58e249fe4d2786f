package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/fault"
	"customerhub/internal/link"
	"customerhub/internal/pg"
	"customerhub/internal/system"
)

// ReadFailure is why a record could not be taken.
type ReadFailure struct {
	ExternalID string     `json:"external_id"`
	State      link.State `json:"state"`
	Fault      fault.Code `json:"fault_code"`
	Message    string     `json:"fault_message"`
}

// The wait doubles from a minute to a day.
const sqlNoteReadFailures = `
UPDATE link l
SET state = r.state, fault_code = r.fault_code, fault_message = r.fault_message, attempt = l.attempt + 1,
  due_at = now() + least(interval '1 minute' * 2 ^ least(l.attempt, 20), interval '1 day')
FROM jsonb_to_recordset(@rows::jsonb) AS r (external_id text, state text, fault_code text, fault_message text)
WHERE l.system_id = @system AND l.external_id = r.external_id AND l.external_id <> '' AND l.state NOT IN ('NOT_IN_SCOPE', 'PAUSED')`

const sqlForgetReadFailures = `
UPDATE link l
SET attempt = 0, due_at = NULL
WHERE l.system_id = @system AND l.external_id = ANY (@ids) AND l.due_at IS NOT NULL`

// NoteReadFailures writes into the links of a system's records that these could not be taken and when they are tried again,
// and ends the waiting of the records skipped. Records without a link have only their finding.
func NoteReadFailures(ctx context.Context, db pg.DB, sys system.ID, failed []ReadFailure, skipped []string) error {
	return Trip(ctx, db, func(b *pgx.Batch) {
		if len(failed) > 0 {
			b.Queue(sqlNoteReadFailures, pgx.StrictNamedArgs{"system": string(sys), "rows": asJSON(failed)})
		}
		if len(skipped) > 0 {
			b.Queue(sqlForgetReadFailures, pgx.StrictNamedArgs{"system": string(sys), "ids": skipped})
		}
	})
}

// Records that never came in have no link to wait in: each poll of their first day looks again, then the nightly sweep does. Records
// that the brake parked and somebody has ruled about are due anyway; here they are found though a hint was lost, and many at a time.
const sqlDueRecords = `
(SELECT l.external_id
FROM link l
WHERE l.system_id = @system AND l.external_id <> '' AND l.state IN ('WAITING', 'PARKED') AND l.fault_code <> '' AND l.due_at <= now()
ORDER BY l.due_at
LIMIT @limit)
UNION
(SELECT f.external_id
FROM finding f
WHERE f.system_id = @system AND f.code IN ('RECORD_UNREADABLE', 'RECORD_LISTED_NOT_READ') AND f.external_id <> ''
  AND f.resolved_at IS NULL AND f.raised_at > now() - interval '1 day'
  AND NOT EXISTS (SELECT FROM link l WHERE l.system_id = f.system_id AND l.external_id = f.external_id)
ORDER BY f.raised_at
LIMIT @limit)
UNION
(SELECT l.external_id
FROM link_base b
JOIN link l ON l.organisation_id = b.organisation_id AND l.id = b.link_id
WHERE b.held AND l.system_id = @system AND l.external_id <> '' AND l.state IN ('PARKED', 'DUE') AND EXISTS (
  SELECT FROM jsonb_array_elements(b.brake -> 'held') AS h
  JOIN brake_stop s ON s.id = (h ->> 'stop')::uuid AND s.organisation_id = b.organisation_id
  WHERE s.ruling <> '' AND (l.state = 'PARKED' OR left(s.class, 3) = 'IN_'))
ORDER BY l.id
LIMIT @limit)
ORDER BY 1`

// ListDueRecords gives the records of a system that could not be taken and are to be tried again, at most limit of those
// with a link, as many without, and as many that the brake had parked.
func ListDueRecords(ctx context.Context, db pg.DB, sys system.ID, limit int) ([]string, error) {
	rows, _ := db.Query(ctx, sqlDueRecords, pgx.StrictNamedArgs{"system": string(sys), "limit": limit})
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return ids, pg.Fault(err, "due records")
}

const sqlUntakenRecords = `
SELECT l.external_id
FROM link l
WHERE l.system_id = @system AND l.external_id = ANY (@ids) AND l.due_at IS NOT NULL
UNION
SELECT f.external_id
FROM finding f
WHERE f.system_id = @system AND f.external_id = ANY (@ids) AND f.resolved_at IS NULL
  AND f.code IN ('RECORD_UNREADABLE', 'RECORD_LISTED_NOT_READ')`

// ListUntakenRecords gives those of the records that could not be taken when they were last tried.
func ListUntakenRecords(ctx context.Context, db pg.DB, sys system.ID, externalIDs []string) ([]string, error) {
	rows, _ := db.Query(ctx, sqlUntakenRecords, pgx.StrictNamedArgs{"system": string(sys), "ids": externalIDs})
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return ids, pg.Fault(err, "records")
}
