package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/pg"
	"customerhub/internal/run"
	"customerhub/internal/system"
)

type undoRow struct {
	ID     string `db:"id"`
	RunID  string `db:"run_id"`
	DryRun bool   `db:"dry_run"`
	Reason string `db:"reason"`
}

func (r undoRow) noun() run.Undo {
	return run.Undo{ID: run.ID(r.ID), Of: run.ID(r.RunID), DryRun: r.DryRun, Reason: r.Reason}
}

const sqlUndosByID = `
SELECT u.id, u.run_id, u.dry_run, u.reason
FROM undo u
WHERE u.id = ANY (@ids)
ORDER BY u.id`

// ListUndosByID reads undos by the ids of their runs; ids of other runs are left out.
func ListUndosByID(ctx context.Context, db pg.DB, ids []run.ID) ([]run.Undo, error) {
	return listNouns(ctx, db, sqlUndosByID, texts(ids), undoRow.noun)
}

const sqlInsertUndo = `
INSERT INTO undo (id, run_id, dry_run, reason)
VALUES (@id, @run, @dry_run, @reason)`

// InsertUndo adds an undo, whose run has been queued.
func InsertUndo(ctx context.Context, db pg.DB, u run.Undo) error {
	_, err := db.Exec(ctx, sqlInsertUndo, pgx.StrictNamedArgs{"id": string(u.ID), "run": string(u.Of), "dry_run": u.DryRun, "reason": u.Reason})
	return pg.Fault(err, "undo %s", u.ID)
}

const sqlNewestDryRun = `
SELECT u.id
FROM undo u
JOIN run r ON r.organisation_id = u.organisation_id AND r.id = u.id
WHERE u.run_id = @run AND u.dry_run AND r.state = 'SUCCEEDED'
ORDER BY r.created_at DESC, r.id DESC
LIMIT 1`

// FindNewestDryRun gives the newest dry run of the undo of a run that succeeded; empty when there is none.
func FindNewestDryRun(ctx context.Context, db pg.DB, of run.ID) (run.ID, error) {
	rows, _ := db.Query(ctx, sqlNewestDryRun, pgx.StrictNamedArgs{"run": string(of)})
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(ids) == 0 {
		return "", pg.Fault(err, "undos of run %s", of)
	}
	return run.ID(ids[0]), nil
}

// sqlListUndo lists the customers whom a run did something to, in the order in which it came to them: those that it changed, tied to a
// record, or had made or written in the system.
const sqlListUndo = `
INSERT INTO run_item (run_id, external_id, place)
SELECT @undo, x.customer_id::text, row_number() OVER (ORDER BY min(x.at), min(x.nth), x.customer_id)
FROM (
  SELECT h.customer_id, h.at, h.id AS nth
  FROM change h
  WHERE h.run_id = @run AND h.customer_id IS NOT NULL
  UNION ALL
  SELECT l.customer_id, l.created_at, NULL
  FROM link l
  WHERE l.run_id = @run
  UNION ALL
  SELECT s.customer_id, p.made_at, s.place
  FROM plan p
  JOIN plan_step s ON s.organisation_id = p.organisation_id AND s.plan_id = p.id
  WHERE (p.apply_run = @run OR p.id = @run AND p.purpose = 'CERTIFICATE') AND s.result = 'EXECUTED' AND s.customer_id IS NOT NULL
    AND (s.side = 'SYSTEM' OR s.changes @> '[{"where": "SYSTEM"}]')
) x
GROUP BY x.customer_id
ON CONFLICT DO NOTHING`

// ListUndo makes the customers whom a run did something to the list of the run that takes it back.
func ListUndo(ctx context.Context, db pg.DB, c Claim, of run.ID) error {
	_, err := db.Exec(ctx, sqlListUndo, pgx.StrictNamedArgs{"undo": string(c.Run), "run": string(of)})
	return pg.Fault(err, "list of run %s", c.Run)
}

// sqlExecutedSteps reads what the plan of a run, or the certificate that it healed by, did about a customer.
const sqlExecutedSteps = `
SELECT s.place, s.action, s.side, s.external_id, s.customer_id, s.number, s.business_id, s.name, s.reason, s.changes, s.record, s.version,
  s.result, s.why
FROM plan p
JOIN plan_step s ON s.organisation_id = p.organisation_id AND s.plan_id = p.id
WHERE (p.apply_run = @run OR p.id = @run AND p.purpose = 'CERTIFICATE') AND s.result = 'EXECUTED' AND s.customer_id = @customer
ORDER BY s.place`

