package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/onboarding"
	"customerhub/internal/pg"
	"customerhub/internal/run"
	"customerhub/internal/system"
)

// OnboardingChoice is the profile of an organisation, and who chose it; zero where nobody has.
type OnboardingChoice struct {
	Profile onboarding.Profile
	By      string
	At      time.Time
}

const sqlOnboardingChoice = `
SELECT p.profile, p.chosen_by, p.chosen_at
FROM onboarding_profile p
ORDER BY p.chosen_at DESC, p.id DESC
LIMIT 1`

const sqlAcknowledged = `
SELECT a.step, a.said_by, a.reason, a.said_at
FROM onboarding_acknowledgement a
WHERE a.withdrawn_at IS NULL
ORDER BY a.step`

const sqlPlanStates = `
SELECT p.system_id, p.state
FROM plan p
WHERE p.purpose = 'FIRST_RUN' AND p.state <> 'MAKING'
ORDER BY p.system_id, p.made_at, p.id`

// sqlManagers counts the keys by the database's clock, as access does.
const sqlManagers = `
SELECT count(*)
FROM api_key k
WHERE k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now()) AND k.scopes && @scopes`

const sqlUnmapped = `
SELECT f.source_id
FROM custom_field f
WHERE f.state = 'UNMAPPED'
ORDER BY f.source_id`

// Onboarding is what there is to know of an organisation's onboarding beside its systems.
type Onboarding struct {
	Choice       OnboardingChoice
	Acknowledged []onboarding.Acknowledgement
	// Plans are the states of first runs, by system.
	Plans map[system.ID][]run.PlanState
	// Managers is how many keys in force have one of the scopes, Unmapped the names of custom fields that are not mapped.
	Managers int
	Unmapped []string
}

// GetOnboarding reads all of it in one trip; scopes are those that let a key manage systems.
func GetOnboarding(ctx context.Context, db pg.DB, scopes []string) (out Onboarding, err error) {
	out.Plans = make(map[system.ID][]run.PlanState)
	err = Trip(ctx, db, func(b *pgx.Batch) {
		b.Queue(sqlOnboardingChoice).Query(func(rows pgx.Rows) error {
			_, err := pgx.ForEachRow(rows, []any{&out.Choice.Profile, &out.Choice.By, &out.Choice.At}, func() error { return nil })
			return err
		})
		b.Queue(sqlAcknowledged).Query(func(rows pgx.Rows) error {
			var a onboarding.Acknowledgement
			_, err := pgx.ForEachRow(rows, []any{&a.Key, &a.By, &a.Reason, &a.At}, func() error {
				out.Acknowledged = append(out.Acknowledged, a)
				return nil
			})
			return err
		})
		b.Queue(sqlPlanStates).Query(func(rows pgx.Rows) error {
			var id system.ID
			var state run.PlanState
			_, err := pgx.ForEachRow(rows, []any{&id, &state}, func() error {
				out.Plans[id] = append(out.Plans[id], state)
				return nil
			})
			return err
		})
		b.Queue(sqlManagers, pgx.StrictNamedArgs{"scopes": scopes}).QueryRow(func(row pgx.Row) error { return row.Scan(&out.Managers) })
		b.Queue(sqlUnmapped).Query(func(rows pgx.Rows) (err error) {
			out.Unmapped, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
	})
	return out, err
}

const sqlChooseProfile = `
INSERT INTO onboarding_profile (id, profile, chosen_by)
VALUES (@id, @profile, @by)`

// ChooseProfile notes a choice, which counts from now on.
func ChooseProfile(ctx context.Context, db pg.DB, p onboarding.Profile, by string) error {
	_, err := db.Exec(ctx, sqlChooseProfile, pgx.StrictNamedArgs{"id": NewID(), "profile": string(p), "by": by})
	return pg.Fault(err, "onboarding profile")
}

const sqlAcknowledge = `
INSERT INTO onboarding_acknowledgement (id, step, said_by, reason)
VALUES (@id, @step, @by, @reason)`

// Acknowledge notes that a step does not apply. Duplicate when somebody has said so already.
func Acknowledge(ctx context.Context, db pg.DB, k onboarding.Key, by, reason string) error {
	_, err := db.Exec(ctx, sqlAcknowledge, pgx.StrictNamedArgs{"id": NewID(), "step": string(k), "by": by, "reason": reason})
	return pg.Fault(err, "acknowledgement of step %s", k)
}

const sqlWithdrawAcknowledgement = `
UPDATE onboarding_acknowledgement
SET withdrawn_at = now(), withdrawn_by = @by
WHERE step = @step AND withdrawn_at IS NULL`

// WithdrawAcknowledgement ends an acknowledgement, or NotFound.
func WithdrawAcknowledgement(ctx context.Context, db pg.DB, k onboarding.Key, by string) error {
	tag, err := db.Exec(ctx, sqlWithdrawAcknowledgement, pgx.StrictNamedArgs{"step": string(k), "by": by})
	return one(tag, err, "acknowledgement of step %s", k)
}
