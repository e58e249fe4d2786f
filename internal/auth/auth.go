// Package auth is who asks and what they may: API keys, scopes, and the viewer that every command and read is given. It
// knows neither HTTP nor SQL.
package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"customerhub/internal/change"
	"customerhub/internal/fault"
	"customerhub/internal/organisation"
)

// Scope is a right that a key carries (design section 8).
type Scope string

// The scopes.
const (
	CustomersRead   Scope = "customers:read"
	CustomersWrite  Scope = "customers:write"
	KYCRead         Scope = "kyc:read"
	KYCManage       Scope = "kyc:manage"
	PersonalRead    Scope = "personal:read"
	SystemsRead     Scope = "systems:read"
	SystemsManage   Scope = "systems:manage"
	FindingsResolve Scope = "findings:resolve"
	WebhooksManage  Scope = "webhooks:manage"
	BulkRun         Scope = "bulk:run"
	PrivacyManage   Scope = "privacy:manage"
	KeysManage      Scope = "keys:manage"
	Admin           Scope = "admin" // all of the above
)

// Scopes are all scopes in the order they are listed to people.
var Scopes = []Scope{
	CustomersRead, CustomersWrite, KYCRead, KYCManage, PersonalRead, SystemsRead, SystemsManage,
	FindingsResolve, WebhooksManage, BulkRun, PrivacyManage, KeysManage, Admin,
}

// ParseScopes checks names of scopes, drops doubles and sorts them as listed. An empty list is refused.
func ParseScopes(names []string) ([]Scope, error) {
	var out []Scope
	for _, s := range Scopes {
		if slices.Contains(names, string(s)) {
			out = append(out, s)
		}
	}
	for _, n := range names {
		if !slices.Contains(Scopes, Scope(n)) {
			return nil, fault.New(fault.Invalid, "There is no scope %q. The scopes are: %s.", n, ScopeNames())
		}
	}
	if len(out) == 0 {
		return nil, fault.New(fault.Invalid, "A key needs at least one scope of: %s.", ScopeNames())
	}
	return out, nil
}

// ScopeNames lists all scopes in one line.
func ScopeNames() string {
	names := make([]string, len(Scopes))
	for i, s := range Scopes {
		names[i] = string(s)
	}
	return strings.Join(names, ", ")
}

// Viewer is who asks, in which organisation, with which rights. The zero Viewer may nothing.
type Viewer struct {
	Actor         change.Actor
	Scopes        []Scope
	Organisation  organisation.Organisation   // the one this request is about
	Organisations []organisation.Organisation // all that the viewer reaches
}

// Can says whether the viewer has the scope.
func (v Viewer) Can(s Scope) bool {
	return slices.Contains(v.Scopes, s) || slices.Contains(v.Scopes, Admin)
}

// Require refuses a viewer without the scope, naming it.
func (v Viewer) Require(s Scope) error {
	if v.Organisation.ID == "" {
		return fault.New(fault.Unauthenticated, "Sign in first: send the header Authorization: Bearer KEY.")
	}
	if !v.Can(s) {
		return fault.New(fault.Forbidden, "This needs the scope %s, which the key does not have.", s).With("scope", string(s))
	}
	return nil
}

// Operator is the viewer of the command line: whoever can read the database's credentials may do anything in the
// organisation.
func Operator(o organisation.Organisation) Viewer {
	return Viewer{
		Actor:         change.Actor{Kind: change.ActorOperator, Name: "operator"},
		Scopes:        []Scope{Admin},
		Organisation:  o,
		Organisations: []organisation.Organisation{o},
	}
}

type viewerKey struct{}

// WithViewer puts the viewer into the context of one request.
func WithViewer(ctx context.Context, v Viewer) context.Context {
	return context.WithValue(ctx, viewerKey{}, v)
}

// ViewerFrom takes the viewer out of the context; the zero Viewer when there is none.
func ViewerFrom(ctx context.Context) Viewer {
	v, _ := ctx.Value(viewerKey{}).(Viewer)
	return v
}

// Key is an API key as it is shown once.
type Key string

const (
	keyPrefix    = "hub_"
	secretBytes  = 32
	shownLetters = 8
)

// NewKey makes a key of 256 random bits.
func NewKey() Key {
	var secret [secretBytes]byte
	_, _ = rand.Read(secret[:]) // never fails (crypto/rand)
	return Key(keyPrefix + base64.RawURLEncoding.EncodeToString(secret[:]))
}

// ParseKey checks the shape of a key, so that a typo costs no look-up. The error holds nothing of the key.
func ParseKey(s string) (Key, error) {
	rest, ok := strings.CutPrefix(s, keyPrefix)
	raw, err := base64.RawURLEncoding.DecodeString(rest)
	// The decoder skips line ends and spare bits, so only the text that the bytes make is the key.
	if !ok || err != nil || len(raw) != secretBytes || base64.RawURLEncoding.EncodeToString(raw) != rest {
		return "", fault.New(fault.Unauthenticated, "This is not an API key of the hub: a key starts with %s and has %d characters.",
			keyPrefix, len(keyPrefix)+base64.RawURLEncoding.EncodedLen(secretBytes))
	}
	return Key(s), nil
}

// Hash is what is stored of a key. A plain hash is enough for 256 random bits: there is nothing to guess.
func (k Key) Hash() []byte {
	sum := sha256.Sum256([]byte(k))
	return sum[:]
}

// Prefix is the beginning by which a person recognises the key.
func (k Key) Prefix() string { return string(k[:min(len(k), len(keyPrefix)+shownLetters)]) }

// String hides the secret, so that a key printed by mistake tells nothing (Promise 11).
func (k Key) String() string { return k.Prefix() + "…" }

// GoString hides the secret too.
func (k Key) GoString() string { return fmt.Sprintf("auth.Key(%q)", k.String()) }

// MarshalText hides the secret from encodings, such as a log in JSON.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Reveal is the whole key, for the one time it is shown.
func (k Key) Reveal() string { return string(k) }
