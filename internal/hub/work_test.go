package hub_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/fault"
	"customerhub/internal/hub"
	"customerhub/internal/run"
	"customerhub/internal/store"
)

func TestFence(t *testing.T) {
	t.Parallel()
	b := setupKinds(t)
	s := b.checked(t)
	_, r, err := b.hub.StartSystem(t.Context(), b.viewer, s.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	late, err := store.ClaimRun(t.Context(), b.db.App, "late", time.Minute)
	if err != nil || late == nil {
		t.Fatal(late, err)
	}
	if none, err := store.ClaimRun(t.Context(), b.db.App, "eager", time.Minute); err != nil || none != nil {
		t.Fatalf("a held run was claimed: %+v, %v", none, err)
	}
	if _, err := b.db.Owner.Exec(t.Context(), `UPDATE run SET lease_until = now() - interval '1 second' WHERE id = $1`, string(r.ID)); err != nil {
		t.Fatal(err)
	}
	holder, err := store.ClaimRun(t.Context(), b.db.App, "holder", time.Minute)
	if err != nil || holder == nil || holder.Run != late.Run || holder.Fence <= late.Fence {
		t.Fatalf("got %+v after %+v, %v", holder, late, err)
	}
	ctx := t.Context()
	if err := b.hub.AddListed(ctx, *holder, 0, []string{"1", "2"}); err != nil {
		t.Fatal(err)
	}
	for name, act := range map[string]func(store.Claim) error{
		"Progress": func(c store.Claim) error { return b.hub.ProgressWork(ctx, c, r, 0, time.Minute) },
		"Renew":    func(c store.Claim) error { return b.hub.RenewWork(ctx, c, time.Minute) },
		"BeginList": func(c store.Claim) error {
			_, err := b.hub.BeginList(ctx, c)
			return err
		},
		"NextListed": func(c store.Claim) error {
			_, err := b.hub.NextListed(ctx, c, 0, 10)
			return err
		},
		"FindMissing": func(c store.Claim) error {
			_, err := b.hub.FindMissing(ctx, c, s.ID)
			return err
		},
		"Release": func(c store.Claim) error { return b.hub.ReleaseWork(ctx, c) },
		"Finish": func(c store.Claim) error {
			r.State = run.Succeeded
			return b.hub.FinishWork(ctx, c, r, hub.SystemReport{Cursor: "late", FreshSince: time.Now()})
		},
		"TakeIn": func(c store.Claim) error {
			_, err := b.hub.TakeIn(ctx, hub.Taking{
				Organisation: c.Organisation, System: s.ID,
				Plan: nothing, Also: func(ctx context.Context, tx pgx.Tx, _ run.Counts) error {
					return store.ProgressRun(ctx, tx, c, r, 0, time.Minute)
				},
			})
			return err
		},
	} {
		if err := act(*late); !fault.Is(err, fault.Stale) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if got := b.systemNow(t, s.ID); got.Cursor != "" || !got.FreshAt.IsZero() {
		t.Errorf("the late worker moved the cursor: %+v", got)
	}
	if items, err := b.hub.NextListed(ctx, *holder, 0, 10); err != nil || len(items) != 2 {
		t.Errorf("the late worker emptied the holder's list: %v, %v", items, err)
	}
	if err := b.hub.ProgressWork(ctx, *holder, r, 0, time.Minute); err != nil {
		t.Errorf("the holder: %v", err)
	}
	var v auth.Viewer
	if _, err := b.hub.Runs(ctx, v, hub.RunFilter{}, hub.Page{}, false); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("got %v", err)
	}
}
