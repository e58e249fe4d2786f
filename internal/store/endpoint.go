package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/fault"
	"customerhub/internal/pg"
	"customerhub/internal/system"
)

// Old addresses whose subscriptions have ended are of no use once there is a newer one.
const sqlForgetEndpoints = `
DELETE FROM inbound_endpoint
WHERE system_id = @system AND removed_at IS NOT NULL AND look_at IS NULL`

const sqlInsertEndpoint = `
INSERT INTO inbound_endpoint (id, system_id, secret)
VALUES (@id, @system, @sealed)`

// InsertEndpoint adds the address of a system that takes messages from now on, with its sealed secret.
func InsertEndpoint(ctx context.Context, db pg.DB, id system.EndpointID, sys system.ID, sealed []byte) error {
	if _, err := db.Exec(ctx, sqlForgetEndpoints, pgx.StrictNamedArgs{"system": string(sys)}); err != nil {
		return pg.Fault(err, "endpoint")
	}
	_, err := db.Exec(ctx, sqlInsertEndpoint, pgx.StrictNamedArgs{"id": string(id), "system": string(sys), "sealed": sealed})
	return pg.Fault(err, "endpoint")
}

const sqlRotateSecret = `
UPDATE inbound_endpoint
SET secret = @sealed, secret_no = secret_no + 1, secret_set_at = now(), previous_secret = secret, previous_until = now() + @overlap::interval,
  refused_in_row = 0, look_at = now()
WHERE id = @id AND removed_at IS NULL
RETURNING secret_no`

// RotateSecret gives an address another secret and lets the one before be taken for a while. It gives the number of the new one, or
// NotFound.
func RotateSecret(ctx context.Context, db pg.DB, id system.EndpointID, sealed []byte, overlap time.Duration) (no int, err error) {
	err = db.QueryRow(ctx, sqlRotateSecret, pgx.StrictNamedArgs{"id": string(id), "sealed": sealed, "overlap": overlap}).Scan(&no)
	return no, pg.Fault(err, "endpoint")
}

const sqlRemoveEndpoint = `
UPDATE inbound_endpoint
SET removed_at = now(), secret = NULL, previous_secret = NULL, previous_until = NULL, refused_in_row = 0, look_at = now(),
  fault_code = '', fault_message = '', fault_since = NULL
WHERE id = @id AND removed_at IS NULL`

// RemoveEndpoint ends an address, or says NotFound. Its secrets are gone.
func RemoveEndpoint(ctx context.Context, db pg.DB, id system.EndpointID) error {
	tag, err := db.Exec(ctx, sqlRemoveEndpoint, pgx.StrictNamedArgs{"id": string(id)})
	return one(tag, err, "endpoint")
}

// EndpointToLookAt is an address of a system, with what the hub subscribed to for it.
type EndpointToLookAt struct {
	ID      string `db:"id"`
	Removed bool   `db:"removed"`
	// Due says that the subscription at the system is to be looked at now.
	Due bool `db:"due"`
	// Secret is sealed; nil of one that was removed.
	Secret   []byte `db:"secret"`
	SecretNo int    `db:"secret_no"`
	// SubscriptionID is the system's id of the subscription, made with the secret of the number SubscriptionNo; empty when none was.
	SubscriptionID string `db:"subscription_id"`
	SubscriptionNo int    `db:"subscription_no"`
}

const sqlEndpointsToLookAt = `
SELECT e.id, e.removed_at IS NOT NULL AS removed, coalesce(e.look_at <= now(), false) AS due, e.secret, e.secret_no,
  e.subscription_id, e.subscription_no
FROM inbound_endpoint e
WHERE e.system_id = @system
ORDER BY e.created_at, e.id`

// ListEndpointsToLookAt gives all addresses of a system, those that were removed too, oldest first.
func ListEndpointsToLookAt(ctx context.Context, db pg.DB, sys system.ID) ([]EndpointToLookAt, error) {
	rows, _ := db.Query(ctx, sqlEndpointsToLookAt, pgx.StrictNamedArgs{"system": string(sys)})
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[EndpointToLookAt])
	return found, pg.Fault(err, "endpoints")
}

const sqlGetSecret = `
SELECT e.secret, e.secret_no
FROM inbound_endpoint e
WHERE e.id = @id`

// GetSealedSecret gives the sealed secret of an address and its number, or NotFound. It is nil once the address was removed.
func GetSealedSecret(ctx context.Context, db pg.DB, id system.EndpointID) (sealed []byte, no int, err error) {
	err = db.QueryRow(ctx, sqlGetSecret, pgx.StrictNamedArgs{"id": string(id)}).Scan(&sealed, &no)
	return sealed, no, pg.Fault(err, "endpoint")
}

// What happened to the address while the system was asked is seen to at the next look.
const sqlNoteSubscription = `
UPDATE inbound_endpoint
SET subscription_id = @subscription, subscription_no = @no, subscription_at = now(), fault_code = '', fault_message = '', fault_since = NULL,
  look_at = CASE WHEN removed_at IS NULL AND secret_no = @no THEN now() + @every::interval ELSE look_at END
WHERE id = @id`

// NoteSubscription notes that the system sends its messages to the address, signed with the secret of the number. It is looked at
// again after a while.
func NoteSubscription(ctx context.Context, db pg.DB, id system.EndpointID, subscription string, no int, every time.Duration) error {
	tag, err := db.Exec(ctx, sqlNoteSubscription, pgx.StrictNamedArgs{"id": string(id), "subscription": subscription, "no": no, "every": every})
	return one(tag, err, "endpoint")
}

const sqlNoteUnsubscribed = `
UPDATE inbound_endpoint
SET subscription_id = '', subscription_at = NULL, look_at = NULL, fault_code = '', fault_message = '', fault_since = NULL
WHERE id = @id AND removed_at IS NOT NULL`

// NoteUnsubscribed notes that the system sends nothing to an address that was removed.
func NoteUnsubscribed(ctx context.Context, db pg.DB, id system.EndpointID) error {
	_, err := db.Exec(ctx, sqlNoteUnsubscribed, pgx.StrictNamedArgs{"id": string(id)})
	return pg.Fault(err, "endpoint")
}

const sqlNoteSubscriptionFault = `
UPDATE inbound_endpoint
SET fault_since = CASE WHEN fault_code = @code THEN fault_since ELSE now() END, fault_code = @code, fault_message = @message,
  look_at = now() + @again::interval
WHERE id = @id AND look_at IS NOT NULL`

// NoteSubscriptionFault notes why the subscription of an address could not be seen to. It is tried again after a while.
func NoteSubscriptionFault(ctx context.Context, db pg.DB, id system.EndpointID, code fault.Code, message string, again time.Duration) error {
	_, err := db.Exec(ctx, sqlNoteSubscriptionFault, pgx.StrictNamedArgs{
		"id": string(id), "code": string(code), "message": message, "again": again,
	})
	return pg.Fault(err, "endpoint")
}
