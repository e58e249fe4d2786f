package flex_test

import (
	"slices"
	"strings"
	"testing"

	"customerhub/internal/connector"
	"customerhub/internal/customer"
	"customerhub/internal/fault"

	sandbox "customerhub/internal/sandbox/flex"
)

// company is a company as people type one in, with a type for customers from Netvisor.
func company() sandbox.Customer {
	return sandbox.Customer{
		CustomerTypeID: "ct_11", CustomerNumber: "2001", Name: "Esimerkki Oy", BusinessID: "1572860-0", Phone: "+358400001234", Email: "info@example.test",
		Contacts: []sandbox.Contact{{Name: "Aino Malli", Phone: "+358400004321", Email: "aino@example.test", Role: "Työnjohto"}, {Name: "Eino Malli"}},
		Visiting: &sandbox.VisitingAddress{Line1: "Mäntytie 1", Postcode: "00100", City: "Helsinki", Country: "FI"},
		Billing:  sandbox.Billing{EInvoice: &sandbox.EInvoice{Address: "003715728600", Operator: "003721291126"}},
	}
}

// private is a private person, as company is a company.
func private() sandbox.Customer {
	return sandbox.Customer{CustomerTypeID: "ct_10", CustomerNumber: "2002", Name: "Malli Aino", FirstName: "Aino", LastName: "Malli"}
}

func write(t *testing.T, conn connector.Connection, s connector.Step) (string, error) {
	t.Helper()
	return conn.(connector.Writer).Write(t.Context(), s)
}

// bare makes the next reading of a customer tell its id, number, name and revision alone.
func (m *misbehaving) bare(t *testing.T) {
	t.Helper()
	m.fault(sandbox.Fault{Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageBare, Method: "GET", Path: "/customers", Times: 1})(t)
}

// TestWhatIsNotToldIsNotOverwritten writes after a reading that told little (Promise 5).
func TestWhatIsNotToldIsNotOverwritten(t *testing.T) {
	t.Parallel()
	t.Run("ContactsThatAreNotToldStay", func(t *testing.T) {
		t.Parallel()
		for name, step := range map[string]connector.Step{
			"new":     {Set: customer.Fields{"lastName": "Uusi"}},
			"changed": {Key: "c1", Set: customer.Fields{"title": "Johto"}, Want: customer.Fields{"lastName": "Malli"}},
			"removed": {Key: "c1", Remove: true},
		} {
			for _, readBefore := range []bool{true, false} {
				m := stand(t, 0)
				c := m.person(t, company())
				conn, rec := m.recorded(t)
				m.bare(t)
				if readBefore {
					read(t, conn, c.ID)
				}
				step.Record, step.Part = c.ID, customer.PartContact
				_, err := write(t, conn, step)
				if !fault.Is(err, fault.Unavailable) || len(rec.writing()) > 0 {
					t.Errorf("%s: %v, calls %v", name, err, rec.names())
				}
				if after, _ := m.Customer("", c.ID); !slices.Equal(after.Contacts, c.Contacts) {
					t.Errorf("%s: %+v", name, after.Contacts)
				}
				if _, err := write(t, conn, step); err != nil { // read anew, all is told
					t.Errorf("%s: then %v", name, err)
				}
			}
		}
	})
	t.Run("WhatIsNotToldCanBeCleared", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 0)
		c := m.person(t, company())
		conn, rec := m.recorded(t)
		m.bare(t)
		read(t, conn, c.ID)
		rec.forget()
		set := customer.Fields{"phone": "", "visitingAddress.line1": "", "visitingAddress.city": "", "einvoice.address": "", "einvoice.operator": "", "name": "Esimerkki Oy"}
		if _, err := write(t, conn, connector.Step{Record: c.ID, Set: set}); err != nil {
			t.Fatal(err)
		}
		after, _ := m.Customer("", c.ID)
		if after.Phone != "" || after.Visiting.Line1 != "" || after.Visiting.City != "" || after.Visiting.Postcode != "00100" || after.Billing.EInvoice != nil ||
			after.Email != c.Email || len(after.Contacts) != 2 {
			t.Errorf("%+v", after)
		}
		if calls := rec.writing(); len(calls) != 1 || strings.Contains(calls[0].body, "name") {
			t.Errorf("%+v", calls)
		}
	})
	t.Run("ARevisionThatIsNotTold", func(t *testing.T) {
		t.Parallel()
		conn := answering(t, readCase{Types: []byte(`{"items":[]}`), Customer: []byte(`{"id":"fx_1","customerNumber":"1"}`)}.answers(t), nil)
		_, err := write(t, conn, connector.Step{Record: "fx_1", Set: customer.Fields{"name": "Uusi Oy"}})
		if f := fault.Of(err); f == nil || f.Code != fault.Unavailable || f.Reason != "REPLY_BROKEN" {
			t.Errorf("got %v", err)
		}
	})
}
