package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/link"
	"customerhub/internal/pg"
	"customerhub/internal/system"
)

// Merge is one merge of two customers, with what it takes to take it back and what was answered, both as package hub writes them.
type Merge struct {
	ID            string
	Kept, Merged  customer.ID
	KeptChangeNo  int
	Snapshot      json.RawMessage
	Result        json.RawMessage
	UnmergeResult json.RawMessage // nil while it stands
	By            string
	At            time.Time
	UnmergedAt    time.Time // zero while it stands
}

type mergeRow struct {
	ID            string          `db:"id"`
	KeptID        string          `db:"kept_id"`
	MergedID      string          `db:"merged_id"`
	KeptChangeNo  int             `db:"kept_change_no"`
	Snapshot      json.RawMessage `db:"snapshot"`
	Result        json.RawMessage `db:"result"`
	UnmergeResult json.RawMessage `db:"unmerge_result"`
	MergedBy      string          `db:"merged_by"`
	MergedAt      time.Time       `db:"merged_at"`
	UnmergedAt    *time.Time      `db:"unmerged_at"`
}

func (r mergeRow) noun() Merge {
	return Merge{
		ID: r.ID, Kept: customer.ID(r.KeptID), Merged: customer.ID(r.MergedID), KeptChangeNo: r.KeptChangeNo, Snapshot: r.Snapshot,
		Result: r.Result, UnmergeResult: r.UnmergeResult, By: r.MergedBy, At: r.MergedAt.UTC(), UnmergedAt: timeOf(r.UnmergedAt),
	}
}

const mergeColumns = `m.id, m.kept_id, m.merged_id, m.kept_change_no, m.snapshot, m.result, m.unmerge_result, m.merged_by, m.merged_at,
  m.unmerged_at`

const sqlInsertMerge = `
INSERT INTO customer_merge (id, kept_id, merged_id, kept_change_no, snapshot, result, merged_by)
VALUES (@id, @kept, @merged, @change_no, @snapshot, @result, @by)`

// InsertMerge stores a merge.
func InsertMerge(ctx context.Context, db pg.DB, m Merge) error {
	_, err := db.Exec(ctx, sqlInsertMerge, pgx.StrictNamedArgs{
		"id": m.ID, "kept": string(m.Kept), "merged": string(m.Merged), "change_no": m.KeptChangeNo,
		"snapshot": m.Snapshot, "result": m.Result, "by": m.By,
	})
	return pg.Fault(err, "merge of customer %s", m.Merged)
}

const sqlEndMerge = `
UPDATE customer_merge
SET unmerged_at = now(), unmerged_by = @by, unmerge_result = @result
WHERE id = @id AND unmerged_at IS NULL`

// EndMerge writes that a merge was taken back, by whom and with what answer, or NotFound where it stands no more.
func EndMerge(ctx context.Context, db pg.DB, id, by string, result json.RawMessage) error {
	tag, err := db.Exec(ctx, sqlEndMerge, pgx.StrictNamedArgs{"id": id, "by": by, "result": result})
	return one(tag, err, "merge %s", id)
}

const sqlMergesByID = `
SELECT ` + mergeColumns + `
FROM customer_merge m
WHERE m.id = ANY (@ids)
ORDER BY m.id`

// FindMerge reads a merge; nil when there is none.
func FindMerge(ctx context.Context, db pg.DB, id string) (*Merge, error) {
	return firstMerge(listNouns(ctx, db, sqlMergesByID, []string{id}, mergeRow.noun))
}

// Ids of merges grow with time.
const sqlMergesOfMerged = `
SELECT ` + mergeColumns + `
FROM customer_merge m
WHERE m.merged_id = ANY (@ids)
ORDER BY m.id DESC
LIMIT 1`

