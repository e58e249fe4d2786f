// Package inbound takes the messages that systems send by themselves when something changed there. A message is a hint: it makes links
// due, or the system, and only what is seen there then counts. So losing, repeating or reordering messages costs time and nothing
// else, and where none can be taken the polls and the nightly comparison find the same.
//
// What the package answers for is the door. A message is answered with 202 once what it is about is written, and within two seconds
// either so or with 503, which has the sender repeat it (Promise 1). An event that was taken before is answered the same and does
// nothing, on any replica. All that is wrong with a message, and an address that does not exist, is answered with the same 401 after
// the same work, so that nobody learns who is kept here. No body is kept or logged (Promise 11).
package inbound
