package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/fault"
	"customerhub/internal/link"
	"customerhub/internal/organisation"
	"customerhub/internal/pg"
	"customerhub/internal/system"
)

// FoundEndpoint is what is known of an address before an organisation is known. Secrets are sealed; Previous is nil where none is
// taken beside the present one. All but AskedAt are zero where there is no such address.
type FoundEndpoint struct {
	AskedAt      time.Time
	Organisation organisation.ID
	System       system.ID
	Kind         system.Kind
	Secret       []byte
	Previous     []byte
	// InTrouble says that the last messages could not be verified.
	InTrouble bool
}

const sqlFindEndpoint = `
SELECT f.asked_at, f.organisation_id, f.system_id, f.kind, f.secret, f.previous_secret, f.in_trouble
FROM hub_find_inbound(@id) f`

// FindEndpoint finds whose an address is. It runs outside any organisation, and does the same work where there is none.
func FindEndpoint(ctx context.Context, db pg.DB, id system.EndpointID) (FoundEndpoint, error) {
	var f FoundEndpoint
	var org, sys, kind *string
	err := db.QueryRow(ctx, sqlFindEndpoint, pgx.StrictNamedArgs{"id": string(id)}).
		Scan(&f.AskedAt, &org, &sys, &kind, &f.Secret, &f.Previous, &f.InTrouble)
	f.Organisation, f.System, f.Kind = textOf[organisation.ID](org), textOf[system.ID](sys), textOf[system.Kind](kind)
	return f, pg.Fault(err, "endpoint")
}

const sqlTakeEvent = `
INSERT INTO inbound_event (endpoint_id, event)
VALUES (@endpoint, @event)
ON CONFLICT DO NOTHING`

// TakeEvent remembers an event by its hash; false means that it was taken before. One that another transaction is taking is waited for.
func TakeEvent(ctx context.Context, db pg.DB, id system.EndpointID, event []byte) (fresh bool, err error) {
	tag, err := db.Exec(ctx, sqlTakeEvent, pgx.StrictNamedArgs{"endpoint": string(id), "event": event})
	return tag.RowsAffected() == 1, pg.Fault(err, "event")
}

// sqlHintRecords marks links that are looked at by themselves, and leaves the others to the poll: one that waits to be tried again
// keeps its wait, and one that a person has to decide upon is none the wiser. What a system that is only read from has in hand is not
// looked at again before the poll either.
const sqlHintRecords = `
WITH asked AS (
  SELECT DISTINCT a.id
  FROM unnest(@ids::text[]) AS a (id)
), found AS (
  SELECT l.id
  FROM link l
  WHERE l.system_id = @system AND l.external_id = ANY (@ids)
    AND (l.state IN ('IN_SYNC', 'DUE', 'IN_PROGRESS') OR l.state = 'WAITING' AND coalesce(l.due_at <= now(), true))
  ORDER BY l.id
  FOR NO KEY UPDATE
), marked AS (
  UPDATE link l
  SET due_at = least(l.due_at, now()),
    priority = CASE WHEN l.due_at IS NULL AND l.lease_until IS NULL THEN @priority ELSE least(l.priority, @priority) END,
    state = CASE WHEN l.state = 'IN_PROGRESS' THEN l.state ELSE 'DUE' END
  FROM found
  WHERE l.id = found.id
  RETURNING l.external_id, l.state
)
SELECT count(*)
FROM asked a
WHERE NOT EXISTS (
  SELECT FROM marked m
  JOIN system s ON s.id = @system
  WHERE m.external_id = a.id AND (m.state = 'DUE' OR s.policy <> '{}'))`

// HintRecords makes the links of records due now, as urgent as what a person waits for, and gives how many of the records that does
// not see to.
func HintRecords(ctx context.Context, db pg.DB, sys system.ID, externalIDs []string) (rest int, err error) {
	err = db.QueryRow(ctx, sqlHintRecords, pgx.StrictNamedArgs{
		"system": string(sys), "ids": externalIDs, "priority": int(link.Interactive),
	}).Scan(&rest)
	return rest, pg.Fault(err, "links")
}

