package graph

import (
	"context"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/finding"
)

func toFinding(f finding.Finding) *model.Finding {
	code := model.FindingCode(f.Code)
	if !code.IsValid() {
		code = model.FindingCodeUnknown
	}
	return &model.Finding{
		ID: globalID(nounFinding, f.ID), Code: code, Message: f.Message, Field: text(fieldName(f.Field)), ExternalID: text(f.ExternalID),
		RaisedAt: f.RaisedAt, ResolvedAt: moment(f.ResolvedAt), CustomerID: f.CustomerID, SystemID: f.SystemID,
	}
}

// loadFinding reads a finding; nil when there is none.
func loadFinding(ctx context.Context, id finding.ID) (*model.Finding, error) {
	f, ok, err := found(load(ctx).findings.Load(ctx, id))
	if err != nil || !ok {
		return nil, err
	}
	return toFinding(f), nil
}

// System resolves Finding.system.
func (r findings) System(ctx context.Context, f *model.Finding) (*model.System, error) {
	return namedSystem(ctx, f.SystemID)
}

// Customer resolves Finding.customer.
func (r findings) Customer(ctx context.Context, f *model.Finding) (*model.Customer, error) {
	if !auth.ViewerFrom(ctx).Can(auth.CustomersRead) {
		return nil, nil
	}
	return loadCustomer(ctx, f.CustomerID, customerRelations(ctx))
}
