// Package model is the Go side of the types in schema.graphql. Most of it is generated; written by hand are the scalars.
// It knows the shapes and nothing of where values come from.
package model
