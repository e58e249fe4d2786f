// Package flex keeps customers of Admicom Flex, the field-service ERP formerly called Hillava, in agreement with the hub's, as the Flex
// contract describes it. No description of Flex's interface is public: paths, names and codes are [assumed] by the contract, and confined to
// api and to package rest. Rules F1 to F22 are the vendor's brief.
//
// # What is read and written
//
// The fields of section 4 of the contract. The customer type is not among them in either direction: its identifier says whether a customer is
// private or a company, and its id never leaves Flex (F7, R65). The visiting address is the customer's office in other systems, which is
// merge's to say (Kind.VisitingOffice), and so is the billing address that is a copy of it (F11, F12). An e-invoice address counts with a
// business ID only (F14, R83). That there is consumer e-invoicing is read, and nothing that is sent has a place for it (F15, R84).
//
// Reading is tolerant, writing strict. What an answer leaves out is not told, which is not empty.
//
// # What is trusted
//
// Nothing, before it is complete: package rest. A page of a list counts as a whole, and a list when its last page came. Customers of Flex are
// never deleted, so one that is missing is no evidence of anything but a broken answer.
//
// # How it is written
//
// A customer is made under its number by one PUT that is safe to repeat, and only where nobody has the number. A change is one merge patch
// of what differs, from the revision that the hub decided about (If-Match): when somebody was faster, nothing is changed and the record is
// read again. Contacts are one list in Flex, so a change of one sends them all, as they were in that revision.
//
// # Calls are scarce
//
// Flex allows 120 calls a minute [assumed]. Everything is therefore read by its lists, which hold whole customers (batch.go), and customer
// types are remembered for a minute (types.go).
//
// Files: kind.go says what must be known to connect; types.go knows customer types; list.go, read.go, batch.go, write.go, check.go and
// subscribe.go are the abilities; map.go translates what Flex says and body.go what it is told; receive.go verifies its messages.
package flex
