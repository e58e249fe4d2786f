package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/organisation"
	"customerhub/internal/pg"
)

// KeyRow is an API key as it is kept: never the key itself.
type KeyRow struct {
	ID         string     `db:"id"`
	Name       string     `db:"name"`
	Prefix     string     `db:"prefix"`
	Scopes     []string   `db:"scopes"`
	CreatedAt  time.Time  `db:"created_at"`
	ExpiresAt  *time.Time `db:"expires_at"`
	RevokedAt  *time.Time `db:"revoked_at"`
	LastUsedAt *time.Time `db:"last_used_at"`
}

// NewKey is an API key to be kept.
type NewKey struct {
	ID     string
	Name   string
	Prefix string
	// Hash is the SHA-256 of the key.
	Hash   []byte
	Scopes []string
	// ExpiresIn counts from now by the database's clock, which also decides later whether the key has expired; 0 is for
	// ever.
	ExpiresIn time.Duration
	// Organisations that the key reaches; at least one.
	Organisations []organisation.ID
}

const sqlCreateKey = `
SELECT hub_create_key(@id, @name, @prefix, @hash, @scopes, @expires_in, @organisations)`

// CreateKey adds a key with all that it reaches, or nothing. In a transaction of an organisation the key may reach that one
// alone. NotFound when one of the organisations does not exist.
func CreateKey(ctx context.Context, db pg.DB, k NewKey) error {
	var expiresIn *time.Duration
	if k.ExpiresIn != 0 {
		expiresIn = &k.ExpiresIn
	}
	_, err := db.Exec(ctx, sqlCreateKey, pgx.StrictNamedArgs{
		"id": k.ID, "name": k.Name, "prefix": k.Prefix, "hash": k.Hash, "scopes": k.Scopes, "expires_in": expiresIn,
		"organisations": texts(k.Organisations),
	})
	if pg.SQLState(err) == "P0002" {
		return pg.Fault(err, "an organisation of the key")
	}
	return pg.Fault(err, "key")
}

const sqlListKeys = `
SELECT k.id, k.name, k.prefix, k.scopes, k.created_at, k.expires_at, k.revoked_at, k.last_used_at
FROM api_key k
ORDER BY k.created_at, k.id`

// ListKeys reads the keys that reach the organisation of the transaction.
func ListKeys(ctx context.Context, db pg.DB) ([]KeyRow, error) {
	rows, _ := db.Query(ctx, sqlListKeys)
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[KeyRow])
	return out, pg.Fault(err, "keys")
}

const sqlRevokeKey = `
UPDATE api_key
SET revoked_at = coalesce(revoked_at, now())
WHERE id = @id`

// RevokeKey ends a key in all organisations that it reaches. Revoking twice is fine; NotFound when the organisation of the
// transaction is not among them.
func RevokeKey(ctx context.Context, db pg.DB, id string) error {
	tag, err := db.Exec(ctx, sqlRevokeKey, pgx.StrictNamedArgs{"id": id})
	return one(tag, err, "key %s", id)
}

// FoundKey is a key with the organisations that it reaches.
type FoundKey struct {
	ID            string
	Name          string
	Scopes        []string
	Expired       bool
	Revoked       bool
	Organisations []organisation.Organisation
}

const sqlAuthenticate = `
SELECT a.key_id, a.key_name, a.scopes, a.expired, a.revoked, a.organisation_id, a.organisation_name
FROM hub_authenticate(@hash) a`

// FindKey finds a key by the hash of its secret; nil when there is none. It runs outside any organisation.
func FindKey(ctx context.Context, db pg.DB, hash []byte) (*FoundKey, error) {
	rows, err := db.Query(ctx, sqlAuthenticate, pgx.StrictNamedArgs{"hash": hash})
	if err != nil {
		return nil, pg.Fault(err, "key")
	}
	var k *FoundKey
	var orgID, orgName *string
	var row FoundKey
	_, err = pgx.ForEachRow(rows, []any{&row.ID, &row.Name, &row.Scopes, &row.Expired, &row.Revoked, &orgID, &orgName}, func() error {
		if k == nil {
			first := row
			k = &first
		}
		if orgID != nil {
			k.Organisations = append(k.Organisations, organisation.Organisation{ID: organisation.ID(*orgID), Name: *orgName})
		}
		return nil
	})
	return k, pg.Fault(err, "key")
}
