package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/organisation"
	"customerhub/internal/pg"
)

type changeRow struct {
	Sequence     int64           `db:"sequence"`
	At           time.Time       `db:"at"`
	Kind         string          `db:"kind"`
	CustomerID   *string         `db:"customer_id"`
	ChangeNo     int             `db:"change_no"`
	Fields       json.RawMessage `db:"fields"`
	ActorKind    string          `db:"actor_kind"`
	ActorID      string          `db:"actor_id"`
	ActorName    string          `db:"actor_name"`
	OriginSystem *string         `db:"origin_system"`
	FindingID    *string         `db:"finding_id"`
	Reason       string          `db:"reason"`
	RunID        *string         `db:"run_id"`
}

const changeColumns = `h.sequence, ` + changeContent

const changeContent = `h.at, h.kind, h.customer_id, h.change_no, h.fields, h.actor_kind, h.actor_id, h.actor_name,
  h.origin_system, h.finding_id, h.reason, h.run_id`

func (r changeRow) noun() (change.Change, error) {
	c := change.Change{
		Sequence: r.Sequence, At: r.At.UTC(), Kind: change.Kind(r.Kind), CustomerID: textOf[customer.ID](r.CustomerID),
		Number: r.ChangeNo, Actor: change.Actor{Kind: change.ActorKind(r.ActorKind), ID: r.ActorID, Name: r.ActorName},
		Origin: change.Source{SystemID: textOf[string](r.OriginSystem)}, FindingID: textOf[finding.ID](r.FindingID),
		Reason: r.Reason, RunID: textOf[string](r.RunID),
	}
	if err := json.Unmarshal(r.Fields, &c.Fields); err != nil {
		return change.Change{}, fmt.Errorf("reading fields of change %d: %w", r.Sequence, err)
	}
	return c, nil
}

// changeWriteRow is a change on its way into the log.
type changeWriteRow struct {
	Kind         string          `json:"kind"`
	CustomerID   *string         `json:"customer_id"`
	ChangeNo     int             `json:"change_no"`
	Place        int             `json:"place"`
	Fields       json.RawMessage `json:"fields"`
	ActorKind    string          `json:"actor_kind"`
	ActorID      string          `json:"actor_id"`
	ActorName    string          `json:"actor_name"`
	OriginSystem *string         `json:"origin_system"`
	FindingID    *string         `json:"finding_id"`
	Reason       string          `json:"reason"`
	RunID        *string         `json:"run_id"`
}

// sqlAppendNumbered appends changes whose numbers their customers have taken already.
const sqlAppendNumbered = `
INSERT INTO change (kind, customer_id, change_no, fields, actor_kind, actor_id, actor_name, origin_system,
  finding_id, reason, run_id)
SELECT r.kind, r.customer_id, r.change_no, r.fields, r.actor_kind, r.actor_id, r.actor_name, r.origin_system, r.finding_id, r.reason,
  r.run_id
FROM jsonb_to_recordset(@rows::jsonb) AS r (kind text, customer_id uuid, change_no integer, place integer, fields jsonb,
  actor_kind text, actor_id text, actor_name text, origin_system uuid, finding_id uuid, reason text, run_id uuid)
ORDER BY r.place`

// sqlAppendChanges takes the next numbers of each customer under the lock that the update takes on the customer's row, so
// the order of a customer's changes is the order in which their transactions commit (design section 7).
const sqlAppendChanges = `
WITH r AS MATERIALIZED (
  SELECT *, row_number() OVER (PARTITION BY customer_id ORDER BY place) AS nth
  FROM jsonb_to_recordset(@rows::jsonb) AS r (kind text, customer_id uuid, place integer, fields jsonb, actor_kind text,
    actor_id text, actor_name text, origin_system uuid, finding_id uuid, reason text, run_id uuid)
), taken AS (
  UPDATE customer c
  SET change_no = c.change_no + n.many
  FROM (SELECT customer_id, count(*) AS many FROM r WHERE customer_id IS NOT NULL GROUP BY customer_id) n
  WHERE c.id = n.customer_id
  RETURNING c.id, c.change_no - n.many AS before
)
INSERT INTO change (kind, customer_id, change_no, fields, actor_kind, actor_id, actor_name, origin_system, finding_id, reason, run_id)
SELECT r.kind, r.customer_id, coalesce(t.before + r.nth, 0), r.fields, r.actor_kind, r.actor_id, r.actor_name, r.origin_system,
  r.finding_id, r.reason, r.run_id
FROM r
LEFT JOIN taken t ON t.id = r.customer_id
WHERE r.customer_id IS NULL OR t.id IS NOT NULL
ORDER BY r.place`

