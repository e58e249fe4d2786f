// Package netvisor simulates the customer register of the Netvisor web service over real HTTP, strictly enough that a
// client written for the service works against it unchanged. It knows what the Netvisor contract says goes over the wire: the
// signed headers, the envelope, the error categories, customerlist.nv and getcustomer.nv. It does not know the hub: it
// imports the standard library alone and shares no code with the connector, so that a misunderstanding of the contract
// cannot cancel itself out.
//
// Where the contract leaves a question open, the sandbox takes the stricter or the more awkward reading, and the comment says
// [inferred]. Such places are guesses about the vendor, not knowledge.
//
// # Data
//
// Each company has its own customers, of two kinds. Generated ones are computed from a seed whenever they are asked for, so
// that a million of them cost no memory; the same seed gives the same bytes. Captured ones come from saved replies in
// [Options.Load] and are served as they were saved, quirks included. Edits made through [Sandbox.Edit], [Sandbox.Add],
// [Sandbox.Remove] or the control plane lie on top of both.
//
// # Control plane
//
// Under /_control/ a person with curl plays the people of the company, who change things in Netvisor's own pages. It is JSON,
// needs no signature and is not part of Netvisor's API. Pages of other origins and foreign host names are refused.
//
//	GET    /_control/health                  {"status":"ok", …} with a count of customers by company
//	GET    /_control/calls?after=N&limit=M   the call log, oldest first
//	GET    /_control/customers?limit=M&after=KEY
//	GET    /_control/customers/KEY
//	POST   /_control/customers               add one: {"name":"Uusi Oy","city":"Oulu"}
//	POST   /_control/customers/KEY           edit one: {"phoneNumber":"040 000 1234","isActive":false,"comment":null}
//	DELETE /_control/customers/KEY
//
// Every customer path takes ?organisation=ID when there is more than one company. Field names are Netvisor's element names
// in any case, with "code" and "businessId" as other names of internalIdentifier and externalIdentifier. A string sets the
// element, an empty string empties it, true and false become 1 and 0, null takes the element away. Offices and contact
// persons are lists: an entry with officeNetvisorKey or contactPersonId changes that one, an entry without adds one, and
// "remove":true takes it away:
//
//	{"offices":[{"officeName":"Varasto","officeVisitAddress/city":"Kemi"}],
//	 "contactPersons":[{"contactPersonId":"100003","contactPersonEmail":"aino@example.test"}]}
package netvisor
