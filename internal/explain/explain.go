// Package explain says whether a customer is the same in the hub and in an external system and, where it is not, why: an ordered
// list of checks, of which the first that fails is the reason; what the system itself said; when the hub tries next; and who can
// mend it, and how. In every state that a customer and a system can be in there is a reason or agreement, never "unknown"
// (Promise 8). The package is pure; texts are in English, Finnish, Swedish and Norwegian.
package explain

import (
	"strconv"
	"strings"
	"time"

	"customerhub/internal/advice"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/link"
	"customerhub/internal/system"
)

// Name names a check.
type Name string

// The checks, in their order.
const (
	Followed  Name = "CUSTOMER_FOLLOWED" // the customer is one that systems are kept in agreement with
	Verified  Name = "SYSTEM_VERIFIED"   // credentials and permissions of the system were verified
	Running   Name = "SYSTEM_RUNNING"    // somebody started the system, and nobody paused it
	Admitted  Name = "SYSTEM_ADMITS"     // the system accepts the hub's credentials
	Leads     Name = "RECORD_PRIMARY"    // the record is the one that the customer is kept in agreement with
	InScope   Name = "RECORD_IN_SCOPE"   // the record is one that comes in
	HasRecord Name = "RECORD_EXISTS"     // the customer has a record there, or gets one
	Unbraked  Name = "BRAKE_ALLOWS"      // what differs is not one of so many changes that the brake stopped them
	Flows     Name = "DIRECTION_ALLOWS"  // what differs may flow the way it has to
	Accepted  Name = "DATA_ACCEPTED"     // the system takes what it was sent
	Known     Name = "ANSWER_KNOWN"      // it is known what became of every call
	Answers   Name = "SYSTEM_ANSWERS"    // the system answers
	Turn      Name = "TURN_CAME"         // nothing waits in the queue
	Complete  Name = "EVERY_VALUE_SENT"  // no value is kept back because the system would not take it
)

// Names are the checks in their order.
var Names = []Name{Followed, Verified, Running, Admitted, Leads, InScope, HasRecord, Unbraked, Flows, Accepted, Known, Answers, Turn, Complete}

// Result is what a check came to.
type Result string

// The results.
const (
	Passed     Result = "PASSED"
	Failed     Result = "FAILED"
	NotReached Result = "NOT_REACHED" // one before it failed
)

// Check is one check with its result. Message is zero unless it failed.
type Check struct {
	Name    Name
	Result  Result
	Message advice.Text
}

// Facts are what the hub has of a customer and a system.
type Facts struct {
	Customer *customer.Customer
	System   *system.System
	// Writable says that the hub can write into systems of the kind.
	Writable bool
	// Link is nil where the customer has none in the system.
	Link *link.Link
	// Since is when the link came into its state.
	Since time.Time
	// Intent is a call whose outcome is not settled; nil for none.
	Intent *link.Intent
	// KeptBack are standing findings of values that the system would not take.
	KeptBack []finding.Finding
	// Stops are those that keep changes of the record, and Apart are groups that somebody rejected a change of.
	Stops []link.Stop
	Apart []customer.Group
	// Ahead is how many due links go first.
	Ahead int
	// Now is the time of the database.
	Now time.Time
}

// Explanation is the answer.
type Explanation struct {
	System *system.System
	// ExternalID is the record's; empty where there is none. Primary is false for one that is only read.
	ExternalID string
	Primary    bool
	State      link.State
	// Since is when the state began; zero where there is no link.
	Since  time.Time
	Checks []Check
	// VendorMessage is what the system itself said; empty when it said nothing.
	VendorMessage string
	// NextTryAt is when the hub tries next by itself; zero when it does not.
	NextTryAt time.Time
	// Fix is nil when there is nothing to mend.
	Fix *advice.Fix
}

// Of explains.
func Of(f Facts) Explanation {
	e := Explanation{System: f.System, State: link.NotInScope, Primary: true}
	if f.Link != nil {
		e.State, e.Since, e.ExternalID, e.Primary = f.Link.State, f.Since, f.Link.ExternalID, f.Link.Primary
	}
	for _, c := range checks {
		result := Check{Name: c.name, Result: NotReached}
		if !failed(e.Checks) {
			result.Result = Passed
			if reason := c.ask(&f, &e); reason != nil {
				result.Result, result.Message, e.Fix = Failed, reason.message, &reason.fix
			}
		}
		e.Checks = append(e.Checks, result)
	}
	return e
}

func failed(checks []Check) bool { return len(checks) > 0 && checks[len(checks)-1].Result != Passed }

// reason is why a check failed.
type reason struct {
	message advice.Text
	fix     advice.Fix
}

func because(message advice.Text, who advice.Who, how advice.Text) *reason {
	return &reason{message, advice.Fix{Who: who, How: how}}
}

