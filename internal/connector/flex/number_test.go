package flex_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"customerhub/internal/connector"
	"customerhub/internal/connector/flex"
	"customerhub/internal/customer"
	"customerhub/internal/fault"

	sandbox "customerhub/internal/sandbox/flex"
)

// TestNumbers gives customers numbers that are free, taken or not to be given (F18-F20).
func TestNumbers(t *testing.T) {
	t.Parallel()
	t.Run("R92_ANewCustomerUnderATakenNumberIsLookedAtFirst", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 0)
		holder := m.person(t, company())
		step := m.another()
		step.Set["number"] = holder.CustomerNumber
		key, err := write(t, m.open(t), step)
		if f := fault.Of(err); f == nil || f.Code != fault.Stale || f.Reason != flex.NumberInUse || key != "" {
			t.Errorf("%q, %v", key, err)
		}
		if after, _ := m.Customer("", holder.ID); after.Revision != holder.Revision || len(m.Customers("")) != 1 {
			t.Errorf("%+v", after)
		}
	})
	t.Run("R92_AnotherNumberThatIsTakenIsRejected", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 0)
		holder, c := m.person(t, company()), m.person(t, private())
		_, err := write(t, m.open(t), connector.Step{Record: c.ID, Set: customer.Fields{"number": holder.CustomerNumber, "name": "Uusi"}})
		if f := fault.Of(err); f == nil || f.Code != fault.Rejected || f.Reason != flex.NumberInUse {
			t.Errorf("got %v", err)
		}
		if after, _ := m.Customer("", c.ID); after.Revision != c.Revision {
			t.Errorf("%+v", after)
		}
	})
	t.Run("R89_TheSameStepAgainFindsWhatItMade", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 0)
		conn := m.open(t)
		step := m.another()
		key, err := write(t, conn, step)
		if err != nil {
			t.Fatal(err)
		}
		m.edited(t, key, func(c *sandbox.Customer) { c.Phone = "+358400001111" })
		if again, err := write(t, conn, step); err != nil || again != key || len(m.Customers("")) != 1 {
			t.Errorf("%q, %v", again, err)
		}
		changed := step
		changed.Set = maps.Clone(step.Set)
		changed.Set["name"] = "Toinen Oy"
		if _, err := write(t, conn, changed); !fault.Is(err, fault.Stale) || len(m.Customers("")) != 1 {
			t.Errorf("another step: %v", err)
		}
	})
	t.Run("R90_ATypeWithASeriesKeepsItsNumbers", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 0)
		conn := m.open(t)
		c := company()
		c.CustomerTypeID, c.CustomerNumber = "ct_3", ""
		made := m.person(t, c)
		r := read(t, conn, made.ID)
		if r.Fields["number"] != "F50001" || len(r.Kept) != 2 || r.Kept[1].Field != customer.FieldNumber {
			t.Errorf("%+v", r)
		}
		_, err := write(t, conn, connector.Step{Record: made.ID, Set: customer.Fields{"number": "777"}})
		if f := fault.Of(err); f == nil || f.Code != fault.Rejected || !strings.Contains(f.Message, "customerNumber: ") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("NumbersAreTakenAsTheyAre", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 0)
		conn := m.open(t)
		for _, number := range []string{"007", "A/1", "1 2", "ä?&=#", "100%", "a.b", "deactivate", "+1", "F50001", strings.Repeat("9", 50)} {
			step := m.another()
			step.Set["number"] = number
			key, err := write(t, conn, step)
			if err != nil {
				t.Errorf("%q: %v", number, err)
				continue
			}
			if c, _ := m.Customer("", key); c.CustomerNumber != number {
				t.Errorf("%q became %q", number, c.CustomerNumber)
			}
			rows, err := conn.(connector.Finder).Find(t.Context(), connector.Identity{Number: number, BusinessID: step.Set["businessId"]})
			if err != nil || len(rows) != 1 || rows[0].ExternalID != key || rows[0].Number != number || rows[0].Name != step.Set["name"] {
				t.Errorf("%q is not found: %+v, %v", number, rows, err)
			}
		}
	})
	t.Run("WhatNobodyHasIsNotFound", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 5)
		conn, rec := m.recorded(t)
		find := func(by connector.Identity) []connector.Row {
			rows, err := conn.(connector.Finder).Find(t.Context(), by)
			if err != nil {
				t.Errorf("%+v: %v", by, err)
			}
			return rows
		}
		if rows := find(connector.Identity{Number: "F99999"}); rows != nil {
			t.Errorf("%+v", rows)
		}
		rec.forget()
		for _, by := range []connector.Identity{{}, {BusinessID: "1572860-0"}, {Number: "010190-900P"}, {Number: "a\x00b"}} {
			if rows := find(by); rows != nil || len(rec.calls()) > 0 {
				t.Errorf("%+v: %+v, calls %v", by, rows, rec.names())
			}
		}
		number := m.Customers("")[2].CustomerNumber
		m.fault(sandbox.Fault{Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageMissingID, Path: "/customers/by-number", Times: 1})(t)
		if rows, err := conn.(connector.Finder).Find(t.Context(), connector.Identity{Number: number}); !fault.Is(err, fault.Unavailable) || rows != nil {
			t.Errorf("without an id: %+v, %v", rows, err)
		}
		if rows := find(connector.Identity{Number: number}); len(rows) != 1 {
			t.Errorf("%+v", rows)
		}
		other := answering(t, readCase{Types: []byte(`{}`), Customer: []byte(`{"id":"fx_1","customerNumber":"1"}`)}.answers(t), nil)
		if rows, err := other.(connector.Finder).Find(t.Context(), connector.Identity{Number: "2"}); !fault.Is(err, fault.Unavailable) || rows != nil {
			t.Errorf("somebody else: %+v, %v", rows, err)
		}
	})
	t.Run("ThePlaceholderIsExcluded", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 0)
		c := private()
		c.CustomerNumber = "Temp"
		made := m.person(t, c)
		conn := m.open(t)
		if r := read(t, conn, made.ID); r.Excluded != "TEMP" || len(r.Fields) > 0 {
			t.Errorf("%+v", r)
		}
		if rows, err := conn.(connector.Finder).Find(t.Context(), connector.Identity{Number: "Temp"}); err != nil || len(rows) != 1 || rows[0].Excluded != "TEMP" {
			t.Errorf("%+v, %v", rows, err)
		}
	})
}

