package store

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/pg"
)

// CustomerFilter restricts customers; a zero member restricts nothing.
type CustomerFilter struct {
	Words  []string // folded; all must occur
	Kind   customer.Kind
	Status customer.Status
	IDs    []customer.ID // nil restricts nothing, an empty slice matches nothing
}

// CustomerSort is what a list is ordered by; ties are broken by id.
type CustomerSort string

// What customers can be ordered by.
const (
	SortByName   CustomerSort = "name"
	SortByNumber CustomerSort = "number"
)

// sortColumn is the column of a sort, and as it goes into a cursor and comes out of one.
var sortColumn = map[CustomerSort]struct{ column, out, in string }{
	SortByName:   {"c.name_sort", "encode(c.name_sort, 'hex')", "decode(@key, 'hex')"},
	SortByNumber: {"c.number", "c.number", "@key"},
}

// CustomerPlace is where a customer stands in a list.
type CustomerPlace struct {
	Key string
	ID  customer.ID
}

// CustomerList asks for a part of a list.
type CustomerList struct {
	Filter CustomerFilter
	Sort   CustomerSort
	// Descending turns the whole order around, ties included.
	Descending bool
	// From is the place after which to begin, in reading direction; nil begins at the end that is read first.
	From *CustomerPlace
	// Backwards reads towards the beginning. The rows come in list order all the same.
	Backwards bool
	// To is the place before which to stop, beside From; nil stops nowhere.
	To    *CustomerPlace
	Limit int
	Total bool
}

// CustomerRows are customers in list order with their places.
type CustomerRows struct {
	Customers []customer.Customer
	Places    []CustomerPlace
	// More says whether there are further rows in reading direction.
	More  bool
	Total int
}

type customerPlaceRow struct {
	customerRow
	Key string `db:"sort_key"`
}

// ListCustomers reads a part of a list with relations, in two round trips.
func ListCustomers(ctx context.Context, db pg.DB, q CustomerList, rel Relations) (CustomerRows, error) {
	var rows []customerPlaceRow
	var out CustomerRows
	sql, args := q.Statement(customerColumns, "customer c")
	err := Trip(ctx, db, func(b *pgx.Batch) {
		collect(b, &rows, sql, args)
		if q.Total {
			b.Queue(q.Count()).QueryRow(func(row pgx.Row) error { return row.Scan(&out.Total) })
		}
	})
	if err != nil {
		return CustomerRows{}, err
	}
	if out.More = len(rows) > q.Limit; out.More {
		rows = rows[:q.Limit]
	}
	plain := make([]customerRow, len(rows))
	ids := make([]customer.ID, len(rows))
	out.Places = make([]CustomerPlace, len(rows))
	for i := range rows {
		at := i
		if q.Backwards {
			at = len(rows) - 1 - i
		}
		plain[at] = rows[i].customerRow
		ids[at] = customer.ID(rows[i].ID)
		out.Places[at] = CustomerPlace{Key: rows[i].Key, ID: ids[at]}
	}
	var parts customerParts
	if len(ids) > 0 {
		if err := Trip(ctx, db, func(b *pgx.Batch) { parts.queue(b, ids, rel) }); err != nil {
			return CustomerRows{}, err
		}
	}
	out.Customers, err = parts.assemble(plain)
	return out, err
}

// Count counts all that the filter finds.
func (q *CustomerList) Count() (string, pgx.StrictNamedArgs) {
	where, args := q.Filter.where()
	return `SELECT count(*) FROM customer c WHERE ` + where, args
}

