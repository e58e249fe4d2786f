package finnish

import (
	"strings"
	"time"
)

// identityCodeMask takes the place of a personal identity code. The birth date is hidden as well: it is personal data.
const identityCodeMask = "******-****"

// identityCodeCheck holds the check characters, by remainder of the nine digits divided by 31.
const identityCodeCheck = "0123456789ABCDEFHJKLMNPRSTUVWXY"

// ContainsIdentityCode is the strict detector of personal identity codes (henkilötunnus, section 9.3): right shape, a
// date that exists, right check character, and no letter or digit of ASCII beside it. Lower case and typographic dashes
// are seen through. It is meant for refusing input; what it finds must not be stored, logged or shown.
//
// A telephone number written as six digits, hyphen, four digits that happens to pass all three tests is found too; no test
// can tell them apart.
func ContainsIdentityCode(text string) bool {
	_, _, found := nextIdentityCode(text, 0, strictHit)
	return found
}

// CheckNoIdentityCode returns an [Issue] with code [PersonalIdentityCode] when the text contains a personal identity code
// by the strict test, else nil.
func CheckNoIdentityCode(text string) error {
	if !ContainsIdentityCode(text) {
		return nil
	}
	return reject(PersonalIdentityCode, "A personal identity code may not be stored here.")
}

// MaskIdentityCodes replaces everything that looks like a personal identity code with asterisks (the loose detector of
// section 9.3). Dates and check characters are not looked at, so that a mistyped code is hidden as well; some telephone
// numbers are hidden for nothing. It sees through the escapes of JSON strings and URLs beside and inside a code, since
// logs hold such text. Masking twice is the same as masking once, and nothing [ContainsIdentityCode] would find is left.
//
// It is for logs, audit rows and error texts. Text that will be stored goes through [MaskStored], which does not hide
// telephone numbers.
func MaskIdentityCodes(text string) string { return maskHits(text, looseHit) }

// MaskStored replaces the personal identity codes that [ContainsIdentityCode] finds with asterisks and leaves all else as
// it is, for free text that another system sends. When something was hidden, the warning [IdentityCodeMasked] says so.
func MaskStored(text string) (string, Issues) {
	masked := maskHits(text, strictHit)
	if masked == text {
		return text, nil
	}
	return masked, Issues{warn(IdentityCodeMasked, "The text contained a personal identity code, which has been masked.")}
}

// HoldsMask says whether the text holds what stands for a personal identity code. Such a text is not the whole of what it was
// taken from, and must not be written back there.
func HoldsMask(text string) bool { return strings.Contains(text, identityCodeMask) }

// hitFunc decides whether the candidate at byte i counts.
type hitFunc func(text string, i int, c identityCandidate) bool

func strictHit(text string, i int, c identityCandidate) bool {
	return edgeBefore(text, i) && edgeAfter(text, c.end) && !fractionOfSecond(text, i) && c.strict()
}

func looseHit(text string, i int, c identityCandidate) bool {
	return (edgeBefore(text, i) || escapeBefore(text, i)) && edgeAfter(text, c.end)
}

// nextIdentityCode finds the first hit at or after byte from.
func nextIdentityCode(text string, from int, hit hitFunc) (start, end int, found bool) {
	for i := from; i < len(text); i++ {
		if c, ok := candidateAt(text, i); ok && hit(text, i, c) {
			return i, c.end, true
		}
	}
	return 0, 0, false
}

func maskHits(text string, hit hitFunc) string {
	start, end, found := nextIdentityCode(text, 0, hit)
	if !found {
		return text
	}
	var b strings.Builder
	kept := 0
	for ; found; start, end, found = nextIdentityCode(text, end, hit) {
		b.WriteString(text[kept:start])
		b.WriteString(identityCodeMask)
		kept = end
	}
	b.WriteString(text[kept:])
	return b.String()
}

// identityCandidate is a piece of text with the shape of a personal identity code.
type identityCandidate struct {
	date   string // DDMMYY
	sign   byte   // century sign, upper case; every dash is '-'
	serial string // NNN
	check  byte   // upper case
	end    int    // index of the first byte after it
}

