// Package outbound is the HTTP client that connectors call external systems with. It bounds how long a call may take and
// how much an answer may hold, keeps secrets out of logs and errors, refuses to be sent to another host, and puts what goes
// wrong on the way into the hub's taxonomy of faults.
//
// One call is one request on the wire: connections are not kept for the next call. Go's transport repeats a GET by itself
// when a kept connection turns out to be dead, which would send a signed request twice under one transaction id, and some
// vendors change data on a GET. A handshake per call is the price; connectors make few calls, one at a time.
//
// The package knows nothing of any vendor, and it retries nothing: package reconcile decides when and how often.
package outbound
