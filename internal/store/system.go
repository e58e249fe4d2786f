package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/fault"
	"customerhub/internal/pg"
	"customerhub/internal/system"
)

type systemRow struct {
	ID               string          `db:"id"`
	Kind             string          `db:"kind"`
	Name             string          `db:"name"`
	State            string          `db:"state"`
	Settings         json.RawMessage `db:"settings"`
	Policy           json.RawMessage `db:"policy"`
	CredentialsSetAt *time.Time      `db:"credentials_set_at"`
	CheckedAt        *time.Time      `db:"checked_at"`
	Checks           json.RawMessage `db:"checks"`
	FaultCode        string          `db:"fault_code"`
	FaultMessage     string          `db:"fault_message"`
	FaultSince       *time.Time      `db:"fault_since"`
	PollEvery        time.Duration   `db:"poll_every"`
	NextDueAt        *time.Time      `db:"next_due_at"`
	Cursor           string          `db:"cursor"`
	FreshAt          *time.Time      `db:"fresh_at"`
	SweptAt          *time.Time      `db:"swept_at"`
	HoldUntil        *time.Time      `db:"hold_until"`
	HoldCount        int             `db:"hold_count"`
	ReportEmail      string          `db:"report_email"`
	ReportLanguage   string          `db:"report_language"`
	Activation       json.RawMessage `db:"activation"`
	Series           json.RawMessage `db:"series"`
	StartedAt        *time.Time      `db:"started_at"`
	CreatedAt        time.Time       `db:"created_at"`
	UpdatedAt        time.Time       `db:"updated_at"`
}

const systemColumns = `s.id, s.kind, s.name, s.state, s.settings, s.policy, s.credentials_set_at, s.checked_at, s.checks, s.fault_code,
  s.fault_message, s.fault_since, s.poll_every, s.next_due_at, s.cursor, s.fresh_at, s.swept_at, s.hold_until, s.hold_count,
  s.report_email, s.report_language, s.activation, s.series, s.started_at, s.created_at, s.updated_at`

func (r systemRow) noun() (system.System, error) {
	s := system.System{
		ID: system.ID(r.ID), Kind: system.Kind(r.Kind), Name: r.Name, State: system.State(r.State),
		CredentialsSetAt: timeOf(r.CredentialsSetAt), CheckedAt: timeOf(r.CheckedAt), PollEvery: r.PollEvery,
		NextDueAt: timeOf(r.NextDueAt), Cursor: r.Cursor, FreshAt: timeOf(r.FreshAt), SweptAt: timeOf(r.SweptAt), HoldUntil: timeOf(r.HoldUntil), HoldCount: r.HoldCount,
		ReportEmail: r.ReportEmail, ReportLanguage: r.ReportLanguage, StartedAt: timeOf(r.StartedAt),
		CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
	}
	if r.FaultCode != "" {
		s.Fault = &system.Fault{Code: fault.Code(r.FaultCode), Message: r.FaultMessage, Since: timeOf(r.FaultSince)}
	}
	if len(r.Activation) > 0 {
		if err := json.Unmarshal(r.Activation, &s.Activation); err != nil {
			return system.System{}, fmt.Errorf("reading the activation of system %s: %w", r.ID, err)
		}
	}
	if err := json.Unmarshal(r.Series, &s.Series); err != nil {
		return system.System{}, fmt.Errorf("reading the number series of system %s: %w", r.ID, err)
	}
	if err := json.Unmarshal(r.Settings, &s.Settings); err != nil {
		return system.System{}, fmt.Errorf("reading settings of system %s: %w", r.ID, err)
	}
	if err := json.Unmarshal(r.Policy, &s.Policy); err != nil {
		return system.System{}, fmt.Errorf("reading the policy of system %s: %w", r.ID, err)
	}
	if err := json.Unmarshal(r.Checks, &s.Checks); err != nil {
		return system.System{}, fmt.Errorf("reading checks of system %s: %w", r.ID, err)
	}
	return s, nil
}

const sqlListSystems = `
SELECT ` + systemColumns + `
FROM system s
ORDER BY s.created_at, s.id`

const sqlSystemsByID = `
SELECT ` + systemColumns + `
FROM system s
WHERE s.id = ANY (@ids)
ORDER BY s.id`

const sqlLockSystem = `
SELECT ` + systemColumns + `
FROM system s
WHERE s.id = @id
FOR UPDATE`

// ListSystems reads all systems of the organisation, oldest first.
func ListSystems(ctx context.Context, db pg.DB) ([]system.System, error) {
	rows, _ := db.Query(ctx, sqlListSystems)
	return collectSystems(rows)
}

