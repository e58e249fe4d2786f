package hub

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/change"
	"customerhub/internal/fault"
	"customerhub/internal/organisation"
	"customerhub/internal/pg"
	"customerhub/internal/run"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// systemWake are the topics that a change of a system wakes.
var systemWake = []Topic{TopicSystems, TopicChanges}

// Systems reads all systems of the organisation, oldest first. Needs systems:read.
func (h *Hub) Systems(ctx context.Context, v auth.Viewer) ([]system.System, error) {
	var out []system.System
	err := h.read(ctx, v, auth.SystemsRead, func(ctx context.Context, tx pgx.Tx) error {
		var err error
		out, err = store.ListSystems(ctx, tx)
		return err
	})
	return out, err
}

// SystemsByID reads systems; ids that do not exist are left out. Needs systems:read.
func (h *Hub) SystemsByID(ctx context.Context, v auth.Viewer, ids []system.ID) (map[system.ID]system.System, error) {
	var out map[system.ID]system.System
	err := h.read(ctx, v, auth.SystemsRead, func(ctx context.Context, tx pgx.Tx) error {
		found, err := store.ListSystemsByID(ctx, tx, validIDs(ids))
		out = byID(found, func(s system.System) system.ID { return s.ID })
		return err
	})
	return out, err
}

// PollLimits are the shortest and the longest time between two looks at a system.
const (
	MinPollEvery = time.Second
	MaxPollEvery = 24 * time.Hour
)

// CreateSystem adds a system in state DRAFT. Needs systems:manage. Reasons: SYSTEM_KIND_UNSUPPORTED, SETTING_*.
func (h *Hub) CreateSystem(ctx context.Context, v auth.Viewer, in CreateSystem, key string) (system.System, error) {
	if err := v.Require(auth.SystemsManage); err != nil {
		return system.System{}, err
	}
	s, err := h.newSystem(in)
	if err != nil {
		return system.System{}, err
	}
	out, err := h.do(ctx, v, command{auth.SystemsManage, "createSystem", key, in, systemWake},
		func(ctx context.Context, tx pgx.Tx) (answer, error) {
			if err := store.InsertSystem(ctx, tx, s); err != nil {
				return nil, err
			}
			if flow := h.o.Kinds[s.Kind].Flow; flow != (system.Flow{}) {
				if err := store.SetSystemPolicy(ctx, tx, s.ID, system.Policy{Flow: flow}); err != nil {
					return nil, err
				}
			}
			return answer{"system": string(s.ID)}, store.AppendChanges(ctx, tx, []change.Change{{
				Kind: change.SystemCreated, Actor: v.Actor, Origin: change.Source{SystemID: string(s.ID)},
			}})
		})
	if err != nil {
		return system.System{}, err
	}
	return h.systemNow(ctx, v, system.ID(out["system"]))
}

func (h *Hub) newSystem(in CreateSystem) (system.System, error) {
	spec, ok := h.o.Kinds[in.Kind]
	if !ok {
		return system.System{}, fault.Because(fault.Invalid, "SYSTEM_KIND_UNSUPPORTED", "This hub has no connector for %s.", in.Kind).At("kind")
	}
	s := system.System{
		ID: system.ID(store.NewID()), Kind: in.Kind, Name: strings.TrimSpace(in.Name), State: system.Draft, PollEvery: in.PollEvery,
	}
	var faults fault.Errors
	if s.Name == "" {
		s.Name = spec.Title
	}
	if n := utf8.RuneCountInString(s.Name); n > 200 {
		faults = append(faults, fault.Because(fault.Invalid, "FIELD_TOO_LONG", "A name has at most 200 characters; this one has %d.", n).At("name"))
	}
	if s.PollEvery == 0 {
		s.PollEvery = spec.PollEvery
	}
	if s.PollEvery < MinPollEvery || s.PollEvery > MaxPollEvery {
		faults = append(faults, fault.New(fault.Invalid, "A system is looked at every %s at the most and every %s at the least.", MinPollEvery, MaxPollEvery).At("pollEverySeconds"))
	}
	var err error
	if s.Settings, err = spec.Settings(in.Settings); err != nil {
		faults = append(faults, under(err, "settings")...)
	}
	return s, faults.OrNil()
}

