package server_test

import (
	"strings"
	"testing"
	"time"

	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/feed"
	"customerhub/internal/hub"
	"customerhub/internal/organisation"
)

// tellExpiring has a hub tell of due diligences that expire as if it were a moment, numbers the changes, and gives the number of events.
func (b *bundle) tellExpiring(at string) int {
	b.t.Helper()
	now, err := time.Parse(time.RFC3339, at)
	if err != nil {
		b.t.Fatal(err)
	}
	h := hub.New(b.pool, hub.Options{
		Kinds: testKinds, Now: func() time.Time { return now },
		Wake: func(topic hub.Topic, org organisation.ID) { b.feed.Signal(feed.Topic(topic), org) },
	})
	told, err := h.TellExpiring(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	b.number()
	return told
}

const expiring = `query($id: ID!) {
	customer(by: {id: $id}) { changes(first: 100) { items { kind fields { field } kycExpiry { daysLeft expiresOn } } } }
	findings(filter: {customer: $id, code: [KYC_EXPIRES]}) { nodes { severity message field resolvedAt hubValue systemValue fix(language: FI) { who how } system { name } } } }`

func TestKYCExpiryNear(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 2)
	id := globalID("Customer", uuid(2, 1))
	here := b.do(`{ changes(first: 100) { endCursor } }`, nil).text("changes", "endCursor")
	b.says(customer.KYC{State: customer.KYCCustomer, RiskClass: customer.RiskHigh, DueDiligenceExpiresOn: "2027-03-01", AsOf: seededAt.Add(24 * time.Hour)})
	dial := func(key auth.Key, f vars) *socket {
		s := openSocket(t, b, nil)
		s.init(key)
		s.subscribe("1", `subscription($f: KycFilter, $a: Cursor) { kycStatusChanged(filter: $f, after: $a) {
			... on CustomerChange { change { kind fields { field } kycExpiry { daysLeft expiresOn } } customer { number } } } }`, vars{"a": here, "f": f})
		return s
	}
	reader := b.newKey([]auth.Scope{auth.CustomersRead, auth.SystemsRead}, b.org)
	high, low, blind := dial(b.key, vars{"riskClass": []string{"HIGH"}}), dial(b.key, vars{"riskClass": []string{"LOW"}}), dial(reader, nil)

	if n := b.tellExpiring("2027-01-29T22:00:00Z"); n != 1 { // midnight of 30 January in Helsinki
		t.Fatalf("%d were told of", n)
	}
	if n := b.tellExpiring("2027-01-30T10:00:00Z"); n != 0 {
		t.Fatalf("%d were told of again", n)
	}
	type event struct {
		Change struct {
			Kind      string
			Fields    []struct{ Field string }
			KycExpiry *struct {
				DaysLeft  int
				ExpiresOn string
			}
		}
		Customer struct{ Number string }
	}
	for name, s := range map[string]*socket{"high": high, "blind": blind} {
		for {
			e := nextOf[event](s, "1", "kycStatusChanged")
			if e.Change.Kind == "KYC_STATUS_CHANGED" {
				if e.Change.KycExpiry != nil {
					t.Errorf("%s: got %+v", name, e)
				}
				continue
			}
			if e.Change.Kind != "KYC_EXPIRY_NEAR" || e.Customer.Number != "1001" || len(e.Change.Fields) != 0 {
				t.Errorf("%s: got %+v", name, e)
			}
			if x := e.Change.KycExpiry; (x == nil) != (name == "blind") || x != nil && (x.DaysLeft != 30 || x.ExpiresOn != "2027-03-01") {
				t.Errorf("%s: got %+v", name, x)
			}
			break
		}
	}
	t.Run("WhoFollowsOthersHearsNothingOfIt", func(t *testing.T) {
		if e := nextOf[event](low, "1", "kycStatusChanged"); e.Change.Kind != "KYC_STATUS_CHANGED" { // by which it left
			t.Fatalf("got %+v", e)
		}
		b.says(customer.KYC{State: customer.KYCCustomer, RiskClass: customer.RiskLow, DueDiligenceExpiresOn: "2029-03-01", AsOf: seededAt.Add(48 * time.Hour)})
		if e := nextOf[event](low, "1", "kycStatusChanged"); e.Change.Kind != "KYC_STATUS_CHANGED" {
			t.Errorf("got %+v", e)
		}
	})
	t.Run("TheDayIsForThoseWhoMaySeeIt", func(t *testing.T) {
		full, part := b.do(expiring, vars{"id": id}), b.as(reader, expiring, vars{"id": id})
		last := full.len("customer", "changes", "items")
		var told int
		for i := range last {
			if full.text("customer", "changes", "items", i, "kind") != "KYC_EXPIRY_NEAR" {
				continue
			}
			told++
			if full.at("customer", "changes", "items", i, "kycExpiry", "daysLeft") != float64(30) || part.at("customer", "changes", "items", i, "kycExpiry") != nil {
				t.Errorf("got %s and %s", full.raw, part.raw)
			}
		}
		const says = "The last day of the due diligence is 2027-03-01, 30 days away or fewer."
		if told != 1 || full.len("findings", "nodes") != 1 || full.text("findings", "nodes", 0, "message") != says || full.text("findings", "nodes", 0, "severity") != "WARNING" {
			t.Errorf("got %s", full.raw)
		}
		if part.text("findings", "nodes", 0, "message") != "The customer's due diligence expires soon, or has expired." {
			t.Errorf("got %s", part.raw)
		}
		if full.text("findings", "nodes", 0, "resolvedAt") == "" || full.text("findings", "nodes", 0, "fix", "who") != "USER" {
			t.Errorf("a later day did not end the finding: %s", full.raw)
		}
		for _, bad := range []string{"2027-03-01", "2029-03-01"} {
			if got := part.raw; len(got) == 0 || strings.Contains(got, bad) {
				t.Errorf("without kyc:read it says %s: %s", bad, got)
			}
		}
	})
}

