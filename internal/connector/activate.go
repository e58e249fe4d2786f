package connector

import (
	"context"
	"time"

	"customerhub/internal/system"
)

// Activator is a system that is taken into use in steps on its own side: it issues the credential, verifies what it was given,
// and runs only once it was started (R9-R25). Each method makes one call.
type Activator interface {
	// RequestCredential has the system issue a new credential for the hub's own user, and gives all credentials that the system is to
	// be opened with from now on. The one before stays valid for a while, as the vendor says.
	RequestCredential(ctx context.Context) (credentials map[string]string, err error)
	// Submit hands over what the system needs for verifying, which begins with it.
	Submit(ctx context.Context, s Submission) error
	// Activation tells how far the system is.
	Activation(ctx context.Context) (Activation, error)
	// Start starts it. Rejected with the reason NOT_VERIFIED comes before its verification has succeeded. Starting twice is once.
	Start(ctx context.Context) error
	Pause(ctx context.Context) error
	Resume(ctx context.Context) error
}

// Submission is what an administrator hands over to a system that verifies it.
type Submission struct {
	// Identifiers are the credentials for the other system that it connects to, by that system's names (R20).
	Identifiers map[string]string
	// ReportEmail is whom the system tells of errors (R21).
	ReportEmail string
	// OnlyWithContactPerson keeps customers without a contact person out (R19, R28).
	OnlyWithContactPerson bool
}

// Stage is how far the activation is.
type Stage string

// The stages (KYC contract section 3.1). A stage that is not known is Unknown.
const (
	StageDisabled  Stage = "DISABLED"            // the vendor's support has not enabled the interfaces (R16)
	StageEnabled   Stage = "ENABLED"             // a credential can be requested
	StageIssued    Stage = "CREDENTIAL_ISSUED"   // identifiers can be handed over
	StageVerifying Stage = "VERIFYING"           // the system checks both sides
	StageFailed    Stage = "VERIFICATION_FAILED" // it found them wrong
	StageVerified  Stage = "VERIFIED"            // it can be started
	StageFirstSync Stage = "INITIAL_SYNC"        // started, and being filled
	StageRunning   Stage = "RUNNING"
	StagePaused    Stage = "PAUSED"
	StageError     Stage = "ERROR" // the system stopped the integration
	StageUnknown   Stage = "UNKNOWN"
)

// Activation is how a system stands on its own side.
type Activation struct {
	Stage Stage
	// Raw is the vendor's word for a stage that is Unknown.
	Raw string
	// Checks are what was verified on both sides, each with the reason where it failed (R23).
	Checks    []system.Check
	CheckedAt time.Time
	// Started and Finished are when the first synchronisation began and ended, with what came of it.
	Started, Finished                 time.Time
	Created, SkippedNoContact, Failed int
}
