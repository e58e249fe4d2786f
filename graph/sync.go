package graph

import (
	"context"

	"customerhub/graph/model"
	"customerhub/internal/advice"
	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/explain"
	"customerhub/internal/system"
)

// explainKey asks how a customer stands in a system, or in all of them where it is empty.
type explainKey struct {
	id     customer.ID
	system system.ID
}

// explain reads what is asked for of one system together: a list asks for the same of each of its customers.
func (a *API) explain(ctx context.Context, v auth.Viewer, keys []explainKey) (map[explainKey][]explain.Explanation, error) {
	of := make(map[system.ID][]customer.ID)
	for _, k := range keys {
		of[k.system] = append(of[k.system], k.id)
	}
	out := make(map[explainKey][]explain.Explanation, len(keys))
	for in, ids := range of {
		found, err := a.hub.Explain(ctx, v, ids, in)
		if err != nil {
			return nil, err
		}
		for id, e := range found {
			out[explainKey{id, in}] = e
		}
	}
	return out, nil
}

// Sync resolves Customer.sync.
func (r customers) Sync(ctx context.Context, c *model.Customer, in *string, language model.Language) ([]*model.SyncExplanation, error) {
	key := explainKey{id: c.Noun.ID}
	if in != nil {
		id, err := parseAs[system.ID](nounSystem, *in)
		if err != nil {
			return nil, at(err, "system")
		}
		key.system = id
	}
	all, ok, err := found(load(ctx).explained.Load(ctx, key))
	if err != nil || !ok {
		return []*model.SyncExplanation{}, err
	}
	v := auth.ViewerFrom(ctx)
	return each(all, func(e explain.Explanation) *model.SyncExplanation {
		return toExplanation(v, e, advice.Language(language))
	}), nil
}

func toExplanation(v auth.Viewer, e explain.Explanation, l advice.Language) *model.SyncExplanation {
	out := &model.SyncExplanation{
		System: toSystem(v, *e.System), ExternalID: text(e.ExternalID), Primary: e.Primary, State: model.SyncState(e.State), Since: moment(e.Since), NextTryAt: moment(e.NextTryAt), VendorMessage: text(e.VendorMessage),
		Checks: each(e.Checks, func(c explain.Check) *model.Check {
			return &model.Check{Name: model.CheckName(c.Name), Result: model.CheckResult(c.Result), Message: text(c.Message.In(l))}
		}),
	}
	out.Fix = toFix(e.Fix, l)
	return out
}

func toFix(f *advice.Fix, l advice.Language) *model.Fix {
	if f == nil {
		return nil
	}
	return &model.Fix{Who: model.FixBy(f.Who), How: f.How.In(l)}
}
