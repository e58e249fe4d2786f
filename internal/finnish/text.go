package finnish

import (
	"strings"
	"unicode"
)

// compact drops every kind of space, also inside the text, and maps the Unicode dashes that word processors and web pages
// put in to the plain hyphen (section 1.3, step 1).
func compact(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Zs, r), r == '\u200b', r == '\ufeff':
			return -1
		case isDash(r):
			return '-'
		}
		return r
	}, s)
}

// isDash reports the look-alikes of the hyphen: U+2010 to U+2015 and the minus sign.
func isDash(r rune) bool { return r >= '\u2010' && r <= '\u2015' || r == '\u2212' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }

func isLower(c byte) bool { return c >= 'a' && c <= 'z' }

func isAlnum(c byte) bool { return isDigit(c) || isUpper(c) || isLower(c) }

// all reports whether every byte of a non-empty text satisfies is.
func all(s string, is func(byte) bool) bool {
	for i := range len(s) {
		if !is(s[i]) {
			return false
		}
	}
	return s != ""
}

func digits(s string) bool { return all(s, isDigit) }

func upperAlnum(s string) bool {
	return all(s, func(c byte) bool { return isDigit(c) || isUpper(c) })
}

// upperASCII upper-cases a to z only: a lookalike such as the dotless i must not turn into a letter of a code.
func upperASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}, s)
}
