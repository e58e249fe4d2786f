package store

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/link"
	"customerhub/internal/pg"
	"customerhub/internal/system"
)

// CustomerFilter restricts customers; a zero member restricts nothing.
type CustomerFilter struct {
	Words  []string // folded; all must occur, or words close to one that no customer has
	Kind   customer.Kind
	Status customer.Status
	// System and SyncStates are about links: one of the system, in one of the states.
	System       system.ID
	SyncStates   []link.State // nil restricts nothing, an empty list matches nothing
	KYC          customer.KYCFilter
	UpdatedSince time.Time
	// Custom are values of custom fields in their canonical form, by key.
	Custom map[string]string
	IDs    []customer.ID // nil restricts nothing, an empty list matches nothing
}

// findRow is what hub_find_customers and hub_count_customers take.
type findRow struct {
	Words           []string          `json:"words,omitempty"`
	Kind            string            `json:"kind,omitempty"`
	Status          string            `json:"status,omitempty"`
	System          string            `json:"system,omitempty"`
	States          []string          `json:"states,omitzero"`
	KYCState        []string          `json:"kycState,omitzero"`
	RiskClass       []string          `json:"riskClass,omitzero"`
	RequiresActions *bool             `json:"requiresActions,omitempty"`
	ExpiresBefore   string            `json:"expiresBefore,omitempty"`
	AnyOf           bool              `json:"anyOf,omitempty"`
	UpdatedSince    *time.Time        `json:"updatedSince,omitempty"`
	Custom          map[string]string `json:"custom,omitempty"`
	IDs             []string          `json:"ids,omitzero"`

	Sort    CustomerSort `json:"sort,omitempty"`
	Up      *bool        `json:"up,omitempty"`
	FromKey string       `json:"fromKey"`
	FromID  string       `json:"fromID,omitempty"`
	ToKey   string       `json:"toKey"`
	ToID    string       `json:"toID,omitempty"`
	Limit   *int         `json:"limit,omitempty"`
}

func (f *CustomerFilter) row() findRow {
	r := findRow{
		Words: f.Words, Kind: string(f.Kind), Status: string(f.Status), System: string(f.System), UpdatedSince: timeOrNull(f.UpdatedSince),
		RequiresActions: f.KYC.RequiresActions, ExpiresBefore: f.KYC.ExpiresBefore, AnyOf: f.KYC.AnyOf, Custom: f.Custom,
	}
	if f.SyncStates != nil {
		r.States = texts(f.SyncStates)
	}
	if f.KYC.State != nil {
		r.KYCState = texts(f.KYC.State)
	}
	if f.KYC.RiskClass != nil {
		r.RiskClass = texts(f.KYC.RiskClass)
	}
	if f.IDs != nil {
		r.IDs = texts(f.IDs)
	}
	return r
}

// restricts says whether the filter restricts anything.
func (f *CustomerFilter) restricts() bool {
	return len(f.Words) > 0 || f.Kind != "" || f.Status != "" || f.System != "" || f.SyncStates != nil || f.KYC.State != nil || f.KYC.RiskClass != nil ||
		f.KYC.RequiresActions != nil || f.KYC.ExpiresBefore != "" || !f.UpdatedSince.IsZero() || len(f.Custom) > 0 || f.IDs != nil
}

// CustomerSort is what a list is ordered by; ties are broken by id.
type CustomerSort string

// What customers can be ordered by.
const (
	SortByName       CustomerSort = "name"
	SortByNumber     CustomerSort = "number"
	SortByUpdate     CustomerSort = "updated"
	SortByKYCExpires CustomerSort = "kycExpires" // where no expiry is known at the end
)

// sortColumn is the column of a sort, and as it goes into a cursor and comes out of one.
var sortColumn = map[CustomerSort]struct{ column, out, in string }{
	SortByName:   {"c.name_sort", "encode(c.name_sort, 'hex')", "decode(@key, 'hex')"},
	SortByNumber: {"c.number", "c.number", "@key"},
	SortByUpdate: {
		"c.updated_at", "(extract(epoch FROM c.updated_at) * 1000000)::bigint::text", "timestamptz 'epoch' + @key::bigint * interval '1 microsecond'",
	},
	SortByKYCExpires: {"c.kyc_expires_on", "c.kyc_expires_on::text", "@key::date"},
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
	sql, args := q.Statement(customerColumns, "")
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
	if !q.Filter.restricts() {
		return `SELECT count(*) FROM customer c`, pgx.StrictNamedArgs{}
	}
	return `SELECT hub_count_customers(@find)`, pgx.StrictNamedArgs{"find": asJSON(q.Filter.row())}
}

