package reconcile_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/connector/flex"
	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/run"
	"customerhub/internal/system"

	flexsandbox "customerhub/internal/sandbox/flex"
	sandbox "customerhub/internal/sandbox/netvisor"
)

// TestFlexIdentity has who is who on both sides (Flex contract section 5).
func TestFlexIdentity(t *testing.T) {
	t.Parallel()
	t.Run("R89_R110_WhoIsThereAlreadyIsUsedAndNamesDoNotMatch", func(t *testing.T) {
		t.Parallel()
		f := together(t, sandbox.Options{}, flexsandbox.Options{}, nil)
		f.typed(map[string]string{"Name": "Esimerkki Oy", "InternalIdentifier": "1001", "ExternalIdentifier": yCode(1)})
		made := f.entered(flexsandbox.Customer{Name: "Esimerkki Oy", CustomerTypeID: companyFromNv, CustomerNumber: "1001", BusinessID: flexsandbox.Text(yCode(1))})
		f.typed(map[string]string{"Name": "Samanniminen Oy", "InternalIdentifier": "1002", "ExternalIdentifier": yCode(2)})
		f.entered(flexsandbox.Customer{Name: "Samanniminen Oy", CustomerTypeID: companyFromNv, CustomerNumber: "2002", BusinessID: flexsandbox.Text(yCode(9))})
		f.both()
		f.both()
		n, x := f.numbersIn()
		if n != "1001 1002 2002" || x != n {
			t.Errorf("Netvisor has %s, Flex %s", n, x)
		}
		if c, err := f.hub.Customer(t.Context(), f.viewer, hub.CustomerLookup{System: f.flexSystem, ExternalID: made.ID}, hub.IncludeAll); err != nil || c == nil || c.Number != "1001" {
			t.Errorf("%+v, %v", c, err)
		}
		f.quiet()
	})
	t.Run("R111_TheSameBusinessIDUnderAnotherNumberIsForAPerson", func(t *testing.T) {
		t.Parallel()
		f := together(t, sandbox.Options{}, flexsandbox.Options{}, nil)
		f.typed(map[string]string{"Name": "Esimerkki Oy", "InternalIdentifier": "1001", "ExternalIdentifier": yCode(1)})
		f.polled(f.system)
		f.entered(flexsandbox.Customer{Name: "Esimerkki Oy", CustomerTypeID: companyType, BusinessID: flexsandbox.Text(yCode(1))})
		f.both()
		if n := f.count(`SELECT count(*) FROM finding WHERE code IN ('DUPLICATE_PROPOSED', 'CREATE_AMBIGUOUS') AND resolved_at IS NULL`); n == 0 {
			t.Error("nobody is told")
		}
		if x := f.inFlex("1001"); x.Name != "Esimerkki Oy" {
			t.Errorf("%+v", x)
		}
	})
	t.Run("R104_R115_ANumberThatIsChangedOnEitherSide", func(t *testing.T) {
		t.Parallel()
		f := together(t, sandbox.Options{}, flexsandbox.Options{}, nil)
		key := f.typed(map[string]string{"Name": "Esimerkki Oy", "InternalIdentifier": "1001", "ExternalIdentifier": yCode(1)})
		f.polled(f.system)
		at := f.inFlex("1001").ID
		f.retyped(key, "InternalIdentifier", "1009")
		f.both()
		if x := f.inFlex(at); x.CustomerNumber != "1009" {
			t.Errorf("the number of Netvisor is not in Flex: %+v", x)
		}
		_, err := f.flex.ChangeNumber(org, at, "1010")
		f.must(err)
		f.both()
		if c, ok := f.netvisor.Get("", key); !ok || c.Get("InternalIdentifier") != "1010" {
			t.Errorf("the number of Flex is not in Netvisor")
		}
		f.inSync("1010")
		f.quiet()
		// Who has a number of a series of Flex's keeps it there, and a person is told.
		f.entered(flexsandbox.Customer{Name: "Sarjan Oy", CustomerTypeID: companyType, BusinessID: flexsandbox.Text(yCode(2))})
		f.both()
		f.retyped(f.inNetvisor("F50001").Key(), "InternalIdentifier", "1020")
		f.both()
		if x := f.inFlex("F50001"); x.Name != "Sarjan Oy" || !slices.Contains(f.codesOf("1020"), finding.NumberKept) {
			t.Errorf("%+v, findings %v", x, f.codesOf("1020"))
		}
		f.quiet()
	})
	t.Run("R188_ACustomerOfNetvisorWithoutANumberWaitsForOne", func(t *testing.T) {
		t.Parallel()
		f := together(t, sandbox.Options{}, flexsandbox.Options{}, nil)
		key := f.typed(map[string]string{"Name": "Numeroton Oy", "InternalIdentifier": "", "ExternalIdentifier": yCode(1)})
		f.both()
		c := f.find(id(key))
		at := slices.IndexFunc(c.Links, func(l hub.LinkView) bool { return l.SystemID == f.flexSystem })
		if at < 0 || c.Links[at].State != link.NotInScope || !strings.Contains(c.Links[at].LastMessage, "number") || len(f.flex.Customers(org)) != 0 {
			t.Fatalf("%+v", c.Links)
		}
		if n := f.count(`SELECT count(*) FROM finding WHERE code = 'NETVISOR_CODE_MISSING' AND customer_id = $1 AND resolved_at IS NULL`, string(c.ID)); n != 1 {
			t.Errorf("%d findings", n)
		}
		f.retyped(key, "InternalIdentifier", "1001")
		f.both()
		if f.inFlex("1001").Name != "Numeroton Oy" || f.count(`SELECT count(*) FROM finding WHERE code = 'NETVISOR_CODE_MISSING' AND resolved_at IS NULL`) != 0 {
			t.Errorf("findings %v", f.codesOf("1001"))
		}
		f.quiet()
	})
	t.Run("T10_WhoGotAnotherNumberBeforeTheHubLookedIsNotMadeTwice", func(t *testing.T) {
		t.Parallel()
		for name, id := range map[string]string{"Yritys Oy": yCode(1), "Malli Aino": ""} {
			f := together(t, sandbox.Options{}, flexsandbox.Options{}, nil)
			values := map[string]string{"Name": name, "InternalIdentifier": "1001", "ExternalIdentifier": id, "IsPrivateCustomer": "0"}
			if id == "" {
				values["IsPrivateCustomer"] = "1"
			}
			f.typed(values)
			_, err := f.flex.Fault(flexsandbox.Fault{Kind: flexsandbox.FaultLostAnswer, Method: "PUT", Times: 1})
			f.must(err)
			_, err = f.hub.SyncNow(t.Context(), f.viewer, f.system, false, "")
			f.must(err)
			f.work(f.worker)
			for len(f.flex.Customers(org)) == 0 {
				if _, err := f.worker.LinkOne(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			_, err = f.flex.ChangeNumber(org, f.flex.Customers(org)[0].ID, "2002")
			f.must(err)
			f.owner(`UPDATE link SET due_at = now() WHERE due_at > now()`)
			f.owner(`UPDATE system SET hold_until = NULL, hold_count = 0`)
			f.settle()
			f.both()
			f.both()
			if n, x := f.numbersIn(); n != "2002" || x != "2002" {
				t.Errorf("%s: Netvisor has %s, Flex %s; links %s", name, n, x, f.linkStates())
			}
			f.quiet()
		}
	})
	t.Run("R67_WhatFlexRefusesIsToldForAsLongAsItWaits", func(t *testing.T) {
		t.Parallel()
		f := together(t, sandbox.Options{}, flexsandbox.Options{}, nil)
		key := f.typed(map[string]string{"Name": "Esimerkki Oy", "InternalIdentifier": "1001", "ExternalIdentifier": yCode(1)})
		f.polled(f.system)
		f.retyped(key, "ExternalIdentifier", "") // which the customer type demands
		f.polled(f.system)
		for range 2 {
			if codes := f.codesOf("1001"); !slices.Contains(codes, finding.LinkParked) {
				t.Errorf("findings %v", codes)
			}
			_, err := f.hub.SyncNow(t.Context(), f.viewer, f.flexSystem, true, "")
			f.must(err)
			f.settle()
		}
		f.retyped(key, "ExternalIdentifier", yCode(1))
		f.both()
		f.both()
		if codes := f.codesOf("1001"); len(codes) > 0 {
			t.Errorf("findings %v", codes)
		}
		f.inSync("1001")
	})
	t.Run("R77_OneOfSeveralOfficesIsChosenByAPerson", func(t *testing.T) {
		t.Parallel()
		f := together(t, sandbox.Options{}, flexsandbox.Options{}, nil)
		key := f.typed(map[string]string{"Name": "Esimerkki Oy", "InternalIdentifier": "1001", "ExternalIdentifier": yCode(1)})
		add := func(city string) {
			f.must(f.netvisor.Edit("", key, func(c *sandbox.Customer) error {
				_, err := c.SetOffice(0, map[string]string{"OfficeName": city, "OfficeVisitAddress/StreetAddress": "Katu 1", "OfficeVisitAddress/City": city})
				return err
			}))
		}
		add("Lahti")
		add("Oulu")
		f.both()
		if x := f.inFlex("1001"); x.Visiting != nil || !slices.Contains(f.codesOf("1001"), finding.OfficeAmbiguous) {
			t.Errorf("%+v, findings %v", x.Visiting, f.codesOf("1001"))
		}
		c := f.ours("1001")
		l := c.Links[slices.IndexFunc(c.Links, func(l hub.LinkView) bool { return l.SystemID == f.flexSystem })]
		oulu := c.Offices[slices.IndexFunc(c.Offices, func(o customer.Office) bool { return o.Name == "Oulu" })]
		own := c.Links[slices.IndexFunc(c.Links, func(l hub.LinkView) bool { return l.SystemID == f.system })]
		if _, err := f.hub.ChooseOffice(t.Context(), f.viewer, own.ID, oulu.ID, ""); reasonOf(err) != "OFFICES_NOT_CHOSEN" {
			t.Errorf("in Netvisor: %v", err)
		}
		if _, err := f.hub.ChooseOffice(t.Context(), f.viewer, l.ID, customer.OfficeID(own.ID), ""); reasonOf(err) != "NOT_FOUND" {
			t.Errorf("an office of nobody: %v", err)
		}
		_, err := f.hub.ChooseOffice(t.Context(), f.viewer, l.ID, oulu.ID, "")
		f.must(err)
		f.settle()
		if x := f.inFlex("1001"); x.Visiting == nil || x.Visiting.City != "Oulu" || slices.Contains(f.codesOf("1001"), finding.OfficeAmbiguous) {
			t.Errorf("%+v, findings %v", x.Visiting, f.codesOf("1001"))
		}
		add("Kemi") // a third one changes nothing
		f.changed("1001", func(c *flexsandbox.Customer) { c.Visiting.Line1 = "Tie 2" })
		f.both()
		streets := map[string]string{}
		for _, o := range f.inNetvisor("1001").Offices() {
			streets[o["OfficeName"]] = o["OfficeVisitAddress/StreetAddress"]
		}
		if streets["Oulu"] != "Tie 2" || streets["Lahti"] != "Katu 1" || streets["Kemi"] != "Katu 1" {
			t.Errorf("%v", streets)
		}
		f.quiet()
	})
	t.Run("R78_ACopyOfTheVisitingAddressStaysWhileNobodySaysWhichOfficeItIsOf", func(t *testing.T) {
		t.Parallel()
		f := together(t, sandbox.Options{}, flexsandbox.Options{}, nil)
		f.entered(flexsandbox.Customer{
			Name: "Esimerkki Oy", CustomerTypeID: companyType, BusinessID: flexsandbox.Text(yCode(1)),
			Visiting: &flexsandbox.VisitingAddress{Line1: "Katu 1", Postcode: "00100", City: "Helsinki", Country: "FI"},
		})
		f.both()
		for _, city := range []string{"Lahti", "Oulu"} {
			f.must(f.netvisor.Edit("", f.inNetvisor("F50001").Key(), func(c *sandbox.Customer) error {
				_, err := c.SetOffice(0, map[string]string{"OfficeName": city, "OfficeVisitAddress/StreetAddress": "Tie 2", "OfficeVisitAddress/City": city})
				return err
			}))
		}
		f.both()
		c := f.ours("F50001")
		own := c.Offices[slices.IndexFunc(c.Offices, func(o customer.Office) bool { return o.Name == "Helsinki" })]
		_, err := f.hub.DeactivateOffice(t.Context(), f.viewer, c.ID, own.ID, nil, "")
		f.must(err)
		f.settle()
		f.changed("F50001", func(c *flexsandbox.Customer) { c.Phone = "040 123 4567" })
		f.both()
		n, x := f.inNetvisor("F50001"), f.inFlex("F50001")
		if n.Get("PhoneNumber") != "040 123 4567" || n.Get("StreetAddress") != "Katu 1" || n.Get("City") != "Helsinki" {
			t.Errorf("the billing address in Netvisor went with the office: %v", n.Fields())
		}
		if x.Visiting == nil || x.Visiting.Line1 != "Katu 1" || x.BillingAddress != nil || !slices.Contains(f.codesOf("F50001"), finding.OfficeAmbiguous) {
			t.Errorf("%+v, %+v, findings %v", x.Visiting, x.BillingAddress, f.codesOf("F50001"))
		}
		f.quiet()
	})
	t.Run("R91_SeriesThatComeNearAreToldBeforeTheyMeet", func(t *testing.T) {
		t.Parallel()
		near := []flexsandbox.CustomerType{
			{ID: "ct_3", Name: "Yritysasiakas", Identifier: "COMPANY", NumberSeries: &flexsandbox.NumberSeries{Next: 1001, Width: 4}},
			{ID: "ct_10", Name: "Yksityisasiakas Netvisor", Identifier: "PRIVATE", UsedForNetvisor: true},
			{ID: "ct_11", Name: "Yritysasiakas Netvisor", Identifier: "COMPANY", UsedForNetvisor: true},
		}
		f := fielded(t, sandbox.Options{}, flexsandbox.Options{Organisations: []flexsandbox.Organisation{{ID: org, Name: "Esimerkkihuolto Oy", Enabled: true, Types: near}}}, nil)
		for i := range 6 {
			f.typed(map[string]string{"Name": "Sarjan Oy", "InternalIdentifier": id(int64(1500 + i)), "ExternalIdentifier": yCode(i + 1)})
		}
		f.polled(f.system)
		s := f.check()
		at := slices.IndexFunc(s.Checks, func(c system.Check) bool { return strings.HasPrefix(c.Message, "FLEX_SERIES_OVERLAP") })
		if s.State != system.Checked || at < 0 || !s.Checks[at].OK || s.Checks[at].Fix == "" || !strings.Contains(s.Checks[at].Message, "1500") {
			t.Errorf("%+v", s.Checks)
		}
		f.firstRun(run.Merge)
		f.quiet()
		if n := f.count(`SELECT count(*) FROM finding WHERE code = 'NUMBER_SERIES_MEET' AND resolved_at IS NULL`); n == 0 {
			t.Error("nobody is told")
		}
	})
}

// TestFlexClock has what is sent when (F5, F6; Flex contract section 7).
func TestFlexClock(t *testing.T) {
	t.Parallel()
	t.Run("Scenario9_R63_R64_R187_WithTheNextMomentAndInOneCall", func(t *testing.T) {
		t.Parallel()
		f := fielded(t, sandbox.Options{}, flexsandbox.Options{}, map[string]string{flex.SendEvery: "15m"})
		key := f.typed(map[string]string{"Name": "Esimerkki Oy", "InternalIdentifier": "1001", "ExternalIdentifier": yCode(1)})
		f.polled(f.system)
		f.firstRun(run.Merge)
		f.inFlex("1001")
		offset := system.Offset(f.flexSystem, 15*time.Minute)
		due := func() (at time.Time, waits bool) {
			for _, l := range f.ours("1001").Links {
				if l.SystemID == f.flexSystem {
					return l.DueAt, l.State == link.Due
				}
			}
			return at, false
		}
		f.retyped(key, "PhoneNumber", "040 111 1111")
		f.retyped(key, "Email", "uusi@example.test")
		before, now := f.calls(), f.now()
		f.polled(f.system)
		at, waits := due()
		if slot := system.NextSlot(now, 15*time.Minute, offset); slot.After(now) { // else the moment has just come, and it was sent
			if !waits || at.Sub(slot).Abs() > 2*time.Second {
				t.Errorf("it is due at %s, the next moment is %s", at, slot)
			}
			if _, x := f.wrote(before); len(x) > 0 {
				t.Errorf("it did not wait: %v", x)
			}
			f.retyped(key, "NameExtension", "Korjaamo") // what comes meanwhile goes along
			f.polled(f.system)
			if again, _ := due(); !again.Equal(at) {
				t.Errorf("it is put off from %s to %s", at, again)
			}
			f.owner(`UPDATE link SET due_at = now() WHERE due_at > now() AND system_id = $1`, string(f.flexSystem))
			f.settle()
		}
		if n, x := f.wrote(before); len(n) > 0 || !slices.Equal(x, []string{"PATCH"}) {
			t.Errorf("%v in Netvisor, %v in Flex", n, x)
		}
		if x := f.inFlex("1001"); x.Phone != "040 111 1111" || x.Email != "uusi@example.test" {
			t.Errorf("%+v", x)
		}
		calls := f.calls()
		f.polled(f.system)
		if n := len(f.flex.Calls()) - calls.flex; n > 0 {
			t.Errorf("R64: nothing changed, and Flex was called %d times", n)
		}
		f.edited("1001", customer.Fields{customer.FieldPhone: "040 222 2222"})
		f.settle()
		if x := f.inFlex("1001"); x.Phone != "040 222 2222" {
			t.Errorf("what a person changed in the hub waited: %+v", x)
		}
	})
	t.Run("R187_NetvisorIsLookedAtWhenTheMomentComes", func(t *testing.T) {
		t.Parallel()
		f := together(t, sandbox.Options{}, flexsandbox.Options{}, map[string]string{flex.SendEvery: "15m"})
		f.owner(`UPDATE system SET next_due_at = now() WHERE id = $1`, string(f.system))
		f.proposed()
		var next time.Time
		f.must(f.db.Owner.QueryRow(t.Context(), `SELECT next_due_at FROM system WHERE id = $1`, string(f.system)).Scan(&next))
		offset := system.Offset(f.flexSystem, 15*time.Minute)
		if into := next.Add(-offset).Sub(next.Add(-offset).Truncate(15 * time.Minute)); into > time.Millisecond {
			t.Errorf("the next poll of Netvisor is at %s, %s behind a moment at which Flex is sent what changed", next, into)
		}
	})
}

func (f *field) now() (now time.Time) {
	f.Helper()
	f.must(f.db.Owner.QueryRow(f.Context(), `SELECT now()`).Scan(&now))
	return now
}

// TestFlexInvoice lets the sales invoice of Flex overwrite the customer in Netvisor, as it does beside the hub (Flex contract section 1): it is a
// change in Netvisor like any other, and makes no loop.
func TestFlexInvoice(t *testing.T) {
	t.Parallel()
	var f *field
	f = together(t, sandbox.Options{}, flexsandbox.Options{InvoiceSent: func(_ string, c flexsandbox.Customer) {
		for n := range f.netvisor.Customers("") {
			if n.Get("InternalIdentifier") == c.CustomerNumber {
				_ = f.netvisor.Edit("", n.Key(), func(to *sandbox.Customer) error {
					for name, v := range map[string]string{"Name": c.Name, "PhoneNumber": string(c.Phone), "Email": string(c.Email)} {
						if err := to.Set(name, v); err != nil {
							return err
						}
					}
					return nil
				})
			}
		}
	}}, nil)
	c := f.entered(flexsandbox.Customer{Name: "Esimerkki Oy", CustomerTypeID: companyType, BusinessID: flexsandbox.Text(yCode(1)), Phone: "040 111 1111"})
	f.both()
	// Flex holds an older telephone number than Netvisor when the invoice goes out.
	f.retyped(f.inNetvisor("F50001").Key(), "PhoneNumber", "040 222 2222")
	_, err := f.flex.SendInvoice(org, c.ID)
	f.must(err)
	before := f.calls()
	f.both()
	f.both()
	if n, x := f.wrote(before); len(n)+len(x) > 0 {
		t.Errorf("the overwriting was answered by %v in Netvisor and %v in Flex", n, x)
	}
	if n, x := f.inNetvisor("F50001"), f.inFlex(c.ID); n.Get("PhoneNumber") != "040 111 1111" || x.Phone != "040 111 1111" {
		t.Errorf("%s, %s", n.Get("PhoneNumber"), x.Phone)
	}
	f.edited("F50001", customer.Fields{customer.FieldPhone: "040 333 3333"})
	f.settle()
	_, err = f.flex.SendInvoice(org, c.ID)
	f.must(err)
	before = f.calls()
	f.both()
	f.both()
	if n, x := f.wrote(before); len(n)+len(x) > 0 {
		t.Errorf("an invoice with the same values made %v and %v", n, x)
	}
	f.inSync("F50001")
}

// TestFlexUsage counts what an organisation used (R59-R61).
func TestFlexUsage(t *testing.T) {
	t.Parallel()
	disabled := flexsandbox.Options{Organisations: []flexsandbox.Organisation{{ID: org, Name: "Esimerkkihuolto Oy"}}}
	f := fielded(t, sandbox.Options{}, disabled, nil)
	if s := f.flexState(); s.State != system.Draft || !slices.ContainsFunc(s.Checks, func(c system.Check) bool {
		return c.Name == "integration" && !c.OK && strings.Contains(c.Fix, "tuki@hillava.com")
	}) {
		t.Errorf("R59, R60: before support has switched it on: %+v", s)
	}
	of := func() (out system.Usage) {
		used, err := f.hub.SystemUsage(t.Context(), f.viewer, 1)
		f.must(err)
		for _, u := range used {
			if u.System == f.flexSystem {
				out = u
			}
		}
		return out
	}
	if u := of(); !u.StartedAt.IsZero() || u.Taken+u.Sent != 0 || u.Month.IsZero() {
		t.Errorf("R61: %+v", u)
	}
	f.must(f.flex.Enable(org, true))
	f.check()
	f.firstRun(run.Merge)
	began := of().StartedAt
	f.entered(flexsandbox.Customer{Name: "Esimerkki Oy", CustomerTypeID: companyType, BusinessID: flexsandbox.Text(yCode(1))})
	f.both()
	f.edited("F50001", customer.Fields{customer.FieldPhone: "040 333 3333"})
	f.settle()
	if u := of(); u.StartedAt.IsZero() || !u.StartedAt.Equal(began) || u.Taken != 1 || u.Sent != 1 {
		t.Errorf("R61: %+v", u)
	}
	f.quiet()
	if u := of(); u.Taken != 1 || u.Sent != 1 {
		t.Errorf("R61: doing nothing counts: %+v", u)
	}
	if _, err := f.hub.SystemUsage(t.Context(), f.viewer, 37); reasonOf(err) != "INVALID" {
		t.Errorf("%v", err)
	}
}

// TestFlexUsageHoldsUpNobody has a batch that waits for a row while the counter of what the system was used for stays free: each message counts there
// too, and has to be answered within two seconds.
func TestFlexUsageHoldsUpNobody(t *testing.T) {
	t.Parallel()
	f := together(t, sandbox.Options{}, flexsandbox.Options{}, nil)
	f.entered(flexsandbox.Customer{Name: "Esimerkki Oy", CustomerTypeID: companyType, BusinessID: flexsandbox.Text(yCode(1))})
	f.both()
	f.changed("F50001", func(c *flexsandbox.Customer) { c.Phone = "040 333 3333" })
	_, err := f.hub.SyncNow(t.Context(), f.viewer, f.flexSystem, false, "")
	f.must(err)
	other, err := pgx.ConnectConfig(t.Context(), f.db.Owner.Config().ConnConfig.Copy()) // the owner's pool has one connection
	f.must(err)
	defer func() { _ = other.Close(context.Background()) }()
	busy, err := other.Begin(t.Context())
	f.must(err)
	_, err = busy.Exec(t.Context(), `SELECT FROM link WHERE system_id = $1 FOR UPDATE`, string(f.system))
	f.must(err)
	done := make(chan error, 1)
	go func() {
		_, err := f.worker.RunOne(t.Context())
		done <- err
	}()
	for f.count(`SELECT count(*) FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))`, other.PgConn().PID()) == 0 {
		select {
		case err := <-done:
			t.Fatalf("the batch waited for nothing: %v", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
	if _, err := f.db.Owner.Exec(t.Context(), `SELECT FROM system_usage WHERE system_id = $1 FOR UPDATE NOWAIT`, string(f.flexSystem)); err != nil {
		t.Errorf("the counter is held while the batch is at work: %v", err)
	}
	f.must(busy.Rollback(t.Context()))
	f.must(<-done)
	f.settle()
	if n := f.inNetvisor("F50001"); n.Get("PhoneNumber") != "040 333 3333" {
		t.Errorf("%v", n.Fields())
	}
}
