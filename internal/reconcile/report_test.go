package reconcile_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"customerhub/internal/advice"
	"customerhub/internal/auth"
	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/hub"
	"customerhub/internal/mail"
	"customerhub/internal/mail/mailtest"
	"customerhub/internal/organisation"
	"customerhub/internal/pg"
	"customerhub/internal/pgtest"
	"customerhub/internal/reconcile"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

const recipient = "virheet@example.test"

// mailing is a hub that sends error reports to a mail server which keeps them.
type mailing struct {
	testing.TB
	db     *pgtest.DB
	hub    *hub.Hub
	sink   *mailtest.Sink
	sender *mail.Sender
}

func setupMail(t *testing.T) *mailing {
	t.Helper()
	kind := func(title, support string) hub.KindSpec {
		pass := func(given map[string]string) (map[string]string, error) { return given, nil }
		return hub.KindSpec{Title: title, Support: support, PollEvery: time.Hour, Settings: pass, Credentials: pass}
	}
	m := &mailing{TB: t, db: pgtest.New(t), sink: mailtest.New(t, mailtest.Options{})}
	m.hub = hub.New(m.db.App, hub.Options{Mails: true, Kinds: map[system.Kind]hub.KindSpec{
		system.Netvisor: kind("Netvisor", ""), system.NetvisorKYC: kind("Netvisor KYC", "tuki.kyc@visma.com"),
		system.Flex: kind("Admicom Flex", "tuki@hillava.com"),
	}})
	server, err := mail.ParseServer(m.sink.URL(), "hub@example.test")
	if err != nil {
		t.Fatal(err)
	}
	m.sender = mail.NewSender(server, mail.Options{})
	return m
}

// replica is one more hub on the same database.
func (m *mailing) replica() *reconcile.Reporter {
	return reconcile.NewReporter(m.hub, m.db.App, m.sender, reconcile.ReporterOptions{})
}

// sent lets a replica send what is due and gives what the mail server got by that.
func (m *mailing) sent() []mailtest.Received {
	m.Helper()
	before := len(m.sink.Received())
	m.replica().SendDue(m.Context())
	return m.sink.Received()[before:]
}

// one is the only mail that is due.
func (m *mailing) one() mailtest.Received {
	m.Helper()
	all := m.sent()
	if len(all) != 1 {
		m.Fatalf("%d mails, want 1", len(all))
	}
	return all[0]
}

func (m *mailing) none(why string) {
	m.Helper()
	if all := m.sent(); len(all) != 0 {
		m.Fatalf("%s: %d mails, want none; the first is %s", why, len(all), all[0].Text)
	}
}

// pass has the database believe that everything happened so much longer ago.
func (m *mailing) pass(d time.Duration) {
	m.Helper()
	for _, sql := range []string{
		`UPDATE finding SET raised_at = raised_at - $1::interval`,
		`UPDATE error_report SET sent_at = sent_at - $1::interval, next_at = next_at - $1::interval, lease_until = lease_until - $1::interval`,
	} {
		if _, err := m.db.Owner.Exec(m.Context(), sql, d); err != nil {
			m.Fatal(err)
		}
	}
}

func (m *mailing) organisation() auth.Viewer {
	m.Helper()
	org, err := m.hub.CreateOrganisation(m.Context(), "Esimerkki Oy")
	if err != nil {
		m.Fatal(err)
	}
	return auth.Viewer{
		Actor: change.Actor{Kind: change.ActorKey, ID: "key", Name: "test"}, Scopes: []auth.Scope{auth.Admin},
		Organisation: org, Organisations: []organisation.Organisation{org},
	}
}

func (m *mailing) system(v auth.Viewer, kind system.Kind, name string) system.ID {
	m.Helper()
	s, err := m.hub.CreateSystem(m.Context(), v, hub.CreateSystem{Kind: kind, Name: name}, "")
	if err != nil {
		m.Fatal(err)
	}
	return s.ID
}

func (m *mailing) reportTo(v auth.Viewer, id system.ID, email string) {
	m.Helper()
	if _, err := m.hub.SetSystemErrorReport(m.Context(), v, id, email, advice.English, ""); err != nil {
		m.Fatal(err)
	}
}

// reporting is a system of an organisation of its own that reports.
func (m *mailing) reporting() (auth.Viewer, system.ID) {
	m.Helper()
	v := m.organisation()
	id := m.system(v, system.Netvisor, "Netvisor, production")
	m.reportTo(v, id, recipient)
	return v, id
}

