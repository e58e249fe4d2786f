// Package customer is the canonical customer: its types, the names of its fields, and the rules a value has to keep.
//
// A customer has two forms. Customer is the typed one that storage and the API use. Fields is the flat one, a value
// by field name, that comparing, merging, versioning and the change log use, so that each of them is one loop and not
// one branch per field. An absent field and an empty one mean the same: not known.
//
// The package is pure: it knows neither SQL nor GraphQL nor any external system.
package customer
