package netvisorkyc

import (
	"strings"
	"unicode"
)

// oneLine cleans a text that has one line: no control characters, nothing invisible, no space around it.
func oneLine(s string) string {
	return strings.TrimSpace(strings.NewReplacer("\n", " ", "\t", " ").Replace(lines(s)))
}

// lines is oneLine for a text that may have several.
func lines(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && invisible(r) {
			return -1
		}
		return r
	}, strings.ReplaceAll(s, "\r\n", "\n")))
}

// invisible are control characters, byte order marks and zero-width spaces.
func invisible(r rune) bool { return unicode.IsControl(r) || r == '\ufeff' || r == '\u200b' }

// clip cuts a text to so many characters, and shows that it did.
func clip(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
