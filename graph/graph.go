package graph

//go:generate go tool gqlgen generate

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
	_ "time/tzdata" // Finland's date has to be known on machines without a zone database too.

	"github.com/99designs/gqlgen/graphql"
	"github.com/jackc/pgx/v5/pgxpool"

	"customerhub/graph/rows"
	"customerhub/internal/advice"
	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/explain"
	"customerhub/internal/feed"
	"customerhub/internal/finding"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/onboarding"
	"customerhub/internal/organisation"
	"customerhub/internal/run"
	"customerhub/internal/system"
)

// Hub is what the API asks the hub for. Reads check scopes and mask by themselves; a thing that does not exist is missing
// from a map. hub.Hub is it.
type Hub interface {
	Customers(ctx context.Context, v auth.Viewer, q hub.CustomerQuery) (hub.CustomerPage, error)
	Customer(ctx context.Context, v auth.Viewer, by hub.CustomerLookup, inc hub.Include) (*hub.CustomerView, error)
	CustomerAsOf(ctx context.Context, v auth.Viewer, id customer.ID, at time.Time) (then *customer.Customer, now customer.Kind, err error)
	CustomersByID(ctx context.Context, v auth.Viewer, ids []customer.ID, inc hub.Include) (map[customer.ID]hub.CustomerView, error)
	MatchCustomers(ctx context.Context, v auth.Viewer, ids []customer.ID, f hub.CustomerFilter) (map[customer.ID]bool, error)
	OfficesByID(ctx context.Context, v auth.Viewer, ids []customer.OfficeID) (map[customer.OfficeID]customer.Office, error)
	People(ctx context.Context, v auth.Viewer, f hub.PersonFilter, p hub.Page, total bool) (hub.PersonPage, error)
	PeopleByID(ctx context.Context, v auth.Viewer, ids []customer.PersonID) (map[customer.PersonID]customer.Person, error)
	ContactsOfPeople(ctx context.Context, v auth.Viewer, ids []customer.PersonID) (map[customer.PersonID][]customer.Contact, error)
	Systems(ctx context.Context, v auth.Viewer) ([]system.System, error)
	SystemsByID(ctx context.Context, v auth.Viewer, ids []system.ID) (map[system.ID]system.System, error)
	LastRuns(ctx context.Context, v auth.Viewer, ids []system.ID) (map[system.ID]run.Run, error)
	LinksByID(ctx context.Context, v auth.Viewer, ids []link.ID) (map[link.ID]hub.LinkView, error)
	PendingByLink(ctx context.Context, v auth.Viewer, ids []link.ID) (map[link.ID]link.Intent, error)
	DeletionsByLink(ctx context.Context, v auth.Viewer, ids []link.ID) (map[link.ID]link.Deletion, error)
	QueuePositions(ctx context.Context, v auth.Viewer, ids []link.ID) (map[link.ID]int, error)
	LanesBySystem(ctx context.Context, v auth.Viewer, ids []system.ID) (map[system.ID]hub.Lane, error)
	ErrorReportsBySystem(ctx context.Context, v auth.Viewer, ids []system.ID) (map[system.ID]hub.ErrorReport, error)
	InboundBySystem(ctx context.Context, v auth.Viewer, ids []system.ID) (map[system.ID]hub.Inbound, error)
	Runs(ctx context.Context, v auth.Viewer, f hub.RunFilter, p hub.Page, total bool) (hub.RunPage, error)
	RunsByID(ctx context.Context, v auth.Viewer, ids []run.ID) (map[run.ID]run.Run, error)
	Changes(ctx context.Context, v auth.Viewer, after string, first int) (hub.ChangePage, error)
	ChangesOfCustomers(ctx context.Context, v auth.Viewer, ids []customer.ID, after string, first int) (map[customer.ID]hub.ChangePage, error)
	ProvenanceByCustomer(ctx context.Context, v auth.Viewer, ids []customer.ID) (map[customer.ID]customer.Provenances, error)
	Explain(ctx context.Context, v auth.Viewer, ids []customer.ID, in system.ID) (map[customer.ID][]explain.Explanation, error)
	KYCByCustomer(ctx context.Context, v auth.Viewer, ids []customer.ID) (map[customer.ID]customer.KYC, error)
	KYCHistory(ctx context.Context, v auth.Viewer, ids []customer.ID, after string, first int) (map[customer.ID]hub.KYCHistoryPage, error)
	CustomFields(ctx context.Context, v auth.Viewer) ([]customer.CustomField, error)
	Findings(ctx context.Context, v auth.Viewer, f hub.FindingFilter, p hub.Page, total bool) (hub.FindingPage, error)
	FindingsByID(ctx context.Context, v auth.Viewer, ids []finding.ID) (map[finding.ID]finding.Finding, error)

	PersonProposals(ctx context.Context, v auth.Viewer, first *int, after string, total bool) (hub.ProposalPage, error)

	Refresh(ctx context.Context, v auth.Viewer, by hub.CustomerLookup, oldest time.Duration) ([]hub.Stale, error)
	StopsByFinding(ctx context.Context, v auth.Viewer, ids []finding.ID) (map[finding.ID]hub.Stop, error)
	RuleMassChange(ctx context.Context, v auth.Viewer, id finding.ID, ruling link.Ruling, note, key string) (finding.Finding, error)
	ResolveFinding(ctx context.Context, v auth.Viewer, id finding.ID, note, key string) (finding.Finding, error)
	MergeCustomers(ctx context.Context, v auth.Viewer, in hub.MergeCustomers, key string) (hub.MergeResult, error)
	UnmergeCustomers(ctx context.Context, v auth.Viewer, in hub.UnmergeCustomers, key string) (hub.UnmergeResult, error)
	AcceptPersonProposal(ctx context.Context, v auth.Viewer, id customer.PersonProposalID, key string) (customer.PersonID, error)
	RejectPersonProposal(ctx context.Context, v auth.Viewer, id customer.PersonProposalID, key string) (customer.PersonID, error)
	CreateCustomer(ctx context.Context, v auth.Viewer, fields customer.Fields, key string) (hub.CustomerView, error)
	UpdateCustomer(ctx context.Context, v auth.Viewer, id customer.ID, expectedVersion *int, patch customer.Fields, key string) (hub.CustomerView, error)
	ReactivateCustomer(ctx context.Context, v auth.Viewer, id customer.ID, expectedVersion *int, key string) (hub.CustomerView, error)
	DeactivateCustomer(ctx context.Context, v auth.Viewer, id customer.ID, expectedVersion *int, key string) (hub.CustomerView, error)
	UpsertOffice(ctx context.Context, v auth.Viewer, id customer.ID, officeID customer.OfficeID, expectedVersion *int, patch customer.Fields, key string) (hub.CustomerView, customer.OfficeID, error)
	DeactivateOffice(ctx context.Context, v auth.Viewer, id customer.ID, officeID customer.OfficeID, expectedVersion *int, key string) (hub.CustomerView, error)
	ReactivateOffice(ctx context.Context, v auth.Viewer, id customer.ID, officeID customer.OfficeID, expectedVersion *int, key string) (hub.CustomerView, error)
	LinkContact(ctx context.Context, v auth.Viewer, in hub.LinkContact, key string) (hub.CustomerView, customer.PersonID, error)
	UnlinkContact(ctx context.Context, v auth.Viewer, id customer.ID, person customer.PersonID, expectedVersion *int, key string) (hub.CustomerView, error)
	SetDefaultContact(ctx context.Context, v auth.Viewer, id customer.ID, person customer.PersonID, expectedVersion *int, key string) (hub.CustomerView, error)
	UpdatePerson(ctx context.Context, v auth.Viewer, id customer.PersonID, patch customer.Fields, key string) (customer.Person, error)
	DefineCustomField(ctx context.Context, v auth.Viewer, d customer.CustomField, key string) (customer.CustomField, error)
	SetCustomFields(ctx context.Context, v auth.Viewer, id customer.ID, expectedVersion *int, values map[string]string, key string) (hub.CustomerView, error)
	SetResponsible(ctx context.Context, v auth.Viewer, id customer.ID, expectedVersion *int, r customer.Responsible, key string) (hub.CustomerView, error)
	CreateSystem(ctx context.Context, v auth.Viewer, in hub.CreateSystem, key string) (system.System, error)
	SetSystemCredentials(ctx context.Context, v auth.Viewer, id system.ID, credentials map[string]string, key string) (system.System, error)
	CheckSystem(ctx context.Context, v auth.Viewer, id system.ID, key string) (run.Run, error)
	StartSystem(ctx context.Context, v auth.Viewer, id system.ID, key string) (system.System, run.Run, error)
	PauseSystem(ctx context.Context, v auth.Viewer, id system.ID, key string) (system.System, error)
	SetSystemPolicy(ctx context.Context, v auth.Viewer, id system.ID, set hub.SetPolicy, key string) (system.System, error)
	SetSystemErrorReport(ctx context.Context, v auth.Viewer, id system.ID, email string, language advice.Language, key string) (system.System, error)
	CreateInboundEndpoint(ctx context.Context, v auth.Viewer, id system.ID, key string) (s system.System, secret string, err error)
	RotateInboundSecret(ctx context.Context, v auth.Viewer, id system.ID, key string) (s system.System, secret string, err error)
	RemoveInboundEndpoint(ctx context.Context, v auth.Viewer, id system.ID, key string) (system.System, error)
	RetryLink(ctx context.Context, v auth.Viewer, id link.ID, key string) (hub.LinkView, error)
	SetSystemSettings(ctx context.Context, v auth.Viewer, id system.ID, values map[string]string, key string) (system.System, error)
	RequestCredential(ctx context.Context, v auth.Viewer, id system.ID, key string) (run.Run, error)
	SubmitSystem(ctx context.Context, v auth.Viewer, id system.ID, key string) (run.Run, error)
	DeleteCandidate(ctx context.Context, v auth.Viewer, id customer.ID, reason, key string) (hub.LinkView, error)
	ResendCandidate(ctx context.Context, v auth.Viewer, id customer.ID, key string) (hub.LinkView, error)
	Plans(ctx context.Context, v auth.Viewer, id system.ID, purpose run.Purpose) ([]run.Plan, error)
	CertifySystem(ctx context.Context, v auth.Viewer, id system.ID, key string) (run.Run, error)
	Onboarding(ctx context.Context, v auth.Viewer) (hub.OnboardingView, error)
	SetOnboardingProfile(ctx context.Context, v auth.Viewer, p onboarding.Profile, key string) (hub.OnboardingView, error)
	AcknowledgeStep(ctx context.Context, v auth.Viewer, k onboarding.Key, reason, key string) (hub.OnboardingView, error)
	WithdrawAcknowledgement(ctx context.Context, v auth.Viewer, k onboarding.Key, key string) (hub.OnboardingView, error)
	NumberSeries(ctx context.Context, v auth.Viewer) (hub.NumberSeries, error)
	PlansByID(ctx context.Context, v auth.Viewer, ids []run.ID) (map[run.ID]run.Plan, error)
	PlanSteps(ctx context.Context, v auth.Viewer, id run.ID, f hub.StepFilter, first *int, after string, total bool) (hub.StepPage, error)
	UndoRun(ctx context.Context, v auth.Viewer, in hub.UndoRun, key string) (run.Run, error)
	UndosByID(ctx context.Context, v auth.Viewer, ids []run.ID) (map[run.ID]hub.UndoView, error)
	UndoItems(ctx context.Context, v auth.Viewer, id run.ID, verdict run.Verdict, first *int, after string) (hub.UndoItemPage, error)
	PlanSystem(ctx context.Context, v auth.Viewer, id system.ID, in hub.PlanSystem, key string) (run.Plan, run.Run, error)
	ApprovePlan(ctx context.Context, v auth.Viewer, id run.ID, note, key string) (run.Plan, error)
	ApplyPlan(ctx context.Context, v auth.Viewer, id run.ID, key string) (run.Plan, run.Run, error)
	ChooseOffice(ctx context.Context, v auth.Viewer, id link.ID, office customer.OfficeID, key string) (hub.LinkView, error)
	SystemUsage(ctx context.Context, v auth.Viewer, months int) ([]system.Usage, error)
	LinkRecord(ctx context.Context, v auth.Viewer, c customer.ID, sys system.ID, externalID, key string) (hub.LinkView, error)
	SyncNow(ctx context.Context, v auth.Viewer, id system.ID, full bool, key string) (run.Run, error)
}

