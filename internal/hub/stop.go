package hub

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/link"
	"customerhub/internal/organisation"
	"customerhub/internal/pg"
	"customerhub/internal/store"
)

// RuleMassChange says whether what the brake parked goes on (Promise 6): approved, exactly those values of those records flow, whatever
// the limit; rejected, both sides keep their values, and each is shown. Who and when stand in the stop. The same ruling again changes
// nothing. Needs findings:resolve. Reasons: MASS_CHANGE_RULED, FINDING_NOT_MASS_CHANGE, FIELD_TOO_LONG,
// CHARACTERS_INVALID, PERSONAL_IDENTITY_CODE_NOT_ALLOWED.
func (h *Hub) RuleMassChange(ctx context.Context, v auth.Viewer, id finding.ID, ruling link.Ruling, note, key string) (finding.Finding, error) {
	if err := v.Require(auth.FindingsResolve); err != nil {
		return finding.Finding{}, err
	}
	if err := validID(id, "finding"); err != nil {
		return finding.Finding{}, fault.Of(err).At("id")
	}
	note = strings.TrimSpace(note)
	if err := checkNote(note); err != nil {
		return finding.Finding{}, err.At("note")
	}
	operation := "approveMassChange"
	if ruling == link.Rejected {
		operation = "rejectMassChange"
	}
	_, err := h.do(ctx, v, command{auth.FindingsResolve, operation, key, []string{string(id), note}, customerWake}, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		s, err := findStop(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		now, err := store.Now(ctx, tx)
		if err != nil {
			return nil, err
		}
		// Nothing is parked by the stop while this is decided, and nothing afterwards: what comes later is another matter.
		if _, err := store.LockBrake(ctx, tx, s.System, lockOf(s.Class), now, now); err != nil {
			return nil, err
		}
		if s, err = findStop(ctx, tx, id); err != nil {
			return nil, err
		}
		switch s.Ruling {
		case ruling:
			return answer{"finding": string(id)}, nil
		case "":
		default:
			return nil, fault.Because(fault.Invalid, "MASS_CHANGE_RULED", "This was decided before: %s.", s.Ruling).At("id")
		}
		if err := store.RuleStop(ctx, tx, s.ID, ruling, v.Actor.Name, note); err != nil {
			return nil, err
		}
		noted, err := store.ResolveFinding(ctx, tx, id, v.Actor.Name, note)
		return answer{"finding": string(id)}, logFindings(ctx, tx, noted, v.Actor, err)
	})
	if err != nil {
		return finding.Finding{}, err
	}
	h.goOn(ctx, v.Organisation.ID, id)
	return h.findingNow(ctx, v, id)
}

// goOn makes the links due that the stop of a finding kept. It is a hint of its own: whoever works on such a link holds its row while
// it waits for the brake. A hint that is lost with the hub costs time only, since each poll looks for links that were ruled about.
func (h *Hub) goOn(ctx context.Context, org organisation.ID, id finding.ID) {
	err := pg.InOrganisation(context.WithoutCancel(ctx), h.pool, string(org), pg.TxOptions{RetryConflicts: true}, func(ctx context.Context, tx pgx.Tx) error {
		stops, err := store.ListStopsOfFindings(ctx, tx, []finding.ID{id})
		for _, s := range stops {
			_, err = store.HintHeld(ctx, tx, s.ID, link.Bulk)
		}
		return err
	})
	if err != nil {
		h.o.Log.Warn("links that were parked are not due yet; the next poll finds them", "finding", id, "error", err)
		return
	}
	h.o.Wake(TopicChanges, org)
}

func findStop(ctx context.Context, tx pgx.Tx, id finding.ID) (store.FoundStop, error) {
	found, err := store.ListFindingsByID(ctx, tx, []finding.ID{id})
	if err != nil || len(found) == 0 {
		return store.FoundStop{}, firstError(err, fault.New(fault.NotFound, "There is no finding with this id.").At("id"))
	}
	stops, err := store.ListStopsOfFindings(ctx, tx, []finding.ID{id})
	if err != nil || len(stops) == 0 {
		return store.FoundStop{}, firstError(err, fault.Because(fault.Invalid, "FINDING_NOT_MASS_CHANGE", "This finding is not about a mass change; resolve it instead.").At("id"))
	}
	return stops[0], nil
}

// Stop is a stop with its system and its finding.
type Stop = store.FoundStop

// StopsByFinding gives the stops that findings tell of. Needs systems:read.
func (h *Hub) StopsByFinding(ctx context.Context, v auth.Viewer, ids []finding.ID) (out map[finding.ID]Stop, err error) {
	err = h.read(ctx, v, auth.SystemsRead, func(ctx context.Context, tx pgx.Tx) error {
		found, err := store.ListStopsOfFindings(ctx, tx, validIDs(ids))
		out = byID(found, func(s store.FoundStop) finding.ID { return s.Finding })
		return err
	})
	return out, err
}
