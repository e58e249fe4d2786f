package reconcile

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/connector"
	"customerhub/internal/fault"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/merge"
	"customerhub/internal/run"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// pull lists what there is to look at and takes it in, batch by batch. A first import and a sweep list everything; a poll
// lists what changed since the cursor. The list is kept beside the run and each batch commits its place in it, so a run that
// was killed goes on where it was: no record is read twice but those of the batch under way (T40). The system's cursor moves
// only when everything listed has been taken in.
func (j *job) pull(ctx context.Context, kind connector.Kind, conn connector.Connection, lane string) error {
	at := j.work.Checkpoint
	if at.ListedAt.IsZero() {
		var err error
		if at, err = j.list(ctx, kind, conn, lane); err != nil {
			return err
		}
	}
	batcher, canBatch := conn.(connector.BatchReader)
	size := 1
	if canBatch {
		size = batcher.BatchSize()
	}
	for {
		items, err := j.worker.hub.NextListed(ctx, j.claim, at.Place, size)
		if err != nil {
			return err
		}
		if len(items) == 0 {
			break
		}
		var observed []merge.Observation
		var readAt time.Time
		err = j.inLane(ctx, lane, func(ctx context.Context, since time.Time) error {
			readAt = since
			observed, err = j.read(ctx, conn, idsOf(items))
			return err
		})
		if err != nil {
			return err
		}
		if err := j.takeIn(ctx, kind, items, observed, readAt); err != nil {
			return err
		}
		clear(j.refusals)
		at.Place = items[len(items)-1].Place
	}
	if r := j.work.Run; r.Done < r.Total {
		return fault.New(fault.Internal, "The run's list ended after %d of %d records; it is not believed.", r.Done, r.Total)
	}
	if j.work.Run.Kind != run.Poll {
		if err := j.lookForGone(ctx, conn, lane); err != nil {
			return err
		}
	}
	// Nothing may say that the look was complete before all of it was.
	j.report.Cursor, j.report.FreshSince = at.Cursor, at.ListedAt
	return nil
}

// listChunk is how many listed records are kept in one statement.
const listChunk = 1000

// list keeps what there is to look at. Nothing of it counts before the list is complete.
func (j *job) list(ctx context.Context, kind connector.Kind, conn connector.Connection, lane string) (store.Checkpoint, error) {
	lister, ok := conn.(connector.Lister)
	if !ok {
		return store.Checkpoint{}, fault.New(fault.Unsupported, "%s cannot list its customers.", kind.Title)
	}
	since := j.work.System.Cursor
	if j.work.Run.Kind != run.Poll {
		since = ""
	}
	h, r := j.worker.hub, &j.work.Run
	var began time.Time
	var result connector.ListResult
	err := j.inLane(ctx, lane, func(ctx context.Context, _ time.Time) error {
		var err error
		if began, err = h.BeginList(ctx, j.claim); err != nil {
			return err
		}
		r.Counts, r.Done = run.Counts{}, 0
		place, chunk := 0, make([]string, 0, listChunk)
		keep := func() error {
			err := h.AddListed(ctx, j.claim, place, chunk)
			place, chunk = place+len(chunk), chunk[:0]
			return err
		}
		result, err = lister.List(ctx, since, func(row connector.Row) error {
			r.Counts.Listed++
			if row.Excluded != "" || row.ExternalID == "" {
				r.Counts.Skipped++
				return nil
			}
			chunk = append(chunk, row.ExternalID)
			if len(chunk) < listChunk {
				return nil
			}
			return keep()
		})
		if err != nil {
			return err
		}
		if err := keep(); err != nil || r.Kind != run.Poll {
			return err
		}
		// What could not be taken earlier is looked at again, whether or not it changed since the cursor.
		chunk, err = h.DueRecords(ctx, j.claim, j.work.System.ID, listChunk)
		if err != nil || len(chunk) == 0 {
			return err
		}
		return keep()
	})
	if err != nil {
		return store.Checkpoint{}, err
	}
	if r.Total, err = h.CompleteList(ctx, j.claim, began, result.Cursor); err != nil {
		return store.Checkpoint{}, err
	}
	return store.Checkpoint{ListedAt: began, Cursor: result.Cursor}, h.ProgressWork(ctx, j.claim, *r, 0, j.worker.o.Lease)
}

