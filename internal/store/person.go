package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/pg"
)

const sqlCustomersOfPeople = `
SELECT DISTINCT t.customer_id
FROM contact t
WHERE t.person_id = ANY (@people)
ORDER BY t.customer_id`

// ListCustomersOfPeople gives the customers that the persons are contacts of.
func ListCustomersOfPeople(ctx context.Context, db pg.DB, ids []customer.PersonID) ([]customer.ID, error) {
	return findCustomers(ctx, db, sqlCustomersOfPeople, pgx.StrictNamedArgs{"people": texts(ids)})
}

const sqlLockContacts = `
SELECT p.id
FROM person p
WHERE p.id IN (SELECT t.person_id FROM contact t WHERE t.customer_id = ANY (@ids))
ORDER BY p.id
FOR NO KEY UPDATE OF p`

// LockContacts keeps others from changing the persons who are contacts of the customers, until the transaction ends. It
// comes after the locks of the customers and before they are read, so that what is read of a person stays true.
func LockContacts(ctx context.Context, db pg.DB, ids []customer.ID) error {
	_, err := db.Exec(ctx, sqlLockContacts, pgx.StrictNamedArgs{"ids": texts(ids)})
	return pg.Fault(err, "contacts")
}

const sqlLockPerson = `
SELECT p.id
FROM person p
WHERE p.id = @person
FOR NO KEY UPDATE`

// LockPerson keeps others from changing the person until the transaction ends, or NotFound.
func LockPerson(ctx context.Context, db pg.DB, id customer.PersonID) error {
	var found string
	err := db.QueryRow(ctx, sqlLockPerson, pgx.StrictNamedArgs{"person": string(id)}).Scan(&found)
	return pg.Fault(err, "person %s", id)
}

// SavePeople writes persons, new or not, for everybody who has them as contacts. The caller holds their locks.
func SavePeople(ctx context.Context, db pg.DB, people []customer.Person) error {
	rows := make([]personRow, len(people))
	for i, p := range people {
		rows[i] = rowOfPerson(p)
	}
	return Trip(ctx, db, func(b *pgx.Batch) { writeRows(b, sqlSavePeople, rows) })
}

const sqlEraseOrphans = `SELECT hub_erase_orphans(@after)`

// EraseOrphans erases persons whom no customer has had as a contact for the time, in all organisations, and gives their
// number. It runs outside any organisation.
func EraseOrphans(ctx context.Context, db pg.DB, after time.Duration) (int, error) {
	var n int
	err := db.QueryRow(ctx, sqlEraseOrphans, pgx.StrictNamedArgs{"after": after}).Scan(&n)
	return n, pg.Fault(err, "persons without customers")
}
