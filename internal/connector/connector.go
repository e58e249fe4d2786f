package connector

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/link"
	"customerhub/internal/system"
)

// Kind is a kind of external system: what it is called, what it holds, what it needs to know, and how to open it.
type Kind struct {
	Kind  system.Kind
	Title string
	// Support is whom to ask about systems of the kind, such as the vendor's address for integrations; error reports name it
	// (R7, R60). Empty when there is nobody in particular.
	Support string
	// Reads says which fields the system can tell. What it cannot read is never compared.
	Reads func(customer.Field) bool
	// Writes says which fields the system can hold. What it cannot hold is never sent and never cleared. Nil writes nothing.
	Writes func(customer.Field) bool
	// Refuses names values that the hub holds and the system would not take, whatever they are sent in, each by a finding with
	// Code, Field and Message. They are not sent; parts carry the system's keys. Nil refuses nothing.
	Refuses func(customer.Fields) []finding.Finding
	// From is the kind of system whose records the records of this one are made from. A customer without such a record gets none
	// here, Step.Source names it, and a record here that belongs to no customer of the hub does not become one. Empty when the
	// system stands for itself.
	From system.Kind
	// Flow is the policy that systems of the kind begin with. With BOTH, values flow both ways after any first run, whichever way that one went
	// (R58, R194). Zero is system.Policy's own.
	Flow system.Flow
	// SourceEvery is how often systems of the kind From are looked at, at least, while a system of this kind runs. Zero leaves them their
	// own time.
	SourceEvery time.Duration
	// Scope says, in words for an operator, why the hub makes no record of a customer here; empty where it makes one. The fields are
	// the canonical customer's, the settings the system's. It is asked before a record is made and never takes one away. Nil makes one
	// of every customer in use.
	Scope func(ours customer.Fields, settings map[string]string) string
	// ExportsIntoEmpty says that a first run which makes all customers in a system is for one that has none in use, unless somebody says
	// otherwise (R56; Flex contract section 6).
	ExportsIntoEmpty bool
	// NeedsNumber says that records are made under the customer's number: a customer without one gets none, and a finding says so.
	NeedsNumber bool
	// Keeps names fields whose values stay in the system when the hub has nothing of their group: they are replaced and never
	// cleared. Nil keeps nothing.
	Keeps func(customer.Field) bool
	// ShowsKYC says whether a system of the settings shows the due-diligence status, so that Writes holds for its fields too. Nil
	// where none does.
	ShowsKYC func(settings map[string]string) bool
	// OwnContact is the key under which a record tells a contact person of its own, who stands for the one for due diligence while the
	// system has no place for that one (ShowsKYC). Empty where records have none.
	OwnContact string
	// BesideKYC names what a system holds in the place where it shows the status, such as a contact person of its own: without that
	// place, Reads and Writes hold for none of it, so that what the hub has of it stands and is not sent. Nil names nothing.
	BesideKYC func(customer.Field) bool
	// VisitingOffice says that the visiting address which records tell is an office's in the hub, and that a visiting address which is the only
	// one stands for the billing address too, outside the system (R77-R79; Flex contract section 4, rules F11 and F12).
	VisitingOffice bool
	// Activates says that connections are Activators: the system is taken into use in steps on its own side.
	Activates bool
	// Receive verifies a message that the system sent by itself and says what it is about, without any call. Its faults are
	// Unauthenticated for a message that is not the system's own, or too old (TooOld), and Invalid for one that cannot be understood.
	// It takes as long for a wrong secret as for the right one. Nil where the system sends none.
	Receive func(d Delivery, secret string, now time.Time) (Received, error)
	// Settings and Credentials list what Open needs, in the order a person is asked.
	Settings    []Setting
	Credentials []Setting
	// PollEvery is the default time between two looks (design section 5, clocks).
	PollEvery time.Duration
	// WriteEvery is how often a system of the settings is sent what other systems changed, all of it together at the full multiples of this
	// time in the day, and a little later for some, so that organisations do not begin together (R63, R64). What people change in the hub is
	// sent at once. Zero, and nil, send everything at once.
	WriteEvery func(settings map[string]string) time.Duration
	// Open makes a connection from settings and credentials. It verifies their shape only and calls nothing outside.
	Open func(Config) (Connection, error)
	// Lane names what may be called once at a time, from the settings alone, such as one company in one Netvisor. Systems
	// with the same lane wait for each other, whatever organisation they belong to (Promise 10).
	Lane func(settings map[string]string) string
}

// ReadsWith is Reads for a system of the settings.
func (k Kind) ReadsWith(settings map[string]string) func(customer.Field) bool {
	return k.with(settings, k.Reads)
}

// WritesWith is Writes for a system of the settings; nil where the kind is never written.
func (k Kind) WritesWith(settings map[string]string) func(customer.Field) bool {
	return k.with(settings, k.Writes)
}

func (k Kind) with(settings map[string]string, can func(customer.Field) bool) func(customer.Field) bool {
	if can == nil || k.ShowsKYC != nil && k.ShowsKYC(settings) {
		return can
	}
	return func(f customer.Field) bool {
		return !f.ShowsKYC() && (k.BesideKYC == nil || !k.BesideKYC(f)) && can(f)
	}
}