// Statement builds the statement from fixed pieces; values travel as arguments only. The columns are on the table as c, which
// from names with whatever is joined to it; behind them comes the key of the order as sort_key.
func (q *CustomerList) Statement(columns, from string) (string, pgx.StrictNamedArgs) {
	where, args := q.Filter.where()
	sort := sortColumn[q.Sort]
	up, direction, opposite := q.Descending == q.Backwards, ">", "<"
	order := sort.column + ", c.id"
	if !up {
		direction, opposite = "<", ">"
		order = sort.column + " DESC, c.id DESC"
	}
	bound := func(p *CustomerPlace, operator, suffix string) {
		if p == nil {
			return
		}
		where += "\n  AND (" + sort.column + ", c.id) " + operator + " (" +
			strings.ReplaceAll(sort.in, "@key", "@key"+suffix) + ", @id" + suffix + "::uuid)"
		args["key"+suffix], args["id"+suffix] = p.Key, string(p.ID)
	}
	bound(q.From, direction, "_from")
	bound(q.To, opposite, "_to")
	args["limit"] = q.Limit + 1
	return `
SELECT ` + columns + `, ` + sort.out + ` AS sort_key
FROM ` + from + `
WHERE ` + where + `
ORDER BY ` + order + `
LIMIT @limit`, args
}

// where is the condition of the filter, on the table as c.
func (f *CustomerFilter) where() (string, pgx.StrictNamedArgs) {
	conditions, args := []string{"true"}, pgx.StrictNamedArgs{}
	if len(f.Words) > 0 {
		patterns := make([]string, len(f.Words))
		for i, w := range f.Words {
			// Folded words are letters and digits, so there is no wildcard to escape.
			patterns[i] = "%" + w + "%"
		}
		conditions = append(conditions, "c.id IN (SELECT hub_search_customers(@patterns))")
		args["patterns"] = patterns
	}
	if f.Kind != "" {
		conditions = append(conditions, "c.kind = @kind")
		args["kind"] = string(f.Kind)
	}
	if f.Status != "" {
		conditions = append(conditions, "c.status = @status")
		args["status"] = string(f.Status)
	}
	if f.IDs != nil {
		conditions = append(conditions, "c.id = ANY (@among)")
		args["among"] = texts(f.IDs)
	}
	return strings.Join(conditions, "\n  AND "), args
}

// MatchCustomers gives the ids among f.IDs whose customers fit the filter.
func MatchCustomers(ctx context.Context, db pg.DB, f CustomerFilter) ([]customer.ID, error) {
	where, args := f.where()
	rows, _ := db.Query(ctx, `SELECT c.id FROM customer c WHERE `+where+` ORDER BY c.id`, args)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, pg.Fault(err, "customers")
	}
	out := make([]customer.ID, len(ids))
	for i, id := range ids {
		out[i] = customer.ID(id)
	}
	return out, nil
}

const sqlFindCustomersByNumber = `
SELECT c.id
FROM customer c
WHERE c.number = @key
ORDER BY c.id
LIMIT 10`

const sqlFindCustomersByBusinessID = `
SELECT c.id
FROM customer c
WHERE c.business_id = @key AND c.business_id <> ''
ORDER BY c.id
LIMIT 10`

const sqlFindCustomerByExternalID = `
SELECT l.customer_id
FROM link l
WHERE l.system_id = @system AND l.external_id = @key
ORDER BY l.customer_id
LIMIT 10`

// FindCustomersByNumber gives the customers that carry the number, at most ten.
func FindCustomersByNumber(ctx context.Context, db pg.DB, number string) ([]customer.ID, error) {
	return findCustomers(ctx, db, sqlFindCustomersByNumber, pgx.StrictNamedArgs{"key": number})
}

// FindCustomersByBusinessID gives the customers that carry the business ID, at most ten.
func FindCustomersByBusinessID(ctx context.Context, db pg.DB, businessID string) ([]customer.ID, error) {
	return findCustomers(ctx, db, sqlFindCustomersByBusinessID, pgx.StrictNamedArgs{"key": businessID})
}

// FindCustomerByExternalID gives the customer of an external record.
func FindCustomerByExternalID(ctx context.Context, db pg.DB, system, externalID string) ([]customer.ID, error) {
	return findCustomers(ctx, db, sqlFindCustomerByExternalID, pgx.StrictNamedArgs{"system": system, "key": externalID})
}

func findCustomers(ctx context.Context, db pg.DB, sql string, args pgx.StrictNamedArgs) ([]customer.ID, error) {
	rows, _ := db.Query(ctx, sql, args)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, pg.Fault(err, "customers")
	}
	out := make([]customer.ID, len(ids))
	for i, id := range ids {
		out[i] = customer.ID(id)
	}
	return out, nil
}
