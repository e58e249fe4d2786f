package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/pg"
	"customerhub/internal/system"
)

// findingWriteRow is a finding on its way in.
type findingWriteRow struct {
	ID         string  `json:"id"`
	Code       string  `json:"code"`
	CustomerID *string `json:"customer_id"`
	ExternalID string  `json:"external_id"`
	Field      string  `json:"field"`
	Message    string  `json:"message"`
	Hub        string  `json:"hub_value"`
	System     string  `json:"system_value"`
}

// NotedFinding is a finding that a write raised or resolved.
type NotedFinding struct {
	ID         finding.ID
	SystemID   system.ID
	CustomerID customer.ID // empty when there is none
	Resolved   bool
}

// notedRow is what the statements below return of each finding that they alter.
type notedRow struct {
	ID         string  `db:"id"`
	SystemID   *string `db:"system_id"`
	CustomerID *string `db:"customer_id"`
}

func noted(resolved, raised []notedRow) []NotedFinding {
	var out []NotedFinding
	for i, r := range append(resolved, raised...) {
		out = append(out, NotedFinding{finding.ID(r.ID), textOf[system.ID](r.SystemID), textOf[customer.ID](r.CustomerID), i < len(resolved)})
	}
	return out
}

// sqlResolveFindings ends findings about records that were read again and do not show them any more, and those about their customers
// from when these had no record.
const sqlResolveFindings = `
UPDATE finding f
SET resolved_at = now()
WHERE f.system_id = @system AND f.external_id = ANY (@seen::text[] || ''::text) AND f.resolved_at IS NULL
  AND (f.external_id <> '' OR '' = ANY (@seen) OR EXISTS (
    SELECT FROM link l
    WHERE l.customer_id = f.customer_id AND l.system_id = f.system_id AND l.external_id = ANY (@seen) AND l.external_id <> ''))
  AND f.code <> ALL (@unread) AND (@codes::text[] IS NULL OR f.code = ANY (@codes))
  AND NOT EXISTS (
    SELECT FROM jsonb_to_recordset(@rows::jsonb) AS r (code text, external_id text, field text)
    WHERE r.code = f.code AND r.external_id = f.external_id AND r.field = f.field)
RETURNING f.id, f.system_id, f.customer_id`

const sqlRaiseFindings = `
INSERT INTO finding (id, code, system_id, customer_id, external_id, field, message, hub_value, system_value)
SELECT r.id, r.code, @system, r.customer_id, r.external_id, r.field, r.message, r.hub_value, r.system_value
FROM jsonb_to_recordset(@rows::jsonb) AS r (id uuid, code text, customer_id uuid, external_id text, field text, message text,
  hub_value text, system_value text)
ON CONFLICT (organisation_id, system_id, external_id, code, field, about) WHERE resolved_at IS NULL AND system_id IS NOT NULL
DO NOTHING
RETURNING id, system_id, customer_id`

// sqlRefreshFindings has findings about records that are not primary show what these hold now: nothing else keeps it.
const sqlRefreshFindings = `
UPDATE finding f
SET hub_value = r.hub_value, system_value = r.system_value
FROM jsonb_to_recordset(@rows::jsonb) AS r (code text, external_id text, field text, hub_value text, system_value text)
WHERE f.system_id = @system AND f.external_id = r.external_id AND f.code = r.code AND f.field = r.field AND f.resolved_at IS NULL
  AND f.code = @code AND (f.hub_value, f.system_value) IS DISTINCT FROM (r.hub_value, r.system_value)
RETURNING f.id, f.system_id, f.customer_id`

// SyncFindings makes the standing findings about the records of a system that were just read, seen, equal to the given
// ones: new ones are raised, those that show no more are resolved, those that stand are not written. It gives what it raised
// and resolved, which mostly is nothing.
func SyncFindings(ctx context.Context, db pg.DB, sys system.ID, seen []string, findings []finding.Finding) ([]NotedFinding, error) {
	return SyncFindingsOf(ctx, db, sys, seen, nil, findings)
}

