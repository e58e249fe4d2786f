// Package finding is something a person should know or decide, such as a business ID that cannot be right. A finding is
// raised once for as long as it stands, however often the record is read. The package is pure.
package finding

import (
	"time"

	"customerhub/internal/customer"
	"customerhub/internal/system"
)

// ID identifies a finding. It is a UUID in text form; empty means none.
type ID string

// Code says what a finding is about.
type Code string

// The codes of findings. Table says of each what it means, and who can mend it.
const (
	BusinessIDInvalid   Code = "BUSINESS_ID_INVALID"          // kept as given, left out of e-invoicing and due diligence
	IdentityCodeDropped Code = "IDENTITY_CODE_DROPPED"        // a personal identity code in a field that is not for it; the field was dropped
	HetuMasked          Code = "HETU_MASKED"                  // a personal identity code in free text; it was masked
	EInvoiceInvalid     Code = "EINVOICE_INVALID"             // an e-invoice address or operator that cannot be right
	EInvoiceIncomplete  Code = "EINVOICE_INCOMPLETE"          // an address without an operator, or the reverse
	CustomerNumberTwice Code = "CUSTOMER_NUMBER_TWICE"        // two records of a system carry the same number
	NumberCollision     Code = "CUSTOMER_NUMBER_COLLISION"    // a record with the number of a customer that is another one; neither was touched
	DuplicateProposed   Code = "DUPLICATE_PROPOSED"           // a record with the business ID of another customer; a person has to say
	RecordUnreadable    Code = "RECORD_UNREADABLE"            // a record could not be taken at all
	EInvoiceOtherOrg    Code = "EINVOICE_OTHER_ORGANISATION"  // an e-invoice address with another organisation's business ID
	OperatorUnknown     Code = "OPERATOR_UNKNOWN"             // an operator that is not in the hub's list; a system may refuse it
	ValueCorrected      Code = "VALUE_CORRECTED"              // a known misspelling or an old form; the right form was taken
	EmailInvalid        Code = "EMAIL_INVALID"                // not an e-mail address; kept as typed
	PostcodeInvalid     Code = "POSTCODE_INVALID"             // not a postcode of the country; kept as typed
	LanguageUnknown     Code = "LANGUAGE_UNKNOWN"             // a language that the hub does not have; Finnish was taken
	CountryUnknown      Code = "COUNTRY_UNKNOWN"              // not an ISO 3166 country code
	PhoneNotUnderstood  Code = "PHONE_NOT_UNDERSTOOD"         // kept as typed
	ContactNameMissing  Code = "CONTACT_NAME_MISSING"         // a contact person with half a name
	ElementMissing      Code = "ELEMENT_MISSING"              // the system left out what it always gives; what the hub has of it stands
	UnknownElement      Code = "UNKNOWN_ELEMENT"              // the system sent something the hub does not know
	MissingRecord       Code = "RECORD_LISTED_NOT_READ"       // in the list, but the details could not be had
	RecordDeleted       Code = "RECORD_DELETED"               // deleted in the system; the customer was made inactive
	MassAbsence         Code = "MASS_ABSENCE"                 // a list that lacks so much that none of it is believed
	MassChangeIn        Code = "MASS_CHANGE_IN"               // a system changes so many customers that the rest is parked
	MassChangeOut       Code = "MASS_CHANGE_OUT"              // the hub would change so many records of a system that the rest is parked
	ChangeRejected      Code = "CHANGE_REJECTED"              // one of many changes that a person rejected; each side keeps its own value
	FieldConflict       Code = "FIELD_CONFLICT"               // both sides changed a value, or two records of a person; one stands
	CreateAmbiguous     Code = "CREATE_AMBIGUOUS"             // a record that the hub may have made, or must not make again, fits several
	CustomFieldUnmapped Code = "CUSTOM_FIELD_UNMAPPED"        // a field of the system that nobody has said what it is; kept as text
	CustomFieldInvalid  Code = "CUSTOM_FIELD_INVALID"         // a value that is not of its custom field's type
	OfficeEInvoice      Code = "OFFICE_EINVOICE_REFUSED"      // an office's e-invoice address that the system does not take in an office
	EInvoiceNotSent     Code = "EINVOICE_NOT_SENT"            // an e-invoice address of a customer without a valid business ID; it stays in the hub
	KYCRiskImpossible   Code = "KYC_RISK_CLASS_IMPOSSIBLE"    // a risk class that there is not for this kind of customer; it counts as not known
	KYCIntervalLong     Code = "KYC_REVIEW_INTERVAL_LONG"     // a high risk whose due diligence is to be renewed in more than a year
	KYCValueUnknown     Code = "KYC_VALUE_UNKNOWN"            // a value of the due-diligence service that the hub does not know; kept as it came
	PingPong            Code = "PING_PONG"                    // the system changes what it is sent again and again; the value is left alone there
	LinkNotPrimary      Code = "LINK_NOT_PRIMARY"             // a merged customer's record that is only read; by field, what it holds otherwise
	LinkParked          Code = "LINK_PARKED"                  // a record that the system refuses, or that fails again and again
	SystemDenied        Code = "SYSTEM_DENIED"                // the system no longer admits the hub; nothing is read or sent until somebody acts
	VerificationFailed  Code = "VERIFICATION_FAILED"          // the system could not verify what it was handed, so it is not in use
	BusinessIDChanged   Code = "BUSINESS_ID_CHANGED"          // a customer known to the due-diligence service under another business ID; it comes in anew
	KYCExpires          Code = "KYC_EXPIRES"                  // a due diligence whose last day is near or over
	NumberSeriesMeet    Code = "NUMBER_SERIES_MEET"           // numbers that two systems give come near one another
	BusinessIDNotSent   Code = "BUSINESS_ID_NOT_SENT"         // a business ID that cannot be right and that a system does not take; it stays in the hub
	EInvoiceWithoutID   Code = "EINVOICE_WITHOUT_BUSINESS_ID" // an e-invoice address in a system of a customer without a business ID; it stays there
	ConsumerEInvoice    Code = "CONSUMER_EINVOICE_CONFLICT"   // consumer e-invoicing on one side and a business ID on the other; each keeps its own
	PrivateWithID       Code = "PRIVATE_WITH_BUSINESS_ID"     // a private customer with a business ID, as sole traders have; the type decides
	TypeNoIdentifier    Code = "FLEX_TYPE_NO_IDENTIFIER"      // a customer type that does not say private or company; the business ID tells
	TypeKept            Code = "FLEX_TYPE_KEPT"               // a customer type that is the system's own and says another kind than the hub
	NumberKept          Code = "FLEX_NUMBER_KEPT"             // a number that the system gave by a series of its own and that differs from the hub's
	OfficeAmbiguous     Code = "OFFICE_AMBIGUOUS"             // several offices, and a system that has room for one visiting address
	NumberMissing       Code = "NETVISOR_CODE_MISSING"        // a customer without a number, who cannot be made in a system that knows customers by it
	InboundRefused      Code = "INBOUND_REFUSED"              // messages that the system sends by itself cannot be verified; polls find what changed
)