// sqlHintSystem does not shorten a wait that the system asked for, and leaves looks at everything that changed some time apart.
const sqlHintSystem = `
UPDATE system s
SET next_due_at = at.soonest
FROM (
  SELECT greatest(now(), o.hold_until, (
    SELECT r.created_at + @apart::interval
    FROM run r
    WHERE r.system_id = o.id AND r.kind IN ('POLL', 'SWEEP', 'FIRST_IMPORT')
    ORDER BY r.created_at DESC
    LIMIT 1)) AS soonest
  FROM system o
  WHERE o.id = @id
) at
WHERE s.id = @id AND s.state = 'RUNNING' AND s.fault_code NOT IN ('LIMITED', 'MAINTENANCE')
  AND coalesce(s.next_due_at > at.soonest, true)`

// HintSystem makes a running system due to be polled now, or once so much time has passed since it was polled last.
func HintSystem(ctx context.Context, db pg.DB, id system.ID, apart time.Duration) error {
	_, err := db.Exec(ctx, sqlHintSystem, pgx.StrictNamedArgs{"id": string(id), "apart": apart})
	return pg.Fault(err, "system %s", id)
}

// sqlNoteDelivery writes once a second at the most, so that messages that come together do not queue for the row.
const sqlNoteDelivery = `
UPDATE inbound_endpoint e
SET last_delivery_at = now(), refused_in_row = 0
WHERE e.id = @id AND (coalesce(e.last_delivery_at < now() - interval '1 second', true) OR e.refused_in_row > 0)`

// NoteDelivery notes that a message was taken.
func NoteDelivery(ctx context.Context, db pg.DB, id system.EndpointID) error {
	_, err := db.Exec(ctx, sqlNoteDelivery, pgx.StrictNamedArgs{"id": string(id)})
	return pg.Fault(err, "endpoint")
}

const sqlCountRefusals = `
INSERT INTO inbound_refusal AS r (endpoint_id, reason, count, last_at)
SELECT @endpoint, o.reason, o.count, o.last_at
FROM jsonb_to_recordset(@rows::jsonb) AS o (reason text, count bigint, last_at timestamptz)
ON CONFLICT (organisation_id, endpoint_id, reason) DO UPDATE
SET count = r.count + excluded.count, last_at = greatest(r.last_at, excluded.last_at)`

// sqlNoteRefusals begins to count anew where a message was taken after the last of them.
const sqlNoteRefusals = `
UPDATE inbound_endpoint e
SET last_refused_at = greatest(e.last_refused_at, @last_at),
  refused_in_row = CASE WHEN e.last_delivery_at > @last_at THEN 0 ELSE e.refused_in_row + @unverified END
WHERE e.id = @id AND e.removed_at IS NULL
RETURNING e.refused_in_row`

type refusalRow struct {
	EndpointID string    `json:"-" db:"endpoint_id"`
	Reason     string    `json:"reason" db:"reason"`
	Count      int       `json:"count" db:"count"`
	LastAt     time.Time `json:"last_at" db:"last_at"`
}

// NoteRefusals counts messages that were refused, and gives how many in a row could not be verified up to now. NotFound means that the
// address takes nothing any more.
func NoteRefusals(ctx context.Context, db pg.DB, id system.EndpointID, refused []system.RefusedDeliveries) (inRow int, err error) {
	var last time.Time
	unverified := 0
	rows := make([]refusalRow, len(refused))
	for i, r := range refused {
		rows[i] = refusalRow{Reason: string(r.Reason), Count: r.Count, LastAt: r.LastAt}
		if r.LastAt.After(last) {
			last = r.LastAt
		}
		if r.Reason.Unverified() {
			unverified += r.Count
		}
	}
	err = db.QueryRow(ctx, sqlNoteRefusals, pgx.StrictNamedArgs{"id": string(id), "last_at": last, "unverified": unverified}).Scan(&inRow)
	if err != nil {
		return 0, pg.Fault(err, "endpoint")
	}
	_, err = db.Exec(ctx, sqlCountRefusals, pgx.StrictNamedArgs{"endpoint": string(id), "rows": asJSON(rows)})
	return inRow, pg.Fault(err, "refusals")
}