// candidateAt reads a candidate that starts at byte i. It does not look at the neighbours.
func candidateAt(text string, i int) (identityCandidate, bool) {
	// The quick way out for nearly every byte of a log.
	if !isDigit(text[i]) || len(text)-i < 11 || !digits(text[i:i+6]) {
		return identityCandidate{}, false
	}
	c := identityCandidate{date: text[i : i+6]}
	sign, width := centurySign(text[i+6:])
	rest := text[i+6+width:]
	if width == 0 || len(rest) < 4 || !digits(rest[:3]) {
		return identityCandidate{}, false
	}
	check := rest[3] &^ 0x20
	if isDigit(rest[3]) {
		check = rest[3]
	} else if check < 'A' || check > 'Y' {
		return identityCandidate{}, false
	}
	c.sign, c.serial, c.check, c.end = sign, rest[:3], check, i+6+width+4
	return c, true
}

// centurySign reads the sign at the start of s and its width in bytes; zero width means there is none.
func centurySign(s string) (sign byte, width int) {
	switch c := s[0]; {
	case c == '-' || c == '+':
		return c, 1
	case isAlnum(c) && strings.IndexByte("ABCDEFUVWXY", c&^0x20) >= 0:
		return c &^ 0x20, 1
	}
	// U+2010 to U+2015 and U+2212 take three bytes each. The plus sign is often escaped in URLs and JSON.
	for _, d := range [...]struct {
		text string
		sign byte
	}{
		{"\u2010", '-'}, {"\u2011", '-'}, {"\u2012", '-'}, {"\u2013", '-'}, {"\u2014", '-'}, {"\u2015", '-'}, {"\u2212", '-'},
		{"%2b", '+'}, {"%2d", '-'}, {"%e2%80%90", '-'}, {"%e2%80%91", '-'}, {"%e2%80%93", '-'}, {"%e2%80%94", '-'},
		{"%e2%88%92", '-'}, {`\u002b`, '+'}, {`\u002d`, '-'}, {`\u2010`, '-'}, {`\u2011`, '-'}, {`\u2013`, '-'},
		{`\u2014`, '-'}, {`\u2212`, '-'}, {"&#43;", '+'}, {"&#45;", '-'},
	} {
		if len(s) >= len(d.text) && strings.EqualFold(s[:len(d.text)], d.text) {
			return d.sign, len(d.text)
		}
	}
	return 0, 0
}

// strict reports whether the date exists and the check character is right.
func (c identityCandidate) strict() bool {
	century := 1900
	switch c.sign {
	case '+':
		century = 1800
	case 'A', 'B', 'C', 'D', 'E', 'F':
		century = 2000
	}
	number := func(s string) int {
		n := 0
		for i := range len(s) {
			n = 10*n + int(s[i]-'0')
		}
		return n
	}
	day, month, year := number(c.date[:2]), number(c.date[2:4]), century+number(c.date[4:])
	// An impossible date rolls over to another day.
	if d := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC); d.Day() != day || int(d.Month()) != month {
		return false
	}
	// 000 and 001 are given to nobody; 900 to 999 are temporary and test codes and count.
	if number(c.serial) < 2 {
		return false
	}
	return identityCodeCheck[number(c.date+c.serial)%31] == c.check
}

func edgeBefore(text string, i int) bool { return i == 0 || !isAlnum(text[i-1]) }

func edgeAfter(text string, end int) bool { return end == len(text) || !isAlnum(text[end]) }

// escapeBefore reports whether the letter or digit before byte i is the end of an escape, and so no neighbour: \n and the
// like, \u000a, %20.
func escapeBefore(text string, i int) bool {
	hex := func(s string) bool {
		return all(s, func(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' })
	}
	return i >= 2 && text[i-2] == '\\' && strings.IndexByte("abfnrtv", text[i-1]) >= 0 ||
		i >= 3 && text[i-3] == '%' && hex(text[i-2:i]) ||
		i >= 6 && text[i-6] == '\\' && text[i-5] == 'u' && hex(text[i-4:i])
}

// fractionOfSecond reports whether the digits at i are the microseconds of a time of day, which an offset such as -0200
// may follow (section 9.3, rule 7).
func fractionOfSecond(text string, i int) bool {
	return i >= 4 && (text[i-1] == '.' || text[i-1] == ',') && digits(text[i-3:i-1]) && text[i-4] == ':'
}
