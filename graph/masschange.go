package graph

import (
	"context"
	"slices"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/finding"
	"customerhub/internal/link"
	"customerhub/internal/run"
)

// MassChange resolves Finding.massChange.
func (r findings) MassChange(ctx context.Context, f *model.Finding) (*model.MassChange, error) {
	if !slices.Contains(finding.Ruled, finding.Code(f.Code)) {
		return nil, nil
	}
	id, err := parseAs[finding.ID](nounFinding, f.ID)
	if err != nil {
		return nil, err
	}
	s, ok, err := found(load(ctx).stops.Load(ctx, id))
	if err != nil || !ok {
		return nil, err
	}
	return toMassChange(s.Stop), nil
}

func toMassChange(s link.Stop) *model.MassChange {
	out := &model.MassChange{
		Way: model.MassChangeWay(s.Class.Way()), Effect: model.MassChangeEffect(s.Class.Effect()), Counted: s.Counted, Records: s.Records, Most: s.Most,
		Since: s.Since, StoppedAt: s.StoppedAt, Parked: s.Parked, RuledBy: text(s.By), RuledAt: moment(s.RuledAt), Note: text(s.Note), RunID: run.ID(s.Run),
	}
	if s.Ruling != "" {
		ruling := model.MassChangeRuling(s.Ruling)
		out.Ruling = &ruling
	}
	return out
}

// Run resolves MassChange.run.
func (r massChanges) Run(ctx context.Context, m *model.MassChange) (*model.Run, error) {
	if m.RunID == "" {
		return nil, nil
	}
	met, ok, err := found(load(ctx).runs.Load(ctx, m.RunID))
	if err != nil || !ok {
		return nil, err
	}
	return toRun(met, r.now()), nil
}

// ApproveMassChange resolves Mutation.approveMassChange.
func (r mutations) ApproveMassChange(ctx context.Context, in model.ApproveMassChangeInput) (*model.ApproveMassChangePayload, error) {
	ruled, failures, err := r.ruleMassChange(ctx, in.ID, link.Approved, value(given(in.Note)), idempotencyKey(in.IdempotencyKey))
	return &model.ApproveMassChangePayload{Finding: ruled, UserErrors: failures}, err
}

// RejectMassChange resolves Mutation.rejectMassChange.
func (r mutations) RejectMassChange(ctx context.Context, in model.RejectMassChangeInput) (*model.RejectMassChangePayload, error) {
	ruled, failures, err := r.ruleMassChange(ctx, in.ID, link.Rejected, value(given(in.Note)), idempotencyKey(in.IdempotencyKey))
	return &model.RejectMassChangePayload{Finding: ruled, UserErrors: failures}, err
}

func (r mutations) ruleMassChange(ctx context.Context, id string, ruling link.Ruling, note, key string) (*model.Finding, []*model.UserError, error) {
	var ruled finding.Finding
	about, err := parseAs[finding.ID](nounFinding, id)
	if err = at(err, "id"); err == nil {
		ruled, err = r.hub.RuleMassChange(ctx, auth.ViewerFrom(ctx), about, ruling, note, key)
	}
	failures, err := userErrors(err, "input")
	if ruled.ID == "" {
		return nil, failures, err
	}
	return toFinding(auth.ViewerFrom(ctx), ruled), failures, err
}