// checks ask in the order of Names. Each may add to the explanation what is its own to know.
var checks = []struct {
	name Name
	ask  func(*Facts, *Explanation) *reason
}{
	{Followed, followed}, {Verified, verified}, {Running, running}, {Admitted, admitted}, {Leads, leads}, {InScope, inScope}, {HasRecord, hasRecord},
	{Unbraked, unbraked}, {Flows, flows}, {Accepted, accepted}, {Known, known}, {Answers, answers}, {Turn, turn}, {Complete, complete},
}

func followed(f *Facts, _ *Explanation) *reason {
	switch f.Customer.Status {
	case customer.Merged:
		return because(text("merged"), advice.Nobody, text("fixMerged"))
	case customer.Erased:
		return because(text("erased"), advice.Nobody, text("fixErased"))
	}
	return nil
}

func verified(f *Facts, _ *Explanation) *reason {
	if f.System.State == system.Draft {
		return because(text("draft", f.System.Name), advice.Administrator, text("fixDraft"))
	}
	return nil
}

func running(f *Facts, _ *Explanation) *reason {
	switch f.System.State {
	case system.Checked, system.Planned:
		return because(text("notStarted", f.System.Name), advice.Administrator, text("fixNotStarted"))
	case system.Paused:
		return because(text("paused", f.System.Name), advice.Administrator, text("fixPaused"))
	}
	return nil
}

func admitted(f *Facts, e *Explanation) *reason {
	if f.System.State != system.NeedsAction {
		return nil
	}
	if f.System.Fault != nil {
		e.VendorMessage = f.System.Fault.Message
	}
	if f.System.Kind == system.NetvisorKYC { // its credential is the hub's own, and nobody can type another
		return because(text("needsAction", f.System.Name), advice.Administrator, text("fixNeedsCredential"))
	}
	return because(text("needsAction", f.System.Name), advice.Administrator, text("fixNeedsAction"))
}

func leads(f *Facts, _ *Explanation) *reason {
	if f.Link == nil || f.Link.Primary {
		return nil
	}
	return because(text("notPrimary", f.System.Name), advice.User, text("fixNotPrimary", f.System.Name))
}

func inScope(f *Facts, _ *Explanation) *reason {
	switch {
	case f.Link == nil || f.Link.State != link.NotInScope:
		return nil
	case f.Link.LastFault == fault.NotFound && f.System.Kind == system.NetvisorKYC: // KYC makes nobody's candidate by itself
		if f.Customer.Status == customer.Inactive {
			return because(text("deletedThere", f.System.Name), advice.User, text("fixResendInactive"))
		}
		return because(text("deletedThere", f.System.Name), advice.User, text("fixResend"))
	case f.Link.LastFault == fault.NotFound:
		return because(text("deletedThere", f.System.Name), advice.User, text("fixDeletedThere"))
	case f.Link.LetGo():
		return because(text("letGo", f.System.Name), advice.User, text("fixLetGo"))
	case f.Customer.Status == customer.Inactive && f.Link.ExternalID == "":
		return because(text("inactive", f.System.Name), advice.User, text("fixInactive"))
	}
	if f.Link.LastFault == fault.Unsupported { // it is there, and the hub does not take it
		return because(text("leftOut", f.System.Name, f.Link.LastMessage), advice.User, text("fixLeftOut", f.System.Name))
	}
	if key, ok := notSent[f.Link.LastMessage]; ok {
		return because(text(key, f.System.Name), advice.User, text("fix"+key))
	}
	return because(text("NotSent", f.System.Name, f.Link.LastMessage), advice.User, text("fixNotSent"))
}

// notSent are the texts for the reasons that a connector gives for making no record of a customer; others are told as they came.
var notSent = map[string]string{
	"The customer is a private person, and companies alone are sent to KYC.":                             "NotSentPrivate",
	"The customer is the placeholder TEMP, which is never sent to KYC.":                                  "NotSentPlaceholder",
	"The customer has no business ID, without which nobody is sent to KYC.":                              "NotSentNoBusinessID",
	"The customer's business ID cannot be right, so the customer is not sent to KYC.":                    "NotSentBusinessID",
	"The customer has no contact person for due diligence, and only customers with one are sent to KYC.": "NotSentNoContact",
}

func hasRecord(f *Facts, _ *Explanation) *reason {
	switch {
	case f.Link != nil:
		return nil
	case !f.Writable:
		return because(text("readOnlyKind", f.System.Name), advice.User, text("fixReadOnly", f.System.Name))
	case !f.System.Policy.WritesOut():
		return because(text("readOnly", f.System.Name), advice.Administrator, text("fixDirection"))
	case f.Customer.Status == customer.Inactive:
		return because(text("inactive", f.System.Name), advice.User, text("fixInactive"))
	}
	return because(text("beforeWriting", f.System.Name), advice.Administrator, text("fixFirstRun"))
}