func (m *mailing) raise(v auth.Viewer, id system.ID, findings ...finding.Finding) {
	m.Helper()
	err := pg.InOrganisation(m.Context(), m.db.App, string(v.Organisation.ID), pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		_, err := store.RaiseFindings(ctx, tx, id, findings)
		return err
	})
	if err != nil {
		m.Fatal(err)
	}
}

// parked are findings about so many records, numbered from a first one.
func parked(code finding.Code, first, n int) []finding.Finding {
	out := make([]finding.Finding, n)
	for i := range out {
		out[i] = finding.Finding{Code: code, ExternalID: fmt.Sprint(first + i), Message: "Maija Malli cannot be taken."}
	}
	return out
}

func (m *mailing) status(v auth.Viewer, id system.ID) hub.ErrorReport {
	m.Helper()
	all, err := m.hub.ErrorReportsBySystem(m.Context(), v, []system.ID{id})
	if err != nil {
		m.Fatal(err)
	}
	return all[id]
}

func (m *mailing) wantState(v auth.Viewer, id system.ID, want hub.ErrorReportState, waiting int) {
	m.Helper()
	if s := m.status(v, id); s.State != want || s.Waiting != waiting {
		m.Errorf("state %s with %d waiting (%+v), want %s with %d", s.State, s.Waiting, s.Fault, want, waiting)
	}
}

func wantText(t testing.TB, r mailtest.Received, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(r.Text, w) {
			t.Errorf("the mail does not say %q:\n%s", w, r.Text)
		}
	}
}