// Statement builds the statement from fixed pieces; values travel as arguments only. The columns are on the table customer as
// c and on whatever joins join to it; behind them comes the key of the order as sort_key.
func (q *CustomerList) Statement(columns, joins string) (string, pgx.StrictNamedArgs) {
	sort, up := sortColumn[q.Sort], q.Descending == q.Backwards
	if q.Filter.restricts() {
		find := q.Filter.row()
		find.Sort, find.Up, find.Limit = q.Sort, &up, new(q.Limit+1)
		if q.From != nil {
			find.FromKey, find.FromID = q.From.Key, string(q.From.ID)
		}
		if q.To != nil {
			find.ToKey, find.ToID = q.To.Key, string(q.To.ID)
		}
		return `
SELECT ` + columns + `, ` + sort.out + ` AS sort_key
FROM hub_find_customers(@find) WITH ORDINALITY AS found (id, nth)
JOIN customer c ON c.id = found.id
` + joins + `
ORDER BY found.nth`, pgx.StrictNamedArgs{"find": asJSON(find)}
	}
	direction, opposite := ">", "<"
	order := sort.column + ", c.id"
	if !up {
		direction, opposite = "<", ">"
		order = sort.column + " DESC, c.id DESC"
	}
	where, args := "true", pgx.StrictNamedArgs{"limit": q.Limit + 1}
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
	return `
SELECT ` + columns + `, ` + sort.out + ` AS sort_key
FROM customer c
` + joins + `
WHERE ` + where + `
ORDER BY ` + order + `
LIMIT @limit`, args
}

const sqlMatchCustomers = `
SELECT found.id
FROM hub_find_customers(@find) AS found (id)
ORDER BY found.id`

// MatchCustomers gives the ids among f.IDs whose customers fit the filter.
func MatchCustomers(ctx context.Context, db pg.DB, f CustomerFilter) ([]customer.ID, error) {
	return findCustomers(ctx, db, sqlMatchCustomers, pgx.StrictNamedArgs{"find": asJSON(f.row())})
}

// What a merged customer was known by leads to the one that it is now, unless another has it.
const ofFound = `
  UNION
  SELECT c.id, c.merged_into, false
  FROM found f
  JOIN customer c ON c.id = f.merged_into
)
SELECT DISTINCT f.id
FROM found f
WHERE f.merged_into IS NULL AND (f.itself OR NOT EXISTS (SELECT FROM found o WHERE o.itself AND o.merged_into IS NULL))
ORDER BY f.id
LIMIT 10`

const sqlFindCustomersByNumber = `
WITH RECURSIVE found (id, merged_into, itself) AS (
  SELECT c.id, c.merged_into, true
  FROM customer c
  WHERE c.number = @key` + ofFound

const sqlFindCustomersByBusinessID = `
WITH RECURSIVE found (id, merged_into, itself) AS (
  SELECT c.id, c.merged_into, true
  FROM customer c
  WHERE c.business_id = @key AND c.business_id <> ''` + ofFound

const sqlFindCustomerByExternalID = `
SELECT l.customer_id
FROM link l
WHERE l.system_id = @system AND l.external_id = @key
ORDER BY l.customer_id
LIMIT 10`

// FindCustomersByNumber gives the customers that carry the number, at most ten; where only merged ones do, those that they are now.
func FindCustomersByNumber(ctx context.Context, db pg.DB, number string) ([]customer.ID, error) {
	return findCustomers(ctx, db, sqlFindCustomersByNumber, pgx.StrictNamedArgs{"key": number})
}

// FindCustomersByBusinessID gives the customers that carry the business ID, at most ten; where only merged ones do, those that they are
// now.
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
