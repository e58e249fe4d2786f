package netvisorkyc

import (
	"strconv"
	"time"
)

// States of an integration (contract section 3.1). PAUSED and ERROR are [assumed].
const (
	Disabled           = "DISABLED"
	Enabled            = "ENABLED"
	CredentialIssued   = "CREDENTIAL_ISSUED" //nolint:gosec // the name of a state
	Verifying          = "VERIFYING"
	Verified           = "VERIFIED"
	VerificationFailed = "VERIFICATION_FAILED"
	InitialSync        = "INITIAL_SYNC"
	Running            = "RUNNING"
	Paused             = "PAUSED"
	InError            = "ERROR"
)

// States of a candidate (contract section 3.2). That there are candidates, accepted or deleted, is [brief]; the rest is [assumed].
const (
	NewCandidate = "NEW"          // as it came, with a contact person
	Incomplete   = "INCOMPLETE"   // without one
	Ready        = "READY"        // completed or looked through by the people
	RequestSent  = "REQUEST_SENT" // the information request is out
	Answered     = "ANSWERED"     // and has been answered
	Accepted     = "ACCEPTED"     // assessed: there is a customer now
	Deleted      = "DELETED"      // a tombstone
)

// Kinds and lifecycles of a customer, and risk classes [public; lifecycles assumed].
const (
	Company  = "COMPANY"
	Private  = "PRIVATE"
	Active   = "ACTIVE"
	Ended    = "ENDED"
	Archived = "ARCHIVED"
	Low      = "LOW"
	Standard = "STANDARD"
	High     = "HIGH"
)

// Why a customer requires actions [assumed].
const (
	ReviewOverdue     = "REVIEW_OVERDUE"
	RequestUnanswered = "REQUEST_UNANSWERED"
	AnswersToAssess   = "ANSWERS_TO_ASSESS"
	ScreeningHit      = "SCREENING_HIT"
	MissingContact    = "MISSING_CONTACT"
)

// What a verification found of one side [assumed].
const (
	NotChecked  = "NOT_CHECKED"
	Pending     = "PENDING"
	CheckOK     = "OK"
	CheckFailed = "FAILED"
)

// Entities and types of the change feed (contract section 6).
const (
	EntityCandidate   = "CANDIDATE"
	EntityCustomer    = "CUSTOMER"
	EntityIntegration = "INTEGRATION"

	TypeCreated       = "CREATED"
	TypeUpdated       = "UPDATED"
	TypeStatusChanged = "STATUS_CHANGED"
	TypeAccepted      = "ACCEPTED"
	TypeDeleted       = "DELETED"
	TypeEnded         = "ENDED"
)

const (
	typeNetvisor   = "NETVISOR"
	sourceNetvisor = "NETVISOR"
	dateLayout     = "2006-01-02"
)

// Integration is the integration of one organisation as the service shows it. It holds no secrets.
type Integration struct {
	ID                    string       `json:"id"`
	Type                  *string      `json:"type"`
	State                 string       `json:"state"`
	OnlyWithContactPerson bool         `json:"onlyWithContactPerson"`
	ErrorReportEmail      *string      `json:"errorReportEmail"`
	Netvisor              NetvisorSide `json:"netvisor"`
	Verification          Verification `json:"verification"`
	InitialSync           SyncCounters `json:"initialSync"`
}

// NetvisorSide says what is known of the identifiers that were handed over, and not what they are.
type NetvisorSide struct {
	UserNameHint      *string `json:"userNameHint"`
	IntegrationKeySet bool    `json:"integrationKeySet"`
}

// Verification is what the last check of both sides found.
type Verification struct {
	KYC       string     `json:"kyc"`
	Netvisor  string     `json:"netvisor"`
	CheckedAt *time.Time `json:"checkedAt"`
	Message   *string    `json:"message"`
}

// SyncCounters count the initial synchronisation.
type SyncCounters struct {
	StartedAt         *time.Time `json:"startedAt"`
	FinishedAt        *time.Time `json:"finishedAt"`
	CandidatesCreated int        `json:"candidatesCreated"`
	SkippedNoContact  int        `json:"skippedNoContact"`
	Errors            int        `json:"errors"`
}

// ContactPerson is whom the information request is sent to. All empty is nobody.
type ContactPerson struct {
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName"`
	Email     string `json:"email"`
	Phone     string `json:"phone"`
	Language  string `json:"language"`
}

// Source is where a candidate came from.
type Source struct {
	System         string `json:"system"`
	ExternalID     string `json:"externalId"`
	CustomerNumber string `json:"customerNumber"`
}

// Candidate is a candidate as the service shows it.
type Candidate struct {
	ID            string         `json:"id"`
	State         string         `json:"state"`
	BusinessID    string         `json:"businessId"`
	Name          string         `json:"name"`
	ContactPerson *ContactPerson `json:"contactPerson"`
	Source        *Source        `json:"source"`
	CreatedAt     time.Time      `json:"createdAt"`
	UpdatedAt     time.Time      `json:"updatedAt"`
	ETag          string         `json:"etag"`
}

// Customer is a customer as the service shows it. ContactPerson is not in the contract's example and shown all the same, since
// what can be patched has to be readable [assumed].
type Customer struct {
	ID            string         `json:"id"`
	CandidateID   *string        `json:"candidateId"`
	Kind          string         `json:"kind"`
	BusinessID    *string        `json:"businessId"`
	Name          string         `json:"name"`
	ContactPerson *ContactPerson `json:"contactPerson"`
	Source        *Source        `json:"source"`
	Status        Status         `json:"status"`
	Lifecycle     string         `json:"lifecycle"`
	EndedOn       *string        `json:"endedOn"`
	UpdatedAt     time.Time      `json:"updatedAt"`
	ETag          string         `json:"etag"`
}

// Status is the five fields that go to the responsibility tab [brief], with their revision and the reasons [assumed].
type Status struct {
	RequiresActions        bool     `json:"requiresActions"`
	RequiresActionsReasons []string `json:"requiresActionsReasons"`
	LatestRiskAssessmentOn *string  `json:"latestRiskAssessmentOn"`
	DueDiligenceExpiresOn  *string  `json:"dueDiligenceExpiresOn"`
	RiskClass              *string  `json:"riskClass"`
	Notes                  *string  `json:"notes"`
	StatusRevision         int64    `json:"statusRevision"`
}

// Change is one entry of the change feed and the body of a webhook.
type Change struct {
	// Seq counts from 1 for each organisation and has no holes.
	Seq    int64  `json:"seq"`
	Entity string `json:"entity"`
	ID     string `json:"id"`
	Type   string `json:"type"`
	// Revision is the number in the entity's etag after the change.
	Revision int64     `json:"revision"`
	At       time.Time `json:"at"`
}

// list is a page of something.
type list[T any] struct {
	Items      []T     `json:"items"`
	NextCursor *string `json:"nextCursor"`
	HasMore    bool    `json:"hasMore"`
}

func etag(revision int64) string { return `"` + strconv.FormatInt(revision, 10) + `"` }

// orNull is nil for an empty text, which the wire shows as null.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func person(p ContactPerson) *ContactPerson {
	if p == (ContactPerson{}) {
		return nil
	}
	return &p
}

func origin(s Source) *Source {
	if s == (Source{}) {
		return nil
	}
	return &s
}
