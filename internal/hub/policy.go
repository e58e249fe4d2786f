package hub

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/link"
	"customerhub/internal/run"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// GroupPolicy is a decision for one field group.
type GroupPolicy struct {
	Group string
	system.Flow
}

// SetPolicy is a policy as somebody decided it.
type SetPolicy struct {
	system.Flow
	Groups []GroupPolicy
	// Brake is where the brake stops; nil leaves that as it is.
	Brake *system.Brake
}

// SetSystemPolicy decides which way values flow between the hub and a system, and whose value stands (R116, R117, R194). The
// whole policy is replaced, but for the brake where that is not given. Needs systems:manage. Reasons: SYSTEM_NOT_WRITABLE, FIELD_GROUP_UNKNOWN, WRITING_NOT_PLANNED.
func (h *Hub) SetSystemPolicy(ctx context.Context, v auth.Viewer, id system.ID, set SetPolicy, key string) (system.System, error) {
	groups := set.Groups
	body := map[string]any{"id": id, "flow": set.Flow, "groups": groups, "brake": set.Brake}
	return h.changeSystem(ctx, v, id, command{auth.SystemsManage, "setSystemPolicy", key, body, systemWake},
		func(ctx context.Context, tx pgx.Tx, s *system.System) error {
			policy := system.Policy{Flow: set.Flow, Groups: make(map[string]system.Flow, len(groups)), Brake: s.Policy.Brake}
			if set.Brake != nil {
				policy.Brake = *set.Brake
			}
			var faults fault.Errors
			for i, g := range groups {
				at := func(f *fault.Error) *fault.Error { return f.At("groups", itoa(i), "group") }
				_, twice := policy.Groups[g.Group]
				switch {
				case !customer.IsGroup(g.Group):
					faults = append(faults, at(fault.Because(fault.Invalid, "FIELD_GROUP_UNKNOWN", "There is no field group %q.", g.Group)))
				case twice:
					faults = append(faults, at(fault.New(fault.Invalid, "The group %s is given twice.", g.Group)))
				}
				policy.Groups[g.Group] = g.Flow
			}
			if len(faults) > 0 {
				return faults
			}
			if err := policy.Check(); err != nil {
				return err
			}
			if policy.WritesOut() && h.o.Kinds[s.Kind].Writes == nil {
				return fault.Because(fault.Invalid, "SYSTEM_NOT_WRITABLE", "The hub cannot write to a system of this kind; choose IN or OFF.").At("direction")
			}
			if h.o.Kinds[s.Kind].From != "" && slices.ContainsFunc(policy.Directions(), func(d system.Direction) bool { return d == system.In || d == system.Both }) {
				return fault.Because(fault.Invalid, "POLICY_NOT_POSSIBLE",
					"The records of this system are made from another's, and nothing of them comes into the hub but what it owns; choose OUT or OFF.").At("direction")
			}
			if !s.FreshAt.IsZero() || s.State == system.Running || s.State == system.Paused {
				if err := h.mayWrite(ctx, tx, s, policy); err != nil {
					return fault.Of(err).At("direction")
				}
			}
			s.Policy = policy
			return store.SetSystemPolicy(ctx, tx, id, policy)
		})
}

// mayWrite refuses a policy that lets values flow into a system into which none did, unless a first run that writes was approved and
// applied: import-only starts from CHECKED, writing out needs PLANNED (design section 5). A system whose records the hub makes from
// another's has nothing of its own that a first run could write over.
func (h *Hub) mayWrite(ctx context.Context, tx pgx.Tx, s *system.System, next system.Policy) error {
	if !next.WritesOut() || s.Policy.WritesOut() || h.o.Kinds[s.Kind].From != "" {
		return nil
	}
	return h.plannedToWrite(ctx, tx, *s)
}

