package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/link"
	"customerhub/internal/organisation"
	"customerhub/internal/pg"
	"customerhub/internal/system"
)

// DueSystem is a system that has links to look at now.
type DueSystem struct {
	Organisation organisation.ID
	System       system.ID
	Priority     link.Priority
}

const sqlDueLinks = `
SELECT d.organisation_id, d.system_id, d.priority
FROM hub_due_links(@limit) d`

// ListDueSystems gives the systems that have links to look at now, of any organisation, the most urgent first. It runs
// outside any organisation.
func ListDueSystems(ctx context.Context, db pg.DB, limit int) ([]DueSystem, error) {
	rows, _ := db.Query(ctx, sqlDueLinks, pgx.StrictNamedArgs{"limit": limit})
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (d DueSystem, err error) {
		var org, id string
		var priority int
		err = row.Scan(&org, &id, &priority)
		return DueSystem{organisation.ID(org), system.ID(id), link.Priority(priority)}, err
	})
	return out, pg.Fault(err, "due links")
}

// LinkClaim is a link in the hands of one worker. The fence grows with each claim, and a result under an older one is
// refused.
type LinkClaim struct {
	Organisation organisation.ID
	System       system.ID
	Link         link.ID
	Customer     customer.ID
	Fence        int64
	// Claims counts the holders since a result was last written; one that takes its holders down is told by it (T39).
	Claims int
}

// sqlClaimLink looks apart for what is due and for what a holder left behind, each along an index of its own, so that it takes no
// longer when a hundred thousand links are waiting. Whoever waited for the lane may find that the call before stopped the system, or
// made it wait: it is not called then.
const sqlClaimLink = `
WITH ready AS (
  SELECT s.id
  FROM system s
  WHERE s.id = @system AND s.state = 'RUNNING' AND coalesce(s.hold_until <= now(), true)
), due AS (
  SELECT l.id, l.priority, l.due_at
  FROM link l
  WHERE l.system_id = @system AND l.priority <= @priority
    AND l.due_at IS NOT NULL AND l.due_at <= now() AND coalesce(l.lease_until < now(), true)
  ORDER BY l.priority, l.due_at, l.id
  LIMIT 1
  FOR NO KEY UPDATE SKIP LOCKED
), left_behind AS (
  SELECT l.id, l.priority, l.due_at
  FROM link l
  WHERE l.system_id = @system AND l.priority <= @priority AND l.lease_until < now()
  ORDER BY l.priority, l.due_at NULLS FIRST, l.id
  LIMIT 1
  FOR NO KEY UPDATE SKIP LOCKED
), next AS (
  SELECT e.id
  FROM (SELECT * FROM due UNION ALL SELECT * FROM left_behind) e
  WHERE EXISTS (SELECT FROM ready)
  ORDER BY e.priority, e.due_at NULLS FIRST, e.id
  LIMIT 1
)
UPDATE link l
SET due_at = NULL, lease_until = now() + @lease::interval, fence = l.fence + 1, claims = l.claims + 1,
  state = CASE WHEN l.state = 'UNCERTAIN' THEN l.state ELSE 'IN_PROGRESS' END
FROM next
WHERE l.id = next.id
RETURNING l.id, l.customer_id, l.fence, l.claims`

// ClaimLink takes the most urgent link of a system that is due, or whose holder has gone, and is no less urgent than due says;
// nil when there is none, and while the system is not running or has to wait. Claiming ends its being due, so that a change that comes meanwhile makes it due again.
func ClaimLink(ctx context.Context, db pg.DB, due DueSystem, lease time.Duration) (*LinkClaim, error) {
	var id, customerID string
	c := LinkClaim{Organisation: due.Organisation, System: due.System}
	err := db.QueryRow(ctx, sqlClaimLink, pgx.StrictNamedArgs{"system": string(due.System), "priority": int(due.Priority), "lease": lease}).
		Scan(&id, &customerID, &c.Fence, &c.Claims)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	c.Link, c.Customer = link.ID(id), customer.ID(customerID)
	return &c, pg.Fault(err, "due links")
}

const sqlLockLink = `
SELECT l.id
FROM link l
WHERE l.id = @id AND l.fence = @fence AND l.lease_until IS NOT NULL
FOR NO KEY UPDATE`

// LockLink keeps others from the link until the transaction ends. Stale means that it is in other hands.
func LockLink(ctx context.Context, db pg.DB, c LinkClaim) error {
	tag, err := db.Exec(ctx, sqlLockLink, pgx.StrictNamedArgs{"id": string(c.Link), "fence": c.Fence})
	return linkHeld(tag.RowsAffected(), err, c)
}

