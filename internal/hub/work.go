package hub

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/change"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/organisation"
	"customerhub/internal/pg"
	"customerhub/internal/run"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// Work is everything a worker needs for one run: the run and where it goes on, its system, and the credentials in the clear.
type Work struct {
	Run         run.Run
	Checkpoint  store.Checkpoint
	System      system.System
	Credentials map[string]string
	// Plan is what the run makes or executes; nil for other runs.
	Plan *run.Plan
	// Undo is what a run of that kind is to do; nil for other runs.
	Undo *run.Undo
	// Source are the credentials of the organisation's system whose records this system's are made from, for one that connects to it
	// by itself (R20); nil where there is none.
	Source map[string]string
}

// StartWork reads what a claimed run needs. Credentials that cannot be opened are Internal: the keyset is not the one they
// were sealed with, and nothing goes on with empty ones.
func (h *Hub) StartWork(ctx context.Context, c store.Claim) (Work, error) {
	var w Work
	var sealed []byte
	org, id := c.Organisation, c.Run
	err := pg.ReadInOrganisation(ctx, h.pool, string(org), func(ctx context.Context, tx pgx.Tx) error {
		runs, err := store.ListRunsByID(ctx, tx, []run.ID{id})
		if err != nil {
			return err
		}
		if len(runs) == 0 {
			return fault.New(fault.NotFound, "There is no run %s.", id)
		}
		w.Run = runs[0]
		if w.Checkpoint, err = store.GetCheckpoint(ctx, tx, c); err != nil {
			return err
		}
		if w.System, err = store.GetSystem(ctx, tx, w.Run.SystemID); err != nil {
			return err
		}
		if w.Run.Kind == run.Planning || w.Run.Kind == run.Applying {
			if w.Plan, err = store.FindPlanOfRun(ctx, tx, id); err != nil {
				return err
			}
		}
		if w.Run.Kind == run.Undoing {
			w.Undo, err = undoOf(ctx, tx, id)
			return err
		}
		sealed, err = store.GetSealedCredentials(ctx, tx, w.Run.SystemID)
		return err
	})
	if err != nil || w.Undo != nil {
		return w, err
	}
	if w.Credentials, err = h.open(sealed, org, w.System.ID); err != nil || w.Run.Kind != run.Submitting {
		return w, err
	}
	w.Source, err = h.sourceCredentials(ctx, org, h.o.Kinds[w.System.Kind].From)
	return w, err
}

// SystemWork reads what is needed to call a system about single customers. The run is empty.
func (h *Hub) SystemWork(ctx context.Context, org organisation.ID, id system.ID) (Work, error) {
	var w Work
	var sealed []byte
	err := pg.ReadInOrganisation(ctx, h.pool, string(org), func(ctx context.Context, tx pgx.Tx) (err error) {
		if w.System, err = store.GetSystem(ctx, tx, id); err != nil {
			return err
		}
		sealed, err = store.GetSealedCredentials(ctx, tx, id)
		return err
	})
	if err != nil {
		return Work{}, err
	}
	w.Credentials, err = h.open(sealed, org, id)
	return w, err
}

// open opens sealed credentials.
func (h *Hub) open(sealed []byte, org organisation.ID, id system.ID) (map[string]string, error) {
	if len(sealed) == 0 {
		return nil, fault.Because(fault.Denied, "SYSTEM_CREDENTIALS_MISSING", "The system has no credentials. Set them, then check it.")
	}
	if h.o.Keyset == nil {
		return nil, fault.Wrap(fault.Internal, errNoKeyset, "The hub cannot open the credentials: it has no keyset.")
	}
	plain, err := h.o.Keyset.Open(sealed, binding(org, id))
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "The hub cannot open the credentials: they were sealed with another keyset.")
	}
	var out map[string]string
	if err := json.Unmarshal(plain, &out); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "The credentials cannot be read.")
	}
	return out, nil
}