// Setting describes one setting or credential.
type Setting struct {
	// Name is the key in Config, such as baseUrl.
	Name string
	// Title and Help are for a person who fills it in.
	Title string
	Help  string
	// Default is used when nothing is given. A setting without one is required, unless Optional.
	Default  string
	Optional bool
	Secret   bool
	// Valid refuses a value with an error that names no secret. Nil accepts anything.
	Valid func(string) error
}

// Config is what a connection is opened with.
type Config struct {
	Settings    map[string]string
	Credentials map[string]string
	// Client makes the calls. It paces, redacts and records.
	Client *http.Client
	Log    *slog.Logger
	// Now is the hub's clock, which is the database's: for signatures, and for what a system says of time.
	Now func() time.Time
}

// Deleted is the reason of a NotFound, or of a Rejected write, with which a system itself tells that its people deleted the record.
// It is evidence, unlike a record that is merely not found (Promise 6).
const Deleted = "CANDIDATE_DELETED"

// DeletedRecord is the detail of a fault with the reason Deleted that names the record which was deleted, where a call that makes one is
// refused for it: the hub may never have heard that it was made.
const DeletedRecord = "record"

// Connection is one open system. It is safe for one caller at a time; the lane sees to that.
type Connection interface {
	// Read gives one record in full, or NotFound. Denied, Rejected, Limited, Maintenance and Unavailable come back as
	// faults with the system's own words.
	Read(ctx context.Context, externalID string) (Record, error)
}

// BatchReader reads many records in one call.
type BatchReader interface {
	// ReadBatch gives the records it found, in any order; one that was not found is missing from the answer. More than
	// BatchSize ids are refused. An answer that cannot be trusted as a whole is an error: nothing of it is used.
	ReadBatch(ctx context.Context, externalIDs []string) ([]Record, error)
	// BatchSize is the most ids that one call should name.
	BatchSize() int
}

// Lister lists what there is.
type Lister interface {
	// List gives each row to yield as it arrives. The rows may be believed only when List returns no error: a list that was
	// cut off looks like a short one until its end is missing. since is the cursor of an earlier List; empty lists everything.
	// An error of yield ends the listing and is returned.
	List(ctx context.Context, since string, yield func(Row) error) (ListResult, error)
}

// ListResult is what is known at the end of a list.
type ListResult struct {
	// Cursor is where the next incremental list starts, overlap included.
	Cursor string
}

// Row is one row of a list: enough to decide whether to read the record.
type Row struct {
	ExternalID string
	Number     string
	Name       string
	// Excluded says why the record never comes in, such as TEMP; empty for one that does.
	Excluded string
}

// Checker verifies before start.
type Checker interface {
	// Check verifies credentials and each permission that the hub needs. A check that failed is in the list, not in the error;
	// the error is for a check that could not be made, such as Unavailable.
	Check(ctx context.Context) ([]system.Check, error)
}

// Numberer gives numbers to customers by series of its own.
type Numberer interface {
	// Series gives the series as they stand, in one call (R90, R91).
	Series(ctx context.Context) ([]system.Series, error)
}

// Source is the record of another system that a record is made from.
type Source = link.Source

// Record is what an external system holds of one customer, in the hub's terms.
type Record struct {
	ExternalID string
	// Fields are the canonical values; parts carry the system's own keys, each with the field Present.
	Fields customer.Fields
	// Untold names what the system always tells and this time left out, which is not the same as empty: what is known of it
	// stands (Promise 5). A field stands for its group; one of a part that is called Present for all of the part; and "office",
	// "contact" or "custom" for all of its kind that Fields do not mention.
	Untold []customer.Field
	// Deleted says that the system itself tells that the record was deleted there; ReadBatch gives it so, Read by a NotFound with the
	// reason Deleted. Nothing else of the record is told.
	Deleted bool
	// Excluded says why the record never comes in; empty for one that does.
	Excluded string
	// Custom are the custom fields among Fields: the key that their values stand under, made of the name by
	// customer.CustomFieldKey; the type; and the system's name as SourceID. What each is in the hub is the hub's to say.
	Custom []customer.CustomField
	// KYC is what a due-diligence service says of the customer; its AsOf is when it said so. Nil from all others.
	KYC *customer.KYC
	// Source is the record of another system that this one was made from; zero where there is none.
	Source Source
	// Fixed are fields that the record stands for as it is: no other value is ever sent into it, and a customer who gets another one
	// gets another record.
	Fixed []customer.Field
	// Kept are values that stay in the record as they are, whatever is sent: each is a finding with Code, Field and Message that stands while
	// the hub holds another value, which is not sent.
	Kept []finding.Finding `json:",omitempty"`
	// Findings are problems noted while reading tolerantly; Code, Field and Message are set.
	Findings []finding.Finding
	// Extra are values that the canonical customer has no place for, by the system's names. They are for golden files and
	// diagnosis.
	Extra map[string]string
}
