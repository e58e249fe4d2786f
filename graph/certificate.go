package graph

import (
	"context"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/hub"
	"customerhub/internal/run"
)

func toCertificate(p run.Plan) *model.Certificate {
	complete := p.State == run.PlanReady || p.State == run.PlanApplied
	out := &model.Certificate{
		ID: globalID(nounCert, p.ID), MadeAt: p.MadeAt, Complete: complete, Healed: p.State == run.PlanApplied,
		Equal: p.Counts.Unchanged, Differing: p.Counts.Differing(), Counts: toPlanCounts(p.Counts), SystemID: p.SystemID, RunID: p.ID,
	}
	out.Compared = out.Equal + out.Differing
	if out.Compared > 0 {
		out.Drift = float64(out.Differing) / float64(out.Compared)
	}
	return out
}

// Certificates resolves Query.certificates.
func (r queries) Certificates(ctx context.Context, system string) ([]*model.Certificate, error) {
	id, err := parseSystemID(system)
	if err != nil {
		return nil, at(err, "system")
	}
	found, err := r.hub.Plans(ctx, auth.ViewerFrom(ctx), id, run.Certificate)
	if err != nil {
		return nil, err
	}
	return list(each(found, toCertificate)), nil
}

// loadCertificate reads a certificate; nil when there is none.
func loadCertificate(ctx context.Context, id run.ID) (*model.Certificate, error) {
	p, ok, err := found(load(ctx).plans.Load(ctx, id))
	if err != nil || !ok || p.Purpose != run.Certificate {
		return nil, err
	}
	return toCertificate(p), nil
}

// System resolves Certificate.system.
func (r certificates) System(ctx context.Context, c *model.Certificate) (*model.System, error) {
	return loadSystem(ctx, c.SystemID)
}

// Run resolves Certificate.run.
func (r certificates) Run(ctx context.Context, c *model.Certificate) (*model.Run, error) {
	return loadRun(ctx, c.RunID)
}

// Differences resolves Certificate.differences.
func (r certificates) Differences(ctx context.Context, c *model.Certificate, action *model.PlanAction, first *int, after *string) (*model.PlanStepConnection, error) {
	return r.pageOfSteps(ctx, c.RunID, hub.StepFilter{Action: run.StepAction(value(action))}, first, after)
}

// CertifySystem resolves Mutation.certifySystem.
func (r mutations) CertifySystem(ctx context.Context, in model.CertifySystemInput) (*model.CertifySystemPayload, error) {
	id, err := parseSystemID(in.ID)
	err = at(err, "id")
	out := &model.CertifySystemPayload{}
	if err == nil {
		var one run.Run
		if one, err = r.hub.CertifySystem(ctx, auth.ViewerFrom(ctx), id, value(given(in.IdempotencyKey))); err == nil {
			out.Run = toRun(one, r.now())
		}
	}
	out.UserErrors, err = userErrors(err, "input")
	return out, err
}
