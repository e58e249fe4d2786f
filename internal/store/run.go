package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/change"
	"customerhub/internal/fault"
	"customerhub/internal/organisation"
	"customerhub/internal/pg"
	"customerhub/internal/run"
	"customerhub/internal/system"
)

type runRow struct {
	ID         string          `db:"id"`
	SystemID   string          `db:"system_id"`
	Kind       string          `db:"kind"`
	State      string          `db:"state"`
	ActorKind  string          `db:"actor_kind"`
	ActorID    string          `db:"actor_id"`
	ActorName  string          `db:"actor_name"`
	Counts     json.RawMessage `db:"counts"`
	Total      int             `db:"total"`
	Done       int             `db:"done"`
	FaultCode  string          `db:"fault_code"`
	Message    string          `db:"message"`
	Sample     string          `db:"sample"`
	CreatedAt  time.Time       `db:"created_at"`
	StartedAt  *time.Time      `db:"started_at"`
	FinishedAt *time.Time      `db:"finished_at"`
}

const runColumns = `r.id, r.system_id, r.kind, r.state, r.actor_kind, r.actor_id, r.actor_name, r.counts, r.total, r.done,
  r.fault_code, r.message, r.sample, r.created_at, r.started_at, r.finished_at`

func (r runRow) noun() (run.Run, error) {
	out := run.Run{
		ID: run.ID(r.ID), SystemID: system.ID(r.SystemID), Kind: run.Kind(r.Kind), State: run.State(r.State),
		RequestedBy: change.Actor{Kind: change.ActorKind(r.ActorKind), ID: r.ActorID, Name: r.ActorName},
		Total:       r.Total, Done: r.Done, FaultCode: fault.Code(r.FaultCode), Message: r.Message, Sample: r.Sample,
		CreatedAt: r.CreatedAt.UTC(), StartedAt: timeOf(r.StartedAt), FinishedAt: timeOf(r.FinishedAt),
	}
	if err := json.Unmarshal(r.Counts, &out.Counts); err != nil {
		return run.Run{}, fmt.Errorf("reading counts of run %s: %w", r.ID, err)
	}
	return out, nil
}

