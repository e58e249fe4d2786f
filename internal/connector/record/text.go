package record

import (
	"strings"
	"unicode"
)

// OneLine trims a text, makes spaces of line ends and tabs, and takes out what cannot be seen.
func OneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case Invisible(r):
			return -1
		}
		return r
	}, strings.ReplaceAll(s, "\r\n", "\n")))
}

// Lines is OneLine for a text that may have several.
func Lines(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && Invisible(r) {
			return -1
		}
		return r
	}, strings.ReplaceAll(s, "\r\n", "\n")))
}

// Invisible are control characters, byte order marks and zero-width spaces.
func Invisible(r rune) bool { return unicode.IsControl(r) || r == '\ufeff' || r == '\u200b' }

// Clip cuts a text to so many characters, and shows that it did.
func Clip(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
