package reconcile_test

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"customerhub/internal/advice"
	"customerhub/internal/auth"
	"customerhub/internal/connector"
	"customerhub/internal/connector/netvisor"
	"customerhub/internal/connector/netvisorkyc"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/run"
	sandbox "customerhub/internal/sandbox/netvisor"
	kycsandbox "customerhub/internal/sandbox/netvisorkyc"
	"customerhub/internal/system"
)

// TestKYCActivation takes KYC into use step by step, as who may and who may not.
func TestKYCActivation(t *testing.T) {
	t.Parallel()
	t.Run("R10_NetvisorsIdentifiersComeFirst", func(t *testing.T) {
		t.Parallel()
		b := setupKind(t, netvisorkyc.Kind())
		org, err := b.hub.CreateOrganisation(t.Context(), "Uusi Oy")
		b.must(err)
		b.viewer = auth.Operator(org)
		s, err := b.hub.CreateSystem(t.Context(), b.viewer, hub.CreateSystem{
			Kind: system.NetvisorKYC, Settings: map[string]string{netvisorkyc.BaseURL: "http://127.0.0.1:1", netvisorkyc.OrganisationID: "1572860-0"},
		}, "")
		b.must(err)
		_, err = b.hub.SetSystemErrorReport(t.Context(), b.viewer, s.ID, "virheet@example.test", advice.English, "")
		b.must(err)
		_, err = b.hub.SetSystemCredentials(t.Context(), b.viewer, s.ID, map[string]string{netvisorkyc.ActivationToken: "kyc_0123456789abcdef0123456789abcdef"}, "")
		b.must(err)
		_, err = b.hub.SubmitSystem(t.Context(), b.viewer, s.ID, "")
		if f := fault.Of(err); f == nil || f.Reason != "SOURCE_SYSTEM_MISSING" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("R9_R16_SupportComesFirst", func(t *testing.T) {
		t.Parallel()
		d := duly(t, sandbox.Options{}, nil, nil)
		if r := d.requestCredential(); r.State != run.Failed || r.FaultCode != fault.Denied {
			t.Errorf("R16: before the interfaces are enabled: %+v", r)
		}
		_, _, err := d.hub.StartSystem(t.Context(), d.viewer, d.kycSystem, "")
		if f := fault.Of(err); f == nil || f.Reason != "SYSTEM_NOT_CHECKED" || !strings.Contains(f.Message, "requestSystemCredential") {
			t.Errorf("R24: started before any step: %v", err)
		}
		d.must(d.kyc.EnableInterfaces(d.obliged))
		if r := d.requestCredential(); r.State != run.Failed || r.Message == "" {
			t.Errorf("R9: before support has made the integration user: %+v", r)
		}
		d.must(d.kyc.CreateIntegrationUser(d.obliged))
		if r := d.requestCredential(); r.State != run.Succeeded {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("R11_WhatNetvisorDoesNotAllowIsNamed", func(t *testing.T) {
		t.Parallel()
		const words = "The integration is not allowed in the rights of interface resources."
		d := duly(t, sandbox.Options{}, func(kycsandbox.Identifiers) (bool, string) { return false, words }, nil)
		d.enable()
		d.requestCredential()
		if r := d.submit(); r.State != run.Failed || r.FaultCode != fault.Denied {
			t.Fatalf("got %+v", r)
		}
		at := d.kycState().Activation
		if at == nil || !slices.ContainsFunc(at.Checks, func(c system.Check) bool { return !c.OK && c.Message == words }) {
			t.Errorf("the reason is not shown: %+v", at)
		}
	})
	t.Run("R14_OnlyAdministratorsMay", func(t *testing.T) {
		t.Parallel()
		d := duly(t, sandbox.Options{}, nil, nil)
		d.enable()
		other := d.viewer
		other.Scopes = slices.DeleteFunc(slices.Clone(auth.Scopes), func(s auth.Scope) bool { return s == auth.SystemsManage || s == auth.Admin })
		for name, act := range map[string]func(context.Context, auth.Viewer) error{
			"request": func(ctx context.Context, v auth.Viewer) error {
				_, err := d.hub.RequestCredential(ctx, v, d.kycSystem, "")
				return err
			},
			"submit": func(ctx context.Context, v auth.Viewer) error {
				_, err := d.hub.SubmitSystem(ctx, v, d.kycSystem, "")
				return err
			},
			"start": func(ctx context.Context, v auth.Viewer) error {
				_, _, err := d.hub.StartSystem(ctx, v, d.kycSystem, "")
				return err
			},
			"scope": func(ctx context.Context, v auth.Viewer) error {
				_, err := d.hub.SetSystemSettings(ctx, v, d.kycSystem, map[string]string{"onlyWithContactPerson": "true"}, "")
				return err
			},
			"credentials": func(ctx context.Context, v auth.Viewer) error {
				_, err := d.hub.SetSystemCredentials(ctx, v, d.kycSystem, map[string]string{netvisorkyc.ActivationToken: "kyc_0123456789abcdef"}, "")
				return err
			},
			"report": func(ctx context.Context, v auth.Viewer) error {
				_, err := d.hub.SetSystemErrorReport(ctx, v, d.kycSystem, "muu@example.test", advice.English, "")
				return err
			},
		} {
			if err := act(t.Context(), other); !fault.Is(err, fault.Forbidden) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	t.Run("R17_R18_R20_R21_R22_R25_WhatTheStepsHandOver", func(t *testing.T) {
		t.Parallel()
		var mu sync.Mutex
		var given kycsandbox.Identifiers
		d := duly(t, sandbox.Options{}, func(id kycsandbox.Identifiers) (bool, string) {
			mu.Lock()
			defer mu.Unlock()
			given = id
			return true, ""
		}, nil)
		d.register()
		d.enable()
		before, _ := d.kyc.Integration(d.obliged)
		if r := d.requestCredential(); r.State != run.Succeeded {
			t.Fatalf("R17: got %+v", r)
		}
		issued, err := d.kyc.Integration(d.obliged)
		if d.must(err); issued.State == before.State {
			t.Errorf("R17: it is %s as before", issued.State)
		}
		d.submit()
		at, err := d.kyc.Integration(d.obliged)
		d.must(err)
		if at.Type == nil || *at.Type != "NETVISOR" {
			t.Errorf("R18: the type is %v", at.Type)
		}
		secret, _ := d.netvisor.Credentials("")
		mu.Lock()
		if given.UserName != secret.CustomerID || given.IntegrationKey != secret.CustomerKey {
			t.Error("R20: KYC was handed other identifiers than Netvisor's")
		}
		mu.Unlock()
		if at.ErrorReportEmail == nil || *at.ErrorReportEmail != "virheet@example.test" {
			t.Errorf("R21: the address is %v", at.ErrorReportEmail)
		}
		if at.State != "VERIFIED" || len(d.kyc.Candidates(d.obliged)) != 0 {
			t.Errorf("R22: it is %s with %d candidates", at.State, len(d.kyc.Candidates(d.obliged)))
		}
		d.begin()
		if at, err = d.kyc.Integration(d.obliged); err != nil || at.InitialSync.StartedAt == nil || len(d.candidates()) != 8 {
			t.Errorf("R25: %+v with %d candidates", at.InitialSync, len(d.candidates()))
		}
	})
	t.Run("R8_ItDependsOnNoPerson", func(t *testing.T) {
		t.Parallel()
		d := duly(t, sandbox.Options{}, nil, nil)
		key := d.register()[0]
		d.activated()
		_, err := d.kyc.IssueBootstrap(d.obliged) // the administrator who took it into use is gone
		d.must(err)
		d.retyped(key, "name", "Uusi Nimi Oy")
		d.both()
		if c := d.candidates()[businessIDs[0]]; c.Name != "Uusi Nimi Oy" {
			t.Errorf("got %+v", c)
		}
		d.agreed(key, d.kycSystem)
	})
	t.Run("R1_R3_R6_R27_R30_R35_R37_CompaniesComeByThemselvesAndComplete", func(t *testing.T) {
		t.Parallel()
		d := duly(t, sandbox.Options{}, nil, nil)
		keys := d.register()
		d.activated()
		c := d.candidates()[businessIDs[0]]
		if p := c.ContactPerson; p == nil || p.FirstName != "Aino" || p.LastName != "Mallia" || p.Email != "aino@example.test" || p.Phone == "" || c.Name != "Malliyritys 0 Oy" ||
			c.Source == nil || c.Source.ExternalID != strconv.FormatInt(keys[0], 10) || c.Source.CustomerNumber != "7001" {
			t.Errorf("R35: got %+v, %+v", c, p)
		}
		if c := d.candidates()[businessIDs[6]]; c.ContactPerson != nil || c.Name != "Malliyritys 6 Oy" {
			t.Errorf("R27, R30: without a contact person: %+v", c)
		}
		first := 50
		page, err := d.hub.Customers(t.Context(), d.viewer, hub.CustomerQuery{
			Page: hub.Page{First: &first}, Filter: hub.CustomerFilter{KYC: customer.KYCFilter{State: []customer.KYCState{customer.KYCCandidate}}},
		})
		if d.must(err); len(page.Items) != 8 {
			t.Errorf("R37: %d candidates are listed", len(page.Items))
		}
	})
	t.Run("R4_R38_AContactAddedInTheHubGoesToBothSides", func(t *testing.T) {
		t.Parallel()
		d := duly(t, sandbox.Options{}, nil, nil)
		key := d.register()[6]
		d.activated()
		_, _, err := d.hub.LinkContact(t.Context(), d.viewer, hub.LinkContact{Customer: d.customerOf(key).ID, Fields: customer.Fields{
			"firstName": "Kerttu", "lastName": "Lisätty", "emails": "kerttu@example.test",
		}, Roles: []customer.ContactRole{customer.KYCContact}}, "")
		d.must(err)
		d.settle()
		if c := d.candidates()[businessIDs[6]]; c.ContactPerson == nil || c.ContactPerson.LastName != "Lisätty" || c.ContactPerson.Email != "kerttu@example.test" {
			t.Errorf("the candidate: %+v", c.ContactPerson)
		}
		if !slices.ContainsFunc(d.card(key).ContactPersons(), func(p map[string]string) bool { return slices.Contains(slices.Collect(maps.Values(p)), "Lisätty") }) {
			t.Errorf("Netvisor has %v", d.card(key).ContactPersons())
		}
	})
	t.Run("R28_R191_WithoutTheTabTheContactOnTheCardStands", func(t *testing.T) {
		t.Parallel()
		d := duly(t, sandbox.Options{}, nil, map[string]string{connector.OnlyWithContactPerson: "true"})
		_, err := d.hub.SetSystemSettings(t.Context(), d.viewer, d.system, map[string]string{netvisor.ResponsibilityResource: ""}, "")
		d.must(err)
		with := d.typed(map[string]string{"name": "Kortti Oy", "code": "7001", "businessId": businessIDs[0], "ContactPerson": "Kerttu Kortti", "ContactPersonEmail": "kerttu@example.test"}, tab("Aino", "Piilossa"))
		without := d.typed(map[string]string{"name": "Tyhjä Oy", "code": "7002", "businessId": businessIDs[1]}, tab("Aino", "Piilossa"))
		d.polled(d.system)
		d.activated()
		c, there := d.candidates()[businessIDs[0]]
		if !there || c.ContactPerson == nil || c.ContactPerson.LastName != "Kortti" || c.ContactPerson.Email != "kerttu@example.test" {
			t.Fatalf("got %+v, %+v", c, c.ContactPerson)
		}
		if _, there := d.candidates()[businessIDs[1]]; there || d.linkIn(without, d.kycSystem).State != link.NotInScope {
			t.Error("a card without a contact person came into KYC")
		}
		d.retyped(with, "ContactPersonEmail", "uusi@example.test")
		d.both()
		if c := d.candidates()[businessIDs[0]]; c.ContactPerson.Email != "uusi@example.test" {
			t.Errorf("after an edit of the card: %+v", c.ContactPerson)
		}
		_, _, err = d.hub.LinkContact(t.Context(), d.viewer, hub.LinkContact{Customer: d.customerOf(with).ID, Fields: customer.Fields{
			"firstName": "Väinö", "lastName": "Valittu", "emails": "vaino@example.test",
		}, Roles: []customer.ContactRole{customer.KYCContact}}, "")
		d.must(err)
		d.settle()
		if c := d.candidates()[businessIDs[0]]; c.ContactPerson.LastName != "Valittu" {
			t.Errorf("who has the role goes before the card: %+v", c.ContactPerson)
		}
		before, calls := d.versions(), len(d.kyc.Calls())
		for range 2 {
			_, err := d.hub.SyncNow(t.Context(), d.viewer, d.kycSystem, true, "")
			d.must(err)
			d.settle()
		}
		if wrote := d.wroteKYC(calls); len(wrote) != 0 || d.versions() != before {
			t.Errorf("Promise 3: written again: %v", wrote)
		}
	})
	t.Run("R39_DeletedBeforeTheHubKnewOfIt", func(t *testing.T) {
		t.Parallel()
		d := duly(t, sandbox.Options{}, nil, nil)
		key := d.typed(map[string]string{"name": "Häipyvä Oy", "code": "7001", "businessId": businessIDs[0]}, nil)
		d.polled(d.system)
		d.enable()
		d.requestCredential()
		d.submit()
		_, err := d.kyc.Fault(kycsandbox.Fault{Kind: kycsandbox.FaultLostAnswer, Method: "PUT", Times: 1})
		d.must(err)
		_, _, err = d.hub.StartSystem(t.Context(), d.viewer, d.kycSystem, "")
		d.must(err)
		for worked := true; worked; {
			worked, err = d.worker.RunOne(t.Context())
			d.must(err)
		}
		_, err = d.worker.LinkOne(t.Context())
		d.must(err)
		if l := d.linkIn(key, d.kycSystem); l.State != link.Uncertain {
			t.Fatalf("it is %s", l.State)
		}
		d.must(d.kyc.DeleteCandidate(d.candidates()[businessIDs[0]].ID))
		for until := time.Now().Add(20 * time.Second); time.Now().Before(until) && d.linkIn(key, d.kycSystem).State != link.NotInScope; time.Sleep(5 * time.Millisecond) {
			d.owner(`UPDATE link SET due_at = now() WHERE due_at IS NOT NULL`)
			d.owner(`UPDATE intent SET sent_at = sent_at - interval '1 hour'`)
			d.settle()
		}
		if l := d.linkIn(key, d.kycSystem); l.State != link.NotInScope || l.ExternalID == "" || d.said(key).State != customer.KYCRemoved {
			t.Errorf("it is %s (%s): %s, and the hub shows %s", l.State, l.ExternalID, l.LastMessage, d.said(key).State)
		}
		for range 2 {
			_, err := d.hub.SyncNow(t.Context(), d.viewer, d.kycSystem, true, "")
			d.must(err)
			d.settle()
		}
		if n := len(d.candidates()); n != 0 {
			t.Errorf("%d candidates came back by themselves", n)
		}
		_, err = d.hub.ResendCandidate(t.Context(), d.viewer, d.customerOf(key).ID, "")
		d.must(err)
		d.settle()
		if len(d.candidates()) != 1 {
			t.Error("it was not sent again")
		}
	})
	t.Run("R39_DeletedWhileAChangeOfItWasUncertain", func(t *testing.T) {
		t.Parallel()
		d := duly(t, sandbox.Options{}, nil, nil)
		key := d.typed(map[string]string{"name": "Häipyvä Oy", "code": "7001", "businessId": businessIDs[0]}, nil)
		d.polled(d.system)
		d.activated()
		candidate := d.candidates()[businessIDs[0]].ID
		d.retyped(key, "Name", "Muuttuva Oy")
		_, err := d.hub.SyncNow(t.Context(), d.viewer, d.system, false, "")
		d.must(err)
		d.work(d.worker)
		_, err = d.kyc.Fault(kycsandbox.Fault{Kind: kycsandbox.FaultLostAnswer, Method: "PUT", Times: 1})
		d.must(err)
		for range 20 {
			if d.linkIn(key, d.kycSystem).State == link.Uncertain {
				break
			}
			_, err = d.worker.LinkOne(t.Context())
			d.must(err)
		}
		if l := d.linkIn(key, d.kycSystem); l.State != link.Uncertain {
			t.Fatalf("it is %s", l.State)
		}
		d.must(d.kyc.DeleteCandidate(candidate))
		d.owner(`UPDATE link SET due_at = now() WHERE due_at IS NOT NULL`)
		d.owner(`UPDATE system SET hold_until = NULL, hold_count = 0`)
		d.settle()
		if l := d.linkIn(key, d.kycSystem); l.State != link.NotInScope || d.said(key).State != customer.KYCRemoved {
			t.Errorf("it is %s: %s, and the hub shows %s", l.State, l.LastMessage, d.said(key).State)
		}
		if n := d.count(`SELECT count(*) FROM intent`); n != 0 {
			t.Errorf("%d calls are still to be found out about", n)
		}
	})
	t.Run("R36_NetvisorIsLookedAtEveryTwoMinutesWhileKYCRuns", func(t *testing.T) {
		t.Parallel()
		d := duly(t, sandbox.Options{}, nil, nil)
		due := func() (minutes int) {
			return d.count(`SELECT ceil(extract(epoch FROM next_due_at - now()) / 60)::int FROM system WHERE id = $1`, string(d.system))
		}
		again := func() int {
			d.owner(`UPDATE system SET next_due_at = now() - interval '1 second' WHERE kind = 'NETVISOR'`)
			d.proposed()
			d.settle()
			return due()
		}
		if n := again(); n != 15 {
			t.Errorf("without KYC it is looked at again in %d minutes", n)
		}
		d.activated()
		if n := due(); n > 2 {
			t.Errorf("once KYC runs it waits %d minutes", n)
		}
		if n := again(); n != 2 {
			t.Errorf("while KYC runs it is looked at again in %d minutes", n)
		}
		_, err := d.hub.PauseSystem(t.Context(), d.viewer, d.kycSystem, "")
		d.must(err)
		d.settle()
		if n := again(); n != 15 {
			t.Errorf("with KYC paused it is looked at again in %d minutes", n)
		}
	})
	t.Run("R5_OldNewsSaysSo", func(t *testing.T) {
		t.Parallel()
		d := duly(t, sandbox.Options{}, nil, nil)
		key := d.register()[0]
		d.activated()
		d.polled(d.kycSystem)
		before := d.said(key).FreshAsOf
		_, err := d.kyc.Fault(kycsandbox.Fault{Kind: kycsandbox.FaultStatus, Status: 503})
		d.must(err)
		_, err = d.hub.SyncNow(t.Context(), d.viewer, d.kycSystem, false, "")
		d.must(err)
		d.settle()
		if s := d.kycState(); s.Fault == nil {
			t.Error("nothing tells that KYC does not answer")
		}
		if after := d.said(key).FreshAsOf; before.IsZero() || !after.Equal(before) {
			t.Errorf("it was fresh as of %s and is as of %s though KYC did not answer", before, after)
		}
		if l := d.linkIn(key, d.kycSystem); l.State != link.InSync {
			t.Errorf("what stood is %s", l.State)
		}
	})
}
