// Package netvisor simulates the customer register of the Netvisor web service over real HTTP, strictly enough that a
// client written for the service works against it unchanged, and that a wrong one fails. It knows what the Netvisor contract
// says goes over the wire: the signed headers, the envelope, the error categories and the resources below. It does not know
// the hub: it imports the standard library alone and shares no code with the connector, so that a misunderstanding of the
// contract cannot cancel itself out.
//
// Where the contract leaves a question open, the sandbox takes the stricter or the more awkward reading, and the comment says
// [inferred]. Such places are guesses about the vendor, not knowledge. What is marked [assumed] exists in no document at all.
//
// # Resources
//
//	customerlist.nv            GET   the whole list, streamed
//	getcustomer.nv             GET   one card or up to 500
//	customer.nv                POST  method=add, method=edit&id=
//	deletecustomer.nv          GET   customerid=; refused for TEMP and for customers with invoices
//	office.nv                  POST  method=add|edit&customerid=&officeid=
//	contactperson.nv           POST  add, edit and delete inside the message
//	salespersonnellist.nv      GET
//	customerresponsibility.nv  GET customerid= or customerids=, POST customerid= [assumed], where [Options.Responsibility] is set
//
// A message is checked as a whole before anything of it has an effect: <root> first and nothing before it but white space, no
// document type, names in any case but in the order of the document type, nothing unknown, nothing twice, no text too long, codes
// and numbers that exist. An element that is absent keeps its value, an empty one clears it, and an empty aggregate does nothing.
// These are stricter than the service may be [inferred]: customerbaseinformation must be there in every message of customer.nv; an
// empty 0/1 element is refused; decimals have a comma; identifiers of contactperson.nv and the keys of payment terms, accounts
// and sales people need their attribute type; organizationunitnumber needs a right check digit; a contact person needs both names.
//
// The responsibility tab [assumed]. GET answers
//
//	<CustomerResponsibility>
//	  <CustomerNetvisorKey>1004</CustomerNetvisorKey>
//	  <ContactPerson><FirstName/><LastName/><Email/><PhoneNumber/></ContactPerson>
//	  <RequiresActions>1</RequiresActions>
//	  <LatestRiskAssessment format="ansi">2026-01-15</LatestRiskAssessment>
//	  <DueDiligenceExpires format="ansi">2027-01-15</DueDiligenceExpires>
//	  <RiskClass>low|standard|high</RiskClass>
//	  <Remarks/>
//	</CustomerResponsibility>
//
// once for customerid, and for customerids=1,2,… (100 at most) once for each customer that exists, in that order, so that a reader
// needs no call for each customer. POST takes root/customerresponsibility with the same elements in lower case and in this order,
// without the key; absent keeps, empty clears, and the answer is the status alone. The change of a tab, by whomever, is a change of
// its customer: changedsince sees it, since otherwise nobody would learn of a new contact person before the whole list is read. Six
// of ten generated companies have a contact person on the tab.
//
// Additional-information fields [assumed]: where [Options.CustomTags] are set, customer.nv takes customtags/tag{tagname, tagvalue} as
// its last aggregate, and replyoption 4 shows CustomTags/Tag{TagName, TagValue with attribute datatype} at the end of
// CustomerAdditionalInformation. Tags that a message does not name stay, and an empty value takes one away.
//
// # Data
//
// Each company has its own customers, of two kinds. Generated ones are computed from a seed whenever they are asked for, so
// that a million of them cost no memory; the same seed gives the same bytes. Captured ones come from saved replies in
// [Options.Load] and are served as they were saved, quirks included. Writes through the service, edits made through [Sandbox.Edit],
// [Sandbox.Add] and [Sandbox.Remove] and those of the control plane lie on top of both, and touch nothing but what they name.
// [Options.State] keeps them beyond a restart, with the transaction ids and both logs.
//
// # Logs
//
// The call log has every request with the faults that met it and whether it had an effect. The effect log has every change of a customer,
// whoever made it, value by value. Both are only added to, numbered, and bounded by [Options.LogLimit] and [Options.EffectLimit].
//
// # Control plane
//
// Under /_control/ a person with curl plays the people of the company, who change things in Netvisor's own pages, and turns the
// dials of the sandbox. It is JSON, needs no signature and is not part of Netvisor's API. Pages of other origins and foreign host
// names are refused.
//
//	GET    /_control/health                  {"status":"ok", …} with a count of customers by company
//	GET    /_control/calls?after=N&limit=M   the call log, oldest first
//	GET    /_control/effects?after=N&limit=M&customer=KEY
//	GET    /_control/customers?limit=M&after=KEY
//	GET    /_control/customers/KEY
//	POST   /_control/customers               add one: {"name":"Uusi Oy","city":"Oulu"}
//	POST   /_control/customers/KEY           edit one: {"phoneNumber":"040 000 1234","isActive":false,"comment":null}
//	DELETE /_control/customers/KEY
//	GET    /_control/settings
//	POST   /_control/settings                {"nextCode":"5000","resources":["customerlist.nv"]}; null resources are all
//	GET    /_control/faults                  with how often each one met a call
//	POST   /_control/faults                  add one: {"kind":"lostAnswer","resource":"customer.nv","times":1}
//	DELETE /_control/faults                  clear all; /_control/faults/ID clears one
//
// Every customer path and the settings take ?organisation=ID when there is more than one company. Field names are Netvisor's
// element names in any case, with "code" and "businessId" as other names of internalIdentifier and externalIdentifier. A string sets
// the element, an empty string empties it, true and false become 1 and 0, null takes the element away. Offices and contact
// persons are lists: an entry with officeNetvisorKey or contactPersonId changes that one, an entry without adds one, and
// "remove":true takes it away. "responsibility" changes the responsibility tab: firstName, lastName, email and phoneNumber of its
// contact person, requiresActions, latestRiskAssessment, dueDiligenceExpires, riskClass and remarks. "hasInvoices" says whether the
// customer can be deleted:
//
//	{"offices":[{"officeName":"Varasto","officeVisitAddress/city":"Kemi"}],
//	 "contactPersons":[{"contactPersonId":"100003","contactPersonEmail":"aino@example.test"}],
//	 "responsibility":{"firstName":"Aino","riskClass":"high"}, "hasInvoices":true}
//
// Faults are described at [Fault] and [FaultKind]; in JSON the fields begin with a small letter:
//
//	{"kind":"latency","delay":"2s"}
//	{"kind":"status","status":503,"retryAfter":60,"organisation":"1967543-8"}
//	{"kind":"truncate","resource":"customerlist.nv","customers":17,"cleanEnd":true}
//	{"kind":"garbage","variant":"loginPage","from":3,"times":1}
//	{"kind":"slowCommit","method":"POST","delay":"3m"}
//	{"kind":"maintenance","probability":0.1,"seed":7}
package netvisor
