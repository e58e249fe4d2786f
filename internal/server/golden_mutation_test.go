package server_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"customerhub/graph"
)

// act is a mutation in a golden document: mutations/document.graphql with an input, answered as mutations/name.json says.
type act struct {
	name, document string   // the document has the name when it is empty
	before         []string // what a hub at work would have done before: SQL for the organisation $1
	input          vars
	// other are members that make it another input, by which the same field of the same thing gets another value.
	other vars
	adds  bool // something that was not there, so that no version is too old for it
	names bool // the other input is about another thing
}

// stopOf pulls the brake of the running system: 20 of 100 records had changed, and 7 are parked.
func stopOf(n int, class, code string) string {
	return `WITH found AS (
	  INSERT INTO finding (organisation_id, id, code, system_id, field, message, raised_at)
	  VALUES ($1, '` + uuid(7, n) + `', '` + code + `', '` + uuid(1, 1) + `', '` + class + `', 'So many that the brake stopped it.', '2026-03-02T12:00:00Z')
	  RETURNING organisation_id, id, system_id)
	INSERT INTO brake_stop (organisation_id, id, system_id, class, finding_id, run_id, counted, records, most, since, stopped_at, parked)
	SELECT organisation_id, id, system_id, '` + class + `', id, (SELECT id FROM run WHERE organisation_id = $1 ORDER BY created_at, id LIMIT 1),
	  20, 100, 20, '2026-03-01T12:00:00Z', '2026-03-02T12:00:00Z', 7
	FROM found`
}

