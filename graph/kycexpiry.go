package graph

import (
	"context"
	"strconv"
	"time"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/change"
	"customerhub/internal/customer"
)

// ofKYC says whether changes of a kind are about the due diligence.
func ofKYC(k change.Kind) bool { return k == change.KYCStatusChanged || k == change.KYCExpiryNear }

// toExpiry translates what a change of the kind KYC_EXPIRY_NEAR tells.
func toExpiry(fields []customer.FieldChange) *model.KycExpiry {
	var out model.KycExpiry
	for _, f := range fields {
		switch f.Field {
		case customer.FieldKYCExpiresOn:
			out.ExpiresOn = f.After
		case customer.FieldKYCDaysLeft:
			out.DaysLeft, _ = strconv.Atoi(f.After) // the hub wrote it
		}
	}
	return &out
}

// KycExpiry resolves Change.kycExpiry.
func (r changes) KycExpiry(ctx context.Context, c *model.Change) (*model.KycExpiry, error) {
	return maskedExpiry(auth.ViewerFrom(ctx), c), nil
}

func maskedExpiry(v auth.Viewer, c *model.Change) *model.KycExpiry {
	if masksKYC(v) {
		return nil
	}
	return c.Expiry
}

// toKYCSnapshot translates what the due-diligence service had said at a moment, of which the hub has left out what the viewer may not
// see.
func (a *API) toKYCSnapshot(v auth.Viewer, at time.Time, k customer.KYC) *model.KycSnapshot {
	return &model.KycSnapshot{
		State: model.KycState(k.State), RiskClass: model.RiskClass(k.RiskClass), RequiresActions: k.RequiresActions,
		RequiresActionsReasons: list(k.RequiresActionsReasons), LatestRiskAssessmentOn: text(k.LatestRiskAssessmentOn),
		DueDiligenceExpiresOn: text(k.DueDiligenceExpiresOn), IsOverdue: k.Overdue(a.dayOf(at)), Notes: text(k.Notes),
		SaidAt: moment(k.AsOf), RecordedAt: moment(k.RecordedAt), Masked: masksKYC(v),
		Stage: text(k.Stage), ContactPerson: toKYCPerson(v, k.Person),
	}
}
