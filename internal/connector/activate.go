package connector

import (
	"context"

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

// Scoper is an Activator whose scope can be changed once it runs.
type Scoper interface {
	// SetScope makes one call that has the system take customers without a contact person, or refuse them.
	SetScope(ctx context.Context, onlyWithContactPerson bool) error
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

// OnlyWithContactPerson is the name of the setting that keeps customers without a contact person out, of kinds that have it.
const OnlyWithContactPerson = "onlyWithContactPerson"

// Stage is how far the activation is.
type Stage = system.Stage

// Activation is how a system stands on its own side.
type Activation = system.Activation

// The stages, as package system has them.
const (
	StageDisabled  = system.StageDisabled
	StageEnabled   = system.StageEnabled
	StageIssued    = system.StageIssued
	StageVerifying = system.StageVerifying
	StageFailed    = system.StageFailed
	StageVerified  = system.StageVerified
	StageFirstSync = system.StageFirstSync
	StageRunning   = system.StageRunning
	StagePaused    = system.StagePaused
	StageError     = system.StageError
	StageUnknown   = system.StageUnknown
)
