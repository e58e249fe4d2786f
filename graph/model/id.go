package model

import (
	"encoding/base64"
	"strings"
)

// Noun is the type that a global id says it is of.
type Noun string

// The types that have global ids.
const (
	NounCustomer    Noun = "Customer"
	NounOffice      Noun = "Office"
	NounPerson      Noun = "Person"
	NounSystem      Noun = "System"
	NounLink        Noun = "Link"
	NounProposal    Noun = "PersonProposal"
	NounRun         Noun = "Run"
	NounFinding     Noun = "Finding"
	NounPlan        Noun = "Plan"
	NounMerge       Noun = "CustomerMerge" // names a merge; it cannot be read by node
	NounKey         Noun = "ApiKey"        // names an actor; it cannot be read by node
	NounCertificate Noun = "Certificate"
)

// The encoding is strict, so that one thing has one id.
var idEncoding = base64.RawURLEncoding.Strict()

// GlobalID makes the id that clients see. It is opaque to them; this file alone knows how it is made.
func GlobalID[T ~string](n Noun, id T) string {
	return idEncoding.EncodeToString([]byte(string(n) + ":" + string(id)))
}

// AppendGlobalID appends what GlobalID makes of an id.
func AppendGlobalID(out []byte, n Noun, id []byte) []byte {
	var plain [64]byte // the longest noun and a UUID
	return idEncoding.AppendEncode(out, append(append(append(plain[:0], n...), ':'), id...))
}

// ParseGlobalID takes a global id apart; ok is false for anything that GlobalID has not made of a known noun and a UUID.
func ParseGlobalID(s string) (n Noun, id string, ok bool) {
	raw, err := idEncoding.DecodeString(s)
	noun, id, ok := strings.Cut(string(raw), ":")
	// Decoding skips line breaks, so the text is also compared with what it would have been made as.
	if err != nil || idEncoding.EncodeToString(raw) != s || !ok || !Noun(noun).known() || !IsUUID(id) {
		return "", "", false
	}
	return Noun(noun), id, true
}

func (n Noun) known() bool {
	switch n {
	case NounCustomer, NounOffice, NounPerson, NounSystem, NounLink, NounProposal, NounRun, NounFinding, NounPlan, NounMerge, NounCertificate, NounKey:
		return true
	}
	return false
}

// IsUUID holds for the lower-case text form, the only one that the hub issues.
func IsUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f':
		default:
			return false
		}
	}
	return true
}
