package finnish

import (
	"strings"
	"unicode/utf8"
)

// Country is a country as ISO 3166-1 alpha-2, upper case. The empty string means that it is not known.
type Country string

// Countries whose addresses follow the Finnish rules.
const (
	Finland Country = "FI"
	Aland   Country = "AX"

	// Elsewhere is no country in particular; ISO 3166 leaves its letters to users. What depends on a country is not understood there.
	Elsewhere Country = "ZZ"
)

// countries are all officially assigned codes of ISO 3166-1 alpha-2, with a space after each.
const countries = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ " +
	"CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE " +
	"GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP " +
	"KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF " +
	"NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN " +
	"SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW "

// ParseCountry returns a country's code in upper case; an empty text is Finland, the default. The error is an [Issue] with
// code [CountryUnknown].
func ParseCountry(s string) (Country, error) {
	t := upperASCII(compact(s))
	if t == "" {
		return Finland, nil
	}
	if len(t) != 2 || !upperAlnum(t) || !strings.Contains(countries, t+" ") {
		return "", reject(CountryUnknown, "A country is given by its two letters of ISO 3166-1, such as FI.")
	}
	return Country(t), nil
}

// ParsePostcode returns the canonical form of a postcode. In Finland and Åland it has five digits, whose leading zeros
// count; a country before it ("FI-00100") and spaces are dropped. A shorter one is refused, since what a spreadsheet has
// taken away cannot be guessed. Of other countries only the length is checked, 1 to 50 characters. Whether the postcode
// exists is not checked, and an Åland postcode is right with both countries.
//
// The error is an [Issue] with code [PostcodeFormat].
func ParsePostcode(country Country, s string) (string, error) {
	if country != Finland && country != Aland && country != "" {
		t := strings.TrimSpace(s)
		if n := utf8.RuneCountInString(t); n < 1 || n > 50 {
			return "", reject(PostcodeFormat, "A postcode has 1 to 50 characters.")
		}
		return t, nil
	}
	t := upperASCII(compact(s))
	if rest, ok := strings.CutPrefix(t, "FI-"); ok {
		t = rest
	} else if rest, ok := strings.CutPrefix(t, "AX-"); ok {
		t = rest
	}
	switch {
	case len(t) == 5 && digits(t):
		return t, nil
	case len(t) < 5 && digits(t):
		return "", reject(PostcodeFormat, "A Finnish postcode has five digits; zeros at its start may have been lost.")
	}
	return "", reject(PostcodeFormat, "A Finnish postcode has five digits.")
}
