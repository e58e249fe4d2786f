package graph

import (
	"context"
	"time"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/fault"
	"customerhub/internal/hub"
	"customerhub/internal/system"
)

// toSystem translates a system. What needs systems:read stays out for those who only meet it beside a customer.
func toSystem(v auth.Viewer, s system.System) *model.System {
	out := &model.System{
		ID: globalID(nounSystem, s.ID), Kind: model.SystemKind(s.Kind), Name: s.Name, State: model.SystemState(s.State),
		Health: model.Health(s.Health()), CredentialsSetAt: moment(s.CredentialsSetAt), CheckedAt: moment(s.CheckedAt),
		PollEverySeconds: int(s.PollEvery / time.Second), NextDueAt: moment(s.NextDueAt), Freshness: moment(s.FreshAt),
		CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt, SystemID: s.ID,
	}
	if !v.Can(auth.SystemsRead) {
		return out
	}
	if s.Fault != nil {
		out.Fault = toFault(s.Fault.Code, s.Fault.Message, s.Fault.Since)
	}
	out.Settings = []*model.Setting{}
	for _, name := range sortedKeys(s.Settings) {
		out.Settings = append(out.Settings, &model.Setting{Name: name, Value: s.Settings[name]})
	}
	out.Policy = toPolicy(s.Policy)
	out.Checks, out.Activation = each(s.Checks, toCheck), toActivation(s.Activation)
	return out
}

func toCheck(c system.Check) *model.SystemCheck {
	return &model.SystemCheck{Name: c.Name, Ok: c.OK, Message: text(c.Message), Fix: text(c.Fix)}
}

// toActivation tells how a system stands on its own side; nil where it said nothing.
func toActivation(a *system.Activation) *model.SystemActivation {
	if a == nil {
		return nil
	}
	out := &model.SystemActivation{
		Stage: model.ActivationStage(a.Stage), Raw: text(a.Raw), Checks: each(a.Checks, toCheck), CheckedAt: moment(a.CheckedAt),
		StartedAt: moment(a.Started), FinishedAt: moment(a.Finished), Created: a.Created, SkippedNoContact: a.SkippedNoContact,
		Failed: a.Failed, AsOf: a.AsOf,
	}
	if !out.Stage.IsValid() {
		out.Stage, out.Raw = model.ActivationStageUnknown, text(string(a.Stage))
	}
	return out
}

func toFault(code fault.Code, message string, since time.Time) *model.Fault {
	c := model.FaultCode(code)
	if !c.IsValid() {
		c = model.FaultCodeInternal
	}
	return &model.Fault{Code: c, Message: message, Since: since}
}

// toLink translates a link; of is its customer where that was read with it, else nil.
func toLink(v auth.Viewer, l hub.LinkView, of *model.Customer) *model.Link {
	return &model.Link{
		ID: globalID(nounLink, l.ID), System: toSystem(v, l.System), ExternalID: text(l.ExternalID),
		State: model.SyncState(l.State), Reason: text(l.LastMessage), Primary: l.Primary, DueAt: moment(l.DueAt), Attempt: l.Attempt,
		LastSyncedAt: moment(l.LastSyncedAt), FreshAsOf: moment(l.FreshAsOf(l.System.FreshAt)), CustomerID: l.CustomerID, LinkID: l.ID, Of: of,
	}
}

// Systems resolves Query.systems.
func (r queries) Systems(ctx context.Context) ([]*model.System, error) {
	v := auth.ViewerFrom(ctx)
	all, err := r.hub.Systems(ctx, v)
	if err != nil {
		return nil, err
	}
	return each(all, func(s system.System) *model.System { return toSystem(v, s) }), nil
}

// LastRun resolves System.lastRun.
func (r systems) LastRun(ctx context.Context, s *model.System) (*model.Run, error) {
	if !auth.ViewerFrom(ctx).Can(auth.SystemsRead) {
		return nil, nil
	}
	last, ok, err := found(load(ctx).lastRuns.Load(ctx, s.SystemID))
	if err != nil || !ok {
		return nil, err
	}
	return toRun(last, r.now()), nil
}

// Customer resolves Link.customer.
func (r links) Customer(ctx context.Context, l *model.Link) (*model.Customer, error) {
	return ofOrLoad(ctx, l.Of, l.CustomerID)
}

// loadSystem reads a system; nil when there is none.
func loadSystem(ctx context.Context, id system.ID) (*model.System, error) {
	s, ok, err := found(load(ctx).systems.Load(ctx, id))
	if err != nil || !ok {
		return nil, err
	}
	return toSystem(auth.ViewerFrom(ctx), s), nil
}

// System resolves Source.system.
func (r origins) System(ctx context.Context, s *model.Source) (*model.System, error) {
	return namedSystem(ctx, s.SystemID)
}

// namedSystem reads a system that a value names; nil when it names none, or without systems:read.
func namedSystem(ctx context.Context, id system.ID) (*model.System, error) {
	if id == "" || !auth.ViewerFrom(ctx).Can(auth.SystemsRead) {
		return nil, nil
	}
	return loadSystem(ctx, id)
}
