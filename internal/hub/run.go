package hub

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/fault"
	"customerhub/internal/pg"
	"customerhub/internal/run"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

var errNoKeyset = errors.New("the hub has no keyset: set HUB_KEYSET or HUB_KEYSET_FILE")

// Runs reads a page of runs, newest first. Needs systems:read.
func (h *Hub) Runs(ctx context.Context, v auth.Viewer, f RunFilter, p Page, total bool) (RunPage, error) {
	w, err := p.window()
	if err != nil {
		return RunPage{}, err
	}
	const order = "created"
	from, to, err := w.cursors(order)
	if err != nil {
		return RunPage{}, err
	}
	if to != nil {
		return RunPage{}, fault.Because(fault.Invalid, "PAGE_INVALID", "A list of runs is read from one cursor, not between two.").At("before")
	}
	q := store.RunList{System: f.System, State: f.State, Kind: f.Kind, Backwards: w.backwards, Limit: w.limit, Total: total}
	if f.System != "" && !pg.IsUUID(string(f.System)) {
		return RunPage{}, nil
	}
	if from != nil {
		at, err := parseTimeKey(from.Key)
		if err != nil {
			return RunPage{}, err
		}
		q.From = store.RunPlace{CreatedAt: at, ID: run.ID(from.ID)}
	}
	var page RunPage
	err = h.read(ctx, v, auth.SystemsRead, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := store.ListRuns(ctx, tx, q)
		page = RunPage{Items: rows.Runs, Info: w.info(rows.More), Total: rows.Total}
		for _, r := range rows.Runs {
			page.Cursors = append(page.Cursors, position{Order: order, Key: timeKey(r.CreatedAt), ID: string(r.ID)}.cursor())
		}
		return err
	})
	return page, err
}

// RunsByID reads runs; ids that do not exist are left out. Needs systems:read.
func (h *Hub) RunsByID(ctx context.Context, v auth.Viewer, ids []run.ID) (map[run.ID]run.Run, error) {
	var out map[run.ID]run.Run
	err := h.read(ctx, v, auth.SystemsRead, func(ctx context.Context, tx pgx.Tx) error {
		found, err := store.ListRunsByID(ctx, tx, validIDs(ids))
		out = byID(found, func(r run.Run) run.ID { return r.ID })
		return err
	})
	return out, err
}

// LastRuns reads the newest run of each system that has one. Needs systems:read.
func (h *Hub) LastRuns(ctx context.Context, v auth.Viewer, ids []system.ID) (map[system.ID]run.Run, error) {
	var out map[system.ID]run.Run
	err := h.read(ctx, v, auth.SystemsRead, func(ctx context.Context, tx pgx.Tx) error {
		found, err := store.ListLastRuns(ctx, tx, validIDs(ids))
		out = byID(found, func(r run.Run) system.ID { return r.SystemID })
		return err
	})
	return out, err
}

func (h *Hub) runNow(ctx context.Context, v auth.Viewer, id run.ID) (run.Run, error) {
	var r run.Run
	err := pg.ReadInOrganisation(ctx, h.pool, string(v.Organisation.ID), func(ctx context.Context, tx pgx.Tx) error {
		found, err := store.ListRunsByID(ctx, tx, []run.ID{id})
		if err == nil && len(found) == 0 {
			err = fault.New(fault.NotFound, "There is no run with this id.")
		}
		if err == nil {
			r = found[0]
		}
		return err
	})
	return r, err
}
