// Package advice is what the hub tells people in their own language: texts in English, Finnish, Swedish and Norwegian, and who can
// mend something, and how. What there is to say stands in the packages that say it. The package is pure.
package advice

import (
	"fmt"
	"slices"
)

// Language is a language of texts.
type Language string

// The languages.
const (
	English   Language = "EN"
	Finnish   Language = "FI"
	Swedish   Language = "SV"
	Norwegian Language = "NB"
)

// Languages are all of them.
var Languages = []Language{English, Finnish, Swedish, Norwegian}

// Said is one text in each language, in the order of Languages. %[1]s and so on stand for the words that a Text is given.
type Said [4]string

// With is the text with words in it, which stand as they came, whatever the language.
func (s Said) With(words ...any) Text { return Text{s, words} }

// Text is something to say. Its zero value says nothing.
type Text struct {
	said  Said
	words []any
}

// In says it in a language; an unknown one is English.
func (t Text) In(l Language) string {
	format := t.said[max(slices.Index(Languages, l), 0)]
	if len(t.words) == 0 {
		return format
	}
	return fmt.Sprintf(format, t.words...)
}

// Who is somebody who can mend something.
type Who string

// Who can mend things.
const (
	Nobody        Who = "NOBODY"        // the hub goes on by itself
	User          Who = "USER"          // who maintains customers
	Administrator Who = "ADMINISTRATOR" // who manages the organisation's systems
	Vendor        Who = "VENDOR"        // the system's provider
	Operator      Who = "OPERATOR"      // who runs the hub
)

// Whos are all of them.
var Whos = []Who{Nobody, User, Administrator, Vendor, Operator}

// Fix is who can mend something, and how.
type Fix struct {
	Who Who
	How Text
}
