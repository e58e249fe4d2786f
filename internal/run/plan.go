package run

import (
	"time"

	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/system"
)

// Mode is which way customers are made when a system is run for the first time (R97, R109, R189).
type Mode string

// The modes. In each of them all records are read first (R100, R105, R106).
const (
	Import Mode = "IMPORT" // case 1: what the system has comes into the hub
	Export Mode = "EXPORT" // case 2: what the hub has is made in the system
	Merge  Mode = "BOTH"   // case 3: the data sets are merged, and each side gets what it lacks
)

// Direction is the way in which values flow from then on.
func (m Mode) Direction() (system.Direction, bool) {
	switch m {
	case Import:
		return system.In, true
	case Export:
		return system.Out, true
	case Merge:
		return system.Both, true
	}
	return "", false
}

// PlanState is where a plan is.
type PlanState string

// The states of plans.
const (
	PlanMaking   PlanState = "MAKING"   // its run has not ended
	PlanReady    PlanState = "READY"    // it waits for somebody's approval
	PlanApproved PlanState = "APPROVED" // somebody approved it, and it has not been applied
	PlanApplying PlanState = "APPLYING" // its steps are being executed
	PlanApplied  PlanState = "APPLIED"  // every step was executed or skipped
	PlanOutdated PlanState = "OUTDATED" // there is a newer one, or it could not be finished
)

// Purpose is what a plan is for.
type Purpose string

// The purposes.
const (
	FirstRun    Purpose = "FIRST_RUN"
	Certificate Purpose = "CERTIFICATE" // a full comparison says what differs; nobody has to approve it
)

// Plan is what a run would do, computed without doing it. Its id is that of the run that made it. A certificate is what a full
// comparison found; where that healed it too, its steps are executed.
type Plan struct {
	ID       ID
	Purpose  Purpose
	SystemID system.ID
	Mode     Mode
	// IntoUsed says that a run which makes all customers in the system may do so though there are some already.
	IntoUsed bool
	State    PlanState
	Counts   PlanCounts
	MadeBy   change.Actor
	MadeAt   time.Time
	// ListedAt and Cursor are from where reading goes on once it was applied.
	ListedAt time.Time
	Cursor   string
	// ApprovedBy is who said that it may be applied, and when.
	ApprovedBy string
	ApprovedAt time.Time
	Note       string
	// Applying is the run that executes it; empty while there is none.
	Applying ID
}

// PlanCounts are the steps of a plan by what they do, and how many there is nothing to do about.
type PlanCounts struct {
	Link      int `json:"link"`
	Create    int `json:"create"`
	Update    int `json:"update"`
	Collide   int `json:"collide"`
	Duplicate int `json:"duplicate"`
	Invalid   int `json:"invalid"`
	Missing   int `json:"missing,omitempty"`
	Unchanged int `json:"unchanged"`
	// Executed and Skipped are how many steps were, so far.
	Executed int `json:"executed"`
	Skipped  int `json:"skipped"`
}

// Differing is how many there were of all sorts.
func (c PlanCounts) Differing() int {
	return c.Link + c.Create + c.Update + c.Collide + c.Duplicate + c.Invalid + c.Missing
}

// StepAction is what a step does.
type StepAction string

// The actions of steps.
const (
	StepLink      StepAction = "LINK"      // a record and a customer are one
	StepCreate    StepAction = "CREATE"    // a customer is made in the hub, or a record in the system
	StepUpdate    StepAction = "UPDATE"    // they are linked, and differ
	StepCollide   StepAction = "COLLIDE"   // the same number of two; neither is touched
	StepDuplicate StepAction = "DUPLICATE" // made all the same, and a person should look: the number or the business ID is another's too
	StepInvalid   StepAction = "INVALID"   // it cannot be taken
	StepMissing   StepAction = "MISSING"   // the customer's record is not in the system's list
)

// Where is the side that a step makes or changes something on.
type Where string

// The sides.
const (
	InHub    Where = "HUB"
	InSystem Where = "SYSTEM"
)

// StepResult is what became of a step.
type StepResult string

// The results of steps; empty is none yet.
const (
	Executed StepResult = "EXECUTED"
	Skipped  StepResult = "SKIPPED" // something is not as it was when the plan was made
)

// Step is one step of a plan.
type Step struct {
	Place      int
	Action     StepAction
	Where      Where
	ExternalID string      // empty for a customer without a record
	CustomerID customer.ID // empty for a record that no customer is known for
	// Number, BusinessID and Name are whose step it is.
	Number, BusinessID, Name string
	// Reason is why, in a sentence.
	Reason string
	// Changes are the values that would be other than they are. Of what is made they are none.
	Changes []StepChange
	// Record and Version are what the plan was made from: a fingerprint of the record, and the version of the customer.
	Record  string
	Version int
	Result  StepResult
	Why     string // why it was skipped
}

// StepChange is one value that a step would set.
type StepChange struct {
	Field  customer.Field `json:"field"`
	Where  Where          `json:"where"`
	Before string         `json:"before,omitempty"`
	After  string         `json:"after,omitempty"`
}
