package reconcile

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"customerhub/internal/connector"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/merge"
	"customerhub/internal/store"
)

// mute is how many records in a row may go without an answer before the system is thought to be down, rather than the
// records to be at fault. A system that is down would otherwise be asked for each of its records.
const mute = 10

// read reads records, in a batch where the system offers that. A batch that is refused or breaks off may have one record to
// blame, so its records are read one by one then; only what says something of the system as a whole (Denied, Limited,
// Maintenance, our own end) ends the run at once. refusals are why records could not be read.
func (j *job) read(ctx context.Context, conn connector.Connection, ids []string) (observed []merge.Observation, refusals map[string]error, err error) {
	batcher, ok := conn.(connector.BatchReader)
	if !ok {
		return j.readApart(ctx, conn, ids)
	}
	var records []connector.Record
	err = guarded(func() (err error) {
		records, err = batcher.ReadBatch(ctx, ids)
		return err
	})
	switch {
	case err == nil:
		j.silent = 0
		return observations(ids, records), nil, nil
	case panicked(err):
		j.log.Error("connector panicked over a batch; its records are read one by one", "records", len(ids), "error", err)
	case ofOneRecord(ctx, err):
		j.log.Warn("a batch could not be read; its records are read one by one", "records", len(ids), "error", err)
	default:
		return nil, nil, err
	}
	return j.readApart(ctx, conn, ids)
}

// readApart reads records one by one: one bad record does not hide the others (T39, Promise 7). When there is no answer to
// any of several, the system is at fault and not they.
func (j *job) readApart(ctx context.Context, conn connector.Connection, ids []string) ([]merge.Observation, map[string]error, error) {
	out := make([]merge.Observation, 0, len(ids))
	refusals := make(map[string]error)
	known, err := j.worker.hub.UntakenRecords(ctx, j.claim, j.work.System.ID, ids)
	if err != nil {
		return nil, nil, err
	}
	var last error
	answered := false
	for _, id := range ids {
		var records []connector.Record
		err := guarded(func() (err error) {
			records, err = readOne(ctx, conn, id)
			return err
		})
		switch {
		case err == nil:
			answered, j.silent = true, 0
			out = append(out, observations([]string{id}, records)...)
			continue
		case panicked(err):
			j.log.Error("connector panicked over a record", "record", id, "error", err)
			answered = true // by our own defect, which says nothing of the system
			out = append(out, unreadable(id))
			continue
		case !ofOneRecord(ctx, err):
			return nil, nil, err
		}
		j.log.Warn("a record could not be read", "record", id, "error", err)
		out = append(out, refused(id, err))
		refusals[id] = err
		if slices.Contains(known, id) {
			continue // it fails again, which is no sign that the system is down
		}
		last = err
		if j.silent++; j.silent >= mute && !answered {
			return nil, nil, err
		}
	}
	if !answered && last != nil && len(ids) > 1 {
		return nil, nil, last
	}
	return out, refusals, nil
}

// ofOneRecord says whether an error may be about one record and not about the system.
func ofOneRecord(ctx context.Context, err error) bool {
	return ctx.Err() == nil && (fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Rejected))
}

// refused stands for a record that the system would not give.
func refused(id string, err error) merge.Observation {
	o := unreadable(id)
	o.Findings[0].Message = "The record could not be read. " + hub.Shown(err)
	return o
}

// untaken says which of the outcomes failed and why, so that they are tried again, and which records need not be any more.
func untaken(outcomes []merge.Outcome, refusals map[string]error) (failed []store.ReadFailure, skipped []string) {
	for _, o := range outcomes {
		switch o.Action {
		case merge.Skip:
			skipped = append(skipped, o.ExternalID)
		case merge.Failed:
			f := store.ReadFailure{ExternalID: o.ExternalID, State: link.Waiting, Fault: fault.Internal}
			if len(o.Findings) > 0 {
				f.Message = o.Findings[0].Message
				if o.Findings[0].Code == finding.MissingRecord {
					f.Fault = fault.NotFound
				}
			}
			if err, ok := refusals[o.ExternalID]; ok {
				f.Fault = fault.CodeOf(err)
				if f.Fault == fault.Rejected {
					f.State = link.Parked
				}
			}
			failed = append(failed, f)
		}
	}
	return failed, skipped
}

// panicError is what is left of a panic that did not end the process.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v\n%s", e.value, e.stack) }

func panicked(err error) bool {
	_, ok := errors.AsType[*panicError](err)
	return ok
}

// guarded turns a panic of fn into an error: one record or system must not end the work for all (Promise 7).
func guarded(fn func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &panicError{value: r, stack: debug.Stack()}
		}
	}()
	return fn()
}

// deleted says whether the system itself tells that the record was deleted there.
func deleted(err error) bool {
	return fault.Is(err, fault.NotFound) && fault.Of(err).Reason == connector.Deleted
}

func readOne(ctx context.Context, conn connector.Connection, id string) ([]connector.Record, error) {
	record, err := conn.Read(ctx, id)
	if deleted(err) {
		return []connector.Record{{ExternalID: id, Deleted: true}}, nil
	}
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []connector.Record{record}, nil
}

// observations gives what was read of each record that was asked for, in that order. One that was asked for and did not come
// is a finding: it may have been deleted since it was listed, which the next complete look tells. One that nobody asked for,
// or that came twice, is left alone.
func observations(ids []string, records []connector.Record) []merge.Observation {
	came := make(map[string]connector.Record, len(records))
	for _, r := range records {
		if _, twice := came[r.ExternalID]; !twice {
			came[r.ExternalID] = r
		}
	}
	out := make([]merge.Observation, len(ids))
	for i, id := range ids {
		if r, ok := came[id]; ok {
			out[i] = ObservationOf(r)
			continue
		}
		out[i] = merge.Observation{ExternalID: id, Missing: true, Findings: []finding.Finding{{
			Code: finding.MissingRecord, Message: "The system lists this record and does not give its details.",
		}}}
	}
	return out
}
