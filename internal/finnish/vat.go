package finnish

// VATNumber (ALV-numero) is a VAT number with its country prefix, "FI15728600". The empty string means that there is none.
// A well-formed number does not prove that its holder is registered for VAT.
type VATNumber string

// ParseVATNumber returns the canonical form of a VAT number. Finnish numbers are checked as business IDs are; of others,
// only the shape (two letters and 2 to 13 letters or digits) is checked, and the part after the country is kept as given.
//
// The error is an [Issue] with code [VATNumberFormat], [VATNumberCheckDigit], [VATNumberReserved] or
// [PersonalIdentityCode].
func ParseVATNumber(s string) (VATNumber, error) {
	if ContainsIdentityCode(s) {
		return "", reject(PersonalIdentityCode, "A personal identity code is not a VAT number and may not be stored.")
	}
	t := compact(s)
	if len(t) < 4 || !all(t[:2], func(c byte) bool { return isUpper(c) || isLower(c) }) {
		return "", reject(VATNumberFormat, "A VAT number starts with the two letters of a country.")
	}
	country, national := upperASCII(t[:2]), t[2:]
	if country != "FI" {
		if len(national) > 13 || !all(national, isAlnum) {
			return "", reject(VATNumberFormat, "A VAT number has 2 to 13 letters or digits after the country.")
		}
		return VATNumber(country + national), nil
	}
	if len(national) == 9 && national[7] == '-' {
		national = national[:7] + national[8:]
	}
	switch {
	case len(national) != 8 || !digits(national):
		return "", reject(VATNumberFormat, "A Finnish VAT number is FI and the eight digits of the business ID.")
	case national == "00000000":
		return "", reject(VATNumberReserved, "A VAT number of zeros belongs to nobody.")
	case !checkDigitFits(national):
		return "", reject(VATNumberCheckDigit, "The check digit of the VAT number does not fit its number.")
	}
	return VATNumber("FI" + national), nil
}

// Country returns the two letters before the number: the country for all but Greece, whose VAT prefix is EL, and Northern
// Ireland (XI).
func (v VATNumber) Country() string {
	if len(v) < 2 {
		return ""
	}
	return string(v[:2])
}

// BusinessID returns the business ID inside a Finnish VAT number. It is false for other countries and the zero value.
func (v VATNumber) BusinessID() (BusinessID, bool) {
	if v.Country() != "FI" {
		return "", false
	}
	id, err := ParseBusinessID(string(v))
	return id, err == nil
}

// CheckVATNumber compares a customer's VAT number with the business ID. A difference is only a warning
// ([VATBusinessIDMismatch]), since a VAT group has a number of its own. Nothing is said when either is missing or the
// VAT number is foreign.
func CheckVATNumber(v VATNumber, id BusinessID) Issues {
	inside, ok := v.BusinessID()
	if !ok || id == "" || inside == id {
		return nil
	}
	return Issues{warn(VATBusinessIDMismatch, "The VAT number holds another business ID than the customer's.")}
}
