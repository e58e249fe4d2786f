// Package graph is the API in GraphQL: it translates between the types of schema.graphql and those of the hub, and
// delegates. It decides nothing: who may what, what is valid and what a transaction is, package hub knows; how requests
// arrive, which ones are too big and how an error is shown, package server knows.
//
// A root field looks at its selection and asks the hub for everything under it in one batch of statements. What lies
// deeper, such as the customers of a contact person, comes through loaders that gather the keys of a whole level, so no
// list runs a statement per row at any depth. Loaders live as long as one response: an event of a subscription and each
// field of a mutation get fresh ones.
//
// generated.go and model/generated.go come from schema.graphql and gqlgen.yml by `go generate ./graph`.
package graph