// under puts the faults of a part under its name.
func under(err error, name string) fault.Errors {
	var out fault.Errors
	list, ok := err.(fault.Errors) //nolint:errorlint // made by us, never wrapped
	if !ok {
		if f := fault.Of(err); f != nil {
			list = fault.Errors{f}
		} else {
			list = fault.Errors{{Code: fault.Internal, Err: err}}
		}
	}
	for _, f := range list {
		out = append(out, f.At(append([]string{name}, f.Path...)...))
	}
	return out
}

// SetSystemCredentials seals and stores credentials, all of them at once. The system goes back to DRAFT until it has been
// checked with them, unless it is running: a running system goes on with the new ones. Needs systems:manage.
func (h *Hub) SetSystemCredentials(ctx context.Context, v auth.Viewer, id system.ID, credentials map[string]string, key string) (system.System, error) {
	// Of the body only a hash is kept, which tells nothing of keys of this length.
	body := map[string]any{"id": id, "credentials": credentials}
	return h.changeSystem(ctx, v, id, command{auth.SystemsManage, "setSystemCredentials", key, body, systemWake},
		func(ctx context.Context, tx pgx.Tx, s *system.System) error {
			spec, ok := h.o.Kinds[s.Kind]
			if !ok {
				return fault.Because(fault.Invalid, "SYSTEM_KIND_UNSUPPORTED", "This hub has no connector for %s.", s.Kind).At("id")
			}
			checked, err := spec.Credentials(credentials)
			if err != nil {
				return under(err, "credentials")
			}
			sealed, err := h.seal(checked, v.Organisation.ID, s.ID)
			if err != nil {
				return err
			}
			if s.State != system.Running && s.State != system.Paused {
				s.State = system.Draft
			}
			s.Fault, s.Checks, s.CheckedAt = nil, nil, time.Time{}
			return store.SetSealedCredentials(ctx, tx, s.ID, sealed)
		})
}

// binding ties sealed credentials to their row.
func binding(org organisation.ID, id system.ID) string { return string(org) + "/" + string(id) }

// changeSystem locks a system, applies fn and writes it with a change.
func (h *Hub) changeSystem(ctx context.Context, v auth.Viewer, id system.ID, c command, fn func(context.Context, pgx.Tx, *system.System) error) (system.System, error) {
	if err := v.Require(c.scope); err != nil {
		return system.System{}, err
	}
	if err := validID(id, "system"); err != nil {
		return system.System{}, fault.Of(err).At("id")
	}
	_, err := h.do(ctx, v, c, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		s, err := lockSystem(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		if err := fn(ctx, tx, &s); err != nil {
			return nil, err
		}
		if err := store.UpdateSystem(ctx, tx, s); err != nil {
			return nil, err
		}
		return answer{"system": string(id)}, store.AppendChanges(ctx, tx, []change.Change{{
			Kind: change.SystemUpdated, Actor: v.Actor, Origin: change.Source{SystemID: string(id)},
		}})
	})
	if err != nil {
		return system.System{}, err
	}
	return h.systemNow(ctx, v, id)
}

func lockSystem(ctx context.Context, tx pgx.Tx, id system.ID) (system.System, error) {
	s, err := store.LockSystem(ctx, tx, id)
	if fault.Is(err, fault.NotFound) {
		return s, fault.New(fault.NotFound, "There is no system with this id.").At("id")
	}
	return s, err
}

func (h *Hub) systemNow(ctx context.Context, v auth.Viewer, id system.ID) (system.System, error) {
	var s system.System
	err := pg.ReadInOrganisation(ctx, h.pool, string(v.Organisation.ID), func(ctx context.Context, tx pgx.Tx) error {
		var err error
		s, err = store.GetSystem(ctx, tx, id)
		return err
	})
	return s, err
}

// CheckSystem queues a run that verifies credentials and permissions; a system in DRAFT that passes becomes CHECKED. Needs
// systems:manage. Reasons: SYSTEM_CREDENTIALS_MISSING, RUN_IN_PROGRESS with the run.
func (h *Hub) CheckSystem(ctx context.Context, v auth.Viewer, id system.ID, key string) (run.Run, error) {
	return h.queue(ctx, v, id, "checkSystem", key, func(s *system.System) (run.Kind, error) { return run.Check, credentialsSet(s) })
}

