package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/pg"
)

type provenanceRow struct {
	CustomerID string          `db:"customer_id" json:"customer_id"`
	Fields     json.RawMessage `db:"fields" json:"fields"`
}

// sqlSaveProvenance adds entries to those that stand, field by field.
const sqlSaveProvenance = `
INSERT INTO provenance AS p (customer_id, fields)
SELECT r.customer_id, r.fields
FROM jsonb_to_recordset(@rows::jsonb) AS r (customer_id uuid, fields jsonb)
ON CONFLICT (organisation_id, customer_id) DO UPDATE
SET fields = p.fields || excluded.fields`

// SaveProvenance writes where values came from; fields that are not given keep what they had.
func SaveProvenance(ctx context.Context, db pg.DB, of map[customer.ID]customer.Provenances) error {
	return Trip(ctx, db, func(b *pgx.Batch) { saveProvenance(b, of) })
}

func saveProvenance(b *pgx.Batch, of map[customer.ID]customer.Provenances) {
	rows := make([]provenanceRow, 0, len(of))
	for id, fields := range of {
		rows = append(rows, provenanceRow{CustomerID: string(id), Fields: json.RawMessage(asJSON(fields))})
	}
	writeRows(b, sqlSaveProvenance, rows)
}

const sqlProvenanceOfCustomers = `
SELECT p.customer_id, p.fields
FROM provenance p
WHERE p.customer_id = ANY (@ids)
ORDER BY p.customer_id`

// ListProvenance reads where the values of customers came from; customers without any are left out.
func ListProvenance(ctx context.Context, db pg.DB, ids []customer.ID) (map[customer.ID]customer.Provenances, error) {
	rows, _ := db.Query(ctx, sqlProvenanceOfCustomers, pgx.StrictNamedArgs{"ids": texts(ids)})
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[provenanceRow])
	if err != nil {
		return nil, pg.Fault(err, "provenance")
	}
	out := make(map[customer.ID]customer.Provenances, len(found))
	for _, r := range found {
		var fields customer.Provenances
		if err := json.Unmarshal(r.Fields, &fields); err != nil {
			return nil, fmt.Errorf("reading provenance of customer %s: %w", r.CustomerID, err)
		}
		out[customer.ID(r.CustomerID)] = fields
	}
	return out, nil
}
