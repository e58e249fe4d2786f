package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/link"
	"customerhub/internal/pg"
)

type kycLinkRow struct {
	CustomerID string     `db:"customer_id"`
	SystemID   string     `db:"system_id"`
	State      string     `db:"state"`
	Fault      string     `db:"fault_code"`
	ExternalID string     `db:"external_id"`
	LookedAt   *time.Time `db:"looked_at"`
	FreshAt    *time.Time `db:"fresh_at"`
}

const sqlKYCLinks = `
SELECT l.customer_id, l.system_id, l.state, l.fault_code, l.external_id, l.looked_at, s.fresh_at
FROM link l
JOIN system s ON s.id = l.system_id
WHERE l.customer_id = ANY (@ids) AND l.system_id = ANY (@systems)
ORDER BY l.customer_id, l.system_id, l.is_primary DESC, l.id`

// FreshenKYC adds to statuses from when on the hub may not know of another one, which is how new it is of the customer's record in the
// system that said it.
func FreshenKYC(ctx context.Context, db pg.DB, said map[customer.ID]customer.KYC) error {
	var ids, systems []string
	for id, k := range said {
		if k.SourceSystem != "" {
			ids, systems = append(ids, string(id)), append(systems, k.SourceSystem)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	rows, _ := db.Query(ctx, sqlKYCLinks, pgx.StrictNamedArgs{"ids": ids, "systems": systems})
	links, err := pgx.CollectRows(rows, pgx.RowToStructByName[kycLinkRow])
	if err != nil {
		return pg.Fault(err, "links")
	}
	seen := make(map[customer.ID]bool, len(links))
	for _, l := range links {
		id := customer.ID(l.CustomerID)
		k := said[id]
		if k.SourceSystem != l.SystemID || seen[id] { // the primary record comes first
			continue
		}
		seen[id] = true
		of := link.Link{State: link.State(l.State), LastFault: fault.Code(l.Fault), ExternalID: l.ExternalID, LookedAt: timeOf(l.LookedAt)}
		k.FreshAsOf = of.FreshAsOf(timeOf(l.FreshAt))
		said[id] = k
	}
	return nil
}

// What was heard is in the order of as_of and id. A word that was heard at the moment or before counts unless one stands before it that
// was heard later: its transaction had begun earlier and was committed after that one.
const sqlKYCAt = `
SELECT ` + kycColumns + `
FROM kyc_status k
WHERE k.customer_id = @id AND k.recorded_at <= @at
  AND NOT EXISTS (
    SELECT FROM kyc_status o
    WHERE o.customer_id = k.customer_id AND o.recorded_at > @at AND (o.as_of, o.id) < (k.as_of, k.id))
ORDER BY k.as_of DESC, k.id DESC
LIMIT 1`

// GetKYCAt reads what the due-diligence service had said of a customer, as far as the hub had heard of it at a moment; what is said of
// somebody of whom nothing was said when that was all.
func GetKYCAt(ctx context.Context, db pg.DB, id customer.ID, at time.Time) (customer.KYC, error) {
	rows, _ := db.Query(ctx, sqlKYCAt, pgx.StrictNamedArgs{"id": string(id), "at": at})
	r, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[kycRow])
	if errors.Is(err, pgx.ErrNoRows) {
		return customer.UnknownKYC(), nil
	}
	if err != nil {
		return customer.KYC{}, pg.Fault(err, "due-diligence status")
	}
	return r.noun()
}
