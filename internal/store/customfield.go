package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/pg"
)

type customFieldRow struct {
	ID           string          `db:"id"`
	Key          string          `db:"key"`
	Type         string          `db:"type"`
	State        string          `db:"state"`
	Label        json.RawMessage `db:"label"`
	Options      json.RawMessage `db:"options"`
	SourceSystem *string         `db:"source_system"`
	SourceID     string          `db:"source_id"`
}

func (r customFieldRow) noun() (customer.CustomField, error) {
	d := customer.CustomField{
		ID: customer.CustomFieldID(r.ID), Key: r.Key, Type: customer.CustomFieldType(r.Type),
		State: customer.CustomFieldState(r.State), SourceSystem: textOf[string](r.SourceSystem), SourceID: r.SourceID,
	}
	if err := json.Unmarshal(r.Label, &d.Label); err != nil {
		return customer.CustomField{}, fmt.Errorf("reading label of custom field %s: %w", r.Key, err)
	}
	if err := json.Unmarshal(r.Options, &d.Options); err != nil {
		return customer.CustomField{}, fmt.Errorf("reading options of custom field %s: %w", r.Key, err)
	}
	return d, nil
}

const sqlListCustomFields = `
SELECT d.id, d.key, d.type, d.state, d.label, d.options, d.source_system, d.source_id
FROM custom_field d
ORDER BY d.key`

// ListCustomFields reads the definitions of the organisation, by key.
func ListCustomFields(ctx context.Context, db pg.DB) ([]customer.CustomField, error) {
	rows, _ := db.Query(ctx, sqlListCustomFields)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[customFieldRow])
	if err != nil {
		return nil, pg.Fault(err, "custom fields")
	}
	out := make([]customer.CustomField, len(found))
	for i, r := range found {
		if out[i], err = r.noun(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

const sqlSaveCustomField = `
INSERT INTO custom_field AS d (id, key, type, state, label, options, source_system, source_id)
VALUES (@id, @key, @type, @state, @label, @options, @source_system, @source_id)
ON CONFLICT (organisation_id, id) DO UPDATE
SET type = excluded.type, state = excluded.state, label = excluded.label, options = excluded.options`

// SaveCustomField adds a definition, or replaces everything but its key and source. Another definition with the key is
// refused by the constraint custom_field_key_once.
func SaveCustomField(ctx context.Context, db pg.DB, d customer.CustomField) error {
	label := d.Label
	if label == nil {
		label = map[string]string{}
	}
	_, err := db.Exec(ctx, sqlSaveCustomField, pgx.StrictNamedArgs{
		"id": string(d.ID), "key": d.Key, "type": string(d.Type), "state": string(d.State), "label": asJSON(label),
		"options": asJSON(nonNil(d.Options)), "source_system": textOrNull(d.SourceSystem), "source_id": d.SourceID,
	})
	return pg.Fault(err, "custom field %s", d.Key)
}

const sqlLockCustomFields = `
SELECT pg_advisory_xact_lock(hashtextextended(current_setting('hub.organisation') || '/custom fields', 0))`

const sqlShareCustomFields = `
SELECT pg_advisory_xact_lock_shared(hashtextextended(current_setting('hub.organisation') || '/custom fields', 0))`

// LockCustomFields waits for those who write values and keeps them and others who define from going on, until the
// transaction ends.
func LockCustomFields(ctx context.Context, db pg.DB) error {
	_, err := db.Exec(ctx, sqlLockCustomFields)
	return pg.Fault(err, "custom fields")
}

// ShareCustomFields keeps definitions as they are until the transaction ends, so that a value is judged by the definition
// that stands when it is committed. Any number of writers of values share it.
func ShareCustomFields(ctx context.Context, db pg.DB) error {
	_, err := db.Exec(ctx, sqlShareCustomFields)
	return pg.Fault(err, "custom fields")
}

const sqlCustomFieldInUse = `
SELECT EXISTS (SELECT FROM customer c WHERE c.custom_fields ? @key)`

// CustomFieldInUse says whether a customer has a value of the field.
func CustomFieldInUse(ctx context.Context, db pg.DB, key string) (bool, error) {
	var used bool
	err := db.QueryRow(ctx, sqlCustomFieldInUse, pgx.StrictNamedArgs{"key": key}).Scan(&used)
	return used, pg.Fault(err, "custom field %s", key)
}
