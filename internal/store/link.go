package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/link"
	"customerhub/internal/pg"
	"customerhub/internal/run"
	"customerhub/internal/system"
)

// linkRow is a row of table link, read and written.
type linkRow struct {
	ID           string     `db:"id" json:"id"`
	SystemID     string     `db:"system_id" json:"system_id"`
	CustomerID   string     `db:"customer_id" json:"customer_id"`
	ExternalID   string     `db:"external_id" json:"external_id"`
	IsPrimary    bool       `db:"is_primary" json:"is_primary"`
	State        string     `db:"state" json:"state"`
	DueAt        *time.Time `db:"due_at" json:"due_at"`
	Priority     int        `db:"priority" json:"priority"`
	Attempt      int        `db:"attempt" json:"attempt"`
	FaultCode    string     `db:"fault_code" json:"fault_code"`
	FaultMessage string     `db:"fault_message" json:"fault_message"`
	LastSyncedAt *time.Time `db:"last_synced_at" json:"last_synced_at"`
	LookedAt     *time.Time `db:"looked_at" json:"-"` // written by what gives a claim back, and by what notes a failure
}

const linkColumns = `l.id, l.system_id, l.customer_id, l.external_id, l.is_primary, l.state, l.due_at, l.priority, l.attempt, l.fault_code,
  l.fault_message, l.last_synced_at, l.looked_at`

func (r linkRow) noun() link.Link {
	return link.Link{
		ID: link.ID(r.ID), SystemID: system.ID(r.SystemID), CustomerID: customer.ID(r.CustomerID), ExternalID: r.ExternalID,
		State: link.State(r.State), Primary: r.IsPrimary, DueAt: timeOf(r.DueAt), Priority: link.Priority(r.Priority), Attempt: r.Attempt,
		LastFault: fault.Code(r.FaultCode), LastMessage: r.FaultMessage, LastSyncedAt: timeOf(r.LastSyncedAt),
		LookedAt: timeOf(r.LookedAt),
	}
}

// newLinkRow is a link on its way into the database.
type newLinkRow struct {
	linkRow
	RunID *string `json:"run_id"`
}

func rowOfLink(l link.Link) linkRow {
	return linkRow{
		ID: string(l.ID), SystemID: string(l.SystemID), CustomerID: string(l.CustomerID), ExternalID: l.ExternalID,
		IsPrimary: l.Primary, State: string(l.State), DueAt: timeOrNull(l.DueAt), Priority: int(l.Priority), Attempt: l.Attempt,
		FaultCode: string(l.LastFault), FaultMessage: l.LastMessage, LastSyncedAt: timeOrNull(l.LastSyncedAt),
	}
}

const sqlLinksByID = `
SELECT ` + linkColumns + `
FROM link l
WHERE l.id = ANY (@ids)
ORDER BY l.id`

const sqlLinksOfCustomers = `
SELECT ` + linkColumns + `
FROM link l
WHERE l.customer_id = ANY (@ids)
ORDER BY l.customer_id, l.system_id, l.is_primary DESC, l.id`

// ListLinksByID reads links; ids that do not exist are left out.
func ListLinksByID(ctx context.Context, db pg.DB, ids []link.ID) ([]link.Link, error) {
	return listNouns(ctx, db, sqlLinksByID, texts(ids), linkRow.noun)
}

// LinkedRecord is all the hub knows of one external record: the link, its base and its parts.
type LinkedRecord struct {
	Link  link.Link
	Base  link.Base
	Parts []link.PartLink
	// Run is the run that makes the link, where it is new; it is neither changed later nor read with the others.
	Run run.ID
	// Deletion is the last that was asked for; nil when none was, or where records are read by external id. It is not written
	// with the others.
	Deletion *link.Deletion
}

type baseRow struct {
	LinkID string          `db:"link_id" json:"link_id"`
	Ours   json.RawMessage `db:"ours" json:"ours"`
	Theirs json.RawMessage `db:"theirs" json:"theirs"`
	// Disputes and Brake are null where there are none, which is nearly everywhere.
	Disputes json.RawMessage `db:"disputes" json:"disputes"`
	Brake    json.RawMessage `db:"brake" json:"brake"`
}

type partRow struct {
	LinkID     string `db:"link_id" json:"link_id"`
	Part       string `db:"part" json:"part"`
	PartID     string `db:"part_id" json:"part_id"`
	ExternalID string `db:"external_id" json:"external_id"`
	Made       bool   `db:"made" json:"made"`
}