// TestKYCAsOfIsWhenTheHubLastLooked has the system that said a status be looked at later: on both read paths the status is as new as that.
func TestKYCAsOfIsWhenTheHubLastLooked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 3)
	reader := b.newKey([]auth.Scope{auth.CustomersRead}, b.org)
	const said = "2026-11-01T11:00:00Z"
	for _, tc := range []struct{ name, sql, want string }{
		{"NothingIsKnownOfTheSystem", `SELECT 1`, said},
		{"TheSystemWasLookedAtBefore", `UPDATE system SET fresh_at = '2026-10-01T10:00:00Z'`, said},
		{"TheSystemWasLookedAtLater", `UPDATE system SET fresh_at = '2026-11-20T10:00:00.5Z'`, "2026-11-20T10:00:00.5Z"},
		{"TheRecordWasLookedAtLaterStill", `UPDATE link SET looked_at = '2026-11-21T10:00:00Z'`, "2026-11-21T10:00:00Z"},
		{"TheRecordFailsSinceThen", `UPDATE link SET looked_at = '2026-11-10T10:00:00Z', fault_code = 'UNAVAILABLE', state = 'WAITING'`, "2026-11-10T10:00:00Z"},
		{"TheRecordNeverCouldBeRead", `UPDATE link SET looked_at = NULL`, said},
		{"ARecordThatIsOnlyReadDoesNotCount", `UPDATE link SET fault_code = '', state = 'IN_SYNC', looked_at = '2026-11-12T10:00:00Z', is_primary = true WHERE true;
			INSERT INTO link (organisation_id, id, system_id, customer_id, external_id, state, is_primary, looked_at)
			SELECT organisation_id, gen_random_uuid(), system_id, customer_id, 'x' || external_id, state, false, '2026-11-25T10:00:00Z' FROM link;
			UPDATE system SET fresh_at = NULL`, "2026-11-12T10:00:00Z"},
		{"TheSystemIsAnother", `UPDATE kyc_status SET source_system = gen_random_uuid()`, said},
		{"NoSystemSaidIt", `UPDATE kyc_status SET source_system = NULL`, said},
	} {
		for sql := range strings.SplitSeq(tc.sql, ";") {
			if _, err := b.db.Owner.Exec(t.Context(), sql); err != nil {
				t.Fatal(err)
			}
		}
		const q = `{ customers { nodes { number kyc { asOf riskClass } } } }`
		for name, a := range map[string]string{"plain": b.asked(b.key, q, nil, true), "compiled": b.asked(b.key, q, nil, false)} {
			if n := strings.Count(a, `"asOf":"`+tc.want+`"`); n != 2 || strings.Count(a, `"asOf":null`) != 1 {
				t.Errorf("%s, %s: want %s in %s", tc.name, name, tc.want, a)
			}
			if masked := b.asked(reader, q, nil, name == "plain"); strings.Contains(masked, "2026-") {
				t.Errorf("%s, %s: without kyc:read it says %s", tc.name, name, masked)
			}
		}
	}
}
