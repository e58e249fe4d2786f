package graph

import (
	"context"
	"slices"

	"customerhub/graph/model"
	"customerhub/internal/advice"
	"customerhub/internal/auth"
	"customerhub/internal/finding"
	"customerhub/internal/hub"
)

// toFinding translates a finding. The message about a due diligence names a day that not everybody may see who may see findings; who may
// not is told what such a finding means.
func toFinding(v auth.Viewer, f finding.Finding) *model.Finding {
	if f.Code == finding.KYCExpires && masksKYC(v) {
		f.Message = finding.RowOf(f.Code).Means.With().In(advice.English)
	}
	code := model.FindingCode(f.Code)
	if !code.IsValid() {
		code = model.FindingCodeUnknown
	}
	field := f.Field
	if slices.Contains(finding.Ruled, f.Code) {
		field = "" // it keeps the stops of one system apart
	}
	return &model.Finding{
		ID: globalID(nounFinding, f.ID), Code: code, Severity: model.FindingSeverity(f.Severity), Message: f.Message, Field: text(fieldName(field)), ExternalID: text(f.ExternalID),
		HubSide: f.HubValue, SystemSide: f.SystemValue, RaisedAt: f.RaisedAt, ResolvedAt: moment(f.ResolvedAt), ResolvedBy: text(f.ResolvedBy), Note: text(f.Note), CustomerID: f.CustomerID, SystemID: f.SystemID,
	}
}

// Findings resolves Query.findings.
func (r queries) Findings(ctx context.Context, filter *model.FindingFilter, first *int, after *string, last *int, before *string) (*model.FindingConnection, error) {
	f, err := findingFilter(filter)
	if err != nil {
		return nil, err
	}
	total := asksFor(selected(ctx, "FindingConnection"), "totalCount")
	v := auth.ViewerFrom(ctx)
	page, err := r.hub.Findings(ctx, v, f, toPage(first, after, last, before), total)
	if err != nil {
		return nil, err
	}
	out := &model.FindingConnection{
		Edges: []*model.FindingEdge{}, Nodes: each(page.Items, func(f finding.Finding) *model.Finding { return toFinding(v, f) }), PageInfo: toPageInfo(page.Info, page.Cursors), TotalCount: page.Total,
	}
	for i, n := range out.Nodes {
		out.Edges = append(out.Edges, &model.FindingEdge{Node: n, Cursor: page.Cursors[i]})
	}
	return out, nil
}

// ResolveFinding resolves Mutation.resolveFinding.
func (r mutations) ResolveFinding(ctx context.Context, in model.ResolveFindingInput) (*model.ResolveFindingPayload, error) {
	var resolved finding.Finding
	id, err := parseAs[finding.ID](nounFinding, in.ID)
	err = at(err, "id")
	if err == nil {
		resolved, err = r.hub.ResolveFinding(ctx, auth.ViewerFrom(ctx), id, value(given(in.Note)), idempotencyKey(in.IdempotencyKey))
	}
	failures, err := userErrors(err, "input")
	out := &model.ResolveFindingPayload{UserErrors: failures}
	if resolved.ID != "" {
		out.Finding = toFinding(auth.ViewerFrom(ctx), resolved)
	}
	return out, err
}

func findingFilter(in *model.FindingFilter) (f hub.FindingFilter, err error) {
	if in == nil {
		return f, nil
	}
	f.Resolved, f.RaisedSince = given(in.Resolved), value(given(in.RaisedSince))
	if codes := in.Code.Value(); codes != nil {
		f.Codes = each(codes, func(c model.FindingCode) finding.Code { return finding.Code(c) })
	}
	if id := given(in.System); id != nil {
		if f.System, err = parseSystemID(*id); err != nil {
			return f, at(err, "filter", "system")
		}
	}
	if id := given(in.Customer); id != nil {
		if f.Customer, err = parseCustomerID(*id); err != nil {
			return f, at(err, "filter", "customer")
		}
	}
	return f, nil
}

// loadFinding reads a finding; nil when there is none.
func loadFinding(ctx context.Context, id finding.ID) (*model.Finding, error) {
	f, ok, err := found(load(ctx).findings.Load(ctx, id))
	if err != nil || !ok {
		return nil, err
	}
	return toFinding(auth.ViewerFrom(ctx), f), nil
}

// System resolves Finding.system.
func (r findings) System(ctx context.Context, f *model.Finding) (*model.System, error) {
	return namedSystem(ctx, f.SystemID)
}

// Fix resolves Finding.fix.
func (r findings) Fix(_ context.Context, f *model.Finding, language model.Language) (*model.Fix, error) {
	return toFix(finding.Code(f.Code).Fix(), advice.Language(language)), nil
}

// HubValue resolves Finding.hubValue.
func (r findings) HubValue(ctx context.Context, f *model.Finding) (*string, error) {
	return disputedValue(ctx, f, f.HubSide)
}

// SystemValue resolves Finding.systemValue.
func (r findings) SystemValue(ctx context.Context, f *model.Finding) (*string, error) {
	return disputedValue(ctx, f, f.SystemSide)
}

// disputedValue is a value of a customer that a finding tells, as far as the viewer may see it.
func disputedValue(ctx context.Context, f *model.Finding, side string) (*string, error) {
	v := auth.ViewerFrom(ctx)
	if side == "" || !v.Can(auth.CustomersRead) {
		return nil, nil
	}
	if is, ofPerson := personal(value(f.Field)); is && masksPeople(v) {
		if ofPerson {
			return nil, nil
		}
		of, err := loadCustomer(ctx, f.CustomerID, 0)
		if err != nil || of == nil || of.Kind == model.CustomerKindPrivate || oncePrivate(of) {
			return nil, err
		}
	}
	return &side, nil
}

// Customer resolves Finding.customer.
func (r findings) Customer(ctx context.Context, f *model.Finding) (*model.Customer, error) {
	if !auth.ViewerFrom(ctx).Can(auth.CustomersRead) {
		return nil, nil
	}
	return loadCustomer(ctx, f.CustomerID, customerRelations(ctx))
}
