package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/organisation"
	"customerhub/internal/pg"
)

type organisationRow struct {
	ID        string    `db:"id"`
	Name      string    `db:"name"`
	CreatedAt time.Time `db:"created_at"`
}

func (r organisationRow) noun() organisation.Organisation {
	return organisation.Organisation{ID: organisation.ID(r.ID), Name: r.Name, CreatedAt: r.CreatedAt.UTC()}
}

const sqlInsertOrganisation = `
INSERT INTO organisation (id, name)
VALUES (@id, @name)
RETURNING id, name, created_at`

// InsertOrganisation adds an organisation, in a transaction of that organisation.
func InsertOrganisation(ctx context.Context, db pg.DB, id organisation.ID, name string) (organisation.Organisation, error) {
	rows, _ := db.Query(ctx, sqlInsertOrganisation, pgx.StrictNamedArgs{"id": string(id), "name": name})
	r, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[organisationRow])
	return r.noun(), pg.Fault(err, "organisation")
}

const sqlRenameOrganisation = `
UPDATE organisation
SET name = @name`

// RenameOrganisation gives the organisation of the transaction another name.
func RenameOrganisation(ctx context.Context, db pg.DB, name string) error {
	tag, err := db.Exec(ctx, sqlRenameOrganisation, pgx.StrictNamedArgs{"name": name})
	return one(tag, err, "organisation")
}

const sqlListOrganisations = `
SELECT o.id, o.name, o.created_at
FROM hub_organisations() o
ORDER BY o.name, o.id`

// ListOrganisations reads all organisations, by name. It runs outside any organisation.
func ListOrganisations(ctx context.Context, db pg.DB) ([]organisation.Organisation, error) {
	rows, _ := db.Query(ctx, sqlListOrganisations)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[organisationRow])
	if err != nil {
		return nil, pg.Fault(err, "organisations")
	}
	out := make([]organisation.Organisation, len(found))
	for i, r := range found {
		out[i] = r.noun()
	}
	return out, nil
}
