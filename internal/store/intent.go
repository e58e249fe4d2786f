package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/link"
	"customerhub/internal/pg"
)

type intentRow struct {
	LinkID     string          `db:"link_id"`
	ID         string          `db:"id"`
	Operation  string          `db:"operation"`
	Part       string          `db:"part"`
	Key        string          `db:"key"`
	PartID     *string         `db:"part_id"`
	Sent       json.RawMessage `db:"sent"`
	Want       json.RawMessage `db:"want"`
	Number     string          `db:"number"`
	BusinessID string          `db:"business_id"`
	MadeAt     time.Time       `db:"made_at"`
	SentAt     time.Time       `db:"sent_at"`
	Sends      int             `db:"sends"`
	Trying     string          `db:"trying"`
}

const intentColumns = `i.link_id, i.id, i.operation, i.part, i.key, i.part_id, i.sent, i.want, i.number, i.business_id, i.made_at,
  i.sent_at, i.sends, i.trying`

func (r intentRow) noun() (link.Intent, error) {
	i := link.Intent{
		ID: r.ID, LinkID: link.ID(r.LinkID), Operation: link.Operation(r.Operation), Part: customer.Part(r.Part), Key: r.Key,
		Number: r.Number, BusinessID: r.BusinessID, MadeAt: r.MadeAt.UTC(), SentAt: r.SentAt.UTC(), Sends: r.Sends, Trying: r.Trying,
	}
	if r.PartID != nil {
		i.PartID = *r.PartID
	}
	if err := errors.Join(json.Unmarshal(r.Sent, &i.Set), json.Unmarshal(r.Want, &i.Want)); err != nil {
		return link.Intent{}, fmt.Errorf("reading the intent of link %s: %w", r.LinkID, err)
	}
	return i, nil
}

const sqlIntentsOfLinks = `
SELECT ` + intentColumns + `
FROM intent i
WHERE i.link_id = ANY (@ids)
ORDER BY i.link_id`

// ListIntents gives the intents of links, of which each has at most one.
func ListIntents(ctx context.Context, db pg.DB, ids []link.ID) ([]link.Intent, error) {
	rows, _ := db.Query(ctx, sqlIntentsOfLinks, pgx.StrictNamedArgs{"ids": texts(ids)})
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[intentRow])
	if err != nil {
		return nil, pg.Fault(err, "intents")
	}
	out := make([]link.Intent, len(found))
	for i, r := range found {
		if out[i], err = r.noun(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// FindIntent gives the intent of a link, or nil.
func FindIntent(ctx context.Context, db pg.DB, id link.ID) (*link.Intent, error) {
	found, err := ListIntents(ctx, db, []link.ID{id})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

const sqlInsertIntent = `
INSERT INTO intent (link_id, id, operation, part, key, part_id, sent, want, number, business_id)
VALUES (@link, @id, @operation, @part, @key, @part_id, @sent, @want, @number, @business_id)`

// InsertIntent stores a decision to write outside. A link that has one already is a Duplicate.
func InsertIntent(ctx context.Context, db pg.DB, i link.Intent) error {
	_, err := db.Exec(ctx, sqlInsertIntent, pgx.StrictNamedArgs{
		"link": string(i.LinkID), "id": i.ID, "operation": string(i.Operation), "part": string(i.Part), "key": i.Key,
		"part_id": textOrNull(i.PartID), "sent": asJSON(i.Set), "want": asJSON(i.Want), "number": i.Number,
		"business_id": i.BusinessID,
	})
	return pg.Fault(err, "intent of link %s", i.LinkID)
}

const sqlUpdateIntent = `
UPDATE intent
SET key = @key, sends = @sends, trying = @trying, sent_at = CASE WHEN @sends > sends THEN now() ELSE sent_at END
WHERE link_id = @link AND id = @id`

// UpdateIntent writes the key, what is being tried, and how often it was sent; sending it again is sending it now.
func UpdateIntent(ctx context.Context, db pg.DB, i link.Intent) error {
	tag, err := db.Exec(ctx, sqlUpdateIntent, pgx.StrictNamedArgs{
		"link": string(i.LinkID), "id": i.ID, "key": i.Key, "sends": i.Sends, "trying": i.Trying,
	})
	return one(tag, err, "intent of link %s", i.LinkID)
}

const sqlDeleteIntent = `
DELETE FROM intent
WHERE link_id = @link AND id = @id`

// DeleteIntent ends an intent: what became of it is known.
func DeleteIntent(ctx context.Context, db pg.DB, i link.Intent) error {
	_, err := db.Exec(ctx, sqlDeleteIntent, pgx.StrictNamedArgs{"link": string(i.LinkID), "id": i.ID})
	return pg.Fault(err, "intent of link %s", i.LinkID)
}

// firstNumber is where the hub's own numbers begin: seven digits without a leading zero, as the strictest of the systems
// around Netvisor wants them (formats contract section 11), and far from where series of people begin.
const firstNumber = 7_000_001

const sqlIssueNumber = `
INSERT INTO number_counter AS k (organisation_id, newest)
VALUES (NULLIF(current_setting('hub.organisation', true), '')::uuid, @first)
ON CONFLICT (organisation_id) DO UPDATE SET newest = k.newest + 1
RETURNING newest::text`

// IssueNumber gives a customer number that the hub has not given before. The caller looks whether somebody else has.
func IssueNumber(ctx context.Context, db pg.DB) (string, error) {
	var n string
	err := db.QueryRow(ctx, sqlIssueNumber, pgx.StrictNamedArgs{"first": firstNumber}).Scan(&n)
	return n, pg.Fault(err, "customer numbers")
}