// Feed is what subscriptions follow. Both channels end with the context; feed.Feed is it.
type Feed interface {
	Changes(ctx context.Context, org organisation.ID, after string) (<-chan feed.Item, error)
	Watch(ctx context.Context, topic feed.Topic, org organisation.ID) <-chan struct{}
}

// Options are what the API is made of.
type Options struct {
	Hub  Hub
	Feed Feed
	// Pool is where graph/rows reads; nil executes everything plainly.
	Pool *pgxpool.Pool
	// LoaderWait is how long a loader gathers keys before it asks for all of them. Zero means one millisecond.
	LoaderWait time.Duration
	// Now is the clock by which due diligence is overdue and the end of a run is reckoned, the database's where replicas have to
	// agree. Nil means time.Now.
	Now func() time.Time
}

const defaultLoaderWait = time.Millisecond

// API is the schema with its resolvers. It is also the extension that gives each response its loaders: an executor must
// Use it. The viewer is taken from the context (auth.ViewerFrom).
type API struct {
	hub  Hub
	feed Feed
	wait time.Duration
	now  func() time.Time
	// today is the date in Finland, as YYYY-MM-DD; dayOf is that of a moment.
	today func() string
	dayOf func(time.Time) string
	// rows answers what it can without execution field by field; nil answers nothing.
	rows  *rows.Reader
	reads struct{ compiled, plain atomic.Uint64 }
	// noting is held by who looks whether a response tells of stale records already.
	noting sync.Mutex
}

