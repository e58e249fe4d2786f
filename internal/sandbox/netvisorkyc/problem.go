package netvisorkyc

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Codes of errors (contract section 4). Those of the second group are in no table of the contract [assumed]; a client should
// treat them as their HTTP status says.
const (
	CodeValidation       = "VALIDATION_FAILED"
	CodeToken            = "INVALID_TOKEN"
	CodeNotEnabled       = "INTERFACES_NOT_ENABLED"
	CodeRights           = "INSUFFICIENT_RIGHTS"
	CodeNotFound         = "NOT_FOUND"
	CodeCandidateDeleted = "CANDIDATE_DELETED"
	CodeCursorExpired    = "CURSOR_EXPIRED"
	CodeNotVerified      = "NOT_VERIFIED"
	CodeDuplicate        = "DUPLICATE_BUSINESS_ID"
	CodeAlreadyCustomer  = "ALREADY_CUSTOMER"
	CodeStale            = "STALE_REVISION"
	CodeBusinessID       = "BUSINESS_ID_INVALID"
	CodeIdentityCode     = "PERSONAL_IDENTITY_CODE_NOT_ALLOWED"
	CodeRiskClass        = "RISK_CLASS_NOT_ALLOWED_FOR_PRIVATE"
	CodeKeyReused        = "IDEMPOTENCY_KEY_REUSED"
	CodeRateLimited      = "RATE_LIMITED"
	CodeUnavailable      = "UNAVAILABLE"

	CodeInvalidState = "INVALID_STATE"      // 409: the integration or the record is in no state for this
	CodePaused       = "INTEGRATION_PAUSED" // 409: a write while the integration is paused
	CodeMethod       = "METHOD_NOT_ALLOWED" // 405
)

// ProblemError is an error as the service answers it, and what the Go methods that play the people refuse with.
type ProblemError struct {
	Type     string       `json:"type"`
	Title    string       `json:"title"`
	Status   int          `json:"status"`
	Code     string       `json:"code"`
	Detail   string       `json:"detail"`
	Instance string       `json:"instance"`
	Errors   []FieldError `json:"errors"`
	// ExistingID names the record that stands in the way [assumed].
	ExistingID string `json:"existingId,omitempty"`

	retryAfter int
	allow      string
	skipped    bool // a candidate that the integration does not want, which is no error of the synchronisation
}

// FieldError is one field that is wrong [assumed shape].
type FieldError struct {
	Path    string `json:"path"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Error implements error.
func (p *ProblemError) Error() string { return p.Code + ": " + p.Detail }

// refuse makes a problem.
func refuse(status int, code, format string, args ...any) *ProblemError {
	return &ProblemError{
		Type:   "urn:netvisorkyc:problem:" + strings.ToLower(strings.ReplaceAll(code, "_", "-")),
		Title:  http.StatusText(status),
		Status: status, Code: code, Detail: fmt.Sprintf(format, args...), Errors: []FieldError{},
	}
}

// about names the record that stands in the way.
func (p *ProblemError) about(id string) *ProblemError {
	p.ExistingID = id
	return p
}

// invalid is a problem with single fields.
func invalid(fields ...FieldError) *ProblemError {
	p := refuse(http.StatusBadRequest, CodeValidation, "%s: %s", fields[0].Path, fields[0].Message)
	p.Errors = fields
	return p
}

func malformed(format string, args ...any) *ProblemError {
	return refuse(http.StatusBadRequest, CodeValidation, format, args...)
}

func notFound(what string) *ProblemError {
	return refuse(http.StatusNotFound, CodeNotFound, "%s was not found", what)
}

// problemOf is what a client is told of an error.
func problemOf(err error) *ProblemError {
	if p, ok := errors.AsType[*ProblemError](err); ok {
		return p
	}
	return refuse(http.StatusInternalServerError, CodeUnavailable, "the service could not answer")
}

// hidden takes what could be a personal identity code out of a text that is answered or logged.
func hidden(s string) string { return identityCode.ReplaceAllString(s, "******-****") }
