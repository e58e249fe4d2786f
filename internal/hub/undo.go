package hub

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/run"
	"customerhub/internal/store"
)

// UndoRun asks for a run to be taken back.
type UndoRun struct {
	Run run.ID
	// DryRun tells what would come of it, and does nothing.
	DryRun bool
	// Expected is the dry run that was looked at; empty for the newest, whichever it is.
	Expected run.ID
	// Reason is why; it goes into the log of changes.
	Reason string
}

// UndoRun queues a run that takes another one back, or says what that would come to. Each value that is still what that run made it goes
// back to what it was before; a customer that it made and nobody touched since is taken out of use. What was changed since stays, and is
// listed, as is all else that does not go back. A dry run of the same run has to have ended before. Needs systems:manage. Reasons:
// RUN_NOT_ENDED, RUN_CHANGES_NOTHING, DRY_RUN_MISSING, DRY_RUN_OUTDATED, FIELD_REQUIRED, FIELD_TOO_LONG, CHARACTERS_INVALID,
// PERSONAL_IDENTITY_CODE_NOT_ALLOWED, RUN_IN_PROGRESS with the run.
func (h *Hub) UndoRun(ctx context.Context, v auth.Viewer, in UndoRun, key string) (run.Run, error) {
	if err := v.Require(auth.SystemsManage); err != nil {
		return run.Run{}, err
	}
	if err := in.check(); err != nil {
		return run.Run{}, err
	}
	c := command{auth.SystemsManage, "undoRun", key, in, []Topic{TopicRuns}}
	done, err := h.do(ctx, v, c, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		found, err := store.ListRunsByID(ctx, tx, []run.ID{in.Run})
		if err != nil || len(found) == 0 {
			return nil, firstError(err, noRun())
		}
		of := found[0]
		if _, err := store.LockSystem(ctx, tx, of.SystemID); err != nil {
			return nil, err
		}
		if err := in.mayUndo(ctx, tx, of); err != nil {
			return nil, err
		}
		r, err := queueRun(ctx, tx, of.SystemID, run.Undoing, v.Actor)
		if err != nil {
			return nil, fault.Of(err).At("run")
		}
		return answer{"run": string(r.ID)}, store.InsertUndo(ctx, tx, run.Undo{ID: r.ID, Of: of.ID, DryRun: in.DryRun, Reason: in.Reason})
	})
	if err != nil {
		return run.Run{}, err
	}
	return h.runNow(ctx, v, run.ID(done["run"]))
}

func noRun() *fault.Error {
	return fault.New(fault.NotFound, "There is no run with this id.").At("run")
}

func (in *UndoRun) check() error {
	if validID(in.Run, "run") != nil {
		return noRun()
	}
	if in.Reason = strings.TrimSpace(in.Reason); in.Reason == "" && !in.DryRun {
		return fault.Because(fault.Invalid, customer.ReasonRequired, "Say why the run is taken back: it stands in the log of changes.").At("reason")
	}
	if err := checkNote(in.Reason); err != nil {
		return err.At("reason")
	}
	return nil
}

// mayUndo refuses what cannot be taken back, or was not looked at before.
func (in *UndoRun) mayUndo(ctx context.Context, tx pgx.Tx, of run.Run) error {
	switch {
	case !of.Kind.Undoable():
		return fault.Because(fault.Invalid, "RUN_CHANGES_NOTHING", "A run of the kind %s sets no values of customers, so there is nothing to take back.", of.Kind).At("run")
	case !of.State.Final():
		return fault.Because(fault.Invalid, "RUN_NOT_ENDED", "The run is %s. Wait until it has ended.", of.State).At("run")
	case in.DryRun:
		return nil
	}
	newest, err := store.FindNewestDryRun(ctx, tx, of.ID)
	switch {
	case err != nil:
		return err
	case newest == "":
		return fault.Because(fault.Invalid, "DRY_RUN_MISSING", "Make a dry run first and look at what would go back and what would not.").At("run")
	case in.Expected != "" && in.Expected != newest:
		return fault.Because(fault.Stale, "DRY_RUN_OUTDATED", "There is a newer dry run than the one that was looked at.").At("expectedDryRun")
	}
	return nil
}

// undoOf gives what a run of the kind is to do.
func undoOf(ctx context.Context, tx pgx.Tx, id run.ID) (*run.Undo, error) {
	found, err := store.ListUndosByID(ctx, tx, []run.ID{id})
	if err != nil || len(found) == 0 {
		return nil, firstError(err, fault.New(fault.Internal, "The run %s takes nothing back.", id))
	}
	return &found[0], nil
}

// UndoView is an undo with how many of its items have which verdict.
type UndoView struct {
	run.Undo
	Counts map[run.Verdict]int
}

// UndosByID reads undos by the ids of their runs; runs of other kinds are left out. Needs systems:read.
func (h *Hub) UndosByID(ctx context.Context, v auth.Viewer, ids []run.ID) (out map[run.ID]UndoView, err error) {
	out = make(map[run.ID]UndoView, len(ids))
	err = h.read(ctx, v, auth.SystemsRead, func(ctx context.Context, tx pgx.Tx) error {
		found, err := store.ListUndosByID(ctx, tx, validIDs(ids))
		if err != nil || len(found) == 0 {
			return err
		}
		counts, err := store.CountUndoItems(ctx, tx, validIDs(ids))
		for _, u := range found {
			out[u.ID] = UndoView{Undo: u, Counts: counts[u.ID]}
		}
		return err
	})
	return out, err
}

// UndoItemPage is a part of an undo's items.
type UndoItemPage struct {
	Items   []run.UndoItem
	Cursors []string
	HasMore bool
}

const undoOrder = "undo"

// UndoItems reads what becomes of what a run did, customer by customer in the order in which the run came to them, so far; an empty
// verdict is any. Needs systems:read.
func (h *Hub) UndoItems(ctx context.Context, v auth.Viewer, id run.ID, verdict run.Verdict, first *int, after string) (UndoItemPage, error) {
	w, err := Page{First: first, After: after}.window()
	if err != nil {
		return UndoItemPage{}, err
	}
	from, err := parsePosition(after, undoOrder, "after")
	if err != nil {
		return UndoItemPage{}, err
	}
	q := store.UndoItemList{Undo: id, Verdict: verdict, Limit: w.limit + 1}
	if from != nil {
		place, nth, _ := strings.Cut(from.Key, ".")
		if q.Place, err = parsePlace(place); err != nil {
			return UndoItemPage{}, err
		}
		if q.Nth, err = parsePlace(nth); err != nil {
			return UndoItemPage{}, err
		}
	}
	var out UndoItemPage
	err = h.read(ctx, v, auth.SystemsRead, func(ctx context.Context, tx pgx.Tx) error {
		out.Items, err = store.ListUndoItems(ctx, tx, q)
		return err
	})
	if out.HasMore = len(out.Items) > w.limit; out.HasMore {
		out.Items = out.Items[:w.limit]
	}
	for _, i := range out.Items {
		out.Cursors = append(out.Cursors, position{undoOrder, placeKey(i.Place) + "." + placeKey(i.Nth), string(id)}.cursor())
	}
	return out, err
}