// FindMergeOf reads the last merge that made a customer part of another; nil when there was none.
func FindMergeOf(ctx context.Context, db pg.DB, merged customer.ID) (*Merge, error) {
	return firstMerge(listNouns(ctx, db, sqlMergesOfMerged, []string{string(merged)}, mergeRow.noun))
}

const sqlMergesOfKept = `
SELECT ` + mergeColumns + `
FROM customer_merge m
WHERE m.kept_id = ANY (@ids) AND m.unmerged_at IS NULL
ORDER BY m.id DESC
LIMIT 1`

// FindNewestMergeInto reads the newest standing merge into a customer; nil when there is none.
func FindNewestMergeInto(ctx context.Context, db pg.DB, kept customer.ID) (*Merge, error) {
	return firstMerge(listNouns(ctx, db, sqlMergesOfKept, []string{string(kept)}, mergeRow.noun))
}

func firstMerge(found []Merge, err error) (*Merge, error) {
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// A contact points at an office of its own customer, so it lets go before the office moves.
const sqlLeaveOffices = `
UPDATE contact
SET office_id = NULL
WHERE office_id = ANY (@offices)`

const sqlMoveOffices = `
UPDATE office
SET customer_id = @to
WHERE id = ANY (@offices)`

// MoveOffices gives offices to another customer. Contacts lose the offices; the caller saves them with the customers, whose locks
// it holds.
func MoveOffices(ctx context.Context, db pg.DB, offices []customer.OfficeID, to customer.ID) error {
	if len(offices) == 0 {
		return nil
	}
	return Trip(ctx, db, func(b *pgx.Batch) {
		b.Queue(sqlLeaveOffices, pgx.StrictNamedArgs{"offices": texts(offices)})
		b.Queue(sqlMoveOffices, pgx.StrictNamedArgs{"offices": texts(offices), "to": string(to)})
	})
}

const sqlLockLinks = `
SELECT l.id
FROM link l
WHERE l.id = ANY (@ids)
ORDER BY l.id
FOR NO KEY UPDATE`

// LockLinks keeps workers from claiming links until the transaction ends.
func LockLinks(ctx context.Context, db pg.DB, ids []link.ID) error {
	_, err := db.Exec(ctx, sqlLockLinks, pgx.StrictNamedArgs{"ids": texts(ids)})
	return pg.Fault(err, "links")
}

const sqlBusyLinks = `
SELECT ` + linkColumns + `
FROM link l
WHERE l.id = ANY (@ids) AND (l.lease_until IS NOT NULL OR l.state IN ('IN_PROGRESS', 'UNCERTAIN')
  OR EXISTS (SELECT FROM intent i WHERE i.organisation_id = l.organisation_id AND i.link_id = l.id)
  OR EXISTS (SELECT FROM deletion d WHERE d.organisation_id = l.organisation_id AND d.link_id = l.id AND d.ended_at IS NULL))
ORDER BY l.id`

// ListBusyLinks gives those of the links that a worker has in hand, or of which it is not known what became of a call.
func ListBusyLinks(ctx context.Context, db pg.DB, ids []link.ID) ([]link.Link, error) {
	return listNouns(ctx, db, sqlBusyLinks, texts(ids), linkRow.noun)
}

// A customer has one primary link in a system at any moment, so all let go first.
const sqlPutLinksAside = `
UPDATE link l
SET is_primary = false, customer_id = r.customer_id
FROM jsonb_to_recordset(@rows::jsonb) AS r (id uuid, customer_id uuid)
WHERE l.id = r.id`

// sqlPlaceLinks raises the fence, so that whoever read the link before cannot write as if it had not moved.
const sqlPlaceLinks = `
UPDATE link l
SET is_primary = r.is_primary, state = r.state, due_at = r.due_at, fault_code = r.fault_code, fault_message = r.fault_message,
  attempt = r.attempt, fence = l.fence + 1
FROM jsonb_to_recordset(@rows::jsonb) AS r (id uuid, is_primary boolean, state text, due_at timestamptz, fault_code text,
  fault_message text, attempt integer)
WHERE l.id = r.id`

// MoveLinks gives links the customers, the states and the places as primary ones that they have now, together.
func MoveLinks(ctx context.Context, db pg.DB, links []link.Link) error {
	rows := make([]linkRow, len(links))
	for i, l := range links {
		rows[i] = rowOfLink(l)
	}
	return Trip(ctx, db, func(b *pgx.Batch) {
		writeRows(b, sqlPutLinksAside, rows)
		writeRows(b, sqlPlaceLinks, rows)
	})
}

const sqlDropLinks = `
DELETE FROM link
WHERE id = ANY (@ids) AND external_id = ''`

// DropLinks removes links that have no record.
func DropLinks(ctx context.Context, db pg.DB, ids []link.ID) error {
	_, err := db.Exec(ctx, sqlDropLinks, pgx.StrictNamedArgs{"ids": texts(ids)})
	return pg.Fault(err, "links")
}

const sqlForgetParts = `
DELETE FROM link_part
WHERE link_id = ANY (@ids)`

// ReplaceParts writes which records the parts of links are, whatever stood there.
func ReplaceParts(ctx context.Context, db pg.DB, records []LinkedRecord) error {
	var rows []partRow
	ids := make([]string, len(records))
	for i, rec := range records {
		ids[i] = string(rec.Link.ID)
		rows = append(rows, partRows(rec)...)
	}
	return Trip(ctx, db, func(b *pgx.Batch) {
		b.Queue(sqlForgetParts, pgx.StrictNamedArgs{"ids": ids})
		writeRows(b, sqlSaveParts, rows)
	})
}

const sqlMoveFindings = `
UPDATE finding f
SET customer_id = @customer
WHERE f.system_id = @system AND f.external_id = @record AND f.resolved_at IS NULL`

// MoveFindings makes the standing findings about a record those of a customer.
func MoveFindings(ctx context.Context, db pg.DB, sys system.ID, externalID string, to customer.ID) error {
	_, err := db.Exec(ctx, sqlMoveFindings, pgx.StrictNamedArgs{"system": string(sys), "record": externalID, "customer": string(to)})
	return pg.Fault(err, "findings")
}

const sqlReplaceProvenance = `
INSERT INTO provenance AS p (customer_id, fields)
SELECT r.customer_id, r.fields
FROM jsonb_to_recordset(@rows::jsonb) AS r (customer_id uuid, fields jsonb)
ON CONFLICT (organisation_id, customer_id) DO UPDATE
SET fields = excluded.fields`

// ReplaceProvenance writes where the values of a customer came from; fields that are not given have no entry afterwards.
func ReplaceProvenance(ctx context.Context, db pg.DB, id customer.ID, fields customer.Provenances) error {
	if fields == nil {
		fields = customer.Provenances{}
	}
	return Trip(ctx, db, func(b *pgx.Batch) {
		writeRows(b, sqlReplaceProvenance, []provenanceRow{{CustomerID: string(id), Fields: json.RawMessage(asJSON(fields))}})
	})
}

const sqlOpenProposalsOfPeople = `
SELECT p.id, p.person_id, p.other_id, p.reason, p.state, p.raised_at
FROM person_proposal p
WHERE p.state = 'OPEN' AND p.id = ANY (ARRAY(
  SELECT a.id FROM person_proposal a WHERE a.person_id = ANY (@people)
  UNION ALL
  SELECT b.id FROM person_proposal b WHERE b.other_id = ANY (@people)))
ORDER BY p.id`

// ListOpenProposalsOf gives the open proposals about persons.
func ListOpenProposalsOf(ctx context.Context, db pg.DB, people []customer.PersonID) ([]customer.PersonProposal, error) {
	rows, _ := db.Query(ctx, sqlOpenProposalsOfPeople, pgx.StrictNamedArgs{"people": texts(people)})
	return collectProposals(rows)
}
