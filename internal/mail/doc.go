// Package mail hands plain-text messages to an SMTP server. It knows how a server is named, what a message looks like on the
// wire and what the server's answers mean; it does not know what is written, to whom and when, keeps nothing and tries nothing
// again.
//
// A message counts as sent when the server has taken it over, which is when it answers the end of the data. A process that
// dies between that answer and its own note of it sends the message again; both have the same Message-ID, by which mail
// programs recognise them.
package mail
