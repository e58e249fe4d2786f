package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/organisation"
	"customerhub/internal/pg"
	"customerhub/internal/system"
)

// Days here are those of Finland's calendar. A zero moment is the database's now.

const sqlDueKYCClocks = `
SELECT c.id
FROM hub_due_kyc_clocks(@at::timestamptz) AS c (id)
ORDER BY c.id`

// ListDueKYCClocks gives the organisations whose customers were not all looked at today. It runs outside any organisation.
func ListDueKYCClocks(ctx context.Context, db pg.DB, at time.Time) ([]organisation.ID, error) {
	rows, _ := db.Query(ctx, sqlDueKYCClocks, pgx.StrictNamedArgs{"at": timeOrNull(at)})
	ids, err := pgx.CollectRows(rows, pgx.RowTo[organisation.ID])
	return ids, pg.Fault(err, "due-diligence clocks")
}

const sqlMakeKYCClock = `
INSERT INTO kyc_clock (day)
VALUES ('-infinity')
ON CONFLICT DO NOTHING`

const sqlClaimKYCClock = `
SELECT d.today::text
FROM kyc_clock k
CROSS JOIN (SELECT (coalesce(@at::timestamptz, now()) AT TIME ZONE 'Europe/Helsinki')::date AS today) d
WHERE k.day < d.today
FOR UPDATE OF k SKIP LOCKED`

// ClaimKYCClock keeps other replicas from looking at the organisation's customers until the transaction ends, and gives today; false when
// another replica does so now, or all were looked at.
func ClaimKYCClock(ctx context.Context, db pg.DB, at time.Time) (today string, ok bool, err error) {
	if _, err := db.Exec(ctx, sqlMakeKYCClock); err != nil {
		return "", false, pg.Fault(err, "due-diligence clock")
	}
	err = db.QueryRow(ctx, sqlClaimKYCClock, pgx.StrictNamedArgs{"at": timeOrNull(at)}).Scan(&today)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", false, nil
	}
	return today, err == nil, pg.Fault(err, "due-diligence clock")
}

const sqlFinishKYCClock = `
UPDATE kyc_clock
SET day = @today::date`

// FinishKYCClock says that all customers of the organisation were looked at today.
func FinishKYCClock(ctx context.Context, db pg.DB, today string) error {
	_, err := db.Exec(ctx, sqlFinishKYCClock, pgx.StrictNamedArgs{"today": today})
	return pg.Fault(err, "due-diligence clock")
}

// Expiring is a customer whose due diligence expires, and its place in the order of ListExpiring.
type Expiring struct {
	ID customer.ID
	On string
}

// sqlListExpiring leaves out those of whom it was told already that so few days are left.
const sqlListExpiring = `
SELECT c.id, c.kyc_expires_on::text
FROM customer c
WHERE (@after_id = '' OR (c.kyc_expires_on, c.id) > (@after_on::text::date, NULLIF(@after_id, '')::uuid))
  AND c.kyc_expires_on <= @today::text::date + (SELECT max(t) FROM unnest(@days::integer[]) t)
  AND c.status = 'ACTIVE'
  AND NOT EXISTS (
    SELECT FROM kyc_notice n
    WHERE n.customer_id = c.id AND n.expires_on = c.kyc_expires_on
      AND n.days <= (SELECT min(t) FROM unnest(@days::integer[]) t WHERE t >= c.kyc_expires_on - @today::text::date))
  AND c.kyc_state <> ALL (@unwatched::text[])
ORDER BY c.kyc_expires_on, c.id
LIMIT @limit`

// ListExpiring gives customers of whom it is to be told today that their due diligence expires, at most limit of them, the earliest
// first, behind a place; a zero place begins.
func ListExpiring(ctx context.Context, db pg.DB, today string, after Expiring, limit int) ([]Expiring, error) {
	if after.ID == "" {
		after.On = today
	}
	rows, _ := db.Query(ctx, sqlListExpiring, pgx.StrictNamedArgs{
		"today": today, "after_on": after.On, "after_id": string(after.ID), "limit": limit, "days": customer.KYCNoticeDays,
		"unwatched": unwatched(),
	})
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Expiring])
	return found, pg.Fault(err, "customers whose due diligence expires")
}

// unwatched are the states in which the expiry concerns nobody.
func unwatched() (out []string) {
	for _, s := range customer.KYCStates {
		if k := (customer.KYC{State: s}); !k.Watched() {
			out = append(out, string(s))
		}
	}
	return out
}

