package reconcile

import (
	"context"
	"maps"
	"time"

	"customerhub/internal/change"
	"customerhub/internal/connector"
	"customerhub/internal/fault"
	"customerhub/internal/run"
	"customerhub/internal/system"
)

// Some systems are taken into use in steps on their own side: their support enables the interfaces, they issue the hub's credential,
// verify what they are handed, and run once they were started (R9-R25). Each step is a run. An administrator asks for the first two;
// starting, pausing and going on there come with the same acts in the hub. How the system stands is kept from every step and check.

// activate carries out a step.
func (j *job) activate(ctx context.Context, conn connector.Connection, lane string) error {
	a, ok := conn.(connector.Activator)
	if !ok {
		return fault.New(fault.Unsupported, "This kind of system is not taken into use in steps.")
	}
	switch j.work.Run.Kind {
	case run.Credential:
		return j.requestCredential(ctx, a, lane)
	case run.Submitting:
		return j.submit(ctx, a, lane)
	default:
		err := j.inLane(ctx, lane, func(ctx context.Context, _ time.Time) error { return a.Pause(ctx) })
		if err != nil {
			return err
		}
		return j.askActivation(ctx, a, lane)
	}
}

// requestCredential stores the credential that the system issues, in place of the one before. Should the hub be killed in between, the
// one before is still valid for as long as the vendor says, and asking again gives another.
func (j *job) requestCredential(ctx context.Context, a connector.Activator, lane string) error {
	var issued map[string]string
	err := j.inLane(ctx, lane, func(ctx context.Context, _ time.Time) (err error) {
		issued, err = a.RequestCredential(ctx)
		return err
	})
	if err != nil {
		return err
	}
	credentials := maps.Clone(j.work.Credentials)
	maps.Copy(credentials, issued)
	if j.report.CredentialsSetAt, err = j.worker.hub.KeepCredentials(ctx, j.claim, j.work.System.ID, credentials); err != nil {
		return err
	}
	j.report.Activation = &system.Activation{Stage: system.StageIssued}
	return nil
}

// submit hands over what the system verifies and waits for what it finds. What it found wrong makes the run fail with the reasons, and
// the checks say the same (R23).
func (j *job) submit(ctx context.Context, a connector.Activator, lane string) error {
	s := j.work.System
	err := j.inLane(ctx, lane, func(ctx context.Context, _ time.Time) error {
		return a.Submit(ctx, connector.Submission{
			Identifiers: j.work.Source, ReportEmail: s.ReportEmail, OnlyWithContactPerson: s.Settings[connector.OnlyWithContactPerson] == "true",
		})
	})
	if err != nil {
		return err
	}
	until := j.worker.o.Clock.Now().Add(j.worker.o.Verification)
	for {
		if err := j.askActivation(ctx, a, lane); err != nil {
			return err
		}
		switch stage := j.report.Activation.Stage; {
		case stage.Verified():
			j.report.Checks = j.report.Activation.Checks
			return nil
		case stage != system.StageVerifying:
			j.report.Checks = j.report.Activation.Checks
			return unverified(*j.report.Activation)
		case !j.worker.o.Clock.Now().Before(until):
			return fault.Because(fault.Unavailable, "VERIFICATION_SLOW", "The system is still verifying after %s. Check it again later.", j.worker.o.Verification)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(j.worker.o.Poll):
		}
	}
}

// unverified says why a system may not run, in its own words where it gave some.
func unverified(a system.Activation) error {
	for _, c := range a.Checks {
		if !c.OK {
			return fault.Because(fault.Denied, "NOT_VERIFIED", "%s: %s", c.Name, c.Message)
		}
	}
	return fault.Because(fault.Denied, "NOT_VERIFIED", "The system says that the integration is %s.", a.Stage)
}

// askActivation asks how the system stands and keeps it for the report.
func (j *job) askActivation(ctx context.Context, a connector.Activator, lane string) error {
	return j.inLane(ctx, lane, func(ctx context.Context, _ time.Time) error {
		said, err := a.Activation(ctx)
		if err == nil {
			j.report.Activation = &said
		}
		return err
	})
}

// noteActivation is askActivation for a connection that may know no such steps.
func (j *job) noteActivation(ctx context.Context, conn connector.Connection, lane string) error {
	a, ok := conn.(connector.Activator)
	if !ok {
		return nil
	}
	return j.askActivation(ctx, a, lane)
}

// ensureStarted starts the integration on the system's side, or lets it go on there, when a person has started it here.
func (j *job) ensureStarted(ctx context.Context, conn connector.Connection, lane string) error {
	a, ok := conn.(connector.Activator)
	r := j.work.Run
	if said := j.work.System.Activation; ok && r.Kind == run.Poll && said != nil && said.Stage == system.StageFirstSync {
		return j.askActivation(ctx, a, lane) // it ends there by itself
	}
	if !ok || r.Kind != run.FirstImport && (r.Kind != run.Poll || r.RequestedBy.Kind == change.ActorHub) || !j.work.Checkpoint.ListedAt.IsZero() {
		return nil
	}
	if err := j.askActivation(ctx, a, lane); err != nil {
		return err
	}
	act := a.Start
	switch stage := j.report.Activation.Stage; stage {
	case system.StageFirstSync, system.StageRunning:
		return j.rescope(ctx, conn, lane)
	case system.StagePaused:
		act = a.Resume
	case system.StageVerified:
	default:
		return unverified(*j.report.Activation)
	}
	if err := j.inLane(ctx, lane, func(ctx context.Context, _ time.Time) error { return act(ctx) }); err != nil {
		return err
	}
	return j.askActivation(ctx, a, lane)
}

// rescope tells a system that runs of another scope than it has, so that it does not refuse whom the hub's setting lets in (R33).
func (j *job) rescope(ctx context.Context, conn connector.Connection, lane string) error {
	scoper, ok := conn.(connector.Scoper)
	wanted := j.work.System.Settings[connector.OnlyWithContactPerson] == "true"
	if !ok || j.report.Activation.OnlyWithContactPerson == wanted {
		return nil
	}
	err := j.inLane(ctx, lane, func(ctx context.Context, _ time.Time) error { return scoper.SetScope(ctx, wanted) })
	if err == nil {
		j.report.Activation.OnlyWithContactPerson = wanted
	}
	return err
}
