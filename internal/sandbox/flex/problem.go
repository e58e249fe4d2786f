package flex

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// Codes of refusals (contract section 7, Errors). Those marked are in no document.
const (
	CodeInvalidKey       = "INVALID_KEY"
	CodeNotEnabled       = "INTEGRATION_NOT_ENABLED"
	CodeNotFound         = "NOT_FOUND"
	CodeNumberInUse      = "NUMBER_IN_USE"
	CodeStaleRevision    = "STALE_REVISION"
	CodeValidationFailed = "VALIDATION_FAILED"
	CodeRateLimited      = "RATE_LIMITED"

	CodeScopeMissing         = "SCOPE_MISSING"          // [assumed] 403
	CodeMalformedRequest     = "MALFORMED_REQUEST"      // [assumed] 400: a body, a header or a parameter that cannot be read
	CodePreconditionRequired = "PRECONDITION_REQUIRED"  // [assumed] 428: a write without If-Match or If-None-Match
	CodeMethodNotAllowed     = "METHOD_NOT_ALLOWED"     // [assumed] 405
	CodeBodyTooLarge         = "BODY_TOO_LARGE"         // [assumed] 413
	CodeUnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE" // [assumed] 415
	CodeWebhookExists        = "WEBHOOK_EXISTS"         // [assumed] 409
	CodeInternalError        = "INTERNAL_ERROR"         // [assumed] 500
	CodeUnavailable          = "UNAVAILABLE"            // [assumed] 503, only as a fault
)

// Codes of single fields in a refusal with VALIDATION_FAILED.
const (
	FieldConsumerEInvoiceWithBusinessID = "CONSUMER_EINVOICE_WITH_BUSINESS_ID"
	FieldNumberRequired                 = "NUMBER_REQUIRED"
	FieldBusinessIDInvalid              = "BUSINESS_ID_INVALID"

	// What follows is [assumed].
	FieldConsumerEInvoiceReadOnly = "CONSUMER_EINVOICE_READ_ONLY"
	FieldNumberInvalid            = "NUMBER_INVALID"
	FieldNumberMismatch           = "NUMBER_MISMATCH"
	FieldNumberAssignedBySeries   = "NUMBER_ASSIGNED_BY_SERIES"
	FieldCustomerTypeUnknown      = "CUSTOMER_TYPE_UNKNOWN"
	FieldMandatory                = "MANDATORY_FIELD"
	FieldRequired                 = "REQUIRED"
	FieldReadOnly                 = "READ_ONLY"
	FieldUnknown                  = "UNKNOWN_FIELD"
	FieldWrongType                = "WRONG_TYPE"
	FieldTooLong                  = "TOO_LONG"
	FieldTextInvalid              = "TEXT_INVALID"
	FieldEmailInvalid             = "EMAIL_INVALID"
	FieldCountryInvalid           = "COUNTRY_INVALID"
	FieldLanguageInvalid          = "LANGUAGE_INVALID"
	FieldEInvoiceIncomplete       = "EINVOICE_INCOMPLETE"
	FieldContactUnknown           = "CONTACT_UNKNOWN"
	FieldContactTwice             = "CONTACT_TWICE"
	FieldURLInvalid               = "URL_INVALID"
	FieldSecretInvalid            = "SECRET_INVALID"
	FieldEventTypeUnknown         = "EVENT_TYPE_UNKNOWN"
)

// Problem is a refusal: an answer of the service as application/problem+json, and an error of the Go methods.
type Problem struct { //nolint:errname // it is the name of what RFC 9457 sends, and no Go error in the first place
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
	// Errors are the fields at fault, in the order in which they were found; only with VALIDATION_FAILED.
	Errors []FieldError `json:"errors,omitempty"`

	retryAfter int
	etag       string
}

// FieldError is what is wrong with one field.
type FieldError struct {
	Field   string `json:"field"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Error is the code with what was found.
func (p *Problem) Error() string {
	text := []string{p.Code + ": " + p.Detail}
	for _, e := range p.Errors {
		text = append(text, e.Field+" "+e.Code+": "+e.Message)
	}
	return strings.Join(text, "; ")
}

// Has says whether one of the fields is refused with that code.
func (p *Problem) Has(code string) bool {
	for _, e := range p.Errors {
		if e.Code == code {
			return true
		}
	}
	return false
}

func refuse(status int, code, format string, args ...any) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: fmt.Sprintf(format, args...)}
}

func malformed(format string, args ...any) *Problem {
	return refuse(http.StatusBadRequest, CodeMalformedRequest, format, args...)
}

// fields collects what is wrong with the fields of one message, so that it can be mended in one go.
type fields []FieldError

const maxFieldErrors = 50 // a body made to be wrong in thousands of places is answered shortly

func (f *fields) add(field, code, format string, args ...any) {
	if len(*f) < maxFieldErrors {
		*f = append(*f, FieldError{field, code, fmt.Sprintf(format, args...)})
	}
}

func (f fields) problem() *Problem {
	if len(f) == 0 {
		return nil
	}
	what := "a field is not acceptable"
	if len(f) > 1 {
		what = strconv.Itoa(len(f)) + " fields are not acceptable"
	}
	p := refuse(http.StatusUnprocessableEntity, CodeValidationFailed, "%s", what)
	p.Errors = f
	return p
}

// orNil keeps a nil Problem from becoming an error that is not nil.
func (p *Problem) orNil() error {
	if p == nil {
		return nil
	}
	return p
}
