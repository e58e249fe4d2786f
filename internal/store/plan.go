package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/pg"
	"customerhub/internal/run"
	"customerhub/internal/system"
)

type planRow struct {
	ID         string          `db:"id"`
	Purpose    string          `db:"purpose"`
	SystemID   string          `db:"system_id"`
	Mode       string          `db:"mode"`
	State      string          `db:"state"`
	Counts     json.RawMessage `db:"counts"`
	ActorKind  string          `db:"actor_kind"`
	ActorID    string          `db:"actor_id"`
	ActorName  string          `db:"actor_name"`
	MadeAt     time.Time       `db:"made_at"`
	ListedAt   *time.Time      `db:"listed_at"`
	Cursor     string          `db:"cursor"`
	ApprovedBy string          `db:"approved_by"`
	ApprovedAt *time.Time      `db:"approved_at"`
	Note       string          `db:"note"`
	ApplyRun   *string         `db:"apply_run"`
	IntoUsed   bool            `db:"into_used"`
}

const planColumns = `p.id, p.purpose, p.system_id, p.mode, p.state, p.counts, p.actor_kind, p.actor_id, p.actor_name, p.made_at, p.listed_at, p.cursor,
  p.approved_by, p.approved_at, p.note, p.apply_run, p.into_used`

func (r planRow) noun() (run.Plan, error) {
	p := run.Plan{
		ID: run.ID(r.ID), Purpose: run.Purpose(r.Purpose), SystemID: system.ID(r.SystemID), Mode: run.Mode(r.Mode), State: run.PlanState(r.State),
		MadeBy: change.Actor{Kind: change.ActorKind(r.ActorKind), ID: r.ActorID, Name: r.ActorName}, MadeAt: r.MadeAt.UTC(),
		ListedAt: timeOf(r.ListedAt), Cursor: r.Cursor, ApprovedBy: r.ApprovedBy, ApprovedAt: timeOf(r.ApprovedAt), Note: r.Note,
		Applying: textOf[run.ID](r.ApplyRun), IntoUsed: r.IntoUsed,
	}
	if err := json.Unmarshal(r.Counts, &p.Counts); err != nil {
		return run.Plan{}, fmt.Errorf("reading counts of plan %s: %w", r.ID, err)
	}
	return p, nil
}

const sqlInsertPlan = `
INSERT INTO plan (id, purpose, system_id, mode, state, actor_kind, actor_id, actor_name, into_used)
VALUES (@id, @purpose, @system, @mode, 'MAKING', @actor_kind, @actor_id, @actor_name, @into_used)
ON CONFLICT DO NOTHING`

const sqlOutdatePlans = `
UPDATE plan
SET state = 'OUTDATED'
WHERE system_id = @system AND id <> @id AND purpose = 'FIRST_RUN' AND state IN ('MAKING', 'READY', 'APPROVED')`

// A month of nights is kept.
const sqlDropCertificates = `
DELETE FROM plan p
WHERE p.system_id = @system AND p.purpose = 'CERTIFICATE' AND p.id IN (
  SELECT o.id
  FROM plan o
  WHERE o.system_id = @system AND o.purpose = 'CERTIFICATE'
  ORDER BY o.made_at DESC, o.id DESC
  OFFSET 30)`

// InsertPlan adds a plan that is being made; one that was added before stays. Older ones of the system that were not applied are
// outdated by it. Of certificates the newest thirty of the system are kept.
func InsertPlan(ctx context.Context, db pg.DB, p run.Plan) error {
	err := Trip(ctx, db, func(b *pgx.Batch) {
		b.Queue(sqlInsertPlan, pgx.StrictNamedArgs{
			"id": string(p.ID), "purpose": string(p.Purpose), "system": string(p.SystemID), "mode": string(p.Mode),
			"actor_kind": string(p.MadeBy.Kind), "actor_id": p.MadeBy.ID, "actor_name": p.MadeBy.Name, "into_used": p.IntoUsed,
		})
		if p.Purpose == run.Certificate {
			b.Queue(sqlDropCertificates, pgx.StrictNamedArgs{"system": string(p.SystemID)})
			return
		}
		b.Queue(sqlOutdatePlans, pgx.StrictNamedArgs{"system": string(p.SystemID), "id": string(p.ID)})
	})
	return pg.Fault(err, "plans")
}

