package graph

import (
	"context"
	"reflect"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/fault"
	"customerhub/internal/feed"
	"customerhub/internal/system"
)

// These subscriptions give states, not changes: the newest is given whenever it is another than the one given before. A
// reader that is slow skips states, so nothing piles up behind it.

// RunProgress resolves Subscription.runProgress.
func (r subscription) RunProgress(ctx context.Context, id string) (<-chan *model.Run, error) {
	runID, err := parseRunID(id)
	if err != nil {
		return nil, at(err, "run")
	}
	// Watching begins before the first look, so that nothing happens between the two.
	wake := r.feed.Watch(ctx, feed.TopicRuns, auth.ViewerFrom(ctx).Organisation.ID)
	now, ok, err := r.runByID(ctx, runID)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fault.New(fault.NotFound, "There is no such run.").At("run")
	}
	out := make(chan *model.Run)
	go func() {
		defer close(out)
		last := now
		for first := true; ; first = false {
			if first || now != last {
				select {
				case out <- toRun(now, r.now()):
				case <-ctx.Done():
					return
				}
			}
			if last = now; now.State.Final() {
				return
			}
			select {
			case <-wake:
			case <-ctx.Done():
				return
			}
			if now, ok, err = r.runByID(ctx, runID); err != nil || !ok {
				fail(ctx, err)
				return
			}
		}
	}()
	return out, nil
}

// SystemChanged resolves Subscription.systemChanged.
func (r subscription) SystemChanged(ctx context.Context) (<-chan *model.System, error) {
	v := auth.ViewerFrom(ctx)
	// Watching begins before the first look, so that nothing happens between the two.
	wake := r.feed.Watch(ctx, feed.TopicSystems, v.Organisation.ID)
	now, err := r.hub.Systems(ctx, v)
	if err != nil {
		return nil, err
	}
	out := make(chan *model.System)
	go func() {
		defer close(out)
		given := make(map[system.ID]system.System)
		for {
			for _, s := range now {
				if last, ok := given[s.ID]; ok && reflect.DeepEqual(last, s) {
					continue
				}
				select {
				case out <- toSystem(v, s):
					given[s.ID] = s
				case <-ctx.Done():
					return
				}
			}
			select {
			case <-wake:
			case <-ctx.Done():
				return
			}
			if now, err = r.hub.Systems(ctx, v); err != nil {
				fail(ctx, err)
				return
			}
		}
	}()
	return out, nil
}
