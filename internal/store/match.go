package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/pg"
	"customerhub/internal/system"
)

// Likeness says that a customer carries the number or the business ID of a record.
type Likeness struct {
	ExternalID string
	Customer   customer.ID
}

// Each half has an index of its own; together they would read all customers.
const sqlUnlinkedLike = `
WITH o AS MATERIALIZED (
  SELECT r.external_id, r.number, r.business_id
  FROM jsonb_to_recordset(@rows::jsonb) AS r (external_id text, number text, business_id text)
), alike AS (
  SELECT o.external_id, c.id
  FROM o
  JOIN customer c ON c.number = o.number AND o.number <> ''
  WHERE c.status IN ('ACTIVE', 'INACTIVE')
  UNION
  SELECT o.external_id, c.id
  FROM o
  JOIN customer c ON c.business_id = o.business_id AND c.business_id <> ''
  WHERE c.status IN ('ACTIVE', 'INACTIVE')
)
SELECT a.external_id, a.id
FROM alike a
WHERE NOT EXISTS (SELECT FROM link l WHERE l.customer_id = a.id AND l.system_id = @system)
ORDER BY a.external_id, a.id`

// ListUnlinkedLike gives the customers without a record in a system that carry the number or the business ID of one of the records.
func ListUnlinkedLike(ctx context.Context, db pg.DB, sys system.ID, records []Candidate) ([]Likeness, error) {
	rows, _ := db.Query(ctx, sqlUnlinkedLike, pgx.StrictNamedArgs{"system": string(sys), "rows": asJSON(records)})
	found, err := pgx.CollectRows(rows, scanLikeness)
	return found, pg.Fault(err, "customers")
}

func scanLikeness(row pgx.CollectableRow) (l Likeness, err error) {
	var id string
	err = row.Scan(&l.ExternalID, &id)
	l.Customer = customer.ID(id)
	return l, err
}
