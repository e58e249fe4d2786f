package hub

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/pg"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// in runs fn in a transaction of the claim's organisation, for work that may be about many rows.
func (h *Hub) in(ctx context.Context, c store.Claim, fn func(ctx context.Context, tx pgx.Tx) error) error {
	return pg.InOrganisation(ctx, h.pool, string(c.Organisation), pg.TxOptions{RetryConflicts: true, FreshPlans: true}, fn)
}

// BeginList forgets what an earlier attempt of the run listed, and gives the time of the database. Stale means that the run
// is in other hands now, and nothing was forgotten.
func (h *Hub) BeginList(ctx context.Context, c store.Claim) (now time.Time, err error) {
	err = h.in(ctx, c, func(ctx context.Context, tx pgx.Tx) error {
		if err := store.LockRun(ctx, tx, c); err != nil {
			return err
		}
		if now, err = store.Now(ctx, tx); err != nil {
			return err
		}
		return store.DropRunItems(ctx, tx, c)
	})
	return now, err
}

// AddListed keeps listed records of the run behind a place.
func (h *Hub) AddListed(ctx context.Context, c store.Claim, after int, externalIDs []string) error {
	return h.in(ctx, c, func(ctx context.Context, tx pgx.Tx) error { return store.AddRunItems(ctx, tx, c, after, externalIDs) })
}

// CompleteList says that everything listed may be believed, and gives how many records that are. Stale means that the run is
// in other hands now.
func (h *Hub) CompleteList(ctx context.Context, c store.Claim, began time.Time, cursor string) (total int, err error) {
	err = h.in(ctx, c, func(ctx context.Context, tx pgx.Tx) error {
		total, err = store.CompleteRunList(ctx, tx, c, began, cursor)
		return err
	})
	return total, err
}

// NextListed gives the next records of the run's list after a place. Stale means that the run is in other hands now.
func (h *Hub) NextListed(ctx context.Context, c store.Claim, after, limit int) (items []store.RunItem, err error) {
	err = h.in(ctx, c, func(ctx context.Context, tx pgx.Tx) error {
		if items, err = store.ListRunItems(ctx, tx, c, after, limit); err != nil {
			return err
		}
		return store.CheckRunHeld(ctx, tx, c)
	})
	return items, err
}

// FindMissing says what the run's complete list lacks of what is linked. Stale means that the run is in other hands now.
func (h *Hub) FindMissing(ctx context.Context, c store.Claim, id system.ID) (m store.Missing, err error) {
	err = h.in(ctx, c, func(ctx context.Context, tx pgx.Tx) error {
		if m, err = store.FindMissing(ctx, tx, c, id); err != nil {
			return err
		}
		return store.CheckRunHeld(ctx, tx, c)
	})
	return m, err
}

// DueRecords gives the records of a system that could not be taken and are to be tried again, at most so many of each sort.
func (h *Hub) DueRecords(ctx context.Context, c store.Claim, id system.ID, limit int) (ids []string, err error) {
	err = h.in(ctx, c, func(ctx context.Context, tx pgx.Tx) error {
		ids, err = store.ListDueRecords(ctx, tx, id, limit)
		return err
	})
	return ids, err
}

// UntakenRecords gives those of the records that could not be taken when they were last tried.
func (h *Hub) UntakenRecords(ctx context.Context, c store.Claim, id system.ID, externalIDs []string) (ids []string, err error) {
	err = h.in(ctx, c, func(ctx context.Context, tx pgx.Tx) error {
		ids, err = store.ListUntakenRecords(ctx, tx, id, externalIDs)
		return err
	})
	return ids, err
}
