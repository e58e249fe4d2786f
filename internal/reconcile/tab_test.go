package reconcile_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"customerhub/internal/connector/netvisor"
	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/run"
	sandbox "customerhub/internal/sandbox/netvisor"
	"customerhub/internal/system"
)

const tabResource = "customerresponsibility.nv"

// tabbed is a simulated Netvisor with the responsibility tab, imported, and a customer of it with the contact person Bo Berg and
// nobody on the tab.
type tabbed struct {
	wired
	key int64
}

func withTab(t *testing.T) tabbed {
	t.Helper()
	b := twoWays(t, sandbox.Options{Customers: 6, Seed: 7, Responsibility: true})
	key, err := b.netvisor.Add("", func(c *sandbox.Customer) error {
		_, err := c.SetContactPerson(0, map[string]string{"contactPersonFirstName": "Bo", "contactPersonLastName": "Berg"})
		return errors.Join(err, c.Set("name", "Esimerkki Oy"), c.Set("code", "99001"), c.Set("businessId", "1572860-0"))
	})
	b.must(err)
	w := tabbed{b, key}
	w.poll()
	return w
}

// onTab has people of the company type on the tab, and the hub look.
func (w tabbed) onTab(tab sandbox.Responsibility) {
	w.Helper()
	w.must(w.netvisor.Edit("", w.key, func(c *sandbox.Customer) error { c.SetResponsibility(tab); return nil }))
	w.poll()
}

// poll looks at what changed, does what follows, and looks at everything again, which has to come to nothing more.
func (w tabbed) poll() {
	w.Helper()
	if r := w.sync(false); r.State != run.Succeeded || r.Counts.Failed > 0 {
		w.Fatalf("%+v", r)
	}
	w.settle()
	w.quiet()
}

// quiet holds that another round comes to nothing (Promise 3, Promise 4).
func (w tabbed) quiet() {
	w.Helper()
	before, rows := w.settle(), w.versions()
	if r := w.sync(true); r.State != run.Succeeded || r.Counts.Updated+r.Counts.Failed > 0 {
		w.Errorf("the next round: %+v", r)
	}
	if n := w.settle() - before; n != 0 || w.versions() != rows {
		w.Errorf("the next round made %d calls, or wrote rows", n)
	}
}

// people are the customer's contacts with their roles, in order.
func (w tabbed) people() []string {
	w.Helper()
	out := []string{}
	for _, ct := range w.find(id(w.key)).Contacts {
		words := []string{ct.Person.FirstName, ct.Person.LastName}
		for _, r := range ct.Roles {
			words = append(words, string(r))
		}
		out = append(out, strings.Join(words, " "))
	}
	slices.Sort(out)
	return out
}

func (w tabbed) wantPeople(want ...string) {
	w.Helper()
	if diff := cmp.Diff(want, w.people()); diff != "" {
		w.Error(diff)
	}
}

func (w tabbed) person(last string) customer.Contact {
	w.Helper()
	for _, ct := range w.find(id(w.key)).Contacts {
		if ct.Person.LastName == last {
			return ct
		}
	}
	w.Fatalf("no %s", last)
	return customer.Contact{}
}

// posts are the calls of writing after the first n, by resource and query.
func (w tabbed) posts(n int) []string {
	out := []string{}
	for _, c := range w.netvisor.Calls() {
		if c.Method == http.MethodPost {
			out = append(out, c.Resource+"?"+c.Query)
		}
	}
	return out[n:]
}

var (
	tabAino  = sandbox.Responsibility{FirstName: "Aino", LastName: "Malli", Email: "aino@example.test", PhoneNumber: "040 000 1234"}
	tabLiisa = sandbox.Responsibility{FirstName: "Liisa", LastName: "Uusi", Email: "liisa@example.test"}
)