// KYCStanding is what there is to know of a customer before it is told that its due diligence expires.
type KYCStanding struct {
	CustomerID customer.ID
	Today      string
	// ExpiresOn is empty where no expiry concerns anybody: none is known, the customer is in no use, or the service is done with it.
	ExpiresOn string
	SystemID  system.ID // who said it; empty when that system is gone
	// Told is the least number of days that was told of this expiry; nil when nothing was. Settled says that a person has settled the
	// finding that showed it.
	Told    *int
	Settled bool
	// Finding stands for the expiry on FindingOn, and tells of FindingDays; empty when none does.
	Finding     finding.ID
	FindingOn   string
	FindingDays int
}

type kycStandingRow struct {
	CustomerID  string  `db:"customer_id"`
	Today       string  `db:"today"`
	ExpiresOn   *string `db:"expires_on"`
	SystemID    *string `db:"system_id"`
	Told        *int    `db:"told"`
	Settled     bool    `db:"settled"`
	Finding     *string `db:"finding"`
	FindingOn   *string `db:"finding_on"`
	FindingDays int     `db:"finding_days"`
}

const sqlKYCStanding = `
SELECT c.id AS customer_id, d.today::text AS today, e.expires_on::text AS expires_on, s.id AS system_id, n.days AS told,
  coalesce(n.settled, false) AS settled, f.id AS finding, shown.expires_on::text AS finding_on, coalesce(shown.days, 0) AS finding_days
FROM customer c
CROSS JOIN (SELECT (coalesce(@at::timestamptz, now()) AT TIME ZONE 'Europe/Helsinki')::date AS today) d
LEFT JOIN LATERAL (
  SELECT k.state, k.source_system, k.due_diligence_expires_on
  FROM kyc_status k
  WHERE k.customer_id = c.id
  ORDER BY k.as_of DESC, k.id DESC
  LIMIT 1
) k ON true
LEFT JOIN system s ON s.id = k.source_system
CROSS JOIN LATERAL (
  SELECT CASE WHEN c.status = 'ACTIVE' AND k.state <> ALL (@unwatched::text[]) THEN k.due_diligence_expires_on END AS expires_on
) e
LEFT JOIN LATERAL (
  SELECT t.days, o.resolved_by <> '' AS settled
  FROM kyc_notice t
  LEFT JOIN finding o ON o.id = t.finding_id
  WHERE t.customer_id = c.id AND t.expires_on = e.expires_on
  ORDER BY t.days
  LIMIT 1
) n ON true
LEFT JOIN finding f ON f.customer_id = c.id AND f.code = 'KYC_EXPIRES' AND f.resolved_at IS NULL
LEFT JOIN LATERAL (
  SELECT t.expires_on, t.days
  FROM kyc_notice t
  WHERE t.customer_id = c.id AND t.finding_id = f.id
  ORDER BY t.days
  LIMIT 1
) shown ON true
WHERE c.id = ANY (@ids)
ORDER BY c.id`

// ListKYCStanding reads how customers stand. The caller holds their locks.
func ListKYCStanding(ctx context.Context, db pg.DB, ids []customer.ID, at time.Time) ([]KYCStanding, error) {
	rows, _ := db.Query(ctx, sqlKYCStanding, pgx.StrictNamedArgs{"ids": texts(ids), "at": timeOrNull(at), "unwatched": unwatched()})
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[kycStandingRow])
	out := make([]KYCStanding, len(found))
	for i, r := range found {
		out[i] = KYCStanding{
			CustomerID: customer.ID(r.CustomerID), Today: r.Today, ExpiresOn: textOf[string](r.ExpiresOn), SystemID: textOf[system.ID](r.SystemID),
			Told: r.Told, Settled: r.Settled, Finding: textOf[finding.ID](r.Finding), FindingOn: textOf[string](r.FindingOn), FindingDays: r.FindingDays,
		}
	}
	return out, pg.Fault(err, "due-diligence notices")
}

// KYCNotices are what is written when it is told that due diligences expire.
type KYCNotices struct {
	// Ended are findings that stand no more. Raised are new ones, with their ids; Risen are standing ones that say something else now.
	Ended  []finding.ID
	Raised []finding.Finding
	Risen  []finding.Finding
	// Told are what is told for the first time, and Again what a finding shows anew that was told before.
	Told, Again []KYCNoticeOf
}