// SyncFindingsOf is SyncFindings for findings of some codes, and leaves the others alone; no codes are all.
func SyncFindingsOf(ctx context.Context, db pg.DB, sys system.ID, seen []string, codes []finding.Code, findings []finding.Finding) ([]NotedFinding, error) {
	var of []string
	if codes != nil {
		of = texts(codes)
	}
	encoded := asJSON(findingRows(findings))
	var resolved, raised []notedRow
	err := Trip(ctx, db, func(b *pgx.Batch) {
		collect(b, &resolved, sqlResolveFindings, pgx.StrictNamedArgs{"system": string(sys), "seen": seen, "rows": encoded, "unread": texts(finding.Unread), "codes": of})
		if slices.ContainsFunc(findings, func(f finding.Finding) bool { return f.Code == finding.LinkNotPrimary && f.Field != "" }) {
			collect(b, &raised, sqlRefreshFindings, pgx.StrictNamedArgs{"system": string(sys), "rows": encoded, "code": string(finding.LinkNotPrimary)})
		}
		if len(findings) > 0 {
			collect(b, &raised, sqlRaiseFindings, pgx.StrictNamedArgs{"system": string(sys), "rows": encoded})
		}
	})
	return noted(resolved, raised), err
}

func findingRows(findings []finding.Finding) []findingWriteRow {
	rows := make([]findingWriteRow, len(findings))
	for i, f := range findings {
		rows[i] = findingWriteRow{
			ID: NewID(), Code: string(f.Code), CustomerID: textOrNull(f.CustomerID), ExternalID: f.ExternalID,
			Field: string(f.Field), Message: f.Message, Hub: f.HubValue, System: f.SystemValue,
		}
	}
	return rows
}

// RaiseFindings raises findings of a system beside those that stand; one that stands already is not written. It gives those
// that it raised.
func RaiseFindings(ctx context.Context, db pg.DB, sys system.ID, findings []finding.Finding) ([]NotedFinding, error) {
	if len(findings) == 0 {
		return nil, nil
	}
	rows, _ := db.Query(ctx, sqlRaiseFindings, pgx.StrictNamedArgs{"system": string(sys), "rows": asJSON(findingRows(findings))})
	raised, err := pgx.CollectRows(rows, pgx.RowToStructByName[notedRow])
	return noted(nil, raised), pg.Fault(err, "findings")
}

const sqlProposed = `
SELECT c.id
FROM customer c
WHERE c.id = ANY (@ids) AND EXISTS (
  SELECT FROM customer o
  JOIN finding f ON f.customer_id = o.id AND f.system_id = @system AND f.code = 'DUPLICATE_PROPOSED'
  WHERE o.business_id = c.business_id)`

// ListProposed gives those of the customers whose business ID is in a proposal already, open or settled.
func ListProposed(ctx context.Context, db pg.DB, sys system.ID, ids []customer.ID) ([]customer.ID, error) {
	return findCustomers(ctx, db, sqlProposed, pgx.StrictNamedArgs{"system": string(sys), "ids": texts(ids)})
}

const sqlResolveByField = `
UPDATE finding f
SET resolved_at = now()
WHERE f.code = @code AND f.field = @field AND f.resolved_at IS NULL
RETURNING f.id, f.system_id, f.customer_id`

// ResolveByField ends findings of a code about a field, whatever the system and the record, and gives them.
func ResolveByField(ctx context.Context, db pg.DB, code finding.Code, f customer.Field) ([]NotedFinding, error) {
	rows, _ := db.Query(ctx, sqlResolveByField, pgx.StrictNamedArgs{"code": string(code), "field": string(f)})
	resolved, err := pgx.CollectRows(rows, pgx.RowToStructByName[notedRow])
	return noted(resolved, nil), pg.Fault(err, "findings")
}

