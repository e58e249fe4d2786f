package graph

import (
	"context"

	"customerhub/graph/model"
	"customerhub/internal/advice"
	"customerhub/internal/auth"
	"customerhub/internal/hub"
	"customerhub/internal/system"
)

// SetSystemErrorReport resolves Mutation.setSystemErrorReport.
func (r mutations) SetSystemErrorReport(ctx context.Context, in model.SetSystemErrorReportInput) (*model.SetSystemErrorReportPayload, error) {
	var s system.System
	id, err := parseSystemID(in.ID)
	err = at(err, "id")
	if err == nil {
		language := advice.Language(valueOr(given(in.Language), model.LanguageEn))
		s, err = r.hub.SetSystemErrorReport(ctx, auth.ViewerFrom(ctx), id, value(given(in.Email)), language, idempotencyKey(in.IdempotencyKey))
	}
	failures, err := userErrors(err, "input")
	return &model.SetSystemErrorReportPayload{System: changedSystem(ctx, s), UserErrors: failures}, err
}

// ErrorReport resolves System.errorReport.
func (r systems) ErrorReport(ctx context.Context, s *model.System) (*model.ErrorReport, error) {
	if !auth.ViewerFrom(ctx).Can(auth.SystemsRead) {
		return nil, nil
	}
	e, ok, err := found(load(ctx).reports.Load(ctx, s.SystemID))
	if err != nil || !ok {
		return nil, err
	}
	return toErrorReport(e), nil
}

func toErrorReport(e hub.ErrorReport) *model.ErrorReport {
	out := &model.ErrorReport{
		Email: e.Email, Language: model.Language(e.Language), State: model.ErrorReportState(e.State), Waiting: e.Waiting,
		LastSentAt: moment(e.SentAt), NextAt: moment(e.NextAt),
	}
	if e.Fault != nil {
		out.Fault = toFault(e.Fault.Code, e.Fault.Message, e.Fault.Since)
	}
	return out
}