// plannedToWrite refuses a system for which no first run that writes was approved and applied.
func (h *Hub) plannedToWrite(ctx context.Context, tx pgx.Tx, s system.System) error {
	modes := []run.Mode{run.Export, run.Merge}
	if h.o.Kinds[s.Kind].Flow.Direction == system.Both {
		modes = append(modes, run.Import) // values flow both ways after any
	}
	if planned, err := store.HasFirstRun(ctx, tx, s.ID, modes); err != nil || planned {
		return err
	}
	return fault.Because(fault.Invalid, "WRITING_NOT_PLANNED", "The hub writes into a system only after a first run that somebody has looked at. "+
		"Plan one that writes (planSystem with BOTH or EXPORT, or hub plan), approve it and apply it: applying starts the writing too.")
}

// RetryLink makes a link due now: the cause that parked it was mended, or somebody wants to know. Needs systems:manage.
func (h *Hub) RetryLink(ctx context.Context, v auth.Viewer, id link.ID, key string) (LinkView, error) {
	if err := v.Require(auth.SystemsManage); err != nil {
		return LinkView{}, err
	}
	if err := validID(id, "link"); err != nil {
		return LinkView{}, fault.Of(err).At("id")
	}
	_, err := h.do(ctx, v, command{auth.SystemsManage, "retryLink", key, id, customerWake}, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		if err := store.RetryLink(ctx, tx, id); err != nil {
			if fault.Is(err, fault.NotFound) {
				return nil, fault.New(fault.NotFound, "There is no link with this id.").At("id")
			}
			return nil, err
		}
		return answer{"link": string(id)}, nil
	})
	if err != nil {
		return LinkView{}, err
	}
	found, err := h.linksByID(ctx, v, []link.ID{id})
	return found[id], err
}

// PendingByLink gives the calls whose end is not known, by link. Needs customers:read.
func (h *Hub) PendingByLink(ctx context.Context, v auth.Viewer, ids []link.ID) (map[link.ID]link.Intent, error) {
	var out map[link.ID]link.Intent
	err := h.read(ctx, v, auth.CustomersRead, func(ctx context.Context, tx pgx.Tx) error {
		found, err := store.ListIntents(ctx, tx, validIDs(ids))
		out = byID(found, func(i link.Intent) link.ID { return i.LinkID })
		return err
	})
	return out, err
}

// QueuePositions gives how many due links go before each of the links that is due itself. Needs customers:read.
func (h *Hub) QueuePositions(ctx context.Context, v auth.Viewer, ids []link.ID) (out map[link.ID]int, err error) {
	err = h.read(ctx, v, auth.CustomersRead, func(ctx context.Context, tx pgx.Tx) error {
		out, err = store.CountAhead(ctx, tx, validIDs(ids))
		return err
	})
	return out, err
}

// Lane is the queue for calls into the company that a system stands for.
type Lane struct {
	store.LaneStatus
	// ExpectedWait is about how long somebody who asks now would wait for a turn.
	ExpectedWait time.Duration
}

// LanesBySystem tells how the lanes of systems stand. Needs systems:read.
func (h *Hub) LanesBySystem(ctx context.Context, v auth.Viewer, ids []system.ID) (map[system.ID]Lane, error) {
	out := make(map[system.ID]Lane, len(ids))
	err := h.read(ctx, v, auth.SystemsRead, func(ctx context.Context, tx pgx.Tx) error {
		systems, err := store.ListSystemsByID(ctx, tx, validIDs(ids))
		if err != nil {
			return err
		}
		now, err := store.Now(ctx, tx)
		if err != nil {
			return err
		}
		keys := make([]string, len(systems))
		for i, s := range systems {
			if lane := h.o.Kinds[s.Kind].Lane; lane != nil {
				keys[i] = lane(s)
			}
		}
		status, err := store.ListLaneStatus(ctx, tx, keys)
		for i, s := range systems {
			out[s.ID] = expect(status[keys[i]], now)
		}
		return err
	})
	return out, err
}

// expect reckons with what is left of the call under way and with those who have the same right to go first.
func expect(s store.LaneStatus, now time.Time) Lane {
	wait := time.Duration(s.Interactive) * s.UsualHold
	if s.HeldSince != nil {
		wait += max(s.UsualHold-now.Sub(*s.HeldSince), 0)
	}
	return Lane{LaneStatus: s, ExpectedWait: wait}
}