// SystemReport is what a run found out about its system.
type SystemReport struct {
	// Checks replace the system's checks when not nil.
	Checks []system.Check
	// Cursor and FreshSince are set by a complete look at the system; FreshSince is when it began.
	Cursor     string
	FreshSince time.Time
	// Swept says that the look was at everything. Counted says that what its list lacked counts as missing, and Gone are
	// those that are gone on complete evidence.
	Swept   bool
	Counted bool
	Gone    []string
	// Doubted says that the list lacks so much that none of it is believed.
	Doubted bool
	// LeftOut are records that the list lacks although they are there, with the reason why they never come in.
	LeftOut map[string]string
	// Findings are about the system as a whole; they replace those that stood.
	Findings []finding.Finding
	// Plan is what the run made, complete; nil for other runs.
	Plan *run.Plan
	// Activation is how the system stands on its own side; nil when it did not say.
	Activation *system.Activation
	// Series are the number series that it has; nil when it was not asked.
	Series []system.Series
	// Fault is why the run failed; nil clears the system's fault.
	Fault error
	// CredentialsSetAt is when the credentials that the run worked with were set. What it found out about them does not count
	// for newer ones. Zero means that it is not known, and it counts.
	CredentialsSetAt time.Time
}

// longestWait bounds what a system may ask for when it wants to be left alone.
const longestWait = MaxPollEvery

// FinishWork writes the end of a run and what it says of its system, in one transaction. Stale means that the run is in
// other hands now, and nothing was written.
func (h *Hub) FinishWork(ctx context.Context, c store.Claim, r run.Run, report SystemReport) error {
	err := h.in(ctx, c, func(ctx context.Context, tx pgx.Tx) error {
		s, err := store.LockSystem(ctx, tx, r.SystemID)
		if err != nil {
			return err
		}
		now, err := store.Now(ctx, tx)
		if err != nil {
			return err
		}
		before := s.State
		if r.State != run.Cancelled && r.Kind != run.Undoing { // a run that did nothing there says nothing of it
			learn(&s, report, now)
		}
		if report.Swept {
			if err := h.noteAbsence(ctx, tx, c, &s, report, now); err != nil {
				return err
			}
		}
		if err := noteVerification(ctx, tx, &s, report); err != nil {
			return err
		}
		if err := store.DropRunItems(ctx, tx, c); err != nil {
			return err
		}
		if err := settlePlan(ctx, tx, &s, r, report, now); err != nil {
			return err
		}
		if err := store.UpdateSystem(ctx, tx, s); err != nil {
			return err
		}
		if len(report.Checks) > 0 && len(report.Series) > 0 {
			if err := remarkSeries(ctx, tx, s); err != nil {
				return err
			}
		}
		if s.State != before {
			err := store.AppendChanges(ctx, tx, []change.Change{{
				Kind: change.SystemUpdated, Actor: change.Actor{Kind: change.ActorHub, Name: "hub"},
				Origin: change.Source{SystemID: string(s.ID)},
			}})
			if err == nil {
				err = noteAdmission(ctx, tx, &s)
			}
			if err != nil {
				return err
			}
		}
		return store.FinishRun(ctx, tx, c, r)
	})
	if err != nil {
		return err
	}
	for _, t := range []Topic{TopicRuns, TopicSystems, TopicChanges} {
		h.o.Wake(t, c.Organisation)
	}
	return nil
}

// learn applies a report to a system (design section 5, system states).
func learn(s *system.System, report SystemReport, now time.Time) {
	if !report.CredentialsSetAt.IsZero() && !report.CredentialsSetAt.Equal(s.CredentialsSetAt) {
		// Other credentials were set meanwhile: what was found out about the old ones neither vouches for them nor speaks
		// against them.
		report.Checks = nil
		if fault.Is(report.Fault, fault.Denied) {
			report.Fault = nil
		}
	}
	if report.Checks != nil {
		s.Checks, s.CheckedAt = report.Checks, now
		passed := allOK(report.Checks)
		switch {
		case passed && (s.State == system.Draft || s.State == system.NeedsAction):
			s.State = system.Checked
		case !passed && s.State == system.Checked:
			s.State = system.Draft
		}
	}
	if report.Series != nil {
		s.Series = report.Series
	}
	if report.Activation != nil {
		said := *report.Activation
		said.AsOf = now
		s.Activation = &said
	}
	if !report.FreshSince.IsZero() {
		s.Cursor, s.FreshAt = report.Cursor, report.FreshSince
		if report.Swept {
			s.SweptAt = report.FreshSince
		}
	}
	if report.Fault == nil {
		s.Fault = nil
		return
	}
	code, message := fault.CodeOf(report.Fault), Shown(report.Fault)
	if s.Fault == nil || s.Fault.Code != code {
		s.Fault = &system.Fault{Code: code, Since: now}
	}
	s.Fault.Message = message
	if f := fault.Of(report.Fault); f != nil && !s.NextDueAt.IsZero() {
		at := f.Until
		if latest := now.Add(longestWait); at.After(latest) {
			at = latest
		}
		if at.After(s.NextDueAt) {
			s.NextDueAt = at
		}
	}
	if code == fault.Denied && s.State == system.Running {
		// Trying on with refused credentials could lock them out; a person has to act (T38).
		s.State = system.NeedsAction
	}
}

