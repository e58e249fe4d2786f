package hub

import (
	"context"
	"encoding/json"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/fault"
	"customerhub/internal/organisation"
	"customerhub/internal/pg"
	"customerhub/internal/run"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// RequestCredential queues a run that has the system issue a credential of its own for the hub, which depends on no person (R8, R17).
// Needs systems:manage. Reasons: SYSTEM_NOT_ACTIVATED, SYSTEM_CREDENTIALS_MISSING, RUN_IN_PROGRESS with the run.
func (h *Hub) RequestCredential(ctx context.Context, v auth.Viewer, id system.ID, key string) (run.Run, error) {
	return h.queue(ctx, v, id, "requestSystemCredential", key, func(s *system.System) (run.Kind, error) {
		if err := h.activates(s); err != nil {
			return "", err
		}
		return run.Credential, credentialsSet(s)
	})
}

// SubmitSystem queues a run that hands over to the system what it verifies on both sides: the identifiers for the system that it
// connects to, whom it tells of errors, and its scope (R18-R23). Needs systems:manage. Reasons: SYSTEM_NOT_ACTIVATED,
// SYSTEM_CREDENTIALS_MISSING, ERROR_REPORT_MISSING, SOURCE_SYSTEM_MISSING, RUN_IN_PROGRESS with the run.
func (h *Hub) SubmitSystem(ctx context.Context, v auth.Viewer, id system.ID, key string) (run.Run, error) {
	// Read before the system is locked: a second connection must not be waited for by who holds one.
	connected := make(map[system.Kind]bool)
	err := h.read(ctx, v, auth.SystemsManage, func(ctx context.Context, tx pgx.Tx) error {
		systems, err := store.ListSystems(ctx, tx)
		for _, s := range systems {
			connected[s.Kind] = connected[s.Kind] || !s.CredentialsSetAt.IsZero()
		}
		return err
	})
	if err != nil {
		return run.Run{}, err
	}
	return h.queue(ctx, v, id, "submitSystem", key, func(s *system.System) (run.Kind, error) {
		if err := h.activates(s); err != nil {
			return "", err
		}
		if err := credentialsSet(s); err != nil {
			return "", err
		}
		if s.ReportEmail == "" {
			return "", fault.Because(fault.Invalid, "ERROR_REPORT_MISSING",
				"Say first whom errors are to be reported to (setSystemErrorReport): the service asks for the address.").At("id")
		}
		if from := h.o.Kinds[s.Kind].From; from != "" && !connected[from] {
			return "", fault.Because(fault.Invalid, "SOURCE_SYSTEM_MISSING",
				"The service connects to %s by itself, and this organisation has no such system with credentials yet. Set it up first.", from).At("id")
		}
		return run.Submitting, nil
	})
}

func (h *Hub) activates(s *system.System) error {
	if !h.o.Kinds[s.Kind].Activates {
		return fault.Because(fault.Invalid, "SYSTEM_NOT_ACTIVATED",
			"A system of this kind is not taken into use in steps: set its credentials, check it and start it.").At("id")
	}
	return nil
}

// sourceCredentials opens the credentials of the organisation's system of a kind, the running one before others; nil when it has none.
func (h *Hub) sourceCredentials(ctx context.Context, org organisation.ID, kind system.Kind) (map[string]string, error) {
	if kind == "" {
		return nil, nil
	}
	var id system.ID
	var sealed []byte
	err := pg.ReadInOrganisation(ctx, h.pool, string(org), func(ctx context.Context, tx pgx.Tx) error {
		systems, err := store.ListSystems(ctx, tx)
		if err != nil {
			return err
		}
		for _, s := range systems {
			if s.Kind == kind && !s.CredentialsSetAt.IsZero() && (id == "" || s.State == system.Running) {
				id = s.ID
			}
		}
		if id == "" {
			return nil
		}
		sealed, err = store.GetSealedCredentials(ctx, tx, id)
		return err
	})
	if err != nil || len(sealed) == 0 {
		return nil, err
	}
	return h.open(sealed, org, id)
}

// KeepCredentials seals and stores the credentials that a run got from its system, and gives when. Stale means that the run is in other
// hands now, and nothing was stored.
func (h *Hub) KeepCredentials(ctx context.Context, c store.Claim, id system.ID, credentials map[string]string) (at time.Time, err error) {
	sealed, err := h.seal(credentials, c.Organisation, id)
	if err != nil {
		return time.Time{}, err
	}
	err = h.in(ctx, c, func(ctx context.Context, tx pgx.Tx) error {
		if err := store.LockRun(ctx, tx, c); err != nil {
			return err
		}
		if err := store.SetSealedCredentials(ctx, tx, id, sealed); err != nil {
			return err
		}
		s, err := store.GetSystem(ctx, tx, id)
		at = s.CredentialsSetAt
		return err
	})
	return at, err
}

// seal seals credentials for their row.
func (h *Hub) seal(credentials map[string]string, org organisation.ID, id system.ID) ([]byte, error) {
	if h.o.Keyset == nil {
		return nil, fault.Wrap(fault.Internal, errNoKeyset, "")
	}
	plain, err := json.Marshal(credentials)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "")
	}
	sealed, err := h.o.Keyset.Seal(plain, binding(org, id))
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "")
	}
	return sealed, nil
}

// SetSystemSettings changes settings that are not secret; those that are not named stay. What says which company the system stands for
// stays once it was looked at. Where a setting decides which customers get a record, the system is looked at anew. Needs
// systems:manage. Reasons: SETTING_*, SYSTEM_IN_USE.
func (h *Hub) SetSystemSettings(ctx context.Context, v auth.Viewer, id system.ID, values map[string]string, key string) (system.System, error) {
	body := map[string]any{"id": id, "settings": values}
	return h.changeSystem(ctx, v, id, command{auth.SystemsManage, "setSystemSettings", key, body, systemWake},
		func(ctx context.Context, tx pgx.Tx, s *system.System) error {
			spec, ok := h.o.Kinds[s.Kind]
			if !ok {
				return fault.Because(fault.Invalid, "SYSTEM_KIND_UNSUPPORTED", "This hub has no connector for %s.", s.Kind).At("id")
			}
			before := *s
			all := maps.Clone(s.Settings)
			if all == nil {
				all = make(map[string]string, len(values))
			}
			maps.Copy(all, values)
			checked, err := spec.Settings(all)
			if err != nil {
				return under(err, "settings")
			}
			if s.Settings = checked; maps.Equal(checked, before.Settings) {
				return nil
			}
			if used := !s.FreshAt.IsZero(); used && spec.Lane != nil && spec.Lane(*s) != spec.Lane(before) {
				return fault.Because(fault.Invalid, "SYSTEM_IN_USE",
					"These settings say which company the system stands for, and it was looked at already. Create another system for another company.").At("settings")
			}
			if spec.Scope != nil && s.State == system.Running {
				now, err := store.Now(ctx, tx)
				if err != nil {
					return err
				}
				// A first look takes in every customer that the scope lets in now (R33).
				s.FreshAt, s.NextDueAt = time.Time{}, now
			}
			if err := h.alignPolls(ctx, tx, *s); err != nil {
				return err
			}
			return store.SetSystemSettings(ctx, tx, id, checked)
		})
}