// New makes the API.
func New(o Options) *API {
	if o.LoaderWait <= 0 {
		o.LoaderWait = defaultLoaderWait
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	helsinki, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		panic(err) // the zones are compiled in
	}
	dayOf := func(at time.Time) string { return at.In(helsinki).Format(time.DateOnly) }
	today := func() string { return dayOf(o.Now()) }
	a := &API{hub: o.Hub, feed: o.Feed, wait: o.LoaderWait, now: o.Now, today: today, dayOf: dayOf}
	if o.Pool != nil {
		a.rows = rows.New(o.Pool, computed{a}, today)
	}
	return a
}

// Schema is the schema that an executor runs.
func (a *API) Schema() graphql.ExecutableSchema {
	return NewExecutableSchema(Config{Resolvers: root{a}})
}

// SDL is the schema as it is written in schema.graphql, descriptions included.
func SDL() string { return sources[0].Input }

// Resolvers by type. They hold nothing but the API, so that they are safe to use at the same time.
type (
	root         struct{ *API }
	queries      struct{ *API }
	mutations    struct{ *API }
	subscription struct{ *API }
	customers    struct{ *API }
	offices      struct{ *API }
	people       struct{ *API }
	contacts     struct{ *API }
	links        struct{ *API }
	systems      struct{ *API }
	runs         struct{ *API }
	changes      struct{ *API }
	origins      struct{ *API }
	details      struct{ *API }
	customFields struct{ *API }
	proposals    struct{ *API }
	responsibles struct{ *API }
	kycs         struct{ *API }
	findings     struct{ *API }
	massChanges  struct{ *API }
	snapshots    struct{ *API }
	plans        struct{ *API }
	steps        struct{ *API }
	undos        struct{ *API }
	undoItems    struct{ *API }
	certificates struct{ *API }
	series       struct{ *API }
	meetings     struct{ *API }
	usages       struct{ *API }
)

