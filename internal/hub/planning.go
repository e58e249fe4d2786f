package hub

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/link"
	"customerhub/internal/merge"
	"customerhub/internal/pg"
	"customerhub/internal/run"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// What a worker needs to make a plan and to execute it.

func placeKey(place int) string { return strconv.Itoa(place) }

func parsePlace(key string) (int, error) {
	n, err := strconv.ParseInt(key, 10, 32)
	if err != nil {
		return 0, fault.Because(fault.Invalid, "CURSOR_INVALID", "This is not a cursor of this list.").At("after")
	}
	return int(n), nil
}

// errForeseen takes back everything that was done to see what it would come to.
var errForeseen = errors.New("foreseen")

// Foresee is TakeIn that leaves everything as it is: Plan is asked as it would be, and what the hub did for that is taken back. Also is
// not called.
func (h *Hub) Foresee(ctx context.Context, t Taking) (counts run.Counts, err error) {
	err = pg.InOrganisation(ctx, h.pool, string(t.Organisation), pg.TxOptions{RetryConflicts: true, FreshPlans: true}, func(ctx context.Context, tx pgx.Tx) error {
		known, now, err := h.known(ctx, tx, t)
		if err != nil {
			return err
		}
		observed, _, err := mapCustomFields(ctx, tx, t.System, t.Observed, known)
		if err != nil {
			return err
		}
		if err := ruled(ctx, tx, known); err != nil {
			return err
		}
		counts = count(t.Plan(observed, known, now))
		return errForeseen
	})
	if errors.Is(err, errForeseen) {
		err = nil
	}
	return counts, err
}

// KeepSteps adds steps to the plan that the run makes, together with the run's progress. Stale means that the run is in other hands
// now, and nothing was written.
func (h *Hub) KeepSteps(ctx context.Context, c store.Claim, steps []run.Step, r run.Run, place int, lease time.Duration) error {
	err := h.in(ctx, c, func(ctx context.Context, tx pgx.Tx) error {
		if err := store.AddSteps(ctx, tx, c.Run, steps); err != nil {
			return err
		}
		return store.ProgressRun(ctx, tx, c, r, place, lease)
	})
	if err == nil {
		h.WakeRuns(c.Organisation)
	}
	return err
}

// BeginCertificate begins the certificate of a run that compares everything, unless it was begun before.
func (h *Hub) BeginCertificate(ctx context.Context, c store.Claim, p run.Plan) error {
	return h.in(ctx, c, func(ctx context.Context, tx pgx.Tx) error {
		if err := store.LockRun(ctx, tx, c); err != nil {
			return err
		}
		return store.InsertPlan(ctx, tx, p)
	})
}

// CompletePlan adds to the plan what the hub has and the system lacks, as its mode has it, and counts its steps. after is the place
// of the last record.
func (h *Hub) CompletePlan(ctx context.Context, c store.Claim, p *run.Plan, after int) error {
	return h.in(ctx, c, func(ctx context.Context, tx pgx.Tx) error {
		if err := store.LockRun(ctx, tx, c); err != nil {
			return err
		}
		records, err := store.CompleteSteps(ctx, tx, p, after, p.Mode != run.Import)
		p.Counts.Unchanged = max(0, after-records)
		return err
	})
}

// ListSteps makes the records of a plan's steps that are left the list of the run that executes it, and gives how many they are.
func (h *Hub) ListSteps(ctx context.Context, c store.Claim, p run.Plan) (total int, err error) {
	err = h.in(ctx, c, func(ctx context.Context, tx pgx.Tx) error {
		if err := store.LockRun(ctx, tx, c); err != nil {
			return err
		}
		if err := store.DropRunItems(ctx, tx, c); err != nil {
			return err
		}
		if err := store.ListStepsToDo(ctx, tx, c, p.ID); err != nil {
			return err
		}
		total, err = store.CompleteRunList(ctx, tx, c, p.ListedAt, p.Cursor)
		return err
	})
	return total, err
}

// StepsOf reads the steps of a plan that are at some places.
func (h *Hub) StepsOf(ctx context.Context, c store.Claim, plan run.ID, places []int) (out []run.Step, err error) {
	err = h.in(ctx, c, func(ctx context.Context, tx pgx.Tx) error {
		out, err = store.ListStepsAt(ctx, tx, plan, places)
		return err
	})
	return out, err
}

