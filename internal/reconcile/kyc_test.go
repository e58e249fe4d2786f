package reconcile_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"customerhub/internal/change"
	"customerhub/internal/connector"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/run"
	sandbox "customerhub/internal/sandbox/netvisor"
	kycsandbox "customerhub/internal/sandbox/netvisorkyc"
	"customerhub/internal/system"
)

// Valid but invented business IDs.
var businessIDs = []string{"0201256-6", "1572860-0", "2345672-1", "1234567-1", "7654321-2", "0737546-2", "1927400-1", "2110048-1"}

// tab is a contact person on the responsibility tab.
func tab(first, last string) *sandbox.Responsibility {
	return &sandbox.Responsibility{FirstName: first, LastName: last, Email: strings.ToLower(first) + "@example.test", PhoneNumber: "040 123 4567"}
}

// register types ten customers into Netvisor: six with a contact person, two without, one without a business ID, one whose business ID
// cannot be right; TEMP is there already.
func (d *diligent) register() (keys []int64) {
	d.Helper()
	for i := range 10 {
		values := map[string]string{"name": fmt.Sprintf("Malliyritys %d Oy", i), "code": strconv.Itoa(7001 + i)}
		contact := tab("Aino", fmt.Sprintf("Malli%c", 'a'+i))
		switch i {
		case 8:
			contact = tab("Eino", "Tunnukseton")
		case 9:
			values["businessId"] = "1234567-9"
		default:
			values["businessId"] = businessIDs[i]
			if i >= 6 {
				contact = nil
			}
		}
		keys = append(keys, d.typed(values, contact))
	}
	d.polled(d.system)
	return keys
}

