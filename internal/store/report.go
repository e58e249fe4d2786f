package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/organisation"
	"customerhub/internal/pg"
	"customerhub/internal/report"
	"customerhub/internal/system"
)

const sqlSetReportEmail = `
UPDATE system
SET report_email = @email, report_language = @language, updated_at = now()
WHERE id = @id`

// A report on its way to the old address may not arrive there, so what it tells of this system goes to the new one too. It may
// be told twice for that, and is not lost.
const sqlTellAnew = `
UPDATE finding f
SET report_id = NULL
FROM error_report r
WHERE r.recipient = @was AND f.report_id = r.report_id AND f.system_id = @id`

// Who sets an address again wants to know whether it works now: the waits after failures end, and the distance to the last
// report stays.
const sqlOpenRecipient = `
INSERT INTO error_report AS r (recipient)
VALUES (@email)
ON CONFLICT (organisation_id, recipient) DO UPDATE
SET next_at = r.sent_at + @every::interval, attempt = 0, fault_code = '', fault_message = '', fault_since = NULL`

// SetReportEmail stores whom the failures of a system are reported to, from was to email; empty is nobody. The caller holds
// the system's lock.
func SetReportEmail(ctx context.Context, db pg.DB, id system.ID, was, email, language string, every time.Duration) error {
	tag, err := db.Exec(ctx, sqlSetReportEmail, pgx.StrictNamedArgs{"id": string(id), "email": email, "language": language})
	if err := one(tag, err, "system %s", id); err != nil {
		return err
	}
	if email != was {
		if _, err := db.Exec(ctx, sqlTellAnew, pgx.StrictNamedArgs{"id": string(id), "was": was}); err != nil {
			return pg.Fault(err, "findings")
		}
	}
	if email == "" {
		return nil
	}
	_, err = db.Exec(ctx, sqlOpenRecipient, pgx.StrictNamedArgs{"email": email, "every": every})
	return pg.Fault(err, "error report")
}

// ReportClaim is a recipient in the hands of who sends to it.
type ReportClaim struct {
	Organisation organisation.ID
	Recipient    string
	Fence        int64
}

const sqlClaimReport = `
SELECT c.organisation_id, c.recipient, c.fence
FROM hub_claim_error_report(@lease, @gather, @codes) c`

// ClaimReport takes a recipient to whom there is something to report, of any organisation, for a lease; nil when there is
// none. It runs outside any organisation.
func ClaimReport(ctx context.Context, db pg.DB, lease, gather time.Duration) (*ReportClaim, error) {
	var org string
	var c ReportClaim
	err := db.QueryRow(ctx, sqlClaimReport, pgx.StrictNamedArgs{"lease": lease, "gather": gather, "codes": texts(finding.Failures)}).
		Scan(&org, &c.Recipient, &c.Fence)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	c.Organisation = organisation.ID(org)
	return &c, pg.Fault(err, "error reports")
}

const sqlForgetRecipients = `SELECT hub_forget_recipients(@every)`

// ForgetRecipients removes recipients that no system names any more, in all organisations, and gives their number. It runs
// outside any organisation.
func ForgetRecipients(ctx context.Context, db pg.DB, every time.Duration) (int, error) {
	var n int
	err := db.QueryRow(ctx, sqlForgetRecipients, pgx.StrictNamedArgs{"every": every}).Scan(&n)
	return n, pg.Fault(err, "error reports")
}

const sqlLockReport = `
SELECT r.report_id, r.made_at, r.attempt
FROM error_report r
WHERE r.recipient = @recipient AND r.fence = @fence AND r.lease_until IS NOT NULL
FOR UPDATE`

// Findings that somebody resolves at this moment are left out rather than waited for: the writer of findings may hold others
// that are wanted here.
const sqlFillReport = `
UPDATE finding f
SET report_id = @report
FROM (
  SELECT w.id
  FROM finding w
  JOIN system s ON s.organisation_id = w.organisation_id AND s.id = w.system_id
  WHERE s.report_email = @recipient AND w.resolved_at IS NULL AND w.report_id IS NULL AND w.code = ANY (@codes)
  ORDER BY w.id
  FOR UPDATE OF w SKIP LOCKED
) AS untold
WHERE f.id = untold.id`

const sqlMakeReport = `
UPDATE error_report
SET report_id = @report, made_at = now()
WHERE recipient = @recipient
RETURNING made_at`

// SealedReport is a report whose findings are settled.
type SealedReport struct {
	ID     string
	MadeAt time.Time
	// Attempt is how often it was tried in vain.
	Attempt int
}