func collectRuns(rows pgx.Rows) ([]run.Run, error) {
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[runRow])
	if err != nil {
		return nil, pg.Fault(err, "runs")
	}
	out := make([]run.Run, len(found))
	for i, r := range found {
		if out[i], err = r.noun(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

const sqlRunsByID = `
SELECT ` + runColumns + `
FROM run r
WHERE r.id = ANY (@ids)
ORDER BY r.id`

// ListRunsByID reads runs; ids that do not exist are left out.
func ListRunsByID(ctx context.Context, db pg.DB, ids []run.ID) ([]run.Run, error) {
	rows, _ := db.Query(ctx, sqlRunsByID, pgx.StrictNamedArgs{"ids": texts(ids)})
	return collectRuns(rows)
}

const sqlLastRuns = `
SELECT ` + runColumns + `
FROM unnest(@ids::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
  SELECT *
  FROM run one
  WHERE one.system_id = wanted.id
  ORDER BY one.created_at DESC, one.id DESC
  LIMIT 1
) r
ORDER BY r.system_id`

// ListLastRuns reads the newest run of each system that has one.
func ListLastRuns(ctx context.Context, db pg.DB, ids []system.ID) ([]run.Run, error) {
	rows, _ := db.Query(ctx, sqlLastRuns, pgx.StrictNamedArgs{"ids": texts(ids)})
	return collectRuns(rows)
}

// RunList asks for a part of the list of runs, newest first.
type RunList struct {
	System system.ID
	State  run.State
	Kind   run.Kind
	// From is the run after which to begin, in reading direction; empty begins at the end that is read first.
	From      RunPlace
	Backwards bool
	Limit     int
	Total     bool
}

// RunPlace is where a run stands in the list.
type RunPlace struct {
	CreatedAt time.Time
	ID        run.ID
}

// RunRows are runs in list order.
type RunRows struct {
	Runs  []run.Run
	More  bool
	Total int
}

// ListRuns reads a part of the list of runs.
func ListRuns(ctx context.Context, db pg.DB, q RunList) (RunRows, error) {
	conditions, args := []string{"true"}, pgx.StrictNamedArgs{}
	for column, value := range map[string]string{"system_id": string(q.System), "state": string(q.State), "kind": string(q.Kind)} {
		if value != "" {
			conditions = append(conditions, "r."+column+" = @"+column)
			args[column] = value
		}
	}
	where := strings.Join(conditions, " AND ")
	var out RunRows
	if q.Total {
		rows, _ := db.Query(ctx, `SELECT count(*) FROM run r WHERE `+where, args)
		total, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[int])
		if err != nil {
			return RunRows{}, pg.Fault(err, "runs")
		}
		out.Total = total
	}
	operator, order := "<", "r.created_at DESC, r.id DESC"
	if q.Backwards {
		operator, order = ">", "r.created_at, r.id"
	}
	if q.From.ID != "" {
		where += " AND (r.created_at, r.id) " + operator + " (@from_time, @from_id::uuid)"
		args["from_time"], args["from_id"] = q.From.CreatedAt, string(q.From.ID)
	}
	args["limit"] = q.Limit + 1
	rows, _ := db.Query(ctx, `SELECT `+runColumns+` FROM run r WHERE `+where+` ORDER BY `+order+` LIMIT @limit`, args)
	runs, err := collectRuns(rows)
	if err != nil {
		return RunRows{}, err
	}
	if out.More = len(runs) > q.Limit; out.More {
		runs = runs[:q.Limit]
	}
	if q.Backwards {
		for i, j := 0, len(runs)-1; i < j; i, j = i+1, j-1 {
			runs[i], runs[j] = runs[j], runs[i]
		}
	}
	out.Runs = runs
	return out, nil
}

const sqlFindUnfinishedRun = `
SELECT ` + runColumns + `
FROM run r
WHERE r.system_id = @system AND r.state IN ('QUEUED', 'RUNNING')
ORDER BY r.created_at, r.id
LIMIT 1`

// FindUnfinishedRun gives the oldest run of the system that has not ended, or nil.
func FindUnfinishedRun(ctx context.Context, db pg.DB, id system.ID) (*run.Run, error) {
	rows, _ := db.Query(ctx, sqlFindUnfinishedRun, pgx.StrictNamedArgs{"system": string(id)})
	found, err := collectRuns(rows)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

const sqlInsertRun = `
INSERT INTO run AS r (id, system_id, kind, state, actor_kind, actor_id, actor_name)
VALUES (@id, @system, @kind, 'QUEUED', @actor_kind, @actor_id, @actor_name)
RETURNING ` + runColumns

// InsertRun queues a run and returns it.
func InsertRun(ctx context.Context, db pg.DB, r run.Run) (run.Run, error) {
	rows, _ := db.Query(ctx, sqlInsertRun, pgx.StrictNamedArgs{
		"id": string(r.ID), "system": string(r.SystemID), "kind": string(r.Kind),
		"actor_kind": string(r.RequestedBy.Kind), "actor_id": r.RequestedBy.ID, "actor_name": r.RequestedBy.Name,
	})
	found, err := collectRuns(rows)
	if err != nil {
		return run.Run{}, err
	}
	return found[0], nil
}

// Claim is a run in the hands of one worker. The fence grows with each claim, and a result under an older one is refused.
type Claim struct {
	Organisation organisation.ID
	Run          run.ID
	Fence        int64
}

const sqlClaimRun = `
SELECT c.organisation_id, c.run_id, c.fence
FROM hub_claim_run(@holder, @lease) c`

// ClaimRun takes the oldest run that waits or was left behind, of any organisation; nil when there is none. It runs
// outside any organisation.
func ClaimRun(ctx context.Context, db pg.DB, holder string, lease time.Duration) (*Claim, error) {
	var org, id string
	var c Claim
	err := db.QueryRow(ctx, sqlClaimRun, pgx.StrictNamedArgs{"holder": holder, "lease": lease}).Scan(&org, &id, &c.Fence)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	c.Organisation, c.Run = organisation.ID(org), run.ID(id)
	return &c, pg.Fault(err, "waiting runs")
}

const sqlHoldRun = `
SELECT r.id
FROM run r
WHERE r.id = @id AND r.fence = @fence AND r.state = 'RUNNING'`

const sqlLockRun = sqlHoldRun + `
FOR NO KEY UPDATE`

// CheckRunHeld says whether the claim still holds the run: Stale when somebody else does. What was read before it in the
// same READ COMMITTED transaction was not yet touched by a successor, since fences only grow.
func CheckRunHeld(ctx context.Context, db pg.DB, c Claim) error {
	return checkHeld(ctx, db, sqlHoldRun, c)
}

// LockRun is CheckRunHeld that also keeps others from taking the run over until the transaction ends.
func LockRun(ctx context.Context, db pg.DB, c Claim) error { return checkHeld(ctx, db, sqlLockRun, c) }

func checkHeld(ctx context.Context, db pg.DB, sql string, c Claim) error {
	tag, err := db.Exec(ctx, sql, pgx.StrictNamedArgs{"id": string(c.Run), "fence": c.Fence})
	return held(tag.RowsAffected(), err, c)
}

const sqlProgressRun = `
UPDATE run
SET counts = @counts, total = @total, done = greatest(done, @done), place = @place, claims = 0,
  lease_until = now() + @lease::interval
WHERE id = @id AND fence = @fence AND state = 'RUNNING'`

// ProgressRun writes how far the run is, and up to which place of its list, and renews its lease. Stale means that somebody
// else holds the run now.
func ProgressRun(ctx context.Context, db pg.DB, c Claim, r run.Run, place int, lease time.Duration) error {
	tag, err := db.Exec(ctx, sqlProgressRun, pgx.StrictNamedArgs{
		"id": string(c.Run), "fence": c.Fence, "counts": asJSON(r.Counts), "total": r.Total, "done": r.Done, "place": place,
		"lease": lease,
	})
	return held(tag.RowsAffected(), err, c)
}

const sqlRenewRun = `
UPDATE run
SET lease_until = now() + @lease::interval
WHERE id = @id AND fence = @fence AND state = 'RUNNING'`

// RenewRun holds the run for another lease. Stale means that somebody else holds the run now.
func RenewRun(ctx context.Context, db pg.DB, c Claim, lease time.Duration) error {
	tag, err := db.Exec(ctx, sqlRenewRun, pgx.StrictNamedArgs{"id": string(c.Run), "fence": c.Fence, "lease": lease})
	return held(tag.RowsAffected(), err, c)
}

const sqlFinishRun = `
UPDATE run
SET state = @state, counts = @counts, total = @total, done = greatest(done, @done), fault_code = @fault_code,
  message = @message, sample = @sample, finished_at = now(), lease_until = NULL, holder = ''
WHERE id = @id AND fence = @fence AND state = 'RUNNING'`

// FinishRun writes the end of the run: its state, counts and reason. Stale means that somebody else holds the run now.
func FinishRun(ctx context.Context, db pg.DB, c Claim, r run.Run) error {
	tag, err := db.Exec(ctx, sqlFinishRun, pgx.StrictNamedArgs{
		"id": string(c.Run), "fence": c.Fence, "state": string(r.State), "counts": asJSON(r.Counts), "total": r.Total,
		"done": r.Done, "fault_code": string(r.FaultCode), "message": r.Message, "sample": r.Sample,
	})
	return held(tag.RowsAffected(), err, c)
}

const sqlReleaseRun = `
UPDATE run
SET state = 'QUEUED', lease_until = NULL, holder = '', claims = greatest(claims - 1, 0)
WHERE id = @id AND fence = @fence AND state = 'RUNNING'`

// ReleaseRun gives the run back, so that another worker takes it at once.
func ReleaseRun(ctx context.Context, db pg.DB, c Claim) error {
	tag, err := db.Exec(ctx, sqlReleaseRun, pgx.StrictNamedArgs{"id": string(c.Run), "fence": c.Fence})
	return held(tag.RowsAffected(), err, c)
}

func held(rows int64, err error, c Claim) error {
	if err != nil {
		return pg.Fault(err, "run %s", c.Run)
	}
	if rows == 0 {
		return fault.New(fault.Stale, "The run %s is in other hands now.", c.Run)
	}
	return nil
}
