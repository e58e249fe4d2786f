package graph

import (
	"context"
	"errors"
	"time"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/system"
)

// toPolicy translates a policy; what was never decided is what holds.
func toPolicy(p system.Policy) *model.SystemPolicy {
	all := p.Of("")
	out := &model.SystemPolicy{
		Direction: model.SyncDirection(all.Direction), Master: model.SyncMaster(all.Master), Groups: []*model.GroupPolicy{},
		Brake: &model.Brake{SharePercent: p.Brake.Share(), Count: p.Brake.Least(), WindowHours: int(p.Brake.Window() / time.Hour)},
	}
	for _, name := range sortedKeys(p.Groups) {
		g := &model.GroupPolicy{Group: name}
		if d := model.SyncDirection(p.Groups[name].Direction); d != "" {
			g.Direction = &d
		}
		if m := model.SyncMaster(p.Groups[name].Master); m != "" {
			g.Master = &m
		}
		out.Groups = append(out.Groups, g)
	}
	return out
}

// SetSystemPolicy resolves Mutation.setSystemPolicy.
func (r mutations) SetSystemPolicy(ctx context.Context, in model.SetSystemPolicyInput) (*model.SetSystemPolicyPayload, error) {
	var s system.System
	id, err := parseSystemID(in.ID)
	err = at(err, "id")
	if err == nil {
		list, _ := in.Groups.ValueOK()
		groups := each(list, func(g *model.GroupPolicyInput) hub.GroupPolicy {
			return hub.GroupPolicy{Group: g.Group, Flow: system.Flow{
				Direction: system.Direction(value(given(g.Direction))), Master: system.Master(value(given(g.Master))),
			}}
		})
		flow := system.Flow{
			Direction: system.Direction(in.Direction), Master: system.Master(valueOr(given(in.Master), model.SyncMasterSystem)),
		}
		set := hub.SetPolicy{Flow: flow, Groups: groups}
		if brake, said := in.Brake.ValueOK(); said {
			set.Brake = &system.Brake{}
			if brake != nil {
				set.Brake.SharePercent, set.Brake.Count, set.Brake.WindowHours = given(brake.SharePercent), given(brake.Count), given(brake.WindowHours)
			}
		}
		s, err = r.hub.SetSystemPolicy(ctx, auth.ViewerFrom(ctx), id, set, idempotencyKey(in.IdempotencyKey))
	}
	failures, err := userErrors(err, "input")
	return &model.SetSystemPolicyPayload{System: changedSystem(ctx, s), UserErrors: failures}, err
}

// RetryLink resolves Mutation.retryLink.
func (r mutations) RetryLink(ctx context.Context, in model.RetryLinkInput) (*model.RetryLinkPayload, error) {
	out := &model.RetryLinkPayload{}
	id, err := parseLinkID(in.ID)
	err = at(err, "id")
	if err == nil {
		var l hub.LinkView
		v := auth.ViewerFrom(ctx)
		if l, err = r.hub.RetryLink(ctx, v, id, idempotencyKey(in.IdempotencyKey)); err == nil {
			out.Link = toLink(v, l, nil)
		}
	}
	out.UserErrors, err = userErrors(err, "input")
	return out, err
}

// ChooseOffice resolves Mutation.chooseOffice.
func (r mutations) ChooseOffice(ctx context.Context, in model.ChooseOfficeInput) (*model.ChooseOfficePayload, error) {
	out := &model.ChooseOfficePayload{}
	id, err := parseLinkID(in.LinkID)
	err = at(err, "linkId")
	office, officeErr := parseOfficeID(in.OfficeID)
	if err == nil {
		err = at(officeErr, "officeId")
	}
	if err == nil {
		var l hub.LinkView
		v := auth.ViewerFrom(ctx)
		if l, err = r.hub.ChooseOffice(ctx, v, id, office, idempotencyKey(in.IdempotencyKey)); err == nil {
			out.Link = toLink(v, l, nil)
		}
	}
	out.UserErrors, err = userErrors(err, "input")
	return out, err
}

// LinkRecord resolves Mutation.linkRecord.
func (r mutations) LinkRecord(ctx context.Context, in model.LinkRecordInput) (*model.LinkRecordPayload, error) {
	out := &model.LinkRecordPayload{}
	c, err := parseCustomerID(in.CustomerID)
	err = at(err, "customerId")
	sys, sysErr := parseSystemID(in.SystemID)
	if err = errors.Join(err, at(sysErr, "systemId")); err == nil {
		var l hub.LinkView
		v := auth.ViewerFrom(ctx)
		if l, err = r.hub.LinkRecord(ctx, v, c, sys, in.ExternalID, idempotencyKey(in.IdempotencyKey)); err == nil {
			out.Link = toLink(v, l, nil)
		}
	}
	out.UserErrors, err = userErrors(err, "input")
	return out, err
}

// PendingWrite resolves Link.pendingWrite.
func (r links) PendingWrite(ctx context.Context, l *model.Link) (*model.PendingWrite, error) {
	i, ok, err := found(load(ctx).pending.Load(ctx, l.LinkID))
	if err != nil || !ok {
		return nil, err
	}
	return toPendingWrite(i), nil
}

func toPendingWrite(i link.Intent) *model.PendingWrite {
	part := string(i.Part)
	if part == "" {
		part = "customer"
	}
	fields := make([]string, 0, len(i.Set))
	for _, f := range i.Set.Sorted() {
		fields = append(fields, string(f))
	}
	return &model.PendingWrite{
		Operation: model.WriteOperation(i.Operation), Part: part, Fields: fields, Since: i.MadeAt, SentAt: i.SentAt, Sends: i.Sends,
		Trying: text(i.Trying),
	}
}

// Deletion resolves Link.deletion.
func (r links) Deletion(ctx context.Context, l *model.Link) (*model.RecordDeletion, error) {
	d, ok, err := found(load(ctx).deletions.Load(ctx, l.LinkID))
	if err != nil || !ok {
		return nil, err
	}
	return toDeletion(d), nil
}

func toDeletion(d link.Deletion) *model.RecordDeletion {
	return &model.RecordDeletion{
		State: model.DeletionState(d.State), AskedBy: d.By, Reason: d.Reason, AskedAt: d.AskedAt, EndedAt: moment(d.EndedAt),
		Message: text(d.Message),
	}
}

// QueuePosition resolves Link.queuePosition.
func (r links) QueuePosition(ctx context.Context, l *model.Link) (*int, error) {
	if l.State != model.SyncStateDue && l.DueAt == nil {
		return nil, nil
	}
	n, ok, err := found(load(ctx).ahead.Load(ctx, l.LinkID))
	if err != nil || !ok {
		return nil, err
	}
	return &n, nil
}

// Lane resolves System.lane.
func (r systems) Lane(ctx context.Context, s *model.System) (*model.Lane, error) {
	if !auth.ViewerFrom(ctx).Can(auth.SystemsRead) {
		return nil, nil
	}
	lane, ok, err := found(load(ctx).lanes.Load(ctx, s.SystemID))
	if err != nil || !ok {
		return nil, err
	}
	return &model.Lane{
		HeldSince: lane.HeldSince, Waiting: lane.Waiting, Interactive: lane.Interactive,
		UsualSeconds: seconds(lane.UsualHold), ExpectedWaitSeconds: seconds(lane.ExpectedWait),
	}, nil
}

// seconds is a duration in seconds, to the millisecond.
func seconds(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }
