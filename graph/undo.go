package graph

import (
	"context"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/hub"
	"customerhub/internal/run"
	"customerhub/internal/system"
)

// UndoRun resolves Mutation.undoRun.
func (r mutations) UndoRun(ctx context.Context, in model.UndoRunInput) (*model.UndoRunPayload, error) {
	ask := hub.UndoRun{DryRun: in.DryRun, Reason: value(given(in.Reason))}
	var err error
	if ask.Run, err = parseAs[run.ID](nounRun, in.Run); err != nil {
		err = at(err, "run")
	} else if id := given(in.ExpectedDryRun); id != nil {
		ask.Expected, err = parseAs[run.ID](nounRun, *id)
		err = at(err, "expectedDryRun")
	}
	out := &model.UndoRunPayload{}
	if err == nil {
		var done run.Run
		if done, err = r.hub.UndoRun(ctx, auth.ViewerFrom(ctx), ask, idempotencyKey(in.IdempotencyKey)); err == nil {
			out.Run = toRun(done, r.now())
		}
	}
	out.UserErrors, err = userErrors(err, "input")
	return out, err
}

// Undo resolves Run.undo.
func (r runs) Undo(ctx context.Context, of *model.Run) (*model.Undo, error) {
	if of.Kind != model.RunKindUndo {
		return nil, nil
	}
	u, ok, err := found(load(ctx).undos.Load(ctx, of.RunID))
	if err != nil || !ok {
		return nil, err
	}
	out := &model.Undo{DryRun: u.DryRun, Reason: text(u.Reason), Counts: []*model.UndoCount{}, RunID: u.ID, OfID: u.Of}
	for _, v := range run.Verdicts() {
		if n := u.Counts[v]; n > 0 {
			out.Counts = append(out.Counts, &model.UndoCount{Verdict: model.UndoVerdict(v), Count: n})
		}
	}
	return out, nil
}

// Of resolves Undo.of.
func (r undos) Of(ctx context.Context, u *model.Undo) (*model.Run, error) {
	return loadRun(ctx, u.OfID)
}

// Items resolves Undo.items.
func (r undos) Items(ctx context.Context, u *model.Undo, verdict *model.UndoVerdict, first *int, after *string) (*model.UndoItemConnection, error) {
	v := auth.ViewerFrom(ctx)
	page, err := r.hub.UndoItems(ctx, v, u.RunID, run.Verdict(value(verdict)), first, value(after))
	if err != nil {
		return nil, err
	}
	out := &model.UndoItemConnection{
		Edges: []*model.UndoItemEdge{}, Nodes: []*model.UndoItem{}, PageInfo: &model.PageInfo{HasNextPage: page.HasMore, HasPreviousPage: value(after) != ""},
		TotalCount: counted(u.Counts, verdict),
	}
	for i := range page.Items {
		n := toUndoItem(v, &page.Items[i])
		out.Nodes = append(out.Nodes, n)
		out.Edges = append(out.Edges, &model.UndoItemEdge{Node: n, Cursor: page.Cursors[i]})
	}
	if n := len(page.Cursors); n > 0 {
		out.PageInfo.StartCursor, out.PageInfo.EndCursor = &page.Cursors[0], &page.Cursors[n-1]
	}
	return out, nil
}

// counted is how many items have the verdict, or any where it is nil.
func counted(counts []*model.UndoCount, verdict *model.UndoVerdict) (n int) {
	for _, c := range counts {
		if verdict == nil || *verdict == c.Verdict {
			n += c.Count
		}
	}
	return n
}

// toUndoItem translates an item, as far as the viewer may see it.
func toUndoItem(v auth.Viewer, i *run.UndoItem) *model.UndoItem {
	out := &model.UndoItem{
		Subject: model.UndoSubject(i.Subject), ExternalID: text(i.ExternalID), Verdict: model.UndoVerdict(i.Verdict), Because: i.Says(),
		ChangedBy: text(i.ChangedBy), ChangedAt: moment(i.ChangedAt), CustomerID: i.CustomerID, SystemID: i.System, Flows: i.Flows, Stays: i.Stays,
	}
	if i.Field != "" {
		out.Field = text(fieldName(i.Field))
	}
	if !v.Can(auth.CustomersRead) {
		return out
	}
	out.Number, out.Name = text(i.Number), text(i.Name)
	if is, _ := personal(string(i.Field)); (!is || !masksPeople(v)) && !hiddenKYC(v, string(i.Field)) {
		out.Before, out.After = fieldValue(i.Field, i.Before), fieldValue(i.Field, i.After)
	}
	return out
}

// Customer resolves UndoItem.customer.
func (r undoItems) Customer(ctx context.Context, i *model.UndoItem) (*model.Customer, error) {
	if !auth.ViewerFrom(ctx).Can(auth.CustomersRead) {
		return nil, nil
	}
	return loadCustomer(ctx, i.CustomerID, customerRelations(ctx))
}

// System resolves UndoItem.system.
func (r undoItems) System(ctx context.Context, i *model.UndoItem) (*model.System, error) {
	if i.SystemID == "" {
		return nil, nil
	}
	return loadSystem(ctx, i.SystemID)
}

// FlowsTo resolves UndoItem.flowsTo.
func (r undoItems) FlowsTo(ctx context.Context, i *model.UndoItem) ([]*model.System, error) {
	return loadSystems(ctx, i.Flows)
}

// StaysIn resolves UndoItem.staysIn.
func (r undoItems) StaysIn(ctx context.Context, i *model.UndoItem) ([]*model.System, error) {
	return loadSystems(ctx, i.Stays)
}

// loadSystems reads systems in their order; what is gone is left out.
func loadSystems(ctx context.Context, ids []system.ID) ([]*model.System, error) {
	out := make([]*model.System, 0, len(ids))
	for _, id := range ids {
		s, err := loadSystem(ctx, id)
		if err != nil {
			return nil, err
		}
		if s != nil {
			out = append(out, s)
		}
	}
	return out, nil
}
