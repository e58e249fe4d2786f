package main_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"customerhub/internal/sandbox/netvisor"

	flexsandbox "customerhub/internal/sandbox/flex"
)

// slot is how often this Flex is sent what changed in Netvisor.
const slot = 5 * time.Second

// TestFlexSlots takes Flex into use step by step, as its support and an administrator do, and then has it sent what changes in Netvisor at
// certain moments only (scenarios 7 and 9).
func TestFlexSlots(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	types := []flexsandbox.CustomerType{
		{ID: flexPrivateFromNv, Name: "Yksityisasiakas Netvisor", Identifier: "PRIVATE", UsedForNetvisor: true, NumberSeries: &flexsandbox.NumberSeries{Prefix: "N", Next: 1, Width: 4}},
		{ID: flexCompanyNv, Name: "Yritysasiakas Netvisor", Identifier: "COMPANY", UsedForNetvisor: true},
	}
	f := e.firm(t, "Esimerkki Oy", netvisor.Options{}, flexsandbox.Options{Organisations: []flexsandbox.Organisation{{ID: inFlexOrg, Name: "Esimerkkihuolto Oy", Types: types}}},
		map[string]string{"sendEvery": slot.String()}, func(f *firm) { f.typedCompanies(2001, 2) })
	must(t, e.env, "onboarding", "--profile", "accounting_and_flex", "--by", "Aino Malli")
	t.Run("R59_R60_R61_OffUntilSupportSwitchesItOn", func(t *testing.T) {
		f := f.of(t)
		f.blocked("integration", "tuki@hillava.com")
		if s, _ := f.onboarding(); s["FLEX_ENABLED"] != "WAITING" {
			t.Errorf("the checklist has %v", s)
		}
		f.must(f.flex.Enable(inFlexOrg, true))
	})
	t.Run("Scenario7_R73_R94_R95_R96_ATypeWithASeriesBlocks", func(t *testing.T) {
		f := f.of(t)
		f.blocked("number series", "Yksityisasiakas Netvisor")
		if s, _ := f.onboarding(); s["FLEX_ENABLED"] != "DONE" || s["FLEX_CUSTOMER_TYPES"] != "MISSING" {
			t.Errorf("the checklist has %v", s)
		}
		types[0].NumberSeries = nil
		_, err := f.flex.PutType(inFlexOrg, types[0])
		f.must(err)
		f.running("export")
		if s, _ := f.onboarding(); s["FLEX_CUSTOMER_TYPES"] != "DONE" {
			t.Errorf("the checklist has %v", s)
		}
		if got := must(t, e.keyless, "onboarding"); !strings.Contains(got, "Customer types of Admicom Flex checked") {
			t.Errorf("got\n%s", got)
		}
	})
	t.Run("Scenario9_R63_R64_ChangesOfNetvisorGoWithTheNextSlot", func(t *testing.T) {
		f := f.of(t)
		f.arrives("2001", "the customer", func(flexsandbox.Customer) bool { return true })
		f.rest("2001", "2002")
		for round := 0; ; round++ {
			if f.inOneSlot(round) {
				break
			}
			f.rest("2001") // the machine was too slow to make both edits between two slots
		}
		f.rest("2001", "2002")
		f.still()
		calls := len(f.flex.Calls())
		f.look(f.netvisorID, false)
		f.look(f.netvisorID, true)
		_, next := f.slot()
		eventually(t, "the end of the slot", func() bool { return time.Now().After(next.Add(slot / 2)) })
		if all := f.flex.Calls(); len(all) > calls {
			t.Errorf("nothing changed, and Flex is called: %+v", all[calls:])
		}
	})
	e.hubs[0].stopped()
}

// blocked says that the check finds something wrong, and that nothing can be begun with it.
func (f *firm) blocked(check, words string) {
	f.api.t.Helper()
	s := f.check()
	found := false
	for _, c := range s.Checks {
		found = found || c.Name == check && !c.Ok && c.Fix != "" && strings.Contains(c.Message+c.Fix, words)
	}
	if !found || s.State != "DRAFT" {
		f.api.t.Errorf("got %+v", s)
	}
	for _, mutation := range []string{"startSystem", "planSystem"} {
		input := map[string]any{"id": f.flexID}
		if mutation == "planSystem" {
			input = map[string]any{"system": f.flexID, "mode": "BOTH"}
		}
		if got := f.refused(mutation, input); got != "SYSTEM_NOT_CHECKED" {
			f.api.t.Errorf("%s: %q", mutation, got)
		}
	}
	refuses(f.api.t, run(f.api.t, f.keyless, "plan", "--system", "flex", "--mode", "both"), 1, "Check it first")
}

// slot is when the slot of now began and when the next one does.
func (f *firm) slot() (began, next time.Time) {
	f.api.t.Helper()
	later := time.Duration(f.count(`SELECT (extract(epoch FROM write_offset) * 1000)::int FROM system WHERE kind = 'FLEX'`)) * time.Millisecond
	began = time.Now().Add(-later).Truncate(slot).Add(later)
	return began, began.Add(slot)
}

// still waits until no look at Flex is under way or about to come: what Flex told may bring about one.
func (f *firm) still() {
	f.api.t.Helper()
	f.must(f.flex.Settled(f.api.t.Context()))
	eventually(f.api.t, "no look at Flex", func() bool {
		return f.count(`SELECT count(*) FROM system s WHERE s.kind = 'FLEX' AND s.next_due_at > now() + interval '1 minute'
			AND NOT EXISTS (SELECT FROM run r WHERE r.system_id = s.id AND r.state IN ('QUEUED', 'RUNNING'))`) == 1
	})
}

// inOneSlot makes two edits in Netvisor, and has the hub look at each, between two slots: they go with the next one, in one call. False means that
// it took too long.
func (f *firm) inOneSlot(round int) bool {
	f.api.t.Helper()
	f.still()
	var next time.Time
	// What is found in the first fifth goes at once.
	eventually(f.api.t, "the middle of a slot", func() bool {
		var began time.Time
		began, next = f.slot()
		in := time.Since(began)
		return in > slot/4 && in < slot/2
	})
	_, x0 := f.written("2001")
	calls := len(f.flex.Calls())
	phone, email := fmt.Sprintf("040 400 %04d", round), fmt.Sprintf("uusi%d@example.test", round)
	for field, value := range map[string]string{"PhoneNumber": phone, "Email": email} {
		f.retyped("2001", map[string]string{field: value})
		f.look(f.netvisorID, false)
	}
	early := f.inFlex("2001")
	inTime := time.Until(next) > 100*time.Millisecond
	f.arrives("2001", "both", func(c flexsandbox.Customer) bool { return string(c.Phone) == phone && string(c.Email) == email })
	if !inTime {
		return false
	}
	if string(early.Phone) == phone || string(early.Email) == email {
		f.api.t.Errorf("it went before the slot: %+v", early)
	}
	if _, x := f.written("2001"); x-x0 != 1 {
		f.api.t.Errorf("it went in %d calls", x-x0)
	}
	for _, c := range f.flex.Calls()[calls:] {
		if c.Start.Before(next) {
			f.api.t.Errorf("Flex was called before the slot: %+v", c)
		}
	}
	return true
}