// acts are every mutation there is, each on what those before it left.
func acts() []act {
	kycSystem := uuid(1, 5)
	const runsEnd = `UPDATE run SET state = 'SUCCEEDED', started_at = created_at, finished_at = created_at WHERE organisation_id = $1`
	one, two, private, four := globalID("Customer", uuid(2, 1)), globalID("Customer", uuid(2, 2)), globalID("Customer", uuid(2, 3)), globalID("Customer", uuid(2, 4))
	oldNetvisor := globalID("System", uuid(1, 2))
	text := func(language, text string) []vars { return []vars{{"language": language, "text": text}} }
	return []act{
		{name: "rejectPersonProposal", input: vars{"id": globalID("PersonProposal", uuid(6, 12))}, other: vars{"id": globalID("PersonProposal", uuid(6, 11))}, names: true},
		{name: "acceptPersonProposal", input: vars{"id": globalID("PersonProposal", uuid(6, 11))}, other: vars{"id": globalID("PersonProposal", uuid(6, 12))}, names: true},
		{name: "acknowledgeTooEarly", document: "acknowledgeOnboardingStep", input: vars{"step": "KYC_SCOPE", "reason": "Ei käytössä"}},
		{name: "setOnboardingProfile", input: vars{"profile": "ACCOUNTING_ONLY"}, other: vars{"profile": "EVERYTHING"}, names: true},
		{name: "acknowledgeOnboardingStep", input: vars{"step": "FLEX_ENABLED", "reason": "Ei käytössä"}, other: vars{"step": "FLEX_CUSTOMER_TYPES"}, names: true},
		{name: "acknowledgeAgain", document: "acknowledgeOnboardingStep", input: vars{"step": "FLEX_ENABLED", "reason": "Ei käytössä"}},
		{name: "acknowledgeRequired", document: "acknowledgeOnboardingStep", input: vars{"step": "NETVISOR_IDENTIFIERS", "reason": "Ei tarvita", "language": "SV"}},
		{name: "acknowledgeDone", document: "acknowledgeOnboardingStep", input: vars{"step": "ORGANISATION_AND_ROLES", "reason": "Ei tarvita"}},
		{name: "acknowledgeForNoReason", document: "acknowledgeOnboardingStep", input: vars{"step": "FLEX_ENABLED", "reason": " "}},
		{name: "withdrawOnboardingAcknowledgement", input: vars{"step": "FLEX_ENABLED"}, other: vars{"step": "FLEX_CUSTOMER_TYPES"}, names: true},
		{name: "withdrawAgain", document: "withdrawOnboardingAcknowledgement", input: vars{"step": "FLEX_ENABLED"}},
		{name: "resolveFinding", input: vars{"id": globalID("Finding", uuid(7, 1)), "note": "Tarkistettu asiakkaalta."}, other: vars{"note": "Muu"}, names: true},
		{name: "resolveFindingAgain", document: "resolveFinding", input: vars{"id": globalID("Finding", uuid(7, 2))}},
		{
			name: "approveMassChange", before: []string{stopOf(21, "IN_ALTERING", "MASS_CHANGE_IN")},
			input: vars{"id": globalID("Finding", uuid(7, 21)), "note": "Nimet muuttuivat tarkoituksella."}, other: vars{"note": "Muu"}, names: true,
		},
		{
			name: "rejectMassChange", before: []string{stopOf(22, "OUT_CLEARING", "MASS_CHANGE_OUT")},
			input: vars{"id": globalID("Finding", uuid(7, 22))}, other: vars{"note": "Muu"}, names: true,
		},
		{name: "rejectMassChangeApproved", document: "rejectMassChange", input: vars{"id": globalID("Finding", uuid(7, 21))}},
		{name: "approveMassChangeOther", document: "approveMassChange", input: vars{"id": globalID("Finding", uuid(7, 1))}},
		{
			name: "resolveFindingToBeRuled", document: "resolveFinding", before: []string{stopOf(23, "IN_DEACTIVATION", "MASS_CHANGE_IN")},
			input: vars{"id": globalID("Finding", uuid(7, 23))},
		},
		{
			name: "createCustomer",
			input: vars{
				"kind": "COMPANY", "name": "Uusi Yritys Oy", "number": "2001", "nameExtension": "Talous", "businessId": "0201256-6", "vatNumber": "FI02012566",
				"buyerUnitNumber": "003702012566", "email": "info@example.test", "phone": "09 123 4567", "language": "sv", "billingEmails": []string{"laskut@example.test"},
				"einvoice":        vars{"address": "003702012566", "operator": "003721291126"},
				"billingAddress":  vars{"name": "Uusi Yritys Oy", "line1": "Laskukatu 5", "line2": "PL 12", "postcode": "00101", "city": "Helsinki", "country": "FI"},
				"visitingAddress": vars{"line1": "Käyntikatu 7", "postcode": "00100", "city": "Helsinki", "country": "FI"},
				"deliveryAddress": vars{"line1": "Varastotie 1", "postcode": "01510", "city": "Vantaa", "country": "FI"},
			},
			other: vars{"name": "Toinen Yritys Oy"},
		},
		{
			name:  "updateCustomer",
			input: vars{"id": one, "patch": vars{"name": "Nimi Vaihtui Oy", "language": nil, "billingEmails": []string{"a@example.test", "b@example.test"}, "billingAddress": vars{"line1": "Ovi 4", "city": nil}}},
			other: vars{"patch": vars{"name": "Nimi Vaihtui Taas Oy"}},
		},
		{name: "updateCustomerStale", document: "updateCustomer", input: vars{"id": one, "expectedVersion": 1, "patch": vars{"name": "Myöhässä Oy"}}},
		{name: "updateCustomerTaken", document: "updateCustomer", input: vars{"id": two, "patch": vars{"number": "1001"}}},
		{name: "updateCustomerInvalid", document: "updateCustomer", input: vars{"id": two, "patch": vars{"email": "ei ole", "nameExtension": strings.Repeat("x", 5000)}}},
		{
			name: "upsertOffice",
			input: vars{"customerId": one, "officeId": globalID("Office", uuid(3, 1)), "patch": vars{
				"name": "Satama", "identifier": "S2", "phone": "02 765 4321", "billingEmails": []string{"satama@example.test"},
				"address": vars{"line1": "Laituri 1", "postcode": "20200", "city": "Turku", "country": "FI"}, "einvoice": vars{"address": "00371572860013", "operator": "003721291126"},
			}},
			other: vars{"patch": vars{"name": "Telakka"}},
		},
		{name: "upsertOfficeNew", document: "upsertOffice", input: vars{"customerId": two, "patch": vars{"name": "Varasto"}}, other: vars{"patch": vars{"name": "Halli"}}, adds: true},
		{
			name:  "linkContact",
			input: vars{"customerId": one, "personId": globalID("Person", uuid(4, 3)), "roles": []string{"BILLING", "GENERAL"}, "title": "kirjanpitäjä", "officeId": globalID("Office", uuid(3, 1))},
			other: vars{"title": "johtaja"},
		},
		{name: "linkContactNew", document: "linkContact", input: vars{"customerId": two, "person": vars{"firstName": "Väinö", "lastName": "Kolmas", "language": "fi", "emails": []string{"vaino@example.test"}, "phones": []string{"050 123 4567"}}, "roles": []string{"KYC"}}, other: vars{"title": "johtaja"}, adds: true},
		{name: "linkContactTaken", document: "linkContact", input: vars{"customerId": two, "person": vars{"lastName": "Neljäs"}, "roles": []string{"KYC"}}},
		{name: "setDefaultContact", input: vars{"customerId": one, "personId": globalID("Person", uuid(4, 3))}, other: vars{"personId": globalID("Person", uuid(4, 1))}},
		{name: "unlinkContact", input: vars{"customerId": one, "personId": globalID("Person", uuid(4, 1))}, other: vars{"personId": globalID("Person", uuid(4, 2))}, names: true},
		{name: "deactivateOffice", input: vars{"customerId": one, "officeId": globalID("Office", uuid(3, 1))}, other: vars{"officeId": globalID("Office", uuid(3, 2))}, names: true},
		{name: "reactivateOffice", input: vars{"customerId": one, "officeId": globalID("Office", uuid(3, 1))}, other: vars{"officeId": globalID("Office", uuid(3, 2))}, names: true},
		{name: "updatePerson", input: vars{"id": globalID("Person", uuid(4, 3)), "patch": vars{"lastName": "Muuttunut", "phones": []string{"050 765 4321"}}}, other: vars{"patch": vars{"lastName": "Toinen"}}},
		{
			name:  "defineCustomField",
			input: vars{"key": "sauna", "type": "ENUM", "labels": text("fi", "Sauna"), "options": []vars{{"code": "sahko", "labels": text("fi", "Sähkö")}, {"code": "puu", "active": false}}},
			other: vars{"labels": text("fi", "Löyly")},
		},
		{name: "setCustomField", input: vars{"customerId": two, "key": "sauna", "value": vars{"option": "sahko"}}, other: vars{"value": nil}},
		{name: "setCustomFields", input: vars{"customerId": two, "values": []vars{{"key": "discount", "value": vars{"decimal": "12.5"}}, {"key": "since", "value": nil}}}, other: vars{"values": []vars{{"key": "discount", "value": nil}}}},
		{name: "setResponsible", input: vars{"customerId": two, "responsible": vars{"kind": "TEAM", "name": "Myynti", "system": globalID("System", uuid(1, 1)), "externalId": "4"}}, other: vars{"responsible": nil}},
		{name: "deactivateCustomer", input: vars{"id": private}, other: vars{"id": two}, names: true},
		{name: "reactivateCustomer", input: vars{"id": private}, other: vars{"id": two}, names: true},
		{name: "createSystem", input: vars{"kind": "NETVISOR", "name": "Uusi", "pollEverySeconds": 600, "settings": []vars{{"name": "baseUrl", "value": "https://uusi.example.test"}}}, other: vars{"name": "Toinen"}},
		{name: "setSystemCredentials", input: vars{"id": oldNetvisor, "credentials": []vars{{"name": "customerKey", "value": "not a real key"}}}, other: vars{"credentials": []vars{{"name": "customerKey", "value": "another one"}}}},
		{name: "checkSystem", input: vars{"id": oldNetvisor}, other: vars{"id": globalID("System", uuid(1, 1))}, names: true},
		{
			name: "setSystemPolicy", input: vars{
				"id": oldNetvisor, "direction": "IN", "groups": []vars{{"group": "einvoice", "direction": "OFF"}}, "brake": vars{"sharePercent": 10, "count": 50, "windowHours": 48},
			},
			other: vars{"direction": "BOTH"},
		},
		{name: "setSystemPolicyBrake", document: "setSystemPolicy", input: vars{"id": oldNetvisor, "direction": "IN", "brake": vars{"sharePercent": 0, "count": -1, "windowHours": 900}}},
		{
			name: "setSystemErrorReport", input: vars{"id": oldNetvisor, "email": "yllapito@Example.test", "language": "FI"},
			other: vars{"email": "muut@example.test"},
		},
		{
			name: "setSystemErrorReportInvalid", document: "setSystemErrorReport",
			input: vars{"id": oldNetvisor, "email": "virheet@example.test\r\nBcc: muut@example.test"},
		},
		{name: "createInboundEndpoint", input: vars{"id": oldNetvisor}, other: vars{"id": globalID("System", uuid(1, 1))}, names: true},
		{name: "createInboundEndpointAgain", document: "createInboundEndpoint", input: vars{"id": oldNetvisor}},
		{name: "rotateInboundSecret", input: vars{"id": oldNetvisor}, other: vars{"id": globalID("System", uuid(1, 1))}, names: true},
		{name: "removeInboundEndpoint", input: vars{"id": oldNetvisor}, other: vars{"id": globalID("System", uuid(1, 1))}, names: true},
		{name: "removeInboundEndpointAgain", document: "removeInboundEndpoint", input: vars{"id": oldNetvisor}},
		{
			name:   "startSystem",
			before: []string{runsEnd, `UPDATE system SET state = CASE name WHEN 'Netvisor, vanha' THEN 'CHECKED' ELSE 'PAUSED' END WHERE organisation_id = $1`},
			input:  vars{"id": oldNetvisor}, other: vars{"id": globalID("System", uuid(1, 1))},
		},
		{name: "pauseSystemNotRunning", document: "pauseSystem", input: vars{"id": globalID("System", uuid(1, 1))}},
		{
			name:   "retryLink",
			before: []string{`UPDATE link SET state = 'PARKED', fault_code = 'REJECTED', fault_message = 'They do not take it.', attempt = 3 WHERE organisation_id = $1 AND external_id = '4001'`},
			input:  vars{"id": globalID("Link", uuid(5, 2))}, other: vars{"id": globalID("Link", uuid(5, 1))},
		},
		{
			name:   "planSystem",
			before: []string{runsEnd},
			input:  vars{"system": globalID("System", uuid(1, 1)), "mode": "BOTH"}, other: vars{"mode": "IMPORT"},
		},
		{name: "certifySystem", before: []string{runsEnd}, input: vars{"id": globalID("System", uuid(1, 1))}, other: vars{"id": globalID("System", uuid(1, 2))}, names: true},
		{name: "planSystemAgain", document: "planSystem", input: vars{"system": globalID("System", uuid(1, 1)), "mode": "EXPORT"}},
		{name: "approvePlanTooEarly", document: "approvePlan", input: vars{"id": globalID("Plan", uuid(9, 7))}},
		{
			name:   "approvePlan",
			before: []string{runsEnd, `UPDATE plan SET state = 'READY', approved_by = '', approved_at = NULL, note = '', apply_run = NULL WHERE organisation_id = $1 AND id = '` + uuid(9, 7) + `'`},
			input:  vars{"id": globalID("Plan", uuid(9, 7)), "note": "Katsottu."}, other: vars{"note": "Muu"}, names: true,
		},
		{
			name:   "applyPlan",
			before: []string{`UPDATE system SET state = CASE WHEN id = '` + uuid(1, 1) + `' THEN 'CHECKED' ELSE 'PAUSED' END WHERE organisation_id = $1`},
			input:  vars{"id": globalID("Plan", uuid(9, 7))}, other: vars{"id": globalID("Plan", uuid(9, 8))}, names: true,
		},
		{name: "applyPlanAgain", document: "applyPlan", input: vars{"id": globalID("Plan", uuid(9, 7))}},
		{
			name: "undoRun", before: []string{runsEnd},
			input: vars{"run": globalID("Run", uuid(9, 8)), "dryRun": true}, other: vars{"run": globalID("Run", uuid(9, 1))}, names: true,
		},
		{
			name: "undoRunUnseen", document: "undoRun", before: []string{runsEnd},
			input: vars{"run": globalID("Run", uuid(9, 1)), "dryRun": false, "reason": "Väärä yritys."},
		},
		{name: "undoRunOfPlan", document: "undoRun", input: vars{"run": globalID("Run", uuid(9, 7)), "dryRun": true}},
		{
			name: "linkRecord",
			before: []string{
				`UPDATE system SET state = CASE name WHEN 'Netvisor, vanha' THEN 'RUNNING' ELSE 'PAUSED' END WHERE organisation_id = $1`, runsEnd,
				`DELETE FROM link WHERE organisation_id = $1 AND external_id = '4002'`,
			},
			input: vars{"customerId": private, "systemId": globalID("System", uuid(1, 1)), "externalId": "4999"}, other: vars{"externalId": "4998"},
		},
		{name: "linkRecordTaken", document: "linkRecord", input: vars{"customerId": private, "systemId": globalID("System", uuid(1, 1)), "externalId": "4001"}},
		{name: "linkRecordTwo", document: "linkRecord", input: vars{"customerId": one, "systemId": globalID("System", uuid(1, 1)), "externalId": "4997"}},
		{
			name:   "syncNow",
			before: []string{runsEnd},
			input:  vars{"system": oldNetvisor, "full": true}, other: vars{"full": false},
		},
		{name: "pauseSystem", input: vars{"id": oldNetvisor}, other: vars{"id": globalID("System", uuid(1, 1))}},
		{
			name: "mergeCustomers", input: vars{"keep": one, "merge": four, "dryRun": false, "expectedVersions": vars{"merge": 1}},
			other: vars{"expectedVersions": nil}, names: true,
		},
		{
			name:   "unmergeCustomers",
			before: []string{`UPDATE customer SET language = 'sv' WHERE organisation_id = $1 AND id = '` + uuid(2, 1) + `'`},
			input:  vars{"customer": four, "dryRun": false}, other: vars{"customer": two}, names: true,
		},
		{
			name:  "setSystemSettings",
			input: vars{"id": oldNetvisor, "settings": []vars{{"name": "baseUrl", "value": "https://vanhin.example.test"}}},
			other: vars{"settings": []vars{{"name": "baseUrl", "value": "https://muu.example.test"}}},
		},
		{
			name: "requestSystemCredential",
			before: []string{
				`INSERT INTO system (organisation_id, id, kind, name, state, settings, poll_every, credentials_set_at, report_email, policy)
				VALUES ($1, '` + kycSystem + `', 'NETVISOR_KYC', 'KYC', 'CHECKED', '{"baseUrl": "https://kyc.example.test"}', '1 minute', now(), 'virheet@example.test', '{"direction": "OUT", "master": "HUB"}')`,
				`INSERT INTO link (organisation_id, id, system_id, customer_id, external_id, state) VALUES ($1, '` + uuid(5, 41) + `', '` + kycSystem + `', '` + uuid(2, 2) + `', 'candidates/1', 'IN_SYNC')`,
				`INSERT INTO kyc_status (organisation_id, customer_id, id, state, risk_class, as_of) VALUES ($1, '` + uuid(2, 2) + `', '` + uuid(5, 42) + `', 'CANDIDATE', 'UNKNOWN', now())`,
			},
			input: vars{"id": globalID("System", kycSystem)}, other: vars{"id": oldNetvisor}, names: true,
		},
		{name: "submitSystem", before: []string{runsEnd}, input: vars{"id": globalID("System", kycSystem)}, other: vars{"id": oldNetvisor}, names: true},
		{name: "requestSystemCredentialNotStepwise", document: "requestSystemCredential", input: vars{"id": oldNetvisor}},
		{name: "deleteKycCandidate", input: vars{"customer": two, "reason": "Kahteen kertaan."}, other: vars{"reason": "Muu"}, names: true},
		{name: "resendKycCandidateNotRemoved", document: "resendKycCandidate", input: vars{"customer": two}},
		{
			name:   "resendKycCandidate",
			before: []string{`UPDATE link SET state = 'NOT_IN_SCOPE', fault_code = 'NOT_FOUND', due_at = NULL WHERE organisation_id = $1 AND external_id = 'candidates/1'`},
			input:  vars{"customer": two}, other: vars{"customer": one}, names: true,
		},
		{name: "unmergeCustomersUndone", document: "unmergeCustomers", input: vars{"customer": four, "dryRun": false}},
		{
			name: "chooseOfficeOfNetvisor", document: "chooseOffice",
			input: vars{"linkId": globalID("Link", uuid(5, 1)), "officeId": globalID("Office", uuid(3, 1))},
		},
		{
			name: "chooseOffice",
			before: []string{
				`INSERT INTO system (organisation_id, id, kind, name, state, settings, poll_every)
				VALUES ($1, '` + uuid(1, 6) + `', 'FLEX', 'Flex', 'RUNNING', '{"baseUrl": "https://flex.example.test"}', '1 hour')`,
				`INSERT INTO link (organisation_id, id, system_id, customer_id, external_id, state) VALUES ($1, '` + uuid(5, 43) + `', '` + uuid(1, 6) + `', '` + uuid(2, 1) + `', 'fx_7001', 'IN_SYNC')`,
				`INSERT INTO link_base (organisation_id, link_id, ours, theirs) VALUES ($1, '` + uuid(5, 43) + `', '{}', '{}')`,
			},
			input: vars{"linkId": globalID("Link", uuid(5, 43)), "officeId": globalID("Office", uuid(3, 1))}, other: vars{"officeId": globalID("Office", uuid(3, 2))}, names: true,
		},
		{
			name: "chooseOfficeNotInUse", document: "chooseOffice",
			before: []string{`UPDATE office SET active = false WHERE organisation_id = $1 AND id = '` + uuid(3, 1) + `'`},
			input:  vars{"linkId": globalID("Link", uuid(5, 43)), "officeId": globalID("Office", uuid(3, 1))},
		},
	}
}

