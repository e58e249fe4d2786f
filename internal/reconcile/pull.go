package reconcile

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/connector"
	"customerhub/internal/customer"
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
// was killed goes on where it was: no record is read twice but those of the two batches under way (T40). The system's cursor
// moves only when everything listed has been taken in.
func (j *job) pull(ctx context.Context, kind connector.Kind, conn connector.Connection, lane string) error {
	at := j.work.Checkpoint
	if at.ListedAt.IsZero() {
		var err error
		if at, err = j.prepare(ctx, kind, conn, lane); err != nil {
			return err
		}
	}
	if err := j.beginCertificate(ctx); err != nil {
		return err
	}
	batcher, canBatch := conn.(connector.BatchReader)
	size := 1
	if canBatch {
		size = batcher.BatchSize()
	}
	if err := j.takeAll(ctx, kind, conn, lane, at.Place, size); err != nil {
		return err
	}
	if r := j.work.Run; r.Done < r.Total {
		return fault.New(fault.Internal, "The run's list ended after %d of %d records; it is not believed.", r.Done, r.Total)
	}
	switch j.work.Run.Kind {
	case run.Poll, run.Check, run.Undoing, run.Credential, run.Submitting, run.Pausing:
	case run.Planning, run.Certifying:
		return j.completePlan(ctx, at)
	case run.Applying:
		if err := j.export(ctx, at.Place); err != nil || j.work.System.FreshAt.After(at.ListedAt) {
			return err
		}
	case run.Sweep:
		if err := j.completePlan(ctx, at); err != nil {
			return err
		}
		fallthrough
	default:
		if err := j.lookForGone(ctx, conn, lane); err != nil {
			return err
		}
		if err := j.worker.hub.WatchNumbers(ctx, j.claim); err != nil {
			return err
		}
		if kind.From != "" {
			if err := j.enlist(ctx); err != nil {
				return err
			}
		}
	}
	// Nothing may say that the look was complete before all of it was.
	j.report.Cursor, j.report.FreshSince = at.Cursor, at.ListedAt
	return nil
}

// enlist gives the customers that have no link in the system one, since nobody plans which of them get a record there: the system's own
// scope says so.
func (j *job) enlist(ctx context.Context) error {
	for after := customer.ID(""); ; {
		last, err := j.worker.hub.Enlist(ctx, j.claim, j.work.System, after, exportChunk)
		if err != nil || last == "" {
			return err
		}
		after = last
	}
}

// prepare makes the list of what the run looks at.
func (j *job) prepare(ctx context.Context, kind connector.Kind, conn connector.Connection, lane string) (store.Checkpoint, error) {
	if j.work.Run.Kind == run.Applying {
		return j.listSteps(ctx)
	}
	return j.list(ctx, kind, conn, lane)
}

// batch is some of the listed records as they were read.
type batch struct {
	items    []store.RunItem
	observed []merge.Observation
	// readAt is when the reading began, by the database's clock.
	readAt time.Time
	// refusals are why records could not be read.
	refusals map[string]error
	err      error
}

func (b *batch) place() int { return b.items[len(b.items)-1].Place }

// takeAll takes in what is listed behind a place. While one batch is committed the next is read, so that neither the system
// nor the database waits for the other; there is still one call at a time.
func (j *job) takeAll(ctx context.Context, kind connector.Kind, conn connector.Connection, lane string, place, size int) error {
	ctx, cancel := context.WithCancel(ctx)
	reading := j.readAhead(ctx, conn, lane, place, size)
	defer func() {
		cancel()
		<-reading // the lane is free again before the run ends
	}()
	// Tables that fill up are looked at again each time they have grown by so much.
	const growth = 8
	for analyze := 1; ; {
		b := <-reading
		if b.err != nil || len(b.items) == 0 {
			return b.err
		}
		reading = j.readAhead(ctx, conn, lane, b.place(), size)
		if err := j.keep(ctx, kind, b); err != nil {
			return err
		}
		if done := j.work.Run.Done; fills(j.work.Run.Kind) && done >= analyze {
			// What was planned for tables that were empty, or much smaller, is wrong from now on.
			analyze = done * growth
			if err := store.AnalyzeCustomers(ctx, j.worker.pool); err != nil {
				return err
			}
		}
	}
}

// fills says whether a run of the kind may be the first that brings customers.
func fills(k run.Kind) bool { return k == run.FirstImport || k == run.Applying }

// keepTime is how long the commit of a batch that was read may take beyond the end of its run's time.
const keepTime = 10 * time.Second

// keep takes a batch in, also when the run is about to go into other hands: what was read need not be read again. Whoever
// holds the run by then is safe from it by the fence.
func (j *job) keep(ctx context.Context, kind connector.Kind, b batch) error {
	keeping, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	late := context.AfterFunc(ctx, func() {
		select {
		case <-keeping.Done():
		case <-time.After(keepTime):
			cancel()
		}
	})
	defer late()
	return j.takeIn(keeping, kind, b)
}

// readAhead reads the batch behind a place. The channel gives it, and is closed then.
func (j *job) readAhead(ctx context.Context, conn connector.Connection, lane string, place, size int) <-chan batch {
	out := make(chan batch, 1)
	go func() {
		defer close(out)
		var b batch
		b.err = guarded(func() error { return j.readBatch(ctx, conn, lane, place, size, &b) })
		out <- b
	}()
	return out
}

