package graph

import (
	"encoding/base64"
	"strings"

	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/link"
	"customerhub/internal/run"
	"customerhub/internal/system"
)

// noun is the type that a global id says it is of.
type noun string

// The types that have global ids.
const (
	nounCustomer noun = "Customer"
	nounOffice   noun = "Office"
	nounPerson   noun = "Person"
	nounSystem   noun = "System"
	nounLink     noun = "Link"
	nounProposal noun = "PersonProposal"
	nounRun      noun = "Run"
	nounFinding  noun = "Finding"
	nounKey      noun = "ApiKey" // names an actor; it cannot be read by node
)

// The encoding is strict, so that one thing has one id.
var idEncoding = base64.RawURLEncoding.Strict()

// globalID makes the id that clients see. It is opaque to them; this file alone knows how it is made.
func globalID[T ~string](n noun, id T) string {
	return idEncoding.EncodeToString([]byte(string(n) + ":" + string(id)))
}

// parseID takes a global id apart. The fault is NotFound: to a client, an id that nobody issued is an id of nothing.
func parseID(s string) (noun, string, error) {
	raw, err := idEncoding.DecodeString(s)
	n, id, ok := strings.Cut(string(raw), ":")
	// Decoding skips line breaks, so the text is also compared with what it would have been made as.
	if err != nil || idEncoding.EncodeToString(raw) != s || !ok || !known(noun(n)) || !isUUID(id) {
		return "", "", fault.New(fault.NotFound, "This is not an id of the hub. Ids are opaque: send one back exactly as it was received.")
	}
	return noun(n), id, nil
}

func known(n noun) bool {
	switch n {
	case nounCustomer, nounOffice, nounPerson, nounSystem, nounLink, nounProposal, nounRun, nounFinding, nounKey:
		return true
	}
	return false
}

// parseAs takes a global id apart that has to be of the type.
func parseAs[T ~string](n noun, s string) (T, error) {
	got, id, err := parseID(s)
	if err != nil {
		return "", err
	}
	if got != n {
		return "", fault.New(fault.NotFound, "This is the id of a %s; the id of a %s is needed here.", got, n)
	}
	return T(id), nil
}

func parseCustomerID(s string) (customer.ID, error) { return parseAs[customer.ID](nounCustomer, s) }
func parseOfficeID(s string) (customer.OfficeID, error) {
	return parseAs[customer.OfficeID](nounOffice, s)
}

func parsePersonID(s string) (customer.PersonID, error) {
	return parseAs[customer.PersonID](nounPerson, s)
}

func parseLinkID(s string) (link.ID, error)     { return parseAs[link.ID](nounLink, s) }
func parseSystemID(s string) (system.ID, error) { return parseAs[system.ID](nounSystem, s) }
func parseRunID(s string) (run.ID, error)       { return parseAs[run.ID](nounRun, s) }

// isUUID holds for the lower-case text form, the only one that the hub issues.
func isUUID(s string) bool {
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
