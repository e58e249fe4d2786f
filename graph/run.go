package graph

import (
	"context"
	"time"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/change"
	"customerhub/internal/hub"
	"customerhub/internal/run"
)

// toRun tells of a run; now is the time of the database, by which its end is reckoned.
func toRun(r run.Run, now time.Time) *model.Run {
	out := &model.Run{
		ID: globalID(nounRun, r.ID), Kind: model.RunKind(r.Kind), State: model.RunState(r.State),
		RequestedBy: toActor(r.RequestedBy), Counts: toCounts(r.Counts), Done: r.Done,
		CreatedAt: r.CreatedAt, StartedAt: moment(r.StartedAt), FinishedAt: moment(r.FinishedAt), SystemID: r.SystemID, RunID: r.ID,
		Sample: text(r.Sample), ExpectedEndAt: moment(r.ExpectedEnd(now)),
	}
	if r.Total > 0 {
		out.Total = &r.Total
	}
	if r.FaultCode != "" {
		out.Fault = toFault(r.FaultCode, r.Message, r.FinishedAt)
	}
	return out
}

func toCounts(c run.Counts) *model.RunCounts {
	return &model.RunCounts{
		Listed: c.Listed, Read: c.Read, Created: c.Created, Updated: c.Updated, Unchanged: c.Unchanged, Skipped: c.Skipped,
		Failed: c.Failed, Findings: c.Findings,
	}
}

func toActor(a change.Actor) *model.Actor {
	out := &model.Actor{Kind: model.ActorKind(a.Kind), Name: a.Name}
	if a.ID != "" {
		n := nounKey
		if a.Kind == change.ActorSystem {
			n = nounSystem
		}
		id := globalID(n, a.ID)
		out.ID = &id
	}
	return out
}

// Runs resolves Query.runs.
func (r queries) Runs(ctx context.Context, filter *model.RunFilter, first *int, after *string, last *int, before *string) (*model.RunConnection, error) {
	f, err := runFilter(filter)
	if err != nil {
		return nil, err
	}
	total := asksFor(selected(ctx, "RunConnection"), "totalCount")
	page, err := r.hub.Runs(ctx, auth.ViewerFrom(ctx), f, toPage(first, after, last, before), total)
	if err != nil {
		return nil, err
	}
	out := &model.RunConnection{Nodes: each(page.Items, func(one run.Run) *model.Run { return toRun(one, r.now()) }), PageInfo: toPageInfo(page.Info, page.Cursors), TotalCount: page.Total}
	for i, n := range out.Nodes {
		out.Edges = append(out.Edges, &model.RunEdge{Node: n, Cursor: page.Cursors[i]})
	}
	out.Edges = list(out.Edges)
	return out, nil
}

func runFilter(in *model.RunFilter) (f hub.RunFilter, err error) {
	if in == nil {
		return f, nil
	}
	f.State = run.State(value(given(in.State)))
	f.Kind = run.Kind(value(given(in.Kind)))
	if id := given(in.System); id != nil {
		if f.System, err = parseSystemID(*id); err != nil {
			return f, at(err, "filter", "system")
		}
	}
	return f, nil
}

// System resolves Run.system.
func (r runs) System(ctx context.Context, run *model.Run) (*model.System, error) {
	return loadSystem(ctx, run.SystemID)
}

// loadRun reads a run; nil when there is none.
func loadRun(ctx context.Context, id run.ID) (*model.Run, error) {
	r, ok, err := found(load(ctx).runs.Load(ctx, id))
	if err != nil || !ok {
		return nil, err
	}
	return toRun(r, load(ctx).now()), nil
}

// runByID reads a run past the loaders, as someone does who reads the same one again and again. ok is false when there
// is none.
func (a *API) runByID(ctx context.Context, id run.ID) (one run.Run, ok bool, err error) {
	all, err := a.hub.RunsByID(ctx, auth.ViewerFrom(ctx), []run.ID{id})
	one, ok = all[id]
	return one, ok, err
}
