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

const sqlEndDispute = `
UPDATE link_base b
SET disputes = nullif(b.disputes - @group::text, '{}'::jsonb)
FROM link l
WHERE l.organisation_id = b.organisation_id AND l.id = b.link_id AND l.system_id = @system AND l.external_id = @record
  AND b.disputes IS NOT NULL`

// EndDispute forgets what was counted against a group of a record, so that it flows again, and makes its link due.
func EndDispute(ctx context.Context, db pg.DB, sys system.ID, externalID string, g customer.Group) error {
	_, err := db.Exec(ctx, sqlEndDispute, pgx.StrictNamedArgs{"system": string(sys), "record": externalID, "group": string(g)})
	if err != nil {
		return pg.Fault(err, "disputes")
	}
	return MarkLinksDue(ctx, db, sys, []string{externalID}, link.Interactive)
}

const sqlLastSetBy = `
SELECT c.actor_name
FROM change c
WHERE c.customer_id = @customer
  AND EXISTS (SELECT FROM jsonb_array_elements(c.fields) AS f
    WHERE f ->> 'field' = @field OR starts_with(f ->> 'field', @field::text || '.'))
ORDER BY c.change_no DESC
LIMIT 1`

// LastSetBy names who last changed a group of a customer, such as an API key or a system; empty when nobody has since the customer
// came. A part of the customer is named by the hub's id.
func LastSetBy(ctx context.Context, db pg.DB, id customer.ID, g customer.Group) (name string, err error) {
	err = db.QueryRow(ctx, sqlLastSetBy, pgx.StrictNamedArgs{"customer": string(id), "field": string(g)}).Scan(&name)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return name, pg.Fault(err, "changes")
}
