package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/link"
	"customerhub/internal/pg"
	"customerhub/internal/system"
)

// sqlSource prefers the system that runs, should there be several of the kind.
const sqlSource = `
SELECT l.external_id, c.number
FROM link l
JOIN system s ON s.organisation_id = l.organisation_id AND s.id = l.system_id
JOIN customer c ON c.organisation_id = l.organisation_id AND c.id = l.customer_id
WHERE l.customer_id = @customer AND l.is_primary AND l.external_id <> '' AND l.state <> 'NOT_IN_SCOPE'
  AND s.kind = @kind AND s.state <> 'DRAFT'
ORDER BY s.state = 'RUNNING' DESC, s.id
LIMIT 1`

// FindSource gives the customer's primary record in a system of the kind; zero when it has none.
func FindSource(ctx context.Context, db pg.DB, id customer.ID, kind system.Kind) (link.Source, error) {
	s := link.Source{Kind: kind}
	err := db.QueryRow(ctx, sqlSource, pgx.StrictNamedArgs{"customer": string(id), "kind": string(kind)}).Scan(&s.ExternalID, &s.Number)
	if errors.Is(err, pgx.ErrNoRows) {
		return link.Source{}, nil
	}
	return s, pg.Fault(err, "links")
}

// sqlWithdrawn looks for what somebody had deleted, and not for what is merely missing: a system that was taken out of use, or set up anew,
// withdraws nobody.
const sqlWithdrawn = `
SELECT DISTINCT l.customer_id
FROM link l
JOIN system s ON s.organisation_id = l.organisation_id AND s.id = l.system_id
JOIN deletion d ON d.organisation_id = l.organisation_id AND d.link_id = l.id AND d.state = 'DONE'
WHERE l.customer_id = ANY (@ids) AND l.is_primary AND l.state = 'NOT_IN_SCOPE' AND s.kind = @kind
  AND NOT EXISTS (
    SELECT FROM link o
    JOIN system p ON p.organisation_id = o.organisation_id AND p.id = o.system_id
    WHERE o.customer_id = l.customer_id AND o.is_primary AND o.external_id <> '' AND o.state <> 'NOT_IN_SCOPE' AND p.kind = @kind)
ORDER BY l.customer_id`

// ListWithdrawn gives those of the customers whose record in systems of a kind an operator had deleted, and who have no other there.
func ListWithdrawn(ctx context.Context, db pg.DB, ids []customer.ID, kind system.Kind) ([]customer.ID, error) {
	return findCustomers(ctx, db, sqlWithdrawn, pgx.StrictNamedArgs{"ids": texts(ids), "kind": string(kind)})
}

// sqlOfSources leaves out customers that have a link in the system already, with a record or without.
const sqlOfSources = `
SELECT o.external_id, l.customer_id
FROM jsonb_to_recordset(@rows::jsonb) AS o (external_id text, source text, kind text)
JOIN system s ON s.kind = o.kind
JOIN link l ON l.organisation_id = s.organisation_id AND l.system_id = s.id AND l.external_id = o.source AND l.is_primary
WHERE NOT EXISTS (SELECT FROM link x WHERE x.customer_id = l.customer_id AND x.system_id = @system)
ORDER BY o.external_id, l.customer_id`

// SourceOf is a record with the record of another system that it was made from.
type SourceOf struct {
	ExternalID string      `json:"external_id"`
	Source     string      `json:"source"`
	Kind       system.Kind `json:"kind"`
}

// ListOfSources gives the customers that records of a system were made for, as the records say, where they have no link there yet.
func ListOfSources(ctx context.Context, db pg.DB, sys system.ID, records []SourceOf) ([]Likeness, error) {
	rows, _ := db.Query(ctx, sqlOfSources, pgx.StrictNamedArgs{"system": string(sys), "rows": asJSON(records)})
	found, err := pgx.CollectRows(rows, scanLikeness)
	return found, pg.Fault(err, "links")
}

const sqlUnlisted = `
SELECT c.id
FROM customer c
WHERE c.id > @after::uuid AND c.status IN ('ACTIVE', 'INACTIVE')
  AND NOT EXISTS (
    SELECT FROM link l
    WHERE l.customer_id = c.id AND l.system_id = @system AND NOT (l.external_id = '' AND l.state = 'NOT_IN_SCOPE' AND l.fault_code = '')
  )
ORDER BY c.id
LIMIT @limit`

// ListUnlisted gives customers that have no link in a system, or one that says only that they are out of its scope, behind the one
// after and in the order of their ids.
func ListUnlisted(ctx context.Context, db pg.DB, sys system.ID, after customer.ID, limit int) ([]customer.ID, error) {
	if after == "" {
		after = "00000000-0000-0000-0000-000000000000"
	}
	rows, _ := db.Query(ctx, sqlUnlisted, pgx.StrictNamedArgs{"system": string(sys), "after": string(after), "limit": limit})
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (id customer.ID, err error) {
		var text string
		err = row.Scan(&text)
		return customer.ID(text), err
	})
	return found, pg.Fault(err, "customers")
}

// sqlFindFormer leaves out a record that was deleted.
const sqlFindFormer = `
SELECT ` + linkColumns + `
FROM link l
JOIN link_base b ON b.organisation_id = l.organisation_id AND b.link_id = l.id
WHERE l.customer_id = @customer AND l.system_id = @system AND NOT l.is_primary AND l.external_id <> '' AND l.fault_code <> 'NOT_FOUND'
  AND b.ours ->> 'businessId' = @business_id
  AND NOT EXISTS (SELECT FROM deletion d WHERE d.organisation_id = l.organisation_id AND d.link_id = l.id AND d.ended_at IS NULL)
ORDER BY l.id DESC
LIMIT 1`

// FindFormer gives, beside a customer's link, the newest in the same system that was set aside and whose record was agreed on with a
// business ID; zero when there is none.
func FindFormer(ctx context.Context, db pg.DB, beside link.Link, businessID string) (link.Link, error) {
	if businessID == "" {
		return link.Link{}, nil
	}
	rows, _ := db.Query(ctx, sqlFindFormer, pgx.StrictNamedArgs{
		"customer": string(beside.CustomerID), "system": string(beside.SystemID), "business_id": businessID,
	})
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[linkRow])
	if err != nil || len(found) == 0 {
		return link.Link{}, pg.Fault(err, "links")
	}
	return found[0].noun(), nil
}