const sqlLinksOfRuns = `
SELECT coalesce(array_agg(l.id::text ORDER BY l.id) FILTER (WHERE l.run_id = @run), '{}'),
  coalesce(array_agg(l.id::text ORDER BY l.id) FILTER (WHERE l.run_id <> @run), '{}')
FROM link l
WHERE l.customer_id = @customer`

// RanLinks is what a run did about the records of one customer.
type RanLinks struct {
	Steps []run.Step
	// Made are the links that it made, and Others those that other runs made.
	Made, Others []string
}

// ListRanLinks reads what a run did about the records of a customer.
func ListRanLinks(ctx context.Context, db pg.DB, of run.ID, id customer.ID) (out RanLinks, err error) {
	var steps []stepRow
	args := pgx.StrictNamedArgs{"run": string(of), "customer": string(id)}
	err = Trip(ctx, db, func(b *pgx.Batch) {
		collect(b, &steps, sqlExecutedSteps, args)
		b.Queue(sqlLinksOfRuns, args).QueryRow(func(row pgx.Row) error { return row.Scan(&out.Made, &out.Others) })
	})
	if err != nil {
		return RanLinks{}, err
	}
	for _, r := range steps {
		s, err := r.noun()
		if err != nil {
			return RanLinks{}, err
		}
		out.Steps = append(out.Steps, s)
	}
	return out, nil
}

// sqlFirstChangeOfRun looks among the customer's changes, which are few, and not among the run's.
const sqlFirstChangeOfRun = `
SELECT coalesce(min(h.change_no), 0)
FROM change h
WHERE h.run_id IS NOT DISTINCT FROM @run AND h.customer_id = @customer`

// FindFirstChangeOfRun gives the number of the first change that a run made of a customer; 0 for none.
func FindFirstChangeOfRun(ctx context.Context, db pg.DB, of run.ID, id customer.ID) (first int, err error) {
	err = db.QueryRow(ctx, sqlFirstChangeOfRun, pgx.StrictNamedArgs{"run": string(of), "customer": string(id)}).Scan(&first)
	return first, pg.Fault(err, "changes of run %s", of)
}

type undoItemRow struct {
	Place      int             `db:"place" json:"place"`
	Nth        int             `db:"nth" json:"nth"`
	Subject    string          `db:"subject" json:"subject"`
	CustomerID string          `db:"customer_id" json:"customer_id"`
	Number     string          `db:"number" json:"number"`
	Name       string          `db:"name" json:"name"`
	Field      string          `db:"field" json:"field"`
	Before     string          `db:"before" json:"before"`
	After      string          `db:"after" json:"after"`
	SystemID   *string         `db:"system_id" json:"system_id"`
	ExternalID string          `db:"external_id" json:"external_id"`
	Flows      json.RawMessage `db:"flows" json:"flows"`
	Verdict    string          `db:"verdict" json:"verdict"`
	ChangedBy  string          `db:"changed_by" json:"changed_by"`
	ChangedAt  *time.Time      `db:"changed_at" json:"changed_at"`
}

// flowing are the systems that a value goes to, and those that keep another.
type flowing struct {
	To   []system.ID `json:"to,omitempty"`
	Stay []system.ID `json:"stay,omitempty"`
}

func (r undoItemRow) noun() (run.UndoItem, error) {
	i := run.UndoItem{
		Place: r.Place, Nth: r.Nth, Subject: run.UndoSubject(r.Subject), CustomerID: customer.ID(r.CustomerID), Number: r.Number, Name: r.Name,
		Field: customer.Field(r.Field), Before: r.Before, After: r.After, System: textOf[system.ID](r.SystemID), ExternalID: r.ExternalID,
		Verdict: run.Verdict(r.Verdict), ChangedBy: r.ChangedBy, ChangedAt: timeOf(r.ChangedAt),
	}
	var flows flowing
	if err := json.Unmarshal(r.Flows, &flows); err != nil {
		return run.UndoItem{}, fmt.Errorf("reading item %d.%d of an undo: %w", r.Place, r.Nth, err)
	}
	i.Flows, i.Stays = flows.To, flows.Stay
	return i, nil
}

