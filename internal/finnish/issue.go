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

// Codes of identifiers (sections 1, 2, 9 and 11). Those without "warning" refuse, but for
// [ValueNormalised].
const (
	BusinessIDAmbiguous      Code = "BUSINESS_ID_AMBIGUOUS"              // seven digits without a hyphen: check digit or leading zero may be missing
	BusinessIDFormat         Code = "BUSINESS_ID_FORMAT"                 // not a business ID at all
	BusinessIDReserved       Code = "BUSINESS_ID_RESERVED"               // a business ID of zeros
	BusinessIDCheckDigit     Code = "BUSINESS_ID_CHECK_DIGIT"            // the check digit does not fit, or the number is never issued
	BusinessIDZeroRestored   Code = "BUSINESS_ID_ZERO_RESTORED"          // warning: a spreadsheet's lost zero was put back
	VATNumberFormat          Code = "VAT_NUMBER_FORMAT"                  // not a VAT number at all
	VATNumberReserved        Code = "VAT_NUMBER_RESERVED"                // a Finnish VAT number of zeros
	VATNumberCheckDigit      Code = "VAT_NUMBER_CHECK_DIGIT"             // the check digit of a Finnish VAT number does not fit
	VATBusinessIDMismatch    Code = "VAT_BUSINESS_ID_MISMATCH"           // warning: VAT number and business ID name different organisations
	PersonalIdentityCode     Code = "PERSONAL_IDENTITY_CODE_NOT_ALLOWED" // a personal identity code where none may be
	IdentityCodeMasked       Code = "HETU_MASKED"                        // warning: a personal identity code in free text was masked
	ValueNormalised          Code = "VALUE_NORMALISED"                   // the value is stored in canonical form
	CustomerNumberReserved   Code = "CUSTOMER_NUMBER_RESERVED"           // the number of Netvisor's temporary customer
	CustomerNumberNotNumeric Code = "CUSTOMER_NUMBER_NOT_NUMERIC"        // warning: letters or a leading zero in a customer number
)

// Codes of e-invoicing (sections 3 to 5).
const (
	OVTFormat              Code = "EINVOICE_OVT_FORMAT"      // not an OVT code
	OVTCheckDigit          Code = "EINVOICE_OVT_CHECK_DIGIT" // warning: the business ID in the code has a wrong check digit
	OVTPrefixLost          Code = "EINVOICE_OVT_PREFIX_LOST" // an OVT code without the zeros at its start
	OVTOtherOrganisation   Code = "EINVOICE_OVT_OTHER_ORG"   // warning: the code belongs to another organisation
	IBANFormat             Code = "IBAN_FORMAT"              // not an IBAN
	IBANCheckDigits        Code = "IBAN_CHECK_DIGITS"        // the check digits of an IBAN do not fit
	EInvoiceAddressFormat  Code = "EINVOICE_ADDRESS_FORMAT"  // not an e-invoice address of any kind
	EInvoiceIncomplete     Code = "EINVOICE_INCOMPLETE"      // address without operator, or the reverse
	EInvoiceFieldsSwapped  Code = "EINVOICE_FIELDS_SWAPPED"  // warning: the address is an operator's code
	OperatorFormat         Code = "OPERATOR_FORMAT"          // not an operator's code
	OperatorUnknown        Code = "OPERATOR_UNKNOWN"         // warning: a code that the built-in table lacks
	OperatorCheckDigit     Code = "OPERATOR_CHECK_DIGIT"     // an OVT-shaped code with a wrong check digit
	OperatorCorrected      Code = "OPERATOR_CORRECTED"       // warning: a misspelling or trailing text was corrected
	PeppolFormat           Code = "PEPPOL_FORMAT"            // not scheme, colon and value
	PeppolSchemeUnknown    Code = "PEPPOL_SCHEME_UNKNOWN"    // a scheme that is not known
	PeppolSchemeRemoved    Code = "PEPPOL_SCHEME_REMOVED"    // a removed Finnish scheme without a business ID to rewrite
	PeppolSchemeMigrated   Code = "PEPPOL_SCHEME_MIGRATED"   // warning: a removed Finnish scheme was rewritten to 0216
	PeppolIdentifierFormat Code = "PEPPOL_IDENTIFIER_FORMAT" // the value does not fit its scheme
)

// Codes of addresses, telephone numbers, languages and e-mail (sections 6, 7, 8 and 10).
const (
	PostcodeFormat   Code = "POSTCODE_FORMAT"       // not a postcode of the country
	CountryUnknown   Code = "COUNTRY_UNKNOWN"       // not a country of ISO 3166-1 alpha-2
	PhoneNotParsed   Code = "PHONE_NOT_PARSED"      // warning: no number that can be dialled from everywhere
	PhoneSeveral     Code = "PHONE_SEVERAL_NUMBERS" // warning: several numbers in one field
	LanguageUnknown  Code = "LANGUAGE_UNKNOWN"      // warning: a language other than fi, sv and en
	EmailFormat      Code = "EMAIL_FORMAT"          // not one e-mail address
	EmailTooLong     Code = "EMAIL_TOO_LONG"        // more than 254 characters
	EmailListIsEmpty Code = "EMAIL_LIST_EMPTY"      // a list without any address
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
