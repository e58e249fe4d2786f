package store

import (
	"context"
	"encoding/json"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/pg"
)

// Idempotency is a mutation that carries a key: the same actor, key and body have the same answer.
type Idempotency struct {
	ActorID   string
	Key       string
	Operation string
	BodyHash  []byte
}

// StoredAnswer is what an earlier mutation with the key left.
type StoredAnswer struct {
	Operation string          `db:"operation"`
	BodyHash  []byte          `db:"body_hash"`
	Answer    json.RawMessage `db:"answer"`
}

const sqlClaimIdempotencyKey = `
INSERT INTO idempotency_key (actor_id, key, operation, body_hash)
VALUES (@actor, @key, @operation, @hash)
ON CONFLICT DO NOTHING`

const sqlGetStoredAnswer = `
SELECT k.operation, k.body_hash, k.answer
FROM idempotency_key k
WHERE k.actor_id = @actor AND k.key = @key`

// ClaimIdempotencyKey takes the key for this transaction; nil means it was free. A key that another transaction is using
// right now is waited for. Otherwise the answer of the earlier mutation is given.
func ClaimIdempotencyKey(ctx context.Context, db pg.DB, i Idempotency) (*StoredAnswer, error) {
	tag, err := db.Exec(ctx, sqlClaimIdempotencyKey, pgx.StrictNamedArgs{
		"actor": i.ActorID, "key": i.Key, "operation": i.Operation, "hash": i.BodyHash,
	})
	if err != nil {
		return nil, pg.Fault(err, "idempotency key")
	}
	if tag.RowsAffected() == 1 {
		return nil, nil
	}
	rows, _ := db.Query(ctx, sqlGetStoredAnswer, pgx.StrictNamedArgs{"actor": i.ActorID, "key": i.Key})
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[StoredAnswer])
	return &found, pg.Fault(err, "idempotency key")
}

const sqlStoreAnswer = `
UPDATE idempotency_key
SET answer = @answer
WHERE actor_id = @actor AND key = @key`

// StoreAnswer keeps the answer of the mutation, in its own transaction.
func StoreAnswer(ctx context.Context, db pg.DB, i Idempotency, answer any) error {
	tag, err := db.Exec(ctx, sqlStoreAnswer, pgx.StrictNamedArgs{"actor": i.ActorID, "key": i.Key, "answer": asJSON(answer)})
	return one(tag, err, "idempotency key")
}
