package graph

import (
	"context"
	"errors"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vikstrous/dataloadgen"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/explain"
	"customerhub/internal/finding"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/run"
	"customerhub/internal/system"
)

// loaders gather what a response needs beyond the batches of its root fields: the keys of one level, asked for in one
// call. They also remember, so they must not outlive the response.
type loaders struct {
	customers  *dataloadgen.Loader[customerKey, hub.CustomerView]
	offices    *dataloadgen.Loader[customer.OfficeID, customer.Office]
	people     *dataloadgen.Loader[customer.PersonID, customer.Person]
	contactsOf *dataloadgen.Loader[customer.PersonID, []customer.Contact]
	systems    *dataloadgen.Loader[system.ID, system.System]
	lastRuns   *dataloadgen.Loader[system.ID, run.Run]
	links      *dataloadgen.Loader[link.ID, hub.LinkView]
	pending    *dataloadgen.Loader[link.ID, link.Intent]
	deletions  *dataloadgen.Loader[link.ID, link.Deletion]
	ahead      *dataloadgen.Loader[link.ID, int]
	lanes      *dataloadgen.Loader[system.ID, hub.Lane]
	reports    *dataloadgen.Loader[system.ID, hub.ErrorReport]
	inbound    *dataloadgen.Loader[system.ID, hub.Inbound]
	runs       *dataloadgen.Loader[run.ID, run.Run]
	plans      *dataloadgen.Loader[run.ID, run.Plan]
	undos      *dataloadgen.Loader[run.ID, hub.UndoView]
	changesOf  *dataloadgen.Loader[changesKey, hub.ChangePage]
	provenance *dataloadgen.Loader[customer.ID, customer.Provenances]
	kyc        *dataloadgen.Loader[customer.ID, customer.KYC]
	explained  *dataloadgen.Loader[explainKey, []explain.Explanation]
	kycHistory *dataloadgen.Loader[changesKey, hub.KYCHistoryPage]
	findings   *dataloadgen.Loader[finding.ID, finding.Finding]
	stops      *dataloadgen.Loader[finding.ID, hub.Stop]
	// now is the time of the database.
	now func() time.Time
	// custom are the definitions of the organisation, which is all there is to ask for.
	custom *dataloadgen.Loader[struct{}, []customer.CustomField]
}

// customerKey asks for a customer with relations.
type customerKey struct {
	id   customer.ID
	with model.Relations
}

// changesKey asks for a page of the changes, or of the due-diligence history, of a customer.
type changesKey struct {
	id    customer.ID
	after string
	first int
}

func (a *API) newLoaders(v auth.Viewer) *loaders {
	wait := dataloadgen.WithWait(a.wait)
	return &loaders{
		now: a.now,
		customers: dataloadgen.NewMappedLoader(func(ctx context.Context, keys []customerKey) (map[customerKey]hub.CustomerView, error) {
			return a.fetchCustomers(ctx, v, keys)
		}, wait),
		changesOf: dataloadgen.NewMappedLoader(func(ctx context.Context, keys []changesKey) (map[changesKey]hub.ChangePage, error) {
			return pages(ctx, v, keys, a.hub.ChangesOfCustomers)
		}, wait),
		offices:    byID(v, a.hub.OfficesByID, wait),
		people:     byID(v, a.hub.PeopleByID, wait),
		contactsOf: byID(v, a.hub.ContactsOfPeople, wait),
		systems:    byID(v, a.hub.SystemsByID, wait),
		lastRuns:   byID(v, a.hub.LastRuns, wait),
		links:      byID(v, a.hub.LinksByID, wait),
		pending:    byID(v, a.hub.PendingByLink, wait),
		deletions:  byID(v, a.hub.DeletionsByLink, wait),
		ahead:      byID(v, a.hub.QueuePositions, wait),
		lanes:      byID(v, a.hub.LanesBySystem, wait),
		reports:    byID(v, a.hub.ErrorReportsBySystem, wait),
		inbound:    byID(v, a.hub.InboundBySystem, wait),
		runs:       byID(v, a.hub.RunsByID, wait),
		plans:      byID(v, a.hub.PlansByID, wait),
		undos:      byID(v, a.hub.UndosByID, wait),
		findings:   byID(v, a.hub.FindingsByID, wait),
		stops:      byID(v, a.hub.StopsByFinding, wait),
		provenance: byID(v, a.hub.ProvenanceByCustomer, wait),
		kyc:        byID(v, a.hub.KYCByCustomer, wait),
		explained: dataloadgen.NewMappedLoader(func(ctx context.Context, keys []explainKey) (map[explainKey][]explain.Explanation, error) {
			return a.explain(ctx, v, keys)
		}, wait),
		kycHistory: dataloadgen.NewMappedLoader(func(ctx context.Context, keys []changesKey) (map[changesKey]hub.KYCHistoryPage, error) {
			return pages(ctx, v, keys, a.hub.KYCHistory)
		}, wait),
		custom: dataloadgen.NewMappedLoader(func(ctx context.Context, _ []struct{}) (map[struct{}][]customer.CustomField, error) {
			all, err := a.hub.CustomFields(ctx, v)
			return map[struct{}][]customer.CustomField{{}: all}, err
		}, wait),
	}
}