// SealReport settles which findings the claimed recipient's next report tells of: those of the report that is on its way
// already, else all that stand and were not told. Stale means that the recipient is in other hands now.
func SealReport(ctx context.Context, db pg.DB, c ReportClaim) (SealedReport, error) {
	var id *string
	var madeAt *time.Time
	var out SealedReport
	args := pgx.StrictNamedArgs{"recipient": c.Recipient, "fence": c.Fence}
	err := db.QueryRow(ctx, sqlLockReport, args).Scan(&id, &madeAt, &out.Attempt)
	if errors.Is(err, pgx.ErrNoRows) {
		return out, errReportTaken()
	}
	if err != nil {
		return out, pg.Fault(err, "error report")
	}
	if id != nil {
		out.ID, out.MadeAt = *id, timeOf(madeAt)
		return out, nil
	}
	out.ID = NewID()
	fill := pgx.StrictNamedArgs{"report": out.ID, "recipient": c.Recipient, "codes": texts(finding.Failures)}
	if _, err := db.Exec(ctx, sqlFillReport, fill); err != nil {
		return out, pg.Fault(err, "findings")
	}
	err = db.QueryRow(ctx, sqlMakeReport, pgx.StrictNamedArgs{"report": out.ID, "recipient": c.Recipient}).Scan(&out.MadeAt)
	return out, pg.Fault(err, "error report")
}

func errReportTaken() error {
	return fault.New(fault.Stale, "The error report was taken over by another replica.")
}

type reportLineRow struct {
	SystemID   string `db:"system_id"`
	SystemName string `db:"system_name"`
	Kind       string `db:"kind"`
	Language   string `db:"report_language"`
	Code       string `db:"code"`
	Total      int    `db:"total"`
	ExternalID string `db:"external_id"`
	BusinessID string `db:"business_id"`
}

// ReportLine is a finding that a report names, with its system and how many of its sort there are.
type ReportLine struct {
	SystemID system.ID
	System   string
	Kind     system.Kind
	// Language is that of the system's reports.
	Language string
	Code     finding.Code
	Total    int
	report.Record
}

// A finding that is about a customer, and about no record, is named by the record that the customer has in the system.
//
// A record is counted and named once in its group, however many of its fields have a finding.
const sqlReportLines = `
SELECT s.id AS system_id, s.name AS system_name, s.kind, s.report_language, t.code, t.total,
  coalesce(NULLIF(t.external_id, ''), (
    SELECT l.external_id
    FROM link l
    WHERE l.customer_id = t.customer_id AND l.system_id = t.system_id
    ORDER BY l.is_primary DESC, l.id
    LIMIT 1), '') AS external_id,
  coalesce(c.business_id, '') AS business_id
FROM (
  SELECT f.system_id, f.code, f.external_id, f.customer_id,
    count(*) OVER (PARTITION BY f.system_id, f.code)::integer AS total,
    row_number() OVER (PARTITION BY f.system_id, f.code ORDER BY min(f.raised_at), f.external_id, f.customer_id) AS place
  FROM finding f
  WHERE f.report_id = @report
  GROUP BY f.system_id, f.code, f.external_id, f.customer_id
) AS t
JOIN system s ON s.id = t.system_id
LEFT JOIN customer c ON c.id = t.customer_id
WHERE t.place <= @shown
ORDER BY s.created_at, s.id, array_position(@codes::text[], t.code), t.place`

// ListReportLines reads what a report tells: the first records of each sort, oldest system first.
func ListReportLines(ctx context.Context, db pg.DB, reportID string) ([]ReportLine, error) {
	rows, _ := db.Query(ctx, sqlReportLines, pgx.StrictNamedArgs{"report": reportID, "shown": report.Shown, "codes": texts(finding.Failures)})
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[reportLineRow])
	if err != nil {
		return nil, pg.Fault(err, "findings")
	}
	out := make([]ReportLine, len(found))
	for i, r := range found {
		out[i] = ReportLine{
			SystemID: system.ID(r.SystemID), System: r.SystemName, Kind: system.Kind(r.Kind), Language: r.Language,
			Code: finding.Code(r.Code), Total: r.Total, Record: report.Record{ExternalID: r.ExternalID, BusinessID: r.BusinessID},
		}
	}
	return out, nil
}

const sqlReportSent = `
UPDATE error_report
SET report_id = NULL, made_at = NULL, sent_at = now(), next_at = now() + @every::interval, attempt = 0,
  fault_code = '', fault_message = '', fault_since = NULL, lease_until = NULL
WHERE recipient = @recipient AND fence = @fence AND lease_until IS NOT NULL`

