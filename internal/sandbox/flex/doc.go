// Package flex simulates Admicom Flex, the field-service ERP formerly called Hillava, over real HTTP: its customers, customer types and webhooks as the
// Flex contract has them, and the people, support and consumers who act in it. It is strict, so that a client that works against it has read the contract. It
// does not know the hub: it imports the standard library alone and shares no code with the connector, so that a misunderstanding of the
// contract cannot cancel itself out.
//
// No public description of Flex's API is known. What is marked [brief] comes from the Flex brief (rules F1 to F22 of the contract), [public] from public
// texts about Flex, and everything else, all paths and names of the API first, is [assumed]: our design, to be held against the real one once there is one.
// Where the contract leaves a question open, the stricter or the more awkward answer is taken, and this text says so.
//
// # Resources
//
// Below /flex/v1, with Authorization: Bearer and an API key of the organisation. Refusals are application/problem+json with status, code and detail, and
// with VALIDATION_FAILED a list errors of {field, code, message}; the codes are constants of this package.
//
//	GET    /customer-types                  types:read       {"items":[…]}
//	GET    /customers                       customers:read   {"items":[…],"nextCursor":"…"}, null on the last page
//	       ?modifiedSince=TIME&active=BOOL&limit=1..200&cursor=…   limit is 100 unless given
//	GET    /customers/{id}                  customers:read   ETag is the revision in quotation marks
//	GET    /customers/by-number/{number}    customers:read
//	PUT    /customers/by-number/{number}    customers:write  If-None-Match: *; 201, or 200 for the same message again
//	PATCH  /customers/{id}                  customers:write  If-Match: "REVISION"; a JSON merge patch
//	POST   /customers/{id}/deactivate       customers:write  If-Match is heeded where sent
//	GET    /webhooks                        webhooks         {"items":[{id, url, types, status, createdAt, suspendedAt}]}
//	POST   /webhooks                        webhooks         {"url":…, "secret":…, "types":[…]}; 201 with the secret
//	DELETE /webhooks/{id}                   webhooks         204
//
// A call is refused, in this order, without a valid key (401 INVALID_KEY), while support has not enabled the integration (403 INTEGRATION_NOT_ENABLED, F4 [brief]),
// beyond the rate (429 RATE_LIMITED with Retry-After), without the scope (403 SCOPE_MISSING).
//
// Lists are in the order of ids, which are given in ascending order and never taken away. Paging is by key: whatever is changed meanwhile, a customer that was there
// when a list began is in it once. modifiedSince is inclusive and as precise as the stamps, to the millisecond. A cursor belongs to its filters.
//
// A number that another customer has is 412 NUMBER_IN_USE for PUT and 409 for PATCH. A revision that has passed is 412 STALE_REVISION with the ETag
// of now. A write without its condition is 428. A PUT is the same message when its JSON is equal to the one that created the customer that has the number;
// the answer is the customer as it is now, also when somebody has changed it since.
//
// Bodies hold exactly the contract's names: an unknown name, one that stands twice, one that programs cannot write (id, origin, revision, the stamps) and a text of
// more than 255 characters are refused. billing.consumerEInvoice is refused with CONSUMER_EINVOICE_READ_ONLY whatever its value is (F15 [brief]). An empty text
// is no value and is answered as null, and so is an address without any part. Lists are replaced as a whole; a contact keeps its id when it is sent, and gets one when
// it comes without.
//
// Rules of a customer, for programs and people alike: a name; a Finnish business ID with its check digit, unless all its countries are others; no business ID together with
// consumer e-invoicing (422 CONSUMER_EINVOICE_WITH_BUSINESS_ID, F16 [brief]); an e-invoice address with its operator; e-mail addresses, countries (FI) and languages (fi)
// that look like it; what the customer type demands (F7 [brief]), also when the customer lacked it before. A type with a number series gives the number, and passes over
// taken ones; to give one then is 422 NUMBER_ASSIGNED_BY_SERIES, so that customers from Netvisor need types without (F9, F20 [brief]). Without a series a number is
// needed (NUMBER_REQUIRED). visibleFields are told and have no effect, since they hide fields from people and not from programs.
//
// # Webhooks
//
// A change of a customer is one event, whoever made it, at once (F5 [brief]). Its type is the first that fits of customer.created, customer.deactivated,
// customer.number_changed and customer.updated. changedFields are paths such as billing.email, visitingAddress.city and contacts; for a new customer all that has a value.
// origin is USER for people, HUB for programs that send X-Origin: hub, API for others.
//
//	POST {url}
//	X-Flex-Event-Id: 01J…      the same in every attempt and copy
//	X-Flex-Timestamp: 1767225600                 seconds, those of the attempt
//	X-Flex-Signature: v1=hex hmac_sha256(secret, timestamp + "." + body)
//	{"type":"customer.updated","customerId":"fx_7001","revision":5,"origin":"USER","changedFields":["billing.email"],"customer":{…}}
//
// Any status of 200 to 299 within two seconds is a success. After a failure there are further attempts, 10 s, 1 min, 5 min, 30 min and 2 h later; after the last one the webhook is
// SUSPENDED, and what waits for it is dropped. The same POST /webhooks takes it up again; what happened meanwhile is found by modifiedSince. While the integration is
// not enabled no events are made. Deliveries are at least once, in no order: [WebhookDials] add copies, hold events back, mix their order and lose some.
//
// # The sales invoice
//
// Sending an invoice in Flex overwrites the customer in Netvisor, found by its number [public]. This sandbox does not know Netvisor, so the act is recorded here
// as an effect, and what it does there is left to [Options.InvoiceSent]: a test that runs both sandboxes edits the customer in Netvisor's from it.
// Without that the person with curl does the same in the control plane of Netvisor's sandbox, with the customer that the act answers.
//
// # Data
//
// Each organisation has its own customers, types, keys and webhooks. Without types of its own it has ct_3 Yritysasiakas with the series F50001, ct_4
// Yksityisasiakas with the series Y60001, and the two for customers from Netvisor: ct_10 (PRIVATE) and ct_11 (COMPANY, which demands a business ID, as the contract's
// example does). [Options.Customers] are generated from the seed, always the same ones. [Options.State] keeps everything but faults beyond a restart,
// deliveries that wait too.
//
// # Logs
//
// The call log has every request with the faults that met it and whether it had an effect, the effect log every change of a customer, whoever made it, value by
// value, and the delivery log every attempt to tell of an event. They are only added to, numbered, and bounded. Secrets are in none of them.
//
// # Control plane
//
// Under /_control/ a person with curl plays the people of the organisation, support and the net bank, and turns the dials of the sandbox. It is JSON, needs no key and is not
// part of Flex's API. Pages of other origins and foreign host names are refused.
//
//	GET    /_control/health                  {"status":"ok", …}
//	GET    /_control/organisations           with keys (no secrets), types and webhooks
//	GET    /_control/calls?after=N&limit=M   the call log, oldest first
//	GET    /_control/effects?after=N&limit=M&customer=ID
//	GET    /_control/deliveries?after=N&limit=M&customer=ID
//	GET    /_control/deliveries/pending      what waits for an attempt
//	POST   /_control/deliveries/again        {"event":"01J…","copies":100}: one of the latest thousand events again
//	GET    /_control/settings
//	POST   /_control/settings                {"ratePerMinute":120,"latency":"1s","retryScale":0.001,
//	                                          "webhooks":{"duplicate":1,"copies":2,"delay":"5s","shuffle":"10s","lose":0.1,"seed":7}}
//	GET    /_control/clock
//	POST   /_control/clock                   {"advance":"15m"} or {"now":"2026-02-01T08:00:00Z"}
//	GET    /_control/faults                  with how often each one met a call
//	POST   /_control/faults                  add one: {"kind":"lostAnswer","method":"PATCH","path":"/customers","times":1}
//	DELETE /_control/faults                  clear all; /_control/faults/ID clears one
//
// Support:
//
//	POST   /_control/support                 {"enabled":true}
//	GET    /_control/types
//	POST   /_control/types                   a new one; /_control/types/ID changes what is named: {"numberSeries":null}
//	DELETE /_control/types/ID                one that no customer has
//	POST   /_control/keys                    {"scopes":["customers:read"]}; answers the secret
//	DELETE /_control/keys/ID                 revokes it
//	GET    /_control/webhooks
//	POST   /_control/webhooks/ID/suspend     and /resume
//
// People, with &user=12 for who it is:
//
//	GET    /_control/customers?after=7001&limit=M
//	POST   /_control/customers               {"name":"Uusi Oy","customerTypeId":"ct_3"}
//	GET    /_control/customers/ID            also by number
//	POST   /_control/customers/ID            a merge patch: {"phone":"040 000 1234","visitingAddress":null}
//	POST   /_control/customers/ID/deactivate and /activate
//	POST   /_control/customers/ID/number     {"customerNumber":"F777"}, also where the type has a series
//	POST   /_control/customers/ID/type       {"customerTypeId":"ct_11"}
//	POST   /_control/customers/ID/consumer-einvoice   {"ordered":true}: the consumer, in the own net bank
//	POST   /_control/customers/ID/invoice    a sales invoice is sent
//
// Every path that concerns one organisation takes ?organisation=ID when there is more than one. Faults are described at [Fault] and [FaultKind]; in JSON the
// fields begin with a small letter:
//
//	{"kind":"latency","delay":"2s"}
//	{"kind":"status","status":503,"retryAfter":60,"organisation":"org_1"}
//	{"kind":"problem","status":500,"code":"INTERNAL_ERROR","afterCommit":true}
//	{"kind":"truncate","path":"/customers","fraction":0.5,"cleanEnd":true}
//	{"kind":"garbage","variant":"loginPage","from":3,"times":1}
//	{"kind":"tooMany","retryAfter":30,"probability":0.1,"seed":7}
package flex