// AppendChanges writes changes without their sequence; the numbering gives them one after commit. A change with a Number has
// had its customer saved with it as ChangeNo; the others about a customer take the next one. Sequence and At are ignored.
func AppendChanges(ctx context.Context, db pg.DB, changes []change.Change) error {
	numbered, taking := changeRows(changes)
	if len(numbered) > 0 {
		if _, err := db.Exec(ctx, sqlAppendNumbered, pgx.StrictNamedArgs{"rows": asJSON(numbered)}); err != nil {
			return pg.Fault(err, "changes")
		}
	}
	if len(taking) == 0 {
		return nil
	}
	tag, err := db.Exec(ctx, sqlAppendChanges, pgx.StrictNamedArgs{"rows": asJSON(taking)})
	if err != nil {
		return pg.Fault(err, "changes")
	}
	if int(tag.RowsAffected()) != len(taking) {
		return fmt.Errorf("appended %d of %d changes: a customer is missing", tag.RowsAffected(), len(taking))
	}
	return nil
}

// changeRows are the changes as they are written: those that have numbers of their customers, and those that take the next.
func changeRows(changes []change.Change) (numbered, taking []changeWriteRow) {
	for i, c := range changes {
		row := changeWriteRow{
			Kind: string(c.Kind), CustomerID: textOrNull(c.CustomerID), ChangeNo: c.Number, Place: i,
			Fields:    json.RawMessage(asJSON(nonNil(c.Fields))),
			ActorKind: string(c.Actor.Kind), ActorID: c.Actor.ID, ActorName: c.Actor.Name,
			OriginSystem: textOrNull(c.Origin.SystemID), FindingID: textOrNull(c.FindingID), Reason: c.Reason,
			RunID: textOrNull(c.RunID),
		}
		if c.Number > 0 {
			numbered = append(numbered, row)
		} else {
			taking = append(taking, row)
		}
	}
	return numbered, taking
}

const sqlChangesAfter = `
SELECT ` + changeColumns + `
FROM change h
WHERE h.sequence > @after AND h.sequence IS NOT NULL
ORDER BY h.sequence
LIMIT @limit`

// sqlChangesOfCustomers reads a page of each customer's changes in one statement.
const sqlChangesOfCustomers = `
SELECT ` + changeColumns + `
FROM unnest(@ids::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
  SELECT *
  FROM change one
  WHERE one.customer_id = wanted.id AND one.sequence > @after
  ORDER BY one.change_no
  LIMIT @limit
) h
ORDER BY h.customer_id, h.change_no`

const sqlSequences = `
SELECT coalesce((SELECT newest FROM change_counter), 0),
  coalesce((SELECT sequence FROM change WHERE sequence IS NOT NULL ORDER BY sequence LIMIT 1),
    (SELECT newest FROM change_counter) + 1, 1)`

// ListChanges reads numbered changes after a sequence, in order, and the newest sequence of the organisation.
func ListChanges(ctx context.Context, db pg.DB, after int64, limit int) ([]change.Change, int64, error) {
	var rows []changeRow
	var newest, oldest int64
	err := Trip(ctx, db, func(b *pgx.Batch) {
		collect(b, &rows, sqlChangesAfter, pgx.StrictNamedArgs{"after": after, "limit": limit})
		b.Queue(sqlSequences).QueryRow(func(row pgx.Row) error { return row.Scan(&newest, &oldest) })
	})
	if err != nil {
		return nil, 0, err
	}
	out, err := changeNouns(rows)
	return out, newest, err
}

// GetSequences gives the newest number given, and the oldest one still kept, which is the next one when none is kept; 0 and
// 1 where there never were changes.
func GetSequences(ctx context.Context, db pg.DB) (newest, oldest int64, err error) {
	err = db.QueryRow(ctx, sqlSequences).Scan(&newest, &oldest)
	return newest, oldest, pg.Fault(err, "changes")
}

