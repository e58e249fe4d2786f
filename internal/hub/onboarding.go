package hub

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/onboarding"
	"customerhub/internal/pg"
	"customerhub/internal/store"
)

// OnboardingView is how far an organisation is.
type OnboardingView struct {
	// Choice is the profile, and who chose it; zero where nobody has.
	Choice store.OnboardingChoice
	Steps  []onboarding.Step
}

// Onboarding gives the checklist as it stands (R125-R131). Needs systems:read.
func (h *Hub) Onboarding(ctx context.Context, v auth.Viewer) (OnboardingView, error) {
	if err := v.Require(auth.SystemsRead); err != nil {
		return OnboardingView{}, err
	}
	return h.onboardingNow(ctx, v)
}

func (h *Hub) onboardingNow(ctx context.Context, v auth.Viewer) (out OnboardingView, err error) {
	err = pg.ReadInOrganisation(ctx, h.pool, string(v.Organisation.ID), func(ctx context.Context, tx pgx.Tx) (err error) {
		out, err = h.onboarding(ctx, tx)
		return err
	})
	return out, err
}

func (h *Hub) onboarding(ctx context.Context, tx pgx.Tx) (out OnboardingView, err error) {
	known, err := store.GetOnboarding(ctx, tx, []string{string(auth.SystemsManage), string(auth.Admin)})
	if err != nil {
		return out, err
	}
	systems, err := store.ListSystems(ctx, tx)
	if err != nil {
		return out, err
	}
	series, err := numberSeries(ctx, tx)
	if err != nil {
		return out, err
	}
	f := onboarding.Facts{Managers: known.Managers, Unmapped: known.Unmapped, MailServer: h.o.Mails}
	for _, s := range systems {
		spec := h.o.Kinds[s.Kind]
		f.Systems = append(f.Systems, onboarding.System{System: s, Written: spec.Writes != nil, Derived: spec.From != "", Plans: known.Plans[s.ID]})
	}
	f.Meetings = tell(series, namesOf(systems))
	return OnboardingView{known.Choice, onboarding.Checklist(f, known.Choice.Profile, known.Acknowledged)}, nil
}

// SetOnboardingProfile says what the organisation means to use, which decides on the steps that it needs. Needs systems:manage.
func (h *Hub) SetOnboardingProfile(ctx context.Context, v auth.Viewer, p onboarding.Profile, key string) (OnboardingView, error) {
	if !slices.Contains(onboarding.Profiles, p) {
		return OnboardingView{}, fault.New(fault.Invalid, "There is no profile %q.", p).At("profile")
	}
	return h.onboard(ctx, v, command{auth.SystemsManage, "setOnboardingProfile", key, p, nil}, func(ctx context.Context, tx pgx.Tx) error {
		return store.ChooseProfile(ctx, tx, p, v.Actor.Name)
	})
}

// AcknowledgeStep says that a step does not apply, as far as the profile lets it (R129-R131). Needs systems:manage. Reasons:
// PROFILE_MISSING, STEP_REQUIRED, STEP_DONE, STEP_ACKNOWLEDGED, FIELD_REQUIRED, FIELD_TOO_LONG,
// CHARACTERS_INVALID, PERSONAL_IDENTITY_CODE_NOT_ALLOWED.
func (h *Hub) AcknowledgeStep(ctx context.Context, v auth.Viewer, k onboarding.Key, reason, key string) (OnboardingView, error) {
	reason = strings.TrimSpace(reason)
	switch {
	case !onboarding.Known(k):
		return OnboardingView{}, noStep(k)
	case reason == "":
		return OnboardingView{}, fault.Because(fault.Invalid, customer.ReasonRequired, "Say why the step does not apply.").At("reason")
	}
	if err := checkNote(reason); err != nil {
		return OnboardingView{}, err.At("reason")
	}
	body := []string{string(k), reason}
	return h.onboard(ctx, v, command{auth.SystemsManage, "acknowledgeOnboardingStep", key, body, nil}, func(ctx context.Context, tx pgx.Tx) error {
		now, err := h.onboarding(ctx, tx)
		if err != nil {
			return err
		}
		s := now.Steps[slices.IndexFunc(now.Steps, func(s onboarding.Step) bool { return s.Key == k })]
		switch {
		case now.Choice.Profile == "":
			err = fault.Because(fault.Invalid, "PROFILE_MISSING", "Choose the profile first: it says which steps the organisation needs.")
		case s.State == onboarding.Done:
			err = fault.Because(fault.Invalid, "STEP_DONE", "The step is done.")
		case s.Required:
			err = fault.Because(fault.Invalid, "STEP_REQUIRED", "The profile %s needs the step, so it has to be done.", now.Choice.Profile)
		case s.Acknowledgement != nil:
			err = fault.Because(fault.Invalid, "STEP_ACKNOWLEDGED", "%s has acknowledged the step already.", s.Acknowledgement.By)
		}
		if err != nil {
			return fault.Of(err).At("step")
		}
		return store.Acknowledge(ctx, tx, k, v.Actor.Name, reason)
	})
}

// WithdrawAcknowledgement takes an acknowledgement back; who gave it, and who took it back, stays known. Needs systems:manage. Reasons:
// STEP_NOT_ACKNOWLEDGED.
func (h *Hub) WithdrawAcknowledgement(ctx context.Context, v auth.Viewer, k onboarding.Key, key string) (OnboardingView, error) {
	if !onboarding.Known(k) {
		return OnboardingView{}, noStep(k)
	}
	return h.onboard(ctx, v, command{auth.SystemsManage, "withdrawOnboardingAcknowledgement", key, k, nil}, func(ctx context.Context, tx pgx.Tx) error {
		err := store.WithdrawAcknowledgement(ctx, tx, k, v.Actor.Name)
		if fault.Is(err, fault.NotFound) {
			return fault.Because(fault.Invalid, "STEP_NOT_ACKNOWLEDGED", "Nobody has acknowledged the step.").At("step")
		}
		return err
	})
}

func noStep(k onboarding.Key) error {
	return fault.New(fault.Invalid, "There is no step %q.", k).At("step")
}

// onboard runs a command about the onboarding and gives the checklist after it.
func (h *Hub) onboard(ctx context.Context, v auth.Viewer, c command, fn func(ctx context.Context, tx pgx.Tx) error) (OnboardingView, error) {
	if _, err := h.do(ctx, v, c, func(ctx context.Context, tx pgx.Tx) (answer, error) { return answer{}, fn(ctx, tx) }); err != nil {
		return OnboardingView{}, err
	}
	return h.onboardingNow(ctx, v)
}
