// Package connectortest helps to test connectors and what uses them.
//
// Run is the conformance suite: what package reconcile relies on, asked of any connector against a stand-in of its system
// that misbehaves on demand, both when reading and, for a kind that writes, when writing. A connector passes it before anything
// else is said about it.
//
// Fake is an external system in memory, with the same abilities as a real one and faults on demand, for tests of package
// reconcile and above. It passes the suite itself.
package connectortest
