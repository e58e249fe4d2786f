package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/link"
	"customerhub/internal/pg"
	"customerhub/internal/system"
)

const (
	// brakeSlot is how finely the window slides.
	brakeSlot = 10 * time.Minute
	// brakeFresh is how long the number of linked records is believed while a stop stands.
	brakeFresh = 5 * time.Second
)

// BrakeState is what a brake has counted.
type BrakeState struct {
	// Limits are those of the system now, and Since when the window began.
	Limits system.Brake
	Since  time.Time
	// Counted is how many records were changed in the window, by class.
	Counted map[link.Class]int
	// Records is how many records were linked when that was last counted, and Fresh says that it was just now. Recounted says that
	// whoever holds the lock counted them anew.
	Records          int
	Fresh, Recounted bool
	// Stops are those of the classes that nobody has ruled about.
	Stops map[link.Class]link.StopID
}

// Counts says whether a change that was counted at the moment still counts.
func (s *BrakeState) Counts(at time.Time) bool {
	return at.Truncate(brakeSlot).Add(brakeSlot).After(s.Since)
}

const sqlEnsureBrake = `
INSERT INTO brake (system_id, way)
VALUES (@system, @way)
ON CONFLICT DO NOTHING`

const sqlLockBrake = `
SELECT b.records, coalesce(b.counted_at > now() - @fresh::interval, false), s.policy -> 'brake'
FROM brake b
JOIN system s ON s.organisation_id = b.organisation_id AND s.id = b.system_id
WHERE b.system_id = @system AND b.way = @way
FOR NO KEY UPDATE OF b`

const sqlBrakeCounts = `
SELECT k.class, sum(k.n)::integer
FROM brake_slot k
WHERE k.system_id = @system AND k.slot > @after
GROUP BY k.class
ORDER BY k.class`

const sqlOpenStops = `
SELECT s.class, s.id
FROM brake_stop s
WHERE s.system_id = @system AND s.ruling = ''
ORDER BY s.class`

// No window is longer than that.
const sqlForgetSlots = `
DELETE FROM brake_slot
WHERE system_id = @system AND slot < now() - interval '40 days'`

// LockBrake keeps others from counting changes of the system and the way until the transaction ends, and gives what was counted in the
// window, which begins with the run at began where that is longer ago.
func LockBrake(ctx context.Context, db pg.DB, sys system.ID, way link.Way, began, now time.Time) (BrakeState, error) {
	s := BrakeState{Counted: make(map[link.Class]int), Stops: make(map[link.Class]link.StopID)}
	var limits *system.Brake
	err := Trip(ctx, db, func(b *pgx.Batch) {
		b.Queue(sqlEnsureBrake, pgx.StrictNamedArgs{"system": string(sys), "way": string(way)})
		b.Queue(sqlLockBrake, pgx.StrictNamedArgs{"system": string(sys), "way": string(way), "fresh": brakeFresh}).QueryRow(func(row pgx.Row) error {
			return row.Scan(&s.Records, &s.Fresh, &limits)
		})
		b.Queue(sqlForgetSlots, pgx.StrictNamedArgs{"system": string(sys)})
	})
	if err != nil {
		return s, err
	}
	if limits != nil {
		s.Limits = *limits
	}
	s.Since = now.Add(-s.Limits.Window())
	if !began.IsZero() && began.Before(s.Since) {
		s.Since = began
	}
	// These see what whoever held the lock before has committed.
	err = Trip(ctx, db, func(b *pgx.Batch) {
		b.Queue(sqlBrakeCounts, pgx.StrictNamedArgs{"system": string(sys), "after": s.Since.Add(-brakeSlot)}).Query(func(rows pgx.Rows) error {
			var class string
			var n int
			_, err := pgx.ForEachRow(rows, []any{&class, &n}, func() error {
				s.Counted[link.Class(class)] = n
				return nil
			})
			return err
		})
		b.Queue(sqlOpenStops, pgx.StrictNamedArgs{"system": string(sys)}).Query(func(rows pgx.Rows) error {
			var class, id string
			_, err := pgx.ForEachRow(rows, []any{&class, &id}, func() error {
				s.Stops[link.Class(class)] = link.StopID(id)
				return nil
			})
			return err
		})
	})
	return s, err
}

