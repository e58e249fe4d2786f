package flex_test

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"customerhub/internal/connector"
	"customerhub/internal/connector/connectortest"
	"customerhub/internal/connector/flex"
	"customerhub/internal/customer"
	"customerhub/internal/fault"

	sandbox "customerhub/internal/sandbox/flex"
)

// writeCase is what the people of an organisation have made, and the step that is made then.
type writeCase struct {
	// Before is the customer that the step is about; a step without one makes a customer.
	Before *sandbox.Customer
	Step   connector.Step
}

// TestWriteGolden shows what each step in testdata/golden/write sends, and what Flex makes of it. Together the steps set everything that can be
// written.
func TestWriteGolden(t *testing.T) {
	t.Parallel()
	covered := map[customer.Field]bool{}
	for path, c := range connectortest.GoldenCases[writeCase](t, "write") {
		for f := range c.Step.Set {
			if c.Step.Part != "" {
				f = customer.PartField(c.Step.Part, "1", string(f))
			}
			covered[f] = true
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			m := stand(t, 0)
			conn, rec := m.recorded(t)
			if c.Before != nil {
				c.Step.Record = m.person(t, *c.Before).ID
				read(t, conn, c.Step.Record)
			}
			rec.forget()
			key, err := conn.(connector.Writer).Write(t.Context(), c.Step)
			var out strings.Builder
			fmt.Fprintf(&out, "%s\nkey %q\n", cmp.Or(rec.transcript(), "no call"), key)
			if f := fault.Of(err); f != nil {
				fmt.Fprintf(&out, "fault %s %s: %s\n", f.Code, f.ReasonOrCode(), f.Message)
			} else if err != nil {
				t.Fatal(err)
			}
			if effects := m.Effects(); err == nil && len(rec.writing()) > 0 {
				for _, change := range effects[len(effects)-1].Changes {
					fmt.Fprintf(&out, "changed %s: %q to %q\n", change.Field, change.Before, change.After)
				}
			}
			connectortest.CompareGolden(t, *update, path+".out.txt", out.String())
			if n := len(rec.writing()); n > 1 {
				t.Errorf("Promise 2: %d calls that write", n)
			}
		})
	}
	for _, f := range writable() {
		if !covered[f] {
			t.Errorf("no step sets %s", f)
		}
	}
}

// writable are the fields that can be written, each part's by one of its kind.
func writable() (out []customer.Field) {
	all := []customer.Field{
		"number", "kind", "status", "name", "nameExtension", "firstName", "lastName", "businessId", "phone", "email", "billingEmails", "einvoice.address",
		"einvoice.operator", "language", "vatNumber", "buyerUnitNumber", "consumerEInvoice",
	}
	for _, kind := range []customer.AddressKind{customer.Visiting, customer.Billing, customer.Delivery} {
		for _, part := range customer.AddressParts {
			all = append(all, customer.AddressField(kind, part))
		}
	}
	for _, name := range []string{"firstName", "lastName", "phones", "emails", "title", "language"} {
		all = append(all, customer.PartField(customer.PartContact, "1", name))
	}
	return slices.DeleteFunc(all, func(f customer.Field) bool { return !flex.Kind().Writes(f) })
}
