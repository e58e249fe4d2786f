// Package rest is what interfaces of JSON over HTTP have in common that take a bearer token and refuse with application/problem+json: making
// one call, reading an answer that is not trusted, telling what a refusal means, and verifying a signed message. Nothing of it knows a
// particular service; each of those is a package beside this one.
//
// An answer counts when it is one whole JSON object; a refusal when it is a problem that says the same as its HTTP status. Everything else is
// Unavailable for a call that reads, and Uncertain for one that writes and may have arrived. A single value of another type than expected
// spoils neither its record nor its neighbours.
//
// Files: service.go makes a call and faults.go says what a refusal means; decode.go reads answers; pace.go
// keeps long lists from running into a limit; message.go verifies messages.
package rest