const sqlCountLinked = `
UPDATE brake b
SET counted_at = now(), records = (
  SELECT count(*)
  FROM link l
  WHERE l.organisation_id = b.organisation_id AND l.system_id = b.system_id AND l.is_primary AND l.external_id <> '' AND l.state <> 'NOT_IN_SCOPE')
WHERE b.system_id = @system AND b.way = @way
RETURNING b.records`

// CountLinked counts the records of a system that customers are kept in agreement with, and keeps the number. The caller holds the
// brake.
func CountLinked(ctx context.Context, db pg.DB, sys system.ID, way link.Way) (n int, err error) {
	err = db.QueryRow(ctx, sqlCountLinked, pgx.StrictNamedArgs{"system": string(sys), "way": string(way)}).Scan(&n)
	return n, pg.Fault(err, "links")
}

// BrakeCount says how many more records were changed in the time that a moment lies in.
type BrakeCount struct {
	Class link.Class
	At    time.Time
	More  int
}

type slotRow struct {
	Class string    `json:"class"`
	Slot  time.Time `json:"slot"`
	N     int       `json:"n"`
}

const sqlCountChanges = `
INSERT INTO brake_slot AS k (system_id, class, slot, n)
SELECT @system, r.class, r.slot, sum(r.n)
FROM jsonb_to_recordset(@rows::jsonb) AS r (class text, slot timestamptz, n integer)
GROUP BY r.class, r.slot
ON CONFLICT (organisation_id, system_id, class, slot) DO UPDATE SET n = greatest(k.n + excluded.n, 0)`

// CountChanges adds to what was counted. The caller holds the brake.
func CountChanges(ctx context.Context, db pg.DB, sys system.ID, counts []BrakeCount) error {
	rows := make([]slotRow, len(counts))
	for i, c := range counts {
		rows[i] = slotRow{string(c.Class), c.At.Truncate(brakeSlot), c.More}
	}
	_, err := db.Exec(ctx, sqlCountChanges, pgx.StrictNamedArgs{"system": string(sys), "rows": asJSON(rows)})
	return pg.Fault(err, "brake")
}

const sqlInsertStop = `
INSERT INTO brake_stop (id, system_id, class, finding_id, run_id, counted, records, most, since)
VALUES (@id, @system, @class, @finding, @run, @counted, @records, @most, @since)`

// InsertStop keeps that a brake was pulled.
func InsertStop(ctx context.Context, db pg.DB, sys system.ID, about finding.ID, s link.Stop) error {
	_, err := db.Exec(ctx, sqlInsertStop, pgx.StrictNamedArgs{
		"id": string(s.ID), "system": string(sys), "class": string(s.Class), "finding": string(about), "run": textOrNull(s.Run),
		"counted": s.Counted, "records": s.Records, "most": s.Most, "since": s.Since,
	})
	return pg.Fault(err, "stop of system %s", sys)
}

// FoundStop is a stop with its system and its finding.
type FoundStop struct {
	link.Stop
	System  system.ID
	Finding finding.ID
}

type stopRow struct {
	ID        string     `db:"id"`
	SystemID  string     `db:"system_id"`
	FindingID string     `db:"finding_id"`
	Class     string     `db:"class"`
	RunID     *string    `db:"run_id"`
	Counted   int        `db:"counted"`
	Records   int        `db:"records"`
	Most      int        `db:"most"`
	Since     time.Time  `db:"since"`
	StoppedAt time.Time  `db:"stopped_at"`
	Parked    int        `db:"parked"`
	Ruling    string     `db:"ruling"`
	RuledBy   string     `db:"ruled_by"`
	RuledAt   *time.Time `db:"ruled_at"`
	Note      string     `db:"note"`
}

