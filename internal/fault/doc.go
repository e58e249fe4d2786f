// Package fault is the one taxonomy of what can go wrong. Whether something is retried, how loudly it is logged and
// whether a person using the API may read it all derive from the Code; there is no second verdict anywhere.
//
// It knows nothing about HTTP, GraphQL or Postgres: the edges translate into it and out of it.
package fault
