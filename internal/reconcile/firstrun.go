package reconcile

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/merge"
	"customerhub/internal/run"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// A first run is planned before it does anything (R97-R109, R189). Both halves are runs like any other: the plan reads everything and
// decides about each record as a pull would, but keeps what it decided as steps instead of doing it. Applying reads the records of
// the steps again, decides again, and commits where that comes to the same from the same: the record as it was, the customer as it
// was, the same action. Whatever else it finds is skipped with the reason. A step and what became of it are one transaction, so a run
// that was killed goes on where it was.

// planID is the plan that the run makes or executes; empty for other runs.
func (j *job) planID() run.ID {
	if j.work.Plan == nil {
		return ""
	}
	return j.work.Plan.ID
}

// foresee keeps what a batch would come to as steps of the plan, and leaves everything as it is.
func (j *job) foresee(ctx context.Context, policy Policy, b batch) error {
	var steps []run.Step
	var used error
	counts, err := j.worker.hub.Foresee(ctx, hub.Taking{
		Organisation: j.claim.Organisation, System: j.work.System.ID, SystemName: j.work.System.Name, Observed: b.observed, ReadAt: b.readAt,
		Plan: func(observed []merge.Observation, known map[string]merge.Known, now time.Time) []merge.Outcome {
			used = j.refuseUsed(observed, known)
			outcomes := planAll(observed, known, policy, now)
			steps = j.stepsFor(b, observed, outcomes, known, policy)
			return outcomes
		},
	})
	if used != nil {
		return used
	}
	if err != nil {
		return fmt.Errorf("planning a batch of %d records: %w", len(b.observed), err)
	}
	r := j.work.Run
	r.Counts = sum(r.Counts, counts)
	r.Done += len(b.observed)
	j.work.Run = r
	return j.worker.hub.KeepSteps(ctx, j.claim, steps, r, b.place(), j.worker.o.Lease)
}

// refuseUsed ends the planning of a first run that would make all customers in a system which has some in use already, unless somebody said that
// it may (R56; Flex contract section 6). What is linked is none of these: an earlier first run may have made it, and this one goes on from there.
func (j *job) refuseUsed(observed []merge.Observation, known map[string]merge.Known) error {
	p := j.work.Plan
	if p.Purpose != run.FirstRun || p.Mode != run.Export || p.IntoUsed || !j.worker.o.Kinds[j.work.System.Kind].ExportsIntoEmpty {
		return nil
	}
	for _, o := range observed {
		if o.Excluded == "" && o.Fields[customer.FieldStatus] == string(customer.Active) && known[o.ExternalID].Link.ID == "" {
			return fault.Because(fault.Ambiguous, "TARGET_NOT_EMPTY", "%s has customers in use already, such as %s. Plan with BOTH, which matches them with the hub's, "+
				"or say that customers are to be made beside them (intoUsed).", j.work.System.Name, o.Fields[customer.FieldNumber])
		}
	}
	return nil
}

// stepsFor gives the steps that outcomes come to. A certificate has a step, too, for whoever differs though nothing can be done about it
// now: what is parked, waits, or is on its way.
func (j *job) stepsFor(b batch, observed []merge.Observation, outcomes []merge.Outcome, known map[string]merge.Known, p Policy) (steps []run.Step) {
	for i := range outcomes {
		step, ok := stepFor(&outcomes[i], observed[i], b.observed[i], known[outcomes[i].ExternalID], p)
		if l := outcomes[i].Link; !ok && j.work.Plan.Purpose == run.Certificate && l.ID != "" && l.State != link.InSync && l.State != link.NotInScope {
			ok, step.Action, step.Where, step.Reason = true, run.StepUpdate, run.InSystem, fmt.Sprintf("It is %s. %s", l.State, l.LastMessage)
		}
		if ok {
			step.Place = b.placeOf(step.ExternalID)
			steps = append(steps, step)
		}
	}
	return steps
}

// placeOf is the place of a record in the run's list.
func (b *batch) placeOf(externalID string) int {
	return b.items[slices.IndexFunc(b.items, func(i store.RunItem) bool { return i.ExternalID == externalID })].Place
}

