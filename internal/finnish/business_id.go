package finnish

import "strings"

// BusinessID (Y-tunnus) is a business ID in canonical form, seven digits, a hyphen and the check digit: "1572860-0". The
// empty string means that there is none. It is text: leading zeros are significant.
//
// A sole trader has one too, so having a business ID does not make a customer a company.
type BusinessID string

// ParseBusinessID returns the canonical form of a business ID written in any of the usual ways: with or without hyphen,
// with any spaces and dashes, in the old six-digit form with hyphen, or as a Finnish VAT number (section 1.3).
//
// The error is an [Issue] with one of the codes
//   - [BusinessIDFormat]: not a business ID at all, also when empty
//   - [BusinessIDAmbiguous]: seven digits without a hyphen, where a check digit or a leading zero may be missing
//   - [BusinessIDCheckDigit]: a typing error, or a number that is never issued
//   - [BusinessIDReserved]: all zeros
//   - [PersonalIdentityCode]: a personal identity code in the wrong field
func ParseBusinessID(s string) (BusinessID, error) {
	if ContainsIdentityCode(s) {
		return "", reject(PersonalIdentityCode, "A personal identity code is not a business ID and may not be stored.")
	}
	t := upperASCII(compact(s))
	if rest, ok := strings.CutPrefix(t, "FI"); ok {
		// A VAT number has all eight digits: the short forms below have no place in it.
		if len(rest) == 9 && rest[7] == '-' {
			rest = rest[:7] + rest[8:]
		}
		if len(rest) != 8 || !digits(rest) {
			return "", reject(BusinessIDFormat, "A VAT number given as business ID has the form FI12345671.")
		}
		t = rest
	}
	switch {
	case len(t) == 9 && t[7] == '-' && digits(t[:7]) && isDigit(t[8]):
	case len(t) == 8 && t[6] == '-' && digits(t[:6]) && isDigit(t[7]):
		t = "0" + t
	case len(t) == 8 && digits(t):
		t = t[:7] + "-" + t[7:]
	case len(t) == 7 && digits(t):
		return "", reject(BusinessIDAmbiguous,
			"Seven digits without a hyphen may lack the check digit or a leading zero: write the business ID in full.")
	default:
		return "", reject(BusinessIDFormat, "A business ID has seven digits, a hyphen and a check digit.")
	}
	if t == "0000000-0" {
		return "", reject(BusinessIDReserved, "A business ID of zeros belongs to nobody.")
	}
	if !checkDigitFits(t[:7] + t[8:]) {
		return "", reject(BusinessIDCheckDigit, "The check digit of the business ID does not fit its number.")
	}
	return BusinessID(t), nil
}

// ParseBusinessIDFromSpreadsheet is [ParseBusinessID] for a bulk import whose source is declared to strip leading zeros
// (a spreadsheet, numbers in JSON). There, seven digits are padded with one zero and accepted with the warning
// [BusinessIDZeroRestored] when the check digit then fits. Other input is treated alike.
func ParseBusinessIDFromSpreadsheet(s string) (BusinessID, Issues) {
	id, err := ParseBusinessID(s)
	if err == nil {
		return id, nil
	}
	if issues := refusals(err); !issues.Has(BusinessIDAmbiguous) {
		return "", issues
	}
	id, err = ParseBusinessID("0" + compact(s))
	if err != nil {
		return "", refusals(err)
	}
	return id, Issues{warn(BusinessIDZeroRestored, "A leading zero that the source had dropped was put back.")}
}

// ValidBusinessID reports whether [ParseBusinessID] accepts the text. A text that needs normalising is valid.
func ValidBusinessID(s string) bool {
	_, err := ParseBusinessID(s)
	return err == nil
}

// Digits returns the eight digits without the hyphen, as VAT numbers and OVT codes carry them. It is empty for the zero
// value.
func (id BusinessID) Digits() string { return strings.ReplaceAll(string(id), "-", "") }

// VATNumber returns the VAT number that the organisation has if it is registered for VAT, which the business ID alone
// does not tell. It is empty for the zero value.
func (id BusinessID) VATNumber() VATNumber {
	if id == "" {
		return ""
	}
	return VATNumber("FI" + id.Digits())
}

// OVT returns the organisation's own OVT code without a suffix. It is empty for the zero value.
func (id BusinessID) OVT() OVT {
	if id == "" {
		return ""
	}
	return OVT("0037" + id.Digits())
}

// businessIDCheckDigit returns the check digit of a seven-digit base. It is false when the base has none (one base in
// eleven is never issued) or is not seven digits.
func businessIDCheckDigit(base string) (byte, bool) {
	if len(base) != 7 || !digits(base) {
		return 0, false
	}
	sum := 0
	for i, w := range [7]int{7, 9, 10, 5, 8, 4, 2} {
		sum += int(base[i]-'0') * w
	}
	switch r := sum % 11; r {
	case 0:
		return '0', true
	case 1:
		// 11 - 1 has two digits. Mapping it to 0, as some libraries do, would accept numbers that nobody has.
		return 0, false
	default:
		return byte('0' + 11 - r), true
	}
}

// checkDigitFits reports whether the last of eight digits is the check digit of the others.
func checkDigitFits(eight string) bool {
	d, ok := businessIDCheckDigit(eight[:7])
	return ok && d == eight[7]
}