const sqlRenewLink = `
UPDATE link
SET lease_until = now() + @lease::interval
WHERE id = @id AND fence = @fence AND lease_until IS NOT NULL`

// RenewLink holds the link for another lease. Stale means that it is in other hands.
func RenewLink(ctx context.Context, db pg.DB, c LinkClaim, lease time.Duration) error {
	tag, err := db.Exec(ctx, sqlRenewLink, pgx.StrictNamedArgs{"id": string(c.Link), "fence": c.Fence, "lease": lease})
	return linkHeld(tag.RowsAffected(), err, c)
}

const sqlReleaseLink = `
UPDATE link
SET lease_until = NULL, looked_at = greatest(looked_at, @looked_at), claims = CASE WHEN @progress THEN 0 ELSE greatest(claims - 1, 0) END,
  due_at = CASE WHEN @again THEN now() ELSE due_at END, state = CASE WHEN state = 'IN_PROGRESS' THEN 'DUE' ELSE state END
WHERE id = @id AND fence = @fence AND lease_until IS NOT NULL`

// Release says how a link is given back.
type Release struct {
	// Progress says that something was found out about the link. Without it the claim does not count as a try: its holder ended in
	// good order, which says nothing about the link.
	Progress bool
	// Again makes the link due at once.
	Again bool
	// LookedAt is when the look began whose values were taken in; zero when there was none.
	LookedAt time.Time
}

// ReleaseLink gives the link back.
func ReleaseLink(ctx context.Context, db pg.DB, c LinkClaim, r Release) error {
	tag, err := db.Exec(ctx, sqlReleaseLink, pgx.StrictNamedArgs{
		"id": string(c.Link), "fence": c.Fence, "progress": r.Progress, "again": r.Again,
		"looked_at": timeOrNull(r.LookedAt),
	})
	return linkHeld(tag.RowsAffected(), err, c)
}

const sqlTouchLink = `
UPDATE link
SET touched_at = clock_timestamp(), claims = 0
WHERE id = @id AND fence = @fence`

// TouchLink notes that the hub decided, or finished, writing into the record: what was read of it before says nothing.
func TouchLink(ctx context.Context, db pg.DB, c LinkClaim) error {
	_, err := db.Exec(ctx, sqlTouchLink, pgx.StrictNamedArgs{"id": string(c.Link), "fence": c.Fence})
	return pg.Fault(err, "link %s", c.Link)
}

const sqlTouchedSince = `
SELECT l.external_id
FROM link l
WHERE l.system_id = @system AND l.external_id = ANY (@ids)
  AND (l.touched_at >= @since OR EXISTS (
    SELECT FROM intent i
    WHERE i.organisation_id = l.organisation_id AND i.link_id = l.id) OR EXISTS (
    SELECT FROM deletion d
    WHERE d.organisation_id = l.organisation_id AND d.link_id = l.id AND d.ended_at IS NULL))
ORDER BY l.external_id`

// ListTouchedSince gives those of the records that the hub has written into since a moment, or is about to.
func ListTouchedSince(ctx context.Context, db pg.DB, sys system.ID, externalIDs []string, since time.Time) ([]string, error) {
	rows, _ := db.Query(ctx, sqlTouchedSince, pgx.StrictNamedArgs{"system": string(sys), "ids": externalIDs, "since": since})
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return ids, pg.Fault(err, "links")
}

// AwaitedRecord is a record that may be the one which a customer without a record is about to get, or has got already by a
// call whose answer was lost.
type AwaitedRecord struct {
	ExternalID string `db:"external_id"`
	Link       string `db:"id"`
}

const sqlAwaited = `
SELECT DISTINCT ON (o.external_id) o.external_id, l.id
FROM jsonb_to_recordset(@rows::jsonb) AS o (external_id text, number text, business_id text)
JOIN link l ON l.system_id = @system AND l.external_id = '' AND l.state IN ('DUE', 'WAITING', 'IN_PROGRESS', 'UNCERTAIN')
JOIN customer c ON c.organisation_id = l.organisation_id AND c.id = l.customer_id
WHERE o.number <> '' AND c.number = o.number OR o.business_id <> '' AND c.business_id = o.business_id
ORDER BY o.external_id, l.id`

// Candidate is a record that the hub does not know, and what it may be recognised by.
type Candidate struct {
	ExternalID string `json:"external_id"`
	Number     string `json:"number"`
	BusinessID string `json:"business_id"`
}

