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

// Changes reads numbered changes after a cursor, in their order; an empty cursor is the beginning. Needs customers:read.
func (h *Hub) Changes(ctx context.Context, v auth.Viewer, after string, first int) (ChangePage, error) {
	sequence, err := checkChangePage(after, first)
	if err != nil {
		return ChangePage{}, err
	}
	var page ChangePage
	err = h.read(ctx, v, auth.CustomersRead, func(ctx context.Context, tx pgx.Tx) error {
		items, newest, err := store.ListChanges(ctx, tx, sequence, first+1)
		page = changePage(items, after, first, newest)
		return err
	})
	return page, err
}

// ChangesOfCustomers reads a page of numbered changes of each customer. Needs customers:read.
func (h *Hub) ChangesOfCustomers(ctx context.Context, v auth.Viewer, ids []customer.ID, after string, first int) (map[customer.ID]ChangePage, error) {
	sequence, err := checkChangePage(after, first)
	if err != nil {
		return nil, err
	}
	out := make(map[customer.ID]ChangePage, len(ids))
	err = h.read(ctx, v, auth.CustomersRead, func(ctx context.Context, tx pgx.Tx) error {
		newest, _, err := store.GetSequences(ctx, tx)
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
			out[id] = changePage(of[id], after, first, newest)
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

// changePage makes a page of at most first items out of one more than that.
func changePage(items []change.Change, after string, first int, newest int64) ChangePage {
	page := ChangePage{HasMore: len(items) > first, EndCursor: after, Newest: newest}
	if page.HasMore {
		items = items[:first]
	}
	if after == "" {
		page.EndCursor = change.CursorAt(0)
	}
	page.Items = items
	page.Cursors = make([]string, len(items))
	for i, c := range items {
		page.Cursors[i] = change.CursorAt(c.Sequence)
		page.EndCursor = page.Cursors[i]
	}
	return page
}
