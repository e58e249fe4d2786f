// Package netvisorkyc keeps due-diligence candidates in Netvisor KYC in agreement with the customers of Netvisor that they are made
// from, and reads what KYC says of them, as the KYC contract describes it. Nothing of KYC's interface is published: paths, names and codes
// are [assumed] by the contract, and confined to api and call.go.
//
// # What is read
//
// The due-diligence status, and never master data: Kind.Reads is false for every field, and what a record holds of names and numbers tells
// whose it is (R52). Answers, beneficial owners, screening results, documents and personal identity codes are never asked for, and what
// comes unasked is skipped.
//
// A record's external id is candidates/cand_1001, also after the candidate became a customer, so that its link outlives the acceptance;
// customers/cust_501 is a customer that never was a candidate. Values that the hub does not know are kept as they came, with a finding, and
// count as not known: a risk is never taken for a low one.
//
// # What is trusted
//
// Nothing, before it is complete. An answer counts when it is one whole JSON object about what was asked; a refusal when it is a problem
// that says the same as its HTTP status. Everything else is Unavailable for a call that reads, and Uncertain for one that writes and may
// have arrived. A page of a list counts as a whole, and a list when its last page came. That a record is not listed is no evidence; that
// its people deleted it is said by KYC itself (CandidateDeleted).
//
// # What is written
//
// Candidates, under their source in Netvisor, and of customers the name, the contact person and the end. Each step is one call that writes
// at most, and every such call is safe to repeat. Since what a step has to call depends on whether the candidate was accepted meanwhile, the
// record is read first; a reading changes nothing, so an intent still has one effect at most (Promise 2). With what was read, a customer is
// changed only as it was seen (If-Match), and a value that KYC holds already is not sent. Write has the rest.
//
// # Calls are scarce
//
// KYC allows 60 calls a minute. Everything is therefore compared by its lists, which hold whole records (batch.go), and long lists are read
// no faster than they may be (rest.Pace): a connector waits nowhere else.
//
// Files: kind.go says what must be known to connect, and scope.go who comes into KYC; call.go makes a call by way of package rest, and
// faults.go says what KYC's codes mean; read.go, batch.go, list.go, write.go, check.go, activate.go and subscribe.go are the abilities; map.go
// translates what KYC says; receive.go verifies its messages. The wire itself is in api.
package netvisorkyc
