package hub

import (
	"context"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/store"
)

// Changes reads numbered changes after a cursor, in their order; an empty cursor is the beginning of what is kept. Needs
// customers:read. Reasons: PAGE_SIZE, CURSOR_INVALID, and SNAPSHOT_REQUIRED with the newest cursor, where going on from the
// cursor would miss changes.
func (h *Hub) Changes(ctx context.Context, v auth.Viewer, after string, first int) (ChangePage, error) {
	sequence, err := checkChangePage(after, first)
	if err != nil {
		return ChangePage{}, err
	}
	var page ChangePage
	err = h.read(ctx, v, auth.CustomersRead, func(ctx context.Context, tx pgx.Tx) error {
		start, err := startOf(ctx, tx, after, sequence)
		if err != nil {
			return err
		}
		items, _, err := store.ListChanges(ctx, tx, sequence, first+1)
		page = changePage(items, start, first)
		return err
	})
	return page, err
}

// ChangesOfCustomers reads a page of numbered changes of each customer. Needs customers:read. It refuses what Changes refuses.
func (h *Hub) ChangesOfCustomers(ctx context.Context, v auth.Viewer, ids []customer.ID, after string, first int) (map[customer.ID]ChangePage, error) {
	sequence, err := checkChangePage(after, first)
	if err != nil {
		return nil, err
	}
	out := make(map[customer.ID]ChangePage, len(ids))
	err = h.read(ctx, v, auth.CustomersRead, func(ctx context.Context, tx pgx.Tx) error {
		start, err := startOf(ctx, tx, after, sequence)
		if err != nil {
			return err
		}
		items, err := store.ListChangesOfCustomers(ctx, tx, validIDs(ids), sequence, first+1)
		if err != nil {
			return err
		}
		of := make(map[customer.ID][]change.Change, len(ids))
		for _, c := range items {
			of[c.CustomerID] = append(of[c.CustomerID], c)
		}
		for _, id := range ids {
			out[id] = changePage(of[id], start, first)
		}
		return nil
	})
	return out, err
}

func checkChangePage(after string, first int) (int64, error) {
	if first < 0 || first > MaxPageSize {
		return 0, fault.Because(fault.Invalid, "PAGE_SIZE", "A page holds 0 to %d items; first asks for %d.", MaxPageSize, first).At("first")
	}
	sequence, err := change.ParseCursor(after)
	if err != nil {
		return 0, fault.Of(err).At("after")
	}
	return sequence, nil
}

// logStart is where reading the log begins: the cursor before the first change to read, and the newest number there is.
type logStart struct {
	cursor string
	newest int64
}

// startOf refuses a cursor that nothing can be read after without missing changes: they are not kept any more, or the cursor
// is of another log, such as that of another organisation or of the database before it was restored. Without a cursor,
// reading begins with the oldest change that is kept.
func startOf(ctx context.Context, tx pgx.Tx, after string, sequence int64) (logStart, error) {
	newest, oldest, err := store.GetSequences(ctx, tx)
	switch {
	case err != nil:
		return logStart{}, err
	case after == "":
		return logStart{change.CursorAt(oldest - 1), newest}, nil
	case sequence > newest || sequence < oldest-1:
		return logStart{}, fault.Because(fault.Invalid, "SNAPSHOT_REQUIRED",
			"The changes after this cursor are not known, or not kept any more: read everything, and go on from the newest cursor, %s.",
			change.CursorAt(newest)).At("after").With("cursor", change.CursorAt(newest))
	}
	return logStart{after, newest}, nil
}

// changePage makes a page of at most first items out of one more than that.
func changePage(items []change.Change, start logStart, first int) ChangePage {
	page := ChangePage{HasMore: len(items) > first, EndCursor: start.cursor, Newest: start.newest}
	if page.HasMore {
		items = items[:first]
	}
	page.Items = items
	page.Cursors = make([]string, len(items))
	for i, c := range items {
		page.Cursors[i] = change.CursorAt(c.Sequence)
		page.EndCursor = page.Cursors[i]
	}
	return page
}
