package hub

import (
	"time"

	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/link"
	"customerhub/internal/merge"
	"customerhub/internal/run"
	"customerhub/internal/system"
)

// Page asks for a part of a list, forwards with First and After or backwards with Last and Before. The zero Page asks for
// the first DefaultPageSize items. More than MaxPageSize is refused.
type Page struct {
	First  *int
	After  string
	Last   *int
	Before string
}

// Page sizes (design section 6).
const (
	DefaultPageSize = 50
	MaxPageSize     = 200
)

// PageInfo says what lies around a page.
type PageInfo struct {
	HasNext     bool
	HasPrevious bool
}

// CustomerOrder is the order of a list of customers. Ties are broken by id.
type CustomerOrder string

// The orders of customers. Names are ordered by Finnish rules.
const (
	ByName       CustomerOrder = "NAME_ASC"
	ByNameDesc   CustomerOrder = "NAME_DESC"
	ByNumber     CustomerOrder = "NUMBER_ASC"
	ByNumberDesc CustomerOrder = "NUMBER_DESC"
	ByUpdate     CustomerOrder = "UPDATED_ASC"
	ByUpdateDesc CustomerOrder = "UPDATED_DESC"
	// ByKYCExpiry begins with what expires first; where no expiry is known is at the end. Needs kyc:read.
	ByKYCExpiry CustomerOrder = "KYC_EXPIRES_ASC"
)

// CustomerFilter restricts customers; a zero member restricts nothing. All members have to hold.
type CustomerFilter struct {
	// Text is words that must all occur in the name, the number or the business ID. Case and diacritics do not matter, and a
	// word that no customer has is read as the words closest to it.
	Text   string
	Kind   customer.Kind
	Status customer.Status
	// System and SyncStates are about links: one to the system, in one of the states. An empty list that is not nil fits nobody.
	System     system.ID
	SyncStates []link.State
	// KYC is what the due-diligence service says. Its ExpiresBefore needs kyc:read.
	KYC          customer.KYCFilter
	UpdatedSince time.Time
	// CustomField is the value of one custom field; an empty key restricts nothing.
	CustomField CustomFieldFilter
}

// CustomFieldFilter asks for one value of a custom field, in the form of its type.
type CustomFieldFilter struct {
	Key   string
	Type  customer.CustomFieldType
	Value string
}

// Include says which relations a read brings along, so that only what is asked for is fetched.
type Include uint8

// What a read of customers can bring along.
const (
	IncludeAddresses Include = 1 << iota
	IncludeOffices
	IncludeContacts // with their persons
	IncludeLinks    // with their systems

	IncludeNothing Include = 0
	IncludeAll             = IncludeAddresses | IncludeOffices | IncludeContacts | IncludeLinks
)

// CustomerQuery asks for a list of customers.
type CustomerQuery struct {
	Filter  CustomerFilter
	Order   CustomerOrder // empty means ByName
	Page    Page
	Total   bool // count all that match; a second statement
	Include Include
}

// CustomerView is a customer as a read gives it. Relations that were not included are nil; Included tells which were.
type CustomerView struct {
	customer.Customer
	Links    []LinkView
	Included Include
}

// LinkView is a link with its system.
type LinkView struct {
	link.Link
	System system.System
}

// CustomerPage is a page of customers, each with its cursor.
type CustomerPage struct {
	Items   []CustomerView
	Cursors []string
	Info    PageInfo
	Total   int // only when asked for
}

// CustomerLookup names one customer by exactly one member.
type CustomerLookup struct {
	ID         customer.ID
	Number     string
	BusinessID string
	// System and ExternalID together name the record of an external system.
	System     system.ID
	ExternalID string
}

// RunFilter restricts runs; a zero member restricts nothing.
type RunFilter struct {
	System system.ID
	State  run.State
	Kind   run.Kind
}

// RunPage is a page of runs, newest first, each with its cursor.
type RunPage struct {
	Items   []run.Run
	Cursors []string
	Info    PageInfo
	Total   int
}

// ChangePage is a page of numbered changes in their order.
type ChangePage struct {
	Items     []change.Change
	Cursors   []string
	EndCursor string // where to go on; the After that was given when there are no items
	HasMore   bool
	Newest    int64 // the newest number of the organisation
}

// CreateSystem describes a new system.
type CreateSystem struct {
	Kind     system.Kind
	Name     string // empty means the kind's title
	Settings map[string]string
	// PollEvery is empty for the kind's default.
	PollEvery time.Duration
}

// KindSpec is what the hub has to know of a kind of system to keep one; cmd/hub makes it from the connector's Kind.
type KindSpec struct {
	Title     string
	PollEvery time.Duration
	// Support is whom to ask about systems of the kind; empty when there is nobody.
	Support string
	// Settings checks settings and fills in defaults; Credentials checks credentials. Both give faults whose paths are the
	// names of the settings, and never echo a secret.
	Settings    func(map[string]string) (map[string]string, error)
	Credentials func(map[string]string) (map[string]string, error)
	// Reads says which fields the system can tell; what it cannot tell is never compared.
	Reads func(customer.Field) bool
	// Writes says which fields the system can hold; nil for a kind that is never written.
	Writes func(customer.Field) bool
	// Refuses names values of the hub that the system would not take, by findings; nil for none.
	Refuses func(customer.Fields) []finding.Finding
	// Keeps, From, Scope, ShowsKYC, OwnContact and BesideKYC are as connector.Kind has them; nil and empty for most.
	Keeps func(customer.Field) bool
	From  system.Kind
	// SourceEvery is as connector.Kind has it.
	SourceEvery time.Duration
	Scope       func(ours customer.Fields, settings map[string]string) string
	ShowsKYC    func(settings map[string]string) bool
	// OwnContact is empty for most.
	OwnContact string
	BesideKYC  func(customer.Field) bool
	// Activates, VisitingOffice, NeedsNumber and WriteEvery are as connector.Kind has them.
	Activates      bool
	VisitingOffice bool
	NeedsNumber    bool
	// Flow is as connector.Kind has it.
	Flow       system.Flow
	WriteEvery func(settings map[string]string) time.Duration
	// Receives says that systems of the kind send messages by themselves.
	Receives bool
	// Lane names the queue for calls to a system, as store keeps it; nil where nobody asks.
	Lane func(system.System) string
}

// abilities are what the kind can do with single fields, for a system.
func (k KindSpec) abilities(s system.System) merge.Abilities {
	can := merge.Abilities{Reads: k.Reads, Writes: k.Writes, Keeps: k.Keeps, VisitingOffice: k.VisitingOffice}
	if k.ShowsKYC != nil && k.ShowsKYC(s.Settings) {
		return can
	}
	return can.Without(func(f customer.Field) bool { return f.ShowsKYC() || k.BesideKYC != nil && k.BesideKYC(f) })
}

// scope says which customers get a record in a system of the kind.
func (k KindSpec) scope(s system.System) merge.Scope {
	out := merge.Scope{From: k.From, NeedsNumber: k.NeedsNumber}
	if k.Scope != nil {
		out.Leaves = func(ours customer.Fields) string { return k.Scope(ours, s.Settings) }
	}
	return out
}