// Failures are the codes of what does not pass by itself: something is not taken in or not sent, or waits for a person's
// decision. They are reported by e-mail, in this order. The other codes are remarks on values that were taken all the same.
var Failures = []Code{
	SystemDenied, VerificationFailed, MassAbsence, MassChangeIn, MassChangeOut, LinkParked, CreateAmbiguous, NumberCollision, DuplicateProposed, PingPong, FieldConflict, RecordUnreadable,
	MissingRecord, RecordDeleted, CustomerNumberTwice, BusinessIDInvalid, IdentityCodeDropped, EInvoiceNotSent, OfficeEInvoice, EInvoiceInvalid, CustomFieldInvalid,
	BusinessIDNotSent, ConsumerEInvoice, OfficeAmbiguous, NumberMissing, TypeKept, NumberKept, TypeNoIdentifier, EInvoiceWithoutID,
	BusinessIDChanged, KYCExpires, KYCIntervalLong,
	InboundRefused, NumberSeriesMeet,
}

// Finding is one finding.
type Finding struct {
	ID         ID
	Code       Code
	SystemID   system.ID   // empty when no system is concerned
	CustomerID customer.ID // empty when there is no customer, as for a record that could not be taken
	ExternalID string      // the external record it is about; empty when none
	Field      customer.Field
	// Severity is how pressing it is. One that is raised without has that of its code.
	Severity Severity
	// Message is a sentence an operator may see. It never holds a personal identity code.
	Message string
	// HubValue and SystemValue are what the two sides held when it was raised, where it is about values that differ. They may be
	// personal data, which a message is not.
	HubValue    string
	SystemValue string
	RaisedAt    time.Time
	ResolvedAt  time.Time // zero while it stands
	// ResolvedBy is the name of who said that it is settled, and Note why; both are empty where it was not a person.
	ResolvedBy string
	Note       string
}
