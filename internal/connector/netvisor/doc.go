// Package netvisor reads and writes customers in Netvisor, the accounting system, through its web-service API as the Netvisor
// contract describes it. It signs each call, lists what changed, reads cards singly or in batches, translates a card into the
// hub's canonical fields, and what differs into the message of one call.
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
// # What is written
//
// Exactly what a step sets, and what Netvisor demands in every message of the kind (Promise 5): the name of an office, all four
// elements of its address when one differs, both names and the language of a contact person. A language that nobody knows is
// sent as Finnish, since it can be written and not read; a name that is missing is a dash. Of several e-mail addresses of a
// contact the first is Netvisor's, which has room for one.
//
// A call is made once. An answer that says OK or FAILED is believed, also FAILED with TECHNICAL_ERROR: Netvisor says then that
// it did not do it, and a record that it made all the same is found by its number or business ID before another is made.
// Anything else that comes after the call had a connection is Uncertain.
//
// Files: kind.go says what must be known to connect; sign.go and call.go make a call; faults.go says what a refusal means;
// list.go, read.go, check.go and write.go are the abilities; message.go makes what write.go sends; map.go, parts.go, extra.go
// and additional.go translate a card; responsibility.go is the tab of the card that no published resource serves. The wire
// itself is in api.
package netvisor
