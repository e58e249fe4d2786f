package hub

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/change"
	"customerhub/internal/fault"
	"customerhub/internal/pg"
	"customerhub/internal/run"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// PlanSystem says what a first run is for.
type PlanSystem struct {
	Mode run.Mode
	// IntoUsed lets EXPORT make customers in a system that has some in use already, where that is not meant to be.
	IntoUsed bool
}

// PlanSystem queues a run that reads everything and says what a first run in the mode would do, and does nothing (R97-R109, R189). An
// older plan of the system that was not applied is outdated by it. Needs systems:manage. Reasons: MODE_UNKNOWN, SYSTEM_NOT_CHECKED,
// SYSTEM_NOT_WRITABLE, RUN_IN_PROGRESS with the run.
func (h *Hub) PlanSystem(ctx context.Context, v auth.Viewer, id system.ID, in PlanSystem, key string) (run.Plan, run.Run, error) {
	if err := v.Require(auth.SystemsManage); err != nil {
		return run.Plan{}, run.Run{}, err
	}
	if err := validID(id, "system"); err != nil {
		return run.Plan{}, run.Run{}, fault.Of(err).At("system")
	}
	direction, ok := in.Mode.Direction()
	if !ok {
		return run.Plan{}, run.Run{}, fault.Because(fault.Invalid, "MODE_UNKNOWN", "Say what the first run is for: IMPORT, EXPORT or BOTH.").At("mode")
	}
	body := []any{id, in}
	done, err := h.do(ctx, v, command{auth.SystemsManage, "planSystem", key, body, []Topic{TopicRuns}}, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		s, err := store.LockSystem(ctx, tx, id)
		if fault.Is(err, fault.NotFound) {
			return nil, fault.New(fault.NotFound, "There is no system with this id.").At("system")
		}
		if err != nil {
			return nil, err
		}
		if !plannable(s.State) {
			return nil, fault.Because(fault.Invalid, "SYSTEM_NOT_CHECKED", "The system is %s. Check it first.", s.State).At("system")
		}
		if direction != system.In && h.o.Kinds[s.Kind].Writes == nil {
			return nil, fault.Because(fault.Invalid, "SYSTEM_NOT_WRITABLE", "The hub does not write to systems of the kind %s.", s.Kind).At("mode")
		}
		r, err := queueRun(ctx, tx, id, run.Planning, v.Actor)
		if err != nil {
			return nil, fault.Of(err).At("system")
		}
		return answer{"run": string(r.ID)}, store.InsertPlan(ctx, tx, run.Plan{ID: r.ID, Purpose: run.FirstRun, SystemID: id, Mode: in.Mode, IntoUsed: in.IntoUsed, MadeBy: v.Actor})
	})
	if err != nil {
		return run.Plan{}, run.Run{}, err
	}
	return h.planNow(ctx, v, run.ID(done["run"]))
}

// plannable says whether a system in the state may be called, which a plan needs.
func plannable(s system.State) bool {
	return s == system.Checked || s == system.Planned || s == system.Running || s == system.Paused
}

// ApprovePlan says that a plan may be applied; who and when stand in it. A system that was CHECKED is PLANNED then. Needs
// systems:manage. Reasons: PLAN_NOT_READY, FIELD_TOO_LONG, CHARACTERS_INVALID, PERSONAL_IDENTITY_CODE_NOT_ALLOWED.
func (h *Hub) ApprovePlan(ctx context.Context, v auth.Viewer, id run.ID, note, key string) (run.Plan, error) {
	if err := v.Require(auth.SystemsManage); err != nil {
		return run.Plan{}, err
	}
	note = strings.TrimSpace(note)
	if err := checkNote(note); err != nil {
		return run.Plan{}, err.At("note")
	}
	body := []string{string(id), note}
	err := h.inPlan(ctx, v, command{auth.SystemsManage, "approvePlan", key, body, systemWake}, id, func(ctx context.Context, tx pgx.Tx, p *run.Plan, s *system.System) error {
		if p.State != run.PlanReady {
			return fault.Because(fault.Invalid, "PLAN_NOT_READY", "The plan is %s, so it cannot be approved.", p.State).At("id")
		}
		now, err := store.Now(ctx, tx)
		if err != nil {
			return err
		}
		p.State, p.ApprovedBy, p.ApprovedAt, p.Note = run.PlanApproved, v.Actor.Name, now, note
		if s.State == system.Checked {
			s.State = system.Planned
			return store.UpdateSystem(ctx, tx, *s)
		}
		return nil
	})
	if err != nil {
		return run.Plan{}, err
	}
	p, _, err := h.planNow(ctx, v, id)
	return p, err
}