// SyncNow queues a run that reads what changed, or everything when full. Needs systems:manage. Reasons:
// SYSTEM_NOT_RUNNING, RUN_IN_PROGRESS with the run.
func (h *Hub) SyncNow(ctx context.Context, v auth.Viewer, id system.ID, full bool, key string) (run.Run, error) {
	operation := "syncNow"
	if full {
		operation = "syncNow/full"
	}
	return h.queue(ctx, v, id, operation, key, func(s *system.System) (run.Kind, error) {
		switch {
		case s.State != system.Running:
			return "", fault.Because(fault.Invalid, "SYSTEM_NOT_RUNNING", "The system is %s. Start it first.", s.State).At("id")
		case s.FreshAt.IsZero():
			return run.FirstImport, nil
		case full:
			return run.Sweep, nil
		}
		return run.Poll, nil
	})
}

func credentialsSet(s *system.System) error {
	if s.CredentialsSetAt.IsZero() {
		return fault.Because(fault.Invalid, "SYSTEM_CREDENTIALS_MISSING", "The system has no credentials yet. Set them first.").At("id")
	}
	return nil
}

// queue adds a run of the kind that the system's state allows.
func (h *Hub) queue(ctx context.Context, v auth.Viewer, id system.ID, operation, key string, kind func(*system.System) (run.Kind, error)) (run.Run, error) {
	if err := v.Require(auth.SystemsManage); err != nil {
		return run.Run{}, err
	}
	if err := validID(id, "system"); err != nil {
		return run.Run{}, fault.Of(err).At("id")
	}
	out, err := h.do(ctx, v, command{auth.SystemsManage, operation, key, id, []Topic{TopicRuns}},
		func(ctx context.Context, tx pgx.Tx) (answer, error) {
			s, err := lockSystem(ctx, tx, id)
			if err != nil {
				return nil, err
			}
			k, err := kind(&s)
			if err != nil {
				return nil, err
			}
			r, err := queueRun(ctx, tx, s.ID, k, v.Actor)
			return answer{"run": string(r.ID)}, err
		})
	if err != nil {
		return run.Run{}, err
	}
	return h.runNow(ctx, v, run.ID(out["run"]))
}

// queueRun adds a run. The caller holds the system's lock, so that two callers do not both find nothing in progress.
func queueRun(ctx context.Context, tx pgx.Tx, id system.ID, kind run.Kind, by change.Actor) (run.Run, error) {
	busy, err := store.FindUnfinishedRun(ctx, tx, id)
	if err != nil {
		return run.Run{}, err
	}
	if busy != nil {
		return run.Run{}, fault.Because(fault.Duplicate, "RUN_IN_PROGRESS", "A run of this system (%s) has not ended yet.", busy.Kind).
			At("id").With("run", string(busy.ID))
	}
	return store.InsertRun(ctx, tx, run.Run{ID: run.ID(store.NewID()), SystemID: id, Kind: kind, RequestedBy: by})
}

// StartSystem makes a checked system RUNNING, as an import-only one, and queues its first import (or, where it ran before, a
// poll). One that is to be written to starts by a first run that was planned. Needs systems:manage. Reasons: SYSTEM_NOT_CHECKED, SYSTEM_RUNNING, WRITING_NOT_PLANNED, ANOTHER_SYSTEM_RUNNING, RUN_IN_PROGRESS.
func (h *Hub) StartSystem(ctx context.Context, v auth.Viewer, id system.ID, key string) (system.System, run.Run, error) {
	if err := v.Require(auth.SystemsManage); err != nil {
		return system.System{}, run.Run{}, err
	}
	if err := validID(id, "system"); err != nil {
		return system.System{}, run.Run{}, fault.Of(err).At("id")
	}
	out, err := h.do(ctx, v, command{auth.SystemsManage, "startSystem", key, id, append([]Topic{TopicRuns}, systemWake...)},
		func(ctx context.Context, tx pgx.Tx) (answer, error) {
			s, err := lockSystem(ctx, tx, id)
			if err != nil {
				return nil, err
			}
			if err := h.canStart(&s); err != nil {
				return nil, fault.Of(err).At("id")
			}
			kind := run.Poll
			if s.FreshAt.IsZero() {
				kind = run.FirstImport
				if s.Policy.WritesOut() && h.o.Kinds[s.Kind].From == "" {
					if err := h.plannedToWrite(ctx, tx, s); err != nil {
						return nil, fault.Of(err).At("id")
					}
				}
			}
			now, err := store.Now(ctx, tx)
			if err != nil {
				return nil, err
			}
			s.State, s.NextDueAt, s.Fault = system.Running, now.Add(s.PollEvery), nil
			if err := store.UpdateSystem(ctx, tx, s); err != nil {
				if pg.Constraint(err) == "system_one_running" {
					return nil, fault.Because(fault.Invalid, "ANOTHER_SYSTEM_RUNNING",
						"Another system of this kind is running in this organisation.").At("id")
				}
				return nil, err
			}
			// Who starts it says that it works again: what failed before keeps nothing waiting any more.
			if err := store.HoldSystem(ctx, tx, s.ID, 0, 0); err != nil {
				return nil, err
			}
			if spec := h.o.Kinds[s.Kind]; spec.From != "" {
				if err := store.HurrySources(ctx, tx, s.ID, spec.From, spec.SourceEvery); err != nil {
					return nil, err
				}
			}
			if err := h.alignPolls(ctx, tx, s); err != nil {
				return nil, err
			}
			r, err := queueRun(ctx, tx, s.ID, kind, v.Actor)
			if err != nil {
				return nil, err
			}
			return answer{"run": string(r.ID)}, store.AppendChanges(ctx, tx, []change.Change{{
				Kind: change.SystemUpdated, Actor: v.Actor, Origin: change.Source{SystemID: string(id)},
			}})
		})
	if err != nil {
		return system.System{}, run.Run{}, err
	}
	s, err := h.systemNow(ctx, v, id)
	if err != nil {
		return system.System{}, run.Run{}, err
	}
	r, err := h.runNow(ctx, v, run.ID(out["run"]))
	return s, r, err
}