// KYCNoticeOf is a notice with whom it is about and the finding that shows it.
type KYCNoticeOf struct {
	customer.KYCNotice
	CustomerID customer.ID
	SystemID   system.ID
	Finding    finding.ID
}

type kycNoticeRow struct {
	CustomerID string  `json:"customer_id"`
	ExpiresOn  string  `json:"expires_on"`
	Days       int     `json:"days"`
	Finding    *string `json:"finding_id"`
}

const sqlEndExpiring = `
UPDATE finding
SET resolved_at = now()
WHERE id = ANY (@ids) AND resolved_at IS NULL
RETURNING id, system_id, customer_id`

const sqlRaiseExpiring = `
INSERT INTO finding (id, code, system_id, customer_id, field, message, severity)
SELECT r.id, r.code, r.system_id, r.customer_id, r.field, r.message, r.severity
FROM jsonb_to_recordset(@rows::jsonb) AS r (id uuid, code text, system_id uuid, customer_id uuid, field text, message text, severity text)
RETURNING id, system_id, customer_id`

// What a finding says now was not reported yet.
const sqlRiseExpiring = `
UPDATE finding f
SET message = r.message, severity = r.severity, report_id = NULL
FROM jsonb_to_recordset(@rows::jsonb) AS r (id uuid, message text, severity text)
WHERE f.id = r.id AND f.resolved_at IS NULL
RETURNING f.id, f.system_id, f.customer_id`

const sqlTellExpiring = `
INSERT INTO kyc_notice (customer_id, expires_on, days, finding_id)
SELECT r.customer_id, r.expires_on, r.days, r.finding_id
FROM jsonb_to_recordset(@rows::jsonb) AS r (customer_id uuid, expires_on date, days integer, finding_id uuid)`

const sqlShowExpiring = `
UPDATE kyc_notice n
SET finding_id = r.finding_id
FROM jsonb_to_recordset(@rows::jsonb) AS r (customer_id uuid, expires_on date, days integer, finding_id uuid)
WHERE n.customer_id = r.customer_id AND n.expires_on = r.expires_on AND n.days = r.days`

// SaveKYCNotices writes notices and their findings, and gives the findings that it altered. What was told before is refused as a fault,
// and with it the transaction: nothing is told twice.
func SaveKYCNotices(ctx context.Context, db pg.DB, n KYCNotices) ([]NotedFinding, error) {
	var ended, raised, risen []notedRow
	err := Trip(ctx, db, func(b *pgx.Batch) {
		if len(n.Ended) > 0 {
			collect(b, &ended, sqlEndExpiring, pgx.StrictNamedArgs{"ids": texts(n.Ended)})
		}
		if len(n.Raised) > 0 {
			collect(b, &raised, sqlRaiseExpiring, pgx.StrictNamedArgs{"rows": asJSON(severeRows(n.Raised))})
		}
		if len(n.Risen) > 0 {
			collect(b, &risen, sqlRiseExpiring, pgx.StrictNamedArgs{"rows": asJSON(severeRows(n.Risen))})
		}
		if len(n.Told) > 0 {
			b.Queue(sqlTellExpiring, pgx.StrictNamedArgs{"rows": asJSON(kycNoticeRows(n.Told))})
		}
		if len(n.Again) > 0 {
			b.Queue(sqlShowExpiring, pgx.StrictNamedArgs{"rows": asJSON(kycNoticeRows(n.Again))})
		}
	})
	return noted(ended, append(raised, risen...)), err
}

func kycNoticeRows(all []KYCNoticeOf) []kycNoticeRow {
	rows := make([]kycNoticeRow, len(all))
	for i, n := range all {
		rows[i] = kycNoticeRow{string(n.CustomerID), n.ExpiresOn, n.Days, textOrNull(n.Finding)}
	}
	return rows
}

// severeRow is a finding whose severity is its own.
type severeRow struct {
	ID         string  `json:"id"`
	Code       string  `json:"code"`
	SystemID   *string `json:"system_id"`
	CustomerID *string `json:"customer_id"`
	Field      string  `json:"field"`
	Message    string  `json:"message"`
	Severity   string  `json:"severity"`
}

func severeRows(findings []finding.Finding) []severeRow {
	rows := make([]severeRow, len(findings))
	for i, f := range findings {
		rows[i] = severeRow{string(f.ID), string(f.Code), textOrNull(f.SystemID), textOrNull(f.CustomerID), string(f.Field), f.Message, string(f.Severity)}
	}
	return rows
}