// ListSystemsByID reads systems; ids that do not exist are left out.
func ListSystemsByID(ctx context.Context, db pg.DB, ids []system.ID) ([]system.System, error) {
	rows, _ := db.Query(ctx, sqlSystemsByID, pgx.StrictNamedArgs{"ids": texts(ids)})
	return collectSystems(rows)
}

// GetSystem returns the system, or NotFound.
func GetSystem(ctx context.Context, db pg.DB, id system.ID) (system.System, error) {
	found, err := ListSystemsByID(ctx, db, []system.ID{id})
	if err != nil {
		return system.System{}, err
	}
	if len(found) == 0 {
		return system.System{}, noSystem(id)
	}
	return found[0], nil
}

// LockSystem returns the system and keeps others from changing it until the transaction ends, or NotFound.
func LockSystem(ctx context.Context, db pg.DB, id system.ID) (system.System, error) {
	rows, _ := db.Query(ctx, sqlLockSystem, pgx.StrictNamedArgs{"id": string(id)})
	found, err := collectSystems(rows)
	if err != nil {
		return system.System{}, err
	}
	if len(found) == 0 {
		return system.System{}, noSystem(id)
	}
	return found[0], nil
}

func noSystem(id system.ID) error {
	return fault.New(fault.NotFound, "There is no system %s in this organisation.", id)
}

func collectSystems(rows pgx.Rows) ([]system.System, error) {
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[systemRow])
	if err != nil {
		return nil, pg.Fault(err, "systems")
	}
	return systemNouns(found)
}

func systemNouns(rows []systemRow) ([]system.System, error) {
	out := make([]system.System, len(rows))
	for i, r := range rows {
		s, err := r.noun()
		if err != nil {
			return nil, err
		}
		out[i] = s
	}
	return out, nil
}

const sqlInsertSystem = `
INSERT INTO system (id, kind, name, state, settings, poll_every)
VALUES (@id, @kind, @name, @state, @settings, @poll_every)`

// InsertSystem adds a system without credentials.
func InsertSystem(ctx context.Context, db pg.DB, s system.System) error {
	_, err := db.Exec(ctx, sqlInsertSystem, pgx.StrictNamedArgs{
		"id": string(s.ID), "kind": string(s.Kind), "name": s.Name, "state": string(s.State),
		"settings": asJSON(s.Settings), "poll_every": s.PollEvery,
	})
	return pg.Fault(err, "system")
}

const sqlUpdateSystem = `
UPDATE system
SET state = @state, checked_at = @checked_at, checks = @checks, fault_code = @fault_code, fault_message = @fault_message,
  fault_since = @fault_since, next_due_at = @next_due_at, cursor = @cursor, fresh_at = @fresh_at, swept_at = @swept_at,
  activation = @activation, series = @series, updated_at = now(),
  started_at = CASE WHEN @state = 'RUNNING' THEN coalesce(started_at, now()) ELSE started_at END
WHERE id = @id`

// UpdateSystem writes the state of a system: everything but kind, name, settings and credentials. The caller holds its lock.
func UpdateSystem(ctx context.Context, db pg.DB, s system.System) error {
	args := pgx.StrictNamedArgs{
		"id": string(s.ID), "state": string(s.State), "checked_at": timeOrNull(s.CheckedAt), "checks": asJSON(nonNil(s.Checks)),
		"fault_code": "", "fault_message": "", "fault_since": (*time.Time)(nil),
		"next_due_at": timeOrNull(s.NextDueAt), "cursor": s.Cursor, "fresh_at": timeOrNull(s.FreshAt),
		"swept_at": timeOrNull(s.SweptAt), "activation": (json.RawMessage)(nil), "series": asJSON(nonNil(s.Series)),
	}
	if s.Activation != nil {
		args["activation"] = json.RawMessage(asJSON(s.Activation))
	}
	if f := s.Fault; f != nil {
		args["fault_code"], args["fault_message"], args["fault_since"] = string(f.Code), f.Message, timeOrNull(f.Since)
	}
	tag, err := db.Exec(ctx, sqlUpdateSystem, args)
	return one(tag, err, "system %s", s.ID)
}

const sqlSetPolicy = `
UPDATE system
SET policy = @policy, updated_at = now()
WHERE id = @id`

// SetSystemPolicy stores which way values flow between the hub and the system.
func SetSystemPolicy(ctx context.Context, db pg.DB, id system.ID, p system.Policy) error {
	tag, err := db.Exec(ctx, sqlSetPolicy, pgx.StrictNamedArgs{"id": string(id), "policy": asJSON(p)})
	return one(tag, err, "system %s", id)
}

const sqlSetSettings = `
UPDATE system
SET settings = @settings, updated_at = now()
WHERE id = @id`

// SetSystemSettings stores what is configured and not secret.
func SetSystemSettings(ctx context.Context, db pg.DB, id system.ID, settings map[string]string) error {
	tag, err := db.Exec(ctx, sqlSetSettings, pgx.StrictNamedArgs{"id": string(id), "settings": asJSON(settings)})
	return one(tag, err, "system %s", id)
}