const sqlForgetEvents = `SELECT hub_forget_inbound(@after)`

// ForgetEvents forgets events that were taken longer ago, in all organisations, and gives their number. It runs outside any
// organisation.
func ForgetEvents(ctx context.Context, db pg.DB, after time.Duration) (int, error) {
	var n int
	err := db.QueryRow(ctx, sqlForgetEvents, pgx.StrictNamedArgs{"after": after}).Scan(&n)
	return n, pg.Fault(err, "events")
}

type endpointRow struct {
	ID             string     `db:"id"`
	SystemID       string     `db:"system_id"`
	SecretNo       int        `db:"secret_no"`
	SecretSetAt    time.Time  `db:"secret_set_at"`
	PreviousUntil  *time.Time `db:"previous_until"`
	CreatedAt      time.Time  `db:"created_at"`
	RemovedAt      *time.Time `db:"removed_at"`
	LastDeliveryAt *time.Time `db:"last_delivery_at"`
	LastRefusedAt  *time.Time `db:"last_refused_at"`
	SubscribedAt   *time.Time `db:"subscription_at"`
	FaultCode      string     `db:"fault_code"`
	FaultMessage   string     `db:"fault_message"`
	FaultSince     *time.Time `db:"fault_since"`
}

const sqlEndpointsOf = `
SELECT DISTINCT ON (e.system_id) e.id, e.system_id, e.secret_no, e.secret_set_at,
  CASE WHEN e.previous_until > now() THEN e.previous_until END AS previous_until,
  e.created_at, e.removed_at, e.last_delivery_at, e.last_refused_at, e.subscription_at, e.fault_code, e.fault_message, e.fault_since
FROM inbound_endpoint e
WHERE e.system_id = ANY (@ids)
ORDER BY e.system_id, e.removed_at IS NULL DESC, e.created_at DESC, e.id`

const sqlRefusalsOf = `
SELECT r.endpoint_id, r.reason, r.count, r.last_at
FROM inbound_refusal r
JOIN inbound_endpoint e ON e.organisation_id = r.organisation_id AND e.id = r.endpoint_id
WHERE e.system_id = ANY (@ids)
ORDER BY r.endpoint_id, r.reason`

// ListEndpoints gives the newest address of each of the systems; one that never had any is missing.
func ListEndpoints(ctx context.Context, db pg.DB, ids []system.ID) (map[system.ID]system.Endpoint, error) {
	var rows []endpointRow
	var refused []refusalRow
	args := pgx.StrictNamedArgs{"ids": texts(ids)}
	err := Trip(ctx, db, func(b *pgx.Batch) {
		collect(b, &rows, sqlEndpointsOf, args)
		collect(b, &refused, sqlRefusalsOf, args)
	})
	if err != nil {
		return nil, err
	}
	out := make(map[system.ID]system.Endpoint, len(rows))
	for _, r := range rows {
		e := system.Endpoint{
			ID: system.EndpointID(r.ID), SystemID: system.ID(r.SystemID), SecretNo: r.SecretNo, SecretSetAt: r.SecretSetAt.UTC(),
			PreviousUntil: timeOf(r.PreviousUntil), CreatedAt: r.CreatedAt.UTC(), RemovedAt: timeOf(r.RemovedAt),
			LastDeliveryAt: timeOf(r.LastDeliveryAt), LastRefusedAt: timeOf(r.LastRefusedAt), SubscribedAt: timeOf(r.SubscribedAt),
		}
		for _, n := range refused {
			if n.EndpointID == r.ID {
				e.Refused = append(e.Refused, system.RefusedDeliveries{Reason: system.Refusal(n.Reason), Count: n.Count, LastAt: n.LastAt.UTC()})
			}
		}
		if r.FaultCode != "" {
			e.Fault = &system.Fault{Code: fault.Code(r.FaultCode), Message: r.FaultMessage, Since: timeOf(r.FaultSince)}
		}
		out[e.SystemID] = e
	}
	return out, nil
}
