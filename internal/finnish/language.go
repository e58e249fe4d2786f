package finnish

import "strings"

// Language is a customer's language as ISO 639-1: "fi", "sv" or "en". The empty string means that it is not known.
type Language string

// The languages a customer can have.
const (
	Finnish Language = "fi"
	Swedish Language = "sv"
	English Language = "en"
)

// ParseLanguage returns the language for its ISO 639-1 code, in any case. Every other text, also the empty one and "se"
// (which is Northern Sámi, although systems use it for Swedish), is Finnish with the warning [LanguageUnknown].
func ParseLanguage(s string) (Language, Issues) {
	switch l := Language(strings.ToLower(strings.TrimSpace(s))); l {
	case Finnish, Swedish, English:
		return l, nil
	}
	return Finnish, Issues{warn(LanguageUnknown, "The language is not one of fi, sv and en; Finnish is used.")}
}

// LanguageFromNetvisor returns the language for Netvisor's code, which looks like a country: FI, SE for Swedish, EN.
// Every other text is Finnish with the warning [LanguageUnknown], also SV.
func LanguageFromNetvisor(code string) (Language, Issues) {
	switch upperASCII(strings.TrimSpace(code)) {
	case "FI":
		return Finnish, nil
	case "SE":
		return Swedish, nil
	case "EN":
		return English, nil
	}
	return Finnish, Issues{warn(LanguageUnknown, "The language is not one of FI, SE and EN; Finnish is used.")}
}

// Netvisor returns Netvisor's code for the language (FI, SE or EN), and "" for a language it has no code for.
func (l Language) Netvisor() string {
	switch l {
	case Finnish:
		return "FI"
	case Swedish:
		return "SE"
	case English:
		return "EN"
	}
	return ""
}