const sqlAddUndoItems = `
INSERT INTO undo_item (undo_id, place, nth, subject, customer_id, number, name, field, before, after, system_id, external_id, flows, verdict,
  changed_by, changed_at)
SELECT @undo, r.place, r.nth, r.subject, r.customer_id, r.number, r.name, r.field, r.before, r.after, r.system_id, r.external_id, r.flows,
  r.verdict, r.changed_by, r.changed_at
FROM jsonb_to_recordset(@rows::jsonb) AS r (place integer, nth integer, subject text, customer_id uuid, number text, name text, field text,
  before text, after text, system_id uuid, external_id text, flows jsonb, verdict text, changed_by text, changed_at timestamptz)`

// AddUndoItems adds what becomes of the values of a customer.
func AddUndoItems(ctx context.Context, db pg.DB, undo run.ID, items []run.UndoItem) error {
	if len(items) == 0 {
		return nil
	}
	rows := make([]undoItemRow, len(items))
	for i, item := range items {
		rows[i] = undoItemRow{
			Place: item.Place, Nth: item.Nth, Subject: string(item.Subject), CustomerID: string(item.CustomerID), Number: item.Number, Name: item.Name,
			Field: string(item.Field), Before: item.Before, After: item.After, SystemID: textOrNull(item.System), ExternalID: item.ExternalID,
			Flows: json.RawMessage(asJSON(flowing{item.Flows, item.Stays})), Verdict: string(item.Verdict), ChangedBy: item.ChangedBy,
			ChangedAt: timeOrNull(item.ChangedAt),
		}
	}
	_, err := db.Exec(ctx, sqlAddUndoItems, pgx.StrictNamedArgs{"undo": string(undo), "rows": asJSON(rows)})
	return pg.Fault(err, "items of undo %s", undo)
}

// UndoItemList asks for some items of an undo, after a place; an empty verdict is any.
type UndoItemList struct {
	Undo       run.ID
	Verdict    run.Verdict
	Place, Nth int
	Limit      int
}

const sqlListUndoItems = `
SELECT i.place, i.nth, i.subject, i.customer_id, i.number, i.name, i.field, i.before, i.after, i.system_id, i.external_id, i.flows, i.verdict,
  i.changed_by, i.changed_at
FROM undo_item i
WHERE i.undo_id = @undo AND (@verdict = '' OR i.verdict = @verdict) AND (i.place, i.nth) > (@place, @nth)
ORDER BY i.place, i.nth
LIMIT @limit`

// ListUndoItems reads items in their order.
func ListUndoItems(ctx context.Context, db pg.DB, q UndoItemList) ([]run.UndoItem, error) {
	rows, _ := db.Query(ctx, sqlListUndoItems, pgx.StrictNamedArgs{
		"undo": string(q.Undo), "verdict": string(q.Verdict), "place": q.Place, "nth": q.Nth, "limit": q.Limit,
	})
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[undoItemRow])
	if err != nil {
		return nil, pg.Fault(err, "items of undo %s", q.Undo)
	}
	out := make([]run.UndoItem, len(found))
	for i, r := range found {
		if out[i], err = r.noun(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

const sqlCountUndoItems = `
SELECT i.undo_id, i.verdict, count(*)
FROM undo_item i
WHERE i.undo_id = ANY (@ids)
GROUP BY i.undo_id, i.verdict
ORDER BY i.undo_id, i.verdict`

// CountUndoItems says how many items of undos have which verdict.
func CountUndoItems(ctx context.Context, db pg.DB, ids []run.ID) (map[run.ID]map[run.Verdict]int, error) {
	rows, _ := db.Query(ctx, sqlCountUndoItems, pgx.StrictNamedArgs{"ids": texts(ids)})
	out := make(map[run.ID]map[run.Verdict]int)
	var undo, verdict string
	var n int
	_, err := pgx.ForEachRow(rows, []any{&undo, &verdict, &n}, func() error {
		if out[run.ID(undo)] == nil {
			out[run.ID(undo)] = make(map[run.Verdict]int)
		}
		out[run.ID(undo)][run.Verdict(verdict)] = n
		return nil
	})
	return out, pg.Fault(err, "items of undos")
}