func (r stopRow) noun() FoundStop {
	return FoundStop{
		Stop: link.Stop{
			ID: link.StopID(r.ID), Class: link.Class(r.Class), Counted: r.Counted, Records: r.Records, Most: r.Most, Since: r.Since.UTC(),
			StoppedAt: r.StoppedAt.UTC(), Parked: r.Parked, Run: textOf[string](r.RunID), Ruling: link.Ruling(r.Ruling), By: r.RuledBy, Note: r.Note,
			RuledAt: timeOf(r.RuledAt),
		},
		System: system.ID(r.SystemID), Finding: finding.ID(r.FindingID),
	}
}

const stopColumns = `s.id, s.system_id, s.finding_id, s.class, s.run_id, s.counted, s.records, s.most, s.since, s.stopped_at, s.parked, s.ruling,
  s.ruled_by, s.ruled_at, s.note`

const sqlStopsByID = `
SELECT ` + stopColumns + `
FROM brake_stop s
WHERE s.id = ANY (@ids)
ORDER BY s.id`

// ListStopsByID reads stops; ids that do not exist are left out.
func ListStopsByID(ctx context.Context, db pg.DB, ids []link.StopID) ([]FoundStop, error) {
	return listStops(ctx, db, sqlStopsByID, texts(ids))
}

const sqlStopsOfFindings = `
SELECT ` + stopColumns + `
FROM brake_stop s
WHERE s.finding_id = ANY (@ids)
ORDER BY s.id`

// ListStopsOfFindings reads the stops that findings tell of.
func ListStopsOfFindings(ctx context.Context, db pg.DB, ids []finding.ID) ([]FoundStop, error) {
	return listStops(ctx, db, sqlStopsOfFindings, texts(ids))
}

func listStops(ctx context.Context, db pg.DB, sql string, ids []string) ([]FoundStop, error) {
	rows, _ := db.Query(ctx, sql, pgx.StrictNamedArgs{"ids": ids})
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[stopRow])
	if err != nil {
		return nil, pg.Fault(err, "stops")
	}
	out := make([]FoundStop, len(found))
	for i, r := range found {
		out[i] = r.noun()
	}
	return out, nil
}

const sqlParkMore = `
UPDATE brake_stop s
SET parked = greatest(s.parked + @more, 0)
WHERE s.id = @id
RETURNING ` + stopColumns

// ParkMore notes that a stop keeps so many records more, and gives it as it is then; nil when there is none.
func ParkMore(ctx context.Context, db pg.DB, id link.StopID, more int) (*FoundStop, error) {
	rows, _ := db.Query(ctx, sqlParkMore, pgx.StrictNamedArgs{"id": string(id), "more": more})
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[stopRow])
	if err != nil || len(found) == 0 {
		return nil, pg.Fault(err, "stop %s", id)
	}
	s := found[0].noun()
	return &s, nil
}

const sqlRuleStop = `
UPDATE brake_stop
SET ruling = @ruling, ruled_by = @by, note = @note, ruled_at = now()
WHERE id = @id AND ruling = ''`

// RuleStop writes what was decided about a stop that nobody has ruled about.
func RuleStop(ctx context.Context, db pg.DB, id link.StopID, r link.Ruling, by, note string) error {
	tag, err := db.Exec(ctx, sqlRuleStop, pgx.StrictNamedArgs{"id": string(id), "ruling": string(r), "by": by, "note": note})
	return one(tag, err, "stop %s", id)
}

const sqlTellFinding = `
UPDATE finding
SET message = @message
WHERE id = @id AND resolved_at IS NULL`

// TellFinding gives a finding that stands other words, such as newer numbers.
func TellFinding(ctx context.Context, db pg.DB, id finding.ID, message string) error {
	_, err := db.Exec(ctx, sqlTellFinding, pgx.StrictNamedArgs{"id": string(id), "message": message})
	return pg.Fault(err, "finding %s", id)
}