func unbraked(f *Facts, _ *Explanation) *reason {
	if f.Link == nil || f.Link.State != link.Parked && f.Link.State != link.Waiting || f.Link.LastFault != fault.Unsupported {
		return nil
	}
	if len(f.Stops) > 0 {
		s := f.Stops[0]
		for _, other := range f.Stops { // what waits for somebody goes first
			if other.Ruling == "" {
				s = other
			}
		}
		if s.Class == link.Gone && s.Ruling == link.Rejected && f.Link.State == link.Waiting {
			return because(text("stays", f.System.Name), advice.User, text("fixStays", f.System.Name))
		}
		if s.Ruling != "" {
			return because(text("ruled", f.System.Name), advice.Nobody, text("fixTurn"))
		}
		way := link.Outward
		if s.Class.Inward() {
			way = link.Inward
		}
		return because(text(string(link.ClassOf(way, s.Class.Effect())), f.System.Name, s.Since.UTC().Format("2006-01-02 15:04 MST"),
			strconv.Itoa(s.Counted), strconv.Itoa(s.Records), strconv.Itoa(s.Most), strconv.Itoa(s.Parked)), advice.Administrator, text("fixBraked"))
	}
	if len(f.Apart) > 0 {
		words := make([]string, len(f.Apart))
		for i, g := range f.Apart {
			words[i] = string(g)
		}
		return because(text("apart", f.System.Name, strings.Join(words, ", ")), advice.User, text("fixApart"))
	}
	return nil
}

func flows(f *Facts, _ *Explanation) *reason {
	switch {
	case f.Link == nil || f.Link.State != link.Waiting && f.Link.State != link.Paused:
		return nil
	case f.Link.State == link.Paused:
		return because(text("linkPaused"), advice.User, text("fixRetry"))
	case f.Link.LastFault == fault.Ambiguous:
		return because(text("disputed", f.System.Name, f.Link.LastMessage), advice.Administrator, text("fixDisputed", f.System.Name))
	case f.Link.LastFault == fault.Unsupported || f.Link.LastFault == "":
		return because(text("heldBack", f.System.Name, f.Link.LastMessage), advice.Administrator, text("fixDirection"))
	}
	return nil
}

func accepted(f *Facts, e *Explanation) *reason {
	if f.Link == nil || f.Link.State != link.Parked {
		return nil
	}
	switch f.Link.LastFault {
	case fault.Rejected:
		e.VendorMessage = f.Link.LastMessage
		return because(text("refused", f.System.Name), advice.User, text("fixRefused"))
	case fault.Ambiguous, fault.Duplicate:
		return because(text("ambiguous", f.System.Name, f.Link.LastMessage), advice.User, text("fixAmbiguous"))
	case fault.Invalid:
		return because(text("invalid", f.System.Name, f.Link.LastMessage), advice.User, text("fixRefused"))
	}
	return because(text("gaveUp", f.Link.LastMessage), advice.Operator, text("fixGaveUp"))
}

func known(f *Facts, e *Explanation) *reason {
	if f.Link == nil || f.Link.State != link.Uncertain {
		return nil
	}
	trying := f.Link.LastMessage
	if f.Intent != nil && f.Intent.Trying != "" {
		trying = f.Intent.Trying
	}
	e.NextTryAt = f.Link.DueAt
	if e.NextTryAt.IsZero() {
		e.NextTryAt = f.Now
	}
	return because(text("uncertain", f.System.Name, trying), advice.Nobody, text("fixUncertain"))
}

func answers(f *Facts, e *Explanation) *reason {
	waits := f.Link != nil && (f.Link.State == link.Due || f.Link.State == link.InProgress || f.Link.State == link.Waiting)
	failing := waits && f.Link.LastFault != "" && f.Link.LastFault != fault.Unsupported
	held := f.System.HoldUntil.After(f.Now)
	if !waits || !held && !failing {
		return nil
	}
	e.NextTryAt = later(f.System.HoldUntil, f.Link.DueAt, f.Now)
	if failing {
		e.VendorMessage = f.Link.LastMessage
	} else if f.System.Fault != nil {
		e.VendorMessage = f.System.Fault.Message
	}
	return because(text("silent", f.System.Name), advice.Vendor, text("fixSilent"))
}

func turn(f *Facts, e *Explanation) *reason {
	switch {
	case f.Link == nil:
		return nil
	case f.Link.State == link.InProgress:
		e.NextTryAt = f.Now
		return because(text("inProgress", f.System.Name), advice.Nobody, text("fixTurn"))
	case f.Link.State == link.Due || f.Link.State == link.Waiting:
		e.NextTryAt = later(f.Link.DueAt, f.Now)
		return because(text("due", strconv.Itoa(f.Ahead), f.Link.LastMessage), advice.Nobody, text("fixTurn"))
	}
	return nil
}

func complete(f *Facts, _ *Explanation) *reason {
	if f.Link == nil || len(f.KeptBack) == 0 {
		return nil
	}
	words := make([]string, len(f.KeptBack))
	for i, k := range f.KeptBack {
		words[i] = k.Message
	}
	return because(text("keptBack", f.System.Name, strings.Join(words, " ")), advice.User, text("fixKeptBack"))
}

func later(moments ...time.Time) (out time.Time) {
	for _, m := range moments {
		if m.After(out) {
			out = m
		}
	}
	return out
}
