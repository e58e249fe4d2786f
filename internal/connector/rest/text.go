package rest

import (
	"strings"
	"unicode"
)

// OneLine cleans a text that has one line: no control characters, nothing Invisible, no space around it.
func OneLine(s string) string {
	return strings.TrimSpace(strings.NewReplacer("\n", " ", "\t", " ").Replace(Lines(s)))
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

// Key is an id as it may stand in an address: letters, digits, underscores and hyphens, 64 at most. Everything else is empty.
func Key(id Text) string {
	s := string(id)
	for _, r := range s {
		if r != '_' && r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return ""
		}
	}
	if len(s) > 64 {
		return ""
	}
	return s
}