// byID is a loader over a read of the hub that takes ids.
func byID[K comparable, V any](v auth.Viewer, read func(context.Context, auth.Viewer, []K) (map[K]V, error), wait dataloadgen.Option) *dataloadgen.Loader[K, V] {
	return dataloadgen.NewMappedLoader(func(ctx context.Context, ids []K) (map[K]V, error) { return read(ctx, v, ids) }, wait)
}

// fetchCustomers reads all customers with the relations that any of the keys asks for: one read, and at most a little too
// much.
func (a *API) fetchCustomers(ctx context.Context, v auth.Viewer, keys []customerKey) (map[customerKey]hub.CustomerView, error) {
	var with model.Relations
	seen := make(map[customer.ID]bool, len(keys))
	ids := make([]customer.ID, 0, len(keys))
	for _, k := range keys {
		with |= k.with
		if !seen[k.id] {
			seen[k.id] = true
			ids = append(ids, k.id)
		}
	}
	found, err := a.hub.CustomersByID(ctx, v, ids, include(with))
	if err != nil {
		return nil, err
	}
	out := make(map[customerKey]hub.CustomerView, len(keys))
	for _, k := range keys {
		if c, ok := found[k.id]; ok {
			out[k] = c
		}
	}
	return out, nil
}

// pages is a loader's fetch of one page for each of several customers: pages that begin at the same place are read
// together, and a list asks for one page of each of its customers.
func pages[Page any](ctx context.Context, v auth.Viewer, keys []changesKey,
	read func(ctx context.Context, v auth.Viewer, ids []customer.ID, after string, first int) (map[customer.ID]Page, error),
) (map[changesKey]Page, error) {
	type place struct {
		after string
		first int
	}
	ids := make(map[place][]customer.ID)
	for _, k := range keys {
		p := place{k.after, k.first}
		ids[p] = append(ids[p], k.id)
	}
	out := make(map[changesKey]Page, len(keys))
	for p, list := range ids {
		found, err := read(ctx, v, list, p.after, p.first)
		if err != nil {
			return nil, err
		}
		for id, page := range found {
			out[changesKey{id, p.after, p.first}] = page
		}
	}
	return out, nil
}

// found turns what a loader says into a value that may be missing.
func found[V any](v V, err error) (V, bool, error) {
	if errors.Is(err, dataloadgen.ErrNotFound) {
		return v, false, nil
	}
	return v, err == nil, err
}

type loadersKey struct{}

func (a *API) withLoaders(ctx context.Context) context.Context {
	return context.WithValue(ctx, loadersKey{}, a.newLoaders(auth.ViewerFrom(ctx)))
}

func load(ctx context.Context) *loaders { return ctx.Value(loadersKey{}).(*loaders) }

// ExtensionName implements graphql.HandlerExtension.
func (a *API) ExtensionName() string { return "Loaders" }

// Validate implements graphql.HandlerExtension.
func (a *API) Validate(graphql.ExecutableSchema) error { return nil }

// InterceptResponse gives each response fresh loaders; a subscription has a response per event.
func (a *API) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	return next(a.withLoaders(ctx))
}

// InterceptRootField gives each mutation of a document fresh loaders, since the one before it altered what they remember.
func (a *API) InterceptRootField(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
	if graphql.GetOperationContext(ctx).Operation.Operation == ast.Mutation {
		ctx = a.withLoaders(ctx)
	}
	return next(ctx)
}
