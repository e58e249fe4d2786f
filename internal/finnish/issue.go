package finnish

import (
	"errors"
	"fmt"
)

// Severity says what becomes of a value with an [Issue]. The zero value is not a severity.
type Severity int

// Severities, from harmless to refused.
const (
	// Normalised means the value is right and is stored in its canonical form, which differs from what was given.
	Normalised Severity = iota + 1
	// Warn means the value is stored, and the doubt is shown as a data-quality finding.
	Warn
	// Reject means a write of the value is refused.
	Reject
)

// String returns NORMALISED, WARN or REJECT; other values print their number.
func (s Severity) String() string {
	switch s {
	case Normalised:
		return "NORMALISED"
	case Warn:
		return "WARN"
	case Reject:
		return "REJECT"
	}
	return fmt.Sprintf("Severity(%d)", int(s))
}

// Code names a rule that a value broke, in a form that programs may compare. Codes are part of the public API: they
// appear in userErrors and findings and do not change their meaning.
type Code string

// Codes of business ID and VAT number (sections 1 and 2).
const (
	BusinessIDAmbiguous      Code = "BUSINESS_ID_AMBIGUOUS"
	BusinessIDFormat         Code = "BUSINESS_ID_FORMAT"
	BusinessIDReserved       Code = "BUSINESS_ID_RESERVED"
	BusinessIDCheckDigit     Code = "BUSINESS_ID_CHECK_DIGIT"
	BusinessIDZeroRestored   Code = "BUSINESS_ID_ZERO_RESTORED"
	VATNumberFormat          Code = "VAT_NUMBER_FORMAT"
	VATNumberReserved        Code = "VAT_NUMBER_RESERVED"
	VATNumberCheckDigit      Code = "VAT_NUMBER_CHECK_DIGIT"
	VATBusinessIDMismatch    Code = "VAT_BUSINESS_ID_MISMATCH"
	PersonalIdentityCode     Code = "PERSONAL_IDENTITY_CODE_NOT_ALLOWED"
	IdentityCodeMasked       Code = "HETU_MASKED"
	ValueNormalised          Code = "VALUE_NORMALISED"
	CustomerNumberReserved   Code = "CUSTOMER_NUMBER_RESERVED"
	CustomerNumberNotNumeric Code = "CUSTOMER_NUMBER_NOT_NUMERIC"
)

// Codes of e-invoicing (sections 3 to 5).
const (
	OVTFormat              Code = "EINVOICE_OVT_FORMAT"
	OVTCheckDigit          Code = "EINVOICE_OVT_CHECK_DIGIT"
	OVTPrefixLost          Code = "EINVOICE_OVT_PREFIX_LOST"
	OVTOtherOrganisation   Code = "EINVOICE_OVT_OTHER_ORG"
	IBANFormat             Code = "IBAN_FORMAT"
	IBANCheckDigits        Code = "IBAN_CHECK_DIGITS"
	EInvoiceAddressFormat  Code = "EINVOICE_ADDRESS_FORMAT"
	EInvoiceIncomplete     Code = "EINVOICE_INCOMPLETE"
	EInvoiceFieldsSwapped  Code = "EINVOICE_FIELDS_SWAPPED"
	OperatorFormat         Code = "OPERATOR_FORMAT"
	OperatorUnknown        Code = "OPERATOR_UNKNOWN"
	OperatorCheckDigit     Code = "OPERATOR_CHECK_DIGIT"
	OperatorCorrected      Code = "OPERATOR_CORRECTED"
	PeppolFormat           Code = "PEPPOL_FORMAT"
	PeppolSchemeUnknown    Code = "PEPPOL_SCHEME_UNKNOWN"
	PeppolSchemeRemoved    Code = "PEPPOL_SCHEME_REMOVED"
	PeppolSchemeMigrated   Code = "PEPPOL_SCHEME_MIGRATED"
	PeppolIdentifierFormat Code = "PEPPOL_IDENTIFIER_FORMAT"
)

// Codes of addresses, telephone numbers, languages and e-mail (sections 6, 7, 8 and 10).
const (
	PostcodeFormat   Code = "POSTCODE_FORMAT"
	CountryUnknown   Code = "COUNTRY_UNKNOWN"
	PhoneNotParsed   Code = "PHONE_NOT_PARSED"
	PhoneSeveral     Code = "PHONE_SEVERAL_NUMBERS"
	LanguageUnknown  Code = "LANGUAGE_UNKNOWN"
	EmailFormat      Code = "EMAIL_FORMAT"
	EmailTooLong     Code = "EMAIL_TOO_LONG"
	EmailListIsEmpty Code = "EMAIL_LIST_EMPTY"
)

// Issue is one thing to say about a value. It is an error, so that a refusal can be returned as it is and recognised
// again with errors.AsType[finnish.Issue].
type Issue struct { //nolint:errname // most issues are no errors
	Code     Code
	Severity Severity
	// Message is an English sentence for the person who gave the value. It never contains the value.
	Message string
}

// Error returns the message.
func (i Issue) Error() string { return i.Message }

// Issues are what a rule has to say about one value, in the order found. Nil means that the value is as it should be.
type Issues []Issue

// Err returns the first issue that refuses the value, or nil.
func (is Issues) Err() error {
	for _, i := range is {
		if i.Severity == Reject {
			return i
		}
	}
	return nil
}

// Has reports whether an issue with the code is among them.
func (is Issues) Has(code Code) bool {
	for _, i := range is {
		if i.Code == code {
			return true
		}
	}
	return false
}

func reject(code Code, message string) Issue { return Issue{code, Reject, message} }

func warn(code Code, message string) Issue { return Issue{code, Warn, message} }

// refusals turns the error of a rule that only accepts or refuses into issues.
func refusals(err error) Issues {
	if i, ok := errors.AsType[Issue](err); ok {
		return Issues{i}
	}
	return nil
}

// normalised is nil when the canonical form is what was given.
func normalised(given, canonical string) Issues {
	if given == canonical {
		return nil
	}
	return Issues{{ValueNormalised, Normalised, "The value is stored in its canonical form."}}
}
