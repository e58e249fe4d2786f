// Package reconcile keeps the hub and the external systems in agreement.
//
// Everything that happens outside is only a hint: a poll, a list, later a webhook say "look at this one". What follows is
// always the same: read both sides and what they held when they last agreed, compare, act. A hint that is lost, repeated or
// late costs time and nothing else, since a full sweep compares everything once a night.
//
// # Many records at a time: runs
//
// A worker (worker.go) claims a run, which is a row, so it survives a crash. It lists what there is to look at, keeps the
// list beside the run, and takes the records in batch by batch (pull.go). Plan (plan.go) decides what becomes of each:
// each side is compared with what that side held when both last agreed, so an edit made in the hub is never overwritten by
// an older value, and an unchanged record writes nothing. Package hub commits a batch in one transaction together with the
// run's place. A record that spoils its batch is read apart (read.go), and absence is believed on complete evidence only
// (absence.go). A run only reads. What it finds that has to be sent makes the record's link due.
//
// # First runs
//
// A run that makes a plan (firstrun.go) goes the same way, and keeps what Plan decided as steps instead of doing it. Somebody approves the
// plan, and the run that applies it reads the records of the steps again, decides again, and commits where that comes to the same from
// the same. A full comparison keeps the same steps as its certificate, whether it heals what differs or only says so. A record that is not linked is matched with the customers that have none (merge/match.go), here as in every pull.
//
// # One record at a time: links
//
// Each link, one customer in one system, is its own place in the queue of work towards that system. A dispatcher
// (dispatch.go) sees which systems have due links and, for each, takes the lane, then the most urgent link, then
//
//	reads the record and what the hub has of it     exchange.go
//	merges, takes in what came from there           plan.go, answer.go
//	stores an intent for the one call that is first in the same transaction
//	makes the call, outside any transaction
//	reads back and merges again                     answer.go
//	drops the intent, with the new agreement        in the same transaction
//
// and gives link and lane back. If more is to be sent the link is due again, so each call is chosen anew and a person's edit
// goes before a backfill, in the lane too, and a backfill leaves other systems their places. What was sent is agreed in whatever
// form the system keeps it; any other difference is somebody's edit and comes in. A value that is changed back there again and
// again is left alone in that record (merge/dispute.go), and all others flow.
//
// A call whose answer is lost leaves its intent behind, and the link says UNCERTAIN. resolve.go tells how the hub finds out,
// and when it may send the call again. Nothing else is sent for that link until it knows (Promise 2).
//
// A read that wants newer values than the hub has makes the link due too, as urgent as an edit, and waits for what comes of it
// (hub/fresh.go). Nobody but the worker calls outside, so all who wait for a record have one call.
//
// # Records that are made from another system's
//
// A system may have records that stand for customers of another one, as candidates of due diligence do for those of the accounting
// system (connector.Kind.From). Nobody plans who gets a record there: the kind's scope says it (merge/scope.go), whenever the customer
// changes or gets a record in that other system, and for all customers at once at the end of a complete look (hub/enlist.go). A link
// without a record says why there is none. What such a system says of due diligence is its own, and is stored with the look that brought
// it (hub/kyc.go); of master data nothing comes in. A record that its people deleted, as the system itself says, leaves a tombstone, and
// comes back by an act of somebody (hub/candidate.go). Such a system is taken into use in steps on its own side (activate.go).
//
// # Moments
//
// Some systems are sent what others changed at certain moments only, such as each quarter of an hour (connector.Kind.WriteEvery). The link is due
// then and not before (hub/link.go), so all that changed until then goes in one call; the other systems are looked at when the moment comes
// (hub_propose_polls), so what changed there is not a moment late. What people change in the hub waits for nothing.
//
// # The visiting address
//
// Where some systems know offices, others know one visiting address (connector.Kind.VisitingOffice). It is an office's in the hub: merge/visiting.go
// says of which, and has it stand for the billing address where it is the only one. A person chooses among several (hub/match.go).
//
// # The brake
//
// Each change says what it does to values that were there (merge/brake.go): it fills, alters or clears them, or takes somebody out of
// use. Package hub counts the records of each class over a window, in the transaction that commits them and under a lock of the system
// and the way (hub/brake.go). Beyond the limit the records are decided about anew with that class parked: those groups flow neither
// way, their base stays what it was, and everything else of the record flows. What is parked stands in the base, so it is found again at
// each look and ends when both sides agree. A person's ruling is one row (hub/stop.go). It makes the links due, and each poll looks for
// those that were ruled about, so a hub that dies in between loses nothing. An approved plan is not braked.
//
// # Runs that are taken back
//
// A run that was a mistake is taken back by a run of its own (undo.go, hub/takeback.go, merge/takeback.go): the log says which run made a
// change. Each value that is still what the run made it goes back to what it was, by an edit like any other. Nothing has to be done about the
// bases: both sides agreed on the value that came in, so ours has changed since and theirs has not, and ours is sent, or held where that
// may not be. A customer that the run made is taken out of use instead and its links are let go (link.Link.LetGo): such a record is
// neither read nor written, so it does not come in again, until the customer is in use again.
//
// # Records that are set aside
//
// A record may stand for a value of its customer's: what KYC has assessed is a legal entity, so another business ID is never sent there
// (connector.Record.Fixed). Such a record is set aside, with what both sides agreed on, and the customer gets another one in the same
// transaction (hub/succeed.go): the one that it had before where it has that one's business ID again, and else a new one. One of a customer's
// links in a system is primary at any moment, whatever is repeated and whatever answers are lost.
//
// # Merged customers
//
// A customer that another was merged with keeps the records of both. One in each system is primary and goes the way above. The
// others are only read (aside.go): nothing of them comes in and nothing is sent there, what changes in them is shown in findings,
// and their bases stay what they were. So a merge that is taken back (hub/unmerge.go) leaves a record that is compared from
// where it was left, and what the merge sent to a record that was primary is taken back by ordinary edits. Of two due-diligence
// records one stays by the contract's rule, and a candidate that is left over is deleted (hub/merge_kyc.go), the one exception to keeping all.
//
// # Deleting
//
// The hub deletes no record outside by itself: an operator asks for it, with a name and a reason (deletion.go). The act is a row
// that makes the link due and stands until its end is known. The call goes the same way as all others: read, intent, call; a
// lost answer is found out about by whether the record is still there. Afterwards the link stays as the tombstone, so the
// customer is not made there again, and lists that lack the record say nothing new. A refusal ends the act with the system's
// words, and an act for which no call could be made within a day has ended too.
//
// # Holding
//
// Holds on runs, links and lanes are leases of half a minute, renewed while the holder lives, so what a killed hub held goes
// on soon (lease.go). A holder that cannot renew lets go before anybody may take over, and results carry a fence, so a late
// one is refused. A lane is taken anew for each turn and has an order: who is waited for goes first, then who came first.
// What was read of a record before the hub wrote there says nothing and is dropped.
//
// Plan and everything in answer.go are pure. No database connection is held while an external system or a lane is waited for.
package reconcile
