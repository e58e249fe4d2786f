package reconcile_test

import (
	"runtime"
	"strings"
	"testing"

	"customerhub/internal/finnish"
	"customerhub/internal/run"
	sandbox "customerhub/internal/sandbox/netvisor"
)

// TestBrokenReplies sends every sort of broken reply, to the list and to the details: nothing of one is applied, memory stays
// bounded, and the run keeps a masked sample of what the hub could not understand (T12, T13).
func TestBrokenReplies(t *testing.T) {
	t.Parallel()
	b := overTheWire(t, sandbox.Options{Customers: 40, Seed: 7, OddIdentityCode: true})
	s := b.netvisor
	c, _ := s.Credentials("")
	b.imported()
	before := b.versions()
	for name, f := range map[string]sandbox.Fault{
		"T12_LoginPage":      {Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageLoginPage},
		"T12_Empty":          {Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageEmpty},
		"T12_JSON":           {Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageJSON},
		"T12_NUL":            {Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageNUL},
		"T12_EntityBomb":     {Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageEntityBomb},
		"T12_ExternalEntity": {Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageExternalEntity},
		"T12_Endless500MB":   {Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageHuge},
		"T12_Deep":           {Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageDeep},
		"T13_CutInTheMiddle": {Kind: sandbox.FaultTruncate, Fraction: 0.5, CleanEnd: true},
		"T13_CutBetweenTwo":  {Kind: sandbox.FaultTruncate, Customers: 1, CleanEnd: true},
		"T13_CutConnection":  {Kind: sandbox.FaultTruncate, Fraction: 0.5},
	} {
		for _, resource := range []string{"customerlist.nv", "getcustomer.nv"} {
			t.Run(name+"/"+resource, func(t *testing.T) {
				f.Resource = resource
				id, err := s.Fault(f)
				if err != nil {
					t.Fatal(err)
				}
				defer s.ClearFault(id)
				var start, end runtime.MemStats
				runtime.ReadMemStats(&start)
				r := b.sync(true)
				runtime.ReadMemStats(&end)
				if r.State != run.Failed || r.Counts.Created+r.Counts.Updated > 0 || b.versions() != before {
					t.Errorf("something of it was applied: %+v", r)
				}
				// What was cut off is no answer at all where the connection broke; all else is shown.
				if (r.Sample == "") != (f.Kind == sandbox.FaultTruncate && !f.CleanEnd || f.Variant == sandbox.GarbageEmpty) {
					t.Errorf("sample %q", r.Sample)
				}
				if finnish.ContainsIdentityCode(r.Sample) || strings.Contains(r.Sample, c.CustomerKey) || strings.Contains(r.Sample, c.PartnerKey) || len(r.Sample) > 2000 {
					t.Errorf("Promise 11: sample %q", r.Sample)
				}
				if grown := int64(end.HeapInuse) - int64(start.HeapInuse); grown > 64<<20 {
					t.Errorf("the heap grew by %d MiB", grown>>20)
				}
			})
		}
	}
	if r := b.sync(true); r.State != run.Succeeded || r.Sample != "" || b.versions() != before {
		t.Errorf("afterwards: %+v", r)
	}
}

// TestWhatIsLeftOutIsNotCleared sends whole and well-formed answers whose customers lack what Netvisor always gives: nothing of what
// the hub has is cleared, and each customer has a finding that says what was missing (Promise 5).
func TestWhatIsLeftOutIsNotCleared(t *testing.T) {
	t.Parallel()
	b := overTheWire(t, sandbox.Options{Customers: 40, Seed: 7})
	b.imported()
	customers := b.count(`SELECT count(*) FROM customer`)
	held := func() int { // values and parts
		return b.count(`SELECT count(*) FILTER (WHERE name <> '') + count(*) FILTER (WHERE email <> '') + count(*) FILTER (WHERE status = 'ACTIVE') +
			(SELECT count(*) FROM customer_address) + (SELECT count(*) FROM office WHERE active) + (SELECT count(*) FROM contact) FROM customer`)
	}
	before := held()
	id, err := b.netvisor.Fault(sandbox.Fault{Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageBare, Resource: "getcustomer.nv"})
	if err != nil {
		t.Fatal(err)
	}
	missing := func() int {
		return b.count(`SELECT count(*) FROM finding WHERE code = 'ELEMENT_MISSING' AND resolved_at IS NULL`)
	}
	if r := b.sync(true); r.State != run.Succeeded || r.Counts.Updated > 0 || r.Counts.Unchanged != customers || held() != before {
		t.Errorf("something was cleared: %+v", r)
	}
	if n := missing(); n != customers {
		t.Errorf("%d of %d customers have the finding", n, customers)
	}
	t.Run("ANewOneIsNotMadeOfIt", func(t *testing.T) {
		if _, err := b.netvisor.Add("", func(c *sandbox.Customer) error { return c.Set("Name", "Uusi Oy") }); err != nil {
			t.Fatal(err)
		}
		if r := b.sync(true); r.Counts.Created > 0 || r.Counts.Failed != 1 {
			t.Errorf("%+v", r)
		}
	})
	b.netvisor.ClearFault(id)
	if r := b.sync(true); r.State != run.Succeeded || r.Counts.Created != 1 || r.Counts.Updated > 0 || missing() != 0 {
		t.Errorf("afterwards: %+v, and %d findings stand", r, missing())
	}
}