// ApplyPlan queues a run that executes an approved plan, step by step, and skips what is not as it was when the plan was made. Values
// flow in the plan's mode from then on, and a system that was not running is then. Needs systems:manage. Reasons: PLAN_NOT_APPROVED,
// WRITING_NOT_PLANNED, ANOTHER_SYSTEM_RUNNING, RUN_IN_PROGRESS with the run.
func (h *Hub) ApplyPlan(ctx context.Context, v auth.Viewer, id run.ID, key string) (run.Plan, run.Run, error) {
	if err := v.Require(auth.SystemsManage); err != nil {
		return run.Plan{}, run.Run{}, err
	}
	c := command{auth.SystemsManage, "applyPlan", key, string(id), append([]Topic{TopicRuns}, systemWake...)}
	err := h.inPlan(ctx, v, c, id, func(ctx context.Context, tx pgx.Tx, p *run.Plan, s *system.System) error {
		if p.State != run.PlanApproved {
			sentence := "Make another one."
			switch p.State {
			case run.PlanReady:
				sentence = "Somebody has to approve it first."
			case run.PlanMaking, run.PlanApplying:
				sentence = "Wait until its run has ended."
			}
			return fault.Because(fault.Invalid, "PLAN_NOT_APPROVED", "The plan is %s, so it cannot be applied. %s", p.State, sentence).At("id")
		}
		if !plannable(s.State) {
			return fault.Because(fault.Invalid, "SYSTEM_NOT_CHECKED", "The system is %s. Check it first.", s.State).At("id")
		}
		if busy, err := store.FindRunningOfKind(ctx, tx, s.Kind, s.ID); err != nil || busy != "" {
			return firstError(err, fault.Because(fault.Invalid, "ANOTHER_SYSTEM_RUNNING", "Another system of this kind is running in this organisation.").At("id"))
		}
		next := s.Policy
		switch next.Direction, _ = p.Mode.Direction(); {
		case h.o.Kinds[s.Kind].Flow.Direction == system.Both:
			next.Direction = system.Both // whichever way the first run goes (R58)
		case p.Mode == run.Import && next.WritesOut(): // by what was decided for single groups
			if err := h.plannedToWrite(ctx, tx, *s); err != nil {
				return fault.Of(err).At("id")
			}
		}
		r, err := queueRun(ctx, tx, s.ID, run.Applying, v.Actor)
		if err != nil {
			return err
		}
		p.State, p.Applying, s.Policy = run.PlanApplying, r.ID, next
		if err := h.alignPolls(ctx, tx, *s); err != nil {
			return err
		}
		return store.SetSystemPolicy(ctx, tx, s.ID, s.Policy)
	})
	if err != nil {
		return run.Plan{}, run.Run{}, err
	}
	p, _, err := h.planNow(ctx, v, id)
	if err != nil {
		return run.Plan{}, run.Run{}, err
	}
	r, err := h.runNow(ctx, v, p.Applying)
	return p, r, err
}

// inPlan carries out a command on a plan and its system, under their locks, and logs that the system was changed.
func (h *Hub) inPlan(ctx context.Context, v auth.Viewer, c command, id run.ID, fn func(context.Context, pgx.Tx, *run.Plan, *system.System) error) error {
	if err := validID(id, "plan"); err != nil {
		return fault.Of(err).At("id")
	}
	_, err := h.do(ctx, v, c, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		found, err := store.ListPlansByID(ctx, tx, []run.ID{id})
		if err != nil || len(found) == 0 {
			return nil, firstError(err, fault.New(fault.NotFound, "There is no plan with this id.").At("id"))
		}
		s, err := store.LockSystem(ctx, tx, found[0].SystemID)
		if err != nil {
			return nil, err
		}
		p, err := store.LockPlan(ctx, tx, id)
		if err != nil || p == nil || p.Purpose != run.FirstRun {
			return nil, firstError(err, fault.New(fault.NotFound, "There is no plan with this id.").At("id"))
		}
		if err := fn(ctx, tx, p, &s); err != nil {
			return nil, err
		}
		if err := store.UpdatePlan(ctx, tx, *p); err != nil {
			return nil, err
		}
		return answer{"plan": string(id)}, store.AppendChanges(ctx, tx, []change.Change{{
			Kind: change.SystemUpdated, Actor: v.Actor, Origin: change.Source{SystemID: string(s.ID)},
		}})
	})
	return err
}

