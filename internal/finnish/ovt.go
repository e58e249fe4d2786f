package finnish

import "strings"

// OVT is an OVT code in canonical form: 0037, the eight digits of a business ID, and up to five letters or digits that
// the organisation chose itself: "003715728600", "0037157286001". The empty string means that there is none.
type OVT string

// ParseOVT returns the canonical form of an OVT code: without spaces, upper case. A business ID in it whose check digit
// does not fit is a warning ([OVTCheckDigit]), not a refusal. The refusals are [OVTFormat] and, for a code whose leading
// zeros a spreadsheet has eaten, [OVTPrefixLost].
func ParseOVT(s string) (OVT, Issues) {
	t := upperASCII(compact(s))
	if !ovtShape(t) {
		if zerosLost(t) {
			return "", Issues{reject(OVTPrefixLost, "The zeros at the start of the OVT code are missing: it starts with 0037.")}
		}
		return "", Issues{reject(OVTFormat,
			"An OVT code is 0037, the eight digits of a business ID, and at most five letters or digits.")}
	}
	issues := normalised(s, t)
	if t[4:12] == "00000000" || !checkDigitFits(t[4:12]) {
		issues = append(issues, warn(OVTCheckDigit, "The check digit of the business ID in the OVT code does not fit."))
	}
	return OVT(t), issues
}

// BusinessID returns the business ID inside the code. It is false when its check digit does not fit and for the zero
// value.
func (o OVT) BusinessID() (BusinessID, bool) {
	if !ovtShape(string(o)) {
		return "", false
	}
	id, err := ParseBusinessID(string(o[4:12]))
	return id, err == nil
}

// Suffix returns what follows the business ID, often nothing.
func (o OVT) Suffix() string {
	if len(o) <= 12 {
		return ""
	}
	return string(o[12:])
}

func ovtShape(t string) bool {
	return strings.HasPrefix(t, "0037") && len(t) >= 12 && len(t) <= 17 && digits(t[4:12]) && (len(t) == 12 || upperAlnum(t[12:]))
}

// zerosLost recognises an OVT code that went through a spreadsheet. The check digit has to fit, since other identifiers
// start with 37 as well.
func zerosLost(t string) bool {
	t = strings.TrimPrefix(t, "0")
	return strings.HasPrefix(t, "37") && ovtShape("00"+t) && checkDigitFits(t[2:10])
}
