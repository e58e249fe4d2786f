package graph

import (
	"context"

	"customerhub/graph/model"
	"customerhub/internal/advice"
	"customerhub/internal/auth"
	"customerhub/internal/hub"
	"customerhub/internal/onboarding"
)

// Onboarding resolves Query.onboarding.
func (r queries) Onboarding(ctx context.Context, language model.Language) (*model.Onboarding, error) {
	view, err := r.hub.Onboarding(ctx, auth.ViewerFrom(ctx))
	if err != nil {
		return nil, err
	}
	return toOnboarding(view, advice.Language(language)), nil
}

func toOnboarding(view hub.OnboardingView, l advice.Language) *model.Onboarding {
	out := &model.Onboarding{
		Complete: onboarding.Complete(view.Steps), Steps: list(each(view.Steps, func(s onboarding.Step) *model.OnboardingStep { return toOnboardingStep(&s, l) })),
		ChosenBy: text(view.Choice.By), ChosenAt: moment(view.Choice.At),
	}
	if view.Choice.Profile != "" {
		out.Profile = new(model.OnboardingProfile(view.Choice.Profile))
	}
	if next := onboarding.Next(view.Steps); next != nil {
		out.Next = toOnboardingStep(next, l)
	}
	return out
}

func toOnboardingStep(s *onboarding.Step, l advice.Language) *model.OnboardingStep {
	out := &model.OnboardingStep{
		Key: model.OnboardingStepKey(s.Key), State: model.OnboardingState(s.State), Title: s.Title.In(l), Required: s.Required,
		Missing: text(s.Lacks.In(l)), Fix: toFix(s.Fix, l),
		After: list(each(s.After, func(k onboarding.Key) model.OnboardingStepKey { return model.OnboardingStepKey(k) })),
	}
	if a := s.Acknowledgement; a != nil {
		out.Acknowledgement = &model.OnboardingAcknowledgement{By: a.By, Reason: a.Reason, At: a.At}
	}
	return out
}

// onboarded gives the answer of a mutation about the onboarding.
func onboarded(view hub.OnboardingView, l model.Language, err error) (*model.Onboarding, []*model.UserError, error) {
	failures, err := userErrors(err, "input")
	if err != nil || len(failures) > 0 {
		return nil, failures, err
	}
	return toOnboarding(view, advice.Language(l)), failures, nil
}

// SetOnboardingProfile resolves Mutation.setOnboardingProfile.
func (r mutations) SetOnboardingProfile(ctx context.Context, in model.SetOnboardingProfileInput) (*model.SetOnboardingProfilePayload, error) {
	view, err := r.hub.SetOnboardingProfile(ctx, auth.ViewerFrom(ctx), onboarding.Profile(in.Profile), idempotencyKey(in.IdempotencyKey))
	now, failures, err := onboarded(view, in.Language, err)
	return &model.SetOnboardingProfilePayload{Onboarding: now, UserErrors: failures}, err
}

// AcknowledgeOnboardingStep resolves Mutation.acknowledgeOnboardingStep.
func (r mutations) AcknowledgeOnboardingStep(ctx context.Context, in model.AcknowledgeOnboardingStepInput) (*model.AcknowledgeOnboardingStepPayload, error) {
	view, err := r.hub.AcknowledgeStep(ctx, auth.ViewerFrom(ctx), onboarding.Key(in.Step), in.Reason, idempotencyKey(in.IdempotencyKey))
	now, failures, err := onboarded(view, in.Language, err)
	return &model.AcknowledgeOnboardingStepPayload{Onboarding: now, UserErrors: failures}, err
}

// WithdrawOnboardingAcknowledgement resolves Mutation.withdrawOnboardingAcknowledgement.
func (r mutations) WithdrawOnboardingAcknowledgement(ctx context.Context, in model.WithdrawOnboardingAcknowledgementInput) (*model.WithdrawOnboardingAcknowledgementPayload, error) {
	view, err := r.hub.WithdrawAcknowledgement(ctx, auth.ViewerFrom(ctx), onboarding.Key(in.Step), idempotencyKey(in.IdempotencyKey))
	now, failures, err := onboarded(view, in.Language, err)
	return &model.WithdrawOnboardingAcknowledgementPayload{Onboarding: now, UserErrors: failures}, err
}
