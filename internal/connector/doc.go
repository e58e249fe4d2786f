// Package connector is what the hub asks of code that talks to a kind of external system. A connector is small: it reads,
// and offers by implementing further interfaces whatever else its system truly can. It keeps no state, retries nothing and
// sleeps never; package reconcile decides when and how often.
//
// A new connector is one folder beside this file and one line in cmd/hub.
package connector
