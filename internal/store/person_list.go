package store

import (
	"context"
	"encoding/hex"
	"slices"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/pg"
)

// PersonList asks for a part of the list of persons who are contacts of somebody, by last name. A zero member restricts
// nothing.
type PersonList struct {
	Words    []string // folded; each has to occur in the names
	Email    string   // in any case
	Phone    string   // in international form, or exactly as it was written
	Customer customer.ID
	// From and To are the places between which to read, in reading direction; nil begins or stops at an end.
	From, To  *PersonPlace
	Backwards bool
	Limit     int
	Total     bool
}

// PersonPlace is where a person stands in the list.
type PersonPlace struct {
	Key string // in hexadecimal
	ID  customer.PersonID
}

// PersonRows are persons in list order with their places.
type PersonRows struct {
	People []customer.Person
	Places []PersonPlace
	// More says whether there are further rows in reading direction.
	More  bool
	Total int
}

// findPersonRow is what hub_find_people and hub_count_people take.
type findPersonRow struct {
	Words    []string `json:"words,omitempty"`
	Email    string   `json:"email,omitempty"`
	Phone    string   `json:"phone,omitempty"`
	Customer string   `json:"customer,omitempty"`

	Up      bool   `json:"up"`
	FromKey string `json:"fromKey"`
	FromID  string `json:"fromID,omitempty"`
	ToKey   string `json:"toKey"`
	ToID    string `json:"toID,omitempty"`
	Limit   int    `json:"limit"`
}

type personPlaceRow struct {
	personRow
	Key []byte `db:"name_sort"`
}

const sqlListPeople = `
SELECT p.id, p.first_name, p.last_name, p.language, p.emails, p.phones, p.phones_e164, p.name_sort
FROM hub_find_people(@find) WITH ORDINALITY AS found (id, nth)
JOIN person p ON p.id = found.id
ORDER BY found.nth`

const sqlCountPeople = `SELECT hub_count_people(@find)`

// ListPeople reads a part of the list of persons in one round trip.
func ListPeople(ctx context.Context, db pg.DB, q PersonList) (PersonRows, error) {
	find := findPersonRow{
		Words: q.Words, Email: q.Email, Phone: q.Phone, Customer: string(q.Customer), Up: !q.Backwards, Limit: q.Limit + 1,
	}
	if q.From != nil {
		find.FromKey, find.FromID = q.From.Key, string(q.From.ID)
	}
	if q.To != nil {
		find.ToKey, find.ToID = q.To.Key, string(q.To.ID)
	}
	args := pgx.StrictNamedArgs{"find": asJSON(find)}
	var rows []personPlaceRow
	var out PersonRows
	err := Trip(ctx, db, func(b *pgx.Batch) {
		collect(b, &rows, sqlListPeople, args)
		if q.Total {
			b.Queue(sqlCountPeople, args).QueryRow(func(row pgx.Row) error { return row.Scan(&out.Total) })
		}
	})
	if err != nil {
		return PersonRows{}, err
	}
	if out.More = len(rows) > q.Limit; out.More {
		rows = rows[:q.Limit]
	}
	if q.Backwards {
		slices.Reverse(rows)
	}
	for _, r := range rows {
		out.People = append(out.People, r.noun())
		out.Places = append(out.Places, PersonPlace{Key: hex.EncodeToString(r.Key), ID: customer.PersonID(r.ID)})
	}
	return out, nil
}