// ExportSteps executes the next steps that make records in the system, after a place, and gives them with what became of each; none
// means that there are no more. Each makes the customer's link due: the record is made by the same careful way as any other. A customer
// that may be one which has a record is left to a person, with a finding.
func (h *Hub) ExportSteps(ctx context.Context, c store.Claim, s system.System, plan run.ID, after, limit int, r run.Run, lease time.Duration) (steps []run.Step, err error) {
	err = h.in(ctx, c, func(ctx context.Context, tx pgx.Tx) error {
		if steps, err = store.ListExportsToDo(ctx, tx, plan, after, limit); err != nil || len(steps) == 0 {
			return err
		}
		ids := make([]customer.ID, len(steps))
		for i, step := range steps {
			ids[i] = step.CustomerID
		}
		locked, err := store.LockCustomers(ctx, tx, ids)
		if err != nil {
			return err
		}
		found, err := store.ListCustomersByID(ctx, tx, locked, store.Relations{})
		if err != nil {
			return err
		}
		links, _, err := store.ListLinksAndSystems(ctx, tx, locked)
		if err != nil {
			return err
		}
		now, err := store.Now(ctx, tx)
		if err != nil {
			return err
		}
		linked := make(map[customer.ID]bool)
		for _, l := range links {
			linked[l.CustomerID] = linked[l.CustomerID] || l.SystemID == s.ID
		}
		of := byID(found, func(c customer.Customer) customer.ID { return c.ID })
		var due []store.LinkedRecord
		var doubles []finding.Finding // and who has no number
		for i := range steps {
			step := &steps[i]
			if step.Why = unfit(*step, of, linked[step.CustomerID]); step.Why != "" {
				step.Result = run.Skipped
				continue
			}
			if step.Result = run.Executed; step.Action == run.StepDuplicate {
				doubles = append(doubles, finding.Finding{
					Code: finding.DuplicateProposed, CustomerID: step.CustomerID, Field: customer.FieldBusinessID, Message: step.Reason,
				})
				continue
			}
			if h.o.Kinds[s.Kind].NeedsNumber && of[step.CustomerID].Number == "" {
				doubles = append(doubles, numberless(step.CustomerID, s))
			}
			due = append(due, store.LinkedRecord{
				Link: merge.Queue(link.Link{
					ID: link.ID(store.NewID()), SystemID: s.ID, CustomerID: step.CustomerID, Primary: true, LastMessage: toBeCreated,
				}, link.Bulk, now),
				Base: link.Base{Ours: customer.Fields{}, Theirs: customer.Fields{}}, Run: c.Run,
			})
		}
		if err := store.SaveLinkedRecords(ctx, tx, due); err != nil {
			return err
		}
		proposed, err := store.ListProposed(ctx, tx, s.ID, locked)
		if err != nil {
			return err
		}
		doubles = slices.DeleteFunc(doubles, func(f finding.Finding) bool { return slices.Contains(proposed, f.CustomerID) })
		noted, err := store.RaiseFindings(ctx, tx, s.ID, doubles)
		if err := logFindings(ctx, tx, noted, byHub, err); err != nil {
			return err
		}
		if err := store.ResolveSteps(ctx, tx, plan, steps); err != nil {
			return err
		}
		r.Done += len(steps)
		r.Total += len(steps)
		return store.ProgressRun(ctx, tx, c, r, steps[len(steps)-1].Place, lease)
	})
	if err == nil {
		h.WakeRuns(c.Organisation)
	}
	return steps, err
}

// unfit says why a customer is not as it was when a plan was to make a record of it; empty when it is.
func unfit(step run.Step, of map[customer.ID]customer.Customer, linked bool) string {
	c, ok := of[step.CustomerID]
	switch {
	case !ok || c.Status != customer.Active:
		return "The customer is not in use any more."
	case linked:
		return "The customer has a record there by now, or is getting one."
	case c.Version != step.Version:
		return ChangedInHub
	}
	return ""
}

// Why steps are skipped.
const (
	ChangedInHub   = "The customer was changed in the hub after the plan was made."
	ChangedOutside = "The record was changed in the system after the plan was made."
	OtherCustomer  = "The record belongs to another customer by now."
)

// settlePlan says how the plan of a run stands after it: made or not, applied or to be applied once more.
func settlePlan(ctx context.Context, tx pgx.Tx, s *system.System, r run.Run, report SystemReport, now time.Time) error {
	switch r.Kind {
	case run.Poll, run.Check, run.FirstImport, run.Undoing, run.Credential, run.Submitting, run.Pausing:
		return nil
	case run.Planning, run.Applying, run.Sweep, run.Certifying:
	}
	p, err := store.LockPlanOfRun(ctx, tx, r.ID)
	if err != nil || p == nil {
		return err
	}
	done := r.State == run.Succeeded
	switch {
	case r.Kind == run.Applying:
		if err := settleApplied(ctx, tx, s, p, done, now); err != nil {
			return err
		}
	case done && report.Plan != nil:
		p.State = run.PlanReady
		if r.Kind == run.Sweep {
			p.State = run.PlanApplied // it healed what it found
		}
		p.Counts, p.ListedAt, p.Cursor = report.Plan.Counts, report.Plan.ListedAt, report.Plan.Cursor
	default:
		p.State = run.PlanOutdated
	}
	return store.UpdatePlan(ctx, tx, *p)
}

// settleApplied counts what became of the steps. A system that was planned is running once all were looked at; a run that failed leaves
// the plan to be applied once more.
func settleApplied(ctx context.Context, tx pgx.Tx, s *system.System, p *run.Plan, done bool, now time.Time) error {
	counts, err := store.CountSteps(ctx, tx, p.ID)
	if err != nil {
		return err
	}
	counts.Unchanged = p.Counts.Unchanged
	p.Counts, p.State = counts, run.PlanApproved
	if !done {
		return nil
	}
	p.State = run.PlanApplied
	other, err := store.FindRunningOfKind(ctx, tx, s.Kind, s.ID)
	if err == nil && s.State == system.Planned && other == "" {
		s.State, s.NextDueAt = system.Running, now
	}
	return err
}