func TestErrorReports(t *testing.T) {
	t.Parallel()
	t.Run("R21_R26_AHundredFailuresOfAMinuteAreOneMailAndTheNextComesAfterFifteenMinutes", func(t *testing.T) {
		t.Parallel()
		m := setupMail(t)
		v, id := m.reporting()
		m.raise(v, id, parked(finding.LinkParked, 1, 30)...)
		m.none("the first has just been raised")
		m.pass(time.Minute)
		m.raise(v, id, parked(finding.BusinessIDInvalid, 1, 40)...)
		m.raise(v, id, parked(finding.LinkParked, 31, 30)...)
		m.wantState(v, id, hub.ReportWaiting, 100)
		m.pass(hub.ReportGather - time.Minute)
		first := m.one()
		if strings.Join(first.To, " ") != recipient {
			t.Errorf("it went to %v", first.To)
		}
		wantText(t, first, "Netvisor, production", "LINK_PARKED: 60", "BUSINESS_ID_INVALID: 40", "- record 1\n", "- and 40 more", "- and 20 more",
			string(v.Organisation.ID))
		m.wantState(v, id, hub.ReportNothing, 0)

		m.raise(v, id, parked(finding.LinkParked, 100, 1)...)
		m.pass(14 * time.Minute)
		m.none("fourteen minutes after the first")
		m.raise(v, id, parked(finding.LinkParked, 101, 1)...)
		m.pass(time.Minute)
		second := m.one()
		wantText(t, second, "LINK_PARKED: 2", "- record 100\n  - record 101\n")
		if first.Header.Get("Message-Id") == second.Header.Get("Message-Id") {
			t.Error("two reports have one Message-ID")
		}
		m.pass(time.Hour)
		m.none("everything was told")
	})
	t.Run("R7_R60_EachSystemIsToldWithWhomToAsk", func(t *testing.T) {
		t.Parallel()
		m := setupMail(t)
		v, netvisor := m.reporting()
		kyc, flex := m.system(v, system.NetvisorKYC, ""), m.system(v, system.Flex, "")
		for _, id := range []system.ID{netvisor, kyc, flex} {
			m.reportTo(v, id, recipient)
			m.raise(v, id, parked(finding.LinkParked, 1, 2)...)
		}
		m.pass(hub.ReportGather)
		r := m.one() // one recipient, one mail
		wantText(t, r, "\nNetvisor, production\n\n", "\nNetvisor KYC\nHelp with this system: tuki.kyc@visma.com\n\n",
			"\nAdmicom Flex\nHelp with this system: tuki@hillava.com\n\n")
		if n := strings.Count(r.Text, "LINK_PARKED: 2"); n != 3 {
			t.Errorf("%d groups:\n%s", n, r.Text)
		}
	})
	t.Run("LanguageIsTheSystems", func(t *testing.T) {
		t.Parallel()
		m := setupMail(t)
		v, id := m.reporting()
		if _, err := m.hub.SetSystemErrorReport(t.Context(), v, id, recipient, advice.Finnish, ""); err != nil {
			t.Fatal(err)
		}
		m.raise(v, id, parked(finding.LinkParked, 1, 1)...)
		m.pass(hub.ReportGather)
		r := m.one()
		wantText(t, r, "Järjestelmä ei hyväksy tietuetta")
		if !strings.HasPrefix(r.Subject, "Customer Hub: virheitä 1") {
			t.Errorf("subject %q", r.Subject)
		}
	})
	t.Run("WhatWasSettledAndRemarksAreNotTold", func(t *testing.T) {
		t.Parallel()
		m := setupMail(t)
		v, id := m.reporting()
		m.raise(v, id, parked(finding.EmailInvalid, 1, 3)...)
		m.raise(v, id, parked(finding.LinkParked, 1, 1)...)
		if _, err := m.db.Owner.Exec(t.Context(), `UPDATE finding SET resolved_at = now() WHERE code = 'LINK_PARKED'`); err != nil {
			t.Fatal(err)
		}
		m.pass(time.Hour)
		m.none("nothing stands that does not pass by itself")
	})
	t.Run("TheFirstReportToAnAddressTellsWhatStands", func(t *testing.T) {
		t.Parallel()
		m := setupMail(t)
		v := m.organisation()
		id := m.system(v, system.Netvisor, "")
		m.raise(v, id, parked(finding.LinkParked, 1, 3)...)
		m.pass(24 * time.Hour)
		m.none("nobody is to be told")
		if s, ok := m.hub.ErrorReportsBySystem(t.Context(), v, []system.ID{id}); ok != nil || len(s) != 0 {
			t.Errorf("got %+v, %v", s, ok)
		}
		m.reportTo(v, id, recipient)
		wantText(t, m.one(), "LINK_PARKED: 3")
	})
	t.Run("OrganisationsAreToldApart", func(t *testing.T) {
		t.Parallel()
		m := setupMail(t)
		for range 2 {
			v, id := m.reporting()
			m.raise(v, id, parked(finding.LinkParked, 1, 1)...)
		}
		m.pass(hub.ReportGather)
		all := m.sent()
		if len(all) != 2 || all[0].Text == all[1].Text {
			t.Errorf("%d mails", len(all))
		}
	})
	t.Run("TakingAnAddressAwayIsNoWayAroundTheDistance", func(t *testing.T) {
		t.Parallel()
		m := setupMail(t)
		v, id := m.reporting()
		m.raise(v, id, parked(finding.LinkParked, 1, 1)...)
		m.pass(hub.ReportGather)
		m.one()
		m.raise(v, id, parked(finding.LinkParked, 2, 1)...)
		m.reportTo(v, id, "")
		m.pass(10 * time.Minute)
		m.none("nobody is to be told")
		m.reportTo(v, id, recipient)
		m.none("ten minutes after the first")
		m.pass(5 * time.Minute)
		wantText(t, m.one(), "LINK_PARKED: 1", "record 2")
		m.reportTo(v, id, "")
		m.pass(time.Hour)
		m.none("nobody is to be told")
		var left int
		if err := m.db.Owner.QueryRow(t.Context(), `SELECT count(*) FROM error_report`).Scan(&left); err != nil || left != 0 {
			t.Errorf("%d recipients are left, %v", left, err)
		}
	})
	t.Run("AddressesThatAreMoreThanOneAreRefused", func(t *testing.T) {
		t.Parallel()
		m := setupMail(t)
		v, id := m.reporting()
		for _, email := range []string{
			"a@example.test\r\nBcc: b@example.test", "a@example.test\nSubject: x", "a@example.test>\r\nRCPT TO:<b@example.test", "a@example.test,b@example.test",
			"a@example.test;b@example.test", "Maija <a@example.test>", "a@example.test\x00", "a b@example.test", "a@localhost", "ei",
			"yhteyshenkilö@example.test", "a@esimerkkiö.test", "\"a\r\n\"@example.test", "a@example.test SIZE=1", "131052-308T@example.test",
		} {
			_, err := m.hub.SetSystemErrorReport(t.Context(), v, id, email, advice.English, "")
			if f := fault.Of(err); f == nil || f.Code != fault.Invalid || !slices.Equal(f.Path, []string{"email"}) {
				t.Errorf("%q: got %v", email, err)
			}
		}
		if s := m.status(v, id); s.Email != recipient {
			t.Errorf("the address is %q", s.Email)
		}
		// The table holds the line too, whoever writes it.
		_, err := m.db.Owner.Exec(t.Context(), `UPDATE system SET report_email = $1`, "a@example.test\r\nBcc: b@example.test")
		if pg.Constraint(err) != "system_report_email" {
			t.Errorf("got %v", err)
		}
		if _, err := m.hub.SetSystemErrorReport(t.Context(), v, id, recipient, "DE", ""); !fault.Is(err, fault.Invalid) {
			t.Errorf("an unknown language: got %v", err)
		}
		v.Scopes = []auth.Scope{auth.SystemsRead}
		if _, err := m.hub.SetSystemErrorReport(t.Context(), v, id, recipient, advice.English, ""); !fault.Is(err, fault.Forbidden) {
			t.Errorf("without systems:manage: got %v", err)
		}
	})
}

