package hub_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/hub"
	"customerhub/internal/pg"
	"customerhub/internal/store"
)

func TestCursorsOfTheLog(t *testing.T) {
	t.Parallel()
	const all = 6 // changes, each of a customer of its own
	for name, tc := range map[string]struct {
		pruned int64 // the newest change that is not kept any more
		after  string
		want   int  // how many changes are read after it
		refuse bool // and a snapshot asked for
	}{
		"NothingIsMissedFromTheBeginning": {0, change.CursorAt(0), 6, false},
		"NothingIsMissedFromTheMiddle":    {0, change.CursorAt(4), 2, false},
		"NothingIsMissedAtTheEnd":         {0, change.CursorAt(6), 0, false},
		"BeyondTheNewestIsAnotherLog":     {0, change.CursorAt(7), 0, true},
		"ThePrunedBeginningIsMissed":      {3, change.CursorAt(0), 0, true},
		"TheFirstNeededIsPruned":          {3, change.CursorAt(2), 0, true},
		"JustBehindWhatIsPruned":          {3, change.CursorAt(3), 3, false},
		"AllIsPruned":                     {6, change.CursorAt(5), 0, true},
		"AllIsPrunedAndAllWasSeen":        {6, change.CursorAt(6), 0, false},
		"WithoutACursorWhatIsKept":        {3, "", 3, false},
		"WithoutACursorWhenNothingIsKept": {6, "", 0, false},
		"WithoutACursorWhenNothingIsGone": {0, "", 6, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			var ids []customer.ID
			for range all {
				ids = append(ids, b.create(t, customer.Fields{customer.FieldName: "Esimerkki Oy"}).ID)
			}
			err := pg.InNoOrganisation(t.Context(), b.db.App, pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
				_, err := store.NumberChanges(ctx, tx, 1000)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := b.db.Owner.Exec(t.Context(), `DELETE FROM change WHERE sequence <= $1`, tc.pruned); err != nil {
				t.Fatal(err)
			}
			page, err := b.hub.Changes(t.Context(), b.viewer, tc.after, 100)
			of, errOf := b.hub.ChangesOfCustomers(t.Context(), b.viewer, ids, tc.after, 100)
			if tc.refuse {
				for _, err := range []error{err, errOf} {
					if f := wantReason(t, err, fault.Invalid, "SNAPSHOT_REQUIRED"); f.Details["cursor"] != change.CursorAt(all) {
						t.Errorf("got the details %v", f.Details)
					}
				}
				return
			}
			if err != nil || errOf != nil {
				t.Fatal(err, errOf)
			}
			n := 0
			for _, p := range of {
				n += len(p.Items)
				wantReadable(t, b, p)
			}
			if len(page.Items) != tc.want || n != tc.want || page.Newest != all || page.EndCursor != change.CursorAt(all) {
				t.Errorf("got %+v and %d of the customers", page, n)
			}
			wantReadable(t, b, page)
		})
	}
}

// wantReadable checks that the end of a page is a cursor that can be gone on from.
func wantReadable(t *testing.T, b bundle, p hub.ChangePage) {
	t.Helper()
	if _, err := b.hub.Changes(t.Context(), b.viewer, p.EndCursor, 1); err != nil {
		t.Error(err)
	}
}