const sqlLinksWhere = `
SELECT ` + linkColumns + `
FROM link l
WHERE `

const sqlBasesWhere = `
SELECT b.link_id, b.ours, b.theirs, b.disputes, b.brake
FROM link_base b
JOIN link l ON l.organisation_id = b.organisation_id AND l.id = b.link_id
WHERE `

const sqlPartsWhere = `
SELECT p.link_id, p.part, p.part_id, p.external_id, p.made
FROM link_part p
JOIN link l ON l.organisation_id = p.organisation_id AND l.id = p.link_id
WHERE `

// ListLinkedRecords reads what is known of external records, by external id, in one round trip. Unknown ones are left out.
func ListLinkedRecords(ctx context.Context, db pg.DB, sys system.ID, externalIDs []string) ([]LinkedRecord, error) {
	return listLinkedRecords(ctx, db, "l.system_id = @system AND l.external_id = ANY (@ids)",
		pgx.StrictNamedArgs{"system": string(sys), "ids": externalIDs}, false)
}

// FindLinkedRecord reads what is known of the external record of one link, in one round trip; nil when there is no such link.
func FindLinkedRecord(ctx context.Context, db pg.DB, id link.ID) (*LinkedRecord, error) {
	found, err := listLinkedRecords(ctx, db, "l.id = @id", pgx.StrictNamedArgs{"id": string(id)}, true)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// ListLinkedRecordsOfCustomer reads what is known of the external records of a customer, in one round trip.
func ListLinkedRecordsOfCustomer(ctx context.Context, db pg.DB, id customer.ID) ([]LinkedRecord, error) {
	return listLinkedRecords(ctx, db, "l.customer_id = @customer", pgx.StrictNamedArgs{"customer": string(id)}, true)
}

// ListLinkedRecordsOfCustomers is ListLinkedRecordsOfCustomer for several customers.
func ListLinkedRecordsOfCustomers(ctx context.Context, db pg.DB, ids []customer.ID) ([]LinkedRecord, error) {
	return listLinkedRecords(ctx, db, "l.customer_id = ANY (@customers)", pgx.StrictNamedArgs{"customers": texts(ids)}, true)
}

func listLinkedRecords(ctx context.Context, db pg.DB, where string, args pgx.StrictNamedArgs, deletions bool) ([]LinkedRecord, error) {
	var links []linkRow
	var bases []baseRow
	var parts []partRow
	var deleted []deletionRow
	err := Trip(ctx, db, func(b *pgx.Batch) {
		collect(b, &links, sqlLinksWhere+where+" ORDER BY l.id", args)
		collect(b, &bases, sqlBasesWhere+where+" ORDER BY l.id", args)
		collect(b, &parts, sqlPartsWhere+where+" ORDER BY l.id, p.part, p.external_id", args)
		if deletions {
			collect(b, &deleted, sqlDeletionsWhere+where+" ORDER BY d.link_id, d.asked_at DESC, d.id", args)
		}
	})
	if err != nil {
		return nil, err
	}
	out := make([]LinkedRecord, len(links))
	at := make(map[string]*LinkedRecord, len(links))
	for i, r := range links {
		out[i].Link = r.noun()
		at[r.ID] = &out[i]
	}
	for _, r := range bases {
		base := &at[r.LinkID].Base
		err := errors.Join(json.Unmarshal(r.Ours, &base.Ours), json.Unmarshal(r.Theirs, &base.Theirs))
		if r.Disputes != nil {
			err = errors.Join(err, json.Unmarshal(r.Disputes, &base.Disputes))
		}
		if r.Brake != nil {
			err = errors.Join(err, json.Unmarshal(r.Brake, &base.Brake))
		}
		if err != nil {
			return nil, fmt.Errorf("reading base of link %s: %w", r.LinkID, err)
		}
	}
	for _, r := range parts {
		rec := at[r.LinkID]
		rec.Parts = append(rec.Parts, link.PartLink{Part: customer.Part(r.Part), ID: r.PartID, ExternalID: r.ExternalID, Made: r.Made})
	}
	for _, r := range deleted {
		d := r.noun()
		at[r.LinkID].Deletion = &d
	}
	return out, nil
}

// ListLinksAndSystems reads the links of customers, grouped by customer, and all systems, in one round trip.
func ListLinksAndSystems(ctx context.Context, db pg.DB, ids []customer.ID) ([]link.Link, []system.System, error) {
	var links []linkRow
	var systems []systemRow
	err := Trip(ctx, db, func(b *pgx.Batch) {
		collect(b, &links, sqlLinksOfCustomers, pgx.StrictNamedArgs{"ids": texts(ids)})
		collect(b, &systems, sqlListSystems, pgx.StrictNamedArgs{})
	})
	if err != nil {
		return nil, nil, err
	}
	outLinks := make([]link.Link, len(links))
	for i, r := range links {
		outLinks[i] = r.noun()
	}
	outSystems, err := systemNouns(systems)
	return outLinks, outSystems, err
}

// sqlSaveLinks keeps how new what the hub has of a record was when it began to fail: later complete looks at the system may leave the
// record out (link.Link.FreshAsOf).
const sqlSaveLinks = `
INSERT INTO link AS l (id, system_id, customer_id, external_id, is_primary, state, due_at, priority, attempt, fault_code,
  fault_message, last_synced_at, run_id)
SELECT r.id, r.system_id, r.customer_id, r.external_id, r.is_primary, r.state, r.due_at, r.priority, r.attempt, r.fault_code,
  r.fault_message, r.last_synced_at, r.run_id
FROM jsonb_to_recordset(@rows::jsonb) AS r (id uuid, system_id uuid, customer_id uuid, external_id text,
  is_primary boolean, state text, due_at timestamptz, priority smallint, attempt integer, fault_code text,
  fault_message text, last_synced_at timestamptz, run_id uuid)
ON CONFLICT (organisation_id, id) DO UPDATE
SET external_id = CASE WHEN l.external_id = '' THEN excluded.external_id ELSE l.external_id END,
  is_primary = excluded.is_primary, state = excluded.state, due_at = excluded.due_at, priority = excluded.priority,
  attempt = excluded.attempt, fault_code = excluded.fault_code, fault_message = excluded.fault_message,
  last_synced_at = excluded.last_synced_at,
  looked_at = CASE
    WHEN l.fault_code IN ('', 'UNSUPPORTED') AND excluded.fault_code NOT IN ('', 'UNSUPPORTED') THEN greatest(l.looked_at, (
      SELECT s.fresh_at
      FROM system s
      WHERE s.organisation_id = l.organisation_id AND s.id = l.system_id))
    ELSE l.looked_at
  END`

const sqlForgetRecord = `
UPDATE link
SET external_id = ''
WHERE id = @id`

// ForgetRecord takes from a link the record that was deleted outside, so that it can get another. Nothing else does: the record is
// the link's identity (R104).
func ForgetRecord(ctx context.Context, db pg.DB, id link.ID) error {
	tag, err := db.Exec(ctx, sqlForgetRecord, pgx.StrictNamedArgs{"id": string(id)})
	return one(tag, err, "link %s", id)
}

const sqlSaveBases = `
INSERT INTO link_base AS b (link_id, ours, theirs, disputes, brake)
SELECT r.link_id, r.ours, r.theirs, r.disputes, r.brake
FROM jsonb_to_recordset(@rows::jsonb) AS r (link_id uuid, ours jsonb, theirs jsonb, disputes jsonb, brake jsonb)
ON CONFLICT (organisation_id, link_id) DO UPDATE
SET ours = excluded.ours, theirs = excluded.theirs, disputes = excluded.disputes, brake = excluded.brake, agreed_at = now()`

const sqlDropParts = `
DELETE FROM link_part p
WHERE p.link_id = ANY (@ids)
  AND NOT EXISTS (
    SELECT FROM jsonb_to_recordset(@rows::jsonb) AS r (link_id uuid, part text, part_id uuid, external_id text)
    WHERE r.link_id = p.link_id AND r.part = p.part AND r.part_id = p.part_id AND r.external_id = p.external_id)`

const sqlSaveParts = `
INSERT INTO link_part (link_id, part, part_id, external_id, made)
SELECT r.link_id, r.part, r.part_id, r.external_id, r.made
FROM jsonb_to_recordset(@rows::jsonb) AS r (link_id uuid, part text, part_id uuid, external_id text, made boolean)
ON CONFLICT DO NOTHING`

// SaveLinkedRecords writes links with their bases and parts: new ones are inserted, others replaced. An external id that is
// known stays what it is (R104).
func SaveLinkedRecords(ctx context.Context, db pg.DB, records []LinkedRecord) error {
	return Trip(ctx, db, func(b *pgx.Batch) { saveLinkedRecords(b, records) })
}

func saveLinkedRecords(b *pgx.Batch, records []LinkedRecord) {
	if len(records) == 0 {
		return
	}
	var links []newLinkRow
	var bases []baseRow
	var parts []partRow
	ids := make([]string, len(records))
	for i, rec := range records {
		l := rec.Link
		ids[i] = string(l.ID)
		links = append(links, newLinkRow{rowOfLink(l), textOrNull(rec.Run)})
		base := baseRow{LinkID: string(l.ID), Ours: json.RawMessage(asJSON(rec.Base.Ours)), Theirs: json.RawMessage(asJSON(rec.Base.Theirs))}
		if len(rec.Base.Disputes) > 0 {
			base.Disputes = json.RawMessage(asJSON(rec.Base.Disputes))
		}
		if !rec.Base.Brake.IsZero() {
			base.Brake = json.RawMessage(asJSON(rec.Base.Brake))
		}
		bases = append(bases, base)
		parts = append(parts, partRows(rec)...)
	}
	writeRows(b, sqlSaveLinks, links)
	writeRows(b, sqlSaveBases, bases)
	b.Queue(sqlDropParts, pgx.StrictNamedArgs{"ids": ids, "rows": asJSON(nonNil(parts))})
	writeRows(b, sqlSaveParts, parts)
}

func partRows(rec LinkedRecord) []partRow {
	rows := make([]partRow, len(rec.Parts))
	for i, p := range rec.Parts {
		rows[i] = partRow{LinkID: string(rec.Link.ID), Part: string(p.Part), PartID: p.ID, ExternalID: p.ExternalID, Made: p.Made}
	}
	return rows
}

// Taken is what came from a system, on its way into the database.
type Taken struct {
	Customers  []customer.Customer
	Provenance map[customer.ID]customer.Provenances
	Records    []LinkedRecord
	// Changes have the numbers that their customers are saved with.
	Changes []change.Change
}

// SaveTaken writes all of it in one round trip.
//
// It ends the fresh planning of a transaction (pg.TxOptions.FreshPlans) first: each check of a foreign key would be planned
// too. Such a plan is kept for as long as the connection lives, so it may not read whole tables because they are small at the
// moment.
func SaveTaken(ctx context.Context, db pg.DB, t Taken) error {
	numbered, taking := changeRows(t.Changes)
	if len(taking) > 0 {
		return fmt.Errorf("%d changes came without the numbers of their customers", len(taking))
	}
	return Trip(ctx, db, func(b *pgx.Batch) {
		b.Queue(sqlKeepPlans)
		saveCustomers(b, t.Customers)
		saveProvenance(b, t.Provenance)
		saveLinkedRecords(b, t.Records)
		writeRows(b, sqlAppendNumbered, numbered)
	})
}

const sqlLockCustomersOfRecords = `
SELECT c.id
FROM customer c
WHERE c.id IN (SELECT l.customer_id FROM link l WHERE l.system_id = @system AND l.external_id = ANY (@ids))
ORDER BY c.id
FOR NO KEY UPDATE OF c`

const sqlAnyWithoutRecord = `
SELECT EXISTS (SELECT FROM link l WHERE l.system_id = @system AND l.external_id = '')`

// LockedRecords is what LockCustomersOfRecords gives.
type LockedRecords struct {
	Customers []customer.ID
	// Awaited says that some customer waits for a record in the system.
	Awaited bool
	// Now is the time of the database.
	Now time.Time
}

// LockCustomersOfRecords locks the customers of external records, in the order of their ids.
func LockCustomersOfRecords(ctx context.Context, db pg.DB, sys system.ID, externalIDs []string) (l LockedRecords, err error) {
	err = Trip(ctx, db, func(b *pgx.Batch) {
		b.Queue(sqlLockCustomersOfRecords, pgx.StrictNamedArgs{"system": string(sys), "ids": externalIDs}).Query(func(rows pgx.Rows) error {
			found, err := pgx.CollectRows(rows, pgx.RowTo[string])
			for _, id := range found {
				l.Customers = append(l.Customers, customer.ID(id))
			}
			return err
		})
		b.Queue(sqlAnyWithoutRecord, pgx.StrictNamedArgs{"system": string(sys)}).QueryRow(func(row pgx.Row) error { return row.Scan(&l.Awaited) })
		b.Queue(sqlNow).QueryRow(func(row pgx.Row) error { return row.Scan(&l.Now) })
	})
	l.Now = l.Now.UTC()
	return l, err
}