const sqlPlansByID = `
SELECT ` + planColumns + `
FROM plan p
WHERE p.id = ANY (@ids)
ORDER BY p.id`

const sqlLockPlan = `
SELECT ` + planColumns + `
FROM plan p
WHERE p.id = @id
FOR NO KEY UPDATE`

const sqlFindPlanOfRun = `
SELECT ` + planColumns + `
FROM plan p
WHERE p.id = @run OR p.apply_run = @run`

const sqlLockPlanOfRun = sqlFindPlanOfRun + `
FOR NO KEY UPDATE`

// FindPlanOfRun gives the plan that a run makes or executes; nil when there is none.
func FindPlanOfRun(ctx context.Context, db pg.DB, id run.ID) (*run.Plan, error) {
	return onePlan(listPlans(ctx, db, sqlFindPlanOfRun, pgx.StrictNamedArgs{"run": string(id)}))
}

// LockPlanOfRun is FindPlanOfRun that keeps others from changing the plan until the transaction ends.
func LockPlanOfRun(ctx context.Context, db pg.DB, id run.ID) (*run.Plan, error) {
	return onePlan(listPlans(ctx, db, sqlLockPlanOfRun, pgx.StrictNamedArgs{"run": string(id)}))
}

func onePlan(found []run.Plan, err error) (*run.Plan, error) {
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

const sqlPlansOfSystem = `
SELECT ` + planColumns + `
FROM plan p
WHERE p.system_id = @system AND p.purpose = @purpose
ORDER BY p.made_at DESC, p.id DESC
LIMIT @limit`

// ListPlansByID reads plans; ids that do not exist are left out.
func ListPlansByID(ctx context.Context, db pg.DB, ids []run.ID) ([]run.Plan, error) {
	return listPlans(ctx, db, sqlPlansByID, pgx.StrictNamedArgs{"ids": texts(ids)})
}

// LockPlan reads a plan and keeps others from changing it until the transaction ends; nil when there is none.
func LockPlan(ctx context.Context, db pg.DB, id run.ID) (*run.Plan, error) {
	return onePlan(listPlans(ctx, db, sqlLockPlan, pgx.StrictNamedArgs{"id": string(id)}))
}

// ListPlansOfSystem gives the newest plans of a system for a purpose.
func ListPlansOfSystem(ctx context.Context, db pg.DB, id system.ID, purpose run.Purpose, limit int) ([]run.Plan, error) {
	return listPlans(ctx, db, sqlPlansOfSystem, pgx.StrictNamedArgs{"system": string(id), "purpose": string(purpose), "limit": limit})
}

func listPlans(ctx context.Context, db pg.DB, sql string, args pgx.StrictNamedArgs) ([]run.Plan, error) {
	rows, _ := db.Query(ctx, sql, args)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[planRow])
	if err != nil {
		return nil, pg.Fault(err, "plans")
	}
	out := make([]run.Plan, len(found))
	for i, r := range found {
		if out[i], err = r.noun(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

const sqlUpdatePlan = `
UPDATE plan
SET state = @state, counts = @counts, listed_at = @listed_at, cursor = @cursor, approved_by = @approved_by, approved_at = @approved_at,
  note = @note, apply_run = @apply_run
WHERE id = @id`

// UpdatePlan writes how a plan stands.
func UpdatePlan(ctx context.Context, db pg.DB, p run.Plan) error {
	_, err := db.Exec(ctx, sqlUpdatePlan, pgx.StrictNamedArgs{
		"id": string(p.ID), "state": string(p.State), "counts": asJSON(p.Counts), "listed_at": timeOrNull(p.ListedAt), "cursor": p.Cursor,
		"approved_by": p.ApprovedBy, "approved_at": timeOrNull(p.ApprovedAt), "note": p.Note, "apply_run": textOrNull(p.Applying),
	})
	return pg.Fault(err, "plan %s", p.ID)
}

type stepRow struct {
	Place      int             `db:"place" json:"place"`
	Action     string          `db:"action" json:"action"`
	Side       string          `db:"side" json:"side"`
	ExternalID string          `db:"external_id" json:"external_id"`
	CustomerID *string         `db:"customer_id" json:"customer_id"`
	Number     string          `db:"number" json:"number"`
	BusinessID string          `db:"business_id" json:"business_id"`
	Name       string          `db:"name" json:"name"`
	Reason     string          `db:"reason" json:"reason"`
	Changes    json.RawMessage `db:"changes" json:"changes"`
	Record     string          `db:"record" json:"record"`
	Version    int             `db:"version" json:"version"`
	Result     string          `db:"result" json:"result"`
	Why        string          `db:"why" json:"why"`
}

func (r stepRow) noun() (run.Step, error) {
	s := run.Step{
		Place: r.Place, Action: run.StepAction(r.Action), Where: run.Where(r.Side), ExternalID: r.ExternalID, CustomerID: textOf[customer.ID](r.CustomerID),
		Number: r.Number, BusinessID: r.BusinessID, Name: r.Name, Reason: r.Reason, Record: r.Record, Version: r.Version,
		Result: run.StepResult(r.Result), Why: r.Why,
	}
	if err := json.Unmarshal(r.Changes, &s.Changes); err != nil {
		return run.Step{}, fmt.Errorf("reading changes of step %d: %w", r.Place, err)
	}
	return s, nil
}

const sqlAddSteps = `
INSERT INTO plan_step (plan_id, place, action, side, external_id, customer_id, number, business_id, name, reason, changes, record, version, result)
SELECT @plan, r.place, r.action, r.side, r.external_id, r.customer_id, r.number, r.business_id, r.name, r.reason, r.changes, r.record, r.version, r.result
FROM jsonb_to_recordset(@rows::jsonb) AS r (place integer, action text, side text, external_id text, customer_id uuid, number text,
  business_id text, name text, reason text, changes jsonb, record text, version integer, result text)
ON CONFLICT DO NOTHING`

// AddSteps adds steps to a plan. A place that is taken stays as it is.
func AddSteps(ctx context.Context, db pg.DB, plan run.ID, steps []run.Step) error {
	if len(steps) == 0 {
		return nil
	}
	rows := make([]stepRow, len(steps))
	for i, s := range steps {
		rows[i] = stepRow{
			Place: s.Place, Action: string(s.Action), Side: string(s.Where), ExternalID: s.ExternalID, CustomerID: textOrNull(s.CustomerID),
			Number: s.Number, BusinessID: s.BusinessID, Name: s.Name, Reason: s.Reason, Changes: json.RawMessage(asJSON(nonNil(s.Changes))),
			Record: s.Record, Version: s.Version, Result: string(s.Result),
		}
	}
	_, err := db.Exec(ctx, sqlAddSteps, pgx.StrictNamedArgs{"plan": string(plan), "rows": asJSON(rows)})
	return pg.Fault(err, "steps of plan %s", plan)
}

// Customers whose record a step is about are not made there, whatever becomes of the step: a collision and a proposal await a person.
const sqlAddExports = `
INSERT INTO plan_step (plan_id, place, action, side, customer_id, number, business_id, name, version, reason)
SELECT @plan, (SELECT greatest(@after::integer, coalesce(max(o.place), 0)) FROM plan_step o WHERE o.plan_id = @plan) + row_number() OVER (ORDER BY c.name, c.id),
  CASE WHEN d.number IS NULL THEN 'CREATE' ELSE 'DUPLICATE' END, 'SYSTEM',
  c.id, c.number, c.business_id, c.name, c.version,
  CASE WHEN d.number IS NULL THEN 'The customer has no record in the system.'
    ELSE 'The customer ' || d.number || ' has a record there and carries the same business ID ' || c.business_id || '. Somebody has to say whether the two are one; nothing is made.' END
FROM customer c
LEFT JOIN (
  SELECT DISTINCT ON (o.business_id) o.business_id, o.number
  FROM customer o
  JOIN link l ON l.customer_id = o.id AND l.system_id = @system AND l.external_id <> ''
  WHERE o.business_id <> '' AND o.status IN ('ACTIVE', 'INACTIVE')
  ORDER BY o.business_id, o.id
) d ON d.business_id = c.business_id
WHERE c.status = 'ACTIVE' AND upper(c.number) <> 'TEMP'
  AND NOT EXISTS (SELECT FROM link l WHERE l.customer_id = c.id AND l.system_id = @system)
  AND NOT EXISTS (SELECT FROM plan_step s WHERE s.plan_id = @plan AND s.customer_id = c.id)
ON CONFLICT DO NOTHING`

// Records that are linked and that the list lacks; whether they are gone is another question.
const sqlAddMissingRecords = `
INSERT INTO plan_step (plan_id, place, action, side, external_id, customer_id, number, business_id, name, version, reason)
SELECT @plan, @after + row_number() OVER (ORDER BY l.external_id, l.id), 'MISSING', 'SYSTEM', l.external_id, c.id, c.number, c.business_id, c.name,
  c.version, 'The record is not in the system''s list.'
FROM link l
JOIN customer c ON c.organisation_id = l.organisation_id AND c.id = l.customer_id
LEFT JOIN run_item i ON i.organisation_id = l.organisation_id AND i.run_id = @plan AND i.external_id = l.external_id
WHERE l.system_id = @system AND l.external_id <> '' AND l.state <> 'NOT_IN_SCOPE' AND i.external_id IS NULL
ON CONFLICT DO NOTHING`

const sqlDropExports = `
DELETE FROM plan_step s
WHERE s.plan_id = @plan AND s.place > @after`

// Two records of the list that are new and carry the same number or business ID: each comes in, and a person should look.
const sqlMarkDoubles = `
WITH records AS (
  SELECT s.place, s.action, s.number, s.business_id,
    coalesce(lag(s.external_id) OVER numbers, lead(s.external_id) OVER numbers) AS same_number,
    coalesce(lag(s.external_id) OVER ids, lead(s.external_id) OVER ids) AS same_id
  FROM plan_step s
  WHERE s.plan_id = @plan AND s.side = 'HUB' AND s.action IN ('CREATE', 'DUPLICATE', 'LINK')
  WINDOW numbers AS (PARTITION BY s.number, CASE WHEN s.number = '' THEN s.place END ORDER BY s.place),
    ids AS (PARTITION BY s.business_id, CASE WHEN s.business_id = '' THEN s.place END ORDER BY s.place)
)
UPDATE plan_step s
SET action = 'DUPLICATE', reason = CASE
  WHEN r.same_number IS NOT NULL THEN 'The record ' || r.same_number || ' carries the same number ' || r.number || '.'
  ELSE 'The record ' || r.same_id || ' carries the same business ID ' || r.business_id || '.' END
FROM records r
WHERE s.plan_id = @plan AND s.place = r.place AND r.action = 'CREATE' AND coalesce(r.same_number, r.same_id) IS NOT NULL`

// Two records that are the same customer, as far as number and business ID tell: the first is, and the others come in beside it.
const sqlMarkSeconds = `
UPDATE plan_step s
SET action = 'DUPLICATE', customer_id = NULL, version = 0, changes = '[]',
  reason = 'The record ' || d.first || ' is the same customer, so this one comes in beside it.'
FROM (
  SELECT s.place, first_value(s.external_id) OVER same AS first, row_number() OVER same AS nth
  FROM plan_step s
  WHERE s.plan_id = @plan AND s.action = 'LINK'
  WINDOW same AS (PARTITION BY s.customer_id ORDER BY s.place)
) d
WHERE s.plan_id = @plan AND s.place = d.place AND d.nth > 1`

const sqlCountSteps = `
SELECT count(*) FILTER (WHERE s.action = 'LINK'), count(*) FILTER (WHERE s.action = 'CREATE'), count(*) FILTER (WHERE s.action = 'UPDATE'),
  count(*) FILTER (WHERE s.action = 'COLLIDE'), count(*) FILTER (WHERE s.action = 'DUPLICATE'), count(*) FILTER (WHERE s.action = 'INVALID'), count(*) FILTER (WHERE s.action = 'MISSING'),
  count(*) FILTER (WHERE s.result = 'EXECUTED'), count(*) FILTER (WHERE s.result = 'SKIPPED'), count(*) FILTER (WHERE s.place <= @after)
FROM plan_step s
WHERE s.plan_id = @plan`

// CompleteSteps adds what the hub has and the system lacks behind the place of the last record, when exports says so, and for a
// certificate what is linked and not in the list of its run; marks records that are doubles of each other, and counts. It gives how many
// records have a step. The rows it joins have just been written and were never analysed.
func CompleteSteps(ctx context.Context, db pg.DB, p *run.Plan, after int, exports bool) (records int, err error) {
	args := pgx.StrictNamedArgs{"plan": string(p.ID)}
	behind := pgx.StrictNamedArgs{"plan": string(p.ID), "after": after, "system": string(p.SystemID)}
	placed := pgx.StrictNamedArgs{"plan": string(p.ID), "after": after}
	err = Trip(ctx, db, func(b *pgx.Batch) {
		b.Queue(sqlWholeTables)
		b.Queue(sqlDropExports, placed)
		if p.Purpose == run.Certificate {
			b.Queue(sqlAddMissingRecords, behind)
		}
		if exports {
			b.Queue(sqlAddExports, behind)
		}
		b.Queue(sqlMarkSeconds, args)
		b.Queue(sqlMarkDoubles, args)
		b.Queue(sqlAnyTables)
		b.Queue(sqlCountSteps, placed).QueryRow(func(row pgx.Row) error { return scanCounts(row, &p.Counts, &records) })
	})
	return records, pg.Fault(err, "steps of plan %s", p.ID)
}

func scanCounts(row pgx.Row, c *run.PlanCounts, records *int) error {
	return row.Scan(&c.Link, &c.Create, &c.Update, &c.Collide, &c.Duplicate, &c.Invalid, &c.Missing, &c.Executed, &c.Skipped, records)
}

// CountSteps counts the steps of a plan by what they do, and what became of them.
func CountSteps(ctx context.Context, db pg.DB, plan run.ID) (c run.PlanCounts, err error) {
	var records int
	err = scanCounts(db.QueryRow(ctx, sqlCountSteps, pgx.StrictNamedArgs{"plan": string(plan), "after": 0}), &c, &records)
	return c, pg.Fault(err, "steps of plan %s", plan)
}

const sqlListStepsToDo = `
INSERT INTO run_item (run_id, external_id, place)
SELECT @run, s.external_id, s.place
FROM plan_step s
WHERE s.plan_id = @plan AND s.result = '' AND s.external_id <> ''
ON CONFLICT DO NOTHING`

// ListStepsToDo makes the records of the steps that were not executed the list of a run.
func ListStepsToDo(ctx context.Context, db pg.DB, c Claim, plan run.ID) error {
	_, err := db.Exec(ctx, sqlListStepsToDo, pgx.StrictNamedArgs{"run": string(c.Run), "plan": string(plan)})
	return pg.Fault(err, "steps of plan %s", plan)
}

const sqlStepsAt = `
SELECT ` + stepColumns + `
FROM plan_step s
WHERE s.plan_id = @plan AND s.place = ANY (@places)
ORDER BY s.place`

// ListStepsAt reads the steps of a plan that are at some places.
func ListStepsAt(ctx context.Context, db pg.DB, plan run.ID, places []int) ([]run.Step, error) {
	return listSteps(ctx, db, sqlStepsAt, pgx.StrictNamedArgs{"plan": string(plan), "places": places})
}

const sqlExportsToDo = `
SELECT ` + stepColumns + `
FROM plan_step s
WHERE s.plan_id = @plan AND s.place > @after AND s.result = '' AND s.external_id = '' AND s.customer_id IS NOT NULL
ORDER BY s.place
LIMIT @limit`

// ListExportsToDo reads the next steps that make records in the system and were not executed.
func ListExportsToDo(ctx context.Context, db pg.DB, plan run.ID, after, limit int) ([]run.Step, error) {
	return listSteps(ctx, db, sqlExportsToDo, pgx.StrictNamedArgs{"plan": string(plan), "after": after, "limit": limit})
}

// sqlAnyTables ends what sqlWholeTables began.
const sqlAnyTables = `SELECT set_config('enable_nestloop', 'on', true)`

const stepColumns = `s.place, s.action, s.side, s.external_id, s.customer_id, s.number, s.business_id, s.name, s.reason, s.changes, s.record, s.version,
  s.result, s.why`

const sqlNextSteps = `
SELECT ` + stepColumns + `
FROM plan_step s
WHERE s.plan_id = @plan AND s.place > @after
ORDER BY s.place
LIMIT @limit`

const sqlStepsOfAction = `
SELECT ` + stepColumns + `
FROM plan_step s
WHERE s.plan_id = @plan AND s.place > @after AND s.action = @action
ORDER BY s.place
LIMIT @limit`

const sqlStepsOfResult = `
SELECT ` + stepColumns + `
FROM plan_step s
WHERE s.plan_id = @plan AND s.place > @after AND (@action = '' OR s.action = @action) AND s.result = @result
ORDER BY s.place
LIMIT @limit`

// StepList asks for steps of a plan, in their order.
type StepList struct {
	Plan   run.ID
	Action run.StepAction // empty is any
	Result run.StepResult // empty is any
	After  int
	Limit  int
}

// ListSteps reads steps of a plan.
func ListSteps(ctx context.Context, db pg.DB, q StepList) ([]run.Step, error) {
	sql, args := sqlNextSteps, pgx.StrictNamedArgs{"plan": string(q.Plan), "after": q.After, "limit": q.Limit}
	switch {
	case q.Result != "":
		sql, args["action"], args["result"] = sqlStepsOfResult, string(q.Action), string(q.Result)
	case q.Action != "":
		sql, args["action"] = sqlStepsOfAction, string(q.Action)
	}
	return listSteps(ctx, db, sql, args)
}

const sqlCountListedSteps = `
SELECT count(*)
FROM plan_step s
WHERE s.plan_id = @plan AND (@action::text = '' OR s.action = @action) AND (@result::text = '' OR s.result = @result)`

// CountListedSteps counts the steps that a list has on all pages.
func CountListedSteps(ctx context.Context, db pg.DB, q StepList) (n int, err error) {
	args := pgx.StrictNamedArgs{"plan": string(q.Plan), "action": string(q.Action), "result": string(q.Result)}
	err = db.QueryRow(ctx, sqlCountListedSteps, args).Scan(&n)
	return n, pg.Fault(err, "steps of a plan")
}

func listSteps(ctx context.Context, db pg.DB, sql string, args pgx.StrictNamedArgs) ([]run.Step, error) {
	rows, _ := db.Query(ctx, sql, args)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[stepRow])
	if err != nil {
		return nil, pg.Fault(err, "steps of a plan")
	}
	out := make([]run.Step, len(found))
	for i, r := range found {
		if out[i], err = r.noun(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

const sqlResolveSteps = `
UPDATE plan_step s
SET result = r.result, why = r.why
FROM jsonb_to_recordset(@rows::jsonb) AS r (place integer, result text, why text)
WHERE s.plan_id = @plan AND s.place = r.place`

// ResolveSteps writes what became of steps.
func ResolveSteps(ctx context.Context, db pg.DB, plan run.ID, steps []run.Step) error {
	if len(steps) == 0 {
		return nil
	}
	rows := make([]stepRow, len(steps))
	for i, s := range steps {
		rows[i] = stepRow{Place: s.Place, Result: string(s.Result), Why: s.Why, Changes: json.RawMessage("[]")}
	}
	_, err := db.Exec(ctx, sqlResolveSteps, pgx.StrictNamedArgs{"plan": string(plan), "rows": asJSON(rows)})
	return pg.Fault(err, "steps of plan %s", plan)
}

const sqlHasFirstRun = `
SELECT EXISTS (
  SELECT FROM plan p
  WHERE p.system_id = @system AND p.purpose = 'FIRST_RUN' AND p.mode = ANY (@modes) AND p.state IN ('APPLYING', 'APPLIED'))`

// HasFirstRun says whether a first run of the system in one of the modes was approved and applied, or is being applied.
func HasFirstRun(ctx context.Context, db pg.DB, id system.ID, modes []run.Mode) (has bool, err error) {
	err = db.QueryRow(ctx, sqlHasFirstRun, pgx.StrictNamedArgs{"system": string(id), "modes": texts(modes)}).Scan(&has)
	return has, pg.Fault(err, "plans")
}
