package hub

import (
	"context"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/store"
)

// CustomerListing is a list of customers for a reader that writes its rows himself (graph/rows): what Customers would read,
// with columns of the reader's choice.
type CustomerListing struct {
	list   store.CustomerList
	window window
}

// ListCustomers checks the query for the viewer as Customers does. Needs customers:read.
func ListCustomers(v auth.Viewer, q CustomerQuery) (CustomerListing, error) {
	if err := v.Require(auth.CustomersRead); err != nil {
		return CustomerListing{}, err
	}
	list, w, err := q.listing()
	if err == nil {
		err = q.allowed(v)
	}
	return CustomerListing{list, w}, err
}

// Statement reads one row more than the page has, in reading direction. The last column is the key that Cursor takes.
func (l *CustomerListing) Statement(columns, joins string) (sql string, arguments pgx.StrictNamedArgs) {
	return l.list.Statement(columns, joins)
}

// Count counts all that fit.
func (l *CustomerListing) Count() (sql string, arguments pgx.StrictNamedArgs) { return l.list.Count() }

// Limit is the size of the page.
func (l *CustomerListing) Limit() int { return l.list.Limit }

// Backwards says whether the page is read from its end.
func (l *CustomerListing) Backwards() bool { return l.list.Backwards }

// Around says whether there is more after and before the page; more tells it of the reading direction.
func (l *CustomerListing) Around(more bool) (next, previous bool) {
	i := l.window.info(more)
	return i.HasNext, i.HasPrevious
}

// Cursor is the cursor of a row.
func (l *CustomerListing) Cursor(key, id string) string {
	return position{Order: string(l.list.Sort), Key: key, ID: id}.cursor()
}

// FindCustomers gives the customers that the look-up names, at most ten.
func FindCustomers(ctx context.Context, tx pgx.Tx, by CustomerLookup) ([]customer.ID, error) {
	if err := by.check(); err != nil {
		return nil, err
	}
	return by.find(ctx, tx)
}