func idsOf(items []store.RunItem) []string {
	ids := make([]string, len(items))
	for i, item := range items {
		ids[i] = item.ExternalID
	}
	return ids
}

// takeIn commits a batch. When the database will not store something in it, its records are taken one by one, so that only
// the one that is at fault stays out (Promise 7, T39).
func (j *job) takeIn(ctx context.Context, kind connector.Kind, items []store.RunItem, observed []merge.Observation, readAt time.Time) error {
	err := j.commit(ctx, kind, observed, readAt, items[len(items)-1].Place)
	if !ofRecords(err) {
		return err
	}
	j.log.Warn("a batch cannot be stored; its records are taken one by one", "records", len(observed), "code", fault.CodeOf(err))
	for i, o := range observed {
		err := j.commit(ctx, kind, []merge.Observation{o}, readAt, items[i].Place)
		if ofRecords(err) {
			j.log.Error("a record cannot be stored", "record", o.ExternalID, "code", fault.CodeOf(err))
			j.log.Debug("why a record cannot be stored", "record", o.ExternalID, "error", err)
			err = j.commit(ctx, kind, []merge.Observation{unreadable(o.ExternalID)}, readAt, items[i].Place)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ofRecords says whether the records are at fault, and not the database or the run.
func ofRecords(err error) bool { return fault.Is(err, fault.Invalid) || fault.Is(err, fault.Duplicate) }

func policyOf(kind connector.Kind, s system.System) Policy {
	return Policy{System: s.ID, Name: s.Name, Reads: kind.Reads, Writes: kind.Writes, Decided: s.Policy}
}

// commit takes records in together with the run's progress, which is then at the place.
func (j *job) commit(ctx context.Context, kind connector.Kind, observed []merge.Observation, readAt time.Time, place int) error {
	policy := policyOf(kind, j.work.System)
	before := j.work.Run
	var outcomes []merge.Outcome
	_, err := j.worker.hub.TakeIn(ctx, hub.Taking{
		Organisation: j.claim.Organisation, System: j.work.System.ID, SystemName: j.work.System.Name, Observed: observed, ReadAt: readAt, Priority: link.Bulk,
		Plan: func(known map[string]merge.Known, now time.Time) []merge.Outcome {
			outcomes = Plan(observed, known, policy, store.NewID, now)
			return outcomes
		},
		Also: func(ctx context.Context, tx pgx.Tx, counts run.Counts) error {
			failed, skipped := j.untaken(outcomes)
			if err := store.NoteReadFailures(ctx, tx, policy.System, failed, skipped); err != nil {
				return err
			}
			j.work.Run = before
			j.work.Run.Counts = sum(before.Counts, counts)
			j.work.Run.Done += len(observed)
			return store.ProgressRun(ctx, tx, j.claim, j.work.Run, place, j.worker.o.Lease)
		},
	})
	if err != nil {
		j.work.Run = before
		return fmt.Errorf("taking in a batch of %d records: %w", len(observed), err)
	}
	j.worker.hub.WakeRuns(j.claim.Organisation)
	return nil
}

func sum(a, b run.Counts) run.Counts {
	return run.Counts{
		Listed: a.Listed + b.Listed, Read: a.Read + b.Read, Created: a.Created + b.Created, Updated: a.Updated + b.Updated,
		Unchanged: a.Unchanged + b.Unchanged, Skipped: a.Skipped + b.Skipped, Failed: a.Failed + b.Failed,
		Findings: a.Findings + b.Findings,
	}
}
