package graph

import (
	"context"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/hub"
	"customerhub/internal/run"
)

func toPlan(p run.Plan) *model.Plan {
	return &model.Plan{
		ID: globalID(nounPlan, p.ID), Mode: model.PlanMode(p.Mode), State: model.PlanState(p.State),
		Counts: toPlanCounts(p.Counts),
		MadeBy: toActor(p.MadeBy), MadeAt: p.MadeAt, ApprovedBy: text(p.ApprovedBy), ApprovedAt: moment(p.ApprovedAt), Note: text(p.Note),
		SystemID: p.SystemID, RunID: p.ID, ApplyRunID: p.Applying,
	}
}

func toPlanCounts(c run.PlanCounts) *model.PlanCounts {
	return &model.PlanCounts{
		Link: c.Link, Create: c.Create, Update: c.Update, Collide: c.Collide, Duplicate: c.Duplicate, Invalid: c.Invalid, Missing: c.Missing,
		Unchanged: c.Unchanged, Executed: c.Executed, Skipped: c.Skipped,
	}
}

// toStep translates a step, as far as the viewer may see it.
func toStep(v auth.Viewer, s run.Step) *model.PlanStep {
	out := &model.PlanStep{
		Action: model.PlanAction(s.Action), Side: model.PlanSide(s.Where), ExternalID: text(s.ExternalID), Reason: s.Reason, SkippedBecause: text(s.Why),
		CustomerID: s.CustomerID, Changes: []*model.PlanChange{},
	}
	if s.Result != "" {
		result := model.PlanResult(s.Result)
		out.Result = &result
	}
	if !v.Can(auth.CustomersRead) {
		return out
	}
	out.Number, out.BusinessID, out.Name = text(s.Number), text(s.BusinessID), text(s.Name)
	for _, c := range s.Changes {
		change := &model.PlanChange{Field: fieldName(c.Field), Side: model.PlanSide(c.Where)}
		if is, _ := personal(string(c.Field)); !is || !masksPeople(v) {
			change.Before, change.After = fieldValue(c.Field, c.Before), fieldValue(c.Field, c.After)
		}
		out.Changes = append(out.Changes, change)
	}
	return out
}

// Plans resolves Query.plans.
func (r queries) Plans(ctx context.Context, system string) ([]*model.Plan, error) {
	id, err := parseSystemID(system)
	if err != nil {
		return nil, at(err, "system")
	}
	found, err := r.hub.Plans(ctx, auth.ViewerFrom(ctx), id, run.FirstRun)
	if err != nil {
		return nil, err
	}
	return list(each(found, toPlan)), nil
}

// loadPlan reads a plan; nil when there is none.
func loadPlan(ctx context.Context, id run.ID) (*model.Plan, error) {
	p, ok, err := found(load(ctx).plans.Load(ctx, id))
	if err != nil || !ok || p.Purpose != run.FirstRun {
		return nil, err
	}
	return toPlan(p), nil
}

// System resolves Plan.system.
func (r plans) System(ctx context.Context, p *model.Plan) (*model.System, error) {
	return loadSystem(ctx, p.SystemID)
}

// Run resolves Plan.run.
func (r plans) Run(ctx context.Context, p *model.Plan) (*model.Run, error) {
	return loadRun(ctx, p.RunID)
}

// ApplyRun resolves Plan.applyRun.
func (r plans) ApplyRun(ctx context.Context, p *model.Plan) (*model.Run, error) {
	if p.ApplyRunID == "" {
		return nil, nil
	}
	return loadRun(ctx, p.ApplyRunID)
}

// Steps resolves Plan.steps.
func (r plans) Steps(ctx context.Context, p *model.Plan, action *model.PlanAction, result *model.PlanResult, first *int, after *string) (*model.PlanStepConnection, error) {
	return r.pageOfSteps(ctx, p.RunID, hub.StepFilter{Action: run.StepAction(value(action)), Result: run.StepResult(value(result))}, first, after)
}

func (a *API) pageOfSteps(ctx context.Context, id run.ID, f hub.StepFilter, first *int, after *string) (*model.PlanStepConnection, error) {
	v := auth.ViewerFrom(ctx)
	total := asksFor(selected(ctx, "PlanStepConnection"), "totalCount")
	page, err := a.hub.PlanSteps(ctx, v, id, f, first, value(after), total)
	if err != nil {
		return nil, err
	}
	out := &model.PlanStepConnection{
		Edges: []*model.PlanStepEdge{}, Nodes: []*model.PlanStep{}, PageInfo: &model.PageInfo{HasNextPage: page.HasMore, HasPreviousPage: value(after) != ""},
		TotalCount: page.Total,
	}
	for i, s := range page.Steps {
		n := toStep(v, s)
		out.Nodes = append(out.Nodes, n)
		out.Edges = append(out.Edges, &model.PlanStepEdge{Node: n, Cursor: page.Cursors[i]})
	}
	if n := len(page.Cursors); n > 0 {
		out.PageInfo.StartCursor, out.PageInfo.EndCursor = &page.Cursors[0], &page.Cursors[n-1]
	}
	return out, nil
}

// Customer resolves PlanStep.customer.
func (r steps) Customer(ctx context.Context, s *model.PlanStep) (*model.Customer, error) {
	if s.CustomerID == "" || !auth.ViewerFrom(ctx).Can(auth.CustomersRead) {
		return nil, nil
	}
	return loadCustomer(ctx, s.CustomerID, customerRelations(ctx))
}

// PlanSystem resolves Mutation.planSystem.
func (r mutations) PlanSystem(ctx context.Context, in model.PlanSystemInput) (*model.PlanSystemPayload, error) {
	id, err := parseSystemID(in.System)
	err = at(err, "system")
	var p run.Plan
	if err == nil {
		p, _, err = r.hub.PlanSystem(ctx, auth.ViewerFrom(ctx), id, hub.PlanSystem{Mode: run.Mode(in.Mode), IntoUsed: value(given(in.IntoUsed))}, value(given(in.IdempotencyKey)))
	}
	failures, err := userErrors(err, "input")
	return &model.PlanSystemPayload{Plan: planOrNil(p), UserErrors: failures}, err
}

// ApprovePlan resolves Mutation.approvePlan.
func (r mutations) ApprovePlan(ctx context.Context, in model.ApprovePlanInput) (*model.ApprovePlanPayload, error) {
	id, err := parseAs[run.ID](nounPlan, in.ID)
	err = at(err, "id")
	var p run.Plan
	if err == nil {
		p, err = r.hub.ApprovePlan(ctx, auth.ViewerFrom(ctx), id, value(given(in.Note)), value(given(in.IdempotencyKey)))
	}
	failures, err := userErrors(err, "input")
	return &model.ApprovePlanPayload{Plan: planOrNil(p), UserErrors: failures}, err
}

// ApplyPlan resolves Mutation.applyPlan.
func (r mutations) ApplyPlan(ctx context.Context, in model.ApplyPlanInput) (*model.ApplyPlanPayload, error) {
	id, err := parseAs[run.ID](nounPlan, in.ID)
	err = at(err, "id")
	var p run.Plan
	if err == nil {
		p, _, err = r.hub.ApplyPlan(ctx, auth.ViewerFrom(ctx), id, value(given(in.IdempotencyKey)))
	}
	failures, err := userErrors(err, "input")
	return &model.ApplyPlanPayload{Plan: planOrNil(p), UserErrors: failures}, err
}

func planOrNil(p run.Plan) *model.Plan {
	if p.ID == "" {
		return nil
	}
	return toPlan(p)
}
