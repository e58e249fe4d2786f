package graph

import (
	"context"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/hub"
	"customerhub/internal/run"
	"customerhub/internal/system"
)

// SetSystemSettings resolves Mutation.setSystemSettings.
func (r mutations) SetSystemSettings(ctx context.Context, in model.SetSystemSettingsInput) (*model.SetSystemSettingsPayload, error) {
	var s system.System
	id, err := parseSystemID(in.ID)
	err = at(err, "id")
	if err == nil {
		var values map[string]string
		if values, err = settings(in.Settings, "settings"); err == nil {
			s, err = r.hub.SetSystemSettings(ctx, auth.ViewerFrom(ctx), id, values, idempotencyKey(in.IdempotencyKey))
		}
	}
	failures, err := userErrors(err, "input")
	return &model.SetSystemSettingsPayload{System: changedSystem(ctx, s), UserErrors: failures}, err
}

// RequestSystemCredential resolves Mutation.requestSystemCredential.
func (r mutations) RequestSystemCredential(ctx context.Context, in model.RequestSystemCredentialInput) (*model.RequestSystemCredentialPayload, error) {
	var queued run.Run
	id, err := parseSystemID(in.ID)
	err = at(err, "id")
	if err == nil {
		queued, err = r.hub.RequestCredential(ctx, auth.ViewerFrom(ctx), id, idempotencyKey(in.IdempotencyKey))
	}
	failures, err := userErrors(err, "input")
	return &model.RequestSystemCredentialPayload{Run: queuedRun(queued, r.now()), UserErrors: failures}, err
}

// SubmitSystem resolves Mutation.submitSystem.
func (r mutations) SubmitSystem(ctx context.Context, in model.SubmitSystemInput) (*model.SubmitSystemPayload, error) {
	var queued run.Run
	id, err := parseSystemID(in.ID)
	err = at(err, "id")
	if err == nil {
		queued, err = r.hub.SubmitSystem(ctx, auth.ViewerFrom(ctx), id, idempotencyKey(in.IdempotencyKey))
	}
	failures, err := userErrors(err, "input")
	return &model.SubmitSystemPayload{Run: queuedRun(queued, r.now()), UserErrors: failures}, err
}

// DeleteKycCandidate resolves Mutation.deleteKycCandidate.
func (r mutations) DeleteKycCandidate(ctx context.Context, in model.DeleteKycCandidateInput) (*model.DeleteKycCandidatePayload, error) {
	var l hub.LinkView
	id, err := parseCustomerID(in.Customer)
	err = at(err, "customer")
	if err == nil {
		l, err = r.hub.DeleteCandidate(ctx, auth.ViewerFrom(ctx), id, in.Reason, idempotencyKey(in.IdempotencyKey))
	}
	failures, err := userErrors(err, "input")
	return &model.DeleteKycCandidatePayload{Link: changedLink(ctx, l), UserErrors: failures}, err
}

// ResendKycCandidate resolves Mutation.resendKycCandidate.
func (r mutations) ResendKycCandidate(ctx context.Context, in model.ResendKycCandidateInput) (*model.ResendKycCandidatePayload, error) {
	var l hub.LinkView
	id, err := parseCustomerID(in.Customer)
	err = at(err, "customer")
	if err == nil {
		l, err = r.hub.ResendCandidate(ctx, auth.ViewerFrom(ctx), id, idempotencyKey(in.IdempotencyKey))
	}
	failures, err := userErrors(err, "input")
	return &model.ResendKycCandidatePayload{Link: changedLink(ctx, l), UserErrors: failures}, err
}

// changedLink is the link that a command gives back; nil when it failed, and for who may not see links.
func changedLink(ctx context.Context, l hub.LinkView) *model.Link {
	v := auth.ViewerFrom(ctx)
	if l.ID == "" || !v.Can(auth.CustomersRead) {
		return nil
	}
	return toLink(v, l, nil)
}
