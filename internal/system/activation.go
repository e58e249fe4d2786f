package system

import "time"

// Stage is how far a system is that is taken into use in steps on its own side.
type Stage string

// The stages (KYC contract section 3.1).
const (
	StageDisabled  Stage = "DISABLED"            // the vendor's support has not enabled the interfaces (R16)
	StageEnabled   Stage = "ENABLED"             // a credential can be requested
	StageIssued    Stage = "CREDENTIAL_ISSUED"   // what is to be verified can be handed over
	StageVerifying Stage = "VERIFYING"           // the system checks both sides
	StageFailed    Stage = "VERIFICATION_FAILED" // it found them wrong
	StageVerified  Stage = "VERIFIED"            // it can be started
	StageFirstSync Stage = "INITIAL_SYNC"        // started, and being filled
	StageRunning   Stage = "RUNNING"
	StagePaused    Stage = "PAUSED"
	StageError     Stage = "ERROR" // the system stopped the integration
	StageUnknown   Stage = "UNKNOWN"
)

// Verified says whether the system has verified what it was given, so that it may run.
func (s Stage) Verified() bool {
	switch s {
	case StageVerified, StageFirstSync, StageRunning, StagePaused:
		return true
	}
	return false
}

// Activation is how a system stands on its own side, as it last said.
type Activation struct {
	Stage Stage `json:"stage"`
	// Raw is the vendor's word for a stage that is Unknown.
	Raw string `json:"raw,omitempty"`
	// Checks are what was verified on both sides, each with the reason where it failed (R23).
	Checks    []Check   `json:"checks,omitempty"`
	CheckedAt time.Time `json:"checkedAt,omitzero"`
	// Started and Finished are when the first synchronisation began and ended there, with what came of it.
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
	// Created, SkippedNoContact and Failed count records.
	Created          int `json:"created,omitempty"`
	SkippedNoContact int `json:"skippedNoContact,omitempty"`
	Failed           int `json:"failed,omitempty"`
	// OnlyWithContactPerson says that the system takes no customers without a contact person (R19).
	OnlyWithContactPerson bool `json:"onlyWithContactPerson,omitempty"`
	// AsOf is when the system said so; the connector leaves it to the hub.
	AsOf time.Time `json:"asOf"`
}