func (h *Hub) planNow(ctx context.Context, v auth.Viewer, id run.ID) (p run.Plan, r run.Run, err error) {
	err = pg.ReadInOrganisation(ctx, h.pool, string(v.Organisation.ID), func(ctx context.Context, tx pgx.Tx) error {
		plans, err := store.ListPlansByID(ctx, tx, []run.ID{id})
		if err != nil || len(plans) == 0 {
			return firstError(err, fault.New(fault.NotFound, "There is no plan with this id.").At("id"))
		}
		p = plans[0]
		runs, err := store.ListRunsByID(ctx, tx, []run.ID{id})
		if err == nil && len(runs) > 0 {
			r = runs[0]
		}
		return err
	})
	return p, r, err
}

// CertifySystem queues a run that compares everything in full, lists what differs, and changes nothing. A full sync does the same and
// heals, as the nightly one does. Needs systems:manage. Reasons: SYSTEM_NOT_RUNNING, RUN_IN_PROGRESS with the run.
func (h *Hub) CertifySystem(ctx context.Context, v auth.Viewer, id system.ID, key string) (run.Run, error) {
	return h.queue(ctx, v, id, "certifySystem", key, func(s *system.System) (run.Kind, error) {
		if s.State != system.Running && s.State != system.Paused {
			return "", fault.Because(fault.Invalid, "SYSTEM_NOT_RUNNING", "The system is %s. Start it first.", s.State).At("id")
		}
		return run.Certifying, nil
	})
}

// maxPlans is how many plans of a system are listed.
const maxPlans = 50

// Plans gives the newest plans of a system for a purpose. Needs systems:read.
func (h *Hub) Plans(ctx context.Context, v auth.Viewer, id system.ID, purpose run.Purpose) (out []run.Plan, err error) {
	if validID(id, "system") != nil {
		return nil, nil
	}
	err = h.read(ctx, v, auth.SystemsRead, func(ctx context.Context, tx pgx.Tx) error {
		out, err = store.ListPlansOfSystem(ctx, tx, id, purpose, maxPlans)
		return err
	})
	return out, err
}

// PlansByID reads plans; ids that do not exist are left out. Needs systems:read.
func (h *Hub) PlansByID(ctx context.Context, v auth.Viewer, ids []run.ID) (out map[run.ID]run.Plan, err error) {
	err = h.read(ctx, v, auth.SystemsRead, func(ctx context.Context, tx pgx.Tx) error {
		found, err := store.ListPlansByID(ctx, tx, validIDs(ids))
		out = byID(found, func(p run.Plan) run.ID { return p.ID })
		return err
	})
	return out, err
}

// StepFilter restricts the steps of a plan; an empty member restricts nothing.
type StepFilter struct {
	Action run.StepAction
	Result run.StepResult
}

// StepPage is a part of a plan's steps.
type StepPage struct {
	Steps   []run.Step
	Cursors []string
	HasMore bool
	Total   int // when it was asked for
}

const stepOrder = "place"

// PlanSteps reads steps of a plan in the order in which they are executed, and counts those that fit when total is asked for. Needs systems:read.
func (h *Hub) PlanSteps(ctx context.Context, v auth.Viewer, id run.ID, f StepFilter, first *int, after string, total bool) (StepPage, error) {
	w, err := Page{First: first, After: after}.window()
	if err != nil {
		return StepPage{}, err
	}
	place, err := parsePosition(after, stepOrder, "after")
	if err != nil {
		return StepPage{}, err
	}
	q := store.StepList{Plan: id, Action: f.Action, Result: f.Result, Limit: w.limit + 1}
	if place != nil {
		if q.After, err = parsePlace(place.Key); err != nil {
			return StepPage{}, err
		}
	}
	var out StepPage
	err = h.read(ctx, v, auth.SystemsRead, func(ctx context.Context, tx pgx.Tx) error {
		if out.Steps, err = store.ListSteps(ctx, tx, q); err == nil && total {
			out.Total, err = store.CountListedSteps(ctx, tx, q)
		}
		return err
	})
	if out.HasMore = len(out.Steps) > w.limit; out.HasMore {
		out.Steps = out.Steps[:w.limit]
	}
	for _, s := range out.Steps {
		out.Cursors = append(out.Cursors, position{stepOrder, placeKey(s.Place), string(id)}.cursor())
	}
	return out, err
}