type findingRow struct {
	ID         string     `db:"id"`
	Code       string     `db:"code"`
	SystemID   *string    `db:"system_id"`
	CustomerID *string    `db:"customer_id"`
	ExternalID string     `db:"external_id"`
	Field      string     `db:"field"`
	Severity   string     `db:"severity"`
	Message    string     `db:"message"`
	Hub        string     `db:"hub_value"`
	System     string     `db:"system_value"`
	RaisedAt   time.Time  `db:"raised_at"`
	ResolvedAt *time.Time `db:"resolved_at"`
	ResolvedBy string     `db:"resolved_by"`
	Note       string     `db:"note"`
}

func (r findingRow) noun() finding.Finding {
	f := finding.Finding{
		ID: finding.ID(r.ID), Code: finding.Code(r.Code), SystemID: textOf[system.ID](r.SystemID), CustomerID: textOf[customer.ID](r.CustomerID),
		ExternalID: r.ExternalID, Field: customer.Field(r.Field), Message: r.Message,
		Severity: cmp.Or(finding.Severity(r.Severity), finding.Code(r.Code).Severity()), RaisedAt: r.RaisedAt.UTC(),
		HubValue: r.Hub, SystemValue: r.System, ResolvedBy: r.ResolvedBy, Note: r.Note,
	}
	if r.ResolvedAt != nil {
		f.ResolvedAt = r.ResolvedAt.UTC()
	}
	return f
}

const findingColumns = `f.id, f.code, f.system_id, f.customer_id, f.external_id, f.field, f.severity, f.message, f.hub_value, f.system_value, f.raised_at,
  f.resolved_at, f.resolved_by, f.note`

const sqlResolveFinding = `
UPDATE finding
SET resolved_at = now(), resolved_by = @by, note = @note
WHERE id = @id AND resolved_at IS NULL
RETURNING id, system_id, customer_id`

// ResolveFinding ends a finding that stands, in the name of a person. It gives nothing when it stands no more, or never did.
func ResolveFinding(ctx context.Context, db pg.DB, id finding.ID, by, note string) ([]NotedFinding, error) {
	rows, _ := db.Query(ctx, sqlResolveFinding, pgx.StrictNamedArgs{"id": string(id), "by": by, "note": note})
	resolved, err := pgx.CollectRows(rows, pgx.RowToStructByName[notedRow])
	return noted(resolved, nil), pg.Fault(err, "findings")
}

const sqlResolveAbout = `
UPDATE finding
SET resolved_at = now(), resolved_by = @by
WHERE system_id = @system AND customer_id = @customer AND code = ANY (@codes) AND resolved_at IS NULL
RETURNING id, system_id, customer_id`

// ResolveFindingsAbout ends findings of some codes about a customer and a system, in the name of a person who decided the matter.
func ResolveFindingsAbout(ctx context.Context, db pg.DB, sys system.ID, c customer.ID, codes []finding.Code, by string) ([]NotedFinding, error) {
	rows, _ := db.Query(ctx, sqlResolveAbout, pgx.StrictNamedArgs{"system": string(sys), "customer": string(c), "codes": texts(codes), "by": by})
	resolved, err := pgx.CollectRows(rows, pgx.RowToStructByName[notedRow])
	return noted(resolved, nil), pg.Fault(err, "findings")
}

const sqlFindingsByID = `
SELECT ` + findingColumns + `
FROM finding f
WHERE f.id = ANY (@ids)
ORDER BY f.id`

// ListFindingsByID reads findings; ids that do not exist are left out.
func ListFindingsByID(ctx context.Context, db pg.DB, ids []finding.ID) ([]finding.Finding, error) {
	rows, _ := db.Query(ctx, sqlFindingsByID, pgx.StrictNamedArgs{"ids": texts(ids)})
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[findingRow])
	if err != nil {
		return nil, pg.Fault(err, "findings")
	}
	out := make([]finding.Finding, len(found))
	for i, r := range found {
		out[i] = r.noun()
	}
	return out, nil
}
