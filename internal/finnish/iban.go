package finnish

import "strings"

// ParseIBAN returns an IBAN without spaces and in upper case. Finnish ones have 16 digits after FI; the others only have
// to fit the general form (two letters, two digits, 11 to 30 letters or digits). The check digits have to be right
// (ISO 13616, remainder 1 of 97). The older national check digit within Finnish account numbers is not looked at: accounts
// exist that do not fulfil it.
//
// The error is an [Issue] with code [IBANFormat] or [IBANCheckDigits].
func ParseIBAN(s string) (string, error) {
	t := upperASCII(compact(s))
	if !ibanShape(t) {
		return "", reject(IBANFormat, "An IBAN is a country's two letters, two check digits and the account; in Finland FI and 16 digits.")
	}
	if !ibanCheckDigitsFit(t) {
		return "", reject(IBANCheckDigits, "The check digits of the IBAN do not fit.")
	}
	return t, nil
}

func ibanShape(t string) bool {
	if len(t) < 15 || len(t) > 34 || !isUpper(t[0]) || !isUpper(t[1]) || !digits(t[2:4]) || !upperAlnum(t[4:]) {
		return false
	}
	return !strings.HasPrefix(t, "FI") || len(t) == 18 && digits(t[2:])
}

func ibanCheckDigitsFit(t string) bool {
	// 00, 01 and 99 can satisfy the arithmetic but are never computed.
	if c := t[2:4]; c == "00" || c == "01" || c == "99" {
		return false
	}
	return mod97(t[4:]+t[:4]) == 1
}

// mod97 is the remainder of a text of digits and capital letters, where A counts as 10 and Z as 35 (ISO 7064).
func mod97(t string) int {
	n := 0
	for i := range len(t) {
		if isDigit(t[i]) {
			n = (n*10 + int(t[i]-'0')) % 97
		} else {
			n = (n*100 + int(t[i]-'A') + 10) % 97
		}
	}
	return n
}