// TestGoldenMutations runs every mutation and compares what it answers with the file. One that succeeds is a repetition when it comes
// again under its idempotency key, and refused when it comes with another input; one that names a version refuses what it would
// overwrite unseen.
func TestGoldenMutations(t *testing.T) {
	t.Parallel()
	b := setup(t, today(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)))
	b.seed(b.org.ID, 4)
	b.seedBeside()
	versioned := make(map[string]bool)
	schema := graph.New(graph.Options{}).Schema().Schema()
	for _, f := range schema.Mutation.Fields {
		versioned[f.Name] = schema.Types[f.Arguments[0].Type.Name()].Fields.ForName("expectedVersion") != nil
	}
	done := make(map[string]bool)
	for _, a := range acts() {
		if a.document == "" {
			a.document = a.name
		}
		for _, sql := range a.before {
			if _, err := b.db.Owner.Exec(t.Context(), sql, b.org.ID); err != nil {
				t.Fatalf("%s: %v", a.name, err)
			}
		}
		raw, err := os.ReadFile("testdata/mutations/" + a.document + ".graphql")
		if err != nil {
			t.Fatal(err)
		}
		document := string(raw)
		try := func(key string, members ...vars) (answer, []string) {
			in := maps.Clone(a.input)
			for _, m := range members {
				maps.Copy(in, m)
			}
			if key != "" {
				in["idempotencyKey"] = key
			}
			return b.mutate(document, in)
		}
		target, _ := a.input["customerId"].(string)
		if strings.HasSuffix(a.document, "Customer") {
			target, _ = a.input["id"].(string)
		}
		version := b.version(target)
		first, failed := try(a.name)
		b.number()
		golden(t, "testdata/mutations/"+a.name+".json", stable(pretty(t, first.raw)))
		if failed != nil {
			continue
		}
		done[a.document] = true
		t.Run(a.name, func(t *testing.T) {
			before := b.rows()
			if again, _ := try(a.name); again.raw != first.raw {
				t.Errorf("repeated, it answers %s after %s", again.raw, first.raw)
			}
			if x, errs := try(a.name, a.other); !slices.Equal(errs, []string{"IDEMPOTENCY_KEY_REUSED input idempotencyKey"}) {
				t.Errorf("with another input it answers %s", x.raw)
			}
			if versioned[a.document] && !a.adds {
				other := a.other
				if a.names {
					other = nil
				}
				late, errs := try("", other, vars{"expectedVersion": version})
				if !slices.Equal(errs, []string{"STALE_VERSION input expectedVersion"}) {
					t.Errorf("after a change since version %d it answers %s", version, late.raw)
				}
			}
			if after := b.rows(); after != before {
				t.Errorf("what was repeated or refused left rows: %s after %s", after, before)
			}
		})
	}
	for name := range versioned {
		if !done[name] {
			t.Errorf("%s never succeeds", name)
		}
	}
}

// version is that of a customer, or 0 for none.
func (b *bundle) version(id string) int {
	if id == "" {
		return 0
	}
	n, _ := b.do(`query($id: ID!) { customer(by: {id: $id}) { version } }`, vars{"id": id}).at("customer", "version").(float64)
	return int(n)
}

// rows counts what mutations write.
func (b *bundle) rows() string {
	b.t.Helper()
	var changes, runs, keys, systems, persons int
	err := b.db.Owner.QueryRow(b.t.Context(), `SELECT (SELECT count(*) FROM change), (SELECT count(*) FROM run),
		(SELECT count(*) FROM idempotency_key), (SELECT count(*) FROM system), (SELECT count(*) FROM person)`).Scan(&changes, &runs, &keys, &systems, &persons)
	if err != nil {
		b.t.Fatal(err)
	}
	return fmt.Sprintf("%d changes, %d runs, %d keys, %d systems, %d persons", changes, runs, keys, systems, persons)
}

// golden compares a text with a file, or writes the file.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got)\n%s", file, d)
	}
}
