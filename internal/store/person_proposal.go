package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/pg"
)

type proposalRow struct {
	ID       string    `db:"id"`
	PersonID string    `db:"person_id"`
	OtherID  string    `db:"other_id"`
	Reason   string    `db:"reason"`
	State    string    `db:"state"`
	RaisedAt time.Time `db:"raised_at"`
}

func (r proposalRow) noun() customer.PersonProposal {
	return customer.PersonProposal{
		ID: customer.PersonProposalID(r.ID), Person: customer.PersonID(r.PersonID), Other: customer.PersonID(r.OtherID),
		Reason: customer.MatchReason(r.Reason), State: customer.ProposalState(r.State), RaisedAt: r.RaisedAt.UTC(),
	}
}

// sqlProposePeople pairs each person with the oldest other one that has a key in common, when the two have no customer in
// common: people who share a customer are told apart there. A pair that somebody rejected makes way for the next oldest. Ids of
// persons grow with time.
const sqlProposePeople = `
INSERT INTO person_proposal (id, person_id, other_id, reason)
SELECT DISTINCT ON (least(mine.person_id, other.person_id), greatest(mine.person_id, other.person_id))
  gen_random_uuid(), least(mine.person_id, other.person_id), greatest(mine.person_id, other.person_id),
  CASE WHEN mine.key LIKE 'email:%' THEN 'EMAIL' ELSE 'PHONE_AND_NAME' END
FROM contact t
JOIN person_key mine ON mine.organisation_id = t.organisation_id AND mine.person_id = t.person_id
CROSS JOIN LATERAL (
  SELECT o.person_id
  FROM person_key o
  WHERE o.key = mine.key AND o.person_id <> mine.person_id
    AND EXISTS (SELECT FROM contact c WHERE c.person_id = o.person_id)
    AND NOT EXISTS (
      SELECT FROM contact c
      JOIN contact same ON same.organisation_id = c.organisation_id AND same.customer_id = c.customer_id
      WHERE c.person_id = o.person_id AND same.person_id = mine.person_id)
    AND NOT EXISTS (
      SELECT FROM person_proposal p
      WHERE p.person_id = least(o.person_id, mine.person_id) AND p.other_id = greatest(o.person_id, mine.person_id) AND p.state <> 'OPEN')
  ORDER BY o.person_id
  LIMIT 1
) other
WHERE t.customer_id = ANY (@customers)
ORDER BY least(mine.person_id, other.person_id), greatest(mine.person_id, other.person_id), mine.key
ON CONFLICT DO NOTHING`

// sqlWithdrawProposals takes open proposals back whose persons have no key in common any more. Each side of a proposal has an
// index of its own; one condition with OR would use neither, and read all proposals of the organisation.
const sqlWithdrawProposals = `
DELETE FROM person_proposal p
WHERE p.state = 'OPEN'
  AND p.id = ANY (ARRAY(
    SELECT about.id
    FROM contact t
    CROSS JOIN LATERAL (
      SELECT a.id FROM person_proposal a WHERE a.person_id = t.person_id
      UNION ALL
      SELECT b.id FROM person_proposal b WHERE b.other_id = t.person_id
    ) about
    WHERE t.customer_id = ANY (@customers)))
  AND NOT EXISTS (
    SELECT FROM person_key a
    JOIN person_key b ON b.organisation_id = a.organisation_id AND b.key = a.key AND b.person_id = p.other_id
    WHERE a.person_id = p.person_id)`

// ProposePeople brings proposals about the contacts of customers up to date: persons who may be the same human are proposed,
// each with the oldest other, and proposals for which nothing speaks any more are taken back. The latter is for customers that
// were there before, altered: persons who are new have no proposals, and an import is of those.
func ProposePeople(ctx context.Context, db pg.DB, customers, altered []customer.ID) error {
	return Trip(ctx, db, func(b *pgx.Batch) {
		if len(altered) > 0 {
			b.Queue(sqlWithdrawProposals, pgx.StrictNamedArgs{"customers": texts(altered)})
		}
		b.Queue(sqlProposePeople, pgx.StrictNamedArgs{"customers": texts(customers)})
	})
}

const sqlOpenProposals = `
SELECT p.id, p.person_id, p.other_id, p.reason, p.state, p.raised_at
FROM person_proposal p
WHERE p.state = 'OPEN' AND (@id::uuid IS NULL OR (p.raised_at, p.id) < (@at, @id))
ORDER BY p.raised_at DESC, p.id DESC
LIMIT @limit`

