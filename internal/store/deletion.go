package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/fault"
	"customerhub/internal/link"
	"customerhub/internal/pg"
)

type deletionRow struct {
	ID      string     `db:"id"`
	LinkID  string     `db:"link_id"`
	AskedBy string     `db:"asked_by"`
	Reason  string     `db:"reason"`
	AskedAt time.Time  `db:"asked_at"`
	State   string     `db:"state"`
	Message string     `db:"message"`
	EndedAt *time.Time `db:"ended_at"`
}

const deletionColumns = `d.id, d.link_id, d.asked_by, d.reason, d.asked_at, d.state, d.message, d.ended_at`

func (r deletionRow) noun() link.Deletion {
	return link.Deletion{
		ID: link.DeletionID(r.ID), LinkID: link.ID(r.LinkID), By: r.AskedBy, Reason: r.Reason, AskedAt: r.AskedAt.UTC(),
		State: link.DeletionState(r.State), Message: r.Message, EndedAt: timeOf(r.EndedAt),
	}
}

const sqlDeletionsOfLinks = `
SELECT DISTINCT ON (d.link_id) ` + deletionColumns + `
FROM deletion d
WHERE d.link_id = ANY (@ids)
ORDER BY d.link_id, d.asked_at DESC, d.id`

// sqlDeletionsWhere is the last deletion of each link that a condition on links names.
const sqlDeletionsWhere = `
SELECT DISTINCT ON (d.link_id) ` + deletionColumns + `
FROM deletion d
JOIN link l ON l.organisation_id = d.organisation_id AND l.id = d.link_id
WHERE `

// ListDeletions gives the last deletion of each link that has one.
func ListDeletions(ctx context.Context, db pg.DB, ids []link.ID) ([]link.Deletion, error) {
	return listNouns(ctx, db, sqlDeletionsOfLinks, texts(ids), deletionRow.noun)
}

const sqlDeletionsByID = `
SELECT ` + deletionColumns + `
FROM deletion d
WHERE d.id = ANY (@ids)
ORDER BY d.id`

// GetDeletion reads a deletion, or NotFound.
func GetDeletion(ctx context.Context, db pg.DB, id link.DeletionID) (link.Deletion, error) {
	found, err := listNouns(ctx, db, sqlDeletionsByID, []string{string(id)}, deletionRow.noun)
	if err == nil && len(found) == 0 {
		err = fault.New(fault.NotFound, "There is no deletion %s.", id)
	}
	if err != nil {
		return link.Deletion{}, err
	}
	return found[0], nil
}

const sqlInsertDeletion = `
INSERT INTO deletion (id, link_id, asked_by, reason)
VALUES (@id, @link, @by, @reason)`

// InsertDeletion stores that a record is to be deleted. A link with one that stands is a Duplicate.
func InsertDeletion(ctx context.Context, db pg.DB, d link.Deletion) error {
	_, err := db.Exec(ctx, sqlInsertDeletion, pgx.StrictNamedArgs{
		"id": string(d.ID), "link": string(d.LinkID), "by": d.By, "reason": d.Reason,
	})
	return pg.Fault(err, "deletion of link %s", d.LinkID)
}

const sqlEndDeletion = `
UPDATE deletion
SET state = @state, message = @message, ended_at = now()
WHERE id = @id AND ended_at IS NULL`

// EndDeletion writes what came of a deletion. One that has ended already is Stale.
func EndDeletion(ctx context.Context, db pg.DB, d link.Deletion) error {
	tag, err := db.Exec(ctx, sqlEndDeletion, pgx.StrictNamedArgs{"id": string(d.ID), "state": string(d.State), "message": d.Message})
	if err == nil && tag.RowsAffected() == 0 {
		return fault.New(fault.Stale, "The deletion %s has ended already.", d.ID)
	}
	return pg.Fault(err, "deletion %s", d.ID)
}

const sqlTakeFreeLink = `
SELECT l.lease_until IS NULL
FROM link l
WHERE l.id = @id
FOR NO KEY UPDATE`

// TakeFreeLink keeps workers from claiming the link until the transaction ends; false when one holds it, or has held it and
// gone, so that what it was at is not known yet.
func TakeFreeLink(ctx context.Context, db pg.DB, id link.ID) (free bool, err error) {
	err = db.QueryRow(ctx, sqlTakeFreeLink, pgx.StrictNamedArgs{"id": string(id)}).Scan(&free)
	return free, pg.Fault(err, "link %s", id)
}
