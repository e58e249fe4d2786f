package netvisorkyc

import (
	"customerhub/internal/connector"
	"customerhub/internal/fault"
)

// Codes of KYC's errors (contract section 4). They are the Reason of the faults.
const (
	InvalidToken           = "INVALID_TOKEN"
	InterfacesNotEnabled   = "INTERFACES_NOT_ENABLED"
	InsufficientRights     = "INSUFFICIENT_RIGHTS"
	NotFound               = "NOT_FOUND"
	CandidateDeleted       = connector.Deleted
	CursorExpired          = "CURSOR_EXPIRED"
	NotVerified            = "NOT_VERIFIED"
	DuplicateBusinessID    = "DUPLICATE_BUSINESS_ID"
	AlreadyCustomer        = "ALREADY_CUSTOMER"
	StaleRevision          = "STALE_REVISION"
	IdempotencyKeyReused   = "IDEMPOTENCY_KEY_REUSED"
	IntegrationPaused      = "INTEGRATION_PAUSED" // in no table of the contract: a write while the integration is paused
	BusinessIDChanged      = "BUSINESS_ID_CHANGED"
	CustomerEnded          = "CUSTOMER_ENDED"
	CustomerIsNeverDeleted = "CUSTOMER_IS_NEVER_DELETED"
)

// byCode is what a code means where its HTTP status alone does not tell. What is in neither table is Rejected: visible, with KYC's words,
// and not tried for ever.
var byCode = map[string]fault.Code{
	DuplicateBusinessID: fault.Duplicate,
	AlreadyCustomer:     fault.Duplicate,
	// Somebody has paused it, and will let it go on.
	IntegrationPaused: fault.Maintenance,
	// Nothing of any record is taken before somebody has the integration verified and started: the whole of it waits.
	NotVerified: fault.Denied,
}
