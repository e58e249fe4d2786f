package flex_test

import (
	"slices"
	"testing"

	"customerhub/internal/customer"
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
