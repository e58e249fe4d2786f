package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/pg"
	"customerhub/internal/system"
)

type findingRow struct {
	ID         string  `json:"id"`
	Code       string  `json:"code"`
	CustomerID *string `json:"customer_id"`
	ExternalID string  `json:"external_id"`
	Field      string  `json:"field"`
	Message    string  `json:"message"`
}

// sqlResolveFindings ends findings about records that were read again and do not show them any more.
const sqlResolveFindings = `
UPDATE finding f
SET resolved_at = now()
WHERE f.system_id = @system AND f.external_id = ANY (@seen) AND f.resolved_at IS NULL
  AND f.code <> ALL (@lasting) AND (@codes::text[] IS NULL OR f.code = ANY (@codes))
  AND NOT EXISTS (
    SELECT FROM jsonb_to_recordset(@rows::jsonb) AS r (code text, external_id text, field text)
    WHERE r.code = f.code AND r.external_id = f.external_id AND r.field = f.field)`

const sqlRaiseFindings = `
INSERT INTO finding (id, code, system_id, customer_id, external_id, field, message)
SELECT r.id, r.code, @system, r.customer_id, r.external_id, r.field, r.message
FROM jsonb_to_recordset(@rows::jsonb) AS r (id uuid, code text, customer_id uuid, external_id text, field text, message text)
ON CONFLICT (organisation_id, system_id, external_id, code, field) WHERE resolved_at IS NULL AND system_id IS NOT NULL
DO NOTHING`

// SyncFindings makes the standing findings about the records of a system that were just read, seen, equal to the given
// ones: new ones are raised, those that show no more are resolved, those that stand are not written.
func SyncFindings(ctx context.Context, db pg.DB, sys system.ID, seen []string, findings []finding.Finding) error {
	return SyncFindingsOf(ctx, db, sys, seen, nil, findings)
}

// SyncFindingsOf is SyncFindings for findings of some codes, and leaves the others alone; no codes are all.
func SyncFindingsOf(ctx context.Context, db pg.DB, sys system.ID, seen []string, codes []finding.Code, findings []finding.Finding) error {
	var of []string
	if codes != nil {
		of = texts(codes)
	}
	encoded := asJSON(findingRows(findings))
	return Trip(ctx, db, func(b *pgx.Batch) {
		b.Queue(sqlResolveFindings, pgx.StrictNamedArgs{"system": string(sys), "seen": seen, "rows": encoded, "lasting": texts(finding.Lasting), "codes": of})
		if len(findings) > 0 {
			b.Queue(sqlRaiseFindings, pgx.StrictNamedArgs{"system": string(sys), "rows": encoded})
		}
	})
}

func findingRows(findings []finding.Finding) []findingRow {
	rows := make([]findingRow, len(findings))
	for i, f := range findings {
		rows[i] = findingRow{
			ID: NewID(), Code: string(f.Code), CustomerID: textOrNull(f.CustomerID), ExternalID: f.ExternalID,
			Field: string(f.Field), Message: f.Message,
		}
	}
	return rows
}

// RaiseFindings raises findings of a system beside those that stand; one that stands already is not written.
func RaiseFindings(ctx context.Context, db pg.DB, sys system.ID, findings []finding.Finding) error {
	if len(findings) == 0 {
		return nil
	}
	_, err := db.Exec(ctx, sqlRaiseFindings, pgx.StrictNamedArgs{"system": string(sys), "rows": asJSON(findingRows(findings))})
	return pg.Fault(err, "findings")
}

const sqlResolveByField = `
UPDATE finding f
SET resolved_at = now()
WHERE f.code = @code AND f.field = @field AND f.resolved_at IS NULL`

// ResolveByField ends findings of a code about a field, whatever the system and the record.
func ResolveByField(ctx context.Context, db pg.DB, code finding.Code, f customer.Field) error {
	_, err := db.Exec(ctx, sqlResolveByField, pgx.StrictNamedArgs{"code": string(code), "field": string(f)})
	return pg.Fault(err, "findings")
}
