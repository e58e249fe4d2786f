package server_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"customerhub/internal/auth"
)

const (
	createCustomer = `mutation($input: CreateCustomerInput!) { r: createCustomer(input: $input) {
		customer { id version number kind name email language billingEmails phone { raw } addresses { kind line1 postcode city country } einvoiceAddresses { address operator } }
		userErrors { code message path details { currentVersion changedFields holder { number } run { kind } facts { name value } } } } }`
	updateCustomer = `mutation($input: UpdateCustomerInput!) { r: updateCustomer(input: $input) {
		customer { id version number name email language nameExtension billingEmails businessId addresses { kind line1 postcode city country } einvoiceAddresses { address operator } offices { name } }
		userErrors { code message path details { currentVersion changedFields holder { number } } } } }`
	deactivateCustomer = `mutation($input: DeactivateCustomerInput!) { r: deactivateCustomer(input: $input) {
		customer { id version status } userErrors { code message path details { currentVersion changedFields } } } }`
	createSystem = `mutation($input: CreateSystemInput!) { r: createSystem(input: $input) {
		system { id kind name state health settings { name value } pollEverySeconds } userErrors { code message path } } }`
	setCredentials = `mutation($input: SetSystemCredentialsInput!) { r: setSystemCredentials(input: $input) {
		system { id state credentialsSetAt } userErrors { code message path } } }`
	checkSystem = `mutation($input: CheckSystemInput!) { r: checkSystem(input: $input) { run { id kind state system { name } } userErrors { code message path details { run { id } } } } }`
	startSystem = `mutation($input: StartSystemInput!) { r: startSystem(input: $input) { system { state lastRun { id } } run { id kind state } userErrors { code message path } } }`
	syncNow     = `mutation($input: SyncNowInput!) { r: syncNow(input: $input) { run { id kind state } userErrors { code message path details { run { id } } } } }`
)

// mutate runs a mutation and gives the codes with the paths of its user errors.
func (b *bundle) mutate(query string, input vars) (answer, []string) {
	b.t.Helper()
	a := b.do(query, vars{"input": input})
	var out []string
	for i := range a.len("r", "userErrors") {
		path, _ := a.at("r", "userErrors", i, "path").([]any)
		out = append(out, a.text("r", "userErrors", i, "code")+" "+strings.Trim(fmt.Sprint(path), "[]"))
		if m := a.text("r", "userErrors", i, "message"); !strings.HasSuffix(m, ".") {
			b.t.Errorf("%q is not a sentence", m)
		}
	}
	return a, out
}