func TestResponsibilityTab(t *testing.T) {
	t.Parallel()
	t.Run("R34_R191_WhoIsTypedOnTheTabIsTheContactForDueDiligence", func(t *testing.T) {
		t.Parallel()
		w := withTab(t)
		w.wantPeople("Bo Berg GENERAL")
		_, _, err := w.hub.LinkContact(t.Context(), w.viewer, hub.LinkContact{
			Customer: w.find(id(w.key)).ID, Person: w.person("Berg").Person.ID, Roles: []customer.ContactRole{customer.KYCContact, customer.BillingContact},
		}, "")
		w.must(err)
		w.onTab(tabAino)
		w.wantPeople("Aino Malli KYC", "Bo Berg BILLING")
		got := w.person("Malli").Person
		if !slices.Equal(got.Emails, []string{"aino@example.test"}) || len(got.Phones) != 1 || got.Phones[0].E164 != "+358400001234" {
			t.Errorf("%+v", got)
		}
		field := customer.PartField(customer.PartContact, string(w.person("Berg").Person.ID), "roles")
		lost := `[{"field": "` + string(field) + `", "before": "BILLING;KYC", "after": "BILLING"}]`
		if n := w.count(`SELECT count(*) FROM change WHERE fields @> $1::jsonb`, lost); n != 1 {
			t.Errorf("%d changes tell that Berg lost the role", n)
		}
	})
	t.Run("Promise4_EditedInTheHubItGoesBackInOneCall", func(t *testing.T) {
		t.Parallel()
		w := withTab(t)
		w.onTab(tabAino)
		before := w.writes()
		_, err := w.hub.UpdatePerson(t.Context(), w.viewer, w.person("Malli").Person.ID, customer.Fields{"emails": "uusi@example.test", "phones": ""}, "")
		w.must(err)
		w.settle()
		if diff := cmp.Diff([]string{tabResource + "?customerid=" + id(w.key)}, w.posts(before)); diff != "" {
			t.Error(diff)
		}
		want := tabAino
		want.Email, want.PhoneNumber = "uusi@example.test", ""
		if got := w.theirs(w.key).Responsibility(); got != want {
			t.Errorf("%+v", got)
		}
		w.quiet()
	})
	t.Run("R31_ClearedItIsUnlinkedAndTypedAgainItComesBack", func(t *testing.T) {
		t.Parallel()
		w := withTab(t)
		w.onTab(tabAino)
		w.onTab(sandbox.Responsibility{RiskClass: "low"})
		w.wantPeople("Bo Berg GENERAL")
		w.onTab(tabAino)
		w.wantPeople("Aino Malli KYC", "Bo Berg GENERAL")
	})
	t.Run("R34_SomebodyElseOnTheTabIsAnotherPerson", func(t *testing.T) {
		t.Parallel()
		w := withTab(t)
		w.onTab(tabAino)
		first := w.person("Malli").Person.ID
		// She is a contact of another customer as well, and keeps her name there.
		other := w.find(id(w.keys()[0])).ID
		_, _, err := w.hub.LinkContact(t.Context(), w.viewer, hub.LinkContact{Customer: other, Person: first}, "")
		w.must(err)
		w.settle()
		before := w.writes()
		w.onTab(tabLiisa)
		w.wantPeople("Bo Berg GENERAL", "Liisa Uusi KYC")
		if w.person("Uusi").Person.ID == first || len(w.posts(before)) > 0 {
			t.Errorf("it is the same person, or %v was sent", w.posts(before))
		}
		if n := w.count(`SELECT count(*) FROM person p JOIN contact c ON c.person_id = p.id WHERE p.id = $1 AND p.last_name = 'Malli'`, string(first)); n != 1 {
			t.Errorf("she is the contact of %d customers", n)
		}
		_, err = w.hub.UpdatePerson(t.Context(), w.viewer, w.person("Uusi").Person.ID, customer.Fields{"phones": "050 000 4321"}, "")
		w.must(err)
		w.settle()
		if got := w.theirs(w.key).Responsibility(); got.PhoneNumber != "050 000 4321" || got.LastName != "Uusi" {
			t.Errorf("%+v", got)
		}
		w.quiet()
	})
	t.Run("RemovedInTheHubItStaysOnTheTabUntilSomebodyElseIsThere", func(t *testing.T) {
		t.Parallel()
		w := withTab(t)
		w.onTab(tabAino)
		before := w.writes()
		_, err := w.hub.UnlinkContact(t.Context(), w.viewer, w.find(id(w.key)).ID, w.person("Malli").Person.ID, nil, "")
		w.must(err)
		w.settle()
		phone := tabAino
		phone.PhoneNumber = "040 111 2222"
		w.onTab(phone)
		w.wantPeople("Bo Berg GENERAL")
		if got := w.theirs(w.key).Responsibility(); got != phone || len(w.posts(before)) > 0 {
			t.Errorf("%+v, sent %v", got, w.posts(before))
		}
		w.onTab(tabLiisa)
		w.wantPeople("Bo Berg GENERAL", "Liisa Uusi KYC")
	})
	t.Run("ANewContactForDueDiligenceOfTheHubGoesToTheContactPersons", func(t *testing.T) {
		t.Parallel()
		w := withTab(t)
		before := w.writes()
		_, _, err := w.hub.LinkContact(t.Context(), w.viewer, hub.LinkContact{
			Customer: w.find(id(w.key)).ID, Fields: customer.Fields{"firstName": "Aino", "lastName": "Malli", "emails": "aino@example.test"},
			Roles: []customer.ContactRole{customer.KYCContact},
		}, "")
		w.must(err)
		w.settle()
		if got := w.posts(before); !slices.Equal(got, []string{"contactperson.nv?"}) || w.theirs(w.key).Responsibility() != (sandbox.Responsibility{}) {
			t.Errorf("sent %v, and the tab has %+v", got, w.theirs(w.key).Responsibility())
		}
		w.quiet()
		w.wantPeople("Aino Malli KYC", "Bo Berg GENERAL")
	})
	t.Run("T10_TheSameHumanTypedOnTheTabMeanwhileIsNotTakenForAContactWhoseAnswerWasLost", func(t *testing.T) {
		t.Parallel()
		w := withTab(t)
		_, err := w.netvisor.Fault(sandbox.Fault{Kind: sandbox.FaultLostRequest, Resource: "contactperson.nv", Times: 1})
		w.must(err)
		_, _, err = w.hub.LinkContact(t.Context(), w.viewer, hub.LinkContact{
			Customer: w.find(id(w.key)).ID, Fields: customer.Fields{"firstName": "Aino", "lastName": "Malli"},
		}, "")
		w.must(err)
		w.must(w.netvisor.Edit("", w.key, func(c *sandbox.Customer) error { c.SetResponsibility(tabAino); return nil }))
		w.settle()
		w.poll()
		w.wantPeople("Aino Malli GENERAL", "Aino Malli KYC", "Bo Berg GENERAL")
		if n := len(w.theirs(w.key).ContactPersons()); n != 2 {
			t.Errorf("%d contact persons", n)
		}
	})
	t.Run("R44_R45_R46_R47_R48_R49_TheStatusReachesTheTabInOneCallAfterTheCard", func(t *testing.T) {
		t.Parallel()
		w := withTab(t)
		w.onTab(tabAino)
		before := w.writes()
		at := time.Now().Add(-time.Hour)
		say := func(k customer.KYC) {
			t.Helper()
			at = at.Add(time.Minute)
			k.AsOf, k.State = at, customer.KYCCustomer
			service := system.System{ID: "01a200cb-0000-7000-8000-000000000001", Name: "KYC"}
			wrote, err := w.hub.RecordKYC(t.Context(), w.viewer.Organisation.ID, service, w.find(id(w.key)).ID, k)
			if err != nil || !wrote {
				t.Fatal(wrote, err)
			}
		}
		w.edit(id(w.key), customer.Fields{customer.FieldPhone: "09 000 1111"})
		say(customer.KYC{
			RequiresActions: new(true), LatestRiskAssessmentOn: "2026-02-10", DueDiligenceExpiresOn: "2027-02-10", RiskClass: customer.RiskHigh, Notes: "Kysy omistajat",
		})
		w.settle()
		if diff := cmp.Diff([]string{"customer.nv?method=edit&id=" + id(w.key), tabResource + "?customerid=" + id(w.key)}, w.posts(before)); diff != "" {
			t.Error(diff)
		}
		want := tabAino
		want.RequiresActions, want.LatestRiskAssessment, want.DueDiligenceExpires, want.RiskClass, want.Remarks = "1", "2026-02-10", "2027-02-10", "high", "Kysy omistajat"
		if got := w.theirs(w.key).Responsibility(); got != want {
			t.Errorf("%+v", got)
		}
		w.quiet()

		before = w.writes()
		say(customer.KYC{RequiresActions: new(false), LatestRiskAssessmentOn: "2026-02-10", DueDiligenceExpiresOn: "2028-02-10", RiskClass: customer.RiskStandard})
		w.settle()
		want.RequiresActions, want.DueDiligenceExpires, want.RiskClass, want.Remarks = "0", "2028-02-10", "standard", ""
		if got := w.theirs(w.key).Responsibility(); got != want || len(w.posts(before)) != 1 {
			t.Errorf("%+v in %v", got, w.posts(before))
		}
		w.quiet()

		t.Log("T10: an answer that is lost is found out about by the transaction, and nothing is sent twice")
		_, err := w.netvisor.Fault(sandbox.Fault{Kind: sandbox.FaultLostAnswer, Resource: tabResource, Method: http.MethodPost, Times: 1})
		w.must(err)
		say(customer.KYC{RequiresActions: new(true), LatestRiskAssessmentOn: "2026-02-10", DueDiligenceExpiresOn: "2028-02-10", RiskClass: customer.RiskStandard})
		w.settle()
		if want.RequiresActions = "1"; w.theirs(w.key).Responsibility() != want {
			t.Errorf("%+v", w.theirs(w.key).Responsibility())
		}
		w.quiet()
		n := 0
		for _, e := range w.effects() {
			if strings.HasSuffix(e, `Responsibility/RequiresActions: "1"`) {
				n++
			}
		}
		if n != 2 {
			t.Errorf("%d effects", n)
		}

		t.Log("what people type on the tab is not taken for the service's word")
		typed := want
		typed.RiskClass = "low"
		w.onTab(typed)
		of := w.find(id(w.key)).ID
		if kyc, err := w.hub.KYCByCustomer(t.Context(), w.viewer, []customer.ID{of}); err != nil || kyc[of].RiskClass != customer.RiskStandard {
			t.Errorf("%+v, %v", kyc, err)
		}
	})
	t.Run("Promise5_ATabThatCannotBeReadTakesNobodyAway", func(t *testing.T) {
		t.Parallel()
		w := withTab(t)
		w.onTab(tabAino)
		for _, f := range []sandbox.Fault{
			{Kind: sandbox.FaultStatus, Status: 503}, {Kind: sandbox.FaultTruncate, Fraction: 0.5, CleanEnd: true},
			{Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageLoginPage},
		} {
			f.Resource, f.Method = tabResource, http.MethodGet
			fault, err := w.netvisor.Fault(f)
			w.must(err)
			phone := "09 " + string(f.Kind)
			w.must(w.netvisor.Edit("", w.key, func(c *sandbox.Customer) error {
				c.SetResponsibility(sandbox.Responsibility{})
				return c.Set("PhoneNumber", phone)
			}))
			if r := w.sync(true); r.State != run.Succeeded || r.Counts.Failed > 0 {
				t.Fatalf("%s: %+v", f.Kind, r)
			}
			w.wantPeople("Aino Malli KYC", "Bo Berg GENERAL")
			if got := w.find(id(w.key)).Phone.Raw; got != phone {
				t.Errorf("%s: the card is not believed: %q", f.Kind, got)
			}
			noted := slices.ContainsFunc(w.findings(), func(s standing) bool { return s.Code == string(finding.ElementMissing) && s.ExternalID == id(w.key) })
			if !noted {
				t.Errorf("%s: nothing says that it was not told", f.Kind)
			}
			w.netvisor.ClearFault(fault)
			w.must(w.netvisor.Edit("", w.key, func(c *sandbox.Customer) error { c.SetResponsibility(tabAino); return nil }))
			w.sync(true)
			w.quiet()
			if n := w.count(`SELECT count(*) FROM finding WHERE code = 'ELEMENT_MISSING' AND resolved_at IS NULL`); n > 0 {
				t.Errorf("%s: %d findings stay", f.Kind, n)
			}
		}
		t.Log("T10: nor does a lost answer about somebody on it")
		for _, kind := range []sandbox.FaultKind{sandbox.FaultLostAnswer, sandbox.FaultLostRequest} {
			_, err := w.netvisor.Fault(sandbox.Fault{Kind: kind, Resource: tabResource, Method: http.MethodPost, Times: 1})
			w.must(err)
			_, err = w.netvisor.Fault(sandbox.Fault{Kind: sandbox.FaultStatus, Status: 503, Resource: tabResource, Method: http.MethodGet, From: 2, Times: 1})
			w.must(err)
			mail := strings.ToLower(string(kind)) + "@example.test"
			_, err = w.hub.UpdatePerson(t.Context(), w.viewer, w.person("Malli").Person.ID, customer.Fields{"emails": mail}, "")
			w.must(err)
			w.settle()
			if got := w.theirs(w.key).Responsibility().Email; got != mail {
				t.Errorf("%s: %q", kind, got)
			}
			w.quiet()
			w.wantPeople("Aino Malli KYC", "Bo Berg GENERAL")
		}
	})
	t.Run("OneCallMoreForABatch", func(t *testing.T) {
		t.Parallel()
		calls := func(tab bool) map[string]int {
			b := overTheWire(t, sandbox.Options{Customers: 120, Seed: 7, Responsibility: tab})
			b.imported()
			out := map[string]int{}
			for _, c := range b.netvisor.Calls() {
				out[c.Resource]++
			}
			return out
		}
		off, on := calls(false), calls(true)
		if off[tabResource] != 0 || on["getcustomer.nv"] != off["getcustomer.nv"] || on[tabResource] != on["getcustomer.nv"] || on["customerlist.nv"] != off["customerlist.nv"] {
			t.Errorf("off %v, on %v", off, on)
		}
	})
	t.Run("TurnedOffNothingOfItIsAskedComparedOrSent", func(t *testing.T) {
		t.Parallel()
		w := withTab(t)
		w.onTab(tabAino)
		w.owner(`UPDATE system SET settings = settings - $1`, netvisor.ResponsibilityResource)
		before := len(w.netvisor.Calls())
		w.must(w.netvisor.Edit("", w.key, func(c *sandbox.Customer) error { c.SetResponsibility(sandbox.Responsibility{}); return nil }))
		w.poll()
		w.wantPeople("Aino Malli KYC", "Bo Berg GENERAL")
		_, err := w.hub.UpdatePerson(t.Context(), w.viewer, w.person("Malli").Person.ID, customer.Fields{"emails": "uusi@example.test"}, "")
		w.must(err)
		w.settle()
		w.quiet()
		for _, c := range w.netvisor.Calls()[before:] {
			if c.Resource == tabResource {
				t.Errorf("call %+v", c)
			}
		}
		if l := w.find(id(w.key)).Links[0]; l.State != link.InSync {
			t.Errorf("%+v", l)
		}
	})
}
