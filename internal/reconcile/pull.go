package reconcile

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/connector"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/hub"
	"customerhub/internal/merge"
	"customerhub/internal/run"
	"customerhub/internal/store"
)

// pull lists what there is to look at and takes it in, batch by batch. A first import and a sweep list everything; a poll
// lists what changed since the cursor. The cursor moves only when everything listed has been taken in, so a run that
// broke off is made good by the next one.
func (j *job) pull(ctx context.Context, kind connector.Kind, conn connector.Connection, lane string) error {
	lister, ok := conn.(connector.Lister)
	if !ok {
		return fault.New(fault.Unsupported, "%s cannot list its customers.", kind.Title)
	}
	since := j.work.System.Cursor
	if j.work.Run.Kind != run.Poll {
		since = ""
	}
	var due []string
	var result connector.ListResult
	var began time.Time
	r := &j.work.Run
	err := j.inLane(ctx, lane, func(ctx context.Context) error {
		var err error
		if began, err = store.Now(ctx, j.worker.pool); err != nil {
			return err
		}
		due, r.Counts = nil, run.Counts{}
		result, err = lister.List(ctx, since, func(row connector.Row) error {
			r.Counts.Listed++
			if row.Excluded != "" {
				r.Counts.Skipped++
				return nil
			}
			due = append(due, row.ExternalID)
			return nil
		})
		return err
	})
	if err != nil {
		return err
	}
	r.Total = len(due)
	if err := j.worker.hub.ProgressWork(ctx, j.claim, *r, j.worker.o.Lease); err != nil {
		return err
	}
	size := 1
	batcher, canBatch := conn.(connector.BatchReader)
	if canBatch {
		size = batcher.BatchSize()
	}
	for len(due) > 0 {
		ids := due[:min(size, len(due))]
		due = due[len(ids):]
		var records []connector.Record
		err := j.inLane(ctx, lane, func(ctx context.Context) error {
			var err error
			if canBatch {
				records, err = batcher.ReadBatch(ctx, ids)
			} else {
				records, err = readOne(ctx, conn, ids[0])
			}
			return err
		})
		if err != nil {
			return err
		}
		if err := j.takeIn(ctx, kind, ids, records); err != nil {
			return err
		}
	}
	j.report.Cursor, j.report.FreshSince = result.Cursor, began
	return nil
}

func readOne(ctx context.Context, conn connector.Connection, id string) ([]connector.Record, error) {
	record, err := conn.Read(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []connector.Record{record}, nil
}

// takeIn commits a batch together with the run's progress. What was asked for and did not come is a finding: it may have
// been deleted since it was listed, which the next complete look tells.
func (j *job) takeIn(ctx context.Context, kind connector.Kind, ids []string, records []connector.Record) error {
	observed := make([]merge.Observation, 0, len(ids))
	came := make(map[string]bool, len(records))
	for _, r := range records {
		came[r.ExternalID] = true
		observed = append(observed, ObservationOf(r))
	}
	for _, id := range ids {
		if !came[id] {
			observed = append(observed, merge.Observation{ExternalID: id, Excluded: "MISSING", Findings: []finding.Finding{{
				Code: finding.MissingRecord, Message: "The system lists this record and does not give its details.",
			}}})
		}
	}
	policy := Policy{System: j.work.System.ID, Policy: merge.Policy{Reads: kind.Reads}}
	before := j.work.Run
	_, err := j.worker.hub.TakeIn(ctx, hub.Taking{
		Organisation: j.claim.Organisation, System: j.work.System.ID, SystemName: j.work.System.Name, Observed: observed,
		Plan: func(known map[string]merge.Known, now time.Time) []merge.Outcome {
			return Plan(observed, known, policy, store.NewID, now)
		},
		Also: func(ctx context.Context, tx pgx.Tx, counts run.Counts) error {
			j.work.Run = before
			j.work.Run.Counts = sum(before.Counts, counts)
			j.work.Run.Done += len(ids)
			return store.ProgressRun(ctx, tx, j.claim, j.work.Run, j.worker.o.Lease)
		},
	})
	if err != nil {
		j.work.Run = before
		return fmt.Errorf("taking in a batch of %d records: %w", len(ids), err)
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
