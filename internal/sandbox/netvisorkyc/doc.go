// Package netvisorkyc simulates the interfaces of Netvisor KYC over real HTTP, strictly enough that a client written for the contract works
// against it unchanged, and that a wrong one fails. It knows the states, endpoints, errors, change feed and webhooks of the KYC contract, and
// plays the people of the service on its control plane. It does not know the hub: it imports the standard library alone and shares no code
// with the connector, so that a misunderstanding of the contract cannot cancel itself out.
//
// There is no public documentation of these interfaces. Every path, header and JSON name is [assumed]; what is [brief] or [public] is the
// meaning: the steps of the activation, that companies arrive as candidates and become customers by the first accepted assessment, the
// five fields of the status, risk classes, review intervals of 3 to 36 months, and that a private customer is never LOW.
//
// # Resources
//
// Below /kyc/v1, with "Authorization: Bearer TOKEN", which names the organisation and whether the integration user or the administrator calls.
// Requesting a credential is the administrator's alone, everything outside /integration the integration user's.
//
//	POST   /integration/credentials          {credentialId, token}; older tokens stay valid for 24 hours
//	GET    /integration
//	PUT    /integration                      {type, onlyWithContactPerson, errorReportEmail, netvisor: {userName, integrationKey}}
//	POST   /integration/submit               202, VERIFYING; then VERIFIED or VERIFICATION_FAILED
//	POST   /integration/start                202 {runId}; again 200 with the same run
//	POST   /integration/pause, /resume
//	GET    /candidates                       state, hasContactPerson, businessId, updatedSince, limit, cursor
//	PUT    /candidates/by-source/NETVISOR/ID {businessId, name, contactPerson, source: {customerNumber}, resurrect}
//	GET    /candidates/ID                    PATCH and DELETE too, with If-Match
//	GET    /customers                        kind, lifecycle, riskClass, requiresActions, businessId, updatedSince, limit, cursor
//	GET    /customers/ID                     and /customers/ID/status, /customers/by-source/NETVISOR/ID
//	PATCH  /customers/ID                     {name, contactPerson}, with If-Match
//	POST   /customers/ID/end                 {endedOn}
//	GET    /changes                          limit, cursor
//	POST   /webhooks                         {url, secret}; GET lists, DELETE /webhooks/ID ends one
//
// No endpoint accepts an assessment: that is the obliged entity's decision [brief].
//
// # What is decided here
//
// All of this is [assumed], where the contract leaves a question open or says too little:
//
//   - Records are written only once the integration was started: 409 NOT_VERIFIED before, 409 INTEGRATION_PAUSED in a pause. Reading needs a
//     valid token alone. 409 INVALID_STATE is for what the integration or record is in no state for. All three are permanent.
//   - INITIAL_SYNC ends by itself when no record was written for [Settings.SettleAfter], a minute unless set, or by the control plane.
//   - Credentials can be submitted in every state from CREDENTIAL_ISSUED on. What was started has to be started again afterwards, which is
//     another run. Revoked tokens, or the third failed verification in a row, bring a started integration to ERROR.
//   - With the interfaces disabled every call is 403 and the state DISABLED; enabled again, everything is where it was.
//   - A candidate is NEW when it comes with a contact person, INCOMPLETE without one, and READY once one was added or somebody has looked it
//     through. Lists show those that are open; deleted and accepted ones are asked for by state. Several states are joined with commas.
//   - In bodies of the service absent, null and empty mean the same for parts of a contact person: none of them erases what KYC has. Unknown
//     fields and query parameters are refused, read-only ones too.
//   - With onlyWithContactPerson a new candidate without a contact person is refused with 400 and counted as skippedNoContact.
//   - A deleted candidate answers 410 to every call, an upsert of its source too, unless the body has "resurrect": true: then a new candidate
//     is made, with another id. On any other upsert resurrect does nothing.
//   - An upsert of a source that is a customer is 409 ALREADY_CUSTOMER, except with another business id, which is another legal entity and makes
//     a new candidate. A business id is free again once its customer has ended. existingId of a problem names what stands in the way.
//   - Days are Helsinki's. requiresActions is computed when something changes and at midnight: REVIEW_OVERDUE after the day of expiry,
//     REQUEST_UNANSWERED after 14 days, ANSWERS_TO_ASSESS, SCREENING_HIT and MISSING_CONTACT. What has ended requires nothing.
//   - updatedAt is never twice the same and only grows, so a list ordered by it loses nothing: what changes while it is read comes again behind.
//   - revision in the feed is the number in the record's etag. Accepting tells ACCEPTED of the candidate and CREATED of the customer. Without a
//     cursor the feed begins with the oldest entry kept, and its cursor is given at the end too.
//   - Answers to POST are kept under their Idempotency-Key when they succeeded, with the token that was in them.
//   - X-Kyc-Timestamp is in seconds since 1970, of the clock of the machine and not of the sandbox. A subscription to which an event could not
//     be delivered by all six attempts, and none other meanwhile, is suspended: active is false, and it gets nothing more.
//   - Revisions in If-Match are compared strongly, and a call without If-Match is taken.
//
// # Logs
//
// The call log has every call with the faults that met it and whether it had an effect. The effect log has every change of a record, whoever made
// it, value by value. The delivery log has every attempt to send a webhook. All are only added to, numbered, and bounded by [Options.LogLimit].
//
// # Control plane
//
// Under /_control/ a person with curl plays support, the administrator, the customers and those who assess them, and turns the dials. It is JSON,
// needs no token and is not part of the service's interfaces (the contract calls it /sim). Pages of other origins and foreign host names are
// refused. Ids of organisations, candidates and customers are those of the service.
//
//	GET    /_control/health                            {"status":"ok", …} with counts by organisation
//	GET    /_control/calls?after=N&limit=M             the call log, oldest first; effects and deliveries likewise
//	GET    /_control/organisations                     with what support sees of each integration
//	POST   /_control/organisations/ID/enable           support enables the interfaces; disable turns them off
//	POST   /_control/organisations/ID/integration-user support makes the integration user
//	POST   /_control/organisations/ID/bootstrap        a new token of the administrator
//	POST   /_control/organisations/ID/credential       a new token of the integration user
//	POST   /_control/organisations/ID/revoke           its tokens end at once
//	POST   /_control/organisations/ID/recheck          a running integration is verified again
//	POST   /_control/organisations/ID/finish-sync      the initial synchronisation ends now
//	GET    /_control/candidates?organisation=ID&after=ID&limit=M   tombstones too
//	POST   /_control/candidates?organisation=ID        add one by hand: {"name":"Malli Aino","kind":"PRIVATE"}
//	GET    /_control/candidates/ID
//	POST   /_control/candidates/ID                     edit: {"contactPerson":{"email":"aino@example.test"}}
//	DELETE /_control/candidates/ID
//	POST   /_control/candidates/ID/review              somebody finds it ready; request, answer and reopen are the information request
//	POST   /_control/candidates/ID/accept              {"riskClass":"HIGH","reviewIntervalMonths":12,"notes":"…","assessedOn":"2026-01-31"}
//	GET    /_control/customers?organisation=ID&after=ID&limit=M
//	GET    /_control/customers/ID
//	POST   /_control/customers/ID                      edit: {"riskClass":"HIGH","dueDiligenceExpiresOn":"2027-01-31","screeningHit":true}
//	POST   /_control/customers/ID/assess               a later assessment, as accept; request, answer and reopen as above
//	POST   /_control/customers/ID/end                  {"endedOn":"2026-01-31"}; archive likewise
//	POST   /_control/webhooks/ID/activate              takes up a suspended subscription again
//	GET    /_control/clock
//	POST   /_control/clock                             {"advance":"720h"} or {"set":"2027-01-01T08:00:00Z"}
//	GET    /_control/settings
//	POST   /_control/settings                          {"ratePerMinute":60,"rateBurst":20,"webhooks":{"scale":0.001,"duplicates":1,"reverse":true}}
//	GET    /_control/faults                            with how often each one met a call
//	POST   /_control/faults                            {"kind":"status","status":503,"method":"PUT","path":"/by-source/","times":3}
//	DELETE /_control/faults                            clear all; /_control/faults/ID clears one
//
// In edits absent keeps and an empty text empties. "force": true accepts without answers, and takes words, dates and business ids that the service
// itself would refuse: a risk class SEVERE, a private customer with LOW. Settings are described at [Settings], faults at [Fault] and [FaultKind].
package netvisorkyc