// Query implements ResolverRoot.
func (r root) Query() QueryResolver { return queries(r) }

// Mutation implements ResolverRoot.
func (r root) Mutation() MutationResolver { return mutations(r) }

// Subscription implements ResolverRoot.
func (r root) Subscription() SubscriptionResolver { return subscription(r) }

// Customer implements ResolverRoot.
func (r root) Customer() CustomerResolver { return customers(r) }

// Office implements ResolverRoot.
func (r root) Office() OfficeResolver { return offices(r) }

// Person implements ResolverRoot.
func (r root) Person() PersonResolver { return people(r) }

// Plan implements ResolverRoot.
func (r root) Plan() PlanResolver { return plans(r) }

// Certificate implements ResolverRoot.
func (r root) Certificate() CertificateResolver { return certificates(r) }

// NumberSeries implements ResolverRoot.
func (r root) NumberSeries() NumberSeriesResolver { return series(r) }

// SystemUsage implements ResolverRoot.
func (r root) SystemUsage() SystemUsageResolver { return usages(r) }

// NumberSeriesMeeting implements ResolverRoot.
func (r root) NumberSeriesMeeting() NumberSeriesMeetingResolver { return meetings(r) }

// PlanStep implements ResolverRoot.
func (r root) PlanStep() PlanStepResolver { return steps(r) }

// Undo implements ResolverRoot.
func (r root) Undo() UndoResolver { return undos(r) }

// UndoItem implements ResolverRoot.
func (r root) UndoItem() UndoItemResolver { return undoItems(r) }

// Contact implements ResolverRoot.
func (r root) Contact() ContactResolver { return contacts(r) }

// Link implements ResolverRoot.
func (r root) Link() LinkResolver { return links(r) }

// System implements ResolverRoot.
func (r root) System() SystemResolver { return systems(r) }

// Run implements ResolverRoot.
func (r root) Run() RunResolver { return runs(r) }

// Change implements ResolverRoot.
func (r root) Change() ChangeResolver { return changes(r) }

// Source implements ResolverRoot.
func (r root) Source() SourceResolver { return origins(r) }

// CustomFieldDefinition implements ResolverRoot.
func (r root) CustomFieldDefinition() CustomFieldDefinitionResolver { return customFields(r) }

// Responsible implements ResolverRoot.
func (r root) Responsible() ResponsibleResolver { return responsibles(r) }

// PersonProposal implements ResolverRoot.
func (r root) PersonProposal() PersonProposalResolver { return proposals(r) }

// Finding implements ResolverRoot.
func (r root) Finding() FindingResolver { return findings(r) }

// MassChange implements ResolverRoot.
func (r root) MassChange() MassChangeResolver { return massChanges(r) }

// CustomerSnapshot implements ResolverRoot.
func (r root) CustomerSnapshot() CustomerSnapshotResolver { return snapshots(r) }

// Kyc implements ResolverRoot.
func (r root) Kyc() KycResolver { return kycs(r) }

// UserErrorDetails implements ResolverRoot.
func (r root) UserErrorDetails() UserErrorDetailsResolver { return details(r) }
