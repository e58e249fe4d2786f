// Package torture drives a hub and a simulated Netvisor with random edits on both sides, faults, lost answers, cancelled work
// and repeated hints, and then judges what came of it. The judge, the Auditor, reads the simulator's own logs of calls and
// effects and the hub's log of changes, never the hub's tables: it asks what a person of each company would ask.
//
// One seed is one organisation with a Netvisor of its own, each second one with a Netvisor KYC beside it and each third one with an Admicom Flex,
// in a database that many share. Flex's messages reach the hub over HTTP, some twice, some late and some never. The same seed does the same again.
// Real kills of the real program are in cmd/hub, whose tests build it with the crash points of package crash.
//
// A judge that sees nothing is worth nothing, so there are negative controls: ways of writing that are known to be wrong,
// which the auditor has to find.
package torture
