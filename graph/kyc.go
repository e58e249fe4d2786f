package graph

import (
	"context"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/hub"
)

// toKYC translates a due-diligence status, of which the hub has left out what the viewer may not see.
func (a *API) toKYC(v auth.Viewer, id customer.ID, k customer.KYC) *model.Kyc {
	return &model.Kyc{
		State: model.KycState(k.State), RiskClass: model.RiskClass(k.RiskClass), RequiresActions: k.RequiresActions,
		RequiresActionsReasons: list(k.RequiresActionsReasons), LatestRiskAssessmentOn: text(k.LatestRiskAssessmentOn),
		DueDiligenceExpiresOn: text(k.DueDiligenceExpiresOn), IsOverdue: k.Overdue(a.today()), Notes: text(k.Notes),
		AsOf: moment(k.KnownAsOf()), Masked: masksKYC(v), CustomerID: id, Stage: text(k.Stage), ContactPerson: toKYCPerson(v, k.Person),
	}
}

func toKYCPerson(v auth.Viewer, p customer.KYCPerson) *model.KycContactPerson {
	if p == (customer.KYCPerson{}) {
		return nil
	}
	if masksPeople(v) {
		p.Email, p.Phone = "", ""
	}
	return &model.KycContactPerson{
		FirstName: text(p.FirstName), LastName: text(p.LastName), Email: text(p.Email), Phone: text(p.Phone), Language: text(p.Language),
	}
}

func toKYCHistory(p hub.KYCHistoryPage) *model.KycHistoryPage {
	out := &model.KycHistoryPage{Items: []*model.KycHistoryItem{}, EndCursor: text(p.EndCursor), HasMore: p.HasMore}
	for i, k := range p.Items {
		out.Items = append(out.Items, &model.KycHistoryItem{
			Cursor: p.Cursors[i], State: model.KycState(k.State), RiskClass: model.RiskClass(k.RiskClass),
			RequiresActions: k.RequiresActions, RequiresActionsReasons: list(k.RequiresActionsReasons),
			LatestRiskAssessmentOn: text(k.LatestRiskAssessmentOn), DueDiligenceExpiresOn: text(k.DueDiligenceExpiresOn),
			Notes: text(k.Notes), AsOf: k.AsOf, RecordedAt: k.RecordedAt, Source: toSource(k.SourceSystem),
		})
	}
	return out
}

// Kyc resolves Customer.kyc.
func (r customers) Kyc(ctx context.Context, c *model.Customer) (*model.Kyc, error) {
	k, ok, err := found(load(ctx).kyc.Load(ctx, c.Noun.ID))
	if err != nil {
		return nil, err
	}
	if !ok {
		k = customer.UnknownKYC()
	}
	return r.toKYC(auth.ViewerFrom(ctx), c.Noun.ID, k), nil
}

// History resolves Kyc.history.
func (r kycs) History(ctx context.Context, k *model.Kyc, first *int, after *string) (*model.KycHistoryPage, error) {
	page, _, err := found(load(ctx).kycHistory.Load(ctx, changesKey{k.CustomerID, value(after), valueOr(first, 20)}))
	if err != nil {
		return nil, err
	}
	return toKYCHistory(page), nil
}
