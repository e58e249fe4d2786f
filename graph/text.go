package graph

import (
	"maps"
	"slices"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"customerhub/internal/hub"
)

// The nouns say "not known" with a zero value, the API says it with null.

func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// list never is null: what the schema calls a list is one.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}

// value is what an optional argument says; the zero value when it is absent or null.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// valueOr is what an optional argument says, or else the default that the schema states.
func valueOr[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

// given is what an optional member of an input says; nil when it is absent or null.
func given[T any](o graphql.Omittable[*T]) *T {
	p, _ := o.ValueOK()
	return p
}

// idempotencyKey is the key of an input; none when it is absent or null. An empty one is no key, and whoever sends it believes to
// repeat safely, so the hub is told apart from none.
func idempotencyKey(o graphql.Omittable[*string]) string {
	key := given(o)
	if key != nil && *key == "" {
		return hub.EmptyKey
	}
	return value(key)
}

// each translates a list.
func each[A, B any](in []A, translate func(A) B) []B {
	out := make([]B, len(in))
	for i, a := range in {
		out[i] = translate(a)
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