// stepFor says what an outcome does, as a step of a plan; ok is false where it does nothing. raw is the record as it was read, before
// its custom fields were the hub's own.
func stepFor(out *merge.Outcome, o, raw merge.Observation, k merge.Known, p Policy) (s run.Step, ok bool) {
	s = run.Step{
		Where: run.InHub, ExternalID: out.ExternalID, Number: o.Fields[customer.FieldNumber], BusinessID: o.Fields[customer.FieldBusinessID],
		Name: o.Fields[customer.FieldName], Record: merge.Fingerprint(raw.Fields),
	}
	of := func(c *customer.Customer) {
		s.CustomerID, s.Version = c.ID, c.Version
		for i := range k.Candidates {
			if k.Candidates[i].ID == c.ID {
				s.Version = k.Candidates[i].Version
			}
		}
		if k.Link.ID != "" {
			s.Version = k.Customer.Version
		}
	}
	problem := func(codes ...finding.Code) (finding.Finding, bool) {
		i := slices.IndexFunc(out.Findings, func(f finding.Finding) bool { return len(codes) == 0 || slices.Contains(codes, f.Code) })
		if i < 0 {
			return finding.Finding{}, false
		}
		return out.Findings[i], true
	}
	switch out.Action {
	case merge.Failed:
		s.Action, s.Reason = run.StepInvalid, "The record could not be read."
		if f, said := problem(); said {
			s.Reason = f.Message
		}
		return s, true
	case merge.Skip:
		if f, said := problem(finding.NumberCollision); said {
			s.Action, s.Reason = run.StepCollide, f.Message
			of(&out.Customer)
			return s, true
		}
		if o.Excluded == "" {
			return s, false // it is not for this direction
		}
		s.Action, s.Reason = run.StepInvalid, "This record is never kept in agreement: "+o.Excluded+"."
		return s, true
	case merge.Create:
		s.Action, s.Reason = run.StepCreate, "The hub has no customer with its number or business ID."
		if f, said := problem(finding.DuplicateProposed); said {
			s.Action, s.Reason = run.StepDuplicate, f.Message
			if m := merge.MatchRecord(o.Fields, k.Candidates); m.Customer != nil {
				of(m.Customer)
			}
		}
		return s, true
	case merge.Update, merge.Agree, merge.Unchanged:
	}
	s.Changes = changesOf(out, o, k, p)
	of(&out.Customer)
	if k.Link.ID == "" && out.Link.ID != "" {
		s.Action, s.Reason = run.StepLink, "They are one: "+strings.Join(merge.MatchRecord(o.Fields, k.Candidates).Reasons.For, ", ")+"."
		return s, true
	}
	if len(s.Changes) == 0 {
		return s, false
	}
	s.Action, s.Reason = run.StepUpdate, "They are linked, and differ."
	if !slices.ContainsFunc(s.Changes, func(c run.StepChange) bool { return c.Where == run.InHub }) {
		s.Where = run.InSystem
	}
	return s, true
}

// changesOf gives the values that an outcome sets: in the hub, and in the system by the calls that come of it.
func changesOf(out *merge.Outcome, o merge.Observation, k merge.Known, p Policy) (all []run.StepChange) {
	if out.Action == merge.Update {
		for _, f := range out.Fields {
			all = append(all, run.StepChange{Field: f.Field, Where: run.InHub, Before: f.Before, After: f.After})
		}
	}
	if out.Link.State != link.Due || out.Link.ExternalID == "" {
		return all
	}
	o.Fields = o.Told(out.Base.Theirs)
	theirs, copied := o.Fields, *out
	for _, m := range send(k, &copied, o, p) {
		for _, name := range m.Set.Sorted() {
			f, key := name, m.Key
			if m.Part != "" {
				if key == "" {
					key = m.PartID
				}
				f = customer.PartField(m.Part, key, string(name))
			}
			all = append(all, run.StepChange{Field: f, Where: run.InSystem, Before: theirs[f], After: m.Set[name]})
		}
		if m.Operation == link.Remove {
			all = append(all, run.StepChange{Field: customer.PartField(m.Part, m.Key, customer.Present), Where: run.InSystem, Before: "true"})
		}
	}
	return all
}

// completePlan adds what the system lacks and counts the steps; the end of the run makes the plan ready.
func (j *job) completePlan(ctx context.Context, at store.Checkpoint) error {
	p := *j.work.Plan
	if err := j.worker.hub.CompletePlan(ctx, j.claim, &p, j.work.Run.Total); err != nil {
		return err
	}
	p.ListedAt, p.Cursor = at.ListedAt, at.Cursor
	j.report.Plan = &p
	return nil
}