// ListAwaited gives those of the records that a customer without a record is waiting for, as far as number and business ID
// tell.
func ListAwaited(ctx context.Context, db pg.DB, sys system.ID, candidates []Candidate) ([]AwaitedRecord, error) {
	rows, _ := db.Query(ctx, sqlAwaited, pgx.StrictNamedArgs{"system": string(sys), "rows": asJSON(candidates)})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[AwaitedRecord])
	return out, pg.Fault(err, "links")
}

const sqlHintLinks = `
UPDATE link
SET due_at = least(due_at, now())
WHERE id = ANY (@ids)`

// HintLinks makes links due now.
func HintLinks(ctx context.Context, db pg.DB, ids []string) error {
	_, err := db.Exec(ctx, sqlHintLinks, pgx.StrictNamedArgs{"ids": ids})
	return pg.Fault(err, "links")
}

const sqlMarkDue = `
UPDATE link
SET due_at = least(due_at, now()),
  priority = CASE WHEN due_at IS NULL AND lease_until IS NULL THEN @priority ELSE least(priority, @priority) END
WHERE system_id = @system AND external_id = ANY (@ids)`

// MarkLinksDue makes links of records due now: the hint that something may be new there.
func MarkLinksDue(ctx context.Context, db pg.DB, sys system.ID, externalIDs []string, p link.Priority) error {
	_, err := db.Exec(ctx, sqlMarkDue, pgx.StrictNamedArgs{"system": string(sys), "ids": externalIDs, "priority": int(p)})
	return pg.Fault(err, "links")
}

const sqlQueuePlaces = `
SELECT mine.id, ahead.count
FROM link mine
CROSS JOIN LATERAL (
  SELECT count(*) AS count
  FROM link l
  WHERE l.system_id = mine.system_id AND l.due_at IS NOT NULL AND l.due_at <= now()
    AND (l.priority, l.due_at, l.id) < (mine.priority, mine.due_at, mine.id)
) ahead
WHERE mine.id = ANY (@ids) AND mine.due_at IS NOT NULL
ORDER BY mine.id`

// CountAhead gives how many due links of the same system go before each of the links that is due itself.
func CountAhead(ctx context.Context, db pg.DB, ids []link.ID) (map[link.ID]int, error) {
	out := make(map[link.ID]int)
	rows, _ := db.Query(ctx, sqlQueuePlaces, pgx.StrictNamedArgs{"ids": texts(ids)})
	var id string
	var n int
	_, err := pgx.ForEachRow(rows, []any{&id, &n}, func() error {
		out[link.ID(id)] = n
		return nil
	})
	return out, pg.Fault(err, "links")
}

const sqlRetryLink = `
UPDATE link
SET due_at = now(), priority = 0, attempt = 0, claims = 0, state = CASE
    WHEN state IN ('PARKED', 'WAITING', 'PAUSED') THEN 'DUE'
    ELSE state
  END
WHERE id = @id`

// RetryLink makes a link due now, whatever kept it, or NotFound.
func RetryLink(ctx context.Context, db pg.DB, id link.ID) error {
	tag, err := db.Exec(ctx, sqlRetryLink, pgx.StrictNamedArgs{"id": string(id)})
	return one(tag, err, "link %s", id)
}

const sqlRetryPrimary = `
UPDATE link
SET due_at = now(), priority = 0, attempt = 0, claims = 0, state = 'DUE'
WHERE customer_id = @customer AND system_id = @system AND is_primary AND state IN ('PARKED', 'WAITING')`

// RetryPrimary makes the primary link of the customer and the system of another one due now, when something kept it.
func RetryPrimary(ctx context.Context, db pg.DB, of link.Link) error {
	_, err := db.Exec(ctx, sqlRetryPrimary, pgx.StrictNamedArgs{"customer": string(of.CustomerID), "system": string(of.SystemID)})
	return pg.Fault(err, "links")
}

const sqlHoldSystem = `
UPDATE system
SET hold_until = now() + @wait::interval, hold_count = @count
WHERE id = @id`

// HoldSystem keeps links of a system from being looked at for a while, after count calls in a row that failed; no wait and no
// count let them go on.
func HoldSystem(ctx context.Context, db pg.DB, id system.ID, wait time.Duration, count int) error {
	var until any = wait
	if wait <= 0 {
		until = nil
	}
	tag, err := db.Exec(ctx, sqlHoldSystem, pgx.StrictNamedArgs{"id": string(id), "wait": until, "count": count})
	return one(tag, err, "system %s", id)
}

func linkHeld(rows int64, err error, c LinkClaim) error {
	if err != nil {
		return pg.Fault(err, "link %s", c.Link)
	}
	if rows == 0 {
		return fault.New(fault.Stale, "The link %s is in other hands now.", c.Link)
	}
	return nil
}
