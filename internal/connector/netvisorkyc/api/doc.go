// Package api is the interface of Netvisor KYC on the wire: the JSON of its answers and of what it is sent, as Go types, and a reader
// that takes them from an untrusted answer.
//
// Nothing of the interface is published, so every name here is [assumed] by the KYC contract (sections 3 and 4). It is read with that
// in mind: what nobody asked for is skipped, so that answers, beneficial owners, documents and personal identity codes never come in;
// a single value of another type than expected is kept as text and spoils neither its record nor its neighbours. An answer that is no
// JSON object, is not UTF-8, has something behind its end, or lacks what makes it what it is, is broken: nothing of it is used.
//
// The package knows nothing of the hub, of HTTP, or of what the values mean.
package api
