package server_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/hub"
	"customerhub/internal/pg"
	"customerhub/internal/run"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// claim takes the run that waits, as a worker does.
func (b *bundle) claim(t *testing.T) (store.Claim, hub.Work) {
	t.Helper()
	var c *store.Claim
	err := pg.InNoOrganisation(t.Context(), b.db.App, pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) (err error) {
		c, err = store.ClaimRun(ctx, tx, "test", time.Minute)
		return err
	})
	if err != nil || c == nil {
		t.Fatal("no run waits", err)
	}
	b.hub.WakeRuns(c.Organisation)
	w := hub.Work{}
	err = pg.ReadInOrganisation(t.Context(), b.db.App, string(c.Organisation), func(ctx context.Context, tx pgx.Tx) error {
		runs, err := store.ListRunsByID(ctx, tx, []run.ID{c.Run})
		if err == nil {
			w.Run = runs[0]
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return *c, w
}

// work does the run that waits as a worker would, with the best result.
func (b *bundle) work(t *testing.T, _ string) {
	t.Helper()
	c, w := b.claim(t)
	b.finish(t, c, w)
}

func (b *bundle) finish(t *testing.T, c store.Claim, w hub.Work) {
	t.Helper()
	w.Run.State, w.Run.Done, w.Run.Total = run.Succeeded, 10, 10
	report := hub.SystemReport{Checks: []system.Check{{Name: "customerlist.nv", OK: true}}}
	if w.Run.Kind != run.Check {
		report = hub.SystemReport{Cursor: "x", FreshSince: time.Now()}
	}
	if err := b.hub.FinishWork(t.Context(), c, w.Run, report); err != nil {
		t.Fatal(err)
	}
}