// canStart refuses to start a system that is not ready, or has not verified what it was handed (R24).
func (h *Hub) canStart(s *system.System) error {
	activates := h.o.Kinds[s.Kind].Activates
	if err := s.CanStart(); err != nil {
		if activates && s.State != system.Running {
			return fault.Because(fault.Invalid, "SYSTEM_NOT_CHECKED",
				"The service does not admit the hub, or has not been asked yet. Request a credential (requestSystemCredential), submit it (submitSystem), and start then.")
		}
		return err
	}
	if activates && (s.Activation == nil || !s.Activation.Stage.Verified()) {
		return fault.Because(fault.Invalid, "SYSTEM_NOT_VERIFIED",
			"The service has not verified the integration yet. Submit it first (submitSystem), and see its checks.")
	}
	return nil
}

// PauseSystem stops a running system until somebody starts it again: nothing is looked at and nothing is sent, and what becomes due
// meanwhile waits. What is under way ends first. Needs systems:manage. Reasons: SYSTEM_NOT_RUNNING.
func (h *Hub) PauseSystem(ctx context.Context, v auth.Viewer, id system.ID, key string) (system.System, error) {
	if err := v.Require(auth.SystemsManage); err != nil {
		return system.System{}, err
	}
	if err := validID(id, "system"); err != nil {
		return system.System{}, fault.Of(err).At("id")
	}
	_, err := h.do(ctx, v, command{auth.SystemsManage, "pauseSystem", key, id, systemWake}, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		s, err := lockSystem(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		if s.State != system.Running {
			return nil, fault.Because(fault.Invalid, "SYSTEM_NOT_RUNNING", "The system is %s, so it cannot be paused.", s.State).At("id")
		}
		s.State, s.NextDueAt = system.Paused, time.Time{}
		if err := store.UpdateSystem(ctx, tx, s); err != nil {
			return nil, err
		}
		if h.o.Kinds[s.Kind].Activates { // what is under way ends first, and then the system is told
			r := run.Run{ID: run.ID(store.NewID()), SystemID: s.ID, Kind: run.Pausing, RequestedBy: v.Actor}
			if _, err := store.InsertRun(ctx, tx, r); err != nil {
				return nil, err
			}
		}
		return answer{"system": string(id)}, store.AppendChanges(ctx, tx, []change.Change{{
			Kind: change.SystemUpdated, Actor: v.Actor, Origin: change.Source{SystemID: string(id)},
		}})
	})
	if err != nil {
		return system.System{}, err
	}
	return h.systemNow(ctx, v, id)
}

// systemExists refuses a reference to a system that the organisation does not have.
func systemExists(ctx context.Context, tx pgx.Tx, id string) error {
	found, err := store.ListSystemsByID(ctx, tx, validIDs([]system.ID{system.ID(id)}))
	if err != nil || len(found) > 0 {
		return err
	}
	return fault.New(fault.NotFound, "There is no system with this id.").At("system")
}