func TestKYC(t *testing.T) {
	t.Parallel()
	t.Run("R16_R23_R24_Scenario1_NothingBeforeItIsVerified", func(t *testing.T) {
		t.Parallel()
		accepts := false
		d := duly(t, sandbox.Options{}, func(kycsandbox.Identifiers) (bool, string) { return accepts, "The integration key was refused." }, nil)
		d.register()
		if r := d.requestCredential(); r.State != run.Failed || r.FaultCode != fault.Denied {
			t.Errorf("R16: before support has enabled the interfaces: %+v", r)
		}
		d.enable()
		if r := d.requestCredential(); r.State != run.Succeeded {
			t.Fatalf("got %+v", r)
		}
		_, _, err := d.hub.StartSystem(t.Context(), d.viewer, d.kycSystem, "")
		if fault.Of(err) == nil {
			t.Error("R24: it started before it was verified")
		}
		r := d.submit()
		if r.State != run.Failed || !strings.Contains(r.Message, "refused") {
			t.Errorf("got %+v", r)
		}
		s := d.kycState()
		if s.Activation == nil || s.Activation.Stage != system.StageFailed || len(s.Checks) == 0 || s.State == system.Checked {
			t.Errorf("R23: got %+v", s)
		}
		if _, _, err = d.hub.StartSystem(t.Context(), d.viewer, d.kycSystem, ""); fault.Of(err) == nil {
			t.Error("it started although verification failed")
		}
		accepts = true
		if r := d.submit(); r.State != run.Succeeded {
			t.Fatalf("got %+v", r)
		}
		if len(d.kyc.Candidates(d.obliged)) != 0 {
			t.Error("there are candidates before the start")
		}
		if r := d.begin(); r.State != run.Succeeded {
			t.Fatalf("got %+v", r)
		}
		if n := len(d.candidates()); n != 8 {
			t.Errorf("%d candidates", n)
		}
	})
	t.Run("R19_R28_R33_R51_R124_Scenario2_WhoComesIntoKYC", func(t *testing.T) {
		t.Parallel()
		d := duly(t, sandbox.Options{}, nil, map[string]string{connector.OnlyWithContactPerson: "true"})
		keys := d.register()
		d.activated()
		if got := sortedKeys(d.candidates()); !slices.Equal(got, slices.Sorted(slices.Values(businessIDs[:6]))) {
			t.Errorf("with a contact person: %v", got)
		}
		for i, want := range map[int]string{6: "contact person", 7: "contact person", 8: "business ID", 9: "cannot be right"} {
			if l := d.linkIn(keys[i], d.kycSystem); l.State != link.NotInScope || !strings.Contains(l.LastMessage, want) {
				t.Errorf("customer %d: %s %q", i, l.State, l.LastMessage)
			}
		}
		if c := d.candidates()[businessIDs[0]]; c.ContactPerson == nil || c.ContactPerson.LastName != "Mallia" || c.Source.ExternalID != strconv.FormatInt(keys[0], 10) {
			t.Errorf("got %+v", c)
		}
		t.Log("the option is taken away: those who were left out follow")
		_, err := d.hub.SetSystemSettings(t.Context(), d.viewer, d.kycSystem, map[string]string{connector.OnlyWithContactPerson: "false"}, "")
		d.must(err)
		if d.proposed() == 0 {
			t.Error("nothing is looked at anew")
		}
		d.settle()
		if got := sortedKeys(d.candidates()); !slices.Equal(got, slices.Sorted(slices.Values(businessIDs))) {
			t.Errorf("without: %v", got)
		}
		t.Log("and set again: nothing is withdrawn")
		_, err = d.hub.SetSystemSettings(t.Context(), d.viewer, d.kycSystem, map[string]string{connector.OnlyWithContactPerson: "true"}, "")
		d.must(err)
		d.proposed()
		d.settle()
		if n := len(d.candidates()); n != 8 {
			t.Errorf("%d candidates", n)
		}
	})
	t.Run("R29_R31_R36_Scenario3_AContactAddedLater", func(t *testing.T) {
		t.Parallel()
		d := duly(t, sandbox.Options{}, nil, map[string]string{connector.OnlyWithContactPerson: "true"})
		key := d.typed(map[string]string{"name": "Myöhäinen Oy", "code": "7001", "businessId": businessIDs[0]}, nil)
		d.polled(d.system)
		d.activated()
		if n := len(d.candidates()); n != 0 {
			t.Fatalf("%d candidates", n)
		}
		for range 3 { // the answer to the call is lost three times
			_, err := d.kyc.Fault(kycsandbox.Fault{Kind: "lostAnswer", Method: "PUT", Times: 1})
			d.must(err)
		}
		d.must(d.netvisor.Edit("", key, func(c *sandbox.Customer) error { c.SetResponsibility(*tab("Aino", "Malli")); return nil }))
		d.polled(d.system)
		for until := time.Now().Add(20 * time.Second); time.Now().Before(until) && d.linkIn(key, d.kycSystem).State != link.InSync; time.Sleep(5 * time.Millisecond) {
			d.owner(`UPDATE link SET due_at = now() WHERE due_at IS NOT NULL`)
			d.owner(`UPDATE system SET hold_until = NULL`)
			d.settle()
		}
		d.agreed(key, d.kycSystem)
		if c := d.candidates(); len(c) != 1 || c[businessIDs[0]].ContactPerson == nil || c[businessIDs[0]].ContactPerson.Email != "aino@example.test" {
			t.Errorf("got %+v", c)
		}
		if n := len(d.kyc.Candidates(d.obliged)); n != 1 {
			t.Errorf("%d candidates, tombstones included", n)
		}
	})
	t.Run("R2_R40_R41_R44_R50_Scenario4_5_AcceptedAndAssessedAgain", func(t *testing.T) {
		t.Parallel()
		d := duly(t, sandbox.Options{}, nil, nil)
		key := d.register()[0]
		d.activated()
		d.polled(d.kycSystem)
		if k := d.said(key); k.State != customer.KYCCandidate || k.RiskClass != customer.RiskUnknown {
			t.Errorf("R40: got %+v", k)
		}
		made := d.assessed(d.candidates()[businessIDs[0]].ID, kycsandbox.Assessment{RiskClass: "HIGH", ReviewIntervalMonths: 12, Notes: "Seurataan.", On: "2026-02-10"})
		since := len(d.netvisor.Calls())
		d.polled(d.kycSystem)
		k := d.said(key)
		if k.State != customer.KYCCustomer || k.RiskClass != customer.RiskHigh || k.LatestRiskAssessmentOn != "2026-02-10" ||
			k.DueDiligenceExpiresOn != "2027-02-10" || k.Notes != "Seurataan." || k.RequiresActions == nil {
			t.Errorf("R45-R50: got %+v", k)
		}
		card := d.card(key).Responsibility()
		if card.RiskClass != "high" || card.LatestRiskAssessment != "2026-02-10" || card.DueDiligenceExpires != "2027-02-10" || card.Remarks != "Seurataan." || card.RequiresActions == "" {
			t.Errorf("R44: the tab has %+v", card)
		}
		if n := d.wroteNetvisor("customerresponsibility.nv", since); n != 1 {
			t.Errorf("%d calls for one status", n)
		}
		if n := d.wroteNetvisor("customer.nv", since); n != 0 {
			t.Errorf("R52: %d calls of the card", n)
		}
		d.must(d.kyc.Assess(made.ID, kycsandbox.Assessment{RiskClass: "STANDARD", ReviewIntervalMonths: 36, On: "2026-06-30", Force: true}))
		d.polled(d.kycSystem)
		if k := d.said(key); k.RiskClass != customer.RiskStandard || k.DueDiligenceExpiresOn != "2029-06-30" {
			t.Errorf("got %+v", k)
		}
		if got := d.card(key).Responsibility(); got.RiskClass != "standard" || got.DueDiligenceExpires != "2029-06-30" {
			t.Errorf("the tab has %+v", got)
		}
		id := d.customerOf(key).ID
		page, err := d.hub.KYCHistory(t.Context(), d.viewer, []customer.ID{id}, "", 10)
		d.must(err)
		var classes []customer.RiskClass
		for _, one := range page[id].Items {
			if one.State == customer.KYCCustomer {
				classes = append(classes, one.RiskClass)
			}
		}
		if !slices.Equal(slices.Compact(classes), []customer.RiskClass{customer.RiskStandard, customer.RiskHigh}) {
			t.Errorf("the history has %v", classes)
		}
		t.Log("and then nothing more is called with an effect")
		kycCalls, netvisorCalls := len(d.kyc.Calls()), len(d.netvisor.Calls())
		d.both()
		if w := d.wroteKYC(kycCalls); len(w) > 0 || d.wroteNetvisor("customerresponsibility.nv", netvisorCalls) > 0 {
			t.Errorf("Promise 3: written again: %v", w)
		}
	})
	t.Run("R39_Scenario6_DeletedStaysDeleted", func(t *testing.T) {
		t.Parallel()
		d := duly(t, sandbox.Options{}, nil, nil)
		key := d.register()[6] // has no contact person
		d.activated()
		d.must(d.kyc.DeleteCandidate(d.candidates()[businessIDs[6]].ID))
		d.polled(d.kycSystem)
		if k := d.said(key); k.State != customer.KYCRemoved {
			t.Errorf("got %+v", k)
		}
		d.retyped(key, "name", "Uusi Nimi Oy")
		d.both()
		if _, there := d.candidates()[businessIDs[6]]; there {
			t.Fatal("a change of the name brought it back")
		}
		_, err := d.hub.ResendCandidate(t.Context(), d.viewer, d.customerOf(key).ID, "")
		d.must(err)
		d.settle()
		if c, there := d.candidates()[businessIDs[6]]; !there || c.Name != "Uusi Nimi Oy" {
			t.Errorf("sent again: %+v", c)
		}
		d.agreed(key, d.kycSystem)
		t.Log("deleted here, and brought back by a contact person")
		_, err = d.hub.DeleteCandidate(t.Context(), d.viewer, d.customerOf(key).ID, "Kahteen kertaan.", "")
		d.must(err)
		d.settle()
		if _, there := d.candidates()[businessIDs[6]]; there {
			t.Fatal("it was not deleted")
		}
		if k := d.said(key); k.State != customer.KYCRemoved {
			t.Errorf("got %+v", k)
		}
		d.must(d.netvisor.Edit("", key, func(c *sandbox.Customer) error { c.SetResponsibility(*tab("Väinö", "Uusi")); return nil }))
		d.polled(d.system)
		if c, there := d.candidates()[businessIDs[6]]; !there || c.ContactPerson == nil {
			t.Errorf("with a contact person: %+v", c)
		}
	})
	t.Run("Scenario8_APrivateCustomerIsNeverLow", func(t *testing.T) {
		t.Parallel()
		d := duly(t, sandbox.Options{}, nil, nil)
		key := d.register()[0]
		d.activated()
		made := d.assessed(d.candidates()[businessIDs[0]].ID, kycsandbox.Assessment{RiskClass: "STANDARD", ReviewIntervalMonths: 12})
		d.must(d.kyc.EditCustomer(made.ID, kycsandbox.CustomerEdit{RiskClass: new("SEVERE"), Force: true}))
		d.polled(d.kycSystem)
		if k := d.said(key); k.RiskClass != customer.RiskUnknown || k.Raw["riskClass"] != "SEVERE" {
			t.Errorf("a class that the hub does not know: %+v", k)
		}
		if got := d.card(key).Responsibility(); got.RiskClass != "" {
			t.Errorf("the tab has %+v", got)
		}
		if !slices.ContainsFunc(d.findings(), func(f standing) bool { return f.Code == "KYC_VALUE_UNKNOWN" }) {
			t.Errorf("no finding in %v", d.findings())
		}
		d.must(d.kyc.EditCustomer(made.ID, kycsandbox.CustomerEdit{Kind: new(kycsandbox.Private), RiskClass: new(kycsandbox.Low), Force: true}))
		d.polled(d.kycSystem)
		if k := d.said(key); k.RiskClass != customer.RiskUnknown || k.Raw["riskClass"] != "LOW" {
			t.Errorf("a private customer with LOW: %+v", k)
		}
		if !slices.ContainsFunc(d.findings(), func(f standing) bool { return f.Code == "KYC_RISK_CLASS_IMPOSSIBLE" }) {
			t.Errorf("no finding in %v", d.findings())
		}
	})
	t.Run("R192_Scenario9_RemarksAreMasked", func(t *testing.T) {
		t.Parallel()
		const canary = "010190-999W"
		d := duly(t, sandbox.Options{}, nil, nil)
		key := d.register()[0]
		d.activated()
		d.assessed(d.candidates()[businessIDs[0]].ID, kycsandbox.Assessment{RiskClass: "STANDARD", ReviewIntervalMonths: 12, Notes: "Omistaja " + canary + " tunnettu."})
		d.polled(d.kycSystem)
		if k := d.said(key); !strings.Contains(k.Notes, "tunnettu") || strings.Contains(k.Notes, canary) {
			t.Errorf("got %q", k.Notes)
		}
		if got := d.card(key).Responsibility().Remarks; strings.Contains(got, canary) || got == "" {
			t.Errorf("the tab has %q", got)
		}
		if n := d.count(`SELECT count(*) FROM kyc_status WHERE notes LIKE '%' || $1 || '%'`, canary); n > 0 {
			t.Error("it is in the database")
		}
	})
	t.Run("Scenario10_AnExpiredCursor", func(t *testing.T) {
		t.Parallel()
		d := duly(t, sandbox.Options{}, nil, nil)
		key := d.register()[0]
		d.activated()
		d.polled(d.kycSystem)
		d.must(d.kyc.Advance(40 * 24 * time.Hour))
		d.assessed(d.candidates()[businessIDs[0]].ID, kycsandbox.Assessment{RiskClass: "LOW", ReviewIntervalMonths: 12})
		d.must(d.kyc.Advance(40 * 24 * time.Hour))
		d.polled(d.kycSystem)
		if k := d.said(key); k.State != customer.KYCCustomer || k.RiskClass != customer.RiskLow {
			t.Errorf("got %+v", k)
		}
		if n := len(d.kyc.Candidates(d.obliged)); n != 8 {
			t.Errorf("%d candidates", n)
		}
	})
	t.Run("Scenario11_ACredentialRevokedWhileRunning", func(t *testing.T) {
		t.Parallel()
		d := duly(t, sandbox.Options{}, nil, nil)
		keys := d.register()
		d.activated()
		d.must(d.kyc.RevokeCredentials(d.obliged))
		d.retyped(keys[0], "name", "Muuttunut Oy")
		late := d.typed(map[string]string{"name": "Uusi Oy", "code": "7100", "businessId": "2445678-2"}, nil)
		d.polled(d.system)
		if s := d.kycState(); s.State != system.NeedsAction || s.Fault == nil {
			t.Fatalf("got %s %+v", s.State, s.Fault)
		}
		if l := d.linkIn(keys[0], d.kycSystem); l.State == link.InSync {
			t.Errorf("Promise 8: the link says %s", l.State)
		}
		// Calls that were under way beside the one that stopped it are refused too, and each makes the hub wait longer.
		refused := fault.New(fault.Denied, "The token is not valid.")
		d.must(d.hub.NoteAnswer(t.Context(), d.viewer.Organisation.ID, d.kycSystem, refused, func(int) time.Duration { return time.Hour }))
		for _, r := range []run.Run{d.requestCredential(), d.submit(), d.begin()} {
			if r.State != run.Succeeded {
				t.Fatalf("%s: %+v", r.Kind, r)
			}
		}
		if c := d.candidates()[businessIDs[0]]; c.Name != "Muuttunut Oy" {
			t.Errorf("the change was lost: %+v", c)
		}
		if d.customerOf(late) == nil {
			t.Fatal("no customer")
		}
		d.agreed(keys[0], d.kycSystem)
	})
	t.Run("R32_AContactCompletedInKYCStaysThere", func(t *testing.T) {
		t.Parallel()
		d := duly(t, sandbox.Options{}, nil, nil)
		key := d.register()[6]
		d.activated()
		d.must(d.kyc.EditCandidate(d.candidates()[businessIDs[6]].ID, kycsandbox.CandidateEdit{ContactPerson: &kycsandbox.ContactEdit{FirstName: new("Kerttu"), LastName: new("Kaunis"), Email: new("kerttu@example.test")}}))
		d.polled(d.kycSystem)
		if k := d.said(key); k.Person.LastName != "Kaunis" {
			t.Errorf("got %+v", k.Person)
		}
		if c := d.customerOf(key); len(c.Contacts) != 0 {
			t.Errorf("it came in: %+v", c.Contacts)
		}
		d.retyped(key, "name", "Toinen Nimi Oy")
		d.both()
		if c := d.candidates()[businessIDs[6]]; c.Name != "Toinen Nimi Oy" || c.ContactPerson == nil || c.ContactPerson.LastName != "Kaunis" {
			t.Errorf("an empty value erased KYC's: %+v", c)
		}
		d.must(d.netvisor.Edit("", key, func(c *sandbox.Customer) error { c.SetResponsibility(*tab("Väinö", "Vahva")); return nil }))
		d.polled(d.system)
		if c := d.candidates()[businessIDs[6]]; c.ContactPerson == nil || c.ContactPerson.LastName != "Vahva" {
			t.Errorf("a later value of Netvisor wins: %+v", c.ContactPerson)
		}
	})
	t.Run("R52_ACustomerMadeInactiveEndsAndOneDeletedIsTakenBack", func(t *testing.T) {
		t.Parallel()
		d := duly(t, sandbox.Options{}, nil, nil)
		keys := d.register()
		d.activated()
		made := d.assessed(d.candidates()[businessIDs[0]].ID, kycsandbox.Assessment{RiskClass: "STANDARD", ReviewIntervalMonths: 12})
		d.polled(d.kycSystem)
		d.retyped(keys[0], "isActive", "0")
		d.polled(d.system)
		d.polled(d.kycSystem)
		at := slices.IndexFunc(d.kyc.Customers(d.obliged), func(c kycsandbox.Customer) bool { return c.ID == made.ID })
		if c := d.kyc.Customers(d.obliged)[at]; c.Lifecycle != "ENDED" {
			t.Errorf("got %+v", c)
		}
		if k := d.said(keys[0]); k.State != customer.KYCEnded || k.RiskClass != customer.RiskStandard {
			t.Errorf("got %+v", k)
		}
		gone := d.customerOf(keys[1]).ID
		d.must(d.netvisor.Remove("", keys[1]))
		for range 3 {
			_, err := d.hub.SyncNow(t.Context(), d.viewer, d.system, true, "")
			d.must(err)
			d.settle()
		}
		if _, there := d.candidates()[businessIDs[1]]; there {
			t.Error("the candidate of a customer deleted in Netvisor is still there")
		}
		found, err := d.hub.KYCByCustomer(t.Context(), d.viewer, []customer.ID{gone})
		d.must(err)
		if k := found[gone]; k.State != customer.KYCRemoved {
			t.Errorf("got %+v", k)
		}
	})
	t.Run("R52_WhatAnOperatorDeletesInNetvisorGoesFromKYCAndDoesNotComeBack", func(t *testing.T) {
		t.Parallel()
		d := duly(t, sandbox.Options{}, nil, nil)
		keys := d.register()
		d.activated()
		made := d.assessed(d.candidates()[businessIDs[0]].ID, kycsandbox.Assessment{RiskClass: "STANDARD", ReviewIntervalMonths: 12})
		d.polled(d.kycSystem)
		before := make([]customer.ID, 2)
		for i, key := range keys[:2] {
			before[i] = d.customerOf(key).ID
			asks := hub.DeleteRecord{Customer: before[i], System: d.system, By: "Aino Malli", Reason: "Kahteen kertaan"}
			plan, err := d.hub.PlanDeletion(t.Context(), d.viewer, asks)
			if d.must(err); len(plan.Others) != 0 || len(plan.Derived) != 1 || plan.Derived[0].ID != d.kycSystem {
				t.Errorf("it would concern %+v", plan)
			}
			_, err = d.hub.AskDeletion(t.Context(), d.viewer, asks)
			d.must(err)
		}
		d.settle()
		d.polled(d.kycSystem)
		at := slices.IndexFunc(d.kyc.Customers(d.obliged), func(c kycsandbox.Customer) bool { return c.ID == made.ID })
		if c := d.kyc.Customers(d.obliged)[at]; c.Lifecycle != "ENDED" {
			t.Errorf("under due diligence: %+v", c)
		}
		if _, there := d.candidates()[businessIDs[1]]; there {
			t.Error("the candidate is still there")
		}
		found, err := d.hub.KYCByCustomer(t.Context(), d.viewer, before)
		d.must(err)
		if one, other := found[before[0]], found[before[1]]; one.State != customer.KYCEnded || other.State != customer.KYCRemoved {
			t.Errorf("the hub shows %s and %s", one.State, other.State)
		}
		added, into := d.wroteNetvisor("customer.nv", 0), len(d.kyc.Calls())
		for _, id := range before {
			_, err := d.hub.UpdateCustomer(t.Context(), d.viewer, id, nil, customer.Fields{"email": "uusi@example.test"}, "")
			d.must(err)
		}
		d.settle()
		for _, id := range []system.ID{d.system, d.kycSystem} {
			_, err := d.hub.SyncNow(t.Context(), d.viewer, id, true, "")
			d.must(err)
			d.settle()
		}
		if n := d.wroteNetvisor("customer.nv", 0) - added; n != 0 {
			t.Errorf("%d calls into Netvisor came of an edit", n)
		}
		if wrote := d.wroteKYC(into); len(wrote) != 0 {
			t.Errorf("an edit had %v called in KYC", wrote)
		}
	})
	t.Run("R43_TheChangesAreToldInOrder", func(t *testing.T) {
		t.Parallel()
		d := duly(t, sandbox.Options{}, nil, nil)
		key := d.register()[0]
		d.activated()
		d.assessed(d.candidates()[businessIDs[0]].ID, kycsandbox.Assessment{RiskClass: "HIGH", ReviewIntervalMonths: 6})
		d.polled(d.kycSystem)
		id := d.customerOf(key).ID
		if n := d.count(`SELECT count(*) FROM change WHERE customer_id = $1 AND kind = $2`, string(id), string(change.KYCStatusChanged)); n < 2 {
			t.Errorf("%d changes", n)
		}
	})
}

// card is the customer as Netvisor has it.
func (d *diligent) card(key int64) *sandbox.Customer {
	d.Helper()
	for c := range d.netvisor.Customers("") {
		if c.Key() == key {
			return c
		}
	}
	d.Fatalf("no customer %d in Netvisor", key)
	return nil
}