// ListChangesOfCustomers reads at most limit changes after a sequence of each customer, each customer's in order.
func ListChangesOfCustomers(ctx context.Context, db pg.DB, ids []customer.ID, after int64, limit int) ([]change.Change, error) {
	rows, _ := db.Query(ctx, sqlChangesOfCustomers, pgx.StrictNamedArgs{"ids": texts(ids), "after": after, "limit": limit})
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[changeRow])
	if err != nil {
		return nil, pg.Fault(err, "changes")
	}
	return changeNouns(found)
}

func changeNouns(rows []changeRow) ([]change.Change, error) {
	out := make([]change.Change, len(rows))
	for i, r := range rows {
		c, err := r.noun()
		if err != nil {
			return nil, err
		}
		out[i] = c
	}
	return out, nil
}

// Numbered says how far the numbering of one organisation has come.
type Numbered struct {
	Organisation organisation.ID
	Newest       int64
	Count        int64
}

const sqlNumberChanges = `
SELECT n.organisation_id, n.newest, n.numbered
FROM hub_number_changes(@limit) n
ORDER BY n.organisation_id`

// NumberChanges numbers committed changes of all organisations, at most limit of them. It runs outside any organisation.
func NumberChanges(ctx context.Context, db pg.DB, limit int) ([]Numbered, error) {
	rows, _ := db.Query(ctx, sqlNumberChanges, pgx.StrictNamedArgs{"limit": limit})
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Numbered, error) {
		var org string
		var n Numbered
		err := row.Scan(&org, &n.Newest, &n.Count)
		n.Organisation = organisation.ID(org)
		return n, err
	})
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, pg.Fault(err, "numbering of changes")
	}
	return out, nil
}

// sqlChangesSince reads the changes of a customer from the first that is later than a moment, newest first. One behind it that
// began earlier was committed later, so it is taken as later too.
const sqlChangesSince = `
SELECT coalesce(h.sequence, 0) AS sequence, ` + changeContent + `
FROM change h
WHERE h.customer_id = @id AND h.change_no >= (SELECT min(l.change_no) FROM change l WHERE l.customer_id = @id AND l.at > @at)
ORDER BY h.change_no DESC`

// sqlChangesAfterNumber reads the changes of a customer behind one of them, oldest first, numbered by sequence or not.
const sqlChangesAfterNumber = `
SELECT coalesce(h.sequence, 0) AS sequence, ` + changeContent + `
FROM change h
WHERE h.customer_id = @id AND h.change_no > @after
ORDER BY h.change_no`

// ListChangesAfter reads the changes of a customer behind the one with a number, oldest first, as far as they are kept.
func ListChangesAfter(ctx context.Context, db pg.DB, id customer.ID, after int) ([]change.Change, error) {
	rows, _ := db.Query(ctx, sqlChangesAfterNumber, pgx.StrictNamedArgs{"id": string(id), "after": after})
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[changeRow])
	if err != nil {
		return nil, pg.Fault(err, "changes")
	}
	return changeNouns(found)
}

// sqlChangesComplete says whether none of them may be gone: the log is cut off at its beginning only, and either its first change
// of the customer is there or one as old as the moment.
const sqlChangesComplete = `
SELECT coalesce((SELECT min(h.change_no) = 1 OR min(h.at) <= @at FROM change h WHERE h.customer_id = @id), false)`

// ChangesSince are the changes of a customer since a moment, newest first, numbered or not.
type ChangesSince struct {
	Changes []change.Change
	// Complete says that none of them is gone.
	Complete bool
}

// ListChangesSince reads the changes of a customer that were made after a moment.
func ListChangesSince(ctx context.Context, db pg.DB, id customer.ID, at time.Time) (ChangesSince, error) {
	var rows []changeRow
	var out ChangesSince
	args := pgx.StrictNamedArgs{"id": string(id), "at": at}
	err := Trip(ctx, db, func(b *pgx.Batch) {
		collect(b, &rows, sqlChangesSince, args)
		b.Queue(sqlChangesComplete, args).QueryRow(func(row pgx.Row) error { return row.Scan(&out.Complete) })
	})
	if err != nil {
		return ChangesSince{}, err
	}
	out.Changes, err = changeNouns(rows)
	return out, err
}