const sqlTellFindingOf = `
UPDATE finding
SET message = @message
WHERE system_id = @system AND external_id = @record AND code = @code AND resolved_at IS NULL AND message <> @message`

// TellFindingOf is TellFinding for the finding of a code about a record, where one stands.
func TellFindingOf(ctx context.Context, db pg.DB, sys system.ID, externalID string, code finding.Code, message string) error {
	_, err := db.Exec(ctx, sqlTellFindingOf, pgx.StrictNamedArgs{"system": string(sys), "record": externalID, "code": string(code), "message": message})
	return pg.Fault(err, "findings")
}

// sqlHeldBy finds the links of records that a stop keeps.
const sqlHeldBy = `
  SELECT l.id
  FROM link_base b
  JOIN link l ON l.organisation_id = b.organisation_id AND l.id = b.link_id
  WHERE b.held AND EXISTS (
    SELECT FROM jsonb_array_elements(b.brake -> 'held') AS h
    WHERE h ->> 'stop' = @stop)
  ORDER BY l.id`

const sqlHintHeld = `
UPDATE link
SET due_at = least(due_at, now()), priority = CASE WHEN due_at IS NULL AND lease_until IS NULL THEN @priority ELSE priority END,
  state = CASE WHEN state = 'PARKED' THEN 'DUE' ELSE state END, fault_code = CASE WHEN state = 'PARKED' THEN '' ELSE fault_code END
WHERE id IN (` + sqlHeldBy + `
  FOR NO KEY UPDATE OF l)`

// HintHeld makes links due whose records a stop keeps, and gives how many.
func HintHeld(ctx context.Context, db pg.DB, id link.StopID, p link.Priority) (int, error) {
	tag, err := db.Exec(ctx, sqlHintHeld, pgx.StrictNamedArgs{"stop": string(id), "priority": int(p)})
	return int(tag.RowsAffected()), pg.Fault(err, "links")
}

const sqlEndApart = `
UPDATE link_base b
SET brake = nullif(jsonb_set(b.brake, '{apart}', (b.brake -> 'apart') - @group::text), '{"apart": {}}'::jsonb)
FROM link l
WHERE l.organisation_id = b.organisation_id AND l.id = b.link_id AND l.system_id = @system AND l.external_id = @record
  AND (b.brake -> 'apart') ? @group::text`

// EndApart forgets that both sides keep their own value of a group of a record since somebody rejected a change, so that they count as
// agreed, and makes its link due.
func EndApart(ctx context.Context, db pg.DB, sys system.ID, externalID string, g customer.Group) error {
	_, err := db.Exec(ctx, sqlEndApart, pgx.StrictNamedArgs{"system": string(sys), "record": externalID, "group": string(g)})
	if err != nil {
		return pg.Fault(err, "brake")
	}
	return MarkLinksDue(ctx, db, sys, []string{externalID}, link.Interactive)
}

const sqlHoldGone = `
UPDATE link_base b
SET brake = jsonb_set(coalesce(b.brake, '{}'), '{held}', coalesce(b.brake -> 'held', '[]') || @hold::jsonb)
WHERE b.link_id = ANY (@ids)
  AND NOT EXISTS (
    SELECT FROM jsonb_array_elements(CASE WHEN b.held THEN b.brake -> 'held' ELSE '[]' END) AS h
    WHERE h ->> 'class' = @class)`

// HoldGone has a stop keep records that a list lacks, but for those that one keeps for that already, and gives how many.
func HoldGone(ctx context.Context, db pg.DB, ids []link.ID, h link.Hold) (int, error) {
	tag, err := db.Exec(ctx, sqlHoldGone, pgx.StrictNamedArgs{"ids": texts(ids), "class": string(h.Class), "hold": asJSON([]link.Hold{h})})
	return int(tag.RowsAffected()), pg.Fault(err, "brake")
}
