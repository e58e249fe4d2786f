package flex_test

import (
	"net/http"
	"slices"
	"testing"

	"customerhub/internal/connector"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"

	sandbox "customerhub/internal/sandbox/flex"
)

// TestT14_PostcodesAsNumbers reads answers whose postcodes are JSON numbers: one that lost its zeros is not believed.
func TestT14_PostcodesAsNumbers(t *testing.T) {
	t.Parallel()
	m := stand(t, 0)
	conn := m.open(t)
	line1, postcode := customer.AddressField(customer.Billing, "line1"), customer.AddressField(customer.Billing, "postcode")
	for given, told := range map[string]bool{"00101": false, "33100": true} {
		key := m.make(t, conn, customer.Fields{line1: "PL 1", postcode: given})
		m.fault(sandbox.Fault{Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageNumbers, Times: 1, Path: "/customers/" + key})(t)
		r := read(t, conn, key)
		missing := slices.Contains(r.Untold, line1)
		noted := slices.ContainsFunc(r.Findings, func(f finding.Finding) bool { return f.Code == finding.ElementMissing })
		if missing == told || noted == told || told && r.Fields[postcode] != given {
			t.Errorf("of %s is read: %q, untold %v, findings %v", given, r.Fields[postcode], r.Untold, r.Findings)
		}
	}
}

// TestT14_CustomerTypesWithoutTheirIdentifiers says that an answer which leaves out what types always tell is none: it stops nothing, and the next one counts.
func TestT14_CustomerTypesWithoutTheirIdentifiers(t *testing.T) {
	t.Parallel()
	m := stand(t, 0)
	conn := m.open(t)
	m.spoil(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"items":[{"id":"ct_10","name":"Yksityisasiakas Netvisor"},{"id":"ct_11","name":"Yritysasiakas Netvisor"}]}`))
	})
	if _, err := conn.(connector.Writer).Write(t.Context(), m.another()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("%v", err)
	}
	if key, err := conn.(connector.Writer).Write(t.Context(), m.another()); err != nil || key == "" {
		t.Errorf("the next: %q, %v", key, err)
	}
	key := m.make(t, m.open(t), nil)
	m.fault(sandbox.Fault{Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageBare, Times: 1, Path: "/customer-types"})(t)
	if r := read(t, m.open(t), key); !slices.Contains(r.Untold, customer.FieldKind) || r.Fields[customer.FieldKind] != "" {
		t.Errorf("the kind is told: %+v", r)
	}
}

// TestT14_CustomerTypesCutShort has a list of types that lacks some, and looks complete, stop nothing.
func TestT14_CustomerTypesCutShort(t *testing.T) {
	t.Parallel()
	fewer := func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"items":[{"id":"ct_3","name":"Yritysasiakas","identifier":"COMPANY","numberSeries":null,"usedForNetvisor":false,"mandatoryFields":[]},` +
			`{"id":"ct_10","name":"Yksityisasiakas Netvisor","identifier":"PRIVATE","numberSeries":null,"usedForNetvisor":true,"mandatoryFields":[]}]}`))
	}
	t.Run("OfANewCustomer", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 0)
		conn := m.open(t)
		m.spoil(fewer)
		if key, err := conn.(connector.Writer).Write(t.Context(), m.another()); err != nil || key == "" {
			t.Errorf("%q, %v", key, err)
		}
	})
	t.Run("OfOneWhoBecameACompany", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 0)
		conn := m.open(t)
		key := m.make(t, conn, customer.Fields{customer.FieldKind: string(customer.Private)})
		fresh := m.open(t)
		m.spoil(func(w http.ResponseWriter, r *http.Request) { m.ServeHTTP(w, r); m.spoil(fewer) }) // the customer, and then the types
		read(t, fresh, key)
		step := connector.Step{Record: key, Set: customer.Fields{customer.FieldKind: string(customer.Company)}}
		if _, err := fresh.(connector.Writer).Write(t.Context(), step); err != nil {
			t.Fatal(err)
		}
		if c, _ := m.Customer("", key); c.CustomerTypeID != "ct_11" {
			t.Errorf("it has the type %s", c.CustomerTypeID)
		}
	})
}
