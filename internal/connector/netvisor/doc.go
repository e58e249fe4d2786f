// Package netvisor reads customers from Netvisor, the accounting system, through its web-service API as the Netvisor contract
// describes it. It signs each call, lists what changed, reads cards singly or in batches, and translates a card into the
// hub's canonical fields. It does not write.
//
// # What is trusted
//
// Nothing, before it is complete. Rows of a list and cards of a batch count only when the reply ended with its closing
// element, said OK, and came without a transport error; everything else is Unavailable and changes nothing (Promise 6). Whether a
// reply is an error is decided from its body: the HTTP status speaks only for a body that is no Netvisor reply.
//
// # What is kept
//
// Reading is tolerant: an odd value comes in as it is, with a finding, and is kept out of places where it would do harm. Values
// without a canonical place are in Record.Extra. Personal identity codes are the exception: they are masked or dropped before
// anything leaves this package (Promise 11), and so are the keys, and the string to be signed that Netvisor echoes when a
// signature is wrong.
//
// Files: kind.go says what must be known to connect; sign.go and call.go make a call; faults.go says what a refusal means;
// list.go, read.go and check.go are the abilities; map.go, parts.go and extra.go translate a card. The wire itself is in api.
package netvisor