func TestUserErrors(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 4)
	one := globalID("Customer", uuid(2, 1))
	sys := globalID("System", uuid(1, 1)) // it is running
	nobody, nothing := globalID("Customer", uuid(2, 999)), globalID("System", uuid(1, 999))
	a, errs := b.mutate(createSystem, vars{"kind": "NETVISOR", "settings": []vars{{"name": "baseUrl", "value": "https://netvisor.example.test"}}})
	if errs != nil {
		t.Fatal(a.raw)
	}
	draft := a.text("r", "system", "id")

	for _, tc := range []struct {
		name, query string
		input       vars
		want        []string
	}{
		{"ACompanyIsNotNamedByAPerson", createCustomer, vars{"kind": "COMPANY", "firstName": "Aino", "lastName": "Virtanen"}, []string{"REQUIRED input name"}},
		{"CreateWithoutNameIsRefused", createCustomer, vars{"kind": "COMPANY"}, []string{"REQUIRED input name"}},
		{
			"CreateReportsAllFaultsTogether", createCustomer,
			vars{"kind": "COMPANY", "name": "X", "businessId": "1234567-8", "email": "x", "billingAddress": vars{"line1": "a", "country": "XX"}},
			[]string{"COUNTRY_UNKNOWN input billingAddress country", "BUSINESS_ID_CHECK_DIGIT input businessId", "EMAIL_INVALID input email"},
		},
		{"CreateWithATakenNumberIsRefused", createCustomer, vars{"kind": "COMPANY", "name": "X", "number": "1001"}, []string{"NUMBER_TAKEN input number"}},
		{"CreateWithAReservedNumberIsRefused", createCustomer, vars{"kind": "COMPANY", "name": "X", "number": "TEMP"}, []string{"NUMBER_RESERVED input number"}},
		{"CreateWithHalfAnEInvoiceAddressIsRefused", createCustomer, vars{"kind": "COMPANY", "name": "X", "businessId": "1572860-0", "einvoice": vars{"address": "003715728600"}}, []string{"EINVOICE_INCOMPLETE input einvoice"}},
		{"UpdateOfNobodyIsRefused", updateCustomer, vars{"id": nobody, "patch": vars{"name": "X"}}, []string{"NOT_FOUND input id"}},
		{"UpdateOfASystemIsRefused", updateCustomer, vars{"id": sys, "patch": vars{"name": "X"}}, []string{"NOT_FOUND input id"}},
		{"UpdateOfNonsenseIsRefused", updateCustomer, vars{"id": "nonsense", "patch": vars{"name": "X"}}, []string{"NOT_FOUND input id"}},
		{"UpdateWithAWrongValueNamesItsPath", updateCustomer, vars{"id": one, "patch": vars{"email": "x"}}, []string{"EMAIL_INVALID input patch email"}},
		{"UpdateInsideAnAddressNamesItsPath", updateCustomer, vars{"id": one, "patch": vars{"billingAddress": vars{"postcode": "1"}}}, []string{"POSTCODE_INVALID input patch billingAddress postcode"}},
		{"UpdateThatClearsTheNameIsRefused", updateCustomer, vars{"id": one, "patch": vars{"name": nil}}, []string{"REQUIRED input patch name"}},
		{"UpdateOfAVersionThatNeverWasIsRefused", updateCustomer, vars{"id": one, "expectedVersion": 99, "patch": vars{"name": "X"}}, []string{"INVALID input expectedVersion"}},
		{"DeactivateNobodyIsRefused", deactivateCustomer, vars{"id": nobody}, []string{"NOT_FOUND input id"}},
		{"DeactivateNonsenseIsRefused", deactivateCustomer, vars{"id": "nonsense"}, []string{"NOT_FOUND input id"}},
		{"CreateSystemWithoutASettingIsRefused", createSystem, vars{"kind": "NETVISOR"}, []string{"SETTING_REQUIRED input settings baseUrl"}},
		{"CreateSystemWithAnUnknownSettingIsRefused", createSystem, vars{"kind": "NETVISOR", "settings": []vars{{"name": "x", "value": "y"}}}, []string{"SETTING_UNKNOWN input settings x"}},
		{"CreateSystemWithASettingTwiceIsRefused", createSystem, vars{"kind": "NETVISOR", "settings": []vars{{"name": "x", "value": "y"}, {"name": "x", "value": "z"}}}, []string{"SETTING_INVALID input settings 1 name"}},
		{"CreateSystemThatIsNeverLookedAtIsRefused", createSystem, vars{"kind": "NETVISOR", "pollEverySeconds": 0, "settings": []vars{{"name": "baseUrl", "value": "x"}}}, []string{"INVALID input pollEverySeconds"}},
		{"CreateSystemThatIsLookedAtTooSeldomIsRefused", createSystem, vars{"kind": "NETVISOR", "pollEverySeconds": 2147483647, "settings": []vars{{"name": "baseUrl", "value": "x"}}}, []string{"INVALID input pollEverySeconds"}},
		{"CredentialsOfNothingAreRefused", setCredentials, vars{"id": nothing, "credentials": []vars{{"name": "customerKey", "value": "s3cret"}}}, []string{"NOT_FOUND input id"}},
		{"CredentialsThatAreMissingAreRefused", setCredentials, vars{"id": draft, "credentials": []vars{}}, []string{"SETTING_REQUIRED input credentials customerKey"}},
		{"CheckWithoutCredentialsIsRefused", checkSystem, vars{"id": draft}, []string{"SYSTEM_CREDENTIALS_MISSING input id"}},
		{"CheckOfNothingIsRefused", checkSystem, vars{"id": nothing}, []string{"NOT_FOUND input id"}},
		{"CheckOfNonsenseIsRefused", checkSystem, vars{"id": "nonsense"}, []string{"NOT_FOUND input id"}},
		{"StartBeforeTheCheckIsRefused", startSystem, vars{"id": draft}, []string{"SYSTEM_NOT_CHECKED input id"}},
		{"StartOfOneThatRunsIsRefused", startSystem, vars{"id": sys}, []string{"SYSTEM_RUNNING input id"}},
		{"SyncOfOneThatDoesNotRunIsRefused", syncNow, vars{"system": draft}, []string{"SYSTEM_NOT_RUNNING input system"}},
		{"SyncOfNonsenseIsRefused", syncNow, vars{"system": "nonsense"}, []string{"NOT_FOUND input system"}},
		{"AnEmptyIdempotencyKeyIsRefused", createCustomer, vars{"kind": "COMPANY", "name": "X", "idempotencyKey": ""}, []string{"INVALID input idempotencyKey"}},
		{"AnIdempotencyKeyThatIsTooLongIsRefused", createCustomer, vars{"kind": "COMPANY", "name": "X", "idempotencyKey": strings.Repeat("k", 201)}, []string{"INVALID input idempotencyKey"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, got := b.mutate(tc.query, tc.input)
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("(-want +got)\n%s\n%s", d, a.raw)
			}
			for _, name := range []string{"customer", "system", "run"} {
				if r, _ := a.at("r").(map[string]any); r[name] != nil {
					t.Errorf("a %s came with the errors: %s", name, a.raw)
				}
			}
			if strings.Contains(a.raw, "s3cret") {
				t.Errorf("a secret is repeated: %s", a.raw)
			}
		})
	}
	t.Run("TheHolderOfANumberIsNamed", func(t *testing.T) {
		a, _ := b.mutate(createCustomer, vars{"kind": "COMPANY", "name": "X", "number": "1001"})
		if a.text("r", "userErrors", 0, "details", "holder", "number") != "1001" {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("NothingWasAltered", func(t *testing.T) {
		if n := b.do(`{ customers { totalCount } }`, nil).at("customers", "totalCount"); n != 4.0 {
			t.Errorf("there are %v customers", n)
		}
	})
}

func TestPatch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, errs := b.mutate(createCustomer, vars{
		"kind": "COMPANY", "name": "Esimerkki Oy", "number": "1", "email": "a@example.test", "language": "fi", "businessId": "1572860-0",
		"nameExtension": nil, "billingEmails": []string{"b@example.test", "c@example.test"},
		"einvoice":       vars{"address": "003715728600", "operator": "003721291126"},
		"billingAddress": vars{"line1": "Katu 1", "postcode": "00100", "city": "Helsinki", "country": "FI"},
	})
	if errs != nil {
		t.Fatal(errs)
	}
	id := b.customerID("1")
	patch := func(t *testing.T, p vars) answer {
		t.Helper()
		a, errs := b.mutate(updateCustomer, vars{"id": id, "patch": p})
		if errs != nil {
			t.Fatal(a.raw)
		}
		return a
	}

	t.Run("AbsentKeeps", func(t *testing.T) {
		a := patch(t, vars{"language": "sv"})
		if a.text("r", "customer", "language") != "sv" || a.text("r", "customer", "email") != "a@example.test" || a.at("r", "customer", "version") != 2.0 {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("NothingNewKeepsTheVersion", func(t *testing.T) {
		if a := patch(t, vars{"language": "sv"}); a.at("r", "customer", "version") != 2.0 {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("NullClears", func(t *testing.T) {
		a := patch(t, vars{"email": nil, "billingEmails": nil})
		if a.at("r", "customer", "email") != nil || a.len("r", "customer", "billingEmails") != 0 || a.text("r", "customer", "language") != "sv" {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("AbsentMembersOfAnAddressKeep", func(t *testing.T) {
		a := patch(t, vars{"billingAddress": vars{"line1": "Katu 2"}})
		if a.text("r", "customer", "addresses", 0, "line1") != "Katu 2" || a.text("r", "customer", "addresses", 0, "city") != "Helsinki" {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("ANullMemberOfAnAddressClears", func(t *testing.T) {
		a := patch(t, vars{"billingAddress": vars{"country": nil}})
		if a.at("r", "customer", "addresses", 0, "country") != nil || a.text("r", "customer", "addresses", 0, "city") != "Helsinki" {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("AnotherAddressIsAddedBesideTheFirst", func(t *testing.T) {
		if a := patch(t, vars{"deliveryAddress": vars{"line1": "Ovi 3", "city": "Lahti", "postcode": "15100"}}); a.len("r", "customer", "addresses") != 2 {
			t.Errorf("got %s", a.raw)
		}
		if a := patch(t, vars{"visitingAddress": vars{"line1": "Tie 4", "city": "Oulu", "postcode": "90100"}}); a.len("r", "customer", "addresses") != 3 {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("NullClearsAWholeAddress", func(t *testing.T) {
		if a := patch(t, vars{"billingAddress": nil}); a.len("r", "customer", "addresses") != 2 {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("NullClearsTheEInvoicePair", func(t *testing.T) {
		if a := patch(t, vars{"einvoice": nil}); a.len("r", "customer", "einvoiceAddresses") != 0 {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("AMemberWhoseVariableIsAbsentIsAbsent", func(t *testing.T) {
		const q = `mutation($id: ID!, $name: String, $line1: String) { r: updateCustomer(input: {id: $id, patch: {language: null, name: $name, deliveryAddress: {line1: $line1}}}) {
			customer { name language addresses { line1 } } userErrors { code } } }`
		a := b.do(q, vars{"id": id})
		if a.text("r", "customer", "name") != "Esimerkki Oy" || a.at("r", "customer", "language") != nil || !strings.Contains(a.raw, "Ovi 3") {
			t.Errorf("got %s", a.raw)
		}
		if a := b.do(q, vars{"id": id, "name": "Uusi Oy", "line1": "Ovi 4"}); a.text("r", "customer", "name") != "Uusi Oy" || !strings.Contains(a.raw, "Ovi 4") {
			t.Errorf("got %s", a.raw)
		}
		if a := b.do(q, vars{"id": id}); a.text("r", "customer", "name") != "Uusi Oy" {
			t.Errorf("got %s", a.raw)
		}
		if a := b.do(q, vars{"id": id, "name": nil}); a.text("r", "userErrors", 0, "code") != "REQUIRED" {
			t.Errorf("got %s", a.raw)
		}
	})
}

// TestAPrivatePersonIsNamedByFirstAndLastName creates private persons without the name that stands on invoices.
func TestAPrivatePersonIsNamedByFirstAndLastName(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, tc := range []struct {
		name  string
		input vars
		want  string
	}{
		{"Both", vars{"firstName": " Aino", "lastName": "Virtanen "}, "Virtanen Aino"},
		{"TheLastNameAlone", vars{"lastName": "Virtanen"}, "Virtanen"},
		{"ANameThatIsGivenStands", vars{"firstName": "Aino", "lastName": "Virtanen", "name": "Aino Virtanen, kuolinpesä"}, "Aino Virtanen, kuolinpesä"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.input["kind"] = "PRIVATE"
			if a, _ := b.mutate(createCustomer, tc.input); a.text("r", "customer", "name") != tc.want {
				t.Errorf("got %s", a.raw)
			}
		})
	}
	t.Run("NoNameAtAllIsRefused", func(t *testing.T) {
		if a, errs := b.mutate(createCustomer, vars{"kind": "PRIVATE", "firstName": " "}); !slices.Equal(errs, []string{"REQUIRED input name"}) {
			t.Errorf("got %s", a.raw)
		}
	})
}

func TestVersions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 1)
	id := b.customerID("1001")
	update := func(version int, p vars) (answer, []string) {
		return b.mutate(updateCustomer, vars{"id": id, "expectedVersion": version, "patch": p})
	}
	if a, errs := update(1, vars{"email": "uusi@example.test"}); errs != nil || a.at("r", "customer", "version") != 2.0 {
		t.Fatal(a.raw)
	}
	t.Run("StaleVersionIsRefusedWithWhatChanged", func(t *testing.T) {
		a, errs := update(1, vars{"email": "toinen@example.test"})
		if d := cmp.Diff([]string{"STALE_VERSION input expectedVersion"}, errs); d != "" {
			t.Fatalf("(-want +got)\n%s", d)
		}
		details, _ := a.at("r", "userErrors", 0, "details").(map[string]any)
		if details["currentVersion"] != 2.0 || fmt.Sprint(details["changedFields"]) != "[email]" {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("AnotherFieldIsNotStale", func(t *testing.T) {
		if a, errs := update(1, vars{"language": "sv"}); errs != nil {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("DeactivationIsStaleAfterADeactivation", func(t *testing.T) {
		if a, errs := b.mutate(deactivateCustomer, vars{"id": id, "expectedVersion": 3}); errs != nil || a.text("r", "customer", "status") != "INACTIVE" {
			t.Fatal(a.raw)
		}
		if a, errs := b.mutate(deactivateCustomer, vars{"id": id, "expectedVersion": 3}); len(errs) != 1 || errs[0] != "STALE_VERSION input expectedVersion" {
			t.Errorf("got %s", a.raw)
		}
		if a, errs := b.mutate(deactivateCustomer, vars{"id": id}); errs != nil || a.at("r", "customer", "version") != 4.0 {
			t.Errorf("a repetition: %s", a.raw)
		}
	})
	t.Run("TheSecondMutationOfADocumentSeesTheFirst", func(t *testing.T) {
		a := b.do(`mutation($id: ID!) {
			one: updateCustomer(input: {id: $id, patch: {billingAddress: {city: "Turku"}}}) { customer { version addresses { city } changes { newestSequence } } }
			two: updateCustomer(input: {id: $id, patch: {billingAddress: {city: "Oulu"}}}) { customer { version addresses { city } } } }`, vars{"id": id})
		if a.text("one", "customer", "addresses", 0, "city") != "Turku" || a.text("two", "customer", "addresses", 0, "city") != "Oulu" {
			t.Errorf("got %s", a.raw)
		}
	})
}

func TestIdempotency(t *testing.T) {
	t.Parallel()
	b := setup(t)
	input := vars{"kind": "COMPANY", "name": "Esimerkki Oy", "idempotencyKey": "k1"}
	first, errs := b.mutate(createCustomer, input)
	if errs != nil {
		t.Fatal(first.raw)
	}
	t.Run("ARepetitionGivesTheSameCustomer", func(t *testing.T) {
		again, _ := b.mutate(createCustomer, input)
		if again.text("r", "customer", "id") != first.text("r", "customer", "id") {
			t.Errorf("got %s after %s", again.raw, first.raw)
		}
		if n := b.do(`{ customers { totalCount } }`, nil).at("customers", "totalCount"); n != 1.0 {
			t.Errorf("there are %v customers", n)
		}
	})
	t.Run("AbsentAndNullAreTheSameInput", func(t *testing.T) {
		same := vars{"kind": "COMPANY", "name": "Esimerkki Oy", "email": nil, "idempotencyKey": "k1"}
		if a, errs := b.mutate(createCustomer, same); errs != nil {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("AnotherInputUnderTheKeyIsRefused", func(t *testing.T) {
		other := vars{"kind": "COMPANY", "name": "Toinen Oy", "idempotencyKey": "k1"}
		if a, errs := b.mutate(createCustomer, other); len(errs) != 1 || errs[0] != "IDEMPOTENCY_KEY_REUSED input idempotencyKey" {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("AnotherMutationUnderTheKeyIsRefused", func(t *testing.T) {
		in := vars{"id": first.text("r", "customer", "id"), "idempotencyKey": "k1"}
		if a, errs := b.mutate(deactivateCustomer, in); len(errs) != 1 || errs[0] != "IDEMPOTENCY_KEY_REUSED input idempotencyKey" {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("AKeyIsMeasuredInCharacters", func(t *testing.T) {
		in := vars{"kind": "COMPANY", "name": "Pitkä Oy", "idempotencyKey": strings.Repeat("ä", 200)}
		one, errs := b.mutate(createCustomer, in)
		if two, _ := b.mutate(createCustomer, in); errs != nil || one.text("r", "customer", "id") != two.text("r", "customer", "id") {
			t.Errorf("got %s after %s", two.raw, one.raw)
		}
	})
	t.Run("AnotherKeyHolderHasItsOwnKeys", func(t *testing.T) {
		other := b.newKey([]auth.Scope{auth.Admin}, b.org)
		a := b.as(other, createCustomer, vars{"input": vars{"kind": "COMPANY", "name": "Kolmas Oy", "idempotencyKey": "k1"}})
		if a.text("r", "customer", "name") != "Kolmas Oy" {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("UpdatesAndRunsAreRepeatedSafely", func(t *testing.T) {
		in := vars{"id": first.text("r", "customer", "id"), "patch": vars{"language": "fi"}, "idempotencyKey": "k2"}
		one, _ := b.mutate(updateCustomer, in)
		two, errs := b.mutate(updateCustomer, in)
		if errs != nil || one.at("r", "customer", "version") != two.at("r", "customer", "version") {
			t.Errorf("got %s after %s", two.raw, one.raw)
		}
		b.seed(b.org.ID, 0)
		sync := vars{"system": globalID("System", uuid(1, 1)), "idempotencyKey": "k3"}
		run, _ := b.mutate(syncNow, sync)
		again, errs := b.mutate(syncNow, sync)
		if errs != nil || run.text("r", "run", "id") != again.text("r", "run", "id") {
			t.Errorf("got %s after %s", again.raw, run.raw)
		}
	})
}

func TestSystemFromDraftToRun(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a, errs := b.mutate(createSystem, vars{"kind": "NETVISOR", "name": "Kirjanpito", "pollEverySeconds": 60, "settings": []vars{{"name": "baseUrl", "value": "https://netvisor.example.test"}}})
	if errs != nil || a.text("r", "system", "state") != "DRAFT" || a.at("r", "system", "pollEverySeconds") != 60.0 || a.text("r", "system", "settings", 0, "value") != "https://netvisor.example.test" {
		t.Fatal(a.raw)
	}
	id := a.text("r", "system", "id")
	const secret = "a-very-secret-customer-key"
	if a, errs = b.mutate(setCredentials, vars{"id": id, "credentials": []vars{{"name": "customerKey", "value": secret}}}); errs != nil || a.at("r", "system", "credentialsSetAt") == nil {
		t.Fatal(a.raw)
	}
	if a, errs = b.mutate(checkSystem, vars{"id": id}); errs != nil || a.text("r", "run", "kind") != "CHECK" || a.text("r", "run", "state") != "QUEUED" {
		t.Fatal(a.raw)
	}
	t.Run("ARunUnderWayIsNamed", func(t *testing.T) {
		again, errs := b.mutate(checkSystem, vars{"id": id})
		if len(errs) != 1 || errs[0] != "RUN_IN_PROGRESS input id" || again.text("r", "userErrors", 0, "details", "run", "id") != a.text("r", "run", "id") {
			t.Errorf("got %s", again.raw)
		}
	})
	t.Run("CredentialsAreShownNowhere", func(t *testing.T) {
		all := b.do(`{ systems { id settings { name value } checks { name } } changes { items { fields { before after } } } }`, nil)
		if strings.Contains(all.raw, secret) || strings.Contains(b.log.String(), secret) {
			t.Errorf("a secret is shown: %s", all.raw)
		}
	})
	b.work(t, id)
	if a, errs = b.mutate(startSystem, vars{"id": id}); errs != nil || a.text("r", "run", "kind") != "FIRST_IMPORT" || a.text("r", "system", "state") != "RUNNING" ||
		a.text("r", "system", "lastRun", "id") != a.text("r", "run", "id") {
		t.Fatal(a.raw)
	}
	b.work(t, id)
	if a, errs = b.mutate(syncNow, vars{"system": id, "full": true}); errs != nil || a.text("r", "run", "kind") != "SWEEP" {
		t.Fatal(a.raw)
	}
	if a = b.do(`{ runs { totalCount nodes { kind state done total finishedAt requestedBy { kind name } system { id } } } }`, nil); a.len("runs", "nodes") != 3 ||
		a.text("runs", "nodes", 0, "kind") != "SWEEP" || a.text("runs", "nodes", 2, "state") != "SUCCEEDED" || a.text("runs", "nodes", 1, "system", "id") != id {
		t.Error(a.raw)
	}
}