const sqlSetCredentials = `
UPDATE system
SET credentials = @sealed, credentials_set_at = now(), updated_at = now()
WHERE id = @id`

// SetSealedCredentials stores credentials that are sealed already.
func SetSealedCredentials(ctx context.Context, db pg.DB, id system.ID, sealed []byte) error {
	tag, err := db.Exec(ctx, sqlSetCredentials, pgx.StrictNamedArgs{"id": string(id), "sealed": sealed})
	return one(tag, err, "system %s", id)
}

const sqlGetCredentials = `
SELECT s.credentials
FROM system s
WHERE s.id = @id`

// GetSealedCredentials gives the sealed credentials; nil when none are set.
func GetSealedCredentials(ctx context.Context, db pg.DB, id system.ID) ([]byte, error) {
	var sealed []byte
	err := db.QueryRow(ctx, sqlGetCredentials, pgx.StrictNamedArgs{"id": string(id)}).Scan(&sealed)
	return sealed, pg.Fault(err, "system %s", id)
}

const sqlCheckWritable = `SELECT pg_current_xact_id(), current_setting('transaction_read_only')`

// CheckWritable says whether the database takes writes. A primary that became a standby answers pings and refuses writes.
func CheckWritable(ctx context.Context, db pg.DB) error {
	var xid uint64
	var readOnly string
	if err := db.QueryRow(ctx, sqlCheckWritable).Scan(&xid, &readOnly); err != nil {
		return pg.Fault(err, "database")
	}
	if readOnly == "on" {
		return fault.New(fault.Unavailable, "The database takes no writes at the moment.")
	}
	return nil
}

const sqlNow = `SELECT now()`

// Now is the time of the database, which decides wherever replicas have to agree.
func Now(ctx context.Context, db pg.DB) (time.Time, error) {
	var t time.Time
	err := db.QueryRow(ctx, sqlNow).Scan(&t)
	return t.UTC(), pg.Fault(err, "clock")
}

const sqlProposePolls = `SELECT hub_propose_polls(@salt)`

// ProposePolls queues a run for every running system that is due, in all organisations, and gives their number.
func ProposePolls(ctx context.Context, db pg.DB) (int, error) {
	var n int
	err := db.QueryRow(ctx, sqlProposePolls, pgx.StrictNamedArgs{"salt": NewID()}).Scan(&n)
	return n, pg.Fault(err, "due systems")
}

const sqlAlign = `
UPDATE system
SET write_every = NULLIF(@every::interval, interval '0'), write_offset = @offset
WHERE id = @id`

// AlignPolls has the other systems of the organisation looked at when the system is sent what they changed: every so often, an offset behind the full
// multiples of that time. Zero is at any time.
func AlignPolls(ctx context.Context, db pg.DB, id system.ID, every, offset time.Duration) error {
	_, err := db.Exec(ctx, sqlAlign, pgx.StrictNamedArgs{"id": string(id), "every": every, "offset": offset})
	return pg.Fault(err, "system %s", id)
}

const sqlHurrySources = `
UPDATE system s
SET source_kind = @kind, source_every = NULLIF(@every::interval, interval '0')
WHERE s.id = @id`

const sqlHurried = `
UPDATE system s
SET next_due_at = now() + @every::interval
WHERE s.kind = @kind AND s.state = 'RUNNING' AND s.next_due_at > now() + @every::interval AND s.fault_code NOT IN ('LIMITED', 'MAINTENANCE')`

// HurrySources has running systems of a kind looked at at least so often while a system runs whose records are made from theirs; zero leaves
// them their own time.
func HurrySources(ctx context.Context, db pg.DB, id system.ID, from system.Kind, every time.Duration) error {
	return Trip(ctx, db, func(b *pgx.Batch) {
		b.Queue(sqlHurrySources, pgx.StrictNamedArgs{"id": string(id), "kind": string(from), "every": every})
		if every > 0 {
			b.Queue(sqlHurried, pgx.StrictNamedArgs{"kind": string(from), "every": every})
		}
	})
}

const sqlRunningOfKind = `
SELECT s.id
FROM system s
WHERE s.kind = @kind AND s.state = 'RUNNING' AND s.id <> @except
LIMIT 1`

// FindRunningOfKind gives a running system of a kind other than except, or an empty id.
func FindRunningOfKind(ctx context.Context, db pg.DB, kind system.Kind, except system.ID) (system.ID, error) {
	var id string
	err := db.QueryRow(ctx, sqlRunningOfKind, pgx.StrictNamedArgs{"kind": string(kind), "except": string(except)}).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return system.ID(id), pg.Fault(err, "systems")
}