// TestWhatNeverLeaves reads and writes customers that have consumer e-invoicing and identity codes where none should be, and searches all that
// was sent (contract section 8, scenario 3).
func TestWhatNeverLeaves(t *testing.T) {
	t.Parallel()
	const canary = "010190-900P"
	m := stand(t, 0)
	conn := m.open(t)
	consumer := m.person(t, private())
	if _, err := m.OrderConsumerEInvoice("", consumer.ID, true); err != nil {
		t.Fatal(err)
	}
	hidden := private()
	hidden.CustomerNumber, hidden.Name2, hidden.Email = "2003", "Huoltaja "+canary, "aino@example.test"
	hidden.Contacts = []sandbox.Contact{{Name: "Eino Malli", Role: "Isä"}}
	hidden.Visiting = &sandbox.VisitingAddress{Line1: canary, City: "Oulu"}
	coded := m.person(t, hidden)

	if r := read(t, conn, consumer.ID); r.Fields[customer.FieldConsumerEInvoice] != "true" {
		t.Errorf("R84: that there is some is read: %+v", r)
	}
	for _, step := range []connector.Step{
		{Record: consumer.ID, Set: customer.Fields{"phone": "+358400001111", "billingEmails": "laskut@example.test", "language": "sv"}},
		{Record: consumer.ID, Set: customer.Fields{"billingEmails": "", "language": "", "status": "INACTIVE"}},
		{Record: consumer.ID, Set: customer.Fields{"status": "ACTIVE", "einvoice.address": "", "einvoice.operator": ""}, Want: customer.Fields{"consumerEInvoice": "true"}},
		{Record: consumer.ID, Part: customer.PartContact, Set: customer.Fields{"lastName": "Malli"}},
		{Record: coded.ID, Set: customer.Fields{"phone": "+358400001111", "visitingAddress.city": "Kemi"}},
		{Record: coded.ID, Part: customer.PartContact, Key: "c1", Set: customer.Fields{"title": "Johto"}},
		{Record: coded.ID, Part: customer.PartContact, Set: customer.Fields{"lastName": "Malli"}},
	} {
		if _, err := write(t, conn, step); err != nil {
			t.Errorf("%+v: %v", step, err)
		}
	}
	// What must not be sent is refused, or not a field at all.
	for _, set := range []customer.Fields{{"consumerEInvoice": "true"}, {"name": canary}, {"number": canary}, {"email": canary + "@example.test"}} {
		for _, s := range []connector.Step{{Record: coded.ID, Set: set}, {Set: set, Want: set}} {
			if _, err := write(t, conn, s); err == nil {
				t.Errorf("%v is taken", set)
			}
		}
	}
	// Contact persons go all together, so with such a code among them none of them goes; the one who has it may be removed.
	with := private()
	with.CustomerNumber, with.Contacts = "2004", []sandbox.Contact{{Name: "Eino Malli", Role: "Isä " + canary}, {Name: "Onni Malli"}}
	among := m.person(t, with)
	for _, s := range []connector.Step{{Set: customer.Fields{"lastName": "Uusi"}}, {Key: "c2", Set: customer.Fields{"title": "Johto"}}, {Key: "c2", Remove: true}} {
		s.Record, s.Part = among.ID, customer.PartContact
		if _, err := write(t, conn, s); fault.Of(err) == nil || fault.Of(err).Reason != "PERSONAL_IDENTITY_CODE" || strings.Contains(err.Error(), canary) {
			t.Errorf("%+v: %v", s, err)
		}
	}
	if _, err := write(t, conn, connector.Step{Record: among.ID, Part: customer.PartContact, Key: "c1", Remove: true}); err != nil {
		t.Error(err)
	}
	if after, _ := m.Customer("", consumer.ID); !after.Billing.ConsumerEInvoice {
		t.Error("R85: consumer e-invoicing was ended")
	}
	if after, _ := m.Customer("", coded.ID); after.Name2 != hidden.Name2 || after.Visiting.Line1 != canary || after.Visiting.City != "Kemi" {
		t.Errorf("%+v", after)
	}
	sent := 0
	for _, c := range m.Calls() {
		if c.Body != "" {
			sent++
		}
		for _, never := range []string{"consumer", "true", canary, "010190", "******", "usedForNetvisor", "Yksityisasiakas"} {
			if strings.Contains(strings.ToLower(c.Method+c.Path+c.Query+c.Body), strings.ToLower(never)) && (never != "true" || !strings.Contains(c.Body, `"active":true`)) {
				t.Errorf("R84, Promise 11: %s %s?%s sends %q: %s", c.Method, c.Path, c.Query, never, c.Body)
			}
		}
		if strings.Contains(c.Body, "customerTypeId") { // only where the hub makes one or its kind changes
			t.Errorf("R65: %s", c.Body)
		}
	}
	if sent != 8 {
		t.Errorf("only %d bodies", sent)
	}
	// R86: the business ID of such a customer is Flex's to refuse.
	_, err := write(t, conn, connector.Step{Record: consumer.ID, Set: customer.Fields{"businessId": "1572860-0"}})
	if f := fault.Of(err); f == nil || f.Code != fault.Rejected || !strings.Contains(f.Message, "consumer") {
		t.Errorf("got %v", err)
	}
	if !slices.ContainsFunc(m.Calls(), func(c sandbox.Call) bool { return strings.Contains(c.Body, "businessId") }) {
		t.Error("no call had it")
	}
}