// beginCertificate begins the certificate of a run that compares everything.
func (j *job) beginCertificate(ctx context.Context) error {
	k, s := j.work.Run.Kind, j.work.System
	if k != run.Sweep && k != run.Certifying {
		return nil
	}
	mode := run.Import
	switch s.Policy.Of("").Direction {
	case system.Out:
		mode = run.Export
	case system.Both:
		mode = run.Merge
	case system.In, system.Off:
	}
	j.work.Plan = &run.Plan{ID: j.claim.Run, Purpose: run.Certificate, SystemID: s.ID, Mode: mode, MadeBy: j.work.Run.RequestedBy}
	return j.worker.hub.BeginCertificate(ctx, j.claim, *j.work.Plan)
}

// listSteps makes the records of the plan's steps the run's list.
func (j *job) listSteps(ctx context.Context) (store.Checkpoint, error) {
	r := &j.work.Run
	r.Counts, r.Done = run.Counts{}, 0
	var err error
	if r.Total, err = j.worker.hub.ListSteps(ctx, j.claim, *j.work.Plan); err != nil {
		return store.Checkpoint{}, err
	}
	r.Counts.Listed = r.Total
	at := store.Checkpoint{ListedAt: j.work.Plan.ListedAt, Cursor: j.work.Plan.Cursor}
	return at, j.worker.hub.ProgressWork(ctx, j.claim, *r, 0, j.worker.o.Lease)
}

// stepsOf reads the steps of a batch, in its order.
func (j *job) stepsOf(ctx context.Context, b batch) ([]run.Step, error) {
	places := make([]int, len(b.observed))
	for i, o := range b.observed {
		places[i] = b.placeOf(o.ExternalID)
	}
	found, err := j.worker.hub.StepsOf(ctx, j.claim, j.planID(), places)
	if err != nil {
		return nil, err
	}
	out := make([]run.Step, len(places))
	for i, place := range places {
		at := slices.IndexFunc(found, func(s run.Step) bool { return s.Place == place })
		if at < 0 {
			return nil, fmt.Errorf("the plan has no step at %d", place)
		}
		out[i] = found[at]
	}
	return out, nil
}

// execute compares what would be done now with what was planned, says of each step what becomes of it, and leaves the others alone.
func execute(steps []run.Step, b batch, observed []merge.Observation, outcomes []merge.Outcome, known map[string]merge.Known, p Policy) {
	for i := range steps {
		k := known[outcomes[i].ExternalID]
		now, does := stepFor(&outcomes[i], observed[i], b.observed[i], k, p)
		if steps[i].Why = otherThan(&steps[i], &now, does); steps[i].Why == "" {
			steps[i].Result = run.Executed
			continue
		}
		steps[i].Result = run.Skipped
		outcomes[i] = merge.Outcome{ExternalID: outcomes[i].ExternalID, Action: merge.Skip, Customer: k.Customer, Findings: observed[i].Findings}
	}
}

// otherThan says why what would be done now is not what was planned; empty when it is. A record that comes in beside its double is
// planned as such, and made like any other.
func otherThan(planned, now *run.Step, does bool) string {
	made := func(a run.StepAction) run.StepAction {
		if a == run.StepDuplicate {
			return run.StepCreate
		}
		return a
	}
	switch {
	case planned.Record != now.Record:
		return hub.ChangedOutside
	case !does:
		return "There is nothing to do any more."
	case planned.CustomerID != now.CustomerID && made(planned.Action) == made(now.Action):
		return hub.OtherCustomer
	case planned.Version != now.Version:
		return hub.ChangedInHub
	case made(planned.Action) != made(now.Action):
		return fmt.Sprintf("It would be %s now. %s", now.Action, now.Reason)
	}
	return ""
}

// asPlanned leaves out what was skipped: nothing is to be noted about those.
func asPlanned(outcomes []merge.Outcome, steps []run.Step) []merge.Outcome {
	if steps == nil {
		return outcomes
	}
	out := make([]merge.Outcome, 0, len(outcomes))
	for i := range outcomes {
		if steps[i].Result == run.Executed {
			out = append(out, outcomes[i])
		}
	}
	return out
}

// exportChunk is how many customers are queued for a record in one transaction.
const exportChunk = 500

// export executes the steps that make records in the system, behind those of the records.
func (j *job) export(ctx context.Context, place int) error {
	for {
		steps, err := j.worker.hub.ExportSteps(ctx, j.claim, j.work.System, j.planID(), place, exportChunk, j.work.Run, j.worker.o.Lease)
		if err != nil || len(steps) == 0 {
			return err
		}
		j.work.Run.Done += len(steps)
		j.work.Run.Total += len(steps)
		place = steps[len(steps)-1].Place
	}
}