func TestErrorReportsSurvive(t *testing.T) {
	t.Parallel()
	t.Run("ReplicasAtOnceSendEachReportOnce", func(t *testing.T) {
		t.Parallel()
		m := setupMail(t)
		const organisations = 12
		for range organisations {
			v, id := m.reporting()
			m.raise(v, id, parked(finding.LinkParked, 1, 2)...)
		}
		m.pass(hub.ReportGather)
		var all sync.WaitGroup
		for range 4 {
			r := m.replica()
			all.Go(func() { r.SendDue(t.Context()) })
		}
		all.Wait()
		ids := make(map[string]bool)
		for _, r := range m.sink.Received() {
			ids[r.Header.Get("Message-Id")] = true
		}
		if n := len(m.sink.Received()); n != organisations || len(ids) != organisations {
			t.Errorf("%d mails with %d ids, want %d", n, len(ids), organisations)
		}
	})
	t.Run("AHubThatDiedBeforeTheServerTookItLosesNothing", func(t *testing.T) {
		t.Parallel()
		m := setupMail(t)
		v, id := m.reporting()
		m.raise(v, id, parked(finding.LinkParked, 1, 2)...)
		m.pass(hub.ReportGather)
		if _, out := m.begun(); out.Total() != 2 {
			t.Fatalf("it tells of %d", out.Total())
		}
		m.none("another hub has it")
		m.wantState(v, id, hub.ReportWaiting, 2)
		m.pass(3 * time.Minute)
		wantText(t, m.one(), "LINK_PARKED: 2")
	})
	t.Run("AHubThatDiedAfterTheServerTookItSendsTheSameAgain", func(t *testing.T) {
		t.Parallel()
		m := setupMail(t)
		v, id := m.reporting()
		m.raise(v, id, parked(finding.LinkParked, 1, 2)...)
		m.pass(hub.ReportGather)
		claim, out := m.begun()
		err := m.sender.Send(t.Context(), mail.Message{ID: out.ID, To: claim.Recipient, Subject: out.Subject(), Text: out.Text(), Date: out.MadeAt})
		if err != nil {
			t.Fatal(err)
		}
		m.raise(v, id, parked(finding.LinkParked, 3, 1)...)
		m.pass(3 * time.Minute)
		again, first := m.one(), m.sink.Received()[0]
		if again.Raw != first.Raw {
			t.Errorf("the repetition is another mail:\n%s\n%s", first.Raw, again.Raw)
		}
		if err := m.hub.ReportSent(t.Context(), claim); !fault.Is(err, fault.Stale) {
			t.Errorf("what the dead hub would have noted counts: %v", err)
		}
		m.pass(15 * time.Minute)
		wantText(t, m.one(), "LINK_PARKED: 1", "record 3")
	})
	t.Run("AServerThatIsDownIsTriedAgain", func(t *testing.T) {
		t.Parallel()
		m := setupMail(t)
		v, id := m.reporting()
		m.raise(v, id, parked(finding.LinkParked, 1, 2)...)
		m.pass(hub.ReportGather)
		m.sink.Down()
		m.none("the server is down")
		m.wantState(v, id, hub.ReportRetrying, 2)
		s := m.status(v, id)
		if s.Fault == nil || s.Fault.Code != fault.Unavailable || s.NextAt.IsZero() {
			t.Errorf("got %+v", s)
		}
		m.raise(v, id, parked(finding.LinkParked, 3, 1)...) // told with the next one
		m.pass(time.Minute)
		m.none("the server is down")
		m.sink.Up(t)
		m.pass(4 * time.Minute)
		m.none("the second wait is longer")
		m.pass(time.Minute)
		wantText(t, m.one(), "LINK_PARKED: 2")
		m.pass(15 * time.Minute)
		wantText(t, m.one(), "LINK_PARKED: 1")
		m.wantState(v, id, hub.ReportNothing, 0)
	})
	t.Run("ARefusedAddressIsShownHoldsUpNobodyAndLosesNothing", func(t *testing.T) {
		t.Parallel()
		m := setupMail(t)
		v, id := m.reporting()
		m.reportTo(v, id, "poissa@example.test")
		m.raise(v, id, parked(finding.LinkParked, 1, 2)...)
		other, its := m.reporting()
		m.raise(other, its, parked(finding.LinkParked, 1, 1)...)
		m.sink.Refuse("RCPT poissa@example.test", "550 5.1.1 Maija Malli does not work here")
		m.pass(hub.ReportGather)
		wantText(t, m.one(), string(other.Organisation.ID))
		m.wantState(v, id, hub.ReportRefused, 2)
		s := m.status(v, id)
		if s.Fault == nil || s.Fault.Code != fault.Rejected || s.Fault.Message != "The mail server refuses mail to this address (550 5.1.1)." {
			t.Errorf("got %+v", s.Fault)
		}
		m.pass(time.Hour)
		m.none("it is tried once a day")

		m.reportTo(v, id, recipient)
		wantText(t, m.one(), "LINK_PARKED: 2", string(v.Organisation.ID))
		m.wantState(v, id, hub.ReportNothing, 0)
	})
	t.Run("TheSameAddressSetAgainIsTriedAtOnce", func(t *testing.T) {
		t.Parallel()
		m := setupMail(t)
		v, id := m.reporting()
		m.raise(v, id, parked(finding.LinkParked, 1, 2)...)
		m.sink.Refuse("RCPT", "550 5.2.1 mailbox disabled")
		m.pass(hub.ReportGather)
		m.none("it is refused")
		m.sink.Refuse("RCPT", "")
		m.reportTo(v, id, recipient)
		wantText(t, m.one(), "LINK_PARKED: 2")
	})
}

