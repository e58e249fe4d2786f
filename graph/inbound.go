package graph

import (
	"context"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/hub"
	"customerhub/internal/system"
)

// CreateInboundEndpoint resolves Mutation.createInboundEndpoint.
func (r mutations) CreateInboundEndpoint(ctx context.Context, in model.CreateInboundEndpointInput) (*model.CreateInboundEndpointPayload, error) {
	var s system.System
	var secret string
	id, err := parseSystemID(in.ID)
	err = at(err, "id")
	if err == nil {
		s, secret, err = r.hub.CreateInboundEndpoint(ctx, auth.ViewerFrom(ctx), id, idempotencyKey(in.IdempotencyKey))
	}
	failures, err := userErrors(err, "input")
	return &model.CreateInboundEndpointPayload{System: changedSystem(ctx, s), Secret: text(secret), UserErrors: failures}, err
}

// RotateInboundSecret resolves Mutation.rotateInboundSecret.
func (r mutations) RotateInboundSecret(ctx context.Context, in model.RotateInboundSecretInput) (*model.RotateInboundSecretPayload, error) {
	var s system.System
	var secret string
	id, err := parseSystemID(in.ID)
	err = at(err, "id")
	if err == nil {
		s, secret, err = r.hub.RotateInboundSecret(ctx, auth.ViewerFrom(ctx), id, idempotencyKey(in.IdempotencyKey))
	}
	failures, err := userErrors(err, "input")
	return &model.RotateInboundSecretPayload{System: changedSystem(ctx, s), Secret: text(secret), UserErrors: failures}, err
}

// RemoveInboundEndpoint resolves Mutation.removeInboundEndpoint.
func (r mutations) RemoveInboundEndpoint(ctx context.Context, in model.RemoveInboundEndpointInput) (*model.RemoveInboundEndpointPayload, error) {
	var s system.System
	id, err := parseSystemID(in.ID)
	err = at(err, "id")
	if err == nil {
		s, err = r.hub.RemoveInboundEndpoint(ctx, auth.ViewerFrom(ctx), id, idempotencyKey(in.IdempotencyKey))
	}
	failures, err := userErrors(err, "input")
	return &model.RemoveInboundEndpointPayload{System: changedSystem(ctx, s), UserErrors: failures}, err
}

// Inbound resolves System.inbound.
func (r systems) Inbound(ctx context.Context, s *model.System) (*model.Inbound, error) {
	if !auth.ViewerFrom(ctx).Can(auth.SystemsRead) {
		return nil, nil
	}
	in, ok, err := found(load(ctx).inbound.Load(ctx, s.SystemID))
	if err != nil || !ok {
		return nil, err
	}
	return toInbound(in), nil
}

func toInbound(in hub.Inbound) *model.Inbound {
	out := &model.Inbound{
		URL: text(in.URL), Path: in.Path, Active: in.RemovedAt.IsZero(), CreatedAt: in.CreatedAt, SecretSetAt: in.SecretSetAt,
		PreviousSecretUntil: moment(in.PreviousUntil), SubscribedAt: moment(in.SubscribedAt), LastDeliveryAt: moment(in.LastDeliveryAt),
		LastRefusedAt: moment(in.LastRefusedAt),
		Refused: each(in.Refused, func(n system.RefusedDeliveries) *model.RefusedDeliveries {
			return &model.RefusedDeliveries{Reason: model.DeliveryRefusal(n.Reason), Count: n.Count, LastAt: n.LastAt}
		}),
	}
	if in.Fault != nil {
		out.Fault = toFault(in.Fault.Code, in.Fault.Message, in.Fault.Since)
	}
	return out
}