// noteAdmission raises a finding when a system came to admit the hub no longer, and resolves it when a check passed again.
func noteAdmission(ctx context.Context, tx pgx.Tx, s *system.System) error {
	var found []finding.Finding
	switch s.State {
	case system.NeedsAction:
		found = []finding.Finding{{
			Code: finding.SystemDenied, Message: s.Name + " no longer admits the hub. Renew the credentials or the permissions, check the system and start it again.",
		}}
	case system.Checked:
	default:
		return nil
	}
	noted, err := store.SyncFindingsOf(ctx, tx, s.ID, []string{""}, []finding.Code{finding.SystemDenied}, found)
	return logFindings(ctx, tx, noted, byHub, err)
}

// noteVerification raises a finding when a system on its own side could not verify what it was handed (R23, R26), and ends it when it could.
func noteVerification(ctx context.Context, tx pgx.Tx, s *system.System, report SystemReport) error {
	if report.Activation == nil || report.Activation.Stage == system.StageVerifying {
		return nil
	}
	var found []finding.Finding
	if report.Activation.Stage == system.StageFailed {
		said := []string{s.Name + " could not verify what it was handed."}
		for _, c := range report.Activation.Checks {
			if !c.OK {
				said = append(said, c.Name+": "+c.Message)
			}
		}
		found = []finding.Finding{{Code: finding.VerificationFailed, Message: strings.Join(said, " ")}}
	}
	noted, err := store.SyncFindingsOf(ctx, tx, s.ID, []string{""}, []finding.Code{finding.VerificationFailed}, found)
	return logFindings(ctx, tx, noted, byHub, err)
}

func allOK(checks []system.Check) bool {
	for _, c := range checks {
		if !c.OK {
			return false
		}
	}
	return true
}

// Shown is the text of a fault for operators: its message, never its cause.
func Shown(err error) string {
	if f := fault.Of(err); f != nil && f.Message != "" {
		return f.Message
	}
	return "Something went wrong inside the hub; the log has the details."
}

// ProgressWork writes how far a run is and renews the worker's hold of it. Stale means that the run is in other hands now.
func (h *Hub) ProgressWork(ctx context.Context, c store.Claim, r run.Run, place int, lease time.Duration) error {
	err := h.in(ctx, c, func(ctx context.Context, tx pgx.Tx) error { return store.ProgressRun(ctx, tx, c, r, place, lease) })
	if err == nil {
		h.o.Wake(TopicRuns, c.Organisation)
	}
	return err
}

// RenewWork holds a run for another lease. Stale means that the run is in other hands now.
func (h *Hub) RenewWork(ctx context.Context, c store.Claim, lease time.Duration) error {
	return h.in(ctx, c, func(ctx context.Context, tx pgx.Tx) error { return store.RenewRun(ctx, tx, c, lease) })
}

// ReleaseWork gives a run back unfinished, for a worker that is shutting down.
func (h *Hub) ReleaseWork(ctx context.Context, c store.Claim) error {
	err := h.in(ctx, c, func(ctx context.Context, tx pgx.Tx) error { return store.ReleaseRun(ctx, tx, c) })
	if err == nil {
		h.o.Wake(TopicRuns, c.Organisation)
	}
	return err
}

// WakeRuns tells watchers that a run of the organisation went on.
func (h *Hub) WakeRuns(org organisation.ID) { h.o.Wake(TopicRuns, org) }