// ListOpenProposals gives open proposals, newest first, behind one; a zero one begins with the newest.
func ListOpenProposals(ctx context.Context, db pg.DB, after customer.PersonProposal, limit int) ([]customer.PersonProposal, error) {
	rows, _ := db.Query(ctx, sqlOpenProposals, pgx.StrictNamedArgs{
		"id": textOrNull(after.ID), "at": timeOrNull(after.RaisedAt), "limit": limit,
	})
	return collectProposals(rows)
}

const sqlCountProposals = `
SELECT count(*)
FROM person_proposal p
WHERE p.state = 'OPEN'`

// CountOpenProposals gives the number of open proposals.
func CountOpenProposals(ctx context.Context, db pg.DB) (n int, err error) {
	err = db.QueryRow(ctx, sqlCountProposals).Scan(&n)
	return n, pg.Fault(err, "proposals")
}

const sqlLockProposal = `
SELECT p.id, p.person_id, p.other_id, p.reason, p.state, p.raised_at
FROM person_proposal p
WHERE p.id = @id
FOR UPDATE`

// LockProposal gives a proposal and keeps others from deciding about it; nil when there is none.
func LockProposal(ctx context.Context, db pg.DB, id customer.PersonProposalID) (*customer.PersonProposal, error) {
	rows, _ := db.Query(ctx, sqlLockProposal, pgx.StrictNamedArgs{"id": string(id)})
	found, err := collectProposals(rows)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

func collectProposals(rows pgx.Rows) ([]customer.PersonProposal, error) {
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[proposalRow])
	if err != nil {
		return nil, pg.Fault(err, "proposals")
	}
	out := make([]customer.PersonProposal, len(found))
	for i, r := range found {
		out[i] = r.noun()
	}
	return out, nil
}

const sqlDecideProposal = `
UPDATE person_proposal
SET state = @state, decided_at = now(), decided_by = @by
WHERE id = @id`

// DecideProposal writes what a person decided.
func DecideProposal(ctx context.Context, db pg.DB, id customer.PersonProposalID, s customer.ProposalState, by string) error {
	tag, err := db.Exec(ctx, sqlDecideProposal, pgx.StrictNamedArgs{"id": string(id), "state": string(s), "by": by})
	return one(tag, err, "proposal %s", id)
}

// sqlMoveRejections says of one person what was rejected of another, except where something is said of the pair already.
const sqlMoveRejections = `
INSERT INTO person_proposal (id, person_id, other_id, reason, state, raised_at, decided_at, decided_by)
SELECT gen_random_uuid(), least(p.third, @to), greatest(p.third, @to), p.reason, p.state, p.raised_at, p.decided_at, p.decided_by
FROM (
  SELECT a.other_id AS third, a.reason, a.state, a.raised_at, a.decided_at, a.decided_by FROM person_proposal a WHERE a.person_id = @from
  UNION ALL
  SELECT b.person_id, b.reason, b.state, b.raised_at, b.decided_at, b.decided_by FROM person_proposal b WHERE b.other_id = @from
) p
WHERE p.state = 'REJECTED' AND p.third <> @to
ON CONFLICT DO NOTHING`

const sqlDropOpenProposals = `
DELETE FROM person_proposal p
WHERE p.state = 'OPEN' AND p.id <> @decided
  AND p.id = ANY (ARRAY(
    SELECT a.id FROM person_proposal a WHERE a.person_id = @from
    UNION ALL
    SELECT b.id FROM person_proposal b WHERE b.other_id = @from))`

// MoveProposals has what was said of a person hold for another, whom the person became: a pair that was rejected stays so. What
// is open of the person is dropped, except the proposal that is being decided; it is proposed of the other one anew, where
// something still speaks for it (ProposePeople).
func MoveProposals(ctx context.Context, db pg.DB, from, to customer.PersonID, decided customer.PersonProposalID) error {
	return Trip(ctx, db, func(b *pgx.Batch) {
		b.Queue(sqlMoveRejections, pgx.StrictNamedArgs{"from": string(from), "to": string(to)})
		b.Queue(sqlDropOpenProposals, pgx.StrictNamedArgs{"from": string(from), "decided": string(decided)})
	})
}

const sqlMovePersonLinks = `
UPDATE link_part p
SET part_id = @to
WHERE p.part = 'contact' AND p.part_id = @from
  AND NOT EXISTS (
    SELECT FROM link_part q
    WHERE q.link_id = p.link_id AND q.part = p.part AND q.part_id = @to)`

// MovePersonLinks makes external contact persons those of another person. Of two in one record the other's own stays, and
// the moved one's is detached.
func MovePersonLinks(ctx context.Context, db pg.DB, from, to customer.PersonID) error {
	_, err := db.Exec(ctx, sqlMovePersonLinks, pgx.StrictNamedArgs{"from": string(from), "to": string(to)})
	return pg.Fault(err, "person %s", from)
}
