package finnish

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// ParsePhone returns the number in international form (E.164, "+358401234567") for a text as people write it in the
// given country; an empty country is Finland. It returns "" with a warning when the text is not one dialable number, as
// short codes and two numbers in one field are not: the text is kept as it is then, and never refused. A number given
// with its extension comes out without it.
//
// The warnings are [PhoneSeveral] and [PhoneNotParsed].
func ParsePhone(country Country, raw string) (string, Issues) {
	t := strings.TrimSpace(raw)
	if severalNumbers(t) {
		return "", Issues{warn(PhoneSeveral, "There seem to be several numbers; none was taken for dialling.")}
	}
	unclear := Issues{warn(PhoneNotParsed, "This is not a telephone number in a form that can be dialled from everywhere.")}
	number, extension := cutExtension(t)
	if len(t) > 80 || ContainsIdentityCode(t) || strings.ContainsFunc(number, isPhoneText) || extension != "" && !digits(extension) {
		return "", unclear
	}
	region := string(country)
	switch country {
	case "", Finland, Aland:
		region = string(Finland)
		// A number without prefix is a short code (116117), or one whose zero was lost. It is not guessed which.
		switch d := onlyDigits(number); {
		case strings.Contains(number, "+"), strings.HasPrefix(d, "0"):
		case strings.HasPrefix(d, "358") && len(d) > 9:
			number = "+" + d
		default:
			return "", unclear
		}
	}
	// +358 (0)40 …: the bracketed zero is only for callers within the country.
	if strings.Contains(number, "+") || strings.HasPrefix(onlyDigits(number), "00") {
		number = strings.Replace(number, "(0)", "", 1)
	}
	// A zero too many in front of the national part is taken for the prefix of calls within the country by whoever reads
	// the number next, which makes it another number. So only what reads back as itself is one.
	out := dialable(number, region)
	// A Finnish number, which never begins with a zero here, reads back as itself.
	if out == "" || !strings.HasPrefix(out, "+358") && dialable(out, region) != out {
		return "", unclear
	}
	return out, nil
}

// dialable reads one number into its international form, "" when it has none.
func dialable(number, region string) string {
	n, err := phonenumbers.Parse(number, region)
	if err != nil || !phonenumbers.IsPossibleNumber(n) {
		return ""
	}
	// No Finnish number begins with a zero after its country.
	national := phonenumbers.GetNationalSignificantNumber(n)
	if n.GetCountryCode() == 358 && (len(national) < 5 || len(national) > 12 || national[0] == '0') {
		return ""
	}
	return phonenumbers.Format(n, phonenumbers.E164)
}

// severalNumbers recognises two numbers in one field by what people put between them. A comma or slash within one
// number is not usual in the Nordic countries.
func severalNumbers(t string) bool {
	if strings.Count(t, "+") > 1 {
		return true
	}
	for part := range strings.SplitSeq(t, " tai ") {
		if part != t && len(onlyDigits(part)) >= 5 {
			return true
		}
	}
	i := strings.IndexAny(t, "/;,&|\n")
	return i >= 0 && len(onlyDigits(t[:i])) >= 5 && len(onlyDigits(t[i:])) >= 5
}

// cutExtension splits the extension off: "ext. 12", "x12", "alanumero 12".
func cutExtension(t string) (number, extension string) {
	folded := upperASCII(t)
	for _, mark := range [...]string{" EXT.", " EXT", " ALANUMERO", " ALANRO", " X"} {
		if i := strings.Index(folded, mark); i > 0 {
			return strings.TrimSpace(t[:i]), strings.TrimSpace(t[i+len(mark):])
		}
	}
	return t, ""
}

// isPhoneText reports characters that no written telephone number has. Letters are among them: "0800 TAKSI" is
// understood in some countries, here it is a remark.
func isPhoneText(r rune) bool {
	return (r < '0' || r > '9') && !strings.ContainsRune("+-./() \u00a0\u2009\u202f", r) && !isDash(r)
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}