// ReportSent notes that the report was accepted; the next goes no sooner than every. Stale means that the recipient is in
// other hands now.
func ReportSent(ctx context.Context, db pg.DB, c ReportClaim, every time.Duration) error {
	tag, err := db.Exec(ctx, sqlReportSent, pgx.StrictNamedArgs{"recipient": c.Recipient, "fence": c.Fence, "every": every})
	if err == nil && tag.RowsAffected() == 0 {
		return errReportTaken()
	}
	return pg.Fault(err, "error report")
}

const sqlReportFailed = `
UPDATE error_report
SET attempt = attempt + 1, next_at = now() + @wait::interval, lease_until = NULL,
  fault_code = @code, fault_message = @message, fault_since = coalesce(fault_since, now())
WHERE recipient = @recipient AND fence = @fence AND lease_until IS NOT NULL`

// ReportFailed notes that the report was not accepted, and when to try again. Stale means that the recipient is in other
// hands now.
func ReportFailed(ctx context.Context, db pg.DB, c ReportClaim, code fault.Code, message string, wait time.Duration) error {
	tag, err := db.Exec(ctx, sqlReportFailed, pgx.StrictNamedArgs{
		"recipient": c.Recipient, "fence": c.Fence, "code": string(code), "message": message, "wait": wait,
	})
	if err == nil && tag.RowsAffected() == 0 {
		return errReportTaken()
	}
	return pg.Fault(err, "error report")
}

const sqlReleaseReport = `
UPDATE error_report
SET lease_until = NULL, report_id = CASE WHEN @empty THEN NULL ELSE report_id END, made_at = CASE WHEN @empty THEN NULL ELSE made_at END
WHERE recipient = @recipient AND fence = @fence`

// ReleaseReport gives a recipient back without a try; empty drops a report that tells nothing any more.
func ReleaseReport(ctx context.Context, db pg.DB, c ReportClaim, empty bool) error {
	_, err := db.Exec(ctx, sqlReleaseReport, pgx.StrictNamedArgs{"recipient": c.Recipient, "fence": c.Fence, "empty": empty})
	return pg.Fault(err, "error report")
}

type reportStatusRow struct {
	SystemID     string     `db:"system_id"`
	Waiting      int        `db:"waiting"`
	SentAt       *time.Time `db:"sent_at"`
	NextAt       *time.Time `db:"next_at"`
	FaultCode    string     `db:"fault_code"`
	FaultMessage string     `db:"fault_message"`
	FaultSince   *time.Time `db:"fault_since"`
}

// ReportStatus is how the reports about a system stand.
type ReportStatus struct {
	// Waiting counts findings of the system that no report has told yet, or that one on its way tells.
	Waiting int
	SentAt  time.Time
	// NextAt is before when nothing is tried; zero when nothing speaks against it.
	NextAt time.Time
	// Fault is why the last try failed; nil when it did not.
	Fault *system.Fault
}

const sqlReportStatus = `
SELECT s.id AS system_id, r.sent_at, r.next_at, r.fault_code, r.fault_message, r.fault_since, (
  SELECT count(*)
  FROM finding f
  WHERE f.system_id = s.id AND f.resolved_at IS NULL AND f.report_id IS NULL AND f.code = ANY (@codes)
) + (
  SELECT count(*)
  FROM finding f
  WHERE f.report_id = r.report_id AND f.system_id = s.id
) AS waiting
FROM system s
JOIN error_report r ON r.recipient = s.report_email
WHERE s.id = ANY (@ids)
ORDER BY s.id`

// ListReportStatus tells how the reports about systems stand; one without a recipient is missing.
func ListReportStatus(ctx context.Context, db pg.DB, ids []system.ID) (map[system.ID]ReportStatus, error) {
	rows, _ := db.Query(ctx, sqlReportStatus, pgx.StrictNamedArgs{"ids": texts(ids), "codes": texts(finding.Failures)})
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[reportStatusRow])
	if err != nil {
		return nil, pg.Fault(err, "error reports")
	}
	out := make(map[system.ID]ReportStatus, len(found))
	for _, r := range found {
		s := ReportStatus{Waiting: r.Waiting, SentAt: timeOf(r.SentAt), NextAt: timeOf(r.NextAt)}
		if r.FaultCode != "" {
			s.Fault = &system.Fault{Code: fault.Code(r.FaultCode), Message: r.FaultMessage, Since: timeOf(r.FaultSince)}
		}
		out[system.ID(r.SystemID)] = s
	}
	return out, nil
}