// begun takes a report as far as a hub comes that dies then.
func (m *mailing) begun() (store.ReportClaim, *hub.OutgoingReport) {
	m.Helper()
	claim, err := store.ClaimReport(m.Context(), m.db.App, 3*time.Minute, hub.ReportGather)
	if err != nil || claim == nil {
		m.Fatalf("claimed %+v, %v", claim, err)
	}
	out, err := m.hub.NextReport(m.Context(), *claim)
	if err != nil || out == nil {
		m.Fatalf("got %+v, %v", out, err)
	}
	return *claim, out
}

// TestR26_ErrorReportsSayNothingPersonal puts names, addresses and codes wherever a finding and its customer can have them and
// looks for them in every byte of the mail, as it came and as a person reads it.
func TestR26_ErrorReportsSayNothingPersonal(t *testing.T) {
	t.Parallel()
	m := setupMail(t)
	v, id := m.reporting()
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		first := rapid.StringMatching(`[A-Z][a-z]{5,9}`).Draw(rt, "first")
		last := rapid.StringMatching(`[A-Z][a-z]{5,9}`).Draw(rt, "last")
		email := strings.ToLower(first+"."+last) + "@example.test"
		phone := rapid.StringMatching(`\+35840[0-9]{7}`).Draw(rt, "phone")
		form := rapid.SampledFrom([]string{"%s", "%s 1", "x_%s"}).Draw(rt, "form")
		c, err := m.hub.CreateCustomer(t.Context(), v, customer.Fields{customer.FieldKind: string(customer.Company), customer.FieldName: first + " " + last}, "")
		if err != nil {
			rt.Fatal(err)
		}
		secret := []string{first, last, strings.ToLower(first + "." + last), phone[4:]}
		values := []string{first + " " + last, email, phone, "131052-308T"}
		var raised []finding.Finding
		for i, code := range finding.Failures {
			raised = append(raised, finding.Finding{
				Code: code, CustomerID: c.ID, ExternalID: rapid.SampledFrom([]string{fmt.Sprint(1000*n + i), fmt.Sprintf(form, values[i%4])}).Draw(rt, "id"),
				Message: fmt.Sprintf("%s, %s, %s: 131052-308T. It said: %s", first+" "+last, email, phone, last), HubValue: email, SystemValue: phone,
				Field: customer.Field("contact." + last),
			})
		}
		m.raise(v, id, raised...)
		m.pass(time.Hour)
		r := m.one()
		for _, seen := range []string{r.Raw, r.Text, r.Subject} {
			for _, s := range append(secret, "131052-308T") {
				if strings.Contains(strings.ToLower(seen), strings.ToLower(s)) {
					rt.Fatalf("the mail says %q:\n%s", s, seen)
				}
			}
		}
		if !strings.Contains(r.Text, "LINK_PARKED: 1") {
			rt.Fatalf("it does not tell what it should:\n%s", r.Text)
		}
	})
}