func (j *job) readBatch(ctx context.Context, conn connector.Connection, lane string, place, size int, b *batch) (err error) {
	if b.items, err = j.worker.hub.NextListed(ctx, j.claim, place, size); err != nil || len(b.items) == 0 {
		return err
	}
	return j.inLane(ctx, lane, func(ctx context.Context, since time.Time) error {
		b.readAt = since
		b.observed, b.refusals, err = j.read(ctx, conn, idsOf(b.items))
		return err
	})
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
				if row.ExternalID == "" {
					r.Counts.Keyless++
				}
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
func (j *job) takeIn(ctx context.Context, kind connector.Kind, b batch) error {
	err := j.commit(ctx, kind, b)
	if !ofRecords(err) {
		return err
	}
	j.log.Warn("a batch cannot be stored; its records are taken one by one", "records", len(b.observed), "code", fault.CodeOf(err))
	for i, o := range b.observed {
		one := batch{b.items[i : i+1], []merge.Observation{o}, b.readAt, b.refusals, nil}
		err := j.commit(ctx, kind, one)
		if ofRecords(err) {
			j.log.Error("a record cannot be stored", "record", o.ExternalID, "code", fault.CodeOf(err))
			j.log.Debug("why a record cannot be stored", "record", o.ExternalID, "error", err)
			one.observed[0] = unreadable(o.ExternalID)
			err = j.commit(ctx, kind, one)
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
	p := Policy{
		System: s.ID, Name: s.Name, Refuses: kind.Refuses, Decided: s.Policy, Scope: merge.Scope{From: kind.From, NeedsNumber: kind.NeedsNumber},
		Abilities: merge.Abilities{Reads: kind.ReadsWith(s.Settings), Writes: kind.WritesWith(s.Settings), Keeps: kind.Keeps, VisitingOffice: kind.VisitingOffice},
	}
	if kind.Scope != nil {
		p.Scope.Leaves = func(ours customer.Fields) string { return kind.Scope(ours, s.Settings) }
	}
	return p
}

// planAll is Plan on all processors.
func planAll(observed []merge.Observation, known map[string]merge.Known, p Policy, now time.Time) []merge.Outcome {
	share := max((len(observed)+runtime.GOMAXPROCS(0)-1)/runtime.GOMAXPROCS(0), 1)
	out := make([]merge.Outcome, len(observed))
	var wg sync.WaitGroup
	for at := 0; at < len(observed); at += share {
		end := min(at+share, len(observed))
		wg.Go(func() { copy(out[at:end], planEach(observed[at:end], known, p, store.NewID, now)) })
	}
	wg.Wait()
	oneEach(out, observed, known, p, store.NewID, now)
	shareNews(out, observed, known, p, store.NewID, now)
	return out
}

// commit takes records in together with the run's progress, which is then at the place of the last.
func (j *job) commit(ctx context.Context, kind connector.Kind, b batch) error {
	policy, observed := policyOf(kind, j.work.System), b.observed
	if j.work.Run.Kind == run.Planning || j.work.Run.Kind == run.Certifying {
		return j.foresee(ctx, policy, b)
	}
	var steps, healed []run.Step
	if j.work.Run.Kind == run.Applying {
		var err error
		if steps, err = j.stepsOf(ctx, b); err != nil {
			return err
		}
	}
	before := j.work.Run
	var outcomes []merge.Outcome
	_, err := j.worker.hub.TakeIn(ctx, hub.Taking{
		Organisation: j.claim.Organisation, System: j.work.System.ID, SystemName: j.work.System.Name, Observed: observed, ReadAt: b.readAt, Priority: link.Bulk,
		Run: j.work.Run.ID, Began: j.work.Run.StartedAt, Unbraked: j.work.Run.Kind == run.Applying,
		Plan: func(observed []merge.Observation, known map[string]merge.Known, now time.Time) []merge.Outcome {
			outcomes = planAll(observed, known, policy, now)
			if steps != nil {
				execute(steps, b, observed, outcomes, known, policy)
			}
			if j.work.Run.Kind == run.Sweep {
				healed = j.stepsFor(b, observed, outcomes, known, policy)
			}
			return outcomes
		},
		Also: func(ctx context.Context, tx pgx.Tx, counts run.Counts) error {
			failed, skipped := untaken(asPlanned(outcomes, steps), b.refusals)
			if err := store.NoteReadFailures(ctx, tx, policy.System, failed, skipped); err != nil {
				return err
			}
			if err := store.ResolveSteps(ctx, tx, j.planID(), steps); err != nil {
				return err
			}
			for i := range healed {
				healed[i].Result = run.Executed
			}
			if err := store.AddSteps(ctx, tx, j.planID(), healed); err != nil {
				return err
			}
			j.work.Run = before
			j.work.Run.Counts = sum(before.Counts, counts)
			j.work.Run.Done += len(observed)
			return store.ProgressRun(ctx, tx, j.claim, j.work.Run, b.place(), j.worker.o.Lease)
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
		Unchanged: a.Unchanged + b.Unchanged, Skipped: a.Skipped + b.Skipped, Keyless: a.Keyless + b.Keyless, Failed: a.Failed + b.Failed,
		Findings: a.Findings + b.Findings,
	}
}
