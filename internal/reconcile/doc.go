// Package reconcile keeps the hub and the external systems in agreement.
//
// Everything that happens outside is only a hint: a poll, a list, later a webhook say "look at this one". What follows is
// always the same. A worker claims a run (a row, so it survives a crash), takes the lane of the system (one call at a
// time, whatever the number of replicas), reads a batch of records, and lets Plan decide: each side is compared with what
// that side held when both last agreed, so an edit made in the hub is never overwritten by an older value, and an
// unchanged record writes nothing. Package hub commits what Plan decided in one transaction per batch. A hint that is
// lost, repeated or late costs time and nothing else.
//
// Holds on runs and lanes are leases of half a minute, renewed while the holder lives, so what a killed hub held goes on
// soon. A holder that cannot renew lets go before anybody may take over, and results carry a fence, so a late one is
// refused.
//
// A run is many calls, so it is claimed first and takes the lane anew for each of them, which lets others in between. What
// it listed is kept beside it and each batch commits its place (pull.go), a record that spoils its batch is read apart
// (read.go), and absence is believed on complete evidence only (absence.go).
//
// Plan is pure. The worker holds no database connection while it waits for an external system.
package reconcile
