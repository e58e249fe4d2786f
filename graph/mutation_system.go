package graph

import (
	"context"
	"slices"
	"strconv"
	"time"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/fault"
	"customerhub/internal/hub"
	"customerhub/internal/run"
	"customerhub/internal/system"
)

// settings turns a list of settings into a map. One given twice is refused: neither of the two would be right.
func settings(in []*model.SettingInput, path string) (map[string]string, error) {
	out := make(map[string]string, len(in))
	for i, s := range in {
		if _, twice := out[s.Name]; twice {
			return nil, fault.Because(fault.Invalid, "SETTING_INVALID", "%s is given twice.", s.Name).At(path, strconv.Itoa(i), "name")
		}
		out[s.Name] = s.Value
	}
	return out, nil
}

// farSeconds is far beyond what the hub accepts, and still a time.Duration.
const farSeconds = 1 << 31

func newSystem(in model.CreateSystemInput) (out hub.CreateSystem, err error) {
	out = hub.CreateSystem{Kind: system.Kind(in.Kind), Name: value(given(in.Name))}
	list, _ := in.Settings.ValueOK()
	if out.Settings, err = settings(list, "settings"); err != nil {
		return out, err
	}
	if s := given(in.PollEverySeconds); s != nil {
		if *s < 1 { // zero would mean the default to the hub
			return out, fault.New(fault.Invalid, "pollEverySeconds is at least 1; this is %d.", *s).At("pollEverySeconds")
		}
		out.PollEvery = time.Duration(min(*s, farSeconds)) * time.Second
	}
	return out, nil
}

// CreateSystem resolves Mutation.createSystem.
func (r mutations) CreateSystem(ctx context.Context, in model.CreateSystemInput) (*model.CreateSystemPayload, error) {
	var s system.System
	create, err := newSystem(in)
	if err == nil {
		s, err = r.hub.CreateSystem(ctx, auth.ViewerFrom(ctx), create, idempotencyKey(in.IdempotencyKey))
	}
	failures, err := userErrors(err, "input")
	return &model.CreateSystemPayload{System: changedSystem(ctx, s), UserErrors: failures}, err
}

// SetSystemCredentials resolves Mutation.setSystemCredentials.
func (r mutations) SetSystemCredentials(ctx context.Context, in model.SetSystemCredentialsInput) (*model.SetSystemCredentialsPayload, error) {
	var s system.System
	id, err := parseSystemID(in.ID)
	err = at(err, "id")
	if err == nil {
		var credentials map[string]string
		if credentials, err = settings(in.Credentials, "credentials"); err == nil {
			s, err = r.hub.SetSystemCredentials(ctx, auth.ViewerFrom(ctx), id, credentials, idempotencyKey(in.IdempotencyKey))
		}
	}
	failures, err := userErrors(err, "input")
	return &model.SetSystemCredentialsPayload{System: changedSystem(ctx, s), UserErrors: failures}, err
}

// CheckSystem resolves Mutation.checkSystem.
func (r mutations) CheckSystem(ctx context.Context, in model.CheckSystemInput) (*model.CheckSystemPayload, error) {
	var queued run.Run
	id, err := parseSystemID(in.ID)
	err = at(err, "id")
	if err == nil {
		queued, err = r.hub.CheckSystem(ctx, auth.ViewerFrom(ctx), id, idempotencyKey(in.IdempotencyKey))
	}
	failures, err := userErrors(err, "input")
	return &model.CheckSystemPayload{Run: queuedRun(queued, r.now()), UserErrors: failures}, err
}

// StartSystem resolves Mutation.startSystem.
func (r mutations) StartSystem(ctx context.Context, in model.StartSystemInput) (*model.StartSystemPayload, error) {
	var (
		s      system.System
		queued run.Run
	)
	id, err := parseSystemID(in.ID)
	err = at(err, "id")
	if err == nil {
		s, queued, err = r.hub.StartSystem(ctx, auth.ViewerFrom(ctx), id, idempotencyKey(in.IdempotencyKey))
	}
	failures, err := userErrors(err, "input")
	return &model.StartSystemPayload{System: changedSystem(ctx, s), Run: queuedRun(queued, r.now()), UserErrors: failures}, err
}

// PauseSystem resolves Mutation.pauseSystem.
func (r mutations) PauseSystem(ctx context.Context, in model.PauseSystemInput) (*model.PauseSystemPayload, error) {
	var s system.System
	id, err := parseSystemID(in.ID)
	err = at(err, "id")
	if err == nil {
		s, err = r.hub.PauseSystem(ctx, auth.ViewerFrom(ctx), id, idempotencyKey(in.IdempotencyKey))
	}
	failures, err := userErrors(err, "input")
	return &model.PauseSystemPayload{System: changedSystem(ctx, s), UserErrors: failures}, err
}

// SyncNow resolves Mutation.syncNow.
func (r mutations) SyncNow(ctx context.Context, in model.SyncNowInput) (*model.SyncNowPayload, error) {
	var queued run.Run
	id, err := parseSystemID(in.System)
	err = at(err, "system")
	if err == nil {
		queued, err = r.hub.SyncNow(ctx, auth.ViewerFrom(ctx), id, value(given(in.Full)), idempotencyKey(in.IdempotencyKey))
		if f := fault.Of(err); f != nil && slices.Equal(f.Path, []string{"id"}) {
			err = f.At("system") // what the hub calls the id, this input calls the system
		}
	}
	failures, err := userErrors(err, "input")
	return &model.SyncNowPayload{Run: queuedRun(queued, r.now()), UserErrors: failures}, err
}

// changedSystem is the system that a command gives back; nil when it failed.
func changedSystem(ctx context.Context, s system.System) *model.System {
	if s.ID == "" {
		return nil
	}
	return toSystem(auth.ViewerFrom(ctx), s)
}

// queuedRun is the run that a command gives back; nil when it failed.
func queuedRun(r run.Run, now time.Time) *model.Run {
	if r.ID == "" {
		return nil
	}
	return toRun(r, now)
}
