package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/pg"
)

const sqlCustomersOfPerson = `
SELECT t.customer_id
FROM contact t
WHERE t.person_id = @person
ORDER BY t.customer_id`

// ListCustomersOfPerson gives the customers that the person is a contact of.
func ListCustomersOfPerson(ctx context.Context, db pg.DB, id customer.PersonID) ([]customer.ID, error) {
	return findCustomers(ctx, db, sqlCustomersOfPerson, pgx.StrictNamedArgs{"person": string(id)})
}

const sqlLockPerson = `
SELECT p.id
FROM person p
WHERE p.id = @person
FOR NO KEY UPDATE`

// LockPerson keeps others from changing the person until the transaction ends, or NotFound. It is taken before the locks of
// the customers that the person is a contact of.
func LockPerson(ctx context.Context, db pg.DB, id customer.PersonID) error {
	var found string
	err := db.QueryRow(ctx, sqlLockPerson, pgx.StrictNamedArgs{"person": string(id)}).Scan(&found)
	return pg.Fault(err, "person %s", id)
}

// SavePerson writes a person, new or not, outside of any customer.
func SavePerson(ctx context.Context, db pg.DB, p customer.Person) error {
	return Trip(ctx, db, func(b *pgx.Batch) { writeRows(b, sqlSavePeople, []personRow{rowOfPerson(p)}) })
}

const sqlEraseOrphans = `SELECT hub_erase_orphans(@after)`

// EraseOrphans erases persons whom no customer has had as a contact for the time, in all organisations, and gives their
// number. It runs outside any organisation.
func EraseOrphans(ctx context.Context, db pg.DB, after time.Duration) (int, error) {
	var n int
	err := db.QueryRow(ctx, sqlEraseOrphans, pgx.StrictNamedArgs{"after": after}).Scan(&n)
	return n, pg.Fault(err, "persons without customers")
}
