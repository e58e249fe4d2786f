package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/pg"
)

type kycRow struct {
	ID                     string          `db:"id"`
	CustomerID             string          `db:"customer_id"`
	State                  string          `db:"state"`
	RiskClass              string          `db:"risk_class"`
	RequiresActions        *bool           `db:"requires_actions"`
	Reasons                []string        `db:"requires_actions_reasons"`
	LatestRiskAssessmentOn *time.Time      `db:"latest_risk_assessment_on"`
	DueDiligenceExpiresOn  *time.Time      `db:"due_diligence_expires_on"`
	Notes                  string          `db:"notes"`
	Stage                  string          `db:"stage"`
	Person                 json.RawMessage `db:"person"`
	Revision               int             `db:"revision"`
	Raw                    json.RawMessage `db:"raw"`
	SourceSystem           *string         `db:"source_system"`
	AsOf                   time.Time       `db:"as_of"`
	RecordedAt             time.Time       `db:"recorded_at"`
}

const kycColumns = `k.id, k.customer_id, k.state, k.risk_class, k.requires_actions, k.requires_actions_reasons,
  k.latest_risk_assessment_on, k.due_diligence_expires_on, k.notes, k.stage, k.person, k.revision, k.raw, k.source_system, k.as_of, k.recorded_at`

func (r kycRow) noun() (customer.KYC, error) {
	k := customer.KYC{
		State: customer.KYCState(r.State), RiskClass: customer.RiskClass(r.RiskClass), RequiresActions: r.RequiresActions,
		RequiresActionsReasons: r.Reasons, LatestRiskAssessmentOn: dateOf(r.LatestRiskAssessmentOn),
		DueDiligenceExpiresOn: dateOf(r.DueDiligenceExpiresOn), Notes: r.Notes, Stage: r.Stage, Revision: r.Revision, SourceSystem: textOf[string](r.SourceSystem),
		AsOf: r.AsOf.UTC(), RecordedAt: r.RecordedAt.UTC(),
	}
	if err := errors.Join(json.Unmarshal(r.Raw, &k.Raw), json.Unmarshal(r.Person, &k.Person)); err != nil {
		return customer.KYC{}, fmt.Errorf("reading due-diligence status %s: %w", r.ID, err)
	}
	return k, nil
}

func dateOf(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.DateOnly)
}

const sqlKYCOfCustomers = `
SELECT DISTINCT ON (k.customer_id) ` + kycColumns + `
FROM kyc_status k
WHERE k.customer_id = ANY (@ids)
ORDER BY k.customer_id, k.as_of DESC, k.id DESC`

// ListKYC reads the newest status of customers; customers of whom nothing was said are left out.
func ListKYC(ctx context.Context, db pg.DB, ids []customer.ID) (map[customer.ID]customer.KYC, error) {
	rows, _ := db.Query(ctx, sqlKYCOfCustomers, pgx.StrictNamedArgs{"ids": texts(ids)})
	return kycByCustomer(rows)
}

func kycByCustomer(rows pgx.Rows) (map[customer.ID]customer.KYC, error) {
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[kycRow])
	if err != nil {
		return nil, pg.Fault(err, "due-diligence status")
	}
	out := make(map[customer.ID]customer.KYC, len(found))
	for _, r := range found {
		if out[customer.ID(r.CustomerID)], err = r.noun(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

const sqlKYCBefore = `
SELECT DISTINCT ON (k.customer_id) ` + kycColumns + `
FROM kyc_status k
WHERE k.customer_id = ANY (@ids) AND k.recorded_at < @at
ORDER BY k.customer_id, k.as_of DESC, k.id DESC`

// ListKYCBefore is ListKYC as it was just before a moment.
func ListKYCBefore(ctx context.Context, db pg.DB, ids []customer.ID, at time.Time) (map[customer.ID]customer.KYC, error) {
	rows, _ := db.Query(ctx, sqlKYCBefore, pgx.StrictNamedArgs{"ids": texts(ids), "at": at})
	return kycByCustomer(rows)
}

// KYCEntry is one entry of a customer's due-diligence history.
type KYCEntry struct {
	ID string
	customer.KYC
}

// sqlKYCHistory reads a page of each customer's history in one statement.
const sqlKYCHistory = `
SELECT ` + kycColumns + `
FROM unnest(@ids::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
  SELECT *
  FROM kyc_status one
  WHERE one.customer_id = wanted.id
    AND (@before_id = '' OR (one.as_of, one.id) < (@before_at, NULLIF(@before_id, '')::uuid))
  ORDER BY one.as_of DESC, one.id DESC
  LIMIT @limit
) k
ORDER BY k.customer_id, k.as_of DESC, k.id DESC`

// ListKYCHistory reads at most limit entries of each customer, newest first, older than before; a zero before begins at the
// newest.
func ListKYCHistory(ctx context.Context, db pg.DB, ids []customer.ID, before KYCEntry, limit int) (map[customer.ID][]KYCEntry, error) {
	rows, _ := db.Query(ctx, sqlKYCHistory, pgx.StrictNamedArgs{
		"ids": texts(ids), "before_at": before.AsOf, "before_id": before.ID, "limit": limit,
	})
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[kycRow])
	if err != nil {
		return nil, pg.Fault(err, "due-diligence history")
	}
	out := make(map[customer.ID][]KYCEntry)
	for _, r := range found {
		k, err := r.noun()
		if err != nil {
			return nil, err
		}
		id := customer.ID(r.CustomerID)
		out[id] = append(out[id], KYCEntry{ID: r.ID, KYC: k})
	}
	return out, nil
}

const sqlInsertKYC = `
INSERT INTO kyc_status (customer_id, id, state, risk_class, requires_actions, requires_actions_reasons,
  latest_risk_assessment_on, due_diligence_expires_on, notes, stage, person, revision, raw, source_system, as_of)
VALUES (@customer, @id, @state, @risk_class, @requires_actions, @reasons, NULLIF(@assessed, '')::date,
  NULLIF(@expires, '')::date, @notes, @stage, @person, @revision, @raw, @source, @as_of)`

// sqlNoteKYC keeps beside the customer what lists are filtered and ordered by.
const sqlNoteKYC = `
UPDATE customer
SET kyc_state = @state, kyc_risk_class = @risk_class, kyc_requires_actions = @requires_actions,
  kyc_expires_on = coalesce(NULLIF(@expires, '')::date, 'infinity')
WHERE id = @customer`

// InsertKYC adds what the due-diligence service says now to the history. The caller holds the customer's lock.
func InsertKYC(ctx context.Context, db pg.DB, id customer.ID, k customer.KYC) error {
	raw := k.Raw
	if raw == nil {
		raw = map[string]string{}
	}
	return Trip(ctx, db, func(b *pgx.Batch) {
		b.Queue(sqlNoteKYC, pgx.StrictNamedArgs{
			"customer": string(id), "state": string(k.State), "risk_class": string(k.RiskClass), "requires_actions": k.RequiresActions,
			"expires": k.DueDiligenceExpiresOn,
		})
		b.Queue(sqlInsertKYC, pgx.StrictNamedArgs{
			"customer": string(id), "id": NewID(), "state": string(k.State), "risk_class": string(k.RiskClass),
			"requires_actions": k.RequiresActions, "reasons": texts(k.RequiresActionsReasons),
			"assessed": k.LatestRiskAssessmentOn, "expires": k.DueDiligenceExpiresOn, "notes": k.Notes, "stage": k.Stage, "person": asJSON(k.Person), "revision": k.Revision, "raw": asJSON(raw),
			"source": textOrNull(k.SourceSystem), "as_of": k.AsOf,
		})
	})
}
